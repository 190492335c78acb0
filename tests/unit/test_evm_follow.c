/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions after they were signed: what refusals mean, how inclusion is found out, and when a
 * transaction that nobody has a receipt of is believed to have been replaced. */
#include "tests/conformance/evm_script.h"
#include "tests/conformance/harness.h"
#include "tests/support/unit.h"

static struct harness *watching(void)
{
    struct harness *const harness = harness_open(&evm_script_fixture);

    harness_connect(harness, 0);
    harness_watch(harness, 1);
    harness_run(harness, 300);
    return harness;
}

/* Prepares, signs and gives the hash of leg `number`. */
static struct hash signed_leg(struct harness *harness, uint32_t number)
{
    struct command command = {.kind = COMMAND_PREPARE, .domain = harness->chain->domain};

    command.prepare = evm_script_fixture.leg(harness->world, number);
    const struct event prepared = harness_ask(harness, &command, EVENT_PREPARED)->event;
    assert_int_equal(prepared.prepared.outcome, OUTCOME_OK);
    const struct leg leg = command.prepare;
    command = (struct command){.kind = COMMAND_SEND, .domain = harness->chain->domain};
    command.send.leg = leg;
    command.send.intent = (struct intent){.leg_id = leg.id,
                                          .domain = leg.domain,
                                          .key = leg.key,
                                          .nonce = number,
                                          .gas_limit = prepared.prepared.gas,
                                          .fee_per_gas_max = amount_from_u64(100),
                                          .value = prepared.prepared.value,
                                          .payload_digest = prepared.prepared.payload_digest};
    const struct harness_answer *const answer = harness_ask(harness, &command, EVENT_SIGNED);
    assert_int_equal(answer->event.signed_.outcome, OUTCOME_OK);
    return answer->transaction;
}

static struct command broadcast(struct harness *harness, uint32_t number,
                                const struct hash *transaction)
{
    struct command command = {.kind = COMMAND_BROADCAST, .domain = harness->chain->domain};

    command.broadcast.leg_id = evm_script_fixture.leg(harness->world, number).id;
    command.broadcast.transaction = *transaction;
    return command;
}

static void refusals_of_transactions_are_classified(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        enum outcome outcome;
        enum rejection rejection;
    } cases[] = {
        {"nonce too low: next nonce 5, tx nonce 0", OUTCOME_REFUSED, REJECTION_NONCE_TOO_LOW},
        {"replacement transaction underpriced", OUTCOME_REFUSED, REJECTION_UNDERPRICED},
        {"max fee per gas less than block base fee", OUTCOME_REFUSED, REJECTION_UNDERPRICED},
        {"Insufficient funds for gas * price + value", OUTCOME_REFUSED, REJECTION_FUNDS},
        {"exceeds block gas limit", OUTCOME_REFUSED, REJECTION_OTHER},
        {"already known", OUTCOME_OK, REJECTION_NONE},
        {"transaction already imported", OUTCOME_OK, REJECTION_NONE},
        {"rate limit exceeded", OUTCOME_UNKNOWN, REJECTION_NONE},
        {"txpool is full", OUTCOME_UNKNOWN, REJECTION_NONE},
        {"account limit reached", OUTCOME_UNKNOWN, REJECTION_NONE},
    };
    struct harness *const harness = watching();

    const struct hash transaction = signed_leg(harness, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct command command = broadcast(harness, 0, &transaction);
        evm_script_knobs(harness->world)->send_refusal = cases[i].words;
        const struct event *const event = &harness_ask(harness, &command, EVENT_SUBMITTED)->event;
        assert_int_equal(event->submitted.outcome, cases[i].outcome);
        assert_int_equal(event->submitted.rejection, cases[i].rejection);
    }
    harness_close(harness);
}

static uint32_t asked(const struct harness *harness, const char *method)
{
    return evm_script_asked(harness->world, method);
}

