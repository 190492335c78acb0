/* SPDX-License-Identifier: Apache-2.0 */
/* History that a first watch passed over: it is read beside what is new, once, and wherever the
 * node was stopped. */
#include "relay/base/digest.h"
#include "relay/core/view.h"
#include "tests/support/core_world.h"
#include "tests/support/unit.h"

enum { OLD_MESSAGES = 12, RECENT = 6 };

static struct past_row past_of(struct world *world)
{
    const struct row_source source = row_table_source(world_rows(world));
    struct past_row past;

    assert_status(STATUS_OK, core_view_past(&source, WORLD_A, &past));
    return past;
}

static bool is_delivered(struct world *world, const struct hash *id)
{
    struct message_row message;

    return world_message(world, id, &message) && message.state == MESSAGE_DELIVERED;
}

/* A message every third block that the node did not see. */
static struct world *world_with_history(const struct world_options *options, struct hash *ret_old)
{
    struct world *world = world_new(options);

    for (uint32_t i = 0; i < OLD_MESSAGES; i++) {
        ret_old[i] = world_dispatch(world, WORLD_A, WORLD_B, 1);
        world_mine_unseen(world, WORLD_A, 3);
    }
    world_mine_unseen(world, WORLD_A, 2 * RECENT);
    world_restart(world);
    return world;
}

static uint32_t delivered(struct world *world, const struct hash *ids)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < OLD_MESSAGES; i++) {
        count += is_delivered(world, &ids[i]) ? 1 : 0;
    }
    return count;
}

static void new_messages_do_not_wait_for_history(void **state)
{
    (void)state;
    struct hash old[OLD_MESSAGES];
    struct world *world =
        world_with_history(&(struct world_options){.seed = 1, .recent_blocks = RECENT}, old);

    world_run(world, 3);
    assert_true(world_noted(world, REASON_PAST_BEGUN));
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 20);
    assert_true(is_delivered(world, &id));
    assert_int_equal(0, delivered(world, old));
    assert_int_equal(1, past_of(world).next_number);
    world_set_past_rate(world, 2);
    world_run(world, 60);
    assert_int_equal(OLD_MESSAGES, delivered(world, old));
    assert_true(world_noted(world, REASON_PAST_READ));
    assert_true(world_replays(world));
    world_free(world);
}

static void history_goes_on_after_a_restart_where_it_was(void **state)
{
    (void)state;
    struct hash old[OLD_MESSAGES];
    struct world *world = world_with_history(
        &(struct world_options){.seed = 2, .recent_blocks = RECENT, .commit_every = 3}, old);

    world_set_past_rate(world, 1);
    for (uint32_t i = 0; i < 12; i++) {
        world_run(world, 3);
        const struct past_row before = past_of(world);
        assert_true(before.next_number < before.end);
        world_restart(world);
        const struct watch *const watch = world_watch(world, WORLD_A);
        assert_false(watch->may_pass);
        assert_true(watch->past_first + 1 >= before.next_number); /* but for what was not durable */
        assert_int_equal(before.end - 1, watch->past_last);
        assert_true(watch->from_block >= before.end);
    }
    world_run(world, 60);
    const struct past_row past = past_of(world);
    assert_int_equal(past.end, past.next_number);
    assert_int_equal(OLD_MESSAGES, delivered(world, old));
    for (uint32_t i = 0; i < OLD_MESSAGES; i++) {
        assert_int_equal(1, world_process_count(world, &old[i]));
    }
    world_restart(world);
    assert_int_equal(0, world_watch(world, WORLD_A)->past_last);
    assert_true(world_replays(world));
    world_free(world);
}

static void faults_and_kills_lose_nothing_of_history(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct hash old[OLD_MESSAGES];
        struct world *world =
            world_with_history(&(struct world_options){.seed = seed, .recent_blocks = RECENT}, old);
        world_set_past_rate(world, 1);
        world_set_faults(world, &(struct world_options){.seed = seed,
                                                        .recent_blocks = RECENT,
                                                        .lose_one_in = 10,
                                                        .repeat_one_in = 10,
                                                        .restart_one_in = 40,
                                                        .reorg_one_in = 20,
                                                        .commit_every = 4});
        world_run(world, 60);
        world_set_faults(world, &(struct world_options){.seed = seed, .recent_blocks = RECENT});
        world_set_past_rate(world, 8);
        world_run_until_delivered(world, 4000);
        assert_int_equal(OLD_MESSAGES, delivered(world, old));
        assert_true(world_replays(world));
        world_free(world);
    }
}

static void repeat_past(struct world *world)
{
    const uint32_t count = world_events_count(world);

    for (uint32_t i = 0; i < count; i++) {
        const struct event event = *world_event(world, i);
        if (event.kind == EVENT_PAST_FACT || event.kind == EVENT_PAST_BLOCK ||
            event.kind == EVENT_PASSED) {
            world_step(world, &event);
        }
    }
}

static struct event last_past_fact(struct world *world)
{
    uint32_t i = world_events_count(world);

    while (i > 0 && world_event(world, i - 1)->kind != EVENT_PAST_FACT) {
        i--;
    }
    assert_true(i > 0);
    return *world_event(world, i - 1);
}

