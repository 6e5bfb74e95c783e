/* SPDX-License-Identifier: MIT */
/*
 * fuzz_secure_regions.c - a SecureData area that holds anything, then some stores.
 *
 * What must be true: looking changes nothing; what was stored is there, also after
 * opening again, and the other slots are as they were.
 *
 *	0x00  1  bits 0-1: program size 1, 16, 64, 256; bit 2: units of 2 KiB, else 4;
 *	         bit 3: opened with the key; bit 4: what erased cells hold is 0x00
 *	0x01  4  seed of the stores
 *	0x05     parts: unit (1), kind (1), length (2), so many bytes
 *
 * The bytes of a part: raw (kind 0), or a header and records without their checksums:
 * version (1), log2 of sizes (2), sequence (8), each added to what is right or next;
 * then records of slot (1), flags (1), length (2), generation (8), content. A flag of
 * 0x02 spoils the last checksum; one of 0x01 seals, with the key.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/secure.h>
#include <unistd.h>

#include "base/bytes.h"
#include "fuzz.h"
#include "secure/log.h"
#include "secure/seal.h"

enum {
	AREA_MAX = 64 << 10,
	STORES = 5,
	KIND_UNIT = 1,
	SPOILED = 2,
	NOTED_MAX = 200,
	SLOT_NUMBERS = TWINFS_SECURE_SLOTS + 1,
};

struct noted {
	unsigned slot;
	bool sealed;
	uint64_t generation;
	struct twinfs_digest digest;
};

struct area {
	struct noted list[NOTED_MAX]; /* records that were put into it */
	size_t noted;
	bool is_ambiguous[SLOT_NUMBERS];
	struct twinfs_flash *flash;
	uint8_t *bytes;
	uint64_t size;
	uint32_t unit_size, prog_size;
	uint64_t random;
	const char *key_file;
	struct tw_seal *seal;
};

/* What the slots hold. */
struct slots {
	int length[TWINFS_SECURE_SLOTS + 1]; /* or TWINFS_SECURE_EMPTY, TWINFS_SECURE_BAD */
	uint8_t content[TWINFS_SECURE_SLOTS + 1][TW_SLOT_MAX];
};

static uint8_t before[AREA_MAX];
static char key_path[4096];

static void remove_key(void)
{
	(void)unlink(key_path);
}

/* The key file is made once; it goes when the program ends in good order. */
static const char *key_file(void)
{
	static const uint8_t key[32] = "a key that is known to everybody";
	const char *folder = getenv("TMPDIR");
	int fd;

	if (*key_path)
		return key_path;
	(void)snprintf(key_path, sizeof(key_path), "%s/twinfs-fuzz-key-XXXXXX",
		folder && *folder ? folder : "/tmp");
	fd = mkostemp(key_path, O_CLOEXEC);
	fuzz_must(fd >= 0 && write(fd, key, sizeof(key)) == sizeof(key) && close(fd) == 0,
		"no key file");
	(void)atexit(remove_key);
	return key_path;
}

/* ---- the area ---- */

/*
 * A slot with two contents of one generation is none that stores have made: which
 * of them is shown may change with what is copied.
 */
static void note_content(struct area *area, const struct tw_record *record, const uint8_t *plain)
{
	struct twinfs_digest digest = twinfs_digest(plain, record->length);

	for (size_t i = 0; i < area->noted; i++) {
		const struct noted *noted = &area->list[i];

		if (noted->slot == record->slot && noted->generation == record->generation &&
			(noted->digest.low != digest.low || noted->sealed != record->sealed))
			area->is_ambiguous[record->slot % SLOT_NUMBERS] = true;
	}
	if (area->noted < NOTED_MAX)
		area->list[area->noted++] =
			(struct noted){record->slot, record->sealed, record->generation, digest};
	else
		area->is_ambiguous[record->slot % SLOT_NUMBERS] = true;
}

/* One record at @off of @unit; its padded length, 0 when it does not fit. */
static uint32_t put_record(struct area *area, struct fuzz_bytes *bytes, uint8_t *unit, uint32_t off,
	uint32_t align)
{
	unsigned slot = fuzz_u8(bytes), flags = fuzz_u8(bytes);
	struct tw_record record = {
		.slot = slot, .sealed = flags & 1, .length = fuzz_u16(bytes) % (TW_SLOT_MAX + 8)};
	uint8_t built[TW_RECORD_MAX + 64] = {0}, plain[TW_SLOT_MAX + 8] = {0};
	const uint8_t *content;
	uint32_t size;

	record.generation = fuzz_u32(bytes);
	record.generation |= (uint64_t)fuzz_u32(bytes) << 32;
	size = tw_record_size(&record);
	if (off + size > area->unit_size)
		return 0;
	size_t len = fuzz_take(bytes, record.length, &content);

	if (len)
		memcpy(plain, content, len);
	note_content(area, &record, plain);
	tw_record_put_head(built, &record);
	if (record.sealed)
		fuzz_must(tw_seal_wrap(area->seal, built, plain, record.length,
				  built + TW_RECORD_HEAD) == 0,
			"cannot be sealed");
	else
		memcpy(built + TW_RECORD_HEAD, plain, record.length);
	tw_record_put_tail(built, &record);
	if (flags & SPOILED)
		built[size - 1] ^= 1;
	memcpy(unit + off, built, size);
	return (uint32_t)tw_round_up(size, align);
}

