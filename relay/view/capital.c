/* SPDX-License-Identifier: Apache-2.0 */
/* Capital on its way, and what was posted last. */
#include "relay/core/capital/capital_view.h"

#include <string.h>

#include "relay/view/json_of.h"
#include "relay/view/view.h"

#define FLOWS_MAX             512u
#define TRANSITS_LOOKED_MAX   20000u
#define POSTINGS_BY_CHAIN_MAX 50u

/* ---- flows ---- */

struct flow {
    uint32_t origin;
    uint32_t destination;
    enum transit_kind kind;
    char symbol[NAME_BYTES_MAX];
    struct amount amount;
    uint64_t count;
};

struct flows {
    struct flow list[FLOWS_MAX];
    uint32_t count;
};

static struct flow *find_flow(struct flows *flows, const struct transit_row *transit)
{
    for (uint32_t i = 0; i < flows->count; i++) {
        struct flow *flow = &flows->list[i];
        if (flow->origin == transit->origin && flow->destination == transit->destination &&
            flow->kind == transit->kind && strcmp(flow->symbol, transit->symbol) == 0) {
            return flow;
        }
    }
    if (flows->count == FLOWS_MAX) {
        return NULL;
    }
    struct flow *flow = &flows->list[flows->count++];
    *flow = (struct flow){
        .origin = transit->origin, .destination = transit->destination, .kind = transit->kind};
    memcpy(flow->symbol, transit->symbol, sizeof(flow->symbol));
    return flow;
}

/* False: it cannot be told; there are more flows than can be shown, or no such sum. */
static bool add_transit(struct flows *flows, const struct transit_row *transit)
{
    struct flow *flow = find_flow(flows, transit);

    if (flow == NULL ||
        amount_add(&flow->amount, &transit->sent_amount, &flow->amount) != STATUS_OK) {
        return false;
    }
    flow->count++;
    return true;
}

static json_t *flow_json(const struct view *view, const struct flow *flow)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:s, s:o, s:o}", "from", view_chain(view, flow->origin),
                     "to", view_chain(view, flow->destination), "asset", flow->symbol, "decimals",
                     (int)view_decimals(view, flow->symbol), "kind",
                     flow->kind == TRANSIT_MOVE ? "move" : "user", "amount",
                     json_of_amount(&flow->amount), "count", json_of_count(flow->count));
}

enum status view_flows(const struct view *view, json_t **ret_flows)
{
    struct flows flows = {.count = 0};
    struct hash id = {{0}};
    struct transit_row transit;
    bool is_cut = false;
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < TRANSITS_LOOKED_MAX; i++) {
        const struct hash after = id;
        status = capital_view_next_transit(&view->source, &after, &id, &transit);
        if (status != STATUS_OK) {
            break;
        }
        is_cut = !add_transit(&flows, &transit) || is_cut;
    }
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    json_t *list = json_array();
    for (uint32_t i = 0; i < flows.count; i++) {
        (void)json_array_append_new(list, flow_json(view, &flows.list[i]));
    }
    *ret_flows = json_pack("{s:b, s:o}", "cut", is_cut || status == STATUS_OK, "flows", list);
    return STATUS_OK;
}

/* ---- postings ---- */

static json_t *posting_json(const struct view *view, uint32_t domain, uint64_t sequence,
                            const struct posting_row *row)
{
    return json_pack(
        "{s:s, s:o, s:o, s:s, s:s, s:i, s:s, s:s, s:o, s:o, s:o, s:o}", "chain",
        view_chain(view, domain), "number", json_of_count(sequence), "at", json_of_time(row->at),
        "kind", posting_kind_name(row->kind), "asset", row->debit.symbol, "decimals",
        row->kind == POSTING_GAS ? VIEW_NATIVE_DECIMALS
                                 : (int)view_decimals(view, row->debit.symbol),
        "debit", account_kind_name(row->debit.kind), "credit", account_kind_name(row->credit.kind),
        "amount", json_of_amount(&row->amount), "block", json_of_count(row->block), "transaction",
        hash_is_zero(&row->transaction) ? json_null() : json_of_hash(&row->transaction), "record",
        json_of_count(row->record));
}

/* The newest of one chain first. */
static enum status add_postings(const struct view *view, uint32_t domain, json_t *list)
{
    uint64_t count = 0;
    enum status status = capital_view_postings_count(&view->source, domain, &count);

    for (uint64_t i = 0; status == STATUS_OK && i < count && i < POSTINGS_BY_CHAIN_MAX; i++) {
        struct posting_row row;
        status = capital_view_posting(&view->source, domain, count - i, &row);
        if (status == STATUS_OK) {
            (void)json_array_append_new(list, posting_json(view, domain, count - i, &row));
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status view_postings(const struct view *view, json_t **ret_postings)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < view->config->chains_count; i++) {
        const enum status status = add_postings(view, view->config->chains[i].domain, list);
        if (status != STATUS_OK) {
            json_decref(list);
            return status;
        }
    }
    *ret_postings = json_pack("{s:o}", "postings", list);
    return STATUS_OK;
}
