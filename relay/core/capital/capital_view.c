/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/capital/capital_view.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/core/capital/capital_internal.h"
#include "relay/core/tables.h"

/* ---- reading ---- */

static enum status row_get(const struct row_source *source, struct bytes key,
                           struct bytes *ret_value)
{
    return source->get(source->context, key, ret_value);
}

static enum status decoded(bool good)
{
    return good ? STATUS_OK : STATUS_CORRUPT;
}

/* The key of the first row after `after` (which need not exist) that begins as `after` does in its
 * first `prefix_count` bytes. */
static enum status row_next(const struct row_source *source, struct bytes after,
                            size_t prefix_count, struct bytes *ret_key, struct bytes *ret_value)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX + 1];
    struct bytes key;

    CHECK(after.count <= CAPITAL_KEY_BYTES_MAX);
    CHECK(prefix_count <= after.count);
    memcpy(memory, after.data, after.count);
    memory[after.count] = 0; /* the smallest key above `after` */
    const enum status status =
        source->seek(source->context, bytes_from(memory, after.count + 1), &key, ret_value);
    if (status != STATUS_OK) {
        return status;
    }
    if (!bytes_have_prefix(key, bytes_from(after.data, prefix_count))) {
        return STATUS_NOT_FOUND;
    }
    *ret_key = key;
    return STATUS_OK;
}

/* Walks an index of ids. */
static enum status id_next(const struct row_source *source, struct bytes after, struct hash *ret_id)
{
    struct bytes key;
    struct bytes value;
    const enum status status = row_next(source, after, 2, &key, &value);

    if (status != STATUS_OK) {
        return status;
    }
    struct unpacker unpacker = unpacker_from(bytes_from(key.data + 2, key.count - 2));
    *ret_id = unpack_hash(&unpacker);
    return decoded(unpacker_is_done(&unpacker));
}

enum status capital_view_chain(const struct row_source *source, uint32_t domain,
                               struct ledger_chain *ret_chain)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;
    const enum status status = row_get(source, ledger_chain_key(key, domain), &value);

    return status != STATUS_OK ? status : decoded(ledger_chain_unpack(value, ret_chain));
}

enum status capital_view_backing(const struct row_source *source, const char *symbol,
                                 struct backing_row *ret_backing)
{
    char name[NAME_BYTES_MAX];
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    capital_symbol(name, symbol);
    const enum status status = row_get(source, backing_key(key, name), &value);
    if (status != STATUS_OK) {
        return status;
    }
    return backing_row_unpack(value, ret_backing) ? STATUS_OK : STATUS_CORRUPT;
}

enum status capital_view_exposure(const struct row_source *source, const char *symbol,
                                  struct exposure_row *ret_exposure)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;
    const enum status status = row_get(source, exposure_key(key, symbol), &value);

    if (status != STATUS_OK) {
        return status;
    }
    return exposure_row_unpack(value, ret_exposure) ? STATUS_OK : STATUS_CORRUPT;
}

enum status capital_view_asset(const struct row_source *source, enum move_kind kind,
                               const char *symbol, struct plan_asset *ret_asset)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    char name[NAME_BYTES_MAX];
    struct bytes value;

    capital_symbol(name, symbol);
    const enum status status = row_get(source, plan_asset_key(key, kind, name), &value);
    return status != STATUS_OK ? status : decoded(plan_asset_unpack(value, ret_asset));
}

enum status capital_view_plan(const struct row_source *source, const struct hash *id,
                              struct plan_row *ret_plan)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;
    const enum status status = row_get(source, plan_key(key, id), &value);

    return status != STATUS_OK ? status : decoded(plan_row_unpack(value, ret_plan));
}

enum status capital_view_plans_count(const struct row_source *source, uint64_t *ret_count)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct plan_clock clock;
    struct bytes value;
    const enum status status = row_get(source, plan_clock_key(key), &value);

    if (status == STATUS_NOT_FOUND) {
        *ret_count = 0;
        return STATUS_OK;
    }
    if (status != STATUS_OK || !plan_clock_unpack(value, &clock)) {
        return status != STATUS_OK ? status : STATUS_CORRUPT;
    }
    *ret_count = clock.sequence;
    return STATUS_OK;
}

