/* SPDX-License-Identifier: MIT */
/*
 * expect_judge.h - a tree before its judge.
 */
#ifndef TW_EXPLORE_EXPECT_JUDGE_H
#define TW_EXPLORE_EXPECT_JUDGE_H

#include <string.h>

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

/* ---- one thing ---- */

/* Whether @path is @top, or lies below it. */
static inline bool tw_is_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	return strncmp(path, top, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Whether the boot after the cut has to come to the end that the boot of the run came to. */
bool tw_hearing_must_reach_end(const struct tw_hearing *hearing);

/* Whether it is what the step says, or one of its doubts. */
bool tw_hearing_is_base(const struct tw_expect *expect, const struct tw_step *step,
	const struct tw_version *version);

/* Whether it is in doubt of @source, a thing that is on its way elsewhere, or TW_NAMES_NONE. */
bool tw_hearing_is_doubt_of(const struct tw_hearing *hearing, uint32_t source,
	const struct tw_version *version);

/* Whether the boots since the cut may have made it so. */
bool tw_hearing_is_by_boots(const struct tw_hearing *hearing, const char *path, int32_t attr,
	const struct tw_version *version);

/* Whether the thing is as it may be, for any reason. */
bool tw_hearing_is_accepted(const struct tw_hearing *hearing, uint32_t thing);

/* The deed of that kind that is about @path; NULL: there is none. */
const struct tw_deed *tw_hearing_deed(const struct tw_hearing *hearing, enum tw_deed_kind kind,
	const char *path);

/*
 * Whether the thing is as its factory copy. That is the one that the state shows: a run
 * may write to the backup partition, too.
 */
bool tw_hearing_is_factory(const struct tw_hearing *hearing, uint32_t thing,
	const struct tw_version *version);

/* Whether the thing was touched by the boot that is under way. */
bool tw_hearing_is_touched(const struct tw_hearing *hearing, uint32_t thing);

/*
 * What the boot under way makes of a thing in the end, when the boot after the
 * cut has to come to the same; NULL when there is no such boot, or it need not.
 */
const struct tw_step *tw_hearing_end(const struct tw_hearing *hearing, uint32_t thing);

/* ---- what is said ---- */

/* Appends the sentence for people. 0 or -ENOMEM. */
int tw_hearing_tell(const struct tw_hearing *hearing, const struct tw_wrong *wrong,
	struct tw_text *text);

#endif
