/* SPDX-License-Identifier: Apache-2.0 */
/* What only EVM nodes do: their limits, habits and refusals, and what the adapter costs them. The
 * promises every family keeps are tested by tests/conformance/test_chain.c. */
#include <stdio.h>
#include <string.h>

#include "chains/evm/evm_internal.h"
#include "tests/conformance/evm_script.h"
#include "tests/conformance/harness.h"
#include "tests/support/unit.h"

enum { PATIENCE_ROUNDS = 3000 };

static struct harness *watching(void)
{
    struct harness *const harness = harness_open(&evm_script_fixture);

    harness_connect(harness, 0);
    harness_watch(harness, 1);
    return harness;
}

static uint32_t asked(const struct harness *harness, const char *method)
{
    return evm_script_asked(harness->world, method);
}

/* Follows `blocks` blocks with a dispatch in every second one; all must be known at the end. */
static void follow_blocks(struct harness *harness, uint32_t blocks)
{
    harness_run(harness, 300);
    for (uint32_t i = 0; i < blocks; i++) {
        if (i % 2 == 0) {
            (void)evm_script_fixture.dispatch(harness->world);
        }
        harness_mine(harness);
    }
    harness_run(harness, 700);
    harness_assert_synchronous(harness);
}

static void at_rest_a_block_costs_one_question(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    follow_blocks(harness, 4); /* the bloom is trusted now */
    const uint64_t before = chain_counters(harness->chain)->calls_sent;
    for (uint32_t i = 0; i < 20; i++) {
        harness_mine(harness);
    }
    /* The finalized block, and nothing else: the heads are told and their blooms exclude us. */
    assert_true(chain_counters(harness->chain)->calls_sent - before == 20);
    const uint64_t busy = chain_counters(harness->chain)->calls_sent;
    for (uint32_t i = 0; i < 20; i++) {
        (void)evm_script_fixture.dispatch(harness->world);
        harness_mine(harness);
    }
    assert_true(chain_counters(harness->chain)->calls_sent - busy == 40);
    harness_close(harness);
}

static void a_node_without_batches_is_asked_singly(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    evm_script_knobs(harness->world)->refuses_batches = true;
    follow_blocks(harness, 4);
    harness_close(harness);
}

static void a_node_without_subscriptions_is_asked_for_heads(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    evm_script_knobs(harness->world)->refuses_subscriptions = true;
    follow_blocks(harness, 6);
    /* A second or two, and not the five of a node that merely says nothing. */
    evm_script_fixture.mine(harness->world);
    harness_run(harness, 150);
    harness_assert_synchronous(harness);
    harness_close(harness);
}

static void a_bloom_that_lies_is_not_trusted(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    evm_script_knobs(harness->world)->lacks_bloom = true;
    follow_blocks(harness, 6);
    harness_close(harness);
}

static void logs_that_come_late_are_not_missed(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    harness_run(harness, 300);
    for (uint32_t i = 0; i < 6; i++) {
        (void)evm_script_fixture.dispatch(harness->world);
        evm_script_knobs(harness->world)->logs_late = 1;
        harness_mine(harness);
    }
    harness_assert_synchronous(harness);
    harness_close(harness);
}

static void ranges_end_at_seventeen(struct core_config *core, struct chain_config *config)
{
    (void)core;
    config->blocks_per_range = 17; /* the block after it has a dispatch */
}

/* Logs of another block than was asked for are no facts, whether a range or a hash was asked. */
static void logs_of_another_block_are_not_believed(void **state)
{
    (void)state;
    struct harness *const harness = harness_open_with(&evm_script_fixture, ranges_end_at_seventeen);

    chain_tick(harness->chain, harness->now);
    harness_connect(harness, 0);
    harness_watch(harness, 1);
    evm_script_knobs(harness->world)->confuses_blocks = true;
    for (uint32_t i = 0; i < 100 && asked(harness, "eth_getLogs") == 0; i++) {
        harness_run(harness, 1);
    }
    evm_script_knobs(harness->world)->confuses_blocks = false;
    follow_blocks(harness, 2);
    (void)evm_script_fixture.dispatch(harness->world);
    harness_mine(harness);
    evm_script_knobs(harness->world)->confuses_blocks = true;
    (void)evm_script_fixture.dispatch(harness->world);
    harness_mine(harness);
    assert_int_equal(harness->open.messages_count, 0);
    evm_script_knobs(harness->world)->confuses_blocks = false;
    harness_run(harness, 100);
    harness_assert_synchronous(harness);
    harness_close(harness);
}

