/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/lane/lane_work.c: what time, blocks and finality do to the open intents of a lane.
 *
 * One walk over the open intents serves every occasion: a due instant, a new block, a final block,
 * a reading of the nonces. It is bounded by lane_has_place; where a step's room ends first the lane
 * asks to be called again at once, and every part remembers how far it came. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/core/lane/lane_internal.h"
#include "relay/core/text.h"

/* ---- acts ---- */

struct hash lane_cancel_id(const struct lane *lane, uint64_t nonce)
{
    uint8_t memory[64];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_raw(&packer, bytes_from_string("cancel"));
    pack_u32(&packer, lane->domain);
    pack_address(&packer, &lane->key);
    pack_u64(&packer, nonce);
    return sha2_of(packer_finish(&packer));
}

static uint64_t head_of(struct step *step, uint32_t domain)
{
    struct chain_row chain;

    return blocks_chain(step, domain, &chain) && chain.head_number > 0 ? chain.head_number : 1;
}

void lane_send(struct step *step, const struct lane *lane, uint64_t nonce,
               struct intent_row *intent)
{
    CHECK(intent->attempts_count > 0);
    uint32_t last = intent->attempts_count - 1;
    struct leg leg;

    while (last > 0 && intent->attempts[last].state == ATTEMPT_REFUSED) {
        last--; /* a raised fee that the signer refused: the attempt before it stands */
    }
    const struct attempt *attempt = &intent->attempts[last];
    intent->resign = false;
    intent->sends_count++;

    memset(&leg, 0, sizeof(leg));
    if (attempt->is_cancel) {
        leg.id = lane_cancel_id(lane, nonce);
        leg.kind = LEG_CANCEL;
        leg.domain = lane->domain;
        leg.key = lane->key;
    } else if (!leg_whole(step, &intent->leg_id, &leg)) {
        /* invariant 2: an open intent has its leg */
        step->status = step->status == STATUS_OK ? STATUS_CORRUPT : step->status;
        return;
    }
    struct command *command = step_command(step, COMMAND_SEND, lane->domain);
    command->send.leg = leg;
    command->send.intent = (struct intent){.leg_id = leg.id,
                                           .attempt = attempt->number,
                                           .domain = lane->domain,
                                           .key = lane->key,
                                           .nonce = nonce,
                                           .gas_limit = intent->gas_limit,
                                           .is_legacy = attempt->is_legacy,
                                           .fee_per_gas_max = attempt->fee_per_gas_max,
                                           .priority_fee_per_gas = attempt->priority_fee_per_gas};
    if (attempt->is_cancel) {
        command->send.intent.gas_limit = LANE_CANCEL_GAS;
    } else {
        command->send.intent.value = intent->value;
        command->send.intent.payload_digest = intent->payload_digest;
    }
    intent->act_at = instant_after(step->now, LANE_ANSWER_WAIT);
}

static struct hash attempt_leg_id(const struct lane *lane, uint64_t nonce,
                                  const struct intent_row *intent, const struct attempt *attempt)
{
    return attempt->is_cancel ? lane_cancel_id(lane, nonce) : intent->leg_id;
}

static void follow_attempt(struct step *step, const struct lane *lane, uint64_t nonce,
                           const struct intent_row *intent, const struct attempt *attempt)
{
    struct command *command = step_command(step, COMMAND_FOLLOW, lane->domain);

    command->follow.leg_id = attempt_leg_id(lane, nonce, intent, attempt);
    command->follow.transaction = attempt->transaction;
    command->follow.key = lane->key;
    command->follow.nonce = nonce;
}

void lane_follow(struct step *step, const struct lane *lane, uint64_t nonce,
                 const struct intent_row *intent)
{
    for (uint32_t i = 0; i < intent->attempts_count; i++) {
        const struct attempt *attempt = &intent->attempts[i];
        if (attempt->state == ATTEMPT_SIGNED || attempt->state == ATTEMPT_ABSENT) {
            follow_attempt(step, lane, nonce, intent, attempt);
        }
    }
}

