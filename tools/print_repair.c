/* SPDX-License-Identifier: MIT */
/*
 * print_repair.c - what became of a partition and its files, for people.
 */
#include "print.h"

#include <inttypes.h>
#include <stdio.h>

#include "text.h"

static enum tw_tool_paint fate_paint(enum twinfs_fate fate)
{
	switch (fate) {
	case TWINFS_FATE_KEPT:
		return TW_TOOL_DIM;
	case TWINFS_FATE_RECOVERED:
		return TW_TOOL_GREEN;
	case TWINFS_FATE_FOUND:
		return TW_TOOL_YELLOW;
	case TWINFS_FATE_LEFT_OUT:
	case TWINFS_FATE_LOST:
		return TW_TOOL_RED;
	}
	return TW_TOOL_PLAIN;
}

static const char *fate_words(enum twinfs_fate fate)
{
	switch (fate) {
	case TWINFS_FATE_KEPT:
		return "kept";
	case TWINFS_FATE_RECOVERED:
		return "recovered";
	case TWINFS_FATE_FOUND:
		return "lost+found";
	case TWINFS_FATE_LEFT_OUT:
		return "left out";
	case TWINFS_FATE_LOST:
		return "lost";
	}
	return "";
}

static void print_object(const struct twinfs_repaired *object)
{
	char size[TW_TOOL_NUMBER_ROOM];

	printf("  %s%-11s%s%10s  ", tw_tool_paint(fate_paint(object->fate)),
		fate_words(object->fate), tw_tool_paint(TW_TOOL_PLAIN),
		object->type == TWINFS_DIR ? "" : tw_tool_size_text(object->size, size));
	tw_tool_put_plain(stdout, object->path);
	if (object->type == TWINFS_DIR)
		putchar('/');
	if (object->was) {
		fputs(", was ", stdout);
		tw_tool_put_plain(stdout, object->was);
	}
	if (object->fate != TWINFS_FATE_KEPT && object->fate != TWINFS_FATE_LOST)
		printf("  (%s%s", twinfs_sureness_name(object->sureness),
			*object->why ? ": " : ")");
	else if (*object->why)
		fputs("  (", stdout);
	if (*object->why) {
		tw_tool_put_plain(stdout, object->why);
		putchar(')');
	}
	putchar('\n');
}

static void print_totals(const struct twinfs_repair_result *result)
{
	const char *between = "";

	fputs("  rebuilt: ", stdout);
	for (int fate = 0; fate <= TWINFS_FATE_LOST; fate++) {
		char size[TW_TOOL_NUMBER_ROOM];

		if (!result->files[fate])
			continue;
		printf("%s%zu file%s %s%s (%s)", between, result->files[fate],
			tw_tool_plural(result->files[fate]), fate == TWINFS_FATE_FOUND ? "in " : "",
			fate_words((enum twinfs_fate)fate),
			tw_tool_size_text(result->bytes_of[fate], size));
		between = ", ";
	}
	puts(*between ? "" : "no files");
}

static void print_mended(const struct twinfs_repair_result *result)
{
	fputs("  repaired: ", stdout);
	if (result->has_new_superblock)
		fputs("made a new superblock", stdout);
	if (result->has_new_superblock && result->mended_bits)
		fputs(", ", stdout);
	if (result->mended_bits)
		printf("put %u wrong bit%s of metadata right", result->mended_bits,
			tw_tool_plural(result->mended_bits));
	puts("; no file is lost");
}

void tw_tool_print_repair(const struct tw_tool_check_part *part, bool verbose)
{
	const struct twinfs_repair_result *result = part->repair;

	if (*part->unrepaired) {
		fputs("  not repaired: ", stdout);
		tw_tool_put_plain(stdout, part->unrepaired);
		putchar('\n');
	}
	if (!result || result->kind == TWINFS_REPAIR_NOTHING)
		return;
	if (result->kind == TWINFS_REPAIR_RESIDUE) {
		puts("  repaired: what a power cut left; the files are the same");
		return;
	}
	if (result->kind == TWINFS_REPAIR_MENDED) {
		print_mended(result);
		return;
	}
	for (size_t i = 0; i < result->count; i++)
		if (verbose || result->objects[i].fate != TWINFS_FATE_KEPT)
			print_object(&result->objects[i]);
	print_totals(result);
	if (result->may_lack)
		puts("  a directory could not be read: what else was in it is not known");
}
