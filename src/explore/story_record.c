/* SPDX-License-Identifier: MIT */
/*
 * story_record.c - the hooks by which a story hears of what a chip does.
 */
#include "story_record.h"

static void note(struct tw_story_recorder *recorder, int rc)
{
	if (!recorder->rc)
		recorder->rc = rc;
}

static void keep_unit(struct tw_story_recorder *recorder, uint64_t addr)
{
	uint32_t size = recorder->story->geometry.erase_size, len = size;
	uint64_t begin = addr / size * size;

	/* The last unit of a file may be cut off; files begin with a whole one. */
	while (!twinfs_image_contains(recorder->image, begin, len))
		len--;
	note(recorder, tw_story_add_unit(recorder->story, begin, len,
			       twinfs_image_bytes(recorder->image) + begin, len));
}

static int before(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct tw_story_recorder *recorder = ctx;
	uint32_t size = recorder->story->geometry.erase_size;

	(void)done;
	for (uint64_t addr = op->addr; addr < op->addr + op->len; addr = (addr / size + 1) * size)
		keep_unit(recorder, addr);
	return 0;
}

static void after(void *ctx, const struct twinfs_flash_op *op, uint32_t done, int rc,
	const uint8_t *cells)
{
	struct tw_story_recorder *recorder = ctx;
	const struct tw_story_op copy = {
		.kind = op->kind == TWINFS_FLASH_ERASE ? TW_STORY_ERASE : TW_STORY_PROGRAM,
		.len = op->len,
		.addr = op->addr,
		.seq = op->seq,
		.time_ns = op->time_ns};

	(void)done, (void)rc;
	note(recorder, tw_story_add_op(recorder->story, &copy, cells, op->len, NULL));
}

static void disturbed(void *ctx, uint64_t addr, uint8_t mask)
{
	struct tw_story_recorder *recorder = ctx;
	const struct tw_story_op flip = {.kind = TW_STORY_FLIP, .len = 1, .addr = addr};
	uint8_t cell = twinfs_image_bytes(recorder->image)[addr] ^ mask;

	keep_unit(recorder, addr);
	note(recorder, tw_story_add_op(recorder->story, &flip, &cell, 1, NULL));
}

void tw_story_record(struct tw_story_recorder *recorder, struct tw_story *story,
	const struct twinfs_flash *flash)
{
	*recorder = (struct tw_story_recorder){.story = story, .image = twinfs_flash_image(flash)};
	recorder->first = (struct twinfs_flash_hook){
		.before = before, .disturbed = disturbed, .ctx = recorder};
	recorder->last = (struct twinfs_flash_hook){.after = after, .ctx = recorder};
}
