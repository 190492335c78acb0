/* SPDX-License-Identifier: Apache-2.0 */
/* Several messages in one transaction: who goes together, and what becomes of each. */
#include "relay/core/view.h"
#include "relay/hyperlane/metadata.h"
#include "tests/support/core_world.h"
#include "tests/support/unit.h"

#define MEMBERS 6u

static struct message_row row_of(struct world *world, const struct hash *id)
{
    struct message_row row;

    assert_true(world_message(world, id, &row));
    return row;
}

/* Zero while it was not seen. */
static struct message_row row_of_any(struct world *world, const struct hash *id)
{
    struct message_row row = {.due = {.ns = 0}};

    (void)world_message(world, id, &row);
    return row;
}

/* Runs until the message is being simulated together with others. */
static void run_until_together(struct world *world, const struct hash *id)
{
    for (uint32_t i = 0; row_of_any(world, id).reason != REASON_AWAITING_BATCH; i++) {
        assert_in_range(i, 0, 800);
        world_run_ms(world, 10);
    }
}

/* A world where up to `batch_messages_max` go together; so many messages come in one block. */
static struct world *world_with(uint32_t batch_messages_max, struct hash ids[MEMBERS])
{
    struct world *world =
        world_new(&(struct world_options){.seed = 7, .batch_messages_max = batch_messages_max});

    world_run(world, 4);
    for (uint32_t i = 0; i < MEMBERS; i++) {
        ids[i] = world_dispatch(world, WORLD_A, WORLD_B, 1);
    }
    return world;
}

static void expect_each_delivered_once(struct world *world, const struct hash ids[MEMBERS])
{
    world_run_until_delivered(world, 240);
    for (uint32_t i = 0; i < MEMBERS; i++) {
        assert_int_equal(1, world_process_count(world, &ids[i]));
        assert_int_equal(MESSAGE_DELIVERED, row_of(world, &ids[i]).state);
        assert_int_equal(REASON_DELIVERED, row_of(world, &ids[i]).reason);
    }
    assert_true(world_replays(world));
}

static void messages_that_come_together_go_together(void **state)
{
    (void)state;
    struct hash ids[MEMBERS];
    struct world *world = world_with(MEMBERS, ids);

    expect_each_delivered_once(world, ids);
    /* Two where a beat falls between the answers of their simulations. */
    assert_in_range(world_batches(world), 1, 2);
    assert_in_range(world_sent_by(world, WORLD_B, 0), 1, 2);
    world_free(world);
}

static void no_transaction_has_more_than_are_allowed(void **state)
{
    (void)state;
    struct hash ids[MEMBERS];
    struct world *world = world_with(2, ids); /* the world checks each */

    expect_each_delivered_once(world, ids);
    assert_in_range(world_batches(world), 2, 3);
    world_free(world);
}

static void a_message_by_itself_goes_at_once(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 7, .batch_messages_max = 6});

    world_run(world, 4);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run_until_delivered(world, 30);
    assert_int_equal(1, world_process_count(world, &id));
    assert_int_equal(0, world_batches(world));
    world_free(world);
}

static void without_the_contract_nothing_goes_together(void **state)
{
    (void)state;
    struct hash ids[MEMBERS];
    struct world *world = world_with(0, ids);

    expect_each_delivered_once(world, ids);
    assert_int_equal(0, world_batches(world));
    world_free(world);
}

/* Through the contract the caller would be another one. */
static void a_module_that_looks_at_the_caller_is_called_by_the_key_itself(void **state)
{
    (void)state;
    struct hash ids[MEMBERS];
    struct world *world = world_with(MEMBERS, ids);

    world_set_module_type(world, MODULE_NULL);
    expect_each_delivered_once(world, ids);
    assert_int_equal(0, world_batches(world));
    world_free(world);
}

static void a_batch_that_saves_no_gas_is_not_sent(void **state)
{
    (void)state;
    struct hash ids[MEMBERS];
    struct world *world = world_with(MEMBERS, ids);

    world_set_batch_simulation(world, OUTCOME_OK, 150000); /* what each needs by itself */
    expect_each_delivered_once(world, ids);
    assert_int_equal(0, world_batches(world));
    assert_int_equal(MEMBERS, world_sent_by(world, WORLD_B, 0));
    world_free(world);
}

