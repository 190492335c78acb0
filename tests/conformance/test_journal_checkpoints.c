/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints beside the records, on every backend; reading in chunks; what verify says of a
 * checkpoint that is damaged or of other records. */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "relay/base/digest.h"
#include "relay/base/limits.h"
#include "store/checkpoint.h"
#include "store/verify.h"
#include "tests/conformance/journal_suite.h"

#define ORIGIN "log.example/1"

static const uint8_t seed[32] = {7};

static void keep(struct journal *journal, uint64_t size, struct bytes note)
{
    const struct journal_checkpoint checkpoint = {.size = size, .note = note};

    (void)commit(journal, &(struct journal_batch){.checkpoint = &checkpoint});
}

static void assert_kept(struct journal_reader *reader, uint64_t from,
                        enum journal_direction direction, uint64_t expected_size,
                        const char *expected)
{
    uint64_t size = 0;
    struct bytes note;
    const enum status status = journal_seek_checkpoint(reader, from, direction, &size, &note);

    if (expected == NULL) {
        assert_status(STATUS_NOT_FOUND, status);
        return;
    }
    assert_status(STATUS_OK, status);
    assert_int_equal(expected_size, size);
    assert_true(bytes_equal(text(expected), note));
}

static void checkpoints_are_found_by_size(void **state)
{
    struct suite *suite = *state;

    for (unsigned i = 0; i < 300; i++) {
        (void)commit_record(suite->journal, "a record");
    }
    struct journal_reader *reader = reader_of(suite->journal);
    assert_kept(reader, 0, JOURNAL_UPWARDS, 0, NULL);
    assert_kept(reader, UINT64_MAX, JOURNAL_DOWNWARDS, 0, NULL);
    keep(suite->journal, 5, text("five"));
    keep(suite->journal, 300, text("three hundred"));
    keep(suite->journal, 258, text("in between"));
    assert_kept(reader, 0, JOURNAL_UPWARDS, 0, NULL); /* not refreshed yet */
    assert_status(STATUS_OK, journal_reader_refresh(reader));
    assert_kept(reader, 0, JOURNAL_UPWARDS, 5, "five");
    assert_kept(reader, 5, JOURNAL_UPWARDS, 5, "five");
    assert_kept(reader, 6, JOURNAL_UPWARDS, 258, "in between");
    assert_kept(reader, 301, JOURNAL_UPWARDS, 0, NULL);
    assert_kept(reader, 4, JOURNAL_DOWNWARDS, 0, NULL);
    assert_kept(reader, 257, JOURNAL_DOWNWARDS, 5, "five");
    assert_kept(reader, 258, JOURNAL_DOWNWARDS, 258, "in between");
    assert_kept(reader, UINT64_MAX, JOURNAL_DOWNWARDS, 300, "three hundred");
    keep(suite->journal, 300, text("three hundred, cosigned"));
    assert_status(STATUS_OK, journal_reader_refresh(reader));
    assert_kept(reader, UINT64_MAX, JOURNAL_DOWNWARDS, 300, "three hundred, cosigned");
    assert_int_equal(300, journal_reader_head(reader));
    journal_reader_close(reader);
}

static void checkpoints_survive_reopening(void **state)
{
    struct suite *suite = *state;

    (void)commit_record(suite->journal, "a record");
    keep(suite->journal, 1, text("one"));
    journal_close(suite->journal);
    suite_open(suite);
    struct journal_reader *reader = reader_of(suite->journal);
    assert_kept(reader, 1, JOURNAL_UPWARDS, 1, "one");
    journal_reader_close(reader);
}

/* A journal of before there were checkpoints: it has none, and gets the database when written. */
static void an_older_journal_gets_checkpoints(void **state)
{
    struct suite *suite = *state;
    struct journal_options options = options_of(suite);
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi database;

    (void)commit_record(suite->journal, "a record");
    suite->journal = journal_close(suite->journal);
    assert_int_equal(0, mdb_env_create(&env));
    assert_int_equal(0, mdb_env_set_maxdbs(env, 8));
    assert_int_equal(0, mdb_env_open(env, suite->path, 0, 0600));
    assert_int_equal(0, mdb_txn_begin(env, NULL, 0, &txn));
    assert_int_equal(0, mdb_dbi_open(txn, "checkpoints", 0, &database));
    assert_int_equal(0, mdb_drop(txn, database, 1));
    assert_int_equal(0, mdb_txn_commit(txn));
    mdb_env_close(env);
    options.read_only = true;
    assert_status(STATUS_OK, journal_open_lmdb(&options, &suite->journal));
    struct journal_reader *reader = reader_of(suite->journal);
    assert_kept(reader, 0, JOURNAL_UPWARDS, 0, NULL);
    journal_reader_close(reader);
    suite->journal = journal_close(suite->journal);
    suite_open(suite);
    keep(suite->journal, 1, text("one"));
    reader = reader_of(suite->journal);
    assert_kept(reader, 1, JOURNAL_UPWARDS, 1, "one");
    journal_reader_close(reader);
}

