/* SPDX-License-Identifier: MIT */
/*
 * v1_check.h - what the parts of the version 1 checker share.
 */
#ifndef TW_LFS_V1_CHECK_H
#define TW_LFS_V1_CHECK_H

#include "v1_disk.h"

/* A pair met during the check. */
struct tw_v1_met {
	struct tw_v1_half half;
	bool in_tree, on_thread, is_head, is_named;
};

/* An entry looked at later: when all pairs are known. */
struct tw_v1_later {
	struct tw_v1_entry entry;
	uint32_t block; /* of the half that holds it */
	struct tw_v1_later *next;
};

struct tw_v1_check {
	struct tw_area area;
	void (*found)(void *ctx, const struct twinfs_error *finding);
	void *ctx;
	int errors;
	struct tw_v1_met *met;
	uint32_t met_count, met_room;
	uint32_t *met_by_block; /* place in met, plus one */
	uint32_t *owner;        /* owner of a block, from 1; files count on from the pairs */
	uint32_t last_owner;
	struct tw_v1_later *dirs; /* directories to walk */
	struct tw_v1_later *marked, *files;
};

/* Reports a finding about @block; counts it when it is an error. */
void tw_v1_report(struct tw_v1_check *check, enum twinfs_problem problem, uint32_t block,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Takes @block for @owner; a block that has another owner already is reported. */
void tw_v1_claim(struct tw_v1_check *check, uint32_t block, uint32_t owner);

/* Checks the chain of a file and claims its blocks. -ENOMEM or the chip's errors. */
int tw_v1_check_file(struct tw_v1_check *check, const struct tw_v1_later *file);

#endif
