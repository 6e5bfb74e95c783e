/* SPDX-License-Identifier: MIT */
/*
 * test_watch.c - each change of a volume makes one event, before its first
 * flash operation and after its last one; what changes nothing makes none.
 */
#include "base/digest.h"
#include "lib/suite.h"
#include "rig2.h"

static const struct geometry geometry = {512, 128, 16, 0xff};

static const uint32_t versions[] = {TWINFS_LFS_1_1, TWINFS_LFS_2_0, TWINFS_LFS_2_1};

static const char *const kinds[] = {
	[TWINFS_CHANGE_CREATE] = "create",
	[TWINFS_CHANGE_MKDIR] = "mkdir",
	[TWINFS_CHANGE_CONTENT] = "content",
	[TWINFS_CHANGE_REMOVE] = "remove",
	[TWINFS_CHANGE_RENAME] = "rename",
	[TWINFS_CHANGE_ATTR] = "attr",
	[TWINFS_CHANGE_RESIZE] = "resize",
};

/* What a watch was told since the last look, and when. */
struct diary {
	struct rig rig;
	char text[1024];
	uint64_t before; /* operations of the chip at the last look */
	uint64_t began, ended;
	struct twinfs_volume_change last; /* without its paths */
};

static void say(struct diary *diary, const char *what, const struct twinfs_volume_change *change,
	int rc)
{
	size_t len = strlen(diary->text);

	(void)snprintf(diary->text + len, sizeof(diary->text) - len, "%s%s %s %s%s%s%s%s %d",
		len ? "; " : "", what, kinds[change->kind],
		change->type == TWINFS_DIR ? "dir " : "", change->path,
		change->new_path ? " to " : "", change->new_path ? change->new_path : "",
		change->replaces ? " replacing" : "", rc);
}

static void note_began(void *ctx, const struct twinfs_volume_change *change)
{
	struct diary *diary = ctx;

	say(diary, "began", change, 0);
	diary->began = rig_seq(&diary->rig);
	diary->last = *change;
}

static void note_ended(void *ctx, const struct twinfs_volume_change *change, int rc)
{
	struct diary *diary = ctx;

	say(diary, "ended", change, rc);
	diary->ended = rig_seq(&diary->rig);
}

static void forget(struct diary *diary)
{
	diary->text[0] = '\0';
	diary->before = rig_seq(&diary->rig);
}

static void open_diary(struct diary *diary, uint32_t version, unsigned flags)
{
	const struct twinfs_volume_watch watch = {note_began, note_ended, diary};

	*diary = (struct diary){0};
	rig_open(&diary->rig, &geometry, version, 0);
	diary->rig.chip.config.flags = flags;
	rig_remount(&diary->rig);
	ck_assert_int_eq(twinfs_volume_set_watch(diary->rig.volume, &watch), 0);
	forget(diary);
}

/* The last call made one event of @what, which came to @rc. */
static void expect(struct diary *diary, const char *what, int rc)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "began %s 0; ended %s %d", what, what, rc);
	ck_assert_str_eq(diary->text, text);
	ck_assert_uint_eq(diary->began, diary->before);
	ck_assert_uint_eq(diary->ended, rig_seq(&diary->rig));
	ck_assert_uint_gt(diary->ended, diary->began);
	forget(diary);
}

static void expect_none(struct diary *diary)
{
	ck_assert_str_eq(diary->text, "");
	forget(diary);
}

static void expect_digest(const struct diary *diary, const void *data, size_t len)
{
	ck_assert_uint_eq(diary->last.size, len);
	ck_assert(tw_digest_is_same(diary->last.digest, twinfs_digest(data, len)));
}

START_TEST(tree)
{
	for (unsigned i = 0; i < COUNT(versions); i++) {
		struct diary diary;
		struct rig *rig = &diary.rig;
		uint64_t dir, ino;

		open_diary(&diary, versions[i], 0);
		dir = rig_mkdir(rig, TWINFS_ROOT_INO, "d");
		expect(&diary, "mkdir dir /d", 0);
		ino = rig_create(rig, dir, "f");
		expect(&diary, "create /d/f", 0);
		(void)rig_create(rig, TWINFS_ROOT_INO, "g");
		expect(&diary, "create /g", 0);
		ck_assert_int_eq(twinfs_volume_rename(rig->volume, dir, "f", dir, "h", 0), 0);
		expect(&diary, "rename /d/f to /d/h", 0);
		ck_assert_int_eq(twinfs_volume_rename(rig->volume, dir, "h", TWINFS_ROOT_INO, "g",
					 0),
			0);
		expect(&diary, "rename /d/h to /g replacing", 0);
		ck_assert_int_eq(twinfs_volume_rename(rig->volume, TWINFS_ROOT_INO, "d",
					 TWINFS_ROOT_INO, "e", 0),
			0);
		expect(&diary, "rename dir /d to /e", 0);
		ck_assert_int_eq(twinfs_volume_rmdir(rig->volume, TWINFS_ROOT_INO, "e"), 0);
		expect(&diary, "remove dir /e", 0);
		ck_assert_int_eq(twinfs_volume_unlink(rig->volume, TWINFS_ROOT_INO, "g"), 0);
		expect(&diary, "remove /g", 0);
		ck_assert_int_eq(twinfs_volume_stat(rig->volume, ino, &(struct twinfs_stat){0}),
			-ESTALE);
		rig_close(rig);
	}
}
END_TEST

