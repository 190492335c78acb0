/* SPDX-License-Identifier: Apache-2.0 */
/* What Prometheus reads, by the question that each series answers. Labels come from closed lists:
 * chains, assets and endpoints of the configuration, results, reasons; never an id or an address.
 */
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "relay/base/check.h"
#include "relay/core/capital/capital_view.h"
#include "relay/node/site/site_internal.h"

#define NATIVE_DECIMALS 18u

struct writing {
    struct site *site;
    struct view view;
    struct exposition *out;
    struct instant now;
    enum status status; /* of the first row access that failed */
};

static bool found(struct writing *writing, enum status status)
{
    if (status != STATUS_OK && status != STATUS_NOT_FOUND && writing->status == STATUS_OK) {
        writing->status = status;
    }
    return status == STATUS_OK;
}

static void gauge(struct writing *writing, const char *name, const char *help)
{
    exposition_family(writing->out, EXPOSITION_GAUGE, name, help);
}

static void counter(struct writing *writing, const char *name, const char *help)
{
    exposition_family(writing->out, EXPOSITION_COUNTER, name, help);
}

static const struct exposition_labels no_labels;

static struct exposition_label label(const char *name, const char *value)
{
    return (struct exposition_label){.name = name, .value = bytes_from_string(value)};
}

static void one_count(struct writing *writing, uint64_t value)
{
    exposition_count(writing->out, no_labels, value);
}

/* ---- of every chain ---- */

static void chain_count(struct writing *writing, const char *chain, uint64_t value)
{
    const struct exposition_label list[] = {label("chain", chain)};

    exposition_count(writing->out, (struct exposition_labels){list, 1}, value);
}

static void chain_seconds(struct writing *writing, const char *chain, struct duration value)
{
    const struct exposition_label list[] = {label("chain", chain)};

    exposition_seconds(writing->out, (struct exposition_labels){list, 1}, value);
}

/* One number of a chain's row. False: there is none, and no sample either. */
typedef bool (*chain_number)(const struct chain_row *row, uint64_t *ret_value);

static bool head_of(const struct chain_row *row, uint64_t *ret_value)
{
    *ret_value = row->head_number;
    return row->head_number != 0;
}

static bool final_of(const struct chain_row *row, uint64_t *ret_value)
{
    *ret_value = row->final_number;
    return row->final_number != 0;
}

static bool applied_of(const struct chain_row *row, uint64_t *ret_value)
{
    *ret_value = row->applied_number;
    return row->applied_any;
}

static bool lag_of(const struct chain_row *row, uint64_t *ret_value)
{
    *ret_value = row->head_number > row->final_number ? row->head_number - row->final_number : 0;
    return row->head_number != 0 && row->final_number != 0;
}

static bool stopped_of(const struct chain_row *row, uint64_t *ret_value)
{
    *ret_value = row->stopped != REASON_NONE ? 1 : 0;
    return true;
}

static bool no_quorum_of(const struct chain_row *row, uint64_t *ret_value)
{
    *ret_value = row->no_quorum ? 1 : 0;
    return true;
}

static void write_chain_numbers(struct writing *writing)
{
    static const struct {
        const char *name;
        const char *help;
        chain_number number;
    } families[] = {
        {"sluice_chain_head_block", "Newest block of the chain that was read.", head_of},
        {"sluice_chain_final_block", "Newest block that the finality policy covers.", final_of},
        {"sluice_chain_applied_block", "Last final block whose facts were applied.", applied_of},
        {"sluice_chain_final_lag_blocks", "Blocks between the head and the final block.", lag_of},
        {"sluice_chain_stopped",
         "1: nothing acts on the chain until a person resumes it; sluice why says the reason.",
         stopped_of},
        {"sluice_chain_quorum_lost", "1: fewer endpoints answer than must agree.", no_quorum_of},
    };

    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        gauge(writing, families[i].name, families[i].help);
        for (uint32_t j = 0; j < writing->view.config->chains_count; j++) {
            const struct core_chain *chain = &writing->view.config->chains[j];
            struct chain_row row;
            uint64_t value = 0;
            if (found(writing, core_view_chain(&writing->view.source, chain->domain, &row)) &&
                families[i].number(&row, &value)) {
                chain_count(writing, chain->name, value);
            }
        }
    }
}

