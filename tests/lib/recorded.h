/* SPDX-License-Identifier: MIT */
/*
 * recorded.h - a module that did something, and the trace of it, in files.
 */
#ifndef TEST_LIB_RECORDED_H
#define TEST_LIB_RECORDED_H

#include <stdbool.h>
#include <stdint.h>
#include <twinfs/module.h>

enum recorded_work {
	RECORDED_REWRITES, /* small files, one after the other, get other content */
	RECORDED_CHANGES,  /* all kinds of changes, at random */
};

struct recorded_plan {
	unsigned format;    /* 1 or 2 */
	uint64_t user_size; /* bytes of the partition */
	uint32_t prog_size; /* bytes; 0: those of the default profile */
	unsigned files;     /* at first; every fourth is protected */
	enum recorded_work work;
	unsigned count;  /* changes */
	unsigned boots;  /* in between, so often */
	unsigned stores; /* of slots in between, so often */
	bool first_boot; /* the trace begins with it */
	bool is_blank;   /* the user partition is erased before that boot */
	bool damages;    /* protected files are changed too, so that boots restore */
	uint64_t seed;
	enum twinfs_policy policy;
};

/* Names of files in the current directory. */
#define RECORDED_IMAGE   "recorded.img"
#define RECORDED_TRACE   "recorded.trace"
#define RECORDED_PROFILE "./recorded.json"

/* Makes the image and lets a module work on it. Every failure ends the program. */
void recorded_make(const struct recorded_plan *plan);

/* Forgets the files. */
void recorded_remove(void);

/* How to open the image. */
struct twinfs_source recorded_source(void);

#endif
