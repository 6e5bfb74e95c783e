/* SPDX-License-Identifier: MIT */
/*
 * story_trace.c - a story out of a trace file.
 *
 * The trace stays open as long as the story: the bytes of the operations are
 * used where they are. Marks say of a change that it has ended by naming it
 * again, so those that go on are kept in a short list.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "story.h"

/* The recorder lets no more marks go on at once. */
#define OPEN_MAX 8u

struct loading {
	struct tw_story *story;
	uint32_t open[OPEN_MAX]; /* changes that have not ended, oldest first */
	unsigned open_count;
};

static enum tw_story_change_kind kind_of(const struct twinfs_trace_mark *mark)
{
	switch (mark->change) {
	case TWINFS_TRACED_CREATE:
		return TW_STORY_CREATE;
	case TWINFS_TRACED_MKDIR:
		return TW_STORY_MKDIR;
	case TWINFS_TRACED_CONTENT:
		return TW_STORY_CONTENT;
	case TWINFS_TRACED_REMOVE:
		return TW_STORY_REMOVE;
	case TWINFS_TRACED_RENAME:
		return TW_STORY_RENAME;
	case TWINFS_TRACED_ATTR:
		return mark->flags & TWINFS_MARK_REMOVES ? TW_STORY_NO_ATTR : TW_STORY_ATTR;
	case TWINFS_TRACED_NONE:
	case TWINFS_TRACED_RESIZE:
	case TWINFS_TRACED_COUNT:
		break;
	}
	return TW_STORY_OTHER;
}

static int add_began(struct loading *loading, const struct twinfs_trace_mark *mark)
{
	bool is_store = mark->kind == TWINFS_MARK_STORE_BEGAN;
	struct tw_story_change change = {.kind = is_store ? TW_STORY_STORE : kind_of(mark),
		.path = mark->path,
		.new_path = mark->new_path,
		.size = mark->size,
		.digest = mark->digest};
	uint32_t index;
	int rc;

	if (is_store)
		change.slot = (uint8_t)mark->index;
	else
		change.attr = (uint8_t)mark->index;
	rc = tw_story_began(loading->story, &change, &index);
	if (!rc && loading->open_count < OPEN_MAX)
		loading->open[loading->open_count++] = index;
	return rc;
}

/* Whether @mark is the end of the change @index. */
static bool ends(const struct tw_story *story, uint32_t index, const struct twinfs_trace_mark *mark)
{
	const struct tw_story_change *change = &story->changes[index];

	if (mark->kind == TWINFS_MARK_STORE_ENDED)
		return change->kind == TW_STORY_STORE && change->slot == mark->index;
	return change->kind == kind_of(mark) && strcmp(change->path, mark->path) == 0;
}

static int add_ended(struct loading *loading, const struct twinfs_trace_mark *mark)
{
	for (unsigned i = 0; i < loading->open_count; i++) {
		uint32_t index = loading->open[i];

		if (!ends(loading->story, index, mark))
			continue;
		loading->open_count--;
		memmove(&loading->open[i], &loading->open[i + 1],
			(loading->open_count - i) * sizeof(*loading->open));
		return tw_story_ended(loading->story, index, mark->result);
	}
	return 0; /* it had begun before the recording did */
}

static int add_mark(struct loading *loading, const struct twinfs_trace_mark *mark)
{
	switch (mark->kind) {
	case TWINFS_MARK_CHANGE_BEGAN:
	case TWINFS_MARK_STORE_BEGAN:
		return add_began(loading, mark);
	case TWINFS_MARK_CHANGE_ENDED:
	case TWINFS_MARK_STORE_ENDED:
		return add_ended(loading, mark);
	case TWINFS_MARK_BOOT_BEGAN:
		loading->open_count = 0;
		return tw_story_boot_began(loading->story);
	case TWINFS_MARK_BOOT_ENDED:
		return tw_story_boot_ended(loading->story, mark->result);
	case TWINFS_MARK_POWER_CUT:
		return tw_story_cut(loading->story);
	case TWINFS_MARK_NOTE:
		return tw_story_note(loading->story, mark->path);
	case TWINFS_MARK_COUNT:
		break;
	}
	return 0;
}

static int add_op(struct loading *loading, const struct twinfs_trace_record *record,
	enum tw_story_op_kind kind)
{
	const struct tw_story_op op = {.kind = kind,
		.len = record->len,
		.addr = record->addr,
		.seq = record->number,
		.time_ns = record->time_ns};

	return tw_story_add_op(loading->story, &op, record->cells, record->cells_len,
		record->owner);
}

static int add_record(struct loading *loading, const struct twinfs_trace_record *record)
{
	switch (record->kind) {
	case TWINFS_TRACE_PROGRAM:
		return add_op(loading, record, TW_STORY_PROGRAM);
	case TWINFS_TRACE_ERASE:
		return add_op(loading, record, TW_STORY_ERASE);
	case TWINFS_TRACE_FLIP:
		return add_op(loading, record, TW_STORY_FLIP);
	case TWINFS_TRACE_OLD:
		return tw_story_add_unit(loading->story, record->addr, record->len, record->cells,
			record->cells_len);
	case TWINFS_TRACE_MARK:
		return add_mark(loading, &record->mark);
	case TWINFS_TRACE_KIND_COUNT:
		break;
	}
	return 0;
}

static int add_head(struct tw_story *story, const struct twinfs_trace_info *info)
{
	int rc = 0;

	story->before = info->digest;
	story->has_before = true;
	story->is_whole = !info->is_truncated;
	for (size_t i = 0; !rc && i < info->part_count; i++)
		rc = tw_story_add_part(story,
			&(struct tw_story_part){info->parts[i].name, info->parts[i].path,
				info->parts[i].addr, info->parts[i].size,
				info->parts[i].block_size});
	return rc;
}

int tw_story_load(const char *path, struct tw_story **ret_story, struct twinfs_error *err)
{
	struct loading loading = {0};
	struct twinfs_trace_record record;
	const struct twinfs_trace_info *info;
	struct twinfs_trace *trace;
	int rc = twinfs_trace_open(path, &trace, err);

	if (rc)
		return rc;
	info = twinfs_trace_info(trace);
	loading.story = tw_story_new(path, info->chip_size, &info->geometry);
	if (!loading.story) {
		twinfs_trace_close(trace);
		return tw_fail(err, TWINFS_P_TRACE, -ENOMEM, "no memory for %s", path);
	}
	loading.story->trace = trace;
	rc = add_head(loading.story, info);
	while (!rc && twinfs_trace_next(trace, &record))
		rc = add_record(&loading, &record);
	if (rc) {
		tw_story_free(loading.story);
		return tw_fail(err, TWINFS_P_TRACE, rc, "no memory for %s", path);
	}
	*ret_story = loading.story;
	return 0;
}
