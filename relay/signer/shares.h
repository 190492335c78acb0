/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/shares.h: the mandate's caps and floors of places, chains and issuers, held against
 * the plan that a move belongs to.
 *
 * A signer sees no chain. What is where it takes from the plan, which states every place with what
 * it held when the plan was made; of the mandate it has its own copy, and its own arithmetic, so
 * that a plan that breaks a share by its own word is never signed. A node that lies about what is
 * where is bounded by the amounts of each hour, and by the contracts.
 *
 * The rules are those of planning: moves count gross, so that what enters does not count on what
 * leaves; of a whole of which a place is not stated nothing leaves where a share is a floor; and
 * nothing enters where what is not stated is under a cap. Threads: none; pure. */
#ifndef SLUICE_RELAY_SIGNER_SHARES_H
#define SLUICE_RELAY_SIGNER_SHARES_H

#include "relay/base/approval.h"
#include "relay/signer/policy.h"

/* May the plan's moves be made, all of them? False: `*refusal` says which limit they would break. A
 * policy without a mandate's file has no places, and allows. */
MUST_USE bool shares_allow(const struct policy *policy, const struct approval *plan,
                           struct refusal *refusal);

#endif
