/* SPDX-License-Identifier: Apache-2.0 */
/* Capital that goes from a spoke on one chain to its sibling on another: planned where it earns
 * more or is missing, carried out leg by leg, counted once while it is under way, booked where it
 * came, through a node that dies at every step. */
#include <stdlib.h>
#include <string.h>

#include "relay/core/capital/flows.h"
#include "relay/core/plan/plan_internal.h"
#include "tests/support/capital_world.h"

#define HERE    1u
#define THERE   2u
#define UNIT    1000000u
#define PERCENT 10000000u /* a year, in 1e-9 */

static const struct hash mandate = {{7}};

/* Two spokes with a venue each, and what went from the first to the second. */
struct strait {
    struct world *world;
    struct venue_state venues[2];
    uint64_t idle[3]; /* by domain */
    uint64_t supplied[3];
    uint64_t unbooked;
    uint64_t sent;
    uint64_t announced;
    uint64_t received;
    bool dies;
};

static struct address spoke_of(uint32_t domain)
{
    return evm_filled((uint8_t)(0x50 + domain));
}

static struct address venue_of(uint32_t domain)
{
    return evm_filled((uint8_t)(0x70 + domain));
}

static struct amount units(uint64_t count)
{
    return amount_from_u64(count * UNIT);
}

static void may_die(struct strait *strait)
{
    if (strait->dies) {
        world_restart(strait->world);
    }
}

static void truth_tell(struct strait *strait)
{
    for (uint32_t domain = HERE; domain <= THERE; domain++) {
        struct world_spoke *spoke = &strait->world->spokes[domain];
        struct venue_state *venue = &strait->venues[domain - 1];
        spoke->state.idle = units(strait->idle[domain]);
        spoke->flow = (struct spoke_flow){.spoke = spoke->state.spoke,
                                          .token = spoke->state.token,
                                          .sibling = domain == HERE ? THERE : HERE};
        venue->supplied = units(strait->supplied[domain]);
        venue->leave_max = venue->supplied;
    }
    strait->world->spokes[HERE].flow.sent = units(strait->sent);
    strait->world->spokes[THERE].flow.announced = units(strait->announced);
    strait->world->spokes[THERE].flow.received = units(strait->received);
    strait->world->spokes[THERE].unbooked = units(strait->unbooked);
}

/* 1,000 units in the venue here, which pays 3 %; the venue there pays 5 %. No buffers. */
static struct strait *strait_new(void)
{
    struct strait *strait = calloc(1, sizeof(*strait));

    assert_non_null(strait);
    strait->world = world_new(ROUTE_ACT);
    struct core_config *config = &strait->world->config;
    config->route.mandate = mandate;
    config->route.coin_price = units(1);
    config->route.move_min = units(1);
    config->route.move_max = units(1000000);
    config->spokes_count = 2;
    config->venues_count = 2;
    for (uint32_t domain = HERE; domain <= THERE; domain++) {
        const struct address token = config->routers[domain - 1].token;
        strait->world->chains[domain].truth.bridge = UINT64_C(5000) * UNIT;
        config->spokes[domain - 1] = (struct core_spoke){.domain = domain,
                                                         .spoke = spoke_of(domain),
                                                         .token = token,
                                                         .bridge = world_bridge(domain),
                                                         .bridge_to = {{7}}};
        config->venues[domain - 1] = (struct core_venue){
            .spoke = domain - 1, .index = 4, .kind = VENUE_ERC4626, .venue = venue_of(domain)};
        strait->world->spokes[domain].state = (struct spoke_state){.spoke = spoke_of(domain),
                                                                   .token = token,
                                                                   .velocity_left = amount_max(),
                                                                   .mandate = mandate};
        strait->venues[domain - 1] = (struct venue_state){.spoke = spoke_of(domain),
                                                          .index = 4,
                                                          .gate = VENUE_OPEN,
                                                          .enter_max = amount_max(),
                                                          .pieces_count = 1};
        strait->venues[domain - 1].pieces[0] = (struct venue_piece){
            .width = amount_max(), .rate_nano = (domain == HERE ? 3 : 5) * PERCENT};
    }
    strait->world->venues = strait->venues;
    strait->world->venues_count = 2;
    strait->supplied[HERE] = 1000;
    truth_tell(strait);
    return strait;
}

