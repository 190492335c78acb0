/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "relay/core/message/policy.h"
#include "relay/hyperlane/message.h"
#include "relay/view/json_of.h"
#include "relay/view/view.h"

json_t *view_message(const struct view *view, const struct hash *id,
                     const struct message_row *message)
{
    return json_pack(
        "{s:o, s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "id", json_of_hash(id), "state", message_state_name(message->state), "reason",
        json_of_reason(message->reason), "since", json_of_time(message->since), "origin",
        view_chain(view, message->origin), "destination", view_chain(view, message->destination),
        "nonce", json_of_count(message->nonce), "sender", json_of_address(&message->sender),
        "recipient", json_of_address(&message->recipient), "origin_block",
        json_of_count(message->origin_block), "dispatch_transaction",
        json_of_hash(&message->dispatch_transaction), "seen_at", json_of_time(message->seen_at),
        "final_at", json_of_time(message->final_at), "attempts",
        json_of_count(message->attempts_count), "delivered_block",
        message->delivered_block == 0 ? json_null() : json_of_count(message->delivered_block),
        "words", json_of_words(bytes_from(message->words, message->words_count)), "next_try",
        json_of_time(message->state == MESSAGE_RETRY || message->state == MESSAGE_QUARANTINED
                         ? message->due
                         : (struct instant){.ns = 0}));
}

static const char *signer_word(const struct signer_view *signer)
{
    if (!signer->has_location) {
        return "has not announced where it publishes";
    }
    if (!signer->was_asked) {
        return "not asked yet";
    }
    switch (signer->proof) {
    case PROOF_ASKED:
        return "asked";
    case PROOF_ABSENT:
        return "has not published it, or nothing usable";
    case PROOF_VALID:
        return "signed";
    }
    return "?";
}

static json_t *transaction_json(const struct message_why *why)
{
    const struct intent_row *intent = &why->intent;
    if (!why->has_intent) {
        return json_null();
    }
    json_t *object =
        json_pack("{s:o, s:o, s:b, s:o, s:o}", "nonce", json_of_count(why->nonce), "attempts",
                  json_of_count(intent->attempts_count), "included", intent->included, "block",
                  intent->included ? json_of_count(intent->block_number) : json_null(), "gas_limit",
                  json_of_count(intent->gas_limit));
    if (intent->attempts_count > 0) {
        const struct attempt *last = &intent->attempts[intent->attempts_count - 1];
        (void)json_object_update_new(
            object, json_pack("{s:o, s:o}", "transaction", json_of_hash(&last->transaction),
                              "fee_per_gas_max", json_of_amount(&last->fee_per_gas_max)));
    }
    return object;
}

/* What its delivery is asked for, and what was paid for it at the origin; null: nothing is asked.
 */
static json_t *payment_json(const struct view *view, const struct hash *id,
                            const struct message_row *message)
{
    const struct core_policy *policy = &view->config->policy;
    struct policy_paid paid = {.gas_spent = message->gas_spent, .fee_spent = message->fee_spent};
    struct message_view parsed;
    struct address token;
    struct bytes body;
    if (policy->rules_count == 0 || core_view_body(&view->source, id, &body) != STATUS_OK ||
        message_parse(body, &parsed) != STATUS_OK) {
        return json_null();
    }
    token = policy_fee_token(policy, &parsed, id);
    if (core_view_gas_paid(&view->source, id, message, &token, &paid.gas, &paid.payment) !=
            STATUS_OK ||
        core_view_body(&view->source, id, &body) != STATUS_OK ||
        message_parse(body, &parsed) != STATUS_OK) {
        return json_null();
    }
    const struct policy_demand demand = policy_gas(policy, &parsed, id, &paid, message->gas);
    if (demand.kind == GAS_DEMAND_NONE) {
        return json_null();
    }
    json_t *object = json_pack("{s:o, s:o, s:s, s:b}", "paid", json_of_amount(&demand.paid),
                               "needed", json_of_amount(&demand.needed), "unit",
                               demand.kind == GAS_DEMAND_QUOTED ? "gas"
                               : address_is_zero(&demand.token) ? "wei"
                                                                : "of the token",
                               "enough", demand.is_met);
    if (!address_is_zero(&demand.token)) {
        (void)json_object_set_new(object, "token", json_of_address(&demand.token));
    }
    return object;
}

