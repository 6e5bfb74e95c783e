/* SPDX-License-Identifier: MIT */
/*
 * boot.h - what one boot of a module did, and why: the boot report.
 *
 * Lifetime  a report owns its memory; release with twinfs_boot_report_free().
 * Threads   reports are not shared.
 * Source    behaviour of the generation 1 firmware, docs/device-differences.md.
 */
#ifndef TWINFS_BOOT_H
#define TWINFS_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What became of one entry of checksum.json. */
enum twinfs_verdict {
	TWINFS_VERDICT_INTACT,
	TWINFS_VERDICT_RESTORED,
	TWINFS_VERDICT_NO_BACKUP, /* wrong or missing, and not in the backup partition */
	TWINFS_VERDICT_FAILED,    /* the procedure ended here */
	TWINFS_VERDICT_SKIPPED,   /* behind the entry where it ended */
};

/* Why an entry was not intact. */
enum twinfs_reason {
	TWINFS_REASON_NONE,
	TWINFS_REASON_MISSING,
	TWINFS_REASON_EMPTY,
	TWINFS_REASON_CHANGED,
	TWINFS_REASON_UNREADABLE,
	TWINFS_REASON_DIRECTORY,
};

struct twinfs_boot_file {
	char *name;     /* as in the table */
	char *expected; /* hash text of the table; NULL if it has none */
	char *found;    /* hash of the file before; NULL if it had none */
	enum twinfs_verdict verdict;
	enum twinfs_reason reason;
	bool hash_updated; /* the table's entry was rewritten */
};

/* What became of one file of an update (FOTA of user files). */
enum twinfs_update_verdict {
	TWINFS_UPDATE_INSTALLED,
	TWINFS_UPDATE_NO_PAYLOAD, /* its new content is not there: it was dropped from the list */
	TWINFS_UPDATE_FAILED,     /* the update ended here */
	TWINFS_UPDATE_SKIPPED,    /* behind the file where it ended */
};

struct twinfs_update_file {
	char *name; /* target, as in download.stat; "" if the item has none */
	enum twinfs_update_verdict verdict;
	bool hash_updated; /* checksum.json lists it and got its new hash */
};

/* The update of user files that a boot found waiting. */
struct twinfs_boot_update {
	bool armed;      /* update.flag was there; else all of this is empty */
	bool applied;    /* all of it was done */
	bool cleaned_up; /* the updater's directory was removed */
	char *error;     /* why it ended before that; the device prints nothing. NULL: it did not */
	struct twinfs_update_file *files;
	size_t file_count;
};

/* Holes of the device's procedure that this boot fell into, or (policy safe) closed. */
enum twinfs_hole_id {
	TWINFS_HOLE_TABLE_EMPTY,      /* checksum.json is empty: restore is dead */
	TWINFS_HOLE_TABLE_UNPARSABLE, /* checksum.json is not JSON: restore is dead */
	TWINFS_HOLE_TABLE_TOO_LONG,   /* over 16,384 characters: entries are not seen */
	TWINFS_HOLE_TABLE_SHORTENED,  /* the write-back drops entries for good */
	TWINFS_HOLE_EMPTY_FILE,       /* a protected file is empty in the factory copy */
	TWINFS_HOLE_NO_BACKUP,        /* a protected file has no factory copy */
	TWINFS_HOLE_NAME,             /* a name whose hash can never be updated */
	TWINFS_HOLE_STOPPED,          /* an error ended the procedure; later entries unchecked */
	TWINFS_HOLE_BACKUP_WIPED,     /* the device would have formatted the backup partition */
	TWINFS_HOLE_SETTINGS,         /* system_config.json does not parse: the boot script dies */
	TWINFS_HOLE_ROOT_DAMAGED,     /* the volume mounts but nothing in it can be reached */
	TWINFS_HOLE_UPDATE_STUCK,     /* an update fails, and will at every boot */
	TWINFS_HOLE_UPDATE_CUT,       /* download.stat over 16,384 characters: files are not seen */
	TWINFS_HOLE_UPDATE_PARTIAL,   /* a file was installed whose download had not finished */
	TWINFS_HOLE_COUNT,
};

struct twinfs_hole {
	enum twinfs_hole_id id;
	bool closed; /* policy safe mended it */
	char *text;  /* one line for people */
};

enum twinfs_policy {
	TWINFS_POLICY_DEVICE, /* what the module does, holes included */
	TWINFS_POLICY_SAFE,   /* closes the holes; the same for every healthy boot */
};

struct twinfs_boot_report {
	enum twinfs_policy policy;
	bool user_formatted;  /* the user partition could not be mounted */
	char *user_saved;     /* host file the damaged partition was saved to, or NULL */
	bool backup_replaced; /* an unmountable backup: went on with an empty one in memory */
	bool restore_ran;     /* the procedure got past the flag */
	bool restore_enabled;
	bool table_copied; /* checksum.json came from the backup */
	bool table_rewritten;
	bool settings_created; /* system_config.json was missing */
	struct twinfs_boot_update update;
	char *error; /* text the device prints behind "x backup restore procedure error: ", or NULL
		      */
	struct twinfs_boot_file *files;
	size_t file_count;
	struct twinfs_hole *holes;
	size_t hole_count;
	char **console; /* what the device prints, line by line */
	size_t console_count;
	unsigned repaired_user, repaired_backup; /* residue of power cuts: repaired, or seen */
	uint64_t flash_programs, flash_erases;
	uint64_t flash_ns; /* virtual time of those */
	uint64_t host_ns;  /* wall time this boot took here */
};

TWINFS_API void twinfs_boot_report_free(struct twinfs_boot_report *report);

/* Names for --json: "intact", "no_backup"; "missing"; "no_payload"; "table_empty"; "device". */
TWINFS_API const char *twinfs_verdict_name(enum twinfs_verdict verdict);
TWINFS_API const char *twinfs_reason_name(enum twinfs_reason reason);
TWINFS_API const char *twinfs_update_verdict_name(enum twinfs_update_verdict verdict);
TWINFS_API const char *twinfs_hole_name(enum twinfs_hole_id id);
TWINFS_API const char *twinfs_policy_name(enum twinfs_policy policy);

/*
 * The report as one JSON document (docs/formats/boot-report.md), the same
 * from every verb and mount. Release with free(). NULL: out of memory.
 */
TWINFS_API char *twinfs_boot_report_json(const struct twinfs_boot_report *report);

#ifdef __cplusplus
}
#endif
#endif
