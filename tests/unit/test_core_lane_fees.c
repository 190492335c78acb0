/* SPDX-License-Identifier: Apache-2.0 */
/* What transactions pay, and how the keys of one chain share its messages. The world's pool is a
 * strict one: a replacement must pay an eighth more in both fees. */
#include "relay/core/lane/lane_internal.h"
#include "relay/core/view.h"
#include "tests/support/core_world.h"
#include "tests/support/unit.h"

/* Seconds after which the reading of the start is too old for the first nonce and is done again. */
#define FIRST_READING 15u

static struct world *world_of(const struct world_options *options)
{
    struct world *world = world_new(options);

    world_run(world, 4);
    return world;
}

static struct message_row row_of(struct world *world, const struct hash *id)
{
    struct message_row row;

    assert_true(world_message(world, id, &row));
    return row;
}

static struct lane_row lane_of(struct world *world, uint32_t key)
{
    struct lane_row lane;

    assert_true(world_lane_of(world, WORLD_B, key, &lane));
    return lane;
}

static void dispatch_many(struct world *world, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        (void)world_dispatch(world, WORLD_A, WORLD_B, (uint8_t)(1 + i % 3));
    }
}

/* The lowest open intent of chain B's first key. */
static struct intent_row intent_of(struct world *world)
{
    const struct row_source source = row_table_source(world_rows(world));
    const struct address key = world_key(0);
    struct intent_row intent;
    uint64_t nonce = 0;

    assert_status(STATUS_OK, core_view_next_intent(&source, WORLD_B, &key, 0, &nonce, &intent));
    return intent;
}

static uint64_t u64_of(const struct amount *amount)
{
    uint64_t number = 0;

    assert_status(STATUS_OK, amount_to_u64(amount, &number));
    return number;
}

static void finish(struct world *world, uint32_t seconds)
{
    world_run_until_delivered(world, seconds);
    assert_true(world_replays(world));
    world_free(world);
}

/* ---- priority fees ---- */

static void the_priority_fee_is_what_others_pay_within_bounds(void **state)
{
    (void)state;
    static const struct {
        uint64_t others_pay;
        uint64_t we_pay;
    } cases[] = {{0, 1}, {1, 1}, {20, 20}, {50, 50}, {51, 50}, {UINT64_MAX, 50}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world *world = world_new(&(struct world_options){.seed = 1, .priority_max = 50});
        world_set_priorities(world, WORLD_B, cases[i].others_pay, UINT64_MAX);
        world_run(world, FIRST_READING);
        world_set_including(world, false);
        dispatch_many(world, 1);
        world_run(world, 5);
        const struct intent_row intent = intent_of(world);
        assert_int_equal(cases[i].we_pay, u64_of(&intent.attempts[0].priority_fee_per_gas));
        assert_int_equal(20 + cases[i].we_pay, u64_of(&intent.attempts[0].fee_per_gas_max));
        assert_false(intent.attempts[0].is_legacy);
        world_set_including(world, true);
        finish(world, 20);
    }
}

static void no_room_below_the_ceiling_takes_from_the_priority_fee_first(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 1, .priority_max = 500});

    world_set_priorities(world, WORLD_B, 400, 500);
    world_set_base_fee(world, WORLD_B, 900); /* of a ceiling of 1000 */
    world_run(world, FIRST_READING);
    world_set_including(world, false);
    dispatch_many(world, 1);
    world_run(world, 5);
    const struct intent_row intent = intent_of(world);
    assert_int_equal(100, u64_of(&intent.attempts[0].priority_fee_per_gas));
    assert_int_equal(1000, u64_of(&intent.attempts[0].fee_per_gas_max));
    world_set_including(world, true);
    finish(world, 20);
}

