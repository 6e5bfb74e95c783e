/* SPDX-License-Identifier: MIT */
/*
 * fuzz_trace.c - files that say they are traces.
 *
 * What is accepted is well-formed to the last record: it can be walked twice with
 * the same result, summed up, and put on a chip that has no byte more than it
 * says. The mutator keeps the checksums of chunks right.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include <twinfs/trace.h>

#include "anon_file.h"
#include "base/bytes.h"
#include "base/crc.h"
#include "fault/trace_format.h"

#define CHIP_MAX (UINT64_C(1) << 20) /* of chips that are made */

/* ---- the mutator ---- */

/* The last chunk may also be cut, or too short: then it ends where the file does. */
static void mend_chunks(uint8_t *data, size_t size, bool fits)
{
	size_t off = TW_TRACE_MAGIC_SIZE;

	if (size >= off)
		memcpy(data, TW_TRACE_MAGIC, TW_TRACE_MAGIC_SIZE);
	while (size >= off + TW_CHUNK_HEAD) {
		uint8_t *head = data + off;
		size_t left = size - off - TW_CHUNK_HEAD, len = tw_le32(head + 4);

		if (len > left && !fits)
			return;
		if (len > left) {
			len = left;
			tw_put_le32(head + 4, (uint32_t)len);
		}
		tw_put_le32(head + 8, tw_crc32(tw_crc32(0, head, 8), head + TW_CHUNK_HEAD, len));
		off += TW_CHUNK_HEAD + len;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
	size = LLVMFuzzerMutate(data, size, room);
	if (seed % 16)
		mend_chunks(data, size, seed % 4);
	return size;
}

/* ---- what must be so ---- */

static void check_info(const struct twinfs_trace_info *info, size_t size)
{
	fuzz_hold(info->file_size == size && info->end <= size);
	fuzz_hold(info->part_count <= TWINFS_TRACE_PARTS && info->chip_size);
	fuzz_hold(info->operations + info->marks <= info->records && info->records <= size);
	for (size_t i = 0; i < info->part_count; i++)
		fuzz_hold(tw_is_within(info->parts[i].addr, info->parts[i].size, info->chip_size));
}

static void check_mark(const struct twinfs_trace_mark *mark)
{
	fuzz_hold(mark->kind < TWINFS_MARK_COUNT && mark->change < TWINFS_TRACED_COUNT);
	fuzz_hold(mark->path && mark->new_path && mark->result <= 0);
	fuzz_hold(strlen(mark->path) <= TWINFS_TRACE_TEXT_MAX);
	fuzz_hold(strlen(mark->new_path) <= TWINFS_TRACE_TEXT_MAX);
}

/* A sum over all that a record has. */
static uint64_t sum_record(const struct twinfs_trace_info *info,
	const struct twinfs_trace_record *record)
{
	bool has_cells = record->kind != TWINFS_TRACE_MARK;
	uint64_t sum = record->offset + record->number + record->time_ns + record->addr;

	fuzz_hold(record->kind < TWINFS_TRACE_KIND_COUNT && record->offset < info->end);
	if (!has_cells) {
		check_mark(&record->mark);
		return sum + (uint64_t)record->mark.kind + strlen(record->mark.path);
	}
	fuzz_hold(tw_is_within(record->addr, record->len, info->chip_size));
	fuzz_hold(record->cells_len <= record->len && record->done <= record->len);
	fuzz_hold(!record->cells_len || record->cells);
	fuzz_hold(record->result <= 0 && record->owner);
	return tw_crc32((uint32_t)sum, record->cells, record->cells_len) + strlen(record->owner);
}

static uint64_t walk(struct twinfs_trace *trace, uint8_t *chip)
{
	const struct twinfs_trace_info *info = twinfs_trace_info(trace);
	struct twinfs_trace_record record;
	uint64_t sum = 0, block, records = 0;

	while (twinfs_trace_next(trace, &record)) {
		sum = sum * 31 + sum_record(info, &record);
		(void)twinfs_trace_locate(trace, record.addr, &block);
		if (chip)
			twinfs_trace_apply(&record, chip);
		records++;
	}
	fuzz_hold(records == info->records);
	return sum;
}

static void check_summary(struct twinfs_trace *trace, const struct twinfs_trace_filter *filter)
{
	const struct twinfs_trace_info *info = twinfs_trace_info(trace);
	struct twinfs_trace_summary summary;
	uint64_t programs = 0, erases = 0;

	twinfs_trace_rewind(trace);
	fuzz_hold(twinfs_trace_summarise(trace, filter, &summary) == 0);
	fuzz_hold(summary.programs + summary.erases <= info->operations);
	fuzz_hold(filter || summary.programs + summary.erases == info->operations);
	for (size_t i = 0; i < summary.owner_count; i++) {
		programs += summary.owners[i].programs;
		erases += summary.owners[i].erases;
		fuzz_hold(summary.owners[i].owner);
	}
	fuzz_hold(programs == summary.programs && erases == summary.erases);
	for (size_t i = 0; i < summary.file_count; i++)
		fuzz_hold(summary.files[i].path);
	twinfs_trace_summary_release(&summary);
}

static void check_trace(struct twinfs_trace *trace, size_t size)
{
	static const struct twinfs_trace_filter filter = {.path = "/usr", .part = "customer_fs"};
	const struct twinfs_trace_info *info = twinfs_trace_info(trace);
	uint8_t *chip = NULL;
	uint64_t sum;

	check_info(info, size);
	if (info->chip_size <= CHIP_MAX) {
		chip = malloc(info->chip_size);
		fuzz_hold(chip);
		/* What is behind a record's address need not be looked at: it is memory's. */
		memset(chip, 0x5a, info->chip_size);
	}
	sum = walk(trace, chip);
	twinfs_trace_rewind(trace);
	fuzz_hold(walk(trace, NULL) == sum);
	free(chip);
	check_summary(trace, NULL);
	check_summary(trace, &filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct anon_file file;
	struct twinfs_trace *trace;
	struct twinfs_error err = {0};
	int rc;

	anon_file_set(&file, data, size, size);
	rc = twinfs_trace_open(file.path, &trace, &err);
	if (rc == 0) {
		check_trace(trace, size);
		twinfs_trace_close(trace);
		return 0;
	}
	fuzz_must(rc == -EUCLEAN || rc == -EBADMSG || rc == -ENOTSUP, "%d: %s", rc, err.text);
	fuzz_hold(err.code == rc && err.text[0]);
	return 0;
}
