/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/backing.c: collateral against synthetic supply.
 *
 *   UNKNOWN --all books open--> HELD --short--> DOUBTED --newer final blocks, still short--> BROKEN
 *                                 ^----------not short any more----------'----------------------'
 *
 * The books hold everything (ledger.c): what is locked is ROUTER, what moves is ARRIVING; what was
 * minted is SUPPLY, what will be minted or paid out is OWED. A message moves amounts between these
 * and changes no sum, so the sum of their debits is short of the sum of their credits only when
 * something was minted or taken that no message paid for, or when the chain that was delivered to
 * is known to a later moment than the chain that was sent from. The latter passes with the next
 * final blocks; nothing is done meanwhile, and nobody is woken.
 *
 * Invariants
 *   1. Flows stop with the first final block that shows the difference.
 *   2. BROKEN needs a final block of every chain of the route that was applied after the difference
 *      was seen: with honest chains there is no false alarm.
 *   3. What was there when the books were opened counts, so a route that is short from the start
 *      says so; a message sent before that and delivered after it only adds to what is locked. */
#include "relay/core/capital/backing.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/core/capital/capital_internal.h"
#include "relay/core/tables.h"
#include "relay/core/text.h"

/* ---- rows ---- */

struct bytes backing_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const char *symbol)
{
    struct packer packer = packer_from(memory, CAPITAL_KEY_BYTES_MAX);

    pack_u8(&packer, TABLE_SNAPSHOT);
    pack_u8(&packer, 3);
    pack_raw(&packer, bytes_from(symbol, NAME_BYTES_MAX));
    return packer_finish(&packer);
}

void backing_row_pack(struct packer *packer, const struct backing_row *row)
{
    pack_u16(packer, (uint16_t)row->state);
    pack_instant(packer, row->since);
    pack_amount(packer, &row->collateral);
    pack_amount(packer, &row->claims);
}

bool backing_row_unpack(struct bytes bytes, struct backing_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    const uint32_t state = unpack_u16(&unpacker);
    ret_row->since = unpack_instant(&unpacker);
    ret_row->collateral = unpack_amount(&unpacker);
    ret_row->claims = unpack_amount(&unpacker);
    if (!unpacker_is_done(&unpacker) || state < BACKING_UNKNOWN || state > BACKING_BROKEN) {
        return false;
    }
    ret_row->state = (enum backing_state)state;
    return true;
}

static struct backing_row row_get_or_unknown(struct step *step, const char *symbol)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct backing_row row = {.state = BACKING_UNKNOWN};
    struct bytes value;

    if (step_get(step, backing_key(key, symbol), &value) && !backing_row_unpack(value, &row)) {
        step->status = STATUS_CORRUPT;
    }
    return row;
}

static void row_put(struct step *step, const char *symbol, const struct backing_row *row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[BACKING_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));

    backing_row_pack(&packer, row);
    step_put(step, backing_key(key, symbol), packer_finish(&packer));
}

/* ---- the sums ---- */

/* What an asset has and owes, and whether all of it is known. */
struct weighing {
    struct step *step;
    const char *symbol;
    struct instant doubted_at;
    bool known;
    bool renewed; /* every chain applied a final block after doubted_at */
    struct amount collateral;
    struct amount claims;
};

static void sum_add(struct weighing *weighing, struct amount *sum, const struct amount *amount)
{
    if (amount_add(sum, amount, sum) != STATUS_OK) {
        weighing->known = false; /* beyond 256 bits nothing can be said */
    }
}

/* A balance that is on the wrong side counts where it hurts: less locked is more that is claimed.
 */
static void weigh_account(struct weighing *weighing, enum account_kind kind, uint32_t domain,
                          const struct address *address)
{
    const struct account account = capital_account(kind, weighing->symbol, domain, address);
    const struct account_balance balance = ledger_balance(weighing->step, &account);

    sum_add(weighing, balance.negative ? &weighing->claims : &weighing->collateral,
            &balance.amount);
}

/* While the chain states another balance than the books, the stated one counts. */
static void weigh_end(struct weighing *weighing, enum account_kind kind, uint32_t domain,
                      const struct address *address)
{
    struct ledger_chain chain;

    if (!capital_get_chain(weighing->step, domain, &chain) || chain.state == LEDGER_OPENING) {
        weighing->known = false;
        return;
    }
    weighing->renewed = weighing->renewed && chain.applied_at.ns > weighing->doubted_at.ns;
    weigh_account(weighing, ACCOUNT_OWED, domain, address);
    weigh_account(weighing, ACCOUNT_ARRIVING, domain, address);
    if (chain.state == LEDGER_UNRECONCILED && chain.differing.kind == kind &&
        capital_is_symbol(chain.differing.symbol, weighing->symbol) &&
        address_equal(&chain.differing.address, address)) {
        sum_add(weighing, kind == ACCOUNT_SUPPLY ? &weighing->claims : &weighing->collateral,
                &chain.chain);
        return;
    }
    weigh_account(weighing, kind, domain, address);
}

static struct weighing weigh(struct step *step, uint32_t asset, struct instant doubted_at)
{
    const struct core_config *config = step->config;
    struct weighing weighing = {
        .step = step,
        .symbol = config->assets[asset].symbol,
        .doubted_at = doubted_at,
        .known = true,
        .renewed = true,
        .collateral = amount_zero(),
        .claims = amount_zero(),
    };

