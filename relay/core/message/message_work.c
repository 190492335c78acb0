/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/message/message_work.c: the stages of a message that is under way.
 *
 * Each stage looks at what is known, asks for what is not, and says whether the message goes on.
 * A stage may be run any number of times: what was asked is only asked again when its answer is
 * overdue, so a restart, a lost answer and a repeated one look the same. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/core/capital/backing.h"
#include "relay/core/message/message_internal.h"
#include "relay/core/tables.h"
#include "relay/core/text.h"
#include "relay/hyperlane/message.h"
#include "relay/hyperlane/token.h"

/* not stored */
enum stage {
    STAGE_NEXT,    /* the message is in another state: run that one's stage */
    STAGE_WAIT,    /* a due row or an answer brings it back */
    STAGE_NO_ROOM, /* to be run again in another step */
};

/* ---- which ISM ---- */

static void ask_security(struct step *step, const struct message *message,
                         struct security_row *security)
{
    uint8_t key[MESSAGE_KEY_BYTES];
    struct bytes body;

    if (!step_get(step, message_key(key, TABLE_BODY, &message->id), &body)) {
        return;
    }
    const struct bytes kept = step_keep(step, body);
    struct command *command = step_command(step, COMMAND_READ_SECURITY, message->row.destination);
    command->read_security.message_id = message->id;
    command->read_security.message = kept;
    security->asked_at = step->now;
    security_put(step, message, security);
}

static bool is_fresh(const struct step *step, struct instant answered_at, struct duration holds)
{
    return answered_at.ns != 0 && !instant_is_past(instant_after(answered_at, holds), step->now);
}

/* Why nothing is delivered to recipients that this module guards. */
static enum reason object_to(const struct core_chain *config, const struct security_row *security)
{
    const struct ism ism = security_ism(security);

    if (!ism_is_supported(&ism, NULL)) {
        return REASON_SECURITY_UNSUPPORTED;
    }
    return ism_strength(&ism) < config->validators_min ? REASON_SECURITY_WEAK : REASON_NONE;
}

/* "kind 8 (Arbitrum L2-to-L1): 0x..." */
static void add_module(struct text *text, const struct ism_node *node)
{
    text_add(text, "kind ");
    text_add_number(text, node->type);
    text_add(text, " (");
    text_add(text, module_type_name(node->type));
    text_add(text, "): ");
    text_add_address(text, &node->address);
}

/* Which module stands in the way, and what it is. */
static void say_obstacle(struct message *message, const struct security_row *security)
{
    const struct ism ism = security_ism(security);
    const struct ism_node *node = ism_obstacle(&ism);
    struct text text = text_from("");

    if (node != NULL) {
        add_module(&text, node);
    } else {
        text_add(&text, "a trusted relayer is somebody else");
    }
    message_say(message, &text);
}

/* "0 of 2: kind 6 (without metadata): 0x...": how many could forge a message, of how many wanted.
 */
static void say_weak(struct message *message, const struct core_chain *config,
                     const struct security_row *security)
{
    const struct ism ism = security_ism(security);
    struct text text = text_from("");

    text_add_number(&text, ism_strength(&ism));
    text_add(&text, " of ");
    text_add_number(&text, config->validators_min);
    text_add(&text, ": ");
    add_module(&text, &security->nodes[0]);
    message_say(message, &text);
}

/* Capital above the tier of `large`, sent by one of our routers. */
static bool is_large(struct step *step, const struct message *message)
{
    const struct core_config *config = step->config;
    uint8_t key[MESSAGE_KEY_BYTES];
    struct message_view view;
    struct token_message token;
    struct bytes body;
    bool is_ours = false;

    for (uint32_t i = 0; i < config->routers_count && !amount_is_zero(&config->large.value); i++) {
        is_ours = is_ours || (config->routers[i].domain == message->row.origin &&
                              address_equal(&config->routers[i].router, &message->row.sender));
    }
    return is_ours && step_get(step, message_key(key, TABLE_BODY, &message->id), &body) &&
           message_parse(body, &view) == STATUS_OK &&
           token_message_parse(view.body, &token) == STATUS_OK &&
           amount_compare(&token.amount, &config->large.value) >= 0;
}