enum status capital_view_plan_at(const struct row_source *source, uint64_t sequence,
                                 struct hash *ret_id, struct plan_row *ret_plan)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;
    const enum status status = row_get(source, plan_order_key(key, sequence), &value);

    if (status != STATUS_OK) {
        return status;
    }
    struct unpacker unpacker = unpacker_from(value);
    const struct hash id = unpack_hash(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_id = id;
    return capital_view_plan(source, &id, ret_plan);
}

void capital_view_approval(const struct hash *id, const struct plan_row *plan,
                           struct approval *ret_approval)
{
    CHECK(plan->moves_count <= APPROVAL_MOVES_MAX);
    memset(ret_approval, 0, sizeof(*ret_approval));
    ret_approval->plan_id = *id;
    ret_approval->mandate = plan->limits;
    ret_approval->moves_count = plan->moves_count;
    for (uint32_t i = 0; i < plan->moves_count; i++) {
        ret_approval->moves[i] = (struct approval_move){
            .kind = plan->moves[i].kind,
            .target = plan->moves[i].kind == MOVE_BETWEEN_SPOKES ? plan->moves[i].target
                                                                 : (struct address){{0}},
            .source_domain = plan->moves[i].source_domain,
            .source = plan->moves[i].source,
            .source_venue = plan->moves[i].source_venue,
            .target_domain = plan->moves[i].target_domain,
            .target_venue = plan->moves[i].target_venue,
            .amount = plan->moves[i].amount};
    }
    static_assert(APPROVAL_PLACES_MAX >= PLAN_ROUTERS_MAX, "a plan's places fit an approval");
    ret_approval->places_count = plan->places_count;
    for (uint32_t i = 0; i < plan->places_count; i++) {
        const struct plan_place *place = &plan->places[i];
        ret_approval->places[i] = (struct approval_place){.domain = place->domain,
                                                          .contract = place->router,
                                                          .venue = place->venue,
                                                          .negative = place->effective.negative,
                                                          .amount = place->effective.amount};
    }
    ret_approval->expires_s = plan->approval_expires_s;
    ret_approval->signature = plan->approval;
}

struct hash capital_move_id(const struct hash *plan_id, uint32_t index)
{
    return move_id_of(plan_id, index);
}

enum status capital_view_move(const struct row_source *source, const struct hash *id,
                              struct move_row *ret_move)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;
    const enum status status = row_get(source, move_key(key, id), &value);

    return status != STATUS_OK ? status : decoded(move_row_unpack(value, ret_move));
}

enum status capital_view_move_of_leg(const struct row_source *source, const struct hash *leg_id,
                                     struct hash *ret_id, struct move_row *ret_move)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;
    const enum status status = row_get(source, move_leg_key(key, leg_id), &value);

    *ret_id = *leg_id;
    if (status == STATUS_OK) {
        struct unpacker unpacker = unpacker_from(value);
        *ret_id = unpack_hash(&unpacker);
        if (!unpacker_is_done(&unpacker)) {
            return STATUS_CORRUPT;
        }
    } else if (status != STATUS_NOT_FOUND) {
        return status;
    }
    return capital_view_move(source, ret_id, ret_move);
}

enum status capital_view_next_open_move(const struct row_source *source, const struct hash *after,
                                        struct hash *ret_id, struct move_row *ret_move)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct hash id;
    const enum status status = id_next(source, move_open_key(key, after), &id);

    if (status != STATUS_OK) {
        return status;
    }
    *ret_id = id;
    return capital_view_move(source, &id, ret_move);
}

enum status capital_view_transit(const struct row_source *source, const struct hash *id,
                                 struct transit_row *ret_row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;
    const enum status status = row_get(source, transit_key(key, id), &value);

    return status != STATUS_OK ? status : decoded(transit_row_unpack(value, ret_row));
}

