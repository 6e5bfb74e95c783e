/* SPDX-License-Identifier: MIT */
/*
 * v2_disk.c - from the bytes of a version 2 log to checked fields.
 *
 * A log is read twice: once to find out how far it is valid, since a commit
 * counts only when its CRC at the end is right, and once for what it says. The
 * bytes may change in between, when another program has the image mounted; so
 * the second pass checks all lengths again.
 */
#include "v2_disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc.h"

static uint32_t load_tag(const uint8_t *p)
{
	return __builtin_bswap32(tw_le32(p));
}

/* ---- one block ---- */

bool tw_v2_closes(const uint8_t *block, uint32_t start, uint32_t off, uint32_t len)
{
	uint32_t covered = off + TW_V2_TAG_SIZE - start;

	return len >= 4 && tw_le32(block + off + TW_V2_TAG_SIZE) ==
				   tw_crc32_raw(UINT32_MAX, block + start, covered);
}

bool tw_v2_scan(const uint8_t *block, uint32_t block_size, struct tw_v2_log *ret_log)
{
	struct tw_v2_log log = {.bytes = block,
		.block_size = block_size,
		.rev = tw_le32(block),
		.pair = ret_log->pair};
	uint32_t off = TW_V2_REV_SIZE, chain = UINT32_MAX, start = 0;
	uint32_t fcrc_len = 0, fcrc = 0;

	while (off + TW_V2_TAG_SIZE <= block_size) {
		uint32_t tag = load_tag(block + off) ^ chain, len = tw_v2_payload(tag);

		if (tag & TW_V2_INVALID) { /* before the length: erased cells have none */
			log.is_tidy = off == log.end;
			break;
		}
		if (len > block_size - off - TW_V2_TAG_SIZE)
			break;
		chain = tag;
		if (tw_v2_is_commit(tw_v2_type(tag))) {
			if (!tw_v2_closes(block, start, off, len))
				break;
			chain ^= tag & TW_V2_FLIP ? TW_V2_INVALID : 0;
			log.chain = chain;
			log.end = start = off + TW_V2_TAG_SIZE + len;
			log.fcrc_len = fcrc_len;
			log.fcrc = fcrc;
			fcrc_len = 0;
		} else if (tw_v2_type(tag) == TW_V2_FCRC && len >= 8) {
			fcrc_len = tw_le32(block + off + TW_V2_TAG_SIZE);
			fcrc = tw_le32(block + off + TW_V2_TAG_SIZE + 4);
		}
		off += TW_V2_TAG_SIZE + len;
	}
	*ret_log = log;
	return log.end;
}

bool tw_v2_fcrc_holds(const struct tw_v2_log *log)
{
	return log->fcrc_len && tw_is_within(log->end, log->fcrc_len, log->block_size) &&
	       tw_crc32_raw(UINT32_MAX, log->bytes + log->end, log->fcrc_len) == log->fcrc;
}

/* Which of two revisions is tried first: serial arithmetic, a tie keeps the first. */
static unsigned newer(uint32_t first, uint32_t second)
{
	return (int32_t)(second - first) > 0;
}

int tw_v2_fetch(const struct tw_area *area, struct tw_pair pair, bool looks_at_both,
	struct tw_v2_log *ret_log)
{
	const uint8_t *bytes[2] = {NULL, NULL};
	uint32_t rev[2] = {0, 0};
	unsigned first;

	if (pair.block[0] >= area->block_count || pair.block[1] >= area->block_count ||
		pair.block[0] == pair.block[1])
		return -EUCLEAN;
	for (unsigned i = 0; i < 2; i++) {
		int rc = tw_area_read(area, pair.block[i], 0, area->block_size, &bytes[i]);

		if (rc == -ESHUTDOWN)
			return rc;
		bytes[i] = rc ? NULL : bytes[i];
		rev[i] = rc ? 0 : tw_le32(bytes[i]);
	}
	first = !bytes[0] ? 1 : bytes[1] ? newer(rev[0], rev[1]) : 0;
	for (unsigned turn = 0; turn < 2; turn++) {
		unsigned i = turn ? !first : first;
		struct tw_v2_log log = {.pair = {{pair.block[i], pair.block[!i]}}}, other;

		if (!bytes[i] || !tw_v2_scan(bytes[i], area->block_size, &log))
			continue;
		log.other_has_commit = looks_at_both && !turn && bytes[!i] &&
				       tw_v2_scan(bytes[!i], area->block_size, &other);
		*ret_log = log;
		return 0;
	}
	return -EBADMSG;
}

