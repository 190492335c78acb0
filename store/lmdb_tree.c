/* SPDX-License-Identifier: Apache-2.0 */
/* The RFC 6962 tree of a journal in LMDB: database `tree`, from height (1 byte) and index (u64,
 * big-endian) to the hash of a complete node whose height is 8, 16, ... 56: one for each 256
 * records. The leaves are in the records; what else appending needs is computed when the journal is
 * opened, from the last 255 records at most, and kept in memory. */
#include <string.h>

#include "store/lmdb_internal.h"

#define NODE_KEY_BYTES 9u

static void node_to_key(uint32_t height, uint64_t index, uint8_t ret_key[NODE_KEY_BYTES])
{
    ret_key[0] = (uint8_t)height;
    sequence_to_key(index, ret_key + 1);
}

int lmdb_put_nodes(struct lmdb_journal *journal, MDB_txn *txn, uint64_t size,
                   const struct tree_completed *completed)
{
    uint8_t bytes[NODE_KEY_BYTES];
    int rc = MDB_SUCCESS;

    for (uint32_t i = 0; i < completed->nodes_count && rc == MDB_SUCCESS; i++) {
        const uint32_t height = TREE_TILE_HEIGHT * (i + 1);
        MDB_val key = {.mv_size = sizeof(bytes), .mv_data = bytes};
        MDB_val value = value_from(bytes_from(completed->nodes[i].bytes, sizeof(struct hash)));
        node_to_key(height, (size >> height) - 1, bytes);
        rc = mdb_put(txn, journal->tree, &key, &value, MDB_NOOVERWRITE);
    }
    /* A complete node is written once: the file is not what we left. */
    return rc == MDB_KEYEXIST ? MDB_CORRUPTED : rc;
}

int lmdb_get_node(const struct lmdb_journal *journal, MDB_txn *txn, struct lmdb_node node,
                  struct hash *ret_hash)
{
    uint8_t bytes[NODE_KEY_BYTES];
    MDB_val key = {.mv_size = sizeof(bytes), .mv_data = bytes};
    MDB_val value;

    node_to_key(node.height, node.index, bytes);
    const int rc = mdb_get(txn, journal->tree, &key, &value);
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    if (value.mv_size != sizeof(ret_hash->bytes)) {
        return MDB_CORRUPTED;
    }
    memcpy(ret_hash->bytes, value.mv_data, sizeof(ret_hash->bytes));
    return MDB_SUCCESS;
}

/* The leaf of what is stored for a record. */
static int leaf_of(MDB_val stored, struct hash *ret_leaf)
{
    if (stored.mv_size <= JOURNAL_CHECKSUM_BYTES ||
        stored.mv_size > RECORD_BYTES_MAX + JOURNAL_CHECKSUM_BYTES) {
        return MDB_CORRUPTED;
    }
    const uint8_t *data = stored.mv_data;
    const size_t count = stored.mv_size - JOURNAL_CHECKSUM_BYTES;
    *ret_leaf = tree_leaf(bytes_from(data, count));
    return memcmp(ret_leaf->bytes, data + count, JOURNAL_CHECKSUM_BYTES) == 0 ? MDB_SUCCESS
                                                                              : MDB_CORRUPTED;
}

/* ---- the frontier, when a journal is opened ---- */

struct loading {
    const struct lmdb_journal *journal;
    MDB_txn *txn;
    int rc; /* what LMDB said */
};

static enum status load_node(void *context, uint32_t height, uint64_t index, struct hash *ret_hash)
{
    struct loading *loading = context;
    uint8_t sequence[8];
    MDB_val key = {.mv_size = sizeof(sequence), .mv_data = sequence};
    MDB_val value;

    if (height == 0) {
        sequence_to_key(index + 1, sequence);
        loading->rc = mdb_get(loading->txn, loading->journal->records, &key, &value);
        if (loading->rc == MDB_SUCCESS) {
            loading->rc = leaf_of(value, ret_hash);
        }
    } else {
        loading->rc = lmdb_get_node(loading->journal, loading->txn,
                                    (struct lmdb_node){.height = height, .index = index}, ret_hash);
    }
    if (loading->rc == MDB_NOTFOUND) {
        loading->rc = MDB_CORRUPTED;
    }
    return lmdb_status(loading->rc);
}

int lmdb_load_frontier(struct lmdb_journal *journal, MDB_txn *txn)
{
    struct loading loading = {.journal = journal, .txn = txn, .rc = MDB_SUCCESS};
    const struct tree_source source = {.context = &loading, .read = load_node};
    struct tree_frontier frontier;

    if (journal->head > TREE_SIZE_MAX ||
        tree_frontier_at(&source, journal->head, &frontier) != STATUS_OK) {
        return loading.rc == MDB_SUCCESS ? MDB_CORRUPTED : loading.rc;
    }
    journal->frontier = frontier;
    return MDB_SUCCESS;
}

/* ---- a journal of format 1, which has no tree ---- */

static int build_nodes(struct lmdb_journal *journal, MDB_txn *txn, MDB_cursor *cursor)
{
    struct tree_frontier frontier = {.size = 0};
    uint8_t expected[8];
    MDB_val key;
    MDB_val value;
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);

    while (rc == MDB_SUCCESS) {
        struct hash leaf;
        struct tree_completed completed;
        sequence_to_key(frontier.size + 1, expected);
        if (key.mv_size != sizeof(expected) ||
            memcmp(key.mv_data, expected, sizeof(expected)) != 0) {
            return MDB_CORRUPTED;
        }
        rc = leaf_of(value, &leaf);
        if (rc == MDB_SUCCESS) {
            tree_append(&frontier, &leaf, &completed);
            rc = lmdb_put_nodes(journal, txn, frontier.size, &completed);
        }
        if (rc == MDB_SUCCESS) {
            rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
        }
    }
    if (rc == MDB_NOTFOUND) {
        journal->frontier = frontier;
        return frontier.size == journal->head ? MDB_SUCCESS : MDB_CORRUPTED;
    }
    return rc;
}

static int add_tree_once(struct lmdb_journal *journal)
{
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    int rc = mdb_txn_begin(journal->env, NULL, 0, &txn);

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    rc = mdb_dbi_open(txn, "tree", MDB_CREATE, &journal->tree);
    if (rc == MDB_SUCCESS) {
        rc = mdb_cursor_open(txn, journal->records, &cursor);
    }
    if (rc == MDB_SUCCESS) {
        rc = build_nodes(journal, txn, cursor);
        mdb_cursor_close(cursor);
    }
    if (rc == MDB_SUCCESS) {
        rc = lmdb_write_format(journal, txn, LMDB_FORMAT);
    }
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return rc;
    }
    rc = mdb_txn_commit(txn);
    journal->has_tree = rc == MDB_SUCCESS;
    return rc;
}

int lmdb_add_tree(struct lmdb_journal *journal)
{
    int rc = add_tree_once(journal);

    for (unsigned i = 0; i < LMDB_RESIZES_MAX && rc == MDB_MAP_FULL; i++) {
        rc = lmdb_grow_map(journal);
        if (rc != MDB_SUCCESS) {
            return rc;
        }
        rc = add_tree_once(journal);
    }
    return rc;
}
