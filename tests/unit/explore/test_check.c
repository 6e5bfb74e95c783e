/* SPDX-License-Identifier: MIT */
/*
 * test_check.c - the user's rules: what holds, what is said when one does not,
 * and lines that are no rules.
 */
#include "explore/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/chip.h"
#include "lib/suite.h"
#include "lib/tempdir.h"

static const struct geometry geometry = {4096, 32, 16, 0xff};

struct file {
	const char *name, *text;
	size_t len; /* 0: that of the text */
};

static const struct file files[] = {
	{"a.json",
		"{\"net\": {\"host\": \"x.org\", \"port\": 80, \"on\": true, \"l\": [5, 6.5]}, "
		"\"none\": null}\n",
		0},
	{"b.json", "{\"net\": ", 0},
	{"c.json", "[1, 2] x", 0},
	{"d.json", "12", 0},
	{"e.json", "{'a': 1}", 0},
	{"f.json", "{}\0{}", 5},
	{"g.json", "\"\xff\"", 0},
	{"h.json", "NaN", 0},
	{"i.json", "\"a\nb\"", 0},
	{"j.json", "[1,]", 0},
	{"k.json", " {\"it's \\\" N\": [-1.5e+3, \"\\u0041\"]} \r\n", 0},
	{"empty", "", 0},
	{"text", "hello \"world\"\n\0end", 18},
	{"same", "hello \"world\"\n\0end", 18},
};

struct rig {
	struct chip user, area;
	struct twinfs_volume *volume;
	struct twinfs_secure *secure;
	struct tw_rules_subject subject;
};

