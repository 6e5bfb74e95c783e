/* SPDX-License-Identifier: MIT */
/*
 * check_report.c - what every part of a checker does with what it finds:
 * report it, and note who owns a block.
 */
#include "check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/sparse.h"
#include "ctz.h"

int tw_check_init(struct tw_check *check, const struct tw_area *area,
	void (*found)(void *ctx, const struct twinfs_error *finding), void *ctx)
{
	*check = (struct tw_check){
		.area = *area,
		.found = found,
		.ctx = ctx,
		.file_max = TW_FILE_MAX,
		.owner = tw_sparse_new(area->block_count + 1u, sizeof(uint32_t)),
	};
	return check->owner ? 0 : -ENOMEM;
}

void tw_check_release(struct tw_check *check)
{
	tw_sparse_free(check->owner);
	check->owner = NULL;
}

void tw_check_report(struct tw_check *check, enum twinfs_problem problem, uint32_t block,
	const char *format, ...)
{
	struct twinfs_error finding;
	char text[200];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* cut is fine */
	va_end(args);
	(void)tw_fail_at(&finding, problem, -EUCLEAN, block, tw_area_addr(&check->area, block),
		"%s", text);
	if (twinfs_problem_severity(problem) == TWINFS_ERROR)
		check->errors++;
	check->found(check->ctx, &finding);
}

void tw_check_claim(struct tw_check *check, uint32_t block, uint32_t owner)
{
	if (check->owner[block] && check->owner[block] != owner)
		tw_check_report(check, TWINFS_P_LFS_CROSS_LINK, block, "the block has two owners");
	check->owner[block] = owner;
}
