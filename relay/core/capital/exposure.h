/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/exposure.h: how much of an asset the whole portfolio is exposed to, on all
 * chains together, and whether that is inside the mandate's band.
 *
 *     delta = idle in spokes + in their venues + under way between them - owed to venues
 *
 * in the asset's base units: what the portfolio's worth changes by when a unit's price changes by
 * one. Nothing that a spoke holds is worth more than in proportion to its price, so there is no
 * gamma beside it.
 *
 * What is under way is what one spoke says that it sent less what the other says that it received,
 * each as of its own reading. Is the receiver's the newer one, then what it received is still in
 * the sender's older balance, and the difference below zero takes that off: nothing counts twice
 * and nothing is missed, whichever chain was read last. As soon as one of the readings is missing,
 * the exposure is unknown, which is neither zero nor what it was.
 *
 * The band is the mandate's `delta_max` either way. Where it names a `delta_calm`, that much counts
 * while the price is calm, and it widens with the price's volatility up to `delta_max`; while the
 * volatility is unknown it is as narrow as in calm. What leaves the band, and comes back, is told
 * once. Threads: none. */
#ifndef SLUICE_RELAY_CORE_CAPITAL_EXPOSURE_H
#define SLUICE_RELAY_CORE_CAPITAL_EXPOSURE_H

#include "relay/core/capital/capital_rows.h"
#include "relay/core/capital/volatility.h"
#include "relay/core/step.h"

#define EXPOSURE_ROW_BYTES_MAX 320u

/* Of one asset, in its base units. */
struct exposure {
    struct amount idle;
    struct amount supplied;
    struct account_balance under_way;
    struct amount owed;
    struct account_balance delta;
};

struct exposure_row {
    /* REASON_EXPOSURE_INSIDE, _LONG or _SHORT; REASON_POSITIONS_UNKNOWN: a reading is missing, and
     * `exposure` is zeroed; REASON_NONE: never judged. */
    enum reason reason;
    struct instant since;
    struct exposure exposure;
    bool was_outside; /* when it was last known: told, and not yet told to be back */
    bool is_bounded;  /* the mandate has a band */
    struct amount band;
    bool is_volatility_known;
    uint64_t volatility_nano; /* of a day */
};

struct bytes exposure_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const char *symbol);
void exposure_row_pack(struct packer *packer, const struct exposure_row *row);
bool exposure_row_unpack(struct bytes bytes, struct exposure_row *ret_row);
struct bytes volatility_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const char *symbol);

/* All of an asset. False: a reading is missing, or the sums are out of range. */
bool exposure_take(struct step *step, uint32_t asset, struct exposure *ret_exposure);
/* What the mandate lets it be, either way. */
struct amount exposure_band(const struct core_asset *asset, bool is_known, uint64_t nano);
/* What a spoke keeps idle: the mandate's buffer, and more where it lets it widen with the price's
 * volatility; all that it lets it while that is unknown. */
struct amount exposure_buffer(const struct core_asset *asset, const struct core_spoke *spoke,
                              bool is_known, uint64_t nano);

/* A day's volatility of the asset as of now, in 1e-9. False: unknown. */
bool exposure_volatility(struct step *step, uint32_t asset, uint64_t *ret_nano);
/* A good price of the asset was recorded. */
void exposure_on_price(struct step *step, uint32_t asset, const struct amount *price);
/* After all of an answer was taken: judges every asset that is held on its chain. */
void exposure_on_positions(struct step *step, uint32_t domain);

#endif
