/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan/plan_shares.c: what the mandate's caps and floors of a chain, a venue and an
 * issuer leave room for, for the plan between spokes and venues.
 *
 * The whole is what all spokes of one asset hold, with what is on its way between them. A share
 * that holds for each asset by itself holds for all assets together at whatever prices, and so no
 * price is asked for. Routers of the asset are shared out by themselves (plan_snapshot.c),
 * likewise.
 *
 * Room is counted gross: what enters does not count on what leaves in the same plan, which may come
 * later or never. Where a place is left out of the plan the whole is smaller than it is. Caps are
 * then tighter, and safe. A floor would be lower, so nothing leaves a chain that has one; and what
 * a spoke or an issuer with such a venue holds is more than is known, so nothing enters there
 * while a cap is on it. */
#include "relay/core/plan/plan_internal.h"

static bool add(struct amount *sum, const struct amount *part)
{
    return amount_add(sum, part, sum) == STATUS_OK;
}

/* With what is on its way to it. False: out of range. */
static bool venue_holds(const struct plan_venue *site, struct amount *sum)
{
    return add(sum, &site->row.state.supplied) && add(sum, &site->inbound);
}

static bool spoke_holds(const struct plan_venues *snapshot, uint32_t spoke, struct amount *ret_sum)
{
    const struct plan_spoke *at = &snapshot->spokes[spoke];

    *ret_sum = at->row.state.idle;
    if (!add(ret_sum, &at->inbound)) {
        return false;
    }
    for (uint32_t i = 0; i < snapshot->venues_count; i++) {
        if (snapshot->venues[i].spoke == spoke && !venue_holds(&snapshot->venues[i], ret_sum)) {
            return false;
        }
    }
    return true;
}

/* The smaller of a cap and what the share allows; either may be absent. */
static struct amount cap_of(const struct plan_venues *snapshot, const struct amount *cap,
                            struct bps share)
{
    const struct amount most = amount_is_zero(cap) ? amount_max() : *cap;
    const struct amount part = capital_share(&snapshot->everything, share);

    return share.value == 0 ? most : amount_smaller(&most, &part);
}

/* The larger of a floor and what the share wants. */
static struct amount floor_of(const struct plan_venues *snapshot, const struct amount *floor,
                              struct bps share)
{
    const struct amount part = capital_share(&snapshot->everything, share);

    return amount_compare(&part, floor) > 0 ? part : *floor;
}

/* What may leave what holds this; a share of a whole that is not known whole is none. */
static struct amount above_floor(const struct plan_venues *snapshot, const struct amount *holds,
                                 const struct amount *floor, struct bps share)
{
    const struct amount least = floor_of(snapshot, floor, share);

    return share.value != 0 && snapshot->left_out != REASON_NONE ? amount_zero()
                                                                 : capital_less(holds, &least);
}

static bool spoke_rooms(const struct core_config *config, struct plan_venues *snapshot,
                        uint32_t spoke)
{
    struct plan_spoke *at = &snapshot->spokes[spoke];
    const struct core_spoke *limits = &config->spokes[at->index];
    struct amount holds;

    if (!spoke_holds(snapshot, spoke, &holds)) {
        return false;
    }
    at->is_capped = !amount_is_zero(&limits->cap) || limits->cap_share.value != 0;
    at->is_floored = !amount_is_zero(&limits->floor) || limits->floor_share.value != 0;
    const struct amount cap = cap_of(snapshot, &limits->cap, limits->cap_share);
    at->cap_room = at->partial ? amount_zero() : capital_less(&cap, &holds);
    at->floor_room = above_floor(snapshot, &holds, &limits->floor, limits->floor_share);
    return true;
}

/* What may still enter a venue with a cap of its own, and leave one with a floor. What is on its
 * way to it may not arrive, so that a floor does not count on it. */
static bool venue_rooms(const struct core_venue *limits, const struct plan_venues *snapshot,
                        struct plan_venue *site)
{
    const struct amount cap = cap_of(snapshot, &limits->cap, limits->cap_share);
    struct amount holds = amount_zero();

    if (!venue_holds(site, &holds)) {
        return false;
    }
    if (!amount_is_zero(&limits->cap) || limits->cap_share.value != 0) {
        const struct amount room = capital_less(&cap, &holds);
        site->enter_max = amount_smaller(&site->enter_max, &room);
    }
    if (!amount_is_zero(&limits->floor) || limits->floor_share.value != 0) {
        const struct amount spare =
            above_floor(snapshot, &site->row.state.supplied, &limits->floor, limits->floor_share);
        site->leave_max = amount_smaller(&site->leave_max, &spare);
    }
    return true;
}

/* The venues that an issuer has for the asset, whether they are places or not. */
static uint32_t issued_count(const struct core_config *config, uint32_t asset, uint32_t issuer)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < config->venues_count; i++) {
        const struct core_venue *venue = &config->venues[i];
        count += venue->issuer == issuer && config->spokes[venue->spoke].asset == asset ? 1u : 0u;
    }
    return count;
}

/* What may still enter all venues of the issuer of one, kept with the first of them. */
static bool issuer_room(const struct core_config *config, struct plan_venues *snapshot,
                        uint32_t venue)
{
    struct plan_venue *site = &snapshot->venues[venue];
    const uint32_t asset = config->spokes[config->venues[site->index].spoke].asset;
    struct amount holds = amount_zero();
    uint32_t count = 0;

    for (uint32_t i = 0; i < snapshot->venues_count && site->issuer != 0; i++) {
        if (snapshot->venues[i].issuer != site->issuer) {
            continue;
        }
        if (i < venue) {
            return true; /* it leads */
        }
        count++;
        if (!venue_holds(&snapshot->venues[i], &holds)) {
            return false;
        }
    }
    const struct amount share =
        capital_share(&snapshot->everything, config->venues[site->index].issuer_cap_share);
    site->leads_issuer = site->issuer != 0;
    site->issuer_room = count < issued_count(config, asset, site->issuer)
                            ? amount_zero()
                            : capital_less(&share, &holds);
    return true;
}

bool plan_shares_find(const struct core_config *config, struct plan_venues *snapshot)
{
    bool good = true;

    for (uint32_t i = 0; good && i < snapshot->spokes_count; i++) {
        good = spoke_rooms(config, snapshot, i);
    }
    for (uint32_t i = 0; good && i < snapshot->venues_count; i++) {
        /* What is paid back is no holding. */
        good =
            snapshot->venues[i].is_debt || (venue_rooms(&config->venues[snapshot->venues[i].index],
                                                        snapshot, &snapshot->venues[i]) &&
                                            issuer_room(config, snapshot, i));
    }
    return good;
}
