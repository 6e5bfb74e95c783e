/* SPDX-License-Identifier: MIT */
/*
 * rig.h - a chip in memory with a SecureData area on all of it, for the tests
 * of this folder.
 */
#ifndef TW_TEST_SECURE_RIG_H
#define TW_TEST_SECURE_RIG_H

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <twinfs/secure.h>
#include <unistd.h>

#include "tempdir.h"

#define SLOTS TWINFS_SECURE_SLOTS

struct rig {
	struct twinfs_image *image;
	struct twinfs_flash *flash;
	struct twinfs_secure *secure;
	struct twinfs_flash_hook hook;
	uint8_t *bytes; /* of the chip */
	uint64_t size;
};

struct rig_shape {
	uint32_t erase_size, prog_size, units; /* units a region */
};

static const struct rig_shape plain_shape = {4096, 1, 3};

static inline void rig_up(struct rig *rig, struct rig_shape shape)
{
	struct twinfs_flash_config config = {
		.geometry = {1, shape.prog_size, shape.erase_size},
		.strict = true,
	};

	*rig = (struct rig){.size = 2ull * shape.units * shape.erase_size};
	ck_assert_int_eq(twinfs_image_memory(rig->size, &rig->image), 0);
	ck_assert_int_eq(twinfs_flash_new(rig->image, &config, &rig->flash, NULL), 0);
	rig->bytes = twinfs_image_bytes_writable(rig->image);
}

static inline int rig_try_open(struct rig *rig, const char *key_file, struct twinfs_error *err)
{
	twinfs_secure_close(rig->secure);
	rig->secure = NULL;
	return twinfs_secure_open(rig->flash, 0, rig->size, key_file, &rig->secure, err);
}

/* Closes the area, if open, and opens it: what was only in memory is gone. */
static inline void rig_open(struct rig *rig, const char *key_file)
{
	struct twinfs_error err = {0};
	int rc = rig_try_open(rig, key_file, &err);

	ck_assert_msg(!rc, "open: %d: %s", rc, err.text);
}

static inline void rig_down(struct rig *rig)
{
	twinfs_secure_close(rig->secure);
	twinfs_flash_free(rig->flash);
	twinfs_image_close(rig->image);
}

static inline void rig_set_hook(struct rig *rig,
	int (*before)(void *, const struct twinfs_flash_op *, uint32_t *), void *ctx)
{
	rig->hook = (struct twinfs_flash_hook){.before = before, .ctx = ctx};
	twinfs_flash_set_hook(rig->flash, before ? &rig->hook : NULL);
}

/* A generator of our own: equal seeds give equal tests everywhere. */
static inline uint32_t rig_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*state >> 33);
}

static inline uint64_t rig_seed(void)
{
	const char *text = getenv("TWINFS_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 20240229;

	printf("# TWINFS_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

/* What the slots should hold. */
struct model {
	int length[SLOTS + 1]; /* -1: never stored */
	uint8_t content[3816]; /* of all slots, each at its capacity */
};

static inline uint8_t *model_at(struct model *model, int slot)
{
	uint8_t *at = model->content;

	for (int i = 1; i < slot; i++)
		at += twinfs_secure_capacity(i);
	return at;
}

static inline void model_clear(struct model *model)
{
	for (int slot = 0; slot <= SLOTS; slot++)
		model->length[slot] = -1;
}

/* Stores @len bytes that depend on @salt and expects success. */
static inline void rig_store(struct rig *rig, struct model *model, int slot, int len, uint64_t salt)
{
	uint8_t *content = model_at(model, slot);

	model->length[slot] = len;
	for (int i = 0; i < len; i++)
		content[i] = (uint8_t)rig_random(&salt);
	ck_assert_int_eq(twinfs_secure_store(rig->secure, slot, content, len), TWINFS_SECURE_OK);
}

static inline void rig_verify(struct rig *rig, struct model *model)
{
	for (int slot = 1; slot <= SLOTS; slot++) {
		uint8_t got[1000];
		int rc = twinfs_secure_read(rig->secure, slot, got, sizeof(got));

		if (model->length[slot] < 0) {
			ck_assert_msg(rc == TWINFS_SECURE_EMPTY, "slot %d: %d, expected none", slot,
				rc);
			continue;
		}
		ck_assert_msg(rc == model->length[slot], "slot %d: %d, expected %d", slot, rc,
			model->length[slot]);
		ck_assert_mem_eq(got, model_at(model, slot), rc);
	}
}

static inline void rig_count(void *ctx, const struct twinfs_error *finding)
{
	(void)finding;
	++*(int *)ctx;
}

/* Number of findings of the check, of any severity. */
static inline int rig_check(struct rig *rig)
{
	int count = 0;

	ck_assert_int_eq(twinfs_secure_check(rig->secure, rig_count, &count), 0);
	return count;
}

/* Makes the key file @path in the current directory. */
static inline void rig_key_file(const char *path, uint8_t fill)
{
	tempdir_make(path, 32, fill);
	ck_assert_int_eq(chmod(path, 0600), 0);
}

static inline int rig_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}

#endif
