/* SPDX-License-Identifier: MIT */
/*
 * print_package_json.c - what was done with a firmware package, as one document.
 */
#include "print_package.h"

#include <inttypes.h>
#include <stdio.h>

#include "json.h"
#include "text.h"

static void add_or_null(struct json_object *to, const char *key, const char *value)
{
	if (value && *value)
		tw_tool_json_add_bytes(to, key, value);
	else
		tw_tool_json_add_string(to, key, NULL);
}

static void add_info(struct json_object *to, const struct twinfs_package_info *info)
{
	struct json_object *images = tw_tool_json_object();

	tw_tool_json_add_string(to, "kind", twinfs_package_kind_name(info->kind));
	add_or_null(to, "platform", info->platform);
	add_or_null(to, "inner", info->inner);
	for (int image = 0; image < TWINFS_FIRMWARE_IMAGES; image++)
		add_or_null(images, twinfs_firmware_image_name(image), info->images[image]);
	tw_tool_json_add(to, "images", images);
}

void tw_tool_json_merge(const struct tw_tool_merge *merge)
{
	struct json_object *root = tw_tool_json_object(), *made = tw_tool_json_array();
	struct json_object *warnings = tw_tool_json_array();

	tw_tool_json_add_bytes(root, "firmware", merge->firmware);
	tw_tool_json_add_bytes(root, "output", merge->output);
	add_info(root, &merge->base);
	tw_tool_json_add_string(root, "profile", merge->profile);
	tw_tool_json_add_string(root, "project_name", merge->project.name);
	tw_tool_json_add_string(root, "project_version", merge->project.version);
	tw_tool_json_add_uint(root, "objects", merge->objects);
	for (int image = 0; image < TWINFS_FIRMWARE_IMAGES; image++) {
		struct json_object *one;

		if (!merge->sizes[image])
			continue;
		one = tw_tool_json_object();
		tw_tool_json_add_string(one, "name", twinfs_firmware_image_name(image));
		tw_tool_json_add_uint(one, "size", merge->sizes[image]);
		tw_tool_json_add_string(one, "action",
			merge->base.images[image] ? "replaced" : "added");
		tw_tool_json_append(made, one);
	}
	tw_tool_json_add(root, "made", made);
	for (size_t i = 0; i < merge->warning_count; i++) {
		struct json_object *one = tw_tool_json_object();

		tw_tool_json_add_string(one, "problem",
			twinfs_problem_name(merge->warnings[i].problem));
		add_or_null(one, "file", merge->warnings[i].file);
		tw_tool_json_add_bytes(one, "text", merge->warnings[i].text);
		tw_tool_json_append(warnings, one);
	}
	tw_tool_json_add(root, "warnings", warnings);
	tw_tool_json_print(root, true);
}

void tw_tool_json_unpack(const struct tw_tool_unpack *unpack)
{
	struct json_object *root = tw_tool_json_object(), *members = tw_tool_json_array();

	tw_tool_json_add_bytes(root, "package", unpack->path);
	add_or_null(root, "directory", unpack->dir);
	add_info(root, &unpack->info);
	tw_tool_json_add_uint(root, "size", unpack->info.size);
	tw_tool_json_add_uint(root, "unpacked_size", unpack->info.unpacked);
	for (size_t i = 0; i < unpack->info.count; i++) {
		struct json_object *one = tw_tool_json_object();
		struct twinfs_package_member member;
		char crc[16];

		twinfs_package_member(unpack->package, i, &member);
		(void)snprintf(crc, sizeof(crc), "0x%08" PRIx32, member.crc);
		tw_tool_json_add_bytes(one, "name", member.name);
		tw_tool_json_add_uint(one, "size", member.size);
		tw_tool_json_add_uint(one, "packed_size", member.packed);
		tw_tool_json_add_uint(one, "offset", member.addr);
		tw_tool_json_add_string(one, "crc32", crc);
		tw_tool_json_add_uint(one, "method", member.method);
		tw_tool_json_add_bool(one, "encrypted", member.is_encrypted);
		tw_tool_json_append(members, one);
	}
	tw_tool_json_add(root, "members", members);
	tw_tool_json_print(root, true);
}

static struct json_object *part_json(const struct tw_tool_flash_part *part)
{
	struct json_object *it = tw_tool_json_object();

	tw_tool_json_add_string(it, "name", part->part.name);
	tw_tool_json_add_uint(it, "addr", part->part.addr);
	tw_tool_json_add_uint(it, "size", part->part.size);
	tw_tool_json_add_bool(it, "flashed", part->is_flashed);
	if (!part->is_flashed)
		return it;
	tw_tool_json_add_uint(it, "image_bytes", part->image_len);
	tw_tool_json_add_version(it, part->version);
	return it;
}

void tw_tool_json_flash(const struct tw_tool_flash *flash)
{
	struct json_object *root = tw_tool_json_object(), *parts = tw_tool_json_array();

	tw_tool_json_add_bytes(root, "image", flash->image);
	tw_tool_json_add_bytes(root, "package", flash->package);
	tw_tool_json_add_bool(root, "dry_run", flash->dry_run);
	tw_tool_json_add_string(root, "kind", twinfs_package_kind_name(flash->info.kind));
	add_or_null(root, "platform", flash->info.platform);
	for (int image = 0; image < TWINFS_FIRMWARE_IMAGES; image++)
		if (flash->parts[image].part.present)
			tw_tool_json_append(parts, part_json(&flash->parts[image]));
	tw_tool_json_add(root, "partitions", parts);
	tw_tool_json_add_string(root, "securedata",
		!flash->has_secure    ? NULL
		: flash->loses_secure ? "lost"
				      : "kept");
	tw_tool_json_add_uint(root, "programs", flash->stats.programs);
	tw_tool_json_add_uint(root, "program_bytes", flash->stats.program_bytes);
	tw_tool_json_add_uint(root, "erases", flash->stats.erases);
	tw_tool_json_add_uint(root, "busy_ns", flash->stats.busy_ns);
	tw_tool_json_print(root, true);
}
