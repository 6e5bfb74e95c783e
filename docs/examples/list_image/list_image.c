/* SPDX-License-Identifier: MIT */
/*
 * list_image.c - what a module would find after its next boot: the verdict on
 * each protected file, then every file of the user partition with its size.
 *
 * An example of libtwinfs: the boot happens on a copy in memory, so the image
 * stays as it is. "make" builds it, with the installed library.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/module.h>

/* A directory that is still to be listed. */
struct dir {
	struct dir *next;
	uint64_t ino;
	char path[];
};

struct listing {
	const char *path; /* of the directory being listed */
	struct dir *todo;
};

/* A listing must not call the volume, so directories are only noted here. */
static int add_entry(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	struct listing *listing = ctx;
	size_t room = strlen(listing->path) + strlen(name) + 2;
	struct dir *dir;

	if (stat->type == TWINFS_REG) {
		printf("%8llu  %s/%s\n", (unsigned long long)stat->size, listing->path, name);
		return 0;
	}
	dir = malloc(sizeof(*dir) + room);
	if (!dir)
		return -ENOMEM;
	snprintf(dir->path, room, "%s/%s", listing->path, name);
	dir->ino = stat->ino;
	dir->next = listing->todo;
	listing->todo = dir;
	return 0;
}

static int list_volume(struct twinfs_volume *volume)
{
	struct listing listing = {.path = "/usr"};
	int rc = twinfs_volume_list(volume, TWINFS_ROOT_INO, add_entry, &listing);

	while (listing.todo) {
		struct dir *dir = listing.todo;

		listing.todo = dir->next;
		listing.path = dir->path;
		if (rc == 0)
			rc = twinfs_volume_list(volume, dir->ino, add_entry, &listing);
		free(dir);
	}
	return rc;
}

static int boot_and_list(struct twinfs_module *module, struct twinfs_error *err)
{
	const struct twinfs_boot_report *report;
	int rc = twinfs_module_power_on(module, &report, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < report->file_count; i++)
		printf("%8s  %s\n", twinfs_verdict_name(report->files[i].verdict),
			report->files[i].name);
	if (report->error)
		printf("the module says: %s\n", report->error);
	rc = twinfs_module_user(module) ? list_volume(twinfs_module_user(module)) : 0;
	if (rc < 0)
		snprintf(err->text, sizeof(err->text), "%s", twinfs_strerror(rc));
	return rc;
}

int main(int argc, char **argv)
{
	const struct twinfs_module_options options = {.image_flags = TWINFS_IMAGE_SCRATCH};
	struct twinfs_source source = {0};
	struct twinfs_module *module = NULL;
	struct twinfs_error err = {0};
	int rc;

	if (argc != 2) {
		fprintf(stderr, "Usage: %s IMAGE\n", argv[0]);
		return 2;
	}
	source.image = argv[1];
	rc = twinfs_module_open(&source, &options, &module, &err);
	if (rc == 0)
		rc = boot_and_list(module, &err);
	twinfs_module_close(module);
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", err.file[0] ? err.file : argv[1], err.text);
	return rc < 0 ? 2 : 0;
}
