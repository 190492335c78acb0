/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/lane/lane.c: nonce lanes: what happens to a leg from its preparation to its final
 * receipt.
 *
 *                      +---------- unknown, lost, not held: the same again -----------+
 *                      v                                                              |
 *  offered -> intent -> asked -> signed -> broadcast -> included -> final -> succeeded, reverted
 *                      |  ^                   |  ^          |
 *                      |  +- fee raised ------+  +- reorg --+
 *                      +- refused -> nonce given back, or a cancel takes it -> void
 *
 * Invariants
 *   1. A nonce belongs to one leg; the only other payload it ever sees is a cancel.
 *   2. An intent is in a row before the signer is asked, and until its nonce is final.
 *   3. A leg's end is told once, and only from a final block.
 *   4. Nothing is sent from a lane whose nonce the chain has not told since the start.
 *   5. What was not answered is asked again, the same and nothing else. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/lane/lane_internal.h"
#include "relay/core/text.h"

/* ---- offers ---- */

uint64_t lane_gas_limit(uint64_t gas)
{
    /* A recipient's handler sees 63/64 of what is left, and some swallow running out. */
    const uint64_t margin = gas / 10 + 75000;

    return gas > UINT64_MAX - margin ? UINT64_MAX : gas + margin;
}

static enum reason gas_limit_of(const struct core_chain *config, uint64_t gas, uint64_t *ret_limit)
{
    const uint64_t limit = lane_gas_limit(gas);

    if (limit > config->gas_limit_max) {
        return REASON_GAS_LIMIT;
    }
    *ret_limit = limit;
    return REASON_NONE;
}

bool lane_gas_is_above(const struct core_chain *config, uint64_t gas)
{
    uint64_t limit = 0;

    return gas_limit_of(config, gas, &limit) != REASON_NONE;
}

/* Why nothing can be sent from this lane now. */
static enum reason lane_refusal(struct step *step, const struct core_chain *config,
                                const struct leg *leg, struct lane *lane)
{
    if (step->paused) {
        return REASON_PAUSED;
    }
    if (config == NULL || !lane_key_is_known(config, &leg->key)) {
        return REASON_NO_KEY;
    }
    const enum reason halted = blocks_halted(step, leg->domain);
    if (halted != REASON_NONE) {
        return halted;
    }
    if (!lane_get(step, leg->domain, &leg->key, lane) || lane->row.state == LANE_UNKNOWN) {
        return REASON_LANE_UNKNOWN;
    }
    if (lane->row.state == LANE_FROZEN) {
        return REASON_FOREIGN_TRANSACTION;
    }
    /* Until we send, others may use the key: its nonce is ours from the first intent on. */
    if (!lane->row.used &&
        instant_is_past(instant_after(lane->row.read_at, LANE_FIRST_USE_WAIT), step->now)) {
        lane->row.state = LANE_UNKNOWN;
        lane->row.asked_at = step->now;
        lane_schedule(step, lane, instant_after(step->now, LANE_UNKNOWN_WAIT));
        lane_put(step, lane);
        step_command(step, COMMAND_READ_LANE, lane->domain)->read_lane.key = lane->key;
        return REASON_LANE_UNKNOWN;
    }
    return lane_has_place(config, &lane->row) ? REASON_NONE : REASON_LANE_FULL;
}

static void take_nonce(struct step *step, struct lane *lane, const struct leg *leg,
                       struct intent_row *intent)
{
    const uint64_t nonce = lane->row.next_nonce;
    struct leg_row row;

    memset(&row, 0, sizeof(row));
    row.state = LEG_STATE_OPEN;
    row.nonce = nonce;
    row.leg = *leg;
    leg_put(step, &row);
    lane->row.used = true;
    lane->row.next_nonce = nonce + 1;
    lane->row.waiting_count++;
    lane_send(step, lane, nonce, intent);
    intent_put(step, lane, nonce, intent);
    lane_schedule(step, lane, intent->act_at);
    lane_put(step, lane);
}

