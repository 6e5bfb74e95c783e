/* SPDX-License-Identifier: MIT */
/*
 * options.c - parses the command line of a verb from the description that
 * --help is printed from, so that the two cannot drift apart.
 */
#include "options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "text.h"
#include "tool.h"

/* Most options of one verb, shared ones included. */
#define OPTIONS_MAX 32

enum {
	KEY_USER = TW_OPT_LONG + 100,
	KEY_BACKUP,
	KEY_SECURE,
	KEY_PROFILE,
	KEY_BLOCK_SIZE,
	KEY_PROG,
	KEY_KEY,
	KEY_PART,
};

static const struct tw_tool_option source_options[] = {
	{KEY_USER, "user", "FILE", "user partition in a file of its own"},
	{KEY_BACKUP, "backup", "FILE", "backup partition in a file of its own"},
	{KEY_SECURE, "secure", "FILE", "SecureData area in a file of its own"},
	{KEY_PROFILE, "profile", "P", "module profile: a name, or a JSON file"},
	{KEY_BLOCK_SIZE, "block-size", "N",
		"bytes per block (4096, 0x1000, 4K), "
		"instead of what is detected"},
	{KEY_PROG, "prog", "N", "bytes programmed at once, instead of the profile's"},
	{KEY_KEY, "key", "FILE", "key file of a sealed SecureData area"},
	{0},
};

static const struct tw_tool_option part_options[] = {
	{KEY_PART, "part", "user|backup", "partition that is meant: user or backup"},
	{0},
};

static const struct tw_tool_option help_options[] = {
	{'h', "help", NULL, "print this help"},
	{0},
};

static const struct tw_tool_option no_options[] = {{0}};

/* The groups of a verb, in the order of --help. */
#define GROUPS 4
static void list_groups(const struct tw_tool_syntax *syntax,
	const struct tw_tool_option *ret_groups[GROUPS])
{
	ret_groups[0] = syntax->options;
	ret_groups[1] = syntax->groups & TW_TOOL_PART ? part_options : no_options;
	ret_groups[2] = help_options;
	ret_groups[3] = syntax->groups & TW_TOOL_SOURCE ? source_options : no_options;
}

/* ---- help ---- */

#define HELP_COLUMN 26

static void print_option(const struct tw_tool_option *option)
{
	char left[64], *at = left;
	size_t room = sizeof(left);
	int len;

	if (option->key < TW_OPT_LONG)
		len = snprintf(at, room, "  -%c%s", option->key, option->name ? ", " : " ");
	else
		len = snprintf(at, room, "      ");
	at += len;
	room -= (size_t)len;
	if (option->name)
		snprintf(at, room, "--%s%s%s", option->name,
			option->arg && *option->arg != '[' ? " " : "",
			option->arg ? option->arg : "");
	else
		snprintf(at, room, "%s", option->arg ? option->arg : "");
	len = printf("%s", left);
	if (len > HELP_COLUMN - 2) {
		putchar('\n');
		len = 0;
	}
	tw_tool_put_wrapped(stdout, option->help, HELP_COLUMN, len);
}

static void print_help(const struct tw_tool_syntax *syntax)
{
	const struct tw_tool_option *groups[GROUPS];
	const char *const *usage;

	for (usage = syntax->usage; *usage; usage++)
		printf("%s twinfs %s %s\n", usage == syntax->usage ? "Usage:" : "      ",
			syntax->verb, *usage);
	putchar('\n');
	tw_tool_put_wrapped(stdout, syntax->about, 0, 0);
	printf("\nOptions:\n");
	list_groups(syntax, groups);
	for (size_t i = 0; i < GROUPS; i++) {
		if (i == GROUPS - 1 && groups[i]->key)
			printf("\nWhich image (in place of IMAGE, or to read it another way):\n");
		for (const struct tw_tool_option *option = groups[i]; option->key; option++)
			print_option(option);
	}
	putchar('\n');
	tw_tool_put_wrapped(stdout, syntax->status, 0, 0);
	printf("\nExample: %s\nManual page: man twinfs-%s\n", syntax->example, syntax->verb);
}

/* ---- parsing ---- */

struct getopt_form {
	struct option longs[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 3];
};

static int argument_of(const struct tw_tool_option *option)
{
	if (!option->arg)
		return no_argument;
	return *option->arg == '[' ? optional_argument : required_argument;
}

