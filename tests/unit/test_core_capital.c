/* SPDX-License-Identifier: Apache-2.0 */
/* One move through the whole core: facts in blocks, finality, balances asked and answered, the real
 * routing core, the real nonce lane, the bridge's message, its arrival; once undisturbed, then with
 * restarts at seeded steps that lose every answer under way.
 *
 * The outside here is small: two chains with a router and a bridge each, a pool of one transaction
 * per nonce, an operator of nothing. Somebody else delivers the bridge's message. */
#include <stdlib.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/limits.h"
#include "relay/base/prng.h"
#include "relay/core/capital/capital_view.h"
#include "relay/core/core.h"
#include "relay/hyperlane/message.h"
#include "relay/hyperlane/token.h"
#include "relay/node/driver/planning.h"
#include "tests/support/row_table.h"
#include "tests/support/unit.h"

#define CHAINS      2u
#define SECOND      UINT64_C(1000000000)
#define QUEUE_MAX   256u
#define FACTS_MAX   64u
#define SENT_MAX    8u
#define MESSAGE_MAX 256u

struct queued_fact {
    struct fact fact;
    uint8_t message[MESSAGE_MAX]; /* of a dispatch */
    size_t message_count;
};

struct side {
    uint64_t router;
    uint64_t bridge;
    uint64_t head;
    uint64_t routers[4096]; /* balances by block */
    uint64_t bridges[4096];
    struct queued_fact facts[FACTS_MAX]; /* of all blocks */
    uint32_t facts_count;
    uint64_t give_next; /* block that the node is given next; 0: it has not asked to watch */
    uint64_t nonce_latest;
};

struct sent {
    uint64_t nonce;
    struct leg leg;
    struct hash transaction;
    bool held;
    bool broadcast;
    uint64_t block; /* 0: not included */
    bool followed;
};

struct node {
    struct core_config config;
    struct row_table *table;
    void *rows_memory;
    void *core_memory;
    struct rows *rows;
    struct core *core;
    uint64_t now;
    uint64_t wake;
    struct prng prng;
    uint64_t restart_one_in;
    uint32_t restarts;
    struct side sides[CHAINS + 1];
    struct event queue[QUEUE_MAX]; /* answers under way */
    uint32_t queue_count;
    struct planning planning;
    struct balance balances[CHAINS + 1][2];
    struct bridge_quote quotes[CHAINS + 1];
    struct sent sent[SENT_MAX];
    uint32_t sent_count;
    uint32_t rebalances;    /* included */
    struct hash message_id; /* of the bridge's message */
    uint64_t message_at;    /* second in which it is delivered */
    uint64_t message_amount;
    bool delivered;
};

static struct address router_of(uint32_t domain)
{
    return evm_filled((uint8_t)(0x10 + domain));
}

static struct address bridge_of(uint32_t domain)
{
    return evm_filled((uint8_t)(0x20 + domain));
}

static struct address token_of(uint32_t domain)
{
    return evm_filled((uint8_t)(0x50 + domain));
}

static struct address mailbox_of(uint32_t domain)
{
    return evm_filled((uint8_t)(0x60 + domain));
}

static struct address key_of(void)
{
    return evm_filled(0x33);
}

static struct hash block_hash(uint32_t domain, uint64_t number)
{
    struct hash hash = hash_filled((uint8_t)(0x80 + domain));

    memcpy(hash.bytes, &number, sizeof(number));
    return hash;
}

/* ---- the node ---- */

static void step_once(struct node *node, const struct event *event);

static void node_open(struct node *node)
{
    node->rows = rows_init(node->rows_memory, 4096, 8u << 20, row_table_source(node->table));
    assert_status(STATUS_OK, core_init(node->core_memory, node->rows, &node->core));
    node->wake = UINT64_MAX;
    node->queue_count = 0;
    for (uint32_t i = 0; i < node->sent_count; i++) {
        node->sent[i].held = false;
        node->sent[i].followed = false;
    }
}

static void node_start(struct node *node)
{
    const struct event event = {
        .kind = EVENT_START,
        .start = {.config = &node->config, .build_id = bytes_from_string("test")}};

    step_once(node, &event);
}

