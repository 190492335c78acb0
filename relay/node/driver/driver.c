/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/driver/driver.h"

#include <string.h>

#include "proto/record.h"
#include "relay/base/check.h"
#include "relay/core/reason.h"
#include "relay/node/driver/driver_internal.h"

/* ---- one tick ---- */

struct batch *driver_open_batch(struct driver *driver)
{
    return &driver->batches[(driver->batch_first + driver->batches_sealed) %
                            (DRIVER_BATCHES_MAX + 1)];
}

void driver_tell(struct driver *driver, enum note_level level, enum status status, const char *text)
{
    const struct driver_note note = {
        .level = level,
        .at = driver->last,
        .reason = status == STATUS_OK ? REASON_NONE : REASON_JOURNAL_UNWRITABLE,
        .text = bytes_from_string(text),
    };
    driver->ports.note(driver->ports.context, &note);
}

static void driver_seal(struct driver *driver)
{
    struct batch *batch = driver_open_batch(driver);
    if (batch->events_count == 0 || driver->batches_sealed == DRIVER_BATCHES_MAX) {
        return;
    }
    batch_seal(batch, driver->rows);
    CHECK(batch->generation == driver->sealed + 1);
    driver->sealed = batch->generation;
    driver->batches_sealed++;
    driver->counters.batches_count++;
    const struct journal_batch view = batch_view(batch);
    driver->ports.commit(driver->ports.context, batch->generation, &view);
    batch_clear(driver_open_batch(driver));
}

static bool driver_can_step(struct driver *driver)
{
    if (driver->failed != STATUS_OK || driver->stop_taken) {
        return false;
    }
    if (!batch_has_room(driver_open_batch(driver))) {
        driver_seal(driver);
    }
    const bool room = batch_has_room(driver_open_batch(driver)) &&
                      rows_have_room(driver->rows, DRIVER_STEP_ROWS_MAX);
    if (!room) {
        driver->pressed = true;
    }
    return room;
}

static void driver_take_note(struct driver *driver, const struct command *command)
{
    const struct driver_note note = {
        .level = command->note.level,
        .at = driver->last,
        .domain = command->domain,
        .subject = command->note.subject,
        .reason = command->note.reason,
        .text = command->note.text,
    };
    driver->ports.note(driver->ports.context, &note);
    struct driver_ticket *asking = driver->asking;
    if (asking == NULL || asking->answer.reason != REASON_NONE) {
        return;
    }
    const size_t count =
        note.text.count < sizeof(asking->text) ? note.text.count : sizeof(asking->text);
    if (count > 0) {
        memcpy(asking->text, note.text.data, count);
    }
    asking->answer = (struct driver_answer){
        .reason = note.reason, .level = note.level, .text = bytes_from(asking->text, count)};
}

static void driver_take_command(struct driver *driver, const struct command *command)
{
    driver->counters.commands_count++;
    switch (command->kind) {
    case COMMAND_WAKE:
        if (command->wake.at.ns < driver->wake.ns) {
            driver->wake = command->wake.at;
        }
        return;
    case COMMAND_NOTE:
        driver_take_note(driver, command);
        return;
    case COMMAND_WATCH:
    case COMMAND_READ_SECURITY:
    case COMMAND_READ_STORAGE:
    case COMMAND_FETCH_CHECKPOINT:
    case COMMAND_READ_LOOKUP:
    case COMMAND_FETCH_LOOKUP:
    case COMMAND_PUBLISH_REORG:
    case COMMAND_PREPARE:
    case COMMAND_SEND:
    case COMMAND_BROADCAST:
    case COMMAND_FOLLOW:
    case COMMAND_READ_LANE:
    case COMMAND_READ_POSITIONS:
    case COMMAND_READ_TREE:
    case COMMAND_SIGN_CHECKPOINT:
    case COMMAND_SIGN_ANNOUNCEMENT:
    case COMMAND_SIGN_LOOKUP:
    case COMMAND_PUBLISH_CHECKPOINT:
    case COMMAND_PUBLISH_ANNOUNCEMENT:
    case COMMAND_PLAN:
        driver_route(driver, command, driver->sealed + 1);
        return;
    }
    CHECK(false);
}

