/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/message/message.c: the life of a message: facts, simulations, ends, people.
 *
 *   seen --final--> queued -> security -> storage -> checkpoints -> preparing -> offered
 *    |                 ^          ^                                     |           | nonce
 *    | replaced        |          +-- place free -- retry <-- failed ---+           v
 *    v                 +------------ no place -------+ ^                |          sent
 *  orphaned                                            |        already |           | in a block
 *                                reverted, void -------+      delivered v           v
 *                                                      +----------- elsewhere   included
 *                                                                       |           |
 *            not relayed, refused, held, dropped                        +--final----+> delivered
 *
 * Invariants
 *   1. Nothing is asked, proved or sent for a message whose dispatch is not final.
 *   2. Delivered is said from a final ProcessId alone, by whomever it was delivered.
 *   3. A message has at most one leg that is not ended; a new one is made only after the end of
 *      the one before it was told.
 *   4. An open message that is not queued, sent, included or held has exactly one due row.
 *   5. A place is held from security until a lane takes the message, and by at most
 *      MESSAGE_ACTIVE_MAX per destination; quarantined messages have MESSAGE_CONFINED_MAX places of
 *      their own.
 *
 * What fails comes back by a ladder of waits; what reverts again and again is quarantined, which is
 * `retry` on other places; what has failed too often is dead until a person retries it. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/lane/lane_rows.h"
#include "relay/core/message/message_internal.h"
#include "relay/core/tables.h"
#include "relay/core/text.h"
#include "relay/hyperlane/message.h"

/* ---- dispatched ---- */

/* A row for a message met for the first time, or again after a reorg. */
static void describe(const struct step *step, uint32_t domain, const struct fact *fact,
                     const struct message_view *view, struct message *message)
{
    struct message_row *row = &message->row;

    memset(row, 0, sizeof(*row));
    row->origin = domain;
    row->destination = view->destination;
    row->nonce = view->nonce;
    row->sender = view->sender;
    row->recipient = view->recipient;
    row->origin_block = fact->block_number;
    row->origin_block_hash = fact->block_hash;
    row->dispatch_transaction = fact->transaction;
    row->seen_at = step->now;
}

/* What a dispatch says, if it comes from the mailbox and is a message of this origin. */
static bool read_dispatch(const struct step *step, uint32_t domain, const struct fact *fact,
                          struct message_view *ret_view)
{
    const struct core_chain *config = step_chain(step, domain);

    return config != NULL && address_equal(&fact->contract, &config->mailbox) &&
           message_parse(fact->dispatch.message, ret_view) == STATUS_OK &&
           ret_view->origin == domain;
}

static void see(struct step *step, uint32_t domain, const struct fact *fact)
{
    struct message message;
    struct message_view view;

    if (!read_dispatch(step, domain, fact, &view)) {
        return; /* said when it is final */
    }
    message.id = message_id(fact->dispatch.message);
    if (message_get(step, &message.id, &message)) {
        if (message.row.state != MESSAGE_SEEN && message.row.state != MESSAGE_ORPHANED) {
            return;
        }
        if (message.row.state == MESSAGE_SEEN) {
            message_close(step, &message);
        }
    }
    describe(step, domain, fact, &view, &message);
    message_set(step, &message, MESSAGE_SEEN, REASON_AWAITING_FINALITY);
    message_open(step, &message);
    message_put(step, &message);
}

/* Whether it was delivered, finally, before its dispatch was final here. */
static bool was_delivered(struct step *step, struct message *message)
{
    uint8_t key[MESSAGE_KEY_BYTES];
    struct bytes value;

    if (!step_get(step, message_key(key, TABLE_ELSEWHERE, &message->id), &value)) {
        return false;
    }
    struct unpacker unpacker = unpacker_from(value);
    const uint32_t destination = unpack_u32(&unpacker);
    message->row.delivered_block = unpack_u64(&unpacker);
    message->row.delivered_transaction = unpack_hash(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        step->status = STATUS_CORRUPT;
    }
    return destination == message->row.destination;
}

