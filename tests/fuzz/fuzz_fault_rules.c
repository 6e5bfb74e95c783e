/* SPDX-License-Identifier: MIT */
/*
 * fuzz_fault_rules.c - rules as text, and a chip that is used under them.
 *
 * The input is lines of rules, a NUL, then operations. A rule that is accepted is
 * accepted by the check as well; the canonical form of one is accepted and stays
 * what it is. Whatever the rules do, operations end with one of their errors,
 * readers get bytes that can be read, and without rules the chip is a chip.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/fault.h>

enum {
	UNIT = 256,
	UNITS = 16,
	SIZE = UNITS * UNIT,
	PROG = 16,
	LINES = 24,
	OPS = 64,
};

struct rig {
	struct twinfs_image *image;
	struct twinfs_flash *flash;
	struct twinfs_faults *faults;
};

/* ---- the site: "user" is units 4 to 11, in blocks of two; "bak" units 12 to 15 ---- */

static int site_part(void *ctx, const char *name, uint64_t addr, struct twinfs_fault_part *ret_part)
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

/* Data of /usr/a is in 6 and 8, metadata in 4 and 5, slot 3 in 14. */
static bool has(uint64_t addr, const struct twinfs_fault_target *target)
{
	uint64_t unit = addr / UNIT;
	bool is_data = unit == 6 || unit == 8, is_metadata = unit == 4 || unit == 5;

	if (target->slot)
		return target->slot == 3 && unit == 14;
	if (target->path && strcmp(target->path, "/usr/a") != 0)
		return false;
	switch (target->role) {
	case TWINFS_FAULT_DATA:
		return is_data;
	case TWINFS_FAULT_METADATA:
		return is_metadata;
	case TWINFS_FAULT_SUPERBLOCK:
		return unit == 4;
	case TWINFS_FAULT_ANY_ROLE:
		return is_data || is_metadata;
	}
	return false;
}

static bool site_concerns(void *ctx, const struct twinfs_flash_op *op,
	const struct twinfs_fault_target *target)
{
	(void)ctx;
	return has(op->addr, target);
}

static int site_ranges(void *ctx, const struct twinfs_flash_op *op,
	const struct twinfs_fault_target *target, const struct twinfs_fault_ranges *ranges)
{
	int rc = -ENOENT;

	(void)ctx;
	if (op && op->addr < 4 * UNIT)
		return -EAGAIN;
	for (uint64_t unit = UNITS; unit--;) {
		if (!has(unit * UNIT, target))
			continue;
		rc = ranges->each(ranges->ctx, unit * UNIT, UNIT);
		if (rc)
			return rc;
	}
	return rc;
}

static void site_owner(void *ctx, const struct twinfs_flash_op *op, uint64_t addr, char *buf,
	size_t size)
{
	(void)ctx;
	(void)op;
	(void)snprintf(buf, size, addr / UNIT == 6 ? "data of /usr/a" : "");
}

static int site_rehook(void *ctx)
{
	struct rig *rig = ctx;

	twinfs_flash_set_hook(rig->flash, twinfs_faults_hook(rig->faults));
	return 0;
}

static void on_event(void *ctx, const struct twinfs_fault_event *event)
{
	(void)ctx;
	fuzz_hold(strlen(event->text) < TWINFS_FAULT_RULE_MAX);
	fuzz_hold(strnlen(event->what, sizeof(event->what)) < sizeof(event->what));
	fuzz_hold(event->owner && event->fault < TWINFS_FAULT_KINDS);
	fuzz_hold(!event->len || (event->addr < SIZE && event->len <= SIZE - event->addr));
}

/* ---- rigs ---- */

static void rig_begin(struct rig *rig)
{
	static const struct twinfs_flash_config config = {
		.geometry = {1, PROG, UNIT},
		.timing = {.page_size = 64, .program_page_ns = 1000, .erase_unit_ns = 50000},
	};
	const struct twinfs_fault_site site = {
		.ctx = rig,
		.part = site_part,
		.concerns = site_concerns,
		.ranges = site_ranges,
		.owner = site_owner,
		.rehook = site_rehook,
	};

	fuzz_hold(twinfs_image_memory(SIZE, &rig->image) == 0);
	fuzz_hold(twinfs_flash_new(rig->image, &config, &rig->flash, NULL) == 0);
	fuzz_hold(twinfs_faults_new(rig->flash, rig->image, &site, 7, &rig->faults) == 0);
	twinfs_faults_set_sink(rig->faults, on_event, rig);
}

static void rig_end(struct rig *rig)
{
	twinfs_flash_set_hook(rig->flash, NULL);
	twinfs_faults_free(rig->faults);
	twinfs_flash_free(rig->flash);
	twinfs_image_close(rig->image);
}

/* ---- rules ---- */

static void check_canonical(const struct twinfs_fault_rule *rule)
{
	struct twinfs_fault_rule again;
	struct twinfs_error err = {0};
	struct rig rig;

	rig_begin(&rig);
	fuzz_hold(twinfs_fault_check(rule->text, &err) == 0);
	fuzz_hold(twinfs_faults_add(rig.faults, rule->text, NULL, &err) == 0);
	fuzz_hold(twinfs_faults_get(rig.faults, 0, &again) == 0);
	fuzz_hold(!strcmp(again.text, rule->text) && again.kind == rule->kind);
	rig_end(&rig);
}

