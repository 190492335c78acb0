/* SPDX-License-Identifier: Apache-2.0 */
/* Chains, finality, the origin's tree and our signatures: what must stop, and what must go on. */
#include <stdlib.h>

#include "relay/core/tables.h"
#include "relay/core/view.h"
#include "tests/support/core_world.h"
#include "tests/support/unit.h"

static struct world *world_at_rest(bool validate)
{
    struct world *world = world_new(&(struct world_options){.seed = 1, .validate = validate});

    world_run(world, 8);
    return world;
}

static struct chain_row chain_of(struct world *world, uint32_t domain)
{
    const struct row_source source = row_table_source(world_rows(world));
    struct chain_row chain;

    assert_status(STATUS_OK, core_view_chain(&source, domain, &chain));
    return chain;
}

static struct tree_row tree_of(struct world *world, uint32_t domain)
{
    const struct row_source source = row_table_source(world_rows(world));
    struct tree_row tree;

    assert_status(STATUS_OK, core_view_tree(&source, domain, &tree));
    return tree;
}

static struct event event_of(enum event_kind kind, uint32_t domain)
{
    struct event event;

    memset(&event, 0, sizeof(event));
    event.kind = kind;
    event.domain = domain;
    return event;
}

/* ---- quorum ---- */

static struct event quorum_event(enum quorum_state state)
{
    struct event event = event_of(EVENT_QUORUM, WORLD_A);

    event.quorum.state = state;
    event.quorum.answering_count = 1;
    event.quorum.needed_count = 2;
    return event;
}

static void without_a_quorum_nothing_is_decided(void **state)
{
    (void)state;
    struct world *world = world_at_rest(false);
    struct event event = quorum_event(QUORUM_LOST);
    struct message_row message;

    world_step(world, &event);
    assert_true(world_noted(world, REASON_NO_QUORUM));
    const struct hash from = world_dispatch(world, WORLD_A, WORLD_B, 1);
    const struct hash to = world_dispatch(world, WORLD_B, WORLD_A, 1);
    const uint32_t sent = world_commands(world, COMMAND_SEND);
    world_run(world, 30);
    assert_int_equal(sent, world_commands(world, COMMAND_SEND));
    assert_true(world_message(world, &from, &message));
    assert_int_equal(REASON_NO_QUORUM, message.reason);
    assert_true(world_message(world, &to, &message));
    assert_int_equal(REASON_NO_QUORUM, message.reason);
    /* What is split says so and changes nothing; what is held again goes on. */
    event = quorum_event(QUORUM_SPLIT);
    world_step(world, &event);
    assert_true(world_noted(world, REASON_QUORUM_SPLIT));
    event = quorum_event(QUORUM_UNPROVED);
    world_step(world, &event);
    assert_true(world_noted(world, REASON_LOGS_UNPROVED));
    event = quorum_event(QUORUM_HELD);
    world_step(world, &event);
    assert_true(world_noted(world, REASON_QUORUM_HELD));
    world_run(world, 30);
    assert_true(world_message(world, &from, &message));
    assert_int_equal(REASON_DELIVERED, message.reason);
    world_free(world);
}

/* What waits for a chain that is away neither is forgotten nor goes round and round. */
static void a_backlog_for_a_chain_that_is_away_stays_in_its_queue(void **state)
{
    (void)state;
    struct world *world = world_at_rest(false);
    struct event event = quorum_event(QUORUM_LOST);
    struct message_row message;
    struct hash ids[400];

    world_step(world, &event);
    for (uint32_t i = 0; i < 400; i++) {
        ids[i] = world_dispatch(world, WORLD_B, WORLD_A, 1);
    }
    world_run(world, 30);
    for (uint32_t i = 0; i < 400; i++) {
        assert_true(world_message(world, &ids[i], &message));
        assert_int_equal(i < 256 ? MESSAGE_SECURITY : MESSAGE_QUEUED, message.state);
        assert_int_equal(i < 256 ? REASON_NO_QUORUM : REASON_QUEUED, message.reason);
    }
    event = quorum_event(QUORUM_HELD);
    world_step(world, &event);
    world_run_until_delivered(world, 60);
    world_free(world);
}

