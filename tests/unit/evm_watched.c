/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/evm_watched.h"

#include <string.h>

#include "tests/support/unit.h"

static uint32_t wanted_endpoints; /* of the harness that is made next */
static uint32_t wanted_quorum;
struct call_limits watched_limits[ENDPOINTS_PER_CHAIN_MAX];

static void change(struct core_config *core, struct chain_config *config)
{
    (void)core;
    config->endpoints_count = wanted_endpoints;
    config->quorum = wanted_quorum;
    memcpy(config->limits, watched_limits, sizeof(config->limits));
}

struct harness *watched_new(uint32_t endpoints, uint32_t quorum)
{
    wanted_endpoints = endpoints;
    wanted_quorum = quorum;
    struct harness *const harness = harness_open_with(&evm_script_fixture, change);
    assert_non_null(harness->chain);
    return harness;
}

struct harness *watched_open(uint32_t endpoints, uint32_t quorum)
{
    struct harness *const harness = watched_new(endpoints, quorum);
    chain_tick(harness->chain, harness->now);
    for (uint32_t i = 0; i < endpoints; i++) {
        harness_connect(harness, i);
    }
    harness_watch(harness, 1);
    harness_run(harness, 400);
    return harness;
}

struct evm_script_habits *watched_habits(struct harness *harness, uint32_t endpoint)
{
    return evm_script_habits(harness->world, endpoint);
}

uint64_t watched_calls(const struct harness *harness, uint32_t endpoint)
{
    return harness->chain->endpoints[endpoint].calls_sent;
}

void watched_follow(struct harness *harness, uint32_t blocks)
{
    for (uint32_t i = 0; i < blocks; i++) {
        if (i % 2 == 0) {
            (void)evm_script_fixture.dispatch(harness->world);
        }
        harness_mine(harness);
    }
    harness_run(harness, 700);
}

bool watched_was_told(const struct harness *harness, enum quorum_state state)
{
    for (uint32_t i = 0; i < harness->quorums_count; i++) {
        if (harness->quorums[i] == state) {
            return true;
        }
    }
    return false;
}

struct command watched_question(struct harness *harness, enum command_kind kind)
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

const struct event *watched_ask(struct harness *harness, const struct command *command)
{
    return &harness_ask(harness, command, harness_answer_kind(command->kind))->event;
}

void watched_assert_true(struct harness *harness)
{
    struct command command = watched_question(harness, COMMAND_READ_TREE);
    const struct event *event = watched_ask(harness, &command);
    assert_int_equal(event->tree.outcome, OUTCOME_OK);
    assert_int_equal(event->tree.root.bytes[31], 77);
    command = watched_question(harness, COMMAND_READ_LANE);
    event = watched_ask(harness, &command);
    assert_int_equal(event->lane.outcome, OUTCOME_OK);
    assert_int_equal(event->lane.nonce_latest, 0);
    command = watched_question(harness, COMMAND_READ_SECURITY);
    event = watched_ask(harness, &command);
    assert_int_equal(event->security.outcome, OUTCOME_OK);
    assert_int_equal(event->security.ism.nodes_count, 1);
    command = watched_question(harness, COMMAND_READ_POSITIONS);
    event = watched_ask(harness, &command);
    assert_int_equal(event->positions.outcome, OUTCOME_OK);
}