/* True: it waits until its origin is known better, or its route is backed again. */
static bool is_unsure(struct step *step, struct message *message)
{
    enum reason reason = backing_of_sender(step, message->row.origin, &message->row.sender);

    if (reason == REASON_NONE && is_large(step, message)) {
        reason = sure_of(step, message->row.origin, &message->id, message->row.origin_block);
    }

    if (reason == REASON_NONE) {
        return false;
    }
    message_later(step, message, reason, MESSAGE_SURE_WAIT);
    return true;
}

static struct duration halt_wait(enum reason halted)
{
    return halted == REASON_NO_QUORUM ? MESSAGE_QUORUM_WAIT : MESSAGE_STOPPED_WAIT;
}

/* True: nothing can be done while its origin or its destination is away. Without its origin it
 * gives its place to another one's. Without their destination no other message could use it, and a
 * long queue that went through the places would be nothing but work. */
static bool is_halted(struct step *step, struct message *message)
{
    const enum reason origin = blocks_halted(step, message->row.origin);
    const enum reason destination = blocks_halted(step, message->row.destination);

    if (destination != REASON_NONE) {
        message_set(step, message, MESSAGE_SECURITY, destination);
        message_due(step, message, instant_after(step->now, halt_wait(destination)));
        return true;
    }
    if (origin != REASON_NONE) {
        message_later(step, message, origin, halt_wait(origin));
        return true;
    }
    return false;
}

static enum stage stage_security(struct step *step, struct message *message)
{
    const struct core_chain *config = step_chain(step, message->row.destination);
    struct security_row security;

    if (config == NULL || !config->relay_to) {
        message_later(step, message, REASON_NOT_RELAYED, MESSAGE_LONG_WAIT);
        return STAGE_WAIT;
    }
    if (is_halted(step, message)) {
        return STAGE_WAIT;
    }
    if (!message_is_wanted(step, message) || !message_is_affordable(step, message) ||
        is_unsure(step, message)) {
        return STAGE_WAIT;
    }
    (void)security_get(step, message, &security);
    const bool is_for_it =
        hash_is_zero(&security.only_message) || hash_equal(&security.only_message, &message->id);
    if (is_for_it && security.answer == ANSWER_OK) {
        const enum reason objection = object_to(config, &security);
        if (objection == REASON_NONE &&
            is_fresh(step, security.answered_at, message_answers_hold(message))) {
            message_set(step, message, MESSAGE_STORAGE, REASON_AWAITING_STORAGE);
            return STAGE_NEXT;
        }
        /* Owners change such modules: the next message asks anew. */
        if (objection != REASON_NONE && is_fresh(step, security.answered_at, MESSAGE_ANSWER_WAIT)) {
            if (objection == REASON_SECURITY_UNSUPPORTED) {
                say_obstacle(message, &security);
            } else {
                say_weak(message, config, &security);
            }
            message_later(step, message, objection, MESSAGE_LONG_WAIT);
            return STAGE_WAIT;
        }
    }
    if (is_for_it && security.answer == ANSWER_REFUSED &&
        is_fresh(step, security.answered_at, MESSAGE_ANSWER_WAIT)) {
        struct text words = text_from("");
        text_add_bytes(&words, bytes_from(security.words, security.words_count));
        message_say(message, &words);
        message_fail(step, message, REASON_SECURITY_UNKNOWN);
        return STAGE_WAIT;
    }
    if (!message_is_asked(step, security.asked_at)) {
        ask_security(step, message, &security);
    }
    message_wait_for(step, message, MESSAGE_WAIT_SECURITY, NULL,
                     instant_after(security.asked_at, MESSAGE_ANSWER_WAIT));
    return STAGE_WAIT;
}

/* ---- where validators publish ---- */

static enum stage stage_storage(struct step *step, struct message *message)
{
    struct security_row security;
    const struct address *asked = NULL;
    bool ready[ISM_VALIDATORS_MAX] = {false};

