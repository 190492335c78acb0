/* SPDX-License-Identifier: Apache-2.0 */
/* The promises of store/journal.h on every backend. test_journal_disk.c has what only one on disk
 * can be asked. */
#include "tests/conformance/journal_suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/base/digest.h"
#include "relay/base/limits.h"
#include "relay/base/prng.h"

/* ---- every backend ---- */

static void a_batch_is_seen_as_a_whole_after_a_refresh(void **state)
{
    struct suite *suite = *state;
    struct journal_reader *reader = reader_of(suite->journal);
    const struct bytes records[] = {text("one"), text("two")};
    const struct journal_change changes[] = {put("a", "1"), put("b", "2")};
    const struct bytes blob = text("large");
    struct bytes found;

    assert_int_equal(2, commit(suite->journal, &(struct journal_batch){.records = records,
                                                                       .records_count = 2,
                                                                       .changes = changes,
                                                                       .changes_count = 2,
                                                                       .blobs = &blob,
                                                                       .blobs_count = 1}));
    assert_int_equal(0, journal_reader_head(reader));
    assert_record(reader, 1, NULL);
    assert_row(reader, "a", NULL);
    assert_status(STATUS_NOT_FOUND, read_blob(reader, "large", &found));

    assert_status(STATUS_OK, journal_reader_refresh(reader));
    assert_int_equal(2, journal_reader_head(reader));
    assert_record(reader, 1, "one");
    assert_record(reader, 2, "two");
    assert_row(reader, "a", "1");
    assert_row(reader, "b", "2");
    assert_status(STATUS_OK, read_blob(reader, "large", &found));
    assert_true(bytes_equal(blob, found));
    journal_reader_close(reader);
}

static void readers_of_different_age_see_their_own_state(void **state)
{
    struct suite *suite = *state;
    struct bytes key;
    struct bytes value;

    commit_change(suite->journal, put("k", "old"));
    struct journal_reader *old = reader_of(suite->journal);
    commit_change(suite->journal, put("k", "middle"));
    commit_change(suite->journal, put("m", "middle"));
    struct journal_reader *middle = reader_of(suite->journal);
    commit_change(suite->journal, removal("k"));
    (void)commit_record(suite->journal, "r");
    struct journal_reader *new = reader_of(suite->journal);

    assert_row(old, "k", "old");
    assert_row(old, "m", NULL);
    assert_row(middle, "k", "middle");
    assert_row(middle, "m", "middle");
    assert_row(new, "k", NULL);
    assert_int_equal(0, journal_reader_head(middle));
    assert_int_equal(1, journal_reader_head(new));
    assert_status(STATUS_OK, journal_seek_row(middle, text("a"), &key, &value));
    assert_true(bytes_equal(text("k"), key));
    assert_status(STATUS_OK, journal_seek_row(new, text("a"), &key, &value));
    assert_true(bytes_equal(text("m"), key));
    journal_reader_close(new);
    journal_reader_close(old);
    assert_row(middle, "k", "middle");
    journal_reader_close(middle);
}

static void sequence_numbers_start_at_one_without_gaps(void **state)
{
    struct suite *suite = *state;
    struct bytes records[7];
    char words[7][8];
    uint64_t expected = 0;

    for (uint32_t count = 0; count <= 7; count++) {
        for (uint32_t i = 0; i < count; i++) {
            (void)snprintf(words[i], sizeof(words[i]), "%u.%u", count, i);
            records[i] = text(words[i]);
        }
        expected += count;
        assert_int_equal(
            expected, commit(suite->journal,
                             &(struct journal_batch){.records = records, .records_count = count}));
    }
    struct journal_reader *reader = reader_of(suite->journal);
    assert_record(reader, 0, NULL);
    assert_record(reader, 1, "1.0");
    assert_record(reader, 2, "2.0");
    assert_record(reader, 3, "2.1");
    assert_record(reader, 28, "7.6");
    assert_record(reader, 29, NULL);
    assert_record(reader, UINT64_MAX, NULL);
    journal_reader_close(reader);
}