/* Facts given again, after their block or out of order, and words of another past. */
static void late_words_of_the_past_change_nothing(void **state)
{
    (void)state;
    struct hash old[OLD_MESSAGES];
    struct world *world =
        world_with_history(&(struct world_options){.seed = 3, .recent_blocks = RECENT}, old);
    struct event event;

    world_set_past_rate(world, 1);
    world_run(world, 10);
    uint64_t facts = past_of(world).facts_count;
    assert_in_range(facts, 4, 2 * OLD_MESSAGES);
    repeat_past(world);
    assert_int_equal(facts, past_of(world).facts_count);
    /* The node was stopped inside a block: its first facts are given again. */
    event = last_past_fact(world);
    event.fact.block_number = past_of(world).next_number;
    world_step_unlogged(world, &event);
    world_step_unlogged(world, &event);
    assert_int_equal(facts + 1, past_of(world).facts_count);
    world_run(world, 60);
    facts = past_of(world).facts_count;
    repeat_past(world);
    event = (struct event){.kind = EVENT_PASSED, .domain = WORLD_A, .passed.first = 4000};
    world_step(world, &event);
    assert_int_equal(facts, past_of(world).facts_count);
    assert_true(past_of(world).end < 4000);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 20);
    assert_true(is_delivered(world, &id));
    world_free(world);
}

static bool node_at(struct world *world, uint32_t level, struct hash *ret_node)
{
    const struct row_source source = row_table_source(world_rows(world));
    uint8_t key[NODE_KEY_BYTES];
    struct bytes value;

    if (source.get(source.context, node_key(key, WORLD_A, level, 0), &value) != STATUS_OK) {
        return false;
    }
    struct unpacker unpacker = unpacker_from(value);
    *ret_node = unpack_hash(&unpacker);
    return unpacker_is_done(&unpacker);
}

static uint32_t tree_begins(struct world *world)
{
    const struct row_source source = row_table_source(world_rows(world));
    struct begin_row begin;
    uint8_t key[TREE_KEY_BYTES];
    struct bytes value;

    assert_status(STATUS_OK,
                  source.get(source.context, tree_key(key, WORLD_A, TREE_BEGIN), &value));
    assert_status(STATUS_OK, begin_row_unpack(value, &begin));
    return begin.state == BEGIN_DONE ? begin.count : UINT32_MAX;
}

/* New leaves are proved from the frontier that the chain states; once the past was read the tree is
 * whole, and its leaves can be proved as well. */
static void the_tree_is_whole_once_history_is_read(void **state)
{
    (void)state;
    struct hash leaves[40];
    struct hash node;
    struct world *world = world_new(&(struct world_options){.seed = 4, .recent_blocks = RECENT});

    for (uint32_t i = 0; i < 30; i++) {
        leaves[i] = world_dispatch(world, WORLD_A, WORLD_B, 1);
        world_mine_unseen(world, WORLD_A, 2);
    }
    world_mine_unseen(world, WORLD_A, 2 * RECENT);
    world_restart(world);
    world_run(world, 3);
    for (uint32_t i = 30; i < 40; i++) {
        leaves[i] = world_dispatch(world, WORLD_A, WORLD_B, 2);
    }
    world_run(world, 20);
    assert_true(is_delivered(world, &leaves[39]));
    assert_in_range(tree_begins(world), 30, 40);
    assert_false(node_at(world, 3, &node)); /* inside the frontier: nobody told it */
    world_set_past_rate(world, 4);
    world_run_until_delivered(world, 2000);
    world_run(world, 5);
    assert_int_equal(0, tree_begins(world));
    for (uint32_t count = 32, level = 0; count > 1; count /= 2) {
        for (uint32_t i = 0; i < count / 2; i++) {
            leaves[i] = keccak256_pair(&leaves[2 * i], &leaves[2 * i + 1]);
        }
        level++;
        if (level >= TREE_NODE_LEVEL_MIN) {
            assert_true(node_at(world, level, &node));
            assert_true(hash_equal(&leaves[0], &node));
        }
    }
    assert_true(world_replays(world));
    world_free(world);
}

/* Our own signatures and the books of capital follow the order of the blocks. */
static void where_order_matters_nothing_is_passed_over(void **state)
{
    (void)state;
    const struct world_options orders[] = {
        {.seed = 5, .recent_blocks = RECENT, .validate = true},
        {.seed = 5, .recent_blocks = RECENT, .large = true, .large_blocks = 2},
    };
    struct hash old[OLD_MESSAGES];

    for (uint32_t i = 0; i < 2; i++) {
        struct world *world = world_with_history(&orders[i], old);
        assert_false(world_watch(world, WORLD_A)->may_pass);
        world_run(world, 60);
        assert_int_equal(OLD_MESSAGES, delivered(world, old));
        assert_false(world_noted(world, REASON_PAST_BEGUN));
        world_free(world);
    }
}

/* A chain that was read in order goes on in order, whatever a late word says. */
static void what_was_begun_in_order_goes_on_in_order(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 6, .recent_blocks = RECENT});
    const struct event event = {.kind = EVENT_PASSED, .domain = WORLD_A, .passed.first = 500};

    const struct hash first = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 1); /* its facts are there, and not final */
    world_step(world, &event);
    assert_false(world_noted(world, REASON_PAST_BEGUN));
    world_restart(world);
    assert_false(world_watch(world, WORLD_A)->may_pass);
    world_run(world, 20);
    assert_true(is_delivered(world, &first));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_messages_do_not_wait_for_history),
        cmocka_unit_test(history_goes_on_after_a_restart_where_it_was),
        cmocka_unit_test(faults_and_kills_lose_nothing_of_history),
        cmocka_unit_test(late_words_of_the_past_change_nothing),
        cmocka_unit_test(the_tree_is_whole_once_history_is_read),
        cmocka_unit_test(where_order_matters_nothing_is_passed_over),
        cmocka_unit_test(what_was_begun_in_order_goes_on_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
