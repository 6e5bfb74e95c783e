/* SPDX-License-Identifier: MIT */
/*
 * fault_site.c - names for the faults of a chip: its partitions, and which
 * blocks are whose.
 *
 * Questions from the chip's hook come in the middle of an operation, in the
 * thread that makes it. That thread holds the lock of the volume that the
 * operation belongs to, so this volume, and no other, can be asked; what it
 * reads comes through a second chip on the same bytes, which has no hook and
 * always has power.
 *
 * The metadata of a path are the pairs of the directory that its name is in
 * and, if it is a directory, its own.
 */
#include "fault_site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "state.h"
#include "subject.h"
#include "watch.h"

#define PATHS 2 /* partitions with paths: user and backup */

struct tw_fault_site {
	struct twinfs_module *module;
	struct twinfs_faults *faults;
	struct twinfs_flash *chip; /* the second one */
	/* While the module is off: what is on the chip then. */
	struct twinfs_volume *looked[PATHS];
	bool has_looked[PATHS];
};

/* ---- partitions ---- */

static uint32_t block_size_of(const struct twinfs_module *module, enum twinfs_part part)
{
	const struct twinfs_part_info *info = &module->parts[part];

	if (part == TWINFS_PART_SECURE)
		return twinfs_flash_config(module->flash)->geometry.erase_size;
	return info->config.block_size ? info->config.block_size : module->profile.block_size;
}

static bool is_called(const struct twinfs_module *module, enum twinfs_part part, const char *name)
{
	static const char *const names[TWINFS_PART_COUNT] = {
		[TWINFS_PART_USER] = "user",
		[TWINFS_PART_BACKUP] = "backup",
		[TWINFS_PART_SECURE] = "secure",
	};

	return !strcmp(name, names[part]) || !strcmp(name, module->parts[part].name);
}

static bool is_in(const struct twinfs_module *module, enum twinfs_part part, uint64_t addr)
{
	const struct twinfs_part_info *info = &module->parts[part];

	return info->present && addr >= info->addr && addr - info->addr < info->size;
}

static int find_part(void *ctx, const char *name, uint64_t addr, struct twinfs_fault_part *ret_part)
{
	const struct twinfs_module *module = ((struct tw_fault_site *)ctx)->module;

	for (int part = 0; part < TWINFS_PART_COUNT; part++) {
		const struct twinfs_part_info *info = &module->parts[part];

		if (!info->present)
			continue;
		if (name ? !is_called(module, part, name) : !is_in(module, part, addr))
			continue;
		*ret_part = (struct twinfs_fault_part){
			info->name, info->addr, info->size, block_size_of(module, part)};
		return 0;
	}
	return -ENOENT;
}

/* ---- volumes ---- */

/* The volume that is mounted on @part; a stand-in is on another chip. */
static struct twinfs_volume *mounted(const struct tw_fault_site *site, enum twinfs_part part)
{
	const struct tw_boot *boot = &site->module->boot;

	if (part == TWINFS_PART_USER)
		return boot->user_volume;
	return boot->stand_in.flash ? NULL : boot->backup_volume;
}

/* Not from the hook: the volume of @part, mounted just for looking if need be. NULL: none. */
static struct twinfs_volume *look(struct tw_fault_site *site, enum twinfs_part part)
{
	const struct twinfs_part_info *info = &site->module->parts[part];
	struct twinfs_volume_config config = info->config;

	if (mounted(site, part))
		return mounted(site, part);
	config.flags |= TWINFS_VOLUME_READ_ONLY;
	if (!site->has_looked[part] && info->present)
		(void)twinfs_volume_mount(site->chip, &config, &site->looked[part], NULL);
	site->has_looked[part] = true;
	return site->looked[part];
}

static void forget_looks(struct tw_fault_site *site)
{
	for (int part = 0; part < PATHS; part++) {
		twinfs_volume_unmount(tw_steal(&site->looked[part]));
		site->has_looked[part] = false;
	}
}

/* The volume that @path is in, and its path there: "/usr/a" is "/a" of the first. */
static bool split_path(const char *path, enum twinfs_part *ret_part, const char **ret_inner)
{
	for (int part = 0; part < PATHS; part++) {
		size_t len = strlen(tw_part_path(part));

		if (strncmp(path, tw_part_path(part), len) != 0 || (path[len] && path[len] != '/'))
			continue;
		*ret_part = (enum twinfs_part)part;
		*ret_inner = path[len] ? path + len : "/";
		return true;
	}
	return false;
}

