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

struct volume_watch {
	struct tw_recording *recording;
	const char *prefix; /* "/usr" */
};

struct tw_recording {
	struct twinfs_recorder *recorder;
	struct volume_watch volumes[2]; /* by part */
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

/* The path as it is called from outside; the root goes by the partition alone. */
static const char *outer_path(const struct volume_watch *watch, const char *path, char *room,
	size_t size)
{
	(void)snprintf(room, size, "%s%s", watch->prefix, strcmp(path, "/") ? path : "");
	return room;
}

static void mark_change(struct volume_watch *watch, enum twinfs_trace_mark_kind kind,
	const struct twinfs_volume_change *change, int rc)
{
	char path[TWINFS_TRACE_TEXT_MAX + 1], new_path[TWINFS_TRACE_TEXT_MAX + 1];
	struct twinfs_trace_mark it = {
		.kind = kind,
		.change = traced(change->kind),
		.flags = (change->type == TWINFS_DIR ? TWINFS_MARK_DIRECTORY : 0u) |
			 (change->replaces ? TWINFS_MARK_REPLACES : 0u) |
			 (change->removes_attr ? TWINFS_MARK_REMOVES : 0u),
		.path = outer_path(watch, change->path, path, sizeof(path)),
		.index = change->kind == TWINFS_CHANGE_ATTR ? change->attr : 0,
		.size = change->size,
		.digest = change->digest,
		.result = rc,
	};

	if (change->new_path)
		it.new_path = outer_path(watch, change->new_path, new_path, sizeof(new_path));
	mark(watch->recording, &it);
}

static void change_began(void *ctx, const struct twinfs_volume_change *change)
{
	mark_change(ctx, TWINFS_MARK_CHANGE_BEGAN, change, 0);
}

static void change_ended(void *ctx, const struct twinfs_volume_change *change, int rc)
{
	mark_change(ctx, TWINFS_MARK_CHANGE_ENDED, change, rc);
}

int tw_record_volume(struct twinfs_module *module, enum twinfs_part part,
	struct twinfs_volume *volume)
{
	struct twinfs_volume_watch watch = {.began = change_began, .ended = change_ended};

	if (!module->recording)
		return 0;
	watch.ctx = &module->recording->volumes[part];
	return twinfs_volume_set_watch(volume, &watch);
}

/* ---- SecureData ---- */

static void mark_store(struct tw_recording *recording, enum twinfs_trace_mark_kind kind,
	const struct twinfs_secure_store *store, int rc)
{
	mark(recording, &(struct twinfs_trace_mark){
				.kind = kind,
				.index = store->index,
				.size = store->length,
				.digest = store->digest,
				.result = rc,
			});
}

static void store_began(void *ctx, const struct twinfs_secure_store *store)
{
	mark_store(ctx, TWINFS_MARK_STORE_BEGAN, store, 0);
}

static void store_ended(void *ctx, const struct twinfs_secure_store *store, int rc)
{
	mark_store(ctx, TWINFS_MARK_STORE_ENDED, store, rc);
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

/* What is on already is marked from now on; the rest when it is mounted. */
static int watch_all(struct twinfs_module *module)
{
	const struct twinfs_secure_watch watch = {
		.began = store_began, .ended = store_ended, .ctx = module->recording};
	struct twinfs_volume *user = twinfs_module_user(module);
	struct twinfs_volume *backup = twinfs_module_backup(module);
	int rc = 0;

	if (user)
		rc = tw_record_volume(module, TWINFS_PART_USER, user);
	if (!rc && backup)
		rc = tw_record_volume(module, TWINFS_PART_BACKUP, backup);
	if (!rc && module->secure)
		twinfs_secure_set_watch(module->secure, &watch);
	return rc;
}

static void unwatch_all(struct twinfs_module *module)
{
	/* Removing a watch needs no memory. */
	if (twinfs_module_user(module))
		(void)twinfs_volume_set_watch(twinfs_module_user(module), NULL);
	if (twinfs_module_backup(module))
		(void)twinfs_volume_set_watch(twinfs_module_backup(module), NULL);
	if (module->secure)
		twinfs_secure_set_watch(module->secure, NULL);
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
	for (int part = TWINFS_PART_USER; part <= TWINFS_PART_BACKUP; part++)
		recording->volumes[part] = (struct volume_watch){recording, tw_part_path(part)};
	rc = new_recorder(module, path, &recording->recorder, err);
	if (rc) {
		free(recording);
		return rc;
	}
	module->recording = recording;
	twinfs_recorder_hooks(recording->recorder, &module->plugs.first, &module->plugs.last);
	module->plugs.is_recording = true;
	tw_plugs_connect(&module->plugs, module->flash);
	rc = watch_all(module);
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
	unwatch_all(module);
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
