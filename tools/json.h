/* SPDX-License-Identifier: MIT */
/*
 * json.h - what the JSON printers share. Memory that runs out while a document
 * is built ends the program: half a document would be worse.
 */
#ifndef TW_TOOL_JSON_H
#define TW_TOOL_JSON_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;

struct json_object *tw_tool_json_object(void);
struct json_object *tw_tool_json_array(void);

/* Add a member to an object; a NULL string becomes null. */
void tw_tool_json_add(struct json_object *to, const char *key, struct json_object *value);
void tw_tool_json_add_string(struct json_object *to, const char *key, const char *value);
void tw_tool_json_add_uint(struct json_object *to, const char *key, uint64_t value);
void tw_tool_json_add_bool(struct json_object *to, const char *key, bool value);

/* Text that may hold any bytes: member @key, or KEY_hex with its bytes when it is not UTF-8. */
void tw_tool_json_add_bytes(struct json_object *to, const char *key, const char *value);

/* Of a littlefs, as major << 16 | minor: "format": "lfs1", "version": "1.1"; null for 0, none. */
void tw_tool_json_add_version(struct json_object *to, uint32_t version);

void tw_tool_json_append(struct json_object *array, struct json_object *value);

/* Prints @value, indented for a whole document, in one line for a piece of one; releases it. */
void tw_tool_json_print(struct json_object *value, bool whole);

#endif
