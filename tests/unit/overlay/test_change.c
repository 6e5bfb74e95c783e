/* SPDX-License-Identifier: MIT */
/*
 * test_change.c - every change of a name, for every way the two layers can
 * hold that name.
 */
#include "rig.h"

/* What "/x" is. The rest of the tree: "/f" and "/d" above, "/l" below. */
enum state {
	NONE,
	UPPER_FILE,
	LOWER_FILE,
	BOTH_FILES,
	HIDDEN_FILE,
	UPPER_DIR,
	LOWER_DIR,
	MERGED_DIR,
	HIDDEN_DIR,
	OPAQUE_DIR, /* made where a lower one was removed */
	FILE_OVER_DIR,
	DIR_OVER_FILE,
	STATE_COUNT,
};

struct layers {
	const char *name;
	char upper, lower; /* 'f', 'd' or 0: what is put there */
	char seen;         /* what then is seen; other than put: removed through the overlay */
	bool is_opaque;    /* made anew after that */
	enum twinfs_layer layer;
};

static const struct layers states[STATE_COUNT] = {
	[NONE] = {"none", 0, 0, 0, false, 0},
	[UPPER_FILE] = {"upper file", 'f', 0, 'f', false, TWINFS_LAYER_USER},
	[LOWER_FILE] = {"lower file", 0, 'f', 'f', false, TWINFS_LAYER_BACKUP},
	[BOTH_FILES] = {"both files", 'f', 'f', 'f', false, TWINFS_LAYER_BOTH},
	[HIDDEN_FILE] = {"hidden file", 0, 'f', 0, false, 0},
	[UPPER_DIR] = {"upper directory", 'd', 0, 'd', false, TWINFS_LAYER_USER},
	[LOWER_DIR] = {"lower directory", 0, 'd', 'd', false, TWINFS_LAYER_BACKUP},
	[MERGED_DIR] = {"merged directory", 'd', 'd', 'd', false, TWINFS_LAYER_BOTH},
	[HIDDEN_DIR] = {"hidden directory", 0, 'd', 0, false, 0},
	[OPAQUE_DIR] = {"opaque directory", 0, 'd', 'd', true, TWINFS_LAYER_USER},
	[FILE_OVER_DIR] = {"file over directory", 'f', 'd', 'f', false, TWINFS_LAYER_BOTH},
	[DIR_OVER_FILE] = {"directory over file", 'd', 'f', 'd', false, TWINFS_LAYER_USER},
};

enum action {
	CREATE,
	MKDIR,
	UNLINK,
	RMDIR,
	RENAME_AWAY,        /* /x to /y */
	RENAME_ONTO_ITSELF, /* /x to /x */
	UPPER_FILE_ONTO,    /* /f to /x */
	LOWER_FILE_ONTO,    /* /l to /x */
	DIR_ONTO,           /* /d to /x */
	ONTO_FILE,          /* /x to /f */
	ONTO_DIR,           /* /x to /d */
	NOREPLACE,          /* /f to /x, if that is free */
	ACTION_COUNT,
};

struct outcome {
	const char *name;
	int none, file, dir;   /* error for what is seen under /x */
	int with_lower;        /* for a directory with a lower part, if other than 0 */
	char x;                /* what /x is after success: 'f', 'd', 0 or '=' (as before) */
	const char *from, *to; /* of a rename; NULL: none */
};

static const struct outcome actions[ACTION_COUNT] = {
	[CREATE] = {"create", 0, -EEXIST, -EEXIST, 0, 'f', NULL, NULL},
	[MKDIR] = {"mkdir", 0, -EEXIST, -EEXIST, 0, 'd', NULL, NULL},
	[UNLINK] = {"unlink", -ENOENT, 0, -EISDIR, 0, 0, NULL, NULL},
	[RMDIR] = {"rmdir", -ENOENT, -ENOTDIR, 0, 0, 0, NULL, NULL},
	[RENAME_AWAY] = {"rename away", -ENOENT, 0, 0, -EXDEV, 0, "/x", "/y"},
	[RENAME_ONTO_ITSELF] = {"rename onto itself", -ENOENT, 0, 0, 0, '=', "/x", "/x"},
	[UPPER_FILE_ONTO] = {"upper file onto", 0, 0, -EISDIR, 0, 'f', "/f", "/x"},
	[LOWER_FILE_ONTO] = {"lower file onto", 0, 0, -EISDIR, 0, 'f', "/l", "/x"},
	[DIR_ONTO] = {"directory onto", 0, -ENOTDIR, 0, 0, 'd', "/d", "/x"},
	[ONTO_FILE] = {"onto file", -ENOENT, 0, -ENOTDIR, 0, 0, "/x", "/f"},
	[ONTO_DIR] = {"onto directory", -ENOENT, -EISDIR, 0, -EXDEV, 0, "/x", "/d"},
	[NOREPLACE] = {"without replacing", 0, -EEXIST, -EEXIST, 0, 'f', "/f", "/x"},
};

