/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/capital.c: the events of the capital modules, and their rows through a step.
 */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/capital/capital_internal.h"
#include "relay/core/capital/flows.h"
#include "relay/core/capital/hubs.h"
#include "relay/core/tables.h"

/* ---- events ---- */

void capital_on_start(struct step *step)
{
    plan_on_start(step);
    move_on_start(step);
}

void capital_on_positions(struct step *step, const struct event *event)
{
    ledger_on_positions(step, event);
    move_on_read(step, event->domain, event->positions.block_number);
}

void capital_on_prepared(struct step *step, const struct event *event)
{
    move_on_prepared(step, event);
    flow_on_prepared(step, event);
    hub_on_prepared(step, event);
}

void capital_on_planned(struct step *step, const struct event *event)
{
    plan_on_planned(step, event);
}

void capital_on_operator(struct step *step, const struct event *event)
{
    ledger_on_operator(step, event);
    plan_on_operator(step, event);
}

void capital_on_due(struct step *step, enum due_kind kind, const struct hash *id)
{
    if (kind == DUE_MOVE) {
        move_on_due(step, id);
    } else if (hash_is_zero(id)) {
        plan_on_due(step);
    } else {
        ledger_on_due(step, step_domain_of(id));
    }
}

struct hash capital_ledger_due(uint32_t domain)
{
    struct hash id = step_domain_id(domain);

    id.bytes[sizeof(id.bytes) - 1] = 1; /* tells it from the plan's, whatever the domain */
    return id;
}

/* ---- rows ---- */

static bool decoded(struct step *step, bool good)
{
    if (!good) {
        step->status = STATUS_CORRUPT;
    }
    return good;
}

bool capital_get_account(struct step *step, const struct account *account,
                         struct account_row *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    memset(ret_row, 0, sizeof(*ret_row));
    return step_get(step, account_key(memory, account), &value) &&
           decoded(step, account_row_unpack(value, ret_row));
}

void capital_put_account(struct step *step, const struct account *account,
                         const struct account_row *row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[ACCOUNT_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));

    account_row_pack(&packer, row);
    step_put(step, account_key(memory, account), packer_finish(&packer));
}

bool capital_get_transit(struct step *step, const struct hash *id, struct transit_row *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    memset(ret_row, 0, sizeof(*ret_row));
    return step_get(step, transit_key(memory, id), &value) &&
           decoded(step, transit_row_unpack(value, ret_row));
}

bool capital_get_chain(struct step *step, uint32_t domain, struct ledger_chain *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    memset(ret_row, 0, sizeof(*ret_row));
    return step_get(step, ledger_chain_key(memory, domain), &value) &&
           decoded(step, ledger_chain_unpack(value, ret_row));
}

void capital_put_chain(struct step *step, uint32_t domain, const struct ledger_chain *row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[LEDGER_CHAIN_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));

    ledger_chain_pack(&packer, row);
    step_put(step, ledger_chain_key(memory, domain), packer_finish(&packer));
}

bool capital_get_assembly(struct step *step, uint32_t domain, struct assembly *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    memset(ret_row, 0, sizeof(*ret_row));
    return step_get(step, assembly_key(memory, domain), &value) &&
           decoded(step, assembly_unpack(value, ret_row));
}

void capital_put_assembly(struct step *step, uint32_t domain, const struct assembly *row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[ASSEMBLY_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));

    assembly_pack(&packer, row);
    step_put(step, assembly_key(memory, domain), packer_finish(&packer));
}

bool capital_get_plan(struct step *step, const struct hash *id, struct plan_row *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    memset(ret_row, 0, sizeof(*ret_row));
    return step_get(step, plan_key(memory, id), &value) &&
           decoded(step, plan_row_unpack(value, ret_row));
}

void capital_put_plan(struct step *step, const struct hash *id, const struct plan_row *row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[PLAN_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));

    plan_row_pack(&packer, row);
    step_put(step, plan_key(memory, id), packer_finish(&packer));
}

