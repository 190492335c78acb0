/* SPDX-License-Identifier: Apache-2.0 */
/* Series for "is it worth it?": what acting has cost, what the newest plan promised for what it
 * costs, and by how much an asset's collateral covers what was minted of it. */
#include <string.h>

#include "relay/core/capital/capital_view.h"
#include "relay/node/site/site_internal.h"

static struct exposition_label label(const char *name, const char *value)
{
    return (struct exposition_label){.name = name, .value = bytes_from_string(value)};
}

static bool is_failure(enum status status)
{
    return status != STATUS_OK && status != STATUS_NOT_FOUND;
}

/* ---- what it cost ---- */

/* Every cost of an asset on a chain is booked to one account. */
static enum status write_fees_of(const struct view *view, struct exposition *out,
                                 const char *symbol, uint32_t decimals,
                                 const struct core_chain *chain)
{
    const struct exposition_label list[] = {label("asset", symbol), label("chain", chain->name)};
    struct account account = {.kind = ACCOUNT_FEES, .domain = chain->domain};
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct account_row row;
    struct bytes value;

    memcpy(account.symbol, symbol, strlen(symbol));
    const enum status status =
        view->source.get(view->source.context, account_key(memory, &account), &value);
    if (status != STATUS_OK) {
        return status;
    }
    if (!account_row_unpack(value, &row)) {
        return STATUS_CORRUPT;
    }
    const struct account_balance balance = account_balance_of(&row);
    if (!balance.negative) {
        exposition_amount(out, (struct exposition_labels){list, 2}, &balance.amount, decimals);
    }
    return STATUS_OK;
}

static enum status write_fees(const struct view *view, struct exposition *out)
{
    exposition_family(out, EXPOSITION_GAUGE, "sluice_fees_spent_units",
                      "Whole units that acting has cost since the journal began; asset=\"native\" "
                      "is the chain's coin, for gas. The exact figures are in sluice ledger.");
    for (uint32_t i = 0; i < view->config->chains_count; i++) {
        const struct core_chain *chain = &view->config->chains[i];
        enum status status =
            write_fees_of(view, out, LEDGER_NATIVE_SYMBOL, VIEW_NATIVE_DECIMALS, chain);
        for (uint32_t k = 0; k < view->config->assets_count && !is_failure(status); k++) {
            const struct core_asset *asset = &view->config->assets[k];
            status = write_fees_of(view, out, asset->symbol, asset->decimals, chain);
        }
        if (is_failure(status)) {
            return status;
        }
    }
    return STATUS_OK;
}

/* ---- what it is to bring ---- */

/* A plan's whole gain for one of its cost, both to the limits of a plot's number. */
static void write_plan(struct exposition *out, const char *symbol, const char *between,
                       const struct plan_row *plan)
{
    const struct exposition_label list[] = {label("asset", symbol), label("between", between)};
    double gain = 0;
    double cost = 0;

    for (uint32_t i = 0; i < plan->moves_count; i++) {
        gain += amount_to_double(&plan->gains[i]);
        cost += amount_to_double(&plan->costs[i]);
    }
    if (cost > 0) {
        exposition_number(out, (struct exposition_labels){list, 2}, gain / cost);
    }
}

static enum status write_plans(const struct view *view, struct exposition *out)
{
    static const struct {
        enum move_kind kind;
        const char *between;
    } kinds[] = {{MOVE_BETWEEN_ROUTERS, "routers"}, {MOVE_BETWEEN_VENUES, "venues"}};
    static _Thread_local struct plan_row plan; /* too large for a stack */

    exposition_family(out, EXPOSITION_GAUGE, "sluice_plan_gain_over_cost_ratio",
                      "What the moves of the newest plan gain for one unit of what they cost; no "
                      "sample where they cost nothing.");
    for (size_t i = 0; i < 2 * view->config->assets_count; i++) {
        const char *symbol = view->config->assets[i / 2].symbol;
        struct plan_asset asset;
        enum status status = capital_view_asset(&view->source, kinds[i % 2].kind, symbol, &asset);
        if (status == STATUS_OK && !hash_is_zero(&asset.plan_id)) {
            status = capital_view_plan(&view->source, &asset.plan_id, &plan);
            if (status == STATUS_OK) {
                write_plan(out, symbol, kinds[i % 2].between, &plan);
            }
        }
        if (is_failure(status)) {
            return status;
        }
    }
    return STATUS_OK;
}

/* ---- what stands behind what was minted ---- */

static enum status write_backing(const struct view *view, struct exposition *out)
{
    exposition_family(out, EXPOSITION_GAUGE, "sluice_collateral_minus_supply_units",
                      "Whole units by which collateral covers what was minted and is under way; "
                      "below zero it does not. No sample for an asset without synthetic routers.");
    for (uint32_t i = 0; i < view->config->assets_count; i++) {
        const struct core_asset *asset = &view->config->assets[i];
        const struct exposition_label list[] = {label("asset", asset->symbol)};
        struct backing_row row;
        const enum status status = capital_view_backing(&view->source, asset->symbol, &row);
        if (is_failure(status)) {
            return status;
        }
        if (status == STATUS_OK && row.state != BACKING_UNKNOWN) {
            /* The difference first, exactly: the two may be large and near to each other. */
            const bool is_short = amount_compare(&row.collateral, &row.claims) < 0;
            struct amount apart;
            const enum status fits = is_short
                                         ? amount_subtract(&row.claims, &row.collateral, &apart)
                                         : amount_subtract(&row.collateral, &row.claims, &apart);
            if (fits == STATUS_OK) {
                double units = amount_to_double(&apart);
                for (uint32_t k = 0; k < asset->decimals; k++) {
                    units /= 10;
                }
                exposition_number(out, (struct exposition_labels){list, 1},
                                  is_short ? -units : units);
            }
        }
    }
    return STATUS_OK;
}

enum status site_write_worth(const struct view *view, struct exposition *out)
{
    enum status status = write_fees(view, out);

    if (status == STATUS_OK) {
        status = write_plans(view, out);
    }
    return status == STATUS_OK ? write_backing(view, out) : status;
}
