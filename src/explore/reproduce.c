/* SPDX-License-Identifier: MIT */
/*
 * reproduce.c - one crash state as files: the image, and the trace up to there.
 *
 * The trace is recorded anew, by a recorder that is shown the records of the old
 * one up to the cut: so it is a trace like any other, and ends with the cut.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/trace.h>

#include "base/cleanup.h"
#include "base/fail.h"
#include "base/file.h"
#include "scene.h"
#include "worker_parts.h"

/* ---- the image ---- */

static const char *suffix_of(const struct twinfs_source *source, const char *path)
{
	if (path == source->backup)
		return ".backup";
	return path == source->secure ? ".secure" : ".user";
}

/* What names file @index of the source; NULL: there is none. */
static const char *source_path(const struct twinfs_source *source, size_t index)
{
	const char *const paths[] = {source->image, source->user, source->backup, source->secure};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (paths[i] && index-- == 0)
			return paths[i];
	return NULL;
}

static int write_file(struct tw_worker *worker, size_t index, const char *name,
	struct twinfs_error *err)
{
	const struct twinfs_source *source = &worker->scene->options->source;
	const struct twinfs_image *image = twinfs_module_image(worker->rig.module);
	const char *suffix = index ? suffix_of(source, source_path(source, index)) : "";
	_cleanup_free_ char *path = NULL;
	int rc;

	if (asprintf(&path, "%s%s", name, suffix) < 0) {
		path = NULL; /* is undefined then */
		return -ENOMEM;
	}
	/* It may hold SecureData. */
	rc = tw_file_write(path, worker->rig.stage.bytes + twinfs_image_file_addr(image, index),
		(size_t)twinfs_image_file_size(image, index), 0600, TW_FILE_NEW);
	if (rc)
		(void)tw_fail_file(err, path,
			tw_fail(err, TWINFS_P_EXPLORE, rc, "cannot be written: %s",
				twinfs_strerror(rc)));
	return rc;
}

static int write_image(struct tw_worker *worker, const struct twinfs_crash *crash, const char *name,
	struct twinfs_error *err)
{
	struct tw_outcome *first;
	int rc = tw_worker_begin(worker);

	if (!rc)
		rc = tw_worker_put_up(worker, crash, &first);

	if (rc)
		return tw_fail(err, TWINFS_P_EXPLORE, rc, "%s",
			rc == -EINVAL ? "there is no such state" : twinfs_strerror(rc));
	for (size_t i = 0; !rc && source_path(&worker->scene->options->source, i); i++)
		rc = write_file(worker, i, name, err);
	return rc;
}

/* ---- the trace ---- */

struct copy {
	struct tw_worker *worker; /* its chip goes along */
	struct twinfs_recorder *recorder;
	struct twinfs_flash_hook first, last;
	const char *owner; /* of the record at hand */
	uint64_t index;    /* of the next operation */
};

static void name_owner(void *ctx, const struct twinfs_flash_op *op, char *room, size_t size)
{
	const struct copy *copy = ctx;

	(void)op;
	(void)snprintf(room, size, "%s", copy->owner);
}

static struct twinfs_flash_op op_of(const struct twinfs_trace_record *record)
{
	return (struct twinfs_flash_op){
		.kind = record->kind == TWINFS_TRACE_ERASE ? TWINFS_FLASH_ERASE
							   : TWINFS_FLASH_PROGRAM,
		.seq = record->number,
		.addr = record->addr,
		.len = record->len,
		.data = record->cells,
		.time_ns = record->time_ns,
	};
}

static void copy_operation(struct copy *copy, const struct twinfs_trace_record *record)
{
	const struct twinfs_flash_op op = op_of(record);
	uint8_t *cells = copy->worker->rig.stage.bytes + record->addr;
	uint32_t done;

	copy->owner = record->owner;
	if (record->kind == TWINFS_TRACE_FLIP) {
		copy->first.disturbed(copy->first.ctx, record->addr, *cells ^ record->cells[0]);
		tw_worker_go_to(copy->worker, ++copy->index);
		return;
	}
	(void)copy->first.before(copy->first.ctx, &op, &done);
	tw_worker_go_to(copy->worker, ++copy->index);
	copy->last.after(copy->last.ctx, &op, record->done, record->result, cells);
}

