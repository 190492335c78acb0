/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation fails in turn, once and from then on, those of LMDB and libcrypto too: of a
 * journal's life with rows, blobs and a checkpoint, of its writer's, of one that moves records to
 * its archive, of an export, of the log signer's with a checkpoint signed, of a watermark's with a
 * signature in it, of the reading of a custodian's file. Nothing crashes, nothing leaks, the status
 * says what happened, and what is on disk goes on as if nothing had been. */
#include "tests/support/unit.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "relay/signer/config.h"
#include "relay/signer/log_signer.h"
#include "store/archive/archive.h"
#include "store/ed25519.h"
#include "store/log/export.h"
#include "store/log/published.h"
#include "store/writer.h"
#include "tests/support/folder.h"
#include "tests/support/memory.h"
#include "tests/support/signed_journal.h"
#include "tests/unit/signer_fixture.h"

#define LARGE_BYTES 60000u
#define LOG_RECORDS 300u
#define ARCHIVED    (JOURNAL_SEGMENT_RECORDS + ARCHIVE_KEEP_RECORDS_MIN)

/* It is memory that fails here: nothing waits for the disk. */
int fsync(int fd)
{
    (void)fd;
    return 0;
}

int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

int syncfs(int fd)
{
    (void)fd;
    return 0;
}

/* One life that may find no memory. STATUS_OK, or what it met. */
typedef enum status (*life_fn)(const char *folder);

static uint64_t acknowledged; /* head of the journal */

static enum status live_with_reader(struct journal *journal)
{
    static uint8_t large[LARGE_BYTES];
    const struct bytes record = bytes_from(large, sizeof(large));
    const struct journal_change changes[] = {
        {.key = bytes_from_string("index"), .value = record},
        {.key = bytes_from_string("gone"), .removed = true},
    };
    const struct journal_batch batch = {.records = &record,
                                        .records_count = 1,
                                        .changes = changes,
                                        .changes_count = 2,
                                        .blobs = &record,
                                        .blobs_count = 1};
    struct journal_reader *reader = NULL;
    struct journal_usage usage;
    struct bytes found;
    uint64_t head = 0;
    enum status status = journal_reader_open(journal, &reader);

    for (unsigned i = 0; i < 4 && status == STATUS_OK; i++) {
        status = journal_commit(journal, &batch, &head);
        acknowledged = status == STATUS_OK ? head : acknowledged;
    }
    if (status == STATUS_OK) {
        status = journal_reader_refresh(reader);
    }
    if (status == STATUS_OK) {
        status = journal_read_record(reader, 1, &found);
    }
    if (status == STATUS_OK) {
        status = journal_read_row(reader, bytes_from_string("index"), &found);
    }
    if (status == STATUS_OK) {
        status = journal_usage(journal, &usage);
    }
    journal_reader_close(reader);
    return status;
}

static enum status live_journal(const char *folder)
{
    /* A map that must grow. */
    const struct journal_options options = {
        .path = folder, .map_bytes = (size_t)1 << 16, .reserve_bytes = 65536};
    struct journal *journal = NULL;
    enum status status = journal_open_lmdb(&options, &journal);

    if (status == STATUS_OK) {
        status = live_with_reader(journal);
        journal_close(journal);
    }
    return status;
}

static void check_journal(const char *folder)
{
    const struct journal_options options = {.path = folder, .reserve_bytes = 65536};
    struct journal *journal = NULL;
    struct journal_reader *reader = NULL;
    struct bytes found;

    assert_status(STATUS_OK, journal_open_lmdb(&options, &journal));
    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    assert_true(journal_reader_head(reader) >= acknowledged);
    for (uint64_t i = 1; i <= journal_reader_head(reader); i++) {
        assert_status(STATUS_OK, journal_read_record(reader, i, &found));
    }
    /* The index came with the records, or neither did. */
    assert_status(journal_reader_head(reader) > 0 ? STATUS_OK : STATUS_NOT_FOUND,
                  journal_read_row(reader, bytes_from_string("index"), &found));
    journal_reader_close(reader);
    journal_close(journal);
}

/* ---- a log that is exported, one that is archived ---- */

static struct folder made; /* a journal that is there before memory runs out */

