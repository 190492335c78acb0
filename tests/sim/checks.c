/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold, by models of their own: a set of what durable records allow to leave, a list of
 * what our key's transactions did, the world's own state. Nothing here calls the core. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/core/reason.h"
#include "relay/core/view.h"
#include "relay/node/driver/row_source.h"
#include "tests/sim/sim_internal.h"

#define IN_FLIGHT_MAX 64u /* of one key, where the configuration says nothing else */

/* ---- a set of digests ---- */

static struct hash *set_slot(const struct sim_set *set, const struct hash *value)
{
    uint32_t at = 0;

    memcpy(&at, value->bytes, sizeof(at));
    at &= set->capacity - 1;
    while (!hash_is_zero(&set->slots[at]) && !hash_equal(&set->slots[at], value)) {
        at = (at + 1) & (set->capacity - 1);
    }
    return &set->slots[at];
}

static void set_add(struct sim_set *set, const struct hash *value)
{
    if (set->count * 2 >= set->capacity) {
        const struct sim_set before = *set;
        set->capacity = before.capacity == 0 ? 1024 : before.capacity * 2;
        set->slots = calloc(set->capacity, sizeof(set->slots[0]));
        CHECK(set->slots != NULL);
        for (uint32_t i = 0; i < before.capacity; i++) {
            if (!hash_is_zero(&before.slots[i])) {
                *set_slot(set, &before.slots[i]) = before.slots[i];
            }
        }
        free(before.slots);
    }
    struct hash *const slot = set_slot(set, value);
    set->count += hash_is_zero(slot) ? 1 : 0;
    *slot = *value;
}

static bool set_has(const struct sim_set *set, const struct hash *value)
{
    return set->capacity > 0 && !hash_is_zero(set_slot(set, value));
}

/* ---- nothing leaves before it is durable ---- */

static struct hash name_send(uint32_t domain, const struct hash *leg_id, uint32_t attempt,
                             uint64_t nonce)
{
    uint8_t memory[64];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_u8(&packer, 's');
    pack_u32(&packer, domain);
    pack_hash(&packer, leg_id);
    pack_u32(&packer, attempt);
    pack_u64(&packer, nonce);
    return sha2_of(packer_finish(&packer));
}

static struct hash name_checkpoint(uint8_t act, uint32_t domain,
                                   const struct checkpoint *checkpoint)
{
    uint8_t memory[128];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_u8(&packer, act);
    pack_u32(&packer, domain);
    pack_hash(&packer, &checkpoint->root);
    pack_u32(&packer, checkpoint->index);
    pack_hash(&packer, &checkpoint->message_id);
    return sha2_of(packer_finish(&packer));
}

static struct hash name_announcement(uint8_t act, uint32_t domain)
{
    const uint8_t memory[5] = {act, (uint8_t)(domain >> 24), (uint8_t)(domain >> 16),
                               (uint8_t)(domain >> 8), (uint8_t)domain};

    return sha2_of(bytes_from(memory, sizeof(memory)));
}

static struct hash name_broadcast(const struct hash *transaction)
{
    struct sha2 sha2;

    sha2_init(&sha2);
    sha2_update(&sha2, bytes_from("b", 1));
    sha2_update(&sha2, bytes_from(transaction->bytes, 32));
    return sha2_finish(&sha2);
}

static void allow(struct sim *sim, struct hash name)
{
    set_add(&sim->durable, &name);
}

