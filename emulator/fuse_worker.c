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
 * After a power cut the order is: content is taken back, the volumes go, the
 * module boots again if it may, then the requests that met the cut are answered,
 * and names are taken back in between: those who hold the lock of a directory
 * before, since that is what a notification waits for, the others after.
 *
 * Of an attended mount the cut is told first, and all calls that met it stay
 * unanswered until the next word. Only then is anything taken back: the kernel
 * would wait for pages that those calls have locked.
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
#include <unistd.h>

#include "fuse_ops.h"

#define WAKE_SIGNAL   SIGUSR1
#define WAKE_AGAIN_MS 20

/* A write to a control file, or a close; or a request that fails, in one of the lists of those. */
struct job {
	struct job *next;
	struct fuse_req *req;
	bool is_refresh; /* nothing to do with power */
	uint64_t closed; /* a close of this file; 0: it is none */
	enum tw_emu_word word;
	size_t size;
};

struct list {
	struct job *first, **last;
};

struct tw_emu_worker {
	struct tw_emu *emu;
	struct fuse_session *session;
	pthread_t thread, main;
	int signals, events; /* file descriptors */
	atomic_bool stopped; /* the loop has ended */
	atomic_bool shed[TW_EMU_TREES], forget;
	pthread_mutex_t lock; /* guards what follows; nothing else is locked under it */
	struct list jobs;
	bool is_cut;        /* and the worker has not begun with it */
	bool is_in_names;   /* waits, or may wait, for the lock of a directory */
	bool holds_answers; /* to requests that fail, in: */
	struct list early, late;
	bool is_noticing; /* the kernel, which may wait for a request */
	bool is_holding;  /* an attended mount has lost its power; requests are in: */
	struct list held;
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

/* ---- lists of requests ---- */

static void list_init(struct list *list)
{
	*list = (struct list){.last = &list->first};
}

static void append(struct list *list, struct job *job)
{
	*list->last = job;
	list->last = &job->next;
}

static struct job *take_first(struct list *list)
{
	struct job *job = list->first;

	if (job)
		list->first = job->next;
	if (!list->first)
		list->last = &list->first;
	return job;
}

/* Everything at once; the list is empty then. */
static struct job *take_all(struct list *list)
{
	struct job *first = list->first;

	list_init(list);
	return first;
}

static void fail_all(struct job *job)
{
	while (job) {
		struct job *next = job->next;

		tw_emu_reply(job->req, -ESHUTDOWN);
		free(job);
		job = next;
	}
}

/* From here on nobody who holds a directory waits for us, so we may wait for him. */
static void enter_names(struct tw_emu_worker *worker)
{
	struct job *early;

	(void)pthread_mutex_lock(&worker->lock);
	worker->is_in_names = true;
	early = take_all(&worker->early);
	(void)pthread_mutex_unlock(&worker->lock);
	fail_all(early);
}

static void leave_names(struct tw_emu_worker *worker)
{
	(void)pthread_mutex_lock(&worker->lock);
	worker->is_in_names = false;
	(void)pthread_mutex_unlock(&worker->lock);
}

/* ---- notifications ---- */

/*
 * false: requests are held that a notification might wait for; what it was for
 * is done when they have been answered.
 */
static bool enter_notice(struct tw_emu_worker *worker)
{
	bool may_enter;

	(void)pthread_mutex_lock(&worker->lock);
	may_enter = worker->is_noticing = !worker->is_holding;
	(void)pthread_mutex_unlock(&worker->lock);
	return may_enter;
}

static void leave_notice(struct tw_emu_worker *worker)
{
	(void)pthread_mutex_lock(&worker->lock);
	worker->is_noticing = false;
	(void)pthread_mutex_unlock(&worker->lock);
}

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
	struct tw_emu_names *names = &worker->emu->trees[tree].names;

	if (!enter_notice(worker))
		return;
	if (!tw_emu_names_is_empty(names)) {
		enter_names(worker);
		tw_emu_names_take(names, forget_name, &directory);
		leave_names(worker);
	}
	(void)fuse_lowlevel_notify_inval_inode(worker->session, directory.ino, -1, 0);
	leave_notice(worker);
}

static void forget_all_names(struct tw_emu_worker *worker)
{
	for (size_t i = 0; i < TW_EMU_TREES; i++)
		forget_names(worker, (enum tw_emu_tree_id)i);
}