static void refuse_dispatch(struct step *step, uint32_t domain, const struct fact *fact)
{
    const struct core_chain *config = step_chain(step, domain);
    struct message message;
    struct hash id;

    if (config == NULL || !address_equal(&fact->contract, &config->mailbox)) {
        return;
    }
    const bool is_large = fact->dispatch.message.count == sizeof(id.bytes);
    const enum reason reason = is_large ? REASON_TOO_LARGE : REASON_MALFORMED_MESSAGE;
    if (is_large) {
        memcpy(id.bytes, fact->dispatch.message.data, sizeof(id.bytes));
    } else {
        id = message_id(fact->dispatch.message);
    }
    if (message_get(step, &id, &message)) {
        return; /* what is known of it stands */
    }
    memset(&message, 0, sizeof(message));
    message.id = id;
    message.row.origin = domain;
    message.row.origin_block = fact->block_number;
    message.row.origin_block_hash = fact->block_hash;
    message.row.dispatch_transaction = fact->transaction;
    message.row.seen_at = step->now;
    message.row.final_at = step->now;
    message_set(step, &message, MESSAGE_REFUSED, reason);
    message_put(step, &message);
    step_note(step, NOTE_WARN, domain, &message.id, reason, NULL);
}

static void dispatch(struct step *step, uint32_t domain, const struct fact *fact)
{
    uint8_t key[MESSAGE_KEY_BYTES];
    struct message message;
    struct message_view view;

    if (!read_dispatch(step, domain, fact, &view)) {
        refuse_dispatch(step, domain, fact);
        return;
    }
    message.id = message_id(fact->dispatch.message);
    if (!message_get(step, &message.id, &message) || message.row.state == MESSAGE_ORPHANED) {
        describe(step, domain, fact, &view, &message);
        message_open(step, &message);
    } else if (message.row.state != MESSAGE_SEEN) {
        return; /* a mailbox dispatches an id once; a repeat changes nothing */
    }
    const struct core_chain *destination = step_chain(step, view.destination);
    message.row.state = MESSAGE_SEEN;
    message.row.origin_block = fact->block_number;
    message.row.origin_block_hash = fact->block_hash;
    message.row.dispatch_transaction = fact->transaction;
    message.row.final_at = step->now;
    if (destination == NULL || !destination->relay_to) {
        message_finish(step, &message, MESSAGE_NOT_RELAYED, REASON_NOT_RELAYED);
    } else if (was_delivered(step, &message)) {
        message_finish(step, &message, MESSAGE_DELIVERED, REASON_DELIVERED_ELSEWHERE);
    } else if (!message_is_listed(step, &message, &view)) {
        message_finish(step, &message, MESSAGE_NOT_RELAYED, REASON_NOT_WHITELISTED);
    } else {
        step_put(step, message_key(key, TABLE_BODY, &message.id), fact->dispatch.message);
        message_enter(step, &message); /* invariant 1 */
    }
    message_put(step, &message);
}

/* ---- delivered ---- */

static bool is_process(const struct step *step, uint32_t domain, const struct fact *fact)
{
    const struct core_chain *config = step_chain(step, domain);

    return config != NULL && address_equal(&fact->contract, &config->mailbox);
}

static void note_delivered(struct step *step, const struct message *message)
{
    struct text text = text_from("block ");

    text_add_number(&text, message->row.delivered_block);
    step_note(step, NOTE_INFO, message->row.destination, &message->id, message->row.reason,
              text.text);
}

static bool is_own_transaction(struct step *step, const struct message *message,
                               const struct hash *transaction)
{
    return !hash_is_zero(&message->row.leg_id) &&
           lane_leg_has(step, &message->row.leg_id, transaction);
}

static void process(struct step *step, uint32_t domain, const struct fact *fact)
{
    uint8_t key[MESSAGE_KEY_BYTES];
    uint8_t memory[64];
    struct packer value = packer_from(memory, sizeof(memory));
    struct message message;

    if (!is_process(step, domain, fact)) {
        return;
    }
    const bool is_known = message_get(step, &fact->process.message_id, &message);
    if (is_known && message.row.destination != domain) {
        return;
    }
    if (!is_known || message.row.final_at.ns == 0) {
        if (step_chain(step, domain)->relay_to) {
            pack_u32(&value, domain);
            pack_u64(&value, fact->block_number);
            pack_hash(&value, &fact->transaction);
            step_put(step, message_key(key, TABLE_ELSEWHERE, &fact->process.message_id),
                     packer_finish(&value));
        }
        return;
    }
    if (message.row.state == MESSAGE_DELIVERED || message.row.state == MESSAGE_NOT_RELAYED) {
        return;
    }
    const bool is_ours = is_own_transaction(step, &message, &fact->transaction);
    message.row.delivered_block = fact->block_number;
    message.row.delivered_transaction = fact->transaction;
    message_finish(step, &message, MESSAGE_DELIVERED,
                   is_ours ? REASON_DELIVERED : REASON_DELIVERED_ELSEWHERE); /* invariant 2 */
    message_put(step, &message);
    note_delivered(step, &message);
}