static void configure(struct core_config *config)
{
    memcpy(config->node_name, "node", 5);
    memcpy(config->assets[0].symbol, "USDC", 5);
    config->assets[0].decimals = 6;
    config->assets_count = 1;
    for (uint32_t domain = 1; domain <= CHAINS; domain++) {
        struct core_chain *chain = &config->chains[config->chains_count++];
        struct core_router *router = &config->routers[config->routers_count++];
        chain->domain = domain;
        chain->chain_id = domain;
        chain->mailbox = mailbox_of(domain);
        chain->start_block = 1;
        chain->key = key_of();
        chain->fee_per_gas_max = amount_from_u64(1000);
        chain->priority_fee_per_gas = amount_from_u64(1);
        chain->gas_limit_max = 5000000;
        router->domain = domain;
        router->router = router_of(domain);
        router->token = token_of(domain);
        router->bridge = bridge_of(domain);
        router->weight.value = 5000;
    }
    config->route.mode = ROUTE_ACT;
    config->route.tolerance.value = 500;
    config->route.move_min = amount_from_u64(1000);
    config->route.move_max = amount_from_u64(1000000000);
    config->route.fee_max.value = 100;
    config->route.fee_native_max = amount_from_u64(1000);
    config->route.cooldown.ns = 5 * SECOND;
    config->route.plan_interval.ns = 2 * SECOND;
}

static struct node *node_new(uint64_t seed, uint64_t restart_one_in)
{
    struct node *node = calloc(1, sizeof(*node));

    assert_non_null(node);
    configure(&node->config);
    node->prng = prng_from(seed);
    node->restart_one_in = restart_one_in;
    node->now = 1000 * SECOND;
    node->sides[1] = (struct side){.router = 1300000, .bridge = 5000000};
    node->sides[2] = (struct side){.router = 700000, .bridge = 5000000};
    node->table = row_table_new();
    node->rows_memory = malloc(rows_footprint(4096, 8u << 20));
    node->core_memory = malloc(core_footprint());
    assert_non_null(node->rows_memory);
    assert_non_null(node->core_memory);
    node_open(node);
    node_start(node);
    return node;
}

static void node_free(struct node *node)
{
    row_table_free(node->table);
    free(node->rows_memory);
    free(node->core_memory);
    free(node);
}

static struct event *answer(struct node *node, const struct command *command, enum event_kind kind)
{
    assert_true(node->queue_count < QUEUE_MAX);
    struct event *event = &node->queue[node->queue_count++];
    memset(event, 0, sizeof(*event));
    event->kind = kind;
    event->domain = command->domain;
    return event;
}

/* ---- the outside's answers ---- */

static void answer_positions(struct node *node, const struct command *command)
{
    const uint32_t domain = command->domain;
    const struct side *side = &node->sides[domain];
    const uint64_t number = command->read_positions.block_number;
    struct event *event = answer(node, command, EVENT_POSITIONS);

    assert_true(number <= side->head && number < 4096);
    node->balances[domain][0] = (struct balance){router_of(domain), token_of(domain),
                                                 amount_from_u64(side->routers[number])};
    node->balances[domain][1] = (struct balance){bridge_of(domain), token_of(domain),
                                                 amount_from_u64(side->bridges[number])};
    node->quotes[domain] = (struct bridge_quote){.router = router_of(domain),
                                                 .destination = 3 - domain,
                                                 .amount = amount_from_u64(1000),
                                                 .fee_native = amount_from_u64(7)};
    event->positions.outcome = OUTCOME_OK;
    event->positions.block_number = number;
    event->positions.block_hash = command->read_positions.block_hash;
    event->positions.balances = node->balances[domain];
    event->positions.balances_count = 2;
    event->positions.quotes = &node->quotes[domain];
    event->positions.quotes_count = 1;
}

static void answer_plan(struct node *node, const struct command *command)
{
    struct event *event = answer(node, command, EVENT_PLANNED);
    struct event planned;

    planning_answer(&command->plan.plan_id, command->plan.network, &node->planning, &planned);
    assert_int_equal(planned.planned.outcome, OUTCOME_OK);
    event->planned = planned.planned;
}

