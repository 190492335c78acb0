/* SPDX-License-Identifier: Apache-2.0 */
/* The signer's record: what it claims it keeps, across batches, restarts and damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "relay/signer/watermark.h"

#define MINUTE_NS 60000000000ull

static char folder[64];
static struct watermark *watermark;

static void open_it(enum watermark_age age_wanted)
{
    enum watermark_age age;
    assert_int_equal(watermark_open(folder, &watermark, &age), STATUS_OK);
    assert_int_equal(age, age_wanted);
}

static void start_batch(void)
{
    assert_int_equal(watermark_begin(watermark), STATUS_OK);
    assert_int_equal(watermark_open_request(watermark), STATUS_OK);
}

static void end_batch(void)
{
    assert_int_equal(watermark_keep_request(watermark), STATUS_OK);
    assert_int_equal(watermark_commit(watermark), STATUS_OK);
}

static const char *file_path(const char *name)
{
    static char path[128];
    assert_true(snprintf(path, sizeof(path), "%s/%s", folder, name) > 0);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/sluice-watermark-XXXXXX");
    watermark = NULL;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    watermark = watermark_close(watermark);
    (void)unlink(file_path("watermark.mdb"));
    (void)unlink(file_path("signer.lock"));
    return rmdir(folder);
}

static struct watermark_index index_of(uint32_t index)
{
    struct watermark_index at = {.domain = 901, .index = index};
    memset(at.tree_hook.bytes + 12, 0x22, 20);
    memset(at.key.bytes + 12, 0x33, 20);
    return at;
}

static struct checkpoint checkpoint_of(uint32_t index, uint8_t root, uint8_t message)
{
    struct checkpoint checkpoint = {.index = index};
    memset(checkpoint.root.bytes, root, 32);
    memset(checkpoint.message_id.bytes, message, 32);
    return checkpoint;
}

static enum status claim_checkpoint(struct watermark_index index, uint8_t root, uint8_t message)
{
    struct checkpoint held;
    const struct checkpoint checkpoint = checkpoint_of(index.index, root, message);
    return watermark_claim_checkpoint(watermark, &index, &checkpoint, &held);
}

static void an_index_is_claimed_once_for_ever(void **state)
{
    (void)state;
    open_it(WATERMARK_NEW);
    start_batch();
    assert_int_equal(claim_checkpoint(index_of(7), 1, 2), STATUS_OK);
    assert_int_equal(claim_checkpoint(index_of(7), 1, 2), STATUS_OK);
    assert_int_equal(claim_checkpoint(index_of(7), 9, 2), STATUS_REFUSED);
    assert_int_equal(claim_checkpoint(index_of(7), 1, 9), STATUS_REFUSED);
    end_batch();
    watermark = watermark_close(watermark);
    open_it(WATERMARK_OLD);
    start_batch();
    assert_int_equal(claim_checkpoint(index_of(7), 1, 2), STATUS_OK);
    assert_int_equal(claim_checkpoint(index_of(7), 9, 2), STATUS_REFUSED);
    struct checkpoint held;
    const struct checkpoint other = checkpoint_of(7, 9, 2);
    const struct watermark_index index = index_of(7);
    assert_int_equal(watermark_claim_checkpoint(watermark, &index, &other, &held), STATUS_REFUSED);
    assert_int_equal(held.root.bytes[0], 1);
    assert_int_equal(held.message_id.bytes[0], 2);
    end_batch();
}

static void other_indexes_trees_and_keys_are_apart(void **state)
{
    (void)state;
    open_it(WATERMARK_NEW);
    start_batch();
    assert_int_equal(claim_checkpoint(index_of(7), 1, 2), STATUS_OK);
    assert_int_equal(claim_checkpoint(index_of(8), 3, 4), STATUS_OK);
    struct watermark_index other = index_of(7);
    other.domain = 902;
    assert_int_equal(claim_checkpoint(other, 3, 4), STATUS_OK);
    other = index_of(7);
    other.tree_hook.bytes[31] ^= 1;
    assert_int_equal(claim_checkpoint(other, 3, 4), STATUS_OK);
    other = index_of(7);
    other.key.bytes[31] ^= 1;
    assert_int_equal(claim_checkpoint(other, 3, 4), STATUS_OK);
    assert_int_equal(claim_checkpoint(index_of(7), 3, 4), STATUS_REFUSED);
    end_batch();
}

static void what_is_dropped_or_aborted_leaves_no_trace(void **state)
{
    (void)state;
    open_it(WATERMARK_NEW);
    start_batch();
    assert_int_equal(claim_checkpoint(index_of(1), 1, 1), STATUS_OK);
    watermark_drop_request(watermark);
    assert_int_equal(watermark_open_request(watermark), STATUS_OK);
    assert_int_equal(claim_checkpoint(index_of(1), 2, 2), STATUS_OK);
    end_batch();
    start_batch();
    assert_int_equal(claim_checkpoint(index_of(2), 1, 1), STATUS_OK);
    watermark_abort(watermark);
    start_batch();
    assert_int_equal(claim_checkpoint(index_of(1), 1, 1), STATUS_REFUSED);
    assert_int_equal(claim_checkpoint(index_of(2), 2, 2), STATUS_OK);
    end_batch();
}

static struct watermark_nonce nonce_of(uint64_t number)
{
    struct watermark_nonce nonce = {.chain_id = 31337, .nonce = number};
    memset(nonce.key.bytes + 12, 0x44, 20);
    return nonce;
}

static void a_transaction_comes_back(void **state)
{
    (void)state;
    struct watermark_transaction transaction = {.cancelled = true,
                                                .digests_count = WATERMARK_ATTEMPTS_MAX};
    struct watermark_transaction back;
    memset(transaction.payload.bytes, 5, 32);
    memset(transaction.leg_id.bytes, 6, 32);
    transaction.fee_max = amount_max();
    transaction.priority_fee = amount_from_u64(7);
    transaction.spend = amount_from_u64(8);
    for (uint32_t i = 0; i < WATERMARK_ATTEMPTS_MAX; i++) {
        memset(transaction.digests[i].bytes, (int)i, 32);
    }
    open_it(WATERMARK_NEW);
    start_batch();
    const struct watermark_nonce nonce = nonce_of(3);
    const struct watermark_nonce other = nonce_of(4);
    assert_int_equal(watermark_read_transaction(watermark, &nonce, &back), STATUS_NOT_FOUND);
    assert_int_equal(watermark_write_transaction(watermark, &nonce, &transaction), STATUS_OK);
    end_batch();
    start_batch();
    assert_int_equal(watermark_read_transaction(watermark, &other, &back), STATUS_NOT_FOUND);
    assert_int_equal(watermark_read_transaction(watermark, &nonce, &back), STATUS_OK);
    assert_true(hash_equal(&back.payload, &transaction.payload));
    assert_true(hash_equal(&back.leg_id, &transaction.leg_id));
    assert_true(back.cancelled);
    assert_true(amount_equal(&back.fee_max, &transaction.fee_max));
    assert_true(amount_equal(&back.priority_fee, &transaction.priority_fee));
    assert_true(amount_equal(&back.spend, &transaction.spend));
    assert_int_equal(back.digests_count, WATERMARK_ATTEMPTS_MAX);
    assert_memory_equal(back.digests, transaction.digests, sizeof(back.digests));
    end_batch();
}

static void a_leg_belongs_to_one_nonce(void **state)
{
    (void)state;
    struct hash leg = {.bytes = {1}};
    const struct hash other_leg = {.bytes = {2}};
    const struct watermark_nonce nonce = nonce_of(3);
    struct watermark_nonce other = nonce_of(4);
    open_it(WATERMARK_NEW);
    start_batch();
    assert_int_equal(watermark_claim_leg(watermark, &leg, &nonce), STATUS_OK);
    assert_int_equal(watermark_claim_leg(watermark, &leg, &nonce), STATUS_OK);
    assert_int_equal(watermark_claim_leg(watermark, &leg, &other), STATUS_REFUSED);
    assert_int_equal(watermark_claim_leg(watermark, &other_leg, &other), STATUS_OK);
    other = nonce_of(3);
    other.chain_id = 1;
    assert_int_equal(watermark_claim_leg(watermark, &leg, &other), STATUS_REFUSED);
    end_batch();
}

static enum status count(uint64_t amount, uint64_t limit, uint64_t minute)
{
    const struct watermark_window window = {.budget = WATERMARK_SPEND, .chain_id = 31337};
    const struct amount asked = amount_from_u64(amount);
    const struct amount most = amount_from_u64(limit);
    struct amount left;
    const enum status status =
        watermark_count(watermark, &window, &asked, &most,
                        (struct instant){.ns = minute * MINUTE_NS + MINUTE_NS / 2}, &left);
    if (status == STATUS_REFUSED) {
        assert_true(amount_compare(&left, &asked) < 0);
    }
    return status;
}

static void any_sixty_minutes_share_one_limit(void **state)
{
    (void)state;
    const uint64_t start = 29000000;
    open_it(WATERMARK_NEW);
    start_batch();
    assert_int_equal(count(60, 100, start), STATUS_OK);
    assert_int_equal(count(41, 100, start), STATUS_REFUSED);
    assert_int_equal(count(30, 100, start + 30), STATUS_OK);
    assert_int_equal(count(11, 100, start + 59), STATUS_REFUSED);
    assert_int_equal(count(11, 100, start + 60), STATUS_REFUSED);
    assert_int_equal(count(10, 100, start + 60), STATUS_OK);
    /* The first 60 leave the window, the 30 and 10 stay. */
    assert_int_equal(count(61, 100, start + 61), STATUS_REFUSED);
    assert_int_equal(count(60, 100, start + 61), STATUS_OK);
    end_batch();
    watermark = watermark_close(watermark);
    open_it(WATERMARK_OLD);
    start_batch();
    assert_int_equal(count(1, 100, start + 61), STATUS_REFUSED);
    assert_int_equal(count(0, 100, start + 61), STATUS_OK);
    /* A clock that goes back frees nothing. */
    assert_int_equal(count(1, 100, start - 1000), STATUS_REFUSED);
    assert_int_equal(count(100, 100, start + 1000), STATUS_OK);
    assert_int_equal(count(1, 100, start + 1000), STATUS_REFUSED);
    /* A lower limit than what is used already is no overflow. */
    assert_int_equal(count(1, 50, start + 1000), STATUS_REFUSED);
    end_batch();
}

