/* SPDX-License-Identifier: MIT */
/*
 * scarce_json.c - objects of json-c that cannot be had.
 */
#include "scarce_wrap.h"

SCARCE(void *, json_tokener_new_ex, (int depth), (depth))
SCARCE(void *, json_object_new_object, (void), ())
SCARCE(void *, json_object_new_array, (void), ())
SCARCE(void *, json_object_new_string, (const char *text), (text))
SCARCE(void *, json_object_new_string_len, (const char *text, int len), (text, len))
SCARCE(void *, json_object_new_int64, (int64_t value), (value))
SCARCE(void *, json_object_new_uint64, (uint64_t value), (value))
SCARCE(void *, json_object_new_boolean, (int value), (value))
SCARCE(void *, json_object_new_double, (double value), (value))
