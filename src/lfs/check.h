/* SPDX-License-Identifier: MIT */
/*
 * check.h - what the checkers of both versions share: they report what they
 * find, note who owns a block, and follow the block lists of files.
 */
#ifndef TW_LFS_CHECK_H
#define TW_LFS_CHECK_H

#include "area.h"
#include "base/sparse.h"

struct tw_check {
	struct tw_area area;
	void (*found)(void *ctx, const struct twinfs_error *finding);
	void *ctx;
	int errors;
	uint32_t file_max;       /* bytes of a file */
	struct tw_sparse owners; /* owner of each block, from 1; 0: none */
	uint32_t last_owner;
};

/* -ENOMEM. Released in any case. */
int tw_check_init(struct tw_check *check, const struct tw_area *area,
	void (*found)(void *ctx, const struct twinfs_error *finding), void *ctx);
void tw_check_release(struct tw_check *check);

/* Reports a finding about @block; counts it when it is an error. */
void tw_check_report(struct tw_check *check, enum twinfs_problem problem, uint32_t block,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Takes @block for @owner; a block that has another owner already is reported. -ENOMEM. */
int tw_check_claim(struct tw_check *check, uint32_t block, uint32_t owner);

/* A file whose content is in a block list. */
struct tw_checked_file {
	const uint8_t *name;
	uint32_t name_len;
	uint32_t block; /* that holds the entry */
	uint32_t head, size;
};

/* Checks the list of a file and claims its blocks. -ENOMEM or the chip's errors. */
int tw_check_file(struct tw_check *check, const struct tw_checked_file *file);

#endif
