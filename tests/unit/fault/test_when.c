/* SPDX-License-Identifier: MIT */
/* test_when.c - when rules fire, how often, and that chance can be had again. */
#include "rig.h"

/* Writes until @ops have been begun: a program and an erase in turn; notes fire on some. */
static void work(struct rig *rig, unsigned ops)
{
	for (unsigned i = 0; i < ops; i++)
		ck_assert_int_eq(i % 2 ? erase(rig, 0) : program(rig, 0, 0, 16), 0);
}

struct pace {
	const char *rule;
	unsigned fires[8]; /* numbers of the operations of twelve, 0 ends */
};

START_TEST(rules_fire_when_they_say)
{
	static const struct pace paces[] = {
		{"note", {1, 2, 3, 4, 5, 6, 7, 8}},
		{"note once", {1}},
		{"note 3 times", {1, 2, 3}},
		{"note at op 5", {5}},
		{"note at program 2", {3}},
		{"note at erase 2", {4}},
		{"note at write 7", {7}},
		{"note on erase", {2, 4, 6, 8, 10, 12}},
		{"note on erase 2 times", {2, 4}},
		{"note after 9 writes", {10, 11, 12}},
		{"note after 4 programs", {9, 11}},
		{"note on erase after 4 programs", {8, 10, 12}},
		{"note on erase after 4 programs once", {8}},
		{"note every 5 writes", {5, 10}},
		{"note every 2 erases", {4, 8, 12}},
		{"note every 3 writes after 6 writes", {9, 12}},
		{"note after 20 bytes on program", {3, 5, 7, 9, 11}},
		{"note after 8 KiB", {4, 5, 6, 7, 8, 9, 10, 11}},
		{"note after 102 us", {5, 6, 7, 8, 9, 10, 11, 12}},
		{"note after 102001 ns once", {6}},
		{"note with chance 0%", {0}},
		{"note with chance 100% 2 times", {1, 2}},
		{"note in 0+16 on program 2 times", {1, 3}},
		{"note in 0x1000+16", {0}},
		{"note in 0xfff+1", {2, 4, 6, 8, 10, 12}},
		{"note at op 99", {0}},
	};
	static struct rig rig;

	for (size_t i = 0; i < sizeof(paces) / sizeof(*paces); i++) {
		unsigned n = 0;

		rig_init(&rig, 1);
		(void)add(&rig, paces[i].rule);
		work(&rig, 12);
		for (; n < 8 && paces[i].fires[n]; n++)
			ck_assert_msg(n < rig.event_count && rig.events[n].seq == paces[i].fires[n],
				"'%s': firing %u is not at %u", paces[i].rule, n + 1,
				paces[i].fires[n]);
		ck_assert_msg(n == 8 || rig.event_count == n, "'%s': %u firings", paces[i].rule,
			rig.event_count);
		ck_assert_uint_eq(rule(&rig, 0).fired, rig.event_count);
		rig_release(&rig);
	}
}
END_TEST

START_TEST(operations_count_from_when_the_rule_is_added)
{
	static struct rig rig;

	rig_init(&rig, 1);
	work(&rig, 5);
	(void)add(&rig, "note at program 1");
	(void)add(&rig, "note at op 7");
	(void)add(&rig, "note after 50 us once");
	ck_assert_int_eq(program(&rig, 0, 0, 16), 0);
	ck_assert_int_eq(erase(&rig, 0), 0);
	ck_assert_int_eq(erase(&rig, 0), 0);
	ck_assert_uint_eq(rig.event_count, 3);
	ck_assert_uint_eq(rig.events[0].seq, 6);
	ck_assert_uint_eq(rig.events[1].seq, 7);
	ck_assert_uint_eq(rig.events[1].rule, 2);
	ck_assert_uint_eq(rig.events[2].seq, 8);
	rig_release(&rig);
}
END_TEST

