/* SPDX-License-Identifier: MIT */
/*
 * index.h - nodes and metadata pairs in memory: made, found, freed.
 *
 * The table of slots owns every node, the volume's list every pair. A number
 * of a node that is gone is never given out again: its slot counts
 * generations.
 */
#ifndef TW_LFS_INDEX_H
#define TW_LFS_INDEX_H

#include "state.h"

int tw_index_init(struct twinfs_volume *volume);
void tw_index_release(struct twinfs_volume *volume);

/* A node without a place yet; its extra bytes are copied. -ENOMEM. */
int tw_node_new(struct twinfs_volume *volume, enum tw_kind kind, const void *name, size_t name_len,
	struct tw_node **ret_node);
int tw_node_set_extra(struct tw_node *node, const void *extra, size_t len);
void tw_node_free(struct twinfs_volume *volume, struct tw_node *node);

/* NULL when the number is stale. */
struct tw_node *tw_node_get(const struct twinfs_volume *volume, uint64_t ino);

/* Whether a directory cannot be read: nobody knows then what else it names. */
bool tw_index_has_damage(const struct twinfs_volume *volume);

/* Gives the node a name of its own. -ENOMEM. */
int tw_node_set_name(struct tw_node *node, const void *name, size_t name_len);

/* Whether a name may be shown and created: no '/', no NUL, not "." or "..", not empty. */
bool tw_name_is_valid(const char *name, size_t len);

/* Makes a node findable below @dir; the first of two equal names stays the visible one. */
void tw_node_link(struct twinfs_volume *volume, struct tw_node *dir, struct tw_node *node);
void tw_node_unlink(struct twinfs_volume *volume, struct tw_node *node);
struct tw_node *tw_node_find(const struct twinfs_volume *volume, const struct tw_node *dir,
	const char *name, size_t len);

/* Work lists of nodes; pop needs one that is not empty. */
void tw_node_push(struct tw_node **list, struct tw_node *node);
struct tw_node *tw_node_pop(struct tw_node **list);

/* An empty pair, owned by the volume; linked nowhere. -ENOMEM. */
int tw_mdir_new(struct twinfs_volume *volume, struct tw_pair pair, struct tw_mdir **ret_mdir);
void tw_mdir_free(struct tw_mdir *mdir);

/* Room for @count entries in all, so that adding them cannot fail. -ENOMEM. */
int tw_mdir_reserve(struct tw_mdir *mdir, unsigned count);

/* The place of an entry that is there. */
unsigned tw_mdir_find(const struct tw_mdir *mdir, const struct tw_node *node);
void tw_mdir_append(struct tw_mdir *mdir, struct tw_node *node);
void tw_mdir_take(struct tw_mdir *mdir, const struct tw_node *node);
void tw_mdir_replace(struct tw_mdir *mdir, const struct tw_node *old, struct tw_node *node);

#endif