void lane_broadcast(struct step *step, const struct lane *lane, uint64_t nonce,
                    struct intent_row *intent)
{
    uint32_t last = intent->attempts_count;

    while (last > 0 && intent->attempts[last - 1].state != ATTEMPT_SIGNED) {
        last--;
    }
    if (last == 0) {
        return;
    }
    const struct attempt *attempt = &intent->attempts[last - 1];
    struct command *command = step_command(step, COMMAND_BROADCAST, lane->domain);
    command->broadcast.leg_id = attempt_leg_id(lane, nonce, intent, attempt);
    command->broadcast.transaction = attempt->transaction;
    follow_attempt(step, lane, nonce, intent, attempt);
    intent->sent_block = head_of(step, lane->domain);
    if (intent->asked_block == 0) {
        intent->asked_block = intent->sent_block;
    }
    intent->act_at = instant_after(step->now, LANE_ANSWER_WAIT);
}

/* Adds an attempt; the caller sends it. */
static void add_attempt(struct step *step, struct intent_row *intent, const struct price *price)
{
    CHECK(intent->attempts_count < ATTEMPTS_MAX);
    const uint32_t number = intent->attempts[intent->attempts_count - 1].number + 1;

    intent->attempts[intent->attempts_count++] =
        (struct attempt){.state = ATTEMPT_ASKED,
                         .number = number,
                         .is_cancel = intent->cancelling,
                         .is_legacy = price->is_legacy,
                         .fee_per_gas_max = price->fee,
                         .priority_fee_per_gas = price->priority};
    intent->attempt_at = step->now;
    intent->asked_block = 0;
    intent->sent_block = 0;
}

bool lane_replace(struct step *step, const struct lane *lane, uint64_t nonce,
                  struct intent_row *intent)
{
    const struct core_chain *config = step_chain(step, lane->domain);
    struct price price;

    /* The last place is kept for a cancel. */
    if (config == NULL || intent->attempts_count >= ATTEMPTS_MAX - 1 ||
        !lane_raised_price(step, lane, config, intent, &price)) {
        return false;
    }
    add_attempt(step, intent, &price);
    lane_send(step, lane, nonce, intent);
    return true;
}

void lane_cancel(struct step *step, const struct lane *lane, uint64_t nonce,
                 struct intent_row *intent)
{
    struct leg_row cancel;

    memset(&cancel, 0, sizeof(cancel));
    cancel.state = LEG_STATE_OPEN;
    cancel.nonce = nonce;
    cancel.leg.id = lane_cancel_id(lane, nonce);
    cancel.leg.kind = LEG_CANCEL;
    cancel.leg.domain = lane->domain;
    cancel.leg.key = lane->key;
    leg_put(step, &cancel);
    intent->cancelling = true;
    intent->rejections_count = 0;
    struct attempt *last = &intent->attempts[intent->attempts_count - 1];
    if (last->state == ATTEMPT_ASKED) {
        /* Asked for and never signed, so never broadcast: the cancel takes its place. */
        last->is_cancel = true;
        last->state = ATTEMPT_ASKED;
        last->number++;
        intent->attempt_at = step->now;
        intent->asked_block = 0;
        intent->sent_block = 0;
    } else {
        struct price price = {.is_legacy = last->is_legacy,
                              .fee = last->fee_per_gas_max,
                              .priority = last->priority_fee_per_gas};
        (void)lane_raise(&last->fee_per_gas_max, &price.fee);
        (void)lane_raise(&last->priority_fee_per_gas, &price.priority);
        add_attempt(step, intent, &price);
    }
    lane_send(step, lane, nonce, intent);
}

/* ---- the end of an intent ---- */

