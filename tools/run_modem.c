/* SPDX-License-Identifier: MIT */
/*
 * run_modem.c - the way of the application to the net: two pipes, of which the
 * other ends are here, outside of the sandbox.
 *
 * A thread of its own serves them, so that the application waits for the net and
 * for nothing else, and can be killed while it does. What it does not read is
 * not fetched: memory is bounded by the pipe.
 */
#include "run_modem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "run.h"
#include "tool.h"

/* A longer request is none, in bytes: a body in base64 is the longest part. */
#define REQUEST_MAX (64u << 20)

struct tw_run_modem {
	pthread_t thread;
	bool is_served, has_network;
	const char *updates;   /* directory of what app_fota may fetch, or NULL */
	int requests, answers; /* our ends */
	int stop;              /* eventfd: the application is dead */
	struct tw_tool_text line;
	struct tw_run_curl *curl; /* NULL until it is needed */
};

/*
 * Waits until the pipe can be used. -ECANCELED: the application is dead. The end
 * of the pipe would not always tell: what it has forked may hold the other one.
 */
static int await_pipe(int fd, short events, int stop)
{
	struct pollfd fds[] = {
		{.fd = fd, .events = events},
		{.fd = stop, .events = POLLIN},
	};

	while (poll(fds, sizeof(fds) / sizeof(*fds), -1) < 0)
		if (errno != EINTR)
			return -errno;
	return fds[1].revents ? -ECANCELED : 0;
}

/* ---- answers ---- */

int tw_run_answer_write(struct tw_run_answer *answer, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t put = write(answer->fd, at, len);
		int code = 0;

		if (put < 0 && errno == EAGAIN)
			code = await_pipe(answer->fd, POLLOUT, answer->stop);
		else if (put < 0 && errno != EINTR)
			code = -errno;
		if (code < 0)
			return code;
		if (put > 0) {
			at += put;
			len -= (size_t)put;
		}
	}
	return 0;
}

int tw_run_answer_data(struct tw_run_answer *answer, const void *data, size_t len)
{
	char head[32];
	int code;

	if (!len)
		return 0;
	(void)snprintf(head, sizeof(head), "%zu\n", len);
	code = tw_run_answer_write(answer, head, strlen(head));
	return code < 0 ? code : tw_run_answer_write(answer, data, len);
}

int tw_run_answer_end(struct tw_run_answer *answer)
{
	return tw_run_answer_write(answer, "0\n", 2);
}