bool capital_get_asset(struct step *step, enum move_kind kind, const char *symbol,
                       struct plan_asset *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    memset(ret_row, 0, sizeof(*ret_row));
    return step_get(step, plan_asset_key(memory, kind, symbol), &value) &&
           decoded(step, plan_asset_unpack(value, ret_row));
}

void capital_put_asset(struct step *step, enum move_kind kind, const char *symbol,
                       const struct plan_asset *row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[PLAN_ASSET_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));

    plan_asset_pack(&packer, row);
    step_put(step, plan_asset_key(memory, kind, symbol), packer_finish(&packer));
}

bool capital_get_move(struct step *step, const struct hash *id, struct move_row *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    memset(ret_row, 0, sizeof(*ret_row));
    return step_get(step, move_key(memory, id), &value) &&
           decoded(step, move_row_unpack(value, ret_row));
}

void capital_put_move(struct step *step, const struct hash *id, const struct move_row *row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[MOVE_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));
    struct bytes unused;

    move_row_pack(&packer, row);
    step_put(step, move_key(memory, id), packer_finish(&packer));
    const bool ended = move_ends(row->state);
    const bool listed = step_get(step, move_open_key(memory, id), &unused);
    if (ended && listed) {
        step_delete(step, move_open_key(memory, id));
    } else if (!ended && !listed) {
        step_put(step, move_open_key(memory, id), bytes_from(NULL, 0));
    }
}

/* The smallest hash above `id`; false when there is none. */
static bool hash_next(const struct hash *id, struct hash *ret_next)
{
    *ret_next = *id;
    for (size_t i = sizeof(id->bytes); i-- > 0;) {
        if (++ret_next->bytes[i] != 0) {
            return true;
        }
    }
    return false;
}

bool capital_get_move_of_leg(struct step *step, const struct hash *leg_id, struct hash *ret_id,
                             struct move_row *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct hash id = *leg_id;
    struct bytes value;

    memset(ret_row, 0, sizeof(*ret_row));
    if (step_get(step, move_leg_key(memory, leg_id), &value)) {
        struct unpacker unpacker = unpacker_from(value);
        id = unpack_hash(&unpacker);
        if (!decoded(step, unpacker_is_done(&unpacker))) {
            return false;
        }
    }
    if (!capital_get_move(step, &id, ret_row)) {
        return false;
    }
    const struct hash now = approval_leg_id(&ret_row->plan_id, ret_row->index, ret_row->leg);
    *ret_id = id;
    return hash_equal(&now, leg_id);
}

bool capital_next_open_move(struct step *step, const struct hash *after, struct hash *ret_id,
                            struct move_row *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct hash from = {{0}};
    struct bytes key;
    struct bytes value;

    if (!hash_is_zero(after) && !hash_next(after, &from)) {
        return false;
    }
    const struct bytes start = move_open_key(memory, &from);
    if (!step_seek(step, start, bytes_from(start.data, 2), &key, &value)) {
        return false;
    }
    struct unpacker unpacker = unpacker_from(bytes_from(key.data + 2, key.count - 2));
    *ret_id = unpack_hash(&unpacker);
    return decoded(step, unpacker_is_done(&unpacker)) && capital_get_move(step, ret_id, ret_row);
}

bool capital_get_vault(struct step *step, uint32_t domain, const struct address *vault,
                       struct vault_row *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    memset(ret_row, 0, sizeof(*ret_row));
    return step_get(step, vault_key(memory, domain, vault), &value) &&
           decoded(step, vault_row_unpack(value, ret_row));
}

void capital_put_vault(struct step *step, uint32_t domain, const struct address *vault,
                       const struct vault_row *row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[VAULT_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));

    vault_row_pack(&packer, row);
    step_put(step, vault_key(memory, domain, vault), packer_finish(&packer));
}

bool capital_get_quote(struct step *step, uint32_t domain, const struct address *router,
                       uint32_t destination, struct quote_row *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    memset(ret_row, 0, sizeof(*ret_row));
    return step_get(step, quotes_key(memory, domain, router), &value) &&
           quote_row_find(value, destination, ret_row);
}

/* ---- names ---- */

