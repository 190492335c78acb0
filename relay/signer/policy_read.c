/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/policy_read.h"

#include <string.h>

#include "relay/base/check.h"

#define WORD_BYTES 32u

struct arguments policy_arguments(struct bytes calldata, size_t count)
{
    CHECK(calldata.count >= POLICY_SELECTOR_BYTES);
    return arguments_from(
        bytes_from(calldata.data + POLICY_SELECTOR_BYTES, calldata.count - POLICY_SELECTOR_BYTES),
        count);
}

static struct hash argument_hash(struct arguments *arguments, size_t offset)
{
    const struct amount word = argument_word(arguments, offset);
    struct hash hash;
    amount_to_be(&word, hash.bytes);
    return hash;
}

/* The first three words. */
static struct policy_order argument_order(struct arguments *arguments)
{
    const struct amount deadline = argument_word(arguments, 2 * WORD_BYTES);
    struct policy_order order = {.leg = argument_hash(arguments, 0),
                                 .mandate = argument_hash(arguments, WORD_BYTES)};
    arguments->malformed |= amount_to_u64(&deadline, &order.deadline_s) != STATUS_OK;
    return order;
}

static bool rebalance_read(const struct evm_transaction *transaction, bool guarded,
                           struct policy_rebalance *rebalance)
{
    memset(rebalance, 0, sizeof(*rebalance));
    rebalance->guarded = guarded;
    struct arguments arguments = policy_arguments(transaction->data, rebalance->guarded ? 7 : 3);
    size_t next = 0;
    if (rebalance->guarded) {
        rebalance->order = argument_order(&arguments);
        rebalance->router = argument_address(&arguments, 3 * WORD_BYTES);
        next = 4 * WORD_BYTES;
    } else {
        rebalance->router = transaction->to;
    }
    rebalance->destination = argument_u32(&arguments, next);
    rebalance->amount = argument_word(&arguments, next + WORD_BYTES);
    rebalance->bridge = argument_address(&arguments, next + 2 * WORD_BYTES);
    return arguments_are_done(&arguments);
}

static bool venue_read(const struct evm_transaction *transaction, struct policy_venue *venue)
{
    struct arguments arguments = policy_arguments(transaction->data, 5);
    memset(venue, 0, sizeof(*venue));
    venue->order = argument_order(&arguments);
    const struct amount index = argument_word(&arguments, 3 * WORD_BYTES);
    arguments.malformed |= amount_to_u64(&index, &venue->index) != STATUS_OK;
    venue->amount = argument_word(&arguments, 4 * WORD_BYTES);
    return arguments_are_done(&arguments);
}

static bool crossing_read(const struct evm_transaction *transaction,
                          struct policy_crossing *crossing)
{
    struct arguments arguments = policy_arguments(transaction->data, 7);
    memset(crossing, 0, sizeof(*crossing));
    crossing->order = argument_order(&arguments);
    crossing->bridge = argument_address(&arguments, 3 * WORD_BYTES);
    crossing->destination = argument_u32(&arguments, 4 * WORD_BYTES);
    crossing->token = argument_address(&arguments, 5 * WORD_BYTES);
    crossing->amount = argument_word(&arguments, 6 * WORD_BYTES);
    return arguments_are_done(&arguments);
}

static bool settle_read(const struct evm_transaction *transaction)
{
    struct arguments arguments = policy_arguments(transaction->data, 2);
    (void)argument_u32(&arguments, 0);
    (void)argument_address(&arguments, WORD_BYTES);
    return arguments_are_done(&arguments);
}

bool policy_read_hub(enum hub_verb verb, const struct evm_transaction *transaction,
                     struct policy_order *ret_order)
{
    static const size_t words[] = {
        [HUB_CLOSE] = 3,  [HUB_SETTLE] = 0, [HUB_INVEST] = 4,
        [HUB_RECALL] = 6, [HUB_REPORT] = 3, [HUB_PAY] = 5,
    };
    struct arguments arguments = policy_arguments(transaction->data, words[verb]);
    memset(ret_order, 0, sizeof(*ret_order));
    if (verb != HUB_SETTLE) {
        *ret_order = argument_order(&arguments);
    }
    if (verb == HUB_RECALL) {
        (void)argument_u32(&arguments, 3 * WORD_BYTES);
    }
    if (verb == HUB_PAY) {
        (void)argument_address(&arguments, 3 * WORD_BYTES);
    }
    return arguments_are_done(&arguments);
}

bool policy_read_move(enum leg_kind leg, bool guarded, const char *name,
                      struct policy_transaction *asked, struct refusal *refusal)
{
    if (leg == LEG_REBALANCE && !rebalance_read(&asked->transaction, guarded, &asked->rebalance)) {
        return refuse(refusal, REFUSAL_MALFORMED,
                      "rebalance: its arguments are not %sa domain, an amount and a bridge",
                      guarded ? "an order, a router, " : "");
    }
    if (leg == LEG_VENUE && !venue_read(&asked->transaction, &asked->venue)) {
        return refuse(refusal, REFUSAL_MALFORMED,
                      "%s: its arguments are not an order, a venue and an amount", name);
    }
    if (leg == LEG_CROSSING && !crossing_read(&asked->transaction, &asked->crossing)) {
        return refuse(refusal, REFUSAL_MALFORMED,
                      "bridge: its arguments are not an order, a bridge, a domain, a token and an "
                      "amount");
    }
    if (leg == LEG_SETTLE && !settle_read(&asked->transaction)) {
        return refuse(refusal, REFUSAL_MALFORMED,
                      "settle: its arguments are not a domain and a token");
    }
    return true;
}
