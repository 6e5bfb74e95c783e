/* SPDX-License-Identifier: MIT */
/*
 * many_life.h - a module, made from a seed, that lives for a while: an image of
 * some geometry, and the trace of what an application and its boots did there.
 */
#ifndef TEST_BENCH_MANY_LIFE_H
#define TEST_BENCH_MANY_LIFE_H

#include <stdbool.h>
#include <stdint.h>
#include <twinfs/module.h>

/* Names of files in the current directory. */
#define LIFE_IMAGE   "life.img"
#define LIFE_TRACE   "life.trace"
#define LIFE_PROFILE "./life.json"

struct life {
	uint64_t seed, random;
	uint32_t disk_version; /* TWINFS_LFS_* */
	uint32_t block_size, prog_size, block_cycles;
	uint32_t blocks; /* of the user partition */
	unsigned files;  /* that the application knows; every fourth is protected */
	unsigned count;  /* changes */
	bool is_full;    /* it fills the volume first */
	bool is_blank;   /* there is no user volume before the first boot */
	bool is_damaged; /* protected files are, before the run: the first boot restores them */
	bool keeps_mtime;
	/* what came of it */
	unsigned boots, stores, updates, renames, attrs, refused;
};

/* Decides what @seed stands for. */
void life_plan(struct life *life, uint64_t seed);

/* Makes image and trace. Every failure ends the program. */
void life_live(struct life *life);

/* Forgets the files. */
void life_remove(void);

struct twinfs_source life_source(void);

#endif
