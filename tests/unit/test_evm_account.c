/* SPDX-License-Identifier: Apache-2.0 */
/* What a chain says of a key's lane: nonces, balance and what transactions pay; legacy chains; what
 * rollups add for data. */
#include <stdio.h>

#include "chains/evm/tx.h"
#include "tests/conformance/evm_script.h"
#include "tests/conformance/harness.h"
#include "tests/support/unit.h"

static struct harness *watching_with(void (*change)(struct core_config *, struct chain_config *))
{
    struct harness *const harness = change == NULL ? harness_open(&evm_script_fixture)
                                                   : harness_open_with(&evm_script_fixture, change);

    return harness;
}

static void connect(struct harness *harness)
{
    chain_tick(harness->chain, harness->now);
    harness_connect(harness, 0);
    harness_watch(harness, 1);
    harness_run(harness, 300);
}

static struct event read_lane(struct harness *harness)
{
    struct command command = {.kind = COMMAND_READ_LANE, .domain = harness->chain->domain};

    command.read_lane.key = evm_script_fixture.leg(harness->world, 0).key;
    const struct event event = harness_ask(harness, &command, EVENT_LANE)->event;
    assert_true(address_equal(&event.lane.key, &command.read_lane.key));
    return event;
}

static uint64_t u64_of(struct amount amount)
{
    uint64_t number = 0;

    assert_status(STATUS_OK, amount_to_u64(&amount, &number));
    return number;
}

static void what_others_pay_is_the_median_of_the_last_blocks(void **state)
{
    (void)state;
    static const struct {
        const char *rewards;
        uint64_t usual;
        uint64_t hasty;
    } cases[] = {
        {"[[\"0x1\",\"0x9\"],[\"0x5\",\"0x7\"],[\"0x3\",\"0x8\"]]", 3, 8},
        {"[[\"0x64\",\"0xc8\"]]", 100, 200},
        {"[]", 0, 0},
        {"null", 0, 0},
        {"\"0x5\"", 0, 0},
        {"[[\"0x4\"],[\"0x4\",\"0x5\",\"0x6\"],7,[\"-1\",\"0x5\"],[\"0x2\",\"0x6\"]]", 2, 6},
        {"[[\"0x1\",\"0x1\"],[\"0x1\",\"0x1\"],[\"0x1\",\"0x1\"],[\"0x1\",\"0x1\"],"
         "[\"0x1\",\"0x1\"],[\"0x9\",\"0x9\"],[\"0x9\",\"0x9\"],[\"0x9\",\"0x9\"],"
         "[\"0x9\",\"0x9\"],[\"0x9\",\"0x9\"],[\"0x9\",\"0x9\"]]",
         1, 1}, /* more blocks than were asked for: the first count */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct harness *const harness = watching_with(NULL);
        evm_script_knobs(harness->world)->rewards = cases[i].rewards;
        connect(harness);
        const struct event event = read_lane(harness);
        assert_int_equal(event.lane.outcome, OUTCOME_OK);
        assert_false(event.lane.is_legacy);
        assert_int_equal(cases[i].usual, u64_of(event.lane.priority_usual));
        assert_int_equal(cases[i].hasty, u64_of(event.lane.priority_hasty));
        harness_close(harness);
    }
}

static void a_node_that_does_not_say_what_others_pay_costs_no_answer(void **state)
{
    (void)state;
    struct harness *const harness = watching_with(NULL);

    connect(harness);
    const struct event event = read_lane(harness);
    assert_int_equal(event.lane.outcome, OUTCOME_OK);
    assert_true(amount_is_zero(&event.lane.priority_usual));
    assert_int_equal(0, evm_script_asked(harness->world, "eth_gasPrice"));
    harness_close(harness);
}

static void a_head_without_a_base_fee_is_a_legacy_chain(void **state)
{
    (void)state;
    struct harness *const harness = watching_with(NULL);

    evm_script_knobs(harness->world)->lacks_base_fee = true;
    evm_script_knobs(harness->world)->gas_price = "\"0x3b9aca00\"";
    connect(harness);
    const struct event event = read_lane(harness);
    assert_int_equal(event.lane.outcome, OUTCOME_OK);
    assert_true(event.lane.is_legacy);
    assert_int_equal(1000000000, u64_of(event.lane.gas_price));
    assert_int_equal(0, evm_script_asked(harness->world, "eth_feeHistory"));
    harness_close(harness);
}

/* Before any head is known the kind of chain is asked for: a transaction of the wrong kind would
 * hold its nonce for ever. */
