/* SPDX-License-Identifier: MIT */
/*
 * fuse_sentry.c - what a map cannot report, the kernel tells by SIGBUS: to the thread
 * that touched it, which can neither go on nor go back.
 *
 * So that thread stays where it is, with all its locks, and another one, which
 * needs none of them, says what has happened, takes the mount away, and ends the
 * process. Calls that are under way fail (ECONNABORTED); none of them can be told
 * "done" for what did not reach the image. What was told before is in it, as far
 * as the host still has it.
 *
 * The handler of a signal has no context, so there is one sentry per process.
 */
#include "fuse_sentry.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STATUS_FAILED 2

static struct {
	struct tw_emu *emu;
	struct fuse_session *session;
	pthread_t thread;
	uintptr_t start, size; /* of the map */
	int event;             /* file descriptor */
	atomic_bool is_lost;
	struct sigaction before;
} sentry;

static void on_bus_error(int number, siginfo_t *info, void *context)
{
	const uint64_t one = 1;

	(void)context;
	if ((uintptr_t)info->si_addr - sentry.start >= sentry.size) {
		(void)sigaction(number, &sentry.before, NULL); /* a bug: it comes again at once */
		return;
	}
	atomic_store(&sentry.is_lost, true);
	(void)!write(sentry.event, &one, sizeof(one));
	for (;;)
		(void)pause();
}

static void *watch(void *unused)
{
	uint64_t count;

	(void)unused;
	while (read(sentry.event, &count, sizeof(count)) < 0 && errno == EINTR)
		;
	if (!atomic_load(&sentry.is_lost))
		return NULL;
	tw_emu_log(&sentry.emu->log, TW_EMU_ERROR,
		"the image cannot be reached any more: its file was cut short by somebody else, "
		"or the host's disk is full or failing; unmounted");
	fuse_session_unmount(sentry.session);
	_exit(STATUS_FAILED);
}

int tw_emu_sentry_start(struct tw_emu *emu, struct fuse_session *session)
{
	struct twinfs_image *image = twinfs_module_image(emu->module);
	struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
	int rc;

	sentry.emu = emu;
	sentry.session = session;
	sentry.start = (uintptr_t)twinfs_image_bytes(image);
	sentry.size = (uintptr_t)twinfs_image_size(image);
	atomic_store(&sentry.is_lost, false);
	sentry.event = eventfd(0, EFD_CLOEXEC);
	if (sentry.event < 0)
		return -errno;
	rc = -pthread_create(&sentry.thread, NULL, watch, NULL);
	if (rc < 0)
		(void)close(sentry.event);
	else
		(void)sigaction(SIGBUS, &action, &sentry.before); /* cannot fail */
	return rc;
}

void tw_emu_sentry_stop(void)
{
	const uint64_t one = 1;

	(void)!write(sentry.event, &one, sizeof(one));
	(void)pthread_join(sentry.thread, NULL);
	(void)sigaction(SIGBUS, &sentry.before, NULL);
	(void)close(sentry.event);
}
