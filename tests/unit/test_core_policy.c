/* SPDX-License-Identifier: Apache-2.0 */
/* What lists and payments make of messages that are under way. */
#include <stdio.h>

#include "relay/core/config_rows.h"
#include "relay/core/message/policy.h"
#include "relay/core/view.h"
#include "tests/support/core_world.h"
#include "tests/support/unit.h"

static struct core_policy policy;

static void expect(struct world *world, const struct hash *id, enum message_state state,
                   enum reason reason)
{
    struct message_row row;

    assert_true(world_message(world, id, &row));
    assert_int_equal(state, row.state);
    assert_int_equal(reason, row.reason);
}

static struct core_rule *add_rule(enum rule_kind kind)
{
    struct core_rule *rule = &policy.rules[policy.rules_count++];

    *rule = (struct core_rule){.kind = kind};
    return rule;
}

/* To the last rule. */
static void add_recipient(uint8_t byte)
{
    struct core_condition *condition = &policy.conditions[policy.conditions_count++];

    *condition = (struct core_condition){.rule = policy.rules_count - 1, .field = MATCH_RECIPIENT};
    memset(condition->value.bytes + 12, byte, 20);
}

static struct world *world_with_policy(uint64_t seed)
{
    struct world *world =
        world_new(&(struct world_options){.seed = seed, .policy = &policy, .retries_max = 5});

    world_run(world, 4);
    return world;
}

static void what_the_whitelist_does_not_name_is_not_relayed(void **state)
{
    (void)state;
    policy = (struct core_policy){0};
    add_rule(RULE_WHITELIST);
    add_recipient(1);
    struct world *world = world_with_policy(1);
    const struct hash listed = world_dispatch(world, WORLD_A, WORLD_B, 1);
    const struct hash other = world_dispatch(world, WORLD_A, WORLD_B, 2);

    world_run(world, 20);
    expect(world, &listed, MESSAGE_DELIVERED, REASON_DELIVERED);
    expect(world, &other, MESSAGE_NOT_RELAYED, REASON_NOT_WHITELISTED);
    assert_true(world_replays(world));
    world_free(world);
}

/* Of the patterns those after the first, too: the rows are what a stopped node is looked at by. */
static void what_is_looked_for_in_bodies_is_kept_in_the_rows(void **state)
{
    (void)state;
    static struct core_config config;
    static struct core_config again;
    static uint8_t memory[1u << 18];
    struct packer packer = packer_from(memory, sizeof(memory));

    policy = (struct core_policy){0};
    add_rule(RULE_BLACKLIST);
    policy.conditions_count = 2;
    for (uint8_t i = 0; i < 2; i++) {
        policy.conditions[i] = (struct core_condition){.field = MATCH_BODY};
        policy.conditions[i].value.bytes[31] = i;
        (void)snprintf(policy.patterns[i].text, PATTERN_BYTES_MAX, "^0%u$", i);
    }
    policy.patterns_count = 2;
    config.policy = policy;
    config_pack(&config, &packer);
    assert_status(STATUS_OK, config_unpack(packer_finish(&packer), &again));
    assert_memory_equal(&policy.patterns, &again.policy.patterns, sizeof(policy.patterns));
    assert_int_equal(2, again.policy.patterns_count);
    assert_int_equal(MATCH_BODY, again.policy.conditions[1].field);
}

static void a_block_holds_a_message_until_its_end(void **state)
{
    (void)state;
    policy = (struct core_policy){0};
    struct world *probe = world_with_policy(1);
    const uint64_t begin_ns = world_now(probe).ns;
    world_free(probe);
    add_rule(RULE_BLOCK)->until.ns = begin_ns + 100 * WORLD_SECOND;
    struct world *world = world_with_policy(1);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);

    world_run(world, 90);
    expect(world, &id, MESSAGE_BLOCKED, REASON_BLOCKED);
    assert_int_equal(0, world_commands(world, COMMAND_READ_SECURITY));
    world_operator(world, OPERATOR_RETRY_MESSAGE, 0, &id); /* the list stands above it */
    world_run(world, 2);
    expect(world, &id, MESSAGE_BLOCKED, REASON_BLOCKED);
    world_run_until_delivered(world, 20);
    assert_true(world_replays(world));
    world_free(world);
}

