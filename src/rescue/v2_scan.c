/* SPDX-License-Identifier: MIT */
/*
 * v2_scan.c - version 2: logs, commit by commit.
 *
 * Tags are folded as a mount folds them, and after each commit the entries that it
 * touched become claims. Behind the last valid commit reading goes on as far as tags
 * make sense, without a mount's right to do so: a byte that is wrong in a payload
 * leaves all tags readable. What is found there counts only when a tag that closes a
 * commit follows, and nothing vouches for it.
 */
#include <errno.h>
#include <string.h>

#include "claims.h"
#include "lfs/v2_disk.h"

#include "base/array.h"
#include "base/bytes.h"
#include "base/cleanup.h"

#define TOUCHED      UINT32_C(0x80000000) /* in the note of an entry: beside its claim + 1 */
#define REMOVED_MOST 8u /* entries that one commit removes, as far as renames are looked for */

struct reader {
	struct twinfs_rescue *rescue;
	struct tw_v2_log disk;
	struct tw_v2_content content;
	uint32_t log;
	uint32_t commit;                /* that is being read */
	uint32_t tail;                  /* claim; TW_NONE */
	uint32_t removed[REMOVED_MOST]; /* claims that this commit ended */
	unsigned removed_count;
	bool is_unchecked;
};

static void release(struct reader *reader)
{
	tw_v2_content_release(&reader->content);
}

static void end_claim(struct reader *reader, uint32_t claim)
{
	reader->rescue->claims[claim].last = reader->commit - 1;
	if (reader->removed_count < REMOVED_MOST)
		reader->removed[reader->removed_count++] = claim;
}

/* ---- entries ---- */

/* False: an entry that has no versions. */
static bool read_body(const struct reader *reader, const struct tw_v2_entry *entry,
	struct tw_claim *claim)
{
	const uint8_t *body = reader->disk.bytes + entry->body.off;
	bool has_pair = entry->body.len == 8;

	if (entry->kind == TW_V2_NAME_SUPERBLOCK) {
		claim->kind = TW_CLAIM_ROOT;
		return true;
	}
	if (!tw_name_is_sane(reader->disk.bytes + entry->name_off, entry->name_len))
		return false;
	claim->is_inline = entry->body.form == TW_V2_FORM_INLINE;
	claim->head = claim->is_inline ? entry->body.off : has_pair ? tw_le32(body) : 0;
	claim->size = claim->is_inline ? entry->body.len : has_pair ? tw_le32(body + 4) : 0;
	if (entry->kind == TW_V2_NAME_FILE) {
		claim->kind = TW_CLAIM_FILE;
		return claim->is_inline || (entry->body.form == TW_V2_FORM_CTZ && has_pair);
	}
	claim->kind = TW_CLAIM_DIR;
	return entry->kind == TW_V2_NAME_DIR && entry->body.form == TW_V2_FORM_DIR && has_pair;
}

/* No more attributes than the image has bytes are kept: a commit may repeat many. */
static int copy_attrs(struct twinfs_rescue *rescue, const struct tw_attrs *attrs,
	struct tw_claim *claim)
{
	uint64_t most = (uint64_t)rescue->area.block_count * rescue->area.block_size / 4;
	int rc = 0;

	claim->attrs = (uint32_t)rescue->attr_count;
	for (unsigned i = 0; !rc && attrs && i < attrs->count && rescue->attr_count < most; i++) {
		rc = tw_array_grow(&rescue->attrs, &rescue->attr_room, rescue->attr_count);
		if (!rc) {
			rescue->attrs[rescue->attr_count++] = attrs->list[i];
			claim->attr_count++;
		}
	}
	return rc;
}

/* What became of the claim at the same place; its change. */
static enum twinfs_version_change compare(struct reader *reader, uint32_t old, uint32_t fresh)
{
	struct twinfs_rescue *rescue = reader->rescue;
	struct tw_claim *was = &rescue->claims[old], *is = &rescue->claims[fresh];
	bool same_body = tw_claims_same_body(rescue, was, is);

	was->last = reader->commit - 1;
	if (!tw_claims_same_name(rescue, was, is)) {
		was->next = same_body ? fresh : TW_NONE;
		return same_body ? TWINFS_VERSION_RENAMED : TWINFS_VERSION_CREATED;
	}
	was->next = fresh;
	if (same_body)
		return TWINFS_VERSION_ATTRS;
	return is->kind == TW_CLAIM_DIR ? TWINFS_VERSION_PLACE : TWINFS_VERSION_WRITTEN;
}

