/* SPDX-License-Identifier: Apache-2.0 */
/* Spokes and venues as the adapter reads them from an imaginary chain: all of one block; a venue
 * that cannot be read is left out, a spoke that cannot makes all unknown. */
#include "tests/conformance/evm_script.h"
#include "tests/conformance/harness.h"
#include "tests/support/unit.h"

#define INDEX         3u
#define RESERVE_INDEX 5u

static void add_spoke(struct core_config *core, struct chain_config *config)
{
    struct core_spoke *spoke = &core->spokes[core->spokes_count++];
    struct core_venue *venue = &core->venues[core->venues_count++];

    spoke->domain = core->chains[config->chain_index].domain;
    spoke->asset = core->routers[0].asset;
    spoke->spoke = evm_script_spoke();
    spoke->token = core->routers[0].token;
    venue->index = INDEX;
    venue->kind = VENUE_ERC4626;
    venue->venue = evm_script_spoke_vault();
}

static void add_reserve(struct core_config *core, struct chain_config *config)
{
    add_spoke(core, config);
    struct core_venue *const venue = &core->venues[core->venues_count++];
    venue->index = RESERVE_INDEX;
    venue->kind = VENUE_AAVE;
    venue->venue = evm_script_pool();
    venue->receipt = evm_script_receipt();
}

static struct harness *reading_of(void (*change)(struct core_config *core,
                                                 struct chain_config *config))
{
    struct harness *const harness = harness_open_with(&evm_script_fixture, change);

    assert_non_null(harness->chain);
    harness_connect(harness, 0);
    harness_watch(harness, 1);
    harness_run(harness, 300);
    for (uint32_t i = 0; i < 3; i++) {
        harness_mine(harness);
    }
    return harness;
}

static struct harness *reading(void)
{
    return reading_of(add_spoke);
}

static enum outcome read_positions(struct harness *harness)
{
    const uint32_t known = harness->answers_count;
    const struct harness_block *const block = &harness->blocks[harness->blocks_count - 1];
    struct command command = {.kind = COMMAND_READ_POSITIONS, .domain = harness->chain->domain};

    command.read_positions.block_number = block->number;
    command.read_positions.block_hash = block->hash;
    harness_perform(harness, &command);
    const struct harness_answer *const answer =
        harness_await(harness, EVENT_POSITIONS, known, 2000);
    assert_non_null(answer);
    return answer->event.positions.outcome;
}

static void assert_amount(uint64_t wanted, struct amount amount)
{
    uint64_t number = 0;

    assert_status(STATUS_OK, amount_to_u64(&amount, &number));
    assert_int_equal(wanted, number);
}

static void a_spoke_and_its_venue_are_read_at_one_block(void **state)
{
    (void)state;
    struct harness *const harness = reading();

    assert_int_equal(read_positions(harness), OUTCOME_OK);
    assert_int_equal(harness->spokes_count, 1);
    const struct spoke_state *const spoke = &harness->spokes[0];
    const struct address address = evm_script_spoke();
    const uint64_t number = harness->blocks[harness->blocks_count - 1].number;
    assert_true(address_equal(&spoke->spoke, &address));
    assert_amount(1000 + number, spoke->idle); /* what it holds, though its books say more */
    assert_amount(200, spoke->velocity_left);
    assert_amount(300, spoke->loss_left);
    assert_true(spoke->paused);
    assert_int_equal(spoke->mandate.bytes[31], 0x4d);
    assert_int_equal(harness->venues_count, 1);
    const struct venue_state *const venue = &harness->venues[0];
    assert_true(address_equal(&venue->spoke, &address));
    assert_int_equal(venue->index, INDEX);
    assert_int_equal(venue->gate, VENUE_OPEN);
    assert_amount(700, venue->supplied);
    assert_amount(4300, venue->enter_max);
    assert_amount(600, venue->leave_max);
    assert_amount(1500, venue->share_price);
    harness_close(harness);
}

static void gates_are_told(void **state)
{
    (void)state;
    struct harness *const harness = reading();

    evm_script_knobs(harness->world)->venue = EVM_SCRIPT_VENUE_SHUT;
    assert_int_equal(read_positions(harness), OUTCOME_OK);
    assert_int_equal(harness->venues[0].gate, VENUE_SHUT);
    assert_amount(600, harness->venues[0].leave_max);
    evm_script_knobs(harness->world)->venue = EVM_SCRIPT_VENUE_UPGRADED;
    assert_int_equal(read_positions(harness), OUTCOME_OK);
    assert_int_equal(harness->venues[0].gate, VENUE_CODE_CHANGED);
    harness_close(harness);
}

