/* SPDX-License-Identifier: MIT */
/*
 * explore_many.c - looks for a crash state that our own code gets wrong: many
 * modules, each made from a seed, live for a while and are explored.
 *
 *	explore_many [-n STATES] [-s SEED] [-c LIVES] [-k EVERY] [-t BYTES] [-o OUTCOMES]
 *		[-w WORKERS] [-v]
 *
 * Works in the current directory. Goes on from seed to seed until so many
 * states were judged, or so many lives explored; every k-th one with a second
 * cut. What is found is printed with the seed that makes it again
 * (-s SEED -c 1), and its image and trace stay. Exit status 1: something was.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <twinfs/explore.h>

#include "lib/chip.h"
#include "many_life.h"

#define TELL_EVERY 100u /* lives between two lines of figures */

struct request {
	uint64_t states, seed, lives;
	unsigned every; /* so many lives have one with a second cut; 0: none */
	uint32_t torn_bytes, outcomes;
	unsigned workers;
	bool is_verbose;
};

struct sum {
	uint64_t lives, deep, operations, states, states_again, boots, bad_states, findings;
	uint64_t programs, erases, restoring;
	uint64_t updates, stores, booted, renames, attrs;
	double seconds; /* of exploring alone */
};

static void parse(struct request *request, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "n:s:c:k:t:o:w:v")) != -1) {
		uint64_t number = optarg ? strtoull(optarg, NULL, 0) : 0;

		switch (option) {
		case 'n':
			request->states = number;
			break;
		case 's':
			request->seed = number;
			break;
		case 'c':
			request->lives = number;
			break;
		case 'k':
			request->every = (unsigned)number;
			break;
		case 't':
			request->torn_bytes = (uint32_t)number;
			break;
		case 'o':
			request->outcomes = (uint32_t)number;
			break;
		case 'w':
			request->workers = (unsigned)number;
			break;
		case 'v':
			request->is_verbose = true;
			break;
		default:
			exit(2);
		}
	}
}

static void print_life(const struct life *life, const struct twinfs_explore_result *result)
{
	printf("seed %" PRIu64 ": littlefs %" PRIu32 ".%" PRIu32 ", %" PRIu32 " blocks of %" PRIu32
	       ", program %" PRIu32 ", cycles %" PRIu32 "%s%s%s; depth %u: %" PRIu64
	       " operations, %" PRIu64 " states, %" PRIu64 " boots, %.2f s\n",
		life->seed, life->disk_version >> 16, life->disk_version & 0xffff, life->blocks,
		life->block_size, life->prog_size, life->block_cycles,
		life->is_full ? ", full" : "", life->is_blank ? ", blank" : "",
		life->is_damaged ? ", damaged" : "", result->request.depth, result->operations,
		result->states, result->boots.boots, result->seconds);
}

static void print_findings(const struct twinfs_explore_result *result)
{
	for (size_t i = 0; i < result->finding_count; i++) {
		const struct twinfs_explore_finding *finding = &result->findings[i];
		const struct twinfs_explore_example *example = &finding->examples[0];
		char text[TWINFS_CRASH_TEXT];

		twinfs_crash_text(&example->crash, text);
		printf("  %s '%s': %" PRIu64 " states; %s (%s): %s\n",
			twinfs_finding_name(finding->kind), finding->subject, finding->states, text,
			example->owner ? example->owner : "", example->sentence);
	}
}

static void print_sum(const struct sum *sum)
{
	printf("%" PRIu64 " lives (%" PRIu64 " with a second cut; %" PRIu64 " boots, %" PRIu64
	       " updates, %" PRIu64 " stores, %" PRIu64 " renames, %" PRIu64
	       " attributes): %" PRIu64 " operations cut, %" PRIu64 " states (%" PRIu64
	       " after a second cut), %" PRIu64 " boots (%" PRIu64 " restoring), %.0f s, %.0f "
	       "states/s; %" PRIu64 " findings, %" PRIu64 " bad states\n",
		sum->lives, sum->deep, sum->booted, sum->updates, sum->stores, sum->renames,
		sum->attrs, sum->operations, sum->states, sum->states_again, sum->boots,
		sum->restoring, sum->seconds,
		sum->seconds > 0 ? (double)sum->states / sum->seconds : 0, sum->findings,
		sum->bad_states);
	(void)fflush(stdout);
}

static void add(struct sum *sum, const struct life *life,
	const struct twinfs_explore_result *result)
{
	sum->lives++;
	sum->deep += result->request.depth == 2;
	sum->operations += result->operations;
	sum->states += result->states;
	sum->states_again += result->states_again;
	sum->boots += result->boots.boots;
	sum->restoring += result->boots.restoring;
	sum->bad_states += result->bad_states;
	sum->findings += result->finding_count;
	sum->seconds += result->seconds;
	sum->booted += life->boots;
	sum->updates += life->updates;
	sum->stores += life->stores;
	sum->renames += life->renames;
	sum->attrs += life->attrs;
}

/* The files of a life in which something is wrong are kept under its seed. */
static void keep(const struct life *life)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "seed%" PRIu64 ".img", life->seed);
	must(rename(LIFE_IMAGE, name) == 0, "%s", name);
	(void)snprintf(name, sizeof(name), "seed%" PRIu64 ".trace", life->seed);
	must(rename(LIFE_TRACE, name) == 0, "%s", name);
	(void)snprintf(name, sizeof(name), "seed%" PRIu64 ".json", life->seed);
	must(rename(LIFE_PROFILE, name) == 0, "%s", name);
}

static void explore(const struct request *request, uint64_t seed, struct sum *sum)
{
	bool is_deep = request->every && seed % request->every == 0;
	struct twinfs_explore_options options;
	struct twinfs_explore_result *result;
	struct twinfs_error err = {0};
	struct life life;

	(void)snprintf(test_context, sizeof(test_context), "seed %" PRIu64, seed);
	life_remove();
	life_plan(&life, seed);
	life_live(&life);
	twinfs_explore_defaults(&options);
	options.source = life_source();
	options.trace = LIFE_TRACE;
	options.module.policy = TWINFS_POLICY_SAFE;
	options.workers = request->workers;
	options.seed = seed;
	options.depth = is_deep ? 2 : 1;
	options.torn_bytes = is_deep ? request->torn_bytes / 32 : request->torn_bytes;
	options.torn_spread = is_deep ? 2 : 32;
	options.outcomes = is_deep ? 1 : request->outcomes;
	must(twinfs_explore(&options, &result, &err) == 0, "%s", err.text);
	add(sum, &life, result);
	if (request->is_verbose || result->finding_count)
		print_life(&life, result);
	print_findings(result);
	if (result->finding_count)
		keep(&life);
	twinfs_explore_result_free(result);
	life_remove();
}

int main(int argc, char **argv)
{
	struct request request = {.states = UINT64_MAX,
		.seed = 1,
		.lives = UINT64_MAX,
		.every = 8,
		.torn_bytes = 512,
		.outcomes = 2,
		.workers = 1};
	struct sum sum = {0};

	parse(&request, argc, argv);
	while (sum.states < request.states && sum.lives < request.lives) {
		explore(&request, request.seed++, &sum);
		if (sum.lives % TELL_EVERY == 0)
			print_sum(&sum);
	}
	print_sum(&sum);
	return sum.findings ? 1 : 0;
}
