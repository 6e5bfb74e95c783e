/* SPDX-License-Identifier: MIT */
/*
 * verb_crc.c - twinfs crc: what the device's file_crc32 says of host files, to
 * be compared with a checksum.json by hand.
 */
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "options.h"
#include "print.h"
#include "tool.h"

#define PIECE (64u << 10)

static const struct tw_tool_option options[] = {
	{TW_OPT_LONG, "json", NULL, "print one JSON document"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "crc",
	.usage = (const char *const[]){"[options] FILE...", NULL},
	.about = "Prints the hash that a module computes for the content of each FILE of this "
		 "computer, in the form of checksum.json; - is stdin. An empty file has no hash: "
		 "none.",
	.options = options,
	.status = "Exit status: 0 all were read; 2 something could not be read.",
	.example = "twinfs crc main.py lib/*.py",
};

static int crc_of(int fd, struct tw_tool_crc *crc)
{
	_cleanup_free_ char *piece = malloc(PIECE);
	ssize_t got;

	if (!piece)
		return -ENOMEM;
	do {
		got = read(fd, piece, PIECE);
		if (got > 0) {
			crc->crc = twinfs_device_crc(crc->crc, piece, (size_t)got);
			crc->size += (uint64_t)got;
		}
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got < 0 ? -errno : 0;
}

static int crc_of_file(const char *file, struct tw_tool_crc *ret_crc)
{
	_cleanup_close_ int fd = -1;
	int in = STDIN_FILENO, code;

	*ret_crc = (struct tw_tool_crc){.file = file, .crc = TWINFS_DEVICE_CRC_INIT};
	if (strcmp(file, "-")) {
		in = fd = open(file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			code = -errno;
	}
	if (in >= 0)
		code = crc_of(in, ret_crc);
	return code < 0 ? tw_tool_error("crc", file, "%s", tw_tool_host_reason(code)) : 0;
}

int tw_tool_verb_crc(int argc, char **argv)
{
	_cleanup_free_ struct tw_tool_crc *crcs = NULL;
	struct tw_tool_args args;
	size_t count = 0;
	bool json = false;
	const char *file;
	int key, status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		json = true;
	}
	crcs = calloc(tw_tool_left(&args) + 1, sizeof(*crcs));
	if (!crcs)
		return tw_tool_no_memory("crc");
	status = tw_tool_need(&args, "FILE", &file);
	if (status)
		return status;
	do {
		if (crc_of_file(file, &crcs[count]))
			status = TW_EXIT_FAILED;
		else
			count++;
	} while ((file = tw_tool_take(&args)));
	for (size_t i = 0; !json && i < count; i++)
		tw_tool_print_crc(&crcs[i]);
	if (json)
		tw_tool_json_crc(crcs, count);
	return status;
}
