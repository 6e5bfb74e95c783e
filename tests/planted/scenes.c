/* SPDX-License-Identifier: MIT */
/*
 * scenes.c - the runs that are explored.
 */
#include "scenes.h"

#include <stdio.h>

#define STAT                                                                                       \
	"[{\"name\": \"/usr/main.py\", \"url\": \"u\", \"total_size\": 1200}, "                    \
	"{\"total_size\": 6000, \"name\": \"/usr/feature/new.py\", \"url\": \"u\"}]"

/* ---- files ---- */

static void prepare_files(struct rig *rig)
{
	rig_put(rig, "/usr/big.bin", 1, 10000);
	rig_put(rig, "/usr/log.txt", 2, 3000);
}

static void run_files(struct rig *rig)
{
	for (unsigned i = 0; i < 8; i++)
		rig_put(rig, "/usr/config.json", 10 + i, 280 + 20 * i);
	rig_put(rig, "/usr/big.bin", 20, 11000);
	rig_change(rig, "/usr/big.bin", 21, 5000, 100);
	rig_change(rig, "/usr/log.txt", 22, 3000, 4000);
	rig_cut_off(rig, "/usr/log.txt", 1000);
	rig_put(rig, "/usr/new.json", 23, 60);
	rig_put(rig, "/usr/new.json", 24, 90);
	rig_unlink(rig, "/usr/new.json");
	rig_put(rig, "/usr/big.bin", 25, 4000);
	for (unsigned i = 0; i < 8; i++)
		rig_put(rig, "/usr/config.json", 30 + i, 200 + 30 * i);
}

/* ---- an update ---- */

/* What an application leaves that has downloaded two files, and has set the flag. */
static void arm_update(struct rig *rig)
{
	rig_mkdir(rig, "/usr/.updater");
	rig_mkdir(rig, "/usr/.updater/usr");
	rig_mkdir(rig, "/usr/.updater/usr/feature");
	rig_put(rig, "/usr/.updater/usr/main.py", 50, 1200);
	rig_put(rig, "/usr/.updater/usr/feature/new.py", 51, 6000);
	rig_put_text(rig, "/usr/.updater/download.stat", STAT);
	rig_put_text(rig, "/usr/.updater/update.flag", "");
}

/* ---- renames ---- */

static void prepare_renames(struct rig *rig)
{
	rig_mkdir(rig, "/usr/a");
	rig_mkdir(rig, "/usr/b");
	rig_put(rig, "/usr/a/one", 1, 5000);
	rig_put(rig, "/usr/a/two", 2, 100);
	rig_put(rig, "/usr/b/three", 3, 300);
	rig_mkdir(rig, "/usr/a/deep");
	rig_put(rig, "/usr/a/deep/four", 4, 200);
	rig_mkdir(rig, "/usr/b/empty");
}

/* Every boot after a cut has an update to apply: before its first change it repairs. */
static void prepare_renames_armed(struct rig *rig)
{
	prepare_renames(rig);
	arm_update(rig);
}

static void run_renames(struct rig *rig)
{
	rig_rename(rig, "/usr/a/one", "/usr/a/uno");
	rig_rename(rig, "/usr/a/two", "/usr/b/two");
	rig_rename(rig, "/usr/a/uno", "/usr/b/three");
	rig_rename(rig, "/usr/a/deep", "/usr/b/deep");
	rig_put(rig, "/usr/config.new", 5, 320);
	rig_rename(rig, "/usr/config.new", "/usr/config.json");
	rig_rename(rig, "/usr/b/deep", "/usr/b/empty");
	rig_rename(rig, "/usr/b/empty/four", "/usr/a/four");
	rig_put(rig, "/usr/a/four", 6, 6000);
	rig_rename(rig, "/usr/a/four", "/usr/config.json");
}

/* ---- directories ---- */

static void long_name(const char *dir, unsigned index, char path[300])
{
	(void)snprintf(path, 300, "%s/%02u-%0200u", dir, index * 37 % 100, index);
}

static void prepare_directories(struct rig *rig)
{
	rig_mkdir(rig, "/usr/old");
	rig_put(rig, "/usr/old/file", 1, 100);
}

static void run_directories(struct rig *rig)
{
	char path[300];

	rig_mkdir(rig, "/usr/dir");
	rig_mkdir(rig, "/usr/dir/sub");
	for (unsigned i = 0; i < 22; i++) {
		long_name("/usr/dir", i, path);
		rig_put(rig, path, i, 40);
	}
	rig_unlink(rig, "/usr/old/file");
	rig_rmdir(rig, "/usr/old");
	rig_put(rig, "/usr/dir/sub/file", 1, 5000);
	rig_unlink(rig, "/usr/dir/sub/file");
	rig_rmdir(rig, "/usr/dir/sub");
	for (unsigned i = 0; i < 22; i++) {
		long_name("/usr/dir", i, path);
		rig_unlink(rig, path);
	}
	rig_rmdir(rig, "/usr/dir");
	rig_mkdir(rig, "/usr/last");
}

