/* SPDX-License-Identifier: MIT */
/*
 * guess.h - which format and block size a partition without a superblock has.
 */
#ifndef TW_RESCUE_GUESS_H
#define TW_RESCUE_GUESS_H

#include <stdint.h>

/* The major version of the format that more metadata speaks for, blocks being of @size. */
unsigned tw_guess_format(const uint8_t *bytes, uint64_t len, uint32_t size);

/* The block size, @least or more, that most metadata speaks for; 0: there is none at all. */
uint32_t tw_guess_block_size(const uint8_t *bytes, uint64_t len, uint32_t least);

#endif