static void a_final_block_that_moved_back_stops_the_chain(void **state)
{
    (void)state;
    struct world *world = world_at_rest(false);
    const struct event event = quorum_event(QUORUM_FINAL_MOVED_BACK);

    world_step(world, &event);
    assert_int_equal(REASON_FINAL_MOVED_BACK, chain_of(world, WORLD_A).stopped);
    assert_int_equal(REASON_NONE, chain_of(world, WORLD_B).stopped);
    world_free(world);
}

static void a_dissent_is_told_to_people(void **state)
{
    (void)state;
    struct world *world = world_at_rest(false);
    struct event event = event_of(EVENT_DISSENT, WORLD_A);

    event.dissent.agreed_count = 2;
    world_step(world, &event);
    assert_true(world_noted(world, REASON_DISSENT));
    assert_int_equal(REASON_NONE, chain_of(world, WORLD_A).stopped);
    world_free(world);
}

/* ---- finality ---- */

static void what_is_final_is_applied_in_order(void **state)
{
    (void)state;
    struct world *world = world_at_rest(false);
    const struct chain_row chain = chain_of(world, WORLD_A);

    assert_int_equal(world_head(world, WORLD_A), chain.head_number);
    assert_int_equal(chain.head_number - WORLD_FINALITY, chain.applied_number);
    assert_int_equal(REASON_NONE, chain.stopped);
    world_free(world);
}

static void a_reorg_beyond_finality_stops_the_chain(void **state)
{
    (void)state;
    struct world *world = world_at_rest(false);

    world_reorg(world, WORLD_A, 5, false);
    world_run(world, 3);
    assert_int_equal(REASON_REORG_BEYOND_FINALITY, chain_of(world, WORLD_A).stopped);
    assert_true(world_noted(world, REASON_REORG_BEYOND_FINALITY));
    assert_int_equal(REASON_NONE, chain_of(world, WORLD_B).stopped);
    /* Nothing from it or to it is acted on, over restarts as well. */
    const struct hash to = world_dispatch(world, WORLD_B, WORLD_A, 1);
    world_run(world, 10);
    world_restart(world);
    world_run(world, 10);
    struct message_row message;
    assert_true(world_message(world, &to, &message));
    assert_int_equal(REASON_CHAIN_STOPPED, message.reason);
    assert_int_equal(0, world_commands(world, COMMAND_SEND));
    /* A person accepts the new branch: it is read from there on, without a restart. */
    const uint32_t watched = world_commands(world, COMMAND_WATCH);
    world_operator(world, OPERATOR_RESUME, WORLD_A, NULL);
    world_run(world, 3);
    assert_int_equal(REASON_NONE, chain_of(world, WORLD_A).stopped);
    assert_int_equal(watched + 1, world_commands(world, COMMAND_WATCH));
    assert_true(world_noted(world, REASON_CHAIN_RESUMED));
    const struct hash from = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run_until_delivered(world, 120);
    assert_int_equal(1, world_process_count(world, &from));
    assert_int_equal(1, world_process_count(world, &to));
    assert_int_equal(REASON_NONE, chain_of(world, WORLD_A).stopped);
    assert_true(world_replays(world));
    world_free(world);
}

/* What the old watch still says between a person's word and the new watch is no answer to it: taken
 * as the end of a range it would hide every fact below. */
