/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/journal_suite.h"

#include <stdio.h>
#include <stdlib.h>

#include "relay/base/digest.h"

struct journal_options options_of(const struct suite *suite)
{
    return (struct journal_options){
        .path = suite->path, .map_bytes = (size_t)1 << 20, .map_bytes_max = (size_t)1 << 30};
}

void suite_open(struct suite *suite)
{
    const struct journal_options options = options_of(suite);

    assert_status(STATUS_OK, suite->is_lmdb ? journal_open_lmdb(&options, &suite->journal)
                                            : journal_open_memory(&suite->journal));
}

static int set_up(void **state, bool is_lmdb)
{
    struct suite *suite = calloc(1, sizeof(*suite));

    suite->is_lmdb = is_lmdb;
    suite->folder = folder_make();
    (void)snprintf(suite->path, sizeof(suite->path), "%s/journal", suite->folder.path);
    suite_open(suite);
    *state = suite;
    return 0;
}

int set_up_lmdb(void **state)
{
    return set_up(state, true);
}

int set_up_memory(void **state)
{
    return set_up(state, false);
}

int tear_down(void **state)
{
    struct suite *suite = *state;

    journal_close(suite->journal);
    folder_remove(&suite->folder);
    free(suite);
    return 0;
}

struct bytes text(const char *words)
{
    return bytes_from_string(words);
}

struct journal_change put(const char *key, const char *value)
{
    return (struct journal_change){.key = text(key), .value = text(value)};
}

struct journal_change removal(const char *key)
{
    return (struct journal_change){.key = text(key), .removed = true};
}

uint64_t commit(struct journal *journal, const struct journal_batch *batch)
{
    uint64_t head = 0;

    assert_status(STATUS_OK, journal_commit(journal, batch, &head));
    return head;
}

uint64_t commit_record(struct journal *journal, const char *words)
{
    const struct bytes record = text(words);

    return commit(journal, &(struct journal_batch){.records = &record, .records_count = 1});
}

void commit_change(struct journal *journal, struct journal_change change)
{
    (void)commit(journal, &(struct journal_batch){.changes = &change, .changes_count = 1});
}

struct journal_reader *reader_of(struct journal *journal)
{
    struct journal_reader *reader = NULL;

    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    return reader;
}

void assert_row(struct journal_reader *reader, const char *key, const char *expected)
{
    struct bytes value;
    const enum status status = journal_read_row(reader, text(key), &value);

    if (expected == NULL) {
        assert_status(STATUS_NOT_FOUND, status);
        return;
    }
    assert_status(STATUS_OK, status);
    assert_true(bytes_equal(text(expected), value));
}

void assert_record(struct journal_reader *reader, uint64_t sequence, const char *expected)
{
    struct bytes record;
    const enum status status = journal_read_record(reader, sequence, &record);

    if (expected == NULL) {
        assert_status(STATUS_NOT_FOUND, status);
        return;
    }
    assert_status(STATUS_OK, status);
    assert_true(bytes_equal(text(expected), record));
}

enum status read_blob(struct journal_reader *reader, const char *words, struct bytes *ret_blob)
{
    const struct hash digest = sha2_of(text(words));

    return journal_read_blob(reader, &digest, ret_blob);
}
