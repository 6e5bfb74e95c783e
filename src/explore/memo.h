/* SPDX-License-Identifier: MIT */
/*
 * memo.h - which states need not be tried, because one that looks the same to a
 * trial was.
 *
 * A trial is deterministic: which unit it reads next follows from the sights of
 * those it has read. So trials that began alike are one path in a tree: a node
 * says which unit is read there, the sight of it says which node comes next, and
 * a path ends at what the trial found out.
 *
 * Threads  a memo belongs to one thread.
 */
#ifndef TW_EXPLORE_MEMO_H
#define TW_EXPLORE_MEMO_H

#include "stage.h"

struct tw_memo_node;
struct tw_memo_edge;

/* All zero is empty. */
struct tw_memo {
	struct tw_memo_node *nodes; /* 0 is the root */
	uint32_t node_count, node_room;
	struct tw_memo_edge *edges; /* a hash table */
	uint32_t edge_count, edge_room;
};

/* What all trials of one outcome have in common. */
struct tw_memo_step {
	uint32_t unit, node; /* the node at which it is read */
	enum tw_view view;   /* in which its sight counts there */
};

void tw_memo_clear(struct tw_memo *memo);
void tw_memo_release(struct tw_memo *memo);

/*
 * Goes from @node (0: the beginning) by the sights of the state that is up. What
 * tw_memo_add() put at the end, or NULL.
 */
void *tw_memo_find(const struct tw_memo *memo, struct tw_stage *stage, uint32_t node);

/*
 * Adds the path of the stage's last trial, which must not be there, in the state
 * that is up. @ret_steps has room for stage->read_count. 0, -ENOMEM, -EUCLEAN:
 * a trial did not do what one before it did that saw the same; or -EAGAIN: it has
 * to see more of a unit than is looked at there, so nothing can be remembered.
 */
int tw_memo_add(struct tw_memo *memo, struct tw_stage *stage, void *outcome,
	struct tw_memo_step *ret_steps);

#endif
