/* SPDX-License-Identifier: Apache-2.0 */
/* The promises of store/archive/archive.h: nothing is lost whenever the machine dies or the disk
 * refuses, readers do not see where a record is, and whatever is missing, cut short or changed in
 * the archive is found with the number of its record. */
#include "tests/support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "store/archive/archive.h"
#include "store/source.h"
#include "store/verify.h"
#include "tests/support/deaths.h"
#include "tests/support/folder.h"

#define CHECKSUM_BYTES 8u /* of a stored record (store/README.md) */
#define KEEP           300u
#define SEGMENTS       2u
#define RECORDS        (SEGMENTS * JOURNAL_SEGMENT_RECORDS + KEEP)
#define BLOB_EVERY     1500u /* records; that one names a blob */
#define SHARED         9u    /* the record of the file that names the blob of BLOB_EVERY too */
#define SEGMENT_1      "archive/records/0/1-4096"
#define SEGMENT_2      "archive/records/0/4097-8192"

/* ---- a journal in which everything is made from its number ---- */

static struct bytes text_of(const char *what, uint64_t number, char ret_text[64])
{
    return bytes_from(ret_text,
                      (size_t)snprintf(ret_text, 64, "%s %llu", what, (unsigned long long)number));
}

/* 0: none. */
static uint64_t blob_named_by(uint64_t sequence)
{
    return sequence == RECORDS - SHARED ? BLOB_EVERY : sequence % BLOB_EVERY == 0 ? sequence : 0;
}

static enum status name_blobs(void *context, uint64_t sequence, struct bytes record,
                              struct archiver *archiver)
{
    char text[64];
    struct bytes blob;

    (void)context;
    CHECK(bytes_equal(text_of("record", sequence, text), record));
    if (blob_named_by(sequence) == 0) {
        return STATUS_OK;
    }
    const struct hash digest = sha2_of(text_of("blob", blob_named_by(sequence), text));
    return archiver_add_blob(archiver, &digest, &blob);
}

static const struct archive_options archive_options = {.keep_records = KEEP, .examine = name_blobs};

static const char *path_in(const char *folder, const char *name)
{
    static char path[400];

    (void)snprintf(path, sizeof(path), "%s/journal/%s", folder, name);
    return path;
}

static struct journal *open_journal(const char *folder)
{
    const struct journal_options options = {
        .path = path_in(folder, ""), .map_bytes = (size_t)1 << 20, .reserve_bytes = 65536};
    struct journal *journal = NULL;

    CHECK(journal_open_lmdb(&options, &journal) == STATUS_OK);
    return journal;
}

static uint64_t head_of(struct journal *journal)
{
    struct journal_reader *reader = NULL;

    CHECK(journal_reader_open(journal, &reader) == STATUS_OK);
    const uint64_t head = journal_reader_head(reader);
    journal_reader_close(reader);
    return head;
}

static void commit_range(struct journal *journal, uint64_t first, uint64_t last)
{
    static char texts[RECORDS + 1][64];
    static struct bytes records[RECORDS];
    static char blob_texts[RECORDS / BLOB_EVERY + 2][64];
    struct bytes blobs[RECORDS / BLOB_EVERY + 2];
    struct journal_batch batch = {.records = records, .blobs = blobs};
    uint64_t head = 0;

    for (uint64_t sequence = first; sequence <= last; sequence++) {
        records[batch.records_count] = text_of("record", sequence, texts[batch.records_count]);
        batch.records_count++;
        if (blob_named_by(sequence) != 0) {
            blobs[batch.blobs_count] =
                text_of("blob", blob_named_by(sequence), blob_texts[batch.blobs_count]);
            batch.blobs_count++;
        }
    }
    CHECK(journal_commit(journal, &batch, &head) == STATUS_OK);
    CHECK(head == last);
}

static void archive_all(struct journal *journal)
{
    struct archive_report report;
    enum status status = STATUS_OK;

    while ((status = archive_segment(journal, &archive_options, &report)) == STATUS_OK) {
    }
    assert_status(STATUS_NOT_FOUND, status);
    assert_int_equal(SEGMENTS * JOURNAL_SEGMENT_RECORDS, report.archived_count);
}