static void make_state(struct rig *rig, const struct layers *state)
{
	rig_up(rig, 64, 64);
	rig_put(rig->upper, "/f", "upper f");
	rig_put(rig->upper, "/d", NULL);
	rig_put(rig->lower, "/l", "lower l");
	if (state->upper)
		rig_put(rig->upper, "/x", state->upper == 'f' ? "upper x" : NULL);
	if (state->lower)
		rig_put(rig->lower, "/x", state->lower == 'f' ? "lower x" : NULL);
	rig_start(rig);
	if (!state->upper && state->lower && (!state->seen || state->is_opaque))
		ck_assert_int_eq(state->lower == 'f' ? rig_unlink(rig, "/x") : rig_rmdir(rig, "/x"),
			0);
	if (state->is_opaque)
		ck_assert_int_eq(rig_add(rig, "/x", true), 0);
}

static char seen_at(struct rig *rig, const char *path)
{
	struct twinfs_overlay_stat stat;
	int rc = rig_find(rig, path, &stat);

	if (rc) {
		ck_assert_int_eq(rc, -ENOENT);
		return 0;
	}
	return stat.stat.type == TWINFS_DIR ? 'd' : 'f';
}

static int expected(const struct layers *state, const struct outcome *action)
{
	if (!state->seen)
		return action->none;
	if (state->seen == 'f')
		return action->file;
	return state->layer == TWINFS_LAYER_USER || !action->with_lower ? action->dir
									: action->with_lower;
}

static int act(struct rig *rig, enum action action)
{
	switch (action) {
	case CREATE:
	case MKDIR:
		return rig_add(rig, "/x", action == MKDIR);
	case UNLINK:
		return rig_unlink(rig, "/x");
	case RMDIR:
		return rig_rmdir(rig, "/x");
	case RENAME_AWAY:
	case RENAME_ONTO_ITSELF:
	case UPPER_FILE_ONTO:
	case LOWER_FILE_ONTO:
	case DIR_ONTO:
	case ONTO_FILE:
	case ONTO_DIR:
		return rig_rename(rig, actions[action].from, actions[action].to, 0);
	case NOREPLACE:
		return rig_rename(rig, "/f", "/x", RENAME_NOREPLACE);
	case ACTION_COUNT:
		break;
	}
	return -EINVAL;
}

static int count_x(void *ctx, const char *name, const struct twinfs_overlay_stat *stat)
{
	int *count = ctx;

	(void)stat;
	ck_assert_str_ne(name, COPY_NAME);
	*count += !strcmp(name, "x");
	return 0;
}

/* /x is what it should be, in the lookup, the listing and the upper volume. */
static void check_x(struct rig *rig, const struct layers *state, char x, bool is_changed)
{
	struct twinfs_overlay_stat stat;
	int count = 0;

	ck_assert_int_eq(seen_at(rig, "/x"), x);
	ck_assert_int_eq(twinfs_overlay_list(rig->overlay, rig->root, count_x, &count), 0);
	ck_assert_int_eq(count, x ? 1 : 0);
	ck_assert(!rig_volume_has(rig->upper, "/" COPY_NAME));
	if (!x) {
		ck_assert(!rig_volume_has(rig->upper, "/x"));
		return;
	}
	stat = rig_stat(rig, "/x");
	ck_assert_int_eq(stat.stat.links, stat.stat.type == TWINFS_REG      ? 1
					  : stat.layer == TWINFS_LAYER_USER ? 2
									    : 1);
	if (!is_changed)
		ck_assert_int_eq(stat.layer, state->layer);
	else if (x == 'f')
		ck_assert_int_eq(stat.layer, state->lower ? TWINFS_LAYER_BOTH : TWINFS_LAYER_USER);
	else
		ck_assert_int_eq(stat.layer, TWINFS_LAYER_USER);
}

