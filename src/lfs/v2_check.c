/* SPDX-License-Identifier: MIT */
/*
 * v2_check.c - checks every rule of a version 2 volume (guide, section 26).
 *
 * Works on the bytes alone, not on a mounted tree, so that it can judge what
 * mounting and committing made. First comes the thread, which alone leads to
 * the root and gives the global state; then the tree, the two compared, and the
 * files. This file has the pairs, and the superblock.
 */
#include "v2_check.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"

/* ---- pairs ---- */

struct tw_v2_met *tw_v2_met_at(const struct tw_v2_check *check, enum tw_v2_walk walk,
	struct tw_pair pair)
{
	for (unsigned i = 0; i < 2; i++) {
		struct tw_v2_met *met = pair.block[i] < check->common.area.block_count
						? tw_v2_met_in(check, walk, pair.block[i])
						: NULL;

		if (met)
			return met;
	}
	return NULL;
}

static struct tw_v2_met *known(const struct tw_v2_check *check, struct tw_pair pair)
{
	for (unsigned walk = 0; walk < TW_V2_WALKS; walk++) {
		struct tw_v2_met *met = tw_v2_met_at(check, walk, pair);

		if (met && tw_pair_is_same(met->log.pair, pair))
			return met;
	}
	return NULL;
}

/*
 * Whether both blocks of @pair are known to be of no use, and reported. However
 * many entries name such blocks, they are not read again for each.
 */
static bool is_dead(const struct tw_v2_check *check, struct tw_pair pair)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct tw_v2_at *place = pair.block[i] < check->common.area.block_count
						       ? tw_sparse_at(&check->at, pair.block[i])
						       : NULL;

		if (!place || !place->is_dead)
			return false;
	}
	return true;
}

/* Gives the blocks of a pair their places: what is noted of them later cannot fail. */
static int make_places(struct tw_v2_check *check, struct tw_pair pair)
{
	for (unsigned i = 0; i < 2; i++)
		if (!tw_sparse_make(&check->at, pair.block[i]))
			return -ENOMEM;
	return 0;
}

static struct tw_v2_at *at(const struct tw_v2_check *check, uint32_t block)
{
	return tw_sparse_at(&check->at, block);
}

/* Reads a pair; -EUCLEAN and -EBADMSG have been reported. */
static int load(struct tw_v2_check *check, struct tw_pair pair, uint32_t named_in,
	struct tw_v2_met *met)
{
	int rc = tw_v2_fetch(&check->common.area, pair, true, &met->log);
	int no_place;

	if (rc == -EUCLEAN) {
		tw_check_report(&check->common, TWINFS_P_LFS_RANGE, named_in,
			"the pair {%u, %u} it names is no pair of this volume", pair.block[0],
			pair.block[1]);
		return rc;
	}
	no_place = make_places(check, pair);
	if (no_place)
		return no_place;
	if (rc == -EBADMSG)
		tw_check_report(&check->common, TWINFS_P_LFS_PAIR, pair.block[0],
			"neither half of the pair {%u, %u} is valid", pair.block[0], pair.block[1]);
	else if (!rc)
		rc = tw_v2_fold(&met->log, &met->content);
	if (rc == -EUCLEAN)
		tw_check_report(&check->common, TWINFS_P_LFS_ENTRY, tw_v2_block(met),
			"the tags of the pair {%u, %u} make no sense", pair.block[0],
			pair.block[1]);
	if (rc == -EUCLEAN || rc == -EBADMSG)
		at(check, pair.block[0])->is_dead = at(check, pair.block[1])->is_dead = true;
	return rc;
}

int tw_v2_meet(struct tw_v2_check *check, struct tw_pair pair, uint32_t named_in,
	struct tw_v2_met **ret_met)
{
	struct tw_v2_met *met = known(check, pair);
	int rc;

	*ret_met = met;
	if (met)
		return 0;
	if (is_dead(check, pair))
		return 0;
	met = calloc(1, sizeof(*met));
	rc = met ? load(check, pair, named_in, met) : -ENOMEM;
	if (rc) {
		free(met);
		return rc == -EUCLEAN || rc == -EBADMSG ? 0 : rc;
	}
	met->next = check->all;
	check->all = met;
	if (!met->log.other_has_commit)
		tw_check_report(&check->common, TWINFS_P_LFS_HALF, met->log.pair.block[1],
			"the other half of a pair holds no commit");
	*ret_met = met;
	return 0;
}

void tw_v2_join(struct tw_v2_check *check, enum tw_v2_walk walk, struct tw_v2_met *met)
{
	if (check->last[walk])
		check->last[walk]->on[walk] = met;
	else
		check->first[walk] = met;
	check->last[walk] = met;
	for (unsigned i = 0; i < 2; i++)
		at(check, met->log.pair.block[i])->met[walk] = met;
}

/* ---- the superblock ---- */

/* The root is the last of the superblock pairs, which hard tails connect (section 10). */
static bool find_root(struct tw_v2_check *check)
{
	for (struct tw_v2_met *met = check->first[TW_V2_THREAD]; met; met = met->on[TW_V2_THREAD]) {
		if (tw_v2_read_record(&met->log, &met->content, &check->superblock))
			check->root = met;
		else if (check->root)
			break;
		if (!met->content.more)
			break;
	}
	for (struct tw_v2_met *met = check->first[TW_V2_THREAD]; check->root && met != check->root;
		met = met->on[TW_V2_THREAD])
		met->is_before_root = true;
	return check->root;
}

