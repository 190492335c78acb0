/* SPDX-License-Identifier: Apache-2.0 */
/* Nonce lanes: what a signer, a pool and a chain can do to a transaction. The world checks in every
 * one of these tests that no nonce sees a second payload but a cancel. */
#include "relay/core/view.h"
#include "tests/support/core_world.h"
#include "tests/support/unit.h"

static struct world *world_at_rest(void)
{
    struct world *world = world_new(&(struct world_options){.seed = 1});

    world_run(world, 4);
    return world;
}

static struct message_row row_of(struct world *world, const struct hash *id)
{
    struct message_row row;

    assert_true(world_message(world, id, &row));
    return row;
}

static struct lane_row lane_of(struct world *world, uint32_t domain)
{
    struct lane_row lane;

    assert_true(world_lane(world, domain, &lane));
    return lane;
}

static void dispatch_many(struct world *world, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        (void)world_dispatch(world, WORLD_A, WORLD_B, (uint8_t)(1 + i % 3));
    }
}

#define START_MOMENTS 6u /* seconds */

static void finish(struct world *world, uint32_t seconds)
{
    world_run_until_delivered(world, seconds);
    assert_true(world_replays(world));
    world_free(world);
}

/* The one open intent of chain B. */
static struct intent_row intent_of(struct world *world)
{
    const struct row_source source = row_table_source(world_rows(world));
    const struct address key = world_key(0);
    struct intent_row intent;
    uint64_t nonce = 0;

    assert_status(STATUS_OK, core_view_next_intent(&source, WORLD_B, &key, 0, &nonce, &intent));
    return intent;
}

static void sending_waits_below_the_fee_ceiling(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_base_fee(world, WORLD_B, 1000); /* and a tip of 1: above the ceiling of 1000 */
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 20);
    assert_int_equal(MESSAGE_OFFERED, row_of(world, &id).state);
    assert_int_equal(REASON_FEE_CEILING, row_of(world, &id).reason);
    assert_int_equal(0, world_commands(world, COMMAND_SEND));
    world_set_base_fee(world, WORLD_B, 999);
    finish(world, 40);
}

static void a_fee_that_rises_is_followed(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_including(world, false);
    dispatch_many(world, 10);
    world_run(world, 5);
    assert_int_equal(10, world_commands(world, COMMAND_SEND));
    world_set_base_fee(world, WORLD_B, 400); /* what was offered is 21 */
    world_set_including(world, true);
    world_run(world, 8);
    assert_int_equal(10, world_commands(world, COMMAND_SEND)); /* not before twelve blocks */
    world_run_until_delivered(world, 60);
    assert_true(world_noted(world, REASON_NOT_INCLUDED));
    assert_int_equal(10, world_processed_by_us(world));
    finish(world, 10);
}

/* A price from which many steps of an eighth lead to the ceiling, and one from which the first
 * does.
 */
static void a_replacement_stays_below_the_ceiling(void **state)
{
    (void)state;
    static const uint64_t base_fees[] = {10, 480};

    for (size_t k = 0; k < sizeof(base_fees) / sizeof(base_fees[0]); k++) {
        struct world *world = world_at_rest();
        world_set_base_fee(world, WORLD_B, base_fees[k]);
        world_run(world, 2);
        world_set_including(world, false);
        dispatch_many(world, 1);
        world_run(world, 5);
        world_set_base_fee(world, WORLD_B, k == 0 ? 5000 : base_fees[k]);
        world_run(world, 400);
        struct row_source source = row_table_source(world_rows(world));
        const struct address key = world_key(0);
        struct intent_row intent;
        uint64_t nonce = 0;
        assert_status(STATUS_OK, core_view_next_intent(&source, WORLD_B, &key, 0, &nonce, &intent));
        const struct amount ceiling = amount_from_u64(1000);
        assert_true(intent.attempts_count <= ATTEMPTS_MAX - 1);
        for (uint32_t i = 0; i < intent.attempts_count; i++) {
            assert_true(amount_compare(&intent.attempts[i].fee_per_gas_max, &ceiling) <= 0);
        }
        assert_true(world_noted(world, REASON_FEE_CEILING));
        world_set_base_fee(world, WORLD_B, 10);
        world_set_including(world, true);
        finish(world, 30);
    }
}

