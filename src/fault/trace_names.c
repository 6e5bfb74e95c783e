/* SPDX-License-Identifier: MIT */
/*
 * trace_names.c - what things in a trace are called, and where they lie.
 */
#include <string.h>
#include <twinfs/trace.h>

const char *twinfs_trace_kind_name(enum twinfs_trace_kind kind)
{
	static const char *const names[TWINFS_TRACE_KIND_COUNT] = {
		[TWINFS_TRACE_PROGRAM] = "program",
		[TWINFS_TRACE_ERASE] = "erase",
		[TWINFS_TRACE_FLIP] = "flip",
		[TWINFS_TRACE_OLD] = "old",
		[TWINFS_TRACE_MARK] = "mark",
	};

	return kind < TWINFS_TRACE_KIND_COUNT ? names[kind] : "unknown";
}

const char *twinfs_mark_name(enum twinfs_trace_mark_kind kind)
{
	static const char *const names[TWINFS_MARK_COUNT] = {
		[TWINFS_MARK_CHANGE_BEGAN] = "change_began",
		[TWINFS_MARK_CHANGE_ENDED] = "change_ended",
		[TWINFS_MARK_STORE_BEGAN] = "store_began",
		[TWINFS_MARK_STORE_ENDED] = "store_ended",
		[TWINFS_MARK_BOOT_BEGAN] = "boot_began",
		[TWINFS_MARK_BOOT_ENDED] = "boot_ended",
		[TWINFS_MARK_POWER_CUT] = "power_cut",
		[TWINFS_MARK_NOTE] = "note",
	};

	return kind < TWINFS_MARK_COUNT ? names[kind] : "unknown";
}

const char *twinfs_traced_change_name(enum twinfs_traced_change change)
{
	static const char *const names[TWINFS_TRACED_COUNT] = {
		[TWINFS_TRACED_NONE] = "none",
		[TWINFS_TRACED_CREATE] = "create",
		[TWINFS_TRACED_MKDIR] = "mkdir",
		[TWINFS_TRACED_CONTENT] = "content",
		[TWINFS_TRACED_REMOVE] = "remove",
		[TWINFS_TRACED_RENAME] = "rename",
		[TWINFS_TRACED_ATTR] = "attr",
		[TWINFS_TRACED_RESIZE] = "resize",
	};

	return change < TWINFS_TRACED_COUNT ? names[change] : "unknown";
}

const struct twinfs_trace_part *twinfs_trace_locate(const struct twinfs_trace *trace, uint64_t addr,
	uint64_t *ret_block)
{
	const struct twinfs_trace_info *info = twinfs_trace_info(trace);

	for (size_t i = 0; i < info->part_count; i++) {
		const struct twinfs_trace_part *part = &info->parts[i];
		uint32_t size = part->block_size ? part->block_size : info->geometry.erase_size;

		if (addr >= part->addr && addr - part->addr < part->size) {
			*ret_block = (addr - part->addr) / size;
			return part;
		}
	}
	*ret_block = addr / info->geometry.erase_size;
	return NULL;
}

void twinfs_trace_apply(const struct twinfs_trace_record *record, uint8_t *chip)
{
	if (record->kind == TWINFS_TRACE_MARK)
		return;
	if (record->cells_len)
		memcpy(chip + record->addr, record->cells, record->cells_len);
	memset(chip + record->addr + record->cells_len, 0xff, record->len - record->cells_len);
}
