/* SPDX-License-Identifier: MIT */
/*
 * print_explore_junit.c - the result of an exploration as JUnit XML: one test
 * suite, one test case for each kind of thing that can be wrong.
 *
 * There is no standard, only what CI systems read: the elements and attributes
 * here are those that all of them know. Nothing in it depends on when or where
 * it was written, so that equal results are equal files.
 */
#include "print.h"

#include <inttypes.h>
#include <string.h>

#include "explore.h"
#include "text.h"
#include "tool.h"

/* What a test case promises, by the kind of finding that breaks it. */
static const char *promise_of(enum twinfs_finding_kind kind)
{
	switch (kind) {
	case TWINFS_FINDING_BOOT:
		return "every state boots";
	case TWINFS_FINDING_FORMATTED:
		return "the user partition can be mounted";
	case TWINFS_FINDING_BACKUP:
		return "the backup partition can be mounted";
	case TWINFS_FINDING_CHECK:
		return "the volumes keep every rule of their format";
	case TWINFS_FINDING_LOST:
		return "nothing that was promised is missing";
	case TWINFS_FINDING_VERSION:
		return "every file is a version that was promised";
	case TWINFS_FINDING_BACK:
		return "what was removed stays away";
	case TWINFS_FINDING_RENAME:
		return "no rename is half done";
	case TWINFS_FINDING_REVERTED:
		return "no factory copy is in place of a promised version";
	case TWINFS_FINDING_EXTRA:
		return "there is nothing that nobody made";
	case TWINFS_FINDING_SLOT:
		return "every SecureData slot is one that was promised";
	case TWINFS_FINDING_PROTECTED:
		return "protected files are right after the boot";
	case TWINFS_FINDING_HOLE:
		return "the boot falls into no hole that the uncut run does not";
	case TWINFS_FINDING_SECOND:
		return "a second boot changes nothing";
	case TWINFS_FINDING_GOING_ON:
		return "the application can go on";
	case TWINFS_FINDING_USER:
		return "the expressions of --checks are true";
	case TWINFS_FINDING_INSPECT:
		return "the command of --check is content";
	case TWINFS_FINDING_COUNT:
		break;
	}
	return "";
}

/*
 * Prints @text for an attribute or between tags. XML has no way to write most
 * control characters, nor U+FFFE and U+FFFF: they are \xNN like elsewhere.
 */
static void put_xml(FILE *file, const char *text)
{
	_cleanup_free_ char *plain = tw_tool_plain_text(text);

	for (const char *at = plain ? plain : ""; *at; at++) {
		if (!strncmp(at, "\xef\xbf\xbe", 3) || !strncmp(at, "\xef\xbf\xbf", 3)) {
			fprintf(file, "\\xef\\xbf\\x%02x", (unsigned char)at[2]);
			at += 2;
		} else if (*at == '&') {
			fputs("&amp;", file);
		} else if (*at == '<') {
			fputs("&lt;", file);
		} else if (*at == '>') {
			fputs("&gt;", file);
		} else if (*at == '"') {
			fputs("&quot;", file);
		} else {
			fputc(*at, file);
		}
	}
}

static bool is_asked_for(const struct tw_tool_explore *explore, enum twinfs_finding_kind kind)
{
	const struct twinfs_digest *checks = &explore->result->request.checks;

	if (kind == TWINFS_FINDING_USER)
		return checks->low || checks->high;
	return kind != TWINFS_FINDING_INSPECT || explore->has_command;
}

/* The findings of @kind: they lie one behind the other. */
static size_t findings_of(const struct twinfs_explore_result *result, enum twinfs_finding_kind kind,
	const struct twinfs_explore_finding **ret_first)
{
	size_t count = 0;

	for (size_t i = 0; i < result->finding_count; i++) {
		if (result->findings[i].kind != kind)
			continue;
		if (!count++)
			*ret_first = &result->findings[i];
	}
	return count;
}

static void put_finding(FILE *file, const struct tw_tool_explore *explore,
	const struct twinfs_explore_finding *finding)
{
	char states[TW_TOOL_NUMBER_ROOM], crash[TWINFS_CRASH_TEXT];
	const struct twinfs_explore_example *example = finding->examples;
	_cleanup_free_ char *sentence = NULL;

	put_xml(file, finding->subject ? finding->subject : "");
	fprintf(file, ": %s state%s\n", tw_tool_count_text(finding->states, states),
		tw_tool_plural(finding->states));
	if (!finding->example_count)
		return;
	sentence = tw_tool_explore_sentence(explore, example);
	put_xml(file, sentence ? sentence : "");
	fputc('\n', file);
	if (!explore->replay)
		return;
	twinfs_crash_text(&example->crash, crash);
	put_xml(file, explore->replay);
	fprintf(file, " %s\n", crash);
}

