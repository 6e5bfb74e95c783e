/* SPDX-License-Identifier: MIT */
/*
 * test_node.c - the table of objects with more of them than it began with.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "overlay/node.h"

#define MANY 1000

static struct tw_overlay_node *add(struct tw_overlay_table *table, struct tw_overlay_node *dir,
	unsigned i, enum tw_overlay_kind kind)
{
	struct tw_overlay_node *node;
	char name[16];

	(void)snprintf(name, sizeof(name), "name%u", i);
	ck_assert_int_eq(tw_overlay_node_new(table, kind, name, &node), 0);
	tw_overlay_node_link(table, node, dir);
	return node;
}

static struct tw_overlay_node *child(struct tw_overlay_table *table,
	const struct tw_overlay_node *dir, unsigned i)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "name%u", i);
	return tw_overlay_node_child(table, dir, name);
}

START_TEST(many_objects_are_found)
{
	struct tw_overlay_table table;
	struct tw_overlay_node *a, *b;

	ck_assert_int_eq(tw_overlay_table_init(&table, 5), 0);
	ck_assert_int_eq(tw_overlay_node_new(&table, TW_OVERLAY_DIR, "", &a), 0);
	ck_assert_uint_eq(a->ino, 5);
	b = add(&table, a, MANY, TW_OVERLAY_DIR);
	for (unsigned i = 0; i < MANY; i++) {
		(void)add(&table, a, i, TW_OVERLAY_FILE);
		(void)add(&table, b, i, i % 2 ? TW_OVERLAY_WHITEOUT : TW_OVERLAY_FILE);
	}
	for (unsigned i = 0; i < MANY; i++) {
		const struct tw_overlay_node *above = child(&table, a, i),
					     *below = child(&table, b, i);

		ck_assert_ptr_nonnull(above);
		ck_assert_ptr_nonnull(below);
		ck_assert_ptr_ne(above, below);
		ck_assert_ptr_eq(tw_overlay_node_get(&table, above->ino), above);
		ck_assert_uint_eq(below->ino == 0, i % 2);
	}
	ck_assert_ptr_null(tw_overlay_node_get(&table, 0));
	ck_assert_ptr_null(tw_overlay_node_get(&table, table.next_ino));
	tw_overlay_node_remove(&table, b);
	ck_assert_ptr_null(child(&table, a, MANY));
	ck_assert_uint_eq(table.count, MANY + 1);
	tw_overlay_table_release(&table);
}
END_TEST

START_TEST(removed_object_goes_with_its_last_user)
{
	struct tw_overlay_table table;
	struct tw_overlay_node *dir, *node, *next;
	uint64_t ino;

	ck_assert_int_eq(tw_overlay_table_init(&table, 1), 0);
	ck_assert_int_eq(tw_overlay_node_new(&table, TW_OVERLAY_DIR, "", &dir), 0);
	node = add(&table, dir, 0, TW_OVERLAY_FILE);
	ino = node->ino;
	node->refs = 1;
	node->opens = 1;
	next = add(&table, dir, 0, TW_OVERLAY_WHITEOUT); /* takes the place */
	ck_assert_ptr_eq(child(&table, dir, 0), next);
	ck_assert(node->is_removed);
	node->refs = 0;
	tw_overlay_node_settle(&table, node);
	ck_assert_ptr_eq(tw_overlay_node_get(&table, ino), node);
	node->opens = 0;
	tw_overlay_node_settle(&table, node);
	ck_assert_ptr_null(tw_overlay_node_get(&table, ino));
	next = add(&table, dir, 0, TW_OVERLAY_FILE);
	ck_assert_ptr_eq(child(&table, dir, 0), next);
	ck_assert_uint_eq(table.count, 2);
	tw_overlay_table_release(&table);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("overlay_node");
	TCase *tc = tcase_create("node");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, many_objects_are_found);
	tcase_add_test(tc, removed_object_goes_with_its_last_user);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
