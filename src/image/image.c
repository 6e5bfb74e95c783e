/* SPDX-License-Identifier: MIT */
/*
 * image.c - host files side by side in one reserved range of addresses.
 *
 * The whole range is reserved without access first; each file is then mapped
 * over its part of it. So an address of the chip is an offset from one base,
 * however many files there are, and the gaps between them cannot be touched.
 *
 * A map is only as long as its file: the kernel answers an access behind the
 * last page with SIGBUS. twinfs_image_contains() is the guard; everything
 * above asks it (by way of the chip) before it touches a byte. A file that
 * somebody else cuts short while it is open defeats that guard: no read of a
 * map can report it, so whoever has the process has to see to the signal, as
 * the programs of ours do (emulator/fuse_sentry.c). A store into a hole of a
 * sparse file on a full disk would be a SIGBUS too; fill_holes() rules it out
 * for writers. On a full tmpfs even a look into a hole is one, for its holes
 * take memory when they are read: there a sparse image must not be left sparse.
 */
#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/fail.h"

/* How long, and how often, a lock is asked for that somebody has. */
#define LOCK_WAIT_NS 500000000
#define LOCK_TRIES   25

struct file {
	char *path; /* NULL: memory */
	int fd;     /* -1: memory */
	dev_t dev;  /* with ino: which file it is, whatever its path */
	ino_t ino;
	uint64_t addr, size;
};

struct twinfs_image {
	struct file files[TWINFS_IMAGE_FILES];
	size_t count;
	unsigned flags;
	bool can_write; /* the map, not necessarily the files */
	uint8_t *base;  /* of the reserved range; NULL before it is */
	size_t reserved;
	int64_t mtime_ns;
	pthread_mutex_t fd_lock; /* see tw_image_fd_lock() */
};

static struct twinfs_image *new_image(unsigned flags)
{
	struct twinfs_image *image = calloc(1, sizeof(*image));

	if (!image)
		return NULL;
	for (size_t i = 0; i < TWINFS_IMAGE_FILES; i++)
		image->files[i].fd = -1;
	image->flags = flags;
	(void)pthread_mutex_init(&image->fd_lock, NULL); /* cannot fail without attributes */
	return image;
}

static void cleanup_image(struct twinfs_image **image)
{
	twinfs_image_close(*image);
}

#define _cleanup_image_ _cleanup_(cleanup_image)

static int64_t time_ns(const struct timespec *time)
{
	int64_t ns;

	if (__builtin_mul_overflow((int64_t)time->tv_sec, INT64_C(1000000000), &ns) ||
		__builtin_add_overflow(ns, (int64_t)time->tv_nsec, &ns))
		return time->tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

static int fail_errno(struct twinfs_error *err, int code, const char *what)
{
	return tw_fail(err, TWINFS_P_IMAGE_OPEN, code, "cannot be %s: %s", what,
		twinfs_strerror(code));
}

static int fail_directory(struct twinfs_error *err)
{
	return tw_fail(err, TWINFS_P_IMAGE_OPEN, -EISDIR,
		"is a directory; files of partitions are given as --user and --backup");
}

static int open_fd(const char *path, unsigned flags, struct twinfs_error *err)
{
	/*
	 * O_NONBLOCK: do not wait for the other end of a FIFO. O_EXCL says
	 * nothing about regular files; a block device that is in use by the
	 * host (mounted, swap) then cannot be opened.
	 */
	int mode = flags & TWINFS_IMAGE_WRITABLE ? O_RDWR | O_EXCL : O_RDONLY;
	int fd = open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == EBUSY)
		return tw_fail(err, TWINFS_P_IMAGE_LOCKED, -EBUSY,
			"a block device in use by the host or another twinfs (unmount it first)");
	if (errno == ENXIO)
		return tw_fail(err, TWINFS_P_IMAGE_OPEN, -EINVAL,
			"not a regular file or block device");
	if (errno == EISDIR)
		return fail_directory(err);
	if (errno == EROFS)
		return tw_fail(err, TWINFS_P_IMAGE_OPEN, -EROFS,
			"cannot be changed: it is on a read-only file system");
	if (errno == EACCES && mode != O_RDONLY && !access(path, R_OK))
		return tw_fail(err, TWINFS_P_IMAGE_OPEN, -EACCES,
			"cannot be changed: you may only read it (see chmod u+w)");
	return fail_errno(err, -errno, "opened");
}

