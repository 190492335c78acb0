/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as a validator's signature.
 *
 * Method: a message waits for its second signature, of a validator whose store had nothing yet. Its
 * answer comes from the test: signed as it must be, and wrong in one thing each. The same answer
 * without the fault is taken, so that nothing else was the matter. */
#include "relay/core/view.h"
#include "relay/hyperlane/checkpoint.h"
#include "tests/support/core_world.h"
#include "tests/support/literal.h"
#include "tests/support/unit.h"

#define SECOND_KEY 0x12 /* of the world's validators */

static uint32_t valid_count(struct world *world, const struct hash *id)
{
    const struct row_source source = row_table_source(world_rows(world));
    struct message_why why;

    assert_status(STATUS_OK, core_view_why(&source, id, &why));
    return why.valid_count;
}

/* As it is asked for: leaf 0 of WORLD_A. What is signed is what the checkpoint says. */
static struct event answer_to(const struct hash *id)
{
    struct event event;

    memset(&event, 0, sizeof(event));
    event.kind = EVENT_CHECKPOINT;
    event.domain = WORLD_A;
    event.checkpoint.outcome = OUTCOME_OK;
    event.checkpoint.message_id = *id;
    event.checkpoint.validator = test_key_address(SECOND_KEY);
    event.checkpoint.checkpoint.message_id = *id;
    event.checkpoint.checkpoint.root.bytes[0] = 7; /* any that enough validators sign will do */
    return event;
}

static void sign(struct world *world, struct event *event, uint8_t key)
{
    const struct core_chain *origin = &world_config(world)->chains[0];

    assert_int_equal(WORLD_A, origin->domain);
    const struct hash digest =
        checkpoint_digest(WORLD_A, &origin->tree_hook, &event->checkpoint.checkpoint);
    event->checkpoint.signature = test_key_sign(key, &digest);
}

/* One validator of three has signed; two must. */
static struct world *waiting(struct hash *ret_id)
{
    struct world *world = world_new(&(struct world_options){.seed = 1});

    world_run(world, 4);
    world_set_validators(world, 1);
    *ret_id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 6);
    assert_int_equal(1, valid_count(world, ret_id));
    return world;
}

static void what_is_wrong_in_one_thing_is_no_signature(void **state)
{
    (void)state;
    enum { INDEX, ID, ROOT_AFTER, KEY, OUTCOME, DOMAIN, ASKED_INDEX, FAULTS };
    struct hash id;
    struct world *world = waiting(&id);

    for (int fault = 0; fault < FAULTS; fault++) {
        struct event event = answer_to(&id);
        event.checkpoint.checkpoint.index = fault == INDEX ? 1 : 0;
        event.checkpoint.checkpoint.message_id.bytes[31] ^= fault == ID ? 1 : 0;
        sign(world, &event, fault == KEY ? 0x13 : SECOND_KEY);
        event.checkpoint.checkpoint.root.bytes[1] ^= fault == ROOT_AFTER ? 1 : 0;
        event.checkpoint.outcome = fault == OUTCOME ? OUTCOME_REFUSED : OUTCOME_OK;
        event.domain = fault == DOMAIN ? WORLD_B : WORLD_A;
        event.checkpoint.index = fault == ASKED_INDEX ? 5 : 0;
        event.checkpoint.checkpoint.index =
            fault == ASKED_INDEX ? 5 : event.checkpoint.checkpoint.index;
        world_step(world, &event);
        assert_int_equal(1, valid_count(world, &id));
    }
    struct event event = answer_to(&id);
    sign(world, &event, SECOND_KEY);
    world_step(world, &event);
    assert_int_equal(2, valid_count(world, &id));
    assert_true(world_replays(world));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_in_one_thing_is_no_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
