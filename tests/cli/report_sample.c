/* SPDX-License-Identifier: MIT */
/*
 * report_sample.c - writes a trace and the result of its exploration, both made
 * up: so a page can be tested with what real ones seldom have.
 *
 * usage: report_sample KIND OPERATIONS TRACE RESULT
 *
 * KIND is clean, large (the same on a chip of 64 MiB), findings, hostile (every
 * text tries to leave its place), or many (findings without end).
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/explore.h>
#include <twinfs/flash.h>
#include <twinfs/image.h>
#include <twinfs/trace.h>

#define LEN(array)   (sizeof(array) / sizeof(*(array)))
#define UNIT         4096u
#define HOSTILE_FILE "/usr/" HOSTILE
#define HOSTILE      "</script><img src=x onerror=alert(1)>&quot;'\"\xff\x01\xe2\x80\xae]]>-->"

static const char *const plain_files[] = {"/usr/config.json", "/usr/log/0001.txt", "/usr/state.bin",
	"/usr/lib/cloud.py", "/usr/log/0002.txt", "/usr/cache/a.json", "/usr/cache/b.json",
	"/usr/main.py", "/usr/i18n/de.json", "/usr/i18n/en.json"};
static const char *const hostile_files[] = {HOSTILE_FILE, "/usr/<b>bold</b>", "/usr/\"'`"};

static const struct twinfs_trace_part parts[] = {
	{"customer_fs", "/usr", 0x100000, 0x500000, UNIT},
	{"customer_backup_fs", "/bak", 0x600000, 0x32000, UNIT},
	{"securedata", "", 0x640000, 0x10000, 0},
};

static const struct twinfs_trace_part large_parts[] = {
	{"customer_fs", "/usr", 0x100000, 0x3b00000, UNIT},
	{"customer_backup_fs", "/bak", 0x3c00000, 0x32000, UNIT},
	{"securedata", "", 0x3c40000, 0x10000, 0},
};

struct run {
	const struct twinfs_trace_part *parts;
	struct twinfs_flash *flash;
	struct twinfs_recorder *recorder;
	const char *const *files;
	size_t file_count;
	char owner[256];
	uint64_t operations;
	uint64_t metadata, data, secure; /* bytes written to each so far */
};

static void must(bool is_right, const char *what)
{
	if (is_right)
		return;
	fprintf(stderr, "report_sample: %s\n", what);
	exit(1);
}

/* ---- the trace ---- */

static void tell_owner(void *ctx, const struct twinfs_flash_op *op, char *room, size_t size)
{
	const struct run *run = ctx;

	(void)op;
	snprintf(room, size, "%s", run->owner);
}

static void mark(struct run *run, enum twinfs_trace_mark_kind kind,
	enum twinfs_traced_change change, const char *path, uint64_t index)
{
	const struct twinfs_trace_mark it = {.kind = kind,
		.change = change,
		.path = path,
		.new_path = "",
		.index = index,
		.size = change == TWINFS_TRACED_CONTENT ? 300 : 0};

	must(!twinfs_recorder_mark(run->recorder, &it), "a mark is refused");
}

/* Writes @len bytes, going round in [@addr, @addr + @span); a unit is erased when it is entered. */
static void put(struct run *run, uint64_t *at, uint64_t addr, uint64_t span, uint32_t len)
{
	static const uint8_t zeros[UNIT];

	if (*at % UNIT + len > UNIT)
		*at += UNIT - *at % UNIT;
	if (*at % UNIT == 0) {
		must(!twinfs_flash_erase(run->flash, addr + *at % span, UNIT), "an erase fails");
		run->operations++;
	}
	must(!twinfs_flash_program(run->flash, addr + *at % span, zeros, len), "a program fails");
	run->operations++;
	*at += len;
}

static void put_metadata(struct run *run)
{
	snprintf(run->owner, sizeof(run->owner), "metadata /usr");
	put(run, &run->metadata, run->parts[0].addr, 4 * UNIT, 128);
}

