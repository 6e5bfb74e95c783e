/* SPDX-License-Identifier: MIT */
/*
 * test_update.c - cuts the power at every flash operation of a boot that
 * applies an update of user files.
 *
 * The update has one protected file, which must not be taken for a damaged one
 * in between, and a new one in a new directory: 48 flash operations. Whichever
 * of them is cut, whole or torn, and whichever of the boot after that, both
 * files are new in the end and the table holds the new hash. Some of these
 * boots have to put the factory copy of the protected file back first, since
 * its hash is the old one; some find the flag gone and leave the rest.
 */
#include "boot_rig.h"

enum {
	POINTS = 48,
	RESTORED = 4, /* cut between the copy of the protected file and its hash */
	IDLE = 14,    /* cut behind the removal of the flag */
	LEFT = 12,    /* of these, what was downloaded is still there in part */
	TWICE = 1236, /* states with a second cut in the boot after the first */
};

#define MAIN "/usr/main.py"
#define NEW  "/usr/feature/new.py"
#define STAT                                                                                       \
	"[{\"name\": \"" MAIN "\", \"url\": \"u\", \"total_size\": 1200}, "                        \
	"{\"total_size\": 5000, \"name\": \"" NEW "\", \"url\": \"u\"}]"

static const struct content {
	size_t len;
	uint8_t seed;
} old_main = {1800, 1}, new_main = {1200, 2}, new_file = {5000, 3};

/* What boots after cuts found and did. */
static struct tally {
	unsigned restored; /* put the factory copy of the protected file back first */
	unsigned idle;     /* had nothing to apply */
	unsigned left;     /* and left the updater's directory */
} tally;

static const uint8_t *bytes_of(const struct content *content)
{
	static uint8_t data[8192];

	for (size_t i = 0; i < content->len; i++)
		data[i] = (uint8_t)(content->seed * 31 + i * 7 + i / 251);
	return data;
}

static void make_table(const struct content *content, char table[200])
{
	(void)snprintf(table, 200, "[{\"name\": \"" MAIN "\", \"crc32\": \"0x%x\"}]",
		twinfs_device_crc(TWINFS_DEVICE_CRC_INIT, bytes_of(content), content->len));
}

static void put_content(struct twinfs_volume *volume, uint64_t dir, const char *name,
	const struct content *content)
{
	put_file(volume, dir, name, bytes_of(content), content->len);
}

static uint64_t make_dir(struct twinfs_volume *volume, uint64_t parent, const char *name)
{
	uint64_t ino;

	must(twinfs_volume_mkdir(volume, parent, name, &ino) == 0, "mkdir %s", name);
	return ino;
}

static void fill_backup(struct module *module)
{
	struct twinfs_volume *volume = mount_part(module, &module->boot.backup);
	char table[200];

	make_table(&old_main, table);
	put_file(volume, TWINFS_ROOT_INO, "checksum.json", table, strlen(table));
	put_file(volume, TWINFS_ROOT_INO, "backup_restore.json", "{\"enable\": 1}", 13);
	put_content(volume, make_dir(volume, TWINFS_ROOT_INO, "usr"), "main.py", &old_main);
	twinfs_volume_unmount(volume);
}

/* What an application leaves that has downloaded both files and set the flag. */
static void arm_update(struct module *module)
{
	struct twinfs_volume *volume = mount_part(module, &module->boot.user);
	uint64_t updater = make_dir(volume, TWINFS_ROOT_INO, ".updater");
	uint64_t usr = make_dir(volume, updater, "usr");

	put_content(volume, usr, "main.py", &new_main);
	put_content(volume, make_dir(volume, usr, "feature"), "new.py", &new_file);
	put_file(volume, updater, "download.stat", STAT, strlen(STAT));
	put_file(volume, updater, "update.flag", "", 0);
	twinfs_volume_unmount(volume);
}

static bool has_content(struct twinfs_volume *volume, const char *path, const void *data,
	size_t len)
{
	static uint8_t found[8192];
	uint64_t ino;
	int64_t got;

	if (twinfs_volume_walk(volume, path, &ino))
		return false;
	must(twinfs_volume_open(volume, ino) == 0, "open");
	got = twinfs_volume_read(volume, ino, found, sizeof(found), 0);
	twinfs_volume_close(volume, ino);
	return got == (int64_t)len && !memcmp(found, data, len);
}

static void count(const struct twinfs_boot_report *report, bool is_left)
{
	tally.restored += report->files[0].verdict == TWINFS_VERDICT_RESTORED;
	tally.idle += !report->update.armed;
	tally.left += is_left;
	must(report->update.armed == report->update.cleaned_up, "armed, and not cleaned up");
	must(!is_left || !report->update.armed, "cleaned up, but something is left");
}

/* Whether the updater's directory is there. */
static bool expect_new(struct module *module)
{
	struct twinfs_volume *volume = mount_part(module, &module->boot.user);
	char table[200];
	uint64_t ino;
	int rc;

	must(has_content(volume, "main.py", bytes_of(&new_main), new_main.len), "main.py");
	must(has_content(volume, "feature/new.py", bytes_of(&new_file), new_file.len), "new.py");
	make_table(&new_main, table);
	must(has_content(volume, "checksum.json", table, strlen(table)), "the hash");
	must(twinfs_volume_walk(volume, ".updater/update.flag", &ino) == -ENOENT, "still armed");
	rc = twinfs_volume_walk(volume, ".updater", &ino);
	twinfs_volume_unmount(volume);
	return !rc;
}

/* One boot after the cut is enough, and the next one finds nothing to do. */
static bool recovers(struct module *module)
{
	struct twinfs_boot_report *report;
	uint64_t before;

	chip_heal(&module->chip);
	must(boot(module, &report) == 0, "the boot after the cut");
	count(report, expect_new(module));
	twinfs_boot_report_free(report);
	before = operations(module);
	must(boot(module, &report) == 0, "one more boot");
	must(operations(module) == before, "one more boot changes the flash");
	must(!report->update.armed && !report->error && !report->hole_count, "not idle");
	twinfs_boot_report_free(report);
	return true;
}

static void try_update(uint32_t major, enum twinfs_policy policy)
{
	struct module module;
	unsigned points, states;

	init_module(&module, major, policy);
	module.recovers = recovers;
	fill_backup(&module);
	must(boot(&module, NULL) == 0, "the first boot");
	arm_update(&module);
	keep_start(&module);
	for (unsigned eighths = 0; eighths <= 8; eighths++) {
		tally = (struct tally){0};
		(void)cut_everywhere(&module, eighths, &points);
		if (major == 1 && !eighths)
			must(tally.restored == RESTORED && tally.idle == IDLE && tally.left == LEFT,
				"%u restored, %u idle, %u left", tally.restored, tally.idle,
				tally.left);
		must(major != 1 || points == POINTS, "%u points", points);
	}
	(void)cut_twice(&module, false, &states);
	must(major != 1 || policy != TWINFS_POLICY_DEVICE || states == TWICE,
		"%u states with two cuts", states);
	(void)cut_twice(&module, true, &states);
	printf("littlefs %" PRIu32 ", %s: %u points, %" PRIu64 " cuts: all end with both files "
	       "new\n",
		major, twinfs_policy_name(policy), points, module.cuts);
	release_module(&module);
}

int main(void)
{
	for (uint32_t major = 1; major <= 2; major++)
		for (enum twinfs_policy policy = TWINFS_POLICY_DEVICE; policy <= TWINFS_POLICY_SAFE;
			policy++)
			try_update(major, policy);
	return 0;
}
