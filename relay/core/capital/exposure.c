/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/capital/exposure.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/core/capital/capital_internal.h"
#include "relay/core/capital/flows.h"
#include "relay/core/capital/venue_rows.h"
#include "relay/core/tables.h"
#include "relay/core/text.h"

#define BPS_NANO UINT64_C(100000) /* a basis point, in 1e-9 */

/* ---- rows ---- */

static struct bytes asset_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint8_t kind,
                              const char *symbol)
{
    struct packer packer = packer_from(memory, CAPITAL_KEY_BYTES_MAX);
    char name[NAME_BYTES_MAX];

    capital_symbol(name, symbol);
    pack_u8(&packer, TABLE_POSITION);
    pack_u8(&packer, kind);
    pack_raw(&packer, bytes_from(name, sizeof(name)));
    return packer_finish(&packer);
}

struct bytes volatility_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const char *symbol)
{
    return asset_key(memory, 24, symbol);
}

struct bytes exposure_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const char *symbol)
{
    return asset_key(memory, 25, symbol);
}

static void balance_pack(struct packer *packer, const struct account_balance *balance)
{
    pack_bool(packer, balance->negative);
    pack_amount(packer, &balance->amount);
}

static struct account_balance balance_unpack(struct unpacker *unpacker)
{
    struct account_balance balance;

    memset(&balance, 0, sizeof(balance));
    balance.negative = unpack_bool(unpacker);
    balance.amount = unpack_amount(unpacker);
    return balance;
}

void exposure_row_pack(struct packer *packer, const struct exposure_row *row)
{
    pack_u16(packer, (uint16_t)row->reason);
    pack_instant(packer, row->since);
    pack_amount(packer, &row->exposure.idle);
    pack_amount(packer, &row->exposure.supplied);
    balance_pack(packer, &row->exposure.under_way);
    pack_amount(packer, &row->exposure.owed);
    balance_pack(packer, &row->exposure.delta);
    pack_bool(packer, row->was_outside);
    pack_bool(packer, row->is_bounded);
    pack_amount(packer, &row->band);
    pack_bool(packer, row->is_volatility_known);
    pack_u64(packer, row->volatility_nano);
}

bool exposure_row_unpack(struct bytes bytes, struct exposure_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->reason = (enum reason)unpack_u16(&unpacker);
    ret_row->since = unpack_instant(&unpacker);
    ret_row->exposure.idle = unpack_amount(&unpacker);
    ret_row->exposure.supplied = unpack_amount(&unpacker);
    ret_row->exposure.under_way = balance_unpack(&unpacker);
    ret_row->exposure.owed = unpack_amount(&unpacker);
    ret_row->exposure.delta = balance_unpack(&unpacker);
    ret_row->was_outside = unpack_bool(&unpacker);
    ret_row->is_bounded = unpack_bool(&unpacker);
    ret_row->band = unpack_amount(&unpacker);
    ret_row->is_volatility_known = unpack_bool(&unpacker);
    ret_row->volatility_nano = unpack_u64(&unpacker);
    return unpacker_is_done(&unpacker);
}

/* ---- all of an asset ---- */

/* What came and what went, so that only their difference has a sign. */
struct sums {
    struct amount in;
    struct amount out;
};

static struct account_balance difference_of(const struct sums *sums)
{
    struct account_balance balance = {.negative = false};

    if (amount_subtract(&sums->in, &sums->out, &balance.amount) != STATUS_OK) {
        const enum status status = amount_subtract(&sums->out, &sums->in, &balance.amount);
        CHECK(status == STATUS_OK); /* it is the larger one */
        balance.negative = true;
    }
    return balance;
}

static bool add(struct amount *sum, const struct amount *more)
{
    return amount_add(sum, more, sum) == STATUS_OK;
}

