/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/proof.h: the prices that prove a plan, as bytes for a record.
 *
 * Bounded: a tree of decisions with more than PROOF_NODES_MAX nodes is left out, and the first
 * prices alone then bound the plan. Every price is a finite double, written as its 64 bits, so that
 * what is read back proves exactly the same. Threads: none; pure. */
#ifndef SLUICE_RELAY_ROUTING_PROOF_H
#define SLUICE_RELAY_ROUTING_PROOF_H

#include "relay/base/pack.h"
#include "relay/routing/model.h"

#define PROOF_NODES_MAX 63u

/* Appends; overrun shows in the packer. */
void proof_pack(const struct model *model, const struct model_plan *plan, struct packer *packer);

/* Bytes (max-aligned) for what proof_unpack builds. */
size_t proof_footprint(const struct model *model);
/* Sets the prices and the branches of `plan`, which point into `memory` then.
 * STATUS_MALFORMED: not a proof for this model; nothing can be said about `memory`. */
MUST_USE enum status proof_unpack(struct bytes packed, const struct model *model, void *memory,
                                  struct model_plan *plan);

#endif
