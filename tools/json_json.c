/* SPDX-License-Identifier: MIT */
/*
 * json_json.c - what the JSON printers share.
 */
#include "json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "text.h"
#include "tool.h"

static void *checked(void *made)
{
	if (!made)
		exit(tw_tool_no_memory(NULL));
	return made;
}

struct json_object *tw_tool_json_object(void)
{
	return checked(json_object_new_object());
}

struct json_object *tw_tool_json_array(void)
{
	return checked(json_object_new_array());
}

void tw_tool_json_add(struct json_object *to, const char *key, struct json_object *value)
{
	if (json_object_object_add(to, key, value))
		exit(tw_tool_no_memory(NULL));
}

void tw_tool_json_add_string(struct json_object *to, const char *key, const char *value)
{
	tw_tool_json_add(to, key, value ? checked(json_object_new_string(value)) : NULL);
}

void tw_tool_json_add_uint(struct json_object *to, const char *key, uint64_t value)
{
	tw_tool_json_add(to, key, checked(json_object_new_uint64(value)));
}

void tw_tool_json_add_bool(struct json_object *to, const char *key, bool value)
{
	tw_tool_json_add(to, key, checked(json_object_new_boolean(value)));
}

void tw_tool_json_add_bytes(struct json_object *to, const char *key, const char *value)
{
	_cleanup_free_ char *hex_key = NULL, *hex = NULL;
	size_t len = value ? strlen(value) : 0;

	if (!value || tw_tool_is_utf8(value)) {
		tw_tool_json_add_string(to, key, value);
		return;
	}
	if (asprintf(&hex_key, "%s_hex", key) < 0)
		hex_key = NULL;
	checked(hex_key);
	hex = checked(malloc(2 * len + 1));
	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)value[i]);
	tw_tool_json_add_string(to, hex_key, hex);
}

void tw_tool_json_add_version(struct json_object *to, uint32_t version)
{
	char format[16], text[24];

	(void)snprintf(format, sizeof(format), "lfs%" PRIu32, version >> 16);
	(void)snprintf(text, sizeof(text), "%" PRIu32 ".%" PRIu32, version >> 16, version & 0xffff);
	tw_tool_json_add_string(to, "format", version ? format : NULL);
	tw_tool_json_add_string(to, "version", version ? text : NULL);
}

void tw_tool_json_append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value))
		exit(tw_tool_no_memory(NULL));
}

void tw_tool_json_print(struct json_object *value, bool whole)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE | JSON_C_TO_STRING_SPACED;

	if (whole)
		flags |= JSON_C_TO_STRING_PRETTY;
	tw_tool_put_json(stdout, checked((void *)json_object_to_json_string_ext(value, flags)));
	if (whole)
		putchar('\n');
	json_object_put(value);
}