/* ---- tags of a log ---- */

bool tw_v2_next(const struct tw_v2_log *log, struct tw_v2_cursor *cursor,
	struct tw_v2_item *ret_item)
{
	uint32_t off = cursor->off + TW_V2_TAG_SIZE, tag, len;

	if (off > log->end)
		return false;
	tag = load_tag(log->bytes + cursor->off) ^ cursor->chain;
	len = tw_v2_payload(tag);
	if (tag & TW_V2_INVALID || len > log->end - off)
		return false;
	*ret_item = (struct tw_v2_item){tag, off, len, log->bytes + off};
	cursor->off = off + len;
	cursor->chain = tag;
	if (tw_v2_is_commit(tw_v2_type(tag)) && tag & TW_V2_FLIP)
		cursor->chain ^= TW_V2_INVALID;
	return true;
}

struct tw_pair tw_v2_read_pair(const uint8_t *bytes)
{
	return (struct tw_pair){{tw_le32(bytes), tw_le32(bytes + 4)}};
}

/* ---- folding ---- */

static int make_room(struct tw_v2_content *content, unsigned count)
{
	unsigned room = content->room ? content->room : 16;
	struct tw_v2_entry *more;

	while (room < count)
		room *= 2;
	if (room == content->room)
		return 0;
	more = reallocarray(content->entries, room, sizeof(*more));
	if (!more)
		return -ENOMEM;
	content->entries = more;
	content->room = room;
	return 0;
}

static int insert(struct tw_v2_content *content, unsigned at)
{
	int rc = content->count < TW_V2_ENTRIES_MAX ? make_room(content, content->count + 1)
						    : -EUCLEAN;

	if (rc)
		return rc;
	memmove(&content->entries[at + 1], &content->entries[at],
		(content->count - at) * sizeof(*content->entries));
	content->entries[at] = (struct tw_v2_entry){0};
	content->count++;
	return 0;
}

static void drop(struct tw_v2_content *content, unsigned at)
{
	free(content->entries[at].attrs);
	content->count--;
	memmove(&content->entries[at], &content->entries[at + 1],
		(content->count - at) * sizeof(*content->entries));
}

static int splice(struct tw_v2_content *content, unsigned type, unsigned id)
{
	if (type == TW_V2_CREATE && id <= content->count)
		return insert(content, id);
	if (type != TW_V2_DELETE || id >= content->count)
		return -EUCLEAN;
	drop(content, id);
	return 0;
}

int tw_v2_attrs_put(struct tw_attrs **where, const struct tw_attr *attr, bool is_removed)
{
	struct tw_attrs *attrs = *where;
	unsigned count = attrs ? attrs->count : 0, at = 0;

	while (at < count && attrs->list[at].type < attr->type)
		at++;
	if (at < count && attrs->list[at].type == attr->type) {
		if (!is_removed) {
			attrs->list[at] = *attr;
			return 0;
		}
		memmove(&attrs->list[at], &attrs->list[at + 1],
			(count - at - 1) * sizeof(*attrs->list));
		attrs->count--;
		if (!attrs->count) {
			free(attrs);
			*where = NULL;
		}
		return 0;
	}
	if (is_removed)
		return 0;
	attrs = realloc(attrs, sizeof(*attrs) + (count + 1) * sizeof(*attrs->list));
	if (!attrs)
		return -ENOMEM;
	memmove(&attrs->list[at + 1], &attrs->list[at], (count - at) * sizeof(*attrs->list));
	attrs->list[at] = *attr;
	attrs->count = count + 1;
	*where = attrs;
	return 0;
}

