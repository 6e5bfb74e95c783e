/* SPDX-License-Identifier: MIT */
/*
 * node.c - the table of the nodes that are always there.
 */
#include "node.h"

#include <string.h>
#include <sys/stat.h>

static const struct tw_emu_fixed table[] = {
	{TW_EMU_INO_ROOT, 0, "", S_IFDIR},
	{TW_EMU_INO_USR, TW_EMU_INO_ROOT, "usr", S_IFDIR},
	{TW_EMU_INO_BAK, TW_EMU_INO_ROOT, "bak", S_IFDIR},
	{TW_EMU_INO_SECURE, TW_EMU_INO_ROOT, "SecureData", S_IFREG | 0600},
	{TW_EMU_INO_CONTROL, TW_EMU_INO_ROOT, ".twinfs", S_IFDIR},
	{TW_EMU_INO_STATUS, TW_EMU_INO_CONTROL, "status", S_IFREG | 0444},
	{TW_EMU_INO_BOOT, TW_EMU_INO_CONTROL, "boot", S_IFREG | 0444},
	{TW_EMU_INO_POWER, TW_EMU_INO_CONTROL, "power", S_IFREG | 0644},
	{TW_EMU_INO_WEAR, TW_EMU_INO_CONTROL, "wear", S_IFREG | 0444},
	{TW_EMU_INO_EVENTS, TW_EMU_INO_CONTROL, "events", S_IFREG | 0444},
	{TW_EMU_INO_FAULTS, TW_EMU_INO_CONTROL, "faults", S_IFREG | 0644},
	{TW_EMU_INO_TRACE, TW_EMU_INO_CONTROL, "trace", S_IFREG | 0600},
	{TW_EMU_INO_SUPPLY, TW_EMU_INO_CONTROL, "supply", S_IFREG | 0444},
};

#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

const struct tw_emu_fixed *tw_emu_fixed_at(size_t index)
{
	return index < TABLE_COUNT ? &table[index] : NULL;
}

const struct tw_emu_fixed *tw_emu_fixed_find(uint64_t ino)
{
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		if (table[i].ino == ino)
			return &table[i];
	}
	return NULL;
}

const struct tw_emu_fixed *tw_emu_fixed_lookup(uint64_t parent, const char *name)
{
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		if (table[i].parent == parent && !strcmp(table[i].name, name))
			return &table[i];
	}
	return NULL;
}

enum tw_emu_tree_id tw_emu_ino_tree(uint64_t ino)
{
	if (ino == TW_EMU_INO_USR)
		return TW_EMU_USR;
	if (ino == TW_EMU_INO_BAK)
		return TW_EMU_BAK;
	if (ino < TW_EMU_FIRST_INO << 1)
		return TW_EMU_NO_TREE;
	return (enum tw_emu_tree_id)(ino & 1);
}
