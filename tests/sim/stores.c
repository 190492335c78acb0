/* SPDX-License-Identifier: Apache-2.0 */
/* What answers our node besides chains: validators' checkpoint stores, our own store, the planner.
 *
 * Validators sign leaves of final blocks of their chain. A wrong one signs another root. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/driver/planning.h"
#include "tests/sim/signatures.h"
#include "tests/sim/sim_internal.h"

/* ---- answers on their way ---- */

struct sim_answer *answer_start(struct sim *sim)
{
    for (uint32_t i = 0; i < SIM_ANSWERS_MAX; i++) {
        if (!sim->answers[i].used) {
            memset(&sim->answers[i], 0, sizeof(sim->answers[i]));
            sim->answers[i].used = true;
            return &sim->answers[i];
        }
    }
    return NULL;
}

static void free_answer(struct sim_answer *answer)
{
    free(answer->network);
    answer->network = NULL;
    answer->used = false;
}

void answer_send(struct sim *sim, struct sim_answer *answer, enum sim_task_kind kind)
{
    const struct sim_task task = {
        .kind = kind, .number = (uint64_t)(answer - sim->answers), .epoch = sim->epoch};

    if (sim_fault(sim, sim->faults.answer_lost)) {
        free_answer(answer);
        return;
    }
    clock_add(&sim->clock, DURATION_MS(prng_between(&sim->prng, 1, 40)), &task, (struct bytes){0});
}

static void plan(struct sim *sim, struct sim_answer *answer)
{
    struct planning *const planning = calloc(1, sizeof(*planning));
    struct event event;

    CHECK(planning != NULL);
    memset(&event, 0, sizeof(event));
    planning_answer(&answer->leg_id, bytes_from(answer->network, answer->network_count), planning,
                    &event);
    driver_on_event(sim->driver, &event);
    free(planning);
}

void answer_arrives(struct sim *sim, uint32_t slot, bool stale)
{
    struct sim_answer *const answer = &sim->answers[slot];
    const struct instant now = host_now(sim);

    CHECK(answer->used);
    if (stale) {
        free_answer(answer);
        return;
    }
    if (answer->is_signature) {
        driver_on_signature(sim->driver, answer->chain, &answer->leg_id, answer->attempt,
                            answer->outcome, &answer->signature, bytes_from_string("not now"), now);
    } else if (answer->is_plan) {
        plan(sim, answer);
    } else {
        driver_on_event(sim->driver, &answer->event);
    }
    free_answer(answer);
    host_wake(sim);
}

/* ---- checkpoints ---- */

static int validator_of(const struct world *world, const struct address *validator)
{
    for (uint32_t i = 0; i < WORLD_VALIDATORS; i++) {
        if (address_equal(&world->validators[i], validator)) {
            return (int)i;
        }
    }
    return -1;
}

static bool is_ours(const struct sim *sim, int validator, uint32_t chain)
{
    return validator == 0 && sim->config->chains[chain].validate;
}

/* The checkpoint of a leaf that is final on its chain; false: not yet. */
static bool checkpoint_at(const struct world_chain *chain, uint32_t leaf,
                          struct checkpoint *ret_checkpoint)
{
    if (leaf >= chain->tree.count) {
        return false;
    }
    const struct world_message *const message = &chain->world->messages[chain->leaf_messages[leaf]];
    *ret_checkpoint = (struct checkpoint){
        .root = chain->leaf_roots[leaf], .index = leaf, .message_id = message->id};
    return message->dispatched_block <= world_final(chain);
}

static void spoil(struct sim *sim, struct event *event)
{
    if (prng_chance(&sim->prng, 2)) {
        prng_fill(&sim->prng, event->checkpoint.signature.bytes, 64);
        return;
    }
    prng_fill(&sim->prng, event->checkpoint.checkpoint.root.bytes, 32);
}

enum status stores_fetch(struct sim *sim, const struct driver_fetch *request)
{
    const int chain_index = world_chain_of(&sim->world, request->domain);
    const int validator = validator_of(&sim->world, &request->validator);
    struct sim_answer *const answer = answer_start(sim);

    if (answer == NULL) {
        return STATUS_FULL;
    }
    CHECK(chain_index >= 0);
    CHECK(validator >= 0);
    const struct world_chain *const chain = &sim->world.chains[chain_index];
    struct event *const event = &answer->event;
    event->kind = EVENT_CHECKPOINT;
    event->domain = request->domain;
    event->checkpoint.validator = request->validator;
    event->checkpoint.message_id = request->message_id;
    event->checkpoint.index = request->index;
    event->checkpoint.outcome = OUTCOME_ABSENT;
    const bool published = !is_ours(sim, validator, chain->index) ||
                           (request->index < sim->signed_capacity[chain->index] &&
                            sim->is_published[chain->index][request->index]);
    if (published && !sim_fault(sim, sim->faults.checkpoint_absent) &&
        checkpoint_at(chain, request->index, &event->checkpoint.checkpoint)) {
        event->checkpoint.outcome = OUTCOME_OK;
        const struct hash digest =
            checkpoint_digest(request->domain, &request->tree_hook, &event->checkpoint.checkpoint);
        event->checkpoint.signature =
            signatures_make(sim->world.validator_keys[validator], &digest);
        if (sim_fault(sim, sim->faults.checkpoint_wrong)) {
            spoil(sim, event);
        }
    } else {
        memset(&event->checkpoint.checkpoint, 0, sizeof(event->checkpoint.checkpoint));
    }
    answer_send(sim, answer, TASK_ANSWERED);
    return STATUS_OK;
}

enum status stores_publish(struct sim *sim, const struct driver_publish *request)
{
    const int chain = world_chain_of(&sim->world, request->domain);
    struct sim_answer *const answer = answer_start(sim);

    checks_publish(sim, request);
    if (answer == NULL) {
        return STATUS_FULL;
    }
    CHECK(chain >= 0);
    answer->event.kind = EVENT_PUBLISHED;
    answer->event.domain = request->domain;
    answer->event.published.is_announcement = request->is_announcement;
    answer->event.published.index = request->is_announcement ? 0 : request->checkpoint.index;
    answer->event.published.is_reorg = request->is_reorg;
    answer->event.published.outcome = OUTCOME_OK;
    if (!request->is_announcement && !request->is_reorg) {
        const uint32_t leaf = request->checkpoint.index;
        if (leaf >= sim->signed_capacity[chain] || !sim->is_signed[chain][leaf]) {
            sim_fail(sim, "chain %d, leaf %u: published and never signed", chain, leaf);
        } else {
            sim->is_published[chain][leaf] = true;
        }
    }
    answer_send(sim, answer, TASK_ANSWERED);
    return STATUS_OK;
}

/* No module of the imaginary chains asks a server. */
enum status stores_lookup(struct sim *sim, const struct driver_lookup *request)
{
    sim_fail(sim, "chain %u: a lookup that no module wants", request->domain);
    return STATUS_OK;
}

/* ---- the planner ---- */

enum status stores_plan(struct sim *sim, const struct hash *plan_id, struct bytes network)
{
    struct sim_answer *const answer = answer_start(sim);

    if (answer == NULL) {
        return STATUS_FULL;
    }
    answer->is_plan = true;
    answer->leg_id = *plan_id;
    answer->network = malloc(network.count + 1);
    CHECK(answer->network != NULL);
    memcpy(answer->network, network.data, network.count);
    answer->network_count = network.count;
    answer_send(sim, answer, TASK_ANSWERED);
    return STATUS_OK;
}