static void driver_step(struct driver *driver, struct event *event)
{
    event->at = driver->last;
    if (record_check_event(event) != STATUS_OK) {
        driver->counters.answers_dropped_count++;
        return;
    }
    struct core_output output;
    enum status status = core_step(driver->core, event, &output);
    if (status != STATUS_OK) {
        driver->failed = status;
        return;
    }
    driver->counters.events_count++;
    struct batch *batch = driver_open_batch(driver);
    status = batch_add_event(batch, event, &output.digest);
    for (uint32_t i = 0; status == STATUS_OK && i < output.commands_count; i++) {
        if (command_is_recorded(output.commands[i].kind)) {
            status = batch_add_command(batch, &output.commands[i], event->at);
        }
    }
    if (status != STATUS_OK) {
        /* The core saw what the journal cannot hold: nothing after it may become durable. */
        driver->failed = STATUS_OVERFLOW;
        return;
    }
    driver->ports.stepped(driver->ports.context, event, &output);
    for (uint32_t i = 0; i < output.commands_count; i++) {
        driver_take_command(driver, &output.commands[i]);
    }
}

static void driver_step_start(struct driver *driver)
{
    struct event event = {.kind = EVENT_START,
                          .start = {.config = driver->config, .build_id = driver->build_id}};
    driver->start_wanted = false;
    driver_step(driver, &event);
}

static void driver_step_inbox(struct driver *driver)
{
    struct held_event *held = queue_first(&driver->inbox);
    if (held->ticket != 0) {
        CHECK(driver->tickets_count < DRIVER_TICKETS_MAX);
        driver->asking = &driver->tickets[driver->tickets_count];
        *driver->asking = (struct driver_ticket){
            .ticket = held->ticket, .generation = driver->sealed + 1, .answer = {.reason = 0}};
        driver->tickets_count++;
        driver->tickets_queued--;
    }
    const bool stop = held->event.kind == EVENT_STOP;
    driver_step(driver, &held->event);
    driver->asking = NULL;
    driver->stop_taken = stop;
    queue_pop(&driver->inbox);
}

/* One event of each chain in turn. Returns how many were stepped. */
static uint32_t driver_step_chains(struct driver *driver, uint32_t events_max)
{
    const uint32_t chains_count = driver->config->chains_count;
    uint32_t stepped = 0;
    uint32_t silent = 0; /* chains in a row that had nothing to say */
    while (stepped < events_max && silent < chains_count && driver_can_step(driver)) {
        struct event event;
        struct chain *chain = driver->chains[driver->chain_next];
        driver->chain_next = (driver->chain_next + 1) % chains_count;
        if (!chain_next_event(chain, &event)) {
            silent++;
            continue;
        }
        silent = 0;
        driver_step(driver, &event);
        stepped++;
    }
    return stepped;
}

static void driver_collect(struct driver *driver)
{
    uint32_t stepped = 0;
    driver->pressed = false;
    if (driver->start_wanted && driver_can_step(driver)) {
        driver_step_start(driver);
        stepped++;
    }
    while (stepped < DRIVER_EVENTS_MAX && !queue_is_empty(&driver->inbox) &&
           driver_can_step(driver)) {
        driver_step_inbox(driver);
        stepped++;
    }
    if (instant_is_past(driver->wake, driver->last) && driver_can_step(driver)) {
        struct event event = {.kind = EVENT_WAKE};
        driver->wake = (struct instant){.ns = UINT64_MAX};
        driver_step(driver, &event);
        stepped++;
    }
    if (stepped < DRIVER_EVENTS_MAX) {
        stepped += driver_step_chains(driver, DRIVER_EVENTS_MAX - stepped);
    }
    if (stepped >= DRIVER_EVENTS_MAX) {
        driver->more = true;
    }
    if (driver->pressed) {
        driver->counters.pressed_ticks_count++;
    }
}

/* Promise 2. */
static void pass_time(struct driver *driver, struct instant now)
{
    if (now.ns > driver->last.ns) {
        driver->last = now;
    } else if (now.ns > driver->clock.ns) {
        driver->last.ns += (now.ns - driver->clock.ns) / 2;
    }
    driver->clock = now;
}

/* When the clock will say that an instant of relay time has come. */
static struct instant clock_at(const struct driver *driver, struct instant at, struct instant now)
{
    if (at.ns == UINT64_MAX || driver->last.ns <= now.ns) {
        return at;
    }
    return instant_after(now, (struct duration){.ns = 2 * instant_since(at, driver->last).ns});
}

