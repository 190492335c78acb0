/* SPDX-License-Identifier: Apache-2.0 */
/* store/verify_pool.h: what store/verify.h does with each record by itself, on several threads.
 *
 * The records of one tile of the tree (256 of them) are read, hashed and outlined by one thread;
 * the owner takes the tiles in order and does what needs an order. A tile in which anything is
 * wrong is only said not to be clean: the owner looks at it himself and says what.
 *
 * Threads: open, take and close from one thread, the owner's. Memory: bounded, about 300 KB for
 * each thread. */
#ifndef SLUICE_STORE_VERIFY_POOL_H
#define SLUICE_STORE_VERIFY_POOL_H

#include "store/verify.h"

struct verify_tile {
    bool is_clean;    /* read, and every checksum right; else nothing below is set */
    struct hash root; /* of the tile's records: the tree's node of height 8 */
    bool is_outlined[TREE_TILE_WIDTH];
    struct verify_outline outlines[TREE_TILE_WIDTH];
    uint32_t counts[TREE_TILE_WIDTH]; /* bytes of the records */
};

struct verify_pool; /* opaque */

struct verify_pool_options {
    struct journal *journal; /* borrowed until verify_pool_close */
    uint64_t tiles_count;    /* from the first of the journal on; all of their records are there */
    uint32_t threads_count;  /* at least 1 */
    const void *context;     /* of `outline`, which is NULL if there is none */
    bool (*outline)(const void *context, struct bytes record, struct verify_outline *ret_outline);
};

/* STATUS_NO_MEMORY: no memory, or no thread. */
MUST_USE enum status verify_pool_open(const struct verify_pool_options *options,
                                      struct verify_pool **ret_pool);
/* The next tile, from 0 on; borrowed until the next call. Not more often than there are tiles. */
const struct verify_tile *verify_pool_take(struct verify_pool *pool);
/* Accepts NULL, returns NULL. */
struct verify_pool *verify_pool_close(struct verify_pool *pool);

#endif