/* Size in bytes of what @fd names. */
static int measure(int fd, const struct stat *st, uint64_t *ret_size, struct twinfs_error *err)
{
	uint64_t size = (uint64_t)st->st_size;

	if (S_ISDIR(st->st_mode))
		return fail_directory(err);
	if (!S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode))
		return tw_fail(err, TWINFS_P_IMAGE_OPEN, -EINVAL,
			"not a regular file or block device");
	if (S_ISBLK(st->st_mode) && ioctl(fd, BLKGETSIZE64, &size) < 0)
		return fail_errno(err, -errno, "measured");
	if (!size)
		return tw_fail(err, TWINFS_P_IMAGE_SIZE, -EUCLEAN, "the file is empty");
	*ret_size = size;
	return 0;
}

/* One file twice would be two partitions that change each other's bytes. */
static int check_other_files(const struct twinfs_image *image, const struct stat *st,
	struct twinfs_error *err)
{
	for (size_t i = 0; i < image->count; i++)
		if (image->files[i].dev == st->st_dev && image->files[i].ino == st->st_ino)
			return tw_fail(err, TWINFS_P_IMAGE_OPEN, -EINVAL,
				"the same file as '%s'; each partition needs a file of its own",
				image->files[i].path);
	return 0;
}

/*
 * The lock belongs to the open file: a fork shares it, and the last close drops it. A
 * daemon has its lock for a moment longer than its mount, which umount(8) does not wait for.
 */
static int lock_file(int fd, struct twinfs_error *err)
{
	const struct timespec pause = {.tv_nsec = LOCK_WAIT_NS / LOCK_TRIES};

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK)
			return fail_errno(err, -errno, "locked");
		(void)nanosleep(&pause, NULL);
	}
	return tw_fail(err, TWINFS_P_IMAGE_LOCKED, -EBUSY,
		"locked by another twinfs (is it mounted? unmount it first)");
}

/*
 * Gives a sparse file all its blocks; neither size nor content changes. On
 * file systems that cannot (the call does not exist there) a full disk still
 * means SIGBUS. The time of the last change is put back: nothing changed, and
 * what is mounted from the image takes its times from it.
 */
static int fill_holes(int fd, const struct stat *st, struct twinfs_error *err)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, st->st_mtim};
	off_t hole = lseek(fd, 0, SEEK_HOLE);

	if (hole == st->st_size)
		return 0;
	while (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, st->st_size) < 0) {
		if (errno == EOPNOTSUPP || errno == ENOSYS)
			return 0;
		if (errno == ENOSPC || errno == EDQUOT)
			return tw_fail(err, TWINFS_P_IMAGE_OPEN, -ENOSPC,
				"sparse, and the disk has no room for all of its %jd bytes",
				(intmax_t)st->st_size);
		if (errno != EINTR)
			return fail_errno(err, -errno, "allocated");
	}
	(void)futimens(fd, times); /* not ours: then the new time stays */
	return 0;
}

