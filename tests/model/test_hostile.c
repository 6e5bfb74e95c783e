/* SPDX-License-Identifier: MIT */
/*
 * test_hostile.c - images that somebody damaged on purpose.
 *
 *	test_hostile [IMAGES]
 *
 * Takes good images, changes bytes in their metadata (and mends the CRCs, so
 * that the change is believed) or anywhere, and then does everything that can
 * be done with a volume. Whatever comes back is fine, as long as nothing is
 * read or written out of bounds, nothing hangs and nothing leaks; under the
 * sanitizers this test has teeth.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "lfs/v2_log.h"
#include "lib/chip.h"
#include "lib/model.h"

enum {
	IMAGES = 10000,
	GOOD = 27, /* good images to start from */
	OPERATIONS = 50,
};

static const struct geometry geometries[] = {
	{512, 64, 16, 0xff},
	{128, 128, 1, 0xff},
	{4096, 16, 4096, 0x00},
};

static const uint32_t versions[] = {TWINFS_LFS_1_1, TWINFS_LFS_2_1, TWINFS_LFS_2_0};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* What the volumes said, to see that not all were refused at the door. */
struct tally {
	uint64_t mounted, refused, files_read, changes, findings;
};

static void make_good(struct chip *chip, const struct geometry *geometry, uint32_t version,
	uint64_t seed)
{
	struct twinfs_volume *volume;
	struct model model = {.has_attrs = version >> 16 == 2};
	uint64_t random = seed;

	chip_init(chip, geometry);
	chip->config.disk_version = version;
	chip->config.block_cycles = 5;
	must(twinfs_volume_format(chip->flash, &chip->config, NULL) == 0, "format");
	volume = chip_mount(chip);
	for (unsigned i = 0; i < OPERATIONS; i++) {
		struct model after = {0};
		struct op op;

		op_random(&op, &model, &random, geometry->block_size * 3);
		model_copy(&after, &model);
		if (op_on_volume(&op, volume) == 0 && op_on_model(&op, &after) == 0)
			model_copy(&model, &after);
		model_release(&after);
	}
	twinfs_volume_unmount(volume);
	model_release(&model);
}

/* Numbers that lie at the edge of what is allowed. */
static uint32_t edge(const struct geometry *geometry, uint64_t pick)
{
	const uint32_t values[] = {0, 1, 2, 3, geometry->block_count - 1, geometry->block_count,
		UINT32_MAX, UINT32_MAX - 1, 0x80000000, 0x7fffffff, geometry->block_size,
		(uint32_t)(pick >> 32) % geometry->block_count};

	return values[pick % COUNT(values)];
}

/* Changes a few bytes of a half that is valid, and makes it valid again. */
static bool damage_half(uint8_t *block, const struct geometry *geometry, uint64_t *random)
{
	uint32_t len = tw_le32(block + 4) & 0x7fffffff;

	if (len < 20 || len > geometry->block_size || tw_crc32_raw(UINT32_MAX, block, len) != 0)
		return false;
	for (unsigned i = 0, count = 1 + (unsigned)(test_random(random) % 3); i < count; i++) {
		uint32_t at = (uint32_t)(test_random(random) % (len - 4));

		if (test_random(random) % 2 && at + 4 <= len - 4)
			tw_put_le32(block + (at & ~3u), edge(geometry, test_random(random)));
		else
			block[at] = (uint8_t)test_random(random);
	}
	len = tw_le32(block + 4) & 0x7fffffff;
	if (len >= 20 && len <= geometry->block_size)
		tw_put_le32(block + len - 4, tw_crc32_raw(UINT32_MAX, block, len - 4));
	return true;
}

/* A tag of a log taken apart, its payload copied. */
struct piece {
	unsigned type, id;
	bool is_removed;
	uint32_t len;
	uint8_t data[TW_V2_PAYLOAD_MAX + 4];
};

static void damage_piece(struct piece *piece, const struct geometry *geometry, uint64_t *random)
{
	static const unsigned types[] = {0x001, 0x002, 0x0ff, 0x200, 0x201, 0x202, 0x301, 0x401,
		0x4ff, 0x600, 0x601, 0x7ff, 0x05f, 0x27f, 0x402, 0x580, 0x610};
	uint64_t pick = test_random(random);

	switch (pick % 6) {
	case 0:
		piece->type = types[(pick >> 8) % COUNT(types)];
		break;
	case 1:
		piece->id = (pick >> 8) % 4 ? (unsigned)(pick >> 16) % 12 : (pick >> 16) % 1024;
		break;
	case 2:
		piece->len = (pick >> 8) % 2 ? (uint32_t)(pick >> 16) % 28 : piece->len / 2;
		break;
	case 3:
		piece->is_removed = !piece->is_removed;
		break;
	default:
		tw_put_le32(piece->data + (piece->len > 4 ? (pick >> 8) % (piece->len / 4) * 4 : 0),
			edge(geometry, pick >> 16));
	}
}

