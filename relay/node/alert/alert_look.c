/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/alert/alert_look.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/core/capital/capital_view.h"

#define NATIVE_DECIMALS 18u
#define KEY_TEXT_BYTES  67u

struct look {
    const struct alert_sight *sight;
    struct alerts *alerts;
    enum status status; /* of the first row access that failed */
};

static void see(struct look *look, enum alert_kind kind, const char *subject, const char *format,
                ...) __attribute__((format(printf, 4, 5)));

static void see(struct look *look, enum alert_kind kind, const char *subject, const char *format,
                ...)
{
    struct alert_fact fact = {.kind = kind};
    va_list arguments;

    (void)snprintf(fact.subject, sizeof(fact.subject), "%s", subject);
    va_start(arguments, format);
    (void)vsnprintf(fact.text, sizeof(fact.text), format, arguments);
    va_end(arguments);
    alerts_see(look->alerts, &fact);
}

static bool found(struct look *look, enum status status)
{
    if (status != STATUS_OK && status != STATUS_NOT_FOUND && look->status == STATUS_OK) {
        look->status = status;
    }
    return status == STATUS_OK;
}

static uint64_t seconds_since(const struct look *look, struct instant at)
{
    return instant_since(look->sight->now, at).ns / 1000000000u;
}

/* ---- what happens in an instant ---- */

void alert_memory_note(struct alert_memory *memory, const struct core_config *config,
                       const struct driver_note *note, uint64_t now_ns)
{
    uint32_t index = CHAINS_MAX;

    for (uint32_t i = 0; i < config->chains_count; i++) {
        index = config->chains[i].domain == note->domain ? i : index;
    }
    if (note->reason == (uint32_t)REASON_DISSENT) {
        memory->dissent_ns[index] = now_ns;
    } else if (note->reason == (uint32_t)REASON_QUORUM_SPLIT) {
        memory->split_ns[index] = now_ns;
    } else if (note->reason == (uint32_t)REASON_LOGS_UNPROVED) {
        memory->unproved_ns[index] = now_ns;
    }
}

static bool is_recent(const struct look *look, uint64_t at_ns)
{
    const uint64_t quiet_ns = ALERT_QUIET_HOLDS * look->alerts->options.hold.ns;

    return at_ns != 0 && look->sight->now_ns - at_ns <= quiet_ns;
}

static void look_at_notes(struct look *look, const struct alert_memory *memory)
{
    const struct core_config *config = &look->sight->config->core;

    for (uint32_t i = 0; i <= CHAINS_MAX; i++) {
        const char *name = i < config->chains_count ? config->chains[i].name : "another chain";
        if (is_recent(look, memory->dissent_ns[i])) {
            see(look, ALERT_DISAGREEMENT, name, "%s", reason_text(REASON_DISSENT));
        }
        if (is_recent(look, memory->unproved_ns[i])) {
            see(look, ALERT_QUORUM_SPLIT, name, "%s", reason_text(REASON_LOGS_UNPROVED));
        } else if (is_recent(look, memory->split_ns[i])) {
            see(look, ALERT_QUORUM_SPLIT, name, "%s", reason_text(REASON_QUORUM_SPLIT));
        }
    }
    if (is_recent(look, memory->refused_ns)) {
        see(look, ALERT_SIGNER_REFUSES, "signer", "%" PRIu64 " refusals since the start",
            memory->refusals_count);
    }
}

/* ---- what the loop knows ---- */

static enum alert_kind kind_of_trouble(const char *what)
{
    return strcmp(what, "journal") == 0   ? ALERT_JOURNAL_UNWRITABLE
           : strcmp(what, "witness") == 0 ? ALERT_WITNESS_TROUBLE
                                          : ALERT_LOG_TROUBLE;
}