/* Somebody delivered it at the head: nothing more is spent on it meanwhile. */
static void process_at_head(struct step *step, uint32_t domain, const struct fact *fact)
{
    struct message message;

    if (!is_process(step, domain, fact) ||
        !message_get(step, &fact->process.message_id, &message) ||
        message.row.destination != domain || message.row.final_at.ns == 0) {
        return;
    }
    switch (message.row.state) {
    case MESSAGE_QUEUED:
    case MESSAGE_SECURITY:
    case MESSAGE_STORAGE:
    case MESSAGE_CHECKPOINTS:
    case MESSAGE_PREPARING:
    case MESSAGE_OFFERED:
    case MESSAGE_RETRY:
    case MESSAGE_ELSEWHERE:
    case MESSAGE_QUARANTINED:
    case MESSAGE_DEAD:
    case MESSAGE_BLOCKED:
        message_leave(step, &message);
        message.row.delivered_block = fact->block_number;
        message.row.delivered_transaction = fact->transaction;
        message_set(step, &message, MESSAGE_ELSEWHERE, REASON_DELIVERED_ELSEWHERE);
        message_due(step, &message, instant_after(step->now, MESSAGE_LONG_WAIT));
        message_put(step, &message);
        break;
    case MESSAGE_SEEN:
    case MESSAGE_SENT:
    case MESSAGE_INCLUDED:
    case MESSAGE_DELIVERED:
    case MESSAGE_NOT_RELAYED:
    case MESSAGE_REFUSED:
    case MESSAGE_ORPHANED:
    case MESSAGE_HELD:
    case MESSAGE_DROPPED:
        break;
    }
}

/* ---- facts ---- */

void message_on_final_fact(struct step *step, uint32_t domain, const struct fact *fact)
{
    switch (fact->kind) {
    case FACT_DISPATCH:
        dispatch(step, domain, fact);
        break;
    case FACT_PROCESS:
        process(step, domain, fact);
        break;
    case FACT_GAS_PAYMENT:
        message_on_gas_paid(step, domain, fact);
        break;
    case FACT_ANNOUNCED:
        message_on_announced(step, domain, fact);
        break;
    case FACT_TRANSFER:
        message_on_token_paid(step, domain, fact);
        break;
    case FACT_TREE_INSERT:
    case FACT_REMOTE_SENT:
    case FACT_REMOTE_RECEIVED:
    case FACT_COLLATERAL_MOVED:
    case FACT_VAULT_DEPOSIT:
    case FACT_VAULT_WITHDRAW:
        break;
    }
}

void message_on_head_fact(struct step *step, uint32_t domain, const struct fact *fact)
{
    if (fact->kind == FACT_DISPATCH) {
        see(step, domain, fact);
    }
    if (fact->kind == FACT_PROCESS) {
        process_at_head(step, domain, fact);
    }
}

void message_on_orphaned_fact(struct step *step, uint32_t domain, const struct fact *fact)
{
    struct message message;

    if (fact->kind == FACT_DISPATCH) {
        const struct hash id = message_id(fact->dispatch.message);
        if (message_get(step, &id, &message) && message.row.state == MESSAGE_SEEN &&
            message.row.origin == domain &&
            hash_equal(&message.row.origin_block_hash, &fact->block_hash)) {
            message_finish(step, &message, MESSAGE_ORPHANED, REASON_ORPHANED);
            message_put(step, &message);
            step_note(step, NOTE_WARN, domain, &id, REASON_ORPHANED, NULL);
        }
    }
    if (fact->kind == FACT_PROCESS && message_get(step, &fact->process.message_id, &message) &&
        message.row.state == MESSAGE_ELSEWHERE && message.row.destination == domain &&
        hash_equal(&message.row.delivered_transaction, &fact->transaction)) {
        message_now(step, &message);
        message_put(step, &message);
    }
}

/* ---- simulated ---- */

/* The mailbox's own words. A recipient can say them too, which delays its own message alone. */
static bool says_delivered(struct bytes words)
{
    static const char phrase[] = "already delivered";
    const size_t count = sizeof(phrase) - 1;

    for (size_t i = 0; i + count <= words.count; i++) {
        if (memcmp(words.data + i, phrase, count) == 0) {
            return true;
        }
    }
    return false;
}

