/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/message/message_batch.c: several messages in one transaction.
 *
 *   offered, one by one --gathered--> preparing, together --simulated--> sent, together
 *      ^                                  |                                 |
 *      +---- broken up, for any reason ---+                                 v each by itself
 *                                                        delivered, or failed and tried again
 *
 * Every message has a leg of its own, simulated by itself, before it joins; while it belongs to a
 * batch that leg is BATCHED and names the batch's leg, which holds no more than the members' legs.
 * The lane sends the batch like any other leg. What became of a member is not what became of the
 * transaction: only its own final ProcessId delivers it (relay/core/message/message.c, invariant
 * 2).
 *
 * A batch is broken up, which costs nothing, when a member leaves, when its simulation reverts or
 * does not come, when it saves no gas, and when the lane will not take it. A message of a batch
 * that did not come off is simulated by itself again; after BATCH_BREAKS_MAX of them it goes alone.
 */
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/core/lane/lane_rows.h"
#include "relay/core/message/message_internal.h"
#include "relay/core/tables.h"
#include "relay/hyperlane/deliveries.h"

#define BATCH_BREAKS_MAX 2u
#define HASH_BYTES       32u

/* ---- members ---- */

static uint32_t members_count(const struct leg *batch)
{
    CHECK(batch->kind == LEG_BATCH);
    return (uint32_t)(batch->batch.deliveries.count / HASH_BYTES);
}

static struct hash member_at(const struct leg *batch, uint32_t index)
{
    struct hash id;

    CHECK(index < members_count(batch));
    memcpy(id.bytes, batch->batch.deliveries.data + (size_t)index * HASH_BYTES, HASH_BYTES);
    return id;
}

/* The message of a member that is still one. */
static bool member_message(struct step *step, const struct leg *batch, uint32_t index,
                           struct message *ret_message)
{
    const struct hash leg_id = member_at(batch, index);
    struct hash batch_id;
    struct hash id;

    return lane_is_batched(step, &leg_id, &batch_id) && hash_equal(&batch_id, &batch->id) &&
           lane_leg_message(step, &leg_id, &id) && message_get(step, &id, ret_message) &&
           hash_equal(&ret_message->row.leg_id, &leg_id);
}

/* ---- gathering ---- */

bool message_may_batch(struct step *step, const struct message *message)
{
    const struct core_chain *config = step_chain(step, message->row.destination);
    struct security_row security;

    if (config == NULL || address_is_zero(&config->batch_contract) ||
        config->batch_messages_max < 2 || message->row.is_confined ||
        message->row.batch_breaks >= BATCH_BREAKS_MAX || !amount_is_zero(&message->row.value) ||
        !security_get(step, message, &security)) {
        return false;
    }
    const struct ism ism = security_ism(&security);
    return ism_allows_batches(&ism);
}

/* What a batch has so far. */
struct gathering {
    const struct core_chain *config;
    struct address key;
    uint32_t members_max;
    uint32_t count;
    struct hash legs[DELIVERIES_MAX];
    struct hash ids[DELIVERIES_MAX];
    uint64_t gas;
    size_t size;
};

/* Takes a message in, unless it has another key, there is no room for it, or its own limit is
 * against it now. */
static void gather_one(struct step *step, struct gathering *gathering, struct message *message)
{
    uint8_t key[MESSAGE_KEY_BYTES];
    struct delivery delivery;
    struct leg leg;

    if (!lane_leg(step, &message->row.leg_id, &leg) || !address_equal(&leg.key, &gathering->key) ||
        !step_get(step, message_key(key, TABLE_BODY, &message->id), &delivery.message)) {
        return;
    }
    delivery.metadata = leg.process.metadata;
    const size_t size = gathering->size + delivery_size(&delivery);
    const uint64_t gas = gathering->gas + message->row.gas;
    if (size > DELIVERIES_BYTES_MAX || gas < gathering->gas ||
        lane_gas_is_above(gathering->config, gas) ||
        message_within_limits(step, message, &gathering->key) != REASON_NONE) {
        return;
    }
    gathering->size = size;
    gathering->gas = gas;
    gathering->legs[gathering->count] = message->row.leg_id;
    gathering->ids[gathering->count] = message->id;
    gathering->count++;
}

static bool is_willing(const struct step *step, const struct message *message)
{
    const struct instant until = instant_after(message->row.prepared_at, MESSAGE_PREPARED_WAIT);

    return message->row.state == MESSAGE_OFFERED && message->row.may_batch &&
           !instant_is_past(until, step->now);
}

