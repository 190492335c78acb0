/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/loop/meter.h"

#include <stdlib.h>
#include <string.h>

#include "chains/rpc/frame.h"
#include "relay/base/check.h"

#define FIRST_TRIES_MAX 3u
#define RATE_TIME_MAX   DURATION_MS(5000)
#define PAUSE_UNASKED   DURATION_MS(1000) /* after a refusal that does not say how long */
#define PAUSE_MAX       DURATION_MS(30000)
#define RANGE_FACTOR    10u
#define CODE_TOO_MANY   429
#define CODE_LIMIT      (-32005)

void meter_init(struct meter *meter, const struct meter_options *options,
                struct json_parser *parser, struct instant now)
{
    CHECK(options->calls_max > 0);
    memset(meter, 0, sizeof(*meter));
    meter->options = *options;
    meter->parser = parser;
    meter->now = now;
    meter->next_id = 1;
    call_budget_init(&meter->budget, &options->limits);
    call_budget_tick(&meter->budget, now);
    call_budget_recall(&meter->budget, meter->budget.day, options->spent_today);
}

bool meter_is_done(const struct meter *meter)
{
    return meter->phase == METER_DONE;
}

/* ---- phases ---- */

static void drop_open(struct meter *meter)
{
    memset(meter->open, 0, sizeof(meter->open));
    meter->open_count = 0;
}

static int compare(const void *a, const void *b)
{
    const uint64_t one = *(const uint64_t *)a;
    const uint64_t other = *(const uint64_t *)b;

    return one < other ? -1 : one > other ? 1 : 0;
}

static void conclude_latency(struct meter *meter)
{
    const uint32_t count = meter->phase_answered;

    if (count == 0) {
        return;
    }
    qsort(meter->latencies, count, sizeof(meter->latencies[0]), compare);
    meter->result.latency_count = count;
    meter->result.latency_p50.ns = meter->latencies[count / 2];
    meter->result.latency_p99.ns = meter->latencies[(count * 99 + 99) / 100 - 1];
}

static void conclude_rate(struct meter *meter)
{
    const struct duration took = instant_since(meter->now, meter->rate_began);

    if (meter->phase_answered > 0 && took.ns > 0) {
        const uint64_t rate = (uint64_t)meter->phase_answered * 1000000000u / took.ns;
        meter->result.calls_per_second = rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate;
    }
}

static void next_phase(struct meter *meter)
{
    switch (meter->phase) {
    case METER_LATENCY:
        conclude_latency(meter);
        break;
    case METER_RATE:
        conclude_rate(meter);
        break;
    case METER_HEAD:
    case METER_BATCH:
    case METER_RANGE:
    case METER_DONE:
        break;
    }
    drop_open(meter);
    meter->phase_asked = 0;
    meter->phase_answered = 0;
    meter->phase = (enum meter_phase)(meter->phase + 1);
    meter->size = meter->phase == METER_BATCH ? 2 : 1;
}

/* What the phase found out by the question under way. */
static void take_answer(struct meter *meter, struct instant asked_at, const struct rpc_item *item)
{
    switch (meter->phase) {
    case METER_HEAD:
        if (json_quantity(item->result, &meter->head) == STATUS_OK) {
            next_phase(meter);
        }
        break;
    case METER_LATENCY:
        meter->latencies[meter->phase_answered++] = instant_since(meter->now, asked_at).ns;
        if (meter->phase_answered == METER_LATENCIES) {
            next_phase(meter);
        }
        break;
    case METER_RATE:
        meter->phase_answered++;
        if (meter->phase_answered == METER_RATE_CALLS ||
            instant_is_past(instant_after(meter->rate_began, RATE_TIME_MAX), meter->now)) {
            next_phase(meter);
        }
        break;
    case METER_BATCH:
        break; /* counted as a whole */
    case METER_RANGE:
        meter->result.range = meter->size;
        if (meter->size >= METER_RANGE_MAX || meter->size > meter->head) {
            next_phase(meter);
        } else {
            meter->size *= RANGE_FACTOR;
        }
        break;
    case METER_DONE:
        break;
    }
}