/* ---- files of this computer, for updates ---- */

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* "/a%20b" is "/a b"; in place. */
static void decode(char *path)
{
	char *to = path;

	for (const char *from = path; *from; from++) {
		int high = *from == '%' ? hex_digit(from[1]) : -1;
		int low = high >= 0 ? hex_digit(from[2]) : -1;

		if (low >= 0 && (high || low)) {
			*to++ = (char)(16 * high + low);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

/* The path in file:///path or file://localhost/path; NULL: it is another URL. */
static const char *path_of(const char *url)
{
	if (strncasecmp(url, "file://", 7))
		return NULL;
	url += 7;
	if (!strncasecmp(url, "localhost/", 10))
		url += 9;
	return *url == '/' ? url : NULL;
}

/* "bytes=100-" asks for the rest. */
static bool parse_range(const char *range, uint64_t *ret_first)
{
	char *end;

	if (!range || strncasecmp(range, "bytes=", 6) || range[6] < '0' || range[6] > '9')
		return false;
	*ret_first = strtoull(range + 6, &end, 10);
	return !strcmp(end, "-");
}

static int copy_file(int fd, struct tw_run_answer *answer)
{
	char piece[8192];
	ssize_t got;
	int code = 0;

	while (code == 0 && (got = read(fd, piece, sizeof(piece))) != 0) {
		if (got < 0)
			return tw_run_answer_fail(answer, errno, "the file cannot be read");
		code = tw_run_answer_data(answer, piece, (size_t)got);
	}
	return code < 0 ? code : tw_run_answer_end(answer);
}

/* As an HTTP server would give it. */
static int answer_empty(struct tw_run_answer *answer, long status, const char *reason)
{
	int code = tw_run_answer_begin(answer, status, reason);

	return code < 0 ? code : tw_run_answer_end(answer);
}

/* What is behind "@dir/" in @path; NULL: it is not below. */
static const char *below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len && dir[len - 1] == '/')
		len--;
	if (strncmp(path, dir, len) || path[len] != '/')
		return NULL;
	return path + len + strspn(path + len, "/");
}

/* The kernel sees to it that no "..", no link leads out of @updates. A descriptor or -errno. */
static int open_update(const char *updates, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_free_ char *real = realpath(updates, NULL);
	_cleanup_close_ int dir = real ? open(real, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	const char *rest;
	long fd;

	if (dir < 0)
		return -errno;
	rest = below(path, updates);
	if (!rest)
		rest = below(path, real);
	if (!rest)
		return -EACCES;
	fd = syscall(SYS_openat2, dir, rest, &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

static int fetch_file(const struct tw_run_modem *modem, const char *path,
	const struct tw_run_request *request, struct tw_run_answer *answer)
{
	_cleanup_free_ char *name = strdup(path);
	_cleanup_close_ int fd = -1;
	struct stat attr;
	uint64_t first = 0;
	bool has_range = parse_range(tw_run_request_header(request, "Range"), &first);
	char text[32];
	int code;

	if (!modem->updates)
		return tw_run_answer_fail(answer, EACCES,
			"no files of this computer: twinfs run --updates DIR");
	if (!name)
		return tw_run_answer_fail(answer, ENOMEM, "out of memory");
	decode(name);
	fd = open_update(modem->updates, name);
	if (fd < 0 || fstat(fd, &attr) < 0 || !S_ISREG(attr.st_mode))
		return answer_empty(answer, 404, "Not Found");
	if (has_range && first >= (uint64_t)attr.st_size)
		return answer_empty(answer, 416, "Range Not Satisfiable");
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)attr.st_size - first);
	code = tw_run_answer_header(answer, "Content-Length", text);
	if (code == 0)
		code = tw_run_answer_begin(answer, has_range ? 206 : 200,
			has_range ? "Partial Content" : "OK");
	if (code < 0)
		return code;
	if (lseek(fd, (off_t)first, SEEK_SET) < 0)
		return tw_run_answer_fail(answer, errno, "the file cannot be read");
	return copy_file(fd, answer);
}

/* ---- requests ---- */

static bool is_http(const char *url)
{
	return !strncasecmp(url, "http://", 7) || !strncasecmp(url, "https://", 8);
}

static int fetch(struct tw_run_modem *modem, const struct tw_run_request *request,
	struct tw_run_answer *answer)
{
	const char *path = path_of(request->url);

	if (path && request->is_fota)
		return fetch_file(modem, path, request, answer);
	if (!is_http(request->url))
		return tw_run_answer_fail(answer, EINVAL, "not a URL that can be fetched");
	if (!modem->has_network)
		return tw_run_answer_fail(answer, ENETUNREACH, "no network: twinfs run --network");
	if (!modem->curl)
		modem->curl = tw_run_curl_new();
	if (!modem->curl)
		return tw_run_answer_fail(answer, ENETUNREACH, "libcurl is not installed");
	return tw_run_curl_fetch(modem->curl, request, answer);
}

/* 0, or a negative errno: nobody reads the answers. */
static int serve(struct tw_run_modem *modem, const char *line)
{
	struct tw_run_answer answer = {.fd = modem->answers, .stop = modem->stop};
	struct tw_run_request request;
	int code = tw_run_request_parse(line, &request);

	if (code < 0)
		code = tw_run_answer_fail(&answer, -code, "this is no request");
	else
		code = fetch(modem, &request, &answer);
	tw_run_request_release(&request);
	tw_run_answer_release(&answer);
	return code;
}

/* Serves the lines that are whole, and keeps the rest. */
static int serve_lines(struct tw_run_modem *modem)
{
	struct tw_tool_text *line = &modem->line;
	char *end;
	int code = 0;

	while (code == 0 && line->data && (end = memchr(line->data, '\n', line->len))) {
		size_t used = (size_t)(end - line->data) + 1;

		*end = '\0';
		code = serve(modem, line->data);
		line->len -= used;
		memmove(line->data, line->data + used, line->len + 1);
	}
	return code;
}

static void *serve_all(void *data)
{
	struct tw_run_modem *modem = data;
	char piece[4096];
	bool is_heard = true;
	ssize_t got;

	/* to the end in any case, so that nobody waits in writing a request */
	while (await_pipe(modem->requests, POLLIN, modem->stop) == 0 &&
		(got = read(modem->requests, piece, sizeof(piece))) != 0) {
		if (got < 0 && errno != EINTR)
			break;
		if (got < 0 || !is_heard)
			continue;
		is_heard = modem->line.len < REQUEST_MAX &&
			   tw_tool_text_add(&modem->line, piece, (size_t)got) == 0 &&
			   serve_lines(modem) == 0;
		if (!is_heard) {
			(void)close(modem->answers); /* who waits for one learns of it */
			modem->answers = -1;
		}
	}
	return NULL;
}

/* ---- */

static void close_one(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

static void free_modem(struct tw_run_modem *modem)
{
	close_one(modem->requests);
	close_one(modem->answers);
	close_one(modem->stop);
	tw_run_curl_free(modem->curl);
	tw_tool_text_release(&modem->line);
	free(modem);
}

int tw_run_modem_new(const struct tw_run *run, struct tw_run_modem **ret_modem, int ret_fds[2])
{
	struct tw_run_modem *modem = calloc(1, sizeof(*modem));
	int requests[2] = {-1, -1}, answers[2] = {-1, -1}, code = 0;

	if (!modem)
		return tw_tool_no_memory(TW_RUN_VERB);
	if (pipe2(requests, O_CLOEXEC) < 0 || pipe2(answers, O_CLOEXEC) < 0 ||
		fcntl(answers[1], F_SETFL, O_NONBLOCK) < 0) /* our end alone */
		code = -errno;
	modem->has_network = run->has_network;
	modem->updates = run->updates;
	modem->requests = requests[0];
	modem->answers = answers[1];
	modem->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (code == 0 && modem->stop < 0)
		code = -errno;
	if (code < 0) {
		close_one(requests[1]);
		close_one(answers[0]);
		free_modem(modem);
		return tw_tool_error(TW_RUN_VERB, NULL, "%s", tw_tool_host_reason(code));
	}
	ret_fds[0] = answers[0];
	ret_fds[1] = requests[1];
	*ret_modem = modem;
	return 0;
}

int tw_run_modem_serve(struct tw_run_modem *modem)
{
	int code = -pthread_create(&modem->thread, NULL, serve_all, modem);

	if (code < 0)
		return tw_tool_error(TW_RUN_VERB, NULL, "%s", tw_tool_host_reason(code));
	modem->is_served = true;
	return 0;
}

void tw_run_modem_free(struct tw_run_modem *modem)
{
	uint64_t one = 1;

	if (!modem)
		return;
	if (modem->is_served) {
		(void)!write(modem->stop, &one, sizeof(one)); /* a first write never fails */
		(void)pthread_join(modem->thread, NULL);
	}
	free_modem(modem);
}
