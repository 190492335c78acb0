/* SPDX-License-Identifier: Apache-2.0 */
/* The signer's rules, one by one: each test changes one thing of a request that is signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "relay/hyperlane/message.h"
#include "tests/unit/signer_fixture.h"

static char folder[64];
static struct policy policy;
static struct ecdsa *ecdsa;
static struct watermark *watermark;
static struct secret *secrets[2];
static struct signer_key keys[2];
static struct signer signer;
static struct fixture_transaction made;
static struct signer_answer answer;
static uint64_t minute = 29000000;

static void open_watermark(void)
{
    enum watermark_age age;
    assert_int_equal(watermark_open(folder, &watermark, &age), STATUS_OK);
    signer = (struct signer){
        .policy = &policy, .ecdsa = ecdsa, .watermark = watermark, .keys = keys, .keys_count = 2};
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/sluice-signer-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    fixture_policy(&policy);
    ecdsa = ecdsa_new();
    for (size_t i = 0; i < 2; i++) {
        secrets[i] = secret_new();
        memset(secrets[i], i == 0 ? FIXTURE_SECRET : FIXTURE_VALIDATOR_SECRET, 32);
        keys[i] = (struct signer_key){.secret = secrets[i], .chain = i == 0, .validator = i == 1};
        assert_int_equal(ecdsa_address(ecdsa, secrets[i], &keys[i].address), STATUS_OK);
    }
    open_watermark();
    return 0;
}

static int tear_down(void **state)
{
    char path[128];
    (void)state;
    watermark = watermark_close(watermark);
    ecdsa = ecdsa_free(ecdsa);
    for (size_t i = 0; i < 2; i++) {
        secrets[i] = secret_free(secrets[i]);
    }
    (void)snprintf(path, sizeof(path), "%s/watermark.mdb", folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/signer.lock", folder);
    (void)unlink(path);
    return rmdir(folder);
}

/* Asks and settles; what was refused, or REFUSAL_NONE with a signature. */
static enum refusal_kind ask(const struct wire_request *request)
{
    signer_answer(&signer, request, (struct instant){.ns = minute * 60000000000ull}, &answer);
    signer_settle(&signer, &answer, 1);
    assert_int_equal(answer.reply.id, request->id);
    if (answer.reply.outcome == OUTCOME_OK) {
        assert_int_equal(answer.refusal.kind, REFUSAL_NONE);
        return REFUSAL_NONE;
    }
    assert_int_equal(answer.reply.outcome, OUTCOME_REFUSED);
    assert_int_equal(answer.reply.answer, WIRE_ANSWER_NONE);
    assert_true(answer.reply.reason.count > 10);
    assert_int_not_equal(answer.refusal.kind, REFUSAL_NONE);
    return answer.refusal.kind;
}

/* Encodes `made` as it is now and asks for it. */
static enum refusal_kind ask_made(enum leg_kind leg)
{
    const struct wire_request request = fixture_request(&made, leg, &keys[0].address);
    return ask(&request);
}

static void expect_signed_by(const struct hash *digest, const struct address *key)
{
    struct address owner;
    assert_int_equal(answer.reply.answer, WIRE_ANSWER_SIGNATURE);
    assert_int_equal(signature_recover(digest, &answer.reply.signature, &owner), STATUS_OK);
    assert_true(address_equal(&owner, key));
}

static void each_leg_is_signed_over_its_own_digest(void **state)
{
    (void)state;
    const enum leg_kind legs[] = {LEG_PROCESS, LEG_REBALANCE, LEG_ANNOUNCE, LEG_CANCEL, LEG_BATCH};
    for (uint64_t nonce = 0; nonce < 5; nonce++) {
        switch (legs[nonce]) {
        case LEG_PROCESS:
            fixture_process(&made, nonce);
            break;
        case LEG_REBALANCE:
            fixture_rebalance(&made, nonce, FIXTURE_OTHER_DOMAIN, 1000);
            break;
        case LEG_ANNOUNCE:
            fixture_announce(&made, nonce);
            break;
        case LEG_CANCEL:
            fixture_cancel(&made, nonce, &keys[0].address);
            break;
        case LEG_BATCH:
            fixture_batch(&made, nonce, 2);
            break;
        case LEG_VENUE:
        case LEG_CROSSING:
        case LEG_SETTLE:
        case LEG_HUB:
            break; /* not in the list */
        }
        const struct wire_request asked = fixture_request(&made, legs[nonce], &keys[0].address);
        assert_int_equal(ask(&asked), REFUSAL_NONE);
        const struct hash digest = evm_transaction_digest(asked.transaction.transaction);
        expect_signed_by(&digest, &keys[0].address);
    }
}