START_TEST(reads_are_counted_only_by_rules_about_them)
{
	static struct rig rig;
	const uint8_t *data;

	rig_init(&rig, 1);
	(void)add(&rig, "note at read 3");
	(void)add(&rig, "note at access 5");
	(void)add(&rig, "note at write 1");
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(look(&rig, 0, 1, &data), 0);
	ck_assert_int_eq(program(&rig, 0, 0, 16), 0);
	ck_assert_uint_eq(rig.event_count, 3);
	ck_assert_uint_eq(rig.events[0].rule, 1);
	ck_assert_int_eq(rig.events[0].op_kind, TWINFS_FLASH_READ);
	ck_assert_uint_eq(rig.events[1].rule, 2);
	ck_assert_int_eq(rig.events[1].op_kind, TWINFS_FLASH_PROGRAM);
	ck_assert_uint_eq(rig.events[2].rule, 3);
	rig_release(&rig);
}
END_TEST

START_TEST(chance_is_about_what_it_says)
{
	static struct rig rig;

	rig_init(&rig, 11);
	(void)add(&rig, "note with chance 1/4");
	work(&rig, 1000);
	ck_assert_uint_gt(rig.event_count, 200);
	ck_assert_uint_lt(rig.event_count, 300);
	rig_release(&rig);
	rig_init(&rig, 11);
	(void)add(&rig, "note every 2..6 writes");
	work(&rig, 1000);
	ck_assert_uint_gt(rig.event_count, 220); /* 250 */
	ck_assert_uint_lt(rig.event_count, 280);
	for (unsigned i = 1; i < rig.event_count; i++) {
		uint64_t gap = rig.events[i].seq - rig.events[i - 1].seq;

		ck_assert(gap >= 2 && gap <= 6);
	}
	rig_release(&rig);
}
END_TEST

START_TEST(how_long_a_rule_waits_can_be_drawn)
{
	static struct rig rig;
	unsigned ends[10] = {0}, different = 0;

	rig_init(&rig, 7);
	for (unsigned i = 0; i < 20; i++)
		(void)add(&rig, "note after 3..8 writes once");
	work(&rig, 12);
	ck_assert_uint_eq(rig.event_count, 20);
	for (unsigned i = 0; i < 20; i++) {
		ck_assert(rig.events[i].seq >= 4 && rig.events[i].seq <= 9);
		ends[rig.events[i].seq]++;
	}
	for (unsigned i = 4; i <= 9; i++)
		different += ends[i] != 0;
	ck_assert_uint_ge(different, 3);
	rig_release(&rig);
}
END_TEST

/* Only what meets the page is counted. */
START_TEST(a_page_can_fail_after_programs_or_reads_of_it)
{
	static struct rig rig;
	const uint8_t *data;

	rig_init(&rig, 1);
	(void)add(&rig, "fail program done in 0x100+256 after 2 programs");
	(void)add(&rig, "misread with random in 0x2000+256 after 2 reads");
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(program(&rig, 64 * i, 0, 64), 0);
		ck_assert_int_eq(look(&rig, 0x3000, 64, &data), 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(program(&rig, 0x100 + 64 * i, 0, 64), 0);
		ck_assert_int_eq(look(&rig, 0x2000, 64, &data), 0);
		all_are(data, 64, 0xff);
	}
	ck_assert_int_eq(program(&rig, 0x180, 0, 64), -EIO);
	all_are(cells(&rig, 0x180), 64, 0);
	ck_assert_int_eq(look(&rig, 0x2000, 64, &data), 0);
	ck_assert_uint_lt(ones(data, 64), 400);
	ck_assert_int_eq(program(&rig, 0x200, 0, 64), 0);
	rig_release(&rig);
}
END_TEST

static const char *const wild[] = {
	"flip 1..5 bits with chance 10%",
	"fail program torn mixed with chance 5%",
	"skip erase every 3..9 erases torn",
	"garble on erase with chance 2%",
	"stick 3 bits in user after 10..30 writes",
	"misread 1..3 bits with chance 20%",
	"loosen 40 bits in 0+256 after 5 writes",
};

