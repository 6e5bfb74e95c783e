/* SPDX-License-Identifier: MIT */
/*
 * expect.h - what was promised at each moment of a run, and whether a tree
 * keeps it.
 *
 * A thing (tree.h) has a version at each moment: absent, a directory, or some
 * content. A change of the story gives new versions to one or several things,
 * all at once: a rename moves everything below a directory and removes what it
 * replaces. At a moment the base is what all ended changes made; the changes in
 * flight may each be there wholly or not at all.
 *
 * What else is accepted:
 *  - a change that failed, or that a power cut interrupted in the run itself,
 *    leaves each of its things in doubt, old or new, until the next change of
 *    that thing has ended;
 *  - while a boot of the run is under way: for the things it changes, what they
 *    were before it, all it makes of them, and their factory copies. The boot's
 *    writes are its own, and promise nothing until it has ended. But when the
 *    boot after the cut has done all its work (has_finished), and that of the run
 *    came to its end too, then nothing else than what that one made of them: it
 *    makes no difference in the end that it was cut;
 *  - what the boots after the cut did (struct tw_boots): the table and the
 *    settings they wrote, and what FOTA installed. A file that such a
 *    boot restored over a promised one is not accepted: it is "reverted".
 *
 * Lifetime  tw_expect_new() .. tw_expect_free(); borrows the story.
 * Threads   all calls but new and free may run at once.
 */
#ifndef TW_EXPLORE_EXPECT_H
#define TW_EXPLORE_EXPECT_H

#include <twinfs/boot.h>

#include "story.h"
#include "tree.h"

struct tw_expect;

enum {
	/*
	 * The volumes are littlefs of version 1. There a rename of an empty file to
	 * another directory is two commits, and a cut between them leaves it under both
	 * names: littlefs promises no more.
	 */
	TW_EXPECT_VERSION_1 = 1u << 0,
};

/*
 * @before   the tree before the run; borrowed during the call only
 * @factory  the factory copies, with the paths of the files they are copies of
 *           ("/usr/main.py"); may be empty
 * @flags    TW_EXPECT_*
 *
 * 0, -ENAMETOOLONG (a path of over 4,095 bytes), -ENOMEM.
 */
int tw_expect_new(const struct tw_story *story, const struct tw_shown *before,
	const struct tw_shown *factory, unsigned flags, struct tw_expect **ret_expect);

/* NULL is allowed. */
void tw_expect_free(struct tw_expect *expect);

/* ---- what boots did ---- */

enum tw_deed_kind {
	TW_DEED_FORMATTED, /* the user partition */
	TW_DEED_RESTORED,  /* @path from its factory copy, because of @reason */
	TW_DEED_TABLE,     /* checksum.json was copied or rewritten */
	TW_DEED_SETTINGS,  /* system_config.json was made */
	TW_DEED_UPDATE,    /* FOTA was at work, and may have removed what is its own */
	TW_DEED_INSTALLED, /* @path, by FOTA */
	TW_DEED_TRIED,     /* @path, by FOTA, which failed there: for want of space, say */
};

struct tw_deed {
	enum tw_deed_kind kind;
	enum twinfs_reason reason;
	char *path; /* "/usr/main.py", or NULL */
};

/* What the boots between the cut and the tree did, in their order. All zero: nothing. */
struct tw_boots {
	struct tw_deed *deeds;
	size_t count, room;
	bool has_finished; /* the last of them fell into no hole: all that it had to do is done */
	const struct tw_boots *earlier; /* more of them, before these; borrowed. NULL: none */
};

/* Adds what a report says; it is not needed afterwards. 0 or -ENOMEM. */
int tw_boots_add(struct tw_boots *boots, const struct twinfs_boot_report *report);

/* Adds one deed. @path may be NULL, or lack the "/" in front. 0 or -ENOMEM. */
int tw_boots_add_deed(struct tw_boots *boots, enum tw_deed_kind kind, const char *path,
	enum twinfs_reason reason);

/* Empties it and keeps its memory; @earlier is forgotten. */
void tw_boots_clear(struct tw_boots *boots);
void tw_boots_release(struct tw_boots *boots);

/* ---- what is promised ---- */

/*
 * Where an epoch of the run begins and ends: what is promised is the same at
 * all moments from @first to @last.
 */
struct tw_moment {
	uint32_t epoch;
	uint64_t first, last;
};

/*
 * The moment with @done operations done, whether the next one is torn or not.
 * Takes time with the logarithm of the number of events.
 */
struct tw_moment tw_expect_at(const struct tw_expect *expect, uint64_t done);

/*
 * Whether the tree keeps what was promised. @boots may be NULL. At once when it is the base with
 * any of the changes in flight; else as tw_expect_explain(). A result of false
 * may come from want of memory: tw_expect_explain() says so.
 */
bool tw_expect_accepts(const struct tw_expect *expect, struct tw_moment moment,
	const struct tw_shown *tree, const struct tw_boots *boots);

enum tw_finding_kind {
	TW_FINDING_LOST,        /* promised, and missing */
	TW_FINDING_VERSION,     /* neither what was promised nor what was in flight */
	TW_FINDING_RESURRECTED, /* removed, and back */
	TW_FINDING_RENAME,      /* a rename is half done */
	TW_FINDING_SLOT,        /* of SecureData: wrong in any way */
	TW_FINDING_REVERTED,    /* the factory copy in place of a promised version */
	TW_FINDING_EXTRA,       /* never made by anybody */
	TW_FINDING_FORMATTED,   /* the boot had to format the user partition */
	TW_FINDING_KINDS,
};

/* "lost", "half-done rename", ... */
const char *tw_finding_name(enum tw_finding_kind kind);

/* Texts are valid during the call that gets it. */
struct tw_finding {
	enum tw_finding_kind kind;
	const char *path; /* "/usr/a", "slot 3" */
	const char *text; /* one line: "/usr/a is neither version 3 (...) nor ...: it is empty" */
};

/*
 * Calls @each, unless it is NULL, for all that is wrong with the tree, by path; nothing is wrong
 * with one that is accepted. Returns the number of findings, or -ENOMEM.
 */
int tw_expect_explain(const struct tw_expect *expect, struct tw_moment moment,
	const struct tw_shown *tree, const struct tw_boots *boots,
	void (*each)(void *ctx, const struct tw_finding *finding), void *ctx);

#endif
