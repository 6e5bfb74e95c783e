/* SPDX-License-Identifier: MIT */
/*
 * rules.c - the life of a set of rules: added, listed, removed; and damage,
 * which is a rule that is carried out without being added.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fail.h"
#include "base/random.h"
#include "hook.h"

int twinfs_faults_new(struct twinfs_flash *flash, struct twinfs_image *image,
	const struct twinfs_fault_site *site, uint64_t seed, struct twinfs_faults **ret_faults)
{
	const struct twinfs_flash_geometry *geometry = &twinfs_flash_config(flash)->geometry;
	struct twinfs_faults *faults = calloc(1, sizeof(*faults));

	if (!faults)
		return -ENOMEM;
	faults->flash = flash;
	faults->image = image;
	if (site)
		faults->site = *site;
	faults->seed = seed;
	faults->loose_random = tw_random_at(seed, UINT64_MAX);
	faults->prog_size = geometry->prog_size;
	faults->erase_size = geometry->erase_size;
	faults->next_id = 1;
	(void)pthread_mutex_init(&faults->lock, NULL); /* cannot fail with default attributes */
	tw_hook_init(faults);
	*ret_faults = faults;
	return 0;
}

static void free_rule(struct tw_live_rule *live)
{
	if (live)
		free(live->base_wear);
	free(live);
}

static void cleanup_rule(struct tw_live_rule **live)
{
	free_rule(*live);
}

#define _cleanup_rule_ _cleanup_(cleanup_rule)

void twinfs_faults_free(struct twinfs_faults *faults)
{
	if (!faults)
		return;
	for (unsigned i = 0; i < faults->count; i++)
		free_rule(faults->rules[i]);
	tw_shadow_close(faults);
	free(faults->defects);
	free(faults->place.pieces);
	free(faults->wear);
	(void)pthread_mutex_destroy(&faults->lock);
	free(faults);
}

void twinfs_faults_set_seed(struct twinfs_faults *faults, uint64_t seed)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&faults->lock);

	(void)guard;
	faults->seed = seed;
	faults->loose_random = tw_random_at(seed, UINT64_MAX);
}

uint64_t twinfs_faults_seed(const struct twinfs_faults *faults)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock((pthread_mutex_t *)&faults->lock);

	(void)guard;
	return faults->seed;
}

void twinfs_faults_set_sink(struct twinfs_faults *faults,
	void (*sink)(void *ctx, const struct twinfs_fault_event *event), void *ctx)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&faults->lock);

	(void)guard;
	faults->sink = sink;
	faults->sink_ctx = ctx;
}

struct twinfs_flash_hook *twinfs_faults_hook(struct twinfs_faults *faults)
{
	return faults->is_hooked ? &faults->hook : NULL;
}

/* Finds out what the rules need of the chip; tells the owner when that has changed. */
static int rehook(struct twinfs_faults *faults)
{
	bool was_hooked = faults->is_hooked, did_read = faults->hook.reads;
	bool wanted_calls = faults->watched & TW_CALL, loose = false;
	unsigned watched = 0;

	for (unsigned i = 0; i < faults->count; i++) {
		const struct tw_rule *rule = &faults->rules[i]->rule;

		watched |= rule->at_once ? 0 : rule->act | rule->count;
		loose |= rule->kind == TWINFS_FAULT_LOOSEN || rule->outcome.rest == TW_REST_LOOSE;
	}
	faults->watched = watched;
	faults->is_hooked =
		(watched & TW_ACCESS) || faults->defect_count || faults->brown_out.rule || loose;
	faults->hook.reads = (watched & TW_READ) || loose;
	if (!faults->site.rehook ||
		(was_hooked == faults->is_hooked && did_read == faults->hook.reads &&
			wanted_calls == !!(watched & TW_CALL)))
		return 0;
	return faults->site.rehook(faults->site.ctx);
}

/* ---- add ---- */

static int no_memory(struct twinfs_error *err)
{
	return tw_fail(err, TWINFS_P_FAULT, -ENOMEM, "out of memory");
}

static int fail_part(const char *name, struct twinfs_error *err)
{
	static const char *const names[] = {
		"user", "backup", "secure", "customer_fs", "customer_backup_fs", "securedata"};
	const char *meant = twinfs_nearest(name, names, sizeof(names) / sizeof(*names));

	if (strchr(name, '/'))
		return tw_fail(err, TWINFS_P_FAULT, -ENOENT,
			"no partition '%s'; a path begins with /usr or /bak", name);
	return tw_fail(err, TWINFS_P_FAULT, -ENOENT,
		"no partition '%s'%s%s%s; they are user, backup and secure", name,
		meant ? " (did you mean " : "", meant ? meant : "", meant ? "?)" : "");
}

