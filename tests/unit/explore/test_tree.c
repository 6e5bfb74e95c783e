/* SPDX-License-Identifier: MIT */
/*
 * test_tree.c - what a module shows, read from volumes and slots.
 */
#include "explore/tree.h"

#include <string.h>

#include "lib/chip.h"
#include "lib/suite.h"
#include "trees.h"

static const struct geometry geometry = {4096, 32, 16, 0xff};

static uint64_t put(struct twinfs_volume *volume, uint64_t dir, const char *name, const char *text)
{
	uint64_t ino;

	ck_assert_int_eq(twinfs_volume_create(volume, dir, name, &ino), 0);
	ck_assert_int_eq(twinfs_volume_open(volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(volume, ino, text, strlen(text), 0),
		(int64_t)strlen(text));
	ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
	twinfs_volume_close(volume, ino);
	return ino;
}

static void check_same(const struct tw_shown *tree, const char *text)
{
	struct tw_shown other = {0};

	set_tree(&other, text);
	for (size_t i = 0; i < other.count; i++) {
		const char *path = tw_shown_path(&other, &other.things[i]);
		const struct tw_thing *thing = tw_shown_find(tree, path, other.things[i].attr);

		ck_assert_msg(thing, "%s is missing", path);
		ck_assert_msg(tw_version_is_same(&thing->version, &other.things[i].version),
			"%s is another", path);
	}
	ck_assert_uint_eq(tree->count, other.count);
	ck_assert_uint_eq(tree->sum.low, other.sum.low);
	ck_assert_uint_eq(tree->sum.high, other.sum.high);
	tw_shown_release(&other);
}

/* Both formats; from the root and from a directory; twice into the same memory. */
static void read_one(uint32_t version)
{
	char big[10001];
	struct tw_shown tree = {0};
	struct twinfs_volume *volume;
	struct chip chip;
	uint64_t dir, inner;

	memset(big, 'b', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	chip_init(&chip, &geometry);
	chip.config.disk_version = version;
	chip.config.flags = TWINFS_VOLUME_MTIME;
	ck_assert_int_eq(twinfs_volume_format(chip.flash, &chip.config, NULL), 0);
	volume = chip_mount(&chip);
	put(volume, TWINFS_ROOT_INO, "a", "one");
	ck_assert_int_eq(twinfs_volume_mkdir(volume, TWINFS_ROOT_INO, "d", &dir), 0);
	ck_assert_int_eq(twinfs_volume_mkdir(volume, dir, "e", &inner), 0);
	put(volume, inner, "f", "");
	put(volume, inner, "g", "x");
	for (int i = 0; i < 2; i++) {
		tw_shown_clear(&tree);
		ck_assert_int_eq(tw_shown_add_volume(&tree, "/usr", volume, TWINFS_ROOT_INO, NULL),
			0);
		check_same(&tree, "/usr/d/e/g=x /usr/a=one /usr/d/ /usr/d/e/f= /usr/d/e/");
	}
	tw_shown_clear(&tree);
	ck_assert_int_eq(tw_shown_add_volume(&tree, "/usr", volume, dir, NULL), 0);
	check_same(&tree, "/usr/e/ /usr/e/f= /usr/e/g=x");

	/* Content of several blocks is read in pieces. */
	put(volume, dir, "big", big);
	tw_shown_clear(&tree);
	ck_assert_int_eq(tw_shown_add_volume(&tree, "", volume, dir, NULL), 0);
	ck_assert_uint_eq(tw_shown_find(&tree, "/big", TW_NOT_ATTR)->version.digest.low,
		twinfs_digest(big, sizeof(big) - 1).low);
	tw_shown_release(&tree);
	twinfs_volume_unmount(volume);
	chip_release(&chip);
}

START_TEST(test_read)
{
	read_one(TWINFS_LFS_1_1);
	read_one(TWINFS_LFS_2_1);
}
END_TEST

/* Attributes are things of their own; times are none. */
START_TEST(test_attrs)
{
	struct tw_shown tree = {0};
	struct twinfs_volume *volume;
	struct chip chip;
	uint64_t ino;

	chip_init(&chip, &geometry);
	chip.config.disk_version = TWINFS_LFS_2_1;
	ck_assert_int_eq(twinfs_volume_format(chip.flash, &chip.config, NULL), 0);
	volume = chip_mount(&chip);
	ino = put(volume, TWINFS_ROOT_INO, "a", "one");
	ck_assert_int_eq(twinfs_volume_set_attr(volume, ino, 7, "value", 5, 0), 0);
	ck_assert_int_eq(twinfs_volume_set_attr(volume, ino, 200, "", 0, 0), 0);
	ck_assert_int_eq(twinfs_volume_set_attr(volume, ino, TWINFS_ATTR_MTIME, "12345678", 8, 0),
		0);
	ck_assert_int_eq(tw_shown_add_volume(&tree, "/usr", volume, TWINFS_ROOT_INO, NULL), 0);
	check_same(&tree, "/usr/a=one /usr/a@7=value /usr/a@200=");
	tw_shown_release(&tree);
	twinfs_volume_unmount(volume);
	chip_release(&chip);
}
END_TEST

/* A block list that leads nowhere. */
START_TEST(test_broken)
{
	struct tw_shown tree = {0};
	struct twinfs_volume *volume;
	struct chip chip;
	char text[6001];
	uint8_t *bytes;

	memset(text, 'A', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	chip_init(&chip, &geometry);
	ck_assert_int_eq(twinfs_volume_format(chip.flash, &chip.config, NULL), 0);
	volume = chip_mount(&chip);
	put(volume, TWINFS_ROOT_INO, "a", text);
	put(volume, TWINFS_ROOT_INO, "b", "fine");
	twinfs_volume_unmount(volume);
	bytes = chip_bytes(&chip);
	for (uint64_t at = 0; at < chip_size(&chip); at += 4096)
		if (bytes[at] != 'A' && bytes[at + 4] == 'A' && bytes[at + 5] == 'A')
			memset(bytes + at, 0x77, 4);
	volume = chip_mount(&chip);
	ck_assert_int_eq(tw_shown_add_volume(&tree, "/usr", volume, TWINFS_ROOT_INO, NULL), 0);
	check_same(&tree, "/usr/a! /usr/b=fine");
	tw_shown_release(&tree);
	twinfs_volume_unmount(volume);
	chip_release(&chip);
}
END_TEST

START_TEST(test_slots)
{
	struct tw_shown tree = {0};
	struct twinfs_secure *secure;
	struct chip chip;

	chip_init(&chip, &geometry);
	ck_assert_int_eq(twinfs_secure_open(chip.flash, 0, chip_size(&chip), NULL, &secure, NULL),
		0);
	ck_assert_int_eq(tw_shown_add_slots(&tree, secure), 0);
	ck_assert_uint_eq(tree.count, 0);
	ck_assert_int_eq(twinfs_secure_store(secure, 3, "key", 3), TWINFS_SECURE_OK);
	ck_assert_int_eq(twinfs_secure_store(secure, 16, "", 0), TWINFS_SECURE_OK);
	ck_assert_int_eq(tw_shown_add_slots(&tree, secure), 0);
	check_same(&tree, "#3=key #16=");
	tw_shown_release(&tree);
	twinfs_secure_close(secure);
	chip_release(&chip);
}
END_TEST

struct counts {
	unsigned gets, puts;
	struct twinfs_digest known;
};

static bool get(void *ctx, struct twinfs_volume *volume, uint64_t ino, uint64_t size,
	struct twinfs_digest *ret_digest)
{
	struct counts *counts = ctx;

	(void)volume, (void)ino;
	counts->gets++;
	*ret_digest = counts->known;
	return size == 3;
}

static void put_digest(void *ctx, struct twinfs_volume *volume, uint64_t ino, uint64_t size,
	struct twinfs_digest digest)
{
	struct counts *counts = ctx;

	(void)volume, (void)ino;
	counts->puts++;
	ck_assert_uint_eq(size, 4);
	ck_assert_uint_eq(digest.low, twinfs_digest("four", 4).low);
}

/* What the cache knows is believed; what it does not know, it is told. */
START_TEST(test_cache)
{
	struct counts counts = {.known = twinfs_digest("two", 3)};
	const struct tw_shown_cache cache = {get, put_digest, &counts};
	struct tw_shown tree = {0};
	struct twinfs_volume *volume;
	struct chip chip;

	chip_init(&chip, &geometry);
	ck_assert_int_eq(twinfs_volume_format(chip.flash, &chip.config, NULL), 0);
	volume = chip_mount(&chip);
	put(volume, TWINFS_ROOT_INO, "a", "one");
	put(volume, TWINFS_ROOT_INO, "b", "four");
	ck_assert_int_eq(tw_shown_add_volume(&tree, "/usr", volume, TWINFS_ROOT_INO, &cache), 0);
	check_same(&tree, "/usr/a=two /usr/b=four");
	ck_assert_uint_eq(counts.gets, 2);
	ck_assert_uint_eq(counts.puts, 1);
	tw_shown_release(&tree);
	twinfs_volume_unmount(volume);
	chip_release(&chip);
}
END_TEST

/* A change of one thing is a difference of sums; anything that differs shows in them. */
START_TEST(test_sum)
{
	static const char *const others[] = {"/usr/a=one", "/usr/a=one /usr/c=two",
		"/usr/a=one /usr/b=two /usr/d/", "/usr/a=two /usr/b=one", "/usr/a=one /usr/b/",
		"/usr/a=one /usr/b!", "/usr/a=one /usr/a@5=two", "/usr/a=one /usr/b=two /usr/b@0="};
	struct tw_shown tree = {0}, other = {0};
	struct twinfs_digest sum;
	const struct tw_version two = version_of(TW_THING_FILE, "two", 3);

	set_tree(&tree, "/usr/a=one /usr/b=two");
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		set_tree(&other, others[i]);
		ck_assert_msg(other.sum.low != tree.sum.low && other.sum.high != tree.sum.high,
			"%s", others[i]);
	}
	set_tree(&tree, "/usr/a@5=v");
	set_tree(&other, "/usr/a@6=v");
	ck_assert(other.sum.low != tree.sum.low && other.sum.high != tree.sum.high);
	set_tree(&tree, "/usr/a=one /usr/b=two");
	set_tree(&other, "/usr/b=two /usr/a=one");
	ck_assert_mem_eq(&other.sum, &tree.sum, sizeof(tree.sum));
	set_tree(&other, "/usr/a=one");
	sum = tw_sum_take(tree.sum, tw_sum_of("/usr/b", 6, TW_NOT_ATTR, &two));
	ck_assert_mem_eq(&other.sum, &sum, sizeof(sum));
	sum = tw_sum_add(other.sum, tw_sum_of("/usr/b", 6, TW_NOT_ATTR, &two));
	ck_assert_mem_eq(&tree.sum, &sum, sizeof(sum));
	tw_shown_release(&tree);
	tw_shown_release(&other);
}
END_TEST

RUN_CASES("tree", test_read, test_attrs, test_broken, test_slots, test_cache, test_sum)