static void make_journal(uint32_t records_count)
{
    const struct journal_options options = {.path = made.path, .reserve_bytes = 65536};
    struct journal *journal = NULL;
    struct journal_batch batch = {.records_count = records_count};
    struct bytes *records = calloc(records_count, sizeof(*records));
    uint64_t head = 0;

    assert_non_null(records);
    for (uint32_t i = 0; i < records_count; i++) {
        records[i] = bytes_from_string("record");
    }
    batch.records = records;
    assert_status(STATUS_OK, journal_open_lmdb(&options, &journal));
    assert_status(STATUS_OK, journal_commit(journal, &batch, &head));
    free(records);
    sign_journal(journal);
    journal_close(journal);
}

static enum status live_export(const char *folder)
{
    const struct journal_options options = {.path = made.path, .read_only = true};
    struct export_options wanted = {.path = folder};
    struct export_report report;
    struct journal *journal = NULL;
    enum status status = journal_open_lmdb(&options, &journal);

    if (status == STATUS_OK) {
        status = journal_reader_open(journal, &wanted.reader);
    }
    if (status == STATUS_OK) {
        status = journal_export(&wanted, &report);
    }
    journal_reader_close(wanted.reader);
    journal_close(journal);
    return status;
}

/* It goes on to a whole log, from wherever it stopped. */
static void check_export(const char *folder)
{
    const struct verify_options options = {.examine = NULL};
    struct verify_report report;
    struct published *published = NULL;

    assert_status(STATUS_OK, live_export(folder));
    assert_status(STATUS_OK, published_open(folder, &published));
    assert_status(STATUS_OK, published_verify(published, &options, &report));
    assert_int_equal(LOG_RECORDS, report.records_count);
    published_close(published);
}

/* A segment of `made`, unless it is moved already. */
static enum status live_archive(const char *folder)
{
    const struct archive_options options = {.keep_records = ARCHIVE_KEEP_RECORDS_MIN};
    const struct journal_options opened = {.path = made.path, .reserve_bytes = 65536};
    struct archive_report report;
    struct journal *journal = NULL;
    enum status status = journal_open_lmdb(&opened, &journal);

    (void)folder;
    if (status == STATUS_OK) {
        status = archive_segment(journal, &options, &report);
        journal_close(journal);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Nothing of it is lost, in the file or out of it. */
static void check_archive(const char *folder)
{
    const struct verify_options options = {.examine = NULL};
    const struct journal_options opened = {.path = made.path, .read_only = true};
    struct journal *journal = NULL;
    struct journal_reader *reader = NULL;
    struct verify_report report;

    (void)folder;
    assert_status(STATUS_OK, journal_open_lmdb(&opened, &journal));
    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    assert_status(STATUS_OK, journal_verify(journal, reader, &options, &report));
    assert_int_equal(ARCHIVED, report.records_count);
    journal_reader_close(reader);
    journal_close(journal);
}

/* ---- the log's signer ---- */

static bool released; /* a signature, of either signer */
static struct signer_answer answer;
static uint8_t signature[ED25519_SIGNATURE_BYTES]; /* of the first life, which lacks nothing */
static struct note_key log_key;
static struct secret log_seed;

/* A checkpoint of one record, whose root is made of `byte`. */
static enum outcome sign_one(struct log_watermark *watermark, uint8_t byte)
{
    struct log_signer signer;
    struct wire_request request = {.id = 1, .ask = WIRE_ASK_LOG_SIGN};

    log_signer_init(&signer, &log_key, &log_seed, watermark);
    request.log_sign.old_size = log_watermark_state(watermark).size;
    request.log_sign.size = 1;
    request.log_sign.root = (struct hash){{byte}};
    log_signer_answer(&signer, &request, &answer);
    return answer.reply.outcome;
}

static bool is_zero(const uint8_t *bytes, size_t count)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0;
}

static enum status live_log_signer(const char *folder)
{
    struct log_watermark *watermark = NULL;
    const enum status status =
        log_watermark_open(folder, bytes_from_string("relay.example"), &watermark);