static void rows_are_found_in_order(void **state)
{
    struct suite *suite = *state;
    struct bytes key;
    struct bytes value;
    const struct journal_change changes[] = {put("b", "2"),    put("ab", ""), put("a", "1"),
                                             put("b", "3"),    put("c", "4"), removal("c"),
                                             removal("absent")};

    (void)commit(suite->journal, &(struct journal_batch){.changes = changes, .changes_count = 7});
    struct journal_reader *reader = reader_of(suite->journal);
    assert_status(STATUS_OK, journal_seek_row(reader, text(""), &key, &value));
    assert_true(bytes_equal(text("a"), key));
    assert_status(STATUS_OK, journal_seek_row(reader, text("aa"), &key, &value));
    assert_true(bytes_equal(text("ab"), key));
    assert_int_equal(0, value.count);
    assert_status(STATUS_OK, journal_seek_row(reader, text("b"), &key, &value));
    assert_true(bytes_equal(text("b"), key));
    assert_true(bytes_equal(text("3"), value));
    assert_status(STATUS_NOT_FOUND, journal_seek_row(reader, text("ba"), &key, &value));
    journal_reader_close(reader);
}

static void a_repeated_blob_is_kept_once(void **state)
{
    struct suite *suite = *state;
    const struct bytes blobs[] = {text("same"), text("same"), text("other")};
    struct journal_usage usage;
    struct bytes found;

    (void)commit(suite->journal, &(struct journal_batch){.blobs = blobs, .blobs_count = 3});
    (void)commit(suite->journal, &(struct journal_batch){.blobs = blobs, .blobs_count = 1});
    assert_status(STATUS_OK, journal_usage(suite->journal, &usage));
    assert_int_equal(2, usage.blobs_count);
    struct journal_reader *reader = reader_of(suite->journal);
    assert_status(STATUS_OK, read_blob(reader, "same", &found));
    assert_status(STATUS_NOT_FOUND, read_blob(reader, "none", &found));
    journal_reader_close(reader);
}

static void the_largest_things_fit(void **state)
{
    struct suite *suite = *state;
    uint8_t *large = malloc(1u << 20);
    uint8_t key[ROW_KEY_BYTES_MAX];
    struct bytes value;
    struct bytes found;

    memset(large, 'x', 1u << 20);
    memset(key, 'k', sizeof(key));
    const struct bytes record = bytes_from(large, RECORD_BYTES_MAX);
    const struct journal_change change = {.key = bytes_from(key, sizeof(key)),
                                          .value = bytes_from(large, ROW_VALUE_BYTES_MAX)};
    const struct bytes blob = bytes_from(large, 1u << 20);
    (void)commit(suite->journal, &(struct journal_batch){.records = &record,
                                                         .records_count = 1,
                                                         .changes = &change,
                                                         .changes_count = 1,
                                                         .blobs = &blob,
                                                         .blobs_count = 1});
    struct journal_reader *reader = reader_of(suite->journal);
    assert_status(STATUS_OK, journal_read_record(reader, 1, &value));
    assert_true(bytes_equal(record, value));
    assert_status(STATUS_OK, journal_seek_row(reader, text("k"), &found, &value));
    assert_true(bytes_equal(change.key, found));
    assert_true(bytes_equal(change.value, value));
    const struct hash digest = sha2_of(blob);
    assert_status(STATUS_OK, journal_read_blob(reader, &digest, &value));
    assert_true(bytes_equal(blob, value));
    journal_reader_close(reader);
    free(large);
}

/* ---- random batches against a model that knows nothing of the backends ---- */

#define MODEL_KEYS 60

struct model {
    int values[MODEL_KEYS]; /* -1: absent */
    uint64_t head;
};

static void model_key(unsigned index, char ret_key[16])
{
    /* Keys of different lengths, some of them prefixes of others. */
    (void)snprintf(ret_key, 16, "%.*s%u", (int)(index % 7), "aaaaaaa", index / 7);
}

static void assert_reader_is(struct journal_reader *reader, const struct model *model)
{
    char key[16];
    char expected[16];
    struct bytes found = {0};
    struct bytes value = {0};
    unsigned present = 0;
    unsigned walked = 0;
    uint8_t next[32] = {0};
    size_t next_count = 0;

    assert_int_equal(model->head, journal_reader_head(reader));
    for (unsigned i = 0; i < MODEL_KEYS; i++) {
        model_key(i, key);
        (void)snprintf(expected, sizeof(expected), "%d", model->values[i]);
        assert_row(reader, key, model->values[i] < 0 ? NULL : expected);
        present += model->values[i] >= 0;
    }
    while (journal_seek_row(reader, bytes_from(next, next_count), &found, &value) == STATUS_OK) {
        /* Ascending, because each is at or after the successor of the one before. */
        assert_true(bytes_compare(found, bytes_from(next, next_count)) >= 0);
        memcpy(next, found.data, found.count);
        next[found.count] = 0;
        next_count = found.count + 1;
        walked++;
    }
    assert_int_equal(present, walked);
}

