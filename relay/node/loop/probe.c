/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/loop/probe.h"

#include <stdlib.h>
#include <string.h>

#include "relay/node/loop/visit.h"
#include "relay/node/process/clock.h"

#define ROUND_US     50000
#define TRIES_MAX    3u
#define HEADS_WANTED 1u

struct run {
    const struct node_config *config;
    struct probe *probe;
    struct visit visit;
    struct chain *chains[CHAINS_MAX];
    void *memory[CHAINS_MAX];
    bool is_watching[CHAINS_MAX];
    bool has_asked[CHAINS_MAX];
    bool has_compared[CHAINS_MAX];
    struct hash final_hash[CHAINS_MAX];
    uint64_t highest_head[CHAINS_MAX]; /* that any endpoint told of */
};

static void keep_detail(struct probe_endpoint *endpoint, struct bytes text)
{
    const size_t count =
        text.count < sizeof(endpoint->detail) ? text.count : sizeof(endpoint->detail) - 1;
    memset(endpoint->detail, 0, sizeof(endpoint->detail));
    for (size_t i = 0; i < count; i++) {
        const uint8_t byte = text.data[i];
        endpoint->detail[i] = (char)(byte >= ' ' && byte <= '~' ? byte : '?');
    }
}

/* ---- the transport's side ---- */

