/* SPDX-License-Identifier: MIT */
/*
 * state.h - what a mounted volume looks like in memory.
 *
 * The tree in memory mirrors the metadata pairs on the chip: a directory is a
 * chain of struct tw_mdir, each holds its entries in on-flash order, an entry
 * is a struct tw_node. Every name that can be seen is also in a hash table.
 * The mirror changes only after a commit is on the chip, in the function that
 * commits; so after every call, failed ones too, it equals what a new mount
 * would read, but for unsynced file content.
 *
 * Locks, in this order: lock (tree, files, allocator); pins.mutex (views).
 */
#ifndef TW_LFS_STATE_H
#define TW_LFS_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <twinfs/volume.h>

#include "area.h"
#include "base/sparse.h"

#define TW_NIL        UINT32_MAX
#define TW_INLINE_MAX 1022u /* bytes of content in an entry, in any volume */
#define TW_ATTR_MAX   1022u /* bytes of a user attribute, in any volume */

/* Two blocks; a pair with a NIL half is the nil pair. */
struct tw_pair {
	uint32_t block[2];
};

static inline bool tw_pair_is_nil(struct tw_pair pair)
{
	return pair.block[0] == TW_NIL || pair.block[1] == TW_NIL;
}

static inline bool tw_pair_is_same(struct tw_pair a, struct tw_pair b)
{
	return (a.block[0] == b.block[0] && a.block[1] == b.block[1]) ||
	       (a.block[0] == b.block[1] && a.block[1] == b.block[0]);
}

/* A relocation changes one half: pairs that overlap are the same directory. */
static inline bool tw_pair_overlaps(struct tw_pair a, struct tw_pair b)
{
	return a.block[0] == b.block[0] || a.block[0] == b.block[1] || a.block[1] == b.block[0] ||
	       a.block[1] == b.block[1];
}

enum tw_kind {
	TW_FILE,
	TW_DIRECTORY,
	TW_OPAQUE, /* an entry of unknown structure: kept as it is */
};

struct tw_mdir;
struct tw_dirty;

/* User attributes of one object (version 2), ascending by type; never empty. */
struct tw_attrs {
	unsigned count;
	struct tw_attr {
		uint8_t type;
		uint16_t len;
		uint32_t off; /* of the value, in the block in force of the pair */
	} list[];
};

/* What an entry of version 2 holds beside its name: its place in the pair's block. */
struct tw_body {
	uint8_t form; /* chunk of its STRUCT tag */
	uint16_t len;
	uint32_t off;
};

struct tw_node {
	uint64_t ino;
	struct tw_node *parent; /* directory; NULL for the root and removed nodes */
	struct tw_mdir *mdir;   /* pair that holds the entry; NULL once removed */
	struct tw_node *hash_next;
	struct tw_node *next_work; /* work list of the function that scans the tree */
	char *name;
	uint8_t *extra; /* payload behind the first 8 bytes, and attributes;
			 * the whole entry if opaque */
	int64_t mtime_ns;
	uint32_t hash;
	int damage; /* negative errno: content cannot be read */
	enum tw_kind kind;
	bool is_visible;   /* in the hash table and in listings */
	bool is_void;      /* marked as moved, and the destination is there */
	bool is_inline;    /* a file whose content stands in the entry */
	bool has_new_time; /* mtime_ns is to be stored at the next sync */
	uint8_t tag;       /* type byte of the entry; version 2: chunk of its NAME tag */
	uint8_t payload_len, attr_len; /* version 1 */
	uint16_t name_len, extra_len;
	struct tw_body body;    /* version 2 */
	struct tw_attrs *attrs; /* version 2; NULL: none */
	union {
		struct {
			uint32_t head, size; /* as committed; no head if inline */
			uint32_t *blocks;    /* the chain, by index; NULL: not loaded, inline */
			unsigned opens;
			struct tw_dirty *dirty; /* unsynced content, or NULL */
		} file;
		struct {
			struct tw_pair pair; /* as the entry says */
			struct tw_mdir *first, *last;
			unsigned pairs;         /* from first to last */
			struct tw_mdir **order; /* version 2: pairs with names; NULL: not known */
			unsigned order_count;
			unsigned subdirs;
		} dir;
	};
};

/* Global state (version 2), the XOR over all pairs of the thread: a tag-shaped word, a pair. */
struct tw_gstate {
	uint32_t word[3];
};

/* A metadata pair, decoded. */
struct tw_mdir {
	LIST_ENTRY(tw_mdir) all;
	TAILQ_ENTRY(tw_mdir) unsettled;
	struct tw_pair pair;         /* block[0] is in force, block[1] is written next */
	struct tw_pair tail;         /* as on the chip */
	struct tw_mdir *next, *prev; /* neighbours on the thread */
	struct tw_node *dir;         /* NULL: superblock pair, or orphan */
	struct tw_node **entries;
	unsigned count, room;
	uint32_t rev;
	uint32_t len;    /* bytes of content, with header and checksum; of the log in version 2 */
	bool more;       /* the directory goes on in the tail */
	bool can_append; /* version 2: the next commit may follow behind @len */
	uint32_t chain;  /* version 2: the tag that the next one is combined with */
	struct tw_gstate share; /* version 2: of the global state */
	bool is_orphan, is_out_of_step;
	bool is_unsettled; /* on the list: it moved, and other pairs have to be told */
	bool is_unknown_to_parent, is_unknown_to_thread;
	bool is_reached;      /* when the thread was last walked */
	struct tw_mdir *heir; /* is out of step: the pair that the tree has in its place */
	uint32_t left;        /* block that the thread names until it knows the new one; 0: none */
	uint32_t was;         /* block that is put back when nobody can be told of a move */
	bool was_unknown_to_thread; /* of that */
};

