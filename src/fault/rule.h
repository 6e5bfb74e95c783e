/* SPDX-License-Identifier: MIT */
/*
 * rule.h - one rule, as the text of it says: nothing here knows a chip.
 *
 * tw_rule_parse() is the only way in for text; what it gives is complete: the
 * defaults of its kind are filled in, and clauses that do not go together are
 * refused. tw_rule_print() is its inverse.
 */
#ifndef TW_FAULT_RULE_H
#define TW_FAULT_RULE_H

#include <twinfs/fault.h>

/* Kinds of operations, as bits: what a rule acts on, and what it counts. */
enum {
	TW_READ = 1u << TWINFS_FLASH_READ,
	TW_PROGRAM = 1u << TWINFS_FLASH_PROGRAM,
	TW_ERASE = 1u << TWINFS_FLASH_ERASE,
	TW_WRITE = TW_PROGRAM | TW_ERASE,
	TW_ACCESS = TW_WRITE | TW_READ,
	TW_CALL = 1u << 3, /* a call of the layers above */
	TW_TICK = 1u << 4, /* time passes, and nothing else */
};

/* Clauses of the language: which of them a rule has. */
enum {
	TW_C_IN = 1u << 0,
	TW_C_ON = 1u << 1,
	TW_C_AT_SEQ = 1u << 2,      /* at op N */
	TW_C_AT_NTH = 1u << 3,      /* at program N */
	TW_C_AFTER_OPS = 1u << 4,   /* after N programs */
	TW_C_AFTER_BYTES = 1u << 5, /* after N KiB */
	TW_C_AFTER_TIME = 1u << 6,  /* after N ms */
	TW_C_CYCLES = 1u << 7,      /* after N cycles */
	TW_C_EVERY = 1u << 8,
	TW_C_CHANCE = 1u << 9,
	TW_C_SINCE = 1u << 10,
	TW_C_UNTIL = 1u << 11,
	TW_C_AS = 1u << 12,
	TW_C_CALL = 1u << 13, /* before CALL of PATH */
	TW_C_NOW = 1u << 14,
	TW_C_LIMIT = 1u << 15,
	TW_C_SEED = 1u << 16,
	TW_C_EXTENT = 1u << 17, /* how much of the operation takes place */
	TW_C_REST = 1u << 18,   /* what becomes of the rest */
	TW_C_ERROR = 1u << 19,
	TW_C_BITS = 1u << 20,   /* N bits, mask M */
	TW_C_TO_BIT = 1u << 21, /* to 0, to 1 */
	TW_C_VALUE = 1u << 22,  /* with 0x00, with random */
	TW_C_SYMPTOM = 1u << 23,
	TW_C_FOR = 1u << 24,
	TW_C_BY = 1u << 25,
	TW_C_FROM_MV = 1u << 26,
	TW_C_TO_MV = 1u << 27,
	TW_C_SILENT = 1u << 28,
};

#define TW_FOREVER UINT64_MAX

/* A number, or one to be drawn between two, both included. */
struct tw_range {
	uint64_t low, high;
};

enum tw_extent {
	TW_EXTENT_NONE, /* nothing takes place */
	TW_EXTENT_DONE, /* all of it */
	TW_EXTENT_BYTES,
	TW_EXTENT_PERCENT,
	TW_EXTENT_CHANCE, /* any number of bytes, but not all */
	TW_EXTENT_HERE,   /* where the bytes of "after N bytes" end */
	TW_EXTENT_KEEP,   /* these spans, and nothing else */
	TW_EXTENT_ZEROS,  /* an erase that got no further than its last bytes becoming zero */
};

/* Of cells that an interrupted operation was about to change. */
enum tw_rest {
	TW_REST_OLD,     /* as they were */
	TW_REST_MIXED,   /* each bit old or new, by chance */
	TW_REST_GARBAGE, /* by chance */
	TW_REST_LOOSE,   /* mixed, and read at chance until they are erased */
};

enum {
	TW_KEEP_MAX = 8,
	TW_SLOTS = 16, /* of SecureData */
};

struct tw_keep {
	uint32_t off, len; /* bytes of the operation */
};