static void forget_file(struct tw_emu_worker *worker, uint64_t ino)
{
	if (!enter_notice(worker))
		return;
	(void)fuse_lowlevel_notify_inval_inode(worker->session, ino, 0, 0);
	leave_notice(worker);
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

	if (!enter_notice(worker))
		return;
	if (tw_emu_files_inos(&emu->files, &inos, &count) < 0)
		tw_emu_log(&emu->log, TW_EMU_WARNING,
			"out of memory: the kernel keeps its cache of open files");
	for (size_t i = 0; i < count; i++)
		(void)fuse_lowlevel_notify_inval_inode(worker->session, inos[i], 0, 0);
	leave_notice(worker);
	free(inos);
}

/* ---- jobs ---- */

static void wake(struct tw_emu_worker *worker)
{
	uint64_t one = 1;

	(void)!write(worker->events, &one, sizeof(one)); /* fails when it is awake enough */
}

static int add_job(struct tw_emu_worker *worker, const struct job *job)
{
	struct job *added = malloc(sizeof(*added));

	if (!added)
		return -ENOMEM;
	*added = *job;
	(void)pthread_mutex_lock(&worker->lock);
	append(&worker->jobs, added);
	(void)pthread_mutex_unlock(&worker->lock);
	wake(worker);
	return 0;
}

int tw_emu_worker_power(struct tw_emu_worker *worker, struct fuse_req *req, enum tw_emu_word word,
	size_t size)
{
	return add_job(worker, &(struct job){.req = req, .word = word, .size = size});
}

int tw_emu_worker_refresh(struct tw_emu_worker *worker, struct fuse_req *req, size_t size)
{
	return add_job(worker, &(struct job){.req = req, .is_refresh = true, .size = size});
}

int tw_emu_worker_refresh_closed(struct tw_emu_worker *worker, struct fuse_req *req, uint64_t ino)
{
	return add_job(worker, &(struct job){.req = req, .is_refresh = true, .closed = ino});
}

void tw_emu_worker_forget(struct tw_emu_worker *worker)
{
	if (!atomic_exchange(&worker->forget, true))
		wake(worker);
}

void tw_emu_worker_cut(struct tw_emu_worker *worker)
{
	bool is_known;

	(void)pthread_mutex_lock(&worker->lock);
	is_known = worker->is_cut;
	worker->is_cut = worker->holds_answers = true;
	worker->is_holding = worker->emu->options->attendant > 0;
	(void)pthread_mutex_unlock(&worker->lock);
	if (!is_known)
		wake(worker);
}

void tw_emu_worker_fail_later(struct tw_emu_worker *worker, struct fuse_req *req,
	enum tw_emu_holding holding)
{
	bool is_early = holding == TW_EMU_HOLDS_DIRECTORY, is_held;
	struct job *job = malloc(sizeof(*job));

	(void)pthread_mutex_lock(&worker->lock);
	is_held = job && worker->holds_answers && !(is_early && worker->is_in_names);
	if (is_held) {
		*job = (struct job){.req = req};
		append(is_early ? &worker->early : &worker->late, job);
	}
	(void)pthread_mutex_unlock(&worker->lock);
	if (is_held)
		return;
	free(job);
	tw_emu_reply(req, -ESHUTDOWN);
}

bool tw_emu_worker_hold(struct tw_emu_worker *worker, struct fuse_req *req)
{
	const pid_t attendant = worker->emu->options->attendant;
	struct job *job;

	if (!attendant || fuse_req_ctx(req)->pid == attendant)
		return false;
	job = malloc(sizeof(*job));
	if (!job)
		return false;
	*job = (struct job){.req = req};
	(void)pthread_mutex_lock(&worker->lock);
	if (worker->is_holding && !worker->is_noticing) {
		append(&worker->held, job);
		job = NULL;
	}
	(void)pthread_mutex_unlock(&worker->lock);
	free(job);
	return !job;
}

static void begin_holding(struct tw_emu_worker *worker)
{
	(void)pthread_mutex_lock(&worker->lock);
	worker->is_holding = worker->emu->options->attendant > 0;
	(void)pthread_mutex_unlock(&worker->lock);
}

static void end_holding(struct tw_emu_worker *worker)
{
	struct job *held;

	(void)pthread_mutex_lock(&worker->lock);
	worker->is_holding = false;
	held = take_all(&worker->held);
	(void)pthread_mutex_unlock(&worker->lock);
	fail_all(held);
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
	job = take_first(&worker->jobs);
	(void)pthread_mutex_unlock(&worker->lock);
	return job;
}

