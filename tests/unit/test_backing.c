/* SPDX-License-Identifier: Apache-2.0 */
/* What synthetic routers minted against the collateral of the others. The world's routers hold
 * 3,000,000 together; as much is minted on chain 3 from the start, so that one unit too much shows.
 */
#include "relay/core/capital/backing.h"
#include "relay/core/capital/capital_internal.h"
#include "relay/hyperlane/token.h"
#include "tests/support/capital_world.h"

#define MINTING 3u
#define SUPPLY  3000000u

static struct world *backed_world(enum route_mode mode)
{
    struct world *world = world_new(mode);

    world_add_synthetic(world, MINTING, SUPPLY);
    world_reconcile(world);
    return world;
}

static struct backing_row backing(struct world *world)
{
    const struct row_source source = world_source(world);
    struct backing_row row;

    assert_status(STATUS_OK, capital_view_backing(&source, WORLD_SYMBOL, &row));
    return row;
}

static enum reason reason(struct world *world)
{
    world_begin(world);
    const enum reason found = backing_reason(&world->step, 0);
    world_end(world);
    return found;
}

static struct message_view ends_of(uint32_t from, struct address sender, uint32_t to,
                                   struct address recipient)
{
    return (struct message_view){
        .origin = from, .destination = to, .sender = sender, .recipient = recipient};
}

static struct hash user_locks(struct world *world, uint32_t from, uint64_t amount)
{
    const struct message_view ends =
        ends_of(from, world_router(from), MINTING, world_synthetic(MINTING));

    world_transaction_begin(world, from);
    world_transfer(world, from, world_user(), world_router(from), amount);
    world_remote(world, FACT_REMOTE_SENT, from, world_router(from), MINTING, amount);
    return world_dispatch(world, &ends, world_user(), amount);
}

/* The id that the next such message will have. */
static struct hash next_lock(const struct world *world, uint32_t from, uint64_t amount)
{
    uint8_t body_memory[64];
    uint8_t memory[256];
    struct buffer body = buffer_from(body_memory, sizeof(body_memory));
    struct buffer message = buffer_from(memory, sizeof(memory));
    const struct token_message token = {.recipient = world_user(),
                                        .amount = amount_from_u64(amount)};
    struct message_view view = ends_of(from, world_router(from), MINTING, world_synthetic(MINTING));

    assert_status(STATUS_OK, token_message_write(&token, &body));
    view.version = MESSAGE_VERSION;
    view.nonce = world->nonce;
    view.body = buffer_bytes(&body);
    assert_status(STATUS_OK, message_write(&view, &message));
    return message_id(buffer_bytes(&message));
}

/* A zero id: no message was delivered. */
static void mints(struct world *world, uint32_t from, struct hash id, uint64_t amount)
{
    if (hash_is_zero(&id)) {
        world_transaction_begin(world, MINTING);
    } else {
        world_process(world, MINTING, id);
    }
    world->chains[MINTING].truth.supply += amount;
    world_remote(world, FACT_REMOTE_RECEIVED, MINTING, world_synthetic(MINTING), from, amount);
}

static struct hash user_burns(struct world *world, uint32_t to, uint64_t amount)
{
    const struct message_view ends =
        ends_of(MINTING, world_synthetic(MINTING), to, world_router(to));

    world->chains[MINTING].truth.supply -= amount;
    world_transaction_begin(world, MINTING);
    world_remote(world, FACT_REMOTE_SENT, MINTING, world_synthetic(MINTING), to, amount);
    return world_dispatch(world, &ends, world_user(), amount);
}

static void assert_held(struct world *world, uint64_t sum)
{
    const struct backing_row row = backing(world);
    const struct amount expected = amount_from_u64(sum);

    assert_int_equal(row.state, BACKING_HELD);
    assert_true(amount_equal(&row.collateral, &expected));
    assert_true(amount_equal(&row.claims, &expected));
    assert_int_equal(world_notes(world, REASON_BACKING_BROKEN), 0);
}

/* Every step of a transfer there and back moves amounts, and at no final block is a unit short. */
static void transfers_both_ways_leave_it_held(void **state)
{
    (void)state;
    struct world *world = backed_world(ROUTE_OBSERVE);

    assert_held(world, SUPPLY);
    const struct hash there = user_locks(world, 1, 700);
    world_final(world, 1);
    assert_held(world, SUPPLY + 700);
    assert_int_equal(world_signed(world, ACCOUNT_OWED, MINTING, world_synthetic(MINTING)), -700);
    mints(world, 1, there, 700);
    world_final(world, MINTING);
    assert_held(world, SUPPLY + 700);
    assert_int_equal(world_signed(world, ACCOUNT_SUPPLY, MINTING, world_synthetic(MINTING)),
                     -(int64_t)SUPPLY - 700);
    const struct hash back = user_burns(world, 2, 500);
    world_final(world, MINTING);
    assert_held(world, SUPPLY + 700);
    world_user_is_paid(world, MINTING, 2, back, 500);
    world_final(world, 2);
    assert_held(world, SUPPLY + 200);
    world_reconcile(world); /* the supply is the chain's, to the unit */
    for (uint32_t domain = 1; domain <= WORLD_CHAINS; domain++) {
        assert_int_equal(world_ledger_state(world, domain), LEDGER_RECONCILED);
    }
    world_free(world);
}

