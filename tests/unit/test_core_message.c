/* SPDX-License-Identifier: Apache-2.0 */
/* Every state of a message, and what leads out of it. */
#include "relay/core/view.h"
#include "relay/hyperlane/metadata.h"
#include "tests/support/core_world.h"
#include "tests/support/unit.h"

static struct message_row row_of(struct world *world, const struct hash *id)
{
    struct message_row row;

    assert_true(world_message(world, id, &row));
    return row;
}

static void expect(struct world *world, const struct hash *id, enum message_state state,
                   enum reason reason)
{
    const struct message_row row = row_of(world, id);

    assert_int_equal(state, row.state);
    assert_int_equal(reason, row.reason);
}

static struct world *world_at_rest(uint64_t seed)
{
    struct world *world = world_new(&(struct world_options){.seed = seed});

    world_run(world, 4);
    return world;
}

static void a_message_waits_for_finality(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);

    world_run(world, 1);
    expect(world, &id, MESSAGE_SEEN, REASON_AWAITING_FINALITY);
    world_run_until_delivered(world, 10);
    expect(world, &id, MESSAGE_DELIVERED, REASON_DELIVERED);
    assert_true(world_noted(world, REASON_DELIVERED));
    world_free(world);
}

static void a_message_to_another_chain_is_left_alone(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 1, .relay_off = true});

    world_run(world, 3);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 10);
    expect(world, &id, MESSAGE_NOT_RELAYED, REASON_NOT_RELAYED);
    assert_int_equal(0, world_commands(world, COMMAND_READ_SECURITY));
    world_free(world);
}

static void a_dispatch_that_is_reorged_away_is_orphaned(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);

    world_run(world, 1);
    world_reorg(world, WORLD_A, 1, true);
    world_run(world, 10);
    expect(world, &id, MESSAGE_ORPHANED, REASON_ORPHANED);
    assert_int_equal(0, world_process_count(world, &id));
    assert_true(world_replays(world));
    world_free(world);
}

static void a_dispatch_in_another_block_after_a_reorg_is_delivered(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);

    world_run(world, 1);
    world_reorg(world, WORLD_A, 1, false);
    world_run_until_delivered(world, 20);
    assert_int_equal(1, world_process_count(world, &id));
    world_free(world);
}

/* No mailbox delivers another version, and no record holds more bytes: each is refused by its own
 * id, with the reason, its leaf is in the tree like any other, and the next message arrives. */
static void other_versions_and_larger_messages_are_refused_by_name(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);
    const struct hash second = world_dispatch_version(world, WORLD_A, WORLD_B, 2);
    const struct hash fourth = world_dispatch_version(world, WORLD_A, WORLD_B, 4);
    const struct hash large = world_dispatch_large(world, WORLD_A, WORLD_B);
    const struct hash good = world_dispatch(world, WORLD_A, WORLD_B, 1);

    world_run_until_delivered(world, 30);
    expect(world, &second, MESSAGE_REFUSED, REASON_MALFORMED_MESSAGE);
    expect(world, &fourth, MESSAGE_REFUSED, REASON_MALFORMED_MESSAGE);
    expect(world, &large, MESSAGE_REFUSED, REASON_TOO_LARGE);
    expect(world, &good, MESSAGE_DELIVERED, REASON_DELIVERED);
    assert_true(world_replays(world));
    world_free(world);
}

static void somebody_else_may_deliver(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);

    world_set_validators(world, 0);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 5);
    expect(world, &id, MESSAGE_CHECKPOINTS, REASON_AWAITING_CHECKPOINTS);
    world_deliver_elsewhere(world, &id);
    world_run(world, 1);
    expect(world, &id, MESSAGE_ELSEWHERE, REASON_DELIVERED_ELSEWHERE);
    world_set_validators(world, 3);
    world_run_until_delivered(world, 10);
    expect(world, &id, MESSAGE_DELIVERED, REASON_DELIVERED_ELSEWHERE);
    assert_int_equal(0, world_commands(world, COMMAND_SEND));
    world_free(world);
}

static void a_delivery_that_is_reorged_away_is_made_by_us(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);

    world_set_validators(world, 0);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 5);
    world_deliver_elsewhere(world, &id);
    world_run(world, 1);
    expect(world, &id, MESSAGE_ELSEWHERE, REASON_DELIVERED_ELSEWHERE);
    world_reorg(world, WORLD_B, 1, true); /* the other's transaction does not come back */
    world_set_validators(world, 3);
    world_run_until_delivered(world, 30);
    expect(world, &id, MESSAGE_DELIVERED, REASON_DELIVERED);
    assert_int_equal(1, world_processed_by_us(world));
    world_free(world);
}

