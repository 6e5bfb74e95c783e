/* SPDX-License-Identifier: MIT */
/* test_grammar.c - rules as text: what is understood, how it is printed, what is refused. */
#include <stdlib.h>

#include "rig.h"

struct wording {
	const char *text, *canonical;
};

static const struct wording wordings[] = {
	{"cut", "cut"},
	{"cut before", "cut"},
	{"cut after", "cut done"},
	{"cut done at op 7", "cut done at op 7"},
	{"cut after after 100 programs", "cut done after 100 programs"},
	{"cut, after 100 programs", "cut after 100 programs"},
	{"cut after every 100 programs", "cut done every 100 programs"},
	{"cut torn 17 at op 1337", "cut torn 17 at op 1337"},
	{"cut torn 0x10 mixed at operation 0x20", "cut torn 16 mixed at op 32"},
	{"cut torn", "cut torn"},
	{"cut torn 50% garbage on erase", "cut torn 50% garbage on erase"},
	{"cut torn 1..9 loose", "cut torn 1..9 loose"},
	{"cut torn keep 0+4, 8-16 at program 3", "cut torn keep 0+4 8+8 at program 3"},
	{"cut torn zeros 100 on erase", "cut torn zeros 100 on erase"},
	{"cut torn here after 64 KiB", "cut torn here after 64 KiB"},
	{"cut after 1000 bytes", "cut after 1000 bytes"},
	{"cut now", "cut now"},
	{"cut before rename of /usr/*", "cut before rename of /usr/*"},
	{"cut after rename of \"/usr/a b\" at call 2",
		"cut after rename of \"/usr/a b\" at call 2"},
	{"cut before store of slot 3", "cut before store of slot 3"},
	{"cut after 100..200 writes", "cut after 100..200 writes"},
	{"fail program in /usr/config.json once", "fail program in /usr/config.json once"},
	{"fail erase in block user:1", "fail erase in block user:1"},
	{"fail erase in block 3+2", "fail erase in block 3+2"},
	{"fail read with error EBADMSG with chance 0.5%",
		"fail read with chance 1/200 with error EBADMSG"},
	{"fail write torn 3 in user with chance 1/500",
		"fail write torn 3 in user with chance 1/500"},
	{"fail done", "fail done"},
	{"skip erase every 3..5 erases until cleared",
		"skip erase every 3..5 erases until cleared"},
	{"skip program torn 5 3 times", "skip program torn 5 3 times"},
	{"flip 3 bits in 0x1000-0x2000", "flip 3 bits in 0x1000+0x1000"},
	{"flip 1 bit to 0 in 0x1000+4K", "flip 1 bit to 0 in 0x1000+0x1000"},
	{"flip mask 0x80 in data of /usr/a", "flip mask 0x80 in data of /usr/a"},
	{"flip 1..8 bits on read in user with chance 1%",
		"flip 1..8 bits in user on read with chance 1/100"},
	{"fill with 0 in metadata of user", "fill with 0x00 in metadata of user"},
	{"fill with random in superblock", "fill with random in superblock"},
	{"garble in \"/usr/#1, really\" after 2 ms", "garble in \"/usr/#1, really\" after 2 ms"},
	{"stick 4 bits to 1 in block bak:0", "stick 4 bits to 1 in block bak:0"},
	{"loosen 9 bits in slot 3", "loosen 9 bits in slot 3"},
	{"misread 1 bit in slot 3 with chance 1%", "misread 1 bit in slot 3 with chance 1/100"},
	{"misread with 0xff in metadata", "misread with 0xff in metadata"},
	{"misread with random after 3 reads", "misread with random after 3 reads"},
	{"wear out in user after 1000 cycles with erase error",
		"wear out in user after 1000 cycles with erase error"},
	{"wear out after 10..20 more cycles", "wear out after 10..20 more cycles"},
	{"wear out after 0 cycles with program flip", "wear out after 0 cycles with program flip"},
	{"slow program by 5 ms", "slow program by 5 ms"},
	{"slow by 5us", "slow by 5 us"},
	{"read only after 10 s", "read only after 10 s"},
	{"read only silently in user", "read only silently in user"},
	{"read only with error EIO", "read only with error EIO"},
	{"brown-out after 200 operations for 50 ms", "brown-out for 50 ms after 200 writes"},
	{"brown-out for 1 s from 4200 mV to 3000 mV", "brown-out for 1 s from 4200 mV to 3000 mV"},
	{"note after 3 erases as x", "note after 3 erases as x"},
	{"cut since x until \"y z\"", "cut since x until \"y z\""},
	{"cut seed 7 # why", "cut seed 7"},
	{"\tfail  program,once ", "fail program once"},
};