json_t *view_message_why(const struct view *view, const struct hash *id,
                         const struct message_why *why)
{
    json_t *object = view_message(view, id, &why->message);
    json_t *signers = json_array();
    /* What was collected is forgotten when the message ends. */
    const bool proving = !message_state_is_end(why->message.state);
    for (uint32_t i = 0; proving && i < why->signers_count; i++) {
        const struct signer_view *signer = &why->signers[i];
        (void)json_array_append_new(signers, json_pack("{s:o, s:s}", "validator",
                                                       json_of_address(&signer->validator), "proof",
                                                       signer_word(signer)));
    }
    (void)json_object_set_new(object, "payment", payment_json(view, id, &why->message));
    (void)json_object_update_new(
        object,
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "leaf_index",
                  why->has_leaf ? json_of_count(why->leaf_index) : json_null(), "origin_final",
                  json_of_count(why->origin_final), "destination_final",
                  json_of_count(why->destination_final), "threshold",
                  proving && why->security_known ? json_of_count(why->threshold) : json_null(),
                  "strength",
                  proving && why->security_known ? json_of_count(why->strength) : json_null(),
                  "signatures", json_of_count(why->valid_count), "validators", signers,
                  "transaction", transaction_json(why)));
    return object;
}

struct listing {
    const struct view *view;
    const char *state; /* "open", "all" or the name of a state */
    uint64_t limit;
    json_t *list;
};

static void list_one(struct listing *listing, const struct hash *id,
                     const struct message_row *message)
{
    (void)json_array_append_new(listing->list, view_message(listing->view, id, message));
}

/* By destination, through the index of what is not finished: no history is read. */
static enum status list_open(struct listing *listing)
{
    const struct core_config *config = listing->view->config;
    for (uint32_t i = 0; i < config->chains_count; i++) {
        struct hash id;
        struct message_row message;
        enum status status = core_view_next_open(&listing->view->source, config->chains[i].domain,
                                                 NULL, NULL, &id, &message);
        while (status == STATUS_OK && json_array_size(listing->list) < listing->limit) {
            list_one(listing, &id, &message);
            const struct hash after_id = id;
            const struct message_row after = message;
            status = core_view_next_open(&listing->view->source, config->chains[i].domain, &after,
                                         &after_id, &id, &message);
        }
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status list_all(struct listing *listing)
{
    const bool every = strcmp(listing->state, "all") == 0;
    struct hash id = {{0}};
    struct message_row message;
    enum status status = STATUS_OK;
    while (json_array_size(listing->list) < listing->limit) {
        const struct hash after = id;
        status = core_view_next_message(&listing->view->source, &after, &id, &message);
        if (status != STATUS_OK) {
            break;
        }
        if (every || strcmp(message_state_name(message.state), listing->state) == 0) {
            list_one(listing, &id, &message);
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* "open", "all" or the name of a state. */
bool view_is_message_state(const char *text)
{
    if (strcmp(text, "open") == 0 || strcmp(text, "all") == 0) {
        return true;
    }
    for (int state = MESSAGE_SEEN; state <= (int)MESSAGE_BLOCKED; state++) {
        if (strcmp(message_state_name((enum message_state)state), text) == 0) {
            return true;
        }
    }
    return false;
}

enum status view_messages(const struct view *view, const char *state, uint64_t limit,
                          json_t **ret_messages)
{
    struct listing listing = {.view = view, .state = state, .limit = limit, .list = json_array()};
    const enum status status =
        strcmp(state, "open") == 0 ? list_open(&listing) : list_all(&listing);
    if (status != STATUS_OK) {
        json_decref(listing.list);
        return status;
    }
    const size_t count = json_array_size(listing.list);
    *ret_messages = json_pack("{s:o, s:s, s:b, s:o}", "count", json_of_count(count), "state", state,
                              "cut", count == limit, "messages", listing.list);
    return STATUS_OK;
}
