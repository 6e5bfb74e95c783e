/* SPDX-License-Identifier: MIT */
/*
 * project.c - finds the name and version of a project in its main.py.
 *
 * Only what a glance can tell: plain assignments of string constants that are
 * not indented. To know where such a statement begins, the rest of Python's
 * text has to be walked over rightly: strings over several lines, brackets,
 * continued lines, comments.
 */
#include <twinfs/firmware.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"

#define FILE_MAX (UINT64_C(16) << 20)

struct scan {
	const char *at, *end;
	unsigned line;
	struct twinfs_error *err;
};

static int peek(const struct scan *scan, size_t ahead)
{
	return (size_t)(scan->end - scan->at) > ahead ? (unsigned char)scan->at[ahead] : EOF;
}

static void step(struct scan *scan)
{
	scan->line += *scan->at == '\n';
	scan->at++;
}

static bool take(struct scan *scan, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, text, len))
		return false;
	scan->at += len;
	return true;
}

static void skip_blanks(struct scan *scan)
{
	for (;;) {
		if (peek(scan, 0) == ' ' || peek(scan, 0) == '\t' || peek(scan, 0) == '\f' ||
			peek(scan, 0) == '\r')
			step(scan);
		else if (take(scan, "\\\n") || take(scan, "\\\r\n"))
			scan->line++;
		else
			return;
	}
}

/* ---- walking over what is of no interest ---- */

/* Over a string, whose quote is next; a single quote does not go beyond its line. */
static void skip_string(struct scan *scan)
{
	const char quote[] = {(char)peek(scan, 0), (char)peek(scan, 0), (char)peek(scan, 0), '\0'};
	bool is_long = take(scan, quote);

	if (!is_long)
		step(scan);
	while (scan->at < scan->end) {
		if (is_long ? take(scan, quote) : take(scan, quote + 2))
			return;
		if (!is_long && *scan->at == '\n')
			return;
		if (*scan->at == '\\' && scan->at + 1 < scan->end)
			step(scan);
		step(scan);
	}
}

static void skip_comment(struct scan *scan)
{
	while (scan->at < scan->end && *scan->at != '\n')
		step(scan);
}

/*
 * To the end of the statement: behind its newline, or behind a ';' if another
 * statement of the same level follows on the line, which is returned.
 */
static bool skip_statement(struct scan *scan)
{
	bool is_compound = false; /* after "if x:" what follows is not at the top level */
	int depth = 0;

	while (scan->at < scan->end) {
		int c = peek(scan, 0);

		if (c == '"' || c == '\'') {
			skip_string(scan);
			continue;
		}
		if (c == '#') {
			skip_comment(scan);
			continue;
		}
		step(scan);
		if (c == '\\') {
			(void)take(scan, "\r");
			if (scan->at < scan->end)
				step(scan); /* a newline that does not count */
		}
		depth += c == '(' || c == '[' || c == '{';
		depth -= (c == ')' || c == ']' || c == '}') && depth;
		is_compound |= c == ':' && !depth;
		if (c == '\n' && !depth)
			return false;
		if (c == ';' && !depth && !is_compound)
			return true;
	}
	return false;
}

/* ---- the constants ---- */

static int fail(const struct scan *scan, unsigned line, const char *name, const char *what)
{
	return tw_fail(scan->err, TWINFS_P_PROJECT, -EINVAL, "line %u: %s %s", line, name, what);
}

/* Appends @code, of at most 16 bits, as UTF-8; surrogates become no UTF-8, which is found later. */
static int add_code(struct tw_text *text, unsigned code)
{
	const unsigned char bytes[] = {
		(unsigned char)(code < 0x80    ? code
				: code < 0x800 ? 0xc0 | code >> 6
					       : 0xe0 | code >> 12),
		(unsigned char)(code < 0x800 ? 0x80 | (code & 0x3f) : 0x80 | (code >> 6 & 0x3f)),
		(unsigned char)(0x80 | (code & 0x3f)),
	};

	return tw_text_add(text, bytes, code < 0x80 ? 1 : code < 0x800 ? 2 : 3);
}

/* The escape behind a backslash. 0, -EINVAL (not understood here), -ENOMEM. */
static int take_escape(struct scan *scan, struct tw_text *text)
{
	unsigned digits = peek(scan, 0) == 'x' ? 2 : peek(scan, 0) == 'u' ? 4 : 0;
	unsigned code = 0;

	if (take(scan, "\n") || take(scan, "\r\n")) {
		scan->line++;
		return 0;
	}
	if (!digits && peek(scan, 0) != '\\' && peek(scan, 0) != '\'' && peek(scan, 0) != '"')
		return -EINVAL;
	if (!digits) {
		step(scan);
		return tw_text_add(text, scan->at - 1, 1);
	}
	for (step(scan); digits; digits--) {
		int c = peek(scan, 0);

		if (c == EOF || !isxdigit(c))
			return -EINVAL;
		code = code << 4 | (unsigned)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
		step(scan);
	}
	return add_code(text, code);
}

/* One string constant. 0, -ENOENT (none is next), -EINVAL, -ENOMEM. */
static int take_string(struct scan *scan, struct tw_text *text)
{
	bool is_raw = tolower(peek(scan, 0)) == 'r';
	bool has_prefix = is_raw || tolower(peek(scan, 0)) == 'u';
	int quote = peek(scan, has_prefix);
	const char mark[] = {(char)quote, (char)quote, (char)quote, '\0'};
	bool is_long;

	if (quote != '"' && quote != '\'')
		return -ENOENT;
	scan->at += has_prefix;
	is_long = take(scan, mark);
	if (!is_long)
		step(scan);
	while (scan->at < scan->end && (is_long || *scan->at != '\n')) {
		int rc;

		if (take(scan, is_long ? mark : mark + 2))
			return 0;
		if (*scan->at == '\\' && !is_raw) {
			step(scan);
			rc = take_escape(scan, text);
		} else {
			rc = tw_text_add(text, scan->at, 1);
			step(scan);
		}
		if (rc)
			return rc;
	}
	return -EINVAL;
}