/* Opens @path as the next file of @image; its address is not yet known. */
static int add_file(struct twinfs_image *image, const char *path, struct twinfs_error *err)
{
	_cleanup_close_ int fd = open_fd(path, image->flags, err);
	struct file *file = &image->files[image->count];
	struct stat st;
	int rc;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return fail_errno(err, -errno, "examined");
	rc = measure(fd, &st, &file->size, err);
	if (!rc)
		rc = check_other_files(image, &st, err);
	if (!rc && image->flags & TWINFS_IMAGE_WRITABLE)
		rc = lock_file(fd, err);
	if (!rc && image->flags & TWINFS_IMAGE_WRITABLE && S_ISREG(st.st_mode))
		rc = fill_holes(fd, &st, err);
	if (rc)
		return rc;
	file->path = strdup(path);
	if (!file->path)
		return tw_fail(err, TWINFS_P_IMAGE_OPEN, -ENOMEM, "out of memory");
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	file->fd = tw_steal_fd(&fd);
	if (image->count++ == 0 || time_ns(&st.st_mtim) > image->mtime_ns)
		image->mtime_ns = time_ns(&st.st_mtim);
	return 0;
}

/* Reserves @size bytes of addresses, no memory. */
static int reserve(struct twinfs_image *image, uint64_t size, int protection)
{
	void *base;

	if (size > SIZE_MAX / 2)
		return -EOVERFLOW;
	base = mmap(NULL, (size_t)size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		0);
	if (base == MAP_FAILED)
		return -errno;
	image->base = base;
	image->reserved = (size_t)size;
	return 0;
}

/* Gives each file its address and reserves them all. */
static int lay_out(struct twinfs_image *image, struct twinfs_error *err)
{
	uint64_t end = 0;
	int rc;

	for (size_t i = 0; i < image->count; i++) {
		struct file *file = &image->files[i];

		/* Each term is at most 2^63, so neither sum wraps. */
		file->addr = tw_round_up(end, TWINFS_IMAGE_ALIGN);
		end = file->addr + file->size;
		if (end > INT64_MAX)
			break;
	}
	rc = end > INT64_MAX ? -EOVERFLOW : reserve(image, end, PROT_NONE);
	if (rc)
		return tw_fail(err, TWINFS_P_IMAGE_SIZE, rc,
			"cannot be mapped: %" PRIu64 " bytes are too many", end);
	return 0;
}

static int map_file(const struct twinfs_image *image, const struct file *file,
	struct twinfs_error *err)
{
	int protection = image->can_write ? PROT_READ | PROT_WRITE : PROT_READ;
	int kind = image->flags & TWINFS_IMAGE_SCRATCH ? MAP_PRIVATE | MAP_NORESERVE : MAP_SHARED;

	if (mmap(image->base + file->addr, (size_t)file->size, protection, kind | MAP_FIXED,
		    file->fd, 0) != MAP_FAILED)
		return 0;
	if (errno == ENODEV)
		return tw_fail(err, TWINFS_P_IMAGE_OPEN, -ENODEV,
			"cannot be mapped: its file system has no shared maps (copy the image to "
			"another one)");
	return fail_errno(err, -errno, "mapped");
}

int twinfs_image_open(const char *const *paths, size_t count, unsigned flags,
	struct twinfs_image **ret_image, struct twinfs_error *err)
{
	_cleanup_image_ struct twinfs_image *image = NULL;
	int rc;

	if (count < 1 || count > TWINFS_IMAGE_FILES)
		return tw_fail(err, TWINFS_P_IMAGE_OPEN, -EINVAL,
			"an image is 1 to %d files, not %zu", TWINFS_IMAGE_FILES, count);
	if (flags & TWINFS_IMAGE_WRITABLE && flags & TWINFS_IMAGE_SCRATCH)
		return tw_fail(err, TWINFS_P_IMAGE_OPEN, -EINVAL,
			"an image is opened writable or scratch, not both");
	image = new_image(flags);
	if (!image)
		return tw_fail(err, TWINFS_P_IMAGE_OPEN, -ENOMEM, "out of memory");
	image->can_write = flags & (TWINFS_IMAGE_WRITABLE | TWINFS_IMAGE_SCRATCH);
	for (size_t i = 0; i < count; i++) {
		rc = add_file(image, paths[i], err);
		if (rc)
			return tw_fail_file(err, paths[i], rc);
	}
	rc = lay_out(image, err);
	if (rc)
		return tw_fail_file(err, paths[count - 1], rc);
	for (size_t i = 0; i < count; i++) {
		rc = map_file(image, &image->files[i], err);
		if (rc)
			return tw_fail_file(err, paths[i], rc);
	}
	*ret_image = tw_steal(&image);
	return 0;
}