/* Long before twelve blocks a deadline raises the fees, from its half on to what the hasty pay. */
static void a_deadline_raises_fees_before_blocks_do(void **state)
{
    (void)state;
    struct world *world =
        world_new(&(struct world_options){.seed = 1, .deadline_s = 16, .priority_max = 300});

    world_set_priorities(world, WORLD_B, 5, 200);
    world_run(world, FIRST_READING);
    world_set_including(world, false);
    dispatch_many(world, 1);
    world_run(world, 9);
    const struct intent_row early = intent_of(world);
    assert_int_equal(2, early.attempts_count);
    assert_int_equal(5, u64_of(&early.attempts[0].priority_fee_per_gas));
    assert_int_equal(6, u64_of(&early.attempts[1].priority_fee_per_gas));
    world_run(world, 7);
    const struct intent_row late = intent_of(world);
    assert_true(late.attempts_count > 2);
    const struct attempt *last = &late.attempts[late.attempts_count - 1];
    assert_true(u64_of(&last->priority_fee_per_gas) >= 200);
    assert_true(u64_of(&last->fee_per_gas_max) <= 1000);
    world_set_including(world, true);
    finish(world, 20);
}

/* Prices of a few wei, where an eighth is less than one: truncated, they would never rise. */
static void both_fees_rise_by_an_eighth_and_at_least_one(void **state)
{
    (void)state;
    static const uint64_t raises[][2] = {{0, 1}, {1, 2}, {7, 8}, {8, 9}, {9, 11}, {800, 900}};
    for (size_t i = 0; i < sizeof(raises) / sizeof(raises[0]); i++) {
        const struct amount old = amount_from_u64(raises[i][0]);
        struct amount raised;
        assert_true(lane_raise(&old, &raised));
        assert_int_equal(raises[i][1], u64_of(&raised));
    }
    struct world *world = world_of(&(struct world_options){.seed = 1, .deadline_s = 8});

    world_set_base_fee(world, WORLD_B, 0);
    world_run(world, 2);
    world_set_including(world, false);
    dispatch_many(world, 1);
    world_run(world, 60);
    const struct intent_row intent = intent_of(world);
    assert_true(intent.attempts_count > 8);
    assert_int_equal(1, u64_of(&intent.attempts[0].priority_fee_per_gas));
    for (uint32_t i = 1; i < intent.attempts_count; i++) {
        const uint64_t fee[2] = {u64_of(&intent.attempts[i - 1].fee_per_gas_max),
                                 u64_of(&intent.attempts[i].fee_per_gas_max)};
        const uint64_t priority[2] = {u64_of(&intent.attempts[i - 1].priority_fee_per_gas),
                                      u64_of(&intent.attempts[i].priority_fee_per_gas)};
        assert_true(fee[1] > fee[0] && 8 * fee[1] >= 9 * fee[0]);
        assert_true(priority[1] > priority[0] && 8 * priority[1] >= 9 * priority[0]);
    }
    world_set_including(world, true);
    finish(world, 20);
}

/* A spike above the ceiling: nothing is dropped, nothing is sent twice, and it goes on by itself.
 */
static void what_the_ceiling_parks_goes_on_when_fees_fall(void **state)
{
    (void)state;
    struct world *world = world_of(&(struct world_options){.seed = 1, .deadline_s = 8});

    world_set_including(world, false);
    dispatch_many(world, 3);
    world_run(world, 5);
    world_set_base_fee(world, WORLD_B, 100000);
    world_set_including(world, true);
    world_run(world, 120);
    assert_int_equal(0, world_processed_by_us(world));
    assert_true(world_noted(world, REASON_FEE_CEILING));
    assert_int_equal(3, lane_of(world, 0).waiting_count);
    world_set_base_fee(world, WORLD_B, 10);
    world_run_until_delivered(world, 10);
    assert_int_equal(3, world_processed_by_us(world));
    assert_int_equal(3, lane_of(world, 0).next_nonce);
    finish(world, 5);
}

/* ---- legacy chains ---- */

/* What the only lane of a chain waits for, as people are told. */
static struct lane_wait waits_for(struct world *world, uint32_t domain)
{
    const struct row_source source = row_table_source(world_rows(world));
    const struct core_chain config = {.domain = domain, .fee_per_gas_max = amount_from_u64(1000)};
    uint32_t found = 0;
    struct address key;
    struct lane_wait wait;
    struct lane_row lane;

    assert_status(STATUS_OK, core_view_next_lane(&source, 0, NULL, &found, &key, &lane));
    while (found != domain) {
        const struct address after = key;
        assert_status(STATUS_OK, core_view_next_lane(&source, found, &after, &found, &key, &lane));
    }
    assert_status(STATUS_OK, core_view_lane_wait(&source, &config, &key, &lane, &wait));
    return wait;
}

