/* SPDX-License-Identifier: MIT */
/*
 * main.c - the twinfs program: a table of verbs.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "text.h"
#include "tool.h"
#include "verbs.h"

struct verb {
	const char *name, *group, *help;
	int (*run)(int argc, char **argv);
};

/* A group's verbs stand together; --help prints them in this order. */
static const struct verb verbs[] = {
	{"mk", "Make", "make the image of a new module, as the vendor's tool does",
		tw_tool_verb_mk},
	{"merge", "Make", "put an application into a firmware package", tw_tool_verb_merge},
	{"run", "Use", "run the application of a module, in Python", tw_tool_verb_run},
	{"mount", "Use", "mount a module: check, restore, serve", tw_tool_verb_mount},
	{"umount", "Use", "unmount it", tw_tool_verb_umount},
	{"power", "Use", "switch a mounted module, or pull its plug", tw_tool_verb_power},
	{"fault", "Use", "break the flash of a mounted module on purpose", tw_tool_verb_fault},
	{"events", "Use", "what happened to a mounted module", tw_tool_verb_events},
	{"record", "Use", "run a command and record what it does to the flash",
		tw_tool_verb_record},
	{"info", "Look", "partitions, geometry, usage, slots, state of the checksums",
		tw_tool_verb_info},
	{"ls", "Look", "list files", tw_tool_verb_ls},
	{"cat", "Look", "write the content of files to stdout", tw_tool_verb_cat},
	{"get", "Look", "copy a file or tree out of an image", tw_tool_verb_get},
	{"history", "Look", "older versions of files, removed ones, what damage left",
		tw_tool_verb_history},
	{"unpack", "Look", "take a firmware package apart", tw_tool_verb_unpack},
	{"crc", "Look", "the device's hash of files of this computer", tw_tool_verb_crc},
	{"put", "Change", "copy a file or tree into an image", tw_tool_verb_put},
	{"rm", "Change", "remove files from an image", tw_tool_verb_rm},
	{"resize", "Change", "give a littlefs 2 more of its partition, or less",
		tw_tool_verb_resize},
	{"flash", "Change", "flash an image with a firmware package, as production does",
		tw_tool_verb_flash},
	{"damage", "Change", "break cells of an image, as rules say", tw_tool_verb_damage},
	{"boot", "Check", "run the boot procedure: check and restore", tw_tool_verb_boot},
	{"check", "Check", "check every rule of the formats", tw_tool_verb_check},
	{"explore", "Check", "cut the power everywhere in a recorded run", tw_tool_verb_explore},
	{"trace", "Check", "what happened to a chip, operation by operation, or summed up",
		tw_tool_verb_trace},
	{"report", "Check", "the result of an exploration as a page", tw_tool_verb_report},
};

#define VERB_COUNT (sizeof(verbs) / sizeof(*verbs))

static void print_help(void)
{
	const char *group = "";

	puts("Usage: twinfs VERB [options] ...\n");
	tw_tool_put_wrapped(stdout,
		"The storage of QuecPython modules on a PC: littlefs images, the "
		"check and restore at boot, SecureData, updates and firmware packages; "
		"applications that run on it, faults, and power cuts everywhere.",
		0, 0);
	for (size_t i = 0; i < VERB_COUNT; i++) {
		if (strcmp(group, verbs[i].group))
			printf("\n%s:\n", verbs[i].group);
		group = verbs[i].group;
		printf("  %-8s %s\n", verbs[i].name, verbs[i].help);
	}
	puts("\nOptions:\n"
	     "  -h, --help     print this help; 'twinfs help VERB' is about one verb\n"
	     "  -V, --version  print the version\n");
	tw_tool_put_wrapped(stdout,
		"Exit status: 0 done and right; 1 done, and the thing checked is "
		"not right; 2 could not be done, or wrong usage. 'run' and 'record' give the "
		"status of what they run.",
		0, 0);
	puts("\nExample: twinfs mk app.img --user my-app --backup-all\n"
	     "Manual pages: man twinfs, man twinfs-VERB");
}