static void write_chain_ages(struct writing *writing)
{
    gauge(writing, "sluice_chain_head_age_seconds",
          "Age of the newest block that was read, by its own time.");
    for (uint32_t i = 0; i < writing->view.config->chains_count; i++) {
        const struct core_chain *chain = &writing->view.config->chains[i];
        struct chain_row row;
        if (found(writing, core_view_chain(&writing->view.source, chain->domain, &row)) &&
            row.head_number != 0) {
            const struct instant head = {.ns = row.head_time_s * 1000000000u};
            chain_seconds(writing, chain->name, instant_since(writing->now, head));
        }
    }
}

/* ---- is it alive ---- */

static void write_alive(struct writing *writing)
{
    const struct site *site = writing->site;
    const struct exposition_label build[] = {label("build", site->options.build_id),
                                             label("node", writing->view.config->node_name)};
    struct node_view node;
    struct site_health health;

    site_health(site, &health);
    gauge(writing, "sluice_build_info", "1, and what runs.");
    exposition_count(writing->out, (struct exposition_labels){build, 2}, 1);
    gauge(writing, "sluice_ready", "1: the node can do its work now; see /readyz.");
    one_count(writing, health.is_ready ? 1 : 0);
    gauge(writing, "sluice_loop_beat_age_seconds", "Time since the loop turned last.");
    exposition_seconds(
        writing->out, no_labels,
        (struct duration){.ns = site->live.beat_ns == 0 ? 0 : site_now_ns() - site->live.beat_ns});
    const struct exposition_histogram turns = {.bounds = site_turn_bounds,
                                               .counts = site->live.turns.counts,
                                               .bounds_count = SITE_TURNS_BUCKETS,
                                               .above_count = site->live.turns.above_count,
                                               .sum = site->live.turns.sum};
    exposition_family(writing->out, EXPOSITION_HISTOGRAM, "sluice_loop_turn_seconds",
                      "Work between two looks at the sockets.");
    exposition_durations(writing->out, no_labels, &turns);
    if (found(writing, core_view_node(&writing->view.source, &node))) {
        gauge(writing, "sluice_start_time_seconds", "When the node last started.");
        exposition_seconds(writing->out, no_labels, (struct duration){.ns = node.started.ns});
        gauge(writing, "sluice_paused", "1: a person paused sending.");
        one_count(writing, node.paused ? 1 : 0);
    }
}

static void write_driver(struct writing *writing)
{
    const struct driver_counters *driver = &writing->site->live.driver;
    const struct {
        const char *name;
        const char *help;
        uint64_t value;
    } counters[] = {
        {"sluice_events_total", "Events that the core was given.", driver->events_count},
        {"sluice_commands_total", "Commands that the core gave.", driver->commands_count},
        {"sluice_commands_dropped_total", "Commands that found their queue full; asked again.",
         driver->commands_dropped_count},
        {"sluice_answers_dropped_total", "Answers that found no room; asked again.",
         driver->answers_dropped_count},
        {"sluice_batches_total", "Batches that became durable or are on their way.",
         driver->batches_count},
        {"sluice_pressed_ticks_total", "Turns that had to leave events where they were.",
         driver->pressed_ticks_count},
    };

    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        counter(writing, counters[i].name, counters[i].help);
        one_count(writing, counters[i].value);
    }
}

/* ---- is it true ---- */

static const char *chain_word(const struct writing *writing, uint32_t index)
{
    return index < writing->view.config->chains_count ? writing->view.config->chains[index].name
                                                      : "";
}

/* Those that happened at all: most pairs of chain and reason never do. */
static void write_notes(struct writing *writing)
{
    const struct site_tally *tally = writing->site->tally;

    counter(writing, "sluice_notes_total",
            "What the node told people since it started, by reason: its code and its words.");
    for (uint32_t i = 0; i <= CHAINS_MAX; i++) {
        for (uint32_t reason = 1; reason < SITE_REASONS_MAX; reason++) {
            char code[16];
            if (tally->notes[i][reason] == 0) {
                continue;
            }
            (void)snprintf(code, sizeof(code), "%u", reason);
            const struct exposition_label list[] = {
                label("chain", chain_word(writing, i)), label("code", code),
                label("reason", reason_text((enum reason)reason))};
            exposition_count(writing->out, (struct exposition_labels){list, 3},
                             tally->notes[i][reason]);
        }
    }
}

