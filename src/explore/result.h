/* SPDX-License-Identifier: MIT */
/*
 * result.h - what came of an exploration, while it grows.
 *
 * A result is a sum over chunks: adding two is exact and does not depend on the
 * order, since of each finding the first examples are kept, by place in the run.
 */
#ifndef TW_EXPLORE_RESULT_H
#define TW_EXPLORE_RESULT_H

#include <twinfs/explore.h>

/* An empty one; NULL: out of memory. Findings stand in no order until tw_result_sort(). */
struct twinfs_explore_result *tw_result_new(const struct twinfs_explore_request *request);

/* Copies texts that a result names. NULL is none. -ENOMEM. */
int tw_result_set_names(struct twinfs_explore_result *result, const char *trace, const char *image);

/* The place of a finding, which is made if there is none. -ENOMEM. */
int tw_result_finding(struct twinfs_explore_result *result, enum twinfs_finding_kind kind,
	const char *subject, size_t *ret_index);

/* Keeps one of the first examples; texts are copied. -ENOMEM. */
int tw_result_example(struct twinfs_explore_result *result, size_t index,
	const struct twinfs_explore_example *example);

/* Adds chunks that were done. -ENOMEM, -EEXIST: they are in already. */
int tw_result_done(struct twinfs_explore_result *result, uint64_t first, uint64_t count);
bool tw_result_has(const struct twinfs_explore_result *result, uint64_t chunk);

/* Adds all of @more to @sum. -ENOMEM, -EEXIST: a chunk is in both. */
int tw_result_add(struct twinfs_explore_result *sum, const struct twinfs_explore_result *more);

/* Adds figures of boots. */
void tw_figures_add(struct twinfs_explore_boots *sum, const struct twinfs_explore_boots *more);

void tw_result_sort(struct twinfs_explore_result *result);

/* A copy of its own. NULL: out of memory. */
struct twinfs_explore_result *tw_result_copy(const struct twinfs_explore_result *result);

/*
 * In what two requests differ, as a word; NULL when both ask for the same. Which
 * shard it is does not count.
 */
const char *tw_request_difference(const struct twinfs_explore_request *a,
	const struct twinfs_explore_request *b);

#endif
