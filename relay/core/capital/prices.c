/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/capital/prices.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/core/capital/exposure.h"
#include "relay/core/tables.h"

#define NS_PER_SECOND  UINT64_C(1000000000)
#define WHOLE_BPS      10000u
#define PRICE_DECIMALS 18u

/* ---- rows ---- */

struct bytes feed_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain,
                      const struct address *feed)
{
    struct packer packer = packer_from(memory, CAPITAL_KEY_BYTES_MAX);

    pack_u8(&packer, TABLE_POSITION);
    pack_u8(&packer, 20);
    pack_u32(&packer, domain);
    pack_address(&packer, feed);
    return packer_finish(&packer);
}

void feed_row_pack(struct packer *packer, const struct feed_row *row)
{
    pack_u64(packer, row->block);
    pack_hash(packer, &row->block_hash);
    pack_u64(packer, row->time_s);
    pack_instant(packer, row->at);
    pack_address(packer, &row->state.feed);
    pack_u8(packer, (uint8_t)row->state.answer);
    pack_amount(packer, &row->state.price);
    pack_u64(packer, row->state.updated_s);
}

bool feed_row_unpack(struct bytes bytes, struct feed_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->block = unpack_u64(&unpacker);
    ret_row->block_hash = unpack_hash(&unpacker);
    ret_row->time_s = unpack_u64(&unpacker);
    ret_row->at = unpack_instant(&unpacker);
    ret_row->state.feed = unpack_address(&unpacker);
    const uint8_t answer = unpack_u8(&unpacker);
    ret_row->state.price = unpack_amount(&unpacker);
    ret_row->state.updated_s = unpack_u64(&unpacker);
    if (!unpacker_is_done(&unpacker) || answer < FEED_PRICE || answer > FEED_HUGE) {
        return false;
    }
    ret_row->state.answer = (enum feed_answer)answer;
    return true;
}

struct bytes price_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const char *symbol)
{
    struct packer packer = packer_from(memory, CAPITAL_KEY_BYTES_MAX);

    pack_u8(&packer, TABLE_POSITION);
    pack_u8(&packer, 21);
    pack_raw(&packer, bytes_from(symbol, NAME_BYTES_MAX));
    return packer_finish(&packer);
}

void price_row_pack(struct packer *packer, const struct price_row *row)
{
    pack_u16(packer, (uint16_t)row->reason);
    pack_instant(packer, row->since);
    pack_amount(packer, &row->good.low);
    pack_amount(packer, &row->good.high);
    pack_instant(packer, row->good_at);
}

bool price_row_unpack(struct bytes bytes, struct price_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->reason = (enum reason)unpack_u16(&unpacker);
    ret_row->since = unpack_instant(&unpacker);
    ret_row->good.low = unpack_amount(&unpacker);
    ret_row->good.high = unpack_amount(&unpacker);
    ret_row->good_at = unpack_instant(&unpacker);
    return unpacker_is_done(&unpacker);
}

static void feed_put(struct step *step, uint32_t domain, const struct feed_row *row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[FEED_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));

    feed_row_pack(&packer, row);
    step_put(step, feed_key(key, domain, &row->state.feed), packer_finish(&packer));
}

/* ---- is it one? ---- */

bool price_sources_of(const struct core_config *config, uint32_t asset,
                      struct price_sources *ret_sources)
{
    uint32_t count = 0;

    memset(ret_sources, 0, sizeof(*ret_sources));
    for (uint32_t i = 0; i < config->feeds_count; i++) {
        if (config->feeds[i].asset == asset && count < 2) {
            ret_sources->feeds[count++] = &config->feeds[i];
        }
    }
    return count == 2;
}

static enum reason answer_reason(enum feed_answer answer)
{
    switch (answer) {
    case FEED_PRICE:
        return REASON_PRICE_GOOD;
    case FEED_MUTE:
        return REASON_PRICE_MUTE;
    case FEED_ZERO:
        return REASON_PRICE_ZERO;
    case FEED_NEGATIVE:
        return REASON_PRICE_NEGATIVE;
    case FEED_HUGE:
        return REASON_PRICE_HUGE;
    }
    CHECK(false);
    return REASON_NONE;
}

