/* SPDX-License-Identifier: MIT */
/*
 * test_copy_up.c - a lower file that is changed: its content, its handles, its
 * directories, a full disk, and the power cut at every flash operation.
 */
#include <pthread.h>

#include "rig.h"

static void fill(uint8_t *data, size_t len, uint64_t seed)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)test_random(&seed);
}

static bool holds(struct rig *rig, const char *path, const uint8_t *data, size_t len)
{
	static uint8_t buf[256 << 10];
	uint64_t ino = rig_ino(rig, path);
	int64_t got;

	ck_assert_int_eq(twinfs_overlay_open(rig->overlay, ino), 0);
	got = rig_read_ino(rig, ino, buf, sizeof(buf));
	twinfs_overlay_close(rig->overlay, ino);
	return got == (int64_t)len && (!len || !memcmp(buf, data, len));
}

static const size_t sizes[] = {0, 1, 511, 512, 513, 4096, 65536, 65537, 150000};

START_TEST(content_is_copied)
{
	static uint8_t data[256 << 10];
	size_t len = sizes[_i];
	struct rig rig;
	uint64_t ino;

	rig_up(&rig, 800, 800);
	fill(data, len, (uint64_t)_i);
	rig_put(rig.lower, "/dir", NULL);
	rig_put_bytes(rig.lower, "/dir/file", data, len);
	rig_start(&rig);
	ino = rig_ino(&rig, "/dir/file");
	ck_assert_int_eq(twinfs_overlay_set_mtime(rig.overlay, ino, 12345), 0);
	ck_assert_int_eq(rig_stat(&rig, "/dir/file").layer, TWINFS_LAYER_BACKUP);
	ck_assert_int_eq(twinfs_overlay_open(rig.overlay, ino), 0);
	data[len] = '!';
	ck_assert_int_eq(twinfs_overlay_write(rig.overlay, ino, "!", 1, len), 1);
	ck_assert(holds(&rig, "/dir/file", data, len + 1));
	/* What was there before the write is on the chip, what was written is not yet. */
	ck_assert_int_eq(rig_stat(&rig, "/dir/file").layer, TWINFS_LAYER_BOTH);
	ck_assert_int_eq(rig_stat(&rig, "/dir/file").stat.mtime_ns, 12345);
	ck_assert_uint_eq(rig_ino(&rig, "/dir/file"), ino);
	rig_start(&rig);
	ck_assert(holds(&rig, "/dir/file", data, len));
	ck_assert_int_eq(rig_stat(&rig, "/dir/file").layer, TWINFS_LAYER_BOTH);
	rig_expect_names(&rig, "/dir", "file ");
	rig_down(&rig);
}
END_TEST

START_TEST(open_handles_see_the_copy)
{
	struct rig rig;
	struct twinfs_overlay_view view;
	uint64_t ino;

	rig_up(&rig, 64, 64);
	rig_put(rig.lower, "/file", "lower");
	rig_start(&rig);
	ino = rig_ino(&rig, "/file");
	ck_assert_int_eq(twinfs_overlay_open(rig.overlay, ino), 0);
	ck_assert_int_eq(twinfs_overlay_open(rig.overlay, ino), 0);
	ck_assert_int_eq(twinfs_overlay_view(rig.overlay, ino, 100, 0, &view), 0);
	ck_assert_int_eq(twinfs_overlay_write(rig.overlay, ino, "L", 1, 0), 1);
	ck_assert_int_eq(memcmp(view.view.iov[0].iov_base, "lower", 5), 0);
	twinfs_overlay_release_view(rig.overlay, &view);
	rig_expect_ino(&rig, ino, "Lower");
	twinfs_overlay_close(rig.overlay, ino);
	rig_expect_ino(&rig, ino, "Lower");
	ck_assert_int_eq(twinfs_overlay_sync(rig.overlay, ino), 0);
	twinfs_overlay_close(rig.overlay, ino);
	ck_assert_int_eq(twinfs_overlay_view(rig.overlay, ino, 100, 0, &view), -EBADF);
	/* Neither volume has a pin of it left. */
	ck_assert_int_eq(twinfs_volume_walk(rig.lower, "file", &ino), 0);
	ck_assert_int_eq(twinfs_volume_read(rig.lower, ino, &view, 0, 0), -EBADF);
	ck_assert_int_eq(twinfs_volume_walk(rig.upper, "file", &ino), 0);
	ck_assert_int_eq(twinfs_volume_read(rig.upper, ino, &view, 0, 0), -EBADF);
	rig_expect(&rig, "/file", "Lower");
	rig_down(&rig);
}
END_TEST

