/* SPDX-License-Identifier: MIT */
/*
 * words.c - takes the text of a rule apart, and says at which column it stops
 * making sense.
 */
#include "words.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"

int tw_words_fail(const struct tw_words *words, const char *format, ...)
{
	char what[160];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (tw_words_at_end(words))
		return tw_fail(words->err, TWINFS_P_FAULT, -EINVAL, "column %u: the end: %s",
			words->column, what);
	return tw_fail(words->err, TWINFS_P_FAULT, -EINVAL, "column %u: '%.60s': %s", words->column,
		words->word, what);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == ',' || c == '\r';
}

static int take_quoted(struct tw_words *words)
{
	size_t len = 0;
	const char *p = words->text + 1;

	for (; *p && *p != '"'; p++) {
		if (*p == '\\' && (p[1] == '"' || p[1] == '\\'))
			p++;
		words->word[len++] = *p;
	}
	words->word[len] = '\0';
	words->is_quoted = true;
	if (*p != '"')
		return tw_words_fail(words, "the closing quote is missing");
	words->text = p + 1;
	if (*words->text && !is_blank(*words->text))
		return tw_words_fail(words, "a blank must follow the closing quote");
	return 0;
}

int tw_words_next(struct tw_words *words)
{
	size_t len = 0;

	while (is_blank(*words->text))
		words->text++;
	words->column = (unsigned)(words->text - words->begin) + 1;
	words->is_quoted = false;
	words->word[0] = '\0';
	if (*words->text == '#')
		words->text += strlen(words->text);
	if (*words->text == '"')
		return take_quoted(words);
	while (*words->text && !is_blank(*words->text))
		words->word[len++] = *words->text++;
	words->word[len] = '\0';
	return 0;
}

int tw_words_begin(struct tw_words *words, const char *text, struct twinfs_error *err)
{
	words->text = words->begin = text;
	words->err = err;
	words->word[0] = '\0';
	if (strlen(text) >= TWINFS_FAULT_RULE_MAX)
		return tw_fail(err, TWINFS_P_FAULT, -EINVAL, "a rule has at most %d bytes",
			TWINFS_FAULT_RULE_MAX - 1);
	for (const char *p = text; *p; p++)
		if (iscntrl((unsigned char)*p) && *p != '\t' && *p != '\r')
			return tw_fail(err, TWINFS_P_FAULT, -EINVAL,
				"column %u: control character 0x%02x", (unsigned)(p - text) + 1,
				(unsigned char)*p);
	return tw_words_next(words);
}

bool tw_words_at_end(const struct tw_words *words)
{
	return !words->word[0] && !words->is_quoted;
}

bool tw_words_is(const struct tw_words *words, const char *word)
{
	return !words->is_quoted && !strcmp(words->word, word);
}

int tw_words_take(struct tw_words *words, const char *word)
{
	if (!tw_words_is(words, word))
		return 0;
	return tw_words_next(words) ? -EINVAL : 1;
}

int tw_words_need(struct tw_words *words, const char *word)
{
	if (!tw_words_is(words, word))
		return tw_words_fail(words, "expected '%s'", word);
	return tw_words_next(words);
}

bool tw_words_is_number(const struct tw_words *words)
{
	return !words->is_quoted && isdigit((unsigned char)words->word[0]);
}

/* ---- numbers ---- */

/* Reads digits from *@p on, and moves it behind them. False: none, or above @max. */
static bool read_number(const char **p, uint64_t max, uint64_t *ret_number)
{
	unsigned base = 10;
	uint64_t number = 0;
	const char *begin;

	if ((*p)[0] == '0' && (*p)[1] == 'x') {
		base = 16;
		*p += 2;
	}
	for (begin = *p; isxdigit((unsigned char)**p); ++*p) {
		unsigned char c = (unsigned char)**p;
		unsigned digit = isdigit(c) ? (unsigned)c - '0' : (unsigned)tolower(c) - 'a' + 10;

		if (digit >= base)
			break;
		if (number > (max - digit) / base || digit > max)
			return false;
		number = number * base + digit;
	}
	*ret_number = number;
	return *p != begin;
}

int tw_words_number(struct tw_words *words, uint64_t max, uint64_t *ret_number)
{
	const char *p = words->word;
	uint64_t number;

	if (words->is_quoted || !read_number(&p, max, &number) || *p)
		return tw_words_fail(words, "expected a number up to %" PRIu64, max);
	*ret_number = number;
	return tw_words_next(words);
}

