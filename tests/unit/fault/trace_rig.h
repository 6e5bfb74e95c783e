/* SPDX-License-Identifier: MIT */
/*
 * trace_rig.h - a small chip in memory that is recorded, with a hook of the
 * test's own between the two of the recorder; and traces as bytes.
 */
#ifndef TW_TESTS_TRACE_RIG_H
#define TW_TESTS_TRACE_RIG_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/image.h>
#include <twinfs/trace.h>

#include "lib/suite.h"
#include "lib/tempdir.h"

enum {
	UNIT = 4096,
	PROG = 16,
	UNITS = 8,
	SIZE = UNIT * UNITS,
};

/* What the hook in the middle does to operation @at; 0: to none. */
struct rig_fault {
	uint64_t at;
	int rc;
	uint32_t done;
	uint64_t flip; /* address of a cell whose bit 0 flips with it; 0: none */
	struct twinfs_flash *flash;
};

struct rig {
	struct twinfs_image *image;
	struct twinfs_flash *flash;
	struct rig_fault fault;
	struct twinfs_flash_hook first, middle, last;
	struct twinfs_recorder *recorder;
	const char *owner; /* tag of the operations to come */
	uint8_t *before;   /* the chip when recording began */
};

static const struct twinfs_trace_part rig_parts[] = {
	{"customer_fs", "/usr", UNIT, 4 * UNIT, 2 * UNIT},
	{"securedata", "", 5 * UNIT, 2 * UNIT, 0},
};

static int rig_fault_before(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct rig_fault *fault = ctx;

	if (op->seq != fault->at)
		return 0;
	if (fault->flip)
		(void)twinfs_flash_disturb(fault->flash, fault->flip, 1);
	*done = fault->done;
	return fault->rc;
}

static void rig_owner(void *ctx, const struct twinfs_flash_op *op, char *room, size_t size)
{
	const struct rig *rig = ctx;

	(void)op;
	(void)snprintf(room, size, "%s", rig->owner ? rig->owner : "");
}

static inline void rig_chip(struct rig *rig)
{
	struct twinfs_flash_config config = {
		.geometry = {1, PROG, UNIT},
		.timing = {.page_size = 256, .program_page_ns = 500, .erase_unit_ns = 45000},
	};

	*rig = (struct rig){0};
	ck_assert_int_eq(twinfs_image_memory(SIZE, &rig->image), 0);
	ck_assert_int_eq(twinfs_flash_new(rig->image, &config, &rig->flash, NULL), 0);
	rig->fault.flash = rig->flash;
}

/* The bytes of the chip; free() them. */
static inline uint8_t *rig_copy(const struct rig *rig)
{
	uint8_t *copy = malloc(SIZE);

	ck_assert_ptr_nonnull(copy);
	return memcpy(copy, twinfs_image_bytes(rig->image), SIZE);
}

static inline void rig_record(struct rig *rig, const char *path)
{
	struct twinfs_recorder_options options = {
		.parts = rig_parts, .part_count = 2, .seed = 7, .owner = rig_owner, .ctx = rig};
	struct twinfs_error err = {0};

	rig->before = rig_copy(rig);
	ck_assert_msg(!twinfs_recorder_new(rig->flash, path, &options, &rig->recorder, &err), "%s",
		err.text);
	twinfs_recorder_hooks(rig->recorder, &rig->first, &rig->last);
	rig->middle = (struct twinfs_flash_hook){.before = rig_fault_before, .ctx = &rig->fault};
	rig->first.next = &rig->middle;
	rig->middle.next = &rig->last;
	twinfs_flash_set_hook(rig->flash, &rig->first);
}

static inline int rig_stop(struct rig *rig, struct twinfs_error *err)
{
	struct twinfs_recorder *recorder = rig->recorder;

	twinfs_flash_set_hook(rig->flash, NULL);
	rig->recorder = NULL;
	return twinfs_recorder_close(recorder, err);
}

static inline void rig_free(struct rig *rig)
{
	ck_assert_ptr_null(rig->recorder);
	free(rig->before);
	twinfs_flash_free(rig->flash);
	twinfs_image_close(rig->image);
}

