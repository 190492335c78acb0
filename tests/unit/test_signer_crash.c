/* SPDX-License-Identifier: Apache-2.0 */
/* Loss of power at every write, sync and name of the signer's watermark and of the node's journal.
 *
 * Method: a life asks the signer for what its journal holds an intent for, as the node does, and
 * notes each signature that is released. Every life asks for something else under the same nonces,
 * indexes and moves, as a node would that lost its memory or lies. However the lives end, what is
 * released together may hold no contradiction, nothing may be signed that no record intends, and no
 * budget may be passed. */
#include "tests/support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "relay/base/check.h"
#include "store/journal.h"
#include "tests/support/deaths.h"
#include "tests/support/folder.h"
#include "tests/unit/signer_fixture.h"

#define NONCES   4u
#define INDEXES  3u
#define MOVED    400u  /* base units of a move in the first life; later ones move more */
#define MOVE_MAX 1000u /* of the fixture's rule */
#define HOUR_MAX 2500u

/* What was released in all lives together. */
struct released {
    uint64_t lives;
    struct hash payloads[NONCES]; /* zero: none */
    uint64_t amounts[NONCES];
    struct hash roots[INDEXES];
    bool leg_signed[2]; /* one move asked for under two nonces */
    uint64_t signatures;
};

static struct policy policy; /* large: filled once, before the lives */

struct life {
    struct ecdsa *ecdsa;
    struct secret *secrets[2];
    struct signer_key keys[2];
    struct signer signer;
    struct journal *journal;
    struct released *released;
};

static void begin(void *shared)
{
    memset(shared, 0, sizeof(struct released));
}

static void open_life(struct life *life, struct released *released, const char *folder)
{
    char path[300];
    enum watermark_age age;
    struct watermark *watermark = NULL;
    const struct journal_options options = {
        .path = path, .map_bytes = (size_t)1 << 20, .reserve_bytes = 65536};

    memset(life, 0, sizeof(*life));
    life->released = released;
    life->ecdsa = ecdsa_new();
    CHECK(life->ecdsa != NULL);
    for (size_t i = 0; i < 2; i++) {
        life->secrets[i] = secret_new();
        CHECK(life->secrets[i] != NULL);
        memset(life->secrets[i], i == 0 ? FIXTURE_SECRET : FIXTURE_VALIDATOR_SECRET, 32);
        life->keys[i] =
            (struct signer_key){.secret = life->secrets[i], .chain = i == 0, .validator = i == 1};
        CHECK(ecdsa_address(life->ecdsa, life->secrets[i], &life->keys[i].address) == STATUS_OK);
    }
    (void)snprintf(path, sizeof(path), "%s/state", folder);
    CHECK(mkdir(path, 0700) == 0 || errno == EEXIST);
    CHECK(watermark_open(path, &watermark, &age) == STATUS_OK);
    life->signer = (struct signer){.policy = &policy,
                                   .ecdsa = life->ecdsa,
                                   .watermark = watermark,
                                   .keys = life->keys,
                                   .keys_count = 2};
    (void)snprintf(path, sizeof(path), "%s/journal", folder);
    CHECK(journal_open_lmdb(&options, &life->journal) == STATUS_OK);
}

static void close_life(struct life *life)
{
    life->journal = journal_close(life->journal);
    life->signer.watermark = watermark_close(life->signer.watermark);
    for (size_t i = 0; i < 2; i++) {
        life->secrets[i] = secret_free(life->secrets[i]);
    }
    life->ecdsa = ecdsa_free(life->ecdsa);
}

/* The record first, then the question, as the driver does. True: a signature is released. */
static bool intend_and_ask(struct life *life, const char *what, uint64_t number,
                           const struct wire_request *request)
{
    static struct signer_answer answer;
    char words[64];
    uint64_t head = 0;

    (void)snprintf(words, sizeof(words), "intent %s %llu", what, (unsigned long long)number);
    const struct bytes record = bytes_from_string(words);
    const struct journal_change change = {.key = record, .value = bytes_from_string("open")};
    CHECK(journal_commit(
              life->journal,
              &(struct journal_batch){
                  .records = &record, .records_count = 1, .changes = &change, .changes_count = 1},
              &head) == STATUS_OK);
    signer_answer(&life->signer, request, (struct instant){.ns = UINT64_C(1) << 60}, &answer);
    signer_settle(&life->signer, &answer, 1);
    CHECK(answer.reply.outcome == OUTCOME_OK || answer.reply.outcome == OUTCOME_REFUSED);
    life->released->signatures += answer.reply.outcome == OUTCOME_OK ? 1 : 0;
    return answer.reply.outcome == OUTCOME_OK;
}

