/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/capital/venue_rows.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/core/capital/guard.h"
#include "relay/core/capital/prices.h"
#include "relay/core/tables.h"
#include "relay/core/text.h"

#define NANO            1000000000u
#define YEAR_S          31536000u
#define MEASURE_MIN     DURATION_MS(60000)
#define HORIZON_DEFAULT DURATION_MS(604800000)
#define RATE_NANO_MAX   (1000u * (uint64_t)NANO) /* a thousand times itself in a year: a bound */
#define READINGS_MAX    64u                      /* of one answer: each changes a row */
#define NS_PER_SECOND   1000000000u

/* ---- keys ---- */

struct bytes spoke_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain,
                       const struct address *spoke, const struct address *token)
{
    struct packer packer = packer_from(memory, CAPITAL_KEY_BYTES_MAX);

    pack_u8(&packer, TABLE_POSITION);
    pack_u8(&packer, 2);
    pack_u32(&packer, domain);
    pack_address(&packer, spoke);
    pack_address(&packer, token);
    return packer_finish(&packer);
}

struct bytes venue_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain,
                       const struct address *spoke, uint32_t index)
{
    struct packer packer = packer_from(memory, CAPITAL_KEY_BYTES_MAX);

    pack_u8(&packer, TABLE_POSITION);
    pack_u8(&packer, 3);
    pack_u32(&packer, domain);
    pack_address(&packer, spoke);
    pack_u32(&packer, index);
    return packer_finish(&packer);
}

/* ---- values ---- */

void spoke_row_pack(struct packer *packer, const struct spoke_row *row)
{
    pack_u64(packer, row->block);
    pack_hash(packer, &row->block_hash);
    pack_instant(packer, row->at);
    pack_address(packer, &row->state.spoke);
    pack_address(packer, &row->state.token);
    pack_amount(packer, &row->state.idle);
    pack_amount(packer, &row->state.velocity_left);
    pack_amount(packer, &row->state.loss_left);
    pack_amount(packer, &row->state.kept);
    pack_bool(packer, row->state.paused);
    pack_hash(packer, &row->state.mandate);
}

bool spoke_row_unpack(struct bytes bytes, struct spoke_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->block = unpack_u64(&unpacker);
    ret_row->block_hash = unpack_hash(&unpacker);
    ret_row->at = unpack_instant(&unpacker);
    ret_row->state.spoke = unpack_address(&unpacker);
    ret_row->state.token = unpack_address(&unpacker);
    ret_row->state.idle = unpack_amount(&unpacker);
    ret_row->state.velocity_left = unpack_amount(&unpacker);
    ret_row->state.loss_left = unpack_amount(&unpacker);
    ret_row->state.kept = unpack_amount(&unpacker);
    ret_row->state.paused = unpack_bool(&unpacker);
    ret_row->state.mandate = unpack_hash(&unpacker);
    return unpacker_is_done(&unpacker);
}

static void mark_pack(struct packer *packer, const struct venue_mark *mark)
{
    pack_instant(packer, mark->at);
    pack_amount(packer, &mark->share_price);
}

static struct venue_mark mark_unpack(struct unpacker *unpacker)
{
    struct venue_mark mark;

    mark.at = unpack_instant(unpacker);
    mark.share_price = unpack_amount(unpacker);
    return mark;
}

