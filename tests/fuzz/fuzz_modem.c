/* SPDX-License-Identifier: MIT */
/*
 * fuzz_modem.c - requests of an application to the net, and answers of servers.
 *
 * The input is the line of a request, which is hostile like the application, and
 * behind a NUL the headers of an answer, one a line. A request that is accepted
 * cannot begin headers of its own, and its body is what base64 says. The head of an
 * answer is one line of JSON, however odd the server.
 */
#include "fuzz.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>
#include <stdlib.h>

#include "tools/run_modem.h"

enum {
	LINE_MAX_IN = 16384,
	HEADERS = 16,
};

static void check_header(const struct tw_run_request *request, const char *header)
{
	const char *colon = strchr(header, ':');
	char name[256];
	size_t len;

	fuzz_hold(colon && colon > header && colon[1] == ' ' && !strpbrk(header, "\r\n"));
	len = (size_t)(colon - header);
	if (len >= sizeof(name))
		return;
	memcpy(name, header, len);
	name[len] = '\0';
	fuzz_hold(tw_run_request_header(request, name));
}

static void check_request(const struct tw_run_request *request, size_t size)
{
	const char *at = request->headers.data, *end = at ? at + request->headers.len : NULL;

	fuzz_hold(request->method[0] && strlen(request->method) < 16);
	fuzz_hold(strspn(request->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(request->method));
	fuzz_hold(request->url && request->body_len <= size);
	for (; at < end; at += strlen(at) + 1)
		check_header(request, at);
}

static void ask(const char *line, size_t size)
{
	struct tw_run_request request;
	int rc = tw_run_request_parse(line, &request);

	fuzz_hold(rc == 0 || rc == -EINVAL);
	if (rc == 0)
		check_request(&request, size);
	tw_run_request_release(&request);
}

/* ---- answers ---- */

/* What was written. */
static struct tw_tool_text written;

/* In place of the one of run_modem.c, which writes to a pipe. */
int tw_run_answer_write(struct tw_run_answer *answer, const void *data, size_t len)
{
	(void)answer;
	return tw_tool_text_add(&written, data, len);
}

static void check_line(void)
{
	struct json_object *json;

	fuzz_hold(written.len && written.len <= TW_RUN_HEAD_MAX);
	fuzz_hold(strlen(written.data) == written.len);
	fuzz_hold(strchr(written.data, '\n') == written.data + written.len - 1);
	json = json_tokener_parse(written.data);
	fuzz_hold(json_object_is_type(json, json_type_object));
	json_object_put(json);
}

static void answer(char *text)
{
	struct tw_run_answer answer = {.fd = -1, .stop = -1};
	char *line;
	int rc = 0;

	for (unsigned i = 0; !rc && i < HEADERS && (line = strsep(&text, "\n")); i++) {
		char *value = strchr(line, ':');

		if (value)
			*value++ = '\0';
		rc = tw_run_answer_header(&answer, line, value ? value : "");
	}
	fuzz_hold(rc == 0);
	rc = tw_run_answer_begin(&answer, 200, text ? text : "OK");
	fuzz_hold(rc == 0 || rc == -EMSGSIZE);
	if (rc)
		fuzz_hold(tw_run_answer_fail(&answer, EMSGSIZE, "too long") == 0);
	check_line();
	tw_tool_text_release(&written);
	tw_run_answer_release(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;
	size_t len;

	if (size > LINE_MAX_IN)
		return -1;
	text = malloc(size + 1);
	fuzz_hold(text);
	memcpy(text, data, size);
	text[size] = '\0';
	len = strlen(text);
	ask(text, len);
	if (len < size)
		answer(text + len + 1);
	free(text);
	return 0;
}