static void strait_free(struct strait *strait)
{
    world_free(strait->world);
    free(strait);
}

static struct plan_asset desk_of(struct strait *strait)
{
    const struct row_source source = world_source(strait->world);
    struct plan_asset desk;

    memset(&desk, 0, sizeof(desk));
    const enum status status =
        capital_view_asset(&source, MOVE_BETWEEN_VENUES, WORLD_SYMBOL, &desk);
    assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
    return desk;
}

static bool strait_plans(struct strait *strait, uint64_t ms)
{
    const struct hash before = desk_of(strait).plan_id;

    truth_tell(strait);
    world_reconcile(strait->world);
    for (uint64_t passed = 0; passed < ms; passed += 100) {
        world_wait(strait->world, 100);
        if (strait->world->plan_asked) {
            world_answer_plan(strait->world);
        }
        const struct hash now = desk_of(strait).plan_id;
        if (!hash_equal(&now, &before)) {
            return true;
        }
    }
    return false;
}

static struct move_row move_now(struct strait *strait)
{
    const struct hash plan = desk_of(strait).plan_id;

    return world_move(strait->world, approval_move_id(&plan, 0));
}

static void plan_is(struct strait *strait, uint32_t from, uint32_t source_venue, uint32_t to,
                    uint32_t target_venue, uint64_t amount)
{
    const struct plan_row plan = world_plan(strait->world, desk_of(strait).plan_id);
    const struct amount wanted = units(amount);
    const struct address source = spoke_of(from);
    const struct address target = spoke_of(to);

    assert_int_equal(plan.moves_count, 1);
    assert_int_equal(plan.moves[0].kind, from == to ? MOVE_BETWEEN_VENUES : MOVE_BETWEEN_SPOKES);
    assert_int_equal(plan.moves[0].source_domain, from);
    assert_true(address_equal(&plan.moves[0].source, &source));
    assert_int_equal(plan.moves[0].source_venue, source_venue);
    assert_int_equal(plan.moves[0].target_domain, to);
    assert_true(address_equal(&plan.moves[0].target, &target));
    assert_int_equal(plan.moves[0].target_venue, target_venue);
    assert_true(amount_equal(&plan.moves[0].amount, &wanted));
}

/* The lane takes the leg that is prepared now. */
static struct leg leg_is_sent(struct strait *strait, enum leg_kind kind, uint32_t domain)
{
    may_die(strait);
    world_wait(strait->world, 100);
    const struct leg leg = strait->world->prepare;
    assert_int_equal(leg.kind, kind);
    assert_int_equal(leg.domain, domain);
    world_prepared(strait->world, OUTCOME_OK);
    assert_true(hash_equal(&strait->world->offered.id, &leg.id));
    may_die(strait);
    return leg;
}

static void leg_is_final(struct strait *strait, const struct leg *leg)
{
    strait->world->receipt_domain = leg->domain;
    world_leg_end(strait->world, leg->id, LEG_SUCCEEDED);
    may_die(strait);
    world_final(strait->world, leg->domain);
}

static void withdraws(struct strait *strait, uint64_t amount)
{
    const struct leg leg = leg_is_sent(strait, LEG_VENUE, HERE);
    const struct amount wanted = units(amount);

    assert_int_equal(leg.venue.verb, VENUE_WITHDRAW);
    assert_true(amount_equal(&leg.venue.amount, &wanted));
    strait->supplied[HERE] -= amount;
    strait->idle[HERE] += amount;
    world_transaction_begin(strait->world, HERE);
    world_transfer(strait->world, HERE, venue_of(HERE), spoke_of(HERE), amount * UNIT);
    leg_is_final(strait, &leg);
}

/* The bridge takes its fee in the token, beside the amount: HypERC20Collateral with a fee recipient
 * or a hook that is paid in the token pulls both from the spoke at once. */
static struct hash crosses_for(struct strait *strait, uint64_t amount, uint64_t fee)
{
    const struct leg leg = leg_is_sent(strait, LEG_CROSSING, HERE);
    const struct amount wanted = units(amount);
    const struct address spoke = spoke_of(HERE);
    const struct address bridge = world_bridge(HERE);
    const struct message_view ends = {.origin = HERE,
                                      .destination = THERE,
                                      .sender = world_bridge(HERE),
                                      .recipient = world_bridge(THERE)};

