/* SPDX-License-Identifier: Apache-2.0 */
/* What a price feed says: a word of decimals, then a round. Whatever it is becomes an answer, and
 * a price only where there is one. */
#include "chains/evm/venues/feed.h"
#include "relay/base/check.h"

enum { WORD_BYTES = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    const size_t first = count < WORD_BYTES ? count : WORD_BYTES;
    struct feed_reading reading = {.has_round = false};
    struct feed_state state = {.answer = FEED_MUTE};

    feed_read_decimals(bytes_from(data, first), &reading);
    feed_read_round(bytes_from(data + first, count - first), &reading);
    feed_state_of(&reading, &state);
    CHECK((state.answer == FEED_PRICE) == !amount_is_zero(&state.price));
    CHECK(state.answer != FEED_MUTE || state.updated_s == 0);
    CHECK((state.answer == FEED_MUTE) == (!reading.has_round || !reading.has_decimals));
    return 0;
}
