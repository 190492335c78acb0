/* SPDX-License-Identifier: Apache-2.0 */
/* The whole EVM adapter between a chain that answers and a fuzzer that decides what arrives: frames
 * as they are, damaged, twice or never; connections; time; commands of every kind. Whatever
 * happens, no CHECK of the adapter or its wrappers fails, blocks ascend and final ones were given.
 */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "tests/conformance/evm_script.h"

enum { STEPS_MAX = 400, GIVEN_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

struct input {
    const uint8_t *data;
    size_t count;
};

struct run {
    struct input input;
    void *world;
    struct chain *chain;
    uint32_t endpoints_count;
    struct core_config core;
    struct instant now;
    uint64_t final_number;
    struct hash given[GIVEN_MAX];
    uint32_t given_count;
    struct leg leg;
    struct intent intent;
    struct hash transaction;
};

static uint8_t draw(struct input *input)
{
    if (input->count == 0) {
        return 0;
    }
    input->count--;
    return *input->data++;
}

static void take_event(struct run *run, const struct event *event)
{
    if (event->kind == EVENT_BLOCK) {
        run->given[run->given_count++ % GIVEN_MAX] = event->block.hash;
    } else if (event->kind == EVENT_FINAL) {
        CHECK(event->final.number > run->final_number || run->final_number == 0);
        run->final_number = event->final.number;
    } else if (event->kind == EVENT_PREPARED && event->prepared.outcome == OUTCOME_OK) {
        run->intent.payload_digest = event->prepared.payload_digest;
        run->intent.value = event->prepared.value;
    } else if (event->kind == EVENT_SIGNED && event->signed_.outcome == OUTCOME_OK) {
        run->transaction = event->signed_.transaction;
    }
}

static void drain(struct run *run)
{
    struct chain_request request;
    struct event event;

    while (chain_next_event(run->chain, &event)) {
        take_event(run, &event);
    }
    while (chain_next_request(run->chain, &request)) {
        if (request.kind == CHAIN_REQUEST_FRAME) {
            evm_script_fixture.take(run->world, request.frame.endpoint_index, request.frame.bytes);
        } else if (draw(&run->input) % 4 != 0) {
            struct chain_reply reply = {.kind = CHAIN_REPLY_SIGNED};
            reply.signed_.leg_id = request.sign.leg_id;
            reply.signed_.attempt = request.sign.attempt;
            reply.signed_.outcome = OUTCOME_OK;
            reply.signed_.signature = evm_script_fixture.sign(run->world, &request);
            chain_on_reply(run->chain, &reply, run->now);
        }
    }
}

static void give_frame(struct run *run, uint32_t endpoint, uint8_t how)
{
    struct bytes frame;

    if (!evm_script_fixture.give(run->world, endpoint, &frame) || how % 8 == 1) {
        return; /* none, or lost */
    }
    uint8_t *const copy = malloc(frame.count + 1);
    CHECK(copy != NULL);
    memcpy(copy, frame.data, frame.count);
    size_t count = frame.count;
    for (uint8_t i = how % 8 == 2 ? 1 + draw(&run->input) % 4 : 0; i > 0; i--) {
        const size_t at = ((size_t)draw(&run->input) << 8 | draw(&run->input)) % count;
        copy[at] = draw(&run->input);
    }
    if (how % 8 == 3) {
        count = ((size_t)draw(&run->input) << 8 | draw(&run->input)) % (count + 1);
    }
    const struct chain_reply reply = {
        .kind = CHAIN_REPLY_FRAME,
        .endpoint_index = how % 8 == 4 ? (endpoint + 1) % run->endpoints_count : endpoint,
        .frame = bytes_from(copy, count)};
    for (uint32_t times = how % 8 == 5 ? 2 : 1; times > 0; times--) {
        chain_on_reply(run->chain, &reply, run->now);
    }
    free(copy);
}

static void command_leg(struct run *run, uint8_t which)
{
    struct command command = {.domain = run->chain->domain};

    run->leg = evm_script_fixture.leg(run->world, which % 4);
    run->intent.leg_id = run->leg.id;
    run->intent.key = run->leg.key;
    run->intent.nonce = which % 4;
    run->intent.gas_limit = 100000;
    switch (which / 4 % 4) {
    case 0:
        command.kind = COMMAND_PREPARE;
        command.prepare = run->leg;
        break;
    case 1:
        command.kind = COMMAND_SEND;
        command.send.leg = run->leg;
        command.send.intent = run->intent;
        break;
    case 2:
        command.kind = COMMAND_BROADCAST;
        command.broadcast.leg_id = run->leg.id;
        command.broadcast.transaction = run->transaction;
        break;
    default: /* not an enum */
        command.kind = COMMAND_FOLLOW;
        command.follow.leg_id = run->leg.id;
        command.follow.transaction = run->transaction;
        command.follow.key = run->leg.key;
        command.follow.nonce = which % 4;
        break;
    }
    (void)!chain_perform(run->chain, &command);
}

static void ask(struct run *run, uint8_t which)
{
    struct command commands[FIXTURE_QUESTIONS_MAX];
    const uint32_t count = evm_script_fixture.questions(run->world, commands);

    (void)!chain_perform(run->chain, &commands[which % count]);
}

/* An endpoint becomes another one, a liar, mute or late, or stops being it. */
static void change_habits(struct run *run, uint8_t how)
{
    const uint32_t endpoint = how % run->endpoints_count;
    struct evm_script_habits *const habits = evm_script_habits(run->world, endpoint);

    switch (how / 4 % 4) {
    case 0:
        habits->lies = !habits->lies;
        break;
    case 1:
        habits->is_mute = !habits->is_mute;
        break;
    case 2:
        habits->lag = habits->lag == 0 ? 3 : 0;
        break;
    default: /* not an enum */
        evm_script_fixture.identify(run->world, endpoint, how / 16 % 3);
        break;
    }
}

static void turn_knob(struct run *run, uint8_t which)
{
    struct evm_script_knobs *const knobs = evm_script_knobs(run->world);

    switch (which % 8) {
    case 0:
        knobs->refuses_batches = !knobs->refuses_batches;
        break;
    case 1:
        knobs->range_max = which / 8;
        break;
    case 2:
        knobs->logs_late = which / 8;
        break;
    case 3:
        knobs->rate_limited = which / 8;
        break;
    case 4:
        knobs->noise_logs = which / 4;
        break;
    case 5:
        knobs->module_type = which / 8;
        break;
    case 6:
        knobs->lacks_bloom = !knobs->lacks_bloom;
        break;
    default: /* not an enum */
        change_habits(run, which / 8);
        break;
    }
}

static void change_connection(struct run *run, uint8_t how)
{
    const struct chain_reply reply = {.kind =
                                          how % 3 == 0 ? CHAIN_REPLY_LOST : CHAIN_REPLY_CONNECTED,
                                      .endpoint_index = how / 4 % run->endpoints_count};

    evm_script_fixture.connect(run->world, how / 4 % run->endpoints_count);
    chain_on_reply(run->chain, &reply, run->now);
}

static void watch(struct run *run, uint8_t from)
{
    struct command command = {.kind = COMMAND_WATCH, .domain = run->chain->domain};

    command.watch.from_block = from;
    run->final_number = 0;
    (void)!chain_perform(run->chain, &command);
}

static void step(struct run *run, uint64_t blocks_max)
{
    const uint8_t what = draw(&run->input);
    const uint8_t how = draw(&run->input);

    run->now.ns += (uint64_t)(how % 16) * 10000000u;
    if (what < 120) {
        give_frame(run, what % run->endpoints_count, how);
    } else if (what < 150) {
        if (evm_script_fixture.head(run->world) < blocks_max) {
            if (how % 2 == 0) {
                (void)evm_script_fixture.dispatch(run->world);
            }
            evm_script_fixture.mine(run->world);
        }
    } else if (what < 160) {
        if (evm_script_fixture.head(run->world) < blocks_max) {
            evm_script_fixture.reorg(run->world, 1 + how % 8);
        }
    } else if (what < 175) {
        ask(run, how);
    } else if (what < 200) {
        command_leg(run, how);
    } else if (what < 215) {
        change_connection(run, how);
    } else if (what < 225) {
        turn_knob(run, how);
    } else if (what < 230) {
        watch(run, how % 60);
    } else {
        run->now.ns += (uint64_t)how * 50000000u;
        chain_tick(run->chain, run->now);
    }
    drain(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    struct run run = {.input = {.data = data, .count = count}, .now = {.ns = 1000000000}};
    struct chain_config config;
    static void *memory;
    static size_t size;

    run.world = evm_script_fixture.open();
    evm_script_fixture.configure(run.world, &run.core, &config);
    /* Two of three must agree, or one of two. */
    run.endpoints_count = count % 2 == 0 ? 3 : 2;
    config.endpoints_count = run.endpoints_count;
    config.quorum = run.endpoints_count - 1;
    config.requests_open_max = 4;
    config.legs_open_max = 2;
    config.frame_bytes_max = 160u * 1024;
    const size_t needed = chain_footprint(evm_script_fixture.ops, &config);
    if (needed > size) {
        free(memory);
        size = needed;
        memory = malloc(size);
        CHECK(memory != NULL);
    }
    memset(memory, 0, size);
    const enum status status = chain_init(evm_script_fixture.ops, memory, &config, &run.chain);
    CHECK(status == STATUS_OK);
    chain_tick(run.chain, run.now);
    for (uint32_t i = 0; i < STEPS_MAX && run.input.count > 0; i++) {
        step(&run, 200);
    }
    chain_deinit(run.chain);
    evm_script_fixture.close(run.world);
    return 0;
}