static void an_old_watch_is_not_listened_to_after_a_resume(void **state)
{
    (void)state;
    struct world *world = world_at_rest(false);
    struct event event = event_of(EVENT_BLOCK, WORLD_A);

    world_reorg(world, WORLD_A, 5, false);
    world_run(world, 3);
    const struct chain_row before = chain_of(world, WORLD_A);
    assert_int_equal(REASON_REORG_BEYOND_FINALITY, before.stopped);
    struct event resume = event_of(EVENT_OPERATOR, WORLD_A);
    resume.operator_.action = OPERATOR_RESUME;
    world_step(world, &resume);
    event.block.number = before.applied_number + 7;
    event.block.hash = hash_filled(0x44);
    world_step(world, &event);
    assert_int_equal(before.applied_number, chain_of(world, WORLD_A).head_number);
    world_run(world, 2);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run_until_delivered(world, 60);
    assert_int_equal(1, world_process_count(world, &id));
    world_free(world);
}

static void two_final_blocks_of_one_height_stop_the_chain(void **state)
{
    (void)state;
    struct world *world = world_at_rest(false);
    struct event event = event_of(EVENT_FINAL, WORLD_A);

    event.final.number = chain_of(world, WORLD_A).applied_number;
    event.final.hash = hash_filled(0x66);
    world_step(world, &event);
    assert_int_equal(REASON_REORG_BEYOND_FINALITY, chain_of(world, WORLD_A).stopped);
    world_free(world);

    /* Also of a height whose block is not known yet. */
    world = world_at_rest(false);
    event.final.number = chain_of(world, WORLD_A).head_number + 1;
    world_step(world, &event);
    assert_int_equal(REASON_NONE, chain_of(world, WORLD_A).stopped);
    event.final.hash = hash_filled(0x67);
    world_step(world, &event);
    assert_int_equal(REASON_REORG_BEYOND_FINALITY, chain_of(world, WORLD_A).stopped);
    world_free(world);
}

static void a_final_block_we_were_not_given_stops_the_chain(void **state)
{
    (void)state;
    struct world *world = world_at_rest(false);
    struct event event = event_of(EVENT_FINAL, WORLD_A);

    event.final.number = chain_of(world, WORLD_A).head_number;
    event.final.hash = hash_filled(0x66);
    world_step(world, &event);
    assert_int_equal(REASON_REORG_BEYOND_FINALITY, chain_of(world, WORLD_A).stopped);
    world_free(world);
}

static void a_block_without_its_parent_stops_the_chain(void **state)
{
    (void)state;
    struct world *world = world_at_rest(false);
    struct event event = event_of(EVENT_BLOCK, WORLD_A);

    event.block.number = chain_of(world, WORLD_A).head_number + 1;
    event.block.hash = hash_filled(0x66);
    event.block.parent = hash_filled(0x67);
    world_step(world, &event);
    assert_int_equal(REASON_CONTRADICTION, chain_of(world, WORLD_A).stopped);
    world_free(world);
}

static void repeats_and_old_words_change_nothing(void **state)
{
    (void)state;
    struct world *world = world_at_rest(false);
    const struct chain_row before = chain_of(world, WORLD_A);
    struct event event = event_of(EVENT_BLOCK, WORLD_A);

    event.block.number = before.head_number;
    event.block.hash = before.head_hash;
    world_step(world, &event);
    event.block.number = before.applied_number;
    event.block.hash = before.applied_hash;
    world_step(world, &event);
    event = event_of(EVENT_FINAL, WORLD_A);
    event.final.number = before.applied_number;
    event.final.hash = before.applied_hash;
    world_step(world, &event);
    event.final.number = 1;
    world_step(world, &event); /* its hash is another one, and it is known: see below */
    struct chain_row after = chain_of(world, WORLD_A);
    assert_int_equal(REASON_REORG_BEYOND_FINALITY, after.stopped);
    after.stopped = before.stopped;
    after.since = before.since;
    assert_memory_equal(&before, &after, sizeof(before));
    event = event_of(EVENT_BLOCK, 31337); /* no such chain */
    event.block.number = 5;
    world_step(world, &event);
    event.kind = EVENT_FINAL;
    world_step(world, &event);
    world_free(world);
}