/* The world pays for as much gas as its simulations say, at the dispatch. */
static void gas_that_is_paid_for_in_part_is_waited_for(void **state)
{
    (void)state;
    policy = (struct core_policy){0};
    struct core_rule *rule = add_rule(RULE_GAS_PAYMENT);
    rule->demand = GAS_DEMAND_QUOTED;
    rule->gas_numerator = 3;
    rule->gas_denominator = 2;
    struct world *world = world_with_policy(1);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);

    world_run(world, 20);
    expect(world, &id, MESSAGE_RETRY, REASON_UNPAID);
    world_pay(world, WORLD_B, WORLD_B, &id); /* on another chain: not for this message */
    world_pay(world, WORLD_A, WORLD_A, &id); /* for another destination: not for it either */
    world_run(world, 10);
    expect(world, &id, MESSAGE_RETRY, REASON_UNPAID);
    assert_int_equal(0, world_commands(world, COMMAND_SEND));
    world_pay(world, WORLD_A, WORLD_B, &id);
    world_run_until_delivered(world, 20);
    assert_true(world_replays(world));
    world_free(world);
}

static void a_minimum_is_asked_before_anything_is_read(void **state)
{
    (void)state;
    policy = (struct core_policy){0};
    struct core_rule *rule = add_rule(RULE_GAS_PAYMENT);
    rule->demand = GAS_DEMAND_MINIMUM;
    rule->payment = amount_from_u64(8); /* the world pays 7 */
    struct world *world = world_with_policy(1);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);

    world_run(world, 20);
    expect(world, &id, MESSAGE_RETRY, REASON_UNPAID);
    assert_int_equal(0, world_commands(world, COMMAND_READ_SECURITY));
    world_pay(world, WORLD_A, WORLD_B, &id);
    world_run_until_delivered(world, 20);
    world_free(world);
}

/* ---- limits ---- */

#define GAS_ONE_COSTS UINT64_C(1650000) /* 150,000 at a base fee of 10 and a tip of 1 */
#define GAS_ONE_MOST  UINT64_C(5040000) /* 240,000 at 21: what is reserved for it */

static const struct address coin = {{0}};

/* Of everything that is sent to this recipient. */
static struct core_limit *add_limit(const char *name, uint8_t recipient)
{
    struct core_limit *limit = &policy.limits[policy.limits_count];

    add_rule(RULE_LIMIT)->limit = policy.limits_count++;
    add_recipient(recipient);
    (void)snprintf(limit->name, sizeof(limit->name), "%s", name);
    return limit;
}

/* So many units for one coin of 10^18, or for one base unit of a token. */
static void add_rate(uint32_t domain, const struct address *token, uint64_t price)
{
    struct core_rate *rate = &policy.rates[policy.rates_count++];

    *rate = (struct core_rate){.domain = domain,
                               .token = *token,
                               .decimals = address_is_zero(token) ? 18 : 0,
                               .price = amount_from_u64(price)};
}

static struct budget_row budget_at(struct world *world, const char *name)
{
    const struct row_source source = row_table_source(world_rows(world));
    char memory[NAME_BYTES_MAX] = {0};
    struct budget_row budget;

    (void)snprintf(memory, sizeof(memory), "%s", name);
    assert_status(STATUS_OK, core_view_budget(&source, memory, WORLD_B, &budget));
    return budget;
}

static void a_route_whose_gas_is_too_dear_waits_and_the_others_go_on(void **state)
{
    (void)state;
    policy = (struct core_policy){0};
    add_limit("cheap", 1)->fee_per_gas_max = amount_from_u64(31);
    struct world *world = world_with_policy(1);

    world_set_base_fee(world, WORLD_B, 31); /* and a tip of 1 */
    const struct hash cheap = world_dispatch(world, WORLD_A, WORLD_B, 1);
    const struct hash other = world_dispatch(world, WORLD_A, WORLD_B, 2);
    world_run(world, 30);
    expect(world, &cheap, MESSAGE_RETRY, REASON_ROUTE_FEE_CEILING);
    expect(world, &other, MESSAGE_DELIVERED, REASON_DELIVERED);
    world_set_base_fee(world, WORLD_B, 30);
    world_run_until_delivered(world, 150);
    assert_true(world_replays(world));
    world_free(world);
}

