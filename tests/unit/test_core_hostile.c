/* SPDX-License-Identifier: Apache-2.0 */
/* Events that lie: old answers again, answers with another outcome, other hashes, other numbers,
 * and events made of random bytes. The core may stop a chain, freeze a lane or deliver late; it
 * must not crash, sign twice or send a second payload under one nonce (the world checks), and its
 * steps must replay. */
#include <stdlib.h>

#include "tests/support/core_world.h"
#include "tests/support/records.h"
#include "tests/support/unit.h"

static struct world *busy_world(uint64_t seed)
{
    struct world *world = world_new(
        &(struct world_options){.seed = seed, .validate = seed % 2 == 0, .commit_every = 3});

    world_run(world, 4);
    for (uint32_t i = 0; i < 30; i++) {
        (void)world_dispatch(world, i % 2 == 0 ? WORLD_A : WORLD_B, i % 2 == 0 ? WORLD_B : WORLD_A,
                             (uint8_t)(i % 4));
    }
    return world;
}

static enum outcome any_outcome(struct prng *prng)
{
    return (enum outcome)prng_between(prng, OUTCOME_OK, OUTCOME_UNKNOWN);
}

static void flip(struct prng *prng, struct hash *hash)
{
    hash->bytes[prng_below(prng, sizeof(hash->bytes))] ^= 1;
}

static void lie_about_security(struct prng *prng, struct event *event)
{
    static struct ism_node nodes[256]; /* an answer waits a while */
    static uint32_t nodes_used;
    struct ism_node *node = &nodes[nodes_used % 256];

    event->security.outcome = any_outcome(prng);
    *node = event->security.ism.nodes_count > 0 ? event->security.ism.nodes[0]
                                                : (struct ism_node){.count = 1};
    node->threshold = (uint32_t)prng_below(prng, 6);
    node->type = (uint8_t)prng_below(prng, 13);
    node->first = (uint32_t)prng_below(prng, 3);
    nodes_used++;
    event->security.ism.nodes = node;
    event->security.ism.nodes_count = 1;
}

static bool spoil(struct prng *prng, struct signature *signature)
{
    signature->bytes[prng_below(prng, 65)] ^= 1;
    return true;
}

/* Another answer to the same question. */
static bool lie(struct prng *prng, struct event *event)
{
    switch (event->kind) {
    case EVENT_SECURITY:
        lie_about_security(prng, event);
        return true;
    case EVENT_STORAGE:
        event->storage.outcome = any_outcome(prng);
        return true;
    case EVENT_CHECKPOINT:
        event->checkpoint.outcome = any_outcome(prng);
        flip(prng, &event->checkpoint.checkpoint.root);
        event->checkpoint.index = (uint32_t)prng_below(prng, 40);
        return true;
    case EVENT_PREPARED:
        event->prepared.outcome = any_outcome(prng);
        event->prepared.gas = prng_u64(prng);
        return true;
    case EVENT_SIGNED:
        /* The signer is ours: it repeats itself, or speaks of another nonce. */
        event->signed_.nonce += prng_below(prng, 3);
        return true;
    case EVENT_SUBMITTED:
        event->submitted.outcome = any_outcome(prng);
        event->submitted.rejection = (enum rejection)prng_below(prng, REJECTION_OTHER + 1);
        return true;
    case EVENT_RECEIPT:
        event->receipt.outcome = any_outcome(prng);
        event->receipt.succeeded = prng_chance(prng, 2);
        event->receipt.block_number += prng_below(prng, 4);
        flip(prng, &event->receipt.block_hash);
        return true;
    case EVENT_LANE:
        event->lane.outcome = any_outcome(prng);
        event->lane.nonce_final = prng_below(prng, 4);
        return true;
    case EVENT_TREE:
        event->tree.outcome = any_outcome(prng);
        event->tree.block_number += prng_below(prng, 3);
        return true;
    case EVENT_CHECKPOINT_SIGNED:
        return spoil(prng, &event->checkpoint_signed.signature);
    case EVENT_ANNOUNCEMENT_SIGNED:
        return spoil(prng, &event->announcement_signed.signature);
    case EVENT_PUBLISHED:
        event->published.index = (uint32_t)prng_below(prng, 40);
        return true;
    case EVENT_LOOKUP_SIGNED:
        return spoil(prng, &event->lookup_signed.signature);
    case EVENT_LOOKUP:
    case EVENT_LOOKUP_ANSWER:
    case EVENT_START:
    case EVENT_WAKE:
    case EVENT_FACT:
    case EVENT_BLOCK:
    case EVENT_FINAL:
    case EVENT_POSITIONS:
    case EVENT_PLANNED:
    case EVENT_OPERATOR:
    case EVENT_ENDPOINT:
    case EVENT_DISSENT:
    case EVENT_QUORUM:
    case EVENT_CALLS:
    case EVENT_PASSED:
    case EVENT_PAST_FACT:
    case EVENT_PAST_BLOCK:
    case EVENT_STOP:
        return false;
    }
    return false;
}

