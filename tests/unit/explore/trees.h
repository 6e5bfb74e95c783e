/* SPDX-License-Identifier: MIT */
/*
 * trees.h - trees and stories in a few words, for tests.
 *
 * A tree is a text of things with blanks between them: "/usr/d/" is a directory,
 * "/usr/a=two" a file that holds "two", "/usr/a@5=x" its attribute 5, "#3=key"
 * slot 3, and "/usr/a!" something that cannot be read.
 */
#ifndef TEST_EXPLORE_TREES_H
#define TEST_EXPLORE_TREES_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore/expect.h"

static inline struct tw_version version_of(enum tw_thing_kind kind, const char *text, size_t len)
{
	if (kind == TW_THING_DIRECTORY || kind == TW_THING_BROKEN || kind == TW_THING_ABSENT)
		return (struct tw_version){.kind = kind};
	return (struct tw_version){kind, len, twinfs_digest(text, len)};
}

static inline void add_word(struct tw_shown *tree, const char *word, size_t len)
{
	const char *equals = memchr(word, '=', len), *at = memchr(word, '@', len);
	size_t name_len = equals ? (size_t)(equals - word) : len - 1;
	enum tw_thing_kind kind = TW_THING_FILE;
	struct tw_version version;
	char path[64];
	int attr = TW_NOT_ATTR;

	if (*word == '#') {
		kind = TW_THING_SLOT;
		(void)snprintf(path, sizeof(path), "slot %.*s", (int)name_len - 1, word + 1);
	} else {
		if (at && at < word + name_len) {
			kind = TW_THING_ATTR;
			attr = atoi(at + 1);
			name_len = (size_t)(at - word);
		}
		(void)snprintf(path, sizeof(path), "%.*s", (int)name_len, word);
	}
	if (!equals)
		kind = word[len - 1] == '/' ? TW_THING_DIRECTORY : TW_THING_BROKEN;
	version = version_of(kind, equals ? equals + 1 : "",
		equals ? (size_t)(word + len - equals - 1) : 0);
	ck_assert_int_eq(tw_shown_add(tree, path, attr, &version), 0);
}

static inline void set_tree(struct tw_shown *tree, const char *text)
{
	tw_shown_clear(tree);
	while (*text) {
		size_t len = strcspn(text, " ");

		if (len)
			add_word(tree, text, len);
		text += len + (text[len] == ' ');
	}
}

static inline struct tw_story *new_story(void)
{
	const struct twinfs_flash_geometry geometry = {1, 1, 4096};
	struct tw_story *story = tw_story_new("run.trace", 65536, &geometry);

	ck_assert_ptr_nonnull(story);
	return story;
}

/* So many operations; they are numbered from 1,001. */
static inline void operate(struct tw_story *story, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct tw_story_op op = {.kind = TW_STORY_PROGRAM,
			.len = 1,
			.addr = 0,
			.seq = 1001 + story->op_count};

		ck_assert_int_eq(tw_story_add_op(story, &op, (const uint8_t *)"", 1, NULL), 0);
	}
}

static inline uint32_t begin(struct tw_story *story, enum tw_story_change_kind kind,
	const char *path, const char *other)
{
	bool is_store = kind == TW_STORY_STORE, is_attr = kind == TW_STORY_ATTR;
	struct tw_story_change change = {.kind = kind, .path = is_store ? "" : path};
	uint32_t index;

	if (kind == TW_STORY_RENAME)
		change.new_path = other;
	else if (kind == TW_STORY_CONTENT || is_store || is_attr)
		change.digest = twinfs_digest(other, change.size = strlen(other));
	if (is_store)
		change.slot = (uint8_t)atoi(path);
	if (is_attr || kind == TW_STORY_NO_ATTR)
		change.attr = 5;
	ck_assert_int_eq(tw_story_began(story, &change, &index), 0);
	return index;
}

/* A change of so many operations, that ends well. */
static inline void change(struct tw_story *story, unsigned ops, enum tw_story_change_kind kind,
	const char *path, const char *other)
{
	uint32_t index = begin(story, kind, path, other);

	operate(story, ops);
	ck_assert_int_eq(tw_story_ended(story, index, 0), 0);
}

#endif