/* It does not do what it was asked for, or does not answer. */
static void take_refusal(struct meter *meter)
{
    switch (meter->phase) {
    case METER_HEAD:
        meter->refusals++;
        if (meter->refusals == FIRST_TRIES_MAX) {
            meter->phase = METER_DONE;
        }
        break;
    case METER_LATENCY:
    case METER_RATE:
    case METER_BATCH:
    case METER_RANGE:
        next_phase(meter);
        break;
    case METER_DONE:
        break;
    }
}

static void keep_reason(struct meter *meter, struct bytes text)
{
    const size_t most = sizeof(meter->result.reason) - 1;
    const size_t count = text.count < most ? text.count : most;

    memset(meter->result.reason, 0, sizeof(meter->result.reason));
    for (size_t i = 0; i < count; i++) {
        const uint8_t byte = text.data[i];
        meter->result.reason[i] = (char)(byte >= ' ' && byte <= '~' ? byte : '?');
    }
}

static void refused(struct meter *meter, const char *text)
{
    keep_reason(meter, bytes_from_string(text));
    take_refusal(meter);
}

/* ---- what comes in ---- */

void meter_on_limited(struct meter *meter, struct duration wait)
{
    const uint64_t asked = wait.ns == 0 ? PAUSE_UNASKED.ns : wait.ns;
    const struct duration pause = {.ns = asked < PAUSE_MAX.ns ? asked : PAUSE_MAX.ns};

    meter->pause_until = instant_after(meter->now, pause);
    meter->result.is_rate_limited = true;
    drop_open(meter);
    refused(meter, "refused for its rate");
}

void meter_on_lost(struct meter *meter)
{
    if (meter->phase != METER_DONE && meter->open_count > 0) {
        drop_open(meter);
        refused(meter, "the connection ended");
    }
}

void meter_tick(struct meter *meter, struct instant now)
{
    meter->now = now;
    call_budget_tick(&meter->budget, now);
    for (uint32_t i = 0; i < METER_WINDOW; i++) {
        if (meter->open[i].id != 0 &&
            instant_is_past(instant_after(meter->open[i].at, meter->options.deadline), now)) {
            drop_open(meter);
            refused(meter, "no answer in time");
        }
    }
}

/* Index of the question that an answer is to; METER_WINDOW: none. */
static uint32_t find_open(const struct meter *meter, const struct rpc_item *item)
{
    for (uint32_t i = 0; item->has_id && i < METER_WINDOW; i++) {
        if (meter->open[i].id != 0 && meter->open[i].id == item->id) {
            return i;
        }
    }
    return METER_WINDOW;
}

static void take_item(struct meter *meter, const struct rpc_item *item)
{
    const uint32_t place = find_open(meter, item);

    if (place == METER_WINDOW || (item->kind != RPC_RESULT && item->kind != RPC_ERROR)) {
        return; /* late, or not ours */
    }
    const struct instant asked_at = meter->open[place].at;
    meter->open[place].id = 0;
    meter->open_count--;
    if (item->kind == RPC_RESULT) {
        take_answer(meter, asked_at, item);
    } else if (item->code == CODE_TOO_MANY || item->code == CODE_LIMIT) {
        meter_on_limited(meter, (struct duration){0});
        keep_reason(meter, item->message);
    } else {
        keep_reason(meter, item->message);
        take_refusal(meter);
    }
}

/* A batch is answered in full, by one array, or it is not taken. */
static void take_batch(struct meter *meter, struct rpc_items *items)
{
    struct rpc_item item;
    uint64_t good = 0;

    if (meter->open_count == 0) {
        return;
    }
    const uint64_t first = meter->open[0].id;
    drop_open(meter);
    keep_reason(meter, bytes_from_string("a batch was answered in part"));
    while (rpc_next(items, &item)) {
        good += item.kind == RPC_RESULT && item.has_id && item.id >= first &&
                        item.id < first + meter->size
                    ? 1
                    : 0;
        if (item.kind == RPC_ERROR) {
            keep_reason(meter, item.message);
        }
    }
    if (good < meter->size) {
        take_refusal(meter);
        return;
    }
    memset(meter->result.reason, 0, sizeof(meter->result.reason));
    meter->result.batch = (uint32_t)meter->size;
    meter->size *= 2;
    if (meter->size > METER_BATCH_MAX) {
        next_phase(meter);
    }
}