/* Renaming needs the file above, but not open. */
START_TEST(renaming_copies_up)
{
	struct rig rig;
	uint64_t ino, upper;
	char byte;

	rig_up(&rig, 64, 64);
	rig_put(rig.lower, "/a", NULL);
	rig_put(rig.lower, "/a/b", NULL);
	rig_put(rig.lower, "/a/b/file", "lower");
	rig_start(&rig);
	ino = rig_ino(&rig, "/a/b/file");
	ck_assert_int_eq(rig_rename(&rig, "/a/b/file", "/a/moved", 0), 0);
	ck_assert_uint_eq(rig_ino(&rig, "/a/moved"), ino);
	ck_assert_int_eq(twinfs_volume_walk(rig.upper, "a/moved", &upper), 0);
	ck_assert_int_eq(twinfs_volume_read(rig.upper, upper, &byte, 1, 0), -EBADF);
	rig_expect(&rig, "/a/moved", "lower");
	rig_expect(&rig, "/a/b/file", NULL);
	ck_assert_int_eq(rig_stat(&rig, "/a/moved").layer, TWINFS_LAYER_USER);
	ck_assert_int_eq(rig_stat(&rig, "/a/b").layer, TWINFS_LAYER_BOTH);
	rig_start(&rig);
	rig_expect(&rig, "/a/moved", "lower");
	rig_expect(&rig, "/a/b/file", "lower");
	rig_down(&rig);
}
END_TEST

/* A handle keeps its file when the name goes: read, and written, in every layer. */
START_TEST(removed_files_live_while_open)
{
	struct rig rig;
	struct twinfs_overlay_stat stat;
	struct twinfs_statfs before, after;
	uint64_t ino;
	bool is_lower = _i & 1, is_replaced = _i & 2, is_closed_first = _i & 4;

	rig_up(&rig, 64, 64);
	rig_put(is_lower ? rig.lower : rig.upper, "/file", "content");
	rig_put(rig.upper, "/other", "other");
	rig_start(&rig);
	ck_assert_int_eq(twinfs_overlay_lookup(rig.overlay, rig.root, "file", &stat), 0);
	ino = stat.stat.ino;
	ck_assert_int_eq(twinfs_overlay_open(rig.overlay, ino), 0);
	ck_assert_int_eq(is_replaced ? rig_rename(&rig, "/other", "/file", 0)
				     : rig_unlink(&rig, "/file"),
		0);
	ck_assert_int_eq(twinfs_overlay_statfs(rig.overlay, &before), 0);
	ck_assert_int_eq(twinfs_overlay_stat(rig.overlay, ino, &stat), 0);
	ck_assert_uint_eq(stat.stat.links, 0);
	ck_assert_uint_eq(stat.stat.size, 7);
	rig_expect_ino(&rig, ino, "content");
	ck_assert_int_eq(twinfs_overlay_write(rig.overlay, ino, "C", 1, 0), 1);
	ck_assert_int_eq(twinfs_overlay_write(rig.overlay, ino, "!", 1, 7), 1);
	rig_expect_ino(&rig, ino, "Content!");
	ck_assert_int_eq(twinfs_overlay_sync(rig.overlay, ino), 0);
	rig_expect_names(&rig, "/", is_replaced ? "file " : "other ");
	ck_assert(!rig_volume_has(rig.upper, "/" COPY_NAME));
	rig_expect(&rig, "/file", is_replaced ? "other" : NULL);
	if (is_closed_first)
		twinfs_overlay_close(rig.overlay, ino);
	twinfs_overlay_forget(rig.overlay, ino, 1);
	if (!is_closed_first) {
		rig_expect_ino(&rig, ino, "Content!");
		twinfs_overlay_close(rig.overlay, ino);
	}
	ck_assert_int_eq(twinfs_overlay_stat(rig.overlay, ino, &stat), -ESTALE);
	ck_assert_int_eq(twinfs_overlay_open(rig.overlay, ino), -ESTALE);
	ck_assert_int_eq(twinfs_overlay_statfs(rig.overlay, &after), 0);
	ck_assert_uint_ge(after.free, before.free);
	rig_down(&rig);
}
END_TEST

