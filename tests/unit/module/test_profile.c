/* SPDX-License-Identifier: MIT */
/*
 * test_profile.c - the profiles that come with twinfs, and every way in which
 * one of somebody else can be wrong.
 */
#include <twinfs/profile.h>

#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "module/profile_json.h"
#include "module/volume_config.h"
#include "tempdir.h"

/* A right profile, small and unlike the built-in ones. */
static const char good[] =
	"{\"name\": \"mine\", \"modules\": \"X1, X2\", \"chip_size\": \"1M\",\n"
	" \"partitions\": {\n"
	"  \"customer_fs\": {\"addr\": \"0x10000\", \"size\": \"128K\"},\n"
	"  \"customer_backup_fs\": {\"addr\": 262144, \"size\": \"65536\"},\n"
	"  \"securedata\": {\"addr\": \"0xf0000\", \"size\": \"0x8000\"}},\n"
	" \"filesystem\": {\"format\": 1, \"block_size\": 4096, \"prog_size\": 256,\n"
	"  \"spare_blocks\": 1},\n"
	" \"boot\": {\"restores\": true, \"writes_settings\": false},\n"
	" \"flash\": {\"read_size\": 1, \"prog_size\": 16, \"erase_size\": 4096,\n"
	"  \"strict\": true, \"read_ns_per_kib\": 7, \"page_size\": 256,\n"
	"  \"program_page_ns\": 8, \"erase_unit_ns\": 9},\n"
	" \"sources\": {\"chip_size\": \"assumed: made up\", \"flash\": \"data sheet: none\"}}\n";

/* The profile @good with @from, which must be in it once, replaced by @to; free() it. */
static char *changed(const char *from, const char *to)
{
	const char *at = strstr(good, from);
	char *text = NULL;

	ck_assert_msg(at && !strstr(at + 1, from), "%s", from);
	ck_assert_int_ge(asprintf(&text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from)),
		0);
	return text;
}

static int load_text(const char *text, size_t len, struct twinfs_profile *profile,
	struct twinfs_error *err)
{
	ck_assert_int_eq(tw_file_write("mine.json", text, len, 0644, 0), 0);
	return twinfs_profile_load("mine.json", profile, err);
}

START_TEST(built_in_profiles_are_right)
{
	static const char *const names[] = {
		"default", "asr1601", "asr1603", "eigen718", "unisoc8910"};
	size_t count = 0;

	for (; twinfs_profile_name(count); count++) {
		struct twinfs_profile profile;
		struct twinfs_error err = {0};
		int rc = twinfs_profile_load(twinfs_profile_name(count), &profile, &err);
		const uint64_t edge = 32 << 10;

		ck_assert_msg(rc == 0, "%s: %s", twinfs_profile_name(count), err.text);
		ck_assert_str_eq(profile.name, twinfs_profile_name(count));
		/* Room for a partition table at both ends. */
		ck_assert_uint_ge(profile.user.addr, edge);
		ck_assert_uint_le(profile.user.addr + profile.user.size, profile.chip_size - edge);
		if (profile.backup.size)
			ck_assert_uint_ge(profile.backup.addr,
				profile.user.addr + profile.user.size);
		if (profile.secure.size)
			ck_assert_uint_ge(profile.secure.addr,
				profile.backup.addr + profile.backup.size);
		ck_assert_uint_le(profile.secure.addr + profile.secure.size,
			profile.chip_size - edge);
		ck_assert_uint_eq(profile.block_size, 4096);
		ck_assert_uint_eq(profile.spare_blocks, profile.format == 1);
	}
	ck_assert_uint_eq(count, sizeof(names) / sizeof(names[0]));
	for (size_t i = 0; i < count; i++)
		ck_assert_str_eq(twinfs_profile_name(i), names[i]);
}
END_TEST

START_TEST(default_profile_is_the_default)
{
	struct twinfs_profile first, second;

	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
	ck_assert_int_eq(twinfs_profile_load(NULL, &first, NULL), 0);
	ck_assert_int_eq(twinfs_profile_load("default", &second, NULL), 0);
	ck_assert_str_eq(first.name, "default");
	ck_assert_mem_eq(&first, &second, sizeof(first));
	ck_assert_uint_eq(first.user.size, 5242880);
	ck_assert_uint_eq(first.backup.size, 204800);
	ck_assert_uint_eq(first.secure.size, 65536);
	ck_assert_uint_eq(first.flash.geometry.prog_size, 16);
	ck_assert(first.restores && first.writes_settings && first.flash.strict);
}
END_TEST