/* Reads N or A..B; *@p moves behind it. */
static bool read_range(const char **p, uint64_t max, struct tw_range *ret_range)
{
	if (!read_number(p, max, &ret_range->low))
		return false;
	ret_range->high = ret_range->low;
	if (strncmp(*p, "..", 2) != 0)
		return true;
	*p += 2;
	return read_number(p, max, &ret_range->high) && ret_range->low <= ret_range->high;
}

int tw_words_range(struct tw_words *words, uint64_t max, struct tw_range *ret_range)
{
	const char *p = words->word;
	struct tw_range range;

	if (words->is_quoted || !read_range(&p, max, &range) || *p)
		return tw_words_fail(words, "expected a number up to %" PRIu64 ", or A..B", max);
	*ret_range = range;
	return tw_words_next(words);
}

static const struct tw_unit_name *find_unit(const struct tw_unit_name *units, const char *name)
{
	for (; units->name; units++)
		if (!strcmp(units->name, name))
			return units;
	return NULL;
}

int tw_words_measure(struct tw_words *words, const struct tw_unit_name *units, uint64_t max,
	struct tw_range *ret_range, const struct tw_unit_name **ret_unit)
{
	const char *p = words->word;
	const struct tw_unit_name *unit;
	struct tw_range range;

	if (words->is_quoted || !read_range(&p, UINT64_MAX, &range))
		return tw_words_fail(words, "expected a number with its unit");
	if (!*p) {
		if (tw_words_next(words))
			return -EINVAL;
		p = words->word;
	}
	unit = words->is_quoted ? NULL : find_unit(units, p);
	if (!unit)
		return tw_words_fail(words, "expected a unit such as '%s' behind a number",
			units->name);
	if (range.high > max / unit->scale)
		return tw_words_fail(words, "the number is too large");
	*ret_range = (struct tw_range){range.low * unit->scale, range.high * unit->scale};
	*ret_unit = unit;
	return tw_words_next(words);
}

/* A size: with K (KiB) or M (MiB) behind it. */
static bool read_size(const char **p, uint64_t *ret_size)
{
	uint64_t scale = 1;

	if (!read_number(p, INT64_MAX, ret_size))
		return false;
	if (**p == 'K' || **p == 'M')
		scale = *(*p)++ == 'K' ? 1024 : 1024 * 1024;
	if (*ret_size > INT64_MAX / scale)
		return false;
	*ret_size *= scale;
	return true;
}

int tw_words_span(struct tw_words *words, uint64_t *ret_from, uint64_t *ret_len)
{
	const char *p = words->word;
	uint64_t from, other;
	char sign = '\0';
	bool ok = !words->is_quoted && read_size(&p, &from);

	if (ok)
		sign = *p++;
	ok = ok && (sign == '+' || sign == '-') && read_size(&p, &other) && !*p;
	if (!ok)
		return tw_words_fail(words, "expected ADDRESS+LENGTH or FROM-TO");
	if (sign == '-')
		other = other > from ? other - from : 0;
	if (!other || other > INT64_MAX - from)
		return tw_words_fail(words, "the range is empty or too long");
	*ret_from = from;
	*ret_len = other;
	return tw_words_next(words);
}

int tw_words_copy(struct tw_words *words, char *buf, size_t size)
{
	size_t len = strlen(words->word);

	if (!len)
		return tw_words_fail(words, "expected a name");
	if (len >= size)
		return tw_words_fail(words, "a name of at most %zu bytes", size - 1);
	memcpy(buf, words->word, len + 1);
	return tw_words_next(words);
}

static void shorten(uint64_t *of, uint64_t *in)
{
	for (uint64_t n = 2; n <= 10;) {
		if (*of % n || *in % n) {
			n++;
			continue;
		}
		*of /= n;
		*in /= n;
	}
}

int tw_words_chance(struct tw_words *words, uint64_t *ret_of, uint64_t *ret_in)
{
	const uint64_t most = 1000000000;
	const char *p = words->word;
	uint64_t of = 0, in = 1;
	bool ok = !words->is_quoted && read_number(&p, most, &of);

	if (ok && *p == '/') {
		p++;
		ok = read_number(&p, most, &in);
	} else if (ok) {
		if (*p == '.')
			for (p++; isdigit((unsigned char)*p) && in < 1000000 && of < most; p++) {
				of = of * 10 + (uint64_t)(*p - '0');
				in *= 10;
			}
		if (*p == '%') {
			in *= 100;
			p++;
		}
	}
	if (!ok || *p || !in || of > in)
		return tw_words_fail(words, "expected a chance: 1%%, 0.5%% or 1/500");
	shorten(&of, &in);
	*ret_of = of;
	*ret_in = in;
	return tw_words_next(words);
}