static void assert_whole(struct journal *journal, uint64_t head)
{
    const struct verify_options options = {.examine = NULL};
    struct journal_reader *reader = NULL;
    struct verify_report report;
    char text[64];
    struct bytes found;

    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    assert_int_equal(head, journal_reader_head(reader));
    for (uint64_t sequence = 1; sequence <= head; sequence += sequence % 97 == 0 ? 1 : 13) {
        assert_status(STATUS_OK, journal_read_record(reader, sequence, &found));
        assert_true(bytes_equal(text_of("record", sequence, text), found));
    }
    for (uint64_t sequence = BLOB_EVERY; sequence <= head; sequence += BLOB_EVERY) {
        const struct hash digest = sha2_of(text_of("blob", sequence, text));
        assert_status(STATUS_OK, journal_read_blob(reader, &digest, &found));
        assert_true(bytes_equal(text_of("blob", sequence, text), found));
    }
    assert_status(STATUS_OK, journal_verify(journal, reader, &options, &report));
    assert_int_equal(head, report.records_count);
    journal_reader_close(reader);
}

static struct folder make_archived(void)
{
    const struct folder folder = folder_make();
    struct journal *journal = open_journal(folder.path);

    commit_range(journal, 1, RECORDS);
    archive_all(journal);
    journal_close(journal);
    return folder;
}

/* ---- what it is for ---- */

static void readers_do_not_see_where_a_record_is(void **state)
{
    (void)state;
    const struct folder folder = make_archived();
    struct journal *journal = open_journal(folder.path);
    struct journal_usage usage;

    assert_whole(journal, RECORDS);
    assert_status(STATUS_OK, journal_usage(journal, &usage));
    assert_int_equal(RECORDS, usage.records_count);
    assert_int_equal(SEGMENTS * JOURNAL_SEGMENT_RECORDS, usage.records_archived);
    assert_int_equal(0, usage.blobs_count);
    journal_close(journal);
    assert_status(STATUS_OK, journal_open_source(path_in(folder.path, ""), &journal));
    assert_whole(journal, RECORDS);
    journal_close(journal);
    folder_remove(&folder);
}

static unsigned format_of(const char *folder)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi meta;
    MDB_val key = {.mv_size = 6, .mv_data = (void *)"format"};
    MDB_val value;

    assert_int_equal(0, mdb_env_create(&env));
    assert_int_equal(0, mdb_env_set_maxdbs(env, 8));
    assert_int_equal(0, mdb_env_open(env, path_in(folder, ""), MDB_RDONLY, 0600));
    assert_int_equal(0, mdb_txn_begin(env, NULL, MDB_RDONLY, &txn));
    assert_int_equal(0, mdb_dbi_open(txn, "meta", 0, &meta));
    assert_int_equal(0, mdb_get(txn, meta, &key, &value));
    assert_int_equal(4, value.mv_size);
    const unsigned format = ((const uint8_t *)value.mv_data)[3];
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return format;
}

/* A program that knows formats up to 2 says so and stops, and does not take it for a damaged one
 * (test_journal_disk: another_format_is_refused). */
static void an_older_program_is_told_by_the_format(void **state)
{
    (void)state;
    const struct folder folder = folder_make();
    struct journal *journal = open_journal(folder.path);

    commit_range(journal, 1, RECORDS);
    journal_close(journal);
    assert_int_equal(2, format_of(folder.path));
    journal = open_journal(folder.path);
    archive_all(journal);
    journal_close(journal);
    assert_int_equal(3, format_of(folder.path));
    journal = open_journal(folder.path);
    assert_whole(journal, RECORDS);
    journal_close(journal);
    folder_remove(&folder);
}

/* Rounds of the same size, each archived: the file stops growing. */
static void the_file_is_bounded(void **state)
{
    (void)state;
    const struct folder folder = folder_make();
    struct journal *journal = open_journal(folder.path);
    const struct archive_options options = {.keep_records = KEEP};
    struct archive_report report;
    uint64_t early = 0;
    struct stat file;

    for (unsigned round = 0; round < 12; round++) {
        const uint64_t head = head_of(journal);
        commit_range(journal, head + 1, head + JOURNAL_SEGMENT_RECORDS);
        while (archive_segment(journal, &options, &report) == STATUS_OK) {
        }
        assert_int_equal(0, stat(path_in(folder.path, "data.mdb"), &file));
        early = round == 3 ? (uint64_t)file.st_size : early;
    }
    assert_true((uint64_t)file.st_size <= early + early / 8);
    assert_int_equal(11 * JOURNAL_SEGMENT_RECORDS, report.archived_count);
    journal_close(journal);
    folder_remove(&folder);
}