START_TEST(names_change)
{
	const struct layers *state = &states[_i / ACTION_COUNT];
	enum action action = (enum action)(_i % ACTION_COUNT);
	const struct outcome *outcome = &actions[action];
	struct twinfs_overlay_stat moved;
	struct rig rig;
	int want = expected(state, outcome), rc;
	char x = want || outcome->x == '=' ? state->seen : outcome->x;

	make_state(&rig, state);
	if (!want && outcome->from)
		moved = rig_stat(&rig, outcome->from);
	rc = act(&rig, action);
	ck_assert_msg(rc == want, "%s, %s: %d, not %d", outcome->name, state->name, rc, want);
	check_x(&rig, state, x, !want && outcome->x != '=');
	if (!want && outcome->from) {
		ck_assert_uint_eq(rig_ino(&rig, outcome->to), moved.stat.ino);
		if (strcmp(outcome->from, outcome->to))
			ck_assert_int_eq(seen_at(&rig, outcome->from), 0);
	}
	/* After a restart what was hidden is back, unless something lies over it. */
	rig_start(&rig);
	x = rig_volume_has(rig.upper, "/x") ? x : state->lower;
	ck_assert_int_eq(seen_at(&rig, "/x"), x);
	rig_expect(&rig, "/l", "lower l");
	rig_down(&rig);
}
END_TEST

/* What is hidden comes back neither by making the name again nor by moving it. */
START_TEST(hidden_stays_hidden)
{
	struct rig rig;

	rig_up(&rig, 64, 64);
	rig_put(rig.lower, "/dir", NULL);
	rig_put(rig.lower, "/dir/a", "lower a");
	rig_put(rig.lower, "/dir/b", "lower b");
	rig_start(&rig);
	ck_assert_int_eq(rig_rmdir(&rig, "/dir"), -ENOTEMPTY);
	ck_assert_int_eq(rig_unlink(&rig, "/dir/a"), 0);
	ck_assert_int_eq(rig_rename(&rig, "/dir/b", "/b", 0), 0);
	rig_expect_names(&rig, "/dir", "");
	ck_assert_int_eq(rig_rmdir(&rig, "/dir"), 0);
	rig_expect_names(&rig, "/", "b ");
	ck_assert_int_eq(rig_add(&rig, "/dir", true), 0);
	rig_expect_names(&rig, "/dir", "");
	ck_assert_int_eq(rig_rename(&rig, "/dir", "/other", 0), 0);
	rig_expect(&rig, "/dir", NULL);
	ck_assert_int_eq(rig_rename(&rig, "/b", "/dir", 0), 0);
	rig_expect(&rig, "/dir", "lower b");
	ck_assert_int_eq(rig_unlink(&rig, "/dir"), 0);
	rig_expect_names(&rig, "/", "other ");
	rig_start(&rig);
	rig_expect_names(&rig, "/", "other dir ");
	rig_expect_names(&rig, "/dir", "a b ");
	rig_down(&rig);
}
END_TEST

START_TEST(hiding_writes_nothing)
{
	struct rig rig;
	uint64_t before;

	rig_up(&rig, 64, 64);
	rig_put(rig.lower, "/dir", NULL);
	rig_put(rig.lower, "/dir/a", "lower a");
	rig_start(&rig);
	before = rig.upper_chip.trouble.count;
	ck_assert_int_eq(rig_unlink(&rig, "/dir/a"), 0);
	ck_assert_int_eq(rig_rmdir(&rig, "/dir"), 0);
	ck_assert_uint_eq(rig.upper_chip.trouble.count, before);
	rig_down(&rig);
}
END_TEST

START_TEST(a_directory_cannot_move_into_itself)
{
	struct rig rig;

	rig_up(&rig, 64, 64);
	rig_put(rig.upper, "/a", NULL);
	rig_put(rig.upper, "/a/b", NULL);
	rig_put(rig.lower, "/l", NULL);
	rig_start(&rig);
	ck_assert_int_eq(rig_rename(&rig, "/a", "/a/b/c", 0), -EINVAL);
	ck_assert_int_eq(rig_rename(&rig, "/a", "/a/c", 0), -EINVAL);
	ck_assert_int_eq(rig_rename(&rig, "/a/b", "/a", 0), -ENOTEMPTY);
	ck_assert_int_eq(rig_rename(&rig, "/a", "/l", 0x80), -EINVAL);
	/* into a directory of the lower layer: it is made above */
	ck_assert_int_eq(rig_rename(&rig, "/a/b", "/l/b", 0), 0);
	rig_expect_names(&rig, "/l", "b ");
	ck_assert(rig_volume_has(rig.upper, "/l/b"));
	ck_assert_int_eq(rig_stat(&rig, "/l").layer, TWINFS_LAYER_BOTH);
	rig_down(&rig);
}
END_TEST

