/* SPDX-License-Identifier: Apache-2.0 */
/* LMDB's map is full at each call in turn: of a journal that is made, of a commit with records,
 * rows that come and go, blobs and a checkpoint, of a segment that moves to the archive, of the
 * signer's watermark. Once: the journal grows its map and nothing is seen of it. For ever: the
 * status says so, nothing of the batch is there, and what is tried later succeeds. */
#include "tests/support/unit.h"

#include <stdio.h>

#include "relay/signer/watermark.h"
#include "store/archive/archive.h"
#include "tests/support/folder.h"
#include "tests/support/map_full.h"

#define KEEP ARCHIVE_KEEP_RECORDS_MIN

static struct bytes text_of(const char *what, uint64_t number, char ret_text[64])
{
    return bytes_from(ret_text,
                      (size_t)snprintf(ret_text, 64, "%s %llu", what, (unsigned long long)number));
}

static enum status open_journal(const char *folder, struct journal **ret_journal)
{
    const struct journal_options options = {
        .path = folder, .map_bytes = (size_t)1 << 20, .reserve_bytes = 65536};

    return journal_open_lmdb(&options, ret_journal);
}

/* One of each that a batch can hold, all of them made from its number. The row of the batch before
 * goes. */
static enum status commit(struct journal *journal, uint64_t number, uint64_t *ret_head)
{
    char record[64];
    char row[64];
    char row_before[64];
    char blob[64];
    char note[64];
    const struct bytes records[] = {text_of("record", number, record)};
    const struct bytes blobs[] = {text_of("blob", number, blob)};
    const struct journal_change changes[] = {
        {.key = text_of("row", number, row), .value = records[0]},
        {.key = text_of("row", number - 1, row_before), .removed = true},
    };
    const struct journal_checkpoint checkpoint = {.size = number,
                                                  .note = text_of("note", number, note)};
    const struct journal_batch batch = {.records = records,
                                        .records_count = 1,
                                        .changes = changes,
                                        .changes_count = 2,
                                        .blobs = blobs,
                                        .blobs_count = 1,
                                        .checkpoint = &checkpoint};

    return journal_commit(journal, &batch, ret_head);
}

/* Batches 1 to `head` are there, whole, and nothing of another one. */
static void assert_holds(struct journal *journal, uint64_t head)
{
    struct journal_reader *reader = NULL;
    struct bytes found;
    char text[64];
    uint64_t size = 0;

    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    assert_int_equal(head, journal_reader_head(reader));
    for (uint64_t number = head - 1; number <= head + 1; number++) {
        assert_status(number == head ? STATUS_OK : STATUS_NOT_FOUND,
                      journal_read_row(reader, text_of("row", number, text), &found));
    }
    assert_status(STATUS_OK, journal_read_record(reader, head, &found));
    assert_true(bytes_equal(text_of("record", head, text), found));
    assert_status(STATUS_OK,
                  journal_seek_checkpoint(reader, UINT64_MAX, JOURNAL_DOWNWARDS, &size, &found));
    assert_int_equal(head, size);
    journal_reader_close(reader);
}

/* False: the commit has fewer calls. The journal is opened for it, because a map that grew for ever
 * is as large as it can be. */
static bool try_commit(const char *folder, uint64_t call, uint64_t count, uint64_t *head)
{
    struct journal *journal = NULL;
    uint64_t ret_head = 0;

    assert_status(STATUS_OK, open_journal(folder, &journal));
    map_full_at(call, count);
    const enum status status = commit(journal, *head + 1, &ret_head);
    const bool has_struck = map_full_heal();
    if (count == MAP_FULL_FOREVER && has_struck) {
        assert_status(STATUS_NO_SPACE, status);
        assert_holds(journal, *head);
        assert_status(STATUS_OK, commit(journal, *head + 1, &ret_head));
    } else {
        assert_status(STATUS_OK, status);
    }
    assert_int_equal(++*head, ret_head);
    assert_holds(journal, *head);
    journal_close(journal);
    return has_struck;
}

static void a_commit_grows_the_map_at_each_call_or_leaves_nothing(void **state)
{
    const struct folder folder = folder_make();
    uint64_t head = 0;
    unsigned struck = 0;

    (void)state;
    assert_false(try_commit(folder.path, UINT64_MAX, 1, &head));
    for (uint64_t call = 0; try_commit(folder.path, call, 1, &head); call++) {
        assert_true(try_commit(folder.path, call, MAP_FULL_FOREVER, &head));
        struck += 2;
    }
    print_message("%u full maps under a commit\n", struck);
    assert_true(struck >= 12); /* record, row, its end, blob, checkpoint, commit */
    folder_remove(&folder);
}

static void a_journal_is_made_or_says_that_there_is_no_space(void **state)
{
    unsigned struck = 0;
    bool has_struck = true;

    (void)state;
    for (uint64_t call = 0; has_struck; call++) {
        const struct folder folder = folder_make();
        struct journal *journal = NULL;
        uint64_t head = 0;
        map_full_at(call, MAP_FULL_FOREVER);
        const enum status status = open_journal(folder.path, &journal);
        has_struck = map_full_heal();
        assert_status(has_struck ? STATUS_NO_SPACE : STATUS_OK, status);
        struck += has_struck ? 1 : 0;
        if (has_struck) {
            assert_status(STATUS_OK, open_journal(folder.path, &journal));
        }
        assert_status(STATUS_OK, commit(journal, 1, &head));
        assert_holds(journal, 1);
        journal_close(journal);
        folder_remove(&folder);
    }
    print_message("%u full maps under a new journal\n", struck);
    assert_true(struck >= 5);
}