static void ask_move(struct life *life, uint64_t nonce, uint64_t amount, uint64_t fee)
{
    static struct fixture_transaction made;
    struct released *released = life->released;

    fixture_rebalance(&made, nonce, FIXTURE_OTHER_DOMAIN, amount);
    made.transaction.fee_max = amount_from_u64(fee);
    const struct wire_request request =
        fixture_request(&made, LEG_REBALANCE, &life->keys[0].address);
    if (!intend_and_ask(life, "nonce", nonce, &request)) {
        return;
    }
    const struct hash payload = evm_payload_digest(&made.transaction);
    CHECK(hash_is_zero(&released->payloads[nonce]) ||
          hash_equal(&released->payloads[nonce], &payload));
    released->payloads[nonce] = payload;
    released->amounts[nonce] = amount;
}

/* The same move, under a nonce of its own in every second life. */
static void ask_leg(struct life *life)
{
    static struct fixture_transaction made;
    const uint64_t which = life->released->lives % 2;

    fixture_rebalance(&made, 100 + which, FIXTURE_OTHER_DOMAIN, 1);
    struct wire_request request = fixture_request(&made, LEG_REBALANCE, &life->keys[0].address);
    memset(request.transaction.leg_id.bytes, 0x77, sizeof(request.transaction.leg_id.bytes));
    if (intend_and_ask(life, "leg", which, &request)) {
        life->released->leg_signed[which] = true;
        CHECK(!life->released->leg_signed[1 - which]);
    }
}

static void ask_checkpoint(struct life *life, uint32_t index)
{
    struct released *released = life->released;
    struct wire_request request = {.id = 1, .ask = WIRE_ASK_CHECKPOINT};

    request.checkpoint.domain = FIXTURE_DOMAIN;
    request.checkpoint.tree_hook = fixture_address(FIXTURE_HOOK);
    request.checkpoint.key = life->keys[1].address;
    request.checkpoint.checkpoint.index = index;
    request.checkpoint.checkpoint.root.bytes[0] = (uint8_t)(released->lives + 1);
    request.checkpoint.checkpoint.message_id.bytes[0] = (uint8_t)index;
    const struct hash root = request.checkpoint.checkpoint.root;
    if (intend_and_ask(life, "index", index, &request)) {
        CHECK(hash_is_zero(&released->roots[index]) || hash_equal(&released->roots[index], &root));
        released->roots[index] = root;
    }
}

static void live(void *shared, const char *folder)
{
    static struct life life;
    struct released *released = shared;

    released->lives++;
    open_life(&life, released, folder);
    for (uint64_t nonce = 0; nonce < NONCES; nonce++) {
        ask_move(&life, nonce, MOVED + released->lives, FIXTURE_FEE);
        if (nonce == 1) {
            ask_move(&life, nonce, MOVED + released->lives, FIXTURE_FEE + released->lives);
        }
    }
    for (uint32_t index = 0; index < INDEXES; index++) {
        ask_checkpoint(&life, index);
    }
    ask_leg(&life);
    /* More than what is left of the hour, whatever was signed before. */
    ask_move(&life, 0, MOVE_MAX, FIXTURE_FEE);
    close_life(&life);
}

static bool has_intent(struct journal_reader *reader, const char *what, uint64_t number)
{
    char words[64];
    struct bytes found;

    (void)snprintf(words, sizeof(words), "intent %s %llu", what, (unsigned long long)number);
    return journal_read_row(reader, bytes_from_string(words), &found) == STATUS_OK;
}

static void check(void *shared, const char *folder)
{
    const struct released *released = shared;
    char path[300];
    const struct journal_options options = {.path = path, .reserve_bytes = 65536};
    struct journal *journal = NULL;
    struct journal_reader *reader = NULL;
    uint64_t moved = 0;

    (void)snprintf(path, sizeof(path), "%s/journal", folder);
    assert_status(STATUS_OK, journal_open_lmdb(&options, &journal));
    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    for (uint64_t nonce = 0; nonce < NONCES; nonce++) {
        moved += released->amounts[nonce];
        assert_true(hash_is_zero(&released->payloads[nonce]) || has_intent(reader, "nonce", nonce));
    }
    for (uint32_t index = 0; index < INDEXES; index++) {
        assert_true(hash_is_zero(&released->roots[index]) || has_intent(reader, "index", index));
    }
    assert_true(moved <= HOUR_MAX);
    journal_reader_close(reader);
    journal_close(journal);
}

static void no_second_signature_when_the_power_fails_at_any_call(void **state)
{
    (void)state;
    fixture_policy(&policy);
    struct released *released = deaths_shared(sizeof(*released));
    const struct deaths deaths = {.shared = released, .begin = begin, .live = live, .check = check};

    for (unsigned lives_before = 0; lives_before < 2; lives_before++) {
        const struct disk_counts counts = deaths_everywhere(&deaths, lives_before);
        /* A question is two commits: the intent's and the signature's, each synced. */
        assert_true(counts.syncs >= NONCES + INDEXES);
        /* The last life signed what the first one did, and nothing else. */
        assert_true(released->signatures >= NONCES + INDEXES);
    }
}

