/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/mandate.h: the owner's mandate as the signer enforces it, on its own reading.
 *
 * What the custodian's file allows is narrowed to what the mandate allows too: the tighter of both
 * counts, so neither can widen the other. Threads: none. */
#ifndef SLUICE_RELAY_SIGNER_MANDATE_H
#define SLUICE_RELAY_SIGNER_MANDATE_H

#include "relay/mandate/mandate.h"
#include "relay/signer/policy.h"

/* Routers, bridges, destinations, amounts and budgets that the mandate does not allow go; the
 * mandate's hash is what plans must be made under; approvers are those that both name. */
void signer_mandate_apply(const struct mandate *mandate, struct policy *policy);

#endif
