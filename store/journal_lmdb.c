/* SPDX-License-Identifier: Apache-2.0 */
/* The journal in LMDB: one environment, databases `records`, `rows`, `blobs`, `tree`,
 * `checkpoints` and `meta`.
 *
 * How the map grows. LMDB may only move its map while no transaction of this process uses it. The
 * gate sees to that: every call on a reader holds it shared and copies its result out of the map
 * before it lets go; whoever must move the map holds it alone, ends the readers' transactions
 * and lets them begin anew at their next call. So the writer never waits for a reader's owner, and
 * it is the only lock in store/. journal_commit on a full map: abort, grow, write the batch again.
 *
 * What a failed write leaves behind. LMDB gives up the transaction and goes on, but for one case:
 * when the write of its meta page fails, the environment is dead (MDB_PANIC). It is then opened
 * anew, and the number of records in the file tells whether the batch is in it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "relay/base/digest.h"
#include "store/lmdb_internal.h"

#define READER_CHECK_EVERY 256u
#define PROBE_BYTES        ((size_t)1 << 20)

/* ---- the map and the environment, moved under the gate ---- */

static void park_readers(struct lmdb_journal *journal)
{
    for (struct lmdb_reader *reader = journal->readers; reader != NULL; reader = reader->next) {
        if (reader->txn != NULL && !reader->is_parked) {
            mdb_txn_reset(reader->txn);
            reader->is_parked = true;
        }
    }
}

int lmdb_resize_map(struct lmdb_journal *journal, size_t map_bytes)
{
    MDB_envinfo info;

    gate_lock_alone(journal);
    park_readers(journal);
    const int rc = mdb_env_set_mapsize(journal->env, map_bytes);
    if (rc == MDB_SUCCESS && mdb_env_info(journal->env, &info) == MDB_SUCCESS) {
        journal->map_bytes = info.me_mapsize;
    }
    gate_unlock(journal);
    return rc;
}

int lmdb_grow_map(struct lmdb_journal *journal)
{
    const size_t room = journal->map_bytes_max - journal->map_bytes;

    if (journal->map_bytes >= journal->map_bytes_max) {
        return MDB_MAP_FULL;
    }
    return lmdb_resize_map(journal, journal->map_bytes +
                                        (room < journal->map_bytes ? room : journal->map_bytes));
}

/* Ends the environment and opens it again. The handles of the databases are new. */
static int reopen_environment(struct lmdb_journal *journal)
{
    gate_lock_alone(journal);
    for (struct lmdb_reader *reader = journal->readers; reader != NULL; reader = reader->next) {
        mdb_txn_abort(reader->txn); /* accepts NULL */
        reader->txn = NULL;
        reader->is_parked = false;
    }
    if (journal->env != NULL) {
        mdb_env_close(journal->env);
        journal->env = NULL;
    }
    const int rc = lmdb_open_environment(journal);
    gate_unlock(journal);
    return rc;
}

/* ---- writing ---- */

static int put_record(struct lmdb_journal *journal, MDB_txn *txn, struct bytes record,
                      struct tree_frontier *frontier)
{
    uint8_t sequence[8];
    MDB_val key = {.mv_size = sizeof(sequence), .mv_data = sequence};
    MDB_val value = {.mv_size = record.count + JOURNAL_CHECKSUM_BYTES, .mv_data = NULL};
    const struct hash leaf = tree_leaf(record);
    struct tree_completed completed;

    tree_append(frontier, &leaf, &completed);
    sequence_to_key(frontier->size, sequence);
    const int rc = mdb_put(txn, journal->records, &key, &value, MDB_APPEND | MDB_RESERVE);
    if (rc != MDB_SUCCESS) {
        /* MDB_APPEND refuses a key that is not the last: the file is not what we left. */
        return rc == MDB_KEYEXIST ? MDB_CORRUPTED : rc;
    }
    memcpy(value.mv_data, record.data, record.count);
    memcpy((uint8_t *)value.mv_data + record.count, leaf.bytes, JOURNAL_CHECKSUM_BYTES);
    return lmdb_put_nodes(journal, txn, frontier->size, &completed);
}

