/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/capital/flows.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/core/tables.h"

/* ---- rows ---- */

struct bytes flow_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct core_spoke *spoke,
                      uint32_t sibling)
{
    struct packer packer = packer_from(memory, CAPITAL_KEY_BYTES_MAX);

    pack_u8(&packer, TABLE_POSITION);
    pack_u8(&packer, 4);
    pack_u32(&packer, spoke->domain);
    pack_address(&packer, &spoke->spoke);
    pack_address(&packer, &spoke->token);
    pack_u32(&packer, sibling);
    return packer_finish(&packer);
}

void flow_row_pack(struct packer *packer, const struct flow_row *row)
{
    pack_u64(packer, row->block);
    pack_amount(packer, &row->sent);
    pack_amount(packer, &row->announced);
    pack_amount(packer, &row->received);
    pack_hash(packer, &row->leg);
    pack_bool(packer, row->taken);
}

bool flow_row_unpack(struct bytes bytes, struct flow_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->block = unpack_u64(&unpacker);
    ret_row->sent = unpack_amount(&unpacker);
    ret_row->announced = unpack_amount(&unpacker);
    ret_row->received = unpack_amount(&unpacker);
    ret_row->leg = unpack_hash(&unpacker);
    ret_row->taken = unpack_bool(&unpacker);
    return unpacker_is_done(&unpacker);
}

bool flow_get(struct step *step, const struct core_spoke *spoke, uint32_t sibling,
              struct flow_row *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    memset(ret_row, 0, sizeof(*ret_row));
    if (!step_get(step, flow_key(memory, spoke, sibling), &value)) {
        return false;
    }
    if (!flow_row_unpack(value, ret_row)) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

static void flow_put(struct step *step, const struct core_spoke *spoke, uint32_t sibling,
                     const struct flow_row *row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[FLOW_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));

    flow_row_pack(&packer, row);
    step_put(step, flow_key(key, spoke, sibling), packer_finish(&packer));
}

/* ---- booking ---- */

static const struct core_spoke *spoke_of(const struct step *step, uint32_t domain,
                                         const struct address *spoke, const struct address *token)
{
    for (uint32_t i = 0; i < step->config->spokes_count; i++) {
        const struct core_spoke *known = &step->config->spokes[i];
        if (known->domain == domain && address_equal(&known->spoke, spoke) &&
            address_equal(&known->token, token)) {
            return known;
        }
    }
    return NULL;
}

/* Does the spoke hold more than its books know? */
static bool holds_more(const struct event *event, const struct core_spoke *spoke)
{
    const struct amount *held = NULL;
    const struct amount *idle = NULL;

    for (uint32_t i = 0; i < event->positions.balances_count; i++) {
        const struct balance *balance = &event->positions.balances[i];
        if (address_equal(&balance->account, &spoke->spoke) &&
            address_equal(&balance->token, &spoke->token)) {
            held = &balance->amount;
        }
    }
    for (uint32_t i = 0; i < event->positions.spokes_count; i++) {
        const struct spoke_state *state = &event->positions.spokes[i];
        if (address_equal(&state->spoke, &spoke->spoke) &&
            address_equal(&state->token, &spoke->token)) {
            idle = &state->idle;
        }
    }
    return held != NULL && idle != NULL && amount_compare(held, idle) > 0;
}

static bool may_act(const struct step *step, const struct core_spoke *spoke)
{
    const struct core_chain *chain = step_chain(step, spoke->domain);
    const enum route_mode mode = step->config->route.mode;

    return !step->paused && (mode == ROUTE_ACT || mode == ROUTE_PROPOSE) && chain != NULL &&
           !address_is_zero(&chain->key);
}

static struct leg settle_leg(const struct step *step, const struct core_spoke *spoke,
                             uint32_t sibling, const struct hash *id)
{
    const struct core_chain *chain = step_chain(step, spoke->domain);
    struct leg leg;

    CHECK(chain != NULL);
    memset(&leg, 0, sizeof(leg));
    leg.id = *id;
    leg.kind = LEG_SETTLE;
    leg.domain = spoke->domain;
    leg.key = chain->key;
    leg.settle.spoke = spoke->spoke;
    leg.settle.origin = sibling;
    leg.settle.token = spoke->token;
    return leg;
}