void venue_row_pack(struct packer *packer, const struct venue_row *row)
{
    const struct venue_state *state = &row->state;

    CHECK(state->pieces_count <= VENUE_PIECES_MAX);
    pack_u64(packer, row->block);
    pack_hash(packer, &row->block_hash);
    pack_instant(packer, row->at);
    pack_amount(packer, &row->at_price);
    pack_address(packer, &state->spoke);
    pack_u32(packer, state->index);
    pack_u16(packer, (uint16_t)state->gate);
    pack_amount(packer, &state->supplied);
    pack_amount(packer, &state->owed);
    pack_amount(packer, &state->enter_max);
    pack_amount(packer, &state->leave_max);
    pack_amount(packer, &state->share_price);
    pack_amount(packer, &state->account_debt);
    pack_amount(packer, &state->account_guard);
    pack_amount(packer, &state->unit_guard);
    pack_amount(packer, &state->unit_price);
    pack_amount(packer, &state->unit_debt);
    pack_u32(packer, state->pieces_count);
    for (uint32_t i = 0; i < state->pieces_count; i++) {
        pack_amount(packer, &state->pieces[i].width);
        pack_u64(packer, state->pieces[i].rate_nano);
    }
    mark_pack(packer, &row->older);
    mark_pack(packer, &row->newer);
    pack_bool(packer, row->told_low);
    pack_bool(packer, row->told_mute);
    pack_instant(packer, row->low_since);
}

bool venue_row_unpack(struct bytes bytes, struct venue_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct venue_state *state = &ret_row->state;

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->block = unpack_u64(&unpacker);
    ret_row->block_hash = unpack_hash(&unpacker);
    ret_row->at = unpack_instant(&unpacker);
    ret_row->at_price = unpack_amount(&unpacker);
    state->spoke = unpack_address(&unpacker);
    state->index = unpack_u32(&unpacker);
    const uint16_t gate = unpack_u16(&unpacker);
    state->supplied = unpack_amount(&unpacker);
    state->owed = unpack_amount(&unpacker);
    state->enter_max = unpack_amount(&unpacker);
    state->leave_max = unpack_amount(&unpacker);
    state->share_price = unpack_amount(&unpacker);
    state->account_debt = unpack_amount(&unpacker);
    state->account_guard = unpack_amount(&unpacker);
    state->unit_guard = unpack_amount(&unpacker);
    state->unit_price = unpack_amount(&unpacker);
    state->unit_debt = unpack_amount(&unpacker);
    const uint32_t pieces_count = unpack_u32(&unpacker);
    if (gate < VENUE_OPEN || gate > VENUE_RECEIPT_CHANGED || pieces_count > VENUE_PIECES_MAX) {
        return false;
    }
    state->gate = (enum venue_gate)gate;
    state->pieces_count = pieces_count;
    for (uint32_t i = 0; i < pieces_count; i++) {
        state->pieces[i].width = unpack_amount(&unpacker);
        state->pieces[i].rate_nano = unpack_u64(&unpacker);
    }
    ret_row->older = mark_unpack(&unpacker);
    ret_row->newer = mark_unpack(&unpacker);
    ret_row->told_low = unpack_bool(&unpacker);
    ret_row->told_mute = unpack_bool(&unpacker);
    ret_row->low_since = unpack_instant(&unpacker);
    return unpacker_is_done(&unpacker);
}

/* ---- through a step ---- */