    assert_true(address_equal(&leg.crossing.spoke, &spoke));
    assert_true(address_equal(&leg.crossing.bridge, &bridge));
    assert_int_equal(leg.crossing.destination, THERE);
    assert_true(amount_equal(&leg.crossing.amount, &wanted));
    assert_true(hash_equal(&leg.crossing.mandate, &mandate));
    strait->idle[HERE] -= amount + fee;
    strait->sent += amount;
    world_transaction_begin(strait->world, HERE);
    world_transfer(strait->world, HERE, spoke_of(HERE), world_bridge(HERE), (amount + fee) * UNIT);
    const struct hash id = world_dispatch(strait->world, &ends, spoke_of(THERE), amount * UNIT);
    leg_is_final(strait, &leg);
    return id;
}

static struct hash crosses(struct strait *strait, uint64_t amount)
{
    return crosses_for(strait, amount, 0);
}

static void arrives(struct strait *strait, struct hash id, uint64_t amount)
{
    strait->unbooked += amount;
    world_process(strait->world, THERE, id);
    world_transfer(strait->world, THERE, world_bridge(THERE), spoke_of(THERE), amount * UNIT);
    world_final(strait->world, THERE);
    may_die(strait);
}

/* The spoke there is asked to book what came, and does. */
static void settles(struct strait *strait, uint64_t amount)
{
    const struct address spoke = spoke_of(THERE);

    truth_tell(strait);
    world_reconcile(strait->world);
    const struct leg leg = strait->world->prepare;
    assert_int_equal(leg.kind, LEG_SETTLE);
    assert_int_equal(leg.domain, THERE);
    assert_int_equal(leg.settle.origin, HERE);
    assert_true(address_equal(&leg.settle.spoke, &spoke));
    world_prepared(strait->world, OUTCOME_OK);
    assert_true(hash_equal(&strait->world->offered.id, &leg.id));
    may_die(strait);
    strait->idle[THERE] += amount;
    strait->unbooked -= amount;
    strait->received += amount;
    world_begin(strait->world);
    flow_on_leg_end(&strait->world->step, &leg);
    world_end(strait->world);
    may_die(strait);
    truth_tell(strait);
    world_reconcile(strait->world);
}

/* Of what is put in, the token itself takes `fee`. */
static void deposits_less(struct strait *strait, uint64_t amount, uint64_t fee)
{
    const struct leg leg = leg_is_sent(strait, LEG_VENUE, THERE);
    const struct amount wanted = units(amount);
    const struct address spoke = spoke_of(THERE);

    assert_int_equal(leg.venue.verb, VENUE_DEPOSIT);
    assert_true(address_equal(&leg.venue.spoke, &spoke));
    assert_true(amount_equal(&leg.venue.amount, &wanted));
    strait->idle[THERE] -= amount;
    strait->supplied[THERE] += amount - fee;
    world_transaction_begin(strait->world, THERE);
    world_transfer(strait->world, THERE, spoke_of(THERE), venue_of(THERE), (amount - fee) * UNIT);
    if (fee > 0) {
        world_transfer(strait->world, THERE, spoke_of(THERE), evm_filled(0x98), fee * UNIT);
    }
    leg_is_final(strait, &leg);
    assert_int_equal(move_now(strait).state, MOVE_TRANSIT);
    truth_tell(strait);
    world_reconcile(strait->world);
}

static void deposits(struct strait *strait, uint64_t amount)
{
    deposits_less(strait, amount, 0);
}

static void books_agree(struct strait *strait)
{
    for (uint32_t domain = HERE; domain <= THERE; domain++) {
        assert_int_equal(world_ledger_state(strait->world, domain), LEDGER_RECONCILED);
        assert_int_equal(world_balance(strait->world, ACCOUNT_VENUE, domain, venue_of(domain)),
                         strait->supplied[domain] * UNIT);
    }
    assert_int_equal(world_balance(strait->world, ACCOUNT_ARRIVING, THERE, spoke_of(THERE)), 0);
}

