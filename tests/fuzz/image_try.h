/* SPDX-License-Identifier: MIT */
/*
 * image_try.h - does everything that can be done with an image nobody has vetted.
 */
#ifndef TESTS_FUZZ_IMAGE_TRY_H
#define TESTS_FUZZ_IMAGE_TRY_H

#include <stddef.h>
#include <stdint.h>

/* Builds the image that an input says (image_form.h), for metadata of @version, and tries it. */
void image_try(const uint8_t *data, size_t size, unsigned version);

#endif
