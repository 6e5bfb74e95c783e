/* SPDX-License-Identifier: MIT */
/*
 * run.h - the parts of "twinfs run": a module mounted for one application, the
 * interpreter that runs it, what that can see, and its lives from power-on to
 * power-off.
 *
 * Functions that fail have printed the message and return the exit status.
 */
#ifndef TW_TOOL_RUN_H
#define TW_TOOL_RUN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "serve.h"
#include "text.h"

#define TW_RUN_VERB "run"

/* Words of a command line. Once memory has run out, nothing is added any more. */
struct tw_run_words {
	char **list; /* with NULL behind them */
	size_t count, room;
	bool is_short; /* of memory */
};

void tw_run_word(struct tw_run_words *words, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void tw_run_words_release(struct tw_run_words *words);

/* The statuses of programs that run another one, as of timeout(1) and env(1). */
enum tw_run_exit {
	TW_RUN_TOO_OFTEN = 123, /* the application restarts too often */
	TW_RUN_CUT = 124,       /* a power cut ended it */
	TW_RUN_FAILED = 125,    /* twinfs run itself failed */
	TW_RUN_NOT_RUN = 126,   /* there is an interpreter, but it cannot be run */
	TW_RUN_NOT_FOUND = 127, /* there is none */
	TW_RUN_SIGNAL = 128,    /* and the number of the signal */
};

/* ---- run_mount.c: the module, mounted where nobody else looks ---- */

enum tw_run_power {
	TW_RUN_IS_ON,
	TW_RUN_IS_OFF,     /* switched off */
	TW_RUN_RESTARTS,   /* switched off, and to be switched on again */
	TW_RUN_IS_CUT,     /* ->why is the cause */
	TW_RUN_BOOT_FAILED /* ->why is the error */
};

/* What the events of the mount said last; "boot" is the summary of the last boot. */
struct tw_run_state {
	enum tw_run_power power;
	bool is_lost;             /* events are missing: the control file knows */
	unsigned long long boots; /* number of the last one */
	char *why, *boot;
};

struct tw_run_mount {
	char *dir;         /* private directory, with: */
	char *root, *view; /* the mount point, and an empty directory for the sandbox */
	pid_t daemon;
	int daemon_fd; /* readable when the daemon has ended */
	int ready;     /* readable when the mount is there, or never will be */
	int events;
	bool is_gone;              /* it has ended though nobody asked for that */
	struct tw_tool_text lines; /* events, the last of them perhaps not whole */
	struct tw_run_state state;
};

/* Begins to mount as @serve says; @mask are the signals that a child has blocked. */
int tw_run_mount_begin(struct tw_run_mount *mount, struct tw_tool_serve *serve);

/* Waits until it is mounted. */
int tw_run_mount_wait(struct tw_run_mount *mount);

/* Takes in the events that are there. 0, or a negative errno: the mount has ended. */
int tw_run_mount_update(struct tw_run_mount *mount);

/* Lets the calls of who has been killed return, which wait while the power is off. */
void tw_run_mount_release(const struct tw_run_mount *mount);

/* Switches on; what came of it is in ->state. */
int tw_run_mount_switch_on(struct tw_run_mount *mount);

/* Unmounts and removes all that begin has made, whatever state it is in. 0 or the exit status. */
int tw_run_mount_end(struct tw_run_mount *mount);

/* run_event_json.c: takes in one line of events. 0 or -ENOMEM. */
int tw_run_state_event(struct tw_run_state *state, const char *line);

/* ---- run_python.c: the interpreter ---- */

#define TW_RUN_LIBRARIES 8 /* most directories of shared libraries */

struct tw_run_python {
	bool is_micropython;
	unsigned major, minor;
	char *program;  /* the file or, of MicroPython, what it was called by */
	char *library;  /* of CPython only: directory of its own modules, */
	char *platform; /* that of those in machine code when it is another one, else NULL, */
	char *loader;   /* the dynamic linker, NULL: none is needed, */
	char *shared[TW_RUN_LIBRARIES + 1]; /* and directories of shared libraries */
};

struct tw_run_probe {
	const char *wanted; /* NULL: the first that can be used */
	const char *name;   /* of the one that is asked; NULL: none is left */
	size_t next;        /* of those to be asked */
	bool is_bare;       /* it is asked with options of CPython */
	pid_t pid;
	int answer;
	int signals;     /* those that came, as a file */
	int ended_by;    /* signal that came while it was asked, or 0 */
	int status;      /* exit status when none can be used */
	char tried[400]; /* which, and why not */
};

/* Begins to look: for @wanted, or for what there is when that is NULL. A signal in @signals ends
 * it. */
void tw_run_python_begin(struct tw_run_probe *probe, const char *wanted, int signals);

/* Waits for the result. 0 or the exit status. */
int tw_run_python_end(struct tw_run_probe *probe, struct tw_run_python *ret_python);
void tw_run_python_release(struct tw_run_python *python);

/* The directory with start.py and the modules of the device; free() it. NULL: message is out. */
char *tw_run_python_modules(void);

/* ---- run_sandbox.c: what CPython sees ---- */

/* Where things are in there. */
#define TW_RUN_INSIDE         "/.twinfs"
#define TW_RUN_INSIDE_ROOT    TW_RUN_INSIDE "/root"
#define TW_RUN_INSIDE_MODULES TW_RUN_INSIDE "/python"
#define TW_RUN_INSIDE_PROGRAM TW_RUN_INSIDE "/bin/python"
#define TW_RUN_INSIDE_LOADER  TW_RUN_INSIDE "/bin/loader"

#define TW_RUN_BINDS (8 + TW_RUN_LIBRARIES)

/* A file or directory of this computer, and where it is seen. */
struct tw_run_bind {
	char *from, *to;
	bool is_writable;
};

struct tw_run_layout {
	const char *view; /* an empty directory that becomes the root */
	bool has_network; /* that of this computer, else none */
	struct tw_run_bind binds[TW_RUN_BINDS];
	size_t count;
	char *path; /* of the dynamic linker: directories of shared libraries */
};

void tw_run_layout_release(struct tw_run_layout *layout);

/*
 * Makes the layout what this process, which has one thread, sees. 0, or a
 * negative errno and what could not be done; the process is good for nothing then.
 */
int tw_run_layout_enter(const struct tw_run_layout *layout, const char **ret_step);

/* Appends the command line of bubblewrap that does the same. */
void tw_run_layout_words(const struct tw_run_layout *layout, struct tw_run_words *words);

/* ---- run_life.c: one life of the application, from a boot to its end ---- */

enum tw_run_sandbox {
	TW_RUN_ANY, /* the first of the following that works */
	TW_RUN_NAMESPACE,
	TW_RUN_BWRAP,
};

/* What the command line asks for, and what was made of it. */
struct tw_run {
	struct tw_tool_serve serve;
	const char *wanted; /* interpreter, or NULL */
	const char *script; /* file of this computer, or NULL */
	int script_copy;    /* of one that can be read only once, or -1 */
	const char *compat;
	struct twinfs_profile profile;
	bool is_inspected; /* -i */
	bool is_quiet, has_network;
	unsigned restarts_left, boots_left; /* that the application, a power cut may have */
	enum tw_run_sandbox sandbox;
	const char *updates; /* directory of files that app_fota may fetch, or NULL */
	char **arguments;    /* of the script, with NULL behind them */

	struct tw_run_mount mount;
	struct tw_run_python python;
	struct tw_run_layout layout; /* of CPython only */
	char *modules;
	sigset_t mask; /* signals that were blocked before us */
	int signals;   /* those that came, as a file */
	int ended_by;  /* signal, or 0 */
	int status;    /* of the interpreter that ended last */
};

/* run_sandbox.c: makes ->layout of the rest. */
int tw_run_layout_make(struct tw_run *run);

/* What an interpreter is started with. */
struct tw_run_start {
	unsigned on_reason, down_reason; /* of the boot, as misc.Power tells them */
	int modem[2];                    /* to read from, to write to */
	int script;                      /* opened, or -1 */
	bool by_bwrap;                   /* which ignores Ctrl-C, and hands that on */
};

/*
 * Lets the interpreter live until it ends, the power goes, or a signal ends us:
 * ->mount.state, ->ended_by and ->status tell. 0 or the exit status.
 */
int tw_run_live(struct tw_run *run, unsigned on_reason, unsigned down_reason);

/* run_command.c: the words of the interpreter, and its environment. */
void tw_run_command(const struct tw_run *run, const struct tw_run_start *start,
	struct tw_run_words *words);
void tw_run_environment(const struct tw_run *run, struct tw_run_words *words);

/* ---- run_modem.c ---- */

struct tw_run_modem;

/* Makes the pipes; @fds gets the interpreter's ends, to read from and to write to. */
int tw_run_modem_new(const struct tw_run *run, struct tw_run_modem **ret_modem, int ret_fds[2]);

/* Serves requests from now on, in a new thread: no process is forked while it is there. */
int tw_run_modem_serve(struct tw_run_modem *modem);

/*
 * Waits until nobody has the interpreter's end for requests any more, which is
 * when all its processes have ended. NULL is allowed.
 */
void tw_run_modem_free(struct tw_run_modem *modem);

#endif