/* These are wanted at zero too, for their first increase to be one. */
static void write_note(struct writing *writing, const char *name, const char *help,
                       enum reason reason)
{
    counter(writing, name, help);
    for (uint32_t i = 0; i < writing->view.config->chains_count; i++) {
        chain_count(writing, writing->view.config->chains[i].name,
                    writing->site->tally->notes[i][(size_t)reason]);
    }
}

static void write_splits(struct writing *writing)
{
    counter(writing, "sluice_quorum_splits_total",
            "Answers that contradicted each other with no quorum behind any, and blocks whose logs "
            "their receipts do not prove.");
    for (uint32_t i = 0; i < writing->view.config->chains_count; i++) {
        const uint64_t *const notes = writing->site->tally->notes[i];
        chain_count(writing, writing->view.config->chains[i].name,
                    notes[REASON_QUORUM_SPLIT] + notes[REASON_LOGS_UNPROVED]);
    }
}

static void write_truth(struct writing *writing)
{
    site_write_endpoints(writing->site, writing->out);
    write_note(writing, "sluice_dissents_total",
               "Endpoints that contradicted the others and were outvoted.", REASON_DISSENT);
    write_splits(writing);
    write_note(writing, "sluice_reorgs_total", "Replacements of blocks that were not final.",
               REASON_REORG);
    write_notes(writing);
}

/* ---- is it delivering ---- */

static const char *result_word(enum site_result result)
{
    switch (result) {
    case SITE_DELIVERED:
        return "delivered";
    case SITE_ELSEWHERE:
        return "elsewhere";
    case SITE_DROPPED:
        return "dropped";
    case SITE_ORPHANED:
        return "orphaned";
    case SITE_REFUSED:
        return "refused";
    }
    return "?";
}

static void write_delivery(struct writing *writing, uint32_t chain)
{
    const struct exposition_label list[] = {label("chain", chain_word(writing, chain))};
    const struct site_delivery *delivery = &writing->site->tally->delivery[chain];
    struct exposition_exemplar exemplars[SITE_DELIVERY_BOUNDS + 1];

    for (size_t i = 0; i <= SITE_DELIVERY_BOUNDS; i++) {
        const struct site_exemplar *newest = &delivery->newest[i];
        exemplars[i] = (struct exposition_exemplar){
            .message_id = newest->id, .value = newest->took, .at = newest->at};
    }
    const struct exposition_histogram histogram = {.bounds = site_delivery_bounds,
                                                   .counts = delivery->counts,
                                                   .bounds_count = SITE_DELIVERY_BOUNDS,
                                                   .above_count = delivery->above_count,
                                                   .sum = delivery->sum,
                                                   .exemplars = exemplars};

    exposition_durations(writing->out, (struct exposition_labels){list, 1}, &histogram);
}

static void write_messages(struct writing *writing)
{
    const struct site_tally *tally = writing->site->tally;

    gauge(writing, "sluice_history_read",
          "1: every message of the journal is counted in sluice_messages_total.");
    one_count(writing, tally->is_whole ? 1 : 0);
    if (!tally->is_whole) {
        return; /* a counter that grows by the past would look like traffic */
    }
    counter(writing, "sluice_messages_total",
            "Messages that ended, since the journal began; elsewhere: by another relayer.");
    for (uint32_t i = 0; i <= CHAINS_MAX; i++) {
        for (uint32_t j = 0; j <= CHAINS_MAX; j++) {
            for (uint32_t k = 0; k < SITE_RESULTS; k++) {
                const struct exposition_label list[] = {
                    label("origin", chain_word(writing, i)),
                    label("destination", chain_word(writing, j)),
                    label("result", result_word((enum site_result)k))};
                if (tally->ended[i][j][k] > 0) {
                    exposition_count(writing->out, (struct exposition_labels){list, 3},
                                     tally->ended[i][j][k]);
                }
            }
        }
    }
    exposition_family(writing->out, EXPOSITION_HISTOGRAM, "sluice_delivery_seconds",
                      "From a message's finality at its origin to its final delivery by us.");
    for (uint32_t i = 0; i < writing->view.config->chains_count; i++) {
        write_delivery(writing, i);
    }
}