/* Leading ':' tells a missing argument from an unknown option. */
static void build_form(const struct tw_tool_syntax *syntax, struct getopt_form *form)
{
	const struct tw_tool_option *groups[GROUPS];
	size_t longs = 0;
	char *shorts = form->shorts;

	memset(form, 0, sizeof(*form));
	*shorts++ = ':';
	list_groups(syntax, groups);
	for (size_t i = 0; i < GROUPS; i++) {
		for (const struct tw_tool_option *o = groups[i]; o->key; o++) {
			if (o->key < TW_OPT_LONG) {
				*shorts++ = (char)o->key;
				if (o->arg)
					*shorts++ = ':';
			}
			if (o->name && longs < OPTIONS_MAX)
				form->longs[longs++] =
					(struct option){o->name, argument_of(o), NULL, o->key};
		}
	}
}

static const struct tw_tool_option *find_option(const struct tw_tool_syntax *syntax, int key)
{
	const struct tw_tool_option *groups[GROUPS];

	list_groups(syntax, groups);
	for (size_t i = 0; i < GROUPS; i++)
		for (const struct tw_tool_option *o = groups[i]; o->key; o++)
			if (o->key == key)
				return o;
	return NULL;
}

void tw_tool_args_init(struct tw_tool_args *args, const struct tw_tool_syntax *syntax, int argc,
	char **argv)
{
	*args = (struct tw_tool_args){.syntax = syntax, .argc = argc, .argv = argv};
	optind = 0; /* makes getopt start anew, with the verb's table */
	opterr = 0;
}

static int stop(struct tw_tool_args *args, int status)
{
	args->status = status;
	return TW_OPT_EXIT;
}

int tw_tool_bad_value(const struct tw_tool_args *args, const char *name, const char *expected)
{
	return tw_tool_usage(args->syntax->verb, "--%s: '%s' is not %s", name, args->value,
		expected);
}

/* "--jsno=1" may have meant json: " (did you mean --json?)", or "". */
static void guess_long(const struct tw_tool_syntax *syntax, const char *word, char *hint,
	size_t size)
{
	_cleanup_free_ char *name = strndup(word + 2, strcspn(word + 2, "="));
	const char *names[OPTIONS_MAX], *meant;
	struct getopt_form form;
	size_t count = 0;

	build_form(syntax, &form);
	for (; form.longs[count].name; count++)
		names[count] = form.longs[count].name;
	meant = name ? twinfs_nearest(name, names, count) : NULL;
	snprintf(hint, size, "%s%s%s", meant ? " (did you mean --" : "", meant ? meant : "",
		meant ? "?)" : "");
}

/* getopt leaves a long option that it does not know in argv, a short one in optopt. */
static int unknown_option(struct tw_tool_args *args, bool lacks_argument)
{
	const struct tw_tool_option *option = find_option(args->syntax, optopt);
	const char *verb = args->syntax->verb, *word = args->argv[optind - 1];
	const int other = islower(optopt) ? toupper(optopt) : tolower(optopt);
	char hint[64] = "";

	if (lacks_argument && option && option->name)
		return tw_tool_usage(verb, "--%s needs an argument %s", option->name, option->arg);
	if (lacks_argument)
		return tw_tool_usage(verb, "-%c needs an argument", optopt);
	if (optopt >= TW_OPT_LONG || (option && option->name && !strncmp(word, "--", 2)))
		return tw_tool_usage(verb, "--%s takes no argument",
			option && option->name ? option->name : "");
	if (optopt && isalpha(optopt) && find_option(args->syntax, other))
		snprintf(hint, sizeof(hint), " (did you mean -%c?)", other);
	if (optopt)
		return tw_tool_usage(verb, "-%c is not an option%s", optopt, hint);
	guess_long(args->syntax, word, hint, sizeof(hint));
	return tw_tool_usage(verb, "%s is not an option%s", word, hint);
}

static int parse_bytes(struct tw_tool_args *args, const char *name, uint32_t *ret_bytes)
{
	uint64_t size;

	if (!tw_tool_parse_size(args->value, UINT32_MAX, &size) || !size)
		return tw_tool_bad_value(args, name, "a size (such as 4096, 0x1000 or 4K)");
	*ret_bytes = (uint32_t)size;
	return 0;
}

static int parse_part(struct tw_tool_args *args)
{
	if (!strcmp(args->value, "user"))
		args->part = TWINFS_PART_USER;
	else if (!strcmp(args->value, "backup"))
		args->part = TWINFS_PART_BACKUP;
	else
		return tw_tool_bad_value(args, "part", "user or backup");
	args->has_part = true;
	return 0;
}

