/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/rows.h: the core's rows: what is durable, seen through what is not yet.
 *
 * Rows live in the store (LMDB in the node, memory in tests). Changes of steps whose batch is not
 * durable yet sit in a bounded overlay above it. Keys sort lexicographically; the first byte is the
 * table (relay/core/tables.h).
 *
 * Life of a change: rows_put / rows_delete add it to the open batch -> rows_seal closes the batch
 * and hands out its changes for the writer -> rows_durable drops it from the overlay once the store
 * holds it. After a failed commit rows_drop forgets everything that is not durable, and the core
 * must be initialised anew.
 *
 * Threads: one owner. Memory: given at init, never grows. */
#ifndef SLUICE_RELAY_CORE_ROWS_H
#define SLUICE_RELAY_CORE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/base/bytes.h"

/* The durable rows. Results are borrowed until the next call on the same source. */
struct row_source {
    void *context;
    /* STATUS_NOT_FOUND: no such row. STATUS_IO, STATUS_CORRUPT: the store failed. */
    enum status (*get)(void *context, struct bytes key, struct bytes *ret_value);
    /* The first row whose key is not below `key`. STATUS_NOT_FOUND: there is none. */
    enum status (*seek)(void *context, struct bytes key, struct bytes *ret_key,
                        struct bytes *ret_value);
};

struct rows;

struct row_change {
    struct bytes key;
    struct bytes value;
    bool removed; /* value is empty */
};

/* Bytes of memory for an overlay of at most `changes_max` changes and `bytes_max` bytes of keys and
 * values. */
size_t rows_footprint(uint32_t changes_max, size_t bytes_max);
struct rows *rows_init(void *memory, uint32_t changes_max, size_t bytes_max,
                       struct row_source source);

/* Reads see the overlay first. Results are borrowed until the next call on `rows`.
 * Statuses as in struct row_source. */
MUST_USE enum status rows_get(struct rows *rows, struct bytes key, struct bytes *ret_value);
/* The first row at or after `key` that begins with `prefix`; STATUS_NOT_FOUND: none. */
MUST_USE enum status rows_seek(struct rows *rows, struct bytes key, struct bytes prefix,
                               struct bytes *ret_key, struct bytes *ret_value);

/* Copied into the open batch. The caller made sure of room with rows_have_room before the step. */
void rows_put(struct rows *rows, struct bytes key, struct bytes value);
void rows_delete(struct rows *rows, struct bytes key);

/* True when a step with ROWS_PER_STEP_MAX changes and `bytes` bytes still fits. False: let a batch
 * become durable first. */
bool rows_have_room(const struct rows *rows, size_t bytes);

/* Closes the open batch. Returns its generation (1, 2, ...); its changes can be walked with
 * rows_change until it is durable. Several batches may be sealed and not yet durable. */
uint64_t rows_seal(struct rows *rows);
/* Change `index` of a sealed batch in the order it was made; false past the end. A later change of
 * a key in the same batch replaces the earlier one. */
bool rows_change(const struct rows *rows, uint64_t generation, uint32_t index,
                 struct row_change *ret_change);
/* The store holds every batch up to `generation`: forget it. Call before the next read. */
void rows_durable(struct rows *rows, uint64_t generation);
/* Forget every change that is not durable. */
void rows_drop(struct rows *rows);

/* Changes of the open batch since the last call, folded into `digest` in order (for the state
 * digest of each step). */
void rows_fold_changes(struct rows *rows, struct hash *digest);
/* The same changes are part of no digest. */
void rows_skip_changes(struct rows *rows);

#endif
