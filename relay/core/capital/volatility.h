/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/volatility.h: how much a price moves in a day, estimated while prices come.
 *
 * The estimate forgets with a memory of a day. A price that came `dt` after the last one and
 * differs from it by the part r of it makes
 *
 *     variance = (variance * day + r^2 * day) / (day + dt)
 *
 * of a day: for a price whose changes are independent this settles at their variance in a day,
 * however unevenly prices come; one that stands still only forgets. Integers alone, rounded down,
 * so that every machine that is told the same prices says the same.
 *
 * Unknown is not zero: before prices of an hour have come, or when the last one is older than a
 * day, there is no estimate, and whoever asks takes the careful end of what the mandate lets him.
 *
 * Threads: none; pure. Units: prices in any, all of one asset in the same; volatility in 1e-9 of
 * the price in a day. */
#ifndef SLUICE_RELAY_CORE_CAPITAL_VOLATILITY_H
#define SLUICE_RELAY_CORE_CAPITAL_VOLATILITY_H

#include "relay/base/amount.h"
#include "relay/base/instant.h"
#include "relay/base/pack.h"

#define VOLATILITY_ROW_BYTES_MAX 96u

struct volatility {
    struct instant began; /* zero: no price yet */
    struct instant at;    /* of the newest price that was taken */
    struct amount price;
    uint64_t variance; /* of a day, in 1e-18; the largest number: that much or more */
};

void volatility_pack(struct packer *packer, const struct volatility *volatility);
bool volatility_unpack(struct bytes bytes, struct volatility *ret_volatility);

/* Takes a price that is not zero. One less than a minute after the last one is left for later:
 * true only when it was taken. */
bool volatility_take(struct volatility *volatility, const struct amount *price, struct instant at);

/* A day's, as of now. False: not known. */
bool volatility_known(const struct volatility *volatility, struct instant now, uint64_t *ret_nano);

/* What the mandate lets widen: `least` while a day's volatility is at most `calm`, in proportion to
 * it above that, never more than `most`. Rounded down. */
struct widening {
    struct amount least;
    struct amount most;
    uint64_t calm_nano; /* zero: nothing widens */
};
struct amount volatility_widened(const struct widening *widening, uint64_t nano);

#endif
