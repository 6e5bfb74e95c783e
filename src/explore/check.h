/* SPDX-License-Identifier: MIT */
/*
 * check.h - the user's own rules for a module that has booted: a text file,
 * one rule a line (docs/formats/explore-checks.md).
 *
 * Lifetime  tw_rules_load() or tw_rules_parse() .. tw_rules_free().
 * Threads   rules may be tried by several threads at once, on different modules.
 */
#ifndef TW_EXPLORE_CHECK_H
#define TW_EXPLORE_CHECK_H

#include <twinfs/error.h>
#include <twinfs/secure.h>
#include <twinfs/volume.h>

struct tw_rules;

/*
 * Reads the file @path. 0, -EINVAL (a line that is no rule; the text is
 * "line N: reason"), -EFBIG, -ENOMEM, or another errno of reading.
 */
int tw_rules_load(const char *path, struct tw_rules **ret_rules, struct twinfs_error *err);

/* The same for a text of @len bytes; @name is what messages call it. */
int tw_rules_parse(const char *name, const char *text, size_t len, struct tw_rules **ret_rules,
	struct twinfs_error *err);

/* NULL is allowed. */
void tw_rules_free(struct tw_rules *rules);

size_t tw_rules_count(const struct tw_rules *rules);

/* What rules are tried on; each of them may be NULL, then it is empty. */
struct tw_rules_subject {
	struct twinfs_volume *user, *backup;
	struct twinfs_secure *secure;
};

/* A rule that does not hold. Texts are valid during the call that gets it. */
struct tw_broken_rule {
	unsigned line;
	const char *rule; /* as written */
	const char *text; /* "checks.txt:3: /usr/a.json is no JSON: it is empty" */
};

/*
 * Tries all rules; changes nothing. Returns how many do not hold, or -ENOMEM.
 */
int tw_rules_try(const struct tw_rules *rules, const struct tw_rules_subject *subject,
	void (*each)(void *ctx, const struct tw_broken_rule *broken), void *ctx);

#endif
