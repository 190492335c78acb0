/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan/plan_proof.c: what an answer's proof proves, by the independent certificate, and
 * which limits its prices name. The plan is the exact one, the prices are doubles: any prices prove
 * some bound, so nothing here can be fooled into more than "the gap is large". */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/plan/plan_internal.h"
#include "relay/routing/certificate.h"
#include "relay/routing/explain.h"
#include "relay/routing/network_model.h"
#include "relay/routing/proof.h"

#define MODEL_BYTES_MAX   262144u
#define SCRATCH_BYTES_MAX 65536u
#define PRICES_BYTES_MAX  65536u
#define EXPLAIN_BYTES_MAX 262144u
#define PPM               1000000.0
#define NANO              1000000000.0
#define PRICE_NANO_MAX    1e18

/* What a check needs, on the stack: everything in the core is bounded. */
struct proof_check {
    const struct core_config *config;
    const struct network *network;
    struct model model;
    struct model_plan plan;
    double positions[PLAN_ROUTERS_MAX];
    double flows[PLAN_CORRIDORS_MAX];
    _Alignas(16) uint8_t model_memory[MODEL_BYTES_MAX];
    _Alignas(16) uint8_t prices_memory[PRICES_BYTES_MAX];
};

static bool check_build(struct proof_check *check, const struct amount *flows,
                        const struct amount *positions, struct bytes proof)
{
    const struct network *network = check->network;

    if (network_model_footprint(&network->counts) > sizeof(check->model_memory) ||
        network_model_build(network, check->model_memory, &check->model) != STATUS_OK ||
        proof_footprint(&check->model) > sizeof(check->prices_memory) ||
        proof_unpack(proof, &check->model, check->prices_memory, &check->plan) != STATUS_OK) {
        return false;
    }
    for (uint32_t i = 0; i < network->counts.places; i++) {
        check->positions[i] = network_model_amount(&positions[i], network->places[i].decimals);
    }
    for (uint32_t i = 0; i < network->counts.corridors; i++) {
        check->flows[i] =
            network_model_amount(&flows[i], network->places[network->corridors[i].from].decimals);
    }
    check->plan.positions = check->positions;
    check->plan.flows = check->flows;
    return true;
}

/* In parts per million, rounded up; the most when it is not one of 0 to 1. */
static uint32_t gap_ppm(double gap)
{
    if (!(gap > 0)) {
        return 0;
    }
    if (!(gap < 1)) {
        return (uint32_t)PPM;
    }
    return (uint32_t)(gap * PPM) + 1;
}

/* ---- limits ---- */

/* The chain of a place; 0: of none. */
static uint32_t domain_of(const struct core_config *config, uint32_t tag)
{
    if (tag < config->routers_count) {
        return config->routers[tag].domain;
    }
    if (tag >= PLANNED_DEBT_FIRST && tag - PLANNED_DEBT_FIRST < config->venues_count) {
        return config->spokes[config->venues[tag - PLANNED_DEBT_FIRST].spoke].domain;
    }
    if (tag >= PLANNED_VENUE_FIRST && tag - PLANNED_VENUE_FIRST < config->venues_count) {
        return config->spokes[config->venues[tag - PLANNED_VENUE_FIRST].spoke].domain;
    }
    if (tag >= PLANNED_SPOKE_FIRST && tag - PLANNED_SPOKE_FIRST < config->spokes_count) {
        return config->spokes[tag - PLANNED_SPOKE_FIRST].domain;
    }
    return 0;
}

static bool leaves(enum plan_limit_kind kind)
{
    return kind == PLAN_LIMIT_LEAVING || kind == PLAN_LIMIT_FLOOR || kind == PLAN_LIMIT_SHARE;
}

static struct plan_limit limit_of(const struct proof_check *check,
                                  const struct explain_limit *explained)
{
    const struct network *network = check->network;
    const double nano = explained->price * NANO;
    struct plan_limit limit = {.price_nano =
                                   (uint64_t)(nano < PRICE_NANO_MAX ? nano : PRICE_NANO_MAX)};
    uint32_t tag;

    switch (explained->kind) {
    case EXPLAIN_CORRIDOR_MAX:
        tag = network->places[network->corridors[explained->index].from].tag;
        limit.kind = PLAN_LIMIT_WAY;
        limit.source_domain = domain_of(check->config, tag);
        tag = network->places[network->corridors[explained->index].to].tag;
        limit.target_domain = domain_of(check->config, tag);
        break;
    case EXPLAIN_GROUP_MIN:
    case EXPLAIN_GROUP_MAX:
        tag = network->groups[explained->index].tag / PLAN_GROUP_KINDS;
        limit.kind =
            (enum plan_limit_kind)(network->groups[explained->index].tag % PLAN_GROUP_KINDS);
        limit.source_domain = leaves(limit.kind) ? domain_of(check->config, tag) : 0;
        limit.target_domain = leaves(limit.kind) ? 0 : domain_of(check->config, tag);
        break;
    case EXPLAIN_PLACE_MIN:
    case EXPLAIN_PLACE_MAX:
        break; /* no place of ours has bounds that could bind */
    }
    return limit;
}

/* Keeps the dearest, the dearest first. */
static void limit_keep(struct plan_answer *answer, struct plan_limit limit)
{
    uint32_t at = answer->limits_count;

    while (at > 0 && answer->limits[at - 1].price_nano < limit.price_nano) {
        at--;
    }
    if (at == PLAN_LIMITS_MAX) {
        return;
    }
    answer->limits_count += answer->limits_count < PLAN_LIMITS_MAX ? 1u : 0u;
    for (uint32_t i = answer->limits_count - 1; i > at; i--) {
        answer->limits[i] = answer->limits[i - 1];
    }
    answer->limits[at] = limit;
}

static void limits_find(const struct proof_check *check, struct plan_answer *answer)
{
    _Alignas(16) uint8_t memory[EXPLAIN_BYTES_MAX];
    struct explanation explanation;

    if (explain_footprint(&check->model) > sizeof(memory)) {
        return;
    }
    explain_plan(&check->model, check->positions, check->flows, &check->plan.prices, memory,
                 &explanation);
    for (uint32_t i = 0; i < explanation.limits_count; i++) {
        const struct plan_limit limit = limit_of(check, &explanation.limits[i]);
        if (limit.kind != 0 && limit.price_nano > 0) {
            limit_keep(answer, limit);
        }
    }
}

bool plan_proof_check(const struct core_config *config, const struct plan_question *question,
                      const struct amount *flows, const struct amount *positions,
                      struct bytes proof, struct plan_answer *answer)
{
    struct proof_check check = {.config = config, .network = &question->network};
    _Alignas(16) uint8_t scratch[SCRATCH_BYTES_MAX];
    struct certificate certificate;

    if (!check_build(&check, flows, positions, proof) ||
        certificate_footprint(&check.model) > sizeof(scratch) ||
        certificate_compute(&check.model, &check.plan, scratch, &certificate) != STATUS_OK ||
        certificate.violation > CERTIFICATE_VIOLATION_MAX) {
        return false;
    }
    answer->gap_ppm = gap_ppm(certificate.gap);
    limits_find(&check, answer);
    return true;
}
