/* SPDX-License-Identifier: MIT */
/*
 * subject.h - whom an operation of the chip is for, in words.
 */
#ifndef TW_MODULE_SUBJECT_H
#define TW_MODULE_SUBJECT_H

#include <stddef.h>
#include <twinfs/module.h>

/* What paths of a partition begin with: "/usr", "/bak", ""; a constant. */
const char *tw_part_path(enum twinfs_part part);

/*
 * Writes to @room, with a NUL, whom the program or erase @op is for:
 * "data /usr/a", "metadata /usr", "superblock /bak", "slot 3", or "" when nobody
 * knows. From the hook of the chip only.
 */
void tw_subject_tag(const struct twinfs_module *module, const struct twinfs_flash_op *op,
	char *room, size_t size);

#endif
