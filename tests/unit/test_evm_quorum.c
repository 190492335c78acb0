/* SPDX-License-Identifier: Apache-2.0 */
/* Several endpoints of one chain: what liars, silence and lag can do (promise 6 of chains/chain.h).
 *
 * Method: one imaginary chain behind up to five endpoints, some of which lie, lag or say nothing.
 * The liars all tell the same lies, about logs, blocks, balances, nonces, roots, receipts and
 * simulations. What the adapter says is compared with what the chain has. */
#include <stdio.h>

#include "tests/conformance/evm_script.h"
#include "tests/conformance/harness.h"
#include "tests/support/unit.h"

static uint32_t wanted_endpoints; /* of the harness that is opened next */
static uint32_t wanted_quorum;
static struct call_limits wanted_limits[ENDPOINTS_PER_CHAIN_MAX];

static void change(struct core_config *core, struct chain_config *config)
{
    (void)core;
    config->endpoints_count = wanted_endpoints;
    config->quorum = wanted_quorum;
    memcpy(config->limits, wanted_limits, sizeof(config->limits));
}

/* A chain that is watched through `endpoints` of which `quorum` must agree; the history is read. */
static struct harness *watching(uint32_t endpoints, uint32_t quorum)
{
    wanted_endpoints = endpoints;
    wanted_quorum = quorum;
    struct harness *const harness = harness_open_with(&evm_script_fixture, change);
    assert_non_null(harness->chain);
    chain_tick(harness->chain, harness->now);
    for (uint32_t i = 0; i < endpoints; i++) {
        harness_connect(harness, i);
    }
    harness_watch(harness, 1);
    harness_run(harness, 400);
    return harness;
}

#define SCRIPT_BEGINS_S UINT64_C(1700000000) /* the timestamp of its block 0; one a second */

static struct evm_script_habits *habits(struct harness *harness, uint32_t endpoint)
{
    return evm_script_habits(harness->world, endpoint);
}

static uint64_t calls_of(const struct harness *harness, uint32_t endpoint)
{
    return harness->chain->endpoints[endpoint].calls_sent;
}

static void follow_blocks(struct harness *harness, uint32_t blocks)
{
    for (uint32_t i = 0; i < blocks; i++) {
        if (i % 2 == 0) {
            (void)evm_script_fixture.dispatch(harness->world);
        }
        harness_mine(harness);
    }
    harness_run(harness, 700);
}

static bool was_told(const struct harness *harness, enum quorum_state state)
{
    for (uint32_t i = 0; i < harness->quorums_count; i++) {
        if (harness->quorums[i] == state) {
            return true;
        }
    }
    return false;
}

static struct command question(struct harness *harness, enum command_kind kind)
{
    struct command questions[FIXTURE_QUESTIONS_MAX];
    const uint32_t count = evm_script_fixture.questions(harness->world, questions);

    for (uint32_t i = 0; i < count; i++) {
        if (questions[i].kind == kind) {
            return questions[i];
        }
    }
    fail_msg("no such question");
    return questions[0];
}

static const struct event *ask(struct harness *harness, const struct command *command)
{
    return &harness_ask(harness, command, harness_answer_kind(command->kind))->event;
}

/* Every answer that decides is the chain's. */
static void assert_answers_are_true(struct harness *harness)
{
    struct command command = question(harness, COMMAND_READ_TREE);
    const struct event *event = ask(harness, &command);
    assert_int_equal(event->tree.outcome, OUTCOME_OK);
    assert_int_equal(event->tree.root.bytes[31], 77);
    command = question(harness, COMMAND_READ_LANE);
    event = ask(harness, &command);
    assert_int_equal(event->lane.outcome, OUTCOME_OK);
    assert_int_equal(event->lane.nonce_latest, 0);
    command = question(harness, COMMAND_READ_SECURITY);
    event = ask(harness, &command);
    assert_int_equal(event->security.outcome, OUTCOME_OK);
    assert_int_equal(event->security.ism.nodes_count, 1);
    command = question(harness, COMMAND_READ_POSITIONS);
    event = ask(harness, &command);
    assert_int_equal(event->positions.outcome, OUTCOME_OK);
}