static uint32_t receipts(const struct harness *harness)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < harness->answers_count; i++) {
        count += harness->answers[i].event.kind == EVENT_RECEIPT &&
                         harness->answers[i].event.receipt.outcome == OUTCOME_OK
                     ? 1
                     : 0;
    }
    return count;
}

/* Sends sixteen legs into one block and follows them. */
static void send_sixteen(struct harness *harness)
{
    for (uint32_t i = 0; i < 16; i++) {
        /* Even numbers call the mailbox; the odd ones of the fixture cancel, without a fact. */
        const struct hash transaction = signed_leg(harness, i);
        const struct command send = broadcast(harness, i, &transaction);
        struct command follow = {.kind = COMMAND_FOLLOW, .domain = harness->chain->domain};
        follow.follow.leg_id = send.broadcast.leg_id;
        follow.follow.transaction = transaction;
        follow.follow.key = harness->core.chains[0].key;
        follow.follow.nonce = i;
        (void)harness_ask(harness, &send, EVENT_SUBMITTED);
        harness_perform(harness, &follow);
    }
    for (uint32_t i = 0; i < 5; i++) {
        harness_mine(harness);
    }
    assert_int_equal(receipts(harness), 16);
}

static void few_receipts_are_asked_for_one_by_one(void **state)
{
    (void)state;
    struct harness *harness = watching();

    send_sixteen(harness);
    /* Eight are in the facts: one by one. Eight show in the nonce: their block is not known. */
    assert_int_equal(asked(harness, "eth_getTransactionReceipt"), 16);
    assert_int_equal(asked(harness, "eth_getBlockReceipts"), 0);
    harness_close(harness);
}

/* Sends one leg that calls the mailbox, and follows it. */
static void send_call(struct harness *harness, uint32_t nonce)
{
    struct command command = {.kind = COMMAND_PREPARE, .domain = harness->chain->domain};
    struct command send = {.kind = COMMAND_SEND, .domain = harness->chain->domain};
    struct command let = {.kind = COMMAND_BROADCAST, .domain = harness->chain->domain};
    struct command follow = {.kind = COMMAND_FOLLOW, .domain = harness->chain->domain};

    command.prepare = evm_script_fixture.leg(harness->world, 2 * nonce);
    const struct event prepared = harness_ask(harness, &command, EVENT_PREPARED)->event;
    send.send.leg = command.prepare;
    send.send.intent = (struct intent){.leg_id = command.prepare.id,
                                       .domain = command.prepare.domain,
                                       .key = command.prepare.key,
                                       .nonce = nonce,
                                       .gas_limit = 1,
                                       .fee_per_gas_max = amount_from_u64(100),
                                       .payload_digest = prepared.prepared.payload_digest};
    let.broadcast.leg_id = command.prepare.id;
    let.broadcast.transaction = harness_ask(harness, &send, EVENT_SIGNED)->transaction;
    (void)harness_ask(harness, &let, EVENT_SUBMITTED);
    follow.follow.leg_id = command.prepare.id;
    follow.follow.transaction = let.broadcast.transaction;
    follow.follow.key = command.prepare.key;
    follow.follow.nonce = nonce;
    harness_perform(harness, &follow);
}

/* Two blocks of twelve calls each. */
static void send_two_blocks(struct harness *harness)
{
    for (uint32_t i = 0; i < 24; i++) {
        send_call(harness, i);
        if (i % 12 == 11) {
            harness_mine(harness);
            harness_mine(harness);
        }
    }
    assert_int_equal(receipts(harness), 24);
}

static void receipts_of_a_full_block_come_in_one_question(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    send_two_blocks(harness);
    assert_int_equal(asked(harness, "eth_getBlockReceipts"), 2);
    assert_int_equal(asked(harness, "eth_getTransactionReceipt"), 0);
    harness_close(harness);
}