/* Where the entry comes from that has just come. */
static enum twinfs_version_change trace_back(struct reader *reader, uint32_t fresh)
{
	struct twinfs_rescue *rescue = reader->rescue;
	const struct tw_claim *is = &rescue->claims[fresh];

	if (!reader->commit)
		return TWINFS_VERSION_FOUND;
	for (unsigned i = 0; i < reader->removed_count; i++) {
		struct tw_claim *was = &rescue->claims[reader->removed[i]];
		bool same_name = tw_claims_same_name(rescue, was, is);

		if (was->next != TW_NONE || was->kind != is->kind)
			continue;
		if (!same_name && (!is->size || !tw_claims_same_body(rescue, was, is)))
			continue;
		was->next = fresh;
		return same_name ? TWINFS_VERSION_WRITTEN : TWINFS_VERSION_RENAMED;
	}
	return TWINFS_VERSION_CREATED;
}

/* Where the newest thing that is said of an entry stands. */
static uint32_t newest_part(const struct tw_v2_entry *entry)
{
	uint32_t off = entry->name_off > entry->body.off ? entry->name_off : entry->body.off;

	for (unsigned i = 0; entry->attrs && i < entry->attrs->count; i++)
		if (entry->attrs->list[i].off > off)
			off = entry->attrs->list[i].off;
	return off;
}

/* An entry as a commit leaves it becomes a claim, unless it is what it was. */
static int settle(struct reader *reader, struct tw_v2_entry *entry)
{
	struct twinfs_rescue *rescue = reader->rescue;
	struct tw_claim claim = {
		.first = reader->commit,
		.last = TW_OPEN_END,
		.name_off = entry->name_off,
		.name_len = entry->name_len,
		.entry_off = newest_part(entry),
		.is_unchecked = reader->is_unchecked,
	};
	uint32_t old = (entry->note & ~TOUCHED) - 1, fresh = (uint32_t)rescue->claim_count;
	int rc;

	entry->note &= ~TOUCHED;
	if (!read_body(reader, entry, &claim)) {
		if (old != TW_NONE)
			rescue->claims[old].last = reader->commit - 1;
		entry->note = 0;
		return 0;
	}
	rc = copy_attrs(rescue, entry->attrs, &claim);
	if (!rc)
		rc = tw_claim_add(rescue, &claim);
	if (rc)
		return rc;
	if (old == TW_NONE) {
		rescue->claims[fresh].change = (uint8_t)trace_back(reader, fresh);
	} else if (tw_claims_same_name(rescue, &rescue->claims[old], &rescue->claims[fresh]) &&
		   tw_claims_same_body(rescue, &rescue->claims[old], &rescue->claims[fresh]) &&
		   tw_claims_same_attrs(rescue, &rescue->claims[old], &rescue->claims[fresh])) {
		rescue->claim_count--;
		rescue->logs[reader->log].claim_count--;
		return 0;
	} else {
		rescue->claims[fresh].change = (uint8_t)compare(reader, old, fresh);
	}
	entry->note = fresh + 1;
	return 0;
}

static int settle_all(struct reader *reader)
{
	struct tw_log *log = &reader->rescue->logs[reader->log];
	int rc = 0;

	for (unsigned i = 0; !rc && i < reader->content.count; i++) {
		struct tw_v2_entry *entry = &reader->content.entries[i];

		if (entry->note & TOUCHED && entry->has_name && entry->has_body)
			rc = settle(reader, entry);
		if (!reader->commit)
			log->entries_first += entry->kind != TW_V2_NAME_SUPERBLOCK;
	}
	reader->removed_count = 0;
	reader->commit++;
	log->commits = reader->commit;
	return rc;
}

/* ---- tags ---- */

static int add_tail(struct reader *reader)
{
	struct twinfs_rescue *rescue = reader->rescue;
	struct tw_claim claim = {
		.kind = TW_CLAIM_TAIL,
		.first = reader->commit,
		.last = TW_OPEN_END,
		.head = reader->content.tail.block[0],
		.size = reader->content.tail.block[1],
		.goes_on = reader->content.more,
		.is_unchecked = reader->is_unchecked,
	};

	if (reader->tail != TW_NONE)
		rescue->claims[reader->tail].last = reader->commit - 1;
	reader->tail = (uint32_t)rescue->claim_count;
	return tw_claim_add(rescue, &claim);
}

