/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/messages.h: one message as people see it; shared by `messages` and `why`. */
#ifndef SLUICE_RELAY_CLI_MESSAGES_H
#define SLUICE_RELAY_CLI_MESSAGES_H

#include <jansson.h>
#include <stdio.h>

#include "relay/cli/cli.h"
#include "relay/cli/rows_view.h"
#include "relay/core/event.h"
#include "relay/core/view.h"

/* A list of view_messages. */
void messages_print(const json_t *list, FILE *out);
/* The tree of view_message_why for people. */
void message_why_print(const json_t *object);

/* `sluice messages retry | hold | drop ID...` */
struct messages_question {
    enum operator_action action;
    const char *config; /* NULL where not given */
    const char *data;
    const char *reason;
    bool json;
};
/* False: not one of these words. */
bool messages_find_ask(const char *word, enum operator_action *ret_action);
/* The ids are the arguments after the first. Asks, prints; an exit code. */
int messages_ask(const struct messages_question *question, const struct cli_arguments *arguments);

#endif
