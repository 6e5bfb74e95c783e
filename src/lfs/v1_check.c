/* SPDX-License-Identifier: MIT */
/*
 * v1_check.c - checks every rule of a version 1 volume (guide, section 17).
 *
 * Works on the bytes alone, not on a mounted tree, so that it can judge what
 * mounting and committing made. First the tree is walked from the root, then
 * the thread, then the two are compared, then the files are followed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "check.h"
#include "index.h"
#include "v1.h"
#include "v1_keys.h"

/* A pair met during the check. */
struct tw_v1_met {
	struct tw_v1_half half;
	bool in_tree, on_thread, is_head, is_named;
};

/* An entry looked at later: when all pairs are known. */
struct tw_v1_later {
	struct tw_v1_entry entry;
	uint32_t block; /* of the half that holds it */
	struct tw_v1_later *next;
};

struct tw_v1_check {
	struct tw_check common;
	struct tw_v1_met *met;
	uint32_t met_count, met_room;
	struct tw_sparse met_by_block; /* place in met, plus one */
	struct tw_v1_later *dirs;      /* directories to walk */
	struct tw_v1_later *marked, *files;
};

/* ---- pairs ---- */

static struct tw_v1_met *known(const struct tw_v1_check *check, struct tw_pair pair)
{
	for (unsigned i = 0; i < 2; i++) {
		const uint32_t *place = pair.block[i] < check->common.area.block_count
						? tw_sparse_at(&check->met_by_block, pair.block[i])
						: NULL;

		if (place && *place)
			return &check->met[*place - 1];
	}
	return NULL;
}