static int find_part(const struct twinfs_faults *faults, const char *name,
	struct twinfs_fault_part *ret_part, struct twinfs_error *err)
{
	const struct twinfs_fault_site *site = &faults->site;

	if (!site->part || site->part(site->ctx, name, 0, ret_part))
		return fail_part(name, err);
	return 0;
}

/* Blocks of the chip are its erase units. */
static int find_blocks(const struct twinfs_faults *faults, struct tw_live_rule *live,
	struct twinfs_error *err)
{
	const struct tw_where *where = &live->rule.where;
	struct twinfs_fault_part part = {
		.size = twinfs_image_size(faults->image), .block_size = faults->erase_size};
	int rc = where->part[0] ? find_part(faults, where->part, &part, err) : 0;

	if (rc)
		return rc;
	live->span_addr = part.addr + where->block * part.block_size;
	live->span_len = where->count * part.block_size;
	if ((where->block + where->count) * part.block_size > part.size)
		return tw_fail(err, TWINFS_P_FAULT, -EINVAL,
			"block %llu is behind the end: there are %llu blocks",
			(unsigned long long)(where->block + where->count - 1),
			(unsigned long long)(part.size / part.block_size));
	return 0;
}

/* The range of the chip that the rule means, unless that changes with what is on it. */
static int find_span(const struct twinfs_faults *faults, struct tw_live_rule *live,
	struct twinfs_error *err)
{
	const struct tw_where *where = &live->rule.where;
	struct twinfs_fault_part part;
	int rc;

	switch (where->kind) {
	case TW_EVERYWHERE:
	case TW_SLOT:
		return 0;
	case TW_SPAN:
		live->span_addr = where->addr;
		live->span_len = where->len;
		if (where->addr + where->len > twinfs_image_size(faults->image))
			return tw_fail(err, TWINFS_P_FAULT, -EINVAL,
				"the range ends behind the chip of %llu bytes",
				(unsigned long long)twinfs_image_size(faults->image));
		return 0;
	case TW_BLOCKS:
		return find_blocks(faults, live, err);
	case TW_TARGET:
	case TW_PART:
		if (!where->part[0])
			return 0;
		rc = find_part(faults, where->part, &part, err);
		if (rc)
			return rc;
		live->span_addr = part.addr;
		live->span_len = part.size;
		return 0;
	}
	return 0;
}

/* The erases so far of each unit, in memory of its own. */
static uint32_t *copy_wear(const struct twinfs_faults *faults)
{
	uint64_t units = twinfs_flash_units(faults->flash);
	uint32_t *wear = calloc(units, sizeof(*wear));

	for (uint64_t unit = 0; wear && unit < units; unit++)
		wear[unit] = twinfs_flash_wear(faults->flash, unit);
	return wear;
}

static int prepare_wear(struct twinfs_faults *faults, struct tw_live_rule *live)
{
	uint32_t *wear = copy_wear(faults);

	if (!wear)
		return -ENOMEM;
	if (live->rule.more) {
		live->base_wear = copy_wear(faults);
		if (!live->base_wear) {
			free(wear);
			return -ENOMEM;
		}
	}
	free(faults->wear);
	faults->wear = wear;
	return 0;
}

/* What the rule needs in memory, so that nothing can fail for want of it later. */
static int prepare(struct twinfs_faults *faults, struct tw_live_rule *live)
{
	const struct tw_rule *rule = &live->rule;
	int rc = 0;

	if (rule->kind == TWINFS_FAULT_MISREAD || rule->kind == TWINFS_FAULT_LOOSEN ||
		rule->outcome.rest == TW_REST_LOOSE ||
		(rule->kind == TWINFS_FAULT_WEAR_OUT && rule->symptom == TW_READ_FLIP))
		rc = tw_shadow_open(faults);
	if (!rc && rule->kind == TWINFS_FAULT_WEAR_OUT)
		rc = prepare_wear(faults, live);
	return rc;
}

/* Makes a rule of @text. 1, 0 (no rule) or a negative errno. */
static int make_rule(struct twinfs_faults *faults, const char *text, unsigned id,
	struct tw_live_rule **ret_live, struct twinfs_error *err)
{
	_cleanup_rule_ struct tw_live_rule *live = calloc(1, sizeof(*live));
	int rc;

