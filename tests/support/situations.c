/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/situations.h"

/* ---- situations ---- */

/* A payment that is above what the world pays. */
static struct core_policy policy;

static struct hash send_one(struct world *world)
{
    return world_dispatch(world, WORLD_A, WORLD_B, 1);
}

static struct hash send_and_wait(struct world *world, uint32_t seconds)
{
    const struct hash id = send_one(world);

    world_run(world, seconds);
    return id;
}

static struct hash not_final(struct world *world)
{
    return send_and_wait(world, 1);
}

static struct hash plainly(struct world *world)
{
    return send_and_wait(world, 20);
}

static struct hash origin_replaced(struct world *world)
{
    world_run(world, 10);
    world_reorg(world, WORLD_A, 5, false);
    world_run(world, 3);
    return world_dispatch(world, WORLD_B, WORLD_A, 1);
}

static struct hash chain_stopped(struct world *world)
{
    const struct hash id = origin_replaced(world);

    world_run(world, 20);
    return id;
}

static void resume_chain(struct world *world)
{
    world_operator(world, OPERATOR_RESUME, WORLD_A, NULL);
}

static struct hash one_signs(struct world *world)
{
    world_set_validators(world, 1);
    return send_and_wait(world, 30);
}

static void all_sign(struct world *world)
{
    world_set_validators(world, 3);
}

static struct hash cannot_prove(struct world *world)
{
    world_set_module_type(world, MODULE_ARB_L2_TO_L1);
    return send_and_wait(world, 10);
}

static void ordinary_module(struct world *world)
{
    world_set_module_type(world, MODULE_MESSAGE_ID_MULTISIG);
}

static struct hash cannot_read(struct world *world)
{
    world_set_module_type(world, MODULE_UNUSED);
    return send_and_wait(world, 10);
}

/* Two servers' answers of half the most each, and the head of their aggregation. */
static struct hash asks_too_much(struct world *world)
{
    world_set_module_type(world, MODULE_AGGREGATION);
    world_set_servers(world, "https://large/", NULL);
    return send_and_wait(world, 10);
}

static struct hash no_server(struct world *world)
{
    world_set_module_type(world, MODULE_CCIP_READ);
    world_set_servers(world, "https://empty/", NULL);
    return send_and_wait(world, 40);
}

static void good_server(struct world *world)
{
    world_set_servers(world, "https://good/", NULL);
}

static struct hash signer_refuses_lookup(struct world *world)
{
    world_set_module_type(world, MODULE_CCIP_READ);
    world_set_servers(world, "https://picky/", NULL);
    world_set_signer(world, OUTCOME_REFUSED);
    return send_and_wait(world, 40);
}

static struct hash signer_refuses(struct world *world)
{
    world_set_signer(world, OUTCOME_REFUSED);
    return send_and_wait(world, 20);
}

static void signer_signs(struct world *world)
{
    world_set_signer(world, OUTCOME_OK);
}

static struct hash reverts(struct world *world)
{
    world_set_simulation(world, OUTCOME_REFUSED, "execution reverted: closed");
    return send_and_wait(world, 6);
}

static struct hash reverts_again_and_again(struct world *world)
{
    const struct hash id = reverts(world);

    world_run(world, 120);
    return id;
}

static struct hash nobody_simulates(struct world *world)
{
    world_set_simulation(world, OUTCOME_UNKNOWN, "");
    return send_and_wait(world, 40);
}

static void simulates(struct world *world)
{
    world_set_simulation(world, OUTCOME_OK, "");
}

static struct hash dear(struct world *world)
{
    world_set_base_fee(world, WORLD_B, 5000);
    world_run(world, 30);
    return send_and_wait(world, 20);
}

static void cheap(struct world *world)
{
    world_set_base_fee(world, WORLD_B, 10);
}

static struct hash not_included(struct world *world)
{
    world_set_including(world, false);
    return send_and_wait(world, 10);
}

static void included(struct world *world)
{
    world_set_including(world, true);
}

static struct hash no_funds(struct world *world)
{
    world_set_balance(world, 1000);
    world_run(world, 70);
    return send_and_wait(world, 20);
}

static void funds(struct world *world)
{
    world_set_balance(world, UINT64_MAX);
}

