/* SPDX-License-Identifier: MIT */
/*
 * fault.h - faults of a chip as rules: one line of text each, carried out by a
 * hook of the chip (flash.h), the same each time for the same seed.
 *
 *	cut torn 17 at op 1337
 *	fail program in /usr/config.json once
 *	misread 1 bit in slot 3 with chance 1%
 *	brown-out after 200 writes for 50 ms
 *
 * Lifetime  borrows the chip and its image until twinfs_faults_free(); plugged
 *           into the chip by its owner (site.rehook), who must unplug it first.
 * Threads   add, remove, clear, set_sink, damage, pass and power_on need a chip on
 *           which no operation runs; the other calls may run at any time, at
 *           once with everything. The hook runs under the chip's lock. The sink
 *           and the functions of the site are called from the hook too: there
 *           they must call neither the chip nor the faults.
 * Source    docs/formats/fault-rules.md has the language.
 */
#ifndef TWINFS_FAULT_H
#define TWINFS_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/error.h>
#include <twinfs/flash.h>
#include <twinfs/image.h>

#ifdef __cplusplus
extern "C" {
#endif

struct twinfs_faults;

#define TWINFS_FAULT_RULE_MAX  400   /* bytes of a rule's text */
#define TWINFS_FAULT_RULES     256   /* most rules at once */
#define TWINFS_FAULT_CAUSE_MAX 520   /* bytes of what cut the power, with its NUL */
#define TWINFS_FAULT_SUPPLY_MV 3800u /* a supply that is whole */

/* ---- the site: what the chip's owner knows of it ---- */

struct twinfs_fault_part {
	const char *name;
	uint64_t addr, size; /* bytes; of the chip */
	uint32_t block_size; /* bytes */
};

/* What of an object, or of a whole partition, a rule is about. */
enum twinfs_fault_role {
	TWINFS_FAULT_ANY_ROLE,
	TWINFS_FAULT_DATA,     /* content of files */
	TWINFS_FAULT_METADATA, /* metadata pairs, the superblock's too */
	TWINFS_FAULT_SUPERBLOCK,
};

/* Something that has blocks: a path, a SecureData slot, or all of one role. */
struct twinfs_fault_target {
	enum twinfs_fault_role role;
	const char *path; /* "/usr/a": as the site names objects; NULL: of any path */
	unsigned slot;    /* 1 to 16: a SecureData slot, path is NULL; 0 else */
};

/* Called with each range of the chip; a result other than 0 ends it and is returned. */
struct twinfs_fault_ranges {
	int (*each)(void *ctx, uint64_t addr, uint64_t len);
	void *ctx;
};

/* A member that is NULL means that nothing has that name, or no owner. */
struct twinfs_fault_site {
	void *ctx;
	/* The partition @name; NULL: the one that @addr lies in. 0 or -ENOENT. */
	int (*part)(void *ctx, const char *name, uint64_t addr, struct twinfs_fault_part *ret_part);
	/*
	 * Whether the operation belongs to @target now. Of a program or erase: whether
	 * it is done for it; of a read: whether the bytes read are its own. From the
	 * hook only.
	 */
	bool (*concerns)(void *ctx, const struct twinfs_flash_op *op,
		const struct twinfs_fault_target *target);
	/*
	 * Lists where @target lies now. @op is the operation in progress, NULL when it
	 * is not called from the hook. Returns 0, -ENOENT, -EAGAIN (it cannot be known
	 * in the middle of this operation: the next one will do), another errno, or
	 * what @ranges says.
	 */
	int (*ranges)(void *ctx, const struct twinfs_flash_op *op,
		const struct twinfs_fault_target *target, const struct twinfs_fault_ranges *ranges);
	/*
	 * Names the owner of the operation (@op not NULL: from the hook) or of the
	 * address, as "data /usr/a", "metadata /usr", "slot 3"; "" for none.
	 */
	void (*owner)(void *ctx, const struct twinfs_flash_op *op, uint64_t addr, char *buf,
		size_t size);
	/*
	 * twinfs_faults_hook() gives something else now, its `reads` have changed, or
	 * what twinfs_faults_wants_calls() says. 0, or -ENOMEM: the rule that is being
	 * added is not added; to want less must not fail.
	 */
	int (*rehook)(void *ctx);
};

/*
 * Makes an empty set of rules for a chip.
 *
 * @image  the bytes of @flash
 * @site   copied; NULL: nothing has a name
 * @seed   of all chance, unless a rule has its own
 *
 * Returns 0 or -ENOMEM.
 */
TWINFS_API int twinfs_faults_new(struct twinfs_flash *flash, struct twinfs_image *image,
	const struct twinfs_fault_site *site, uint64_t seed, struct twinfs_faults **ret_faults);

/* NULL is allowed. The hook must be unplugged, and nobody hold what it gave to readers. */
TWINFS_API void twinfs_faults_free(struct twinfs_faults *faults);

/* The seed of rules that are added from now on. */
TWINFS_API void twinfs_faults_set_seed(struct twinfs_faults *faults, uint64_t seed);
TWINFS_API uint64_t twinfs_faults_seed(const struct twinfs_faults *faults);

/*
 * What to plug into the chip: NULL when no rule needs it. `next` is the
 * caller's to set. The pointer stays the same; whether there is one, and its
 * `reads`, change with the rules: then site.rehook is called.
 */
TWINFS_API struct twinfs_flash_hook *twinfs_faults_hook(struct twinfs_faults *faults);

/* ---- rules ---- */

enum twinfs_fault_kind {
	TWINFS_FAULT_CUT,       /* the power is cut */
	TWINFS_FAULT_FAIL,      /* an operation fails */
	TWINFS_FAULT_SKIP,      /* an operation does not take place, and says it did */
	TWINFS_FAULT_FLIP,      /* cells change */
	TWINFS_FAULT_FILL,      /* cells get one value */
	TWINFS_FAULT_GARBLE,    /* cells get chance values */
	TWINFS_FAULT_STICK,     /* cells keep their value whatever is done */
	TWINFS_FAULT_LOOSEN,    /* cells read at chance until they are erased */
	TWINFS_FAULT_MISREAD,   /* a reader gets other bytes than the cells have */
	TWINFS_FAULT_WEAR_OUT,  /* blocks fail after so many erases */
	TWINFS_FAULT_SLOW,      /* an operation takes longer */
	TWINFS_FAULT_READ_ONLY, /* programs and erases are refused */
	TWINFS_FAULT_BROWN_OUT, /* the supply falls; the cut follows */
	TWINFS_FAULT_NOTE,      /* nothing but the event */
	TWINFS_FAULT_KINDS,
};

/* As rules spell it: "cut", "wear out". */
TWINFS_API const char *twinfs_fault_kind_name(enum twinfs_fault_kind kind);

/*
 * Adds the rule @text. Kinds that change cells do so at once when the rule has
 * no trigger; what they did is told to the sink.
 *
 * @ret_id  number of the rule, from 1, never given twice; 0: @text is empty or a
 *          comment, and nothing was added; may be NULL
 *
 * Returns 0, -EINVAL (@err says at which column and word), -ENOENT (no such
 * partition, path or slot), -ENOSPC (too many rules), -EROFS (it has to change
 * cells that cannot be written), -ENOMEM. On failure there is no rule, and
 * nothing has changed.
 */
TWINFS_API int twinfs_faults_add(struct twinfs_faults *faults, const char *text, unsigned *ret_id,
	struct twinfs_error *err);

/*
 * Adds the rules of @text, one a line, all of them or none; those that change
 * cells at once do it when all have been understood. The error names the line.
 *
 * @ret_count  rules added; may be NULL
 */
TWINFS_API int twinfs_faults_add_lines(struct twinfs_faults *faults, const char *text,
	unsigned *ret_count, struct twinfs_error *err);

/* Whether @text is a rule, without adding it. Names of the site are not looked up. 0 or -EINVAL. */
TWINFS_API int twinfs_fault_check(const char *text, struct twinfs_error *err);

/*
 * Removes rule @id. Stuck and loose cells are sound again from then on, with the
 * value they have. 0 or -ENOENT.
 */
TWINFS_API int twinfs_faults_remove(struct twinfs_faults *faults, unsigned id);

/* Removes all rules. */
TWINFS_API void twinfs_faults_clear(struct twinfs_faults *faults);

enum twinfs_fault_state {
	TWINFS_FAULT_WAITING, /* for its `since`, or until its count or time has come */
	TWINFS_FAULT_ARMED,   /* the next operation that fits may fire it */
	TWINFS_FAULT_DONE,    /* its limit is reached, or its `until` has fired */
};

/* "waiting", "armed", "done". */
TWINFS_API const char *twinfs_fault_state_name(enum twinfs_fault_state state);

struct twinfs_fault_rule {
	unsigned id;
	enum twinfs_fault_kind kind;
	enum twinfs_fault_state state;
	uint64_t counted;                 /* operations that its trigger has counted */
	uint64_t fired;                   /* times */
	char text[TWINFS_FAULT_RULE_MAX]; /* in the canonical form: adding it gives the same rule */
};

TWINFS_API unsigned twinfs_faults_count(const struct twinfs_faults *faults);

/* Describes the rule @index, from 0, in the order of their numbers. 0 or -ENOENT. */
TWINFS_API int twinfs_faults_get(const struct twinfs_faults *faults, unsigned index,
	struct twinfs_fault_rule *ret_rule);

/* ---- events ---- */

enum twinfs_fault_event_kind {
	TWINFS_FAULT_FIRED,   /* a rule did what it says */
	TWINFS_FAULT_WARNING, /* the supply begins to fall; the cut comes @in_ns later */
};

struct twinfs_fault_event {
	enum twinfs_fault_event_kind kind;
	uint64_t number; /* of the event, from 1 */
	unsigned rule;   /* its number; 0: of twinfs_faults_damage() */
	enum twinfs_fault_kind fault;
	const char *text; /* the rule */
	bool has_op;      /* an operation fired it; op_kind, seq, addr, len are its own */
	enum twinfs_flash_op_kind op_kind;
	uint64_t seq; /* of the operation, else of the last program or erase */
	/* Without an operation: the span of what was changed. len 0: there is no address. */
	uint64_t addr, len; /* bytes */
	const char *part;   /* partition the address is in, or NULL */
	uint32_t block;     /* of it, else erase unit of the chip; TWINFS_NO_BLOCK: no address */
	const char *owner;  /* as site.owner gives it; "": nobody */
	uint64_t time_ns;   /* virtual */
	int code;           /* what the operation gave; 0 when it claims success */
	bool cuts_power;
	uint32_t done;  /* bytes of the operation that took place */
	uint64_t bits;  /* bits that were changed, stuck, loosened or read wrong */
	uint64_t in_ns; /* WARNING: until the cut; SLOW: time added */
	char what[120]; /* in words: "power cut, torn at byte 17 of 256" */
};

/*
 * Is told of each event; it and its texts are valid during the call. NULL: nobody is.
 * To be set while no operation runs.
 */
TWINFS_API void twinfs_faults_set_sink(struct twinfs_faults *faults,
	void (*sink)(void *ctx, const struct twinfs_fault_event *event), void *ctx);

/* ---- power and time ---- */

/* To be called when the power comes back: the supply is whole, no brown-out goes on. */
TWINFS_API void twinfs_faults_power_on(struct twinfs_faults *faults);

/* Supply in mV: TWINFS_FAULT_SUPPLY_MV, less during a brown-out, 0 after a cut by a rule. */
TWINFS_API unsigned twinfs_faults_supply_mv(const struct twinfs_faults *faults);

/*
 * Writes what cut the power to @buf: "rule 3: cut at op 1337 (program of
 * 0x4a000, operation 1337)". False, with "": no rule did since the last power_on.
 */
TWINFS_API bool twinfs_faults_cause(const struct twinfs_faults *faults, char *buf, size_t size);

/*
 * Lets @ns of virtual time pass without an operation, as an application that
 * waits does; a brown-out whose time is up cuts the power. 0 or -ESHUTDOWN.
 */
TWINFS_API int twinfs_faults_pass(struct twinfs_faults *faults, uint64_t ns);

/* ---- calls of the layers above, as triggers ---- */

enum twinfs_fault_call {
	TWINFS_FAULT_CALL_CREATE,
	TWINFS_FAULT_CALL_OPEN,
	TWINFS_FAULT_CALL_READ,
	TWINFS_FAULT_CALL_WRITE,
	TWINFS_FAULT_CALL_TRUNCATE,
	TWINFS_FAULT_CALL_FSYNC,
	TWINFS_FAULT_CALL_COMMIT, /* new content is made to last */
	TWINFS_FAULT_CALL_REMOVE,
	TWINFS_FAULT_CALL_RENAME,
	TWINFS_FAULT_CALL_MKDIR,
	TWINFS_FAULT_CALL_ATTR,
	TWINFS_FAULT_CALL_STORE, /* of a SecureData slot; path is "slot 3" */
	TWINFS_FAULT_CALLS,
};

/* Whether a rule waits for calls: without one, telling them can be left out. */
TWINFS_API bool twinfs_faults_wants_calls(const struct twinfs_faults *faults);

/*
 * Tells of a call: that it begins, or has ended. A module tells by itself of what
 * changes its chip (create, commit, remove, rename, mkdir, attr, store); open, read,
 * write, truncate and fsync are told by who serves them. Rules with "before CALL of PATH"
 * or "after CALL of PATH" fire in here: cut, brown-out and note, which leave the
 * cells alone.
 *
 * @path, @new_path  as rules name them; @new_path of a rename, else NULL
 *
 * Returns 0, or -ESHUTDOWN: the power was cut, the call must fail.
 */
TWINFS_API int twinfs_faults_call(struct twinfs_faults *faults, enum twinfs_fault_call call,
	bool has_ended, const char *path, const char *new_path);

/* ---- damage at rest ---- */

/*
 * Names the partition, the block in it, and the owner of the byte at @addr, as
 * events do. No operation may run.
 *
 * @ret_part  NULL: in no partition, and the block is an erase unit of the chip
 * @owner     room of @size bytes; "": nobody's
 */
TWINFS_API void twinfs_faults_locate(struct twinfs_faults *faults, uint64_t addr,
	const char **ret_part, uint32_t *ret_block, char *owner, size_t size);

/* One byte that was changed. */
struct twinfs_fault_change {
	uint64_t addr;
	uint8_t was, is;
};

struct twinfs_fault_changes {
	void (*each)(void *ctx, const struct twinfs_fault_change *change);
	void *ctx;
};

/*
 * Carries out @text once, at once, without adding a rule: one of flip, fill,
 * garble, stick (the value that the cells would stick to), without a trigger.
 * Bytes that have the value already are no change.
 *
 * @number   distinguishes rules with one seed: the rule numbered so would do the same
 * @changes  told of each byte changed, in no particular order
 *
 * Returns 0, -ENOTSUP (a rule of another kind, or with a trigger), and as
 * twinfs_faults_add().
 */
TWINFS_API int twinfs_faults_damage(struct twinfs_faults *faults, const char *text, unsigned number,
	const struct twinfs_fault_changes *changes, struct twinfs_error *err);

#ifdef __cplusplus
}
#endif
#endif
