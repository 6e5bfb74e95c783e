/* SPDX-License-Identifier: MIT */
/*
 * print_explore.c - what came of an exploration: the figures, and for each
 * thing that is wrong where it was first seen, in words.
 */
#include "print.h"

#include <inttypes.h>
#include <string.h>

#include "explore.h"
#include "text.h"
#include "tool.h"

/* Findings that are shown; an application that breaks every file is known by then. */
#define SHOWN 20

static const char *count_text(uint64_t count, char room[TW_TOOL_NUMBER_ROOM])
{
	return tw_tool_count_text(count, room);
}

static void print_head(const struct twinfs_explore_result *result)
{
	printf("%s", tw_tool_paint(TW_TOOL_BOLD));
	tw_tool_put_plain(stdout, result->image ? result->image : "");
	fputs(", ", stdout);
	tw_tool_put_plain(stdout,
		result->trace && *result->trace ? result->trace : "its next boot");
	printf("%s\n  policy      %15s  power cut everywhere%s\n", tw_tool_paint(TW_TOOL_PLAIN),
		twinfs_policy_name(result->request.policy),
		result->request.depth > 1 ? ", and again in the boot" : "");
}

/* What of the trace was explored, where it is not all. */
static void print_extent(const struct twinfs_explore_result *result)
{
	const struct twinfs_explore_request *request = &result->request;
	char done[TW_TOOL_NUMBER_ROOM], total[TW_TOOL_NUMBER_ROOM];

	printf("  operations  %15s", count_text(result->operations, done));
	if (result->operations != result->trace_operations)
		printf("  of %s in the trace", count_text(result->trace_operations, total));
	if (request->sample)
		printf(", a sample of %s", count_text(request->sample, total));
	if (request->shards > 1)
		printf(", part %" PRIu32 " of %" PRIu32, request->shard + 1, request->shards);
	putchar('\n');
}

static void print_states(const struct twinfs_explore_result *result)
{
	const uint64_t *of = result->states_of;
	char number[TW_TOOL_NUMBER_ROOM];

	printf("  states      %15s", count_text(result->states, number));
	printf("  %s between operations", count_text(of[TWINFS_CUT_BEFORE], number));
	printf(", %s torn\n",
		count_text(of[TWINFS_CUT_TORN] + of[TWINFS_CUT_SHUFFLED] + of[TWINFS_CUT_NOISE],
			number));
	if (result->states_again)
		printf("  %27s  of them with a second cut\n",
			count_text(result->states_again, number));
	printf("  boots       %15s  ", count_text(result->boots.boots, number));
	puts("distinct; the rest reads the same as one of them");
}

static void print_speed(const struct twinfs_explore_result *result)
{
	const double rate = result->seconds > 0 ? (double)result->states / result->seconds : 0;
	char number[TW_TOOL_NUMBER_ROOM];

	if (result->seconds < 1)
		printf("  time        %12.0f ms", 1000 * result->seconds);
	else
		printf("  time        %13.1f s", result->seconds);
	printf("  %s states a second, %u worker%s\n", count_text((uint64_t)rate, number),
		result->workers, tw_tool_plural(result->workers));
}

static bool is_finding(const struct twinfs_explore_result *result, const char *hole)
{
	for (size_t i = 0; i < result->finding_count; i++)
		if (result->findings[i].kind == TWINFS_FINDING_HOLE &&
			!strcmp(result->findings[i].subject, hole))
			return true;
	return false;
}

/* Holes that are no findings: still worth knowing. */
static void print_holes(const struct twinfs_explore_result *result)
{
	char number[TW_TOOL_NUMBER_ROOM];

	for (int i = 0; i < TWINFS_HOLE_COUNT; i++) {
		const char *name = twinfs_hole_name((enum twinfs_hole_id)i);

		if (!result->holes[i] || is_finding(result, name))
			continue;
		printf("  hole        %15s  states meet %s, %s\n",
			count_text(result->holes[i], number), name,
			result->run_holes[i] ? "as does the run that is not cut"
					     : "and the policy closes it");
	}
}

static void print_warning(const char *text)
{
	printf("  %s%s%s\n", tw_tool_paint(TW_TOOL_YELLOW), text, tw_tool_paint(TW_TOOL_PLAIN));
}

static void print_warnings(const struct tw_tool_explore *explore)
{
	if (!explore->is_complete)
		print_warning("not complete: the figures are of what is done so far");
	if (explore->result->trace_is_cut)
		print_warning("the trace ends in the middle: its recorder was killed");
}

static void print_finding(const struct tw_tool_explore *explore,
	const struct twinfs_explore_finding *finding)
{
	const struct twinfs_explore_example *example = finding->examples;
	char states[TW_TOOL_NUMBER_ROOM], crash[TWINFS_CRASH_TEXT];
	_cleanup_free_ char *sentence = NULL;

	printf("\n%s%s%s%s%s", tw_tool_paint(TW_TOOL_RED), twinfs_finding_name(finding->kind),
		tw_tool_paint(TW_TOOL_PLAIN), *finding->subject ? "  " : "",
		tw_tool_paint(TW_TOOL_BOLD));
	tw_tool_put_plain(stdout, finding->subject);
	printf("%s\n", tw_tool_paint(TW_TOOL_PLAIN));
	if (finding->example_count)
		sentence = tw_tool_explore_sentence(explore, example);
	if (sentence)
		tw_tool_put_wrapped(stdout, sentence, 2, 0);
	printf("  %s%s state%s", tw_tool_paint(TW_TOOL_DIM), count_text(finding->states, states),
		tw_tool_plural(finding->states));
	if (finding->example_count) {
		twinfs_crash_text(&example->crash, crash);
		printf(", the first is %s", crash);
	}
	printf("%s\n", tw_tool_paint(TW_TOOL_PLAIN));
}

