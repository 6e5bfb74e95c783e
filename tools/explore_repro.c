/* SPDX-License-Identifier: MIT */
/*
 * explore_repro.c - a directory for each finding that holds all one needs to
 * see it: the chip at that moment, the run up to there, and what to type.
 */
#include "explore.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "store.h"
#include "text.h"
#include "tool.h"
#include "words.h"

#define VERB "explore"

/* Characters of a subject that its directory is called by. */
#define NAME_MAX_LEN 48

#define STATE  "state.img"
#define PREFIX "prefix.trace"

/* One directory, and what goes into it. */
struct repro {
	const struct tw_tool_explore_job *job;
	const struct tw_tool_explore *view;
	const struct twinfs_crash *crash;
	const struct twinfs_explore_finding *finding; /* NULL: nothing is wrong with the state */
	const char *dir;
};

static void put_line(FILE *out, const char *text)
{
	tw_tool_put_plain(out, text);
	fputc('\n', out);
}

/* The files of the state stand for those of the source. */
static struct twinfs_source state_source(const struct tw_tool_explore_job *job)
{
	struct twinfs_source source = job->options.source;
	bool is_first = true;

	if (source.image)
		source.image = STATE;
	if (source.user) {
		source.user = STATE;
		is_first = false;
	}
	if (source.backup) {
		source.backup = is_first ? STATE : STATE ".backup";
		is_first = false;
	}
	if (source.secure)
		source.secure = is_first ? STATE : STATE ".secure";
	return source;
}

static int mount_words(const struct tw_tool_explore_job *job, struct tw_tool_text *line)
{
	const struct twinfs_module_options *module = &job->options.module;
	const struct twinfs_source source = state_source(job);
	int code = tw_tool_text_add(line, "twinfs mount -o ro", 18);

	if (code >= 0 && module->policy != TWINFS_POLICY_DEVICE)
		code = tw_tool_text_add(line, " --policy safe", 14);
	if (code >= 0)
		code = tw_tool_explore_source_words(&source, module->key_file, line);
	return code < 0 ? code : tw_tool_add_word(line, "module");
}

static void put_wrong(FILE *out, const struct repro *repro)
{
	const struct twinfs_explore_finding *finding = repro->finding;
	char states[TW_TOOL_NUMBER_ROOM], crash[TWINFS_CRASH_TEXT];
	_cleanup_free_ char *text = NULL;

	twinfs_crash_text(repro->crash, crash);
	if (!finding) {
		text = tw_tool_explore_place(repro->view, repro->crash, NULL);
		put_line(out, text ? text : "");
		fprintf(out, "\nNothing is wrong with this state, %s.\n", crash);
		return;
	}
	text = tw_tool_explore_sentence(repro->view, finding->examples);
	put_line(out, text ? text : "");
	fprintf(out, "\nThis is state %s, the first of %s in which it is so.\n", crash,
		tw_tool_count_text(finding->states, states));
}

/* 0 or -ENOMEM. */
static int put_readme(FILE *out, const struct repro *repro)
{
	struct tw_tool_text mount = {0};
	char crash[TWINFS_CRASH_TEXT];
	int code = mount_words(repro->job, &mount);

	put_wrong(out, repro);
	twinfs_crash_text(repro->crash, crash);
	fputs("\n" STATE "     the chip when the power came back\n" PREFIX
	      "  the run up to the cut: 'twinfs trace " PREFIX "' prints it\n"
	      "\nTo see it on a mount, in this directory ('-o ro' boots a copy in memory; without\n"
	      "it an application can go on from here, and the image changes):\n\n"
	      "    mkdir module\n    ",
		out);
	if (mount.data)
		put_line(out, mount.data);
	fputs("    ls -lR module\n    twinfs umount module\n"
	      "\nTo judge it again, where the exploration was run:\n\n    ",
		out);
	tw_tool_put_plain(out, repro->view->replay ? repro->view->replay : "");
	fprintf(out, " %s\n", crash);
	tw_tool_text_release(&mount);
	return code;
}

