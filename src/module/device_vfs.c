/* SPDX-License-Identifier: MIT */
/*
 * device_vfs.c - the firmware's file calls, on the two volumes at boot.
 *
 * Every call finds its object by path, as the firmware's do: what one call
 * found may be gone or another when the next comes.
 */
#include "device_vfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "device_errno.h"

/* A path, and the volume it leads into. */
struct place {
	struct twinfs_volume *volume;
	bool is_backup;
	const char *inner; /* part of the path: what is looked up in the volume */
};

/* What a place ends with, and the directory that is in. */
struct name {
	char *clean;      /* the place inside the volume, cut in front of the name by find_dir() */
	const char *last; /* part of it */
	bool trailing;    /* a separator follows */
	uint64_t dir;
};

static void release_name(struct name *name)
{
	free(name->clean);
}

static int locate(const struct tw_device *device, const char *path, struct place *ret_place)
{
	enum tw_mount mount = tw_device_path_mount(path, &ret_place->inner);

	if (mount == TW_MOUNT_ROOT)
		return -EPERM;
	if (mount == TW_MOUNT_NONE)
		return -ENODEV;
	ret_place->is_backup = mount == TW_MOUNT_BACKUP;
	ret_place->volume = ret_place->is_backup ? device->backup : device->user;
	return ret_place->volume ? 0 : -ENODEV;
}

/* The volume resolves the path as tw_device_path_clean() does. */
static int find(const struct place *place, uint64_t *ret_ino)
{
	return twinfs_volume_walk(place->volume, place->inner, ret_ino);
}

static int split(const struct place *place, struct name *name)
{
	char *slash;
	int rc = tw_device_path_clean(place->inner, &name->clean, &name->trailing);

	if (rc)
		return rc;
	slash = strrchr(name->clean, '/');
	name->last = slash ? slash + 1 : name->clean;
	return 0;
}

/* Finds the directory that holds the last component of a place. */
static int find_dir(const struct place *place, struct name *name)
{
	name->dir = TWINFS_ROOT_INO;
	if (name->last == name->clean)
		return 0;
	name->clean[name->last - name->clean - 1] = '\0';
	return twinfs_volume_walk(place->volume, name->clean, &name->dir);
}

/* Both, for a name that may end with a separator. */
static int split_and_find_dir(const struct place *place, struct name *name)
{
	int rc = split(place, name);

	return rc ? rc : find_dir(place, name);
}

/* Both, for something new: littlefs makes nothing whose name ends with a separator. */
static int prepare_new(const struct place *place, struct name *name)
{
	int rc = split(place, name);

	if (!rc && name->trailing)
		rc = -ENOENT;
	return rc ? rc : find_dir(place, name);
}

int tw_device_exists(const struct tw_device *device, const char *path, bool *ret_exists)
{
	struct place place;
	uint64_t ino;
	int rc;

	*ret_exists = false;
	if (!*path)
		return 0;
	rc = locate(device, path, &place);
	if (rc == -EPERM) {
		*ret_exists = true; /* the virtual root is always there */
		return 0;
	}
	if (!rc)
		rc = find(&place, &ino);
	if (tw_device_is_fatal(rc))
		return rc;
	*ret_exists = !rc;
	return 0;
}

int tw_device_find(const struct tw_device *device, const char *path,
	struct tw_device_file *ret_file)
{
	struct place place;
	uint64_t ino;
	int rc = locate(device, path, &place);

	if (!rc)
		rc = find(&place, &ino);
	if (!rc)
		*ret_file = (struct tw_device_file){place.volume, ino};
	return rc;
}

static int open_existing(const struct place *place, struct tw_device_file *ret_file)
{
	uint64_t ino;
	int rc = find(place, &ino);

	if (!rc)
		rc = twinfs_volume_open(place->volume, ino);
	if (!rc)
		*ret_file = (struct tw_device_file){place->volume, ino};
	return rc;
}

int tw_device_open_read(const struct tw_device *device, const char *path,
	struct tw_device_file *ret_file)
{
	struct place place;
	int rc = locate(device, path, &place);

	return rc ? rc : open_existing(&place, ret_file);
}

