/* SPDX-License-Identifier: MIT */
/*
 * print.h - the printers: results on stdout, as text for people (print_*.c)
 * or as one JSON document for scripts (print_*_json.c). They hold no logic.
 */
#ifndef TW_TOOL_PRINT_H
#define TW_TOOL_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <twinfs/fault.h>
#include <twinfs/module.h>
#include <twinfs/repair.h>
#include <twinfs/rescue.h>
#include <twinfs/trace.h>
#include "attrs.h"

/* ---- ls ---- */

struct tw_tool_entry {
	const char *path; /* absolute, with the prefix of its partition */
	const char *name; /* what text output calls it */
	enum twinfs_type type;
	uint64_t size; /* bytes; files only */
	bool has_hash;
	struct twinfs_file_hash hash;
	struct tw_tool_attrs attrs;
};

enum {
	TW_TOOL_LIST_LONG = 1u << 0,
	TW_TOOL_LIST_HASH = 1u << 1,
	TW_TOOL_LIST_ATTRS = 1u << 2,
};

void tw_tool_print_entry(const struct tw_tool_entry *entry, unsigned flags);

/* An entry at a time: a listing may be long. @count: how many were printed before. */
void tw_tool_json_list_begin(void);
void tw_tool_json_list_entry(const struct tw_tool_entry *entry, size_t count);
void tw_tool_json_list_end(size_t count);

/* ---- history ---- */

struct tw_tool_history {
	const char *path; /* with the prefix of its partition; NULL: a chain without a name */
	const char *part; /* name of the partition */
	size_t number;    /* among the versions of its path, from 1: the newest */
	const struct twinfs_version *version;
};

/* A version at a time. @is_first: of its path. */
void tw_tool_print_history(const struct tw_tool_history *history, bool is_first);
/* How many were left out. */
void tw_tool_print_history_end(size_t hidden);

void tw_tool_json_history_begin(void);
/* @count: how many were printed before. */
void tw_tool_json_history(const struct tw_tool_history *history, size_t count);
void tw_tool_json_history_end(size_t count);

/* The time that a version was stored with, ns since 1970; false: none is known. */
bool tw_tool_history_time(const struct twinfs_version *version, int64_t *ret_ns);

/* ---- info ---- */

struct tw_tool_info_part {
	struct twinfs_part_info part;
	bool mounted;
	struct twinfs_error error; /* why not */
	struct twinfs_statfs statfs;
	struct twinfs_pending pending;
};

struct tw_tool_info_file {
	const char *path;
	uint64_t addr, size; /* where it lies on the chip, bytes */
};

struct tw_tool_info {
	struct tw_tool_info_file files[TWINFS_IMAGE_FILES];
	size_t file_count;
	bool has_gpt;
	const char *profile;
	struct twinfs_flash_geometry geometry;
	struct tw_tool_info_part parts[TWINFS_PART_COUNT];
	bool has_secure;
	const struct twinfs_error *secure_error; /* why there is an area, but no slots; or NULL */
	struct twinfs_secure_slot slots[TWINFS_SECURE_SLOTS];
	const struct twinfs_boot_report *boot; /* of a dry run; NULL: none, because: */
	const char *no_boot;
};

void tw_tool_print_info(const struct tw_tool_info *info);
void tw_tool_json_info(const struct tw_tool_info *info);

/* How many entries of checksum.json a boot met in each state. */
struct tw_tool_tally {
	size_t total, intact, missing, empty, changed, unreadable, directory, skipped;
};
void tw_tool_tally(const struct twinfs_boot_report *report, struct tw_tool_tally *ret_tally);

/* ---- boot ---- */

void tw_tool_print_boot(const struct twinfs_boot_report *report, const char *image, bool dry_run);

/* ---- check ---- */

struct tw_tool_check_part {
	const char *name;
	uint64_t addr, size;        /* where it lies, bytes */
	uint32_t version;           /* of the littlefs in it; 0: none was found */
	struct twinfs_error *found; /* findings in order of discovery */
	size_t count, room;
	size_t errors, warnings, notes;
	const struct twinfs_repair_result *repair; /* NULL: it was not repaired, */
	char unrepaired[256];                      /* for that reason; "": there was no need */
};

/* A host file that a repair has replaced. */
struct tw_tool_check_file {
	const char *path;
	char *copy; /* of the old one; NULL: the result is somewhere else */
};

struct tw_tool_check {
	const char *image;
	struct tw_tool_check_part parts[TWINFS_PART_COUNT];
	size_t part_count;
	size_t errors, warnings, notes; /* of all parts */
	bool repairs;                   /* --repair was given */
	bool dry_run, verbose;
	const char *output; /* file that the result is in, or NULL: */
	struct tw_tool_check_file files[TWINFS_IMAGE_FILES]; /* those that were replaced */
	size_t file_count;
};

void tw_tool_print_check(const struct tw_tool_check *check);
void tw_tool_json_check(const struct tw_tool_check *check);