/* What windows end at, in seconds, and the wall clock's and the machine's words for it. */
static uint64_t now_at(uint8_t boot, uint64_t uptime_s, uint64_t wall_s)
{
    const struct watermark_uptime uptime = {.boot = {{boot}}, .ns = uptime_s * 1000000000u};
    struct instant now = {.ns = 0};

    assert_int_equal(
        watermark_now(watermark, &uptime, (struct instant){.ns = wall_s * 1000000000u}, &now),
        STATUS_OK);
    return now.ns / 1000000000u;
}

static void a_window_does_not_end_because_somebody_set_the_clock(void **state)
{
    (void)state;
    const uint64_t start = 1700000000;
    open_it(WATERMARK_NEW);
    start_batch();
    assert_int_equal(now_at(1, 500, start), start); /* the first look */
    assert_int_equal(now_at(1, 501, start + 86400), start + 1);
    assert_int_equal(now_at(1, 502, start - 86400), start + 2);
    end_batch();
    /* Over a restart of the signer, too. */
    watermark = watermark_close(watermark);
    open_it(WATERMARK_OLD);
    start_batch();
    assert_int_equal(now_at(1, 512, start + 86400), start + 12);
    /* A look that is undone was none. */
    end_batch();
    start_batch();
    assert_int_equal(now_at(1, 612, start), start + 112);
    watermark_drop_request(watermark);
    assert_int_equal(watermark_open_request(watermark), STATUS_OK);
    assert_int_equal(now_at(1, 522, start), start + 22);
    /* An uptime that is less than it was is no time at all. */
    assert_int_equal(now_at(1, 100, start + 86400), start + 22);
    assert_int_equal(now_at(1, 101, start + 86400), start + 23);
    /* Over a restart of the machine the wall clock is all there is, but for going back. */
    assert_int_equal(now_at(2, 10, start + 1000), start + 1000);
    assert_int_equal(now_at(3, 10, start + 10), start + 1000);
    assert_int_equal(now_at(3, 11, start + 10), start + 1001);
    /* More than fits is no time either. */
    assert_int_equal(now_at(3, UINT64_MAX / 1000000000u, start), start + 1001);
    end_batch();
}

