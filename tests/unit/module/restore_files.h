/* SPDX-License-Identifier: MIT */
/*
 * restore_files.h - files of the tests of the restore procedure, and words of what it says.
 *
 * Hashes: "a" is 0xc54aae31, "hello world" 0x99325f96.
 */
#ifndef TW_TESTS_RESTORE_FILES_H
#define TW_TESTS_RESTORE_FILES_H

#include "module_rig.h"

#define ON                                                                                         \
	{                                                                                          \
		"backup_restore.json", "{\"enable\": 1}"                                           \
	}
#define A     "{\"name\": \"/usr/a\", \"crc32\": \"0xc54aae31\"}"
#define B     "{\"name\": \"/usr/lib/b\", \"crc32\": \"0x99325f96\"}"
#define TABLE "[" A ", " B "]"
#define FACTORY                                                                                    \
	ON, {"checksum.json", TABLE}, {"usr/a", "a"},                                              \
	{                                                                                          \
		"usr/lib/b", "hello world"                                                         \
	}
#define WRONG "x backup restore procedure error: "

#endif
