/* SPDX-License-Identifier: MIT */
/*
 * fuzz_lfs1_image.c - a partition that says it is a littlefs of version 1.
 */
#include "fuzz.h"
#include "image_form.h"
#include "image_try.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	image_try(data, size, 1);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
	return image_form_mutate(data, size, room, seed, 1);
}