    for (uint32_t i = 0; i < config->routers_count; i++) {
        const struct core_router *router = &config->routers[i];
        if (router->asset == asset) {
            weigh_end(&weighing, ACCOUNT_ROUTER, router->domain, &router->router);
        }
    }
    for (uint32_t i = 0; i < config->synthetics_count; i++) {
        const struct core_synthetic *synthetic = &config->synthetics[i];
        if (synthetic->asset == asset) {
            weigh_end(&weighing, ACCOUNT_SUPPLY, synthetic->domain, &synthetic->router);
        }
    }
    return weighing;
}

/* ---- states ---- */

static enum backing_state state_after(const struct backing_row *row,
                                      const struct weighing *weighing)
{
    if (!weighing->known) {
        return BACKING_UNKNOWN;
    }
    if (amount_compare(&weighing->collateral, &weighing->claims) >= 0) {
        return BACKING_HELD;
    }
    if (row->state == BACKING_BROKEN || (row->state == BACKING_DOUBTED && weighing->renewed)) {
        return BACKING_BROKEN;
    }
    return BACKING_DOUBTED;
}

static void tell(struct step *step, uint32_t domain, const char *symbol,
                 const struct backing_row *row, enum backing_state before)
{
    struct text text = text_from(symbol);

    text_add(&text, ": collateral ");
    text_add_amount(&text, &row->collateral);
    text_add(&text, ", claims on it ");
    text_add_amount(&text, &row->claims);
    text_add(&text, " base units");
    switch (row->state) {
    case BACKING_UNKNOWN:
    case BACKING_DOUBTED:
        return; /* `sluice why` says it; nobody is woken for what passes by itself */
    case BACKING_HELD:
        if (before != BACKING_DOUBTED) {
            step_note(step, NOTE_INFO, domain, NULL, REASON_BACKING_HELD, text.text);
        }
        return;
    case BACKING_BROKEN:
        text_add(&text, "; moves and messages of this route are stopped");
        step_note(step, NOTE_ALARM, domain, NULL, REASON_BACKING_BROKEN, text.text);
        return;
    }
}

static void asset_weigh(struct step *step, uint32_t domain, uint32_t asset)
{
    const char *symbol = step->config->assets[asset].symbol;
    const struct backing_row before = row_get_or_unknown(step, symbol);
    const struct weighing weighing = weigh(step, asset, before.since);
    struct backing_row row = before;

    row.state = state_after(&before, &weighing);
    row.collateral = weighing.collateral;
    row.claims = weighing.claims;
    if (row.state != before.state) {
        row.since = step->now;
        tell(step, domain, symbol, &row, before.state);
    } else if (amount_equal(&row.collateral, &before.collateral) &&
               amount_equal(&row.claims, &before.claims)) {
        return; /* nothing to write */
    }
    row_put(step, symbol, &row);
}

/* Is this asset minted anywhere, and is one of its routers on this chain (0: any)? */
static bool is_minted(const struct core_config *config, uint32_t asset, uint32_t domain)
{
    bool is_minted = false;
    bool is_here = domain == 0;

    for (uint32_t i = 0; i < config->synthetics_count; i++) {
        if (config->synthetics[i].asset == asset) {
            is_minted = true;
            is_here = is_here || config->synthetics[i].domain == domain;
        }
    }
    for (uint32_t i = 0; i < config->routers_count && is_minted && !is_here; i++) {
        is_here = config->routers[i].asset == asset && config->routers[i].domain == domain;
    }
    return is_minted && is_here;
}

void backing_on_ledger(struct step *step, uint32_t domain)
{
    CHECK(domain != 0);
    for (uint32_t i = 0; i < step->config->assets_count; i++) {
        if (is_minted(step->config, i, domain)) {
            asset_weigh(step, domain, i);
        }
    }
}

enum reason backing_reason(struct step *step, uint32_t asset)
{
    CHECK(asset < step->config->assets_count);
    if (!is_minted(step->config, asset, 0)) {
        return REASON_NONE;
    }
    switch (row_get_or_unknown(step, step->config->assets[asset].symbol).state) {
    case BACKING_UNKNOWN:
        return REASON_POSITIONS_UNKNOWN;
    case BACKING_HELD:
        return REASON_NONE;
    case BACKING_DOUBTED:
        return REASON_BACKING_DOUBTED;
    case BACKING_BROKEN:
        return REASON_BACKING_BROKEN;
    }
    return REASON_POSITIONS_UNKNOWN;
}

enum reason backing_of_sender(struct step *step, uint32_t domain, const struct address *sender)
{
    struct account end;

    if (step->config->synthetics_count == 0 ||
        !capital_route_end(step->config, domain, sender, &end)) {
        return REASON_NONE;
    }
    for (uint32_t i = 0; i < step->config->assets_count; i++) {
        if (capital_is_symbol(step->config->assets[i].symbol, end.symbol)) {
            return backing_reason(step, i);
        }
    }
    return REASON_NONE;
}

const char *backing_state_name(enum backing_state state)
{
    switch (state) {
    case BACKING_UNKNOWN:
        return "unknown";
    case BACKING_HELD:
        return "held";
    case BACKING_DOUBTED:
        return "doubted";
    case BACKING_BROKEN:
        return "broken";
    }
    return "unknown";
}
