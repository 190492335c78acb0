/* SPDX-License-Identifier: Apache-2.0 */
/* How much gas a delivery is expected to need.
 *
 *   first of its kind --estimated--> known --simulated once under it, USES_MAX times--> estimated
 *     |   others like it wait          ^                                                  |
 *     '-no estimate: each for itself   '------------------ meanwhile under the old one ---'
 *
 * A node finds the gas of a transaction by running it a dozen times or more, and that is most of
 * what it does for a relayer. Messages of one sender to one recipient that are as long as each
 * other need nearly the same, so after one of them was estimated the next ones are simulated once,
 * under that much gas: what succeeds needs no more. What does not is estimated, so a revert and its
 * words are always those of the estimate. The same holds of several that go in one transaction. A
 * backlog begins with many that are alike: one of them is estimated, and the others wait for its
 * answer, not longer. */
#include <string.h>

#include "chains/evm/evm_internal.h"
#include "relay/base/digest.h"
#include "relay/hyperlane/deliveries.h"

enum {
    USES_MAX = 64,    /* of one estimate: what a delivery needs may change, or be less */
    SLACK_SHARE = 64, /* the digits of two calldata are not the same; far below a lane's margin */
    /* Of a message: version and nonce, then origin, sender, destination and recipient. */
    ROUTE_START = 5,
    ROUTE_BYTES = 72,
};

static struct evm_gas_hint *hint_of(struct evm *evm, const struct hash *likeness)
{
    return &evm->gas_hints[likeness->bytes[0] % EVM_GAS_HINTS];
}

/* False: too short to be a message. */
static bool add_likeness(struct keccak *keccak, const struct delivery *delivery)
{
    uint8_t sizes[8];

    if (delivery->message.count < ROUTE_START + ROUTE_BYTES) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        sizes[i] = (uint8_t)(delivery->message.count >> (8 * i));
        sizes[4 + i] = (uint8_t)(delivery->metadata.count >> (8 * i));
    }
    keccak_update(keccak, bytes_from(delivery->message.data + ROUTE_START, ROUTE_BYTES));
    keccak_update(keccak, bytes_from(sizes, sizeof(sizes)));
    return true;
}

/* Of a delivery, or of several in one transaction, in their order. Zero: of nothing else. */
static struct hash likeness_of(const struct leg *leg)
{
    struct keccak keccak;
    bool is_like = false;

    keccak_init(&keccak);
    if (leg->kind == LEG_PROCESS) {
        is_like = add_likeness(&keccak, &(struct delivery){.metadata = leg->process.metadata,
                                                           .message = leg->process.message});
    } else if (leg->kind == LEG_BATCH) {
        struct delivery delivery;
        is_like = true;
        for (struct bytes rest = leg->batch.deliveries; deliveries_next(&rest, &delivery);) {
            is_like = add_likeness(&keccak, &delivery) && is_like;
        }
    }
    return is_like ? keccak_finish(&keccak) : (struct hash){{0}};
}

void evm_gas_expect(struct evm *evm, struct evm_job *job, const struct leg *leg)
{
    job->prepare.likeness = likeness_of(leg);
    if (hash_is_zero(&job->prepare.likeness)) {
        return;
    }
    struct evm_gas_hint *const hint = hint_of(evm, &job->prepare.likeness);
    const bool is_same = hash_equal(&hint->likeness, &job->prepare.likeness);
    const bool is_asked = !hash_is_zero(&hint->likeness) && hint->gas == 0;
    if (is_same && is_asked) {
        job->is_held = true;
    } else if (is_same && hint->uses_left > 0) {
        hint->uses_left--;
        job->prepare.gas_tried = hint->gas;
    } else if (is_same) {
        hint->uses_left = USES_MAX; /* of what is known, until this one's estimate is there */
    } else if (!is_asked) {
        *hint = (struct evm_gas_hint){.likeness = job->prepare.likeness, .uses_left = USES_MAX};
        job->prepare.is_first = true;
    }
}

uint64_t evm_gas_to_try(const struct evm_job *job)
{
    const uint64_t gas = job->prepare.gas_tried;

    return gas + gas / SLACK_SHARE;
}

/* Those that waited go on: simulated, or each estimated when nothing was learned. */
static void release(struct evm *evm, const struct hash *likeness, uint64_t gas)
{
    for (uint32_t i = 0; i < evm->jobs_max; i++) {
        struct evm_job *const job = &evm->jobs[i];
        if (job->used && job->is_held && hash_equal(&job->prepare.likeness, likeness)) {
            job->is_held = false;
            job->prepare.gas_tried = gas;
        }
    }
}

void evm_gas_learned(struct evm *evm, struct evm_job *job)
{
    const struct hash *const likeness = &job->prepare.likeness;
    struct evm_gas_hint *const hint = hint_of(evm, likeness);
    const bool is_same = hash_equal(&hint->likeness, likeness);

    if (hash_is_zero(likeness) || job->prepare.gas > UINT32_MAX ||
        (!is_same && !hash_is_zero(&hint->likeness) && hint->gas == 0)) {
        return; /* of another kind that waits for its first estimate */
    }
    *hint = (struct evm_gas_hint){
        .likeness = *likeness, .gas = job->prepare.gas, .uses_left = USES_MAX};
    job->prepare.is_first = false;
    release(evm, likeness, job->prepare.gas);
}

void evm_gas_ended(struct evm *evm, struct evm_job *job)
{
    if (!job->prepare.is_first) {
        return;
    }
    job->prepare.is_first = false;
    struct evm_gas_hint *const hint = hint_of(evm, &job->prepare.likeness);
    /* One like it that was estimated by itself may have come before, and another kind after that.
     */
    const bool is_same = hash_equal(&hint->likeness, &job->prepare.likeness);
    const uint64_t gas = is_same ? hint->gas : 0;
    if (is_same && gas == 0) {
        *hint = (struct evm_gas_hint){.uses_left = 0};
    }
    release(evm, &job->prepare.likeness, gas);
}
