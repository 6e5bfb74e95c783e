/* SPDX-License-Identifier: MIT */
/*
 * trace_control.c - recording begins and ends while no operation runs: that is,
 * with the power held as if to switch it.
 *
 * A recording belongs to nobody, or to who asked for one that ends when he
 * closes the file: then it also ends when he is killed.
 */
#include "trace_control.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/trace.h>

#include "tell.h"

static int fail(struct twinfs_error *err, int code, const char *text)
{
	(void)snprintf(err->text, sizeof(err->text), "%s", text);
	return code;
}

static int start(struct tw_emu *emu, const void *owner, const char *path, struct twinfs_error *err)
{
	char *copy;
	int rc;

	if (*path != '/')
		return fail(err, -EINVAL, "the trace needs an absolute path");
	if (twinfs_module_is_recording(emu->module))
		return fail(err, -EALREADY, "a trace is being recorded already");
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	rc = twinfs_module_record(emu->module, path, err);
	if (rc < 0) {
		free(copy);
		return rc;
	}
	emu->trace.path = copy;
	emu->trace.owner = owner;
	tw_emu_tell_trace(emu, true, path, NULL);
	return 0;
}

/* 0, or why the trace is not complete. */
static int stop(struct tw_emu *emu, struct twinfs_error *err)
{
	int rc;

	if (!twinfs_module_is_recording(emu->module))
		return fail(err, -EINVAL, "nothing is being recorded");
	rc = twinfs_module_record_stop(emu->module, err);
	if (rc < 0) {
		const char *why = *err->text ? err->text : twinfs_strerror(rc);

		tw_emu_log(&emu->log, TW_EMU_WARNING, "trace '%s': %s", emu->trace.path, why);
		tw_emu_tell_trace(emu, false, emu->trace.path, why);
	} else {
		tw_emu_tell_trace(emu, false, emu->trace.path, NULL);
	}
	free(emu->trace.path);
	emu->trace.path = NULL;
	emu->trace.owner = NULL;
	return rc;
}

int tw_emu_trace_begin(struct tw_emu *emu, struct twinfs_error *err)
{
	return emu->options->trace ? start(emu, NULL, emu->options->trace, err) : 0;
}

int tw_emu_trace_end(struct tw_emu *emu, struct twinfs_error *err)
{
	return twinfs_module_is_recording(emu->module) ? stop(emu, err) : 0;
}

/* ---- commands ---- */

static int run_locked(struct tw_emu *emu, const void *opener, const char *text,
	struct twinfs_error *err)
{
	if (!strcmp(text, "stop"))
		return stop(emu, err);
	if (!strncmp(text, "start ", 6))
		return start(emu, NULL, text + 6, err);
	if (!strncmp(text, "hold ", 5))
		return start(emu, opener, text + 5, err);
	return fail(err, -EINVAL, "expected 'start FILE', 'hold FILE' or 'stop'");
}

/* One command; a path may hold anything but a newline at its end. */
static int run(struct tw_emu *emu, const void *opener, char *text, FILE *answer,
	struct twinfs_error *err)
{
	size_t len = strlen(text);
	int rc;

	(void)answer;
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	(void)pthread_rwlock_wrlock(&emu->power);
	rc = run_locked(emu, opener, text, err);
	(void)pthread_rwlock_unlock(&emu->power);
	return rc;
}

static void list(struct tw_emu *emu, FILE *to)
{
	(void)pthread_rwlock_rdlock(&emu->power);
	if (twinfs_module_is_recording(emu->module))
		(void)fprintf(to, "on %" PRIu64 " %s\n",
			twinfs_recorder_operations(twinfs_module_recorder(emu->module)),
			emu->trace.path);
	else
		(void)fputs("off\n", to);
	(void)pthread_rwlock_unlock(&emu->power);
}

static void closed(struct tw_emu *emu, const void *opener)
{
	struct twinfs_error err = {0};

	(void)pthread_rwlock_wrlock(&emu->power);
	if (emu->trace.owner == opener)
		(void)stop(emu, &err); /* nobody is there to hear of it; it is logged */
	(void)pthread_rwlock_unlock(&emu->power);
}

const struct tw_emu_commands tw_emu_trace_commands = {.run = run, .list = list, .closed = closed};
