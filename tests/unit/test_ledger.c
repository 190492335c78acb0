/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger over scripted final facts. tests/support/capital_world.c checks after every step that
 * debits equal credits; these tests check where the amounts are. */
#include "relay/core/capital/capital_internal.h"
#include "tests/support/capital_world.h"

static const struct address none;

static void assert_agrees(struct world *world)
{
    for (uint32_t domain = 1; domain <= WORLD_CHAINS; domain++) {
        const struct world_truth *truth = &world->chains[domain].truth;
        assert_int_equal(world_signed(world, ACCOUNT_ROUTER, domain, world_router(domain)),
                         truth->router);
        assert_int_equal(world_signed(world, ACCOUNT_BRIDGE, domain, world_bridge(domain)),
                         truth->bridge);
        assert_int_equal(world_ledger_state(world, domain), LEDGER_RECONCILED);
    }
}

static void first_reading_opens_the_books(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world_final(world, 1);
    assert_int_equal(world_ledger_state(world, 1), LEDGER_OPENING);
    world_reconcile(world);
    assert_agrees(world);
    assert_int_equal(world_signed(world, ACCOUNT_EQUITY, 1, none), -6000000);
    assert_int_equal(world_notes(world, REASON_RECONCILED), WORLD_CHAINS);
    world_free(world);
}

/* What happened before the first reading is booked too, so the opening is what was there before. */
static void facts_before_the_opening_count(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    const struct hash id = world_user_sends(world, 1, 2, 700);
    world_reconcile(world);
    assert_agrees(world);
    assert_int_equal(world_signed(world, ACCOUNT_OWED, 2, world_router(2)), -700);
    world_user_is_paid(world, 1, 2, id, 700);
    world_reconcile(world);
    assert_agrees(world);
    assert_int_equal(world_signed(world, ACCOUNT_OWED, 2, world_router(2)), 0);
    world_free(world);
}

static void user_transfer_is_owed_until_it_is_paid(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);
    const struct row_source source = world_source(world);
    struct transit_row row;
    struct hash id = {{0}};

    world_reconcile(world);
    const uint64_t total = world_total(world);
    const struct hash sent = world_user_sends(world, 1, 2, 700);
    world_final(world, 1);
    assert_int_equal(world_signed(world, ACCOUNT_OWED, 2, world_router(2)), -700);
    assert_int_equal(world_total(world), total);
    assert_status(STATUS_OK, capital_view_next_transit(&source, &id, &id, &row));
    assert_memory_equal(&id, &sent, sizeof(id));
    assert_int_equal(row.kind, TRANSIT_USER);
    world_user_is_paid(world, 1, 2, sent, 700);
    world_final(world, 2);
    assert_int_equal(world_signed(world, ACCOUNT_OWED, 2, world_router(2)), 0);
    assert_int_equal(world_total(world), total);
    id = (struct hash){{0}};
    assert_status(STATUS_NOT_FOUND, capital_view_next_transit(&source, &id, &id, &row));
    world_reconcile(world);
    assert_agrees(world);
    assert_int_equal(world_signed(world, ACCOUNT_FEES, 2, none), 0);
    world_free(world);
}

/* The destination's block became final for us before the origin's. */
static void payout_before_its_sending_is_settled_later(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world_reconcile(world);
    const uint64_t total = world_total(world);
    const int64_t equity = world_signed(world, ACCOUNT_EQUITY, 2, none);
    const struct hash id = world_next_user_id(world, 1, 2, 700);
    world_user_is_paid(world, 1, 2, id, 700);
    world_reconcile(world);
    assert_agrees(world);
    assert_int_equal(world_signed(world, ACCOUNT_EQUITY, 2, none), equity + 700);
    const struct hash sent = world_user_sends(world, 1, 2, 700);
    assert_memory_equal(&id, &sent, sizeof(id));
    world_reconcile(world);
    assert_agrees(world);
    assert_int_equal(world_signed(world, ACCOUNT_EQUITY, 2, none), equity);
    assert_int_equal(world_signed(world, ACCOUNT_OWED, 2, world_router(2)), 0);
    assert_int_equal(world_total(world), total);
    world_free(world);
}