static void what_a_pool_forgets_is_sent_again(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_including(world, false);
    dispatch_many(world, 5);
    world_run(world, 4);
    world_set_faults(world, &(struct world_options){.seed = 1, .evict_one_in = 1});
    world_run(world, 2);
    world_set_faults(world, &(struct world_options){.seed = 1});
    world_set_including(world, true);
    const uint32_t sent = world_commands(world, COMMAND_SEND);
    world_run_until_delivered(world, 30);
    assert_int_equal(sent, world_commands(world, COMMAND_SEND)); /* the same, not signed anew */
    assert_int_equal(5, world_processed_by_us(world));
    finish(world, 5);
}

static void a_full_lane_takes_the_rest_later(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_including(world, false);
    dispatch_many(world, 100);
    world_run(world, 6);
    assert_int_equal(64, lane_of(world, WORLD_B).waiting_count);
    assert_int_equal(64, world_commands(world, COMMAND_SEND));
    world_set_including(world, true);
    world_run_until_delivered(world, 20);
    assert_int_equal(100, world_processed_by_us(world));
    assert_int_equal(0, lane_of(world, WORLD_B).waiting_count);
    finish(world, 5);
}

static void a_refusal_gives_the_nonce_back(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_signer(world, OUTCOME_REFUSED);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 6);
    assert_int_equal(REASON_SIGNER_REFUSED, row_of(world, &id).reason);
    assert_int_equal(0, lane_of(world, WORLD_B).next_nonce);
    assert_int_equal(0, lane_of(world, WORLD_B).waiting_count);
    world_set_signer(world, OUTCOME_OK);
    world_run_until_delivered(world, 60);
    assert_int_equal(1, lane_of(world, WORLD_B).next_nonce);
    finish(world, 5);
}

static void refusals_in_the_middle_are_filled_by_cancels(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_signer(world, OUTCOME_REFUSED);
    dispatch_many(world, 12);
    world_run(world, 20);
    world_set_signer(world, OUTCOME_OK);
    world_run_until_delivered(world, 120);
    assert_int_equal(12, world_processed_by_us(world));
    const struct lane_row lane = lane_of(world, WORLD_B);
    assert_true(lane.next_nonce >= 12);
    assert_int_equal(lane.next_nonce, lane.first_open);
    assert_int_equal(0, lane.waiting_count);
    finish(world, 5);
}

static void an_unknown_signature_is_asked_again(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_signer(world, OUTCOME_UNKNOWN);
    dispatch_many(world, 3);
    world_run(world, 12);
    assert_true(world_commands(world, COMMAND_SEND) > 6);
    assert_int_equal(0, world_commands(world, COMMAND_BROADCAST));
    world_set_signer(world, OUTCOME_OK);
    world_run_until_delivered(world, 20);
    assert_int_equal(3, lane_of(world, WORLD_B).next_nonce);
    finish(world, 5);
}

static void an_unknown_broadcast_is_repeated(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_rejection(world, OUTCOME_UNKNOWN, REJECTION_NONE);
    dispatch_many(world, 3);
    world_run(world, 12);
    assert_true(world_commands(world, COMMAND_BROADCAST) > 6);
    world_set_rejection(world, OUTCOME_OK, REJECTION_NONE);
    world_run_until_delivered(world, 20);
    assert_int_equal(3, lane_of(world, WORLD_B).next_nonce);
    finish(world, 5);
}

/* Hundreds of transactions under way, each repeated every two seconds and signed again each time,
 * would be more than a chain that is barely alive can answer, and fill the journal. */
static void a_silent_chain_is_asked_less_and_less(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_including(world, false);
    world_set_rejection(world, OUTCOME_UNKNOWN, REJECTION_NONE);
    dispatch_many(world, 3);
    world_run(world, 64);
    const uint32_t broadcasts = world_commands(world, COMMAND_BROADCAST);
    assert_true(broadcasts > 3 * 6 && broadcasts < 3 * 24);
    assert_true(world_commands(world, COMMAND_SEND) < 3 * 8); /* replacements alone */
    world_set_rejection(world, OUTCOME_OK, REJECTION_NONE);
    world_set_including(world, true);
    world_run_until_delivered(world, 20);
    assert_int_equal(3, lane_of(world, WORLD_B).next_nonce);
    finish(world, 5);
}

static void an_underpriced_transaction_is_raised(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_rejection(world, OUTCOME_REFUSED, REJECTION_UNDERPRICED);
    dispatch_many(world, 1);
    world_run(world, 4);
    assert_true(world_commands(world, COMMAND_SEND) > 1);
    world_set_rejection(world, OUTCOME_OK, REJECTION_NONE);
    finish(world, 60);
}