/* The right number under a hash that is not the block's: an answer from another branch. */
static void logs_of_a_block_of_another_hash_are_not_believed(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    follow_blocks(harness, 2);
    const uint32_t known = harness->open.messages_count;
    const uint32_t blocks = harness->blocks_count;
    evm_script_knobs(harness->world)->renames_blocks = true;
    (void)evm_script_fixture.dispatch(harness->world);
    harness_mine(harness);
    harness_run(harness, 50);
    assert_int_equal(harness->blocks_count, blocks);
    assert_int_equal(harness->open.messages_count, known);
    evm_script_knobs(harness->world)->renames_blocks = false;
    harness_run(harness, 300);
    harness_assert_synchronous(harness);
    harness_close(harness);
}

static void a_final_block_that_was_not_given_is_not_final(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    follow_blocks(harness, 4);
    evm_script_knobs(harness->world)->forks_final = true;
    const uint64_t before = harness->final_number;
    for (uint32_t i = 0; i < 3; i++) {
        harness_mine(harness);
    }
    assert_true(harness->final_number == before);
    evm_script_knobs(harness->world)->forks_final = false;
    follow_blocks(harness, 2);
    harness_close(harness);
}

static void a_branch_of_equal_length_is_noticed(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    follow_blocks(harness, 6);
    evm_script_knobs(harness->world)->reorgs_short = true;
    evm_script_fixture.reorg(harness->world, 3);
    harness_run(harness, 300);
    assert_int_equal(harness->reorgs, 3);
    harness_assert_synchronous(harness);
    harness_close(harness);
}

static void overload_is_waited_out(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    evm_script_knobs(harness->world)->rate_limited = 6;
    follow_blocks(harness, 4);
    assert_true(chain_counters(harness->chain)->calls_repeated > 0);
    harness_close(harness);
}

static void a_busy_token_is_asked_by_account(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    harness_run(harness, 300);
    evm_script_knobs(harness->world)->noise_logs = 100;
    (void)evm_script_fixture.dispatch(harness->world);
    harness_mine(harness);
    const uint64_t bytes_before = chain_counters(harness->chain)->bytes_received;
    (void)evm_script_fixture.dispatch(harness->world);
    harness_mine(harness);
    /* One hundred foreign logs are some 40,000 bytes. */
    assert_true(chain_counters(harness->chain)->bytes_received - bytes_before < 10000);
    harness_assert_synchronous(harness);
    harness_close(harness);
}

static void finality_can_be_a_depth(struct core_config *core, struct chain_config *config)
{
    (void)core;
    config->finality = FINALITY_DEPTH;
}

static struct address fee_token(uint8_t byte)
{
    uint8_t bytes[20];

    memset(bytes, byte, sizeof(bytes));
    return address_from_evm(bytes);
}

static void deliveries_are_paid_for_with_tokens(struct core_config *core,
                                                struct chain_config *config)
{
    struct core_policy *policy = &core->policy;
    const struct core_chain *chain = &core->chains[config->chain_index];

    policy->rates[policy->rates_count++] = (struct core_rate){
        .domain = chain->domain, .token = fee_token(0x71), .price = amount_from_u64(1)};
    policy->rates[policy->rates_count++] = (struct core_rate){
        .domain = chain->domain + 1, .token = fee_token(0x72), .price = amount_from_u64(1)};
    policy->rules[policy->rules_count++] = (struct core_rule){
        .kind = RULE_GAS_PAYMENT, .demand = GAS_DEMAND_MINIMUM, .fee_token = fee_token(0x73)};
}

static bool is_watched_token(const struct evm *evm, uint8_t byte)
{
    const struct address token = fee_token(byte);
    const struct evm_contract *contract = evm_interest_contract(&evm->interest, &token);

    return contract != NULL && (contract->roles & EVM_ROLE_TOKEN) != 0;
}

