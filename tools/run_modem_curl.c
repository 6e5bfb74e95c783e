/* SPDX-License-Identifier: MIT */
/*
 * run_modem_curl.c - HTTP by libcurl.
 *
 * The library is loaded when the first request comes: with all that it needs it
 * would make the start of every verb several times as long.
 */
#include "run_modem.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

/* A server that is not there, or says nothing, is waited for this long, in seconds. */
#define CONNECT_SECONDS 30L
#define SILENT_SECONDS  60L

#define REDIRECTS    10L
#define LOOK_AGAIN   1000 /* ms; it is woken before */
#define HTTP_SCHEMES "http,https"

struct tw_run_curl {
	void *library;
	__typeof__(curl_easy_init) *easy_init;
	__typeof__(curl_easy_cleanup) *easy_cleanup;
	__typeof__(curl_easy_setopt) *setopt;
	__typeof__(curl_easy_getinfo) *getinfo;
	__typeof__(curl_easy_strerror) *strerror;
	__typeof__(curl_multi_init) *multi_init;
	__typeof__(curl_multi_cleanup) *multi_cleanup;
	__typeof__(curl_multi_add_handle) *add;
	__typeof__(curl_multi_remove_handle) *remove;
	__typeof__(curl_multi_perform) *perform;
	__typeof__(curl_multi_poll) *poll;
	__typeof__(curl_multi_info_read) *info;
	__typeof__(curl_slist_append) *append;
	__typeof__(curl_slist_free_all) *free_list;
};

/* One fetch. */
struct fetch {
	struct tw_run_curl *curl;
	CURL *easy;
	struct tw_run_answer *answer;
	char reason[64];
	bool is_too_long; /* the head */
	int code;         /* of writing to the application; negative: nobody reads */
};

static bool load(struct tw_run_curl *curl)
{
	const struct {
		const char *name;
		void **where;
	} names[] = {
		{"curl_easy_init", (void **)&curl->easy_init},
		{"curl_easy_cleanup", (void **)&curl->easy_cleanup},
		{"curl_easy_setopt", (void **)&curl->setopt},
		{"curl_easy_getinfo", (void **)&curl->getinfo},
		{"curl_easy_strerror", (void **)&curl->strerror},
		{"curl_multi_init", (void **)&curl->multi_init},
		{"curl_multi_cleanup", (void **)&curl->multi_cleanup},
		{"curl_multi_add_handle", (void **)&curl->add},
		{"curl_multi_remove_handle", (void **)&curl->remove},
		{"curl_multi_perform", (void **)&curl->perform},
		{"curl_multi_poll", (void **)&curl->poll},
		{"curl_multi_info_read", (void **)&curl->info},
		{"curl_slist_append", (void **)&curl->append},
		{"curl_slist_free_all", (void **)&curl->free_list},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		*names[i].where = dlsym(curl->library, names[i].name);
		if (!*names[i].where)
			return false;
	}
	return true;
}

struct tw_run_curl *tw_run_curl_new(void)
{
	static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
	struct tw_run_curl *curl = calloc(1, sizeof(*curl));

	for (size_t i = 0; curl && !curl->library && i < sizeof(names) / sizeof(*names); i++)
		curl->library = dlopen(names[i], RTLD_NOW);
	if (curl && curl->library && load(curl))
		return curl;
	tw_run_curl_free(curl);
	return NULL;
}

void tw_run_curl_free(struct tw_run_curl *curl)
{
	/* it stays loaded: the libraries below it do not all bear being unloaded */
	free(curl);
}

/* ---- what comes from the server ---- */

/* "HTTP/1.1 200 OK": of a redirect, too, so all that was there before goes. */
static void begin_head(struct fetch *fetch, const char *line, size_t len)
{
	const char *end = line + len, *at = memchr(line, ' ', len);

	tw_run_answer_release(fetch->answer);
	while (at && at < end && (*at == ' ' || isdigit((unsigned char)*at)))
		at++;
	fetch->reason[0] = '\0';
	if (at && (size_t)(end - at) < sizeof(fetch->reason)) {
		memcpy(fetch->reason, at, (size_t)(end - at));
		fetch->reason[end - at] = '\0';
	}
}

static size_t take_header(char *data, size_t size, size_t count, void *ctx)
{
	struct fetch *fetch = ctx;
	size_t len = size * count, name_len;
	char *text, *value;

	while (len && isspace((unsigned char)data[len - 1]))
		len--;
	if (len > 5 && !strncmp(data, "HTTP/", 5)) {
		begin_head(fetch, data, len);
		return size * count;
	}
	text = strndup(data, len);
	if (!text)
		return 0;
	name_len = strcspn(text, ":");
	if (text[name_len]) {
		text[name_len] = '\0';
		value = text + name_len + 1;
		value += strspn(value, " \t");
		fetch->code = tw_run_answer_header(fetch->answer, text, value);
	}
	free(text);
	return fetch->code < 0 ? 0 : size * count;
}

static void begin_answer(struct fetch *fetch)
{
	long status = 0;

	(void)fetch->curl->getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
	fetch->code = tw_run_answer_begin(fetch->answer, status, fetch->reason);
	fetch->is_too_long = fetch->code == -EMSGSIZE;
	if (fetch->is_too_long)
		fetch->code = 0; /* who reads is told in finish() */
}

