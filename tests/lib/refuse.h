/* SPDX-License-Identifier: MIT */
/*
 * refuse.h - calls of the host that fail where a test wants them to.
 *
 * The linker leads them through here (`refuse_dep` of tests/meson.build): for errors that no
 * file of a test can bring about.
 */
#ifndef TEST_LIB_REFUSE_H
#define TEST_LIB_REFUSE_H

#include <stdbool.h>

/* The @nth call from now on of @call ("fsync") gives the errno @error; those behind it work. */
void refuse(const char *call, unsigned nth, int error);

/* Nothing is refused any more. Whether it was. */
bool refuse_end(void);

#endif
