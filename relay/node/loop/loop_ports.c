/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "proto/record.h"
#include "relay/base/check.h"
#include "relay/core/reason.h"
#include "relay/node/loop/loop_internal.h"
#include "relay/node/process/clock.h"
#include "relay/node/process/exit_codes.h"

#define TROUBLE_AGAIN_NS 60000000000u /* the same trouble is told again after a minute */

static const char *chain_name(const struct loop *loop, uint32_t domain)
{
    for (uint32_t i = 0; i < loop->config->core.chains_count; i++) {
        if (loop->config->core.chains[i].domain == domain) {
            return loop->config->core.chains[i].name;
        }
    }
    return "?";
}

/* ---- the driver's ports ---- */

static void port_frame_send(void *context, uint32_t chain_index, uint32_t endpoint_index,
                            struct bytes frame)
{
    struct loop *loop = context;
    transport_send(loop->transport, chain_index, endpoint_index, frame);
}

static enum status port_sign(void *context, const struct driver_sign *request)
{
    struct loop *loop = context;
    return loop->signer == NULL ? STATUS_UNSUPPORTED : signer_client_ask(loop->signer, request);
}

static enum status port_fetch(void *context, const struct driver_fetch *request)
{
    struct loop *loop = context;
    return remote_serves(request->location) ? remote_fetch(loop->remote, request)
                                            : files_fetch(loop->files, request);
}

static enum status port_publish(void *context, const struct driver_publish *request)
{
    struct loop *loop = context;
    struct driver_publish publish = *request;
    for (uint32_t i = 0; i < loop->config->core.chains_count; i++) {
        if (loop->config->core.chains[i].domain == request->domain) {
            publish.finality = loop->config->chains[i].finality;
            publish.finality_blocks = loop->config->chains[i].finality_blocks;
        }
    }
    return remote_serves(request->location) ? remote_publish(loop->remote, &publish)
                                            : files_publish(loop->files, &publish);
}

static enum status port_lookup(void *context, const struct driver_lookup *request)
{
    struct loop *loop = context;
    return remote_lookup(loop->remote, request);
}

static enum status port_plan(void *context, const struct hash *plan_id, struct bytes network)
{
    struct loop *loop = context;
    return planner_ask(loop->planner, plan_id, network);
}

static void port_commit(void *context, uint64_t generation, const struct journal_batch *batch)
{
    struct loop *loop = context;
    /* The driver seals at most DRIVER_BATCHES_MAX batches, which the writer's queue holds. */
    CHECK(writer_push(loop->writer, generation, batch) == STATUS_OK);
}

static enum log_level level_of(enum note_level level)
{
    switch (level) {
    case NOTE_INFO:
        return LOG_INFO;
    case NOTE_WARN:
        return LOG_WARN;
    case NOTE_ALARM:
        return LOG_ERROR;
    }
    return LOG_ERROR;
}

static void port_note(void *context, const struct driver_note *note)
{
    struct loop *loop = context;
    struct log_line line;
    if (note->reason == (uint32_t)REASON_WRONG_CHAIN ||
        note->reason == (uint32_t)REASON_MISSING_CONTRACT) {
        return; /* took_endpoint said it, with the address of the endpoint */
    }
    site_note(loop->site, note);
    alerting_note(loop->alerting, note);
    log_begin(&line, level_of(note->level), "note");
    if (note->domain != 0) {
        log_word(&line, "chain", chain_name(loop, note->domain));
    }
    if (note->reason != REASON_NONE) {
        log_string(&line, "reason", reason_text((enum reason)note->reason));
    }
    if (!hash_is_zero(&note->subject)) {
        log_hash(&line, "subject", &note->subject);
    }
    if (note->text.count > 0) {
        log_text(&line, "text", note->text);
    }
    log_end(&line);
}

static void port_answered(void *context, uint64_t ticket, const struct driver_answer *answer)
{
    struct loop *loop = context;
    control_answer(loop->control, ticket, answer);
}

static bool chain_has_hope(const struct loop *loop, uint32_t chain_index)
{
    const uint32_t count = loop->config->chains[chain_index].endpoints_count;
    for (uint32_t i = 0; i < count; i++) {
        if (!loop->endpoints[chain_index][i].bad) {
            return true;
        }
    }
    return false;
}

