/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/lane/lane_access.c: rows of lanes, intents and legs within a step. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/lane/lane_internal.h"
#include "relay/core/tables.h"
#include "relay/hyperlane/deliveries.h"

/* ---- rows ---- */

bool lane_get(struct step *step, uint32_t domain, const struct address *key, struct lane *ret_lane)
{
    uint8_t memory[LANE_KEY_BYTES];
    struct bytes value;

    memset(ret_lane, 0, sizeof(*ret_lane));
    ret_lane->domain = domain;
    ret_lane->key = *key;
    ret_lane->row.state = LANE_UNKNOWN;
    ret_lane->row.follow_next = LANE_NEVER;
    ret_lane->row.resend_next = LANE_NEVER;
    ret_lane->row.reorg_number = LANE_NEVER;
    if (!step_get(step, lane_key(memory, domain, key), &value)) {
        return false;
    }
    if (lane_row_unpack(value, &ret_lane->row) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

void lane_put(struct step *step, const struct lane *lane)
{
    uint8_t key[LANE_KEY_BYTES];
    uint8_t memory[LANE_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));

    lane_row_pack(&lane->row, &packer);
    step_put(step, lane_key(key, lane->domain, &lane->key), packer_finish(&packer));
}

bool intent_get(struct step *step, const struct lane *lane, uint64_t nonce,
                struct intent_row *ret_intent)
{
    uint8_t memory[INTENT_KEY_BYTES];
    struct bytes value;

    if (!step_get(step, intent_key(memory, lane->domain, &lane->key, nonce), &value)) {
        return false;
    }
    if (intent_row_unpack(value, ret_intent) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

void intent_put(struct step *step, const struct lane *lane, uint64_t nonce,
                const struct intent_row *intent)
{
    uint8_t key[INTENT_KEY_BYTES];
    uint8_t memory[INTENT_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));

    intent_row_pack(intent, &packer);
    step_put(step, intent_key(key, lane->domain, &lane->key, nonce), packer_finish(&packer));
}

bool leg_get(struct step *step, const struct hash *leg_id, struct leg_row *ret_leg)
{
    uint8_t memory[LEG_KEY_BYTES];
    const struct bytes key = leg_key(memory, leg_id);
    struct bytes value;

    if (!step_get(step, key, &value)) {
        return false;
    }
    if (leg_row_unpack(key, value, ret_leg) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    if (ret_leg->leg.kind == LEG_PROCESS) {
        ret_leg->leg.process.metadata = step_keep(step, ret_leg->leg.process.metadata);
    }
    if (ret_leg->leg.kind == LEG_BATCH) {
        ret_leg->leg.batch.deliveries = step_keep(step, ret_leg->leg.batch.deliveries);
    }
    if (ret_leg->leg.kind == LEG_ANNOUNCE) {
        ret_leg->leg.announce.location = step_keep(step, ret_leg->leg.announce.location);
    }
    return true;
}

void leg_put(struct step *step, const struct leg_row *leg)
{
    uint8_t key[LEG_KEY_BYTES];
    uint8_t memory[LEG_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));

    leg_row_pack(leg, &packer);
    step_put(step, leg_key(key, &leg->leg.id), packer_finish(&packer));
}

/* Of a LEG_PROCESS; borrowed until the next row is read. */
static bool body_of(struct step *step, const struct leg *leg, struct bytes *ret_body)
{
    uint8_t memory[33] = {TABLE_BODY};

    memcpy(memory + 1, leg->process.message_id.bytes, 32);
    return step_get(step, bytes_from(memory, sizeof(memory)), ret_body);
}

/* The deliveries of a batch, from its members' own legs. */
static bool batch_whole(struct step *step, struct leg *batch)
{
    struct unpacker members = unpacker_from(batch->batch.deliveries);
    uint8_t memory[DELIVERIES_BYTES_MAX];
    struct buffer run = buffer_from(memory, sizeof(memory));

    while (members.rest.count > 0) {
        const struct hash id = unpack_hash(&members);
        struct delivery delivery;
        struct leg_row row;
        if (!leg_get(step, &id, &row) || row.leg.kind != LEG_PROCESS ||
            !body_of(step, &row.leg, &delivery.message)) {
            return false;
        }
        delivery.metadata = row.leg.process.metadata;
        if (deliveries_append(&delivery, &run) != STATUS_OK) {
            return false;
        }
    }
    batch->batch.deliveries = step_keep(step, buffer_bytes(&run));
    return true;
}

bool leg_whole(struct step *step, const struct hash *leg_id, struct leg *ret_leg)
{
    struct leg_row row;
    struct bytes body;

    if (!leg_get(step, leg_id, &row)) {
        return false;
    }
    *ret_leg = row.leg;
    if (row.leg.kind == LEG_PROCESS) {
        if (!body_of(step, &row.leg, &body)) {
            return false;
        }
        ret_leg->process.message = step_keep(step, body);
    }
    return row.leg.kind != LEG_BATCH || batch_whole(step, ret_leg);
}

uint32_t lane_keys_count(const struct core_chain *config)
{
    return address_is_zero(&config->key) ? 0 : 1 + config->delivery_keys_count;
}

const struct address *lane_key_at(const struct core_chain *config, uint32_t index)
{
    CHECK(index < lane_keys_count(config));
    return index == 0 ? &config->key : &config->delivery_keys[index - 1];
}

bool lane_key_is_known(const struct core_chain *config, const struct address *key)
{
    for (uint32_t i = 0; i < lane_keys_count(config); i++) {
        if (address_equal(lane_key_at(config, i), key)) {
            return true;
        }
    }
    return false;
}

uint32_t lane_waiting_max(const struct core_chain *config)
{
    return config->in_flight_max == 0 ? LANE_WAITING_MAX : config->in_flight_max;
}

bool lane_has_place(const struct core_chain *config, const struct lane_row *row)
{
    const uint64_t waiting_max = lane_waiting_max(config);

    return row->waiting_count < waiting_max &&
           row->next_nonce - row->first_open < LANE_OPEN_FACTOR * waiting_max;
}

bool lane_has_room(struct step *step, const struct core_chain *config, const struct address *key)
{
    struct lane lane;

    return config != NULL && lane_get(step, config->domain, key, &lane) &&
           lane.row.state == LANE_READY && lane_has_place(config, &lane.row);
}

bool lane_choose(struct step *step, const struct core_chain *config, const struct hash *id,
                 struct address *ret_key)
{
    const uint32_t count = lane_keys_count(config);
    uint32_t fewest = UINT32_MAX;
    bool any = false;

    CHECK(count > 0);
    /* The message's own place in the list is where the search begins: what is offered at once is
     * spread, and a message stays with its key while nothing is wrong. */
    const uint32_t first = (uint32_t)(id->bytes[0] << 8 | id->bytes[1]) % count;
    *ret_key = *lane_key_at(config, first);
    for (uint32_t i = 0; i < count; i++) {
        const struct address *key = lane_key_at(config, (first + i) % count);
        struct lane lane;
        if (!lane_get(step, config->domain, key, &lane) || lane.row.state != LANE_READY ||
            !lane_has_place(config, &lane.row)) {
            continue;
        }
        const uint32_t load = lane.row.waiting_count + (lane.row.balance_low ? UINT16_MAX : 0);
        if (load < fewest) {
            fewest = load;
            any = true;
            *ret_key = *key;
        }
    }
    return any;
}

struct hash lane_due_id(uint32_t domain, const struct address *key)
{
    struct hash id = step_domain_id(domain);

    memcpy(id.bytes + 4, key->bytes + 4, sizeof(id.bytes) - 4);
    return id;
}

void lane_schedule(struct step *step, struct lane *lane, struct instant at)
{
    const struct hash id = lane_due_id(lane->domain, &lane->key);

    if (lane->row.due.ns != 0) {
        if (lane->row.due.ns <= at.ns) {
            return;
        }
        step_due_remove(step, lane->row.due, DUE_LANE, &id);
    }
    lane->row.due = at;
    step_due(step, at, DUE_LANE, &id);
}

/* The first lane whose key follows `start`; `prefix_count` bytes of it must be the same. */
static bool lane_seek(struct step *step, struct bytes start, size_t prefix_count,
                      struct lane *ret_lane)
{
    struct bytes key;
    struct bytes value;

    if (!step_seek(step, start, bytes_from(start.data, prefix_count), &key, &value)) {
        return false;
    }
    struct unpacker unpacker = unpacker_from(key);
    (void)unpack_u8(&unpacker);
    ret_lane->domain = unpack_u32(&unpacker);
    ret_lane->key = unpack_address(&unpacker);
    if (!unpacker_is_done(&unpacker) || lane_row_unpack(value, &ret_lane->row) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

bool lane_next(struct step *step, uint32_t domain, const struct address *key, struct lane *ret_lane)
{
    uint8_t memory[LANE_KEY_BYTES];

    return lane_seek(step, lane_key(memory, domain, key), 5, ret_lane);
}

static bool lane_after_prefix(struct step *step, struct lane *lane, size_t prefix_count)
{
    uint8_t memory[LANE_KEY_BYTES + 1];
    (void)lane_key(memory, lane->domain, &lane->key);

    memory[LANE_KEY_BYTES] = 0;
    return lane_seek(step, bytes_from(memory, sizeof(memory)), prefix_count, lane);
}

bool lane_after(struct step *step, struct lane *lane)
{
    return lane_after_prefix(step, lane, 5);
}

bool lane_first_of_all(struct step *step, struct lane *ret_lane)
{
    const uint8_t table = TABLE_LANE;

    return lane_seek(step, bytes_from(&table, 1), 1, ret_lane);
}

bool lane_after_of_all(struct step *step, struct lane *lane)
{
    return lane_after_prefix(step, lane, 1);
}
