/* SPDX-License-Identifier: Apache-2.0 */
/* `sluice run --hyperlane-metrics`: what dashboards of the reference agents ask for, under the
 * names and labels that they use, as far as this node knows the same thing.
 * deploy/monitoring/README.md has the list, and what is different. */
#include <stdio.h>

#include "relay/base/hex.h"
#include "relay/core/view.h"
#include "relay/node/site/site_internal.h"

#define NATIVE_DECIMALS 18u
#define ADDRESS_TEXT    67u

#define VALIDATORS_LOOKED_AT_MAX 4096u
#define VALIDATORS_SHOWN_MAX     512u

struct aliases {
    struct site *site;
    struct view view;
    struct exposition *out;
    const char *agent; /* "validator" where nothing is delivered */
    enum status status;
};

static bool found(struct aliases *aliases, enum status status)
{
    if (status != STATUS_OK && status != STATUS_NOT_FOUND && aliases->status == STATUS_OK) {
        aliases->status = status;
    }
    return status == STATUS_OK;
}

static struct exposition_label label(const char *name, const char *value)
{
    return (struct exposition_label){.name = name, .value = bytes_from_string(value)};
}

static const struct core_chain *chain_at(const struct aliases *aliases, uint32_t index)
{
    return &aliases->view.config->chains[index];
}

/* agent, another label, value. */
static void sample(struct aliases *aliases, const char *name, const char *value, uint64_t count)
{
    const struct exposition_label list[] = {label("agent", aliases->agent), label(name, value)};

    exposition_count(aliases->out, (struct exposition_labels){list, 2}, count);
}

/* ---- chains ---- */

/* A chain without a row of its past had none, or reads on from its first block. */
static void write_backfill(struct aliases *aliases)
{
    struct past_row past;

    exposition_family(aliases->out, EXPOSITION_GAUGE, "hyperlane_backfill_complete",
                      "1: the chain's history was read; 0: it is read beside what is new.");
    for (uint32_t i = 0; i < aliases->view.config->chains_count; i++) {
        const struct core_chain *chain = chain_at(aliases, i);
        const bool is_past =
            found(aliases, core_view_past(&aliases->view.source, chain->domain, &past)) &&
            past.next_number < past.end;
        sample(aliases, "chain", chain->name, is_past ? 0 : 1);
    }
}

static void write_chains(struct aliases *aliases)
{
    const uint32_t count = aliases->view.config->chains_count;
    struct chain_row row;

    exposition_family(aliases->out, EXPOSITION_GAUGE, "hyperlane_block_height",
                      "Newest block of the chain that was read.");
    for (uint32_t i = 0; i < count; i++) {
        const struct core_chain *chain = chain_at(aliases, i);
        if (found(aliases, core_view_chain(&aliases->view.source, chain->domain, &row)) &&
            row.head_number != 0) {
            sample(aliases, "chain", chain->name, row.head_number);
        }
    }
    exposition_family(aliases->out, EXPOSITION_GAUGE, "hyperlane_cursor_current_block",
                      "Last final block whose events were taken in.");
    for (uint32_t i = 0; i < count; i++) {
        const struct core_chain *chain = chain_at(aliases, i);
        if (found(aliases, core_view_chain(&aliases->view.source, chain->domain, &row)) &&
            row.applied_any) {
            sample(aliases, "chain", chain->name, row.applied_number);
        }
    }
    exposition_family(aliases->out, EXPOSITION_GAUGE, "hyperlane_critical_error",
                      "1: nothing acts on the chain until a person resumes it.");
    for (uint32_t i = 0; i < count; i++) {
        const struct core_chain *chain = chain_at(aliases, i);
        if (found(aliases, core_view_chain(&aliases->view.source, chain->domain, &row))) {
            sample(aliases, "chain", chain->name, row.stopped != REASON_NONE ? 1 : 0);
        }
    }
}

/* ---- trees ---- */

static void write_checkpoint(struct aliases *aliases, const char *phase, const char *chain,
                             uint64_t count)
{
    const struct exposition_label list[] = {label("agent", aliases->agent), label("phase", phase),
                                            label("chain", chain)};

    if (count > 0) { /* an index, and there is one */
        exposition_count(aliases->out, (struct exposition_labels){list, 3}, count - 1);
    }
}

