/* SPDX-License-Identifier: MIT */
/*
 * secure.c - the 16 slots, kept twice.
 *
 * Both regions are logs that are whole on their own; the newest generation of
 * either is the content of a slot. A store writes to the primary region, then
 * to the mirror, and first brings each up to date with the other, so a region
 * that was cut or damaged is mended by the next store and by nothing else:
 * opening and reading write nothing.
 *
 * Where the records lie is kept in memory; content is read from the chip, and
 * checked, each time. A store begins by learning anew what the chip holds, so
 * that it mends what decayed meanwhile; so does any call after a failure
 * (stale).
 */
#include "area.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/fail.h"

/* ---- open, close ---- */

static int check_area(struct twinfs_flash *flash, uint64_t addr, uint64_t size,
	struct twinfs_error *err)
{
	const struct twinfs_flash_geometry *geometry = &twinfs_flash_config(flash)->geometry;
	uint32_t unit_size = geometry->erase_size;
	uint64_t needed = tw_log_units_needed(unit_size, geometry->prog_size);

	if (addr % unit_size || size % (2ull * unit_size))
		return tw_fail_at(err, TWINFS_P_SECURE_LAYOUT, -EINVAL, TWINFS_NO_BLOCK, addr,
			"SecureData area of %llu bytes is not two regions of whole erase units "
			"of %u bytes",
			(unsigned long long)size, unit_size);
	if (!tw_is_within(addr, size, twinfs_flash_size(flash)))
		return tw_fail_at(err, TWINFS_P_SECURE_LAYOUT, -EINVAL, TWINFS_NO_BLOCK, addr,
			"SecureData area of %llu bytes ends behind the chip of %llu bytes",
			(unsigned long long)size, (unsigned long long)twinfs_flash_size(flash));
	if (!needed)
		return tw_fail(err, TWINFS_P_SECURE_LAYOUT, -EINVAL,
			"erase units of %u bytes, programmed %u at once, cannot hold a slot of %d "
			"bytes",
			unit_size, geometry->prog_size, TW_SLOT_MAX);
	if (size / unit_size / 2 < needed)
		return tw_fail_at(err, TWINFS_P_SECURE_LAYOUT, -EINVAL, TWINFS_NO_BLOCK, addr,
			"SecureData area has %llu bytes, 16 slots need %llu",
			(unsigned long long)size, (unsigned long long)(2 * needed * unit_size));
	return 0;
}

bool tw_secure_accepts(const struct twinfs_secure *secure, const struct tw_record *record,
	const uint8_t *bytes)
{
	uint8_t plain[TW_SLOT_MAX];
	int rc;

	/*
	 * Once a record was sealed, every later one was: what comes without a
	 * seal and claims to be newer than a sealed record is forged.
	 */
	if (!record->sealed)
		return !secure->first_sealed || record->generation < secure->first_sealed;
	if (!secure->seal)
		return false;
	rc = tw_seal_unwrap(secure->seal, bytes, bytes + TW_RECORD_HEAD, record->length, plain);
	tw_seal_wipe(plain, sizeof(plain));
	return !rc;
}

static bool accepts(void *ctx, const struct tw_record *record, const uint8_t *bytes)
{
	return tw_secure_accepts(ctx, record, bytes);
}

/* What both regions hold in sum, whether it counts or not. */
struct survey {
	struct twinfs_secure *secure;
	size_t sealed, unsealable;
	uint64_t generation, first_sealed;
};

static void survey_record(void *ctx, const struct tw_record *record, const uint8_t *bytes,
	uint64_t addr)
{
	struct survey *survey = ctx;

	(void)addr;
	if (record->generation > survey->generation)
		survey->generation = record->generation;
	if (!record->sealed)
		return;
	survey->sealed++;
	if (!tw_secure_accepts(survey->secure, record, bytes))
		return;
	survey->unsealable++;
	if (!survey->first_sealed || record->generation < survey->first_sealed)
		survey->first_sealed = record->generation;
}

/*
 * Learns what the chip holds. Returns 0 when at least one region can be used,
 * else the errno of the first. A region of another format or geometry counts
 * as an error of the whole area: half of it may not be taken for all.
 */
