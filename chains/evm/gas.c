/* SPDX-License-Identifier: Apache-2.0 */
/* How much gas a delivery is expected to need.
 *
 * A node finds the gas of a transaction by running it a dozen times or more, and that is most of
 * what it does for a relayer. Messages of one sender to one recipient that are as long as each
 * other need nearly the same, so after one of them was estimated the next ones are simulated once,
 * under that much gas: what succeeds needs no more. What does not is estimated, so a revert and its
 * words are always those of the estimate. */
#include <string.h>

#include "chains/evm/evm_internal.h"
#include "relay/base/digest.h"

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

void evm_gas_expect(struct evm *evm, struct evm_job *job, const struct leg *leg)
{
    struct keccak keccak;

    job->prepare.gas_tried = 0;
    if (leg->kind != LEG_PROCESS || leg->process.message.count < ROUTE_START + ROUTE_BYTES) {
        return;
    }
    uint8_t sizes[8];
    for (size_t i = 0; i < 4; i++) {
        sizes[i] = (uint8_t)(leg->process.message.count >> (8 * i));
        sizes[4 + i] = (uint8_t)(leg->process.metadata.count >> (8 * i));
    }
    keccak_init(&keccak);
    keccak_update(&keccak, bytes_from(leg->process.message.data + ROUTE_START, ROUTE_BYTES));
    keccak_update(&keccak, bytes_from(sizes, sizeof(sizes)));
    job->prepare.likeness = keccak_finish(&keccak);
    struct evm_gas_hint *const hint = hint_of(evm, &job->prepare.likeness);
    if (hint->uses_left > 0 && hash_equal(&hint->likeness, &job->prepare.likeness)) {
        hint->uses_left--;
        job->prepare.gas_tried = hint->gas;
    }
}

uint64_t evm_gas_to_try(const struct evm_job *job)
{
    const uint64_t gas = job->prepare.gas_tried;

    return gas + gas / SLACK_SHARE;
}

void evm_gas_learned(struct evm *evm, const struct evm_job *job)
{
    if (hash_is_zero(&job->prepare.likeness) || job->prepare.gas > UINT32_MAX) {
        return;
    }
    *hint_of(evm, &job->prepare.likeness) = (struct evm_gas_hint){
        .likeness = job->prepare.likeness, .gas = job->prepare.gas, .uses_left = USES_MAX};
}
