/* SPDX-License-Identifier: MIT */
/*
 * test_expect.c - what is accepted at which moment, and what people are told
 * about all else.
 */
#include <errno.h>

#include "lib/suite.h"
#include "trees.h"

#define BEFORE "/usr/a=one /usr/b=b1 /usr/old=x /usr/new=n /usr/lib/ /usr/lib/m=m /usr/p=p #3=s1"

/* Which moment is which: 0 to 16. */
static struct tw_story *make_story(void)
{
	struct tw_story *story = new_story();

	change(story, 2, TW_STORY_CONTENT, "/usr/a", "two");        /* 2 */
	change(story, 1, TW_STORY_REMOVE, "/usr/old", NULL);        /* 3 */
	change(story, 2, TW_STORY_RENAME, "/usr/new", "/usr/b");    /* 5 */
	change(story, 1, TW_STORY_CONTENT, "/usr/p", "mine");       /* 6 */
	change(story, 2, TW_STORY_STORE, "3", "s2");                /* 8 */
	change(story, 1, TW_STORY_MKDIR, "/usr/d", NULL);           /* 9 */
	change(story, 2, TW_STORY_RENAME, "/usr/lib", "/usr/lib2"); /* 11 */
	change(story, 1, TW_STORY_ATTR, "/usr/a", "v");             /* 12 */
	change(story, 1, TW_STORY_CREATE, "/usr/c", NULL);          /* 13 */
	change(story, 1, TW_STORY_CONTENT, "/usr/c", "c1");         /* 14 */
	change(story, 1, TW_STORY_CONTENT, "/usr/a", "three");      /* 15 */
	change(story, 1, TW_STORY_REMOVE, "/usr/a", NULL);          /* 16 */
	return story;
}

static struct tw_expect *new_expect(const struct tw_story *story, const char *before)
{
	struct tw_shown tree = {0}, factory = {0};
	struct tw_expect *expect;

	set_tree(&tree, before);
	set_tree(&factory, "/usr/p=factory");
	ck_assert_int_eq(tw_expect_new(story, &tree, &factory, &expect), 0);
	tw_shown_release(&tree);
	tw_shown_release(&factory);
	return expect;
}

/* ---- what is right ---- */

struct right {
	uint64_t done;
	const char *tree;
};

#define AT_2  "/usr/a=two /usr/b=b1 /usr/old=x /usr/new=n /usr/lib/ /usr/lib/m=m /usr/p=p #3=s1"
#define AT_3  "/usr/a=two /usr/b=b1 /usr/new=n /usr/lib/ /usr/lib/m=m /usr/p=p #3=s1"
#define AT_5  "/usr/a=two /usr/b=n /usr/lib/ /usr/lib/m=m /usr/p=p #3=s1"
#define AT_6  "/usr/a=two /usr/b=n /usr/lib/ /usr/lib/m=m /usr/p=mine #3=s1"
#define AT_8  "/usr/a=two /usr/b=n /usr/lib/ /usr/lib/m=m /usr/p=mine #3=s2"
#define AT_9  "/usr/d/ " AT_8
#define AT_11 "/usr/d/ /usr/a=two /usr/b=n /usr/lib2/ /usr/lib2/m=m /usr/p=mine #3=s2"
#define AT_12 AT_11 " /usr/a@5=v"
#define AT_13 AT_12 " /usr/c="
#define AT_14 AT_12 " /usr/c=c1"
#define AT_15                                                                                      \
	"/usr/d/ /usr/a=three /usr/b=n /usr/lib2/ /usr/lib2/m=m /usr/p=mine #3=s2 /usr/a@5=v "     \
	"/usr/c=c1"