static void hello_names_the_keys_and_the_mode(void **state)
{
    (void)state;
    const struct wire_request request = {.id = 3, .ask = WIRE_ASK_HELLO};
    assert_int_equal(ask(&request), REFUSAL_NONE);
    assert_int_equal(answer.reply.identity.protocol, WIRE_PROTOCOL);
    assert_int_equal(answer.reply.identity.mode, SIGNER_MODE_ACT);
    assert_int_equal(answer.reply.identity.keys_count, 2);
    assert_true(address_equal(&answer.reply.identity.keys[0].address, &keys[0].address));
    assert_true(answer.reply.identity.keys[0].chain);
    assert_false(answer.reply.identity.keys[0].validator);
    assert_true(answer.reply.identity.keys[1].validator);
}

/* ---- keys, chains, modes ---- */

static void a_key_is_used_for_its_role_alone(void **state)
{
    (void)state;
    fixture_process(&made, 0);
    struct wire_request request = fixture_request(&made, LEG_PROCESS, &keys[1].address);
    assert_int_equal(ask(&request), REFUSAL_KEY);
    const struct address stranger = fixture_address(0x99);
    request = fixture_request(&made, LEG_PROCESS, &stranger);
    assert_int_equal(ask(&request), REFUSAL_KEY);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONE);
}

static void another_chain_is_refused(void **state)
{
    (void)state;
    fixture_process(&made, 0);
    struct wire_request request = fixture_request(&made, LEG_PROCESS, &keys[0].address);
    request.transaction.domain = 999;
    assert_int_equal(ask(&request), REFUSAL_CHAIN);
    /* A transaction for one chain under the name of another one. */
    request.transaction.domain = FIXTURE_OTHER_DOMAIN;
    assert_int_equal(ask(&request), REFUSAL_CHAIN);
    made.transaction.chain_id = 1;
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_CHAIN);
}

static void another_family_is_refused(void **state)
{
    (void)state;
    fixture_process(&made, 0);
    struct wire_request request = fixture_request(&made, LEG_PROCESS, &keys[0].address);
    request.transaction.family = bytes_from_string("evm2");
    assert_int_equal(ask(&request), REFUSAL_FAMILY);
    request.transaction.family = bytes_from(NULL, 0);
    assert_int_equal(ask(&request), REFUSAL_FAMILY);
}

static void bytes_that_are_no_transaction_are_refused(void **state)
{
    (void)state;
    fixture_process(&made, 0);
    struct wire_request request = fixture_request(&made, LEG_PROCESS, &keys[0].address);
    const struct bytes whole = request.transaction.transaction;
    for (size_t count = 0; count < whole.count; count += 7) {
        request.transaction.transaction = bytes_from(whole.data, count);
        assert_int_equal(ask(&request), REFUSAL_MALFORMED);
    }
    made.encoded[whole.count] = 0;
    request.transaction.transaction = bytes_from(whole.data, whole.count + 1);
    assert_int_equal(ask(&request), REFUSAL_MALFORMED);
}