/* Keeps a shared option; false: the option is the verb's own. */
static bool take_shared(struct tw_tool_args *args, int key, int *ret_status)
{
	*ret_status = 0;
	switch (key) {
	case KEY_USER:
		args->source.user = args->value;
		return true;
	case KEY_BACKUP:
		args->source.backup = args->value;
		return true;
	case KEY_SECURE:
		args->source.secure = args->value;
		return true;
	case KEY_PROFILE:
		args->source.profile = args->value;
		return true;
	case KEY_BLOCK_SIZE:
		*ret_status = parse_bytes(args, "block-size", &args->source.block_size);
		return true;
	case KEY_PROG:
		*ret_status = parse_bytes(args, "prog", &args->source.prog_size);
		return true;
	case KEY_KEY:
		args->key_file = args->value;
		return true;
	case KEY_PART:
		*ret_status = parse_part(args);
		return true;
	default:
		return false;
	}
}

int tw_tool_next_option(struct tw_tool_args *args)
{
	struct getopt_form form;
	int key, status;

	build_form(args->syntax, &form);
	for (;;) {
		key = getopt_long(args->argc, args->argv, form.shorts, form.longs, NULL);
		args->value = optarg;
		if (key == -1)
			return TW_OPT_END;
		if (key == '?' || key == ':')
			return stop(args, unknown_option(args, key == ':'));
		if (key == 'h') {
			print_help(args->syntax);
			return stop(args, TW_EXIT_OK);
		}
		if (!take_shared(args, key, &status))
			return key;
		if (status)
			return stop(args, status);
	}
}

/* ---- operands ---- */

const char *tw_tool_take(struct tw_tool_args *args)
{
	return optind < args->argc ? args->argv[optind++] : NULL;
}

size_t tw_tool_left(const struct tw_tool_args *args)
{
	return (size_t)(args->argc - optind);
}

int tw_tool_need(struct tw_tool_args *args, const char *what, const char **ret_operand)
{
	const char *operand = tw_tool_take(args);

	if (!operand || !*operand)
		return tw_tool_usage(args->syntax->verb, "%s is %s", what,
			operand ? "empty" : "missing");
	*ret_operand = operand;
	return 0;
}

int tw_tool_take_image(struct tw_tool_args *args)
{
	const struct twinfs_source *source = &args->source;

	if (source->user || source->backup || source->secure)
		return 0;
	return tw_tool_need(args, "IMAGE", &args->source.image);
}

int tw_tool_no_more(struct tw_tool_args *args)
{
	const char *operand = tw_tool_take(args);

	if (!operand)
		return 0;
	return tw_tool_usage(args->syntax->verb, "'%s' is one operand too many", operand);
}

const char *tw_tool_image_name(const struct tw_tool_args *args)
{
	const struct twinfs_source *source = &args->source;

	if (source->image)
		return source->image;
	if (source->user)
		return source->user;
	return source->backup ? source->backup : source->secure;
}

bool tw_tool_parse_size(const char *text, uint64_t max, uint64_t *ret_size)
{
	const bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const uint64_t base = hex ? 16 : 10;
	uint64_t size = 0, unit = 1;
	const char *at = hex ? text + 2 : text;

	if (!isxdigit((unsigned char)*at))
		return false;
	for (; hex ? isxdigit((unsigned char)*at) : isdigit((unsigned char)*at); at++) {
		int c = tolower((unsigned char)*at);
		unsigned digit = (unsigned)(isdigit(c) ? c - '0' : c - 'a' + 10);

		if (size > (UINT64_MAX - digit) / base)
			return false;
		size = size * base + digit;
	}
	if (*at == 'K' || *at == 'k')
		unit = UINT64_C(1) << 10;
	else if (*at == 'M' || *at == 'm')
		unit = UINT64_C(1) << 20;
	if (unit > 1)
		at++;
	if (*at || size > max / unit)
		return false;
	*ret_size = size * unit;
	return true;
}

bool tw_tool_parse_policy(const char *text, enum twinfs_policy *ret_policy)
{
	for (int policy = TWINFS_POLICY_DEVICE; policy <= TWINFS_POLICY_SAFE; policy++) {
		if (!strcmp(text, twinfs_policy_name((enum twinfs_policy)policy))) {
			*ret_policy = (enum twinfs_policy)policy;
			return true;
		}
	}
	return false;
}
