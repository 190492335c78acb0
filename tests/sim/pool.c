/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of a chain for the one key that is ours: nonces in order, one transaction per nonce,
 * replaced only by one that pays an eighth more. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "tests/sim/world.h"

struct world_transaction *pool_find(const struct world_chain *chain, const struct hash *hash)
{
    for (uint32_t i = chain->transactions_count; i-- > 0;) {
        if (hash_equal(&chain->transactions[i].hash, hash)) {
            return &chain->transactions[i];
        }
    }
    return NULL;
}

static struct world_transaction *pending_at(struct world_chain *chain, uint64_t nonce)
{
    for (uint32_t i = chain->transactions_count; i-- > 0;) {
        if (chain->transactions[i].pending && chain->transactions[i].nonce == nonce) {
            return &chain->transactions[i];
        }
    }
    return NULL;
}

static struct bytes keep(struct bytes bytes)
{
    if (bytes.count == 0) {
        return (struct bytes){0};
    }
    uint8_t *const copy = malloc(bytes.count);
    CHECK(copy != NULL);
    memcpy(copy, bytes.data, bytes.count);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the chain holds it until world_chain_deinit */
    return bytes_from(copy, bytes.count);
}

static void add_transaction(struct world_chain *chain, const struct world_transaction *transaction)
{
    if (chain->transactions_count == chain->transactions_capacity) {
        chain->transactions_capacity =
            chain->transactions_capacity == 0 ? 256 : 2 * chain->transactions_capacity;
        chain->transactions = realloc(chain->transactions, chain->transactions_capacity *
                                                               sizeof(chain->transactions[0]));
        CHECK(chain->transactions != NULL);
    }
    struct world_transaction *const added = &chain->transactions[chain->transactions_count++];
    *added = *transaction;
    added->pending = true;
    added->mined = false;
    if (added->leg.kind == LEG_PROCESS) {
        added->leg.process.message = keep(added->leg.process.message);
        added->leg.process.metadata = keep(added->leg.process.metadata);
    } else if (added->leg.kind == LEG_BATCH) {
        added->leg.batch.deliveries = keep(added->leg.batch.deliveries);
    } else if (added->leg.kind == LEG_ANNOUNCE) {
        added->leg.announce.location = keep(added->leg.announce.location);
    }
}

/* Geth's rule: both fees at least a tenth above. */
static bool pays_more(const struct world_transaction *after, const struct world_transaction *before)
{
    const struct amount eleven = amount_from_u64(11);
    const struct amount ten = amount_from_u64(10);
    struct amount fee;
    struct amount priority;

    const enum status fee_status = amount_scale_ceil(&before->fee_max, &eleven, &ten, &fee);
    const enum status priority_status =
        amount_scale_ceil(&before->priority_fee, &eleven, &ten, &priority);
    CHECK(fee_status == STATUS_OK);
    CHECK(priority_status == STATUS_OK);
    return amount_compare(&after->fee_max, &fee) >= 0 &&
           amount_compare(&after->priority_fee, &priority) >= 0;
}

static struct amount most_it_costs(const struct world_transaction *transaction)
{
    const struct amount gas = amount_from_u64(transaction->gas_limit);
    struct amount cost;

    if (amount_multiply(&transaction->fee_max, &gas, &cost) != STATUS_OK ||
        amount_add(&cost, &transaction->value, &cost) != STATUS_OK) {
        return amount_max();
    }
    return cost;
}

enum rejection pool_add(struct world_chain *chain, const struct world_transaction *transaction)
{
    struct world_transaction *const known = pool_find(chain, &transaction->hash);
    const struct amount cost = most_it_costs(transaction);

    if (known != NULL && (known->pending || known->mined)) {
        return REJECTION_NONE;
    }
    if (transaction->nonce < chain->key_nonce) {
        return REJECTION_NONCE_TOO_LOW;
    }
    if (amount_compare(&cost, &chain->key_native) > 0) {
        return REJECTION_FUNDS;
    }
    struct world_transaction *const before = pending_at(chain, transaction->nonce);
    if (before != NULL && !pays_more(transaction, before)) {
        return REJECTION_UNDERPRICED;
    }
    if (prng_chance(&chain->world->prng, chain->habits.submission_lost)) {
        return REJECTION_NONE;
    }
    if (before != NULL) {
        before->pending = false;
    }
    if (known != NULL) {
        known->pending = true;
        return REJECTION_NONE;
    }
    chain->begun_count += before == NULL ? 1 : 0;
    add_transaction(chain, transaction);
    return REJECTION_NONE;
}