static size_t take_data(char *data, size_t size, size_t count, void *ctx)
{
	struct fetch *fetch = ctx;

	if (!fetch->answer->is_begun)
		begin_answer(fetch);
	if (fetch->is_too_long)
		return 0;
	if (fetch->code == 0)
		fetch->code = tw_run_answer_data(fetch->answer, data, size * count);
	return fetch->code < 0 ? 0 : size * count;
}

/* ---- asking ---- */

static struct curl_slist *make_headers(struct tw_run_curl *curl,
	const struct tw_run_request *request)
{
	const char *at = request->headers.data, *end = at ? at + request->headers.len : NULL;
	struct curl_slist *list = NULL, *longer;

	for (; at < end; at += strlen(at) + 1) {
		longer = curl->append(list, at);
		if (!longer)
			break; /* out of memory: the server hears less */
		list = longer;
	}
	return list;
}

static void set_method(struct tw_run_curl *curl, CURL *easy, const struct tw_run_request *request)
{
	if (request->body) {
		(void)curl->setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
			(curl_off_t)request->body_len);
		(void)curl->setopt(easy, CURLOPT_POSTFIELDS, request->body);
	} else if (!strcmp(request->method, "POST")) {
		(void)curl->setopt(easy, CURLOPT_POSTFIELDSIZE, 0L);
		(void)curl->setopt(easy, CURLOPT_POSTFIELDS, "");
	}
	if (!strcmp(request->method, "HEAD"))
		(void)curl->setopt(easy, CURLOPT_NOBODY, 1L);
	else if (strcmp(request->method, request->body ? "POST" : "GET"))
		(void)curl->setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

/* None of these fails but for an old library, which then lacks what they ask for. */
static void set_options(struct fetch *fetch, const struct tw_run_request *request,
	struct curl_slist *headers)
{
	struct tw_run_curl *curl = fetch->curl;
	CURL *easy = fetch->easy;

	(void)curl->setopt(easy, CURLOPT_URL, request->url);
	(void)curl->setopt(easy, CURLOPT_PROTOCOLS_STR, HTTP_SCHEMES);
	(void)curl->setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, HTTP_SCHEMES);
	(void)curl->setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
	(void)curl->setopt(easy, CURLOPT_MAXREDIRS, REDIRECTS);
	(void)curl->setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	(void)curl->setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl->setopt(easy, CURLOPT_LOW_SPEED_TIME, SILENT_SECONDS);
	(void)curl->setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl->setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* no waiting for names */
	(void)curl->setopt(easy, CURLOPT_HTTPHEADER, headers);
	(void)curl->setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	(void)curl->setopt(easy, CURLOPT_HEADERDATA, fetch);
	(void)curl->setopt(easy, CURLOPT_WRITEFUNCTION, take_data);
	(void)curl->setopt(easy, CURLOPT_WRITEDATA, fetch);
	set_method(curl, easy, request);
}

static int errno_of(CURLcode result)
{
	switch ((int)result) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return EHOSTUNREACH;
	case CURLE_COULDNT_CONNECT:
		return ECONNREFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return ETIMEDOUT;
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
		return ECONNRESET;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_TOO_MANY_REDIRECTS:
		return EINVAL;
	default:
		return EIO;
	}
}

/* Until it is done, or nobody waits for it any more. */
static CURLcode perform(struct fetch *fetch, CURLM *multi)
{
	struct tw_run_curl *curl = fetch->curl;
	struct curl_waitfd stop = {.fd = fetch->answer->stop, .events = CURL_WAIT_POLLIN};
	CURLMsg *message;
	int running, left;

	do {
		if (curl->perform(multi, &running) != CURLM_OK)
			return CURLE_FAILED_INIT;
		message = curl->info(multi, &left);
		if (message && message->msg == CURLMSG_DONE)
			return message->data.result;
		(void)curl->poll(multi, &stop, 1, LOOK_AGAIN, NULL);
	} while (!stop.revents);
	fetch->code = -EPIPE;
	return CURLE_ABORTED_BY_CALLBACK;
}

static int finish(struct fetch *fetch, CURLcode result)
{
	if (fetch->code < 0)
		return fetch->code;
	if (result != CURLE_OK && !fetch->is_too_long)
		return tw_run_answer_fail(fetch->answer, errno_of(result),
			fetch->curl->strerror(result));
	if (!fetch->answer->is_begun && !fetch->is_too_long)
		begin_answer(fetch); /* there is no body */
	if (fetch->is_too_long)
		return tw_run_answer_fail(fetch->answer, EMSGSIZE, "the head is too long");
	return fetch->code < 0 ? fetch->code : tw_run_answer_end(fetch->answer);
}

int tw_run_curl_fetch(struct tw_run_curl *curl, const struct tw_run_request *request,
	struct tw_run_answer *answer)
{
	struct fetch fetch = {.curl = curl, .answer = answer, .easy = curl->easy_init()};
	struct curl_slist *headers = make_headers(curl, request);
	CURLM *multi = curl->multi_init();
	CURLcode result = CURLE_FAILED_INIT;
	int code;

	if (fetch.easy && multi) {
		set_options(&fetch, request, headers);
		if (curl->add(multi, fetch.easy) == CURLM_OK) {
			result = perform(&fetch, multi);
			(void)curl->remove(multi, fetch.easy);
		}
	}
	code = finish(&fetch, result);
	if (multi)
		(void)curl->multi_cleanup(multi);
	if (fetch.easy)
		curl->easy_cleanup(fetch.easy);
	curl->free_list(headers);
	return code;
}