static void reply(struct run *run, uint32_t chain_index, const struct chain_reply *reply)
{
    chain_on_reply(run->chains[chain_index], reply, clock_now());
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

static void on_limited(void *context, uint32_t chain_index, uint32_t endpoint_index,
                       struct duration wait)
{
    reply(context, chain_index,
          &(struct chain_reply){.kind = CHAIN_REPLY_LIMITED,
                                .endpoint_index = endpoint_index,
                                .limited = {.wait = wait}});
}

static void on_trouble(void *context, uint32_t chain_index, uint32_t endpoint_index,
                       struct bytes text, uint32_t retry_ms)
{
    struct run *run = context;
    struct probe_endpoint *endpoint = &run->probe->chains[chain_index].endpoints[endpoint_index];
    (void)retry_ms;
    if (endpoint->verdict != PROBE_WAITING) {
        return;
    }
    keep_detail(endpoint, text);
    endpoint->tries++;
    if (endpoint->tries == TRIES_MAX) {
        endpoint->verdict = PROBE_DOWN;
    }
}

/* ---- the adapters' side ---- */

static void take_endpoint(struct probe_endpoint *endpoint, const struct event *event)
{
    switch (event->endpoint.state) {
    case ENDPOINT_CONNECTED:
        endpoint->verdict = PROBE_GOOD;
        break;
    case ENDPOINT_WRONG_CHAIN:
    case ENDPOINT_MISSING_CONTRACT:
        endpoint->verdict = PROBE_WRONG;
        break;
    case ENDPOINT_LOST:
    case ENDPOINT_MALFORMED:
        endpoint->verdict = endpoint->verdict == PROBE_GOOD ? PROBE_GOOD : PROBE_DOWN;
        break;
    }
    if (event->endpoint.detail.count > 0) {
        keep_detail(endpoint, event->endpoint.detail); /* else what the transport said stands */
    }
}

static void take_block(struct probe_chain *chain, const struct event *event)
{
    chain->range_was_read |= hash_is_zero(&event->block.parent);
    if (event->block.number >= chain->head_number) {
        chain->head_number = event->block.number;
        chain->head_time_s = event->block.time_s;
    }
}

static void take_event(struct run *run, uint32_t chain_index, const struct event *event)
{
    struct probe_chain *chain = &run->probe->chains[chain_index];

    if (event->kind == EVENT_ENDPOINT && event->endpoint.endpoint_index < ENDPOINTS_PER_CHAIN_MAX) {
        take_endpoint(&chain->endpoints[event->endpoint.endpoint_index], event);
    } else if (event->kind == EVENT_BLOCK) {
        take_block(chain, event);
    } else if (event->kind == EVENT_FINAL) {
        chain->final_number = event->final.number;
        run->final_hash[chain_index] = event->final.hash;
    } else if (event->kind == EVENT_TREE && event->tree.everyone) {
        chain->everyone_agrees = event->tree.outcome == OUTCOME_OK;
    } else if (event->kind == EVENT_DISSENT) {
        chain->dissents_count++;
    } else if (event->kind == EVENT_QUORUM) {
        chain->quorum_was_lost |= event->quorum.state == QUORUM_LOST;
    } else if (event->kind == EVENT_LANE && event->lane.outcome == OUTCOME_OK) {
        chain->lane_is_known = true;
        chain->nonce_latest = event->lane.nonce_latest;
        chain->balance = event->lane.balance;
    }
}

static uint64_t final_told(const struct node_chain *config, const struct chain_endpoint *endpoint)
{
    if (config->finality != FINALITY_DEPTH) {
        return endpoint->final_number;
    }
    return endpoint->head_number > config->finality_blocks
               ? endpoint->head_number - config->finality_blocks
               : 0;
}

/* A head that came while we looked: a node that stands still repeats the one it has. */
static void count_head(struct run *run, uint32_t index)
{
    const struct chain *chain = run->chains[index];
    uint64_t highest = 0;

    for (uint32_t i = 0; i < chain->endpoints_count; i++) {
        const uint64_t told = chain->endpoints[i].head_number;
        highest = told > highest ? told : highest;
    }
    if (highest > run->highest_head[index]) {
        run->probe->chains[index].heads_count += run->highest_head[index] > 0 ? 1 : 0;
        run->highest_head[index] = highest;
    }
}

/* Begins to watch once a final block is known: from a range below it, so that ranges are tried. */
static void watch_chain(struct run *run, uint32_t index)
{
    struct chain *chain = run->chains[index];
    const struct core_chain *core = &run->config->core.chains[index];
    const uint64_t range = run->config->chains[index].blocks_per_range;
    struct command command = {.kind = COMMAND_WATCH, .domain = core->domain};
    uint64_t final = 0;

    for (uint32_t i = 0; i < chain->endpoints_count; i++) {
        const uint64_t told = final_told(&run->config->chains[index], &chain->endpoints[i]);
        final = told > final ? told : final;
    }
    if (!run->is_watching[index] && final > 0) {
        const uint64_t lowest = core->start_block > 0 ? core->start_block : 1;
        const uint64_t wanted = final > range ? final - range : 1;
        command.watch.from_block = wanted > lowest ? wanted : lowest;
        run->is_watching[index] = chain_perform(chain, &command) == STATUS_OK;
    }
}

static void command_chain(struct run *run, uint32_t index)
{
    const struct core_chain *core = &run->config->core.chains[index];
    const struct probe_chain *probe = &run->probe->chains[index];
    struct command command = {.domain = core->domain};

    watch_chain(run, index);
    /* With a quorum a key is asked about at a block that is agreed on. */
    if (!run->has_asked[index] && probe->head_number > 0 && !address_is_zero(&core->key)) {
        command.kind = COMMAND_READ_LANE;
        command.read_lane.key = core->key;
        run->has_asked[index] = chain_perform(run->chains[index], &command) == STATUS_OK;
    }
    if (!run->has_compared[index] && probe->final_number > 0) {
        command.kind = COMMAND_READ_TREE;
        command.read_tree.block_number = probe->final_number;
        command.read_tree.block_hash = run->final_hash[index];
        command.read_tree.everyone = true;
        run->has_compared[index] = chain_perform(run->chains[index], &command) == STATUS_OK;
    }
}

static bool is_enough(const struct run *run, uint32_t index, bool checks_only)
{
    const struct probe_chain *chain = &run->probe->chains[index];
    const bool has_key = !address_is_zero(&run->config->core.chains[index].key);

    for (uint32_t j = 0; j < run->config->chains[index].endpoints_count; j++) {
        if (chain->endpoints[j].verdict == PROBE_WAITING) {
            return false;
        }
    }
    return checks_only || (chain->heads_count >= HEADS_WANTED && chain->final_number > 0 &&
                           chain->range_was_read && (chain->lane_is_known || !has_key) &&
                           (chain->everyone_agrees || chain->dissents_count > 0));
}

/* True: there is nothing more to find out. */
static bool serve_chains(struct run *run, bool checks_only)
{
    bool done = true;
    for (uint32_t i = 0; i < run->config->core.chains_count; i++) {
        struct chain_request request;
        struct event event;
        chain_tick(run->chains[i], clock_now());
        if (!checks_only) {
            count_head(run, i);
            command_chain(run, i);
        }
        while (chain_next_event(run->chains[i], &event)) {
            take_event(run, i, &event);
        }
        while (chain_next_request(run->chains[i], &request)) {
            if (request.kind == CHAIN_REQUEST_FRAME) {
                transport_send(run->visit.transport, i, request.frame.endpoint_index,
                               request.frame.bytes);
            }
        }
        done = done && is_enough(run, i, checks_only);
    }
    return done;
}

static void serve(struct run *run, const struct probe_options *options)
{
    const struct instant deadline = instant_after(clock_now(), options->wait);
    transport_start(run->visit.transport);
    while (!serve_chains(run, options->checks_only) && !instant_is_past(deadline, clock_now()) &&
           visit_wait(&run->visit, ROUND_US)) {
    }
    run->probe->ended = clock_now();
    for (uint32_t i = 0; i < run->config->core.chains_count; i++) {
        for (uint32_t j = 0; j < run->config->chains[i].endpoints_count; j++) {
            run->probe->chains[i].endpoints[j].seen = run->chains[i]->endpoints[j];
        }
    }
}

/* ---- life ---- */

static enum status build(struct run *run)
{
    const struct transport_handler handler = {.context = run,
                                              .connected = on_connected,
                                              .lost = on_lost,
                                              .frame = on_frame,
                                              .limited = on_limited,
                                              .trouble = on_trouble};
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
    return visit_open(&run->visit, run->config, &handler);
}

static void tear_down(struct run *run)
{
    visit_close(&run->visit);
    for (uint32_t i = 0; i < CHAINS_MAX; i++) {
        chain_deinit(run->chains[i]);
        free(run->memory[i]);
    }
}

enum status probe_run(const struct node_config *config, const struct probe_options *options,
                      struct probe **ret_probe)
{
    struct run *run = calloc(1, sizeof(*run));
    struct probe *probe = calloc(1, sizeof(*probe));
    enum status status = STATUS_NO_MEMORY;

    if (run != NULL && probe != NULL) {
        run->config = config;
        run->probe = probe;
        status = build(run);
        if (status == STATUS_OK) {
            serve(run, options);
        }
        tear_down(run);
    }
    free(run);
    if (status != STATUS_OK) {
        (void)probe_free(probe);
        return status;
    }
    *ret_probe = probe;
    return STATUS_OK;
}

struct probe *probe_free(struct probe *probe)
{
    free(probe);
    return NULL;
}