/* A reading's leg has an id of its own, so that what became of an earlier one forbids nothing; and
 * a leg whose preparation was lost is simply asked for again by the next reading. */
static struct hash settle_id(const struct core_spoke *spoke, uint32_t sibling,
                             const struct event *event)
{
    uint8_t bytes[128];
    struct packer packer = packer_from(bytes, sizeof(bytes));

    pack_u32(&packer, spoke->domain);
    pack_address(&packer, &spoke->spoke);
    pack_address(&packer, &spoke->token);
    pack_u32(&packer, sibling);
    pack_hash(&packer, &event->positions.block_hash);
    return sha2_of(packer_finish(&packer));
}

void flow_on_positions(struct step *step, const struct event *event)
{
    for (uint32_t i = 0; i < event->positions.flows_count && step_has_room(step, 1); i++) {
        const struct spoke_flow *flow = &event->positions.flows[i];
        const struct core_spoke *spoke = spoke_of(step, event->domain, &flow->spoke, &flow->token);
        struct flow_row row;
        if (spoke == NULL) {
            continue;
        }
        (void)flow_get(step, spoke, flow->sibling, &row);
        row.block = event->positions.block_number;
        row.sent = flow->sent;
        row.announced = flow->announced;
        row.received = flow->received;
        if (!row.taken && amount_compare(&row.announced, &row.received) > 0 &&
            holds_more(event, spoke) && may_act(step, spoke)) {
            row.leg = settle_id(spoke, flow->sibling, event);
            step_command(step, COMMAND_PREPARE, spoke->domain)->prepare =
                settle_leg(step, spoke, flow->sibling, &row.leg);
        }
        flow_put(step, spoke, flow->sibling, &row);
    }
}

/* Walks the flows of a chain; false: none of them has this leg. */
static bool flow_of_leg(struct step *step, uint32_t domain, const struct hash *leg,
                        const struct core_spoke **ret_spoke, uint32_t *ret_sibling,
                        struct flow_row *ret_row)
{
    const struct core_config *config = step->config;

    for (uint32_t i = 0; i < config->spokes_count; i++) {
        for (uint32_t k = 0; k < config->spokes_count && config->spokes[i].domain == domain; k++) {
            *ret_spoke = &config->spokes[i];
            *ret_sibling = config->spokes[k].domain;
            if (config->spokes[k].asset == config->spokes[i].asset && *ret_sibling != domain &&
                flow_get(step, *ret_spoke, *ret_sibling, ret_row) &&
                hash_equal(&ret_row->leg, leg)) {
                return true;
            }
        }
    }
    return false;
}

void flow_on_prepared(struct step *step, const struct event *event)
{
    const struct core_spoke *spoke = NULL;
    uint32_t sibling = 0;
    struct flow_row row;

    if (event->prepared.outcome != OUTCOME_OK || hash_is_zero(&event->prepared.leg_id) ||
        !flow_of_leg(step, event->domain, &event->prepared.leg_id, &spoke, &sibling, &row) ||
        row.taken || !may_act(step, spoke)) {
        return; /* refused, unknown, late: the next reading asks again */
    }
    const struct leg leg = settle_leg(step, spoke, sibling, &row.leg);
    if (lane_offer(step, &leg, event) == REASON_NONE) {
        row.taken = true;
        flow_put(step, spoke, sibling, &row);
    }
}

void flow_on_leg_end(struct step *step, const struct leg *leg)
{
    const struct core_spoke *spoke = NULL;
    uint32_t sibling = 0;
    struct flow_row row;

    /* Whatever became of it, the next reading says what is left to book. */
    if (flow_of_leg(step, leg->domain, &leg->id, &spoke, &sibling, &row)) {
        row.leg = (struct hash){{0}};
        row.taken = false;
        flow_put(step, spoke, sibling, &row);
    }
}
