/* SPDX-License-Identifier: Apache-2.0 */
/* Several endpoints of one chain: what liars, silence and lag can do (promise 6 of chains/chain.h).
 *
 * Method: one imaginary chain behind up to five endpoints, some of which lie, lag or say nothing.
 * The liars all tell the same lies, about logs, blocks, balances, nonces, roots, receipts and
 * simulations. What the adapter says is compared with what the chain has. */
#include <stdio.h>

#include "tests/support/unit.h"
#include "tests/unit/evm_watched.h"

#define SCRIPT_BEGINS_S UINT64_C(1700000000) /* the timestamp of its block 0; one a second */

static void a_quorum_in_peace(void **state)
{
    (void)state;
    struct harness *const harness = watched_open(3, 2);

    watched_follow(harness, 6);
    harness_assert_synchronous(harness);
    watched_assert_true(harness);
    assert_int_equal(harness->dissents_count, 0);
    assert_int_equal(harness->quorums_count, 0);
    harness_close(harness);
}

/* Two of five, wherever they are, tell the same lies from the start or later on. */
static void liars_below_the_quorum_change_nothing(void **state)
{
    (void)state;
    for (uint32_t first = 0; first < 5; first++) {
        struct harness *const harness = watched_open(5, 3);
        watched_habits(harness, first)->lies = true;
        watched_habits(harness, (first + 1) % 5)->lies = true;
        watched_follow(harness, 8);
        harness_assert_synchronous(harness);
        watched_assert_true(harness);
        for (uint32_t i = 0; i < harness->dissents_count; i++) {
            const uint32_t liar = harness->dissents[i].dissent.endpoint_index;
            assert_true(liar == first || liar == (first + 1) % 5);
            assert_true(harness->dissents[i].dissent.agreed_count >= 3);
        }
        assert_false(watched_was_told(harness, QUORUM_SPLIT));
        harness_close(harness);
    }
}

/* The servers that prove a message are in the data of a revert: as many must name them as must
 * agree on anything, or one endpoint could send the node wherever it likes. */
static void servers_are_named_by_a_quorum(void **state)
{
    (void)state;
    struct harness *const harness = watched_open(3, 2);
    const struct command read = watched_question(harness, COMMAND_READ_SECURITY);
    struct command command = {.kind = COMMAND_READ_LOOKUP, .domain = read.domain};

    evm_script_knobs(harness->world)->modules = EVM_SCRIPT_MODULES;
    command.read_lookup.message_id = read.read_security.message_id;
    command.read_lookup.message = read.read_security.message;
    command.read_lookup.module = evm_filled(0x99);
    const struct event *event = watched_ask(harness, &command);
    assert_int_equal(event->lookup.outcome, OUTCOME_OK);
    assert_int_equal(event->lookup.urls_count, 1);
    assert_int_equal(harness->dissents_count, 0);
    watched_habits(harness, 0)->lies = true;
    event = watched_ask(harness, &command);
    assert_int_equal(event->lookup.outcome, OUTCOME_OK);
    harness_run(harness, 10);
    assert_true(harness->dissents_count > 0);
    assert_non_null(strstr(harness->dissent_question, "bbac9bc8"));
    watched_habits(harness, 1)->is_mute = true;
    watched_habits(harness, 2)->is_mute = true;
    event = watched_ask(harness, &command);
    assert_int_equal(event->lookup.outcome, OUTCOME_UNKNOWN);
    harness_close(harness);
}

