/* SPDX-License-Identifier: MIT */
/*
 * verdict.c - what is wrong with a state at one moment of the run.
 *
 * A state in which everything is lost would have as many findings as there are
 * files. The first few say it as well.
 */
#include "verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "result.h"

#define MOST_ITEMS 32

struct making {
	const struct tw_judge *judge;
	struct tw_verdict *verdict;
	int rc;
};

void tw_verdict_free(struct tw_verdict *verdict)
{
	if (!verdict)
		return;
	for (size_t i = 0; i < verdict->count; i++)
		free(verdict->items[i].sentence);
	free(verdict->items);
	free(verdict);
}

static int add(struct making *making, enum twinfs_finding_kind kind, const char *subject,
	const char *sentence)
{
	struct tw_verdict *verdict = making->verdict;
	struct tw_verdict_item *more;
	size_t index;
	int rc;

	if (verdict->count == MOST_ITEMS)
		return 0;
	rc = tw_result_finding(making->judge->result, kind, subject, &index);
	if (rc)
		return rc;
	for (size_t i = 0; i < verdict->count; i++)
		if (verdict->items[i].finding == index)
			return 0;
	more = reallocarray(verdict->items, verdict->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	verdict->items = more;
	more[verdict->count] = (struct tw_verdict_item){index, strdup(sentence)};
	if (!more[verdict->count].sentence)
		return -ENOMEM;
	verdict->count++;
	return 0;
}

static int add_issues(struct making *making, const struct tw_outcome *outcome)
{
	int rc = 0;

	for (size_t i = 0; !rc && outcome && i < outcome->issue_count; i++)
		rc = add(making, outcome->issues[i].kind, outcome->issues[i].subject,
			outcome->issues[i].text);
	return rc;
}

static enum twinfs_finding_kind kind_of(enum tw_finding_kind kind)
{
	switch (kind) {
	case TW_FINDING_LOST:
		return TWINFS_FINDING_LOST;
	case TW_FINDING_VERSION:
		return TWINFS_FINDING_VERSION;
	case TW_FINDING_RESURRECTED:
		return TWINFS_FINDING_BACK;
	case TW_FINDING_RENAME:
		return TWINFS_FINDING_RENAME;
	case TW_FINDING_SLOT:
		return TWINFS_FINDING_SLOT;
	case TW_FINDING_REVERTED:
		return TWINFS_FINDING_REVERTED;
	case TW_FINDING_EXTRA:
		return TWINFS_FINDING_EXTRA;
	case TW_FINDING_FORMATTED:
		return TWINFS_FINDING_FORMATTED;
	case TW_FINDING_KINDS:
		break;
	}
	return TWINFS_FINDING_COUNT;
}

static void each_broken_promise(void *ctx, const struct tw_finding *finding)
{
	struct making *making = ctx;

	if (!making->rc)
		making->rc = add(making, kind_of(finding->kind), finding->path, finding->text);
}

static int copy_things(struct tw_shown *to, const struct tw_shown *from)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < from->count; i++)
		rc = tw_shown_add(to, tw_shown_path(from, &from->things[i]), from->things[i].attr,
			&from->things[i].version);
	return rc;
}

/* The tree of a module is that of its volumes and that of its slots. */
static int join(const struct tw_judge *judge, const struct tw_outcome *boot,
	const struct tw_outcome *slots, const struct tw_shown **ret_tree)
{
	int rc;

	*ret_tree = &boot->tree;
	if (!slots || !slots->tree.count)
		return 0;
	*ret_tree = judge->scratch;
	tw_shown_clear(judge->scratch);
	rc = copy_things(judge->scratch, &boot->tree);
	return rc ? rc : copy_things(judge->scratch, &slots->tree);
}

/* A module that does not boot shows nothing: that it does not is said already. */
static bool has_booted(const struct tw_outcome *boot)
{
	for (size_t i = 0; i < boot->issue_count; i++)
		if (boot->issues[i].kind == TWINFS_FINDING_BOOT)
			return false;
	return true;
}

/* What both boots did, the one that was cut first. Nothing is copied but the list. */
static int join_boots(const struct tw_subject *subject, struct tw_boots *boots)
{
	const struct tw_boots *first = &subject->cut->boots, *second = &subject->boot->boots;

	boots->deeds = malloc((first->count + second->count + 1) * sizeof(*boots->deeds));
	if (!boots->deeds)
		return -ENOMEM;
	if (first->count)
		memcpy(boots->deeds, first->deeds, first->count * sizeof(*boots->deeds));
	if (second->count)
		memcpy(boots->deeds + first->count, second->deeds,
			second->count * sizeof(*boots->deeds));
	boots->count = first->count + second->count;
	boots->has_finished = second->has_finished;
	return 0;
}

static int judge_tree(struct making *making, struct tw_moment moment, const struct tw_shown *tree,
	const struct tw_boots *boots)
{
	const struct tw_expect *expect = making->judge->expect;
	int rc;

	if (tw_expect_accepts(expect, moment, tree, boots))
		return 0;
	rc = tw_expect_explain(expect, moment, tree, boots, each_broken_promise, making);
	return rc < 0 ? rc : making->rc;
}

static int judge_promises(struct making *making, struct tw_moment moment,
	const struct tw_subject *subject)
{
	struct tw_boots both = {0};
	const struct tw_shown *tree;
	int rc = join(making->judge, subject->boot, subject->slots, &tree);

	if (!rc && subject->cut)
		rc = join_boots(subject, &both);
	if (!rc)
		rc = judge_tree(making, moment, tree, subject->cut ? &both : &subject->boot->boots);
	free(both.deeds);
	return rc;
}

int tw_judge(const struct tw_judge *judge, struct tw_moment moment,
	const struct tw_subject *subject, struct tw_verdict **ret_verdict)
{
	struct making making = {.judge = judge, .verdict = calloc(1, sizeof(struct tw_verdict))};
	int rc = -ENOMEM;

	if (making.verdict) {
		making.verdict->epoch = moment.epoch;
		making.verdict->slots = subject->slots ? subject->slots->serial : 0;
		making.verdict->cut = subject->cut ? subject->cut->serial : 0;
		rc = add_issues(&making, subject->boot);
	}
	if (!rc)
		rc = add_issues(&making, subject->slots);
	if (!rc && has_booted(subject->boot))
		rc = judge_promises(&making, moment, subject);
	if (rc) {
		tw_verdict_free(making.verdict);
		return rc;
	}
	*ret_verdict = making.verdict;
	return 0;
}
