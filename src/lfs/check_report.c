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
#include "ctz.h"

int tw_check_init(struct tw_check *check, const struct tw_area *area,
	void (*found)(void *ctx, const struct twinfs_error *finding), void *ctx)
{
	*check = (struct tw_check){
		.area = *area,
		.found = found,
		.ctx = ctx,
		.file_max = TW_FILE_MAX,
	};
	return tw_sparse_init(&check->owners, area->block_count, sizeof(uint32_t));
}

void tw_check_release(struct tw_check *check)
{
	tw_sparse_release(&check->owners);
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

int tw_check_claim(struct tw_check *check, uint32_t block, uint32_t owner)
{
	uint32_t *place = tw_sparse_make(&check->owners, block);

	if (!place)
		return -ENOMEM;
	if (*place && *place != owner)
		tw_check_report(check, TWINFS_P_LFS_CROSS_LINK, block, "the block has two owners");
	*place = owner;
	return 0;
}
