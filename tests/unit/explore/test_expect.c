/* SPDX-License-Identifier: MIT */
/*
 * test_expect.c - what is accepted at which moment, and what is not.
 */
#include <errno.h>

#include "a_run.h"
#include "lib/suite.h"

/* ---- what is right ---- */

struct right {
	uint64_t done;
	const char *tree;
};

static const struct right rights[] = {
	{0, BEFORE},
	{0, AT_2},
	{1, BEFORE},
	{1, AT_2},
	{2, AT_2},
	{2, AT_3},
	{3, AT_3},
	{3, AT_5},
	{4, AT_3},
	{4, AT_5},
	{5, AT_5},
	{5, AT_6},
	{6, AT_6},
	{6, AT_8},
	{7, AT_6},
	{7, AT_8},
	{8, AT_8},
	{8, AT_9},
	{9, AT_9},
	{9, AT_11},
	{10, AT_9},
	{10, AT_11},
	{11, AT_11},
	{11, AT_12},
	{12, AT_12},
	{12, AT_13},
	{13, AT_13},
	{13, AT_14},
	{14, AT_14},
	{14, AT_15},
	{15, AT_15},
	{15, AT_16},
	{16, AT_16},
	{16, AT_17},
	{17, AT_17},
	{99, AT_17},
};

static void count_finding(void *ctx, const struct tw_finding *finding)
{
	fprintf(stderr, "%s: %s\n", tw_finding_name(finding->kind), finding->text);
	++*(int *)ctx;
}

