/* SPDX-License-Identifier: Apache-2.0 */
/* How much of an asset the whole portfolio is exposed to, over two chains, a reserve with a debt
 * and what is under way; the band around it and the buffers, which widen with the price's
 * volatility. */
#include "relay/core/capital/exposure.h"

#include <stdlib.h>

#include "relay/core/capital/capital_internal.h"
#include "relay/core/capital/capital_view.h"
#include "relay/core/capital/flows.h"
#include "relay/core/capital/venue_rows.h"
#include "tests/support/capital_world.h"

#define SPOKES  2u
#define PERCENT UINT64_C(10000000)
#define HOUR_MS 3600000u

static struct address spoke_address(uint32_t domain)
{
    return evm_filled((uint8_t)(0x50 + domain));
}

static struct address token_address(uint32_t domain)
{
    return evm_filled((uint8_t)(0x70 + domain));
}

/* 1,000 idle on either chain, 300 in a reserve of the first one, of which 250 are owed. */
static struct world *portfolio_new(void)
{
    struct world *world = world_new(ROUTE_OBSERVE);
    struct core_config *config = &world->config;

    config->spokes_count = SPOKES;
    for (uint32_t i = 0; i < SPOKES; i++) {
        config->spokes[i] = (struct core_spoke){
            .domain = 1 + i, .spoke = spoke_address(1 + i), .token = token_address(1 + i)};
    }
    config->venues_count = 1;
    config->venues[0] =
        (struct core_venue){.index = 3, .kind = VENUE_AAVE, .venue = evm_filled(0x60)};
    config->assets[0].delta_max = amount_from_u64(2050);
    return world;
}

struct telling {
    uint64_t idle;
    uint64_t supplied; /* on chain 1 */
    uint64_t owed;
    uint64_t sent; /* to the other one */
    uint64_t received;
    bool is_mute; /* its reserve does not answer */
};

/* The next reading of a chain. */
static void tell(struct world *world, uint32_t domain, const struct telling *telling)
{
    static uint64_t block = 10;
    const struct spoke_state spoke = {.spoke = spoke_address(domain),
                                      .token = token_address(domain),
                                      .idle = amount_from_u64(telling->idle)};
    const struct venue_state venue = {.spoke = spoke_address(domain),
                                      .index = 3,
                                      .gate = VENUE_OPEN,
                                      .supplied = amount_from_u64(telling->supplied),
                                      .owed = amount_from_u64(telling->owed)};
    const struct spoke_flow flow = {.spoke = spoke_address(domain),
                                    .token = token_address(domain),
                                    .sibling = 3 - domain,
                                    .sent = amount_from_u64(telling->sent),
                                    .announced = amount_from_u64(telling->received),
                                    .received = amount_from_u64(telling->received)};
    const struct event event = {
        .kind = EVENT_POSITIONS,
        .domain = domain,
        .positions = {.outcome = OUTCOME_OK,
                      .block_number = ++block,
                      .spokes = &spoke,
                      .spokes_count = 1,
                      .venues = &venue,
                      .venues_count = domain == 1 && !telling->is_mute ? 1 : 0,
                      .flows = &flow,
                      .flows_count = 1}};

    world_begin(world);
    venue_on_positions(&world->step, &event);
    flow_on_positions(&world->step, &event);
    exposure_on_positions(&world->step, domain);
    world_end(world);
}

static const struct telling first = {.idle = 1000, .supplied = 300, .owed = 250};
static const struct telling second = {.idle = 1000};

static struct exposure_row row_of(struct world *world)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct exposure_row row;
    struct bytes value;

    world_begin(world);
    assert_true(step_get(&world->step, exposure_key(key, world->config.assets[0].symbol), &value));
    assert_true(exposure_row_unpack(value, &row));
    world_end(world);
    return row;
}

static void assert_amount(const struct amount *amount, uint64_t wanted)
{
    uint64_t number = 0;

    assert_status(STATUS_OK, amount_to_u64(amount, &number));
    assert_int_equal(number, wanted);
}

static void all_of_it_counts_once(void **state)
{
    (void)state;
    struct world *world = portfolio_new();

    tell(world, 1, &first);
    tell(world, 2, &second);
    struct exposure_row row = row_of(world);
    assert_int_equal(row.reason, REASON_EXPOSURE_INSIDE);
    assert_amount(&row.exposure.idle, 2000);
    assert_amount(&row.exposure.supplied, 300);
    assert_amount(&row.exposure.owed, 250);
    assert_false(row.exposure.delta.negative);
    assert_amount(&row.exposure.delta.amount, 2050);
    /* 400 left the first one: they are nowhere but under way. */
    tell(world, 1, &(struct telling){.idle = 600, .supplied = 300, .owed = 250, .sent = 400});
    row = row_of(world);
    assert_amount(&row.exposure.under_way.amount, 400);
    assert_amount(&row.exposure.delta.amount, 2050);
    tell(world, 2, &(struct telling){.idle = 1400, .received = 400});
    row = row_of(world);
    assert_amount(&row.exposure.under_way.amount, 0);
    assert_amount(&row.exposure.delta.amount, 2050);
    world_free(world);
}

/* The second one's newer reading has what the first one's older one still shows. */
static void what_arrived_before_it_left_counts_once_too(void **state)
{
    (void)state;
    struct world *world = portfolio_new();

    tell(world, 1, &first);
    tell(world, 2, &(struct telling){.idle = 1400, .received = 400});
    const struct exposure_row row = row_of(world);
    assert_true(row.exposure.under_way.negative);
    assert_amount(&row.exposure.under_way.amount, 400);
    assert_amount(&row.exposure.delta.amount, 2050);
    assert_int_equal(row.reason, REASON_EXPOSURE_INSIDE);
    world_free(world);
}

