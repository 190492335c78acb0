/* SPDX-License-Identifier: Apache-2.0 */
/* Removing from the file what the archive has (store/archive/archive.h). */
#include <string.h>

#include "store/lmdb_internal.h"

/* The first record must be the one expected: else the file is not what was archived. */
static int remove_record(MDB_cursor *cursor, uint64_t sequence)
{
    uint8_t expected[8];
    MDB_val key;
    MDB_val value;
    const int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);

    if (rc != MDB_SUCCESS) {
        return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
    }
    sequence_to_key(sequence, expected);
    if (key.mv_size != sizeof(expected) || memcmp(key.mv_data, expected, sizeof(expected)) != 0) {
        return MDB_CORRUPTED;
    }
    return mdb_cursor_del(cursor, 0);
}

static int remove_records(struct lmdb_journal *journal, MDB_txn *txn, uint64_t through)
{
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(txn, journal->records, &cursor);

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    for (uint64_t sequence = through - JOURNAL_SEGMENT_RECORDS + 1;
         sequence <= through && rc == MDB_SUCCESS; sequence++) {
        rc = remove_record(cursor, sequence);
    }
    mdb_cursor_close(cursor);
    return rc;
}

static int remove_blobs(struct lmdb_journal *journal, MDB_txn *txn,
                        const struct journal_forgetting *forgetting)
{
    int rc = MDB_SUCCESS;

    for (uint32_t i = 0; i < forgetting->blobs_count && rc == MDB_SUCCESS; i++) {
        MDB_val key =
            value_from(bytes_from(forgetting->blobs[i].bytes, sizeof(forgetting->blobs[i].bytes)));
        rc = mdb_del(txn, journal->blobs, &key, NULL);
        if (rc == MDB_NOTFOUND) {
            rc = MDB_SUCCESS; /* named twice, or gone with an earlier segment */
        }
    }
    return rc;
}

static int forget_once(struct lmdb_journal *journal, const void *work)
{
    const struct journal_forgetting *forgetting = work;
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(journal->env, NULL, 0, &txn);

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    rc = remove_records(journal, txn, forgetting->through);
    if (rc == MDB_SUCCESS) {
        rc = remove_blobs(journal, txn, forgetting);
    }
    if (rc == MDB_SUCCESS) {
        /* A program that knows no archive would take the file for a damaged one. */
        rc = lmdb_write_format(journal, txn, LMDB_FORMAT_WITH_ARCHIVE);
    }
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn); /* frees the transaction on success and on failure alike */
}

enum status lmdb_forget(struct journal *base, const struct journal_forgetting *forgetting)
{
    struct lmdb_journal *journal = lmdb_of(base);
    const enum status status = lmdb_revive(journal);

    CHECK(!base->read_only);
    CHECK(forgetting->through % JOURNAL_SEGMENT_RECORDS == 0);
    CHECK(forgetting->through < journal->head); /* an empty file would not know its head */
    return status == STATUS_OK
               ? lmdb_settle(journal, lmdb_run_growing(journal, forget_once, forgetting), 0)
               : status;
}

const char *lmdb_path(const struct journal *base)
{
    return ((const struct lmdb_journal *)base)->path;
}
