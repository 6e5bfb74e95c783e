/* SPDX-License-Identifier: MIT */
/*
 * fuse_worker.c - one thread beside those that answer requests.
 *
 * A notification may wait in the kernel until a request on the same directory
 * is answered. So it is sent with no lock held, by a thread that no request
 * waits for; only the writer of the power file does, and it holds nothing else.
 * Its write is answered last: when "echo restart > power" returns, the kernel
 * has forgotten the time before.
 *
 * Signals come here too. The loop of libfuse must not end in the middle of a
 * notification, whose request nobody would then answer; this thread is never
 * in one while it waits for a signal.
 */
#include "fuse_worker.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "fuse_ops.h"

#define WAKE_SIGNAL   SIGUSR1
#define WAKE_AGAIN_MS 20

/* A write to the power file. */
struct job {
	struct job *next;
	struct fuse_req *req;
	enum tw_emu_word word;
	size_t size;
};

struct tw_emu_worker {
	struct tw_emu *emu;
	struct fuse_session *session;
	pthread_t thread, main;
	int signals, events; /* file descriptors */
	atomic_bool stopped; /* the loop has ended */
	atomic_bool shed[TW_EMU_TREES];
	pthread_mutex_t lock; /* guards the jobs; nothing else is locked under it */
	struct job *first, **last;
};

static void end_signals(sigset_t *ret_set)
{
	(void)sigemptyset(ret_set);
	(void)sigaddset(ret_set, SIGHUP);
	(void)sigaddset(ret_set, SIGINT);
	(void)sigaddset(ret_set, SIGTERM);
}

static void do_nothing(int number)
{
	(void)number; /* its coming interrupts a system call, and that is all */
}

