/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/policy_read.h: the arguments of the functions that move capital, out of calldata.
 *
 * Other bytes than exactly these arguments are refused. The calldata begins with a selector, which
 * the caller has looked at. Threads: none; pure. Memory: what is read is copied. */
#ifndef SLUICE_RELAY_SIGNER_POLICY_READ_H
#define SLUICE_RELAY_SIGNER_POLICY_READ_H

#include "relay/signer/arguments.h"
#include "relay/signer/policy.h"

#define POLICY_SELECTOR_BYTES 4u

/* Behind the selector, with so many words of head. */
struct arguments policy_arguments(struct bytes calldata, size_t count);
/* The order of a hub's function; HUB_SETTLE has none. False: these are not its arguments. */
bool policy_read_hub(enum hub_verb verb, const struct evm_transaction *transaction,
                     struct policy_order *ret_order);
/* Reads the arguments of this leg's function into `asked`; a leg that moves nothing has none to
 * read. False: `refusal` says what they are not. `guarded`: the guard's rebalance, with its order.
 * Of a settlement nothing is anybody's to limit: the spoke books what came, and only that. */
bool policy_read_move(enum leg_kind leg, bool guarded, const char *name,
                      struct policy_transaction *asked, struct refusal *refusal);

#endif