static void put(struct twinfs_volume *volume, const struct file *file)
{
	size_t len = file->len ? file->len : strlen(file->text);
	uint64_t ino;

	ck_assert_int_eq(twinfs_volume_create(volume, TWINFS_ROOT_INO, file->name, &ino), 0);
	ck_assert_int_eq(twinfs_volume_open(volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(volume, ino, file->text, len, 0), (int64_t)len);
	ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
	twinfs_volume_close(volume, ino);
}

static void make_rig(struct rig *rig)
{
	uint64_t ino;

	chip_init(&rig->user, &geometry);
	chip_init(&rig->area, &geometry);
	ck_assert_int_eq(twinfs_volume_format(rig->user.flash, &rig->user.config, NULL), 0);
	rig->volume = chip_mount(&rig->user);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		put(rig->volume, &files[i]);
	ck_assert_int_eq(twinfs_volume_mkdir(rig->volume, TWINFS_ROOT_INO, "d", &ino), 0);
	ck_assert_int_eq(twinfs_secure_open(rig->area.flash, 0, chip_size(&rig->area), NULL,
				 &rig->secure, NULL),
		0);
	ck_assert_int_eq(twinfs_secure_store(rig->secure, 3, "a key", 5), TWINFS_SECURE_OK);
	rig->subject = (struct tw_rules_subject){rig->volume, NULL, rig->secure};
}

static void free_rig(struct rig *rig)
{
	twinfs_secure_close(rig->secure);
	twinfs_volume_unmount(rig->volume);
	chip_release(&rig->user);
	chip_release(&rig->area);
}

static void keep_text(void *ctx, const struct tw_broken_rule *broken)
{
	(void)snprintf(ctx, 300, "%s", broken->text);
}

/* NULL: it holds. The text stands between "checks:1: " and the rule in brackets. */
struct row {
	const char *rule, *why;
};

static const struct row rows[] = {
	{"exists /usr/text", NULL},
	{"exists /usr/d", NULL},
	{"exists /usr/missing", "/usr/missing is missing"},
	{"exists /usr/text/x", "/usr/text/x is missing"},
	{"exists /bak/text", "/bak/text is missing"},
	{"absent /usr/missing", NULL},
	{"absent /usr/text", "/usr/text is there"},
	{"directory /usr/d", NULL},
	{"directory /usr/text", "/usr/text is no directory"},
	{"directory /usr/x", "/usr/x is missing"},
	{"json /usr/a.json", NULL},
	{"json /usr/d.json", NULL},
	{"json /usr/empty", "/usr/empty is no JSON: it is empty"},
	{"json /usr/b.json", "/usr/b.json is no JSON: at byte 8: unexpected end of data"},
	{"json /usr/c.json", "/usr/c.json is no JSON: at byte 7: unexpected character"},
	{"json /usr/e.json", "/usr/e.json is no JSON: at byte 1: unexpected character"},
	{"json /usr/f.json", "/usr/f.json is no JSON: at byte 2: unexpected character"},
	{"json /usr/g.json", "/usr/g.json is no JSON: at byte 1: invalid utf-8 string"},
	{"json /usr/h.json", "/usr/h.json is no JSON: at byte 0: unexpected character"},
	{"json /usr/i.json", "/usr/i.json is no JSON: at byte 2: unexpected character"},
	{"json /usr/j.json", "/usr/j.json is no JSON: at byte 3: unexpected character"},
	{"json /usr/k.json", NULL},
	{"json /usr/missing", "/usr/missing is missing"},
	{"json /usr/d", "/usr/d is a directory"},
	{"json /usr/a.json has net.host", NULL},
	{"json /usr/a.json has net.l.1", NULL},
	{"json /usr/a.json has none", NULL},
	{"json /usr/a.json has net.l.2", "/usr/a.json has no key net.l.2"},
	{"json /usr/a.json has net.l.x", "/usr/a.json has no key net.l.x"},
	{"json /usr/a.json has net.host.x", "/usr/a.json has no key net.host.x"},
	{"json /usr/a.json has net.", "/usr/a.json has no key net."},
	{"json /usr/d.json has x", "/usr/d.json has no key x"},
	{"json /usr/a.json has net.host = \"x.org\"", NULL},
	{"json /usr/a.json has net.port = 80", NULL},
	{"json /usr/a.json has net.port = 80.0", NULL},
	{"json /usr/a.json has net.l.1 = 6.5", NULL},
	{"json /usr/a.json has net.on = true", NULL},
	{"json /usr/a.json has none = null", NULL},
	{"json /usr/a.json has none = 0", "/usr/a.json has none = null, not 0"},
	{"json /usr/a.json has net.port = 81", "/usr/a.json has net.port = 80, not 81"},
	{"json /usr/a.json has net.port = \"80\"", "/usr/a.json has net.port = 80, not \"80\""},
	{"json /usr/a.json has net.on = false", "/usr/a.json has net.on = true, not false"},
	{"equal /usr/text /usr/same", NULL},
	{"equal /usr/text /usr/empty",
		"/usr/text (18 bytes) and /usr/empty (0 bytes) are not equal"},
	{"equal /usr/text /usr/missing", "/usr/missing is missing"},
	{"equal /usr/missing /usr/text", "/usr/missing is missing"},
	{"size /usr/text = 18", NULL},
	{"size /usr/text < 19", NULL},
	{"size /usr/text <= 18", NULL},
	{"size /usr/text >= 18", NULL},
	{"size /usr/text > 17", NULL},
	{"size /usr/text < 18", "/usr/text has 18 bytes"},
	{"size /usr/text <= 17", "/usr/text has 18 bytes"},
	{"size /usr/text > 18", "/usr/text has 18 bytes"},
	{"size /usr/text >= 19", "/usr/text has 18 bytes"},
	{"size /usr/d = 0", "/usr/d is a directory"},
	{"size /usr/missing = 0", "/usr/missing is missing"},
	{"text /usr/text contains hello", NULL},
	{"text /usr/text contains \"\\\"world\\\"\\n\"", NULL},
	{"text /usr/text contains end", NULL},
	{"text /usr/text contains nope", "/usr/text does not contain it"},
	{"text \"/usr/text\" contains \"\"", NULL},
	{"slot 3 stored", NULL},
	{"slot 3 contains key", NULL},
	{"slot 3 contains nope", "slot 3 does not contain it"},
	{"slot 3 empty", "slot 3 is stored"},
	{"slot 4 empty", NULL},
	{"slot 4 stored", "slot 4 is empty"},
	{"slot 16 contains x", "slot 16 is empty"},
	{"not exists /usr/missing", NULL},
	{"not exists /usr/text", "it is so, and must not be"},
	{"not not exists /usr/missing", "it is so, and must not be"},
	{"if exists /usr/missing then json /usr/empty", NULL},
	{"if exists /usr/text then exists /usr/d", NULL},
	{"if exists /usr/text then json /usr/empty", "/usr/empty is no JSON: it is empty"},
	{"if not slot 4 stored then if slot 3 stored then absent /usr/d", "/usr/d is there"},
	{"if if exists /usr/x then exists /usr/y then absent /usr/d", "/usr/d is there"},
	{"\t exists   /usr/text # with a remark", NULL},
};

START_TEST(test_rules)
{
	struct rig rig;

	make_rig(&rig);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct twinfs_error err = {0};
		struct tw_rules *rules;
		char text[300] = "", wanted[300] = "";
		int count;

		ck_assert_msg(tw_rules_parse("checks", row->rule, strlen(row->rule), &rules,
				      &err) == 0,
			"%s: %s", row->rule, err.text);
		ck_assert_uint_eq(tw_rules_count(rules), 1);
		count = tw_rules_try(rules, &rig.subject, keep_text, text);
		if (row->why)
			(void)snprintf(wanted, sizeof(wanted), "checks:1: %s (%s)", row->why,
				row->rule);
		ck_assert_str_eq(text, wanted);
		ck_assert_int_eq(count, row->why ? 1 : 0);
		tw_rules_free(rules);
	}
	free_rig(&rig);
}
END_TEST

