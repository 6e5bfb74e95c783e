/* SPDX-License-Identifier: MIT */
/*
 * record.c - the module in front of its recorder: who owns what, and the marks.
 *
 * Only here all of it is known: which volume is where, what its paths are called
 * from outside, when a boot begins and ends.
 */
#include "record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fail.h"
#include "state.h"
#include "subject.h"
#include "watch.h"

struct tw_recording {
	struct twinfs_recorder *recorder;
};

/* A mark that cannot be written is one thing more that close tells of. */
static void mark(struct tw_recording *recording, const struct twinfs_trace_mark *it)
{
	(void)twinfs_recorder_mark(recording->recorder, it);
}

/* ---- volumes ---- */

static enum twinfs_traced_change traced(enum twinfs_change_kind kind)
{
	switch (kind) {
	case TWINFS_CHANGE_CREATE:
		return TWINFS_TRACED_CREATE;
	case TWINFS_CHANGE_MKDIR:
		return TWINFS_TRACED_MKDIR;
	case TWINFS_CHANGE_CONTENT:
		return TWINFS_TRACED_CONTENT;
	case TWINFS_CHANGE_REMOVE:
		return TWINFS_TRACED_REMOVE;
	case TWINFS_CHANGE_RENAME:
		return TWINFS_TRACED_RENAME;
	case TWINFS_CHANGE_ATTR:
		return TWINFS_TRACED_ATTR;
	case TWINFS_CHANGE_RESIZE:
		return TWINFS_TRACED_RESIZE;
	}
	return TWINFS_TRACED_NONE;
}

void tw_record_change(const struct tw_watched *watched, enum twinfs_trace_mark_kind kind,
	const struct twinfs_volume_change *change, int rc)
{
	char path[TWINFS_TRACE_TEXT_MAX + 1], new_path[TWINFS_TRACE_TEXT_MAX + 1];
	struct twinfs_trace_mark it = {
		.kind = kind,
		.change = traced(change->kind),
		.flags = (change->type == TWINFS_DIR ? TWINFS_MARK_DIRECTORY : 0u) |
			 (change->replaces ? TWINFS_MARK_REPLACES : 0u) |
			 (change->removes_attr ? TWINFS_MARK_REMOVES : 0u),
		.path = tw_watch_path(watched->part, change->path, path, sizeof(path)),
		.index = change->kind == TWINFS_CHANGE_ATTR ? change->attr : 0,
		.size = change->size,
		.digest = change->digest,
		.result = rc,
	};

	if (change->new_path)
		it.new_path =
			tw_watch_path(watched->part, change->new_path, new_path, sizeof(new_path));
	if (watched->module->recording)
		mark(watched->module->recording, &it);
}

/* ---- SecureData ---- */

void tw_record_store(struct twinfs_module *module, enum twinfs_trace_mark_kind kind,
	const struct twinfs_secure_store *store, int rc)
{
	if (module->recording)
		mark(module->recording, &(struct twinfs_trace_mark){
						.kind = kind,
						.index = store->index,
						.size = store->length,
						.digest = store->digest,
						.result = rc,
					});
}

/* ---- power ---- */

static void mark_boot(struct twinfs_module *module, enum twinfs_trace_mark_kind kind, int rc)
{
	if (module->recording)
		mark(module->recording,
			&(struct twinfs_trace_mark){
				.kind = kind, .index = module->boots, .result = rc});
}

void tw_record_boot_began(struct twinfs_module *module)
{
	mark_boot(module, TWINFS_MARK_BOOT_BEGAN, 0);
}

void tw_record_boot_ended(struct twinfs_module *module, int rc)
{
	mark_boot(module, TWINFS_MARK_BOOT_ENDED, rc);
}

void tw_record_power_off(struct twinfs_module *module)
{
	/* The recorder leaves it out when an operation was cut. A read may have been, too. */
	mark_boot(module, TWINFS_MARK_POWER_CUT, 0);
}

/* ---- begin and end ---- */

static void owner(void *ctx, const struct twinfs_flash_op *op, char *room, size_t size)
{
	tw_subject_tag(ctx, op, room, size);
}

static int new_recorder(struct twinfs_module *module, const char *path,
	struct twinfs_recorder **ret_recorder, struct twinfs_error *err)
{
	struct twinfs_trace_part parts[TWINFS_PART_COUNT];
	struct twinfs_recorder_options options = {.parts = parts, .owner = owner, .ctx = module};

	for (int part = 0; part < TWINFS_PART_COUNT; part++) {
		const struct twinfs_part_info *info = &module->parts[part];
		bool is_volume = part != TWINFS_PART_SECURE;

		if (!info->present)
			continue;
		parts[options.part_count++] = (struct twinfs_trace_part){
			.name = info->name,
			.path = tw_part_path(part),
			.addr = info->addr,
			.size = info->size,
			.block_size = !is_volume                ? 0
				      : info->config.block_size ? info->config.block_size
								: module->profile.block_size,
		};
	}
	return twinfs_recorder_new(module->flash, path, &options, ret_recorder, err);
}

int twinfs_module_record(struct twinfs_module *module, const char *path, struct twinfs_error *err)
{
	struct tw_recording *recording;
	int rc;

	if (module->recording)
		return tw_fail(err, TWINFS_P_TRACE, -EALREADY, "the module is recorded already");
	recording = calloc(1, sizeof(*recording));
	if (!recording)
		return tw_fail(err, TWINFS_P_TRACE, -ENOMEM, "out of memory");
	rc = new_recorder(module, path, &recording->recorder, err);
	if (rc) {
		free(recording);
		return rc;
	}
	module->recording = recording;
	twinfs_recorder_hooks(recording->recorder, &module->plugs.first, &module->plugs.last);
	module->plugs.is_recording = true;
	tw_plugs_connect(&module->plugs, module->flash);
	rc = tw_watch_all(module);
	if (!rc)
		return 0;
	(void)twinfs_module_record_stop(module, NULL);
	return tw_fail(err, TWINFS_P_TRACE, rc, "out of memory");
}

int twinfs_module_record_stop(struct twinfs_module *module, struct twinfs_error *err)
{
	struct tw_recording *recording = tw_steal(&module->recording);
	int rc;

	if (!recording)
		return 0;
	(void)tw_watch_all(module); /* to stop watching needs no memory */
	module->plugs.is_recording = false;
	tw_plugs_connect(&module->plugs, module->flash);
	rc = twinfs_recorder_close(recording->recorder, err);
	free(recording);
	return rc;
}

bool twinfs_module_is_recording(const struct twinfs_module *module)
{
	return module->recording;
}

struct twinfs_recorder *twinfs_module_recorder(const struct twinfs_module *module)
{
	return module->recording ? module->recording->recorder : NULL;
}
