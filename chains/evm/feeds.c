/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/evm/feeds.h"

#include <string.h>

#include "chains/evm/abi.h"
#include "chains/evm/evm_internal.h"

#define SELECTOR_LATEST_ROUND 0xfeaf968cu /* latestRoundData() */
#define SELECTOR_DECIMALS     0x313ce567u

uint32_t evm_feeds_count(const struct core_config *core, uint32_t domain)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < core->feeds_count; i++) {
        count += core->feeds[i].domain == domain ? 1 : 0;
    }
    return count;
}

bool evm_feeds_fit(const struct core_config *core, uint32_t domain)
{
    for (uint32_t i = 0; i < core->feeds_count; i++) {
        const struct core_feed *const feed = &core->feeds[i];
        if (feed->domain == domain &&
            (!address_is_evm(&feed->feed) || address_is_zero(&feed->feed))) {
            return false;
        }
    }
    return true;
}

void evm_feeds_init(struct evm *evm)
{
    struct evm_feeds *const all = &evm->feeds;

    for (uint32_t i = 0; i < evm->core.feeds_count; i++) {
        if (evm->core.feeds[i].domain == evm->chain.domain) {
            all->feeds[all->count++] = &evm->core.feeds[i];
        }
    }
}

void evm_feeds_start(struct evm *evm)
{
    for (uint32_t i = 0; i < evm->feeds.count; i++) {
        memset(&evm->feeds.readings[i], 0, sizeof(evm->feeds.readings[i]));
    }
}

uint32_t evm_feeds_steps(const struct evm *evm)
{
    return EVM_FEED_STEPS * evm->feeds.count;
}

void evm_feeds_write(const struct evm *evm, uint32_t step, uint64_t id, struct json_writer *writer)
{
    const struct core_feed *const feed = evm->feeds.feeds[step / EVM_FEED_STEPS];
    uint8_t memory[4];
    struct abi_writer data = abi_writer_from(memory, sizeof(memory));

    abi_write_selector(&data,
                       step % EVM_FEED_STEPS == 0 ? SELECTOR_LATEST_ROUND : SELECTOR_DECIMALS);
    rpc_write_begin(writer, id, "eth_call");
    evm_write_call(writer, NULL, &feed->feed, buffer_bytes(&data.buffer));
}

void evm_feeds_answer(struct evm *evm, struct evm_job *job, uint32_t step,
                      const struct evm_answer *answer)
{
    struct feed_reading *const reading = &evm->feeds.readings[step / EVM_FEED_STEPS];
    struct bytes returned;

    if (answer->kind == EVM_ANSWER_ERROR && evm_error_is_revert(answer)) {
        return; /* mute */
    }
    if (answer->kind != EVM_ANSWER_RESULT) {
        evm_job_fail_answer(evm, job, answer);
        return;
    }
    if (evm_return_bytes(evm, answer, &returned) != STATUS_OK) {
        return;
    }
    if (step % EVM_FEED_STEPS == 0) {
        feed_read_round(returned, reading);
    } else {
        feed_read_decimals(returned, reading);
    }
}

void evm_feeds_event(struct evm *evm, struct event *ret_event)
{
    struct evm_feeds *const all = &evm->feeds;

    for (uint32_t i = 0; i < all->count; i++) {
        memset(&all->states[i], 0, sizeof(all->states[i]));
        all->states[i].feed = all->feeds[i]->feed;
        feed_state_of(&all->readings[i], &all->states[i]);
    }
    ret_event->positions.feeds = all->states;
    ret_event->positions.feeds_count = all->count;
}