/* Gas that became dear after the message was found affordable, while it waited for its turn. */
static void the_price_of_gas_is_looked_at_before_and_when_a_message_is_offered(void **state)
{
    (void)state;
    policy = (struct core_policy){0};
    add_limit("cheap", 1)->fee_per_gas_max = amount_from_u64(31);
    struct world *world = world_with_policy(1);

    world_set_base_fee(world, WORLD_B, 31);
    const struct hash early = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 15);
    expect(world, &early, MESSAGE_RETRY, REASON_ROUTE_FEE_CEILING);
    assert_int_equal(0, world_commands(world, COMMAND_READ_SECURITY)); /* not even asked for */
    world_set_base_fee(world, WORLD_B, 10);
    world_operator(world, OPERATOR_PAUSE, 0, NULL);
    const struct hash late = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 15);
    expect(world, &late, MESSAGE_OFFERED, REASON_PAUSED);
    world_set_base_fee(world, WORLD_B, 31);
    world_run(world, 15);
    expect(world, &late, MESSAGE_RETRY, REASON_ROUTE_FEE_CEILING);
    world_operator(world, OPERATOR_RESUME, 0, NULL);
    world_set_base_fee(world, WORLD_B, 30);
    world_run_until_delivered(world, 150);
    assert_true(world_replays(world));
    world_free(world);
}

static struct intent_row first_intent(struct world *world)
{
    const struct row_source source = row_table_source(world_rows(world));
    const struct address key = world_key(0);
    struct intent_row intent;
    uint64_t nonce = 0;

    assert_status(STATUS_OK, core_view_next_intent(&source, WORLD_B, &key, 0, &nonce, &intent));
    return intent;
}

/* Without a limit of its own it would offer 21: twice the base fee of 10, and a tip of 1. */
static void a_transaction_offers_no_more_than_its_route_allows(void **state)
{
    (void)state;
    policy = (struct core_policy){0};
    struct core_limit *limit = add_limit("cheap", 1);
    limit->fee_per_gas_max = amount_from_u64(15);
    limit->budget = amount_from_u64(GAS_ONE_MOST);
    struct world *world = world_with_policy(1);
    const struct amount allowed = amount_from_u64(15);
    const struct amount reserved = amount_from_u64(GAS_ONE_MOST / 21 * 15);

    world_set_including(world, false);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 10);
    const struct intent_row intent = first_intent(world);
    assert_int_equal(0, amount_compare(&intent.attempts[0].fee_per_gas_max, &allowed));
    const struct budget_row budget = budget_at(world, "cheap");
    assert_int_equal(0, amount_compare(&budget.reserved, &reserved));
    world_set_including(world, true);
    world_run_until_delivered(world, 60);
    assert_true(world_replays(world));
    world_free(world);
}

/* One of them may cost 15, one 17, one anything: together they offer 15, whoever came first. */
static void a_batch_offers_no_more_than_the_least_of_its_routes_allows(void **state)
{
    (void)state;
    const struct amount allowed = amount_from_u64(15);

    for (uint8_t first = 1; first <= 3; first++) {
        policy = (struct core_policy){0};
        add_limit("least", 1)->fee_per_gas_max = amount_from_u64(15);
        add_limit("more", 2)->fee_per_gas_max = amount_from_u64(17);
        struct world *world = world_new(&(struct world_options){
            .seed = 7, .policy = &policy, .retries_max = 5, .batch_messages_max = 3});
        world_run(world, 4);
        world_set_including(world, false);
        for (uint8_t i = 0; i < 3; i++) {
            (void)world_dispatch(world, WORLD_A, WORLD_B, (uint8_t)(1 + (first - 1 + i) % 3));
        }
        world_run(world, 15);
        const struct intent_row intent = first_intent(world);
        assert_int_equal(0, amount_compare(&intent.attempts[0].fee_per_gas_max, &allowed));
        world_set_including(world, true);
        world_run_until_delivered(world, 60);
        assert_int_equal(1, world_batches(world));
        assert_true(world_replays(world));
        world_free(world);
    }
}