static void windows_are_apart(void **state)
{
    (void)state;
    struct watermark_window windows[4] = {
        {.budget = WATERMARK_SPEND, .chain_id = 1},
        {.budget = WATERMARK_SPEND, .chain_id = 2},
        {.budget = WATERMARK_MOVED, .chain_id = 1},
        {.budget = WATERMARK_MOVED, .chain_id = 1, .contract = {.bytes = {1}}},
    };
    const struct amount one = amount_from_u64(1);
    struct amount left;
    open_it(WATERMARK_NEW);
    start_batch();
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(
            watermark_count(watermark, &windows[i], &one, &one, (struct instant){0}, &left),
            STATUS_OK);
        assert_int_equal(
            watermark_count(watermark, &windows[i], &one, &one, (struct instant){0}, &left),
            STATUS_REFUSED);
        assert_true(amount_is_zero(&left));
    }
    end_batch();
}

static void one_process_holds_a_folder(void **state)
{
    (void)state;
    enum watermark_age age;
    struct watermark *second = NULL;
    open_it(WATERMARK_NEW);
    assert_int_equal(watermark_open(folder, &second, &age), STATUS_BUSY);
    const pid_t child = fork();
    if (child == 0) {
        _exit(watermark_open(folder, &second, &age) == STATUS_BUSY ? 0 : 1);
    }
    int ended = -1;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_int_equal(ended, 0);
}