static void look_at_node(struct look *look, struct alert_memory *memory)
{
    const struct site_live *live = look->sight->live;
    const uint64_t now_ns = look->sight->now_ns;

    if (live->refusals_count > memory->refusals_count) {
        memory->refused_ns = now_ns;
    }
    memory->refusals_count = live->refusals_count;
    for (uint32_t i = 0; i < live->health.troubles_count; i++) {
        const struct control_trouble *trouble = &live->health.troubles[i];
        see(look, kind_of_trouble(trouble->what), trouble->what, "%s", trouble->why);
    }
    if (live->has_started && !live->is_stopping && live->wants_signer && !live->has_signer) {
        see(look, ALERT_SIGNER_GONE, "signer", "its socket: %s",
            look->sight->config->signer_socket);
    }
    if (live->beat_ns != 0 && now_ns > live->beat_ns && now_ns - live->beat_ns > ALERT_BEAT_NS) {
        see(look, ALERT_LOOP_HANGS, "loop", "not for %" PRIu64 " seconds",
            (now_ns - live->beat_ns) / 1000000000u);
    }
    if (look->sight->has_disk && look->sight->disk_free < ALERT_DISK_BYTES) {
        see(look, ALERT_DISK_LOW, "disk", "%" PRIu64 " MB are left",
            look->sight->disk_free / 1000000u);
    }
}

/* ---- chains ---- */

static void look_at_tree(struct look *look, const struct core_chain *chain)
{
    struct tree_row tree;

    if (!chain->validate ||
        !found(look, core_view_tree(look->sight->source, chain->domain, &tree))) {
        return;
    }
    if (tree.halted != REASON_NONE || tree.flag == FLAG_UP) {
        see(look, ALERT_VALIDATOR_HALTED, chain->name, "%s",
            reason_text(tree.halted != REASON_NONE ? tree.halted : REASON_REORG_FLAGGED));
    } else if (tree.publish_failed) {
        see(look, ALERT_VALIDATOR_HALTED, chain->name, "%s", reason_text(REASON_PUBLISH_FAILED));
    }
}

static void look_at_books_of(struct look *look, const struct core_chain *chain)
{
    char ledger_text[AMOUNT_DECIMAL_BYTES_MAX];
    char chain_text[AMOUNT_DECIMAL_BYTES_MAX];
    struct ledger_chain ledger;

    if (!found(look, capital_view_chain(look->sight->source, chain->domain, &ledger)) ||
        ledger.state != LEDGER_UNRECONCILED) {
        return;
    }
    (void)amount_format_decimal(&ledger.ledger.amount, ledger_text);
    (void)amount_format_decimal(&ledger.chain, chain_text);
    see(look, ALERT_LEDGER_UNRECONCILED, chain->name,
        "%s: the books say %s%s, the chain says %s (base units)", ledger.differing.symbol,
        ledger.ledger.negative ? "-" : "", ledger_text, chain_text);
}

static void look_at_chain(struct look *look, const struct core_chain *chain)
{
    struct chain_row row;

    look_at_tree(look, chain);
    look_at_books_of(look, chain);
    if (!found(look, core_view_chain(look->sight->source, chain->domain, &row))) {
        return;
    }
    if (row.stopped != REASON_NONE) {
        see(look, ALERT_CHAIN_STOPPED, chain->name, "%s", reason_text(row.stopped));
    }
    if (row.no_quorum) {
        see(look, ALERT_QUORUM_LOST, chain->name, "for %" PRIu64 " seconds",
            seconds_since(look, row.since));
    }
    const uint64_t age_s =
        row.head_time_s > UINT64_MAX / 1000000000u
            ? 0
            : seconds_since(look, (struct instant){row.head_time_s * 1000000000u});
    if (row.head_number != 0 && age_s > ALERT_HEAD_OLD_S) {
        see(look, ALERT_HEAD_OLD, chain->name, "block %" PRIu64 " is %" PRIu64 " seconds old",
            row.head_number, age_s);
    }
}

static void look_at_backlog(struct look *look, const struct core_chain *chain,
                            const struct backlog *backlog)
{
    const struct node_alerts *alerts = &look->sight->config->alerts;
    char id[2 * 32 + 1];

    if (backlog->failed_count > 0) {
        hex_encode(bytes_from(backlog->failed_id.bytes, 32), id);
        see(look, ALERT_MESSAGE_STUCK, chain->name,
            "%" PRIu64 " messages, %" PRIu64 " of them given up; one is 0x%s: %s",
            backlog->failed_count, backlog->dead_count, id, reason_text(backlog->failed_why));
    }
    if (backlog->oldest.ns != 0 &&
        instant_since(look->sight->now, backlog->oldest).ns > alerts->backlog_after.ns) {
        hex_encode(bytes_from(backlog->oldest_id.bytes, 32), id);
        see(look, ALERT_BACKLOG_OLD, chain->name,
            "the oldest of %" PRIu64 " waits for %" PRIu64 " seconds: 0x%s", backlog->count,
            seconds_since(look, backlog->oldest), id);
    }
}