/* A hostile vault makes itself unknown, and nothing else: the spoke and balances are still told. */
static void a_venue_that_cannot_be_read_is_left_out(void **state)
{
    (void)state;
    struct harness *const harness = reading();

    evm_script_knobs(harness->world)->venue = EVM_SCRIPT_VENUE_REVERTS;
    assert_int_equal(read_positions(harness), OUTCOME_OK);
    assert_int_equal(harness->venues_count, 0);
    assert_int_equal(harness->spokes_count, 1);
    evm_script_knobs(harness->world)->venue = EVM_SCRIPT_VENUE_BABBLES;
    assert_int_equal(read_positions(harness), OUTCOME_OK);
    assert_int_equal(harness->venues_count, 0);
    evm_script_knobs(harness->world)->venue = EVM_SCRIPT_VENUE_FINE;
    assert_int_equal(read_positions(harness), OUTCOME_OK);
    assert_int_equal(harness->venues_count, 1); /* and is read again when it can be */
    harness_close(harness);
}

static void a_spoke_that_lacks_what_is_configured_makes_all_unknown(void **state)
{
    (void)state;
    struct harness *const harness = reading();

    evm_script_knobs(harness->world)->spoke_lacks_venue = true;
    assert_int_equal(read_positions(harness), OUTCOME_UNKNOWN);
    harness_close(harness);
}

/* Lent at 1200 of 2200 and some: the rate falls the more of ours is in it. */
static void assert_reserve(const struct harness *harness, uint64_t liquidity)
{
    const struct venue_state *const state = &harness->venues[1];
    const uint64_t supplied = 700;
    double width = 0;

    assert_int_equal(harness->venues_count, 2);
    assert_int_equal(state->index, RESERVE_INDEX);
    assert_int_equal(state->gate, VENUE_OPEN);
    assert_amount(supplied, state->supplied);
    assert_amount(4000 - 2000 - 2, state->enter_max); /* the reserve's own cap */
    assert_amount(liquidity < supplied ? liquidity : supplied, state->leave_max);
    assert_true(amount_is_zero(&state->share_price));
    assert_true(state->pieces_count >= VENUE_PIECES_MAX / 2);
    for (uint32_t i = 0; i < state->pieces_count; i++) {
        width += amount_to_double(&state->pieces[i].width);
        assert_true(i == 0 || state->pieces[i].rate_nano < state->pieces[i - 1].rate_nano);
    }
    /* Alone the others would have a usage of 1200 / (500 + liquidity). */
    const double usage = 1200.0 / (500.0 + (double)liquidity);
    const double above = usage > 0.8 ? (usage - 0.8) / 0.2 * 0.60 : 0;
    const double below = usage > 0.8 ? 0.04 : 0.04 * usage / 0.8;
    const double first = (0.01 + below + above) * usage * 0.9 * 1e9;
    assert_true(width <= 2698.0);
    assert_true((double)state->pieces[0].rate_nano <= first);
    assert_true((double)state->pieces[0].rate_nano >= first * 0.9);
}

static void a_reserve_is_read_with_its_curve(void **state)
{
    (void)state;
    struct harness *const harness = reading_of(add_reserve);

    assert_int_equal(read_positions(harness), OUTCOME_OK);
    assert_reserve(harness, 1000 + harness->blocks[harness->blocks_count - 1].number);
    evm_script_knobs(harness->world)->reserve = EVM_SCRIPT_RESERVE_MODERN;
    assert_int_equal(read_positions(harness), OUTCOME_OK);
    assert_reserve(harness, 900); /* the rest was a gift, and is not lent */
    harness_close(harness);
}

static void a_reserve_closes_its_gate_by_name(void **state)
{
    (void)state;
    static const struct {
        enum evm_script_reserve reserve;
        enum venue_gate gate;
        uint64_t leave_max;
    } cases[] = {
        {EVM_SCRIPT_RESERVE_PAUSED, VENUE_PAUSED, 0},
        {EVM_SCRIPT_RESERVE_FROZEN, VENUE_FROZEN, 700},
        {EVM_SCRIPT_RESERVE_INACTIVE, VENUE_FROZEN, 0},
        {EVM_SCRIPT_RESERVE_FULL, VENUE_FULL, 700},
        {EVM_SCRIPT_RESERVE_RECEIPT_OTHER, VENUE_RECEIPT_CHANGED, 700},
        {EVM_SCRIPT_RESERVE_LACKS, VENUE_INSOLVENT, 700},
    };
    struct harness *const harness = reading_of(add_reserve);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        evm_script_knobs(harness->world)->reserve = cases[i].reserve;
        assert_int_equal(read_positions(harness), OUTCOME_OK);
        assert_int_equal(harness->venues_count, 2);
        assert_int_equal(harness->venues[0].gate, VENUE_OPEN); /* the vault's own */
        assert_int_equal(harness->venues[1].gate, cases[i].gate);
        assert_amount(0, harness->venues[1].enter_max);
        assert_amount(cases[i].leave_max, harness->venues[1].leave_max);
    }
    harness_close(harness);
}

