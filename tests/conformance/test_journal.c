/* SPDX-License-Identifier: Apache-2.0 */
/* The promises of store/journal.h on every backend, then what only a journal on disk has:
 * reopening, growth of the map, locks, formats, full disks. */
#include "tests/support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/base/digest.h"
#include "relay/base/limits.h"
#include "relay/base/prng.h"
#include "store/journal.h"
#include "tests/support/folder.h"

/* ---- the suite's own tools ---- */

struct suite {
    bool is_lmdb;
    struct folder folder;
    char path[300];
    struct journal *journal;
};

static struct journal_options options_of(const struct suite *suite)
{
    return (struct journal_options){
        .path = suite->path, .map_bytes = (size_t)1 << 20, .map_bytes_max = (size_t)1 << 30};
}

static void suite_open(struct suite *suite)
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

static struct bytes text(const char *words)
{
    return bytes_from_string(words);
}

static struct journal_change put(const char *key, const char *value)
{
    return (struct journal_change){.key = text(key), .value = text(value)};
}

static struct journal_change removal(const char *key)
{
    return (struct journal_change){.key = text(key), .removed = true};
}

static uint64_t commit(struct journal *journal, const struct journal_batch *batch)
{
    uint64_t head = 0;

    assert_status(STATUS_OK, journal_commit(journal, batch, &head));
    return head;
}

static uint64_t commit_record(struct journal *journal, const char *words)
{
    const struct bytes record = text(words);

    return commit(journal, &(struct journal_batch){.records = &record, .records_count = 1});
}

static void commit_change(struct journal *journal, struct journal_change change)
{
    (void)commit(journal, &(struct journal_batch){.changes = &change, .changes_count = 1});
}

static struct journal_reader *reader_of(struct journal *journal)
{
    struct journal_reader *reader = NULL;

    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    return reader;
}

static void assert_row(struct journal_reader *reader, const char *key, const char *expected)
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

static void assert_record(struct journal_reader *reader, uint64_t sequence, const char *expected)
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

static enum status read_blob(struct journal_reader *reader, const char *words,
                             struct bytes *ret_blob)
{
    const struct hash digest = sha2_of(text(words));

    return journal_read_blob(reader, &digest, ret_blob);
}

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
    struct bytes found;
    struct bytes value;
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
    struct model seen[4];
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