/* Their transfers to the paymaster say what a payment was made with. */
static void tokens_that_deliveries_are_paid_with_are_watched(void **state)
{
    (void)state;
    struct harness *harness = watching();
    const struct evm *evm = (const struct evm *)(const void *)harness->chain;
    const uint32_t accounts_count = evm->interest.accounts_count;

    assert_false(is_watched_token(evm, 0x71));
    harness_close(harness);
    harness = harness_open_with(&evm_script_fixture, deliveries_are_paid_for_with_tokens);
    evm = (const struct evm *)(const void *)harness->chain;
    assert_true(is_watched_token(evm, 0x71));
    assert_false(is_watched_token(evm, 0x72)); /* of another chain */
    assert_true(is_watched_token(evm, 0x73));
    assert_int_equal(accounts_count + 1, evm->interest.accounts_count); /* the paymaster */
    harness_close(harness);
}

static void a_depth_needs_no_question_for_finality(void **state)
{
    (void)state;
    struct harness *const harness = harness_open_with(&evm_script_fixture, finality_can_be_a_depth);

    chain_tick(harness->chain, harness->now);
    harness_connect(harness, 0);
    harness_watch(harness, 1);
    follow_blocks(harness, 8);
    const uint32_t before = asked(harness, "eth_getBlockByNumber");
    for (uint32_t i = 0; i < 10; i++) {
        harness_mine(harness);
    }
    assert_int_equal(asked(harness, "eth_getBlockByNumber"), before);
    assert_true(harness->final_number ==
                evm_script_fixture.head(harness->world) - FIXTURE_FINALITY);
    harness_close(harness);
}

static struct command question(struct harness *harness, enum command_kind kind)
{
    struct command commands[FIXTURE_QUESTIONS_MAX];
    const uint32_t count = evm_script_fixture.questions(harness->world, commands);

    for (uint32_t i = 0; i < count; i++) {
        if (commands[i].kind == kind) {
            return commands[i];
        }
    }
    fail_msg("no such question");
    return commands[0];
}

static void the_answers_are_the_chains(void **state)
{
    (void)state;
    struct harness *const harness = watching();
    struct command command;

    evm_script_knobs(harness->world)->bridge_fee = 777;
    evm_script_knobs(harness->world)->bridge_fee_token = 5;
    follow_blocks(harness, 2);
    command = question(harness, COMMAND_READ_SECURITY);
    const struct event *event = &harness_ask(harness, &command, EVENT_SECURITY)->event;
    assert_int_equal(event->security.ism.nodes_count, 1);
    assert_int_equal(event->security.ism.validators_count, 3);
    command = question(harness, COMMAND_READ_STORAGE);
    event = &harness_ask(harness, &command, EVENT_STORAGE)->event;
    assert_int_equal(event->storage.locations_count, 2);
    command = question(harness, COMMAND_READ_TREE);
    event = &harness_ask(harness, &command, EVENT_TREE)->event;
    assert_int_equal(event->tree.count, 7); /* 3, 8, ... 33 of 36 final blocks */
    assert_int_equal(event->tree.root.bytes[31], 77);
    assert_int_equal(event->tree.branch.count, 0);
    command.read_tree.with_branch = true;
    event = &harness_ask(harness, &command, EVENT_TREE)->event;
    assert_int_equal(event->tree.outcome, OUTCOME_OK);
    assert_true(event->tree.with_branch);
    assert_int_equal(event->tree.branch.count, 32 * MERKLE_DEPTH);
    assert_int_equal(event->tree.branch.data[31], 0);
    assert_int_equal(event->tree.branch.data[32 * MERKLE_DEPTH - 1], MERKLE_DEPTH - 1);
    assert_int_equal(event->tree.count, 7);
    command = question(harness, COMMAND_READ_LANE);
    event = &harness_ask(harness, &command, EVENT_LANE)->event;
    assert_int_equal(event->lane.nonce_latest, 0);
    command = question(harness, COMMAND_READ_POSITIONS);
    event = &harness_ask(harness, &command, EVENT_POSITIONS)->event;
    assert_int_equal(event->positions.balances_count, 4); /* router, bridge, key; native */
    assert_int_equal(event->positions.vaults_count, 1);
    assert_int_equal(event->positions.quotes_count, 1);
    harness_close(harness);
}