/* The last operation, as far as it gets. */
static int copy_cut(struct copy *copy, const struct twinfs_trace_record *record,
	const struct twinfs_cut *cut)
{
	const struct twinfs_flash_op op = op_of(record);
	uint32_t done = cut->kind == TWINFS_CUT_TORN ? cut->done : 0;
	struct tw_outcome *first;
	int rc;

	if (cut->kind == TWINFS_CUT_BEFORE)
		return twinfs_recorder_mark(copy->recorder,
			&(struct twinfs_trace_mark){
				.kind = TWINFS_MARK_POWER_CUT, .path = "", .new_path = ""});
	copy->owner = record->owner;
	(void)copy->first.before(copy->first.ctx, &op, &(uint32_t){0});
	rc = tw_worker_put_up(copy->worker, &(struct twinfs_crash){.cut = *cut}, &first);
	if (!rc)
		copy->last.after(copy->last.ctx, &op, done, -ESHUTDOWN,
			copy->worker->rig.stage.bytes + record->addr);
	return rc;
}

static int copy_records(struct copy *copy, struct twinfs_trace *from, const struct twinfs_cut *cut)
{
	struct twinfs_trace_record record;
	int rc = 0;

	while (!rc && twinfs_trace_next(from, &record)) {
		switch (record.kind) {
		case TWINFS_TRACE_PROGRAM:
		case TWINFS_TRACE_ERASE:
		case TWINFS_TRACE_FLIP:
			if (cut->kind != TWINFS_CUT_END && copy->index == cut->op)
				return copy_cut(copy, &record, cut);
			copy_operation(copy, &record);
			break;
		case TWINFS_TRACE_MARK:
			/* The recorder makes a mark of a cut by itself. */
			rc = twinfs_recorder_mark(copy->recorder, &record.mark);
			rc = rc == -EINVAL || rc == -EBUSY ? 0 : rc;
			break;
		case TWINFS_TRACE_OLD:
		case TWINFS_TRACE_KIND_COUNT:
			break;
		}
	}
	return rc;
}

static int write_trace(struct tw_worker *worker, const struct twinfs_cut *cut, const char *path,
	struct twinfs_error *err)
{
	struct copy copy = {.worker = worker, .owner = ""};
	struct twinfs_trace *from;
	struct twinfs_recorder_options options = {.owner = name_owner, .ctx = &copy};
	int rc = twinfs_trace_open(worker->scene->options->trace, &from, err), closed;

	if (rc)
		return rc;
	options.parts = twinfs_trace_info(from)->parts;
	options.part_count = twinfs_trace_info(from)->part_count;
	options.seed = twinfs_trace_info(from)->seed;
	rc = twinfs_recorder_new(worker->rig.stage.flash, path, &options, &copy.recorder, err);
	if (!rc) {
		twinfs_recorder_hooks(copy.recorder, &copy.first, &copy.last);
		rc = copy_records(&copy, from, cut);
		if (rc)
			(void)tw_fail(err, TWINFS_P_EXPLORE, rc, "the trace cannot be copied: %s",
				twinfs_strerror(rc));
		closed = twinfs_recorder_close(copy.recorder, rc ? NULL : err);
		rc = rc ? rc : closed;
	}
	twinfs_trace_close(from);
	return rc;
}

/* ---- both ---- */

int twinfs_explore_reproduce(const struct twinfs_explore_options *options,
	const struct twinfs_crash *crash, const struct twinfs_reproducer *reproducer,
	struct twinfs_error *err)
{
	struct twinfs_error why = {0};
	struct tw_worker worker = {0};
	struct tw_scene scene;
	int rc = tw_scene_open(&scene, options, &why);

	if (!rc && reproducer->image) {
		rc = tw_worker_open(&worker, &scene, &why);
		if (!rc)
			rc = write_image(&worker, crash, reproducer->image, &why);
		tw_worker_close(&worker);
	}
	if (!rc && reproducer->trace) {
		rc = tw_worker_open(&worker, &scene, &why);
		if (!rc)
			rc = write_trace(&worker, &crash->cut, reproducer->trace, &why);
		tw_worker_close(&worker);
	}
	tw_scene_close(&scene);
	if (rc && err)
		*err = why;
	return rc;
}