/* Content is the whole file, whatever part of it is written; it is hashed as it is in memory. */
START_TEST(content)
{
	for (unsigned i = 0; i < COUNT(versions); i++) {
		struct diary diary;
		struct twinfs_volume *volume;
		uint8_t data[3000];
		uint64_t ino;

		open_diary(&diary, versions[i], 0);
		volume = diary.rig.volume;
		ino = rig_create(&diary.rig, TWINFS_ROOT_INO, "f");
		for (size_t k = 0; k < sizeof(data); k++)
			data[k] = rig_byte(i, k);
		ck_assert_int_eq(twinfs_volume_open(volume, ino), 0);
		ck_assert_int_eq(twinfs_volume_write(volume, ino, data, 2500, 0), 2500);
		forget(&diary);
		ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
		expect(&diary, "content /f", 0);
		expect_digest(&diary, data, 2500);
		ck_assert_int_eq(twinfs_volume_write(volume, ino, data + 2400, 600, 2400), 600);
		expect_none(&diary);
		ck_assert_int_eq(twinfs_volume_sync_all(volume), 0);
		expect(&diary, "content /f", 0);
		expect_digest(&diary, data, 3000);
		ck_assert_int_eq(twinfs_volume_truncate(volume, ino, 7), 0);
		twinfs_volume_close(volume, ino);
		expect_none(&diary);
		ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
		expect(&diary, "content /f", 0);
		expect_digest(&diary, data, 7);
		rig_close(&diary.rig);
	}
}
END_TEST

START_TEST(attributes)
{
	struct diary diary;
	struct twinfs_volume *volume;
	uint64_t ino;

	open_diary(&diary, TWINFS_LFS_2_1, TWINFS_VOLUME_MTIME);
	volume = diary.rig.volume;
	ino = rig_create(&diary.rig, TWINFS_ROOT_INO, "f");
	forget(&diary);
	ck_assert_int_eq(twinfs_volume_set_attr(volume, ino, 9, "abc", 3, 0), 0);
	expect(&diary, "attr /f", 0);
	expect_digest(&diary, "abc", 3);
	ck_assert_uint_eq(diary.last.attr, 9);
	ck_assert(!diary.last.removes_attr);
	ck_assert_int_eq(twinfs_volume_remove_attr(volume, ino, 9), 0);
	expect(&diary, "attr /f", 0);
	ck_assert(diary.last.removes_attr);
	ck_assert_int_eq(twinfs_volume_set_attr(volume, TWINFS_ROOT_INO, 8, NULL, 0, 0), 0);
	expect(&diary, "attr dir /", 0);
	ck_assert(!diary.last.removes_attr);
	expect_digest(&diary, "", 0);
	ck_assert_int_eq(twinfs_volume_set_mtime(volume, ino, 12345), 0);
	expect_none(&diary);
	ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
	expect(&diary, "attr /f", 0);
	ck_assert_uint_eq(diary.last.attr, TWINFS_ATTR_MTIME);
	expect_digest(&diary, "\x39\x30\0\0\0\0\0\0", 8);
	ck_assert_int_eq(twinfs_volume_resize(volume, 100), 0);
	expect(&diary, "resize dir /", 0);
	ck_assert_uint_eq(diary.last.size, 100);
	rig_close(&diary.rig);
}
END_TEST

START_TEST(nothing_to_tell)
{
	for (unsigned i = 0; i < COUNT(versions); i++) {
		struct diary diary;
		struct twinfs_volume *volume;
		uint64_t ino, other;

		open_diary(&diary, versions[i], 0);
		volume = diary.rig.volume;
		ino = rig_create(&diary.rig, TWINFS_ROOT_INO, "f");
		forget(&diary);
		ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
		ck_assert_int_eq(twinfs_volume_sync_all(volume), 0);
		ck_assert_int_eq(twinfs_volume_create(volume, TWINFS_ROOT_INO, "f", &other),
			-EEXIST);
		ck_assert_int_eq(twinfs_volume_unlink(volume, TWINFS_ROOT_INO, "g"), -ENOENT);
		ck_assert_int_eq(twinfs_volume_rename(volume, TWINFS_ROOT_INO, "f", TWINFS_ROOT_INO,
					 "f", 0),
			0);
		ck_assert_int_eq(twinfs_volume_remove_attr(volume, ino, 3),
			versions[i] == TWINFS_LFS_1_1 ? -ENOTSUP : -ENODATA);
		expect_none(&diary);

		ck_assert_int_eq(twinfs_volume_open(volume, ino), 0);
		ck_assert_int_eq(twinfs_volume_unlink(volume, TWINFS_ROOT_INO, "f"), 0);
		forget(&diary);
		ck_assert_int_eq(twinfs_volume_write(volume, ino, "abc", 3, 0), 3);
		ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
		ck_assert_int_eq(twinfs_volume_sync_all(volume), 0);
		twinfs_volume_close(volume, ino);
		expect_none(&diary);

		ck_assert_int_eq(twinfs_volume_set_watch(volume, NULL), 0);
		(void)rig_create(&diary.rig, TWINFS_ROOT_INO, "g");
		expect_none(&diary);
		rig_close(&diary.rig);
	}
}
END_TEST

