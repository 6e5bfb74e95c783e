/* SPDX-License-Identifier: MIT */
/*
 * scarce.h - memory that runs out where a test wants it to.
 *
 * The linker leads what our code asks of the C library's allocator through here
 * (`scarce_dep` of tests/meson.build), and a countdown makes one allocation fail, or
 * that and all behind it. A test that fails each in turn meets every way out of a
 * function that lacks memory. What libraries allocate for themselves is not counted,
 * but the objects that we have them make are: those of libcrypto, json-c, xxhash and
 * libdeflate. A sanitizer still sees every allocation, and says what was lost.
 */
#ifndef TEST_LIB_SCARCE_H
#define TEST_LIB_SCARCE_H

#include <stdbool.h>

/* The @nth allocation from now on fails, with @all also those behind it; 0: none does. */
void scarce_begin(unsigned nth, bool all);

/* Allocations are granted again. Whether one was refused. */
bool scarce_end(void);

/* What is tried: returns 0, or the negative errno that it ended with. */
struct scarce_trial {
	/* Builds anew what the body needs, memory being there; may be NULL. */
	void (*prepare)(void *ctx);
	/*
	 * Does it, and releases what it made. Must not assert, because that allocates:
	 * it returns 1 for a result that is wrong.
	 */
	int (*body)(void *ctx);
	/* What must hold afterwards, memory being there again; may be NULL. */
	void (*verify)(void *ctx, int rc);
	void *ctx;
	bool may_do_without; /* some of the memory is only for speed or for words */
	unsigned thin;       /* of those behind so many, only some are tried; 0: each is */
};

/*
 * Runs the body with its 1st, 2nd, 3rd ... allocation failing, once and then for good,
 * until it ends without meeting the failure. It must say -ENOMEM each time (or 0, where
 * the trial says so; but not always), and 0 in the end. Returns the number of allocations that
 * failed.
 */
unsigned scarce_try(const char *what, const struct scarce_trial *trial);

#endif
