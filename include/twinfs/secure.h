/* SPDX-License-Identifier: MIT */
/*
 * secure.h - SecureData: 16 small slots that survive reflashing.
 *
 * Two regions (primary and mirror) each hold an append log of records over
 * several erase units. A store is old or new at every power cut; there is no
 * delete. Optionally content is sealed with AES-256-GCM under a key file.
 *
 * Lifetime  borrows the chip until twinfs_secure_close().
 * Threads   all calls on one object may run at once; stores are serialised.
 * Source    slots, sizes and codes: public API documentation of the modules;
 *           layout: ours, docs/formats/securedata.md.
 */
#ifndef TWINFS_SECURE_H
#define TWINFS_SECURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/digest.h>
#include <twinfs/error.h>
#include <twinfs/flash.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TWINFS_SECURE_SLOTS 16

/* Codes of the device's API. */
#define TWINFS_SECURE_OK    0
#define TWINFS_SECURE_BAD   (-1) /* wrong index or length, or storage failure */
#define TWINFS_SECURE_EMPTY (-2) /* the slot was never stored */

struct twinfs_secure;

/* Capacity in bytes of slot @index (1 to 16): 52, 100, 500 or 1000; 0 for another index. */
TWINFS_API uint32_t twinfs_secure_capacity(int64_t index);

/*
 * Opens the area [@addr, @addr + @size) of the chip; an erased or foreign area
 * is an empty one. Opening and reading write nothing.
 *
 * @addr      a multiple of the erase size
 * @size      two regions of as many erase units as 16 full slots need: at
 *            least 3 each (docs/formats/securedata.md has the formula; 4 KiB
 *            units programmed 16 bytes at once need 24 KiB)
 * @key_file  32 bytes, a regular file owned by the caller's effective user,
 *            mode 0600 or stricter; NULL: not sealed. With a key, records that
 *            were stored without one stay readable and new ones are sealed.
 *
 * Returns 0; -EINVAL (area too small, not aligned, or not on the chip);
 * -EACCES (key file unsafe, or @key_file is NULL and a record is sealed);
 * -EBADMSG (key file not 32 bytes, or its key opens no sealed record);
 * -ENOENT and other errnos of opening the key file; -ENOTSUP (newer format) or
 * -EUCLEAN (written for another erase size): never taken for an empty area;
 * -EIO (neither region can be read), -ENOMEM, -ESHUTDOWN.
 */
TWINFS_API int twinfs_secure_open(struct twinfs_flash *flash, uint64_t addr, uint64_t size,
	const char *key_file, struct twinfs_secure **ret_secure, struct twinfs_error *err);

/* Forgets keys and content. NULL is allowed. */
TWINFS_API void twinfs_secure_close(struct twinfs_secure *secure);

/*
 * Replaces the content of slot @index by @len bytes, @len may be 0.
 *
 * Returns TWINFS_SECURE_OK when at least one region has the new content; the
 * other, if it failed, is mended by a later store. Else TWINFS_SECURE_BAD, and
 * the old content is kept; but if the power went during the store, the slot
 * holds the old or the new content.
 */
TWINFS_API int twinfs_secure_store(struct twinfs_secure *secure, int64_t index, const void *data,
	int64_t len);

/*
 * Copies the first min(@len, stored length) bytes of slot @index to @buf, the
 * rest of which stays untouched. @len may be larger than the slot. Returns the
 * number copied, TWINFS_SECURE_BAD (wrong index, @len < 0, not readable) or
 * TWINFS_SECURE_EMPTY, also for a @len of 0.
 */
TWINFS_API int twinfs_secure_read(struct twinfs_secure *secure, int64_t index, void *buf,
	int64_t len);

struct twinfs_secure_slot {
	unsigned index;
	uint32_t capacity; /* bytes */
	bool stored;
	uint32_t length;     /* bytes stored */
	uint64_t generation; /* of the area's store counter; 0 when never stored */
};

/* Fills @ret_slots[0..15] for slots 1 to 16. */
TWINFS_API void twinfs_secure_list(struct twinfs_secure *secure,
	struct twinfs_secure_slot ret_slots[TWINFS_SECURE_SLOTS]);

/* ---- where slots are ---- */

/* Called with each range of the chip; a result other than 0 ends it and is returned. */
struct twinfs_secure_places {
	int (*each)(void *ctx, uint64_t addr, uint64_t len);
	void *ctx;
};

/*
 * Lists where in the area [@addr, @addr + @size) of @flash the newest record of
 * slot @slot is: in both regions, if they are equal, and in all copies. Looks at
 * the bytes only; takes no lock of an open area and needs none. 0, -ENOENT, or
 * what @places says.
 */
TWINFS_API int twinfs_secure_find(struct twinfs_flash *flash, uint64_t addr, uint64_t size,
	unsigned slot, const struct twinfs_secure_places *places);

/* ---- check ---- */

/*
 * Reports damaged records and a lagging region; changes nothing. Returns the
 * number of findings of severity TWINFS_ERROR, or a negative errno when the
 * area cannot be read.
 *
 * @found  called for each finding; must not call the area
 */
TWINFS_API int twinfs_secure_check(struct twinfs_secure *secure,
	void (*found)(void *ctx, const struct twinfs_error *finding), void *ctx);

/*
 * Sums up, in 64 bits, all that can ever be seen of the erase unit at @addr of an
 * area, as twinfs_volume_glance() does of a block: two chips that differ in one
 * unit only, and there have the same sight, cannot be told apart by any call of
 * this header. 0, -ENOTSUP or -EUCLEAN (as opening the area: there is no sight),
 * or an errno of the chip.
 */
TWINFS_API int twinfs_secure_glance(struct twinfs_flash *flash, uint64_t addr, uint64_t *ret_sight);

/* ---- watch ---- */

/* A store that is being made. */
struct twinfs_secure_store {
	unsigned index;
	uint32_t length;             /* bytes */
	struct twinfs_digest digest; /* of the content as it is given, not as it is sealed */
};

/*
 * Is told of each store: by @began just before its first flash operation, by
 * @ended after its last one, before the call returns. @rc is 0, -EIO (the old
 * content is kept) or -ESHUTDOWN (the slot is old or new). A store that is
 * refused without trying is not told. Both run in the thread that stores and
 * hold the lock of the slots: they must not call them.
 */
struct twinfs_secure_watch {
	void (*began)(void *ctx, const struct twinfs_secure_store *store);
	void (*ended)(void *ctx, const struct twinfs_secure_store *store, int rc);
	void *ctx;
};

/* Replaces the watch, which is copied; NULL removes it. */
TWINFS_API void twinfs_secure_set_watch(struct twinfs_secure *secure,
	const struct twinfs_secure_watch *watch);

/*
 * The slot whose store the program or erase in progress is for, 0 for none. Takes
 * no lock: only for the hook of the chip, asked about a block of this area.
 */
TWINFS_API unsigned twinfs_secure_subject(const struct twinfs_secure *secure);

#ifdef __cplusplus
}
#endif
#endif