START_TEST(test_right)
{
	struct tw_story *story = make_story();
	struct tw_expect *expect = new_expect(story, BEFORE);
	struct tw_shown tree = {0};

	for (size_t i = 0; i < sizeof(rights) / sizeof(*rights); i++) {
		struct tw_moment moment = tw_expect_at(expect, rights[i].done);
		int said = 0;

		set_tree(&tree, rights[i].tree);
		ck_assert_msg(tw_expect_accepts(expect, moment, &tree, NULL), "row %zu", i);
		ck_assert_int_eq(tw_expect_explain(expect, moment, &tree, NULL, count_finding,
					 &said),
			0);
		ck_assert_int_eq(said, 0);
	}
	tw_shown_release(&tree);
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

/* A state of another moment is not right. */
START_TEST(test_other_moments)
{
	struct tw_story *story = make_story();
	struct tw_expect *expect = new_expect(story, BEFORE);
	struct tw_shown tree = {0};

	for (size_t i = 0; i < sizeof(rights) / sizeof(*rights); i++) {
		for (uint64_t done = 0; done <= 17; done++) {
			bool right = false;

			for (size_t j = 0; j < sizeof(rights) / sizeof(*rights); j++)
				right |= rights[j].done == done &&
					 strcmp(rights[j].tree, rights[i].tree) == 0;
			set_tree(&tree, rights[i].tree);
			ck_assert_msg(tw_expect_accepts(expect, tw_expect_at(expect, done), &tree,
					      NULL) == right,
				"row %zu at %d", i, (int)done);
		}
	}
	tw_shown_release(&tree);
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

/* ---- failures, cuts and boots in the run itself ---- */

/* Whether the tree is right at the moment. */
static bool is_right(const struct tw_expect *expect, uint64_t done, const char *text,
	const struct tw_boots *boots)
{
	struct tw_shown tree = {0};
	bool right;

	set_tree(&tree, text);
	right = tw_expect_accepts(expect, tw_expect_at(expect, done), &tree, boots);
	tw_shown_release(&tree);
	return right;
}

/* An empty file in two places is right only in the format that cannot do better. */
START_TEST(test_both_names)
{
	for (unsigned flags = 0; flags <= TW_EXPECT_VERSION_1; flags++) {
		struct tw_story *story = new_story();
		struct tw_expect *expect;

		change(story, 2, TW_STORY_RENAME, "/usr/a", "/usr/d/a");
		change(story, 2, TW_STORY_RENAME, "/usr/b", "/usr/d/b");
		expect = new_expect_of(story, "/usr/d/ /usr/a= /usr/b=b", flags);
		ck_assert(is_right(expect, 1, "/usr/d/ /usr/a= /usr/d/a= /usr/b=b", NULL) ==
			  (flags == TW_EXPECT_VERSION_1));
		ck_assert(!is_right(expect, 1, "/usr/d/ /usr/b=b", NULL));
		ck_assert(!is_right(expect, 3, "/usr/d/ /usr/d/a= /usr/b=b /usr/d/b=b", NULL));
		tw_expect_free(expect);
		tw_story_free(story);
	}
}
END_TEST

START_TEST(test_failed_change)
{
	struct tw_story *story = new_story();
	struct tw_expect *expect;
	uint32_t index;

	index = begin(story, TW_STORY_CONTENT, "/usr/a", "two");
	operate(story, 2);
	ck_assert_int_eq(tw_story_ended(story, index, -EIO), 0);
	change(story, 1, TW_STORY_CONTENT, "/usr/b", "b2");
	change(story, 1, TW_STORY_RENAME, "/usr/a", "/usr/c");
	change(story, 1, TW_STORY_CONTENT, "/usr/c", "three");
	expect = new_expect(story, "/usr/a=one /usr/b=b1");

	ck_assert(is_right(expect, 2, "/usr/a=one /usr/b=b1", NULL));
	ck_assert(is_right(expect, 2, "/usr/a=two /usr/b=b1", NULL));
	ck_assert(is_right(expect, 3, "/usr/a=two /usr/b=b2", NULL));
	ck_assert(!is_right(expect, 3, "/usr/a=six /usr/b=b2", NULL));
	/* The doubt moves with the file, and ends with the next change. */
	ck_assert(is_right(expect, 4, "/usr/c=two /usr/b=b2", NULL));
	ck_assert(is_right(expect, 4, "/usr/c=one /usr/b=b2", NULL));
	ck_assert(!is_right(expect, 4, "/usr/a=one /usr/b=b2", NULL));
	ck_assert(is_right(expect, 5, "/usr/c=three /usr/b=b2", NULL));
	ck_assert(!is_right(expect, 5, "/usr/c=two /usr/b=b2", NULL));
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

/* A directory moves: what could not be made in it, and what could not be removed, may be there. */
START_TEST(test_doubts_move)
{
	struct tw_story *story = new_story();
	struct tw_expect *expect;
	uint32_t index;

	index = begin(story, TW_STORY_MKDIR, "/usr/d/new", NULL);
	ck_assert_int_eq(tw_story_ended(story, index, -ENOSPC), 0);
	index = begin(story, TW_STORY_REMOVE, "/usr/d/old", NULL);
	ck_assert_int_eq(tw_story_ended(story, index, -EIO), 0);
	change(story, 2, TW_STORY_RENAME, "/usr/d", "/usr/e");
	change(story, 1, TW_STORY_MKDIR, "/usr/f", NULL);
	expect = new_expect(story, "/usr/d/ /usr/d/f=f /usr/d/old=o");

	for (uint64_t done = 0; done < 2; done++) {
		ck_assert(is_right(expect, done, "/usr/d/ /usr/d/f=f /usr/d/old=o", NULL));
		ck_assert(is_right(expect, done, "/usr/d/ /usr/d/f=f /usr/d/new/", NULL));
		ck_assert(is_right(expect, done, "/usr/e/ /usr/e/f=f /usr/e/old=o", NULL));
		ck_assert(is_right(expect, done, "/usr/e/ /usr/e/f=f /usr/e/new/", NULL));
		ck_assert(!is_right(expect, done, "/usr/e/ /usr/e/old=o", NULL));
		ck_assert(!is_right(expect, done, "/usr/e/ /usr/d/f=f", NULL));
	}
	ck_assert(is_right(expect, 2, "/usr/e/ /usr/e/f=f /usr/e/old=o", NULL));
	ck_assert(is_right(expect, 2, "/usr/e/ /usr/e/f=f /usr/e/new/", NULL));
	ck_assert(is_right(expect, 2, "/usr/e/ /usr/e/f=f", NULL));
	ck_assert(!is_right(expect, 2, "/usr/e/ /usr/e/new/", NULL));
	ck_assert(!is_right(expect, 2, "/usr/d/ /usr/d/f=f", NULL));
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

START_TEST(test_cut_in_the_run)
{
	struct tw_story *story = new_story();
	struct tw_expect *expect;
	uint32_t index;

	index = begin(story, TW_STORY_CONTENT, "/usr/a", "two");
	operate(story, 1);
	ck_assert_int_eq(tw_story_cut(story), 0);
	ck_assert_int_eq(tw_story_ended(story, index, 0), 0); /* said by nobody who could know */
	ck_assert_int_eq(tw_story_boot_began(story), 0);
	operate(story, 1);
	ck_assert_int_eq(tw_story_boot_ended(story, 0), 0);
	change(story, 1, TW_STORY_CONTENT, "/usr/b", "b2");
	change(story, 1, TW_STORY_CONTENT, "/usr/a", "three");
	expect = new_expect(story, "/usr/a=one /usr/b=b1");

	ck_assert(is_right(expect, 1, "/usr/a=two /usr/b=b1", NULL));
	ck_assert(is_right(expect, 2, "/usr/a=one /usr/b=b1", NULL));
	ck_assert(is_right(expect, 3, "/usr/a=two /usr/b=b2", NULL));
	ck_assert(!is_right(expect, 4, "/usr/a=two /usr/b=b2", NULL));
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

/* A first boot: copies the table, restores a file, makes the settings. */
static struct tw_story *make_boot(bool ends)
{
	struct tw_story *story = new_story();

	ck_assert_int_eq(tw_story_boot_began(story), 0);
	change(story, 1, TW_STORY_CREATE, "/usr/checksum.json", NULL);      /* 1 */
	change(story, 1, TW_STORY_CONTENT, "/usr/checksum.json", "table");  /* 2 */
	change(story, 1, TW_STORY_CONTENT, "/usr/p", "factory");            /* 3 */
	change(story, 1, TW_STORY_CONTENT, "/usr/checksum.json", "table2"); /* 4 */
	if (ends)
		ck_assert_int_eq(tw_story_boot_ended(story, 0), 0);
	return story;
}

START_TEST(test_boot_in_the_run)
{
	struct tw_story *story = make_boot(true);
	struct tw_expect *expect;

	change(story, 1, TW_STORY_CONTENT, "/usr/p", "mine");
	expect = new_expect(story, "/usr/p=bad /usr/keep=k");

	/* Until it has ended, all it found or makes. */
	ck_assert(is_right(expect, 0, "/usr/p=bad /usr/keep=k", NULL));
	ck_assert(is_right(expect, 1, "/usr/checksum.json=table2 /usr/p=factory /usr/keep=k",
		NULL));
	ck_assert(is_right(expect, 1, "/usr/checksum.json=table /usr/p=bad /usr/keep=k", NULL));
	ck_assert(is_right(expect, 3, "/usr/checksum.json= /usr/p=bad /usr/keep=k", NULL));
	ck_assert(!is_right(expect, 3, "/usr/checksum.json=no /usr/p=bad /usr/keep=k", NULL));
	ck_assert(!is_right(expect, 3, "/usr/checksum.json=table /usr/p=mine /usr/keep=k", NULL));
	ck_assert(!is_right(expect, 3, "/usr/checksum.json=table /usr/p=factory", NULL));
	ck_assert(is_right(expect, 0, "/usr/p=factory /usr/keep=k", NULL));
	ck_assert(!is_right(expect, 0, "/usr/p=bad /usr/keep=factory", NULL));
	/* Then what it made is promised. */
	ck_assert(is_right(expect, 4, "/usr/checksum.json=table2 /usr/p=factory /usr/keep=k",
		NULL));
	ck_assert(!is_right(expect, 4, "/usr/checksum.json=table /usr/p=factory /usr/keep=k",
		NULL));
	ck_assert(!is_right(expect, 4, "/usr/checksum.json=table2 /usr/p=bad /usr/keep=k", NULL));
	ck_assert(is_right(expect, 5, "/usr/checksum.json=table2 /usr/p=mine /usr/keep=k", NULL));
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

/* A boot that makes something else of a protected file may still put the copy back. */
START_TEST(test_boot_restores)
{
	struct tw_story *story = new_story();
	struct tw_expect *expect;

	ck_assert_int_eq(tw_story_boot_began(story), 0);
	change(story, 2, TW_STORY_CONTENT, "/usr/p", "update");
	ck_assert_int_eq(tw_story_boot_ended(story, 0), 0);
	expect = new_expect(story, "/usr/p=bad");
	ck_assert(is_right(expect, 1, "/usr/p=factory", NULL));
	ck_assert(!is_right(expect, 2, "/usr/p=factory", NULL));
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

/* When the boot after the cut has done its work, it has to be that of the boot that was cut. */
START_TEST(test_boot_made_up_for)
{
	const struct tw_boots done = {.has_finished = true};
	struct tw_story *story = make_boot(true), *endless = make_boot(false);
	struct tw_expect *expect = new_expect(story, "/usr/p=bad");
	struct tw_expect *open = new_expect(endless, "/usr/p=bad");

	for (uint64_t at = 0; at < 4; at++) {
		ck_assert(is_right(expect, at, "/usr/checksum.json=table2 /usr/p=factory", &done));
		/* No file was restored by the second boot: it did not write the table. */
		ck_assert(is_right(expect, at, "/usr/checksum.json=table /usr/p=factory", &done));
		ck_assert(!is_right(expect, at, "/usr/checksum.json=table /usr/p=bad", &done));
	}
	/* A boot without an end says nothing of what there should be. */
	ck_assert(is_right(open, 2, "/usr/checksum.json=table /usr/p=bad", &done));
	tw_expect_free(open);
	tw_expect_free(expect);
	tw_story_free(endless);
	tw_story_free(story);
}
END_TEST

/* A boot that was cut, and the one that goes on, are one. */
START_TEST(test_boot_twice)
{
	struct tw_story *story = make_boot(false);
	struct tw_expect *expect;

	ck_assert_int_eq(tw_story_cut(story), 0);
	ck_assert_int_eq(tw_story_boot_began(story), 0);
	change(story, 1, TW_STORY_CREATE, "/usr/system_config.json", NULL); /* 5 */
	ck_assert_int_eq(tw_story_boot_ended(story, 0), 0);
	expect = new_expect(story, "/usr/p=bad");

	ck_assert(is_right(expect, 4, "/usr/p=bad /usr/checksum.json=table", NULL));
	ck_assert(!is_right(expect, 5, "/usr/p=bad /usr/checksum.json=table", NULL));
	ck_assert(is_right(expect, 5,
		"/usr/p=factory /usr/checksum.json=table2 /usr/system_config.json=", NULL));
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

/* ---- what the boots after the cut did ---- */

struct deed {
	enum tw_deed_kind kind;
	const char *path;
	const char *tree;
	bool right;
};

#define WAITING                                                                                    \
	"/usr/.updater/ /usr/.updater/usr/ /usr/.updater/usr/p=new /usr/.updater/update.flag= "    \
	"/usr/.updater/download.stat=list "

static const struct deed deeds[] = {
	{TW_DEED_TABLE, NULL, WAITING "/usr/p=p /usr/checksum.json=any", true},
	{TW_DEED_TABLE, NULL, WAITING "/usr/p=p /usr/checksum.json=", false},
	{TW_DEED_TABLE, NULL, WAITING "/usr/p=p /usr/checksum.json/", false},
	{TW_DEED_SETTINGS, NULL, WAITING "/usr/p=p /usr/checksum.json=t /usr/system_config.json=x",
		false},
	{TW_DEED_UPDATE, NULL, "/usr/p=p /usr/checksum.json=t", true},
	{TW_DEED_UPDATE, NULL,
		"/usr/p=p /usr/checksum.json=t /usr/.updater/ "
		"/usr/.updater/download.stat=[]",
		true},
	{TW_DEED_UPDATE, NULL, WAITING "/usr/p=new /usr/checksum.json=t", false},
	{TW_DEED_UPDATE, NULL,
		"/usr/p=p /usr/checksum.json=t /usr/.updater/ /usr/.updater/usr/ "
		"/usr/.updater/usr/p=other",
		false},
	{TW_DEED_INSTALLED, "/usr/p", WAITING "/usr/p=new /usr/checksum.json=t", true},
	{TW_DEED_INSTALLED, "/usr/p", WAITING "/usr/p=neither /usr/checksum.json=t", false},
	{TW_DEED_INSTALLED, "/usr/q/r", WAITING "/usr/p=p /usr/checksum.json=t /usr/q/", true},
	{TW_DEED_TRIED, "/usr/p", WAITING "/usr/p=new /usr/checksum.json=t", true},
	{TW_DEED_TRIED, "/usr/p", WAITING "/usr/p= /usr/checksum.json=t", false},
	{TW_DEED_TRIED, "/usr/q", WAITING "/usr/p=p /usr/checksum.json=t /usr/q=", true},
	{TW_DEED_TRIED, "/usr/q", WAITING "/usr/p=p /usr/checksum.json=t /usr/q=?", false},
	{TW_DEED_TRIED, "/usr/q/r",
		WAITING "/usr/p=p /usr/checksum.json=t /usr/q/ /usr/q/r=", true},
	{TW_DEED_RESTORED, "/usr/q/r", WAITING "/usr/p=p /usr/checksum.json=t /usr/q/", true},
	{TW_DEED_RESTORED, "/usr/p", WAITING "/usr/p=factory /usr/checksum.json=t", false},
	{TW_DEED_FORMATTED, NULL, "", false},
};

START_TEST(test_deeds)
{
	struct tw_story *story = new_story();
	struct tw_expect *expect = new_expect(story, WAITING "/usr/p=p /usr/checksum.json=t");

	for (size_t i = 0; i < sizeof(deeds) / sizeof(*deeds); i++) {
		struct tw_boots boots = {0};

		ck_assert_msg(!is_right(expect, 0, deeds[i].tree, NULL), "row %zu", i);
		ck_assert_int_eq(tw_boots_add_deed(&boots, deeds[i].kind, deeds[i].path,
					 TWINFS_REASON_CHANGED),
			0);
		ck_assert_msg(is_right(expect, 0, deeds[i].tree, &boots) == deeds[i].right,
			"row %zu", i);
		/* An earlier boot may have done it as well. */
		ck_assert_msg(is_right(expect, 0, deeds[i].tree,
				      &(struct tw_boots){.earlier = &boots}) == deeds[i].right,
			"row %zu", i);
		tw_boots_release(&boots);
	}
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

/* Where a file may have been removed already, an update that fails may leave an empty one. */
START_TEST(test_tried_in_flight)
{
	struct tw_story *story = new_story();
	struct tw_expect *expect;
	struct tw_boots boots = {0};

	change(story, 2, TW_STORY_REMOVE, "/usr/a", NULL);
	expect = new_expect(story, "/usr/a=one /usr/b=two");
	ck_assert_int_eq(tw_boots_add_deed(&boots, TW_DEED_TRIED, "/usr/a", TWINFS_REASON_NONE), 0);
	ck_assert(is_right(expect, 1, "/usr/a= /usr/b=two", &boots));
	ck_assert(!is_right(expect, 1, "/usr/a= /usr/b=two", NULL));
	ck_assert(!is_right(expect, 1, "/usr/a=one /usr/b=", &boots));
	tw_boots_release(&boots);
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

/* Settings that a boot made have one content; blanks are no part of trees here. */
START_TEST(test_settings)
{
	static const char content[] = "{\"replFlag\": 0}";
	const struct tw_version version = version_of(TW_THING_FILE, content, strlen(content));
	struct tw_story *story = new_story();
	struct tw_expect *expect = new_expect(story, "");
	struct tw_moment moment = tw_expect_at(expect, 0);
	struct tw_shown tree = {0};
	struct tw_boots boots = {0};

	ck_assert_int_eq(tw_shown_add(&tree, "/usr/system_config.json", TW_NOT_ATTR, &version), 0);
	ck_assert(!tw_expect_accepts(expect, moment, &tree, &boots));
	ck_assert_int_eq(tw_boots_add_deed(&boots, TW_DEED_SETTINGS, NULL, TWINFS_REASON_NONE), 0);
	ck_assert(tw_expect_accepts(expect, moment, &tree, &boots));
	tw_boots_release(&boots);
	tw_shown_release(&tree);
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

/* Attributes go with a file, and those of the file that it replaces are gone. */
START_TEST(test_attributes_move)
{
	struct tw_story *story = new_story();
	struct tw_expect *expect;

	change(story, 2, TW_STORY_RENAME, "/usr/a", "/usr/b");
	expect = new_expect(story, "/usr/a=a /usr/a@7=x /usr/a@5=y /usr/b=b /usr/b@5=z /usr/b@7=w "
				   "/usr/b@9=v");
	ck_assert(is_right(expect, 1,
		"/usr/a=a /usr/a@7=x /usr/a@5=y /usr/b=b /usr/b@5=z /usr/b@7=w /usr/b@9=v", NULL));
	ck_assert(is_right(expect, 1, "/usr/b=a /usr/b@7=x /usr/b@5=y", NULL));
	ck_assert(!is_right(expect, 1, "/usr/b=a /usr/b@7=w /usr/b@5=y", NULL));
	ck_assert(!is_right(expect, 1, "/usr/b=a /usr/b@7=x", NULL));
	ck_assert(!is_right(expect, 1, "/usr/b=a /usr/b@5=y", NULL));
	ck_assert(is_right(expect, 2, "/usr/b=a /usr/b@7=x /usr/b@5=y", NULL));
	ck_assert(!is_right(expect, 2, "/usr/b=a /usr/b@7=x /usr/b@5=y /usr/b@9=v", NULL));
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

/* What begins with the name of a directory is not all in it. */
START_TEST(test_neighbours)
{
	struct tw_story *story = new_story();
	struct tw_expect *expect;

	change(story, 2, TW_STORY_RENAME, "/usr/lib", "/usr/x");
	expect = new_expect(story, "/usr/lib/ /usr/lib/a=a /usr/lib2/ /usr/lib.c=c");
	ck_assert(is_right(expect, 2, "/usr/x/ /usr/x/a=a /usr/lib2/ /usr/lib.c=c", NULL));
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

/* Epochs tell for which operations a verdict holds. */
START_TEST(test_moments)
{
	struct tw_story *story = make_story();
	struct tw_expect *expect = new_expect(story, BEFORE);
	struct tw_moment moment = tw_expect_at(expect, 1);

	ck_assert_uint_eq(moment.first, 0);
	ck_assert_uint_eq(moment.last, 1);
	ck_assert_uint_eq(tw_expect_at(expect, 0).epoch, moment.epoch);
	moment = tw_expect_at(expect, 4);
	ck_assert_uint_eq(moment.first, 3);
	ck_assert_uint_eq(moment.last, 4);
	moment = tw_expect_at(expect, 17);
	ck_assert_uint_eq(moment.first, 17);
	ck_assert_uint_eq(moment.last, UINT64_MAX);
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

RUN_CASES("expect", test_right, test_other_moments, test_both_names, test_failed_change,
	test_doubts_move, test_cut_in_the_run, test_boot_in_the_run, test_boot_restores,
	test_boot_made_up_for, test_boot_twice, test_deeds, test_tried_in_flight, test_settings,
	test_attributes_move, test_neighbours, test_moments)
