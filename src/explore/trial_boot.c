/* SPDX-License-Identifier: MIT */
/*
 * trial_boot.c - the trial of the volumes: a boot, and all that follows.
 *
 * The order is that of a device's life: it is checked as the cut left it, it
 * boots, it boots once more if the first boot wrote anything (one that wrote
 * nothing cannot make a difference to the second), the user's rules are looked
 * at, and the application makes its first changes. Residue of the cut is
 * repaired by the first change only, so that is where a bad repair shows.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "protect.h"
#include "trial.h"

#define PROBE_NAME  ".twinfs-explore"
#define PROBE_OTHER ".twinfs-explored"

struct trial {
	struct tw_rig *rig;
	struct tw_outcome *outcome;
	const struct twinfs_crash *crash;
	struct twinfs_volume *user, *backup; /* while the module is on */
	bool is_repaired; /* the first change is made: residue is an error, too */
	int rc;           /* of the callbacks */
};

/* Whether an error is the host's: then nothing can be said about the module. */
static bool is_of_host(int rc)
{
	return rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE;
}

/* ---- the format ---- */

static void each_problem(void *ctx, const struct twinfs_error *finding)
{
	struct trial *trial = ctx;
	enum twinfs_severity severity = twinfs_problem_severity(finding->problem);
	const char *name = twinfs_problem_name(finding->problem);
	int rc = 0;

	if (severity == TWINFS_ERROR && !trial->is_repaired)
		rc = tw_outcome_add(trial->outcome, TWINFS_FINDING_CHECK, name, "%s",
			finding->text);
	else if (severity != TWINFS_NOTE && trial->is_repaired)
		rc = tw_outcome_add(trial->outcome, TWINFS_FINDING_GOING_ON, name,
			"after the first change: %s", finding->text);
	if (!trial->rc)
		trial->rc = rc;
}

static int check_part(struct trial *trial, enum twinfs_part part)
{
	const struct twinfs_part_info *info = &trial->rig->parts[part];
	int rc;

	if (!info->present)
		return 0;
	rc = twinfs_volume_check(trial->rig->stage.flash, &info->config, each_problem, trial);
	return rc < 0 ? rc : trial->rc;
}

static int check_volumes(struct trial *trial)
{
	int rc = check_part(trial, TWINFS_PART_USER);

	return rc || !trial->rig->terms.shows_backup ? rc : check_part(trial, TWINFS_PART_BACKUP);
}

/* ---- content ---- */

static int each_extent(void *ctx, const struct twinfs_extent *extent)
{
	struct trial *trial = ctx;

	if (extent->owner.role == TWINFS_OWNER_DATA)
		tw_stage_content(&trial->rig->stage, extent->addr, extent->len);
	return 0;
}

/*
 * Says which blocks hold content before the boot changes any: of those every
 * byte counts. Of a volume that cannot be mounted nothing is known.
 */
static int find_content(struct trial *trial, enum twinfs_part part)
{
	struct twinfs_volume_config config = trial->rig->parts[part].config;
	const struct twinfs_extents extents = {each_extent, trial};
	struct twinfs_volume *volume;
	int rc;

	if (!trial->rig->parts[part].present)
		return 0;
	config.flags |= TWINFS_VOLUME_READ_ONLY;
	rc = twinfs_volume_mount(trial->rig->stage.flash, &config, &volume, NULL);
	if (rc) {
		trial->outcome->is_memorable = false;
		return is_of_host(rc) ? rc : 0;
	}
	rc = twinfs_volume_map(volume, NULL, &extents);
	twinfs_volume_unmount(volume);
	return rc;
}

/* ---- boots ---- */

static int fail_boot(struct trial *trial, int rc, const struct twinfs_error *err)
{
	if (is_of_host(rc) || trial->rig->stage.rc)
		return rc;
	trial->outcome->is_memorable = false;
	return tw_outcome_add(trial->outcome, TWINFS_FINDING_BOOT, "",
		"the module does not boot: %s", err->text);
}

/* 0: it runs. *@ret_is_on is false when it does not, and that is an issue. */
static int power_on(struct trial *trial, bool *ret_is_on)
{
	struct twinfs_module *module = trial->rig->module;
	struct twinfs_error err = {0};
	int rc;

	twinfs_module_power_off(module);
	rc = twinfs_module_power_on(module, NULL, &err);
	*ret_is_on = !rc;
	if (rc)
		return fail_boot(trial, rc, &err);
	trial->user = twinfs_module_user(module);
	trial->backup = twinfs_module_backup(module);
	return 0;
}

static bool is_known(const struct tw_known *known, const char *name)
{
	for (size_t i = 0; i < known->name_count; i++)
		if (!strcmp(known->names[i], name))
			return true;
	return false;
}

