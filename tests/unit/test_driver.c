/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's promises (relay/node/driver/driver.h), one by one. */
#include "tests/unit/driver_bench.h"

#include <stdlib.h>

#include "proto/record.h"
#include "relay/base/check.h"
#include "relay/core/reason.h"

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
    assert_int_equal(outside.commits_count - 1, DRIVER_BATCHES_MAX); /* the start's is durable */
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

/* Promise 2: a deadline of 10 s comes although the clock was set back by an hour, after 20 s. */
static void a_clock_that_is_set_back_stops_no_deadline(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    start(&bench); /* at 100 s */
    bench.now.ns = 4000 * SECOND;
    tick(&bench);
    fakes[1]->next_tick.ns = 4010 * SECOND;
    bench.now.ns = 400 * SECOND;
    tick(&bench);
    assert_int_equal(driver_next_wake(bench.driver, bench.now).ns, 420 * SECOND);
    bench.now.ns = 419 * SECOND;
    tick(&bench);
    assert_int_equal(fakes[1]->ticks, 0);
    bench.now.ns = 420 * SECOND;
    tick(&bench);
    assert_int_equal(fakes[1]->ticks, 1);
    /* Both are one again after twice the hour, and no instant was earlier than one before it. */
    bench.now.ns = 7610 * SECOND;
    give(0, 0, 1);
    tick(&bench);
    assert_int_equal(the_core->last.ns, 7610 * SECOND);
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

/* A command that could leave at once does not overtake one that waits. */
static void a_later_question_does_not_overtake(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    start(&bench);
    const uint32_t before = fakes[0]->taken_count;
    fakes[0]->full = true;
    give(0, ASK_FOLLOW, 1);
    tick(&bench);
    fakes[0]->full = false;
    give(0, ASK_FOLLOW, 2);
    tick(&bench);
    assert_int_equal(fakes[0]->taken_count, before + 2);
    assert_int_equal(fakes[0]->taken[before].follow.nonce, 1);
    assert_int_equal(fakes[0]->taken[before + 1].follow.nonce, 2);
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
    assert_status(STATUS_OK, driver_on_operator(bench.driver, &event, 43));
    tick(&bench);
    const uint64_t first = outside.commits[outside.commits_count - 1];
    assert_status(STATUS_OK, driver_on_operator(bench.driver, &event, 44));
    tick(&bench);
    driver_on_committed(bench.driver, first, STATUS_OK);
    assert_int_equal(outside.answered_count, 3);
    commit_all(&bench);
    assert_int_equal(outside.answered_count, 4);
    assert_int_equal(outside.answered[3], 44);
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

/* The first record of what is being written: the event. */
static void read_event(struct record_arena *arena, struct record *ret_record)
{
    CHECK(outside.commits_count > 0);
    const struct journal_batch *batch = &outside.batches[outside.commits_count - 1];

    assert_true(batch->records_count > 0);
    assert_status(STATUS_OK, record_decode(batch->records[0], NULL, arena, ret_record));
    assert_int_equal(ret_record->kind, RECORD_EVENT);
}

/* A run is between two records: which binary began it and under which configuration, who asked for
 * what meanwhile, and why it ended. */
static void a_run_and_who_spoke_in_it_are_records(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    void *memory = malloc(RECORD_ARENA_BYTES);
    struct record_arena arena = record_arena_from(memory, RECORD_ARENA_BYTES);
    const struct event pause = {
        .kind = EVENT_OPERATOR,
        .operator_ = {.action = OPERATOR_PAUSE, .uid = 5, .reason = bytes_from_string("lunch")}};
    struct record record;

    bench.config->route.mandate = (struct hash){.bytes = {7, 8, 9}};
    driver_start(bench.driver);
    tick(&bench);
    read_event(&arena, &record);
    assert_int_equal(record.event.kind, EVENT_START);
    assert_true(bytes_equal(record.event.start.build_id, bytes_from_string("test")));
    assert_int_equal(record.event.start.config->chains_count, 2);
    assert_int_equal(record.event.start.config->chains[1].domain, DOMAIN_B);
    assert_true(
        hash_equal(&record.event.start.config->route.mandate, &bench.config->route.mandate));
    commit_all(&bench);
    assert_status(STATUS_OK, driver_on_operator(bench.driver, &pause, 41));
    tick(&bench);
    read_event(&arena, &record);
    assert_int_equal(record.event.kind, EVENT_OPERATOR);
    assert_int_equal(record.event.operator_.uid, 5);
    assert_true(bytes_equal(record.event.operator_.reason, bytes_from_string("lunch")));
    commit_all(&bench);
    driver_stop(bench.driver, bytes_from_string("enough"));
    tick(&bench);
    read_event(&arena, &record);
    assert_int_equal(record.event.kind, EVENT_STOP);
    assert_true(bytes_equal(record.event.stop.reason, bytes_from_string("enough")));
    free(memory);
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
        cmocka_unit_test(a_clock_that_is_set_back_stops_no_deadline),
        cmocka_unit_test(a_full_adapter_gets_its_commands_later_in_order),
        cmocka_unit_test(a_later_question_does_not_overtake),
        cmocka_unit_test(a_dead_chain_does_not_stop_the_node),
        cmocka_unit_test(people_are_answered_when_their_request_is_durable),
        cmocka_unit_test(the_earliest_wake_comes_once),
        cmocka_unit_test(after_a_stop_nothing_is_taken),
        cmocka_unit_test(a_run_and_who_spoke_in_it_are_records),
        cmocka_unit_test(a_batch_says_what_happened),
        cmocka_unit_test(an_event_that_cannot_be_journaled_is_not_stepped),
        cmocka_unit_test(an_adapter_hears_when_the_signer_cannot_be_asked),
        cmocka_unit_test(adapters_are_ticked_when_they_asked_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
