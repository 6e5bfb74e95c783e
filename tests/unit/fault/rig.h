/* SPDX-License-Identifier: MIT */
/*
 * rig.h - a chip of 16 units with rules, and a site of two partitions: what
 * events said, and operations that tell what came of them.
 */
#ifndef TEST_UNIT_FAULT_RIG_H
#define TEST_UNIT_FAULT_RIG_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <twinfs/fault.h>

#include "lib/suite.h"

enum {
	SIZE = 64 * 1024,
	UNIT = 4096,
	UNITS = SIZE / UNIT,
	PROG = 16,
	PROGRAM_NS = 1000, /* of a page of 256 bytes */
	ERASE_NS = 50000,
	EVENTS = 512,
};

struct rig {
	struct twinfs_image *image;
	struct twinfs_flash *flash;
	struct twinfs_faults *faults;
	unsigned event_count, rehooks;
	struct twinfs_fault_event events[EVENTS];
	char owners[EVENTS][64], texts[EVENTS][TWINFS_FAULT_RULE_MAX];
};

/* "user" is units 4 to 11, in blocks of two units; "bak" units 12 to 15. */
static int rig_part(void *ctx, const char *name, uint64_t addr, struct twinfs_fault_part *ret_part)
{
	static const struct twinfs_fault_part parts[] = {
		{"user", 4 * UNIT, 8 * UNIT, 2 * UNIT},
		{"bak", 12 * UNIT, 4 * UNIT, UNIT},
	};

	(void)ctx;
	for (size_t i = 0; i < 2; i++) {
		bool is_in = addr >= parts[i].addr && addr < parts[i].addr + parts[i].size;

		if (name ? !strcmp(name, parts[i].name) : is_in) {
			*ret_part = parts[i];
			return 0;
		}
	}
	return -ENOENT;
}

/* What a unit belongs to: data of /usr/a in 6 and 8, metadata in 4 and 5, slot 3 in 14. */
static bool rig_has(uint64_t addr, const struct twinfs_fault_target *target)
{
	uint64_t unit = addr / UNIT;

	if (target->slot)
		return target->slot == 3 && unit == 14;
	if (target->path && strcmp(target->path, "/usr/a") != 0)
		return false;
	switch (target->role) {
	case TWINFS_FAULT_DATA:
		return unit == 6 || unit == 8;
	case TWINFS_FAULT_METADATA:
		return unit == 4 || unit == 5;
	case TWINFS_FAULT_SUPERBLOCK:
		return unit == 4;
	case TWINFS_FAULT_ANY_ROLE:
		return unit == 6 || unit == 8 || unit == 4 || unit == 5;
	}
	return false;
}

static bool rig_concerns(void *ctx, const struct twinfs_flash_op *op,
	const struct twinfs_fault_target *target)
{
	(void)ctx;
	return rig_has(op->addr, target);
}

static int rig_ranges(void *ctx, const struct twinfs_flash_op *op,
	const struct twinfs_fault_target *target, const struct twinfs_fault_ranges *ranges)
{
	int rc = -ENOENT;

	(void)ctx;
	if (op && op->addr < 4 * UNIT)
		return -EAGAIN;
	/* backwards, and twice, as a block with two owners */
	for (uint64_t i = 2 * UNITS; i--;)
		if (rig_has(i / 2 * UNIT, target)) {
			rc = ranges->each(ranges->ctx, i / 2 * UNIT, UNIT);
			if (rc)
				return rc;
		}
	return rc;
}

static void rig_owner(void *ctx, const struct twinfs_flash_op *op, uint64_t addr, char *buf,
	size_t size)
{
	(void)ctx;
	(void)op;
	(void)snprintf(buf, size, addr / UNIT == 6 ? "data of /usr/a" : "");
}

static int rig_rehook(void *ctx)
{
	struct rig *rig = ctx;

	rig->rehooks++;
	twinfs_flash_set_hook(rig->flash, twinfs_faults_hook(rig->faults));
	return 0;
}