static void durable_command(struct sim *sim, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_SEND:
        sim_tell(sim, "durable: send on %u, attempt %u, nonce %llu, leg kind %d", command->domain,
                 command->send.intent.attempt, (unsigned long long)command->send.intent.nonce,
                 (int)command->send.leg.kind);
        allow(sim, name_send(command->domain, &command->send.intent.leg_id,
                             command->send.intent.attempt, command->send.intent.nonce));
        return;
    case COMMAND_BROADCAST:
        allow(sim, name_broadcast(&command->broadcast.transaction));
        return;
    case COMMAND_SIGN_CHECKPOINT:
        allow(sim, name_checkpoint('c', command->domain, &command->sign_checkpoint));
        return;
    case COMMAND_SIGN_ANNOUNCEMENT:
        allow(sim, name_announcement('a', command->domain));
        return;
    case COMMAND_PUBLISH_CHECKPOINT:
        allow(sim, name_checkpoint('p', command->domain, &command->publish_checkpoint.checkpoint));
        return;
    case COMMAND_PUBLISH_ANNOUNCEMENT:
        allow(sim, name_announcement('q', command->domain));
        return;
    case COMMAND_PUBLISH_REORG:
        allow(sim, name_announcement('r', command->domain));
        return;
    case COMMAND_WATCH:
    case COMMAND_READ_LOOKUP:
    case COMMAND_SIGN_LOOKUP:
    case COMMAND_FETCH_LOOKUP:
    case COMMAND_READ_SECURITY:
    case COMMAND_READ_STORAGE:
    case COMMAND_FETCH_CHECKPOINT:
    case COMMAND_PREPARE:
    case COMMAND_FOLLOW:
    case COMMAND_READ_LANE:
    case COMMAND_READ_POSITIONS:
    case COMMAND_READ_TREE:
    case COMMAND_PLAN:
    case COMMAND_WAKE:
    case COMMAND_NOTE:
        return;
    }
}

static void durable_event(struct sim *sim, const struct event *event)
{
    if (event->kind != EVENT_SIGNED || event->signed_.outcome != OUTCOME_OK) {
        return;
    }
    if (sim->legs_count == sim->legs_capacity) {
        sim->legs_capacity = sim->legs_capacity == 0 ? 256 : 2 * sim->legs_capacity;
        sim->legs = realloc(sim->legs, sim->legs_capacity * sizeof(sim->legs[0]));
        CHECK(sim->legs != NULL);
    }
    sim->legs[sim->legs_count++] =
        (struct sim_leg){.transaction = event->signed_.transaction,
                         .leg_id = event->signed_.leg_id,
                         .chain = (uint32_t)world_chain_of(&sim->world, event->domain)};
}

void checks_durable(struct sim *sim, const struct journal_batch *batch)
{
    if (sim->options.again) {
        return;
    }
    for (uint32_t i = 0; i < batch->records_count; i++) {
        struct record record;
        const enum status status = record_decode(batch->records[i], NULL, &sim->arena, &record);
        if (status != STATUS_OK) {
            sim_fail(sim, "a record cannot be read: %s", status_name(status));
            return;
        }
        switch (record.kind) {
        case RECORD_EVENT:
            durable_event(sim, &record.event);
            sim->core_digest = record.digest;
            break;
        case RECORD_COMMAND:
            durable_command(sim, &record.command);
            break;
        }
    }
}

static void check_allowed(struct sim *sim, struct hash name, const char *what)
{
    if (!sim->options.again && !set_has(&sim->durable, &name)) {
        sim_fail(sim, "%s left before it was durable", what);
    }
}

void checks_sign(struct sim *sim, const struct driver_sign *request)
{
    switch (request->kind) {
    case DRIVER_SIGN_TRANSACTION:
        check_allowed(sim,
                      name_send(request->domain, &request->transaction.leg_id,
                                request->transaction.attempt, request->transaction.nonce),
                      "an intent");
        return;
    case DRIVER_SIGN_CHECKPOINT:
        check_allowed(sim, name_checkpoint('c', request->domain, &request->checkpoint.checkpoint),
                      "a checkpoint");
        return;
    case DRIVER_SIGN_LOOKUP:
        return;
    case DRIVER_SIGN_ANNOUNCEMENT:
        check_allowed(sim, name_announcement('a', request->domain), "an announcement");
        return;
    }
}

void checks_publish(struct sim *sim, const struct driver_publish *request)
{
    check_allowed(sim,
                  request->is_reorg ? name_announcement('r', request->domain)
                  : request->is_announcement
                      ? name_announcement('q', request->domain)
                      : name_checkpoint('p', request->domain, &request->checkpoint),
                  "a publication");
}