/* ---- who owns ---- */

#define ROOM 512 /* bytes of a path */

/* Whether @path is in the directory @dir: one name below it. */
static bool is_name_in(const char *path, const char *dir)
{
	size_t len = strcmp(dir, "/") ? strlen(dir) : 0;

	return !strncmp(path, dir, len) && path[len] == '/' && path[len + 1] &&
	       !strchr(path + len + 1, '/');
}

static bool has_role(enum twinfs_fault_role wanted, const struct twinfs_owner *owner)
{
	switch (wanted) {
	case TWINFS_FAULT_ANY_ROLE:
		return owner->role != TWINFS_OWNER_NONE;
	case TWINFS_FAULT_DATA:
		return owner->role == TWINFS_OWNER_DATA;
	case TWINFS_FAULT_METADATA:
		return owner->role == TWINFS_OWNER_DIRECTORY ||
		       owner->role == TWINFS_OWNER_SUPERBLOCK;
	case TWINFS_FAULT_SUPERBLOCK:
		/* version 2 has it in the pair of the root, until that wears out */
		return owner->role == TWINFS_OWNER_SUPERBLOCK || owner->ino == TWINFS_ROOT_INO;
	}
	return false;
}

/* @inner is the path of the target in the volume, or NULL for all of it. */
static bool is_of(const struct twinfs_volume *volume, const struct twinfs_owner *owner,
	enum twinfs_fault_role role, const char *inner)
{
	char path[ROOM];
	int64_t len;

	if (!has_role(role, owner))
		return false;
	if (!inner)
		return true;
	len = owner->ino ? twinfs_volume_path(volume, owner->ino, path, sizeof(path)) : -1;
	if (len < 0 || len >= ROOM)
		return false;
	return !strcmp(path, inner) ||
	       (owner->role == TWINFS_OWNER_DIRECTORY && is_name_in(inner, path));
}

/* Of the block that is written, or read: false when nobody knows. */
static bool owner_of(const struct tw_fault_site *site, const struct twinfs_flash_op *op,
	enum twinfs_part part, struct twinfs_owner *ret_owner)
{
	const struct twinfs_volume *volume = mounted(site, part);
	uint64_t off = op->addr - site->module->parts[part].addr;

	if (!volume)
		return false;
	if (op->kind != TWINFS_FLASH_READ)
		twinfs_volume_subject(volume, ret_owner);
	else if (twinfs_volume_owner(volume, site->chip,
			 (uint32_t)(off / block_size_of(site->module, part)), ret_owner))
		return false;
	return ret_owner->role != TWINFS_OWNER_NONE;
}

/* ---- slots ---- */

struct overlap {
	uint64_t addr, len;
};

static int compare_place(void *ctx, uint64_t addr, uint64_t len)
{
	const struct overlap *overlap = ctx;

	return addr < overlap->addr + overlap->len && overlap->addr < addr + len;
}

static bool concerns_slot(const struct tw_fault_site *site, const struct twinfs_flash_op *op,
	unsigned slot)
{
	const struct twinfs_part_info *info = &site->module->parts[TWINFS_PART_SECURE];
	struct overlap overlap = {op->addr, op->len};
	const struct twinfs_secure_places places = {compare_place, &overlap};

	if (!is_in(site->module, TWINFS_PART_SECURE, op->addr))
		return false;
	if (op->kind != TWINFS_FLASH_READ)
		return site->module->secure && twinfs_secure_subject(site->module->secure) == slot;
	return twinfs_secure_find(site->chip, info->addr, info->size, slot, &places) == 1;
}

/* ---- what the faults ask ---- */

static bool concerns(void *ctx, const struct twinfs_flash_op *op,
	const struct twinfs_fault_target *target)
{
	const struct tw_fault_site *site = ctx;
	const char *inner = NULL;
	enum twinfs_part part;
	struct twinfs_owner owner;

	if (target->slot)
		return concerns_slot(site, op, target->slot);
	if (target->path) {
		if (!split_path(target->path, &part, &inner) ||
			!is_in(site->module, part, op->addr))
			return false;
	} else {
		for (part = 0; part < PATHS && !is_in(site->module, part, op->addr);)
			part++;
	}
	return part < PATHS && owner_of(site, op, part, &owner) &&
	       is_of(mounted(site, part), &owner, target->role, inner);
}