/* Both blocks of removed directories, one of them with an entry, become new ones. */
static void run_reuse(struct rig *rig)
{
	char path[20], other[20];

	for (unsigned i = 0; i < 24; i++) {
		(void)snprintf(path, sizeof(path), "/usr/dir/%u", i);
		(void)snprintf(other, sizeof(other), "/usr/dir/%uth", i);
		rig_mkdir(rig, "/usr/dir");
		rig_put_text(rig, path, "");
		if (i % 2) /* an even number of commits, too */
			rig_rename(rig, path, other);
		rig_unlink(rig, i % 2 ? other : path);
		rig_rmdir(rig, "/usr/dir");
	}
}

/* ---- pairs that move ---- */

static void prepare_wear(struct rig *rig)
{
	rig_mkdir(rig, "/usr/deep");
	rig_mkdir(rig, "/usr/deep/deeper");
	rig_put(rig, "/usr/deep/here", 1, 450);
	rig_put(rig, "/usr/deep/deeper/there", 2, 450);
}

static void run_wear(struct rig *rig)
{
	for (unsigned i = 0; i < 40; i++)
		rig_put(rig, i % 3 ? "/usr/deep/deeper/there" : "/usr/deep/here", i, 400 + i);
}

/* ---- slots ---- */

static void prepare_slots(struct rig *rig)
{
	for (unsigned slot = 1; slot <= TWINFS_SECURE_SLOTS; slot++)
		rig_store(rig, slot, slot);
}

/* Most slots are left alone: the others push them round the units. */
static void run_slots(struct rig *rig)
{
	rig_store(rig, 3, 99);
	for (unsigned i = 0; i < 10; i++) {
		rig_store(rig, 16, 100 + i);
		rig_store(rig, 2, 100 + i);
		rig_store(rig, 15, 100 + i);
	}
}

/* ---- boots ---- */

static void prepare_damage(struct rig *rig)
{
	rig_put(rig, "/usr/net.py", 7, 4000);
	rig_unlink(rig, "/usr/logo.bin");
}

/* Tries another main.py, which checksum.json knows nothing of, and puts the shipped one back. */
static void run_tinkering(struct rig *rig)
{
	rig_put(rig, "/usr/main.py", 60, 1500);
	rig_put(rig, "/usr/config.json", 61, 280);
	rig_put(rig, "/usr/main.py", 0, 1800);
}

#define SAFE   TWINFS_POLICY_SAFE
#define DEVICE TWINFS_POLICY_DEVICE

const struct scene scenes[] = {
	{"lfs1-files", 1, SAFE, prepare_files, run_files},
	{"lfs2-files", 2, SAFE, prepare_files, run_files},
	{"lfs1-renames", 1, SAFE, prepare_renames, run_renames},
	{"lfs2-renames", 2, SAFE, prepare_renames, run_renames},
	{"lfs1-renames-armed", 1, SAFE, prepare_renames_armed, run_renames},
	{"lfs2-renames-armed", 2, SAFE, prepare_renames_armed, run_renames},
	{"lfs1-directories", 1, SAFE, prepare_directories, run_directories},
	{"lfs2-directories", 2, SAFE, prepare_directories, run_directories},
	{"lfs1-reuse", 1, SAFE, NULL, run_reuse},
	{"lfs2-reuse", 2, SAFE, NULL, run_reuse},
	{"lfs2-wear", 2, SAFE, prepare_wear, run_wear},
	{"slots", 1, SAFE, prepare_slots, run_slots},
	{"lfs1-first-boot", 1, SAFE, rig_empty, rig_boot},
	{"lfs2-first-boot", 2, SAFE, rig_empty, rig_boot},
	{"device-first-boot", 1, DEVICE, rig_empty, rig_boot},
	{"lfs1-restore", 1, SAFE, prepare_damage, rig_boot},
	{"lfs2-restore", 2, SAFE, prepare_damage, rig_boot},
	{"lfs1-tinkering", 1, SAFE, NULL, run_tinkering},
	{"lfs2-tinkering", 2, SAFE, NULL, run_tinkering},
	{"lfs1-arming", 1, SAFE, NULL, arm_update},
	{"lfs2-arming", 2, SAFE, NULL, arm_update},
	{"lfs1-update", 1, SAFE, arm_update, rig_boot},
	{"lfs2-update", 2, SAFE, arm_update, rig_boot},
	{"device-update", 1, DEVICE, arm_update, rig_boot},
};

const size_t scene_count = sizeof(scenes) / sizeof(*scenes);
