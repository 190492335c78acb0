/* SPDX-License-Identifier: Apache-2.0 */
/* relay/hyperlane/merkle.h: the origin's tree of message ids, as MerkleTreeHook keeps it.
 *
 * Depth 32, parent = keccak(left || right), missing leaves are zero. The tree is incremental: it
 * holds one hash per set bit of the leaf count, enough to insert and to tell the root, not enough
 * to prove an old leaf. Threads: none; plain values. */
#ifndef SLUICE_RELAY_HYPERLANE_MERKLE_H
#define SLUICE_RELAY_HYPERLANE_MERKLE_H

#include "relay/base/bytes.h"
#include "relay/base/pack.h"

#define MERKLE_DEPTH      32u
#define MERKLE_LEAVES_MAX UINT32_MAX /* 2^32 - 1, where the contract reverts */

/* Bytes of a packed tree at most. */
#define MERKLE_PACKED_BYTES_MAX (4u + 32u * MERKLE_DEPTH)

struct merkle_tree {
    struct hash branch[MERKLE_DEPTH]; /* level i has a meaning only where bit i of count is set */
    uint32_t count;                   /* leaves */
};

void merkle_tree_init(struct merkle_tree *tree);
/* STATUS_FULL: MERKLE_LEAVES_MAX leaves; the tree is unchanged. */
MUST_USE enum status merkle_tree_insert(struct merkle_tree *tree, const struct hash *leaf);
struct hash merkle_tree_root(const struct merkle_tree *tree);

/* The root that follows from `leaf` at `index` and its siblings, lowest level first. */
struct hash merkle_branch_root(const struct hash *leaf, const struct hash proof[MERKLE_DEPTH],
                               uint32_t index);

/* Root of a subtree of `level` levels (0 to 32) without any leaf. */
struct hash merkle_zero(uint32_t level);

/* Only what has a meaning, so that equal trees have equal bytes. An unpacked tree has zeros
 * elsewhere; a short input is an underrun of the unpacker. */
void merkle_tree_pack(const struct merkle_tree *tree, struct packer *packer);
void merkle_tree_unpack(struct unpacker *unpacker, struct merkle_tree *ret_tree);

#endif
