/* SPDX-License-Identifier: MIT */
/*
 * explore.h - cuts the power everywhere in a recorded run, boots what is left,
 * and says where a promise was broken.
 *
 * The application is never run again. From the trace of its run every crash
 * state is derived: the chip as it is when the power goes before an operation,
 * in the middle of it, or after the last one. Each state is booted in memory
 * and judged: does it mount, is it well formed, is every file and slot one that
 * was promised at that moment, does a second boot change nothing, can the
 * application go on. With a depth of 2 the power goes once more, in every
 * operation of that boot.
 *
 * A boot depends on nothing but what it reads. States that do not differ in
 * what their boots read are one: booted once, judged for every moment, counted
 * each. So the figures speak of states, and of distinct boots.
 *
 * The work is cut into chunks of TWINFS_EXPLORE_CHUNK operations. Everything
 * that a result says comes from its chunks alone, whoever does them, in which
 * order, in one run or several: but for the seconds, a result is the same with
 * any number of workers, in shards that are merged, and after a stop and resume.
 *
 * Lifetime  a result owns its memory; release with twinfs_explore_result_free().
 * Threads   twinfs_explore() starts threads that end before it returns. Calls
 *           on different results may run at once.
 * Source    docs/formats/explore.md.
 */
#ifndef TWINFS_EXPLORE_H
#define TWINFS_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/boot.h>
#include <twinfs/digest.h>
#include <twinfs/error.h>
#include <twinfs/image.h>
#include <twinfs/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Operations of a chunk. */
#define TWINFS_EXPLORE_CHUNK 256u

/* ---- where the power goes ---- */

enum twinfs_cut_kind {
	TWINFS_CUT_NONE,     /* it does not: in a crash, no second cut */
	TWINFS_CUT_BEFORE,   /* between the operation and the one before it */
	TWINFS_CUT_TORN,     /* the first @done bytes took place; of @unit more, some bits */
	TWINFS_CUT_SHUFFLED, /* a program: some pages of @unit bytes took place, others not */
	TWINFS_CUT_NOISE,    /* an erase: all of its cells hold anything */
	TWINFS_CUT_END,      /* behind the last operation: not cut at all */
	TWINFS_CUT_COUNT,
};

struct twinfs_cut {
	enum twinfs_cut_kind kind;
	uint64_t op;     /* place of the operation, from 0; END: how many there are */
	uint32_t done;   /* TORN: bytes that took place; erases: bytes that are ones */
	uint32_t unit;   /* TORN: bytes behind them that are between old and new; 0: none.
			  * SHUFFLED: of a page */
	uint32_t chance; /* which of the outcomes that the seed gives */
};

/* One crash state. */
struct twinfs_crash {
	struct twinfs_cut cut;   /* in the operations of the trace */
	struct twinfs_cut again; /* in those of the boot that follows; NONE: it is not cut */
};

/* Room for the text of any crash, with its NUL. */
#define TWINFS_CRASH_TEXT 128

/*
 * A crash as one word, to be given on a command line: "1337" before operation
 * 1337; "1337:12" its first 12 bytes; "1337:12+16.3" and 16 more, third outcome;
 * "1337:~256.1" shuffled pages; "1337:*2" noise; "end"; and with a second cut
 * "1337:12/4:7". Counted from 0.
 */
TWINFS_API void twinfs_crash_text(const struct twinfs_crash *crash, char text[TWINFS_CRASH_TEXT]);

/* 0, or -EINVAL: @text is none. */
TWINFS_API int twinfs_crash_parse(const char *text, struct twinfs_crash *ret_crash);

/* Negative, 0 or positive: one cut comes before two; else as the run meets them. */
TWINFS_API int twinfs_crash_compare(const struct twinfs_crash *a, const struct twinfs_crash *b);

/* "before", "torn", "shuffled", "noise", "end"; "none". */
TWINFS_API const char *twinfs_cut_name(enum twinfs_cut_kind kind);

/* ---- what is asked for ---- */

/* How far a run is; the seconds and rates are of this run, the counts of all of the result. */
struct twinfs_explore_progress {
	uint64_t operations, operations_total; /* of the shard or sample */
	uint64_t states, boots, findings;
	double seconds;
	double rate; /* states per second, over the last seconds */
	double left; /* seconds still to go at this pace; negative: not known */
};

struct twinfs_explore_result;

struct twinfs_explore_options {
	struct twinfs_source source;         /* the image before the run, or after it */
	const char *trace;                   /* file of the recorded run */
	struct twinfs_module_options module; /* policy, key file, how volumes are written;
					      * image_flags and keep_wear are not used */
	const char *checks; /* file of the user's expressions (docs/formats/explore-checks.md), or
			       NULL */

	/* The states. */
	unsigned depth;       /* cuts in a row: 1 or 2 */
	uint32_t torn_bytes;  /* programs are torn behind each of their first so many bytes... */
	uint32_t torn_spread; /* ...and at so many places of the rest, as erases are in all */
	uint32_t outcomes;    /* by chance, of each torn unit of 1, 16 and 256 bytes; 0: none */
	uint64_t seed;        /* all chance comes from it */

