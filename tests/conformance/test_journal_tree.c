/* SPDX-License-Identifier: Apache-2.0 */
/* The tree that a journal keeps: on every backend it is that of its records, at every size; in LMDB
 * it survives reopening, is added to a journal that has none, and tells what was changed. */
#include "tests/support/unit.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/verify.h"
#include "tests/support/folder.h"

#define RECORDS 700u

struct suite {
    bool is_lmdb;
    struct folder folder;
    char path[300];
    struct journal *journal;
};

/* What record `sequence` says. */
static struct bytes words_of(uint64_t sequence)
{
    static char words[64];
    const int count = snprintf(words, sizeof(words), "record %u", (unsigned)sequence);

    return bytes_from(words, (size_t)count);
}

/* The root of the first `size` records, from the definition of the tree alone. */
static struct hash expected_root(uint64_t size)
{
    struct tree_frontier frontier = {.size = 0};
    struct tree_completed completed;

    for (uint64_t i = 0; i < size; i++) {
        const struct hash leaf = tree_leaf(words_of(i + 1));
        tree_append(&frontier, &leaf, &completed);
    }
    return tree_frontier_root(&frontier);
}

static enum status open_status(struct suite *suite, bool read_only)
{
    const struct journal_options options = {
        .path = suite->path, .map_bytes = (size_t)1 << 17, .read_only = read_only};

    return suite->is_lmdb ? journal_open_lmdb(&options, &suite->journal)
                          : journal_open_memory(&suite->journal);
}

static void reopen(struct suite *suite, bool read_only)
{
    suite->journal = journal_close(suite->journal);
    assert_status(STATUS_OK, open_status(suite, read_only));
}

/* Appends records until there are `head`, `batch_count` in a commit at most. */
static void append(struct suite *suite, uint64_t head, uint32_t batch_count)
{
    static char words[RECORDS][32];
    struct bytes records[RECORDS];
    struct journal_reader *reader = NULL;

    assert_status(STATUS_OK, journal_reader_open(suite->journal, &reader));
    uint64_t now = journal_reader_head(reader);
    journal_reader_close(reader);
    while (now < head) {
        uint32_t count = 0;
        for (; count < batch_count && now + count < head; count++) {
            const struct bytes text = words_of(now + count + 1);
            memcpy(words[count], text.data, text.count);
            records[count] = bytes_from(words[count], text.count);
        }
        const struct journal_batch batch = {.records = records, .records_count = count};
        assert_status(STATUS_OK, journal_commit(suite->journal, &batch, &now));
    }
}

static void assert_root(struct suite *suite, uint64_t size)
{
    struct journal_reader *reader = NULL;
    struct hash root;

    assert_status(STATUS_OK, journal_reader_open(suite->journal, &reader));
    const struct tree_source tree = journal_tree(reader);
    assert_status(STATUS_OK, tree_root(&tree, size, &root));
    const struct hash expected = expected_root(size);
    assert_true(hash_equal(&expected, &root));
    journal_reader_close(reader);
}

static void the_tree_is_that_of_the_records(void **state)
{
    struct suite *suite = *state;

    append(suite, 300, 1);
    append(suite, 500, 7);
    append(suite, RECORDS, RECORDS);
    for (uint64_t size = 0; size <= RECORDS; size += 50) {
        assert_root(suite, size);
    }
    assert_root(suite, 255);
    assert_root(suite, 256);
    assert_root(suite, 257);
}

static void a_snapshot_has_no_later_nodes(void **state)
{
    struct suite *suite = *state;
    struct journal_reader *reader = NULL;
    struct hash hash;

    append(suite, 255, 255);
    assert_status(STATUS_OK, journal_reader_open(suite->journal, &reader));
    append(suite, 256, 1);
    const struct tree_source tree = journal_tree(reader);
    assert_status(STATUS_NOT_FOUND, tree.read(tree.context, 8, 0, &hash));
    assert_status(STATUS_NOT_FOUND, tree.read(tree.context, 0, 255, &hash));
    assert_status(STATUS_OK, journal_reader_refresh(reader));
    assert_status(STATUS_OK, tree.read(tree.context, 8, 0, &hash));
    assert_status(STATUS_NOT_FOUND, tree.read(tree.context, 8, 1, &hash));
    journal_reader_close(reader);
}

static void a_reopened_journal_continues_its_tree(void **state)
{
    struct suite *suite = *state;

    for (uint64_t head = 64; head <= RECORDS; head += 53) {
        append(suite, head, 20);
        reopen(suite, false);
        assert_root(suite, head);
    }
}

static struct verify_report verify(struct suite *suite)
{
    const struct verify_options options = {.examine = NULL};
    struct journal_reader *reader = NULL;
    struct verify_report report;

    assert_status(STATUS_OK, journal_reader_open(suite->journal, &reader));
    const enum status status = journal_verify(suite->journal, reader, &options, &report);
    assert_status(report.status, status);
    journal_reader_close(reader);
    return report;
}

/* Changes the closed journal's file as only its owner could. */
struct edit {
    const char *database;
    MDB_val key;
    MDB_val value; /* mv_data NULL: the key goes */
};

