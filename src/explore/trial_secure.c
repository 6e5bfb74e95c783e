/* SPDX-License-Identifier: MIT */
/*
 * trial_secure.c - the trial of SecureData: it opens, its slots are read, and one
 * can be stored without harm to the others.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trial.h"

#define PROBE_SLOT 1

struct trial {
	struct tw_rig *rig;
	struct tw_outcome *outcome;
	int rc; /* of the callbacks */
};

static int open_area(struct trial *trial, struct twinfs_secure **ret_secure)
{
	const struct twinfs_part_info *part = &trial->rig->parts[TWINFS_PART_SECURE];
	struct twinfs_error err = {0};
	int rc = twinfs_secure_open(trial->rig->stage.flash, part->addr, part->size,
		trial->rig->terms.options->module.key_file, ret_secure, &err);

	if (!rc || rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE)
		return rc;
	return tw_outcome_add(trial->outcome, TWINFS_FINDING_SLOT, "SecureData",
		"SecureData cannot be opened: %s", err.text);
}

static void each_problem(void *ctx, const struct twinfs_error *finding)
{
	struct trial *trial = ctx;

	if (twinfs_problem_severity(finding->problem) == TWINFS_ERROR && !trial->rc)
		trial->rc = tw_outcome_add(trial->outcome, TWINFS_FINDING_CHECK,
			twinfs_problem_name(finding->problem), "%s", finding->text);
}

/* Whether a slot is the same in both trees. */
static bool is_same(const struct tw_shown *a, const struct tw_shown *b, const char *path)
{
	const struct tw_thing *one = tw_shown_find(a, path, TW_NOT_ATTR);
	const struct tw_thing *two = tw_shown_find(b, path, TW_NOT_ATTR);

	return one && two ? tw_version_is_same(&one->version, &two->version) : one == two;
}

/* All slots but the one that was stored have to be what they were. */
static int compare(struct trial *trial, struct twinfs_secure *secure)
{
	struct tw_shown *now = &trial->rig->scratch;
	char path[16];
	int rc;

	tw_shown_clear(now);
	rc = tw_shown_add_slots(now, secure);
	for (unsigned slot = 1; !rc && slot <= TWINFS_SECURE_SLOTS; slot++) {
		(void)snprintf(path, sizeof(path), "slot %u", slot);
		if (slot != PROBE_SLOT && !is_same(now, &trial->outcome->tree, path))
			rc = tw_outcome_add(trial->outcome, TWINFS_FINDING_GOING_ON, path,
				"%s is not what it was before slot %d was stored", path,
				PROBE_SLOT);
	}
	return rc;
}

static int go_on(struct trial *trial, struct twinfs_secure *secure)
{
	static const char content[] = "the application goes on";
	char again[sizeof(content)];
	struct twinfs_secure *anew = NULL;
	int rc;

	if (twinfs_secure_store(secure, PROBE_SLOT, content, sizeof(content)))
		return tw_outcome_add(trial->outcome, TWINFS_FINDING_GOING_ON, "SecureData",
			"slot %d cannot be stored", PROBE_SLOT);
	rc = open_area(trial, &anew);
	if (rc || !anew)
		return rc;
	if (twinfs_secure_read(anew, PROBE_SLOT, again, sizeof(again)) != sizeof(again) ||
		memcmp(again, content, sizeof(again)) != 0)
		rc = tw_outcome_add(trial->outcome, TWINFS_FINDING_GOING_ON, "SecureData",
			"slot %d was stored, and is not what was stored", PROBE_SLOT);
	if (!rc)
		rc = compare(trial, anew);
	twinfs_secure_close(anew);
	return rc;
}

static int run(struct trial *trial)
{
	struct twinfs_secure *secure = NULL;
	int rc = open_area(trial, &secure);

	if (rc || !secure)
		return rc;
	rc = tw_shown_add_slots(&trial->outcome->tree, secure);
	if (!rc) {
		rc = twinfs_secure_check(secure, each_problem, trial);
		rc = rc < 0 ? rc : trial->rc;
	}
	if (!rc)
		rc = go_on(trial, secure);
	twinfs_secure_close(secure);
	return rc;
}

int tw_trial_secure(struct tw_rig *rig, struct tw_outcome **ret_outcome)
{
	struct trial trial = {.rig = rig};
	int rc, end;

	trial.outcome = calloc(1, sizeof(*trial.outcome));
	if (!trial.outcome)
		return -ENOMEM;
	trial.outcome->serial = ++rig->outcomes;
	trial.outcome->is_memorable = true;
	tw_stage_begin(&rig->stage, false);
	rc = run(&trial);
	end = tw_stage_end(&rig->stage);
	if (end)
		rc = end; /* what it lacks looks like a power cut to those above it */
	if (rc) {
		tw_outcome_free(trial.outcome);
		return rc;
	}
	*ret_outcome = trial.outcome;
	return 0;
}