static int write_readme(const struct repro *repro, const char *path)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int code;

	if (!out)
		return tw_tool_no_memory(VERB);
	code = put_readme(out, repro);
	if (fclose(out) || code < 0)
		return tw_tool_no_memory(VERB);
	return tw_tool_store(VERB, path, text, len);
}

static int write_repro(const struct repro *repro)
{
	_cleanup_free_ char *image = NULL, *trace = NULL, *readme = NULL;
	struct twinfs_reproducer reproducer;
	struct twinfs_error err = {0};

	if (asprintf(&image, "%s/" STATE, repro->dir) < 0 ||
		asprintf(&trace, "%s/" PREFIX, repro->dir) < 0 ||
		asprintf(&readme, "%s/README", repro->dir) < 0)
		return tw_tool_no_memory(VERB);
	if (mkdir(repro->dir, 0777) < 0)
		return tw_tool_error(VERB, repro->dir, "cannot be made: %s",
			tw_tool_host_reason(-errno));
	reproducer = (struct twinfs_reproducer){.image = image, .trace = trace};
	if (twinfs_explore_reproduce(&repro->job->options, repro->crash, &reproducer, &err) < 0)
		return tw_tool_report(VERB, repro->dir, &err);
	return write_readme(repro, readme);
}

/* "/usr/my config.json" is "usr_my_config.json"; a crash "12:3/4" is "12_3_4". */
static void plain_name(const char *text, char name[NAME_MAX_LEN + 1])
{
	size_t len = 0;

	text += strspn(text, "/");
	for (; *text && len < NAME_MAX_LEN; text++) {
		const unsigned char c = (unsigned char)*text;

		name[len++] = isascii(c) && (isalnum(c) || strchr(".-_", c)) ? (char)c : '_';
	}
	name[len] = '\0';
}

static int write_one(const struct tw_tool_explore_job *job, const struct tw_tool_explore *view)
{
	const struct twinfs_explore_result *result = view->result;
	const bool is_wrong = result->finding_count && result->findings[0].example_count;
	char crash[TWINFS_CRASH_TEXT], name[NAME_MAX_LEN + 1];
	_cleanup_free_ char *dir = NULL;

	twinfs_crash_text(&job->at, crash);
	plain_name(crash, name);
	if (asprintf(&dir, "%s/state-%s", job->reproducers, name) < 0)
		return tw_tool_no_memory(VERB);
	return write_repro(&(struct repro){
		job, view, &job->at, is_wrong ? result->findings : NULL, dir});
}

static int write_finding(const struct tw_tool_explore_job *job, const struct tw_tool_explore *view,
	size_t index)
{
	const struct twinfs_explore_finding *finding = &view->result->findings[index];
	char name[NAME_MAX_LEN + 1];
	_cleanup_free_ char *dir = NULL;

	if (!finding->example_count)
		return 0;
	plain_name(finding->subject ? finding->subject : "", name);
	if (asprintf(&dir, "%s/%02zu-%s-%s", job->reproducers, index + 1,
		    twinfs_finding_name(finding->kind), name) < 0)
		return tw_tool_no_memory(VERB);
	return write_repro(&(struct repro){job, view, &finding->examples[0].crash, finding, dir});
}

int tw_tool_explore_reproduce(const struct tw_tool_explore_job *job,
	const struct tw_tool_explore *view)
{
	int status = 0;

	if (mkdir(job->reproducers, 0777) < 0 && errno != EEXIST)
		return tw_tool_error(VERB, job->reproducers, "cannot be made: %s",
			tw_tool_host_reason(-errno));
	if (job->is_one)
		return write_one(job, view);
	for (size_t i = 0; i < view->result->finding_count && !status; i++)
		status = write_finding(job, view, i);
	return status;
}