	if (!live)
		return no_memory(err);
	rc = tw_rule_parse(text, &live->rule, err);
	if (rc <= 0)
		return rc;
	tw_rule_print(&live->rule, live->text);
	if (strlen(live->text) == TWINFS_FAULT_RULE_MAX - 1)
		return tw_fail(err, TWINFS_P_FAULT, -EINVAL, "the rule is too long");
	live->id = id;
	live->random =
		live->rule.clauses & TW_C_SEED ? live->rule.seed : tw_random_at(faults->seed, id);
	live->wear_seed = tw_random(&live->random);
	rc = find_span(faults, live, err);
	if (rc)
		return rc;
	*ret_live = tw_steal(&live);
	return 1;
}

/* Carries out a rule that needs nothing to wait for. */
static int act_at_once(struct twinfs_faults *faults, struct tw_live_rule *live, uint64_t time_ns,
	struct twinfs_error *err)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&faults->lock);
	struct tw_toll toll = {0};
	int rc;

	(void)guard;
	if (!tw_kinds[live->rule.kind].changes_cells) {
		(void)tw_power_fire(faults, live, time_ns);
		tw_due_end(faults, time_ns);
		return 0;
	}
	if (!twinfs_flash_is_writable(faults->flash))
		return tw_fail(err, TWINFS_P_FAULT, -EROFS, "the cells cannot be written");
	rc = tw_cells_apply(faults, live, NULL, &toll);
	if (rc)
		return tw_fail(err, TWINFS_P_FAULT, rc, "'%s': %s", live->text,
			rc == -ENOENT ? "there is no such place" : twinfs_strerror(rc));
	tw_due_fired(live);
	tw_due_end(faults, time_ns);
	tw_tell_toll(faults, live, NULL, time_ns, 0, &toll);
	return 0;
}

static uint64_t learn_time(struct twinfs_faults *faults)
{
	struct twinfs_flash_stats stats;

	twinfs_flash_stats(faults->flash, &stats);
	faults->seq = stats.seq;
	return stats.busy_ns;
}

static void insert(struct twinfs_faults *faults, struct tw_live_rule *live, uint64_t time_ns)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&faults->lock);

	(void)guard;
	tw_due_begin(live, time_ns);
	faults->rules[faults->count++] = live;
}

static void take_out(struct twinfs_faults *faults, unsigned index)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&faults->lock);
	struct tw_live_rule *live = faults->rules[index];

	(void)guard;
	if (faults->brown_out.rule == live)
		faults->brown_out.rule = NULL;
	tw_defects_remove(faults, live->id);
	faults->count--;
	memmove(faults->rules + index, faults->rules + index + 1,
		(faults->count - index) * sizeof(*faults->rules));
	free_rule(live);
}

int twinfs_faults_add(struct twinfs_faults *faults, const char *text, unsigned *ret_id,
	struct twinfs_error *err)
{
	_cleanup_rule_ struct tw_live_rule *live = NULL;
	uint64_t time_ns = learn_time(faults);
	unsigned id = faults->next_id;
	bool at_once;
	int rc = make_rule(faults, text, id, &live, err);

	if (!rc && ret_id)
		*ret_id = 0;
	if (rc <= 0)
		return rc;
	if (faults->count == TWINFS_FAULT_RULES)
		return tw_fail(err, TWINFS_P_FAULT, -ENOSPC, "there are %d rules already",
			TWINFS_FAULT_RULES);
	if (prepare(faults, live))
		return no_memory(err);
	at_once = live->rule.at_once;
	insert(faults, tw_steal(&live), time_ns);
	if (at_once)
		rc = act_at_once(faults, faults->rules[faults->count - 1], time_ns, err);
	if (rc >= 0 && rehook(faults))
		rc = no_memory(err);
	if (rc < 0) {
		take_out(faults, faults->count - 1);
		(void)rehook(faults);
		return rc;
	}
	faults->next_id++;
	if (ret_id)
		*ret_id = id;
	return 0;
}

int twinfs_fault_check(const char *text, struct twinfs_error *err)
{
	struct tw_rule rule;
	int rc = tw_rule_parse(text, &rule, err);

	return rc < 0 ? rc : 0;
}

/* ---- several lines ---- */

/* The error of a line names it. */
static int fail_line(struct twinfs_error *err, unsigned line, int code,
	const struct twinfs_error *what)
{
	return tw_fail(err, TWINFS_P_FAULT, code, "line %u: %s", line, what->text);
}

