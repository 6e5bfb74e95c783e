/* SPDX-License-Identifier: MIT */
/*
 * fuzz_explore_result.c - results of the explorer, read back from JSON.
 *
 * What is accepted can be written, and read again as the same; a result is the
 * merge of itself alone, and has no chunk that it could be merged with itself for.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/explore.h>

static char *write_json(const struct twinfs_explore_result *result)
{
	char *json = twinfs_explore_result_json(result);

	fuzz_hold(json);
	return json;
}

static void check_round_trip(const struct twinfs_explore_result *result)
{
	struct twinfs_explore_result *again;
	struct twinfs_error err = {0};
	char *once = write_json(result), *twice;
	int rc = twinfs_explore_result_parse(once, strlen(once), &again, &err);

	fuzz_must(rc == 0, "%s\n%s", err.text, once);
	twice = write_json(again);
	fuzz_must(!strcmp(once, twice), "%s\n%s", once, twice);
	twinfs_explore_result_free(again);
	free(once);
	free(twice);
}

static void check_merge(const struct twinfs_explore_result *result)
{
	const struct twinfs_explore_result *pair[] = {result, result};
	struct twinfs_explore_result *merged;
	struct twinfs_error err = {0};
	int rc = twinfs_explore_merge(pair, 1, &merged, &err);

	fuzz_must(rc == 0 || (rc == -EINVAL && err.text[0]), "%d: %s", rc, err.text);
	if (rc == 0) {
		fuzz_hold(merged->states == result->states);
		fuzz_hold(merged->finding_count == result->finding_count);
		twinfs_explore_result_free(merged);
	}
	rc = twinfs_explore_merge(pair, 2, &merged, &err);
	fuzz_hold(rc != 0 || !result->done_count);
	if (rc == 0)
		twinfs_explore_result_free(merged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct twinfs_explore_result *result;
	struct twinfs_error err = {0};
	char *text;
	int rc;

	if (size > 65536)
		return -1;
	text = malloc(size + 1);
	fuzz_hold(text);
	memcpy(text, data, size);
	text[size] = '\0';
	rc = twinfs_explore_result_parse(text, size, &result, &err);
	free(text);
	fuzz_must(rc == 0 || rc == -EUCLEAN || rc == -ENOTSUP, "%d: %s", rc, err.text);
	if (rc)
		return 0;
	(void)twinfs_explore_is_complete(result);
	check_round_trip(result);
	check_merge(result);
	twinfs_explore_result_free(result);
	return 0;
}
