/* SPDX-License-Identifier: MIT */
/*
 * dirty.h - the unsynced content of one file.
 *
 * Holds only what was written, in chunks; everything else is still what the
 * chip holds. Any change rewrites a CTZ list from the first changed block to
 * the end, so what matters for space is @keep: the bytes at the front that
 * are as committed.
 */
#ifndef TW_LFS_DIRTY_H
#define TW_LFS_DIRTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TW_CHUNK_SIZE UINT32_C(4096)

struct tw_dirty {
	uint32_t size;      /* of the file, bytes */
	uint32_t keep;      /* bytes [0, keep) are as committed; keep <= size */
	uint32_t old_valid; /* committed bytes from here on were cut off: they read as zero */
	uint32_t reserved;  /* blocks promised by the allocator */
	uint32_t chunk_count;
	uint8_t **chunks; /* by offset / TW_CHUNK_SIZE; NULL: as committed */
};

/* Reads committed content: @len bytes at @off, all below the committed size. */
typedef int tw_read_old(void *ctx, uint32_t off, uint8_t *buf, uint32_t len);

/* Nothing changed yet, of a file of @size committed bytes. NULL: out of memory. */
struct tw_dirty *tw_dirty_new(uint32_t size);
void tw_dirty_free(struct tw_dirty *dirty);

/* Whether syncing would change anything, for a file of @old_size committed bytes. */
int tw_dirty_is_change(const struct tw_dirty *dirty, uint32_t old_size);

/* What @keep becomes when bytes from @off on change. */
uint32_t tw_dirty_keep_after(const struct tw_dirty *dirty, uint32_t off);

/*
 * Replaces @len bytes at @off, which end at or below TW_FILE_MAX; fills a gap
 * with zeros. On failure the content is as before. -ENOMEM, or as @read_old.
 */
int tw_dirty_write(struct tw_dirty *dirty, uint32_t off, const void *buf, uint32_t len,
	tw_read_old *read_old, void *ctx);

/* Sets the size; new bytes are zero. Cannot fail: it makes no chunks. */
void tw_dirty_truncate(struct tw_dirty *dirty, uint32_t size);

/* Whether the @len bytes at @off are still as committed. */
bool tw_dirty_is_kept(const struct tw_dirty *dirty, uint32_t off, uint32_t len);

/* Reads @len bytes at @off, all below the size. */
int tw_dirty_read(const struct tw_dirty *dirty, uint32_t off, uint8_t *buf, uint32_t len,
	tw_read_old *read_old, void *ctx);

#endif
