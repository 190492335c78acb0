/* SPDX-License-Identifier: Apache-2.0 */
/* store/tree.h: the RFC 6962 hash tree, with SHA-256, over a log of records.
 *
 *   leaf  = SHA-256(0x00 || record)         node = SHA-256(0x01 || left || right)
 *
 * A node of height h and index i covers the 2^h leaves from i * 2^h on; once they are there it
 * never changes. Of these a journal keeps only the ones whose height is a multiple of 8, and the
 * leaves in the records themselves: everything else, for any size the log ever had, is computed
 * from them with at most 255 reads for each 8 levels. (Not Hyperlane's tree: that is
 * relay/hyperlane/merkle.h.)
 *
 * Pure: no allocation, no I/O of its own. Threads: none. */
#ifndef SLUICE_STORE_TREE_H
#define SLUICE_STORE_TREE_H

#include "relay/base/bytes.h"

#define TREE_HEIGHT_MAX       63u /* of a node; a log has fewer than 2^63 records */
#define TREE_TILE_HEIGHT      8u
#define TREE_TILE_WIDTH       256u
#define TREE_TILE_LEVELS_MAX  8u /* heights 0, 8, ... 56 */
#define TREE_PROOF_HASHES_MAX 64u
#define TREE_SIZE_MAX         ((UINT64_C(1) << 63) - 1)

struct hash tree_leaf(struct bytes record);
/* The same of a record that stands behind a zero byte in memory, both given: a little faster. */
struct hash tree_leaf_prefixed(struct bytes prefixed);
/* The same of many at once, which takes about half the time of one by one (store/sha256.h). */
void tree_leaves_prefixed(const struct bytes *prefixed, uint32_t count, struct hash *ret_leaves);
struct hash tree_node(const struct hash *left, const struct hash *right);
/* The node of height 8 over the leaves of a tile, which are used up. */
struct hash tree_tile_root(struct hash leaves[TREE_TILE_WIDTH]);
struct hash tree_root_empty(void);

/* What is needed to append: the complete subtrees, one for each bit of `size`. */
struct tree_frontier {
    uint64_t size;
    struct hash peaks[TREE_HEIGHT_MAX + 1]; /* by height; those of unset bits mean nothing */
};

/* Nodes that an append completed, at the heights a journal keeps: ret_nodes[i] has height
 * 8 * (i + 1) and index (size >> that height) - 1. */
struct tree_completed {
    uint32_t nodes_count;
    struct hash nodes[TREE_TILE_LEVELS_MAX];
};

/* An empty frontier is all zero. */
void tree_append(struct tree_frontier *frontier, const struct hash *leaf,
                 struct tree_completed *ret_completed);
/* The same for 256 leaves at once, given the node over them; the size must be a multiple of 256. */
void tree_append_tile(struct tree_frontier *frontier, const struct hash *node,
                      struct tree_completed *ret_completed);
struct hash tree_frontier_root(const struct tree_frontier *frontier);

/* Where nodes come from. */
struct tree_source {
    void *context;
    /* A complete node whose height is a multiple of 8; height 0: a leaf. Any status but STATUS_OK
     * ends the call that asked and is returned by it. */
    enum status (*read)(void *context, uint32_t height, uint64_t index, struct hash *ret_hash);
};

/* What is left when a log of `size` is continued. */
MUST_USE enum status tree_frontier_at(const struct tree_source *source, uint64_t size,
                                      struct tree_frontier *ret_frontier);
MUST_USE enum status tree_root(const struct tree_source *source, uint64_t size,
                               struct hash *ret_root);

struct tree_proof {
    uint32_t hashes_count;
    struct hash hashes[TREE_PROOF_HASHES_MAX]; /* from the leaves to the root */
};

/* Which leaf is in which tree. */
struct tree_inclusion {
    uint64_t index; /* from 0; below size */
    uint64_t size;
};
/* Which tree became which. */
struct tree_growth {
    uint64_t old_size;
    uint64_t size; /* not below old_size */
};

MUST_USE enum status tree_prove_inclusion(const struct tree_source *source,
                                          struct tree_inclusion inclusion,
                                          struct tree_proof *ret_proof);
/* From or to the same size: no hashes. */
MUST_USE enum status tree_prove_growth(const struct tree_source *source, struct tree_growth growth,
                                       struct tree_proof *ret_proof);

/* The proof is hostile. Written after RFC 9162, unlike the provers, so that one mistake is not made
 * twice. STATUS_REFUSED: it does not prove that. */
MUST_USE enum status tree_check_inclusion(struct tree_inclusion inclusion, const struct hash *leaf,
                                          const struct tree_proof *proof, const struct hash *root);
MUST_USE enum status tree_check_growth(struct tree_growth growth, const struct hash *old_root,
                                       const struct hash *root, const struct tree_proof *proof);

#endif