static int judge_holes(struct trial *trial, const struct twinfs_boot_report *report)
{
	const struct tw_known *known = trial->rig->terms.known;
	int rc = 0;

	for (size_t i = 0; !rc && i < report->hole_count; i++) {
		const struct twinfs_hole *hole = &report->holes[i];
		bool is_backup = hole->id == TWINFS_HOLE_BACKUP_WIPED;

		trial->outcome->holes[hole->id] = true;
		if (!hole->closed && !known->holes[hole->id])
			rc = tw_outcome_add(trial->outcome,
				is_backup ? TWINFS_FINDING_BACKUP : TWINFS_FINDING_HOLE,
				twinfs_hole_name(hole->id), "%s", hole->text);
	}
	return rc;
}

/* Whether nothing kept the boot from doing all its work, nor a boot of the uncut run. */
static bool has_finished(const struct trial *trial, const struct twinfs_boot_report *report)
{
	for (unsigned i = 0; i < TWINFS_HOLE_COUNT; i++)
		if (trial->rig->terms.known->holes[i])
			return false;
	for (size_t i = 0; i < report->hole_count; i++)
		if (!report->holes[i].closed)
			return false;
	return true;
}

/* Each entry of the table has to be right, be it that this boot made it so. */
static int judge_protected(struct trial *trial, const struct twinfs_boot_report *report,
	const char *when)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < report->file_count; i++) {
		const struct twinfs_boot_file *file = &report->files[i];

		if (file->verdict == TWINFS_VERDICT_INTACT ||
			file->verdict == TWINFS_VERDICT_RESTORED ||
			is_known(trial->rig->terms.known, file->name))
			continue;
		rc = tw_outcome_add(trial->outcome, TWINFS_FINDING_PROTECTED, file->name,
			"protected file '%s' is wrong after %s: %s (%s)", file->name, when,
			twinfs_verdict_name(file->verdict), twinfs_reason_name(file->reason));
	}
	return rc;
}

/* A restored file whose entry could not be given its hash is wrong by the firmware's own rules. */
static bool claims_right(const struct twinfs_boot_file *file)
{
	return file->verdict == TWINFS_VERDICT_INTACT ||
	       (file->verdict == TWINFS_VERDICT_RESTORED && file->hash_updated);
}

/* What the boot says of a protected file is not taken for granted. */
static int judge_claims(struct trial *trial, const struct twinfs_boot_report *report)
{
	_cleanup_(tw_protection_release) struct tw_protection protection = {0};
	int rc = report->file_count ? tw_protection_read(&protection, trial->user) : 0;

	for (size_t i = 0; !rc && i < report->file_count; i++) {
		const struct twinfs_boot_file *file = &report->files[i];
		bool is_right;

		if (!claims_right(file) || is_known(trial->rig->terms.known, file->name))
			continue;
		rc = tw_protection_check(&protection, file->name, &is_right);
		if (!rc && !is_right)
			rc = tw_outcome_add(trial->outcome, TWINFS_FINDING_PROTECTED, file->name,
				"protected file '%s' is not what checksum.json says after the "
				"boot, which called it %s",
				file->name, twinfs_verdict_name(file->verdict));
	}
	return rc;
}

static void count_boot(struct trial *trial, const struct twinfs_boot_report *report)
{
	struct twinfs_explore_boots *figures = &trial->outcome->figures;

	figures->boots = 1;
	figures->again = trial->crash->again.kind != TWINFS_CUT_NONE;
	figures->writing = report->flash_programs + report->flash_erases > 0;
	for (size_t i = 0; i < report->file_count; i++)
		figures->files += report->files[i].verdict == TWINFS_VERDICT_RESTORED;
	figures->restoring = figures->files || report->table_copied;
	figures->formatting = report->user_formatted;
	figures->programs = report->flash_programs;
	figures->erases = report->flash_erases;
	figures->flash_ns = figures->flash_ns_max = report->flash_ns;
}

/* What a boot wrote decides what may be there now. */
static int note_deeds(struct trial *trial, const struct twinfs_boot_report *report)
{
	if (report->flash_programs + report->flash_erases == 0)
		return 0;
	return tw_boots_add(&trial->outcome->boots, report);
}

static int show(struct trial *trial, struct tw_shown *tree)
{
	int rc = 0;

	if (trial->user)
		rc = tw_shown_add_volume(tree, "/usr", trial->user, TWINFS_ROOT_INO, NULL);
	if (!rc && trial->backup && trial->rig->terms.shows_backup)
		rc = tw_shown_add_volume(tree, "/bak", trial->backup, TWINFS_ROOT_INO, NULL);
	return rc;
}

