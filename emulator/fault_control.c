/* SPDX-License-Identifier: MIT */
/*
 * fault_control.c - rules are changed while no operation runs: that is, with
 * the power held as if to switch it.
 */
#include "fault_control.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/fault.h>

#include "fuse_worker.h"
#include "tell.h"

#define PASS_MAX_MS UINT64_C(1000000000)
#define NS_PER_MS   UINT64_C(1000000)

/* From within the chip: its lock is held. */
static void on_event(void *ctx, const struct twinfs_fault_event *event)
{
	struct tw_emu *emu = ctx;

	tw_emu_tell_fault(emu, event);
	if (event->bits && event->fault != TWINFS_FAULT_MISREAD && emu->worker)
		tw_emu_worker_forget(emu->worker); /* cells changed: the kernel's copy did not */
}

bool tw_emu_has_faults(const struct tw_emu *emu)
{
	return twinfs_flash_has_hook(emu->flash) && twinfs_faults_count(emu->faults);
}

int tw_emu_faults_begin(struct tw_emu *emu, struct twinfs_error *err)
{
	const struct tw_daemon_options *options = emu->options;

	emu->faults = twinfs_module_faults(emu->module);
	if (!emu->faults)
		return -ENOMEM;
	twinfs_faults_set_seed(emu->faults, options->seed);
	twinfs_faults_set_sink(emu->faults, on_event, emu);
	for (size_t i = 0; i < options->rule_count; i++) {
		int rc = twinfs_faults_add_lines(emu->faults, options->rules[i].text, NULL, err);

		if (rc < 0) {
			(void)snprintf(err->file, sizeof(err->file), "%s", options->rules[i].name);
			return rc;
		}
	}
	emu->wants_calls = twinfs_faults_wants_calls(emu->faults);
	return 0;
}

/* ---- commands ---- */

static int fail(struct twinfs_error *err, int code, const char *what, const char *word)
{
	(void)snprintf(err->text, sizeof(err->text), "'%s' %s", word, what);
	return code;
}

/* The numbers of the rules that were added last. */
static void print_added(const struct twinfs_faults *faults, unsigned added, FILE *answer)
{
	unsigned count = twinfs_faults_count(faults);
	struct twinfs_fault_rule rule;

	for (unsigned i = count - added; i < count; i++)
		if (twinfs_faults_get(faults, i, &rule) == 0)
			(void)fprintf(answer, "%u\n", rule.id);
}

static int add_rules(struct tw_emu *emu, const char *rules, FILE *answer, struct twinfs_error *err)
{
	unsigned added = 0;
	int rc = twinfs_faults_add_lines(emu->faults, rules, &added, err);

	if (rc == 0)
		print_added(emu->faults, added, answer);
	return rc;
}

static bool parse_number(const char *word, uint64_t *ret_number)
{
	char *end;

	if (*word < '0' || *word > '9')
		return false;
	errno = 0;
	*ret_number = strtoull(word, &end, 0);
	return !*end && !errno;
}

static int clear(struct tw_emu *emu, char *words, struct twinfs_error *err)
{
	char *rest = NULL, *word = strtok_r(words, " \t\r", &rest);
	uint64_t id;

	if (!word)
		twinfs_faults_clear(emu->faults);
	for (; word; word = strtok_r(NULL, " \t\r", &rest)) {
		if (!parse_number(word, &id) || id > UINT32_MAX)
			return fail(err, -EINVAL, "is not the number of a rule", word);
		if (twinfs_faults_remove(emu->faults, (unsigned)id) < 0)
			return fail(err, -ENOENT, "is the number of no rule", word);
	}
	return 0;
}

static int set_seed(struct tw_emu *emu, char *words, struct twinfs_error *err)
{
	char *rest = NULL, *word = strtok_r(words, " \t\r", &rest);
	uint64_t seed;

	if (!word || !parse_number(word, &seed) || strtok_r(NULL, " \t\r", &rest))
		return fail(err, -EINVAL, "is not a seed", word ? word : "");
	twinfs_faults_set_seed(emu->faults, seed);
	return 0;
}

