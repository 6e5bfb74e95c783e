/* SPDX-License-Identifier: MIT */
/*
 * chip.h - a small chip in memory for tests, with a hook that cuts the power
 * or breaks blocks.
 */
#ifndef TEST_LIB_CHIP_H
#define TEST_LIB_CHIP_H

#include <twinfs/volume.h>

/* Sizes of a volume under test; the chip holds nothing else. */
struct geometry {
	uint32_t block_size, block_count, prog_size;
	uint8_t fill; /* of the blank chip: 0xff, or 0x00 as some tools leave it */
};

/* What happens to one operation, and to blocks. */
struct trouble {
	uint64_t cut_at; /* the power goes at this program or erase, counted from 1; 0: never */
	unsigned torn_eighths; /* so much of it is done first: 0 nothing, 8 all */
	uint32_t torn_bytes;   /* and so many bytes more */
	uint64_t garbles;      /* seed: of the byte behind them some bits are programmed; 0: none */
	uint32_t cut_len;      /* out: length of the program that was cut; 0: it was an erase */
	uint64_t count;        /* programs and erases so far */
	uint64_t bad_blocks;   /* bit n: block n fails (for n < 64) */
	bool fails_erase;      /* a bad block fails at erase already, else at program */
};

struct chip {
	struct twinfs_image *image;
	struct twinfs_flash *flash;
	struct twinfs_volume_config config;
	struct trouble trouble;
	struct twinfs_flash_hook hook;
};

/* Every failure in here ends the test. */
void chip_init(struct chip *chip, const struct geometry *geometry);
void chip_release(struct chip *chip);
uint8_t *chip_bytes(struct chip *chip);
uint64_t chip_size(const struct chip *chip);

/* No trouble any more, and the power is on. */
void chip_heal(struct chip *chip);
struct twinfs_volume *chip_mount(struct chip *chip);

/* Ends the test with a message unless @condition. */
#define must(condition, ...)                                                                       \
	do {                                                                                       \
		if (!(condition))                                                                  \
			test_fail(__FILE__, __LINE__, #condition, __VA_ARGS__);                    \
	} while (0)

void test_fail(const char *file, int line, const char *condition, const char *format, ...)
	__attribute__((noreturn, format(printf, 4, 5)));

/* Text that every failure message starts with: what is being tried. */
extern char test_context[256];

/* The seed from TWINFS_SEED, else @fallback; printed. */
uint64_t test_seed(uint64_t fallback);

/* Next number of a seeded sequence (splitmix64). */
uint64_t test_random(uint64_t *state);

#endif