static struct sent *sent_find(struct node *node, const struct hash *leg_id)
{
    for (uint32_t i = 0; i < node->sent_count; i++) {
        if (hash_equal(&node->sent[i].leg.id, leg_id)) {
            return &node->sent[i];
        }
    }
    return NULL;
}

static void answer_send(struct node *node, const struct command *command)
{
    const struct intent *intent = &command->send.intent;
    struct sent *sent = sent_find(node, &intent->leg_id);

    assert_int_equal(command->send.leg.kind, LEG_REBALANCE);
    if (sent == NULL) {
        assert_true(node->sent_count < SENT_MAX);
        sent = &node->sent[node->sent_count++];
        *sent = (struct sent){.nonce = intent->nonce, .leg = command->send.leg};
        sent->transaction = sha2_of(bytes_from(intent->leg_id.bytes, 32));
    }
    assert_int_equal(sent->nonce, intent->nonce); /* one payload per nonce, one nonce per leg */
    sent->held = true;
    struct event *event = answer(node, command, EVENT_SIGNED);
    event->signed_.leg_id = intent->leg_id;
    event->signed_.attempt = intent->attempt;
    event->signed_.outcome = OUTCOME_OK;
    event->signed_.key = intent->key;
    event->signed_.nonce = intent->nonce;
    event->signed_.transaction = sent->transaction;
}

static void answer_broadcast(struct node *node, const struct command *command)
{
    struct sent *sent = sent_find(node, &command->broadcast.leg_id);
    struct event *event = answer(node, command, EVENT_SUBMITTED);

    assert_non_null(sent);
    event->submitted.leg_id = command->broadcast.leg_id;
    event->submitted.transaction = command->broadcast.transaction;
    event->submitted.outcome = sent->held ? OUTCOME_OK : OUTCOME_UNKNOWN;
    event->submitted.reason = bytes_from_string(sent->held ? "" : "not held");
    sent->broadcast = sent->broadcast || sent->held;
}

static void receipt_give(struct node *node, struct sent *sent)
{
    const struct command command = {.domain = sent->leg.domain};
    struct event *event = answer(node, &command, EVENT_RECEIPT);

    event->receipt.leg_id = sent->leg.id;
    event->receipt.transaction = sent->transaction;
    event->receipt.outcome = OUTCOME_OK;
    event->receipt.succeeded = true;
    event->receipt.block_number = sent->block;
    event->receipt.block_hash = block_hash(sent->leg.domain, sent->block);
    event->receipt.gas_used = 200000;
    event->receipt.gas_price = amount_from_u64(2);
}

static void answer_prepare(struct node *node, const struct command *command)
{
    struct event *event = answer(node, command, EVENT_PREPARED);

    event->prepared.leg_id = command->prepare.id;
    event->prepared.outcome = OUTCOME_OK;
    event->prepared.gas = 243000;
    event->prepared.payload_digest = sha2_of(bytes_from(command->prepare.id.bytes, 32));
    event->prepared.fee_native = amount_from_u64(7);
    event->prepared.value = amount_from_u64(7);
}

static void answer_lane(struct node *node, const struct command *command)
{
    struct event *event = answer(node, command, EVENT_LANE);
    const struct side *side = &node->sides[command->domain];

    event->lane.key = command->read_lane.key;
    event->lane.outcome = OUTCOME_OK;
    event->lane.nonce_latest = side->nonce_latest;
    event->lane.balance = amount_from_u64(1000000000);
    for (uint32_t i = 0; i < node->sent_count; i++) {
        const struct sent *sent = &node->sent[i];
        if (sent->leg.domain == command->domain && sent->block != 0 && sent->block < side->head) {
            event->lane.nonce_final = sent->nonce + 1;
        }
    }
}