static bool is_same_sum(const struct tw_shown *a, const struct tw_shown *b)
{
	return a->sum.low == b->sum.low && a->sum.high == b->sum.high;
}

/* Path of a thing that is in one tree, and not so in the other. */
static const char *find_difference(const struct tw_shown *a, const struct tw_shown *b)
{
	const struct tw_shown *trees[] = {a, b};

	for (unsigned turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < trees[turn]->count; i++) {
			const struct tw_thing *thing = &trees[turn]->things[i], *other;
			const char *path = tw_shown_path(trees[turn], thing);

			other = tw_shown_find(trees[!turn], path, thing->attr);
			if (!other || !tw_version_is_same(&other->version, &thing->version))
				return path;
		}
	}
	return "";
}

/* Compares what the module shows now with what it showed after the boot. */
static int compare(struct trial *trial, enum twinfs_finding_kind kind, const char *when)
{
	struct tw_shown *now = &trial->rig->scratch, *then = &trial->outcome->tree;
	const char *path;
	int rc;

	tw_shown_clear(now);
	rc = show(trial, now);
	if (rc || is_same_sum(now, then))
		return rc;
	path = find_difference(now, then);
	return tw_outcome_add(trial->outcome, kind, path, "%s is not what it was before %s", path,
		when);
}

static int first_boot(struct trial *trial, bool *ret_goes_on)
{
	const struct twinfs_boot_report *report;
	int rc = power_on(trial, ret_goes_on);

	tw_stage_stop_log(&trial->rig->stage);
	if (rc || !*ret_goes_on)
		return rc;
	report = twinfs_module_last_boot(trial->rig->module);
	/* What was no volume broke no rule of a volume. Its head was looked at only in part. */
	if (report->user_formatted)
		tw_outcome_drop_issues(trial->outcome);
	if (report->user_formatted || report->backup_replaced)
		trial->outcome->is_memorable = false;
	count_boot(trial, report);
	rc = note_deeds(trial, report);
	trial->outcome->boots.has_finished = has_finished(trial, report);
	if (!rc)
		rc = judge_holes(trial, report);
	if (!rc)
		rc = judge_protected(trial, report, "the boot");
	if (!rc)
		rc = judge_claims(trial, report);
	if (!rc)
		rc = show(trial, &trial->outcome->tree);
	return rc;
}

static int second_boot(struct trial *trial, bool *ret_goes_on)
{
	const struct twinfs_boot_report *report;
	uint64_t writes = trial->rig->stage.writes;
	int rc = power_on(trial, ret_goes_on);

	if (rc || !*ret_goes_on)
		return rc;
	report = twinfs_module_last_boot(trial->rig->module);
	rc = note_deeds(trial, report);
	if (!rc && trial->rig->stage.writes != writes)
		rc = tw_outcome_add(trial->outcome, TWINFS_FINDING_SECOND, "",
			"the second boot writes too: %" PRIu64 " programs, %" PRIu64 " erases",
			report->flash_programs, report->flash_erases);
	if (!rc)
		rc = judge_holes(trial, report);
	for (size_t i = 0; !rc && i < report->file_count; i++)
		if (report->files[i].verdict == TWINFS_VERDICT_RESTORED)
			rc = tw_outcome_add(trial->outcome, TWINFS_FINDING_SECOND,
				report->files[i].name, "the second boot restores '%s' once more",
				report->files[i].name);
	if (!rc)
		rc = judge_protected(trial, report, "the second boot");
	if (!rc)
		rc = compare(trial, TWINFS_FINDING_SECOND, "the second boot");
	return rc ? rc : check_volumes(trial);
}

/* ---- other checks ---- */

static void each_broken(void *ctx, const struct tw_broken_rule *broken)
{
	struct trial *trial = ctx;

	if (!trial->rc)
		trial->rc = tw_outcome_add(trial->outcome, TWINFS_FINDING_USER, broken->rule, "%s",
			broken->text);
}

static int try_rules(struct trial *trial)
{
	const struct tw_trial_terms *terms = &trial->rig->terms;
	const struct twinfs_part_info *part = &trial->rig->parts[TWINFS_PART_SECURE];
	struct tw_rules_subject subject = {trial->user, trial->backup, NULL};
	int rc = 0;

	if (!terms->rules)
		return 0;
	/* The module's own object knows the slots of some other state. */
	if (twinfs_module_secure(trial->rig->module))
		rc = twinfs_secure_open(trial->rig->stage.flash, part->addr, part->size,
			terms->options->module.key_file, &subject.secure, NULL);
	if (!is_of_host(rc))
		rc = tw_rules_try(terms->rules, &subject, each_broken, trial);
	twinfs_secure_close(subject.secure);
	return rc < 0 ? rc : trial->rc;
}

