/* SPDX-License-Identifier: MIT */
/*
 * trace_filter.c - which records of a trace are meant.
 */
#include <string.h>
#include <twinfs/trace.h>

/* Whether @path is @top or below it. */
static bool is_at_or_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	while (len && top[len - 1] == '/')
		len--;
	return !strncmp(path, top, len) && (!path[len] || path[len] == '/');
}

/* The path in an owner's tag: "data /usr/a"; "" when there is none. */
static const char *path_of(const char *owner)
{
	const char *slash = strchr(owner, '/');

	return slash ? slash : "";
}

static bool has_path(const struct twinfs_trace_record *record, const char *path)
{
	if (record->kind != TWINFS_TRACE_MARK)
		return *path_of(record->owner) && is_at_or_below(path_of(record->owner), path);
	return record->mark.change != TWINFS_TRACED_NONE &&
	       (is_at_or_below(record->mark.path, path) ||
		       (*record->mark.new_path && is_at_or_below(record->mark.new_path, path)));
}

static const struct twinfs_trace_part *part_called(const struct twinfs_trace *trace,
	const char *name)
{
	const struct twinfs_trace_info *info = twinfs_trace_info(trace);

	for (size_t i = 0; i < info->part_count; i++)
		if (!strcmp(info->parts[i].name, name))
			return &info->parts[i];
	return NULL;
}

/* A mark lies in the partition of its path; that of a slot in the one without files. */
static bool is_mark_of(const struct twinfs_trace_mark *mark, const struct twinfs_trace_part *part)
{
	if (mark->kind == TWINFS_MARK_STORE_BEGAN || mark->kind == TWINFS_MARK_STORE_ENDED)
		return !*part->path;
	return mark->change != TWINFS_TRACED_NONE && *part->path &&
	       is_at_or_below(mark->path, part->path);
}

static bool has_place(const struct twinfs_trace *trace, const struct twinfs_trace_filter *filter,
	const struct twinfs_trace_record *record)
{
	const struct twinfs_trace_part *part =
		filter->part ? part_called(trace, filter->part) : NULL;
	uint64_t first, last, end = record->addr + (record->len ? record->len - 1 : 0);

	if (filter->part && !part)
		return false;
	if (record->kind == TWINFS_TRACE_MARK)
		return !filter->has_block && is_mark_of(&record->mark, part);
	if (twinfs_trace_locate(trace, record->addr, &first) != part && part)
		return false;
	(void)twinfs_trace_locate(trace, end, &last);
	return !filter->has_block || (first <= filter->block && filter->block <= last);
}

bool twinfs_trace_passes(const struct twinfs_trace *trace, const struct twinfs_trace_filter *filter,
	const struct twinfs_trace_record *record)
{
	if (filter->kinds && !(filter->kinds & 1u << record->kind))
		return false;
	if (record->number < filter->from || (filter->to && record->number > filter->to))
		return false;
	if (filter->path && !has_path(record, filter->path))
		return false;
	return (!filter->part && !filter->has_block) || has_place(trace, filter, record);
}