/* 0, -EUCLEAN (nothing from here on can be understood), -ENOMEM. */
static int take_tag(struct reader *reader, const struct tw_v2_item *item)
{
	struct tw_v2_content *content = &reader->content;
	unsigned type = tw_v2_type(item->tag), id = tw_v2_id(item->tag);
	int rc;

	if (type == TW_V2_DELETE && id < content->count && content->entries[id].note & ~TOUCHED)
		end_claim(reader, (content->entries[id].note & ~TOUCHED) - 1);
	rc = tw_v2_fold_item(content, item);
	if (rc)
		return rc;
	if ((type & 0x700) <= TW_V2_ATTR && id < content->count)
		content->entries[id].note |= TOUCHED;
	return (type & 0x700) == TW_V2_TAIL_SOFT ? add_tail(reader) : 0;
}

static bool closes(const struct tw_v2_item *item)
{
	return tw_v2_is_commit(tw_v2_type(item->tag));
}

/* The valid commits of a log. */
static int read_valid(struct reader *reader, struct tw_v2_cursor *cursor)
{
	struct tw_v2_item item;
	int rc = 0;

	while (!rc && tw_v2_next(&reader->disk, cursor, &item))
		rc = closes(&item) ? settle_all(reader) : take_tag(reader, &item);
	return rc;
}

/* How far tags make sense: to the last one that closes a commit. */
static uint32_t last_close(const struct tw_v2_log *disk, struct tw_v2_cursor cursor)
{
	struct tw_v2_item item;
	uint32_t end = 0;

	while (tw_v2_next(disk, &cursor, &item))
		if (closes(&item) && item.len >= 4 && tw_v2_id(item.tag) == TW_V2_PAIR_ID)
			end = item.off + item.len;
	return end;
}

/* What stands behind the valid commits, as far as it can be understood. */
static int read_on(struct reader *reader, struct tw_v2_cursor *cursor)
{
	int rc;

	reader->disk.end = reader->disk.block_size;
	reader->disk.end = last_close(&reader->disk, *cursor);
	reader->is_unchecked = true;
	rc = read_valid(reader, cursor);
	return rc == -EUCLEAN ? 0 : rc;
}

/* ---- logs ---- */

/* The state that a mount sees: where each entry stands in it, and the share. */
static void note_state(struct reader *reader)
{
	struct twinfs_rescue *rescue = reader->rescue;
	struct tw_log *log = &rescue->logs[reader->log];

	log->valid = reader->commit;
	log->share = reader->content.share;
	for (unsigned i = 0; i < reader->content.count; i++) {
		uint32_t note = reader->content.entries[i].note & ~TOUCHED;

		if (note)
			rescue->claims[note - 1].id = (uint16_t)i;
	}
}

static bool has_more(const struct tw_v2_log *disk)
{
	return !disk->is_tidy && disk->end + TW_V2_TAG_SIZE <= disk->block_size;
}

/* A tag of which one bit is wrong reads as not begun: only erased cells say so for sure. */
static bool is_erased_behind(const struct tw_v2_log *disk)
{
	for (uint32_t i = disk->end; i < disk->block_size; i++)
		if (disk->bytes[i] != 0xff)
			return false;
	return true;
}

static int add_log(struct twinfs_rescue *rescue, uint32_t block, const struct tw_v2_log *disk)
{
	_cleanup_(release) struct reader reader = {
		.rescue = rescue,
		.disk = *disk,
		.content = {.tail = {{TW_NIL, TW_NIL}}},
		.log = (uint32_t)rescue->log_count,
		.tail = TW_NONE,
	};
	struct tw_v2_cursor cursor = TW_V2_BEGIN;
	struct tw_log *log;
	int rc = tw_log_add(rescue, block, disk->rev, &log);

	if (!rc)
		rc = read_valid(&reader, &cursor);
	if (rc && rc != -EUCLEAN)
		return rc;
	if (disk->end)
		note_state(&reader);
	if (rc)
		return 0;
	rescue->logs[reader.log].has_more = has_more(disk);
	rescue->logs[reader.log].is_whole = !has_more(disk) && is_erased_behind(disk);
	return disk->is_tidy ? 0 : read_on(&reader, &cursor);
}

static int scan(struct twinfs_rescue *rescue, uint32_t block)
{
	const uint8_t *bytes = tw_rescue_block(rescue, block);
	struct tw_v2_log disk = {0};

	if (!bytes || !tw_v2_scan(bytes, rescue->area.block_size, &disk))
		return 0;
	return add_log(rescue, block, &disk);
}

