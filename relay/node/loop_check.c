/* SPDX-License-Identifier: Apache-2.0 */
/* `sluice run --check`: the adapters' own questions to a new endpoint, without a driver. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/exit_codes.h"
#include "relay/node/http_client.h"
#include "relay/node/log.h"
#include "relay/node/loop.h"
#include "relay/node/loop_context.h"
#include "relay/node/transport.h"

#define CHECK_WAIT_NS 10000000000u
#define TRIES_MAX     3u

enum verdict {
    VERDICT_WAITING = 0,
    VERDICT_GOOD,
    VERDICT_WRONG, /* the wrong chain, or a contract is missing */
    VERDICT_DOWN,
};

struct check_endpoint {
    enum verdict verdict;
    uint32_t tries; /* that failed */
    char detail[256];
};

struct check_run {
    const struct node_config *config;
    struct lws_context *context;
    struct transport *transport;
    lws_sorted_usec_list_t timer;
    struct chain *chains[CHAINS_MAX];
    void *memory[CHAINS_MAX];
    struct check_endpoint endpoints[CHAINS_MAX][ENDPOINTS_PER_CHAIN_MAX];
};

static void keep_detail(struct check_endpoint *endpoint, struct bytes text)
{
    const size_t count =
        text.count < sizeof(endpoint->detail) ? text.count : sizeof(endpoint->detail) - 1;
    memset(endpoint->detail, 0, sizeof(endpoint->detail));
    for (size_t i = 0; i < count; i++) {
        const uint8_t byte = text.data[i];
        endpoint->detail[i] = (char)(byte >= ' ' && byte <= '~' ? byte : '?');
    }
}

static void reply(struct check_run *run, uint32_t chain_index, const struct chain_reply *reply)
{
    chain_on_reply(run->chains[chain_index], reply, loop_now());
}

static void on_connected(void *context, uint32_t chain_index, uint32_t endpoint_index)
{
    reply(context, chain_index,
          &(struct chain_reply){.kind = CHAIN_REPLY_CONNECTED, .endpoint_index = endpoint_index});
}

static void on_lost(void *context, uint32_t chain_index, uint32_t endpoint_index)
{
    reply(context, chain_index,
          &(struct chain_reply){.kind = CHAIN_REPLY_LOST, .endpoint_index = endpoint_index});
}

static void on_frame(void *context, uint32_t chain_index, uint32_t endpoint_index,
                     struct bytes frame)
{
    reply(context, chain_index,
          &(struct chain_reply){
              .kind = CHAIN_REPLY_FRAME, .endpoint_index = endpoint_index, .frame = frame});
}

static void on_trouble(void *context, uint32_t chain_index, uint32_t endpoint_index,
                       struct bytes text, uint32_t retry_ms)
{
    struct check_run *run = context;
    struct check_endpoint *endpoint = &run->endpoints[chain_index][endpoint_index];
    (void)retry_ms;
    if (endpoint->verdict != VERDICT_WAITING) {
        return;
    }
    keep_detail(endpoint, text);
    endpoint->tries++;
    if (endpoint->tries == TRIES_MAX) {
        endpoint->verdict = VERDICT_DOWN;
    }
}

static void take_event(struct check_run *run, uint32_t chain_index, const struct event *event)
{
    if (event->kind != EVENT_ENDPOINT ||
        event->endpoint.endpoint_index >= ENDPOINTS_PER_CHAIN_MAX) {
        return;
    }
    struct check_endpoint *endpoint = &run->endpoints[chain_index][event->endpoint.endpoint_index];
    switch (event->endpoint.state) {
    case ENDPOINT_CONNECTED:
        endpoint->verdict = VERDICT_GOOD;
        break;
    case ENDPOINT_WRONG_CHAIN:
    case ENDPOINT_MISSING_CONTRACT:
        endpoint->verdict = VERDICT_WRONG;
        break;
    case ENDPOINT_LOST:
    case ENDPOINT_MALFORMED:
        endpoint->verdict = VERDICT_DOWN;
        break;
    }
    keep_detail(endpoint, event->endpoint.detail);
}

