/* SPDX-License-Identifier: MIT */
/*
 * profile_json.c - module profiles: JSON to struct twinfs_profile.
 *
 * One table lists every key with its place, kind and limits; reading, the
 * search for missing and for unknown keys, and the keys that "sources" may
 * name all follow from it. The layout is described in docs/formats/profile.md;
 * a new key is a row here and a line there.
 */
#include "module/profile_json.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fail.h"

#define MAX_CHIP  (UINT64_C(1) << 40)     /* far beyond any NOR chip; sums of sizes cannot wrap */
#define MAX_NS    UINT64_C(1000000000000) /* 1000 s for one operation */
#define MAX_DEPTH 8
#define MAX_PATH  128 /* of a key, with the NUL; the longest of ours has 33 */

enum kind {
	OBJECT, /* holds other keys of this table */
	TEXT,   /* @max: room in bytes, with the NUL */
	NUMBER32,
	NUMBER64,
	FLAG,
};

struct key {
	const char *section; /* path of the object that holds it, "" is the whole */
	const char *name;
	enum kind kind;
	bool optional;
	size_t offset; /* in struct twinfs_profile */
	uint64_t min, max;
};

#define FIELD(member) offsetof(struct twinfs_profile, member)
/* clang-format off: it takes the second brace for a block */
#define AREA(path, member)                                                                         \
	{path, "addr", NUMBER64, false, FIELD(member.addr), 0, MAX_CHIP},                          \
	{                                                                                          \
		path, "size", NUMBER64, false, FIELD(member.size), 1, MAX_CHIP                     \
	}
/* clang-format on */