static void the_view_says_what_a_lane_waits_for(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 1});

    world_run(world, 4);
    assert_int_equal(REASON_NONE, waits_for(world, WORLD_B).reason);
    world_set_signer(world, OUTCOME_UNKNOWN);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 6);
    assert_int_equal(REASON_AWAITING_SIGNATURE, waits_for(world, WORLD_B).reason);
    world_set_signer(world, OUTCOME_OK);
    world_set_including(world, false);
    world_run(world, 4);
    const struct lane_wait wait = waits_for(world, WORLD_B);
    assert_int_equal(REASON_AWAITING_INCLUSION, wait.reason);
    assert_int_equal(2, wait.count);
    assert_true(wait.since.ns > 0);
    world_set_base_fee(world, WORLD_B, 2000);
    world_run(world, 2);
    assert_int_equal(REASON_FEE_CEILING, waits_for(world, WORLD_B).reason);
    world_set_base_fee(world, WORLD_B, 7);
    world_set_including(world, true);
    world_run_until_delivered(world, 120);
    assert_int_equal(REASON_NONE, waits_for(world, WORLD_B).reason);
    world_free(world);
}

static void a_chain_without_a_base_fee_gets_legacy_transactions(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 1});

    world_set_legacy(world, WORLD_B, 100);
    world_set_base_fee(world, WORLD_B, 0);
    world_run(world, FIRST_READING);
    world_set_including(world, false);
    dispatch_many(world, 1);
    world_run(world, 5);
    struct intent_row intent = intent_of(world);
    assert_true(intent.attempts[0].is_legacy);
    assert_int_equal(113, u64_of(&intent.attempts[0].fee_per_gas_max));
    assert_int_equal(113, u64_of(&intent.attempts[0].priority_fee_per_gas));
    world_set_legacy(world, WORLD_B, 400); /* a reading tells, and the replacement pays it */
    world_run(world, 30);
    intent = intent_of(world);
    assert_true(intent.attempts_count > 1);
    const struct attempt *last = &intent.attempts[intent.attempts_count - 1];
    assert_true(last->is_legacy);
    assert_true(u64_of(&last->fee_per_gas_max) >= 500);
    assert_true(amount_equal(&last->fee_per_gas_max, &last->priority_fee_per_gas));
    world_set_including(world, true);
    finish(world, 20);
}

static void a_legacy_price_above_the_ceiling_waits(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 1});

    world_set_legacy(world, WORLD_B, 1001);
    world_run(world, FIRST_READING);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 30);
    assert_int_equal(REASON_FEE_CEILING, row_of(world, &id).reason);
    assert_int_equal(0, world_commands(world, COMMAND_SEND));
    world_set_legacy(world, WORLD_B, 1000);
    finish(world, 40);
}

/* ---- what a transaction may cost ---- */

static void the_data_fee_of_a_rollup_counts_against_the_ceiling(void **state)
{
    (void)state;
    struct world *world =
        world_of(&(struct world_options){.seed = 1, .fee_max = UINT64_C(50000000)});

    world_set_data_fee(world, WORLD_B, 50000000);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 30);
    assert_int_equal(REASON_FEE_CEILING, row_of(world, &id).reason);
    assert_int_equal(0, world_commands(world, COMMAND_SEND));
    world_set_data_fee(world, WORLD_B, 1000);
    finish(world, 120);
}

static void a_key_that_cannot_pay_takes_no_nonce(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 1});

    world_set_balance(world, 1000);
    world_run(world, FIRST_READING);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 30);
    assert_int_equal(REASON_INSUFFICIENT_FUNDS, row_of(world, &id).reason);
    assert_true(world_noted(world, REASON_INSUFFICIENT_FUNDS));
    assert_int_equal(0, world_commands(world, COMMAND_SEND));
    assert_int_equal(0, lane_of(world, 0).next_nonce);
    world_set_balance(world, 1000000000);
    finish(world, 60);
}

