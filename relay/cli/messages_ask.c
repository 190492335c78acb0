/* SPDX-License-Identifier: Apache-2.0 */
/* messages retry, hold, drop: what a person decides about single messages of a running node. */
#include <stdio.h>
#include <string.h>

#include "relay/cli/cli.h"
#include "relay/cli/json_of.h"
#include "relay/cli/messages.h"
#include "relay/cli/operator.h"

static const struct {
    const char *word;
    enum operator_action action;
} asks[] = {
    {"retry", OPERATOR_RETRY_MESSAGE},
    {"hold", OPERATOR_HOLD_MESSAGE},
    {"drop", OPERATOR_DROP_MESSAGE},
};

bool messages_find_ask(const char *word, enum operator_action *ret_action)
{
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        if (strcmp(asks[i].word, word) == 0) {
            *ret_action = asks[i].action;
            return true;
        }
    }
    return false;
}

/* All ids are read before the first is asked for: a mistyped one changes nothing. */
static bool are_ids(const struct cli_arguments *arguments)
{
    struct hash id;
    if (arguments->count < 2) {
        cli_say("messages", "which message? 'sluice messages list' shows ids (0x and 64 digits)");
        return false;
    }
    for (size_t i = 1; i < arguments->count; i++) {
        if (!cli_hash(arguments->values[i], &id)) {
            cli_say("messages", "'%s' is not a message id (0x and 64 digits)",
                    arguments->values[i]);
            return false;
        }
    }
    return true;
}

static json_t *reply_json(const struct operator_request *request, const char *word,
                          const struct control_reply *reply)
{
    const bool refused = operator_is_refused(request, reply);
    return json_pack("{s:o, s:s, s:b, s:o, s:s}", "id", json_of_hash(&request->question.subject),
                     "action", word, "accepted", !refused, "reason",
                     json_of_reason((enum reason)reply->code), "text", reply->text);
}

static void print_replies(const json_t *list)
{
    static const char *const titles[] = {"MESSAGE", "ASKED", "ANSWER", "STATE", "DETAIL", NULL};
    struct cli_table *table = cli_table_new(titles);
    const json_t *entry;
    size_t index;
    json_array_foreach(list, index, entry)
    {
        cli_table_cell(table, "%s", json_text_at(entry, "id"));
        cli_table_cell(table, "%s", json_text_at(entry, "action"));
        cli_table_cell(table, "%s",
                       json_is_true(json_object_get(entry, "accepted")) ? "done" : "refused");
        cli_table_cell(table, "%s", json_text_at(json_object_get(entry, "reason"), "text"));
        cli_table_cell(table, "%s", json_text_at(entry, "text"));
    }
    cli_table_print(table);
}

int messages_ask(const struct messages_question *question, const struct cli_arguments *arguments)
{
    struct operator_request request = {
        .verb = "messages",
        .question = {.action = question->action,
                     .reason = question->reason == NULL ? "" : question->reason}};
    if (!are_ids(arguments)) {
        return EXIT_USAGE;
    }
    if (strlen(request.question.reason) > REASON_BYTES_MAX) {
        cli_say("messages", "a reason has at most %u bytes", REASON_BYTES_MAX);
        return EXIT_USAGE;
    }
    if (question->action == OPERATOR_DROP_MESSAGE && request.question.reason[0] == '\0') {
        cli_say("messages", "a dropped message is never delivered by this node: say why with "
                            "--reason TEXT, which is journaled");
        return EXIT_USAGE;
    }
    int code = operator_find(question->config, question->data, NULL, &request);
    json_t *list = json_array();
    bool refused = false;
    for (size_t i = 1; i < arguments->count && code == EXIT_DONE; i++) {
        struct control_reply reply;
        (void)cli_hash(arguments->values[i], &request.question.subject);
        code = operator_ask_for(&request, &reply);
        if (code == EXIT_DONE) {
            refused = refused || operator_is_refused(&request, &reply);
            (void)json_array_append_new(list, reply_json(&request, arguments->values[0], &reply));
        }
    }
    if (question->json) {
        const int printed = cli_print_json(json_pack("{s:o}", "messages", list));
        code = code == EXIT_DONE ? printed : code;
    } else {
        if (json_array_size(list) > 0) {
            print_replies(list);
        }
        json_decref(list);
    }
    return code == EXIT_DONE && refused ? EXIT_REFUSED : code;
}
