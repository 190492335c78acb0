/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/loop/metering.h"

#include <stdlib.h>

#include "chains/rpc/json.h"
#include "relay/node/loop/visit.h"
#include "relay/node/process/clock.h"

#define ROUND_US 1000

struct run {
    const struct node_config *config;
    const struct metering_options *options;
    struct metering *metering;
    struct visit visit;
    struct json_parser parser;
    void *parser_memory;
    struct meter meter;
    uint32_t chain_index; /* whose turn it is */
    uint32_t endpoint_index;
    bool is_connected[CHAINS_MAX][ENDPOINTS_PER_CHAIN_MAX];
    bool is_running; /* the meter has begun */
    uint8_t frame[METER_FRAME_BYTES];
};

static bool is_turn(const struct run *run, uint32_t chain_index, uint32_t endpoint_index)
{
    return run->is_running && run->chain_index == chain_index &&
           run->endpoint_index == endpoint_index;
}

/* ---- the transport's side ---- */

static void on_connected(void *context, uint32_t chain_index, uint32_t endpoint_index)
{
    struct run *run = context;

    run->is_connected[chain_index][endpoint_index] = true;
}

static void on_lost(void *context, uint32_t chain_index, uint32_t endpoint_index)
{
    struct run *run = context;

    run->is_connected[chain_index][endpoint_index] = false;
    if (is_turn(run, chain_index, endpoint_index)) {
        meter_on_lost(&run->meter);
    }
}

static void on_frame(void *context, uint32_t chain_index, uint32_t endpoint_index,
                     struct bytes frame)
{
    struct run *run = context;

    if (is_turn(run, chain_index, endpoint_index)) {
        meter_on_frame(&run->meter, frame, clock_now());
    }
}

static void on_limited(void *context, uint32_t chain_index, uint32_t endpoint_index,
                       struct duration wait)
{
    struct run *run = context;

    if (is_turn(run, chain_index, endpoint_index)) {
        meter_on_limited(&run->meter, wait);
    }
}

static void on_trouble(void *context, uint32_t chain_index, uint32_t endpoint_index,
                       struct bytes text, uint32_t retry_ms)
{
    (void)context;
    (void)chain_index;
    (void)endpoint_index;
    (void)text;
    (void)retry_ms; /* 'sluice doctor' says what is wrong with it */
}

/* ---- one endpoint after the other ---- */

static void begin_meter(struct run *run)
{
    const uint32_t chain = run->chain_index;
    const struct meter_options options = {
        .contract = run->config->core.chains[chain].mailbox,
        .calls_max = run->options->calls_max,
        .deadline = config_chain(run->config, chain).request_deadline,
        .limits = run->config->chains[chain].limits[run->endpoint_index],
        .spent_today = run->options->spent_today(run->options->context, chain, run->endpoint_index),
    };

    meter_init(&run->meter, &options, &run->parser, clock_now());
    run->is_running = true;
}

static void measure(struct run *run)
{
    const struct instant deadline = instant_after(clock_now(), run->options->wait);
    struct metering_endpoint *const endpoint =
        &run->metering->endpoints[run->chain_index][run->endpoint_index];
    struct bytes frame;

    run->is_running = false;
    run->options->begins(run->options->context, run->chain_index, run->endpoint_index);
    while (!instant_is_past(deadline, clock_now()) &&
           (!run->is_running || !meter_is_done(&run->meter))) {
        if (run->is_connected[run->chain_index][run->endpoint_index]) {
            if (!run->is_running) {
                begin_meter(run);
            }
            meter_tick(&run->meter, clock_now());
            while (meter_next_frame(&run->meter, run->frame, sizeof(run->frame), &frame)) {
                transport_send(run->visit.transport, run->chain_index, run->endpoint_index, frame);
            }
        }
        if (!visit_wait(&run->visit, ROUND_US)) {
            break;
        }
    }
    if (run->is_running) {
        endpoint->result = run->meter.result;
        endpoint->is_measured = run->meter.head > 0;
    }
    run->is_running = false;
}

/* ---- life ---- */

static uint32_t largest_frame(const struct node_config *config)
{
    uint32_t largest = 0;

    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        const uint32_t bytes = config_chain(config, i).frame_bytes_max;
        largest = bytes > largest ? bytes : largest;
    }
    return largest;
}

static enum status build(struct run *run)
{
    const struct transport_handler handler = {.context = run,
                                              .connected = on_connected,
                                              .lost = on_lost,
                                              .frame = on_frame,
                                              .limited = on_limited,
                                              .trouble = on_trouble};
    const uint32_t frame_bytes = largest_frame(run->config);

    run->parser_memory = calloc(1, json_parser_footprint(frame_bytes));
    if (run->parser_memory == NULL) {
        return STATUS_NO_MEMORY;
    }
    json_parser_init(&run->parser, run->parser_memory, frame_bytes);
    return visit_open(&run->visit, run->config, &handler);
}

/* All that are asked anything; those for transactions alone are not. */
static void measure_chain(struct run *run, uint32_t index)
{
    const struct chain_config chain = config_chain(run->config, index);

    run->chain_index = index;
    for (uint32_t i = 0; i < chain.endpoints_count - chain.submit_count; i++) {
        run->endpoint_index = i;
        measure(run);
    }
}

enum status metering_run(const struct node_config *config, const struct metering_options *options,
                         struct metering **ret_metering)
{
    struct run *run = calloc(1, sizeof(*run));
    struct metering *metering = calloc(1, sizeof(*metering));
    enum status status = STATUS_NO_MEMORY;

    if (run != NULL && metering != NULL) {
        run->config = config;
        run->options = options;
        run->metering = metering;
        status = build(run);
        if (status == STATUS_OK) {
            transport_start(run->visit.transport);
        }
        for (uint32_t i = 0; status == STATUS_OK && i < config->core.chains_count; i++) {
            measure_chain(run, i);
        }
        visit_close(&run->visit);
        free(run->parser_memory);
    }
    free(run);
    if (status != STATUS_OK) {
        (void)metering_free(metering);
        return status;
    }
    *ret_metering = metering;
    return STATUS_OK;
}

struct metering *metering_free(struct metering *metering)
{
    free(metering);
    return NULL;
}
