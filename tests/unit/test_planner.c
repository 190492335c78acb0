/* SPDX-License-Identifier: Apache-2.0 */
/* The planner's thread: a plan that takes however long holds up nothing.
 *
 * planning_answer is the test's own here and does not end before it is told to, so nothing depends
 * on how fast anything is. */
#include "tests/unit/driver_bench.h"

#include <pthread.h>

#include "relay/base/check.h"
#include "relay/node/loop/planner.h"

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool begun;
    bool may_end;
    bool answered;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct planner *planner;

static void gate_set(bool *what)
{
    CHECK(pthread_mutex_lock(&gate.lock) == 0);
    *what = true;
    CHECK(pthread_cond_broadcast(&gate.changed) == 0);
    CHECK(pthread_mutex_unlock(&gate.lock) == 0);
}

static void gate_wait(const bool *what)
{
    CHECK(pthread_mutex_lock(&gate.lock) == 0);
    while (!*what) {
        CHECK(pthread_cond_wait(&gate.changed, &gate.lock) == 0);
    }
    CHECK(pthread_mutex_unlock(&gate.lock) == 0);
}

void planning_answer(const struct hash *plan_id, struct bytes packed, struct planning *planning,
                     struct event *ret_event)
{
    gate_set(&gate.begun);
    gate_wait(&gate.may_end);
    (void)planning;
    *ret_event = (struct event){
        .kind = EVENT_PLANNED,
        .planned = {.plan_id = *plan_id, .outcome = OUTCOME_OK, .steps = packed.count}};
}

static enum status ask(const struct hash *plan_id, struct bytes packed)
{
    return planner_ask(planner, plan_id, packed);
}

static void wake(void *context)
{
    (void)context;
    gate_set(&gate.answered);
}

/* While a plan is being made, a leg goes from its fact through the journal to the signer and to its
 * chain, and what only reads is asked; the plan comes when it is ready. */
static void a_long_plan_delays_no_delivery(void **state)
{
    (void)state;
    static struct planning planning;
    struct event event;
    struct bench bench = bench_new();

    planner = planner_new(wake, NULL);
    assert_non_null(planner);
    ask_planner = ask;
    start(&bench);
    give(0, ASK_BIG_PLAN, 1);
    tick(&bench);
    commit_all(&bench);
    tick(&bench);
    assert_int_equal(outside.plans_count, 1);
    gate_wait(&gate.begun);
    for (uint32_t i = 2; i < 6; i++) {
        give(0, ASK_LANE | ASK_SEND | ASK_CHECKPOINT, i);
        tick(&bench);
        commit_all(&bench);
        tick(&bench);
        assert_int_equal(taken_of(0, COMMAND_SEND), i - 1);
        assert_int_equal(outside.signs_count, i - 1);
        assert_int_equal(taken_of(0, COMMAND_READ_LANE), i - 1);
        assert_false(planner_take(planner, &planning, &event));
    }
    gate_set(&gate.may_end);
    gate_wait(&gate.answered);
    assert_true(planner_take(planner, &planning, &event));
    assert_int_equal(event.planned.outcome, OUTCOME_OK);
    assert_int_equal(event.planned.steps, NETWORK_BYTES);
    assert_false(planner_take(planner, &planning, &event));
    planner = planner_free(planner);
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_long_plan_delays_no_delivery)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
