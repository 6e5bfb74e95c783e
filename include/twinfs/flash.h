/* SPDX-License-Identifier: MIT */
/*
 * flash.h - a NOR flash chip: read, program, erase, and nothing else.
 *
 * The chip is the only code that changes the bytes of an image. Programming
 * clears bits and never sets one; erasing sets a whole erase unit to ones.
 * Every program and erase has a sequence number and a cost in virtual device
 * time; every erase wears its unit. A hook sees each operation before it
 * happens and may make it fail, tear it, or cut the power.
 *
 * Lifetime  borrows the image, which must outlive it.
 * Threads   reads may run at once with everything; programs and erases are
 *           serialised inside. Set the hook only while no operation runs. Power
 *           may be taken away at any time: what runs in that moment ends well.
 * Source    common SPI NOR data sheets; docs/ARCHITECTURE.md.
 */
#ifndef TWINFS_FLASH_H
#define TWINFS_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <twinfs/error.h>
#include <twinfs/image.h>

#ifdef __cplusplus
extern "C" {
#endif

struct twinfs_flash;

/* Sizes in bytes. prog_size divides erase_size; erase_size is a power of two. */
struct twinfs_flash_geometry {
	uint32_t read_size;
	uint32_t prog_size;
	uint32_t erase_size;
};

/* Virtual time of one operation, in nanoseconds. */
struct twinfs_flash_timing {
	uint64_t read_ns_per_kib;
	uint32_t page_size; /* bytes programmed at once by the chip */
	uint64_t program_page_ns;
	uint64_t erase_unit_ns;
};

struct twinfs_flash_config {
	struct twinfs_flash_geometry geometry;
	struct twinfs_flash_timing timing;
	bool strict; /* refuse to program over cells that are not erased */
};

enum twinfs_flash_op_kind {
	TWINFS_FLASH_READ,
	TWINFS_FLASH_PROGRAM,
	TWINFS_FLASH_ERASE,
};

struct twinfs_flash_op {
	enum twinfs_flash_op_kind kind;
	uint64_t seq;  /* number of this program or erase, from 1; for reads, of the last one */
	uint64_t addr; /* bytes from the start of the chip */
	uint32_t len;  /* bytes */
	const uint8_t *data; /* what is programmed; NULL else */
	uint64_t time_ns;    /* virtual time when it begins: busy_ns of the statistics */
};

/* A hook's answer: report success, though only the first *@done bytes took place. */
#define TWINFS_FLASH_PRETEND 1

/*
 * What is asked and told about every operation. A hook may be NULL in each of
 * its calls. All run under the chip's lock: they must not call the chip, but for
 * twinfs_flash_disturb() and twinfs_flash_spend(). Operations that the chip
 * itself refuses (range, power, a strict chip over cells not erased) reach no hook.
 */
struct twinfs_flash_hook {
	/*
	 * Before a program or erase (and a read, if @reads). Returns 0 to let it
	 * happen; TWINFS_FLASH_PRETEND (not for reads), or a negative errno to make
	 * it fail, after the first *@done bytes took place (preset to 0). -ESHUTDOWN
	 * also turns the power off. The first hook that does not say 0 decides.
	 */
	int (*before)(void *ctx, const struct twinfs_flash_op *op, uint32_t *done);
	/*
	 * After a program or erase, of which the first @done bytes took place, with
	 * the result @rc that its caller gets. @cells are the bytes at op->addr now.
	 */
	void (*after)(void *ctx, const struct twinfs_flash_op *op, uint32_t done, int rc,
		const uint8_t *cells);
	/*
	 * What a reader is to get in place of @cells, op->len bytes: these, or bytes
	 * that stay readable as long as the chip. With @reads only.
	 */
	const uint8_t *(*seen)(void *ctx, const struct twinfs_flash_op *op, const uint8_t *cells);
	/*
	 * Just before twinfs_flash_disturb() flips the bits @mask of the cell at
	 * @addr; maybe in the middle of an operation.
	 */
	void (*disturbed)(void *ctx, uint64_t addr, uint8_t mask);
	void *ctx;
	bool reads;
	const struct twinfs_flash_hook *next; /* the one behind this, or NULL; borrowed too */
};

struct twinfs_flash_stats {
	uint64_t seq; /* programs and erases begun since the chip was made */
	uint64_t programs, program_bytes;
	uint64_t erases;
	uint64_t unerased_programs; /* programs that met a cell not erased */
	uint64_t busy_ns;           /* virtual time of programs and erases */
};

/*
 * Makes a chip of the bytes of @image.
 *
 * @image   borrowed
 * @config  sizes and times; copied
 *
 * Returns 0, -EINVAL (geometry), -ENOMEM.
 */
TWINFS_API int twinfs_flash_new(struct twinfs_image *image,
	const struct twinfs_flash_config *config, struct twinfs_flash **ret_flash,
	struct twinfs_error *err);

/* Frees the chip, not the image. NULL is allowed. */
TWINFS_API void twinfs_flash_free(struct twinfs_flash *flash);

TWINFS_API const struct twinfs_flash_config *twinfs_flash_config(const struct twinfs_flash *flash);
TWINFS_API uint64_t twinfs_flash_size(const struct twinfs_flash *flash);

/* The image that the chip was made of. */
TWINFS_API const struct twinfs_image *twinfs_flash_image(const struct twinfs_flash *flash);

/* Whether programs and erases are possible at all: the image is not read-only. */
TWINFS_API bool twinfs_flash_is_writable(const struct twinfs_flash *flash);

/*
 * Gives the bytes [@addr, @addr + @len) without copying them. They stay
 * readable while the chip lives and change when they are programmed.
 *
 * Returns 0, -EINVAL (range), -ESHUTDOWN, or what the hook says.
 */
TWINFS_API int twinfs_flash_read(struct twinfs_flash *flash, uint64_t addr, uint64_t len,
	const uint8_t **ret_data);

/*
 * Programs @len bytes: each bit becomes old AND new. @addr and @len are
 * multiples of prog_size.
 *
 * Returns 0, -EINVAL (range, alignment), -EROFS, -ESHUTDOWN, -EIO (strict
 * chip and a cell not erased: nothing is changed), or what the hook says.
 */
TWINFS_API int twinfs_flash_program(struct twinfs_flash *flash, uint64_t addr, const void *data,
	uint32_t len);

/*
 * Erases [@addr, @addr + @len), multiples of erase_size; one operation per
 * erase unit, in rising order.
 *
 * Returns 0, -EINVAL, -EROFS, -ESHUTDOWN, or what the hook says.
 */
TWINFS_API int twinfs_flash_erase(struct twinfs_flash *flash, uint64_t addr, uint64_t len);

/*
 * Erases [@addr, @addr + @size), then programs @len bytes at @addr: the parts
 * behind each other, and 0xff behind them. The two operations above in every
 * respect but that it is faster when there is no hook. @len <= @size, and not
 * less than the parts. Returns what they do, or -ENOMEM.
 */
TWINFS_API int twinfs_flash_rewrite(struct twinfs_flash *flash, uint64_t addr, uint64_t size,
	const struct iovec *parts, unsigned count, uint32_t len);

/* Whether operations can fail or be torn. Without a hook the chip holds what it was given. */
TWINFS_API bool twinfs_flash_has_hook(const struct twinfs_flash *flash);

/* Replaces the hook, and those behind it; NULL removes them. @hook is borrowed until replaced. */
TWINFS_API void twinfs_flash_set_hook(struct twinfs_flash *flash,
	const struct twinfs_flash_hook *hook);

/* Whether a hook is asked before reads too: then their number and order can matter. */
TWINFS_API bool twinfs_flash_watches_reads(const struct twinfs_flash *flash);

/* With the power off every operation fails with -ESHUTDOWN. It is on at first. */
TWINFS_API void twinfs_flash_set_power(struct twinfs_flash *flash, bool on);
TWINFS_API bool twinfs_flash_has_power(const struct twinfs_flash *flash);

/*
 * Flips the bits @mask of the cell at @addr, as a defect of the chip would: not
 * an operation, so it has no number and takes no time; hooks are only told. It takes
 * no lock: to be called from a hook, or while nothing else uses the chip.
 * 0, -EINVAL (outside the chip), -EROFS.
 */
TWINFS_API int twinfs_flash_disturb(struct twinfs_flash *flash, uint64_t addr, uint8_t mask);

/* Lets @ns of virtual time pass. Takes no lock, as twinfs_flash_disturb(). */
TWINFS_API void twinfs_flash_spend(struct twinfs_flash *flash, uint64_t ns);

TWINFS_API void twinfs_flash_stats(const struct twinfs_flash *flash,
	struct twinfs_flash_stats *ret_stats);

/* ---- wear: erases per erase unit, kept in a file of its own ---- */

/* Erases of unit @unit (address / erase_size) so far; 0 outside the chip. */
TWINFS_API uint32_t twinfs_flash_wear(const struct twinfs_flash *flash, uint64_t unit);

/* Number of erase units of the chip. */
TWINFS_API uint64_t twinfs_flash_units(const struct twinfs_flash *flash);

/*
 * Adds the counters of the file @path (docs/formats/wear.md) to the chip's.
 * A file that is missing, damaged or of another geometry changes nothing.
 * Returns 0, -ENOENT, -EBADMSG, -EUCLEAN or another errno.
 */
TWINFS_API int twinfs_flash_load_wear(struct twinfs_flash *flash, const char *path,
	struct twinfs_error *err);

/* Writes the counters to @path, whole or not at all. 0 or a negative errno. */
TWINFS_API int twinfs_flash_save_wear(const struct twinfs_flash *flash, const char *path,
	struct twinfs_error *err);

#ifdef __cplusplus
}
#endif
#endif