/* Chunks give what single reads give, from any number on, also when a chunk's room is too small. */
static void chunks_are_what_single_reads_are(void **state)
{
    struct suite *suite = *state;
    static uint8_t large[RECORD_BYTES_MAX];
    struct journal_chunk *chunk = malloc(sizeof(*chunk));

    for (unsigned i = 0; i < 700; i++) {
        const struct bytes record =
            i % 50 == 0 ? bytes_from(large, sizeof(large)) : bytes_from(large, 1 + i % 90);
        large[0] = (uint8_t)i;
        (void)commit(suite->journal,
                     &(struct journal_batch){.records = &record, .records_count = 1});
    }
    struct journal_reader *reader = reader_of(suite->journal);
    struct journal_reader *single = reader_of(suite->journal);
    for (uint64_t sequence = 1; sequence <= 700;) {
        journal_read_chunk(reader, sequence, chunk);
        assert_true(chunk->count > 0);
        for (uint32_t i = 0; i < chunk->count; i++, sequence++) {
            struct bytes record;
            struct hash leaf;
            assert_status(STATUS_OK, journal_read_leaf(single, sequence, &record, &leaf));
            assert_true(bytes_equal(record, chunk->records[i]));
            assert_true(hash_equal(&leaf, &chunk->leaves[i]));
        }
    }
    assert_status(STATUS_NOT_FOUND, chunk->status);
    journal_read_chunk(reader, 701, chunk);
    assert_int_equal(0, chunk->count);
    assert_status(STATUS_NOT_FOUND, chunk->status);
    journal_reader_close(reader);
    journal_reader_close(single);
    free(chunk);
}

/* ---- what verify says ---- */

static struct note_key log_key(void)
{
    uint8_t public_key[32];
    struct note_key key;

    assert_status(STATUS_OK, ed25519_public_key(seed, public_key));
    assert_status(STATUS_OK,
                  note_key_init(&key, NOTE_KEY_ED25519, bytes_from_string(ORIGIN), public_key));
    return key;
}

/* A note over `root`, signed; borrowed until the next one. */
static struct bytes note_of(uint64_t size, struct hash root)
{
    static uint8_t memory[1024];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    const struct log_checkpoint checkpoint = {
        .origin = bytes_from_string(ORIGIN), .size = size, .root = root};
    const struct note_key key = log_key();
    uint8_t signature[64];

    assert_status(STATUS_OK, log_checkpoint_append(&buffer, &checkpoint));
    assert_status(STATUS_OK, ed25519_sign(seed, buffer_bytes(&buffer), signature));
    assert_status(STATUS_OK, buffer_append(&buffer, bytes_from("\n", 1)));
    assert_status(STATUS_OK, note_append_signature(&buffer, &key, bytes_from(signature, 64)));
    return buffer_bytes(&buffer);
}

static struct hash root_at(struct journal *journal, uint64_t size)
{
    struct journal_reader *reader = reader_of(journal);
    const struct tree_source tree = journal_tree(reader);
    struct hash root;

    assert_status(STATUS_OK, tree_root(&tree, size, &root));
    journal_reader_close(reader);
    return root;
}

static struct verify_report verify(struct suite *suite)
{
    const struct note_key key = log_key();
    const struct verify_options options = {.trust = {.keys = &key, .keys_count = 1}};
    struct journal_reader *reader = reader_of(suite->journal);
    struct verify_report report;

    const enum status status = journal_verify(suite->journal, reader, &options, &report);
    assert_int_equal(status, report.status);
    journal_reader_close(reader);
    return report;
}

static void verify_compares_every_checkpoint(void **state)
{
    struct suite *suite = *state;

    for (unsigned i = 0; i < 600; i++) {
        (void)commit_record(suite->journal, "a record");
    }
    keep(suite->journal, 0, note_of(0, tree_root_empty()));
    keep(suite->journal, 1, note_of(1, root_at(suite->journal, 1)));
    keep(suite->journal, 256, note_of(256, root_at(suite->journal, 256)));
    keep(suite->journal, 300, note_of(300, root_at(suite->journal, 300)));
    keep(suite->journal, 600, note_of(600, root_at(suite->journal, 600)));
    struct verify_report report = verify(suite);
    assert_int_equal(VERIFY_SOUND, report.finding);
    assert_int_equal(5, report.checkpoints_count);
    assert_int_equal(600, report.checkpoint_size);
    keep(suite->journal, 299, note_of(299, root_at(suite->journal, 298)));
    report = verify(suite);
    assert_int_equal(VERIFY_CHECKPOINT, report.finding);
    assert_int_equal(299, report.checkpoint_size);
    assert_int_equal(299, report.records_count);
    keep(suite->journal, 299, note_of(298, root_at(suite->journal, 299)));
    assert_int_equal(VERIFY_CHECKPOINT, verify(suite).finding);
    keep(suite->journal, 299, text("nonsense"));
    assert_int_equal(VERIFY_CHECKPOINT, verify(suite).finding);
    keep(suite->journal, 299, note_of(299, root_at(suite->journal, 299)));
    assert_int_equal(VERIFY_SOUND, verify(suite).finding);
}