static void write_backlogs(struct writing *writing)
{
    const struct site *site = writing->site;
    const uint32_t count = writing->view.config->chains_count;

    gauge(writing, "sluice_backlog_messages",
          "Messages to the chain that are not finished, at most 100000.");
    for (uint32_t i = 0; i < count; i++) {
        chain_count(writing, chain_word(writing, i), site->backlogs[i].count);
    }
    gauge(writing, "sluice_backlog_oldest_seconds",
          "Age of the oldest of them that is not given up; 0: there is none.");
    for (uint32_t i = 0; i < count; i++) {
        const struct instant oldest = site->backlogs[i].oldest;
        const struct duration none = {.ns = 0};
        chain_seconds(writing, chain_word(writing, i),
                      oldest.ns == 0 ? none : instant_since(writing->now, oldest));
    }
    gauge(writing, "sluice_backlog_failing_messages", "Those that failed at least once.");
    for (uint32_t i = 0; i < count; i++) {
        chain_count(writing, chain_word(writing, i), site->backlogs[i].failed_count);
    }
    gauge(writing, "sluice_backlog_dead_messages",
          "Those that were given up: a person may retry them.");
    for (uint32_t i = 0; i < count; i++) {
        chain_count(writing, chain_word(writing, i), site->backlogs[i].dead_count);
    }
}

/* ---- is the money safe ---- */

typedef void (*position_sample)(struct writing *writing, struct exposition_labels labels,
                                const struct capital_position *position, uint32_t decimals);

static void sample_collateral(struct writing *writing, struct exposition_labels labels,
                              const struct capital_position *position, uint32_t decimals)
{
    if (!position->collateral.negative) {
        exposition_amount(writing->out, labels, &position->collateral.amount, decimals);
    }
}

static void sample_effective(struct writing *writing, struct exposition_labels labels,
                             const struct capital_position *position, uint32_t decimals)
{
    if (!position->effective.negative) {
        exposition_amount(writing->out, labels, &position->effective.amount, decimals);
    }
}

static void sample_goal(struct writing *writing, struct exposition_labels labels,
                        const struct capital_position *position, uint32_t decimals)
{
    exposition_amount(writing->out, labels, &position->goal, decimals);
}

static void sample_arriving(struct writing *writing, struct exposition_labels labels,
                            const struct capital_position *position, uint32_t decimals)
{
    exposition_amount(writing->out, labels, &position->arriving, decimals);
}

static void sample_tolerance(struct writing *writing, struct exposition_labels labels,
                             const struct capital_position *position, uint32_t decimals)
{
    (void)decimals;
    exposition_count(writing->out, labels, position->within_tolerance ? 1 : 0);
}

static void write_asset_positions(struct writing *writing, uint32_t asset, position_sample sample)
{
    const struct core_config *config = writing->view.config;
    struct capital_position positions[PLAN_ROUTERS_MAX];
    struct amount total;
    uint32_t count = 0;

    if (!found(writing, capital_view_positions(&writing->view.source, config, asset, positions,
                                               PLAN_ROUTERS_MAX, &count, &total))) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        char number[16]; /* two routers of an asset may stand on one chain */
        (void)snprintf(number, sizeof(number), "%u", i);
        const struct exposition_label list[] = {
            label("asset", config->assets[asset].symbol),
            label("chain", view_chain(&writing->view, positions[i].domain)),
            label("router", number)};
        sample(writing, (struct exposition_labels){list, 3}, &positions[i],
               config->assets[asset].decimals);
    }
}

static void write_positions(struct writing *writing)
{
    static const struct {
        const char *name;
        const char *help;
        position_sample sample;
    } families[] = {
        {"sluice_position_collateral_units",
         "Whole units that the router holds at the final block; no sample when it is negative.",
         sample_collateral},
        {"sluice_position_effective_units",
         "The same less what is owed and leaving, with what is arriving.", sample_effective},
        {"sluice_position_goal_units", "Its share of the total.", sample_goal},
        {"sluice_position_arriving_units", "On its way to it.", sample_arriving},
        {"sluice_position_in_tolerance", "1: near enough to its goal.", sample_tolerance},
    };

    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        gauge(writing, families[i].name, families[i].help);
        for (uint32_t asset = 0; asset < writing->view.config->assets_count; asset++) {
            write_asset_positions(writing, asset, families[i].sample);
        }
    }
}