/* What --repair did with a partition: part of the two above. */
struct json_object;
void tw_tool_print_repair(const struct tw_tool_check_part *part, bool verbose);
struct json_object *tw_tool_repair_json(const struct tw_tool_check_part *part);

/* ---- explore ---- */

struct twinfs_crash;
struct twinfs_explore_result;
struct twinfs_trace;

struct tw_tool_explore {
	const struct twinfs_explore_result *result;
	struct twinfs_trace *trace; /* tells blocks by address; NULL: it cannot be had */
	const char *replay;         /* command line that judges a state; the state goes behind it */
	bool has_command;           /* every state was checked by a command */
	bool is_complete;           /* all that was asked for was explored */
};

/* What came of all states; what came of the one that was asked for. */
void tw_tool_print_explore(const struct tw_tool_explore *explore);
void tw_tool_print_explore_one(const struct tw_tool_explore *explore,
	const struct twinfs_crash *at);

/* The same as JUnit XML to @file. */
void tw_tool_junit_explore(FILE *file, const struct tw_tool_explore *explore);

/* ---- resize ---- */

struct tw_tool_resize {
	const char *name;       /* of the partition */
	uint32_t block_size;    /* bytes */
	uint64_t before, after; /* blocks */
};

void tw_tool_print_resize(const struct tw_tool_resize *resize);
void tw_tool_json_resize(const struct tw_tool_resize *resize);

/* ---- a mounted module ---- */

struct tw_tool_power {
	bool is_on;
	const char *cause;  /* why it was cut, or NULL */
	uint64_t supply_mv; /* of its supply */
};

void tw_tool_print_power(const struct tw_tool_power *power);
void tw_tool_json_power(const struct tw_tool_power *power);

/* Prints the text of .twinfs/faults, which is taken apart, as JSON. */
void tw_tool_json_faults(char *list);

/* Prints a line of .twinfs/events for people. */
void tw_tool_print_event(const char *line);

/* ---- damage ---- */

#define TW_TOOL_DAMAGE_SHOWN 16 /* bytes of a run that are told one by one */

/* Bytes behind each other that one rule has changed. */
struct tw_tool_damage_run {
	unsigned rule; /* from 1 */
	uint64_t addr, len;
	uint64_t bits; /* that differ */
	uint8_t was[TW_TOOL_DAMAGE_SHOWN], is[TW_TOOL_DAMAGE_SHOWN];
	const char *part; /* or NULL */
	uint32_t block;   /* of it, else erase unit of the chip */
	char owner[320];  /* "data /usr/a"; "": nobody */
};

struct tw_tool_damage {
	const char *const *rules; /* as they were given */
	size_t rule_count;
	uint64_t seed;
	struct tw_tool_damage_run *runs; /* by rule, then by address */
	size_t count, room;
};

void tw_tool_print_damage(const struct tw_tool_damage *damage);
void tw_tool_json_damage(const struct tw_tool_damage *damage);

/* ---- trace ---- */

/* "12.345678". Returns @room, of TW_TOOL_NUMBER_ROOM bytes. */
const char *tw_tool_seconds_text(uint64_t ns, char *room);

/*
 * Whether explore counts it among the operations of the trace, from 0: a flip is
 * one too. That number is not the one that the chip gave it, which goes on from
 * before the trace, and counts what the chip refused.
 */
bool tw_tool_is_traced_operation(const struct twinfs_trace_record *record);

/* @operation: how many operations of the trace were before it. */
void tw_tool_print_trace_record(const struct twinfs_trace *trace,
	const struct twinfs_trace_record *record, uint64_t operation);

/* @rows: of each table. */
void tw_tool_print_trace_summary(const struct twinfs_trace *trace,
	const struct twinfs_trace_summary *summary, size_t rows);

/* A record at a time: a trace may be long. @operation as above, @count: how many were printed. */
void tw_tool_json_trace_begin(const struct twinfs_trace *trace);
void tw_tool_json_trace_record(const struct twinfs_trace *trace,
	const struct twinfs_trace_record *record, uint64_t operation, uint64_t count);
void tw_tool_json_trace_end(uint64_t count);
void tw_tool_json_trace_summary(const struct twinfs_trace *trace,
	const struct twinfs_trace_summary *summary);

/* ---- crc ---- */

struct tw_tool_crc {
	const char *file;
	uint64_t size; /* bytes; the device has no hash of an empty file */
	uint32_t crc;
};

void tw_tool_print_crc(const struct tw_tool_crc *crc);
void tw_tool_json_crc(const struct tw_tool_crc *crcs, size_t count);

/* Room for the device's text of a hash. */
#define TW_TOOL_CRC_ROOM 16

/* "0xd25f4e" as the device writes it, "none" for an empty file. Returns @room. */
const char *tw_tool_crc_text(uint64_t size, uint32_t crc, char room[TW_TOOL_CRC_ROOM]);

#endif
