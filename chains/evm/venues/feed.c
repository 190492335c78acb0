/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/evm/venues/feed.h"

#include "chains/evm/abi.h"
#include "relay/base/check.h"

#define PRICE_DECIMALS 18u
/* An answer of more bits is none: with this bound every product with 128 bits fits 256. */
#define ANSWER_BYTES_MAX 12u

void feed_read_round(struct bytes returned, struct feed_reading *reading)
{
    struct abi_reader reader = abi_reader_from(returned);

    (void)abi_read_amount(&reader); /* the round's number */
    const struct amount answer = abi_read_amount(&reader);
    (void)abi_read_amount(&reader); /* when it began */
    const uint64_t updated_s = abi_read_u64(&reader);
    (void)abi_read_amount(&reader); /* the round that answered */
    reading->has_round = abi_reader_is_done(&reader);
    if (reading->has_round) {
        reading->answer = answer;
        reading->updated_s = updated_s;
    }
}

void feed_read_decimals(struct bytes returned, struct feed_reading *reading)
{
    struct abi_reader reader = abi_reader_from(returned);
    const uint64_t decimals = abi_read_u64(&reader);

    reading->has_decimals = abi_reader_is_done(&reader) && decimals <= FEED_DECIMALS_MAX;
    if (reading->has_decimals) {
        reading->decimals = (uint32_t)decimals;
    }
}

static struct amount power_of_ten(uint32_t exponent)
{
    struct amount power = amount_from_u64(1);
    const struct amount ten = amount_from_u64(10);

    for (uint32_t i = 0; i < exponent; i++) {
        const enum status status = amount_multiply(&power, &ten, &power);
        CHECK(status == STATUS_OK); /* FEED_DECIMALS_MAX leaves room */
    }
    return power;
}

static enum feed_answer answer_of(const struct feed_reading *reading, struct amount *ret_price)
{
    const struct amount one = power_of_ten(PRICE_DECIMALS);
    uint8_t bytes[32];

    if (!reading->has_round || !reading->has_decimals) {
        return FEED_MUTE;
    }
    amount_to_be(&reading->answer, bytes);
    if ((bytes[0] & 0x80) != 0) {
        return FEED_NEGATIVE;
    }
    for (uint32_t i = 0; i < sizeof(bytes) - ANSWER_BYTES_MAX; i++) {
        if (bytes[i] != 0) {
            return FEED_HUGE;
        }
    }
    const struct amount unit = power_of_ten(reading->decimals);
    const enum status status = amount_scale_floor(&reading->answer, &one, &unit, ret_price);
    CHECK(status == STATUS_OK); /* 96 bits times 10^18 */
    return amount_is_zero(ret_price) ? FEED_ZERO : FEED_PRICE;
}

void feed_state_of(const struct feed_reading *reading, struct feed_state *state)
{
    struct amount price = amount_zero();

    state->answer = answer_of(reading, &price);
    state->price = price;
    state->updated_s = state->answer == FEED_MUTE ? 0 : reading->updated_s;
}
