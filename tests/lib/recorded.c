/* SPDX-License-Identifier: MIT */
/*
 * recorded.c - a module that did something, and the trace of it.
 */
#include "recorded.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <twinfs/factory.h>

#include "base/file.h"
#include "lib/chip.h"

#define FILES_DIR "recorded.files"
#define MOST_SIZE 300u /* bytes of a small file */

struct worker {
	const struct recorded_plan *plan;
	struct twinfs_module *module;
	struct twinfs_volume *volume;
	uint64_t random;
};

struct twinfs_source recorded_source(void)
{
	return (struct twinfs_source){.image = RECORDED_IMAGE, .profile = RECORDED_PROFILE};
}

/* ---- the image ---- */

static void write_profile(const struct recorded_plan *plan)
{
	uint64_t backup = 0x100000 + plan->user_size, secure = backup + 204800;
	uint64_t chip = (secure + 65536 + 0x100000) >> 20 << 20;
	uint32_t prog_size = plan->prog_size ? plan->prog_size : 4096;
	char text[2048];

	chip += 0x100000;
	(void)snprintf(text, sizeof(text),
		"{\"name\": \"recorded\", \"modules\": \"tests\", \"chip_size\": %" PRIu64 ","
		"\"partitions\": {"
		"\"customer_fs\": {\"addr\": \"1M\", \"size\": %" PRIu64 "},"
		"\"customer_backup_fs\": {\"addr\": %" PRIu64 ", \"size\": 204800},"
		"\"securedata\": {\"addr\": %" PRIu64 ", \"size\": \"64K\"}},"
		"\"filesystem\": {\"format\": %u, \"block_size\": 4096, \"prog_size\": %" PRIu32 ","
		" \"spare_blocks\": 1, \"v2\": {\"prog_size\": %" PRIu32 ", \"block_cycles\": 100,"
		" \"stores_mtime\": false}},"
		"\"boot\": {\"restores\": true, \"writes_settings\": true},"
		"\"flash\": {\"read_size\": 1, \"prog_size\": 16, \"erase_size\": 4096,"
		" \"strict\": true, \"read_ns_per_kib\": 40000, \"page_size\": 256,"
		" \"program_page_ns\": 400000, \"erase_unit_ns\": 45000000}}",
		chip, plan->user_size, backup, secure, plan->format, prog_size,
		plan->prog_size ? plan->prog_size : 32);
	must(tw_file_write(RECORDED_PROFILE, text, strlen(text), 0644, 0) == 0, "profile");
}

static void file_name(unsigned index, char name[32])
{
	(void)snprintf(name, 32, "%s%u.json", index % 4 ? "data" : "app", index);
}

static uint32_t make_content(struct worker *worker, char content[MOST_SIZE])
{
	uint32_t len = 20 + (uint32_t)(test_random(&worker->random) % (MOST_SIZE - 20));

	for (uint32_t i = 0; i < len; i++)
		content[i] = (char)(' ' + test_random(&worker->random) % 90);
	return len;
}

static void make_files(struct worker *worker)
{
	char content[MOST_SIZE], name[32], path[64];

	must(mkdir(FILES_DIR, 0755) == 0, "mkdir: %s", strerror(errno));
	for (unsigned i = 0; i < worker->plan->files; i++) {
		uint32_t len = make_content(worker, content);

		file_name(i, name);
		(void)snprintf(path, sizeof(path), "%s/%s", FILES_DIR, name);
		must(tw_file_write(path, content, len, 0644, 0) == 0, "%s", path);
	}
}

static void remove_files(const struct recorded_plan *plan)
{
	char name[32], path[64];

	for (unsigned i = 0; i < plan->files; i++) {
		file_name(i, name);
		(void)snprintf(path, sizeof(path), "%s/%s", FILES_DIR, name);
		(void)unlink(path);
	}
	(void)rmdir(FILES_DIR);
}

static void make_image(struct worker *worker)
{
	unsigned protected = (worker->plan->files + 3) / 4;
	char(*names)[32] = calloc(protected + 1, sizeof(*names));
	const char **list = calloc(protected + 1, sizeof(*list));
	struct twinfs_profile profile;
	struct twinfs_factory_options options = {.profile = &profile,
		.user_dir = FILES_DIR,
		.backup_files = list,
		.backup_count = protected};
	struct twinfs_error err = {0};

	must(names && list, "no memory");
	for (unsigned i = 0; i < protected; i++) {
		file_name(4 * i, names[i]);
		list[i] = names[i];
	}
	write_profile(worker->plan);
	must(twinfs_profile_load(RECORDED_PROFILE, &profile, &err) == 0, "%s", err.text);
	make_files(worker);
	must(twinfs_factory_make_image(&options, RECORDED_IMAGE, &err) == 0, "%s", err.text);
	remove_files(worker->plan);
	free(names);
	free(list);
}

static void erase_user(uint64_t size)
{
	uint8_t *erased = malloc(size);
	FILE *file = fopen(RECORDED_IMAGE, "r+e");

	must(erased && file, "no memory");
	memset(erased, 0xff, size);
	must(fseek(file, 0x100000, SEEK_SET) == 0 && fwrite(erased, size, 1, file) == 1 &&
			fclose(file) == 0,
		"erase");
	free(erased);
}

/* ---- the work ---- */

static void boot(struct worker *worker)
{
	struct twinfs_error err = {0};

	twinfs_module_power_off(worker->module);
	must(twinfs_module_power_on(worker->module, NULL, &err) == 0, "%s", err.text);
	worker->volume = twinfs_module_user(worker->module);
}