/* A dispatch that is given with a block that is replaced by a block without it, at one height. */
static void facts_of_replaced_blocks_are_never_applied(void **state)
{
    (void)state;
    struct world *world = world_at_rest(false);
    struct hash ids[10];

    for (uint32_t i = 0; i < 10; i++) {
        ids[i] = world_dispatch(world, WORLD_A, WORLD_B, (uint8_t)i);
        world_run(world, 1);
        world_reorg(world, WORLD_A, 1, true);
    }
    world_run(world, 10);
    for (uint32_t i = 0; i < 10; i++) {
        struct message_row message;
        assert_true(world_message(world, &ids[i], &message));
        assert_int_equal(MESSAGE_ORPHANED, message.state);
    }
    assert_int_equal(0, world_commands(world, COMMAND_SEND));
    world_free(world);
}

/* ---- tree ---- */

static void another_root_than_ours_stops_all_signing(void **state)
{
    (void)state;
    struct world *world = world_at_rest(true);

    world_set_tree_lies(world, true);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 6);
    assert_int_equal(REASON_ROOT_MISMATCH, tree_of(world, WORLD_A).halted);
    assert_true(world_noted(world, REASON_ROOT_MISMATCH));
    /* Whoever reads our store is told, once. */
    assert_true(world_noted(world, REASON_REORG_FLAGGED));
    assert_int_equal(FLAG_UP, tree_of(world, WORLD_A).flag);
    assert_int_equal(1, world_commands(world, COMMAND_PUBLISH_REORG));
    world_set_tree_lies(world, false);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 10);
    world_restart(world);
    world_run(world, 10);
    assert_int_equal(0, world_commands(world, COMMAND_SIGN_CHECKPOINT));
    /* The other chain goes on. */
    const struct hash id = world_dispatch(world, WORLD_B, WORLD_A, 1);
    world_run(world, 30);
    assert_int_equal(1, world_published(world, WORLD_B));
    assert_int_equal(1, world_process_count(world, &id));
    /* What the flag says stays what it first said, whatever else happens to the chain. */
    world_reorg(world, WORLD_A, 5, false);
    world_run(world, 10);
    assert_int_equal(REASON_REORG_BEYOND_FINALITY, chain_of(world, WORLD_A).stopped);
    assert_int_equal(1, world_commands(world, COMMAND_PUBLISH_REORG));
    world_free(world);
}

/* Checkpoints of the lost branch are out: whoever reads our store is told, and nothing is signed of
 * the new one until a person says so. */
static void a_validator_of_a_chain_that_was_replaced_raises_its_flag(void **state)
{
    (void)state;
    struct world *world = world_at_rest(true);

    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 10);
    const uint32_t signed_count = world_commands(world, COMMAND_SIGN_CHECKPOINT);
    assert_int_equal(1, signed_count);
    world_reorg(world, WORLD_A, 5, false);
    world_run(world, 6);
    assert_int_equal(REASON_REORG_BEYOND_FINALITY, chain_of(world, WORLD_A).stopped);
    assert_int_equal(1, world_commands(world, COMMAND_PUBLISH_REORG));
    assert_int_equal(FLAG_UP, tree_of(world, WORLD_A).flag);
    assert_int_equal(FLAG_DOWN, tree_of(world, WORLD_B).flag);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 10);
    world_restart(world);
    world_run(world, 10);
    assert_int_equal(signed_count, world_commands(world, COMMAND_SIGN_CHECKPOINT));
    assert_int_equal(1, world_commands(world, COMMAND_PUBLISH_REORG));
    world_free(world);
}

