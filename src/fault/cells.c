/* SPDX-License-Identifier: MIT */
/*
 * cells.c - changes of cells that no operation makes: which cells, and what
 * becomes of them.
 *
 * A place is gathered as pieces of the chip. Bits are picked from it by walking
 * a permutation of all its bits: so none is picked twice, nothing has to be
 * remembered, and the first ones are as good as any.
 */
#include "state.h"

#include <errno.h>
#include <stdlib.h>

#include "base/random.h"

/* ---- one cell ---- */

uint8_t tw_cells_get(const struct twinfs_faults *faults, uint64_t addr)
{
	return twinfs_image_bytes(faults->image)[addr];
}

static void add_to_toll(struct tw_toll *toll, uint64_t addr, uint8_t mask)
{
	if (!toll->bits || addr < toll->low)
		toll->low = addr;
	if (!toll->bits || addr > toll->high)
		toll->high = addr;
	toll->bits += (unsigned)__builtin_popcount(mask);
}

void tw_cells_flip(struct twinfs_faults *faults, uint64_t addr, uint8_t mask, struct tw_toll *toll)
{
	uint8_t was = mask ? tw_cells_get(faults, addr) : 0;
	struct twinfs_fault_change change = {addr, was, was ^ mask};

	/* cells that cannot be written are refused before any rule is carried out */
	if (!mask || twinfs_flash_disturb(faults->flash, addr, mask))
		return;
	add_to_toll(toll, addr, mask);
	if (faults->changes)
		faults->changes->each(faults->changes->ctx, &change);
}

void tw_cells_set(struct twinfs_faults *faults, uint64_t addr, uint8_t value, struct tw_toll *toll)
{
	tw_cells_flip(faults, addr, tw_cells_get(faults, addr) ^ value, toll);
}

/* ---- where ---- */

static int compare_pieces(const void *left, const void *right)
{
	const struct tw_piece *a = left, *b = right;

	return a->addr < b->addr ? -1 : a->addr > b->addr;
}

static int add_piece(struct tw_place *place, uint64_t addr, uint64_t len)
{
	if (place->count == place->room) {
		size_t room = 2 * place->room + 16;
		struct tw_piece *pieces = realloc(place->pieces, room * sizeof(*pieces));

		if (!pieces)
			return -ENOMEM;
		place->pieces = pieces;
		place->room = room;
	}
	place->pieces[place->count++] = (struct tw_piece){.addr = addr, .len = len};
	return 0;
}

/* Puts the pieces in order, each byte in one of them. */
static void order_pieces(struct tw_place *place)
{
	size_t kept = 0;

	if (place->count)
		qsort(place->pieces, place->count, sizeof(*place->pieces), compare_pieces);
	place->bytes = 0;
	for (size_t i = 0; i < place->count; i++) {
		struct tw_piece piece = place->pieces[i];
		struct tw_piece *last = kept ? &place->pieces[kept - 1] : NULL;
		uint64_t end = piece.addr + piece.len;

		if (last && piece.addr <= last->addr + last->len) {
			if (end > last->addr + last->len)
				last->len = end - last->addr;
			continue;
		}
		place->pieces[kept++] = piece;
	}
	place->count = kept;
	for (size_t i = 0; i < kept; i++) {
		place->pieces[i].before = place->bytes;
		place->bytes += place->pieces[i].len;
	}
}

struct gathering {
	struct twinfs_faults *faults;
	uint64_t addr, len; /* nothing outside counts */
};

/* Takes what of [@addr, @addr + @len) is wanted, and on the chip: files leave gaps in it. */
static int gather_range(void *ctx, uint64_t addr, uint64_t len)
{
	struct gathering *gathering = ctx;
	const struct twinfs_image *image = gathering->faults->image;
	uint64_t end = addr + len, limit = gathering->addr + gathering->len;

	addr = addr > gathering->addr ? addr : gathering->addr;
	end = end < limit ? end : limit;
	for (size_t i = 0; i < TWINFS_IMAGE_FILES; i++) {
		uint64_t from = twinfs_image_file_addr(image, i);
		uint64_t to = from + twinfs_image_file_size(image, i);

		from = from > addr ? from : addr;
		to = to < end ? to : end;
		if (from < to && add_piece(&gathering->faults->place, from, to - from))
			return -ENOMEM;
	}
	return 0;
}

int tw_place_gather(struct twinfs_faults *faults, const struct tw_live_rule *live,
	const struct twinfs_flash_op *op)
{
	const struct tw_where *where = &live->rule.where;
	struct twinfs_fault_target target = {
		where->role, where->path[0] ? where->path : NULL, where->slot};
	struct gathering gathering = {faults, 0, twinfs_image_size(faults->image)};
	struct twinfs_fault_ranges ranges = {gather_range, &gathering};
	int rc;

	faults->place.count = 0;
	if (live->span_len) {
		gathering.addr = live->span_addr;
		gathering.len = live->span_len;
	}
	if (op && (live->rule.clauses & TW_C_ON))
		rc = gather_range(&gathering, op->addr, op->len);
	else if (where->kind != TW_TARGET && where->kind != TW_SLOT)
		rc = gather_range(&gathering, gathering.addr, gathering.len);
	else
		rc = faults->site.ranges
			     ? faults->site.ranges(faults->site.ctx, op, &target, &ranges)
			     : -ENOENT;
	order_pieces(&faults->place);
	return rc ? rc : faults->place.bytes ? 0 : -ENOENT;
}

