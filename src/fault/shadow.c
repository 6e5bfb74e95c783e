/* SPDX-License-Identifier: MIT */
/*
 * shadow.c - what readers get in place of the cells.
 *
 * A read is a pointer, which its owner may use as long as the chip lives: so a
 * reader that is to see something else gets a pointer into a second address
 * space of the chip's size, where only what was ever deceived about takes
 * memory. Programs and erases reach both, since a pointer into the chip would
 * show them too.
 */
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct tw_fault_shadow {
	uint8_t *bytes;
	uint64_t size;
	uint8_t *used; /* a byte for each erase unit: something of it was given away */
};

int tw_shadow_open(struct twinfs_faults *faults)
{
	struct tw_fault_shadow *shadow;

	if (faults->shadow)
		return 0;
	shadow = calloc(1, sizeof(*shadow));
	if (!shadow)
		return -ENOMEM;
	shadow->size = twinfs_flash_size(faults->flash);
	shadow->used = calloc(twinfs_flash_units(faults->flash), 1);
	shadow->bytes = mmap(NULL, shadow->size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	faults->shadow = shadow;
	if (shadow->bytes == MAP_FAILED || !shadow->used) {
		tw_shadow_close(faults);
		return -ENOMEM;
	}
	return 0;
}

void tw_shadow_close(struct twinfs_faults *faults)
{
	struct tw_fault_shadow *shadow = faults->shadow;

	if (!shadow)
		return;
	if (shadow->bytes != MAP_FAILED)
		(void)munmap(shadow->bytes, shadow->size);
	free(shadow->used);
	free(shadow);
	faults->shadow = NULL;
}

uint8_t *tw_shadow_copy(struct twinfs_faults *faults, uint64_t addr, uint64_t len)
{
	uint8_t *copy = faults->shadow->bytes + addr;

	memcpy(copy, twinfs_image_bytes(faults->image) + addr, len);
	for (uint64_t unit = addr / faults->erase_size;
		unit <= (addr + len - 1) / faults->erase_size; unit++)
		faults->shadow->used[unit] = 1;
	return copy;
}

void tw_shadow_refresh(struct twinfs_faults *faults, uint64_t addr, uint64_t len)
{
	uint64_t end = addr + len, unit_end;

	for (; faults->shadow && addr < end; addr = unit_end) {
		unit_end = (addr / faults->erase_size + 1) * faults->erase_size;
		unit_end = unit_end < end ? unit_end : end;
		if (faults->shadow->used[addr / faults->erase_size])
			memcpy(faults->shadow->bytes + addr,
				twinfs_image_bytes(faults->image) + addr, unit_end - addr);
	}
}
