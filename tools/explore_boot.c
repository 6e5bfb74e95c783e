/* SPDX-License-Identifier: MIT */
/*
 * explore_boot.c - without a trace, what is explored is the next boot of the
 * image: it is run on a copy in memory, and recorded for as long as the
 * exploration lasts.
 */
#include "explore.h"

#include <errno.h>
#include <string.h>

#include <twinfs/module.h>

#include "text.h"
#include "tool.h"

#define VERB "explore"

#define NAME "/boot.trace"

char *tw_tool_explore_temp_dir(void)
{
	const char *base = getenv("TMPDIR");
	char *dir;

	if (!base || !*base)
		base = "/tmp";
	if (asprintf(&dir, "%s/twinfs-explore-XXXXXX", base) < 0) {
		tw_tool_no_memory(VERB);
		return NULL;
	}
	if (mkdtemp(dir))
		return dir;
	tw_tool_error(VERB, base, "no directory can be made: %s", tw_tool_host_reason(-errno));
	free(dir);
	return NULL;
}

static int record(const struct tw_tool_explore_job *job, const char *path)
{
	struct twinfs_module_options options = job->options.module;
	struct twinfs_module *module;
	struct twinfs_error err = {0};
	int code;

	options.image_flags = TWINFS_IMAGE_SCRATCH;
	code = twinfs_module_open(&job->options.source, &options, &module, &err);
	if (code < 0)
		return tw_tool_report(VERB, job->image, &err);
	code = twinfs_module_record(module, path, &err);
	if (code >= 0)
		code = twinfs_module_power_on(module, NULL, &err);
	if (code >= 0)
		code = twinfs_module_record_stop(module, &err);
	twinfs_module_close(module);
	return code < 0 ? tw_tool_report(VERB, job->image, &err) : 0;
}

int tw_tool_explore_record_boot(const struct tw_tool_explore_job *job, char **ret_path)
{
	_cleanup_free_ char *dir = tw_tool_explore_temp_dir();
	char *path;
	int status;

	if (!dir)
		return TW_EXIT_FAILED;
	if (asprintf(&path, "%s" NAME, dir) < 0) {
		(void)rmdir(dir); /* an empty directory is no harm */
		return tw_tool_no_memory(VERB);
	}
	status = record(job, path);
	if (status)
		tw_tool_explore_forget_boot(path);
	else
		*ret_path = path;
	return status;
}

void tw_tool_explore_forget_boot(char *path)
{
	if (!path)
		return;
	(void)unlink(path); /* neither is a file in the temporary directory */
	path[strlen(path) - strlen(NAME)] = '\0';
	(void)rmdir(path);
	free(path);
}