enum status driver_tick(struct driver *driver, struct instant now)
{
    if (driver->failed != STATUS_OK) {
        return driver->failed;
    }
    pass_time(driver, now);
    driver->more = false;
    for (uint32_t i = 0; i < driver->config->chains_count; i++) {
        if (instant_is_past(chain_next_tick(driver->chains[i]), driver->last)) {
            chain_tick(driver->chains[i], driver->last);
        }
    }
    driver_collect(driver);
    if (driver->failed != STATUS_OK) {
        return driver->failed;
    }
    driver_seal(driver);
    driver_release(driver);
    driver_serve_chains(driver);
    return STATUS_OK;
}

struct instant driver_next_wake(const struct driver *driver, struct instant now)
{
    if (driver->more || driver->start_wanted) {
        return now;
    }
    struct instant next = {.ns = UINT64_MAX};
    if (!driver->pressed && !driver->stop_taken) {
        if (!queue_is_empty(&driver->inbox)) {
            return now;
        }
        next = driver->wake;
    }
    for (uint32_t i = 0; i < driver->config->chains_count; i++) {
        const struct instant tick = chain_next_tick(driver->chains[i]);
        next = tick.ns < next.ns ? tick : next;
    }
    next = clock_at(driver, next, now);
    if (driver_has_releasable(driver)) {
        const struct instant retry = instant_after(now, DURATION_MS(DRIVER_RETRY_MS));
        next = retry.ns < next.ns ? retry : next;
    }
    return next;
}

/* ---- what comes in ---- */

static void driver_reply(struct driver *driver, uint32_t chain_index,
                         const struct chain_reply *reply, struct instant now)
{
    CHECK(chain_index < driver->config->chains_count);
    pass_time(driver, now);
    chain_on_reply(driver->chains[chain_index], reply, driver->last);
}

void driver_on_connected(struct driver *driver, uint32_t chain_index, uint32_t endpoint_index,
                         struct instant now)
{
    const struct chain_reply reply = {.kind = CHAIN_REPLY_CONNECTED,
                                      .endpoint_index = endpoint_index};
    driver_reply(driver, chain_index, &reply, now);
}

void driver_on_lost(struct driver *driver, uint32_t chain_index, uint32_t endpoint_index,
                    struct instant now)
{
    const struct chain_reply reply = {.kind = CHAIN_REPLY_LOST, .endpoint_index = endpoint_index};
    driver_reply(driver, chain_index, &reply, now);
}

void driver_on_frame(struct driver *driver, uint32_t chain_index, uint32_t endpoint_index,
                     struct bytes frame, struct instant now)
{
    const struct chain_reply reply = {
        .kind = CHAIN_REPLY_FRAME, .endpoint_index = endpoint_index, .frame = frame};
    driver_reply(driver, chain_index, &reply, now);
}

void driver_on_limited(struct driver *driver, uint32_t chain_index, uint32_t endpoint_index,
                       struct duration wait, struct instant now)
{
    const struct chain_reply reply = {
        .kind = CHAIN_REPLY_LIMITED, .endpoint_index = endpoint_index, .limited = {.wait = wait}};
    driver_reply(driver, chain_index, &reply, now);
}

void driver_on_signature(struct driver *driver, uint32_t chain_index, const struct hash *leg_id,
                         uint32_t attempt, enum outcome outcome, const struct signature *signature,
                         struct bytes reason, struct instant now)
{
    const struct chain_reply reply = {.kind = CHAIN_REPLY_SIGNED,
                                      .signed_ = {.leg_id = *leg_id,
                                                  .attempt = attempt,
                                                  .outcome = outcome,
                                                  .signature = *signature,
                                                  .reason = reason}};
    driver_reply(driver, chain_index, &reply, now);
}

void driver_on_event(struct driver *driver, const struct event *event)
{
    CHECK(event->kind != EVENT_OPERATOR);
    if (!copy_event(&driver->inbox, event, 0)) {
        driver->counters.answers_dropped_count++;
    }
}

/* Requests that were asked and not answered yet, stepped or not. */
static uint32_t driver_tickets_waiting(const struct driver *driver)
{
    return driver->tickets_count + driver->tickets_queued;
}

