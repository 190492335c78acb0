/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/tree_internal.h: what tree.c (leaves, signatures) and announcement.c share. */
#ifndef SLUICE_RELAY_CORE_TREE_INTERNAL_H
#define SLUICE_RELAY_CORE_TREE_INTERNAL_H

#include "relay/base/check.h"
#include "relay/core/step.h"
#include "relay/core/tree_rows.h"
#include "relay/hyperlane/proof.h"

#define TREE_ANSWER_WAIT DURATION_MS(3000) /* for any answer, then it counts as lost */

/* A leaf was written: writes the subtrees that it fills. */
void tree_nodes_add(struct step *step, uint32_t domain, uint32_t index);

/* The configuration of a chain whose checkpoints we sign; NULL: we do not. */
const struct core_chain *tree_validated(const struct step *step, uint32_t domain);
/* Wants tree_on_due for this chain at `at` at the latest. */
void tree_schedule(struct step *step, uint32_t domain, struct instant at);

/* Begins at a start; asks for what is due and tells when it wants to be asked again. */
void announcement_start(struct step *step, const struct core_chain *config);
void announcement_work(struct step *step, const struct core_chain *config);
void announcement_on_signed(struct step *step, const struct event *event);
void announcement_on_published(struct step *step, const struct core_chain *config,
                               const struct event *event);

#endif
