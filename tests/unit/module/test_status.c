/* SPDX-License-Identifier: MIT */
/*
 * test_status.c - what a module says of itself: status and wear.
 */
#include <json-c/json.h>

#include "small_module.h"

/* The value at a path like "partitions.0.name" of @object; it must be there. */
static struct json_object *at(struct json_object *object, const char *path)
{
	char key[64];

	while (*path) {
		size_t len = strcspn(path, ".");

		(void)snprintf(key, sizeof(key), "%.*s", (int)len, path);
		if (json_object_is_type(object, json_type_array))
			object = json_object_array_get_idx(object, strtoul(key, NULL, 10));
		else
			ck_assert_msg(json_object_object_get_ex(object, key, &object), "%s", key);
		path += len + (path[len] == '.');
	}
	return object;
}

static struct json_object *parse(char *text)
{
	struct json_object *object;

	ck_assert_ptr_nonnull(text);
	object = json_tokener_parse(text);
	ck_assert_ptr_nonnull(object);
	free(text);
	return object;
}

#define expect_number(object, path, value)                                                         \
	ck_assert_uint_eq(json_object_get_uint64(at(object, path)), value)
#define expect_string(object, path, value)                                                         \
	ck_assert_str_eq(json_object_get_string(at(object, path)), value)

START_TEST(status_of_a_module_that_is_off)
{
	struct twinfs_module *module = open_module(&chip_source, 0);
	struct json_object *status = parse(twinfs_module_status_json(module)), *none;

	expect_string(status, "power", "off");
	expect_number(status, "boots", 0);
	expect_string(status, "policy", "device");
	expect_string(status, "profile", "small");
	expect_string(status, "access", "read_only");
	expect_number(status, "partitions.0.addr", USER_ADDR);
	expect_string(status, "partitions.0.format", "lfs1");
	expect_string(status, "partitions.0.version", "1.1");
	expect_number(status, "partitions.0.blocks", 63);
	expect_string(status, "partitions.1.name", "customer_backup_fs");
	expect_string(status, "partitions.2.name", "securedata");
	expect_number(status, "partitions.2.size", SECURE_SIZE);
	ck_assert(!json_object_object_get_ex(at(status, "partitions.0"), "used_blocks", &none));
	ck_assert_ptr_null(at(status, "last_boot"));
	expect_number(status, "secure.slots", 16);
	json_object_put(status);
	twinfs_module_close(module);
}
END_TEST

START_TEST(status_of_a_module_that_is_on)
{
	struct twinfs_module *module = open_module(&chip_source, TWINFS_IMAGE_WRITABLE);
	struct json_object *status;
	struct twinfs_statfs statfs;
	char *text;

	ck_assert_int_eq(twinfs_secure_store(twinfs_module_secure(module), 9, "s3cret", 6), 0);
	power_on(module);
	ck_assert_int_eq(twinfs_volume_statfs(twinfs_module_user(module), &statfs), 0);
	text = twinfs_module_status_json(module);
	ck_assert_ptr_null(strstr(text, "s3cret"));
	status = parse(text);
	expect_string(status, "power", "on");
	expect_string(status, "access", "writable");
	expect_number(status, "partitions.0.used_blocks", statfs.blocks - statfs.free);
	expect_number(status, "partitions.0.free_blocks", statfs.free);
	expect_number(status, "partitions.0.objects", 4);
	expect_number(status, "partitions.0.pending_repairs.orphans", 0);
	expect_number(status, "secure.stored", 1);
	expect_number(status, "flash.erase_size", 4096);
	ck_assert_uint_gt(json_object_get_uint64(at(status, "flash.erases")), 0);
	ck_assert_uint_gt(json_object_get_uint64(at(status, "flash.virtual_ns")), 0);
	expect_number(status, "last_boot.listed", 1);
	expect_number(status, "last_boot.intact", 1);
	json_object_put(status);
	twinfs_module_close(module);
}
END_TEST

START_TEST(wear_is_kept)
{
	const struct twinfs_module_options options = {
		.image_flags = TWINFS_IMAGE_WRITABLE, .keep_wear = true};
	struct twinfs_module *module = NULL;
	struct json_object *wear;
	uint64_t first;

	ck_assert_int_eq(twinfs_module_open(&chip_source, &options, &module, NULL), 0);
	power_on(module);
	wear = parse(twinfs_module_wear_json(module));
	expect_string(wear, "wear_file", "chip.img.wear");
	expect_number(wear, "partitions.0.first_unit", USER_ADDR / 4096);
	expect_number(wear, "partitions.0.units", 64);
	ck_assert_uint_eq(json_object_array_length(at(wear, "partitions.0.wear")), 64);
	first = json_object_get_uint64(at(wear, "partitions.0.erases"));
	ck_assert_uint_gt(first, 0);
	json_object_put(wear);
	twinfs_module_close(module);

	ck_assert_int_eq(twinfs_module_open(&chip_source, &options, &module, NULL), 0);
	wear = parse(twinfs_module_wear_json(module));
	expect_number(wear, "partitions.0.erases", first);
	json_object_put(wear);
	twinfs_module_close(module);
}
END_TEST

START_TEST(useless_wear_file_is_harmless)
{
	const struct twinfs_module_options options = {
		.image_flags = TWINFS_IMAGE_WRITABLE, .keep_wear = true};
	struct twinfs_module *module = NULL;

	write_text("chip.img.wear", "rubbish");
	ck_assert_int_eq(twinfs_module_open(&chip_source, &options, &module, NULL), 0);
	ck_assert_uint_eq(twinfs_flash_wear(twinfs_module_flash(module), 0), 0);
	/* Nothing was erased, so nothing is saved. */
	twinfs_module_close(module);
	ck_assert_int_eq(tempdir_byte("chip.img.wear", 0), 'r');
}
END_TEST

static TCase *status_case(void)
{
	TCase *tcase = new_case("status");

	tcase_add_test(tcase, status_of_a_module_that_is_off);
	tcase_add_test(tcase, status_of_a_module_that_is_on);
	tcase_add_test(tcase, wear_is_kept);
	tcase_add_test(tcase, useless_wear_file_is_harmless);
	return tcase;
}

int main(void)
{
	return run_case(status_case());
}