static void a_lie_is_kept_as_evidence(void **state)
{
    (void)state;
    struct harness *const harness = watched_open(3, 2);

    watched_habits(harness, 0)->lies = true; /* the first one is asked first */
    const struct command command = watched_question(harness, COMMAND_READ_TREE);
    assert_int_equal(watched_ask(harness, &command)->tree.outcome, OUTCOME_OK);
    harness_run(harness, 10);
    assert_true(harness->dissents_count > 0);
    const struct event *const event = &harness->dissents[harness->dissents_count - 1];
    assert_int_equal(event->dissent.endpoint_index, 0);
    assert_int_equal(event->dissent.agreed_count, 2);
    assert_true(hash_equal(&event->dissent.block_hash, &command.read_tree.block_hash));
    assert_int_equal(event->dissent.block_number, command.read_tree.block_number);
    assert_non_null(strstr(harness->dissent_question, "eth_call"));
    assert_non_null(strstr(harness->dissent_question, "907c0f92"));
    assert_int_equal(strlen(harness->dissent_answer), 2 + 2 + 128);
    assert_int_equal(event->dissent.answer_bytes, 2 + 2 + 128);
    assert_true(chain_counters(harness->chain)->calls_sent > 0);
    assert_true(harness->chain->endpoints[0].dissents > 0);
    assert_int_equal(harness->chain->endpoints[1].dissents, 0);
    /* From now on the others are asked. */
    const uint64_t asked = watched_calls(harness, 0);
    assert_int_equal(watched_ask(harness, &command)->tree.outcome, OUTCOME_OK);
    assert_int_equal(watched_calls(harness, 0), asked);
    harness_close(harness);
}

/* Among three it is outvoted; one that is alone is counted as well. */
static void logs_of_other_contracts_are_counted(void **state)
{
    (void)state;
    for (uint32_t endpoints = 1; endpoints <= 3; endpoints += 2) {
        struct harness *const harness = watched_open(endpoints, endpoints == 1 ? 1 : 2);

        watched_follow(harness, 2);
        assert_int_equal(harness->chain->endpoints[0].foreign_logs, 0);
        watched_habits(harness, 0)->misplaces_logs = true;
        watched_follow(harness, 4);
        assert_true(harness->chain->endpoints[0].foreign_logs > 0);
        if (endpoints > 1) {
            harness_assert_synchronous(harness);
        }
        for (uint32_t i = 1; i < endpoints; i++) {
            assert_int_equal(harness->chain->endpoints[i].foreign_logs, 0);
        }
        harness_close(harness);
    }
}

static void silent_ones_beyond_the_quorum_stop_nothing(void **state)
{
    (void)state;
    for (uint32_t first = 0; first < 5; first++) {
        struct harness *const harness = watched_open(5, 3);
        watched_habits(harness, first)->is_mute = true;
        watched_habits(harness, (first + 1) % 5)->is_mute = true;
        watched_follow(harness, 8);
        harness_assert_synchronous(harness);
        watched_assert_true(harness);
        assert_false(watched_was_told(harness, QUORUM_LOST));
        harness_close(harness);
    }
}

/* Honest ones fall silent, the liar goes on: no quorum, and nothing is taken from the liar. */
static void without_a_quorum_nothing_is_given(void **state)
{
    (void)state;
    struct harness *const harness = watched_open(3, 2);

    watched_follow(harness, 2);
    watched_habits(harness, 0)->lies = true;
    watched_habits(harness, 1)->is_mute = true;
    watched_habits(harness, 2)->is_mute = true;
    const uint32_t known = harness->blocks_count;
    watched_follow(harness, 4);
    assert_int_equal(harness->blocks_count, known);
    assert_true(watched_was_told(harness, QUORUM_LOST));
    const struct command command = watched_question(harness, COMMAND_READ_TREE);
    assert_int_equal(watched_ask(harness, &command)->tree.outcome, OUTCOME_UNKNOWN);
    /* They come back, and everything that was missed is there. */
    watched_habits(harness, 0)->lies = false;
    watched_habits(harness, 1)->is_mute = false;
    watched_follow(harness, 2);
    harness_run(harness, 1000);
    assert_true(watched_was_told(harness, QUORUM_HELD));
    harness_assert_synchronous(harness);
    harness_close(harness);
}

