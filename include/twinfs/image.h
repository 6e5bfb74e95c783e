/* SPDX-License-Identifier: MIT */
/*
 * image.h - the bytes of a flash chip, kept in one or more host files.
 *
 * An image is one address space. A file that holds the whole chip starts at
 * address 0; loose partition files are laid into the address space one behind
 * the other, each at a multiple of TWINFS_IMAGE_ALIGN. Whatever the way, the
 * layers above see one chip and partitions as address ranges of it.
 *
 * Lifetime  twinfs_image_open() and friends return an object that
 *           twinfs_image_close() releases; pointers into the map die with it.
 * Threads   all calls but open and close may run at once.
 * Source    GUID partition tables are read and written by libfdisk.
 */
#ifndef TWINFS_IMAGE_H
#define TWINFS_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <twinfs/digest.h>
#include <twinfs/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Loose files start at multiples of this many bytes. */
#define TWINFS_IMAGE_ALIGN (UINT64_C(4) << 20)

/* Most files of one image. */
#define TWINFS_IMAGE_FILES 4

struct twinfs_image;

/* Flags of twinfs_image_open(). */
enum {
	TWINFS_IMAGE_WRITABLE = 1u << 0, /* changes reach the files; takes an exclusive lock */
	TWINFS_IMAGE_SCRATCH = 1u << 1,  /* changes stay in memory; excludes WRITABLE */
};

/*
 * Opens @count files (1 to TWINFS_IMAGE_FILES) as one chip.
 *
 * A writable image is locked exclusively (flock) until it is closed, so a
 * second writer fails with -EBUSY, after half a second. Any other image takes no lock and is hurt
 * by none: a reader or a scratch image beside a writer works (a running mount
 * must not stop "twinfs info"), and a writer beside readers too. Who reads
 * beside a writer may see a state in the middle of a change; a scratch image
 * keeps seeing the writer's changes in the pages (4 KiB) that it has not
 * changed itself.
 *
 * A writable regular file gets all its blocks from the host's disk at open, so
 * that no later store can fail for want of space. That changes neither its
 * content nor its size nor its modification time. File systems that cannot
 * allocate ahead are tolerated.
 *
 * The files must not shrink while they are open: the kernel then sends SIGBUS at
 * the next access behind the new end, which ends a process that does not see to it.
 *
 * @paths      host files, regular files or block devices, each >= 1 byte, no
 *             two of them the same file
 * @flags      TWINFS_IMAGE_*
 * @ret_image  set on success only
 * @err        may be NULL; its file is the path that failed
 *
 * Returns 0, or -ENOENT, -EACCES, -EBUSY (locked, or a block device the host
 * uses), -EUCLEAN (empty file), -EISDIR, -EINVAL (another kind of file, a file
 * given twice, @count, @flags), -ENOSPC (a sparse file on a full disk),
 * -EOVERFLOW, -ENOMEM, or another errno of open and mmap.
 */
TWINFS_API int twinfs_image_open(const char *const *paths, size_t count, unsigned flags,
	struct twinfs_image **ret_image, struct twinfs_error *err);

/* An image of @size bytes (> 0) of 0xff without a file. 0, -EINVAL or -ENOMEM. */
TWINFS_API int twinfs_image_memory(uint64_t size, struct twinfs_image **ret_image);

/* Unmaps, unlocks, frees; changes of a writable image are in the files. NULL is allowed. */
TWINFS_API void twinfs_image_close(struct twinfs_image *image);

/* Size of the address space in bytes: end of the last file. */
TWINFS_API uint64_t twinfs_image_size(const struct twinfs_image *image);

/*
 * First byte of the map; readable over whole files, not over the gaps between
 * them: a touch where twinfs_image_contains() is false ends the process.
 */
TWINFS_API const uint8_t *twinfs_image_bytes(const struct twinfs_image *image);

/* The same for writing; NULL when the image is neither WRITABLE, SCRATCH nor memory. */
TWINFS_API uint8_t *twinfs_image_bytes_writable(struct twinfs_image *image);

/* Path of file @index as given to open, or NULL (no such file, or memory). */
TWINFS_API const char *twinfs_image_path(const struct twinfs_image *image, size_t index);

/*
 * Address and size in bytes of file @index: the range of the address space it
 * fills. Memory counts as file 0; 0 for a file that is not there.
 */
TWINFS_API uint64_t twinfs_image_file_addr(const struct twinfs_image *image, size_t index);
TWINFS_API uint64_t twinfs_image_file_size(const struct twinfs_image *image, size_t index);

/* The newest modification time of the files at open, in ns since 1970; 0 for memory. */
TWINFS_API int64_t twinfs_image_mtime_ns(const struct twinfs_image *image);

/* Whether [@addr, @addr + @size) lies wholly inside one file of the image. */
TWINFS_API bool twinfs_image_contains(const struct twinfs_image *image, uint64_t addr,
	uint64_t size);

/*
 * The digest of all bytes of its files, in order of their addresses, without the
 * gaps between them: what a trace knows an image by. 0 or -ENOMEM.
 */
TWINFS_API int twinfs_image_digest(const struct twinfs_image *image,
	struct twinfs_digest *ret_digest);

/* Waits until all changes are on the host's disk. 0, or a negative errno of msync. */
TWINFS_API int twinfs_image_sync(struct twinfs_image *image);

/* ---- partitions ---- */

struct twinfs_partition {
	char name[40]; /* GPT names have at most 36 characters */
	uint64_t addr; /* bytes from the start of the chip */
	uint64_t size; /* bytes */
};

/* Whether the bytes of @image look like a disk with a GUID partition table. */
TWINFS_API bool twinfs_image_has_gpt(const struct twinfs_image *image);

/*
 * Reads the GUID partition table of the image's only file. Every partition
 * returned lies inside the file.
 *
 * @ret_table  room for @room partitions; in order of the table
 * @ret_count  partitions found; at most @room are stored
 *
 * Returns 0, -EUCLEAN (no table, or a partition outside the file), -EINVAL
 * (several files, or memory), -EIO, -ENOMEM.
 */
TWINFS_API int twinfs_image_read_gpt(const struct twinfs_image *image,
	struct twinfs_partition *ret_table, size_t room, size_t *ret_count,
	struct twinfs_error *err);

/*
 * Makes the file @path, which must not exist, of @size bytes of 0xff with a
 * GUID partition table holding @table. Addresses and sizes must be multiples
 * of 4096, in rising order, and leave the first and last 32 KiB free; names
 * are UTF-8 up to U+FFFF. Disk and partition ids derive from @seed, so that
 * equal input gives equal bytes.
 *
 * Returns 0, -EEXIST, -EINVAL, -ENOSPC or another errno; nothing is left
 * behind on failure.
 */
TWINFS_API int twinfs_image_create_gpt(const char *path, uint64_t size,
	const struct twinfs_partition *table, size_t count, uint64_t seed,
	struct twinfs_error *err);

#ifdef __cplusplus
}
#endif
#endif