/* A message from a chain that nobody watches: its payout is a withdrawal, not a debt for ever. */
static void payout_from_an_unwatched_chain_goes_outside(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world_reconcile(world);
    world_user_is_paid(world, 77, 2, hash_filled(9), 500);
    world_reconcile(world);
    assert_agrees(world);
    assert_int_equal(world_signed(world, ACCOUNT_EXTERNAL, 2, none), -5000000 + 5000000 + 500);
    assert_int_equal(world_signed(world, ACCOUNT_OWED, 2, world_router(2)), 0);
    world_free(world);
}

/* A message to a chain that nobody watches is not owed by any router of ours. */
static void sending_to_an_unwatched_chain_goes_outside(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world_reconcile(world);
    world->config.routers_count = 2; /* chain 3 is configured no more */
    (void)world_user_sends(world, 1, 3, 500);
    world_final(world, 1);
    assert_int_equal(world_signed(world, ACCOUNT_EXTERNAL, 1, none), -500);
    assert_int_equal(world_signed(world, ACCOUNT_OWED, 3, world_router(3)), 0);
    world_free(world);
}

static void donation_comes_from_outside(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world_reconcile(world);
    world_transaction_begin(world, 1);
    world_transfer(world, 1, world_user(), world_router(1), 123);
    world_reconcile(world);
    assert_agrees(world);
    assert_int_equal(world_signed(world, ACCOUNT_EXTERNAL, 1, none), -123);
    world_free(world);
}

/* The router took in less than the message carries (a token that charges): the users' claim is what
 * the message says, and what is missing is our cost. */
static void missing_collateral_is_a_fee(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);
    const struct fact sent = {
        .kind = FACT_REMOTE_SENT,
        .contract = world_router(1),
        .remote = {.remote = 2, .recipient = world_user(), .amount = amount_from_u64(1000)}};

    world_reconcile(world);
    const struct hash id = world_next_user_id(world, 1, 2, 1000);
    world_transaction_begin(world, 1);
    world_transfer(world, 1, world_user(), world_router(1), 990);
    world_fact(world, 1, sent);
    world_dispatches(world, 1, 2, 1000);
    world_final(world, 1);
    assert_int_equal(world_signed(world, ACCOUNT_OWED, 2, world_router(2)), -1000);
    assert_int_equal(world_signed(world, ACCOUNT_FEES, 1, none), 10);
    world_user_is_paid(world, 1, 2, id, 1000);
    world_reconcile(world);
    assert_agrees(world);
    world_free(world);
}

/* A Dispatch by the router without SentTransferRemote, or one that says something else, explains no
 * transfer. */
static void dispatch_that_is_no_transfer_owes_nothing(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world_reconcile(world);
    world_transaction_begin(world, 1);
    world_transfer(world, 1, world_user(), world_router(1), 1000);
    world_dispatches(world, 1, 2, 1000);
    world_final(world, 1);
    assert_int_equal(world_signed(world, ACCOUNT_OWED, 2, world_router(2)), 0);
    assert_int_equal(world_signed(world, ACCOUNT_EXTERNAL, 1, none), -1000);
    (void)world_user_sends(world, 1, 2, 1000);
    world_dispatches(world, 1, 2, 1000); /* the same once more, and SentTransferRemote only once */
    world_final(world, 1);
    assert_int_equal(world_signed(world, ACCOUNT_OWED, 2, world_router(2)), -1000);
    world_free(world);
}

/* What came in by one transaction does not pay for what another one sends. */
static void transactions_are_told_apart(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);
    const struct fact sent = {
        .kind = FACT_REMOTE_SENT,
        .contract = world_router(1),
        .remote = {.remote = 2, .recipient = world_user(), .amount = amount_from_u64(1000)}};

    world_reconcile(world);
    world_transaction_begin(world, 1);
    world_transfer(world, 1, world_user(), world_router(1), 1000);
    world_transaction_begin(world, 1);
    world_fact(world, 1, sent);
    world_dispatches(world, 1, 2, 1000);
    world_final(world, 1);
    assert_int_equal(world_signed(world, ACCOUNT_EXTERNAL, 1, none), -1000);
    assert_int_equal(world_signed(world, ACCOUNT_FEES, 1, none), 1000);
    world_free(world);
}