/* Below a ceiling of its own, if there is one. */
static enum reason lower_price(const struct amount *fee_max, struct price *price)
{
    if (amount_is_zero(fee_max)) {
        return REASON_NONE;
    }
    if (amount_compare(&price->likely, fee_max) > 0) {
        return REASON_ROUTE_FEE_CEILING;
    }
    price->fee = amount_smaller(&price->fee, fee_max);
    price->priority = amount_smaller(&price->priority, &price->fee);
    return REASON_NONE;
}

/* The first attempt of a leg that is taken. Anything but REASON_NONE: it is not. */
static enum reason first_attempt(struct step *step, const struct core_chain *config,
                                 const struct lane *lane, const struct event *prepared,
                                 const struct amount *fee_max, struct intent_row *ret_intent)
{
    struct attempt *attempt = &ret_intent->attempts[0];
    struct price price;

    enum reason reason = gas_limit_of(config, prepared->prepared.gas, &ret_intent->gas_limit);
    if (reason == REASON_NONE) {
        reason = lane_price(step, lane, config, HASTE_USUAL, &price);
    }
    if (reason == REASON_NONE) {
        reason = lower_price(fee_max, &price);
    }
    if (reason == REASON_NONE) {
        reason = lane_affords(lane, config, &price, ret_intent->gas_limit, prepared);
    }
    if (reason != REASON_NONE) {
        return reason;
    }
    attempt->state = ATTEMPT_ASKED;
    attempt->is_legacy = price.is_legacy;
    attempt->fee_per_gas_max = price.fee;
    attempt->priority_fee_per_gas = price.priority;
    ret_intent->attempts_count = 1;
    ret_intent->payload_digest = prepared->prepared.payload_digest;
    ret_intent->value = prepared->prepared.value;
    ret_intent->since = step->now;
    ret_intent->attempt_at = step->now;
    return REASON_NONE;
}

static void tell_poor(struct step *step, struct lane *lane, const struct hash *leg_id)
{
    struct text text = text_from("balance ");

    if (!lane->row.balance_low) {
        text_add_amount(&text, &lane->row.balance);
        text_add(&text, " wei: no more is sent until the key has been paid");
        step_note(step, NOTE_ALARM, lane->domain, leg_id, REASON_INSUFFICIENT_FUNDS, text.text);
        lane->row.balance_low = true;
    }
}

enum reason lane_offer(struct step *step, const struct leg *leg, const struct event *prepared)
{
    const struct amount none = amount_zero();

    return lane_offer_below(step, leg, prepared, &none);
}

enum reason lane_quote(struct step *step, const struct core_chain *config,
                       const struct address *key, struct lane_quote *ret_quote)
{
    struct lane lane;
    struct price price;

    if (!lane_get(step, config->domain, key, &lane) || lane.row.state == LANE_UNKNOWN) {
        return REASON_LANE_UNKNOWN;
    }
    const enum reason reason = lane_price(step, &lane, config, HASTE_USUAL, &price);
    if (reason == REASON_NONE) {
        *ret_quote = (struct lane_quote){.likely = price.likely, .most = price.fee};
    }
    return reason;
}

enum reason lane_offer_below(struct step *step, const struct leg *leg, const struct event *prepared,
                             const struct amount *fee_max)
{
    CHECK(prepared->kind == EVENT_PREPARED);
    CHECK(prepared->prepared.outcome == OUTCOME_OK);
    CHECK(leg->kind != LEG_CANCEL);

    const struct core_chain *config = step_chain(step, leg->domain);
    struct leg_row held;
    struct lane lane;
    if (leg_get(step, &leg->id, &held) && held.state != LEG_STATE_ASKED) {
        return REASON_NONE; /* taken before */
    }
    enum reason reason = lane_refusal(step, config, leg, &lane);
    if (reason != REASON_NONE) {
        return reason;
    }
    struct intent_row intent;
    memset(&intent, 0, sizeof(intent));
    lane_refresh(step, &lane);
    reason = first_attempt(step, config, &lane, prepared, fee_max, &intent);
    if (reason != REASON_NONE) {
        if (reason == REASON_INSUFFICIENT_FUNDS) {
            tell_poor(step, &lane, &leg->id);
        }
        lane_put(step, &lane);
        return reason;
    }
    intent.leg_id = leg->id;
    take_nonce(step, &lane, leg, &intent);
    return REASON_NONE;
}

