/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/mandate/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "relay/mandate/feed.h"

#define WHOLE_BPS  10000u
#define WARP_ROUTE "warp-route"
#define SPOKE      "spoke"
#define VAULT      "erc4626"
#define RESERVE    "aave-v3"
#define HUB        "hub"

struct checker {
    const struct mandate *mandate;
    struct mandate_findings *findings;
};

static void find(struct checker *checker, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void find(struct checker *checker, uint32_t line, const char *format, ...)
{
    va_list arguments;

    if (checker->findings->count == MANDATE_FINDINGS_MAX) {
        return;
    }
    struct mandate_finding *finding = &checker->findings->list[checker->findings->count++];
    finding->line = line;
    va_start(arguments, format);
    (void)vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    va_end(arguments);
}

static const struct mandate_entries *entries_of(const struct checker *checker,
                                                enum mandate_section section)
{
    return &checker->mandate->sections[section];
}

/* `upper` must not be below `lower`; where one is not given there is nothing to say. */
static void order_check(struct checker *checker, const char *name,
                        const struct mandate_value *upper, const char *upper_key,
                        const struct mandate_value *lower, const char *lower_key)
{
    if (upper->given && lower->given && amount_compare(&upper->number, &lower->number) < 0) {
        find(checker, upper->line, "%s: \"%s\" is below \"%s\" (line %u)", name, upper_key,
             lower_key, lower->line);
    }
}

static void reference_check(struct checker *checker, const struct mandate_entry *entry,
                            const struct mandate_value *value, enum mandate_section section)
{
    if (value->given && mandate_find(checker->mandate, section, value->text) == NULL) {
        find(checker, value->line, "%s: \"%s\" is none of \"%s\"", entry->name, value->text,
             mandate_section_name(section));
    }
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(text, *words) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- venues ---- */

static bool is_kind(const struct mandate_entry *venue, const char *kind)
{
    return strcmp(venue->values[VENUE_KIND].text, kind) == 0;
}

static bool same(const struct mandate_entry *a, const struct mandate_entry *b, uint32_t field)
{
    return strcmp(a->values[field].text, b->values[field].text) == 0;
}

/* Capital gets into a vault or pool through a spoke, which knows it by a place in its list. */
static void venue_spoke_check(struct checker *checker, const struct mandate_entry *venue)
{
    const struct mandate_value *values = venue->values;
    const bool is_reached =
        !is_kind(venue, WARP_ROUTE) && !is_kind(venue, SPOKE) && !is_kind(venue, HUB);

    if (values[VENUE_SPOKE].given != is_reached || values[VENUE_INDEX].given != is_reached) {
        find(checker, venue->line,
             is_reached ? "%s: needs \"spoke\", the venue through which capital gets there, and "
                          "\"index\", its place in the spoke's list"
                        : "%s: \"spoke\" and \"index\" belong to vaults and pools alone",
             venue->name);
        return;
    }
    if (!is_reached) {
        return;
    }
    const struct mandate_entry *spoke =
        mandate_find(checker->mandate, MANDATE_VENUES, values[VENUE_SPOKE].text);
    if (spoke == NULL || !is_kind(spoke, SPOKE)) {
        find(checker, values[VENUE_SPOKE].line, "%s: \"%s\" is no venue of kind spoke", venue->name,
             values[VENUE_SPOKE].text);
    } else if (!same(venue, spoke, VENUE_CHAIN) || !same(venue, spoke, VENUE_ASSET) ||
               !same(venue, spoke, VENUE_TOKEN)) {
        find(checker, values[VENUE_SPOKE].line,
             "%s: \"%s\" (line %u) is on another chain or holds another asset", venue->name,
             spoke->name, spoke->line);
    }
}

/* A reserve's tokens are not where its pool is: without the place, what leaves the spoke for it
 * would be nobody's. */
static void venue_receipt_check(struct checker *checker, const struct mandate_entry *venue)
{
    const bool is_reserve = is_kind(venue, RESERVE);

    if (venue->values[VENUE_RECEIPT].given != is_reserve) {
        find(checker, venue->line,
             is_reserve ? "%s: needs \"receipt\", the pool's token for what is supplied"
                        : "%s: \"receipt\" belongs to aave-v3 alone",
             venue->name);
    }
}

static void venue_weight_check(struct checker *checker, const struct mandate_entry *venue)
{
    const bool is_router = is_kind(venue, WARP_ROUTE);

    if (venue->values[VENUE_WEIGHT].given != is_router) {
        find(checker, venue->line,
             is_router ? "%s: needs a \"weight\""
                       : "%s: \"weight\" belongs to a warp-route alone: elsewhere what it earns "
                         "decides",
             venue->name);
    }
}

/* What its chain may hold of the whole, every venue of the chain must be able to hold. */
static void venue_chain_check(struct checker *checker, const struct mandate_entry *venue)
{
    const struct mandate_value *values = venue->values;
    const struct mandate_entry *chain =
        mandate_find(checker->mandate, MANDATE_CHAINS, values[VENUE_CHAIN].text);

    if (chain != NULL) {
        order_check(checker, venue->name, &chain->values[CHAIN_CAP_SHARE], "cap_share of its chain",
                    &values[VENUE_WEIGHT], "weight");
        order_check(checker, venue->name, &chain->values[CHAIN_CAP_SHARE], "cap_share of its chain",
                    &values[VENUE_FLOOR_SHARE], "floor_share");
    }
    if (values[VENUE_ISSUER].given && (is_kind(venue, WARP_ROUTE) || is_kind(venue, SPOKE))) {
        find(checker, values[VENUE_ISSUER].line,
             "%s: \"issuer\" belongs to vaults and pools alone: it stands behind what they give",
             venue->name);
    }
}

/* Is there a spoke for the hub's asset on its chain, which it hands deposits to? */
static bool has_spoke(const struct checker *checker, const struct mandate_entry *hub)
{
    const struct mandate_entries *venues = entries_of(checker, MANDATE_VENUES);

    for (uint32_t i = 0; i < venues->count; i++) {
        const struct mandate_entry *venue = &venues->entries[i];
        if (is_kind(venue, SPOKE) && same(venue, hub, VENUE_CHAIN) &&
            same(venue, hub, VENUE_ASSET) && same(venue, hub, VENUE_TOKEN)) {
            return true;
        }
    }
    return false;
}

/* A hub is priced by what spokes report to it: without a bound on what that costs, or a spoke of
 * its own, it would be priced never. */
static void venue_hub_check(struct checker *checker, const struct mandate_entry *venue)
{
    const struct mandate_value *values = venue->values;
    const bool is_hub = is_kind(venue, HUB);

    if (values[VENUE_REPORT_FEE_MAX].given != is_hub ||
        values[VENUE_ROUND_INTERVAL].given != is_hub ||
        (values[VENUE_REPORT_INTERVAL].given && !is_hub)) {
        find(checker, venue->line,
             is_hub ? "%s: needs \"round_interval\" and \"report_fee_max\""
                    : "%s: \"round_interval\", \"report_interval\" and \"report_fee_max\" "
                      "belong to a hub alone",
             venue->name);
    } else if (is_hub && !has_spoke(checker, venue)) {
        find(checker, venue->line,
             "%s: there is no spoke for its asset and token on its chain, which deposits go to",
             venue->name);
    }
}

static void venue_alone_check(struct checker *checker, const struct mandate_entry *venue)
{
    static const char *const kinds[] = {WARP_ROUTE, SPOKE, VAULT, RESERVE, HUB, "uniswap-v3", NULL};
    const struct mandate_value *values = venue->values;

    reference_check(checker, venue, &values[VENUE_CHAIN], MANDATE_CHAINS);
    reference_check(checker, venue, &values[VENUE_ASSET], MANDATE_ASSETS);
    reference_check(checker, venue, &values[VENUE_ISSUER], MANDATE_ISSUERS);
    if (!is_one_of(values[VENUE_KIND].text, kinds)) {
        find(checker, values[VENUE_KIND].line,
             "%s: \"kind\" must be warp-route, spoke, erc4626, aave-v3, hub or uniswap-v3",
             venue->name);
        return;
    }
    venue_spoke_check(checker, venue);
    venue_weight_check(checker, venue);
    venue_receipt_check(checker, venue);
    venue_chain_check(checker, venue);
    venue_hub_check(checker, venue);
    order_check(checker, venue->name, &values[VENUE_CAP], "cap", &values[VENUE_FLOOR], "floor");
    order_check(checker, venue->name, &values[VENUE_CAP], "cap", &values[VENUE_BUFFER], "buffer");
    order_check(checker, venue->name, &values[VENUE_CAP_SHARE], "cap_share",
                &values[VENUE_FLOOR_SHARE], "floor_share");
    order_check(checker, venue->name, &values[VENUE_CAP_SHARE], "cap_share", &values[VENUE_WEIGHT],
                "weight");
    order_check(checker, venue->name, &values[VENUE_WEIGHT], "weight", &values[VENUE_FLOOR_SHARE],
                "floor_share");
    const struct amount one = amount_from_u64(WHOLE_BPS);
    const bool borrows = is_kind(venue, RESERVE);
    if (values[VENUE_GUARD].given && strcmp(values[VENUE_KIND].text, WARP_ROUTE) != 0) {
        find(checker, values[VENUE_GUARD].line, "%s: \"guard\" belongs to a warp-route alone",
             venue->name);
    }
    if (values[VENUE_HEALTH_FLOOR].given &&
        (!borrows || amount_compare(&values[VENUE_HEALTH_FLOOR].number, &one) <= 0)) {
        find(checker, values[VENUE_HEALTH_FLOOR].line,
             "%s: \"health_floor\" belongs to aave-v3 alone and is above 1", venue->name);
    }
    if (values[VENUE_PRICE_SHOCK].given &&
        (!values[VENUE_HEALTH_FLOOR].given ||
         amount_compare(&values[VENUE_PRICE_SHOCK].number, &one) >= 0)) {
        find(checker, values[VENUE_PRICE_SHOCK].line,
             "%s: \"price_shock\" belongs to a \"health_floor\" and is below 100 %%", venue->name);
    }
}

static void buffer_check(struct checker *checker, const struct mandate_entry *venue)
{
    const struct mandate_value *most = &venue->values[VENUE_BUFFER_MAX];
    const struct mandate_entry *asset =
        mandate_find(checker->mandate, MANDATE_ASSETS, venue->values[VENUE_ASSET].text);

    order_check(checker, venue->name, most, "buffer_max", &venue->values[VENUE_BUFFER], "buffer");
    if (most->given && !(is_kind(venue, SPOKE) && venue->values[VENUE_BUFFER].given)) {
        find(checker, most->line, "%s: \"buffer_max\" belongs to the \"buffer\" of a spoke",
             venue->name);
    }
    if (most->given && asset != NULL && !asset->values[ASSET_VOLATILITY_CALM].given) {
        find(checker, most->line,
             "%s: \"buffer_max\" needs a \"volatility_calm\" of \"%s\" (line %u)", venue->name,
             asset->name, asset->line);
    }
}

/* Do both stand in one spoke's list? It may be named once for each asset that it holds. */
static bool are_in_one_list(const struct checker *checker, const struct mandate_entry *a,
                            const struct mandate_entry *b)
{
    if (!a->values[VENUE_SPOKE].given || !b->values[VENUE_SPOKE].given) {
        return false;
    }
    const struct mandate_entry *of_a =
        mandate_find(checker->mandate, MANDATE_VENUES, a->values[VENUE_SPOKE].text);
    const struct mandate_entry *of_b =
        mandate_find(checker->mandate, MANDATE_VENUES, b->values[VENUE_SPOKE].text);

    return of_a != NULL && of_b != NULL && same(of_a, of_b, VENUE_ADDRESS) &&
           same(of_a, of_b, VENUE_CHAIN);
}

static void venue_pairs_check(struct checker *checker, uint32_t index)
{
    const struct mandate_entries *venues = entries_of(checker, MANDATE_VENUES);
    const struct mandate_entry *venue = &venues->entries[index];

    for (uint32_t i = 0; i < index; i++) {
        const struct mandate_entry *other = &venues->entries[i];
        if (!same(venue, other, VENUE_CHAIN)) {
            continue;
        }
        /* One pool has a reserve for each asset. */
        const bool is_one_pool =
            is_kind(venue, RESERVE) && is_kind(other, RESERVE) && !same(venue, other, VENUE_ASSET);
        /* And one spoke holds several assets. */
        const bool is_one_spoke =
            is_kind(venue, SPOKE) && is_kind(other, SPOKE) && !same(venue, other, VENUE_ASSET);
        if (same(venue, other, VENUE_ADDRESS) && !is_one_pool && !is_one_spoke) {
            find(checker, venue->line, "%s: has the address of \"%s\" (line %u)", venue->name,
                 other->name, other->line);
        } else if (are_in_one_list(checker, venue, other) && same(venue, other, VENUE_INDEX)) {
            find(checker, venue->line, "%s: has the place of \"%s\" (line %u) in the spoke's list",
                 venue->name, other->name, other->line);
        } else if (!venue->values[VENUE_SPOKE].given && same(venue, other, VENUE_ASSET) &&
                   same(venue, other, VENUE_KIND)) {
            find(checker, venue->line,
                 "%s: a chain has one venue of a kind for an asset; \"%s\" (line %u) is another",
                 venue->name, other->name, other->line);
        }
    }
}

static uint64_t bps_of(const struct mandate_value *value)
{
    uint64_t bps = 0;

    return value->given && amount_to_u64(&value->number, &bps) == STATUS_OK ? bps : 0;
}

/* What the venues of one asset say together. */
static void shares_check(struct checker *checker, const struct mandate_entry *asset)
{
    const struct mandate_entries *venues = entries_of(checker, MANDATE_VENUES);
    uint64_t weights = 0;
    uint64_t floors = 0;
    uint64_t caps = 0;
    bool all_capped = true;
    bool is_held = false;
    uint32_t line = 0; /* of a router */

    for (uint32_t i = 0; i < venues->count; i++) {
        const struct mandate_value *values = venues->entries[i].values;
        if (strcmp(values[VENUE_ASSET].text, asset->name) != 0) {
            continue;
        }
        is_held = true;
        if (!is_kind(&venues->entries[i], WARP_ROUTE)) {
            continue;
        }
        line = values[VENUE_WEIGHT].line;
        weights += bps_of(&values[VENUE_WEIGHT]);
        floors += bps_of(&values[VENUE_FLOOR_SHARE]);
        caps += bps_of(&values[VENUE_CAP_SHARE]);
        all_capped = all_capped && values[VENUE_CAP_SHARE].given;
    }
    if (!is_held) {
        find(checker, asset->line, "%s: no venue holds this asset", asset->name);
    }
    if (line == 0) {
        return;
    }
    if (weights != WHOLE_BPS) {
        find(checker, line, "%s: the weights of its venues add up to %u.%02u %%, not to 100 %%",
             asset->name, (unsigned)(weights / 100), (unsigned)(weights % 100));
    }
    if (floors > WHOLE_BPS) {
        find(checker, line, "%s: \"floor_share\" of its venues add up to more than 100 %%",
             asset->name);
    }
    if (all_capped && caps < WHOLE_BPS) {
        find(checker, line,
             "%s: \"cap_share\" of its venues add up to less than 100 %%: some of it may be "
             "nowhere",
             asset->name);
    }
}

/* ---- bridges ---- */

static void bridge_check(struct checker *checker, uint32_t index)
{
    static const char *const kinds[] = {"warp-route", "cctp", "across", NULL};
    const struct mandate_entries *bridges = entries_of(checker, MANDATE_BRIDGES);
    const struct mandate_entries *venues = entries_of(checker, MANDATE_VENUES);
    const struct mandate_entry *bridge = &bridges->entries[index];
    const struct mandate_value *values = bridge->values;

    reference_check(checker, bridge, &values[BRIDGE_CHAIN], MANDATE_CHAINS);
    reference_check(checker, bridge, &values[BRIDGE_ASSET], MANDATE_ASSETS);
    if (!is_one_of(values[BRIDGE_KIND].text, kinds)) {
        find(checker, values[BRIDGE_KIND].line, "%s: \"kind\" must be warp-route, cctp or across",
             bridge->name);
    }
    for (uint32_t i = 0; i < bridge->list_count; i++) {
        if (mandate_find(checker->mandate, MANDATE_CHAINS, bridge->list[i]) == NULL ||
            strcmp(bridge->list[i], values[BRIDGE_CHAIN].text) == 0) {
            find(checker, bridge->line, "%s: \"to\" names \"%s\", which is no other chain",
                 bridge->name, bridge->list[i]);
        }
    }
    for (uint32_t i = 0; i < index; i++) {
        const struct mandate_entry *other = &bridges->entries[i];
        if (same(bridge, other, BRIDGE_CHAIN) && same(bridge, other, BRIDGE_ASSET)) {
            find(checker, bridge->line,
                 "%s: a chain has one bridge for an asset; \"%s\" (line %u) is another",
                 bridge->name, other->name, other->line);
        }
    }
    for (uint32_t i = 0; i < venues->count; i++) {
        const struct mandate_entry *venue = &venues->entries[i];
        if (strcmp(venue->values[VENUE_CHAIN].text, values[BRIDGE_CHAIN].text) == 0 &&
            strcmp(venue->values[VENUE_ADDRESS].text, values[BRIDGE_ADDRESS].text) == 0) {
            find(checker, bridge->line,
                 "%s: is the venue \"%s\" itself: capital on its way would count twice",
                 bridge->name, venue->name);
        }
    }
    const struct mandate_entry *limits = mandate_only(checker->mandate, MANDATE_LIMITS);
    order_check(checker, bridge->name, &values[BRIDGE_VELOCITY], "velocity",
                &limits->values[LIMIT_MOVE_MIN], "limits.move_min");
}

/* ---- the rest ---- */

static void chains_check(struct checker *checker)
{
    const struct mandate_entries *chains = entries_of(checker, MANDATE_CHAINS);
    uint64_t floors = 0;
    uint64_t caps = 0;
    bool all_capped = true;

    for (uint32_t i = 0; i < chains->count; i++) {
        const struct mandate_entry *chain = &chains->entries[i];
        order_check(checker, chain->name, &chain->values[CHAIN_CAP_SHARE], "cap_share",
                    &chain->values[CHAIN_FLOOR_SHARE], "floor_share");
        for (uint32_t k = 0; k < i; k++) {
            if (same(chain, &chains->entries[k], CHAIN_DOMAIN)) {
                find(checker, chain->line, "%s: has the domain of \"%s\" (line %u)", chain->name,
                     chains->entries[k].name, chains->entries[k].line);
            }
        }
        floors += bps_of(&chain->values[CHAIN_FLOOR_SHARE]);
        caps += bps_of(&chain->values[CHAIN_CAP_SHARE]);
        all_capped = all_capped && chain->values[CHAIN_CAP_SHARE].given;
    }
    if (floors > WHOLE_BPS) {
        find(checker, chains->entries[0].line,
             "chains: their \"floor_share\" add up to more than 100 %%");
    }
    if (all_capped && caps < WHOLE_BPS) {
        find(checker, chains->entries[0].line,
             "chains: their \"cap_share\" add up to less than 100 %%: some of it may be nowhere");
    }
}

/* Is an issuer named by an entry of this section? */
static bool is_named(const struct mandate *mandate, enum mandate_section section, uint32_t field,
                     const char *name)
{
    const struct mandate_entries *entries = &mandate->sections[section];

    for (uint32_t i = 0; i < entries->count; i++) {
        if (strcmp(entries->entries[i].values[field].text, name) == 0) {
            return true;
        }
    }
    return false;
}

static void issuers_check(struct checker *checker)
{
    const struct mandate_entries *issuers = entries_of(checker, MANDATE_ISSUERS);

    for (uint32_t i = 0; i < issuers->count; i++) {
        const struct mandate_entry *issuer = &issuers->entries[i];
        if (!is_named(checker->mandate, MANDATE_ASSETS, ASSET_ISSUER, issuer->name) &&
            !is_named(checker->mandate, MANDATE_VENUES, VENUE_ISSUER, issuer->name)) {
            find(checker, issuer->line, "%s: no venue and no asset is of this issuer",
                 issuer->name);
        }
    }
}

/* One source alone can be wrong by any factor, and a price without an age is one for ever. */
static void prices_check(struct checker *checker, const struct mandate_entry *asset)
{
    static const uint32_t fields[] = {ASSET_PRICE, ASSET_PRICE_SECOND, ASSET_PRICE_AGE_MAX,
                                      ASSET_PRICE_DIVERGENCE_MAX};
    const struct mandate_value *values = asset->values;
    struct address feeds[2] = {{{0}}, {{0}}};
    char chains[2][NAME_BYTES_MAX] = {"", ""};
    uint32_t given = 0;

    for (uint32_t i = 0; i < 4; i++) {
        given += values[fields[i]].given ? 1 : 0;
    }
    if (given != 0 && given != 4) {
        find(checker, asset->line,
             "%s: a price needs \"price\", \"price_second\", \"price_age_max\" and "
             "\"price_divergence_max\" together",
             asset->name);
    }
    for (uint32_t i = 0; i < 2; i++) {
        const struct mandate_value *value = &values[fields[i]];
        if (!value->given) {
            continue;
        }
        if (!mandate_feed_read(value->text, chains[i], &feeds[i])) {
            find(checker, value->line, "%s: \"%s\" is no chainlink:CHAIN:0xADDRESS", asset->name,
                 value->text);
        } else if (mandate_find(checker->mandate, MANDATE_CHAINS, chains[i]) == NULL) {
            find(checker, value->line, "%s: \"%s\" is none of \"chains\"", asset->name, chains[i]);
        }
    }
    if (given == 4 && !address_is_zero(&feeds[0]) && address_equal(&feeds[0], &feeds[1]) &&
        strcmp(chains[0], chains[1]) == 0) {
        find(checker, values[ASSET_PRICE_SECOND].line,
             "%s: \"price_second\" is \"price\" again (line %u): one source, not two", asset->name,
             values[ASSET_PRICE].line);
    }
}

/* What widens with a price's volatility has an end, and somebody says what is calm. */
static void exposure_check(struct checker *checker, const struct mandate_entry *asset)
{
    const struct mandate_value *values = asset->values;

    if (values[ASSET_DELTA_CALM].given && !values[ASSET_DELTA_MAX].given) {
        find(checker, values[ASSET_DELTA_CALM].line,
             "%s: \"delta_calm\" widens up to a \"delta_max\", and there is none", asset->name);
    }
    order_check(checker, asset->name, &values[ASSET_DELTA_MAX], "delta_max",
                &values[ASSET_DELTA_CALM], "delta_calm");
    if (values[ASSET_VOLATILITY_CALM].given && !values[ASSET_PRICE].given) {
        find(checker, values[ASSET_VOLATILITY_CALM].line,
             "%s: \"volatility_calm\" is about a \"price\", and there is none", asset->name);
    }
    if (values[ASSET_DELTA_CALM].given && !values[ASSET_VOLATILITY_CALM].given) {
        find(checker, values[ASSET_DELTA_CALM].line,
             "%s: \"delta_calm\" widens above a \"volatility_calm\", and there is none",
             asset->name);
    }
}

static void assets_check(struct checker *checker)
{
    const struct mandate_entries *assets = entries_of(checker, MANDATE_ASSETS);

    for (uint32_t i = 0; i < assets->count; i++) {
        const struct mandate_entry *asset = &assets->entries[i];
        const struct mandate_value *values = asset->values;
        reference_check(checker, asset, &values[ASSET_ISSUER], MANDATE_ISSUERS);
        shares_check(checker, asset);
        exposure_check(checker, asset);
        prices_check(checker, asset);
    }
}

static void limits_check(struct checker *checker)
{
    const struct mandate_value *values = mandate_only(checker->mandate, MANDATE_LIMITS)->values;
    const struct mandate_entry *change = mandate_only(checker->mandate, MANDATE_CHANGE);
    const struct mandate_value *signatures = &change->values[CHANGE_SIGNATURES];
    uint64_t count = 0;

    order_check(checker, "limits", &values[LIMIT_MOVE_MAX], "move_max", &values[LIMIT_MOVE_MIN],
                "move_min");
    order_check(checker, "limits", &values[LIMIT_VELOCITY], "velocity", &values[LIMIT_MOVE_MIN],
                "move_min");
    if (amount_is_zero(&values[LIMIT_WINDOW].number)) {
        find(checker, values[LIMIT_WINDOW].line, "limits: a \"window\" of nothing bounds nothing");
    }
    if (amount_to_u64(&signatures->number, &count) != STATUS_OK || count < 2 ||
        count > change->list_count) {
        find(
            checker, signatures->line,
            "change: \"signatures\" must be 2 at least, and no more than \"signers\", which are %u",
            change->list_count);
    }
}

void mandate_check(const struct mandate *mandate, struct mandate_findings *ret_findings)
{
    struct checker checker = {.mandate = mandate, .findings = ret_findings};

    ret_findings->count = 0;
    assets_check(&checker);
    chains_check(&checker);
    issuers_check(&checker);
    for (uint32_t i = 0; i < mandate->sections[MANDATE_VENUES].count; i++) {
        venue_alone_check(&checker, &mandate->sections[MANDATE_VENUES].entries[i]);
        buffer_check(&checker, &entries_of(&checker, MANDATE_VENUES)->entries[i]);
        venue_pairs_check(&checker, i);
    }
    for (uint32_t i = 0; i < mandate->sections[MANDATE_BRIDGES].count; i++) {
        bridge_check(&checker, i);
    }
    limits_check(&checker);
}

/* ---- guards ---- */

/* The bridge that empties a venue; NULL: none does. */
static const struct mandate_entry *bridge_of(const struct mandate *mandate,
                                             const struct mandate_entry *venue)
{
    const struct mandate_entries *bridges = &mandate->sections[MANDATE_BRIDGES];

    for (uint32_t i = 0; i < bridges->count; i++) {
        const struct mandate_value *values = bridges->entries[i].values;
        if (strcmp(values[BRIDGE_CHAIN].text, venue->values[VENUE_CHAIN].text) == 0 &&
            strcmp(values[BRIDGE_ASSET].text, venue->values[VENUE_ASSET].text) == 0) {
            return &bridges->entries[i];
        }
    }
    return NULL;
}

/* A router that our key itself moves: it is bounded by node and signer alone. */
static bool is_unguarded(const struct mandate *mandate, const struct mandate_entry *venue)
{
    return strcmp(venue->values[VENUE_KIND].text, WARP_ROUTE) == 0 &&
           bridge_of(mandate, venue) != NULL && !venue->values[VENUE_GUARD].given;
}

void mandate_warn(const struct mandate *mandate, struct mandate_findings *ret_findings)
{
    struct checker checker = {.mandate = mandate, .findings = ret_findings};
    const struct mandate_entries *venues = &mandate->sections[MANDATE_VENUES];

    ret_findings->count = 0;
    for (uint32_t i = 0; i < venues->count; i++) {
        const struct mandate_entry *venue = &venues->entries[i];
        if (is_unguarded(mandate, venue)) {
            find(&checker, venue->line,
                 "%s: has no \"guard\": who steals the node's key moves this router's collateral "
                 "as often and at any fee as he likes",
                 venue->name);
        }
    }
}

/* ---- who enforces ---- */

/* A spoke, or what this node reaches through one. */
static bool is_of_spoke(const struct mandate_entry *venue)
{
    return is_kind(venue, SPOKE) || is_kind(venue, VAULT) || is_kind(venue, RESERVE) ||
           is_kind(venue, HUB);
}

/* Whether the guards of all routers that move, or the spokes, hold this line too, as they were set
 * up. */
static bool guards_hold(const struct mandate *mandate, const struct mandate_line *line,
                        const struct mandate_entry *venue, const struct mandate_entry *bridge)
{
    static const char *const of_limits[] = {"limits.fee_max", "limits.fee_native_max",
                                            "limits.cooldown", NULL};
    static const char *const of_venues[] = {"address", "code_hash", NULL};
    static const char *const of_spokes[] = {"kind",      "chain",   "asset",        "address",
                                            "token",     "buffer",  "spoke",        "index",
                                            "code_hash", "receipt", "health_floor", NULL};
    static const char *const of_bridges[] = {"address", "velocity", "to", NULL};
    const struct mandate_entries *venues = &mandate->sections[MANDATE_VENUES];
    const char *key = strrchr(line->path, '.');

    if (key == NULL) {
        return false;
    }
    if (venue != NULL && is_of_spoke(venue)) {
        /* It caps what is in each venue, and not what it holds itself. */
        return is_one_of(key + 1, of_spokes) ||
               (!is_kind(venue, SPOKE) && strcmp(key + 1, "cap") == 0);
    }
    if (venue != NULL) {
        return venue->values[VENUE_GUARD].given && is_one_of(key + 1, of_venues);
    }
    /* A list's lines end with their place. */
    const bool is_of_bridge =
        bridge != NULL && (is_one_of(key + 1, of_bridges) || strstr(line->path, ".to.") != NULL);
    if (!is_of_bridge && !is_one_of(line->path, of_limits)) {
        return false;
    }
    for (uint32_t i = 0; i < venues->count; i++) {
        const struct mandate_entry *other = &venues->entries[i];
        if (is_kind(other, SPOKE) && strcmp(line->path, "limits.cooldown") == 0) {
            return false; /* a spoke waits for nothing between what it sends */
        }
        if (is_unguarded(mandate, other) &&
            (bridge == NULL || bridge_of(mandate, other) == bridge)) {
            return false;
        }
    }
    return true;
}

/* The entry that a path such as "venues.alpha.cap" is of; NULL: of another section. */
static const struct mandate_entry *entry_at(const struct mandate *mandate, const char *path,
                                            enum mandate_section section)
{
    const char *name = mandate_section_name(section);
    const size_t count = strlen(name);
    char word[NAME_BYTES_MAX];

    if (strncmp(path, name, count) != 0 || path[count] != '.') {
        return NULL;
    }
    const size_t bytes = strcspn(path + count + 1, ".");
    if (bytes >= sizeof(word)) {
        return NULL;
    }
    memcpy(word, path + count + 1, bytes);
    word[bytes] = '\0';
    return mandate_find(mandate, section, word);
}

/* Of a line about a spoke or what it reaches. Of a vault the core also holds code hash and cap
 * against what it reads. */
static uint32_t spokes_enforcers(const struct mandate_entry *venue, const struct mandate_line *line,
                                 uint32_t by)
{
    static const char *const facts[] = {"kind", "chain", "asset", "address", "token", NULL};
    static const char *const of_spokes[] = {"buffer", "buffer_max",  "cap", "cap_share",
                                            "floor",  "floor_share", NULL};
    static const char *const of_vaults[] = {
        "spoke",        "index",       "cap",       "cap_share",   "floor", "receipt",
        "health_floor", "price_shock", "code_hash", "floor_share", NULL};
    static const char *const of_hubs[] = {"round_interval", "report_interval", "report_fee_max",
                                          NULL};
    const char *key = strrchr(line->path, '.') + 1;

    if (!is_of_spoke(venue)) {
        return 0; /* no such venue on this node */
    }
    if ((by & MANDATE_BY_NATURE) != 0) {
        return by;
    }
    by |= strcmp(key, "code_hash") == 0 ? MANDATE_BY_CORE : 0;
    return is_one_of(key, facts) || is_one_of(key, is_kind(venue, SPOKE) ? of_spokes
                                                   : is_kind(venue, HUB) ? of_hubs
                                                                         : of_vaults)
               ? by
               : 0;
}

uint32_t mandate_enforcers(const struct mandate *mandate, const struct mandate_line *line)
{
    const struct mandate_entry *venue = entry_at(mandate, line->path, MANDATE_VENUES);
    const struct mandate_entry *bridge = entry_at(mandate, line->path, MANDATE_BRIDGES);
    const struct mandate_value *window =
        &mandate_only(mandate, MANDATE_LIMITS)->values[LIMIT_WINDOW];
    const struct amount hour = amount_from_u64(MANDATE_WINDOW_OF_SIGNERS.ns);
    uint32_t by = line->by;

    by |= guards_hold(mandate, line, venue, bridge) ? MANDATE_BY_CONTRACT : 0;
    if (venue != NULL && !is_kind(venue, WARP_ROUTE)) {
        return spokes_enforcers(venue, line, by);
    }
    const struct mandate_entry *issuer = entry_at(mandate, line->path, MANDATE_ISSUERS);
    if (issuer != NULL && (by & MANDATE_BY_NATURE) == 0 &&
        is_named(mandate, MANDATE_ASSETS, ASSET_ISSUER, issuer->name)) {
        return 0; /* how much there is of an asset, no move between places of it changes */
    }
    if (bridge != NULL && strcmp(bridge->values[BRIDGE_KIND].text, WARP_ROUTE) != 0) {
        return 0;
    }
    if ((by & MANDATE_BY_SIGNER_HOURLY) != 0) {
        by &= ~MANDATE_BY_SIGNER_HOURLY;
        by |= amount_compare(&window->number, &hour) <= 0 ? MANDATE_BY_SIGNER : 0;
    }
    return by;
}

const char *mandate_enforcers_text(uint32_t by)
{
    static const char *const texts[16] = {
        "NOT ENFORCED YET: nothing on this node can",
        "the node alone",
        "signer",
        "core, signer",
        "contract",
        "core, contract",
        "signer, contract",
        "core, signer, contract",
        "signer by the plan's word",
        "core, signer by the plan's word",
        "signer",
        "core, signer",
        "signer by the plan's word, contract",
        "core, signer by the plan's word, contract",
        "signer, contract",
        "core, signer, contract",
    };
    const uint32_t stated = (by & MANDATE_BY_STATED) != 0 ? 8 : 0;

    return (by & MANDATE_BY_NATURE) != 0
               ? "says what the others are about"
               : texts[stated + (by & (MANDATE_BY_CORE | MANDATE_BY_SIGNER | MANDATE_BY_CONTRACT))];
}