static void change_file(const struct suite *suite, struct edit edit)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi database;

    assert_int_equal(0, mdb_env_create(&env));
    assert_int_equal(0, mdb_env_set_maxdbs(env, 8));
    assert_int_equal(0, mdb_env_open(env, suite->path, 0, 0600));
    assert_int_equal(0, mdb_txn_begin(env, NULL, 0, &txn));
    assert_int_equal(0, mdb_dbi_open(txn, edit.database, 0, &database));
    if (edit.key.mv_size == 0) {
        assert_int_equal(0, mdb_drop(txn, database, 1));
    } else if (edit.value.mv_data == NULL) {
        assert_int_equal(0, mdb_del(txn, database, &edit.key, NULL));
    } else {
        assert_int_equal(0, mdb_put(txn, database, &edit.key, &edit.value, 0));
    }
    assert_int_equal(0, mdb_txn_commit(txn));
    mdb_env_close(env);
}

static void close_journal(struct suite *suite)
{
    suite->journal = journal_close(suite->journal);
}

static void make_old(struct suite *suite)
{
    uint8_t version[4] = {0, 0, 0, 1};

    close_journal(suite);
    change_file(suite, (struct edit){.database = "tree"});
    change_file(suite, (struct edit){.database = "meta",
                                     .key = {.mv_size = 6, .mv_data = (void *)"format"},
                                     .value = {.mv_size = 4, .mv_data = version}});
}

static void an_old_journal_gets_its_tree(void **state)
{
    struct suite *suite = *state;
    struct journal_reader *reader = NULL;
    struct hash hash;

    append(suite, 600, 100);
    make_old(suite);
    assert_status(STATUS_OK, open_status(suite, true));
    assert_int_equal(VERIFY_SOUND, verify(suite).finding);
    assert_status(STATUS_OK, journal_reader_open(suite->journal, &reader));
    const struct tree_source tree = journal_tree(reader);
    assert_status(STATUS_UNSUPPORTED, tree_root(&tree, 600, &hash));
    assert_status(STATUS_OK, tree_root(&tree, 100, &hash)); /* needs no node but leaves */
    journal_reader_close(reader);
    reopen(suite, false);
    assert_root(suite, 600);
    append(suite, RECORDS, 3);
    reopen(suite, true);
    assert_root(suite, 600);
    assert_root(suite, RECORDS);
    const struct verify_report report = verify(suite);
    const struct hash root = expected_root(RECORDS);
    assert_int_equal(VERIFY_SOUND, report.finding);
    assert_true(hash_equal(&root, &report.root));
}

/* A record with a right checksum that is not the one the tree was built over. */
static void replace_record(struct suite *suite, uint8_t sequence_high, uint8_t sequence_low)
{
    uint8_t key[8] = {0, 0, 0, 0, 0, 0, sequence_high, sequence_low};
    uint8_t stored[6 + 8] = "forged";
    const struct hash leaf = tree_leaf(bytes_from(stored, 6));

    memcpy(stored + 6, leaf.bytes, 8);
    close_journal(suite);
    change_file(suite, (struct edit){.database = "records",
                                     .key = {.mv_size = 8, .mv_data = key},
                                     .value = {.mv_size = sizeof(stored), .mv_data = stored}});
    assert_status(STATUS_OK, open_status(suite, true));
}

static void a_forged_record_is_found(void **state)
{
    struct suite *suite = *state;

    append(suite, RECORDS, RECORDS);
    replace_record(suite, 1, 44); /* 300: the second 256 */
    const struct verify_report report = verify(suite);
    assert_int_equal(VERIFY_TREE, report.finding);
    assert_int_equal(257, report.sequence);
    assert_int_equal(256, report.records_count);
    assert_status(STATUS_CORRUPT, report.status);
}

static void a_missing_node_is_found(void **state)
{
    struct suite *suite = *state;
    uint8_t key[9] = {8};

    append(suite, RECORDS, RECORDS);
    close_journal(suite);
    change_file(suite, (struct edit){.database = "tree", .key = {.mv_size = 9, .mv_data = key}});
    assert_status(STATUS_CORRUPT, open_status(suite, false));
    assert_status(STATUS_OK, open_status(suite, true));
    const struct verify_report report = verify(suite);
    assert_int_equal(VERIFY_TREE, report.finding);
    assert_int_equal(1, report.sequence);
    assert_int_equal(0, report.records_count);
}

static int set_up(void **state, bool is_lmdb)
{
    struct suite *suite = calloc(1, sizeof(*suite));

    suite->is_lmdb = is_lmdb;
    suite->folder = folder_make();
    (void)snprintf(suite->path, sizeof(suite->path), "%s/journal", suite->folder.path);
    *state = suite;
    return open_status(suite, false) == STATUS_OK ? 0 : -1;
}

static int set_up_lmdb(void **state)
{
    return set_up(state, true);
}

static int set_up_memory(void **state)
{
    return set_up(state, false);
}

static int tear_down(void **state)
{
    struct suite *suite = *state;

    journal_close(suite->journal);
    folder_remove(&suite->folder);
    free(suite);
    return 0;
}

#define LMDB(test)   cmocka_unit_test_setup_teardown(test, set_up_lmdb, tear_down)
#define MEMORY(test) cmocka_unit_test_setup_teardown(test, set_up_memory, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LMDB(the_tree_is_that_of_the_records),
        MEMORY(the_tree_is_that_of_the_records),
        LMDB(a_snapshot_has_no_later_nodes),
        MEMORY(a_snapshot_has_no_later_nodes),
        LMDB(a_reopened_journal_continues_its_tree),
        LMDB(an_old_journal_gets_its_tree),
        LMDB(a_forged_record_is_found),
        LMDB(a_missing_node_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
