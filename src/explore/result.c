/* SPDX-License-Identifier: MIT */
/*
 * result.c - what came of an exploration: sums, and findings with their first
 * examples.
 */
#include "result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/fail.h"

struct twinfs_explore_result *tw_result_new(const struct twinfs_explore_request *request)
{
	struct twinfs_explore_result *result = calloc(1, sizeof(*result));

	if (result)
		result->request = *request;
	return result;
}

static void free_example(struct twinfs_explore_example *example)
{
	free(example->owner);
	free(example->again.owner);
	free(example->sentence);
}

void twinfs_explore_result_free(struct twinfs_explore_result *result)
{
	if (!result)
		return;
	for (size_t i = 0; i < result->finding_count; i++) {
		struct twinfs_explore_finding *finding = &result->findings[i];

		for (size_t k = 0; k < finding->example_count; k++)
			free_example(&finding->examples[k]);
		free(finding->examples);
		free(finding->subject);
	}
	free(result->findings);
	free(result->done);
	free(result->trace);
	free(result->image);
	free(result);
}

int tw_result_set_names(struct twinfs_explore_result *result, const char *trace, const char *image)
{
	result->trace = strdup(trace ? trace : "");
	result->image = strdup(image ? image : "");
	return result->trace && result->image ? 0 : -ENOMEM;
}

/* ---- findings ---- */

int tw_result_finding(struct twinfs_explore_result *result, enum twinfs_finding_kind kind,
	const char *subject, size_t *ret_index)
{
	struct twinfs_explore_finding *more;
	char *copy;

	for (size_t i = 0; i < result->finding_count; i++) {
		if (result->findings[i].kind != kind ||
			strcmp(result->findings[i].subject, subject))
			continue;
		*ret_index = i;
		return 0;
	}
	more = reallocarray(result->findings, result->finding_count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	result->findings = more;
	copy = strdup(subject);
	if (!copy)
		return -ENOMEM;
	*ret_index = result->finding_count++;
	more[*ret_index] = (struct twinfs_explore_finding){.kind = kind, .subject = copy};
	return 0;
}

static int copy_example(const struct twinfs_explore_example *from,
	struct twinfs_explore_example *ret_to)
{
	struct twinfs_explore_example to = *from;

	to.owner = from->owner ? strdup(from->owner) : NULL;
	to.again.owner = from->again.owner ? strdup(from->again.owner) : NULL;
	to.sentence = strdup(from->sentence);
	if (to.sentence && (to.owner || !from->owner) && (to.again.owner || !from->again.owner)) {
		*ret_to = to;
		return 0;
	}
	free_example(&to);
	return -ENOMEM;
}

/* One cut explains more than two: examples stay in order, and no more than were asked for. */
int tw_result_example(struct twinfs_explore_result *result, size_t index,
	const struct twinfs_explore_example *example)
{
	struct twinfs_explore_finding *finding = &result->findings[index];
	size_t count = finding->example_count, limit = result->request.examples, at = count;
	struct twinfs_explore_example copy, *more;

	while (at && twinfs_crash_compare(&finding->examples[at - 1].crash, &example->crash) > 0)
		at--;
	if (at == limit)
		return 0;
	if (count < limit) {
		more = reallocarray(finding->examples, count + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		finding->examples = more;
	}
	if (copy_example(example, &copy))
		return -ENOMEM;
	if (count == limit)
		free_example(&finding->examples[--count]);
	memmove(&finding->examples[at + 1], &finding->examples[at],
		(count - at) * sizeof(*finding->examples));
	finding->examples[at] = copy;
	finding->example_count = count + 1;
	return 0;
}

static int compare_findings(const void *a, const void *b)
{
	const struct twinfs_explore_finding *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->subject, y->subject);
}

void tw_result_sort(struct twinfs_explore_result *result)
{
	if (result->finding_count)
		qsort(result->findings, result->finding_count, sizeof(*result->findings),
			compare_findings);
}

/* ---- chunks ---- */

bool tw_result_has(const struct twinfs_explore_result *result, uint64_t chunk)
{
	for (size_t i = 0; i < result->done_count; i++)
		if (chunk >= result->done[i].first &&
			chunk - result->done[i].first < result->done[i].count)
			return true;
	return false;
}

int tw_result_done(struct twinfs_explore_result *result, uint64_t first, uint64_t count)
{
	struct twinfs_explore_range *more;
	size_t at = 0;

	if (!count)
		return 0;
	while (at < result->done_count && result->done[at].first < first)
		at++;
	if ((at && result->done[at - 1].first + result->done[at - 1].count > first) ||
		(at < result->done_count && first + count > result->done[at].first))
		return -EEXIST;
	more = reallocarray(result->done, result->done_count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	result->done = more;
	memmove(&more[at + 1], &more[at], (result->done_count++ - at) * sizeof(*more));
	more[at] = (struct twinfs_explore_range){first, count};
	/* Neighbours become one. */
	for (size_t i = at ? at - 1 : 0; i + 1 < result->done_count && i <= at;) {
		if (more[i].first + more[i].count != more[i + 1].first) {
			i++;
			continue;
		}
		more[i].count += more[i + 1].count;
		memmove(&more[i + 1], &more[i + 2], (--result->done_count - i - 1) * sizeof(*more));
	}
	return 0;
}

bool twinfs_explore_is_complete(const struct twinfs_explore_result *result)
{
	uint64_t done = 0;

	for (size_t i = 0; i < result->done_count; i++)
		done += result->done[i].count;
	return done == result->chunks;
}

/* ---- sums ---- */

void tw_figures_add(struct twinfs_explore_boots *sum, const struct twinfs_explore_boots *more)
{
	sum->boots += more->boots;
	sum->again += more->again;
	sum->writing += more->writing;
	sum->restoring += more->restoring;
	sum->files += more->files;
	sum->formatting += more->formatting;
	sum->programs += more->programs;
	sum->erases += more->erases;
	sum->flash_ns += more->flash_ns;
	if (more->flash_ns_max > sum->flash_ns_max)
		sum->flash_ns_max = more->flash_ns_max;
}

static void add_counts(struct twinfs_explore_result *sum, const struct twinfs_explore_result *more)
{
	sum->operations += more->operations;
	sum->states += more->states;
	for (unsigned i = 0; i < TWINFS_CUT_COUNT; i++)
		sum->states_of[i] += more->states_of[i];
	sum->states_again += more->states_again;
	tw_figures_add(&sum->boots, &more->boots);
	for (unsigned i = 0; i < TWINFS_HOLE_COUNT; i++) {
		sum->holes[i] += more->holes[i];
		sum->run_holes[i] |= more->run_holes[i];
	}
	sum->bad_states += more->bad_states;
	sum->seconds += more->seconds;
}

int tw_result_add(struct twinfs_explore_result *sum, const struct twinfs_explore_result *more)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < more->done_count; i++)
		rc = tw_result_done(sum, more->done[i].first, more->done[i].count);
	for (size_t i = 0; !rc && i < more->finding_count; i++) {
		const struct twinfs_explore_finding *finding = &more->findings[i];
		size_t index;

		rc = tw_result_finding(sum, finding->kind, finding->subject, &index);
		if (!rc)
			sum->findings[index].states += finding->states;
		for (size_t k = 0; !rc && k < finding->example_count; k++)
			rc = tw_result_example(sum, index, &finding->examples[k]);
	}
	if (!rc)
		add_counts(sum, more);
	return rc;
}

