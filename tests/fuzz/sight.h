/* SPDX-License-Identifier: MIT */
/*
 * sight.h - all that can be seen of a volume, to be compared with another time.
 */
#ifndef TESTS_FUZZ_SIGHT_H
#define TESTS_FUZZ_SIGHT_H

#include <twinfs/volume.h>

enum {
	SIGHT_MAX = 400,           /* objects that are looked at */
	SIGHT_FILE_MAX = 80 << 10, /* bytes; images are smaller */
};

struct seen {
	uint64_t ino;
	struct twinfs_digest path; /* of the name, and of the path it is in */
	enum twinfs_type type;
	uint64_t size;
	int rc; /* of listing the directory, reading the file */
	struct twinfs_digest content, attrs;
	bool is_changed; /* by the target, on purpose */
};

struct sight {
	struct seen list[SIGHT_MAX]; /* the root is the first */
	size_t count;
	bool is_cut;    /* there was more */
	bool is_whole;  /* everything is readable */
	uint64_t bytes; /* of content that was read */
};

/* Looks at everything. What comes back is checked against what volume.h says of it. */
void sight_take(struct twinfs_volume *volume, struct sight *ret_sight);

/* The same, by all the ways there are to read. */
void sight_take_twice(struct twinfs_volume *volume, struct sight *ret_sight);

/* Two sights are of the same tree. */
void sight_must_equal(const struct sight *a, const struct sight *b);

/* What could be read at first is there at the same path, for sure; there may be more. */
void sight_must_survive(const struct sight *before, const struct sight *after);

/* Of what could be read and was not changed on purpose, nothing is lost or different. */
void sight_must_keep(const struct sight *before, const struct sight *after);

/* Whether a result may come from any call that looks, or that changes something. */
bool sight_may_say(int64_t rc);
bool sight_change_may_say(int64_t rc);

#endif