/* The others that were simulated and wait for the lane. */
static void gather(struct step *step, struct gathering *gathering, const struct message *first)
{
    uint8_t memory[OPEN_KEY_BYTES_MAX];
    const struct packer front = open_key(memory, first->row.destination, OPEN_ACTIVE);
    const size_t front_count = packer_finish(&front).count;
    size_t from_count = front_count;
    struct bytes key;
    struct bytes value;

    while (gathering->count < gathering->members_max &&
           step_seek(step, bytes_from(memory, from_count), bytes_from(memory, front_count), &key,
                     &value)) {
        struct message message;
        struct hash id;
        CHECK(key.count == front_count + HASH_BYTES);
        memcpy(id.bytes, key.data + front_count, HASH_BYTES);
        memcpy(memory, key.data, key.count);
        memory[key.count] = 0; /* the first key after this one */
        from_count = key.count + 1;
        if (!hash_equal(&id, &first->id) && message_get(step, &id, &message) &&
            is_willing(step, &message)) {
            gather_one(step, gathering, &message);
            message_put(step, &message); /* with what is reserved for it */
        }
    }
}

static struct hash batch_id(const struct gathering *gathering)
{
    uint8_t memory[8 + DELIVERIES_MAX * HASH_BYTES];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_raw(&packer, bytes_from_string("batch"));
    for (uint32_t i = 0; i < gathering->count; i++) {
        pack_hash(&packer, &gathering->legs[i]);
    }
    return sha2_of(packer_finish(&packer));
}

static void join(struct step *step, const struct hash *batch, struct message *message)
{
    lane_join(step, batch, &message->row.leg_id);
    message_set(step, message, MESSAGE_PREPARING, REASON_AWAITING_BATCH);
    message_due(step, message, instant_after(step->now, MESSAGE_PREPARE_WAIT));
}

bool message_batch(struct step *step, struct message *message, const struct leg *leg)
{
    const struct core_chain *config = step_chain(step, message->row.destination);
    struct gathering gathering;
    struct leg batch;

    if (!is_willing(step, message) || !lane_has_room(step, config, &leg->key)) {
        return false;
    }
    memset(&gathering, 0, sizeof(gathering));
    gathering.config = config;
    gathering.key = leg->key;
    gathering.members_max =
        config->batch_messages_max < DELIVERIES_MAX ? config->batch_messages_max : DELIVERIES_MAX;
    gather_one(step, &gathering, message);
    if (gathering.count == 0) {
        return false;
    }
    gather(step, &gathering, message);
    if (gathering.count < 2) {
        return false;
    }
    memset(&batch, 0, sizeof(batch));
    batch.id = batch_id(&gathering);
    batch.kind = LEG_BATCH;
    batch.domain = leg->domain;
    batch.key = leg->key;
    batch.batch.contract = config->batch_contract;
    batch.batch.deliveries =
        bytes_from(gathering.legs[0].bytes, (size_t)gathering.count * HASH_BYTES);
    join(step, &batch.id, message);
    for (uint32_t i = 1; i < gathering.count; i++) {
        struct message other;
        if (message_get(step, &gathering.ids[i], &other)) {
            join(step, &batch.id, &other);
            message_put(step, &other);
        }
    }
    lane_ask(step, &batch);
    return true;
}

/* ---- breaking up ---- */

/* What becomes of the members of a batch that did not come off. Not stored. */
enum breakup {
    BREAKUP_OFFER,    /* offered again, perhaps in another batch */
    BREAKUP_SIMULATE, /* one of them may be at fault: each is simulated by itself */
    BREAKUP_ALONE,    /* offered, each by itself from now on */
};

static void part(struct step *step, struct message *message, enum breakup how)
{
    lane_part(step, &message->row.leg_id);
    switch (how) {
    case BREAKUP_OFFER:
        message_set(step, message, MESSAGE_OFFERED, REASON_LANE_FULL);
        break;
    case BREAKUP_SIMULATE:
        message->row.batch_breaks++;
        message_set(step, message, MESSAGE_PREPARING, REASON_AWAITING_SIMULATION);
        break;
    case BREAKUP_ALONE:
        message->row.batch_breaks = BATCH_BREAKS_MAX;
        message_set(step, message, MESSAGE_OFFERED, REASON_LANE_FULL);
        break;
    }
    message->row.may_batch = message->row.batch_breaks < BATCH_BREAKS_MAX;
    message_now(step, message);
}

/* All but `except`, which the caller holds and writes. */
static void break_up(struct step *step, const struct leg *batch, enum breakup how,
                     const struct message *except)
{
    for (uint32_t i = 0; i < members_count(batch); i++) {
        struct message message;
        if (member_message(step, batch, i, &message) &&
            (except == NULL || !hash_equal(&message.id, &except->id))) {
            part(step, &message, how);
            message_put(step, &message);
        }
    }
    lane_forget(step, &batch->id);
}

bool message_batch_leave(struct step *step, struct message *message)
{
    struct hash id;
    struct leg batch;

    if (hash_is_zero(&message->row.leg_id) || !lane_is_batched(step, &message->row.leg_id, &id) ||
        !lane_leg(step, &id, &batch)) {
        return false;
    }
    break_up(step, &batch, BREAKUP_OFFER, message);
    part(step, message, BREAKUP_OFFER);
    return true;
}