/* A nonce that is gone: one of our attempts has it, also one before the last, or somebody else.
 * Each is looked up and the lane read, whichever attempt was refused for it. */
static void a_nonce_that_is_too_low_is_looked_up_at_once(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_including(world, false);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 4);
    for (uint32_t i = 0; i < 200 && intent_of(world).attempts_count == 1; i++) {
        world_run(world, 1);
    }
    world_run(world, 2);
    const struct intent_row intent = intent_of(world);
    assert_int_equal(2, intent.attempts_count);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(ATTEMPT_SIGNED, intent.attempts[i].state);
        const uint32_t follows = world_commands(world, COMMAND_FOLLOW);
        const uint32_t reads = world_commands(world, COMMAND_READ_LANE);
        struct event event;
        memset(&event, 0, sizeof(event));
        event.kind = EVENT_SUBMITTED;
        event.domain = WORLD_B;
        event.submitted.leg_id = intent.leg_id;
        event.submitted.transaction = intent.attempts[i].transaction;
        event.submitted.outcome = OUTCOME_REFUSED;
        event.submitted.rejection = REJECTION_NONCE_TOO_LOW;
        event.submitted.reason = bytes_from_string("nonce too low");
        world_step(world, &event);
        assert_int_equal(follows + 2, world_commands(world, COMMAND_FOLLOW));
        assert_int_equal(reads + 1, world_commands(world, COMMAND_READ_LANE));
    }
    world_set_including(world, true);
    finish(world, 60);
}

/* Offered near the ceiling, refused by the pool as too cheap, and not to be raised: it is neither
 * given again all the time nor forgotten, and goes on by itself when the pool takes it. */
static void a_raise_that_the_ceiling_forbids_goes_on_when_fees_fall(void **state)
{
    (void)state;
    for (uint32_t is_refused = 0; is_refused < 2; is_refused++) {
        struct world *world = world_at_rest();
        world_set_base_fee(world, WORLD_B, 480); /* offers 961 of 1000: no eighth more */
        world_run(world, 2);
        world_set_including(world, false);
        if (is_refused == 1) {
            world_set_rejection(world, OUTCOME_REFUSED, REJECTION_UNDERPRICED);
        }
        dispatch_many(world, 1);
        world_run(world, 6);
        const uint32_t before = world_commands(world, COMMAND_BROADCAST);
        assert_true(before > 0);
        world_run(world, 60);
        assert_int_equal(1, intent_of(world).attempts_count);
        assert_true(world_noted(world, REASON_FEE_CEILING));
        assert_in_range(world_commands(world, COMMAND_BROADCAST) - before, 4, 12);
        world_set_rejection(world, OUTCOME_OK, REJECTION_NONE);
        world_set_base_fee(world, WORLD_B, 10);
        world_set_including(world, true);
        world_run_until_delivered(world, 14);
        assert_int_equal(1, world_processed_by_us(world));
        finish(world, 5);
    }
}

static void missing_funds_are_told_and_waited_for(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_rejection(world, OUTCOME_REFUSED, REJECTION_FUNDS);
    dispatch_many(world, 2);
    world_run(world, 10);
    assert_true(world_noted(world, REASON_INSUFFICIENT_FUNDS));
    assert_int_equal(2, world_commands(world, COMMAND_SEND));
    world_set_rejection(world, OUTCOME_OK, REJECTION_NONE);
    finish(world, 30);
}

static void what_the_network_never_takes_is_cancelled_and_tried_anew(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_rejection(world, OUTCOME_REFUSED, REJECTION_OTHER);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 70);
    world_set_rejection(world, OUTCOME_OK, REJECTION_NONE);
    world_run_until_delivered(world, 60);
    assert_true(row_of(world, &id).legs_count > 1);
    assert_int_equal(1, world_processed_by_us(world));
    finish(world, 5);
}

static void a_foreign_transaction_freezes_the_lane(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    dispatch_many(world, 3);
    world_run_until_delivered(world, 10);
    world_use_nonce(world, WORLD_B);
    world_run(world, 70);
    assert_int_equal(LANE_FROZEN, lane_of(world, WORLD_B).state);
    assert_true(world_alarmed(world, REASON_FOREIGN_TRANSACTION));
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 20);
    assert_int_equal(REASON_FOREIGN_TRANSACTION, row_of(world, &id).reason);
    world_restart(world); /* a restart does not thaw it */
    world_run(world, 20);
    assert_int_equal(LANE_FROZEN, lane_of(world, WORLD_B).state);
    world_operator(world, OPERATOR_RESUME, WORLD_B, NULL);
    world_run_until_delivered(world, 60);
    assert_int_equal(5, lane_of(world, WORLD_B).next_nonce);
    finish(world, 5);
}