enum status driver_on_operator(struct driver *driver, const struct event *event, uint64_t ticket)
{
    CHECK(event->kind == EVENT_OPERATOR);
    CHECK(ticket != 0);
    if (driver_tickets_waiting(driver) >= DRIVER_TICKETS_MAX) {
        return STATUS_FULL;
    }
    if (!copy_event(&driver->inbox, event, ticket)) {
        return STATUS_FULL;
    }
    driver->tickets_queued++;
    return STATUS_OK;
}

static void driver_answer_tickets(struct driver *driver)
{
    uint32_t answered = 0;
    while (answered < driver->tickets_count &&
           driver->tickets[answered].generation <= driver->durable) {
        const struct driver_ticket *ticket = &driver->tickets[answered];
        struct driver_answer answer = ticket->answer;
        answer.text.data = ticket->text;
        driver->ports.answered(driver->ports.context, ticket->ticket, &answer);
        answered++;
    }
    if (answered > 0) {
        driver->tickets_count -= answered;
        memmove(driver->tickets, driver->tickets + answered,
                driver->tickets_count * sizeof(driver->tickets[0]));
    }
}

void driver_on_committed(struct driver *driver, uint64_t generation, enum status status)
{
    if (status == STATUS_CORRUPT) {
        driver->failed = STATUS_CORRUPT;
        return;
    }
    if (status != STATUS_OK) {
        if (!driver->unwritable) {
            driver->unwritable = true;
            driver_tell(driver, NOTE_ALARM, status, status_name(status));
        }
        return;
    }
    CHECK(generation <= driver->sealed);
    while (driver->batches_sealed > 0 &&
           driver->batches[driver->batch_first].generation <= generation) {
        driver->batch_first = (driver->batch_first + 1) % (DRIVER_BATCHES_MAX + 1);
        driver->batches_sealed--;
    }
    if (generation > driver->durable) {
        driver->durable = generation;
        rows_durable(driver->rows, generation);
    }
    if (driver->unwritable) {
        driver->unwritable = false;
        driver_tell(driver, NOTE_INFO, STATUS_OK, "the journal can be written again");
    }
    driver->more = true;
    driver_answer_tickets(driver);
}

/* ---- life ---- */

void driver_start(struct driver *driver)
{
    driver->start_wanted = true;
}

void driver_stop(struct driver *driver, struct bytes reason)
{
    const struct event event = {.kind = EVENT_STOP, .stop = {.reason = reason}};
    if (!copy_event(&driver->inbox, &event, 0)) {
        driver->counters.answers_dropped_count++;
    }
}

bool driver_is_stopped(const struct driver *driver)
{
    return driver->stop_taken && driver->durable == driver->sealed && driver->batches_sealed == 0;
}

bool driver_is_unwritable(const struct driver *driver)
{
    return driver->unwritable;
}

bool driver_is_pressed(const struct driver *driver)
{
    return driver->pressed;
}

struct driver_counters driver_counters(const struct driver *driver)
{
    return driver->counters;
}

const struct chain_endpoint *driver_endpoint(const struct driver *driver, uint32_t chain_index,
                                             uint32_t endpoint_index)
{
    CHECK(chain_index < driver->config->chains_count);
    CHECK(endpoint_index < driver->chains[chain_index]->endpoints_count);
    return &driver->chains[chain_index]->endpoints[endpoint_index];
}

/* ---- building ---- */

/* Hands out parts of one block; with no block it only counts. */
struct driver_space {
    uint8_t *memory;
    size_t used;
};

static void *driver_take(struct driver_space *space, size_t bytes)
{
    void *taken = space->memory == NULL ? NULL : space->memory + space->used;
    const size_t alignment = _Alignof(max_align_t);
    space->used += (bytes + alignment - 1) / alignment * alignment;
    return taken;
}

static struct chain_config driver_chain_config(const struct driver_options *options,
                                               uint32_t chain_index)
{
    struct chain_config config = options->chains[chain_index].config;
    config.core = options->core;
    config.chain_index = chain_index;
    return config;
}

static uint32_t driver_changes_max(const struct driver_options *options)
{
    return options->rows_changes_max == 0 ? DRIVER_ROWS_CHANGES : options->rows_changes_max;
}

static size_t driver_rows_bytes(const struct driver_options *options)
{
    return options->rows_bytes_max == 0 ? DRIVER_ROWS_BYTES : options->rows_bytes_max;
}