void checks_broadcast(struct sim *sim, uint32_t chain, const struct hash *transaction)
{
    (void)chain;
    check_allowed(sim, name_broadcast(transaction), "a transaction");
}

/* ---- what the node says ---- */

void checks_note(struct sim *sim, const struct driver_note *note)
{
    sim_tell(sim, "note %u: %s %.*s", note->domain, reason_text((enum reason)note->reason),
             (int)note->text.count, note->text.count > 0 ? (const char *)note->text.data : "");
    static const enum reason without_cause[] = {
        REASON_REORG_BEYOND_FINALITY, REASON_LEAF_GAP,         REASON_ROOT_MISMATCH,
        REASON_WRONG_CHAIN,           REASON_MISSING_CONTRACT, REASON_FOREIGN_TRANSACTION,
        REASON_CHECKPOINT_REFUSED,    REASON_UNRECONCILED,     REASON_CONTRADICTION};
    if (sim->has_turncoats && note->reason == (uint32_t)REASON_WRONG_CHAIN) {
        return;
    }
    for (size_t i = 0; i < sizeof(without_cause) / sizeof(without_cause[0]); i++) {
        if (note->reason == (uint32_t)without_cause[i]) {
            sim_fail(sim, "the node complains about an honest world: %s: %.*s",
                     reason_text(without_cause[i]), (int)note->text.count,
                     note->text.count > 0 ? (const char *)note->text.data : "");
        }
    }
}

/* ---- the world ---- */

/* What routers hold is what users put in and were not paid yet, whatever was rebalanced. */
static void check_capital(struct sim *sim)
{
    struct amount held = amount_zero();
    struct amount expected = sim->capital;
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < sim->world.chains_count; i++) {
        const struct world_chain *const chain = &sim->world.chains[i];
        status = amount_add(&held, &chain->tokens[WORLD_ROUTER], &held);
        CHECK(status == STATUS_OK);
        status = amount_add(&held, &chain->tokens[WORLD_BRIDGE], &held);
        CHECK(status == STATUS_OK);
        status = amount_add(&expected, &chain->gifts, &expected);
        CHECK(status == STATUS_OK);
        status = amount_add(&expected, &chain->users_in, &expected);
        CHECK(status == STATUS_OK);
    }
    for (uint32_t i = 0; i < sim->world.chains_count; i++) {
        status = amount_subtract(&expected, &sim->world.chains[i].users_out, &expected);
        CHECK(status == STATUS_OK);
    }
    if (!amount_equal(&held, &expected)) {
        sim_fail(sim, "capital is not conserved");
    }
}

void checks_herd(struct sim *sim, struct world_chain *chain)
{
    if (chain->begun_count > IN_FLIGHT_MAX) {
        sim_fail(sim, "chain %u: %u transactions were begun within one block", chain->index,
                 chain->begun_count);
    }
    chain->begun_count = 0;
}

void checks_world(struct sim *sim)
{
    check_capital(sim);
}

static bool is_open(const struct sim *sim, const struct world_message *message)
{
    return message->dispatched && !message->delivered &&
           message->dispatched_block <= world_final(&sim->world.chains[message->origin]);
}

static struct amount product(const struct amount *a, uint64_t b)
{
    const struct amount times = amount_from_u64(b);
    struct amount result;
    const enum status status = amount_multiply(a, &times, &result);

    CHECK(status == STATUS_OK);
    return result;
}

/* In units of the rates, 1e-36 of them: what is paid with, and what is spent, have 18 decimals
 * each.
 */
static struct amount worth_at(const struct sim *sim, uint32_t chain, const struct amount *coins)
{
    uint64_t price = 0;
    const enum status status = amount_to_u64(&sim->config->policy.rates[chain].price, &price);

    CHECK(status == STATUS_OK);
    return product(coins, price);
}

