/* SPDX-License-Identifier: MIT */
/*
 * link.h - what became of the entries of a log in the log that followed it.
 */
#ifndef TW_RESCUE_LINK_H
#define TW_RESCUE_LINK_H

#include "state.h"

/* Links the last state of @older to the first of @newer, of the same pair. -ENOMEM. */
int tw_link_logs(struct twinfs_rescue *rescue, uint32_t older, uint32_t newer);

#endif
