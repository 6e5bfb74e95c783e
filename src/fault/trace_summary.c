/* SPDX-License-Identifier: MIT */
/*
 * trace_summary.c - a trace summed up: by owner, by file, by block.
 *
 * Texts of a trace are unique, so an owner or file is known by its address; the
 * tables are looked up by hash and sorted at the end. Virtual time passes in
 * operations only, so each of them took until the next one began.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/trace.h>

#include "base/cleanup.h"
#include "base/random.h"

/* Numbers for keys: the position in a list. Open addressing, less than half full. */
struct table {
	struct {
		uint64_t key;
		size_t position; /* plus 1; 0: free */
	} * slots;
	size_t size, count;
};

static size_t find(const struct table *table, uint64_t key)
{
	size_t at = (size_t)tw_random_at(key, 0) & (table->size - 1);

	while (table->slots[at].position && table->slots[at].key != key)
		at = (at + 1) & (table->size - 1);
	return at;
}

static int grow_table(struct table *table)
{
	struct table larger = {.size = table->size ? 2 * table->size : 64, .count = table->count};

	larger.slots = calloc(larger.size, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < table->size; i++)
		if (table->slots[i].position)
			larger.slots[find(&larger, table->slots[i].key)] = table->slots[i];
	free(table->slots);
	*table = larger;
	return 0;
}

/* A list whose elements are found by key. */
struct list {
	struct table table;
	void *items;
	size_t size, room; /* of one, bytes; how many there is room for */
};

/* The element of @key, all zero when it is new; NULL: out of memory. */
static void *item_of(struct list *list, uint64_t key)
{
	struct table *table = &list->table;
	size_t at;

	if (2 * (table->count + 1) > table->size && grow_table(table))
		return NULL;
	at = find(table, key);
	if (!table->slots[at].position) {
		if (table->count == list->room) {
			size_t room = list->room ? 2 * list->room : 64;
			void *more = reallocarray(list->items, room, list->size);

			if (!more)
				return NULL;
			list->items = more;
			list->room = room;
		}
		table->slots[at].key = key;
		table->slots[at].position = ++table->count;
		memset((uint8_t *)list->items + (table->count - 1) * list->size, 0, list->size);
	}
	return (uint8_t *)list->items + (table->slots[at].position - 1) * list->size;
}

/* A text of the trace by its address; all that are empty are the same. */
static uint64_t key_of(const char *text)
{
	return *text ? (uint64_t)(uintptr_t)text : 0;
}

struct sum {
	struct twinfs_trace *trace;
	struct twinfs_trace_summary *to;
	struct list owners, files, blocks;
	/* The operation before, whose end is not known yet. */
	struct twinfs_trace_owner *waiting;
	uint64_t began_ns;
};

/* ---- operations ---- */

static void add_to_owner(struct twinfs_trace_owner *owner, const struct twinfs_trace_record *op)
{
	owner->owner = op->owner;
	if (op->kind == TWINFS_TRACE_ERASE) {
		owner->erases++;
	} else {
		owner->programs++;
		owner->program_bytes += op->len;
	}
}

/*
 * It counts for the block that it begins in. No operation of ours goes beyond a
 * block, and following what a foreign trace says could take forever.
 */
static int add_to_block(struct sum *sum, const struct twinfs_trace_record *op)
{
	const struct twinfs_trace_info *info = twinfs_trace_info(sum->trace);
	uint64_t block;
	const struct twinfs_trace_part *part = twinfs_trace_locate(sum->trace, op->addr, &block);
	uint32_t size = part && part->block_size ? part->block_size : info->geometry.erase_size;
	uint64_t addr = (part ? part->addr : 0) + block * size;
	struct twinfs_trace_block *it;

	it = item_of(&sum->blocks, addr);
	if (!it)
		return -ENOMEM;
	it->part = part;
	it->block = block;
	it->addr = addr;
	it->erases += op->kind == TWINFS_TRACE_ERASE;
	it->programs += op->kind == TWINFS_TRACE_PROGRAM;
	it->program_bytes += op->kind == TWINFS_TRACE_PROGRAM ? op->len : 0;
	return 0;
}

static int add_operation(struct sum *sum, const struct twinfs_trace_record *op)
{
	struct twinfs_trace_summary *to = sum->to;
	struct twinfs_trace_owner *owner;

	owner = item_of(&sum->owners, key_of(op->owner));
	if (!owner)
		return -ENOMEM;
	add_to_owner(owner, op);
	if (op->kind == TWINFS_TRACE_ERASE) {
		to->erases++;
	} else {
		to->programs++;
		to->program_bytes += op->len;
	}
	to->failed += op->result < 0 || op->done < op->len;
	sum->waiting = owner;
	sum->began_ns = op->time_ns;
	return add_to_block(sum, op);
}

/* The operation before ends when this record begins. */
static void end_operation(struct sum *sum, uint64_t now_ns)
{
	if (!sum->waiting)
		return;
	sum->waiting->busy_ns += now_ns - sum->began_ns;
	sum->to->busy_ns += now_ns - sum->began_ns;
	sum->waiting = NULL;
}

/* ---- marks ---- */