/* ---- keys ---- */

static bool is_key_of(const struct core_chain *chain, const struct address *key)
{
    bool is_one = address_equal(key, &chain->key);

    for (uint32_t i = 0; i < chain->delivery_keys_count; i++) {
        is_one = is_one || address_equal(key, &chain->delivery_keys[i]);
    }
    return is_one;
}

static void look_at_lane(struct look *look, const struct core_chain *chain,
                         const struct address *key, const struct lane_row *lane)
{
    char subject[ALERT_SUBJECT_BYTES];
    char has[AMOUNT_DECIMAL_BYTES_MAX + 2];
    char wanted[AMOUNT_DECIMAL_BYTES_MAX + 2];
    char key_text[KEY_TEXT_BYTES];
    const bool is_evm = address_is_evm(key);

    hex_encode(bytes_from(key->bytes + (is_evm ? 12 : 0), is_evm ? 20 : 32), key_text);
    (void)snprintf(subject, sizeof(subject), "%s 0x%.40s", chain->name, key_text);
    if (lane->state == LANE_FROZEN) {
        see(look, ALERT_KEY_FROZEN, subject, "%s", reason_text(REASON_FOREIGN_TRANSACTION));
    }
    if (lane->read_at.ns != 0 && amount_compare(&lane->balance, &chain->key_balance_min) < 0) {
        (void)amount_format_units(&lane->balance, NATIVE_DECIMALS, has);
        (void)amount_format_units(&chain->key_balance_min, NATIVE_DECIMALS, wanted);
        see(look, ALERT_KEY_LOW, subject, "it has %s, key_balance_min is %s", has, wanted);
    }
}

static void look_at_lanes(struct look *look)
{
    const struct core_config *config = &look->sight->config->core;
    uint32_t domain = 0;
    struct address key;
    struct lane_row lane;
    enum status status = core_view_next_lane(look->sight->source, 0, NULL, &domain, &key, &lane);

    while (found(look, status)) {
        for (uint32_t i = 0; i < config->chains_count; i++) {
            const struct core_chain *chain = &config->chains[i];
            if (chain->domain == domain && is_key_of(chain, &key)) {
                look_at_lane(look, chain, &key, &lane);
            }
        }
        const struct address after = key;
        status = core_view_next_lane(look->sight->source, domain, &after, &domain, &key, &lane);
    }
}

/* ---- books ---- */

static void look_at_books(struct look *look)
{
    const struct core_config *config = &look->sight->config->core;

    for (uint32_t i = 0; i < config->assets_count; i++) {
        const char *symbol = config->assets[i].symbol;
        char difference[AMOUNT_DECIMAL_BYTES_MAX];
        struct capital_ledger ledger;
        if (!found(look, capital_view_ledger(look->sight->source, symbol, &ledger)) ||
            ledger.balanced) {
            continue;
        }
        (void)amount_format_decimal(&ledger.difference.amount, difference);
        see(look, ALERT_INVARIANT_BROKEN, symbol, "debits less credits are %s%s base units",
            ledger.difference.negative ? "-" : "", difference);
    }
}

void alert_look_blind(enum status status, struct alerts *alerts)
{
    struct look look = {.alerts = alerts};

    see(&look, ALERT_BLIND, "rows", "%s", status_name(status));
    alerts_keep(alerts);
}

void alert_look(const struct alert_sight *sight, struct alert_memory *memory, struct alerts *alerts)
{
    const struct core_config *config = &sight->config->core;
    struct look look = {.sight = sight, .alerts = alerts, .status = STATUS_OK};

    look_at_node(&look, memory);
    look_at_notes(&look, memory);
    for (uint32_t i = 0; i < config->chains_count; i++) {
        look_at_chain(&look, &config->chains[i]);
        if (sight->backlogs != NULL) {
            look_at_backlog(&look, &config->chains[i], &sight->backlogs[i]);
        }
    }
    look_at_lanes(&look);
    look_at_books(&look);
    if (look.status != STATUS_OK) {
        alert_look_blind(look.status, alerts);
    }
}
