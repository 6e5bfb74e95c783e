/* SPDX-License-Identifier: MIT */
/* test_project.c - what a main.py says its project is called. */
#include <twinfs/firmware.h>

#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "suite.h"
#include "tempdir.h"

#define VERSION "\nPROJECT_VERSION = '1.0.0'\n"

static const struct good {
	const char *text, *name, *version;
} good[] = {
	{"PROJECT_NAME = 'T'" VERSION, "T", "1.0.0"},
	{"PROJECT_NAME=\"T\"\r\nPROJECT_VERSION\t=\t\"2\"\r\n", "T", "2"},
	{"PROJECT_VERSION = '2'\nPROJECT_NAME = 'T'", "T", "2"},
	{"\xef\xbb\xbfPROJECT_NAME = 'T'" VERSION, "T", "1.0.0"},
	{"# -*- coding: utf-8 -*-\n\nimport x\nPROJECT_NAME = 'T' # a name" VERSION, "T", "1.0.0"},
	{"PROJECT_NAME = 'it''s ' \"two\"" VERSION, "its two", "1.0.0"},
	{"PROJECT_NAME = r'raw' u'x'" VERSION, "rawx", "1.0.0"},
	{"PROJECT_NAME = '''long'''" VERSION, "long", "1.0.0"},
	{"PROJECT_NAME = 'a\\'b\\\"\\x41\\u00e9'" VERSION, "a'b\"A\xc3\xa9", "1.0.0"},
	{"PROJECT_NAME = 'a\\\nb'" VERSION, "ab", "1.0.0"},
	{"PROJECT_NAME = \\\n 'T'" VERSION, "T", "1.0.0"},
	{"PROJECT_NAME: str = 'T'" VERSION, "T", "1.0.0"},
	{"import x; PROJECT_NAME = 'T'; y = 1; PROJECT_VERSION = '3'", "T", "3"},
	{"PROJECT_NAME = 'old'\nPROJECT_NAME = 'new'" VERSION, "new", "1.0.0"},
	/* what is not at the top level does not count */
	{"PROJECT_NAME = 'T'\ndef f():\n    PROJECT_NAME = 'x'\n\tPROJECT_NAME = 5\n" VERSION, "T",
		"1.0.0"},
	{"def f():\n    x = 1; PROJECT_NAME = 5\nPROJECT_NAME = 'T'" VERSION, "T", "1.0.0"},
	{"\"\"\"\nPROJECT_NAME = 'doc'\n\"\"\"\nPROJECT_NAME = 'T'" VERSION, "T", "1.0.0"},
	{"x = [\nPROJECT_NAME,\n'a'\n]\nPROJECT_NAME = 'T'" VERSION, "T", "1.0.0"},
	{"f('#', '''\n''')\nPROJECT_NAME = 'T'" VERSION, "T", "1.0.0"},
	{"x = 1 + \\\nPROJECT_NAME\nPROJECT_NAME = 'T'" VERSION, "T", "1.0.0"},
	{"x = 1 + \\\r\nPROJECT_NAME\r\nPROJECT_NAME = 'T'" VERSION, "T", "1.0.0"},
	{"if x: PROJECT_NAME = 5; PROJECT_NAME = 6\nPROJECT_NAME = 'T'" VERSION, "T", "1.0.0"},
	{"x = 'it\\'s'; PROJECT_NAME = 'T'" VERSION, "T", "1.0.0"},
	{"PROJECT_NAMES = 5\nMY_PROJECT_NAME = 6\nPROJECT_NAME = 'T'" VERSION, "T", "1.0.0"},
	{"PROJECT_NAME = 'T'\nprint(PROJECT_NAME)\nPROJECT_NAME == 5\nPROJECT_NAME.x()" VERSION,
		"T", "1.0.0"},
	{"PROJECT_NAME = 'T'\nPROJECT_NAME: str" VERSION, "T", "1.0.0"},
};

START_TEST(what_counts)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct twinfs_project project;
		struct twinfs_error err = {0};
		int rc = twinfs_project_parse(good[i].text, strlen(good[i].text), &project, &err);

		ck_assert_msg(!rc, "%s: %s", good[i].text, err.text);
		ck_assert_str_eq(project.name, good[i].name);
		ck_assert_str_eq(project.version, good[i].version);
	}
}
END_TEST

#define MUST_BE "is not assigned a plain string constant"