START_TEST(known_sizes_of_modules)
{
	struct twinfs_profile profile;

	ck_assert_int_eq(twinfs_profile_load("unisoc8910", &profile, NULL), 0);
	ck_assert_uint_eq(profile.user.addr, 0x4e0000);
	ck_assert_uint_eq(profile.user.size, 0x60000);
	ck_assert_uint_eq(profile.backup.addr, 0x540000);
	ck_assert_uint_eq(profile.backup.size, 0x20000);
	ck_assert_int_eq(twinfs_profile_load("asr1601", &profile, NULL), 0);
	ck_assert_uint_eq(profile.user.size, 5242880);
	ck_assert_uint_eq(profile.backup.size, 204800);
	ck_assert_int_eq(twinfs_profile_load("eigen718", &profile, NULL), 0);
	ck_assert_uint_eq(profile.user.addr, 0x2e8000);
	ck_assert_uint_eq(profile.user.size, 0x48000);
	ck_assert_uint_eq(profile.backup.size, 0);
}
END_TEST

START_TEST(versions_that_firmware_mounts)
{
	struct twinfs_profile profile;

	ck_assert_int_eq(twinfs_profile_load("unisoc8910", &profile, NULL), 0);
	ck_assert(tw_profile_mounts(&profile, 1) && !tw_profile_mounts(&profile, 2));
	ck_assert_int_eq(twinfs_profile_load("asr1603", &profile, NULL), 0);
	ck_assert(tw_profile_mounts(&profile, 1) && tw_profile_mounts(&profile, 2));
	ck_assert_int_eq(twinfs_profile_load("default", &profile, NULL), 0);
	ck_assert(tw_profile_mounts(&profile, 1) && tw_profile_mounts(&profile, 2));
	ck_assert_int_eq(twinfs_profile_load("eigen718", &profile, NULL), 0);
	ck_assert(!tw_profile_mounts(&profile, 1) && tw_profile_mounts(&profile, 2));
}
END_TEST

START_TEST(each_version_is_written_its_own_way)
{
	struct twinfs_volume_config config = {.block_size = 4096};
	struct twinfs_profile profile;

	ck_assert_int_eq(twinfs_profile_load("asr1603", &profile, NULL), 0);
	tw_profile_configure(&profile, 1, 0, &config);
	ck_assert_uint_eq(config.prog_size, 4096);
	ck_assert_uint_eq(config.spare_blocks, 1);
	ck_assert_uint_eq(config.disk_version, TWINFS_LFS_1_1);
	ck_assert_uint_eq(config.flags, 0);
	tw_profile_configure(&profile, 2, 0, &config);
	ck_assert_uint_eq(config.prog_size, 32);
	ck_assert_uint_eq(config.spare_blocks, 0);
	ck_assert_uint_eq(config.disk_version, TWINFS_LFS_2_0);
	ck_assert_int_eq(config.block_cycles, 100);
	ck_assert_uint_eq(config.flags, TWINFS_VOLUME_MTIME);
	config.block_size = 128;
	tw_profile_configure(&profile, 1, 0, &config);
	ck_assert_uint_eq(config.prog_size, 128);
	tw_profile_configure(&profile, 1, 16, &config);
	ck_assert_uint_eq(config.prog_size, 16);
}
END_TEST

START_TEST(unknown_name_lists_the_known)
{
	struct twinfs_profile profile;
	struct twinfs_error err = {0};

	ck_assert_int_eq(twinfs_profile_load("asr", &profile, &err), -ENOENT);
	ck_assert_int_eq(err.problem, TWINFS_P_PROFILE);
	ck_assert_str_eq(err.text, "no profile 'asr' (did you mean asr1601?); there are default, "
				   "asr1601, asr1603, eigen718, unisoc8910, "
				   "or give the path of a file");
	ck_assert_int_eq(twinfs_profile_load("", &profile, &err), -ENOENT);
	ck_assert_int_eq(twinfs_profile_load("./missing", &profile, &err), -ENOENT);
	ck_assert_str_eq(err.file, "./missing");
	ck_assert_int_eq(twinfs_profile_load("missing.json", &profile, &err), -ENOENT);
	ck_assert_str_eq(err.file, "missing.json");
}
END_TEST