/* Constants one behind the other are one; then the statement has to end. */
static int take_constant(struct scan *scan, struct tw_text *text)
{
	int rc = take_string(scan, text), c;

	if (rc)
		return rc == -ENOENT ? -EINVAL : rc;
	do {
		skip_blanks(scan);
		rc = take_string(scan, text);
	} while (!rc);
	if (rc != -ENOENT)
		return rc;
	c = peek(scan, 0);
	return c == EOF || c == '\n' || c == ';' || c == '#' ? 0 : -EINVAL;
}

/* Why the text cannot be part of a file name, or NULL. */
static const char *judge(const struct tw_text *text, size_t room)
{
	if (!text->len)
		return "is empty";
	if (text->len >= room)
		return "has more than 127 bytes";
	for (size_t i = 0; i < text->len; i++) {
		const unsigned char *at = (const unsigned char *)text->data + i;

		if (*at == '/' || *at == '\\')
			return "holds a slash or backslash, but is to be part of a file name";
		if (iscntrl(*at) || (at[0] == 0xc2 && at[1] < 0xa0))
			return "holds a control character, but is to be part of a file name";
	}
	if (!tw_text_is_utf8(text->data))
		return "is not UTF-8";
	return NULL;
}

/* ---- statements ---- */

struct wanted {
	const char *name;
	char *value;
	size_t room;
};

/* Whether the annotation behind ':' leads to a value; then the '=' is next. */
static bool skip_annotation(struct scan *scan)
{
	while (scan->at < scan->end && !strchr("=\n#;", *scan->at)) {
		if (*scan->at == '"' || *scan->at == '\'')
			skip_string(scan);
		else
			step(scan);
	}
	return peek(scan, 0) == '=';
}

/* Behind the name: takes the value if it is assigned one. */
static int take_value(struct scan *scan, const struct wanted *wanted)
{
	_cleanup_(tw_text_release) struct tw_text text = {0};
	const unsigned line = scan->line;
	const char *why;
	int rc;

	skip_blanks(scan);
	if (take(scan, ":") && !skip_annotation(scan))
		return 0;
	if (peek(scan, 0) != '=' && peek(scan, 0) != ',' && peek(scan, 1) != '=')
		return 0; /* it is only used */
	if (peek(scan, 0) == '=' && peek(scan, 1) == '=')
		return 0;
	rc = -EINVAL;
	if (take(scan, "=")) {
		skip_blanks(scan);
		rc = take_constant(scan, &text);
	}
	if (rc == -ENOMEM)
		return tw_fail(scan->err, TWINFS_P_PROJECT, rc, "out of memory");
	if (rc)
		return fail(scan, line, wanted->name, "is not assigned a plain string constant");
	why = judge(&text, wanted->room);
	if (why)
		return fail(scan, line, wanted->name, why);
	memcpy(wanted->value, text.data, text.len + 1);
	return 0;
}

static bool is_name(int c)
{
	return c != EOF && (isalnum(c) || c == '_' || c >= 0x80);
}

/* One statement at the top level; returns whether another one follows on its line. */
static int take_statement(struct scan *scan, const struct wanted *wanted, size_t count,
	bool *ret_more)
{
	int rc = 0;

	for (size_t i = 0; i < count; i++) {
		const char *start = scan->at;

		if (!take(scan, wanted[i].name))
			continue;
		if (is_name(peek(scan, 0))) {
			scan->at = start;
			continue;
		}
		rc = take_value(scan, &wanted[i]);
		break;
	}
	*ret_more = skip_statement(scan);
	return rc;
}

int twinfs_project_parse(const char *text, size_t len, struct twinfs_project *ret_project,
	struct twinfs_error *err)
{
	struct twinfs_project project = {0};
	const struct wanted wanted[] = {
		{"PROJECT_NAME", project.name, sizeof(project.name)},
		{"PROJECT_VERSION", project.version, sizeof(project.version)},
	};
	const size_t count = sizeof(wanted) / sizeof(*wanted);
	struct scan scan = {.at = text, .end = text + len, .line = 1, .err = err};

	(void)take(&scan, "\xef\xbb\xbf"); /* editors on Windows put it there */
	while (scan.at < scan.end) {
		bool is_top = !isspace((unsigned char)*scan.at) && *scan.at != '#', more = true;
		int rc = 0;

		while (!rc && more) {
			if (is_top)
				rc = take_statement(&scan, wanted, count, &more);
			else
				more = skip_statement(&scan);
			if (more)
				skip_blanks(&scan);
		}
		if (rc)
			return rc;
	}
	for (size_t i = 0; i < count; i++)
		if (!*wanted[i].value)
			return tw_fail(err, TWINFS_P_PROJECT, -ENOENT,
				"%s is not assigned at the top level: a line like %s = '%s' is "
				"needed",
				wanted[i].name, wanted[i].name, i ? "1.0.0" : "QUEC_TEST");
	*ret_project = project;
	return 0;
}

int twinfs_project_load(const char *path, struct twinfs_project *ret_project,
	struct twinfs_error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int rc = tw_file_read(path, FILE_MAX, &text, &len);

	if (rc)
		(void)tw_fail(err, TWINFS_P_PROJECT, rc, "cannot be read: %s", twinfs_strerror(rc));
	else
		rc = twinfs_project_parse(text, len, ret_project, err);
	return rc ? tw_fail_file(err, path, rc) : 0;
}