/* At any moment around a start: before the lane is read for the first time, in the same second, or
 * after it, with a message that wants the very nonce or with none. */
static void a_foreign_transaction_around_a_start_freezes_the_lane(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * START_MOMENTS; i++) {
        struct world *world = world_at_rest();
        struct hash id = {{0}};

        dispatch_many(world, 3);
        world_run_until_delivered(world, 10);
        if (i == 0) {
            world_use_nonce(world, WORLD_B); /* while it is down */
        }
        world_restart(world);
        world_run(world, i / 2);
        if (i != 0) {
            world_use_nonce(world, WORLD_B);
        }
        if (i % 2 == 1) {
            id = world_dispatch(world, WORLD_A, WORLD_B, 1);
        }
        world_run(world, 90); /* a reading of an idle lane is a minute old at most */
        assert_int_equal(LANE_FROZEN, lane_of(world, WORLD_B).state);
        assert_true(world_noted(world, REASON_FOREIGN_TRANSACTION));
        if (i % 2 == 1) {
            assert_int_equal(0, world_process_count(world, &id));
        }
        world_operator(world, OPERATOR_RESUME, WORLD_B, NULL);
        world_run_until_delivered(world, 60);
        finish(world, 5);
    }
}

static void a_nonce_taken_by_somebody_else_voids_its_leg(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_including(world, false);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 6);
    assert_int_equal(MESSAGE_SENT, row_of(world, &id).state);
    world_use_nonce(world, WORLD_B);
    world_set_including(world, true);
    world_run(world, 90);
    assert_int_equal(LANE_FROZEN, lane_of(world, WORLD_B).state);
    assert_int_equal(0, world_process_count(world, &id));
    world_operator(world, OPERATOR_RESUME, WORLD_B, NULL);
    world_run_until_delivered(world, 60);
    assert_int_equal(1, world_process_count(world, &id));
    finish(world, 5);
}

static void the_first_nonce_is_the_chains(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    for (uint32_t i = 0; i < 7; i++) {
        world_use_nonce(world, WORLD_B); /* before the node ever sent anything */
    }
    world_run(world, 15); /* a reading that old is not used for the first nonce */
    dispatch_many(world, 2);
    world_run_until_delivered(world, 20);
    assert_int_equal(9, lane_of(world, WORLD_B).next_nonce);
    assert_false(world_noted(world, REASON_FOREIGN_TRANSACTION));
    finish(world, 5);
}

static void a_delivery_by_somebody_else_first_costs_one_revert(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_including(world, false);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 5);
    world_deliver_elsewhere(world, &id);
    world_run(world, 1);
    world_set_including(world, true);
    world_run_until_delivered(world, 20);
    assert_int_equal(REASON_DELIVERED_ELSEWHERE, row_of(world, &id).reason);
    world_run(world, 10);
    assert_int_equal(1, lane_of(world, WORLD_B).first_open);
    assert_int_equal(1, world_process_count(world, &id));
    finish(world, 5);
}

static void a_restart_in_flight_follows_what_was_sent(void **state)
{
    (void)state;
    for (uint32_t second = 1; second < 8; second++) {
        struct world *world = world_at_rest();
        dispatch_many(world, 20);
        world_run(world, second);
        world_restart(world);
        world_run_until_delivered(world, 30);
        assert_int_equal(20, world_processed_by_us(world));
        assert_int_equal(20, lane_of(world, WORLD_B).next_nonce);
        finish(world, 5);
    }
}

