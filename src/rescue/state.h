/* SPDX-License-Identifier: MIT */
/*
 * state.h - what a rescue knows, for the files of this folder.
 *
 * The bytes of metadata become logs and claims first (v1_scan.c, v2_scan.c): a log is
 * one block with the states that it went through, a claim is one entry of it, from the
 * commit that says it to the one that takes it back. A half of version 1 is a log of
 * one commit. Then logs get a directory (place.c), claims of files get their blocks
 * (chain.c), and what comes of it is listed as versions (list.c).
 *
 * Tables by block have one number a block: 0 is "none", else an index + 1.
 */
#ifndef TW_RESCUE_STATE_H
#define TW_RESCUE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/rescue.h>

#include "lfs/area.h"
#include "lfs/state.h"

#define TW_NONE      UINT32_MAX
#define TW_OPEN_END  UINT32_MAX /* of a claim: to the end of its log */
#define TW_METADATA  UINT32_MAX /* in the table of owners: a pair in force */
#define TW_PATH_MOST 1024u      /* bytes of a path; what lies deeper is listed by its block */

enum tw_claim_kind {
	TW_CLAIM_FILE,
	TW_CLAIM_DIR,
	TW_CLAIM_TAIL, /* no entry: the tail of the pair */
	TW_CLAIM_ROOT, /* the superblock; version 1: with the first pair of the root */
};

/* What was found out about the content of a file. */
struct tw_content {
	uint32_t blocks; /* of the chain */
	uint32_t kept;   /* of those, from the first on: in use without a break until now */
	uint32_t shared; /* of those, from the first on: also the next version's */
	uint32_t lost;   /* certainly written over, or not to be found */
	uint32_t where;  /* block that makes it less than proven */
	uint32_t rival;  /* claim that names that block too, or TW_NONE */
	bool is_broken;  /* the pointers do not agree */
	bool is_moved;   /* all of it is the content of a file in force with another name */
	bool is_unread;  /* the effort allowed was spent */
};

struct tw_claim {
	uint32_t log;
	uint32_t first, last; /* commits of the log: from the one that says it on */
	uint32_t next;        /* claim that takes its place: changed or renamed; TW_NONE */
	uint32_t name_off;    /* in the block, as are: */
	uint32_t entry_off;
	uint32_t head, size; /* files: last block and bytes; inline: offset of the bytes; else
			      * the pair */
	uint32_t dir;        /* of a directory: its record; TW_NONE */
	uint32_t attrs;      /* index of the first user attribute */
	uint16_t attr_count;
	uint16_t name_len;
	uint16_t id; /* place in the pair when it is in force */
	uint8_t kind;
	uint8_t change; /* enum twinfs_version_change */
	bool is_inline;
	bool is_marked;    /* version 1: being moved */
	bool goes_on;      /* of a tail: the directory does, in that pair */
	bool is_unchecked; /* nothing vouches for it */
	bool is_current;   /* what a mount shows */
	struct tw_content content;
};

/* What a log is to the directory it was given to. */
enum tw_log_role {
	TW_LOG_NOWHERE,
	TW_LOG_IN_FORCE,
	TW_LOG_BEFORE, /* the same pair before it was written anew: proven */
	TW_LOG_BESIDE, /* the other block of a pair in force: of the same directory, maybe */
	TW_LOG_OLDER,  /* a block that an older state says belonged to the directory */
	TW_LOG_LOOSE,  /* nothing says to whom it belonged */
};

struct tw_log {
	uint32_t block, rev;
	uint32_t commits; /* read */
	uint32_t valid;   /* of those, before anything is damaged; 0: none */
	uint32_t claims, claim_count;
	uint32_t entries_first; /* files and directories after the first commit */
	uint32_t dir;           /* index; TW_NONE */
	uint32_t heir;          /* log that goes on where this one ends; TW_NONE */
	uint8_t role;
	bool has_more;      /* bytes behind the last valid commit: begun, and not valid */
	bool is_superseded; /* not in force, and the other half of its pair is newer */
	bool is_whole; /* surely no state followed in this block, or in a newer one that failed */
	struct tw_gstate share;
};