static void rig_sink(void *ctx, const struct twinfs_fault_event *event)
{
	struct rig *rig = ctx;
	unsigned n = rig->event_count;

	ck_assert_uint_lt(n, EVENTS);
	rig->events[n] = *event;
	(void)snprintf(rig->owners[n], sizeof(rig->owners[n]), "%s", event->owner);
	(void)snprintf(rig->texts[n], sizeof(rig->texts[n]), "%s", event->text);
	rig->event_count++;
}

static inline void rig_init(struct rig *rig, uint64_t seed)
{
	struct twinfs_flash_config config = {
		.geometry = {1, PROG, UNIT},
		.timing = {.page_size = 256,
			.program_page_ns = PROGRAM_NS,
			.erase_unit_ns = ERASE_NS},
	};
	struct twinfs_fault_site site = {.ctx = rig,
		.part = rig_part,
		.concerns = rig_concerns,
		.ranges = rig_ranges,
		.owner = rig_owner,
		.rehook = rig_rehook};

	memset(rig, 0, sizeof(*rig));
	ck_assert_int_eq(twinfs_image_memory(SIZE, &rig->image), 0);
	ck_assert_int_eq(twinfs_flash_new(rig->image, &config, &rig->flash, NULL), 0);
	ck_assert_int_eq(twinfs_faults_new(rig->flash, rig->image, &site, seed, &rig->faults), 0);
	twinfs_faults_set_sink(rig->faults, rig_sink, rig);
}

static inline void rig_release(struct rig *rig)
{
	twinfs_flash_set_hook(rig->flash, NULL);
	twinfs_faults_free(rig->faults);
	twinfs_flash_free(rig->flash);
	twinfs_image_close(rig->image);
}

static inline unsigned add(struct rig *rig, const char *text)
{
	struct twinfs_error err = {0};
	unsigned id = 0;
	int rc = twinfs_faults_add(rig->faults, text, &id, &err);

	ck_assert_msg(!rc, "'%s': %s", text, err.text);
	ck_assert_uint_ne(id, 0);
	return id;
}

/* Cells as they are, whatever readers are told. */
static inline uint8_t *cells(struct rig *rig, uint64_t addr)
{
	return twinfs_image_bytes_writable(rig->image) + addr;
}

/* Programs @len bytes of @value. */
static inline int program(struct rig *rig, uint64_t addr, uint8_t value, uint32_t len)
{
	static uint8_t data[UNIT]; /* with sanitizers, too much for the stacks of its callers */

	memset(data, value, len);
	return twinfs_flash_program(rig->flash, addr, data, len);
}

static inline int erase(struct rig *rig, uint64_t addr)
{
	return twinfs_flash_erase(rig->flash, addr, UNIT);
}

static inline int look(struct rig *rig, uint64_t addr, uint64_t len, const uint8_t **ret_data)
{
	return twinfs_flash_read(rig->flash, addr, len, ret_data);
}

static inline void expect(const struct rig *rig, unsigned index, enum twinfs_fault_kind kind,
	const char *what)
{
	ck_assert_uint_lt(index, rig->event_count);
	ck_assert_int_eq(rig->events[index].fault, kind);
	ck_assert_str_eq(rig->events[index].what, what);
}

static inline unsigned ones(const uint8_t *bytes, size_t len)
{
	unsigned count = 0;

	for (size_t i = 0; i < len; i++)
		count += (unsigned)__builtin_popcount(bytes[i]);
	return count;
}

static inline void all_are(const uint8_t *bytes, size_t len, uint8_t value)
{
	for (size_t i = 0; i < len; i++)
		ck_assert_msg(bytes[i] == value, "byte %zu is 0x%02x, not 0x%02x", i, bytes[i],
			value);
}

static inline void heal(struct rig *rig)
{
	twinfs_flash_set_power(rig->flash, true);
	twinfs_faults_power_on(rig->faults);
}

static inline struct twinfs_fault_rule rule(struct rig *rig, unsigned index)
{
	struct twinfs_fault_rule it;

	ck_assert_int_eq(twinfs_faults_get(rig->faults, index, &it), 0);
	return it;
}

#endif