/* What a workload leaves on the chip, and what it saw. */
static uint64_t run_wild(struct rig *rig, uint64_t seed)
{
	uint64_t seen = 0, state = 1;

	rig_init(rig, seed);
	twinfs_faults_set_sink(rig->faults, NULL, NULL);
	for (size_t i = 0; i < sizeof(wild) / sizeof(*wild); i++)
		(void)add(rig, wild[i]);
	for (unsigned i = 0; i < 2000; i++) {
		const uint8_t *data;
		uint64_t addr;

		state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
		addr = (state >> 40) % (SIZE / 64) * 64;
		if (state >> 62 == 0)
			seen = 31 * seen + (uint64_t)erase(rig, addr / UNIT * UNIT);
		else
			seen = 31 * seen + (uint64_t)program(rig, addr, (uint8_t)i, 64);
		ck_assert_int_eq(look(rig, addr, 64, &data), 0);
		for (unsigned j = 0; j < 64; j++)
			seen = 31 * seen + data[j];
	}
	return seen;
}

START_TEST(the_same_seed_gives_the_same_bytes)
{
	static struct rig a, b, c;
	uint64_t seen = run_wild(&a, 42);

	ck_assert_uint_eq(run_wild(&b, 42), seen);
	ck_assert_mem_eq(cells(&a, 0), cells(&b, 0), SIZE);
	for (unsigned i = 0; i < twinfs_faults_count(a.faults); i++) {
		ck_assert_uint_eq(rule(&a, i).fired, rule(&b, i).fired);
		ck_assert_uint_gt(rule(&a, i).fired, 0);
	}
	ck_assert_uint_ne(run_wild(&c, 43), seen);
	ck_assert(memcmp(cells(&a, 0), cells(&c, 0), SIZE) != 0);
	rig_release(&a);
	rig_release(&b);
	rig_release(&c);
}
END_TEST

START_TEST(a_rule_can_have_its_own_seed)
{
	static struct rig a, b;

	rig_init(&a, 1);
	rig_init(&b, 2);
	(void)add(&a, "flip 7 bits seed 5");
	(void)add(&b, "note");
	(void)add(&b, "flip 7 bits seed 5");
	ck_assert_mem_eq(cells(&a, 0), cells(&b, 0), SIZE);
	twinfs_faults_set_seed(a.faults, 9);
	ck_assert_uint_eq(twinfs_faults_seed(a.faults), 9);
	(void)add(&a, "flip 7 bits");
	twinfs_faults_set_seed(b.faults, 9);
	ck_assert_int_eq(twinfs_faults_remove(b.faults, 1), 0);
	(void)add(&b, "flip 7 bits");
	ck_assert(memcmp(cells(&a, 0), cells(&b, 0), SIZE) != 0); /* another number */
	rig_release(&a);
	rig_release(&b);
}
END_TEST

START_TEST(rules_wait_for_each_other)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "cut at write 3 as first");
	(void)add(&rig, "cut at write 2 since first as second");
	(void)add(&rig, "note on erase until first");
	(void)add(&rig, "note on program since second once");
	ck_assert_int_eq(rule(&rig, 1).state, TWINFS_FAULT_WAITING);
	work(&rig, 2);
	ck_assert_int_eq(program(&rig, 0, 0, 16), -ESHUTDOWN);
	ck_assert_int_eq(rule(&rig, 1).state, TWINFS_FAULT_WAITING);
	ck_assert_int_eq(rule(&rig, 2).state, TWINFS_FAULT_DONE);
	heal(&rig);
	ck_assert_uint_eq(rule(&rig, 1).counted, 0); /* from the next operation on */
	ck_assert_int_eq(erase(&rig, 0), 0);
	ck_assert_int_eq(erase(&rig, 0), -ESHUTDOWN);
	heal(&rig);
	work(&rig, 4);
	ck_assert_uint_eq(rig.event_count, 4);
	ck_assert_uint_eq(rig.events[0].rule, 3);
	ck_assert_uint_eq(rig.events[1].rule, 1);
	ck_assert_uint_eq(rig.events[2].rule, 2);
	ck_assert_uint_eq(rig.events[3].rule, 4);
	rig_release(&rig);
}
END_TEST