static const char *endpoint_word(enum endpoint_state state)
{
    switch (state) {
    case ENDPOINT_CONNECTED:
        return "connected";
    case ENDPOINT_LOST:
        return "lost";
    case ENDPOINT_WRONG_CHAIN:
        return "wrong_chain";
    case ENDPOINT_MISSING_CONTRACT:
        return "missing_contract";
    case ENDPOINT_MALFORMED:
        return "malformed";
    }
    return "?";
}

/* An endpoint that is the wrong chain or lacks a contract is a mistake in the configuration: when
 * no other endpoint of the chain can help, the node says so and ends instead of waiting for ever.
 * Once a chain worked it is not ended for that: what answered before may answer again. */
static void took_endpoint(struct loop *loop, const struct event *event)
{
    uint32_t chain_index = 0;
    while (chain_index < loop->config->core.chains_count &&
           loop->config->core.chains[chain_index].domain != event->domain) {
        chain_index++;
    }
    if (chain_index == loop->config->core.chains_count ||
        event->endpoint.endpoint_index >= ENDPOINTS_PER_CHAIN_MAX) {
        return;
    }
    const uint32_t endpoint_index = event->endpoint.endpoint_index;
    const enum endpoint_state state = event->endpoint.state;
    struct loop_endpoint *endpoint = &loop->endpoints[chain_index][endpoint_index];
    const bool bad = state == ENDPOINT_WRONG_CHAIN || state == ENDPOINT_MISSING_CONTRACT;
    struct log_line line;
    log_begin(&line,
              bad                           ? LOG_ERROR
              : state == ENDPOINT_CONNECTED ? LOG_INFO
                                            : LOG_WARN,
              "endpoint");
    log_word(&line, "chain", loop->config->core.chains[chain_index].name);
    log_word(&line, "state", endpoint_word(state));
    log_string(&line, "url", loop->config->chains[chain_index].endpoints[endpoint_index]);
    if (event->endpoint.detail.count > 0) {
        log_text(&line, "detail", event->endpoint.detail);
    }
    log_end(&line);
    endpoint->bad = bad;
    endpoint->good = endpoint->good || state == ENDPOINT_CONNECTED;
    if (bad && !endpoint->good && !chain_has_hope(loop, chain_index)) {
        loop_stop(loop, EXIT_USAGE, "a chain has no endpoint that fits its configuration");
    }
}

static void port_stepped(void *context, const struct event *event, const struct core_output *output)
{
    struct loop *loop = context;
    if (event->kind == EVENT_ENDPOINT) {
        took_endpoint(loop, event);
    }
    if (!log_is_wanted(LOG_DEBUG)) {
        return;
    }
    struct log_line line;
    log_begin(&line, LOG_DEBUG, "step");
    log_word(&line, "kind", record_event_name(event->kind));
    if (event->domain != 0) {
        log_word(&line, "chain", chain_name(loop, event->domain));
    }
    for (uint32_t i = 0; i < output->commands_count; i++) {
        log_word(&line, "command", record_command_name(output->commands[i].kind));
    }
    log_end(&line);
}

struct driver_ports loop_ports(struct loop *loop)
{
    return (struct driver_ports){
        .context = loop,
        .frame_send = port_frame_send,
        .sign = port_sign,
        .fetch = port_fetch,
        .publish = port_publish,
        .lookup = port_lookup,
        .plan = port_plan,
        .commit = port_commit,
        .note = port_note,
        .answered = port_answered,
        .stepped = port_stepped,
    };
}

/* ---- endpoints ---- */

static void on_connected(void *context, uint32_t chain_index, uint32_t endpoint_index)
{
    struct loop *loop = context;
    loop->endpoints[chain_index][endpoint_index].trouble[0] = '\0';
    loop->endpoints[chain_index][endpoint_index].up = true;
    driver_on_connected(loop->driver, chain_index, endpoint_index, clock_now());
}

static void on_lost(void *context, uint32_t chain_index, uint32_t endpoint_index)
{
    struct loop *loop = context;
    loop->endpoints[chain_index][endpoint_index].up = false;
    driver_on_lost(loop->driver, chain_index, endpoint_index, clock_now());
}

static void on_frame(void *context, uint32_t chain_index, uint32_t endpoint_index,
                     struct bytes frame)
{
    struct loop *loop = context;
    driver_on_frame(loop->driver, chain_index, endpoint_index, frame, clock_now());
}

static void on_limited(void *context, uint32_t chain_index, uint32_t endpoint_index,
                       struct duration wait)
{
    struct loop *loop = context;
    driver_on_limited(loop->driver, chain_index, endpoint_index, wait, clock_now());
}

