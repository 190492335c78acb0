/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's promises (relay/node/driver.h), with a core, a chain family and ports that this test
 * scripts: each event names in its block number what the core shall ask for. Rows, records and
 * batches are the real ones. */
#include "tests/support/unit.h"

#include <stdlib.h>

#include "proto/record.h"
#include "relay/base/check.h"
#include "relay/core/reason.h"
#include "relay/node/driver.h"

#define DOMAIN_A   901u
#define DOMAIN_B   902u
#define LIST_MAX   4096u
#define SECOND     UINT64_C(1000000000)
#define COMMIT_MAX 64u

/* What the scripted core does with a fact: its block number is a sum of these. */
#define ASK_LANE       1u
#define ASK_SEND       2u
#define ASK_CHECKPOINT 4u
#define ASK_BROADCAST  8u
#define ASK_PUBLISH    16u
#define ASK_FETCH      32u
#define ASK_FOLLOW     64u
#define ASK_ON_B       128u /* of chain B instead of A */
#define ASK_BIG_PLAN   256u
#define ASK_NOTE       512u

/* ---- a scripted core; replaces relay/core/core.c in this program ---- */

struct core {
    struct rows *rows;
    struct command commands[COMMANDS_PER_STEP_MAX];
    uint32_t count;
    uint64_t steps;
    struct instant last;
    enum status fail;
    struct instant wake_on_start;
};

static struct core *the_core;
static uint8_t network[300000];

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

struct fake_chain {
    struct chain chain;
    struct event events[LIST_MAX]; /* to give */
    uint32_t events_first;
    uint32_t events_count;
    struct command taken[LIST_MAX]; /* performed */
    uint32_t taken_count;
    bool full;
    uint32_t sign_requests; /* to ask for */
    uint32_t replies_signed;
    enum outcome reply_outcome;
    struct instant next_tick;
    uint32_t ticks;
};

static struct fake_chain *fakes[2];

static size_t fake_footprint(const struct chain_config *config)
{
    (void)config;
    return sizeof(struct fake_chain);
}

static enum status fake_init(void *memory, const struct chain_config *config,
                             struct chain **ret_chain)
{
    extern const struct chain_ops fake_ops;
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
    *ret_request = (struct chain_request){
        .kind = CHAIN_REQUEST_SIGN,
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

struct outside {
    uint32_t signs_count;
    uint32_t publishes_count;
    uint32_t fetches_count;
    uint32_t plans_count;
    uint32_t notes_count;
    uint32_t alarms_count;
    enum status sign_status;
    uint64_t commits[COMMIT_MAX]; /* generations */
    struct journal_batch batches[COMMIT_MAX];
    uint32_t commits_count;
    uint64_t answered[COMMIT_MAX];
    struct driver_answer answers[COMMIT_MAX];
    char answer_texts[COMMIT_MAX][64];
    uint32_t answered_count;
    uint32_t steps_count;
    uint32_t stops_count;
};

static struct outside outside;

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

static enum status port_plan(void *context, const struct hash *plan_id, struct bytes packed)
{
    (void)context;
    (void)plan_id;
    assert_int_equal(packed.count, sizeof(network));
    assert_memory_equal(packed.data, network, sizeof(network));
    outside.plans_count++;
    return STATUS_OK;
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

struct bench {
    struct core_config *config;
    void *memory;
    struct driver *driver;
    struct instant now;
};

static struct bench bench_new(void)
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
        chains[i].config = (struct chain_config){.endpoints_count = 1};
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
                  .plan = port_plan,
                  .commit = port_commit,
                  .note = port_note,
                  .answered = port_answered,
                  .stepped = port_stepped},
        .rows_changes_max = 2048,
        .rows_bytes_max = (size_t)4 << 20,
    };
    bench.memory = calloc(1, driver_footprint(&options));
    assert_non_null(bench.memory);
    assert_status(STATUS_OK, driver_init(bench.memory, &options, &bench.driver, &chain_index));
    assert_int_equal(chain_index, 2);
    return bench;
}

