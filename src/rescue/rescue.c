/* SPDX-License-Identifier: MIT */
/*
 * rescue.c - opens a partition for looking at what is left on it, and hands it out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "chain.h"
#include "claims.h"
#include "lfs/ctz.h"
#include "list.h"
#include "place.h"

#define BLOCK_LEAST  128u
#define BLOCK_MOST   (1u << 20)
#define EFFORT_EACH  64u /* steps along chains for each block of the partition */
#define EFFORT_LEAST 65536u

/* ---- open and close ---- */

static int make_tables(struct twinfs_rescue *rescue)
{
	size_t count = (size_t)rescue->area.block_count + 2;

	rescue->log_at = calloc(count, sizeof(*rescue->log_at));
	rescue->owner = calloc(count, sizeof(*rescue->owner));
	rescue->taker = calloc(count, sizeof(*rescue->taker));
	rescue->effort = (uint64_t)EFFORT_EACH * rescue->area.block_count + EFFORT_LEAST;
	return rescue->log_at && rescue->owner && rescue->taker ? 0 : -ENOMEM;
}

static int scan_all(struct twinfs_rescue *rescue)
{
	int rc = make_tables(rescue);

	for (uint32_t block = 0; !rc && block < rescue->area.block_count; block++)
		rc = rescue->ops->scan(rescue, block);
	return rc;
}

/* What @rescue, which may be half built, holds. */
static void release(struct twinfs_rescue *rescue)
{
	for (size_t i = 0; i < rescue->text_count; i++)
		free(rescue->texts[i]);
	free(rescue->texts);
	free(rescue->damage);
	free(rescue->values);
	free(rescue->tree);
	free(rescue->versions);
	free(rescue->taker);
	free(rescue->owner);
	free(rescue->log_at);
	free(rescue->dirs);
	free(rescue->attrs);
	free(rescue->claims);
	free(rescue->logs);
}

/* ---- which format, which block size ---- */

/* What speaks for a format and a block size. */
struct guess {
	const struct tw_rescue_ops *ops;
	uint32_t block_size;
	uint64_t led_to; /* pairs that logs name, and that are there */
	uint64_t logs;
};

static bool is_there(const struct twinfs_rescue *rescue, struct tw_pair pair)
{
	return (pair.block[0] < rescue->area.block_count && rescue->log_at[pair.block[0]]) ||
	       (pair.block[1] < rescue->area.block_count && rescue->log_at[pair.block[1]]);
}

static int try(struct twinfs_flash *flash, const struct twinfs_volume_config *config,
	struct guess *guess)
{
	struct twinfs_rescue rescue = {.ops = guess->ops};
	int rc = tw_area_init(&rescue.area, flash, config, NULL);

	if (rc)
		return rc == -ENOMEM ? rc : 0; /* such blocks do not fit the chip */
	rc = scan_all(&rescue);
	for (size_t i = 0; !rc && i < rescue.claim_count; i++) {
		const struct tw_claim *claim = &rescue.claims[i];

		guess->led_to +=
			claim->kind != TW_CLAIM_FILE && is_there(&rescue, tw_claim_pair(claim));
	}
	guess->logs = rescue.log_count;
	release(&rescue);
	return rc;
}

/*
 * Metadata that begins where blocks of one size do also begins where smaller ones do;
 * but only with the right size do the numbers in it lead to other metadata.
 */
static int guess(struct twinfs_flash *flash, const struct twinfs_volume_config *config,
	struct guess *ret_best)
{
	static const struct tw_rescue_ops *const formats[] = {&tw_rescue_v1, &tw_rescue_v2};
	struct twinfs_volume_config known = *config;
	int rc = 0;

	*ret_best = (struct guess){0};
	for (uint32_t size = BLOCK_MOST; !rc && size >= BLOCK_LEAST; size /= 2) {
		known.block_size = config->block_size ? config->block_size : size;
		known.prog_size = 0;
		for (unsigned i = 0; !rc && i < 2; i++) {
			struct guess it = {.ops = formats[i], .block_size = known.block_size};

			rc = try(flash, &known, &it);
			if (it.led_to > ret_best->led_to ||
				(it.led_to == ret_best->led_to && it.logs > ret_best->logs))
				*ret_best = it;
		}
		if (config->block_size)
			break;
	}
	return rc;
}