/* A lost connection is no smaller quorum either. */
static void lost_connections_make_no_smaller_quorum(void **state)
{
    (void)state;
    struct harness *const harness = watched_open(3, 2);

    harness_lose(harness, 0);
    harness_lose(harness, 2);
    const uint32_t known = harness->blocks_count;
    watched_follow(harness, 3);
    assert_int_equal(harness->blocks_count, known);
    assert_true(watched_was_told(harness, QUORUM_LOST));
    harness_connect(harness, 2);
    watched_follow(harness, 1);
    assert_true(watched_was_told(harness, QUORUM_HELD));
    harness_assert_synchronous(harness);
    harness_close(harness);
}

/* Three endpoints, two of which must agree; one has no block of any number, and says so. */
static struct harness *one_forgets(uint32_t endpoint)
{
    struct harness *const harness = watched_new(3, 2);

    watched_habits(harness, endpoint)->forgets_blocks = true;
    return harness;
}

static void watch_all_three(struct harness *harness)
{
    chain_tick(harness->chain, harness->now);
    for (uint32_t i = 0; i < 3; i++) {
        harness_connect(harness, i);
    }
    harness_watch(harness, 1);
    watched_follow(harness, 8);
}

/* Its silence contradicts nobody, also when it said so as often as it was asked. */
static void null_is_no_dissent(void **state)
{
    (void)state;
    static const uint32_t slow_rounds[] = {45, 85}; /* it is asked again meanwhile; to the end */

    for (uint32_t i = 0; i < 6; i++) {
        const uint32_t endpoint = i % 3;
        struct harness *const harness = one_forgets(endpoint);
        watched_habits(harness, (endpoint + 1) % 3)->slow_rounds = slow_rounds[i / 3];
        watch_all_three(harness);
        harness_assert_synchronous(harness);
        assert_int_equal(harness->dissents_count, 0);
        harness_close(harness);
    }
}

/* The other two contradict each other: it is told of both, and of nobody else. */
static void null_is_no_part_of_a_split(void **state)
{
    (void)state;
    for (uint32_t endpoint = 0; endpoint < 3; endpoint++) {
        struct harness *const harness = watched_open(3, 2);
        const struct command command = watched_question(harness, COMMAND_READ_TREE);
        watched_habits(harness, endpoint)->calls_are_null = true;
        watched_habits(harness, (endpoint + 1) % 3)->lies = true;
        assert_int_equal(watched_ask(harness, &command)->tree.outcome, OUTCOME_UNKNOWN);
        harness_run(harness, 10);
        assert_true(watched_was_told(harness, QUORUM_SPLIT));
        assert_int_equal(harness->dissents_count, 2);
        for (uint32_t i = 0; i < harness->dissents_count; i++) {
            assert_int_equal(harness->dissents[i].dissent.agreed_count, 0);
            assert_true(harness->dissents[i].dissent.endpoint_index != endpoint);
        }
        harness_close(harness);
    }
}

/* The others have agreed and the answer was given when the liar speaks. */
static void a_lie_that_comes_late_is_evidence_too(void **state)
{
    (void)state;
    struct harness *const harness = watched_open(3, 2);
    const struct command command = watched_question(harness, COMMAND_READ_TREE);

    watched_habits(harness, 0)->lies = true;
    watched_habits(harness, 0)->slow_rounds = 60;
    assert_int_equal(watched_ask(harness, &command)->tree.outcome, OUTCOME_OK);
    assert_int_equal(harness->dissents_count, 0);
    harness_run(harness, 90);
    assert_true(harness->dissents_count > 0);
    assert_int_equal(harness->dissents[0].dissent.endpoint_index, 0);
    assert_int_equal(harness->dissents[0].dissent.agreed_count, 2);
    harness_close(harness);
}