START_TEST(no_space_leaves_the_lower_file)
{
	static uint8_t data[12000];
	struct rig rig;
	struct twinfs_statfs before, after;
	uint64_t ino;

	rig_up(&rig, 20, 64);
	fill(data, sizeof(data), 1);
	rig_put_bytes(rig.lower, "/file", data, sizeof(data));
	rig_start(&rig);
	ino = rig_ino(&rig, "/file");
	ck_assert_int_eq(twinfs_overlay_statfs(rig.overlay, &before), 0);
	ck_assert_int_eq(twinfs_overlay_open(rig.overlay, ino), 0);
	ck_assert_int_eq(twinfs_overlay_write(rig.overlay, ino, "x", 1, 0), -ENOSPC);
	ck_assert_int_eq(twinfs_overlay_truncate(rig.overlay, ino, 0), -ENOSPC);
	ck_assert_int_eq(rig_rename(&rig, "/file", "/moved", 0), -ENOSPC);
	ck_assert_int_eq(rig_stat(&rig, "/file").layer, TWINFS_LAYER_BACKUP);
	ck_assert(holds(&rig, "/file", data, sizeof(data)));
	twinfs_overlay_close(rig.overlay, ino);
	rig_expect_names(&rig, "/", "file ");
	ck_assert(!rig_volume_has(rig.upper, "/" COPY_NAME));
	ck_assert_int_eq(twinfs_overlay_statfs(rig.overlay, &after), 0);
	ck_assert_uint_eq(after.free, before.free);
	rig_down(&rig);
}
END_TEST

/* Leftovers of cuts: hidden everywhere, gone with the first change, no hindrance. */
START_TEST(leftovers_are_hidden_and_swept)
{
	struct rig rig;

	rig_up(&rig, 64, 64);
	rig_put(rig.upper, "/a", NULL);
	rig_put(rig.upper, "/a/b", NULL);
	rig_put(rig.upper, "/a/b/" COPY_NAME, "half");
	rig_put(rig.upper, "/" COPY_NAME, "half");
	rig_put(rig.lower, "/file", "lower");
	rig_start(&rig);
	rig_expect_names(&rig, "/", "a file ");
	rig_expect_names(&rig, "/a/b", "");
	rig_expect(&rig, "/" COPY_NAME, NULL);
	ck_assert(rig_volume_has(rig.upper, "/a/b/" COPY_NAME)); /* looking changes nothing */
	ck_assert_int_eq(rig_rmdir(&rig, "/a/b"), 0);
	ck_assert(!rig_volume_has(rig.upper, "/" COPY_NAME));
	ck_assert_int_eq(rig_write(&rig, "/file", "new"), 0);
	rig_expect(&rig, "/file", "new");
	rig_down(&rig);
}
END_TEST

