/* SPDX-License-Identifier: MIT */
/*
 * factory_table.c - marks the protected files and makes checksum.json of them.
 *
 * The module checks nothing when it is made and trips over it for ever after:
 * an empty protected file is "restored" at every boot, of two names that
 * differ in case only one can ever be updated, and a table over the limit
 * loses its end. So all of that is refused here, unless the caller wants just
 * what the vendor's tool makes, and to be warned.
 */
#include "factory_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fail.h"
#include "hash.h"
#include "loose_json.h"
#include "table.h"

/* The fault in @trap: told, or made the caller's error. */
static int warn_or_fail(const struct twinfs_factory_options *options,
	const struct twinfs_error *trap, struct twinfs_error *err)
{
	if (options->warn) {
		options->warn(options->warn_ctx, trap);
		return 0;
	}
	if (err)
		*err = *trap;
	return trap->code;
}

/* ---- marks ---- */

/* Marks @entry and the directories above it. */
static int mark(struct tw_tree *tree, struct tw_tree_entry *entry, struct twinfs_error *err)
{
	_cleanup_free_ char *above = strdup(entry->path);
	char *slash;

	if (!above)
		return tw_tree_fail(tree, entry->path, -ENOMEM, "out of memory", err);
	entry->in_backup = true;
	while ((slash = strrchr(above, '/'))) {
		*slash = '\0';
		tw_tree_find(tree, above)->in_backup = true; /* parents are in the tree */
	}
	return 0;
}

static int mark_named(struct tw_tree *tree, const struct twinfs_factory_options *options,
	const char *name, struct twinfs_error *err)
{
	struct tw_tree_entry *entry;
	struct twinfs_error trap;
	int rc = 0;

	while (name[0] == '.' && name[1] == '/')
		for (name += 2; *name == '/';)
			name++;
	entry = tw_tree_find(tree, name);
	if (!entry)
		return tw_tree_fail(tree, name + strspn(name, "/"), -ENOENT,
			*name == '/' ? "to be protected, but there is no such file: paths begin "
				       "in the directory, without /"
				     : "to be protected, but there is no such file",
			err);
	if (entry->is_dir)
		return tw_tree_fail(tree, name, -EISDIR,
			"is a directory; the module protects files only, name them", err);
	if (!entry->size) {
		(void)tw_tree_fail(tree, name, -EINVAL,
			"is empty: the module would restore it at every boot", &trap);
		rc = warn_or_fail(options, &trap, err);
	}
	return rc ? rc : mark(tree, entry, err);
}

/* ---- names ---- */

static unsigned char fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* The order of paths to which case is nothing, as the module compares them: ASCII only. */
static int compare_folded(const void *a, const void *b)
{
	const char *left = (*(const struct tw_tree_entry *const *)a)->path;
	const char *right = (*(const struct tw_tree_entry *const *)b)->path;

	while (*left && fold(*left) == fold(*right)) {
		left++;
		right++;
	}
	return fold(*left) - fold(*right);
}

static bool is_protected(const struct tw_tree_entry *entry)
{
	return entry->in_backup && !entry->is_dir;
}

/*
 * A file that has a protected one's name but for case would have its hash
 * stored as the other's.
 */
static int check_case(const struct tw_tree *tree, const struct twinfs_factory_options *options,
	struct twinfs_error *err)
{
	_cleanup_free_ const struct tw_tree_entry **sorted =
		calloc(tree->count + 1, sizeof(*sorted));
	struct twinfs_error trap;
	int rc = 0;

	if (!sorted)
		return tw_tree_fail(tree, "", -ENOMEM, "out of memory", err);
	for (size_t i = 0; i < tree->count; i++)
		sorted[i] = &tree->entries[i];
	qsort(sorted, tree->count, sizeof(*sorted), compare_folded);
	for (size_t i = 1; !rc && i < tree->count; i++) {
		if (compare_folded(&sorted[i - 1], &sorted[i]) ||
			(!is_protected(sorted[i - 1]) && !is_protected(sorted[i])))
			continue;
		(void)tw_fail(&trap, TWINFS_P_FACTORY, -EINVAL,
			"'%s' and '%s' are one name to the module's checksum table",
			sorted[i - 1]->path, sorted[i]->path);
		(void)tw_fail_file(&trap, tree->dir, -EINVAL);
		rc = warn_or_fail(options, &trap, err);
	}
	return rc;
}

