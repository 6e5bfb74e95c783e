/* SPDX-License-Identifier: MIT */
/*
 * flash.c - the three operations of a NOR chip on the bytes of an image.
 *
 * A read is a pointer into the map: it costs no lock and no copy. Programs and
 * erases take the chip's lock, so that their sequence numbers are the order
 * in which they changed the bytes; that order is what a power cut cuts.
 */
#include "chip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/fail.h"

static int check_geometry(const struct twinfs_flash_geometry *geometry, struct twinfs_error *err)
{
	if (!geometry->read_size || !geometry->prog_size)
		return tw_fail(err, TWINFS_P_FLASH_GEOMETRY, -EINVAL,
			"read and program size must not be 0");
	if (!tw_is_power_of_two(geometry->erase_size))
		return tw_fail(err, TWINFS_P_FLASH_GEOMETRY, -EINVAL,
			"erase size %u is not a power of two", geometry->erase_size);
	if (geometry->erase_size % geometry->prog_size ||
		geometry->erase_size % geometry->read_size)
		return tw_fail(err, TWINFS_P_FLASH_GEOMETRY, -EINVAL,
			"erase size %u is no multiple of read size %u and program size %u",
			geometry->erase_size, geometry->read_size, geometry->prog_size);
	return 0;
}

int twinfs_flash_new(struct twinfs_image *image, const struct twinfs_flash_config *config,
	struct twinfs_flash **ret_flash, struct twinfs_error *err)
{
	_cleanup_free_ struct twinfs_flash *flash = NULL;
	int rc = check_geometry(&config->geometry, err);

	if (rc)
		return rc;
	flash = calloc(1, sizeof(*flash));
	if (!flash)
		return -ENOMEM;
	flash->units = (twinfs_image_size(image) + config->geometry.erase_size - 1) /
		       config->geometry.erase_size;
	flash->wear = calloc(flash->units, sizeof(*flash->wear));
	if (!flash->wear)
		return -ENOMEM;
	flash->image = image;
	flash->config = *config;
	atomic_init(&flash->powered, true);
	(void)pthread_mutex_init(&flash->lock, NULL); /* cannot fail with default attributes */
	*ret_flash = tw_steal(&flash);
	return 0;
}

void twinfs_flash_free(struct twinfs_flash *flash)
{
	if (!flash)
		return;
	(void)pthread_mutex_destroy(&flash->lock);
	free(flash->wear);
	free(flash);
}

const struct twinfs_flash_config *twinfs_flash_config(const struct twinfs_flash *flash)
{
	return &flash->config;
}

uint64_t twinfs_flash_size(const struct twinfs_flash *flash)
{
	return twinfs_image_size(flash->image);
}

const struct twinfs_image *twinfs_flash_image(const struct twinfs_flash *flash)
{
	return flash->image;
}

bool twinfs_flash_is_writable(const struct twinfs_flash *flash)
{
	return twinfs_image_bytes_writable(flash->image) != NULL;
}

void twinfs_flash_set_hook(struct twinfs_flash *flash, const struct twinfs_flash_hook *hook)
{
	flash->hook = hook;
}

bool twinfs_flash_has_hook(const struct twinfs_flash *flash)
{
	return flash->hook;
}

bool twinfs_flash_watches_reads(const struct twinfs_flash *flash)
{
	for (const struct twinfs_flash_hook *hook = flash->hook; hook; hook = hook->next)
		if (hook->reads)
			return true;
	return false;
}

void twinfs_flash_set_power(struct twinfs_flash *flash, bool on)
{
	atomic_store(&flash->powered, on);
}

bool twinfs_flash_has_power(const struct twinfs_flash *flash)
{
	return atomic_load_explicit(&flash->powered, memory_order_relaxed);
}

/*
 * Asks the hooks how the operation is to end; @ret_done gets how much of it takes
 * place. A cut turns the power off.
 */
static int ask_hooks(struct twinfs_flash *flash, struct twinfs_flash_op *op, uint32_t *ret_done)
{
	const struct twinfs_flash_hook *hook = flash->hook;
	uint32_t done = 0;
	int rc = 0;

	op->time_ns = flash->stats.busy_ns;
	for (; hook && !rc; hook = hook->next) {
		done = 0;
		if (hook->before && (hook->reads || op->kind != TWINFS_FLASH_READ))
			rc = hook->before(hook->ctx, op, &done);
	}
	if (rc == -ESHUTDOWN)
		twinfs_flash_set_power(flash, false);
	*ret_done = rc && done < op->len ? done : op->len;
	return rc;
}

