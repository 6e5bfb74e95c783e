/* SPDX-License-Identifier: MIT */
/*
 * words.c - takes command lines apart, and puts them together.
 */
#include "words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Characters that no shell gives a meaning to. */
#define PLAIN                                                                                      \
	"abcdefghijklmnopqrstuvwxyz"                                                               \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_"

/* Copies the word at @at, without its quotes, to @to; returns what follows, NULL: no closing
 * quote. */
static const char *copy_word(const char *at, char *to)
{
	char quote = '\0';

	for (; *at && (quote || !strchr(" \t\n", *at)); at++) {
		if (*at == quote) {
			quote = '\0';
		} else if (!quote && (*at == '\'' || *at == '"')) {
			quote = *at;
		} else if (*at == '\\' && quote != '\'' && at[1]) {
			*to++ = *++at;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
	return quote ? NULL : at;
}

int tw_tool_words(const char *line, char ***ret_words)
{
	/* No more words than half of the characters, and no longer than all of them. */
	size_t count = 0, len = strlen(line);
	char **words = calloc(len / 2 + 2, sizeof(*words));
	char *word = malloc(len + 1);
	int code = words && word ? 0 : -ENOMEM;

	while (!code && line[strspn(line, " \t\n")]) {
		line = copy_word(line + strspn(line, " \t\n"), word);
		if (!line)
			code = -EINVAL;
		else if (!(words[count++] = strdup(word)))
			code = -ENOMEM;
		if (code)
			break;
	}
	free(word);
	if (code < 0) {
		tw_tool_words_free(words);
		return code;
	}
	*ret_words = words;
	return (int)count;
}

void tw_tool_words_free(char **words)
{
	for (char **word = words; word && *word; word++)
		free(*word);
	free(words);
}

int tw_tool_add_word(struct tw_tool_text *line, const char *word)
{
	int code = line->len ? tw_tool_text_add(line, " ", 1) : 0;

	if (*word && !word[strspn(word, PLAIN)])
		return code < 0 ? code : tw_tool_text_add(line, word, strlen(word));
	if (code >= 0)
		code = tw_tool_text_add(line, "'", 1);
	for (; *word && code >= 0; word++)
		code = *word == '\'' ? tw_tool_text_add(line, "'\\''", 4)
				     : tw_tool_text_add(line, word, 1);
	return code < 0 ? code : tw_tool_text_add(line, "'", 1);
}