static void a_quorum_in_peace(void **state)
{
    (void)state;
    struct harness *const harness = watching(3, 2);

    follow_blocks(harness, 6);
    harness_assert_synchronous(harness);
    assert_answers_are_true(harness);
    assert_int_equal(harness->dissents_count, 0);
    assert_int_equal(harness->quorums_count, 0);
    harness_close(harness);
}

/* Two of five, wherever they are, tell the same lies from the start or later on. */
static void liars_below_the_quorum_change_nothing(void **state)
{
    (void)state;
    for (uint32_t first = 0; first < 5; first++) {
        struct harness *const harness = watching(5, 3);
        habits(harness, first)->lies = true;
        habits(harness, (first + 1) % 5)->lies = true;
        follow_blocks(harness, 8);
        harness_assert_synchronous(harness);
        assert_answers_are_true(harness);
        for (uint32_t i = 0; i < harness->dissents_count; i++) {
            const uint32_t liar = harness->dissents[i].dissent.endpoint_index;
            assert_true(liar == first || liar == (first + 1) % 5);
            assert_true(harness->dissents[i].dissent.agreed_count >= 3);
        }
        assert_false(was_told(harness, QUORUM_SPLIT));
        harness_close(harness);
    }
}

/* The servers that prove a message are in the data of a revert: as many must name them as must
 * agree on anything, or one endpoint could send the node wherever it likes. */
static void servers_are_named_by_a_quorum(void **state)
{
    (void)state;
    struct harness *const harness = watching(3, 2);
    const struct command read = question(harness, COMMAND_READ_SECURITY);
    struct command command = {.kind = COMMAND_READ_LOOKUP, .domain = read.domain};

    evm_script_knobs(harness->world)->modules = EVM_SCRIPT_MODULES;
    command.read_lookup.message_id = read.read_security.message_id;
    command.read_lookup.message = read.read_security.message;
    command.read_lookup.module = evm_filled(0x99);
    const struct event *event = ask(harness, &command);
    assert_int_equal(event->lookup.outcome, OUTCOME_OK);
    assert_int_equal(event->lookup.urls_count, 1);
    assert_int_equal(harness->dissents_count, 0);
    habits(harness, 0)->lies = true;
    event = ask(harness, &command);
    assert_int_equal(event->lookup.outcome, OUTCOME_OK);
    harness_run(harness, 10);
    assert_true(harness->dissents_count > 0);
    assert_non_null(strstr(harness->dissent_question, "bbac9bc8"));
    habits(harness, 1)->is_mute = true;
    habits(harness, 2)->is_mute = true;
    event = ask(harness, &command);
    assert_int_equal(event->lookup.outcome, OUTCOME_UNKNOWN);
    harness_close(harness);
}

static void a_lie_is_kept_as_evidence(void **state)
{
    (void)state;
    struct harness *const harness = watching(3, 2);

    habits(harness, 0)->lies = true; /* the first one is asked first */
    const struct command command = question(harness, COMMAND_READ_TREE);
    assert_int_equal(ask(harness, &command)->tree.outcome, OUTCOME_OK);
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
    const uint64_t asked = calls_of(harness, 0);
    assert_int_equal(ask(harness, &command)->tree.outcome, OUTCOME_OK);
    assert_int_equal(calls_of(harness, 0), asked);
    harness_close(harness);
}

