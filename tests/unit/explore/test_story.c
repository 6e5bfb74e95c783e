/* SPDX-License-Identifier: MIT */
/*
 * test_story.c - a run in memory: recorded, read from a trace, put back.
 */
#include "explore/story.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "explore/story_record.h"
#include "lib/chip.h"
#include "lib/suite.h"
#include "lib/tempdir.h"

#define SIZE 65536u

static const struct geometry geometry = {4096, SIZE / 4096, 16, 0xff};

/* A chip with something on it, and two hooks around its own. */
struct rig {
	struct chip chip;
	struct tw_story *story;
	struct tw_story_recorder recorder;
	struct twinfs_flash_hook hooks[3];
	uint8_t before[SIZE];
};

static void chain(struct rig *rig, struct twinfs_flash_hook first, struct twinfs_flash_hook last)
{
	rig->hooks[0] = first;
	rig->hooks[1] = rig->chip.hook;
	rig->hooks[2] = last;
	rig->hooks[0].next = &rig->hooks[1];
	rig->hooks[1].next = &rig->hooks[2];
	twinfs_flash_set_hook(rig->chip.flash, rig->hooks);
}

static struct rig *make_rig(void)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	ck_assert_ptr_nonnull(rig);
	chip_init(&rig->chip, &geometry);
	ck_assert_int_eq(twinfs_volume_format(rig->chip.flash, &rig->chip.config, NULL), 0);
	memcpy(rig->before, chip_bytes(&rig->chip), SIZE);
	rig->story = tw_story_new("the run", SIZE, &twinfs_flash_config(rig->chip.flash)->geometry);
	ck_assert_ptr_nonnull(rig->story);
	rig->story->before = twinfs_digest(rig->before, SIZE);
	rig->story->has_before = true;
	return rig;
}

static void free_rig(struct rig *rig)
{
	tw_story_free(rig->story);
	chip_release(&rig->chip);
	free(rig);
}

static void write_file(struct twinfs_volume *volume, const char *name, const char *text)
{
	uint64_t ino;

	ck_assert_int_eq(twinfs_volume_create(volume, TWINFS_ROOT_INO, name, &ino), 0);
	ck_assert_int_eq(twinfs_volume_open(volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(volume, ino, text, strlen(text), 0),
		(int64_t)strlen(text));
	ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
	twinfs_volume_close(volume, ino);
}

static void work(struct rig *rig)
{
	struct twinfs_volume *volume = chip_mount(&rig->chip);

	write_file(volume, "a", "some text");
	write_file(volume, "b", "other text");
	ck_assert_int_eq(twinfs_volume_unlink(volume, TWINFS_ROOT_INO, "a"), 0);
	ck_assert_int_eq(twinfs_flash_disturb(rig->chip.flash, SIZE - 1, 0x10), 0);
	write_file(volume, "c", "more");
	twinfs_volume_unmount(volume);
}

/* All operations lead from the bytes before to those after. */
static void check_replay(const struct tw_story *story, const uint8_t *before, const uint8_t *after)
{
	uint8_t *bytes = malloc(SIZE);

	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, before, SIZE);
	for (size_t i = 0; i < story->op_count; i++)
		tw_story_apply(&story->ops[i], bytes);
	ck_assert_mem_eq(bytes, after, SIZE);
	free(bytes);
}

START_TEST(test_record)
{
	struct rig *rig = make_rig();
	uint64_t flips = 0;

	tw_story_record(&rig->recorder, rig->story, rig->chip.flash);
	chain(rig, rig->recorder.first, rig->recorder.last);
	work(rig);
	ck_assert_int_eq(rig->recorder.rc, 0);
	ck_assert_uint_gt(rig->story->op_count, 10);
	for (size_t i = 0; i < rig->story->op_count; i++)
		flips += rig->story->ops[i].kind == TW_STORY_FLIP;
	ck_assert_uint_eq(flips, 1);
	check_replay(rig->story, rig->before, chip_bytes(&rig->chip));
	free_rig(rig);
}
END_TEST

/* A torn operation is in the story as it was, and goes back too. */
START_TEST(test_torn)
{
	struct rig *rig = make_rig();
	struct twinfs_volume *volume = chip_mount(&rig->chip);
	uint64_t ino;

	tw_story_record(&rig->recorder, rig->story, rig->chip.flash);
	chain(rig, rig->recorder.first, rig->recorder.last);
	rig->chip.trouble.count = 0;
	rig->chip.trouble.cut_at = 2;
	rig->chip.trouble.torn_eighths = 4;
	ck_assert_int_eq(twinfs_volume_create(volume, TWINFS_ROOT_INO, "a", &ino), -ESHUTDOWN);
	twinfs_volume_unmount(volume);
	ck_assert_uint_eq(rig->story->op_count, 2);
	check_replay(rig->story, rig->before, chip_bytes(&rig->chip));
	free_rig(rig);
}
END_TEST