START_TEST(names_are_checked)
{
	static const char *const wrong[] = {"", ".", "..", "a/b", COPY_NAME};
	struct twinfs_overlay_stat stat;
	char longest[TWINFS_NAME_MAX + 2] = "";
	struct rig rig;

	rig_up(&rig, 64, 64);
	rig_put(rig.lower, "/l", NULL);
	rig_put(rig.upper, "/f", "f");
	rig_start(&rig);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint64_t dir = rig_ino(&rig, i % 2 ? "/l" : "/");

		ck_assert_int_eq(twinfs_overlay_create(rig.overlay, dir, wrong[i], &stat), -EINVAL);
		ck_assert_int_eq(twinfs_overlay_mkdir(rig.overlay, dir, wrong[i], &stat), -EINVAL);
		ck_assert_int_eq(twinfs_overlay_rename(rig.overlay, rig.root, "f", dir, wrong[i],
					 0),
			-EINVAL);
		ck_assert_int_eq(twinfs_overlay_unlink(rig.overlay, dir, wrong[i]), -ENOENT);
	}
	memset(longest, 'n', TWINFS_NAME_MAX + 1);
	ck_assert_int_eq(twinfs_overlay_create(rig.overlay, rig_ino(&rig, "/l"), longest, &stat),
		-ENAMETOOLONG);
	ck_assert_int_eq(twinfs_overlay_lookup(rig.overlay, rig_ino(&rig, "/l"), longest, &stat),
		-ENAMETOOLONG);
	ck_assert(!rig_volume_has(rig.upper, "/l"));
	longest[TWINFS_NAME_MAX] = '\0';
	ck_assert_int_eq(twinfs_overlay_create(rig.overlay, rig.root, longest, &stat), 0);
	rig_down(&rig);
}
END_TEST

/* Without two layers nothing is copied up, and no name is ours. */
START_TEST(one_layer_reserves_no_name)
{
	struct rig rig;

	rig_up(&rig, 64, 64);
	rig.no_lower = true;
	rig_start(&rig);
	ck_assert_int_eq(rig_add(&rig, "/" COPY_NAME, false), 0);
	rig_expect_names(&rig, "/", COPY_NAME " ");
	ck_assert_int_eq(rig_add(&rig, "/other", true), 0);
	rig_expect(&rig, "/" COPY_NAME, "");
	rig_down(&rig);
}
END_TEST

START_TEST(full_disk_leaves_the_tree)
{
	struct rig rig;
	char path[16];
	int rc = 0;

	rig_up(&rig, 10, 64);
	rig_put(rig.lower, "/dir", NULL);
	rig_put(rig.lower, "/dir/sub", NULL);
	rig_put(rig.lower, "/dir/sub/file", "lower");
	rig_start(&rig);
	for (int i = 0; !rc; i++) {
		(void)snprintf(path, sizeof(path), "/d%d", i);
		rc = rig_add(&rig, path, true);
	}
	ck_assert_int_eq(rc, -ENOSPC);
	ck_assert_int_eq(rig_add(&rig, "/dir/sub/new", false), -ENOSPC);
	ck_assert_int_eq(rig_rename(&rig, "/dir/sub/file", "/dir/moved", 0), -ENOSPC);
	rig_expect(&rig, path, NULL);
	rig_expect_names(&rig, "/dir/sub", "file ");
	rig_expect(&rig, "/dir/sub/file", "lower");
	ck_assert_int_eq(rig_unlink(&rig, "/dir/sub/file"), 0);
	rig_expect_names(&rig, "/dir/sub", "");
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("overlay_change");
	TCase *tc = tcase_create("change");

	tcase_add_loop_test(tc, names_change, 0, (int)STATE_COUNT * (int)ACTION_COUNT);
	tcase_add_test(tc, hidden_stays_hidden);
	tcase_add_test(tc, hiding_writes_nothing);
	tcase_add_test(tc, a_directory_cannot_move_into_itself);
	tcase_add_test(tc, names_are_checked);
	tcase_add_test(tc, one_layer_reserves_no_name);
	tcase_add_test(tc, full_disk_leaves_the_tree);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