static void tell_end(struct step *step, const struct leg_row *leg, enum leg_end end,
                     const struct event *receipt)
{
    switch (leg->leg.kind) {
    case LEG_PROCESS:
        message_on_leg_end(step, &leg->leg.id, end, receipt);
        break;
    case LEG_REBALANCE:
    case LEG_VENUE:
    case LEG_CROSSING:
        move_on_leg_end(step, &leg->leg.id, end, receipt);
        break;
    case LEG_SETTLE:
        flow_on_leg_end(step, &leg->leg);
        break;
    case LEG_HUB:
        hub_on_leg_end(step, &leg->leg, end);
        break;
    case LEG_ANNOUNCE:
        tree_on_leg_end(step, &leg->leg.id, end, receipt);
        break;
    case LEG_BATCH:
        message_on_batch_end(step, &leg->leg, end, receipt);
        break;
    case LEG_CANCEL:
        break;
    }
}

static struct event receipt_of(const struct step *step, const struct lane *lane,
                               const struct intent_row *intent)
{
    struct event event;

    memset(&event, 0, sizeof(event));
    event.kind = EVENT_RECEIPT;
    event.at = step->now;
    event.domain = lane->domain;
    event.receipt.leg_id = intent->leg_id;
    event.receipt.transaction = intent->attempts[intent->included_attempt].transaction;
    event.receipt.outcome = intent->included ? OUTCOME_OK : OUTCOME_ABSENT;
    event.receipt.succeeded = intent->succeeded;
    event.receipt.block_number = intent->block_number;
    event.receipt.block_hash = intent->block_hash;
    event.receipt.gas_used = intent->gas_used;
    event.receipt.gas_price = intent->gas_price;
    event.receipt.data_fee = intent->data_fee;
    return event;
}

static enum leg_state state_at_end(enum leg_end end)
{
    switch (end) {
    case LEG_SUCCEEDED:
        return LEG_STATE_SUCCEEDED;
    case LEG_REVERTED:
        return LEG_STATE_REVERTED;
    case LEG_VOID:
        return LEG_STATE_VOID;
    }
    CHECK(false);
    return LEG_STATE_VOID;
}

/* It is in a final block: what it cost goes into the ledger. */
static void book_payment(struct step *step, const struct lane *lane,
                         const struct intent_row *intent)
{
    const struct attempt *attempt = &intent->attempts[intent->included_attempt];
    struct ledger_paid paid = {.domain = lane->domain, .key = lane->key};

    paid.block = intent->block_number;
    paid.transaction = attempt->transaction;
    paid.record = intent->receipt_record;
    paid.gas_used = intent->gas_used;
    paid.gas_price = intent->gas_price;
    paid.data_fee = intent->data_fee;
    if (!attempt->is_cancel) {
        (void)lane_leg_message(step, &intent->leg_id, &paid.message_id);
        paid.value = intent->succeeded ? intent->value : amount_zero();
    }
    ledger_on_paid(step, &paid);
}

void lane_settle(struct step *step, struct lane *lane, uint64_t nonce,
                 const struct intent_row *intent, enum leg_end end)
{
    const struct event receipt = receipt_of(step, lane, intent);
    uint8_t key[INTENT_KEY_BYTES];
    uint8_t cancel_key[LEG_KEY_BYTES];
    struct leg_row leg;

    step_delete(step, intent_key(key, lane->domain, &lane->key, nonce));
    if (!intent->included) {
        lane->row.waiting_count--;
    } else {
        book_payment(step, lane, intent);
    }
    if (intent->cancelling) {
        const struct hash cancel_id = lane_cancel_id(lane, nonce);
        step_delete(step, leg_key(cancel_key, &cancel_id));
    }
    if (intent->owner_told || !leg_get(step, &intent->leg_id, &leg)) {
        return;
    }
    leg.state = state_at_end(end);
    leg.transaction = receipt.receipt.transaction;
    leg.block_number = intent->block_number;
    leg_put(step, &leg);
    tell_end(step, &leg, end, &receipt);
}

/* ---- the walk ---- */

struct walk {
    struct lane *lane;
    const struct core_chain *config;
    struct chain_row chain;
    struct instant next; /* earliest instant an intent asks for */
    uint32_t waiting_seen;
};