bool message_batch_overdue(struct step *step, struct message *message)
{
    struct hash id;
    struct leg batch;

    if (!lane_is_batched(step, &message->row.leg_id, &id)) {
        return false;
    }
    if (lane_leg(step, &id, &batch)) {
        break_up(step, &batch, BREAKUP_SIMULATE, message);
    }
    part(step, message, BREAKUP_SIMULATE);
    return true;
}

/* ---- simulated ---- */

/* True when all are still there, and together need less gas than one by one. */
static bool is_worth_it(struct step *step, const struct leg *batch, uint64_t gas)
{
    uint64_t alone = 0;

    for (uint32_t i = 0; i < members_count(batch); i++) {
        struct message message;
        if (!member_message(step, batch, i, &message) || message.row.state != MESSAGE_PREPARING) {
            return false;
        }
        alone += message.row.gas; /* gather_one saw that the sum is one */
    }
    return gas < alone;
}

/* Why it failed to be taken tells whether another batch may be. */
static enum breakup breakup_after(enum reason reason)
{
    return reason == REASON_LANE_FULL || reason == REASON_LANE_UNKNOWN ? BREAKUP_OFFER
                                                                       : BREAKUP_ALONE;
}

/* The least of what the members' limits allow per gas; zero: none has any. */
static struct amount fee_max_of(struct step *step, const struct leg *batch)
{
    struct amount least = amount_zero();

    for (uint32_t i = 0; i < members_count(batch); i++) {
        struct message message;
        if (member_message(step, batch, i, &message)) {
            const struct amount own = message_fee_max(step, &message);
            const bool is_less = amount_is_zero(&least) || amount_compare(&own, &least) < 0;
            least = !amount_is_zero(&own) && is_less ? own : least;
        }
    }
    return least;
}

static void offer(struct step *step, const struct leg *batch, const struct event *prepared)
{
    const struct amount fee_max = fee_max_of(step, batch);
    const enum reason reason = lane_offer_below(step, batch, prepared, &fee_max);

    if (reason != REASON_NONE) {
        break_up(step, batch, breakup_after(reason), NULL);
        return;
    }
    for (uint32_t i = 0; i < members_count(batch); i++) {
        struct message message;
        if (member_message(step, batch, i, &message)) {
            message_set(step, &message, MESSAGE_SENT, REASON_AWAITING_INCLUSION);
            message_due(step, &message, (struct instant){.ns = 0});
            message_give_place(step, &message);
            message_put(step, &message);
        }
    }
}

void message_on_batch_prepared(struct step *step, const struct event *event)
{
    struct leg batch;

    if (!lane_leg(step, &event->prepared.leg_id, &batch) || batch.domain != event->domain) {
        return;
    }
    switch (event->prepared.outcome) {
    case OUTCOME_OK:
        if (is_worth_it(step, &batch, event->prepared.gas)) {
            offer(step, &batch, event);
        } else {
            break_up(step, &batch, BREAKUP_ALONE, NULL);
        }
        break;
    case OUTCOME_REFUSED:
        break_up(step, &batch, BREAKUP_SIMULATE, NULL);
        break;
    case OUTCOME_ABSENT:
    case OUTCOME_UNKNOWN:
        break; /* broken up when it is overdue */
    }
}

/* ---- what the lane says of the batch's transaction ---- */

void message_on_batch_included(struct step *step, const struct leg *batch, uint64_t block_number)
{
    for (uint32_t i = 0; i < members_count(batch); i++) {
        const struct hash leg_id = member_at(batch, i);
        message_on_leg_included(step, &leg_id, block_number);
    }
}

void message_on_batch_end(struct step *step, const struct leg *batch, enum leg_end end,
                          const struct event *receipt)
{
    uint8_t key[MESSAGE_KEY_BYTES];

    for (uint32_t i = 0; i < members_count(batch); i++) {
        struct message message;
        if (!member_message(step, batch, i, &message)) {
            continue;
        }
        const struct hash leg_id = member_at(batch, i);
        lane_end_member(step, &leg_id, &batch->id);
        message_pay(step, &message, end == LEG_VOID ? NULL : receipt, members_count(batch));
        if (message.row.state == MESSAGE_DELIVERED) {
            memset(&message.row.leg_id, 0, sizeof(message.row.leg_id));
            step_delete(step, message_key(key, TABLE_BODY, &message.id));
        } else if (message.row.state == MESSAGE_SENT || message.row.state == MESSAGE_INCLUDED) {
            message.row.batch_breaks =
                receipt == NULL ? BATCH_BREAKS_MAX : message.row.batch_breaks + 1;
            message_now(step, &message); /* each in a step of its own: message_sent_ended */
        }
        message_put(step, &message);
    }
}