static void capital_moves_in_mode_act_alone(void **state)
{
    (void)state;
    const enum signer_mode modes[] = {SIGNER_MODE_OBSERVE, SIGNER_MODE_PROPOSE};
    for (uint64_t i = 0; i < 2; i++) {
        policy.mode = modes[i];
        fixture_rebalance(&made, 10 * i, FIXTURE_OTHER_DOMAIN, 10);
        assert_int_equal(ask_made(LEG_REBALANCE), i == 0 ? REFUSAL_MODE : REFUSAL_PLAN);
        /* The same bytes under another leg's name. */
        assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_FUNCTION);
        assert_int_equal(ask_made(LEG_CANCEL), REFUSAL_FUNCTION);
        fixture_process(&made, 10 * i + 1);
        assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONE);
        fixture_announce(&made, 10 * i + 2);
        assert_int_equal(ask_made(LEG_ANNOUNCE), REFUSAL_NONE);
        fixture_cancel(&made, 10 * i + 3, &keys[0].address);
        assert_int_equal(ask_made(LEG_CANCEL), REFUSAL_NONE);
    }
}

static void a_signed_move_is_not_signed_again_after_the_mode_changed(void **state)
{
    (void)state;
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 10);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE);
    policy.mode = SIGNER_MODE_OBSERVE;
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_MODE);
}

/* ---- contracts, functions, arguments ---- */

static void a_contract_that_is_not_listed_is_refused(void **state)
{
    (void)state;
    fixture_process(&made, 0);
    made.transaction.to = fixture_address(0x66);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_FUNCTION);
    /* Listed, but for another leg. */
    made.transaction.to = fixture_address(FIXTURE_ROUTER);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_FUNCTION);
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 10);
    made.transaction.to = fixture_address(FIXTURE_MAILBOX);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_FUNCTION);
}

static void a_function_that_is_not_listed_is_refused(void **state)
{
    (void)state;
    /* approve(address,uint256) to a stranger, on the router and on the mailbox. */
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 10);
    memcpy(made.data, "\x09\x5e\xa7\xb3", 4);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_FUNCTION);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_FUNCTION);
    assert_int_equal(ask_made(LEG_ANNOUNCE), REFUSAL_FUNCTION);
    for (size_t count = 0; count < 4; count++) {
        fixture_process(&made, 0);
        made.transaction.data.count = count;
        assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_FUNCTION);
    }
}

static void process_delivers_to_its_own_chain_alone(void **state)
{
    (void)state;
    fixture_process(&made, 0);
    const size_t message_start = 4 + 64 + 32 + 96 + 32;
    uint8_t *message = made.data + message_start;
    assert_int_equal(message[0], MESSAGE_VERSION);
    message[0] = 2;
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_MALFORMED);
    message[0] = MESSAGE_VERSION;
    /* The destination's last byte: version, nonce, origin, sender stand before it. */
    message[1 + 4 + 4 + 32 + 3] ^= 1;
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_DESTINATION);
    message[1 + 4 + 4 + 32 + 3] ^= 1;
    made.transaction.value = amount_from_u64(1);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_VALUE);
    made.transaction.value = amount_zero();
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONE);
}

static void every_byte_of_a_call_has_its_place(void **state)
{
    (void)state;
    fixture_process(&made, 0);
    const size_t count = made.transaction.data.count;
    /* Truncated at each word, and longer by a word. */
    for (size_t cut = 4; cut < count; cut += 32) {
        made.transaction.data = bytes_from(made.data, cut);
        assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_MALFORMED);
    }
    made.transaction.data = bytes_from(made.data, count + 32);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_MALFORMED);
    made.transaction.data = bytes_from(made.data, count);
    /* Offsets and lengths that point elsewhere; padding that is not zero. */
    const size_t places[] = {4, 4 + 31, 4 + 32, 4 + 63, 4 + 64, 4 + 95, 4 + 96 + 95, count - 1};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        made.data[places[i]] ^= 0x20;
        assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_MALFORMED);
        made.data[places[i]] ^= 0x20;
    }
    /* Both arguments in one place would leave bytes that nobody reads. */
    const uint8_t offset = made.data[4 + 31];
    made.data[4 + 31] = made.data[4 + 63];
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_MALFORMED);
    made.data[4 + 31] = offset;
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONE);
}