/* 0, or -ENOSPC. */
static int put_content(struct worker *worker, uint64_t ino)
{
	char content[MOST_SIZE];
	uint32_t len = make_content(worker, content);
	int64_t rc;

	must(twinfs_volume_open(worker->volume, ino) == 0, "open");
	must(twinfs_volume_truncate(worker->volume, ino, 0) == 0, "truncate");
	rc = twinfs_volume_write(worker->volume, ino, content, len, 0);
	rc = rc < 0 ? rc : twinfs_volume_sync(worker->volume, ino);
	must(rc == 0 || rc == -ENOSPC, "write: %d", (int)rc);
	if (rc)
		twinfs_volume_discard(worker->volume, ino);
	twinfs_volume_close(worker->volume, ino);
	return (int)rc;
}

static void pick(struct worker *worker, char name[32])
{
	unsigned index = (unsigned)(test_random(&worker->random) % worker->plan->files);

	/* Protected ones are left alone, but when that is what is wanted. */
	if (!worker->plan->damages && index % 4 == 0)
		index++;
	file_name(index, name);
}

static void rewrite(struct worker *worker)
{
	char name[32];
	uint64_t ino;
	int rc;

	pick(worker, name);
	rc = twinfs_volume_lookup(worker->volume, TWINFS_ROOT_INO, name, &ino);
	if (rc == -ENOENT)
		rc = twinfs_volume_create(worker->volume, TWINFS_ROOT_INO, name, &ino);
	if (rc == -ENOSPC)
		return;
	must(rc == 0, "%s: %d", name, rc);
	(void)put_content(worker, ino);
}

/* The root, or one of a few directories, made when it is missing. */
static uint64_t pick_dir(struct worker *worker)
{
	unsigned choice = (unsigned)(test_random(&worker->random) % 5);
	uint64_t ino = TWINFS_ROOT_INO;
	char name[16];

	if (choice > 2)
		return ino;
	(void)snprintf(name, sizeof(name), "dir%u", choice);
	if (twinfs_volume_lookup(worker->volume, TWINFS_ROOT_INO, name, &ino) &&
		twinfs_volume_mkdir(worker->volume, TWINFS_ROOT_INO, name, &ino))
		return TWINFS_ROOT_INO;
	return ino;
}

static void change(struct worker *worker)
{
	uint64_t dir = pick_dir(worker), other = pick_dir(worker), ino;
	char name[32], new_name[32];

	pick(worker, name);
	pick(worker, new_name);
	switch (test_random(&worker->random) % 8) {
	case 0:
		(void)twinfs_volume_unlink(worker->volume, dir, name);
		break;
	case 1:
	case 2:
		(void)twinfs_volume_rename(worker->volume, dir, name, other, new_name, 0);
		break;
	case 3:
		(void)snprintf(name, sizeof(name), "dir%u",
			(unsigned)(test_random(&worker->random) % 3));
		(void)twinfs_volume_rmdir(worker->volume, TWINFS_ROOT_INO, name);
		break;
	case 4:
		(void)twinfs_volume_create(worker->volume, dir, name, &ino);
		break;
	default:
		if (!twinfs_volume_lookup(worker->volume, dir, name, &ino) ||
			!twinfs_volume_create(worker->volume, dir, name, &ino))
			(void)put_content(worker, ino);
	}
}

static void store(struct worker *worker)
{
	char content[MOST_SIZE];
	uint32_t len = make_content(worker, content);
	int64_t slot = 1 + (int64_t)(test_random(&worker->random) % TWINFS_SECURE_SLOTS);

	if (len > twinfs_secure_capacity(slot))
		len = twinfs_secure_capacity(slot);
	must(twinfs_secure_store(twinfs_module_secure(worker->module), slot, content, len) ==
			TWINFS_SECURE_OK,
		"store");
}

/* Whether something that is to be done @times in all comes after change @index. */
static bool is_due(const struct worker *worker, unsigned index, unsigned times)
{
	unsigned count = worker->plan->count;

	return (uint64_t)(index + 1) * times / count != (uint64_t)index * times / count;
}

static void work(struct worker *worker)
{
	for (unsigned i = 0; i < worker->plan->count; i++) {
		if (worker->plan->work == RECORDED_REWRITES)
			rewrite(worker);
		else
			change(worker);
		if (is_due(worker, i, worker->plan->stores))
			store(worker);
		if (is_due(worker, i, worker->plan->boots))
			boot(worker);
	}
}

void recorded_make(const struct recorded_plan *plan)
{
	struct twinfs_module_options options = {
		.image_flags = TWINFS_IMAGE_WRITABLE, .policy = plan->policy};
	struct twinfs_source source = recorded_source();
	struct worker worker = {.plan = plan, .random = plan->seed};
	struct twinfs_error err = {0};

	make_image(&worker);
	if (plan->is_blank)
		erase_user(plan->user_size);
	must(twinfs_module_open(&source, &options, &worker.module, &err) == 0, "%s", err.text);
	if (!plan->first_boot)
		boot(&worker);
	must(twinfs_module_record(worker.module, RECORDED_TRACE, &err) == 0, "%s", err.text);
	if (plan->first_boot)
		boot(&worker);
	work(&worker);
	must(twinfs_module_record_stop(worker.module, &err) == 0, "%s", err.text);
	twinfs_module_close(worker.module);
}

void recorded_remove(void)
{
	(void)unlink(RECORDED_IMAGE);
	(void)unlink(RECORDED_TRACE);
	(void)unlink(RECORDED_PROFILE);
}