/* Without a superblock: what is not known is guessed. */
static int find_format(struct twinfs_flash *flash, struct twinfs_volume_config *config,
	uint32_t *ret_version, struct twinfs_error *err)
{
	struct guess best;
	int rc = 0;

	*ret_version = config->disk_version;
	if (config->block_size && config->disk_version)
		return 0;
	rc = guess(flash, config, &best);
	if (rc)
		return rc;
	if (!best.logs && !config->block_size)
		return tw_fail(err, TWINFS_P_LFS_MAGIC, -EUCLEAN,
			"no littlefs metadata of any block size");
	if (!config->block_size)
		config->block_size = best.block_size;
	if (!config->disk_version)
		*ret_version = best.ops == &tw_rescue_v2 ? TWINFS_LFS_2_0 : TWINFS_LFS_1_1;
	return 0;
}

static int set_up(struct twinfs_rescue *rescue, struct twinfs_flash *flash,
	const struct twinfs_volume_config *config, struct twinfs_error *err)
{
	struct twinfs_volume_config known = *config;
	struct twinfs_superblock superblock = {0};
	const uint8_t *bytes;
	uint32_t version;
	int rc = twinfs_flash_read(flash, config->addr, config->size, &bytes);

	if (rc)
		return tw_fail(err, TWINFS_P_LFS_GEOMETRY, rc, "the partition cannot be read: %s",
			twinfs_strerror(rc));
	rc = twinfs_volume_probe(bytes, config->size, known.block_size, &superblock, NULL);
	if (rc == -ENOMEM)
		return rc;
	version = superblock.version;
	if (rc)
		rc = find_format(flash, &known, &version, err);
	else if (!known.block_size)
		known.block_size = superblock.block_size;
	if (!rc)
		rc = tw_area_init(&rescue->area, flash, &known, err);
	rescue->ops = version >> 16 == 2 ? &tw_rescue_v2 : &tw_rescue_v1;
	rescue->superblock = (struct twinfs_superblock){
		.version = version,
		.block_size = known.block_size,
		.block_count = rescue->area.block_count,
		.name_max = TWINFS_NAME_MAX,
		.file_max = TW_FILE_MAX,
		.attr_max = version >> 16 == 2 ? TW_ATTR_MAX : 0,
	};
	return rc;
}

static int look(struct twinfs_rescue *rescue)
{
	int rc = scan_all(rescue);

	if (!rc)
		rc = tw_place_in_force(rescue);
	if (!rc)
		rc = tw_place_older(rescue);
	if (!rc)
		rc = tw_chain_judge(rescue);
	if (!rc)
		rc = tw_list_claims(rescue);
	if (!rc)
		rc = tw_pick_tree(rescue);
	return rc ? rc : tw_list_chains(rescue);
}

int twinfs_rescue_open(struct twinfs_flash *flash, const struct twinfs_volume_config *config,
	struct twinfs_rescue **ret_rescue, struct twinfs_error *err)
{
	struct twinfs_rescue *rescue = calloc(1, sizeof(*rescue));
	int rc;

	if (!rescue)
		return -ENOMEM;
	rc = set_up(rescue, flash, config, err);
	if (!rc)
		rc = look(rescue);
	if (rc) {
		twinfs_rescue_close(rescue);
		return rc;
	}
	*ret_rescue = rescue;
	return 0;
}

void twinfs_rescue_close(struct twinfs_rescue *rescue)
{
	if (!rescue)
		return;
	release(rescue);
	free(rescue);
}

/* ---- what was found ---- */

bool twinfs_rescue_superblock(const struct twinfs_rescue *rescue,
	struct twinfs_superblock *ret_superblock)
{
	*ret_superblock = rescue->superblock;
	return rescue->has_superblock;
}

size_t twinfs_rescue_count(const struct twinfs_rescue *rescue)
{
	return rescue->version_count;
}

