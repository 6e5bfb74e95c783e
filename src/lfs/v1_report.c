/* SPDX-License-Identifier: MIT */
/*
 * v1_report.c - what every part of the version 1 checker does with what it
 * finds: report it, and note who owns a block.
 */
#include "v1_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/fail.h"

void tw_v1_report(struct tw_v1_check *check, enum twinfs_problem problem, uint32_t block,
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

void tw_v1_claim(struct tw_v1_check *check, uint32_t block, uint32_t owner)
{
	if (check->owner[block] && check->owner[block] != owner)
		tw_v1_report(check, TWINFS_P_LFS_CROSS_LINK, block, "the block has two owners");
	check->owner[block] = owner;
}
