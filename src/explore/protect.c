/* SPDX-License-Identifier: MIT */
/*
 * protect.c - whether protected files are what checksum.json says.
 *
 * Paths, table and comparison are the firmware's, since they decide what is
 * promised; the hash is made from the content as a reader of the volume gets it.
 */
#include "protect.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "module/device_errno.h"
#include "module/table.h"
#include "module/user_table.h"

static struct tw_device device_of(struct twinfs_volume *user)
{
	return (struct tw_device){.user = user};
}

static int add_content(struct twinfs_volume *volume, uint64_t ino, struct tw_text *text)
{
	char piece[4096];
	int64_t got;
	int rc = twinfs_volume_open(volume, ino);

	if (rc)
		return rc;
	do {
		got = twinfs_volume_read(volume, ino, piece, sizeof(piece), text->len);
		rc = got > 0 ? tw_text_add(text, piece, (size_t)got) : (int)got;
	} while (!rc && got && text->len <= TW_JSON_MAX);
	twinfs_volume_close(volume, ino);
	return rc;
}

int tw_protection_read(struct tw_protection *protection, struct twinfs_volume *user)
{
	const struct tw_device device = device_of(user);
	_cleanup_(tw_text_release) struct tw_text text = {0};
	_cleanup_free_ char *error = NULL;
	struct tw_device_file file;
	int rc = tw_device_find(&device, TW_USER_TABLE, &file);

	*protection = (struct tw_protection){.user = user};
	if (!rc)
		rc = add_content(file.volume, file.ino, &text);
	if (!rc && text.len)
		rc = tw_json_parse(text.data, text.len, &protection->table, &error);
	return tw_device_is_fatal(rc) ? rc : 0;
}

void tw_protection_release(struct tw_protection *protection)
{
	tw_json_free(protection->table);
}

/* What the firmware would make of a file: an empty one has no hash. */
static void put_text(const struct twinfs_file_hash *hash, enum tw_hash_kind kind,
	char text[TW_HASH_TEXT_SIZE])
{
	*text = '\0';
	if (!hash->size)
		return;
	if (kind == TW_HASH_SHA256)
		memcpy(text, hash->sha256, sizeof(hash->sha256));
	else
		tw_hash_crc_text(hash->device_crc, text);
}

static int compare(const struct tw_json *entry, const struct twinfs_file_hash *hash,
	bool *ret_is_equal)
{
	_cleanup_(tw_text_release) struct tw_text raised = {0};
	enum tw_table_match match = TW_TABLE_DIFFERENT;
	char text[TW_HASH_TEXT_SIZE];
	int rc = 0;

	put_text(hash, tw_table_kind(entry), text);
	if (*text)
		rc = tw_table_compare(entry, text, &match, &raised);
	*ret_is_equal = match == TW_TABLE_EQUAL;
	return rc;
}

/* What cannot be found or read has the hash of nothing. */
static int hash_file(const struct tw_protection *protection, const char *name,
	struct twinfs_file_hash *ret_hash)
{
	const struct tw_device device = device_of(protection->user);
	struct tw_device_file file;
	int rc = tw_device_find(&device, name, &file);

	*ret_hash = (struct twinfs_file_hash){0};
	if (!rc)
		rc = twinfs_hash_file(file.volume, file.ino, ret_hash);
	return tw_device_is_fatal(rc) ? rc : 0;
}

int tw_protection_check(const struct tw_protection *protection, const char *name,
	bool *ret_is_right)
{
	const struct tw_json *table = protection->table;
	bool is_listed = false, is_equal = false, is_hashed = false;
	struct twinfs_file_hash hash;
	int rc = 0;

	if (!table || table->kind != TW_JSON_LIST) {
		*ret_is_right = true;
		return 0;
	}
	for (const struct tw_json *entry = table->first; !rc && !is_equal && entry;
		entry = entry->next) {
		const struct tw_json *other = tw_json_get(entry, "name");

		if (!other || other->kind != TW_JSON_STRING || strcmp(other->text, name) != 0)
			continue;
		is_listed = true;
		if (!is_hashed)
			rc = hash_file(protection, name, &hash);
		is_hashed = true;
		if (!rc)
			rc = compare(entry, &hash, &is_equal);
	}
	*ret_is_right = !is_listed || is_equal;
	return rc;
}