void capital_symbol(char ret_symbol[NAME_BYTES_MAX], const char *symbol)
{
    const size_t length = strnlen(symbol, NAME_BYTES_MAX - 1);

    memset(ret_symbol, 0, NAME_BYTES_MAX);
    memcpy(ret_symbol, symbol, length);
}

bool capital_is_symbol(const char *a, const char *b)
{
    const size_t length = strnlen(a, NAME_BYTES_MAX);

    return strnlen(b, NAME_BYTES_MAX) == length && memcmp(a, b, length) == 0;
}

const char *capital_router_symbol(const struct core_config *config,
                                  const struct core_router *router)
{
    CHECK(router->asset < config->assets_count);
    return config->assets[router->asset].symbol;
}

const struct core_router *capital_router(const struct core_config *config, uint32_t domain,
                                         const struct address *router, const char *symbol)
{
    for (uint32_t i = 0; i < config->routers_count; i++) {
        const struct core_router *candidate = &config->routers[i];
        if (candidate->domain == domain && address_equal(&candidate->router, router) &&
            capital_is_symbol(capital_router_symbol(config, candidate), symbol)) {
            return candidate;
        }
    }
    return NULL;
}

const struct core_synthetic *capital_synthetic(const struct core_config *config, uint32_t domain,
                                               const struct address *router)
{
    for (uint32_t i = 0; i < config->synthetics_count; i++) {
        const struct core_synthetic *candidate = &config->synthetics[i];
        if (candidate->domain == domain && address_equal(&candidate->router, router)) {
            return candidate;
        }
    }
    return NULL;
}

bool capital_route_end(const struct core_config *config, uint32_t domain,
                       const struct address *router, struct account *ret_account)
{
    const struct core_synthetic *synthetic = capital_synthetic(config, domain, router);

    if (synthetic != NULL) {
        *ret_account = capital_account(ACCOUNT_SUPPLY, config->assets[synthetic->asset].symbol,
                                       domain, router);
        return true;
    }
    for (uint32_t i = 0; i < config->routers_count; i++) {
        const struct core_router *candidate = &config->routers[i];
        if (candidate->domain == domain && address_equal(&candidate->router, router)) {
            *ret_account = capital_account(ACCOUNT_ROUTER, capital_router_symbol(config, candidate),
                                           domain, router);
            return true;
        }
    }
    return false;
}

struct account capital_account(enum account_kind kind, const char *symbol, uint32_t domain,
                               const struct address *address)
{
    struct account account;

    memset(&account, 0, sizeof(account));
    capital_symbol(account.symbol, symbol);
    account.kind = kind;
    account.domain = domain;
    if (address != NULL) {
        account.address = *address;
    }
    return account;
}

/* Has an earlier router of the chain the same token (and the same bridge)? */
static bool is_repeated(const struct core_config *config, uint32_t index, bool bridge)
{
    const struct core_router *router = &config->routers[index];

    for (uint32_t i = 0; i < index; i++) {
        const struct core_router *earlier = &config->routers[i];
        if (earlier->domain == router->domain && address_equal(&earlier->token, &router->token) &&
            (!bridge || address_equal(&earlier->bridge, &router->bridge))) {
            return true;
        }
    }
    return false;
}

static const struct address *chain_key_address(const struct core_config *config, uint32_t domain)
{
    for (uint32_t i = 0; i < config->chains_count; i++) {
        if (config->chains[i].domain == domain && !address_is_zero(&config->chains[i].key)) {
            return &config->chains[i].key;
        }
    }
    return NULL;
}

static bool next_of_routers(const struct core_config *config, uint32_t domain, uint32_t *cursor,
                            struct account *ret_account, struct address *ret_token)
{
    for (; *cursor < 3 * config->routers_count; (*cursor)++) {
        const uint32_t index = *cursor / 3;
        const struct core_router *router = &config->routers[index];
        const struct address *address = &router->router;
        enum account_kind kind = ACCOUNT_ROUTER;
        if (router->domain != domain) {
            continue;
        }
        if (*cursor % 3 == 1) {
            kind = ACCOUNT_BRIDGE;
            address = &router->bridge;
            if (address_is_zero(address) || is_repeated(config, index, true)) {
                continue;
            }
        } else if (*cursor % 3 == 2) {
            kind = ACCOUNT_KEY;
            address = chain_key_address(config, domain);
            if (address == NULL || is_repeated(config, index, false)) {
                continue;
            }
        }
        *ret_account =
            capital_account(kind, capital_router_symbol(config, router), domain, address);
        *ret_token = router->token;
        (*cursor)++;
        return true;
    }
    return false;
}

