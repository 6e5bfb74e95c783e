/* SPDX-License-Identifier: MIT */
/*
 * calls.c - the path of an object is looked for only when a rule wants it.
 */
#include "calls.h"

#include <limits.h>
#include <string.h>

/* Room for what paths of a tree begin with: "/usr", "/bak". */
enum { PREFIX_LEN = 4 };

static int tell(const struct tw_emu_ref *ref, enum twinfs_fault_call call, bool has_ended)
{
	char path[PREFIX_LEN + PATH_MAX];
	const struct tw_emu *emu = ref->emu;
	bool is_usr = ref->tree == &emu->trees[TW_EMU_USR];

	memcpy(path, is_usr ? "/usr" : "/bak", PREFIX_LEN);
	if (twinfs_overlay_path(ref->overlay, ref->ino, path + PREFIX_LEN, PATH_MAX) < 0)
		return 0; /* removed while it was open: no rule can name it */
	return twinfs_faults_call(emu->faults, call, has_ended, path, NULL);
}

int tw_emu_call_begins(const struct tw_emu_ref *ref, enum twinfs_fault_call call)
{
	return ref->emu->wants_calls ? tell(ref, call, false) : 0;
}

void tw_emu_call_ended(const struct tw_emu_ref *ref, enum twinfs_fault_call call)
{
	if (ref->emu->wants_calls)
		(void)tell(ref, call, true);
}