/* Tells the hooks how it ended; what the caller gets. */
static int tell_hooks(struct twinfs_flash *flash, const struct twinfs_flash_op *op, uint32_t done,
	int rc)
{
	const uint8_t *cells = twinfs_image_bytes(flash->image) + op->addr;

	rc = rc == TWINFS_FLASH_PRETEND ? 0 : rc;
	for (const struct twinfs_flash_hook *hook = flash->hook; hook; hook = hook->next)
		if (hook->after)
			hook->after(hook->ctx, op, done, rc, cells);
	return rc;
}

static int read_with_hooks(struct twinfs_flash *flash, uint64_t addr, uint64_t len,
	const uint8_t **ret_data)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&flash->lock);
	const uint8_t *data = twinfs_image_bytes(flash->image) + addr;
	struct twinfs_flash_op op = {
		.kind = TWINFS_FLASH_READ,
		.seq = flash->stats.seq,
		.addr = addr,
		.len = len > UINT32_MAX ? UINT32_MAX : (uint32_t)len,
	};
	uint32_t done;
	int rc = ask_hooks(flash, &op, &done);

	(void)guard;
	if (rc < 0)
		return rc;
	for (const struct twinfs_flash_hook *hook = flash->hook; hook; hook = hook->next)
		if (hook->reads && hook->seen)
			data = hook->seen(hook->ctx, &op, data);
	*ret_data = data;
	return 0;
}

int twinfs_flash_read(struct twinfs_flash *flash, uint64_t addr, uint64_t len,
	const uint8_t **ret_data)
{
	if (!twinfs_flash_has_power(flash))
		return -ESHUTDOWN;
	if (!twinfs_image_contains(flash->image, addr, len))
		return -EINVAL;
	if (twinfs_flash_watches_reads(flash))
		return read_with_hooks(flash, addr, len, ret_data);
	*ret_data = twinfs_image_bytes(flash->image) + addr;
	return 0;
}

static int check_access(const struct twinfs_flash *flash, uint64_t addr, uint64_t len,
	uint32_t unit)
{
	if (!twinfs_flash_has_power(flash))
		return -ESHUTDOWN;
	if (!twinfs_flash_is_writable(flash))
		return -EROFS;
	if (addr % unit || len % unit || !twinfs_image_contains(flash->image, addr, len))
		return -EINVAL;
	return 0;
}

/* Whether programming @data would have to set a bit that is clear. Looks at all: that is faster. */
static bool is_over_unerased(const uint8_t *cells, const uint8_t *data, uint32_t len)
{
	unsigned over = 0;

	for (uint32_t i = 0; i < len; i++)
		over |= data[i] & ~(unsigned)cells[i];
	return over;
}

static void clear_bits(uint8_t *cells, const uint8_t *data, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		cells[i] &= data[i];
}

static void count_program(struct twinfs_flash *flash, uint32_t len)
{
	const struct twinfs_flash_timing *timing = &flash->config.timing;

	flash->stats.programs++;
	flash->stats.program_bytes += len;
	if (timing->page_size)
		flash->stats.busy_ns +=
			(len + timing->page_size - 1) / timing->page_size * timing->program_page_ns;
}

static void count_erase(struct twinfs_flash *flash, uint64_t addr)
{
	flash->stats.erases++;
	flash->stats.busy_ns += flash->config.timing.erase_unit_ns;
	flash->wear[addr / flash->config.geometry.erase_size]++;
}

int twinfs_flash_program(struct twinfs_flash *flash, uint64_t addr, const void *data, uint32_t len)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&flash->lock);
	struct twinfs_flash_op op = {
		.kind = TWINFS_FLASH_PROGRAM, .addr = addr, .len = len, .data = data};
	uint8_t *cells;
	uint32_t done;
	int rc = check_access(flash, addr, len, flash->config.geometry.prog_size);

	(void)guard;
	if (rc)
		return rc;
	op.seq = ++flash->stats.seq;
	cells = twinfs_image_bytes_writable(flash->image) + addr;
	if (is_over_unerased(cells, data, len)) {
		flash->stats.unerased_programs++;
		if (flash->config.strict)
			return -EIO;
	}
	rc = ask_hooks(flash, &op, &done);
	clear_bits(cells, data, done);
	if (rc >= 0)
		count_program(flash, len);
	return tell_hooks(flash, &op, done, rc);
}