static void the_kind_of_chain_is_asked_for_before_it_is_known(void **state)
{
    (void)state;
    for (uint32_t legacy = 0; legacy < 2; legacy++) {
        struct harness *const harness = watching_with(NULL);
        struct command command = {.kind = COMMAND_READ_LANE, .domain = harness->chain->domain};

        evm_script_knobs(harness->world)->lacks_base_fee = legacy == 1;
        evm_script_knobs(harness->world)->gas_price = "\"0x5\"";
        evm_script_knobs(harness->world)->refuses_subscriptions = true;
        command.read_lane.key = evm_script_fixture.leg(harness->world, 0).key;
        chain_tick(harness->chain, harness->now);
        harness_connect(harness, 0);
        const struct event event = harness_ask(harness, &command, EVENT_LANE)->event;
        assert_int_equal(event.lane.outcome, OUTCOME_OK);
        assert_int_equal(legacy == 1, event.lane.is_legacy);
        harness_close(harness);
    }
}

static void a_legacy_chain_without_a_price_is_unknown(void **state)
{
    (void)state;
    static const char *const prices[] = {NULL, "null", "\"\"", "\"0x\"", "\"five\"", "[]"};

    for (size_t i = 0; i < sizeof(prices) / sizeof(prices[0]); i++) {
        struct harness *const harness = watching_with(NULL);
        evm_script_knobs(harness->world)->lacks_base_fee = true;
        evm_script_knobs(harness->world)->gas_price = prices[i];
        connect(harness);
        assert_int_equal(read_lane(harness).lane.outcome, OUTCOME_UNKNOWN);
        harness_close(harness);
    }
}

static void configure_legacy(struct core_config *core, struct chain_config *config)
{
    (void)core;
    config->transactions = TRANSACTIONS_LEGACY;
}

static void configure_dynamic(struct core_config *core, struct chain_config *config)
{
    (void)core;
    config->transactions = TRANSACTIONS_DYNAMIC;
}

static void the_configuration_decides_over_the_head(void **state)
{
    (void)state;
    struct harness *harness = watching_with(configure_legacy);

    evm_script_knobs(harness->world)->gas_price = "\"0x5\"";
    connect(harness);
    assert_true(read_lane(harness).lane.is_legacy);
    harness_close(harness);
    harness = watching_with(configure_dynamic);
    evm_script_knobs(harness->world)->lacks_base_fee = true;
    connect(harness);
    assert_false(read_lane(harness).lane.is_legacy);
    harness_close(harness);
}

/* ---- sending ---- */

static struct event prepare(struct harness *harness, struct command *ret_command)
{
    *ret_command = (struct command){.kind = COMMAND_PREPARE, .domain = harness->chain->domain};
    ret_command->prepare = evm_script_fixture.leg(harness->world, 0);
    return harness_ask(harness, ret_command, EVENT_PREPARED)->event;
}

static void a_legacy_intent_becomes_a_legacy_transaction(void **state)
{
    (void)state;
    struct harness *const harness = watching_with(NULL);
    struct command command;
    struct hash hashes[2];

    evm_script_knobs(harness->world)->lacks_base_fee = true;
    connect(harness);
    const struct event prepared = prepare(harness, &command);
    assert_int_equal(prepared.prepared.outcome, OUTCOME_OK);
    const struct leg leg = command.prepare;
    for (uint32_t i = 0; i < 2; i++) {
        command = (struct command){.kind = COMMAND_SEND, .domain = harness->chain->domain};
        command.send.leg = leg;
        command.send.intent = (struct intent){.leg_id = leg.id,
                                              .attempt = i,
                                              .domain = leg.domain,
                                              .key = leg.key,
                                              .gas_limit = prepared.prepared.gas,
                                              .is_legacy = i == 0,
                                              .fee_per_gas_max = amount_from_u64(100),
                                              .priority_fee_per_gas = amount_from_u64(100),
                                              .payload_digest = prepared.prepared.payload_digest};
        const struct event event = harness_ask(harness, &command, EVENT_SIGNED)->event;
        assert_int_equal(event.signed_.outcome, OUTCOME_OK);
        hashes[i] = event.signed_.transaction;
        command = (struct command){.kind = COMMAND_BROADCAST, .domain = harness->chain->domain};
        command.broadcast.leg_id = leg.id;
        command.broadcast.transaction = hashes[i];
        const struct event submitted = harness_ask(harness, &command, EVENT_SUBMITTED)->event;
        assert_int_equal(submitted.submitted.outcome, OUTCOME_OK);
        assert_int_equal(1, evm_script_fixture.taken_of(harness->world, &hashes[i]));
        assert_int_equal(1, evm_script_legacy_taken(harness->world));
    }
    assert_false(hash_equal(&hashes[0], &hashes[1]));
    harness_close(harness);
}

