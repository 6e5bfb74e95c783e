/* SPDX-License-Identifier: MIT */
/*
 * check.c - tries the user's rules on a module.
 */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "check_state.h"

struct trying {
	const struct tw_rules_subject *subject;
	struct tw_text why;     /* a rule does not hold */
	struct tw_text content; /* of the file that is looked at */
	struct tw_text other;
};

/* Results here: 1 the rule holds, 0 it does not and @why says so, or -ENOMEM. */
static int try_rule(struct trying *trying, const struct tw_rule *rule);

/* Finds an object: 0, or the errno of looking it up. */
static int find(const struct trying *trying, const struct tw_word *path,
	struct twinfs_volume **ret_volume, struct twinfs_stat *ret_stat)
{
	bool is_user = strncmp(path->text, "/usr", 4) == 0;
	uint64_t ino;
	int rc;

	*ret_volume = is_user ? trying->subject->user : trying->subject->backup;
	if (!*ret_volume)
		return -ENOENT;
	rc = twinfs_volume_walk(*ret_volume, path->text + 4, &ino);
	return rc ?: twinfs_volume_stat(*ret_volume, ino, ret_stat);
}

static int add_piece(void *ctx, const void *data, size_t len)
{
	return tw_text_add(ctx, data, len);
}

/* 1 and the content of a file; 0 with the reason why there is none; -ENOMEM. */
static int read_file(struct trying *trying, const struct tw_word *path, struct tw_text *content)
{
	const struct twinfs_scan scan = {add_piece, content};
	struct twinfs_volume *volume;
	struct twinfs_stat stat;
	int rc = find(trying, path, &volume, &stat);

	content->len = 0;
	if (!rc && stat.type == TWINFS_DIR)
		return tw_text_addf(&trying->why, "%s is a directory", path->text);
	rc = rc ?: tw_text_add(content, "", 0);
	rc = rc ?: twinfs_volume_scan(volume, stat.ino, &scan);
	if (rc == -ENOENT || rc == -ENOTDIR)
		return tw_text_addf(&trying->why, "%s is missing", path->text);
	if (rc == -ENOMEM)
		return rc;
	if (rc)
		return tw_text_addf(&trying->why, "%s cannot be read: %s", path->text,
			twinfs_strerror(rc));
	return 1;
}

/* Whether there is an object of the path, whatever it is; a damaged way to it counts as none. */
static bool is_there(const struct trying *trying, const struct tw_word *path,
	struct twinfs_stat *ret_stat)
{
	struct twinfs_volume *volume;

	return find(trying, path, &volume, ret_stat) == 0;
}

static int try_presence(struct trying *trying, const struct tw_rule *rule)
{
	const char *path = rule->path->text;
	struct twinfs_stat stat = {0};
	bool there = is_there(trying, rule->path, &stat);

	if (rule->kind == TW_RULE_ABSENT)
		return there ? tw_text_addf(&trying->why, "%s is there", path) : 1;
	if (!there)
		return tw_text_addf(&trying->why, "%s is missing", path);
	if (rule->kind == TW_RULE_DIRECTORY && stat.type != TWINFS_DIR)
		return tw_text_addf(&trying->why, "%s is no directory", path);
	return 1;
}

static int try_json(struct trying *trying, const struct tw_rule *rule)
{
	struct tw_text reason = {0};
	int rc = read_file(trying, rule->path, &trying->content);

	if (rc == 1)
		rc = tw_rule_json(trying->content.data, trying->content.len, rule->text,
			rule->value, &reason);
	if (rc == 0 && reason.data)
		rc = tw_text_addf(&trying->why, "%s %s", rule->path->text, reason.data);
	tw_text_release(&reason);
	return rc;
}

static int try_equal(struct trying *trying, const struct tw_rule *rule)
{
	int rc = read_file(trying, rule->path, &trying->content);

	if (rc == 1)
		rc = read_file(trying, rule->other, &trying->other);
	if (rc != 1)
		return rc;
	if (trying->content.len == trying->other.len &&
		memcmp(trying->content.data, trying->other.data, trying->other.len) == 0)
		return 1;
	return tw_text_addf(&trying->why, "%s (%zu bytes) and %s (%zu bytes) are not equal",
		rule->path->text, trying->content.len, rule->other->text, trying->other.len);
}

static bool is_in_order(uint64_t a, enum tw_rule_order order, uint64_t b)
{
	switch (order) {
	case TW_RULE_LESS:
		return a < b;
	case TW_RULE_AT_MOST:
		return a <= b;
	case TW_RULE_SAME:
		return a == b;
	case TW_RULE_AT_LEAST:
		return a >= b;
	case TW_RULE_MORE:
		return a > b;
	}
	return false;
}