/* The signer was away, and is back once the chain is another one. */
static void what_was_to_be_signed_of_a_chain_that_is_no_more_is_not(void **state)
{
    (void)state;
    struct world *world = world_at_rest(true);

    world_set_signer(world, OUTCOME_UNKNOWN);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 10);
    assert_true(world_commands(world, COMMAND_SIGN_CHECKPOINT) > 0);
    world_reorg(world, WORLD_A, 5, false);
    world_run(world, 6);
    assert_int_equal(REASON_REORG_BEYOND_FINALITY, chain_of(world, WORLD_A).stopped);
    const uint32_t asked_count = world_commands(world, COMMAND_SIGN_CHECKPOINT);
    world_set_signer(world, OUTCOME_OK);
    world_run(world, 300);
    world_restart(world);
    world_run(world, 300);
    assert_int_equal(asked_count, world_commands(world, COMMAND_SIGN_CHECKPOINT));
    assert_int_equal(0, world_published(world, WORLD_A));
    world_free(world);
}

/* Nothing but a person's word lets it sign again: not time, not a restart, not what its chain says.
 * Then what is of the chain that stays is signed, and a chain that is replaced once more is told
 * once more. */
static void a_validator_that_raised_its_flag_stays_down_until_a_person_acts(void **state)
{
    (void)state;
    struct world *world = world_at_rest(true);

    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 10);
    for (uint32_t time = 1; time <= 2; time++) {
        const uint32_t signed_count = world_commands(world, COMMAND_SIGN_CHECKPOINT);
        world_reorg(world, WORLD_A, 5, false);
        world_run(world, 6);
        assert_int_equal(time, world_commands(world, COMMAND_PUBLISH_REORG));
        assert_int_equal(FLAG_UP, tree_of(world, WORLD_A).flag);
        for (uint32_t i = 0; i < 5; i++) {
            (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
            world_run(world, 400);
            world_restart(world);
        }
        assert_int_equal(signed_count, world_commands(world, COMMAND_SIGN_CHECKPOINT));
        assert_int_equal(time, world_commands(world, COMMAND_PUBLISH_REORG));
        world_operator(world, OPERATOR_RESUME, WORLD_A, NULL);
        assert_int_equal(FLAG_DOWN, tree_of(world, WORLD_A).flag);
        world_run(world, 20);
        assert_true(world_commands(world, COMMAND_SIGN_CHECKPOINT) > signed_count);
    }
    assert_true(world_replays(world));
    world_free(world);
}

/* A person's word starts the verification again, and nothing else: a root that still differs halts
 * the signing again, one that agrees lets every leaf be signed. */
static void a_resumed_tree_is_verified_before_it_signs(void **state)
{
    (void)state;
    struct world *world = world_at_rest(true);

    world_set_tree_lies(world, true);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 6);
    world_operator(world, OPERATOR_RESUME, WORLD_A, NULL);
    world_run(world, 6);
    assert_true(world_noted(world, REASON_TREE_RESUMED));
    assert_int_equal(REASON_ROOT_MISMATCH, tree_of(world, WORLD_A).halted);
    assert_int_equal(0, world_commands(world, COMMAND_SIGN_CHECKPOINT));
    world_set_tree_lies(world, false);
    world_operator(world, OPERATOR_RESUME, WORLD_A, NULL);
    world_run_until_delivered(world, 30);
    assert_int_equal(1, world_published(world, WORLD_A));
    assert_true(world_replays(world));
    world_free(world);
}

static void a_refused_checkpoint_stops_all_signing(void **state)
{
    (void)state;
    struct world *world = world_at_rest(true);

    world_set_signer(world, OUTCOME_REFUSED);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 6);
    assert_int_equal(REASON_CHECKPOINT_REFUSED, tree_of(world, WORLD_A).halted);
    world_set_signer(world, OUTCOME_OK);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 10);
    assert_int_equal(0, world_published(world, WORLD_A));
    world_free(world);
}

