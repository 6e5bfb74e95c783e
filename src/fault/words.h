/* SPDX-License-Identifier: MIT */
/*
 * words.h - the text of a rule, word by word.
 *
 * Words are separated by blanks and commas; one in double quotes may hold them.
 * A '#' at the beginning of a word ends the line.
 */
#ifndef TW_FAULT_WORDS_H
#define TW_FAULT_WORDS_H

#include "rule.h"

struct tw_words {
	const char *text; /* what is left */
	const char *begin;
	char word[TWINFS_FAULT_RULE_MAX]; /* the word in hand; "" at the end */
	bool is_quoted;
	unsigned column; /* of it, from 1 */
	struct twinfs_error *err;
};

/* Takes the first word in hand. 0 or -EINVAL. */
int tw_words_begin(struct tw_words *words, const char *text, struct twinfs_error *err);

/* Goes on to the next word. 0 or -EINVAL. */
int tw_words_next(struct tw_words *words);

bool tw_words_at_end(const struct tw_words *words);

/* Whether the word in hand is @word, and not quoted. */
bool tw_words_is(const struct tw_words *words, const char *word);

/* Goes on behind @word if it is in hand: 1, 0 (it is not) or -EINVAL. */
int tw_words_take(struct tw_words *words, const char *word);

/* The word in hand must be @word. 0 or -EINVAL. */
int tw_words_need(struct tw_words *words, const char *word);

/* "column 5: 'word': @expected". Returns -EINVAL. */
int tw_words_fail(const struct tw_words *words, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Whether a number begins the word in hand. */
bool tw_words_is_number(const struct tw_words *words);

/* Numbers: decimal or 0x. The word must be nothing else. 0 or -EINVAL. */
int tw_words_number(struct tw_words *words, uint64_t max, uint64_t *ret_number);

/* N or A..B, A <= B. */
int tw_words_range(struct tw_words *words, uint64_t max, struct tw_range *ret_range);

/* As range, with a unit behind it, in the same word or the next: which of @units. */
struct tw_unit_name {
	const char *name;
	uint64_t scale;
	unsigned class;
};

/* @units ends with a NULL name. A number times its scale must not exceed @max. */
int tw_words_measure(struct tw_words *words, const struct tw_unit_name *units, uint64_t max,
	struct tw_range *ret_range, const struct tw_unit_name **ret_unit);

/* "A+LEN" or "A-B", B not included; sizes with K or M. LEN > 0. */
int tw_words_span(struct tw_words *words, uint64_t *ret_from, uint64_t *ret_len);

/* A word of at most @size - 1 bytes, copied. */
int tw_words_copy(struct tw_words *words, char *buf, size_t size);

/* 1%, 0.5%, 1/500. */
int tw_words_chance(struct tw_words *words, uint64_t *ret_of, uint64_t *ret_in);

#endif
