/* SPDX-License-Identifier: Apache-2.0 */
/* Loss of power, and refusals of the disk, at every write, sync and name of the log signer's
 * watermark.
 *
 * Method: two logs that agree in nothing. Every life asks the signer for checkpoints of both, in an
 * order of its own, with honest proofs of growth from whatever the signer holds, as two nodes would
 * that share an origin, or one that was rolled back. However the lives end, all that was ever
 * released is of one log, and of a log that only grew. */
#include "tests/support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/signer/log_key.h"
#include "relay/signer/log_signer.h"
#include "relay/signer/log_watermark.h"
#include "store/tree.h"
#include "tests/support/deaths.h"
#include "tests/support/folder.h"

#define KEY_LINE                                                                                   \
    "PRIVATE+KEY+relay.example/journal/1+2ae8d53a+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define LOGS        2u
#define SIZE_A_LIFE 6u /* by which the largest checkpoint asked for grows */

/* What was released in all lives together. */
struct released {
    uint64_t lives;
    uint64_t signatures;
    uint64_t size; /* the largest; 0: none */
    unsigned log;  /* whose they are */
};

struct life {
    struct secret seed;
    struct note_key key;
    struct log_watermark *watermark;
    struct log_signer signer;
    struct released *released;
};

/* ---- two logs ---- */

static enum status read_leaf(void *context, uint32_t height, uint64_t index, struct hash *ret_hash)
{
    const unsigned *log = context;
    const uint8_t record[] = {(uint8_t)*log, (uint8_t)index};

    CHECK(height == 0);
    *ret_hash = tree_leaf(bytes_from(record, sizeof(record)));
    return STATUS_OK;
}

static struct hash root_of(unsigned log, uint64_t size)
{
    const struct tree_source tree = {.context = &log, .read = read_leaf};
    struct hash root;

    CHECK(tree_root(&tree, size, &root) == STATUS_OK);
    return root;
}

/* Asks for a checkpoint, with the proof from what the signer holds. Returns the outcome. */
static enum outcome ask(struct life *life, unsigned log, uint64_t size)
{
    static struct signer_answer answer;
    const uint64_t held = log_watermark_state(life->watermark).size;
    const struct tree_source tree = {.context = &log, .read = read_leaf};
    struct tree_proof proof = {.hashes_count = 0};
    struct wire_request request = {.id = 1, .ask = WIRE_ASK_LOG_SIGN};

    if (held < size) {
        const struct tree_growth growth = {.old_size = held, .size = size};
        CHECK(tree_prove_growth(&tree, growth, &proof) == STATUS_OK);
    }
    request.log_sign.old_size = held;
    request.log_sign.size = size;
    request.log_sign.root = root_of(log, size);
    request.log_sign.hashes = bytes_from(proof.hashes, proof.hashes_count * sizeof(struct hash));
    log_signer_answer(&life->signer, &request, &answer);
    return answer.reply.outcome;
}

static void note_released(struct released *released, unsigned log, uint64_t size)
{
    CHECK(released->size == 0 || released->log == log); /* never another root of one size */
    CHECK(size >= released->size);                      /* never a smaller log */
    released->log = log;
    released->size = size;
    released->signatures++;
}

/* ---- lives ---- */

static enum status open_life(struct life *life, struct released *released, const char *folder)
{
    memset(life, 0, sizeof(*life));
    life->released = released;
    CHECK(log_key_parse(bytes_from_string(KEY_LINE), &life->seed, &life->key) == STATUS_OK);
    const enum status status =
        log_watermark_open(folder, bytes_from_string("relay.example"), &life->watermark);
    if (status == STATUS_OK) {
        log_signer_init(&life->signer, &life->key, &life->seed, life->watermark);
    }
    return status;
}

static void begin(void *shared)
{
    memset(shared, 0, sizeof(struct released));
}

static void live(void *shared, const char *folder)
{
    static struct life life;
    struct released *released = shared;
    const unsigned first = (unsigned)(released->lives % LOGS);

    released->lives++;
    CHECK(open_life(&life, released, folder) == STATUS_OK); /* no death looks like damage */
    for (uint64_t size = 1; size <= SIZE_A_LIFE * released->lives; size += 1 + size / 2) {
        for (unsigned i = 0; i < LOGS; i++) {
            const unsigned log = (first + i) % LOGS;
            const enum outcome outcome = ask(&life, log, size);
            CHECK(outcome == OUTCOME_OK || outcome == OUTCOME_REFUSED);
            if (outcome == OUTCOME_OK) {
                note_released(released, log, size);
            }
        }
    }
    log_watermark_close(life.watermark);
}