/* Whether a delivery that costs so much brings less than is wanted. */
static bool is_loss(const struct sim *sim, const struct world_message *message,
                    const struct amount *cost)
{
    const struct core_limit *const limit = &sim->config->policy.limits[0];
    const struct amount wanted = product(&limit->profit_min, UINT64_C(1000000000000000000));
    const struct amount worth = worth_at(sim, message->origin, &message->payment);
    struct amount needed = worth_at(sim, message->destination, cost);
    const enum status status = amount_add(&needed, &wanted, &needed);

    CHECK(status == STATUS_OK);
    return amount_compare(&worth, &needed) < 0;
}

/* Where a profit is wanted, what pays less than the dearest delivery may stay undelivered. */
static bool may_stay(const struct sim *sim, const struct world_message *message)
{
    const struct amount dearest = amount_from_u64(UINT64_C(1000000000000000000));

    return sim->config->policy.limits[0].wants_profit && is_loss(sim, message, &dearest);
}

static bool is_settled(const struct sim *sim, const struct world_message *message)
{
    return !message->dispatched || (!message->delivered && may_stay(sim, message)) ||
           (message->delivered &&
            message->delivered_block <= world_final(&sim->world.chains[message->destination]));
}

/* Is capital where it earns most, above the buffer? What is less than the smallest move stays.
 * Where gas is dear it stays where it is. */
static bool is_placed(const struct sim *sim, uint32_t index)
{
    const struct world_chain *const chain = &sim->world.chains[index];
    const uint32_t better = chain->venue_rates[0] > chain->venue_rates[1] ? 0 : 1;
    const struct amount *const idle = &chain->tokens[WORLD_SPOKE];
    const struct amount *const worse = &chain->tokens[WORLD_VENUE_FIRST + 1 - better];
    const struct amount *const most = &chain->tokens[WORLD_VENUE_FIRST + better];
    const struct amount *const buffer = &sim->config->spokes[index].idle_min;
    const struct amount *const least = &sim->config->route.move_min;
    struct amount above;
    struct amount below;

    if (sim->is_dear) {
        return true;
    }
    if (amount_subtract(idle, buffer, &above) == STATUS_OK) {
        return amount_compare(&above, least) < 0 && amount_compare(worse, least) < 0;
    }
    const enum status status = amount_subtract(buffer, idle, &below);
    CHECK(status == STATUS_OK);
    return amount_compare(worse, least) < 0 &&
           (amount_compare(&below, least) < 0 || amount_compare(most, least) < 0);
}

/* NULL: capital of spokes is where it should be, or there is none. */
static const struct world_chain *misplaced(const struct sim *sim)
{
    for (uint32_t i = 0; i < sim->config->spokes_count; i++) {
        if (!is_placed(sim, i)) {
            return &sim->world.chains[i];
        }
    }
    return NULL;
}

bool checks_all_done(struct sim *sim)
{
    if (misplaced(sim) != NULL) {
        return false;
    }
    for (uint32_t i = 0; i < sim->world.messages_count; i++) {
        if (!is_settled(sim, &sim->world.messages[i])) {
            return false;
        }
    }
    return true;
}

/* ---- the end ---- */

static const struct hash *leg_of(const struct sim *sim, const struct hash *transaction)
{
    for (uint32_t i = sim->legs_count; i-- > 0;) {
        if (hash_equal(&sim->legs[i].transaction, transaction)) {
            return &sim->legs[i].leg_id;
        }
    }
    return NULL;
}