static void write_trees(struct aliases *aliases)
{
    const uint32_t count = aliases->view.config->chains_count;
    struct tree_row tree;

    exposition_family(aliases->out, EXPOSITION_GAUGE, "hyperlane_latest_tree_insertion_index",
                      "Index of the last leaf of the origin's tree, final.");
    for (uint32_t i = 0; i < count; i++) {
        const struct core_chain *chain = chain_at(aliases, i);
        if (found(aliases, core_view_tree(&aliases->view.source, chain->domain, &tree)) &&
            tree.tree.count > 0) {
            sample(aliases, "origin", chain->name, tree.tree.count - 1);
        }
    }
    exposition_family(aliases->out, EXPOSITION_GAUGE, "hyperlane_latest_checkpoint",
                      "validator_observed: of the last leaf; validator_processed: published.");
    for (uint32_t i = 0; i < count; i++) {
        const struct core_chain *chain = chain_at(aliases, i);
        if (chain->validate &&
            found(aliases, core_view_tree(&aliases->view.source, chain->domain, &tree))) {
            write_checkpoint(aliases, "validator_observed", chain->name, tree.tree.count);
            write_checkpoint(aliases, "validator_processed", chain->name, tree.published_count);
        }
    }
    exposition_family(aliases->out, EXPOSITION_GAUGE, "hyperlane_merkle_root_mismatch",
                      "1: our tree is not the chain's, and nothing is signed.");
    for (uint32_t i = 0; i < count; i++) {
        const struct core_chain *chain = chain_at(aliases, i);
        if (chain->validate &&
            found(aliases, core_view_tree(&aliases->view.source, chain->domain, &tree))) {
            sample(aliases, "origin", chain->name, tree.halted == REASON_ROOT_MISMATCH ? 1 : 0);
        }
    }
}

/* ---- messages ---- */

static void write_queue(struct aliases *aliases, const char *remote, const char *queue,
                        uint64_t length)
{
    const struct exposition_label list[] = {
        label("agent", aliases->agent), label("remote", remote), label("queue_name", queue),
        label("operation_status", "any"), label("app_context", "Unknown")};

    exposition_count(aliases->out, (struct exposition_labels){list, 5}, length);
}

static void write_queues(struct aliases *aliases)
{
    exposition_family(aliases->out, EXPOSITION_GAUGE, "hyperlane_submitter_queue_length",
                      "Messages to the chain that are not finished, by where they are.");
    for (uint32_t i = 0; i < aliases->view.config->chains_count; i++) {
        const struct backlog *backlog = &aliases->site->backlogs[i];
        const char *remote = chain_at(aliases, i)->name;
        write_queue(aliases, remote, "prepare_queue",
                    backlog->count - backlog->sending_count - backlog->settling_count);
        write_queue(aliases, remote, "submit_queue", backlog->sending_count);
        write_queue(aliases, remote, "confirm_queue", backlog->settling_count);
    }
}

static void write_processed(struct aliases *aliases)
{
    const struct site_tally *tally = aliases->site->tally;
    const uint32_t count = aliases->view.config->chains_count;

    if (!tally->is_whole) {
        return; /* a counter that grows by the past would look like traffic */
    }
    exposition_family(aliases->out, EXPOSITION_COUNTER, "hyperlane_messages_processed_count",
                      "Messages that we delivered, final, since the journal began.");
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < count; j++) {
            const struct exposition_label list[] = {label("agent", aliases->agent),
                                                    label("origin", chain_at(aliases, i)->name),
                                                    label("remote", chain_at(aliases, j)->name)};
            if (i != j) {
                exposition_count(aliases->out, (struct exposition_labels){list, 3},
                                 tally->ended[i][j][SITE_DELIVERED]);
            }
        }
    }
    exposition_family(aliases->out, EXPOSITION_COUNTER, "hyperlane_operations_processed_count",
                      "confirmed: messages that were delivered to the chain, final, by anybody.");
    for (uint32_t j = 0; j < count; j++) {
        const struct exposition_label list[] = {
            label("agent", aliases->agent), label("app_context", "Unknown"),
            label("phase", "confirmed"), label("chain", chain_at(aliases, j)->name)};
        uint64_t sum = 0;
        for (uint32_t i = 0; i <= CHAINS_MAX; i++) {
            sum += tally->ended[i][j][SITE_DELIVERED] + tally->ended[i][j][SITE_ELSEWHERE];
        }
        exposition_count(aliases->out, (struct exposition_labels){list, 4}, sum);
    }
}

