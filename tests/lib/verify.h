/* SPDX-License-Identifier: MIT */
/*
 * verify.h - everything that must be true of a volume at rest.
 */
#ifndef TEST_LIB_VERIFY_H
#define TEST_LIB_VERIFY_H

#include "chip.h"
#include "model.h"

/*
 * Checks the format on the chip: no error, and no residue of a power cut
 * unless @residue is allowed. Ends the test otherwise.
 */
void verify_format(struct chip *chip, bool residue);

/*
 * A fresh mount of the chip shows the same tree as @model, and the same free
 * space as @volume (NULL: not compared).
 */
void verify_fresh_mount(struct chip *chip, const struct model *model, struct twinfs_volume *volume);

#endif
