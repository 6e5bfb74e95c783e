/* SPDX-License-Identifier: MIT */
/*
 * record_run.c - makes a trace for the tests of the command line: a small
 * application runs on an image, and a recorder listens.
 *
 * usage: record_run IMAGE TRACE boot|REWRITES
 *        record_run --user FILE --backup FILE TRACE boot|REWRITES
 *
 * "boot" records the boot and nothing else. A number boots first, and then
 * records that many rewrites of /usr/config.json, each of other content, with a
 * new file after every eighth.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/module.h>

static _Noreturn void die(const char *what, int code)
{
	fprintf(stderr, "record_run: %s: %s\n", what, twinfs_strerror(code));
	exit(1);
}

static void check(const char *what, int64_t code)
{
	if (code < 0)
		die(what, (int)code);
}

/* The file @name of the root, made if it is not there. */
static uint64_t open_file(struct twinfs_volume *volume, const char *name)
{
	uint64_t ino;

	if (twinfs_volume_lookup(volume, TWINFS_ROOT_INO, name, &ino) < 0)
		check("create", twinfs_volume_create(volume, TWINFS_ROOT_INO, name, &ino));
	check("open", twinfs_volume_open(volume, ino));
	return ino;
}

static void rewrite(struct twinfs_volume *volume, const char *name, int number)
{
	const uint64_t ino = open_file(volume, name);
	char text[64];
	int len = snprintf(text, sizeof(text), "{\"interval\": %d}\n", number);

	check("truncate", twinfs_volume_truncate(volume, ino, 0));
	check("write", twinfs_volume_write(volume, ino, text, (size_t)len, 0));
	check("sync", twinfs_volume_sync(volume, ino));
	twinfs_volume_close(volume, ino);
}

static void run(struct twinfs_volume *volume, int rewrites)
{
	char name[32];

	for (int i = 0; i < rewrites; i++) {
		rewrite(volume, "config.json", i);
		snprintf(name, sizeof(name), "log%d.txt", i);
		if (i % 8 == 7)
			rewrite(volume, name, i);
	}
}

int main(int argc, char **argv)
{
	const struct twinfs_module_options options = {.image_flags = TWINFS_IMAGE_WRITABLE};
	struct twinfs_source source = {0};
	struct twinfs_module *module;
	struct twinfs_error err = {0};
	const char *trace;
	bool is_boot;

	if (argc == 4) {
		source.image = argv[1];
	} else if (argc == 7 && !strcmp(argv[1], "--user") && !strcmp(argv[3], "--backup")) {
		source.user = argv[2];
		source.backup = argv[4];
	} else {
		fprintf(stderr, "usage: record_run IMAGE|--user FILE --backup FILE TRACE WHAT\n");
		return 2;
	}
	trace = argv[argc - 2];
	is_boot = !strcmp(argv[argc - 1], "boot");
	check("open", twinfs_module_open(&source, &options, &module, &err));
	if (!is_boot)
		check("boot", twinfs_module_power_on(module, NULL, &err));
	check(trace, twinfs_module_record(module, trace, &err));
	if (is_boot)
		check("boot", twinfs_module_power_on(module, NULL, &err));
	else
		run(twinfs_module_user(module), atoi(argv[argc - 1]));
	check("stop", twinfs_module_record_stop(module, &err));
	twinfs_module_close(module);
	return 0;
}