static int put_records(struct lmdb_journal *journal, MDB_txn *txn,
                       const struct journal_batch *batch, struct tree_frontier *ret_frontier)
{
    int rc = MDB_SUCCESS;

    *ret_frontier = journal->frontier;
    for (uint32_t i = 0; i < batch->records_count && rc == MDB_SUCCESS; i++) {
        rc = put_record(journal, txn, batch->records[i], ret_frontier);
    }
    return rc;
}

static int put_changes(struct lmdb_journal *journal, MDB_txn *txn,
                       const struct journal_batch *batch)
{
    for (uint32_t i = 0; i < batch->changes_count; i++) {
        const struct journal_change *change = &batch->changes[i];
        MDB_val key = value_from(change->key);
        MDB_val value = value_from(change->value);
        const int rc = change->removed ? mdb_del(txn, journal->rows, &key, NULL)
                                       : mdb_put(txn, journal->rows, &key, &value, 0);
        const bool is_gone = change->removed && rc == MDB_NOTFOUND;
        if (rc != MDB_SUCCESS && !is_gone) {
            return rc;
        }
    }
    return MDB_SUCCESS;
}

static int put_blobs(struct lmdb_journal *journal, MDB_txn *txn, const struct journal_batch *batch)
{
    for (uint32_t i = 0; i < batch->blobs_count; i++) {
        const struct hash digest = sha2_of(batch->blobs[i]);
        MDB_val key = value_from(bytes_from(digest.bytes, sizeof(digest.bytes)));
        MDB_val value = value_from(batch->blobs[i]);
        const int rc = mdb_put(txn, journal->blobs, &key, &value, MDB_NOOVERWRITE);
        if (rc != MDB_SUCCESS && rc != MDB_KEYEXIST) {
            return rc;
        }
    }
    return MDB_SUCCESS;
}

static int commit_once(struct lmdb_journal *journal, const void *work)
{
    const struct journal_batch *batch = work;
    struct tree_frontier frontier;
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(journal->env, NULL, 0, &txn);

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    rc = put_records(journal, txn, batch, &frontier);
    if (rc == MDB_SUCCESS) {
        rc = put_changes(journal, txn, batch);
    }
    if (rc == MDB_SUCCESS) {
        rc = put_blobs(journal, txn, batch);
    }
    if (rc == MDB_SUCCESS && batch->checkpoint != NULL) {
        CHECK(batch->checkpoint->size <= frontier.size);
        rc = lmdb_put_checkpoint(journal, txn, batch->checkpoint);
    }
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return rc;
    }
    rc = mdb_txn_commit(txn); /* frees the transaction on success and on failure alike */
    if (rc == MDB_SUCCESS) {
        journal->frontier = frontier;
        journal->head = frontier.size;
    }
    return rc;
}

/* LMDB reports a write that was cut short, as on a disk that is about to be full, as EIO. Tells the
 * two apart, because a person does different things about them. */
static bool disk_is_full(const struct lmdb_journal *journal)
{
    static const uint8_t zeros[PROBE_BYTES / 16];
    char path[4096];
    bool is_full = false;
    const int length = snprintf(path, sizeof(path), "%s/space.probe", journal->path);

    if (length < 0 || (size_t)length >= sizeof(path)) {
        return false;
    }
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return lmdb_status(errno) == STATUS_NO_SPACE;
    }
    for (size_t written = 0; written < PROBE_BYTES && !is_full; written += sizeof(zeros)) {
        const ssize_t count = write(fd, zeros, sizeof(zeros));
        is_full =
            count < 0 ? lmdb_status(errno) == STATUS_NO_SPACE : count < (ssize_t)sizeof(zeros);
        if (count < 0) {
            break;
        }
    }
    (void)close(fd); /* a probe, thrown away */
    (void)unlink(path);
    return is_full;
}