/* ---- the signer's answer ---- */

struct found {
    struct leg_row leg;
    struct lane lane;
    struct intent_row intent;
};

/* The open intent that a leg's nonce belongs to. */
static bool find_intent(struct step *step, const struct hash *leg_id, struct found *ret_found)
{
    return leg_get(step, leg_id, &ret_found->leg) && ret_found->leg.state == LEG_STATE_OPEN &&
           lane_get(step, ret_found->leg.leg.domain, &ret_found->leg.leg.key, &ret_found->lane) &&
           intent_get(step, &ret_found->lane, ret_found->leg.nonce, &ret_found->intent);
}

static void found_put(struct step *step, struct found *found)
{
    intent_put(step, &found->lane, found->leg.nonce, &found->intent);
    if (found->intent.act_at.ns != LANE_NEVER && !found->intent.included) {
        lane_schedule(step, &found->lane, found->intent.act_at);
    }
    lane_put(step, &found->lane);
}

static struct attempt *attempt_numbered(struct found *found, uint32_t number)
{
    const bool is_cancel = found->leg.leg.kind == LEG_CANCEL;

    for (uint32_t i = 0; i < found->intent.attempts_count; i++) {
        struct attempt *attempt = &found->intent.attempts[i];
        if (attempt->number == number && attempt->is_cancel == is_cancel) {
            return attempt;
        }
    }
    return NULL;
}

static bool any_signed(const struct intent_row *intent)
{
    for (uint32_t i = 0; i < intent->attempts_count; i++) {
        if (intent->attempts[i].state == ATTEMPT_SIGNED ||
            intent->attempts[i].state == ATTEMPT_ABSENT) {
            return true;
        }
    }
    return false;
}

static void tell_refused(struct step *step, const struct leg_row *leg, struct bytes words)
{
    switch (leg->leg.kind) {
    case LEG_PROCESS:
        message_on_leg_refused(step, &leg->leg.id);
        break;
    case LEG_REBALANCE:
    case LEG_VENUE:
    case LEG_CROSSING:
        move_on_leg_refused(step, &leg->leg.id, words);
        break;
    case LEG_SETTLE:
        flow_on_leg_end(step, &leg->leg);
        break;
    case LEG_HUB:
        hub_on_leg_end(step, &leg->leg, LEG_VOID);
        break;
    case LEG_ANNOUNCE:
        tree_on_leg_refused(step, leg->leg.domain, &leg->leg.id);
        break;
    case LEG_BATCH:
        message_on_batch_end(step, &leg->leg, LEG_VOID, NULL);
        break;
    case LEG_CANCEL:
        break;
    }
}

/* The signer will not sign this leg. Asked once, it has never signed it: the nonce is given back if
 * it is the last one. Asked more often, an answer that was lost may have been a signature: the
 * nonce sees no other payload but a cancel. */
static void refuse_leg(struct step *step, struct found *found, struct bytes words)
{
    const uint64_t nonce = found->leg.nonce;
    uint8_t memory[INTENT_KEY_BYTES];

    if (found->lane.row.next_nonce == nonce + 1 && found->intent.sends_count == 1) {
        found->lane.row.next_nonce = nonce;
        found->lane.row.waiting_count--;
        step_delete(step, intent_key(memory, found->lane.domain, &found->lane.key, nonce));
        lane_put(step, &found->lane);
    } else {
        found->intent.owner_told = true;
        lane_cancel(step, &found->lane, nonce, &found->intent);
        found_put(step, found);
    }
    found->leg.state = LEG_STATE_REFUSED;
    leg_put(step, &found->leg);
    tell_refused(step, &found->leg, words);
}

