/* SPDX-License-Identifier: MIT */
/*
 * explore_text.c - what a crash state is called in words, and on a command
 * line.
 *
 * The number of an operation is its place in the trace, the same that a crash
 * begins with, so that a sentence and the command that replays it agree.
 */
#include "explore.h"

#include <inttypes.h>
#include <string.h>

#include "text.h"
#include "tool.h"
#include "words.h"

void tw_tool_explore_result_release(struct twinfs_explore_result **result)
{
	twinfs_explore_result_free(*result);
}

/* An operation of the trace. */
struct place {
	bool is_erase;
	uint64_t addr;
	uint32_t len;
	const char *owner; /* NULL: not known */
};

/* Finds operation @op of the trace; false: it has none, or cannot be read. A flipped cell counts
 * as one: it changes the chip. */
static bool find_operation(struct twinfs_trace *trace, uint64_t op, struct place *ret_place)
{
	struct twinfs_trace_record record;
	bool is_found = false;

	if (!trace)
		return false;
	twinfs_trace_rewind(trace);
	while (!is_found && twinfs_trace_next(trace, &record))
		if (tw_tool_is_traced_operation(&record))
			is_found = !op--;
	if (is_found)
		*ret_place = (struct place){
			record.kind == TWINFS_TRACE_ERASE, record.addr, record.len, record.owner};
	return is_found;
}

static bool find_place(const struct tw_tool_explore *view, const struct twinfs_crash *crash,
	const struct twinfs_explore_example *example, struct place *ret_place)
{
	if (crash->cut.kind == TWINFS_CUT_END)
		return false;
	if (!example)
		return find_operation(view->trace, crash->cut.op, ret_place);
	*ret_place = (struct place){example->is_erase, example->addr, example->len, example->owner};
	return true;
}

/* "metadata /usr" is "metadata of /usr"; what is not known to this table stays as it is. */
static void put_owner(FILE *out, const char *owner)
{
	static const struct {
		const char *tag, *words;
	} roles[] = {
		{"metadata ", "metadata of "},
		{"data ", "content of "},
		{"superblock ", "superblock of "},
	};

	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
		size_t len = strlen(roles[i].tag);

		if (strncmp(owner, roles[i].tag, len))
			continue;
		fputs(roles[i].words, out);
		owner += len;
		break;
	}
	tw_tool_put_plain(out, owner);
}

static void put_place(FILE *out, const struct tw_tool_explore *view, const struct place *place)
{
	const struct twinfs_trace_part *part = NULL;
	char number[TW_TOOL_NUMBER_ROOM];
	uint64_t block;

	if (view->trace)
		part = twinfs_trace_locate(view->trace, place->addr, &block);
	fputs(place->is_erase ? ", erase " : ", program ", out);
	if (part)
		fprintf(out, "of block %s", tw_tool_count_text(block, number));
	else
		fprintf(out, "at 0x%" PRIx64, place->addr);
	if (place->owner && *place->owner) {
		fputs(", ", out);
		put_owner(out, place->owner);
	} else if (part) {
		fputs(" of ", out);
		tw_tool_put_plain(out, part->name);
	}
}

static void put_torn(FILE *out, const struct twinfs_cut *cut, const struct place *place)
{
	char done[TW_TOOL_NUMBER_ROOM], len[TW_TOOL_NUMBER_ROOM];

	fprintf(out, ", after %s", tw_tool_count_text(cut->done, done));
	if (place)
		fprintf(out, " of %s", tw_tool_count_text(place->len, len));
	fprintf(out, " byte%s", tw_tool_plural(place ? place->len : cut->done));
	if (cut->unit == 1)
		fputs(" and some bits of the next", out);
	else if (cut->unit)
		fprintf(out, " and some bits of the next %s", tw_tool_count_text(cut->unit, len));
}

/* How far the operation came. */
static void put_extent(FILE *out, const struct twinfs_cut *cut, const struct place *place)
{
	char number[TW_TOOL_NUMBER_ROOM];

	switch (cut->kind) {
	case TWINFS_CUT_TORN:
		put_torn(out, cut, place);
		break;
	case TWINFS_CUT_SHUFFLED:
		fprintf(out, ", some of its pages of %s bytes written and others not",
			tw_tool_count_text(cut->unit, number));
		break;
	case TWINFS_CUT_NOISE:
		fputs(", which leaves noise", out);
		break;
	case TWINFS_CUT_NONE:
	case TWINFS_CUT_BEFORE:
	case TWINFS_CUT_END:
	case TWINFS_CUT_COUNT:
		break;
	}
}

