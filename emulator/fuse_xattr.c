/* SPDX-License-Identifier: MIT */
/*
 * fuse_xattr.c - extended attributes: the layer that an object comes from, and
 * the user attributes of littlefs 2, named by their type as user.littlefs.XX.
 */
#include <errno.h>
#include <fuse_lowlevel.h>
#include <string.h>
#include <sys/xattr.h>

#include "fuse_ops.h"

#define LAYER_NAME  "user.twinfs.layer"
#define ATTR_PREFIX "user.littlefs."

enum {
	PREFIX_LEN = sizeof(ATTR_PREFIX) - 1,
	ATTR_NAME_ROOM = PREFIX_LEN + 3, /* two digits and the NUL */
	TYPES = 256,
};

static const char digits[] = "0123456789abcdef";

/* The type that @name stands for; false: it is no name of a user attribute. */
static bool parse_name(const char *name, uint8_t *ret_type)
{
	const char *high, *low;

	if (strncmp(name, ATTR_PREFIX, PREFIX_LEN) != 0 || strlen(name) != PREFIX_LEN + 2)
		return false;
	high = strchr(digits, name[PREFIX_LEN]);
	low = strchr(digits, name[PREFIX_LEN + 1]);
	if (!high || !low)
		return false;
	*ret_type = (uint8_t)((high - digits) << 4 | (low - digits));
	return true;
}

/* ---- look ---- */

/* What the kernel hands on of names: these an object could have, others are not known here. */
static bool is_possible(const char *name)
{
	return !strncmp(name, "user.", 5) || !strncmp(name, "security.", 9) ||
	       !strncmp(name, "trusted.", 8);
}

static int64_t get_layer(const struct tw_emu_ref *ref, char *value)
{
	static const char *const names[] = {
		[TWINFS_LAYER_USER] = "user",
		[TWINFS_LAYER_BACKUP] = "backup",
		[TWINFS_LAYER_BOTH] = "both",
	};
	struct twinfs_overlay_stat stat;
	int rc = twinfs_overlay_stat(ref->overlay, ref->ino, &stat);

	if (rc < 0)
		return rc;
	if (ref->tree == &ref->emu->trees[TW_EMU_BAK])
		stat.layer =
			TWINFS_LAYER_BACKUP; /* also where it is the layer that can be written */
	memcpy(value, names[stat.layer], strlen(names[stat.layer])); /* no NUL belongs to it */
	return (int64_t)strlen(names[stat.layer]);
}

/* The length of the value, or a negative errno. */
static int64_t get_value(struct tw_emu *emu, uint64_t ino, const char *name,
	char value[TWINFS_ATTR_MAX])
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	bool is_layer = !strcmp(name, LAYER_NAME);
	uint8_t type = 0;
	int rc;

	if (!is_layer && !parse_name(name, &type))
		return is_possible(name) ? -ENODATA : -EOPNOTSUPP;
	if (tw_emu_ino_tree(ino) == TW_EMU_NO_TREE)
		return -ENODATA;
	rc = tw_emu_enter(emu, ino, &ref);
	if (rc < 0)
		return rc;
	if (is_layer)
		return get_layer(&ref, value);
	return twinfs_overlay_get_attr(ref.overlay, ref.ino, type, value, TWINFS_ATTR_MAX);
}

/* Answers a request for @len bytes at @data into room for @size; 0 asks for the length. */
static void reply_xattr(struct fuse_req *req, const char *data, int64_t len, size_t size)
{
	if (len < 0)
		tw_emu_reply(req, (int)len);
	else if (!size)
		(void)fuse_reply_xattr(req, (size_t)len);
	else if (size < (size_t)len)
		tw_emu_reply(req, -ERANGE);
	else
		(void)fuse_reply_buf(req, data, (size_t)len);
}

void tw_emu_op_getxattr(struct fuse_req *req, uint64_t ino, const char *name, size_t size)
{
	char value[TWINFS_ATTR_MAX];
	int64_t len = get_value(tw_emu_of(req), ino, name, value);

	reply_xattr(req, value, len, size);
}

/* Room for the names of all that an object can have. */
#define LIST_ROOM (sizeof(LAYER_NAME) + TYPES * ATTR_NAME_ROOM)

static int64_t list_names(struct tw_emu *emu, uint64_t ino, char names[LIST_ROOM])
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	uint8_t types[TYPES];
	int rc, count = 0;
	char *at = names;

	if (tw_emu_ino_tree(ino) == TW_EMU_NO_TREE)
		return 0;
	rc = tw_emu_enter(emu, ino, &ref);
	if (rc == 0)
		rc = count = twinfs_overlay_list_attrs(ref.overlay, ref.ino, types);
	if (rc < 0)
		return rc;
	memcpy(at, LAYER_NAME, sizeof(LAYER_NAME));
	at += sizeof(LAYER_NAME);
	for (int i = 0; i < count; i++) {
		memcpy(at, ATTR_PREFIX, PREFIX_LEN);
		at += PREFIX_LEN;
		*at++ = digits[types[i] >> 4];
		*at++ = digits[types[i] & 15];
		*at++ = '\0';
	}
	return at - names;
}

void tw_emu_op_listxattr(struct fuse_req *req, uint64_t ino, size_t size)
{
	char names[LIST_ROOM];
	int64_t len = list_names(tw_emu_of(req), ino, names);

	reply_xattr(req, names, len, size);
}

/* ---- change ---- */

/* The user attribute @name of an object that may be changed. */
static int enter_to_change(struct tw_emu *emu, uint64_t ino, const char *name,
	struct tw_emu_ref *ret_ref, uint8_t *ret_type)
{
	if (tw_emu_is_read_only(emu, ino))
		return -EROFS;
	if (tw_emu_ino_tree(ino) == TW_EMU_NO_TREE || !parse_name(name, ret_type))
		return -EOPNOTSUPP;
	return tw_emu_enter(emu, ino, ret_ref);
}

void tw_emu_op_setxattr(struct fuse_req *req, uint64_t ino, const char *name, const char *value,
	size_t size, int flags)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	unsigned how = (flags & XATTR_CREATE ? TWINFS_ATTR_CREATE : 0) |
		       (flags & XATTR_REPLACE ? TWINFS_ATTR_REPLACE : 0);
	uint8_t type;
	int rc = enter_to_change(tw_emu_of(req), ino, name, &ref, &type);

	if (rc == 0)
		rc = twinfs_overlay_set_attr(ref.overlay, ref.ino, type, value, size, how);
	tw_emu_leave(&ref);
	tw_emu_reply(req, rc);
}

void tw_emu_op_removexattr(struct fuse_req *req, uint64_t ino, const char *name)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	uint8_t type;
	int rc = enter_to_change(tw_emu_of(req), ino, name, &ref, &type);

	if (rc == 0)
		rc = twinfs_overlay_remove_attr(ref.overlay, ref.ino, type);
	tw_emu_leave(&ref);
	tw_emu_reply(req, rc);
}