static int erase_unit(struct twinfs_flash *flash, uint64_t addr)
{
	uint32_t size = flash->config.geometry.erase_size, done;
	struct twinfs_flash_op op = {
		.kind = TWINFS_FLASH_ERASE,
		.seq = ++flash->stats.seq,
		.addr = addr,
		.len = size,
	};
	int rc = ask_hooks(flash, &op, &done);

	memset(twinfs_image_bytes_writable(flash->image) + addr, 0xff, done);
	if (rc >= 0)
		count_erase(flash, addr);
	return tell_hooks(flash, &op, done, rc);
}

int twinfs_flash_erase(struct twinfs_flash *flash, uint64_t addr, uint64_t len)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&flash->lock);
	uint32_t size = flash->config.geometry.erase_size;
	int rc = check_access(flash, addr, len, size);

	(void)guard;
	for (uint64_t end = addr + len; !rc && addr < end; addr += size)
		rc = erase_unit(flash, addr);
	return rc;
}

/* The parts behind each other; how long they are. */
static uint32_t gather(uint8_t *to, const struct iovec *parts, unsigned count)
{
	uint32_t used = 0;

	for (unsigned i = 0; i < count; i++) {
		if (parts[i].iov_len)
			memcpy(to + used, parts[i].iov_base, parts[i].iov_len);
		used += (uint32_t)parts[i].iov_len;
	}
	return used;
}

/* Nobody sees the cells between the two operations, so they are written once. */
static int rewrite_at_once(struct twinfs_flash *flash, uint64_t addr, uint64_t size,
	const struct iovec *parts, unsigned count, uint32_t len)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&flash->lock);
	uint32_t unit = flash->config.geometry.erase_size, used;
	uint8_t *cells;
	int rc = check_access(flash, addr, size, unit);

	(void)guard;
	if (rc)
		return rc;
	cells = twinfs_image_bytes_writable(flash->image) + addr;
	used = gather(cells, parts, count);
	memset(cells + used, 0xff, size - used);
	for (uint64_t at = addr; at < addr + size; at += unit) {
		flash->stats.seq++;
		count_erase(flash, at);
	}
	flash->stats.seq++;
	count_program(flash, len);
	return 0;
}

static int rewrite_in_steps(struct twinfs_flash *flash, uint64_t addr, uint64_t size,
	const struct iovec *parts, unsigned count, uint32_t len)
{
	_cleanup_free_ uint8_t *data = malloc(len ? len : 1);
	uint32_t used;
	int rc;

	if (!data)
		return -ENOMEM;
	used = gather(data, parts, count);
	memset(data + used, 0xff, len - used);
	rc = twinfs_flash_erase(flash, addr, size);
	return rc ? rc : twinfs_flash_program(flash, addr, data, len);
}

int twinfs_flash_rewrite(struct twinfs_flash *flash, uint64_t addr, uint64_t size,
	const struct iovec *parts, unsigned count, uint32_t len)
{
	uint64_t used = 0;

	for (unsigned i = 0; i < count; i++)
		used += parts[i].iov_len;
	if (used > len || len > size || len % flash->config.geometry.prog_size)
		return -EINVAL;
	return flash->hook ? rewrite_in_steps(flash, addr, size, parts, count, len)
			   : rewrite_at_once(flash, addr, size, parts, count, len);
}

int twinfs_flash_disturb(struct twinfs_flash *flash, uint64_t addr, uint8_t mask)
{
	if (!twinfs_flash_is_writable(flash))
		return -EROFS;
	if (!twinfs_image_contains(flash->image, addr, 1))
		return -EINVAL;
	for (const struct twinfs_flash_hook *hook = flash->hook; hook; hook = hook->next)
		if (hook->disturbed)
			hook->disturbed(hook->ctx, addr, mask);
	twinfs_image_bytes_writable(flash->image)[addr] ^= mask;
	return 0;
}

void twinfs_flash_spend(struct twinfs_flash *flash, uint64_t ns)
{
	flash->stats.busy_ns += ns;
}

void twinfs_flash_stats(const struct twinfs_flash *flash, struct twinfs_flash_stats *ret_stats)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock((pthread_mutex_t *)&flash->lock);

	(void)guard;
	*ret_stats = flash->stats;
}