/* Two spokes that bridge to each other say of each other's chain; others say nothing. */
static bool flows_add(struct step *step, const struct core_spoke *from, struct sums *sums)
{
    const struct core_config *config = step->config;

    for (uint32_t i = 0; i < config->spokes_count; i++) {
        const struct core_spoke *to = &config->spokes[i];
        struct flow_row sent;
        struct flow_row received;
        if (to->asset != from->asset || to->domain == from->domain) {
            continue;
        }
        const bool has_sent = flow_get(step, from, to->domain, &sent);
        const bool has_received = flow_get(step, to, from->domain, &received);
        if (has_sent != has_received &&
            (!amount_is_zero(&sent.sent) || !amount_is_zero(&received.received))) {
            return false; /* the other one does not say */
        }
        if (!add(&sums->in, &sent.sent) || !add(&sums->out, &received.received)) {
            return false;
        }
    }
    return true;
}

static bool venues_add(struct step *step, uint32_t spoke, const struct spoke_row *at,
                       struct exposure *exposure)
{
    const struct core_config *config = step->config;

    for (uint32_t i = 0; i < config->venues_count; i++) {
        struct venue_row row;
        if (config->venues[i].spoke != spoke) {
            continue;
        }
        if (!venue_get(step, &config->spokes[spoke], config->venues[i].index, &row) ||
            row.block != at->block || !add(&exposure->supplied, &row.state.supplied) ||
            !add(&exposure->owed, &row.state.owed)) {
            return false;
        }
    }
    return true;
}

bool exposure_take(struct step *step, uint32_t asset, struct exposure *ret_exposure)
{
    const struct core_config *config = step->config;
    struct exposure exposure;
    struct sums under_way = {amount_zero(), amount_zero()};

    memset(&exposure, 0, sizeof(exposure));
    memset(ret_exposure, 0, sizeof(*ret_exposure));
    for (uint32_t i = 0; i < config->spokes_count; i++) {
        const struct core_spoke *spoke = &config->spokes[i];
        struct spoke_row row;
        if (spoke->asset != asset) {
            continue;
        }
        if (!venue_get_spoke(step, spoke, &row) || !add(&exposure.idle, &row.state.idle) ||
            !venues_add(step, i, &row, &exposure) || !flows_add(step, spoke, &under_way)) {
            return false;
        }
    }
    struct sums delta = under_way;
    if (!add(&delta.in, &exposure.idle) || !add(&delta.in, &exposure.supplied) ||
        !add(&delta.out, &exposure.owed)) {
        return false;
    }
    exposure.under_way = difference_of(&under_way);
    exposure.delta = difference_of(&delta);
    *ret_exposure = exposure;
    return true;
}

/* ---- what the mandate lets it be ---- */

static uint64_t calm_nano(const struct core_asset *asset)
{
    return asset->volatility_calm.value * BPS_NANO;
}

struct amount exposure_band(const struct core_asset *asset, bool is_known, uint64_t nano)
{
    const struct widening widening = {
        .least = asset->delta_calm, .most = asset->delta_max, .calm_nano = calm_nano(asset)};

    if (amount_is_zero(&asset->delta_calm)) {
        return asset->delta_max;
    }
    return is_known ? volatility_widened(&widening, nano)
                    : amount_smaller(&asset->delta_calm, &asset->delta_max);
}

struct amount exposure_buffer(const struct core_asset *asset, const struct core_spoke *spoke,
                              bool is_known, uint64_t nano)
{
    const struct widening widening = {
        .least = spoke->idle_min, .most = spoke->idle_most, .calm_nano = calm_nano(asset)};

    if (amount_compare(&spoke->idle_most, &spoke->idle_min) <= 0) {
        return spoke->idle_min;
    }
    return is_known ? volatility_widened(&widening, nano) : spoke->idle_most;
}

/* ---- volatility ---- */

static void volatility_read(struct step *step, uint32_t asset, struct volatility *ret_volatility)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    memset(ret_volatility, 0, sizeof(*ret_volatility));
    if (step_get(step, volatility_key(key, step->config->assets[asset].symbol), &value) &&
        !volatility_unpack(value, ret_volatility)) {
        step->status = STATUS_CORRUPT;
    }
}

