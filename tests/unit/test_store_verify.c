/* SPDX-License-Identifier: Apache-2.0 */
/* Every finding of store/verify.h, with the number of the record. */
#include "tests/support/unit.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "relay/base/check.h"
#include "store/verify.h"
#include "tests/support/folder.h"

#define RECORDS 5000

struct shelf {
    struct folder folder;
    unsigned progress_count;
    uint64_t refused;
};

static void fill(const struct shelf *shelf)
{
    const struct journal_options options = {.path = shelf->folder.path};
    struct journal *journal = NULL;
    uint64_t head = 0;
    char words[32];

    assert_status(STATUS_OK, journal_open_lmdb(&options, &journal));
    static char all[RECORDS][32];
    static struct bytes records[RECORDS];
    for (unsigned i = 0; i < RECORDS; i++) {
        (void)snprintf(words, sizeof(words), "record %u", i + 1);
        memcpy(all[i], words, sizeof(words));
        records[i] = bytes_from_string(all[i]);
    }
    assert_status(
        STATUS_OK,
        journal_commit(
            journal, &(struct journal_batch){.records = records, .records_count = RECORDS}, &head));
    journal_close(journal);
}

static int set_up(void **state)
{
    struct shelf *shelf = calloc(1, sizeof(*shelf));

    shelf->folder = folder_make();
    fill(shelf);
    *state = shelf;
    return 0;
}

static int tear_down(void **state)
{
    struct shelf *shelf = *state;

    folder_remove(&shelf->folder);
    free(shelf);
    return 0;
}

static void progress(void *context, uint64_t sequence, uint64_t head)
{
    struct shelf *shelf = context;

    assert_true(sequence <= head);
    shelf->progress_count++;
}

static enum status examine(void *context, uint64_t sequence, struct bytes record,
                           const char **ret_what)
{
    const struct shelf *shelf = context;
    char words[32];

    (void)snprintf(words, sizeof(words), "record %llu", (unsigned long long)sequence);
    assert_true(bytes_equal(bytes_from_string(words), record));
    if (sequence == shelf->refused) {
        *ret_what = "it was refused";
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

/* The record's number; what ends with a zero needs another look. */
static bool outline(const void *context, struct bytes record, struct verify_outline *ret_outline)
{
    uint64_t number = 0;

    CHECK(context != NULL); /* that of the options */
    for (size_t i = strlen("record "); i < record.count; i++) {
        number = 10 * number + (uint64_t)(record.data[i] - '0');
    }
    ret_outline->words[0] = number;
    ret_outline->words[1] = ~number;
    return number % 10 != 0;
}

static enum status judge(void *context, uint64_t sequence, const struct verify_outline *found,
                         const char **ret_what)
{
    const struct shelf *shelf = context;

    assert_true(found->words[0] == sequence);
    assert_true(found->words[1] == ~sequence);
    if (sequence == shelf->refused) {
        *ret_what = "it was refused";
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

static struct verify_report verify_with(struct shelf *shelf, uint32_t threads_count)
{
    const struct journal_options options = {.path = shelf->folder.path, .read_only = true};
    const struct verify_options verify_options = {.context = shelf,
                                                  .examine = examine,
                                                  .progress = progress,
                                                  .threads_count = threads_count,
                                                  .outline = outline,
                                                  .judge = judge};
    struct journal *journal = NULL;
    struct journal_reader *reader = NULL;
    struct verify_report report;

    assert_status(STATUS_OK, journal_open_lmdb(&options, &journal));
    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    const enum status status = journal_verify(journal, reader, &verify_options, &report);
    assert_status(report.status, status);
    journal_reader_close(reader);
    journal_close(journal);
    return report;
}

/* However many threads look, they find the same. */
static struct verify_report verify(struct shelf *shelf)
{
    static const uint32_t threads_counts[] = {1, 3, 40};
    const struct verify_report alone = verify_with(shelf, 0);

    for (size_t i = 0; i < sizeof(threads_counts) / sizeof(threads_counts[0]); i++) {
        const struct verify_report found = verify_with(shelf, threads_counts[i]);
        assert_int_equal(alone.finding, found.finding);
        assert_int_equal(alone.sequence, found.sequence);
        assert_status(alone.status, found.status);
        assert_string_equal(alone.what, found.what);
        assert_true(alone.records_count == found.records_count);
        assert_true(alone.bytes_count == found.bytes_count);
        assert_true(hash_equal(&alone.root, &found.root) || alone.finding != VERIFY_SOUND);
        assert_true(alone.checkpoints_count == found.checkpoints_count);
        assert_true(alone.checkpoint_size == found.checkpoint_size);
    }
    return alone;
}

/* Puts `value` under `key_bytes`, or removes what is there when it is NULL, behind the journal's
 * back. */
static void tamper(const struct shelf *shelf, const void *key_bytes, size_t key_count,
                   const char *value_text)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi records;
    MDB_val key = {.mv_size = key_count, .mv_data = (void *)key_bytes};
    MDB_val value = {.mv_size = value_text == NULL ? 0 : strlen(value_text),
                     .mv_data = (void *)value_text};

    assert_int_equal(0, mdb_env_create(&env));
    assert_int_equal(0, mdb_env_set_maxdbs(env, 8));
    assert_int_equal(0, mdb_env_open(env, shelf->folder.path, 0, 0600));
    assert_int_equal(0, mdb_txn_begin(env, NULL, 0, &txn));
    assert_int_equal(0, mdb_dbi_open(txn, "records", 0, &records));
    assert_int_equal(0, value_text == NULL ? mdb_del(txn, records, &key, NULL)
                                           : mdb_put(txn, records, &key, &value, 0));
    assert_int_equal(0, mdb_txn_commit(txn));
    mdb_env_close(env);
}

static void a_whole_journal_is_sound(void **state)
{
    struct shelf *shelf = *state;
    const struct verify_report report = verify(shelf);

    assert_int_equal(VERIFY_SOUND, report.finding);
    assert_int_equal(RECORDS, report.records_count);
    assert_int_equal(RECORDS, report.head);
    assert_int_equal(9 * 8 + 90 * 9 + 900 * 10 + 4001 * 11, report.bytes_count);
    assert_int_equal(4, shelf->progress_count); /* once each time */
}

static void a_missing_record_is_named(void **state)
{
    struct shelf *shelf = *state;
    const uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0x07, 0xd0};

    tamper(shelf, key, sizeof(key), NULL);
    const struct verify_report report = verify(shelf);
    assert_int_equal(VERIFY_MISSING, report.finding);
    assert_int_equal(2000, report.sequence);
    assert_int_equal(1999, report.records_count);
    assert_status(STATUS_CORRUPT, report.status);
}

static void a_changed_record_is_named(void **state)
{
    struct shelf *shelf = *state;
    const uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0, 3};

    tamper(shelf, key, sizeof(key), "record 4--------");
    const struct verify_report report = verify(shelf);
    assert_int_equal(VERIFY_CHECKSUM, report.finding);
    assert_int_equal(3, report.sequence);
}

/* Where tiles begin and end, and in the one at the end that is not full. */
static void a_changed_record_is_named_wherever_it_is(void **state)
{
    static const uint16_t numbers[] = {5000, 4864, 4001, 513, 512, 257, 256, 255, 1};
    struct shelf *shelf = *state;

    /* From the last to the first: the first bad one is what is found. */
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const uint8_t key[] = {0, 0, 0, 0, 0, 0, (uint8_t)(numbers[i] >> 8), (uint8_t)numbers[i]};
        tamper(shelf, key, sizeof(key), "record 4--------");
        const struct verify_report report = verify(shelf);
        assert_int_equal(VERIFY_CHECKSUM, report.finding);
        assert_int_equal(numbers[i], report.sequence);
        assert_int_equal(numbers[i] - 1, report.records_count);
    }
}

