/* SPDX-License-Identifier: MIT */
/*
 * explore.c - an exploration: workers that take chunk after chunk, and the caller
 * who waits for them, adds up what they bring and tells how far it is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <twinfs/explore.h>

#include "base/cleanup.h"
#include "base/fail.h"
#include "result.h"
#include "scene.h"

#define MOST_WORKERS  256u
#define TICK_NS       200000000 /* between two calls of progress */
#define RATE_TICKS    16        /* ticks that the rate is taken over */
#define NS_PER_SECOND INT64_C(1000000000)

struct crew {
	struct tw_scene *scene;
	pthread_mutex_t lock; /* guards all that follows */
	pthread_cond_t news;
	uint64_t next; /* chunk that nobody has taken */
	unsigned running;
	struct twinfs_explore_result *sum; /* of the chunks that are done */
	uint64_t finished;                 /* chunks, since the last checkpoint */
	int rc;                            /* the first failure */
	struct twinfs_error why;           /* of it */
};

static double seconds_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	return (double)now.tv_sec + (double)now.tv_nsec / (double)NS_PER_SECOND;
}

void twinfs_explore_defaults(struct twinfs_explore_options *ret_options)
{
	*ret_options = (struct twinfs_explore_options){
		.depth = 1,
		.torn_bytes = 256,
		.torn_spread = 16,
		.outcomes = 1,
		.seed = 1,
		.examples = 8,
	};
}

/* ---- a worker's thread ---- */

static void fail(struct crew *crew, int rc, const struct twinfs_error *err)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&crew->lock);

	(void)guard;
	atomic_store(&crew->scene->is_stopped, true);
	if (crew->rc)
		return;
	crew->rc = rc;
	crew->why = *err;
}

/* The next chunk to be done; false: there is none. */
static bool take(struct crew *crew, uint64_t *ret_chunk)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&crew->lock);
	const struct twinfs_explore_result *resume = crew->scene->options->resume;

	(void)guard;
	for (; crew->next < crew->scene->chunks; crew->next++) {
		if (!tw_scene_has(crew->scene, crew->next) ||
			(resume && tw_result_has(resume, crew->next)))
			continue;
		*ret_chunk = crew->next++;
		return !atomic_load(&crew->scene->is_stopped);
	}
	return false;
}

static int deliver(struct crew *crew, const struct twinfs_explore_result *result)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&crew->lock);
	int rc = tw_result_add(crew->sum, result);

	(void)guard;
	crew->finished++;
	(void)pthread_cond_signal(&crew->news);
	return rc;
}

static int work(struct crew *crew, struct tw_worker *worker, struct twinfs_error *err)
{
	int rc = tw_worker_open(worker, crew->scene, err);
	uint64_t chunk;

	while (!rc && take(crew, &chunk)) {
		struct twinfs_explore_result *result = NULL;

		rc = tw_worker_explore(worker, chunk, &result);
		if (!rc && result)
			rc = deliver(crew, result);
		if (rc)
			(void)tw_fail(err, TWINFS_P_EXPLORE, rc, "chunk %llu: %s",
				(unsigned long long)chunk, twinfs_strerror(rc));
		twinfs_explore_result_free(result);
	}
	return rc;
}

static void *run_worker(void *ctx)
{
	struct crew *crew = ctx;
	struct twinfs_error err = {0};
	struct tw_worker worker;
	int rc = work(crew, &worker, &err);

	tw_worker_close(&worker);
	if (rc)
		fail(crew, rc, &err);
	(void)tw_lock(&crew->lock);
	crew->running--;
	(void)pthread_cond_signal(&crew->news);
	(void)pthread_mutex_unlock(&crew->lock);
	return NULL;
}

/* ---- the caller's thread ---- */

/* What progress is told, and when. */
struct watch {
	double begun, checkpoint;
	uint64_t total, earlier_operations, earlier_states, earlier_boots;
	double times[RATE_TICKS]; /* of the last ticks */
	uint64_t states[RATE_TICKS];
	unsigned ticks;
};

/* Operations of the chunks that the request has, and that were done before. */
static void count_operations(const struct tw_scene *scene, struct watch *watch)
{
	const struct twinfs_explore_result *resume = scene->options->resume;

	for (uint64_t i = 0; i < scene->story->op_count; i++)
		watch->total += tw_scene_has(scene, i / TWINFS_EXPLORE_CHUNK) &&
				(!scene->chosen || scene->chosen[i]);
	if (!resume)
		return;
	watch->earlier_operations = resume->operations;
	watch->earlier_states = resume->states;
	watch->earlier_boots = resume->boots.boots;
}