/* Twice together, then each by itself. */
static void a_batch_that_reverts_is_broken_up_and_ends_in_single_deliveries(void **state)
{
    (void)state;
    struct hash ids[MEMBERS];
    struct world *world = world_with(MEMBERS, ids);

    world_set_batch_simulation(world, OUTCOME_REFUSED, 0);
    expect_each_delivered_once(world, ids);
    assert_int_equal(0, world_batches(world));
    assert_int_equal(2, row_of(world, &ids[0]).batch_breaks);
    world_free(world);
}

static void a_batch_whose_simulation_never_comes_holds_nothing_up(void **state)
{
    (void)state;
    struct hash ids[MEMBERS];
    struct world *world = world_with(MEMBERS, ids);

    world_set_batch_simulation(world, OUTCOME_UNKNOWN, 0);
    expect_each_delivered_once(world, ids);
    assert_int_equal(0, world_batches(world));
    world_free(world);
}

/* Its own ProcessId decides about each: the one that is missing is tried again by itself. */
static void a_member_that_fails_in_the_block_is_tried_again_and_the_rest_is_delivered(void **state)
{
    (void)state;
    struct hash ids[MEMBERS];
    struct hash none = {{0}};
    struct world *world = world_with(MEMBERS, ids);

    world_set_failing(world, &ids[2]);
    for (uint32_t i = 0; row_of_any(world, &ids[2]).state != MESSAGE_QUARANTINED; i++) {
        assert_in_range(i, 0, 200);
        world_run_ms(world, 100);
    }
    const uint32_t batches = world_batches(world);
    assert_in_range(batches, 1, 2);
    for (uint32_t i = 0; i < MEMBERS; i++) {
        const struct message_row row = row_of(world, &ids[i]);
        if (i == 2) {
            assert_int_equal(MESSAGE_QUARANTINED, row.state);
            assert_int_equal(REASON_TRANSACTION_REVERTED, row.reason);
            /* its share of what the transaction used */
            assert_in_range(row.gas_spent, 130000, 130001);
        } else {
            assert_int_equal(1, world_process_count(world, &ids[i]));
        }
    }
    world_set_failing(world, &none);
    expect_each_delivered_once(world, ids);
    assert_int_equal(batches, world_batches(world));
    world_free(world);
}

static void a_member_that_another_relayer_delivers_breaks_the_batch_up_before_it_costs(void **state)
{
    (void)state;
    struct hash ids[MEMBERS];
    struct world *world = world_with(MEMBERS, ids);

    world_set_batch_simulation(world, OUTCOME_UNKNOWN, 0); /* it stays a while */
    run_until_together(world, &ids[0]);
    world_set_batch_simulation(world, OUTCOME_OK, 130000);
    world_deliver_elsewhere(world, &ids[3]);
    world_run_until_delivered(world, 60);
    assert_int_equal(REASON_DELIVERED_ELSEWHERE, row_of(world, &ids[3]).reason);
    assert_int_equal(MEMBERS - 1, world_processed_by_us(world));
    assert_true(world_replays(world));
    world_free(world);
}

static void a_signer_that_refuses_batches_stops_no_message(void **state)
{
    (void)state;
    struct hash ids[MEMBERS];
    struct world *world = world_with(MEMBERS, ids);

    world_set_signer(world, OUTCOME_REFUSED);
    run_until_together(world, &ids[0]);
    world_run(world, 1);
    assert_true(world_noted(world, REASON_SIGNER_REFUSED));
    world_set_signer(world, OUTCOME_OK);
    expect_each_delivered_once(world, ids);
    assert_int_equal(0, world_batches(world)); /* they were in one that did not come off */
    world_free(world);
}

static void a_person_may_hold_a_member(void **state)
{
    (void)state;
    struct hash ids[MEMBERS];
    struct world *world = world_with(MEMBERS, ids);

    world_set_batch_simulation(world, OUTCOME_UNKNOWN, 0);
    run_until_together(world, &ids[0]);
    world_operator(world, OPERATOR_HOLD_MESSAGE, 0, &ids[0]);
    assert_int_equal(MESSAGE_HELD, row_of(world, &ids[0]).state);
    world_set_batch_simulation(world, OUTCOME_OK, 130000);
    world_run(world, 3); /* the others do not wait for an answer that is of no use any more */
    assert_int_equal(0, world_process_count(world, &ids[0]));
    assert_in_range(world_processed_by_us(world), 1, MEMBERS - 1);
    world_operator(world, OPERATOR_RETRY_MESSAGE, 0, &ids[0]);
    expect_each_delivered_once(world, ids);
    world_free(world);
}