    if (status != STATUS_OK) {
        return status;
    }
    const enum outcome outcome = sign_one(watermark, 1);
    log_watermark_close(watermark);
    ERR_clear_error(); /* libcrypto's own words about it, which it keeps */
    released = outcome == OUTCOME_OK;
    if (released && is_zero(signature, sizeof(signature))) {
        memcpy(signature, answer.reply.log_signature, sizeof(signature));
    }
    if (released) {
        assert_memory_equal(signature, answer.reply.log_signature, sizeof(signature));
    }
    assert_true(outcome == OUTCOME_OK || outcome == OUTCOME_UNKNOWN);
    return outcome == OUTCOME_OK ? STATUS_OK : STATUS_NO_MEMORY;
}

/* No second root of this size, once one was released; the same one again, always. */
static void check_log_signer(const char *folder)
{
    struct log_watermark *watermark = NULL;

    assert_status(STATUS_OK,
                  log_watermark_open(folder, bytes_from_string("relay.example"), &watermark));
    const bool is_held = log_watermark_state(watermark).size == 1;
    assert_true(is_held || !released);
    assert_int_equal(is_held ? OUTCOME_REFUSED : OUTCOME_OK, sign_one(watermark, 2));
    assert_int_equal(is_held ? OUTCOME_OK : OUTCOME_REFUSED, sign_one(watermark, 1));
    log_watermark_close(watermark);
}

/* ---- the signer ---- */

static struct policy policy;
static struct ecdsa *ecdsa;
static struct secret *secret;
static struct signer_key key;
static uint64_t amount_asked;

static enum status live_signer(const char *folder)
{
    static struct fixture_transaction move;
    enum watermark_age age;
    struct signer signer = {.policy = &policy, .ecdsa = ecdsa, .keys = &key, .keys_count = 1};
    const enum status status = watermark_open(folder, &signer.watermark, &age);

    if (status != STATUS_OK) {
        return status;
    }
    fixture_rebalance(&move, 0, FIXTURE_OTHER_DOMAIN, amount_asked);
    const struct wire_request request = fixture_request(&move, LEG_REBALANCE, &key.address);
    signer_answer(&signer, &request, (struct instant){.ns = 1}, &answer);
    signer_settle(&signer, &answer, 1);
    watermark_close(signer.watermark);
    released = answer.reply.outcome == OUTCOME_OK;
    return answer.reply.outcome == OUTCOME_OK        ? STATUS_OK
           : answer.reply.outcome == OUTCOME_REFUSED ? STATUS_REFUSED
                                                     : STATUS_NO_MEMORY;
}

/* Another amount under the same nonce is refused exactly when one was signed. */
static void check_signer(const char *folder)
{
    const bool was_released = released;

    amount_asked++;
    assert_status(was_released ? STATUS_REFUSED : STATUS_OK, live_signer(folder));
    amount_asked--;
}

static enum status live_config(const char *folder)
{
    struct signer_config *config = NULL;
    struct settings_error error;
    const enum status status = signer_config_load(SIGNER_EXAMPLE, &config, &error);

    (void)folder;
    if (status == STATUS_OK) {
        signer_config_free(config);
    } else {
        assert_true(strlen(error.text) > 0);
    }
    return status;
}

/* What its thread said last. */
static void note_done(void *context, uint64_t generation, enum status status, uint64_t head)
{
    (void)generation;
    *(enum status *)context = status;
    acknowledged = status == STATUS_OK ? head : acknowledged;
}

static enum status live_writer(const char *folder)
{
    static const uint8_t word[] = "record";
    const struct bytes record = bytes_from(word, sizeof(word));
    const struct journal_change index = {.key = bytes_from_string("index"), .value = record};
    const struct journal_batch batch = {.records = &record,
                                        .records_count = 1,
                                        .changes = &index,
                                        .changes_count = 1,
                                        .blobs = &record,
                                        .blobs_count = 1};
    const struct journal_options options = {.path = folder, .reserve_bytes = 65536};
    enum status said = STATUS_OK;
    struct writer_options writing = {.done = note_done, .context = &said, .retry = {.ns = 1000000}};
    struct writer *writer = NULL;
    enum status status = journal_open_lmdb(&options, &writing.journal);

