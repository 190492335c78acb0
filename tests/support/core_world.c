/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/core_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/limits.h"
#include "relay/core/tables.h"
#include "tests/support/core_world_internal.h"
#include "tests/support/literal.h"

#define ROWS_CHANGES 16384u
#define ROWS_BYTES   ((size_t)16 << 20)
#define HELD_MAX     65536u
#define HELD_BYTES   ((size_t)64 << 20)
#define STEPS_MAX    200000u /* in one run: beyond it the core chases its own tail */

/* ---- the configuration ---- */

struct address world_key(uint32_t index)
{
    static struct address keys[WORLD_KEYS_MAX];

    CHECK(index < WORLD_KEYS_MAX);
    if (address_is_zero(&keys[index])) {
        keys[index] = test_key_address((uint8_t)(WORLD_KEY_BYTE + index));
    }
    return keys[index];
}

uint32_t world_key_index(const struct address *key)
{
    uint32_t index = 0;

    for (struct address own = world_key(index); !address_equal(&own, key); own = world_key(index)) {
        index++;
    }
    return index;
}

static void configure_chain(struct world *world, uint32_t index, uint32_t domain)
{
    struct core_chain *chain = &world->config.chains[index];

    (void)snprintf(chain->name, sizeof(chain->name), "chain%u", domain);
    chain->domain = domain;
    chain->chain_id = domain;
    chain->mailbox = evm_filled((uint8_t)(0xa0 + index));
    chain->tree_hook = evm_filled((uint8_t)(0xb0 + index));
    chain->validator_announce = evm_filled((uint8_t)(0xc0 + index));
    chain->gas_paymaster = evm_filled((uint8_t)(0xd0 + index));
    chain->start_block = world->options.start_block == 0 ? 1 : world->options.start_block;
    chain->relay_to = !world->options.relay_off;
    chain->validate = world->options.validate;
    (void)snprintf(chain->storage_location, sizeof(chain->storage_location), "file:///ours/%u",
                   domain);
    chain->key = world->options.keyless ? (struct address){.bytes = {0}} : world_key(0);
    chain->validators_min = world->options.validators_min;
    chain->sign_lookups = world->options.sign_lookups;
    chain->fee_per_gas_max = amount_from_u64(1000);
    chain->priority_fee_per_gas = amount_from_u64(1);
    chain->gas_limit_max =
        world->options.gas_limit_max == 0 ? 5000000 : world->options.gas_limit_max;
    chain->key_balance_min = amount_from_u64(100);
    for (uint32_t i = 0; i < world->options.delivery_keys; i++) {
        chain->delivery_keys[chain->delivery_keys_count++] = world_key(1 + i);
    }
    chain->priority_fee_max = amount_from_u64(world->options.priority_max);
    chain->transaction_fee_max = amount_from_u64(world->options.fee_max);
    chain->inclusion_deadline.ns = world->options.deadline_s * WORLD_SECOND;
    chain->batch_messages_max = world->options.batch_messages_max;
    if (chain->batch_messages_max > 1) {
        chain->batch_contract = evm_filled((uint8_t)(0xe0 + index));
    }
}

static void configure(struct world *world)
{
    (void)snprintf(world->config.node_name, sizeof(world->config.node_name), "world");
    configure_chain(world, 0, WORLD_A);
    configure_chain(world, 1, WORLD_B);
    world->config.chains_count = WORLD_CHAINS;
    if (world->options.large || world->options.minted) {
        world->config.assets_count = 1;
        world->config.routers_count = 1;
        world->config.routers[0] = (struct core_router){.domain = WORLD_A,
                                                        .router = evm_filled(0x55),
                                                        .token = evm_filled(0x56),
                                                        .weight = {.value = 10000}};
        world->config.large.value = amount_from_u64(world->options.large ? 1000000 : 0);
        world->config.large.blocks = world->options.large_blocks;
        world->config.synthetics_count = world->options.minted ? 1 : 0;
        world->config.synthetics[0] =
            (struct core_synthetic){.domain = WORLD_B, .router = evm_filled(0x57)};
    }
    if (world->options.policy != NULL) {
        world->config.policy = *world->options.policy;
    }
    world->config.policy.retries_max = world->options.retries_max;
    world->config.policy.retry_wait_max.ns = world->options.retry_wait_max_s * WORLD_SECOND;
    if (world->options.validate) {
        world->config.validator = world->validators[0];
    }
}

/* ---- the node ---- */

static void node_open(struct world *world)
{
    world->rows =
        rows_init(world->rows_memory, ROWS_CHANGES, ROWS_BYTES, row_table_source(world->table));
    const enum status status = core_init(world->core_memory, world->rows, &world->core);
    CHECK(status == STATUS_OK);
    world->wake = UINT64_MAX;
    world->steps_in_batch = 0;
    world->held_count = 0;
    world->held_bytes_count = 0;
}