/*
 * littlefs repairs at the first open for writing. Where there is nothing to
 * repair, a chip that cannot be written does not mind.
 */
static int repair(struct twinfs_volume *volume)
{
	struct twinfs_pending pending;

	twinfs_volume_pending(volume, &pending);
	if (!pending.orphans && !pending.desyncs && !pending.marks)
		return 0;
	return twinfs_volume_repair(volume);
}

int tw_device_open_update(const struct tw_device *device, const char *path,
	struct tw_device_file *ret_file)
{
	struct place place;
	int rc = locate(device, path, &place);

	if (!rc && place.is_backup)
		rc = -EACCES;
	if (!rc)
		rc = repair(place.volume);
	return rc ? rc : open_existing(&place, ret_file);
}

static int create(const struct place *place)
{
	_cleanup_(release_name) struct name name = {0};
	uint64_t ino;
	int rc = prepare_new(place, &name);

	return rc ? rc : twinfs_volume_create(place->volume, name.dir, name.last, &ino);
}

/* An empty file must not be touched: truncating it would be a change to nothing. */
static int truncate_to_nothing(const struct tw_device_file *file)
{
	struct twinfs_stat stat;
	int rc = twinfs_volume_stat(file->volume, file->ino, &stat);

	return rc || !stat.size ? rc : twinfs_volume_truncate(file->volume, file->ino, 0);
}

int tw_device_open_write(const struct tw_device *device, const char *path,
	struct tw_device_file *ret_file)
{
	struct place place;
	struct tw_device_file file;
	int rc = locate(device, path, &place);

	if (!rc && place.is_backup)
		rc = -EACCES;
	if (!rc)
		rc = repair(place.volume);
	if (rc)
		return rc;
	rc = open_existing(&place, &file);
	if (rc == -ENOENT) {
		rc = create(&place);
		if (!rc)
			rc = open_existing(&place, &file);
	}
	if (rc)
		return rc;
	rc = truncate_to_nothing(&file);
	if (rc)
		tw_device_drop(&file);
	else
		*ret_file = file;
	return rc;
}

int tw_device_close(struct tw_device_file *file)
{
	int rc = twinfs_volume_sync(file->volume, file->ino);

	if (rc)
		twinfs_volume_discard(file->volume, file->ino);
	twinfs_volume_close(file->volume, file->ino);
	return rc;
}

void tw_device_drop(struct tw_device_file *file)
{
	twinfs_volume_discard(file->volume, file->ino);
	twinfs_volume_close(file->volume, file->ino);
}

static int write_at(const struct tw_device_file *file, const void *data, size_t len, uint64_t off)
{
	int64_t put = twinfs_volume_write(file->volume, file->ino, data, len, off);

	return put < 0 ? (int)put : 0;
}

int tw_device_copy_content(const struct tw_device_file *from, const struct tw_device_file *to,
	int *ret_unread)
{
	char piece[TW_DEVICE_READ_SIZE];
	uint64_t off = 0;

	for (;;) {
		int64_t got =
			twinfs_volume_read(from->volume, from->ino, piece, sizeof(piece), off);
		int rc;

		*ret_unread = got < 0 ? (int)got : 0;
		if (got <= 0)
			return 0;
		rc = write_at(to, piece, (size_t)got, off);
		if (rc)
			return rc;
		off += (uint64_t)got;
	}
}

int tw_device_replace(const struct tw_device *device, const char *path, const char *data,
	size_t len)
{
	struct tw_device_file file;
	int rc = tw_device_open_write(device, path, &file);

	if (rc)
		return rc;
	rc = write_at(&file, data, len, 0);
	if (!rc)
		return tw_device_close(&file);
	tw_device_drop(&file);
	return rc;
}

/* Bytes of the character that starts with @first, whatever follows it. */
static size_t char_len(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if ((first & 0xe0) == 0xc0)
		return 2;
	if ((first & 0xf0) == 0xe0)
		return 3;
	return (first & 0xf8) == 0xf0 ? 4 : 5;
}

/* Counts characters of @text from @at on, down from *@chars. Where the next one starts. */
static size_t count_chars(const struct tw_text *text, size_t at, size_t *chars)
{
	while (at < text->len && *chars) {
		at += char_len((unsigned char)text->data[at]);
		(*chars)--;
	}
	return at;
}