/* Between two final blocks the ledger holds half of one: nothing is planned on that. */
static void half_a_block_is_not_fit_to_plan_on(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world_reconcile(world);
    (void)world_user_sends(world, 1, 2, 1000);
    world_begin(world);
    assert_int_equal(ledger_reason(&world->step, 1), REASON_POSITIONS_UNKNOWN);
    assert_int_equal(ledger_reason(&world->step, 2), REASON_NONE);
    world_end(world);
    world_final(world, 1);
    world_begin(world);
    assert_int_equal(ledger_reason(&world->step, 1), REASON_NONE);
    world_end(world);
    world_free(world);
}

static void rebalance_is_in_transit_until_it_arrives(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world->chains[1].truth.key = 50;
    world_reconcile(world);
    const uint64_t total = world_total(world);
    const struct hash id = world_rebalances(world, 1, 2, 40000, 7, evm_filled(0x99));
    world_final(world, 1);
    assert_int_equal(world_signed(world, ACCOUNT_ROUTER, 1, world_router(1)), 960000);
    assert_int_equal(world_signed(world, ACCOUNT_ARRIVING, 2, world_router(2)), 40000);
    assert_int_equal(world_signed(world, ACCOUNT_FEES, 1, none), 7);
    assert_int_equal(world_signed(world, ACCOUNT_KEY, 1, world_key()), 43);
    assert_int_equal(world_total(world), total);
    world_rebalance_arrives(world, 2, id, 40000);
    world_reconcile(world);
    assert_agrees(world);
    assert_int_equal(world_signed(world, ACCOUNT_ARRIVING, 2, world_router(2)), 0);
    assert_int_equal(world_signed(world, ACCOUNT_FEES, 2, none), 0);
    assert_int_equal(world_total(world), total);
    world_free(world);
}

/* The amount that arrived is booked; a bridge that keeps a part of it cost that much. */
static void arrival_of_less_is_a_fee_and_of_more_a_gain(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world_reconcile(world);
    struct hash id = world_rebalances(world, 1, 2, 40000, 0, evm_filled(0x99));
    world_rebalance_arrives(world, 2, id, 39900);
    world_reconcile(world);
    assert_agrees(world);
    assert_int_equal(world_signed(world, ACCOUNT_ARRIVING, 2, world_router(2)), 0);
    assert_int_equal(world_signed(world, ACCOUNT_FEES, 2, none), 100);
    id = world_rebalances(world, 1, 2, 1000, 0, evm_filled(0x99));
    world_rebalance_arrives(world, 2, id, 1030);
    world_reconcile(world);
    assert_agrees(world);
    assert_int_equal(world_signed(world, ACCOUNT_FEES, 2, none), 70);
    world_free(world);
}

static void arrival_before_its_sending_is_settled_later(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world_reconcile(world);
    const uint64_t total = world_total(world);
    const struct hash id = world_next_move_id(world, 1, 2, 40000);
    world_rebalance_arrives(world, 2, id, 39990);
    world_reconcile(world);
    assert_agrees(world);
    const struct hash sent = world_rebalances(world, 1, 2, 40000, 0, evm_filled(0x99));
    assert_memory_equal(&id, &sent, sizeof(id));
    world_reconcile(world);
    assert_agrees(world);
    assert_int_equal(world_signed(world, ACCOUNT_ARRIVING, 2, world_router(2)), 0);
    assert_int_equal(world_signed(world, ACCOUNT_FEES, 2, none), 10);
    assert_int_equal(world_total(world), total - 10);
    world_free(world);
}

/* A delivery that is told twice (two facts of one message) is booked once. */
static void second_delivery_of_a_message_is_a_plain_transfer(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world_reconcile(world);
    const struct hash id = world_rebalances(world, 1, 2, 40000, 0, evm_filled(0x99));
    world_rebalance_arrives(world, 2, id, 40000);
    world_transfer(world, 2, world_bridge(2), world_router(2), 500);
    world_reconcile(world);
    assert_agrees(world);
    assert_int_equal(world_signed(world, ACCOUNT_ARRIVING, 2, world_router(2)), 0);
    world_free(world);
}

/* Users' deliveries and a rebalance's arrival in one transaction (a multicall), and a user's
 * sending in the same block. */
