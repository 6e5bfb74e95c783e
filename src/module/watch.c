/* SPDX-License-Identifier: MIT */
/*
 * watch.c - hands on what volumes and slots tell. They are watched only while
 * somebody listens, because a watched volume reads what it commits once more.
 */
#include "watch.h"

#include <stdio.h>
#include <string.h>

#include "fault_site.h"
#include "record.h"
#include "state.h"
#include "subject.h"

enum { PATH_ROOM = 1024 };

const char *tw_watch_path(enum twinfs_part part, const char *inner, char *room, size_t size)
{
	/* the root goes by the partition alone */
	(void)snprintf(room, size, "%s%s", tw_part_path(part), strcmp(inner, "/") ? inner : "");
	return room;
}

/* ---- volumes ---- */

static bool call_of(enum twinfs_change_kind kind, enum twinfs_fault_call *ret_call)
{
	static const enum twinfs_fault_call calls[] = {
		[TWINFS_CHANGE_CREATE] = TWINFS_FAULT_CALL_CREATE,
		[TWINFS_CHANGE_MKDIR] = TWINFS_FAULT_CALL_MKDIR,
		[TWINFS_CHANGE_CONTENT] = TWINFS_FAULT_CALL_COMMIT,
		[TWINFS_CHANGE_REMOVE] = TWINFS_FAULT_CALL_REMOVE,
		[TWINFS_CHANGE_RENAME] = TWINFS_FAULT_CALL_RENAME,
		[TWINFS_CHANGE_ATTR] = TWINFS_FAULT_CALL_ATTR,
	};

	if (kind == TWINFS_CHANGE_RESIZE)
		return false;
	*ret_call = calls[kind];
	return true;
}

static void call_faults(const struct tw_watched *watched, bool has_ended,
	const struct twinfs_volume_change *change)
{
	char path[PATH_ROOM], new_path[PATH_ROOM];
	enum twinfs_fault_call call;

	if (!call_of(change->kind, &call))
		return;
	if (change->new_path)
		(void)tw_watch_path(watched->part, change->new_path, new_path, sizeof(new_path));
	tw_fault_site_call(watched->module, call, has_ended,
		tw_watch_path(watched->part, change->path, path, sizeof(path)),
		change->new_path ? new_path : NULL);
}

static void change_began(void *ctx, const struct twinfs_volume_change *change)
{
	tw_record_change(ctx, TWINFS_MARK_CHANGE_BEGAN, change, 0);
	call_faults(ctx, false, change);
}

/* A change that failed has ended too, but is none to wait for. */
static void change_ended(void *ctx, const struct twinfs_volume_change *change, int rc)
{
	tw_record_change(ctx, TWINFS_MARK_CHANGE_ENDED, change, rc);
	if (!rc)
		call_faults(ctx, true, change);
}

static bool is_wanted(const struct twinfs_module *module)
{
	return module->recording || tw_fault_site_wants_calls(module);
}

int tw_watch_volume(struct twinfs_module *module, enum twinfs_part part,
	struct twinfs_volume *volume)
{
	struct twinfs_volume_watch watch = {.began = change_began, .ended = change_ended};

	module->watched[part] = (struct tw_watched){module, part};
	watch.ctx = &module->watched[part];
	return twinfs_volume_set_watch(volume, is_wanted(module) ? &watch : NULL);
}

/* ---- slots ---- */

static void call_store(struct twinfs_module *module, bool has_ended, unsigned slot)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "slot %u", slot);
	tw_fault_site_call(module, TWINFS_FAULT_CALL_STORE, has_ended, name, NULL);
}

static void store_began(void *ctx, const struct twinfs_secure_store *store)
{
	tw_record_store(ctx, TWINFS_MARK_STORE_BEGAN, store, 0);
	call_store(ctx, false, store->index);
}

static void store_ended(void *ctx, const struct twinfs_secure_store *store, int rc)
{
	tw_record_store(ctx, TWINFS_MARK_STORE_ENDED, store, rc);
	if (!rc)
		call_store(ctx, true, store->index);
}

/* ---- all ---- */

int tw_watch_all(struct twinfs_module *module)
{
	const struct twinfs_secure_watch watch = {
		.began = store_began, .ended = store_ended, .ctx = module};
	struct twinfs_volume *user = twinfs_module_user(module);
	struct twinfs_volume *backup = twinfs_module_backup(module);
	int rc = 0;

	if (user)
		rc = tw_watch_volume(module, TWINFS_PART_USER, user);
	if (!rc && backup)
		rc = tw_watch_volume(module, TWINFS_PART_BACKUP, backup);
	if (!rc && module->secure)
		twinfs_secure_set_watch(module->secure, is_wanted(module) ? &watch : NULL);
	return rc;
}