static int try_size(struct trying *trying, const struct tw_rule *rule)
{
	struct twinfs_stat stat;

	if (!is_there(trying, rule->path, &stat))
		return tw_text_addf(&trying->why, "%s is missing", rule->path->text);
	if (stat.type == TWINFS_DIR)
		return tw_text_addf(&trying->why, "%s is a directory", rule->path->text);
	if (is_in_order(stat.size, rule->order, rule->number))
		return 1;
	return tw_text_addf(&trying->why, "%s has %llu byte%s", rule->path->text,
		(unsigned long long)stat.size, stat.size == 1 ? "" : "s");
}

static int try_text(struct trying *trying, const struct tw_rule *rule)
{
	int rc = read_file(trying, rule->path, &trying->content);

	if (rc != 1)
		return rc;
	if (memmem(trying->content.data, trying->content.len, rule->text->text, rule->text->len))
		return 1;
	return tw_text_addf(&trying->why, "%s does not contain it", rule->path->text);
}

static int try_slot(struct trying *trying, const struct tw_rule *rule)
{
	char content[1024]; /* no slot is larger */
	unsigned slot = (unsigned)rule->number;
	int len = TWINFS_SECURE_EMPTY;

	if (trying->subject->secure)
		len = twinfs_secure_read(trying->subject->secure, slot, content, sizeof(content));
	if (len == TWINFS_SECURE_BAD)
		return tw_text_addf(&trying->why, "slot %u cannot be read", slot);
	if (strcmp(rule->path->text, "empty") == 0)
		return len < 0 ? 1 : tw_text_addf(&trying->why, "slot %u is stored", slot);
	if (len < 0)
		return tw_text_addf(&trying->why, "slot %u is empty", slot);
	if (!rule->text || memmem(content, (size_t)len, rule->text->text, rule->text->len))
		return 1;
	return tw_text_addf(&trying->why, "slot %u does not contain it", slot);
}

/* What the rule inside says does not matter then. */
static int try_not(struct trying *trying, const struct tw_rule *rule)
{
	int rc = try_rule(trying, rule->first);

	trying->why.len = 0;
	if (rc == 0)
		return 1;
	return rc < 0 ? rc : tw_text_addf(&trying->why, "it is so, and must not be");
}

static int try_if(struct trying *trying, const struct tw_rule *rule)
{
	int rc = try_rule(trying, rule->first);

	trying->why.len = 0;
	if (rc == 0)
		return 1;
	return rc < 0 ? rc : try_rule(trying, rule->second);
}

static int try_rule(struct trying *trying, const struct tw_rule *rule)
{
	switch (rule->kind) {
	case TW_RULE_EXISTS:
	case TW_RULE_ABSENT:
	case TW_RULE_DIRECTORY:
		return try_presence(trying, rule);
	case TW_RULE_JSON:
		return try_json(trying, rule);
	case TW_RULE_EQUAL:
		return try_equal(trying, rule);
	case TW_RULE_SIZE:
		return try_size(trying, rule);
	case TW_RULE_TEXT:
		return try_text(trying, rule);
	case TW_RULE_SLOT:
		return try_slot(trying, rule);
	case TW_RULE_NOT:
		return try_not(trying, rule);
	case TW_RULE_IF:
		return try_if(trying, rule);
	}
	return 1;
}

static int report(const struct tw_rules *rules, const struct tw_rule_line *line,
	const struct trying *trying, void (*each)(void *ctx, const struct tw_broken_rule *broken),
	void *ctx)
{
	struct tw_text text = {0};
	int rc = tw_text_addf(&text, "%s:%u: %s (%s)", rules->name, line->number, trying->why.data,
		line->source);

	if (!rc)
		each(ctx, &(struct tw_broken_rule){line->number, line->source, text.data});
	tw_text_release(&text);
	return rc;
}

int tw_rules_try(const struct tw_rules *rules, const struct tw_rules_subject *subject,
	void (*each)(void *ctx, const struct tw_broken_rule *broken), void *ctx)
{
	struct trying trying = {.subject = subject};
	int rc = 0, count = 0;

	for (size_t i = 0; rc >= 0 && i < rules->count; i++) {
		trying.why.len = 0;
		rc = try_rule(&trying, &rules->lines[i].rules[0]);
		if (rc)
			continue;
		count++;
		if (each)
			rc = report(rules, &rules->lines[i], &trying, each, ctx);
	}
	tw_text_release(&trying.why);
	tw_text_release(&trying.content);
	tw_text_release(&trying.other);
	return rc < 0 ? rc : count;
}
