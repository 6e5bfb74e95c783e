/* SPDX-License-Identifier: MIT */
/*
 * fuzz_checks.c - a user's rules for the explorer, tried on a small module.
 *
 * The input is the text of the rules and, behind a NUL, the content of /usr/a.json.
 * Rules that are read are as many as are broken at most; each broken one says its
 * line; "not" turns a rule around. What a rule finds to be JSON, json-c does too.
 */
#include "fuzz.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/image.h>

#include "explore/check.h"
#include "explore/check_state.h"

enum {
	BLOCK = 256,
	USER_SIZE = 64 * BLOCK,
	SECURE_BLOCK = 4096,
	SECURE_SIZE = 16 * SECURE_BLOCK,
	TEXT_MAX = 4096,
	JSON_MAX = 2048,
};

/* Made once; the content of /usr/a.json is the only thing that changes. */
struct rig {
	struct twinfs_flash *flash, *secure_flash;
	struct twinfs_volume *volume;
	struct twinfs_secure *secure;
	struct tw_rules_subject subject;
	uint64_t json;
};

static void put(struct twinfs_volume *volume, const char *name, const void *data, size_t len)
{
	uint64_t ino;

	if (twinfs_volume_lookup(volume, TWINFS_ROOT_INO, name, &ino))
		fuzz_hold(twinfs_volume_create(volume, TWINFS_ROOT_INO, name, &ino) == 0);
	fuzz_hold(twinfs_volume_open(volume, ino) == 0);
	fuzz_hold(twinfs_volume_truncate(volume, ino, 0) == 0);
	fuzz_hold(twinfs_volume_write(volume, ino, data, len, 0) == (int64_t)len);
	fuzz_hold(twinfs_volume_sync(volume, ino) == 0);
	twinfs_volume_close(volume, ino);
}

static struct twinfs_flash *make_chip(uint64_t size, uint32_t unit)
{
	const struct twinfs_flash_config config = {.geometry = {1, 1, unit}};
	struct twinfs_image *image;
	struct twinfs_flash *flash;

	fuzz_hold(twinfs_image_memory(size, &image) == 0);
	fuzz_hold(twinfs_flash_new(image, &config, &flash, NULL) == 0);
	return flash;
}

static struct rig *make_rig(void)
{
	const struct twinfs_volume_config config = {.size = USER_SIZE, .block_size = BLOCK};
	struct rig *rig = calloc(1, sizeof(*rig));
	uint64_t ino;

	fuzz_hold(rig);
	rig->flash = make_chip(USER_SIZE, BLOCK);
	rig->secure_flash = make_chip(SECURE_SIZE, SECURE_BLOCK);
	fuzz_hold(twinfs_volume_format(rig->flash, &config, NULL) == 0);
	fuzz_hold(twinfs_volume_mount(rig->flash, &config, &rig->volume, NULL) == 0);
	put(rig->volume, "b", "hello \"world\"\n\0end", 18);
	put(rig->volume, "c", "hello \"world\"\n\0end", 18);
	put(rig->volume, "empty", "", 0);
	fuzz_hold(twinfs_volume_mkdir(rig->volume, TWINFS_ROOT_INO, "d", &ino) == 0);
	fuzz_hold(twinfs_secure_open(rig->secure_flash, 0, SECURE_SIZE, NULL, &rig->secure, NULL) ==
		  0);
	fuzz_hold(twinfs_secure_store(rig->secure, 3, "a key", 5) == TWINFS_SECURE_OK);
	rig->subject = (struct tw_rules_subject){rig->volume, NULL, rig->secure};
	return rig;
}

static void each_broken(void *ctx, const struct tw_broken_rule *broken)
{
	unsigned *count = ctx;

	fuzz_hold(broken->line && broken->rule && !strncmp(broken->text, "checks:", 7));
	(*count)++;
}

static int try(const struct rig *rig, const char *text, size_t len)
{
	struct tw_rules *rules;
	struct twinfs_error err = {0};
	unsigned said = 0;
	int rc = tw_rules_parse("checks", text, len, &rules, &err), broken;

	fuzz_must(rc == 0 || (rc == -EINVAL && err.text[0]), "%d: %s", rc, err.text);
	if (rc)
		return rc;
	broken = tw_rules_try(rules, &rig->subject, each_broken, &said);
	fuzz_hold(broken >= 0 && said == (unsigned)broken);
	fuzz_hold((size_t)broken <= tw_rules_count(rules));
	tw_rules_free(rules);
	return broken;
}

/* A single rule, with "not" in front of it: then the other one holds. */
static void try_opposite(const struct rig *rig, const char *text, size_t len)
{
	char room[TEXT_MAX + 8];
	int is_broken = try(rig, text, len), is_other;
	int not_len = snprintf(room, sizeof(room), "not ");

	memcpy(room + not_len, text, len);
	is_other = try(rig, room, len + (size_t)not_len);
	/* Words and parts of a rule have a limit, over which the longer one may be. */
	fuzz_hold(is_broken < 0 ? is_other < 0 : is_other < 0 || is_broken + is_other <= 1);
}

static void check_json(const char *data, size_t len)
{
	struct tw_text why = {0};
	int is_json = tw_rule_json(data, len, NULL, NULL, &why);

	fuzz_hold(is_json == 1 || (is_json == 0 && why.len));
	if (is_json) {
		struct json_tokener *tokener = json_tokener_new();
		char *copy = strndup(data, len);
		struct json_object *object;

		fuzz_hold(copy && strlen(copy) == len && tokener);
		json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
		object = json_tokener_parse_ex(tokener, copy, (int)len + 1);
		fuzz_hold(json_tokener_get_error(tokener) == json_tokener_success);
		json_object_put(object);
		json_tokener_free(tokener);
		free(copy);
	}
	tw_text_release(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rig *rig;
	const uint8_t *nul = size ? memchr(data, '\0', size) : NULL;
	size_t len = nul ? (size_t)(nul - data) : size, json = nul ? size - len - 1 : 0;

	if (len > TEXT_MAX || json > JSON_MAX)
		return -1;
	if (!rig)
		rig = make_rig();
	put(rig->volume, "a.json", nul ? nul + 1 : NULL, json);
	if (nul)
		check_json((const char *)nul + 1, json);
	(void)try(rig, (const char *)data, len);
	if (len && !memchr(data, '\n', len) && !memchr(data, '#', len))
		try_opposite(rig, (const char *)data, len);
	return 0;
}