static void a_rebalance_stays_inside_its_rule(void **state)
{
    (void)state;
    fixture_rebalance(&made, 0, 903, 10);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_DESTINATION);
    fixture_rebalance(&made, 0, FIXTURE_DOMAIN, 10);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_DESTINATION);
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 1001);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_AMOUNT);
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 10);
    made.data[4 + 32] = 1; /* an amount above 2^248 */
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_AMOUNT);
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 10);
    made.data[4 + 95] ^= 1;
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_BRIDGE);
    made.data[4 + 95] ^= 1;
    made.data[4 + 64] = 1; /* above the address */
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_MALFORMED);
    made.data[4 + 64] = 0;
    made.data[4] = 1; /* above the domain */
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_MALFORMED);
    made.data[4] = 0;
    made.transaction.data.count += 32;
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_MALFORMED);
    made.transaction.data.count -= 33;
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_MALFORMED);
    made.transaction.data.count += 1;
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE);
}

static void an_announcement_transaction_has_its_form(void **state)
{
    (void)state;
    fixture_announce(&made, 0);
    made.transaction.value = amount_from_u64(1);
    assert_int_equal(ask_made(LEG_ANNOUNCE), REFUSAL_VALUE);
    made.transaction.value = amount_zero();
    made.data[4 + 96 + 64 + 31] = 64; /* a signature of 64 bytes leaves one behind */
    assert_int_equal(ask_made(LEG_ANNOUNCE), REFUSAL_MALFORMED);
    made.data[4 + 96 + 64 + 31] = 65;
    assert_int_equal(ask_made(LEG_ANNOUNCE), REFUSAL_NONE);
}

static void a_cancel_is_nothing_to_ourselves(void **state)
{
    (void)state;
    const struct address other = fixture_address(0x66);
    fixture_cancel(&made, 0, &other);
    assert_int_equal(ask_made(LEG_CANCEL), REFUSAL_FUNCTION);
    fixture_cancel(&made, 0, &keys[0].address);
    made.transaction.value = amount_from_u64(1);
    assert_int_equal(ask_made(LEG_CANCEL), REFUSAL_FUNCTION);
    fixture_cancel(&made, 0, &keys[0].address);
    made.transaction.data = bytes_from("x", 1);
    assert_int_equal(ask_made(LEG_CANCEL), REFUSAL_FUNCTION);
    fixture_cancel(&made, 0, &keys[0].address);
    assert_int_equal(ask_made(LEG_CANCEL), REFUSAL_NONE);
}

/* ---- ceilings ---- */

static void ceilings_hold_to_the_unit(void **state)
{
    (void)state;
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 10);
    made.transaction.gas_limit = 1000001;
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_GAS);
    made.transaction.gas_limit = 1000000;
    made.transaction.fee_max = amount_from_u64(10000000001u);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_GAS);
    made.transaction.fee_max = amount_from_u64(10000000000u);
    made.transaction.priority_fee = amount_from_u64(10000000001u);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_GAS);
    made.transaction.priority_fee = amount_from_u64(10000000000u);
    made.transaction.value = amount_from_u64(5001);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_VALUE);
    made.transaction.value = amount_from_u64(5000);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE);
}

static void the_hours_spend_is_bounded(void **state)
{
    (void)state;
    const uint64_t spend = (uint64_t)FIXTURE_GAS * FIXTURE_FEE;
    policy.chains[0].spend_per_hour_max = amount_from_u64(2 * spend);
    fixture_process(&made, 0);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONE);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONE); /* a repeat costs nothing */
    fixture_process(&made, 1);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONE);
    fixture_process(&made, 2);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_BUDGET);
    /* A replacement costs the difference. */
    fixture_process(&made, 1);
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE + 1);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_BUDGET);
    policy.chains[0].spend_per_hour_max = amount_from_u64(2 * spend + FIXTURE_GAS);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONE);
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE + 2);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_BUDGET);
    minute += 61;
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONE);
    policy.chains[0].spend_per_hour_max = amount_from_u64(FIXTURE_GAS);
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE + 4);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_BUDGET);
    /* The other chain has its own. */
    fixture_cancel(&made, 0, &keys[0].address);
    made.transaction.chain_id = FIXTURE_OTHER_CHAIN_ID;
    struct wire_request request = fixture_request(&made, LEG_CANCEL, &keys[0].address);
    request.transaction.domain = FIXTURE_OTHER_DOMAIN;
    assert_int_equal(ask(&request), REFUSAL_NONE);
}