static bool is_sane_limit(const struct tw_v2_met *met, uint32_t off)
{
	const struct tw_body *record = &met->content.entries[0].body;

	return record->len < off + 4 ||
	       tw_le32(met->log.bytes + record->off + off) <= TW_V2_PAYLOAD_MAX;
}

static void check_record(struct tw_v2_check *check, const struct tw_v2_met *met,
	const struct twinfs_superblock *record)
{
	const struct twinfs_superblock *last = &check->superblock;
	uint32_t block = tw_v2_block(met);

	if (record->version >> 16 != 2 || (record->version & 0xffff) > 1)
		tw_check_report(&check->common, TWINFS_P_LFS_VERSION, block,
			"littlefs version is %u.%u, not 2.0 or 2.1", record->version >> 16,
			record->version & 0xffff);
	if (record->block_size != check->common.area.block_size)
		tw_check_report(&check->common, TWINFS_P_LFS_SUPERBLOCK, block,
			"the superblock says %u bytes a block, used are %u", record->block_size,
			check->common.area.block_size);
	if (record->block_count < 2)
		tw_check_report(&check->common, TWINFS_P_LFS_SUPERBLOCK, block,
			"the superblock says %u blocks", record->block_count);
	if (!is_sane_limit(met, 12) || !is_sane_limit(met, 20))
		tw_check_report(&check->common, TWINFS_P_LFS_SUPERBLOCK, block,
			"a limit in the superblock is larger than %u", TW_V2_PAYLOAD_MAX);
	if (record->version != last->version || record->block_count != last->block_count ||
		record->name_max != last->name_max || record->file_max != last->file_max ||
		record->attr_max != last->attr_max)
		tw_check_report(&check->common, TWINFS_P_LFS_RECORD, block,
			"the superblock differs from its last copy, in block %u",
			tw_v2_block(check->root));
}

/* Pairs in front of the root hold a copy of the record; old writers left not even that. */
static void check_records(struct tw_v2_check *check)
{
	struct twinfs_superblock record;

	for (struct tw_v2_met *met = check->first[TW_V2_THREAD];; met = met->on[TW_V2_THREAD]) {
		bool has_record = tw_v2_read_record(&met->log, &met->content, &record);

		if (has_record)
			check_record(check, met, &record);
		if (met == check->root)
			return;
		if (met->content.count != has_record)
			tw_check_report(&check->common, TWINFS_P_LFS_SUPERBLOCK, tw_v2_block(met),
				"the superblock pair holds more or other than its entry");
	}
}

/* From here on, the blocks of the volume are those that its superblock names. */
static void limit_blocks(struct tw_v2_check *check)
{
	struct tw_area *area = &check->common.area;
	uint32_t count = check->superblock.block_count;

	if (count > area->block_count)
		tw_check_report(&check->common, TWINFS_P_LFS_SHORT, tw_v2_block(check->root),
			"the superblock names %u blocks, there are %u", count, area->block_count);
	if (count < 2 || count > area->block_count)
		return;
	area->block_count = count;
	for (struct tw_v2_met *met = check->first[TW_V2_THREAD]; met; met = met->on[TW_V2_THREAD])
		if (met->log.pair.block[0] >= count || met->log.pair.block[1] >= count)
			tw_check_report(&check->common, TWINFS_P_LFS_RANGE, tw_v2_block(met),
				"a pair of the thread lies behind the %u blocks of the volume",
				count);
}

/* ---- all ---- */

static int run(struct tw_v2_check *check)
{
	int rc = tw_v2_check_thread(check);

	if (rc || !check->first[TW_V2_THREAD])
		return rc;
	if (!find_root(check)) {
		tw_check_report(&check->common, TWINFS_P_LFS_MAGIC, 0,
			"no pair holds a littlefs superblock");
		return 0;
	}
	check_records(check);
	limit_blocks(check);
	check->common.file_max = check->superblock.file_max;
	tw_v2_check_state(check);
	rc = tw_v2_check_tree(check);
	if (!rc)
		tw_v2_check_move(check);
	if (!rc)
		rc = tw_v2_compare_thread(check);
	if (!rc)
		rc = tw_v2_check_files(check);
	if (!rc)
		rc = tw_v2_claim_thread(check);
	return rc;
}

static void release(struct tw_v2_check *check)
{
	while (check->all) {
		struct tw_v2_met *met = check->all;

		check->all = met->next;
		tw_v2_content_release(&met->content);
		free(met);
	}
	tw_sparse_release(&check->at);
	tw_check_release(&check->common);
}

int tw_v2_check(const struct tw_area *area,
	void (*found)(void *ctx, const struct twinfs_error *finding), void *ctx)
{
	struct tw_v2_check check = {0};
	int rc = tw_check_init(&check.common, area, found, ctx);

	if (!rc)
		rc = tw_sparse_init(&check.at, area->block_count, sizeof(struct tw_v2_at));
	if (!rc)
		rc = run(&check);
	release(&check);
	return rc ? rc : check.common.errors;
}