START_TEST(rules_are_understood_and_printed_in_one_form)
{
	static struct rig rig;

	for (size_t i = 0; i < sizeof(wordings) / sizeof(*wordings); i++) {
		struct twinfs_fault_rule first, second;

		rig_init(&rig, 1);
		(void)add(&rig, wordings[i].text);
		first = rule(&rig, 0);
		ck_assert_str_eq(first.text, wordings[i].canonical);
		heal(&rig);
		(void)add(&rig, first.text);
		second = rule(&rig, 1);
		ck_assert_str_eq(second.text, wordings[i].canonical);
		ck_assert_int_eq(first.kind, second.kind);
		rig_release(&rig);
	}
}
END_TEST

START_TEST(empty_lines_and_comments_are_no_rules)
{
	static const char *const texts[] = {"", "  ", "# cut", "\t# x", ",", "\r"};
	static struct rig rig;

	rig_init(&rig, 1);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		unsigned id = 7;

		ck_assert_int_eq(twinfs_faults_add(rig.faults, texts[i], &id, NULL), 0);
		ck_assert_uint_eq(id, 0);
		ck_assert_int_eq(twinfs_fault_check(texts[i], NULL), 0);
	}
	ck_assert_uint_eq(twinfs_faults_count(rig.faults), 0);
	ck_assert_ptr_null(twinfs_faults_hook(rig.faults));
	ck_assert_uint_eq(rig.rehooks, 0);
	rig_release(&rig);
}
END_TEST

struct refusal {
	const char *text, *words; /* that the error has to have */
};

