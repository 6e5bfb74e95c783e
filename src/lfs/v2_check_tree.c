/* SPDX-License-Identifier: MIT */
/*
 * v2_check_tree.c - checks the tree: directories, their entries and names, and
 * what the entries hold.
 *
 * The pairs of the tree are their own list of work: a directory found in one
 * of them is walked at once, and its pairs come to the end of the list.
 */
#include "v2_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "index.h"

/* ---- entries ---- */

static const uint8_t *name_of(const struct tw_v2_met *met, const struct tw_v2_entry *entry)
{
	return met->log.bytes + entry->name_off;
}

static bool is_directory(const struct tw_v2_entry *entry)
{
	return entry->kind == TW_V2_NAME_DIR && entry->body.form == TW_V2_FORM_DIR &&
	       entry->body.len == 8;
}

static bool is_chain(const struct tw_v2_entry *entry)
{
	return entry->kind == TW_V2_NAME_FILE && entry->body.form == TW_V2_FORM_CTZ &&
	       entry->body.len == 8;
}

static void check_entry(struct tw_v2_check *check, const struct tw_v2_met *met, unsigned id)
{
	const struct tw_v2_entry *entry = &met->content.entries[id];
	uint32_t block = tw_v2_block(met);

	if (entry->kind == TW_V2_NAME_SUPERBLOCK) {
		if (met != check->root || id)
			tw_check_report(&check->common, TWINFS_P_LFS_ENTRY, block,
				"entry %u is a superblock, and this is none of its pairs", id);
		return;
	}
	if (entry->kind != TW_V2_NAME_FILE && entry->kind != TW_V2_NAME_DIR)
		tw_check_report(&check->common, TWINFS_P_LFS_ENTRY, block,
			"entry %u has type 0x%02x", id, entry->kind);
	else if (!is_directory(entry) && !is_chain(entry) &&
		 (entry->kind != TW_V2_NAME_FILE || entry->body.form != TW_V2_FORM_INLINE))
		tw_check_report(&check->common, TWINFS_P_LFS_ENTRY, block,
			"entry %u, a %s, has content of form 0x%02x and %u bytes", id,
			entry->kind == TW_V2_NAME_DIR ? "directory" : "file", entry->body.form,
			entry->body.len);
	if (!tw_name_is_valid((const char *)name_of(met, entry), entry->name_len))
		tw_check_report(&check->common, TWINFS_P_LFS_NAME, block,
			"entry %u has a name that cannot be used", id);
	else if (entry->name_len > check->superblock.name_max)
		tw_check_report(&check->common, TWINFS_P_LFS_NAME, block,
			"entry %u has a name of %u bytes, the limit is %u", id, entry->name_len,
			check->superblock.name_max);
}

/* ---- names ---- */

struct name {
	const uint8_t *bytes;
	uint32_t len, block;
};

static int compare(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	return tw_v2_compare_names(x->bytes, x->len, y->bytes, y->len);
}

static size_t count_names(const struct tw_v2_met *met)
{
	size_t count = 0;

	for (; met; met = met->on[TW_V2_TREE])
		count += met->content.count;
	return count;
}

/* A hidden entry has its place in the order, but may share its name. */
static size_t collect_names(struct tw_v2_check *check, const struct tw_v2_met *met,
	struct name *names)
{
	struct name last = {0};
	bool is_told = false;
	size_t count = 0;

	for (; met; met = met->on[TW_V2_TREE]) {
		for (unsigned id = 0; id < met->content.count; id++) {
			const struct tw_v2_entry *entry = &met->content.entries[id];
			struct name name = {name_of(met, entry), entry->name_len, tw_v2_block(met)};

			if (entry->kind == TW_V2_NAME_SUPERBLOCK)
				continue;
			if (last.bytes && !is_told && compare(&last, &name) > 0) {
				tw_check_report(&check->common, TWINFS_P_LFS_ORDER, name.block,
					"the name '%.*s' is not in its place in the directory",
					(int)name.len, name.bytes);
				is_told = true;
			}
			last = name;
			if (!tw_v2_is_hidden(check, met, id))
				names[count++] = name;
		}
	}
	return count;
}

/* Checks the names of a directory whose pairs are the last of the tree, from @first on. */
static int check_names(struct tw_v2_check *check, const struct tw_v2_met *first)
{
	_cleanup_free_ struct name *names = NULL;
	size_t count = count_names(first);

	if (!count)
		return 0;
	names = reallocarray(NULL, count, sizeof(*names));
	if (!names)
		return -ENOMEM;
	count = collect_names(check, first, names);
	qsort(names, count, sizeof(*names), compare);
	for (size_t i = 1; i < count; i++)
		if (!compare(&names[i - 1], &names[i]))
			tw_check_report(&check->common, TWINFS_P_LFS_DUPLICATE, names[i].block,
				"the name '%.*s' stands twice in its directory", (int)names[i].len,
				names[i].bytes);
	return 0;
}

/* ---- directories ---- */

static int add_pair(struct tw_v2_check *check, struct tw_v2_met *met)
{
	uint32_t owner = ++check->common.last_owner;
	int rc = 0;

	tw_v2_join(check, TW_V2_TREE, met);
	for (unsigned i = 0; !rc && i < 2; i++)
		rc = tw_check_claim(&check->common, met->log.pair.block[i], owner);
	for (unsigned id = 0; id < met->content.count && !met->is_before_root; id++)
		check_entry(check, met, id);
	return rc;
}

