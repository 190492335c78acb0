/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/modules.h: what a walk over security modules keeps (security.c); one per question. */
#ifndef SLUICE_CHAINS_EVM_MODULES_H
#define SLUICE_CHAINS_EVM_MODULES_H

#include "relay/hyperlane/ism.h"

/* The tree of security modules that a question found so far. */
struct evm_modules {
    uint32_t nodes_count;
    uint32_t validators_count;
    struct ism_node nodes[ISM_NODES_MAX];
    struct ism_validator validators[ISM_VALIDATORS_MAX];
    struct address
        routes_of[ISM_NODES_MAX]; /* of routing: for any message of the origin; or zero */
    bool given_up[ISM_NODES_MAX];
};

#endif
