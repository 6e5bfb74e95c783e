/* SPDX-License-Identifier: MIT */
/*
 * trace_out.c - the writing end of a trace's file.
 *
 * A trace is the one output that does not appear whole or not at all: its worth
 * is that it is there when its writer is not any more. So it grows under its own
 * name, and each chunk goes out in one write.
 */
#include "trace_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "base/file.h"
#include "trace_format.h"

int tw_out_open(struct tw_out *out, const char *path)
{
	/* Digests of what slots hold, and content of files, are nobody else's business. */
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	*out = (struct tw_out){.fd = fd};
	out->rc = tw_write_all(fd, TW_TRACE_MAGIC, TW_TRACE_MAGIC_SIZE);
	return 0;
}

int tw_out_close(struct tw_out *out)
{
	int rc = out->rc;

	/* Pipes and the like have nothing to wait for. */
	if (fsync(out->fd) < 0 && errno != EINVAL && !rc)
		rc = -errno;
	if (close(out->fd) < 0 && !rc)
		rc = -errno;
	free(out->data);
	*out = (struct tw_out){.fd = -1};
	return rc;
}

/* Room for @len bytes more; NULL when there is none, or something failed before. */
static uint8_t *reserve(struct tw_out *out, size_t len)
{
	size_t used = out->len ? out->len : TW_CHUNK_HEAD;

	if (out->rc)
		return NULL;
	if (out->room < used + len) {
		size_t room = 2 * (used + len) + 256;
		uint8_t *more = realloc(out->data, room);

		if (!more) {
			out->rc = -ENOMEM;
			return NULL;
		}
		out->data = more;
		out->room = room;
	}
	out->len = used + len;
	return out->data + used;
}

void tw_out_bytes(struct tw_out *out, const void *data, size_t len)
{
	uint8_t *to = reserve(out, len);

	if (to && len)
		memcpy(to, data, len);
}

void tw_out_byte(struct tw_out *out, unsigned byte)
{
	uint8_t *to = reserve(out, 1);

	if (to)
		*to = (uint8_t)byte;
}

void tw_out_le32(struct tw_out *out, uint32_t value)
{
	uint8_t *to = reserve(out, 4);

	if (to)
		tw_put_le32(to, value);
}

void tw_out_le64(struct tw_out *out, uint64_t value)
{
	uint8_t *to = reserve(out, 8);

	if (to)
		tw_put_le64(to, value);
}

void tw_out_varint(struct tw_out *out, uint64_t value)
{
	uint8_t bytes[10];
	size_t len = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[len++] = (uint8_t)(value | 0x80);
	bytes[len++] = (uint8_t)value;
	tw_out_bytes(out, bytes, len);
}

size_t tw_out_pending(const struct tw_out *out)
{
	return out->len ? out->len - TW_CHUNK_HEAD : 0;
}

void tw_out_chunk(struct tw_out *out, unsigned kind)
{
	size_t len = tw_out_pending(out);
	uint32_t crc;

	if (out->rc || !len)
		return;
	tw_put_le32(out->data, kind);
	tw_put_le32(out->data + 4, (uint32_t)len);
	crc = tw_crc32(0, out->data, 8);
	tw_put_le32(out->data + 8, tw_crc32(crc, out->data + TW_CHUNK_HEAD, len));
	out->rc = tw_write_all(out->fd, out->data, out->len);
	out->len = 0;
}