START_TEST(file_is_read_whole)
{
	struct twinfs_profile profile;
	struct twinfs_error err = {0};
	int rc = load_text(good, strlen(good), &profile, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
	ck_assert_str_eq(profile.name, "mine");
	ck_assert_str_eq(profile.modules, "X1, X2");
	ck_assert_uint_eq(profile.chip_size, 1 << 20);
	ck_assert_uint_eq(profile.user.addr, 0x10000);
	ck_assert_uint_eq(profile.user.size, 128 << 10);
	ck_assert_uint_eq(profile.backup.addr, 262144);
	ck_assert_uint_eq(profile.backup.size, 65536);
	ck_assert_uint_eq(profile.secure.addr, 0xf0000);
	ck_assert_uint_eq(profile.secure.size, 0x8000);
	ck_assert_uint_eq(profile.format, 1);
	ck_assert_uint_eq(profile.block_size, 4096);
	ck_assert_uint_eq(profile.prog_size, 256);
	ck_assert_uint_eq(profile.spare_blocks, 1);
	ck_assert(profile.restores && !profile.writes_settings);
	ck_assert_uint_eq(profile.flash.geometry.read_size, 1);
	ck_assert_uint_eq(profile.flash.geometry.prog_size, 16);
	ck_assert_uint_eq(profile.flash.geometry.erase_size, 4096);
	ck_assert(profile.flash.strict);
	ck_assert_uint_eq(profile.flash.timing.read_ns_per_kib, 7);
	ck_assert_uint_eq(profile.flash.timing.page_size, 256);
	ck_assert_uint_eq(profile.flash.timing.program_page_ns, 8);
	ck_assert_uint_eq(profile.flash.timing.erase_unit_ns, 9);
}
END_TEST

START_TEST(areas_are_optional_but_for_the_user)
{
	struct twinfs_profile profile;
	struct twinfs_error err = {0};
	char *text =
		changed(",\n  \"customer_backup_fs\": {\"addr\": 262144, \"size\": \"65536\"},\n"
			"  \"securedata\": {\"addr\": \"0xf0000\", \"size\": \"0x8000\"}},\n",
			"},\n");
	int rc = load_text(text, strlen(text), &profile, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
	ck_assert_uint_eq(profile.backup.size, 0);
	ck_assert_uint_eq(profile.secure.size, 0);
	free(text);
}
END_TEST

/* Left out, it is as the restore: old profiles stay what they were meant to be. */
START_TEST(updates_follow_the_restore)
{
	static const struct {
		const char *boot;
		bool applies;
	} cases[] = {
		{"\"restores\": true", true},
		{"\"restores\": false", false},
		{"\"restores\": true, \"applies_updates\": false", false},
		{"\"restores\": false, \"applies_updates\": true", true},
	};
	struct twinfs_profile profile;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = changed("\"restores\": true", cases[i].boot);

		ck_assert_int_eq(load_text(text, strlen(text), &profile, NULL), 0);
		ck_assert_int_eq(profile.applies_updates, cases[i].applies);
		free(text);
	}
}
END_TEST

#define KEY(section, name) "key '" section "." name "' "

static const struct {
	const char *from, *to; /* what is changed in a good profile */
	int code;
	const char *text; /* beginning of the error */
} bad[] = {
	/* kinds */
	{"\"mine\"", "7", -EUCLEAN, "key 'name' must be text"},
	{"\"mine\"", "\"\"", -EUCLEAN, "key 'name' must have 1 to 31 bytes"},
	{"\"mine\"", "\"a\\u0000b\"", -EUCLEAN, "key 'name' must have 1 to 31 bytes"},
	{"\"mine\"", "\"12345678901234567890123456789012\"", -EUCLEAN,
		"key 'name' must have 1 to 31"},
	{"X1", "X\\n1", -EUCLEAN, "key 'modules' has a control character"},
	{"\"1M\"", "null", -EUCLEAN, "key 'chip_size' is null, must be a number"},
	{"\"1M\"", "[]", -EUCLEAN, "key 'chip_size' is [ ], must be a number"},
	{"\"1M\"", "true", -EUCLEAN, "key 'chip_size' is true, must be a number"},
	{"\"1M\"", "1048576.0", -EUCLEAN, "key 'chip_size' is 1048576.0, must be a number"},
	{"\"1M\"", "-1", -EUCLEAN, "key 'chip_size' is -1, must be a number"},
	{"\"1M\"", "\"-1\"", -EUCLEAN, "key 'chip_size' is -1, must be a number"},
	{"\"1M\"", "\"1m\"", -EUCLEAN, "key 'chip_size' is 1m, must be a number"},
	{"\"1M\"", "\"1MM\"", -EUCLEAN, "key 'chip_size' is 1MM, must be a number"},
	{"\"1M\"", "\" 1M\"", -EUCLEAN, "key 'chip_size' is  1M, must be a number"},
	{"\"1M\"", "\"0x\"", -EUCLEAN, "key 'chip_size' is 0x, must be a number"},
	{"\"1M\"", "\"\"", -EUCLEAN, "key 'chip_size' is , must be a number"},
	{"\"1M\"", "\"99999999999999999999\"", -EUCLEAN, "key 'chip_size' is 9999999999999999999"},
	{"\"1M\"", "\"18446744073709551615K\"", -EUCLEAN,
		"key 'chip_size' is 18446744073709551615K"},
	{"\"1M\"", "999999999999999", -EOVERFLOW,
		"key 'chip_size' is 999999999999999 bytes, at most"},
	{"\"1M\"", "\"2000000M\"", -EOVERFLOW, "key 'chip_size' is 2097152000000 bytes, at most"},
	{"\"1M\"", "0", -EUCLEAN, "key 'chip_size' is 0, must be 1 to"},
	{"{\"restores\": true, \"writes_settings\": false}", "1", -EUCLEAN,
		"key 'boot' must be an object"},
	{"\"restores\": true", "\"restores\": 1", -EUCLEAN,
		KEY("boot", "restores") "must be true or"},
	{"\"format\": 1", "\"format\": 3", -EUCLEAN,
		KEY("filesystem", "format") "is 3, must be 1 to 2"},
	{"\"format\": 1", "\"format\": 2", -EUCLEAN, KEY("filesystem", "v2") "is missing, which"},
	{"\"spare_blocks\": 1", "\"spare_blocks\": 1, \"v2\": {}", -EUCLEAN,
		KEY("filesystem.v2", "prog_size") "is missing"},
	{"\"spare_blocks\": 1", "\"spare_blocks\": 1, \"v2\": {\"read_size\": 1}", -EUCLEAN,
		KEY("filesystem.v2", "read_size") "is unknown"},
	{"\"spare_blocks\": 1",
		"\"spare_blocks\": 1, \"v2\": {\"prog_size\": 48, \"block_cycles\": 1, "
		"\"stores_mtime\": true}",
		-EUCLEAN, KEY("filesystem.v2", "prog_size") "is 48, must be a multiple"},
	/* missing and unknown keys */
	{"\"modules\": \"X1, X2\",", "", -EUCLEAN, "key 'modules' is missing"},
	{"\"read_size\": 1,", "", -EUCLEAN, KEY("flash", "read_size") "is missing"},
	{"\"boot\": {\"restores\": true, \"writes_settings\": false},", "", -EUCLEAN,
		"key 'boot' is missing"},
	{"\"addr\": \"0xf0000\", ", "", -EUCLEAN,
		KEY("partitions.securedata", "addr") "is missing"},
	{"\"customer_fs\": {\"addr\": \"0x10000\", \"size\": \"128K\"},", "", -EUCLEAN,
		KEY("partitions", "customer_fs") "is missing"},
	{"\"restores\"", "\"restore\"", -EUCLEAN, KEY("boot", "restore") "is unknown"},
	{"\"name\"", "\"nick\"", -EUCLEAN, "key 'nick' is unknown"},
	{"\"securedata\"", "\"secure\"", -EUCLEAN, KEY("partitions", "secure") "is unknown"},
	{"\"addr\": 262144", "\"addr\": 262144, \"end\": 1", -EUCLEAN,
		KEY("partitions.customer_backup_fs", "end") "is unknown"},
	{"\"modules\"", "\"flash.strict\": true, \"modules\"", -EUCLEAN,
		"key 'flash.strict' is unknown"},
	/* sources */
	{"{\"chip_size\": \"a", "{\"chip\": \"a", -EUCLEAN,
		"key 'sources' has 'chip', which is no"},
	{"assumed: made up", "made up", -EUCLEAN, "source of 'chip_size' must begin with doc:,"},
	{"assumed: made up", "assumed: ", -EUCLEAN, "source of 'chip_size' must begin with"},
	{"\"assumed: made up\"", "1", -EUCLEAN, "source of 'chip_size' must begin with"},
	{"\"assumed: made up\"", "null", -EUCLEAN, "source of 'chip_size' must begin with"},
	/* flash */
	{"\"erase_size\": 4096", "\"erase_size\": 4080", -EUCLEAN,
		KEY("flash", "erase_size") "is 4080, no power of two"},
	{"\"prog_size\": 16", "\"prog_size\": 48", -EUCLEAN,
		KEY("flash", "prog_size") "is 48, does not"},
	{"\"prog_size\": 16", "\"prog_size\": 8192", -EUCLEAN,
		KEY("flash", "prog_size") "is 8192, does"},
	{"\"read_size\": 1", "\"read_size\": 3", -EUCLEAN,
		KEY("flash", "read_size") "is 3, does not"},
	{"\"read_size\": 1", "\"read_size\": 0", -EUCLEAN,
		KEY("flash", "read_size") "is 0, must be 1 to"},
	{"\"page_size\": 256", "\"page_size\": 100", -EUCLEAN,
		KEY("flash", "page_size") "is 100, no power of two"},
	{"\"program_page_ns\": 8", "\"program_page_ns\": \"1000000000001\"", -EUCLEAN,
		KEY("flash", "program_page_ns") "is 1000000000001, must be 0 to"},
	/* file system */
	{"\"block_size\": 4096", "\"block_size\": 6144", -EUCLEAN,
		KEY("filesystem", "block_size") "is 6144, no multiple"},
	{"\"prog_size\": 256", "\"prog_size\": 8", -EUCLEAN,
		KEY("filesystem", "prog_size") "is 8, must"},
	{"\"prog_size\": 256", "\"prog_size\": 48", -EUCLEAN,
		KEY("filesystem", "prog_size") "is 48, must"},
	{"\"spare_blocks\": 1", "\"spare_blocks\": 13", -EUCLEAN,
		KEY("partitions.customer_backup_fs", "size") "is 65536, needs 4 blocks of 4096"},
	/* areas */
	{"\"0x10000\"", "\"0x10800\"", -EUCLEAN,
		KEY("partitions.customer_fs", "addr") "is 0x10800, no multiple of"},
	{"\"128K\"", "\"129K\"", -EUCLEAN,
		KEY("partitions.customer_fs", "size") "is 132096, no mult"},
	{"\"128K\"", "0", -EUCLEAN, KEY("partitions.customer_fs", "size") "is 0, must be 1 to"},
	{"\"128K\"", "\"16K\"", -EUCLEAN,
		KEY("partitions.customer_fs", "size") "is 16384, needs 4 blocks"},
	{"\"0xf0000\"", "\"0xfc000\"", -EUCLEAN,
		"key 'partitions.securedata' ends at 0x104000, behind 'chip_size' 0x100000"},
	{"\"0xf0000\"", "\"0x10000000000\"", -EUCLEAN, "key 'partitions.securedata' ends at"},
	{"\"0xf0000\"", "\"0x10000000001\"", -EOVERFLOW,
		KEY("partitions.securedata", "addr") "is 109951"},
	{"\"0x8000\"", "\"0x5000\"", -EUCLEAN,
		KEY("partitions.securedata", "size") "is 20480, must be a multiple of 8192"},
	{"\"0x8000\"", "\"0x7000\"", -EUCLEAN,
		KEY("partitions.securedata", "size") "is 28672, must be"},
	{"\"128K\"", "\"196K\"", -EUCLEAN,
		"key 'partitions.customer_backup_fs' overlaps 'partitions.customer_fs'"},
	{"\"0xf0000\"", "\"0x2f000\"", -EUCLEAN,
		"key 'partitions.securedata' overlaps 'partitions.customer_fs'"},
	{"\"0xf0000\"", "\"0x4f000\"", -EUCLEAN,
		"key 'partitions.securedata' overlaps 'partitions.customer_backup_fs'"},
	{"\"0x10000\"", "\"0x3f000\"", -EUCLEAN,
		"key 'partitions.customer_backup_fs' overlaps 'partitions.customer_fs'"},
	/* syntax */
	{"{\"name\"", "{name", -EUCLEAN, "not JSON at byte 1: "},
	{"none\"}}\n", "none\"}}\n}", -EUCLEAN, "not JSON at byte"},
	{"none\"}}\n", "none\"}\n", -EUCLEAN, "not JSON at byte"},
	{"{\"name\": \"mine\"", "[[[[[[[[[[[1]]]]]]]]]]]", -EUCLEAN,
		"not JSON at byte 8: nesting too deep"},
	{"X1", "\xff", -EUCLEAN, "not JSON at byte"},
};

START_TEST(bad_profile_is_refused_by_key)
{
	struct twinfs_profile profile, untouched;
	struct twinfs_error err = {0};
	char *text = changed(bad[_i].from, bad[_i].to);

	memset(&profile, 0x5a, sizeof(profile));
	memset(&untouched, 0x5a, sizeof(untouched));
	ck_assert_int_eq(load_text(text, strlen(text), &profile, &err), bad[_i].code);
	ck_assert_msg(!strncmp(err.text, bad[_i].text, strlen(bad[_i].text)), "'%s', not '%s'",
		err.text, bad[_i].text);
	ck_assert_int_eq(err.problem, TWINFS_P_PROFILE);
	ck_assert_str_eq(err.file, "mine.json");
	ck_assert_mem_eq(&profile, &untouched, sizeof(profile));
	ck_assert_int_eq(twinfs_profile_load("./mine.json", &profile, NULL), bad[_i].code);
	free(text);
}
END_TEST

/* Texts that no change of a good profile gives. */
START_TEST(other_texts_are_refused)
{
	static const struct {
		const char *text;
		size_t len;
	} texts[] = {{"", 0}, {" ", 1}, {"7", 1}, {"[]", 2}, {"null", 4}, {"\"\"", 2}, {"{}\0", 3},
		{"{", 1}, {"\0{}", 3}};
	struct twinfs_profile profile;
	struct twinfs_error err;
	char *large = calloc(1, (64 << 10) + 1);

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		err = (struct twinfs_error){0};
		ck_assert_int_eq(load_text(texts[i].text, texts[i].len, &profile, &err), -EUCLEAN);
		ck_assert(!strncmp(err.text, "not ", 4));
	}
	ck_assert_int_eq(load_text("{}", 2, &profile, &err), -EUCLEAN);
	ck_assert_str_eq(err.text, "key 'name' is missing");
	memset(large, ' ', (64 << 10) + 1);
	ck_assert_int_eq(load_text(large, (64 << 10) + 1, &profile, &err), -EOVERFLOW);
	free(large);
}
END_TEST