static void forget_inclusion(struct lane *lane, struct intent_row *intent)
{
    CHECK(intent->included);
    intent->included = false;
    intent->told_when_final = false;
    intent->act_at.ns = 0;
    lane->row.waiting_count++;
    for (uint32_t i = 0; i < intent->attempts_count; i++) {
        if (intent->attempts[i].state == ATTEMPT_ABSENT) {
            intent->attempts[i].state = ATTEMPT_SIGNED;
        }
    }
}

/* An included intent whose block is now final: ended, or its block was replaced after all. */
static bool work_included(struct step *step, struct walk *walk, uint64_t nonce,
                          struct intent_row *intent)
{
    struct lane *lane = walk->lane;
    struct hash hash;

    if (!walk->chain.applied_any || intent->block_number > walk->chain.applied_number) {
        return false;
    }
    const bool is_known = blocks_hash(step, lane->domain, intent->block_number, &hash);
    /* Unknown inside a range of blocks. What was read before it was final is asked again and not
     * believed meanwhile: a reorg during a restart leaves no other trace, and the transaction may
     * have to go out once more. */
    if (is_known ? !hash_equal(&hash, &intent->block_hash) : !intent->told_when_final) {
        forget_inclusion(lane, intent);
        lane_follow(step, lane, nonce, intent);
        intent->act_at = instant_after(step->now, LANE_ANSWER_WAIT);
        intent_put(step, lane, nonce, intent);
        return false;
    }
    const bool is_cancel = intent->attempts[intent->included_attempt].is_cancel;
    const enum leg_end end = is_cancel           ? LEG_VOID
                             : intent->succeeded ? LEG_SUCCEEDED
                                                 : LEG_REVERTED;
    lane_settle(step, lane, nonce, intent, end); /* invariant 3 */
    return true;
}

/* True when the nonce is final and none of our attempts has it. */
static bool is_foreign(const struct lane *lane, uint64_t nonce, const struct intent_row *intent)
{
    if (nonce >= lane->row.nonce_final) {
        return false;
    }
    for (uint32_t i = 0; i < intent->attempts_count; i++) {
        if (intent->attempts[i].state == ATTEMPT_SIGNED) {
            return false;
        }
    }
    return true;
}

static void settle_foreign(struct step *step, struct lane *lane, uint64_t nonce,
                           const struct intent_row *intent)
{
    if (lane->row.state != LANE_FROZEN) {
        lane->row.state = LANE_FROZEN;
        step_note(step, NOTE_ALARM, lane->domain, &intent->leg_id, REASON_FOREIGN_TRANSACTION,
                  "a nonce of ours was used by a transaction that is not ours");
    }
    lane_settle(step, lane, nonce, intent, LEG_VOID);
}

/* Asks again for what the last attempt waits for. */
static void repeat(struct step *step, struct lane *lane, uint64_t nonce, struct intent_row *intent)
{
    const struct attempt *last = &intent->attempts[intent->attempts_count - 1];

    switch (last->state) {
    case ATTEMPT_ASKED:
        lane_send(step, lane, nonce, intent);
        break;
    case ATTEMPT_SIGNED:
    case ATTEMPT_REFUSED:
        if (intent->resign) {
            lane_send(step, lane, nonce, intent);
        } else {
            lane_broadcast(step, lane, nonce, intent);
        }
        break;
    case ATTEMPT_ABSENT:
        lane_follow(step, lane, nonce, intent);
        intent->act_at = instant_after(step->now, LANE_ANSWER_WAIT);
        break;
    }
}

/* Blocks passed without it. */
static bool work_blocks(struct step *step, struct walk *walk, uint64_t nonce,
                        struct intent_row *intent)
{
    struct lane *lane = walk->lane;
    const uint64_t head = walk->chain.head_number;

