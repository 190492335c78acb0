/* SPDX-License-Identifier: Apache-2.0 */
/* What lists and payments make of messages that are under way. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_whitelist_does_not_name_is_not_relayed),
        cmocka_unit_test(a_block_holds_a_message_until_its_end),
        cmocka_unit_test(gas_that_is_paid_for_in_part_is_waited_for),
        cmocka_unit_test(a_minimum_is_asked_before_anything_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