static void the_hours_moves_are_bounded(void **state)
{
    (void)state;
    for (uint64_t nonce = 0; nonce < 2; nonce++) {
        fixture_rebalance(&made, nonce, FIXTURE_OTHER_DOMAIN, 1000);
        assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE);
        assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE); /* a repeat moves nothing */
    }
    /* So does a replacement. */
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE + 1);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE);
    fixture_rebalance(&made, 2, FIXTURE_OTHER_DOMAIN, 501);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_BUDGET);
    /* The refusal left no trace: neither its leg nor its spend nor its amount. */
    fixture_rebalance(&made, 3, FIXTURE_OTHER_DOMAIN, 500);
    struct wire_request request = fixture_request(&made, LEG_REBALANCE, &keys[0].address);
    request.transaction.leg_id.bytes[1] = 2;
    assert_int_equal(ask(&request), REFUSAL_NONE);
    fixture_rebalance(&made, 4, FIXTURE_OTHER_DOMAIN, 1);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_BUDGET);
    minute += 61;
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE);
}

static void a_refused_spend_gives_the_move_back(void **state)
{
    (void)state;
    policy.chains[0].spend_per_hour_max = amount_from_u64(1);
    for (uint64_t nonce = 0; nonce < 5; nonce++) {
        fixture_rebalance(&made, nonce, FIXTURE_OTHER_DOMAIN, 1000);
        assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_BUDGET);
    }
    policy.chains[0].spend_per_hour_max = amount_from_u64(UINT64_MAX);
    for (uint64_t nonce = 0; nonce < 2; nonce++) {
        fixture_rebalance(&made, nonce, FIXTURE_OTHER_DOMAIN, 1000);
        assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE);
    }
}

/* ---- nonces and legs ---- */

static void the_same_request_gives_the_same_signature(void **state)
{
    (void)state;
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 10);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE);
    const struct signature first = answer.reply.signature;
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE);
    assert_memory_equal(&answer.reply.signature, &first, sizeof(first));
    /* After a replacement and after a restart the first one is still given. */
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE + 1);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE);
    assert_memory_not_equal(&answer.reply.signature, &first, sizeof(first));
    watermark = watermark_close(watermark);
    open_watermark();
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE);
    assert_memory_equal(&answer.reply.signature, &first, sizeof(first));
}

static void a_nonce_takes_one_payload(void **state)
{
    (void)state;
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 10);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE);
    /* Another amount, another value, another call, each with higher fees. */
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 11);
    made.transaction.fee_max = amount_from_u64(2 * (uint64_t)FIXTURE_FEE);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONCE);
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 10);
    made.transaction.fee_max = amount_from_u64(2 * (uint64_t)FIXTURE_FEE);
    made.transaction.value = amount_from_u64(1);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONCE);
    fixture_process(&made, 0);
    made.transaction.fee_max = amount_from_u64(2 * (uint64_t)FIXTURE_FEE);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONCE);
    watermark = watermark_close(watermark);
    open_watermark();
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONCE);
    /* The same nonce of another chain is free. */
    fixture_cancel(&made, 0, &keys[0].address);
    made.transaction.chain_id = FIXTURE_OTHER_CHAIN_ID;
    struct wire_request request = fixture_request(&made, LEG_CANCEL, &keys[0].address);
    request.transaction.domain = FIXTURE_OTHER_DOMAIN;
    assert_int_equal(ask(&request), REFUSAL_NONE);
}

