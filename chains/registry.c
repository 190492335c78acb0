/* SPDX-License-Identifier: Apache-2.0 */
/* The one list of chain families in this binary. */
#include "chains/chain.h"
#include "chains/evm/evm.h"

const struct chain_ops *const chain_registry[] = {
    &evm_chain_ops,
    NULL,
};
