/* SPDX-License-Identifier: Apache-2.0 */
/* store/lmdb_internal.h: what the parts of the LMDB backend share: lmdb_open.c (files, locks,
 * formats), journal_lmdb.c (writing, the map), lmdb_reader.c (reading), lmdb_tree.c (the tree),
 * lmdb_checkpoints.c (what was signed of it), lmdb_reserve.c (room on the disk), lmdb_forget.c
 * (what the archive has instead). */
#ifndef SLUICE_STORE_LMDB_INTERNAL_H
#define SLUICE_STORE_LMDB_INTERNAL_H

#include <lmdb.h>
#include <pthread.h>

#include "relay/base/check.h"
#include "relay/base/limits.h"
#include "store/journal_internal.h"
#include "store/tree.h"

/* How often a size of the map that somebody changed is adopted before giving up. */
#define LMDB_RESIZES_MAX 16u

struct lmdb_reader {
    struct journal_reader base;
    struct lmdb_reader *next;
    MDB_txn *txn;   /* NULL: none yet, or its environment was closed */
    bool is_parked; /* txn is reset: begin it anew before use */
    uint64_t head;
    struct archive *archive; /* NULL: not needed yet */
    uint8_t *value;          /* copies of what was read last */
    size_t value_capacity;
    uint8_t key[ROW_KEY_BYTES_MAX];
};

/* stored: never renumber. What a program does not know it refuses (STATUS_VERSION). */
enum lmdb_format {
    LMDB_FORMAT_WITHOUT_TREE = 1,
    LMDB_FORMAT = 2,
    LMDB_FORMAT_WITH_ARCHIVE = 3, /* records are missing from the file; else as 2 */
};

struct lmdb_journal {
    struct journal base;
    char *path;
    MDB_env *env; /* NULL: opening it anew failed, try again */
    MDB_dbi records;
    MDB_dbi rows;
    MDB_dbi blobs;
    MDB_dbi meta;
    MDB_dbi tree;
    bool has_tree; /* false: format 1, open for reading */
    MDB_dbi checkpoints;
    bool has_checkpoints; /* false: none was ever kept, and it is open for reading */
    unsigned env_flags;
    size_t map_bytes;
    size_t map_bytes_max;
    size_t reserve_bytes;
    int lock_fd; /* writer.lock: exclusive for the writer, shared for readers without LMDB's locks
                  */
    uint64_t head;
    struct tree_frontier frontier; /* of the head; a writer's alone */
    uint32_t commits_count;
    pthread_rwlock_t gate;
    struct lmdb_reader *readers;
};

static inline struct lmdb_journal *lmdb_of(struct journal *journal)
{
    return (struct lmdb_journal *)journal;
}

static inline MDB_val value_from(struct bytes bytes)
{
    /* LMDB has no const; it does not write through a key or a value it is given. */
    return (MDB_val){.mv_size = bytes.count, .mv_data = (void *)bytes.data};
}

static inline void sequence_to_key(uint64_t sequence, uint8_t ret_key[8])
{
    for (unsigned i = 0; i < 8; i++) {
        ret_key[i] = (uint8_t)(sequence >> (56 - 8 * i));
    }
}

static inline void gate_lock_alone(struct lmdb_journal *journal)
{
    CHECK(pthread_rwlock_wrlock(&journal->gate) == 0);
}

static inline void gate_lock_shared(struct lmdb_journal *journal)
{
    CHECK(pthread_rwlock_rdlock(&journal->gate) == 0);
}

static inline void gate_unlock(struct lmdb_journal *journal)
{
    CHECK(pthread_rwlock_unlock(&journal->gate) == 0);
}

enum status lmdb_status(int rc);
/* The last key of `records`; 0 when there is none. Returns LMDB's code, as the others do. */
int lmdb_load_head(MDB_txn *txn, MDB_dbi records, uint64_t *ret_head);
/* So many records are before the first key of `records`. */
int lmdb_load_archived(MDB_txn *txn, MDB_dbi records, uint64_t *ret_archived);
/* Opens path's environment and databases into `journal`; creates the databases if it may. */
int lmdb_open_environment(struct lmdb_journal *journal);
/* Sets the size of the map; 0: as large as another process made it. */
int lmdb_resize_map(struct lmdb_journal *journal, size_t map_bytes);

