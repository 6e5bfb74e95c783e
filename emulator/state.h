/* SPDX-License-Identifier: MIT */
/*
 * state.h - one mounted module: what all parts of the daemon share.
 *
 * Order of locks: that of an open directory, power, then one of files.lock,
 * names.lock or that of an open SecureData, then those inside the library, then
 * those of the events, which are told from in there.
 * None is held over a notification to the kernel, which may wait for requests
 * that need it. Over a reply, power is held (shared) in one case: a read answers
 * straight from the chip's map, which the power switch would take away. Sending
 * a reply never waits for another request, so this cannot lock up.
 */
#ifndef TW_EMULATOR_STATE_H
#define TW_EMULATOR_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <twinfs/module.h>
#include <twinfs/overlay.h>

#include "daemon.h"
#include "events.h"
#include "fuse_turn.h"
#include "log.h"
#include "names.h"
#include "node.h"
#include "open_files.h"

struct tw_emu_opener;
struct tw_emu_worker;

/* What usr/ or bak/ shows. */
struct tw_emu_tree {
	bool present;                   /* the module has a volume for it; never changes */
	struct twinfs_overlay *overlay; /* NULL while the power is off */
	uint64_t first_ino;             /* number of its root; lower ones are of earlier boots */
	uint32_t block_size;            /* bytes */
	struct tw_emu_names names;      /* that the kernel may have cached in its root */
};

/* Who has .twinfs/events open. */
struct tw_emu_stream {
	pthread_mutex_t lock; /* guards the list, and all openers */
	struct tw_emu_opener *first;
};

/* What is being recorded; guarded by the power. */
struct tw_emu_trace {
	char *path;        /* NULL: nothing */
	const void *owner; /* the opener with whom it ends, or NULL */
};

struct tw_emu {
	const struct tw_daemon_options *options;
	struct twinfs_module *module;
	struct twinfs_flash *flash; /* the module's; lives as long */
	struct tw_emu_log log;
	int64_t mtime_ns;       /* of what has no time of its own: that of the image */
	pthread_rwlock_t power; /* guards the module's power, and of the trees overlay,
				   first_ino and block_size; held shared by every operation */
	struct tw_emu_tree trees[TW_EMU_TREES];
	struct twinfs_faults *faults; /* the module's; lives as long */
	bool wants_calls; /* a rule waits for calls; changes with the power as if to switch it */
	struct tw_emu_trace trace;
	bool hides_files;       /* the mount point was not empty */
	unsigned restarts_left; /* boots after a power cut that are still granted; the worker's */
	struct tw_emu_events events;
	struct tw_emu_stream stream;
	struct tw_emu_files files;
	struct tw_emu_worker *worker;
	struct tw_emu_turn turn;
};

/* Whether nobody may change what lies in the tree of @ino. */
static inline bool tw_emu_is_read_only(const struct tw_emu *emu, uint64_t ino)
{
	return tw_emu_ino_tree(ino) == TW_EMU_BAK && !emu->options->module.backup_writable;
}

/* Whether a tree also changes by way of the other, so that the kernel may keep nothing of it. */
static inline bool tw_emu_is_uncached(const struct tw_emu *emu, enum tw_emu_tree_id tree)
{
	return tree == TW_EMU_USR && emu->options->module.backup_writable &&
	       emu->options->view == TW_VIEW_OVERLAY;
}

#endif