/* Logs that are late contradict nobody; those that are still missing seconds later are withheld. */
static void logs_that_stay_away_are_evidence_and_late_ones_are_not(void **state)
{
    (void)state;
    for (uint32_t withholds = 0; withholds < 2; withholds++) {
        struct harness *const harness = watched_open(3, 2);
        watched_habits(harness, 0)->withholds_logs = true;
        (void)evm_script_fixture.dispatch(harness->world);
        harness_mine(harness);
        watched_habits(harness, 0)->withholds_logs = withholds == 1;
        assert_int_equal(harness->dissents_count, 0);
        harness_run(harness, 300);
        assert_int_equal(harness->dissents_count, withholds);
        if (withholds == 1) {
            assert_int_equal(harness->dissents[0].dissent.endpoint_index, 0);
            assert_int_equal(harness->dissents[0].dissent.agreed_count, 2);
            assert_non_null(strstr(harness->dissent_question, "eth_getLogs"));
        }
        harness_close(harness);
    }
}

/* The one that is left cannot make a quorum: it costs no call to find that out. */
static void nobody_is_asked_in_vain(void **state)
{
    (void)state;
    struct harness *const harness = watched_open(3, 2);
    const struct command command = watched_question(harness, COMMAND_READ_TREE);

    harness_lose(harness, 0);
    harness_lose(harness, 2);
    const uint32_t asked = evm_script_asked(harness->world, "eth_call");
    harness_perform(harness, &command);
    harness_run(harness, 20);
    assert_int_equal(asked, evm_script_asked(harness->world, "eth_call"));
    harness_close(harness);
}

/* Two against two: what nobody has a quorum for is not given, and all of it is evidence. */
static void a_split_is_no_answer(void **state)
{
    (void)state;
    struct harness *const harness = watched_open(4, 3);

    watched_habits(harness, 0)->lies = true;
    watched_habits(harness, 1)->lies = true;
    const struct command command = watched_question(harness, COMMAND_READ_TREE);
    assert_int_equal(watched_ask(harness, &command)->tree.outcome, OUTCOME_UNKNOWN);
    harness_run(harness, 10);
    assert_true(watched_was_told(harness, QUORUM_SPLIT));
    assert_true(harness->dissents_count >= 2);
    assert_int_equal(harness->dissents[0].dissent.agreed_count, 0);
    assert_true(hash_is_zero(&harness->dissents[0].dissent.agreed));
    harness_close(harness);
}

static void behind_is_not_different(void **state)
{
    (void)state;
    static const uint64_t lags[] = {1, 7, 34};

    for (size_t i = 0; i < sizeof(lags) / sizeof(lags[0]); i++) {
        for (uint32_t endpoint = 0; endpoint < 3; endpoint++) {
            struct harness *const harness = watched_open(3, 2);
            watched_habits(harness, endpoint)->lag = lags[i];
            watched_follow(harness, 8);
            harness_assert_synchronous(harness);
            assert_int_equal(harness->dissents_count, 0);
            assert_false(watched_was_told(harness, QUORUM_SPLIT));
            harness_close(harness);
        }
    }
}

/* It goes on telling blocks, and by the clock they are a minute old: the other one is asked. */
static void one_whose_head_is_old_by_the_clock_is_asked_last(void **state)
{
    (void)state;
    const uint64_t lag = 70;

    struct harness *const harness = watched_new(2, 1);
    for (uint64_t i = 0; i < lag + 10; i++) {
        harness_mine(harness);
    }
    watched_habits(harness, 0)->lag = lag;
    harness->now.ns = (SCRIPT_BEGINS_S + lag + 60) * UINT64_C(1000000000);
    chain_tick(harness->chain, harness->now);
    harness_connect(harness, 0);
    harness_connect(harness, 1);
    harness_watch(harness, 1);
    harness_run(harness, 400);
    watched_follow(harness, 4);
    assert_true(harness->chain->endpoints[0].penalty > harness->chain->endpoints[1].penalty);
    harness_assert_synchronous(harness);
    const uint64_t asked = watched_calls(harness, 1);
    const struct command command = watched_question(harness, COMMAND_READ_TREE);
    assert_int_equal(watched_ask(harness, &command)->tree.outcome, OUTCOME_OK);
    assert_true(watched_calls(harness, 1) > asked);
    harness_close(harness);
}

/* It lags from the beginning: what it has not got is not asked for, so nothing is missing in the
 * ranges that the others give. */