static const struct refusal refusals[] = {
	{"explode", "column 1: 'explode': expected a fault"},
	{"Cut", "column 1: 'Cut': expected a fault"},
	{"wear", "column 5: the end: expected 'out'"},
	{"read write", "column 6: 'write': expected 'only'"},
	{"cut sometimes", "column 5: 'sometimes': expected where"},
	{"cut at op", "column 10: the end: expected a number"},
	{"cut at op x", "column 11: 'x': expected a number"},
	{"cut at op 99999999999999999999999", "column 11"},
	{"cut at op 0x", "column 11"},
	{"cut at op 1a", "column 11"},
	{"cut at op 1 at op 2", "said already"},
	{"cut at dawn 3", "column 8: 'dawn'"},
	{"cut after 3 potatoes", "column 13: 'potatoes': expected a unit"},
	{"cut after 3", "column 12: the end: expected a unit"},
	{"cut every 0 writes", "never comes"},
	{"cut every 2 programs after 3 erases", "counts something else"},
	{"cut on erase at program 3", "count what the rule acts on"},
	{"cut after 9..3 writes", "expected a number"},
	{"cut torn 3 torn 4", "said already"},
	{"cut torn keep 0+0", "the range is empty"},
	{"cut torn keep 0+1 1+1 2+1 3+1 4+1 5+1 6+1 7+1 8+1", "at most 8"},
	{"cut torn here", "needs 'after N bytes'"},
	{"cut torn zeros 4 on program", "is about erases"},
	{"cut torn 4 on read", "only a program or erase"},
	{"cut torn 101%", "too large"},
	{"cut with chance 2", "expected a chance"},
	{"cut with chance 101%", "expected a chance"},
	{"cut with chance 1/0", "expected a chance"},
	{"cut with chance -1%", "expected a chance"},
	{"cut before", ""}, /* is one */
	{"cut before explosion of /usr", "expected where"},
	{"cut after rename to /usr", "column 18: 'to': expected 'of'"},
	{"cut before rename of /a in user", "waits for calls or for operations"},
	{"cut before rename of /a after 3 writes", "counts operations"},
	{"cut after 3 calls", "which calls"},
	{"cut now once at op 3", "either now or later"},
	{"cut 0 times", "0 times"},
	{"cut 3 apples", "expected 'times'"},
	{"cut in", "expected a name"},
	{"cut in slot 17", "expected a slot"},
	{"cut in slot 0", "expected a slot"},
	{"cut in block user:x", "expected a block"},
	{"cut in block 1+0", "expected BLOCK+COUNT"},
	{"cut in block user:99", "behind the end: there are 4 blocks"},
	{"cut in 0x1000", "expected ADDRESS+LENGTH"},
	{"cut in 0x2000-0x1000", "empty or too long"},
	{"cut in 0x0-0x7fffffffffffffff", "ends behind the chip"},
	{"cut in 1+0x7fffffffffffffff", "empty or too long"},
	{"cut in nowhere", "no partition 'nowhere'"},
	{"cut in data of nowhere", "no partition 'nowhere'"},
	{"cut \"now", "closing quote"},
	{"cut in \"/a\"b", "blank must follow"},
	{"cut by 5 ms", "makes no sense with 'cut'"},
	{"fail with error ENOMEM", "expected EIO"},
	{"fail 3 bits", "expected 'times'"},
	{"skip read", "is about programs and erases"},
	{"flip", "needs a number of bits"},
	{"flip 0 bits", "0 bits are no fault"},
	{"flip 70000 bits", "too large"},
	{"flip mask 0", "no bits"},
	{"flip mask 0x100", "up to 255"},
	{"flip 1 bit to 2", "up to 1"},
	{"flip 1 bit 3 times", "happens once"},
	{"flip 3 bits in /usr/nothing", "no such place"},
	{"flip 3 bits in slot 4", "no such place"},
	{"fill in user", "needs 'with'"},
	{"misread", "needs a number of bits"},
	{"misread 1 bit with 0xff", "either bits or a value"},
	{"misread 1 bit on program", "is about reads"},
	{"wear out", "needs 'after N cycles'"},
	{"wear out after 5 cycles with erase flip", "expected a symptom"},
	{"wear out after 5 writes", "makes no sense"},
	{"slow program", "needs 'by'"},
	{"slow by 1..2 ms", "a range makes no sense"},
	{"read only silently with error EIO", "either silently"},
	{"brown-out", "needs 'for'"},
	{"brown-out for 5 ms from 3000 mV to 4000 mV", "must fall"},
	{"brown-out for 5 ms to 3 V", "expected a unit"},
	{"brown-out for 5 ms from 3000..3100 mV", "a range makes no sense here"},
	{"cut torn keep 0xffffffff+0xffffffff", "the piece ends too far away"},
	{"cut in block a-partition-whose-name-is-longer-than-any-may-be-here:5", "name of the"},
	{"wear out after 5000000000 cycles", "too many cycles"},
	{"misread 1 bit at op 5", "say 'at read N'"},
	{"flip 1 bit in 9223372036854775807K+1", "column 15"},
	{"fail with error EIO with error EIO", "said already"},
	{"cut before rename of /usr/a before rename of /usr/b", "said already"},
	{"note as", "expected a name"},
	{"note as a-name-that-is-longer-than-any-label-may-be", "at most 31"},
	{"cut\x01", "control character 0x01"},
	{"cut\x1b[31m", "control character 0x1b"},
	{"cut\nfail", "control character 0x0a"},
};

