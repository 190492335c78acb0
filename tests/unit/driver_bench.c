/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/driver_bench.h"

#include <stdlib.h>

#include "relay/base/check.h"
#include "relay/core/reason.h"

/* ---- a scripted core; replaces relay/core/core.c in this program ---- */

struct core *the_core;
uint8_t network[NETWORK_BYTES];

size_t core_footprint(void)
{
    return sizeof(struct core);
}

enum status core_init(void *memory, struct rows *rows, struct core **ret_core)
{
    the_core = memory;
    the_core->rows = rows;
    *ret_core = the_core;
    return STATUS_OK;
}

static struct command *ask(struct core *core, enum command_kind kind, uint32_t domain)
{
    struct command *command = &core->commands[core->count];
    core->count++;
    *command = (struct command){.kind = kind, .domain = domain};
    return command;
}

static void ask_for(struct core *core, uint64_t what, uint32_t serial)
{
    const uint32_t domain = (what & ASK_ON_B) != 0 ? DOMAIN_B : DOMAIN_A;
    struct hash id = {{0}};
    memcpy(id.bytes, &serial, sizeof(serial));
    if ((what & ASK_LANE) != 0) {
        ask(core, COMMAND_READ_LANE, domain)->read_lane.key = evm_filled((uint8_t)serial);
    }
    if ((what & ASK_SEND) != 0) {
        struct command *command = ask(core, COMMAND_SEND, domain);
        command->send.leg =
            (struct leg){.id = id, .kind = LEG_CANCEL, .domain = domain, .key = evm_filled(1)};
        command->send.intent =
            (struct intent){.leg_id = id, .domain = domain, .key = evm_filled(1), .nonce = serial};
    }
    if ((what & ASK_CHECKPOINT) != 0) {
        ask(core, COMMAND_SIGN_CHECKPOINT, domain)->sign_checkpoint.index = serial;
    }
    if ((what & ASK_BROADCAST) != 0) {
        ask(core, COMMAND_BROADCAST, domain)->broadcast.leg_id = id;
    }
    if ((what & ASK_PUBLISH) != 0) {
        struct command *command = ask(core, COMMAND_PUBLISH_CHECKPOINT, domain);
        command->publish_checkpoint.validator = evm_filled(9);
        command->publish_checkpoint.checkpoint.index = serial;
        command->publish_checkpoint.signature.bytes[64] = 27;
    }
    if ((what & ASK_FETCH) != 0) {
        struct command *command = ask(core, COMMAND_FETCH_CHECKPOINT, domain);
        command->fetch_checkpoint.index = serial;
        command->fetch_checkpoint.location = bytes_from_string("file:///a");
    }
    if ((what & ASK_FOLLOW) != 0) {
        ask(core, COMMAND_FOLLOW, domain)->follow.nonce = serial;
    }
    if ((what & ASK_BIG_PLAN) != 0) {
        struct command *command = ask(core, COMMAND_PLAN, 0);
        command->plan.plan_id = id;
        command->plan.network = bytes_from(network, sizeof(network));
    }
    if ((what & ASK_NOTE) != 0) {
        struct command *command = ask(core, COMMAND_NOTE, domain);
        command->note.level = NOTE_INFO;
        command->note.reason = REASON_ANNOUNCED;
        command->note.text = bytes_from_string("words");
    }
}

enum status core_step(struct core *core, const struct event *event, struct core_output *ret_output)
{
    if (core->fail != STATUS_OK) {
        return core->fail;
    }
    assert_true(event->at.ns >= core->last.ns);
    core->last = event->at;
    core->steps++;
    core->count = 0;
    uint8_t key[9] = {'z'};
    memcpy(key + 1, &core->steps, sizeof(core->steps));
    rows_put(core->rows, bytes_from(key, sizeof(key)), bytes_from(&event->kind, 4));
    if (event->kind == EVENT_START) {
        ask(core, COMMAND_WATCH, DOMAIN_A)->watch.from_block = 7;
        if (core->wake_on_start.ns > 0) {
            ask(core, COMMAND_WAKE, 0)->wake.at = core->wake_on_start;
        }
    } else if (event->kind == EVENT_FACT) {
        ask_for(core, event->fact.block_number, event->fact.log_index);
    } else if (event->kind == EVENT_OPERATOR) {
        struct command *command = ask(core, COMMAND_NOTE, 0);
        command->note.level = NOTE_WARN;
        command->note.reason = REASON_PAUSED;
        command->note.text = event->operator_.reason;
    }
    struct hash digest = hash_filled(0x77);
    rows_fold_changes(core->rows, &digest);
    *ret_output = (struct core_output){
        .commands = core->commands, .commands_count = core->count, .digest = digest};
    return STATUS_OK;
}