size_t driver_footprint(const struct driver_options *options)
{
    struct driver_space space = {0};
    driver_take(&space, sizeof(struct driver));
    driver_take(&space, core_footprint());
    driver_take(&space, rows_footprint(driver_changes_max(options), driver_rows_bytes(options)));
    driver_take(&space, DRIVER_INBOX_BYTES);
    for (uint32_t i = 0; i < DRIVER_BATCHES_MAX + 1; i++) {
        driver_take(&space, batch_footprint(driver_changes_max(options)));
    }
    for (uint32_t i = 0; i < options->core->chains_count + OUTSIDE_COUNT; i++) {
        driver_take(&space, 2 * DRIVER_LANE_BYTES);
    }
    for (uint32_t i = 0; i < options->core->chains_count; i++) {
        const struct chain_config config = driver_chain_config(options, i);
        const size_t bytes = chain_footprint(options->chains[i].ops, &config);
        if (bytes == 0) {
            return 0;
        }
        driver_take(&space, bytes);
    }
    return space.used;
}

static void driver_build_queues(struct driver *driver, const struct driver_options *options,
                                struct driver_space *space)
{
    queue_init(&driver->inbox, driver_take(space, DRIVER_INBOX_BYTES), DRIVER_INBOX_BYTES);
    for (uint32_t i = 0; i < DRIVER_BATCHES_MAX + 1; i++) {
        const uint32_t changes_max = driver_changes_max(options);
        batch_init(&driver->batches[i], driver_take(space, batch_footprint(changes_max)),
                   changes_max);
    }
    for (uint32_t i = 0; i < options->core->chains_count + OUTSIDE_COUNT; i++) {
        uint8_t *memory = driver_take(space, 2 * DRIVER_LANE_BYTES);
        queue_init(&driver->lanes[i].reads, memory, DRIVER_LANE_BYTES);
        queue_init(&driver->lanes[i].waits, memory + DRIVER_LANE_BYTES, DRIVER_LANE_BYTES);
    }
}

static enum status driver_build_chains(struct driver *driver, const struct driver_options *options,
                                       struct driver_space *space, uint32_t *ret_chain_index)
{
    for (uint32_t i = 0; i < options->core->chains_count; i++) {
        const struct chain_config config = driver_chain_config(options, i);
        const struct chain_ops *ops = options->chains[i].ops;
        void *memory = driver_take(space, chain_footprint(ops, &config));
        const enum status status = chain_init(ops, memory, &config, &driver->chains[i]);
        if (status != STATUS_OK) {
            *ret_chain_index = i;
            return status;
        }
        driver->families[i] = ops->name;
    }
    return STATUS_OK;
}

enum status driver_init(void *memory, const struct driver_options *options,
                        struct driver **ret_driver, uint32_t *ret_chain_index)
{
    CHECK(options->core->chains_count <= CHAINS_MAX);
    CHECK(options->core->chains_count > 0);
    struct driver_space space = {.memory = memory};
    struct driver *driver = driver_take(&space, sizeof(*driver));
    *driver = (struct driver){
        .config = options->core,
        .build_id = options->build_id,
        .ports = options->ports,
        .source = options->source,
        .last = options->last,
        .clock = {.ns = UINT64_MAX},
        .wake = {.ns = UINT64_MAX},
    };
    *ret_chain_index = options->core->chains_count;
    void *core_memory = driver_take(&space, core_footprint());
    const uint32_t changes_max = driver_changes_max(options);
    const size_t rows_bytes = driver_rows_bytes(options);
    driver->rows = rows_init(driver_take(&space, rows_footprint(changes_max, rows_bytes)),
                             changes_max, rows_bytes, options->source);
    driver_build_queues(driver, options, &space);
    enum status status = core_init(core_memory, driver->rows, &driver->core);
    if (status == STATUS_OK) {
        status = driver_build_chains(driver, options, &space, ret_chain_index);
    }
    if (status != STATUS_OK) {
        driver_deinit(driver);
        return status;
    }
    *ret_driver = driver;
    return STATUS_OK;
}

void driver_deinit(struct driver *driver)
{
    if (driver == NULL) {
        return;
    }
    for (uint32_t i = 0; i < driver->config->chains_count; i++) {
        chain_deinit(driver->chains[i]);
        driver->chains[i] = NULL;
    }
}