static void on_refused(struct step *step, struct found *found, struct attempt *attempt,
                       struct bytes words)
{
    if (attempt->state != ATTEMPT_ASKED) {
        return; /* a late answer to a repeat: it was signed */
    }
    struct text text = text_from("");
    text_add_bytes(&text, words);
    step_note(step, NOTE_WARN, found->lane.domain, &found->leg.leg.id, REASON_SIGNER_REFUSED,
              text.text);
    if (!attempt->is_cancel && !any_signed(&found->intent) && !found->intent.cancelling) {
        refuse_leg(step, found, words);
        return;
    }
    /* A cancel is asked for until it is signed; a raised fee is given up, the attempt before it
     * still stands. It goes out again, from which blocks are counted anew: a pool may have
     * forgotten it meanwhile. */
    if (any_signed(&found->intent)) {
        attempt->state = ATTEMPT_REFUSED;
        found->intent.act_at.ns = LANE_NEVER;
        if (!found->intent.included) {
            lane_broadcast(step, &found->lane, found->leg.nonce, &found->intent);
        }
    } else {
        found->intent.act_at = instant_after(step->now, LANE_REFUSED_WAIT);
    }
    found_put(step, found);
}

void lane_on_signed(struct step *step, const struct event *event)
{
    struct found found;

    if (!find_intent(step, &event->signed_.leg_id, &found) ||
        event->signed_.nonce != found.leg.nonce ||
        !address_equal(&event->signed_.key, &found.lane.key)) {
        return;
    }
    struct attempt *attempt = attempt_numbered(&found, event->signed_.attempt);
    if (attempt == NULL) {
        return;
    }
    switch (event->signed_.outcome) {
    case OUTCOME_OK:
        if (attempt->state != ATTEMPT_ASKED &&
            !hash_equal(&attempt->transaction, &event->signed_.transaction)) {
            step_note(step, NOTE_ALARM, found.lane.domain, &found.leg.leg.id, REASON_CONTRADICTION,
                      "one attempt was signed as two transactions");
            return;
        }
        if (attempt->state == ATTEMPT_ASKED) {
            attempt->state = ATTEMPT_SIGNED;
            attempt->transaction = event->signed_.transaction;
        }
        if (!found.intent.included) {
            lane_broadcast(step, &found.lane, found.leg.nonce, &found.intent);
        }
        found_put(step, &found);
        break;
    case OUTCOME_REFUSED:
        on_refused(step, &found, attempt, event->signed_.reason);
        break;
    case OUTCOME_ABSENT:
    case OUTCOME_UNKNOWN:
        if (attempt->state == ATTEMPT_ASKED) {
            found.intent.act_at = instant_after(step->now, LANE_RETRY_WAIT);
            found_put(step, &found);
        }
        break;
    }
}

/* ---- the network's answer ---- */

static struct attempt *attempt_with(struct found *found, const struct hash *transaction,
                                    uint32_t *ret_index)
{
    for (uint32_t i = 0; i < found->intent.attempts_count; i++) {
        struct attempt *attempt = &found->intent.attempts[i];
        const bool exists = attempt->state == ATTEMPT_SIGNED || attempt->state == ATTEMPT_ABSENT;
        if (exists && hash_equal(&attempt->transaction, transaction)) {
            *ret_index = i;
            return attempt;
        }
    }
    return NULL;
}

/* True when no attempt after this one can exist. */
static bool is_newest(const struct intent_row *intent, uint32_t index)
{
    for (uint32_t i = index + 1; i < intent->attempts_count; i++) {
        if (intent->attempts[i].state != ATTEMPT_REFUSED) {
            return false;
        }
    }
    return true;
}