/* Among three it is outvoted; one that is alone is counted as well. */
static void logs_of_other_contracts_are_counted(void **state)
{
    (void)state;
    for (uint32_t endpoints = 1; endpoints <= 3; endpoints += 2) {
        struct harness *const harness = watching(endpoints, endpoints == 1 ? 1 : 2);

        follow_blocks(harness, 2);
        assert_int_equal(harness->chain->endpoints[0].foreign_logs, 0);
        habits(harness, 0)->misplaces_logs = true;
        follow_blocks(harness, 4);
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
        struct harness *const harness = watching(5, 3);
        habits(harness, first)->is_mute = true;
        habits(harness, (first + 1) % 5)->is_mute = true;
        follow_blocks(harness, 8);
        harness_assert_synchronous(harness);
        assert_answers_are_true(harness);
        assert_false(was_told(harness, QUORUM_LOST));
        harness_close(harness);
    }
}

/* Honest ones fall silent, the liar goes on: no quorum, and nothing is taken from the liar. */
static void without_a_quorum_nothing_is_given(void **state)
{
    (void)state;
    struct harness *const harness = watching(3, 2);

    follow_blocks(harness, 2);
    habits(harness, 0)->lies = true;
    habits(harness, 1)->is_mute = true;
    habits(harness, 2)->is_mute = true;
    const uint32_t known = harness->blocks_count;
    follow_blocks(harness, 4);
    assert_int_equal(harness->blocks_count, known);
    assert_true(was_told(harness, QUORUM_LOST));
    const struct command command = question(harness, COMMAND_READ_TREE);
    assert_int_equal(ask(harness, &command)->tree.outcome, OUTCOME_UNKNOWN);
    /* They come back, and everything that was missed is there. */
    habits(harness, 0)->lies = false;
    habits(harness, 1)->is_mute = false;
    follow_blocks(harness, 2);
    harness_run(harness, 1000);
    assert_true(was_told(harness, QUORUM_HELD));
    harness_assert_synchronous(harness);
    harness_close(harness);
}

/* A lost connection is no smaller quorum either. */
static void lost_connections_make_no_smaller_quorum(void **state)
{
    (void)state;
    struct harness *const harness = watching(3, 2);

    harness_lose(harness, 0);
    harness_lose(harness, 2);
    const uint32_t known = harness->blocks_count;
    follow_blocks(harness, 3);
    assert_int_equal(harness->blocks_count, known);
    assert_true(was_told(harness, QUORUM_LOST));
    harness_connect(harness, 2);
    follow_blocks(harness, 1);
    assert_true(was_told(harness, QUORUM_HELD));
    harness_assert_synchronous(harness);
    harness_close(harness);
}

/* Three endpoints, two of which must agree; one has no block of any number, and says so. */
static struct harness *one_forgets(uint32_t endpoint)
{
    wanted_endpoints = 3;
    wanted_quorum = 2;
    struct harness *const harness = harness_open_with(&evm_script_fixture, change);

    habits(harness, endpoint)->forgets_blocks = true;
    return harness;
}

static void watch_all_three(struct harness *harness)
{
    chain_tick(harness->chain, harness->now);
    for (uint32_t i = 0; i < 3; i++) {
        harness_connect(harness, i);
    }
    harness_watch(harness, 1);
    follow_blocks(harness, 8);
}