/* A reader that was there before goes on, with what the file had then. */
static void a_reader_of_before_goes_on(void **state)
{
    (void)state;
    const struct folder folder = folder_make();
    struct journal *journal = open_journal(folder.path);
    struct journal_reader *reader = NULL;
    char text[64];
    struct bytes found;

    commit_range(journal, 1, RECORDS);
    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    archive_all(journal);
    assert_int_equal(0, journal_reader_archived(reader));
    assert_status(STATUS_OK, journal_read_record(reader, 7, &found));
    assert_true(bytes_equal(text_of("record", 7, text), found));
    assert_status(STATUS_OK, journal_reader_refresh(reader));
    assert_int_equal(SEGMENTS * JOURNAL_SEGMENT_RECORDS, journal_reader_archived(reader));
    assert_status(STATUS_OK, journal_read_record(reader, 7, &found));
    assert_true(bytes_equal(text_of("record", 7, text), found));
    assert_status(STATUS_NOT_FOUND, journal_read_record(reader, 0, &found));
    journal_reader_close(reader);
    journal_close(journal);
    folder_remove(&folder);
}

/* Overwrites the beginning of record `sequence`, wherever the file has it. */
static void overwrite_record(const char *folder, uint64_t sequence, struct bytes bytes)
{
    char text[64];
    const int fd = open(path_in(folder, "data.mdb"), O_RDWR);

    assert_true(fd >= 0);
    const size_t size = (size_t)lseek(fd, 0, SEEK_END);
    char *content = malloc(size);
    assert_non_null(content);
    assert_int_equal(size, pread(fd, content, size, 0));
    const struct bytes sought = text_of("record", sequence, text);
    const char *place = memmem(content, size, sought.data, sought.count);
    assert_non_null(place);
    assert_int_equal(bytes.count, pwrite(fd, bytes.data, bytes.count, place - content));
    (void)close(fd);
    free(content);
}

/* The second segment is not moved, and the file has it still. */
static void assert_stays(const char *folder, const struct archive_options *options,
                         uint64_t sequence)
{
    struct journal *journal = open_journal(folder);
    struct archive_report report;

    assert_status(STATUS_OK, archive_segment(journal, options, &report));
    assert_status(STATUS_CORRUPT, archive_segment(journal, options, &report));
    assert_int_equal(sequence, report.sequence);
    assert_int_equal(JOURNAL_SEGMENT_RECORDS, report.archived_count);
    assert_int_equal(-1, access(path_in(folder, SEGMENT_2), F_OK));
    journal_close(journal);
}

/* The archive may not take a record that is damaged, nor lose the last word about it. */
static void a_damaged_record_stays_where_it_is(void **state)
{
    (void)state;
    const struct folder folder = folder_make();
    struct journal *journal = open_journal(folder.path);

    commit_range(journal, 1, RECORDS);
    journal_close(journal);
    overwrite_record(folder.path, 5000, bytes_from("R", 1));
    assert_stays(folder.path, &archive_options, 5000);
    folder_remove(&folder);
}

/* Nor one that was exchanged for another with its own checksum: the tree knows the first. */
static void a_forged_record_stays_where_it_is(void **state)
{
    static const struct archive_options unexamined = {.keep_records = KEEP};
    static const char forged[] = "RECORD 5000";
    (void)state;
    const struct folder folder = folder_make();
    struct journal *journal = open_journal(folder.path);
    const struct hash leaf = tree_leaf(bytes_from_string(forged));
    uint8_t memory[sizeof(forged) + CHECKSUM_BYTES];
    struct buffer stored = buffer_from(memory, sizeof(memory));

    assert_status(STATUS_OK, buffer_append(&stored, bytes_from_string(forged)));
    assert_status(STATUS_OK, buffer_append(&stored, bytes_from(leaf.bytes, CHECKSUM_BYTES)));
    commit_range(journal, 1, RECORDS);
    journal_close(journal);
    overwrite_record(folder.path, 5000, buffer_bytes(&stored));
    assert_stays(folder.path, &unexamined, (5000 - 1) / 256 * 256 + 1);
    folder_remove(&folder);
}

/* ---- what is wrong with an archive is found ---- */

