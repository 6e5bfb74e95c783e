/* SPDX-License-Identifier: MIT */
/*
 * platform_json.c - reads platform_config.json by json-c.
 */
#include "platform_json.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

enum {
	DEPTH = 16, /* the parser's stack, and ours when it is freed */
};

int tw_platform_json(const char *text, size_t len, char *ret_platform, size_t size)
{
	static const char mark[] = "\xef\xbb\xbf"; /* some editors put it in front */
	struct json_tokener *tokener;
	struct json_object *root, *value;
	int rc = -EUCLEAN;

	if (len >= sizeof(mark) - 1 && !memcmp(text, mark, sizeof(mark) - 1)) {
		text += sizeof(mark) - 1;
		len -= sizeof(mark) - 1;
	}
	if (len > INT_MAX)
		return -EUCLEAN;
	tokener = json_tokener_new_ex(DEPTH);
	if (!tokener)
		return -ENOMEM;
	root = json_tokener_parse_ex(tokener, text, (int)len);
	if (json_object_is_type(root, json_type_object) &&
		json_object_object_get_ex(root, "platform", &value) &&
		json_object_is_type(value, json_type_string)) {
		(void)snprintf(ret_platform, size, "%s", json_object_get_string(value));
		rc = 0;
	}
	json_object_put(root);
	json_tokener_free(tokener);
	return rc;
}