/* A directory that something leads to. */
struct tw_place_dir {
	uint32_t parent;
	uint32_t claim; /* entry that names it; TW_NONE: the root, or none does */
	uint32_t block; /* where none does: that its entries were found in */
	struct tw_pair pair;
	bool is_in_force;
	bool is_damaged; /* a pair of it cannot be read */
	bool is_placed;  /* its path begins at the true root */
	char *path;      /* "" for the root */
};

/* A version as it is handed out, and what it comes from. */
struct tw_version {
	struct twinfs_version it; /* first: the one leads to the other */
	uint32_t claim;           /* TW_NONE: a chain, or a directory that no entry names */
	uint32_t dir;             /* of those directories: its record */
};

struct tw_rescue_ops;

struct twinfs_rescue {
	struct tw_area area;
	const struct tw_rescue_ops *ops;
	struct twinfs_superblock superblock;
	bool has_superblock;
	struct tw_pair moving; /* version 2: pair of the source of a pending rename; else nil */
	unsigned moving_id;

	struct tw_log *logs;
	size_t log_count, log_room;
	struct tw_claim *claims;
	size_t claim_count, claim_room;
	struct tw_attr *attrs;
	size_t attr_count, attr_room;
	struct tw_place_dir *dirs; /* number 0 is the root */
	size_t dir_count, dir_room;

	uint32_t *log_at; /* by block: log */
	uint32_t *owner;  /* by block: claim of a file in force, or TW_METADATA */
	uint32_t *taker;  /* by block: newest claim of a file not in force that names it */
	uint64_t effort;  /* steps along chains that are still allowed */

	struct tw_version *versions;
	size_t version_count, version_room;
	size_t named_count; /* of the versions, those with a path */
	uint32_t *tree;     /* versions of the best tree */
	size_t tree_count;
	struct twinfs_version_attr *values; /* of all versions, and the root */
	size_t value_count;
	const struct twinfs_version_attr *root_attrs;
	unsigned root_attr_count;
	struct twinfs_damage *damage;
	size_t damage_count, damage_room;
	char **texts; /* all that versions and damage point to */
	size_t text_count, text_room;
	size_t text_bytes;
};

/* What differs between versions of the format. */
struct tw_rescue_ops {
	/* Adds the log in @block, if there is one. 0, -ESHUTDOWN, -ENOMEM. */
	int (*scan)(struct twinfs_rescue *rescue, uint32_t block);
	/* The same for a block without a valid log, that surely was part of a pair. */
	int (*scan_unchecked)(struct twinfs_rescue *rescue, uint32_t block);
	/* First pair of the root; -EUCLEAN: there is no superblock. */
	int (*find_root)(struct twinfs_rescue *rescue, struct tw_pair *ret_pair);
	/* Which log of a pair is in force when both are valid. */
	bool (*is_newer)(uint32_t rev, uint32_t other_rev);
	/*
	 * Whether @older, of one pair with @newer and one revision before it, is certain to
	 * be that pair's. @is_first: it is the first pair of its directory.
	 */
	bool (*is_before)(const struct twinfs_rescue *rescue, const struct tw_log *older,
		const struct tw_log *newer, bool is_first);
	/* Finds the rename that is pending, before the tree is walked. 0, -ENOMEM. */
	int (*find_moving)(struct twinfs_rescue *rescue);
	/* Says which current claims are void, when it has been walked. 0, -ENOMEM. */
	int (*hide_moved)(struct twinfs_rescue *rescue);
};

extern const struct tw_rescue_ops tw_rescue_v1, tw_rescue_v2;

/* The bytes of a block in reach; NULL: the chip fails. */
static inline const uint8_t *tw_rescue_block(const struct twinfs_rescue *rescue, uint32_t block)
{
	const uint8_t *bytes;

	return tw_area_read(&rescue->area, block, 0, rescue->area.block_size, &bytes) ? NULL
										      : bytes;
}

#endif