/* Runs `once`, a whole transaction, until it succeeds or fails for another reason than the size of
 * the map. */
typedef int (*lmdb_transaction)(struct lmdb_journal *journal, const void *work);
int lmdb_run_growing(struct lmdb_journal *journal, lmdb_transaction once, const void *work);
/* What a failed transaction of so many records amounts to; `rc` is LMDB's code. */
enum status lmdb_settle(struct lmdb_journal *journal, int rc, uint32_t records_count);
/* Makes sure of an environment after one was lost. */
enum status lmdb_revive(struct lmdb_journal *journal);
enum status lmdb_forget(struct journal *base, const struct journal_forgetting *forgetting);
const char *lmdb_path(const struct journal *base);

/* MDB_MAP_FULL: the ceiling is reached. */
int lmdb_grow_map(struct lmdb_journal *journal);
/* Takes room on the disk that lmdb_spend_reserve gives back; an errno value. */
int lmdb_keep_reserve(const struct lmdb_journal *journal);
enum status lmdb_spend_reserve(struct journal *base);
int lmdb_write_format(struct lmdb_journal *journal, MDB_txn *txn, enum lmdb_format format);

struct lmdb_node {
    uint32_t height; /* 8, 16, ... 56 */
    uint64_t index;
};

/* Writes what an append to `size` records completed. */
int lmdb_put_nodes(struct lmdb_journal *journal, MDB_txn *txn, uint64_t size,
                   const struct tree_completed *completed);
int lmdb_get_node(const struct lmdb_journal *journal, MDB_txn *txn, struct lmdb_node node,
                  struct hash *ret_hash);
/* Computes journal->frontier for journal->head. */
int lmdb_load_frontier(struct lmdb_journal *journal, MDB_txn *txn);
/* Brings a journal of format 1 to the present one; all or nothing. */
int lmdb_add_tree(struct lmdb_journal *journal);

/* Opens the database if it is there. */
int lmdb_load_checkpoints(struct lmdb_journal *journal, MDB_txn *txn);
/* Creates it in a journal that has none; all or nothing. */
int lmdb_add_checkpoints(struct lmdb_journal *journal);
int lmdb_put_checkpoint(struct lmdb_journal *journal, MDB_txn *txn,
                        const struct journal_checkpoint *checkpoint);
/* `*ret_stored` points into the map. */
int lmdb_find_checkpoint(struct lmdb_journal *journal, MDB_txn *txn, uint64_t size,
                         enum journal_direction direction, uint64_t *ret_size, MDB_val *ret_stored);

/* Makes the names of new files durable. An errno value. */
int lmdb_sync_directory(const char *path);
void lmdb_close(struct journal *base);
enum status lmdb_usage(struct journal *base, struct journal_usage *ret_usage);
enum status lmdb_reader_open(struct journal *base, struct journal_reader **ret_reader);
void lmdb_reader_close(struct journal_reader *base);
enum status lmdb_reader_refresh(struct journal_reader *base);
uint64_t lmdb_reader_head(const struct journal_reader *base);
enum status lmdb_read_record(struct journal_reader *base, uint64_t sequence,
                             struct bytes *ret_stored);
enum status lmdb_read_blob(struct journal_reader *base, const struct hash *digest,
                           struct bytes *ret_blob);
enum status lmdb_read_row(struct journal_reader *base, struct bytes key, struct bytes *ret_value);
enum status lmdb_seek_row(struct journal_reader *base, struct bytes from, struct bytes *ret_key,
                          struct bytes *ret_value);
enum status lmdb_read_node(struct journal_reader *base, uint32_t height, uint64_t index,
                           struct hash *ret_hash);
void lmdb_read_chunk(struct journal_reader *base, uint64_t first, struct journal_chunk *ret_chunk);
enum status lmdb_seek_checkpoint(struct journal_reader *base, uint64_t size,
                                 enum journal_direction direction, uint64_t *ret_size,
                                 struct bytes *ret_stored);
extern const struct journal_ops lmdb_ops;

#endif
