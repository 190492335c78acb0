/* SPDX-License-Identifier: Apache-2.0 */
/* What the meter finds out about endpoints that answer, refuse, stop and talk nonsense.
 *
 * Method: an imaginary endpoint reads the meter's frames by their text and answers after a fixed
 * time; its limits are known, so the result has one right answer. */
#include "relay/node/loop/meter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "chains/rpc/frame.h"
#include "tests/support/unit.h"

enum { STEPS_MAX = 200000, HEAD = 5000, TEXT_BYTES_MAX = 65536, WAITING_MAX = 64 };

#define STEP   DURATION_MS(1)
#define ANSWER 20u /* milliseconds */

struct world {
    struct meter meter;
    struct json_parser parser;
    void *memory;
    struct instant now;
    uint64_t batch_max; /* larger ones are refused */
    uint64_t range_max;
    uint32_t mute_after;  /* questions; then it says nothing */
    uint32_t refuse_from; /* questions; from then on each is refused for its rate */
    bool talks_nonsense;
    uint32_t asked;         /* questions, each of a batch counted */
    uint32_t asked_at_once; /* in one millisecond, at most */
    struct {
        char *text;
        uint64_t at_ns;
    } waiting[WAITING_MAX];
    uint32_t waiting_count;
};

static uint64_t number_after(const char *text, const char *key, int base)
{
    const char *const at = strstr(text, key);

    assert_non_null(at);
    return strtoull(at + strlen(key), NULL, base);
}

static uint32_t count_of(const char *text, const char *word)
{
    uint32_t count = 0;

    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) {
        count++;
    }
    return count;
}

/* The answers to `count` questions from `id` on. */
static void write_answers(const struct world *world, const char *question, char *text, size_t room)
{
    const uint32_t count = count_of(question, "\"method\"");
    const uint64_t id = number_after(question, "\"id\":", 10);
    const bool is_batch = question[0] == '[';
    size_t at = 0;

    if (world->refuse_from > 0 && world->asked >= world->refuse_from) {
        (void)snprintf(text, room,
                       "{\"jsonrpc\":\"2.0\",\"id\":%" PRIu64
                       ",\"error\":{\"code\":-32005,\"message\":\"slow down\"}}",
                       id);
        return;
    }
    const bool is_range = strstr(question, "eth_getLogs") != NULL;
    const uint64_t blocks = is_range ? number_after(question, "\"toBlock\":\"", 16) -
                                           number_after(question, "\"fromBlock\":\"", 16) + 1
                                     : 0;
    if (count > world->batch_max || blocks > world->range_max) {
        (void)snprintf(text, room,
                       "{\"jsonrpc\":\"2.0\",\"id\":%" PRIu64
                       ",\"error\":{\"code\":-32600,\"message\":\"too much at once\"}}",
                       id);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        at += (size_t)snprintf(text + at, room - at,
                               "%s{\"jsonrpc\":\"2.0\",\"id\":%" PRIu64 ",\"result\":%s}",
                               i > 0      ? ","
                               : is_batch ? "["
                                          : "",
                               id + i, is_range ? "[]" : "\"0x1388\"");
    }
    (void)snprintf(text + at, room - at, "%s", is_batch ? "]" : "");
}

static void ask(struct world *world, struct bytes frame)
{
    static char question[TEXT_BYTES_MAX];
    static char text[TEXT_BYTES_MAX];

    assert_true(frame.count < sizeof(question));
    memcpy(question, frame.data, frame.count);
    question[frame.count] = '\0';
    world->asked += count_of(question, "\"method\"");
    if (world->mute_after > 0 && world->asked > world->mute_after) {
        return;
    }
    write_answers(world, question, text, sizeof(text));
    assert_true(world->waiting_count < WAITING_MAX);
    world->waiting[world->waiting_count].text = strdup(world->talks_nonsense ? "]{\"id" : text);
    world->waiting[world->waiting_count].at_ns = world->now.ns + DURATION_MS(ANSWER).ns;
    world->waiting_count++;
}

static void hear(struct world *world)
{
    while (world->waiting_count > 0 && world->waiting[0].at_ns <= world->now.ns) {
        char *const text = world->waiting[0].text;
        world->waiting_count--;
        memmove(&world->waiting[0], &world->waiting[1],
                world->waiting_count * sizeof(world->waiting[0]));
        meter_on_frame(&world->meter, bytes_from_string(text), world->now);
        free(text);
    }
}

static struct world world_new(void)
{
    struct world world = {.now = {.ns = UINT64_C(86400000000000) * 10},
                          .batch_max = UINT64_MAX,
                          .range_max = UINT64_MAX};

    world.memory = calloc(1, json_parser_footprint(TEXT_BYTES_MAX));
    assert_non_null(world.memory);
    json_parser_init(&world.parser, world.memory, TEXT_BYTES_MAX);
    return world;
}

/* Until the meter is done; the result is in it. */
static const struct meter_result *measure(struct world *world, const struct meter_options *options)
{
    static uint8_t frame[METER_FRAME_BYTES];
    struct bytes bytes;

    meter_init(&world->meter, options, &world->parser, world->now);
    for (uint32_t i = 0; i < STEPS_MAX && !meter_is_done(&world->meter); i++) {
        const uint32_t before = world->asked;
        meter_tick(&world->meter, world->now);
        while (meter_next_frame(&world->meter, frame, sizeof(frame), &bytes)) {
            ask(world, bytes);
        }
        const uint32_t at_once = world->asked - before;
        world->asked_at_once = at_once > world->asked_at_once ? at_once : world->asked_at_once;
        world->now = instant_after(world->now, STEP);
        hear(world);
    }
    assert_true(meter_is_done(&world->meter));
    assert_int_equal(world->meter.result.calls, world->asked);
    for (uint32_t i = 0; i < world->waiting_count; i++) {
        free(world->waiting[i].text);
    }
    free(world->memory);
    return &world->meter.result;
}