START_TEST(what_makes_no_sense_is_refused_with_its_place)
{
	static struct rig rig;

	rig_init(&rig, 1);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		struct twinfs_error err = {0};
		int rc = twinfs_faults_add(rig.faults, refusals[i].text, NULL, &err);

		if (!refusals[i].words[0]) {
			ck_assert_int_eq(rc, 0);
			twinfs_faults_clear(rig.faults);
			continue;
		}
		ck_assert_msg(rc == -EINVAL || rc == -ENOENT, "'%s' gives %d", refusals[i].text,
			rc);
		ck_assert_int_eq(err.problem, TWINFS_P_FAULT);
		ck_assert_msg(strstr(err.text, refusals[i].words), "'%s': %s", refusals[i].text,
			err.text);
		ck_assert_uint_eq(twinfs_faults_count(rig.faults), 0);
	}
	all_are(cells(&rig, 0), SIZE, 0xff);
	rig_release(&rig);
}
END_TEST

START_TEST(text_that_is_too_long_is_refused)
{
	static struct rig rig;
	char text[2000];

	rig_init(&rig, 1);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(twinfs_faults_add(rig.faults, text, NULL, NULL), -EINVAL);
	memcpy(text, "cut in /", 8);
	text[399] = '\0';
	ck_assert_int_eq(twinfs_faults_add(rig.faults, text, NULL, NULL), -EINVAL);
	/* fits, but its quoted form does not */
	memcpy(text, "note since \"", 12);
	memset(text + 12, '"', 380);
	text[200] = '\0';
	ck_assert_int_eq(twinfs_faults_add(rig.faults, text, NULL, NULL), -EINVAL);
	ck_assert_uint_eq(twinfs_faults_count(rig.faults), 0);
	rig_release(&rig);
}
END_TEST

/* Words of the language in any order: never a crash, and what is taken prints to itself. */
START_TEST(words_in_any_order_are_understood_or_refused)
{
	static const char *const words[] = {"cut", "fail", "flip", "read", "only", "program",
		"torn", "keep", "0+4", "17", "3..5", "bits", "1/3", "in", "on", "at", "after",
		"before", "every", "with", "chance", "once", "user", "block", "slot", "3", "/usr/a",
		"of", "data", "ms", "KiB", "times", "until", "cleared", "since", "as", "seed", "to",
		"0", "1", "for", "by", "now", "done", "mixed", "\"", "\"x\"", "#", "rename", "op",
		"5%", "0xff", "random", "misread", "wear", "out", "cycles", "more", "stick",
		"brown-out"};
	static struct rig rig;
	uint64_t state = 1;
	unsigned taken = 0;

	rig_init(&rig, 1);
	for (unsigned round = 0; round < 200000; round++) {
		char text[TWINFS_FAULT_RULE_MAX] = "";
		size_t len = 0;
		unsigned count;

		state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
		count = 1 + (unsigned)(state >> 60) % 8;
		while (count--) {
			state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ",
				words[(state >> 33) % (sizeof(words) / sizeof(*words))]);
		}
		if (twinfs_faults_add(rig.faults, text, NULL, NULL) ||
			!twinfs_faults_count(rig.faults))
			continue;
		taken++;
		(void)snprintf(text, sizeof(text), "%s", rule(&rig, 0).text);
		twinfs_faults_clear(rig.faults);
		heal(&rig);
		(void)add(&rig, text);
		ck_assert_str_eq(rule(&rig, 0).text, text);
		twinfs_faults_clear(rig.faults);
		heal(&rig);
		rig.event_count = 0;
	}
	ck_assert_uint_gt(taken, 100);
	rig_release(&rig);
}
END_TEST