/* ---- the archive ---- */

static void fill(struct journal *journal)
{
    static char texts[JOURNAL_SEGMENT_RECORDS + KEEP][64];
    static struct bytes records[JOURNAL_SEGMENT_RECORDS + KEEP];
    const struct journal_batch batch = {.records = records,
                                        .records_count = JOURNAL_SEGMENT_RECORDS + KEEP};
    uint64_t head = 0;

    for (uint32_t i = 0; i < batch.records_count; i++) {
        records[i] = text_of("record", i + 1, texts[i]);
    }
    assert_status(STATUS_OK, journal_commit(journal, &batch, &head));
}

static void assert_each_record_is_there(struct journal *journal)
{
    struct journal_reader *reader = NULL;
    struct bytes found;
    char text[64];

    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    assert_int_equal(JOURNAL_SEGMENT_RECORDS + KEEP, journal_reader_head(reader));
    for (uint64_t number = 1; number <= journal_reader_head(reader); number++) {
        assert_status(STATUS_OK, journal_read_record(reader, number, &found));
        assert_true(bytes_equal(text_of("record", number, text), found));
    }
    journal_reader_close(reader);
}

/* Removing a segment takes thousands of calls: each of the first, then one in a hundred. */
static void a_segment_is_moved_or_stays(void **state)
{
    const struct archive_options options = {.keep_records = KEEP};
    const struct folder folder = folder_make();
    struct journal *journal = NULL;
    struct archive_report report;
    unsigned struck = 0;
    bool has_struck = true;

    (void)state;
    assert_status(STATUS_OK, open_journal(folder.path, &journal));
    fill(journal);
    for (uint64_t call = 0; has_struck; call += call < 20 ? 1 : 100) {
        map_full_at(call, MAP_FULL_FOREVER);
        const enum status status = archive_segment(journal, &options, &report);
        has_struck = map_full_heal();
        assert_status(has_struck ? STATUS_NO_SPACE : STATUS_OK, status);
        assert_int_equal(has_struck ? 0 : JOURNAL_SEGMENT_RECORDS, report.archived_count);
        struck += has_struck ? 1 : 0;
        if (call % 10 == 0 || !has_struck) {
            assert_each_record_is_there(journal);
        }
    }
    print_message("%u full maps under a segment\n", struck);
    assert_true(struck >= 20 + (JOURNAL_SEGMENT_RECORDS - 100) / 100);
    journal_close(journal);
    folder_remove(&folder);
}

/* ---- the signer ---- */

static const struct watermark_index place = {.domain = 901, .index = 7};

static enum status claim(struct watermark *watermark, uint8_t root)
{
    const struct checkpoint checkpoint = {.index = place.index, .root = {{root}}};
    struct checkpoint held;
    enum status status = watermark_begin(watermark);

    if (status == STATUS_OK) {
        status = watermark_open_request(watermark);
    }
    if (status == STATUS_OK) {
        status = watermark_claim_checkpoint(watermark, &place, &checkpoint, &held);
    }
    if (status == STATUS_OK) {
        status = watermark_keep_request(watermark);
    }
    if (status == STATUS_OK) {
        status = watermark_commit(watermark);
    }
    if (watermark_is_open(watermark)) {
        watermark_abort(watermark);
    }
    return status;
}

/* Nothing is claimed by what failed, so nothing was signed for it; what is claimed stays. */
static void a_watermark_claims_nothing_that_it_cannot_keep(void **state)
{
    unsigned struck = 0;
    bool has_struck = true;

    (void)state;
    for (uint64_t call = 0; has_struck; call++) {
        const struct folder folder = folder_make();
        struct watermark *watermark = NULL;
        enum watermark_age age;
        assert_status(STATUS_OK, watermark_open(folder.path, &watermark, &age));
        map_full_at(call, 1);
        const enum status status = claim(watermark, 1);
        has_struck = map_full_heal();
        assert_status(has_struck ? STATUS_NO_SPACE : STATUS_OK, status);
        struck += has_struck ? 1 : 0;
        watermark_close(watermark);
        assert_status(STATUS_OK, watermark_open(folder.path, &watermark, &age));
        assert_status(has_struck ? STATUS_OK : STATUS_REFUSED, claim(watermark, 2));
        assert_status(has_struck ? STATUS_REFUSED : STATUS_OK, claim(watermark, 1));
        watermark_close(watermark);
        folder_remove(&folder);
    }
    print_message("%u full maps under a signature\n", struck);
    assert_true(struck >= 3); /* the row, the request, the batch */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_grows_the_map_at_each_call_or_leaves_nothing),
        cmocka_unit_test(a_journal_is_made_or_says_that_there_is_no_space),
        cmocka_unit_test(a_segment_is_moved_or_stays),
        cmocka_unit_test(a_watermark_claims_nothing_that_it_cannot_keep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