bool venue_get_spoke(struct step *step, const struct core_spoke *spoke, struct spoke_row *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    memset(ret_row, 0, sizeof(*ret_row));
    if (!step_get(step, spoke_key(memory, spoke->domain, &spoke->spoke, &spoke->token), &value)) {
        return false;
    }
    if (!spoke_row_unpack(value, ret_row)) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

bool venue_get(struct step *step, const struct core_spoke *spoke, uint32_t index,
               struct venue_row *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    memset(ret_row, 0, sizeof(*ret_row));
    if (!step_get(step, venue_key(memory, spoke->domain, &spoke->spoke, index), &value)) {
        return false;
    }
    if (!venue_row_unpack(value, ret_row)) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

struct duration venue_horizon(const struct core_route *route)
{
    return route->horizon.ns != 0 ? route->horizon : HORIZON_DEFAULT;
}

/* ---- growth ---- */

void venue_row_take(struct venue_row *row, const struct venue_state *state, struct instant at,
                    struct duration horizon)
{
    const struct venue_mark mark = {.at = at, .share_price = state->share_price};
    const struct duration half = {.ns = horizon.ns / 2};

    row->state = *state;
    if (at.ns == 0 && !amount_is_zero(&state->share_price)) {
        return;
    }
    row->at = at;
    row->at_price = state->share_price;
    if (amount_is_zero(&state->share_price)) {
        memset(&row->older, 0, sizeof(row->older));
        memset(&row->newer, 0, sizeof(row->newer));
        return;
    }
    if (row->older.at.ns == 0) {
        row->older = mark;
        row->newer = mark;
    } else if (instant_is_past(instant_after(row->newer.at, half), at)) {
        row->older = row->newer;
        row->newer = mark;
    }
}

bool venue_rate_measured(const struct venue_row *row, uint64_t *ret_rate_nano)
{
    const uint64_t since_ns = instant_since(row->at, row->older.at).ns;
    const struct amount year = amount_from_u64((uint64_t)YEAR_S * NANO);
    const struct amount seconds = amount_from_u64(since_ns / NS_PER_SECOND);
    struct amount growth;
    struct amount rate;

    if (row->older.at.ns == 0 || since_ns < MEASURE_MIN.ns) {
        return false;
    }
    *ret_rate_nano = 0;
    if (amount_subtract(&row->at_price, &row->older.share_price, &growth) != STATUS_OK) {
        return true; /* it fell */
    }
    if (amount_scale_floor(&growth, &year, &row->older.share_price, &rate) != STATUS_OK ||
        amount_div_floor(&rate, &seconds, &rate) != STATUS_OK ||
        amount_to_u64(&rate, ret_rate_nano) != STATUS_OK || *ret_rate_nano > RATE_NANO_MAX) {
        *ret_rate_nano = RATE_NANO_MAX;
    }
    return true;
}

/* ---- answers ---- */

enum reason venue_gate_reason(enum venue_gate gate)
{
    switch (gate) {
    case VENUE_OPEN:
        return REASON_VENUE_OPEN;
    case VENUE_SHUT:
        return REASON_VENUE_SHUT;
    case VENUE_PAUSED:
        return REASON_VENUE_PAUSED;
    case VENUE_CODE_CHANGED:
        return REASON_VENUE_CODE_CHANGED;
    case VENUE_PRICE_JUMPED:
        return REASON_VENUE_PRICE_JUMPED;
    case VENUE_SUPPLY_LOW:
        return REASON_VENUE_SUPPLY_LOW;
    case VENUE_INSOLVENT:
        return REASON_VENUE_INSOLVENT;
    case VENUE_FROZEN:
        return REASON_VENUE_FROZEN;
    case VENUE_FULL:
        return REASON_VENUE_FULL;
    case VENUE_RECEIPT_CHANGED:
        return REASON_VENUE_RECEIPT_CHANGED;
    }
    CHECK(false);
    return REASON_NONE;
}

/* A gate that closes, or opens again, is told once. */
static void gate_note(struct step *step, uint32_t domain, const struct venue_row *row,
                      const struct venue_state *state)
{
    const bool is_open = state->gate == VENUE_OPEN;
    struct hash subject = {{0}};

    if (row->block != 0 ? row->state.gate == state->gate : is_open) {
        return;
    }
    memcpy(subject.bytes, state->spoke.bytes, sizeof(subject.bytes));
    struct text text = text_from("venue ");
    text_add_number(&text, state->index);
    text_add(&text, is_open ? " of the spoke" : " of the spoke: nothing enters it");
    step_note(step, is_open ? NOTE_INFO : NOTE_WARN, domain, &subject,
              venue_gate_reason(state->gate), text.text);
}

struct venue_state venue_guarded(struct step *step, const struct core_venue *venue,
                                 const struct venue_state *state)
{
    const uint32_t asset = step->config->spokes[venue->spoke].asset;
    struct price price;

    return price_get(step, asset, &price) == REASON_PRICE_GOOD
               ? guard_at_price(state, step->config->assets[asset].decimals, &price.low)
               : *state;
}

/* A debt that is too little guarded, or is well again, is told once. */
static void health_note(struct step *step, uint32_t domain, const struct core_venue *venue,
                        struct venue_row *row, const struct venue_state *state)
{
    const struct core_config *config = step->config;
    const uint32_t decimals = config->assets[config->spokes[venue->spoke].asset].decimals;
    const struct venue_state seen = venue_guarded(step, venue, state);
    const bool is_low = guard_is_low(venue, &seen, decimals);
    struct hash subject = {{0}};

    if (!guard_owes_too_much(venue, &seen)) {
        row->low_since.ns = 0;
    } else if (row->low_since.ns == 0) {
        row->low_since = step->now;
    }
    if (row->told_low == is_low) {
        return;
    }
    row->told_low = is_low;
    memcpy(subject.bytes, state->spoke.bytes, sizeof(subject.bytes));
    struct text text = text_from("venue ");
    text_add_number(&text, state->index);
    text_add(&text, " of the spoke owes ");
    text_add_amount(&text, &seen.account_debt);
    text_add(&text, " against ");
    text_add_amount(&text, &seen.account_guard);
    text_add(&text, " in its pool's units; the floor in basis points: ");
    text_add_number(&text, venue->health_min.value);
    step_note(step, is_low ? NOTE_ALARM : NOTE_INFO, domain, &subject,
              is_low ? REASON_HEALTH_LOW : REASON_HEALTH_SAFE, text.text);
}

/* Nobody knows how well a debt is guarded, or knows it again; told once. */
static void mute_note(struct step *step, uint32_t domain, const struct core_venue *venue,
                      struct venue_row *row, bool is_mute)
{
    struct hash subject = {{0}};

    if (row->told_mute == is_mute) {
        return;
    }
    row->told_mute = is_mute;
    memcpy(subject.bytes, step->config->spokes[venue->spoke].spoke.bytes, sizeof(subject.bytes));
    struct text text = text_from("venue ");
    text_add_number(&text, venue->index);
    text_add(&text, is_mute && row->block == 0 ? " of the spoke, which may owe something there"
                    : is_mute                  ? " of the spoke, which owed something there"
                                               : " of the spoke");
    step_note(step, is_mute ? NOTE_ALARM : NOTE_INFO, domain, &subject,
              is_mute ? REASON_GUARD_MUTE : REASON_GUARD_HEARD, text.text);
}

static void spoke_put(struct step *step, const struct event *event, const struct spoke_state *state)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[SPOKE_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));
    const struct spoke_row row = {.block = event->positions.block_number,
                                  .block_hash = event->positions.block_hash,
                                  .at = step->now,
                                  .state = *state};

    spoke_row_pack(&packer, &row);
    step_put(step, spoke_key(key, event->domain, &state->spoke, &state->token),
             packer_finish(&packer));
}