static void perform(struct node *node, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_READ_POSITIONS:
        answer_positions(node, command);
        break;
    case COMMAND_PLAN:
        answer_plan(node, command);
        break;
    case COMMAND_PREPARE:
        answer_prepare(node, command);
        break;
    case COMMAND_SEND:
        answer_send(node, command);
        break;
    case COMMAND_BROADCAST:
        answer_broadcast(node, command);
        break;
    case COMMAND_FOLLOW: {
        struct sent *sent = sent_find(node, &command->follow.leg_id);
        assert_non_null(sent);
        sent->followed = true;
        if (sent->block != 0) {
            receipt_give(node, sent);
        }
        break;
    }
    case COMMAND_READ_LANE:
        answer_lane(node, command);
        break;
    case COMMAND_WAKE:
        node->wake = command->wake.at.ns;
        break;
    case COMMAND_NOTE:
        if (command->note.level == NOTE_ALARM) {
            fail_msg("alarm %u: %.*s", command->note.reason, (int)command->note.text.count,
                     (const char *)command->note.text.data);
        }
        break;
    case COMMAND_WATCH:
        node->sides[command->domain].give_next = command->watch.from_block;
        break;
    case COMMAND_READ_SECURITY:
    case COMMAND_READ_STORAGE:
    case COMMAND_READ_LOOKUP:
    case COMMAND_FETCH_LOOKUP:
    case COMMAND_PUBLISH_REORG:
    case COMMAND_FETCH_CHECKPOINT:
    case COMMAND_READ_TREE:
    case COMMAND_SIGN_CHECKPOINT:
    case COMMAND_SIGN_ANNOUNCEMENT:
    case COMMAND_SIGN_LOOKUP:
    case COMMAND_PUBLISH_CHECKPOINT:
    case COMMAND_PUBLISH_ANNOUNCEMENT:
        break;
    }
}

/* ---- stepping ---- */

/* The books are balanced and every unit counts once, whatever just happened. */
static void invariants_check(struct node *node)
{
    const struct row_source source = row_table_source(node->table);
    struct capital_position positions[CHAINS];
    struct capital_ledger ledger;
    struct amount total;
    uint64_t value;
    uint32_t count;

    assert_status(STATUS_OK, capital_view_ledger(&source, "USDC", &ledger));
    assert_true(ledger.balanced);
    assert_status(STATUS_OK, capital_view_positions(&source, &node->config, 0, positions, CHAINS,
                                                    &count, &total));
    if (positions[0].ledger == LEDGER_RECONCILED && positions[1].ledger == LEDGER_RECONCILED) {
        assert_status(STATUS_OK, amount_to_u64(&total, &value));
        assert_int_equal(value, 2000000);
    }
}

static void step_once(struct node *node, const struct event *event)
{
    struct event stamped = *event;
    struct core_output output;

    stamped.at.ns = node->now;
    assert_true(rows_have_room(node->rows, 2u << 20));
    assert_status(STATUS_OK, core_step(node->core, &stamped, &output));
    const uint64_t generation = rows_seal(node->rows);
    row_table_commit(node->table, node->rows, generation);
    rows_durable(node->rows, generation);
    for (uint32_t i = 0; i < output.commands_count; i++) {
        perform(node, &output.commands[i]);
    }
    invariants_check(node);
}

/* A step, and now and then a crash after it. */
static void step(struct node *node, const struct event *event)
{
    step_once(node, event);
    if (prng_chance(&node->prng, node->restart_one_in)) {
        node->restarts++;
        node_open(node);
        node_start(node);
    }
}

static void answers_give(struct node *node)
{
    while (node->queue_count > 0) {
        const struct event event = node->queue[0];
        node->queue_count--;
        memmove(&node->queue[0], &node->queue[1], node->queue_count * sizeof(node->queue[0]));
        step(node, &event);
    }
}

/* ---- blocks ---- */

static struct fact *fact_add(struct node *node, uint32_t domain, enum fact_kind kind,
                             struct hash transaction, struct address contract)
{
    struct side *side = &node->sides[domain];

    assert_true(side->facts_count < FACTS_MAX);
    struct queued_fact *queued = &side->facts[side->facts_count];
    memset(queued, 0, sizeof(*queued));
    queued->fact.kind = kind;
    queued->fact.block_number = side->head + 1;
    queued->fact.block_hash = block_hash(domain, side->head + 1);
    queued->fact.transaction = transaction;
    queued->fact.log_index = side->facts_count++;
    queued->fact.contract = contract;
    return &queued->fact;
}

