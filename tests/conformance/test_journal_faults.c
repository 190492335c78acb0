/* SPDX-License-Identifier: Apache-2.0 */
/* Each write and each sync under a commit fails in turn, with each error a disk can give. After
 * every one of them: the status says what happened, nothing of the batch is there, and the next
 * commit holds it. */
#include "tests/support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/journal.h"
#include "tests/support/disk.h"
#include "tests/support/folder.h"

struct disk {
    struct folder folder;
    struct journal *journal;
    struct journal_reader *reader;
};

static void disk_open(struct disk *disk)
{
    const struct journal_options options = {.path = disk->folder.path,
                                            .map_bytes = (size_t)1 << 16};

    assert_status(STATUS_OK, journal_open_lmdb(&options, &disk->journal));
    assert_status(STATUS_OK, journal_reader_open(disk->journal, &disk->reader));
}

static void disk_close(struct disk *disk)
{
    disk->reader = journal_reader_close(disk->reader);
    disk->journal = journal_close(disk->journal);
}

static enum status commit(struct disk *disk, const char *words, uint64_t *ret_head)
{
    static uint8_t large[30000]; /* several pages, and now and then a larger map */
    const struct bytes records[] = {bytes_from_string(words), bytes_from(large, sizeof(large))};
    const struct journal_change changes[] = {
        {.key = bytes_from_string("last"), .value = bytes_from_string(words)},
        {.key = bytes_from_string(words), .value = bytes_from_string("seen")},
    };

    return journal_commit(
        disk->journal,
        &(struct journal_batch){
            .records = records, .records_count = 2, .changes = changes, .changes_count = 2},
        ret_head);
}

/* The records, and the rows that came with the last of them. */
static void assert_holds(struct disk *disk, uint64_t head, const char *last, const char *absent)
{
    struct bytes found;

    assert_status(STATUS_OK, journal_reader_refresh(disk->reader));
    assert_int_equal(head, journal_reader_head(disk->reader));
    for (uint64_t sequence = 1; sequence <= head; sequence++) {
        assert_status(STATUS_OK, journal_read_record(disk->reader, sequence, &found));
    }
    assert_status(STATUS_OK, journal_read_row(disk->reader, bytes_from_string("last"), &found));
    assert_true(bytes_equal(bytes_from_string(last), found));
    assert_status(STATUS_NOT_FOUND,
                  journal_read_row(disk->reader, bytes_from_string(absent), &found));
}

static void arm(unsigned call, int error, bool lasting)
{
    disk_fail_at(
        &(struct disk_failure){.call = call, .count = lasting ? DISK_FOREVER : 1, .error = error});
}

static enum status status_expected(int error)
{
    return error == ENOSPC ? STATUS_NO_SPACE : error == EROFS ? STATUS_READ_ONLY : STATUS_IO;
}

/* Fails call `call` of one commit. False: the commit has fewer calls. */
static bool try_one(struct disk *disk, unsigned call, int error, bool lasting, uint64_t *head)
{
    char words[64];
    char before[64];
    uint64_t ret_head = 0;

    (void)snprintf(before, sizeof(before), "before %u.%d.%d", call, error, lasting);
    (void)snprintf(words, sizeof(words), "failed %u.%d.%d", call, error, lasting);
    assert_status(STATUS_OK, commit(disk, before, head));
    arm(call, error, lasting);
    const enum status status = commit(disk, words, &ret_head);
    if (!disk_heal()) {
        assert_status(STATUS_OK, status);
        *head = ret_head;
        return false;
    }
    assert_status(status_expected(error), status);
    assert_int_equal(0, ret_head);
    assert_holds(disk, *head, before, words);
    assert_status(STATUS_OK, commit(disk, words, head));
    assert_holds(disk, *head, words, "none");
    return true;
}

static void every_failing_write_and_sync_leaves_nothing_behind(void **state)
{
    (void)state;
    static const int errors[] = {EIO, ENOSPC, EROFS};
    struct disk disk = {.folder = folder_make()};
    unsigned tried = 0;
    uint64_t head = 0;

    disk_watch(disk.folder.path);
    disk_open(&disk);
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        for (int lasting = 0; lasting < 2; lasting++) {
            for (unsigned call = 0; try_one(&disk, call, errors[i], lasting == 1, &head); call++) {
                tried++;
                if (call % 2 == 1) {
                    /* What is on disk agrees with what was said. */
                    disk_close(&disk);
                    disk_open(&disk);
                    assert_int_equal(head, journal_reader_head(disk.reader));
                }
            }
        }
    }
    print_message("%u failures\n", tried);
    /* A commit writes data, syncs, and writes the meta page: at least 3 calls each. */
    assert_true(tried >= 18);
    disk_close(&disk);
    disk_unwatch();
    folder_remove(&disk.folder);
}

/* Promise 2: the data is on the disk before the page that says it is there, and that page is
 * written through (LMDB opens it O_DSYNC) before the commit returns. */
static void a_commit_syncs_what_it_wrote(void **state)
{
    (void)state;
    struct disk disk = {.folder = folder_make()};
    uint64_t head = 0;

    disk_watch(disk.folder.path);
    disk_open(&disk);
    for (unsigned round = 0; round < 5; round++) {
        disk_trace_begin();
        assert_status(STATUS_OK, commit(&disk, "words", &head));
        const char *calls = disk_trace();
        const size_t calls_count = strlen(calls);
        assert_true(calls_count >= 3);
        assert_int_equal('w', calls[0]);
        assert_ptr_equal(calls + calls_count - 2, strchr(calls, 's'));
        assert_int_equal('d', calls[calls_count - 1]);
    }
    disk_close(&disk);
    disk_unwatch();
    folder_remove(&disk.folder);
}

static void a_journal_that_cannot_be_created_says_why(void **state)
{
    (void)state;
    static const int errors[] = {EIO, ENOSPC, EROFS};
    unsigned tried = 0;

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        bool has_failed = true;
        for (unsigned call = 0; has_failed; call++) {
            const struct folder folder = folder_make();
            const struct journal_options options = {.path = folder.path};
            struct journal *journal = NULL;

            disk_watch(folder.path);
            arm(call, errors[i], false);
            const enum status status = journal_open_lmdb(&options, &journal);
            has_failed = disk_heal();
            /* The process id in writer.lock is a courtesy: its failure stops nothing. */
            if (has_failed && status != STATUS_OK) {
                assert_status(status_expected(errors[i]), status);
                assert_status(STATUS_OK, journal_open_lmdb(&options, &journal));
                tried++;
            }
            journal_close(journal);
            disk_unwatch();
            folder_remove(&folder);
        }
    }
    print_message("%u failures\n", tried);
    assert_true(tried >= 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failing_write_and_sync_leaves_nothing_behind),
        cmocka_unit_test(a_commit_syncs_what_it_wrote),
        cmocka_unit_test(a_journal_that_cannot_be_created_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
