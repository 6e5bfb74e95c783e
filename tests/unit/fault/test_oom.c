/* SPDX-License-Identifier: MIT */
/*
 * test_oom.c - rules without memory: one that cannot be kept is not added, and says so.
 */
#include "rig.h"

#include "lib/scarce.h"

static const char *const texts[] = {
	"cut torn 7 at program 300 in data of /usr/a",
	"stick 3 bits in 0x5000+16",
	"wear out in user after 50 cycles",
	"loosen 20 bits in 0x6000+256",
};

static void note_change(void *ctx, const struct twinfs_fault_change *change)
{
	(void)ctx;
	(void)change;
}

/* Adds rules of every kind that the grammar's examples have, and lets them meet operations. */
static int use_rules(void *ctx)
{
	static uint8_t data[PROG];
	struct rig *rig = ctx;
	struct twinfs_fault_site site = {.ctx = rig,
		.part = rig_part,
		.concerns = rig_concerns,
		.ranges = rig_ranges,
		.owner = rig_owner,
		.rehook = rig_rehook};
	int rc = twinfs_faults_new(rig->flash, rig->image, &site, 1, &rig->faults);
	unsigned count;

	if (rc)
		return rc;
	rc = twinfs_faults_add_lines(rig->faults, "note on program\nmisread 1 bit in user\n",
		&count, NULL);
	for (size_t i = 0; !rc && i < sizeof(texts) / sizeof(texts[0]); i++)
		rc = twinfs_faults_add(rig->faults, texts[i], &count, NULL);
	for (unsigned unit = 4; !rc && unit < 12; unit++) {
		const uint8_t *seen;

		rc = twinfs_flash_erase(rig->flash, unit * UNIT, UNIT);
		if (!rc)
			rc = twinfs_flash_program(rig->flash, unit * UNIT, data, PROG);
		if (!rc)
			rc = twinfs_flash_read(rig->flash, unit * UNIT, 64, &seen);
	}
	twinfs_flash_set_hook(rig->flash, NULL);
	twinfs_faults_free(rig->faults);
	rig->faults = NULL;
	return rc;
}

static int damage(void *ctx)
{
	struct rig *rig = ctx;
	const struct twinfs_fault_changes changes = {.each = note_change};

	return twinfs_faults_damage(rig->faults, "flip 9 bits in 0x5000+64", 1, &changes, NULL);
}

START_TEST(rules_without_memory)
{
	static struct rig rig;
	const struct scarce_trial using = {.body = use_rules,
		.ctx = &rig,
		.may_do_without = true /* defects that find no room */};
	const struct scarce_trial damaging = {.body = damage, .ctx = &rig};

	rig_init(&rig, 1);
	twinfs_faults_set_sink(rig.faults, NULL, NULL); /* it asserts */
	(void)scarce_try("damage", &damaging);
	twinfs_faults_free(rig.faults);
	rig.faults = NULL;
	(void)scarce_try("rules", &using);
	rig_release(&rig);
}
END_TEST

RUN_CASES("oom", rules_without_memory)
