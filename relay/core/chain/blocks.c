/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/chain/blocks.c: what every chain said: its head, its facts, what is final, what was
 * replaced.
 *
 * TABLE_CHAIN, domain u32 -> struct chain_row
 * TABLE_BLOCK, domain u32, number u64 -> hash (from BLOCKS_KEPT below the final block up to the
 *   head; none inside a range that was given as a whole)
 *
 *   fact --> row --> block ends --> final covers it --> applied once, in order, row deleted
 *                                                  +--> its block was replaced: told as orphaned
 *
 * Invariants
 *   1. A fact is applied at most once: the cursor only grows, and facts below it are ignored.
 *   2. A fact is applied only when the block that is final at its height, or above it in the range
 *      that gave it, is the one we were given: hash of the block's row, or the watch's round where
 *      a range of blocks was given without their rows.
 *   3. Blocks above the head are unknown. A reorg lowers the head; rows above it mean nothing and
 *      are overwritten, so a reorg of any depth costs the same.
 *   4. Nothing below applied_number is ever taken back: a chain that contradicts it is stopped. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/limits.h"
#include "relay/base/pack.h"
#include "relay/core/chain/fact_rows.h"
#include "relay/core/step.h"
#include "relay/core/tables.h"
#include "relay/core/text.h"

#define BLOCK_KEY_BYTES    13u
#define BLOCK_ROW_BYTES    32u
#define BLOCKS_KEPT        256u /* final blocks whose hashes stay, to compare late answers with */
#define BLOCKS_DROPPED_MAX 64u  /* rows dropped at once */
#define FACTS_PER_STEP_MAX 32u
#define APPLY_COMMANDS     8u /* what applying one fact may ask at most */

static const struct hash hash_none;

/* ---- rows ---- */