static void on_rejected(struct step *step, struct found *found, const struct event *event)
{
    struct intent_row *intent = &found->intent;
    const uint64_t nonce = found->leg.nonce;
    struct text text = text_from("");

    text_add_bytes(&text, event->submitted.reason);
    switch (event->submitted.rejection) {
    case REJECTION_UNDERPRICED:
        if (!lane_replace(step, &found->lane, nonce, intent)) {
            intent->act_at.ns = LANE_NEVER; /* blocks decide when it is tried again */
        }
        break;
    case REJECTION_NONCE_TOO_LOW:
        /* One of our attempts, or a foreign transaction: receipts and the lane's nonces decide. */
        lane_follow(step, &found->lane, nonce, intent);
        step_command(step, COMMAND_READ_LANE, found->lane.domain)->read_lane.key = found->lane.key;
        intent->act_at = instant_after(step->now, LANE_ANSWER_WAIT);
        break;
    case REJECTION_FUNDS:
        step_note(step, NOTE_ALARM, found->lane.domain, &found->leg.leg.id,
                  REASON_INSUFFICIENT_FUNDS, text.text);
        intent->act_at = instant_after(step->now, LANE_FUNDS_WAIT);
        break;
    case REJECTION_NONE:
    case REJECTION_OTHER:
        intent->rejections_count++;
        intent->act_at = instant_after(step->now, LANE_REJECTED_WAIT);
        if (intent->rejections_count == 1) {
            step_note(step, NOTE_WARN, found->lane.domain, &found->leg.leg.id, REASON_REJECTED,
                      text.text);
        }
        if (intent->rejections_count == LANE_REJECTIONS_MAX && !intent->cancelling) {
            lane_cancel(step, &found->lane, nonce, intent);
        }
        break;
    }
}

/* 2, 4, then 8 seconds: what a chain that is away is asked must not be more than it can answer. */
static struct duration unknown_wait(uint32_t unknowns_count)
{
    return (struct duration){.ns = LANE_RETRY_WAIT.ns << (unknowns_count < 2 ? unknowns_count : 2)};
}

void lane_on_submitted(struct step *step, const struct event *event)
{
    struct found found;
    uint32_t index = 0;

    if (!find_intent(step, &event->submitted.leg_id, &found) || found.intent.included ||
        attempt_with(&found, &event->submitted.transaction, &index) == NULL) {
        return;
    }
    const bool is_last = is_newest(&found.intent, index);
    switch (event->submitted.outcome) {
    case OUTCOME_OK:
        found.intent.rejections_count = 0;
        found.intent.unknowns_count = 0;
        if (is_last) {
            found.intent.act_at.ns = LANE_NEVER;
        }
        break;
    case OUTCOME_ABSENT:
        /* The adapter holds no such transaction: the same again, from the signer. */
        if (!is_last) {
            return;
        }
        lane_send(step, &found.lane, found.leg.nonce, &found.intent);
        break;
    case OUTCOME_REFUSED:
        if (!is_last && event->submitted.rejection != REJECTION_NONCE_TOO_LOW) {
            return; /* a later attempt is under way */
        }
        on_rejected(step, &found, event);
        break;
    case OUTCOME_UNKNOWN:
        /* Perhaps it was taken: its hash and the lane's nonce say. It is given again, less and less
         * often; an adapter that has lost its bytes says so then. */
        lane_follow(step, &found.lane, found.leg.nonce, &found.intent);
        found.intent.act_at = instant_after(step->now, unknown_wait(found.intent.unknowns_count));
        found.intent.unknowns_count++;
        break;
    }
    found_put(step, &found);
}

static void tell_included(struct step *step, const struct leg_row *leg, uint64_t block_number)
{
    switch (leg->leg.kind) {
    case LEG_PROCESS:
        message_on_leg_included(step, &leg->leg.id, block_number);
        break;
    case LEG_REBALANCE:
    case LEG_VENUE:
    case LEG_CROSSING:
        move_on_leg_included(step, &leg->leg.id, block_number);
        break;
    case LEG_BATCH:
        message_on_batch_included(step, &leg->leg, block_number);
        break;
    case LEG_ANNOUNCE:
    case LEG_CANCEL:
    case LEG_SETTLE:
    case LEG_HUB:
        break;
    }
}