    if (status == STATUS_OK) {
        status = writer_open(&writing, &writer);
    }
    if (status == STATUS_OK) {
        status = writer_push(writer, 1, &batch);
        assert_status(STATUS_OK, status);
        writer_close(writer);
        status = said;
    }
    journal_close(writing.journal);
    return status;
}

static void check_nothing(const char *folder)
{
    (void)folder;
}

/* Fails allocation `call`. False: the life has fewer. */
static bool try_one(life_fn live, void (*check)(const char *folder), uint64_t call, uint64_t count)
{
    const struct folder folder = folder_make();

    acknowledged = 0;
    released = false;
    const int64_t before = memory_blocks();
    memory_fail_at(call, count);
    const enum status status = live(folder.path);
    const bool has_failed = memory_heal();
    assert_int_equal(before, memory_blocks());
    assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    assert_true(has_failed || status == STATUS_OK);
    check(folder.path);
    folder_remove(&folder);
    return has_failed;
}

static void try_all(life_fn live, void (*check)(const char *folder), uint64_t calls_min)
{
    const struct folder folder = folder_make();
    uint64_t calls = 0;

    assert_status(STATUS_OK, live(folder.path)); /* what is allocated once and kept */
    folder_remove(&folder);
    while (try_one(live, check, calls, 1)) {
        (void)try_one(live, check, calls, MEMORY_FOREVER);
        calls++;
    }
    print_message("%llu allocations\n", (unsigned long long)calls);
    assert_true(calls >= calls_min);
}

static void a_journal_survives_every_failed_allocation(void **state)
{
    (void)state;
    try_all(live_journal, check_journal, 20);
}

/* And its thread: what could not be written is tried again, or said not to be there. */
static void a_writer_survives_every_failed_allocation(void **state)
{
    (void)state;
    try_all(live_writer, check_journal, 20);
}

static void an_export_survives_every_failed_allocation(void **state)
{
    (void)state;
    made = folder_make();
    make_journal(LOG_RECORDS);
    try_all(live_export, check_export, 20);
    folder_remove(&made);
}

static void an_archive_survives_every_failed_allocation(void **state)
{
    uint64_t calls = 0;
    bool has_failed = true;

    (void)state;
    for (; has_failed; calls++) {
        made = folder_make();
        make_journal(ARCHIVED);
        has_failed = try_one(live_archive, check_archive, calls, 1);
        assert_status(STATUS_OK, live_archive(made.path));
        check_archive(made.path);
        folder_remove(&made);
    }
    print_message("%llu allocations\n", (unsigned long long)calls - 1);
    assert_true(calls > 20);
}

static void a_log_signer_survives_every_failed_allocation(void **state)
{
    static const char line[] =
        "PRIVATE+KEY+relay.example/journal/1+2ae8d53a+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

    (void)state;
    assert_status(STATUS_OK, log_key_parse(bytes_from_string(line), &log_seed, &log_key));
    ERR_raise(ERR_LIB_USER,
              ERR_R_MALLOC_FAILURE); /* what libcrypto allocates for its first error */
    ERR_clear_error();
    try_all(live_log_signer, check_log_signer, 5);
}

static void a_signer_survives_every_failed_allocation(void **state)
{
    (void)state;
    ecdsa = ecdsa_new();
    secret = secret_new();
    assert_non_null(ecdsa);
    assert_non_null(secret);
    memset(secret, FIXTURE_SECRET, sizeof(*secret));
    key = (struct signer_key){.secret = secret, .chain = true};
    assert_status(STATUS_OK, ecdsa_address(ecdsa, secret, &key.address));
    fixture_policy(&policy);
    amount_asked = 10;
    try_all(live_signer, check_signer, 10);
    secret = secret_free(secret);
    ecdsa = ecdsa_free(ecdsa);
}

static void a_configuration_survives_every_failed_allocation(void **state)
{
    (void)state;
    try_all(live_config, check_nothing, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_journal_survives_every_failed_allocation),
        cmocka_unit_test(a_writer_survives_every_failed_allocation),
        cmocka_unit_test(an_export_survives_every_failed_allocation),
        cmocka_unit_test(an_archive_survives_every_failed_allocation),
        cmocka_unit_test(a_log_signer_survives_every_failed_allocation),
        cmocka_unit_test(a_signer_survives_every_failed_allocation),
        cmocka_unit_test(a_configuration_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
