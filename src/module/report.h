/* SPDX-License-Identifier: MIT */
/*
 * report.h - a boot report while it is being made.
 */
#ifndef TW_MODULE_REPORT_H
#define TW_MODULE_REPORT_H

#include <stddef.h>
#include <twinfs/boot.h>

/* An empty report; NULL: out of memory. */
struct twinfs_boot_report *tw_report_new(enum twinfs_policy policy);

/* Adds a console line, @head and @tail joined. NUL bytes are shown as \x00. 0 or -ENOMEM. */
int tw_report_console(struct twinfs_boot_report *report, const char *head, const char *tail,
	size_t tail_len);

/*
 * Adds an entry of the table, as yet skipped.
 * @name      @name_len bytes; NUL bytes are shown as \x00
 * @expected  hash text, or NULL
 * 0 or -ENOMEM.
 */
int tw_report_file(struct twinfs_boot_report *report, const char *name, size_t name_len,
	const char *expected);

/* Adds a file of the update, as yet skipped; @name as above. 0 or -ENOMEM. */
int tw_report_update_file(struct twinfs_boot_report *report, const char *name, size_t name_len);

/* Adds a hole. 0 or -ENOMEM. */
int tw_report_hole(struct twinfs_boot_report *report, enum twinfs_hole_id id, bool closed,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
