/* SPDX-License-Identifier: MIT */
/*
 * hash.c - the two hashes that checksum.json may hold.
 *
 * The device starts its CRC with the value 0xffffffff where others start with
 * 0, so that the register starts at 0: leading zero bytes do not change it.
 */
#include "hash.h"

#include <errno.h>

#include <openssl/evp.h>

#include "base/crc.h"

static const char digits[] = "0123456789abcdef";

uint32_t twinfs_device_crc(uint32_t crc, const void *data, size_t len)
{
	return tw_crc32(crc, data, len);
}

int tw_hash_init(struct tw_hash *hash, enum tw_hash_kind kind)
{
	const EVP_MD *fetch = NULL; /* a context that was used knows its algorithm: no look-up */

	hash->kind = kind;
	hash->crc = TWINFS_DEVICE_CRC_INIT;
	if (kind == TW_HASH_CRC32)
		return 0;
	if (!hash->sha256) {
		hash->sha256 = EVP_MD_CTX_new();
		fetch = EVP_sha256();
	}
	if (!hash->sha256 || EVP_DigestInit_ex2(hash->sha256, fetch, NULL) != 1)
		return -ENOMEM;
	return 0;
}

int tw_hash_update(struct tw_hash *hash, const void *data, size_t len)
{
	if (hash->kind == TW_HASH_CRC32)
		hash->crc = twinfs_device_crc(hash->crc, data, len);
	else if (EVP_DigestUpdate(hash->sha256, data, len) != 1)
		return -ENOMEM;
	return 0;
}

int tw_hash_text(struct tw_hash *hash, char text[TW_HASH_TEXT_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (hash->kind == TW_HASH_CRC32) {
		tw_hash_crc_text(hash->crc, text);
		return 0;
	}
	if (EVP_DigestFinal_ex(hash->sha256, digest, &len) != 1)
		return -ENOMEM;
	for (unsigned i = 0; i < len && 2 * i + 2 < TW_HASH_TEXT_SIZE; i++) {
		*text++ = digits[digest[i] >> 4];
		*text++ = digits[digest[i] & 15];
	}
	*text = '\0';
	return 0;
}

void tw_hash_release(struct tw_hash *hash)
{
	EVP_MD_CTX_free(hash->sha256);
	hash->sha256 = NULL;
}

void tw_hash_crc_text(uint32_t crc, char text[TW_HASH_TEXT_SIZE])
{
	unsigned len = 1;

	while (len < 8 && crc >> (4 * len))
		len++;
	*text++ = '0';
	*text++ = 'x';
	while (len--)
		*text++ = digits[crc >> (4 * len) & 15];
	*text = '\0';
}