bool exposure_volatility(struct step *step, uint32_t asset, uint64_t *ret_nano)
{
    struct volatility volatility;

    volatility_read(step, asset, &volatility);
    return volatility_known(&volatility, step->now, ret_nano);
}

void exposure_on_price(struct step *step, uint32_t asset, const struct amount *price)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[VOLATILITY_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));
    struct volatility volatility;

    volatility_read(step, asset, &volatility);
    if (volatility_take(&volatility, price, step->now)) {
        volatility_pack(&packer, &volatility);
        step_put(step, volatility_key(key, step->config->assets[asset].symbol),
                 packer_finish(&packer));
    }
}

/* ---- judging ---- */

static enum reason reason_of(const struct exposure_row *row)
{
    const struct account_balance *delta = &row->exposure.delta;

    if (!row->is_bounded || amount_compare(&delta->amount, &row->band) <= 0) {
        return REASON_EXPOSURE_INSIDE;
    }
    return delta->negative ? REASON_EXPOSURE_SHORT : REASON_EXPOSURE_LONG;
}

static bool is_outside(enum reason reason)
{
    return reason == REASON_EXPOSURE_LONG || reason == REASON_EXPOSURE_SHORT;
}

static void exposure_note(struct step *step, const struct core_asset *asset,
                          const struct exposure_row *row)
{
    struct text text = text_from(asset->symbol);

    text_add(&text, row->exposure.delta.negative ? ": exposed to -" : ": exposed to ");
    text_add_units(&text, &row->exposure.delta.amount, asset->decimals);
    text_add(&text, ", and the band is ");
    text_add_units(&text, &row->band, asset->decimals);
    text_add(&text, " either way");
    step_note(step, is_outside(row->reason) ? NOTE_ALARM : NOTE_INFO, 0, NULL, row->reason,
              text.text);
}

static void row_read(struct step *step, uint32_t asset, struct exposure_row *ret_row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    memset(ret_row, 0, sizeof(*ret_row));
    if (step_get(step, exposure_key(key, step->config->assets[asset].symbol), &value) &&
        !exposure_row_unpack(value, ret_row)) {
        step->status = STATUS_CORRUPT;
    }
}

static void asset_judge(struct step *step, uint32_t asset)
{
    const struct core_asset *config = &step->config->assets[asset];
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[EXPOSURE_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));
    struct exposure_row before;
    struct exposure_row row;

    row_read(step, asset, &before);
    memset(&row, 0, sizeof(row));
    row.is_bounded = !amount_is_zero(&config->delta_max);
    row.is_volatility_known = exposure_volatility(step, asset, &row.volatility_nano);
    row.band = exposure_band(config, row.is_volatility_known, row.volatility_nano);
    row.reason =
        exposure_take(step, asset, &row.exposure) ? reason_of(&row) : REASON_POSITIONS_UNKNOWN;
    row.since = row.reason == before.reason ? before.since : step->now;
    /* A reading that was missed in between is no way back into the band. */
    row.was_outside =
        is_outside(row.reason) || (before.was_outside && row.reason == REASON_POSITIONS_UNKNOWN);
    if (is_outside(row.reason) ? row.reason != before.reason
                               : before.was_outside && row.reason == REASON_EXPOSURE_INSIDE) {
        exposure_note(step, config, &row);
    }
    exposure_row_pack(&packer, &row);
    step_put(step, exposure_key(key, config->symbol), packer_finish(&packer));
}

void exposure_on_positions(struct step *step, uint32_t domain)
{
    const struct core_config *config = step->config;
    uint64_t held = 0;

    static_assert(ASSETS_MAX <= 64, "an asset has a bit");
    for (uint32_t i = 0; i < config->spokes_count; i++) {
        held |= config->spokes[i].domain == domain ? UINT64_C(1) << config->spokes[i].asset : 0;
    }
    for (uint32_t i = 0; i < config->assets_count; i++) {
        if ((held >> i & 1) != 0) {
            asset_judge(step, i);
        }
    }
}