static void bench_free(struct bench *bench)
{
    driver_deinit(bench->driver);
    free(bench->memory);
    free(bench->config);
}

static void tick(struct bench *bench)
{
    assert_status(STATUS_OK, driver_tick(bench->driver, bench->now));
}

/* Gives chain `index` a fact that makes the core ask. */
static void give(uint32_t index, uint64_t what, uint32_t serial)
{
    struct fake_chain *fake = fakes[index];
    CHECK(fake->events_count < LIST_MAX);
    fake->events[fake->events_count] =
        (struct event){.kind = EVENT_FACT,
                       .domain = fake->chain.domain,
                       .fact = {.kind = FACT_PROCESS, .block_number = what, .log_index = serial}};
    fake->events_count++;
}

/* The newest batch that was handed over is durable. */
static void commit_all(struct bench *bench)
{
    assert_true(outside.commits_count > 0);
    driver_on_committed(bench->driver, outside.commits[outside.commits_count - 1], STATUS_OK);
}

static void start(struct bench *bench)
{
    driver_start(bench->driver);
    tick(bench);
    commit_all(bench);
    tick(bench);
}

static uint32_t taken_of(uint32_t index, enum command_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < fakes[index]->taken_count; i++) {
        count += fakes[index]->taken[i].kind == kind ? 1 : 0;
    }
    return count;
}

/* ---- promises ---- */

static void what_waits_leaves_when_its_batch_is_durable(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    start(&bench);
    give(0, ASK_LANE | ASK_SEND | ASK_CHECKPOINT | ASK_BROADCAST | ASK_PUBLISH | ASK_FETCH, 1);
    tick(&bench);
    tick(&bench);
    assert_int_equal(taken_of(0, COMMAND_READ_LANE), 1);
    assert_int_equal(outside.fetches_count, 1);
    assert_int_equal(taken_of(0, COMMAND_SEND), 0);
    assert_int_equal(taken_of(0, COMMAND_BROADCAST), 0);
    assert_int_equal(outside.signs_count, 0);
    assert_int_equal(outside.publishes_count, 0);
    commit_all(&bench);
    tick(&bench);
    assert_int_equal(taken_of(0, COMMAND_SEND), 1);
    assert_int_equal(taken_of(0, COMMAND_BROADCAST), 1);
    assert_int_equal(outside.signs_count, 1);
    assert_int_equal(outside.publishes_count, 1);
    bench_free(&bench);
}

/* Two batches under way: the first one durable releases nothing of the second. */
static void a_batch_releases_its_own_commands_alone(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    start(&bench);
    give(0, ASK_SEND, 1);
    tick(&bench);
    const uint64_t first = outside.commits[outside.commits_count - 1];
    give(0, ASK_SEND, 2);
    tick(&bench);
    assert_int_equal(outside.commits[outside.commits_count - 1], first + 1);
    driver_on_committed(bench.driver, first, STATUS_OK);
    tick(&bench);
    assert_int_equal(taken_of(0, COMMAND_SEND), 1);
    driver_on_committed(bench.driver, first + 1, STATUS_OK);
    tick(&bench);
    assert_int_equal(taken_of(0, COMMAND_SEND), 2);
    assert_int_equal(fakes[0]->taken[fakes[0]->taken_count - 1].send.intent.nonce, 2);
    bench_free(&bench);
}

static void while_the_journal_fails_nothing_leaves_and_then_it_does(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    start(&bench);
    give(0, ASK_SEND | ASK_LANE, 1);
    tick(&bench);
    const uint64_t generation = outside.commits[outside.commits_count - 1];
    for (int i = 0; i < 3; i++) {
        driver_on_committed(bench.driver, generation, STATUS_NO_SPACE);
        tick(&bench);
    }
    assert_true(driver_is_unwritable(bench.driver));
    assert_int_equal(outside.alarms_count, 1);
    assert_int_equal(taken_of(0, COMMAND_SEND), 0);
    give(0, ASK_LANE, 2);
    tick(&bench);
    assert_int_equal(taken_of(0, COMMAND_READ_LANE), 2); /* watching goes on */
    commit_all(&bench);
    tick(&bench);
    assert_false(driver_is_unwritable(bench.driver));
    assert_int_equal(taken_of(0, COMMAND_SEND), 1);
    bench_free(&bench);
}

