/* SPDX-License-Identifier: MIT */
/*
 * subject.c - whom an operation of the chip is for.
 *
 * Only whoever writes knows: a block that is written belongs to nobody yet. So
 * the volume or the slots are asked what they are doing; they are in the middle
 * of it, in this very thread.
 */
#include "subject.h"

#include <stdio.h>
#include <string.h>

#include "state.h"

const char *tw_part_path(enum twinfs_part part)
{
	return part == TWINFS_PART_USER ? "/usr" : part == TWINFS_PART_BACKUP ? "/bak" : "";
}

static void volume_tag(const struct twinfs_volume *volume, enum twinfs_part part, char *room,
	size_t size)
{
	static const char *const roles[] = {
		[TWINFS_OWNER_NONE] = "",
		[TWINFS_OWNER_SUPERBLOCK] = "superblock ",
		[TWINFS_OWNER_DIRECTORY] = "metadata ",
		[TWINFS_OWNER_DATA] = "data ",
	};
	struct twinfs_owner owner;
	size_t used;
	int64_t len;

	twinfs_volume_subject(volume, &owner);
	if (owner.role == TWINFS_OWNER_NONE)
		return;
	used = (size_t)snprintf(room, size, "%s%s", roles[owner.role], tw_part_path(part));
	if (owner.role == TWINFS_OWNER_SUPERBLOCK || used >= size)
		return;
	len = owner.ino ? twinfs_volume_path(volume, owner.ino, room + used, size - used) : -1;
	if (len == 1)
		room[used] = '\0'; /* the root is called as its partition */
	else if (len < 0)
		room[strlen(roles[owner.role]) - 1] = '\0'; /* it has lost its name */
}

void tw_subject_tag(const struct twinfs_module *module, const struct twinfs_flash_op *op,
	char *room, size_t size)
{
	const struct tw_boot *boot = &module->boot;
	const struct twinfs_volume *const volumes[] = {
		[TWINFS_PART_USER] = boot->user_volume,
		[TWINFS_PART_BACKUP] = boot->stand_in.flash ? NULL : boot->backup_volume,
		[TWINFS_PART_SECURE] = NULL,
	};
	unsigned slot;

	*room = '\0';
	for (int part = 0; part < TWINFS_PART_COUNT; part++) {
		const struct twinfs_part_info *info = &module->parts[part];

		if (!info->present || op->addr < info->addr || op->addr - info->addr >= info->size)
			continue;
		if (volumes[part])
			volume_tag(volumes[part], part, room, size);
		slot = part == TWINFS_PART_SECURE && module->secure
			       ? twinfs_secure_subject(module->secure)
			       : 0;
		if (slot)
			(void)snprintf(room, size, "slot %u", slot);
	}
}