/* Its silence contradicts nobody, also when it said so as often as it was asked. */
static void null_is_no_dissent(void **state)
{
    (void)state;
    static const uint32_t slow_rounds[] = {45, 85}; /* it is asked again meanwhile; to the end */

    for (uint32_t i = 0; i < 6; i++) {
        const uint32_t endpoint = i % 3;
        struct harness *const harness = one_forgets(endpoint);
        habits(harness, (endpoint + 1) % 3)->slow_rounds = slow_rounds[i / 3];
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
        struct harness *const harness = watching(3, 2);
        const struct command command = question(harness, COMMAND_READ_TREE);
        habits(harness, endpoint)->calls_are_null = true;
        habits(harness, (endpoint + 1) % 3)->lies = true;
        assert_int_equal(ask(harness, &command)->tree.outcome, OUTCOME_UNKNOWN);
        harness_run(harness, 10);
        assert_true(was_told(harness, QUORUM_SPLIT));
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
    struct harness *const harness = watching(3, 2);
    const struct command command = question(harness, COMMAND_READ_TREE);

    habits(harness, 0)->lies = true;
    habits(harness, 0)->slow_rounds = 60;
    assert_int_equal(ask(harness, &command)->tree.outcome, OUTCOME_OK);
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
        struct harness *const harness = watching(3, 2);
        habits(harness, 0)->withholds_logs = true;
        (void)evm_script_fixture.dispatch(harness->world);
        harness_mine(harness);
        habits(harness, 0)->withholds_logs = withholds == 1;
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
    struct harness *const harness = watching(3, 2);
    const struct command command = question(harness, COMMAND_READ_TREE);

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
    struct harness *const harness = watching(4, 3);

    habits(harness, 0)->lies = true;
    habits(harness, 1)->lies = true;
    const struct command command = question(harness, COMMAND_READ_TREE);
    assert_int_equal(ask(harness, &command)->tree.outcome, OUTCOME_UNKNOWN);
    harness_run(harness, 10);
    assert_true(was_told(harness, QUORUM_SPLIT));
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
            struct harness *const harness = watching(3, 2);
            habits(harness, endpoint)->lag = lags[i];
            follow_blocks(harness, 8);
            harness_assert_synchronous(harness);
            assert_int_equal(harness->dissents_count, 0);
            assert_false(was_told(harness, QUORUM_SPLIT));
            harness_close(harness);
        }
    }
}

/* It goes on telling blocks, and by the clock they are a minute old: the other one is asked. */
static void one_whose_head_is_old_by_the_clock_is_asked_last(void **state)
{
    (void)state;
    const uint64_t lag = 70;

    wanted_endpoints = 2;
    wanted_quorum = 1;
    struct harness *const harness = harness_open_with(&evm_script_fixture, change);
    for (uint64_t i = 0; i < lag + 10; i++) {
        harness_mine(harness);
    }
    habits(harness, 0)->lag = lag;
    harness->now.ns = (SCRIPT_BEGINS_S + lag + 60) * UINT64_C(1000000000);
    chain_tick(harness->chain, harness->now);
    harness_connect(harness, 0);
    harness_connect(harness, 1);
    harness_watch(harness, 1);
    harness_run(harness, 400);
    follow_blocks(harness, 4);
    assert_true(harness->chain->endpoints[0].penalty > harness->chain->endpoints[1].penalty);
    harness_assert_synchronous(harness);
    const uint64_t asked = calls_of(harness, 1);
    const struct command command = question(harness, COMMAND_READ_TREE);
    assert_int_equal(ask(harness, &command)->tree.outcome, OUTCOME_OK);
    assert_true(calls_of(harness, 1) > asked);
    harness_close(harness);
}

/* It lags from the beginning: what it has not got is not asked for, so nothing is missing in the
 * ranges that the others give. */
/* It answers everything rightly and in time, and takes more than half of its deadline: after a few
 * answers the others are asked, and what is asked takes no longer than they do. */
static void a_slow_one_is_asked_last(void **state)
{
    (void)state;
    struct harness *const harness = watching(3, 2);
    const struct command command = question(harness, COMMAND_READ_TREE);

    habits(harness, 0)->slow_rounds = 60;
    follow_blocks(harness, 8);
    harness_assert_synchronous(harness);
    const struct chain_endpoint *const seen = harness->chain->endpoints;
    assert_true(seen[0].latency.ns > DURATION_MS(500).ns);
    assert_true(seen[1].latency.ns < DURATION_MS(100).ns);
    assert_int_equal(seen[0].penalty, 0); /* nothing else speaks against it */
    const uint64_t asked = calls_of(harness, 0);
    const uint32_t known = harness->answers_count;
    harness_perform(harness, &command);
    assert_non_null(harness_await(harness, EVENT_TREE, known, 10));
    assert_int_equal(calls_of(harness, 0), asked);
    harness_close(harness);
}