static void simulation_refused(struct step *step, struct message *message, struct bytes words)
{
    struct security_row security;
    struct text text = text_from("");

    if (says_delivered(words)) {
        message_leave(step, message);
        message_set(step, message, MESSAGE_ELSEWHERE, REASON_DELIVERED_ELSEWHERE);
        message_due(step, message, instant_after(step->now, MESSAGE_STOPPED_WAIT));
        return;
    }
    text_add_bytes(&text, words);
    message_say(message, &text);
    step_note(step, NOTE_WARN, message->row.destination, &message->id, REASON_SIMULATION_REVERTED,
              text.text);
    /* The validator set may have changed under us: read it again before the next try. */
    if (security_get(step, message, &security)) {
        security.answered_at.ns = 0;
        security_put(step, message, &security);
    }
    message_fail(step, message, REASON_SIMULATION_REVERTED);
}

void message_on_prepared(struct step *step, const struct event *event)
{
    struct message message;
    struct leg leg;

    if (!lane_leg(step, &event->prepared.leg_id, &leg) ||
        !message_get(step, &leg.process.message_id, &message) ||
        message.row.state != MESSAGE_PREPARING || leg.domain != event->domain ||
        !hash_equal(&message.row.leg_id, &event->prepared.leg_id)) {
        return;
    }
    switch (event->prepared.outcome) {
    case OUTCOME_OK:
        message.row.gas = event->prepared.gas;
        message.row.payload_digest = event->prepared.payload_digest;
        message.row.value = event->prepared.value;
        message.row.data_fee = event->prepared.data_fee;
        message.row.prepared_at = step->now;
        message.row.reverts_count = 0;
        if (!message_is_paid(step, &message, message.row.gas)) {
            break;
        }
        message_set(step, &message, MESSAGE_OFFERED, REASON_LANE_FULL);
        message.row.may_batch = message_may_batch(step, &message);
        if (message.row.may_batch && message_has_company(step, &message)) {
            message_on_beat(step, &message, 1); /* others may be as far by then */
            break;
        }
        message_advance(step, &message);
        return;
    case OUTCOME_REFUSED:
        simulation_refused(step, &message, event->prepared.reason);
        break;
    case OUTCOME_ABSENT:
    case OUTCOME_UNKNOWN:
        message_set(step, &message, MESSAGE_PREPARING, REASON_SIMULATION_UNKNOWN);
        message_due(step, &message, instant_after(step->now, MESSAGE_ANSWER_WAIT));
        break;
    }
    message_put(step, &message);
}

/* ---- what the lane says ---- */

/* The message of a leg that is under way. */
static bool message_of_leg(struct step *step, const struct hash *leg_id,
                           struct message *ret_message)
{
    struct hash id;

    return lane_leg_message(step, leg_id, &id) && message_get(step, &id, ret_message) &&
           hash_equal(&ret_message->row.leg_id, leg_id);
}

void message_on_leg_included(struct step *step, const struct hash *leg_id, uint64_t block_number)
{
    struct message message;

    if (!message_of_leg(step, leg_id, &message) ||
        (message.row.state != MESSAGE_SENT && message.row.state != MESSAGE_INCLUDED)) {
        return;
    }
    message_leave(step, &message);
    message.row.delivered_block = block_number;
    message_set(step, &message, MESSAGE_INCLUDED, REASON_AWAITING_DELIVERY_FINALITY);
    message_put(step, &message);
}

/* The end of a leg of a message that was sent; the caller writes the message. */
static void end_sent(struct step *step, struct message *message, enum leg_end end)
{
    switch (end) {
    case LEG_SUCCEEDED: /* and yet no final ProcessId: to be looked at again */
    case LEG_REVERTED:
        step_note(step, NOTE_WARN, message->row.destination, &message->id,
                  REASON_TRANSACTION_REVERTED, NULL);
        message_fail(step, message, REASON_TRANSACTION_REVERTED);
        break;
    case LEG_VOID:
        message_later(step, message, REASON_REJECTED, MESSAGE_ANSWER_WAIT);
        break;
    }
}

void message_sent_ended(struct step *step, struct message *message)
{
    enum leg_end end = LEG_VOID;
    bool is_refused = false;

    if (!lane_member_ended(step, &message->row.leg_id, &is_refused, &end)) {
        return;
    }
    message_leave(step, message); /* while the leg still counts as sent */
    memset(&message->row.leg_id, 0, sizeof(message->row.leg_id));
    if (is_refused) {
        message_fail(step, message, REASON_SIGNER_REFUSED);
    } else {
        end_sent(step, message, end);
    }
}

