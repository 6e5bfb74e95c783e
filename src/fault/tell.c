/* SPDX-License-Identifier: MIT */
/*
 * tell.c - events: what a rule did, where, and in words.
 */
#include "state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const op_names[] = {
	[TWINFS_FLASH_READ] = "read",
	[TWINFS_FLASH_PROGRAM] = "program",
	[TWINFS_FLASH_ERASE] = "erase",
};

struct words {
	char *buf;
	size_t len, size;
};

__attribute__((format(printf, 2, 3))) static void say(struct words *words, const char *format, ...)
{
	size_t room = words->size - words->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(words->buf + words->len, room, format, args);
	va_end(args);
	if (len > 0)
		words->len += (size_t)len < room ? (size_t)len : room - 1;
}

/* How far the operation got, if not all or nothing is plain already. */
static void say_extent(struct words *words, const struct tw_rule *rule,
	const struct twinfs_fault_event *event)
{
	static const char *const rests[] = {
		[TW_REST_OLD] = "",
		[TW_REST_MIXED] = ", the rest mixed",
		[TW_REST_GARBAGE] = ", the rest garbage",
		[TW_REST_LOOSE] = ", the rest loose",
	};

	if (!event->has_op || event->op_kind == TWINFS_FLASH_READ)
		return;
	if (rule->outcome.extent == TW_EXTENT_KEEP)
		say(words, ", in pieces");
	else if (rule->outcome.extent == TW_EXTENT_ZEROS)
		say(words, ", its end zero");
	else if (event->done == event->len)
		say(words, ", all of it done");
	else if (rule->outcome.extent != TW_EXTENT_NONE)
		say(words, ", torn at byte %" PRIu32 " of %" PRIu64 "%s", event->done, event->len,
			rests[rule->outcome.rest]);
}

static void say_time(struct words *words, uint64_t ns)
{
	if (ns % 1000000 == 0)
		say(words, "%" PRIu64 " ms", ns / 1000000);
	else
		say(words, "%" PRIu64 " ns", ns);
}

static void say_decision(struct words *words, const struct tw_rule *rule,
	const struct twinfs_fault_event *event, const char *op)
{
	const char *error = tw_error_name(event->code);

	if (event->cuts_power)
		say(words, event->has_op ? "power cut in the %s" : "power cut%s",
			event->has_op ? op : "");
	else if (event->code < 0)
		say(words, "%s fails with %s", op, error ? error : "an error");
	else
		say(words, "%s skipped, and reported as done", op);
	say_extent(words, rule, event);
}

static void say_what(struct words *words, const struct tw_rule *rule,
	const struct twinfs_fault_event *event)
{
	const char *op = event->has_op ? op_names[event->op_kind] : "call";

	switch (rule->kind) {
	case TWINFS_FAULT_WEAR_OUT:
		say(words, "worn out: ");
		if (rule->symptom == TW_PROGRAM_FLIP || rule->symptom == TW_READ_FLIP)
			say(words, "%" PRIu64 " bits wrong", event->bits);
		else
			say_decision(words, rule, event, op);
		return;
	case TWINFS_FAULT_BROWN_OUT:
		if (event->kind == TWINFS_FAULT_FIRED) {
			say_decision(words, rule, event, op);
			return;
		}
		say(words, "the supply falls, the power is cut in ");
		say_time(words, event->in_ns);
		return;
	case TWINFS_FAULT_CUT:
	case TWINFS_FAULT_FAIL:
	case TWINFS_FAULT_SKIP:
	case TWINFS_FAULT_READ_ONLY:
		say_decision(words, rule, event, op);
		return;
	case TWINFS_FAULT_FLIP:
	case TWINFS_FAULT_FILL:
	case TWINFS_FAULT_GARBLE:
		say(words, "%" PRIu64 " bits of the cells changed", event->bits);
		return;
	case TWINFS_FAULT_STICK:
		say(words, "%" PRIu64 " bits stick", event->bits);
		return;
	case TWINFS_FAULT_LOOSEN:
		say(words, "%" PRIu64 " bits are loose", event->bits);
		return;
	case TWINFS_FAULT_MISREAD:
		say(words, "%" PRIu64 " bits read wrong", event->bits);
		return;
	case TWINFS_FAULT_SLOW:
		say(words, "%s takes longer by ", op);
		say_time(words, event->in_ns);
		return;
	case TWINFS_FAULT_NOTE:
		say(words, "noted");
		return;
	case TWINFS_FAULT_KINDS:
		return;
	}
}

/* Where it was: the partition, the block in it, and whose it is. */
static void find_place(const struct twinfs_faults *faults, const struct twinfs_flash_op *op,
	uint64_t addr, const char **ret_part, uint32_t *ret_block, char *owner, size_t size)
{
	const struct twinfs_fault_site *site = &faults->site;
	struct twinfs_fault_part part;

	*ret_part = NULL;
	*ret_block = (uint32_t)(addr / faults->erase_size);
	if (site->part && !site->part(site->ctx, NULL, addr, &part)) {
		*ret_part = part.name;
		*ret_block = (uint32_t)((addr - part.addr) / part.block_size);
	}
	if (site->owner)
		site->owner(site->ctx, op, addr, owner, size);
}

void twinfs_faults_locate(struct twinfs_faults *faults, uint64_t addr, const char **ret_part,
	uint32_t *ret_block, char *owner, size_t size)
{
	if (size)
		*owner = '\0';
	find_place(faults, NULL, addr, ret_part, ret_block, owner, size);
}

void tw_tell(struct twinfs_faults *faults, const struct tw_live_rule *live,
	const struct twinfs_flash_op *op, struct twinfs_fault_event *event)
{
	struct words words = {event->what, 0, sizeof(event->what)};
	char owner[TW_PATH + 32] = "";

	event->number = ++faults->events;
	if (!faults->sink)
		return;
	event->rule = live->id;
	event->fault = live->rule.kind;
	event->text = live->text;
	event->has_op = op != NULL;
	event->seq = faults->seq;
	event->part = NULL;
	event->block = TWINFS_NO_BLOCK;
	event->owner = owner;
	if (op) {
		event->op_kind = op->kind;
		event->addr = op->addr;
		event->len = op->len;
	}
	if (event->len)
		find_place(faults, op, event->addr, &event->part, &event->block, owner,
			sizeof(owner));
	say_what(&words, &live->rule, event);
	faults->sink(faults->sink_ctx, event);
}

void tw_tell_toll(struct twinfs_faults *faults, const struct tw_live_rule *live,
	const struct twinfs_flash_op *op, uint64_t time_ns, int code, const struct tw_toll *toll)
{
	struct twinfs_fault_event event = {
		.kind = TWINFS_FAULT_FIRED,
		.time_ns = time_ns,
		.code = code,
		.done = op ? op->len : 0,
		.bits = toll->bits,
		.addr = toll->low,
		.len = toll->bits ? toll->high - toll->low + 1 : 0,
	};

	tw_tell(faults, live, op, &event);
}