static struct hash foreign(struct world *world)
{
    (void)send_one(world);
    world_run_until_delivered(world, 20);
    world_use_nonce(world, WORLD_B);
    world_run(world, 70);
    return send_and_wait(world, 20);
}

static void thaw(struct world *world)
{
    world_operator(world, OPERATOR_RESUME, WORLD_B, NULL);
}

static struct hash said(struct world *world, enum operator_action action)
{
    world_set_validators(world, 0);
    const struct hash id = send_and_wait(world, 10);

    world_operator_says(world, action, 0, &id, "a test");
    world_run(world, 5);
    return id;
}

static struct hash held(struct world *world)
{
    return said(world, OPERATOR_HOLD_MESSAGE);
}

static struct hash dropped(struct world *world)
{
    return said(world, OPERATOR_DROP_MESSAGE);
}

static struct hash paused(struct world *world)
{
    world_operator_says(world, OPERATOR_PAUSE, 0, NULL, "a test");
    return send_and_wait(world, 20);
}

static void unpause(struct world *world)
{
    world_operator(world, OPERATOR_RESUME, 0, NULL);
}

static struct hash delivered_elsewhere(struct world *world)
{
    world_set_validators(world, 0);
    const struct hash id = send_and_wait(world, 10);

    world_deliver_elsewhere(world, &id);
    world_run(world, 20);
    return id;
}

static struct hash reorged(struct world *world)
{
    const struct hash id = send_and_wait(world, 1);

    world_reorg(world, WORLD_A, 1, true);
    world_run(world, 20);
    return id;
}

static struct hash doubted(struct world *world)
{
    world_set_doubt(world, true);
    return send_and_wait(world, 90);
}

static void undoubted(struct world *world)
{
    world_set_doubt(world, false);
}

static struct hash queued(struct world *world)
{
    struct hash last = {{0}};

    world_set_validators(world, 0);
    for (uint32_t i = 0; i < 300; i++) {
        last = send_one(world);
    }
    world_run(world, 4);
    return last;
}

/* A minimum that is above what the world pays. */
static struct hash unpaid(struct world *world)
{
    return send_and_wait(world, 20);
}

/* ---- the table ---- */