/* Files go by their path; slots have none, and get their number as key. */
static struct twinfs_trace_file *file_of(struct sum *sum, const struct twinfs_trace_mark *mark)
{
	static const char *const slots[] = {"slot 1", "slot 2", "slot 3", "slot 4", "slot 5",
		"slot 6", "slot 7", "slot 8", "slot 9", "slot 10", "slot 11", "slot 12", "slot 13",
		"slot 14", "slot 15", "slot 16"};
	bool is_slot = mark->change == TWINFS_TRACED_NONE;
	size_t count = sizeof(slots) / sizeof(*slots);
	struct twinfs_trace_file *file =
		item_of(&sum->files, is_slot ? mark->index : key_of(mark->path));

	if (!file)
		return NULL;
	if (is_slot)
		file->path = mark->index && mark->index <= count ? slots[mark->index - 1] : "slot";
	else
		file->path = mark->path;
	return file;
}

/* Counts as failed from its beginning until it is acknowledged. */
static int add_mark(struct sum *sum, const struct twinfs_trace_mark *mark)
{
	bool is_change = mark->change != TWINFS_TRACED_NONE;
	bool is_store =
		mark->kind == TWINFS_MARK_STORE_BEGAN || mark->kind == TWINFS_MARK_STORE_ENDED;
	struct twinfs_trace_file *file;

	sum->to->marks[mark->kind]++;
	if (!is_change && !is_store)
		return 0;
	file = file_of(sum, mark);
	if (!file)
		return -ENOMEM;
	if (mark->kind == TWINFS_MARK_CHANGE_BEGAN || mark->kind == TWINFS_MARK_STORE_BEGAN) {
		file->failed++;
	} else if (!mark->result) {
		uint64_t bytes = is_store || mark->change == TWINFS_TRACED_CONTENT ? mark->size : 0;

		file->failed -= file->failed > 0; /* a filter may have dropped the beginning */
		file->changes++;
		file->content_bytes += bytes;
		sum->to->content_bytes += bytes;
		sum->to->changes[mark->change] += is_change;
	}
	return 0;
}

/* ---- all ---- */

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

static int compare_owners(const void *a, const void *b)
{
	const struct twinfs_trace_owner *x = a, *y = b;
	int order = compare_numbers(x->program_bytes, y->program_bytes);

	return order ? order : strcmp(x->owner, y->owner);
}

static int compare_files(const void *a, const void *b)
{
	const struct twinfs_trace_file *x = a, *y = b;
	int order = compare_numbers(x->content_bytes, y->content_bytes);

	return order ? order : strcmp(x->path, y->path);
}

static int compare_blocks(const void *a, const void *b)
{
	const struct twinfs_trace_block *x = a, *y = b;
	int order = compare_numbers(x->erases, y->erases);

	return order ? order : compare_numbers(y->addr, x->addr);
}

static void *finish(struct list *list, int (*compare)(const void *, const void *),
	size_t *ret_count)
{
	if (list->table.count)
		qsort(list->items, list->table.count, list->size, compare);
	*ret_count = list->table.count;
	return tw_steal(&list->items);
}

static void release_list(struct list *list)
{
	free(list->table.slots);
	free(list->items);
}

static int add_all(struct sum *sum, const struct twinfs_trace_filter *filter)
{
	struct twinfs_trace_record record;
	int rc = 0;

	twinfs_trace_rewind(sum->trace);
	while (!rc && twinfs_trace_next(sum->trace, &record)) {
		bool passes = !filter || twinfs_trace_passes(sum->trace, filter, &record);
		bool is_operation =
			record.kind == TWINFS_TRACE_PROGRAM || record.kind == TWINFS_TRACE_ERASE;

		if (is_operation)
			end_operation(sum, record.time_ns);
		if (passes && is_operation)
			rc = add_operation(sum, &record);
		else if (passes && record.kind == TWINFS_TRACE_MARK)
			rc = add_mark(sum, &record.mark);
		sum->to->flips += passes && record.kind == TWINFS_TRACE_FLIP;
	}
	end_operation(sum, twinfs_trace_info(sum->trace)->last_time_ns);
	return rc;
}

int twinfs_trace_summarise(struct twinfs_trace *trace, const struct twinfs_trace_filter *filter,
	struct twinfs_trace_summary *ret_summary)
{
	struct twinfs_trace_summary to = {0};
	struct sum sum = {
		.trace = trace,
		.to = &to,
		.owners = {.size = sizeof(struct twinfs_trace_owner)},
		.files = {.size = sizeof(struct twinfs_trace_file)},
		.blocks = {.size = sizeof(struct twinfs_trace_block)},
	};
	int rc = add_all(&sum, filter);

	if (!rc) {
		to.owners = finish(&sum.owners, compare_owners, &to.owner_count);
		to.files = finish(&sum.files, compare_files, &to.file_count);
		to.blocks = finish(&sum.blocks, compare_blocks, &to.block_count);
		*ret_summary = to;
	}
	release_list(&sum.owners);
	release_list(&sum.files);
	release_list(&sum.blocks);
	twinfs_trace_rewind(trace);
	return rc;
}

void twinfs_trace_summary_release(struct twinfs_trace_summary *summary)
{
	free(summary->owners);
	free(summary->files);
	free(summary->blocks);
	*summary = (struct twinfs_trace_summary){0};
}