/* A move between routers takes collateral from one and is on its way to the other. */
static void move_under_way_counts(void **state)
{
    (void)state;
    struct world *world = backed_world(ROUTE_OBSERVE);

    const struct hash id = world_rebalances(world, 1, 2, 5000, 0, world_key());
    world_final(world, 1);
    assert_held(world, SUPPLY);
    world_rebalance_arrives(world, 2, id, 5000);
    world_final(world, 2);
    assert_held(world, SUPPLY);
    world_free(world);
}

/* Another relayer delivered, and our endpoints of the origin are slower: flows wait, nobody is
 * woken, and the sending settles it. */
static void delivery_before_its_sending_is_doubted_and_passes(void **state)
{
    (void)state;
    struct world *world = backed_world(ROUTE_OBSERVE);

    const struct hash id = next_lock(world, 1, 700);
    mints(world, 1, id, 700);
    world_final(world, MINTING);
    assert_int_equal(reason(world), REASON_BACKING_DOUBTED);
    world_wait(world, 100);
    world_final(world, MINTING); /* the others stand still */
    assert_int_equal(reason(world), REASON_BACKING_DOUBTED);
    const struct hash sent = user_locks(world, 1, 700);
    assert_memory_equal(&sent, &id, sizeof(id));
    world_final(world, 1);
    assert_held(world, SUPPLY + 700);
    assert_int_equal(reason(world), REASON_NONE);
    world_free(world);
}

static void assert_stopped(struct world *world, enum backing_state wanted, enum reason why)
{
    assert_int_equal(backing(world).state, wanted);
    assert_int_equal(reason(world), why);
    world_begin(world);
    const struct address synthetic = world_synthetic(MINTING);
    const struct address router = world_router(1);
    const struct address stranger = world_user();
    assert_int_equal(backing_of_sender(&world->step, MINTING, &synthetic), why);
    assert_int_equal(backing_of_sender(&world->step, 1, &router), why);
    assert_int_equal(backing_of_sender(&world->step, 1, &stranger), REASON_NONE);
    assert_int_equal(backing_of_sender(&world->step, 2, &router), REASON_NONE);
    world_end(world);
}

/* Ends the doubt: a newer final block of every chain. */
static void all_go_on(struct world *world)
{
    for (uint32_t domain = 1; domain <= WORLD_CHAINS; domain++) {
        world_wait(world, 10);
        world_final(world, domain);
    }
}

static void minting_for_nothing_stops_the_route(void **state)
{
    (void)state;
    struct world *world = backed_world(ROUTE_OBSERVE);

    mints(world, 1, (struct hash){{0}}, 1);
    world_final(world, MINTING);
    assert_stopped(world, BACKING_DOUBTED, REASON_BACKING_DOUBTED); /* with the first final block */
    world_wait(world, 10);
    world_final(world, 1);
    world_final(world, 2);
    assert_int_equal(world_notes(world, REASON_BACKING_BROKEN), 0); /* one chain is still owed */
    world_final(world, MINTING);
    assert_stopped(world, BACKING_BROKEN, REASON_BACKING_BROKEN);
    assert_int_equal(world_notes(world, REASON_BACKING_BROKEN), 1);
    world_restart(world);
    all_go_on(world);
    assert_stopped(world, BACKING_BROKEN, REASON_BACKING_BROKEN);
    assert_int_equal(world_notes(world, REASON_BACKING_BROKEN), 1); /* said once */
    world_begin(world);
    assert_int_equal(ledger_reason(&world->step, MINTING), REASON_NONE); /* the books are right */
    world_end(world);
    /* Somebody makes the route whole. */
    world_transaction_begin(world, 2);
    world_transfer(world, 2, world_user(), world_router(2), 1);
    world_final(world, 2);
    assert_int_equal(reason(world), REASON_NONE);
    assert_int_equal(world_notes(world, REASON_BACKING_HELD), 2); /* at the opening, and now */
    world_free(world);
}

/* A message that no origin sent, delivered with forged signatures. */
static void minting_by_a_forged_message_stops_the_route(void **state)
{
    (void)state;
    struct world *world = backed_world(ROUTE_OBSERVE);

    mints(world, 1, hash_filled(7), 40);
    world_final(world, MINTING);
    assert_stopped(world, BACKING_DOUBTED, REASON_BACKING_DOUBTED);
    all_go_on(world);
    all_go_on(world);
    assert_stopped(world, BACKING_BROKEN, REASON_BACKING_BROKEN);
    world_free(world);
}

