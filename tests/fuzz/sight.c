/* SPDX-License-Identifier: MIT */
/*
 * sight.c - looks at all of a volume that may be damaged in any way.
 */
#include "sight.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "fuzz.h"

#define PATH_ROOM 4096u

/* Files may share blocks, so that content is much more than the image. */
#define BYTES_MAX (UINT64_C(512) << 10)

bool sight_may_say(int64_t rc)
{
	return rc >= 0 || rc == -EUCLEAN || rc == -EBADMSG;
}

bool sight_change_may_say(int64_t rc)
{
	static const int codes[] = {ENOSPC, EEXIST, ENOENT, ENOTEMPTY, EISDIR, ENOTDIR, EINVAL,
		ENAMETOOLONG, EFBIG, E2BIG, ENODATA, ENOTSUP, EBUSY, EIO};

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (rc == -codes[i])
			return true;
	return sight_may_say(rc);
}

static struct tw_digest *digest(void)
{
	static struct tw_digest *one;

	if (!one)
		one = tw_digest_new();
	fuzz_must(one, "no memory");
	return one;
}

struct listing {
	struct sight *sight;
	struct twinfs_volume *volume;
	struct twinfs_digest dir;
};

static int note_entry(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	struct listing *listing = ctx;
	struct sight *sight = listing->sight;
	struct seen *seen = &sight->list[sight->count];

	fuzz_must(*name && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, ".."),
		"a name that leads astray");
	if (sight->count == SIGHT_MAX) {
		sight->is_cut = true;
		return 0;
	}
	tw_digest_add(digest(), &listing->dir, sizeof(listing->dir));
	tw_digest_add(digest(), name, strlen(name));
	*seen = (struct seen){.ino = stat->ino,
		.path = tw_digest_finish(digest()),
		.type = stat->type,
		.size = stat->size};
	sight->count++;
	fuzz_tell("  object %zu: %s", sight->count - 1, name);
	return 0;
}

static int add_piece(void *ctx, const void *data, size_t len)
{
	uint64_t *sum = ctx;

	tw_digest_add(digest(), data, len);
	*sum += len;
	return 0;
}

static void scan_file(struct twinfs_volume *volume, struct seen *seen)
{
	uint64_t sum = 0;
	const struct twinfs_scan scan = {add_piece, &sum};

	seen->rc = twinfs_volume_scan(volume, seen->ino, &scan);
	seen->content = tw_digest_finish(digest());
	fuzz_must(sight_may_say(seen->rc), "scan: %d", seen->rc);
	fuzz_must(seen->rc || seen->size < SIGHT_FILE_MAX, "more than the image has");
	fuzz_must(seen->rc || sum == seen->size, "scan gives %llu of %llu bytes",
		(unsigned long long)sum, (unsigned long long)seen->size);
}

/* Reading and viewing say what the scan says. */
static void read_file(struct twinfs_volume *volume, const struct seen *seen)
{
	static uint8_t buf[SIGHT_FILE_MAX];
	struct twinfs_view view;
	int64_t rc = twinfs_volume_open(volume, seen->ino);

	fuzz_must(sight_may_say(rc), "open: %lld", (long long)rc);
	if (!rc) {
		rc = twinfs_volume_read(volume, seen->ino, buf, sizeof(buf), 0);
		fuzz_must(sight_may_say(rc), "read: %lld", (long long)rc);
		fuzz_must((rc < 0) == (seen->rc < 0), "read: %lld, scan: %d", (long long)rc,
			seen->rc);
		fuzz_must(rc < 0 || (rc == (int64_t)seen->size &&
					    tw_digest_is_same(twinfs_digest(buf, (size_t)rc),
						    seen->content)),
			"read gives %lld of %llu bytes, or others", (long long)rc,
			(unsigned long long)seen->size);
		rc = twinfs_volume_view(volume, seen->ino, sizeof(buf), 0, &view);
		fuzz_must((rc < 0) == (seen->rc < 0), "view: %lld, scan: %d", (long long)rc,
			seen->rc);
		for (size_t i = 0; !rc && i < view.count; i++)
			tw_digest_add(digest(), view.iov[i].iov_base, view.iov[i].iov_len);
		if (!rc) {
			fuzz_must(tw_digest_is_same(tw_digest_finish(digest()), seen->content),
				"view gives other bytes");
			twinfs_volume_release_view(volume, &view);
		}
		twinfs_volume_close(volume, seen->ino);
	} else {
		fuzz_must(seen->rc < 0, "open: %lld, but it can be scanned", (long long)rc);
	}
}