    if (!security_get(step, message, &security)) {
        message_set(step, message, MESSAGE_SECURITY, REASON_AWAITING_SECURITY);
        return STAGE_NEXT;
    }
    for (uint32_t i = 0; i < security.validators_count; i++) {
        if (!step_has_room(step, 1)) {
            return STAGE_NO_ROOM; /* those asked so far are not asked again */
        }
        const struct address *validator = &security.validators[i].address;
        switch (storage_use(step, message, validator)) {
        case STORAGE_READY:
            ready[i] = true;
            break;
        case STORAGE_ASKED:
            asked = asked == NULL ? validator : asked;
            break;
        case STORAGE_NONE:
            break;
        }
    }
    const struct instant until = instant_after(message->row.since, MESSAGE_ANSWER_WAIT);
    if (asked != NULL && !instant_is_past(until, step->now)) {
        message_wait_for(step, message, MESSAGE_WAIT_STORAGE, asked, until);
        return STAGE_WAIT;
    }
    const struct ism ism = security_ism(&security);
    if (ism_is_supported(&ism, ready)) {
        message_set(step, message, MESSAGE_CHECKPOINTS, REASON_AWAITING_CHECKPOINTS);
        return STAGE_NEXT;
    }
    message_fail(step, message, REASON_STORAGE_UNKNOWN);
    return STAGE_WAIT;
}

/* ---- signatures ---- */

/* A leg's id: the message and how many legs it had before, so that a new try is a new leg. */
static struct hash process_leg_id(const struct message *message)
{
    uint8_t memory[64];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_raw(&packer, bytes_from_string("process"));
    pack_hash(&packer, &message->id);
    pack_u32(&packer, message->row.legs_count);
    return sha2_of(packer_finish(&packer));
}

static enum stage prepare(struct step *step, struct message *message, const struct address *key,
                          struct bytes metadata)
{
    struct leg leg;

    memset(&leg, 0, sizeof(leg));
    leg.id = process_leg_id(message);
    leg.kind = LEG_PROCESS;
    leg.domain = message->row.destination;
    leg.key = *key;
    leg.process.message_id = message->id;
    leg.process.metadata = metadata;
    message->row.leg_id = leg.id;
    message->row.legs_count++;
    lane_ask(step, &leg);
    message_set(step, message, MESSAGE_PREPARING, REASON_AWAITING_SIMULATION);
    message_due(step, message, instant_after(step->now, MESSAGE_PREPARE_WAIT));
    return STAGE_WAIT;
}

/* Asks one validator's store for one checkpoint, unless it is asked already. */
static void fetch(struct step *step, const struct message *message, uint32_t index,
                  const struct address *validator, enum proof_slot slot)
{
    struct storage_row storage;
    struct proof_row proof;
    const bool is_known =
        proof_get(step, &message->id, validator, slot, &proof) && proof.checkpoint.index == index;

    if (is_known && (proof.state == PROOF_VALID ||
                     (proof.state == PROOF_ASKED && message_is_asked(step, proof.asked_at)))) {
        return;
    }
    if (storage_use(step, message, validator) != STORAGE_READY ||
        !storage_get(step, message->row.origin, validator, &storage)) {
        return;
    }
    /* The newest location first; the others in turn while it has nothing. */
    proof.location_index = is_known ? (proof.location_index + 1) % storage.locations_count : 0;
    const struct bytes location = step_keep(step, storage.locations[proof.location_index]);
    struct command *command = step_command(step, COMMAND_FETCH_CHECKPOINT, message->row.origin);
    command->fetch_checkpoint.validator = *validator;
    command->fetch_checkpoint.location = location;
    command->fetch_checkpoint.index = index;
    command->fetch_checkpoint.message_id = message->id;
    proof.asked_at = step->now;
    proof.state = PROOF_ASKED;
    proof.checkpoint.index = index;
    proof_put(step, &message->id, validator, slot, &proof);
}

/* A validator that began after this message, or lost an object, never signs at its leaf. Modules
 * that take any checkpoint are asked for a later one too, the same of all validators, and another
 * one when enough rounds have shown that it does not come together. */
static void choose_later(struct step *step, struct message *message, uint32_t leaf)
{
    const uint32_t count = tree_leaves_count(step, message->row.origin);
    const bool is_time = message->row.rounds_count >= MESSAGE_LATER_ROUNDS &&
                         message->row.rounds_count % MESSAGE_LATER_ROUNDS == 0;

    if (!is_time || count <= leaf + 1 || count - 1 == message->row.later_index) {
        return;
    }
    message->row.later_index = count - 1;
}