static void a_delivery_before_the_dispatch_is_final_is_known_later(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);

    world_set_dispatching(world, false);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_deliver_elsewhere(world, &id);
    world_run(world, 6);
    world_set_dispatching(world, true);
    world_run_until_delivered(world, 10);
    expect(world, &id, MESSAGE_DELIVERED, REASON_DELIVERED_ELSEWHERE);
    assert_int_equal(0, world_commands(world, COMMAND_PREPARE));
    world_free(world);
}

static void one_bad_validator_costs_only_itself(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);
    struct hash ids[4];

    world_set_bad_validator(world, true);
    for (uint8_t i = 0; i < 4; i++) {
        ids[i] = world_dispatch(world, WORLD_A, WORLD_B, i);
    }
    world_run_until_delivered(world, 10);
    for (uint8_t i = 0; i < 4; i++) {
        assert_int_equal(1, world_process_count(world, &ids[i]));
        assert_int_equal(0, row_of(world, &ids[i]).attempts_count);
    }
    world_free(world);
}

/* A ProcessId on a chain that is not the message's destination says nothing about it. */
static void a_delivery_on_another_chain_is_none(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);
    const struct row_source source = row_table_source(world_rows(world));
    struct chain_row chain;
    struct event event;

    world_set_validators(world, 1);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 5);
    (void)world_rows(world);
    assert_status(STATUS_OK, core_view_chain(&source, WORLD_A, &chain));
    memset(&event, 0, sizeof(event));
    event.kind = EVENT_FACT;
    event.domain = WORLD_A;
    event.fact.kind = FACT_PROCESS;
    event.fact.block_number = chain.head_number;
    event.fact.block_hash = chain.head_hash;
    event.fact.log_index = 77;
    event.fact.contract = evm_filled(0xa0);
    event.fact.process.message_id = id;
    world_step(world, &event);
    world_run(world, 6);
    expect(world, &id, MESSAGE_CHECKPOINTS, REASON_AWAITING_CHECKPOINTS);
    /* Nor does one of another contract on the right chain. */
    assert_status(STATUS_OK, core_view_chain(&source, WORLD_B, &chain));
    event.domain = WORLD_B;
    event.fact.block_number = chain.head_number;
    event.fact.block_hash = chain.head_hash;
    event.fact.contract = evm_filled(0xa9);
    world_step(world, &event);
    world_run(world, 6);
    expect(world, &id, MESSAGE_CHECKPOINTS, REASON_AWAITING_CHECKPOINTS);
    world_set_validators(world, 3);
    world_run_until_delivered(world, 10);
    world_free(world);
}

static void a_message_waits_for_its_quorum(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);

    world_set_validators(world, 1);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 90);
    assert_int_equal(REASON_AWAITING_CHECKPOINTS, row_of(world, &id).reason);
    assert_int_equal(0, world_commands(world, COMMAND_PREPARE));
    world_set_validators(world, 2);
    world_run_until_delivered(world, 70);
    assert_int_equal(1, world_process_count(world, &id));
    world_free(world);
}

static void a_reverted_simulation_is_tried_again_ever_later(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);

    world_set_simulation(world, OUTCOME_REFUSED, "execution reverted: not today");
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 120);
    expect(world, &id, MESSAGE_QUARANTINED, REASON_SIMULATION_REVERTED);
    assert_int_equal(5, row_of(world, &id).attempts_count);
    const struct message_row row = row_of(world, &id);
    assert_int_equal(29, row.words_count);
    assert_memory_equal("execution reverted: not today", row.words, 29);
    assert_int_equal(0, world_commands(world, COMMAND_SEND));
    world_set_simulation(world, OUTCOME_OK, "");
    world_run_until_delivered(world, 200);
    assert_int_equal(1, world_process_count(world, &id));
    world_free(world);
}

/* What a recipient does for an hour, and its relayer over a restart: the waits grow and are kept.
 */
