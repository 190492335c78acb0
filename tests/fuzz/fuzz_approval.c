/* SPDX-License-Identifier: Apache-2.0 */
/* What the node says a move belongs to: what unpacks packs to the same bytes, and its text fits. */
#include <string.h>

#include "relay/base/approval.h"
#include "relay/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

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
    return 0;
}