static void follows_the_rate(bool dies)
{
    struct strait *strait = strait_new();

    strait->dies = dies;
    assert_true(strait_plans(strait, 10000));
    plan_is(strait, HERE, 5, THERE, 5, 1000);
    withdraws(strait, 1000);
    const struct hash id = crosses(strait, 1000);
    assert_int_equal(move_now(strait).state, MOVE_TRANSIT);
    assert_int_equal(world_balance(strait->world, ACCOUNT_ARRIVING, THERE, spoke_of(THERE)),
                     1000 * UNIT);
    assert_false(strait_plans(strait, 20000)); /* it is planned for once */
    strait->announced += 1000;
    arrives(strait, id, 1000);
    assert_int_equal(move_now(strait).reason, REASON_MOVE_UNBOOKED);
    settles(strait, 1000);
    deposits(strait, 1000);
    assert_int_equal(move_now(strait).state, MOVE_DONE);
    books_agree(strait);
    strait_free(strait);
}

static void capital_follows_the_rate_over_the_bridge(void **state)
{
    (void)state;
    follows_the_rate(false);
}

static void a_node_that_dies_at_every_step_moves_it_once(void **state)
{
    (void)state;
    follows_the_rate(true);
}

/* What the bridge took is not hoped for: the rest is put in, and the difference is a fee. */
static void what_arrived_is_put_in(void **state)
{
    (void)state;
    struct strait *strait = strait_new();

    assert_true(strait_plans(strait, 10000));
    withdraws(strait, 1000);
    const struct hash id = crosses(strait, 1000);
    strait->announced += 1000;
    arrives(strait, id, 990);
    settles(strait, 990);
    deposits(strait, 990);
    assert_int_equal(move_now(strait).state, MOVE_DONE);
    books_agree(strait);
    assert_int_equal(world_balance(strait->world, ACCOUNT_FEES, THERE, (struct address){{0}}),
                     10 * UNIT);
    strait_free(strait);
}

/* What the bridge takes in the token beside the amount is a fee where it was taken, what arrives is
 * the amount, and the books agree on both sides to the base unit. */
static void a_fee_in_the_token_is_booked_where_it_was_taken(void **state)
{
    (void)state;
    struct strait *strait = strait_new();

    assert_true(strait_plans(strait, 10000));
    withdraws(strait, 1000);
    strait->idle[HERE] += 10; /* that the fee is paid from */
    world_transaction_begin(strait->world, HERE);
    world_transfer(strait->world, HERE, evm_filled(0x99), spoke_of(HERE), 10 * UNIT);
    world_final(strait->world, HERE);
    const struct hash id = crosses_for(strait, 1000, 7);
    assert_int_equal(world_balance(strait->world, ACCOUNT_ARRIVING, THERE, spoke_of(THERE)),
                     1000 * UNIT);
    assert_int_equal(world_balance(strait->world, ACCOUNT_SPOKE, HERE, spoke_of(HERE)), 3 * UNIT);
    assert_int_equal(world_balance(strait->world, ACCOUNT_FEES, HERE, (struct address){{0}}),
                     7 * UNIT);
    strait->announced += 1000;
    arrives(strait, id, 1000);
    settles(strait, 1000);
    deposits(strait, 1000);
    assert_int_equal(move_now(strait).state, MOVE_DONE);
    books_agree(strait);
    assert_int_equal(world_balance(strait->world, ACCOUNT_FEES, THERE, (struct address){{0}}), 0);
    strait_free(strait);
}

/* Somebody puts so much into the spoke there. */
static void gift_comes(struct strait *strait, uint64_t amount)
{
    strait->idle[THERE] += amount;
    world_transaction_begin(strait->world, THERE);
    world_transfer(strait->world, THERE, evm_filled(0x99), spoke_of(THERE), amount * UNIT);
    world_final(strait->world, THERE);
}

/* A token that takes a hundredth or so of every transfer: what came is booked and put in, what got
 * into the venue is what the venue has, and the books agree on both sides. */