/* The transaction of a batch is found by each of its messages. */
static void why_shows_the_transaction_of_a_batch(void **state)
{
    (void)state;
    struct hash ids[MEMBERS];
    static struct message_why why;
    struct world *world = world_with(MEMBERS, ids);
    const struct row_source source = row_table_source(world_rows(world));

    world_set_including(world, false);
    world_run(world, 8);
    for (uint32_t i = 0; i < MEMBERS; i++) {
        assert_int_equal(STATUS_OK, core_view_why(&source, &ids[i], &why));
        assert_int_equal(MESSAGE_SENT, why.message.state);
        assert_true(why.has_intent);
        assert_in_range(why.nonce, 0, 1);
    }
    world_set_including(world, true);
    expect_each_delivered_once(world, ids);
    world_free(world);
}

/* Deaths, lost and doubled answers, reorgs and forgetful pools, each seed another life. */
static void batches_survive_everything(void **state)
{
    (void)state;
    uint32_t batches = 0;

    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct world *world = world_new(&(struct world_options){.seed = seed,
                                                                .lose_one_in = 9,
                                                                .repeat_one_in = 7,
                                                                .restart_one_in = 60,
                                                                .reorg_one_in = 5,
                                                                .evict_one_in = 6,
                                                                .commit_every = 4,
                                                                .batch_messages_max = 5});
        struct hash ids[40];
        world_run(world, 3);
        for (uint32_t i = 0; i < 40; i++) {
            ids[i] = world_dispatch(world, WORLD_A, WORLD_B, (uint8_t)(i % 3));
        }
        world_run(world, 40);
        world_set_faults(world, &(struct world_options){.batch_messages_max = 5});
        world_run_until_delivered(world, 600);
        for (uint32_t i = 0; i < 40; i++) {
            assert_int_equal(1, world_process_count(world, &ids[i]));
        }
        batches += world_batches(world);
        assert_true(world_replays(world));
        world_free(world);
    }
    assert_true(batches > 24); /* lives without batches would show nothing */
}

/* Rows of legs and messages that ended are no work for anybody. */
static void nothing_of_a_batch_stays_open(void **state)
{
    (void)state;
    static const uint8_t tables[] = {'Q', 'B', 'P', 'w', 'F', 'I'};
    struct hash ids[MEMBERS];
    struct world *world = world_with(MEMBERS, ids);

    expect_each_delivered_once(world, ids);
    world_run(world, 3);
    for (size_t i = 0; i < sizeof(tables); i++) {
        const struct row_source source = row_table_source(world_rows(world));
        struct bytes key;
        struct bytes value;
        const enum status status =
            source.seek(source.context, bytes_from(&tables[i], 1), &key, &value);
        if (status == STATUS_OK && tables[i] == 'Q') {
            continue; /* lanes read their balance for ever */
        }
        assert_true(status != STATUS_OK || key.data[0] != tables[i]);
    }
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_that_come_together_go_together),
        cmocka_unit_test(no_transaction_has_more_than_are_allowed),
        cmocka_unit_test(a_message_by_itself_goes_at_once),
        cmocka_unit_test(without_the_contract_nothing_goes_together),
        cmocka_unit_test(a_module_that_looks_at_the_caller_is_called_by_the_key_itself),
        cmocka_unit_test(a_batch_that_saves_no_gas_is_not_sent),
        cmocka_unit_test(a_batch_that_reverts_is_broken_up_and_ends_in_single_deliveries),
        cmocka_unit_test(a_batch_whose_simulation_never_comes_holds_nothing_up),
        cmocka_unit_test(a_member_that_fails_in_the_block_is_tried_again_and_the_rest_is_delivered),
        cmocka_unit_test(
            a_member_that_another_relayer_delivers_breaks_the_batch_up_before_it_costs),
        cmocka_unit_test(a_signer_that_refuses_batches_stops_no_message),
        cmocka_unit_test(a_person_may_hold_a_member),
        cmocka_unit_test(why_shows_the_transaction_of_a_batch),
        cmocka_unit_test(batches_survive_everything),
        cmocka_unit_test(nothing_of_a_batch_stays_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