/* One leg, one success; one delivery of ours per message. */
static void check_transactions(struct sim *sim, const struct world_chain *chain)
{
    struct sim_set paid = {0};

    for (uint32_t i = 0; i < chain->transactions_count; i++) {
        const struct world_transaction *const transaction = &chain->transactions[i];
        if (!transaction->mined) {
            continue;
        }
        const struct hash *const leg_id = leg_of(sim, &transaction->hash);
        if (leg_id == NULL) {
            sim_fail(sim, "chain %u: a mined transaction was never signed durably", chain->index);
            continue;
        }
        if (transaction->succeeded && set_has(&paid, leg_id)) {
            sim_fail(sim, "chain %u: a leg was paid twice", chain->index);
        }
        if (transaction->repeats_count > 0) {
            sim_fail(sim, "chain %u: we delivered a message twice, in a batch", chain->index);
        }
        if (transaction->succeeded) {
            set_add(&paid, leg_id);
            sim->report.moves_count += transaction->leg.kind == LEG_REBALANCE ? 1 : 0;
            sim->report.batches_count += transaction->leg.kind == LEG_BATCH ? 1 : 0;
            sim->report.venue_legs_count += transaction->leg.kind == LEG_VENUE ? 1 : 0;
        } else if (transaction->leg.kind == LEG_PROCESS &&
                   strcmp(transaction->revert, "Mailbox: already delivered") == 0) {
            const struct hash id = transaction->leg.process.message_id;
            const uint32_t entry = world_message_find(&sim->world, &id);
            if (entry != UINT32_MAX && sim->world.messages[entry].delivered_by_us) {
                sim_fail(sim, "chain %u: we delivered a message twice", chain->index);
            }
        }
    }
    free(paid.slots);
}

static void check_messages(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->world.messages_count; i++) {
        const struct world_message *const message = &sim->world.messages[i];
        if (is_open(sim, message) && !may_stay(sim, message)) {
            sim_fail(sim, "message %u of chain %u to chain %u was lost", i, message->origin,
                     message->destination);
        }
        sim->report.messages_count += message->dispatched ? 1 : 0;
        sim->report.delivered_by_us += message->delivered && message->delivered_by_us ? 1 : 0;
        sim->report.delivered_elsewhere += message->delivered && !message->delivered_by_us ? 1 : 0;
    }
}

/* What our transactions that deliver have cost on a chain, as it says. */
static struct amount deliveries_cost(const struct world_chain *chain)
{
    struct amount sum = amount_zero();

    for (uint32_t i = 0; i < chain->transactions_count; i++) {
        const struct world_transaction *const transaction = &chain->transactions[i];
        const struct amount gas = amount_from_u64(transaction->gas_used);
        struct amount cost;
        if (!transaction->mined ||
            (transaction->leg.kind != LEG_PROCESS && transaction->leg.kind != LEG_BATCH)) {
            continue;
        }
        enum status status = amount_multiply(&transaction->gas_price, &gas, &cost);
        CHECK(status == STATUS_OK);
        status = amount_add(&sum, &cost, &sum);
        CHECK(status == STATUS_OK);
    }
    return sum;
}

/* No more than the budget in each window that there was, and one more for what began in one and
 * ended in another; nothing stays reserved. Fees that were raised may go beyond it. */
static void check_budgets(struct sim *sim)
{
    const struct core_limit *const limit = &sim->config->policy.limits[0];
    struct journal_reader *reader = NULL;

    if (sim->config->policy.limits_count == 0) {
        return;
    }
    enum status status = journal_reader_open(sim->journal, &reader);
    CHECK(status == STATUS_OK);
    const struct row_source source = row_source_from_journal(reader);
    const uint64_t windows = sim->report.virtual_ms * 1000000 / limit->window.ns + 2;
    const struct amount count = amount_from_u64(windows);
    struct amount most;
    status = amount_multiply(&limit->budget, &count, &most);
    CHECK(status == STATUS_OK);
    for (uint32_t i = 0; i < sim->world.chains_count; i++) {
        const struct world_chain *const chain = &sim->world.chains[i];
        const struct amount cost = deliveries_cost(chain);
        struct budget_row budget;
        status = core_view_budget(&source, limit->name, chain->domain, &budget);
        CHECK(status == STATUS_OK);
        if (!amount_is_zero(&budget.reserved)) {
            sim_fail(sim, "chain %u: something stays reserved of the budget", chain->index);
        }
        if (amount_compare(&cost, &most) > 0) {
            sim_fail(sim, "chain %u: deliveries cost more than their budget", chain->index);
        }
    }
    (void)journal_reader_close(reader);
}