static void transfer_add(struct node *node, uint32_t domain, struct hash transaction,
                         struct address from, struct address to, uint64_t amount)
{
    struct fact *fact = fact_add(node, domain, FACT_TRANSFER, transaction, token_of(domain));

    fact->transfer.from = from;
    fact->transfer.to = to;
    fact->transfer.amount = amount_from_u64(amount);
}

/* What router.rebalance does, in the order of its logs. */
static void rebalance_include(struct node *node, struct sent *sent)
{
    const uint32_t domain = sent->leg.domain;
    const uint32_t other = sent->leg.rebalance.destination;
    struct side *side = &node->sides[domain];
    uint64_t amount;

    assert_status(STATUS_OK, amount_to_u64(&sent->leg.rebalance.amount, &amount));
    assert_true(side->router >= amount);
    side->router -= amount;
    side->bridge += amount;
    transfer_add(node, domain, sent->transaction, router_of(domain), bridge_of(domain), amount);
    struct fact *dispatch =
        fact_add(node, domain, FACT_DISPATCH, sent->transaction, mailbox_of(domain));
    struct queued_fact *queued = &side->facts[side->facts_count - 1];
    uint8_t body_memory[64];
    struct buffer body = buffer_from(body_memory, sizeof(body_memory));
    struct buffer message = buffer_from(queued->message, sizeof(queued->message));
    const struct token_message token = {.recipient = router_of(other),
                                        .amount = amount_from_u64(amount)};
    assert_status(STATUS_OK, token_message_write(&token, &body));
    const struct message_view view = {.version = MESSAGE_VERSION,
                                      .nonce = node->rebalances,
                                      .origin = domain,
                                      .destination = other,
                                      .sender = bridge_of(domain),
                                      .recipient = bridge_of(other),
                                      .body = buffer_bytes(&body)};
    assert_status(STATUS_OK, message_write(&view, &message));
    dispatch->dispatch.message = buffer_bytes(&message);
    struct fact *moved =
        fact_add(node, domain, FACT_COLLATERAL_MOVED, sent->transaction, router_of(domain));
    moved->collateral_moved.destination = other;
    moved->collateral_moved.recipient = router_of(other);
    moved->collateral_moved.amount = amount_from_u64(amount);
    moved->collateral_moved.rebalancer = key_of();
    sent->block = side->head + 1;
    side->nonce_latest = sent->nonce + 1;
    node->rebalances++;
    node->message_id = message_id(buffer_bytes(&message));
    node->message_amount = amount;
    node->message_at = node->now / SECOND + 5;
}

static void delivery_include(struct node *node, uint32_t domain)
{
    const struct hash transaction = hash_filled(0x77);
    struct fact *process = fact_add(node, domain, FACT_PROCESS, transaction, mailbox_of(domain));

    process->process.message_id = node->message_id;
    node->sides[domain].bridge -= node->message_amount;
    node->sides[domain].router += node->message_amount;
    transfer_add(node, domain, transaction, bridge_of(domain), router_of(domain),
                 node->message_amount);
    node->delivered = true;
}

static void block_mine(struct node *node, uint32_t domain)
{
    struct side *side = &node->sides[domain];

    for (uint32_t i = 0; i < node->sent_count; i++) {
        struct sent *sent = &node->sent[i];
        if (sent->leg.domain == domain && sent->broadcast && sent->block == 0 &&
            sent->nonce == side->nonce_latest) {
            rebalance_include(node, sent);
        }
    }
    if (domain == 2 && node->rebalances > 0 && !node->delivered &&
        node->now / SECOND >= node->message_at) {
        delivery_include(node, domain);
    }
    side->head++;
    side->routers[side->head] = side->router;
    side->bridges[side->head] = side->bridge;
}