/* A start asks before any endpoint is connected, and the adapter cannot know. */
static void a_lane_is_read_as_soon_as_its_chain_answers(void **state)
{
    (void)state;
    struct world *world = world_at_rest();
    struct event event;

    world_set_faults(world, &(struct world_options){.seed = 1, .lose_one_in = 1});
    world_restart(world);
    world_run_ms(world, 100);
    assert_int_equal(LANE_UNKNOWN, lane_of(world, WORLD_B).state);
    const uint32_t asked = world_commands(world, COMMAND_READ_LANE);
    world_set_faults(world, &(struct world_options){.seed = 1});
    world_run_ms(world, 100);
    assert_int_equal(asked, world_commands(world, COMMAND_READ_LANE));
    memset(&event, 0, sizeof(event));
    event.kind = EVENT_ENDPOINT;
    event.domain = WORLD_B;
    event.at = world_now(world);
    event.endpoint.state = ENDPOINT_CONNECTED;
    world_step(world, &event);
    world_run_ms(world, 200);
    assert_int_equal(asked + 1, world_commands(world, COMMAND_READ_LANE));
    assert_int_equal(LANE_READY, lane_of(world, WORLD_B).state);
    dispatch_many(world, 2);
    finish(world, 20);
}

static void a_receipt_from_no_block_of_the_chain_settles_nothing(void **state)
{
    (void)state;
    struct world *world = world_at_rest();
    struct event event;

    world_set_including(world, false);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 5);
    const struct intent_row intent = intent_of(world);
    memset(&event, 0, sizeof(event));
    event.kind = EVENT_RECEIPT;
    event.domain = WORLD_B;
    event.receipt.leg_id = intent.leg_id;
    event.receipt.transaction = intent.attempts[0].transaction;
    event.receipt.outcome = OUTCOME_OK;
    event.receipt.block_number = world_head(world, WORLD_B);
    event.receipt.block_hash = hash_filled(0x31);
    world_step(world, &event);
    assert_true(intent_of(world).included);
    world_run(world, 5);
    assert_false(intent_of(world).included);
    world_set_including(world, true);
    world_run_until_delivered(world, 20);
    assert_int_equal(0, row_of(world, &id).attempts_count);
    assert_int_equal(REASON_DELIVERED, row_of(world, &id).reason);
    finish(world, 5);
}

static void a_reorg_takes_an_inclusion_back_at_once(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    for (uint32_t i = 0; i < 10 && world_processed_by_us(world) == 0; i++) {
        world_run(world, 1);
    }
    assert_true(intent_of(world).included);
    world_set_including(world, false);
    world_reorg(world, WORLD_B, 1, false);
    world_run_ms(world, 50);
    assert_false(intent_of(world).included);
    assert_int_equal(1, lane_of(world, WORLD_B).waiting_count);
    world_set_including(world, true);
    world_run_until_delivered(world, 20);
    assert_int_equal(1, world_processed_by_us(world));
    finish(world, 5);
}

static void what_the_adapter_forgot_is_signed_again(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_including(world, false);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 4);
    assert_int_equal(1, world_commands(world, COMMAND_SEND));
    world_set_faults(world, &(struct world_options){.seed = 1, .evict_one_in = 1});
    world_run(world, 1);
    world_set_faults(world, &(struct world_options){.seed = 1});
    world_forget_held(world);
    world_set_including(world, true);
    world_run_until_delivered(world, 20);
    assert_int_equal(2, world_commands(world, COMMAND_SEND));
    assert_false(world_noted(world, REASON_NOT_INCLUDED)); /* the same, no raised fee */
    finish(world, 5);
}

/* A chain that has fewer of our transactions than are final is behind, and not to be believed. */
static void a_nonce_below_what_is_final_is_not_used(void **state)
{
    (void)state;
    struct world *world = world_at_rest();
    struct event event;

    dispatch_many(world, 3);
    world_run_until_delivered(world, 10);
    world_restart(world);
    memset(&event, 0, sizeof(event));
    event.kind = EVENT_LANE;
    event.domain = WORLD_B;
    event.lane.key = world_key(0);
    event.lane.outcome = OUTCOME_OK;
    event.lane.nonce_latest = 2;
    event.lane.nonce_final = 2;
    world_step(world, &event);
    assert_int_equal(LANE_UNKNOWN, lane_of(world, WORLD_B).state);
    assert_int_equal(3, lane_of(world, WORLD_B).next_nonce);
    dispatch_many(world, 3);
    world_run_until_delivered(world, 20);
    assert_int_equal(6, lane_of(world, WORLD_B).next_nonce);
    finish(world, 5);
}

static void what_was_included_while_we_were_away_is_settled_soon(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_including(world, false);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 4);
    assert_int_equal(MESSAGE_SENT, row_of(world, &id).state);
    world_set_including(world, true);
    world_mine_unseen(world, WORLD_B, 2); /* the node is down meanwhile */
    world_restart(world);
    world_run(world, 1); /* long before blocks would have it sent again */
    assert_int_equal(1, lane_of(world, WORLD_B).first_open);
    finish(world, 5);
}

