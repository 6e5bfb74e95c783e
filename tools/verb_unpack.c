/* SPDX-License-Identifier: MIT */
/*
 * verb_unpack.c - twinfs unpack: takes a firmware package apart.
 */
#include "verbs.h"

#include "options.h"
#include "print_package.h"
#include "tool.h"

enum {
	KEY_JSON = TW_OPT_LONG,
	KEY_MAX_SIZE,
};

static const struct tw_tool_option options[] = {
	{'l', "list", NULL, "only list the members; there is no DIR"},
	{KEY_JSON, "json", NULL, "print one JSON document"},
	{KEY_MAX_SIZE, "max-size", "N",
		"bytes that all members together may have "
		"(256 MiB and 8 times the size of PACKAGE)"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "unpack",
	.usage = (const char *const[]){"[options] PACKAGE DIR", "--list [options] PACKAGE", NULL},
	.about = "Writes the members of a firmware package, a zip archive, into the new "
		 "directory DIR: "
		 "all of them or, when one is damaged or could do harm, none. What is in the "
		 "customer_fs.bin that comes out, 'twinfs get' with --user tells.",
	.options = options,
	.status = "Exit status: 0 unpacked; 2 it was not, and nothing is left behind.",
	.example = "twinfs unpack QUEC_TEST_1.0.0.zip parts",
};

struct unpack_args {
	const char *package, *dir;
	uint64_t max_size;
	bool list, json;
};

static int unpack(const struct unpack_args *args)
{
	struct tw_tool_unpack result = {.path = args->package, .dir = args->dir};
	struct twinfs_package *package;
	struct twinfs_error err = {0};
	int code = twinfs_package_open(args->package, args->max_size, &package, &err);

	if (code < 0)
		return tw_tool_report("unpack", args->package, &err);
	if (args->dir)
		code = twinfs_package_unpack(package, args->dir, &err);
	if (code < 0) {
		twinfs_package_close(package);
		return tw_tool_report("unpack", args->package, &err);
	}
	result.package = package;
	twinfs_package_info(package, &result.info);
	if (args->json)
		tw_tool_json_unpack(&result);
	else
		tw_tool_print_unpack(&result);
	twinfs_package_close(package);
	return 0;
}

int tw_tool_verb_unpack(int argc, char **argv)
{
	struct unpack_args unpack_args = {0};
	struct tw_tool_args args;
	int key, status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		unpack_args.list |= key == 'l';
		unpack_args.json |= key == KEY_JSON;
		if (key == KEY_MAX_SIZE &&
			(!tw_tool_parse_size(args.value, UINT64_MAX, &unpack_args.max_size) ||
				!unpack_args.max_size))
			return tw_tool_bad_value(&args, "max-size", "a size (such as 1024M)");
	}
	status = tw_tool_need(&args, "PACKAGE", &unpack_args.package);
	if (!status && !unpack_args.list)
		status = tw_tool_need(&args, "DIR", &unpack_args.dir);
	if (!status)
		status = tw_tool_no_more(&args);
	return status ? status : unpack(&unpack_args);
}