static int inspect(struct trial *trial)
{
	const struct twinfs_explore_options *options = trial->rig->terms.options;
	char text[256] = "";
	int rc;

	if (!options->inspect || trial->outcome->issue_count)
		return 0;
	(void)pthread_mutex_lock(trial->rig->terms.inspect);
	rc = options->inspect(options->ctx, trial->crash, twinfs_module_image(trial->rig->module),
		text, sizeof(text));
	(void)pthread_mutex_unlock(trial->rig->terms.inspect);
	return rc > 0 ? tw_outcome_add(trial->outcome, TWINFS_FINDING_INSPECT, "", "%s", text) : rc;
}

/* ---- going on ---- */

static int write_probe(struct twinfs_volume *volume, uint64_t ino)
{
	static const char content[] = "the application goes on";
	char again[sizeof(content)];
	int64_t done;
	int rc = twinfs_volume_open(volume, ino);

	if (rc)
		return rc;
	done = twinfs_volume_write(volume, ino, content, sizeof(content), 0);
	rc = done < 0 ? (int)done : twinfs_volume_sync(volume, ino);
	if (rc)
		twinfs_volume_discard(volume, ino);
	else if (twinfs_volume_read(volume, ino, again, sizeof(again), 0) != sizeof(again) ||
		 memcmp(again, content, sizeof(again)) != 0)
		rc = -EIO;
	twinfs_volume_close(volume, ino);
	return rc;
}

/* Changes of every kind, after which all is as it was. A full volume allows fewer of them. */
static int make_changes(struct twinfs_volume *volume, bool *ret_is_full)
{
	const char *name = PROBE_NAME;
	uint64_t ino;
	int rc = twinfs_volume_create(volume, TWINFS_ROOT_INO, name, &ino), last;

	*ret_is_full = rc == -ENOSPC;
	if (rc)
		return *ret_is_full ? 0 : rc;
	rc = write_probe(volume, ino);
	if (!rc || rc == -ENOSPC) {
		rc = twinfs_volume_rename(volume, TWINFS_ROOT_INO, name, TWINFS_ROOT_INO,
			PROBE_OTHER, 0);
		name = rc ? name : PROBE_OTHER;
	}
	last = twinfs_volume_unlink(volume, TWINFS_ROOT_INO, name);
	rc = rc == -ENOSPC ? 0 : rc;
	return rc ? rc : last;
}

static int go_on(struct trial *trial)
{
	bool is_full;
	int rc;

	if (!trial->user)
		return 0;
	rc = make_changes(trial->user, &is_full);
	if (is_of_host(rc) || trial->rig->stage.rc)
		return rc;
	if (rc)
		return tw_outcome_add(trial->outcome, TWINFS_FINDING_GOING_ON, "",
			"no file can be made, written, renamed and removed: %s",
			twinfs_strerror(rc));
	rc = compare(trial, TWINFS_FINDING_GOING_ON, "the first change");
	trial->is_repaired = true;
	if (!rc && !is_full)
		rc = check_part(trial, TWINFS_PART_USER);
	return rc;
}

/* ---- all of it ---- */

static int run(struct trial *trial)
{
	bool goes_on = false;
	int rc = find_content(trial, TWINFS_PART_USER);

	if (!rc)
		rc = find_content(trial, TWINFS_PART_BACKUP);
	if (!rc)
		rc = check_volumes(trial);
	if (!rc)
		rc = first_boot(trial, &goes_on);
	if (!rc && goes_on && trial->rig->stage.writes)
		rc = second_boot(trial, &goes_on);
	if (rc || !goes_on)
		return rc;
	rc = try_rules(trial);
	if (!rc)
		rc = inspect(trial);
	return rc ? rc : go_on(trial);
}

int tw_trial_boot(struct tw_rig *rig, const struct twinfs_crash *crash,
	struct tw_outcome **ret_outcome)
{
	struct trial trial = {.rig = rig, .crash = crash};
	int rc, end;

	trial.outcome = calloc(1, sizeof(*trial.outcome));
	if (!trial.outcome)
		return -ENOMEM;
	trial.outcome->serial = ++rig->outcomes;
	trial.outcome->is_memorable = true;
	tw_boot_ops_release(&rig->ops);
	tw_stage_begin(&rig->stage, rig->keeps_log && crash->again.kind == TWINFS_CUT_NONE);
	rc = run(&trial);
	trial.outcome->ops = rig->ops;
	rig->ops = (struct tw_boot_ops){0};
	twinfs_module_power_off(rig->module);
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
