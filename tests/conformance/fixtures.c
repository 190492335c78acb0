/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/chain_fixture.h"
#include "tests/conformance/evm_script.h"
#include "tests/conformance/plain_fixture.h"

const struct chain_fixture *const chain_fixtures[] = {
    &evm_script_fixture,
    &plain_fixture,
    NULL,
};