static void take_attrs(struct twinfs_volume *volume, struct seen *seen)
{
	uint8_t types[256], value[TWINFS_ATTR_MAX];
	int count = twinfs_volume_list_attrs(volume, seen->ino, types);

	fuzz_must(count >= 0 && count <= 256, "attributes: %d", count);
	for (int i = 0; i < count; i++) {
		int64_t len =
			twinfs_volume_get_attr(volume, seen->ino, types[i], value, sizeof(value));

		fuzz_must(len >= 0 && len <= (int64_t)sizeof(value), "attribute %u: %lld", types[i],
			(long long)len);
		tw_digest_add(digest(), &types[i], 1);
		tw_digest_add(digest(), &len, sizeof(len));
		tw_digest_add(digest(), value, (size_t)len);
	}
	seen->attrs = tw_digest_finish(digest());
}

/* An object is found where it says that it is. */
static void find_again(struct twinfs_volume *volume, const struct seen *seen)
{
	static char path[PATH_ROOM];
	int64_t len = twinfs_volume_path(volume, seen->ino, path, sizeof(path));
	struct twinfs_stat stat;
	uint64_t ino;

	fuzz_must(len > 0, "path: %lld", (long long)len);
	if (len < (int64_t)sizeof(path))
		fuzz_must(twinfs_volume_walk(volume, path, &ino) == 0 && ino == seen->ino,
			"%s leads elsewhere", path);
	fuzz_must(twinfs_volume_stat(volume, seen->ino, &stat) == 0 && stat.size == seen->size &&
			  stat.type == seen->type,
		"stat differs from the listing");
}

static void take(struct twinfs_volume *volume, struct sight *sight, bool is_thorough)
{
	struct listing listing = {.sight = sight, .volume = volume};

	sight->list[0] = (struct seen){.ino = TWINFS_ROOT_INO, .type = TWINFS_DIR};
	sight->count = 1;
	sight->is_cut = false;
	sight->is_whole = true;
	sight->bytes = 0;
	for (size_t i = 0; i < sight->count; i++) {
		struct seen *seen = &sight->list[i];

		take_attrs(volume, seen);
		if (i && is_thorough)
			find_again(volume, seen);
		if (seen->type == TWINFS_DIR) {
			listing.dir = seen->path;
			seen->rc = twinfs_volume_list(volume, seen->ino, note_entry, &listing);
			fuzz_must(sight_may_say(seen->rc), "list: %d", seen->rc);
		} else if (sight->bytes < BYTES_MAX) {
			scan_file(volume, seen);
			sight->bytes += seen->rc ? 0 : seen->size;
			if (is_thorough)
				read_file(volume, seen);
		}
		sight->is_whole = sight->is_whole && !seen->rc;
		fuzz_tell("  object %zu: ino %llu, type %d, %llu bytes, rc %d", i,
			(unsigned long long)seen->ino, seen->type, (unsigned long long)seen->size,
			seen->rc);
	}
}

void sight_take(struct twinfs_volume *volume, struct sight *ret_sight)
{
	take(volume, ret_sight, false);
}

void sight_take_twice(struct twinfs_volume *volume, struct sight *ret_sight)
{
	take(volume, ret_sight, true);
}

static bool is_same(const struct seen *a, const struct seen *b)
{
	return a->type == b->type && a->size == b->size && a->rc == b->rc &&
	       tw_digest_is_same(a->content, b->content) && tw_digest_is_same(a->attrs, b->attrs);
}

void sight_must_equal(const struct sight *a, const struct sight *b)
{
	fuzz_must(a->count == b->count && a->is_cut == b->is_cut, "%zu objects, then %zu", a->count,
		b->count);
	for (size_t i = 0; i < a->count; i++)
		fuzz_must(is_same(&a->list[i], &b->list[i]) &&
				  tw_digest_is_same(a->list[i].path, b->list[i].path),
			"object %zu differs: rc %d and %d, size %llu and %llu", i, a->list[i].rc,
			b->list[i].rc, (unsigned long long)a->list[i].size,
			(unsigned long long)b->list[i].size);
}

void sight_must_keep(const struct sight *before, const struct sight *after)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct seen *was = &before->list[i], *is = NULL;

		if (was->is_changed || was->rc)
			continue;
		for (size_t k = 0; !is && k < after->count; k++)
			if (after->list[k].ino == was->ino)
				is = &after->list[k];
		if (!is && after->is_cut)
			continue;
		fuzz_must(is, "object %zu is gone", i);
		fuzz_must(was->type == TWINFS_DIR ? tw_digest_is_same(is->attrs, was->attrs)
						  : is_same(was, is),
			"object %zu, which nobody changed, is different: rc %d, size %llu and %llu",
			i, is->rc, (unsigned long long)was->size, (unsigned long long)is->size);
	}
}

void sight_must_survive(const struct sight *before, const struct sight *after)
{
	for (size_t i = 0; i < before->count && !after->is_cut; i++) {
		const struct seen *was = &before->list[i];
		bool is_there = was->rc;

		for (size_t k = 0; !is_there && k < after->count; k++)
			is_there = tw_digest_is_same(was->path, after->list[k].path) &&
				   is_same(was, &after->list[k]);
		fuzz_must(is_there, "object %zu is gone or different after mounting again", i);
	}
}
