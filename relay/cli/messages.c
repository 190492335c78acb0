/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/messages.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/cli/json_of.h"
#include "relay/core/policy.h"
#include "relay/hyperlane/message.h"

#define LIMIT_DEFAULT 1000u
#define LIMIT_MAX     1000000u

json_t *message_json(const struct rows_view *view, const struct hash *id,
                     const struct message_row *message)
{
    return json_pack(
        "{s:o, s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o}",
        "id", json_of_hash(id), "state", message_state_name(message->state), "reason",
        json_of_reason(message->reason), "since", json_of_time(message->since), "origin",
        rows_view_chain(view, message->origin), "destination",
        rows_view_chain(view, message->destination), "nonce", json_of_count(message->nonce),
        "sender", json_of_address(&message->sender), "recipient",
        json_of_address(&message->recipient), "origin_block", json_of_count(message->origin_block),
        "dispatch_transaction", json_of_hash(&message->dispatch_transaction), "seen_at",
        json_of_time(message->seen_at), "final_at", json_of_time(message->final_at), "attempts",
        json_of_count(message->attempts_count), "delivered_block",
        message->delivered_block == 0 ? json_null() : json_of_count(message->delivered_block),
        "words", cli_bytes_text(bytes_from(message->words, message->words_count)), "next_try",
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
static json_t *payment_json(const struct rows_view *view, const struct hash *id,
                            const struct message_row *message)
{
    struct policy_paid paid = {.gas_spent = message->gas_spent};
    struct message_view parsed;
    struct bytes body;
    if (view->config->policy.rules_count == 0 ||
        core_view_gas_paid(&view->source, id, message, &paid.gas, &paid.payment) != STATUS_OK ||
        core_view_body(&view->source, id, &body) != STATUS_OK ||
        message_parse(body, &parsed) != STATUS_OK) {
        return json_null();
    }
    const struct policy_demand demand =
        policy_gas(&view->config->policy, &parsed, id, &paid, message->gas);
    if (demand.kind == GAS_DEMAND_NONE) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:s, s:b}", "paid", json_of_amount(&demand.paid), "needed",
                     json_of_amount(&demand.needed), "unit",
                     demand.kind == GAS_DEMAND_QUOTED ? "gas" : "wei", "enough", demand.is_met);
}