/* Answers every question of a frame with the same quantity. */
static void forge_answers(const char *questions, const char *quantity, char *ret_text, size_t size)
{
    size_t count = 0;
    const char *at = questions;
    const char *between = "[";

    while ((at = strstr(at, "\"id\":")) != NULL) {
        at += 5;
        const int written =
            snprintf(ret_text + count, size - count, "%s{\"id\":%.*s,\"result\":\"%s\"}", between,
                     (int)strcspn(at, ","), at, quantity);
        assert_in_range(written, 1, size - count - 2);
        count += (size_t)written;
        between = ",";
    }
    memcpy(ret_text + count, "]", 2);
}

/* Borrowed parts of an answer are read while they are lent: a small loop without the harness's. */
static bool await_lent(struct harness *harness, enum event_kind kind, struct event *ret_event)
{
    for (uint32_t round = 0; round < PATIENCE_ROUNDS; round++) {
        struct chain_request request;
        struct bytes frame;
        harness->now.ns += HARNESS_ROUND_MS * UINT64_C(1000000);
        while (chain_next_request(harness->chain, &request)) {
            assert_int_equal(request.kind, CHAIN_REQUEST_FRAME);
            evm_script_fixture.take(harness->world, request.frame.endpoint_index,
                                    request.frame.bytes);
        }
        while (evm_script_fixture.give(harness->world, 0, &frame)) {
            const struct chain_reply reply = {.kind = CHAIN_REPLY_FRAME, .frame = frame};
            chain_on_reply(harness->chain, &reply, harness->now);
        }
        while (chain_next_event(harness->chain, ret_event)) {
            if (ret_event->kind == kind) {
                return true;
            }
        }
        chain_tick(harness->chain, harness->now);
    }
    return false;
}

static void lists_in_answers_are_whole(void **state)
{
    (void)state;
    struct harness *const harness = watching();
    struct command command = question(harness, COMMAND_READ_STORAGE);
    struct event event;

    evm_script_knobs(harness->world)->bridge_fee = 777;
    evm_script_knobs(harness->world)->bridge_fee_token = 5;
    follow_blocks(harness, 2);
    harness_perform(harness, &command);
    assert_true(await_lent(harness, EVENT_STORAGE, &event));
    assert_true(
        bytes_equal(event.storage.locations[0], bytes_from_string("file://b"))); /* newest */
    assert_true(bytes_equal(event.storage.locations[1], bytes_from_string("file://a")));
    command = question(harness, COMMAND_READ_SECURITY);
    harness_perform(harness, &command);
    assert_true(await_lent(harness, EVENT_SECURITY, &event));
    assert_int_equal(event.security.ism.nodes[0].type, MODULE_MESSAGE_ID_MULTISIG);
    assert_int_equal(event.security.ism.nodes[0].threshold, 2);
    assert_int_equal(event.security.ism.nodes[0].count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(event.security.ism.validators[i].address.bytes[31], i + 1);
    }
    command = question(harness, COMMAND_READ_POSITIONS);
    harness_perform(harness, &command);
    assert_true(await_lent(harness, EVENT_POSITIONS, &event));
    const struct amount balance = amount_from_u64(1000 + command.read_positions.block_number);
    assert_true(amount_equal(&event.positions.balances[0].amount, &balance));
    assert_true(amount_equal(&event.positions.vaults[0].total_assets, &balance));
    assert_true(amount_is_zero(&event.positions.vaults[0].own_shares));
    const struct amount native = amount_from_u64(777);
    const struct amount token = amount_from_u64(5);
    assert_true(amount_equal(&event.positions.quotes[0].fee_native, &native));
    assert_true(amount_equal(&event.positions.quotes[0].fee_token, &token));
    harness_close(harness);
}

/* Ids can be guessed: an answer counts from the endpoint that was asked, to the question as it was
 * asked last. */
