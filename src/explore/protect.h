/* SPDX-License-Identifier: MIT */
/*
 * protect.h - whether protected files are what checksum.json says, without
 * asking the boot that should have made them so.
 */
#ifndef TW_EXPLORE_PROTECT_H
#define TW_EXPLORE_PROTECT_H

#include <stdbool.h>
#include <twinfs/volume.h>

/* checksum.json as the user partition has it now. */
struct tw_protection {
	struct twinfs_volume *user;
	struct tw_json *table; /* NULL: it has none that can be read */
};

/* 0, -ENOMEM or -ESHUTDOWN; released in any case. */
int tw_protection_read(struct tw_protection *protection, struct twinfs_volume *user);
void tw_protection_release(struct tw_protection *protection);

/*
 * Hashes a file anew. It is right when an entry with its name, @name, has that
 * hash, or when there is no such entry: then nothing was promised. 0, -ENOMEM or
 * -ESHUTDOWN.
 */
int tw_protection_check(const struct tw_protection *protection, const char *name,
	bool *ret_is_right);

#endif