/* The verb that somebody means who comes from other tools, else one that is spelt like it. */
static const char *meant_by(const char *word)
{
	static const char *const other_tools[][2] = {{"fsck", "check"}, {"verify", "check"},
		{"repair", "check --repair"}, {"mkfs", "mk"}, {"format", "mk"}, {"create", "mk"},
		{"extract", "get"}, {"list", "ls"}, {"dir", "ls"}, {"tree", "ls"}, {"cp", "put"},
		{"write", "put"}, {"read", "cat"}, {"delete", "rm"}, {"df", "info"},
		{"stat", "info"}, {"undelete", "history"}, {"start", "mount"}, {"stop", "umount"}};
	const char *names[VERB_COUNT];

	for (size_t i = 0; i < sizeof(other_tools) / sizeof(*other_tools); i++)
		if (!strcmp(word, other_tools[i][0]))
			return other_tools[i][1];
	for (size_t i = 0; i < VERB_COUNT; i++)
		names[i] = verbs[i].name;
	return twinfs_nearest(word, names, VERB_COUNT);
}

static int run_verb(int argc, char **argv)
{
	const char *meant;

	for (size_t i = 0; i < VERB_COUNT; i++)
		if (!strcmp(argv[0], verbs[i].name))
			return verbs[i].run(argc, argv);
	meant = meant_by(argv[0]);
	return tw_tool_usage(NULL, "'%s' is not a verb%s%s%s", argv[0],
		meant ? " (did you mean " : "", meant ? meant : "", meant ? "?)" : "");
}

/* "help VERB" is "VERB --help". */
static int help(int argc, char **argv)
{
	char option[] = "--help", *words[] = {argv[1], option, NULL};

	if (argc > 2)
		return tw_tool_usage(NULL, "'%s' is one operand too many", argv[2]);
	if (argc == 2)
		return run_verb(2, words);
	print_help();
	return TW_EXIT_OK;
}

static int unknown_option(const char *word)
{
	static const char *const names[] = {"--help", "--version"};
	const char *meant = twinfs_nearest(word, names, sizeof(names) / sizeof(*names));

	return tw_tool_usage(NULL, "%s is not an option%s%s%s", word,
		meant ? " (did you mean " : "", meant ? meant : "", meant ? "?)" : "");
}

static int run(int argc, char **argv)
{
	if (argc < 2)
		return tw_tool_usage(NULL, "no verb is given");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help();
		return TW_EXIT_OK;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("twinfs " TWINFS_VERSION);
		return TW_EXIT_OK;
	}
	if (argv[1][0] == '-')
		return unknown_option(argv[1]);
	if (!strcmp(argv[1], "help"))
		return help(argc - 1, argv + 1);
	return run_verb(argc - 1, argv + 1);
}

/*
 * Images are mapped, and what a map cannot read or write comes as a signal. A
 * look into a sparse file on a full tmpfs is such a case, too.
 */
static void on_bus_error(int number)
{
	static const char text[] =
		"twinfs: an image cannot be reached any more: its file was cut short by somebody "
		"else, or the disk it is on is full or failing\n";

	(void)number;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(TW_EXIT_FAILED);
}

int main(int argc, char **argv)
{
	const struct sigaction action = {.sa_handler = on_bus_error};
	int status;

	(void)sigaction(SIGBUS, &action, NULL);
	if (argc && tw_tool_is_mount_helper(argv[0]))
		return tw_tool_mount_helper(argc, argv);
	status = run(argc, argv);
	/* A result that was not written, to a full disk say, was not given. */
	if (fflush(stdout) || ferror(stdout))
		return tw_tool_error(argc > 1 ? argv[1] : NULL, "standard output",
			"cannot be written");
	return status;
}