struct account capital_spoke_account(const struct core_config *config, uint32_t spoke)
{
    const struct core_spoke *of = &config->spokes[spoke];

    CHECK(spoke < config->spokes_count);
    return capital_account(ACCOUNT_SPOKE, config->assets[of->asset].symbol, of->domain, &of->spoke);
}

struct account capital_venue_account(const struct core_config *config, uint32_t venue)
{
    const struct core_venue *of = &config->venues[venue];

    CHECK(venue < config->venues_count);
    const struct core_spoke *spoke = &config->spokes[of->spoke];
    return capital_account(ACCOUNT_VENUE, config->assets[spoke->asset].symbol, spoke->domain,
                           &of->venue);
}

struct account capital_hub_account(const struct core_config *config, const struct core_hub *hub)
{
    return capital_account(ACCOUNT_HUB, config->assets[hub->asset].symbol, hub->domain, &hub->hub);
}

bool capital_next_watched(const struct core_config *config, uint32_t domain, uint32_t *cursor,
                          struct account *ret_account, struct address *ret_token)
{
    const uint32_t spokes_first = 3 * config->routers_count;
    const uint32_t venues_first = spokes_first + config->spokes_count;

    if (*cursor < spokes_first && next_of_routers(config, domain, cursor, ret_account, ret_token)) {
        return true;
    }
    for (; *cursor < venues_first; (*cursor)++) {
        const uint32_t index = *cursor - spokes_first;
        if (config->spokes[index].domain == domain) {
            *ret_account = capital_spoke_account(config, index);
            *ret_token = config->spokes[index].token;
            (*cursor)++;
            return true;
        }
    }
    for (; *cursor < venues_first + config->venues_count; (*cursor)++) {
        const uint32_t index = *cursor - venues_first;
        const struct core_spoke *spoke = &config->spokes[config->venues[index].spoke];
        if (spoke->domain == domain) {
            *ret_account = capital_venue_account(config, index);
            *ret_token = spoke->token;
            (*cursor)++;
            return true;
        }
    }
    const uint32_t supplies_first = venues_first + config->venues_count;
    for (; *cursor < supplies_first + config->synthetics_count; (*cursor)++) {
        const struct core_synthetic *synthetic = &config->synthetics[*cursor - supplies_first];
        if (synthetic->domain == domain) {
            *ret_account = capital_account(ACCOUNT_SUPPLY, config->assets[synthetic->asset].symbol,
                                           domain, &synthetic->router);
            *ret_token = synthetic->router;
            (*cursor)++;
            return true;
        }
    }
    const uint32_t hubs_first = supplies_first + config->synthetics_count;
    for (; *cursor < hubs_first + config->hubs_count; (*cursor)++) {
        const struct core_hub *hub = &config->hubs[*cursor - hubs_first];
        if (hub->domain == domain) {
            *ret_account = capital_hub_account(config, hub);
            *ret_token = hub->token;
            (*cursor)++;
            return true;
        }
    }
    return false;
}

struct amount capital_less(const struct amount *a, const struct amount *b)
{
    struct amount difference;

    return amount_subtract(a, b, &difference) == STATUS_OK ? difference : amount_zero();
}

struct amount capital_share(const struct amount *amount, struct bps bps)
{
    const struct amount numerator = amount_from_u64(bps.value);
    const struct amount whole = amount_from_u64(10000);
    struct amount share;

    if (amount_scale_floor(amount, &numerator, &whole, &share) != STATUS_OK) {
        return amount_max(); /* more than the whole of everything there can be */
    }
    return share;
}
