/* SPDX-License-Identifier: MIT */
/*
 * story.c - a run in memory: lists that grow at their ends, and memory for
 * bytes and texts that is never given back before the story itself is.
 */
#include "story.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/fail.h"

/* What is copied is laid into pieces of at least this many bytes. */
#define PIECE 65536u

struct piece {
	struct piece *next;
	size_t used, size;
	uint8_t bytes[];
};

struct tw_story_memory {
	struct piece *pieces;
	size_t op_room, change_room, event_room, phase_room, unit_room, note_room, part_room;
	uint8_t *known_units; /* a bit for each unit of the chip */
	uint32_t phase;       /* boot under way, or TW_STORY_NONE */
};

struct tw_story *tw_story_new(const char *name, uint64_t chip_size,
	const struct twinfs_flash_geometry *geometry)
{
	struct tw_story *story = calloc(1, sizeof(*story));
	uint64_t units = chip_size / geometry->erase_size + 1;
	uint32_t nobody;

	if (!story)
		return NULL;
	story->chip_size = chip_size;
	story->geometry = *geometry;
	story->is_whole = true;
	story->name = strdup(name);
	story->memory = calloc(1, sizeof(*story->memory));
	if (story->memory) {
		story->memory->phase = TW_STORY_NONE;
		story->memory->known_units = calloc(1, (size_t)(units / 8 + 1));
	}
	if (!story->name || !story->memory || !story->memory->known_units ||
		tw_names_add(&story->owners, "", 0, &nobody)) {
		tw_story_free(story);
		return NULL;
	}
	return story;
}

static void free_memory(struct tw_story_memory *memory)
{
	if (!memory)
		return;
	while (memory->pieces) {
		struct piece *piece = memory->pieces;

		memory->pieces = piece->next;
		free(piece);
	}
	free(memory->known_units);
	free(memory);
}

void tw_story_free(struct tw_story *story)
{
	if (!story)
		return;
	free_memory(story->memory);
	twinfs_trace_close(story->trace);
	tw_names_release(&story->owners);
	free(story->ops);
	free(story->changes);
	free(story->events);
	free(story->phases);
	free(story->units);
	free(story->parts);
	free(story->notes);
	free(story->name);
	free(story);
}

/* @len bytes of memory that the story owns; NULL: there is none. */
static uint8_t *take(struct tw_story *story, size_t len)
{
	struct piece *piece = story->memory->pieces;

	if (!piece || piece->size - piece->used < len) {
		size_t size = len > PIECE ? len : PIECE;

		piece = malloc(sizeof(*piece) + size);
		if (!piece)
			return NULL;
		*piece = (struct piece){.next = story->memory->pieces, .size = size};
		story->memory->pieces = piece;
	}
	piece->used += len;
	return piece->bytes + piece->used - len;
}

/* Bytes without the 0xff at their end. */
static uint32_t trim(const uint8_t *bytes, uint32_t len)
{
	while (len && bytes[len - 1] == 0xff)
		len--;
	return len;
}

/* NULL for no bytes, too. */
static int keep_bytes(struct tw_story *story, const uint8_t *bytes, uint32_t len,
	const uint8_t **ret_copy)
{
	uint8_t *copy = NULL;

	if (story->trace) {
		*ret_copy = len ? bytes : NULL;
		return 0;
	}
	if (len) {
		copy = take(story, len);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, bytes, len);
	}
	*ret_copy = copy;
	return 0;
}

static int keep_text(struct tw_story *story, const char *text, const char **ret_copy)
{
	size_t size = strlen(text ?: "") + 1;
	uint8_t *copy = take(story, size);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text ?: "", size);
	*ret_copy = (const char *)copy;
	return 0;
}

int tw_story_add_part(struct tw_story *story, const struct tw_story_part *part)
{
	struct tw_story_part copy = *part;
	int rc = tw_array_grow(&story->parts, &story->memory->part_room, story->part_count);

	rc = rc ?: keep_text(story, part->name, &copy.name);
	rc = rc ?: keep_text(story, part->path, &copy.path);
	if (!rc)
		story->parts[story->part_count++] = copy;
	return rc;
}