/* Lines that are no rules, with the one line that is said. */
static const struct row bad_lines[] = {
	{"exist /usr/a", "'exist' is no rule"},
	{"exists", "the line ends where a path should be"},
	{"exists usr/a", "'usr/a' is no path: it has to begin with /usr/ or /bak/"},
	{"exists /usr/a b", "'b' is too much"},
	{"json /usr/a has", "the line ends where a key should be"},
	{"json /usr/a has k =", "the line ends where a value should be"},
	{"json /usr/a has k = x",
		"'x' is no value: it has to be a number, true, false, null, or text in quotes"},
	{"json /usr/a has k = [1]",
		"'[1]' is no value: it has to be a number, true, false, null, or text in quotes"},
	{"json /usr/a is k", "'is' is too much"},
	{"equal /usr/a", "the line ends where a path should be"},
	{"size /usr/a", "the line ends where <, <=, =, >= or > should be"},
	{"size /usr/a == 5", "'==' is not <, <=, =, >= or >"},
	{"size /usr/a < -5", "'-5' is not a number of bytes"},
	{"size /usr/a < 5k", "'5k' is not a number of bytes"},
	{"size /usr/a < 99999999999999999999", "'99999999999999999999' is not a number of bytes"},
	{"text /usr/a has x", "'contains' is missing behind the path"},
	{"text /usr/a contains", "the line ends where a text should be"},
	{"text /usr/a contains \"x", "a quote is not closed"},
	{"text /usr/a contains \"x\"y", "a blank is missing behind a quote"},
	{"text /usr/a contains \"\\x\"", "only \\n, \\t, \\r, \\\" and \\\\ can stand behind a \\"},
	{"slot 0 stored", "'0' is not a slot from 1 to 16"},
	{"slot 17 stored", "'17' is not a slot from 1 to 16"},
	{"slot 3", "the line ends where stored, empty or contains should be"},
	{"slot 3 full", "'full' is not stored, empty or contains"},
	{"not", "the line ends where a rule should be"},
	{"if exists /usr/a", "'then' is missing"},
	{"if exists /usr/a else", "'then' is missing"},
	{"if exists /usr/a then", "the line ends where a rule should be"},
	{"\"exists\" /usr/a", "'exists' is no rule"},
	{"not not not not not not not not not not not not not not not not not not not not not not "
	 "not not not not not not not not not not exists /usr/a",
		"more than 32 words"},
};

START_TEST(test_bad_lines)
{
	for (size_t i = 0; i < sizeof(bad_lines) / sizeof(*bad_lines); i++) {
		struct twinfs_error err = {0};
		struct tw_rules *rules = NULL;
		char text[300], wanted[300];

		(void)snprintf(text, sizeof(text), "# first\n\n%s\n", bad_lines[i].rule);
		(void)snprintf(wanted, sizeof(wanted), "my.checks:3: %s", bad_lines[i].why);
		ck_assert_int_eq(tw_rules_parse("my.checks", text, strlen(text), &rules, &err),
			-EINVAL);
		ck_assert_str_eq(err.text, wanted);
		ck_assert_int_eq(err.problem, TWINFS_P_CHECKS);
		ck_assert_ptr_null(rules);
	}
}
END_TEST

static void count_broken(void *ctx, const struct tw_broken_rule *broken)
{
	unsigned *lines = ctx;

	lines[*lines + 1] = broken->line;
	++*lines;
}

/* A file of them: each that does not hold is told, with its line. */
START_TEST(test_file)
{
	static const char text[] = "# checks of the application\r\n"
				   "exists /usr/text\r\n"
				   "\n"
				   "exists /usr/one\n"
				   "exists /usr/text\n"
				   "exists /usr/two";
	unsigned lines[4] = {0};
	struct twinfs_error err = {0};
	struct tw_rules *rules;
	struct rig rig;

	make_rig(&rig);
	tempdir_enter();
	ck_assert_int_eq(tw_rules_load("none", &rules, &err), -ENOENT);
	ck_assert_str_eq(err.text, "none: No such file or directory");
	tempdir_make("file", 0, 0);
	ck_assert_int_eq(tw_rules_load("file", &rules, &err), 0);
	ck_assert_uint_eq(tw_rules_count(rules), 0);
	tw_rules_free(rules);
	tempdir_leave();
	ck_assert_int_eq(tw_rules_parse("file", text, strlen(text), &rules, &err), 0);
	ck_assert_uint_eq(tw_rules_count(rules), 4);
	ck_assert_int_eq(tw_rules_try(rules, &rig.subject, count_broken, lines), 2);
	ck_assert_uint_eq(lines[0], 2);
	ck_assert_uint_eq(lines[1], 4);
	ck_assert_uint_eq(lines[2], 6);
	ck_assert_int_eq(tw_rules_try(rules, &rig.subject, NULL, NULL), 2);
	tw_rules_free(rules);
	ck_assert_int_eq(tw_rules_parse("file", "exists /usr/a\0b", 15, &rules, &err), -EINVAL);
	ck_assert_str_eq(err.text, "file:1: a NUL byte");
	free_rig(&rig);
}
END_TEST

RUN_CASES("check", test_rules, test_bad_lines, test_file)