static struct meter_options usual(void)
{
    return (struct meter_options){.calls_max = METER_CALLS, .deadline = DURATION_MS(1000)};
}

static void a_good_endpoint_is_measured(void **state)
{
    (void)state;
    struct world world = world_new();
    const struct meter_options options = usual();
    const struct meter_result *const result = measure(&world, &options);

    assert_int_equal(result->latency_count, METER_LATENCIES);
    assert_int_equal(result->latency_p50.ns, DURATION_MS(ANSWER).ns);
    assert_int_equal(result->latency_p99.ns, DURATION_MS(ANSWER).ns);
    /* Sixteen under way, each for 20 ms: eight hundred a second, less what the last ones wait. */
    assert_in_range(result->calls_per_second, 700, 800);
    assert_int_equal(result->batch, METER_BATCH_MAX);
    assert_int_equal(result->range, 10000); /* the chain is no longer */
    assert_false(result->budget_ended);
    assert_false(result->is_rate_limited);
    assert_string_equal(result->reason, "");
}

static void its_limits_are_found(void **state)
{
    (void)state;
    struct world world = world_new();
    const struct meter_options options = usual();
    world.batch_max = 20;
    world.range_max = 2000;
    const struct meter_result *const result = measure(&world, &options);

    assert_int_equal(result->batch, 16);
    assert_int_equal(result->range, 1000);
    assert_string_equal(result->reason, "too much at once");
}

static void no_more_is_asked_than_allowed(void **state)
{
    (void)state;
    for (uint32_t most = 1; most < METER_CALLS; most += 37) {
        struct world world = world_new();
        struct meter_options options = usual();
        options.calls_max = most;
        const struct meter_result *const result = measure(&world, &options);
        assert_true(result->calls <= most);
        assert_true(result->budget_ended || result->range > 0);
    }
}

static void a_plan_is_kept(void **state)
{
    (void)state;
    struct world world = world_new();
    struct meter_options options = usual();
    options.limits = (struct call_limits){.calls_per_second = 10, .calls_burst = 4};
    const struct instant began = world.now;
    const struct meter_result *const result = measure(&world, &options);
    const uint64_t took_ms = instant_since(world.now, began).ns / 1000000;

    assert_true(world.asked_at_once <= 4);
    assert_true(result->calls <= 4 + took_ms / 100 + 1);
    assert_in_range(result->calls_per_second, 9, 11);
    assert_int_equal(result->batch, 4);
    assert_true(result->budget_ended);
}

static void a_day_that_is_nearly_spent_ends_it(void **state)
{
    (void)state;
    struct world world = world_new();
    struct meter_options options = usual();
    options.limits.calls_per_day = 1000;
    options.spent_today = 980;
    const struct meter_result *const result = measure(&world, &options);

    assert_int_equal(result->calls, 20);
    assert_true(result->budget_ended);
    assert_int_equal(result->latency_count, 19);
}

static void one_that_falls_silent_ends(void **state)
{
    (void)state;
    struct world world = world_new();
    const struct meter_options options = usual();
    world.mute_after = 30;
    const struct meter_result *const result = measure(&world, &options);

    assert_int_equal(result->latency_count, 29);
    assert_int_equal(result->batch, 0);
    assert_int_equal(result->range, 0);
    assert_string_equal(result->reason, "no answer in time");
}

static void one_that_refuses_for_its_rate_is_left_in_peace(void **state)
{
    (void)state;
    struct world world = world_new();
    const struct meter_options options = usual();
    world.refuse_from = 100;
    const struct meter_result *const result = measure(&world, &options);

    assert_true(result->is_rate_limited);
    assert_string_equal(result->reason, "slow down");
    /* Those that were under way, and one more of each thing. */
    assert_true(world.asked < 100 + METER_WINDOW + 4);
}

static void nonsense_is_no_answer(void **state)
{
    (void)state;
    struct world world = world_new();
    const struct meter_options options = usual();
    world.talks_nonsense = true;
    const struct meter_result *const result = measure(&world, &options);

    assert_int_equal(result->calls, 3);
    assert_int_equal(world.meter.head, 0);
    assert_int_equal(result->latency_count, 0);
}

static void a_lost_connection_ends_what_was_under_way(void **state)
{
    (void)state;
    struct world world = world_new();
    const struct meter_options options = usual();
    static uint8_t frame[METER_FRAME_BYTES];
    struct bytes bytes;

    meter_init(&world.meter, &options, &world.parser, world.now);
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(meter_next_frame(&world.meter, frame, sizeof(frame), &bytes));
        assert_false(meter_next_frame(&world.meter, frame, sizeof(frame), &bytes));
        meter_on_lost(&world.meter);
    }
    assert_true(meter_is_done(&world.meter));
    free(world.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_endpoint_is_measured),
        cmocka_unit_test(its_limits_are_found),
        cmocka_unit_test(no_more_is_asked_than_allowed),
        cmocka_unit_test(a_plan_is_kept),
        cmocka_unit_test(a_day_that_is_nearly_spent_ends_it),
        cmocka_unit_test(one_that_falls_silent_ends),
        cmocka_unit_test(one_that_refuses_for_its_rate_is_left_in_peace),
        cmocka_unit_test(nonsense_is_no_answer),
        cmocka_unit_test(a_lost_connection_ends_what_was_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