const struct twinfs_version *twinfs_rescue_version(const struct twinfs_rescue *rescue, size_t index)
{
	return &rescue->versions[index].it;
}

size_t twinfs_rescue_find(const struct twinfs_rescue *rescue, const char *path, size_t *ret_first)
{
	size_t low = 0, high = rescue->named_count, count = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(rescue->versions[middle].it.path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + count < rescue->named_count &&
		!strcmp(rescue->versions[low + count].it.path, path))
		count++;
	*ret_first = low;
	return count;
}

size_t twinfs_rescue_tree_count(const struct twinfs_rescue *rescue)
{
	return rescue->tree_count;
}

const struct twinfs_version *twinfs_rescue_tree(const struct twinfs_rescue *rescue, size_t index)
{
	return &rescue->versions[rescue->tree[index]].it;
}

unsigned twinfs_rescue_root_attrs(const struct twinfs_rescue *rescue,
	const struct twinfs_version_attr **ret_attrs)
{
	*ret_attrs = rescue->root_attrs;
	return rescue->root_attr_count;
}

size_t twinfs_rescue_damage_count(const struct twinfs_rescue *rescue)
{
	return rescue->damage_count;
}

const struct twinfs_damage *twinfs_rescue_damage(const struct twinfs_rescue *rescue, size_t index)
{
	return &rescue->damage[index];
}

/* ---- content ---- */

static const struct tw_version *inside(const struct twinfs_version *version)
{
	return (const struct tw_version *)version;
}

static int64_t read_inline(const struct twinfs_rescue *rescue, const struct tw_claim *claim,
	void *buf, size_t len, uint64_t off)
{
	const uint8_t *bytes = tw_rescue_block(rescue, rescue->logs[claim->log].block);

	if (!bytes)
		return -ESHUTDOWN;
	memcpy(buf, bytes + claim->head + off, len);
	return (int64_t)len;
}

/* The bytes of one block from @off on. */
static size_t read_piece(const struct twinfs_rescue *rescue, const struct twinfs_version *version,
	uint8_t *buf, size_t len, uint64_t off)
{
	uint32_t size = rescue->area.block_size, in_block, block;
	uint32_t index = tw_ctz_locate(size, (uint32_t)off, &in_block);
	const uint8_t *bytes = NULL;

	if (version->block_count &&
		tw_chain_find(rescue, version->head, version->block_count - 1, index, &block))
		bytes = tw_rescue_block(rescue, block);
	if (len > size - in_block)
		len = size - in_block;
	if (bytes)
		memcpy(buf, bytes + in_block, len);
	else
		memset(buf, 0, len);
	return len;
}

int64_t twinfs_rescue_read(const struct twinfs_rescue *rescue, const struct twinfs_version *version,
	void *buf, size_t len, uint64_t off)
{
	uint32_t claim = inside(version)->claim;

	if (version->type == TWINFS_DIR)
		return -EISDIR;
	if (!twinfs_flash_has_power(rescue->area.flash))
		return -ESHUTDOWN;
	if (off >= version->size)
		return 0;
	if (len > version->size - off)
		len = (size_t)(version->size - off);
	if (claim != TW_NONE && rescue->claims[claim].is_inline)
		return read_inline(rescue, &rescue->claims[claim], buf, len, off);
	for (size_t done = 0; done < len;)
		done += read_piece(rescue, version, (uint8_t *)buf + done, len - done, off + done);
	return (int64_t)len;
}

int64_t twinfs_rescue_blocks(const struct twinfs_rescue *rescue,
	const struct twinfs_version *version, uint32_t *ret_blocks, uint32_t room)
{
	if (!twinfs_flash_has_power(rescue->area.flash))
		return -ESHUTDOWN;
	for (uint32_t i = 0; i < version->block_count && i < room; i++)
		if (!tw_chain_find(rescue, version->head, version->block_count - 1, i,
			    &ret_blocks[i]))
			ret_blocks[i] = TWINFS_NO_BLOCK;
	return version->block_count;
}