int tw_story_add_op(struct tw_story *story, const struct tw_story_op *op, const uint8_t *cells,
	uint32_t cells_len, const char *owner)
{
	struct tw_story_op copy = *op;
	int rc = tw_array_grow(&story->ops, &story->memory->op_room, story->op_count);

	copy.data_len = trim(cells, cells_len);
	copy.phase = story->memory->phase;
	rc = rc ?: keep_bytes(story, cells, copy.data_len, &copy.data);
	rc = rc ?: tw_names_add(&story->owners, owner ?: "", strlen(owner ?: ""), &copy.owner);
	if (!rc)
		story->ops[story->op_count++] = copy;
	return rc;
}

int tw_story_add_unit(struct tw_story *story, uint64_t addr, uint32_t len, const uint8_t *data,
	uint32_t data_len)
{
	uint64_t number = addr / story->geometry.erase_size;
	uint8_t *known = &story->memory->known_units[number / 8];
	uint8_t bit = (uint8_t)(1u << number % 8);
	struct tw_story_unit unit = {.addr = addr, .len = len, .data_len = trim(data, data_len)};
	int rc;

	if (*known & bit)
		return 0;
	rc = tw_array_grow(&story->units, &story->memory->unit_room, story->unit_count);
	rc = rc ?: keep_bytes(story, data, unit.data_len, &unit.data);
	if (rc)
		return rc;
	story->units[story->unit_count++] = unit;
	*known |= bit;
	return 0;
}

static int add_event(struct tw_story *story, enum tw_story_event_kind kind, size_t index)
{
	int rc = tw_array_grow(&story->events, &story->memory->event_room, story->event_count);

	if (!rc)
		story->events[story->event_count++] =
			(struct tw_story_event){kind, (uint32_t)index, story->op_count};
	return rc;
}

int tw_story_began(struct tw_story *story, const struct tw_story_change *change,
	uint32_t *ret_index)
{
	struct tw_story_change copy = *change;
	int rc = tw_array_grow(&story->changes, &story->memory->change_room, story->change_count);

	copy.has_ended = false;
	copy.phase = story->memory->phase;
	copy.began = story->op_count;
	copy.ended = UINT64_MAX;
	rc = rc ?: keep_text(story, change->path, &copy.path);
	rc = rc ?: keep_text(story, change->new_path, &copy.new_path);
	rc = rc ?: add_event(story, TW_STORY_BEGAN, story->change_count);
	if (rc)
		return rc;
	*ret_index = (uint32_t)story->change_count;
	story->changes[story->change_count++] = copy;
	return 0;
}

int tw_story_ended(struct tw_story *story, uint32_t index, int rc)
{
	struct tw_story_change *change = &story->changes[index];
	int failed = add_event(story, TW_STORY_ENDED, index);

	if (failed)
		return failed;
	change->has_ended = true;
	change->ended = story->op_count;
	change->rc = rc;
	return 0;
}

int tw_story_boot_began(struct tw_story *story)
{
	int rc = tw_array_grow(&story->phases, &story->memory->phase_room, story->phase_count);

	rc = rc ?: add_event(story, TW_STORY_BOOT_BEGAN, story->phase_count);
	if (rc)
		return rc;
	story->memory->phase = (uint32_t)story->phase_count;
	story->phases[story->phase_count++] =
		(struct tw_story_phase){.began = story->op_count, .ended = UINT64_MAX};
	return 0;
}

int tw_story_boot_ended(struct tw_story *story, int rc)
{
	struct tw_story_phase *phase;
	int failed;

	if (story->memory->phase == TW_STORY_NONE)
		return 0; /* recording began in the middle of this boot */
	failed = add_event(story, TW_STORY_BOOT_ENDED, story->memory->phase);
	if (failed)
		return failed;
	phase = &story->phases[story->memory->phase];
	phase->has_ended = true;
	phase->ended = story->op_count;
	phase->rc = rc;
	story->memory->phase = TW_STORY_NONE;
	return 0;
}

