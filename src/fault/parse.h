/* SPDX-License-Identifier: MIT */
/*
 * parse.h - a rule on its way from text: what the files of the parser share.
 */
#ifndef TW_FAULT_PARSE_H
#define TW_FAULT_PARSE_H

#include "words.h"

struct tw_parser {
	struct tw_words words;
	struct tw_rule *rule;
	unsigned counts; /* the operations that clauses have said to count; 0: none yet */
};

/* Notes that the rule has @clause; fails when it has it already, or must not. 0 or -EINVAL. */
int tw_parse_set(struct tw_parser *parser, unsigned clause);

/* The operations that @word stands for, singular or plural; 0: none. */
unsigned tw_parse_noun(const struct tw_words *words);

/* The index of the word in hand in @names, or -1. */
int tw_parse_find(const struct tw_words *words, const char *const *names, int count);

/* The clause that begins with the word in hand, when it says where, or when. 0 or -EINVAL. */
int tw_parse_in(struct tw_parser *parser);
int tw_parse_on(struct tw_parser *parser);
int tw_parse_at(struct tw_parser *parser);
int tw_parse_after(struct tw_parser *parser);
int tw_parse_before(struct tw_parser *parser);
int tw_parse_every(struct tw_parser *parser);

/* "torn 17 mixed" and the like; nothing of it is fine too. 0 or -EINVAL. */
int tw_parse_outcome(struct tw_parser *parser);

/* Fills in what the rule does not say, and refuses what does not go together. 0 or -EINVAL. */
int tw_rule_settle(struct tw_parser *parser);

#endif
