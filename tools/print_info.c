/* SPDX-License-Identifier: MIT */
/*
 * print_info.c - an image at a glance: a table of its partitions, the state of
 * the protected files, the SecureData slots in use.
 */
#include "print.h"

#include <inttypes.h>
#include <stdio.h>

#include "text.h"

#define HEAD  "%s%-19s %-10s %9s  %-12s %8s %8s %8s %8s%s\n"
#define PLACE "%-19s 0x%08" PRIx64 " %9s  "

static void print_head(const struct tw_tool_info *info)
{
	const struct twinfs_flash_geometry *geometry = &info->geometry;
	char bytes[TW_TOOL_NUMBER_ROOM], size[TW_TOOL_NUMBER_ROOM];

	for (size_t i = 0; i < info->file_count; i++) {
		const struct tw_tool_info_file *file = &info->files[i];

		fputs(tw_tool_paint(TW_TOOL_BOLD), stdout);
		tw_tool_put_plain(stdout, file->path);
		printf("%s: %s bytes (%s)\n", tw_tool_paint(TW_TOOL_PLAIN),
			tw_tool_count_text(file->size, bytes), tw_tool_size_text(file->size, size));
	}
	printf("%s, profile %s, flash with read %" PRIu32 ", program %" PRIu32 ", erase %" PRIu32
	       "\n\n",
		info->has_gpt ? "GUID partition table" : "no partition table", info->profile,
		geometry->read_size, geometry->prog_size, geometry->erase_size);
}

static void print_volume(const struct tw_tool_info_part *part)
{
	char blocks[TW_TOOL_NUMBER_ROOM], used[TW_TOOL_NUMBER_ROOM], free[TW_TOOL_NUMBER_ROOM],
		files[TW_TOOL_NUMBER_ROOM], format[TW_TOOL_NUMBER_ROOM];
	const struct twinfs_statfs *statfs = &part->statfs;

	if (!part->mounted) {
		printf("%scannot be mounted:%s ", tw_tool_paint(TW_TOOL_RED),
			tw_tool_paint(TW_TOOL_PLAIN));
		tw_tool_put_plain(stdout, part->error.text);
		putchar('\n');
		return;
	}
	printf("%-12s %8s %8s %8s %8s\n", tw_tool_version_text(statfs->version, format),
		tw_tool_count_text(statfs->blocks, blocks),
		tw_tool_count_text(statfs->blocks - statfs->free, used),
		tw_tool_count_text(statfs->free, free), tw_tool_count_text(statfs->files, files));
}

/* Version 1 has none that could be set. */
static void print_limits(const struct tw_tool_info_part *part)
{
	char size[TW_TOOL_NUMBER_ROOM];

	printf("%s: blocks of %" PRIu32 " bytes; names of up to %" PRIu32 " bytes, files %s, "
	       "attributes %" PRIu32 "\n",
		part->part.name, part->statfs.block_size, part->statfs.name_max,
		tw_tool_count_text(part->part.superblock.file_max, size), part->statfs.attr_max);
}

static void print_parts(const struct tw_tool_info *info)
{
	char size[TW_TOOL_NUMBER_ROOM];

	printf(HEAD, tw_tool_paint(TW_TOOL_DIM), "partition", "address", "size", "format", "blocks",
		"used", "free", "objects", tw_tool_paint(TW_TOOL_PLAIN));
	for (size_t i = 0; i < TWINFS_PART_COUNT; i++) {
		const struct twinfs_part_info *part = &info->parts[i].part;

		if (!part->present)
			continue;
		printf(PLACE, part->name, part->addr, tw_tool_size_text(part->size, size));
		if (i == TWINFS_PART_SECURE)
			printf("%u slots\n", TWINFS_SECURE_SLOTS);
		else
			print_volume(&info->parts[i]);
	}
	for (size_t i = 0; i < TWINFS_PART_COUNT; i++)
		if (info->parts[i].mounted && info->parts[i].statfs.version >> 16 == 2)
			print_limits(&info->parts[i]);
	for (size_t i = 0; i < TWINFS_PART_COUNT; i++) {
		const struct twinfs_pending *pending = &info->parts[i].pending;

		if (pending->orphans + pending->desyncs + pending->marks)
			printf("%s: residue of power cuts, repaired by the next write: %u\n",
				info->parts[i].part.name,
				pending->orphans + pending->desyncs + pending->marks);
	}
}

static void print_count(size_t count, const char *what)
{
	if (count)
		printf(", %zu %s", count, what);
}

static void print_protected(const struct tw_tool_info *info)
{
	const struct twinfs_boot_report *boot = info->boot;
	struct tw_tool_tally tally;

	fputs("\nprotected files: ", stdout);
	if (!boot) {
		printf("not checked: ");
		tw_tool_put_plain(stdout, info->no_boot);
		putchar('\n');
		return;
	}
	if (boot->restore_ran && !boot->restore_enabled) {
		puts("restore is switched off in backup_restore.json");
		return;
	}
	tw_tool_tally(boot, &tally);
	printf("%zu, %zu intact", tally.total, tally.intact);
	print_count(tally.changed, "changed");
	print_count(tally.missing, "missing");
	print_count(tally.empty, "empty");
	print_count(tally.unreadable, "unreadable");
	print_count(tally.directory, "replaced by a directory");
	print_count(tally.skipped, "not looked at");
	putchar('\n');
	for (size_t i = 0; i < boot->file_count; i++) {
		const struct twinfs_boot_file *file = &boot->files[i];

		if (file->reason == TWINFS_REASON_NONE)
			continue;
		printf("  %s%-10s%s ", tw_tool_paint(TW_TOOL_YELLOW),
			twinfs_reason_name(file->reason), tw_tool_paint(TW_TOOL_PLAIN));
		tw_tool_put_name(stdout, file->name);
		putchar('\n');
	}
	if (boot->error) {
		printf("  %sthe procedure ends with the error%s ", tw_tool_paint(TW_TOOL_RED),
			tw_tool_paint(TW_TOOL_PLAIN));
		tw_tool_put_plain(stdout, boot->error);
		putchar('\n');
	}
}

static void print_slots(const struct tw_tool_info *info)
{
	size_t stored = 0;

	for (size_t i = 0; i < TWINFS_SECURE_SLOTS; i++)
		stored += info->slots[i].stored;
	printf("\nSecureData: %zu of %u slots stored\n", stored, TWINFS_SECURE_SLOTS);
	if (stored)
		printf("%s  slot  bytes  of room  generation%s\n", tw_tool_paint(TW_TOOL_DIM),
			tw_tool_paint(TW_TOOL_PLAIN));
	for (size_t i = 0; i < TWINFS_SECURE_SLOTS; i++) {
		const struct twinfs_secure_slot *slot = &info->slots[i];

		if (slot->stored)
			printf("  %4u  %5" PRIu32 "  %7" PRIu32 "  %10" PRIu64 "\n", slot->index,
				slot->length, slot->capacity, slot->generation);
	}
}

void tw_tool_print_info(const struct tw_tool_info *info)
{
	print_head(info);
	print_parts(info);
	print_protected(info);
	if (info->has_secure) {
		print_slots(info);
	} else if (info->secure_error) {
		printf("\nSecureData: cannot be opened: ");
		tw_tool_put_plain(stdout, info->secure_error->text);
		putchar('\n');
	}
}