static void put_unit(struct area *area, struct fuzz_bytes *bytes, uint8_t *unit)
{
	uint32_t align = area->prog_size > TW_ALIGN_MIN ? area->prog_size : TW_ALIGN_MIN;
	struct tw_unit_head head = {.unit_size = area->unit_size, .align = align};
	uint32_t off = (uint32_t)tw_round_up(TW_UNIT_HEAD, align), len;

	head.version = (uint16_t)(1 + fuzz_u8(bytes));
	head.unit_size = UINT32_C(1)
			 << (((uint32_t)__builtin_ctz(area->unit_size) + fuzz_u8(bytes)) % 32);
	head.align = UINT32_C(1) << (((uint32_t)__builtin_ctz(align) + fuzz_u8(bytes)) % 32);
	head.sequence = fuzz_u32(bytes);
	head.sequence |= (uint64_t)fuzz_u32(bytes) << 32;
	tw_unit_head_put(unit, &head);
	while (bytes->left && off < area->unit_size) {
		len = put_record(area, bytes, unit, off, align);
		if (!len)
			break;
		off += len;
	}
}

static void fill_area(struct area *area, struct fuzz_bytes *bytes)
{
	uint64_t units = area->size / area->unit_size;

	while (bytes->left) {
		uint64_t at = fuzz_u8(bytes) % units;
		unsigned kind = fuzz_u8(bytes);
		uint8_t *unit = area->bytes + at * area->unit_size;
		struct fuzz_bytes part;

		part.left = fuzz_u16(bytes);
		part.left = fuzz_take(bytes, part.left, &part.data);
		if (kind & KIND_UNIT)
			put_unit(area, &part, unit);
		else if (part.left)
			memcpy(unit, part.data,
				part.left < area->unit_size ? part.left : area->unit_size);
	}
}

/*
 * An unsealed record that is newer than a sealed one is rejected as forged, until the area
 * is opened when the sealed one has gone.
 */
static void note_forged(struct area *area)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < area->noted; i++)
		if (area->list[i].sealed && area->list[i].generation < first)
			first = area->list[i].generation;
	for (size_t i = 0; i < area->noted; i++)
		if (!area->list[i].sealed && area->list[i].generation > first)
			area->is_ambiguous[area->list[i].slot % SLOT_NUMBERS] = true;
}

/* ---- slots ---- */

static struct twinfs_secure *open_area(const struct area *area)
{
	struct twinfs_secure *secure = NULL;
	struct twinfs_error err = {0};
	int rc = twinfs_secure_open(area->flash, 0, area->size, area->key_file, &secure, &err);

	fuzz_must(!rc || rc == -EACCES || rc == -EBADMSG || rc == -ENOTSUP || rc == -EUCLEAN,
		"open: %d", rc);
	fuzz_must(!rc || err.text[0], "refused without a reason");
	return secure;
}

static void read_slots(struct twinfs_secure *secure, struct slots *slots)
{
	struct twinfs_secure_slot list[TWINFS_SECURE_SLOTS];

	twinfs_secure_list(secure, list);
	for (int i = 1; i <= TWINFS_SECURE_SLOTS; i++) {
		int rc = twinfs_secure_read(secure, i, slots->content[i], TW_SLOT_MAX);

		fuzz_must(rc >= TWINFS_SECURE_EMPTY && rc <= (int)twinfs_secure_capacity(i),
			"read: %d", rc);
		fuzz_must(list[i - 1].stored == (rc != TWINFS_SECURE_EMPTY) &&
				  (rc < 0 || rc == (int)list[i - 1].length),
			"slot %d: read gives %d, the list %u bytes", i, rc, list[i - 1].length);
		slots->length[i] = rc;
	}
}

static bool is_same(const struct slots *a, const struct slots *b, int slot)
{
	int len = a->length[slot];

	return len == b->length[slot] &&
	       (len <= 0 || !memcmp(a->content[slot], b->content[slot], (size_t)len));
}

static void must_hold(const struct area *area, const struct slots *wanted, const struct slots *got)
{
	for (int i = 1; i <= TWINFS_SECURE_SLOTS; i++)
		fuzz_must(area->is_ambiguous[i] || is_same(wanted, got, i),
			"slot %d has %d bytes, or others, not %d", i, got->length[i],
			wanted->length[i]);
}