static int open_for_writing(const struct suite *suite)
{
    const struct journal_options options = options_of(suite);
    struct journal *second = NULL;
    const enum status status = journal_open_lmdb(&options, &second);

    journal_close(second);
    return (int)status;
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
        assert_int_equal(STATUS_CORRUPT, open_for_writing(suite));
        struct journal_options options = options_of(suite);
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

/* ---- on disk ---- */

static void what_was_committed_is_there_after_reopening(void **state)
{
    struct suite *suite = *state;

    (void)commit_record(suite->journal, "first");
    commit_change(suite->journal, put("k", "v"));
    suite->journal = journal_close(suite->journal);
    suite_open(suite);
    assert_int_equal(2, commit_record(suite->journal, "second"));
    struct journal_reader *reader = reader_of(suite->journal);
    assert_record(reader, 1, "first");
    assert_record(reader, 2, "second");
    assert_row(reader, "k", "v");
    journal_reader_close(reader);
}

/* Runs `child` in another process and returns its exit code. */
static int in_another_process(int (*child)(const struct suite *suite), const struct suite *suite)
{
    int status = 0;
    const pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(child(suite));
    }
    assert_int_equal(pid, waitpid(pid, &status, 0));
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_second_writer_is_busy(void **state)
{
    struct suite *suite = *state;

    assert_int_equal(STATUS_BUSY, open_for_writing(suite));
    assert_int_equal(STATUS_BUSY, in_another_process(open_for_writing, suite));
    assert_int_equal(getpid(), journal_writer_pid(suite->path));
    assert_int_equal(1, commit_record(suite->journal, "still mine"));
    suite->journal = journal_close(suite->journal);
    assert_int_equal(0, journal_writer_pid(suite->path));
    assert_int_equal(STATUS_OK, in_another_process(open_for_writing, suite));
    suite_open(suite);
}

static void the_map_grows_without_losing_the_batch_under_live_readers(void **state)
{
    struct suite *suite = *state;
    uint8_t *large = malloc(60000);
    struct journal_usage before;
    struct journal_usage after;
    struct bytes found;

    memset(large, 7, 60000);
    (void)commit_record(suite->journal, "first");
    commit_change(suite->journal, put("k", "v"));
    struct journal_reader *reader = reader_of(suite->journal);
    struct journal_reader *idle = reader_of(suite->journal);
    assert_record(reader, 1, "first");
    assert_status(STATUS_OK, journal_usage(suite->journal, &before));
    for (uint64_t i = 2; i <= 200; i++) {
        const struct bytes record = bytes_from(large, 60000);
        assert_int_equal(i, commit(suite->journal, &(struct journal_batch){.records = &record,
                                                                           .records_count = 1}));
        assert_row(reader, "k", "v");
        assert_record(reader, 1, "first");
    }
    assert_status(STATUS_OK, journal_usage(suite->journal, &after));
    assert_true(after.bytes_mapped >= 8 * before.bytes_mapped);
    assert_status(STATUS_OK, journal_reader_refresh(idle));
    assert_int_equal(200, journal_reader_head(idle));
    for (uint64_t i = 2; i <= 200; i++) {
        assert_status(STATUS_OK, journal_read_record(idle, i, &found));
        assert_int_equal(60000, found.count);
    }
    journal_reader_close(idle);
    journal_reader_close(reader);
    free(large);
}

static void the_ceiling_is_no_space_and_the_journal_stays_usable(void **state)
{
    struct suite *suite = *state;
    struct journal_options options = options_of(suite);
    uint8_t *large = calloc(1, 60000);
    const struct bytes record = bytes_from(large, 60000);
    const struct journal_batch batch = {.records = &record, .records_count = 1};
    uint64_t head = 0;
    enum status status = STATUS_OK;

    journal_close(suite->journal);
    options.map_bytes_max = (size_t)3 << 20;
    assert_status(STATUS_OK, journal_open_lmdb(&options, &suite->journal));
    for (unsigned i = 0; i < 100 && status == STATUS_OK; i++) {
        status = journal_commit(suite->journal, &batch, &head);
    }
    assert_status(STATUS_NO_SPACE, status);
    assert_true(head > 20);
    const uint64_t held = head;
    assert_status(STATUS_NO_SPACE, journal_commit(suite->journal, &batch, &head));
    assert_int_equal(held, head);
    struct journal_reader *reader = reader_of(suite->journal);
    assert_int_equal(held, journal_reader_head(reader));
    journal_reader_close(reader);

    suite->journal = journal_close(suite->journal);
    suite_open(suite);
    assert_int_equal(held + 1, commit(suite->journal, &batch));
    free(large);
}

static int grow_a_lot(const struct suite *suite)
{
    const struct journal_options options = options_of(suite);
    struct journal *journal = NULL;
    uint8_t *large = calloc(1, 60000);
    const struct bytes record = bytes_from(large, 60000);
    uint64_t head = 0;

    if (journal_open_lmdb(&options, &journal) != STATUS_OK) {
        return 1;
    }
    for (unsigned i = 0; i < 100; i++) {
        if (journal_commit(journal, &(struct journal_batch){.records = &record, .records_count = 1},
                           &head) != STATUS_OK) {
            return 2;
        }
    }
    journal_close(journal);
    free(large);
    return 0;
}

static void a_reader_follows_a_map_that_grows_in_another_process(void **state)
{
    struct suite *suite = *state;
    struct journal_options options = options_of(suite);
    struct bytes found;

    (void)commit_record(suite->journal, "first");
    suite->journal = journal_close(suite->journal);
    options.read_only = true;
    assert_status(STATUS_OK, journal_open_lmdb(&options, &suite->journal));
    struct journal_reader *reader = reader_of(suite->journal);
    struct journal_reader *other = reader_of(suite->journal);
    assert_int_equal(0, in_another_process(grow_a_lot, suite));
    assert_int_equal(1, journal_reader_head(reader));
    assert_record(reader, 1, "first");
    assert_status(STATUS_OK, journal_reader_refresh(reader));
    assert_int_equal(101, journal_reader_head(reader));
    assert_status(STATUS_OK, journal_read_record(reader, 101, &found));
    assert_record(other, 1, "first");
    journal_reader_close(other);
    journal_reader_close(reader);
}

static void reading_needs_a_journal_and_writes_none(void **state)
{
    struct suite *suite = *state;
    struct journal_options options = options_of(suite);
    struct journal *journal = NULL;
    char path[400];
    struct stat stat_now;

    (void)snprintf(path, sizeof(path), "%s/none", suite->folder.path);
    options.path = path;
    options.read_only = true;
    assert_status(STATUS_NOT_FOUND, journal_open_lmdb(&options, &journal));
    assert_int_equal(-1, stat(path, &stat_now));
    (void)snprintf(path, sizeof(path), "%s/none/below", suite->folder.path);
    options.read_only = false;
    assert_status(STATUS_NOT_FOUND, journal_open_lmdb(&options, &journal));
    assert_null(journal);
}

static int read_first(const struct suite *suite)
{
    struct journal_options options = options_of(suite);
    struct journal *journal = NULL;
    struct journal_reader *reader = NULL;
    struct bytes record;

    options.read_only = true;
    enum status status = journal_open_lmdb(&options, &journal);
    if (status == STATUS_OK) {
        status = journal_reader_open(journal, &reader);
    }
    if (status == STATUS_OK) {
        status = journal_read_record(reader, 1, &record);
    }
    journal_reader_close(reader);
    journal_close(journal);
    return (int)status;
}

static int read_first_as_nobody(const struct suite *suite)
{
    if (setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 ||
        setresuid(65534, 65534, 65534) != 0) {
        return 100;
    }
    return read_first(suite);
}

static void make_readable_by_all(const struct suite *suite)
{
    static const char *const files[] = {"", "/data.mdb", "/lock.mdb", "/writer.lock"};
    char path[400];

    assert_int_equal(0, chmod(suite->folder.path, 0755));
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", suite->path, files[i]);
        assert_int_equal(0, chmod(path, i == 0 ? 0755 : 0644));
    }
}