static void print_findings(const struct tw_tool_explore *explore)
{
	const struct twinfs_explore_result *result = explore->result;
	char states[TW_TOOL_NUMBER_ROOM];
	size_t shown = result->finding_count < SHOWN ? result->finding_count : SHOWN;

	printf("\n%s%zu thing%s wrong%s, in %s state%s\n", tw_tool_paint(TW_TOOL_RED),
		result->finding_count, result->finding_count == 1 ? " is" : "s are",
		tw_tool_paint(TW_TOOL_PLAIN), count_text(result->bad_states, states),
		tw_tool_plural(result->bad_states));
	for (size_t i = 0; i < shown; i++)
		print_finding(explore, &result->findings[i]);
	if (shown < result->finding_count)
		printf("\n%zu more are in the JSON result\n", result->finding_count - shown);
}

static void print_replay(const struct tw_tool_explore *explore)
{
	const struct twinfs_explore_finding *finding = explore->result->findings;
	char crash[TWINFS_CRASH_TEXT];

	if (!explore->replay || !finding->example_count)
		return;
	twinfs_crash_text(&finding->examples[0].crash, crash);
	fputs("\nTo look at a state, say which; with --reproducers DIR it becomes an image that\n"
	      "can be mounted:\n  ",
		stdout);
	tw_tool_put_plain(stdout, explore->replay);
	printf(" %s\n", crash);
}

void tw_tool_print_explore(const struct tw_tool_explore *explore)
{
	const struct twinfs_explore_result *result = explore->result;

	print_head(result);
	print_extent(result);
	print_states(result);
	print_speed(result);
	print_holes(result);
	print_warnings(explore);
	if (result->finding_count) {
		print_findings(explore);
		print_replay(explore);
		return;
	}
	if (!explore->is_complete)
		puts("\nnothing is wrong so far");
	else
		printf("\n%snothing is wrong%s: every state boots and keeps what was promised\n",
			tw_tool_paint(TW_TOOL_GREEN), tw_tool_paint(TW_TOOL_PLAIN));
}

/* ---- one state ---- */

static void print_boot(const struct twinfs_explore_result *result)
{
	const struct twinfs_explore_boots *boots = &result->boots;

	printf("  the boot makes %" PRIu64 " program%s and %" PRIu64 " erase%s: %.1f ms on the "
	       "device\n",
		boots->programs, tw_tool_plural(boots->programs), boots->erases,
		tw_tool_plural(boots->erases), (double)boots->flash_ns / 1e6);
	if (boots->formatting)
		puts("  it formats the user partition");
	if (boots->files)
		printf("  it restores %" PRIu64 " file%s\n", boots->files,
			tw_tool_plural(boots->files));
	for (int i = 0; i < TWINFS_HOLE_COUNT; i++)
		if (result->holes[i])
			printf("  it meets the hole %s\n",
				twinfs_hole_name((enum twinfs_hole_id)i));
}

static void print_wrong(const struct twinfs_explore_finding *finding)
{
	const char *sentence = finding->subject;
	_cleanup_free_ char *plain = NULL;

	if (finding->example_count && finding->examples[0].sentence)
		sentence = finding->examples[0].sentence;
	plain = tw_tool_plain_text(sentence ? sentence : "");
	printf("  %s%-10s%s", tw_tool_paint(TW_TOOL_RED), twinfs_finding_name(finding->kind),
		tw_tool_paint(TW_TOOL_PLAIN));
	tw_tool_put_wrapped(stdout, plain ? plain : "", 12, 12);
}

void tw_tool_print_explore_one(const struct tw_tool_explore *explore, const struct twinfs_crash *at)
{
	const struct twinfs_explore_result *result = explore->result;
	const struct twinfs_explore_finding *first = result->findings;
	const bool has_example = result->finding_count && first->example_count;
	_cleanup_free_ char *place =
		tw_tool_explore_place(explore, at, has_example ? first->examples : NULL);
	char crash[TWINFS_CRASH_TEXT];

	twinfs_crash_text(at, crash);
	printf("%s%s%s\n", tw_tool_paint(TW_TOOL_BOLD), crash, tw_tool_paint(TW_TOOL_PLAIN));
	tw_tool_put_wrapped(stdout, place ? place : "", 2, 0);
	putchar('\n');
	print_boot(result);
	for (size_t i = 0; i < result->finding_count; i++)
		print_wrong(&result->findings[i]);
	if (!result->finding_count)
		printf("  %snothing is wrong%s with it\n", tw_tool_paint(TW_TOOL_GREEN),
			tw_tool_paint(TW_TOOL_PLAIN));
}