/* The lowest base fee of a chain around the time between a message's dispatch and its delivery. */
static struct amount lowest_fee(const struct sim *sim, const struct world_message *message)
{
    const struct world_chain *const origin = &sim->world.chains[message->origin];
    const struct world_chain *const chain = &sim->world.chains[message->destination];
    const uint64_t from_s = origin->blocks[message->dispatched_block].time_s;
    struct amount lowest = chain->blocks[message->delivered_block].base_fee;

    for (uint64_t i = message->delivered_block; i-- > 0;) {
        lowest = amount_smaller(&lowest, &chain->blocks[i].base_fee);
        if (chain->blocks[i].time_s + 60 < from_s) {
            break;
        }
    }
    return lowest;
}

/* Where a profit is wanted, nothing was delivered that could never have brought it. */
static void check_profits(struct sim *sim)
{
    if (!sim->config->policy.limits[0].wants_profit) {
        return;
    }
    for (uint32_t i = 0; i < sim->world.messages_count; i++) {
        const struct world_message *const message = &sim->world.messages[i];
        if (!message->delivered || !message->delivered_by_us) {
            continue;
        }
        const struct leg leg = {.kind = LEG_PROCESS,
                                .process.message = bytes_from(message->data, message->data_count)};
        const struct amount fee = lowest_fee(sim, message);
        const struct amount cost = product(&fee, contracts_gas(&leg));
        if (is_loss(sim, message, &cost)) {
            sim_fail(sim, "message %u of chain %u was delivered at a loss", i, message->origin);
        }
    }
}

static void check_spokes(struct sim *sim)
{
    const struct world_chain *const chain = misplaced(sim);
    char amounts[3][AMOUNT_DECIMAL_BYTES_MAX];

    if (chain != NULL) {
        for (int i = 0; i < 3; i++) {
            (void)amount_format_decimal(&chain->tokens[WORLD_SPOKE + i], amounts[i]);
        }
        sim_fail(sim,
                 "chain %u: capital is not where it earns most: %s idle, %s at %llu, %s at %llu",
                 chain->index, amounts[0], amounts[1], (unsigned long long)chain->venue_rates[0],
                 amounts[2], (unsigned long long)chain->venue_rates[1]);
    }
    if (sim->is_dear && sim->report.venue_legs_count > 0) {
        sim_fail(sim, "capital was moved between venues for more than it earns");
    }
}

/* What the pool of a chain still holds, for whoever reads the story of a failed life. */
static void tell_pool(struct sim *sim, const struct world_chain *chain)
{
    char fee[AMOUNT_DECIMAL_BYTES_MAX];

    (void)amount_format_decimal(&chain->blocks[world_head(chain)].base_fee, fee);
    sim_tell(sim, "chain %u: head %llu, final %llu, nonce %llu, base fee %s", chain->index,
             (unsigned long long)world_head(chain), (unsigned long long)world_final(chain),
             (unsigned long long)chain->key_nonce, fee);
    for (uint32_t i = 0; i < chain->transactions_count; i++) {
        const struct world_transaction *const transaction = &chain->transactions[i];
        if (transaction->pending) {
            (void)amount_format_decimal(&transaction->fee_max, fee);
            sim_tell(sim, "chain %u: pending nonce %llu, leg kind %d, fee %s", chain->index,
                     (unsigned long long)transaction->nonce, (int)transaction->leg.kind, fee);
        }
    }
}

void checks_final(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->world.chains_count; i++) {
        tell_pool(sim, &sim->world.chains[i]);
    }
    for (uint32_t i = 0; i < sim->world.chains_count; i++) {
        check_transactions(sim, &sim->world.chains[i]);
    }
    check_messages(sim);
    check_capital(sim);
    check_budgets(sim);
    check_profits(sim);
    check_spokes(sim);
    replay_journal(sim);
}