/* The address of byte @off of the place. */
static uint64_t addr_in_place(const struct tw_place *place, uint64_t off)
{
	size_t low = 0, high = place->count;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (place->pieces[middle].before <= off)
			low = middle;
		else
			high = middle;
	}
	return place->pieces[low].addr + off - place->pieces[low].before;
}

/* ---- picking bits ---- */

/* A permutation of the numbers below 4 to the power of @half: four rounds of a Feistel net. */
static uint64_t permute(const uint64_t keys[4], unsigned half, uint64_t n)
{
	uint64_t mask = (UINT64_C(1) << half) - 1, left = n >> half, right = n & mask;

	for (unsigned round = 0; round < 4; round++) {
		uint64_t next = left ^ (tw_random_at(keys[round], right) & mask);

		left = right;
		right = next;
	}
	return left << half | right;
}

void tw_pick_bits(uint64_t *random, uint64_t bytes, uint64_t count,
	bool (*each)(void *ctx, uint64_t off, uint8_t mask), void *ctx)
{
	uint64_t bits = 8 * bytes, keys[4];
	unsigned half = 1;

	for (unsigned i = 0; i < 4; i++)
		keys[i] = tw_random(random);
	while (UINT64_C(1) << 2 * half < bits)
		half++;
	/* numbers that are no bits are stepped over: less than three of four */
	for (uint64_t n = 0; count && n < UINT64_C(1) << 2 * half; n++) {
		uint64_t bit = permute(keys, half, n);

		if (bit < bits && each(ctx, bit / 8, (uint8_t)(1u << bit % 8)))
			count--;
	}
}

/* ---- what ---- */

struct applying {
	struct twinfs_faults *faults;
	struct tw_live_rule *live;
	struct tw_toll *toll;
};

/* Does to the bits @mask of the cell at @addr what the rule says. Whether there was any to do. */
static bool apply_mask(struct applying *applying, uint64_t addr, uint8_t mask)
{
	struct twinfs_faults *faults = applying->faults;
	const struct tw_rule *rule = &applying->live->rule;
	uint8_t cell = tw_cells_get(faults, addr);
	uint8_t wanted = rule->to_bit == 2 ? (uint8_t)~cell : rule->to_bit ? 0xff : 0;
	struct tw_defect defect = {.addr = addr, .mask = mask, .rule = applying->live->id};

	if (rule->kind == TWINFS_FAULT_FLIP) {
		tw_cells_flip(faults, addr, (cell ^ wanted) & mask, applying->toll);
		return (cell ^ wanted) & mask;
	}
	if (rule->kind == TWINFS_FAULT_STICK && rule->to_bit != 2)
		tw_cells_flip(faults, addr, (cell ^ wanted) & mask, applying->toll);
	if (faults->changes)
		return true; /* damage at rest: the value stays, the defect does not */
	defect.value = tw_cells_get(faults, addr);
	defect.is_loose = rule->kind == TWINFS_FAULT_LOOSEN;
	if (tw_defects_add(faults, &defect))
		return true;
	if (defect.is_loose || rule->to_bit == 2 || !((cell ^ wanted) & mask))
		add_to_toll(applying->toll, addr, mask);
	return true;
}

static bool apply_bit(void *ctx, uint64_t off, uint8_t mask)
{
	struct applying *applying = ctx;

	return apply_mask(applying, addr_in_place(&applying->faults->place, off), mask);
}

static void apply_byte(struct applying *applying, uint64_t addr)
{
	struct tw_live_rule *live = applying->live;

	if (live->rule.kind == TWINFS_FAULT_FILL && !live->rule.is_random)
		tw_cells_set(applying->faults, addr, live->rule.value, applying->toll);
	else if (live->rule.kind == TWINFS_FAULT_FILL || live->rule.kind == TWINFS_FAULT_GARBLE)
		tw_cells_set(applying->faults, addr, (uint8_t)(tw_random(&live->random) >> 32),
			applying->toll);
	else
		(void)apply_mask(applying, addr, live->rule.mask);
}

int tw_cells_apply(struct twinfs_faults *faults, struct tw_live_rule *live,
	const struct twinfs_flash_op *op, struct tw_toll *toll)
{
	struct applying applying = {faults, live, toll};
	const struct tw_rule *rule = &live->rule;
	const struct tw_place *place = &faults->place;
	int rc = tw_place_gather(faults, live, op);

	if (rc)
		return rc;
	if ((rule->clauses & TW_C_BITS) && !rule->mask) {
		tw_pick_bits(&live->random, place->bytes, tw_draw(&live->random, rule->bits),
			apply_bit, &applying);
		return 0;
	}
	for (size_t i = 0; i < place->count; i++)
		for (uint64_t off = 0; off < place->pieces[i].len; off++)
			apply_byte(&applying, place->pieces[i].addr + off);
	return 0;
}
