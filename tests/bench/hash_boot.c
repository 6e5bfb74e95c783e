/* SPDX-License-Identifier: MIT */
/*
 * hash_boot.c - how fast does a boot hash the files of a table, next to the
 * hash library on the very same bytes?
 *
 *	hash_boot USER_IMAGE BLOCK_SIZE
 *
 * The image has a checksum.json, whose files are hashed as the boot does it:
 * found, then hashed out of the map, with one thread and with two. The library
 * gets the pieces of the same files in the same map, found before, one call a
 * piece, on one core. Each is measured on a map that nobody has read yet, as
 * the boot finds it, where the kernel maps the pages meanwhile ("cold"), and
 * once more on the same map ("warm"). All of them alternate; the best round of
 * each counts.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <libdeflate.h>
#include <openssl/evp.h>

#include "module/hash_ahead.h"
#include "module/table.h"

#define ROUNDS  100
#define THREADS 2

struct bench {
	const char *path;
	uint32_t block_size;
	struct twinfs_image *image;
	struct tw_device device;
	struct tw_json *table;
	struct twinfs_view *views; /* of the files, by entry */
	size_t count, bytes;
	uint64_t sum; /* keeps the compiler from leaving work out */
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "hash_boot: %s failed\n", what);
	exit(2);
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* ---- the image ---- */

static void open_volume(struct bench *bench)
{
	const struct twinfs_flash_config chip = {
		.geometry = {.read_size = 1, .prog_size = 1, .erase_size = 128}};
	struct twinfs_volume_config config = {.block_size = bench->block_size};

	must(!twinfs_image_open(&bench->path, 1, 0, &bench->image, NULL), "open");
	must(!twinfs_flash_new(bench->image, &chip, &bench->device.flash, NULL), "chip");
	config.size = twinfs_image_size(bench->image);
	must(!twinfs_volume_mount(bench->device.flash, &config, &bench->device.user, NULL),
		"mount");
}

static void close_volume(struct bench *bench)
{
	twinfs_volume_unmount(bench->device.user);
	twinfs_flash_free(bench->device.flash);
	twinfs_image_close(bench->image);
}

/* Takes the pages of the map away again, but not the file's content out of memory. */
static void forget_pages(struct bench *bench)
{
	void *bytes = (void *)(uintptr_t)twinfs_image_bytes(bench->image);

	must(!madvise(bytes, twinfs_image_size(bench->image), MADV_DONTNEED), "madvise");
}

static void read_table(struct bench *bench)
{
	struct tw_text text = {0};
	struct tw_device_file file;
	char *error = NULL;
	bool more;

	must(!tw_device_open_read(&bench->device, "/usr/checksum.json", &file), "checksum.json");
	must(!tw_device_read_text(&file, TW_JSON_MAX, &text, &more), "read");
	tw_device_drop(&file);
	must(!tw_json_parse(text.data, text.len, &bench->table, &error), "parse");
	tw_text_release(&text);
	must(bench->table->kind == TW_JSON_LIST, "the table");
}

static void view_files(struct bench *bench)
{
	const struct tw_json *entry = bench->table->first;

	for (; entry; entry = entry->next)
		bench->count++;
	bench->views = calloc(bench->count, sizeof(*bench->views));
	must(bench->views, "calloc");
	entry = bench->table->first;
	for (size_t i = 0; i < bench->count; i++, entry = entry->next) {
		struct tw_device_file file;

		must(!tw_device_open_read(&bench->device, tw_json_get(entry, "name")->text, &file),
			"a file");
		must(!twinfs_volume_view(file.volume, file.ino, SIZE_MAX, 0, &bench->views[i]),
			"view");
		bench->bytes += bench->views[i].len;
	}
}

/* ---- the two sides ---- */

static double ahead(struct bench *bench, unsigned threads)
{
	struct tw_hash_ahead found;
	double start = now_s(), seconds;

	tw_hash_ahead_with(&found, &bench->device, bench->table, threads);
	seconds = now_s() - start;
	for (size_t i = 0; i < bench->count; i++) {
		const char *text = tw_hash_ahead_get(&found, &bench->device, i);

		must(text, "hashing");
		bench->sum += (uint8_t)text[5];
	}
	tw_hash_ahead_release(&found);
	return seconds;
}

static void library_crc(struct bench *bench, const struct twinfs_view *view)
{
	uint32_t crc = TWINFS_DEVICE_CRC_INIT;

	for (size_t i = 0; i < view->count; i++)
		crc = libdeflate_crc32(crc, view->iov[i].iov_base, view->iov[i].iov_len);
	bench->sum += crc;
}

static void library_sha256(struct bench *bench, EVP_MD_CTX *context, const struct twinfs_view *view)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	bool ok = EVP_DigestInit_ex2(context, NULL, NULL) == 1;

	for (size_t i = 0; i < view->count; i++)
		ok &= EVP_DigestUpdate(context, view->iov[i].iov_base, view->iov[i].iov_len) == 1;
	ok &= EVP_DigestFinal_ex(context, digest, NULL) == 1;
	must(ok, "SHA-256");
	bench->sum += digest[0];
}

static double library(struct bench *bench)
{
	bool sha256 = tw_table_kind(bench->table->first) == TW_HASH_SHA256;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	double start, seconds;

	must(context && EVP_DigestInit_ex2(context, EVP_sha256(), NULL) == 1, "libcrypto");
	start = now_s();
	for (size_t i = 0; i < bench->count; i++) {
		if (sha256)
			library_sha256(bench, context, &bench->views[i]);
		else
			library_crc(bench, &bench->views[i]);
	}
	seconds = now_s() - start;
	EVP_MD_CTX_free(context);
	return seconds;
}

/* @who: 0 is the library, else a number of threads. */
static double run(struct bench *bench, unsigned who)
{
	return who ? ahead(bench, who) : library(bench);
}

static void keep_best(double *best, double seconds)
{
	if (*best == 0 || seconds < *best)
		*best = seconds;
}

static void measure(struct bench *bench)
{
	static const char *const names[] = {"library", "one", "two"};
	double cold[THREADS + 1] = {0}, warm[THREADS + 1] = {0};

	for (unsigned round = 0; round < ROUNDS; round++)
		for (unsigned who = 0; who <= THREADS; who++) {
			forget_pages(bench);
			keep_best(&cold[who], run(bench, who));
			keep_best(&warm[who], run(bench, who));
		}
	printf("{\"bytes\": %zu", bench->bytes);
	for (unsigned who = 0; who <= THREADS; who++)
		printf(", \"%s_cold_mb_s\": %.0f, \"%s_warm_mb_s\": %.0f", names[who],
			(double)bench->bytes / cold[who] / 1e6, names[who],
			(double)bench->bytes / warm[who] / 1e6);
	printf("}\n");
}

int main(int argc, char **argv)
{
	struct bench bench = {.path = argv[1]};

	must(argc == 3, "argument count: USER_IMAGE BLOCK_SIZE");
	bench.block_size = (uint32_t)strtoul(argv[2], NULL, 0);
	open_volume(&bench);
	read_table(&bench);
	view_files(&bench);
	measure(&bench);
	for (size_t i = 0; i < bench.count; i++)
		twinfs_volume_release_view(bench.device.user, &bench.views[i]);
	free(bench.views);
	tw_json_free(bench.table);
	close_volume(&bench);
	return bench.sum == UINT64_MAX;
}