/* Bytes of the file itself: each bit of a note, and records gone behind a checkpoint. */
static void verify_finds_a_changed_checkpoint(void **state)
{
    struct suite *suite = *state;
    uint8_t size[8] = {0, 0, 0, 0, 0, 0, 0, 3};
    const struct journal_options options = options_of(suite);

    for (unsigned i = 0; i < 3; i++) {
        (void)commit_record(suite->journal, "a record");
    }
    const struct bytes note = note_of(3, root_at(suite->journal, 3));
    const struct hash hash = sha2_of(note);
    keep(suite->journal, 3, note);
    for (size_t bit = 0; bit < 8 * (note.count + 8); bit += 11) {
        uint8_t stored[1100];
        MDB_env *env = NULL;
        MDB_txn *txn = NULL;
        MDB_dbi database;
        MDB_val key = {.mv_size = sizeof(size), .mv_data = size};
        MDB_val value = {.mv_size = note.count + 8, .mv_data = stored};
        memcpy(stored, note.data, note.count);
        memcpy(stored + note.count, hash.bytes, 8);
        stored[bit / 8] = (uint8_t)(stored[bit / 8] ^ 1u << (bit % 8));
        suite->journal = journal_close(suite->journal);
        assert_int_equal(0, mdb_env_create(&env));
        assert_int_equal(0, mdb_env_set_maxdbs(env, 8));
        assert_int_equal(0, mdb_env_open(env, suite->path, MDB_NOSYNC, 0600));
        assert_int_equal(0, mdb_txn_begin(env, NULL, 0, &txn));
        assert_int_equal(0, mdb_dbi_open(txn, "checkpoints", 0, &database));
        assert_int_equal(0, mdb_put(txn, database, &key, &value, 0));
        assert_int_equal(0, mdb_txn_commit(txn));
        mdb_env_close(env);
        assert_status(STATUS_OK, journal_open_lmdb(&options, &suite->journal));
        const struct verify_report report = verify(suite);
        assert_int_equal(VERIFY_CHECKPOINT, report.finding);
        assert_int_equal(3, report.checkpoint_size);
    }
}

/* An older copy of the records beside newer checkpoints. */
static void verify_finds_lost_records(void **state)
{
    struct suite *suite = *state;
    uint8_t size[8] = {0, 0, 0, 0, 0, 0, 0, 9};
    uint8_t stored[] = "any words, with a wrong checksum";
    const struct journal_options options = options_of(suite);
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi database;
    MDB_val key = {.mv_size = sizeof(size), .mv_data = size};
    MDB_val value = {.mv_size = sizeof(stored), .mv_data = stored};

    (void)commit_record(suite->journal, "a record");
    suite->journal = journal_close(suite->journal);
    assert_int_equal(0, mdb_env_create(&env));
    assert_int_equal(0, mdb_env_set_maxdbs(env, 8));
    assert_int_equal(0, mdb_env_open(env, suite->path, 0, 0600));
    assert_int_equal(0, mdb_txn_begin(env, NULL, 0, &txn));
    assert_int_equal(0, mdb_dbi_open(txn, "checkpoints", 0, &database));
    assert_int_equal(0, mdb_put(txn, database, &key, &value, 0));
    assert_int_equal(0, mdb_txn_commit(txn));
    mdb_env_close(env);
    assert_status(STATUS_OK, journal_open_lmdb(&options, &suite->journal));
    const struct verify_report report = verify(suite);
    assert_int_equal(VERIFY_CHECKPOINT, report.finding);
    assert_int_equal(9, report.checkpoint_size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EVERY(checkpoints_are_found_by_size, lmdb),
        EVERY(checkpoints_are_found_by_size, memory),
        EVERY(checkpoints_survive_reopening, lmdb),
        EVERY(an_older_journal_gets_checkpoints, lmdb),
        EVERY(chunks_are_what_single_reads_are, lmdb),
        EVERY(chunks_are_what_single_reads_are, memory),
        EVERY(verify_compares_every_checkpoint, lmdb),
        EVERY(verify_compares_every_checkpoint, memory),
        EVERY(verify_finds_a_changed_checkpoint, lmdb),
        EVERY(verify_finds_lost_records, lmdb),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
