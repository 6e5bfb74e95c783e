/* SPDX-License-Identifier: MIT */
/*
 * memo.c - the tree of what trials read, and what they came to.
 *
 * All edges are in one hash table, by the node they leave and the sight.
 */
#include "memo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NO_UNIT UINT32_MAX
#define NO_NODE UINT32_MAX

struct tw_memo_node {
	uint32_t unit; /* that is read next; NO_UNIT: the end, or not known yet */
	enum tw_view view;
	void *outcome;
};

struct tw_memo_edge {
	uint64_t sight;
	uint32_t from;
	uint32_t to; /* 0: a free place, since nothing leads to the root */
};

void tw_memo_clear(struct tw_memo *memo)
{
	memo->node_count = memo->edge_count = 0;
	if (memo->edges)
		memset(memo->edges, 0, memo->edge_room * sizeof(*memo->edges));
}

void tw_memo_release(struct tw_memo *memo)
{
	free(memo->nodes);
	free(memo->edges);
	*memo = (struct tw_memo){0};
}

static uint32_t place_of(const struct tw_memo *memo, uint32_t from, uint64_t sight)
{
	uint64_t hash =
		(sight ^ from * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);
	uint32_t place = (uint32_t)(hash >> 32) & (memo->edge_room - 1);

	while (memo->edges[place].to &&
		(memo->edges[place].from != from || memo->edges[place].sight != sight))
		place = (place + 1) & (memo->edge_room - 1);
	return place;
}

static uint32_t follow(const struct tw_memo *memo, uint32_t from, uint64_t sight)
{
	uint32_t to = memo->edges[place_of(memo, from, sight)].to;

	return to ? to : NO_NODE;
}

void *tw_memo_find(const struct tw_memo *memo, struct tw_stage *stage, uint32_t node)
{
	if (!memo->node_count)
		return NULL;
	while (node != NO_NODE && memo->nodes[node].unit != NO_UNIT)
		node = follow(memo, node,
			tw_stage_sight(stage, memo->nodes[node].unit, memo->nodes[node].view));
	return node == NO_NODE ? NULL : memo->nodes[node].outcome;
}

/* ---- adding ---- */

static int add_node(struct tw_memo *memo, uint32_t *ret_node)
{
	if (memo->node_count == memo->node_room) {
		uint32_t room = memo->node_room ? 2 * memo->node_room : 256;
		struct tw_memo_node *more = reallocarray(memo->nodes, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		memo->nodes = more;
		memo->node_room = room;
	}
	memo->nodes[memo->node_count] = (struct tw_memo_node){.unit = NO_UNIT};
	*ret_node = memo->node_count++;
	return 0;
}

/* Keeps at least half of the table free. */
static int reserve_edge(struct tw_memo *memo)
{
	struct tw_memo_edge *old = memo->edges;
	uint32_t old_room = memo->edge_room;

	if (2 * (memo->edge_count + 1) <= old_room)
		return 0;
	memo->edge_room = old_room ? 2 * old_room : 512;
	memo->edges = calloc(memo->edge_room, sizeof(*memo->edges));
	if (!memo->edges) {
		memo->edges = old;
		memo->edge_room = old_room;
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < old_room; i++)
		if (old[i].to)
			memo->edges[place_of(memo, old[i].from, old[i].sight)] = old[i];
	free(old);
	return 0;
}

/* The node behind @from for a sight; made when there is none. */
static int step(struct tw_memo *memo, uint32_t from, uint64_t sight, uint32_t *ret_to)
{
	int rc = reserve_edge(memo);

	if (rc)
		return rc;
	*ret_to = follow(memo, from, sight);
	if (*ret_to != NO_NODE)
		return 0;
	rc = add_node(memo, ret_to);
	if (rc)
		return rc;
	memo->edges[place_of(memo, from, sight)] =
		(struct tw_memo_edge){.sight = sight, .from = from, .to = *ret_to};
	memo->edge_count++;
	return 0;
}

int tw_memo_add(struct tw_memo *memo, struct tw_stage *stage, void *outcome,
	struct tw_memo_step *ret_steps)
{
	uint32_t node = 0;
	int rc = memo->node_count ? 0 : add_node(memo, &node);

	for (size_t i = 0; !rc && i < stage->read_count; i++) {
		struct tw_memo_node *at = &memo->nodes[node];
		enum tw_view view;

		if (at->outcome || (at->unit != NO_UNIT && at->unit != stage->reads[i]))
			return -EUCLEAN;
		view = tw_stage_view(stage, stage->reads[i]);
		if (at->unit == NO_UNIT)
			at->view = view;
		else if (view < at->view)
			return -EAGAIN;
		at->unit = stage->reads[i];
		ret_steps[i] = (struct tw_memo_step){at->unit, node, at->view};
		rc = step(memo, node, tw_stage_sight(stage, at->unit, at->view), &node);
	}
	if (rc)
		return rc;
	if (memo->nodes[node].unit != NO_UNIT || memo->nodes[node].outcome)
		return -EUCLEAN;
	memo->nodes[node].outcome = outcome;
	return 0;
}
