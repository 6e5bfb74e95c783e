/* SPDX-License-Identifier: MIT */
/*
 * result_keys.h - the figures of a result and their names in JSON: one table for
 * writing and for reading.
 */
#ifndef TW_EXPLORE_RESULT_KEYS_H
#define TW_EXPLORE_RESULT_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/explore.h>

#define TW_RESULT_FORMAT  "twinfs-explore"
#define TW_RESULT_VERSION 1

struct tw_key {
	const char *name;
	size_t offset; /* in the struct that the table is of */
	bool is_wide;  /* 64 bits, else 32 */
};

#define TW_KEY32(type, member)                                                                     \
	{                                                                                          \
#member, offsetof(struct type, member), false                                      \
	}
#define TW_KEY64(type, member)                                                                     \
	{                                                                                          \
#member, offsetof(struct type, member), true                                       \
	}

/* clang-format off: it takes the braces of the macros for blocks */
static const struct tw_key tw_request_keys[] = {
	TW_KEY32(twinfs_explore_request, depth),
	TW_KEY32(twinfs_explore_request, torn_bytes),
	TW_KEY32(twinfs_explore_request, torn_spread),
	TW_KEY32(twinfs_explore_request, outcomes),
	TW_KEY64(twinfs_explore_request, seed),
	TW_KEY64(twinfs_explore_request, sample),
	TW_KEY32(twinfs_explore_request, shard),
	TW_KEY32(twinfs_explore_request, shards),
	TW_KEY32(twinfs_explore_request, examples),
	{NULL, 0, false},
};

static const struct tw_key tw_result_keys[] = {
	TW_KEY64(twinfs_explore_result, trace_operations),
	TW_KEY64(twinfs_explore_result, chunks),
	TW_KEY64(twinfs_explore_result, operations),
	TW_KEY64(twinfs_explore_result, states),
	TW_KEY64(twinfs_explore_result, states_again),
	TW_KEY64(twinfs_explore_result, bad_states),
	TW_KEY32(twinfs_explore_result, workers),
	{NULL, 0, false},
};

static const struct tw_key tw_boots_keys[] = {
	TW_KEY64(twinfs_explore_boots, boots),
	TW_KEY64(twinfs_explore_boots, again),
	TW_KEY64(twinfs_explore_boots, writing),
	TW_KEY64(twinfs_explore_boots, restoring),
	TW_KEY64(twinfs_explore_boots, files),
	TW_KEY64(twinfs_explore_boots, formatting),
	TW_KEY64(twinfs_explore_boots, programs),
	TW_KEY64(twinfs_explore_boots, erases),
	TW_KEY64(twinfs_explore_boots, flash_ns),
	TW_KEY64(twinfs_explore_boots, flash_ns_max),
	{NULL, 0, false},
};

static const struct tw_key tw_example_keys[] = {
	TW_KEY64(twinfs_explore_example, seq),
	TW_KEY64(twinfs_explore_example, addr),
	TW_KEY32(twinfs_explore_example, len),
	{NULL, 0, false},
};

static const struct tw_key tw_again_keys[] = {
	TW_KEY64(twinfs_explore_again, addr),
	TW_KEY32(twinfs_explore_again, len),
	{NULL, 0, false},
};
/* clang-format on */

#endif
