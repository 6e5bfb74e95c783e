/* SPDX-License-Identifier: MIT */
/*
 * secure_file.h - one opened SecureData: write a request, read its answer.
 *
 * Every opener has a transaction of its own; nobody sees another's.
 *
 * Lifetime  tw_emu_secure_file_new() .. tw_emu_secure_file_free(), which wipes it.
 * Threads   calls on one object are serialised inside.
 * Source    docs/formats/securedata-protocol.md.
 */
#ifndef TW_EMULATOR_SECURE_FILE_H
#define TW_EMULATOR_SECURE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <twinfs/secure.h>

/* Most bytes that a request may store or ask for; slots hold up to 1000. */
#define TW_EMU_SECURE_DATA_MAX 4096u

struct tw_emu_secure_file;

/* NULL: out of memory. */
struct tw_emu_secure_file *tw_emu_secure_file_new(void);
void tw_emu_secure_file_free(struct tw_emu_secure_file *file);

/*
 * Takes the next @len bytes of a request, written at @off; runs it when they
 * complete it. Returns @len, or -EBUSY: an answer waits to be read.
 */
int64_t tw_emu_secure_file_write(struct tw_emu_secure_file *file, struct twinfs_secure *secure,
	const void *data, size_t len, uint64_t off);

/*
 * Gives up to @len bytes of the answer, or of the list of slots when nothing
 * was asked. Returns the number, 0 at the end, or -ENOMEM.
 */
int64_t tw_emu_secure_file_read(struct tw_emu_secure_file *file, struct twinfs_secure *secure,
	void *buf, size_t len);

#endif