static void deliveries_of_one_transaction_are_told_apart(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world_reconcile(world);
    const uint64_t total = world_total(world);
    const struct hash user = world_user_sends(world, 1, 2, 700);
    const struct hash move = world_rebalances(world, 1, 2, 9000, 0, evm_filled(0x99));
    const struct hash other = world_user_sends(world, 3, 2, 900);
    world_final(world, 1);
    world_final(world, 3);
    world->one_transaction = true;
    world_transaction_begin(world, 2);
    world_user_is_paid(world, 1, 2, user, 700);
    world_rebalance_arrives(world, 2, move, 9000);
    world_user_is_paid(world, 3, 2, other, 900);
    world->one_transaction = false;
    (void)world_user_sends(world, 2, 1, 333);
    world_reconcile(world);
    assert_agrees(world);
    assert_int_equal(world_signed(world, ACCOUNT_OWED, 2, world_router(2)), 0);
    assert_int_equal(world_signed(world, ACCOUNT_ARRIVING, 2, world_router(2)), 0);
    assert_int_equal(world_signed(world, ACCOUNT_OWED, 1, world_router(1)), -333);
    assert_int_equal(world_signed(world, ACCOUNT_FEES, 2, none), 0);
    assert_int_equal(world_total(world), total);
    world_free(world);
}

/* More watched accounts and amounts in one transaction than the assembly explains at once. */
static void crowded_transaction_is_still_booked_whole(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);
    struct core_config *config = &world->config;

    for (uint32_t i = 0; i < 2 * ASSEMBLY_ENTRIES_MAX; i++) {
        config->routers[config->routers_count] = config->routers[0];
        config->routers[config->routers_count].weight.value = 0;
        config->routers[config->routers_count++].router = evm_filled((uint8_t)(0xa0 + i));
    }
    world_transaction_begin(world, 1);
    for (uint32_t i = 0; i < 2 * ASSEMBLY_ENTRIES_MAX; i++) {
        world_transfer(world, 1, world_user(), evm_filled((uint8_t)(0xa0 + i)), 10 + i);
    }
    world_final(world, 1);
    for (uint32_t i = 0; i < 2 * ASSEMBLY_ENTRIES_MAX; i++) {
        assert_int_equal(world_signed(world, ACCOUNT_ROUTER, 1, evm_filled((uint8_t)(0xa0 + i))),
                         10 + i);
    }
    world_free(world);
}

static void difference_stops_the_chain_until_it_agrees_again(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world_reconcile(world);
    world->chains[2].truth.router += 5; /* nobody gave a fact of it */
    world_reconcile(world);
    assert_int_equal(world_ledger_state(world, 2), LEDGER_UNRECONCILED);
    assert_int_equal(world_ledger_state(world, 1), LEDGER_RECONCILED);
    assert_int_equal(world_notes(world, REASON_UNRECONCILED), 1);
    world_begin(world);
    assert_int_equal(ledger_reason(&world->step, 2), REASON_UNRECONCILED);
    assert_int_equal(ledger_reason(&world->step, 1), REASON_NONE);
    world_end(world);
    world_restart(world);
    world_reconcile(world);
    assert_int_equal(world_ledger_state(world, 2), LEDGER_UNRECONCILED);
    assert_int_equal(world_notes(world, REASON_UNRECONCILED), 1); /* said once */
    world->chains[2].truth.router -= 5;
    world_reconcile(world);
    assert_agrees(world);
    world_free(world);
}

static void person_can_accept_a_difference(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);
    struct event event = {.kind = EVENT_OPERATOR, .operator_ = {.action = OPERATOR_RESUME}};

    world_reconcile(world);
    world->chains[2].truth.router -= 5;
    world_reconcile(world);
    assert_int_equal(world_ledger_state(world, 2), LEDGER_UNRECONCILED);
    world_begin(world);
    capital_on_operator(&world->step, &event); /* a plain resume accepts nothing */
    world_end(world);
    world_reconcile(world);
    assert_int_equal(world_ledger_state(world, 2), LEDGER_UNRECONCILED);
    event.domain = 2;
    world_begin(world);
    capital_on_operator(&world->step, &event);
    world_end(world);
    world_reconcile(world);
    assert_agrees(world);
    assert_int_equal(world_signed(world, ACCOUNT_EXTERNAL, 2, none), 5);
    world->chains[2].truth.router -= 1; /* what was accepted was one difference, not all */
    world_reconcile(world);
    assert_int_equal(world_ledger_state(world, 2), LEDGER_UNRECONCILED);
    world_free(world);
}

