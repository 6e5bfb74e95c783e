/* SPDX-License-Identifier: MIT */
/*
 * zip_write.h - an archive made from another: some members replaced or added,
 * everything else as it was to the byte.
 */
#ifndef TW_FIRMWARE_ZIP_WRITE_H
#define TW_FIRMWARE_ZIP_WRITE_H

#include "base/text.h"
#include "zip.h"

#define TW_ZIP_ADDED SIZE_MAX

struct tw_zip_change {
	size_t member;    /* the one whose content it becomes, or TW_ZIP_ADDED */
	const char *name; /* of an added member */
	const void *data; /* borrowed */
	size_t len;
};

/*
 * Appends to @out, empty at first, the archive @zip with @changes, no two of
 * them of one member. A replaced member keeps its place, name, attributes,
 * comment and method, and loses its extra fields; added ones come last. The
 * bytes of all others, of what lies between them, and of the archive's comment
 * stay as they are; in the directory only addresses change. A zip64 end
 * record, which an archive of this size does not need, is left out.
 *
 * @time  of changed members, seconds since 1970 in UTC; before 1980 becomes 1980
 *
 * Returns 0, -EOVERFLOW (over 4 GiB, or too many members), -ENOMEM.
 */
int tw_zip_rewrite(const struct tw_zip *zip, const struct tw_zip_change *changes, size_t count,
	int64_t time, struct tw_text *out, struct twinfs_error *err);

#endif
