/* SPDX-License-Identifier: MIT */
/*
 * stage.c - the chip that crash states are put up on.
 *
 * A trial depends on a unit when it reads it, or programs it, before it has
 * erased it: programming works on what the cells hold. What it erased is its own
 * from then on. Units are saved whole before their first change, so that undoing
 * is one copy each, however often they were written.
 */
#include "stage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/digest.h>

#include "base/array.h"

static void fail(struct tw_stage *stage)
{
	stage->rc = -ENOMEM;
}

static void note_read(struct tw_stage *stage, uint32_t unit)
{
	if (stage->read_in[unit] == stage->trial)
		return;
	if (tw_array_grow(&stage->reads, &stage->read_room, stage->read_count)) {
		fail(stage);
		return;
	}
	stage->read_in[unit] = stage->trial;
	stage->reads[stage->read_count++] = unit;
}

void tw_stage_read(struct tw_stage *stage, uint64_t addr, uint64_t len)
{
	uint32_t last = tw_stage_unit(stage, addr + (len ? len - 1 : 0));

	for (uint32_t unit = tw_stage_unit(stage, addr); unit <= last; unit++) {
		uint64_t begin = (uint64_t)unit * stage->unit_size;

		if (stage->owned_in[unit] == stage->trial)
			continue;
		note_read(stage, unit);
		/* Whoever reads from the first word on, and not to the end, may want that word. */
		if (addr <= begin && addr + len < begin + stage->unit_size)
			stage->word_in[unit] = stage->trial;
	}
}

static uint8_t *unit_bytes(const struct tw_stage *stage, uint32_t unit)
{
	return stage->bytes + (uint64_t)unit * stage->unit_size;
}

/* Bytes of a unit; the last one may be cut off by the end of the chip. */
static size_t unit_len(const struct tw_stage *stage, uint32_t unit)
{
	uint64_t left = stage->size - (uint64_t)unit * stage->unit_size;

	return left < stage->unit_size ? (size_t)left : stage->unit_size;
}

static void save(struct tw_stage *stage, uint32_t unit)
{
	if (stage->saved_in[unit] == stage->trial)
		return;
	if (tw_array_grow(&stage->saved, &stage->saved_room, stage->saved_count) ||
		tw_array_grow_bytes((void **)&stage->old, &stage->old_room, stage->saved_count,
			stage->unit_size)) {
		fail(stage);
		return;
	}
	memcpy(stage->old + stage->saved_count * stage->unit_size, unit_bytes(stage, unit),
		unit_len(stage, unit));
	stage->saved_in[unit] = stage->trial;
	stage->saved[stage->saved_count++] = unit;
}

/* ---- the hook ---- */

static void hear_read(struct tw_stage *stage, const struct twinfs_flash_op *op)
{
	uint64_t len = op->len;

	for (unsigned i = 0; i < 2; i++)
		if (op->addr == stage->wide[i].addr && len == stage->wide[i].size)
			len = stage->wide[i].head;
	tw_stage_read(stage, op->addr, len);
}

static int before(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct tw_stage *stage = ctx;
	uint32_t last = tw_stage_unit(stage, op->addr + (op->len ? op->len - 1 : 0));

	(void)done;
	if (!stage->is_running)
		return 0;
	if (op->kind == TWINFS_FLASH_READ) {
		hear_read(stage, op);
		return 0;
	}
	for (uint32_t unit = tw_stage_unit(stage, op->addr); unit <= last; unit++) {
		if (op->kind == TWINFS_FLASH_PROGRAM)
			tw_stage_read(stage, (uint64_t)unit * stage->unit_size, stage->unit_size);
		else
			stage->owned_in[unit] = stage->trial;
		save(stage, unit);
	}
	stage->writes++;
	/* Without its old bytes nothing may be changed: the trial ends here. */
	return stage->rc ? -ESHUTDOWN : 0;
}

static bool reserve_data(struct tw_stage *stage, size_t len)
{
	size_t room = stage->log_data_room ? stage->log_data_room : 4096;
	uint8_t *more;

	if (stage->log_data && stage->log_len + len <= stage->log_data_room)
		return true;
	while (room < stage->log_len + len)
		room *= 2;
	more = realloc(stage->log_data, room);
	if (!more)
		return false;
	stage->log_data = more;
	stage->log_data_room = room;
	return true;
}

static void after(void *ctx, const struct twinfs_flash_op *op, uint32_t done, int rc,
	const uint8_t *cells)
{
	struct tw_stage *stage = ctx;

	(void)done, (void)rc;
	if (!stage->is_running || !stage->keeps_log || op->kind == TWINFS_FLASH_READ)
		return;
	if (tw_array_grow(&stage->log, &stage->log_room, stage->log_count) ||
		!reserve_data(stage, op->len)) {
		fail(stage);
		return;
	}
	memcpy(stage->log_data + stage->log_len, cells, op->len);
	stage->log[stage->log_count++] = (struct tw_stage_op){
		.kind = op->kind, .len = op->len, .addr = op->addr, .data = stage->log_len};
	stage->log_len += op->len;
}

/* ---- life ---- */