static void write_invariants(struct writing *writing)
{
    gauge(writing, "sluice_invariant_ok",
          "1: it holds. books: debits equal credits; ledger: the books equal the chain; backing: "
          "an asset's collateral covers what was minted of it.");
    for (uint32_t i = 0; i < writing->view.config->assets_count; i++) {
        const char *symbol = writing->view.config->assets[i].symbol;
        const struct exposition_label list[] = {label("invariant", "books"), label("of", symbol)};
        struct capital_ledger ledger;
        if (found(writing, capital_view_ledger(&writing->view.source, symbol, &ledger))) {
            exposition_count(writing->out, (struct exposition_labels){list, 2},
                             ledger.balanced ? 1 : 0);
        }
        const struct exposition_label weighed[] = {label("invariant", "backing"),
                                                   label("of", symbol)};
        struct backing_row backing;
        if (found(writing, capital_view_backing(&writing->view.source, symbol, &backing)) &&
            backing.state != BACKING_UNKNOWN) {
            exposition_count(writing->out, (struct exposition_labels){weighed, 2},
                             backing.state == BACKING_BROKEN ? 0 : 1);
        }
    }
    for (uint32_t i = 0; i < writing->view.config->chains_count; i++) {
        const struct core_chain *chain = &writing->view.config->chains[i];
        const struct exposition_label list[] = {label("invariant", "ledger"),
                                                label("of", chain->name)};
        struct ledger_chain ledger;
        if (found(writing, capital_view_chain(&writing->view.source, chain->domain, &ledger))) {
            exposition_count(writing->out, (struct exposition_labels){list, 2},
                             ledger.state == LEDGER_UNRECONCILED ? 0 : 1);
        }
    }
}

/* `used` of `limit`, which is not zero. A plot's number. */
static double ratio(const struct amount *used, const struct amount *limit)
{
    return amount_to_double(used) / amount_to_double(limit);
}

/* What was used in the window now and in the one before: no less than in any window. */
static void write_use(struct writing *writing, uint32_t asset, const struct amount *now,
                      const struct amount *before, const struct amount *limit)
{
    const struct exposition_label list[] = {
        label("asset", writing->view.config->assets[asset].symbol)};
    struct amount used;

    if (!amount_is_zero(limit) && amount_add(now, before, &used) == STATUS_OK) {
        exposition_number(writing->out, (struct exposition_labels){list, 1}, ratio(&used, limit));
    }
}

static void write_limits(struct writing *writing)
{
    const struct core_config *config = writing->view.config;

    gauge(writing, "sluice_velocity_used_ratio",
          "Of what the mandate lets move in its window; no sample without such a limit.");
    for (uint32_t i = 0; i < config->assets_count; i++) {
        struct plan_asset plan;
        if (found(writing, capital_view_asset(&writing->view.source, MOVE_BETWEEN_ROUTERS,
                                              config->assets[i].symbol, &plan))) {
            write_use(writing, i, &plan.moved_now, &plan.moved_before, &config->route.velocity);
        }
    }
    gauge(writing, "sluice_budget_used_ratio",
          "Of what the mandate lets moves cost in its window; no sample without such a limit.");
    for (uint32_t i = 0; i < config->assets_count; i++) {
        struct plan_asset plan;
        if (found(writing, capital_view_asset(&writing->view.source, MOVE_BETWEEN_ROUTERS,
                                              config->assets[i].symbol, &plan))) {
            write_use(writing, i, &plan.spent_now, &plan.spent_before, &config->route.fee_budget);
        }
    }
}

/* ---- keys ---- */

typedef void (*lane_sample)(struct writing *writing, struct exposition_labels labels,
                            const struct core_chain *chain, const struct lane_row *lane);

