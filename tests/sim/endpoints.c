/* SPDX-License-Identifier: Apache-2.0 */
/* What the endpoints of a chain are like in lives of quorums. With n endpoints of which q must
 * agree, up to q - 1 tell the same lie and up to n - q give nothing that is of use; in some lives
 * both, so that nothing can be decided before the faults end, and nothing may be. */
#include "tests/sim/sim_internal.h"

#define BLACKOUT_NS UINT64_C(20000000000) /* how long one lasts */

enum { LAG_MOST = 60 };

/* The same from every liar, or something else that a quorum outvotes. */
static enum sim_character draw_wrong(struct prng *prng)
{
    static const enum sim_character kinds[] = {CHARACTER_LIAR, CHARACTER_LIAR, CHARACTER_LIAR,
                                               CHARACTER_FORGETFUL};

    return kinds[prng_below(prng, sizeof(kinds) / sizeof(kinds[0]))];
}

static enum sim_character draw_useless(struct prng *prng)
{
    static const enum sim_character kinds[] = {CHARACTER_SILENT, CHARACTER_STALE,
                                               CHARACTER_TURNCOAT};

    return kinds[prng_below(prng, sizeof(kinds) / sizeof(kinds[0]))];
}

void endpoints_draw(struct sim *sim, uint32_t chain)
{
    struct chain_config *const config = &sim->chains[chain].config;
    struct sim_endpoint *const endpoints = sim->endpoints[chain];
    struct prng *const prng = &sim->prng;
    const uint32_t count = (uint32_t)prng_between(prng, 3, SIM_ENDPOINTS_MAX);
    const uint32_t quorum = (uint32_t)prng_between(prng, count / 2 + 1, count);
    const bool has_both = prng_chance(prng, 4);
    const bool has_wrong = has_both || prng_chance(prng, 2);
    /* Where progress is wanted, those that are left are a quorum. */
    const uint32_t spare = count - quorum;
    const uint32_t wrong_most = has_both || quorum - 1 < spare ? quorum - 1 : spare;
    const uint32_t wrong = has_wrong ? (uint32_t)prng_between(prng, 0, wrong_most) : 0;
    const uint32_t useless = has_both || !has_wrong ? (uint32_t)prng_between(prng, 0, spare) : 0;
    const uint32_t first = (uint32_t)prng_below(prng, count);

    sim->endpoints_count[chain] = count;
    config->endpoints_count = count;
    config->quorum = quorum;
    for (uint32_t i = 0; i < wrong + useless && i < count; i++) {
        struct sim_endpoint *const endpoint = &endpoints[(first + i) % count];
        endpoint->character = i < wrong ? draw_wrong(prng) : draw_useless(prng);
        endpoint->lag = prng_between(prng, 1, LAG_MOST);
        sim->has_turncoats |= endpoint->character == CHARACTER_TURNCOAT;
    }
    sim->has_blackouts = sim->has_blackouts || prng_chance(prng, 6);
    sim_tell(sim, "chain %u: %u endpoints, %u must agree, %u wrong, %u useless", chain, count,
             quorum, wrong, useless);
}

/* Drawn from the time alone: nothing of the life moves because of it. */
static bool is_blacked_out(const struct sim *sim, uint32_t chain, uint32_t endpoint)
{
    const uint64_t slice = sim->clock.now_ns / BLACKOUT_NS;
    struct prng prng = prng_from(sim->options.seed ^ slice << 8 ^ (uint64_t)chain << 4 ^ endpoint);

    return sim->has_blackouts && prng_chance(&prng, 3);
}

enum sim_character endpoint_character(const struct sim *sim, uint32_t chain, uint32_t endpoint)
{
    if (!sim->faults_on) {
        return CHARACTER_HONEST;
    }
    return is_blacked_out(sim, chain, endpoint) ? CHARACTER_SILENT
                                                : sim->endpoints[chain][endpoint].character;
}

uint64_t endpoint_lag(const struct sim *sim, uint32_t chain, uint32_t endpoint)
{
    return endpoint_character(sim, chain, endpoint) == CHARACTER_STALE
               ? sim->endpoints[chain][endpoint].lag
               : 0;
}