/* ---- a scripted chain family ---- */

struct fake_chain *fakes[2];

static size_t fake_footprint(const struct chain_config *config)
{
    (void)config;
    return sizeof(struct fake_chain);
}

static enum status fake_init(void *memory, const struct chain_config *config,
                             struct chain **ret_chain)
{
    struct fake_chain *fake = memory;
    fake->chain = (struct chain){.ops = &fake_ops,
                                 .domain = config->core->chains[config->chain_index].domain,
                                 .endpoints_count = config->endpoints_count};
    fake->next_tick = (struct instant){.ns = UINT64_MAX};
    fakes[config->chain_index] = fake;
    *ret_chain = &fake->chain;
    return STATUS_OK;
}

static void fake_deinit(struct chain *chain)
{
    (void)chain;
}

static enum status fake_perform(struct chain *chain, const struct command *command)
{
    struct fake_chain *fake = (struct fake_chain *)(void *)chain;
    if (fake->full) {
        return STATUS_FULL;
    }
    CHECK(fake->taken_count < LIST_MAX);
    fake->taken[fake->taken_count] = *command;
    fake->taken_count++;
    return STATUS_OK;
}

static void fake_tick(struct chain *chain, struct instant now)
{
    struct fake_chain *fake = (struct fake_chain *)(void *)chain;
    (void)now;
    fake->ticks++;
    fake->next_tick = (struct instant){.ns = UINT64_MAX};
}

static struct instant fake_next_tick(const struct chain *chain)
{
    return ((const struct fake_chain *)(const void *)chain)->next_tick;
}

static bool fake_next_request(struct chain *chain, struct chain_request *ret_request)
{
    struct fake_chain *fake = (struct fake_chain *)(void *)chain;
    if (fake->sign_requests == 0) {
        return false;
    }
    fake->sign_requests--;
    *ret_request = (struct chain_request){.kind = CHAIN_REQUEST_SIGN,
                                          .sign = {.leg_kind = LEG_CANCEL,
                                                   .key = evm_filled(1),
                                                   .leg_id = hash_filled(3),
                                                   .transaction = bytes_from_string("unsigned")}};
    return true;
}

static void fake_on_reply(struct chain *chain, const struct chain_reply *reply, struct instant now)
{
    struct fake_chain *fake = (struct fake_chain *)(void *)chain;
    (void)now;
    if (reply->kind == CHAIN_REPLY_SIGNED) {
        fake->replies_signed++;
        fake->reply_outcome = reply->signed_.outcome;
    }
}

static bool fake_next_event(struct chain *chain, struct event *ret_event)
{
    struct fake_chain *fake = (struct fake_chain *)(void *)chain;
    if (fake->events_first == fake->events_count) {
        return false;
    }
    *ret_event = fake->events[fake->events_first];
    fake->events_first++;
    return true;
}

const struct chain_ops fake_ops = {
    .name = "fake",
    .footprint = fake_footprint,
    .init = fake_init,
    .deinit = fake_deinit,
    .perform = fake_perform,
    .tick = fake_tick,
    .next_tick = fake_next_tick,
    .next_request = fake_next_request,
    .on_reply = fake_on_reply,
    .next_event = fake_next_event,
};

/* ---- ports that write down what comes ---- */

struct outside outside;
enum status (*ask_planner)(const struct hash *plan_id, struct bytes network);

static void port_frame_send(void *context, uint32_t chain_index, uint32_t endpoint_index,
                            struct bytes frame)
{
    (void)context;
    (void)chain_index;
    (void)endpoint_index;
    (void)frame;
}

static enum status port_sign(void *context, const struct driver_sign *request)
{
    (void)context;
    (void)request;
    if (outside.sign_status == STATUS_OK) {
        outside.signs_count++;
    }
    return outside.sign_status;
}

static enum status port_fetch(void *context, const struct driver_fetch *request)
{
    (void)context;
    assert_int_equal(request->location.count, 9);
    assert_memory_equal(request->location.data, "file:///a", 9);
    outside.fetches_count++;
    return STATUS_OK;
}

static enum status port_publish(void *context, const struct driver_publish *request)
{
    (void)context;
    (void)request;
    outside.publishes_count++;
    return STATUS_OK;
}

static enum status port_lookup(void *context, const struct driver_lookup *request)
{
    (void)context;
    assert_int_equal(request->urls.count, 2);
    outside.lookups_count++;
    return STATUS_OK;
}