static int refresh(struct twinfs_secure *secure, struct survey *ret_survey)
{
	struct survey survey = {.secure = secure};
	const struct tw_log_visitor visitor = {.record = survey_record, .ctx = &survey};
	int rc[TW_REGIONS];

	secure->stale = true;
	for (unsigned i = 0; i < TW_REGIONS; i++)
		rc[i] = tw_log_walk(&secure->logs[i], &visitor);
	/* Never up: what was rejected stays so when the oldest sealed record goes. */
	if (survey.first_sealed &&
		(!secure->first_sealed || survey.first_sealed < secure->first_sealed))
		secure->first_sealed = survey.first_sealed;
	/* Never back: a region that cannot be read now may hold the newest. */
	if (survey.generation > secure->generation)
		secure->generation = survey.generation;
	for (unsigned i = 0; i < TW_REGIONS; i++) {
		if (!rc[i])
			rc[i] = tw_log_load(&secure->logs[i]);
		if (rc[i] && rc[i] != -EIO)
			return rc[i];
	}
	if (ret_survey)
		*ret_survey = survey;
	secure->stale = rc[0] || rc[1];
	return rc[0] && rc[1] ? -EIO : 0;
}

static int ensure_fresh(struct twinfs_secure *secure)
{
	if (!twinfs_flash_has_power(secure->flash))
		return -ESHUTDOWN;
	return secure->stale ? refresh(secure, NULL) : 0;
}

static int learn_area(struct twinfs_secure *secure, const char *key_file, struct twinfs_error *err)
{
	uint64_t addr = secure->logs[0].addr;
	struct survey survey;
	int rc = refresh(secure, &survey);

	if (rc == -ENOTSUP)
		return tw_fail_at(err, TWINFS_P_SECURE_LAYOUT, rc, TWINFS_NO_BLOCK, addr,
			"SecureData area is of a newer format than version %d", TW_FORMAT_VERSION);
	if (rc == -EUCLEAN)
		return tw_fail_at(err, TWINFS_P_SECURE_LAYOUT, rc, TWINFS_NO_BLOCK, addr,
			"SecureData area was not written with erase units of %u bytes",
			secure->logs[0].unit_size);
	if (rc)
		return tw_fail_at(err, TWINFS_P_SECURE_LAYOUT, rc, TWINFS_NO_BLOCK, addr,
			"SecureData area cannot be read: %s", twinfs_strerror(rc));
	if (survey.sealed && !secure->seal)
		return tw_fail(err, TWINFS_P_SECURE_KEY, -EACCES,
			"SecureData is sealed, its key file is needed");
	if (survey.sealed && !survey.unsealable)
		return tw_fail_file(err, key_file,
			tw_fail(err, TWINFS_P_SECURE_KEY, -EBADMSG,
				"the key opens none of %zu sealed SecureData records",
				survey.sealed));
	return 0;
}

static int set_up(struct twinfs_secure *secure, uint64_t addr, uint64_t size, const char *key_file,
	struct twinfs_error *err)
{
	int rc = 0;

	for (unsigned i = 0; !rc && i < TW_REGIONS; i++)
		rc = tw_log_init(&secure->logs[i], secure->flash, addr + i * (size / TW_REGIONS),
			size / TW_REGIONS, &secure->judge);
	if (rc)
		return tw_fail(err, TWINFS_P_SECURE_LAYOUT, rc, "out of memory");
	if (key_file)
		rc = tw_seal_open(key_file, &secure->seal, err);
	return rc ? rc : learn_area(secure, key_file, err);
}

int twinfs_secure_open(struct twinfs_flash *flash, uint64_t addr, uint64_t size,
	const char *key_file, struct twinfs_secure **ret_secure, struct twinfs_error *err)
{
	struct twinfs_secure *secure;
	int rc = check_area(flash, addr, size, err);

	if (rc)
		return rc;
	secure = calloc(1, sizeof(*secure));
	if (!secure)
		return tw_fail(err, TWINFS_P_SECURE_LAYOUT, -ENOMEM, "out of memory");
	(void)pthread_mutex_init(&secure->lock, NULL); /* cannot fail with default attributes */
	secure->flash = flash;
	secure->judge = (struct tw_log_judge){.accepts = accepts, .ctx = secure};
	rc = set_up(secure, addr, size, key_file, err);
	if (rc) {
		twinfs_secure_close(secure);
		return rc;
	}
	*ret_secure = secure;
	return 0;
}