static void a_replacement_raises_the_fee(void **state)
{
    (void)state;
    fixture_process(&made, 0);
    made.transaction.priority_fee = amount_from_u64(5);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONE);
    /* Another gas limit alone would be a second transaction at the same price. */
    made.transaction.gas_limit = FIXTURE_GAS + 1;
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONCE);
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE - 1);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONCE);
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE + 1);
    made.transaction.priority_fee = amount_from_u64(4);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONCE);
    made.transaction.priority_fee = amount_from_u64(5);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONE);
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE + 1);
    made.transaction.gas_limit = FIXTURE_GAS;
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONCE);
}

static void a_cancel_ends_a_nonce(void **state)
{
    (void)state;
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 10);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE);
    const struct signature first = answer.reply.signature;
    fixture_cancel(&made, 0, &keys[0].address);
    assert_int_equal(ask_made(LEG_CANCEL), REFUSAL_NONCE); /* the fee is not higher */
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE + 1);
    assert_int_equal(ask_made(LEG_CANCEL), REFUSAL_NONE);
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE + 2);
    assert_int_equal(ask_made(LEG_CANCEL), REFUSAL_NONE);
    /* Dearer again, the move is refused; the one that was signed before is what it was. */
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 10);
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE + 3);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONCE);
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE);
    assert_memory_equal(&answer.reply.signature, &first, sizeof(first));
    /* A nonce that began with a cancel takes nothing else. */
    fixture_cancel(&made, 1, &keys[0].address);
    assert_int_equal(ask_made(LEG_CANCEL), REFUSAL_NONE);
    fixture_process(&made, 1);
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE + 1);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONCE);
}

static void attempts_are_bounded(void **state)
{
    (void)state;
    fixture_process(&made, 0);
    for (uint64_t i = 0; i < WATERMARK_ATTEMPTS_MAX; i++) {
        made.transaction.fee_max = amount_from_u64(FIXTURE_FEE + i);
        assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONE);
    }
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE + 100);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONCE);
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONE);
}

static void a_move_is_signed_under_one_nonce(void **state)
{
    (void)state;
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 10);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE);
    fixture_rebalance(&made, 1, FIXTURE_OTHER_DOMAIN, 10);
    struct wire_request request = fixture_request(&made, LEG_REBALANCE, &keys[0].address);
    const struct wire_request as_it_was = request;
    request.transaction.leg_id.bytes[1] = 0;
    assert_int_equal(ask(&request), REFUSAL_LEG);
    assert_int_equal(ask(&as_it_was), REFUSAL_NONE);
    /* A message may be delivered under another nonce: its contract takes it once. */
    fixture_process(&made, 2);
    assert_int_equal(ask_made(LEG_PROCESS), REFUSAL_NONE);
    fixture_process(&made, 3);
    request = fixture_request(&made, LEG_PROCESS, &keys[0].address);
    request.transaction.leg_id.bytes[1] = 2;
    assert_int_equal(ask(&request), REFUSAL_NONE);
}

/* ---- validators ---- */

static struct wire_request checkpoint_request(uint32_t index, uint8_t root)
{
    struct wire_request request = {.id = 9, .ask = WIRE_ASK_CHECKPOINT};
    request.checkpoint.domain = FIXTURE_DOMAIN;
    request.checkpoint.tree_hook = fixture_address(FIXTURE_HOOK);
    request.checkpoint.key = keys[1].address;
    request.checkpoint.checkpoint.index = index;
    memset(request.checkpoint.checkpoint.root.bytes, root, 32);
    memset(request.checkpoint.checkpoint.message_id.bytes, 0x77, 32);
    return request;
}

