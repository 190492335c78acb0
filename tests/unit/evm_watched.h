/* SPDX-License-Identifier: Apache-2.0 */
/* An imaginary chain that is watched through several endpoints with a quorum, for tests. */
#ifndef SLUICE_TESTS_UNIT_EVM_WATCHED_H
#define SLUICE_TESTS_UNIT_EVM_WATCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/conformance/evm_script.h"
#include "tests/conformance/harness.h"

/* Of the endpoints of the chain that is made next. */
extern struct call_limits watched_limits[ENDPOINTS_PER_CHAIN_MAX];

/* Nothing is connected yet. */
struct harness *watched_new(uint32_t endpoints, uint32_t quorum);
/* A chain of which `quorum` must agree; the history is read. */
struct harness *watched_open(uint32_t endpoints, uint32_t quorum);
struct evm_script_habits *watched_habits(struct harness *harness, uint32_t endpoint);
uint64_t watched_calls(const struct harness *harness, uint32_t endpoint);
/* So many blocks, every other one with a message, and the time to read them. */
void watched_follow(struct harness *harness, uint32_t blocks);
bool watched_was_told(const struct harness *harness, enum quorum_state state);
/* A command of that kind which the chain can answer. */
struct command watched_question(struct harness *harness, enum command_kind kind);
const struct event *watched_ask(struct harness *harness, const struct command *command);
/* Every answer that decides is the chain's. */
void watched_assert_true(struct harness *harness);

#endif
