/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/tree/tree_internal.h: what tree.c (leaves, signatures), tree_begin.c, tree_nodes.c and
 * announcement.c share. */
#ifndef SLUICE_RELAY_CORE_TREE_TREE_INTERNAL_H
#define SLUICE_RELAY_CORE_TREE_TREE_INTERNAL_H

#include "relay/base/check.h"
#include "relay/core/step.h"
#include "relay/core/tree/tree_rows.h"
#include "relay/hyperlane/proof.h"

#define TREE_ANSWER_WAIT DURATION_MS(3000) /* for any answer, then it counts as lost */

/* A leaf was written: writes the subtrees that it fills. */
void tree_nodes_add(struct step *step, uint32_t domain, uint32_t index);
/* The tree begins with this frontier: its subtrees are written. */
void tree_nodes_begin(struct step *step, uint32_t domain, const struct merkle_tree *frontier);

/* ---- tree_begin.c: from the frontier that the chain names ---- */
/* The tree is to begin with the frontier at this final block, unless it began already. */
void tree_begin_at(struct step *step, uint32_t domain, uint64_t number, const struct hash *hash);
void tree_begin_on_start(struct step *step);
void tree_begin_on_tree(struct step *step, const struct event *event);
/* What it tells tree.c: signing begins with this frontier; and when the leaves that came since were
 * added, how far the tree is. */
void tree_begun(struct step *step, uint32_t domain, const struct merkle_tree *frontier);
void tree_folded(struct step *step, uint32_t domain, const struct merkle_tree *tree);

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
