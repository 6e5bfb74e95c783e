/* SPDX-License-Identifier: MIT */
/*
 * fuzz_rescue.c - what is still on a chip that nobody has vetted.
 *
 * Bit 7 of byte 3 of the input says whether its metadata are of version 2, bit 6 that
 * neither format nor block size is told. Whatever the bytes are: nothing of them
 * changes, the list is in order, all that it has can be read, and the best tree has
 * each path once, below a directory that is in it, too.
 */
#include <errno.h>
#include <string.h>
#include <twinfs/rescue.h>

#include "fuzz.h"
#include "image_form.h"

enum { VERSION_2 = 0x80, UNTOLD = 0x40 };

static uint8_t before[FORM_IMAGE_MAX], content[1 << 16];

static void see_version(const struct twinfs_rescue *rescue, const struct twinfs_version *version)
{
	uint64_t most = version->size < sizeof(content) ? version->size : sizeof(content);
	uint32_t blocks[8];
	int64_t rc = twinfs_rescue_read(rescue, version, content, sizeof(content), 0);

	fuzz_hold(version->why && twinfs_sureness_name(version->sureness)[0]);
	fuzz_must(rc == (version->type == TWINFS_DIR ? -EISDIR : (int64_t)most), "read: %lld",
		(long long)rc);
	rc = twinfs_rescue_read(rescue, version, content, 9, version->size ? version->size - 1 : 0);
	fuzz_hold(rc == -EISDIR || rc == (version->size ? 1 : 0));
	rc = twinfs_rescue_blocks(rescue, version, blocks, 8);
	fuzz_hold(rc == version->block_count && version->lost_blocks <= version->block_count);
	for (unsigned i = 0; i < version->attr_count; i++)
		fuzz_hold(version->attrs[i].len <= TWINFS_ATTR_MAX &&
			  (!i || version->attrs[i - 1].type < version->attrs[i].type));
}

static void see_list(const struct twinfs_rescue *rescue)
{
	const struct twinfs_version *last = NULL;
	size_t first;

	fuzz_tell("%zu versions, %zu of them in the tree, %zu times damage",
		twinfs_rescue_count(rescue), twinfs_rescue_tree_count(rescue),
		twinfs_rescue_damage_count(rescue));
	for (size_t i = 0; i < twinfs_rescue_count(rescue); i++) {
		const struct twinfs_version *version = twinfs_rescue_version(rescue, i);

		see_version(rescue, version);
		if (version->path) {
			fuzz_hold(version->path[0] == '/' && version->path[1]);
			fuzz_must(!last || (last->path && strcmp(last->path, version->path) <= 0),
				"%s is out of order", version->path);
			fuzz_hold(twinfs_rescue_find(rescue, version->path, &first) && first <= i);
		}
		last = version;
	}
	for (size_t i = 0; i < twinfs_rescue_damage_count(rescue); i++)
		fuzz_hold(twinfs_rescue_damage(rescue, i)->path &&
			  twinfs_rescue_damage(rescue, i)->text[0]);
}

/* Whether the directory that @path is in stands among the first @count of the tree. */
static bool has_parent(const struct twinfs_rescue *rescue, const char *path, size_t count)
{
	size_t len = (size_t)(strrchr(path, '/') - path);

	if (!len)
		return true;
	for (size_t i = count; i-- > 0;) {
		const struct twinfs_version *version = twinfs_rescue_tree(rescue, i);

		if (version->type == TWINFS_DIR && strlen(version->path) == len &&
			!memcmp(version->path, path, len))
			return true;
	}
	return false;
}

static void see_tree(const struct twinfs_rescue *rescue)
{
	for (size_t i = 0; i < twinfs_rescue_tree_count(rescue); i++) {
		const struct twinfs_version *version = twinfs_rescue_tree(rescue, i);

		fuzz_hold(version->is_best);
		fuzz_must(has_parent(rescue, version->path, i), "%s has no parent", version->path);
		fuzz_hold(!i || strcmp(twinfs_rescue_tree(rescue, i - 1)->path, version->path) < 0);
	}
}

static void look(struct twinfs_flash *flash, const struct image_form *form)
{
	struct twinfs_volume_config config = form->config;
	struct twinfs_rescue *rescue;
	struct twinfs_error err = {0};
	int rc;

	config.block_size = form->spare & UNTOLD ? 0 : form->block_size;
	config.disk_version = form->spare & UNTOLD      ? 0
			      : form->spare & VERSION_2 ? TWINFS_LFS_2_1
							: TWINFS_LFS_1_1;
	rc = twinfs_rescue_open(flash, &config, &rescue, &err);
	fuzz_must(!rc || ((rc == -EUCLEAN || rc == -EINVAL) && !config.block_size && err.text[0]),
		"open: %d %s", rc, err.text);
	if (rc)
		return;
	see_list(rescue);
	see_tree(rescue);
	twinfs_rescue_close(rescue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned version = size > 3 && data[3] & VERSION_2 ? 2 : 1;
	struct twinfs_flash_config chip = {0};
	struct image_form form;
	struct twinfs_image *image;
	struct twinfs_flash *flash;
	uint8_t *bytes;

	image_form_build(data, size, version, &form, before);
	if (twinfs_image_memory(form.config.size, &image))
		return -1;
	bytes = twinfs_image_bytes_writable(image);
	memcpy(bytes, before, form.config.size);
	chip.geometry = (struct twinfs_flash_geometry){1, 1, 128};
	fuzz_hold(!twinfs_flash_new(image, &chip, &flash, NULL));
	look(flash, &form);
	fuzz_must(!memcmp(before, bytes, form.config.size), "looking has changed the image");
	twinfs_flash_free(flash);
	twinfs_image_close(image);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
	return image_form_mutate(data, size, room, seed, size > 3 && data[3] & VERSION_2 ? 2 : 1);
}
