/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - what is wrong with a state at one moment of the run: what trials
 * found wrong, and promises that were not kept.
 */
#ifndef TW_EXPLORE_VERDICT_H
#define TW_EXPLORE_VERDICT_H

#include <twinfs/explore.h>

#include "expect.h"
#include "trial.h"

struct tw_verdict_item {
	size_t finding; /* place in the result */
	char *sentence;
};

/* What is judged together. */
struct tw_subject {
	const struct tw_outcome *boot;
	const struct tw_outcome *slots; /* NULL: no SecureData */
	const struct tw_outcome *cut;   /* the boot that the power ended; NULL: none */
};

struct tw_verdict {
	uint32_t epoch;
	uint64_t slots, cut; /* serials of the outcomes it was judged together with; 0: none */
	struct tw_verdict_item *items; /* no finding twice */
	size_t count;
};

void tw_verdict_free(struct tw_verdict *verdict);

/* All borrowed. */
struct tw_judge {
	const struct tw_expect *expect;
	struct twinfs_explore_result *result; /* gets the findings, without states or examples */
	struct tw_shown *scratch;
};

/* Judges the outcomes of one state. 0 or -ENOMEM. */
int tw_judge(const struct tw_judge *judge, struct tw_moment moment,
	const struct tw_subject *subject, struct tw_verdict **ret_verdict);

#endif