int tw_emu_signals_block(void)
{
	struct sigaction wake = {.sa_handler = do_nothing};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	end_signals(&set);
	if (sigaction(WAKE_SIGNAL, &wake, NULL) < 0 || sigaction(SIGPIPE, &ignore, NULL) < 0)
		return -errno;
	return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* ---- notifications ---- */

struct directory {
	struct tw_emu_worker *worker;
	uint64_t ino;
};

static void forget_name(void *ctx, const char *name)
{
	const struct directory *directory = ctx;

	/* fails when the kernel has forgotten by itself */
	(void)fuse_lowlevel_notify_inval_entry(directory->worker->session, directory->ino, name,
		strlen(name));
}

static void forget_names(struct tw_emu_worker *worker, enum tw_emu_tree_id tree)
{
	struct directory directory = {worker, tw_emu_tree_root(tree)};

	tw_emu_names_take(&worker->emu->trees[tree].names, forget_name, &directory);
	(void)fuse_lowlevel_notify_inval_inode(worker->session, directory.ino, -1, 0);
}

/*
 * Takes back the content of all open files. Pages that programs changed through
 * a shared map are written first, and the kernel waits until they are.
 */
static void forget_content(struct tw_emu_worker *worker)
{
	struct tw_emu *emu = worker->emu;
	uint64_t *inos = NULL;
	size_t count = 0;

	if (tw_emu_files_inos(&emu->files, &inos, &count) < 0)
		tw_emu_log(&emu->log, TW_EMU_WARNING,
			"out of memory: the kernel keeps its cache of open files");
	for (size_t i = 0; i < count; i++)
		(void)fuse_lowlevel_notify_inval_inode(worker->session, inos[i], 0, 0);
	free(inos);
}

/* ---- jobs ---- */

static void wake(struct tw_emu_worker *worker)
{
	uint64_t one = 1;

	(void)!write(worker->events, &one, sizeof(one)); /* fails when it is awake enough */
}

int tw_emu_worker_power(struct tw_emu_worker *worker, struct fuse_req *req, enum tw_emu_word word,
	size_t size)
{
	struct job *job = malloc(sizeof(*job));

	if (!job)
		return -ENOMEM;
	*job = (struct job){.req = req, .word = word, .size = size};
	(void)pthread_mutex_lock(&worker->lock);
	*worker->last = job;
	worker->last = &job->next;
	(void)pthread_mutex_unlock(&worker->lock);
	wake(worker);
	return 0;
}

void tw_emu_worker_shed(struct tw_emu_worker *worker, enum tw_emu_tree_id tree)
{
	if (!atomic_exchange(&worker->shed[tree], true))
		wake(worker);
}

static struct job *next_job(struct tw_emu_worker *worker)
{
	struct job *job;

	(void)pthread_mutex_lock(&worker->lock);
	job = worker->first;
	if (job)
		worker->first = job->next;
	if (!worker->first)
		worker->last = &worker->first;
	(void)pthread_mutex_unlock(&worker->lock);
	return job;
}

static void run(struct tw_emu_worker *worker, const struct job *job)
{
	int rc = tw_emu_power_switch(worker->emu, job->word);

	for (size_t i = 0; i < TW_EMU_TREES; i++)
		forget_names(worker, (enum tw_emu_tree_id)i);
	forget_content(worker); /* what is written now belongs to an earlier boot, and is lost */
	if (rc < 0)
		tw_emu_reply(job->req, rc);
	else
		(void)fuse_reply_write(job->req, job->size);
}

static void work(struct tw_emu_worker *worker)
{
	struct job *job;

	for (size_t i = 0; i < TW_EMU_TREES; i++) {
		if (atomic_exchange(&worker->shed[i], false))
			forget_names(worker, (enum tw_emu_tree_id)i);
	}
	while (!atomic_load(&worker->stopped) && (job = next_job(worker))) {
		run(worker, job);
		free(job);
	}
}

/* ---- the thread ---- */

/*
 * Ends the loop. libfuse 3.14 looks at its flag before it waits, so a single
 * signal can come too early; it is sent until the main thread has seen it.
 */
static void end_loop(struct tw_emu_worker *worker)
{
	static const struct timespec again = {.tv_nsec = WAKE_AGAIN_MS * 1000000};

	forget_content(worker); /* for the changes in shared maps; the loop still serves them */
	fuse_session_exit(worker->session);
	while (!atomic_load(&worker->stopped)) {
		(void)pthread_kill(worker->main, WAKE_SIGNAL);
		(void)nanosleep(&again, NULL);
	}
}

static void *worker_main(void *data)
{
	struct tw_emu_worker *worker = data;
	struct pollfd fds[] = {
		{.fd = worker->signals, .events = POLLIN},
		{.fd = worker->events, .events = POLLIN},
	};

	while (!atomic_load(&worker->stopped)) {
		uint64_t events;

		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents) {
			end_loop(worker);
			break;
		}
		(void)!read(worker->events, &events, sizeof(events)); /* only to make it quiet */
		work(worker);
	}
	return NULL;
}

static void worker_free(struct tw_emu_worker *worker)
{
	if (worker->signals >= 0)
		(void)close(worker->signals);
	if (worker->events >= 0)
		(void)close(worker->events);
	(void)pthread_mutex_destroy(&worker->lock);
	free(worker);
}

int tw_emu_worker_start(struct tw_emu *emu, struct fuse_session *session)
{
	struct tw_emu_worker *worker = calloc(1, sizeof(*worker));
	sigset_t set;
	int rc;

	if (!worker)
		return -ENOMEM;
	end_signals(&set);
	worker->emu = emu;
	worker->session = session;
	worker->main = pthread_self();
	worker->last = &worker->first;
	(void)pthread_mutex_init(&worker->lock, NULL);
	worker->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	worker->events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = worker->signals < 0 || worker->events < 0 ? -errno : 0;
	if (rc == 0)
		rc = -pthread_create(&worker->thread, NULL, worker_main, worker);
	if (rc < 0) {
		worker_free(worker);
		return rc;
	}
	emu->worker = worker;
	return 0;
}

void tw_emu_worker_stop(struct tw_emu *emu)
{
	struct tw_emu_worker *worker = emu->worker;
	struct job *job;

	if (!worker)
		return;
	atomic_store(&worker->stopped, true);
	wake(worker);
	(void)pthread_join(worker->thread, NULL);
	while ((job = next_job(worker))) {
		tw_emu_reply(job->req, -EIO);
		free(job);
	}
	worker_free(worker);
	emu->worker = NULL;
}