/* CI systems show one failure of a test case: all findings are in the one. */
static void put_failure(FILE *file, const struct tw_tool_explore *explore,
	const struct twinfs_explore_finding *findings, size_t count)
{
	const struct twinfs_explore_example *example = findings->examples;
	const char *message = findings->subject;

	if (findings->example_count && example->sentence)
		message = example->sentence;
	fputs("\t\t\t<failure message=\"", file);
	put_xml(file, message ? message : "");
	fprintf(file, "\" type=\"%s\">", twinfs_finding_name(findings->kind));
	for (size_t i = 0; i < count; i++) {
		if (i)
			fputc('\n', file);
		put_finding(file, explore, &findings[i]);
	}
	fputs("</failure>\n", file);
}

static void put_case_head(FILE *file, const struct twinfs_explore_result *result, const char *name,
	const char *promise, bool has_content)
{
	fputs("\t\t<testcase classname=\"twinfs.explore.", file);
	fprintf(file, "%s\" name=\"%s: %s\" time=\"0\"%s>\n",
		twinfs_policy_name(result->request.policy), name, promise, has_content ? "" : "/");
}

static void put_case(FILE *file, const struct tw_tool_explore *explore,
	enum twinfs_finding_kind kind)
{
	const struct twinfs_explore_finding *first = NULL;
	const size_t count = findings_of(explore->result, kind, &first);
	const bool is_skipped = !count && !is_asked_for(explore, kind);

	put_case_head(file, explore->result, twinfs_finding_name(kind), promise_of(kind),
		count || is_skipped);
	if (count)
		put_failure(file, explore, first, count);
	else if (is_skipped)
		fputs("\t\t\t<skipped/>\n", file);
	if (count || is_skipped)
		fputs("\t\t</testcase>\n", file);
}

/* Nothing that was not looked at may look as if it were right. */
static void put_complete(FILE *file, const struct tw_tool_explore *explore)
{
	const struct twinfs_explore_result *result = explore->result;

	put_case_head(file, result, "complete", "all that was asked for was explored",
		!explore->is_complete);
	if (explore->is_complete)
		return;
	fprintf(file,
		"\t\t\t<error message=\"the exploration is not complete\" "
		"type=\"incomplete\">%" PRIu64 " of %" PRIu64
		" operations of the trace were explored</error>\n\t\t</testcase>\n",
		result->operations, result->trace_operations);
}

static void put_property(FILE *file, const char *name, uint64_t value)
{
	fprintf(file, "\t\t\t<property name=\"%s\" value=\"%" PRIu64 "\"/>\n", name, value);
}

static void put_suite_head(FILE *file, const struct tw_tool_explore *explore)
{
	const struct twinfs_explore_result *result = explore->result;
	const struct twinfs_explore_finding *first;
	unsigned failures = 0, skipped = 0;

	for (int i = 0; i < TWINFS_FINDING_COUNT; i++) {
		const enum twinfs_finding_kind kind = (enum twinfs_finding_kind)i;

		if (findings_of(result, kind, &first))
			failures++;
		else if (!is_asked_for(explore, kind))
			skipped++;
	}
	fputs("\t<testsuite name=\"twinfs explore ", file);
	put_xml(file, result->trace && *result->trace ? result->trace : result->image);
	fprintf(file,
		"\" tests=\"%d\" failures=\"%u\" errors=\"%d\" skipped=\"%u\" time=\"%.3f\">\n",
		TWINFS_FINDING_COUNT + 1, failures, !explore->is_complete, skipped,
		result->seconds);
	fputs("\t\t<properties>\n", file);
	put_property(file, "operations", result->operations);
	put_property(file, "states", result->states);
	put_property(file, "boots", result->boots.boots);
	put_property(file, "bad_states", result->bad_states);
	put_property(file, "seed", result->request.seed);
	fputs("\t\t</properties>\n", file);
}

void tw_tool_junit_explore(FILE *file, const struct tw_tool_explore *explore)
{
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", file);
	put_suite_head(file, explore);
	put_complete(file, explore);
	for (int i = 0; i < TWINFS_FINDING_COUNT; i++)
		put_case(file, explore, (enum twinfs_finding_kind)i);
	fputs("\t</testsuite>\n</testsuites>\n", file);
}
