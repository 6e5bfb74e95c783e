/* SPDX-License-Identifier: MIT */
/*
 * test_oom.c - texts, tables, digests and files of the host without memory.
 */
#include "base/digest.h"
#include "base/file.h"
#include "base/sparse.h"
#include "base/text.h"

#include <check.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/scarce.h"
#include "lib/suite.h"
#include "lib/tempdir.h"

/* Text, and bytes that are none; more than the first room. */
static int write_text(void *ctx)
{
	struct tw_text text = {0};
	int rc = tw_text_add(&text, "some ", 5);

	(void)ctx;
	for (int i = 0; !rc && i < 40; i++) {
		size_t len = text.len;

		rc = tw_text_addf(&text, "%d words and %0200d ", i, i);
		if (!rc)
			rc = tw_text_add_utf8(&text, "\xff\xfe");
		else if (text.len != len)
			rc = 1;
	}
	tw_text_release(&text);
	return rc;
}

static int fill_table(void *ctx)
{
	struct tw_sparse table;
	int one = 1, rc = tw_sparse_init(&table, 1000, sizeof(void *));

	(void)ctx;
	if (!rc)
		rc = tw_sparse_put(&table, 999, &one);
	if (!rc)
		rc = tw_sparse_get(&table, 999) != &one || tw_sparse_get(&table, 998);
	tw_sparse_release(&table);
	return rc;
}

static int digest(void *ctx)
{
	struct tw_digest *it = tw_digest_new();

	(void)ctx;
	if (!it)
		return -ENOMEM;
	tw_digest_free(it);
	return 0;
}

static int read_file(void *ctx)
{
	size_t len;
	char *data;
	int rc = tw_file_read("old", 20000, &data, &len);

	(void)ctx;
	if (!rc)
		free(data);
	return rc ? rc : len != 10000;
}

static int write_file(void *ctx)
{
	(void)ctx;
	return tw_file_write("new", "text", 4, 0644, 0);
}

static void remove_new(void *ctx)
{
	(void)ctx;
	(void)unlink("new");
}

static void expect_whole(void *ctx, int rc)
{
	(void)ctx;
	ck_assert_int_eq(access("new", F_OK), rc ? -1 : 0);
}

START_TEST(memory_runs_out)
{
	static const struct {
		const char *name;
		struct scarce_trial trial;
	} trials[] = {
		{"text", {.body = write_text}},
		{"table", {.body = fill_table}},
		{"digest", {.body = digest}},
		{"read", {.body = read_file}},
		{"write", {.prepare = remove_new, .body = write_file, .verify = expect_whole}},
	};

	tempdir_enter();
	tempdir_make("old", 10000, 'x');
	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++)
		(void)scarce_try(trials[i].name, &trials[i].trial);
	tempdir_leave();
}
END_TEST

RUN_CASES("oom", memory_runs_out)