static void who_may_only_read_reads_what_nobody_writes(void **state)
{
    struct suite *suite = *state;

    if (geteuid() != 0) {
        skip(); /* only root can become somebody else */
    }
    (void)commit_record(suite->journal, "first");
    make_readable_by_all(suite);
    assert_int_equal(STATUS_OK, in_another_process(read_first, suite));
    assert_int_equal(STATUS_BUSY, in_another_process(read_first_as_nobody, suite));
    suite->journal = journal_close(suite->journal);
    assert_int_equal(STATUS_OK, in_another_process(read_first_as_nobody, suite));
    suite_open(suite);
}

static int open_unwritable(const struct suite *suite)
{
    if (setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 ||
        setresuid(65534, 65534, 65534) != 0) {
        return 100;
    }
    return open_for_writing(suite);
}

static void who_may_only_read_cannot_write(void **state)
{
    struct suite *suite = *state;

    if (geteuid() != 0) {
        skip();
    }
    make_readable_by_all(suite);
    assert_int_equal(STATUS_READ_ONLY, in_another_process(open_unwritable, suite));
}

static void a_full_disk_loses_nothing(void **state)
{
    struct suite *suite = *state;
    uint8_t *large = calloc(1, 60000);
    const struct bytes record = bytes_from(large, 60000);
    const struct journal_batch batch = {.records = &record, .records_count = 1};
    struct rlimit limit;
    uint64_t head = 0;

    (void)commit_record(suite->journal, "first");
    assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &limit));
    const struct rlimit small = {.rlim_cur = 200000, .rlim_max = limit.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &small));
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < 10 && status == STATUS_OK; i++) {
        status = journal_commit(suite->journal, &batch, &head);
    }
    const uint64_t held = head;
    const enum status again = journal_commit(suite->journal, &batch, &head);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
    assert_status(STATUS_NO_SPACE, status);
    assert_status(STATUS_NO_SPACE, again);
    assert_true(held >= 2);
    assert_int_equal(held + 1, commit(suite->journal, &batch));
    struct journal_reader *reader = reader_of(suite->journal);
    assert_record(reader, 1, "first");
    journal_reader_close(reader);
    free(large);
}