/* What a power cut left is mended before the event, not in it. */
START_TEST(repair_comes_first)
{
	for (unsigned i = 0; i < COUNT(versions); i++) {
		struct diary diary;
		struct rig *rig = &diary.rig;
		struct twinfs_pending pending;
		uint64_t count;

		open_diary(&diary, versions[i], 0);
		(void)rig_mkdir(rig, TWINFS_ROOT_INO, "d");
		count = rig->chip.trouble.count;
		/* a directory loses its entry first, then its place on the thread */
		rig->chip.trouble.cut_at = count + (versions[i] == TWINFS_LFS_1_1 ? 3 : 2);
		ck_assert_int_eq(twinfs_volume_rmdir(rig->volume, TWINFS_ROOT_INO, "d"),
			-ESHUTDOWN);
		chip_heal(&rig->chip);
		rig_remount(rig);
		twinfs_volume_pending(rig->volume, &pending);
		ck_assert_uint_eq(pending.orphans, 1);
		ck_assert_int_eq(twinfs_volume_set_watch(rig->volume,
					 &(struct twinfs_volume_watch){
						 note_began, note_ended, &diary}),
			0);
		forget(&diary);
		(void)rig_create(rig, TWINFS_ROOT_INO, "f");
		ck_assert_str_eq(diary.text, "began create /f 0; ended create /f 0");
		ck_assert_uint_gt(diary.began, diary.before);
		ck_assert_uint_gt(diary.ended, diary.began);
		forget(&diary);
		rig_close(rig);
	}
}
END_TEST

/* ---- changes that fail ---- */

static int create(struct twinfs_volume *volume)
{
	uint64_t ino;

	return twinfs_volume_create(volume, TWINFS_ROOT_INO, "new", &ino);
}

static int make_dir(struct twinfs_volume *volume)
{
	uint64_t ino;

	return twinfs_volume_mkdir(volume, TWINFS_ROOT_INO, "new", &ino);
}

static int sync_all(struct twinfs_volume *volume)
{
	return twinfs_volume_sync_all(volume);
}

static int remove_file(struct twinfs_volume *volume)
{
	return twinfs_volume_unlink(volume, TWINFS_ROOT_INO, "f");
}

static int remove_dir(struct twinfs_volume *volume)
{
	return twinfs_volume_rmdir(volume, TWINFS_ROOT_INO, "d");
}

static int rename_file(struct twinfs_volume *volume)
{
	return twinfs_volume_rename(volume, TWINFS_ROOT_INO, "f", TWINFS_ROOT_INO, "g", 0);
}

static int set_attr(struct twinfs_volume *volume)
{
	return twinfs_volume_set_attr(volume, TWINFS_ROOT_INO, 4, "x", 1, 0);
}

static int resize(struct twinfs_volume *volume)
{
	return twinfs_volume_resize(volume, 99);
}

START_TEST(failures)
{
	static const struct {
		int (*change)(struct twinfs_volume *volume);
		const char *what;
		bool needs_2;
	} cases[] = {
		{create, "create /new", false},
		{make_dir, "mkdir dir /new", false},
		{sync_all, "content /f", false},
		{remove_file, "remove /f", false},
		{remove_dir, "remove dir /d", false},
		{rename_file, "rename /f to /g", false},
		{set_attr, "attr dir /", true},
		{resize, "resize dir /", true},
	};

	for (unsigned i = 0; i < COUNT(versions) * COUNT(cases); i++) {
		uint32_t version = versions[i / COUNT(cases)];
		struct diary diary;
		struct rig *rig = &diary.rig;
		uint64_t ino;

		if (version == TWINFS_LFS_1_1 && cases[i % COUNT(cases)].needs_2)
			continue;
		open_diary(&diary, version, 0);
		(void)rig_mkdir(rig, TWINFS_ROOT_INO, "d");
		ino = rig_create(rig, TWINFS_ROOT_INO, "f");
		ck_assert_int_eq(twinfs_volume_open(rig->volume, ino), 0);
		ck_assert_int_eq(twinfs_volume_write(rig->volume, ino, "abc", 3, 0), 3);
		forget(&diary);
		rig->chip.trouble.cut_at = rig->chip.trouble.count + 1;
		ck_assert_int_eq(cases[i % COUNT(cases)].change(rig->volume), -ESHUTDOWN);
		expect(&diary, cases[i % COUNT(cases)].what, -ESHUTDOWN);
		chip_heal(&rig->chip);
		rig_close(rig);
	}
}
END_TEST

RUN_CASES("watch", tree, content, attributes, nothing_to_tell, repair_comes_first, failures)
