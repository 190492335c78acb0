/* SPDX-License-Identifier: Apache-2.0 */
/* tests/conformance/plain_fixture.h: the family that is not EVM. */
#ifndef SLUICE_TESTS_CONFORMANCE_PLAIN_FIXTURE_H
#define SLUICE_TESTS_CONFORMANCE_PLAIN_FIXTURE_H

#include "tests/conformance/chain_fixture.h"

extern const struct chain_fixture plain_fixture;

#endif