static void answers_from_elsewhere_or_too_late_are_ignored(void **state)
{
    (void)state;
    struct harness *const harness = watching();
    const struct command command = question(harness, COMMAND_READ_LANE);
    struct chain_request request;
    struct event event;
    char first[4096];
    char text[8192];

    harness_connect(harness, 1);
    harness_run(harness, 300);
    harness_perform(harness, &command);
    assert_true(chain_next_request(harness->chain, &request));
    assert_int_equal(request.frame.endpoint_index, 0);
    assert_in_range(request.frame.bytes.count, 1, sizeof(first) - 1);
    memcpy(first, request.frame.bytes.data, request.frame.bytes.count);
    first[request.frame.bytes.count] = '\0';
    forge_answers(first, "0x77", text, sizeof(text));
    const struct chain_reply from_other = {
        .kind = CHAIN_REPLY_FRAME, .endpoint_index = 1, .frame = bytes_from_string(text)};
    chain_on_reply(harness->chain, &from_other, harness->now);
    assert_false(chain_next_event(harness->chain, &event));
    /* The endpoint says nothing; the question goes out again, a deadline after it was sent. */
    chain_tick(harness->chain, harness->now);
    harness->now.ns += 990000000;
    chain_tick(harness->chain, harness->now);
    while (chain_next_request(harness->chain, &request)) {
        /* Meanwhile it is put to the other one as well, because this one is slow. */
        assert_int_equal(request.frame.endpoint_index, 1);
    }
    harness->now.ns += 20000000;
    chain_tick(harness->chain, harness->now);
    assert_true(chain_next_request(harness->chain, &request));
    assert_int_equal(request.frame.endpoint_index, 0);
    char second[4096];
    assert_in_range(request.frame.bytes.count, 1, sizeof(second) - 1);
    memcpy(second, request.frame.bytes.data, request.frame.bytes.count);
    second[request.frame.bytes.count] = '\0';
    const struct chain_reply late = {
        .kind = CHAIN_REPLY_FRAME, .endpoint_index = 0, .frame = bytes_from_string(text)};
    chain_on_reply(harness->chain, &late, harness->now);
    assert_false(chain_next_event(harness->chain, &event));
    forge_answers(second, "0x5", text, sizeof(text));
    const struct chain_reply right = {
        .kind = CHAIN_REPLY_FRAME, .endpoint_index = 0, .frame = bytes_from_string(text)};
    chain_on_reply(harness->chain, &right, harness->now);
    assert_true(chain_next_event(harness->chain, &event));
    assert_int_equal(event.kind, EVENT_LANE);
    assert_int_equal(event.lane.nonce_latest, 5);
    harness_close(harness);
}

static void an_ism_that_routes_in_circles_is_refused(void **state)
{
    (void)state;
    struct harness *const harness = watching();
    const struct command command = question(harness, COMMAND_READ_SECURITY);

    evm_script_knobs(harness->world)->module_type = 1;
    const struct event *const event = &harness_ask(harness, &command, EVENT_SECURITY)->event;
    assert_int_equal(event->security.outcome, OUTCOME_REFUSED);
    harness_close(harness);
}

static void a_tree_of_modules_is_walked(void **state)
{
    (void)state;
    struct harness *const harness = watching();
    struct command command;
    struct event event;

    evm_script_knobs(harness->world)->modules = EVM_SCRIPT_MODULES;
    follow_blocks(harness, 2);
    command = question(harness, COMMAND_READ_SECURITY);
    harness_perform(harness, &command);
    assert_true(await_lent(harness, EVENT_SECURITY, &event));
    const struct ism *const ism = &event.security.ism;
    assert_int_equal(event.security.outcome, OUTCOME_OK);
    assert_status(STATUS_OK, ism_check(ism));
    assert_int_equal(ism->nodes_count, 5);
    assert_int_equal(ism->nodes[0].type, MODULE_AGGREGATION);
    assert_int_equal(ism->nodes[0].threshold, 2);
    assert_int_equal(ism->nodes[0].count, 3);
    assert_int_equal(ism->nodes[1].type, MODULE_NULL);
    assert_true(ism->nodes[1].only_relayer);
    assert_int_equal(ism->nodes[1].relayer.bytes[31], 0x77);
    assert_int_equal(ism->nodes[2].type, MODULE_ROUTING);
    assert_int_equal(ism->nodes[3].type, MODULE_WEIGHTED_MESSAGE_ID_MULTISIG);
    assert_int_equal(ism->nodes[3].weight_threshold, 6000000000);
    assert_int_equal(ism->validators[ism->nodes[3].first + 1].weight, 4000000000);
    assert_int_equal(ism->nodes[4].type, MODULE_MERKLE_ROOT_MULTISIG);
    assert_int_equal(ism->nodes[4].threshold, 2);
    assert_int_equal(ism->nodes[4].count, 3);
    assert_false(event.security.by_content);
    evm_script_knobs(harness->world)->modules = EVM_SCRIPT_MODULES_BY_CONTENT;
    harness_perform(harness, &command);
    assert_true(await_lent(harness, EVENT_SECURITY, &event));
    assert_true(event.security.by_content);
    assert_int_equal(event.security.ism.nodes_count, 5);
    harness_close(harness);
}

