/* SPDX-License-Identifier: MIT */
/*
 * hash.h - the two hashes that checksum.json may hold, in their text forms.
 *
 * twinfs_device_crc(), declared in twinfs/module.h, lives here too.
 */
#ifndef TW_MODULE_HASH_H
#define TW_MODULE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <twinfs/module.h>

enum tw_hash_kind {
	TW_HASH_CRC32,  /* current firmware: "0xd25f4e", as Python's hex() */
	TW_HASH_SHA256, /* firmware up to early 2021: 64 digits */
};

/* Room for either text, with its NUL. */
#define TW_HASH_TEXT_SIZE 65

struct tw_hash {
	enum tw_hash_kind kind;
	uint32_t crc;
	void *sha256; /* context of libcrypto */
};

/*
 * Begins a hash. @hash is zeroed at first; one that was used is begun anew, and
 * keeps what took its time to make. 0 or -ENOMEM. tw_hash_release() is allowed
 * after failure too.
 */
int tw_hash_init(struct tw_hash *hash, enum tw_hash_kind kind);
int tw_hash_update(struct tw_hash *hash, const void *data, size_t len);
int tw_hash_text(struct tw_hash *hash, char text[TW_HASH_TEXT_SIZE]);
void tw_hash_release(struct tw_hash *hash);

/* The text of a device CRC: "0x", lower case, no padding. */
void tw_hash_crc_text(uint32_t crc, char text[TW_HASH_TEXT_SIZE]);

#endif
