/* SPDX-License-Identifier: Apache-2.0 */
/* store/log/tile.h: the pieces a log is published in, as C2SP tlog-tiles (v0.1.0) cuts them.
 *
 *   tile/<level>/<index>            256 nodes of height 8 * level, 32 bytes each
 *   tile/entries/<index>            256 records, each behind its length (u16, big-endian)
 *   ....p/<width>                   a piece that is not full: 1 to 255 of them
 *
 * An index is written in groups of three digits, all but the last behind an x: 1234067 is
 * x001/x234/067. A full piece never changes. Everything read is hostile: one spelling each.
 * Threads: none. Memory: the caller's. */
#ifndef SLUICE_STORE_LOG_TILE_H
#define SLUICE_STORE_LOG_TILE_H

#include "relay/base/bytes.h"
#include "relay/base/limits.h"
#include "store/tree.h"

#define TILE_BYTES_MAX      (TREE_TILE_WIDTH * 32u)
#define TILE_PATH_BYTES_MAX 64u
#define BUNDLE_BYTES_MAX    ((size_t)TREE_TILE_WIDTH * (2u + RECORD_BYTES_MAX))

/* not stored */
enum tile_kind {
    TILE_NODES,   /* hashes of the tree */
    TILE_ENTRIES, /* records; level 0 */
};

struct tile {
    enum tile_kind kind;
    uint32_t level;
    uint64_t index;
    uint32_t width; /* 1 to TREE_TILE_WIDTH; TREE_TILE_WIDTH: full */
};

/* How much of a tile a log of `size` has: 0 to TREE_TILE_WIDTH. `tile->width` is not looked at. */
uint32_t tile_width_at(const struct tile *tile, uint64_t size);

/* Appends the path, "tile/..." with neither slash before nor NUL behind. STATUS_FULL. */
MUST_USE enum status tile_append_path(struct buffer *buffer, const struct tile *tile);
/* STATUS_MALFORMED: not the path of a piece, or not its one spelling. */
MUST_USE enum status tile_parse_path(struct bytes path, struct tile *ret_tile);

/* Reads the hashes of a tile of TILE_NODES from a tree that has them all. */
MUST_USE enum status tile_read(const struct tree_source *source, const struct tile *tile,
                               struct hash ret_hashes[TREE_TILE_WIDTH]);
/* The node that a full tile's hashes amount to. */
struct hash tile_node(const struct hash hashes[TREE_TILE_WIDTH]);

/* Appends one record to a bundle. STATUS_FULL. */
MUST_USE enum status bundle_append(struct buffer *buffer, struct bytes record);
/* Takes the next record off a bundle. STATUS_NOT_FOUND: it is empty. STATUS_MALFORMED: cut short,
 * or a record of no bytes. */
MUST_USE enum status bundle_take(struct bytes *bundle, struct bytes *ret_record);

#endif