/* Programs @len bytes @value; what the chip says. */
static inline int rig_program(struct rig *rig, uint64_t addr, uint32_t len, uint8_t value)
{
	uint8_t data[UNIT];

	memset(data, value, len);
	return twinfs_flash_program(rig->flash, addr, data, len);
}

static inline int rig_mark(struct rig *rig, enum twinfs_trace_mark_kind kind,
	enum twinfs_traced_change change, const char *path, uint64_t size)
{
	struct twinfs_trace_mark mark = {.kind = kind,
		.change = change,
		.path = path,
		.new_path = "/usr/new",
		.size = size,
		.digest = {size, ~size}};

	return twinfs_recorder_mark(rig->recorder, &mark);
}

static inline int rig_store(struct rig *rig, enum twinfs_trace_mark_kind kind, uint64_t slot,
	int result)
{
	struct twinfs_trace_mark mark = {.kind = kind, .index = slot, .size = 40, .result = result};

	return twinfs_recorder_mark(rig->recorder, &mark);
}

static inline struct twinfs_trace *rig_open(const char *path)
{
	struct twinfs_trace *trace = NULL;
	struct twinfs_error err = {0};

	ck_assert_msg(!twinfs_trace_open(path, &trace, &err), "%s", err.text);
	return trace;
}

/* The next record of that kind. */
static inline struct twinfs_trace_record rig_next(struct twinfs_trace *trace,
	enum twinfs_trace_kind kind)
{
	struct twinfs_trace_record record;

	while (twinfs_trace_next(trace, &record))
		if (record.kind == kind)
			return record;
	ck_abort_msg("no %s is left", twinfs_trace_kind_name(kind));
}

/* A run with something of everything. */
static inline void rig_run_all(struct rig *rig, const char *path)
{
	rig_chip(rig);
	ck_assert_int_eq(rig_program(rig, 2 * UNIT + 64, 32, 0x5a), 0);
	rig_record(rig, path);
	ck_assert_int_eq(rig_mark(rig, TWINFS_MARK_BOOT_BEGAN, 0, NULL, 0), 0);
	ck_assert_int_eq(rig_mark(rig, TWINFS_MARK_BOOT_ENDED, 0, NULL, 0), 0);
	ck_assert_int_eq(rig_mark(rig, TWINFS_MARK_CHANGE_BEGAN, TWINFS_TRACED_CONTENT, "/usr/a",
				 300),
		0);
	rig->owner = "data /usr/a";
	ck_assert_int_eq(twinfs_flash_erase(rig->flash, 2 * UNIT, UNIT), 0);
	ck_assert_int_eq(rig_program(rig, 2 * UNIT, 304, 0x11), 0);
	rig->owner = "metadata /usr";
	ck_assert_int_eq(rig_program(rig, UNIT + 512, 16, 0xf0), 0);
	ck_assert_int_eq(rig_mark(rig, TWINFS_MARK_CHANGE_ENDED, TWINFS_TRACED_CONTENT, "/usr/a",
				 300),
		0);
	ck_assert_int_eq(rig_store(rig, TWINFS_MARK_STORE_BEGAN, 3, 0), 0);
	rig->owner = "slot 3";
	ck_assert_int_eq(rig_program(rig, 5 * UNIT, 48, 0x3c), 0);
	ck_assert_int_eq(rig_store(rig, TWINFS_MARK_STORE_ENDED, 3, 0), 0);
	ck_assert_int_eq(rig_mark(rig, TWINFS_MARK_NOTE, 0, "now it breaks", 0), 0);
	ck_assert_int_eq(rig_mark(rig, TWINFS_MARK_CHANGE_BEGAN, TWINFS_TRACED_RENAME, "/usr/a", 0),
		0);
	rig->fault = (struct rig_fault){6, -ESHUTDOWN, 5, 7 * UNIT + 9, rig->flash};
	rig->owner = "metadata /usr";
	ck_assert_int_eq(rig_program(rig, UNIT + 528, 32, 0xa5), -ESHUTDOWN);
}

#endif