static void one_that_lags_while_catching_up_hides_nothing(void **state)
{
    (void)state;
    for (uint32_t endpoint = 0; endpoint < 3; endpoint++) {
        wanted_endpoints = 3;
        wanted_quorum = 2;
        struct harness *const harness = harness_open_with(&evm_script_fixture, change);
        chain_tick(harness->chain, harness->now);
        habits(harness, endpoint)->lag = 25;
        for (uint32_t i = 0; i < 3; i++) {
            harness_connect(harness, i);
        }
        harness_watch(harness, 1);
        follow_blocks(harness, 4);
        harness_assert_synchronous(harness);
        assert_int_equal(harness->dissents_count, 0);
        harness_close(harness);
    }
}

static void a_final_block_is_what_a_quorum_is_past(void **state)
{
    (void)state;
    struct harness *const harness = watching(3, 2);

    habits(harness, 0)->final_lag = 3;
    follow_blocks(harness, 6);
    harness_assert_synchronous(harness); /* the two others name the newest */
    habits(harness, 1)->final_lag = 1;
    follow_blocks(harness, 6);
    /* Each names another one; the newest that two are past is the second's. */
    const uint64_t head = evm_script_fixture.head(harness->world);
    assert_int_equal(harness->final_number, head - FIXTURE_FINALITY - 1);
    harness_close(harness);
}

static void a_final_block_that_stays_back_is_told(void **state)
{
    (void)state;
    struct harness *const harness = watching(3, 2);

    follow_blocks(harness, 4);
    habits(harness, 0)->final_lag = 9;
    follow_blocks(harness, 30);
    assert_false(was_told(harness, QUORUM_FINAL_MOVED_BACK)); /* one alone lags */
    habits(harness, 1)->final_lag = 20;
    habits(harness, 2)->final_lag = 20;
    habits(harness, 0)->final_lag = 20;
    follow_blocks(harness, 2);
    assert_false(was_told(harness, QUORUM_FINAL_MOVED_BACK)); /* it may catch up */
    follow_blocks(harness, 10);
    assert_true(was_told(harness, QUORUM_FINAL_MOVED_BACK));
    harness_close(harness);
}

static void one_that_changes_its_chain_is_not_used_again(void **state)
{
    (void)state;
    struct harness *const harness = watching(3, 2);
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
    follow_blocks(harness, 4);
    harness_assert_synchronous(harness);
    assert_int_equal(harness->chain->endpoints[0].calls_sent, sent);
    harness_close(harness);
}

/* The slow one costs a part of its deadline, not all of it. */
static void a_slow_read_is_hedged(void **state)
{
    (void)state;
    struct harness *const harness = watching(3, 2);
    const struct command command = question(harness, COMMAND_READ_TREE);

    habits(harness, 0)->is_mute = true;
    const uint32_t known = harness->answers_count;
    harness_perform(harness, &command);
    /* The deadline is a second; a hundred rounds. */
    assert_non_null(harness_await(harness, EVENT_TREE, known, 30));
    harness_close(harness);
}

/* Two of three have a plan of ten calls a second: they are kept to it, and the third does not make
 * up a quorum by itself: everything takes its time, and everything comes. */
static void a_rate_is_never_exceeded(void **state)
{
    (void)state;
    const struct call_limits limits = {.calls_per_second = 10, .calls_burst = 20};
    wanted_limits[0] = limits;
    wanted_limits[1] = limits;
    struct harness *const harness = watching(3, 2);
    memset(wanted_limits, 0, sizeof(wanted_limits));

    follow_blocks(harness, 6);
    harness_run(harness, 6000);
    for (uint32_t second = 0; second < 20; second++) {
        const uint64_t before[2] = {calls_of(harness, 0), calls_of(harness, 1)};
        harness_run(harness, 100);
        /* A burst that was saved up, and what one second earns. */
        assert_true(calls_of(harness, 0) - before[0] <= 30);
        assert_true(calls_of(harness, 1) - before[1] <= 30);
    }
    const uint64_t start_ns = UINT64_C(1000000) * HARNESS_ROUND_MS * 6900;
    assert_true(calls_of(harness, 0) <= 20 + 10 * (start_ns / 1000000000 + 40));
    harness_assert_synchronous(harness);
    assert_answers_are_true(harness);
    harness_close(harness);
}

