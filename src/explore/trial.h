/* SPDX-License-Identifier: MIT */
/*
 * trial.h - what becomes of a module in one state: it boots, is looked at, boots
 * again, and its application goes on.
 *
 * There are two trials, for two parts of the chip that have nothing to do with
 * each other: that of the volumes is a boot; that of SecureData opens the area
 * and stores a slot. What a trial finds out depends on the state alone, not on
 * the moment of the run: what was promised then is another matter (verdict.h).
 *
 * Lifetime  tw_rig_open() .. tw_rig_close().
 * Threads   a rig belongs to one thread; what it borrows is only read.
 */
#ifndef TW_EXPLORE_TRIAL_H
#define TW_EXPLORE_TRIAL_H

#include <pthread.h>
#include <twinfs/explore.h>

#include "boot_ops.h"
#include "check.h"
#include "expect.h"
#include "memo.h"
#include "stage.h"
#include "tree.h"

/* What is wrong in the run itself, uncut: nothing that a cut is to blame for. */
struct tw_known {
	bool holes[TWINFS_HOLE_COUNT];
	char **names; /* protected files that its boots leave wrong */
	size_t name_count;
};

void tw_known_release(struct tw_known *known);

/* Something wrong, whatever was promised. */
struct tw_issue {
	enum twinfs_finding_kind kind;
	char *subject, *text;
};

struct tw_outcome;
struct tw_verdict;

/* The outcome of a second cut, and how many states came to it. */
struct tw_relapse {
	struct tw_outcome *outcome;
	uint64_t states;
	struct twinfs_cut first;
};

/* What a trial found out. */
struct tw_outcome {
	uint64_t serial; /* no other of its worker has it; never 0 */
	struct tw_issue *issues;
	size_t issue_count, issue_room;
	struct tw_shown tree;  /* after the boot; of SecureData, the slots */
	struct tw_boots boots; /* what the boots did to the chip */
	bool holes[TWINFS_HOLE_COUNT];
	bool is_memorable; /* else it may depend on more than was noted */
	struct twinfs_explore_boots figures;

	struct tw_memo_step *steps; /* what it read */
	size_t step_count;
	struct tw_boot_ops ops;      /* of the first boot, if the rig keeps its log */
	struct tw_relapse *relapses; /* of a second cut */
	size_t relapse_count;
	bool was_cut_again;
	uint64_t relapses_counted;  /* the epoch they were last counted in, from 1; 0: never */
	struct tw_verdict *verdict; /* for the moment and the slots it was last judged with */
};

void tw_outcome_free(struct tw_outcome *outcome);

/* Adds an issue; texts are copied. 0 or -ENOMEM. */
int tw_outcome_add(struct tw_outcome *outcome, enum twinfs_finding_kind kind, const char *subject,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Forgets the issues. */
void tw_outcome_drop_issues(struct tw_outcome *outcome);

/* All borrowed. */
struct tw_trial_terms {
	const struct twinfs_explore_options *options;
	const struct tw_rules *rules; /* NULL: none */
	const struct tw_known *known;
	bool shows_backup;        /* the run changes the backup partition too */
	pthread_mutex_t *inspect; /* one caller's check at a time */
};

/* A module to try states on. */
struct tw_rig {
	struct tw_trial_terms terms;
	struct twinfs_module *module;
	struct tw_stage stage;
	struct twinfs_part_info parts[TWINFS_PART_COUNT];
	struct tw_shown scratch;
	struct twinfs_flash_hook hook; /* behind the stage's */
	struct tw_boot_ops ops;        /* as the stage's log */
	bool keeps_log;                /* of the first boot of a trial */
	uint64_t outcomes;             /* made so far */
};

/* Opens the module in memory. As twinfs_module_open(); closed in any case. */
int tw_rig_open(struct tw_rig *rig, const struct tw_trial_terms *terms, struct twinfs_error *err);
void tw_rig_close(struct tw_rig *rig);

/*
 * Tries the state that is up on rig->stage, which is the same afterwards. The
 * stage still says what was read, and holds the log of the first boot if it is to.
 *
 * @crash     which state it is, for the caller's own check
 *
 * Returns 0, also when everything is wrong with it, or -ENOMEM, another failure
 * of the host, or what the caller's check says.
 */
int tw_trial_boot(struct tw_rig *rig, const struct twinfs_crash *crash,
	struct tw_outcome **ret_outcome);
int tw_trial_secure(struct tw_rig *rig, struct tw_outcome **ret_outcome);

#endif
