/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/capital/volatility.h"

#include <string.h>

#include "relay/base/check.h"

#define NANO          UINT64_C(1000000000)
#define NS_PER_SECOND UINT64_C(1000000000)
#define DAY_S         UINT64_C(86400)
#define SAMPLE_LEAST  DURATION_MS(60000)
#define SPAN_LEAST    DURATION_MS(3600000)
#define AGE_MAX       DURATION_MS(86400000)
#define PART_MAX      UINT64_C(4294967295) /* of the price, in 1e-9: its square still fits */

void volatility_pack(struct packer *packer, const struct volatility *volatility)
{
    pack_instant(packer, volatility->began);
    pack_instant(packer, volatility->at);
    pack_amount(packer, &volatility->price);
    pack_u64(packer, volatility->variance);
}

bool volatility_unpack(struct bytes bytes, struct volatility *ret_volatility)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_volatility, 0, sizeof(*ret_volatility));
    ret_volatility->began = unpack_instant(&unpacker);
    ret_volatility->at = unpack_instant(&unpacker);
    ret_volatility->price = unpack_amount(&unpacker);
    ret_volatility->variance = unpack_u64(&unpacker);
    return unpacker_is_done(&unpacker);
}

/* By which part a price changed, in 1e-9 of what it was. */
static uint64_t part_changed(const struct amount *before, const struct amount *after)
{
    const struct amount nano = amount_from_u64(NANO);
    struct amount difference;
    struct amount part;
    uint64_t value = 0;

    if (amount_subtract(after, before, &difference) != STATUS_OK) {
        const enum status status = amount_subtract(before, after, &difference);
        CHECK(status == STATUS_OK); /* it is the larger one */
    }
    if (amount_scale_floor(&difference, &nano, before, &part) != STATUS_OK ||
        amount_to_u64(&part, &value) != STATUS_OK || value > PART_MAX) {
        return PART_MAX;
    }
    return value;
}

static uint64_t variance_after(uint64_t variance, uint64_t part, uint64_t seconds)
{
    const struct amount before = amount_from_u64(variance);
    const struct amount square = amount_from_u64(part * part);
    const struct amount day = amount_from_u64(DAY_S);
    const struct amount whole = amount_from_u64(DAY_S + seconds);
    struct amount sum;
    uint64_t value = 0;

    const enum status status = amount_add(&before, &square, &sum);
    CHECK(status == STATUS_OK); /* of two numbers of 64 bits */
    if (amount_scale_floor(&sum, &day, &whole, &sum) != STATUS_OK ||
        amount_to_u64(&sum, &value) != STATUS_OK) {
        return UINT64_MAX;
    }
    return value;
}

bool volatility_take(struct volatility *volatility, const struct amount *price, struct instant at)
{
    const struct duration passed = instant_since(at, volatility->at);

    CHECK(!amount_is_zero(price));
    if (volatility->began.ns == 0 || passed.ns > AGE_MAX.ns) {
        /* What happened meanwhile is not known: it begins anew. */
        *volatility = (struct volatility){.began = at, .at = at, .price = *price};
        return true;
    }
    if (passed.ns < SAMPLE_LEAST.ns) {
        return false;
    }
    volatility->variance = variance_after(
        volatility->variance, part_changed(&volatility->price, price), passed.ns / NS_PER_SECOND);
    volatility->at = at;
    volatility->price = *price;
    return true;
}

/* The largest number whose square is not above it. */
static uint64_t root_of(uint64_t square)
{
    uint64_t root = 0;

    for (uint64_t bit = UINT64_C(1) << 31; bit != 0; bit >>= 1) {
        const uint64_t tried = root | bit;
        root = tried <= square / tried ? tried : root;
    }
    return root;
}

bool volatility_known(const struct volatility *volatility, struct instant now, uint64_t *ret_nano)
{
    if (volatility->began.ns == 0 || instant_since(now, volatility->at).ns > AGE_MAX.ns ||
        instant_since(volatility->at, volatility->began).ns < SPAN_LEAST.ns) {
        return false;
    }
    *ret_nano = root_of(volatility->variance);
    return true;
}

struct amount volatility_widened(const struct widening *widening, uint64_t nano)
{
    const struct amount moved = amount_from_u64(nano);
    const struct amount calm = amount_from_u64(widening->calm_nano);
    struct amount wide;

    if (widening->calm_nano == 0 || nano <= widening->calm_nano ||
        amount_compare(&widening->most, &widening->least) <= 0) {
        return widening->least;
    }
    if (amount_scale_floor(&widening->least, &moved, &calm, &wide) != STATUS_OK) {
        return widening->most;
    }
    return amount_smaller(&wide, &widening->most);
}
