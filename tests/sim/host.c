/* SPDX-License-Identifier: Apache-2.0 */
/* Our node's process: the real driver over the imaginary disk, network, signer and stores. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/node/driver/row_source.h"
#include "tests/sim/sim_internal.h"

#define CLOCK_STEP_NS UINT64_C(5000000000)
#define CLOCK_SKEW_NS UINT64_C(1800000000000) /* ahead or behind at most */

/* ---- ports ---- */

static void port_frame_send(void *context, uint32_t chain_index, uint32_t endpoint_index,
                            struct bytes frame)
{
    network_send(context, chain_index, endpoint_index, frame);
}

static enum status port_sign(void *context, const struct driver_sign *request)
{
    return signer_ask(context, request);
}

static enum status port_fetch(void *context, const struct driver_fetch *request)
{
    return stores_fetch(context, request);
}

static enum status port_publish(void *context, const struct driver_publish *request)
{
    return stores_publish(context, request);
}

static enum status port_lookup(void *context, const struct driver_lookup *request)
{
    return stores_lookup(context, request);
}

static enum status port_plan(void *context, const struct hash *plan_id, struct bytes network)
{
    return stores_plan(context, plan_id, network);
}

static void port_commit(void *context, uint64_t generation, const struct journal_batch *batch)
{
    disk_commit(context, generation, batch);
}

static void port_note(void *context, const struct driver_note *note)
{
    checks_note(context, note);
}

static void port_answered(void *context, uint64_t ticket, const struct driver_answer *answer)
{
    (void)context;
    (void)ticket;
    (void)answer; /* nobody asks in a simulated life yet */
}

/* The start of an id, to follow it through the story. */
static uint32_t short_id(const struct hash *id)
{
    return (uint32_t)id->bytes[0] << 24 | (uint32_t)id->bytes[1] << 16 |
           (uint32_t)id->bytes[2] << 8 | id->bytes[3];
}

static void tell_event(struct sim *sim, const struct event *event)
{
    const char *const name = record_event_name(event->kind);

    if (event->kind == EVENT_SIGNED) {
        sim_tell(sim, "%s of %u: leg %08x, attempt %u, nonce %llu, outcome %d", name, event->domain,
                 short_id(&event->signed_.leg_id), event->signed_.attempt,
                 (unsigned long long)event->signed_.nonce, (int)event->signed_.outcome);
    } else if (event->kind == EVENT_SUBMITTED) {
        sim_tell(sim, "%s of %u: leg %08x, outcome %d, rejection %d", name, event->domain,
                 short_id(&event->submitted.leg_id), (int)event->submitted.outcome,
                 (int)event->submitted.rejection);
    } else if (event->kind == EVENT_RECEIPT) {
        sim_tell(sim, "%s of %u: leg %08x, outcome %d, block %llu", name, event->domain,
                 short_id(&event->receipt.leg_id), (int)event->receipt.outcome,
                 (unsigned long long)event->receipt.block_number);
    } else if (event->kind == EVENT_PREPARED) {
        sim_tell(sim, "%s of %u: leg %08x, outcome %d", name, event->domain,
                 short_id(&event->prepared.leg_id), (int)event->prepared.outcome);
    } else if (event->kind == EVENT_LANE) {
        sim_tell(sim, "%s of %u: latest %llu, final %llu", name, event->domain,
                 (unsigned long long)event->lane.nonce_latest,
                 (unsigned long long)event->lane.nonce_final);
    } else if (event->kind == EVENT_BLOCK) {
        sim_tell(sim, "%s of %u: %llu %08x after %08x", name, event->domain,
                 (unsigned long long)event->block.number, short_id(&event->block.hash),
                 short_id(&event->block.parent));
    } else if (event->kind == EVENT_FINAL) {
        sim_tell(sim, "%s of %u: %llu %08x", name, event->domain,
                 (unsigned long long)event->final.number, short_id(&event->final.hash));
    } else if (event->kind == EVENT_FACT) {
        sim_tell(sim, "%s of %u: kind %d in block %llu %08x", name, event->domain,
                 (int)event->fact.kind, (unsigned long long)event->fact.block_number,
                 short_id(&event->fact.block_hash));
    } else if (event->kind == EVENT_POSITIONS) {
        sim_tell(sim, "%s of %u: block %llu %08x, outcome %d", name, event->domain,
                 (unsigned long long)event->positions.block_number,
                 short_id(&event->positions.block_hash), (int)event->positions.outcome);
    } else {
        sim_tell(sim, "%s of %u", name, event->domain);
    }
}

static void port_stepped(void *context, const struct event *event, const struct core_output *output)
{
    struct sim *const sim = context;

    sim->report.steps_count++;
    sim->report.events_count++;
    sim->stepped_digest = output->digest;
    sim->report.dissents_count += event->kind == EVENT_DISSENT ? 1 : 0;
    sim->report.quorums_lost_count +=
        event->kind == EVENT_QUORUM && event->quorum.state == QUORUM_LOST ? 1 : 0;
    if (sim->options.tell) {
        tell_event(sim, event);
    }
    if (sim_fault(sim, sim->faults.kill)) {
        sim->kill_wanted = true;
    }
}

/* ---- life and death ---- */