static void positions_event(struct world *world, struct event *event, enum outcome outcome,
                            uint32_t balances_count)
{
    static struct balance balances[2];
    const struct world_chain *chain = &world->chains[1];

    balances[0] = (struct balance){world_router(1), evm_filled(0x51),
                                   amount_from_u64(chain->asked_truth.router)};
    balances[1] = (struct balance){world_bridge(1), evm_filled(0x51),
                                   amount_from_u64(chain->asked_truth.bridge)};
    *event = (struct event){.kind = EVENT_POSITIONS,
                            .domain = 1,
                            .positions = {.outcome = outcome,
                                          .block_number = chain->asked_block,
                                          .block_hash = chain->asked_hash,
                                          .balances = balances,
                                          .balances_count = balances_count}};
    world_begin(world);
    capital_on_positions(&world->step, event);
    world_end(world);
}

/* No answer, an unknown one, one that leaves an account out, one about another block: asked again,
 * never taken for zero. The key's tokens alone may be left out. */
static void unknown_balances_are_asked_again(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);
    struct event event;

    world_final(world, 1);
    assert_int_equal(world->read_positions, 1);
    positions_event(world, &event, OUTCOME_UNKNOWN, 0);
    positions_event(world, &event, OUTCOME_OK, 1);
    world->chains[1].asked_hash.bytes[5] ^= 1;
    positions_event(world, &event, OUTCOME_OK, 2);
    world->chains[1].asked_hash.bytes[5] ^= 1;
    assert_int_equal(world_ledger_state(world, 1), LEDGER_OPENING);
    world_wait(world, 5100);
    assert_int_equal(world->read_positions, 2); /* the same block again */
    world_restart(world);
    world_wait(world, 5100);
    assert_int_equal(world->read_positions, 3);
    positions_event(world, &event, OUTCOME_OK, 2);
    assert_int_equal(world_ledger_state(world, 1), LEDGER_RECONCILED);
    positions_event(world, &event, OUTCOME_OK, 2); /* repeated: nothing */
    assert_int_equal(world_signed(world, ACCOUNT_ROUTER, 1, world_router(1)), 1000000);
    world_free(world);
}

/* A node that forgot the block's state: after some attempts the next final block is asked about. */
static void block_that_cannot_be_read_is_given_up(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world_final(world, 1);
    world_wait(world, 20000);
    assert_int_equal(world->read_positions, 3);
    world_transaction_begin(world, 1);
    world_transfer(world, 1, world_user(), world_router(1), 50);
    world_final(world, 1);
    assert_int_equal(world->read_positions, 4);
    world_answer_positions(world, 1);
    assert_int_equal(world_ledger_state(world, 1), LEDGER_RECONCILED);
    assert_int_equal(world_signed(world, ACCOUNT_ROUTER, 1, world_router(1)), 1000050);
    world_free(world);
}

/* Facts that come between question and answer do not disturb the comparison. */
static void comparison_is_at_the_block_that_was_asked_about(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world_reconcile(world);
    world_wait(world, 1100);
    world_final(world, 1);
    assert_true(world->chains[1].asked);
    (void)world_user_sends(world, 1, 2, 12345);
    world_final(world, 1);
    world_answer_positions(world, 1);
    assert_int_equal(world_ledger_state(world, 1), LEDGER_RECONCILED);
    world_reconcile(world);
    assert_agrees(world);
    world_free(world);
}

/* Books, restarted after every step of a day, are the books of a day without a restart. */
static void restart_after_every_step_changes_nothing(void **state)
{
    (void)state;
    int64_t results[2][5];

    for (uint32_t run = 0; run < 2; run++) {
        struct world *world = world_new(ROUTE_OBSERVE);
        world->restarts = run == 1;
        world_reconcile(world);
        const struct hash user = world_user_sends(world, 1, 2, 700);
        const struct hash move = world_rebalances(world, 3, 1, 5000, 0, evm_filled(0x99));
        world_final(world, 1);
        world_final(world, 3);
        world_user_is_paid(world, 1, 2, user, 700);
        world_rebalance_arrives(world, 1, move, 4990);
        (void)world_user_sends(world, 2, 3, 44);
        world_reconcile(world);
        assert_agrees(world);
        results[run][0] = world_signed(world, ACCOUNT_FEES, 1, none);
        results[run][1] = world_signed(world, ACCOUNT_OWED, 3, world_router(3));
        results[run][2] = world_signed(world, ACCOUNT_EXTERNAL, 3, none);
        results[run][3] = world_signed(world, ACCOUNT_EQUITY, 1, none);
        results[run][4] = (int64_t)world_total(world);
        world_free(world);
    }
    assert_memory_equal(results[0], results[1], sizeof(results[0]));
    assert_int_equal(results[0][0], 10);
    assert_int_equal(results[0][1], -44);
}