LIST_HEAD(tw_mdir_list, tw_mdir);
TAILQ_HEAD(tw_mdir_queue, tw_mdir);

/* Views hold blocks: what was freed in an epoch waits until its views are gone. */
struct tw_pins {
	pthread_mutex_t mutex;
	pthread_cond_t gone;
	unsigned epoch;     /* 0 or 1 */
	unsigned count[2];  /* views of each epoch */
	uint32_t *limbo[2]; /* blocks freed in each epoch */
	size_t limbo_len[2], limbo_room[2];
};

struct tw_alloc {
	bool is_known;
	struct tw_sparse used;   /* words of one bit a block */
	struct tw_sparse shared; /* the same: blocks with two owners, never freed */
	uint32_t free;           /* blocks below alloc_count that are not used */
	uint32_t reserved;       /* of those, promised to unsynced content */
	uint32_t cursor;         /* where the next search starts */
};

struct tw_slot {
	struct tw_node *node;
	uint32_t generation;
	uint32_t next_free;
};

struct tw_index {
	struct tw_slot *slots; /* by the low half of an inode number */
	uint32_t slot_count, slot_room, free_slot;
	struct tw_node **buckets;
	uint32_t bucket_count, visible;
};

/* Where the content of a file is to be, when a commit says so. */
struct tw_place {
	const uint8_t *inline_data; /* all of it, for the entry itself; NULL: in blocks */
	uint32_t head;              /* last block, or TW_NIL */
	uint32_t size;              /* bytes */
};

struct tw_engine;
struct tw_watch;

/* What a write in progress is for, as long as it takes; at most one is set. */
struct tw_subject {
	const struct tw_node *file; /* whose content is written */
	const struct tw_mdir *pair;
};

struct twinfs_volume {
	pthread_rwlock_t lock;
	struct tw_area area;
	const struct tw_engine *engine;
	struct tw_index index;
	struct tw_alloc alloc;
	struct tw_pins pins;
	struct tw_node *root;
	struct tw_mdir *superblock;
	struct tw_mdir_list mdirs;
	struct tw_mdir_queue unsettled; /* relocated, not yet known to parent and thread */
	struct tw_mdir *mover;          /* has to move before a commit can be made */
	struct tw_mdir *worn;           /* should move before the next change; NULL: none */
	uint8_t *scratch;               /* one block, for building commits */
	uint32_t version;
	uint32_t block_count;                  /* as the superblock says */
	uint32_t name_max, file_max, attr_max; /* bytes */
	uint32_t inline_max;     /* version 2: bytes of content that stand in an entry */
	bool stores_mtime;       /* as a user attribute of files */
	bool upgrades;           /* the first change makes it the newest minor version */
	uint32_t cycles;         /* erases of a pair until it moves; 0: it does not */
	struct tw_gstate gstate; /* as the thread on the chip has it ... */
	struct tw_gstate wanted; /* ... and as the next commit on the thread is to make it */
	struct twinfs_pending pending;
	struct tw_watch *watch; /* NULL: nobody watches */
	struct tw_subject subject;
	int thread_damage; /* negative errno: of the thread, or of pairs: changes are not safe */
	bool is_read_only;
};

/* What differs between versions of the format. All need the lock for writing. */
struct tw_engine {
	int (*mount)(struct twinfs_volume *volume, struct twinfs_error *err);
	int (*repair)(struct twinfs_volume *volume);
	/* Adds an empty file or directory; the name is checked and free. */
	int (*add)(struct twinfs_volume *volume, struct tw_node *dir, const char *name,
		enum tw_kind kind, struct tw_node **ret_node);
	/* Takes a file or empty directory off the chip; the node lives on, removed. */
	int (*remove)(struct twinfs_volume *volume, struct tw_node *node);
	/* Moves @node; @replaced is NULL or what has the new name: removed as by remove. */
	int (*move)(struct twinfs_volume *volume, struct tw_node *node, struct tw_node *dir,
		const char *name, struct tw_node *replaced);
	/* Most bytes of content that the entry of a file has room for. NULL: none has any. */
	uint32_t (*entry_room)(const struct twinfs_volume *volume, const struct tw_node *node);
	/* Commits the new content of a file, and its time where the volume stores times. */
	int (*publish)(struct twinfs_volume *volume, struct tw_node *node,
		const struct tw_place *place);
	/* Makes an empty volume in the blocks of one that is not mounted. */
	int (*format)(struct twinfs_volume *volume);
	int (*check)(const struct tw_area *area,
		void (*found)(void *ctx, const struct twinfs_error *finding), void *ctx);
	/* Sets a user attribute of an object; with @value NULL, removes it. NULL: there are none.
	 */
	int (*set_attr)(struct twinfs_volume *volume, struct tw_node *node, uint8_t type,
		const void *value, uint32_t len);
	/* Changes the block count in the superblock. NULL: it has no meaning. */
	int (*resize)(struct twinfs_volume *volume, uint32_t block_count);
};

extern const struct tw_engine tw_v1_engine, tw_v2_engine;

#endif
