/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/chain/sure.c: what is believed of an origin above the value of `large`.
 *
 * A quorum decides what our tree of the origin holds. For a large value that is not enough: every
 * endpoint is asked for the tree's leaf count and root at our last final block, and both must be
 * ours. A root holds every leaf below it, and a leaf is the hash of a whole message; so one answer
 * confirms all messages up to there, whatever each of them carries.
 *
 * Invariants
 *   1. `count` leaves were confirmed by every endpoint at block `number`, and by the chain's final
 *      block of then. It never falls.
 *   2. With one endpoint that is silent or says otherwise nothing is confirmed, however long it
 *      takes: a person must see to that endpoint, or take it out. */
#include "relay/base/check.h"
#include "relay/core/step.h"
#include "relay/core/tables.h"
#include "relay/core/text.h"
#include "relay/core/tree/tree_internal.h"

#define ANSWER_WAIT DURATION_MS(20000)

static bool sure_get(struct step *step, uint32_t domain, struct sure_row *ret_sure)
{
    uint8_t key[TREE_KEY_BYTES];
    struct bytes value;

    *ret_sure = (struct sure_row){.number = 0};
    if (!step_get(step, tree_key(key, domain, TREE_SURE), &value)) {
        return step->status == STATUS_OK;
    }
    if (sure_row_unpack(value, ret_sure) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

static void sure_put(struct step *step, uint32_t domain, const struct sure_row *sure)
{
    uint8_t key[TREE_KEY_BYTES];
    uint8_t memory[SURE_ROW_BYTES];

    step_put(step, tree_key(key, domain, TREE_SURE), sure_row_pack(memory, sure));
}

/* At the last block whose facts were all applied: there our count is the chain's. */
static void ask(struct step *step, uint32_t domain, const struct chain_row *chain,
                struct sure_row *sure)
{
    const bool is_asked = sure->asked_at.ns != 0 &&
                          !instant_is_past(instant_after(sure->asked_at, ANSWER_WAIT), step->now);

    if (is_asked || chain->cursor_number != chain->applied_number + 1 || chain->cursor_index != 0 ||
        !step_has_room(step, 1)) {
        return;
    }
    sure->asked_at = step->now;
    sure->asked_number = chain->applied_number;
    sure->asked_hash = chain->applied_hash;
    struct command *const command = step_command(step, COMMAND_READ_TREE, domain);
    command->read_tree.block_number = sure->asked_number;
    command->read_tree.block_hash = sure->asked_hash;
    command->read_tree.everyone = true;
    sure_put(step, domain, sure);
}

enum reason sure_of(struct step *step, uint32_t domain, const struct hash *message_id,
                    uint64_t block_number)
{
    const uint64_t wanted = block_number + step->config->large.blocks;
    struct chain_row chain;
    struct sure_row sure;
    uint32_t first = 0;
    uint32_t leaf = 0;

    if (!sure_get(step, domain, &sure) || !blocks_chain(step, domain, &chain) ||
        !chain.applied_any) {
        return REASON_AWAITING_EVERYONE;
    }
    if (!tree_leaf_index(step, domain, message_id, &leaf)) {
        return REASON_LEAF_UNKNOWN;
    }
    if (!tree_is_begun(step, domain, &first)) {
        return REASON_TREE_UNKNOWN;
    }
    if (tree_is_before(step, domain, leaf)) {
        return REASON_LEAF_BEFORE_TREE; /* no root that we can compute holds it */
    }
    if (sure.number >= wanted && leaf < sure.count) {
        return REASON_NONE;
    }
    if (chain.applied_number < wanted) {
        return REASON_AWAITING_DEPTH;
    }
    ask(step, domain, &chain, &sure);
    return REASON_AWAITING_EVERYONE;
}

void sure_on_tree(struct step *step, const struct event *event)
{
    const uint32_t domain = event->domain;
    struct sure_row sure;
    struct hash root;

    CHECK(event->kind == EVENT_TREE);
    if (!event->tree.everyone || !sure_get(step, domain, &sure) || sure.asked_at.ns == 0 ||
        event->tree.block_number != sure.asked_number ||
        !hash_equal(&event->tree.block_hash, &sure.asked_hash)) {
        return;
    }
    sure.asked_at.ns = 0;
    if (event->tree.outcome == OUTCOME_OK) {
        if (!tree_root_at(step, domain, event->tree.count, &root) ||
            !hash_equal(&root, &event->tree.root)) {
            step_note(step, NOTE_ALARM, domain, NULL, REASON_ROOT_MISMATCH,
                      "every endpoint names another root than ours: no large value is believed");
        } else if (sure.asked_number > sure.number && event->tree.count >= sure.count) {
            sure.number = sure.asked_number; /* invariant 1 */
            sure.count = event->tree.count;
        }
    }
    sure_put(step, domain, &sure);
}