static void sample_balance(struct writing *writing, struct exposition_labels labels,
                           const struct core_chain *chain, const struct lane_row *lane)
{
    (void)chain;
    if (lane->read_at.ns != 0) {
        exposition_amount(writing->out, labels, &lane->balance, NATIVE_DECIMALS);
    }
}

static void sample_balance_ratio(struct writing *writing, struct exposition_labels labels,
                                 const struct core_chain *chain, const struct lane_row *lane)
{
    if (lane->read_at.ns != 0 && !amount_is_zero(&chain->key_balance_min)) {
        exposition_number(writing->out, labels, ratio(&lane->balance, &chain->key_balance_min));
    }
}

static void sample_gap(struct writing *writing, struct exposition_labels labels,
                       const struct core_chain *chain, const struct lane_row *lane)
{
    (void)chain;
    exposition_count(writing->out, labels, lane->next_nonce - lane->first_open);
}

static void sample_frozen(struct writing *writing, struct exposition_labels labels,
                          const struct core_chain *chain, const struct lane_row *lane)
{
    (void)chain;
    exposition_count(writing->out, labels, lane->state == LANE_FROZEN ? 1 : 0);
}

/* Keys are numbered as in the configuration: 0 is the chain's own, then those that deliver. */
static bool key_number(const struct core_chain *chain, const struct address *key, char ret_text[16])
{
    if (address_equal(key, &chain->key)) {
        (void)snprintf(ret_text, 16, "0");
        return true;
    }
    for (uint32_t i = 0; i < chain->delivery_keys_count; i++) {
        if (address_equal(key, &chain->delivery_keys[i])) {
            (void)snprintf(ret_text, 16, "%u", i + 1);
            return true;
        }
    }
    return false;
}

static void write_lanes(struct writing *writing, lane_sample sample)
{
    uint32_t domain = 0;
    struct address key;
    struct lane_row lane;
    enum status status = core_view_next_lane(&writing->view.source, 0, NULL, &domain, &key, &lane);

    while (found(writing, status)) {
        const uint32_t index = site_chain_index(writing->site, domain);
        char number[16];
        if (index < CHAINS_MAX && key_number(&writing->view.config->chains[index], &key, number)) {
            const struct exposition_label list[] = {label("chain", chain_word(writing, index)),
                                                    label("key", number)};
            sample(writing, (struct exposition_labels){list, 2},
                   &writing->view.config->chains[index], &lane);
        }
        const struct address after = key;
        status = core_view_next_lane(&writing->view.source, domain, &after, &domain, &key, &lane);
    }
}

static void write_keys(struct writing *writing)
{
    static const struct {
        const char *name;
        const char *help;
        lane_sample sample;
    } families[] = {
        {"sluice_key_balance_native_units", "Native coins of the key, as last read.",
         sample_balance},
        {"sluice_key_balance_ratio", "The same by key_balance_min; no sample without one.",
         sample_balance_ratio},
        {"sluice_nonce_gap", "Transactions of the key that are not final.", sample_gap},
        {"sluice_key_frozen", "1: somebody else used the key's nonce; a person must look.",
         sample_frozen},
    };

    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        gauge(writing, families[i].name, families[i].help);
        write_lanes(writing, families[i].sample);
    }
    gauge(writing, "sluice_signer_up", "1: the signer answers; no sample without a signer.");
    if (writing->site->live.wants_signer) {
        one_count(writing, writing->site->live.has_signer ? 1 : 0);
    }
    counter(writing, "sluice_signer_refusals_total", "What the signer did not sign.");
    one_count(writing, writing->site->live.refusals_count);
}

/* ---- evidence ---- */

static bool is_validated(struct writing *writing, uint32_t index, struct tree_row *ret_tree)
{
    const struct core_chain *chain = &writing->view.config->chains[index];

    return chain->validate &&
           found(writing, core_view_tree(&writing->view.source, chain->domain, ret_tree));
}