static void commit_random(struct journal *journal, struct prng *prng, struct model *model)
{
    struct journal_change changes[20];
    char keys[20][16];
    char values[20][16];
    struct bytes records[3];
    const uint32_t changes_count = (uint32_t)prng_below(prng, 21);
    const uint32_t records_count = (uint32_t)prng_below(prng, 4);

    for (uint32_t i = 0; i < changes_count; i++) {
        const unsigned index = (unsigned)prng_below(prng, MODEL_KEYS);
        const int value = prng_chance(prng, 3) ? -1 : (int)prng_below(prng, 100000);
        model_key(index, keys[i]);
        (void)snprintf(values[i], sizeof(values[i]), "%d", value);
        changes[i] = value < 0 ? removal(keys[i]) : put(keys[i], values[i]);
        model->values[index] = value;
    }
    for (uint32_t i = 0; i < records_count; i++) {
        records[i] = text("record");
    }
    model->head += records_count;
    assert_int_equal(model->head,
                     commit(journal, &(struct journal_batch){.records = records,
                                                             .records_count = records_count,
                                                             .changes = changes,
                                                             .changes_count = changes_count}));
}

static void random_batches_give_the_model_s_state(void **state)
{
    struct suite *suite = *state;
    struct prng prng = prng_from(suite->is_lmdb ? 1 : 2);
    struct model now;
    struct model seen[4] = {{{0}, 0}};
    struct journal_reader *readers[4] = {NULL};

    memset(&now, 0xff, sizeof(now));
    now.head = 0;
    for (unsigned round = 0; round < (suite->is_lmdb ? 300u : 2000u); round++) {
        const unsigned which = (unsigned)prng_below(&prng, 4);
        commit_random(suite->journal, &prng, &now);
        if (readers[which] == NULL) {
            readers[which] = reader_of(suite->journal);
            seen[which] = now;
        } else if (prng_chance(&prng, 3)) {
            readers[which] = journal_reader_close(readers[which]);
        } else if (prng_chance(&prng, 2)) {
            assert_status(STATUS_OK, journal_reader_refresh(readers[which]));
            seen[which] = now;
        }
        for (unsigned i = 0; i < 4; i++) {
            if (readers[i] != NULL) {
                assert_reader_is(readers[i], &seen[i]);
            }
        }
    }
    for (unsigned i = 0; i < 4; i++) {
        journal_reader_close(readers[i]);
    }
}

/* Many rows in ascending, descending and random order: chunks split, empty and vanish. */
static void many_rows_come_and_go(void **state)
{
    struct suite *suite = *state;
    struct prng prng = prng_from(9);
    uint8_t keys[200][4];
    struct journal_change changes[200];
    struct journal_usage usage;
    uint32_t expected = 0;
    bool *present = calloc(20000, sizeof(bool));

    for (uint32_t round = 0; round < 200; round++) {
        for (uint32_t i = 0; i < 200; i++) {
            const uint32_t number = round < 50    ? round * 200 + i
                                    : round < 100 ? 19999 - (round - 50) * 200 - i
                                                  : (uint32_t)prng_below(&prng, 20000);
            const bool removed = round >= 100 && prng_chance(&prng, 2);
            keys[i][0] = (uint8_t)(number >> 24);
            keys[i][1] = (uint8_t)(number >> 16);
            keys[i][2] = (uint8_t)(number >> 8);
            keys[i][3] = (uint8_t)number;
            changes[i] = (struct journal_change){.key = bytes_from(keys[i], 4),
                                                 .value = bytes_from(keys[i], removed ? 0 : 4),
                                                 .removed = removed};
            expected += !removed && !present[number] ? 1u : 0u;
            expected -= removed && present[number] ? 1u : 0u;
            present[number] = !removed;
        }
        (void)commit(suite->journal,
                     &(struct journal_batch){.changes = changes, .changes_count = 200});
    }
    assert_status(STATUS_OK, journal_usage(suite->journal, &usage));
    assert_int_equal(expected, usage.rows_count);
    struct journal_reader *reader = reader_of(suite->journal);
    uint32_t next = 0;
    uint32_t walked = 0;
    struct bytes key;
    struct bytes value;
    uint8_t from[4] = {0};
    while (journal_seek_row(reader, bytes_from(from, 4), &key, &value) == STATUS_OK) {
        const uint32_t number = (uint32_t)key.data[0] << 24 | (uint32_t)key.data[1] << 16 |
                                (uint32_t)key.data[2] << 8 | key.data[3];
        assert_true(number >= next && present[number]);
        assert_memory_equal(key.data, value.data, 4);
        next = number + 1;
        from[0] = (uint8_t)(next >> 24);
        from[1] = (uint8_t)(next >> 16);
        from[2] = (uint8_t)(next >> 8);
        from[3] = (uint8_t)next;
        walked++;
    }
    assert_int_equal(expected, walked);
    journal_reader_close(reader);
    free(present);
}