void twinfs_secure_close(struct twinfs_secure *secure)
{
	if (!secure)
		return;
	for (unsigned i = 0; i < TW_REGIONS; i++)
		tw_log_release(&secure->logs[i]);
	tw_seal_close(secure->seal);
	(void)pthread_mutex_destroy(&secure->lock);
	free(secure);
}

int tw_secure_refresh(struct twinfs_secure *secure)
{
	return refresh(secure, NULL);
}

/* ---- read ---- */

/* The region that holds the newest record of @slot; the primary when both do. */
static unsigned holder_of(const struct twinfs_secure *secure, unsigned slot)
{
	return secure->logs[0].live[slot].record.generation <
	       secure->logs[1].live[slot].record.generation;
}

static const struct tw_record *newest_of(const struct twinfs_secure *secure, unsigned slot)
{
	return &secure->logs[holder_of(secure, slot)].live[slot].record;
}

/* Copies the newest record of @slot, from the region that can give it. */
static int fetch(const struct twinfs_secure *secure, unsigned slot, uint8_t *ret_bytes)
{
	unsigned first = holder_of(secure, slot);
	const struct tw_log *other = &secure->logs[!first];
	int rc = tw_log_fetch(&secure->logs[first], slot, ret_bytes);

	if (rc && other->live[slot].record.generation == newest_of(secure, slot)->generation)
		rc = tw_log_fetch(other, slot, ret_bytes);
	return rc;
}

/* Copies the content of @slot to @ret_plain, of TW_SLOT_MAX bytes. Its length, or an errno. */
static int read_slot(struct twinfs_secure *secure, unsigned slot, uint8_t *ret_plain)
{
	uint8_t bytes[TW_RECORD_MAX];
	struct tw_record record;
	int rc = fetch(secure, slot, bytes);

	if (rc == -EBADMSG) {
		/* It decayed under us: what is the newest good record now? */
		rc = refresh(secure, NULL);
		if (!rc)
			rc = fetch(secure, slot, bytes);
	}
	if (rc)
		return rc;
	rc = tw_record_decode(bytes, sizeof(bytes), &record);
	if (rc)
		return rc;
	if (!record.sealed)
		memcpy(ret_plain, bytes + TW_RECORD_HEAD, record.length);
	else
		rc = tw_seal_unwrap(secure->seal, bytes, bytes + TW_RECORD_HEAD, record.length,
			ret_plain);
	return rc ? rc : (int)record.length;
}

int twinfs_secure_read(struct twinfs_secure *secure, int64_t index, void *buf, int64_t len)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&secure->lock);
	uint8_t plain[TW_SLOT_MAX];
	int got;

	(void)guard;
	if (!twinfs_secure_capacity(index) || len < 0 || (len && !buf))
		return TWINFS_SECURE_BAD;
	if (ensure_fresh(secure))
		return TWINFS_SECURE_BAD;
	got = read_slot(secure, (unsigned)index, plain);
	/* "Never stored" can only be said by two regions that can be read. */
	if (got == -ENOENT && !secure->stale)
		return TWINFS_SECURE_EMPTY;
	if (got < 0)
		return TWINFS_SECURE_BAD;
	if (len < got)
		got = (int)len;
	if (got)
		memcpy(buf, plain, (size_t)got);
	tw_seal_wipe(plain, sizeof(plain));
	return got;
}

/* ---- store ---- */

/* Copies to @log what only @other has, or has newer. */
static int bring_up_to_date(struct tw_log *log, struct tw_log *other)
{
	uint8_t bytes[TW_RECORD_MAX];
	int rc = 0;

	for (unsigned slot = 1; !rc && slot <= TWINFS_SECURE_SLOTS; slot++) {
		struct tw_record record = other->live[slot].record;

		if (record.generation <= log->live[slot].record.generation)
			continue;
		rc = tw_log_fetch(other, slot, bytes);
		if (!rc)
			rc = tw_log_append(log, &record, bytes, other);
	}
	return rc;
}