static const struct bad {
	const char *text;
	int code;
	const char *saying;
} bad[] = {
	{"", -ENOENT, "PROJECT_NAME is not assigned"},
	{"PROJECT_NAME = 'T'\n", -ENOENT, "PROJECT_VERSION is not assigned"},
	{"PROJECT_VERSION = 'T'\n", -ENOENT, "PROJECT_NAME is not assigned"},
	{"from config import PROJECT_NAME" VERSION, -ENOENT, "PROJECT_NAME is not assigned"},
	{"  PROJECT_NAME = 'T'" VERSION, -ENOENT, "PROJECT_NAME is not assigned"},
	{"'''\nPROJECT_NAME = 'T'" VERSION, -ENOENT, "PROJECT_NAME is not assigned"},
	{"\n\nPROJECT_NAME = 5" VERSION, -EINVAL, "line 3: PROJECT_NAME " MUST_BE},
	{"PROJECT_NAME = 'a' + 'b'" VERSION, -EINVAL, MUST_BE},
	{"PROJECT_NAME = 'a' % 1" VERSION, -EINVAL, MUST_BE},
	{"PROJECT_NAME = b'a'" VERSION, -EINVAL, MUST_BE},
	{"PROJECT_NAME = f'a'" VERSION, -EINVAL, MUST_BE},
	{"PROJECT_NAME = name" VERSION, -EINVAL, MUST_BE},
	{"PROJECT_NAME = 'open" VERSION, -EINVAL, MUST_BE},
	{"PROJECT_NAME = '''open" VERSION, -EINVAL, MUST_BE},
	{"PROJECT_NAME =" VERSION, -EINVAL, MUST_BE},
	{"PROJECT_NAME += 'x'" VERSION, -EINVAL, MUST_BE},
	{"PROJECT_NAME, y = 'a', 'b'" VERSION, -EINVAL, MUST_BE},
	{"PROJECT_NAME = PROJECT_VERSION = 'a'", -EINVAL, MUST_BE},
	{"PROJECT_NAME = '\\N{DIGIT ONE}'" VERSION, -EINVAL, MUST_BE},
	{"PROJECT_NAME = '\\x4'" VERSION, -EINVAL, MUST_BE},
	{"PROJECT_NAME = ''" VERSION, -EINVAL, "line 1: PROJECT_NAME is empty"},
	{"PROJECT_NAME = '../x'" VERSION, -EINVAL, "holds a slash"},
	{"PROJECT_NAME = 'a\\\\b'" VERSION, -EINVAL, "holds a slash or backslash"},
	{"PROJECT_NAME = 'a\\x00b'" VERSION, -EINVAL, "control character"},
	{"PROJECT_NAME = 'a\tb'" VERSION, -EINVAL, "control character"},
	{"PROJECT_NAME = 'a\\x9b'" VERSION, -EINVAL, "control character"},
	{"PROJECT_NAME = '''a\nb'''" VERSION, -EINVAL, "control character"},
	{"PROJECT_NAME = '\\ud800'" VERSION, -EINVAL, "is not UTF-8"},
	{"PROJECT_NAME = '\xce'" VERSION, -EINVAL, "is not UTF-8"},
	{"PROJECT_NAME = 'T'\nPROJECT_VERSION = 1.0\n", -EINVAL,
		"line 2: PROJECT_VERSION " MUST_BE},
};

START_TEST(what_does_not)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct twinfs_project project = {"untouched", "too"};
		struct twinfs_error err = {0};

		ck_assert_msg(twinfs_project_parse(bad[i].text, strlen(bad[i].text), &project,
				      &err) == bad[i].code,
			"%s: %s", bad[i].text, err.text);
		ck_assert_msg(strstr(err.text, bad[i].saying), "%s: %s", bad[i].text, err.text);
		ck_assert_int_eq(err.problem, TWINFS_P_PROJECT);
		ck_assert_str_eq(project.name, "untouched");
	}
}
END_TEST

START_TEST(too_long)
{
	char text[256];
	struct twinfs_project project;

	(void)snprintf(text, sizeof(text), "PROJECT_NAME = '%0127d'%s", 7, VERSION);
	ck_assert_int_eq(twinfs_project_parse(text, strlen(text), &project, NULL), 0);
	(void)snprintf(text, sizeof(text), "PROJECT_NAME = '%0128d'%s", 7, VERSION);
	ck_assert_int_eq(twinfs_project_parse(text, strlen(text), &project, NULL), -EINVAL);
}
END_TEST

/* Every beginning of every text: memory that ends with it shows who reads on. */
START_TEST(cut_anywhere)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		for (size_t len = 0; len < strlen(good[i].text); len++) {
			struct twinfs_project project;
			char *copy = malloc(len + !len);
			int rc;

			ck_assert_ptr_nonnull(copy);
			memcpy(copy, good[i].text, len);
			rc = twinfs_project_parse(copy, len, &project, NULL);
			free(copy);
			if (rc && rc != -ENOENT && rc != -EINVAL)
				ck_abort_msg("%s: %d", good[i].text, rc);
		}
}
END_TEST

START_TEST(of_a_file)
{
	static const char text[] = "PROJECT_NAME = 5\n";
	struct twinfs_project project;
	struct twinfs_error err = {0};

	tempdir_enter();
	ck_assert_int_eq(twinfs_project_load("main.py", &project, &err), -ENOENT);
	ck_assert_str_eq(err.file, "main.py");
	ck_assert_ptr_nonnull(strstr(err.text, "cannot be read"));
	ck_assert_int_eq(tw_file_write("main.py", text, strlen(text), 0644, 0), 0);
	ck_assert_int_eq(twinfs_project_load("main.py", &project, &err), -EINVAL);
	ck_assert_str_eq(err.file, "main.py");
	tempdir_leave();
}
END_TEST

RUN_CASES("project", what_counts, what_does_not, too_long, cut_anywhere, of_a_file)