/* A day's budget ends: with three the other two go on, and what was spent is told in time. */
static void a_spent_day_leaves_the_work_to_others(void **state)
{
    (void)state;
    wanted_limits[0] = (struct call_limits){.calls_per_day = 60};
    struct harness *const harness = watching(3, 2);
    memset(wanted_limits, 0, sizeof(wanted_limits));

    follow_blocks(harness, 20);
    assert_int_equal(calls_of(harness, 0), 60);
    assert_int_equal(harness->chain->endpoints[0].calls_today, 60);
    assert_true(harness->calls_told >= 20);
    assert_int_equal(harness->calls_last.calls.endpoint_index, 0);
    assert_int_equal(harness->calls_last.calls.spent, 60);
    harness_assert_synchronous(harness);
    assert_answers_are_true(harness);
    assert_int_equal(harness->quorums_count, 0);
    harness_close(harness);
}

/* With two, of which both must agree, nothing is decided until the next day; and it is said. */
static void a_spent_day_never_makes_a_smaller_quorum(void **state)
{
    (void)state;
    wanted_limits[1] = (struct call_limits){.calls_per_day = 60};
    struct harness *const harness = watching(2, 2);
    memset(wanted_limits, 0, sizeof(wanted_limits));

    follow_blocks(harness, 20);
    harness_run(harness, 3000);
    assert_int_equal(calls_of(harness, 1), 60);
    assert_true(was_told(harness, QUORUM_LOST));
    const uint32_t blocks = harness->blocks_count;
    follow_blocks(harness, 4);
    assert_int_equal(harness->blocks_count, blocks);
    harness->now.ns += UINT64_C(86400) * 1000000000;
    harness_run(harness, 40);
    assert_true(was_told(harness, QUORUM_HELD));
    harness_close(harness);
}

/* What a day cost is not forgotten by a start. */
static void a_start_recalls_what_was_spent(void **state)
{
    (void)state;
    wanted_limits[0] = (struct call_limits){.calls_per_day = 100};
    struct harness *const harness = watching(3, 2);
    memset(wanted_limits, 0, sizeof(wanted_limits));

    assert_true(calls_of(harness, 0) < 60);
    harness->recalled.calls_day = harness->now.ns / (UINT64_C(86400) * 1000000000);
    harness->recalled.calls_spent[0] = 100;
    harness_watch(harness, 1);
    const uint64_t before = calls_of(harness, 0);
    follow_blocks(harness, 6);
    assert_int_equal(calls_of(harness, 0), before);
    harness_assert_synchronous(harness);
    harness_close(harness);
}

/* It is asked ever less while it refuses, and again when it does not. */
static void one_that_refuses_is_left_alone(void **state)
{
    (void)state;
    struct harness *const harness = watching(3, 2);

    habits(harness, 0)->is_limited = true;
    follow_blocks(harness, 4);
    harness_run(harness, 3000);
    const uint64_t before = calls_of(harness, 0);
    const uint64_t others = calls_of(harness, 1);
    follow_blocks(harness, 8);
    harness_run(harness, 1000);
    harness_assert_synchronous(harness);
    assert_answers_are_true(harness);
    assert_true(calls_of(harness, 0) - before <= 3); /* one now and then */
    assert_true(calls_of(harness, 1) - others > 20);
    assert_true(harness->chain->endpoints[0].refusals > 0);
    assert_int_equal(harness->dissents_count, 0);
    habits(harness, 0)->is_limited = false;
    harness_run(harness, 3400);
    const uint64_t later = calls_of(harness, 0);
    habits(harness, 1)->is_mute = true; /* now it takes this one */
    follow_blocks(harness, 4);
    assert_true(calls_of(harness, 0) - later >= 4);
    harness_assert_synchronous(harness);
    harness_close(harness);
}