static void a_message_that_reverts_for_an_hour_is_delivered_after_it(void **state)
{
    (void)state;
    struct world *world = world_at_rest(3);

    world_set_simulation(world, OUTCOME_REFUSED, "closed");
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 1800);
    const struct message_row before = row_of(world, &id);
    world_restart(world);
    world_run(world, 1);
    const struct message_row after = row_of(world, &id);
    assert_int_equal(before.attempts_count, after.attempts_count);
    assert_int_equal(before.due.ns, after.due.ns);
    world_run(world, 1800);
    expect(world, &id, MESSAGE_QUARANTINED, REASON_SIMULATION_REVERTED);
    assert_in_range(row_of(world, &id).attempts_count, 20, 30);
    world_set_simulation(world, OUTCOME_OK, "");
    world_run_until_delivered(world, 200);
    assert_int_equal(1, world_process_count(world, &id));
    assert_true(world_replays(world));
    world_free(world);
}

static void quarantined_messages_have_places_of_their_own(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);
    struct row_source source;
    struct open_row open;

    world_set_simulation(world, OUTCOME_REFUSED, "closed");
    for (uint32_t i = 0; i < 100; i++) {
        (void)world_dispatch(world, WORLD_A, WORLD_B, (uint8_t)(i % 7));
    }
    world_run(world, 60);
    world_set_simulation(world, OUTCOME_UNKNOWN, "");
    world_run(world, 400); /* all were tried again by now, and hang in their places */
    source = row_table_source(world_rows(world));
    assert_status(STATUS_OK, core_view_open_counts(&source, WORLD_B, &open));
    assert_int_equal(0, open.active_count);
    assert_int_equal(16, open.confined_count);
    world_set_simulation(world, OUTCOME_OK, "");
    world_run_until_delivered(world, 1200);
    source = row_table_source(world_rows(world));
    assert_status(STATUS_OK, core_view_open_counts(&source, WORLD_B, &open));
    assert_int_equal(0, open.confined_count);
    assert_true(world_replays(world));
    world_free(world);
}

static void what_fails_too_often_is_given_up_until_a_person_retries_it(void **state)
{
    (void)state;
    struct world *world =
        world_new(&(struct world_options){.seed = 1, .retries_max = 4, .retry_wait_max_s = 7});

    world_run(world, 4);
    world_set_simulation(world, OUTCOME_REFUSED, "closed");
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 40); /* 5 s and twice 7 s */
    expect(world, &id, MESSAGE_DEAD, REASON_SIMULATION_REVERTED);
    assert_int_equal(4, row_of(world, &id).attempts_count);
    world_operator(world, OPERATOR_RETRY_MESSAGE, 0, &id); /* the ladder begins anew */
    world_run(world, 3);
    expect(world, &id, MESSAGE_RETRY, REASON_SIMULATION_REVERTED);
    assert_int_equal(1, row_of(world, &id).attempts_count);
    world_run(world, 37);
    expect(world, &id, MESSAGE_DEAD, REASON_SIMULATION_REVERTED);
    world_set_simulation(world, OUTCOME_OK, "");
    world_run(world, 600);
    expect(world, &id, MESSAGE_DEAD, REASON_SIMULATION_REVERTED);
    world_operator(world, OPERATOR_RETRY_MESSAGE, 0, &id);
    world_run_until_delivered(world, 10);
    assert_true(world_replays(world));
    world_free(world);
}

static void an_unknown_simulation_is_asked_again(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);

    world_set_simulation(world, OUTCOME_UNKNOWN, "");
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 20);
    expect(world, &id, MESSAGE_PREPARING, REASON_SIMULATION_UNKNOWN);
    assert_int_equal(0, row_of(world, &id).attempts_count);
    world_set_simulation(world, OUTCOME_OK, "");
    world_run_until_delivered(world, 10);
    world_free(world);
}

static void words_of_a_delivery_are_not_its_proof(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);

    /* A recipient can revert with the mailbox's words. */
    world_set_simulation(world, OUTCOME_REFUSED, "Mailbox: already delivered");
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 10);
    expect(world, &id, MESSAGE_ELSEWHERE, REASON_DELIVERED_ELSEWHERE);
    world_set_simulation(world, OUTCOME_OK, "");
    world_run_until_delivered(world, 80);
    expect(world, &id, MESSAGE_DELIVERED, REASON_DELIVERED);
    world_free(world);
}

