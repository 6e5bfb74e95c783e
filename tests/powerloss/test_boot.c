/* SPDX-License-Identifier: MIT */
/*
 * test_boot.c - cuts the power at every flash operation of a booting module.
 *
 * The module's first boot restores four protected files onto an empty user
 * partition: 36 flash operations. As on the device, a cut at 4 of them leaves
 * an empty checksum.json and with it a module that never restores again; no
 * other cut does any harm. Under the safe policy there is no such cut. Other
 * scenes damage files, cut boots that repair them, and cut the boot after the
 * cut. All of it is done on both versions of littlefs.
 */
#include "boot_rig.h"

enum {
	/* of the first boot on version 2: flash operations, cuts that leave restore dead */
	V2_POINTS = 23,
	V2_DEAD = 3,
	V2_DEAD_TWICE = 3,
};

static const struct {
	const char *name;
	uint32_t len;
} protected[] = {{"main.py", 1800}, {"net.py", 5000}, {"config.json", 70}, {"key.dat", 4096}};

#define PROTECTED (sizeof(protected) / sizeof(*protected))

static const uint8_t *content(size_t i)
{
	static uint8_t data[8192];

	for (uint32_t k = 0; k < protected[i].len; k++)
		data[k] = (uint8_t)(i * 31 + k * 7 + k / 251 + 1);
	return data;
}

static void make_table(char *table, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < PROTECTED; i++)
		len += (size_t)snprintf(table + len, size - len,
			"%s{\"name\": \"/usr/%s\", \"crc32\": \"0x%x\"}", i ? ", " : "[",
			protected[i].name,
			twinfs_device_crc(TWINFS_DEVICE_CRC_INIT, content(i), protected[i].len));
	(void)snprintf(table + len, size - len, "]");
}

static void fill_backup(struct module *module)
{
	struct twinfs_volume *volume;
	uint64_t usr;
	char table[1000];

	volume = mount_part(module, &module->boot.backup);
	make_table(table, sizeof(table));
	put_file(volume, TWINFS_ROOT_INO, "checksum.json", table, strlen(table));
	put_file(volume, TWINFS_ROOT_INO, "backup_restore.json", "{\"enable\": 1}", 13);
	must(twinfs_volume_mkdir(volume, TWINFS_ROOT_INO, "usr", &usr) == 0, "mkdir");
	for (size_t i = 0; i < PROTECTED; i++)
		put_file(volume, usr, protected[i].name, content(i), protected[i].len);
	twinfs_volume_unmount(volume);
}

/* An application that rewrites what is protected and writes of its own, with files open. */
static int run_application(struct twinfs_volume *volume)
{
	uint64_t ino, dir, log;
	int rc = twinfs_volume_walk(volume, "net.py", &ino);

	if (!rc)
		rc = twinfs_volume_open(volume, ino);
	if (!rc && twinfs_volume_write(volume, ino, "changed", 7, 4200) == 7)
		rc = twinfs_volume_sync(volume, ino);
	if (!rc)
		rc = twinfs_volume_mkdir(volume, TWINFS_ROOT_INO, "log", &dir);
	if (!rc)
		rc = twinfs_volume_create(volume, dir, "today", &log);
	if (!rc)
		rc = twinfs_volume_rename(volume, TWINFS_ROOT_INO, "key.dat", dir, "key.dat", 0);
	if (!rc)
		rc = twinfs_volume_open(volume, log);
	/* Never synced: the restart loses it. */
	if (!rc && twinfs_volume_write(volume, log, "lost", 4, 0) != 4)
		rc = -EIO;
	return rc;
}

/* Boot, use, restart with unsynced content, boot. */
static int boot_use_restart(struct module *module)
{
	int rc = tw_boot_run(&module->boot, NULL);

	if (rc)
		return rc;
	rc = run_application(module->boot.user_volume);
	tw_boot_release(&module->boot);
	twinfs_boot_report_free(module->boot.report);
	module->boot.report = NULL;
	return rc ? rc : boot(module, NULL);
}

static bool is_right(struct twinfs_volume *volume, size_t i)
{
	static uint8_t data[8192];
	uint64_t ino;
	int64_t got;

	if (twinfs_volume_walk(volume, protected[i].name, &ino))
		return false;
	must(twinfs_volume_open(volume, ino) == 0, "open");
	got = twinfs_volume_read(volume, ino, data, sizeof(data), 0);
	twinfs_volume_close(volume, ino);
	return got == protected[i].len && !memcmp(data, content(i), protected[i].len);
}

static size_t count_right(struct module *module)
{
	struct twinfs_volume *volume = mount_part(module, &module->boot.user);
	size_t right = 0;

	for (size_t i = 0; i < PROTECTED; i++)
		right += is_right(volume, i);
	twinfs_volume_unmount(volume);
	return right;
}

static bool has_hole(const struct twinfs_boot_report *report, enum twinfs_hole_id id)
{
	for (size_t i = 0; i < report->hole_count; i++)
		if (report->holes[i].id == id && !report->holes[i].closed)
			return true;
	return false;
}

/* Boots once more after a cut: everything is right, or restore is dead and says so. */
static bool recovers(struct module *module)
{
	struct twinfs_boot_report *report;
	uint64_t before;
	bool is_dead;

	chip_heal(&module->chip);
	must(boot(module, &report) == 0, "the boot after the cut");
	is_dead = has_hole(report, TWINFS_HOLE_TABLE_EMPTY);
	twinfs_boot_report_free(report);
	must(is_dead || count_right(module) == PROTECTED, "%zu of %zu protected files are right",
		count_right(module), PROTECTED);
	before = operations(module);
	must(boot(module, NULL) == 0, "one more boot");
	must(operations(module) == before, "one more boot changes the flash");
	return !is_dead;
}

