/* SPDX-License-Identifier: Apache-2.0 */
/* The books of a spoke and its venue: what went in, what came out, what it earned, and the spoke's
 * tokens to the base unit. */
#include "tests/support/unit.h"

#include "tests/support/capital_world.h"

#define VENUE_INDEX 3u

/* What the spoke owes to the venue. */
static uint64_t owed;

static struct address named(uint8_t fill)
{
    struct address address = {{0}};

    memset(address.bytes + 12, fill, 20);
    return address;
}

static struct world *spoke_world(void)
{
    struct world *world = world_new(ROUTE_OBSERVE);

    owed = 0;
    world->config.spokes_count = 1;
    world->config.spokes[0] = (struct core_spoke){
        .domain = 1, .asset = 0, .spoke = named(0x51), .token = world->config.routers[0].token};
    assert_int_equal(world->config.routers[0].domain, 1);
    world->config.venues_count = 1;
    world->config.venues[0] = (struct core_venue){
        .spoke = 0, .index = VENUE_INDEX, .kind = VENUE_ERC4626, .venue = named(0x52)};
    return world;
}

/* Ends the chain's block, and answers what is asked about it: what the spoke holds, and what is in
 * the venue; with `is_silent` nothing of the venue. */
static void reconcile(struct world *world, uint64_t held, uint64_t supplied, bool is_silent)
{
    struct world_chain *chain = &world->chains[1];

    world_wait(world, 1100);
    world_final(world, 1);
    assert_true(chain->asked);
    const struct address token = world->config.routers[0].token;
    const struct balance balances[4] = {
        {world_router(1), token, amount_from_u64(chain->asked_truth.router)},
        {world_bridge(1), token, amount_from_u64(chain->asked_truth.bridge)},
        {world_key(), token, amount_from_u64(chain->asked_truth.key)},
        {named(0x51), token, amount_from_u64(held)},
    };
    const struct venue_state venue = {.spoke = named(0x51),
                                      .index = VENUE_INDEX,
                                      .gate = VENUE_OPEN,
                                      .supplied = amount_from_u64(supplied),
                                      .owed = amount_from_u64(owed)};
    const struct event event = {.kind = EVENT_POSITIONS,
                                .at = world->step.now,
                                .domain = 1,
                                .positions = {.outcome = OUTCOME_OK,
                                              .block_number = chain->asked_block,
                                              .block_hash = chain->asked_hash,
                                              .balances = balances,
                                              .balances_count = 4,
                                              .venues = &venue,
                                              .venues_count = is_silent ? 0 : 1}};
    chain->asked = false;
    world_begin(world);
    capital_on_positions(&world->step, &event);
    world_end(world);
}

static int64_t in(struct world *world, enum account_kind kind)
{
    const struct address address = kind == ACCOUNT_SPOKE   ? named(0x51)
                                   : kind == ACCOUNT_VENUE ? named(0x52)
                                                           : (struct address){{0}};

    return world_signed(world, kind, 1, address);
}

static void transfer(struct world *world, struct address from, struct address to, uint64_t amount)
{
    world_transaction_begin(world, 1);
    world_transfer(world, 1, from, to, amount);
}

static void deposits_yield_and_withdrawals_are_booked(void **state)
{
    (void)state;
    struct world *world = spoke_world();

    reconcile(world, 500, 40, false); /* both are opened with what was there before */
    assert_int_equal(world_ledger_state(world, 1), LEDGER_RECONCILED);
    assert_int_equal(in(world, ACCOUNT_SPOKE), 500);
    assert_int_equal(in(world, ACCOUNT_VENUE), 40);
    assert_int_equal(in(world, ACCOUNT_YIELD), 0);

    transfer(world, named(0x51), named(0x52), 300);
    reconcile(world, 200, 339, false); /* a unit was lost to rounding */
    assert_int_equal(in(world, ACCOUNT_SPOKE), 200);
    assert_int_equal(in(world, ACCOUNT_VENUE), 339);
    assert_int_equal(in(world, ACCOUNT_YIELD), 1); /* a loss */

    reconcile(world, 200, 360, false);
    assert_int_equal(in(world, ACCOUNT_YIELD), -20); /* earned, in all */
    transfer(world, named(0x52), named(0x51), 360);
    transfer(world, named(0x77), named(0x51), 5); /* a stranger's, into the spoke */
    reconcile(world, 565, 0, false);
    assert_int_equal(in(world, ACCOUNT_SPOKE), 565);
    assert_int_equal(in(world, ACCOUNT_VENUE), 0);
    assert_int_equal(in(world, ACCOUNT_YIELD), -20);
    assert_int_equal(world_ledger_state(world, 1), LEDGER_RECONCILED);
    world_free(world);
}

/* A vault that is mute, or worth nothing any more, stops nothing; a spoke that holds another amount
 * than was booked stops its chain. */
