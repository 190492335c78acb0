/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/mandate/feed.h"

#include <string.h>

#include "relay/base/hex.h"

#define KIND "chainlink:"

bool mandate_feed_read(const char *text, char ret_chain[NAME_BYTES_MAX],
                       struct address *ret_address)
{
    const size_t kind = sizeof(KIND) - 1;

    if (strncmp(text, KIND, kind) != 0) {
        return false;
    }
    const char *chain = text + kind;
    const char *colon = strchr(chain, ':');
    if (colon == NULL || colon == chain || (size_t)(colon - chain) >= NAME_BYTES_MAX ||
        hex_decode_address(bytes_from_string(colon + 1), ret_address) != STATUS_OK ||
        !address_is_evm(ret_address) || address_is_zero(ret_address)) {
        return false;
    }
    memset(ret_chain, 0, NAME_BYTES_MAX);
    memcpy(ret_chain, chain, (size_t)(colon - chain));
    return true;
}