static void a_token_that_takes_a_fee_is_booked_as_it_came(void **state)
{
    (void)state;
    struct strait *strait = strait_new();

    assert_true(strait_plans(strait, 10000));
    withdraws(strait, 1000);
    const struct hash id = crosses(strait, 1000);
    strait->announced += 1000;
    arrives(strait, id, 990);
    settles(strait, 990);
    deposits_less(strait, 990, 10);
    assert_int_equal(move_now(strait).state, MOVE_DONE);
    books_agree(strait);
    assert_int_equal(world_balance(strait->world, ACCOUNT_VENUE, THERE, venue_of(THERE)),
                     980 * UNIT);
    assert_int_equal(world_balance(strait->world, ACCOUNT_SPOKE, THERE, spoke_of(THERE)), 0);
    strait_free(strait);
}

/* A message that nobody delivers holds up this way alone: what is deposited meanwhile on either
 * chain is put to work there, and what is under way is there to be counted. */
static void what_is_stuck_holds_up_nothing_else(void **state)
{
    (void)state;
    struct strait *strait = strait_new();

    assert_true(strait_plans(strait, 10000));
    withdraws(strait, 1000);
    const struct hash id = crosses(strait, 1000);
    truth_tell(strait);
    world_reconcile(strait->world);
    strait->idle[HERE] += 200;
    world_transaction_begin(strait->world, HERE);
    world_transfer(strait->world, HERE, evm_filled(0x99), spoke_of(HERE), 200 * UNIT);
    assert_true(strait_plans(strait, 10000));
    plan_is(strait, HERE, 0, HERE, 5, 200); /* into the venue here, though the other pays more */
    world_wait(strait->world, 3600000);
    const struct row_source source = world_source(strait->world);
    struct transit_row transit;
    (void)source;
    world_begin(strait->world);
    assert_true(capital_get_transit(&strait->world->step, &id, &transit));
    world_end(strait->world);
    assert_true(transit.sent);
    assert_false(transit.delivered);
    assert_int_equal(world_balance(strait->world, ACCOUNT_ARRIVING, THERE, spoke_of(THERE)),
                     1000 * UNIT);
    strait_free(strait);
}

/* People want back 300 on the chain where nothing is: it comes over the bridge and stays idle. */
static void a_redemption_is_paid_from_another_chain(void **state)
{
    (void)state;
    struct strait *strait = strait_new();

    strait->venues[1].pieces[0].rate_nano = PERCENT; /* here is better */
    strait->world->spokes[THERE].state.kept = units(300);
    assert_true(strait_plans(strait, 10000));
    plan_is(strait, HERE, 5, THERE, 0, 300);
    withdraws(strait, 300);
    const struct hash id = crosses(strait, 300);
    assert_false(strait_plans(strait, 20000)); /* what is under way is missing no more */
    strait->announced += 300;
    arrives(strait, id, 300);
    settles(strait, 300);
    assert_int_equal(move_now(strait).state, MOVE_DONE);
    assert_int_equal(strait->idle[THERE], 300);
    books_agree(strait);
    strait_free(strait);
}

/* The bridge there can pay out 400, and no more is sent. */
static void no_more_goes_than_the_bridge_can_pay_out(void **state)
{
    (void)state;
    struct strait *strait = strait_new();

    strait->world->chains[THERE].truth.bridge = UINT64_C(400) * UNIT;
    assert_true(strait_plans(strait, 10000));
    plan_is(strait, HERE, 5, THERE, 5, 400);
    strait_free(strait);
}

/* Nobody knows what the vault here pays: that keeps nobody's money on another chain. */
static void a_redemption_needs_no_rate(void **state)
{
    (void)state;
    struct strait *strait = strait_new();

    strait->venues[0].pieces_count = 0;
    strait->venues[0].share_price = units(1);
    strait->world->spokes[THERE].state.kept = units(300);
    assert_true(strait_plans(strait, 10000));
    plan_is(strait, HERE, 5, THERE, 0, 300);
    strait_free(strait);
}

/* Arrived and announced by somebody else's hand, or by a move long given up: it is booked too. */
static void what_came_from_nowhere_is_booked(void **state)
{
    (void)state;
    struct strait *strait = strait_new();

    strait->venues[0].gate = VENUE_SHUT;
    strait->venues[1].gate = VENUE_SHUT;
    truth_tell(strait);
    world_reconcile(strait->world);
    strait->sent = strait->announced = 40;
    arrives(strait, (struct hash){{9}}, 40);
    settles(strait, 40);
    assert_int_equal(world_balance(strait->world, ACCOUNT_SPOKE, THERE, spoke_of(THERE)),
                     40 * UNIT);
    strait_free(strait);
}

