/* SPDX-License-Identifier: MIT */
/*
 * boot_ops.c - what a boot wrote, and for whom.
 */
#include "boot_ops.h"

#include <stdlib.h>
#include <string.h>
#include <twinfs/trace.h>

#include "base/array.h"
#include "module/subject.h"

int tw_boot_ops_add(struct tw_boot_ops *ops, const struct twinfs_module *module,
	const struct twinfs_flash_op *op)
{
	struct tw_boot_op more = {
		.addr = op->addr, .len = op->len, .is_erase = op->kind == TWINFS_FLASH_ERASE};
	char tag[TWINFS_TRACE_TEXT_MAX + 1];
	int rc = tw_array_grow(&ops->list, &ops->room, ops->count);

	tw_subject_tag(module, op, tag, sizeof(tag));
	if (!rc)
		rc = tw_names_add(&ops->owners, tag, strlen(tag), &more.owner);
	if (!rc)
		ops->list[ops->count++] = more;
	return rc;
}

size_t tw_boot_ops_weight(const struct tw_boot_ops *ops)
{
	return ops->room * sizeof(*ops->list) + ops->owners.room * sizeof(*ops->owners.list) +
	       ops->owners.slot_count * sizeof(*ops->owners.slots);
}

void tw_boot_ops_release(struct tw_boot_ops *ops)
{
	tw_names_release(&ops->owners);
	free(ops->list);
	*ops = (struct tw_boot_ops){0};
}
