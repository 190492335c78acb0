/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of spokes and venues: the rows' bytes, the growth that a rate is measured by, and
 * which answers are believed. */
#include <string.h>

#include "relay/core/capital/capital_internal.h"
#include "relay/core/capital/venue_rows.h"
#include "tests/support/capital_world.h"

#define HOUR_NS 3600000000000u

static struct address spoke_address(void)
{
    return evm_filled(0x51);
}

static struct address token_address(void)
{
    return evm_filled(0x52);
}

/* Whole objects are compared, so their padding is zero here as it is where rows are read. */
static void fill_spoke(struct spoke_state *ret_spoke, uint64_t idle)
{
    memset(ret_spoke, 0, sizeof(*ret_spoke));
    ret_spoke->spoke = spoke_address();
    ret_spoke->token = token_address();
    ret_spoke->idle = amount_from_u64(idle);
    ret_spoke->velocity_left = amount_from_u64(7);
    ret_spoke->loss_left = amount_from_u64(8);
    ret_spoke->paused = true;
}

static void fill_venue(struct venue_state *ret_venue, uint64_t share_price)
{
    memset(ret_venue, 0, sizeof(*ret_venue));
    ret_venue->spoke = spoke_address();
    ret_venue->index = 3;
    ret_venue->gate = VENUE_OPEN;
    ret_venue->supplied = amount_from_u64(100);
    ret_venue->owed = amount_from_u64(1);
    ret_venue->enter_max = amount_from_u64(50);
    ret_venue->leave_max = amount_from_u64(90);
    ret_venue->share_price = amount_from_u64(share_price);
    ret_venue->account_debt = amount_from_u64(11);
    ret_venue->account_guard = amount_from_u64(12);
    ret_venue->unit_guard = amount_from_u64(13);
    ret_venue->unit_price = amount_from_u64(14);
    ret_venue->unit_debt = amount_from_u64(15);
}

static void rows_come_back(void **state)
{
    (void)state;
    uint8_t memory[VENUE_ROW_BYTES_MAX];
    struct spoke_row spoke;
    struct spoke_row spoke_back;
    struct venue_row venue;
    struct venue_row venue_back;

    memset(&spoke, 0, sizeof(spoke));
    spoke.block = 9;
    spoke.at.ns = 5;
    fill_spoke(&spoke.state, 1);
    memset(&venue, 0, sizeof(venue));
    venue.block = 9;
    venue.at.ns = 5;
    venue.at_price = amount_from_u64(6);
    fill_venue(&venue.state, 4);
    venue.state.pieces_count = VENUE_PIECES_MAX;
    for (uint32_t i = 0; i < VENUE_PIECES_MAX; i++) {
        venue.state.pieces[i] = (struct venue_piece){.width = amount_max(), .rate_nano = i};
    }
    venue.older = (struct venue_mark){.at = {.ns = 1}, .share_price = amount_from_u64(2)};
    venue.newer = (struct venue_mark){.at = {.ns = 3}, .share_price = amount_from_u64(4)};
    venue.told_low = true;
    venue.told_mute = true;
    struct packer packer = packer_from(memory, SPOKE_ROW_BYTES_MAX);
    spoke_row_pack(&packer, &spoke);
    assert_false(packer.overrun);
    assert_true(spoke_row_unpack(packer_finish(&packer), &spoke_back));
    assert_memory_equal(&spoke, &spoke_back, sizeof(spoke));
    packer = packer_from(memory, VENUE_ROW_BYTES_MAX);
    venue_row_pack(&packer, &venue);
    assert_false(packer.overrun);
    const struct bytes packed = packer_finish(&packer);
    assert_true(venue_row_unpack(packed, &venue_back));
    assert_memory_equal(&venue, &venue_back, sizeof(venue));
    for (size_t count = 0; count < packed.count; count++) {
        assert_false(venue_row_unpack(bytes_from(packed.data, count), &venue_back));
    }
}