/* A leftover that could not be removed by the sweep is taken over. */
START_TEST(copy_meets_a_leftover)
{
	struct rig rig;

	rig_up(&rig, 64, 64);
	rig_put(rig.lower, "/file", "lower");
	rig_start(&rig);
	ck_assert_int_eq(rig_add(&rig, "/x", false), 0); /* the sweep is done */
	rig_put(rig.upper, "/" COPY_NAME, "half");
	ck_assert_int_eq(rig_write(&rig, "/file", "new"), 0);
	rig_expect(&rig, "/file", "new");
	ck_assert(!rig_volume_has(rig.upper, "/" COPY_NAME));
	rig_down(&rig);
}
END_TEST

#define OLD_TEXT "lower content, long enough for more than one block: "

static void make_old(char old[2001])
{
	for (size_t i = 0; i < 2000; i++)
		old[i] = OLD_TEXT[i % (sizeof(OLD_TEXT) - 1)];
	old[2000] = '\0';
}

/*
 * Opening with truncation, writing, closing; the power goes at operation @cut.
 * Returns whether it did.
 */
static bool cut_once(struct rig *rig, uint64_t cut, unsigned torn_eighths, const char *old)
{
	struct twinfs_overlay_stat stat;
	int rc;

	rig_up(rig, 64, 64);
	rig_put(rig->lower, "/dir", NULL);
	rig_put(rig->lower, "/dir/file", old);
	rig_start(rig);
	rig->upper_chip.trouble.cut_at = cut;
	rig->upper_chip.trouble.torn_eighths = torn_eighths;
	rc = rig_write(rig, "/dir/file", "new content");
	if (!rc)
		return false;
	ck_assert_int_eq(rc, -ESHUTDOWN);
	rig_start(rig);
	stat = rig_stat(rig, "/dir/file");
	if (stat.stat.size == strlen("new content"))
		rig_expect(rig, "/dir/file", "new content");
	else
		rig_expect(rig, "/dir/file", old);
	rig_expect_names(rig, "/dir", "file ");
	ck_assert_int_eq(rig_add(rig, "/any", false), 0);
	ck_assert(!rig_volume_has(rig->upper, "/dir/" COPY_NAME));
	ck_assert_int_eq(rig_write(rig, "/dir/file", "newer"), 0);
	rig_start(rig);
	rig_expect(rig, "/dir/file", "newer");
	return true;
}

START_TEST(power_cuts_leave_old_or_new)
{
	static const unsigned torn[] = {0, 3, 8};
	char old[2001];
	struct rig rig;
	uint64_t cut = 0;
	bool was_cut;

	make_old(old);
	do {
		cut++;
		was_cut = cut_once(&rig, cut, torn[_i], old);
		rig_down(&rig);
	} while (was_cut);
	ck_assert_uint_gt(cut, 10);
}
END_TEST

/* ---- threads ---- */

#define LARGE 100000

struct shared {
	struct rig rig;
	uint8_t old[LARGE];
};

struct job {
	struct shared *shared;
	const char *(*work)(struct shared *shared);
	const char *failure; /* what failed; NULL: nothing */
	pthread_t thread;
};

static bool is_tail_of(const uint8_t *old, const struct twinfs_view *view)
{
	size_t off = 1;

	for (size_t i = 0; i < view->count; i++) {
		if (memcmp(view->iov[i].iov_base, old + off, view->iov[i].iov_len))
			return false;
		off += view->iov[i].iov_len;
	}
	return off == LARGE;
}

static const char *read_one(struct shared *shared, uint64_t ino)
{
	struct twinfs_overlay_view view;
	bool is_same;

	if (twinfs_overlay_open(shared->rig.overlay, ino))
		return "open";
	if (twinfs_overlay_view(shared->rig.overlay, ino, LARGE, 1, &view))
		return "view";
	is_same = is_tail_of(shared->old, &view.view);
	twinfs_overlay_release_view(shared->rig.overlay, &view);
	twinfs_overlay_close(shared->rig.overlay, ino);
	return is_same ? NULL : "content";
}

