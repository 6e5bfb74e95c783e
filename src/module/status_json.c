/* SPDX-License-Identifier: MIT */
/*
 * status_json.c - the state of a module, and the wear of its chip, as JSON.
 *
 * docs/formats/status.md describes both documents. What cannot be known while
 * the module is off (use of a volume, its pending repairs) is left out, not
 * guessed. The content of SecureData slots never gets here.
 */
#include "state.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "fault_site.h"

/*
 * ---- building ----
 *
 * An object or array that could not be made or filled becomes NULL and stays
 * so: what is put into it later is freed, and the last one up says so.
 */

static void drop(struct json_object **where)
{
	(void)json_object_put(*where);
	*where = NULL;
}

/* Takes over @value; NULL is "out of memory". */
static void put(struct json_object **object, const char *key, struct json_object *value)
{
	if (*object && value && json_object_object_add(*object, key, value) == 0)
		return;
	(void)json_object_put(value);
	drop(object);
}

static void put_number(struct json_object **object, const char *key, uint64_t value)
{
	put(object, key, json_object_new_uint64(value));
}

static void put_bool(struct json_object **object, const char *key, bool value)
{
	put(object, key, json_object_new_boolean(value));
}

static void put_null(struct json_object **object, const char *key)
{
	if (*object && json_object_object_add(*object, key, NULL) < 0)
		drop(object);
}

/* NULL becomes null. */
static void put_text(struct json_object **object, const char *key, const char *value)
{
	if (value)
		put(object, key, json_object_new_string(value));
	else
		put_null(object, key);
}

static void append(struct json_object **array, struct json_object *value)
{
	if (*array && value && json_object_array_add(*array, value) == 0)
		return;
	(void)json_object_put(value);
	drop(array);
}

/* The text of @document, which is freed; NULL when out of memory. */
static char *print(struct json_object *document)
{
	const char *text;
	char *copy;

	if (!document)
		return NULL;
	text = json_object_to_json_string_ext(document,
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);
	copy = text ? strdup(text) : NULL;
	(void)json_object_put(document);
	return copy;
}

/* ---- status ---- */

static const char *access_name(const struct twinfs_module *module)
{
	if (module->image_flags & TWINFS_IMAGE_WRITABLE)
		return "writable";
	return module->image_flags & TWINFS_IMAGE_SCRATCH ? "scratch" : "read_only";
}

/* Version of the littlefs: "lfs1", "1.1"; null where there is none. */
static void put_version(struct json_object **object, bool is_known, uint32_t version)
{
	char format[16], text[16];

	(void)snprintf(format, sizeof(format), "lfs%u", version >> 16);
	(void)snprintf(text, sizeof(text), "%u.%u", version >> 16, version & 0xffff);
	put_text(object, "format", is_known ? format : NULL);
	put_text(object, "version", is_known ? text : NULL);
}

static struct json_object *pending_json(struct twinfs_volume *volume)
{
	struct json_object *object = json_object_new_object();
	struct twinfs_pending pending;

	twinfs_volume_pending(volume, &pending);
	put_number(&object, "orphans", pending.orphans);
	put_number(&object, "desyncs", pending.desyncs);
	put_number(&object, "marks", pending.marks);
	return object;
}

/* What a mounted volume knows; nothing when its power is gone. */
static void put_use(struct json_object **object, struct twinfs_volume *volume)
{
	struct twinfs_statfs statfs;

	if (twinfs_volume_statfs(volume, &statfs))
		return;
	put_version(object, true, statfs.version);
	put_number(object, "blocks", statfs.blocks);
	put_number(object, "used_blocks", statfs.blocks - statfs.free);
	put_number(object, "free_blocks", statfs.free);
	put_number(object, "objects", statfs.files);
	put_number(object, "name_max", statfs.name_max);
	put_number(object, "attr_max", statfs.attr_max);
	put(object, "pending_repairs", pending_json(volume));
}

static void put_volume(struct json_object **object, const struct twinfs_part_info *info,
	struct twinfs_volume *volume)
{
	const struct twinfs_volume_config *config = &info->config;
	uint64_t blocks = config->size / config->block_size;

	put_version(object, info->has_superblock, info->superblock.version);
	put_number(object, "block_size", config->block_size);
	put_number(object, "prog_size", config->prog_size);
	put_number(object, "blocks",
		blocks > config->spare_blocks ? blocks - config->spare_blocks : 0);
	put_bool(object, "mounted", volume != NULL);
	if (volume)
		put_use(object, volume);
}

static struct json_object *part_json(struct twinfs_module *module, enum twinfs_part part)
{
	const struct twinfs_part_info *info = &module->parts[part];
	struct json_object *object = json_object_new_object();

	put_text(&object, "name", info->name);
	put_text(&object, "file", info->file);
	put_number(&object, "addr", info->addr);
	put_number(&object, "file_offset", info->file_offset);
	put_number(&object, "size", info->size);
	if (part == TWINFS_PART_USER)
		put_volume(&object, info, twinfs_module_user(module));
	if (part == TWINFS_PART_BACKUP)
		put_volume(&object, info, twinfs_module_backup(module));
	return object;
}

static struct json_object *parts_json(struct twinfs_module *module)
{
	struct json_object *array = json_object_new_array();

	for (int part = 0; part < TWINFS_PART_COUNT; part++)
		if (module->parts[part].present)
			append(&array, part_json(module, part));
	return array;
}

static struct json_object *flash_json(const struct twinfs_module *module)
{
	const struct twinfs_flash_geometry *geometry =
		&twinfs_flash_config(module->flash)->geometry;
	struct json_object *object = json_object_new_object();
	struct twinfs_flash_stats stats;

