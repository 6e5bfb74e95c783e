/* SPDX-License-Identifier: MIT */
/*
 * verify.c - everything that must be true of a volume at rest.
 */
#include "verify.h"

#include <string.h>

struct findings {
	char first[sizeof(((struct twinfs_error *)0)->text)];
	int residue;
};

static void note(void *ctx, const struct twinfs_error *finding)
{
	struct findings *findings = ctx;

	if (twinfs_problem_severity(finding->problem) == TWINFS_NOTE)
		return;
	if (!findings->first[0])
		memcpy(findings->first, finding->text, sizeof(findings->first));
	if (twinfs_problem_severity(finding->problem) == TWINFS_WARNING)
		findings->residue++;
}

void verify_format(struct chip *chip, bool residue)
{
	struct findings findings = {0};
	int errors = twinfs_volume_check(chip->flash, &chip->config, note, &findings);

	must(errors == 0, "check: %d errors, first: %s", errors, findings.first);
	must(residue || !findings.residue, "check: %s", findings.first);
}

void verify_fresh_mount(struct chip *chip, const struct model *model, struct twinfs_volume *volume)
{
	struct twinfs_volume *fresh = chip_mount(chip);
	struct twinfs_statfs ours, theirs;
	char why[256] = "";

	must(model_equals(model, fresh, why, sizeof(why)), "after a new mount: %s", why);
	if (volume) {
		must(twinfs_volume_statfs(volume, &ours) == 0 &&
				twinfs_volume_statfs(fresh, &theirs) == 0,
			"statfs");
		must(ours.free == theirs.free && ours.files == theirs.files,
			"%llu free blocks, a new mount counts %llu", (unsigned long long)ours.free,
			(unsigned long long)theirs.free);
	}
	twinfs_volume_unmount(fresh);
}