static void a_checkpoint_is_signed_once_per_index(void **state)
{
    (void)state;
    struct wire_request request = checkpoint_request(7, 1);
    assert_int_equal(ask(&request), REFUSAL_NONE);
    const struct signature first = answer.reply.signature;
    const struct hash digest = checkpoint_digest(FIXTURE_DOMAIN, &request.checkpoint.tree_hook,
                                                 &request.checkpoint.checkpoint);
    expect_signed_by(&digest, &keys[1].address);
    assert_int_equal(ask(&request), REFUSAL_NONE);
    assert_memory_equal(&answer.reply.signature, &first, sizeof(first));
    request = checkpoint_request(7, 2);
    assert_int_equal(ask(&request), REFUSAL_CHECKPOINT);
    request = checkpoint_request(7, 1);
    request.checkpoint.checkpoint.message_id.bytes[0] ^= 1;
    assert_int_equal(ask(&request), REFUSAL_CHECKPOINT);
    watermark = watermark_close(watermark);
    open_watermark();
    assert_int_equal(ask(&request), REFUSAL_CHECKPOINT);
    request = checkpoint_request(8, 2);
    assert_int_equal(ask(&request), REFUSAL_NONE);
}

static void checkpoints_are_for_configured_trees_and_validators(void **state)
{
    (void)state;
    struct wire_request request = checkpoint_request(1, 1);
    request.checkpoint.key = keys[0].address;
    assert_int_equal(ask(&request), REFUSAL_KEY);
    request = checkpoint_request(1, 1);
    request.checkpoint.domain = 903;
    assert_int_equal(ask(&request), REFUSAL_CHAIN);
    request = checkpoint_request(1, 1);
    request.checkpoint.tree_hook = fixture_address(0x66);
    assert_int_equal(ask(&request), REFUSAL_CONTRACT);
    request = checkpoint_request(1, 0);
    assert_int_equal(ask(&request), REFUSAL_CHECKPOINT);
    request = checkpoint_request(1, 1);
    policy.chains[0].validates = false;
    assert_int_equal(ask(&request), REFUSAL_CHAIN);
    policy.chains[0].validates = true;
    assert_int_equal(ask(&request), REFUSAL_NONE);
}

static void announcements_are_for_configured_mailboxes(void **state)
{
    (void)state;
    struct wire_request request = {.id = 4, .ask = WIRE_ASK_ANNOUNCEMENT};
    request.announcement.domain = FIXTURE_DOMAIN;
    request.announcement.mailbox = fixture_address(FIXTURE_MAILBOX);
    request.announcement.key = keys[1].address;
    request.announcement.location = bytes_from_string("file:///var/lib/sluice/checkpoints");
    assert_int_equal(ask(&request), REFUSAL_NONE);
    const struct hash digest = announcement_digest(FIXTURE_DOMAIN, &request.announcement.mailbox,
                                                   request.announcement.location);
    expect_signed_by(&digest, &keys[1].address);
    struct wire_request other = request;
    other.announcement.key = keys[0].address;
    assert_int_equal(ask(&other), REFUSAL_KEY);
    other = request;
    other.announcement.mailbox = fixture_address(0x66);
    assert_int_equal(ask(&other), REFUSAL_CONTRACT);
    other = request;
    other.announcement.domain = 903;
    assert_int_equal(ask(&other), REFUSAL_CHAIN);
    const struct bytes locations[] = {bytes_from(NULL, 0), bytes_from("a\0b", 3),
                                      bytes_from("a b", 3), bytes_from("a\nb", 3),
                                      bytes_from("\xc3\xa9", 2)};
    for (size_t i = 0; i < sizeof(locations) / sizeof(locations[0]); i++) {
        other = request;
        other.announcement.location = locations[i];
        assert_int_equal(ask(&other), REFUSAL_LOCATION);
    }
}

/* A chain key says who asks a server, where the custodian lets it, and nothing else. */
static void questions_to_servers_are_signed_where_they_are_allowed(void **state)
{
    (void)state;
    static const char *const urls[] = {"", "ftp://a/", "https://a b/", "https://a\n"};
    struct wire_request request = {.ask = WIRE_ASK_LOOKUP, .lookup = {.domain = FIXTURE_DOMAIN}};
    request.lookup.key = keys[0].address;
    request.lookup.url = bytes_from_string("https://example.org/{sender}");
    assert_int_equal(ask(&request), REFUSAL_LOOKUP);
    policy.chains[0].lookups = true;
    assert_int_equal(ask(&request), REFUSAL_NONE);
    const struct hash digest =
        lookup_digest(&request.lookup.sender, request.lookup.call_data, request.lookup.url);
    expect_signed_by(&digest, &keys[0].address);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        request.lookup.url = bytes_from_string(urls[i]);
        assert_int_equal(ask(&request), REFUSAL_LOOKUP);
    }
    request.lookup.key = keys[1].address;
    assert_int_equal(ask(&request), REFUSAL_KEY);
}