struct listing {
	const struct twinfs_volume *volume;
	const struct twinfs_fault_target *target;
	const char *inner;
	const struct twinfs_fault_ranges *ranges;
};

static int list_extent(void *ctx, const struct twinfs_extent *extent)
{
	const struct listing *listing = ctx;

	if (!is_of(listing->volume, &extent->owner, listing->target->role, listing->inner))
		return 0;
	return listing->ranges->each(listing->ranges->ctx, extent->addr, extent->len);
}

/* Lists the blocks of one volume. @op NULL: nobody holds its lock, so it has to wait for us. */
static int list_volume(struct tw_fault_site *site, enum twinfs_part part,
	const struct twinfs_flash_op *op, const struct twinfs_fault_target *target,
	const char *inner, const struct twinfs_fault_ranges *ranges)
{
	struct twinfs_volume *volume = op ? mounted(site, part) : look(site, part);
	struct listing listing = {
		.volume = volume, .target = target, .inner = inner, .ranges = ranges};
	const struct twinfs_extents extents = {list_extent, &listing};
	uint64_t ino;
	int rc;

	if (op && !is_in(site->module, part, op->addr))
		return -EAGAIN;
	if (!volume)
		return -ENOENT;
	if (op)
		return twinfs_volume_map(volume, site->chip, &extents);
	if (inner && twinfs_volume_walk(volume, inner, &ino))
		return -ENOENT;
	twinfs_volume_pause(volume);
	rc = twinfs_volume_map(volume, site->chip, &extents);
	twinfs_volume_resume(volume);
	return rc;
}

