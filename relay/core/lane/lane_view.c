/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/lane/lane_view.c: what a lane waits for, as its rows say it. A lane is in order of
 * nonces, so its lowest transaction that is in no block yet is what all the others wait for. */
#include <string.h>

#include "relay/core/lane/lane_internal.h"
#include "relay/core/view.h"

/* Why the lane as a whole sends nothing. */
static enum reason lane_trouble(const struct lane_row *lane)
{
    switch (lane->state) {
    case LANE_UNKNOWN:
        return REASON_LANE_UNKNOWN;
    case LANE_FROZEN:
        return REASON_FOREIGN_TRANSACTION;
    case LANE_READY:
        break;
    }
    return lane->balance_low ? REASON_LOW_BALANCE : REASON_NONE;
}

/* The last attempt that may be with the network; NULL: nothing was signed. */
static const struct attempt *last_signed(const struct intent_row *intent)
{
    for (uint32_t i = intent->attempts_count; i > 0; i--) {
        const struct attempt *attempt = &intent->attempts[i - 1];
        if (attempt->state == ATTEMPT_SIGNED || attempt->state == ATTEMPT_ABSENT) {
            return attempt;
        }
    }
    return NULL;
}

static enum reason intent_reason(const struct intent_row *intent, const struct core_chain *config,
                                 const struct chain_row *chain)
{
    const struct attempt *sent = last_signed(intent);

    if (sent == NULL) {
        return intent->cancelling ? REASON_SIGNER_REFUSED : REASON_AWAITING_SIGNATURE;
    }
    if (sent->state == ATTEMPT_ABSENT) {
        return REASON_NONCE_DISPUTED;
    }
    if (intent->rejections_count > 0) {
        return REASON_REJECTED;
    }
    if (amount_compare(&chain->base_fee, &sent->fee_per_gas_max) > 0) {
        return amount_compare(&chain->base_fee, &config->fee_per_gas_max) > 0 ? REASON_FEE_CEILING
                                                                              : REASON_NOT_INCLUDED;
    }
    return intent->cancelling ? REASON_NONCE_CANCELLED : REASON_AWAITING_INCLUSION;
}

enum status core_view_lane_wait(const struct row_source *source, const struct core_chain *config,
                                const struct address *key, const struct lane_row *lane,
                                struct lane_wait *ret_wait)
{
    struct lane_wait wait = {.reason = lane_trouble(lane), .nonce = lane->first_open};
    struct intent_row intent;
    struct chain_row chain;

    wait.since = wait.reason == REASON_LANE_UNKNOWN ? lane->asked_at : (struct instant){.ns = 0};
    wait.count = lane->waiting_count;
    if (wait.reason != REASON_NONE || lane->waiting_count == 0) {
        *ret_wait = wait;
        return STATUS_OK;
    }
    enum status status = core_view_chain(source, config->domain, &chain);
    for (uint64_t nonce = lane->first_open; status == STATUS_OK; nonce = wait.nonce + 1) {
        status = core_view_next_intent(source, config->domain, key, nonce, &wait.nonce, &intent);
        if (status == STATUS_OK && !intent.included) {
            wait.reason = intent_reason(&intent, config, &chain);
            wait.since = intent.since;
            *ret_wait = wait;
            return STATUS_OK;
        }
    }
    return status;
}
