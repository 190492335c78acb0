/* SPDX-License-Identifier: Apache-2.0 */
/* Where proofs come from: servers that modules name, and the stores that validators announce. */
#include "relay/hyperlane/ism.h"
#include "tests/support/core_world.h"
#include "tests/support/unit.h"

static struct message_row row_of(struct world *world, const struct hash *id)
{
    struct message_row row;

    assert_true(world_message(world, id, &row));
    return row;
}

static void expect(struct world *world, const struct hash *id, enum message_state state,
                   enum reason reason)
{
    const struct message_row row = row_of(world, id);

    assert_int_equal(state, row.state);
    assert_int_equal(reason, row.reason);
}

static struct world *world_at_rest(uint64_t seed)
{
    struct world *world = world_new(&(struct world_options){.seed = seed});

    world_run(world, 4);
    return world;
}

/* The first server's proof does not hold in the simulation: the next try asks the other one. */
static void a_server_that_lies_costs_one_try(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);

    world_set_module_type(world, MODULE_CCIP_READ);
    world_set_servers(world, "https://liar/", "https://good/");
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run_until_delivered(world, 60);
    assert_int_equal(2, world_commands(world, COMMAND_FETCH_LOOKUP));
    assert_int_equal(1, world_commands(world, COMMAND_SEND));
    world_free(world);
}

/* No server, none that has a proof, then one that does: the reason says which. */
static void servers_without_a_proof_are_asked_again(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);

    world_set_module_type(world, MODULE_CCIP_READ);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 5);
    expect(world, &id, MESSAGE_CHECKPOINTS, REASON_LOOKUP_FAILED);
    world_set_servers(world, "https://empty/", "http://bad url/");
    world_run(world, 20);
    expect(world, &id, MESSAGE_CHECKPOINTS, REASON_LOOKUP_FAILED);
    assert_true(world_commands(world, COMMAND_FETCH_LOOKUP) > 1);
    assert_int_equal(0, world_commands(world, COMMAND_PREPARE));
    world_set_servers(world, "https://good/", NULL);
    world_run_until_delivered(world, 120);
    world_free(world);
}

/* A server that answers only to who can prove to be it, behind one that has nothing: each is asked
 * with a signature of its own, and both are in the journal. */
static void servers_are_told_by_a_signature_who_asks(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 1, .sign_lookups = true});

    world_run(world, 3);
    world_set_module_type(world, MODULE_CCIP_READ);
    world_set_servers(world, "https://empty/", "https://picky/");
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run_until_delivered(world, 120);
    assert_int_equal(2, world_commands(world, COMMAND_SIGN_LOOKUP));
    assert_int_equal(1, world_commands(world, COMMAND_SEND));
    world_free(world);
}

/* Where there is {data} in the address nobody reads a signature. */
static void servers_asked_by_get_need_no_signature(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 1, .sign_lookups = true});

    world_run(world, 3);
    world_set_module_type(world, MODULE_CCIP_READ);
    world_set_servers(world, "https://empty/{data}", NULL);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 20);
    assert_int_equal(REASON_LOOKUP_FAILED, row_of(world, &id).reason);
    assert_true(world_commands(world, COMMAND_FETCH_LOOKUP) > 0);
    assert_int_equal(0, world_commands(world, COMMAND_SIGN_LOOKUP));
    world_free(world);
}

/* Unsigned without the configuration's word; and what the signer refuses is said. */
static void a_server_that_wants_a_signature_gets_none_unless_it_is_allowed(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);

    world_set_module_type(world, MODULE_CCIP_READ);
    world_set_servers(world, "https://picky/", NULL);
    struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 20);
    assert_int_equal(REASON_LOOKUP_FAILED, row_of(world, &id).reason);
    assert_int_equal(0, world_commands(world, COMMAND_SIGN_LOOKUP));
    world_free(world);

    world = world_new(&(struct world_options){.seed = 1, .sign_lookups = true});
    world_run(world, 3);
    world_set_module_type(world, MODULE_CCIP_READ);
    world_set_servers(world, "https://picky/", NULL);
    world_set_signer(world, OUTCOME_REFUSED);
    id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 20);
    assert_int_equal(REASON_SIGNER_REFUSED, row_of(world, &id).reason);
    assert_int_equal(0, world_commands(world, COMMAND_FETCH_LOOKUP));
    world_set_signer(world, OUTCOME_UNKNOWN);
    world_run(world, 40);
    assert_int_equal(0, world_commands(world, COMMAND_FETCH_LOOKUP));
    world_set_signer(world, OUTCOME_OK);
    world_run_until_delivered(world, 200);
    world_free(world);
}

/* Where validators publish is remembered, and asked anew of the one that announced another store.
 */
static void an_announcement_makes_a_validators_store_be_asked_anew(void **state)
{
    (void)state;
    struct world *world = world_at_rest(1);

    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run_until_delivered(world, 20);
    const uint32_t known = world_commands(world, COMMAND_READ_STORAGE);
    assert_true(known > 0);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run_until_delivered(world, 20);
    assert_int_equal(known, world_commands(world, COMMAND_READ_STORAGE));
    world_announce(world, WORLD_B, 0); /* on another chain: about other checkpoints */
    world_run(world, 6);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run_until_delivered(world, 20);
    assert_int_equal(known, world_commands(world, COMMAND_READ_STORAGE));
    world_announce(world, WORLD_A, 0);
    world_run(world, 6);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run_until_delivered(world, 20);
    assert_int_equal(known + 1, world_commands(world, COMMAND_READ_STORAGE));
    assert_true(world_replays(world));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_lies_costs_one_try),
        cmocka_unit_test(servers_without_a_proof_are_asked_again),
        cmocka_unit_test(servers_are_told_by_a_signature_who_asks),
        cmocka_unit_test(servers_asked_by_get_need_no_signature),
        cmocka_unit_test(a_server_that_wants_a_signature_gets_none_unless_it_is_allowed),
        cmocka_unit_test(an_announcement_makes_a_validators_store_be_asked_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
