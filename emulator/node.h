/* SPDX-License-Identifier: MIT */
/*
 * node.h - the numbers by which the kernel knows the objects of a mount.
 *
 * Directories and files that are always there have small fixed numbers. All
 * else belongs to one of two trees; its number carries the tree in its lowest
 * bit and the overlay's own number above.
 */
#ifndef TW_EMULATOR_NODE_H
#define TW_EMULATOR_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	TW_EMU_INO_ROOT = 1, /* FUSE's own choice */
	TW_EMU_INO_USR = 2,
	TW_EMU_INO_BAK = 3,
	TW_EMU_INO_SECURE = 4,
	TW_EMU_INO_CONTROL = 5,
	TW_EMU_INO_STATUS = 6,
	TW_EMU_INO_BOOT = 7,
	TW_EMU_INO_POWER = 8,
	TW_EMU_INO_WEAR = 9,
	TW_EMU_INO_EVENTS = 10,
	TW_EMU_INO_FAULTS = 11,
	TW_EMU_INO_TRACE = 12,
	TW_EMU_INO_SUPPLY = 13,
};

enum tw_emu_tree_id {
	TW_EMU_USR,
	TW_EMU_BAK,
	TW_EMU_TREES,
	TW_EMU_NO_TREE = TW_EMU_TREES,
};

/* First number that the first overlay may use; beyond the fixed ones when doubled. */
#define TW_EMU_FIRST_INO UINT64_C(8)

/* A node that is always there. */
struct tw_emu_fixed {
	uint64_t ino, parent;
	const char *name;
	mode_t mode; /* type, and permissions; trees and root take theirs from the options */
};

/* Node number @index of the table, NULL behind the last. */
const struct tw_emu_fixed *tw_emu_fixed_at(size_t index);

/* By number, or by parent and name; NULL if there is none. */
const struct tw_emu_fixed *tw_emu_fixed_find(uint64_t ino);
const struct tw_emu_fixed *tw_emu_fixed_lookup(uint64_t parent, const char *name);

/* The tree that @ino lies in, its root included; TW_EMU_NO_TREE for others. */
enum tw_emu_tree_id tw_emu_ino_tree(uint64_t ino);

/* Fixed number of the root of a tree, and whether @ino is one. */
static inline uint64_t tw_emu_tree_root(enum tw_emu_tree_id tree)
{
	return tree == TW_EMU_USR ? TW_EMU_INO_USR : TW_EMU_INO_BAK;
}

static inline bool tw_emu_is_tree_root(uint64_t ino)
{
	return ino == TW_EMU_INO_USR || ino == TW_EMU_INO_BAK;
}

/* Between a number of the kernel and the overlay's own; not for roots. */
static inline uint64_t tw_emu_ino_join(enum tw_emu_tree_id tree, uint64_t overlay_ino)
{
	return overlay_ino << 1 | (uint64_t)tree;
}

static inline uint64_t tw_emu_ino_overlay(uint64_t ino)
{
	return ino >> 1;
}

#endif
