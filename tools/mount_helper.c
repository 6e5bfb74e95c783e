/* SPDX-License-Identifier: MIT */
/*
 * mount_helper.c - "mount -t fuse.twinfs IMAGE DIR", and lines of fstab: the
 * program under the name mount.fuse.twinfs, as mount(8) calls it.
 *
 * mount(8) hands over its own words of -o with those of the file system. Those
 * that it has acted on itself are left out here, names of long options of
 * "twinfs mount" become these options, and the rest is what -o of that verb
 * takes. Exit statuses are those that mount(8) defines.
 */
#include "verbs.h"

#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "text.h"
#include "tool.h"

enum {
	EXIT_USAGE = 1,
	EXIT_MOUNT = 32,
};

/* Done by mount(8) or systemd, or without a meaning for files without times of access. */
static const char *const done_words[] = {"auto", "noauto", "user", "nouser", "user=*", "users",
	"nousers", "owner", "noowner", "group", "nogroup", "nofail", "defaults", "_netdev", "x-*",
	"X-*", "comment=*", "helper=*", "uhelper=*", "atime", "relatime", "norelatime",
	"strictatime", "nostrictatime", "lazytime", "nolazytime", "diratime", "silent", "loud"};

/* Long options of the verb; "*" stands where they have a value. */
static const char *const long_words[] = {"policy=*", "block-cycles=*", "auto-restart",
	"auto-restart=*", "allow-backup-write", "fault=*", "faults=*", "seed=*", "trace=*",
	"profile=*", "block-size=*", "prog=*", "key=*"};

/* The same, and the file that is mounted is then the user partition, not a whole image. */
static const char *const loose_words[] = {"backup=*", "secure=*"};

struct helper {
	char **words; /* of the verb, each to be freed */
	size_t count;
	struct tw_tool_text list; /* of its -o */
	bool is_fake, is_loose, is_remount;
};

static bool is_one_of(const char *word, const char *const *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!fnmatch(patterns[i], word, 0))
			return true;
	return false;
}

#define IS_ONE_OF(word, patterns) is_one_of(word, patterns, sizeof(patterns) / sizeof(*(patterns)))

static int add_word(struct helper *helper, const char *before, const char *word)
{
	char **words = reallocarray(helper->words, helper->count + 2, sizeof(*words));

	if (!words)
		return tw_tool_no_memory("mount");
	helper->words = words;
	words[helper->count + 1] = NULL;
	if (asprintf(&words[helper->count], "%s%s", before, word) < 0) {
		words[helper->count] = NULL;
		return tw_tool_no_memory("mount");
	}
	helper->count++;
	return 0;
}

static int take_word(struct helper *helper, const char *word)
{
	if (IS_ONE_OF(word, done_words))
		return 0;
	if (!strcmp(word, "remount"))
		helper->is_remount = true;
	if (!strcmp(word, "loose") || IS_ONE_OF(word, loose_words))
		helper->is_loose = true;
	if (!strcmp(word, "loose"))
		return 0;
	if (IS_ONE_OF(word, loose_words) || IS_ONE_OF(word, long_words))
		return add_word(helper, "--", word);
	if ((helper->list.len && tw_tool_text_add(&helper->list, ",", 1) < 0) ||
		tw_tool_text_add(&helper->list, word, strlen(word)) < 0)
		return tw_tool_no_memory("mount");
	return 0;
}

static int take_words(struct helper *helper, char *list)
{
	char *rest = NULL, *word;
	int status = 0;

	for (word = strtok_r(list, ",", &rest); word && !status; word = strtok_r(NULL, ",", &rest))
		status = take_word(helper, word);
	return status;
}

/* What mount(8) may give behind the two operands. */
static int take_options(struct helper *helper, int argc, char **argv)
{
	int key, status = 0;

	opterr = 0;
	while (!status && (key = getopt(argc, argv, ":fnrsvwo:t:N:")) != -1) {
		if (key == 'o')
			status = take_words(helper, optarg);
		else if (key == 'r')
			status = take_word(helper, "ro");
		else if (key == 'f')
			helper->is_fake = true;
		else if (key == 'N')
			status = tw_tool_usage("mount", "-N is not supported");
		else if (key == '?' || key == ':')
			status =
				tw_tool_usage("mount", "-%c of mount(8) is not understood", optopt);
		/* n, s, t, v, w: nothing is to be done otherwise for them */
	}
	if (!status && optind < argc)
		status = tw_tool_usage("mount", "'%s' is one operand too many", argv[optind]);
	return status;
}

static int add_operands(struct helper *helper, const char *image, const char *mountpoint)
{
	int status = 0;

	if (helper->list.len)
		status = add_word(helper, "-o", helper->list.data);
	if (!status && helper->is_loose)
		status = add_word(helper, "--user=", image);
	if (!status)
		status = add_word(helper, "", "--");
	if (!status && !helper->is_loose)
		status = add_word(helper, "", image);
	return status ? status : add_word(helper, "", mountpoint);
}

static int mount_as_told(struct helper *helper, int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr,
			"Usage: %s IMAGE DIR [-o OPTIONS]\n"
			"It is called by mount(8); 'twinfs mount --help' lists the options.\n",
			argc ? argv[0] : "mount.fuse.twinfs");
		return EXIT_USAGE;
	}
	if (add_word(helper, "", "mount") || take_options(helper, argc - 2, argv + 2))
		return EXIT_USAGE;
	if (helper->is_remount) {
		tw_tool_error("mount", argv[2],
			"a mounted module cannot be mounted otherwise; "
			"unmount it first");
		return EXIT_MOUNT;
	}
	if (add_operands(helper, argv[1], argv[2]))
		return EXIT_MOUNT;
	if (helper->is_fake)
		return 0;
	return tw_tool_verb_mount((int)helper->count, helper->words) ? EXIT_MOUNT : 0;
}

bool tw_tool_is_mount_helper(const char *program)
{
	const char *base = program ? strrchr(program, '/') : NULL;

	base = base ? base + 1 : program;
	return base && !strcmp(base, "mount.fuse.twinfs");
}

int tw_tool_mount_helper(int argc, char **argv)
{
	struct helper helper = {0};
	int status = mount_as_told(&helper, argc, argv);

	for (size_t i = 0; i < helper.count; i++)
		free(helper.words[i]);
	free(helper.words);
	tw_tool_text_release(&helper.list);
	return status;
}