START_TEST(the_first_rule_decides_and_the_others_count_on)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "fail program with error ENOSPC");
	(void)add(&rig, "skip program");
	(void)add(&rig, "flip mask 1 in 0x40+1 on program");
	(void)add(&rig, "slow by 1 ms");
	(void)add(&rig, "cut at program 2");
	(void)add(&rig, "wear out after 0 cycles with program skip");
	(void)add(&rig, "wear out after 0 cycles with program error");
	ck_assert_int_eq(program(&rig, 0x40, 0, 16), -ENOSPC);
	ck_assert_uint_eq(*cells(&rig, 0x40), 0xfe); /* what adds up, adds up */
	ck_assert_int_eq(program(&rig, 0x40, 0, 16), -ENOSPC);
	ck_assert_uint_eq(rule(&rig, 0).fired, 2);
	ck_assert_uint_eq(rule(&rig, 1).fired, 0);
	ck_assert_uint_eq(rule(&rig, 1).counted, 2);
	ck_assert_uint_eq(rule(&rig, 2).fired, 2);
	ck_assert_uint_eq(rule(&rig, 3).fired, 2);
	ck_assert_uint_eq(rule(&rig, 4).fired, 0); /* missed its turn */
	ck_assert_int_eq(rule(&rig, 4).state, TWINFS_FAULT_DONE);
	ck_assert_uint_eq(rule(&rig, 5).fired, 0);
	ck_assert_uint_eq(rule(&rig, 6).fired, 0);
	rig_release(&rig);
}
END_TEST

START_TEST(counts_survive_a_power_cut)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "cut every 4 writes");
	for (unsigned round = 0; round < 3; round++) {
		work(&rig, 3);
		ck_assert_int_eq(program(&rig, 0, 0, 16), -ESHUTDOWN);
		heal(&rig);
	}
	ck_assert_uint_eq(rule(&rig, 0).fired, 3);
	ck_assert_int_eq(rule(&rig, 0).state, TWINFS_FAULT_WAITING);
	work(&rig, 3);
	ck_assert_int_eq(rule(&rig, 0).state, TWINFS_FAULT_ARMED);
	rig_release(&rig);
}
END_TEST

START_TEST(a_cut_can_come_now)
{
	static struct rig rig;
	char cause[100];

	rig_init(&rig, 1);
	(void)add(&rig, "cut now");
	ck_assert(!twinfs_flash_has_power(rig.flash));
	ck_assert(twinfs_faults_cause(rig.faults, cause, sizeof(cause)));
	ck_assert_str_eq(cause, "rule 1: cut now");
	ck_assert_str_eq(rig.events[0].what, "power cut");
	ck_assert_uint_eq(rig.events[0].block, TWINFS_NO_BLOCK);
	ck_assert_int_eq(twinfs_faults_pass(rig.faults, 1), -ESHUTDOWN);
	heal(&rig);
	work(&rig, 4);
	rig_release(&rig);
}
END_TEST

