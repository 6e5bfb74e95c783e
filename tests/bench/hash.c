/* SPDX-License-Identifier: MIT */
/*
 * hash.c - how fast are the hashes of checksum.json, next to the libraries
 * that they are made with?
 *
 * Both sides hash the same buffers, in the sizes of a module's files, one
 * after the other on one core. The rounds of all four alternate, and the best
 * round of each counts: what a busy machine adds is not the hash's.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libdeflate.h>
#include <openssl/evp.h>

#include "module/hash.h"

#define FILES    500
#define FILE_MAX 12000
#define ROUNDS   25

struct bench {
	uint8_t *bytes; /* FILES buffers of FILE_MAX bytes */
	struct tw_hash hash;
	EVP_MD_CTX *context;
	uint64_t sum; /* keeps the compiler from leaving work out */
};

static size_t size_of(unsigned file)
{
	return file % 5 ? 8000 : FILE_MAX;
}

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "hash: %s failed\n", what);
	exit(2);
}

static void ours(struct bench *bench, const uint8_t *data, size_t len, enum tw_hash_kind kind)
{
	char text[TW_HASH_TEXT_SIZE];

	must(!tw_hash_init(&bench->hash, kind) && !tw_hash_update(&bench->hash, data, len) &&
			!tw_hash_text(&bench->hash, text),
		"our hash");
	bench->sum += (uint8_t)text[5];
}

static void our_crc(struct bench *bench, const uint8_t *data, size_t len)
{
	ours(bench, data, len, TW_HASH_CRC32);
}

static void our_sha256(struct bench *bench, const uint8_t *data, size_t len)
{
	ours(bench, data, len, TW_HASH_SHA256);
}

static void library_crc(struct bench *bench, const uint8_t *data, size_t len)
{
	bench->sum += libdeflate_crc32(TWINFS_DEVICE_CRC_INIT, data, len);
}

static void library_sha256(struct bench *bench, const uint8_t *data, size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	must(EVP_DigestInit_ex2(bench->context, NULL, NULL) == 1 &&
			EVP_DigestUpdate(bench->context, data, len) == 1 &&
			EVP_DigestFinal_ex(bench->context, digest, NULL) == 1,
		"SHA-256");
	bench->sum += digest[0];
}

static const struct contestant {
	const char *name;
	void (*hash)(struct bench *bench, const uint8_t *data, size_t len);
} contestants[] = {
	{"crc32_ours", our_crc},
	{"crc32_library", library_crc},
	{"sha256_ours", our_sha256},
	{"sha256_library", library_sha256},
};

#define CONTESTANTS (sizeof(contestants) / sizeof(contestants[0]))

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* Seconds to hash all files once. */
static double run(struct bench *bench, const struct contestant *contestant)
{
	double start = now_s();

	for (unsigned i = 0; i < FILES; i++)
		contestant->hash(bench, bench->bytes + (size_t)i * FILE_MAX, size_of(i));
	return now_s() - start;
}

int main(void)
{
	struct bench bench = {
		.bytes = malloc((size_t)FILES * FILE_MAX), .context = EVP_MD_CTX_new()};
	double best[CONTESTANTS], seconds;
	size_t total = 0;

	must(bench.bytes && bench.context &&
			EVP_DigestInit_ex2(bench.context, EVP_sha256(), NULL) == 1,
		"setting up");
	for (size_t i = 0; i < (size_t)FILES * FILE_MAX; i++)
		bench.bytes[i] = (uint8_t)(i * 7 + i / 251);
	for (unsigned i = 0; i < FILES; i++)
		total += size_of(i);
	for (unsigned round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < CONTESTANTS; i++) {
			seconds = run(&bench, &contestants[i]);
			if (!round || seconds < best[i])
				best[i] = seconds;
		}
	printf("{\"bytes\": %zu", total);
	for (size_t i = 0; i < CONTESTANTS; i++)
		printf(", \"%s_mb_s\": %.0f", contestants[i].name, (double)total / best[i] / 1e6);
	printf("}\n");
	tw_hash_release(&bench.hash);
	EVP_MD_CTX_free(bench.context);
	free(bench.bytes);
	return bench.sum == UINT64_MAX;
}