static void node_start(struct world *world)
{
    struct event event;

    memset(&event, 0, sizeof(event));
    event.kind = EVENT_START;
    event.start.config = &world->config;
    event.start.build_id = bytes_from_string("test");
    world_step(world, &event);
}

struct world *world_new(const struct world_options *options)
{
    struct world *world = calloc(1, sizeof(*world));

    CHECK(world != NULL);
    world->options = *options;
    world->prng = prng_from(options->seed);
    world->now = 1000 * WORLD_SECOND;
    for (uint8_t i = 0; i < 3; i++) {
        world->validators[i] = test_key_address((uint8_t)(0x11 + i));
    }
    configure(world);
    world->table = row_table_new();
    world->rows_memory = malloc(rows_footprint(ROWS_CHANGES, ROWS_BYTES));
    world->core_memory = malloc(core_footprint());
    world->held_commands = calloc(HELD_MAX, sizeof(*world->held_commands));
    world->held_bytes = malloc(HELD_BYTES);
    world->log = calloc(WORLD_EVENTS_MAX, sizeof(*world->log));
    CHECK(world->rows_memory != NULL && world->core_memory != NULL);
    CHECK(world->held_commands != NULL && world->held_bytes != NULL && world->log != NULL);
    world_outside_init(world);
    node_open(world);
    node_start(world);
    return world;
}

struct world *world_free(struct world *world)
{
    if (world != NULL) {
        world_outside_free(world);
        row_table_free(world->table);
        free(world->rows_memory);
        free(world->core_memory);
        free(world->held_commands);
        free(world->held_bytes);
        free(world->log);
        free(world);
    }
    return NULL;
}

/* ---- the disk ---- */

static struct bytes hold_bytes(struct world *world, struct bytes bytes)
{
    CHECK(world->held_bytes_count + bytes.count <= HELD_BYTES);
    uint8_t *at = world->held_bytes + world->held_bytes_count;

    if (bytes.count > 0) {
        memcpy(at, bytes.data, bytes.count);
    }
    world->held_bytes_count += bytes.count;
    return bytes_from(at, bytes.count);
}

/* Copies a command with all it points to, until its batch is durable. */
static void hold(struct world *world, const struct command *command)
{
    CHECK(world->held_count < HELD_MAX);
    struct command *held = &world->held_commands[world->held_count++];

    *held = *command;
    if (command->kind == COMMAND_SEND && command->send.leg.kind == LEG_PROCESS) {
        held->send.leg.process.message = hold_bytes(world, command->send.leg.process.message);
        held->send.leg.process.metadata = hold_bytes(world, command->send.leg.process.metadata);
    }
    if (command->kind == COMMAND_SEND && command->send.leg.kind == LEG_BATCH) {
        held->send.leg.batch.deliveries = hold_bytes(world, command->send.leg.batch.deliveries);
    }
    if (command->kind == COMMAND_SEND && command->send.leg.kind == LEG_ANNOUNCE) {
        held->send.leg.announce.location = hold_bytes(world, command->send.leg.announce.location);
    }
}

static void commit(struct world *world)
{
    if (world->steps_in_batch == 0) {
        return;
    }
    const uint64_t generation = rows_seal(world->rows);
    row_table_commit(world->table, world->rows, generation);
    rows_durable(world->rows, generation);
    world->steps_in_batch = 0;
    world->log_committed = world->log_count;
    const uint32_t count = world->held_count;
    for (uint32_t i = 0; i < count; i++) {
        world_perform(world, &world->held_commands[i]);
    }
    world->held_count = 0;
    world->held_bytes_count = 0;
}

void world_restart(struct world *world)
{
    world->log_count = world->log_committed;
    world->digest = world->log_count > 0 ? world->log[world->log_count - 1].digest : world->digest;
    world->pending_count = 0;
    world_outside_restart(world);
    node_open(world);
    node_start(world);
}

/* ---- steps ---- */

static void take_commands(struct world *world, const struct core_output *output)
{
    CHECK(output->commands_count <= COMMANDS_PER_STEP_MAX);
    for (uint32_t i = 0; i < output->commands_count; i++) {
        const struct command *command = &output->commands[i];
        world->commands[command->kind]++;
        if (command->kind == COMMAND_NOTE) {
            CHECK(command->note.text.count <= REASON_BYTES_MAX);
            CHECK(command->note.reason < 1024);
            world->noted[command->note.reason] = true;
            world->alarmed[command->note.reason] |= command->note.level == NOTE_ALARM;
        } else if (command->kind == COMMAND_WAKE) {
            world->wake = command->wake.at.ns;
        } else if (command_waits(command->kind)) {
            hold(world, command);
        } else {
            world_perform(world, command);
        }
    }
}

