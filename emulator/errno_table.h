/* SPDX-License-Identifier: MIT */
/*
 * errno_table.h - what the kernel, and so the program that asked, gets for
 * each error code of the library.
 */
#ifndef TW_EMULATOR_ERRNO_TABLE_H
#define TW_EMULATOR_ERRNO_TABLE_H

/* The positive errno for @code, 0 or a negative errno of the library. */
int tw_emu_errno(int code);

#endif