static size_t take_apart(const struct tw_v2_log *log, struct piece *pieces, size_t room)
{
	struct tw_v2_cursor cursor = TW_V2_BEGIN;
	struct tw_v2_item item;
	size_t count = 0;

	while (count < room && tw_v2_next(log, &cursor, &item)) {
		struct piece *piece = &pieces[count];

		if (tw_v2_is_commit(tw_v2_type(item.tag)) || tw_v2_type(item.tag) == TW_V2_FCRC)
			continue;
		*piece = (struct piece){.type = tw_v2_type(item.tag),
			.id = tw_v2_id(item.tag),
			.is_removed = tw_v2_is_removed(item.tag),
			.len = item.len};
		memcpy(piece->data, item.data, item.len);
		count++;
	}
	return count;
}

/* Changes a few tags of a log that is valid, and makes it valid again. */
static bool damage_log(uint8_t *block, const struct geometry *geometry, uint64_t *random)
{
	static struct piece pieces[300];
	uint8_t *bytes = calloc(1, geometry->block_size);
	struct tw_v2_log_writer writer = {.bytes = bytes,
		.block_size = geometry->block_size,
		.prog_size = geometry->prog_size,
		.off = TW_V2_REV_SIZE,
		.chain = UINT32_MAX,
		.has_fcrc = true};
	struct tw_v2_log log = {0};
	bool valid = bytes && tw_v2_scan(block, geometry->block_size, &log);
	size_t count = valid ? take_apart(&log, pieces, COUNT(pieces)) : 0;

	for (unsigned i = 0; count && i < 1 + (unsigned)(test_random(random) % 3); i++)
		damage_piece(&pieces[test_random(random) % count], geometry, random);
	for (size_t i = 0; i < count; i++) {
		if (pieces[i].is_removed)
			tw_v2_put_removed(&writer, pieces[i].type, pieces[i].id);
		else
			(void)tw_v2_put(&writer, pieces[i].type, pieces[i].id, pieces[i].data,
				pieces[i].len);
	}
	if (count) {
		tw_put_le32(bytes, log.rev);
		tw_v2_seal(&writer, NULL);
		memset(block, 0xff, geometry->block_size);
		memcpy(block, bytes, writer.off);
	}
	free(bytes);
	return count;
}

static bool damage_block(uint8_t *block, const struct geometry *geometry, uint64_t *random)
{
	return damage_half(block, geometry, random) || damage_log(block, geometry, random);
}

static void damage(struct chip *chip, const struct geometry *geometry, uint64_t *random)
{
	uint8_t *bytes = chip_bytes(chip);

	for (unsigned i = 0, count = 1 + (unsigned)(test_random(random) % 3); i < count; i++) {
		bool done = false;

		for (unsigned tries = 0; !done && tries < 50; tries++)
			done = damage_block(bytes + test_random(random) % geometry->block_count *
							    geometry->block_size,
				geometry, random);
	}
	if (test_random(random) % 4 == 0)
		bytes[test_random(random) % chip_size(chip)] ^=
			(uint8_t)(1u << test_random(random) % 8);
}

struct walk {
	struct twinfs_volume *volume;
	uint64_t dirs[200], files[400];
	size_t dir_count, file_count;
};

static int note_entry(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	struct walk *walk = ctx;

	must(*name && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, ".."),
		"a name that leads astray");
	if (stat->type == TWINFS_DIR && walk->dir_count < 200)
		walk->dirs[walk->dir_count++] = stat->ino;
	if (stat->type == TWINFS_REG && walk->file_count < 400)
		walk->files[walk->file_count++] = stat->ino;
	return 0;
}

static void read_file(struct twinfs_volume *volume, uint64_t ino, struct tally *tally)
{
	static uint8_t buf[70000];
	struct twinfs_view view;
	uint64_t sum = 0;

	if (twinfs_volume_open(volume, ino))
		return;
	tally->files_read += twinfs_volume_read(volume, ino, buf, sizeof(buf), 0) >= 0;
	if (twinfs_volume_view(volume, ino, sizeof(buf), 5, &view) == 0) {
		for (size_t i = 0; i < view.count; i++)
			for (size_t k = 0; k < view.iov[i].iov_len; k++)
				sum += ((const uint8_t *)view.iov[i].iov_base)[k];
		must(sum <= UINT64_C(255) * sizeof(buf), "impossible");
		twinfs_volume_release_view(volume, &view);
	}
	twinfs_volume_close(volume, ino);
}

