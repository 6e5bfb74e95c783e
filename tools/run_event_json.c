/* SPDX-License-Identifier: MIT */
/*
 * run_event_json.c - what the events of a mount say about its power.
 */
#include "run.h"

#include <errno.h>
#include <string.h>

#include <json-c/json.h>

#include "tool.h"

static const char *text_of(struct json_object *event, const char *key)
{
	const char *text = json_object_get_string(json_object_object_get(event, key));

	return text ? text : "";
}

static unsigned long long number_of(struct json_object *event, const char *key)
{
	return json_object_get_uint64(json_object_object_get(event, key));
}

static int set_text(char **where, char *text)
{
	if (!text)
		return -ENOMEM;
	free(*where);
	*where = text;
	return 0;
}

/* What a person should know about a boot, in one line; .twinfs/boot has all of it. */
static char *summary(struct json_object *event)
{
	unsigned long long holes = number_of(event, "holes"), listed = number_of(event, "listed");
	char *text, more[64] = "";

	if (holes)
		(void)snprintf(more, sizeof(more), ", %llu hole%s of the device", holes,
			tw_tool_plural(holes));
	if (asprintf(&text, "booted: %llu protected file%s, %llu restored%s%s%s", listed,
		    tw_tool_plural(listed), number_of(event, "restored"), more,
		    json_object_get_boolean(json_object_object_get(event, "user_formatted"))
			    ? ", the user partition was formatted"
			    : "",
		    json_object_get_boolean(json_object_object_get(event, "backup_replaced"))
			    ? ", the backup partition was replaced by an empty one"
			    : "") < 0)
		return NULL;
	return text;
}

static int take(struct tw_run_state *state, struct json_object *event)
{
	const char *kind = text_of(event, "kind");

	if (number_of(event, "boot"))
		state->boots = number_of(event, "boot");
	if (!strcmp(kind, "boot")) {
		state->power = TW_RUN_IS_ON;
		return set_text(&state->boot, summary(event));
	}
	if (!strcmp(kind, "power_cut")) {
		state->power = TW_RUN_IS_CUT;
		return set_text(&state->why, strdup(text_of(event, "cause")));
	}
	if (!strcmp(kind, "boot_failed")) {
		state->power = TW_RUN_BOOT_FAILED;
		return set_text(&state->why, strdup(text_of(event, "error")));
	}
	if (!strcmp(kind, "power_off"))
		state->power = json_object_get_boolean(json_object_object_get(event, "restart"))
				       ? TW_RUN_RESTARTS
				       : TW_RUN_IS_OFF;
	if (!strcmp(kind, "lost"))
		state->is_lost = true;
	return 0;
}

int tw_run_state_event(struct tw_run_state *state, const char *line)
{
	struct json_object *event = json_tokener_parse(line);
	int code = event ? take(state, event) : 0;

	json_object_put(event);
	return code;
}