static void a_route_spends_no_more_than_its_budget_in_a_window(void **state)
{
    (void)state;
    policy = (struct core_policy){0};
    struct core_limit *limit = add_limit("thrifty", 1);
    limit->budget = amount_from_u64(GAS_ONE_MOST + 2 * GAS_ONE_COSTS);
    limit->window.ns = 300 * WORLD_SECOND;
    struct world *world = world_with_policy(1);
    uint64_t spent_most = 0;
    uint32_t windows = 0;
    uint64_t window = 0;
    bool was_refused = false;

    for (uint32_t i = 0; i < 10; i++) {
        (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    }
    const struct hash other = world_dispatch(world, WORLD_A, WORLD_B, 2);
    for (uint32_t second = 0; second < 1500; second++) {
        world_run(world, 1);
        const struct budget_row budget = budget_at(world, "thrifty");
        uint64_t spent = 0;
        struct amount all;
        assert_status(STATUS_OK, amount_to_u64(&budget.spent, &spent));
        assert_status(STATUS_OK, amount_add(&budget.spent, &budget.reserved, &all));
        assert_true(amount_compare(&all, &limit->budget) <= 0);
        spent_most = spent > spent_most ? spent : spent_most;
        windows += budget.window != window ? 1 : 0;
        window = budget.window;
        was_refused = was_refused || spent + GAS_ONE_MOST > GAS_ONE_MOST + 2 * GAS_ONE_COSTS;
    }
    expect(world, &other, MESSAGE_DELIVERED, REASON_DELIVERED);
    assert_true(was_refused);
    assert_true(spent_most >= GAS_ONE_COSTS);
    assert_true(windows >= 3); /* ten do not fit into fewer */
    assert_int_equal(11, world_processed_by_us(world));
    const struct budget_row left = budget_at(world, "thrifty");
    assert_true(amount_is_zero(&left.reserved));
    assert_true(world_replays(world));
    world_free(world);
}

static void what_is_held_gives_its_part_of_the_budget_back(void **state)
{
    (void)state;
    policy = (struct core_policy){0};
    struct core_limit *limit = add_limit("thrifty", 1);
    limit->budget = amount_from_u64(GAS_ONE_MOST);
    limit->window.ns = 3600 * WORLD_SECOND;
    struct world *world = world_with_policy(1);

    world_set_including(world, false);
    const struct hash first = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 15);
    expect(world, &first, MESSAGE_SENT, REASON_AWAITING_INCLUSION);
    const struct hash second = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 15);
    expect(world, &second, MESSAGE_RETRY, REASON_ROUTE_BUDGET);
    const struct budget_row budget = budget_at(world, "thrifty");
    assert_int_equal(0, amount_compare(&budget.reserved, &limit->budget));
    world_set_signer(world, OUTCOME_REFUSED);
    world_operator(world, OPERATOR_HOLD_MESSAGE, 0, &second);
    world_set_including(world, true);
    world_run(world, 10);
    expect(world, &first, MESSAGE_DELIVERED, REASON_DELIVERED);
    const struct budget_row after = budget_at(world, "thrifty");
    assert_true(amount_is_zero(&after.reserved));
    assert_false(amount_is_zero(&after.spent));
    world_operator(world, OPERATOR_RETRY_MESSAGE, 0, &second);
    world_run(world, 10);
    expect(world, &second, MESSAGE_RETRY, REASON_ROUTE_BUDGET); /* until the window ends */
    assert_true(world_replays(world));
    world_free(world);
}

static void what_is_held_before_it_is_sent_takes_nothing_of_the_budget(void **state)
{
    (void)state;
    policy = (struct core_policy){0};
    struct core_limit *limit = add_limit("thrifty", 1);
    limit->budget = amount_from_u64(GAS_ONE_MOST);
    limit->window.ns = 3600 * WORLD_SECOND;
    struct world *world = world_with_policy(1);

    world_operator(world, OPERATOR_PAUSE, 0, NULL);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 15);
    expect(world, &id, MESSAGE_OFFERED, REASON_PAUSED);
    struct budget_row budget = budget_at(world, "thrifty");
    assert_int_equal(0, amount_compare(&budget.reserved, &limit->budget));
    world_operator(world, OPERATOR_HOLD_MESSAGE, 0, &id);
    budget = budget_at(world, "thrifty");
    assert_true(amount_is_zero(&budget.reserved));
    assert_true(world_replays(world));
    world_free(world);
}