/* What it asks for is granted, up to five minutes. */
static void a_plea_for_patience_is_granted(void **state)
{
    (void)state;
    struct harness *const harness = watching(3, 2);

    habits(harness, 0)->is_limited = true;
    habits(harness, 0)->asks_patience = true;
    follow_blocks(harness, 2);
    const uint64_t before = calls_of(harness, 0);
    follow_blocks(harness, 4);
    harness_run(harness, 2000);
    assert_int_equal(calls_of(harness, 0), before);
    harness_assert_synchronous(harness);
    habits(harness, 0)->is_limited = false;
    harness_run(harness, 4500);
    follow_blocks(harness, 2);
    assert_true(calls_of(harness, 0) > before);
    /* The transport says the same of a whole connection. */
    const struct chain_reply limited = {.kind = CHAIN_REPLY_LIMITED,
                                        .endpoint_index = 0,
                                        .limited = {.wait = DURATION_MS(86400000)}};
    chain_on_reply(harness->chain, &limited, harness->now);
    const uint64_t then = calls_of(harness, 0);
    follow_blocks(harness, 4);
    harness_run(harness, 20000);
    assert_int_equal(calls_of(harness, 0), then);
    harness_run(harness, 11000);
    follow_blocks(harness, 2);
    assert_true(calls_of(harness, 0) > then);
    harness_close(harness);
}

/* Of a large value: two that agree are a quorum, and not everyone. */
static void everyone_is_more_than_a_quorum(void **state)
{
    (void)state;
    struct harness *const harness = watching(3, 2);
    struct command command = question(harness, COMMAND_READ_TREE);

    follow_blocks(harness, 2);
    command.read_tree.everyone = true;
    const struct event *event = ask(harness, &command);
    assert_int_equal(event->tree.outcome, OUTCOME_OK);
    assert_true(event->tree.everyone);
    assert_int_equal(event->tree.root.bytes[31], 77);
    habits(harness, 0)->lies = true;
    event = ask(harness, &command);
    assert_int_equal(event->tree.outcome, OUTCOME_UNKNOWN);
    assert_true(event->tree.everyone);
    /* The other two are a quorum: it is no split, and known who lied. */
    harness_run(harness, 250);
    assert_false(was_told(harness, QUORUM_SPLIT));
    assert_true(harness->dissents_count > 0);
    for (uint32_t i = 0; i < harness->dissents_count; i++) {
        assert_int_equal(harness->dissents[i].dissent.endpoint_index, 0);
        assert_int_equal(harness->dissents[i].dissent.agreed_count, 2);
    }
    assert_true(harness->chain->endpoints[0].dissents > 0);
    assert_true(harness->chain->endpoints[0].penalty > harness->chain->endpoints[1].penalty);
    habits(harness, 0)->lies = false;
    habits(harness, 2)->is_mute = true;
    event = ask(harness, &command);
    assert_int_equal(event->tree.outcome, OUTCOME_UNKNOWN);
    habits(harness, 2)->is_mute = false;
    harness_lose(harness, 2);
    event = ask(harness, &command);
    assert_int_equal(event->tree.outcome, OUTCOME_UNKNOWN);
    command.read_tree.everyone = false;
    event = ask(harness, &command);
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
        cmocka_unit_test(a_slow_read_is_hedged),
        cmocka_unit_test(a_rate_is_never_exceeded),
        cmocka_unit_test(a_spent_day_leaves_the_work_to_others),
        cmocka_unit_test(a_spent_day_never_makes_a_smaller_quorum),
        cmocka_unit_test(a_start_recalls_what_was_spent),
        cmocka_unit_test(one_that_refuses_is_left_alone),
        cmocka_unit_test(a_plea_for_patience_is_granted),
        cmocka_unit_test(everyone_is_more_than_a_quorum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