/* Asks the stores of all validators that a module has. False: no room for all in this step; those
 * asked so far are not asked again. */
static bool fetch_all(struct step *step, struct message *message,
                      const struct security_row *security, uint32_t leaf)
{
    const struct ism ism = security_ism(security);

    for (uint32_t i = 0; i < security->validators_count; i++) {
        const struct address *validator = &security->validators[i].address;
        bool takes_any = false;
        if (!step_has_room(step, 4)) {
            return false;
        }
        if (!ism_wants(&ism, validator, &takes_any)) {
            continue;
        }
        fetch(step, message, leaf, validator, PROOF_OWN);
        if (takes_any && message->row.later_index != 0) {
            fetch(step, message, message->row.later_index, validator, PROOF_LATER);
        }
    }
    return true;
}

/* 300 ms at first, doubled up to 5 s: a checkpoint is usually there within a second or two. */
static struct duration poll_wait(uint32_t rounds_count)
{
    const uint64_t ms = rounds_count < 5 ? (uint64_t)300 << rounds_count : 5000;

    return DURATION_MS(ms < 5000 ? ms : 5000);
}

/* Between single rounds, once it takes long: 5 s more for each, up to a minute. */
static struct duration absent_wait(uint32_t rounds_count)
{
    const uint64_t rounds =
        rounds_count <= MESSAGE_POLLS_MAX ? 1 : (rounds_count - MESSAGE_POLLS_MAX) / 2 + 1;

    return DURATION_MS((rounds < 12 ? rounds : 12) * 5000);
}

/* Rounds that a message may hold its place for: few while not one validator has signed it. */
static uint32_t rounds_max(struct step *step, const struct message *message,
                           const struct security_row *security)
{
    for (uint32_t i = 0; i < security->validators_count; i++) {
        for (uint32_t slot = PROOF_OWN; slot < PROOF_SLOTS; slot++) {
            struct proof_row proof;
            if (proof_get(step, &message->id, &security->validators[i].address,
                          (enum proof_slot)slot, &proof) &&
                proof.state == PROOF_VALID) {
                return MESSAGE_POLLS_MAX;
            }
        }
    }
    return security->validators_count > 0 ? MESSAGE_ROUNDS_MAX : MESSAGE_POLLS_MAX;
}

/* What a message that cannot be proved yet waits for. Why the servers gave nothing stands until one
 * of them does. */
static enum reason missing_reason(const struct message *message, bool lacks_lookup)
{
    const enum reason reason = message->row.reason;

    if (!lacks_lookup) {
        return REASON_AWAITING_CHECKPOINTS;
    }
    return reason == REASON_LOOKUP_FAILED || reason == REASON_SIGNER_REFUSED
               ? reason
               : REASON_AWAITING_LOOKUP;
}

static void say_metadata_max(struct message *message)
{
    struct text text = text_from("more than ");

    text_add_number(&text, METADATA_BYTES_MAX);
    text_add(&text, " bytes");
    message_say(message, &text);
}

static enum stage stage_checkpoints(struct step *step, struct message *message)
{
    struct security_row security;
    uint8_t memory[METADATA_BYTES_MAX];
    struct buffer metadata = buffer_from(memory, sizeof(memory));
    struct address key;
    uint32_t leaf = 0;

