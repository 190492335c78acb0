/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/tree/tree.c: the origin's merkle tree and our signatures over it.
 *
 *   final leaf -> our tree -> root equal to the chain's at a final block -> each leaf's checkpoint:
 *                    |                     |                                asked > signed >
 * published +- gap                +- different: alarm, nothing is signed any more
 *
 * Invariants
 *   1. A checkpoint is asked of the signer only when the chain itself confirmed a root that
 *      includes its leaf, at a final block.
 *   2. Of one (origin, index) one root is ever asked for: its row is written before and is never
 *      changed.
 *   3. At most WINDOW checkpoints are not published; they are consecutive. */
#include "relay/core/tree/tree_internal.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/core/tables.h"
#include "relay/core/text.h"

#define WINDOW        16u
#define TREE_COMMANDS 5u

const struct core_chain *tree_validated(const struct step *step, uint32_t domain)
{
    const struct core_chain *config = step_chain(step, domain);
    const bool is_validated =
        config != NULL && config->validate && !address_is_zero(&step->config->validator);

    return is_validated ? config : NULL;
}

/* ---- rows ---- */

/* False: no row yet; `ret_tree` is an empty tree then. */
static bool tree_get(struct step *step, uint32_t domain, struct tree_row *ret_tree)
{
    uint8_t key[TREE_KEY_BYTES];
    struct bytes value;

    memset(ret_tree, 0, sizeof(*ret_tree));
    merkle_tree_init(&ret_tree->tree);
    if (!step_get(step, tree_key(key, domain, TREE_STATE), &value)) {
        return false;
    }
    if (tree_row_unpack(value, ret_tree) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

static void tree_put(struct step *step, uint32_t domain, const struct tree_row *tree)
{
    uint8_t key[TREE_KEY_BYTES];
    uint8_t memory[TREE_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));

    tree_row_pack(tree, &packer);
    step_put(step, tree_key(key, domain, TREE_STATE), packer_finish(&packer));
}

static void signing_get(struct step *step, uint32_t domain, struct merkle_tree *ret_tree)
{
    uint8_t key[TREE_KEY_BYTES];
    struct bytes value;

    merkle_tree_init(ret_tree);
    if (!step_get(step, tree_key(key, domain, TREE_SIGNING), &value)) {
        return;
    }
    struct unpacker unpacker = unpacker_from(value);
    merkle_tree_unpack(&unpacker, ret_tree);
    if (!unpacker_is_done(&unpacker)) {
        step->status = STATUS_CORRUPT;
    }
}

static void signing_put(struct step *step, uint32_t domain, const struct merkle_tree *tree)
{
    uint8_t key[TREE_KEY_BYTES];
    uint8_t memory[MERKLE_PACKED_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));

    merkle_tree_pack(tree, &packer);
    step_put(step, tree_key(key, domain, TREE_SIGNING), packer_finish(&packer));
}

static bool signed_get(struct step *step, uint32_t domain, uint32_t index,
                       struct signed_row *ret_row)
{
    uint8_t key[SIGNED_KEY_BYTES];
    struct bytes value;