static void venue_put(struct step *step, const struct event *event, const struct core_venue *venue,
                      const struct venue_state *state)
{
    const struct core_spoke *spoke = &step->config->spokes[venue->spoke];
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[VENUE_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));
    struct venue_row row;

    const struct instant block_time = {.ns = event->positions.time_s * NS_PER_SECOND};

    (void)venue_get(step, spoke, state->index, &row);
    gate_note(step, event->domain, &row, state);
    health_note(step, event->domain, venue, &row, state);
    mute_note(step, event->domain, venue, &row, false);
    row.block = event->positions.block_number;
    row.block_hash = event->positions.block_hash;
    venue_row_take(&row, state, block_time, venue_horizon(&step->config->route));
    venue_row_pack(&packer, &row);
    step_put(step, venue_key(key, event->domain, &state->spoke, state->index),
             packer_finish(&packer));
}

/* A guarded venue that the answer leaves out although it has its spoke: what was read last stays,
 * and does not count as read again. */
static void venue_is_mute(struct step *step, const struct core_venue *venue)
{
    const struct core_spoke *spoke = &step->config->spokes[venue->spoke];
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[VENUE_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));
    struct venue_row row;

    const bool is_known = venue_get(step, spoke, venue->index, &row) && row.block != 0;
    if (row.told_mute || (is_known && amount_is_zero(&row.state.account_debt))) {
        return;
    }
    mute_note(step, spoke->domain, venue, &row, true);
    if (row.block == 0) {
        row.state.spoke = spoke->spoke;
        row.state.index = venue->index;
        row.state.gate = VENUE_SHUT;
    }
    venue_row_pack(&packer, &row);
    step_put(step, venue_key(key, spoke->domain, &spoke->spoke, venue->index),
             packer_finish(&packer));
}