/* The next line of @text, in memory of its own, and what is behind it. */
static char *take_line(const char **text)
{
	size_t len = strcspn(*text, "\n");
	char *line = strndup(*text, len);

	*text += len + ((*text)[len] == '\n');
	return line;
}

/*
 * Goes over the lines. First to see whether all of them can be understood, then
 * to add them: what they do at once cannot be taken back.
 */
static int for_lines(struct twinfs_faults *faults, const char *text, bool add, unsigned *count,
	struct twinfs_error *err)
{
	for (unsigned number = 1; *text; number++) {
		_cleanup_free_ char *line = take_line(&text);
		_cleanup_rule_ struct tw_live_rule *live = NULL;
		struct twinfs_error what = {0};
		unsigned id = 0;
		int rc;

		if (!line)
			return no_memory(err);
		if (add)
			rc = twinfs_faults_add(faults, line, &id, &what);
		else
			rc = make_rule(faults, line, 1, &live, &what);
		if (rc < 0)
			return fail_line(err, number, rc, &what);
		*count += add ? id != 0 : live != NULL;
	}
	return 0;
}

int twinfs_faults_add_lines(struct twinfs_faults *faults, const char *text, unsigned *ret_count,
	struct twinfs_error *err)
{
	unsigned before = faults->count, count = 0;
	int rc = for_lines(faults, text, false, &count, err);

	if (rc)
		return rc;
	if (count > TWINFS_FAULT_RULES - before)
		return tw_fail(err, TWINFS_P_FAULT, -ENOSPC, "%u rules, there is room for %u",
			count, TWINFS_FAULT_RULES - before);
	count = 0;
	rc = for_lines(faults, text, true, &count, err);
	if (rc) {
		while (faults->count > before)
			take_out(faults, faults->count - 1);
		(void)rehook(faults);
		return rc;
	}
	if (ret_count)
		*ret_count = count;
	return 0;
}

/* ---- remove, list ---- */

int twinfs_faults_remove(struct twinfs_faults *faults, unsigned id)
{
	for (unsigned i = 0; i < faults->count; i++) {
		if (faults->rules[i]->id != id)
			continue;
		take_out(faults, i);
		(void)rehook(faults);
		return 0;
	}
	return -ENOENT;
}

void twinfs_faults_clear(struct twinfs_faults *faults)
{
	while (faults->count)
		take_out(faults, faults->count - 1);
	(void)rehook(faults);
}

unsigned twinfs_faults_count(const struct twinfs_faults *faults)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock((pthread_mutex_t *)&faults->lock);

	(void)guard;
	return faults->count;
}

int twinfs_faults_get(const struct twinfs_faults *faults, unsigned index,
	struct twinfs_fault_rule *ret_rule)
{
	struct twinfs_flash_stats stats;
	_cleanup_unlock_ pthread_mutex_t *guard = NULL;
	const struct tw_live_rule *live;

	twinfs_flash_stats(faults->flash, &stats); /* first: the chip's lock is taken before ours */
	guard = tw_lock((pthread_mutex_t *)&faults->lock);
	if (index >= faults->count)
		return -ENOENT;
	live = faults->rules[index];
	*ret_rule = (struct twinfs_fault_rule){
		.id = live->id,
		.kind = live->rule.kind,
		.state = tw_due_state(live, stats.busy_ns),
		.counted = live->counted,
		.fired = live->fired,
	};
	memcpy(ret_rule->text, live->text, sizeof(ret_rule->text));
	return 0;
}

/* ---- damage ---- */

int twinfs_faults_damage(struct twinfs_faults *faults, const char *text, unsigned number,
	const struct twinfs_fault_changes *changes, struct twinfs_error *err)
{
	_cleanup_rule_ struct tw_live_rule *live = NULL;
	uint64_t time_ns = learn_time(faults);
	int rc = make_rule(faults, text, number, &live, err);

	if (rc <= 0)
		return rc;
	if (!live->rule.at_once || !tw_kinds[live->rule.kind].changes_cells ||
		live->rule.kind == TWINFS_FAULT_LOOSEN)
		return tw_fail(err, TWINFS_P_FAULT, -ENOTSUP,
			"'%s' is no damage at rest: flip, fill, garble or stick, at once",
			live->text);
	live->id = 0;
	tw_due_begin(live, time_ns);
	faults->changes = changes;
	rc = act_at_once(faults, live, time_ns, err);
	faults->changes = NULL;
	return rc;
}