/* A section stands before the keys in it. */
static const struct key keys[] = {
	{"", "name", TEXT, false, FIELD(name), 0, sizeof(((struct twinfs_profile *)0)->name)},
	{"", "modules", TEXT, false, FIELD(modules), 0,
		sizeof(((struct twinfs_profile *)0)->modules)},
	{"", "chip_size", NUMBER64, false, FIELD(chip_size), 1, MAX_CHIP},

	{"", "partitions", OBJECT, false, 0, 0, 0},
	{"partitions", "customer_fs", OBJECT, false, 0, 0, 0},
	AREA("partitions.customer_fs", user),
	{"partitions", "customer_backup_fs", OBJECT, true, 0, 0, 0},
	AREA("partitions.customer_backup_fs", backup),
	{"partitions", "securedata", OBJECT, true, 0, 0, 0},
	AREA("partitions.securedata", secure),

	{"", "filesystem", OBJECT, false, 0, 0, 0},
	{"filesystem", "format", NUMBER32, false, FIELD(format), 1, 2},
	{"filesystem", "block_size", NUMBER32, false, FIELD(block_size), 128, 1 << 20},
	{"filesystem", "prog_size", NUMBER32, false, FIELD(prog_size), 1, 1 << 20},
	{"filesystem", "spare_blocks", NUMBER32, false, FIELD(spare_blocks), 0, 1 << 20},
	{"filesystem", "v2", OBJECT, true, 0, 0, 0},
	{"filesystem.v2", "prog_size", NUMBER32, false, FIELD(v2_prog_size), 1, 1 << 20},
	{"filesystem.v2", "block_cycles", NUMBER32, false, FIELD(v2_block_cycles), 1, INT32_MAX},
	{"filesystem.v2", "stores_mtime", FLAG, false, FIELD(v2_stores_mtime), 0, 0},

	{"", "boot", OBJECT, false, 0, 0, 0},
	{"boot", "restores", FLAG, false, FIELD(restores), 0, 0},
	{"boot", "applies_updates", FLAG, true, FIELD(applies_updates), 0, 0},
	{"boot", "writes_settings", FLAG, false, FIELD(writes_settings), 0, 0},

	{"", "flash", OBJECT, false, 0, 0, 0},
	{"flash", "read_size", NUMBER32, false, FIELD(flash.geometry.read_size), 1, 1 << 20},
	{"flash", "prog_size", NUMBER32, false, FIELD(flash.geometry.prog_size), 1, 1 << 20},
	{"flash", "erase_size", NUMBER32, false, FIELD(flash.geometry.erase_size), 128, 1 << 20},
	{"flash", "strict", FLAG, false, FIELD(flash.strict), 0, 0},
	{"flash", "read_ns_per_kib", NUMBER64, false, FIELD(flash.timing.read_ns_per_kib), 0,
		MAX_NS},
	{"flash", "page_size", NUMBER32, false, FIELD(flash.timing.page_size), 1, 1 << 20},
	{"flash", "program_page_ns", NUMBER64, false, FIELD(flash.timing.program_page_ns), 0,
		MAX_NS},
	{"flash", "erase_unit_ns", NUMBER64, false, FIELD(flash.timing.erase_unit_ns), 0, MAX_NS},

	{"", "sources", OBJECT, true, 0, 0, 0},
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

/* How a figure is known; docs/formats/profile.md says what each word means. */
static const char *const labels[] = {"doc: ", "port: ", "script: ", "data sheet: ", "assumed: "};

static void cleanup_json(struct json_object **json)
{
	(void)json_object_put(*json); /* NULL is allowed */
}

static void cleanup_tokener(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

#define _cleanup_json_    _cleanup_(cleanup_json)
#define _cleanup_tokener_ _cleanup_(cleanup_tokener)

#define fail(err, code, ...) tw_fail(err, TWINFS_P_PROFILE, code, __VA_ARGS__)

/* "section.name", or "name" at the top. */
static const char *path_of(const char *section, const char *name, char buf[MAX_PATH])
{
	(void)snprintf(buf, MAX_PATH, "%s%s%s", section, *section ? "." : "", name);
	return buf;
}

/* The object at the dotted path @section; NULL if there is none. */
static struct json_object *find_section(struct json_object *top, const char *section)
{
	char part[MAX_PATH];

	while (*section && top) {
		size_t len = strcspn(section, ".");

		(void)snprintf(part, sizeof(part), "%.*s", (int)len, section);
		if (!json_object_object_get_ex(top, part, &top))
			return NULL;
		section += len + (section[len] == '.');
	}
	return top;
}

/* A size as text: decimal or 0x hexadecimal digits, then nothing, K or M. False: it is not one. */
static bool parse_size(const char *text, uint64_t *ret_value)
{
	unsigned long long value;
	unsigned shift = 0;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	value = strtoull(text, &end, text[0] == '0' && text[1] == 'x' ? 16 : 10);
	if (*end == 'K')
		shift = 10;
	if (*end == 'M')
		shift = 20;
	if (errno || end[shift != 0] || value > UINT64_MAX >> shift)
		return false;
	*ret_value = value << shift;
	return true;
}

static int read_number(struct json_object *value, const struct key *key, const char *path,
	uint64_t *ret_number, struct twinfs_error *err)
{
	const char *text = json_object_get_string(value);
	uint64_t number = 0;
	bool ok = false;

	if (json_object_is_type(value, json_type_int)) {
		/* Both saturate: what is too large stays too large. */
		ok = json_object_get_int64(value) >= 0;
		number = json_object_get_uint64(value);
	} else if (json_object_is_type(value, json_type_string)) {
		ok = parse_size(text, &number);
	}
	if (!ok)
		return fail(err, -EUCLEAN,
			"key '%s' is %s, must be a number, or text as \"0x1000\", \"200K\", \"5M\"",
			path, text ? text : "null");
	if (number > key->max && key->max == MAX_CHIP)
		return fail(err, -EOVERFLOW,
			"key '%s' is %" PRIu64 " bytes, at most 1 TiB is possible", path, number);
	if (number < key->min || number > key->max)
		return fail(err, -EUCLEAN,
			"key '%s' is %" PRIu64 ", must be %" PRIu64 " to %" PRIu64, path, number,
			key->min, key->max);
	*ret_number = number;
	return 0;
}

static int read_text(struct json_object *value, const struct key *key, const char *path, char *ret,
	struct twinfs_error *err)
{
	const char *text = json_object_get_string(value);
	size_t len;

	if (!json_object_is_type(value, json_type_string))
		return fail(err, -EUCLEAN, "key '%s' must be text", path);
	len = strlen(text);
	if (!len || len != (size_t)json_object_get_string_len(value) || len >= key->max)
		return fail(err, -EUCLEAN,
			"key '%s' must have 1 to %" PRIu64 " bytes, none of them NUL", path,
			key->max - 1);
	for (size_t i = 0; i < len; i++)
		if (iscntrl((unsigned char)text[i]))
			return fail(err, -EUCLEAN, "key '%s' has a control character", path);
	memcpy(ret, text, len + 1);
	return 0;
}

static int read_value(struct json_object *value, const struct key *key, const char *path,
	struct twinfs_profile *profile, struct twinfs_error *err)
{
	char *field = (char *)profile + key->offset;
	uint64_t number = 0;
	int rc = 0;

	switch (key->kind) {
	case OBJECT:
		if (!json_object_is_type(value, json_type_object))
			return fail(err, -EUCLEAN, "key '%s' must be an object", path);
		break;
	case TEXT:
		rc = read_text(value, key, path, field, err);
		break;
	case NUMBER32:
		rc = read_number(value, key, path, &number, err);
		*(uint32_t *)(void *)field = (uint32_t)number;
		break;
	case NUMBER64:
		rc = read_number(value, key, path, &number, err);
		*(uint64_t *)(void *)field = number;
		break;
	case FLAG:
		if (!json_object_is_type(value, json_type_boolean))
			return fail(err, -EUCLEAN, "key '%s' must be true or false", path);
		*(bool *)field = json_object_get_boolean(value);
		break;
	}
	return rc;
}

static int read_keys(struct json_object *top, struct twinfs_profile *profile,
	struct twinfs_error *err)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		struct json_object *section = find_section(top, keys[i].section), *value;
		char path[MAX_PATH];
		int rc;

		if (!section)
			continue; /* optional, or it was reported when its own row came */
		(void)path_of(keys[i].section, keys[i].name, path);
		if (json_object_object_get_ex(section, keys[i].name, &value)) {
			rc = read_value(value, &keys[i], path, profile, err);
			if (rc)
				return rc;
		} else if (!keys[i].optional) {
			return fail(err, -EUCLEAN, "key '%s' is missing", path);
		}
	}
	return 0;
}

