/* SPDX-License-Identifier: MIT */
/*
 * dirs.c - directories that something leads to, their paths, and damage.
 *
 * All paths together take no more than a multiple of the image: what a hostile one
 * would make longer than that is called by its block.
 */
#include "dirs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "claims.h"

#define PATHS_MOST 16u /* bytes of paths for each byte of the image */

/* Keeps a text that was allocated; frees it when that cannot be done. */
static int keep(struct twinfs_rescue *rescue, char *text)
{
	int rc = tw_array_grow(&rescue->texts, &rescue->text_room, rescue->text_count);

	if (rc) {
		free(text);
		return rc;
	}
	rescue->texts[rescue->text_count++] = text;
	rescue->text_bytes += strlen(text);
	return 0;
}

static bool is_too_long(const struct twinfs_rescue *rescue, size_t len)
{
	uint64_t most = (uint64_t)rescue->area.block_count * rescue->area.block_size * PATHS_MOST;

	return len > TW_PATH_MOST || rescue->text_bytes + len > most;
}

static int join(struct twinfs_rescue *rescue, const char *above, const uint8_t *name, size_t len,
	char **ret_path)
{
	size_t start = strlen(above);
	char *path = malloc(start + len + 2);

	if (!path)
		return -ENOMEM;
	memcpy(path, above, start);
	path[start] = '/';
	memcpy(path + start + 1, name, len);
	path[start + 1 + len] = '\0';
	*ret_path = path;
	return keep(rescue, path);
}

#define BLOCK_NAME 16

static const char *block_name(uint32_t block, char name[BLOCK_NAME])
{
	(void)snprintf(name, BLOCK_NAME, "/?%u", block);
	return name;
}

int tw_claim_path(struct twinfs_rescue *rescue, const struct tw_claim *claim, char **ret_path)
{
	const struct tw_log *log = &rescue->logs[claim->log];
	const char *above = rescue->dirs[log->dir].path;
	char name[BLOCK_NAME];

	if (is_too_long(rescue, strlen(above) + claim->name_len + 1))
		above = block_name(log->block, name);
	return join(rescue, above, tw_claim_name(rescue, claim), claim->name_len, ret_path);
}

int tw_dir_add(struct twinfs_rescue *rescue, uint32_t parent, uint32_t claim, uint32_t block,
	uint32_t *ret_dir)
{
	const struct tw_claim *entry = claim == TW_NONE ? NULL : &rescue->claims[claim];
	struct tw_place_dir dir = {
		.parent = parent,
		.claim = claim,
		.block = block,
		.pair = entry ? tw_claim_pair(entry) : (struct tw_pair){{TW_NIL, TW_NIL}},
		.is_placed = rescue->dirs[parent].is_placed,
	};
	int rc = tw_array_grow(&rescue->dirs, &rescue->dir_room, rescue->dir_count);
	char name[BLOCK_NAME];

	if (rc)
		return rc;
	if (!entry ||
		is_too_long(rescue, strlen(rescue->dirs[parent].path) + entry->name_len + 1)) {
		dir.parent = 0;
		dir.is_placed = false;
		block_name(block, name);
		rc = join(rescue, "", (const uint8_t *)name + 1, strlen(name) - 1, &dir.path);
	} else {
		rc = join(rescue, rescue->dirs[parent].path, tw_claim_name(rescue, entry),
			entry->name_len, &dir.path);
	}
	if (rc)
		return rc;
	rescue->dirs[rescue->dir_count] = dir;
	*ret_dir = (uint32_t)rescue->dir_count++;
	return 0;
}

static __attribute__((format(printf, 2, 0))) const char *vtext(struct twinfs_rescue *rescue,
	const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0 || keep(rescue, text))
		return NULL;
	return text;
}

const char *tw_rescue_text(struct twinfs_rescue *rescue, const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = vtext(rescue, format, args);
	va_end(args);
	return text;
}

int tw_damage_add(struct twinfs_rescue *rescue, enum twinfs_damage_kind kind, const char *path,
	struct tw_pair pair, const char *format, ...)
{
	struct twinfs_damage *damage;
	va_list args;
	int rc = tw_array_grow(&rescue->damage, &rescue->damage_room, rescue->damage_count);

	if (rc)
		return rc;
	damage = &rescue->damage[rescue->damage_count];
	va_start(args, format);
	*damage = (struct twinfs_damage){
		.kind = kind,
		.path = *path ? path : "/",
		.block = {pair.block[0], pair.block[1]},
		.text = vtext(rescue, format, args),
	};
	va_end(args);
	if (!damage->text)
		return -ENOMEM;
	rescue->damage_count++;
	return 0;
}