/* Three images: the one before, the one after, and one that is neither. */
START_TEST(test_rewind)
{
	struct rig *rig = make_rig();
	struct twinfs_error err = {0};
	uint8_t *bytes = chip_bytes(&rig->chip);
	struct twinfs_image *half;

	tw_story_record(&rig->recorder, rig->story, rig->chip.flash);
	chain(rig, rig->recorder.first, rig->recorder.last);
	ck_assert_int_eq(tw_story_rewind(rig->story, rig->chip.image, "app.img", &err), 0);
	work(rig);
	ck_assert_int_ne(memcmp(bytes, rig->before, SIZE), 0);
	ck_assert_int_eq(tw_story_rewind(rig->story, rig->chip.image, "app.img", &err), 0);
	ck_assert_mem_eq(bytes, rig->before, SIZE);

	/* A cell that the run never touched: then the others stay as they are, too. */
	for (size_t i = 0; i < rig->story->op_count; i++)
		tw_story_apply(&rig->story->ops[i], bytes);
	bytes[SIZE - 8192] ^= 1;
	memcpy(rig->before, bytes, SIZE);
	ck_assert_int_eq(tw_story_rewind(rig->story, rig->chip.image, "app.img", &err), -EUCLEAN);
	ck_assert_str_eq(err.text, "app.img: is neither the image before nor after the run of the "
				   "run: other bytes differ too");
	ck_assert_mem_eq(bytes, rig->before, SIZE);
	ck_assert_int_eq(twinfs_image_memory(SIZE / 2, &half), 0);
	ck_assert_int_eq(tw_story_rewind(rig->story, half, "half.img", &err), -EUCLEAN);
	ck_assert_str_eq(err.text,
		"half.img: has 32768 bytes, and the chip of the run has 65536; name all files that "
		"the run had");
	twinfs_image_close(half);
	free_rig(rig);
}
END_TEST

static void mark(struct twinfs_recorder *recorder, enum twinfs_trace_mark_kind kind,
	enum twinfs_traced_change change, const char *path, int result)
{
	const struct twinfs_trace_mark it = {.kind = kind,
		.change = change,
		.path = path,
		.new_path = change == TWINFS_TRACED_RENAME ? "/usr/moved" : "",
		.size = change == TWINFS_TRACED_CONTENT ? 3 : 0,
		.digest = twinfs_digest("abc", 3),
		.index = *path ? 0 : 7,
		.result = result};

	ck_assert_int_eq(twinfs_recorder_mark(recorder, &it), 0);
}

/* What a trace says comes out as a story, changes joined from both their marks. */
START_TEST(test_load)
{
	const struct twinfs_trace_part part = {"customer_fs", "/usr", 0, SIZE, 4096};
	const struct twinfs_recorder_options options = {.parts = &part, .part_count = 1};
	struct rig *rig = make_rig();
	struct twinfs_flash_hook first, last;
	struct twinfs_recorder *recorder;
	struct tw_story *story;

	ck_assert_int_eq(twinfs_recorder_new(rig->chip.flash, "run.trace", &options, &recorder,
				 NULL),
		0);
	twinfs_recorder_hooks(recorder, &first, &last);
	chain(rig, first, last);
	mark(recorder, TWINFS_MARK_BOOT_BEGAN, 0, "", 0);
	mark(recorder, TWINFS_MARK_CHANGE_BEGAN, TWINFS_TRACED_CONTENT, "/usr/a", 0);
	mark(recorder, TWINFS_MARK_STORE_BEGAN, 0, "", 0);
	work(rig);
	mark(recorder, TWINFS_MARK_CHANGE_ENDED, TWINFS_TRACED_CONTENT, "/usr/a", -EIO);
	mark(recorder, TWINFS_MARK_BOOT_ENDED, 0, "", 0);
	mark(recorder, TWINFS_MARK_CHANGE_BEGAN, TWINFS_TRACED_RENAME, "/usr/a", 0);
	mark(recorder, TWINFS_MARK_STORE_ENDED, 0, "", 0);
	mark(recorder, TWINFS_MARK_NOTE, 0, "a note", 0);
	twinfs_flash_set_hook(rig->chip.flash, NULL);
	ck_assert_int_eq(twinfs_recorder_close(recorder, NULL), 0);

	ck_assert_int_eq(tw_story_load("run.trace", &story, NULL), 0);
	check_replay(story, rig->before, chip_bytes(&rig->chip));
	ck_assert(story->is_whole);
	ck_assert_uint_eq(story->part_count, 1);
	ck_assert_str_eq(story->parts[0].path, "/usr");
	ck_assert_uint_eq(story->change_count, 3);
	ck_assert_int_eq(story->changes[0].kind, TW_STORY_CONTENT);
	ck_assert_int_eq(story->changes[0].rc, -EIO);
	ck_assert_uint_eq(story->changes[0].size, 3);
	ck_assert_uint_eq(story->changes[0].phase, 0);
	ck_assert_uint_eq(story->changes[0].began, 0);
	ck_assert_uint_eq(story->changes[0].ended, story->op_count);
	ck_assert_int_eq(story->changes[1].kind, TW_STORY_STORE);
	ck_assert_uint_eq(story->changes[1].slot, 7);
	ck_assert(story->changes[1].has_ended);
	ck_assert_int_eq(story->changes[2].kind, TW_STORY_RENAME);
	ck_assert_str_eq(story->changes[2].new_path, "/usr/moved");
	ck_assert_uint_eq(story->changes[2].phase, TW_STORY_NONE);
	ck_assert(!story->changes[2].has_ended);
	ck_assert_uint_eq(story->ops[0].phase, 0);
	ck_assert_uint_eq(story->phase_count, 1);
	ck_assert_uint_eq(story->event_count, 8);
	ck_assert_str_eq(story->notes[0], "a note");
	ck_assert_int_eq(tw_story_rewind(story, rig->chip.image, "app.img", NULL), 0);
	ck_assert_mem_eq(chip_bytes(&rig->chip), rig->before, SIZE);
	tw_story_free(story);
	free_rig(rig);
}
END_TEST

