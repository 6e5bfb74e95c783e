/* SPDX-License-Identifier: MIT */
/*
 * test_oom.c - the union of two volumes without memory: every call says so, and both volumes
 * are sound afterwards.
 */
#include "rig.h"

#include "lib/scarce.h"
#include "lib/verify.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct bench {
	struct rig rig;
	uint8_t *upper; /* bytes of the chip before each trial */
	int (*step)(struct twinfs_overlay *overlay);
};

/* ---- steps: 0, a negative errno, or 1 for a wrong result ---- */

/* Finds a path of names that are there; no reference is kept. */
static int find(struct twinfs_overlay *overlay, const char *path, uint64_t *ret_ino)
{
	char copy[64], *rest = copy, *name;
	struct twinfs_overlay_stat stat;
	uint64_t ino = 1;
	int rc = 0;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	while (!rc && (name = strsep(&rest, "/"))) {
		rc = twinfs_overlay_lookup(overlay, ino, name, &stat);
		if (!rc) {
			ino = stat.stat.ino;
			twinfs_overlay_forget(overlay, ino, 1);
		}
	}
	*ret_ino = ino;
	return rc;
}

static int count_one(void *ctx, const char *name, const struct twinfs_overlay_stat *stat)
{
	unsigned *count = ctx;

	(void)name;
	(void)stat;
	++*count;
	return 0;
}

static int list(struct twinfs_overlay *overlay)
{
	unsigned count = 0;
	int rc = twinfs_overlay_list(overlay, 1, count_one, &count);

	return rc ? rc : count != 4;
}

static int path(struct twinfs_overlay *overlay)
{
	char buf[64];
	uint64_t ino;
	int rc = find(overlay, "both/lower", &ino);

	return rc ? rc : twinfs_overlay_path(overlay, ino, buf, sizeof(buf)) != 11;
}

static int view(struct twinfs_overlay *overlay)
{
	struct twinfs_overlay_view seen;
	uint64_t ino;
	int rc = find(overlay, "both/lower", &ino);

	if (!rc)
		rc = twinfs_overlay_open(overlay, ino);
	if (rc)
		return rc;
	rc = twinfs_overlay_view(overlay, ino, 100, 0, &seen);
	if (!rc) {
		rc = seen.view.len != 5;
		twinfs_overlay_release_view(overlay, &seen);
	}
	twinfs_overlay_close(overlay, ino);
	return rc;
}

static int write_to(struct twinfs_overlay *overlay, const char *name)
{
	uint64_t ino;
	int rc = find(overlay, name, &ino);
	int64_t wrote;

	if (!rc)
		rc = twinfs_overlay_open(overlay, ino);
	if (rc)
		return rc;
	wrote = twinfs_overlay_write(overlay, ino, "new", 3, 0);
	rc = wrote < 0 ? (int)wrote : twinfs_overlay_truncate(overlay, ino, 700);
	if (!rc)
		rc = twinfs_overlay_sync(overlay, ino);
	twinfs_overlay_close(overlay, ino);
	return rc;
}

static int write_upper(struct twinfs_overlay *overlay)
{
	return write_to(overlay, "upper");
}

static int copy_up(struct twinfs_overlay *overlay)
{
	return write_to(overlay, "below/deep/lower");
}

static int create(struct twinfs_overlay *overlay)
{
	struct twinfs_overlay_stat stat;
	uint64_t dir;
	int rc = find(overlay, "below/deep", &dir);

	return rc ? rc : twinfs_overlay_create(overlay, dir, "new", &stat);
}

static int make_dir(struct twinfs_overlay *overlay)
{
	struct twinfs_overlay_stat stat;

	return twinfs_overlay_mkdir(overlay, 1, "new", &stat);
}

static int unlink_upper(struct twinfs_overlay *overlay)
{
	return twinfs_overlay_unlink(overlay, 1, "upper");
}

static int remove_dir(struct twinfs_overlay *overlay)
{
	return twinfs_overlay_rmdir(overlay, 1, "empty");
}

static int rename_file(struct twinfs_overlay *overlay)
{
	uint64_t dir;
	int rc = find(overlay, "both", &dir);

	return rc ? rc : twinfs_overlay_rename(overlay, 1, "upper", dir, "lower", 0);
}