    if (intent->sent_block == 0 || head < intent->sent_block) {
        return false;
    }
    if (lane_is_overdue(step, walk->config, intent, head) &&
        walk->waiting_seen <= LANE_REPLACED_MAX) {
        if (lane_replace(step, lane, nonce, intent)) {
            struct text text = text_from("nonce ");
            text_add_number(&text, nonce);
            step_note(step, NOTE_WARN, lane->domain, &intent->leg_id, REASON_NOT_INCLUDED,
                      text.text);
            return true;
        }
        intent->asked_block = head; /* not allowed: thought of again as long after */
        intent->attempt_at = step->now;
        step_note(step, NOTE_WARN, lane->domain, &intent->leg_id, REASON_FEE_CEILING, NULL);
        lane_broadcast(step, lane, nonce, intent);
        return true;
    }
    if (head - intent->sent_block >= LANE_REBROADCAST_BLOCKS) {
        lane_broadcast(step, lane, nonce, intent);
        return true;
    }
    return false;
}

static void work_waiting(struct step *step, struct walk *walk, uint64_t nonce,
                         struct intent_row *intent)
{
    struct lane *lane = walk->lane;
    bool changed = false;

    walk->waiting_seen++;
    if (is_foreign(lane, nonce, intent)) {
        settle_foreign(step, lane, nonce, intent);
        return;
    }
    if (nonce >= lane->row.follow_next) {
        lane_follow(step, lane, nonce, intent);
    }
    if (lane->row.state != LANE_UNKNOWN) { /* invariant 4 */
        const bool is_mined = nonce < lane->row.nonce_latest;
        if (nonce >= lane->row.resend_next && !is_mined) {
            intent->resign = true; /* adapters hold nothing after a start */
            repeat(step, lane, nonce, intent);
            changed = true;
        } else if (instant_is_past(intent->act_at, step->now)) {
            repeat(step, lane, nonce, intent);
            changed = true;
        } else {
            changed = work_blocks(step, walk, nonce, intent);
        }
    }
    if (changed) {
        intent_put(step, lane, nonce, intent);
    }
    if (intent->act_at.ns < walk->next.ns) {
        walk->next = intent->act_at;
    }
}

static void work_intent(struct step *step, struct walk *walk, uint64_t nonce)
{
    struct lane *lane = walk->lane;
    struct intent_row intent;

    if (!intent_get(step, lane, nonce, &intent)) {
        if (nonce == lane->row.first_open) {
            lane->row.first_open++;
        }
        return;
    }
    if (intent.included && intent.block_number >= lane->row.reorg_number) {
        forget_inclusion(lane, &intent);
        lane_follow(step, lane, nonce, &intent);
        intent.act_at = instant_after(step->now, LANE_ANSWER_WAIT);
        intent_put(step, lane, nonce, &intent);
    }
    if (!intent.included) {
        work_waiting(step, walk, nonce, &intent);
    } else if (work_included(step, walk, nonce, &intent) && nonce == lane->row.first_open) {
        lane->row.first_open++;
    }
}

/* How old a reading of the lane may be. */
static struct duration reading_holds(const struct lane *lane)
{
    if (lane->row.state == LANE_UNKNOWN) {
        return LANE_UNKNOWN_WAIT;
    }
    return lane->row.waiting_count > 0 ? LANE_FEES_WAIT : LANE_READ_WAIT;
}

static void ask_if_older(struct step *step, struct lane *lane, struct duration wait)
{
    if (lane->row.asked_at.ns == 0 ||
        instant_is_past(instant_after(lane->row.asked_at, wait), step->now)) {
        lane->row.asked_at = step->now;
        step_command(step, COMMAND_READ_LANE, lane->domain)->read_lane.key = lane->key;
    }
}

void lane_refresh(struct step *step, struct lane *lane)
{
    ask_if_older(step, lane, LANE_FEES_WAIT);
}

static void read_lane(struct step *step, struct lane *lane)
{
    const struct duration wait = reading_holds(lane);

    ask_if_older(step, lane, wait);
    lane_schedule(step, lane, instant_after(lane->row.asked_at, wait));
}