enum status capital_view_next_transit(const struct row_source *source, const struct hash *after,
                                      struct hash *ret_id, struct transit_row *ret_row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct hash id;
    const enum status status = id_next(source, transit_open_key(key, after), &id);

    if (status != STATUS_OK) {
        return status;
    }
    *ret_id = id;
    return capital_view_transit(source, &id, ret_row);
}

enum status capital_view_vault(const struct row_source *source, uint32_t domain,
                               const struct address *vault, struct vault_row *ret_row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;
    const enum status status = row_get(source, vault_key(key, domain, vault), &value);

    return status != STATUS_OK ? status : decoded(vault_row_unpack(value, ret_row));
}

enum status capital_view_posting(const struct row_source *source, uint32_t domain,
                                 uint64_t sequence, struct posting_row *ret_row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;
    const enum status status = row_get(source, posting_key(key, domain, sequence), &value);

    return status != STATUS_OK ? status : decoded(posting_row_unpack(value, ret_row));
}

enum status capital_view_postings_count(const struct row_source *source, uint32_t domain,
                                        uint64_t *ret_count)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct assembly assembly;
    struct bytes value;
    const enum status status = row_get(source, assembly_key(key, domain), &value);

    if (status == STATUS_NOT_FOUND) {
        *ret_count = 0;
        return STATUS_OK;
    }
    if (status != STATUS_OK || !assembly_unpack(value, &assembly)) {
        return status != STATUS_OK ? status : STATUS_CORRUPT;
    }
    *ret_count = assembly.sequence;
    return STATUS_OK;
}

/* ---- accounts ---- */

enum status capital_view_next_account(const struct row_source *source, const struct account *after,
                                      struct account *ret_account, struct account_row *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct bytes key;
    struct bytes value;
    const enum status status = row_next(source, account_key(memory, after), 1, &key, &value);

    if (status != STATUS_OK) {
        return status;
    }
    struct account_row row;
    const bool good = account_row_unpack(value, &row);
    struct unpacker unpacker = unpacker_from(bytes_from(key.data + 1, key.count - 1));
    const struct account account = account_unpack(&unpacker);
    if (!good || !unpacker_is_done(&unpacker) || account.kind < ACCOUNT_ROUTER) {
        return STATUS_CORRUPT;
    }
    *ret_account = account;
    *ret_row = row;
    return STATUS_OK;
}

static struct account_balance difference_of(const struct amount *plus, const struct amount *minus)
{
    const struct account_row row = {.debit = *plus, .credit = *minus};

    return account_balance_of(&row);
}

enum status capital_view_ledger(const struct row_source *source, const char *symbol,
                                struct capital_ledger *ret_ledger)
{
    struct account_row kinds[ACCOUNT_KINDS_END];
    struct capital_ledger ledger;
    struct account account;
    struct account_row row;
    enum status status;

    memset(&ledger, 0, sizeof(ledger));
    memset(kinds, 0, sizeof(kinds));
    account = capital_account((enum account_kind)0, symbol, 0, NULL);
    while ((status = capital_view_next_account(source, &account, &account, &row)) == STATUS_OK &&
           capital_is_symbol(account.symbol, symbol)) {
        struct account_row *kind = &kinds[account.kind];
        if (amount_add(&ledger.debits, &row.debit, &ledger.debits) != STATUS_OK ||
            amount_add(&ledger.credits, &row.credit, &ledger.credits) != STATUS_OK) {
            return STATUS_CORRUPT;
        }
        const enum status debited = amount_add(&kind->debit, &row.debit, &kind->debit);
        const enum status credited = amount_add(&kind->credit, &row.credit, &kind->credit);
        CHECK(debited == STATUS_OK); /* parts of sums that fit */
        CHECK(credited == STATUS_OK);
        ledger.accounts_count++;
    }
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    for (int i = ACCOUNT_ROUTER; i < ACCOUNT_KINDS_END; i++) {
        ledger.by_kind[i] = account_balance_of(&kinds[i]);
    }
    ledger.difference = difference_of(&ledger.debits, &ledger.credits);
    ledger.balanced = amount_is_zero(&ledger.difference.amount);
    *ret_ledger = ledger;
    return STATUS_OK;
}