/* Leaf 5 where another one is next: the first of all, or after one that is signed. */
static void a_gap_in_the_leaves_stops_all_signing(void **state)
{
    (void)state;
    for (uint32_t leaves = 0; leaves < 2; leaves++) {
        struct world *world = world_at_rest(true);
        if (leaves > 0) {
            (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
            world_run(world, 10);
        }
        const uint32_t signed_ = world_commands(world, COMMAND_SIGN_CHECKPOINT);
        const struct chain_row chain = chain_of(world, WORLD_A);
        struct event event = event_of(EVENT_FACT, WORLD_A);

        event.fact.kind = FACT_TREE_INSERT;
        event.fact.block_number = chain.head_number;
        event.fact.block_hash = chain.head_hash;
        event.fact.log_index = 9;
        event.fact.contract = evm_filled(0xb0);
        event.fact.tree_insert.message_id = hash_filled(0x12);
        event.fact.tree_insert.leaf_index = 5;
        assert_int_equal(leaves, signed_);
        world_step(world, &event);
        world_run(world, 6);
        assert_int_equal(REASON_LEAF_GAP, tree_of(world, WORLD_A).halted);
        (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
        world_run(world, 10);
        assert_int_equal(signed_, world_commands(world, COMMAND_SIGN_CHECKPOINT));
        world_free(world);
    }
}

static void every_leaf_is_signed_once_over_restarts(void **state)
{
    (void)state;
    struct world *world = world_at_rest(true);

    for (uint32_t i = 0; i < 60; i++) {
        (void)world_dispatch(world, WORLD_A, WORLD_B, (uint8_t)(i % 5));
        if (i % 10 == 9) {
            world_run(world, 3);
            world_restart(world);
        }
    }
    world_run_until_delivered(world, 60);
    assert_int_equal(60, world_published(world, WORLD_A));
    const struct tree_row tree = tree_of(world, WORLD_A);
    assert_int_equal(60, tree.published_count);
    assert_int_equal(60, tree.verified_count);
    const struct row_source source = row_table_source(world_rows(world));
    struct signed_row row;
    assert_status(STATUS_OK, core_view_signed(&source, WORLD_A, 59, &row));
    assert_int_equal(SIGNED_PUBLISHED, row.state);
    assert_status(STATUS_NOT_FOUND, core_view_signed(&source, WORLD_A, 60, &row));
    world_free(world);
}

static void few_checkpoints_are_under_way_at_once(void **state)
{
    (void)state;
    struct world *world = world_at_rest(true);

    world_set_signer(world, OUTCOME_UNKNOWN);
    for (uint32_t i = 0; i < 60; i++) {
        (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    }
    world_run(world, 4);
    const uint8_t table = TABLE_SIGNED;
    assert_int_equal(16, row_table_count_prefix(world_rows(world), bytes_from(&table, 1)));
    world_set_signer(world, OUTCOME_OK);
    world_run_until_delivered(world, 60);
    assert_int_equal(60, world_published(world, WORLD_A));
    world_free(world);
}

static void an_announcement_is_made_once(void **state)
{
    (void)state;
    struct world *world = world_at_rest(true);
    const struct row_source source = row_table_source(world_rows(world));
    struct announcement_row row;

    world_run(world, 30);
    assert_true(world_is_announced(world, WORLD_A));
    assert_status(STATUS_OK, core_view_announcement(&source, WORLD_A, &row));
    assert_int_equal(ANNOUNCEMENT_DONE, row.state);
    assert_true(row.published);
    const uint32_t sent = world_commands(world, COMMAND_SEND);
    assert_int_equal(2, sent); /* one per chain */
    world_restart(world);
    world_run(world, 30);
    assert_int_equal(sent, world_commands(world, COMMAND_SEND));
    assert_int_equal(4, world_commands(world, COMMAND_PUBLISH_ANNOUNCEMENT)); /* at each start */
    world_free(world);
}

/* ---- the store ---- */

static void a_failing_store_stops_the_step(void **state)
{
    (void)state;
    struct world *world = world_at_rest(false);
    struct row_table *table = world_rows(world);
    void *rows_memory = malloc(rows_footprint(ROWS_PER_STEP_MAX, (size_t)4 << 20));
    void *core_memory = malloc(core_footprint());
    struct core *core = NULL;
    struct core_output output;
    struct event event = event_of(EVENT_FINAL, WORLD_A);

    struct rows *rows =
        rows_init(rows_memory, ROWS_PER_STEP_MAX, (size_t)4 << 20, row_table_source(table));
    row_table_fail(table, STATUS_IO, 1);
    assert_status(STATUS_IO, core_init(core_memory, rows, &core));
    row_table_fail(table, STATUS_CORRUPT, 1);
    assert_status(STATUS_CORRUPT, core_init(core_memory, rows, &core));
    assert_status(STATUS_OK, core_init(core_memory, rows, &core));
    event.final.number = 100;
    row_table_fail(table, STATUS_IO, 1);
    assert_status(STATUS_IO, core_step(core, &event, &output));
    free(rows_memory);
    free(core_memory);
    world_free(world);
}

static void rows_of_another_version_are_refused(void **state)
{
    (void)state;
    struct row_table *table = row_table_new();
    void *rows_memory = malloc(rows_footprint(ROWS_PER_STEP_MAX, (size_t)4 << 20));
    void *core_memory = malloc(core_footprint());
    struct core *core = NULL;
    const uint8_t key = TABLE_META;
    const uint8_t later[4] = {0, 0, 0, CORE_VERSION + 1};
    const uint8_t broken[2] = {0, 0};
    struct hash unused = {{0}};

    struct rows *rows =
        rows_init(rows_memory, ROWS_PER_STEP_MAX, (size_t)4 << 20, row_table_source(table));
    rows_put(rows, bytes_from(&key, 1), bytes_from(later, sizeof(later)));
    rows_fold_changes(rows, &unused);
    assert_status(STATUS_VERSION, core_init(core_memory, rows, &core));
    rows_put(rows, bytes_from(&key, 1), bytes_from(broken, sizeof(broken)));
    assert_status(STATUS_CORRUPT, core_init(core_memory, rows, &core));
    row_table_free(table);
    free(rows_memory);
    free(core_memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_quorum_nothing_is_decided),
        cmocka_unit_test(a_backlog_for_a_chain_that_is_away_stays_in_its_queue),
        cmocka_unit_test(a_final_block_that_moved_back_stops_the_chain),
        cmocka_unit_test(a_dissent_is_told_to_people),
        cmocka_unit_test(what_is_final_is_applied_in_order),
        cmocka_unit_test(a_reorg_beyond_finality_stops_the_chain),
        cmocka_unit_test(an_old_watch_is_not_listened_to_after_a_resume),
        cmocka_unit_test(two_final_blocks_of_one_height_stop_the_chain),
        cmocka_unit_test(a_final_block_we_were_not_given_stops_the_chain),
        cmocka_unit_test(a_block_without_its_parent_stops_the_chain),
        cmocka_unit_test(repeats_and_old_words_change_nothing),
        cmocka_unit_test(facts_of_replaced_blocks_are_never_applied),
        cmocka_unit_test(another_root_than_ours_stops_all_signing),
        cmocka_unit_test(a_validator_of_a_chain_that_was_replaced_raises_its_flag),
        cmocka_unit_test(what_was_to_be_signed_of_a_chain_that_is_no_more_is_not),
        cmocka_unit_test(a_validator_that_raised_its_flag_stays_down_until_a_person_acts),
        cmocka_unit_test(a_resumed_tree_is_verified_before_it_signs),
        cmocka_unit_test(a_refused_checkpoint_stops_all_signing),
        cmocka_unit_test(a_gap_in_the_leaves_stops_all_signing),
        cmocka_unit_test(every_leaf_is_signed_once_over_restarts),
        cmocka_unit_test(few_checkpoints_are_under_way_at_once),
        cmocka_unit_test(an_announcement_is_made_once),
        cmocka_unit_test(a_failing_store_stops_the_step),
        cmocka_unit_test(rows_of_another_version_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