static void on_trouble(void *context, uint32_t chain_index, uint32_t endpoint_index,
                       struct bytes text, uint32_t retry_ms)
{
    struct loop *loop = context;
    struct loop_endpoint *endpoint = &loop->endpoints[chain_index][endpoint_index];
    char trouble[sizeof(endpoint->trouble)] = {0};
    memcpy(trouble, text.data, text.count < sizeof(trouble) ? text.count : sizeof(trouble) - 1);
    const uint64_t now_ns = clock_now().ns;
    if (strcmp(trouble, endpoint->trouble) == 0 && now_ns - endpoint->told_ns < TROUBLE_AGAIN_NS) {
        return;
    }
    memcpy(endpoint->trouble, trouble, sizeof(trouble));
    endpoint->told_ns = now_ns;
    struct log_line line;
    log_begin(&line, LOG_WARN, "endpoint");
    log_word(&line, "chain", loop->config->core.chains[chain_index].name);
    log_word(&line, "state", "down");
    log_string(&line, "url", loop->config->chains[chain_index].endpoints[endpoint_index]);
    log_text(&line, "why", text);
    log_number(&line, "retry_ms", retry_ms);
    log_string(&line, "doing", "trying again until it answers");
    log_end(&line);
}

struct transport_handler loop_transport_handler(struct loop *loop)
{
    return (struct transport_handler){.context = loop,
                                      .connected = on_connected,
                                      .lost = on_lost,
                                      .frame = on_frame,
                                      .limited = on_limited,
                                      .trouble = on_trouble};
}

/* ---- the signer ---- */

static bool signer_has(const struct wire_identity *identity, const struct address *address,
                       bool validator)
{
    for (uint32_t i = 0; i < identity->keys_count; i++) {
        const struct wire_key *key = &identity->keys[i];
        if (address_equal(&key->address, address) && (validator ? key->validator : key->chain)) {
            return true;
        }
    }
    return false;
}

static void miss_key(const char *role, const struct address *address)
{
    struct log_line line;
    log_begin(&line, LOG_ERROR, "signer_key_missing");
    log_word(&line, "role", role);
    log_address(&line, "key", address);
    log_string(&line, "doing", "what needs this key waits; add it to the signer's configuration");
    log_end(&line);
}

static void on_greeted(void *context, const struct wire_identity *identity)
{
    struct loop *loop = context;
    const struct core_config *core = &loop->config->core;
    struct log_line line;
    log_begin(&line, LOG_INFO, "signer");
    log_word(&line, "state", "connected");
    log_number(&line, "keys", identity->keys_count);
    log_text(&line, "version", identity->version);
    log_end(&line);
    for (uint32_t i = 0; i < core->chains_count; i++) {
        if (!address_is_zero(&core->chains[i].key) &&
            !signer_has(identity, &core->chains[i].key, false)) {
            miss_key("chain", &core->chains[i].key);
        }
        for (uint32_t k = 0; k < core->chains[i].delivery_keys_count; k++) {
            if (!signer_has(identity, &core->chains[i].delivery_keys[k], false)) {
                miss_key("chain", &core->chains[i].delivery_keys[k]);
            }
        }
    }
    if (!address_is_zero(&core->validator) && !signer_has(identity, &core->validator, true)) {
        miss_key("validator", &core->validator);
    }
    if (core->route.mode == ROUTE_ACT && identity->mode != SIGNER_MODE_ACT) {
        log_begin(&line, LOG_WARN, "signer_mode");
        log_string(&line, "why", "route mode is act, but the signer does not sign rebalancing");
        log_string(&line, "doing", "moves will be refused by the signer");
        log_end(&line);
    }
}

static void on_signer_trouble(void *context, const char *text)
{
    struct loop *loop = context;
    struct log_line line;
    /* A child that was just started is not there yet, which is no trouble. */
    log_begin(&line, loop->child != NULL && !loop->ready ? LOG_DEBUG : LOG_WARN, "signer");
    log_word(&line, "state", "down");
    log_string(&line, "socket", loop->config->signer_socket);
    log_string(&line, "why", text);
    log_string(&line, "doing", "watching goes on; nothing is signed until it answers");
    log_end(&line);
}