static void open_module(struct module *module, uint32_t major, enum twinfs_policy policy)
{
	init_module(module, major, policy);
	module->recovers = recovers;
	fill_backup(module);
}

/* The safe policy leaves none. */
static void expect_dead(enum twinfs_policy policy, unsigned dead, unsigned on_device)
{
	must(dead == (policy == TWINFS_POLICY_SAFE ? 0 : on_device), "%u dead ends", dead);
}

static void first_restore(uint32_t major, enum twinfs_policy policy)
{
	struct module module;
	unsigned points, states, dead;
	uint64_t before;

	open_module(&module, major, policy);
	keep_start(&module);
	before = operations(&module);
	must(boot(&module, NULL) == 0, "boot");
	if (policy == TWINFS_POLICY_DEVICE && major == 1)
		must(operations(&module) - before == 36, "%" PRIu64 " flash operations, not 36",
			operations(&module) - before);
	must(count_right(&module) == PROTECTED, "restored");
	for (unsigned eighths = 0; eighths <= 8; eighths++) {
		dead = cut_everywhere(&module, eighths, &points);
		must(policy == TWINFS_POLICY_SAFE || points == (major == 1 ? 36 : V2_POINTS),
			"%u points", points);
		/* Done wholly, an operation counts as before: one point later. */
		expect_dead(policy, dead, major == 1 ? 4 : V2_DEAD);
		printf("%s: %u points, %u/8 done: %u leave restore dead\n",
			twinfs_policy_name(policy), points, eighths, dead);
	}
	dead = cut_twice(&module, false, &states);
	/* Before the table's name is there: 2 first cuts (1), then 4 second ones each (3). */
	expect_dead(policy, dead, major == 1 ? 8 : V2_DEAD_TWICE);
	dead = cut_twice(&module, true, &states);
	must(policy == TWINFS_POLICY_DEVICE || !dead, "%u dead ends with two cuts", dead);
	printf("%s: %u states with two cuts: %u leave restore dead; %" PRIu64 " cuts\n",
		twinfs_policy_name(policy), states, dead, module.cuts);
	release_module(&module);
}

/* Protected files changed, emptied and deleted; the table is there. */
static void damaged_files(uint32_t major, enum twinfs_policy policy)
{
	struct module module;
	struct twinfs_volume *volume;
	unsigned points;
	uint64_t ino;

	open_module(&module, major, policy);
	must(boot(&module, NULL) == 0, "boot");
	volume = mount_part(&module, &module.boot.user);
	must(twinfs_volume_walk(volume, "net.py", &ino) == 0, "net.py");
	must(twinfs_volume_open(volume, ino) == 0, "open");
	must(twinfs_volume_write(volume, ino, "#", 1, 4500) == 1, "write");
	must(twinfs_volume_sync(volume, ino) == 0, "sync");
	must(twinfs_volume_walk(volume, "config.json", &ino) == 0, "config.json");
	must(twinfs_volume_open(volume, ino) == 0, "open");
	must(twinfs_volume_truncate(volume, ino, 0) == 0, "truncate");
	must(twinfs_volume_sync(volume, ino) == 0, "sync");
	must(twinfs_volume_unlink(volume, TWINFS_ROOT_INO, "main.py") == 0, "unlink");
	twinfs_volume_unmount(volume);
	keep_start(&module);
	for (unsigned eighths = 0; eighths <= 8; eighths++) {
		must(cut_everywhere(&module, eighths, &points) == 0, "a dead end");
		must(points > 10, "only %u points", points);
	}
	printf("%s: damaged files: %" PRIu64 " cuts, all recover\n", twinfs_policy_name(policy),
		module.cuts);
	release_module(&module);
}

/* A restart in the middle of an application's work. */
static void restart_in_the_middle(uint32_t major, enum twinfs_policy policy)
{
	struct module module;
	unsigned points;

	open_module(&module, major, policy);
	must(boot(&module, NULL) == 0, "boot");
	keep_start(&module);
	module.scene = boot_use_restart;
	for (unsigned eighths = 0; eighths <= 8; eighths++) {
		must(cut_everywhere(&module, eighths, &points) == 0, "a dead end");
		must(points > (major == 1 ? 25 : 15), "only %u points", points);
	}
	printf("%s: restart in the middle: %" PRIu64 " cuts, all recover\n",
		twinfs_policy_name(policy), module.cuts);
	release_module(&module);
}

/* The user partition cannot be mounted: formatted, then restored. */
static void unmountable_user(uint32_t major, enum twinfs_policy policy)
{
	struct module module;
	unsigned dead = 0, points;

	open_module(&module, major, policy);
	memset(chip_bytes(&module.chip), 0x5a, 2 * BLOCK);
	keep_start(&module);
	for (unsigned eighths = 0; eighths <= 8; eighths += 4) {
		dead += cut_everywhere(&module, eighths, &points);
		must(policy == TWINFS_POLICY_SAFE || points == (major == 1 ? 42 : V2_POINTS + 4),
			"%u points", points);
	}
	expect_dead(policy, dead, major == 1 ? 12 : 3 * V2_DEAD);
	printf("%s: unmountable partition: %" PRIu64 " cuts\n", twinfs_policy_name(policy),
		module.cuts);
	release_module(&module);
}

static void try_all(uint32_t major)
{
	for (enum twinfs_policy policy = TWINFS_POLICY_DEVICE; policy <= TWINFS_POLICY_SAFE;
		policy++) {
		printf("littlefs %" PRIu32 "\n", major);
		first_restore(major, policy);
		damaged_files(major, policy);
		restart_in_the_middle(major, policy);
		unmountable_user(major, policy);
	}
}

int main(void)
{
	try_all(1);
	try_all(2);
	return 0;
}