/* Anybody can make a contract that says that something was paid. */
static void what_another_contract_says_was_paid_is_not(void **state)
{
    (void)state;
    policy = (struct core_policy){0};
    struct core_rule *rule = add_rule(RULE_GAS_PAYMENT);
    rule->demand = GAS_DEMAND_MINIMUM;
    rule->payment = amount_from_u64(100);
    struct world *world = world_with_policy(1);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);

    world_claim(world, &(struct world_payment){.domain = WORLD_A,
                                               .destination = WORLD_B,
                                               .message_id = id,
                                               .amount = 1000000,
                                               .contract = world_key(3)});
    world_run(world, 15);
    expect(world, &id, MESSAGE_RETRY, REASON_UNPAID);
    world_pay_with(world, WORLD_A, WORLD_B, &id, &coin, 93); /* and 7 with the dispatch */
    world_run_until_delivered(world, 30);
    assert_true(world_replays(world));
    world_free(world);
}

static void a_signature_that_is_refused_gives_the_budget_back(void **state)
{
    (void)state;
    policy = (struct core_policy){0};
    struct core_limit *limit = add_limit("thrifty", 1);
    limit->budget = amount_from_u64(GAS_ONE_MOST);
    limit->window.ns = 3600 * WORLD_SECOND;
    struct world *world = world_with_policy(1);

    world_set_signer(world, OUTCOME_REFUSED);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 15);
    expect(world, &id, MESSAGE_RETRY, REASON_SIGNER_REFUSED);
    const struct budget_row budget = budget_at(world, "thrifty");
    assert_true(amount_is_zero(&budget.reserved));
    assert_true(amount_is_zero(&budget.spent));
    world_set_signer(world, OUTCOME_OK);
    world_run_until_delivered(world, 60);
    assert_true(world_replays(world));
    world_free(world);
}

/* What is paid is worth 1,650,000 units more than nothing at a rate of one, and what it costs is
 * 1,650,000 as well. */
static void nothing_is_delivered_for_less_than_the_profit_wanted(void **state)
{
    (void)state;
    policy = (struct core_policy){0};
    struct core_limit *limit = add_limit("profit", 1);
    limit->wants_profit = true;
    limit->profit_min = amount_from_u64(10);
    add_rate(WORLD_A, &coin, UINT64_C(1000000000000000000));
    add_rate(WORLD_B, &coin, UINT64_C(1000000000000000000));
    struct world *world = world_with_policy(1);

    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1); /* pays 7 */
    world_run(world, 15);
    expect(world, &id, MESSAGE_RETRY, REASON_UNPROFITABLE);
    assert_int_equal(0, world_commands(world, COMMAND_READ_SECURITY));      /* not even asked for */
    world_pay_with(world, WORLD_A, WORLD_B, &id, &coin, GAS_ONE_COSTS + 2); /* one too few */
    world_run(world, 15);
    expect(world, &id, MESSAGE_RETRY, REASON_UNPROFITABLE);
    assert_true(world_commands(world, COMMAND_PREPARE) > 0);
    assert_int_equal(0, world_commands(world, COMMAND_SEND));
    world_pay_with(world, WORLD_A, WORLD_B, &id, &coin, 1);
    world_run_until_delivered(world, 30);
    assert_true(world_replays(world));
    world_free(world);
}

static void a_coin_without_a_rate_is_not_worth_nothing(void **state)
{
    (void)state;
    policy = (struct core_policy){0};
    add_limit("profit", 1)->wants_profit = true;
    add_rate(WORLD_A, &coin, UINT64_C(1000000000000000000));
    struct world *world = world_with_policy(1);

    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 15);
    expect(world, &id, MESSAGE_RETRY, REASON_RATE_UNKNOWN);
    world_pay_with(world, WORLD_A, WORLD_B, &id, &coin, UINT64_C(1000000000000000));
    world_run(world, 15);
    expect(world, &id, MESSAGE_RETRY, REASON_RATE_UNKNOWN);
    assert_true(world_replays(world));
    world_free(world);
}

/* A payment in a token is no payment in coins, and counts at the token's own rate. */
static void payments_in_a_token_count_as_the_token(void **state)
{
    (void)state;
    const struct address token = world_key(3);
    policy = (struct core_policy){0};
    struct core_rule *rule = add_rule(RULE_GAS_PAYMENT);
    rule->demand = GAS_DEMAND_MINIMUM;
    rule->payment = amount_from_u64(100);
    rule->fee_token = token;
    struct world *world = world_with_policy(1);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);

    world_pay_with(world, WORLD_A, WORLD_B, &id, &coin, 1000000);
    world_run(world, 15);
    expect(world, &id, MESSAGE_RETRY, REASON_UNPAID);
    world_claim(world, &(struct world_payment){.domain = WORLD_A,
                                               .destination = WORLD_B,
                                               .message_id = id,
                                               .token = token,
                                               .amount = 99, /* is what is transferred */
                                               .claimed = 1000000});
    world_run(world, 15);
    expect(world, &id, MESSAGE_RETRY, REASON_UNPAID);
    world_pay_with(world, WORLD_A, WORLD_B, &id, &token, 1);
    world_run_until_delivered(world, 30);
    assert_true(world_replays(world));
    world_free(world);
}

