/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/tree/tree_begin.c: a tree that begins with what the chain says, not with leaf 0.
 *
 * The hook's frontier (tree(): one root per full subtree, 32 at most) with its leaf count is all it
 * takes to go on: to tell the root after every later leaf, and to prove those leaves. So a node
 * whose start_block is above the first leaf reads it once, at the first block it is given, by
 * quorum and under that block's hash, when that block is final.
 *
 *   (no row) --first block final--> ASKED --frontier of the named root--> FOLDING --leaves--> DONE
 *                                   | ^
 *                                   +-+ asked again; of a later block when nobody has that state
 *
 * Invariants
 *   1. A frontier is taken only when its root is the one that the chain named at the same block.
 *   2. Until DONE leaves are only kept as rows; FOLDING adds those from the frontier on, in order,
 *      a bounded number per step.
 *   3. Leaves below `count` are not signed here, nor proved unless those beside them are known. */
#include <string.h>

#include "relay/core/tables.h"
#include "relay/core/text.h"
#include "relay/core/tree/tree_internal.h"

#define BEGIN_ANSWER_WAIT  DURATION_MS(20000)
#define BEGIN_AGAIN_WAIT   DURATION_MS(3000)
#define BEGIN_LATER_WAIT   DURATION_MS(30000)
#define BEGIN_FAILURES_MAX 3u /* at one block; then a later one is asked for */
#define BEGIN_COMMANDS     3u
#define FOLDED_AT_ONCE     32u