int tw_factory_mark(struct tw_tree *tree, const struct twinfs_factory_options *options,
	struct twinfs_error *err)
{
	int rc = 0;

	if (tw_tree_find(tree, TW_FACTORY_TABLE_NAME))
		return tw_tree_fail(tree, TW_FACTORY_TABLE_NAME, -EINVAL,
			"is made by twinfs; take it out of the directory", err);
	for (size_t i = 0; !rc && i < options->backup_count; i++)
		rc = mark_named(tree, options, options->backup_files[i], err);
	for (size_t i = 0; !rc && options->backup_all && i < tree->count; i++)
		if (!tree->entries[i].is_dir && tree->entries[i].size)
			rc = mark(tree, &tree->entries[i], err);
	return rc ? rc : check_case(tree, options, err);
}

/* ---- the table ---- */

static int hash_entry(const struct tw_tree *tree, struct tw_tree_entry *entry, uint64_t limit,
	struct twinfs_error *err)
{
	_cleanup_free_ char *data = NULL;
	int rc = tw_tree_read(tree, entry, limit, &data, err);

	if (!rc)
		entry->crc = twinfs_device_crc(TWINFS_DEVICE_CRC_INIT, data, entry->size);
	return rc;
}

/* @row has one member for each key; of an empty file, "crc32" is null, as from the tool. */
static int add_row(struct tw_text *text, struct tw_json *row, const struct tw_tree_entry *entry)
{
	_cleanup_free_ char *name = NULL;
	char hash[TW_HASH_TEXT_SIZE];
	int rc;

	if (asprintf(&name, "/usr/%s", entry->path) < 0) {
		name = NULL;
		return -ENOMEM;
	}
	tw_hash_crc_text(entry->crc, hash);
	rc = tw_json_set_string(row, "name", name);
	if (!rc && entry->size)
		rc = tw_json_set_string(row, "crc32", hash);
	if (!rc)
		rc = text->len ? tw_text_add(text, ", ", 2) : tw_text_add(text, "[", 1);
	return rc ? rc : tw_json_write(row, text);
}

static int add_new_row(struct tw_text *text, const struct tw_tree_entry *entry)
{
	static const char empty[] = "{\"name\": \"\", \"crc32\": null}";
	_cleanup_free_ char *unused = NULL;
	struct tw_json *row;
	int rc = tw_json_parse(empty, sizeof(empty) - 1, &row, &unused);

	if (rc)
		return rc;
	rc = add_row(text, row, entry);
	tw_json_free(row);
	return rc;
}

static int print_table(const struct tw_tree *tree, struct tw_text *text)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < tree->count; i++)
		if (is_protected(&tree->entries[i]))
			rc = add_new_row(text, &tree->entries[i]);
	return !rc && text->len ? tw_text_add(text, "]", 1) : rc;
}

/* Characters as the module counts them: bytes that begin one in UTF-8. */
static size_t count_characters(const struct tw_text *text)
{
	size_t count = 0;

	for (size_t i = 0; i < text->len; i++)
		count += ((unsigned char)text->data[i] & 0xc0) != 0x80;
	return count;
}

int tw_factory_make_table(struct tw_tree *tree, const struct twinfs_factory_options *options,
	uint64_t limit, struct tw_text *text, struct twinfs_error *err)
{
	struct twinfs_error trap;
	size_t characters;
	int rc = 0;

	for (size_t i = 0; !rc && i < tree->count; i++)
		if (is_protected(&tree->entries[i]))
			rc = hash_entry(tree, &tree->entries[i], limit, err);
	if (rc)
		return rc;
	rc = print_table(tree, text);
	if (rc)
		return tw_fail(err, TWINFS_P_TABLE, rc, "%s", twinfs_strerror(rc));
	characters = count_characters(text);
	if (characters <= TW_TABLE_CHARS)
		return 0;
	(void)tw_fail(&trap, TWINFS_P_TABLE, -EINVAL,
		"checksum.json would have %zu characters, of which the module reads %u: protect "
		"fewer files, or use shorter names",
		characters, TW_TABLE_CHARS);
	(void)tw_fail_file(&trap, tree->dir, -EINVAL);
	return warn_or_fail(options, &trap, err);
}