	twinfs_flash_stats(module->flash, &stats);
	put_number(&object, "size", twinfs_flash_size(module->flash));
	put_number(&object, "erase_size", geometry->erase_size);
	put_number(&object, "prog_size", geometry->prog_size);
	put_number(&object, "programs", stats.programs);
	put_number(&object, "program_bytes", stats.program_bytes);
	put_number(&object, "erases", stats.erases);
	put_number(&object, "unerased_programs", stats.unerased_programs);
	put_number(&object, "virtual_ns", stats.busy_ns);
	return object;
}

static struct json_object *secure_json(const struct twinfs_module *module)
{
	struct twinfs_secure_slot slots[TWINFS_SECURE_SLOTS] = {0};
	struct json_object *object = json_object_new_object();
	unsigned stored = 0;

	if (module->secure)
		twinfs_secure_list(module->secure, slots);
	for (unsigned i = 0; i < TWINFS_SECURE_SLOTS; i++)
		stored += slots[i].stored;
	put_bool(&object, "present", module->secure != NULL);
	put_number(&object, "slots", module->secure ? TWINFS_SECURE_SLOTS : 0);
	put_number(&object, "stored", stored);
	return object;
}

static uint64_t count_verdict(const struct twinfs_boot_report *report, enum twinfs_verdict verdict)
{
	uint64_t count = 0;

	for (size_t i = 0; i < report->file_count; i++)
		count += report->files[i].verdict == verdict;
	return count;
}

static struct json_object *boot_json(const struct twinfs_boot_report *report)
{
	struct json_object *object = json_object_new_object();

	put_number(&object, "listed", report->file_count);
	put_number(&object, "intact", count_verdict(report, TWINFS_VERDICT_INTACT));
	put_number(&object, "restored", count_verdict(report, TWINFS_VERDICT_RESTORED));
	put_number(&object, "no_backup", count_verdict(report, TWINFS_VERDICT_NO_BACKUP));
	put_bool(&object, "user_formatted", report->user_formatted);
	put_bool(&object, "backup_replaced", report->backup_replaced);
	put_text(&object, "error", report->error);
	put_number(&object, "holes", report->hole_count);
	put_number(&object, "flash_programs", report->flash_programs);
	put_number(&object, "flash_erases", report->flash_erases);
	put_number(&object, "flash_ns", report->flash_ns);
	put_number(&object, "host_ns", report->host_ns);
	return object;
}

/* Power, and what has become of it. A cut leaves the volumes mounted, on a chip that is off. */
static void put_power(struct json_object **object, struct twinfs_module *module)
{
	const struct twinfs_faults *faults = tw_fault_site_faults(module);
	bool is_on = module->is_on && twinfs_flash_has_power(module->flash);
	char cause[TWINFS_FAULT_CAUSE_MAX];
	bool is_cut = twinfs_module_cause(module, cause, sizeof(cause));

	put_text(object, "power", is_on ? "on" : "off");
	put_text(object, "power_cause", is_cut ? cause : NULL);
	put_number(object, "supply_mv", twinfs_module_supply_mv(module));
	put_number(object, "faults", faults ? twinfs_faults_count(faults) : 0);
}

char *twinfs_module_status_json(struct twinfs_module *module)
{
	struct json_object *object = json_object_new_object();

	put_power(&object, module);
	put_number(&object, "boots", module->boots);
	put_text(&object, "policy", twinfs_policy_name(module->policy));
	put_text(&object, "profile", module->profile.name);
	put_text(&object, "modules", module->profile.modules);
	put_text(&object, "access", access_name(module));
	put(&object, "partitions", parts_json(module));
	put(&object, "flash", flash_json(module));
	put(&object, "secure", secure_json(module));
	if (module->last_boot)
		put(&object, "last_boot", boot_json(module->last_boot));
	else
		put_null(&object, "last_boot");
	return print(object);
}

/* ---- wear ---- */

/* Erases of the units [@first, @end): each of them, in all, and at most. */
static struct json_object *range_json(const struct twinfs_module *module, const char *name,
	uint64_t first, uint64_t end)
{
	struct json_object *object = json_object_new_object();
	struct json_object *wear = json_object_new_array();
	uint64_t sum = 0, max = 0;

	for (uint64_t unit = first; unit < end; unit++) {
		uint32_t erases = twinfs_flash_wear(module->flash, unit);

		sum += erases;
		max = erases > max ? erases : max;
		append(&wear, json_object_new_uint64(erases));
	}
	put_text(&object, "name", name);
	put_number(&object, "first_unit", first);
	put_number(&object, "units", end - first);
	put_number(&object, "erases", sum);
	put_number(&object, "max", max);
	put(&object, "wear", wear);
	return object;
}

static struct json_object *ranges_json(const struct twinfs_module *module, uint32_t erase_size)
{
	struct json_object *array = json_object_new_array();

	for (int part = 0; part < TWINFS_PART_COUNT; part++) {
		const struct twinfs_part_info *info = &module->parts[part];

		if (info->present)
			append(&array, range_json(module, info->name, info->addr / erase_size,
					       (info->addr + info->size) / erase_size));
	}
	return array;
}

char *twinfs_module_wear_json(struct twinfs_module *module)
{
	uint32_t erase_size = twinfs_flash_config(module->flash)->geometry.erase_size;
	struct json_object *object = json_object_new_object();

	put_number(&object, "erase_size", erase_size);
	put_text(&object, "wear_file", module->wear_path);
	put(&object, "partitions", ranges_json(module, erase_size));
	return print(object);
}