static void configure_submit(struct core_config *core, struct chain_config *config)
{
    (void)core;
    config->submit_count = 1;
    config->quorum = 1;
}

/* The last endpoint is a private one: it alone is given transactions, and it is asked nothing. */
static void transactions_go_to_the_endpoints_for_them_alone(void **state)
{
    (void)state;
    struct harness *const harness = watching_with(configure_submit);
    struct command command;

    chain_tick(harness->chain, harness->now);
    harness_connect(harness, FIXTURE_CONFIGURED - 1);
    harness_watch(harness, 1);
    harness_run(harness, 300);
    assert_int_equal(0, evm_script_asked(harness->world, "eth_getBlockByNumber"));
    command = (struct command){.kind = COMMAND_READ_LANE, .domain = harness->chain->domain};
    command.read_lane.key = evm_filled(0x77);
    harness_perform(harness, &command);
    harness_run(harness, 50);
    assert_int_equal(0, evm_script_asked(harness->world, "eth_getTransactionCount"));
    assert_int_equal(0, evm_script_asked(harness->world, "eth_getBalance"));
    for (uint32_t i = 0; i + 1 < FIXTURE_CONFIGURED; i++) {
        harness_connect(harness, i);
    }
    harness_run(harness, 300);
    const struct event prepared = prepare(harness, &command);
    const struct leg leg = command.prepare;
    command = (struct command){.kind = COMMAND_SEND, .domain = harness->chain->domain};
    command.send.leg = leg;
    command.send.intent = (struct intent){.leg_id = leg.id,
                                          .domain = leg.domain,
                                          .key = leg.key,
                                          .gas_limit = prepared.prepared.gas,
                                          .fee_per_gas_max = amount_from_u64(100),
                                          .payload_digest = prepared.prepared.payload_digest};
    const struct hash hash =
        harness_ask(harness, &command, EVENT_SIGNED)->event.signed_.transaction;
    command = (struct command){.kind = COMMAND_BROADCAST, .domain = harness->chain->domain};
    command.broadcast.leg_id = leg.id;
    command.broadcast.transaction = hash;
    assert_int_equal(OUTCOME_OK,
                     harness_ask(harness, &command, EVENT_SUBMITTED)->event.submitted.outcome);
    assert_int_equal(1, evm_script_fixture.taken_of(harness->world, &hash));
    /* Without it nothing is sent, whoever else is there. */
    harness_lose(harness, FIXTURE_CONFIGURED - 1);
    assert_int_equal(OUTCOME_UNKNOWN,
                     harness_ask(harness, &command, EVENT_SUBMITTED)->event.submitted.outcome);
    assert_int_equal(1, evm_script_fixture.taken_of(harness->world, &hash));
    harness_close(harness);
}

static void configure_op_stack(struct core_config *core, struct chain_config *config)
{
    (void)core;
    config->data_fee = DATA_FEE_OP_STACK;
}

static void the_data_fee_is_asked_of_the_oracle(void **state)
{
    (void)state;
    struct harness *harness = watching_with(configure_op_stack);
    struct command command;

    evm_script_knobs(harness->world)->data_fee = 123456;
    connect(harness);
    struct event event = prepare(harness, &command);
    assert_int_equal(event.prepared.outcome, OUTCOME_OK);
    assert_true(event.prepared.gas > 0);
    assert_int_equal(123456, u64_of(event.prepared.data_fee));
    evm_script_knobs(harness->world)->data_fee = 0; /* no oracle: not to be had, and not nothing */
    event = prepare(harness, &command);
    assert_int_not_equal(event.prepared.outcome, OUTCOME_OK);
    harness_close(harness);
    harness = watching_with(NULL);
    evm_script_knobs(harness->world)->data_fee = 123456;
    connect(harness);
    event = prepare(harness, &command);
    assert_int_equal(event.prepared.outcome, OUTCOME_OK);
    assert_true(amount_is_zero(&event.prepared.data_fee));
    harness_close(harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_others_pay_is_the_median_of_the_last_blocks),
        cmocka_unit_test(a_node_that_does_not_say_what_others_pay_costs_no_answer),
        cmocka_unit_test(a_head_without_a_base_fee_is_a_legacy_chain),
        cmocka_unit_test(the_kind_of_chain_is_asked_for_before_it_is_known),
        cmocka_unit_test(a_legacy_chain_without_a_price_is_unknown),
        cmocka_unit_test(the_configuration_decides_over_the_head),
        cmocka_unit_test(a_legacy_intent_becomes_a_legacy_transaction),
        cmocka_unit_test(transactions_go_to_the_endpoints_for_them_alone),
        cmocka_unit_test(the_data_fee_is_asked_of_the_oracle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
