/* SPDX-License-Identifier: MIT */
/*
 * verb_mount.c - twinfs mount: serves a module over FUSE.
 *
 * Of the words of -o some are ours, the others are libfuse's and the kernel's.
 * "ro" is both: the boot then happens on a copy in memory, so that a module
 * which needs restoring can be looked at without changing its image.
 */
#include "verbs.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/daemon.h"
#include "options.h"
#include "text.h"
#include "tool.h"

enum {
	KEY_POLICY = TW_OPT_LONG,
	KEY_BLOCK_CYCLES,
	KEY_AUTO_RESTART,
	KEY_BACKUP_WRITE,
	KEY_FAULT,
	KEY_FAULTS,
	KEY_SEED,
	KEY_TRACE,
};

/* Boots by itself when no number is given: a rule that cuts every boot must not go on for ever. */
#define AUTO_RESTARTS 100

/* Bytes of a file of rules; more than all rules there can be. */
#define RULES_MAX (1u << 20)

static const struct tw_tool_option options[] = {
	{'f', "foreground", NULL, "stay in the foreground"},
	{'d', "debug", NULL, "in the foreground, and log every request"},
	{KEY_POLICY, "policy", "POLICY",
		"boot as the module does, with its holes: device (default); "
		"or with the holes closed: safe"},
	{KEY_BLOCK_CYCLES, "block-cycles", "N",
		"erases of a metadata pair of littlefs 2 until it moves to other blocks, instead "
		"of the profile's"},
	{KEY_AUTO_RESTART, "auto-restart", "[=N]",
		"boot again after a power cut, N times (100) in all; then the power stays off"},
	{KEY_BACKUP_WRITE, "allow-backup-write", NULL,
		"the backup partition can be written through bak/, as by applications that mount "
		"it a second time"},
	{KEY_FAULT, "fault", "RULE",
		"a fault, in force before the first boot, such as 'cut at op 100'; may be given "
		"several times"},
	{KEY_FAULTS, "faults", "FILE", "the same from a file, one rule a line"},
	{KEY_SEED, "seed", "N", "of the chance in faults (0)"},
	{KEY_TRACE, "trace", "FILE", "record what happens to the chip, from before the first boot"},
	{'o', NULL, "OPTIONS",
		"comma list: view=device (bare user partition instead of the union), "
		"view=overlay, uid=N, gid=N, umask=OCTAL, ro (the image stays as it is), mtime "
		"(littlefs 2 stores the time of every file written), upgrade (littlefs 2.0 "
		"becomes 2.1 with the first change), writeback (collect writes; a full disk is "
		"reported by fsync or close), and options of FUSE"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "mount",
	.usage = (const char *const[]){"[options] IMAGE MOUNTPOINT",
		"[options] --user FILE --backup FILE MOUNTPOINT", NULL},
	.about =
		"Boots a module (check and restore) and mounts it: usr/ is the user partition over "
		"the backup, bak/ the backup partition, read-only; SecureData and .twinfs/ are "
		"control files.",
	.options = options,
	.groups = TW_TOOL_SOURCE,
	.status = "Exit status: 0 mounted (with -f: mounted and unmounted again); 2 could not be "
		  "mounted.",
	.example = "twinfs mount app.img module",
};

struct mount {
	struct tw_daemon_options daemon;
	struct tw_tool_text fuse; /* words that are not ours */
	mode_t umask;
	struct tw_daemon_rules *rules;
	struct tw_tool_text *texts; /* of the rules */
	size_t rule_count;
};

/* "uid=1000" with name "uid": the number, in @base. */
static bool parse_number(const char *word, const char *name, int base, uint64_t max,
	uint64_t *ret_number)
{
	const char *digits = word + strlen(name) + 1;
	uint64_t number = 0;

	if (!*digits)
		return false;
	for (; *digits; digits++) {
		unsigned digit = (unsigned)(*digits - '0');

		if (*digits < '0' || digit >= (unsigned)base)
			return false;
		number = number * (unsigned)base + digit;
		if (number > max)
			return false;
	}
	*ret_number = number;
	return true;
}

static bool has_name(const char *word, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(word, name, len) && word[len] == '=';
}

static int keep_for_fuse(struct mount *mount, const char *word)
{
	if ((mount->fuse.len && tw_tool_text_add(&mount->fuse, ",", 1) < 0) ||
		tw_tool_text_add(&mount->fuse, word, strlen(word)) < 0)
		return tw_tool_no_memory("mount");
	return 0;
}

static int take_word(struct mount *mount, const char *word)
{
	struct tw_daemon_options *daemon = &mount->daemon;
	uint64_t number = 0;
	bool is_right = true;

	if (has_name(word, "view")) {
		daemon->view = strcmp(word, "view=device") ? TW_VIEW_OVERLAY : TW_VIEW_DEVICE;
		is_right = daemon->view == TW_VIEW_DEVICE || !strcmp(word, "view=overlay");
	} else if (has_name(word, "uid")) {
		is_right = parse_number(word, "uid", 10, UINT32_MAX - 1, &number);
		daemon->uid = (uid_t)number;
	} else if (has_name(word, "gid")) {
		is_right = parse_number(word, "gid", 10, UINT32_MAX - 1, &number);
		daemon->gid = (gid_t)number;
	} else if (has_name(word, "umask")) {
		is_right = parse_number(word, "umask", 8, 0777, &number);
		mount->umask = (mode_t)number;
	} else if (!strcmp(word, "mtime")) {
		daemon->module.volume_flags |= TWINFS_VOLUME_MTIME;
	} else if (!strcmp(word, "upgrade")) {
		daemon->module.volume_flags |= TWINFS_VOLUME_UPGRADE;
	} else if (!strcmp(word, "writeback")) {
		daemon->writeback = true;
	} else {
		if (!strcmp(word, "ro"))
			daemon->module.image_flags = TWINFS_IMAGE_SCRATCH;
		return keep_for_fuse(mount, word);
	}
	return is_right ? 0 : tw_tool_usage("mount", "-o: '%s' has a wrong value", word);
}

static int take_words(struct mount *mount, const char *list)
{
	_cleanup_free_ char *words = strdup(list);
	char *rest = NULL, *word;
	int status = 0;

	if (!words)
		return tw_tool_no_memory("mount");
	for (word = strtok_r(words, ",", &rest); word && !status; word = strtok_r(NULL, ",", &rest))
		status = take_word(mount, word);
	return status;
}

/* Keeps @text, which is given away. */
static int keep_rules(struct mount *mount, const char *name, struct tw_tool_text *text)
{
	size_t count = mount->rule_count;
	struct tw_daemon_rules *rules =
		reallocarray(mount->rules, count + 1, sizeof(*mount->rules));
	struct tw_tool_text *texts;

	mount->rules = rules ? rules : mount->rules;
	texts = rules ? reallocarray(mount->texts, count + 1, sizeof(*mount->texts)) : NULL;
	mount->texts = texts ? texts : mount->texts;
	if (!texts) {
		tw_tool_text_release(text);
		return tw_tool_no_memory("mount");
	}
	rules[count] = (struct tw_daemon_rules){name, text->data ? text->data : ""};
	texts[count] = *text;
	mount->rule_count = count + 1;
	return 0;
}

static int take_rule(struct mount *mount, const char *rule)
{
	struct tw_tool_text text = {0};
	struct twinfs_error err = {0};

	if (twinfs_fault_check(rule, &err) < 0)
		return tw_tool_usage("mount", "--fault: %s", err.text);
	if (tw_tool_text_add(&text, rule, strlen(rule)) < 0)
		return tw_tool_no_memory("mount");
	return keep_rules(mount, "--fault", &text);
}

static int take_rule_file(struct mount *mount, const char *path)
{
	struct tw_tool_text text = {0};
	int rc = tw_tool_text_read(&text, path, RULES_MAX);

	if (rc < 0)
		return tw_tool_error("mount", path, "%s", tw_tool_host_reason(rc));
	return keep_rules(mount, path, &text);
}

static int take_option(struct tw_tool_args *args, int key, struct mount *mount)
{
	struct tw_daemon_options *daemon = &mount->daemon;
	uint64_t cycles, restarts = AUTO_RESTARTS;

	switch (key) {
	case 'f':
		daemon->foreground = true;
		return 0;
	case 'd':
		daemon->foreground = daemon->debug = true;
		return 0;
	case KEY_POLICY:
		if (!tw_tool_parse_policy(args->value, &daemon->module.policy))
			return tw_tool_bad_value(args, "policy", "device or safe");
		return 0;
	case KEY_BLOCK_CYCLES:
		if (!tw_tool_parse_size(args->value, INT32_MAX, &cycles) || !cycles)
			return tw_tool_bad_value(args, "block-cycles", "a number above 0");
		daemon->module.block_cycles = (int32_t)cycles;
		return 0;
	case KEY_AUTO_RESTART:
		if (args->value && (!tw_tool_parse_size(args->value, INT32_MAX, &restarts)))
			return tw_tool_bad_value(args, "auto-restart", "a number");
		daemon->auto_restarts = (unsigned)restarts;
		return 0;
	case KEY_BACKUP_WRITE:
		daemon->module.backup_writable = true;
		return 0;
	case KEY_FAULT:
		return take_rule(mount, args->value);
	case KEY_FAULTS:
		return take_rule_file(mount, args->value);
	case KEY_SEED:
		if (!tw_tool_parse_size(args->value, UINT64_MAX, &daemon->seed))
			return tw_tool_bad_value(args, "seed", "a number");
		return 0;
	case KEY_TRACE:
		daemon->trace = args->value;
		return 0;
	default:
		return take_words(mount, args->value);
	}
}

static int run(struct tw_tool_args *args, struct mount *mount)
{
	struct tw_daemon_options *daemon = &mount->daemon;
	struct twinfs_error err = {0};
	int status = tw_tool_take_image(args);

	if (!status)
		status = tw_tool_need(args, "MOUNTPOINT", &daemon->mountpoint);
	if (!status)
		status = tw_tool_no_more(args);
	if (status)
		return status;
	daemon->source = args->source;
	daemon->module.key_file = args->key_file;
	daemon->fuse_options = mount->fuse.data;
	daemon->rules = mount->rules;
	daemon->rule_count = mount->rule_count;
	daemon->file_mode = 0666 & ~mount->umask;
	daemon->dir_mode = 0777 & ~mount->umask;
	if (tw_daemon_run(daemon, &err) < 0)
		return tw_tool_report("mount", tw_tool_image_name(args), &err);
	return 0;
}

int tw_tool_verb_mount(int argc, char **argv)
{
	struct mount mount = {
		.daemon =
			{
				.module = {.image_flags = TWINFS_IMAGE_WRITABLE, .keep_wear = true},
				.uid = geteuid(),
				.gid = getegid(),
			},
		.umask = umask(0),
	};
	struct tw_tool_args args;
	int key, status = 0;

	umask(mount.umask);
	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		status = key == TW_OPT_EXIT ? args.status : take_option(&args, key, &mount);
		if (status || key == TW_OPT_EXIT)
			break;
	}
	if (key == TW_OPT_END)
		status = run(&args, &mount);
	tw_tool_text_release(&mount.fuse);
	for (size_t i = 0; i < mount.rule_count; i++)
		tw_tool_text_release(&mount.texts[i]);
	free(mount.texts);
	free(mount.rules);
	return status;
}