/* The attempt before it still stands, and goes out again when a pool forgets it. */
static void a_refused_raise_leaves_the_attempt_before_it_alive(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_including(world, false);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 4);
    assert_int_equal(1, intent_of(world).attempts_count);
    world_set_signer(world, OUTCOME_REFUSED);
    for (uint32_t i = 0; i < 200 && intent_of(world).attempts_count == 1; i++) {
        world_run(world, 1);
    }
    world_run(world, 2);
    assert_int_equal(2, intent_of(world).attempts_count);
    assert_int_equal(ATTEMPT_REFUSED, intent_of(world).attempts[1].state);
    world_set_faults(world, &(struct world_options){.seed = 1, .evict_one_in = 1});
    world_run(world, 1);
    world_set_faults(world, &(struct world_options){.seed = 1});
    world_set_including(world, true);
    world_run_until_delivered(world, 60);
    assert_int_equal(1, world_processed_by_us(world));
    finish(world, 5);
}

/* What was read as included before the restart is in no block of the range that is given after it,
 * and no pool has it any more: it goes out again. */
static void an_inclusion_that_was_lost_while_we_were_away_is_not_believed(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    for (uint32_t i = 0; i < 10 && world_processed_by_us(world) == 0; i++) {
        world_run(world, 1);
    }
    assert_true(intent_of(world).included);
    world_set_including(world, false);
    world_mine_unseen(world, WORLD_B, 0);
    world_reorg(world, WORLD_B, 1, false);
    assert_int_equal(0, world_processed_by_us(world));
    world_set_faults(world, &(struct world_options){.seed = 1, .evict_one_in = 1});
    world_mine_unseen(world, WORLD_B, 8); /* the range goes over the block that is no more */
    world_set_faults(world, &(struct world_options){.seed = 1});
    world_restart(world);
    world_set_including(world, true);
    world_run_until_delivered(world, 60);
    assert_int_equal(1, world_processed_by_us(world));
    finish(world, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sending_waits_below_the_fee_ceiling),
        cmocka_unit_test(a_fee_that_rises_is_followed),
        cmocka_unit_test(a_replacement_stays_below_the_ceiling),
        cmocka_unit_test(what_a_pool_forgets_is_sent_again),
        cmocka_unit_test(a_full_lane_takes_the_rest_later),
        cmocka_unit_test(a_refusal_gives_the_nonce_back),
        cmocka_unit_test(refusals_in_the_middle_are_filled_by_cancels),
        cmocka_unit_test(an_unknown_signature_is_asked_again),
        cmocka_unit_test(an_unknown_broadcast_is_repeated),
        cmocka_unit_test(a_silent_chain_is_asked_less_and_less),
        cmocka_unit_test(an_underpriced_transaction_is_raised),
        cmocka_unit_test(a_nonce_that_is_too_low_is_looked_up_at_once),
        cmocka_unit_test(a_raise_that_the_ceiling_forbids_goes_on_when_fees_fall),
        cmocka_unit_test(missing_funds_are_told_and_waited_for),
        cmocka_unit_test(what_the_network_never_takes_is_cancelled_and_tried_anew),
        cmocka_unit_test(a_foreign_transaction_freezes_the_lane),
        cmocka_unit_test(a_foreign_transaction_around_a_start_freezes_the_lane),
        cmocka_unit_test(a_nonce_taken_by_somebody_else_voids_its_leg),
        cmocka_unit_test(the_first_nonce_is_the_chains),
        cmocka_unit_test(a_delivery_by_somebody_else_first_costs_one_revert),
        cmocka_unit_test(a_restart_in_flight_follows_what_was_sent),
        cmocka_unit_test(a_refused_raise_leaves_the_attempt_before_it_alive),
        cmocka_unit_test(an_inclusion_that_was_lost_while_we_were_away_is_not_believed),
        cmocka_unit_test(a_lane_is_read_as_soon_as_its_chain_answers),
        cmocka_unit_test(a_receipt_from_no_block_of_the_chain_settles_nothing),
        cmocka_unit_test(a_reorg_takes_an_inclusion_back_at_once),
        cmocka_unit_test(what_the_adapter_forgot_is_signed_again),
        cmocka_unit_test(a_nonce_below_what_is_final_is_not_used),
        cmocka_unit_test(what_was_included_while_we_were_away_is_settled_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
