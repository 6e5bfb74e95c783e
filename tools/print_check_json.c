/* SPDX-License-Identifier: MIT */
/*
 * print_check_json.c - the findings of a check as one document.
 */
#include "print.h"

#include "json.h"
#include "text.h"

static void add_counts(struct json_object *to, size_t errors, size_t warnings, size_t notes)
{
	tw_tool_json_add_uint(to, "errors", errors);
	tw_tool_json_add_uint(to, "warnings", warnings);
	tw_tool_json_add_uint(to, "notes", notes);
}

static struct json_object *finding_json(const struct twinfs_error *finding)
{
	struct json_object *object = tw_tool_json_object();

	tw_tool_json_add_string(object, "problem", twinfs_problem_name(finding->problem));
	tw_tool_json_add_string(object, "severity",
		twinfs_severity_name(twinfs_problem_severity(finding->problem)));
	tw_tool_json_add_bytes(object, "text",
		finding->text[0] ? finding->text : twinfs_problem_text(finding->problem));
	if (finding->block != TWINFS_NO_BLOCK)
		tw_tool_json_add_uint(object, "block", finding->block);
	if (finding->addr != TWINFS_NO_ADDR)
		tw_tool_json_add_uint(object, "addr", finding->addr);
	return object;
}

static struct json_object *part_json(const struct tw_tool_check_part *part, bool repairs)
{
	struct json_object *object = tw_tool_json_object(), *found = tw_tool_json_array();

	tw_tool_json_add_string(object, "name", part->name);
	tw_tool_json_add_uint(object, "addr", part->addr);
	tw_tool_json_add_uint(object, "size", part->size);
	tw_tool_json_add_version(object, part->version);
	add_counts(object, part->errors, part->warnings, part->notes);
	tw_tool_json_add(object, "findings", found);
	for (size_t i = 0; i < part->count; i++)
		tw_tool_json_append(found, finding_json(&part->found[i]));
	if (repairs)
		tw_tool_json_add(object, "repair", tw_tool_repair_json(part));
	return object;
}

/* The host files of a repair. */
static void add_files(struct json_object *root, const struct tw_tool_check *check)
{
	struct json_object *files = tw_tool_json_array();

	for (size_t i = 0; i < check->file_count; i++) {
		struct json_object *file = tw_tool_json_object();

		tw_tool_json_add_bytes(file, "path", check->files[i].path);
		tw_tool_json_add_bytes(file, "copy", check->files[i].copy);
		tw_tool_json_append(files, file);
	}
	tw_tool_json_add_bool(root, "dry_run", check->dry_run);
	if (check->output)
		tw_tool_json_add_bytes(root, "output", check->output);
	tw_tool_json_add(root, "replaced", files);
}

void tw_tool_json_check(const struct tw_tool_check *check)
{
	struct json_object *root = tw_tool_json_object(), *parts = tw_tool_json_array();

	tw_tool_json_add_bytes(root, "image", check->image);
	add_counts(root, check->errors, check->warnings, check->notes);
	if (check->repairs)
		add_files(root, check);
	tw_tool_json_add(root, "partitions", parts);
	for (size_t i = 0; i < check->part_count; i++)
		tw_tool_json_append(parts, part_json(&check->parts[i], check->repairs));
	tw_tool_json_print(root, true);
}