/* A pool wants everything of a key that waits in it paid for, so the last are not offered yet. */
static void what_waits_counts_against_the_balance(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 1});

    world_set_balance(world, 20000000); /* a delivery costs up to four million */
    world_run(world, FIRST_READING);
    world_set_including(world, false);
    dispatch_many(world, 20);
    world_run(world, 10);
    const uint32_t waiting = lane_of(world, 0).waiting_count;
    assert_true(waiting >= 3 && waiting < 12);
    world_set_including(world, true);
    finish(world, 60);
}

/* ---- several keys ---- */

static void keys_share_the_messages(void **state)
{
    (void)state;
    struct world *world = world_of(&(struct world_options){.seed = 1, .delivery_keys = 3});

    dispatch_many(world, 120);
    world_run_until_delivered(world, 40);
    assert_int_equal(120, world_processed_by_us(world));
    for (uint32_t key = 0; key < 4; key++) {
        assert_true(world_sent_by(world, WORLD_B, key) > 15);
        assert_int_equal(world_sent_by(world, WORLD_B, key), lane_of(world, key).next_nonce);
    }
    finish(world, 5);
}

static void a_full_lane_leaves_the_rest_to_the_others(void **state)
{
    (void)state;
    struct world *world = world_of(&(struct world_options){.seed = 1, .delivery_keys = 1});

    world_set_including(world, false);
    dispatch_many(world, 150);
    world_run(world, 12);
    assert_int_equal(64, lane_of(world, 0).waiting_count);
    assert_int_equal(64, lane_of(world, 1).waiting_count);
    world_set_including(world, true);
    world_run_until_delivered(world, 40);
    assert_int_equal(150, world_processed_by_us(world));
    finish(world, 5);
}

static void a_frozen_key_leaves_its_messages_to_the_others(void **state)
{
    (void)state;
    struct world *world = world_of(&(struct world_options){.seed = 1, .delivery_keys = 1});

    dispatch_many(world, 20);
    world_run_until_delivered(world, 30);
    world_use_nonce_of(world, WORLD_B, 1);
    world_run(world, 70);
    assert_int_equal(LANE_FROZEN, lane_of(world, 1).state);
    assert_int_equal(LANE_READY, lane_of(world, 0).state);
    const uint32_t sent = world_sent_by(world, WORLD_B, 1);
    dispatch_many(world, 20);
    world_run_until_delivered(world, 30);
    assert_int_equal(sent, world_sent_by(world, WORLD_B, 1));
    world_operator(world, OPERATOR_RESUME, WORLD_B, NULL);
    world_run(world, 5);
    assert_int_equal(LANE_READY, lane_of(world, 1).state);
    dispatch_many(world, 20);
    world_run_until_delivered(world, 30);
    assert_true(world_sent_by(world, WORLD_B, 1) > sent);
    finish(world, 5);
}

static void keys_go_on_after_a_restart(void **state)
{
    (void)state;
    struct world *world = world_of(&(struct world_options){.seed = 1, .delivery_keys = 2});

    for (uint32_t i = 0; i < 5; i++) {
        dispatch_many(world, 12);
        world_run(world, 2);
        world_restart(world);
    }
    world_run_until_delivered(world, 60);
    assert_int_equal(60, world_processed_by_us(world));
    finish(world, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_priority_fee_is_what_others_pay_within_bounds),
        cmocka_unit_test(no_room_below_the_ceiling_takes_from_the_priority_fee_first),
        cmocka_unit_test(a_deadline_raises_fees_before_blocks_do),
        cmocka_unit_test(both_fees_rise_by_an_eighth_and_at_least_one),
        cmocka_unit_test(what_the_ceiling_parks_goes_on_when_fees_fall),
        cmocka_unit_test(the_view_says_what_a_lane_waits_for),
        cmocka_unit_test(a_chain_without_a_base_fee_gets_legacy_transactions),
        cmocka_unit_test(a_legacy_price_above_the_ceiling_waits),
        cmocka_unit_test(the_data_fee_of_a_rollup_counts_against_the_ceiling),
        cmocka_unit_test(a_key_that_cannot_pay_takes_no_nonce),
        cmocka_unit_test(what_waits_counts_against_the_balance),
        cmocka_unit_test(keys_share_the_messages),
        cmocka_unit_test(a_full_lane_leaves_the_rest_to_the_others),
        cmocka_unit_test(a_frozen_key_leaves_its_messages_to_the_others),
        cmocka_unit_test(keys_go_on_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