static void a_broken_journal_stops_everything(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    start(&bench);
    give(0, ASK_SEND, 1);
    tick(&bench);
    driver_on_committed(bench.driver, outside.commits[outside.commits_count - 1], STATUS_CORRUPT);
    assert_status(STATUS_CORRUPT, driver_tick(bench.driver, bench.now));
    assert_status(STATUS_CORRUPT, driver_tick(bench.driver, bench.now));
    assert_int_equal(taken_of(0, COMMAND_SEND), 0);
    bench_free(&bench);
}

static void rows_that_cannot_be_read_stop_everything(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    start(&bench);
    const uint32_t commits_count = outside.commits_count;
    the_core->fail = STATUS_IO;
    give(0, ASK_LANE, 1);
    assert_status(STATUS_IO, driver_tick(bench.driver, bench.now));
    assert_int_equal(outside.commits_count, commits_count);
    bench_free(&bench);
}

/* No batch becomes durable: events stay where they are, and none is lost when it goes on. */
static void events_wait_when_batches_do(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    start(&bench);
    for (uint32_t i = 0; i < 3000; i++) {
        give(0, ASK_FOLLOW, i);
    }
    for (int i = 0; i < 100; i++) {
        tick(&bench);
    }
    assert_true(driver_is_pressed(bench.driver));
    assert_true(fakes[0]->events_first < 3000);
    assert_true(fakes[0]->events_first <= (DRIVER_BATCHES_MAX + 1) * BATCH_EVENTS_MAX);
    const uint32_t before = fakes[0]->events_first;
    tick(&bench);
    assert_int_equal(fakes[0]->events_first, before);
    for (int i = 0; i < 100; i++) {
        commit_all(&bench);
        tick(&bench);
    }
    assert_false(driver_is_pressed(bench.driver));
    assert_int_equal(fakes[0]->events_first, 3000);
    assert_int_equal(outside.steps_count, 3001);
    bench_free(&bench);
}

static void one_tick_does_a_bounded_amount(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    start(&bench);
    for (uint32_t i = 0; i < 1000; i++) {
        give(i % 2, 0, i);
    }
    const uint32_t before = outside.steps_count;
    tick(&bench);
    assert_true(outside.steps_count - before <= DRIVER_EVENTS_MAX);
    assert_true(outside.steps_count - before > 0);
    /* Both chains had their turn, and more is wanted at once. */
    assert_true(fakes[0]->events_first > 0);
    assert_true(fakes[1]->events_first > 0);
    assert_int_equal(driver_next_wake(bench.driver, bench.now).ns, bench.now.ns);
    bench_free(&bench);
}

static void time_never_moves_back(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    bench.now.ns = 10 * SECOND; /* before the journal's last record */
    start(&bench);
    assert_int_equal(the_core->last.ns, 50 * SECOND);
    give(0, 0, 1);
    bench.now.ns = 60 * SECOND;
    tick(&bench);
    assert_int_equal(the_core->last.ns, 60 * SECOND);
    give(0, 0, 2);
    bench.now.ns = 55 * SECOND;
    tick(&bench);
    assert_int_equal(the_core->last.ns, 60 * SECOND);
    bench_free(&bench);
}

static void a_full_adapter_gets_its_commands_later_in_order(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    fakes[0]->full = true;
    start(&bench); /* the watch is wanted and not taken */
    give(0, ASK_FOLLOW, 1);
    give(0, ASK_FOLLOW, 2);
    give(1, ASK_FOLLOW | ASK_ON_B, 3);
    tick(&bench);
    assert_int_equal(fakes[0]->taken_count, 0);
    assert_int_equal(taken_of(1, COMMAND_FOLLOW), 1); /* the other chain is not held up */
    assert_true(driver_next_wake(bench.driver, bench.now).ns < UINT64_MAX);
    fakes[0]->full = false;
    tick(&bench);
    assert_int_equal(fakes[0]->taken_count, 3);
    assert_int_equal(fakes[0]->taken[0].kind, COMMAND_WATCH);
    assert_int_equal(fakes[0]->taken[0].watch.from_block, 7);
    assert_int_equal(fakes[0]->taken[1].follow.nonce, 1);
    assert_int_equal(fakes[0]->taken[2].follow.nonce, 2);
    bench_free(&bench);
}

