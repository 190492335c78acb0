/* SPDX-License-Identifier: Apache-2.0 */
/* What the node says a move belongs to: what unpacks packs to the same bytes, its text fits, and
 * its moves are a few legs each, of which none takes out of a debt or pays another chain's. */
#include <string.h>

#include "relay/base/approval.h"
#include "relay/base/check.h"

#define LEGS_MAX 3u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static void walk_legs(const struct approval_move *move)
{
    struct approval_venue venue;
    enum approval_act last = APPROVAL_WITHDRAWS;
    uint32_t legs = 0;

    while (approval_venue_leg(move, legs, &venue)) {
        CHECK(legs < LEGS_MAX);
        CHECK(legs == 0 || venue.act > last);
        last = venue.act;
        legs++;
    }
    CHECK(legs == 0 || !approval_is_debt(move->source_venue));
    CHECK(legs == 0 || (last == APPROVAL_REPAYS) == approval_is_debt(move->target_venue));
    CHECK(legs == 0 || last != APPROVAL_REPAYS || move->target_domain == move->source_domain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    uint8_t memory[APPROVAL_BYTES_MAX];
    char text[APPROVAL_TEXT_BYTES];
    struct approval approval;
    if (approval_unpack(bytes_from(data, count), &approval) != STATUS_OK) {
        return 0;
    }
    CHECK(approval.index < approval.moves_count);
    CHECK(bytes_equal(approval_pack(&approval, memory), bytes_from(data, count)));
    CHECK(approval_text(&approval, text) <= sizeof(text));
    const struct hash digest = approval_digest(&approval);
    CHECK(!hash_is_zero(&digest));
    for (uint32_t i = 0; i < approval.moves_count; i++) {
        walk_legs(&approval.moves[i]);
    }
    return 0;
}