/* Tokens without a notice are a gift: the spoke would book nothing, and is not asked to. */
static void a_gift_is_not_booked(void **state)
{
    (void)state;
    struct strait *strait = strait_new();

    truth_tell(strait);
    world_reconcile(strait->world);
    const uint32_t before = strait->world->offers_taken;
    strait->unbooked = 40;
    world_transaction_begin(strait->world, THERE);
    world_transfer(strait->world, THERE, evm_filled(0x99), spoke_of(THERE), 40 * UNIT);
    truth_tell(strait);
    world_reconcile(strait->world);
    assert_int_not_equal(strait->world->prepare.kind, LEG_SETTLE);
    assert_int_equal(strait->world->offers_taken, before);
    strait_free(strait);
}

/* The mandate lets the bridge go elsewhere, or there is none: nothing crosses. */
static void nothing_crosses_where_the_mandate_names_no_way(void **state)
{
    (void)state;

    for (uint32_t i = 0; i < 3; i++) {
        struct strait *strait = strait_new();
        struct core_spoke *here = &strait->world->config.spokes[0];
        here->bridge_to.words[0] = i == 0 ? 4 : here->bridge_to.words[0]; /* to the third chain */
        here->bridge = i == 1 ? (struct address){{0}} : here->bridge;
        strait->world->fee_native = i == 2 ? UINT64_C(1000000000000000000) : 0;
        strait->world->config.route.fee_native_max = amount_from_u64(1);
        assert_false(strait_plans(strait, 10000));
        strait_free(strait);
    }
}

static void plans_the_crossing(struct strait *strait, uint64_t amount)
{
    if (amount == 0) {
        assert_false(strait_plans(strait, 10000));
    } else {
        assert_true(strait_plans(strait, 10000));
        plan_is(strait, HERE, 5, THERE, 5, amount);
    }
    strait_free(strait);
}

/* The whole is 1,000: what the chain there may hold of it, or must be left here, bounds what goes,
 * whatever the rates are. What is there already counts, in the venue or idle. */
static void shares_of_chains_bound_what_crosses(void **state)
{
    (void)state;
    struct strait *strait = strait_new();

    strait->world->config.spokes[1].cap_share.value = 2500;
    plans_the_crossing(strait, 250);
    strait = strait_new();
    strait->world->config.spokes[1].cap = units(320);
    strait->world->config.spokes[1].cap_share.value = 5000;
    plans_the_crossing(strait, 320); /* of both the tighter one */
    strait = strait_new();
    strait->world->config.spokes[0].floor_share.value = 4000;
    plans_the_crossing(strait, 600);
    strait = strait_new();
    strait->world->config.spokes[0].floor = units(900);
    strait->world->config.spokes[0].floor_share.value = 4000;
    plans_the_crossing(strait, 100);
    strait = strait_new();
    strait->supplied[HERE] = 800;
    strait->supplied[THERE] = 200;
    strait->world->config.spokes[1].cap_share.value = 2500;
    plans_the_crossing(strait, 50);
    strait = strait_new();
    strait->supplied[HERE] = 700;
    strait->supplied[THERE] = 300;
    strait->world->config.spokes[1].cap_share.value = 2500;
    plans_the_crossing(strait, 0); /* above it: nothing more enters, and nothing must leave */
}

/* What the plan says was at a place goes to the signer with it. */
static void signer_is_told(struct strait *strait, uint32_t domain, uint32_t venue, uint64_t amount)
{
    const struct hash id = desk_of(strait).plan_id;
    const struct plan_row plan = world_plan(strait->world, id);
    const struct amount wanted = units(amount);
    const struct address spoke = spoke_of(domain);
    struct approval approval;
    uint32_t found = 0;

    capital_view_approval(&id, &plan, &approval);
    assert_int_equal(approval.places_count, 4);
    for (uint32_t i = 0; i < approval.places_count; i++) {
        const struct approval_place *place = &approval.places[i];
        if (place->domain == domain && place->venue == venue &&
            address_equal(&place->contract, &spoke)) {
            assert_true(amount_equal(&place->amount, &wanted));
            found++;
        }
    }
    assert_int_equal(found, 1);
}