	/* Which of them, and how. */
	uint64_t sample;        /* so many operations, chosen by the seed; 0: all */
	uint32_t shard, shards; /* this part, from 0, of so many; 0 or 1 shards: all */
	unsigned workers;       /* threads; 0: one a CPU */
	uint32_t examples;      /* kept of each finding, the first ones; at least 1 */
	bool no_memo;           /* boot every single state: slow, to test the explorer itself */

	/* A result of an earlier run with the same options: its chunks are not done again. */
	const struct twinfs_explore_result *resume;

	/*
	 * All are called by the thread that called twinfs_explore(), and may be NULL.
	 *
	 * @progress    several times a second, and at the end. A result other than 0
	 *              stops the exploration: it returns 0 with what is done by then.
	 * @checkpoint  when chunks were finished, not more than once in
	 *              @checkpoint_seconds: all there is so far, to be stored and to be
	 *              resumed from. A negative result ends the exploration with it.
	 */
	int (*progress)(void *ctx, const struct twinfs_explore_progress *progress);
	int (*checkpoint)(void *ctx, const struct twinfs_explore_result *so_far);
	double checkpoint_seconds;

	/*
	 * A check of the caller's own, of every distinct state that was booted and
	 * has nothing wrong, with @image as the boot left it. Called by any worker,
	 * one at a time. 0: nothing is wrong; 1: @text, of @size bytes, says what;
	 * negative: ends the exploration with it.
	 */
	int (*inspect)(void *ctx, const struct twinfs_crash *crash, struct twinfs_image *image,
		char *text, size_t size);
	void *ctx; /* of all callbacks */
};

/* depth 1, torn_bytes 256, torn_spread 16, outcomes 1, seed 1, examples 8; the rest is 0. */
TWINFS_API void twinfs_explore_defaults(struct twinfs_explore_options *ret_options);

/* ---- what came of it ---- */

/* What can be wrong with a state. */
enum twinfs_finding_kind {
	TWINFS_FINDING_BOOT,      /* the boot ended with an error */
	TWINFS_FINDING_FORMATTED, /* the user partition could not be mounted */
	TWINFS_FINDING_BACKUP,    /* the backup partition could not be mounted */
	TWINFS_FINDING_CHECK,     /* a volume breaks a rule of its format */
	TWINFS_FINDING_LOST,      /* promised, and missing */
	TWINFS_FINDING_VERSION,   /* neither what was promised nor what was in flight */
	TWINFS_FINDING_BACK,      /* removed, and back */
	TWINFS_FINDING_RENAME,    /* a rename is half done */
	TWINFS_FINDING_REVERTED,  /* the factory copy in place of a promised version */
	TWINFS_FINDING_EXTRA,     /* never made by anybody */
	TWINFS_FINDING_SLOT,      /* a slot is not one that was promised */
	TWINFS_FINDING_PROTECTED, /* a protected file is wrong right after the boot */
	TWINFS_FINDING_HOLE,      /* the boot fell into a hole that the uncut run did not */
	TWINFS_FINDING_SECOND,    /* a second boot changes something */
	TWINFS_FINDING_GOING_ON,  /* the application cannot go on, or its first change breaks */
	TWINFS_FINDING_USER,      /* an expression of the user's is not true */
	TWINFS_FINDING_INSPECT,   /* the caller's own check */
	TWINFS_FINDING_COUNT,
};

/* "boot", "formatted", "backup", "check", "lost", "version", "back", ... */
TWINFS_API const char *twinfs_finding_name(enum twinfs_finding_kind kind);

/* The operation of the boot that a second cut is in. */
struct twinfs_explore_again {
	uint64_t addr; /* bytes from the start of the chip */
	uint32_t len;  /* bytes */
	bool is_erase;
	char *owner; /* as a recorder would say: "data /usr/a"; "": nobody; NULL: no second cut */
};

/* One state in which it was seen. */
struct twinfs_explore_example {
	struct twinfs_crash crash;
	uint64_t seq;  /* number that the operation had on the recorded chip; 0 at the end */
	uint64_t addr; /* bytes from the start of the chip, of the operation */
	uint32_t len;  /* bytes of it */
	bool is_erase;
	char *owner; /* what the recorder says it was for: "metadata /usr", "data /usr/a",
		      * "slot 3"; or NULL */
	struct twinfs_explore_again again;
	char *sentence; /* what is wrong, for people: "/usr/a.json is neither version 3 nor 4" */
};

/* One thing that is wrong, in however many states. */
struct twinfs_explore_finding {
	enum twinfs_finding_kind kind;
	char *subject; /* path, slot, or name of a problem: with @kind what makes it one */
	uint64_t states;
	struct twinfs_explore_example *examples; /* the first ones, as
						  * twinfs_crash_compare() */
	size_t example_count;
};

/* What the options were that a result depends on. */
struct twinfs_explore_request {
	enum twinfs_policy policy;
	unsigned depth;
	uint32_t torn_bytes, torn_spread, outcomes;
	uint64_t seed, sample;
	uint32_t shard, shards;
	uint32_t examples;
	struct twinfs_digest trace;  /* of the trace's file */
	struct twinfs_digest checks; /* of the user's expressions; zero: none */
};