static void without_block_receipts_each_is_asked_for(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    evm_script_knobs(harness->world)->refuses_block_receipts = true;
    send_two_blocks(harness);
    assert_int_equal(asked(harness, "eth_getBlockReceipts"), 1); /* it is not tried again */
    assert_int_equal(asked(harness, "eth_getTransactionReceipt"), 24);
    harness_close(harness);
}

/* ---- a receipt that is missing ---- */

/* One leg is sent and followed; its receipt is not to be had from here on. */
static struct hash send_without_receipt(struct harness *harness)
{
    const struct hash before = signed_leg(harness, 0);
    const struct command first = broadcast(harness, 0, &before);
    const struct hash transaction = signed_leg(harness, 1); /* a cancel: no fact tells of it */
    const struct command send = broadcast(harness, 1, &transaction);
    struct command follow = {.kind = COMMAND_FOLLOW, .domain = harness->chain->domain};

    follow.follow.leg_id = send.broadcast.leg_id;
    follow.follow.transaction = transaction;
    follow.follow.key = harness->core.chains[0].key;
    follow.follow.nonce = 1;
    evm_script_knobs(harness->world)->lacks_receipts = true;
    (void)harness_ask(harness, &first, EVENT_SUBMITTED);
    (void)harness_ask(harness, &send, EVENT_SUBMITTED);
    harness_perform(harness, &follow);
    return transaction;
}

static const struct event *receipt_told(const struct harness *harness)
{
    for (uint32_t i = 0; i < harness->answers_count; i++) {
        if (harness->answers[i].event.kind == EVENT_RECEIPT) {
            return &harness->answers[i].event;
        }
    }
    return NULL;
}

/* Mines until the receipt was asked for so often; false: something was told before. */
static bool mine_until_asked(struct harness *harness, uint32_t times)
{
    for (uint32_t i = 0; i < 40 && asked(harness, "eth_getTransactionReceipt") < times; i++) {
        harness_mine(harness);
        if (receipt_told(harness) != NULL) {
            return false;
        }
    }
    return asked(harness, "eth_getTransactionReceipt") == times;
}

/* The first question comes when the nonce shows as used; then once for each of two final blocks. */
static void a_receipt_is_missing_when_two_final_blocks_lack_it(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    (void)send_without_receipt(harness);
    assert_true(mine_until_asked(harness, 2));
    harness_run(harness, 300);
    assert_null(receipt_told(harness));
    for (uint32_t i = 0; i < 8 && receipt_told(harness) == NULL; i++) {
        harness_mine(harness);
    }
    assert_non_null(receipt_told(harness));
    assert_int_equal(receipt_told(harness)->receipt.outcome, OUTCOME_ABSENT);
    assert_int_equal(asked(harness, "eth_getTransactionReceipt"), 3);
    harness_close(harness);
}

static void a_receipt_that_one_final_block_lacked_is_found(void **state)
{
    (void)state;
    struct harness *const harness = watching();
    const struct hash transaction = send_without_receipt(harness);

    assert_true(mine_until_asked(harness, 2));
    harness_run(harness, 300);
    assert_null(receipt_told(harness));
    evm_script_knobs(harness->world)->lacks_receipts = false;
    for (uint32_t i = 0; i < 8 && receipt_told(harness) == NULL; i++) {
        harness_mine(harness);
    }
    assert_non_null(receipt_told(harness));
    assert_int_equal(receipt_told(harness)->receipt.outcome, OUTCOME_OK);
    assert_true(hash_equal(&receipt_told(harness)->receipt.transaction, &transaction));
    harness_close(harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_of_transactions_are_classified),
        cmocka_unit_test(few_receipts_are_asked_for_one_by_one),
        cmocka_unit_test(receipts_of_a_full_block_come_in_one_question),
        cmocka_unit_test(without_block_receipts_each_is_asked_for),
        cmocka_unit_test(a_receipt_is_missing_when_two_final_blocks_lack_it),
        cmocka_unit_test(a_receipt_that_one_final_block_lacked_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