static void a_missing_folder_is_said(void **state)
{
    (void)state;
    enum watermark_age age;
    struct watermark *none = NULL;
    assert_int_equal(watermark_open("/nonexistent/sluice", &none, &age), STATUS_NOT_FOUND);
    assert_null(none);
}

/* A bit flips in the file: a row is refused, or LMDB refuses the file; it is never believed. */
static void damage_is_never_data(void **state)
{
    (void)state;
    static uint8_t content[1 << 20];
    open_it(WATERMARK_NEW);
    start_batch();
    assert_int_equal(claim_checkpoint(index_of(7), 0xa1, 0xb2), STATUS_OK);
    end_batch();
    watermark = watermark_close(watermark);
    FILE *file = fopen(file_path("watermark.mdb"), "r+b");
    assert_non_null(file);
    const size_t count_read = fread(content, 1, sizeof(content), file);
    uint32_t damaged_count = 0;
    for (size_t i = 0; i + 64 <= count_read; i++) {
        if (content[i] != 0xa1 || content[i + 31] != 0xa1 || content[i + 32] != 0xb2) {
            continue;
        }
        /* One bit of the root; as the row stood, another root would now seem signed. */
        assert_int_equal(fseek(file, (long)i, SEEK_SET), 0);
        assert_int_equal(fputc(0xa0, file), 0xa0);
        damaged_count++;
    }
    assert_int_equal(fclose(file), 0);
    assert_true(damaged_count >= 1);
    open_it(WATERMARK_OLD);
    start_batch();
    assert_int_equal(claim_checkpoint(index_of(7), 0xa1, 0xb2), STATUS_CORRUPT);
    watermark_abort(watermark);
}

static void what_is_no_watermark_is_refused(void **state)
{
    (void)state;
    enum watermark_age age;
    FILE *file = fopen(file_path("watermark.mdb"), "wb");
    assert_non_null(file);
    for (uint32_t i = 0; i < 16384; i++) {
        (void)fputc('x', file);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(watermark_open(folder, &watermark, &age), STATUS_CORRUPT);
    assert_null(watermark);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_index_is_claimed_once_for_ever, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_indexes_trees_and_keys_are_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_dropped_or_aborted_leaves_no_trace, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_transaction_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_leg_belongs_to_one_nonce, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_sixty_minutes_share_one_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_window_does_not_end_because_somebody_set_the_clock,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(windows_are_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_process_holds_a_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_folder_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damage_is_never_data, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_watermark_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
