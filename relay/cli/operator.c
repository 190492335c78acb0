/* SPDX-License-Identifier: Apache-2.0 */
/* reject, pause, resume: requests to a running node, through its control socket. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/cli/operator.h"
#include "relay/core/reason.h"

int operator_find(const char *path, const char *data, const char *chain_name,
                  struct operator_request *request)
{
    const char *verb = request->verb;
    if (path == NULL && data == NULL) {
        cli_say(verb, "which node? Say --config FILE or --data DIR");
        return EXIT_USAGE;
    }
    if (path == NULL) {
        const int count =
            snprintf(request->socket, sizeof(request->socket), "%s/control.sock", data);
        if (count < 0 || (size_t)count >= sizeof(request->socket)) {
            cli_say(verb, "%s/control.sock is too long for a socket", data);
            return EXIT_USAGE;
        }
        return EXIT_DONE;
    }
    struct node_config *config = NULL;
    struct settings_error error;
    if (config_load(path, &config, &error) != STATUS_OK) {
        cli_say(verb, "%s", error.text);
        return EXIT_USAGE;
    }
    int code = EXIT_DONE;
    memcpy(request->socket, config->control, sizeof(request->socket));
    if (chain_name != NULL) {
        code = EXIT_USAGE;
        for (uint32_t i = 0; i < config->core.chains_count; i++) {
            if (strcmp(config->core.chains[i].name, chain_name) == 0) {
                request->question.domain = config->core.chains[i].domain;
                code = EXIT_DONE;
            }
        }
        if (code != EXIT_DONE) {
            cli_say(verb, "no chain is called '%s' in %s", chain_name, path);
        }
    }
    config_free(config);
    return code;
}

/* Whether the core says with this that it did what was asked; anything else that is no mere
 * information is why it did not. */
static bool says_done(enum operator_action action, enum reason reason)
{
    switch (action) {
    case OPERATOR_APPROVE_PLAN:
        return reason == REASON_PLAN_APPROVED;
    case OPERATOR_REJECT_PLAN:
        return reason == REASON_PLAN_REJECTED;
    case OPERATOR_PAUSE:
        return reason == REASON_PAUSED;
    case OPERATOR_RESUME:
        return reason == REASON_RESUMED || reason == REASON_CHAIN_RESUMED ||
               reason == REASON_LANE_RESUMED || reason == REASON_TREE_RESUMED;
    case OPERATOR_HOLD_MESSAGE:
        return reason == REASON_HELD;
    case OPERATOR_DROP_MESSAGE:
        return reason == REASON_DROPPED;
    case OPERATOR_RETRY_MESSAGE:
        return false;
    }
    return false;
}

bool operator_is_refused(const struct operator_request *request, const struct control_reply *reply)
{
    return reply->code != REASON_NONE && reply->level != NOTE_INFO &&
           !says_done(request->question.action, (enum reason)reply->code);
}

static int print_reply(const struct operator_request *request, const struct control_reply *reply)
{
    const char *said = reply->code == REASON_NONE ? "" : reason_text((enum reason)reply->code);
    const bool refused = operator_is_refused(request, reply);
    if (request->json) {
        const int code = cli_print_json(
            json_pack("{s:s, s:b, s:i, s:s, s:s}", "action", request->verb, "accepted", !refused,
                      "code", (int)reply->code, "reason", said, "text", reply->text));
        return code == EXIT_DONE && refused ? EXIT_REFUSED : code;
    }
    (void)printf("%s: %s%s%s%s%s\n", request->verb, refused ? "refused" : "done",
                 said[0] == '\0' ? "" : ": ", said, reply->text[0] == '\0' ? "" : ": ",
                 reply->text);
    return refused ? EXIT_REFUSED : EXIT_DONE;
}

int operator_ask_for(const struct operator_request *request, struct control_reply *ret_reply)
{
    struct control_reply reply;
    const enum status status = control_ask(request->socket, &request->question, &reply);
    if (status == STATUS_OK) {
        *ret_reply = reply;
        return EXIT_DONE;
    }
    if (status == STATUS_UNREACHABLE) {
        cli_say(request->verb, "no node listens at %s; is it running, and are you its user?",
                request->socket);
        return EXIT_UNREACHABLE;
    }
    if (status == STATUS_REFUSED) {
        cli_say(request->verb, "not taken: %s", reply.text);
        return EXIT_TEMPORARY;
    }
    if (status == STATUS_TIMEOUT) {
        cli_say(request->verb, "the node took the request and does not answer; its journal may not "
                               "be writable. See 'sluice status' before asking again");
        return EXIT_TEMPORARY;
    }
    cli_say(request->verb, "what listens at %s is not a node", request->socket);
    return EXIT_UNREACHABLE;
}

int operator_ask(const struct operator_request *request)
{
    struct control_reply reply;
    const int code = operator_ask_for(request, &reply);
    return code == EXIT_DONE ? print_reply(request, &reply) : code;
}

static int run_operator(int argc, char **argv, enum operator_action action, bool needs_plan)
{
    const char *path = NULL;
    const char *data = NULL;
    const char *chain = NULL;
    struct operator_request request = {.verb = argv[0],
                                       .question = {.action = action, .reason = ""}};
    const struct cli_option options[] = {
        {.name = "--config", .value = &path},
        {.name = "--data", .value = &data},
        {.name = "--reason", .value = &request.question.reason},
        {.name = "--json", .flag = &request.json},
        {.name = "--chain", .value = &chain},
        {.name = NULL},
    };
    struct cli_arguments arguments;
    int code = EXIT_USAGE;
    if (!cli_parse(argc, argv, options, needs_plan ? 1 : 0, &arguments, &code)) {
        return code;
    }
    if (needs_plan &&
        (arguments.count != 1 || hex_decode_hash(bytes_from_string(arguments.values[0]),
                                                 &request.question.subject) != STATUS_OK)) {
        cli_say(argv[0], "which plan? 'sluice plan' shows its id (0x and 64 digits)");
        return EXIT_USAGE;
    }
    if (strlen(request.question.reason) > REASON_BYTES_MAX) {
        cli_say(argv[0], "a reason has at most %u bytes", REASON_BYTES_MAX);
        return EXIT_USAGE;
    }
    if (chain != NULL && (path == NULL || needs_plan)) {
        cli_say(argv[0], needs_plan ? "a plan is not of one chain"
                                    : "--chain needs --config, which knows the chains");
        return EXIT_USAGE;
    }
    code = operator_find(path, data, chain, &request);
    return code == EXIT_DONE ? operator_ask(&request) : code;
}

int cli_reject(int argc, char **argv)
{
    return run_operator(argc, argv, OPERATOR_REJECT_PLAN, true);
}

int cli_pause(int argc, char **argv)
{
    return run_operator(argc, argv, OPERATOR_PAUSE, false);
}

int cli_resume(int argc, char **argv)
{
    return run_operator(argc, argv, OPERATOR_RESUME, false);
}