static void an_ism_of_another_kind_is_named(void **state)
{
    (void)state;
    struct harness *const harness = watching();
    const struct command command = question(harness, COMMAND_READ_SECURITY);

    evm_script_knobs(harness->world)->module_type = 7;
    const struct event *const event = &harness_ask(harness, &command, EVENT_SECURITY)->event;
    assert_int_equal(event->security.outcome, OUTCOME_OK);
    assert_int_equal(event->security.ism.nodes_count, 1);
    assert_int_equal(event->security.ism.validators_count, 0);
    harness_close(harness);
}

static void state_that_is_forgotten_is_unknown(void **state)
{
    (void)state;
    struct harness *const harness = watching();
    struct command command = question(harness, COMMAND_READ_POSITIONS);

    evm_script_knobs(harness->world)->forgets_state = true;
    const struct event *event = &harness_ask(harness, &command, EVENT_POSITIONS)->event;
    assert_int_equal(event->positions.outcome, OUTCOME_UNKNOWN);
    command = question(harness, COMMAND_READ_TREE);
    event = &harness_ask(harness, &command, EVENT_TREE)->event;
    assert_int_equal(event->tree.outcome, OUTCOME_UNKNOWN);
    harness_close(harness);
}

static void an_empty_tree_has_its_root(void **state)
{
    (void)state;
    struct harness *const harness = watching();
    struct command command = question(harness, COMMAND_READ_TREE);

    command.read_tree.block_number = 1;
    command.read_tree.block_hash = evm_script_fixture.block_hash(harness->world, 1);
    const struct event *const event = &harness_ask(harness, &command, EVENT_TREE)->event;
    assert_int_equal(event->tree.outcome, OUTCOME_OK);
    assert_int_equal(event->tree.count, 0);
    assert_hash("27ae5ba08d7291c96c8cbddcc148bf48a6d68c7974b94356f53754ef6171d757",
                event->tree.root);
    command.read_tree.with_branch = true;
    const struct event *const frontier = &harness_ask(harness, &command, EVENT_TREE)->event;
    assert_int_equal(frontier->tree.outcome, OUTCOME_OK);
    assert_int_equal(frontier->tree.branch.count, 32 * MERKLE_DEPTH);
    harness_close(harness);
}

static struct command rebalance(struct harness *harness, uint64_t fee_native_max,
                                uint64_t fee_token_max)
{
    struct command command = {.kind = COMMAND_PREPARE, .domain = harness->chain->domain};

    command.prepare = evm_script_fixture.leg(harness->world, 1);
    command.prepare.kind = LEG_REBALANCE;
    command.prepare.rebalance.router = harness->core.routers[0].router;
    command.prepare.rebalance.bridge = harness->core.routers[0].bridge;
    command.prepare.rebalance.destination = harness->core.routers[1].domain;
    command.prepare.rebalance.amount = amount_from_u64(1000000);
    command.prepare.rebalance.fee_native_max = amount_from_u64(fee_native_max);
    command.prepare.rebalance.fee_token_max = amount_from_u64(fee_token_max);
    return command;
}