/* Files with a gap between them, the first of which ends within an erase unit. */
START_TEST(test_files)
{
	const char *const paths[] = {"one.bin", "two.bin"};
	const struct twinfs_flash_config config = {.geometry = {1, 16, 4096}};
	struct tw_story_recorder recorder;
	struct twinfs_flash_hook hooks[2];
	struct twinfs_image *image;
	struct twinfs_flash *flash;
	struct tw_story *story;
	uint8_t zeros[16] = {0}, *bytes;

	tempdir_make("one.bin", 6000, 0xff);
	tempdir_make("two.bin", 8192, 0xff);
	ck_assert_int_eq(twinfs_image_open(paths, 2, TWINFS_IMAGE_SCRATCH, &image, NULL), 0);
	ck_assert_int_eq(twinfs_flash_new(image, &config, &flash, NULL), 0);
	story = tw_story_new("the run", twinfs_image_size(image), &config.geometry);
	ck_assert_ptr_nonnull(story);
	tw_story_record(&recorder, story, flash);
	hooks[0] = recorder.first;
	hooks[1] = recorder.last;
	hooks[0].next = &hooks[1];
	twinfs_flash_set_hook(flash, hooks);
	ck_assert_int_eq(twinfs_flash_program(flash, 5008, zeros, 16), 0);
	ck_assert_int_eq(twinfs_flash_program(flash, TWINFS_IMAGE_ALIGN + 16, zeros, 16), 0);
	bytes = twinfs_image_bytes_writable(image);
	ck_assert_int_eq(bytes[5008], 0);
	ck_assert_uint_eq(story->units[0].len, 6000 - 4096);
	ck_assert_int_eq(tw_story_rewind(story, image, "two files", NULL), 0);
	ck_assert_int_eq(bytes[5008], 0xff);
	ck_assert_int_eq(bytes[TWINFS_IMAGE_ALIGN + 16], 0xff);
	tw_story_free(story);
	twinfs_flash_free(flash);
	twinfs_image_close(image);
}
END_TEST

START_TEST(test_no_trace)
{
	struct twinfs_error err = {0};
	struct tw_story *story;

	tempdir_make("not.trace", 1000, 'x');
	ck_assert_int_eq(tw_story_load("missing.trace", &story, &err), -ENOENT);
	ck_assert_int_eq(tw_story_load("not.trace", &story, &err), -EUCLEAN);
	ck_assert_int_eq(err.problem, TWINFS_P_TRACE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("story");
	TCase *tcase = tcase_create("story");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, tempdir_enter, tempdir_leave);
	tcase_add_test(tcase, test_record);
	tcase_add_test(tcase, test_torn);
	tcase_add_test(tcase, test_rewind);
	tcase_add_test(tcase, test_load);
	tcase_add_test(tcase, test_files);
	tcase_add_test(tcase, test_no_trace);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
