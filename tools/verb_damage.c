/* SPDX-License-Identifier: MIT */
/*
 * verb_damage.c - twinfs damage: faults of cells that are at rest, in an image
 * file.
 */
#include "verbs.h"

#include <stdlib.h>

#include "print.h"
#include "session.h"
#include "tool.h"

enum {
	KEY_JSON = TW_OPT_LONG,
	KEY_SEED,
};

static const struct tw_tool_option options[] = {
	{'n', "dry-run", NULL, "tell what would be damaged; nothing is written"},
	{KEY_JSON, "json", NULL, "print one JSON document"},
	{KEY_SEED, "seed", "N", "of all chance; 1 unless given"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "damage",
	.usage = (const char *const[]){"[options] IMAGE RULE...", NULL},
	.about = "Changes bytes of an image that is not mounted, as failing cells would: all RULEs "
		 "in their order or, when one cannot be carried out, none. A RULE is a fault rule "
		 "without a trigger: flip, stick, fill or garble, and where. Every partition may "
		 "be meant, the backup too. Paths begin with /usr or /bak.",
	.options = options,
	.groups = TW_TOOL_SOURCE,
	.status = "Exit status: 0 damaged; 2 it was not.",
	.example = "twinfs damage app.img 'flip 3 bits in data of /usr/main.py'",
};

struct work {
	struct tw_tool_damage result;
	unsigned rule; /* in hand */
	bool no_memory;
};

/* A new run, which begins at @addr; NULL: out of memory. */
static struct tw_tool_damage_run *begin_run(struct work *work, uint64_t addr)
{
	struct tw_tool_damage *result = &work->result;
	struct tw_tool_damage_run *run;

	if (result->count == result->room) {
		size_t room = result->room ? 2 * result->room : 16;
		struct tw_tool_damage_run *runs = reallocarray(result->runs, room, sizeof(*runs));

		if (!runs) {
			work->no_memory = true;
			return NULL;
		}
		result->runs = runs;
		result->room = room;
	}
	run = &result->runs[result->count++];
	*run = (struct tw_tool_damage_run){.rule = work->rule, .addr = addr};
	return run;
}

static void note_change(void *ctx, const struct twinfs_fault_change *change)
{
	struct work *work = ctx;
	struct tw_tool_damage *result = &work->result;
	struct tw_tool_damage_run *run = result->count ? &result->runs[result->count - 1] : NULL;

	if (!run || run->rule != work->rule || run->addr + run->len != change->addr)
		run = begin_run(work, change->addr);
	if (!run)
		return;
	if (run->len < TW_TOOL_DAMAGE_SHOWN) {
		run->was[run->len] = change->was;
		run->is[run->len] = change->is;
	}
	run->len++;
	run->bits += (unsigned)__builtin_popcount(change->was ^ change->is);
}

static int compare_runs(const void *left, const void *right)
{
	const struct tw_tool_damage_run *a = left, *b = right;

	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	return a->addr < b->addr ? -1 : a->addr > b->addr;
}

/* Carries out all rules. @changes NULL: what they do is known already. */
static int damage(struct tw_tool_session *session, struct work *work,
	const struct twinfs_fault_changes *changes)
{
	struct twinfs_faults *faults = twinfs_module_faults(session->module);
	struct twinfs_error err = {0};

	if (!faults)
		return tw_tool_no_memory(session->verb);
	twinfs_faults_set_seed(faults, work->result.seed);
	for (size_t i = 0; i < work->result.rule_count; i++) {
		work->rule = (unsigned)i + 1;
		if (!twinfs_faults_damage(faults, work->result.rules[i], work->rule, changes, &err))
			continue;
		if (twinfs_fault_check(work->result.rules[i], NULL) < 0)
			return tw_tool_rule_error(session->verb, work->result.rules[i], err.text);
		return tw_tool_report(session->verb, session->image, &err);
	}
	return work->no_memory ? tw_tool_no_memory(session->verb) : 0;
}

/* On a copy in memory: finds out what would change, and whether all of it can be. */
static int rehearse(const struct tw_tool_args *args, struct work *work)
{
	const struct twinfs_fault_changes changes = {note_change, work};
	_cleanup_session_ struct tw_tool_session session = {0};
	int status = tw_tool_open(&session, args, TWINFS_IMAGE_SCRATCH, TWINFS_POLICY_DEVICE);

	if (!status)
		status = damage(&session, work, &changes);
	if (work->result.count)
		qsort(work->result.runs, work->result.count, sizeof(*work->result.runs),
			compare_runs);
	return status;
}

/* Whose the bytes are that will change: afterwards nobody could tell. */
static int find_owners(struct tw_tool_session *session, struct work *work)
{
	struct twinfs_faults *faults = twinfs_module_faults(session->module);

	if (!faults)
		return tw_tool_no_memory(session->verb);
	for (size_t i = 0; i < work->result.count; i++) {
		struct tw_tool_damage_run *run = &work->result.runs[i];

		twinfs_faults_locate(faults, run->addr, &run->part, &run->block, run->owner,
			sizeof(run->owner));
	}
	return 0;
}

static int perform(const struct tw_tool_args *args, struct work *work, bool dry_run)
{
	_cleanup_session_ struct tw_tool_session session = {0};
	int status = tw_tool_open(&session, args, dry_run ? 0 : TWINFS_IMAGE_WRITABLE,
		TWINFS_POLICY_DEVICE);

	if (!status)
		status = find_owners(&session, work);
	if (status || dry_run)
		return status;
	status = damage(&session, work, NULL);
	return status ? status : tw_tool_flush(&session);
}

/* Takes the operands RULE, at least one, which stand behind each other. 0 or the exit status. */
static int take_rules(struct tw_tool_args *args, struct work *work)
{
	size_t count = tw_tool_left(args);
	const char **rules;
	const char *first;
	int status = tw_tool_need(args, "RULE", &first);

	if (status)
		return status;
	rules = calloc(count, sizeof(*rules));
	if (!rules)
		return tw_tool_no_memory("damage");
	for (size_t i = 0; i < count; i++)
		rules[i] = i ? tw_tool_take(args) : first;
	work->result.rules = rules;
	work->result.rule_count = count;
	return 0;
}

static int run(struct tw_tool_args *args, struct work *work, bool dry_run, bool json)
{
	int status = tw_tool_take_image(args);

	if (!status)
		status = take_rules(args, work);
	if (!status)
		status = rehearse(args, work);
	if (!status)
		status = perform(args, work, dry_run);
	if (status)
		return status;
	if (json)
		tw_tool_json_damage(&work->result);
	else
		tw_tool_print_damage(&work->result);
	return 0;
}

int tw_tool_verb_damage(int argc, char **argv)
{
	struct work work = {.result.seed = 1};
	bool dry_run = false, json = false;
	struct tw_tool_args args;
	int key, status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		dry_run |= key == 'n';
		json |= key == KEY_JSON;
		if (key == KEY_SEED &&
			!tw_tool_parse_size(args.value, UINT64_MAX, &work.result.seed))
			return tw_tool_bad_value(&args, "seed", "a number");
	}
	status = run(&args, &work, dry_run, json);
	free(work.result.runs);
	free((void *)work.result.rules);
	return status;
}
