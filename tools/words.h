/* SPDX-License-Identifier: MIT */
/*
 * words.h - command lines: taken apart into words without a shell, and printed
 * so that a shell reads the same words again.
 */
#ifndef TW_TOOL_WORDS_H
#define TW_TOOL_WORDS_H

#include <stddef.h>
#include "text.h"

/*
 * Splits @line at blanks; '...' and "..." hold blanks together, a backslash
 * outside of '...' takes the next character as it is. Nothing else is special.
 *
 * @ret_words  the words, with NULL behind them; release with tw_tool_words_free()
 *
 * Returns how many, -EINVAL (a quote is not closed), or -ENOMEM.
 */
int tw_tool_words(const char *line, char ***ret_words);
void tw_tool_words_free(char **words);

/* Appends @word as a shell reads it, behind a blank if there is text already. 0 or -ENOMEM. */
int tw_tool_add_word(struct tw_tool_text *line, const char *word);

#endif
