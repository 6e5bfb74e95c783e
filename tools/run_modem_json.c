/* SPDX-License-Identifier: MIT */
/*
 * run_modem_json.c - requests and heads of answers as lines of JSON.
 */
#include "run_modem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

/* ---- requests ---- */

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value = json_object_object_get(object, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* A line end in a name or value would begin another header. */
static bool is_plain(const char *text)
{
	return !text[strcspn(text, "\r\n")];
}

static int take_headers(struct json_object *headers, struct tw_tool_text *text)
{
	if (!headers)
		return 0;
	if (!json_object_is_type(headers, json_type_object))
		return -EINVAL;
	json_object_object_foreach(headers, name, object)
	{
		const char *value = json_object_get_string(object);

		value = value ? value : "";
		if (!*name || strchr(name, ':') || !is_plain(name) || !is_plain(value))
			return -EINVAL;
		if (tw_tool_text_add(text, name, strlen(name)) < 0 ||
			tw_tool_text_add(text, ": ", 2) < 0 ||
			tw_tool_text_add(text, value, strlen(value) + 1) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int digit_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int take_body(const char *base64, struct tw_run_request *request)
{
	unsigned bits = 0, value = 0;

	if (!base64)
		return 0;
	request->body = malloc(strlen(base64) / 4 * 3 + 3);
	if (!request->body)
		return -ENOMEM;
	for (; *base64 && *base64 != '='; base64++) {
		int digit = digit_of(*base64);

		if (digit < 0)
			return -EINVAL;
		value = (value << 6 | (unsigned)digit) & 0xffff;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		request->body[request->body_len++] = (unsigned char)(value >> bits);
	}
	return 0;
}

static bool is_method(const char *text)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return len && len < 16 && !text[len];
}

int tw_run_request_parse(const char *line, struct tw_run_request *ret_request)
{
	const char *purpose;
	int code;

	*ret_request = (struct tw_run_request){.json = json_tokener_parse(line)};
	ret_request->method = text_of(ret_request->json, "method");
	ret_request->url = text_of(ret_request->json, "url");
	purpose = text_of(ret_request->json, "for");
	if (!ret_request->method || !ret_request->url || !is_method(ret_request->method))
		return -EINVAL;
	ret_request->is_fota = purpose && !strcmp(purpose, "fota");
	code = take_headers(json_object_object_get(ret_request->json, "headers"),
		&ret_request->headers);
	return code < 0 ? code : take_body(text_of(ret_request->json, "body"), ret_request);
}

void tw_run_request_release(struct tw_run_request *request)
{
	json_object_put(request->json);
	tw_tool_text_release(&request->headers);
	free(request->body);
}

const char *tw_run_request_header(const struct tw_run_request *request, const char *name)
{
	const char *at = request->headers.data;
	const char *end = at ? at + request->headers.len : NULL;
	size_t len = strlen(name);

	for (; at < end; at += strlen(at) + 1)
		if (!strncasecmp(at, name, len) && at[len] == ':')
			return at + len + 2;
	return NULL;
}

/* ---- answers ---- */

/* Of an object that could not be filled, NULL is left. */
static void put(struct json_object **object, const char *key, struct json_object *value)
{
	if (*object && value && json_object_object_add(*object, key, value) == 0)
		return;
	json_object_put(value);
	json_object_put(*object);
	*object = NULL;
}

/*
 * A text of the server. JSON is UTF-8; other bytes of a header are those of
 * ISO 8859-1, as RFC 9110, 5.5 has it.
 */
static struct json_object *new_text(const char *text)
{
	struct json_object *object;
	char *wide, *to;

	if (tw_tool_is_utf8(text))
		return json_object_new_string(text);
	to = wide = malloc(2 * strlen(text) + 1);
	if (!wide)
		return NULL;
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte >= 0x80)
			*to++ = (char)(0xc0 | byte >> 6);
		*to++ = (char)(byte < 0x80 ? byte : 0x80 | (byte & 0x3f));
	}
	*to = '\0';
	object = json_object_new_string(wide);
	free(wide);
	return object;
}

static int write_line(struct tw_run_answer *answer, struct json_object *object)
{
	const char *text =
		object ? json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN) : NULL;
	int code = text ? tw_run_answer_write(answer, text, strlen(text)) : -ENOMEM;

	json_object_put(object);
	return code < 0 ? code : tw_run_answer_write(answer, "\n", 1);
}

int tw_run_answer_header(struct tw_run_answer *answer, const char *name, const char *value)
{
	/* a name is a token; what is none is nothing that an application could ask for */
	if (!tw_tool_is_utf8(name))
		return 0;
	if (!answer->headers)
		answer->headers = json_object_new_object();
	put(&answer->headers, name, new_text(value));
	return answer->headers ? 0 : -ENOMEM;
}

int tw_run_answer_begin(struct tw_run_answer *answer, long status, const char *reason)
{
	struct json_object *head = json_object_new_object();
	const char *text;

	put(&head, "status", json_object_new_int64(status));
	put(&head, "reason", new_text(reason));
	put(&head, "headers", answer->headers ? answer->headers : json_object_new_object());
	answer->headers = NULL;
	text = head ? json_object_to_json_string_ext(head, JSON_C_TO_STRING_PLAIN) : NULL;
	if (text && strlen(text) >= TW_RUN_HEAD_MAX) {
		json_object_put(head);
		return -EMSGSIZE;
	}
	answer->is_begun = true;
	return write_line(answer, head);
}

int tw_run_answer_fail(struct tw_run_answer *answer, int code, const char *text)
{
	struct json_object *head;
	char end[16];

	if (answer->is_begun) {
		(void)snprintf(end, sizeof(end), "-%d\n", code);
		return tw_run_answer_write(answer, end, strlen(end));
	}
	head = json_object_new_object();
	put(&head, "error", json_object_new_int(code));
	put(&head, "text", json_object_new_string(text));
	return write_line(answer, head);
}

void tw_run_answer_release(struct tw_run_answer *answer)
{
	json_object_put(answer->headers);
	answer->headers = NULL;
}