/* ---- batches ---- */

/* Two requests of one batch that contradict each other: the second meets the first. */
static void a_batch_contradicts_itself_no_more_than_time_does(void **state)
{
    (void)state;
    static struct fixture_transaction other;
    static struct signer_answer answers[2];
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 10);
    fixture_rebalance(&other, 0, FIXTURE_OTHER_DOMAIN, 11);
    const struct wire_request first = fixture_request(&made, LEG_REBALANCE, &keys[0].address);
    const struct wire_request second = fixture_request(&other, LEG_REBALANCE, &keys[0].address);
    const struct instant now = {.ns = 1};
    signer_answer(&signer, &first, now, &answers[0]);
    signer_answer(&signer, &second, now, &answers[1]);
    signer_settle(&signer, answers, 2);
    assert_int_equal(answers[0].reply.outcome, OUTCOME_OK);
    assert_int_equal(answers[1].reply.outcome, OUTCOME_REFUSED);
    assert_int_equal(answers[1].refusal.kind, REFUSAL_NONCE);
}

/* The commit fails: no signature leaves, and the request is as it was never made. */
static void a_failed_commit_releases_nothing(void **state)
{
    (void)state;
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 10);
    struct wire_request request = fixture_request(&made, LEG_REBALANCE, &keys[0].address);
    signer_answer(&signer, &request, (struct instant){.ns = 1}, &answer);
    assert_int_equal(answer.reply.outcome, OUTCOME_OK);
    fixture_break_watermark();
    signer_settle(&signer, &answer, 1);
    assert_int_equal(answer.reply.outcome, OUTCOME_UNKNOWN);
    assert_int_equal(answer.reply.answer, WIRE_ANSWER_NONE);
    assert_true(answer.reply.reason.count > 0);
    watermark = watermark_close(watermark);
    open_watermark();
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 11);
    assert_int_equal(ask_made(LEG_REBALANCE), REFUSAL_NONE);
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(each_leg_is_signed_over_its_own_digest),
        RULE(hello_names_the_keys_and_the_mode),
        RULE(a_key_is_used_for_its_role_alone),
        RULE(another_chain_is_refused),
        RULE(another_family_is_refused),
        RULE(bytes_that_are_no_transaction_are_refused),
        RULE(capital_moves_in_mode_act_alone),
        RULE(a_signed_move_is_not_signed_again_after_the_mode_changed),
        RULE(a_contract_that_is_not_listed_is_refused),
        RULE(a_function_that_is_not_listed_is_refused),
        RULE(process_delivers_to_its_own_chain_alone),
        RULE(every_byte_of_a_call_has_its_place),
        RULE(a_rebalance_stays_inside_its_rule),
        RULE(an_announcement_transaction_has_its_form),
        RULE(a_cancel_is_nothing_to_ourselves),
        RULE(ceilings_hold_to_the_unit),
        RULE(the_hours_spend_is_bounded),
        RULE(the_hours_moves_are_bounded),
        RULE(a_refused_spend_gives_the_move_back),
        RULE(the_same_request_gives_the_same_signature),
        RULE(a_nonce_takes_one_payload),
        RULE(a_replacement_raises_the_fee),
        RULE(a_cancel_ends_a_nonce),
        RULE(attempts_are_bounded),
        RULE(a_move_is_signed_under_one_nonce),
        RULE(a_checkpoint_is_signed_once_per_index),
        RULE(checkpoints_are_for_configured_trees_and_validators),
        RULE(announcements_are_for_configured_mailboxes),
        RULE(questions_to_servers_are_signed_where_they_are_allowed),
        RULE(a_batch_contradicts_itself_no_more_than_time_does),
        RULE(a_failed_commit_releases_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