static int scan_unchecked(struct twinfs_rescue *rescue, uint32_t block)
{
	const uint8_t *bytes = tw_rescue_block(rescue, block);
	struct tw_v2_log disk = {0};
	struct tw_v2_log probe = {.bytes = bytes, .block_size = rescue->area.block_size};

	probe.end = probe.block_size;
	if (!bytes || tw_v2_scan(bytes, rescue->area.block_size, &disk) ||
		!last_close(&probe, TW_V2_BEGIN))
		return 0;
	disk.is_tidy = false;
	return add_log(rescue, block, &disk);
}

static bool is_newer(uint32_t rev, uint32_t other_rev)
{
	return (int32_t)(rev - other_rev) > 0;
}

/* ---- the whole of the volume ---- */

/* The log of a pair in force, read anew; the superblock's is looked for in it. */
static int look_at(struct twinfs_rescue *rescue, struct tw_pair pair, struct tw_pair *ret_next,
	bool *ret_is_root)
{
	_cleanup_(tw_v2_content_release) struct tw_v2_content content = {0};
	struct twinfs_superblock superblock;
	struct tw_v2_log log;
	int rc = tw_v2_fetch(&rescue->area, pair, false, &log);

	if (!rc)
		rc = tw_v2_fold(&log, &content);
	if (rc)
		return rc;
	*ret_is_root =
		tw_v2_read_record(&log, &content, &superblock) && superblock.version >> 16 == 2;
	if (*ret_is_root) {
		rescue->superblock = superblock;
		rescue->superblock.block_size = rescue->area.block_size;
	}
	*ret_next = content.more ? content.tail : (struct tw_pair){{TW_NIL, TW_NIL}};
	return 0;
}

/* The root is where the last superblock on the way from {0, 1} is (section 10). */
static int find_root(struct twinfs_rescue *rescue, struct tw_pair *ret_pair)
{
	struct tw_pair pair = {{0, 1}}, next;
	bool found = false;

	for (uint32_t steps = 0; steps < rescue->area.block_count && !tw_pair_is_nil(pair);
		steps++) {
		bool is_root = false;
		int rc = look_at(rescue, pair, &next, &is_root);

		if (rc == -ENOMEM || rc == -ESHUTDOWN)
			return rc;
		if (rc || (found && !is_root))
			break;
		if (is_root)
			*ret_pair = pair;
		found |= is_root;
		pair = next;
	}
	return found ? 0 : -EUCLEAN;
}

/*
 * A fresh pair may be one revision ahead of what stands in the block that is not
 * written, too. But the first pair of a directory begins with no entries, and so does
 * a superblock pair with only its record: where there are some, the log was written
 * from the one before. The pairs that a directory goes on in begin with entries.
 */
static bool is_before(const struct twinfs_rescue *rescue, const struct tw_log *older,
	const struct tw_log *newer, bool is_first)
{
	(void)rescue;
	return newer->rev - older->rev == 1 && is_first && newer->entries_first;
}

/* The state over the thread. -EUCLEAN: it cannot be followed to its end. -ENOMEM. */
static int sum_shares(const struct twinfs_rescue *rescue, struct tw_gstate *sum)
{
	struct tw_pair pair = {{0, 1}};
	int rc = 0;

	for (uint32_t steps = 0; !rc && steps <= rescue->area.block_count; steps++) {
		_cleanup_(tw_v2_content_release) struct tw_v2_content content = {0};
		struct tw_v2_log log;

		if (tw_pair_is_nil(pair))
			return 0;
		rc = tw_v2_fetch(&rescue->area, pair, false, &log) ?: tw_v2_fold(&log, &content);
		if (rc)
			break;
		tw_v2_add_state(sum, &content.share);
		pair = content.tail;
	}
	return rc == -ENOMEM ? rc : -EUCLEAN;
}

static int find_moving(struct twinfs_rescue *rescue)
{
	struct tw_gstate sum = {{0, 0, 0}};
	int rc = sum_shares(rescue, &sum);

	if (rc || !tw_v2_pending_move(&sum, &rescue->moving, &rescue->moving_id))
		rescue->moving = (struct tw_pair){{TW_NIL, TW_NIL}};
	return rc == -ENOMEM ? rc : 0;
}

/* The pending rename is known before, and there are no marks. */
static int hide_moved(struct twinfs_rescue *rescue)
{
	(void)rescue;
	return 0;
}

const struct tw_rescue_ops tw_rescue_v2 = {
	.scan = scan,
	.scan_unchecked = scan_unchecked,
	.find_root = find_root,
	.is_newer = is_newer,
	.is_before = is_before,
	.find_moving = find_moving,
	.hide_moved = hide_moved,
};
