/* SPDX-License-Identifier: MIT */
/*
 * zip.h - a zip archive in memory: what is in it, and where to the byte.
 *
 * A reader of our own, for two reasons. Members that are not replaced have to
 * stay as they are to the last byte of their headers, which no library leaves
 * alone; and whoever reads an archive that may be hostile must know that its
 * directory, its headers and its data agree, which no library tells.
 *
 *	0                                                            size
 *	[header data descriptor][header data]...[directory][zip64 end][end record]
 */
#ifndef TW_FIRMWARE_ZIP_H
#define TW_FIRMWARE_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/error.h>

#define TW_ZIP_LOCAL_SIG   UINT32_C(0x04034b50)
#define TW_ZIP_RECORD_SIG  UINT32_C(0x02014b50)
#define TW_ZIP_END_SIG     UINT32_C(0x06054b50)
#define TW_ZIP_LOCAL_SIZE  30u
#define TW_ZIP_RECORD_SIZE 46u
#define TW_ZIP_END_SIZE    22u

enum {
	TW_ZIP_ENCRYPTED = 1u << 0,
	TW_ZIP_DESCRIPTOR = 1u << 3,
	TW_ZIP_STRONG = 1u << 6,
	TW_ZIP_UTF8 = 1u << 11,
	TW_ZIP_MASKED = 1u << 13,

	TW_ZIP_STORED = 0,
	TW_ZIP_DEFLATED = 8,
};

struct tw_zip_member {
	char *name;            /* as stored, any bytes but NUL */
	uint64_t size, packed; /* bytes of its content, and of that in the archive */
	uint32_t crc;
	uint32_t attributes; /* as the system of made_by has them */
	uint16_t made_by, flags, method, time, date;
	uint64_t addr, data, end; /* of its header, its packed bytes; behind its descriptor */
	uint64_t record;          /* of its record in the directory */
	uint32_t record_size;
	uint32_t addr64_off; /* in the record, of a 64-bit address; 0: it has 32 bits */
};

/* All zero is the archive of nothing. */
struct tw_zip {
	const uint8_t *bytes; /* borrowed */
	uint64_t size;
	struct tw_zip_member *members; /* in the order of the directory */
	size_t count;
	uint64_t directory; /* its address */
	uint64_t end;       /* of the end record */
};

/* Whether @bytes begin as a zip archive does, be it an empty one. */
bool tw_zip_is(const uint8_t *bytes, uint64_t size);

/*
 * Reads the directory. On success every member lies where it says, in front of
 * the directory and apart from all others, its own header says the same as the
 * directory, its names are different, and all contents together are at most
 * @max_bytes.
 *
 * @zip  to be released in any case
 *
 * Returns 0, -EUCLEAN (truncated, contradictory, overlapping), -ENOTSUP (several
 * disks, more than 65,534 members), -EOVERFLOW (over @max_bytes), -ENOMEM. The
 * error's address is an offset in the archive.
 */
int tw_zip_open(const uint8_t *bytes, uint64_t size, uint64_t max_bytes, struct tw_zip *zip,
	struct twinfs_error *err);

void tw_zip_release(struct tw_zip *zip);

/*
 * Unpacks one member and compares its checksum. free() @ret_data, which has a
 * NUL behind its member->size bytes. Returns 0, -EUCLEAN (does not unpack to
 * just that size), -EBADMSG (checksum), -ENOTSUP (encrypted, another method),
 * -ENOMEM.
 */
int tw_zip_read(const struct tw_zip *zip, const struct tw_zip_member *member, char **ret_data,
	struct twinfs_error *err);

/* Whether it is encrypted, in any of the ways there are. */
bool tw_zip_is_encrypted(const struct tw_zip_member *member);

/* Fills @err about @member and returns @code; NULL: about the archive at @addr. */
int tw_zip_fail(struct twinfs_error *err, int code, uint64_t addr,
	const struct tw_zip_member *member, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

#endif