static void put_change(struct run *run, unsigned i)
{
	static const uint32_t lens[] = {256, 512, 1024, 256, 2048};
	/* some files are written far more often than others */
	const char *file = run->files[(i % 7) * (i % 3) % run->file_count];

	mark(run, TWINFS_MARK_CHANGE_BEGAN, TWINFS_TRACED_CONTENT, file, 0);
	snprintf(run->owner, sizeof(run->owner), "data %s", file);
	put(run, &run->data, run->parts[0].addr + 4 * UNIT, run->parts[0].size / 2,
		lens[i % LEN(lens)]);
	put_metadata(run);
	mark(run, TWINFS_MARK_CHANGE_ENDED, TWINFS_TRACED_CONTENT, file, 0);
}

static void put_boot(struct run *run, uint64_t index)
{
	mark(run, TWINFS_MARK_BOOT_BEGAN, TWINFS_TRACED_NONE, "", index);
	for (unsigned i = 0; i < 5; i++)
		put_metadata(run);
	snprintf(run->owner, sizeof(run->owner), "data %s", run->files[3 % run->file_count]);
	for (unsigned i = 0; i < 8; i++)
		put(run, &run->data, run->parts[0].addr + 4 * UNIT, run->parts[0].size / 2, 2048);
	mark(run, TWINFS_MARK_BOOT_ENDED, TWINFS_TRACED_NONE, "", index);
}

static void put_slot(struct run *run, uint64_t slot)
{
	mark(run, TWINFS_MARK_STORE_BEGAN, TWINFS_TRACED_NONE, "", slot);
	snprintf(run->owner, sizeof(run->owner), "slot %u", (unsigned)slot);
	put(run, &run->secure, run->parts[2].addr, 2 * UNIT, 512);
	mark(run, TWINFS_MARK_STORE_ENDED, TWINFS_TRACED_NONE, "", slot);
}

static void put_all(struct run *run, uint64_t operations, const char *note)
{
	bool has_restarted = false;

	put_boot(run, 0);
	mark(run, TWINFS_MARK_NOTE, TWINFS_TRACED_NONE, note, 0);
	for (unsigned i = 0; run->operations < operations; i++) {
		put_change(run, i);
		if (i % 31 == 30)
			put_slot(run, 3);
		if (!has_restarted && run->operations > operations * 3 / 5) {
			mark(run, TWINFS_MARK_POWER_CUT, TWINFS_TRACED_NONE, "", 0);
			put_boot(run, 1);
			has_restarted = true;
		}
	}
}

static void record(const char *path, uint64_t operations, const char *kind)
{
	const bool is_hostile = !strcmp(kind, "hostile"), is_large = !strcmp(kind, "large");
	const struct twinfs_flash_config config = {
		.geometry = {1, 16, UNIT},
		.timing = {.page_size = 256, .program_page_ns = 500000, .erase_unit_ns = 45000000},
	};
	struct run run = {.parts = is_large ? large_parts : parts,
		.files = is_hostile ? hostile_files : plain_files,
		.file_count = is_hostile ? LEN(hostile_files) : LEN(plain_files)};
	const struct twinfs_recorder_options options = {
		.parts = run.parts, .part_count = LEN(parts), .owner = tell_owner, .ctx = &run};
	struct twinfs_flash_hook first, last;
	struct twinfs_image *image;

	must(!twinfs_image_memory(is_large ? 64u << 20 : 8u << 20, &image), "no memory");
	must(!twinfs_flash_new(image, &config, &run.flash, NULL), "no chip");
	must(!twinfs_recorder_new(run.flash, path, &options, &run.recorder, NULL), "no trace");
	twinfs_recorder_hooks(run.recorder, &first, &last);
	first.next = &last;
	twinfs_flash_set_hook(run.flash, &first);
	put_all(&run, operations, is_hostile ? HOSTILE : "first run after flashing");
	twinfs_flash_set_hook(run.flash, NULL);
	must(!twinfs_recorder_close(run.recorder, NULL), "the trace is not whole");
	twinfs_flash_free(run.flash);
	twinfs_image_close(image);
}

/* ---- the result ---- */

static char *copy(const char *text)
{
	char *made = strdup(text);

	must(made, "no memory");
	return made;
}

