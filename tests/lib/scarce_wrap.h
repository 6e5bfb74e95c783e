/* SPDX-License-Identifier: MIT */
/*
 * scarce_wrap.h - a function that the linker puts in front of an allocating one.
 *
 * Those of a library stand in a file of its own: a test that does not use the library
 * takes none of them from the archive, and need not be linked to it.
 */
#ifndef TEST_LIB_SCARCE_WRAP_H
#define TEST_LIB_SCARCE_WRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether this allocation is the one that fails, or one behind it. */
bool scarce_refuses(void);

/* @args is the list of parameters, @call the same without types. */
#define SCARCE(type, name, args, call)                                                             \
	type __real_##name args;                                                                   \
	type __wrap_##name args;                                                                   \
	type __wrap_##name args                                                                    \
	{                                                                                          \
		return scarce_refuses() ? NULL : __real_##name call;                               \
	}

#endif
