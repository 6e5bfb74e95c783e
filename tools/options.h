/* SPDX-License-Identifier: MIT */
/*
 * options.h - one description of a verb's syntax, from which its command line
 * is parsed and its --help printed, and the options that many verbs share.
 */
#ifndef TW_TOOL_OPTIONS_H
#define TW_TOOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/boot.h>
#include <twinfs/module.h>

struct tw_tool_option {
	int key;          /* the short letter, or TW_OPT_LONG + n when there is none */
	const char *name; /* long name; NULL: short only */
	const char *arg;  /* name of its argument; "[=N]": may be left out; NULL: none */
	const char *help;
};

#define TW_OPT_LONG 256

/* Groups of options that verbs share. */
enum {
	TW_TOOL_SOURCE = 1u << 0, /* which image: --user, --profile, --block-size, ... */
	TW_TOOL_PART = 1u << 1,   /* which partition is meant */
};

struct tw_tool_syntax {
	const char *verb;
	const char *const *usage;             /* what follows "twinfs VERB", ends with NULL */
	const char *about;                    /* one paragraph */
	const struct tw_tool_option *options; /* ends with key 0 */
	unsigned groups;                      /* TW_TOOL_* */
	const char *status;                   /* what the exit statuses mean */
	const char *example;                  /* one command line */
};

/* A command line being parsed, and what the shared options said. */
struct tw_tool_args {
	const struct tw_tool_syntax *syntax;
	int argc;
	char **argv;
	const char *value; /* argument of the option just returned; NULL: none was given */
	int status;        /* exit status, once next said TW_OPT_EXIT */
	struct twinfs_source source;
	const char *key_file;
	bool has_part; /* --part was given: */
	enum twinfs_part part;
};

#define TW_OPT_END  (-1) /* no more options: operands follow */
#define TW_OPT_EXIT (-2) /* the verb is over: exit with ->status */

void tw_tool_args_init(struct tw_tool_args *args, const struct tw_tool_syntax *syntax, int argc,
	char **argv);

/*
 * Returns the key of the verb's next option, with its argument in ->value.
 * Shared options are kept in @args and not returned. On a usage error the
 * message is out and the result is TW_OPT_EXIT, as after --help.
 */
int tw_tool_next_option(struct tw_tool_args *args);

/* A usage error about option --@name; returns the exit status. */
int tw_tool_bad_value(const struct tw_tool_args *args, const char *name, const char *expected);

/* Takes the next operand, NULL when there is none. */
const char *tw_tool_take(struct tw_tool_args *args);

/* How many operands are left. */
size_t tw_tool_left(const struct tw_tool_args *args);

/* Takes the operand called @what; 0, or the exit status when it is missing. */
int tw_tool_need(struct tw_tool_args *args, const char *what, const char **ret_operand);

/* Takes IMAGE unless --user, --backup or --secure name the files. 0 or the exit status. */
int tw_tool_take_image(struct tw_tool_args *args);

/* 0, or the exit status when operands are left. */
int tw_tool_no_more(struct tw_tool_args *args);

/* What messages call the image: IMAGE, or the first of the loose files. */
const char *tw_tool_image_name(const struct tw_tool_args *args);

/* A size: decimal or 0x, with K or M for KiB and MiB. false: not one, or over @max. */
bool tw_tool_parse_size(const char *text, uint64_t max, uint64_t *ret_size);

/* "device" or "safe". */
bool tw_tool_parse_policy(const char *text, enum twinfs_policy *ret_policy);

#endif