static struct instant last_instant(struct sim *sim)
{
    struct bytes bytes;
    struct record record;
    const uint64_t head = journal_reader_head(sim->reader);

    if (head == 0) {
        return (struct instant){.ns = 0};
    }
    enum status status = journal_read_record(sim->reader, head, &bytes);
    CHECK(status == STATUS_OK);
    status = record_decode(bytes, NULL, &sim->arena, &record);
    CHECK(status == STATUS_OK);
    return record.at;
}

static void report_start_failure(struct sim *sim, enum status status)
{
    sim_fail(sim, "the node does not start: %s", status_name(status));
}

void host_start(struct sim *sim)
{
    const struct driver_options options = {
        .core = sim->config,
        .chains = sim->chains,
        .build_id = bytes_from_string("simulated"),
        .source = row_source_from_journal(sim->reader),
        .last = last_instant(sim),
        .ports = {.context = sim,
                  .frame_send = port_frame_send,
                  .sign = port_sign,
                  .fetch = port_fetch,
                  .publish = port_publish,
                  .lookup = port_lookup,
                  .plan = port_plan,
                  .commit = port_commit,
                  .note = port_note,
                  .answered = port_answered,
                  .stepped = port_stepped},
    };
    uint32_t refused = 0;

    CHECK(!sim->alive);
    sim->memory_bytes = driver_footprint(&options);
    CHECK(sim->memory_bytes > 0);
    sim->memory = calloc(1, sim->memory_bytes);
    CHECK(sim->memory != NULL);
    const enum status status = driver_init(sim->memory, &options, &sim->driver, &refused);
    if (status != STATUS_OK) {
        report_start_failure(sim, status);
        free(sim->memory);
        return;
    }
    sim->alive = true;
    sim->kill_wanted = false;
    sim->tick_is_asked = false;
    driver_start(sim->driver);
    network_start(sim);
    host_wake(sim);
}

void host_free(struct sim *sim)
{
    if (!sim->alive) {
        return;
    }
    sim->report.digest = keccak256_pair(&sim->report.digest, &sim->stepped_digest);
    driver_deinit(sim->driver);
    free(sim->memory);
    sim->driver = NULL;
    sim->memory = NULL;
    sim->alive = false;
    sim->epoch++; /* answers, commits and ticks under way belong to nobody now */
}

void host_kill(struct sim *sim)
{
    const struct sim_task task = {.kind = TASK_START};

    CHECK(sim->alive);
    disk_crash(sim);
    host_free(sim);
    network_reset(sim);
    sim->report.kills_count++;
    sim_tell(sim, "killed");
    clock_add(&sim->clock, DURATION_MS(prng_between(&sim->prng, 1, 4000)), &task,
              (struct bytes){0});
}

static void ask_tick(struct sim *sim, uint64_t at_ns)
{
    const struct sim_task task = {.kind = TASK_TICK, .epoch = sim->epoch};
    const uint64_t now_ns = sim->clock.now_ns;

    if (sim->tick_is_asked && sim->tick_at_ns <= at_ns) {
        return;
    }
    sim->tick_is_asked = true;
    sim->tick_at_ns = at_ns;
    clock_add(&sim->clock, (struct duration){.ns = at_ns > now_ns ? at_ns - now_ns : 0}, &task,
              (struct bytes){0});
}

void host_wake(struct sim *sim)
{
    if (sim->alive) {
        ask_tick(sim, sim->clock.now_ns + prng_below(&sim->prng, 200000));
    }
}

struct instant host_now(const struct sim *sim)
{
    return (struct instant){.ns = sim->clock.now_ns + (uint64_t)sim->skew_ns};
}

/* Somebody sets the machine's clock: by a little, or by much. */
static void jump_clock(struct sim *sim)
{
    const bool is_little = prng_chance(&sim->prng, 2);
    const uint64_t most = is_little ? CLOCK_STEP_NS : 2 * CLOCK_SKEW_NS;
    const int64_t skew = sim->skew_ns + (int64_t)prng_below(&sim->prng, 2 * most) - (int64_t)most;

    if (skew > (int64_t)CLOCK_SKEW_NS || skew < -(int64_t)CLOCK_SKEW_NS) {
        return;
    }
    sim_tell(sim, "the node's clock jumps by %lld ms", (long long)(skew - sim->skew_ns) / 1000000);
    sim->skew_ns = skew;
    sim->report.clock_jumps_count++;
}

void host_tick(struct sim *sim)
{
    if (sim->tick_is_asked && sim->tick_at_ns > sim->clock.now_ns) {
        return; /* one that was asked for later came first */
    }
    if (sim_fault(sim, sim->faults.clock_jump)) {
        jump_clock(sim);
    }
    const struct instant now = host_now(sim);
    sim->tick_is_asked = false;
    const enum status status = driver_tick(sim->driver, now);
    if (status != STATUS_OK) {
        sim_fail(sim, "the node stops: %s", status_name(status));
        return;
    }
    if (sim->kill_wanted) {
        host_kill(sim);
        return;
    }
    const struct instant next = driver_next_wake(sim->driver, now);
    if (next.ns != UINT64_MAX) {
        ask_tick(sim, sim->clock.now_ns + (next.ns > now.ns ? next.ns - now.ns : 1000));
    }
}
