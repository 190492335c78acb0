/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/loop/meter.h: what one EVM endpoint can do, found out by asking it: how fast it
 * answers one question, how many a second, how large a batch and how long a range of logs it takes.
 *
 * The meter does no I/O and reads no clock: frames are taken from it and answers given to it. It
 * asks at most `calls_max` questions, each of a batch counted, and never more than the endpoint's
 * plan allows; what it had no question left for is not known, and says so by its zero count.
 *
 * Threads: none. Memory: the caller's; the parser is shared between meters that take turns. */
#ifndef SLUICE_RELAY_NODE_LOOP_METER_H
#define SLUICE_RELAY_NODE_LOOP_METER_H

#include "chains/budget.h"
#include "relay/base/bytes.h"

struct json_parser; /* chains/rpc/json.h */

#define METER_LATENCIES    50u  /* questions, one after the other */
#define METER_RATE_CALLS   200u /* with METER_WINDOW of them under way */
#define METER_WINDOW       16u
#define METER_BATCH_MAX    256u /* the largest that is tried */
#define METER_RANGE_MAX    UINT64_C(100000)
#define METER_CALLS        1000u /* what all of it takes, with room */
#define METER_REASON_BYTES 96u

struct meter_options {
    struct address contract; /* whose logs are asked for */
    uint32_t calls_max;
    struct duration deadline; /* of one answer */
    struct call_limits limits;
    uint64_t spent_today; /* of limits.calls_per_day, by whoever else asks */
};

/* A count of zero: nothing is known. */
struct meter_result {
    uint32_t calls; /* asked */
    uint32_t latency_count;
    struct duration latency_p50;
    struct duration latency_p99;
    uint32_t calls_per_second;
    bool is_rate_limited;            /* it refused: its rate is below what it was asked at */
    uint32_t batch;                  /* the largest that was answered in full */
    uint64_t range;                  /* blocks; the longest whose logs came */
    bool budget_ended;               /* no question was left for something */
    char reason[METER_REASON_BYTES]; /* its words when it refused last, printable; empty: none */
};

/* stored nowhere */
enum meter_phase {
    METER_HEAD = 0,
    METER_LATENCY,
    METER_RATE,
    METER_BATCH,
    METER_RANGE,
    METER_DONE,
};

struct meter {
    struct meter_options options;
    struct call_budget budget;
    struct json_parser *parser;
    enum meter_phase phase;
    struct instant now;
    struct instant pause_until;
    struct instant rate_began;
    uint64_t head;
    uint64_t next_id;
    struct {
        uint64_t id; /* 0: free */
        struct instant at;
    } open[METER_WINDOW];
    uint32_t open_count;
    uint32_t phase_asked;
    uint32_t phase_answered;
    uint32_t refusals; /* in a row, of the first question */
    uint64_t size;     /* of the batch or range that is tried */
    uint64_t latencies[METER_LATENCIES];
    struct meter_result result;
};

/* `parser` is borrowed for the meter's life. */
void meter_init(struct meter *meter, const struct meter_options *options,
                struct json_parser *parser, struct instant now);
/* Lets time pass: an answer that is late never comes. */
void meter_tick(struct meter *meter, struct instant now);
/* A frame to send now, written into `memory`; false: there is none. */
bool meter_next_frame(struct meter *meter, void *memory, size_t capacity, struct bytes *ret_frame);
void meter_on_frame(struct meter *meter, struct bytes frame, struct instant now);
/* The endpoint takes no questions for `wait` (0: it does not say); what was under way is lost. */
void meter_on_limited(struct meter *meter, struct duration wait);
/* The connection ended. */
void meter_on_lost(struct meter *meter);
bool meter_is_done(const struct meter *meter);
/* Smallest memory for a frame. */
#define METER_FRAME_BYTES (METER_BATCH_MAX * 96u)

#endif