void meter_on_frame(struct meter *meter, struct bytes frame, struct instant now)
{
    struct rpc_items items;
    struct rpc_item item;

    meter->now = now;
    if (rpc_open(meter->parser, frame, &items) != STATUS_OK) {
        return; /* its question goes unanswered */
    }
    if (meter->phase == METER_BATCH) {
        take_batch(meter, &items);
        return;
    }
    while (meter->phase != METER_DONE && rpc_next(&items, &item)) {
        take_item(meter, &item);
    }
}

/* ---- what goes out ---- */

/* Questions of the next frame; 0: none now. */
static uint32_t wanted(const struct meter *meter)
{
    switch (meter->phase) {
    case METER_HEAD:
    case METER_LATENCY:
    case METER_RANGE:
        return meter->open_count == 0 ? 1 : 0;
    case METER_RATE:
        return meter->open_count < METER_WINDOW && meter->phase_asked < METER_RATE_CALLS ? 1 : 0;
    case METER_BATCH:
        return meter->open_count == 0 ? (uint32_t)meter->size : 0;
    case METER_DONE:
        return 0;
    }
    return 0;
}

static void write_question(struct meter *meter, struct json_writer *writer)
{
    if (meter->phase != METER_RANGE) {
        rpc_write_begin(writer, meter->next_id, "eth_blockNumber");
        rpc_write_end(writer);
        return;
    }
    const uint64_t blocks = meter->size < meter->head ? meter->size : meter->head;
    rpc_write_begin(writer, meter->next_id, "eth_getLogs");
    json_write(writer, "{\"address\":");
    json_write_evm_address(writer, &meter->options.contract);
    json_write(writer, ",\"fromBlock\":");
    json_write_quantity(writer, blocks == 0 ? 0 : meter->head - blocks + 1);
    json_write(writer, ",\"toBlock\":");
    json_write_quantity(writer, meter->head);
    json_write(writer, "}");
    rpc_write_end(writer);
}

static void note_open(struct meter *meter)
{
    for (uint32_t i = 0; i < METER_WINDOW; i++) {
        if (meter->open[i].id == 0) {
            meter->open[i].id = meter->next_id;
            meter->open[i].at = meter->now;
            meter->open_count++;
            return;
        }
    }
    CHECK(false); /* `wanted` looked */
}

/* False: the plan or the sum of all questions has no room for so many, now or at all. */
static bool may_ask(struct meter *meter, uint32_t count)
{
    const struct call_budget *const budget = &meter->budget;
    const struct call_limits *const limits = &budget->limits;
    const uint32_t burst = limits->calls_burst > 0 ? limits->calls_burst : limits->calls_per_second;
    const bool is_out =
        meter->result.calls + count > meter->options.calls_max ||
        (limits->calls_per_day > 0 && budget->spent + count > limits->calls_per_day) ||
        (limits->calls_per_second > 0 && count > burst);

    if (is_out) {
        meter->result.budget_ended = true;
        next_phase(meter);
        return false;
    }
    const uint64_t credit_ns =
        limits->calls_per_second > 0 ? count * (1000000000u / limits->calls_per_second) : 0;
    return instant_is_past(meter->pause_until, meter->now) && budget->credit_ns >= credit_ns;
}

bool meter_next_frame(struct meter *meter, void *memory, size_t capacity, struct bytes *ret_frame)
{
    struct json_writer writer = json_writer_from(memory, capacity);
    const uint32_t count = wanted(meter);

    CHECK(capacity >= METER_FRAME_BYTES);
    if (count == 0 || !may_ask(meter, count)) {
        return false;
    }
    if (meter->phase == METER_RATE && meter->phase_asked == 0) {
        meter->rate_began = meter->now;
    }
    note_open(meter); /* of a batch, its first */
    json_write(&writer, meter->phase == METER_BATCH ? "[" : "");
    for (uint32_t i = 0; i < count; i++) {
        json_write(&writer, i == 0 ? "" : ",");
        write_question(meter, &writer);
        call_budget_spend(&meter->budget);
        meter->next_id++;
        meter->result.calls++;
    }
    json_write(&writer, meter->phase == METER_BATCH ? "]" : "");
    CHECK(!writer.overrun);
    meter->phase_asked += count;
    *ret_frame = buffer_bytes(&writer.buffer);
    return true;
}