static void on_included(struct step *step, struct found *found, const struct event *event,
                        uint32_t attempt_index)
{
    struct intent_row *intent = &found->intent;
    struct chain_row chain;
    struct leg_row leg;

    if (!intent->included) {
        found->lane.row.waiting_count--;
    }
    const bool is_known = blocks_chain(step, found->lane.domain, &chain) && chain.applied_any;
    intent->included = true;
    intent->included_attempt = attempt_index;
    intent->succeeded = event->receipt.succeeded;
    intent->block_number = event->receipt.block_number;
    intent->block_hash = event->receipt.block_hash;
    intent->gas_used = event->receipt.gas_used;
    intent->gas_price = event->receipt.gas_price;
    intent->data_fee = event->receipt.data_fee;
    intent->receipt_record = step->record;
    intent->told_when_final = is_known && intent->block_number <= chain.applied_number;
    intent->act_at.ns = 0;
    intent_put(step, &found->lane, found->leg.nonce, intent);
    if (intent->told_when_final) {
        lane_schedule(step, &found->lane, step->now);
    }
    lane_put(step, &found->lane);
    if (!intent->attempts[attempt_index].is_cancel && !intent->owner_told &&
        leg_get(step, &intent->leg_id, &leg)) {
        tell_included(step, &leg, intent->block_number);
    }
}

void lane_on_receipt(struct step *step, const struct event *event)
{
    struct found found;
    uint32_t index = 0;

    if (!find_intent(step, &event->receipt.leg_id, &found)) {
        return;
    }
    struct attempt *attempt = attempt_with(&found, &event->receipt.transaction, &index);
    if (attempt == NULL) {
        return;
    }
    switch (event->receipt.outcome) {
    case OUTCOME_OK:
        on_included(step, &found, event, index);
        break;
    case OUTCOME_ABSENT:
        if (found.intent.included && found.intent.included_attempt == index) {
            break; /* contradicts a receipt: the final block decides */
        }
        attempt->state = ATTEMPT_ABSENT;
        intent_put(step, &found.lane, found.leg.nonce, &found.intent);
        step_command(step, COMMAND_READ_LANE, found.lane.domain)->read_lane.key = found.lane.key;
        break;
    case OUTCOME_REFUSED:
    case OUTCOME_UNKNOWN:
        break; /* followed again with the next broadcast */
    }
}

/* ---- the chain's nonces ---- */

static void freeze(struct step *step, struct lane *lane)
{
    if (lane->row.state == LANE_FROZEN) {
        return;
    }
    struct text text = text_from("the chain has used nonces up to ");
    text_add_number(&text, lane->row.nonce_latest);
    text_add(&text, ", we assigned none from ");
    text_add_number(&text, lane->row.next_nonce);
    text_add(&text, " on");
    lane->row.state = LANE_FROZEN;
    step_note(step, NOTE_ALARM, lane->domain, NULL, REASON_FOREIGN_TRANSACTION, text.text);
}

static void reconcile(struct step *step, struct lane *lane)
{
    struct lane_row *row = &lane->row;
    const bool is_empty = row->first_open == row->next_nonce;

    if (is_empty && (!row->used || row->adopt)) {
        row->next_nonce = row->nonce_latest;
        row->first_open = row->nonce_latest;
        row->used = false;
        row->adopt = false;
        row->state = LANE_READY;
        return;
    }
    if (row->adopt && row->nonce_latest > row->next_nonce) {
        row->next_nonce = row->nonce_latest; /* nonces without an intent count as settled */
    }
    row->adopt = false;
    if (row->nonce_latest > row->next_nonce) {
        freeze(step, lane);
        return;
    }
    /* A chain that knows fewer of our transactions than are final is behind: asked again. */
    if (row->state == LANE_UNKNOWN && row->nonce_latest >= row->first_open) {
        row->state = LANE_READY;
    }
}