static void an_unsupported_module_waits_for_a_person_or_a_change(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);

    world_set_module_type(world, MODULE_ARB_L2_TO_L1);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 10);
    expect(world, &id, MESSAGE_RETRY, REASON_SECURITY_UNSUPPORTED);
    world_set_module_type(world, MODULE_MESSAGE_ID_MULTISIG);
    world_run_until_delivered(world, 700);
    world_free(world);
}

/* A module that one key satisfies: refused, unless the configuration says that one is enough. */
static void a_route_of_one_key_is_refused_unless_the_configuration_says_so(void **state)
{
    (void)state;
    for (uint32_t wanted = 1; wanted <= 2; wanted++) {
        struct world *world =
            world_new(&(struct world_options){.seed = 1, .validators_min = wanted});
        world_run(world, 4);
        world_set_module_type(world, MODULE_NULL);
        const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
        if (wanted == 1) {
            world_run_until_delivered(world, 20);
        } else {
            world_run(world, 60);
            expect(world, &id, MESSAGE_RETRY, REASON_SECURITY_WEAK);
            assert_int_equal(0, world_commands(world, COMMAND_PREPARE));
        }
        world_free(world);
    }
}

static void people_hold_release_and_drop(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);

    world_set_validators(world, 0);
    const struct hash held = world_dispatch(world, WORLD_A, WORLD_B, 1);
    const struct hash dropped = world_dispatch(world, WORLD_A, WORLD_B, 2);
    world_run(world, 5);
    world_operator(world, OPERATOR_HOLD_MESSAGE, 0, &held);
    world_operator(world, OPERATOR_DROP_MESSAGE, 0, &dropped);
    assert_true(world_noted(world, REASON_REASON_MISSING));
    expect(world, &dropped, MESSAGE_CHECKPOINTS, REASON_AWAITING_CHECKPOINTS);
    world_operator_says(world, OPERATOR_DROP_MESSAGE, 0, &dropped, "a test");
    world_set_validators(world, 3);
    world_run(world, 20);
    expect(world, &held, MESSAGE_HELD, REASON_HELD);
    expect(world, &dropped, MESSAGE_DROPPED, REASON_DROPPED);
    assert_int_equal(0, world_commands(world, COMMAND_SEND));
    world_operator(world, OPERATOR_RETRY_MESSAGE, 0, &held);
    world_operator(world, OPERATOR_RETRY_MESSAGE, 0, &dropped);
    world_run_until_delivered(world, 10);
    world_operator(world, OPERATOR_DROP_MESSAGE, 0, &held);
    expect(world, &held, MESSAGE_DELIVERED, REASON_DELIVERED);
    const struct hash unknown = hash_filled(0x42);
    world_operator(world, OPERATOR_HOLD_MESSAGE, 0, &unknown);
    assert_true(world_noted(world, REASON_UNKNOWN_MESSAGE));
    assert_true(world_replays(world));
    world_free(world);
}

static void a_pause_stops_sending_alone(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);

    world_operator(world, OPERATOR_PAUSE, 0, NULL);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 20);
    expect(world, &id, MESSAGE_OFFERED, REASON_PAUSED);
    world_restart(world); /* the pause outlives it */
    world_run(world, 10);
    expect(world, &id, MESSAGE_OFFERED, REASON_PAUSED);
    assert_int_equal(0, world_commands(world, COMMAND_SEND));
    world_operator(world, OPERATOR_RESUME, 0, NULL);
    world_run_until_delivered(world, 20);
    world_free(world);
}

static void places_are_bounded_and_the_queue_is_fair(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);
    struct row_source source;
    struct hash ids[400];
    struct open_row open;
    uint32_t queued_count = 0;

    world_set_validators(world, 0);
    for (uint32_t i = 0; i < 400; i++) {
        ids[i] = world_dispatch(world, WORLD_A, WORLD_B, (uint8_t)(i % 7));
    }
    world_run(world, 6);
    source = row_table_source(world_rows(world));
    assert_status(STATUS_OK, core_view_open_counts(&source, WORLD_B, &open));
    assert_int_equal(256, open.active_count);
    for (uint32_t i = 0; i < 400; i++) {
        const struct message_row row = row_of(world, &ids[i]);
        queued_count += row.state == MESSAGE_QUEUED ? 1 : 0;
        assert_true(row.state == MESSAGE_CHECKPOINTS || row.state == MESSAGE_QUEUED);
        assert_true(i < 256 || row.state == MESSAGE_QUEUED);
    }
    assert_int_equal(144, queued_count);
    world_set_validators(world, 3);
    world_run_until_delivered(world, 40);
    source = row_table_source(world_rows(world));
    assert_status(STATUS_OK, core_view_open_counts(&source, WORLD_B, &open));
    assert_int_equal(0, open.active_count);
    assert_true(world_replays(world));
    world_free(world);
}