/* Of one source. By the chain's time it was new when it was read, and by ours that was lately: a
 * chain that stands still makes no price of yesterday one of today. */
static struct price_fault source_judge(const struct price_sources *sources, uint32_t source,
                                       struct instant now)
{
    const struct feed_row *row = &sources->rows[source];
    const uint64_t age_max_s = sources->feeds[source]->age_max.ns / NS_PER_SECOND;
    struct price_fault fault = {.reason = REASON_POSITIONS_UNKNOWN, .source = source};

    if (row->block == 0) {
        return fault;
    }
    fault.reason = answer_reason(row->state.answer);
    if (fault.reason != REASON_PRICE_GOOD) {
        return fault;
    }
    const uint64_t read_s = instant_since(now, row->at).ns / NS_PER_SECOND;
    if (row->state.updated_s > row->time_s) {
        fault.reason = REASON_PRICE_STALE; /* of a time that has not come */
    } else if (row->time_s - row->state.updated_s > age_max_s || read_s > age_max_s) {
        const uint64_t age_s = row->time_s - row->state.updated_s;
        fault.reason = REASON_PRICE_STALE;
        fault.seconds = age_s > read_s ? age_s : read_s;
    }
    return fault;
}

static bool diverge(const struct price *price, struct bps most)
{
    const struct amount whole = amount_from_u64(WHOLE_BPS);
    const struct amount part = amount_from_u64(most.value);
    struct amount difference;
    struct amount allowed;

    const enum status status = amount_subtract(&price->high, &price->low, &difference);
    CHECK(status == STATUS_OK); /* it is the higher one */
    return amount_scale_floor(&price->low, &part, &whole, &allowed) != STATUS_OK ||
           amount_compare(&difference, &allowed) > 0;
}

struct price_fault price_judge(const struct price_sources *sources, struct instant now,
                               struct price *ret_price)
{
    memset(ret_price, 0, sizeof(*ret_price));
    for (uint32_t i = 0; i < 2; i++) {
        const struct price_fault fault = source_judge(sources, i, now);
        if (fault.reason != REASON_PRICE_GOOD) {
            return fault;
        }
    }
    const struct amount *first = &sources->rows[0].state.price;
    const struct amount *second = &sources->rows[1].state.price;
    const bool is_up = amount_compare(first, second) > 0;
    const struct price price = {.low = is_up ? *second : *first, .high = is_up ? *first : *second};
    if (diverge(&price, sources->feeds[0]->divergence_max)) {
        return (struct price_fault){.reason = REASON_PRICE_DIVERGES};
    }
    *ret_price = price;
    return (struct price_fault){.reason = REASON_PRICE_GOOD};
}

/* ---- in words ---- */

static void add_line(struct text *text, const char *rule, uint32_t line)
{
    text_add(text, rule);
    text_add(text, " (the mandate's line ");
    text_add_number(text, line);
    text_add(text, ")");
}

struct text price_fault_text(const struct core_config *config, const struct price_sources *sources,
                             const struct price_fault *fault)
{
    const struct core_feed *feed = sources->feeds[fault->source];
    const struct feed_row *rows = sources->rows;
    struct text text = text_from("the price of ");

    text_add(&text, config->assets[feed->asset].symbol);
    if (fault->reason == REASON_PRICE_DIVERGES) {
        text_add(&text, ": ");
        text_add_units(&text, &rows[0].state.price, PRICE_DECIMALS);
        text_add(&text, " and ");
        text_add_units(&text, &rows[1].state.price, PRICE_DECIMALS);
        add_line(&text, " break price_divergence_max", feed->divergence_line);
        return text;
    }
    text_add(&text, " by ");
    text_add_address(&text, &feed->feed);
    if (fault->reason != REASON_PRICE_STALE) {
        add_line(&text, fault->source == 0 ? ": price" : ": price_second", feed->feed_line);
        return text;
    }
    text_add(&text, ": ");
    if (fault->seconds > 0) {
        text_add_number(&text, fault->seconds);
        text_add(&text, " s old");
    } else {
        text_add(&text, "of a time to come");
    }
    add_line(&text, ", against price_age_max", feed->age_line);
    return text;
}