/* Walks all open intents. False: the step's room ended first. */
static bool walk_all(struct step *step, struct walk *walk)
{
    struct lane *lane = walk->lane;

    for (uint64_t nonce = lane->row.first_open; nonce < lane->row.next_nonce; nonce++) {
        if (!step_has_room(step, LANE_INTENT_COMMANDS)) {
            return false;
        }
        work_intent(step, walk, nonce);
        if (lane->row.follow_next <= nonce) {
            lane->row.follow_next = nonce + 1;
        }
        if (lane->row.state != LANE_UNKNOWN && lane->row.resend_next <= nonce) {
            lane->row.resend_next = nonce + 1;
        }
    }
    lane->row.reorg_number = LANE_NEVER;
    lane->row.follow_next = LANE_NEVER;
    if (lane->row.state != LANE_UNKNOWN) {
        lane->row.resend_next = LANE_NEVER;
    }
    return true;
}

void lane_work(struct step *step, struct lane *lane)
{
    struct walk walk = {
        .lane = lane, .config = step_chain(step, lane->domain), .next = {.ns = LANE_NEVER}};

    /* A chain that is stopped, or that the configuration no longer names, is not acted on. */
    if (walk.config == NULL || !blocks_is_running(step, lane->domain) ||
        !blocks_chain(step, lane->domain, &walk.chain)) {
        lane_put(step, lane);
        return;
    }
    const bool is_done = walk_all(step, &walk);
    if (!is_done) {
        lane_schedule(step, lane, step->now);
    } else {
        if (walk.next.ns != LANE_NEVER && lane->row.state != LANE_UNKNOWN) {
            lane_schedule(step, lane, walk.next);
        }
        if (step_has_room(step, 1)) {
            read_lane(step, lane);
        } else {
            lane_schedule(step, lane, step->now);
        }
    }
    lane_put(step, lane);
}

/* ---- occasions ---- */

bool lane_on_due(struct step *step, const struct hash *id)
{
    const struct address first = {{0}};
    struct lane lane;

    if (!step_has_room(step, LANE_INTENT_COMMANDS)) {
        return false;
    }
    bool any = lane_next(step, step_domain_of(id), &first, &lane);
    while (any) {
        const struct hash own = lane_due_id(lane.domain, &lane.key);
        if (hash_equal(&own, id)) {
            lane.row.due.ns = 0;
            lane_work(step, &lane);
            return true;
        }
        any = lane_after(step, &lane);
    }
    return true;
}

/* Runs `lane_work` on every lane of a chain that has something open. */
static void work_chain(struct step *step, uint32_t domain, bool waiting_alone)
{
    const struct address first = {{0}};
    struct lane lane;

    for (bool any = lane_next(step, domain, &first, &lane); any; any = lane_after(step, &lane)) {
        const bool has_open = lane.row.next_nonce > lane.row.first_open;
        if (has_open && (!waiting_alone || lane.row.waiting_count > 0)) {
            lane_work(step, &lane);
        }
    }
}

void lane_on_block(struct step *step, uint32_t domain, uint64_t number)
{
    CHECK(number > 0);
    work_chain(step, domain, true);
}

void lane_on_final(struct step *step, uint32_t domain, uint64_t number, const struct hash *hash)
{
    CHECK(number > 0);
    CHECK(hash != NULL);
    work_chain(step, domain, false);
}

void lane_on_reorg(struct step *step, uint32_t domain, uint64_t number)
{
    const struct address first = {{0}};
    struct lane lane;

    for (bool any = lane_next(step, domain, &first, &lane); any; any = lane_after(step, &lane)) {
        if (lane.row.next_nonce == lane.row.first_open) {
            continue;
        }
        if (number < lane.row.reorg_number) {
            lane.row.reorg_number = number;
        }
        lane_schedule(step, &lane, step->now);
        lane_put(step, &lane);
    }
}
