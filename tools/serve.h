/* SPDX-License-Identifier: MIT */
/*
 * serve.h - the options of verbs that serve a module: its boots, its faults,
 * the recording.
 */
#ifndef TW_TOOL_SERVE_H
#define TW_TOOL_SERVE_H

#include "emulator/daemon.h"
#include "options.h"

/* Keys of the options, from TW_OPT_LONG + 50 on: apart from a verb's own and the shared ones. */
enum tw_tool_serve_key {
	TW_TOOL_SERVE_POLICY = TW_OPT_LONG + 50,
	TW_TOOL_SERVE_BLOCK_CYCLES,
	TW_TOOL_SERVE_AUTO_RESTART,
	TW_TOOL_SERVE_BACKUP_WRITE,
	TW_TOOL_SERVE_FAULT,
	TW_TOOL_SERVE_FAULTS,
	TW_TOOL_SERVE_SEED,
	TW_TOOL_SERVE_TRACE,
};

/* Rows of a verb's table of options. */
#define TW_TOOL_SERVE_OPTIONS                                                                      \
	{TW_TOOL_SERVE_POLICY, "policy", "device|safe",                                            \
		"boot as the module does, with its holes: device (default); "                      \
		"or with the holes closed: safe"},                                                 \
		{TW_TOOL_SERVE_BLOCK_CYCLES, "block-cycles", "N",                                  \
			"erases of a metadata pair of littlefs 2 until it moves to other blocks, " \
			"instead of the profile's"},                                               \
		{TW_TOOL_SERVE_AUTO_RESTART, "auto-restart", "[=N]",                               \
			"boot again after a power cut, N times (100) in all; then the power "      \
			"stays off"},                                                              \
		{TW_TOOL_SERVE_BACKUP_WRITE, "allow-backup-write", NULL,                           \
			"the backup partition can be written through bak/, as by applications "    \
			"that mount it a second time"},                                            \
		{TW_TOOL_SERVE_FAULT, "fault", "RULE",                                             \
			"a fault, in force before the first boot, such as 'cut at op 100'; may "   \
			"be given several times"},                                                 \
		{TW_TOOL_SERVE_FAULTS, "faults", "FILE", "the same from a file, one rule a line"}, \
		{TW_TOOL_SERVE_SEED, "seed", "N", "of the chance in faults (0)"},                  \
	{                                                                                          \
		TW_TOOL_SERVE_TRACE, "trace", "FILE",                                              \
			"record what happens to the chip, from before the first boot"              \
	}

struct tw_tool_serve {
	struct tw_daemon_options daemon;
	struct tw_daemon_rules *rules;
	struct tw_tool_text *texts; /* of the rules */
	size_t rule_count;
};

/* Defaults; @serve is released by tw_tool_serve_release(). */
void tw_tool_serve_init(struct tw_tool_serve *serve);
void tw_tool_serve_release(struct tw_tool_serve *serve);

/* Takes the option with @key, one of the above. 0 or the exit status, with the message out. */
int tw_tool_serve_option(const struct tw_tool_args *args, int key, struct tw_tool_serve *serve);

/* Completes the daemon's options by what @args and the options said, when all are taken. */
void tw_tool_serve_finish(const struct tw_tool_args *args, struct tw_tool_serve *serve);

#endif