static void a_record_too_short_for_a_checksum_is_named(void **state)
{
    struct shelf *shelf = *state;
    const uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0, 3};

    tamper(shelf, key, sizeof(key), "12345678");
    const struct verify_report report = verify(shelf);
    assert_int_equal(VERIFY_CHECKSUM, report.finding);
    assert_int_equal(3, report.sequence);
}

static void something_else_among_the_records_is_found(void **state)
{
    struct shelf *shelf = *state;

    tamper(shelf, "\0\0\0\0\0\0\0\3x", 9, "smuggled");
    const struct verify_report report = verify(shelf);
    assert_int_equal(VERIFY_EXTRA, report.finding);
    assert_status(STATUS_CORRUPT, report.status);
}

static void record_zero_is_found(void **state)
{
    struct shelf *shelf = *state;

    tamper(shelf, "\0\0\0\0\0\0\0\0", 8, "smuggled");
    assert_int_equal(VERIFY_EXTRA, verify(shelf).finding);
}

static void a_record_that_the_caller_refuses_is_named(void **state)
{
    struct shelf *shelf = *state;

    shelf->refused = 4711;
    const struct verify_report report = verify(shelf);
    assert_int_equal(VERIFY_EXAMINED, report.finding);
    assert_int_equal(4711, report.sequence);
    assert_status(STATUS_MALFORMED, report.status);
    assert_string_equal("it was refused", report.what);
}

int main(void)
{
#define WITH_SHELF(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_SHELF(a_whole_journal_is_sound),
        WITH_SHELF(a_missing_record_is_named),
        WITH_SHELF(a_changed_record_is_named),
        WITH_SHELF(a_changed_record_is_named_wherever_it_is),
        WITH_SHELF(a_record_too_short_for_a_checksum_is_named),
        WITH_SHELF(something_else_among_the_records_is_found),
        WITH_SHELF(record_zero_is_found),
        WITH_SHELF(a_record_that_the_caller_refuses_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
