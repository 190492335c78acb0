/* SPDX-License-Identifier: Apache-2.0 */
/* relay/base/signature.h: public-key operations that need no secret.
 *
 * Threads: the any; the library context is static and read-only. */
#ifndef SLUICE_RELAY_BASE_SIGNATURE_H
#define SLUICE_RELAY_BASE_SIGNATURE_H

#include "relay/base/bytes.h"

/* r || s || v with v 27 or 28, as Hyperlane and Ethereum's personal signatures write it. */
struct signature {
    uint8_t bytes[65];
};

/* No signature is all zeroes. */
bool signature_is_zero(const struct signature *signature);

/* The EVM address (left-padded) whose key made `signature` over `digest`.
 * STATUS_MALFORMED: v is not 27 or 28, r or s out of range, s not in the lower half, or no key. */
MUST_USE enum status signature_recover(const struct hash *digest, const struct signature *signature,
                                       struct address *ret_signer);

#endif