static int rename_dir(struct twinfs_overlay *overlay)
{
	return twinfs_overlay_rename(overlay, 1, "empty", 1, "other", 0);
}

static int attrs(struct twinfs_overlay *overlay)
{
	uint8_t types[256];
	uint64_t ino;
	int rc = find(overlay, "both/lower", &ino);

	if (!rc)
		rc = twinfs_overlay_set_attr(overlay, ino, 7, "value", 5, 0);
	if (!rc)
		rc = twinfs_overlay_list_attrs(overlay, ino, types) == 1 ? 0 : -ENOMEM;
	return rc ? rc : twinfs_overlay_remove_attr(overlay, ino, 7);
}

static const struct step {
	const char *name;
	int (*run)(struct twinfs_overlay *overlay);
	/* Leftovers need not be swept away now; blocks that get free need not be noted. */
	bool may_do_without;
} steps[] = {
	{"list", list, false},
	{"path", path, false},
	{"view", view, false},
	{"write", write_upper, true},
	{"copy up", copy_up, true},
	{"create", create, true},
	{"mkdir", make_dir, true},
	{"unlink", unlink_upper, true},
	{"rmdir", remove_dir, true},
	{"rename", rename_file, true},
	{"rename a directory", rename_dir, true},
	{"attributes", attrs, true},
};

/* ---- trials ---- */

static void restore(void *ctx)
{
	struct bench *bench = ctx;

	memcpy(chip_bytes(&bench->rig.upper_chip), bench->upper, chip_size(&bench->rig.upper_chip));
}

static int mount_and_step(void *ctx)
{
	struct bench *bench = ctx;
	struct rig *rig = &bench->rig;
	struct twinfs_overlay_config config = {.first_ino = 1};
	struct twinfs_overlay *overlay;
	int rc = twinfs_volume_mount(rig->upper_chip.flash, &rig->upper_chip.config, &config.upper,
		NULL);

	if (!rc)
		rc = twinfs_volume_mount(rig->lower_chip.flash, &rig->lower_chip.config,
			&config.lower, NULL);
	if (!rc)
		rc = twinfs_overlay_new(&config, &overlay);
	if (!rc) {
		rc = bench->step(overlay);
		twinfs_overlay_free(overlay);
	}
	twinfs_volume_unmount(config.upper);
	twinfs_volume_unmount(config.lower);
	return rc;
}

static void expect_sound(void *ctx, int rc)
{
	struct bench *bench = ctx;

	(void)rc;
	verify_format(&bench->rig.upper_chip, true);
	verify_format(&bench->rig.lower_chip, false);
	rig_start(&bench->rig);
	rig_expect(&bench->rig, "/both/untouched", "untouched");
	rig_stop(&bench->rig);
}

START_TEST(calls_without_memory)
{
	const struct step *step = &steps[_i];
	struct bench bench = {.step = step->run};
	const struct scarce_trial trial = {
		restore, mount_and_step, expect_sound, &bench, step->may_do_without, 0};
	struct rig *rig = &bench.rig;

	rig_up_as(rig, 64, TWINFS_LFS_2_1, 64, TWINFS_LFS_2_1);
	rig_put(rig->lower, "/both", NULL);
	rig_put(rig->lower, "/both/lower", "lower");
	rig_put(rig->lower, "/both/untouched", "untouched");
	rig_put(rig->lower, "/below", NULL);
	rig_put(rig->lower, "/below/deep", NULL);
	rig_put(rig->lower, "/below/deep/lower", "lower");
	rig_put(rig->upper, "/both", NULL);
	rig_put(rig->upper, "/upper", "upper");
	rig_put(rig->upper, "/empty", NULL);
	rig_stop(rig);
	bench.upper = malloc(chip_size(&rig->upper_chip));
	ck_assert_ptr_nonnull(bench.upper);
	memcpy(bench.upper, chip_bytes(&rig->upper_chip), chip_size(&rig->upper_chip));
	(void)snprintf(test_context, sizeof(test_context), "%s", step->name);
	(void)scarce_try(step->name, &trial);
	free(bench.upper);
	rig_down(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oom");
	TCase *tcase = tcase_create("oom");

	tcase_add_loop_test(tcase, calls_without_memory, 0, COUNT(steps));
	suite_add_tcase(suite, tcase);
	return rig_run(suite);
}
