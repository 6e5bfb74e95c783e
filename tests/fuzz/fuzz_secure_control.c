/* SPDX-License-Identifier: MIT */
/*
 * fuzz_secure_control.c - the control protocol of SecureData.
 *
 * The input is calls on three openers: writes and reads of any size, closings, and
 * whole requests that are sent in pieces. Of these the answer is what the library
 * says; whatever came before on other openers, or was broken off on the same.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/image.h>

#include "emulator/secure_file.h"

enum {
	UNIT = 4096,
	SIZE = 16 * UNIT,
	OPENERS = 3,
	CALLS = 64,
	DATA = 1200, /* over what a slot has room for */
};

struct rig {
	struct twinfs_image *image;
	struct twinfs_flash *flash;
	struct twinfs_secure *secure;
	struct tw_emu_secure_file *files[OPENERS];
};

static void rig_begin(struct rig *rig)
{
	static const struct twinfs_flash_config config = {.geometry = {1, 16, UNIT}};

	*rig = (struct rig){0};
	fuzz_hold(twinfs_image_memory(SIZE, &rig->image) == 0);
	fuzz_hold(twinfs_flash_new(rig->image, &config, &rig->flash, NULL) == 0);
	fuzz_hold(twinfs_secure_open(rig->flash, 0, SIZE, NULL, &rig->secure, NULL) == 0);
	for (unsigned i = 0; i < OPENERS; i++)
		fuzz_hold((rig->files[i] = tw_emu_secure_file_new()));
}

static void rig_end(struct rig *rig)
{
	for (unsigned i = 0; i < OPENERS; i++)
		tw_emu_secure_file_free(rig->files[i]);
	twinfs_secure_close(rig->secure);
	twinfs_flash_free(rig->flash);
	twinfs_image_close(rig->image);
}

static void reopen(struct rig *rig, unsigned opener)
{
	tw_emu_secure_file_free(rig->files[opener]);
	fuzz_hold((rig->files[opener] = tw_emu_secure_file_new()));
}

/* ---- any calls ---- */

static void write_any(struct rig *rig, unsigned opener, struct fuzz_bytes *in)
{
	uint64_t off = fuzz_u8(in) & 1;
	const uint8_t *data;
	size_t len = fuzz_take(in, fuzz_u8(in), &data);
	int64_t rc = tw_emu_secure_file_write(rig->files[opener], rig->secure, data, len, off);

	fuzz_hold(rc == (int64_t)len || (rc == -EBUSY && off));
}

static void read_any(struct rig *rig, unsigned opener, size_t len)
{
	char *buf = malloc(len ? len : 1);
	int64_t rc = tw_emu_secure_file_read(rig->files[opener], rig->secure, buf, len);

	fuzz_hold(rc >= 0 && rc <= (int64_t)len);
	free(buf);
}

/* ---- whole requests ---- */

/* Sends it in pieces of @piece bytes. */
static void send(struct rig *rig, unsigned opener, const char *request, size_t len, size_t piece)
{
	for (size_t at = 0; at < len; at += piece) {
		size_t now = piece < len - at ? piece : len - at;

		fuzz_hold(tw_emu_secure_file_write(rig->files[opener], rig->secure, request + at,
				  now, at) == (int64_t)now);
	}
}

/* The code of the answer; what is behind its line is @len bytes of @ret_data. */
static int receive(struct rig *rig, unsigned opener, char ret_data[DATA], size_t *ret_len)
{
	char text[DATA + 32], *end;
	int64_t got = 0, rc;

	while ((rc = tw_emu_secure_file_read(rig->files[opener], rig->secure, text + got,
			sizeof(text) - 1 - (size_t)got)) > 0)
		got += rc;
	fuzz_hold(rc == 0 && (size_t)got < sizeof(text) - 1);
	text[got] = '\0';
	rc = strtol(text, &end, 10);
	fuzz_hold(end > text && *end == '\n');
	*ret_len = (size_t)(text + got - end - 1);
	fuzz_hold(*ret_len <= DATA);
	memcpy(ret_data, end + 1, *ret_len);
	return (int)rc;
}

static void ask_to_read(struct rig *rig, unsigned opener, int slot, int len, size_t piece)
{
	char request[64], data[DATA], expected[DATA];
	size_t data_len;
	int request_len = snprintf(request, sizeof(request), "READ %d %d\n", slot, len), code, want;

	send(rig, opener, request, (size_t)request_len, piece);
	code = receive(rig, opener, data, &data_len);
	want = twinfs_secure_read(rig->secure, slot, expected, len);
	fuzz_must(code == want, "%d, not %d", code, want);
	fuzz_hold(data_len == (code > 0 ? (size_t)code : 0));
	fuzz_hold(!memcmp(data, expected, data_len));
}

static void ask_to_store(struct rig *rig, unsigned opener, int slot, int len, size_t piece)
{
	char request[DATA + 64], data[DATA], stored[DATA];
	size_t data_len;
	int head = snprintf(request, sizeof(request), "STORE %d %d\n", slot, len), code;

	for (int i = 0; i < len; i++)
		request[head + i] = (char)(i * 7 + slot);
	send(rig, opener, request, (size_t)(head + len), piece);
	code = receive(rig, opener, data, &data_len);
	fuzz_hold(data_len == 0);
	if (code != TWINFS_SECURE_OK)
		return;
	fuzz_hold(twinfs_secure_read(rig->secure, slot, stored, len) == len);
	fuzz_hold(!memcmp(stored, request + head, (size_t)len));
}

static void call(struct rig *rig, struct fuzz_bytes *in)
{
	unsigned what = fuzz_u8(in), opener = what / 8 % OPENERS;
	int slot, len;
	size_t piece;

	switch (what % 8) {
	case 0:
	case 1:
	case 2:
		write_any(rig, opener, in);
		return;
	case 3:
		read_any(rig, opener, fuzz_u8(in));
		return;
	case 4:
		read_any(rig, opener, fuzz_u16(in));
		return;
	case 5:
		reopen(rig, opener);
		return;
	}
	slot = fuzz_u8(in) % 19 - 1;
	len = fuzz_u16(in) % DATA;
	piece = 1 + (size_t)fuzz_u8(in) * 4;
	if (what % 8 == 6)
		ask_to_read(rig, opener, slot, len, piece);
	else
		ask_to_store(rig, opener, slot, len, piece);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = {data, size};
	struct rig rig;

	rig_begin(&rig);
	for (unsigned i = 0; in.left && i < CALLS; i++)
		call(&rig, &in);
	rig_end(&rig);
	return 0;
}
