/* SPDX-License-Identifier: Apache-2.0 */
/* What was signed of a journal's tree, in LMDB: database `checkpoints`, from the size (u64,
 * big-endian) to the note and the first 8 bytes of its SHA-256. A journal that is older than this
 * database gets it when it is opened for writing; to who only reads, it has no checkpoint. */
#include <string.h>

#include "relay/base/digest.h"
#include "store/lmdb_internal.h"

static const char name[] = "checkpoints";

int lmdb_load_checkpoints(struct lmdb_journal *journal, MDB_txn *txn)
{
    const int rc = mdb_dbi_open(txn, name, 0, &journal->checkpoints);

    journal->has_checkpoints = rc == MDB_SUCCESS;
    return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

static int add_once(struct lmdb_journal *journal)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(journal->env, NULL, 0, &txn);

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    rc = mdb_dbi_open(txn, name, MDB_CREATE, &journal->checkpoints);
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return rc;
    }
    rc = mdb_txn_commit(txn);
    journal->has_checkpoints = rc == MDB_SUCCESS;
    return rc;
}

int lmdb_add_checkpoints(struct lmdb_journal *journal)
{
    int rc = add_once(journal);

    for (unsigned i = 0; i < LMDB_RESIZES_MAX && rc == MDB_MAP_FULL; i++) {
        rc = lmdb_grow_map(journal);
        if (rc != MDB_SUCCESS) {
            return rc;
        }
        rc = add_once(journal);
    }
    return rc;
}

int lmdb_put_checkpoint(struct lmdb_journal *journal, MDB_txn *txn,
                        const struct journal_checkpoint *checkpoint)
{
    const struct hash hash = sha2_of(checkpoint->note);
    const size_t count = checkpoint->note.count;
    uint8_t size[8];
    MDB_val key = {.mv_size = sizeof(size), .mv_data = size};
    MDB_val value = {.mv_size = count + JOURNAL_CHECKSUM_BYTES, .mv_data = NULL};

    CHECK(journal->has_checkpoints);
    sequence_to_key(checkpoint->size, size);
    const int rc = mdb_put(txn, journal->checkpoints, &key, &value, MDB_RESERVE);
    if (rc == MDB_SUCCESS) {
        memcpy(value.mv_data, checkpoint->note.data, count);
        memcpy((uint8_t *)value.mv_data + count, hash.bytes, JOURNAL_CHECKSUM_BYTES);
    }
    return rc;
}

static int read_size(MDB_val key, uint64_t *ret_size)
{
    uint64_t size = 0;

    if (key.mv_size != 8) {
        return MDB_CORRUPTED;
    }
    for (unsigned i = 0; i < 8; i++) {
        size = size << 8 | ((const uint8_t *)key.mv_data)[i];
    }
    *ret_size = size;
    return MDB_SUCCESS;
}

/* The entry of `size` or the nearest on that side. */
static int step_to(MDB_cursor *cursor, uint64_t size, enum journal_direction direction,
                   MDB_val *ret_key, MDB_val *ret_stored)
{
    uint8_t wanted[8];
    MDB_val key = {.mv_size = sizeof(wanted), .mv_data = wanted};

    sequence_to_key(size, wanted);
    int rc = mdb_cursor_get(cursor, &key, ret_stored, MDB_SET_RANGE);
    if (direction == JOURNAL_DOWNWARDS) {
        if (rc == MDB_NOTFOUND) {
            rc = mdb_cursor_get(cursor, &key, ret_stored, MDB_LAST);
        } else if (rc == MDB_SUCCESS && (key.mv_size != sizeof(wanted) ||
                                         memcmp(key.mv_data, wanted, sizeof(wanted)) != 0)) {
            rc = mdb_cursor_get(cursor, &key, ret_stored, MDB_PREV);
        }
    }
    *ret_key = key;
    return rc;
}

int lmdb_find_checkpoint(struct lmdb_journal *journal, MDB_txn *txn, uint64_t size,
                         enum journal_direction direction, uint64_t *ret_size, MDB_val *ret_stored)
{
    MDB_cursor *cursor = NULL;
    MDB_val key;

    if (!journal->has_checkpoints) {
        return MDB_NOTFOUND;
    }
    int rc = mdb_cursor_open(txn, journal->checkpoints, &cursor);
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    rc = step_to(cursor, size, direction, &key, ret_stored);
    mdb_cursor_close(cursor);
    return rc == MDB_SUCCESS ? read_size(key, ret_size) : rc;
}