static void a_reserve_that_cannot_be_understood_is_left_out(void **state)
{
    (void)state;
    static const enum evm_script_reserve mute[] = {
        EVM_SCRIPT_RESERVE_REVERTS, EVM_SCRIPT_RESERVE_BABBLES, EVM_SCRIPT_RESERVE_RATELESS};
    struct harness *const harness = reading_of(add_reserve);

    for (size_t i = 0; i < sizeof(mute) / sizeof(mute[0]); i++) {
        evm_script_knobs(harness->world)->reserve = mute[i];
        assert_int_equal(read_positions(harness), OUTCOME_OK);
        assert_int_equal(harness->venues_count, 1);
        assert_int_equal(harness->venues[0].index, INDEX);
    }
    evm_script_knobs(harness->world)->reserve = EVM_SCRIPT_RESERVE_FINE;
    assert_int_equal(read_positions(harness), OUTCOME_OK);
    assert_int_equal(harness->venues_count, 2);
    harness_close(harness);
}

/* What is owed, what guards it, and what a token more would add: 80 % of its price. */
static void what_is_owed_is_read_with_what_guards_it(void **state)
{
    (void)state;
    struct harness *const harness = reading_of(add_reserve);
    const struct venue_state *const venue = &harness->venues[1];

    assert_int_equal(read_positions(harness), OUTCOME_OK);
    assert_true(amount_is_zero(&venue->account_debt));
    assert_true(amount_is_zero(&venue->unit_guard));
    evm_script_knobs(harness->world)->reserve = EVM_SCRIPT_RESERVE_OWES;
    assert_int_equal(read_positions(harness), OUTCOME_OK);
    assert_amount(500, venue->account_debt);
    assert_amount(800, venue->account_guard);
    assert_amount(800000, venue->unit_guard);
    assert_amount(1000000, venue->unit_debt);
    const struct amount thousand = amount_from_u64(1000);
    struct amount price;
    assert_status(STATUS_OK, amount_div_floor(&venue->unit_price, &thousand, &price));
    assert_amount(UINT64_C(1000000000000000000), price);
    evm_script_knobs(harness->world)->reserve = EVM_SCRIPT_RESERVE_OWES_FREE;
    assert_int_equal(read_positions(harness), OUTCOME_OK);
    assert_amount(500, venue->account_debt);
    assert_true(amount_is_zero(&venue->unit_guard));
    assert_true(amount_is_zero(&venue->unit_price)); /* in units that it does not name */
    evm_script_knobs(harness->world)->reserve = EVM_SCRIPT_RESERVE_PRICELESS;
    assert_int_equal(read_positions(harness), OUTCOME_OK);
    assert_int_equal(harness->venues_count, 1); /* a price of nothing is no price */
    harness_close(harness);
}

/* What the owner did not allow is not known: another receipt than in the spoke's books. */
static void add_other_receipt(struct core_config *core, struct chain_config *config)
{
    add_reserve(core, config);
    core->venues[1].receipt = evm_filled(0x31);
}

static void a_reserve_of_other_books_is_left_out(void **state)
{
    (void)state;
    struct harness *const harness = reading_of(add_other_receipt);

    assert_int_equal(read_positions(harness), OUTCOME_OK);
    assert_int_equal(harness->venues_count, 1);
    harness_close(harness);
}

static void make_foreign(struct core_config *core, struct chain_config *config)
{
    add_spoke(core, config);
    core->spokes[0].spoke.bytes[0] = 1;
}

static void a_spoke_needs_an_address_of_this_family(void **state)
{
    (void)state;
    struct harness *const harness = harness_open_with(&evm_script_fixture, make_foreign);

    assert_null(harness->chain);
    harness_close(harness);
}

static void add_synthetic(struct core_config *core, struct chain_config *config)
{
    core->synthetics[core->synthetics_count++] = (struct core_synthetic){
        .domain = core->chains[config->chain_index].domain, .router = evm_filled(0x79)};
}

