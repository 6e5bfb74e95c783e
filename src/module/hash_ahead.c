/* SPDX-License-Identifier: MIT */
/*
 * hash_ahead.c - hashes the files of a table in parallel, straight from the map.
 *
 * The threads take entries off one list until it is empty, a few at a time: a
 * small file takes less than the counter needs from one CPU to the other. All
 * they share beside it is the volume's lock, for reading, and they ask for no
 * memory but what the SHA-256 library wants once a thread.
 */
#include "hash_ahead.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "table.h"

/* With fewer files for each, starting a thread takes longer than what it spares. */
#define FILES_A_THREAD 64u

/* Entries that are taken at once. */
#define TAKEN 8u

struct tw_hashed_file {
	const struct tw_json *entry;
	char text[TW_HASH_TEXT_SIZE]; /* "": unknown */
};

struct crew {
	const struct tw_device *device;
	struct tw_hash_ahead *ahead;
	atomic_size_t next; /* first entry that nobody has taken */
};

struct worker {
	struct crew *crew;
	struct tw_hash hash; /* used for one file after the other */
	uint64_t bytes;      /* of this file so far */
	pthread_t thread;
	bool runs;
};

static int add_piece(void *ctx, const void *data, size_t len)
{
	struct worker *worker = ctx;

	worker->bytes += len;
	return tw_hash_update(&worker->hash, data, len);
}

static int hash_entry(struct worker *worker, const struct tw_json *entry,
	char text[TW_HASH_TEXT_SIZE])
{
	const struct tw_json *name = tw_json_get(entry, "name");
	const struct twinfs_scan scan = {add_piece, worker};
	struct tw_device_file file;
	int rc;

	if (!name || name->kind != TW_JSON_STRING)
		return 0;
	rc = tw_device_find(worker->crew->device, name->text, &file);
	if (!rc)
		rc = tw_hash_init(&worker->hash, tw_table_kind(entry));
	worker->bytes = 0;
	if (!rc)
		rc = twinfs_volume_scan(file.volume, file.ino, &scan);
	return rc || !worker->bytes ? rc : tw_hash_text(&worker->hash, text);
}

static void *work(void *ctx)
{
	struct worker *worker = ctx;
	struct tw_hash_ahead *ahead = worker->crew->ahead;
	size_t at;

	while ((at = atomic_fetch_add(&worker->crew->next, TAKEN)) < ahead->count)
		for (size_t i = at; i < at + TAKEN && i < ahead->count; i++) {
			struct tw_hashed_file *file = &ahead->files[i];

			if (hash_entry(worker, file->entry, file->text))
				file->text[0] = '\0';
		}
	return NULL;
}

/* Signals are for the threads of the program. Who does not start leaves its part to the others. */
static void start(struct worker *workers, unsigned threads)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 1; i < threads; i++)
		workers[i].runs = !pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void hash_all(struct tw_hash_ahead *ahead, const struct tw_device *device, unsigned threads)
{
	struct worker workers[TW_HASH_THREADS] = {0};
	struct crew crew = {.device = device, .ahead = ahead};

	atomic_init(&crew.next, 0);
	for (unsigned i = 0; i < threads; i++)
		workers[i].crew = &crew;
	start(workers, threads);
	(void)work(&workers[0]);
	for (unsigned i = 0; i < threads; i++) {
		if (workers[i].runs)
			(void)pthread_join(workers[i].thread, NULL);
		tw_hash_release(&workers[i].hash);
	}
}

static size_t count_entries(const struct tw_json *table)
{
	size_t count = 0;

	for (const struct tw_json *entry = table->first; entry; entry = entry->next)
		count++;
	return count;
}

static unsigned threads_for(const struct tw_json *table)
{
	size_t threads = count_entries(table) / FILES_A_THREAD, cpus;
	cpu_set_t set;

	cpus = sched_getaffinity(0, sizeof(set), &set) ? 1 : (size_t)CPU_COUNT(&set);
	threads = threads < cpus ? threads : cpus;
	threads = threads < TW_HASH_THREADS ? threads : TW_HASH_THREADS;
	return threads ? (unsigned)threads : 1;
}

void tw_hash_ahead(struct tw_hash_ahead *ahead, const struct tw_device *device,
	const struct tw_json *table)
{
	tw_hash_ahead_with(ahead, device, table, threads_for(table));
}

void tw_hash_ahead_with(struct tw_hash_ahead *ahead, const struct tw_device *device,
	const struct tw_json *table, unsigned threads)
{
	struct twinfs_flash_stats stats;
	size_t count = count_entries(table);

	assert(threads >= 1 && threads <= TW_HASH_THREADS);
	*ahead = (struct tw_hash_ahead){0};
	if (!count || twinfs_flash_watches_reads(device->flash))
		return;
	ahead->files = calloc(count, sizeof(*ahead->files));
	if (!ahead->files)
		return;
	for (const struct tw_json *entry = table->first; entry; entry = entry->next)
		ahead->files[ahead->count++].entry = entry;
	twinfs_flash_stats(device->flash, &stats);
	ahead->seq = stats.seq;
	hash_all(ahead, device, threads);
}

const char *tw_hash_ahead_get(const struct tw_hash_ahead *ahead, const struct tw_device *device,
	size_t index)
{
	struct twinfs_flash_stats stats;

	if (index >= ahead->count || !ahead->files[index].text[0])
		return NULL;
	twinfs_flash_stats(device->flash, &stats);
	return stats.seq == ahead->seq ? ahead->files[index].text : NULL;
}

void tw_hash_ahead_release(struct tw_hash_ahead *ahead)
{
	free(ahead->files);
	*ahead = (struct tw_hash_ahead){0};
}
