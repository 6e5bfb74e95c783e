/* SPDX-License-Identifier: MIT */
/*
 * fuse_turn.c - one thread reads the requests while one is enough.
 *
 * Most of what a request costs is waking the thread that serves it. Left to
 * themselves all threads wait in the kernel, which wakes them in turn: each
 * request another one, on another core, with cold caches. So one thread, the
 * keeper, reads, and the others wait here. When requests of several programs
 * mix, there is a crowd: then all threads read, until one program is left.
 *
 * The keeper does not sleep at once: a program in the middle of its work sends
 * the next request within microseconds, and waking a sleeping core takes longer
 * than that. It yields while it looks, so that on a busy machine the program
 * gets the core instead.
 *
 * Requests that queue up are no sign of a crowd: RELEASE and FORGET, which
 * nobody waits for, always have something behind them, and the keeper may be
 * late because the program it woke has its core.
 */
#include "fuse_turn.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "state.h"

#define CROWD     8 /* points from which there is one */
#define CROWD_MAX 32
#define LOOK_NS   20000 /* longer gained nothing and took the core from others */

static bool has_waiting(int fd)
{
	struct pollfd device = {.fd = fd, .events = POLLIN};

	return poll(&device, 1, 0) > 0;
}

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void look_out(int fd)
{
	int64_t end = now_ns() + LOOK_NS;

	while (!has_waiting(fd) && now_ns() < end)
		(void)sched_yield();
}

static bool is_keeper(struct tw_emu_turn *turn)
{
	uintptr_t self = (uintptr_t)pthread_self(), none = 0;

	return atomic_load(&turn->keeper) == self ||
	       atomic_compare_exchange_strong(&turn->keeper, &none, self);
}

static bool is_crowd(const struct tw_emu_turn *turn)
{
	return atomic_load_explicit(&turn->crowd, memory_order_relaxed) >= CROWD;
}

/* Points for each change of the program; they go when it stays. An update that is lost is none. */
static void count(struct tw_emu_turn *turn, uint32_t pid)
{
	int crowd = atomic_load_explicit(&turn->crowd, memory_order_relaxed);

	if (!pid) /* nobody waits for it */
		return;
	if (atomic_exchange_explicit(&turn->last, pid, memory_order_relaxed) == pid)
		crowd -= crowd > 0;
	else if (crowd < CROWD_MAX)
		crowd += 2;
	atomic_store_explicit(&turn->crowd, crowd, memory_order_relaxed);
}

static void call_help(struct tw_emu_turn *turn)
{
	int called;

	if (sem_getvalue(&turn->help, &called) == 0 && called <= 0)
		(void)sem_post(&turn->help);
}

static ssize_t read_request(int fd, void *buf, size_t len, void *userdata)
{
	struct tw_emu *emu = userdata;
	struct tw_emu_turn *turn = &emu->turn;
	const struct fuse_in_header *header = buf;
	ssize_t got;

	if (!is_crowd(turn)) {
		if (is_keeper(turn))
			look_out(fd);
		else if (sem_wait(&turn->help) < 0)
			return -1;
	}
	got = read(fd, buf, len);
	if (got < (ssize_t)sizeof(*header))
		return got;
	count(turn, header->pid);
	if (is_crowd(turn))
		call_help(turn);
	return got;
}

/*
 * libfuse 3.14 cannot ask for this. Without it the kernel asks for the
 * attribute security.capability before every write; with it, before the first
 * one. What it makes our duty, to drop set-user-id bits, is done: there are none.
 */
static void ask_for_killpriv(const struct iovec *iov, int count)
{
	const struct fuse_out_header *header = iov[0].iov_base;
	struct fuse_init_out *answer;

	if (count < 2 || header->error || iov[1].iov_len < FUSE_COMPAT_22_INIT_OUT_SIZE)
		return;
	answer = iov[1].iov_base;
	answer->flags |= FUSE_HANDLE_KILLPRIV_V2;
}

/* The kernel sends nothing before it has the answer to INIT. */
static ssize_t write_answer(int fd, struct iovec *iov, int count, void *userdata)
{
	struct tw_emu *emu = userdata;

	if (!atomic_load_explicit(&emu->turn.is_greeted, memory_order_relaxed)) {
		ask_for_killpriv(iov, count);
		atomic_store(&emu->turn.is_greeted, true);
	}
	return writev(fd, iov, count);
}

#ifdef TW_HAVE_CLONE_HOOK
/* Since libfuse 3.17 who reads himself also makes each thread's descriptor himself. */
static int clone_device(int device)
{
	uint32_t master = (uint32_t)device;
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, FUSE_DEV_IOC_CLONE, &master) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}
#endif

void tw_emu_turn_init(struct tw_emu_turn *turn)
{
	*turn = (struct tw_emu_turn){0};
	(void)sem_init(&turn->help, 0, 0); /* cannot fail for this value */
}

void tw_emu_turn_release(struct tw_emu_turn *turn)
{
	(void)sem_destroy(&turn->help);
}

int tw_emu_turn_take(struct fuse_session *session)
{
	static const struct fuse_custom_io io = {
		.read = read_request,
		.writev = write_answer,
#ifdef TW_HAVE_CLONE_HOOK
		.clone_fd = clone_device,
#endif
	};

	return fuse_session_custom_io(session, &io, fuse_session_fd(session));
}