/* The operations of a trace, which stays open. */
struct operations {
	struct twinfs_trace *trace;
	struct twinfs_trace_record *list;
	uint64_t count;
};

static void read_operations(const char *path, struct operations *ret_operations)
{
	struct twinfs_trace_record record;

	must(!twinfs_trace_open(path, &ret_operations->trace, NULL), "the trace cannot be read");
	ret_operations->count = 0;
	ret_operations->list = calloc(twinfs_trace_info(ret_operations->trace)->operations,
		sizeof(*ret_operations->list));
	must(ret_operations->list, "no memory");
	while (twinfs_trace_next(ret_operations->trace, &record))
		if (record.kind == TWINFS_TRACE_PROGRAM || record.kind == TWINFS_TRACE_ERASE)
			ret_operations->list[ret_operations->count++] = record;
}

static void fill_example(struct twinfs_explore_example *to, const struct operations *operations,
	uint64_t op, const char *sentence)
{
	const struct twinfs_trace_record *record = &operations->list[op];

	to->crash.cut.op = op;
	to->sentence = copy(sentence);
	to->seq = record->number;
	to->addr = record->addr;
	to->len = record->len;
	to->is_erase = record->kind == TWINFS_TRACE_ERASE;
	to->owner = copy(record->owner);
}

struct sample {
	enum twinfs_finding_kind kind;
	const char *subject, *sentence;
	uint64_t states;
	unsigned percent; /* where in the trace */
	size_t examples;
	struct twinfs_cut cut, again;
};

static const struct sample samples[] = {
	{TWINFS_FINDING_LOST, "/usr/config.json",
		"/usr/config.json is missing: version 3 was promised", 1337, 22, 8,
		{.kind = TWINFS_CUT_TORN, .done = 12, .unit = 16, .chance = 1}, {0}},
	{TWINFS_FINDING_VERSION, "/usr/state.bin",
		"/usr/state.bin is neither version 41 nor 42: its first 256 bytes are of the new "
		"one, the rest of the old",
		18, 61, 3, {.kind = TWINFS_CUT_BEFORE},
		{.kind = TWINFS_CUT_TORN, .op = 4, .done = 7}},
	{TWINFS_FINDING_HOLE, "table_empty",
		"the boot fell into the hole table_empty: checksum.json is empty, and protected "
		"files are not restored any more",
		96, 3, 4, {.kind = TWINFS_CUT_BEFORE}, {0}},
	{TWINFS_FINDING_USER, "usr/config.json has .interval",
		"not true: usr/config.json has .interval", 4, 88, 2,
		{.kind = TWINFS_CUT_SHUFFLED, .unit = 256}, {0}},
};

static const struct sample hostile_samples[] = {
	{TWINFS_FINDING_LOST, HOSTILE_FILE, HOSTILE_FILE " is missing", 5, 50, 2,
		{.kind = TWINFS_CUT_NOISE}, {0}},
};

static void fill_finding(struct twinfs_explore_finding *to, const struct sample *from,
	const struct operations *operations)
{
	const uint64_t count = operations->count;

	to->kind = from->kind;
	to->subject = copy(from->subject);
	to->states = from->states;
	to->example_count = from->examples;
	to->examples = calloc(from->examples, sizeof(*to->examples));
	must(to->examples, "no memory");
	for (size_t i = 0; i < from->examples; i++) {
		to->examples[i].crash = (struct twinfs_crash){from->cut, from->again};
		/* the others follow close behind the first one */
		fill_example(&to->examples[i], operations,
			(count * from->percent / 100 + i * (count / 400 + 1)) % count,
			from->sentence);
	}
}

/* Findings without end are those of the table again and again, with long names. */
static void fill_many(struct twinfs_explore_finding *to, size_t number,
	const struct operations *operations)
{
	struct sample it = samples[number % LEN(samples)];
	char subject[400];

	snprintf(subject, sizeof(subject), "/usr/%zu/%0*d", number, 300, 0);
	it.subject = it.sentence = subject;
	it.percent = (unsigned)(number % 97);
	it.examples = 1;
	fill_finding(to, &it, operations);
}

