/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/chain/past.c: the history that a first watch passed over, read beside what is new.
 *
 *   first watch --long history--> EVENT_PASSED: the watch begins near its end
 *                                    |
 *            facts of the past, oldest first, applied as they come --> read: the tree is mended
 *
 * TABLE_PAST, domain u32 -> struct past_row
 *
 * Only chains whose facts mean the same in any order may pass: the books of capital and the tree
 * of our own signatures follow the order of the blocks, so chains that have either are read from
 * their first block on.
 *
 * Invariants
 *   1. A fact of the past is applied at most once: the place of the next one only grows, and facts
 *      below it are ignored. What was applied is not read again after a restart, but for the
 *      blocks since the last EVENT_PAST_BLOCK.
 *   2. The past ends below the block that the watch began with: no fact is applied by both. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/limits.h"
#include "relay/core/chain/fact_rows.h"
#include "relay/core/step.h"
#include "relay/core/tables.h"
#include "relay/core/text.h"

#define LEAVES_MENDED_MAX 64u /* in one step */
#define TOLD_EVERY        DURATION_MS(10000)
#define WHOLE_AGAIN_WAIT  DURATION_MS(2000)

/* ---- rows ---- */

bool past_get(struct step *step, uint32_t domain, struct past_row *ret_past)
{
    uint8_t key[CHAIN_KEY_BYTES];
    struct bytes value;

    if (!step_get(step, past_key(key, domain), &value)) {
        return false;
    }
    if (past_row_unpack(value, ret_past) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

static void past_put(struct step *step, uint32_t domain, const struct past_row *past)
{
    uint8_t key[CHAIN_KEY_BYTES];
    uint8_t memory[PAST_ROW_BYTES];

    step_put(step, past_key(key, domain), past_row_pack(memory, past));
}

/* ---- passing over ---- */

static bool order_matters(const struct step *step, const struct core_chain *config)
{
    bool matters = config->validate && !address_is_zero(&step->config->validator);

    for (uint32_t i = 0; i < step->config->routers_count; i++) {
        matters |= step->config->routers[i].domain == config->domain;
    }
    for (uint32_t i = 0; i < step->config->vaults_count; i++) {
        matters |= step->config->vaults[i].domain == config->domain;
    }
    return matters;
}

static bool has_facts(struct step *step, uint32_t domain)
{
    uint8_t memory[FACT_KEY_BYTES];
    const struct bytes from = fact_key(memory, domain, 0, 0);
    struct bytes key;
    struct bytes value;

    return step_seek(step, from, bytes_from(memory, CHAIN_KEY_BYTES), &key, &value);
}

/* Nothing was read of the chain yet, and the order in which it is does not matter. */
static bool may_pass(struct step *step, uint32_t domain, const struct chain_row *chain)
{
    const struct core_chain *const config = step_chain(step, domain);
    struct past_row past;

    return config != NULL && !chain->applied_any && chain->head_number == 0 &&
           !past_get(step, domain, &past) && !has_facts(step, domain) &&
           !order_matters(step, config);
}

void past_watch(struct step *step, uint32_t domain, const struct chain_row *chain,
                struct watch *watch)
{
    struct past_row past;

    watch->may_pass = may_pass(step, domain, chain);
    if (!past_get(step, domain, &past)) {
        return;
    }
    if (watch->from_block < past.end) {
        watch->from_block = past.end;
    }
    if (past.next_number < past.end) {
        watch->past_first = past.next_number;
        watch->past_last = past.end - 1;
    }
}

void past_on_passed(struct step *step, const struct event *event)
{
    const uint32_t domain = event->domain;
    const uint64_t end = event->passed.first;
    struct chain_row chain;

    if (!blocks_listening(step, domain, &chain) || !may_pass(step, domain, &chain) ||
        end <= chain.cursor_number || end == UINT64_MAX) {
        return;
    }
    const struct past_row past = {
        .first = chain.cursor_number,
        .next_number = chain.cursor_number,
        .end = end,
        .since = step->now,
        .since_number = chain.cursor_number,
        .told_at = step->now,
    };
    struct text text = text_from("blocks ");
    text_add_number(&text, past.first);
    text_add(&text, " to ");
    text_add_number(&text, end - 1);
    text_add(&text, ", beside what is new");
    past_put(step, domain, &past);
    blocks_skip(step, domain, &chain, end);
    step_note(step, NOTE_INFO, domain, NULL, REASON_PAST_BEGUN, text.text);
}

/* The rate is that of this start: what the node was off is not work. */
void past_on_start(struct step *step, uint32_t domain)
{
    struct past_row past;

    if (past_get(step, domain, &past) && past.next_number < past.end) {
        past.since = step->now;
        past.since_number = past.next_number;
        past.told_at = step->now;
        past_put(step, domain, &past);
    }
}

/* ---- reading ---- */

/* A past that is being read; events of any other are late. */
static bool reading(struct step *step, uint32_t domain, struct past_row *ret_past)
{
    struct chain_row chain;

    return blocks_listening(step, domain, &chain) && past_get(step, domain, ret_past) &&
           ret_past->next_number < ret_past->end;
}

void past_on_fact(struct step *step, uint32_t domain, const struct fact *fact)
{
    struct past_row past;

    if (!blocks_fact_is_bounded(fact) || !reading(step, domain, &past) ||
        fact->block_number >= past.end || /* invariant 2 */
        fact->block_number < past.next_number ||
        (fact->block_number == past.next_number && fact->log_index < past.next_index)) {
        return; /* invariant 1 */
    }
    const bool is_last_index = fact->log_index == UINT32_MAX;
    past.next_number = is_last_index ? fact->block_number + 1 : fact->block_number;
    past.next_index = is_last_index ? 0 : fact->log_index + 1;
    past.facts_count++;
    past_put(step, domain, &past);
    blocks_apply_fact(step, domain, fact, step->record);
}

static void add_share(struct text *text, const struct past_row *past)
{
    const struct past_progress progress = past_progress(past, past->told_at);

    text_add_number(text, progress.blocks_read);
    text_add(text, " of ");
    text_add_number(text, progress.blocks_count);
    text_add(text, " blocks, ");
    text_add_number(text, past->facts_count);
    text_add(text, " facts, ");
    text_add_number(text, progress.blocks_per_s);
    text_add(text, " blocks a second");
    if (progress.is_rate_known) {
        text_add(text, ", ");
        text_add_number(text, progress.seconds_left);
        text_add(text, " s left");
    }
}

static void tell(struct step *step, uint32_t domain, struct past_row *past)
{
    const bool is_read = past->next_number >= past->end;
    struct text text = text_from("");

    if (!is_read && !instant_is_past(instant_after(past->told_at, TOLD_EVERY), step->now)) {
        return;
    }
    past->told_at = step->now;
    add_share(&text, past);
    step_note(step, NOTE_INFO, domain, NULL, is_read ? REASON_PAST_READ : REASON_PAST_UNDER_WAY,
              text.text);
}

void past_on_block(struct step *step, const struct event *event)
{
    const uint32_t domain = event->domain;
    const uint64_t number = event->past_block.number;
    struct past_row past;

    if (!reading(step, domain, &past) || number < past.next_number || number >= past.end) {
        return;
    }
    past.next_number = number + 1;
    past.next_index = 0;
    tell(step, domain, &past);
    if (past.next_number == past.end) {
        const struct hash id = step_domain_id(domain);
        past.mending = true;
        step_due(step, step->now, DUE_BLOCKS, &id);
    }
    past_put(step, domain, &past);
}

/* A tree that began with the chain's frontier proves what came after it. With the leaves of the
 * past the rest of it is made, so that they can be proved too. */
void past_work(struct step *step, uint32_t domain)
{
    struct past_row past;

    if (!past_get(step, domain, &past) || !past.mending) {
        return;
    }
    const struct hash id = step_domain_id(domain);
    if (tree_mend(step, domain, &past.mended_leaves, LEAVES_MENDED_MAX)) {
        step_due(step, step->now, DUE_BLOCKS, &id);
    } else if (tree_is_whole(step, domain)) {
        past.mending = false;
    } else {
        step_due(step, instant_after(step->now, WHOLE_AGAIN_WAIT), DUE_BLOCKS, &id);
    }
    past_put(step, domain, &past);
}