static bool is_key(const char *path)
{
	char known[MAX_PATH];

	for (size_t i = 0; i < KEY_COUNT; i++)
		if (!strcmp(path, path_of(keys[i].section, keys[i].name, known)))
			return true;
	return false;
}

static int check_section(struct json_object *section, const char *path, struct twinfs_error *err)
{
	struct json_object_iterator at = json_object_iter_begin(section);
	struct json_object_iterator end = json_object_iter_end(section);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		char name[MAX_PATH];

		/* A name with a dot in it could pass for the path of another key. */
		if (strchr(json_object_iter_peek_name(&at), '.') ||
			!is_key(path_of(path, json_object_iter_peek_name(&at), name)))
			return fail(err, -EUCLEAN, "key '%s' is unknown",
				path_of(path, json_object_iter_peek_name(&at), name));
	}
	return 0;
}

/* Refuses what no row of the table names. */
static int check_unknown(struct json_object *top, struct twinfs_error *err)
{
	int rc = check_section(top, "", err);

	for (size_t i = 0; !rc && i < KEY_COUNT; i++) {
		char path[MAX_PATH];
		struct json_object *section;

		if (keys[i].kind != OBJECT || !strcmp(keys[i].name, "sources"))
			continue;
		section = find_section(top, path_of(keys[i].section, keys[i].name, path));
		if (json_object_is_type(section, json_type_object))
			rc = check_section(section, path, err);
	}
	return rc;
}

static bool has_label(const char *text)
{
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (!strncmp(text, labels[i], strlen(labels[i])) && text[strlen(labels[i])])
			return true;
	return false;
}

static int check_sources(struct json_object *top, struct twinfs_error *err)
{
	struct json_object *sources = find_section(top, "sources");
	struct json_object_iterator at, end;

	if (!sources)
		return 0;
	at = json_object_iter_begin(sources);
	end = json_object_iter_end(sources);
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *name = json_object_iter_peek_name(&at);
		struct json_object *value = json_object_iter_peek_value(&at);

		if (!is_key(name))
			return fail(err, -EUCLEAN,
				"key 'sources' has '%s', which is no key of a profile", name);
		if (!json_object_is_type(value, json_type_string) ||
			!has_label(json_object_get_string(value)))
			return fail(err, -EUCLEAN,
				"source of '%s' must begin with doc:, port:, script:, data sheet: "
				"or assumed:",
				name);
	}
	return 0;
}

static int parse_json(const char *text, size_t len, struct json_object **ret_top,
	struct twinfs_error *err)
{
	_cleanup_tokener_ struct json_tokener *tokener = json_tokener_new_ex(MAX_DEPTH);
	_cleanup_json_ struct json_object *top = NULL;

	if (!tokener)
		return fail(err, -ENOMEM, "out of memory");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* With its NUL, so that a number at the very end is complete. */
	if (!memchr(text, '\0', len))
		top = json_tokener_parse_ex(tokener, text, (int)len + 1);
	if (!top)
		return fail(err, -EUCLEAN, "not JSON at byte %zu: %s",
			json_tokener_get_parse_end(tokener),
			json_tokener_error_desc(json_tokener_get_error(tokener)));
	if (!json_object_is_type(top, json_type_object))
		return fail(err, -EUCLEAN, "not a JSON object");
	*ret_top = tw_steal(&top);
	return 0;
}

int tw_profile_parse(const char *text, size_t len, struct twinfs_profile *ret_profile,
	struct twinfs_error *err)
{
	_cleanup_json_ struct json_object *top = NULL;
	struct twinfs_profile profile = {0};
	int rc = parse_json(text, len, &top, err);

	if (!rc)
		rc = check_unknown(top, err);
	if (!rc)
		rc = read_keys(top, &profile, err);
	if (!rc)
		rc = check_sources(top, err);
	if (rc)
		return rc;
	/* All boot scripts known to restore go on with that. */
	if (!find_section(top, "boot.applies_updates"))
		profile.applies_updates = profile.restores;
	*ret_profile = profile;
	return 0;
}
