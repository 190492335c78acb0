/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/chain_fixture.h"
#include "tests/conformance/evm_script.h"

const struct chain_fixture *const chain_fixtures[] = {
    &evm_script_fixture,
    NULL,
};
