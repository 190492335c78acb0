/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/check.h"
#include "tests/sim/sim_internal.h"
void evm_node_take(struct sim *sim, uint32_t chain, uint32_t endpoint, struct bytes frame)
{
    (void)sim;
    (void)chain;
    (void)endpoint;
    (void)frame;
    CHECK(false);
}
void evm_node_tell_head(struct sim *sim, uint32_t chain, uint32_t endpoint)
{
    (void)sim;
    (void)chain;
    (void)endpoint;
}