    if (!security_get(step, message, &security)) {
        message_set(step, message, MESSAGE_SECURITY, REASON_AWAITING_SECURITY);
        return STAGE_NEXT;
    }
    if (!step_has_room(step, MESSAGE_COMMANDS)) {
        return STAGE_NO_ROOM;
    }
    if (!message_processor(step, message, &security, &key)) {
        message_later(step, message, REASON_NO_KEY, MESSAGE_STOPPED_WAIT);
        return STAGE_WAIT;
    }
    const enum status status = message_prove(step, message, &security, &key, &metadata);
    if (status == STATUS_OK) {
        message_lookups_used(step, message, &security);
        return prepare(step, message, &key, buffer_bytes(&metadata));
    }
    if (status == STATUS_UNSUPPORTED) {
        say_obstacle(message, &security);
        message_later(step, message, REASON_SECURITY_UNSUPPORTED, MESSAGE_LONG_WAIT);
        return STAGE_WAIT;
    }
    if (status == STATUS_FULL) {
        say_metadata_max(message);
        message_later(step, message, REASON_METADATA_TOO_LARGE, MESSAGE_LONG_WAIT);
        return STAGE_WAIT;
    }
    const enum reason missing = missing_reason(message, message_look_up(step, message, &security));
    const struct ism ism = security_ism(&security);
    const bool is_signed = !ism_is_unsigned(&ism);
    if (is_signed && !tree_leaf_index(step, message->row.origin, &message->id, &leaf)) {
        message_fail(step, message, REASON_LEAF_UNKNOWN);
        return STAGE_WAIT;
    }
    const uint32_t rounds = message->row.rounds_count;
    if (rounds >= MESSAGE_ROUNDS_MAX && rounds % 2 == 0 &&
        rounds >= rounds_max(step, message, &security)) {
        /* Its place is for others meanwhile; it comes back for one round at a time. */
        message->row.rounds_count++;
        const bool is_before = is_signed && tree_is_before(step, message->row.origin, leaf);
        message_later(step, message, is_before ? REASON_LEAF_BEFORE_TREE : missing,
                      absent_wait(message->row.rounds_count));
        return STAGE_WAIT;
    }
    if (is_signed) {
        choose_later(step, message, leaf);
        if (!fetch_all(step, message, &security, leaf)) {
            return STAGE_NO_ROOM;
        }
    }
    message_set(step, message, MESSAGE_CHECKPOINTS, missing);
    message_due(step, message, instant_after(step->now, poll_wait(message->row.rounds_count)));
    message->row.rounds_count++;
    return STAGE_WAIT;
}

/* ---- simulation and lane ---- */

static enum stage stage_preparing(struct step *step, struct message *message)
{
    /* Called when its answer is overdue. */
    if (message_batch_overdue(step, message)) {
        return STAGE_NEXT;
    }
    if (lane_ask_again(step, &message->row.leg_id)) {
        message_set(step, message, MESSAGE_PREPARING, REASON_SIMULATION_UNKNOWN);
        message_due(step, message, instant_after(step->now, MESSAGE_PREPARE_WAIT));
        return STAGE_WAIT;
    }
    message_set(step, message, MESSAGE_SECURITY, REASON_AWAITING_SECURITY);
    return STAGE_NEXT;
}

/* True when the lane cannot take the message now, and the lane of another key can: then it is
 * prepared anew for that key, which is free as long as nothing was offered. */
static bool take_other_key(struct step *step, struct message *message, const struct leg *leg,
                           enum reason reason)
{
    const struct core_chain *config = step_chain(step, leg->domain);
    const bool is_of_lane = reason == REASON_LANE_FULL || reason == REASON_LANE_UNKNOWN ||
                            reason == REASON_FOREIGN_TRANSACTION ||
                            reason == REASON_INSUFFICIENT_FUNDS || reason == REASON_NO_KEY;
    struct address key;

    if (!is_of_lane || config == NULL || address_is_zero(&config->key) ||
        !lane_choose(step, config, &message->id, &key) || address_equal(&key, &leg->key)) {
        return false;
    }
    lane_forget(step, &leg->id);
    message_set(step, message, MESSAGE_CHECKPOINTS, REASON_AWAITING_CHECKPOINTS);
    return true;
}

void message_on_beat(struct step *step, struct message *message, uint64_t beats)
{
    const uint64_t beat = MESSAGE_OFFER_WAIT.ns;

    message_due(step, message, (struct instant){.ns = (step->now.ns / beat + beats) * beat});
}

/* What a lane's refusal means for the message: most pass by themselves, and soon. */
static void offer_later(struct step *step, struct message *message, enum reason reason)
{
    if (reason == REASON_GAS_LIMIT) {
        message_fail(step, message, reason);
        return;
    }
    if (reason == REASON_NO_KEY || reason == REASON_CHAIN_STOPPED) {
        message_later(step, message, reason, MESSAGE_STOPPED_WAIT);
        return;
    }
    if (reason == REASON_ROUTE_FEE_CEILING || reason == REASON_ROUTE_BUDGET ||
        reason == REASON_UNPROFITABLE || reason == REASON_RATE_UNKNOWN) {
        message_limits_later(step, message, reason); /* its place is for other routes */
        return;
    }
    /* On a common beat, so that many messages are looked at with one wake. */
    message_set(step, message, MESSAGE_OFFERED, reason);
    message_on_beat(step, message,
                    reason == REASON_LANE_FULL || reason == REASON_LANE_UNKNOWN ? 1 : 12);
}