/* ---- what is read ---- */

static void sources_read(struct step *step, struct price_sources *sources)
{
    for (uint32_t i = 0; i < 2; i++) {
        uint8_t key[CAPITAL_KEY_BYTES_MAX];
        struct bytes value;
        if (step_get(step, feed_key(key, sources->feeds[i]->domain, &sources->feeds[i]->feed),
                     &value) &&
            !feed_row_unpack(value, &sources->rows[i])) {
            step->status = STATUS_CORRUPT;
        }
    }
}

enum reason price_get(struct step *step, uint32_t asset, struct price *ret_price)
{
    struct price_sources sources;

    memset(ret_price, 0, sizeof(*ret_price));
    if (!price_sources_of(step->config, asset, &sources)) {
        return REASON_NONE;
    }
    sources_read(step, &sources);
    return price_judge(&sources, step->now, ret_price).reason;
}

/* A price that is refused, or is one again, is told once. */
static void price_note(struct step *step, uint32_t asset, const struct price_sources *sources,
                       const struct price_fault *fault)
{
    const bool is_good = fault->reason == REASON_PRICE_GOOD;
    struct text text = text_from("the price of ");

    text_add(&text, step->config->assets[asset].symbol);
    if (!is_good) {
        text = price_fault_text(step->config, sources, fault);
    }
    step_note(step, is_good ? NOTE_INFO : NOTE_ALARM, sources->feeds[fault->source]->domain, NULL,
              fault->reason, text.text);
}

static void asset_judge(struct step *step, uint32_t asset)
{
    struct price_sources sources;
    struct price_row row;
    struct price price;
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[PRICE_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));
    struct bytes stored;

    if (!price_sources_of(step->config, asset, &sources)) {
        return;
    }
    sources_read(step, &sources);
    const struct price_fault fault = price_judge(&sources, step->now, &price);
    const struct bytes at = price_key(key, step->config->assets[asset].symbol);
    memset(&row, 0, sizeof(row));
    if (step_get(step, at, &stored) && !price_row_unpack(stored, &row)) {
        step->status = STATUS_CORRUPT;
        return;
    }
    if (fault.reason == REASON_POSITIONS_UNKNOWN) {
        return; /* the other one's chain was not read yet */
    }
    if (row.reason != fault.reason) {
        if (row.reason != REASON_NONE || fault.reason != REASON_PRICE_GOOD) {
            price_note(step, asset, &sources, &fault);
        }
        row.reason = fault.reason;
        row.since = step->now;
    }
    if (fault.reason == REASON_PRICE_GOOD) {
        row.good = price;
        row.good_at = step->now;
        exposure_on_price(step, asset, &price.low);
    }
    price_row_pack(&packer, &row);
    step_put(step, at, packer_finish(&packer));
}

/* NULL: it does not say. */
static const struct feed_state *said_of(const struct event *event, const struct address *feed)
{
    for (uint32_t i = 0; i < event->positions.feeds_count; i++) {
        if (address_equal(&event->positions.feeds[i].feed, feed)) {
            return &event->positions.feeds[i];
        }
    }
    return NULL;
}

void price_on_positions(struct step *step, const struct event *event)
{
    const struct core_config *config = step->config;
    uint64_t touched = 0;

    static_assert(ASSETS_MAX <= 64, "an asset has a bit");
    /* Without the block's time nobody can say how old a price was there: what is known stays, and
     * grows old. */
    for (uint32_t i = 0; i < config->feeds_count && event->positions.time_s != 0; i++) {
        const struct core_feed *feed = &config->feeds[i];
        const struct feed_state *state =
            feed->domain == event->domain ? said_of(event, &feed->feed) : NULL;
        if (state != NULL) {
            const struct feed_row row = {.block = event->positions.block_number,
                                         .block_hash = event->positions.block_hash,
                                         .time_s = event->positions.time_s,
                                         .at = step->now,
                                         .state = *state};
            feed_put(step, event->domain, &row);
            touched |= UINT64_C(1) << feed->asset;
        }
    }
    for (uint32_t i = 0; i < config->assets_count; i++) {
        if ((touched >> i & 1) != 0) {
            asset_judge(step, i);
        }
    }
}