static void assert_found(const char *folder, enum verify_finding finding, uint64_t sequence)
{
    const struct verify_options options = {.examine = NULL};
    struct journal *journal = NULL;
    struct journal_reader *reader = NULL;
    struct verify_report report;
    struct bytes record;

    assert_status(STATUS_OK, journal_open_source(path_in(folder, ""), &journal));
    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    assert_status(STATUS_CORRUPT, journal_verify(journal, reader, &options, &report));
    assert_int_equal(finding, report.finding);
    assert_int_equal(sequence, report.sequence);
    assert_true(journal_read_record(reader, sequence, &record) != STATUS_OK);
    journal_reader_close(reader);
    journal_close(journal);
}

static void a_missing_segment_is_found(void **state)
{
    (void)state;
    const struct folder folder = make_archived();

    assert_int_equal(0, unlink(path_in(folder.path, SEGMENT_2)));
    assert_found(folder.path, VERIFY_MISSING, JOURNAL_SEGMENT_RECORDS + 1);
    /* One in the place of another. */
    char other[400];
    (void)snprintf(other, sizeof(other), "%s", path_in(folder.path, SEGMENT_1));
    assert_int_equal(0, link(other, path_in(folder.path, SEGMENT_2)));
    assert_found(folder.path, VERIFY_CHECKSUM, JOURNAL_SEGMENT_RECORDS + 1);
    folder_remove(&folder);
}

static void a_segment_that_is_cut_short_or_too_long_is_found(void **state)
{
    (void)state;
    const struct folder folder = make_archived();
    const char *path = path_in(folder.path, SEGMENT_1);
    struct stat file;

    assert_int_equal(0, stat(path, &file));
    assert_int_equal(0, truncate(path, file.st_size + 1));
    assert_found(folder.path, VERIFY_CHECKSUM, 1);
    assert_int_equal(0, truncate(path_in(folder.path, SEGMENT_1), file.st_size - 1));
    assert_found(folder.path, VERIFY_CHECKSUM, JOURNAL_SEGMENT_RECORDS);
    assert_int_equal(0, truncate(path_in(folder.path, SEGMENT_1), 100));
    assert_found(folder.path, VERIFY_CHECKSUM, 1);
    assert_int_equal(0, truncate(path_in(folder.path, SEGMENT_1), 0));
    assert_found(folder.path, VERIFY_CHECKSUM, 1);
    folder_remove(&folder);
}

/* Which record the byte belongs to; the header and its table belong to the first. */
static uint64_t record_at(const uint8_t *content, off_t place)
{
    const uint8_t *table = content + 32;

    for (uint64_t i = JOURNAL_SEGMENT_RECORDS; i > 0; i--) {
        const uint8_t *entry = table + 4 * (i - 1);
        const off_t begin =
            (off_t)entry[0] << 24 | (off_t)entry[1] << 16 | (off_t)entry[2] << 8 | (off_t)entry[3];
        if (place >= begin) {
            return i;
        }
    }
    return 1;
}

