/* SPDX-License-Identifier: MIT */
/*
 * run_modem.h - one request of the application to the net, and its answer.
 *
 * A request is a line of JSON. The answer is a line of JSON, {"status": 200,
 * "reason": "OK", "headers": {...}}, then chunks: "N\n" and N bytes, and at the
 * end "0\n", or "-N\n" with the errno that broke it off. What cannot be asked for
 * at all is answered by {"error": ERRNO, "text": "..."} alone.
 */
#ifndef TW_TOOL_RUN_MODEM_H
#define TW_TOOL_RUN_MODEM_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct json_object;

/* "Name: value" of the headers, one behind the other, each with a NUL. */
struct tw_run_request {
	struct json_object *json; /* what the texts are of */
	const char *method, *url;
	bool is_fota;
	struct tw_tool_text headers;
	unsigned char *body; /* NULL: none */
	size_t body_len;
};

/* run_modem_json.c: 0, -EINVAL (it is no request), or -ENOMEM. */
int tw_run_request_parse(const char *line, struct tw_run_request *ret_request);
void tw_run_request_release(struct tw_run_request *request);

/* The value of header @name, or NULL. */
const char *tw_run_request_header(const struct tw_run_request *request, const char *name);

struct tw_run_answer {
	int fd;        /* to the application */
	int stop;      /* readable when there is nobody any more who waits for it */
	bool is_begun; /* its head is out */
	struct json_object *headers;
};

/* run_modem_json.c: takes in "Name: value" of the server. 0 or -ENOMEM. */
int tw_run_answer_header(struct tw_run_answer *answer, const char *name, const char *value);

/* Longer heads, in bytes, are not sent: an application reads no longer lines. */
#define TW_RUN_HEAD_MAX 65536

/*
 * Writes the head. -EMSGSIZE: it is too long, and nothing is out. All that
 * write: 0, or another negative errno: nobody reads.
 */
int tw_run_answer_begin(struct tw_run_answer *answer, long status, const char *reason);

/* In place of the head, or behind it, when it cannot be gone on with: @code is an errno. */
int tw_run_answer_fail(struct tw_run_answer *answer, int code, const char *text);

void tw_run_answer_release(struct tw_run_answer *answer);

/* run_modem.c: a chunk; the end. */
int tw_run_answer_data(struct tw_run_answer *answer, const void *data, size_t len);
int tw_run_answer_end(struct tw_run_answer *answer);
int tw_run_answer_write(struct tw_run_answer *answer, const void *data, size_t len);

/* ---- run_modem_curl.c ---- */

struct tw_run_curl;

/* Loads the library. NULL: it is not there. */
struct tw_run_curl *tw_run_curl_new(void);
void tw_run_curl_free(struct tw_run_curl *curl);

/* Asks a server, and answers with what it says. 0, or a negative errno: nobody reads. */
int tw_run_curl_fetch(struct tw_run_curl *curl, const struct tw_run_request *request,
	struct tw_run_answer *answer);

#endif