static bool begin_get(struct step *step, uint32_t domain, struct begin_row *ret_begin)
{
    uint8_t key[TREE_KEY_BYTES];
    struct bytes value;

    memset(ret_begin, 0, sizeof(*ret_begin));
    if (!step_get(step, tree_key(key, domain, TREE_BEGIN), &value)) {
        return false;
    }
    if (begin_row_unpack(value, ret_begin) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

static void begin_put(struct step *step, uint32_t domain, const struct begin_row *begin)
{
    uint8_t key[TREE_KEY_BYTES];
    uint8_t memory[BEGIN_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));

    begin_row_pack(begin, &packer);
    step_put(step, tree_key(key, domain, TREE_BEGIN), packer_finish(&packer));
}

static void due(struct step *step, uint32_t domain, struct instant at)
{
    const struct hash id = step_domain_id(domain);

    step_due(step, at, DUE_TREE_BEGIN, &id);
}

bool tree_is_begun(struct step *step, uint32_t domain, uint32_t *ret_first)
{
    struct begin_row begin;

    *ret_first = 0;
    if (!begin_get(step, domain, &begin)) {
        return step->status == STATUS_OK;
    }
    *ret_first = begin.count;
    return begin.state == BEGIN_DONE;
}

bool tree_is_before(struct step *step, uint32_t domain, uint32_t index)
{
    struct tree_prover prover = {.step = step, .domain = domain, .index = index};
    struct hash proof[MERKLE_DEPTH];
    uint32_t first = 0;

    return tree_is_begun(step, domain, &first) && index < first &&
           tree_prove(&prover, tree_leaves_count(step, domain), proof) != STATUS_OK;
}

bool tree_is_whole(struct step *step, uint32_t domain)
{
    struct begin_row begin;
    struct hash leaf;

    if (!begin_get(step, domain, &begin) || begin.count == 0 ||
        !tree_leaf_id(step, domain, 0, &leaf)) {
        return true; /* as whole as it can be */
    }
    if (begin.state != BEGIN_DONE) {
        return false;
    }
    begin.count = 0;
    begin_put(step, domain, &begin);
    return true;
}

void tree_begin_at(struct step *step, uint32_t domain, uint64_t number, const struct hash *hash)
{
    const struct core_chain *config = step_chain(step, domain);
    struct begin_row begin;

    if (config == NULL || address_is_zero(&config->tree_hook) || begin_get(step, domain, &begin) ||
        step->status != STATUS_OK) {
        return;
    }
    begin.state = BEGIN_ASKED;
    begin.number = number;
    begin.hash = *hash;
    begin_put(step, domain, &begin);
    due(step, domain, step->now);
}

/* ---- asking ---- */

/* The block that is asked of: the first one, and when nobody has its state the last one whose facts
 * were all applied, so that what comes after it is all there. */
static void choose_block(struct step *step, uint32_t domain, struct begin_row *begin)
{
    struct chain_row chain;

    if (begin->failures < BEGIN_FAILURES_MAX || !blocks_chain(step, domain, &chain) ||
        !chain.applied_any || hash_is_zero(&chain.applied_hash) ||
        chain.cursor_number != chain.applied_number + 1 || chain.cursor_index != 0) {
        return;
    }
    begin->number = chain.applied_number;
    begin->hash = chain.applied_hash;
}

static void ask(struct step *step, uint32_t domain, struct begin_row *begin)
{
    const struct instant until = instant_after(begin->asked_at, BEGIN_ANSWER_WAIT);

    if (begin->asked_at.ns != 0 && begin->asked_at.ns >= step->started.ns &&
        !instant_is_past(until, step->now)) {
        due(step, domain, until);
        return;
    }
    if (!blocks_is_running(step, domain)) {
        due(step, domain, instant_after(step->now, BEGIN_AGAIN_WAIT));
        return;
    }
    choose_block(step, domain, begin);
    begin->asked_at = step->now;
    struct command *command = step_command(step, COMMAND_READ_TREE, domain);
    command->read_tree.block_number = begin->number;
    command->read_tree.block_hash = begin->hash;
    command->read_tree.with_branch = true;
    begin_put(step, domain, begin);
    due(step, domain, instant_after(step->now, BEGIN_ANSWER_WAIT));
}

static void ask_again(struct step *step, uint32_t domain, struct begin_row *begin)
{
    begin->failures++;
    if (begin->failures == BEGIN_FAILURES_MAX) {
        struct text text = text_from("at block ");
        text_add_number(&text, begin->number);
        text_add(&text, "; leaves up to a later block will not be signed or proved here");
        step_note(step, NOTE_WARN, domain, NULL, REASON_TREE_UNREADABLE, text.text);
    }
    begin_put(step, domain, begin);
    due(step, domain,
        instant_after(step->now,
                      begin->failures <= BEGIN_FAILURES_MAX ? BEGIN_AGAIN_WAIT : BEGIN_LATER_WAIT));
}

/* ---- the frontier ---- */

/* False: no frontier of `count` leaves with that root (invariant 1). */
static bool frontier_of(const struct event *event, struct merkle_tree *ret_tree)
{
    const struct bytes branch = event->tree.branch;

    merkle_tree_init(ret_tree);
    if (event->tree.outcome != OUTCOME_OK || branch.count != sizeof(ret_tree->branch)) {
        return false;
    }
    ret_tree->count = event->tree.count;
    for (uint32_t level = 0; level < MERKLE_DEPTH; level++) {
        if ((ret_tree->count >> level & 1) != 0) {
            memcpy(ret_tree->branch[level].bytes, branch.data + sizeof(struct hash) * level,
                   sizeof(struct hash));
        }
    }
    const struct hash root = merkle_tree_root(ret_tree);
    return hash_equal(&root, &event->tree.root);
}

void tree_begin_on_tree(struct step *step, const struct event *event)
{
    const uint32_t domain = event->domain;
    struct merkle_tree tree;
    struct begin_row begin;

    if (!begin_get(step, domain, &begin) || begin.state != BEGIN_ASKED || begin.asked_at.ns == 0 ||
        event->tree.block_number != begin.number ||
        !hash_equal(&event->tree.block_hash, &begin.hash)) {
        return;
    }
    begin.asked_at.ns = 0;
    if (!frontier_of(event, &tree)) {
        ask_again(step, domain, &begin);
        return;
    }
    begin.state = BEGIN_FOLDING;
    begin.count = tree.count;
    begin.tree = tree;
    begin_put(step, domain, &begin);
    tree_nodes_begin(step, domain, &tree);
    tree_begun(step, domain, &tree);
    due(step, domain, step->now);
}

/* ---- the leaves that came meanwhile ---- */

static void fold(struct step *step, uint32_t domain, struct begin_row *begin)
{
    struct hash leaf;
    uint32_t done = 0;

    while (done < FOLDED_AT_ONCE && step_has_room(step, 1) &&
           tree_leaf_id(step, domain, begin->tree.count, &leaf)) {
        const uint32_t index = begin->tree.count;
        if (merkle_tree_insert(&begin->tree, &leaf) != STATUS_OK) {
            break;
        }
        tree_nodes_add(step, domain, index);
        done++;
    }
    if (done == FOLDED_AT_ONCE || !step_has_room(step, 1)) {
        begin_put(step, domain, begin);
        due(step, domain, step->now);
        return;
    }
    begin->state = BEGIN_DONE;
    tree_folded(step, domain, &begin->tree);
    merkle_tree_init(&begin->tree);
    begin_put(step, domain, begin);
    struct text text = text_from("with ");
    text_add_number(&text, begin->count);
    text_add(&text, " leaves at block ");
    text_add_number(&text, begin->number);
    step_note(step, NOTE_INFO, domain, NULL, REASON_TREE_BEGUN, text.text);
}

bool tree_begin_on_due(struct step *step, const struct hash *id)
{
    const uint32_t domain = step_domain_of(id);
    struct begin_row begin;

    if (!step_has_room(step, BEGIN_COMMANDS)) {
        return false;
    }
    if (step_chain(step, domain) == NULL || !begin_get(step, domain, &begin)) {
        return true;
    }
    switch (begin.state) {
    case BEGIN_ASKED:
        ask(step, domain, &begin);
        break;
    case BEGIN_FOLDING:
        fold(step, domain, &begin);
        break;
    case BEGIN_DONE:
        break;
    }
    return true;
}

void tree_begin_on_start(struct step *step)
{
    for (uint32_t i = 0; i < step->config->chains_count; i++) {
        const uint32_t domain = step->config->chains[i].domain;
        struct begin_row begin;
        if (begin_get(step, domain, &begin) && begin.state != BEGIN_DONE) {
            due(step, domain, step->now);
        }
    }
}