static enum stage stage_offered(struct step *step, struct message *message)
{
    const enum reason backing = backing_of_sender(step, message->row.origin, &message->row.sender);
    struct event prepared;
    struct leg leg;

    if (backing != REASON_NONE) { /* it was when this message set out */
        message_later(step, message, backing, MESSAGE_SURE_WAIT);
        return STAGE_WAIT;
    }

    if (!is_fresh(step, message->row.prepared_at, MESSAGE_PREPARED_WAIT)) {
        message_set(step, message, MESSAGE_PREPARING, REASON_AWAITING_SIMULATION);
        return STAGE_NEXT;
    }
    memset(&leg, 0, sizeof(leg));
    memset(&prepared, 0, sizeof(prepared));
    prepared.kind = EVENT_PREPARED;
    prepared.at = step->now;
    prepared.domain = message->row.destination;
    prepared.prepared.leg_id = message->row.leg_id;
    prepared.prepared.outcome = OUTCOME_OK;
    prepared.prepared.gas = message->row.gas;
    prepared.prepared.payload_digest = message->row.payload_digest;
    prepared.prepared.value = message->row.value;
    prepared.prepared.data_fee = message->row.data_fee;
    if (!lane_leg(step, &message->row.leg_id, &leg)) {
        message_set(step, message, MESSAGE_SECURITY, REASON_AWAITING_SECURITY);
        return STAGE_NEXT;
    }
    enum reason reason = message_within_limits(step, message, &leg.key);
    if (reason == REASON_NONE && message_batch(step, message, &leg)) {
        return STAGE_WAIT;
    }
    if (reason == REASON_NONE) {
        const struct amount fee_max = message_fee_max(step, message);
        reason = lane_offer_below(step, &leg, &prepared, &fee_max);
    }
    if (reason == REASON_NONE) {
        message_set(step, message, MESSAGE_SENT, REASON_AWAITING_INCLUSION);
        message_due(step, message, (struct instant){.ns = 0});
        message_give_place(step, message);
    } else if (take_other_key(step, message, &leg, reason)) {
        return STAGE_NEXT;
    } else {
        offer_later(step, message, reason);
    }
    return STAGE_WAIT;
}

/* ---- the loop ---- */

static enum stage run_stage(struct step *step, struct message *message)
{
    switch (message->row.state) {
    case MESSAGE_SECURITY:
        return stage_security(step, message);
    case MESSAGE_STORAGE:
        return stage_storage(step, message);
    case MESSAGE_CHECKPOINTS:
        return stage_checkpoints(step, message);
    case MESSAGE_PREPARING:
        return stage_preparing(step, message);
    case MESSAGE_OFFERED:
        return stage_offered(step, message);
    case MESSAGE_RETRY:
    case MESSAGE_ELSEWHERE:
    case MESSAGE_QUARANTINED:
    case MESSAGE_BLOCKED:
        message_enter(step, message);
        return STAGE_WAIT;
    case MESSAGE_SENT:
    case MESSAGE_INCLUDED:
        message_sent_ended(step, message);
        return STAGE_WAIT;
    case MESSAGE_SEEN:
    case MESSAGE_QUEUED:
    case MESSAGE_DELIVERED:
    case MESSAGE_NOT_RELAYED:
    case MESSAGE_REFUSED:
    case MESSAGE_ORPHANED:
    case MESSAGE_HELD:
    case MESSAGE_DROPPED:
    case MESSAGE_DEAD:
        return STAGE_WAIT;
    }
    CHECK(false);
    return STAGE_WAIT;
}

void message_advance(struct step *step, struct message *message)
{
    enum stage stage = STAGE_NEXT;

    message_wait_end(step, message);
    /* Each stage leads onwards, or back to the first when something was forgotten meanwhile. */
    for (uint32_t i = 0; stage == STAGE_NEXT && i < 8; i++) {
        stage = run_stage(step, message);
    }
    if (stage != STAGE_WAIT) {
        message_now(step, message);
    }
    message_put(step, message);
}