/* 1 % in 24 hours is 365 % in a year of 365 days; the measure moves on by half horizons. */
static void a_rate_is_measured_by_growth(void **state)
{
    (void)state;
    const struct duration horizon = {.ns = 48 * HOUR_NS};
    struct venue_row row = {.block = 1};
    struct venue_state reading;
    uint64_t rate;

    fill_venue(&reading, 1000000);
    venue_row_take(&row, &reading, (struct instant){.ns = HOUR_NS}, horizon);
    assert_false(venue_rate_measured(&row, &rate)); /* one reading is no growth */
    venue_row_take(&row, &reading, (struct instant){.ns = HOUR_NS + 1000000000u}, horizon);
    assert_false(venue_rate_measured(&row, &rate)); /* nor are two a second apart */
    reading.share_price = amount_from_u64(1010000);
    venue_row_take(&row, &reading, (struct instant){.ns = 25 * HOUR_NS}, horizon);
    assert_true(venue_rate_measured(&row, &rate));
    assert_int_equal(rate, 3650000000u);
    venue_row_take(&row, &reading, (struct instant){.ns = 49 * HOUR_NS}, horizon);
    assert_true(venue_rate_measured(&row, &rate));
    assert_int_equal(rate, 0); /* the first day is out of the measure, and since then: nothing */
    reading.share_price = amount_from_u64(900000);
    venue_row_take(&row, &reading, (struct instant){.ns = 50 * HOUR_NS}, horizon);
    assert_true(venue_rate_measured(&row, &rate));
    assert_int_equal(rate, 0); /* a loss is no yield */
    reading.share_price = amount_max();
    venue_row_take(&row, &reading, (struct instant){.ns = 51 * HOUR_NS}, horizon);
    assert_true(venue_rate_measured(&row, &rate));
    assert_int_equal(rate, 1000000000000u); /* bounded, not wrapped */
    reading.share_price = amount_zero();
    venue_row_take(&row, &reading, (struct instant){.ns = 52 * HOUR_NS}, horizon);
    assert_false(venue_rate_measured(&row, &rate));
    reading.share_price = amount_from_u64(1000000);
    venue_row_take(&row, &reading, (struct instant){.ns = 53 * HOUR_NS}, horizon);
    venue_row_take(&row, &reading, (struct instant){.ns = 54 * HOUR_NS}, horizon);
    assert_true(venue_rate_measured(&row, &rate));
    const uint64_t measured = rate;
    reading.share_price = amount_from_u64(2000000);
    venue_row_take(&row, &reading, (struct instant){.ns = 0}, horizon); /* of no known time */
    assert_true(venue_rate_measured(&row, &rate));
    assert_int_equal(rate, measured); /* neither forgotten, nor grown in no time */
}

static struct world *venue_world(void)
{
    struct world *world = world_new(ROUTE_OBSERVE);

    world->config.spokes_count = 1;
    world->config.spokes[0] = (struct core_spoke){
        .domain = 1, .asset = 0, .spoke = spoke_address(), .token = token_address()};
    world->config.venues_count = 1;
    world->config.venues[0] =
        (struct core_venue){.spoke = 0, .index = 3, .kind = VENUE_ERC4626, .venue = evm_filled(9)};
    return world;
}

static void answer(struct world *world, const struct spoke_state *spoke,
                   const struct venue_state *venue, uint64_t block)
{
    const struct event event = {.kind = EVENT_POSITIONS,
                                .domain = 1,
                                .positions = {.outcome = OUTCOME_OK,
                                              .block_number = block,
                                              .spokes = spoke,
                                              .spokes_count = 1,
                                              .venues = venue,
                                              .venues_count = venue != NULL ? 1 : 0}};

    world_begin(world);
    venue_on_positions(&world->step, &event);
    world_end(world);
}

static void only_what_is_configured_and_concave_is_kept(void **state)
{
    (void)state;
    struct world *world = venue_world();
    struct spoke_state spoke;
    struct venue_state venue;
    struct spoke_row spoke_row;
    struct venue_row venue_row;

    fill_spoke(&spoke, 500);
    fill_venue(&venue, 1000);
    answer(world, &spoke, &venue, 7);
    world_begin(world);
    assert_true(venue_get_spoke(&world->step, &world->config.spokes[0], &spoke_row));
    assert_true(venue_get(&world->step, &world->config.spokes[0], 3, &venue_row));
    world_end(world);
    assert_int_equal(spoke_row.block, 7);
    assert_memory_equal(&spoke_row.state, &spoke, sizeof(spoke));
    assert_int_equal(venue_row.block, 7);
    assert_memory_equal(&venue_row.state, &venue, sizeof(venue));

    venue.pieces_count = 2;
    venue.pieces[0] = (struct venue_piece){.width = amount_from_u64(5), .rate_nano = 1};
    venue.pieces[1] = (struct venue_piece){.width = amount_from_u64(5), .rate_nano = 2};
    spoke.token = evm_filled(0x77); /* another asset of the spoke, which nobody asked about */
    answer(world, &spoke, &venue, 8);
    venue.pieces[1] = (struct venue_piece){.rate_nano = 1}; /* falls, and is nothing wide */
    answer(world, &spoke, &venue, 8);
    venue.index = 4; /* a venue that the mandate does not name */
    venue.pieces_count = 0;
    answer(world, &spoke, &venue, 9);
    world_begin(world);
    assert_true(venue_get_spoke(&world->step, &world->config.spokes[0], &spoke_row));
    assert_true(venue_get(&world->step, &world->config.spokes[0], 3, &venue_row));
    assert_int_equal(spoke_row.block, 7);
    assert_int_equal(venue_row.block, 7);
    assert_false(venue_get(&world->step, &world->config.spokes[0], 4, &venue_row));
    world_end(world);
    world_free(world);
}