static void a_rebalance_is_quoted_and_bounded(void **state)
{
    (void)state;
    struct harness *const harness = watching();
    const struct amount native = amount_from_u64(777);
    const struct amount token = amount_from_u64(5);

    evm_script_knobs(harness->world)->bridge_fee = 777;
    evm_script_knobs(harness->world)->bridge_fee_token = 5;
    struct command command = rebalance(harness, 777, 5);
    const struct event *event = &harness_ask(harness, &command, EVENT_PREPARED)->event;
    assert_int_equal(event->prepared.outcome, OUTCOME_OK);
    assert_true(amount_equal(&event->prepared.value, &native));
    assert_true(amount_equal(&event->prepared.fee_native, &native));
    assert_true(amount_equal(&event->prepared.fee_token, &token));
    command = rebalance(harness, 776, 5);
    event = &harness_ask(harness, &command, EVENT_PREPARED)->event;
    assert_int_equal(event->prepared.outcome, OUTCOME_REFUSED);
    command = rebalance(harness, 777, 4);
    event = &harness_ask(harness, &command, EVENT_PREPARED)->event;
    assert_int_equal(event->prepared.outcome, OUTCOME_REFUSED);
    command.prepare.rebalance.destination = 4242;
    event = &harness_ask(harness, &command, EVENT_PREPARED)->event;
    assert_int_equal(event->prepared.outcome, OUTCOME_REFUSED);
    harness_close(harness);
}

static bool begins(struct bytes text, const char *words)
{
    return text.count >= strlen(words) && memcmp(text.data, words, strlen(words)) == 0;
}

/* The router takes what the bridge asks in the token from its caller: our key has approved nothing,
 * a guard pays it. Who reads why a move is refused is told which. */
static void a_fee_in_the_token_that_nobody_pays_is_named(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        struct harness *const harness = watching();
        struct command command = rebalance(harness, 0, 5);
        const bool is_named = i == 0;
        evm_script_knobs(harness->world)->bridge_fee_token = i == 2 ? 0 : 5;
        if (i == 1) {
            command.prepare.rebalance.guard = harness->core.routers[0].bridge;
        }
        evm_script_fixture.refuse(harness->world, "ERC20: insufficient allowance");
        const struct event *event = &harness_ask(harness, &command, EVENT_PREPARED)->event;
        assert_int_equal(event->prepared.outcome, OUTCOME_REFUSED);
        assert_true(begins(event->prepared.reason,
                           is_named
                               ? "the fee is in the token, and only a guard pays that: execution "
                                 "reverted: ERC20: insufficient allowance"
                               : "execution reverted: ERC20: insufficient allowance"));
        harness_close(harness);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_rest_a_block_costs_one_question),
        cmocka_unit_test(a_node_without_batches_is_asked_singly),
        cmocka_unit_test(a_node_without_subscriptions_is_asked_for_heads),
        cmocka_unit_test(a_bloom_that_lies_is_not_trusted),
        cmocka_unit_test(logs_that_come_late_are_not_missed),
        cmocka_unit_test(logs_of_another_block_are_not_believed),
        cmocka_unit_test(logs_of_a_block_of_another_hash_are_not_believed),
        cmocka_unit_test(a_final_block_that_was_not_given_is_not_final),
        cmocka_unit_test(a_branch_of_equal_length_is_noticed),
        cmocka_unit_test(answers_from_elsewhere_or_too_late_are_ignored),
        cmocka_unit_test(overload_is_waited_out),
        cmocka_unit_test(a_busy_token_is_asked_by_account),
        cmocka_unit_test(tokens_that_deliveries_are_paid_with_are_watched),
        cmocka_unit_test(a_depth_needs_no_question_for_finality),
        cmocka_unit_test(the_answers_are_the_chains),
        cmocka_unit_test(lists_in_answers_are_whole),
        cmocka_unit_test(an_ism_that_routes_in_circles_is_refused),
        cmocka_unit_test(a_tree_of_modules_is_walked),
        cmocka_unit_test(an_ism_of_another_kind_is_named),
        cmocka_unit_test(state_that_is_forgotten_is_unknown),
        cmocka_unit_test(an_empty_tree_has_its_root),
        cmocka_unit_test(a_rebalance_is_quoted_and_bounded),
        cmocka_unit_test(a_fee_in_the_token_that_nobody_pays_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