struct tw_outcome {
	enum tw_extent extent;
	enum tw_rest rest;
	struct tw_range amount; /* bytes or percent */
	struct tw_keep keep[TW_KEEP_MAX];
	unsigned keep_count;
};

enum tw_where_kind {
	TW_EVERYWHERE,
	TW_SPAN,   /* addr, len */
	TW_PART,   /* part */
	TW_BLOCKS, /* block, count; of part, or of the chip when it is "" */
	TW_TARGET, /* role, path or "", part or "" */
	TW_SLOT,
};

enum {
	TW_PART_NAME = 40, /* bytes of each, with their NUL */
	TW_PATH = 256,
	TW_LABEL = 32,
};

struct tw_where {
	enum tw_where_kind kind;
	uint64_t addr, len; /* bytes of the chip */
	char part[TW_PART_NAME];
	uint64_t block, count;
	enum twinfs_fault_role role;
	char path[TW_PATH];
	unsigned slot;
};

enum tw_symptom {
	TW_ERASE_ERROR,
	TW_PROGRAM_ERROR,
	TW_READ_ERROR,
	TW_ERASE_SKIP, /* programs neither: the cells are not erased */
	TW_PROGRAM_SKIP,
	TW_PROGRAM_FLIP,
	TW_READ_FLIP,
	TW_SYMPTOMS,
};

struct tw_rule {
	enum twinfs_fault_kind kind;
	unsigned clauses; /* TW_C_* */
	struct tw_where where;

	/* when */
	bool at_once;        /* and nothing of what follows */
	unsigned act, count; /* TW_READ and so on */
	uint64_t at_seq;
	struct tw_range at_nth, after_ops, after_bytes, after_ns, every;
	uint64_t chance_of, chance_in; /* 1 in 500 */
	char since[TW_LABEL], until[TW_LABEL], as[TW_LABEL];
	enum twinfs_fault_call call;
	bool call_ended;
	char call_path[TW_PATH]; /* a pattern */
	uint64_t limit;          /* times; TW_FOREVER */
	uint64_t seed;

	/* what */
	struct tw_outcome outcome;
	int error; /* negative errno */
	struct tw_range bits;
	uint8_t mask;   /* of each byte; 0: bits are counted */
	uint8_t to_bit; /* 0, 1; 2: the other */
	bool is_random; /* value: chance instead */
	uint8_t value;
	struct tw_range cycles;
	bool more; /* cycles from now on */
	enum tw_symptom symptom;
	uint64_t for_ns, by_ns;
	uint32_t from_mv, to_mv;
};

/* How each kind is spelt, what may be said of it, and what is meant when nothing is. */
struct tw_kind {
	const char *name;
	unsigned allowed, needed; /* TW_C_*; of `needed` one is enough */
	unsigned act;             /* operations */
	bool is_once;             /* unless it says how often */
	bool changes_cells;       /* `in` says where, not by which operation */
};

extern const struct tw_kind tw_kinds[TWINFS_FAULT_KINDS];
extern const char *const tw_call_names[TWINFS_FAULT_CALLS];
extern const char *const tw_symptom_names[TW_SYMPTOMS];

/* Name of an error code a rule can ask for: "EIO". NULL: no such. */
const char *tw_error_name(int code);
/* Its negative errno; 0: no such. */
int tw_error_code(const char *name);

/* Clauses that say when: a rule without them, of a kind that changes cells, acts at once. */
#define TW_C_TRIGGER                                                                               \
	(TW_C_ON | TW_C_AT_SEQ | TW_C_AT_NTH | TW_C_AFTER_OPS | TW_C_AFTER_BYTES |                 \
		TW_C_AFTER_TIME | TW_C_EVERY | TW_C_CHANCE | TW_C_SINCE)

/*
 * Parses one line. Returns 1 (a rule), 0 (empty, or a comment), -EINVAL.
 */
int tw_rule_parse(const char *text, struct tw_rule *ret_rule, struct twinfs_error *err);

/* Writes the rule to @buf, of TWINFS_FAULT_RULE_MAX bytes. */
void tw_rule_print(const struct tw_rule *rule, char *buf);

#endif
