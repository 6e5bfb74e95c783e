/* SPDX-License-Identifier: MIT */
/*
 * explore.c - crash states a second: of the explorer, and of the plain way.
 *
 *	explore [-f FORMAT] [-s KIB] [-c REWRITES] [-w WORKERS] [-b BOOTS] [-d DEPTH]
 *
 * Works in the current directory. Prints one line.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <twinfs/explore.h>

#include "lib/chip.h"
#include "lib/recorded.h"

struct request {
	struct recorded_plan plan;
	unsigned workers, depth;
	bool no_memo;
	uint64_t sample;
};

static void parse(struct request *request, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "f:s:c:w:b:d:t:nN:D")) != -1) {
		uint64_t number = optarg ? strtoull(optarg, NULL, 0) : 0;

		switch (option) {
		case 'f':
			request->plan.format = (unsigned)number;
			break;
		case 's':
			request->plan.user_size = number << 10;
			break;
		case 'c':
			request->plan.count = (unsigned)number;
			break;
		case 'w':
			request->workers = (unsigned)number;
			break;
		case 'b':
			request->plan.boots = (unsigned)number;
			break;
		case 't':
			request->plan.stores = (unsigned)number;
			break;
		case 'd':
			request->depth = (unsigned)number;
			break;
		case 'n':
			request->no_memo = true;
			break;
		case 'N':
			request->sample = number;
			break;
		case 'D':
			request->plan.damages = true;
			break;
		default:
			exit(2);
		}
	}
}

static void print(const struct request *request, const struct twinfs_explore_result *result)
{
	printf("format %u, %" PRIu64 " KiB, %u workers, depth %u%s: %" PRIu64 " operations, %" PRIu64
	       " states (%" PRIu64 " after a second cut), %" PRIu64
	       " boots, %.2f s: %.0f states/s, %.0f boots/s; %zu findings, %" PRIu64 " bad states\n",
		request->plan.format, request->plan.user_size >> 10, result->workers,
		request->depth, request->no_memo ? ", no memo" : "", result->operations,
		result->states, result->states_again, result->boots.boots, result->seconds,
		(double)result->states / result->seconds,
		(double)result->boots.boots / result->seconds, result->finding_count,
		result->bad_states);
	for (size_t i = 0; i < result->finding_count; i++) {
		const struct twinfs_explore_finding *finding = &result->findings[i];
		char text[TWINFS_CRASH_TEXT];

		twinfs_crash_text(&finding->examples[0].crash, text);
		printf("  %s '%s': %" PRIu64 " states; %s (%s): %s\n",
			twinfs_finding_name(finding->kind), finding->subject, finding->states, text,
			finding->examples[0].owner ? finding->examples[0].owner : "",
			finding->examples[0].sentence);
	}
}

int main(int argc, char **argv)
{
	struct request request = {
		.plan = {.format = 1,
			.user_size = 5 << 20,
			.files = 20,
			.work = RECORDED_REWRITES,
			.count = 1000,
			.seed = 1},
		.workers = 1,
		.depth = 1,
	};
	struct twinfs_explore_options options;
	struct twinfs_explore_result *result;
	struct twinfs_error err = {0};

	parse(&request, argc, argv);
	recorded_remove();
	recorded_make(&request.plan);
	twinfs_explore_defaults(&options);
	options.source = recorded_source();
	options.trace = RECORDED_TRACE;
	options.module.policy = request.plan.policy;
	options.workers = request.workers;
	options.depth = request.depth;
	options.no_memo = request.no_memo;
	options.sample = request.sample;
	must(twinfs_explore(&options, &result, &err) == 0, "%s", err.text);
	print(&request, result);
	twinfs_explore_result_free(result);
	recorded_remove();
	return 0;
}