static void fill_figures(struct twinfs_explore_result *to, uint64_t operations)
{
	to->request = (struct twinfs_explore_request){.policy = TWINFS_POLICY_DEVICE,
		.depth = 2,
		.torn_bytes = 256,
		.torn_spread = 16,
		.outcomes = 1,
		.seed = 1,
		.shards = 1,
		.examples = 8};
	to->image = copy("app.img");
	to->operations = to->trace_operations = operations;
	to->chunks = operations / TWINFS_EXPLORE_CHUNK + 1;
	to->done = calloc(1, sizeof(*to->done));
	must(to->done, "no memory");
	to->done[0] = (struct twinfs_explore_range){0, to->chunks};
	to->done_count = 1;
	to->states_of[TWINFS_CUT_BEFORE] = operations;
	to->states_of[TWINFS_CUT_TORN] = operations * 270;
	to->states_of[TWINFS_CUT_SHUFFLED] = operations * 2;
	to->states_of[TWINFS_CUT_NOISE] = operations / 8;
	to->states_of[TWINFS_CUT_END] = 1;
	for (size_t i = 0; i < TWINFS_CUT_COUNT; i++)
		to->states += to->states_of[i];
	to->states_again = to->states / 5;
	to->states += to->states_again;
	to->boots = (struct twinfs_explore_boots){operations * 9, operations * 7, operations * 2,
		operations / 3, operations / 2, 0, operations * 31, operations * 5,
		operations * 281000000, 742000000};
	to->seconds = (double)to->states / 231000;
	to->workers = 2;
}

static struct twinfs_digest digest_of(const char *path)
{
	struct twinfs_digest digest;
	struct twinfs_image *file;

	must(!twinfs_image_open(&path, 1, 0, &file, NULL), "the trace cannot be read");
	digest = twinfs_digest(twinfs_image_bytes(file), (size_t)twinfs_image_size(file));
	twinfs_image_close(file);
	return digest;
}

static void fill_findings(struct twinfs_explore_result *to, const char *kind,
	const struct operations *operations)
{
	const bool is_hostile = !strcmp(kind, "hostile"), is_many = !strcmp(kind, "many");
	const struct sample *from = is_hostile ? hostile_samples : samples;

	if (!strcmp(kind, "clean") || !strcmp(kind, "large"))
		return;
	to->finding_count = is_many ? 3000 : is_hostile ? LEN(hostile_samples) : LEN(samples);
	to->findings = calloc(to->finding_count, sizeof(*to->findings));
	must(to->findings, "no memory");
	for (size_t i = 0; i < to->finding_count; i++) {
		if (is_many)
			fill_many(&to->findings[i], i, operations);
		else
			fill_finding(&to->findings[i], &from[i], operations);
		to->bad_states += to->findings[i].states;
	}
	/* in a state several things may be wrong */
	if (to->bad_states > to->states)
		to->bad_states = to->states;
	to->holes[TWINFS_HOLE_TABLE_EMPTY] = 96;
	to->holes[TWINFS_HOLE_EMPTY_FILE] = to->states;
	to->run_holes[TWINFS_HOLE_EMPTY_FILE] = true;
}

int main(int argc, char **argv)
{
	struct twinfs_explore_result *result = calloc(1, sizeof(*result));
	struct operations operations;
	char *text;
	FILE *file;

	must(argc == 5, "usage: report_sample KIND OPERATIONS TRACE RESULT");
	must(result, "no memory");
	record(argv[3], strtoull(argv[2], NULL, 10), argv[1]);
	read_operations(argv[3], &operations);
	fill_figures(result, operations.count);
	result->trace = copy(argv[3]);
	result->request.trace = digest_of(argv[3]);
	fill_findings(result, argv[1], &operations);
	twinfs_trace_close(operations.trace);
	free(operations.list);
	text = twinfs_explore_result_json(result);
	file = fopen(argv[4], "we");
	must(text && file && fputs(text, file) >= 0 && !fclose(file), "the result is not written");
	free(text);
	twinfs_explore_result_free(result);
	return 0;
}
