/* SPDX-License-Identifier: MIT */
/*
 * verb_flash.c - twinfs flash: what production does with a package and a module.
 *
 * All that can be known to be wrong is found out before the first operation.
 * From then on it is as on a device: a cut leaves partitions that are partly
 * erased, and flashing once more makes them right.
 */
#include "verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "print_package.h"
#include "session.h"
#include "tool.h"

enum {
	KEY_FORCE = TW_OPT_LONG,
	KEY_FAULT,
	KEY_JSON,
	KEY_MAX_SIZE,
};

static const struct tw_tool_option options[] = {
	{'n', "dry-run", NULL, "flash a copy in memory; nothing is written"},
	{KEY_FORCE, "force", NULL, "flash also when that loses SecureData, and lose it"},
	{KEY_FAULT, "fault", "RULE",
		"a fault that happens meanwhile, such as 'cut at op 100'; may be given again"},
	{KEY_JSON, "json", NULL, "print one JSON document"},
	{KEY_MAX_SIZE, "max-size", "N",
		"bytes that all members of PACKAGE together may have "
		"(256 MiB and 8 times its size)"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "flash",
	.usage = (const char *const[]){"[options] IMAGE PACKAGE", NULL},
	.about = "Erases and programs the user and backup partitions of an image that is not "
		 "mounted with the images of a firmware package, of a folder, or with one loose "
		 "customer_fs.bin or customer_backup_fs.bin. SecureData stays, unless the firmware "
		 "has none: that of the platform which PACKAGE names, else of --profile.",
	.options = options,
	.groups = TW_TOOL_SOURCE,
	.status =
		"Exit status: 0 flashed; 1 the flash failed or its power was cut meanwhile: flash "
		"it again; 2 it was not begun.",
	.example = "twinfs flash app.img QUEC_TEST_1.0.0.zip",
};

struct flash {
	const char *package_path;
	const char **rules;
	size_t rule_count;
	uint64_t max_size;
	bool dry_run, force, json;
	struct twinfs_package *package;
	uint8_t *data[TWINFS_FIRMWARE_IMAGES]; /* NULL: the package has none */
	size_t lens[TWINFS_FIRMWARE_IMAGES];
	struct tw_tool_flash result;
};

static const enum twinfs_part parts[TWINFS_FIRMWARE_IMAGES] = {
	[TWINFS_FIRMWARE_USER] = TWINFS_PART_USER,
	[TWINFS_FIRMWARE_BACKUP] = TWINFS_PART_BACKUP,
};

/* ---- before the first operation ---- */

static int read_package(struct flash *flash)
{
	const char *path = flash->package_path;
	struct twinfs_error err = {0};
	int code = twinfs_package_open(path, flash->max_size, &flash->package, &err);
	bool has_any = false;

	if (code < 0)
		return tw_tool_report("flash", path, &err);
	twinfs_package_info(flash->package, &flash->result.info);
	for (int image = 0; image < TWINFS_FIRMWARE_IMAGES; image++) {
		code = twinfs_package_read_image(flash->package, image, &flash->data[image],
			&flash->lens[image], &err);
		if (code < 0 && code != -ENOENT)
			return tw_tool_report("flash", path, &err);
		has_any |= !code;
	}
	if (!has_any)
		return tw_tool_error("flash", path, "there is neither %s nor %s in it",
			twinfs_firmware_image_name(TWINFS_FIRMWARE_USER),
			twinfs_firmware_image_name(TWINFS_FIRMWARE_BACKUP));
	return 0;
}

/* What is misspelt comes before what is wrong with image and package. */
static int check_rules(const struct flash *flash)
{
	struct twinfs_error err = {0};

	for (size_t i = 0; i < flash->rule_count; i++)
		if (twinfs_fault_check(flash->rules[i], &err) < 0)
			return tw_tool_rule_error("flash", flash->rules[i], err.text);
	return 0;
}

/* An image that does not hold a file system is flashed all the same: devices do. */
static int prepare_part(struct flash *flash, const struct tw_tool_session *session, int image)
{
	struct tw_tool_flash_part *part = &flash->result.parts[image];
	const char *name = twinfs_firmware_image_name(image);
	struct twinfs_superblock superblock = {0};
	struct twinfs_error err = {0};
	int code;

	twinfs_module_part(session->module, parts[image], &part->part);
	if (!flash->data[image])
		return 0;
	if (!part->part.present)
		return tw_tool_error("flash", session->image,
			"there is no partition for the package's %s", name);
	code = twinfs_firmware_fit(flash->data[image], flash->lens[image], part->part.size,
		&part->image_len, &err);
	if (code < 0)
		return tw_tool_error("flash", flash->package_path, "%s: %s", name, err.text);
	part->is_flashed = true;
	code = twinfs_volume_probe(flash->data[image], part->image_len, 0, &superblock, NULL);
	if (code == -ENOMEM)
		return tw_tool_no_memory("flash");
	part->version = code == -EUCLEAN ? 0 : superblock.version;
	if (!part->version)
		(void)tw_tool_error("flash", flash->package_path,
			"warning: %s holds no littlefs: the module will format that partition",
			name);
	return 0;
}

/* What the firmware will do with SecureData; a profile counts when it was asked for. */
static enum twinfs_platform_secure keeps_secure(const struct flash *flash,
	const struct tw_tool_args *args, const struct tw_tool_session *session)
{
	const struct twinfs_package_info *info = &flash->result.info;

	if (info->known)
		return info->known->secure;
	if (args->source.profile)
		return twinfs_module_profile(session->module)->secure.size ? TWINFS_PLATFORM_KEEPS
									   : TWINFS_PLATFORM_LOSES;
	/* these bring two partitions and no firmware */
	if (info->kind == TWINFS_PACKAGE_FOLDER || info->kind == TWINFS_PACKAGE_LOOSE)
		return TWINFS_PLATFORM_KEEPS;
	return TWINFS_PLATFORM_UNKNOWN;
}

static int check_secure(struct flash *flash, const struct tw_tool_args *args,
	const struct tw_tool_session *session)
{
	struct twinfs_part_info part;
	enum twinfs_platform_secure secure = keeps_secure(flash, args, session);

	twinfs_module_part(session->module, TWINFS_PART_SECURE, &part);
	flash->result.has_secure = part.present;
	flash->result.loses_secure = part.present && secure != TWINFS_PLATFORM_KEEPS;
	if (!flash->result.loses_secure || flash->force)
		return 0;
	return tw_tool_error("flash", session->image,
		"%s: SecureData would be lost; --force loses it",
		secure == TWINFS_PLATFORM_LOSES
			? "the firmware of the package has no SecureData"
			: "nothing says whether the firmware of the package has SecureData "
			  "(--profile can)");
}

static int add_faults(const struct flash *flash, const struct tw_tool_session *session)
{
	struct twinfs_faults *faults;
	struct twinfs_error err = {0};

	if (!flash->rule_count)
		return 0;
	faults = twinfs_module_faults(session->module);
	if (!faults)
		return tw_tool_no_memory("flash");
	for (size_t i = 0; i < flash->rule_count; i++)
		if (twinfs_faults_add(faults, flash->rules[i], NULL, &err) < 0)
			return tw_tool_rule_error("flash", flash->rules[i], err.text);
	return 0;
}

/* ---- flashing ---- */

static int program(const struct flash *flash, const struct tw_tool_session *session)
{
	struct twinfs_flash *chip = twinfs_module_flash(session->module);
	struct twinfs_part_info secure;
	int code = 0;

	for (int image = 0; !code && image < TWINFS_FIRMWARE_IMAGES; image++) {
		const struct tw_tool_flash_part *part = &flash->result.parts[image];

		if (part->is_flashed)
			code = twinfs_firmware_program(chip, part->part.addr, part->part.size,
				flash->data[image], part->image_len);
	}
	twinfs_module_part(session->module, TWINFS_PART_SECURE, &secure);
	if (!code && flash->result.loses_secure)
		code = twinfs_flash_erase(chip, secure.addr, secure.size);
	return code;
}

static int report_failure(const struct tw_tool_session *session, int code)
{
	char cause[TWINFS_FAULT_CAUSE_MAX];

	if (code == -ESHUTDOWN && twinfs_module_cause(session->module, cause, sizeof(cause)))
		(void)tw_tool_error("flash", session->image, "power was cut: %s; flash it again",
			cause);
	else
		(void)tw_tool_error("flash", session->image,
			"not flashed to the end: %s; flash it again", tw_tool_reason(code));
	return TW_EXIT_WRONG;
}

static int flash_session(struct flash *flash, struct tw_tool_session *session)
{
	struct twinfs_flash *chip = twinfs_module_flash(session->module);
	struct twinfs_flash_stats before;
	int status, code;

	twinfs_flash_stats(chip, &before);
	code = program(flash, session);
	twinfs_flash_stats(chip, &flash->result.stats);
	flash->result.stats.programs -= before.programs;
	flash->result.stats.program_bytes -= before.program_bytes;
	flash->result.stats.erases -= before.erases;
	flash->result.stats.busy_ns -= before.busy_ns;
	status = tw_tool_flush(session);
	if (code < 0)
		return report_failure(session, code);
	return status;
}

static int flash_image(struct flash *flash, const struct tw_tool_args *args)
{
	_cleanup_session_ struct tw_tool_session session = {0};
	int status = tw_tool_open(&session, args,
		flash->dry_run ? TWINFS_IMAGE_SCRATCH : TWINFS_IMAGE_WRITABLE,
		TWINFS_POLICY_DEVICE);

	for (int image = 0; !status && image < TWINFS_FIRMWARE_IMAGES; image++)
		status = prepare_part(flash, &session, image);
	if (!status)
		status = check_secure(flash, args, &session);
	if (!status)
		status = add_faults(flash, &session);
	if (!status)
		status = flash_session(flash, &session);
	if (status)
		return status;
	flash->result.image = session.image;
	flash->result.package = flash->package_path;
	flash->result.dry_run = flash->dry_run;
	if (flash->json)
		tw_tool_json_flash(&flash->result);
	else
		tw_tool_print_flash(&flash->result);
	return 0;
}

static int run(struct flash *flash, struct tw_tool_args *args)
{
	int status = tw_tool_take_image(args);

	if (!status)
		status = tw_tool_need(args, "PACKAGE", &flash->package_path);
	if (!status)
		status = tw_tool_no_more(args);
	if (!status)
		status = check_rules(flash);
	if (!status)
		status = read_package(flash);
	return status ? status : flash_image(flash, args);
}

int tw_tool_verb_flash(int argc, char **argv)
{
	_cleanup_free_ const char **rules = calloc((size_t)argc + 1, sizeof(*rules));
	struct flash flash = {.rules = rules};
	struct tw_tool_args args;
	int key, status;

	if (!rules)
		return tw_tool_no_memory("flash");
	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		flash.dry_run |= key == 'n';
		flash.force |= key == KEY_FORCE;
		flash.json |= key == KEY_JSON;
		if (key == KEY_FAULT)
			rules[flash.rule_count++] = args.value;
		if (key == KEY_MAX_SIZE &&
			(!tw_tool_parse_size(args.value, UINT64_MAX, &flash.max_size) ||
				!flash.max_size))
			return tw_tool_bad_value(&args, "max-size", "a size (such as 1024M)");
	}
	status = run(&flash, &args);
	for (int image = 0; image < TWINFS_FIRMWARE_IMAGES; image++)
		free(flash.data[image]);
	twinfs_package_close(flash.package);
	return status;
}