static void watch_balance(struct step *step, struct lane *lane)
{
    const struct core_chain *config = step_chain(step, lane->domain);
    const bool is_low =
        config != NULL && amount_compare(&lane->row.balance, &config->key_balance_min) < 0;

    if (is_low && !lane->row.balance_low) {
        struct text text = text_from("balance ");
        text_add_amount(&text, &lane->row.balance);
        text_add(&text, " wei");
        step_note(step, NOTE_ALARM, lane->domain, NULL, REASON_LOW_BALANCE, text.text);
    }
    lane->row.balance_low = is_low;
}

void lane_on_lane(struct step *step, const struct event *event)
{
    struct lane lane;

    if (event->lane.outcome != OUTCOME_OK ||
        !lane_get(step, event->domain, &event->lane.key, &lane) ||
        event->lane.nonce_final > event->lane.nonce_latest) {
        return;
    }
    lane.row.read_at = step->now;
    lane.row.balance = event->lane.balance;
    lane.row.nonce_latest = event->lane.nonce_latest;
    lane.row.nonce_final = event->lane.nonce_final;
    lane.row.is_legacy = event->lane.is_legacy;
    lane.row.gas_price = event->lane.gas_price;
    lane.row.priority_usual = event->lane.priority_usual;
    lane.row.priority_hasty = event->lane.priority_hasty;
    watch_balance(step, &lane);
    if (lane.row.state != LANE_FROZEN) {
        reconcile(step, &lane);
    }
    lane_work(step, &lane);
}

/* ---- start and operators ---- */

static void start_lane(struct step *step, struct lane *lane)
{
    if (lane->row.state == LANE_READY) {
        lane->row.state = LANE_UNKNOWN; /* invariant 4 */
    }
    lane->row.asked_at.ns = 0;
    lane->row.follow_next = lane->row.first_open;
    lane->row.resend_next = lane->row.first_open;
    lane_schedule(step, lane, step->now);
    lane_put(step, lane);
}

void lane_on_start(struct step *step)
{
    struct lane lane;

    for (uint32_t i = 0; i < step->config->chains_count; i++) {
        const struct core_chain *config = &step->config->chains[i];
        for (uint32_t k = 0; k < lane_keys_count(config); k++) {
            (void)lane_get(step, config->domain, lane_key_at(config, k), &lane);
            start_lane(step, &lane);
        }
    }
    /* Keys that the configuration no longer names may have transactions under way. */
    bool any = lane_first_of_all(step, &lane);
    while (any && step->status == STATUS_OK && step_has_room(step, 0)) {
        if (lane.row.next_nonce > lane.row.first_open &&
            lane.row.follow_next != lane.row.first_open) {
            start_lane(step, &lane);
        }
        any = lane_after_of_all(step, &lane);
    }
}

/* Reads the lane's nonces at once. */
static void ask_lane(struct step *step, struct lane *lane)
{
    lane->row.asked_at.ns = 0;
    lane_schedule(step, lane, step->now);
    lane_put(step, lane);
}

/* A chain can be asked again: what a start could not read is asked at once. */
void lane_on_connected(struct step *step, uint32_t domain)
{
    const struct address first = {{0}};
    struct lane lane;

    for (bool any = lane_next(step, domain, &first, &lane); any; any = lane_after(step, &lane)) {
        if (lane.row.state == LANE_UNKNOWN && step_chain(step, domain) != NULL) {
            ask_lane(step, &lane);
        }
    }
}

/* Lanes that froze accept what the chain states; what could not be read while the chain was
 * stopped is read now. */
void lane_on_operator(struct step *step, const struct event *event)
{
    const uint32_t domain = event->domain;
    const struct address first = {{0}};
    struct lane lane;

    if (event->operator_.action != OPERATOR_RESUME || step_chain(step, domain) == NULL) {
        return;
    }
    for (bool any = lane_next(step, domain, &first, &lane); any; any = lane_after(step, &lane)) {
        if (lane.row.state == LANE_FROZEN) {
            lane.row.state = LANE_UNKNOWN;
            lane.row.adopt = true;
            step_note(step, NOTE_WARN, domain, NULL, REASON_LANE_RESUMED, NULL);
        }
        if (lane.row.state == LANE_UNKNOWN) {
            ask_lane(step, &lane);
        }
    }
}