static void put_again(FILE *out, const struct tw_tool_explore *view,
	const struct twinfs_crash *crash, const struct twinfs_explore_example *example)
{
	const struct twinfs_cut *again = &crash->again;
	const bool has_place = example && example->again.owner;
	char number[TW_TOOL_NUMBER_ROOM];
	struct place place;

	if (again->kind == TWINFS_CUT_END)
		fputs(", and again right after the boot that followed", out);
	else
		fprintf(out, ", and again %s operation %s of the boot that followed",
			again->kind == TWINFS_CUT_BEFORE ? "before" : "in",
			tw_tool_count_text(again->op, number));
	if (has_place) {
		place = (struct place){example->again.is_erase, example->again.addr,
			example->again.len, example->again.owner};
		put_place(out, view, &place);
	}
	put_extent(out, again, has_place ? &place : NULL);
}

static void put_cut(FILE *out, const struct tw_tool_explore *view, const struct twinfs_crash *crash,
	const struct twinfs_explore_example *example)
{
	char number[TW_TOOL_NUMBER_ROOM];
	struct place place;
	const bool has_place = find_place(view, crash, example, &place);

	if (crash->cut.kind == TWINFS_CUT_END)
		fputs("no cut, at the end of the run", out);
	else
		fprintf(out, "cut %s operation %s",
			crash->cut.kind == TWINFS_CUT_BEFORE ? "before" : "in",
			tw_tool_count_text(crash->cut.op, number));
	if (has_place)
		put_place(out, view, &place);
	put_extent(out, &crash->cut, has_place ? &place : NULL);
	if (crash->again.kind != TWINFS_CUT_NONE)
		put_again(out, view, crash, example);
}

char *tw_tool_explore_place(const struct tw_tool_explore *view, const struct twinfs_crash *crash,
	const struct twinfs_explore_example *example)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	put_cut(out, view, crash, example);
	return fclose(out) ? NULL : text;
}

char *tw_tool_explore_sentence(const struct tw_tool_explore *view,
	const struct twinfs_explore_example *example)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	put_cut(out, view, &example->crash, example);
	fputs(": ", out);
	tw_tool_put_plain(out, example->sentence ? example->sentence : "");
	return fclose(out) ? NULL : text;
}

/* ---- command lines ---- */

static int add_option(struct tw_tool_text *line, const char *name, const char *value)
{
	int code;

	if (!value)
		return 0;
	code = tw_tool_add_word(line, name);
	return code < 0 ? code : tw_tool_add_word(line, value);
}

static int add_number(struct tw_tool_text *line, const char *name, uint64_t value)
{
	char number[TW_TOOL_NUMBER_ROOM];

	snprintf(number, sizeof(number), "%" PRIu64, value);
	return add_option(line, name, number);
}

int tw_tool_explore_source_words(const struct twinfs_source *source, const char *key_file,
	struct tw_tool_text *line)
{
	int code = add_option(line, "--user", source->user);

	if (code >= 0)
		code = add_option(line, "--backup", source->backup);
	if (code >= 0)
		code = add_option(line, "--secure", source->secure);
	if (code >= 0)
		code = add_option(line, "--profile", source->profile);
	if (code >= 0 && source->block_size)
		code = add_number(line, "--block-size", source->block_size);
	if (code >= 0 && source->prog_size)
		code = add_number(line, "--prog", source->prog_size);
	if (code >= 0)
		code = add_option(line, "--key", key_file);
	if (code >= 0 && source->image)
		code = tw_tool_add_word(line, source->image);
	return code;
}

char *tw_tool_explore_replay(const struct tw_tool_explore_job *job)
{
	const struct twinfs_explore_options *options = &job->options;
	struct tw_tool_text line = {0};
	int code = tw_tool_text_add(&line, "twinfs explore", 14);

	if (code >= 0 && options->module.policy != TWINFS_POLICY_DEVICE)
		code = add_option(&line, "--policy", twinfs_policy_name(options->module.policy));
	if (code >= 0 && options->seed != 1)
		code = add_number(&line, "--seed", options->seed);
	if (code >= 0)
		code = add_option(&line, "--checks", options->checks);
	if (code >= 0)
		code = add_option(&line, "--check", job->command);
	if (code >= 0)
		code = tw_tool_explore_source_words(&options->source, options->module.key_file,
			&line);
	if (code >= 0 && options->trace && *options->trace && !job->is_boot)
		code = tw_tool_add_word(&line, options->trace);
	if (code >= 0)
		code = tw_tool_add_word(&line, "--at");
	if (code < 0)
		tw_tool_text_release(&line);
	return line.data;
}