/* ---- refusals of the disk ---- */

/* One move at `nonce`, asked for while the disk fails. True: the failure struck. */
static bool ask_while_failing(struct life *life, uint64_t nonce, const struct disk_failure *failure)
{
    static struct fixture_transaction made;
    static struct signer_answer answer;

    fixture_process(&made, nonce);
    const struct wire_request request = fixture_request(&made, LEG_PROCESS, &life->keys[0].address);
    disk_fail_at(failure);
    signer_answer(&life->signer, &request, (struct instant){.ns = UINT64_C(1) << 60}, &answer);
    signer_settle(&life->signer, &answer, 1);
    const bool has_struck = disk_heal();
    assert_int_equal(has_struck ? OUTCOME_UNKNOWN : OUTCOME_OK, answer.reply.outcome);
    if (has_struck) {
        assert_int_equal(WIRE_ANSWER_NONE, answer.reply.answer);
        assert_true(answer.reply.reason.count > 0);
    }
    return has_struck;
}

/* Another payload for the nonce: allowed exactly when nothing was released for it. */
static bool takes_another(struct life *life, uint64_t nonce)
{
    static struct fixture_transaction made;
    static struct signer_answer answer;

    fixture_process(&made, nonce);
    made.data[4 + 64 + 32] ^= 1; /* of the metadata */
    const struct wire_request request = fixture_request(&made, LEG_PROCESS, &life->keys[0].address);
    signer_answer(&life->signer, &request, (struct instant){.ns = UINT64_C(1) << 60}, &answer);
    signer_settle(&life->signer, &answer, 1);
    assert_true(answer.reply.outcome == OUTCOME_OK || answer.reply.outcome == OUTCOME_REFUSED);
    return answer.reply.outcome == OUTCOME_OK;
}

static void a_disk_that_refuses_releases_no_signature(void **state)
{
    (void)state;
    static const int errors[] = {EIO, ENOSPC, EROFS, 0};
    static struct life life;
    static struct released released;
    const struct folder folder = folder_make();
    uint64_t nonce = 0;
    unsigned struck_count = 0;

    fixture_policy(&policy);
    disk_watch(folder.path);
    open_life(&life, &released, folder.path);
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        bool is_reached = true;
        for (uint64_t call = 0; is_reached; call++) {
            const struct disk_failure failure = {.call = call, .count = 1, .error = errors[i]};
            const uint64_t before = disk_calls();
            const bool has_struck = ask_while_failing(&life, nonce, &failure);
            is_reached = disk_calls() - before > call;
            struck_count += has_struck ? 1 : 0;
            /* The process ends when LMDB trusts its file no more; so does this life. */
            close_life(&life);
            open_life(&life, &released, folder.path);
            assert_int_equal(has_struck, takes_another(&life, nonce));
            nonce++;
        }
    }
    print_message("%u failures\n", struck_count);
    assert_true(struck_count >= 9);
    close_life(&life);
    disk_unwatch();
    folder_remove(&folder);
}

static void a_watermark_that_cannot_be_made_says_why(void **state)
{
    (void)state;
    static const int errors[] = {EIO, ENOSPC, EROFS};
    static const enum status expected[] = {STATUS_IO, STATUS_NO_SPACE, STATUS_READ_ONLY};
    unsigned struck_count = 0;

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        bool has_struck = true;
        for (uint64_t call = 0; has_struck; call++) {
            const struct folder folder = folder_make();
            struct watermark *watermark = NULL;
            enum watermark_age age = WATERMARK_OLD;
            disk_watch(folder.path);
            disk_fail_at(&(struct disk_failure){.call = call, .count = 1, .error = errors[i]});
            const enum status status = watermark_open(folder.path, &watermark, &age);
            has_struck = disk_heal();
            assert_true(status == (has_struck ? expected[i] : STATUS_OK) || status == STATUS_OK);
            if (status != STATUS_OK) {
                assert_status(STATUS_OK, watermark_open(folder.path, &watermark, &age));
                assert_int_equal(WATERMARK_NEW, age);
                struck_count++;
            }
            watermark_close(watermark);
            disk_unwatch();
            folder_remove(&folder);
        }
    }
    print_message("%u failures\n", struck_count);
    assert_true(struck_count >= 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_that_refuses_releases_no_signature),
        cmocka_unit_test(a_watermark_that_cannot_be_made_says_why),
        cmocka_unit_test(no_second_signature_when_the_power_fails_at_any_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