static void write_validator(struct writing *writing)
{
    const uint32_t count = writing->view.config->chains_count;
    struct tree_row tree;

    gauge(writing, "sluice_validator_leaves", "Leaves of the origin's tree, final.");
    for (uint32_t i = 0; i < count; i++) {
        if (is_validated(writing, i, &tree)) {
            chain_count(writing, chain_word(writing, i), tree.tree.count);
        }
    }
    gauge(writing, "sluice_validator_published", "Checkpoints of them that are published.");
    for (uint32_t i = 0; i < count; i++) {
        if (is_validated(writing, i, &tree)) {
            chain_count(writing, chain_word(writing, i), tree.published_count);
        }
    }
    gauge(writing, "sluice_validator_halted", "1: nothing is signed until a person acts.");
    for (uint32_t i = 0; i < count; i++) {
        if (is_validated(writing, i, &tree)) {
            chain_count(writing, chain_word(writing, i), tree.halted != REASON_NONE ? 1 : 0);
        }
    }
}

static void write_evidence(struct writing *writing)
{
    const struct site *site = writing->site;
    struct journal_usage usage;
    struct statvfs disk;
    struct bytes note;
    uint64_t size = 0;

    gauge(writing, "sluice_journal_records", "Records of the journal.");
    one_count(writing, journal_reader_head(site->reader));
    gauge(writing, "sluice_journal_writable", "0: it cannot be written, and nothing is sent.");
    one_count(writing, site->live.is_unwritable ? 0 : 1);
    if (found(writing, journal_usage(site->options.journal, &usage))) {
        gauge(writing, "sluice_journal_bytes", "Bytes of its file in use.");
        one_count(writing, usage.bytes_used);
    }
    if (statvfs(site->options.config->data, &disk) == 0) {
        gauge(writing, "sluice_disk_free_bytes", "Left on the disk of the data directory.");
        one_count(writing, disk.f_bavail * disk.f_frsize);
    }
    if (site->options.config->log.is_on &&
        found(writing,
              journal_seek_checkpoint(site->reader, UINT64_MAX, JOURNAL_DOWNWARDS, &size, &note))) {
        gauge(writing, "sluice_log_unsigned_records",
              "Records that the newest signed checkpoint does not cover.");
        one_count(writing, journal_reader_head(site->reader) - size);
    }
    write_validator(writing);
}

static void write_http(struct writing *writing)
{
    const struct http_counters counters = http_counters(writing->site->http);

    counter(writing, "sluice_http_requests_total", "Requests that were answered here.");
    one_count(writing, counters.requests_count);
    counter(writing, "sluice_http_refused_total",
            "Requests that were refused: a method, a host, an origin, one too many.");
    one_count(writing, counters.refused_count);
    gauge(writing, "sluice_http_viewers", "Open pages that follow the node.");
    one_count(writing, counters.viewers_count);
    counter(writing, "sluice_site_lost_total",
            "Things that happened and found no room to be counted here.");
    one_count(writing, writing->site->lost_count);
}

/* Of the node's own alerts; no sample when it tells nobody. */
static void write_alerts(struct writing *writing)
{
    const struct site_alerts *alerts = &writing->site->live.alerts;

    if (!alerts->is_on) {
        return;
    }
    gauge(writing, "sluice_alerts_firing", "Alerts that the node told of and that are not over.");
    one_count(writing, alerts->firing_count);
    counter(writing, "sluice_alert_notices_total", "What it had to tell: beginnings and ends.");
    one_count(writing, alerts->notices_count);
    counter(writing, "sluice_alert_sent_total", "Notices that a channel took.");
    one_count(writing, alerts->sent_count);
    counter(writing, "sluice_alert_failed_total", "Notices that a channel did not take.");
    one_count(writing, alerts->failed_count);
    counter(writing, "sluice_alert_untold_total", "Alerts that ended before there was room.");
    one_count(writing, alerts->untold_count);
}

enum status site_metrics(struct site *site, struct exposition *exposition)
{
    struct writing writing = {.site = site,
                              .view = site_view(site),
                              .out = exposition,
                              .now = site_clock(),
                              .status = STATUS_OK};

    write_alive(&writing);
    write_driver(&writing);
    write_chain_numbers(&writing);
    write_chain_ages(&writing);
    write_truth(&writing);
    write_messages(&writing);
    write_backlogs(&writing);
    write_positions(&writing);
    write_invariants(&writing);
    write_limits(&writing);
    (void)found(&writing, site_write_worth(&writing.view, exposition));
    write_keys(&writing);
    write_evidence(&writing);
    write_http(&writing);
    write_alerts(&writing);
    return writing.status;
}
