/* SPDX-License-Identifier: MIT */
/*
 * profile_json.h - a module profile as text, and as a struct.
 */
#ifndef TW_MODULE_PROFILE_JSON_H
#define TW_MODULE_PROFILE_JSON_H

#include <stddef.h>
#include <twinfs/profile.h>

/*
 * Parses @len bytes of JSON at @text, with a NUL behind them. Every key is of
 * its kind and within its own limits then; how they fit together is not yet
 * checked. Errors as twinfs_profile_load().
 */
int tw_profile_parse(const char *text, size_t len, struct twinfs_profile *ret_profile,
	struct twinfs_error *err);

/* A profile that is built in: a file of images/profiles. */
struct tw_profile_text {
	const char *name; /* of the file, without .json */
	const char *json;
};

/* "default" first, then by name; ends with a name of NULL. Made by tools/embed-profiles.py. */
extern const struct tw_profile_text tw_profile_texts[];

#endif