/* Effective price: the base fee and as much of the priority fee as the ceiling leaves. */
static struct amount price_of(const struct world_transaction *transaction,
                              const struct amount *base_fee)
{
    struct amount price;
    const enum status status = amount_add(base_fee, &transaction->priority_fee, &price);

    CHECK(status == STATUS_OK);
    return amount_smaller(&price, &transaction->fee_max);
}

static void pay(struct world_chain *chain, const struct amount *amount)
{
    struct amount left;
    const enum status status = amount_subtract(&chain->key_native, amount, &left);

    CHECK(status == STATUS_OK); /* the pool looked at the most it can cost */
    world_set(chain, &chain->key_native, &left, sizeof(left));
}

static void run(struct world_chain *chain, struct world_transaction *transaction)
{
    const struct world_block *const block = &chain->blocks[world_head(chain)];
    const uint64_t nonce = chain->key_nonce + 1;
    struct amount fee;

    chain->transaction = transaction->hash;
    chain->repeats_count = 0;
    const char *const revert =
        transaction->gas_limit < contracts_gas(&transaction->leg)
            ? "out of gas"
            : contracts_run_leg(chain, &transaction->leg, &transaction->value);
    world_set(chain, &chain->key_nonce, &nonce, sizeof(nonce));
    transaction->pending = false;
    transaction->mined = true;
    transaction->block_number = block->number;
    transaction->block_hash = block->hash;
    transaction->succeeded = revert == NULL;
    transaction->repeats_count = chain->repeats_count;
    transaction->revert[0] = '\0';
    if (revert != NULL) {
        CHECK(strlen(revert) < sizeof(transaction->revert));
        memcpy(transaction->revert, revert, strlen(revert) + 1);
    }
    transaction->gas_used = contracts_gas(&transaction->leg) < transaction->gas_limit
                                ? contracts_gas(&transaction->leg)
                                : transaction->gas_limit;
    transaction->gas_price = price_of(transaction, &block->base_fee);
    const struct amount gas = amount_from_u64(transaction->gas_used);
    const enum status status = amount_multiply(&gas, &transaction->gas_price, &fee);
    CHECK(status == STATUS_OK);
    pay(chain, &fee);
    if (revert == NULL) {
        pay(chain, &transaction->value);
    }
}

bool pool_shows_receipt(const struct world_chain *chain,
                        const struct world_transaction *transaction)
{
    /* That of a final block is known: one endpoint's word that it is not would be believed. */
    return transaction != NULL && transaction->mined &&
           (transaction->block_number <= world_final(chain) ||
            !prng_chance(&chain->world->prng, chain->habits.receipt_missing));
}

static void forget_pending(struct world_chain *chain)
{
    for (uint32_t i = 0; i < chain->transactions_count; i++) {
        chain->transactions[i].pending = false;
    }
}

void pool_mine(struct world_chain *chain)
{
    const struct amount base_fee = chain->blocks[world_head(chain)].base_fee;
    const uint64_t most = prng_between(&chain->world->prng, 1, WORLD_BLOCK_TRANSACTIONS_MAX);

    if (prng_chance(&chain->world->prng, chain->habits.pool_emptied)) {
        forget_pending(chain);
    }
    for (uint64_t i = 0; i < most; i++) {
        struct world_transaction *const next = pending_at(chain, chain->key_nonce);
        if (next == NULL || amount_compare(&next->fee_max, &base_fee) < 0) {
            return;
        }
        const struct amount cost = most_it_costs(next);
        if (amount_compare(&cost, &chain->key_native) > 0) {
            return;
        }
        run(chain, next);
    }
}

void pool_reorg(struct world_chain *chain, uint64_t number, bool forget)
{
    for (uint32_t i = 0; i < chain->transactions_count; i++) {
        struct world_transaction *const transaction = &chain->transactions[i];
        if (transaction->mined && transaction->block_number >= number) {
            transaction->mined = false;
            /* A later one of the same nonce that was replaced stays replaced. */
            transaction->pending = !forget;
        }
    }
}