/* One block with its facts. False: the node restarted meanwhile and asks anew. */
static bool block_give(struct node *node, uint32_t domain, uint64_t number)
{
    const struct side *side = &node->sides[domain];
    const uint32_t restarts = node->restarts;
    struct event event = {.kind = EVENT_FACT, .domain = domain};

    for (uint32_t i = 0; i < side->facts_count && restarts == node->restarts; i++) {
        event.fact = side->facts[i].fact;
        if (event.fact.block_number == number) {
            step(node, &event);
        }
    }
    if (restarts != node->restarts) {
        return false;
    }
    event = (struct event){.kind = EVENT_BLOCK, .domain = domain};
    event.block.number = number;
    event.block.hash = block_hash(domain, number);
    event.block.parent = block_hash(domain, number - 1);
    event.block.time_s = node->now / SECOND;
    event.block.base_fee = amount_from_u64(5);
    step(node, &event);
    return restarts == node->restarts;
}

/* Every block that the node has not had since it last asked to watch; all but the newest final. */
static void blocks_give(struct node *node, uint32_t domain)
{
    struct side *side = &node->sides[domain];

    while (side->give_next != 0 && side->give_next <= side->head) {
        const uint64_t number = side->give_next;
        if (block_give(node, domain, number)) {
            side->give_next = number + 1;
        }
    }
    if (side->give_next > 1 && side->head > 1) {
        struct event event = {.kind = EVENT_FINAL, .domain = domain};
        event.final.number = side->head - 1;
        event.final.hash = block_hash(domain, side->head - 1);
        step(node, &event);
    }
}

static void second_pass(struct node *node)
{
    for (uint32_t domain = 1; domain <= CHAINS; domain++) {
        block_mine(node, domain);
        blocks_give(node, domain);
    }
    for (uint32_t i = 0; i < node->sent_count; i++) {
        if (node->sent[i].followed && node->sent[i].block != 0) {
            node->sent[i].followed = false;
            receipt_give(node, &node->sent[i]);
        }
    }
    answers_give(node);
    for (uint32_t tenth = 0; tenth < 10; tenth++) {
        node->now += SECOND / 10;
        while (node->wake <= node->now) {
            const struct event event = {.kind = EVENT_WAKE};
            node->wake = UINT64_MAX;
            step(node, &event);
            answers_give(node);
        }
    }
}

static void expect_one_move(struct node *node)
{
    const struct row_source source = row_table_source(node->table);
    struct plan_asset asset;
    struct plan_row plan;
    struct move_row move;
    struct hash id = {{0}};

    assert_int_equal(node->rebalances, 1);
    assert_int_equal(node->sides[1].router, 1050000);
    assert_int_equal(node->sides[2].router, 950000);
    assert_status(STATUS_OK, capital_view_asset(&source, MOVE_BETWEEN_ROUTERS, "USDC", &asset));
    assert_int_equal(asset.reason, REASON_WITHIN_TOLERANCE);
    assert_status(STATUS_OK, capital_view_plan(&source, &asset.plan_id, &plan));
    assert_int_equal(plan.state, PLAN_DONE);
    assert_status(STATUS_NOT_FOUND, capital_view_next_open_move(&source, &id, &id, &move));
    id = capital_move_id(&asset.plan_id, 0);
    assert_status(STATUS_OK, capital_view_move(&source, &id, &move));
    assert_int_equal(move.state, MOVE_DONE);
    assert_memory_equal(&move.message_id, &node->message_id, sizeof(move.message_id));
    const struct amount gas = amount_from_u64(400000);
    assert_true(amount_equal(&move.gas_cost, &gas));
}

static void a_move_goes_through_the_whole_core(void **state)
{
    (void)state;
    struct node *node = node_new(1, 0);

    for (uint32_t i = 0; i < 40; i++) {
        second_pass(node);
    }
    expect_one_move(node);
    node_free(node);
}

/* Restarts lose every answer under way and what the adapter held; the move is still made once. */
static void restarts_move_nothing_twice(void **state)
{
    (void)state;

    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct node *node = node_new(seed, 12);
        for (uint32_t i = 0; i < 100; i++) {
            second_pass(node);
        }
        node->restart_one_in = 0;
        for (uint32_t i = 0; i < 40; i++) {
            second_pass(node);
        }
        assert_true(node->restarts > 10);
        expect_one_move(node);
        node_free(node);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_move_goes_through_the_whole_core),
        cmocka_unit_test(restarts_move_nothing_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