static void any_flipped_bit_is_found(void **state)
{
    (void)state;
    const struct folder folder = make_archived();
    const struct verify_options options = {.examine = NULL};
    struct verify_report report;
    struct stat file;
    unsigned flips = 0;

    const int fd = open(path_in(folder.path, SEGMENT_1), O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(0, fstat(fd, &file));
    uint8_t *content = malloc((size_t)file.st_size);
    assert_non_null(content);
    assert_int_equal(file.st_size, pread(fd, content, (size_t)file.st_size, 0));
    struct journal *journal = NULL;
    assert_status(STATUS_OK, journal_open_source(path_in(folder.path, ""), &journal));
    /* Every byte of the header, and a spread of the rest: table, records, checksums, zero bytes. */
    for (off_t place = 0; place < file.st_size; place += place < 64 ? 1 : 179, flips++) {
        struct journal_reader *reader = NULL;
        const uint8_t flipped = content[place] ^ (uint8_t)(1u << (place % 8));
        assert_int_equal(1, pwrite(fd, &flipped, 1, place));
        assert_status(STATUS_OK, journal_reader_open(journal, &reader));
        assert_status(STATUS_CORRUPT, journal_verify(journal, reader, &options, &report));
        const uint64_t expected = record_at(content, place);
        if (place < 32 || place >= 32 + 4 * (off_t)(JOURNAL_SEGMENT_RECORDS + 1)) {
            assert_int_equal(expected, report.sequence);
        } else {
            assert_in_range(report.sequence, 1, JOURNAL_SEGMENT_RECORDS);
        }
        journal_reader_close(reader);
        assert_int_equal(1, pwrite(fd, content + place, 1, place));
    }
    assert_true(flips > 400);
    assert_whole(journal, RECORDS);
    journal_close(journal);
    (void)close(fd);
    free(content);
    folder_remove(&folder);
}

/* ---- a disk that refuses ---- */

/* One segment is moved on a disk that refuses one call. Returns how many calls that took; 0: the
 * call was refused. */
static uint64_t refuse_once(uint64_t call, int error)
{
    const struct folder folder = folder_make();
    struct archive_report report;

    disk_watch(folder.path); /* syncs cost nothing then */
    struct journal *journal = open_journal(folder.path);
    commit_range(journal, 1, RECORDS);
    const uint64_t before = disk_calls();
    disk_fail_at(&(struct disk_failure){.call = call, .count = 1, .error = error});
    const enum status status = archive_segment(journal, &archive_options, &report);
    const bool has_struck = disk_heal();
    const uint64_t calls = disk_calls() - before;
    assert_true(has_struck || status == STATUS_OK);
    assert_whole(journal, RECORDS);
    archive_all(journal);
    assert_whole(journal, RECORDS);
    journal_close(journal);
    disk_unwatch();
    folder_remove(&folder);
    return has_struck ? 0 : calls;
}

static void what_a_disk_refuses_changes_nothing(void **state)
{
    (void)state;
    static const int errors[] = {ENOSPC, EIO, EROFS, 0};
    const uint64_t calls = refuse_once(UINT32_MAX, EIO);
    unsigned struck = 0;

    assert_true(calls > 20);
    for (uint64_t call = 0; call < calls; call++) {
        struck += refuse_once(call, errors[call % 4]) == 0 ? 1 : 0;
        struck += refuse_once(call, errors[(call + 1) % 4]) == 0 ? 1 : 0;
    }
    (void)printf("%u refusals\n", struck);
    assert_true(struck > calls);
}

/* ---- loss of power ---- */

struct shared {
    uint64_t acknowledged; /* records */
};

static void begin(void *shared)
{
    *(struct shared *)shared = (struct shared){.acknowledged = 0};
}

static void live(void *context, const char *folder)
{
    struct shared *shared = context;
    struct journal *journal = open_journal(folder);
    struct archive_report report;
    const uint64_t head = head_of(journal);

    if (head < RECORDS) {
        CHECK(head == 0);
        commit_range(journal, 1, RECORDS);
        shared->acknowledged = RECORDS;
    }
    while (archive_segment(journal, &archive_options, &report) == STATUS_OK) {
    }
    CHECK(report.status == STATUS_NOT_FOUND);
    journal_close(journal);
}

static void check(void *context, const char *folder)
{
    const struct shared *shared = context;
    struct journal *journal = open_journal(folder);

    const uint64_t head = head_of(journal);
    assert_true(head >= shared->acknowledged);
    assert_true(head == 0 || head == RECORDS);
    assert_whole(journal, head);
    journal_close(journal);
}

static void nothing_is_lost_when_the_power_fails_at_any_call(void **state)
{
    (void)state;
    const struct deaths deaths = {.shared = deaths_shared(sizeof(struct shared)),
                                  .begin = begin,
                                  .live = live,
                                  .check = check};
    const struct disk_counts counts = deaths_everywhere(&deaths, 0);

    /* Each segment has its folder, draft, name and transaction, each blob a file. */
    assert_true(counts.names >= 2 * SEGMENTS);
    assert_true(counts.syncs >= 6 * SEGMENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_do_not_see_where_a_record_is),
        cmocka_unit_test(an_older_program_is_told_by_the_format),
        cmocka_unit_test(the_file_is_bounded),
        cmocka_unit_test(a_reader_of_before_goes_on),
        cmocka_unit_test(a_damaged_record_stays_where_it_is),
        cmocka_unit_test(a_forged_record_stays_where_it_is),
        cmocka_unit_test(a_missing_segment_is_found),
        cmocka_unit_test(a_segment_that_is_cut_short_or_too_long_is_found),
        cmocka_unit_test(any_flipped_bit_is_found),
        cmocka_unit_test(what_a_disk_refuses_changes_nothing),
        cmocka_unit_test(nothing_is_lost_when_the_power_fails_at_any_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