/* Of any path: of the volume in whose operation we are, or of both. */
static int list_all(struct tw_fault_site *site, const struct twinfs_flash_op *op,
	const struct twinfs_fault_target *target, const struct twinfs_fault_ranges *ranges)
{
	int rc = -EAGAIN;

	for (int part = 0; part < PATHS; part++) {
		if (op && !is_in(site->module, part, op->addr))
			continue;
		rc = list_volume(site, part, op, target, NULL, ranges);
		if (rc && rc != -ENOENT)
			return rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

static int list_ranges(void *ctx, const struct twinfs_flash_op *op,
	const struct twinfs_fault_target *target, const struct twinfs_fault_ranges *ranges)
{
	struct tw_fault_site *site = ctx;
	const struct twinfs_part_info *info = &site->module->parts[TWINFS_PART_SECURE];
	const struct twinfs_secure_places places = {ranges->each, ranges->ctx};
	enum twinfs_part part;
	const char *inner;

	if (target->slot)
		return info->present ? twinfs_secure_find(site->chip, info->addr, info->size,
					       target->slot, &places)
				     : -ENOENT;
	if (!target->path)
		return list_all(site, op, target, ranges);
	if (!split_path(target->path, &part, &inner))
		return -ENOENT;
	return list_volume(site, part, op, target, inner, ranges);
}

/* ---- owners in words ---- */

static void name_owner(const struct twinfs_volume *volume, enum twinfs_part part,
	const struct twinfs_owner *owner, char *buf, size_t size)
{
	static const char *const roles[] = {
		[TWINFS_OWNER_NONE] = "",
		[TWINFS_OWNER_SUPERBLOCK] = "superblock",
		[TWINFS_OWNER_DIRECTORY] = "metadata",
		[TWINFS_OWNER_DATA] = "data",
	};
	char path[ROOM];
	int64_t len;

	if (owner->role == TWINFS_OWNER_NONE)
		return;
	len = owner->ino ? twinfs_volume_path(volume, owner->ino, path, sizeof(path)) : 0;
	if (len < 0 || len >= ROOM)
		(void)snprintf(buf, size, "%s", roles[owner->role]); /* it has no name any more */
	else
		(void)snprintf(buf, size, "%s %s%s", roles[owner->role], tw_part_path(part),
			len > 1 ? path : "");
}

/* The slot that has its newest record at @addr; 0: none. */
static unsigned slot_at(const struct tw_fault_site *site, uint64_t addr)
{
	const struct twinfs_flash_op look_at = {.kind = TWINFS_FLASH_READ, .addr = addr, .len = 1};

	for (unsigned slot = 1; slot <= TWINFS_SECURE_SLOTS; slot++)
		if (concerns_slot(site, &look_at, slot))
			return slot;
	return 0;
}

static void name_owner_at(struct tw_fault_site *site, enum twinfs_part part, uint64_t addr,
	char *buf, size_t size)
{
	struct twinfs_volume *volume = look(site, part);
	uint64_t off = addr - site->module->parts[part].addr;
	struct twinfs_owner owner;

	if (!volume)
		return;
	twinfs_volume_pause(volume);
	if (!twinfs_volume_owner(volume, site->chip,
		    (uint32_t)(off / block_size_of(site->module, part)), &owner))
		name_owner(volume, part, &owner, buf, size);
	twinfs_volume_resume(volume);
}

/* Whose the bytes at @addr are, which are read, or at rest (@op NULL). */
static void tell_reader(struct tw_fault_site *site, const struct twinfs_flash_op *op, uint64_t addr,
	char *buf, size_t size)
{
	struct twinfs_owner owner;
	enum twinfs_part part = 0;

	while (part < TWINFS_PART_COUNT && !is_in(site->module, part, addr))
		part++;
	if (part == TWINFS_PART_SECURE && slot_at(site, addr))
		(void)snprintf(buf, size, "slot %u", slot_at(site, addr));
	else if (part < PATHS && !op)
		name_owner_at(site, part, addr, buf, size);
	else if (part < PATHS && owner_of(site, op, part, &owner))
		name_owner(mounted(site, part), part, &owner, buf, size);
}

static void tell_owner(void *ctx, const struct twinfs_flash_op *op, uint64_t addr, char *buf,
	size_t size)
{
	struct tw_fault_site *site = ctx;

	*buf = '\0';
	if (op && op->kind != TWINFS_FLASH_READ)
		tw_subject_tag(site->module, op, buf, size);
	else
		tell_reader(site, op, addr, buf, size);
}

static int rehook(void *ctx)
{
	struct twinfs_module *module = ((const struct tw_fault_site *)ctx)->module;
	int rc = tw_watch_all(module);

	module->plugs.faults = twinfs_faults_hook(module->fault_site->faults);
	tw_plugs_connect(&module->plugs, module->flash);
	return rc;
}

/* ---- life ---- */

static void free_site(struct tw_fault_site *site)
{
	if (!site)
		return;
	forget_looks(site);
	twinfs_faults_free(site->faults);
	twinfs_flash_free(site->chip);
	free(site);
}

static struct tw_fault_site *new_site(struct twinfs_module *module)
{
	struct tw_fault_site *site = calloc(1, sizeof(*site));
	struct twinfs_fault_site calls = {
		.ctx = site,
		.part = find_part,
		.concerns = concerns,
		.ranges = list_ranges,
		.owner = tell_owner,
		.rehook = rehook,
	};

	if (!site)
		return NULL;
	site->module = module;
	if (twinfs_flash_new(module->image, twinfs_flash_config(module->flash), &site->chip,
		    NULL) ||
		twinfs_faults_new(module->flash, module->image, &calls, 1, &site->faults)) {
		free_site(site);
		return NULL;
	}
	return site;
}

struct twinfs_faults *twinfs_module_faults(struct twinfs_module *module)
{
	if (!module->fault_site)
		module->fault_site = new_site(module);
	return module->fault_site ? module->fault_site->faults : NULL;
}

const struct twinfs_faults *tw_fault_site_faults(const struct twinfs_module *module)
{
	return module->fault_site ? module->fault_site->faults : NULL;
}

bool tw_fault_site_wants_calls(const struct twinfs_module *module)
{
	return module->fault_site && twinfs_faults_wants_calls(module->fault_site->faults);
}

void tw_fault_site_call(struct twinfs_module *module, enum twinfs_fault_call call, bool has_ended,
	const char *path, const char *new_path)
{
	/* the power that it may cut is missed by the next operation */
	if (module->fault_site)
		(void)twinfs_faults_call(module->fault_site->faults, call, has_ended, path,
			new_path);
}

void tw_fault_site_power_on(struct twinfs_module *module)
{
	if (!module->fault_site)
		return;
	forget_looks(module->fault_site);
	twinfs_faults_power_on(module->fault_site->faults);
}

void tw_fault_site_close(struct twinfs_module *module)
{
	if (!module->fault_site)
		return;
	module->plugs.faults = NULL;
	tw_plugs_connect(&module->plugs, module->flash);
	free_site(tw_steal(&module->fault_site));
}