static int tell_progress(const struct crew *crew, struct watch *watch)
{
	const struct twinfs_explore_options *options = crew->scene->options;
	struct tw_scene *scene = crew->scene;
	double now = seconds_now();
	unsigned oldest = watch->ticks >= RATE_TICKS ? watch->ticks % RATE_TICKS : 0;
	uint64_t states = atomic_load(&scene->states), operations = atomic_load(&scene->operations);
	struct twinfs_explore_progress progress = {
		.operations = watch->earlier_operations + operations,
		.operations_total = watch->total,
		.states = watch->earlier_states + states,
		.boots = watch->earlier_boots + atomic_load(&scene->boots),
		.findings = atomic_load(&scene->findings),
		.seconds = now - watch->begun,
		.left = -1,
	};
	double since = watch->ticks ? watch->times[oldest] : watch->begun;
	uint64_t from = watch->ticks ? watch->states[oldest] : 0;

	if (now > since)
		progress.rate = (double)(states - from) / (now - since);
	if (operations)
		progress.left = progress.seconds * (double)(watch->total - progress.operations) /
				(double)operations;
	watch->times[watch->ticks % RATE_TICKS] = now;
	watch->states[watch->ticks++ % RATE_TICKS] = states;
	return options->progress ? options->progress(options->ctx, &progress) : 0;
}

/* A copy of what there is so far. */
static struct twinfs_explore_result *make_result(const struct crew *crew, const struct watch *watch)
{
	struct twinfs_explore_result *result = tw_result_copy(crew->sum);

	if (result)
		result->seconds += seconds_now() - watch->begun;
	return result;
}

static int tell_checkpoint(struct crew *crew, struct watch *watch)
{
	const struct twinfs_explore_options *options = crew->scene->options;
	struct twinfs_explore_result *so_far;
	double now = seconds_now();
	int rc;

	if (!options->checkpoint || now - watch->checkpoint < options->checkpoint_seconds)
		return 0;
	(void)tw_lock(&crew->lock);
	so_far = crew->finished ? make_result(crew, watch) : NULL;
	rc = crew->finished && !so_far ? -ENOMEM : 0;
	crew->finished = 0;
	(void)pthread_mutex_unlock(&crew->lock);
	watch->checkpoint = now;
	if (so_far)
		rc = options->checkpoint(options->ctx, so_far);
	twinfs_explore_result_free(so_far);
	return rc;
}

/* Waits for the next tick or for the last worker; whether any is left. */
static bool wait_for_news(struct crew *crew)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&crew->lock);
	struct timespec until;

	(void)guard;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += TICK_NS;
	until.tv_sec += until.tv_nsec / NS_PER_SECOND;
	until.tv_nsec %= NS_PER_SECOND;
	while (crew->running)
		if (pthread_cond_timedwait(&crew->news, &crew->lock, &until) == ETIMEDOUT)
			break;
	return crew->running;
}

static void wait_for_all(struct crew *crew, struct watch *watch)
{
	bool goes_on;

	do {
		int rc;

		goes_on = wait_for_news(crew);
		if (tell_progress(crew, watch))
			atomic_store(&crew->scene->is_stopped, true);
		rc = tell_checkpoint(crew, watch);
		if (rc < 0)
			fail(crew, rc, &(struct twinfs_error){.code = rc});
	} while (goes_on);
}

static unsigned count_workers(const struct tw_scene *scene)
{
	long count = scene->options->workers;

	if (!count)
		count = sysconf(_SC_NPROCESSORS_ONLN);
	if (count < 1)
		count = 1;
	if (count > MOST_WORKERS)
		count = MOST_WORKERS;
	return (uint64_t)count > scene->chunks ? (unsigned)scene->chunks : (unsigned)count;
}

/* Starts the workers; one is enough to go on with. Returns how many there are. */
static unsigned start(struct crew *crew, pthread_t *threads, unsigned wanted)
{
	unsigned count = 0;

	for (unsigned i = 0; i < wanted; i++) {
		(void)tw_lock(&crew->lock);
		crew->running++;
		(void)pthread_mutex_unlock(&crew->lock);
		if (!pthread_create(&threads[count], NULL, run_worker, crew)) {
			count++;
			continue;
		}
		(void)tw_lock(&crew->lock);
		crew->running--;
		(void)pthread_mutex_unlock(&crew->lock);
		break;
	}
	return count;
}

static int run(struct crew *crew, struct watch *watch)
{
	pthread_t threads[MOST_WORKERS];
	unsigned count = start(crew, threads, count_workers(crew->scene));

	if (!count)
		return tw_fail(&crew->why, TWINFS_P_EXPLORE, -EAGAIN, "no thread can be started");
	crew->sum->workers = count;
	wait_for_all(crew, watch);
	for (unsigned i = 0; i < count; i++)
		(void)pthread_join(threads[i], NULL);
	return crew->rc;
}

