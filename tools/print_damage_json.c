/* SPDX-License-Identifier: MIT */
/*
 * print_damage_json.c - what was damaged, as one document.
 */
#include "print.h"

#include <stdio.h>

#include "json.h"

static void add_hex(struct json_object *to, const char *key, const uint8_t *bytes, uint64_t len)
{
	char text[2 * TW_TOOL_DAMAGE_SHOWN + 1];

	if (len > TW_TOOL_DAMAGE_SHOWN) {
		tw_tool_json_add_string(to, key, NULL);
		return;
	}
	for (uint64_t i = 0; i < len; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	tw_tool_json_add_string(to, key, text);
}

static struct json_object *run_json(const struct tw_tool_damage_run *run)
{
	struct json_object *it = tw_tool_json_object();

	tw_tool_json_add_uint(it, "rule", run->rule);
	tw_tool_json_add_uint(it, "addr", run->addr);
	tw_tool_json_add_uint(it, "len", run->len);
	tw_tool_json_add_uint(it, "bits", run->bits);
	add_hex(it, "old", run->was, run->len);
	add_hex(it, "new", run->is, run->len);
	tw_tool_json_add_string(it, "partition", run->part);
	tw_tool_json_add_uint(it, "block", run->block);
	tw_tool_json_add_bytes(it, "owner", run->owner);
	return it;
}

void tw_tool_json_damage(const struct tw_tool_damage *damage)
{
	struct json_object *root = tw_tool_json_object(), *runs = tw_tool_json_array();
	struct json_object *rules = tw_tool_json_array();

	for (size_t i = 0; i < damage->rule_count; i++) {
		struct json_object *rule = tw_tool_json_object();

		tw_tool_json_add_bytes(rule, "text", damage->rules[i]);
		tw_tool_json_append(rules, rule);
	}
	for (size_t i = 0; i < damage->count; i++)
		tw_tool_json_append(runs, run_json(&damage->runs[i]));
	tw_tool_json_add_uint(root, "seed", damage->seed);
	tw_tool_json_add(root, "rules", rules);
	tw_tool_json_add(root, "changes", runs);
	tw_tool_json_print(root, true);
}