static bool is_error_of_rule(int rc)
{
	return rc == -EINVAL || rc == -ENOENT || rc == -ENOSPC;
}

static void add(struct rig *rig, const char *line)
{
	unsigned count = twinfs_faults_count(rig->faults), id;
	struct twinfs_error err = {0};
	struct twinfs_fault_rule rule;
	int check = twinfs_fault_check(line, &err);
	int rc = twinfs_faults_add(rig->faults, line, &id, &err);

	fuzz_hold(check == 0 || check == -EINVAL);
	fuzz_hold(check == 0 || rc == -EINVAL);
	fuzz_hold(rc == 0 || (is_error_of_rule(rc) && err.code == rc && err.text[0]));
	fuzz_hold(twinfs_faults_count(rig->faults) == count + (rc == 0 && id));
	if (rc || !id)
		return;
	fuzz_hold(twinfs_faults_get(rig->faults, count, &rule) == 0 && rule.id == id);
	check_canonical(&rule);
}

static void add_all(struct rig *rig, char *text)
{
	char *line;

	for (unsigned i = 0; i < LINES && (line = strsep(&text, "\n")); i++)
		add(rig, line);
}

/* ---- operations ---- */

/* Those that a rule can name among them. */
static bool is_error_of_chip(int rc)
{
	switch (-rc) {
	case 0:
	case EIO:
	case EBADMSG:
	case ETIMEDOUT:
	case ENOSPC:
	case EROFS:
	case EACCES:
	case ESHUTDOWN:
		return true;
	}
	return false;
}

static void read_all(struct rig *rig, uint64_t addr, uint64_t len)
{
	const uint8_t *data;
	volatile uint8_t sum = 0;
	int rc = twinfs_flash_read(rig->flash, addr, len, &data);

	fuzz_hold(is_error_of_chip(rc));
	for (uint64_t i = 0; rc == 0 && i < len; i++)
		sum = sum ^ data[i];
}

static void operate(struct rig *rig, uint8_t what, uint8_t where)
{
	static const char *const paths[] = {"/usr/a", "/usr/b", "/bak/c", "slot 3"};
	uint64_t unit = where % UNITS, prog = unit * UNIT + where / UNITS * PROG;
	uint8_t data[2 * PROG];
	int rc = 0;

	memset(data, where, sizeof(data));
	switch (what % 8) {
	case 0:
		rc = twinfs_flash_erase(rig->flash, unit * UNIT, UNIT);
		break;
	case 1:
		rc = twinfs_flash_program(rig->flash, prog, data, PROG);
		break;
	case 2:
		rc = twinfs_flash_program(rig->flash, unit * UNIT, data, 2 * PROG);
		break;
	case 3:
		read_all(rig, prog, PROG);
		break;
	case 4:
		read_all(rig, unit * UNIT, SIZE - unit * UNIT);
		break;
	case 5:
		rc = twinfs_faults_call(rig->faults, where % TWINFS_FAULT_CALLS, what & 8,
			paths[where / 16 % 4],
			where % TWINFS_FAULT_CALLS == TWINFS_FAULT_CALL_RENAME ? "/usr/new" : NULL);
		fuzz_hold(rc == 0 || rc == -ESHUTDOWN);
		break;
	case 6:
		rc = twinfs_faults_pass(rig->faults, where * UINT64_C(100000));
		break;
	case 7:
		if (what & 8)
			(void)twinfs_faults_remove(rig->faults, where);
		twinfs_flash_set_power(rig->flash, true);
		twinfs_faults_power_on(rig->faults);
		break;
	}
	fuzz_hold(is_error_of_chip(rc));
}

/* Rules are gone: so is all that they did but to cells. */
static void check_sound(struct rig *rig)
{
	static const uint8_t zeros[PROG];
	const uint8_t *data;

	twinfs_faults_clear(rig->faults);
	twinfs_flash_set_power(rig->flash, true);
	twinfs_faults_power_on(rig->faults);
	fuzz_hold(twinfs_faults_count(rig->faults) == 0);
	for (uint64_t addr = 0; addr < SIZE; addr += UNIT) {
		fuzz_hold(twinfs_flash_erase(rig->flash, addr, UNIT) == 0);
		fuzz_hold(twinfs_flash_program(rig->flash, addr, zeros, PROG) == 0);
		fuzz_hold(twinfs_flash_read(rig->flash, addr, UNIT, &data) == 0);
		fuzz_hold(!memcmp(data, zeros, PROG));
		for (size_t i = PROG; i < UNIT; i++)
			fuzz_hold(data[i] == 0xff);
	}
}

static void try_damage(struct rig *rig, const char *line)
{
	struct twinfs_error err = {0};
	int rc = twinfs_faults_damage(rig->faults, line, 1, NULL, &err);

	fuzz_hold(rc == 0 || is_error_of_rule(rc) || rc == -ENOTSUP);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;
	size_t len;
	struct rig rig;

	if (size > 4096)
		return 0;
	text = strndup((const char *)data, size);
	fuzz_hold(text);
	len = strlen(text);
	rig_begin(&rig);
	add_all(&rig, text);
	for (size_t i = len + 1, ops = 0; i + 1 < size && ops < OPS; i += 2, ops++)
		operate(&rig, data[i], data[i + 1]);
	check_sound(&rig);
	try_damage(&rig, text); /* its first line */
	rig_end(&rig);
	free(text);
	return 0;
}