bool blocks_chain(struct step *step, uint32_t domain, struct chain_row *ret_chain)
{
    uint8_t key[CHAIN_KEY_BYTES];
    struct bytes value;

    memset(ret_chain, 0, sizeof(*ret_chain));
    if (!step_get(step, chain_key(key, domain), &value)) {
        return false;
    }
    if (chain_row_unpack(value, ret_chain) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

static void chain_put(struct step *step, uint32_t domain, const struct chain_row *chain)
{
    uint8_t key[CHAIN_KEY_BYTES];
    uint8_t memory[CHAIN_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));

    chain_row_pack(chain, &packer);
    step_put(step, chain_key(key, domain), packer_finish(&packer));
}

/* A chain of the configuration that is running, with its row. */
static bool chain_running(struct step *step, uint32_t domain, struct chain_row *ret_chain)
{
    return step_chain(step, domain) != NULL && blocks_chain(step, domain, ret_chain) &&
           ret_chain->stopped == REASON_NONE;
}

/* The same, and what it says now is an answer to our last watch. */
bool blocks_listening(struct step *step, uint32_t domain, struct chain_row *ret_chain)
{
    return chain_running(step, domain, ret_chain) && !ret_chain->watch_wanted;
}

enum reason blocks_halted(struct step *step, uint32_t domain)
{
    struct chain_row chain;

    if (!chain_running(step, domain, &chain)) {
        return REASON_CHAIN_STOPPED;
    }
    return chain.no_quorum ? REASON_NO_QUORUM : REASON_NONE;
}

bool blocks_is_running(struct step *step, uint32_t domain)
{
    return blocks_halted(step, domain) == REASON_NONE;
}

static struct bytes block_key(uint8_t memory[BLOCK_KEY_BYTES], uint32_t domain, uint64_t number)
{
    struct packer key = packer_from(memory, BLOCK_KEY_BYTES);

    pack_u8(&key, TABLE_BLOCK);
    pack_u32(&key, domain);
    pack_u64(&key, number);
    return packer_finish(&key);
}

/* The hash of a block at or below the head, if it was given alone or as the end of a range. */
static bool block_get(struct step *step, uint32_t domain, const struct chain_row *chain,
                      uint64_t number, struct hash *ret_hash)
{
    uint8_t key[BLOCK_KEY_BYTES];
    struct bytes value;

    if (number > chain->head_number || !step_get(step, block_key(key, domain, number), &value)) {
        return false;
    }
    struct unpacker unpacker = unpacker_from(value);
    const struct hash hash = unpack_hash(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    *ret_hash = hash;
    return true;
}

bool blocks_hash(struct step *step, uint32_t domain, uint64_t number, struct hash *ret_hash)
{
    struct chain_row chain;

    return blocks_chain(step, domain, &chain) && block_get(step, domain, &chain, number, ret_hash);
}

static void block_put(struct step *step, uint32_t domain, const struct chain_row *chain)
{
    uint8_t key[BLOCK_KEY_BYTES];
    uint8_t memory[BLOCK_ROW_BYTES];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_hash(&packer, &chain->head_hash);
    step_put(step, block_key(key, domain, chain->head_number), packer_finish(&packer));
}

/* Drops block rows from `first` on that are below `end`. False: there are more of them. */
static bool blocks_drop(struct step *step, uint32_t domain, uint64_t first, uint64_t end)
{
    uint8_t from[BLOCK_KEY_BYTES];
    uint8_t limit[BLOCK_KEY_BYTES];
    const struct bytes end_key = block_key(limit, domain, end);

    for (uint32_t i = 0; i < BLOCKS_DROPPED_MAX && first < end; i++) {
        struct bytes key;
        struct bytes value;
        const struct bytes start = block_key(from, domain, first);
        if (!step_seek(step, start, bytes_from(from, CHAIN_KEY_BYTES), &key, &value) ||
            bytes_compare(key, end_key) >= 0) {
            return true;
        }
        struct unpacker unpacker = unpacker_from(key);
        (void)unpack_raw(&unpacker, CHAIN_KEY_BYTES);
        const uint64_t number = unpack_u64(&unpacker);
        step_delete(step, block_key(from, domain, number));
        first = number + 1;
    }
    return first >= end;
}

/* The evidence of a contradiction: which block, what it was and what it is said to be. */
static struct text evidence_of(const char *words, uint64_t number, const struct hash *known,
                               const struct hash *said)
{
    struct text text = text_from(words);

    text_add(&text, ": block ");
    text_add_number(&text, number);
    text_add(&text, " was ");
    text_add_hash(&text, known);
    text_add(&text, " and is now said to be ");
    text_add_hash(&text, said);
    return text;
}

static void stop(struct step *step, uint32_t domain, struct chain_row *chain, enum reason reason,
                 const char *text)
{
    if (chain->stopped != REASON_NONE) {
        return;
    }
    chain->stopped = reason;
    chain->since = step->now;
    chain_put(step, domain, chain);
    step_note(step, NOTE_ALARM, domain, NULL, reason, text);
    if (reason == REASON_REORG_BEYOND_FINALITY) {
        tree_on_stopped(step, domain);
    }
}

/* ---- start ---- */

/* All that is not final is read anew: what was given before counts no more (invariant 2), and what
 * is given until the watch begins is not listened to. */
static void watch_anew(struct step *step, uint32_t domain, struct chain_row *chain)
{
    const struct hash id = step_domain_id(domain);

    chain->round++;
    chain->watch_wanted = chain->stopped == REASON_NONE;
    chain->head_number = chain->applied_any ? chain->applied_number : 0;
    chain->head_hash = chain->applied_any ? chain->applied_hash : hash_none;
    chain->final_number = chain->head_number;
    chain->final_hash = chain->head_hash;
    chain->target_number = 0;
    chain->target_hash = hash_none;
    chain_put(step, domain, chain);
    step_due(step, step->now, DUE_BLOCKS, &id);
}

static void start_chain(struct step *step, const struct core_chain *config)
{
    struct chain_row chain;

    if (!blocks_chain(step, config->domain, &chain)) {
        chain.cursor_number = config->start_block;
    }
    chain.no_quorum = false; /* the adapter says so when it is not */
    watch_anew(step, config->domain, &chain);
}

void blocks_on_start(struct step *step)
{
    for (uint32_t i = 0; i < step->config->chains_count; i++) {
        start_chain(step, &step->config->chains[i]);
        past_on_start(step, step->config->chains[i].domain);
    }
}

/* ---- what questions cost ---- */

void blocks_on_calls(struct step *step, const struct event *event)
{
    const struct calls_row calls = {.day = event->calls.day, .spent = event->calls.spent};
    uint8_t key[CALLS_KEY_BYTES];
    uint8_t memory[CALLS_ROW_BYTES];

    if (step_chain(step, event->domain) == NULL ||
        event->calls.endpoint_index >= ENDPOINTS_PER_CHAIN_MAX) {
        return;
    }
    step_put(step, calls_key(key, event->domain, event->calls.endpoint_index),
             calls_row_pack(memory, &calls));
}

static bool calls_get(struct step *step, uint32_t domain, uint32_t endpoint,
                      struct calls_row *ret_calls)
{
    uint8_t key[CALLS_KEY_BYTES];
    struct bytes value;

    if (!step_get(step, calls_key(key, domain, endpoint), &value)) {
        return false;
    }
    if (calls_row_unpack(value, ret_calls) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

static void command_watch(struct step *step, uint32_t domain, const struct chain_row *chain,
                          uint64_t from_block)
{
    struct command *const command = step_command(step, COMMAND_WATCH, domain);
    uint64_t *const spent = command->watch.calls_spent;

    command->watch.from_block = from_block;
    past_watch(step, domain, chain, &command->watch);
    for (uint32_t i = 0; i < ENDPOINTS_PER_CHAIN_MAX; i++) {
        struct calls_row calls;
        if (!calls_get(step, domain, i, &calls) || calls.day < command->watch.calls_day) {
            continue;
        }
        if (calls.day > command->watch.calls_day) {
            memset(spent, 0, sizeof(command->watch.calls_spent));
            command->watch.calls_day = calls.day;
        }
        spent[i] = calls.spent;
    }
}

/* ---- facts ---- */

bool blocks_fact_is_bounded(const struct fact *fact)
{
    return fact->kind >= FACT_DISPATCH && fact->kind <= FACT_KIND_LAST &&
           (fact->kind != FACT_DISPATCH || fact->dispatch.message.count <= MESSAGE_BYTES_MAX);
}

static void fact_put(struct step *step, uint32_t domain, uint32_t round, const struct fact *fact)
{
    uint8_t key[FACT_KEY_BYTES];
    uint8_t memory[FACT_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_u32(&packer, round);
    pack_u64(&packer, step->record);
    fact_pack(fact, &packer);
    step_put(step, fact_key(key, domain, fact->block_number, fact->log_index),
             packer_finish(&packer));
}

/* Reads a row's fact; its message is kept for this step, because the row's bytes are borrowed. */
static bool fact_take(struct step *step, struct bytes key, struct bytes value, uint32_t *ret_round,
                      uint64_t *ret_record, struct fact *ret_fact)
{
    struct unpacker unpacker = unpacker_from(value);

    *ret_round = unpack_u32(&unpacker);
    *ret_record = unpack_u64(&unpacker);
    if (fact_unpack(key, &unpacker, ret_fact) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    if (ret_fact->kind == FACT_DISPATCH) {
        ret_fact->dispatch.message = step_keep(step, ret_fact->dispatch.message);
    }
    return true;
}

static bool is_below_cursor(const struct chain_row *chain, const struct fact *fact)
{
    return fact->block_number < chain->cursor_number ||
           (fact->block_number == chain->cursor_number && fact->log_index < chain->cursor_index);
}

void blocks_on_fact(struct step *step, uint32_t domain, const struct fact *fact)
{
    struct chain_row chain;
    uint8_t memory[FACT_KEY_BYTES];
    const struct bytes key = fact_key(memory, domain, fact->block_number, fact->log_index);
    struct bytes value;

    /* invariant 1 */
    if (!blocks_fact_is_bounded(fact) || !blocks_listening(step, domain, &chain) ||
        is_below_cursor(&chain, fact)) {
        return;
    }
    if (step_get(step, key, &value)) {
        struct fact old;
        uint32_t round = 0;
        uint64_t record = 0;
        if (!fact_take(step, key, value, &round, &record, &old)) {
            return;
        }
        if (hash_equal(&old.block_hash, &fact->block_hash)) {
            if (round != chain.round) {
                fact_put(step, domain, chain.round, fact);
            }
            return; /* given before */
        }
        message_on_orphaned_fact(step, domain, &old);
    }
    fact_put(step, domain, chain.round, fact);
    message_on_head_fact(step, domain, fact);
}

void blocks_skip(struct step *step, uint32_t domain, struct chain_row *chain, uint64_t number)
{
    CHECK(chain->cursor_number < number);
    CHECK(!chain->applied_any);
    chain->cursor_number = number;
    chain->cursor_index = 0;
    chain_put(step, domain, chain);
}

/* ---- applying what is final ---- */

/* Whether the fact's block is on the chain that is final up to the target (invariant 2). */
static bool fact_is_final(struct step *step, uint32_t domain, const struct chain_row *chain,
                          const struct fact *fact, uint32_t round)
{
    struct hash hash;

    if (block_get(step, domain, chain, fact->block_number, &hash)) {
        return hash_equal(&hash, &fact->block_hash);
    }
    return round == chain->round;
}

void blocks_apply_fact(struct step *step, uint32_t domain, const struct fact *fact, uint64_t record)
{
    step->fact_record = record;
    tree_on_final_fact(step, domain, fact);
    message_on_final_fact(step, domain, fact);
    ledger_on_final_fact(step, domain, fact);
    step->fact_record = 0;
}

/* Applies the next fact up to the target. False: there is none. */
static bool apply_next(struct step *step, uint32_t domain, struct chain_row *chain)
{
    uint8_t memory[FACT_KEY_BYTES];
    const struct bytes from = fact_key(memory, domain, chain->cursor_number, chain->cursor_index);
    struct bytes key;
    struct bytes value;
    struct fact fact;
    uint32_t round = 0;
    uint64_t record = 0;

    if (!step_seek(step, from, bytes_from(memory, 5), &key, &value) ||
        !fact_take(step, key, value, &round, &record, &fact) ||
        fact.block_number > chain->target_number) {
        return false;
    }
    const bool is_last_index = fact.log_index == UINT32_MAX;
    chain->cursor_number = is_last_index ? fact.block_number + 1 : fact.block_number;
    chain->cursor_index = is_last_index ? 0 : fact.log_index + 1;
    step_delete(step, fact_key(memory, domain, fact.block_number, fact.log_index));
    if (!fact_is_final(step, domain, chain, &fact, round)) {
        message_on_orphaned_fact(step, domain, &fact);
        return true;
    }
    blocks_apply_fact(step, domain, &fact, record);
    return true;
}

/* Whether the target can be applied; a target inside a range gives way to a newer one. */
static bool target_is_ready(struct step *step, uint32_t domain, struct chain_row *chain)
{
    struct hash hash;

    for (uint32_t i = 0; i < 2; i++) {
        if (chain->target_number == 0 || chain->head_number < chain->target_number) {
            return false;
        }
        if (block_get(step, domain, chain, chain->target_number, &hash)) {
            if (hash_equal(&hash, &chain->target_hash)) {
                return true;
            }
            const struct text text = evidence_of("the final block is not the one that was given",
                                                 chain->target_number, &hash, &chain->target_hash);
            stop(step, domain, chain, REASON_REORG_BEYOND_FINALITY, text.text);
            return false;
        }
        chain->target_number = chain->final_number;
        chain->target_hash = chain->final_hash;
    }
    return false;
}

static void finish_target(struct step *step, uint32_t domain, struct chain_row *chain)
{
    const uint64_t number = chain->target_number;
    const struct hash hash = chain->target_hash;

    chain->applied_any = true;
    chain->applied_number = number;
    chain->applied_hash = hash;
    chain->cursor_number = number + 1;
    chain->cursor_index = 0;
    const bool is_newest = chain->final_number <= number;
    chain->target_number = is_newest ? 0 : chain->final_number;
    chain->target_hash = is_newest ? hash_none : chain->final_hash;
    chain_put(step, domain, chain);
    if (number > BLOCKS_KEPT) {
        (void)blocks_drop(step, domain, 0, number - BLOCKS_KEPT); /* the rest with the next one */
    }
    tree_on_final(step, domain, number, &hash);
    lane_on_final(step, domain, number, &hash);
    ledger_on_final(step, domain, number, &hash);
    if (!is_newest) {
        const struct hash id = step_domain_id(domain);
        step_due(step, step->now, DUE_BLOCKS, &id);
    }
}

/* Nothing was applied yet: which block is the first that was given. */
static void tell_first_block(struct step *step, uint32_t domain, const struct chain_row *chain)
{
    uint8_t memory[BLOCK_KEY_BYTES];
    const struct bytes from = block_key(memory, domain, 0);
    struct bytes key;
    struct bytes value;

    if (!step_seek(step, from, bytes_from(memory, CHAIN_KEY_BYTES), &key, &value)) {
        return;
    }
    struct unpacker unpacker = unpacker_from(key);
    (void)unpack_raw(&unpacker, CHAIN_KEY_BYTES);
    const uint64_t number = unpack_u64(&unpacker);
    struct hash hash;
    if (number <= chain->target_number && block_get(step, domain, chain, number, &hash)) {
        tree_on_first_block(step, domain, number, &hash);
    }
}

/* Applies what is final, a bounded part per step, and writes the chain's row. */
static void apply(struct step *step, uint32_t domain, struct chain_row *chain)
{
    if (!target_is_ready(step, domain, chain)) {
        if (chain->stopped == REASON_NONE) {
            chain_put(step, domain, chain);
        }
        return;
    }
    if (!chain->applied_any) {
        tell_first_block(step, domain, chain);
    }
    for (uint32_t i = 0; i < FACTS_PER_STEP_MAX && step_has_room(step, APPLY_COMMANDS); i++) {
        if (apply_next(step, domain, chain)) {
            continue;
        }
        if (step->status == STATUS_OK && chain->stopped == REASON_NONE) {
            finish_target(step, domain, chain);
        }
        return;
    }
    chain_put(step, domain, chain);
    const struct hash id = step_domain_id(domain);
    step_due(step, step->now, DUE_BLOCKS, &id);
}

bool blocks_on_due(struct step *step, const struct hash *id)
{
    const uint32_t domain = step_domain_of(id);
    struct chain_row chain;

    if (!chain_running(step, domain, &chain)) {
        return true;
    }
    if (!step_has_room(step, 2 * APPLY_COMMANDS)) {
        return false;
    }
    if (chain.watch_wanted) {
        const uint64_t from =
            chain.applied_any ? chain.applied_number + 1 : step_chain(step, domain)->start_block;
        /* A person accepted another branch: what was known below is not compared with either. */
        const bool is_resumed = chain.applied_any && hash_is_zero(&chain.applied_hash);
        if (!blocks_drop(step, domain, is_resumed ? 0 : from, UINT64_MAX)) {
            return false; /* blocks of the last watch are left: go on with the next step */
        }
        chain.watch_wanted = false;
        command_watch(step, domain, &chain, from);
    }
    apply(step, domain, &chain);
    past_work(step, domain);
    return true;
}

/* ---- blocks ---- */

/* A block at or below what was applied: the same one, or the chain is stopped (invariant 4). */
static void compare_with_applied(struct step *step, uint32_t domain, struct chain_row *chain,
                                 uint64_t number, const struct hash *hash)
{
    struct hash known;
    bool is_known = block_get(step, domain, chain, number, &known);

    if (number == chain->applied_number) {
        known = chain->applied_hash;
        is_known = !hash_is_zero(&known);
    }
    if (is_known && !hash_equal(&known, hash)) {
        const struct text text = evidence_of("a final block was replaced", number, &known, hash);
        stop(step, domain, chain, REASON_REORG_BEYOND_FINALITY, text.text);
    }
}

/* Whether a block whose parent is known follows the one we were given before it. */
static bool follows(struct step *step, uint32_t domain, struct chain_row *chain,
                    const struct event *event)
{
    const bool is_next = chain->head_number > 0 && event->block.number == chain->head_number + 1;

    if (!is_next || hash_is_zero(&event->block.parent) || hash_is_zero(&chain->head_hash) ||
        hash_equal(&event->block.parent, &chain->head_hash)) {
        return true;
    }
    const bool is_final = chain->applied_any && chain->head_number == chain->applied_number;
    const struct text text =
        evidence_of(is_final ? "a final block was replaced" : "a block does not follow its parent",
                    chain->head_number, &chain->head_hash, &event->block.parent);
    stop(step, domain, chain, is_final ? REASON_REORG_BEYOND_FINALITY : REASON_CONTRADICTION,
         text.text);
    return false;
}

static void replace_from(struct step *step, uint32_t domain, uint64_t number, uint64_t head)
{
    struct text text = text_from("");

    text_add_number(&text, head - number + 1);
    text_add(&text, " blocks from ");
    text_add_number(&text, number);
    text_add(&text, " on");
    step_note(step, NOTE_WARN, domain, NULL, REASON_REORG, text.text);
    lane_on_reorg(step, domain, number);
}

static void add_block(struct step *step, struct chain_row *chain, const struct event *event)
{
    const uint32_t domain = event->domain;

    /* Rows of replaced blocks that a range passes over (invariant 3). */
    if (event->block.number > chain->head_number + 1) {
        /* The rest, if any, can only stop the chain: see target_is_ready. */
        (void)blocks_drop(step, domain, chain->head_number + 1, event->block.number);
    }
    chain->head_number = event->block.number;
    chain->head_hash = event->block.hash;
    chain->head_time_s = event->block.time_s;
    chain->base_fee = event->block.base_fee;
    block_put(step, domain, chain);
    chain_put(step, domain, chain);
    lane_on_block(step, domain, event->block.number);
    apply(step, domain, chain);
}

void blocks_on_block(struct step *step, const struct event *event)
{
    const uint32_t domain = event->domain;
    const uint64_t number = event->block.number;
    struct chain_row chain;
    struct hash known;

    if (number == 0 || number == UINT64_MAX || !blocks_listening(step, domain, &chain)) {
        return;
    }
    if (chain.applied_any && number <= chain.applied_number) {
        compare_with_applied(step, domain, &chain, number, &event->block.hash);
        return;
    }
    if (number <= chain.head_number) {
        const bool is_known = block_get(step, domain, &chain, number, &known);
        if (is_known && hash_equal(&known, &event->block.hash)) {
            return; /* given before */
        }
        if (is_known && number <= chain.target_number && chain.target_number <= chain.head_number) {
            const struct text text =
                evidence_of("a block was replaced while its facts were applied as final", number,
                            &known, &event->block.hash);
            stop(step, domain, &chain, REASON_REORG_BEYOND_FINALITY, text.text);
            return;
        }
        replace_from(step, domain, number, chain.head_number);
    } else if (number < chain.cursor_number || !follows(step, domain, &chain, event)) {
        return;
    }
    add_block(step, &chain, event);
}

void blocks_on_final(struct step *step, const struct event *event)
{
    const uint32_t domain = event->domain;
    const uint64_t number = event->final.number;
    struct chain_row chain;

    if (number == 0 || number == UINT64_MAX || !blocks_listening(step, domain, &chain)) {
        return;
    }
    if (chain.applied_any && number <= chain.applied_number) {
        compare_with_applied(step, domain, &chain, number, &event->final.hash);
        return;
    }
    if (number == chain.final_number && !hash_equal(&chain.final_hash, &event->final.hash)) {
        const struct text text = evidence_of("two blocks of one height were said to be final",
                                             number, &chain.final_hash, &event->final.hash);
        stop(step, domain, &chain, REASON_REORG_BEYOND_FINALITY, text.text);
        return;
    }
    if (number <= chain.final_number) {
        return;
    }
    chain.final_number = number;
    chain.final_hash = event->final.hash;
    if (chain.target_number == 0) {
        chain.target_number = number;
        chain.target_hash = event->final.hash;
    }
    apply(step, domain, &chain);
}

/* What the endpoints say together. Blocks and facts are taken on meanwhile: what is given was
 * agreed on; but nothing is decided on a chain that cannot be asked. */
void blocks_on_quorum(struct step *step, const struct event *event)
{
    const uint32_t domain = event->domain;
    const bool is_lost = event->quorum.state == QUORUM_LOST;
    struct text text = text_from("");
    struct chain_row chain;

    if (!chain_running(step, domain, &chain)) {
        return;
    }
    text_add_number(&text, event->quorum.answering_count);
    text_add(&text, " endpoints answer, ");
    text_add_number(&text, event->quorum.needed_count);
    text_add(&text, " must agree");
    switch (event->quorum.state) {
    case QUORUM_SPLIT:
        step_note(step, NOTE_ALARM, domain, NULL, REASON_QUORUM_SPLIT, text.text);
        return;
    case QUORUM_UNPROVED:
        step_note(step, NOTE_ALARM, domain, NULL, REASON_LOGS_UNPROVED, text.text);
        return;
    case QUORUM_FINAL_MOVED_BACK:
        stop(step, domain, &chain, REASON_FINAL_MOVED_BACK,
             "the endpoints name an older final block than before");
        return;
    case QUORUM_HELD:
    case QUORUM_LOST:
        break;
    }
    if (chain.no_quorum == is_lost) {
        return;
    }
    chain.no_quorum = is_lost;
    chain.since = step->now;
    chain_put(step, domain, &chain);
    step_note(step, is_lost ? NOTE_ALARM : NOTE_INFO, domain, NULL,
              is_lost ? REASON_NO_QUORUM : REASON_QUORUM_HELD, text.text);
}

/* A person looked at a stopped chain and accepts what it says now: it is read anew above what was
 * applied, which is never taken back (invariant 4). */
void blocks_on_operator(struct step *step, const struct event *event)
{
    struct chain_row chain;

    if (event->operator_.action != OPERATOR_RESUME || step_chain(step, event->domain) == NULL ||
        !blocks_chain(step, event->domain, &chain) || chain.stopped == REASON_NONE) {
        return;
    }
    chain.stopped = REASON_NONE;
    chain.since = step->now;
    chain.applied_hash = hash_none;
    watch_anew(step, event->domain, &chain);
    lane_on_reorg(step, event->domain, 1); /* no inclusion that is not settled is believed */
    step_note(step, NOTE_WARN, event->domain, NULL, REASON_CHAIN_RESUMED, NULL);
}