static void another_format_is_refused(void **state)
{
    struct suite *suite = *state;
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi meta;
    uint8_t version[4] = {0, 0, 0, 3};
    MDB_val key = {.mv_size = 6, .mv_data = (void *)"format"};
    MDB_val value = {.mv_size = 4, .mv_data = version};

    suite->journal = journal_close(suite->journal);
    assert_int_equal(0, mdb_env_create(&env));
    assert_int_equal(0, mdb_env_set_maxdbs(env, 8));
    assert_int_equal(0, mdb_env_open(env, suite->path, 0, 0600));
    assert_int_equal(0, mdb_txn_begin(env, NULL, 0, &txn));
    assert_int_equal(0, mdb_dbi_open(txn, "meta", 0, &meta));
    assert_int_equal(0, mdb_put(txn, meta, &key, &value, 0));
    assert_int_equal(0, mdb_txn_commit(txn));
    mdb_env_close(env);
    assert_int_equal(STATUS_VERSION, open_for_writing(suite));
    assert_int_equal(STATUS_VERSION, read_first(suite));
}

static void what_is_not_a_journal_is_corrupt(void **state)
{
    struct suite *suite = *state;
    char path[400];
    uint8_t garbage[8192];
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi other;

    suite->journal = journal_close(suite->journal);
    (void)snprintf(path, sizeof(path), "%s/data.mdb", suite->path);
    memset(garbage, 0x5a, sizeof(garbage));
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(sizeof(garbage), fwrite(garbage, 1, sizeof(garbage), file));
    assert_int_equal(0, fclose(file));
    assert_int_equal(STATUS_CORRUPT, open_for_writing(suite));
    assert_int_equal(STATUS_CORRUPT, read_first(suite));

    /* LMDB, but somebody else's. */
    assert_int_equal(0, unlink(path));
    assert_int_equal(0, mdb_env_create(&env));
    assert_int_equal(0, mdb_env_set_maxdbs(env, 8));
    assert_int_equal(0, mdb_env_open(env, suite->path, 0, 0600));
    assert_int_equal(0, mdb_txn_begin(env, NULL, 0, &txn));
    assert_int_equal(0, mdb_dbi_open(txn, "phone book", MDB_CREATE, &other));
    assert_int_equal(0, mdb_txn_commit(txn));
    mdb_env_close(env);
    assert_int_equal(STATUS_CORRUPT, open_for_writing(suite));
    assert_int_equal(STATUS_CORRUPT, read_first(suite));
}

static void readers_are_bounded(void **state)
{
    struct suite *suite = *state;
    struct journal_reader *readers[JOURNAL_READERS_MAX + 1] = {NULL};
    uint32_t count = 0;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && count <= JOURNAL_READERS_MAX) {
        status = journal_reader_open(suite->journal, &readers[count]);
        count += status == STATUS_OK ? 1 : 0;
    }
    assert_status(STATUS_FULL, status);
    assert_int_equal(JOURNAL_READERS_MAX, count);
    assert_int_equal(1, commit_record(suite->journal, "unhindered"));
    while (count > 0) {
        journal_reader_close(readers[--count]);
    }
}

#define EVERY(test, backend) cmocka_unit_test_setup_teardown(test, set_up_##backend, tear_down)

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
        EVERY(what_was_committed_is_there_after_reopening, lmdb),
        EVERY(a_second_writer_is_busy, lmdb),
        EVERY(the_map_grows_without_losing_the_batch_under_live_readers, lmdb),
        EVERY(the_ceiling_is_no_space_and_the_journal_stays_usable, lmdb),
        EVERY(a_reader_follows_a_map_that_grows_in_another_process, lmdb),
        EVERY(reading_needs_a_journal_and_writes_none, lmdb),
        EVERY(who_may_only_read_reads_what_nobody_writes, lmdb),
        EVERY(who_may_only_read_cannot_write, lmdb),
        EVERY(a_full_disk_loses_nothing, lmdb),
        EVERY(another_format_is_refused, lmdb),
        EVERY(what_is_not_a_journal_is_corrupt, lmdb),
        EVERY(readers_are_bounded, lmdb),
    };
    const int failures = cmocka_run_group_tests_name("memory", memory_tests, NULL, NULL);

    return failures + cmocka_run_group_tests_name("lmdb", lmdb_tests, NULL, NULL);
}