/* Nobody's balance is everybody's: the supply. */
static void supply_of_a_synthetic_router_is_read_with_the_balances(void **state)
{
    (void)state;
    struct harness *const harness = harness_open_with(&evm_script_fixture, add_synthetic);
    const struct address router = evm_filled(0x79);
    uint32_t found = 0;

    assert_non_null(harness->chain);
    harness_connect(harness, 0);
    harness_watch(harness, 1);
    harness_run(harness, 300);
    harness_mine(harness);
    assert_int_equal(read_positions(harness), OUTCOME_OK);
    for (uint32_t i = 0; i < harness->balances_count; i++) {
        if (address_equal(&harness->balances[i].token, &router)) {
            assert_true(address_is_zero(&harness->balances[i].account));
            assert_amount(2000 + harness->blocks[harness->blocks_count - 1].number,
                          harness->balances[i].amount);
            found++;
        }
    }
    assert_int_equal(found, 1);
    harness_close(harness);
}

static void add_feeds(struct core_config *core, struct chain_config *config)
{
    add_spoke(core, config);
    for (uint32_t i = 0; i < 2; i++) {
        core->feeds[core->feeds_count++] = (struct core_feed){
            .domain = core->chains[config->chain_index].domain, .feed = evm_script_feed(i)};
    }
}

/* Two hundredths make 2 and 1.99 of a numeraire in 1e-18. One that says nothing sensible is told as
 * what it said, and keeps nothing else from being read. */
static void prices_are_read_at_the_block_and_told_as_what_they_are(void **state)
{
    (void)state;
    static const struct {
        enum evm_script_feed habit;
        enum feed_answer answer;
    } cases[] = {{EVM_SCRIPT_FEED_REVERTS, FEED_MUTE},
                 {EVM_SCRIPT_FEED_BABBLES, FEED_MUTE},
                 {EVM_SCRIPT_FEED_ZERO, FEED_ZERO},
                 {EVM_SCRIPT_FEED_NEGATIVE, FEED_NEGATIVE},
                 {EVM_SCRIPT_FEED_FINE, FEED_PRICE}};
    struct harness *const harness = reading_of(add_feeds);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        evm_script_knobs(harness->world)->feed = cases[i].habit;
        assert_int_equal(read_positions(harness), OUTCOME_OK);
        assert_int_equal(harness->venues_count, 1);
        assert_int_equal(harness->feeds_count, 2);
        const struct feed_state *const first = &harness->feeds[0];
        const struct feed_state *const second = &harness->feeds[1];
        const struct address feed = evm_script_feed(1);
        assert_int_equal(first->answer, FEED_PRICE);
        assert_amount(UINT64_C(2000000000000000000), first->price);
        assert_int_equal(first->updated_s, 1700000000);
        assert_true(address_equal(&feed, &second->feed));
        assert_int_equal(second->answer, cases[i].answer);
        assert_amount(cases[i].answer == FEED_PRICE ? UINT64_C(1990000000000000000) : 0,
                      second->price);
    }
    harness_close(harness);
}

static void no_address(struct core_config *core, struct chain_config *config)
{
    add_feeds(core, config);
    memset(&core->feeds[1].feed, 0, sizeof(core->feeds[1].feed));
}

static void a_feed_needs_an_address_of_this_family(void **state)
{
    (void)state;
    struct harness *const harness = harness_open_with(&evm_script_fixture, no_address);

    assert_null(harness->chain);
    harness_close(harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(supply_of_a_synthetic_router_is_read_with_the_balances),
        cmocka_unit_test(a_spoke_and_its_venue_are_read_at_one_block),
        cmocka_unit_test(gates_are_told),
        cmocka_unit_test(a_reserve_is_read_with_its_curve),
        cmocka_unit_test(a_reserve_closes_its_gate_by_name),
        cmocka_unit_test(a_reserve_that_cannot_be_understood_is_left_out),
        cmocka_unit_test(a_reserve_of_other_books_is_left_out),
        cmocka_unit_test(what_is_owed_is_read_with_what_guards_it),
        cmocka_unit_test(a_venue_that_cannot_be_read_is_left_out),
        cmocka_unit_test(a_spoke_that_lacks_what_is_configured_makes_all_unknown),
        cmocka_unit_test(a_spoke_needs_an_address_of_this_family),
        cmocka_unit_test(prices_are_read_at_the_block_and_told_as_what_they_are),
        cmocka_unit_test(a_feed_needs_an_address_of_this_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
