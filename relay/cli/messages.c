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
#include "relay/view/view.h"

#define LIMIT_DEFAULT 1000u
#define LIMIT_MAX     1000000u

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
        (void)printf("said         %s\n", json_text_at(object, "words"));
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

void messages_print(const json_t *list, FILE *out)
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
    cli_table_write(table, out);
}

static int list_messages(const struct rows_view *view, const char *state, uint64_t limit, bool json)
{
    const struct view rows = rows_view_rows(view);
    json_t *object = NULL;
    const enum status status = view_messages(&rows, state, limit, &object);
    if (status != STATUS_OK) {
        return rows_view_failed("messages", status);
    }
    if (json) {
        return cli_print_json(object);
    }
    const json_t *list = json_object_get(object, "messages");
    const size_t count = json_array_size(list);
    if (count == 0) {
        (void)puts(strcmp(state, "open") == 0 ? "Every message that was seen is finished."
                                              : "There is no such message.");
    } else {
        messages_print(list, stdout);
    }
    if (count == limit) {
        cli_say("messages", "only %zu are shown; --limit N shows more", count);
    }
    json_decref(object);
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
        const struct view rows = rows_view_rows(view);
        json_t *object = view_message_why(&rows, &id, why);
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
    if (!view_is_message_state(state)) {
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