int twinfs_image_memory(uint64_t size, struct twinfs_image **ret_image)
{
	_cleanup_image_ struct twinfs_image *image = NULL;
	int rc;

	if (!size)
		return -EINVAL;
	image = new_image(0);
	if (!image)
		return -ENOMEM;
	rc = reserve(image, size, PROT_READ | PROT_WRITE);
	if (rc)
		return -ENOMEM;
	memset(image->base, 0xff, (size_t)size);
	image->can_write = true;
	image->files[0].size = size;
	image->count = 1;
	*ret_image = tw_steal(&image);
	return 0;
}

void twinfs_image_close(struct twinfs_image *image)
{
	if (!image)
		return;
	if (image->base)
		(void)munmap(image->base, image->reserved);
	/* The first file goes last: who waits for its lock finds all of them free. */
	for (size_t i = TWINFS_IMAGE_FILES; i-- > 0;) {
		tw_cleanup_close(&image->files[i].fd);
		free(image->files[i].path);
	}
	(void)pthread_mutex_destroy(&image->fd_lock);
	free(image);
}

uint64_t twinfs_image_size(const struct twinfs_image *image)
{
	return image->reserved;
}

const uint8_t *twinfs_image_bytes(const struct twinfs_image *image)
{
	return image->base;
}

uint8_t *twinfs_image_bytes_writable(struct twinfs_image *image)
{
	return image->can_write ? image->base : NULL;
}

const char *twinfs_image_path(const struct twinfs_image *image, size_t index)
{
	return index < image->count ? image->files[index].path : NULL;
}

uint64_t twinfs_image_file_addr(const struct twinfs_image *image, size_t index)
{
	return index < image->count ? image->files[index].addr : 0;
}

uint64_t twinfs_image_file_size(const struct twinfs_image *image, size_t index)
{
	return index < image->count ? image->files[index].size : 0;
}

int64_t twinfs_image_mtime_ns(const struct twinfs_image *image)
{
	return image->mtime_ns;
}

bool twinfs_image_contains(const struct twinfs_image *image, uint64_t addr, uint64_t size)
{
	for (size_t i = 0; i < image->count; i++) {
		const struct file *file = &image->files[i];

		if (addr >= file->addr && tw_is_within(addr - file->addr, size, file->size))
			return true;
	}
	return false;
}

int twinfs_image_sync(struct twinfs_image *image)
{
	if (!(image->flags & TWINFS_IMAGE_WRITABLE))
		return 0;
	for (size_t i = 0; i < image->count; i++) {
		const struct file *file = &image->files[i];

		if (msync(image->base + file->addr, (size_t)file->size, MS_SYNC) < 0)
			return -errno;
	}
	return 0;
}

int twinfs_image_digest(const struct twinfs_image *image, struct twinfs_digest *ret_digest)
{
	struct tw_digest *digest = tw_digest_new();

	if (!digest)
		return -ENOMEM;
	for (size_t i = 0; i < TWINFS_IMAGE_FILES; i++)
		tw_digest_add(digest, twinfs_image_bytes(image) + twinfs_image_file_addr(image, i),
			(size_t)twinfs_image_file_size(image, i));
	*ret_digest = tw_digest_finish(digest);
	tw_digest_free(digest);
	return 0;
}

int tw_image_fd(const struct twinfs_image *image)
{
	return image->count == 1 ? image->files[0].fd : -1;
}

pthread_mutex_t *tw_image_fd_lock(const struct twinfs_image *image)
{
	/* The lock is no part of the value: reading an image may take it. */
	return (pthread_mutex_t *)&image->fd_lock;
}