int tw_stage_init(struct tw_stage *stage, struct twinfs_image *image, struct twinfs_flash *flash)
{
	*stage = (struct tw_stage){
		.flash = flash,
		.bytes = twinfs_image_bytes_writable(image),
		.size = twinfs_image_size(image),
		.unit_size = twinfs_flash_config(flash)->geometry.erase_size,
		.unit_count = (uint32_t)twinfs_flash_units(flash),
		.hook = {.before = before, .after = after, .reads = true, .ctx = stage},
	};
	for (unsigned view = 0; view < TW_VIEWS; view++)
		stage->sights[view] = calloc(stage->unit_count, sizeof(uint64_t));
	stage->known = calloc(stage->unit_count, sizeof(*stage->known));
	stage->read_in = calloc(stage->unit_count, sizeof(*stage->read_in));
	stage->owned_in = calloc(stage->unit_count, sizeof(*stage->owned_in));
	stage->saved_in = calloc(stage->unit_count, sizeof(*stage->saved_in));
	stage->content_in = calloc(stage->unit_count, sizeof(*stage->content_in));
	stage->word_in = calloc(stage->unit_count, sizeof(*stage->word_in));
	for (unsigned view = 0; view < TW_VIEWS; view++)
		if (!stage->sights[view])
			return -ENOMEM;
	if (!stage->known || !stage->read_in || !stage->owned_in || !stage->saved_in ||
		!stage->content_in || !stage->word_in)
		return -ENOMEM;
	twinfs_flash_set_hook(flash, &stage->hook);
	return 0;
}

void tw_stage_release(struct tw_stage *stage)
{
	if (stage->flash)
		twinfs_flash_set_hook(stage->flash, NULL);
	for (unsigned view = 0; view < TW_VIEWS; view++)
		free(stage->sights[view]);
	free(stage->known);
	free(stage->read_in);
	free(stage->owned_in);
	free(stage->saved_in);
	free(stage->content_in);
	free(stage->word_in);
	free(stage->reads);
	free(stage->saved);
	free(stage->old);
	free(stage->log);
	free(stage->log_data);
	*stage = (struct tw_stage){0};
}

/* ---- sights ---- */

void tw_stage_changed(struct tw_stage *stage, uint64_t addr, uint64_t len)
{
	uint32_t last = tw_stage_unit(stage, addr + (len ? len - 1 : 0));

	for (uint32_t unit = tw_stage_unit(stage, addr); unit <= last; unit++)
		stage->known[unit] = 0;
}

static uint64_t look(const struct tw_stage *stage, uint32_t unit, enum tw_view view)
{
	uint64_t sight;

	if (view != TW_VIEW_BYTES && stage->glance(stage->glance_ctx, unit, view, &sight))
		return sight;
	return twinfs_digest(unit_bytes(stage, unit), unit_len(stage, unit)).low;
}

uint64_t tw_stage_sight(struct tw_stage *stage, uint32_t unit, enum tw_view view)
{
	if (!(stage->known[unit] & 1u << view)) {
		stage->sights[view][unit] = look(stage, unit, view);
		stage->known[unit] |= (uint8_t)(1u << view);
	}
	return stage->sights[view][unit];
}

enum tw_view tw_stage_view(const struct tw_stage *stage, uint32_t unit)
{
	if (stage->content_in[unit] == stage->trial || !stage->glance)
		return TW_VIEW_BYTES;
	return stage->word_in[unit] == stage->trial ? TW_VIEW_GLANCE : TW_VIEW_WHOLE;
}

void tw_stage_content(struct tw_stage *stage, uint64_t addr, uint64_t len)
{
	uint32_t last = tw_stage_unit(stage, addr + (len ? len - 1 : 0));

	for (uint32_t unit = tw_stage_unit(stage, addr); unit <= last; unit++)
		stage->content_in[unit] = stage->trial;
}

/* ---- trials ---- */

void tw_stage_begin(struct tw_stage *stage, bool keeps_log)
{
	/* After so many trials the numbers begin again: no unit may seem to be of this one. */
	if (++stage->trial == 0) {
		memset(stage->read_in, 0, stage->unit_count * sizeof(*stage->read_in));
		memset(stage->owned_in, 0, stage->unit_count * sizeof(*stage->owned_in));
		memset(stage->saved_in, 0, stage->unit_count * sizeof(*stage->saved_in));
		memset(stage->content_in, 0, stage->unit_count * sizeof(*stage->content_in));
		memset(stage->word_in, 0, stage->unit_count * sizeof(*stage->word_in));
		stage->trial = 1;
	}
	stage->read_count = stage->saved_count = 0;
	stage->log_count = stage->log_len = 0;
	stage->writes = 0;
	stage->rc = 0;
	stage->keeps_log = keeps_log;
	stage->is_running = true;
}

void tw_stage_stop_log(struct tw_stage *stage)
{
	stage->keeps_log = false;
}

int tw_stage_end(struct tw_stage *stage)
{
	for (size_t i = 0; i < stage->saved_count; i++)
		memcpy(unit_bytes(stage, stage->saved[i]), stage->old + i * stage->unit_size,
			unit_len(stage, stage->saved[i]));
	stage->is_running = false;
	return stage->rc;
}