/* Virtual time in which nothing happens on the chip; a brown-out may end in it. */
static int pass(struct tw_emu *emu, char *words, struct twinfs_error *err)
{
	char *rest = NULL, *word = strtok_r(words, " \t\r", &rest);
	uint64_t ms;

	if (!word || !parse_number(word, &ms) || ms > PASS_MAX_MS)
		return fail(err, -EINVAL, "is not a number of milliseconds", word ? word : "");
	/* -ESHUTDOWN: the power is off, from before or by this; that is no failure to pass time */
	(void)twinfs_faults_pass(emu->faults, ms * NS_PER_MS);
	return 0;
}

/* The rest of @line when it begins with @word; else NULL. */
static char *after_word(char *line, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(line, word, len) || (line[len] && !strchr(" \t\r", line[len])))
		return NULL;
	return line + len;
}

static bool is_command(char *line)
{
	return after_word(line, "clear") || after_word(line, "seed") || after_word(line, "pass");
}

static int run_command(struct tw_emu *emu, char *line, struct twinfs_error *err)
{
	char *words;

	if ((words = after_word(line, "clear")))
		return clear(emu, words, err);
	if ((words = after_word(line, "seed")))
		return set_seed(emu, words, err);
	return pass(emu, after_word(line, "pass"), err);
}

/*
 * Rules that follow each other are added together, all or none. Each line has its
 * place in what is given to the parser, so that it can name the line.
 */
static int run_lines(struct tw_emu *emu, char *text, FILE *answer, struct twinfs_error *err)
{
	char *rules = calloc(1, strlen(text) + 2), *end = rules, *line, *rest = text;
	int rc = rules ? 0 : -ENOMEM;

	while (rc == 0 && (line = strsep(&rest, "\n"))) {
		char *rule;

		line += strspn(line, " \t\r");
		if (is_command(line)) {
			rc = add_rules(emu, rules, answer, err);
			for (char *c = rules; c < end; c++)
				if (*c != '\n')
					*c = ' ';
			if (rc == 0)
				rc = run_command(emu, line, err);
			line += strlen(line);
		}
		rule = after_word(line, "add");
		end = stpcpy(end, rule ? rule : line);
		*end++ = '\n';
	}
	if (rc == 0)
		rc = add_rules(emu, rules, answer, err);
	free(rules);
	return rc;
}

static int run(struct tw_emu *emu, const void *opener, char *text, FILE *answer,
	struct twinfs_error *err)
{
	bool is_cut;
	int rc;

	(void)opener;
	(void)pthread_rwlock_wrlock(&emu->power);
	rc = run_lines(emu, text, answer, err);
	emu->wants_calls = twinfs_faults_wants_calls(emu->faults);
	is_cut = twinfs_module_is_on(emu->module) && !twinfs_flash_has_power(emu->flash);
	(void)pthread_rwlock_unlock(&emu->power);
	if (is_cut)
		tw_emu_worker_cut(emu->worker);
	return rc;
}

static void list(struct tw_emu *emu, FILE *to)
{
	struct twinfs_fault_rule rule;

	(void)pthread_rwlock_rdlock(&emu->power);
	(void)fprintf(to, "# seed %" PRIu64 "\n# %2s %-7s %8s %8s  %s\n",
		twinfs_faults_seed(emu->faults), "id", "state", "counted", "fired", "rule");
	for (unsigned i = 0; twinfs_faults_get(emu->faults, i, &rule) == 0; i++)
		(void)fprintf(to, "%4u %-7s %8" PRIu64 " %8" PRIu64 "  %s\n", rule.id,
			twinfs_fault_state_name(rule.state), rule.counted, rule.fired, rule.text);
	(void)pthread_rwlock_unlock(&emu->power);
}

const struct tw_emu_commands tw_emu_fault_commands = {.run = run, .list = list};