json_t *message_why_json(const struct rows_view *view, const struct hash *id,
                         const struct message_why *why)
{
    json_t *object = message_json(view, id, &why->message);
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

static long long number_at(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

void message_why_print(const json_t *object)
{
    const json_t *transaction = json_object_get(object, "transaction");
    const json_t *signer;
    size_t index;
    (void)printf("message      %s\n", json_text_at(object, "id"));
    (void)printf("way          %s nonce %lld to %s\n", json_text_at(object, "origin"),
                 number_at(object, "nonce"), json_text_at(object, "destination"));
    (void)printf("from         %s\n", json_text_at(object, "sender"));
    (void)printf("to           %s\n", json_text_at(object, "recipient"));
    (void)printf("state        %s: %s (since %s)\n", json_text_at(object, "state"),
                 json_text_at(json_object_get(object, "reason"), "text"),
                 json_text_at(object, "since"));
    if (number_at(object, "attempts") > 0) {
        (void)printf("failures     %lld; next try %s\n", number_at(object, "attempts"),
                     json_text_at(object, "next_try"));
    }
    if (json_text_at(object, "words")[0] != '\0') {
        (void)printf("reverted     %s\n", json_text_at(object, "words"));
    }
    const json_t *payment = json_object_get(object, "payment");
    if (json_is_object(payment)) {
        (void)printf("payment      paid %s of %s %s at the origin\n", json_text_at(payment, "paid"),
                     json_text_at(payment, "needed"), json_text_at(payment, "unit"));
    }
    (void)printf("dispatched   block %lld, transaction %s\n", number_at(object, "origin_block"),
                 json_text_at(object, "dispatch_transaction"));
    (void)printf("final        %s (%s is final to block %lld)\n", json_text_at(object, "final_at"),
                 json_text_at(object, "origin"), number_at(object, "origin_final"));
    if (json_is_integer(json_object_get(object, "leaf_index"))) {
        (void)printf("leaf         %lld\n", number_at(object, "leaf_index"));
    }
    if (json_is_integer(json_object_get(object, "threshold"))) {
        (void)printf("signatures   %lld of %lld needed\n", number_at(object, "signatures"),
                     number_at(object, "threshold"));
    }
    json_array_foreach(json_object_get(object, "validators"), index, signer)
    {
        (void)printf("  %s  %s\n", json_text_at(signer, "validator"),
                     json_text_at(signer, "proof"));
    }
    if (json_is_object(transaction)) {
        (void)printf("transaction  %s nonce %lld, %s\n", json_text_at(transaction, "transaction"),
                     number_at(transaction, "nonce"),
                     json_is_true(json_object_get(transaction, "included")) ? "included"
                                                                            : "not included yet");
    }
    if (json_is_integer(json_object_get(object, "delivered_block"))) {
        (void)printf("delivered    block %lld of %s (final to block %lld)\n",
                     number_at(object, "delivered_block"), json_text_at(object, "destination"),
                     number_at(object, "destination_final"));
    }
}

/* ---- messages list, messages show ---- */

struct listing {
    const struct rows_view *view;
    const char *state; /* "open", "all" or the name of a state */
    uint64_t limit;
    json_t *list;
};

static void list_one(struct listing *listing, const struct hash *id,
                     const struct message_row *message)
{
    (void)json_array_append_new(listing->list, message_json(listing->view, id, message));
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

static void print_list(const json_t *list)
{
    static const char *const titles[] = {"FROM",  "TO",      ">NONCE", "STATE",
                                         "SINCE", "MESSAGE", "REASON", NULL};
    struct cli_table *table = cli_table_new(titles);
    const json_t *message;
    size_t index;
    json_array_foreach(list, index, message)
    {
        cli_table_cell(table, "%s", json_text_at(message, "origin"));
        cli_table_cell(table, "%s", json_text_at(message, "destination"));
        cli_table_cell(table, "%lld", number_at(message, "nonce"));
        cli_table_cell(table, "%s", json_text_at(message, "state"));
        cli_table_cell(table, "%s", json_text_at(message, "since"));
        cli_table_cell(table, "%s", json_text_at(message, "id"));
        cli_table_cell(table, "%s", json_text_at(json_object_get(message, "reason"), "text"));
    }
    cli_table_print(table);
}

static bool is_state(const char *text)
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

static int list_messages(const struct rows_view *view, const char *state, uint64_t limit, bool json)
{
    struct listing listing = {.view = view, .state = state, .limit = limit, .list = json_array()};
    const enum status status =
        strcmp(state, "open") == 0 ? list_open(&listing) : list_all(&listing);
    if (status != STATUS_OK) {
        json_decref(listing.list);
        return rows_view_failed("messages", status);
    }
    const size_t count = json_array_size(listing.list);
    if (json) {
        return cli_print_json(json_pack("{s:o, s:s, s:b, s:o}", "count", json_of_count(count),
                                        "state", state, "cut", count == limit, "messages",
                                        listing.list));
    }
    if (count == 0) {
        (void)puts(strcmp(state, "open") == 0 ? "Every message that was seen is finished."
                                              : "There is no such message.");
    } else {
        print_list(listing.list);
    }
    if (count == limit) {
        cli_say("messages", "only %zu are shown; --limit N shows more", count);
    }
    json_decref(listing.list);
    return EXIT_DONE;
}

static int show_message(const struct rows_view *view, const char *text, bool json)
{
    struct hash id;
    if (hex_decode_hash(bytes_from_string(text), &id) != STATUS_OK) {
        cli_say("messages", "'%s' is not a message id (0x and 64 digits)", text);
        return EXIT_USAGE;
    }
    struct message_why *why = calloc(1, sizeof(*why));
    CHECK(why != NULL);
    const enum status status = core_view_why(&view->source, &id, why);
    int code = EXIT_NEGATIVE;
    if (status == STATUS_OK) {
        json_t *object = message_why_json(view, &id, why);
        if (json) {
            code = cli_print_json(object);
        } else {
            message_why_print(object);
            json_decref(object);
            code = EXIT_DONE;
        }
    } else if (status == STATUS_NOT_FOUND) {
        cli_say("messages", "no such message was seen");
    } else {
        code = rows_view_failed("messages", status);
    }
    free(why);
    return code;
}

/* EXIT_DONE: good; `*ret_limit` is set. */
static int check_words(const struct cli_arguments *arguments, const char *state, const char *limit,
                       uint64_t *ret_limit)
{
    const bool list = arguments->count == 1 && strcmp(arguments->values[0], "list") == 0;
    const bool show = arguments->count == 2 && strcmp(arguments->values[0], "show") == 0;
    struct amount amount = amount_from_u64(LIMIT_DEFAULT);
    if (!list && !show) {
        cli_say("messages", "say 'sluice messages list', 'sluice messages show ID', or retry, hold "
                            "or drop and ids");
        return EXIT_USAGE;
    }
    if (!is_state(state)) {
        cli_say("messages", "there is no state '%s'; 'open', 'all', 'delivered', ...", state);
        return EXIT_USAGE;
    }
    if (limit != NULL && amount_parse_decimal(bytes_from_string(limit), &amount) != STATUS_OK) {
        amount = amount_zero();
    }
    if (amount_to_u64(&amount, ret_limit) != STATUS_OK || *ret_limit == 0 ||
        *ret_limit > LIMIT_MAX) {
        cli_say("messages", "--limit takes a number from 1 to %u", LIMIT_MAX);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

int cli_messages(int argc, char **argv)
{
    const char *path = NULL;
    const char *data = NULL;
    const char *state = "open";
    const char *limit_text = NULL;
    const char *reason = NULL;
    bool json = false;
    const struct cli_option options[] = {{.name = "--config", .value = &path},
                                         {.name = "--data", .value = &data},
                                         {.name = "--state", .value = &state},
                                         {.name = "--limit", .value = &limit_text},
                                         {.name = "--reason", .value = &reason},
                                         {.name = "--json", .flag = &json},
                                         {.name = NULL}};
    struct cli_arguments arguments;
    struct rows_view view;
    uint64_t limit = 0;
    int code = EXIT_USAGE;
    if (!cli_parse(argc, argv, options, CLI_ARGUMENTS_MAX, &arguments, &code)) {
        return code;
    }
    struct messages_question question = {
        .config = path, .data = data, .reason = reason, .json = json};
    if (arguments.count > 0 && messages_find_ask(arguments.values[0], &question.action)) {
        return messages_ask(&question, &arguments);
    }
    if (reason != NULL) {
        cli_say("messages", "--reason is for retry, hold and drop");
        return EXIT_USAGE;
    }
    code = check_words(&arguments, state, limit_text, &limit);
    if (code == EXIT_DONE) {
        code = rows_view_open(argv[0], path, data, &view);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    code = arguments.count == 1 ? list_messages(&view, state, limit, json)
                                : show_message(&view, arguments.values[1], json);
    rows_view_close(&view);
    return code;
}
