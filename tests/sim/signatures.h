/* SPDX-License-Identifier: Apache-2.0 */
/* tests/sim/signatures.h: what test_key_sign makes, made once. Threads: one. */
#ifndef SLUICE_TESTS_SIM_SIGNATURES_H
#define SLUICE_TESTS_SIM_SIGNATURES_H

#include "relay/base/signature.h"

struct signature signatures_make(uint8_t key, const struct hash *digest);

#endif
