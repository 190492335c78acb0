/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation fails in turn, once and from then on: of a journal's life, of a watermark's with
 * a signature in it, of the reading of a custodian's file. Nothing crashes, nothing leaks, the
 * status says what happened, and what is on disk goes on as if nothing had been. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "relay/signer/config.h"
#include "store/journal.h"
#include "tests/support/folder.h"
#include "tests/support/memory.h"
#include "tests/unit/signer_fixture.h"

#define LARGE_BYTES 60000u

/* One life that may find no memory. STATUS_OK, or what it met. */
typedef enum status (*life_fn)(const char *folder);

static uint64_t acknowledged; /* head of the journal */

static enum status live_with_reader(struct journal *journal)
{
    static uint8_t large[LARGE_BYTES];
    const struct bytes record = bytes_from(large, sizeof(large));
    const struct journal_batch batch = {.records = &record, .records_count = 1};
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
    journal_reader_close(reader);
    journal_close(journal);
}

/* ---- the signer ---- */

static struct policy policy;
static struct ecdsa *ecdsa;
static struct secret *secret;
static struct signer_key key;
static bool released; /* a signature of `amount_asked` */
static uint64_t amount_asked;

static enum status live_signer(const char *folder)
{
    static struct fixture_transaction made;
    static struct signer_answer answer;
    enum watermark_age age;
    struct signer signer = {.policy = &policy, .ecdsa = ecdsa, .keys = &key, .keys_count = 1};
    const enum status status = watermark_open(folder, &signer.watermark, &age);

    if (status != STATUS_OK) {
        return status;
    }
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, amount_asked);
    const struct wire_request request = fixture_request(&made, LEG_REBALANCE, &key.address);
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
        cmocka_unit_test(a_signer_survives_every_failed_allocation),
        cmocka_unit_test(a_configuration_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
