/* SPDX-License-Identifier: Apache-2.0 */
/* Capital on its way, and what was posted last. */
#include "relay/core/capital/capital_view.h"

#include <string.h>

#include "relay/view/json_of.h"
#include "relay/view/view.h"

#define FLOWS_MAX             512u
#define TRANSITS_LOOKED_MAX   20000u
#define POSTINGS_BY_CHAIN_MAX 50u
#define POSTINGS_MAX          200u

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

/* One chain's postings, read from the newest one backwards. */
struct posting_reader {
    uint32_t domain;
    uint64_t number; /* of `row`; 0: there is none left */
    uint64_t end;    /* none at or below it is read */
    struct posting_row row;
};

/* The next older one in an asset of the configuration: gas is in the ledger alone. */
static enum status posting_next(const struct view *view, struct posting_reader *reader)
{
    do {
        reader->number--;
        if (reader->number <= reader->end) {
            reader->number = 0;
            return STATUS_OK;
        }
        const enum status status =
            capital_view_posting(&view->source, reader->domain, reader->number, &reader->row);
        if (status != STATUS_OK) {
            return status;
        }
    } while (reader->row.kind == POSTING_GAS);
    return STATUS_OK;
}

static enum status posting_begin(const struct view *view, uint32_t domain,
                                 struct posting_reader *ret_reader)
{
    uint64_t count = 0;
    const enum status status = capital_view_postings_count(&view->source, domain, &count);

    *ret_reader = (struct posting_reader){.domain = domain};
    if (status != STATUS_OK || count == 0) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    ret_reader->number = count + 1;
    ret_reader->end = count > POSTINGS_BY_CHAIN_MAX ? count - POSTINGS_BY_CHAIN_MAX : 0;
    return posting_next(view, ret_reader);
}

/* The reader with the newest posting; NULL: nothing is left. */
static struct posting_reader *posting_newest(struct posting_reader *readers, uint32_t count)
{
    struct posting_reader *newest = NULL;

    for (uint32_t i = 0; i < count; i++) {
        if (readers[i].number > 0 && (newest == NULL || readers[i].row.at.ns > newest->row.at.ns)) {
            newest = &readers[i];
        }
    }
    return newest;
}

static enum status add_postings(const struct view *view, struct posting_reader *readers,
                                json_t *list)
{
    const uint32_t count = view->config->chains_count;
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        status = posting_begin(view, view->config->chains[i].domain, &readers[i]);
    }
    for (uint32_t i = 0; i < POSTINGS_MAX && status == STATUS_OK; i++) {
        struct posting_reader *newest = posting_newest(readers, count);
        if (newest == NULL) {
            break;
        }
        (void)json_array_append_new(
            list, posting_json(view, newest->domain, newest->number, &newest->row));
        status = posting_next(view, newest);
    }
    return status;
}

enum status view_postings(const struct view *view, json_t **ret_postings)
{
    struct posting_reader readers[CHAINS_MAX];
    json_t *list = json_array();
    const enum status status = add_postings(view, readers, list);

    if (status != STATUS_OK) {
        json_decref(list);
        return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
    }
    *ret_postings = json_pack("{s:o}", "postings", list);
    return STATUS_OK;
}
