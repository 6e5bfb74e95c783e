/* SPDX-License-Identifier: MIT */
/*
 * print_package.c - what was done with a firmware package, for people.
 */
#include "print_package.h"

#include <inttypes.h>
#include <stdio.h>

#include "text.h"

void tw_tool_print_merge(const struct tw_tool_merge *merge)
{
	tw_tool_put_plain(stdout, merge->output);
	printf(": made, profile %s, ", merge->profile);
	tw_tool_put_plain(stdout, merge->project.name);
	putchar(' ');
	tw_tool_put_plain(stdout, merge->project.version);
	printf(", %zu %s\n", merge->objects,
		merge->objects == 1 ? "file or directory" : "files and directories");
	for (int image = 0; image < TWINFS_FIRMWARE_IMAGES; image++)
		if (merge->sizes[image])
			printf("  %-8s %s, %" PRIu64 " bytes\n",
				merge->base.images[image] ? "replaced" : "added",
				twinfs_firmware_image_name(image), merge->sizes[image]);
}

/* ---- unpack ---- */

static void print_kind(const struct twinfs_package_info *info)
{
	printf(": %s package", twinfs_package_kind_name(info->kind));
	if (info->platform[0]) {
		fputs(", platform ", stdout);
		tw_tool_put_plain(stdout, info->platform);
	}
}

void tw_tool_print_unpack(const struct tw_tool_unpack *unpack)
{
	char count[TW_TOOL_NUMBER_ROOM], size[TW_TOOL_NUMBER_ROOM];

	for (size_t i = 0; !unpack->dir && i < unpack->info.count; i++) {
		struct twinfs_package_member member;

		twinfs_package_member(unpack->package, i, &member);
		printf("%10" PRIu64 " %10" PRIu64 "  %08" PRIx32 "  ", member.size, member.packed,
			member.crc);
		tw_tool_put_name(stdout, member.name);
		puts(member.is_encrypted ? "  (encrypted)" : "");
	}
	tw_tool_put_plain(stdout, unpack->dir ? unpack->dir : unpack->path);
	print_kind(&unpack->info);
	printf(", %s member%s, %s bytes\n", tw_tool_count_text(unpack->info.count, count),
		tw_tool_plural(unpack->info.count),
		tw_tool_count_text(unpack->info.unpacked, size));
	if (!unpack->info.inner)
		return;
	fputs("  the images are in its member ", stdout);
	tw_tool_put_plain(stdout, unpack->info.inner);
	putchar('\n');
}

/* ---- flash ---- */

static void print_part(const struct tw_tool_flash_part *part)
{
	char version[TW_TOOL_NUMBER_ROOM], size[TW_TOOL_NUMBER_ROOM];

	printf("  %-20s 0x%08" PRIx64 "  %s, ", part->part.name, part->part.addr,
		tw_tool_size_text(part->part.size, size));
	if (part->is_flashed)
		printf("flashed, %s\n", part->version ? tw_tool_version_text(part->version, version)
						      : "no littlefs");
	else
		puts("as it was");
}

void tw_tool_print_flash(const struct tw_tool_flash *flash)
{
	char programs[TW_TOOL_NUMBER_ROOM], erases[TW_TOOL_NUMBER_ROOM];

	tw_tool_put_plain(stdout, flash->image);
	printf(": flashed%s\n", flash->dry_run ? ", but nothing is written" : "");
	for (int image = 0; image < TWINFS_FIRMWARE_IMAGES; image++)
		if (flash->parts[image].part.present)
			print_part(&flash->parts[image]);
	if (flash->has_secure)
		printf("  %-20s %s\n", "securedata", flash->loses_secure ? "lost" : "kept");
	printf("%s programs and %s erases: %.1f s on the device\n",
		tw_tool_count_text(flash->stats.programs, programs),
		tw_tool_count_text(flash->stats.erases, erases),
		(double)flash->stats.busy_ns / 1e9);
}