#define AT_16 "/usr/d/ /usr/b=n /usr/lib2/ /usr/lib2/m=m /usr/p=mine #3=s2 /usr/c=c1"

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
	{99, AT_16},
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
		for (uint64_t done = 0; done <= 16; done++) {
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

/* ---- what is wrong ---- */

struct wrong {
	uint64_t done;
	const char *tree;
	enum tw_finding_kind kind;
	const char *text;     /* of the first finding */
	unsigned more;        /* findings behind it */
	const char *restored; /* by the boot, found changed */
};

static const struct wrong wrongs[] = {
	/* a version */
	{1, "/usr/a= /usr/b=b1 /usr/old=x /usr/new=n /usr/lib/ /usr/lib/m=m /usr/p=p #3=s1",
		TW_FINDING_VERSION,
		"/usr/a is neither version 1 (from before the run) nor 2 (in flight): it is empty",
		0, NULL},
	{2, BEFORE, TW_FINDING_VERSION,
		"/usr/a is not version 2 (acknowledged in operation 1,002): it is version 1", 0,
		NULL},
	{2, "/usr/a=xyzw /usr/b=b1 /usr/old=x /usr/new=n /usr/lib/ /usr/lib/m=m /usr/p=p #3=s1",
		TW_FINDING_VERSION,
		"/usr/a is not version 2 (acknowledged in operation 1,002): it is unknown content "
		"of 4 bytes",
		0, NULL},
	{2, "/usr/a/ /usr/b=b1 /usr/old=x /usr/new=n /usr/lib/ /usr/lib/m=m /usr/p=p #3=s1",
		TW_FINDING_VERSION,
		"/usr/a is not version 2 (acknowledged in operation 1,002): it is a directory", 0,
		NULL},
	{2, "/usr/a! /usr/b=b1 /usr/old=x /usr/new=n /usr/lib/ /usr/lib/m=m /usr/p=p #3=s1",
		TW_FINDING_VERSION,
		"/usr/a is not version 2 (acknowledged in operation 1,002): it is unreadable", 0,
		NULL},
	{13, AT_12, TW_FINDING_LOST,
		"/usr/c is missing: it should be empty (acknowledged in operation 1,013) or "
		"version 1 (in flight)",
		0, NULL},
	{14, AT_13, TW_FINDING_VERSION,
		"/usr/c is not version 1 (acknowledged in operation 1,014): it is empty", 0, NULL},
	/* lost */
	{2, "/usr/b=b1 /usr/old=x /usr/new=n /usr/lib/ /usr/lib/m=m /usr/p=p #3=s1",
		TW_FINDING_LOST,
		"/usr/a is missing: it should be version 2 (acknowledged in operation 1,002)", 0,
		NULL},
	{0, "/usr/a=one /usr/b=b1 /usr/old=x /usr/new=n /usr/lib/ /usr/p=p #3=s1", TW_FINDING_LOST,
		"/usr/lib/m is missing: it should be version 1 (from before the run)", 0, NULL},
	{9, AT_8, TW_FINDING_LOST,
		"/usr/d is missing: it should be a directory (acknowledged in operation 1,009)", 0,
		NULL},
	/* resurrected */
	{3, AT_2, TW_FINDING_RESURRECTED,
		"/usr/old is back as version 1: its removal was acknowledged in operation 1,003", 0,
		NULL},
	{5, "/usr/new=n " AT_5, TW_FINDING_RESURRECTED,
		"/usr/new is back as version 1: the rename of /usr/new to /usr/b was acknowledged "
		"in operation 1,005",
		0, NULL},
	/* extra */
	{0, "/usr/zzz=hi " BEFORE, TW_FINDING_EXTRA,
		"/usr/zzz is a file of 2 bytes that nothing has made", 0, NULL},
	{0, "/usr/d/ " BEFORE, TW_FINDING_EXTRA, "/usr/d is a directory that nothing has made", 0,
		NULL},
	{0, "/usr/a@7=hello " BEFORE, TW_FINDING_EXTRA,
		"attribute 7 of /usr/a is a value of 5 bytes that nothing has made", 0, NULL},
	/* renames */
	{4, "/usr/a=two /usr/b=n /usr/new=n /usr/lib/ /usr/lib/m=m /usr/p=p #3=s1",
		TW_FINDING_RENAME, "the rename of /usr/new to /usr/b is half done: both are there",
		0, NULL},
	{4, "/usr/a=two /usr/b=b1 /usr/lib/ /usr/lib/m=m /usr/p=p #3=s1", TW_FINDING_RENAME,
		"the rename of /usr/new to /usr/b is half done: /usr/new is gone, and /usr/b is "
		"not "
		"what it was",
		0, NULL},
	{10, "/usr/d/ /usr/a=two /usr/b=n /usr/p=mine #3=s2", TW_FINDING_RENAME,
		"the rename of /usr/lib to /usr/lib2 is half done: neither is there", 0, NULL},
	{10, "/usr/d/ /usr/a=two /usr/b=n /usr/lib2/ /usr/p=mine #3=s2", TW_FINDING_RENAME,
		"the rename of /usr/lib to /usr/lib2 is half done: /usr/lib is gone, and /usr/lib2 "
		"is not what it was",
		0, NULL},
	{10, "/usr/d/ /usr/a=two /usr/b=n /usr/lib/ /usr/p=mine #3=s2", TW_FINDING_RENAME,
		"the rename of /usr/lib to /usr/lib2 is half done: /usr/lib is there, but not all "
		"of it",
		0, NULL},
	{15, "/usr/d/ /usr/b=n /usr/lib2/ /usr/lib2/m=m /usr/p=mine #3=s2 /usr/c=c1 /usr/a@5=v",
		TW_FINDING_RENAME,
		"the change of /usr/a is half done: not all of its attributes are right", 0, NULL},
	/* slots */
	{7, "/usr/a=two /usr/b=n /usr/lib/ /usr/lib/m=m /usr/p=mine", TW_FINDING_SLOT,
		"slot 3 is neither version 1 (from before the run) nor 2 (in flight): it is empty",
		0, NULL},
	{8, AT_6, TW_FINDING_SLOT,
		"slot 3 is not version 2 (acknowledged in operation 1,008): it is version 1", 0,
		NULL},
	{0, BEFORE " #4=oops", TW_FINDING_EXTRA,
		"slot 4 is a value of 4 bytes that nothing has made", 0, NULL},
	/* attributes */
	{12, AT_11, TW_FINDING_LOST,
		"attribute 5 of /usr/a is missing: it should be version 1 (acknowledged in "
		"operation 1,012)",
		0, NULL},
	{12, AT_11 " /usr/a@5=w", TW_FINDING_VERSION,
		"attribute 5 of /usr/a is not version 1 (acknowledged in operation 1,012): it is "
		"unknown content of 1 byte",
		0, NULL},
	{12, "/usr/d/ /usr/b=n /usr/lib2/ /usr/lib2/m=m /usr/p=mine #3=s2", TW_FINDING_LOST,
		"/usr/a is missing: it should be version 2 (acknowledged in operation 1,002)", 0,
		NULL},
	/* reverted, or just wrong when no boot says that it restored it */
	{6, "/usr/a=two /usr/b=n /usr/lib/ /usr/lib/m=m /usr/p=factory #3=s1", TW_FINDING_REVERTED,
		"/usr/p is the factory copy again: version 2 was acknowledged in operation 1,006, "
		"but the boot found it changed and restored it",
		0, "usr/p"},
	{5, "/usr/a=two /usr/b=n /usr/lib/ /usr/lib/m=m /usr/p=factory #3=s1", TW_FINDING_REVERTED,
		"/usr/p is the factory copy again: version 1 is from before the run, but the boot "
		"found it changed and restored it",
		0, "/usr/p"},
	{6, "/usr/a=two /usr/b=n /usr/lib/ /usr/lib/m=m /usr/p=factory #3=s1", TW_FINDING_VERSION,
		"/usr/p is not version 2 (acknowledged in operation 1,006): it is the factory copy",
		0, NULL},
	/* several, by path */
	{2, "/usr/b=? /usr/old=x /usr/new=n /usr/lib/ /usr/lib/m=m /usr/p=p", TW_FINDING_SLOT,
		"slot 3 is not version 1 (from before the run): it is empty", 2, NULL},
};

struct heard {
	unsigned count;
	enum tw_finding_kind kind;
	char text[512];
};

/* Slots come behind paths; the first finding is the one that is compared. */
static void hear(void *ctx, const struct tw_finding *finding)
{
	struct heard *heard = ctx;

	if (!heard->count++ || finding->kind == TW_FINDING_SLOT) {
		heard->kind = finding->kind;
		(void)snprintf(heard->text, sizeof(heard->text), "%s", finding->text);
	}
}

START_TEST(test_wrong)
{
	struct tw_story *story = make_story();
	struct tw_expect *expect = new_expect(story, BEFORE);
	struct tw_shown tree = {0};

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(*wrongs); i++) {
		const struct wrong *wrong = &wrongs[i];
		struct tw_moment moment = tw_expect_at(expect, wrong->done);
		struct heard heard = {0};
		struct tw_boots boots = {0};
		int count;

		if (wrong->restored)
			ck_assert_int_eq(tw_boots_add_deed(&boots, TW_DEED_RESTORED,
						 wrong->restored, TWINFS_REASON_CHANGED),
				0);
		set_tree(&tree, wrong->tree);
		ck_assert_msg(!tw_expect_accepts(expect, moment, &tree, &boots), "row %zu", i);
		count = tw_expect_explain(expect, moment, &tree, &boots, hear, &heard);
		ck_assert_msg(strcmp(heard.text, wrong->text) == 0, "row %zu: %s", i, heard.text);
		ck_assert_msg(heard.kind == wrong->kind, "row %zu: %s", i,
			tw_finding_name(heard.kind));
		ck_assert_int_eq(count, (int)(wrong->more + 1));
		ck_assert_int_eq(heard.count, wrong->more + 1);
		tw_boots_release(&boots);
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

START_TEST(test_cut_in_the_run)
{
	struct tw_story *story = new_story();
	struct tw_expect *expect;
	uint32_t index;

	index = begin(story, TW_STORY_CONTENT, "/usr/a", "two");
	operate(story, 1);
	ck_assert_int_eq(tw_story_cut(story), 0);
	ck_assert_int_eq(tw_story_ended(story, index, -ESHUTDOWN), 0);
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

/* When the boot after the cut has done its work, it has to be that of the boot that was cut. */
START_TEST(test_boot_made_up_for)
{
	const struct tw_boots done = {.has_finished = true};
	struct tw_story *story = make_boot(true), *endless = make_boot(false);
	struct tw_expect *expect = new_expect(story, "/usr/p=bad");
	struct tw_expect *open = new_expect(endless, "/usr/p=bad");
	struct tw_shown tree = {0};
	struct heard heard = {0};

	for (uint64_t at = 0; at < 4; at++) {
		ck_assert(is_right(expect, at, "/usr/checksum.json=table2 /usr/p=factory", &done));
		/* No file was restored by the second boot: it did not write the table. */
		ck_assert(is_right(expect, at, "/usr/checksum.json=table /usr/p=factory", &done));
		ck_assert(!is_right(expect, at, "/usr/checksum.json=table /usr/p=bad", &done));
	}
	/* A boot without an end says nothing of what there should be. */
	ck_assert(is_right(open, 2, "/usr/checksum.json=table /usr/p=bad", &done));
	set_tree(&tree, "/usr/checksum.json=table");
	ck_assert_int_eq(tw_expect_explain(expect, tw_expect_at(expect, 2), &tree, &done, hear,
				 &heard),
		1);
	ck_assert_str_eq(heard.text, "/usr/p is missing: it should be version 2 (what the boot "
				     "leaves when it is not cut)");
	tw_shown_release(&tree);
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
	{TW_DEED_INSTALLED, "/usr/p", WAITING "/usr/p=new /usr/checksum.json=t", true},
	{TW_DEED_INSTALLED, "/usr/p", WAITING "/usr/p=neither /usr/checksum.json=t", false},
	{TW_DEED_INSTALLED, "/usr/q/r", WAITING "/usr/p=p /usr/checksum.json=t /usr/q/", true},
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
		tw_boots_release(&boots);
	}
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

/* Of all that a format takes away, one thing is said; and of a report, all that matters. */
START_TEST(test_report)
{
	struct twinfs_boot_file files[] = {
		{.name = (char *)"usr/p",
			.verdict = TWINFS_VERDICT_RESTORED,
			.reason = TWINFS_REASON_MISSING},
		{.name = (char *)"/usr/i", .verdict = TWINFS_VERDICT_INTACT},
	};
	struct twinfs_update_file updates[] = {
		{.name = (char *)"/usr/u",
			.verdict = TWINFS_UPDATE_INSTALLED,
			.hash_updated = true},
		{.name = (char *)"/usr/n", .verdict = TWINFS_UPDATE_NO_PAYLOAD},
	};
	const struct twinfs_boot_report report = {.user_formatted = true,
		.update = {.armed = true, .files = updates, .file_count = 2},
		.table_copied = true,
		.settings_created = true,
		.files = files,
		.file_count = 2};
	struct tw_story *story = new_story();
	struct tw_expect *expect = new_expect(story, "/usr/a=one /usr/b=two /usr/d/");
	struct tw_moment moment = tw_expect_at(expect, 0);
	struct tw_shown tree = {0};
	struct tw_boots boots = {0};
	struct heard heard = {0};

	ck_assert_int_eq(tw_boots_add(&boots, &report), 0);
	ck_assert_int_eq(boots.count, 7);
	ck_assert_int_eq(boots.deeds[0].kind, TW_DEED_UPDATE);
	ck_assert_int_eq(boots.deeds[1].kind, TW_DEED_INSTALLED);
	ck_assert_str_eq(boots.deeds[1].path, "/usr/u");
	ck_assert_int_eq(boots.deeds[2].kind, TW_DEED_TABLE);
	ck_assert_int_eq(boots.deeds[6].kind, TW_DEED_RESTORED);
	ck_assert_str_eq(boots.deeds[6].path, "/usr/p");
	ck_assert_int_eq(tw_expect_explain(expect, moment, &tree, &boots, hear, &heard), 1);
	ck_assert_str_eq(heard.text, "/usr could not be mounted and was formatted: all that was "
				     "acknowledged in it is lost");
	tw_boots_clear(&boots);
	ck_assert_int_eq(tw_expect_explain(expect, moment, &tree, &boots, NULL, NULL), 3);
	tw_boots_release(&boots);
	tw_shown_release(&tree);
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
	moment = tw_expect_at(expect, 16);
	ck_assert_uint_eq(moment.first, 16);
	ck_assert_uint_eq(moment.last, UINT64_MAX);
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

RUN_CASES("expect", test_right, test_other_moments, test_wrong, test_failed_change,
	test_cut_in_the_run, test_boot_in_the_run, test_boot_made_up_for, test_boot_twice,
	test_deeds, test_settings, test_report, test_moments)