static int store_in_region(struct twinfs_secure *secure, unsigned region,
	const struct tw_record *record, const uint8_t *bytes)
{
	struct tw_log *log = &secure->logs[region], *other = &secure->logs[!region];
	int rc = bring_up_to_date(log, other);

	/* A region that cannot take an old record may still take the new one. */
	if (rc)
		secure->stale = true;
	if (rc == -ESHUTDOWN)
		return rc;
	if (log->live[record->slot].record.generation >= record->generation)
		return 0;
	rc = tw_log_append(log, record, bytes, other);
	if (rc)
		secure->stale = true;
	return rc;
}

/* Makes the record of a store; the generation is used up even if it is not stored. */
static int make_record(struct twinfs_secure *secure, struct tw_record *record, const void *data,
	uint8_t *ret_bytes)
{
	uint8_t *body = ret_bytes + TW_RECORD_HEAD;
	int rc = 0;

	if (secure->generation == UINT64_MAX)
		return -EOVERFLOW;
	record->generation = ++secure->generation;
	record->sealed = secure->seal != NULL;
	tw_record_put_head(ret_bytes, record);
	if (record->sealed)
		rc = tw_seal_wrap(secure->seal, ret_bytes, data, record->length, body);
	else if (record->length)
		memcpy(body, data, record->length);
	if (rc)
		return rc;
	if (record->sealed && !secure->first_sealed)
		secure->first_sealed = record->generation;
	tw_record_put_tail(ret_bytes, record);
	return 0;
}

/* 0; else an errno, and after -ESHUTDOWN nobody knows whether it is stored. */
static int store_record(struct twinfs_secure *secure, const struct tw_record *record,
	const uint8_t *bytes)
{
	bool stored = false;

	for (unsigned i = 0; i < TW_REGIONS; i++) {
		int rc = store_in_region(secure, i, record, bytes);

		if (rc == -ESHUTDOWN)
			return rc;
		stored |= !rc;
	}
	if (stored)
		return 0;
	/* A program may have failed and yet be whole on the chip: what is there decides. */
	if (!refresh(secure, NULL) &&
		newest_of(secure, record->slot)->generation == record->generation)
		return 0;
	return -EIO;
}

int twinfs_secure_store(struct twinfs_secure *secure, int64_t index, const void *data, int64_t len)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&secure->lock);
	struct tw_record record = {.slot = (unsigned)index, .length = (uint32_t)len};
	struct twinfs_secure_store store = {.index = record.slot, .length = record.length};
	uint8_t bytes[TW_RECORD_MAX];
	int rc;

	(void)guard;
	if (!twinfs_secure_capacity(index) || len < 0 || len > twinfs_secure_capacity(index))
		return TWINFS_SECURE_BAD;
	if ((len && !data) || refresh(secure, NULL) || make_record(secure, &record, data, bytes))
		return TWINFS_SECURE_BAD;
	if (secure->watch.began) {
		store.digest = twinfs_digest(data, record.length);
		secure->watch.began(secure->watch.ctx, &store);
	}
	secure->subject = record.slot;
	rc = store_record(secure, &record, bytes);
	secure->subject = 0;
	if (secure->watch.ended)
		secure->watch.ended(secure->watch.ctx, &store, rc);
	return rc ? TWINFS_SECURE_BAD : TWINFS_SECURE_OK;
}

/* ---- watch ---- */

void twinfs_secure_set_watch(struct twinfs_secure *secure, const struct twinfs_secure_watch *watch)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&secure->lock);

	(void)guard;
	secure->watch = watch ? *watch : (struct twinfs_secure_watch){0};
}

unsigned twinfs_secure_subject(const struct twinfs_secure *secure)
{
	return secure->subject;
}

/* ---- list ---- */

void twinfs_secure_list(struct twinfs_secure *secure,
	struct twinfs_secure_slot ret_slots[TWINFS_SECURE_SLOTS])
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&secure->lock);

	(void)guard;
	(void)ensure_fresh(secure); /* without power: what was known before */
	for (unsigned slot = 1; slot <= TWINFS_SECURE_SLOTS; slot++) {
		const struct tw_record *record = newest_of(secure, slot);

		ret_slots[slot - 1] = (struct twinfs_secure_slot){
			.index = slot,
			.capacity = twinfs_secure_capacity(slot),
			.stored = record->generation != 0,
			.length = record->generation ? record->length : 0,
			.generation = record->generation,
		};
	}
}