static void vaults_are_counted_and_read(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);
    const struct row_source source = world_source(world);
    const struct address vault = evm_filled(0x71);
    struct vault_row row;
    const struct vault_state reading = {.vault = vault,
                                        .total_assets = amount_from_u64(900),
                                        .total_shares = amount_from_u64(800),
                                        .assets_per_share = amount_from_u64(1125000)};
    struct fact fact = {.kind = FACT_VAULT_DEPOSIT,
                        .contract = vault,
                        .vault = {.assets = amount_from_u64(1000), .shares = amount_from_u64(9)}};

    world->config.vaults[0] = (struct core_vault){.domain = 1, .vault = vault};
    world->config.vaults_count = 1;
    world_fact(world, 1, fact);
    fact.kind = FACT_VAULT_WITHDRAW;
    fact.vault.assets = amount_from_u64(100);
    world_fact(world, 1, fact);
    fact.contract = evm_filled(0x72); /* not watched */
    world_fact(world, 1, fact);
    world_final(world, 1);
    world->vault = &reading;
    world_answer_positions(world, 1);
    assert_status(STATUS_OK, capital_view_vault(&source, 1, &vault, &row));
    assert_true(amount_equal(&row.state.total_assets, &reading.total_assets));
    assert_true(amount_equal(&row.state.assets_per_share, &reading.assets_per_share));
    const struct amount deposited = amount_from_u64(1000);
    const struct amount withdrawn = amount_from_u64(100);
    assert_true(amount_equal(&row.deposited, &deposited));
    assert_true(amount_equal(&row.withdrawn, &withdrawn));
    assert_int_equal(row.deposits_count, 1);
    assert_int_equal(row.withdrawals_count, 1);
    world_free(world);
}

/* A token whose amounts leave 256 bits: an alarm, nothing booked by half, no crash. */
static void amount_out_of_range_is_an_alarm(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);
    const struct fact fact = {
        .kind = FACT_TRANSFER,
        .contract = evm_filled(0x51),
        .transfer = {.from = world_user(), .to = world_router(1), .amount = amount_max()}};

    for (uint32_t i = 0; i < 2; i++) {
        world_transaction_begin(world, 1);
        world_fact(world, 1, fact);
        world_final(world, 1);
    }
    assert_int_equal(world_notes(world, REASON_UNRECONCILED), 1);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_reading_opens_the_books),
        cmocka_unit_test(facts_before_the_opening_count),
        cmocka_unit_test(user_transfer_is_owed_until_it_is_paid),
        cmocka_unit_test(payout_before_its_sending_is_settled_later),
        cmocka_unit_test(payout_from_an_unwatched_chain_goes_outside),
        cmocka_unit_test(sending_to_an_unwatched_chain_goes_outside),
        cmocka_unit_test(donation_comes_from_outside),
        cmocka_unit_test(missing_collateral_is_a_fee),
        cmocka_unit_test(dispatch_that_is_no_transfer_owes_nothing),
        cmocka_unit_test(transactions_are_told_apart),
        cmocka_unit_test(half_a_block_is_not_fit_to_plan_on),
        cmocka_unit_test(rebalance_is_in_transit_until_it_arrives),
        cmocka_unit_test(arrival_of_less_is_a_fee_and_of_more_a_gain),
        cmocka_unit_test(arrival_before_its_sending_is_settled_later),
        cmocka_unit_test(second_delivery_of_a_message_is_a_plain_transfer),
        cmocka_unit_test(deliveries_of_one_transaction_are_told_apart),
        cmocka_unit_test(crowded_transaction_is_still_booked_whole),
        cmocka_unit_test(difference_stops_the_chain_until_it_agrees_again),
        cmocka_unit_test(person_can_accept_a_difference),
        cmocka_unit_test(unknown_balances_are_asked_again),
        cmocka_unit_test(block_that_cannot_be_read_is_given_up),
        cmocka_unit_test(comparison_is_at_the_block_that_was_asked_about),
        cmocka_unit_test(restart_after_every_step_changes_nothing),
        cmocka_unit_test(vaults_are_counted_and_read),
        cmocka_unit_test(amount_out_of_range_is_an_alarm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