void world_step(struct world *world, const struct event *event)
{
    struct core_output output;
    struct event stamped = *event;

    CHECK(world->log_count < WORLD_EVENTS_MAX);
    stamped.at.ns = world->now;
    if (!rows_have_room(world->rows, ROWS_BYTES_PER_STEP_MAX)) {
        commit(world);
    }
    const enum status status = core_step(world->core, &stamped, &output);
    CHECK(status == STATUS_OK);
    world->digest = output.digest;
    world->log[world->log_count++] =
        (struct world_logged){.event = stamped, .digest = output.digest};
    world->steps_in_batch++;
    take_commands(world, &output);
    const uint32_t every = world->options.commit_every == 0 ? 1 : world->options.commit_every;
    if (world->steps_in_batch >= every) {
        commit(world);
    }
}

void world_step_unlogged(struct world *world, const struct event *event)
{
    world_step(world, event);
    world->log_count--;
    if (world->log_committed > world->log_count) {
        world->log_committed = world->log_count;
    }
}

void world_answer(struct world *world, const struct event *event)
{
    uint32_t copies = 1;

    if (prng_chance(&world->prng, world->options.lose_one_in)) {
        copies = 0;
    } else if (prng_chance(&world->prng, world->options.repeat_one_in)) {
        copies = 2;
    }
    for (uint32_t i = 0; i < copies; i++) {
        CHECK(world->pending_count < WORLD_PENDING_MAX);
        const uint64_t delay_ms = prng_between(&world->prng, 2, 40);
        world->pending[world->pending_count++] = (struct world_pending){
            .at = world->now + delay_ms * 1000000, .sequence = world->sequence++, .event = *event};
    }
}

/* ---- time ---- */

static uint32_t first_pending(const struct world *world)
{
    uint32_t first = 0;

    for (uint32_t i = 1; i < world->pending_count; i++) {
        const struct world_pending *a = &world->pending[i];
        const struct world_pending *b = &world->pending[first];
        if (a->at < b->at || (a->at == b->at && a->sequence < b->sequence)) {
            first = i;
        }
    }
    return first;
}

static uint64_t next_instant(const struct world *world)
{
    uint64_t next = world->wake;

    for (uint32_t i = 0; i < WORLD_CHAINS; i++) {
        next = world->chains[i].block_at < next ? world->chains[i].block_at : next;
    }
    if (world->pending_count > 0) {
        const uint64_t at = world->pending[first_pending(world)].at;
        next = at < next ? at : next;
    }
    return next > world->now ? next : world->now;
}

static void run_once(struct world *world)
{
    const uint64_t next = next_instant(world);

    if (next > world->now) {
        commit(world); /* a batch never stays open while time passes */
        world->now = next_instant(world) < next ? next_instant(world) : next;
        return;
    }
    if (prng_chance(&world->prng, world->options.restart_one_in)) {
        world_restart(world);
        return;
    }
    for (uint32_t i = 0; i < WORLD_CHAINS; i++) {
        struct world_chain *chain = &world->chains[i];
        if (chain->block_at <= world->now) {
            chain->block_at += WORLD_SECOND;
            if (prng_chance(&world->prng, world->options.reorg_one_in)) {
                world_reorg(world, chain->domain, 1, false);
            } else {
                world_mine(world, chain);
            }
            return;
        }
    }
    if (world->wake <= world->now) {
        struct event event;
        memset(&event, 0, sizeof(event));
        event.kind = EVENT_WAKE;
        world->wake = UINT64_MAX;
        world_step(world, &event);
        return;
    }
    CHECK(world->pending_count > 0);
    const uint32_t first = first_pending(world);
    const struct event event = world->pending[first].event;
    world->pending[first] = world->pending[--world->pending_count];
    world_step(world, &event);
}

void world_run(struct world *world, uint32_t seconds)
{
    world_run_ms(world, (uint64_t)seconds * 1000);
}

void world_run_ms(struct world *world, uint64_t ms)
{
    const uint64_t end = world->now + ms * 1000000;

    for (uint32_t i = 0; world->now < end; i++) {
        CHECK(i < STEPS_MAX);
        run_once(world);
    }
    commit(world);
}

static bool all_delivered(struct world *world)
{
    struct message_row message;

    for (uint32_t i = 0; i < world->messages_count; i++) {
        const struct world_message *sent = &world->messages[i];
        if (sent->is_dropped || sent->is_refused) {
            continue;
        }
        if (!world_message(world, &sent->id, &message) || message.state != MESSAGE_DELIVERED) {
            return false;
        }
    }
    return true;
}