/* ---- an exploration ---- */

/* Chunks of the shard; those without any chosen operation are done in no time. */
static uint64_t count_chunks(const struct tw_scene *scene)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < scene->chunks; i++)
		count += tw_scene_has(scene, i);
	return count;
}

static int check_resume(const struct tw_scene *scene, struct twinfs_error *err)
{
	const struct twinfs_explore_result *resume = scene->options->resume;
	const char *what;

	if (!resume)
		return 0;
	what = tw_request_difference(&resume->request, &scene->request);
	if (!what && (resume->request.shard != scene->request.shard ||
			     resume->request.shards != scene->request.shards))
		what = "shard";
	if (!what)
		return 0;
	return tw_fail(err, TWINFS_P_EXPLORE, -ESTALE,
		"the earlier result is of another request: they differ in their %s", what);
}

static struct twinfs_explore_result *first_sum(const struct tw_scene *scene)
{
	struct twinfs_explore_result *sum = tw_result_new(&scene->request);

	if (!sum)
		return NULL;
	sum->trace_operations = scene->story->op_count;
	sum->trace_is_cut = !scene->story->is_whole;
	sum->chunks = count_chunks(scene);
	if (tw_result_set_names(sum, scene->options->trace, scene->image) ||
		(scene->options->resume && tw_result_add(sum, scene->options->resume))) {
		twinfs_explore_result_free(sum);
		return NULL;
	}
	return sum;
}

static int explore(struct crew *crew, struct watch *watch,
	struct twinfs_explore_result **ret_result)
{
	int rc = check_resume(crew->scene, &crew->why);

	if (rc)
		return rc;
	count_operations(crew->scene, watch);
	crew->sum = first_sum(crew->scene);
	if (!crew->sum)
		return tw_fail(&crew->why, TWINFS_P_EXPLORE, -ENOMEM, "out of memory");
	rc = run(crew, watch);
	if (rc)
		return rc;
	crew->sum->seconds += seconds_now() - watch->begun;
	tw_result_sort(crew->sum);
	*ret_result = tw_steal(&crew->sum);
	return 0;
}

static void init_crew(struct crew *crew, struct tw_scene *scene)
{
	pthread_condattr_t attr;

	*crew = (struct crew){.scene = scene};
	(void)pthread_mutex_init(&crew->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&crew->news, &attr);
	(void)pthread_condattr_destroy(&attr);
}

int twinfs_explore(const struct twinfs_explore_options *options,
	struct twinfs_explore_result **ret_result, struct twinfs_error *err)
{
	struct watch watch = {.begun = seconds_now(), .checkpoint = seconds_now()};
	struct tw_scene scene;
	struct crew crew;
	int rc;

	init_crew(&crew, &scene);
	rc = tw_scene_open(&scene, options, &crew.why);
	if (!rc)
		rc = explore(&crew, &watch, ret_result);
	if (rc && err)
		*err = crew.why;
	twinfs_explore_result_free(crew.sum);
	tw_scene_close(&scene);
	(void)pthread_cond_destroy(&crew.news);
	(void)pthread_mutex_destroy(&crew.lock);
	return rc;
}

int twinfs_explore_one(const struct twinfs_explore_options *options,
	const struct twinfs_crash *crash, struct twinfs_explore_result **ret_result,
	struct twinfs_error *err)
{
	struct twinfs_error why = {0};
	struct twinfs_explore_result *result;
	struct tw_worker worker = {0};
	struct tw_scene scene;
	int rc = tw_scene_open(&scene, options, &why);

	if (!rc)
		rc = tw_worker_open(&worker, &scene, &why);
	if (!rc) {
		rc = tw_worker_explore_one(&worker, crash, &result);
		if (rc == -EINVAL)
			(void)tw_fail(&why, TWINFS_P_EXPLORE, rc,
				"there is no such state; the operations are 0 to %zu, and 'end'",
				scene.story->op_count - (scene.story->op_count > 0));
		else if (rc)
			(void)tw_fail(&why, TWINFS_P_EXPLORE, rc, "%s", twinfs_strerror(rc));
	}
	if (!rc) {
		result->trace_operations = scene.story->op_count;
		result->trace_is_cut = !scene.story->is_whole;
		rc = tw_result_set_names(result, options->trace, scene.image);
	}
	if (!rc)
		*ret_result = result;
	else if (err)
		*err = why;
	tw_worker_close(&worker);
	tw_scene_close(&scene);
	return rc;
}