/* ---- positions ---- */

static enum status balance_read(const struct row_source *source, enum account_kind kind,
                                const char *symbol, const struct core_router *router,
                                const struct address *address, struct account_balance *ret_balance)
{
    const struct account account = capital_account(kind, symbol, router->domain, address);
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct account_row row;
    struct bytes value;
    const enum status status = row_get(source, account_key(key, &account), &value);

    memset(ret_balance, 0, sizeof(*ret_balance));
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status != STATUS_OK || !account_row_unpack(value, &row)) {
        return status != STATUS_OK ? status : STATUS_CORRUPT;
    }
    *ret_balance = account_balance_of(&row);
    return STATUS_OK;
}

static enum status position_read(const struct row_source *source, const char *symbol,
                                 const struct core_router *router,
                                 struct capital_position *position)
{
    struct ledger_chain chain;
    struct account_balance owed;
    struct account_balance arriving;
    enum status status;

    memset(position, 0, sizeof(*position));
    position->domain = router->domain;
    position->router = router->router;
    position->ledger = LEDGER_OPENING;
    status = capital_view_chain(source, router->domain, &chain);
    if (status == STATUS_OK) {
        position->ledger = chain.state;
        position->applied_block = chain.applied_block;
        position->reconciled_block = chain.reconciled_block;
    } else if (status != STATUS_NOT_FOUND) {
        return status;
    }
    status = balance_read(source, ACCOUNT_ROUTER, symbol, router, &router->router,
                          &position->collateral);
    if (status == STATUS_OK) {
        status = balance_read(source, ACCOUNT_OWED, symbol, router, &router->router, &owed);
    }
    if (status == STATUS_OK) {
        status = balance_read(source, ACCOUNT_ARRIVING, symbol, router, &router->router, &arriving);
    }
    if (status == STATUS_OK) {
        status = balance_read(source, ACCOUNT_BRIDGE, symbol, router, &router->bridge,
                              &position->liquidity);
    }
    if (status == STATUS_OK) {
        position->owed = owed.amount;
        position->arriving = arriving.amount;
    }
    return status;
}

static struct capital_position *position_find(struct capital_position *positions, uint32_t count,
                                              uint32_t domain, const struct address *router)
{
    for (uint32_t i = 0; i < count; i++) {
        if (positions[i].domain == domain && address_equal(&positions[i].router, router)) {
            return &positions[i];
        }
    }
    return NULL;
}

static enum status reservations_read(const struct row_source *source, const char *symbol,
                                     struct capital_position *positions, uint32_t count)
{
    struct hash id = {{0}};
    struct move_row row;
    enum status status;

