/* SPDX-License-Identifier: MIT */
/*
 * crash.c - crash states as words, and their order.
 *
 *	crash   cut [ '/' cut ]
 *	cut     'end' | N [ ':' way ]
 *	way     DONE [ '+' UNIT '.' CHANCE ] | '~' UNIT '.' CHANCE | '*' CHANCE
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/explore.h>

const char *twinfs_cut_name(enum twinfs_cut_kind kind)
{
	switch (kind) {
	case TWINFS_CUT_NONE:
		return "none";
	case TWINFS_CUT_BEFORE:
		return "before";
	case TWINFS_CUT_TORN:
		return "torn";
	case TWINFS_CUT_SHUFFLED:
		return "shuffled";
	case TWINFS_CUT_NOISE:
		return "noise";
	case TWINFS_CUT_END:
		return "end";
	case TWINFS_CUT_COUNT:
		break;
	}
	return "unknown";
}

const char *twinfs_finding_name(enum twinfs_finding_kind kind)
{
	static const char *const names[TWINFS_FINDING_COUNT] = {
		[TWINFS_FINDING_BOOT] = "boot",
		[TWINFS_FINDING_FORMATTED] = "formatted",
		[TWINFS_FINDING_BACKUP] = "backup",
		[TWINFS_FINDING_CHECK] = "check",
		[TWINFS_FINDING_LOST] = "lost",
		[TWINFS_FINDING_VERSION] = "version",
		[TWINFS_FINDING_BACK] = "back",
		[TWINFS_FINDING_RENAME] = "rename",
		[TWINFS_FINDING_REVERTED] = "reverted",
		[TWINFS_FINDING_EXTRA] = "extra",
		[TWINFS_FINDING_SLOT] = "slot",
		[TWINFS_FINDING_PROTECTED] = "protected",
		[TWINFS_FINDING_HOLE] = "hole",
		[TWINFS_FINDING_SECOND] = "second_boot",
		[TWINFS_FINDING_GOING_ON] = "going_on",
		[TWINFS_FINDING_USER] = "user",
		[TWINFS_FINDING_INSPECT] = "inspect",
	};

	return kind < TWINFS_FINDING_COUNT ? names[kind] : "unknown";
}

/* ---- to text ---- */

static int put_cut(const struct twinfs_cut *cut, char *to, size_t size)
{
	switch (cut->kind) {
	case TWINFS_CUT_NONE:
	case TWINFS_CUT_COUNT:
		break;
	case TWINFS_CUT_END:
		return snprintf(to, size, "end");
	case TWINFS_CUT_BEFORE:
		return snprintf(to, size, "%" PRIu64, cut->op);
	case TWINFS_CUT_TORN:
		if (cut->unit)
			return snprintf(to, size, "%" PRIu64 ":%" PRIu32 "+%" PRIu32 ".%" PRIu32,
				cut->op, cut->done, cut->unit, cut->chance);
		return snprintf(to, size, "%" PRIu64 ":%" PRIu32, cut->op, cut->done);
	case TWINFS_CUT_SHUFFLED:
		return snprintf(to, size, "%" PRIu64 ":~%" PRIu32 ".%" PRIu32, cut->op, cut->unit,
			cut->chance);
	case TWINFS_CUT_NOISE:
		return snprintf(to, size, "%" PRIu64 ":*%" PRIu32, cut->op, cut->chance);
	}
	return snprintf(to, size, "none");
}

void twinfs_crash_text(const struct twinfs_crash *crash, char text[TWINFS_CRASH_TEXT])
{
	int used = put_cut(&crash->cut, text, TWINFS_CRASH_TEXT);

	if (crash->again.kind == TWINFS_CUT_NONE)
		return;
	text[used++] = '/';
	(void)put_cut(&crash->again, text + used, TWINFS_CRASH_TEXT - (size_t)used);
}

/* ---- from text ---- */

/* Takes a number of at most @most; false: there is none. */
static bool take_number(const char **text, uint64_t most, uint64_t *ret_number)
{
	char *end;
	unsigned long long number;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	number = strtoull(*text, &end, 10);
	if (errno || number > most)
		return false;
	*text = end;
	*ret_number = number;
	return true;
}

static bool take_word(const char **text, uint32_t *ret_number)
{
	uint64_t number;

	if (!take_number(text, UINT32_MAX, &number))
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

static bool take_char(const char **text, char wanted)
{
	if (**text != wanted)
		return false;
	++*text;
	return true;
}

static bool take_unit(const char **text, struct twinfs_cut *cut)
{
	return take_word(text, &cut->unit) && take_char(text, '.') && take_word(text, &cut->chance);
}

static bool take_way(const char **text, struct twinfs_cut *cut)
{
	if (take_char(text, '*')) {
		cut->kind = TWINFS_CUT_NOISE;
		return take_word(text, &cut->chance);
	}
	if (take_char(text, '~')) {
		cut->kind = TWINFS_CUT_SHUFFLED;
		return take_unit(text, cut);
	}
	cut->kind = TWINFS_CUT_TORN;
	return take_word(text, &cut->done) && (!take_char(text, '+') || take_unit(text, cut));
}

static bool take_cut(const char **text, struct twinfs_cut *cut)
{
	if (!strncmp(*text, "end", 3)) {
		*text += 3;
		cut->kind = TWINFS_CUT_END;
		return true;
	}
	cut->kind = TWINFS_CUT_BEFORE;
	return take_number(text, UINT64_MAX, &cut->op) &&
	       (!take_char(text, ':') || take_way(text, cut));
}

int twinfs_crash_parse(const char *text, struct twinfs_crash *ret_crash)
{
	struct twinfs_crash crash = {0};

	if (!take_cut(&text, &crash.cut) ||
		(take_char(&text, '/') && !take_cut(&text, &crash.again)) || *text)
		return -EINVAL;
	*ret_crash = crash;
	return 0;
}

/* ---- order ---- */

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_cuts(const struct twinfs_cut *a, const struct twinfs_cut *b)
{
	bool a_is_end = a->kind == TWINFS_CUT_END, b_is_end = b->kind == TWINFS_CUT_END;
	int order = ORDER(a_is_end, b_is_end);

	if (order || a_is_end)
		return order;
	order = ORDER(a->op, b->op);
	order = order ? order : ORDER(a->kind, b->kind);
	order = order ? order : ORDER(a->done, b->done);
	order = order ? order : ORDER(a->unit, b->unit);
	return order ? order : ORDER(a->chance, b->chance);
}

int twinfs_crash_compare(const struct twinfs_crash *a, const struct twinfs_crash *b)
{
	bool a_has = a->again.kind != TWINFS_CUT_NONE, b_has = b->again.kind != TWINFS_CUT_NONE;
	int order = ORDER(a_has, b_has);

	order = order ? order : compare_cuts(&a->cut, &b->cut);
	return order || !a_has ? order : compare_cuts(&a->again, &b->again);
}
