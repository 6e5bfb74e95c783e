/* SPDX-License-Identifier: MIT */
/*
 * kinds.c - the words of the language that stand for one thing each, and what
 * goes together with which kind of fault.
 */
#include "rule.h"

#include <errno.h>
#include <string.h>

/* What may be said of every kind that waits for operations. */
#define TW_C_WHEN (TW_C_TRIGGER | TW_C_UNTIL | TW_C_AS | TW_C_LIMIT | TW_C_SEED | TW_C_IN)

const struct tw_kind tw_kinds[TWINFS_FAULT_KINDS] = {
	[TWINFS_FAULT_CUT] = {.name = "cut",
		.allowed = TW_C_WHEN | TW_C_NOW | TW_C_CALL | TW_C_EXTENT | TW_C_REST,
		.act = TW_WRITE,
		.is_once = true},
	[TWINFS_FAULT_FAIL] = {.name = "fail",
		.allowed = TW_C_WHEN | TW_C_EXTENT | TW_C_REST | TW_C_ERROR,
		.act = TW_WRITE},
	[TWINFS_FAULT_SKIP] = {.name = "skip",
		.allowed = TW_C_WHEN | TW_C_EXTENT | TW_C_REST,
		.act = TW_WRITE},
	[TWINFS_FAULT_FLIP] = {.name = "flip",
		.allowed = TW_C_WHEN | TW_C_NOW | TW_C_BITS | TW_C_TO_BIT,
		.needed = TW_C_BITS,
		.act = TW_WRITE,
		.is_once = true,
		.changes_cells = true},
	[TWINFS_FAULT_FILL] = {.name = "fill",
		.allowed = TW_C_WHEN | TW_C_NOW | TW_C_VALUE,
		.needed = TW_C_VALUE,
		.act = TW_WRITE,
		.is_once = true,
		.changes_cells = true},
	[TWINFS_FAULT_GARBLE] = {.name = "garble",
		.allowed = TW_C_WHEN | TW_C_NOW,
		.act = TW_WRITE,
		.is_once = true,
		.changes_cells = true},
	[TWINFS_FAULT_STICK] = {.name = "stick",
		.allowed = TW_C_WHEN | TW_C_NOW | TW_C_BITS | TW_C_TO_BIT,
		.needed = TW_C_BITS,
		.act = TW_WRITE,
		.is_once = true,
		.changes_cells = true},
	[TWINFS_FAULT_LOOSEN] = {.name = "loosen",
		.allowed = TW_C_WHEN | TW_C_NOW | TW_C_BITS,
		.needed = TW_C_BITS,
		.act = TW_WRITE,
		.is_once = true,
		.changes_cells = true},
	[TWINFS_FAULT_MISREAD] = {.name = "misread",
		.allowed = TW_C_WHEN | TW_C_BITS | TW_C_VALUE,
		.needed = TW_C_BITS | TW_C_VALUE,
		.act = TW_READ},
	[TWINFS_FAULT_WEAR_OUT] = {.name = "wear out",
		.allowed = TW_C_IN | TW_C_CYCLES | TW_C_CHANCE | TW_C_SINCE | TW_C_UNTIL | TW_C_AS |
			   TW_C_LIMIT | TW_C_SEED | TW_C_SYMPTOM | TW_C_EXTENT | TW_C_REST,
		.needed = TW_C_CYCLES},
	[TWINFS_FAULT_SLOW] = {.name = "slow",
		.allowed = TW_C_WHEN | TW_C_BY,
		.needed = TW_C_BY,
		.act = TW_WRITE},
	[TWINFS_FAULT_READ_ONLY] = {.name = "read only",
		.allowed = TW_C_WHEN | TW_C_ERROR | TW_C_SILENT,
		.act = TW_WRITE},
	[TWINFS_FAULT_BROWN_OUT] = {.name = "brown-out",
		.allowed = TW_C_WHEN | TW_C_NOW | TW_C_CALL | TW_C_FOR | TW_C_FROM_MV | TW_C_TO_MV |
			   TW_C_EXTENT | TW_C_REST,
		.needed = TW_C_FOR,
		.act = TW_WRITE,
		.is_once = true},
	[TWINFS_FAULT_NOTE] = {.name = "note",
		.allowed = TW_C_WHEN | TW_C_NOW | TW_C_CALL,
		.act = TW_WRITE},
};

const char *const tw_call_names[TWINFS_FAULT_CALLS] = {
	[TWINFS_FAULT_CALL_CREATE] = "create",
	[TWINFS_FAULT_CALL_OPEN] = "open",
	[TWINFS_FAULT_CALL_READ] = "read",
	[TWINFS_FAULT_CALL_WRITE] = "write",
	[TWINFS_FAULT_CALL_TRUNCATE] = "truncate",
	[TWINFS_FAULT_CALL_FSYNC] = "fsync",
	[TWINFS_FAULT_CALL_COMMIT] = "commit",
	[TWINFS_FAULT_CALL_REMOVE] = "remove",
	[TWINFS_FAULT_CALL_RENAME] = "rename",
	[TWINFS_FAULT_CALL_MKDIR] = "mkdir",
	[TWINFS_FAULT_CALL_ATTR] = "attr",
	[TWINFS_FAULT_CALL_STORE] = "store",
};

const char *const tw_symptom_names[TW_SYMPTOMS] = {
	[TW_ERASE_ERROR] = "erase error",
	[TW_PROGRAM_ERROR] = "program error",
	[TW_READ_ERROR] = "read error",
	[TW_ERASE_SKIP] = "erase skip",
	[TW_PROGRAM_SKIP] = "program skip",
	[TW_PROGRAM_FLIP] = "program flip",
	[TW_READ_FLIP] = "read flip",
};

static const struct {
	const char *name;
	int code;
} errors[] = {
	{"EIO", -EIO},
	{"EBADMSG", -EBADMSG},
	{"ETIMEDOUT", -ETIMEDOUT},
	{"ENOSPC", -ENOSPC},
	{"EROFS", -EROFS},
	{"EACCES", -EACCES},
};

const char *tw_error_name(int code)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (errors[i].code == code)
			return errors[i].name;
	return NULL;
}

int tw_error_code(const char *name)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (!strcmp(errors[i].name, name))
			return errors[i].code;
	return 0;
}

const char *twinfs_fault_kind_name(enum twinfs_fault_kind kind)
{
	return (unsigned)kind < TWINFS_FAULT_KINDS ? tw_kinds[kind].name : "unknown";
}

const char *twinfs_fault_state_name(enum twinfs_fault_state state)
{
	switch (state) {
	case TWINFS_FAULT_WAITING:
		return "waiting";
	case TWINFS_FAULT_ARMED:
		return "armed";
	case TWINFS_FAULT_DONE:
		return "done";
	}
	return "unknown";
}