static void what_leaves_the_band_is_told_once(void **state)
{
    (void)state;
    struct world *world = portfolio_new();
    const struct telling more = {.idle = 1001, .supplied = 300, .owed = 250};
    const struct telling debt = {.idle = 1000, .supplied = 300, .owed = 4351};

    tell(world, 1, &first);
    tell(world, 2, &second);
    assert_int_equal(world_notes(world, REASON_EXPOSURE_INSIDE), 0);
    tell(world, 1, &more);
    tell(world, 1, &more);
    assert_int_equal(row_of(world).reason, REASON_EXPOSURE_LONG);
    assert_int_equal(world_notes(world, REASON_EXPOSURE_LONG), 1);
    /* A reading that is missed in between is no way back. */
    tell(world, 1, &(struct telling){.idle = 1001, .is_mute = true});
    assert_int_equal(row_of(world).reason, REASON_POSITIONS_UNKNOWN);
    assert_int_equal(world_notes(world, REASON_EXPOSURE_INSIDE), 0);
    tell(world, 1, &first);
    assert_int_equal(world_notes(world, REASON_EXPOSURE_INSIDE), 1);
    tell(world, 1, &debt);
    const struct exposure_row row = row_of(world);
    assert_int_equal(row.reason, REASON_EXPOSURE_SHORT);
    assert_true(row.exposure.delta.negative);
    assert_amount(&row.exposure.delta.amount, 2051);
    assert_int_equal(world_notes(world, REASON_EXPOSURE_SHORT), 1);
    world_free(world);
}

static void a_missing_reading_is_not_zero(void **state)
{
    (void)state;
    struct world *world = portfolio_new();

    tell(world, 1, &first);
    struct exposure_row row = row_of(world);
    assert_int_equal(row.reason, REASON_POSITIONS_UNKNOWN); /* nobody asked chain 2 */
    assert_amount(&row.exposure.idle, 0);
    tell(world, 2, &second);
    assert_int_equal(row_of(world).reason, REASON_EXPOSURE_INSIDE);
    tell(world, 1, &(struct telling){.idle = 1000, .is_mute = true});
    row = row_of(world);
    assert_int_equal(row.reason, REASON_POSITIONS_UNKNOWN); /* its reserve did not answer */
    world_free(world);
}

/* ---- what widens ---- */

static void price(struct world *world, uint64_t number)
{
    const struct amount amount = amount_from_u64(number);

    world_begin(world);
    exposure_on_price(&world->step, 0, &amount);
    world_end(world);
}

/* Half an hour of prices that do not move, then one that is 4 % higher: 4 % in a day. */
static void price_jumps(struct world *world)
{
    for (uint32_t i = 0; i < 3; i++) {
        price(world, 1000);
        world->step.now = instant_after(world->step.now, DURATION_MS(HOUR_MS));
    }
    price(world, 1040);
}

static uint64_t band_of(struct world *world)
{
    uint64_t number = 0;

    tell(world, 1, &first);
    tell(world, 2, &second);
    const struct exposure_row row = row_of(world);
    assert_status(STATUS_OK, amount_to_u64(&row.band, &number));
    return number;
}

static void the_band_widens_with_the_price_up_to_the_mandates(void **state)
{
    (void)state;
    struct world *world = portfolio_new();
    struct core_asset *asset = &world->config.assets[0];

    asset->delta_max = amount_from_u64(3000);
    asset->delta_calm = amount_from_u64(1000);
    asset->volatility_calm.value = 200;
    assert_int_equal(band_of(world), 1000); /* unknown: as narrow as in calm */
    assert_int_equal(row_of(world).reason, REASON_EXPOSURE_LONG);
    price_jumps(world);
    assert_in_range(band_of(world), 1900, 2000); /* twice 2 % a day, less what is forgotten */
    assert_in_range(row_of(world).volatility_nano, 38 * PERCENT / 10, 4 * PERCENT);
    asset->volatility_calm.value = 20;
    assert_int_equal(band_of(world), 3000);
    assert_int_equal(row_of(world).reason, REASON_EXPOSURE_INSIDE);
    asset->volatility_calm.value = 0;
    assert_int_equal(band_of(world), 1000);
    world->step.now = instant_after(
        world->step.now, DURATION_MS(25 * HOUR_MS)); /* no price for a day: unknown again */
    asset->volatility_calm.value = 20;
    assert_int_equal(band_of(world), 1000);
    assert_false(row_of(world).is_volatility_known);
    world_free(world);
}

static void rows_come_back(void **state)
{
    (void)state;
    struct world *world = portfolio_new();
    uint8_t memory[EXPOSURE_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));
    struct exposure_row back;

    price_jumps(world);
    tell(world, 1, &first);
    tell(world, 2, &second);
    const struct exposure_row row = row_of(world);
    exposure_row_pack(&packer, &row);
    const struct bytes packed = packer_finish(&packer);
    for (size_t count = 0; count < packed.count; count++) {
        assert_false(exposure_row_unpack(bytes_from(packed.data, count), &back));
    }
    assert_true(exposure_row_unpack(packed, &back));
    assert_memory_equal(&row, &back, sizeof(row));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it_counts_once),
        cmocka_unit_test(what_arrived_before_it_left_counts_once_too),
        cmocka_unit_test(what_leaves_the_band_is_told_once),
        cmocka_unit_test(a_missing_reading_is_not_zero),
        cmocka_unit_test(the_band_widens_with_the_price_up_to_the_mandates),
        cmocka_unit_test(rows_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
