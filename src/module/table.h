/* SPDX-License-Identifier: MIT */
/*
 * table.h - checksum.json: which files are protected, and their hashes.
 *
 * A table is whatever the module's JSON reader made of the file. The firmware
 * does not check its form: it iterates, and fails at what it trips over.
 */
#ifndef TW_MODULE_TABLE_H
#define TW_MODULE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "module/hash.h"
#include "module/loose_json.h"

/* The most characters that the firmware reads of a table. */
#define TW_TABLE_CHARS 16384u

/* The kind of hash that @entry has: SHA-256 when that is the only key it has. */
enum tw_hash_kind tw_table_kind(const struct tw_json *entry);

/* The key of such a hash: "crc32" or "sha256". */
const char *tw_table_key(enum tw_hash_kind kind);

/* The hash value of @entry; NULL if it has neither key. */
struct tw_json *tw_table_hash(const struct tw_json *entry);

/* How tw_table_compare() went. */
enum tw_table_match {
	TW_TABLE_EQUAL,
	TW_TABLE_DIFFERENT,
	TW_TABLE_RAISED, /* the firmware gets an exception instead */
};

/*
 * Compares the hash text of a file with the hash of @entry, as the firmware
 * does: CRCs as hexadecimal integers, SHA-256 as text.
 *
 * @error  gets the text of the exception, when there is one
 * Returns 0 or -ENOMEM.
 */
int tw_table_compare(const struct tw_json *entry, const char *found, enum tw_table_match *ret_match,
	struct tw_text *error);

/*
 * Looks for the first entry whose name is equal to the @len bytes at @name,
 * ignoring the case of ASCII letters. NULL: there is none, or @ret_raised: the
 * table is no list, or an entry before it has no name that the firmware could
 * compare.
 */
struct tw_json *tw_table_find(const struct tw_json *table, const char *name, size_t len,
	bool *ret_raised);

/* Sets the hash of @entry, under the key it has. 0 or -ENOMEM. */
int tw_table_set(struct tw_json *entry, const char *hash);

#endif
