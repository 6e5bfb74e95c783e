/* SPDX-License-Identifier: MIT */
/*
 * fuse_turn.c - one thread reads the requests while one is enough.
 *
 * Most of what a request costs is waking the thread that serves it. Left to
 * themselves all threads wait in the kernel, which wakes them in turn: each
 * request another one, on another core, with cold caches. So one thread, the
 * keeper, reads, and the others wait here. Several requests in a row that had
 * another one behind them are a crowd: then a helper is called, which serves
 * until nothing is waiting, and may call the next one.
 *
 * A single request behind another is no crowd: RELEASE and FORGET, which nobody
 * waits for, are always followed by something.
 */
#include "fuse_turn.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "state.h"

#define CROWD 4u

static bool has_waiting(int fd)
{
	struct pollfd device = {.fd = fd, .events = POLLIN};

	return poll(&device, 1, 0) > 0;
}

/* Each thread has a descriptor of its own; where the kernel cannot do that, all are keepers. */
static bool is_keeper(struct tw_emu_turn *turn, int fd)
{
	int none = -1;

	return atomic_load(&turn->keeper) == fd ||
	       atomic_compare_exchange_strong(&turn->keeper, &none, fd);
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
	ssize_t got;

	if (!is_keeper(turn, fd) && !has_waiting(fd) && sem_wait(&turn->help) < 0)
		return -1;
	got = read(fd, buf, len);
	if (got < 0)
		return got;
	if (!has_waiting(fd))
		atomic_store(&turn->crowd, 0);
	else if (atomic_fetch_add(&turn->crowd, 1) + 1 >= CROWD)
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

void tw_emu_turn_init(struct tw_emu_turn *turn)
{
	*turn = (struct tw_emu_turn){.keeper = -1};
	(void)sem_init(&turn->help, 0, 0); /* cannot fail for this value */
}

void tw_emu_turn_release(struct tw_emu_turn *turn)
{
	(void)sem_destroy(&turn->help);
}

int tw_emu_turn_take(struct fuse_session *session)
{
	static const struct fuse_custom_io io = {.read = read_request, .writev = write_answer};

	return fuse_session_custom_io(session, &io, fuse_session_fd(session));
}