static void see_finding(void *ctx, const struct twinfs_error *finding)
{
	(void)ctx;
	fuzz_must(finding->text[0], "a finding without text");
	fuzz_tell("  %s", finding->text);
}

static int see_place(void *ctx, uint64_t addr, uint64_t len)
{
	const struct area *area = ctx;

	fuzz_must(tw_is_within(addr, len, area->size), "a place outside the area");
	return 0;
}

/* What needs no open area. */
static void look_at_bytes(struct area *area)
{
	const struct twinfs_secure_places places = {see_place, area};
	uint64_t sight;
	int rc;

	for (unsigned slot = 1; slot <= TWINFS_SECURE_SLOTS; slot += 5) {
		rc = twinfs_secure_find(area->flash, 0, area->size, slot, &places);
		fuzz_must(rc == 0 || rc == -ENOENT, "find: %d", rc);
	}
	rc = twinfs_secure_glance(area->flash,
		area->random % (area->size / area->unit_size) * area->unit_size, &sight);
	fuzz_must(rc == 0 || rc == -ENOTSUP || rc == -EUCLEAN, "glance: %d", rc);
}

static void store(struct area *area, struct twinfs_secure *secure, struct slots *slots)
{
	int slot = 1 + (int)(fuzz_random(&area->random) % TWINFS_SECURE_SLOTS);
	int len = (int)(fuzz_random(&area->random) % (twinfs_secure_capacity(slot) + 1));
	uint8_t content[TW_SLOT_MAX];
	int rc;

	memset(content, (int)(fuzz_random(&area->random) & 0xff), sizeof(content));
	rc = twinfs_secure_store(secure, slot, content, len);
	fuzz_tell("store of %d bytes in slot %d: %d", len, slot, rc);
	fuzz_must(rc == TWINFS_SECURE_OK || rc == TWINFS_SECURE_BAD, "store: %d", rc);
	if (rc == TWINFS_SECURE_BAD)
		return;
	area->is_ambiguous[slot] = false;
	slots->length[slot] = len;
	memcpy(slots->content[slot], content, (size_t)len);
}

static void try_area(struct area *area)
{
	static struct slots wanted, got;
	struct twinfs_secure *secure;

	look_at_bytes(area);
	secure = open_area(area);
	if (secure) {
		read_slots(secure, &wanted);
		fuzz_must(twinfs_secure_check(secure, see_finding, NULL) >= 0, "check");
	}
	fuzz_must(!memcmp(before, area->bytes, area->size), "looking has changed the area");
	if (!secure)
		return;
	for (unsigned i = 0; i < STORES; i++) {
		store(area, secure, &wanted);
		read_slots(secure, &got);
		must_hold(area, &wanted, &got);
	}
	twinfs_secure_close(secure);
	secure = open_area(area);
	fuzz_must(secure, "cannot be opened after stores");
	read_slots(secure, &got);
	must_hold(area, &wanted, &got);
	fuzz_must(twinfs_secure_check(secure, see_finding, NULL) >= 0, "check");
	twinfs_secure_close(secure);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t prog_sizes[] = {1, 16, 64, 256};
	static struct twinfs_image *image;
	static struct tw_seal *seal;
	struct fuzz_bytes bytes = {data, size};
	unsigned first = fuzz_u8(&bytes);
	struct area area = {.unit_size = first & 4 ? 2048 : 4096,
		.prog_size = prog_sizes[first & 3],
		.random = fuzz_u32(&bytes),
		.key_file = first & 8 ? key_file() : NULL};
	struct twinfs_flash_config config = {
		.geometry = {1, area.prog_size, area.unit_size}, .strict = true};

	if (!image)
		fuzz_must(twinfs_image_memory(AREA_MAX, &image) == 0 &&
				  tw_seal_open(key_file(), &seal, NULL) == 0,
			"no memory");
	area.seal = seal;
	area.size = 2 * area.unit_size * tw_log_units_needed(area.unit_size, area.prog_size);
	fuzz_must(area.size <= AREA_MAX, "an area of %llu bytes", (unsigned long long)area.size);
	area.bytes = twinfs_image_bytes_writable(image);
	fuzz_allow(area.bytes, AREA_MAX);
	memset(area.bytes, first & 16 ? 0 : 0xff, area.size);
	fill_area(&area, &bytes);
	note_forged(&area);
	memcpy(before, area.bytes, area.size);
	fuzz_forbid(area.bytes + area.size, AREA_MAX - area.size);
	fuzz_must(twinfs_flash_new(image, &config, &area.flash, NULL) == 0, "no chip");
	try_area(&area);
	twinfs_flash_free(area.flash);
	return 0;
}