static enum status port_plan(void *context, const struct hash *plan_id, struct bytes packed)
{
    (void)context;
    assert_int_equal(packed.count, sizeof(network));
    assert_memory_equal(packed.data, network, sizeof(network));
    outside.plans_count++;
    return ask_planner == NULL ? STATUS_OK : ask_planner(plan_id, packed);
}

static void port_commit(void *context, uint64_t generation, const struct journal_batch *batch)
{
    (void)context;
    CHECK(outside.commits_count < COMMIT_MAX);
    outside.commits[outside.commits_count] = generation;
    outside.batches[outside.commits_count] = *batch;
    outside.commits_count++;
}

static void port_note(void *context, const struct driver_note *note)
{
    (void)context;
    outside.notes_count++;
    outside.alarms_count += note->level == NOTE_ALARM ? 1 : 0;
}

static void port_answered(void *context, uint64_t ticket, const struct driver_answer *answer)
{
    (void)context;
    CHECK(outside.answered_count < COMMIT_MAX);
    outside.answered[outside.answered_count] = ticket;
    outside.answers[outside.answered_count] = *answer;
    memcpy(outside.answer_texts[outside.answered_count], answer->text.data, answer->text.count);
    outside.answered_count++;
}

static void port_stepped(void *context, const struct event *event, const struct core_output *output)
{
    (void)context;
    (void)output;
    outside.steps_count++;
    outside.stops_count += event->kind == EVENT_STOP ? 1 : 0;
}

/* ---- set-up ---- */

static enum status no_row(void *context, struct bytes key, struct bytes *ret_value)
{
    (void)context;
    (void)key;
    (void)ret_value;
    return STATUS_NOT_FOUND;
}

static enum status no_seek(void *context, struct bytes key, struct bytes *ret_key,
                           struct bytes *ret_value)
{
    (void)context;
    (void)key;
    (void)ret_key;
    (void)ret_value;
    return STATUS_NOT_FOUND;
}

struct bench bench_new(void)
{
    struct bench bench = {.config = calloc(1, sizeof(struct core_config)),
                          .now = {.ns = 100 * SECOND}};
    uint32_t chain_index = 0;
    outside = (struct outside){0};
    bench.config->chains_count = 2;
    bench.config->chains[0].domain = DOMAIN_A;
    bench.config->chains[1].domain = DOMAIN_B;
    bench.config->validator = evm_filled(9);
    struct driver_chain chains[2] = {{.ops = &fake_ops}, {.ops = &fake_ops}};
    for (size_t i = 0; i < 2; i++) {
        chains[i].config = (struct chain_config){.endpoints_count = 1, .quorum = 1};
    }
    const struct driver_options options = {
        .core = bench.config,
        .chains = chains,
        .build_id = bytes_from_string("test"),
        .source = {.get = no_row, .seek = no_seek},
        .last = {.ns = 50 * SECOND},
        .ports = {.frame_send = port_frame_send,
                  .sign = port_sign,
                  .fetch = port_fetch,
                  .publish = port_publish,
                  .lookup = port_lookup,
                  .plan = port_plan,
                  .commit = port_commit,
                  .note = port_note,
                  .answered = port_answered,
                  .stepped = port_stepped},
        .rows_changes_max = 2 * ROWS_PER_STEP_MAX,
        .rows_bytes_max = (size_t)4 << 20,
    };
    bench.memory = calloc(1, driver_footprint(&options));
    assert_non_null(bench.memory);
    assert_status(STATUS_OK, driver_init(bench.memory, &options, &bench.driver, &chain_index));
    assert_int_equal(chain_index, 2);
    return bench;
}

void bench_free(struct bench *bench)
{
    driver_deinit(bench->driver);
    free(bench->memory);
    free(bench->config);
}

void tick(struct bench *bench)
{
    assert_status(STATUS_OK, driver_tick(bench->driver, bench->now));
}

void give(uint32_t index, uint64_t what, uint32_t serial)
{
    struct fake_chain *fake = fakes[index];
    CHECK(fake->events_count < LIST_MAX);
    fake->events[fake->events_count] =
        (struct event){.kind = EVENT_FACT,
                       .domain = fake->chain.domain,
                       .fact = {.kind = FACT_PROCESS, .block_number = what, .log_index = serial}};
    fake->events_count++;
}

void commit_all(struct bench *bench)
{
    assert_true(outside.commits_count > 0);
    driver_on_committed(bench->driver, outside.commits[outside.commits_count - 1], STATUS_OK);
}

void start(struct bench *bench)
{
    driver_start(bench->driver);
    tick(bench);
    commit_all(bench);
    tick(bench);
}

uint32_t taken_of(uint32_t index, enum command_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < fakes[index]->taken_count; i++) {
        count += fakes[index]->taken[i].kind == kind ? 1 : 0;
    }
    return count;
}