struct twinfs_explore_result *tw_result_copy(const struct twinfs_explore_result *result)
{
	struct twinfs_explore_result *copy = tw_result_new(&result->request);

	if (!copy)
		return NULL;
	copy->trace_operations = result->trace_operations;
	copy->trace_is_cut = result->trace_is_cut;
	copy->chunks = result->chunks;
	copy->workers = result->workers;
	if (tw_result_set_names(copy, result->trace, result->image) ||
		tw_result_add(copy, result)) {
		twinfs_explore_result_free(copy);
		return NULL;
	}
	tw_result_sort(copy);
	return copy;
}

/* ---- requests ---- */

const char *tw_request_difference(const struct twinfs_explore_request *a,
	const struct twinfs_explore_request *b)
{
	if (!tw_digest_is_same(a->trace, b->trace))
		return "trace";
	if (!tw_digest_is_same(a->checks, b->checks))
		return "checks";
	if (a->policy != b->policy)
		return "policy";
	if (a->depth != b->depth)
		return "depth";
	if (a->torn_bytes != b->torn_bytes || a->torn_spread != b->torn_spread)
		return "places to tear at";
	if (a->outcomes != b->outcomes)
		return "outcomes of chance";
	if (a->seed != b->seed)
		return "seed";
	if (a->sample != b->sample)
		return "sample";
	return a->examples != b->examples ? "examples" : NULL;
}

static uint64_t all_chunks(const struct twinfs_explore_result *result)
{
	uint64_t count = result->trace_operations;

	count = count / TWINFS_EXPLORE_CHUNK + (count % TWINFS_EXPLORE_CHUNK != 0);
	return count ? count : 1;
}

static int check_mergeable(const struct twinfs_explore_result *const *results, size_t count,
	struct twinfs_error *err)
{
	if (!count)
		return tw_fail(err, TWINFS_P_EXPLORE, -EINVAL, "no results to merge");
	for (size_t i = 1; i < count; i++) {
		const char *what =
			tw_request_difference(&results[0]->request, &results[i]->request);

		if (what)
			return tw_fail(err, TWINFS_P_EXPLORE, -EINVAL,
				"results 1 and %zu are not of one request: they differ in their %s",
				i + 1, what);
	}
	return 0;
}

/* Whether all are parts of one shard: then so is their sum. */
static bool is_one_shard(const struct twinfs_explore_result *const *results, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (results[i]->request.shard != results[0]->request.shard ||
			results[i]->request.shards != results[0]->request.shards)
			return false;
	return true;
}

int twinfs_explore_merge(const struct twinfs_explore_result *const *results, size_t count,
	struct twinfs_explore_result **ret_result, struct twinfs_error *err)
{
	struct twinfs_explore_result *sum;
	int rc = check_mergeable(results, count, err);

	if (rc)
		return rc;
	sum = tw_result_copy(results[0]);
	rc = sum ? 0 : -ENOMEM;
	for (size_t i = 1; !rc && i < count; i++)
		rc = tw_result_add(sum, results[i]);
	if (rc) {
		twinfs_explore_result_free(sum);
		return tw_fail(err, TWINFS_P_EXPLORE, rc,
			rc == -EEXIST ? "a part of the run is in two of the results"
				      : "out of memory");
	}
	if (!is_one_shard(results, count)) {
		sum->request.shard = 0;
		sum->request.shards = 1;
		sum->chunks = all_chunks(sum);
	}
	tw_result_sort(sum);
	*ret_result = sum;
	return 0;
}