    if (!step_get(step, signed_key(key, domain, index), &value)) {
        return false;
    }
    if (signed_row_unpack(value, index, ret_row) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

static void signed_put(struct step *step, uint32_t domain, const struct signed_row *row)
{
    uint8_t key[SIGNED_KEY_BYTES];
    uint8_t memory[SIGNED_ROW_BYTES];
    struct packer packer = packer_from(memory, sizeof(memory));

    signed_row_pack(row, &packer);
    step_put(step, signed_key(key, domain, row->checkpoint.index), packer_finish(&packer));
}

bool tree_leaf_index(struct step *step, uint32_t domain, const struct hash *message_id,
                     uint32_t *ret_index)
{
    uint8_t key[LEAF_KEY_BYTES_MAX];
    struct bytes value;

    if (!step_get(step, leaf_id_key(key, domain, message_id), &value)) {
        return false;
    }
    struct unpacker unpacker = unpacker_from(value);
    const uint32_t index = unpack_u32(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    *ret_index = index;
    return true;
}

bool tree_leaf_id(struct step *step, uint32_t domain, uint32_t index, struct hash *ret_message_id)
{
    uint8_t key[LEAF_KEY_BYTES_MAX];
    struct bytes value;

    if (!step_get(step, leaf_index_key(key, domain, index), &value)) {
        return false;
    }
    struct unpacker unpacker = unpacker_from(value);
    const struct hash id = unpack_hash(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    *ret_message_id = id;
    return true;
}

uint32_t tree_leaves_count(struct step *step, uint32_t domain)
{
    uint8_t key[LEAF_KEY_BYTES_MAX];
    struct bytes value;

    if (!step_get(step, leaves_count_key(key, domain), &value)) {
        return 0;
    }
    struct unpacker unpacker = unpacker_from(value);
    return unpack_u32(&unpacker);
}

static void schedule(struct step *step, uint32_t domain, struct tree_row *tree, struct instant at)
{
    const struct hash id = step_domain_id(domain);

    if (tree->due.ns != 0) {
        if (tree->due.ns <= at.ns) {
            return;
        }
        step_due_remove(step, tree->due, DUE_TREE, &id);
    }
    tree->due = at;
    step_due(step, at, DUE_TREE, &id);
}

void tree_schedule(struct step *step, uint32_t domain, struct instant at)
{
    struct tree_row tree;

    (void)tree_get(step, domain, &tree);
    schedule(step, domain, &tree, at);
    tree_put(step, domain, &tree);
}

/* ---- the beginning ---- */

static void halt(struct step *step, uint32_t domain, struct tree_row *tree, enum reason reason,
                 const char *text)
{
    if (tree->halted != REASON_NONE) {
        return;
    }
    tree->halted = reason;
    tree->since = step->now;
    step_note(step, NOTE_ALARM, domain, NULL, reason, text);
}

static void halt_at_gap(struct step *step, uint32_t domain, struct tree_row *tree, uint32_t index)
{
    struct text text = text_from("leaf ");

    text_add_number(&text, index);
    text_add(&text, " came where ");
    text_add_number(&text, tree->tree.count);
    text_add(&text, " was next");
    halt(step, domain, tree, REASON_LEAF_GAP, text.text);
}

void tree_on_first_block(struct step *step, uint32_t domain, uint64_t number,
                         const struct hash *hash)
{
    if (step_chain(step, domain)->start_block > 1) {
        tree_begin_at(step, domain, number, hash);
    }
}

void tree_begun(struct step *step, uint32_t domain, const struct merkle_tree *frontier)
{
    struct tree_row tree;

    if (tree_validated(step, domain) == NULL) {
        return;
    }
    (void)tree_get(step, domain, &tree);
    tree.verified_count = frontier->count; /* invariant 1: it is the chain's own */
    tree.published_count = frontier->count;
    tree_put(step, domain, &tree);
    signing_put(step, domain, frontier);
}

void tree_folded(struct step *step, uint32_t domain, const struct merkle_tree *tree)
{
    struct tree_row row;

    if (tree_validated(step, domain) == NULL) {
        return;
    }
    (void)tree_get(step, domain, &row);
    row.tree = *tree;
    if (tree_leaves_count(step, domain) > tree->count) {
        halt_at_gap(step, domain, &row, tree_leaves_count(step, domain) - 1);
    }
    schedule(step, domain, &row, step->now);
    tree_put(step, domain, &row);
}

/* ---- leaves ---- */

/* Asks for our store's reorg flag, unless that is under way. */
static void raise_flag(struct step *step, uint32_t domain, struct tree_row *tree)
{
    const struct instant until = instant_after(tree->flag_asked_at, TREE_ANSWER_WAIT);

    if (tree->flag != FLAG_WANTED ||
        (tree->flag_asked_at.ns >= step->started.ns && !instant_is_past(until, step->now))) {
        return;
    }
    struct command *command = step_command(step, COMMAND_PUBLISH_REORG, domain);
    command->publish_reorg.validator = step->config->validator;
    command->publish_reorg.local_root = tree->flag_local;
    command->publish_reorg.canonical_root = tree->flag_canonical;
    command->publish_reorg.index = tree->flag_index;
    command->publish_reorg.time_s = tree->flag_time_s;
    tree->flag_asked_at = step->now;
    schedule(step, domain, tree, instant_after(step->now, TREE_ANSWER_WAIT));
}

/* What we signed may be of a chain that is no more: everybody who reads our store is told. */
static void flag_reorg(struct step *step, uint32_t domain, struct tree_row *tree,
                       const struct hash *local, uint32_t count, const struct hash *canonical)
{
    if (tree->flag != FLAG_DOWN) {
        return;
    }
    tree->flag = FLAG_WANTED;
    tree->flag_local = *local;
    tree->flag_canonical = *canonical;
    tree->flag_index = count > 0 ? count - 1 : 0;
    tree->flag_time_s = step->now.ns / 1000000000u;
    raise_flag(step, domain, tree);
}

void tree_on_stopped(struct step *step, uint32_t domain)
{
    const struct hash unknown = {{0}};
    struct tree_row tree;

    if (tree_validated(step, domain) == NULL || !tree_get(step, domain, &tree)) {
        return;
    }
    const struct hash root = merkle_tree_root(&tree.tree);
    flag_reorg(step, domain, &tree, &root, tree.tree.count, &unknown);
    tree_put(step, domain, &tree);
}

static void on_flag_published(struct step *step, uint32_t domain, enum outcome outcome)
{
    struct tree_row tree;

    if (!tree_get(step, domain, &tree) || tree.flag != FLAG_WANTED || outcome != OUTCOME_OK) {
        return; /* tried again when overdue */
    }
    tree.flag = FLAG_UP;
    tree_put(step, domain, &tree);
    step_note(step, NOTE_ALARM, domain, NULL, REASON_REORG_FLAGGED, NULL);
}

static void leaf_put(struct step *step, uint32_t domain, uint32_t index, const struct hash *id)
{
    uint8_t key[LEAF_KEY_BYTES_MAX];
    uint8_t memory[4];
    struct packer packer = packer_from(memory, sizeof(memory));
    uint32_t first = 0;

    step_put(step, leaf_index_key(key, domain, index), bytes_from(id->bytes, sizeof(id->bytes)));
    if (index >= tree_leaves_count(step, domain)) { /* below it: a leaf of the past */
        pack_u32(&packer, index + 1);
        step_put(step, leaves_count_key(key, domain), packer_finish(&packer));
    }
    /* A hook stack may insert a message twice; its first leaf is the one that counts. */
    if (!tree_leaf_index(step, domain, id, &first)) {
        packer = packer_from(memory, sizeof(memory));
        pack_u32(&packer, index);
        step_put(step, leaf_id_key(key, domain, id), packer_finish(&packer));
    }
}

void tree_on_final_fact(struct step *step, uint32_t domain, const struct fact *fact)
{
    const struct core_chain *config = step_chain(step, domain);
    struct tree_row tree;

    if (fact->kind != FACT_TREE_INSERT || config == NULL ||
        !address_equal(&fact->contract, &config->tree_hook)) {
        return;
    }
    const uint32_t index = fact->tree_insert.leaf_index;
    uint32_t first = 0;
    if (index > 0 && tree_leaves_count(step, domain) == 0) {
        tree_begin_at(step, domain, fact->block_number, &fact->block_hash);
    }
    leaf_put(step, domain, index, &fact->tree_insert.message_id);
    if (!tree_is_begun(step, domain, &first) || index < first) {
        return; /* added when it is (tree_begin.c), or older than the tree */
    }
    tree_nodes_add(step, domain, index);
    if (tree_validated(step, domain) == NULL) {
        return;
    }
    (void)tree_get(step, domain, &tree);
    if (index != tree.tree.count ||
        merkle_tree_insert(&tree.tree, &fact->tree_insert.message_id) != STATUS_OK) {
        halt_at_gap(step, domain, &tree, index);
    }
    tree_put(step, domain, &tree);
}

/* ---- the chain's own root ---- */

/* Asks for the tree at the last block whose facts were all applied: there our count is its. */
static void ask_tree(struct step *step, uint32_t domain, struct tree_row *tree)
{
    struct chain_row chain;
    const bool is_new = tree->tree.count > tree->verified_count && tree->halted == REASON_NONE;

    if (!is_new || !blocks_chain(step, domain, &chain) || !chain.applied_any ||
        chain.cursor_number != chain.applied_number + 1 || chain.cursor_index != 0) {
        return;
    }
    tree->asked_at = step->now;
    tree->asked_number = chain.applied_number;
    tree->asked_hash = chain.applied_hash;
    tree->asked_count = tree->tree.count;
    tree->asked_root = merkle_tree_root(&tree->tree);
    struct command *command = step_command(step, COMMAND_READ_TREE, domain);
    command->read_tree.block_number = tree->asked_number;
    command->read_tree.block_hash = tree->asked_hash;
    schedule(step, domain, tree, instant_after(step->now, TREE_ANSWER_WAIT));
}

void tree_on_final(struct step *step, uint32_t domain, uint64_t number, const struct hash *hash)
{
    struct tree_row tree;

    CHECK(number > 0);
    CHECK(hash != NULL);
    if (tree_validated(step, domain) == NULL) {
        return;
    }
    (void)tree_get(step, domain, &tree);
    if (tree.asked_at.ns == 0 && tree.tree.count > tree.verified_count) {
        ask_tree(step, domain, &tree);
        tree_put(step, domain, &tree);
    }
}

/* ---- signatures ---- */

static void ask_signature(struct step *step, uint32_t domain, struct signed_row *row)
{
    row->asked_at = step->now;
    step_command(step, COMMAND_SIGN_CHECKPOINT, domain)->sign_checkpoint = row->checkpoint;
}

static void publish(struct step *step, uint32_t domain, struct signed_row *row)
{
    struct command *command = step_command(step, COMMAND_PUBLISH_CHECKPOINT, domain);

    row->asked_at = step->now;
    command->publish_checkpoint.validator = step->config->validator;
    command->publish_checkpoint.checkpoint = row->checkpoint;
    command->publish_checkpoint.signature = row->signature;
}

/* Asks for as many checkpoints as the window and the step hold. */
static void sign_more(struct step *step, uint32_t domain, struct tree_row *tree)
{
    struct merkle_tree signing;
    bool changed = false;

    signing_get(step, domain, &signing);
    while (tree->halted == REASON_NONE && signing.count < tree->verified_count &&
           signing.count - tree->published_count < WINDOW && step_has_room(step, 1)) {
        struct signed_row row;
        memset(&row, 0, sizeof(row));
        row.state = SIGNED_ASKED;
        row.checkpoint.index = signing.count;
        if (!tree_leaf_id(step, domain, signing.count, &row.checkpoint.message_id)) {
            step->status = step->status == STATUS_OK ? STATUS_CORRUPT : step->status;
            return;
        }
        const enum status status = merkle_tree_insert(&signing, &row.checkpoint.message_id);
        CHECK(status == STATUS_OK);
        row.checkpoint.root = merkle_tree_root(&signing);
        ask_signature(step, domain, &row);
        signed_put(step, domain, &row); /* invariant 2 */
        changed = true;
    }
    if (changed) {
        signing_put(step, domain, &signing);
    }
    if (tree->halted != REASON_NONE) {
        return;
    }
    if (signing.count > tree->published_count) {
        schedule(step, domain, tree, instant_after(step->now, TREE_ANSWER_WAIT));
    }
    const bool has_more =
        signing.count < tree->verified_count && signing.count - tree->published_count < WINDOW;
    if (has_more) {
        schedule(step, domain, tree, step->now);
    }
}

static void on_tree(struct step *step, const struct event *event)
{
    const uint32_t domain = event->domain;
    struct tree_row tree;

    if (tree_validated(step, domain) == NULL || !tree_get(step, domain, &tree) ||
        tree.asked_at.ns == 0 || event->tree.outcome != OUTCOME_OK ||
        event->tree.block_number != tree.asked_number ||
        !hash_equal(&event->tree.block_hash, &tree.asked_hash)) {
        return; /* asked again when overdue */
    }
    tree.asked_at.ns = 0;
    if (event->tree.count != tree.asked_count || !hash_equal(&event->tree.root, &tree.asked_root)) {
        struct text text = text_from("at block ");
        text_add_number(&text, tree.asked_number);
        text_add(&text, ": ");
        text_add_number(&text, event->tree.count);
        text_add(&text, " leaves there, ");
        text_add_number(&text, tree.asked_count);
        text_add(&text, " here");
        halt(step, domain, &tree, REASON_ROOT_MISMATCH, text.text);
        flag_reorg(step, domain, &tree, &tree.asked_root, tree.asked_count, &event->tree.root);
    } else if (tree.halted == REASON_NONE) {
        tree.verified_count = tree.asked_count; /* invariant 1 */
        sign_more(step, domain, &tree);
        ask_tree(step, domain, &tree);
    }
    tree_put(step, domain, &tree);
}

static void on_checkpoint_signed(struct step *step, const struct event *event)
{
    const uint32_t domain = event->domain;
    const struct core_chain *config = tree_validated(step, domain);
    const struct checkpoint *checkpoint = &event->checkpoint_signed.checkpoint;
    struct signed_row row;
    struct tree_row tree;
    struct address signer;

    if (config == NULL || !signed_get(step, domain, checkpoint->index, &row) ||
        row.state != SIGNED_ASKED || !hash_equal(&row.checkpoint.root, &checkpoint->root) ||
        !hash_equal(&row.checkpoint.message_id, &checkpoint->message_id)) {
        return;
    }
    switch (event->checkpoint_signed.outcome) {
    case OUTCOME_OK:
        if (checkpoint_recover(domain, &config->tree_hook, &row.checkpoint,
                               &event->checkpoint_signed.signature, &signer) != STATUS_OK ||
            !address_equal(&signer, &step->config->validator)) {
            step_note(step, NOTE_ALARM, domain, NULL, REASON_CHECKPOINT_REFUSED,
                      "the signer answered with a signature that is not our validator's");
            return; /* asked again when overdue */
        }
        row.state = SIGNED_SIGNED;
        row.signature = event->checkpoint_signed.signature;
        publish(step, domain, &row);
        signed_put(step, domain, &row);
        break;
    case OUTCOME_REFUSED: {
        struct text text = text_from("");
        text_add_bytes(&text, event->checkpoint_signed.reason);
        (void)tree_get(step, domain, &tree);
        halt(step, domain, &tree, REASON_CHECKPOINT_REFUSED, text.text);
        tree_put(step, domain, &tree);
        break;
    }
    case OUTCOME_ABSENT:
    case OUTCOME_UNKNOWN:
        break; /* asked again when overdue */
    }
}

static void on_checkpoint_published(struct step *step, uint32_t domain, uint32_t index,
                                    enum outcome outcome)
{
    struct signed_row row;
    struct tree_row tree;

    if (!signed_get(step, domain, index, &row) || row.state != SIGNED_SIGNED ||
        !tree_get(step, domain, &tree)) {
        return;
    }
    if (outcome != OUTCOME_OK) {
        if (!tree.publish_failed) {
            tree.publish_failed = true;
            tree_put(step, domain, &tree);
            step_note(step, NOTE_ALARM, domain, NULL, REASON_PUBLISH_FAILED, NULL);
        }
        return; /* tried again when overdue */
    }
    row.state = SIGNED_PUBLISHED;
    signed_put(step, domain, &row);
    tree.publish_failed = false;
    while (signed_get(step, domain, tree.published_count, &row) && row.state == SIGNED_PUBLISHED) {
        tree.published_count++;
    }
    sign_more(step, domain, &tree);
    tree_put(step, domain, &tree);
}

static void on_published(struct step *step, const struct event *event)
{
    const struct core_chain *config = tree_validated(step, event->domain);

    if (config == NULL) {
        return;
    }
    if (event->published.is_reorg) {
        on_flag_published(step, event->domain, event->published.outcome);
    } else if (event->published.is_announcement) {
        announcement_on_published(step, config, event);
    } else {
        on_checkpoint_published(step, event->domain, event->published.index,
                                event->published.outcome);
    }
}

void tree_on_answer(struct step *step, const struct event *event)
{
    if (event->kind == EVENT_TREE && event->tree.with_branch) {
        tree_begin_on_tree(step, event);
    } else if (event->kind == EVENT_TREE && event->tree.everyone) {
        sure_on_tree(step, event);
    } else if (event->kind == EVENT_TREE) {
        on_tree(step, event);
    } else if (event->kind == EVENT_CHECKPOINT_SIGNED) {
        on_checkpoint_signed(step, event);
    } else if (event->kind == EVENT_ANNOUNCEMENT_SIGNED) {
        announcement_on_signed(step, event);
    } else {
        CHECK(event->kind == EVENT_PUBLISHED);
        on_published(step, event);
    }
}

/* ---- due, start ---- */

/* Asks again for what is overdue in the window. */
static void repeat_window(struct step *step, uint32_t domain, struct tree_row *tree)
{
    struct signed_row row;

    for (uint32_t i = 0; i < WINDOW && step_has_room(step, 1); i++) {
        if (!signed_get(step, domain, tree->published_count + i, &row)) {
            return;
        }
        const bool is_overdue =
            row.asked_at.ns < step->started.ns ||
            instant_is_past(instant_after(row.asked_at, TREE_ANSWER_WAIT), step->now);
        if (!is_overdue || row.state == SIGNED_PUBLISHED) {
            continue;
        }
        if (row.state == SIGNED_ASKED) {
            ask_signature(step, domain, &row);
        } else {
            publish(step, domain, &row);
        }
        signed_put(step, domain, &row);
    }
}

bool tree_on_due(struct step *step, const struct hash *id)
{
    const uint32_t domain = step_domain_of(id);
    const struct core_chain *config = tree_validated(step, domain);
    struct tree_row tree;

    if (!step_has_room(step, WINDOW + TREE_COMMANDS)) {
        return false;
    }
    (void)tree_get(step, domain, &tree);
    tree.due.ns = 0;
    if (config != NULL) {
        raise_flag(step, domain, &tree);
    }
    if (config != NULL && blocks_is_running(step, domain) && tree.halted == REASON_NONE) {
        repeat_window(step, domain, &tree);
        sign_more(step, domain, &tree);
        const bool is_lost =
            tree.asked_at.ns != 0 &&
            (tree.asked_at.ns < step->started.ns ||
             instant_is_past(instant_after(tree.asked_at, TREE_ANSWER_WAIT), step->now));
        if (is_lost || tree.asked_at.ns == 0) {
            ask_tree(step, domain, &tree);
        } else {
            schedule(step, domain, &tree, instant_after(step->now, TREE_ANSWER_WAIT));
        }
    }
    tree_put(step, domain, &tree);
    if (config != NULL) {
        announcement_work(step, config);
    }
    return true;
}

void tree_on_start(struct step *step)
{
    tree_begin_on_start(step);
    for (uint32_t i = 0; i < step->config->chains_count; i++) {
        const uint32_t domain = step->config->chains[i].domain;
        const struct core_chain *config = tree_validated(step, domain);
        if (config != NULL) {
            announcement_start(step, config);
            tree_schedule(step, domain, step->now);
        }
    }
}

/* A person says that what halted the signing, or what stopped the chain and raised the flag, is
 * mended. Nothing is taken for granted: the chain is asked for its root again, and what contradicts
 * us still halts it again, and raises the flag again. */
void tree_on_operator(struct step *step, const struct event *event)
{
    const uint32_t domain = event->domain;
    struct tree_row tree;

    if (event->operator_.action != OPERATOR_RESUME || tree_validated(step, domain) == NULL ||
        !tree_get(step, domain, &tree) || (tree.halted == REASON_NONE && tree.flag == FLAG_DOWN)) {
        return;
    }
    tree.halted = REASON_NONE;
    tree.since = step->now;
    tree.asked_at.ns = 0;
    tree.flag = FLAG_DOWN; /* in the store it stays until the person takes it away there */
    schedule(step, domain, &tree, step->now);
    tree_put(step, domain, &tree);
    step_note(step, NOTE_WARN, domain, NULL, REASON_TREE_RESUMED, NULL);
}
