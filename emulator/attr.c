/* SPDX-License-Identifier: MIT */
/*
 * attr.c - st_blocks follows from the size, not from what is on the chip: the
 * kernel caches it, and what is on the chip changes at the next commit.
 */
#include "attr.h"

#include <time.h>

#define STAT_BLOCK 512 /* unit of st_blocks */

int64_t tw_emu_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void set_times(struct stat *attr, int64_t ns)
{
	struct timespec time = {
		.tv_sec = ns / 1000000000,
		.tv_nsec = ns % 1000000000,
	};

	if (time.tv_nsec < 0) { /* before 1970 */
		time.tv_sec--;
		time.tv_nsec += 1000000000;
	}
	attr->st_mtim = attr->st_ctim = attr->st_atim = time;
}

static void set_owner(const struct tw_emu *emu, struct stat *attr)
{
	attr->st_uid = emu->options->uid;
	attr->st_gid = emu->options->gid;
}

void tw_emu_tree_attr(const struct tw_emu_ref *ref, const struct twinfs_overlay_stat *stat,
	struct stat *ret_attr)
{
	const struct tw_daemon_options *options = ref->emu->options;
	uint64_t block = ref->tree->block_size;
	struct stat attr = {
		.st_ino = tw_emu_ref_ino(ref, stat->stat.ino),
		.st_nlink = stat->stat.links,
		.st_blksize = (blksize_t)block,
	};
	uint64_t blocks;

	if (stat->stat.type == TWINFS_DIR) {
		attr.st_mode = S_IFDIR | options->dir_mode;
		blocks = stat->stat.blocks;
	} else {
		attr.st_mode = S_IFREG | options->file_mode;
		attr.st_size = (off_t)stat->stat.size;
		blocks = (stat->stat.size + block - 1) / block;
	}
	attr.st_blocks = (blkcnt_t)(blocks * block / STAT_BLOCK);
	set_owner(ref->emu, &attr);
	set_times(&attr, stat->stat.mtime_ns ? stat->stat.mtime_ns : ref->emu->mtime_ns);
	*ret_attr = attr;
}

int tw_emu_ref_attr(const struct tw_emu_ref *ref, struct stat *ret_attr)
{
	struct twinfs_overlay_stat stat;
	int rc = twinfs_overlay_stat(ref->overlay, ref->ino, &stat);

	if (rc == 0)
		tw_emu_tree_attr(ref, &stat, ret_attr);
	return rc;
}

bool tw_emu_fixed_is_present(const struct tw_emu *emu, const struct tw_emu_fixed *fixed)
{
	enum tw_emu_tree_id tree = tw_emu_ino_tree(fixed->ino);

	if (tree != TW_EMU_NO_TREE)
		return emu->trees[tree].present;
	return fixed->ino != TW_EMU_INO_SECURE || twinfs_module_secure(emu->module);
}

/* Directories among the children of a fixed directory. */
static nlink_t count_directories(const struct tw_emu *emu, uint64_t parent)
{
	const struct tw_emu_fixed *fixed;
	nlink_t count = 0;

	for (size_t i = 0; (fixed = tw_emu_fixed_at(i)); i++)
		count += fixed->parent == parent && S_ISDIR(fixed->mode) &&
			 tw_emu_fixed_is_present(emu, fixed);
	return count;
}

void tw_emu_fixed_attr(struct tw_emu *emu, const struct tw_emu_fixed *fixed, struct stat *ret_attr)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	struct stat attr = {
		.st_ino = fixed->ino,
		.st_mode = fixed->mode,
		.st_nlink = 1,
		.st_blksize = 4096,
	};

	/* the root of a tree looks its own way while there is power */
	if (tw_emu_is_tree_root(fixed->ino) && tw_emu_enter(emu, fixed->ino, &ref) == 0 &&
		tw_emu_ref_attr(&ref, ret_attr) == 0)
		return;
	if (S_ISDIR(fixed->mode)) {
		attr.st_mode |= emu->options->dir_mode;
		attr.st_nlink = 2 + count_directories(emu, fixed->ino);
	}
	set_owner(emu, &attr);
	set_times(&attr, emu->mtime_ns);
	*ret_attr = attr;
}