static bool is_queued(struct world *world, const struct hash *id)
{
    return row_of(world, id).state == MESSAGE_QUEUED;
}

static void free_a_place(struct world *world, const struct hash *holder)
{
    assert_false(is_queued(world, holder));
    world_operator(world, OPERATOR_HOLD_MESSAGE, 0, holder);
}

/* What no validator has signed yet holds its place for seconds, not for half a minute. */
static void unsigned_messages_give_their_places_soon(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);
    struct hash ids[300];

    world_set_validators(world, 0);
    for (uint32_t i = 0; i < 300; i++) {
        ids[i] = world_dispatch(world, WORLD_A, WORLD_B, (uint8_t)(i % 7));
    }
    world_run(world, 6);
    assert_true(is_queued(world, &ids[256]));
    world_run(world, 6);
    for (uint32_t i = 256; i < 300; i++) {
        assert_false(is_queued(world, &ids[i]));
    }
    assert_int_equal(REASON_AWAITING_CHECKPOINTS, row_of(world, &ids[0]).reason);
    world_set_validators(world, 3);
    world_run_until_delivered(world, 120);
    world_free(world);
}

/* A set that is rotated while messages wait for signatures of the old one. */
static void a_rotated_set_is_seen_by_what_waits(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);

    world_set_strangers(world, true);
    for (uint32_t i = 0; i < 40; i++) {
        (void)world_dispatch(world, WORLD_A, WORLD_B, (uint8_t)(i % 3));
    }
    world_run(world, 40);
    assert_int_equal(0, world_commands(world, COMMAND_PREPARE));
    const uint32_t asked = world_commands(world, COMMAND_READ_SECURITY);
    assert_in_range(asked, 3, 12); /* per recipient, and seldom */
    world_set_strangers(world, false);
    world_run_until_delivered(world, 60);
    world_free(world);
}

/* Two of three signatures are enough: who made the third is not found out, until a third is wanted.
 */
static void what_is_beyond_the_threshold_is_not_verified(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);
    struct row_source source = row_table_source(world_rows(world));
    struct hash ids[3];
    struct message_why why;

    world_set_simulation(world, OUTCOME_REFUSED, "not yet");
    for (size_t i = 0; i < 3; i++) {
        ids[i] = world_dispatch(world, WORLD_A, WORLD_B, 1);
    }
    world_run(world, 12);
    for (size_t i = 0; i < 3; i++) {
        assert_status(STATUS_OK, core_view_why(&source, &ids[i], &why));
        assert_int_equal(3, why.signers_count);
        assert_int_equal(2, why.valid_count);
        for (uint32_t k = 0; k < 3; k++) {
            assert_true(why.signers[k].was_asked);
        }
    }
    world_set_threshold(world, 3);
    world_set_simulation(world, OUTCOME_OK, "");
    world_run_until_delivered(world, 600);
    world_free(world);
}

/* Places that become free go to the oldest and to the newest in turn, also to what came after the
 * backlog; what left the queue by itself is passed. */
static void a_backlog_delays_neither_the_newest_nor_the_oldest(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);
    struct hash ids[300];

    world_set_validators(world, 1);
    for (uint32_t i = 0; i < 300; i++) {
        ids[i] = world_dispatch(world, WORLD_A, WORLD_B, (uint8_t)(i % 7));
    }
    world_run(world, 6);
    assert_true(is_queued(world, &ids[256]));
    free_a_place(world, &ids[0]);
    assert_false(is_queued(world, &ids[256]));
    assert_true(is_queued(world, &ids[299]));
    free_a_place(world, &ids[1]);
    assert_false(is_queued(world, &ids[299]));
    world_operator(world, OPERATOR_HOLD_MESSAGE, 0, &ids[257]);
    world_operator(world, OPERATOR_HOLD_MESSAGE, 0, &ids[298]);
    free_a_place(world, &ids[2]);
    assert_false(is_queued(world, &ids[258]));
    free_a_place(world, &ids[3]);
    assert_false(is_queued(world, &ids[297]));
    const struct hash late = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 5);
    assert_true(is_queued(world, &late));
    free_a_place(world, &ids[4]);
    assert_false(is_queued(world, &ids[259]));
    assert_true(is_queued(world, &late));
    free_a_place(world, &ids[5]);
    assert_false(is_queued(world, &late));
    assert_true(is_queued(world, &ids[296]));
    assert_true(world_replays(world));
    world_free(world);
}

