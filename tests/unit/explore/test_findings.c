/* SPDX-License-Identifier: MIT */
/*
 * test_findings.c - what people are told about a tree that is not what was
 * promised: one row for each way in which it can be wrong.
 */
#include "a_run.h"
#include "lib/suite.h"

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
	{17, "/usr/d/ /usr/b=n /usr/lib2/ /usr/lib2/m=m /usr/p=factory #3=s2 /usr/c=c1",
		TW_FINDING_REVERTED,
		"/usr/p is the factory copy again: its removal was acknowledged in operation "
		"1,017, but the boot found it changed and restored it",
		0, "/usr/p"},
	{16, "/usr/q=q " AT_16, TW_FINDING_REVERTED,
		"/usr/q is the factory copy again: it was not there before the run, but the boot "
		"found it changed and restored it",
		0, "/usr/q"},
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

/* Explains a tree in the middle of a rename; @restored is "/usr/p", or NULL. */
static void check_rename(const char *from, const char *to, const char *before, const char *shown,
	const enum twinfs_reason *restored, enum tw_finding_kind kind, const char *text)
{
	struct tw_story *story = new_story();
	struct tw_boots boots = {0};
	struct tw_shown tree = {0};
	struct heard heard = {0};
	struct tw_expect *expect;

	change(story, 2, TW_STORY_RENAME, from, to);
	expect = new_expect(story, before);
	set_tree(&tree, shown);
	if (restored)
		ck_assert_int_eq(tw_boots_add_deed(&boots, TW_DEED_RESTORED, "/usr/p", *restored),
			0);
	ck_assert(!tw_expect_accepts(expect, tw_expect_at(expect, 1), &tree, &boots));
	ck_assert_int_eq(tw_expect_explain(expect, tw_expect_at(expect, 1), &tree, &boots, hear,
				 &heard),
		1);
	ck_assert_str_eq(heard.text, text);
	ck_assert_int_eq(heard.kind, kind);
	tw_boots_release(&boots);
	tw_shown_release(&tree);
	tw_expect_free(expect);
	tw_story_free(story);
}