/* A compacted log has no CREATE tags, and its ids come in any order: holes are filled later. */
static int name(struct tw_v2_content *content, const struct tw_v2_item *item)
{
	unsigned id = tw_v2_id(item->tag);
	int rc = 0;

	if (id >= TW_V2_ENTRIES_MAX || tw_v2_is_removed(item->tag))
		return -EUCLEAN;
	while (!rc && content->count <= id)
		rc = insert(content, content->count);
	if (rc)
		return rc;
	content->entries[id].kind = (uint8_t)tw_v2_type(item->tag);
	content->entries[id].has_name = true;
	content->entries[id].name_off = item->off;
	content->entries[id].name_len = (uint16_t)item->len;
	return 0;
}

static int body_or_attr(struct tw_v2_content *content, const struct tw_v2_item *item)
{
	unsigned id = tw_v2_id(item->tag), type = tw_v2_type(item->tag);
	struct tw_attr attr = {(uint8_t)type, (uint16_t)item->len, item->off};
	struct tw_v2_entry *entry;

	if (id >= content->count)
		return -EUCLEAN;
	entry = &content->entries[id];
	if ((type & 0x700) == TW_V2_ATTR)
		return tw_v2_attrs_put(&entry->attrs, &attr, tw_v2_is_removed(item->tag));
	if (tw_v2_is_removed(item->tag))
		return -EUCLEAN;
	entry->has_body = true;
	entry->body = (struct tw_body){(uint8_t)type, (uint16_t)item->len, item->off};
	return 0;
}

static int tail(struct tw_v2_content *content, const struct tw_v2_item *item)
{
	if (item->len < 8)
		return -EUCLEAN;
	content->tail = tw_v2_read_pair(item->data);
	if (tw_pair_is_nil(content->tail))
		content->tail = (struct tw_pair){{TW_NIL, TW_NIL}};
	content->more = tw_v2_type(item->tag) & 1 && !tw_pair_is_nil(content->tail);
	return 0;
}

static int share(struct tw_v2_content *content, const struct tw_v2_item *item)
{
	if (tw_v2_type(item->tag) != TW_V2_GSTATE)
		return 0;
	if (item->len < 12)
		return -EUCLEAN;
	for (unsigned i = 0; i < 3; i++)
		content->share.word[i] = tw_le32(item->data + 4 * i);
	return 0;
}

int tw_v2_fold_item(struct tw_v2_content *content, const struct tw_v2_item *item)
{
	unsigned type = tw_v2_type(item->tag);

	switch (type & 0x700) {
	case TW_V2_NAME:
		return name(content, item);
	case TW_V2_STRUCT:
	case TW_V2_ATTR:
		return body_or_attr(content, item);
	case TW_V2_SPLICE:
		return splice(content, type, tw_v2_id(item->tag));
	case TW_V2_TAIL_SOFT:
		return tail(content, item);
	case 0x700:
		return share(content, item);
	default: /* what closes commits, and what a later version may add to them */
		return 0;
	}
}

int tw_v2_fold(const struct tw_v2_log *log, struct tw_v2_content *ret_content)
{
	struct tw_v2_content content = {.tail = {{TW_NIL, TW_NIL}}};
	struct tw_v2_cursor cursor = TW_V2_BEGIN;
	struct tw_v2_item item;
	int rc = 0;

	while (!rc && tw_v2_next(log, &cursor, &item))
		rc = tw_v2_fold_item(&content, &item);
	for (unsigned i = 0; !rc && i < content.count; i++)
		if (!content.entries[i].has_name || !content.entries[i].has_body)
			rc = -EUCLEAN;
	if (rc)
		tw_v2_content_release(&content);
	else
		*ret_content = content;
	return rc;
}

void tw_v2_content_release(struct tw_v2_content *content)
{
	for (unsigned i = 0; i < content->count; i++)
		free(content->entries[i].attrs);
	free(content->entries);
	*content = (struct tw_v2_content){0};
}

/* ---- the superblock ---- */

static uint32_t limit(uint32_t stored, uint32_t most)
{
	return stored && stored < most ? stored : most; /* 0 leaves it open */
}

