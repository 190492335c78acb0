/* SPDX-License-Identifier: Apache-2.0 */
/* relay/hyperlane/proof.h: proofs that a leaf is in the origin's tree, as of any leaf count.
 *
 * The MERKLE_ROOT_MULTISIG ISM wants the 32 siblings of a leaf in the tree that a checkpoint
 * signed, which may be shorter than the tree of today. Every sibling is either a whole subtree,
 * which never changes again once it is full, or the one at the tree's right edge, or empty. So
 * whoever keeps the roots of the full subtrees ("nodes") can prove any leaf as of any count: at
 * most 32 hashes for the edge of a count, and none for each proof as of it.
 *
 * A node is named by level and index: (0, i) is leaf i, (l, i) covers the 2^l leaves from i * 2^l.
 * Threads: none; a caller owns what it passes. */
#ifndef SLUICE_RELAY_HYPERLANE_PROOF_H
#define SLUICE_RELAY_HYPERLANE_PROOF_H

#include "relay/hyperlane/merkle.h"

/* Where nodes are kept. `get` is asked for full subtrees alone; what it returns other than
 * STATUS_OK ends the proof with that status. */
struct merkle_nodes {
    enum status (*get)(void *context, uint32_t level, uint32_t index, struct hash *ret_node);
    void *context;
};

/* A tree's right edge: at level l the root of the subtree that holds what the full ones left of it
 * do not, zero when that is nothing. The root of the whole tree is that of level 32. */
struct merkle_edge {
    uint32_t count; /* leaves */
    struct hash roots[MERKLE_DEPTH + 1];
};

/* The edge of the first `count` leaves. Statuses: those of `nodes`. */
MUST_USE enum status merkle_edge_of(const struct merkle_nodes *nodes, uint32_t count,
                                    struct merkle_edge *ret_edge);

/* The siblings of leaf `index`, lowest level first, in the edge's tree: merkle_branch_root of them
 * is that tree's root. STATUS_NOT_FOUND: the leaf is not in that tree; else those of `nodes`. */
MUST_USE enum status merkle_prove(const struct merkle_nodes *nodes, const struct merkle_edge *edge,
                                  uint32_t index, struct hash ret_proof[MERKLE_DEPTH]);

/* Appending leaf `index` fills 1 to 32 nodes, (0, index) first, each the parent of the one before
 * and its left neighbour. How many: 1 + the number of trailing one bits of the index. */
uint32_t merkle_nodes_filled(uint32_t index);

/* ---- nodes in memory ---- */

/* 64 bytes per leaf, in memory the caller gave. */
struct merkle_index {
    struct hash *nodes; /* level after level, each with capacity >> level places */
    uint32_t capacity;  /* leaves, a power of two */
    uint32_t count;     /* leaves */
};

/* Bytes for `leaves_max` leaves, rounded up to a power of two. CHECKs 1 to 2^31. */
size_t merkle_index_footprint(uint32_t leaves_max);
/* `memory` has the footprint and is aligned for anything. */
void merkle_index_init(struct merkle_index *index, uint32_t leaves_max, void *memory);
/* STATUS_FULL: no room. */
MUST_USE enum status merkle_index_append(struct merkle_index *index, const struct hash *leaf);
/* Borrows the index. `get` answers STATUS_NOT_FOUND for what is not full. */
struct merkle_nodes merkle_index_nodes(struct merkle_index *index);

#endif
