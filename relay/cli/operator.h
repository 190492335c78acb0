/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/operator.h: a person's request to a running node; shared by the verbs that make one.
 * Threads: one. */
#ifndef SLUICE_RELAY_CLI_OPERATOR_H
#define SLUICE_RELAY_CLI_OPERATOR_H

#include "relay/node/config/config.h"
#include "relay/node/control/control.h"

struct operator_request {
    const char *verb;
    struct control_question question;
    bool json;
    char socket[CONFIG_SOCKET_BYTES_MAX];
};

/* Where the node listens: --config (`path`) says it, or --data with the usual name; and the domain
 * of the chain called `chain_name`, unless it is NULL. Says what is wrong; an exit code. */
int operator_find(const char *path, const char *data, const char *chain_name,
                  struct operator_request *request);
/* Asks; what is wrong is said. EXIT_DONE: `ret_reply` is what the node said. */
int operator_ask_for(const struct operator_request *request, struct control_reply *ret_reply);
/* True when the reply is a no. */
bool operator_is_refused(const struct operator_request *request, const struct control_reply *reply);
/* Asks and prints what the node said; an exit code. */
int operator_ask(const struct operator_request *request);

#endif