START_TEST(time_passes_without_operations)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "note after 5 ms once");
	(void)add(&rig, "brown-out after 10 ms for 2 ms");
	(void)add(&rig, "fail after 1 ms");
	ck_assert_int_eq(twinfs_faults_pass(rig.faults, 11000000), 0);
	ck_assert_uint_eq(rig.event_count, 2);
	ck_assert_int_eq(rig.events[0].fault, TWINFS_FAULT_NOTE);
	ck_assert_uint_eq(rig.events[0].time_ns, 5000000);
	ck_assert_int_eq(rig.events[1].kind, TWINFS_FAULT_WARNING);
	ck_assert_uint_eq(rig.events[1].time_ns, 10000000);
	ck_assert_uint_eq(twinfs_faults_supply_mv(rig.faults), 3550);
	ck_assert_int_eq(program(&rig, 0, 0, 16), -EIO);
	ck_assert_int_eq(twinfs_faults_pass(rig.faults, 1000000), -ESHUTDOWN);
	ck_assert_uint_eq(rig.events[3].time_ns, 12000000);
	ck_assert(rig.events[3].cuts_power);
	ck_assert(!twinfs_flash_has_power(rig.flash));
	rig_release(&rig);
}
END_TEST

/* One long wait, in which both the warning and the cut lie. */
START_TEST(what_lies_in_a_long_wait_comes_in_order)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "note after 20 ms");
	(void)add(&rig, "brown-out after 10 ms for 2 ms");
	(void)add(&rig, "note after 11 ms");
	ck_assert_int_eq(twinfs_faults_pass(rig.faults, 3600000000000), -ESHUTDOWN);
	ck_assert_uint_eq(rig.event_count, 3);
	ck_assert_uint_eq(rig.events[0].time_ns, 10000000);
	ck_assert_uint_eq(rig.events[1].time_ns, 11000000);
	ck_assert_uint_eq(rig.events[2].time_ns, 12000000);
	ck_assert(rig.events[2].cuts_power);
	rig_release(&rig);
}
END_TEST

START_TEST(calls_fire_rules)
{
	static struct rig rig;

	rig_init(&rig, 1);
	ck_assert(!twinfs_faults_wants_calls(rig.faults));
	(void)add(&rig, "note before rename of /usr/*");
	(void)add(&rig, "cut after commit of /usr/config.json at call 2");
	ck_assert(twinfs_faults_wants_calls(rig.faults));
	ck_assert(!twinfs_flash_has_hook(rig.flash));
	ck_assert_int_eq(twinfs_faults_call(rig.faults, TWINFS_FAULT_CALL_RENAME, false, "/bak/x",
				 "/usr/y"),
		0);
	ck_assert_int_eq(twinfs_faults_call(rig.faults, TWINFS_FAULT_CALL_RENAME, true, "/usr/x",
				 "/usr/y"),
		0);
	ck_assert_int_eq(twinfs_faults_call(rig.faults, TWINFS_FAULT_CALL_RENAME, false, "/usr/d/x",
				 "/bak/d/y"),
		0); /* '*' is one name */
	ck_assert_uint_eq(rig.event_count, 1);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(twinfs_faults_call(rig.faults, TWINFS_FAULT_CALL_COMMIT, false,
					 "/usr/config.json", NULL),
			0);
		ck_assert_int_eq(twinfs_faults_call(rig.faults, TWINFS_FAULT_CALL_COMMIT, true,
					 "/usr/config.json", NULL),
			i ? -ESHUTDOWN : 0);
	}
	ck_assert(!twinfs_flash_has_power(rig.flash));
	ck_assert_uint_eq(rig.event_count, 2);
	rig_release(&rig);
}
END_TEST

RUN_CASES("when", rules_fire_when_they_say, operations_count_from_when_the_rule_is_added,
	reads_are_counted_only_by_rules_about_them, chance_is_about_what_it_says,
	how_long_a_rule_waits_can_be_drawn, a_page_can_fail_after_programs_or_reads_of_it,
	the_same_seed_gives_the_same_bytes, a_rule_can_have_its_own_seed, rules_wait_for_each_other,
	the_first_rule_decides_and_the_others_count_on, counts_survive_a_power_cut,
	a_cut_can_come_now, time_passes_without_operations, what_lies_in_a_long_wait_comes_in_order,
	calls_fire_rules)
