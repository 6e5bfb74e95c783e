/* SPDX-License-Identifier: MIT */
/*
 * seal.h - seals the content of slots with AES-256-GCM under a key file.
 */
#ifndef TW_SECURE_SEAL_H
#define TW_SECURE_SEAL_H

#include <stddef.h>
#include <stdint.h>
#include <twinfs/error.h>

struct tw_seal;

/*
 * Takes the key from @key_file: a regular file of exactly 32 bytes that belongs
 * to the effective user and gives group and others no right at all.
 *
 * Returns 0, -ENOENT, -EACCES (not readable, or unsafe), -EBADMSG (not 32
 * bytes), -EIO (libcrypto or reading failed), -ENOMEM.
 */
int tw_seal_open(const char *key_file, struct tw_seal **ret_seal, struct twinfs_error *err);

/* Wipes the key. NULL is allowed. */
void tw_seal_close(struct tw_seal *seal);

/*
 * Seals @len bytes at @plain and writes nonce, sealed content and tag to
 * @ret_body, of @len + 28 bytes. @fields, TW_RECORD_FIELDS bytes, are
 * authenticated with it. Returns 0 or -EIO (no randomness, or libcrypto).
 */
int tw_seal_wrap(struct tw_seal *seal, const uint8_t *fields, const uint8_t *plain, uint32_t len,
	uint8_t *ret_body);

/*
 * Undoes it: @len is that of the content. Returns 0, or -EBADMSG (another
 * key, or not what was sealed): then @ret_plain holds nothing of it.
 */
int tw_seal_unwrap(struct tw_seal *seal, const uint8_t *fields, const uint8_t *body, uint32_t len,
	uint8_t *ret_plain);

/* Overwrites memory that held a secret; the compiler cannot leave it out. */
void tw_seal_wipe(void *data, size_t len);

#endif