/* What no log told of is found when the supply is read. */
static void supply_that_grew_in_silence_stops_the_route(void **state)
{
    (void)state;
    struct world *world = backed_world(ROUTE_OBSERVE);

    world->chains[MINTING].truth.supply += 9;
    world_reconcile(world);
    assert_int_equal(world_ledger_state(world, MINTING), LEDGER_UNRECONCILED);
    assert_stopped(world, BACKING_DOUBTED, REASON_BACKING_DOUBTED);
    world_reconcile(world);
    world_reconcile(world);
    assert_stopped(world, BACKING_BROKEN, REASON_BACKING_BROKEN);
    world_free(world);
}

/* Row 3 of the faults: every endpoint of one chain says that its router lost what it held. */
static void collateral_that_is_said_to_be_gone_stops_the_route(void **state)
{
    (void)state;
    struct world *world = backed_world(ROUTE_ACT);

    world_transaction_begin(world, 1);
    world_transfer(world, 1, world_router(1), world_user(), 900000);
    world_final(world, 1);
    assert_stopped(world, BACKING_DOUBTED, REASON_BACKING_DOUBTED);
    assert_false(world_plans(world, 20000)); /* without this the others would be emptied for it */
    assert_int_equal(world_asset(world).reason, REASON_BACKING_DOUBTED);
    all_go_on(world);
    assert_stopped(world, BACKING_BROKEN, REASON_BACKING_BROKEN);
    assert_int_equal(world_notes(world, REASON_BACKING_BROKEN), 1);
    world_free(world);
}

/* What a token keeps for itself on the way in is not locked, whatever the message says. */
static void fee_on_transfer_is_a_shortage(void **state)
{
    (void)state;
    struct world *world = backed_world(ROUTE_OBSERVE);
    const struct message_view ends = ends_of(1, world_router(1), MINTING, world_synthetic(MINTING));

    world_transaction_begin(world, 1);
    world_transfer(world, 1, world_user(), world_router(1), 699);
    world_remote(world, FACT_REMOTE_SENT, 1, world_router(1), MINTING, 700);
    (void)world_dispatch(world, &ends, world_user(), 700);
    world_final(world, 1);
    assert_int_equal(backing(world).state, BACKING_DOUBTED);
    world_free(world);
}

static void route_that_is_short_from_the_start_says_so(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OFF); /* it is weighed without moving capital too */

    world_add_synthetic(world, MINTING, SUPPLY + 1);
    assert_int_equal(reason(world), REASON_POSITIONS_UNKNOWN);
    world_reconcile(world);
    world_reconcile(world);
    assert_stopped(world, BACKING_BROKEN, REASON_BACKING_BROKEN);
    world_free(world);
}

static void asset_that_is_minted_nowhere_is_not_weighed(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);
    const struct row_source source = world_source(world);
    struct backing_row row;

    world_reconcile(world);
    assert_int_equal(reason(world), REASON_NONE);
    assert_status(STATUS_NOT_FOUND, capital_view_backing(&source, WORLD_SYMBOL, &row));
    world_free(world);
}

static void rows_are_read_as_they_were_written(void **state)
{
    (void)state;
    uint8_t memory[BACKING_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));
    const struct backing_row row = {.state = BACKING_BROKEN,
                                    .since = {.ns = 5},
                                    .collateral = amount_from_u64(1),
                                    .claims = amount_max()};
    struct backing_row read;

    backing_row_pack(&packer, &row);
    const struct bytes packed = packer_finish(&packer);
    assert_true(backing_row_unpack(packed, &read));
    assert_int_equal(read.state, row.state);
    assert_int_equal(read.since.ns, row.since.ns);
    assert_true(amount_equal(&read.collateral, &row.collateral));
    assert_true(amount_equal(&read.claims, &row.claims));
    assert_false(backing_row_unpack(bytes_from(packed.data, packed.count - 1), &read));
    memory[1] = 9;
    assert_false(backing_row_unpack(packed, &read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfers_both_ways_leave_it_held),
        cmocka_unit_test(move_under_way_counts),
        cmocka_unit_test(delivery_before_its_sending_is_doubted_and_passes),
        cmocka_unit_test(minting_for_nothing_stops_the_route),
        cmocka_unit_test(minting_by_a_forged_message_stops_the_route),
        cmocka_unit_test(supply_that_grew_in_silence_stops_the_route),
        cmocka_unit_test(collateral_that_is_said_to_be_gone_stops_the_route),
        cmocka_unit_test(fee_on_transfer_is_a_shortage),
        cmocka_unit_test(route_that_is_short_from_the_start_says_so),
        cmocka_unit_test(asset_that_is_minted_nowhere_is_not_weighed),
        cmocka_unit_test(rows_are_read_as_they_were_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