static int remember(struct tw_v1_check *check, const struct tw_v1_half *half)
{
	int rc = 0;

	if (check->met_count == check->met_room) {
		uint32_t room = check->met_room ? 2 * check->met_room : 64;
		struct tw_v1_met *more = reallocarray(check->met, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		check->met = more;
		check->met_room = room;
	}
	check->met[check->met_count++] = (struct tw_v1_met){.half = *half};
	check->common.last_owner++;
	for (unsigned i = 0; !rc && i < 2; i++) {
		uint32_t block = half->pair.block[i];
		uint32_t *place = tw_sparse_make(&check->met_by_block, block);

		if (!place)
			return -ENOMEM;
		*place = check->met_count;
		rc = tw_check_claim(&check->common, block, check->common.last_owner);
	}
	if (!half->other_is_valid)
		tw_check_report(&check->common, TWINFS_P_LFS_HALF, half->pair.block[1],
			"the older half of a pair is not valid");
	return rc;
}

/* Loads a pair not met before. A bad one is reported, and *@ret_met is NULL. */
static int meet(struct tw_v1_check *check, struct tw_pair pair, uint32_t named_in,
	struct tw_v1_met **ret_met)
{
	struct tw_v1_half half;
	int rc = tw_v1_fetch(&check->common.area, pair, &half);

	*ret_met = NULL;
	if (rc == -EUCLEAN)
		tw_check_report(&check->common, TWINFS_P_LFS_RANGE, named_in,
			"the pair {%u, %u} it names is no pair of this volume", pair.block[0],
			pair.block[1]);
	else if (rc == -EBADMSG)
		tw_check_report(&check->common, TWINFS_P_LFS_PAIR, pair.block[0],
			"neither half of the pair {%u, %u} is valid", pair.block[0], pair.block[1]);
	if (rc)
		return rc == -EUCLEAN || rc == -EBADMSG ? 0 : rc;
	rc = remember(check, &half);
	if (!rc)
		*ret_met = &check->met[check->met_count - 1];
	return rc;
}

/* ---- entries ---- */

static int put_off(struct tw_v1_later **list, const struct tw_v1_entry *entry, uint32_t block)
{
	struct tw_v1_later *later = malloc(sizeof(*later));

	if (!later)
		return -ENOMEM;
	*later = (struct tw_v1_later){.entry = *entry, .block = block, .next = *list};
	*list = later;
	return 0;
}

static struct tw_v1_later *take(struct tw_v1_later **list)
{
	struct tw_v1_later *later = *list;

	*list = later->next;
	return later;
}

static void check_form(struct tw_v1_check *check, const struct tw_v1_entry *entry, uint32_t block)
{
	uint8_t type = entry->type & ~TW_V1_MARK;

	if (entry->is_overrun)
		tw_check_report(&check->common, TWINFS_P_LFS_ENTRY, block,
			"the entry at offset 0x%x runs past the content", entry->off);
	if (type != TW_V1_TYPE_FILE && type != TW_V1_TYPE_DIR)
		tw_check_report(&check->common, TWINFS_P_LFS_ENTRY, block,
			"the entry at offset 0x%x has type 0x%02x", entry->off, entry->type);
	else if (entry->payload_len != TW_V1_PAYLOAD_SIZE)
		tw_check_report(&check->common, TWINFS_P_LFS_ENTRY, block,
			"the entry at offset 0x%x has a payload of %u bytes, not 8", entry->off,
			entry->payload_len);
	if (entry->name && !tw_name_is_valid((const char *)entry->name, entry->name_len))
		tw_check_report(&check->common, TWINFS_P_LFS_NAME, block,
			"the entry at offset 0x%x has a name that cannot be used", entry->off);
}

static int sort_out(struct tw_v1_check *check, const struct tw_v1_entry *entry, uint32_t block)
{
	check_form(check, entry, block);
	if (!entry->name)
		return 0;
	if (entry->type & TW_V1_MARK &&
		(tw_v1_is_chain(entry->type) || tw_v1_is_directory(entry->type)))
		return put_off(&check->marked, entry, block);
	if (tw_v1_is_directory(entry->type))
		return put_off(&check->dirs, entry, block);
	if (tw_v1_is_chain(entry->type))
		return put_off(&check->files, entry, block);
	return 0;
}

static int check_entries(struct tw_v1_check *check, const struct tw_v1_half *half)
{
	uint32_t off = TW_V1_HEADER_SIZE;
	struct tw_v1_entry entry;
	int rc = 0;

	while (!rc && tw_v1_next_entry(half, &off, &entry))
		rc = sort_out(check, &entry, half->pair.block[0]);
	if (!rc && off < half->len - TW_V1_CRC_SIZE)
		tw_check_report(&check->common, TWINFS_P_LFS_ENTRY, half->pair.block[0],
			"%u bytes behind the last entry", half->len - TW_V1_CRC_SIZE - off);
	return rc;
}

/* ---- the tree ---- */

struct name {
	const uint8_t *bytes;
	uint8_t len;
	uint32_t block;
};

struct names {
	struct name *list;
	size_t count, room;
};

static int add_names(struct names *names, const struct tw_v1_half *half)
{
	uint32_t off = TW_V1_HEADER_SIZE;
	struct tw_v1_entry entry;

	while (tw_v1_next_entry(half, &off, &entry)) {
		/* A marked entry may share its name with the twin. */
		if (!entry.name || entry.type & TW_V1_MARK)
			continue;
		if (names->count == names->room) {
			size_t room = names->room ? 2 * names->room : 64;
			struct name *more = reallocarray(names->list, room, sizeof(*more));

			if (!more)
				return -ENOMEM;
			names->list = more;
			names->room = room;
		}
		names->list[names->count++] =
			(struct name){entry.name, entry.name_len, half->pair.block[0]};
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int order = memcmp(x->bytes, y->bytes, x->len < y->len ? x->len : y->len);

	return order ? order : x->len - y->len;
}

static void check_duplicates(struct tw_v1_check *check, struct names *names)
{
	if (names->count)
		qsort(names->list, names->count, sizeof(*names->list), compare_names);
	for (size_t i = 1; i < names->count; i++)
		if (!compare_names(&names->list[i - 1], &names->list[i]))
			tw_check_report(&check->common, TWINFS_P_LFS_DUPLICATE,
				names->list[i].block,
				"the name '%.*s' stands twice in its directory", names->list[i].len,
				names->list[i].bytes);
}

/* Walks the pairs of one directory, which an entry in block @named_in names. */
static int walk_directory(struct tw_v1_check *check, struct tw_pair pair, uint32_t named_in,
	struct names *names)
{
	for (bool is_first = true;; is_first = false) {
		struct tw_v1_met *met = known(check, pair);
		int rc = 0;

		if (met) {
			tw_check_report(&check->common,
				is_first ? TWINFS_P_LFS_PARENTS : TWINFS_P_LFS_CYCLE, named_in,
				"the pair {%u, %u} it names is in use already", pair.block[0],
				pair.block[1]);
			return 0;
		}
		rc = meet(check, pair, named_in, &met);
		if (rc || !met)
			return rc;
		met->in_tree = true;
		if (!is_first && met->half.len == TW_V1_LEN_MIN)
			tw_check_report(&check->common, TWINFS_P_LFS_EMPTY_PAIR,
				met->half.pair.block[0], "a continuation pair is empty");
		pair = met->half.tail;
		named_in = met->half.pair.block[0];
		is_first = !met->half.more; /* the last round */
		rc = add_names(names, &met->half);
		if (!rc)
			rc = check_entries(check, &met->half);
		if (rc || is_first)
			return rc;
	}
}

static int walk_tree(struct tw_v1_check *check)
{
	int rc = 0;

	while (!rc && check->dirs) {
		_cleanup_free_ struct tw_v1_later *dir = take(&check->dirs);
		struct names names = {0};

		rc = walk_directory(check,
			(struct tw_pair){{dir->entry.payload[0], dir->entry.payload[1]}},
			dir->block, &names);
		check_duplicates(check, &names);
		free(names.list);
	}
	return rc;
}

static int collect_files(const struct tw_v1_check *check, struct tw_v1_keys *keys)
{
	int rc = 0;

	for (const struct tw_v1_later *file = check->files; !rc && file; file = file->next)
		rc = tw_v1_keys_add(keys, file->entry.payload[0], file->entry.payload[1]);
	tw_v1_keys_sort(keys);
	return rc;
}

static void report_mark(struct tw_v1_check *check, const struct tw_v1_later *later, bool is_void)
{
	tw_check_report(&check->common, is_void ? TWINFS_P_LFS_MOVED : TWINFS_P_LFS_MOVING,
		later->block, "'%.*s' is marked as moved, and its destination is %s",
		later->entry.name_len, later->entry.name, is_void ? "there too" : "not there");
}

static void judge_marked_files(struct tw_v1_check *check, struct tw_v1_later *files,
	const struct tw_v1_keys *keys)
{
	while (files) {
		struct tw_v1_later *later = take(&files);
		const uint32_t *payload = later->entry.payload;
		bool is_void = payload[1] && tw_v1_keys_has(keys, payload[0], payload[1]);

		report_mark(check, later, is_void);
		later->next = check->files;
		if (is_void)
			free(later); /* the twin owns the blocks */
		else
			check->files = later;
	}
}

/* Directories first: the twin of a marked file may stand in a marked directory. */
static int judge_marked(struct tw_v1_check *check)
{
	_cleanup_(tw_v1_keys_release) struct tw_v1_keys keys = {0};
	struct tw_v1_later *files = NULL;
	int rc = 0;

	while (check->marked && !rc) {
		struct tw_v1_later *later = take(&check->marked);
		struct tw_v1_entry *entry = &later->entry;
		bool is_void;

		if (!tw_v1_is_directory(entry->type)) {
			later->next = files;
			files = later;
			continue;
		}
		is_void = known(check, (struct tw_pair){{entry->payload[0], entry->payload[1]}});
		report_mark(check, later, is_void);
		if (is_void) {
			free(later);
			continue;
		}
		later->next = check->dirs;
		check->dirs = later;
		rc = walk_tree(check);
	}
	if (!rc && files)
		rc = collect_files(check, &keys);
	judge_marked_files(check, files, &keys);
	return rc;
}

/* ---- the thread ---- */

static void name_directories(struct tw_v1_check *check, const struct tw_v1_half *half)
{
	uint32_t off = TW_V1_HEADER_SIZE;
	struct tw_v1_entry entry;

	while (tw_v1_next_entry(half, &off, &entry)) {
		struct tw_v1_met *met;

		if (!tw_v1_is_directory(entry.type))
			continue;
		met = known(check, (struct tw_pair){{entry.payload[0], entry.payload[1]}});
		if (met)
			met->is_named = true;
	}
}

static int walk_thread(struct tw_v1_check *check)
{
	uint32_t at = 0; /* place in met: the superblock */
	int rc = 0;

	check->met[0].on_thread = true;
	for (;;) {
		struct tw_v1_half half = check->met[at].half;
		struct tw_v1_met *next;

		if (tw_pair_is_nil(half.tail)) {
			if (half.more)
				tw_check_report(&check->common, TWINFS_P_LFS_THREAD,
					half.pair.block[0],
					"a directory goes on behind the end of the thread");
			return rc;
		}
		next = known(check, half.tail);
		if (!next)
			rc = meet(check, half.tail, half.pair.block[0], &next);
		if (rc || !next)
			return rc;
		if (next->on_thread) {
			tw_check_report(&check->common, TWINFS_P_LFS_CYCLE, half.pair.block[0],
				"the thread comes back to the pair {%u, %u}", half.tail.block[0],
				half.tail.block[1]);
			return 0;
		}
		next->on_thread = true;
		next->is_head = !half.more;
		if (!tw_pair_is_same(half.tail, next->half.pair))
			tw_check_report(&check->common, TWINFS_P_LFS_DESYNC, half.pair.block[0],
				"the thread names {%u, %u}, the directory is {%u, %u}",
				half.tail.block[0], half.tail.block[1], next->half.pair.block[0],
				next->half.pair.block[1]);
		at = (uint32_t)(next - check->met);
	}
}

/* Tree and thread must hold the same pairs, but for one removed directory. */
static void compare_tree_and_thread(struct tw_v1_check *check)
{
	for (uint32_t i = 1; i < check->met_count; i++)
		name_directories(check, &check->met[i].half);
	for (uint32_t i = 1; i < check->met_count; i++) {
		const struct tw_v1_met *met = &check->met[i];
		uint32_t block = met->half.pair.block[0];

		if (met->in_tree && !met->on_thread)
			tw_check_report(&check->common, TWINFS_P_LFS_THREAD, block,
				"a pair of the tree is not on the thread");
		else if (met->in_tree)
			continue;
		else if (met->is_named)
			tw_check_report(&check->common, TWINFS_P_LFS_THREAD, block,
				"a directory that no path leads to");
		else if (met->half.len > TW_V1_LEN_MIN || met->half.more)
			tw_check_report(&check->common, TWINFS_P_LFS_THREAD, block,
				"a removed directory is not empty");
		else
			tw_check_report(&check->common, TWINFS_P_LFS_ORPHAN, block,
				"a removed directory is still on the thread");
	}
}

/* ---- the superblock ---- */

static int check_superblock(struct tw_v1_check *check, bool *ret_is_usable)
{
	static const uint8_t head[4] = {TW_V1_TYPE_SUPERBLOCK, 20, 0, 8};
	struct twinfs_superblock superblock;
	struct tw_v1_met *met;
	struct tw_v1_entry root = {0};
	struct tw_pair pair;
	uint32_t block;
	int rc = meet(check, (struct tw_pair){{0, 1}}, 0, &met);

	*ret_is_usable = false;
	if (rc || !met)
		return rc;
	block = met->half.pair.block[0];
	rc = tw_v1_read_superblock(met->half.bytes, met->half.block_size, &superblock);
	if (rc) {
		tw_check_report(&check->common,
			rc == -ENOTSUP ? TWINFS_P_LFS_VERSION : TWINFS_P_LFS_MAGIC, block,
			rc == -ENOTSUP ? "littlefs version is not 1.0 or 1.1"
				       : "the superblock has no littlefs magic");
		return 0;
	}
	if (met->half.len != TW_V1_SUPERBLOCK_LEN || met->half.more ||
		memcmp(met->half.bytes + TW_V1_HEADER_SIZE, head, sizeof(head)) != 0)
		tw_check_report(&check->common, TWINFS_P_LFS_SUPERBLOCK, block,
			"the superblock pair holds more or other than its entry");
	if (superblock.block_size != check->common.area.block_size)
		tw_check_report(&check->common, TWINFS_P_LFS_SUPERBLOCK, block,
			"the superblock says %u bytes a block, used are %u", superblock.block_size,
			check->common.area.block_size);
	pair = (struct tw_pair){{tw_le32(met->half.bytes + 0x14), tw_le32(met->half.bytes + 0x18)}};
	if (!tw_pair_overlaps(pair, met->half.tail))
		tw_check_report(&check->common, TWINFS_P_LFS_SUPERBLOCK, block,
			"root {%u, %u} is not the first pair of the thread {%u, %u}", pair.block[0],
			pair.block[1], met->half.tail.block[0], met->half.tail.block[1]);
	root.payload[0] = pair.block[0];
	root.payload[1] = pair.block[1];
	*ret_is_usable = true;
	return put_off(&check->dirs, &root, block);
}

static int check_file(struct tw_v1_check *check, const struct tw_v1_later *file)
{
	const struct tw_checked_file it = {
		.name = file->entry.name,
		.name_len = file->entry.name_len,
		.block = file->block,
		.head = file->entry.payload[0],
		.size = file->entry.payload[1],
	};

	return tw_check_file(&check->common, &it);
}

static int run(struct tw_v1_check *check)
{
	bool is_usable;
	int rc = check_superblock(check, &is_usable);

	if (rc || !is_usable)
		return rc;
	rc = walk_tree(check);
	if (!rc)
		rc = judge_marked(check);
	if (!rc)
		rc = walk_thread(check);
	if (!rc)
		compare_tree_and_thread(check);
	while (!rc && check->files) {
		_cleanup_free_ struct tw_v1_later *file = take(&check->files);

		rc = check_file(check, file);
	}
	return rc;
}

static void free_list(struct tw_v1_later *list)
{
	while (list)
		free(take(&list));
}

int tw_v1_check(const struct tw_area *area,
	void (*found)(void *ctx, const struct twinfs_error *finding), void *ctx)
{
	struct tw_v1_check check = {0};
	int rc = tw_check_init(&check.common, area, found, ctx);

	if (!rc)
		rc = tw_sparse_init(&check.met_by_block, area->block_count, sizeof(uint32_t));
	if (!rc)
		rc = run(&check);
	tw_check_release(&check.common);
	tw_sparse_release(&check.met_by_block);
	free(check.met);
	free_list(check.dirs);
	free_list(check.marked);
	free_list(check.files);
	return rc ? rc : check.common.errors;
}