/* ---- addresses ---- */

static void address_text(const struct address *address, char ret_text[ADDRESS_TEXT])
{
    const size_t skip = address_is_evm(address) ? 12 : 0;

    ret_text[0] = '0';
    ret_text[1] = 'x';
    hex_encode(bytes_from(address->bytes + skip, sizeof(address->bytes) - skip), ret_text + 2);
}

/* ---- validators ---- */

/* How far each validator is whose signatures were taken; for all destinations at once. Anybody can
 * make a set of many, so no more are looked at and shown than a page has room for. */
static void write_validators(struct aliases *aliases)
{
    const struct row_source *source = &aliases->view.source;
    struct address validator;
    struct storage_row storage;
    uint32_t origin = 0;
    enum status status = core_view_next_storage(source, 0, NULL, &origin, &validator, &storage);

    exposition_family(aliases->out, EXPOSITION_GAUGE, "hyperlane_observed_validator_latest_index",
                      "Newest leaf of the origin that the validator was seen to sign.");
    uint32_t shown_count = 0;
    for (uint32_t i = 0; i < VALIDATORS_LOOKED_AT_MAX && shown_count < VALIDATORS_SHOWN_MAX &&
                         found(aliases, status);
         i++) {
        const uint32_t index = site_chain_index(aliases->site, origin);
        char text[ADDRESS_TEXT];
        address_text(&validator, text);
        if (index < CHAINS_MAX && storage.newest_count > 0) {
            const struct exposition_label list[] = {
                label("agent", aliases->agent), label("origin", chain_at(aliases, index)->name),
                label("destination", "any"), label("validator", text),
                label("app_context", "Unknown")};
            exposition_count(aliases->out, (struct exposition_labels){list, 5},
                             storage.newest_count - 1);
            shown_count++;
        }
        const struct address after = validator;
        status = core_view_next_storage(source, origin, &after, &origin, &validator, &storage);
    }
}

/* ---- keys ---- */

static void write_wallets(struct aliases *aliases)
{
    const struct row_source *source = &aliases->view.source;
    struct address key;
    struct lane_row lane;
    uint32_t domain = 0;
    enum status status = core_view_next_lane(source, 0, NULL, &domain, &key, &lane);

    exposition_family(aliases->out, EXPOSITION_GAUGE, "hyperlane_wallet_balance",
                      "Coins of the accounts that send, as last read.");
    while (found(aliases, status)) {
        const uint32_t index = site_chain_index(aliases->site, domain);
        char wallet[ADDRESS_TEXT];
        address_text(&key, wallet);
        if (index < CHAINS_MAX && lane.read_at.ns != 0) {
            const struct exposition_label list[] = {
                label("agent", aliases->agent),  label("chain", chain_at(aliases, index)->name),
                label("wallet_address", wallet), label("wallet_name", aliases->agent),
                label("token_address", "none"),  label("token_symbol", "Native"),
                label("token_name", "Native")};
            exposition_amount(aliases->out, (struct exposition_labels){list, 7}, &lane.balance,
                              NATIVE_DECIMALS);
        }
        const struct address after = key;
        status = core_view_next_lane(source, domain, &after, &domain, &key, &lane);
    }
}

enum status site_hyperlane_metrics(struct site *site, struct exposition *exposition)
{
    struct aliases aliases = {
        .site = site, .view = site_view(site), .out = exposition, .agent = "validator"};

    for (uint32_t i = 0; i < aliases.view.config->chains_count; i++) {
        aliases.agent = aliases.view.config->chains[i].relay_to ? "relayer" : aliases.agent;
    }
    write_chains(&aliases);
    write_backfill(&aliases);
    write_trees(&aliases);
    write_queues(&aliases);
    write_processed(&aliases);
    write_validators(&aliases);
    write_wallets(&aliases);
    return aliases.status;
}
