/* SPDX-License-Identifier: MIT */
/*
 * explore.c - crash states a second: of the explorer, and of the plain way.
 *
 *	bench_explore [OPTIONS]
 *
 *	-f FORMAT   of the volumes: 1 or 2        -w WORKERS  threads
 *	-s KIB      of the user partition         -d DEPTH    cuts in a row
 *	-c CHANGES  of small files                -N COUNT    operations, a sample
 *	-r          changes of all kinds          -n          no memo
 *	-b BOOTS    in between                    -x STATES   so many the plain way, too
 *	-t STORES   of slots in between           -e SEED     of the run
 *	-D          protected files are changed   -F, -B      the first boot, of a blank module
 *	-S          policy safe
 *
 * Works in the current directory. Prints a line of figures, and what was found.
 *
 * The plain way is what one writes first: the image of a state is copied, the
 * module boots, the volume is checked and everything in it is read.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <twinfs/explore.h>

#include "explore/cuts.h"
#include "explore/story.h"
#include "explore/tree.h"
#include "lib/chip.h"
#include "lib/recorded.h"

struct request {
	struct recorded_plan plan;
	unsigned workers, depth;
	bool no_memo;
	uint64_t sample, plain;
};

static void parse(struct request *request, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "f:s:c:w:b:d:t:nN:DFSBre:x:")) != -1) {
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
		case 'r':
			request->plan.work = RECORDED_CHANGES;
			break;
		case 'e':
			request->plan.seed = number;
			break;
		case 'x':
			request->plain = number;
			break;
		case 'n':
			request->no_memo = true;
			break;
		case 'N':
			request->sample = number;
			break;
		case 'F':
			request->plan.first_boot = true;
			break;
		case 'B':
			request->plan.first_boot = request->plan.is_blank = true;
			break;
		case 'S':
			request->plan.policy = TWINFS_POLICY_SAFE;
			break;
		case 'D':
			request->plan.damages = true;
			break;
		default:
			exit(2);
		}
	}
}

static double seconds_of(clockid_t clock)
{
	struct timespec now;

	must(clock_gettime(clock, &now) == 0, "clock");
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print(const struct request *request, const struct twinfs_explore_result *result,
	double cpu_seconds)
{
	printf("format %u, %" PRIu64 " KiB, %u workers, depth %u%s: %" PRIu64
	       " operations, %" PRIu64 " states (%" PRIu64 " after a second cut), %" PRIu64
	       " boots, %.2f s: %.0f states/s, "
	       "%.0f boots/s; %.2f s of CPU: %.0f states/s; %zu findings, %" PRIu64 " bad states\n",
		request->plan.format, request->plan.user_size >> 10, result->workers,
		request->depth, request->no_memo ? ", no memo" : "", result->operations,
		result->states, result->states_again, result->boots.boots, result->seconds,
		(double)result->states / result->seconds,
		(double)result->boots.boots / result->seconds, cpu_seconds,
		(double)result->states / cpu_seconds, result->finding_count, result->bad_states);
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

/* ---- the plain way ---- */

static void ignore(void *ctx, const struct twinfs_error *finding)
{
	(void)ctx, (void)finding;
}

/* One state: @bytes are the whole chip. */
static void try_plainly(struct twinfs_module *module, const uint8_t *bytes, struct tw_shown *tree)
{
	struct twinfs_image *image = twinfs_module_image(module);
	struct twinfs_part_info part;
	struct twinfs_error err = {0};

	memcpy(twinfs_image_bytes_writable(image), bytes, twinfs_image_size(image));
	must(twinfs_module_power_on(module, NULL, &err) == 0, "%s", err.text);
	twinfs_module_part(module, TWINFS_PART_USER, &part);
	must(twinfs_volume_check(twinfs_module_flash(module), &part.config, ignore, NULL) == 0,
		"check");
	tw_shown_clear(tree);
	must(tw_shown_add_volume(tree, "/usr", twinfs_module_user(module), TWINFS_ROOT_INO, NULL) ==
			0,
		"tree");
	twinfs_module_power_off(module);
}

static void explore_plainly(const struct request *request)
{
	const struct tw_cut_rules rules = {256, 16, 1, 1};
	struct twinfs_module_options options = {.image_flags = TWINFS_IMAGE_SCRATCH};
	struct twinfs_source source = recorded_source();
	struct twinfs_module *module;
	struct tw_shown tree = {0};
	struct tw_cuts cuts = {0};
	struct tw_story *story;
	struct twinfs_cut cut;
	uint64_t states = 0, size;
	double begun, wall;
	uint8_t *bytes;

	must(twinfs_module_open(&source, &options, &module, NULL) == 0, "open");
	must(tw_story_load(RECORDED_TRACE, &story, NULL) == 0, "trace");
	size = twinfs_image_size(twinfs_module_image(module));
	bytes = malloc(size);
	must(bytes, "no memory");
	must(tw_story_rewind(story, twinfs_module_image(module), RECORDED_IMAGE, NULL) == 0,
		"rewind");
	memcpy(bytes, twinfs_image_bytes(twinfs_module_image(module)), size);
	begun = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
	wall = seconds_of(CLOCK_MONOTONIC);
	for (size_t i = 0; i < story->op_count && states < request->plain; i++) {
		try_plainly(module, bytes, &tree);
		states++;
		must(tw_cuts_begin(&cuts, &rules, &story->ops[i], i, bytes) == 0, "cuts");
		while (states < request->plain && tw_cuts_next(&cuts, &cut)) {
			try_plainly(module, bytes, &tree);
			states++;
		}
		tw_cuts_end(&cuts);
		tw_story_apply(&story->ops[i], bytes);
	}
	begun = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - begun;
	wall = seconds_of(CLOCK_MONOTONIC) - wall;
	printf("  the plain way: %" PRIu64 " states, %.2f s: %.0f states/s; %.2f s of CPU: %.0f "
	       "states/s\n",
		states, wall, (double)states / wall, begun, (double)states / begun);
	tw_cuts_release(&cuts);
	tw_shown_release(&tree);
	tw_story_free(story);
	twinfs_module_close(module);
	free(bytes);
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
	double cpu_seconds;

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
	cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
	must(twinfs_explore(&options, &result, &err) == 0, "%s", err.text);
	print(&request, result, seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_seconds);
	if (request.plain)
		explore_plainly(&request);
	twinfs_explore_result_free(result);
	recorded_remove();
	return 0;
}