/* What was released is what the signer still holds. */
static void check(void *shared, const char *folder)
{
    static struct life life;
    const struct released *released = shared;

    assert_status(STATUS_OK, open_life(&life, shared, folder));
    const struct log_state held = log_watermark_state(life.watermark);
    assert_true(held.size >= released->size);
    if (released->size > 0) {
        const struct hash root = root_of(released->log, held.size);
        assert_true(hash_equal(&held.root, &root));
    }
    log_watermark_close(life.watermark);
}

static void no_second_log_is_signed_when_the_power_fails_at_any_call(void **state)
{
    struct released *released = deaths_shared(sizeof(*released));
    const struct deaths deaths = {.shared = released, .begin = begin, .live = live, .check = check};

    (void)state;
    for (unsigned lives_before = 0; lives_before < 2; lives_before++) {
        const struct disk_counts counts = deaths_everywhere(&deaths, lives_before);
        assert_true(counts.syncs >= 4); /* two for each checkpoint */
        assert_true(counts.names >= (lives_before == 0 ? 2 : 0));
        assert_true(released->signatures > 0);
        assert_true(released->size > SIZE_A_LIFE);
    }
}

/* ---- refusals of the disk ---- */

static const int errors[] = {EIO, ENOSPC, EROFS, 0};

static void a_disk_that_refuses_releases_no_checkpoint(void **state)
{
    unsigned struck_count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        bool is_reached = true;
        for (uint64_t call = 0; is_reached; call++) {
            static struct life life;
            struct released released = {.lives = 0};
            const struct folder folder = folder_make();
            disk_watch(folder.path);
            assert_status(STATUS_OK, open_life(&life, &released, folder.path));
            assert_int_equal(OUTCOME_OK, ask(&life, 0, 3));
            const uint64_t before = disk_calls();
            disk_fail_at(&(struct disk_failure){.call = call, .count = 1, .error = errors[i]});
            const enum outcome outcome = ask(&life, 0, 5);
            const bool has_struck = disk_heal();
            is_reached = disk_calls() - before > call;
            assert_int_equal(has_struck ? OUTCOME_UNKNOWN : OUTCOME_OK, outcome);
            assert_int_equal(has_struck, life.signer.ended != STATUS_OK);
            struck_count += has_struck ? 1 : 0;
            /* It may or may not have moved, and says what it is; never back, never elsewhere. */
            log_watermark_close(life.watermark);
            assert_status(STATUS_OK, open_life(&life, &released, folder.path));
            assert_int_equal(OUTCOME_REFUSED, ask(&life, 1, 5));
            assert_int_equal(OUTCOME_REFUSED, ask(&life, 0, 2));
            assert_int_equal(OUTCOME_OK, ask(&life, 0, 5));
            log_watermark_close(life.watermark);
            disk_unwatch();
            folder_remove(&folder);
        }
    }
    print_message("%u failures\n", struck_count);
    assert_true(struck_count >= 14); /* two writes and two syncs; a sync is not cut short */
}

static void a_watermark_that_cannot_be_made_says_why(void **state)
{
    static const enum status expected[] = {STATUS_IO, STATUS_NO_SPACE, STATUS_READ_ONLY};
    unsigned struck_count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        bool has_struck = true;
        for (uint64_t call = 0; has_struck; call++) {
            static struct life life;
            struct released released = {.lives = 0};
            const struct folder folder = folder_make();
            disk_watch(folder.path);
            disk_fail_at(&(struct disk_failure){.call = call, .count = 1, .error = errors[i]});
            const enum status status = open_life(&life, &released, folder.path);
            has_struck = disk_heal();
            assert_status(has_struck ? expected[i] : STATUS_OK, status);
            if (status != STATUS_OK) {
                assert_status(STATUS_OK, open_life(&life, &released, folder.path));
                struck_count++;
            }
            assert_int_equal(0, log_watermark_state(life.watermark).size);
            log_watermark_close(life.watermark);
            disk_unwatch();
            folder_remove(&folder);
        }
    }
    print_message("%u failures\n", struck_count);
    assert_true(struck_count >= 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_that_refuses_releases_no_checkpoint),
        cmocka_unit_test(a_watermark_that_cannot_be_made_says_why),
        cmocka_unit_test(no_second_log_is_signed_when_the_power_fails_at_any_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