static void look(struct twinfs_volume *volume, struct tally *tally)
{
	static struct walk walk;
	struct twinfs_statfs space;

	walk = (struct walk){.volume = volume, .dirs = {TWINFS_ROOT_INO}, .dir_count = 1};
	for (size_t i = 0; i < walk.dir_count; i++)
		(void)twinfs_volume_list(volume, walk.dirs[i], note_entry, &walk);
	for (size_t i = 0; i < walk.file_count; i++)
		read_file(volume, walk.files[i], tally);
	(void)twinfs_volume_statfs(volume, &space);
}

static void change(struct twinfs_volume *volume, uint64_t *random, struct tally *tally)
{
	static struct walk walk;
	struct model guess = {.has_attrs = true};

	walk = (struct walk){.volume = volume, .dirs = {TWINFS_ROOT_INO}, .dir_count = 1};
	for (unsigned i = 0; i < 25; i++) {
		struct model after = {0};
		struct op op;

		/* The model only serves to make up paths. */
		op_random(&op, &guess, random, 1500);
		tally->changes += op_on_volume(&op, volume) == 0;
		model_copy(&after, &guess);
		if (op_on_model(&op, &after) == 0)
			model_copy(&guess, &after);
		model_release(&after);
	}
	/* And on what is there. */
	(void)twinfs_volume_list(volume, TWINFS_ROOT_INO, note_entry, &walk);
	for (size_t i = 0; i < walk.file_count; i++) {
		if (twinfs_volume_open(volume, walk.files[i]))
			continue;
		(void)twinfs_volume_write(volume, walk.files[i], "some bytes", 10, 100);
		tally->changes += twinfs_volume_sync(volume, walk.files[i]) == 0;
		twinfs_volume_close(volume, walk.files[i]);
	}
	model_release(&guess);
}

static void count_finding(void *ctx, const struct twinfs_error *finding)
{
	struct tally *tally = ctx;

	must(finding->text[0], "a finding without text");
	tally->findings++;
}

static void try_all(struct chip *chip, uint64_t *random, struct tally *tally)
{
	struct twinfs_volume *volume;
	struct twinfs_superblock found;
	struct twinfs_error err = {0};

	(void)twinfs_volume_probe(chip_bytes(chip), chip_size(chip), 0, &found, &err);
	(void)twinfs_volume_check(chip->flash, &chip->config, count_finding, tally);
	if (twinfs_volume_mount(chip->flash, &chip->config, &volume, &err)) {
		must(err.text[0], "refused without a reason");
		tally->refused++;
		return;
	}
	tally->mounted++;
	look(volume, tally);
	(void)twinfs_volume_repair(volume);
	look(volume, tally);
	change(volume, random, tally);
	look(volume, tally);
	twinfs_volume_unmount(volume);
	(void)twinfs_volume_check(chip->flash, &chip->config, count_finding, tally);
}

int main(int argc, char **argv)
{
	unsigned images = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : IMAGES;
	uint64_t seed = test_seed(1), random = seed;
	struct tally tally = {0};

	for (unsigned good = 0; good < GOOD; good++) {
		const struct geometry *geometry = &geometries[good % COUNT(geometries)];
		struct chip chip;
		uint8_t *start;

		make_good(&chip, geometry, versions[good / COUNT(geometries) % COUNT(versions)],
			seed + good);
		start = malloc(chip_size(&chip));
		must(start, "no memory");
		memcpy(start, chip_bytes(&chip), chip_size(&chip));
		for (unsigned i = 0; i < images / GOOD + 1; i++) {
			(void)snprintf(test_context, sizeof(test_context),
				"seed %" PRIu64 ", image %u.%u", seed, good, i);
			memcpy(chip_bytes(&chip), start, chip_size(&chip));
			damage(&chip, geometry, &random);
			try_all(&chip, &random, &tally);
		}
		free(start);
		chip_release(&chip);
	}
	printf("%" PRIu64 " mounted, %" PRIu64 " refused, %" PRIu64 " files read, %" PRIu64
	       " changes, %" PRIu64 " findings\n",
		tally.mounted, tally.refused, tally.files_read, tally.changes, tally.findings);
	must(tally.mounted > tally.refused && tally.files_read && tally.changes && tally.findings,
		"hardly anything was tried");
	return 0;
}