static void lying_answers_break_no_promise(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct world *world = busy_world(seed);
        struct prng prng = prng_from(1000 + seed);
        uint32_t lies_count = 0;
        for (uint32_t second = 0; second < 60; second++) {
            world_run(world, 1);
            for (uint32_t i = 0; i < 20; i++) {
                const uint32_t index = (uint32_t)prng_below(&prng, world_events_count(world));
                struct event event = *world_event(world, index);
                if (lie(&prng, &event)) {
                    world_step(world, &event);
                    lies_count++;
                }
            }
        }
        assert_true(lies_count > 200);
        assert_true(world_replays(world));
        world_free(world);
    }
}

static void old_answers_again_change_nothing_for_good(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct world *world = busy_world(seed);
        struct prng prng = prng_from(2000 + seed);
        for (uint32_t second = 0; second < 20; second++) {
            world_run(world, 1);
            for (uint32_t i = 0; i < 50; i++) {
                const struct event event =
                    *world_event(world, (uint32_t)prng_below(&prng, world_events_count(world)));
                struct event unused = event;
                if (event.kind != EVENT_START && event.kind != EVENT_LANE &&
                    (lie(&prng, &unused) || event.kind == EVENT_FACT || event.kind == EVENT_BLOCK ||
                     event.kind == EVENT_FINAL)) {
                    world_step(world, &event);
                }
            }
        }
        world_run_until_delivered(world, 120);
        assert_true(world_replays(world));
        world_free(world);
    }
}

/* Names that the core knows in place of random ones, now and then. */
static void aim(struct world *world, struct prng *prng, struct event *event)
{
    const struct event *known =
        world_event(world, (uint32_t)prng_below(prng, world_events_count(world)));

    event->domain = prng_chance(prng, 8)   ? (uint32_t)prng_below(prng, 3000)
                    : prng_chance(prng, 2) ? WORLD_A
                                           : WORLD_B;
    if (event->kind == EVENT_FACT) {
        const uint8_t contracts[] = {0xa0, 0xa1, 0xb0, 0xb1, 0xd0, 0xd1};
        event->fact.contract = evm_filled(contracts[prng_below(prng, sizeof(contracts))]);
        event->fact.block_number = world_head(world, WORLD_A) + prng_below(prng, 4);
    }
    if (event->kind == EVENT_BLOCK || event->kind == EVENT_FINAL) {
        const uint64_t number = world_head(world, WORLD_A) + prng_below(prng, 5) - 2;
        event->block.number = number;
        event->final.number = event->kind == EVENT_FINAL ? number : event->final.number;
    }
    if (known->kind == event->kind && prng_chance(prng, 2)) {
        const struct instant at = event->at;
        *event = *known;
        event->at = at;
        (void)lie(prng, event);
    }
}

static void random_events_do_not_crash_it(void **state)
{
    (void)state;
    struct maker maker;
    void *memory = malloc(MAKER_BYTES);

    assert_non_null(memory);
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct world *world = busy_world(seed);
        memset(&maker, 0, sizeof(maker));
        maker.prng = prng_from(3000 + seed);
        maker.memory = buffer_from(memory, MAKER_BYTES);
        for (uint32_t i = 0; i < 1500; i++) {
            struct event event;
            /* Any but the first, which is EVENT_START. */
            const enum event_kind kind =
                maker_event_kind((uint32_t)prng_between(&maker.prng, 1, MAKER_EVENTS_COUNT - 1));
            maker.size = prng_chance(&maker.prng, 20) ? MAKER_FULL : MAKER_RANDOM;
            maker.memory.count = 0;
            maker_event(&maker, kind,
                        (enum fact_kind)prng_between(&maker.prng, 1, MAKER_FACTS_COUNT), &event);
            aim(world, &maker.prng, &event);
            world_step_unlogged(world, &event);
            if (i % 20 == 0) {
                world_run(world, 1);
            }
        }
        world_free(world);
    }
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lying_answers_break_no_promise),
        cmocka_unit_test(old_answers_again_change_nothing_for_good),
        cmocka_unit_test(random_events_do_not_crash_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