/* A chain that never takes anything costs its own commands and nothing else. */
static void a_dead_chain_does_not_stop_the_node(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    start(&bench);
    fakes[0]->full = true;
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < 1000; i++) {
            give(0, ASK_FOLLOW | ASK_LANE | ASK_SEND, i);
        }
        for (int i = 0; i < 20; i++) {
            tick(&bench);
            commit_all(&bench);
            outside.commits[0] = outside.commits[outside.commits_count - 1];
            outside.commits_count = 1;
        }
        assert_int_equal(fakes[0]->events_first, 1000);
        fakes[0]->events_first = 0;
        fakes[0]->events_count = 0;
    }
    assert_true(driver_counters(bench.driver).commands_dropped_count > 0);
    give(1, ASK_FOLLOW | ASK_ON_B, 1);
    tick(&bench);
    assert_int_equal(taken_of(1, COMMAND_FOLLOW), 1);
    bench_free(&bench);
}

static void people_are_answered_when_their_request_is_durable(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    start(&bench);
    const struct event event = {
        .kind = EVENT_OPERATOR,
        .operator_ = {.action = OPERATOR_PAUSE, .uid = 5, .reason = bytes_from_string("lunch")}};
    assert_status(STATUS_OK, driver_on_operator(bench.driver, &event, 41));
    assert_status(STATUS_OK, driver_on_operator(bench.driver, &event, 42));
    tick(&bench);
    assert_int_equal(outside.answered_count, 0);
    commit_all(&bench);
    assert_int_equal(outside.answered_count, 2);
    assert_int_equal(outside.answered[0], 41);
    assert_int_equal(outside.answered[1], 42);
    assert_int_equal(outside.answers[1].reason, REASON_PAUSED);
    assert_int_equal(outside.answers[1].text.count, 5);
    assert_string_equal(outside.answer_texts[1], "lunch");
    uint32_t taken = 0;
    while (driver_on_operator(bench.driver, &event, 100 + taken) == STATUS_OK) {
        taken++;
        assert_true(taken <= 1000);
    }
    assert_true(taken > 0);
    bench_free(&bench);
}

static void the_earliest_wake_comes_once(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    the_core->wake_on_start.ns = 105 * SECOND;
    start(&bench);
    assert_int_equal(driver_next_wake(bench.driver, bench.now).ns, 105 * SECOND);
    const uint32_t before = outside.steps_count;
    bench.now.ns = 104 * SECOND;
    tick(&bench);
    assert_int_equal(outside.steps_count, before);
    bench.now.ns = 106 * SECOND;
    tick(&bench);
    assert_int_equal(outside.steps_count, before + 1);
    tick(&bench);
    assert_int_equal(outside.steps_count, before + 1);
    bench_free(&bench);
}

static void after_a_stop_nothing_is_taken(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    start(&bench);
    driver_stop(bench.driver, bytes_from_string("test"));
    give(0, ASK_LANE, 1);
    tick(&bench);
    assert_int_equal(outside.stops_count, 1);
    assert_int_equal(fakes[0]->events_first, 0);
    assert_false(driver_is_stopped(bench.driver)); /* not durable yet */
    commit_all(&bench);
    assert_true(driver_is_stopped(bench.driver));
    bench_free(&bench);
}

