/* SPDX-License-Identifier: MIT */
/*
 * transcript.h - all that calls tell of a volume, as text to be compared.
 */
#ifndef TEST_LIB_TRANSCRIPT_H
#define TEST_LIB_TRANSCRIPT_H

#include <stdio.h>

#include "chip.h"

/* What the checker finds: ids and blocks, not texts. */
void transcribe_check(struct chip *chip, FILE *out);

/* What is pending, the tree with content and attributes, and the free space. */
void transcribe_volume(struct twinfs_volume *volume, FILE *out);

/* Whose each block is, and the sight of those that hold metadata. */
void transcribe_blocks(struct chip *chip, struct twinfs_volume *volume, FILE *out);

#endif