/* It answers everything rightly and in time, and takes more than half of its deadline: after a few
 * answers the others are asked, and what is asked takes no longer than they do. */
static void a_slow_one_is_asked_last(void **state)
{
    (void)state;
    struct harness *const harness = watched_open(3, 2);
    const struct command command = watched_question(harness, COMMAND_READ_TREE);

    watched_habits(harness, 0)->slow_rounds = 60;
    watched_follow(harness, 8);
    harness_assert_synchronous(harness);
    const struct chain_endpoint *const seen = harness->chain->endpoints;
    assert_true(seen[0].latency.ns > DURATION_MS(500).ns);
    assert_true(seen[1].latency.ns < DURATION_MS(100).ns);
    assert_int_equal(seen[0].penalty, 0); /* nothing else speaks against it */
    const uint64_t asked = watched_calls(harness, 0);
    const uint32_t known = harness->answers_count;
    harness_perform(harness, &command);
    assert_non_null(harness_await(harness, EVENT_TREE, known, 10));
    assert_int_equal(watched_calls(harness, 0), asked);
    harness_close(harness);
}

static void one_that_lags_while_catching_up_hides_nothing(void **state)
{
    (void)state;
    for (uint32_t endpoint = 0; endpoint < 3; endpoint++) {
        struct harness *const harness = watched_new(3, 2);
        chain_tick(harness->chain, harness->now);
        watched_habits(harness, endpoint)->lag = 25;
        for (uint32_t i = 0; i < 3; i++) {
            harness_connect(harness, i);
        }
        harness_watch(harness, 1);
        watched_follow(harness, 4);
        harness_assert_synchronous(harness);
        assert_int_equal(harness->dissents_count, 0);
        harness_close(harness);
    }
}

static void a_final_block_is_what_a_quorum_is_past(void **state)
{
    (void)state;
    struct harness *const harness = watched_open(3, 2);

    watched_habits(harness, 0)->final_lag = 3;
    watched_follow(harness, 6);
    harness_assert_synchronous(harness); /* the two others name the newest */
    watched_habits(harness, 1)->final_lag = 1;
    watched_follow(harness, 6);
    /* Each names another one; the newest that two are past is the second's. */
    const uint64_t head = evm_script_fixture.head(harness->world);
    assert_int_equal(harness->final_number, head - FIXTURE_FINALITY - 1);
    harness_close(harness);
}

static void a_final_block_that_stays_back_is_told(void **state)
{
    (void)state;
    struct harness *const harness = watched_open(3, 2);

    watched_follow(harness, 4);
    watched_habits(harness, 0)->final_lag = 9;
    watched_follow(harness, 30);
    assert_false(watched_was_told(harness, QUORUM_FINAL_MOVED_BACK)); /* one alone lags */
    watched_habits(harness, 1)->final_lag = 20;
    watched_habits(harness, 2)->final_lag = 20;
    watched_habits(harness, 0)->final_lag = 20;
    watched_follow(harness, 2);
    assert_false(watched_was_told(harness, QUORUM_FINAL_MOVED_BACK)); /* it may catch up */
    watched_follow(harness, 10);
    assert_true(watched_was_told(harness, QUORUM_FINAL_MOVED_BACK));
    harness_close(harness);
}

static void one_that_changes_its_chain_is_not_used_again(void **state)
{
    (void)state;
    struct harness *const harness = watched_open(3, 2);
    bool is_named = false;

    evm_script_fixture.identify(harness->world, 0, FIXTURE_OTHER_CHAIN);
    harness_run(harness, 6500);
    for (uint32_t i = 0; i < harness->answers_count; i++) {
        const struct event *const event = &harness->answers[i].event;
        is_named |= event->kind == EVENT_ENDPOINT && event->endpoint.endpoint_index == 0 &&
                    event->endpoint.state == ENDPOINT_WRONG_CHAIN;
    }
    assert_true(is_named);
    /* Whatever it says later, and on a new connection as well. */
    evm_script_fixture.identify(harness->world, 0, FIXTURE_RIGHT);
    harness_lose(harness, 0);
    harness_connect(harness, 0);
    harness_run(harness, 4000);
    const uint64_t sent = harness->chain->endpoints[0].calls_sent;
    watched_follow(harness, 4);
    harness_assert_synchronous(harness);
    assert_int_equal(harness->chain->endpoints[0].calls_sent, sent);
    harness_close(harness);
}