/* A run of chunks that are done. */
struct twinfs_explore_range {
	uint64_t first, count;
};

/* Figures of the distinct boots. */
struct twinfs_explore_boots {
	uint64_t boots;      /* distinct states that were booted */
	uint64_t again;      /* of them, after a second cut */
	uint64_t writing;    /* boots that changed the chip */
	uint64_t restoring;  /* that restored a file or copied checksum.json */
	uint64_t files;      /* restored, in all */
	uint64_t formatting; /* that formatted the user partition */
	uint64_t programs, erases;
	uint64_t flash_ns, flash_ns_max; /* virtual time of programs and erases, in all and of one
					  * boot */
};

struct twinfs_explore_result {
	struct twinfs_explore_request request;
	char *trace;                       /* name of the trace's file */
	char *image;                       /* name of the image, or of the first of its files */
	uint64_t trace_operations;         /* all operations of the trace */
	bool trace_is_cut;                 /* it ends in the middle: its writer was killed */
	struct twinfs_explore_range *done; /* chunks, ascending */
	size_t done_count;
	uint64_t chunks; /* that the whole request has */

	/*
	 * States with two cuts count like those with one, in all figures: a hole that is
	 * a finding has as many states as that.
	 */
	uint64_t operations;                  /* explored; the end of the trace is none */
	uint64_t states;                      /* crash states judged: those of both kinds below */
	uint64_t states_of[TWINFS_CUT_COUNT]; /* of them with one cut, this one */
	uint64_t states_again;                /* of them with two cuts, whatever the first */
	struct twinfs_explore_boots boots;
	uint64_t holes[TWINFS_HOLE_COUNT]; /* states whose boot fell into it, or closed it */
	bool run_holes[TWINFS_HOLE_COUNT]; /* those that the uncut run fell into as well */
	uint64_t bad_states;               /* states with anything wrong */
	double seconds;                    /* of all runs it came from */
	unsigned workers;                  /* of the last of them */

	struct twinfs_explore_finding *findings; /* by kind, then by subject */
	size_t finding_count;
};

/* Whether every chunk of the request (its shard, its sample) is done. */
TWINFS_API bool twinfs_explore_is_complete(const struct twinfs_explore_result *result);

TWINFS_API void twinfs_explore_result_free(struct twinfs_explore_result *result);

/*
 * Explores. Nothing is written to any file. Findings are no error: it returns
 * 0 with a result also when everything is broken, or when @progress stopped it.
 *
 * Returns 0, -EINVAL (options; the trace is of another image), -EUCLEAN (the
 * trace or the expressions make no sense), -ESTALE (@resume is of another
 * request), -ENOENT and other errnos of opening, -ENOMEM, or what a callback said.
 */
TWINFS_API int twinfs_explore(const struct twinfs_explore_options *options,
	struct twinfs_explore_result **ret_result, struct twinfs_error *err);

/*
 * Joins results of one request: shards, or parts of one that was stopped. The
 * shards of the joined result are those that all of them make up: with all of
 * them it is the result of a run without shards.
 *
 * Returns 0, -EINVAL (none; or not of one request: the text says in what they
 * differ), -EEXIST (a chunk is in two of them), -ENOMEM.
 */
TWINFS_API int twinfs_explore_merge(const struct twinfs_explore_result *const *results,
	size_t count, struct twinfs_explore_result **ret_result, struct twinfs_error *err);

/* The result as one JSON document (docs/formats/explore.md); free() it. NULL: out of memory. */
TWINFS_API char *twinfs_explore_result_json(const struct twinfs_explore_result *result);

/* Reads it back. -EUCLEAN (not such a document), -ENOTSUP (a newer one), -ENOMEM. */
TWINFS_API int twinfs_explore_result_parse(const char *text, size_t len,
	struct twinfs_explore_result **ret_result, struct twinfs_error *err);

/* ---- one state again ---- */

/* Where the parts of a reproducer go; NULL: that part is not wanted. */
struct twinfs_reproducer {
	const char *image; /* file of the chip at that state. Of a source of several files the
			    * first one: the others get ".user", ".backup", ".secure" behind it */
	const char *trace; /* the shortest beginning of the trace that leads there */
};

/*
 * Makes the state of @crash anew and writes it down. The files must not exist;
 * each appears whole or not at all.
 *
 * @options  as the exploration had them: source, trace, module, seed count
 *
 * Returns 0, -EINVAL (no such state), -EEXIST, and as twinfs_explore().
 */
TWINFS_API int twinfs_explore_reproduce(const struct twinfs_explore_options *options,
	const struct twinfs_crash *crash, const struct twinfs_reproducer *reproducer,
	struct twinfs_error *err);

/*
 * Judges the one state of @crash and says all that is wrong with it: a result
 * with one state. For "what happens at 1337:12?".
 */
TWINFS_API int twinfs_explore_one(const struct twinfs_explore_options *options,
	const struct twinfs_crash *crash, struct twinfs_explore_result **ret_result,
	struct twinfs_error *err);

#ifdef __cplusplus
}
#endif
#endif