/* A rename that was whole, until the boot restored one of its two names. */
START_TEST(test_rename_undone)
{
	static const enum twinfs_reason missing = TWINFS_REASON_MISSING,
					changed = TWINFS_REASON_CHANGED;

	check_rename("/usr/p", "/usr/r", "/usr/p=factory", "/usr/p=factory /usr/r=factory",
		&missing, TW_FINDING_REVERTED,
		"/usr/p is the factory copy again: the rename of /usr/p to /usr/r was in flight, "
		"but the boot found it missing and restored it");
	check_rename("/usr/p", "/usr/r", "/usr/p=factory", "/usr/p=factory /usr/r=factory", NULL,
		TW_FINDING_RENAME, "the rename of /usr/p to /usr/r is half done: both are there");
	check_rename("/usr/n", "/usr/p", "/usr/n=n /usr/p=factory", "/usr/p=factory", &changed,
		TW_FINDING_REVERTED,
		"/usr/p is the factory copy again: the rename of /usr/n to /usr/p was in flight, "
		"but the boot found it changed and restored it");
	/* What the boot did has nothing to do with this. */
	check_rename("/usr/n", "/usr/m", "/usr/n=n /usr/m=m /usr/p=factory",
		"/usr/n=n /usr/m=n /usr/p=factory", &changed, TW_FINDING_RENAME,
		"the rename of /usr/n to /usr/m is half done: both are there");
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
	struct twinfs_update_file installed[] = {
		{.name = (char *)"/usr/n",
			.verdict = TWINFS_UPDATE_INSTALLED,
			.hash_updated = true},
		{.name = (char *)"/usr/f", .verdict = TWINFS_UPDATE_FAILED},
		{.name = (char *)"/usr/x", .verdict = TWINFS_UPDATE_NO_PAYLOAD},
	};
	const struct twinfs_boot_report report = {.user_formatted = true,
		.table_copied = true,
		.settings_created = true,
		.update = {.armed = true, .files = installed, .file_count = 3},
		.files = files,
		.file_count = 2};
	static const enum tw_deed_kind kinds[] = {TW_DEED_FORMATTED, TW_DEED_TABLE,
		TW_DEED_SETTINGS, TW_DEED_RESTORED, TW_DEED_UPDATE, TW_DEED_INSTALLED,
		TW_DEED_TABLE, TW_DEED_TRIED};
	struct tw_story *story = new_story();
	struct tw_expect *expect = new_expect(story, "/usr/a=one /usr/b=two /usr/d/");
	struct tw_moment moment = tw_expect_at(expect, 0);
	struct tw_shown tree = {0};
	struct tw_boots boots = {0};
	struct heard heard = {0};

	ck_assert_int_eq(tw_boots_add(&boots, &report), 0);
	ck_assert_uint_eq(boots.count, sizeof(kinds) / sizeof(*kinds));
	for (size_t i = 0; i < boots.count; i++)
		ck_assert_int_eq(boots.deeds[i].kind, kinds[i]);
	ck_assert_str_eq(boots.deeds[3].path, "/usr/p");
	ck_assert_str_eq(boots.deeds[5].path, "/usr/n");
	ck_assert_str_eq(boots.deeds[7].path, "/usr/f");
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

/* What a boot should have come to when it was cut. */
START_TEST(test_boot_made_up_for)
{
	const struct tw_boots done = {.has_finished = true};
	struct tw_story *story = new_story();
	struct tw_expect *expect;
	struct tw_shown tree = {0};
	struct heard heard = {0};

	ck_assert_int_eq(tw_story_boot_began(story), 0);
	change(story, 1, TW_STORY_CONTENT, "/usr/p", "new");
	ck_assert_int_eq(tw_story_boot_ended(story, 0), 0);
	expect = new_expect(story, "/usr/p=old");
	ck_assert_int_eq(tw_expect_explain(expect, tw_expect_at(expect, 0), &tree, &done, hear,
				 &heard),
		1);
	ck_assert_str_eq(heard.text, "/usr/p is missing: it should be version 2 (what the boot "
				     "leaves when it is not cut)");
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

/* A factory copy that the run itself has changed is what a boot puts back from then on. */
START_TEST(test_new_factory_copy)
{
	static const struct tw_deed restored = {
		TW_DEED_RESTORED, TWINFS_REASON_CHANGED, (char *)"/usr/p"};
	const struct tw_boots boots = {.deeds = (struct tw_deed *)&restored, .count = 1};
	static const struct {
		const char *factory;
		enum tw_finding_kind kind;
	} cases[] = {{"factory2", TW_FINDING_REVERTED}, {"factory", TW_FINDING_VERSION}};
	struct tw_story *story = new_story();
	struct tw_expect *expect;

	change(story, 1, TW_STORY_CONTENT, "/bak/usr/p", "factory2");
	change(story, 1, TW_STORY_CONTENT, "/usr/p", "mine");
	expect = new_expect(story, "/bak/ /bak/usr/ /bak/usr/p=factory /usr/p=factory");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tw_shown tree = {0};
		struct heard heard = {0};
		char text[100];

		(void)snprintf(text, sizeof(text), "/bak/ /bak/usr/ /bak/usr/p=factory2 /usr/p=%s",
			cases[i].factory);
		set_tree(&tree, text);
		ck_assert_int_eq(tw_expect_explain(expect, tw_expect_at(expect, 2), &tree, &boots,
					 hear, &heard),
			1);
		ck_assert_int_eq(heard.kind, cases[i].kind);
		tw_shown_release(&tree);
	}
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

static void join(void *ctx, const struct tw_finding *finding)
{
	char *text = ctx;
	size_t len = strlen(text);

	(void)snprintf(text + len, 100 - len, "%s:%s ", tw_finding_name(finding->kind),
		finding->path);
}

/* Findings come by path, whatever the order in which things came to be. */
START_TEST(test_order)
{
	struct tw_story *story = new_story();
	struct tw_expect *expect = new_expect(story, "#2=s /usr/z=z /usr/m=m /usr/a=a");
	struct tw_shown tree = {0};
	char text[100] = "";

	set_tree(&tree, "/usr/n=n /usr/m=x");
	ck_assert_int_eq(tw_expect_explain(expect, tw_expect_at(expect, 0), &tree, NULL, join,
				 text),
		5);
	ck_assert_str_eq(text, "lost:/usr/a wrong version:/usr/m extra object:/usr/n lost:/usr/z "
			       "slot:slot 2 ");
	tw_shown_release(&tree);
	tw_expect_free(expect);
	tw_story_free(story);
}
END_TEST

RUN_CASES("findings", test_wrong, test_rename_undone, test_report, test_boot_made_up_for,
	test_new_factory_copy, test_order)