/* Of a large value: two that agree are a quorum, and not everyone. */
static void everyone_is_more_than_a_quorum(void **state)
{
    (void)state;
    struct harness *const harness = watched_open(3, 2);
    struct command command = watched_question(harness, COMMAND_READ_TREE);

    watched_follow(harness, 2);
    command.read_tree.everyone = true;
    const struct event *event = watched_ask(harness, &command);
    assert_int_equal(event->tree.outcome, OUTCOME_OK);
    assert_true(event->tree.everyone);
    assert_int_equal(event->tree.root.bytes[31], 77);
    watched_habits(harness, 0)->lies = true;
    event = watched_ask(harness, &command);
    assert_int_equal(event->tree.outcome, OUTCOME_UNKNOWN);
    assert_true(event->tree.everyone);
    /* The other two are a quorum: it is no split, and known who lied. */
    harness_run(harness, 250);
    assert_false(watched_was_told(harness, QUORUM_SPLIT));
    assert_true(harness->dissents_count > 0);
    for (uint32_t i = 0; i < harness->dissents_count; i++) {
        assert_int_equal(harness->dissents[i].dissent.endpoint_index, 0);
        assert_int_equal(harness->dissents[i].dissent.agreed_count, 2);
    }
    assert_true(harness->chain->endpoints[0].dissents > 0);
    assert_true(harness->chain->endpoints[0].penalty > harness->chain->endpoints[1].penalty);
    watched_habits(harness, 0)->lies = false;
    watched_habits(harness, 2)->is_mute = true;
    event = watched_ask(harness, &command);
    assert_int_equal(event->tree.outcome, OUTCOME_UNKNOWN);
    watched_habits(harness, 2)->is_mute = false;
    harness_lose(harness, 2);
    event = watched_ask(harness, &command);
    assert_int_equal(event->tree.outcome, OUTCOME_UNKNOWN);
    command.read_tree.everyone = false;
    event = watched_ask(harness, &command);
    assert_int_equal(event->tree.outcome, OUTCOME_OK);
    assert_false(event->tree.everyone);
    harness_close(harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quorum_in_peace),
        cmocka_unit_test(liars_below_the_quorum_change_nothing),
        cmocka_unit_test(servers_are_named_by_a_quorum),
        cmocka_unit_test(a_lie_is_kept_as_evidence),
        cmocka_unit_test(logs_of_other_contracts_are_counted),
        cmocka_unit_test(silent_ones_beyond_the_quorum_stop_nothing),
        cmocka_unit_test(without_a_quorum_nothing_is_given),
        cmocka_unit_test(lost_connections_make_no_smaller_quorum),
        cmocka_unit_test(null_is_no_dissent),
        cmocka_unit_test(null_is_no_part_of_a_split),
        cmocka_unit_test(a_lie_that_comes_late_is_evidence_too),
        cmocka_unit_test(logs_that_stay_away_are_evidence_and_late_ones_are_not),
        cmocka_unit_test(nobody_is_asked_in_vain),
        cmocka_unit_test(a_split_is_no_answer),
        cmocka_unit_test(behind_is_not_different),
        cmocka_unit_test(one_whose_head_is_old_by_the_clock_is_asked_last),
        cmocka_unit_test(a_slow_one_is_asked_last),
        cmocka_unit_test(one_that_lags_while_catching_up_hides_nothing),
        cmocka_unit_test(a_final_block_is_what_a_quorum_is_past),
        cmocka_unit_test(a_final_block_that_stays_back_is_told),
        cmocka_unit_test(one_that_changes_its_chain_is_not_used_again),
        cmocka_unit_test(everyone_is_more_than_a_quorum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