static void a_token_is_not_counted_as_coins(void **state)
{
    (void)state;
    const struct address token = world_key(3);
    policy = (struct core_policy){0};
    struct core_rule *rule = add_rule(RULE_GAS_PAYMENT);
    rule->demand = GAS_DEMAND_MINIMUM;
    rule->payment = amount_from_u64(100);
    add_limit("profit", 1)->wants_profit = true;
    add_rate(WORLD_A, &token, 2); /* so that it is known as one */
    add_rate(WORLD_A, &coin, 1);
    add_rate(WORLD_B, &coin, UINT64_C(1000000000000000000));
    struct world *world = world_with_policy(1);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);

    world_pay_with(world, WORLD_A, WORLD_B, &id, &token, GAS_ONE_COSTS);
    world_run(world, 15);
    expect(world, &id, MESSAGE_RETRY, REASON_UNPAID); /* of coins, which 7 were paid of */
    world_pay_with(world, WORLD_A, WORLD_B, &id, &coin, 93);
    world_run_until_delivered(world, 30); /* worth twice what it costs, by the token's rate */
    assert_true(world_replays(world));
    world_free(world);
}

/* A transaction that is included and reverts has used up what was paid. */
static void what_failed_tries_cost_is_taken_off(void **state)
{
    (void)state;
    const struct message_view view = {.origin = WORLD_A, .destination = WORLD_B};
    const struct hash id = {{1}};
    policy = (struct core_policy){0};
    struct core_rule *rule = add_rule(RULE_GAS_PAYMENT);
    rule->demand = GAS_DEMAND_MINIMUM;
    rule->payment = amount_from_u64(100);
    struct policy_paid paid = {.payment = amount_from_u64(150), .fee_spent = amount_from_u64(26)};

    assert_true(policy_gas(&policy, &view, &id, &paid, 0).is_met); /* no rates: as it is */
    add_rate(WORLD_A, &coin, UINT64_C(1000000000000000000));
    add_rate(WORLD_B, &coin, UINT64_C(2000000000000000000));
    assert_false(policy_gas(&policy, &view, &id, &paid, 0).is_met); /* 26 there are 52 here */
    paid.fee_spent = amount_from_u64(25);
    assert_true(policy_gas(&policy, &view, &id, &paid, 0).is_met);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_whitelist_does_not_name_is_not_relayed),
        cmocka_unit_test(what_is_looked_for_in_bodies_is_kept_in_the_rows),
        cmocka_unit_test(a_block_holds_a_message_until_its_end),
        cmocka_unit_test(gas_that_is_paid_for_in_part_is_waited_for),
        cmocka_unit_test(a_minimum_is_asked_before_anything_is_read),
        cmocka_unit_test(a_route_whose_gas_is_too_dear_waits_and_the_others_go_on),
        cmocka_unit_test(the_price_of_gas_is_looked_at_before_and_when_a_message_is_offered),
        cmocka_unit_test(a_transaction_offers_no_more_than_its_route_allows),
        cmocka_unit_test(a_batch_offers_no_more_than_the_least_of_its_routes_allows),
        cmocka_unit_test(a_route_spends_no_more_than_its_budget_in_a_window),
        cmocka_unit_test(what_is_held_gives_its_part_of_the_budget_back),
        cmocka_unit_test(what_is_held_before_it_is_sent_takes_nothing_of_the_budget),
        cmocka_unit_test(what_another_contract_says_was_paid_is_not),
        cmocka_unit_test(a_signature_that_is_refused_gives_the_budget_back),
        cmocka_unit_test(nothing_is_delivered_for_less_than_the_profit_wanted),
        cmocka_unit_test(a_coin_without_a_rate_is_not_worth_nothing),
        cmocka_unit_test(payments_in_a_token_count_as_the_token),
        cmocka_unit_test(a_token_is_not_counted_as_coins),
        cmocka_unit_test(what_failed_tries_cost_is_taken_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