/* Once when it closes, once when it opens again; an open one that is new says nothing. */
static void a_gate_that_turns_is_told_once_by_its_name(void **state)
{
    (void)state;
    struct world *world = venue_world();
    struct spoke_state spoke;
    struct venue_state venue;
    static const struct {
        enum venue_gate gate;
        enum reason reason;
    } closed[] = {{VENUE_SHUT, REASON_VENUE_SHUT},
                  {VENUE_PAUSED, REASON_VENUE_PAUSED},
                  {VENUE_CODE_CHANGED, REASON_VENUE_CODE_CHANGED},
                  {VENUE_PRICE_JUMPED, REASON_VENUE_PRICE_JUMPED},
                  {VENUE_SUPPLY_LOW, REASON_VENUE_SUPPLY_LOW},
                  {VENUE_INSOLVENT, REASON_VENUE_INSOLVENT},
                  {VENUE_FROZEN, REASON_VENUE_FROZEN},
                  {VENUE_FULL, REASON_VENUE_FULL},
                  {VENUE_RECEIPT_CHANGED, REASON_VENUE_RECEIPT_CHANGED}};

    fill_spoke(&spoke, 500);
    fill_venue(&venue, 1000);
    answer(world, &spoke, &venue, 1);
    assert_int_equal(world_notes(world, REASON_VENUE_OPEN), 0);
    for (uint32_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        venue.gate = closed[i].gate;
        answer(world, &spoke, &venue, 2 + i);
        answer(world, &spoke, &venue, 2 + i);
        assert_int_equal(world_notes(world, closed[i].reason), 1);
    }
    venue.gate = VENUE_OPEN;
    answer(world, &spoke, &venue, 20);
    assert_int_equal(world_notes(world, REASON_VENUE_OPEN), 1);
    world_free(world);
}

/* A debt that lacks guard is an alarm, once; so is the word that it is well again. */
static void a_debt_that_lacks_guard_is_told_once(void **state)
{
    (void)state;
    struct world *world = venue_world();
    struct spoke_state spoke;
    struct venue_state venue;

    world->config.venues[0].health_min.value = 20000;
    fill_spoke(&spoke, 500);
    fill_venue(&venue, 1000);
    venue.account_debt = amount_from_u64(50);
    venue.account_guard = amount_from_u64(100);
    venue.unit_guard = amount_from_u64(1);
    answer(world, &spoke, &venue, 1);
    assert_int_equal(world_notes(world, REASON_HEALTH_LOW), 0);
    venue.account_guard = amount_from_u64(99);
    answer(world, &spoke, &venue, 2);
    answer(world, &spoke, &venue, 3);
    assert_int_equal(world_notes(world, REASON_HEALTH_LOW), 1);
    assert_int_equal(world_notes(world, REASON_HEALTH_SAFE), 0);
    venue.account_debt = amount_from_u64(49);
    answer(world, &spoke, &venue, 4);
    answer(world, &spoke, &venue, 5);
    assert_int_equal(world_notes(world, REASON_HEALTH_SAFE), 1);
    world_free(world);
}

/* What is owed somewhere that says nothing is an alarm, once, and never taken for nothing owed; one
 * that was never read may owe as well. Where nothing is guarded nobody cares. */
static void a_guarded_debt_that_goes_mute_is_told_once(void **state)
{
    (void)state;
    struct world *world = venue_world();
    struct spoke_state spoke;
    struct venue_state venue;
    struct venue_row row;

    fill_spoke(&spoke, 500);
    fill_venue(&venue, 1000);
    answer(world, &spoke, NULL, 1);
    assert_int_equal(world_notes(world, REASON_GUARD_MUTE), 0);
    world->config.venues[0].health_min.value = 10001;
    answer(world, &spoke, NULL, 2);
    answer(world, &spoke, NULL, 3);
    assert_int_equal(world_notes(world, REASON_GUARD_MUTE), 1);
    answer(world, &spoke, &venue, 4);
    assert_int_equal(world_notes(world, REASON_GUARD_HEARD), 1);
    answer(world, &spoke, NULL, 5);
    answer(world, &spoke, NULL, 6);
    assert_int_equal(world_notes(world, REASON_GUARD_MUTE), 2);
    world_begin(world);
    assert_true(venue_get(&world->step, &world->config.spokes[0], 3, &row));
    world_end(world);
    assert_int_equal(row.block, 4); /* which is not the spoke's: nothing is planned with it */
    answer(world, &spoke, &venue, 7);
    assert_int_equal(world_notes(world, REASON_GUARD_HEARD), 2);
    venue.account_debt = amount_zero();
    answer(world, &spoke, &venue, 8);
    answer(world, &spoke, NULL, 9);
    assert_int_equal(world_notes(world, REASON_GUARD_MUTE), 2); /* nothing was owed there */
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(a_rate_is_measured_by_growth),
        cmocka_unit_test(only_what_is_configured_and_concave_is_kept),
        cmocka_unit_test(a_gate_that_turns_is_told_once_by_its_name),
        cmocka_unit_test(a_debt_that_lacks_guard_is_told_once),
        cmocka_unit_test(a_guarded_debt_that_goes_mute_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