static void what_was_paused_goes_on_with_the_resume(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);

    world_operator(world, OPERATOR_PAUSE, 0, NULL);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 8);
    assert_int_equal(MESSAGE_OFFERED, row_of(world, &id).state);
    assert_int_equal(REASON_PAUSED, row_of(world, &id).reason);
    world_operator(world, OPERATOR_RESUME, 0, NULL);
    world_run(world, 1); /* not the three seconds until it is looked at again */
    assert_int_not_equal(MESSAGE_OFFERED, row_of(world, &id).state);
    assert_int_equal(1, world_commands(world, COMMAND_SEND));
    world_run_until_delivered(world, 60);
    assert_true(world_replays(world));
    world_free(world);
}

/* While lanes have room, what they took up is no reason to prepare less. */
static void what_has_a_nonce_takes_up_no_place(void **state)
{
    (void)state;
    struct world *world =
        world_new(&(struct world_options){.seed = 1, .delivery_keys = WORLD_KEYS_MAX - 1});
    uint32_t sent_count = 0;
    uint32_t offered_count = 0;
    struct hash ids[600];

    world_run(world, 4);
    world_set_including(world, false);
    for (uint32_t i = 0; i < 600; i++) {
        ids[i] = world_dispatch(world, WORLD_A, WORLD_B, (uint8_t)(i % 7));
    }
    world_run(world, 12);
    for (uint32_t i = 0; i < 600; i++) {
        const enum message_state found = row_of(world, &ids[i]).state;
        sent_count += found == MESSAGE_SENT ? 1 : 0;
        offered_count += found == MESSAGE_OFFERED ? 1 : 0;
    }
    assert_int_equal(WORLD_KEYS_MAX * 64, sent_count); /* all that the lanes take */
    assert_int_equal(256, offered_count);              /* simulated, and waiting for them */
    world_set_including(world, true);
    world_run_until_delivered(world, 60);
    assert_true(world_replays(world));
    world_free(world);
}

/* One origin's flood does not hold up another origin, whose message is neither the newest nor the
 * oldest of all. */
static void a_noisy_route_does_not_starve_another(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);
    struct row_source source;
    struct open_row open;
    struct hash noise[520];

    world_set_validators(world, 0);
    for (uint32_t i = 0; i < 300; i++) {
        noise[i] = world_dispatch(world, WORLD_A, WORLD_B, 1);
    }
    world_run(world, 1);
    const struct hash quiet = world_dispatch(world, WORLD_B, WORLD_B, 1);
    world_run(world, 1);
    for (uint32_t i = 300; i < 520; i++) {
        noise[i] = world_dispatch(world, WORLD_A, WORLD_B, 1);
    }
    world_run(world, 4);
    assert_true(is_queued(world, &quiet));
    source = row_table_source(world_rows(world));
    assert_status(STATUS_OK, core_view_open_counts(&source, WORLD_B, &open));
    assert_int_equal(520 + 1 - 256, open.queued_count);
    free_a_place(world, &noise[0]);
    free_a_place(world, &noise[1]);
    assert_false(is_queued(world, &quiet));
    source = row_table_source(world_rows(world));
    assert_status(STATUS_OK, core_view_open_counts(&source, WORLD_B, &open));
    assert_int_equal(520 + 1 - 256 - 2, open.queued_count);
    assert_true(world_replays(world));
    world_free(world);
}

static void nothing_open_is_left_behind(void **state)
{
    (void)state;
    static const uint8_t tables[] = {'Q', 'B', 'P', 'w', 'F', 'I'};
    struct world *world = world_new(&(struct world_options){.seed = 3, .validate = true});

    world_run(world, 4);
    for (uint32_t i = 0; i < 50; i++) {
        (void)world_dispatch(world, i % 2 == 0 ? WORLD_A : WORLD_B, i % 2 == 0 ? WORLD_B : WORLD_A,
                             1);
    }
    world_run_until_delivered(world, 60);
    world_run(world, 30);
    for (size_t i = 1; i < sizeof(tables); i++) {
        assert_int_equal(0, row_table_count_prefix(world_rows(world), bytes_from(&tables[i], 1)));
    }
    /* The due queue holds no more than one row per chain, tree and lane, and the plan's. */
    assert_true(row_table_count_prefix(world_rows(world), bytes_from(&tables[0], 1)) <= 9);
    world_free(world);
}

