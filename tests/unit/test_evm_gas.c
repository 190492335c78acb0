/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a node to know the gas of deliveries that are like each other. */
#include "relay/hyperlane/deliveries.h"
#include "tests/conformance/evm_script.h"
#include "tests/conformance/harness.h"
#include "tests/support/unit.h"

enum { PATIENCE_ROUNDS = 1000 };

static struct harness *watching(void)
{
    struct harness *const harness = harness_open(&evm_script_fixture);

    harness_connect(harness, 0);
    harness_watch(harness, 1);
    harness_run(harness, 200);
    return harness;
}

/* Prepares the fixture's delivery; `last_byte` is of its recipient. */
static const struct event *prepare(struct harness *harness, uint8_t last_byte)
{
    struct command command = {.kind = COMMAND_PREPARE, .domain = harness->chain->domain};
    const uint32_t known = harness->answers_count;
    uint8_t message[256];

    command.prepare = harness->fixture->leg(harness->world, 0);
    const struct bytes sent = command.prepare.process.message;
    assert_in_range(sent.count, 77, sizeof(message));
    memcpy(message, sent.data, sent.count);
    message[76] = last_byte;
    command.prepare.process.message = bytes_from(message, sent.count);
    harness_perform(harness, &command);
    const struct harness_answer *const answer =
        harness_await(harness, EVENT_PREPARED, known, PATIENCE_ROUNDS);
    assert_non_null(answer);
    return &answer->event;
}

static uint32_t estimates(const struct harness *harness)
{
    return evm_script_asked(harness->world, "eth_estimateGas");
}

static void one_estimate_does_for_deliveries_like_it(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    for (uint32_t i = 0; i < 65; i++) { /* an estimate, and 64 uses of it */
        const struct event *const event = prepare(harness, 7);
        assert_int_equal(OUTCOME_OK, event->prepared.outcome);
        assert_int_equal(100000, event->prepared.gas);
        assert_int_equal(1, estimates(harness));
    }
    (void)prepare(harness, 8); /* another recipient is another kind */
    assert_int_equal(2, estimates(harness));
    evm_script_knobs(harness->world)->gas_needed = 40000;
    assert_int_equal(40000, prepare(harness, 7)->prepared.gas); /* what it needs became less */
    assert_int_equal(3, estimates(harness));
    harness_close(harness);
}

static void what_needs_more_is_estimated_anew(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    (void)prepare(harness, 7);
    evm_script_knobs(harness->world)->gas_needed = 100500; /* within the slack */
    assert_int_equal(100000, prepare(harness, 7)->prepared.gas);
    assert_int_equal(1, estimates(harness));
    evm_script_knobs(harness->world)->gas_needed = 130000;
    assert_int_equal(130000, prepare(harness, 7)->prepared.gas);
    assert_int_equal(130000, prepare(harness, 7)->prepared.gas);
    assert_int_equal(2, estimates(harness));
    harness_close(harness);
}

static void a_revert_has_the_words_of_the_estimate(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    (void)prepare(harness, 7);
    harness->fixture->refuse(harness->world, "not today");
    const struct event *const event = prepare(harness, 7);
    assert_int_equal(OUTCOME_REFUSED, event->prepared.outcome);
    assert_int_equal(2, estimates(harness));
    harness->fixture->refuse(harness->world, NULL);
    assert_int_equal(OUTCOME_OK, prepare(harness, 7)->prepared.outcome);
    assert_int_equal(2, estimates(harness));
    harness_close(harness);
}

/* Wants so many deliveries like each other at once; returns how many had this outcome. */
static uint32_t prepare_many(struct harness *harness, uint32_t count, enum outcome outcome)
{
    const uint32_t known = harness->answers_count;
    uint32_t found = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct command command = {.kind = COMMAND_PREPARE, .domain = harness->chain->domain};
        command.prepare = harness->fixture->leg(harness->world, 0);
        command.prepare.id.bytes[31] = (uint8_t)i;
        assert_int_equal(STATUS_OK, chain_perform(harness->chain, &command));
    }
    harness_run(harness, PATIENCE_ROUNDS);
    assert_int_equal(known + count, harness->answers_count);
    for (uint32_t i = known; i < harness->answers_count; i++) {
        assert_int_equal(EVENT_PREPARED, harness->answers[i].event.kind);
        found += harness->answers[i].event.prepared.outcome == outcome ? 1 : 0;
    }
    return found;
}

static void many_at_once_wait_for_one_estimate(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(16, prepare_many(harness, 16, OUTCOME_OK));
        assert_int_equal(1, estimates(harness)); /* those that waited, and 64 uses */
    }
    assert_int_equal(16, prepare_many(harness, 16, OUTCOME_OK));
    assert_int_equal(2, estimates(harness)); /* nobody waited for it */
    harness_close(harness);
}

static void without_an_estimate_each_is_estimated(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    harness->fixture->refuse(harness->world, "not today");
    assert_int_equal(10, prepare_many(harness, 10, OUTCOME_REFUSED));
    assert_int_equal(10, estimates(harness));
    harness->fixture->refuse(harness->world, NULL);
    assert_int_equal(10, prepare_many(harness, 10, OUTCOME_OK));
    assert_int_equal(11, estimates(harness));
    harness_close(harness);
}

/* Prepares the fixture's delivery so many times in one transaction. */
static const struct event *prepare_batch(struct harness *harness, uint32_t members)
{
    const uint32_t known = harness->answers_count;
    const struct leg leg = harness->fixture->leg(harness->world, 0);
    struct command command = {.kind = COMMAND_PREPARE, .domain = harness->chain->domain};
    uint8_t memory[4096];
    struct buffer deliveries = buffer_from(memory, sizeof(memory));

    for (uint32_t i = 0; i < members; i++) {
        assert_int_equal(STATUS_OK,
                         deliveries_append(&(struct delivery){.metadata = leg.process.metadata,
                                                              .message = leg.process.message},
                                           &deliveries));
    }
    command.prepare = (struct leg){
        .id = leg.id, .kind = LEG_BATCH, .domain = harness->chain->domain, .key = leg.key};
    command.prepare.batch.contract = leg.key;
    command.prepare.batch.deliveries = buffer_bytes(&deliveries);
    harness_perform(harness, &command);
    const struct harness_answer *const answer =
        harness_await(harness, EVENT_PREPARED, known, PATIENCE_ROUNDS);
    assert_non_null(answer);
    return &answer->event;
}

static void one_estimate_does_for_batches_like_it(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(OUTCOME_OK, prepare_batch(harness, 2)->prepared.outcome);
        assert_int_equal(1, estimates(harness));
    }
    (void)prepare_batch(harness, 3); /* one more is another kind */
    (void)prepare(harness, 7);       /* and so is one alone */
    assert_int_equal(3, estimates(harness));
    harness->fixture->refuse(harness->world, "not today");
    assert_int_equal(OUTCOME_REFUSED, prepare_batch(harness, 2)->prepared.outcome);
    assert_int_equal(4, estimates(harness));
    harness_close(harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_estimate_does_for_deliveries_like_it),
        cmocka_unit_test(what_needs_more_is_estimated_anew),
        cmocka_unit_test(a_revert_has_the_words_of_the_estimate),
        cmocka_unit_test(one_estimate_does_for_batches_like_it),
        cmocka_unit_test(many_at_once_wait_for_one_estimate),
        cmocka_unit_test(without_an_estimate_each_is_estimated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