static bool is_apart(const struct twinfs_area *a, const struct twinfs_area *b)
{
	return a->addr + a->size <= b->addr || b->addr + b->size <= a->addr;
}

static bool fits(const struct twinfs_profile *profile)
{
	const struct twinfs_area *areas[] = {&profile->user, &profile->backup, &profile->secure};

	for (size_t i = 0; i < 3; i++)
		if (!tw_is_within(areas[i]->addr, areas[i]->size, profile->chip_size) ||
			(areas[i]->addr | areas[i]->size) % profile->flash.geometry.erase_size ||
			(i && areas[i]->size && !is_apart(areas[0], areas[i])))
			return false;
	return !areas[2]->size || !areas[1]->size || is_apart(areas[1], areas[2]);
}

/* Whatever byte is changed: refused, or figures that fit together. */
START_TEST(any_changed_byte_is_harmless)
{
	struct twinfs_profile profile;
	unsigned accepted = 0;
	int fd;

	ck_assert_int_eq(load_text(good, strlen(good), &profile, NULL), 0);
	fd = open("mine.json", O_WRONLY | O_CLOEXEC);
	for (off_t at = 0; at < (off_t)strlen(good); at++) {
		for (const char *byte = "09\"}x\xff"; *byte; byte++) {
			ck_assert_int_eq(pwrite(fd, byte, 1, at), 1);
			if (twinfs_profile_load("mine.json", &profile, NULL))
				continue;
			accepted++;
			ck_assert(fits(&profile));
		}
		ck_assert_int_eq(pwrite(fd, good + at, 1, at), 1);
	}
	ck_assert_uint_gt(accepted, 100); /* else nothing was looked at */
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_test(tcase, built_in_profiles_are_right);
	tcase_add_test(tcase, default_profile_is_the_default);
	tcase_add_test(tcase, known_sizes_of_modules);
	tcase_add_test(tcase, versions_that_firmware_mounts);
	tcase_add_test(tcase, each_version_is_written_its_own_way);
	tcase_add_test(tcase, unknown_name_lists_the_known);
	tcase_add_test(tcase, file_is_read_whole);
	tcase_add_test(tcase, areas_are_optional_but_for_the_user);
	tcase_add_test(tcase, updates_follow_the_restore);
	tcase_add_loop_test(tcase, bad_profile_is_refused_by_key, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tcase, other_texts_are_refused);
	tcase_add_test(tcase, any_changed_byte_is_harmless);
}

int main(void)
{
	Suite *suite = suite_create("profile");
	TCase *tcase = tcase_create("profile");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, tempdir_enter, tempdir_leave);
	add_tests(tcase);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