static const struct core_spoke *configured_spoke(const struct step *step, uint32_t domain,
                                                 const struct spoke_state *state)
{
    for (uint32_t i = 0; i < step->config->spokes_count; i++) {
        const struct core_spoke *spoke = &step->config->spokes[i];
        if (spoke->domain == domain && address_equal(&spoke->spoke, &state->spoke) &&
            address_equal(&spoke->token, &state->token)) {
            return spoke;
        }
    }
    return NULL;
}

/* NULL: no such venue is configured. */
static const struct core_venue *configured_venue(const struct step *step, uint32_t domain,
                                                 const struct venue_state *state)
{
    for (uint32_t i = 0; i < step->config->venues_count; i++) {
        const struct core_venue *venue = &step->config->venues[i];
        if (venue->index != state->index || venue->spoke >= step->config->spokes_count) {
            continue;
        }
        const struct core_spoke *spoke = &step->config->spokes[venue->spoke];
        if (spoke->domain == domain && address_equal(&spoke->spoke, &state->spoke)) {
            return venue;
        }
    }
    return NULL;
}

/* Curves come from outside: one whose rates rise, or that has a piece of nothing, is none that a
 * plan may rest on. */
static bool is_concave(const struct venue_state *state)
{
    for (uint32_t i = 0; i < state->pieces_count; i++) {
        if (amount_is_zero(&state->pieces[i].width) ||
            (i > 0 && state->pieces[i].rate_nano > state->pieces[i - 1].rate_nano)) {
            return false;
        }
    }
    return state->pieces_count == 0 || state->pieces[0].rate_nano <= RATE_NANO_MAX;
}

static bool has_spoke(const struct step *step, const struct event *event,
                      const struct core_venue *venue)
{
    for (uint32_t i = 0; i < event->positions.spokes_count; i++) {
        if (configured_spoke(step, event->domain, &event->positions.spokes[i]) ==
            &step->config->spokes[venue->spoke]) {
            return true;
        }
    }
    return false;
}

static bool has_venue(const struct step *step, const struct event *event,
                      const struct core_venue *venue)
{
    for (uint32_t i = 0; i < event->positions.venues_count; i++) {
        const struct venue_state *state = &event->positions.venues[i];
        if (configured_venue(step, event->domain, state) == venue && is_concave(state)) {
            return true;
        }
    }
    return false;
}

void venue_on_positions(struct step *step, const struct event *event)
{
    uint32_t room = READINGS_MAX;

    for (uint32_t i = 0; i < event->positions.spokes_count && room > 0; i++) {
        const struct spoke_state *state = &event->positions.spokes[i];
        if (configured_spoke(step, event->domain, state) != NULL) {
            spoke_put(step, event, state);
            room--;
        }
    }
    for (uint32_t i = 0; i < event->positions.venues_count && room > 0; i++) {
        const struct venue_state *state = &event->positions.venues[i];
        const struct core_venue *venue = configured_venue(step, event->domain, state);
        if (venue != NULL && is_concave(state)) {
            venue_put(step, event, venue, state);
            room--;
        }
    }
    for (uint32_t i = 0; i < step->config->venues_count && room > 0; i++) {
        const struct core_venue *venue = &step->config->venues[i];
        if (venue->health_min.value != 0 && has_spoke(step, event, venue) &&
            !has_venue(step, event, venue)) {
            venue_is_mute(step, venue);
            room--;
        }
    }
}