static void a_mute_venue_stops_nothing_and_a_spoke_that_differs_does(void **state)
{
    (void)state;
    struct world *world = spoke_world();

    reconcile(world, 500, 40, false);
    reconcile(world, 500, 0, true);
    assert_int_equal(world_ledger_state(world, 1), LEDGER_RECONCILED);
    assert_int_equal(in(world, ACCOUNT_VENUE), 40); /* unknown is not zero */
    reconcile(world, 500, 0, false);
    assert_int_equal(world_ledger_state(world, 1), LEDGER_RECONCILED);
    assert_int_equal(in(world, ACCOUNT_YIELD), 40); /* lost */
    reconcile(world, 499, 0, false);
    assert_int_equal(world_ledger_state(world, 1), LEDGER_UNRECONCILED);
    assert_true(world_notes(world, REASON_UNRECONCILED) > 0);
    world_free(world);
}

/* What is supplied to a reserve goes to its receipt and not to its pool. */
static void a_reserves_tokens_are_where_its_receipt_is(void **state)
{
    (void)state;
    struct world *world = spoke_world();

    world->config.venues[0].kind = VENUE_AAVE;
    world->config.venues[0].receipt = named(0x53);
    reconcile(world, 500, 40, false);
    transfer(world, named(0x51), named(0x53), 300);
    reconcile(world, 200, 345, false);
    assert_int_equal(in(world, ACCOUNT_VENUE), 345);
    assert_int_equal(in(world, ACCOUNT_YIELD), -5);
    transfer(world, named(0x53), named(0x51), 345);
    transfer(world, named(0x51), named(0x52), 7); /* the pool itself is anybody */
    reconcile(world, 538, 0, false);
    assert_int_equal(in(world, ACCOUNT_SPOKE), 538);
    assert_int_equal(in(world, ACCOUNT_YIELD), -5);
    assert_int_equal(world_ledger_state(world, 1), LEDGER_RECONCILED);
    world_free(world);
}

/* 30 are borrowed on 40 that are supplied, then 35 more: the books of the venue go below nothing.
 * What is paid back is no loss and what is borrowed no gain; interest of 3 is a loss. */
static void what_is_owed_is_less_in_the_books(void **state)
{
    (void)state;
    struct world *world = spoke_world();

    world->config.venues[0].kind = VENUE_AAVE;
    world->config.venues[0].receipt = named(0x53);
    reconcile(world, 500, 40, false);
    transfer(world, named(0x53), named(0x51), 30);
    owed = 30;
    reconcile(world, 530, 40, false);
    assert_int_equal(in(world, ACCOUNT_VENUE), 10);
    transfer(world, named(0x53), named(0x51), 35);
    owed = 68; /* with interest */
    reconcile(world, 565, 40, false);
    assert_int_equal(in(world, ACCOUNT_VENUE), -28);
    assert_int_equal(in(world, ACCOUNT_YIELD), 3);
    owed = 70;
    reconcile(world, 565, 40, false);
    assert_int_equal(in(world, ACCOUNT_VENUE), -30);
    owed = 68; /* as no pool does: it is booked all the same */
    reconcile(world, 565, 40, false);
    assert_int_equal(in(world, ACCOUNT_VENUE), -28);
    assert_int_equal(in(world, ACCOUNT_YIELD), 3);
    transfer(world, named(0x51), named(0x53), 50); /* paid back */
    owed = 18;
    reconcile(world, 515, 40, false);
    assert_int_equal(in(world, ACCOUNT_SPOKE), 515);
    assert_int_equal(in(world, ACCOUNT_VENUE), 22);
    assert_int_equal(in(world, ACCOUNT_YIELD), 3);
    assert_int_equal(world_ledger_state(world, 1), LEDGER_RECONCILED);
    world_free(world);
}

/* The first answer finds a debt that was there before the books. */
static void a_debt_is_opened_as_one(void **state)
{
    (void)state;
    struct world *world = spoke_world();

    owed = 100;
    reconcile(world, 500, 40, false);
    assert_int_equal(in(world, ACCOUNT_VENUE), -60);
    assert_int_equal(in(world, ACCOUNT_YIELD), 0);
    owed = 30;
    reconcile(world, 500, 40, false); /* forgiven */
    assert_int_equal(in(world, ACCOUNT_VENUE), 10);
    assert_int_equal(in(world, ACCOUNT_YIELD), -70);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_owed_is_less_in_the_books),
        cmocka_unit_test(a_debt_is_opened_as_one),
        cmocka_unit_test(a_reserves_tokens_are_where_its_receipt_is),
        cmocka_unit_test(deposits_yield_and_withdrawals_are_booked),
        cmocka_unit_test(a_mute_venue_stops_nothing_and_a_spoke_that_differs_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