void message_on_leg_end(struct step *step, const struct hash *leg_id, enum leg_end end,
                        const struct event *receipt)
{
    uint8_t key[MESSAGE_KEY_BYTES];
    struct message message;

    CHECK(receipt->kind == EVENT_RECEIPT);
    if (!message_of_leg(step, leg_id, &message)) {
        return;
    }
    const bool is_sent = message.row.state == MESSAGE_SENT || message.row.state == MESSAGE_INCLUDED;
    if (is_sent) {
        message_leave(step, &message); /* while the leg still counts as sent */
    }
    memset(&message.row.leg_id, 0, sizeof(message.row.leg_id)); /* invariant 3 */
    message_pay(step, &message, end == LEG_VOID ? NULL : receipt, 1);
    if (message.row.state == MESSAGE_DELIVERED) {
        step_delete(step, message_key(key, TABLE_BODY, &message.id));
    } else if (is_sent) {
        end_sent(step, &message, end);
    }
    message_put(step, &message);
}

void message_on_leg_refused(struct step *step, const struct hash *leg_id)
{
    uint8_t key[MESSAGE_KEY_BYTES];
    struct message message;

    if (!message_of_leg(step, leg_id, &message)) {
        return;
    }
    const bool is_sent = message.row.state == MESSAGE_SENT;
    if (is_sent) {
        message_leave(step, &message);
    }
    memset(&message.row.leg_id, 0, sizeof(message.row.leg_id));
    message_pay(step, &message, NULL, 1);
    if (message.row.state == MESSAGE_DELIVERED) {
        step_delete(step, message_key(key, TABLE_BODY, &message.id));
    } else if (is_sent) {
        message_fail(step, &message, REASON_SIGNER_REFUSED);
    }
    message_put(step, &message);
}

/* ---- due, start ---- */

/* Asks again at once for messages that were under way when the node ended. */
static void resume(struct step *step, const struct hash *id)
{
    const uint32_t destination = step_domain_of(id);
    uint8_t memory[OPEN_KEY_BYTES_MAX];
    struct packer from = open_key(memory, destination, OPEN_ACTIVE);
    const size_t prefix_count = packer_finish(&from).count;
    struct bytes key;
    struct bytes value;

    pack_raw(&from, bytes_from(id->bytes + 4, sizeof(id->bytes) - 4));
    size_t from_count = packer_finish(&from).count;
    for (uint32_t i = 0;; i++) {
        struct message message;
        struct hash next = step_domain_id(destination);
        if (!step_seek(step, bytes_from(memory, from_count), bytes_from(memory, prefix_count), &key,
                       &value)) {
            return;
        }
        CHECK(key.count == prefix_count + 32);
        if (i == MESSAGE_WOKEN_MAX) {
            memcpy(next.bytes + 4, key.data + prefix_count, sizeof(next.bytes) - 4);
            step_due(step, step->now, DUE_RESUME, &next);
            return;
        }
        struct hash message_id_found;
        memcpy(message_id_found.bytes, key.data + prefix_count, 32);
        memcpy(memory, key.data, key.count);
        memory[key.count] = 0; /* the first key after this one */
        from_count = key.count + 1;
        if (message_get(step, &message_id_found, &message) && message.row.due.ns != 0) {
            message_now(step, &message);
            message_put(step, &message);
        }
    }
}

bool message_on_due(struct step *step, enum due_kind kind, const struct hash *id)
{
    struct message message;

    if (!step_has_room(step, MESSAGE_COMMANDS)) {
        return false;
    }
    if (kind == DUE_RESUME) {
        resume(step, id);
        return true;
    }
    if (!message_get(step, id, &message)) {
        return true;
    }
    if (kind == DUE_WAITING) {
        if (message.row.wait != MESSAGE_WAIT_NONE) {
            message_wake(step, &message);
        }
        return true;
    }
    message.row.due.ns = 0;
    message_advance(step, &message);
    return true;
}

/* Everything that is under way is looked at at once. */
static void resume_all(struct step *step)
{
    for (uint32_t i = 0; i < step->config->chains_count; i++) {
        if (step->config->chains[i].relay_to) {
            const struct hash id = step_domain_id(step->config->chains[i].domain);
            step_due(step, step->now, DUE_RESUME, &id);
        }
    }
}

void message_on_start(struct step *step)
{
    resume_all(step);
}