    while ((status = capital_view_next_open_move(source, &id, &id, &row)) == STATUS_OK) {
        if (row.state == MOVE_TRANSIT || !capital_is_symbol(row.symbol, symbol)) {
            continue;
        }
        struct capital_position *from =
            position_find(positions, count, row.move.source_domain, &row.move.source);
        struct capital_position *to =
            position_find(positions, count, row.move.target_domain, &row.move.target);
        if (from == NULL || to == NULL) {
            continue;
        }
        if (amount_add(&from->reserved_out, &row.move.amount, &from->reserved_out) != STATUS_OK ||
            amount_add(&to->reserved_in, &row.move.amount, &to->reserved_in) != STATUS_OK) {
            return STATUS_CORRUPT;
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* What the position has and what it must give, all together. */
static enum status position_sums(const struct capital_position *position,
                                 struct account_row *ret_sums)
{
    struct account_row sums;

    memset(&sums, 0, sizeof(sums));
    struct amount *collateral = position->collateral.negative ? &sums.credit : &sums.debit;
    *collateral = position->collateral.amount;
    if (amount_add(&sums.debit, &position->reserved_in, &sums.debit) != STATUS_OK ||
        amount_add(&sums.debit, &position->arriving, &sums.debit) != STATUS_OK ||
        amount_add(&sums.credit, &position->owed, &sums.credit) != STATUS_OK ||
        amount_add(&sums.credit, &position->reserved_out, &sums.credit) != STATUS_OK) {
        return STATUS_CORRUPT;
    }
    *ret_sums = sums;
    return STATUS_OK;
}

static bool is_within(const struct capital_position *position, const struct amount *tolerance)
{
    const struct account_balance *effective = &position->effective;
    struct account_row apart;

    memset(&apart, 0, sizeof(apart));
    apart.debit = effective->negative ? amount_zero() : effective->amount;
    apart.credit = position->goal;
    if (effective->negative &&
        amount_add(&apart.credit, &effective->amount, &apart.credit) != STATUS_OK) {
        return false;
    }
    const struct account_balance distance = account_balance_of(&apart);
    return amount_compare(&distance.amount, tolerance) <= 0;
}

static enum status goals_set(const struct core_config *config, uint32_t asset,
                             struct capital_position *positions, uint32_t count,
                             struct amount *ret_total)
{
    struct account_row all;
    uint32_t router = 0;

    memset(&all, 0, sizeof(all));
    for (uint32_t i = 0; i < count; i++) {
        struct account_row sums;
        const enum status status = position_sums(&positions[i], &sums);
        if (status != STATUS_OK) {
            return status;
        }
        positions[i].effective = account_balance_of(&sums);
        if (amount_add(&all.debit, &sums.debit, &all.debit) != STATUS_OK ||
            amount_add(&all.credit, &sums.credit, &all.credit) != STATUS_OK) {
            return STATUS_CORRUPT;
        }
    }
    const struct account_balance total = account_balance_of(&all);
    *ret_total = total.negative ? amount_zero() : total.amount;
    const struct amount tolerance = capital_share(ret_total, config->route.tolerance);
    for (uint32_t i = 0; i < count; i++, router++) {
        while (config->routers[router].asset != asset) {
            router++;
        }
        positions[i].goal = capital_share(ret_total, config->routers[router].weight);
        positions[i].within_tolerance = is_within(&positions[i], &tolerance);
    }
    return STATUS_OK;
}

enum status capital_view_positions(const struct row_source *source,
                                   const struct core_config *config, uint32_t asset,
                                   struct capital_position *positions, uint32_t positions_max,
                                   uint32_t *ret_count, struct amount *ret_total)
{
    const char *symbol = config->assets[asset].symbol;
    uint32_t count = 0;

    CHECK(asset < config->assets_count);
    for (uint32_t i = 0; i < config->routers_count && count < positions_max; i++) {
        if (config->routers[i].asset != asset) {
            continue;
        }
        const enum status status =
            position_read(source, symbol, &config->routers[i], &positions[count++]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    enum status status = reservations_read(source, symbol, positions, count);
    if (status == STATUS_OK) {
        status = goals_set(config, asset, positions, count, ret_total);
    }
    if (status == STATUS_OK) {
        *ret_count = count;
    }
    return status;
}

enum status capital_view_spoke(const struct row_source *source, const struct core_config *config,
                               uint32_t spoke, struct spoke_row *ret_row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    CHECK(spoke < config->spokes_count);
    const struct core_spoke *of = &config->spokes[spoke];
    const enum status status =
        row_get(source, spoke_key(key, of->domain, &of->spoke, &of->token), &value);
    return status != STATUS_OK ? status : decoded(spoke_row_unpack(value, ret_row));
}

enum status capital_view_hub(const struct row_source *source, const struct core_config *config,
                             uint32_t hub, struct hub_row *ret_row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    CHECK(hub < config->hubs_count);
    const enum status status = row_get(source, hub_key(key, &config->hubs[hub]), &value);
    return status != STATUS_OK ? status : decoded(hub_row_unpack(value, ret_row));
}

enum status capital_view_hub_report(const struct row_source *source,
                                    const struct core_config *config, uint32_t hub, uint32_t domain,
                                    struct hub_report_row *ret_row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    CHECK(hub < config->hubs_count);
    const enum status status =
        row_get(source, hub_report_key(key, &config->hubs[hub], domain), &value);
    return status != STATUS_OK ? status : decoded(hub_report_row_unpack(value, ret_row));
}

enum status capital_view_price(const struct row_source *source, const char *symbol,
                               struct price_row *ret_row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;
    const enum status status = row_get(source, price_key(key, symbol), &value);

    return status != STATUS_OK ? status : decoded(price_row_unpack(value, ret_row));
}

enum status capital_view_venue(const struct row_source *source, const struct core_config *config,
                               uint32_t venue, struct venue_row *ret_row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    CHECK(venue < config->venues_count);
    const struct core_venue *of = &config->venues[venue];
    const struct core_spoke *spoke = &config->spokes[of->spoke];
    const enum status status =
        row_get(source, venue_key(key, spoke->domain, &spoke->spoke, of->index), &value);
    return status != STATUS_OK ? status : decoded(venue_row_unpack(value, ret_row));
}

/* ---- names ---- */

const char *plan_state_name(enum plan_state state)
{
    switch (state) {
    case PLAN_OBSERVED:
        return "observed";
    case PLAN_AWAITING_APPROVAL:
        return "awaiting approval";
    case PLAN_ACCEPTED:
        return "accepted";
    case PLAN_VOID:
        return "void";
    case PLAN_DONE:
        return "done";
    }
    return "unknown";
}

const char *move_state_name(enum move_state state)
{
    switch (state) {
    case MOVE_RESERVED:
        return "reserved";
    case MOVE_SENT:
        return "sent";
    case MOVE_INCLUDED:
        return "included";
    case MOVE_TRANSIT:
        return "in transit";
    case MOVE_DONE:
        return "done";
    case MOVE_FAILED:
        return "failed";
    }
    return "unknown";
}

const char *ledger_state_name(enum ledger_state state)
{
    switch (state) {
    case LEDGER_OPENING:
        return "opening";
    case LEDGER_RECONCILED:
        return "reconciled";
    case LEDGER_UNRECONCILED:
        return "unreconciled";
    }
    return "unknown";
}

const char *account_kind_name(enum account_kind kind)
{
    switch (kind) {
    case ACCOUNT_ROUTER:
        return "router";
    case ACCOUNT_BRIDGE:
        return "bridge";
    case ACCOUNT_KEY:
        return "key";
    case ACCOUNT_OWED:
        return "owed";
    case ACCOUNT_ARRIVING:
        return "arriving";
    case ACCOUNT_FEES:
        return "fees";
    case ACCOUNT_EXTERNAL:
        return "external";
    case ACCOUNT_EQUITY:
        return "equity";
    case ACCOUNT_SPOKE:
        return "spoke";
    case ACCOUNT_VENUE:
        return "venue";
    case ACCOUNT_YIELD:
        return "yield";
    case ACCOUNT_SUPPLY:
        return "supply";
    case ACCOUNT_HUB:
        return "hub";
    }
    return "unknown";
}

const char *posting_kind_name(enum posting_kind kind)
{
    switch (kind) {
    case POSTING_OPENING:
        return "opening";
    case POSTING_USER_SENT:
        return "user sent";
    case POSTING_USER_PAID:
        return "user paid";
    case POSTING_MOVE_SENT:
        return "move sent";
    case POSTING_MOVE_ARRIVED:
        return "move arrived";
    case POSTING_DIFFERENCE:
        return "difference";
    case POSTING_FEE:
        return "fee";
    case POSTING_TRANSFER:
        return "transfer";
    case POSTING_ADJUSTMENT:
        return "adjustment";
    case POSTING_GAS:
        return "gas";
    case POSTING_SETTLEMENT:
        return "settlement";
    case POSTING_DEPOSITED:
        return "deposited";
    case POSTING_WITHDRAWN:
        return "withdrawn";
    case POSTING_YIELD:
        return "yield";
    }
    return "unknown";
}