static void the_view_says_why(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);
    struct message_row row;
    struct message_why why;
    struct hash id;

    world_set_validators(world, 1);
    const struct hash sent = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 6);
    struct row_source source = row_table_source(world_rows(world));
    assert_status(STATUS_OK, core_view_why(&source, &sent, &why));
    assert_int_equal(REASON_AWAITING_CHECKPOINTS, why.message.reason);
    assert_true(why.security_known);
    assert_int_equal(2, why.threshold);
    assert_int_equal(1, why.valid_count);
    assert_int_equal(3, why.signers_count);
    assert_true(why.has_leaf);
    assert_false(why.has_intent);
    assert_status(STATUS_OK, core_view_next_open(&source, WORLD_B, NULL, NULL, &id, &row));
    assert_memory_equal(sent.bytes, id.bytes, 32);
    assert_status(STATUS_NOT_FOUND, core_view_next_open(&source, WORLD_B, &row, &id, &id, &row));
    const struct hash unknown = hash_filled(9);
    assert_status(STATUS_NOT_FOUND, core_view_why(&source, &unknown, &why));
    world_set_including(world, false);
    world_set_validators(world, 3);
    world_run(world, 8);
    source = row_table_source(world_rows(world));
    assert_status(STATUS_OK, core_view_why(&source, &sent, &why));
    assert_true(why.has_intent);
    assert_int_equal(0, why.nonce);
    assert_int_equal(1, why.intent.attempts_count);
    struct amount gas;
    struct amount payment;
    const struct address coin = {{0}};
    assert_status(STATUS_OK,
                  core_view_gas_paid(&source, &sent, &why.message, &coin, &gas, &payment));
    assert_false(amount_is_zero(&payment));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_waits_for_finality),
        cmocka_unit_test(a_message_to_another_chain_is_left_alone),
        cmocka_unit_test(a_dispatch_that_is_reorged_away_is_orphaned),
        cmocka_unit_test(a_dispatch_in_another_block_after_a_reorg_is_delivered),
        cmocka_unit_test(other_versions_and_larger_messages_are_refused_by_name),
        cmocka_unit_test(somebody_else_may_deliver),
        cmocka_unit_test(a_delivery_that_is_reorged_away_is_made_by_us),
        cmocka_unit_test(a_delivery_before_the_dispatch_is_final_is_known_later),
        cmocka_unit_test(one_bad_validator_costs_only_itself),
        cmocka_unit_test(a_delivery_on_another_chain_is_none),
        cmocka_unit_test(a_message_waits_for_its_quorum),
        cmocka_unit_test(a_reverted_simulation_is_tried_again_ever_later),
        cmocka_unit_test(a_message_that_reverts_for_an_hour_is_delivered_after_it),
        cmocka_unit_test(quarantined_messages_have_places_of_their_own),
        cmocka_unit_test(what_fails_too_often_is_given_up_until_a_person_retries_it),
        cmocka_unit_test(an_unknown_simulation_is_asked_again),
        cmocka_unit_test(words_of_a_delivery_are_not_its_proof),
        cmocka_unit_test(an_unsupported_module_waits_for_a_person_or_a_change),
        cmocka_unit_test(a_route_of_one_key_is_refused_unless_the_configuration_says_so),
        cmocka_unit_test(people_hold_release_and_drop),
        cmocka_unit_test(a_pause_stops_sending_alone),
        cmocka_unit_test(places_are_bounded_and_the_queue_is_fair),
        cmocka_unit_test(a_backlog_delays_neither_the_newest_nor_the_oldest),
        cmocka_unit_test(unsigned_messages_give_their_places_soon),
        cmocka_unit_test(a_rotated_set_is_seen_by_what_waits),
        cmocka_unit_test(what_is_beyond_the_threshold_is_not_verified),
        cmocka_unit_test(what_was_paused_goes_on_with_the_resume),
        cmocka_unit_test(what_has_a_nonce_takes_up_no_place),
        cmocka_unit_test(a_noisy_route_does_not_starve_another),
        cmocka_unit_test(nothing_open_is_left_behind),
        cmocka_unit_test(the_view_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