static struct event signed_event(const struct driver_sign *question, enum outcome outcome,
                                 const struct signature *signature, struct bytes reason)
{
    struct event event = {.domain = question->domain};
    if (question->kind == DRIVER_SIGN_CHECKPOINT) {
        event.kind = EVENT_CHECKPOINT_SIGNED;
        event.checkpoint_signed.checkpoint = question->checkpoint.checkpoint;
        event.checkpoint_signed.outcome = outcome;
        event.checkpoint_signed.signature = *signature;
        event.checkpoint_signed.reason = reason;
    } else if (question->kind == DRIVER_SIGN_LOOKUP) {
        event.kind = EVENT_LOOKUP_SIGNED;
        event.lookup_signed.message_id = question->lookup.message_id;
        event.lookup_signed.module = question->lookup.module;
        event.lookup_signed.outcome = outcome;
        event.lookup_signed.signature = *signature;
        event.lookup_signed.reason = reason;
    } else {
        event.kind = EVENT_ANNOUNCEMENT_SIGNED;
        event.announcement_signed.validator = question->key;
        event.announcement_signed.outcome = outcome;
        event.announcement_signed.signature = *signature;
        event.announcement_signed.reason = reason;
    }
    return event;
}

static void on_signer_answered(void *context, const struct driver_sign *question,
                               enum outcome outcome, const struct signature *signature,
                               struct bytes reason)
{
    struct loop *loop = context;
    if (outcome != OUTCOME_OK) {
        struct log_line line;
        loop->live.refusals_count++;
        log_begin(&line, LOG_WARN, "signer_refused");
        log_word(&line, "chain", chain_name(loop, question->domain));
        log_text(&line, "reason", reason);
        log_end(&line);
    }
    if (question->kind == DRIVER_SIGN_TRANSACTION) {
        driver_on_signature(loop->driver, question->chain_index, &question->transaction.leg_id,
                            question->transaction.attempt, outcome, signature, reason, clock_now());
        return;
    }
    const struct event event = signed_event(question, outcome, signature, reason);
    driver_on_event(loop->driver, &event);
}

struct signer_handler loop_signer_handler(struct loop *loop)
{
    return (struct signer_handler){.context = loop,
                                   .greeted = on_greeted,
                                   .trouble = on_signer_trouble,
                                   .answered = on_signer_answered};
}

static void on_child_said(void *context, struct bytes text)
{
    (void)context;
    struct log_line line;
    log_begin(&line, LOG_DEBUG, "signer_said");
    log_text(&line, "text", text);
    log_end(&line);
}

static void on_child_ended(void *context, int exit_code)
{
    struct loop *loop = context;
    struct log_line line;
    if (loop->stop_asked) {
        return;
    }
    log_begin(&line, LOG_ERROR, "signer_ended");
    log_number(&line, "exit_code", (uint64_t)exit_code);
    log_string(&line, "doing", "stopping: a node on a devnet does not run without its signer");
    log_end(&line);
    loop_stop(loop,
              exit_code == EXIT_DONE || exit_code > EXIT_TEMPORARY ? EXIT_UNREACHABLE : exit_code,
              "the signer ended");
}

struct child_handler loop_child_handler(struct loop *loop)
{
    return (struct child_handler){.context = loop, .said = on_child_said, .ended = on_child_ended};
}

/* ---- people ---- */

static enum status on_asked(void *context, const struct event *operator_event, uint64_t ticket)
{
    struct loop *loop = context;
    struct log_line line;
    log_begin(&line, LOG_INFO, "request");
    log_word(&line, "action", control_action_word(operator_event->operator_.action));
    log_number(&line, "uid", operator_event->operator_.uid);
    if (!hash_is_zero(&operator_event->operator_.subject)) {
        log_hash(&line, "subject", &operator_event->operator_.subject);
    }
    log_end(&line);
    return driver_on_operator(loop->driver, operator_event, ticket);
}

static void on_health(void *context, struct control_health *ret_health)
{
    loop_tell_health(context, ret_health);
}

struct control_handler loop_control_handler(struct loop *loop)
{
    return (struct control_handler){.context = loop, .asked = on_asked, .health = on_health};
}

/* ---- threads ---- */

void loop_take_answers(struct loop *loop)
{
    struct remote_event remote;
    struct event event;
    transport_take_addresses(loop->transport);
    while (files_take(loop->files, &event)) {
        driver_on_event(loop->driver, &event);
    }
    while (remote_take(loop->remote, &remote)) {
        driver_on_event(loop->driver, &remote.event);
    }
    while (planner_take(loop->planner, &loop->planning, &event)) {
        driver_on_event(loop->driver, &event);
    }
}