void world_run_until_delivered(struct world *world, uint32_t seconds_max)
{
    for (uint32_t i = 0; i < seconds_max; i++) {
        world_run(world, 1);
        if (all_delivered(world)) {
            return;
        }
    }
    (void)fprintf(stderr, "seed %llu: not everything is delivered after %u s\n",
                  (unsigned long long)world->options.seed, seconds_max);
    for (uint32_t i = 0; i < world->messages_count; i++) {
        struct message_row message;
        if (world_message(world, &world->messages[i].id, &message) &&
            message.state != MESSAGE_DELIVERED) {
            (void)fprintf(stderr, "message %u: %s, %s, due %lld ms, attempts %u\n", i,
                          message_state_name(message.state), reason_text(message.reason),
                          (long long)(message.due.ns - world->now) / 1000000,
                          message.attempts_count);
        }
    }
    const bool delivered_in_time = false;
    CHECK(delivered_in_time);
}

/* ---- what tests ask ---- */

void world_set_faults(struct world *world, const struct world_options *options)
{
    world->options = *options;
}

void world_operator(struct world *world, enum operator_action action, uint32_t domain,
                    const struct hash *subject)
{
    world_operator_says(world, action, domain, subject, "");
}

void world_operator_says(struct world *world, enum operator_action action, uint32_t domain,
                         const struct hash *subject, const char *reason)
{
    struct event event;

    memset(&event, 0, sizeof(event));
    event.kind = EVENT_OPERATOR;
    event.domain = domain;
    event.operator_.action = action;
    event.operator_.reason = bytes_from_string(reason);
    if (subject != NULL) {
        event.operator_.subject = *subject;
    }
    world_step(world, &event);
}

struct instant world_now(const struct world *world)
{
    return (struct instant){.ns = world->now};
}

bool world_message(struct world *world, const struct hash *id, struct message_row *ret_message)
{
    uint8_t key[MESSAGE_KEY_BYTES];
    struct bytes value;

    return rows_get(world->rows, message_key(key, TABLE_MESSAGE, id), &value) == STATUS_OK &&
           message_row_unpack(value, ret_message) == STATUS_OK;
}

bool world_lane_of(struct world *world, uint32_t domain, uint32_t key, struct lane_row *ret_lane)
{
    const struct address own = world_key(key);
    uint8_t memory[LANE_KEY_BYTES];
    struct bytes value;

    return rows_get(world->rows, lane_key(memory, domain, &own), &value) == STATUS_OK &&
           lane_row_unpack(value, ret_lane) == STATUS_OK;
}

bool world_lane(struct world *world, uint32_t domain, struct lane_row *ret_lane)
{
    return world_lane_of(world, domain, 0, ret_lane);
}

bool world_alarmed(const struct world *world, enum reason reason)
{
    return world->alarmed[reason];
}

bool world_noted(const struct world *world, enum reason reason)
{
    return world->noted[reason];
}

uint32_t world_commands(const struct world *world, enum command_kind kind)
{
    return world->commands[kind];
}

const struct core_config *world_config(const struct world *world)
{
    return &world->config;
}

struct row_table *world_rows(struct world *world)
{
    commit(world);
    return world->table;
}

struct hash world_digest(const struct world *world)
{
    return world->digest;
}

uint32_t world_events_count(const struct world *world)
{
    return world->log_count;
}

const struct event *world_event(const struct world *world, uint32_t index)
{
    CHECK(index < world->log_count);
    return &world->log[index].event;
}

bool world_replays(const struct world *world)
{
    struct row_table *table = row_table_new();
    void *rows_memory = malloc(rows_footprint(ROWS_CHANGES, ROWS_BYTES));
    void *core_memory = malloc(core_footprint());
    struct core *core = NULL;
    bool same = rows_memory != NULL && core_memory != NULL;
    struct rows *rows = rows_init(rows_memory, ROWS_CHANGES, ROWS_BYTES, row_table_source(table));

    same = same && core_init(core_memory, rows, &core) == STATUS_OK;
    for (uint32_t i = 0; same && i < world->log_committed; i++) {
        struct core_output output;
        same = core_step(core, &world->log[i].event, &output) == STATUS_OK &&
               hash_equal(&output.digest, &world->log[i].digest);
        if (i % 7 == 6 || i + 1 == world->log_committed) {
            const uint64_t generation = rows_seal(rows);
            row_table_commit(table, rows, generation);
            rows_durable(rows, generation);
        }
    }
    same = same && row_tables_equal(table, world->table);
    row_table_free(table);
    free(rows_memory);
    free(core_memory);
    return same;
}
