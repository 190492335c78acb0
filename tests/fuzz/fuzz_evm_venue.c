/* SPDX-License-Identifier: Apache-2.0 */
/* What a spoke says of a venue and a pool of its reserve: words in, and a curve that a plan may
 * rest on, or a refusal. The input is a reserve, a strategy's lines, seven amounts; or the books
 * alone. */
#include "chains/evm/venues/venue.h"
#include "relay/base/check.h"

enum { LINES_BYTES = 128, AMOUNTS = 7, AMOUNT_BYTES = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static void check_curve(const struct aave_reading *reading, const struct amount *ours,
                        const struct amount *most)
{
    struct venue_piece pieces[VENUE_PIECES_MAX];
    uint32_t pieces_count = 0;

    if (aave_curve(reading, ours, most, pieces, &pieces_count) != STATUS_OK) {
        return;
    }
    CHECK(pieces_count > 0);
    CHECK(pieces_count <= VENUE_PIECES_MAX);
    for (uint32_t i = 0; i < pieces_count; i++) {
        CHECK(!amount_is_zero(&pieces[i].width));
        CHECK(i == 0 || pieces[i].rate_nano <= pieces[i - 1].rate_nano);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    struct aave_reading reading = {.liquidity = amount_zero()};
    struct venue_books books;
    struct amount amounts[AMOUNTS];

    (void)!venue_books_read(bytes_from(data, count), &books);
    if (count != AAVE_RESERVE_BYTES + LINES_BYTES + AMOUNTS * AMOUNT_BYTES ||
        aave_reserve_read(bytes_from(data, AAVE_RESERVE_BYTES), &reading.reserve) != STATUS_OK ||
        aave_lines_read(bytes_from(data + AAVE_RESERVE_BYTES, LINES_BYTES), &reading.lines) !=
            STATUS_OK ||
        !aave_lines_are_sane(&reading.lines)) {
        return 0;
    }
    for (size_t i = 0; i < AMOUNTS; i++) {
        amounts[i] = amount_from_be(data + AAVE_RESERVE_BYTES + LINES_BYTES + i * AMOUNT_BYTES);
    }
    reading.liquidity = amounts[0];
    reading.receipts = amounts[1];
    reading.debt = amounts[2];
    reading.stable_debt = amounts[3];
    reading.stable_rate = amounts[4];
    (void)aave_room(&reading);
    (void)aave_is_insolvent(&reading);
    check_curve(&reading, &amounts[5], &amounts[6]);
    return 0;
}
