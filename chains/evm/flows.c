/* SPDX-License-Identifier: Apache-2.0 */
/* What goes between our spokes on several chains: which are siblings, and what each says of it. */
#include "chains/evm/abi.h"
#include "chains/evm/evm_internal.h"

#define SELECTOR_FLOW_OF 0xb2f2153bu

bool evm_spokes_are_siblings(const struct core_spoke *a, const struct core_spoke *b)
{
    return a->asset == b->asset && a->domain != b->domain;
}

bool evm_spoke_sends_to(const struct core_config *core, const struct core_spoke *spoke,
                        uint32_t domain)
{
    for (uint32_t i = 0; i < core->chains_count; i++) {
        if (core->chains[i].domain == domain) {
            return !address_is_zero(&spoke->bridge) && chain_set_has(&spoke->bridge_to, i);
        }
    }
    return false;
}

const struct core_spoke *evm_spoke_sibling(const struct core_config *core, uint32_t domain,
                                           const struct address *spoke, const struct address *token,
                                           uint32_t destination)
{
    for (uint32_t i = 0; i < core->spokes_count; i++) {
        const struct core_spoke *const from = &core->spokes[i];
        for (uint32_t j = 0;
             j < core->spokes_count && from->domain == domain &&
             address_equal(&from->spoke, spoke) && address_equal(&from->token, token);
             j++) {
            if (core->spokes[j].domain == destination &&
                evm_spokes_are_siblings(from, &core->spokes[j])) {
                return &core->spokes[j];
            }
        }
    }
    return NULL;
}

/* Can anything go from one to the other, either way? */
static bool has_flow(const struct core_config *core, uint32_t of, uint32_t sibling)
{
    const struct core_spoke *const here = &core->spokes[of];
    const struct core_spoke *const there = &core->spokes[sibling];

    return evm_spokes_are_siblings(here, there) && (evm_spoke_sends_to(core, here, there->domain) ||
                                                    evm_spoke_sends_to(core, there, here->domain));
}

uint32_t evm_flows_count(const struct core_config *core, uint32_t domain)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < core->spokes_count; i++) {
        for (uint32_t j = 0; j < core->spokes_count && core->spokes[i].domain == domain; j++) {
            count += has_flow(core, i, j) ? 1 : 0;
        }
    }
    return count < SPOKE_FLOWS_MAX ? count : SPOKE_FLOWS_MAX;
}

void evm_flows_init(struct evm *evm)
{
    const struct core_config *const core = &evm->core;
    struct evm_spokes *const all = &evm->spokes;
    const uint32_t most = evm_flows_count(core, evm->chain.domain);

    for (uint32_t i = 0; i < core->spokes_count; i++) {
        const struct core_spoke *const spoke = &core->spokes[i];
        for (uint32_t j = 0; j < core->spokes_count && spoke->domain == evm->chain.domain; j++) {
            if (has_flow(core, i, j) && all->flows_count < most) {
                all->flows[all->flows_count++] =
                    (struct spoke_flow){.spoke = spoke->spoke,
                                        .token = spoke->token,
                                        .sibling = core->spokes[j].domain};
            }
        }
    }
}

void evm_flow_write(const struct spoke_flow *flow, uint64_t id, struct json_writer *writer)
{
    uint8_t memory[4 + 2 * 32];
    struct abi_writer data = abi_writer_from(memory, sizeof(memory));

    abi_write_selector(&data, SELECTOR_FLOW_OF);
    abi_write_u64(&data, flow->sibling);
    abi_write_address(&data, &flow->token);
    rpc_write_begin(writer, id, "eth_call");
    evm_write_call(writer, NULL, &flow->spoke, buffer_bytes(&data.buffer));
}

void evm_flow_answer(struct evm *evm, struct evm_job *job, struct spoke_flow *flow,
                     const struct evm_answer *answer)
{
    struct bytes returned;

    if (evm_return_bytes(evm, answer, &returned) != STATUS_OK) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN, "what goes between spokes cannot be read");
        return;
    }
    struct abi_reader reader = abi_reader_from(returned);
    (void)abi_read_hash(&reader); /* the sibling's address, as the spoke has it */
    flow->sent = abi_read_amount(&reader);
    flow->announced = abi_read_amount(&reader);
    flow->received = abi_read_amount(&reader);
    if (!abi_reader_is_done(&reader)) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN, "what a spoke says cannot be understood");
    }
}