/* True: every endpoint has its verdict. */
static bool serve_chains(struct check_run *run)
{
    bool done = true;
    for (uint32_t i = 0; i < run->config->core.chains_count; i++) {
        struct chain_request request;
        struct event event;
        chain_tick(run->chains[i], loop_now());
        while (chain_next_event(run->chains[i], &event)) {
            take_event(run, i, &event);
        }
        while (chain_next_request(run->chains[i], &request)) {
            if (request.kind == CHAIN_REQUEST_FRAME) {
                transport_send(run->transport, i, request.frame.endpoint_index,
                               request.frame.bytes);
            }
        }
        for (uint32_t j = 0; j < run->config->chains[i].endpoints_count; j++) {
            done = done && run->endpoints[i][j].verdict != VERDICT_WAITING;
        }
    }
    return done;
}

static void timer_fired(lws_sorted_usec_list_t *timer)
{
    (void)timer;
}

static void serve(struct check_run *run)
{
    const uint64_t deadline_ns = loop_now().ns + CHECK_WAIT_NS;
    transport_start(run->transport);
    while (!serve_chains(run) && loop_now().ns < deadline_ns) {
        lws_sul_schedule(run->context, 0, &run->timer, timer_fired, 50000);
        if (lws_service(run->context, 0) < 0) {
            return;
        }
        transport_take_addresses(run->transport);
    }
}

static int report(const struct check_run *run)
{
    static const char *const words[] = {"no answer", "good", "wrong", "down"};
    int code = EXIT_DONE;
    for (uint32_t i = 0; i < run->config->core.chains_count; i++) {
        bool good = false;
        bool wrong = false;
        for (uint32_t j = 0; j < run->config->chains[i].endpoints_count; j++) {
            const struct check_endpoint *endpoint = &run->endpoints[i][j];
            (void)printf("%-12s %-10s %s%s%s\n", run->config->core.chains[i].name,
                         words[endpoint->verdict], run->config->chains[i].endpoints[j],
                         endpoint->detail[0] == '\0' ? "" : ": ", endpoint->detail);
            good = good || endpoint->verdict == VERDICT_GOOD;
            wrong = wrong || endpoint->verdict == VERDICT_WRONG;
        }
        if (wrong) {
            code = EXIT_USAGE;
        } else if (!good && code == EXIT_DONE) {
            code = EXIT_UNREACHABLE;
        }
    }
    return code;
}

static enum status build(struct check_run *run)
{
    static const struct lws_protocols *const protocols[] = {&transport_protocol,
                                                            &http_client_protocol, NULL};
    const struct transport_handler handler = {.context = run,
                                              .connected = on_connected,
                                              .lost = on_lost,
                                              .frame = on_frame,
                                              .trouble = on_trouble};
    struct lws_vhost *vhost = NULL;
    for (uint32_t i = 0; i < run->config->core.chains_count; i++) {
        const struct chain_config config = config_chain(run->config, i);
        const struct chain_ops *ops = run->config->chains[i].family;
        const size_t footprint = chain_footprint(ops, &config);
        run->memory[i] = footprint == 0 ? NULL : calloc(1, footprint);
        if (run->memory[i] == NULL) {
            return STATUS_NO_MEMORY;
        }
        const enum status status = chain_init(ops, run->memory[i], &config, &run->chains[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    run->context = loop_context_new(run->config, protocols, &vhost);
    if (run->context == NULL) {
        return STATUS_NO_MEMORY;
    }
    run->transport = transport_new(run->context, vhost, run->config, &handler);
    return run->transport == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

int loop_check(const struct node_config *config)
{
    struct check_run *run = calloc(1, sizeof(*run));
    if (run == NULL) {
        return EXIT_TEMPORARY;
    }
    run->config = config;
    const enum status status = build(run);
    int code = EXIT_USAGE;
    if (status == STATUS_OK) {
        serve(run);
        code = report(run);
    } else {
        (void)fprintf(stderr, "sluice run: the chains cannot be set up: %s\n", status_name(status));
    }
    if (run->transport != NULL) {
        transport_stop(run->transport);
    }
    if (run->context != NULL) {
        lws_context_destroy(run->context);
    }
    run->transport = transport_free(run->transport);
    for (uint32_t i = 0; i < CHAINS_MAX; i++) {
        chain_deinit(run->chains[i]);
        free(run->memory[i]);
    }
    free(run);
    return code;
}
