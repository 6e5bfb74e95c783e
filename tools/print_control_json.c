/* SPDX-License-Identifier: MIT */
/*
 * print_control_json.c - state, faults and events of a mounted module, from
 * JSON and to it.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "print.h"
#include "text.h"

void tw_tool_json_power(const struct tw_tool_power *power)
{
	struct json_object *object = tw_tool_json_object();

	tw_tool_json_add_string(object, "power", power->is_on ? "on" : "off");
	tw_tool_json_add_bytes(object, "cause", power->cause);
	tw_tool_json_add_uint(object, "supply_mv", power->supply_mv);
	tw_tool_json_print(object, true);
}

/* ---- faults ---- */

static void add_rule(struct json_object *rules, const char *line)
{
	struct json_object *object = tw_tool_json_object();
	uint64_t id, counted, fired;
	char state[16];
	int rule = 0;

	if (sscanf(line, "%" SCNu64 " %15s %" SCNu64 " %" SCNu64 " %n", &id, state, &counted,
		    &fired, &rule) < 4 ||
		!rule) {
		json_object_put(object);
		return;
	}
	tw_tool_json_add_uint(object, "id", id);
	tw_tool_json_add_string(object, "state", state);
	tw_tool_json_add_uint(object, "counted", counted);
	tw_tool_json_add_uint(object, "fired", fired);
	tw_tool_json_add_bytes(object, "rule", line + rule);
	tw_tool_json_append(rules, object);
}

void tw_tool_json_faults(char *list)
{
	struct json_object *object = tw_tool_json_object(), *rules = tw_tool_json_array();
	uint64_t seed = 0;
	char *line;

	while ((line = strsep(&list, "\n"))) {
		if (*line == '#')
			(void)sscanf(line, "# seed %" SCNu64, &seed);
		else
			add_rule(rules, line);
	}
	tw_tool_json_add_uint(object, "seed", seed);
	tw_tool_json_add(object, "rules", rules);
	tw_tool_json_print(object, true);
}

/* ---- events ---- */

static const char *text_of(struct json_object *event, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(event, key, &value) ? json_object_get_string(value) : NULL;
}

static uint64_t number_of(struct json_object *event, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(event, key, &value) ? json_object_get_uint64(value) : 0;
}

/* " (KEY)" with what there is of partition, block and owner. */
static void print_place(struct json_object *event)
{
	const char *part = text_of(event, "partition"), *owner = text_of(event, "owner");

	if (!text_of(event, "block"))
		return;
	printf(" (block %" PRIu64 "%s", number_of(event, "block"), part ? " of " : "");
	tw_tool_put_plain(stdout, part ? part : "");
	if (owner) {
		printf(", ");
		tw_tool_put_plain(stdout, owner);
	}
	putchar(')');
}

static void print_fault(struct json_object *event)
{
	const char *text = text_of(event, "text"), *what = text_of(event, "what");

	printf("rule %" PRIu64 " '", number_of(event, "rule"));
	tw_tool_put_plain(stdout, text ? text : "");
	printf("': ");
	tw_tool_put_plain(stdout, what ? what : "");
	print_place(event);
}

static void print_boot(struct json_object *event)
{
	const char *error = text_of(event, "error"), *formatted = text_of(event, "user_formatted");

	printf("boot %" PRIu64 ": %" PRIu64 " protected file%s, %" PRIu64 " restored",
		number_of(event, "boot"), number_of(event, "listed"),
		tw_tool_plural(number_of(event, "listed")), number_of(event, "restored"));
	if (formatted && !strcmp(formatted, "true"))
		printf(", user partition formatted");
	if (error) {
		printf(", ended with: ");
		tw_tool_put_plain(stdout, error);
	}
}

/* Any other: its kind in words, then the texts that go with it. */
static void print_other(struct json_object *event, const char *kind)
{
	static const char *const keys[] = {"path", "file", "cause", "reason", "error"};
	const char *before = ": ";

	for (const char *c = kind; *c; c++)
		putchar(*c == '_' ? ' ' : *c);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *text = text_of(event, keys[i]);

		if (!text)
			continue;
		fputs(before, stdout);
		tw_tool_put_plain(stdout, text);
		before = ", ";
	}
}

void tw_tool_print_event(const char *line)
{
	struct json_object *event = json_tokener_parse(line);
	const char *kind = event ? text_of(event, "kind") : NULL;
	uint64_t us = number_of(event, "virtual_ns") / 1000;

	if (!kind) { /* of a newer mount; better than nothing */
		tw_tool_put_plain(stdout, line);
	} else if (!strcmp(kind, "lost")) {
		printf("%" PRIu64 " events were lost here", number_of(event, "lost"));
	} else {
		printf("%s[%5" PRIu64 ".%06" PRIu64 "] op %-6" PRIu64 "%s ",
			tw_tool_paint(TW_TOOL_DIM), us / 1000000, us % 1000000,
			number_of(event, "operation"), tw_tool_paint(TW_TOOL_PLAIN));
		if (!strcmp(kind, "fault") || !strcmp(kind, "supply"))
			print_fault(event);
		else if (!strcmp(kind, "boot"))
			print_boot(event);
		else
			print_other(event, kind);
	}
	putchar('\n');
	json_object_put(event);
}