int tw_device_read_text(const struct tw_device_file *file, size_t limit, struct tw_text *text,
	bool *ret_more)
{
	char piece[TW_DEVICE_READ_SIZE];
	size_t at = 0, chars = limit;
	int rc = tw_text_add(text, "", 0);

	*ret_more = false;
	while (!rc && (chars || at > text->len)) {
		int64_t got = twinfs_volume_read(file->volume, file->ino, piece, sizeof(piece),
			text->len);

		if (got <= 0)
			return (int)got;
		rc = tw_text_add(text, piece, (size_t)got);
		at = count_chars(text, at, &chars);
	}
	if (rc)
		return rc;
	if (at < text->len) {
		text->len = at;
		text->data[at] = '\0';
		*ret_more = true;
	} else {
		*ret_more = twinfs_volume_read(file->volume, file->ino, piece, 1, text->len) > 0;
	}
	return 0;
}

static int make_dir(const struct tw_device *device, const char *path)
{
	_cleanup_(release_name) struct name name = {0};
	struct place place;
	uint64_t ino;
	int rc = locate(device, path, &place);

	if (rc)
		return rc;
	/* The firmware gives back -1 here, which nobody looks at. */
	if (place.is_backup)
		return 0;
	rc = prepare_new(&place, &name);
	return rc ? rc : twinfs_volume_mkdir(place.volume, name.dir, name.last, &ino);
}

int tw_device_mkdirs(const struct tw_device *device, const char *dir)
{
	_cleanup_free_ char *step = strdup(dir);
	size_t len = strcspn(dir, "/");

	if (!step)
		return -ENOMEM;
	for (;;) {
		bool exists;
		int rc;

		step[len] = '\0';
		rc = tw_device_exists(device, step, &exists);
		if (!rc && *step && !exists)
			rc = make_dir(device, step);
		if (rc || !dir[len])
			return rc;
		step[len] = '/';
		len += 1 + strcspn(dir + len + 1, "/");
	}
}

int tw_device_rename(const struct tw_device *device, const char *from, const char *to)
{
	_cleanup_(release_name) struct name old_name = {0}, new_name = {0};
	struct place old_place, new_place;
	int rc = locate(device, from, &old_place);

	if (!rc)
		rc = locate(device, to, &new_place);
	if (!rc && old_place.volume != new_place.volume)
		rc = -EPERM;
	if (!rc)
		rc = split_and_find_dir(&old_place, &old_name);
	if (!rc)
		rc = split_and_find_dir(&new_place, &new_name);
	return rc ? rc
		  : twinfs_volume_rename(old_place.volume, old_name.dir, old_name.last,
			    new_name.dir, new_name.last, 0);
}

/* Looks first: a chip that cannot be written refuses to remove even nothing. */
static int remove_place(const struct place *place, bool files_only)
{
	_cleanup_(release_name) struct name name = {0};
	struct twinfs_stat stat;
	uint64_t ino;
	int rc = find(place, &ino);

	if (!rc)
		rc = twinfs_volume_stat(place->volume, ino, &stat);
	if (!rc)
		rc = split_and_find_dir(place, &name);
	if (rc)
		return rc;
	if (stat.type == TWINFS_DIR && !files_only)
		return twinfs_volume_rmdir(place->volume, name.dir, name.last);
	return twinfs_volume_unlink(place->volume, name.dir, name.last);
}

int tw_device_remove(const struct tw_device *device, const char *path)
{
	struct place place;
	int rc = locate(device, path, &place);

	if (!rc && place.is_backup)
		return 0;
	if (!rc)
		rc = remove_place(&place, true);
	return rc == -ENOENT || rc == -ENOTDIR ? 0 : rc;
}

int tw_device_delete(const struct tw_device *device, const char *path)
{
	struct place place;
	int rc = locate(device, path, &place);

	return rc || place.is_backup ? rc : remove_place(&place, false);
}

/* The first entry of a directory. */
struct first {
	char *name; /* NULL: it is empty */
	bool is_dir;
};

