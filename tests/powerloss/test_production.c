/* SPDX-License-Identifier: MIT */
/*
 * test_production.c - cuts the power at every operation of flashing a module
 * that is in use, whole and torn. SecureData is what it was at each of them, in
 * its bytes; flashing again, at once or after the module was switched on in
 * between, gives just the new module, which boots with all files intact.
 */
#include "unit/module/small_module.h"

#include <twinfs/firmware.h>

static const char *const tears[] = {"", "torn 1 ", "torn 2000 ", "torn 4095 "};

struct production {
	struct twinfs_factory_images images; /* of the new application */
	struct twinfs_module *module;
	const uint8_t *bytes;
};

/* An application in its second version, and a module that ran the first one. */
static void begin(struct production *it)
{
	struct twinfs_factory_options options = *factory_options();
	const char *const files[] = {"main.py", "more.py"};
	struct twinfs_module *module;

	write_text("app/main.py", "print('version two')\n");
	write_text("app/more.py", "# protected too\n");
	options.backup_files = files;
	options.backup_count = 2;
	ck_assert_int_eq(twinfs_factory_make_images(&options, &it->images, NULL), 0);
	module = open_module(&chip_source, TWINFS_IMAGE_WRITABLE);
	power_on(module);
	ck_assert_int_eq(twinfs_secure_store(twinfs_module_secure(module), 3, "CC-000417", 9), 0);
	twinfs_module_close(module);
}

static void end(struct production *it)
{
	free(it->images.user);
	free(it->images.backup);
}

/* A copy in memory of the module as it was before it is flashed. */
static void open_copy(struct production *it)
{
	it->module = open_module(&chip_source, TWINFS_IMAGE_SCRATCH);
	it->bytes = twinfs_image_bytes(twinfs_module_image(it->module));
}

static int flash_all(struct production *it)
{
	struct twinfs_flash *flash = twinfs_module_flash(it->module);
	int rc = twinfs_firmware_program(flash, USER_ADDR, USER_SIZE, it->images.user,
		it->images.user_len);

	return rc ? rc
		  : twinfs_firmware_program(flash, BACKUP_ADDR, BACKUP_SIZE, it->images.backup,
			    it->images.backup_len);
}

static bool is_new(const struct production *it)
{
	return !memcmp(it->bytes + USER_ADDR, it->images.user, USER_SIZE) &&
	       !memcmp(it->bytes + BACKUP_ADDR, it->images.backup, BACKUP_SIZE);
}

static bool keeps_secret(const struct production *it)
{
	char slot[16] = "";

	return twinfs_secure_read(twinfs_module_secure(it->module), 3, slot, 9) == 9 &&
	       !strcmp(slot, "CC-000417");
}

/* Boots; whether both protected files are intact. */
static bool boots(struct production *it)
{
	const struct twinfs_boot_report *report;
	bool is_fine;

	if (twinfs_module_power_on(it->module, &report, NULL))
		return false;
	is_fine = report->file_count == 2;
	for (size_t i = 0; is_fine && i < report->file_count; i++)
		is_fine = report->files[i].verdict == TWINFS_VERDICT_INTACT;
	twinfs_module_power_off(it->module);
	return is_fine;
}

/* 0: flashing ended before the cut. */
static int flash_with_cut(struct production *it, unsigned at, const char *tear)
{
	struct twinfs_faults *faults = twinfs_module_faults(it->module);
	struct twinfs_error err = {0};
	char rule[64];
	int rc;

	(void)snprintf(rule, sizeof(rule), "cut %sat op %u", tear, at);
	ck_assert_msg(!twinfs_faults_add(faults, rule, NULL, &err), "%s", err.text);
	rc = flash_all(it);
	ck_assert(rc == 0 || rc == -ESHUTDOWN);
	twinfs_faults_clear(faults);
	twinfs_faults_power_on(faults);
	twinfs_flash_set_power(twinfs_module_flash(it->module), true);
	return rc;
}

/* A whole life: a cut, perhaps a boot in between, flashing again, a boot. */
static bool recovers(struct production *it, unsigned at, const char *tear, bool boots_between,
	const uint8_t *secure, bool *ret_cut)
{
	bool is_fine;

	open_copy(it);
	*ret_cut = flash_with_cut(it, at, tear) != 0;
	is_fine = !memcmp(it->bytes + SECURE_ADDR, secure, SECURE_SIZE);
	if (boots_between) {
		(void)twinfs_module_power_on(it->module, NULL, NULL); /* of whatever is left */
		twinfs_module_power_off(it->module);
	}
	is_fine = is_fine && !flash_all(it) && is_new(it) && keeps_secret(it) && boots(it) &&
		  !memcmp(it->bytes + SECURE_ADDR, secure, SECURE_SIZE);
	twinfs_module_close(it->module);
	return is_fine;
}

static unsigned cut_everywhere(struct production *it, const char *tear, bool boots_between,
	const uint8_t *secure)
{
	unsigned at = 0;
	bool was_cut = true;

	while (was_cut) {
		at++;
		if (!recovers(it, at, tear, boots_between, secure, &was_cut))
			ck_abort_msg("cut %sat op %u", tear, at);
	}
	return at - 1;
}

static uint8_t *secure_area(void)
{
	uint8_t *copy = malloc(SECURE_SIZE);
	char *bytes;
	size_t len;

	ck_assert_ptr_nonnull(copy);
	ck_assert_int_eq(tw_file_read("chip.img", CHIP_SIZE, &bytes, &len), 0);
	memcpy(copy, bytes + SECURE_ADDR, SECURE_SIZE);
	free(bytes);
	return copy;
}

static void check_cuts(bool boots_between)
{
	struct production it = {0};
	unsigned cuts = 0;
	uint8_t *secure;

	begin(&it);
	secure = secure_area();
	for (size_t i = 0; i < sizeof(tears) / sizeof(*tears); i++)
		cuts += cut_everywhere(&it, tears[i], boots_between, secure);
	/* each partition is erased, and something is in both */
	ck_assert_uint_gt(cuts, 4 * (USER_SIZE + BACKUP_SIZE) / 4096);
	printf("%u cuts\n", cuts);
	free(secure);
	end(&it);
}

START_TEST(again_at_once)
{
	check_cuts(false);
}
END_TEST

START_TEST(again_after_a_boot)
{
	check_cuts(true);
}
END_TEST

int main(void)
{
	TCase *tcase = new_case("production");

	tcase_add_test(tcase, again_at_once);
	tcase_add_test(tcase, again_after_a_boot);
	return run_case(tcase);
}
