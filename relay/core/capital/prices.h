/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/prices.h: what an asset is worth, by two sources of different makers.
 *
 * Feeds are read with the positions of their chain, at a final block and by quorum, and what they
 * said is kept whatever it was. A price counts when both sources said one at a block at which it
 * was not too old, when that block was read lately, and when they do not differ by more than the
 * mandate allows. The stricter of the two is used: the lower for what is ours, the higher for what
 * we owe. Else the asset has no price: unknown is not zero, and the last one is none.
 *
 * What refuses a price is told once when it begins and once when it is over, with the mandate's
 * line. Threads: none. Units: a whole token, in 1e-18 of the numeraire. */
#ifndef SLUICE_RELAY_CORE_CAPITAL_PRICES_H
#define SLUICE_RELAY_CORE_CAPITAL_PRICES_H

#include "relay/core/capital/capital_rows.h"
#include "relay/core/step.h"
#include "relay/core/text.h"

#define FEED_ROW_BYTES_MAX  192u
#define PRICE_ROW_BYTES_MAX 128u

/* What was last read of a feed. */
struct feed_row {
    uint64_t block; /* 0: never read */
    struct hash block_hash;
    uint64_t time_s;   /* of the block */
    struct instant at; /* when it was read */
    struct feed_state state;
};

struct price {
    struct amount low;
    struct amount high;
};

/* What was last told of an asset's price, and the last good one, for people and statistics. */
struct price_row {
    enum reason reason; /* REASON_NONE: never judged */
    struct instant since;
    struct price good; /* zero: there was none yet */
    struct instant good_at;
};

/* An asset's two sources as they were read. */
struct price_sources {
    const struct core_feed *feeds[2];
    struct feed_row rows[2];
};

/* What is wrong with a price. */
struct price_fault {
    enum reason reason;
    uint32_t source;  /* of the two */
    uint64_t seconds; /* REASON_PRICE_STALE: its age */
};

struct bytes feed_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain,
                      const struct address *feed);
void feed_row_pack(struct packer *packer, const struct feed_row *row);
bool feed_row_unpack(struct bytes bytes, struct feed_row *ret_row);
struct bytes price_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const char *symbol);
void price_row_pack(struct packer *packer, const struct price_row *row);
bool price_row_unpack(struct bytes bytes, struct price_row *ret_row);

/* The asset's sources by the configuration, their rows zeroed. False: it has no price. */
bool price_sources_of(const struct core_config *config, uint32_t asset,
                      struct price_sources *ret_sources);
/* REASON_PRICE_GOOD: the price counts at `now`. Else why not, first the first source's reason:
 * REASON_POSITIONS_UNKNOWN (never read), REASON_PRICE_MUTE, _ZERO, _NEGATIVE, _HUGE, _STALE,
 * _DIVERGES; `ret_price` is zeroed then. */
struct price_fault price_judge(const struct price_sources *sources, struct instant now,
                               struct price *ret_price);
/* The rule that refuses it and the mandate's line of it, in words. */
struct text price_fault_text(const struct core_config *config, const struct price_sources *sources,
                             const struct price_fault *fault);

/* The price of an asset now. REASON_PRICE_GOOD: it counts; REASON_NONE: the mandate names no source
 * of one. Else why it does not count. */
enum reason price_get(struct step *step, uint32_t asset, struct price *ret_price);
/* Keeps what an answer says of the feeds that are configured. */
void price_on_positions(struct step *step, const struct event *event);

#endif