/* Whether there is a cut to clear up after; the next one counts anew. */
static bool take_cut(struct tw_emu_worker *worker)
{
	bool is_cut;

	(void)pthread_mutex_lock(&worker->lock);
	is_cut = worker->is_cut;
	worker->is_cut = false;
	(void)pthread_mutex_unlock(&worker->lock);
	return is_cut;
}

/* Answers all who wait, unless the power was cut again meanwhile: they may wait for that. */
static void release_answers(struct tw_emu_worker *worker)
{
	struct job *early = NULL, *late = NULL;

	(void)pthread_mutex_lock(&worker->lock);
	if (!worker->is_cut) {
		worker->holds_answers = false;
		early = take_all(&worker->early);
		late = take_all(&worker->late);
	}
	(void)pthread_mutex_unlock(&worker->lock);
	fail_all(early);
	fail_all(late);
}

/* What is written by taking back content belongs to an earlier boot, and is lost. */
static void clear_up(struct tw_emu_worker *worker)
{
	if (worker->emu->options->attendant) {
		tw_emu_power_lose(worker->emu);
		release_answers(worker); /* to the others that are held */
		return;
	}
	forget_content(worker);
	tw_emu_power_lose(worker->emu);
	tw_emu_power_recover(worker->emu);
	forget_all_names(worker);
	release_answers(worker);
}

static int switch_power(struct tw_emu_worker *worker, enum tw_emu_word word)
{
	int rc;

	if (word == TW_EMU_CUT)
		return 0; /* it came before this job, and has been cleared up after */
	if (!twinfs_module_is_on(worker->emu->module))
		end_holding(worker);
	else if (word != TW_EMU_ON)
		begin_holding(worker);
	rc = tw_emu_power_switch(worker->emu, word);
	if (rc == -ESHUTDOWN) { /* in the boot */
		tw_emu_power_recover(worker->emu);
		rc = twinfs_module_is_on(worker->emu->module) ? 0 : rc;
	}
	forget_all_names(worker);
	return rc;
}

static void run(struct tw_emu_worker *worker, const struct job *job)
{
	int rc = job->is_refresh ? 0 : switch_power(worker, job->word);

	if (job->closed)
		forget_file(worker, job->closed);
	else
		forget_content(worker);
	if (rc < 0 || job->closed)
		tw_emu_reply(job->req, rc);
	else
		(void)fuse_reply_write(job->req, job->size);
}

static void work(struct tw_emu_worker *worker)
{
	struct job *job = NULL;

	do {
		while (take_cut(worker))
			clear_up(worker);
		if (job)
			run(worker, job);
		free(job);
		for (size_t i = 0; i < TW_EMU_TREES; i++)
			if (atomic_exchange(&worker->shed[i], false))
				forget_names(worker, (enum tw_emu_tree_id)i);
		if (atomic_exchange(&worker->forget, false))
			forget_content(worker);
	} while (!atomic_load(&worker->stopped) && (job = next_job(worker)));
}

/* ---- the thread ---- */

/*
 * Ends the loop. libfuse 3.14 looks at its flag before it waits, so a single
 * signal can come too early; it is sent until the main thread has seen it.
 */
static void end_loop(struct tw_emu_worker *worker)
{
	struct pollfd stopped = {.fd = worker->events, .events = POLLIN};
	uint64_t events;

	end_holding(worker);
	forget_content(worker); /* for the changes in shared maps; the loop still serves them */
	tw_emu_events_close(&worker->emu->events);
	fuse_session_exit(worker->session);
	while (!atomic_load(&worker->stopped)) {
		(void)pthread_kill(worker->main, WAKE_SIGNAL);
		if (poll(&stopped, 1, WAKE_AGAIN_MS) >
			0) /* of the stop, or of a job nobody needs */
			(void)!read(worker->events, &events, sizeof(events));
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
	list_init(&worker->jobs);
	list_init(&worker->early);
	list_init(&worker->late);
	list_init(&worker->held);
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

	if (!worker)
		return;
	atomic_store(&worker->stopped, true);
	wake(worker);
	(void)pthread_join(worker->thread, NULL);
	fail_all(worker->jobs.first);
	fail_all(worker->early.first);
	fail_all(worker->late.first);
	fail_all(worker->held.first);
	worker_free(worker);
	emu->worker = NULL;
}
