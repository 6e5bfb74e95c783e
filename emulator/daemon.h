/* SPDX-License-Identifier: MIT */
/*
 * daemon.h - serves one module over FUSE until it is unmounted.
 */
#ifndef TW_EMULATOR_DAEMON_H
#define TW_EMULATOR_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>
#include <twinfs/module.h>

enum tw_view {
	TW_VIEW_OVERLAY, /* usr/ is the union of user and backup partition */
	TW_VIEW_DEVICE,  /* usr/ is the bare user partition, as the device's code sees it */
};

/* Rules, one a line, and what messages call the place they came from. */
struct tw_daemon_rules {
	const char *name, *text;
};

/*
 * A mount is attended when somebody ends the programs in it as soon as the power
 * goes, as a module's program ends. Then a call that met a power cut, or came
 * after a switch-off, waits until "off" or "on" is written to the power file:
 * whoever was killed before that never sees it return. A restart only switches
 * off; who attends switches on. His own calls do not wait: nobody else would end that.
 */
struct tw_daemon_options {
	struct twinfs_source source;
	struct twinfs_module_options module;
	const char *mountpoint;
	const char *fuse_options; /* comma list for the kernel and libfuse, or NULL */
	bool foreground;
	bool debug;
	bool quiet;               /* errors only are logged */
	pid_t attendant;          /* who attends; 0: nobody */
	const char *verb;         /* that messages begin with, or NULL: mount */
	void (*ready)(void *ctx); /* told in the foreground, when the mount is there; or NULL */
	void *ctx;
	bool writeback;    /* the kernel collects writes; a full disk shows at fsync or close */
	bool keeps_owners; /* setting another owner or mode succeeds, and changes nothing */
	enum tw_view view;
	unsigned auto_restarts;              /* boots by itself after so many power cuts */
	const struct tw_daemon_rules *rules; /* in force before the first boot */
	size_t rule_count;
	uint64_t seed;     /* of the chance in them */
	const char *trace; /* file to record to, from before the first boot; or NULL */
	uid_t uid;         /* owner of everything */
	gid_t gid;
	mode_t file_mode, dir_mode; /* permission bits, writes already masked */
};

/*
 * Opens and boots the module, mounts it, goes into the background unless
 * @foreground, serves until unmounted or signalled (INT, TERM, HUP). Errors before
 * the mount is up are in @err; in the background the calling process has then
 * not been detached. Returns 0 or a negative errno.
 */
int tw_daemon_run(const struct tw_daemon_options *options, struct twinfs_error *err);

#endif
