/* SPDX-License-Identifier: MIT */
/*
 * explore.h - the parts of "twinfs explore": a run that can be stopped, the
 * check of every state by a command, reproducers, and what a state is called
 * in words.
 */
#ifndef TW_TOOL_EXPLORE_H
#define TW_TOOL_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <twinfs/explore.h>
#include <twinfs/trace.h>
#include "print.h"
#include "text.h"
#include "tool.h"

/* What the command line asks for. Texts are the command line's. */
struct tw_tool_explore_job {
	struct twinfs_explore_options options;
	const char *image;       /* what messages call it */
	const char *command;     /* --check, or NULL */
	const char *checkpoint;  /* file that is kept up to date, or NULL */
	const char *resume;      /* file to go on from, or NULL */
	const char *output;      /* file for the result, or NULL */
	const char *junit;       /* file for the result as JUnit XML, or NULL */
	const char *reproducers; /* directory, or NULL */
	bool json, quiet;
	bool is_boot; /* the trace is of the image's next boot, and made for this only */
	bool is_one;  /* --at was given: */
	struct twinfs_crash at;
};

#define _cleanup_result_ _cleanup_(tw_tool_explore_result_release)
void tw_tool_explore_result_release(struct twinfs_explore_result **result);

/* ---- explore_run.c ---- */

/*
 * Explores, with a line of progress where there is a terminal. The first INT or
 * TERM stops it: what is done by then is the result. 0, or the exit status with
 * the message out.
 */
int tw_tool_explore_run(const struct tw_tool_explore_job *job,
	struct twinfs_explore_result **ret_result);

/* Signals that asked for an end since the run began. */
unsigned tw_tool_explore_signals(void);

/* ---- explore_boot.c: the boot of an image, when there is no trace ---- */

/* Records the next boot of the image. 0, or the exit status with the message out. */
int tw_tool_explore_record_boot(const struct tw_tool_explore_job *job, char **ret_path);

/* Removes the recording, and frees @path. NULL is allowed. */
void tw_tool_explore_forget_boot(char *path);

/* A new directory for temporary files; free() its name. NULL: the message is out. */
char *tw_tool_explore_temp_dir(void);

/* ---- explore_check.c: a command that checks every state on a mount of it ---- */

struct tw_tool_checker;

/*
 * Makes sure that there is a command, and that this host can mount. 0, or the
 * exit status with the message out.
 */
int tw_tool_checker_new(const struct tw_tool_explore_job *job,
	struct tw_tool_checker **ret_checker);
void tw_tool_checker_free(struct tw_tool_checker *checker);

/* As inspect of twinfs_explore_options. -ECANCELED: the message is out. */
int tw_tool_checker_inspect(struct tw_tool_checker *checker, const struct twinfs_crash *crash,
	struct twinfs_image *image, char *text, size_t size);

/* ---- explore_merge.c ---- */

/*
 * Joins the results in @files. Says on stderr what is missing. 0, or the exit
 * status with the message out.
 */
int tw_tool_explore_merge(char *const *files, size_t count,
	struct twinfs_explore_result **ret_result);

/* Whether no part is missing, and none was stopped. */
bool tw_tool_explore_is_whole(const struct twinfs_explore_result *result);

/* Reads a result. 0, or the exit status with the message out. */
int tw_tool_explore_load(const char *file, struct twinfs_explore_result **ret_result);

/* Stores a result. 0, or the exit status with the message out. */
int tw_tool_explore_store(const char *file, const struct twinfs_explore_result *result);

/* ---- explore_repro.c ---- */

/*
 * Writes a directory for each finding below job->reproducers. 0, or the exit
 * status with the message out.
 */
int tw_tool_explore_reproduce(const struct tw_tool_explore_job *job,
	const struct tw_tool_explore *view);

/* ---- explore_text.c ---- */

/*
 * "cut in operation 1,337, program of block 42, metadata of /usr". @example may
 * be NULL: what is not known without it is left out. free() it; NULL: out of memory.
 */
char *tw_tool_explore_place(const struct tw_tool_explore *view, const struct twinfs_crash *crash,
	const struct twinfs_explore_example *example);

/* The place, ": ", and what is wrong, in one line without control bytes. As above. */
char *tw_tool_explore_sentence(const struct tw_tool_explore *view,
	const struct twinfs_explore_example *example);

/* Appends the options and operands that name the image of @job. 0 or -ENOMEM. */
int tw_tool_explore_source_words(const struct twinfs_source *source, const char *key_file,
	struct tw_tool_text *line);

/*
 * The command line that judges one state of this exploration again, up to the
 * state itself: "twinfs explore app.img app.trace --at". free() it; NULL: out
 * of memory.
 */
char *tw_tool_explore_replay(const struct tw_tool_explore_job *job);

#endif
