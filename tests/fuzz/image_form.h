/* SPDX-License-Identifier: MIT */
/*
 * image_form.h - a littlefs image as a short text of bytes that can be mutated.
 *
 * What libFuzzer changes are fields, not checksums: metadata stand here without
 * CRCs, chained tags and padding, which come with the image that is built. So most
 * mutations get past the CRCs, and an input is hardly longer than what it says.
 *
 *	0x00  1  bits 0-1: block size, 128 << n; 2-3: program size 1, 16, 64, a block;
 *	         4-5: erases until pairs move 100, never, 2, 5; 6: times are stored;
 *	         7: version 2.0 is upgraded
 *	0x01  1  block count, less 4, in bits 0-5; bit 6: mounted with the block size
 *	         that is found; bit 7: with spare blocks
 *	0x02  1  what erased cells hold
 *	0x03  1  free for the target
 *	0x04  4  seed of the changes that the target makes
 *	0x08     records
 *
 * A record: block (1), kind (1), length (2), so many bytes. Raw bytes go to the
 * start of the block. Metadata of version 1 are revision, length (0: as it is; the
 * top bit as on flash), tail and entries; of version 2 the revision and tags as
 * they are in the guide's section 6, little-endian, each with its payload. A tag that
 * closes a commit has no payload, and its type says how: FORM_SEAL and so on.
 */
#ifndef TESTS_FUZZ_IMAGE_FORM_H
#define TESTS_FUZZ_IMAGE_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/volume.h>

enum {
	FORM_HEAD = 8,
	FORM_RECORD = 4,      /* bytes in front of those of a record */
	FORM_METADATA = 0x01, /* kind */
	FORM_SPOILED = 0x80,  /* kind: a bit of the last CRC is wrong */
	FORM_BLOCKS_MIN = 4,
	FORM_BLOCKS_MAX = FORM_BLOCKS_MIN + 63,
	FORM_BLOCK_MAX = 1024,
	FORM_IMAGE_MAX = FORM_BLOCKS_MAX * FORM_BLOCK_MAX,

	FORM_SEAL = 0x500,       /* closed as usual, with an FCRC */
	FORM_SEAL_20 = 0x501,    /* without, as version 2.0 does */
	FORM_COMMIT = 0x502,     /* this very tag, with its length and a right CRC */
	FORM_COMMIT_FLIP = 0x503 /* the same, and the next tag has bit 31 inverted */
};

struct image_form {
	struct twinfs_volume_config config; /* to mount with, at address 0 */
	uint32_t block_size, block_count, prog_size;
	uint8_t fill, spare; /* byte 3 */
	uint64_t seed;
};

/*
 * Builds the image of @size bytes at @data, whose metadata are of version
 * @version, 1 or 2, in @image of FORM_IMAGE_MAX bytes. Every input gives one.
 */
void image_form_build(const uint8_t *data, size_t size, unsigned version,
	struct image_form *ret_form, uint8_t *image);

/*
 * The way back, for seeds: writes the form of @image, whose header is the FORM_HEAD
 * bytes at @head, to @ret_data of @room bytes, and returns its length, 0 when it does
 * not fit. What erased cells hold is left out, and so is what stands behind a log.
 */
size_t image_form_write(const uint8_t *image, const uint8_t *head, unsigned version,
	uint8_t *ret_data, size_t room);

/* LLVMFuzzerCustomMutator() for such inputs. */
size_t image_form_mutate(uint8_t *data, size_t size, size_t room, unsigned seed, unsigned version);

#endif