bool tw_v2_read_record(const struct tw_v2_log *log, const struct tw_v2_content *content,
	struct twinfs_superblock *ret_superblock)
{
	const struct tw_v2_entry *entry = content->entries;
	uint8_t record[TW_V2_RECORD_SIZE] = {0}; /* a shorter one reads as if it ended in zeros */

	if (!content->count || entry->kind != TW_V2_NAME_SUPERBLOCK || entry->name_len != 8 ||
		memcmp(log->bytes + entry->name_off, "littlefs", 8) != 0 ||
		entry->body.form != TW_V2_FORM_INLINE)
		return false;
	memcpy(record, log->bytes + entry->body.off,
		entry->body.len < sizeof(record) ? entry->body.len : sizeof(record));
	*ret_superblock = (struct twinfs_superblock){
		.version = tw_le32(record),
		.block_size = tw_le32(record + 4),
		.block_count = tw_le32(record + 8),
		.name_max = limit(tw_le32(record + 12), TW_V2_PAYLOAD_MAX),
		.file_max = limit(tw_le32(record + 16), INT32_MAX),
		.attr_max = limit(tw_le32(record + 20), TW_V2_PAYLOAD_MAX),
	};
	if (!tw_le32(record + 12))
		ret_superblock->name_max = TWINFS_NAME_MAX;
	return true;
}

/* The newer log of two blocks in memory, as tw_v2_fetch(). */
static bool choose(const uint8_t *bytes, uint32_t block_size, struct tw_pair pair,
	struct tw_v2_log *ret_log)
{
	const uint8_t *at[2] = {bytes + (uint64_t)pair.block[0] * block_size,
		bytes + (uint64_t)pair.block[1] * block_size};
	unsigned first = newer(tw_le32(at[0]), tw_le32(at[1]));

	return tw_v2_scan(at[first], block_size, ret_log) ||
	       tw_v2_scan(at[!first], block_size, ret_log);
}

/* Reads one pair on the way to the root; *@ret_next is nil where the way ends. */
static int look_at_pair(const uint8_t *bytes, uint32_t block_size, struct tw_pair pair,
	struct twinfs_superblock *superblock, bool *ret_found, struct tw_pair *ret_next)
{
	_cleanup_(tw_v2_content_release) struct tw_v2_content content = {0};
	struct tw_v2_log log = {0};
	int rc = choose(bytes, block_size, pair, &log) ? tw_v2_fold(&log, &content) : -EUCLEAN;

	if (rc)
		return rc;
	*ret_found = tw_v2_read_record(&log, &content, superblock);
	*ret_next = content.more ? content.tail : (struct tw_pair){{TW_NIL, TW_NIL}};
	return 0;
}

/*
 * The superblock is in {0, 1} at first; each time that pair wears out, all goes
 * to a new pair at the end of a hard tail, and old writers left no copy behind.
 */
int tw_v2_read_superblock(const uint8_t *bytes, uint64_t size, uint32_t block_size,
	struct twinfs_superblock *ret_superblock)
{
	struct tw_pair pair = {{0, 1}};
	uint64_t blocks = size / block_size;
	bool found = false, here = false;

	for (uint64_t steps = 0; steps < blocks && !tw_pair_is_nil(pair); steps++) {
		int rc;

		if (pair.block[0] >= blocks || pair.block[1] >= blocks)
			break;
		rc = look_at_pair(bytes, block_size, pair, ret_superblock, &here, &pair);
		if (rc == -ENOMEM)
			return rc;
		if (rc || (found && !here))
			break;
		found = here;
	}
	if (!found || ret_superblock->block_size != block_size)
		return -EUCLEAN;
	return ret_superblock->version >> 16 == 2 && (ret_superblock->version & 0xffff) <= 1
		       ? 0
		       : -ENOTSUP;
}

int tw_v2_compare_names(const void *a, size_t a_len, const void *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	/* of two names of which one begins the other, the longer comes first */
	return order ? order : (a_len < b_len) - (a_len > b_len);
}
