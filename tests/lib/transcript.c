/* SPDX-License-Identifier: MIT */
/*
 * transcript.c - all that calls tell of a volume, as text to be compared.
 */
#include "transcript.h"

#include <inttypes.h>
#include <stdlib.h>

#define DIRS_MAX 256u

static void note_finding(void *ctx, const struct twinfs_error *finding)
{
	fprintf(ctx, "found %s at %" PRIu32 "\n", twinfs_problem_name(finding->problem),
		finding->block);
}

void transcribe_check(struct chip *chip, FILE *out)
{
	int rc = twinfs_volume_check(chip->flash, &chip->config, note_finding, out);

	fprintf(out, "check %d\n", rc);
}

/* Directories still to be listed. */
struct walk {
	struct twinfs_volume *volume;
	FILE *out;
	uint64_t dirs[DIRS_MAX], files[DIRS_MAX];
	unsigned dir_count, file_count;
};

static int note_entry(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	struct walk *walk = ctx;

	fprintf(walk->out, "  %s ino %" PRIx64 " type %d size %" PRIu64 " time %" PRId64 "\n", name,
		stat->ino, stat->type, stat->size, stat->mtime_ns);
	must(walk->dir_count < DIRS_MAX && walk->file_count < DIRS_MAX, "too many objects");
	if (stat->type == TWINFS_DIR)
		walk->dirs[walk->dir_count++] = stat->ino;
	else
		walk->files[walk->file_count++] = stat->ino;
	return 0;
}

static int note_piece(void *ctx, const void *data, size_t len)
{
	struct twinfs_digest digest = twinfs_digest(data, len);

	fprintf(ctx, " %zu:%016" PRIx64, len, digest.low);
	return 0;
}

static void transcribe_attrs(const struct walk *walk, uint64_t ino)
{
	uint8_t types[256], value[TWINFS_ATTR_MAX];
	int count = twinfs_volume_list_attrs(walk->volume, ino, types);

	for (int i = 0; i < count; i++) {
		int64_t len =
			twinfs_volume_get_attr(walk->volume, ino, types[i], value, sizeof(value));

		fprintf(walk->out, "  attr %u of %" PRIx64 " ", types[i], ino);
		(void)note_piece(walk->out, value, len < 0 ? 0 : (size_t)len);
		fprintf(walk->out, " %" PRId64 "\n", len);
	}
}

static void transcribe_content(const struct walk *walk, uint64_t ino)
{
	const struct twinfs_scan scan = {note_piece, walk->out};
	int rc;

	fprintf(walk->out, "  content of %" PRIx64, ino);
	rc = twinfs_volume_scan(walk->volume, ino, &scan);
	fprintf(walk->out, " %d\n", rc);
}

void transcribe_volume(struct twinfs_volume *volume, FILE *out)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	struct twinfs_pending pending;
	struct twinfs_statfs statfs = {0};
	int rc = twinfs_volume_statfs(volume, &statfs);

	must(walk, "no memory");
	*walk = (struct walk){volume, out, {TWINFS_ROOT_INO}, {0}, 1, 0};
	twinfs_volume_pending(volume, &pending);
	fprintf(out, "pending %u %u %u\n", pending.orphans, pending.desyncs, pending.marks);
	fprintf(out, "statfs %d: %" PRIu64 " of %" PRIu64 " free, %" PRIu64 " files\n", rc,
		statfs.free, statfs.blocks, statfs.files);
	for (unsigned i = 0; i < walk->dir_count; i++) {
		fprintf(out, "directory %" PRIx64 "\n", walk->dirs[i]);
		rc = twinfs_volume_list(volume, walk->dirs[i], note_entry, walk);
		fprintf(out, "  %d\n", rc);
		transcribe_attrs(walk, walk->dirs[i]);
	}
	for (unsigned i = 0; i < walk->file_count; i++) {
		transcribe_content(walk, walk->files[i]);
		transcribe_attrs(walk, walk->files[i]);
	}
	free(walk);
}

struct blocks {
	struct chip *chip;
	FILE *out;
};

static int note_block(void *ctx, const struct twinfs_extent *extent)
{
	const struct blocks *blocks = ctx;
	uint64_t sight = 0;

	if (extent->owner.role != TWINFS_OWNER_DATA)
		must(twinfs_volume_glance(blocks->chip->flash, &blocks->chip->config, extent->block,
			     &sight) == 0,
			"glance");
	fprintf(blocks->out, "block %" PRIu32 " of %d %" PRIx64 " sight %016" PRIx64 "\n",
		extent->block, extent->owner.role, extent->owner.ino, sight);
	return 0;
}

void transcribe_blocks(struct chip *chip, struct twinfs_volume *volume, FILE *out)
{
	struct blocks blocks = {chip, out};
	const struct twinfs_extents extents = {note_block, &blocks};

	fprintf(out, "map %d\n", twinfs_volume_map(volume, NULL, &extents));
}
