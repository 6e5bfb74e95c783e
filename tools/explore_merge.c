/* SPDX-License-Identifier: MIT */
/*
 * explore_merge.c - results in files, and the parts of one exploration joined.
 */
#include "explore.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "text.h"
#include "tool.h"

#define VERB "explore"

/* Missing parts that are named. */
#define NAMED 8

int tw_tool_explore_load(const char *file, struct twinfs_explore_result **ret_result)
{
	struct tw_tool_text content = {0};
	struct twinfs_error err = {0};
	int status = tw_tool_load(VERB, file, &content);

	if (!status && twinfs_explore_result_parse(content.data, content.len, ret_result, &err) < 0)
		status = tw_tool_report(VERB, file, &err);
	tw_tool_text_release(&content);
	return status;
}

int tw_tool_explore_store(const char *file, const struct twinfs_explore_result *result)
{
	_cleanup_free_ char *text = twinfs_explore_result_json(result);

	if (!text)
		return tw_tool_no_memory(VERB);
	return tw_tool_store(VERB, file, text, strlen(text));
}

struct parts {
	struct twinfs_explore_result **results;
	size_t count;
};

static bool has_part(const struct parts *parts, uint32_t shard)
{
	for (size_t i = 0; i < parts->count; i++)
		if (parts->results[i]->request.shard == shard)
			return true;
	return false;
}

/* Names the first shards that no result is of. Bounded by the results and NAMED. */
static void say_missing(const struct parts *parts)
{
	const uint32_t shards = parts->results[0]->request.shards;
	char list[NAMED * 12 + 1] = "";
	size_t len = 0, named = 0;

	for (uint32_t i = 0; i < shards && named < NAMED; i++) {
		if (has_part(parts, i))
			continue;
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%" PRIu32,
			named ? ", " : "", i + 1);
		named++;
	}
	if (named)
		tw_tool_error(VERB, NULL, "not complete: part%s %s of %" PRIu32 " %s missing%s",
			tw_tool_plural(named), list, shards, named == 1 ? "is" : "are",
			named == NAMED ? ", and perhaps more" : "");
}

static void say_incomplete(const struct parts *parts, char *const *files)
{
	for (size_t i = 0; i < parts->count; i++)
		if (!twinfs_explore_is_complete(parts->results[i]))
			tw_tool_error(VERB, files[i],
				"not complete: it was stopped, --resume finishes it");
	if (parts->results[0]->request.shards > 1)
		say_missing(parts);
}

/* Of a single part the library says that it is complete, which it is as a part. */
bool tw_tool_explore_is_whole(const struct twinfs_explore_result *result)
{
	return result->request.shards <= 1 && twinfs_explore_is_complete(result);
}

static int merge(const struct parts *parts, char *const *files,
	struct twinfs_explore_result **ret_result)
{
	struct twinfs_error err = {0};

	if (twinfs_explore_merge((const struct twinfs_explore_result *const *)parts->results,
		    parts->count, ret_result, &err) < 0)
		return tw_tool_report(VERB, NULL, &err);
	if (!tw_tool_explore_is_whole(*ret_result))
		say_incomplete(parts, files);
	return 0;
}

int tw_tool_explore_merge(char *const *files, size_t count,
	struct twinfs_explore_result **ret_result)
{
	struct parts parts = {.results = calloc(count, sizeof(struct twinfs_explore_result *))};
	int status = 0;

	if (!parts.results)
		return tw_tool_no_memory(VERB);
	while (!status && parts.count < count) {
		status = tw_tool_explore_load(files[parts.count], &parts.results[parts.count]);
		if (!status)
			parts.count++;
	}
	if (!status)
		status = merge(&parts, files, ret_result);
	for (size_t i = 0; i < parts.count; i++)
		twinfs_explore_result_free(parts.results[i]);
	free(parts.results);
	return status;
}
