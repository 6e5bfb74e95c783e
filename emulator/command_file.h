/* SPDX-License-Identifier: MIT */
/*
 * command_file.h - one opened control file that takes commands: write some, read
 * what came of them. Nothing written, and reading gives the state.
 *
 * Lifetime  tw_emu_command_file_new() .. tw_emu_command_file_free().
 * Threads   calls on one object are serialised inside.
 * Source    docs/formats/control-files.md.
 */
#ifndef TW_EMULATOR_COMMAND_FILE_H
#define TW_EMULATOR_COMMAND_FILE_H

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>
#include <twinfs/error.h>

struct tw_emu;
struct tw_emu_command_file;

/* What a control file does. */
struct tw_emu_commands {
	/*
	 * Does what the lines of @text say, and writes what the writer gets to read to
	 * @answer. Returns 0, or a negative errno with the reason in @err.
	 */
	int (*run)(struct tw_emu *emu, const void *opener, char *text, FILE *answer,
		struct twinfs_error *err);
	/* Writes the state to @to. */
	void (*list)(struct tw_emu *emu, FILE *to);
	/* @opener has closed the file; may be NULL. */
	void (*closed)(struct tw_emu *emu, const void *opener);
};

/* @commands  borrowed. NULL: out of memory. */
struct tw_emu_command_file *tw_emu_command_file_new(struct tw_emu *emu,
	const struct tw_emu_commands *commands);
void tw_emu_command_file_free(void *file);

/* Runs whole lines; the newline of the last may be missing. 0, -EINVAL (a NUL byte), as run. */
int tw_emu_command_file_write(struct tw_emu_command_file *file, const char *data, size_t len);

/* Gives up to @len bytes of the answer, or of the state; 0 at the end. Or -ENOMEM. */
ssize_t tw_emu_command_file_read(struct tw_emu_command_file *file, char *buf, size_t len);

#endif
