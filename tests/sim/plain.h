/* SPDX-License-Identifier: Apache-2.0 */
/* tests/sim/plain.h: the adapter of the plain family (plain_wire.h) behind chains/chain.h. */
#ifndef SLUICE_TESTS_SIM_PLAIN_H
#define SLUICE_TESTS_SIM_PLAIN_H

#include "chains/chain.h"

extern const struct chain_ops plain_chain_ops;

#endif