static const struct situation situations[] = {
    {"not final", {.seed = 1}, not_final, "seen", REASON_AWAITING_FINALITY, true, NULL, NULL, NULL},
    {"a chain that is not delivered to",
     {.seed = 1, .relay_off = true},
     plainly,
     "not relayed",
     REASON_NOT_RELAYED,
     false,
     NULL,
     NULL,
     NULL},
    {"final blocks were replaced",
     {.seed = 1},
     chain_stopped,
     NULL,
     REASON_CHAIN_STOPPED,
     true,
     resume_chain,
     NULL,
     NULL},
    {"one validator of two has signed",
     {.seed = 1},
     one_signs,
     NULL,
     REASON_AWAITING_CHECKPOINTS,
     true,
     all_sign,
     "validators",
     "has not published it"},
    {"a module that is not proved to",
     {.seed = 1},
     cannot_prove,
     "retry",
     REASON_SECURITY_UNSUPPORTED,
     true,
     ordinary_module,
     "words",
     "kind 8 (Arbitrum L2-to-L1): 0x9999999999999999999999999999999999999999"},
    {"modules that cannot be read",
     {.seed = 1},
     cannot_read,
     "retry",
     REASON_SECURITY_UNKNOWN,
     true,
     ordinary_module,
     "words",
     "nested too deep"},
    {"modules that ask for more metadata than is sent",
     {.seed = 1},
     asks_too_much,
     "retry",
     REASON_METADATA_TOO_LARGE,
     true,
     ordinary_module,
     "words",
     "more than 8192 bytes"},
    {"fewer validators than wanted could forge it",
     {.seed = 1, .validators_min = 3},
     plainly,
     "retry",
     REASON_SECURITY_WEAK,
     true,
     NULL,
     "words",
     "2 of 3: kind 5 (message-id multisig): 0x99"},
    {"no server has a proof",
     {.seed = 1},
     no_server,
     NULL,
     REASON_LOOKUP_FAILED,
     true,
     good_server,
     NULL,
     NULL},
    {"the signer does not tell a server who asks",
     {.seed = 1, .sign_lookups = true},
     signer_refuses_lookup,
     NULL,
     REASON_SIGNER_REFUSED,
     true,
     signer_signs,
     NULL,
     NULL},
    {"it reverts",
     {.seed = 1},
     reverts,
     "retry",
     REASON_SIMULATION_REVERTED,
     true,
     simulates,
     "words",
     "closed"},
    {"it reverts again and again",
     {.seed = 1},
     reverts_again_and_again,
     "quarantined",
     REASON_SIMULATION_REVERTED,
     true,
     simulates,
     "words",
     "closed"},
    {"it was given up",
     {.seed = 1, .retries_max = 3},
     reverts_again_and_again,
     "dead",
     REASON_SIMULATION_REVERTED,
     true,
     NULL,
     "words",
     "closed"},
    {"nobody simulates it",
     {.seed = 1},
     nobody_simulates,
     NULL,
     REASON_SIMULATION_UNKNOWN,
     true,
     simulates,
     NULL,
     NULL},
    {"the base fee is above the ceiling",
     {.seed = 1},
     dear,
     NULL,
     REASON_FEE_CEILING,
     true,
     cheap,
     NULL,
     NULL},
    {"more gas than a transaction may use",
     {.seed = 1, .gas_limit_max = 30000},
     plainly,
     NULL,
     REASON_GAS_LIMIT,
     true,
     NULL,
     NULL,
     NULL},
    {"no key", {.seed = 1, .keyless = true}, plainly, NULL, REASON_NO_KEY, true, NULL, NULL, NULL},
    {"the signer refuses its transaction",
     {.seed = 1},
     signer_refuses,
     NULL,
     REASON_SIGNER_REFUSED,
     true,
     signer_signs,
     NULL,
     NULL},
    {"its transaction is in no block",
     {.seed = 1},
     not_included,
     "sent",
     REASON_AWAITING_INCLUSION,
     true,
     included,
     "transaction",
     "0x"},
    {"the key has no funds",
     {.seed = 1},
     no_funds,
     NULL,
     REASON_INSUFFICIENT_FUNDS,
     true,
     funds,
     NULL,
     NULL},
    {"somebody else used our key",
     {.seed = 1},
     foreign,
     NULL,
     REASON_FOREIGN_TRANSACTION,
     true,
     thaw,
     NULL,
     NULL},
    {"a person holds it", {.seed = 1}, held, "held", REASON_HELD, true, NULL, NULL, NULL},
    {"a person dropped it",
     {.seed = 1},
     dropped,
     "dropped",
     REASON_DROPPED,
     false,
     NULL,
     NULL,
     NULL},
    {"sending is paused", {.seed = 1}, paused, NULL, REASON_PAUSED, true, unpause, NULL, NULL},
    {"its payment is too small",
     {.seed = 1, .policy = &policy},
     unpaid,
     "retry",
     REASON_UNPAID,
     true,
     NULL,
     "payment",
     "\"enough\": false"},
    {"another relayer was first",
     {.seed = 1},
     delivered_elsewhere,
     "delivered",
     REASON_DELIVERED_ELSEWHERE,
     false,
     NULL,
     NULL,
     NULL},
    {"its dispatch was replaced",
     {.seed = 1},
     reorged,
     "orphaned",
     REASON_ORPHANED,
     false,
     NULL,
     NULL,
     NULL},
    {"a large value that an endpoint does not confirm",
     {.seed = 1, .large = true},
     doubted,
     NULL,
     REASON_AWAITING_EVERYONE,
     true,
     undoubted,
     NULL,
     NULL},
    {"enough others are under way",
     {.seed = 1},
     queued,
     "queued",
     REASON_QUEUED,
     true,
     NULL,
     NULL,
     NULL},
};

const struct situation *situation_at(uint32_t index)
{
    return index < sizeof(situations) / sizeof(situations[0]) ? &situations[index] : NULL;
}

struct world *situation_stage(const struct situation *of, struct hash *ret_id)
{
    policy = (struct core_policy){.rules_count = 1};
    policy.rules[0] = (struct core_rule){
        .kind = RULE_GAS_PAYMENT, .demand = GAS_DEMAND_MINIMUM, .payment = amount_from_u64(8)};
    struct world *world = world_new(&of->options);

    world_run(world, 4);
    *ret_id = of->stage(world);
    return world;
}