/* The batch holds each event, then what is recorded of its commands, and the rows. */
static void a_batch_says_what_happened(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    start(&bench);
    give(0, ASK_SEND | ASK_LANE, 1);
    give(0, ASK_BIG_PLAN, 2);
    tick(&bench);
    const struct journal_batch *batch = &outside.batches[outside.commits_count - 1];
    void *memory = malloc(RECORD_ARENA_BYTES);
    struct record_arena arena = record_arena_from(memory, RECORD_ARENA_BYTES);
    struct record record;
    assert_int_equal(batch->records_count, 4);
    assert_status(STATUS_OK, record_decode(batch->records[0], NULL, &arena, &record));
    assert_int_equal(record.kind, RECORD_EVENT);
    assert_int_equal(record.event.kind, EVENT_FACT);
    assert_int_equal(record.at.ns, bench.now.ns);
    assert_true(hash_equal(&record.digest, &(struct hash){.bytes = {0}}) == false);
    assert_status(STATUS_OK, record_decode(batch->records[1], NULL, &arena, &record));
    assert_int_equal(record.kind, RECORD_COMMAND);
    assert_int_equal(record.command.kind, COMMAND_SEND);
    assert_int_equal(record.command.send.intent.nonce, 1);
    assert_status(STATUS_OK, record_decode(batch->records[3], NULL, &arena, &record));
    assert_int_equal(record.command.kind, COMMAND_PLAN);
    assert_int_equal(batch->blobs_count, 1);
    assert_int_equal(batch->blobs[0].count, sizeof(network));
    assert_int_equal(batch->changes_count, 2);
    assert_int_equal(batch->changes[0].key.data[0], 'z');
    assert_int_equal(outside.plans_count, 1);
    free(memory);
    bench_free(&bench);
}

static void an_event_that_cannot_be_journaled_is_not_stepped(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    start(&bench);
    give(0, 0, 1);
    fakes[0]->events[0].fact.kind = (enum fact_kind)99;
    const uint32_t before = outside.steps_count;
    tick(&bench);
    assert_int_equal(outside.steps_count, before);
    assert_int_equal(driver_counters(bench.driver).answers_dropped_count, 1);
    bench_free(&bench);
}

static void an_adapter_hears_when_the_signer_cannot_be_asked(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    start(&bench);
    outside.sign_status = STATUS_FULL;
    fakes[0]->sign_requests = 1;
    tick(&bench);
    assert_int_equal(fakes[0]->replies_signed, 1);
    assert_int_equal(fakes[0]->reply_outcome, OUTCOME_UNKNOWN);
    outside.sign_status = STATUS_OK;
    fakes[0]->sign_requests = 1;
    tick(&bench);
    assert_int_equal(fakes[0]->replies_signed, 1);
    assert_int_equal(outside.signs_count, 1);
    bench_free(&bench);
}

static void adapters_are_ticked_when_they_asked_for_it(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    start(&bench);
    fakes[1]->next_tick.ns = 103 * SECOND;
    assert_int_equal(driver_next_wake(bench.driver, bench.now).ns, 103 * SECOND);
    tick(&bench);
    assert_int_equal(fakes[1]->ticks, 0);
    bench.now.ns = 103 * SECOND;
    tick(&bench);
    assert_int_equal(fakes[1]->ticks, 1);
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_leaves_when_its_batch_is_durable),
        cmocka_unit_test(a_batch_releases_its_own_commands_alone),
        cmocka_unit_test(while_the_journal_fails_nothing_leaves_and_then_it_does),
        cmocka_unit_test(a_broken_journal_stops_everything),
        cmocka_unit_test(rows_that_cannot_be_read_stop_everything),
        cmocka_unit_test(events_wait_when_batches_do),
        cmocka_unit_test(one_tick_does_a_bounded_amount),
        cmocka_unit_test(time_never_moves_back),
        cmocka_unit_test(a_full_adapter_gets_its_commands_later_in_order),
        cmocka_unit_test(a_dead_chain_does_not_stop_the_node),
        cmocka_unit_test(people_are_answered_when_their_request_is_durable),
        cmocka_unit_test(the_earliest_wake_comes_once),
        cmocka_unit_test(after_a_stop_nothing_is_taken),
        cmocka_unit_test(a_batch_says_what_happened),
        cmocka_unit_test(an_event_that_cannot_be_journaled_is_not_stepped),
        cmocka_unit_test(an_adapter_hears_when_the_signer_cannot_be_asked),
        cmocka_unit_test(adapters_are_ticked_when_they_asked_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