/* ---- promise 4 ---- */

/* Flips one bit of `words` wherever the journal's file holds them: a page that was copied when its
 * neighbour changed is there twice. */
static void flip_in_file(const struct suite *suite, const char *words)
{
    char path[400];
    struct stat stat;
    unsigned flipped = 0;

    (void)snprintf(path, sizeof(path), "%s/data.mdb", suite->path);
    const int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(0, fstat(fd, &stat));
    const size_t size = (size_t)stat.st_size;
    uint8_t *content = malloc(size);
    assert_int_equal(stat.st_size, pread(fd, content, size, 0));
    for (uint8_t *found = content;
         (found = memmem(found, size - (size_t)(found - content), words, strlen(words))) != NULL;
         flipped++) {
        *found ^= 1;
        assert_int_equal(1, pwrite(fd, found, 1, found - content));
    }
    assert_true(flipped > 0);
    assert_int_equal(0, close(fd));
    free(content);
}

static void flip_in_memory(struct bytes bytes)
{
    ((uint8_t *)bytes.data)[0] ^= 1;
}

static void a_flipped_bit_is_corrupt_and_never_data(void **state)
{
    struct suite *suite = *state;
    const struct bytes record = text("the record to be damaged");
    const struct bytes blob = text("the blob to be damaged");
    struct bytes found;

    (void)commit(suite->journal,
                 &(struct journal_batch){
                     .records = &record, .records_count = 1, .blobs = &blob, .blobs_count = 1});
    (void)commit_record(suite->journal, "sound");
    if (suite->is_lmdb) {
        journal_close(suite->journal);
        flip_in_file(suite, "the record to be damaged");
        flip_in_file(suite, "the blob to be damaged");
        suite->journal = NULL;
        /* Nothing is appended to a damaged end; it can still be read. */
        struct journal_options options = options_of(suite);
        assert_status(STATUS_CORRUPT, journal_open_lmdb(&options, &suite->journal));
        options.read_only = true;
        assert_status(STATUS_OK, journal_open_lmdb(&options, &suite->journal));
    }
    struct journal_reader *reader = reader_of(suite->journal);
    if (!suite->is_lmdb) {
        assert_status(STATUS_OK, journal_read_record(reader, 1, &found));
        flip_in_memory(found);
        assert_status(STATUS_OK, read_blob(reader, "the blob to be damaged", &found));
        flip_in_memory(found);
    }
    assert_status(STATUS_CORRUPT, journal_read_record(reader, 1, &found));
    assert_status(STATUS_CORRUPT, read_blob(reader, "the blob to be damaged", &found));
    assert_record(reader, 2, "sound");
    journal_reader_close(reader);
}

int main(void)
{
    const struct CMUnitTest memory_tests[] = {
        EVERY(a_batch_is_seen_as_a_whole_after_a_refresh, memory),
        EVERY(readers_of_different_age_see_their_own_state, memory),
        EVERY(sequence_numbers_start_at_one_without_gaps, memory),
        EVERY(rows_are_found_in_order, memory),
        EVERY(a_repeated_blob_is_kept_once, memory),
        EVERY(the_largest_things_fit, memory),
        EVERY(random_batches_give_the_model_s_state, memory),
        EVERY(many_rows_come_and_go, memory),
        EVERY(a_flipped_bit_is_corrupt_and_never_data, memory),
    };
    const struct CMUnitTest lmdb_tests[] = {
        EVERY(a_batch_is_seen_as_a_whole_after_a_refresh, lmdb),
        EVERY(readers_of_different_age_see_their_own_state, lmdb),
        EVERY(sequence_numbers_start_at_one_without_gaps, lmdb),
        EVERY(rows_are_found_in_order, lmdb),
        EVERY(a_repeated_blob_is_kept_once, lmdb),
        EVERY(the_largest_things_fit, lmdb),
        EVERY(random_batches_give_the_model_s_state, lmdb),
        EVERY(many_rows_come_and_go, lmdb),
        EVERY(a_flipped_bit_is_corrupt_and_never_data, lmdb),
    };
    const int failures = cmocka_run_group_tests_name("memory", memory_tests, NULL, NULL);

    return failures + cmocka_run_group_tests_name("lmdb", lmdb_tests, NULL, NULL);
}