/* What is on its way counts where it will be. 250 of 1,000 are under way to a vault that may hold a
 * quarter; 200 that people bring there make it a quarter of 1,200, so that 50 of them enter. */
static void what_is_under_way_counts_against_the_share(void **state)
{
    (void)state;
    struct strait *strait = strait_new();

    strait->world->config.venues[1].cap_share.value = 2500;
    assert_true(strait_plans(strait, 10000));
    plan_is(strait, HERE, 5, THERE, 5, 250);
    withdraws(strait, 250);
    (void)crosses(strait, 250);
    strait->venues[0].gate = VENUE_SHUT; /* or what may not enter there would come here */
    gift_comes(strait, 200);
    assert_true(strait_plans(strait, 20000));
    plan_is(strait, THERE, 0, THERE, 5, 50);
    signer_is_told(strait, THERE, 5, 250);
    signer_is_told(strait, THERE, 0, 200);
    signer_is_told(strait, HERE, 5, 750);
    strait_free(strait);
}

/* The venue there pays 5 % on the first thousand, which is on its way, and 1 % on more: what is
 * deposited there meanwhile goes where 3 % are paid. */
static void what_is_under_way_is_planned_with_where_it_will_be(void **state)
{
    (void)state;
    struct strait *strait = strait_new();

    strait->venues[1].pieces_count = 2;
    strait->venues[1].pieces[0].width = units(1000);
    strait->venues[1].pieces[1] = (struct venue_piece){.width = amount_max(), .rate_nano = PERCENT};
    assert_true(strait_plans(strait, 10000));
    plan_is(strait, HERE, 5, THERE, 5, 1000);
    withdraws(strait, 1000);
    (void)crosses(strait, 1000);
    gift_comes(strait, 2000);
    assert_true(strait_plans(strait, 20000));
    plan_is(strait, THERE, 0, HERE, 5, 2000);
    strait_free(strait);
}

/* A venue there is mute: what is in it may be anything, so that nothing enters a chain with a cap;
 * and of a whole that is not known nothing leaves a chain with a floor. */
static void a_share_of_an_unknown_whole_lets_nothing_cross(void **state)
{
    (void)state;

    for (uint32_t i = 0; i < 3; i++) {
        struct strait *strait = strait_new();
        struct core_config *config = &strait->world->config;
        config->venues[config->venues_count++] = (struct core_venue){
            .spoke = 1, .index = 9, .kind = VENUE_ERC4626, .venue = evm_filled(0x79)};
        config->spokes[1].cap_share.value = i == 1 ? 9000 : 0;
        config->spokes[0].floor_share.value = i == 2 ? 1000 : 0;
        plans_the_crossing(strait, i == 0 ? 1000 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capital_follows_the_rate_over_the_bridge),
        cmocka_unit_test(a_node_that_dies_at_every_step_moves_it_once),
        cmocka_unit_test(what_arrived_is_put_in),
        cmocka_unit_test(a_token_that_takes_a_fee_is_booked_as_it_came),
        cmocka_unit_test(a_fee_in_the_token_is_booked_where_it_was_taken),
        cmocka_unit_test(what_is_stuck_holds_up_nothing_else),
        cmocka_unit_test(a_redemption_is_paid_from_another_chain),
        cmocka_unit_test(no_more_goes_than_the_bridge_can_pay_out),
        cmocka_unit_test(a_redemption_needs_no_rate),
        cmocka_unit_test(what_came_from_nowhere_is_booked),
        cmocka_unit_test(a_gift_is_not_booked),
        cmocka_unit_test(nothing_crosses_where_the_mandate_names_no_way),
        cmocka_unit_test(shares_of_chains_bound_what_crosses),
        cmocka_unit_test(what_is_under_way_counts_against_the_share),
        cmocka_unit_test(what_is_under_way_is_planned_with_where_it_will_be),
        cmocka_unit_test(a_share_of_an_unknown_whole_lets_nothing_cross),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
