/* SPDX-License-Identifier: MIT */
/*
 * expect_judge.h - a tree before its judge.
 */
#ifndef TW_EXPLORE_EXPECT_JUDGE_H
#define TW_EXPLORE_EXPECT_JUDGE_H

#include "base/text.h"
#include "expect_state.h"

struct tw_hearing {
	const struct tw_expect *expect;
	const struct tw_epoch *epoch;
	uint32_t epoch_index;
	const struct tw_shown *tree;
	const struct tw_boots *boots; /* never NULL */
	struct tw_version *shown;     /* by number of the thing: what it is */
};

/* What is wrong with one thing. */
struct tw_wrong {
	enum tw_finding_kind kind;
	const char *path; /* that of the thing; of a rename, the new one */
	size_t path_len;
	int32_t attr;
	uint32_t thing; /* TW_NAMES_NONE: the story does not know it */
	uint32_t deal;  /* of a change that is half done, or undone by a boot; else
			 * TW_STORY_NONE */
	struct tw_version shown;
};

/* The deed of that kind that is about @path; NULL: there is none. */
const struct tw_deed *tw_hearing_deed(const struct tw_hearing *hearing, enum tw_deed_kind kind,
	const char *path);

/* Whether the thing was touched by the boot that is under way. */
bool tw_hearing_is_touched(const struct tw_hearing *hearing, uint32_t thing);

/*
 * What the boot under way makes of a thing in the end, when the boot after the
 * cut has to come to the same; NULL when there is no such boot, or it need not.
 */
const struct tw_step *tw_hearing_end(const struct tw_hearing *hearing, uint32_t thing);

/* Appends the sentence for people. 0 or -ENOMEM. */
int tw_hearing_tell(const struct tw_hearing *hearing, const struct tw_wrong *wrong,
	struct tw_text *text);

#endif