/* What was refused while sending was paused need not wait for its next beat. */
void message_on_resumed(struct step *step)
{
    resume_all(step);
}

/* ---- people ---- */

/* Who asked, and why. */
static struct text asker(const struct event *event)
{
    struct text text = text_from("user ");

    text_add_number(&text, event->operator_.uid);
    if (event->operator_.reason.count > 0) {
        text_add(&text, ": ");
        text_add_bytes(&text, event->operator_.reason);
    }
    return text;
}

static void hold(struct step *step, struct message *message, const struct text *asker)
{
    switch (message->row.state) {
    case MESSAGE_QUEUED:
    case MESSAGE_SECURITY:
    case MESSAGE_STORAGE:
    case MESSAGE_CHECKPOINTS:
    case MESSAGE_PREPARING:
    case MESSAGE_OFFERED:
    case MESSAGE_RETRY:
    case MESSAGE_HELD:
    case MESSAGE_QUARANTINED:
    case MESSAGE_DEAD:
    case MESSAGE_BLOCKED:
        message_leave(step, message);
        message_set(step, message, MESSAGE_HELD, REASON_HELD);
        step_note(step, NOTE_INFO, message->row.destination, &message->id, REASON_HELD,
                  asker->text);
        break;
    case MESSAGE_SEEN:
    case MESSAGE_SENT:
    case MESSAGE_INCLUDED:
    case MESSAGE_ELSEWHERE:
    case MESSAGE_DELIVERED:
    case MESSAGE_NOT_RELAYED:
    case MESSAGE_REFUSED:
    case MESSAGE_ORPHANED:
    case MESSAGE_DROPPED:
        step_note(step, NOTE_WARN, message->row.destination, &message->id, message->row.reason,
                  "cannot be held in this state");
        break;
    }
}

static void drop(struct step *step, struct message *message, const struct event *event,
                 const struct text *asker)
{
    const bool is_under_way = message->row.state == MESSAGE_SENT ||
                              message->row.state == MESSAGE_INCLUDED ||
                              message->row.state == MESSAGE_SEEN;

    if (is_under_way || message_state_is_end(message->row.state)) {
        step_note(step, NOTE_WARN, message->row.destination, &message->id, message->row.reason,
                  "cannot be dropped in this state");
        return;
    }
    if (event->operator_.reason.count == 0) {
        step_note(step, NOTE_WARN, message->row.destination, &message->id, REASON_REASON_MISSING,
                  NULL);
        return;
    }
    message_finish(step, message, MESSAGE_DROPPED, REASON_DROPPED);
    step_note(step, NOTE_INFO, message->row.destination, &message->id, REASON_DROPPED, asker->text);
}

static void retry(struct step *step, struct message *message, const struct text *asker)
{
    const enum message_state state = message->row.state;

    if (state == MESSAGE_DROPPED) {
        message_open(step, message);
    }
    if (state == MESSAGE_HELD || state == MESSAGE_DROPPED || state == MESSAGE_RETRY ||
        state == MESSAGE_ELSEWHERE || state == MESSAGE_QUARANTINED || state == MESSAGE_DEAD ||
        state == MESSAGE_BLOCKED) {
        /* The person knows something that we do not: the ladder begins anew. */
        message->row.attempts_count = 0;
        message->row.reverts_count = 0;
        message_set(step, message, MESSAGE_RETRY, message->row.reason);
        message_now(step, message);
        step_note(step, NOTE_INFO, message->row.destination, &message->id, REASON_QUEUED,
                  asker->text);
        return;
    }
    step_note(step, NOTE_WARN, message->row.destination, &message->id, message->row.reason,
              "there is nothing to retry in this state");
}

void message_on_operator(struct step *step, const struct event *event)
{
    struct message message;
    const enum operator_action action = event->operator_.action;

    if (action != OPERATOR_RETRY_MESSAGE && action != OPERATOR_HOLD_MESSAGE &&
        action != OPERATOR_DROP_MESSAGE) {
        return;
    }
    if (!message_get(step, &event->operator_.subject, &message)) {
        step_note(step, NOTE_WARN, 0, &event->operator_.subject, REASON_UNKNOWN_MESSAGE, NULL);
        return;
    }
    const struct text words = asker(event);
    if (action == OPERATOR_HOLD_MESSAGE) {
        hold(step, &message, &words);
    } else if (action == OPERATOR_DROP_MESSAGE) {
        drop(step, &message, event, &words);
    } else {
        retry(step, &message, &words);
    }
    message_put(step, &message);
}