/* After a failed commit: is the environment alive, and is the batch in the file after all? */
static enum status settle_failure(struct lmdb_journal *journal, uint32_t records_count,
                                  enum status failure)
{
    const uint64_t head_before = journal->head;
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(journal->env, NULL, 0, &txn);

    if (rc == MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return failure;
    }
    rc = reopen_environment(journal);
    if (rc != MDB_SUCCESS) {
        journal->head = head_before; /* nothing can be read now; the next commit opens it again */
        return failure;
    }
    if (journal->head == head_before) {
        return failure;
    }
    if (journal->head != head_before + records_count) {
        return STATUS_CORRUPT;
    }
    /* The meta page reached the file although its write was said to fail. */
    return mdb_env_sync(journal->env, 1) == MDB_SUCCESS ? STATUS_OK : STATUS_CORRUPT;
}

int lmdb_run_growing(struct lmdb_journal *journal, lmdb_transaction once, const void *work)
{
    int rc = once(journal, work);

    for (unsigned i = 0; i < LMDB_RESIZES_MAX && (rc == MDB_MAP_FULL || rc == MDB_MAP_RESIZED);
         i++) {
        rc = rc == MDB_MAP_FULL ? lmdb_grow_map(journal) : lmdb_resize_map(journal, 0);
        if (rc == MDB_SUCCESS) {
            rc = once(journal, work);
        } else if (rc == MDB_MAP_FULL) {
            break;
        }
    }
    return rc;
}

static void check_readers_sometimes(struct lmdb_journal *journal)
{
    int dead_count = 0;

    if (++journal->commits_count % READER_CHECK_EVERY == 0) {
        /* A reader that died keeps old pages alive. Failing to look is no reason to stop. */
        (void)mdb_reader_check(journal->env, &dead_count);
    }
}

enum status lmdb_revive(struct lmdb_journal *journal)
{
    const uint64_t head_before = journal->head;

    if (journal->env != NULL) {
        return STATUS_OK;
    }
    const enum status status = lmdb_status(reopen_environment(journal));
    if (status != STATUS_OK) {
        return status;
    }
    /* Another one: a commit we reported as failed is there. */
    return journal->head == head_before ? STATUS_OK : STATUS_CORRUPT;
}

enum status lmdb_settle(struct lmdb_journal *journal, int rc, uint32_t records_count)
{
    if (rc == MDB_SUCCESS) {
        return STATUS_OK;
    }
    const enum status status =
        rc == EIO && disk_is_full(journal) ? STATUS_NO_SPACE : lmdb_status(rc);
    return rc == MDB_MAP_FULL ? status : settle_failure(journal, records_count, status);
}

static enum status lmdb_commit(struct journal *base, const struct journal_batch *batch,
                               uint64_t *ret_head)
{
    struct lmdb_journal *journal = lmdb_of(base);
    enum status status = lmdb_revive(journal);

    if (status != STATUS_OK) {
        return status;
    }
    status =
        lmdb_settle(journal, lmdb_run_growing(journal, commit_once, batch), batch->records_count);
    if (status == STATUS_OK) {
        *ret_head = journal->head;
        check_readers_sometimes(journal);
    }
    return status;
}

const struct journal_ops lmdb_ops = {
    .close = lmdb_close,
    .commit = lmdb_commit,
    .spend_reserve = lmdb_spend_reserve,
    .usage = lmdb_usage,
    .reader_open = lmdb_reader_open,
    .reader_close = lmdb_reader_close,
    .reader_refresh = lmdb_reader_refresh,
    .reader_head = lmdb_reader_head,
    .read_record = lmdb_read_record,
    .read_blob = lmdb_read_blob,
    .read_row = lmdb_read_row,
    .seek_row = lmdb_seek_row,
    .read_node = lmdb_read_node,
    .read_chunk = lmdb_read_chunk,
    .seek_checkpoint = lmdb_seek_checkpoint,
    .forget = lmdb_forget,
    .path = lmdb_path,
};