/* Reads the lower files again and again, while they are copied up and renamed. */
static const char *read_files(struct shared *shared)
{
	const char *failure = NULL;

	for (int i = 0; !failure && i < 60; i++) {
		struct twinfs_overlay_stat stat;
		int rc = twinfs_overlay_lookup(shared->rig.overlay, shared->rig.root,
			i % 2 ? "a" : "b", &stat);

		if (rc == -ENOENT)
			continue;
		failure = rc ? "lookup" : read_one(shared, stat.stat.ino);
		if (!rc)
			twinfs_overlay_forget(shared->rig.overlay, stat.stat.ino, 1);
	}
	return failure;
}

static int keep_all(void *ctx, const char *name, const struct twinfs_overlay_stat *stat)
{
	(void)name;
	*(uint64_t *)ctx = stat->stat.ino;
	return 1;
}

static const char *list_files(struct shared *shared)
{
	for (int i = 0; i < 60; i++) {
		uint64_t last = 0;

		if (twinfs_overlay_list(shared->rig.overlay, shared->rig.root, keep_all, &last))
			return "list";
		twinfs_overlay_forget(shared->rig.overlay, last, 1);
	}
	return NULL;
}

/* Writes the first byte only, which readers do not look at. */
static const char *write_files(struct shared *shared)
{
	struct twinfs_overlay *overlay = shared->rig.overlay;

	for (int i = 0; i < 30; i++) {
		struct twinfs_overlay_stat stat;

		if (twinfs_overlay_lookup(overlay, shared->rig.root, "a", &stat))
			return "lookup";
		if (twinfs_overlay_open(overlay, stat.stat.ino) ||
			twinfs_overlay_write(overlay, stat.stat.ino, &i, 1, 0) != 1)
			return "write";
		twinfs_overlay_close(overlay, stat.stat.ino);
		twinfs_overlay_forget(overlay, stat.stat.ino, 1);
	}
	return NULL;
}

static const char *rename_files(struct shared *shared)
{
	for (int i = 0; i < 30; i++) {
		const char *from = i % 2 ? "c" : "b", *to = i % 2 ? "b" : "c";

		if (twinfs_overlay_rename(shared->rig.overlay, shared->rig.root, from,
			    shared->rig.root, to, 0))
			return "rename";
	}
	return NULL;
}

static void *run_job(void *ctx)
{
	struct job *job = ctx;

	job->failure = job->work(job->shared);
	return NULL;
}

START_TEST(threads_share_an_overlay)
{
	static struct shared shared;
	struct job jobs[] = {{&shared, read_files, NULL, 0}, {&shared, write_files, NULL, 0},
		{&shared, rename_files, NULL, 0}, {&shared, list_files, NULL, 0},
		{&shared, read_files, NULL, 0}, {&shared, write_files, NULL, 0}};
	const size_t count = sizeof(jobs) / sizeof(jobs[0]);

	rig_up(&shared.rig, 1200, 600);
	fill(shared.old, LARGE, 7);
	rig_put_bytes(shared.rig.lower, "/a", shared.old, LARGE);
	rig_put_bytes(shared.rig.lower, "/b", shared.old, LARGE);
	rig_start(&shared.rig);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]), 0);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(pthread_join(jobs[i].thread, NULL), 0);
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(!jobs[i].failure, "thread %zu: %s", i, jobs[i].failure);
	rig_down(&shared.rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("overlay_copy_up");
	TCase *tc = tcase_create("copy_up");

	tcase_add_loop_test(tc, content_is_copied, 0, sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_test(tc, open_handles_see_the_copy);
	tcase_add_test(tc, renaming_copies_up);
	tcase_add_loop_test(tc, removed_files_live_while_open, 0, 8);
	tcase_add_test(tc, no_space_leaves_the_lower_file);
	tcase_add_test(tc, leftovers_are_hidden_and_swept);
	tcase_add_test(tc, copy_meets_a_leftover);
	tcase_add_loop_test(tc, power_cuts_leave_old_or_new, 0, 3);
	tcase_add_test(tc, threads_share_an_overlay);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
