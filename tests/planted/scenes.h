/* SPDX-License-Identifier: MIT */
/*
 * scenes.h - what is explored: short runs of an application, or of a boot.
 */
#ifndef TEST_PLANTED_SCENES_H
#define TEST_PLANTED_SCENES_H

#include "rig.h"

struct scene {
	const char *name;
	unsigned format; /* of littlefs */
	enum twinfs_policy policy;
	/* Before the run; the module is on before, and whatever after. May be NULL. */
	void (*prepare)(struct rig *rig);
	/* The run that is recorded. */
	void (*run)(struct rig *rig);
};

extern const struct scene scenes[];
extern const size_t scene_count;

#endif