START_TEST(several_lines_are_added_together_or_not_at_all)
{
	static struct rig rig;
	struct twinfs_error err;
	unsigned count = 0;

	rig_init(&rig, 1);
	ck_assert_int_eq(twinfs_faults_add_lines(rig.faults,
				 "# two\ncut at op 5\r\n\n  fail erase # and so on\n", &count,
				 &err),
		0);
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(rule(&rig, 1).text, "fail erase");
	ck_assert_int_eq(twinfs_faults_add_lines(rig.faults, "fill with 0 in user\n\ncut at noon",
				 &count, &err),
		-EINVAL);
	ck_assert_str_eq(err.text, "line 3: column 8: 'noon': expected op, program, erase, write, "
				   "read or call");
	ck_assert_uint_eq(twinfs_faults_count(rig.faults), 2);
	all_are(cells(&rig, 0), SIZE, 0xff);
	/* only carrying it out shows that this cannot be */
	ck_assert_int_eq(twinfs_faults_add_lines(rig.faults, "cut\nflip 1 bit in slot 9", &count,
				 &err),
		-ENOENT);
	ck_assert_uint_eq(twinfs_faults_count(rig.faults), 2);
	rig_release(&rig);
}
END_TEST

/* Whatever stands in backquotes behind "## Examples". */
START_TEST(the_examples_of_the_document_are_rules)
{
	const char *name = getenv("FAULT_RULES_DOC");
	FILE *file = name ? fopen(name, "re") : NULL;
	char line[1000];
	unsigned count = 0;
	bool wanted = false;

	ck_assert_msg(file || !name, "%s cannot be read", name);
	while (file && fgets(line, sizeof(line), file)) {
		char *save = NULL, *piece = strtok_r(line, "`", &save);

		wanted |= !strcmp(line, "## Examples\n");
		for (unsigned i = 0; wanted && piece; i++, piece = strtok_r(NULL, "`", &save)) {
			struct twinfs_error err = {0};

			if (i % 2 == 0)
				continue;
			ck_assert_msg(!twinfs_fault_check(piece, &err), "'%s': %s", piece,
				err.text);
			count++;
		}
	}
	ck_assert_msg(!name || count > 15, "%u examples", count);
	if (file)
		(void)fclose(file);
}
END_TEST

START_TEST(numbers_are_never_given_twice_and_rules_are_bounded)
{
	static struct rig rig;
	struct twinfs_fault_rule it;

	rig_init(&rig, 1);
	ck_assert_uint_eq(add(&rig, "cut at op 1"), 1);
	ck_assert_uint_eq(add(&rig, "cut at op 2"), 2);
	ck_assert_int_eq(twinfs_faults_remove(rig.faults, 2), 0);
	ck_assert_int_eq(twinfs_faults_remove(rig.faults, 2), -ENOENT);
	ck_assert_uint_eq(add(&rig, "cut at op 3"), 3);
	while (twinfs_faults_count(rig.faults) < TWINFS_FAULT_RULES)
		(void)add(&rig, "note");
	ck_assert_int_eq(twinfs_faults_add(rig.faults, "note", NULL, NULL), -ENOSPC);
	ck_assert_int_eq(twinfs_faults_add_lines(rig.faults, "note", NULL, NULL), -ENOSPC);
	ck_assert_int_eq(twinfs_faults_get(rig.faults, TWINFS_FAULT_RULES, &it), -ENOENT);
	ck_assert_ptr_nonnull(twinfs_faults_hook(rig.faults));
	twinfs_faults_clear(rig.faults);
	ck_assert_ptr_null(twinfs_faults_hook(rig.faults));
	ck_assert(!twinfs_flash_has_hook(rig.flash));
	rig_release(&rig);
}
END_TEST

RUN_CASES("grammar", rules_are_understood_and_printed_in_one_form,
	empty_lines_and_comments_are_no_rules, what_makes_no_sense_is_refused_with_its_place,
	text_that_is_too_long_is_refused, words_in_any_order_are_understood_or_refused,
	several_lines_are_added_together_or_not_at_all, the_examples_of_the_document_are_rules,
	numbers_are_never_given_twice_and_rules_are_bounded)