int tw_story_cut(struct tw_story *story)
{
	int rc = add_event(story, TW_STORY_CUT, 0);

	if (!rc)
		story->memory->phase = TW_STORY_NONE;
	return rc;
}

int tw_story_note(struct tw_story *story, const char *text)
{
	int rc = tw_array_grow(&story->notes, &story->memory->note_room, story->note_count);

	rc = rc ?: keep_text(story, text, &story->notes[story->note_count]);
	rc = rc ?: add_event(story, TW_STORY_NOTE, story->note_count);
	if (!rc)
		story->note_count++;
	return rc;
}

void tw_story_apply(const struct tw_story_op *op, uint8_t *bytes)
{
	if (op->data_len)
		memcpy(bytes + op->addr, op->data, op->data_len);
	memset(bytes + op->addr + op->data_len, 0xff, op->len - op->data_len);
}

void tw_story_put_back(const struct tw_story *story, uint8_t *bytes)
{
	for (size_t i = 0; i < story->unit_count; i++) {
		const struct tw_story_unit *unit = &story->units[i];

		if (unit->data_len)
			memcpy(bytes + unit->addr, unit->data, unit->data_len);
		memset(bytes + unit->addr + unit->data_len, 0xff, unit->len - unit->data_len);
	}
}

static void keep_units(const struct tw_story *story, const uint8_t *bytes, uint8_t *kept)
{
	uint32_t size = story->geometry.erase_size;

	for (size_t i = 0; i < story->unit_count; i++)
		memcpy(kept + i * size, bytes + story->units[i].addr, story->units[i].len);
}

static void restore_units(const struct tw_story *story, uint8_t *bytes, const uint8_t *kept)
{
	uint32_t size = story->geometry.erase_size;

	for (size_t i = 0; i < story->unit_count; i++)
		memcpy(bytes + story->units[i].addr, kept + i * size, story->units[i].len);
}

/* Whether all units of the story are there: the files of the image may have other sizes. */
static bool has_units(const struct tw_story *story, const struct twinfs_image *image)
{
	for (size_t i = 0; i < story->unit_count; i++)
		if (!twinfs_image_contains(image, story->units[i].addr, story->units[i].len))
			return false;
	return true;
}

/*
 * 1: the image is that before the run now, 0: it is not, and as it was; -ENOMEM.
 * Whether it was that before is not asked: all of a large image is looked at once.
 */
static int put_back(const struct tw_story *story, struct twinfs_image *image)
{
	uint8_t *bytes = twinfs_image_bytes_writable(image);
	_cleanup_free_ uint8_t *kept = NULL;
	struct twinfs_digest now;
	int rc;

	if (!has_units(story, image))
		return 0;
	kept = malloc(story->unit_count * (size_t)story->geometry.erase_size + 1);
	if (!kept)
		return -ENOMEM;
	keep_units(story, bytes, kept);
	tw_story_put_back(story, bytes);
	rc = story->has_before ? twinfs_image_digest(image, &now) : 0;
	if (!rc && (!story->has_before || tw_digest_is_same(now, story->before)))
		return 1;
	restore_units(story, bytes, kept);
	return rc;
}

int tw_story_rewind(const struct tw_story *story, struct twinfs_image *image, const char *file,
	struct twinfs_error *err)
{
	uint64_t size = twinfs_image_size(image);
	int rc;

	if (size != story->chip_size)
		return tw_fail(err, TWINFS_P_TRACE, -EUCLEAN,
			"%s: has %llu bytes, and the chip of %s has %llu; name all files that "
			"the run had",
			file, (unsigned long long)size, story->name,
			(unsigned long long)story->chip_size);
	rc = put_back(story, image);
	if (rc < 0)
		return tw_fail(err, TWINFS_P_TRACE, rc, "no memory for the image");
	if (!rc)
		return tw_fail(err, TWINFS_P_TRACE, -EUCLEAN,
			"%s: is neither the image before nor after the run of %s: other bytes "
			"differ too",
			file, story->name);
	return 0;
}