static void report_taken(struct tw_v2_check *check, struct tw_pair pair, uint32_t named_in,
	bool is_first)
{
	const struct tw_v2_met *met = tw_v2_met_at(check, TW_V2_TREE, pair);

	if (!tw_pair_is_same(met->log.pair, pair))
		tw_check_report(&check->common, TWINFS_P_LFS_CROSS_LINK, named_in,
			"the pair {%u, %u} it names has a block of the pair {%u, %u}",
			pair.block[0], pair.block[1], met->log.pair.block[0],
			met->log.pair.block[1]);
	else
		tw_check_report(&check->common,
			is_first ? TWINFS_P_LFS_PARENTS : TWINFS_P_LFS_CYCLE, named_in,
			"the pair {%u, %u} it names is in use already", pair.block[0],
			pair.block[1]);
}

/* Walks the pairs of one directory, which an entry in block @named_in names. */
static int walk_directory(struct tw_v2_check *check, struct tw_pair pair, uint32_t named_in)
{
	const struct tw_v2_met *first = NULL;

	for (;;) {
		struct tw_v2_met *met;
		int rc;

		if (tw_v2_met_at(check, TW_V2_TREE, pair)) {
			report_taken(check, pair, named_in, !first);
			break;
		}
		rc = tw_v2_meet(check, pair, named_in, &met);
		if (rc)
			return rc;
		if (!met)
			break;
		met->is_head = !first;
		first = first ? first : met;
		rc = add_pair(check, met);
		if (rc)
			return rc;
		if (!met->content.more)
			break;
		named_in = tw_v2_block(met);
		pair = met->content.tail;
	}
	return first ? check_names(check, first) : 0;
}

static int walk_subdirectories(struct tw_v2_check *check, const struct tw_v2_met *met)
{
	int rc = 0;

	for (unsigned id = 0; !rc && id < met->content.count; id++) {
		const struct tw_v2_entry *entry = &met->content.entries[id];

		if (is_directory(entry) && !tw_v2_is_hidden(check, met, id))
			rc = walk_directory(check,
				tw_v2_read_pair(met->log.bytes + entry->body.off),
				tw_v2_block(met));
	}
	return rc;
}

int tw_v2_check_tree(struct tw_v2_check *check)
{
	struct tw_v2_met *met = check->first[TW_V2_THREAD];
	int rc = 0;

	for (; !rc && met != check->root; met = met->on[TW_V2_THREAD])
		rc = add_pair(check, met);
	if (!rc)
		rc = walk_directory(check, check->root->log.pair, tw_v2_block(check->root));
	for (met = check->root; !rc && met; met = met->on[TW_V2_TREE])
		rc = walk_subdirectories(check, met);
	return rc;
}

/* ---- the pending move ---- */

static bool is_twin(const struct tw_v2_met *a, const struct tw_v2_entry *x,
	const struct tw_v2_met *b, const struct tw_v2_entry *y)
{
	return x->kind == y->kind && x->body.form == y->body.form && x->body.len == y->body.len &&
	       !memcmp(a->log.bytes + x->body.off, b->log.bytes + y->body.off, x->body.len);
}

static bool has_twin(const struct tw_v2_check *check, const struct tw_v2_met *source)
{
	const struct tw_v2_entry *entry = &source->content.entries[check->move_id];

	for (const struct tw_v2_met *met = check->root; met; met = met->on[TW_V2_TREE])
		for (unsigned id = 0; id < met->content.count; id++)
			if (!tw_v2_is_hidden(check, met, id) &&
				is_twin(source, entry, met, &met->content.entries[id]))
				return true;
	return false;
}

/* The first pair of the tree, from @met on, that the pending move may be from, or NULL. */
static const struct tw_v2_met *source_from(const struct tw_v2_check *check,
	const struct tw_v2_met *met)
{
	while (met && !(check->move_id < met->content.count &&
			      tw_v2_is_hidden(check, met, check->move_id)))
		met = met->on[TW_V2_TREE];
	return met;
}

void tw_v2_check_move(struct tw_v2_check *check)
{
	const struct tw_v2_met *met = source_from(check, check->root), *other;
	const struct tw_v2_entry *entry;

	if (!met)
		return;
	other = source_from(check, met->on[TW_V2_TREE]);
	if (other)
		tw_check_report(&check->common, TWINFS_P_LFS_STATE, tw_v2_block(other),
			"the pair of a pending move has a block of this one, and one of {%u, %u}",
			met->log.pair.block[0], met->log.pair.block[1]);
	entry = &met->content.entries[check->move_id];
	check->move_has_twin = has_twin(check, met);
	tw_check_report(&check->common,
		check->move_has_twin ? TWINFS_P_LFS_MOVED : TWINFS_P_LFS_STATE, tw_v2_block(met),
		"a move of '%.*s' is pending, and its destination is %s", (int)entry->name_len,
		name_of(met, entry), check->move_has_twin ? "there" : "not there");
}

/* ---- files ---- */

static int check_file(struct tw_v2_check *check, const struct tw_v2_met *met,
	const struct tw_v2_entry *entry)
{
	const uint8_t *body = met->log.bytes + entry->body.off;
	const struct tw_checked_file file = {
		.name = name_of(met, entry),
		.name_len = entry->name_len,
		.block = tw_v2_block(met),
		.head = tw_le32(body),
		.size = tw_le32(body + 4),
	};

	return tw_check_file(&check->common, &file);
}

int tw_v2_check_files(struct tw_v2_check *check)
{
	int rc = 0;

	for (const struct tw_v2_met *met = check->root; met; met = met->on[TW_V2_TREE])
		for (unsigned id = 0; !rc && id < met->content.count; id++)
			/* The twin of a moved file owns its blocks. */
			if (is_chain(&met->content.entries[id]) &&
				!(check->move_has_twin && tw_v2_is_hidden(check, met, id)))
				rc = check_file(check, met, &met->content.entries[id]);
	return rc;
}