static int take_first(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	struct first *first = ctx;

	first->name = strdup(name);
	first->is_dir = stat->type == TWINFS_DIR;
	return first->name ? 1 : -ENOMEM;
}

static int find_first(const struct tw_device *device, const char *dir, struct first *ret_first)
{
	struct place place;
	uint64_t ino;
	int rc = locate(device, dir, &place);

	if (!rc)
		rc = find(&place, &ino);
	if (!rc)
		rc = twinfs_volume_list(place.volume, ino, take_first, ret_first);
	return rc > 0 ? 0 : rc;
}

/*
 * Takes the first entry of the directory at the end of @path, and the
 * directory when there is none: the end of @path moves down or up with that.
 */
static int delete_step(const struct tw_device *device, struct tw_text *path, size_t *depth)
{
	_cleanup_free_ char *name = NULL;
	struct first first = {0};
	size_t len = path->len;
	int rc = find_first(device, path->data, &first);

	name = first.name;
	if (rc)
		return rc;
	if (name) {
		rc = tw_text_addf(path, "/%s", name);
		*depth += first.is_dir;
		if (rc || first.is_dir)
			return rc;
	} else {
		len = (size_t)(strrchr(path->data, '/') - path->data);
		--*depth;
	}
	rc = tw_device_delete(device, path->data);
	path->len = len;
	path->data[len] = '\0';
	return rc;
}

/* A tree has no more levels than its volume has blocks: a loop in a damaged one ends there. */
int tw_device_delete_tree(const struct tw_device *device, const char *dir)
{
	_cleanup_(tw_text_release) struct tw_text path = {0};
	struct twinfs_statfs statfs;
	size_t depth = 1;
	int rc = twinfs_volume_statfs(device->user, &statfs);

	if (!rc)
		rc = tw_text_addf(&path, "%s", dir);
	while (!rc && depth)
		rc = depth > statfs.blocks ? -EUCLEAN : delete_step(device, &path, &depth);
	return rc;
}

static enum twinfs_reason reason_of(int rc)
{
	switch (rc) {
	case -EISDIR:
		return TWINFS_REASON_DIRECTORY;
	case -ENOENT:
	case -ENOTDIR:
	case -ENODEV:
	case -EPERM:
		return TWINFS_REASON_MISSING;
	default:
		return TWINFS_REASON_UNREADABLE;
	}
}

/* Gives the number of bytes hashed, or the error that came before the first. */
static int64_t hash_content(const struct tw_device_file *file, struct tw_hash *hash)
{
	char piece[TW_DEVICE_READ_SIZE];
	int64_t done = 0;

	for (;;) {
		int64_t got = twinfs_volume_read(file->volume, file->ino, piece, sizeof(piece),
			(uint64_t)done);
		int rc;

		if (got <= 0)
			return done && !tw_device_is_fatal((int)got) ? done : got;
		rc = tw_hash_update(hash, piece, (size_t)got);
		if (rc)
			return rc;
		done += got;
	}
}

int tw_device_hash(const struct tw_device *device, const char *path, enum tw_hash_kind kind,
	char **ret_text, enum twinfs_reason *ret_reason)
{
	_cleanup_(tw_hash_release) struct tw_hash hash = {0};
	char text[TW_HASH_TEXT_SIZE];
	struct tw_device_file file;
	int64_t done;
	int rc = tw_device_open_read(device, path, &file);

	*ret_text = NULL;
	*ret_reason = rc ? reason_of(rc) : TWINFS_REASON_NONE;
	if (rc)
		return tw_device_is_fatal(rc) ? rc : 0;
	rc = tw_hash_init(&hash, kind);
	done = rc ? rc : hash_content(&file, &hash);
	twinfs_volume_close(file.volume, file.ino);
	if (done < 0) {
		*ret_reason = reason_of((int)done);
		return tw_device_is_fatal((int)done) ? (int)done : 0;
	}
	if (!done) {
		*ret_reason = TWINFS_REASON_EMPTY;
		return 0;
	}
	rc = tw_hash_text(&hash, text);
	if (rc)
		return rc;
	*ret_text = strdup(text);
	return *ret_text ? 0 : -ENOMEM;
}
