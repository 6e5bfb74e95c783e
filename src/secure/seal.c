/* SPDX-License-Identifier: MIT */
/*
 * seal.c - AES-256-GCM by libcrypto, and the key file.
 *
 * The key lives in the two cipher contexts only, which libcrypto wipes; each
 * call sets a nonce. Nonces are random: 96 bits do not repeat within the
 * number of stores a flash chip survives, and need no counter that a restored
 * image could turn back.
 */
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/cleanup.h"
#include "base/fail.h"
#include "record.h"

enum {
	KEY_BYTES = 32,
};

struct tw_seal {
	EVP_CIPHER_CTX *sealer, *opener;
};

static int check_key_file(int fd, struct twinfs_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return tw_fail(err, TWINFS_P_SECURE_KEY, -errno, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return tw_fail(err, TWINFS_P_SECURE_KEY, -EACCES,
			"the key file is not a regular file");
	if (st.st_uid != geteuid())
		return tw_fail(err, TWINFS_P_SECURE_KEY, -EACCES,
			"the key file belongs to user %u, expected %u", (unsigned)st.st_uid,
			(unsigned)geteuid());
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return tw_fail(err, TWINFS_P_SECURE_KEY, -EACCES,
			"the key file has mode %04o, others can read it: chmod 600",
			(unsigned)st.st_mode & 07777u);
	if (st.st_size != KEY_BYTES)
		return tw_fail(err, TWINFS_P_SECURE_KEY, -EBADMSG,
			"the key file has %lld bytes, expected %d", (long long)st.st_size,
			KEY_BYTES);
	return 0;
}

static int read_key(const char *path, uint8_t key[KEY_BYTES], struct twinfs_error *err)
{
	/* O_NONBLOCK: a FIFO must be refused, not waited for. */
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t got;
	int rc;

	if (fd < 0 && errno == ELOOP)
		return tw_fail(err, TWINFS_P_SECURE_KEY, -EACCES,
			"the key file is a symbolic link");
	if (fd < 0)
		return tw_fail(err, TWINFS_P_SECURE_KEY, -errno, "cannot open the key file: %s",
			twinfs_strerror(-errno));
	rc = check_key_file(fd, err);
	if (rc)
		return rc;
	got = read(fd, key, KEY_BYTES);
	if (got != KEY_BYTES)
		return tw_fail(err, TWINFS_P_SECURE_KEY, -EIO, "cannot read the key file");
	return 0;
}

static int load_key(struct tw_seal *seal, const uint8_t key[KEY_BYTES])
{
	const EVP_CIPHER *cipher = EVP_aes_256_gcm();

	seal->sealer = EVP_CIPHER_CTX_new();
	seal->opener = EVP_CIPHER_CTX_new();
	if (!seal->sealer || !seal->opener)
		return -ENOMEM;
	if (EVP_EncryptInit_ex(seal->sealer, cipher, NULL, key, NULL) != 1 ||
		EVP_DecryptInit_ex(seal->opener, cipher, NULL, key, NULL) != 1)
		return -EIO;
	return 0;
}

int tw_seal_open(const char *key_file, struct tw_seal **ret_seal, struct twinfs_error *err)
{
	struct tw_seal *seal;
	uint8_t key[KEY_BYTES] = {0};
	int rc = read_key(key_file, key, err);

	if (rc) {
		tw_seal_wipe(key, sizeof(key));
		return tw_fail_file(err, key_file, rc);
	}
	seal = calloc(1, sizeof(*seal));
	rc = seal ? load_key(seal, key) : -ENOMEM;
	tw_seal_wipe(key, sizeof(key));
	if (rc) {
		tw_seal_close(seal);
		return tw_fail(err, TWINFS_P_SECURE_KEY, rc, "AES-256-GCM cannot be set up: %s",
			twinfs_strerror(rc));
	}
	*ret_seal = seal;
	return 0;
}

void tw_seal_close(struct tw_seal *seal)
{
	if (!seal)
		return;
	EVP_CIPHER_CTX_free(seal->sealer);
	EVP_CIPHER_CTX_free(seal->opener);
	free(seal);
}

int tw_seal_wrap(struct tw_seal *seal, const uint8_t *fields, const uint8_t *plain, uint32_t len,
	uint8_t *ret_body)
{
	EVP_CIPHER_CTX *ctx = seal->sealer;
	uint8_t *sealed = ret_body + TW_RECORD_NONCE;
	int count;

	if (RAND_bytes(ret_body, TW_RECORD_NONCE) != 1)
		return -EIO;
	if (EVP_EncryptInit_ex(ctx, NULL, NULL, NULL, ret_body) != 1 ||
		EVP_EncryptUpdate(ctx, NULL, &count, fields, TW_RECORD_FIELDS) != 1 ||
		(len && EVP_EncryptUpdate(ctx, sealed, &count, plain, (int)len) != 1) ||
		EVP_EncryptFinal_ex(ctx, sealed + len, &count) != 1 ||
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TW_RECORD_TAG, sealed + len) != 1)
		return -EIO;
	return 0;
}

int tw_seal_unwrap(struct tw_seal *seal, const uint8_t *fields, const uint8_t *body, uint32_t len,
	uint8_t *ret_plain)
{
	EVP_CIPHER_CTX *ctx = seal->opener;
	const uint8_t *sealed = body + TW_RECORD_NONCE;
	uint8_t tag[TW_RECORD_TAG], rest[16]; /* GCM gives no rest, but wants a place for it */
	int count;

	memcpy(tag, sealed + len, sizeof(tag)); /* libcrypto takes it as not const */
	if (EVP_DecryptInit_ex(ctx, NULL, NULL, NULL, body) == 1 &&
		EVP_DecryptUpdate(ctx, NULL, &count, fields, TW_RECORD_FIELDS) == 1 &&
		(!len || EVP_DecryptUpdate(ctx, ret_plain, &count, sealed, (int)len) == 1) &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TW_RECORD_TAG, tag) == 1 &&
		EVP_DecryptFinal_ex(ctx, rest, &count) == 1)
		return 0;
	tw_seal_wipe(ret_plain, len);
	return -EBADMSG;
}

void tw_seal_wipe(void *data, size_t len)
{
	OPENSSL_cleanse(data, len);
}
