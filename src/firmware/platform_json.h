/* SPDX-License-Identifier: MIT */
/*
 * platform_json.h - platform_config.json of a package.
 */
#ifndef TW_FIRMWARE_PLATFORM_JSON_H
#define TW_FIRMWARE_PLATFORM_JSON_H

#include <stddef.h>

/*
 * The text of the key "platform" of the JSON object @text; cut to @size with
 * its NUL. 0, -EUCLEAN (no JSON object, or no such text), -ENOMEM.
 */
int tw_platform_json(const char *text, size_t len, char *ret_platform, size_t size);

#endif
