/* SPDX-License-Identifier: Apache-2.0 */
/* relay/base/address_text.h: addresses of any family, as people write them.
 *
 * The reference agents read them so wherever a list of theirs has one
 * (hyperlane-core/src/utils.rs, hex_or_base58_or_bech32_to_h256):
 *
 *   0x and hexadecimal   20 bytes, left-padded, or 32 (EVM)
 *   bech32, bech32m      BIP-173 and BIP-350, any prefix, at most 32 bytes, left-padded (Cosmos)
 *   base58               exactly 32 bytes (Solana)
 *
 * Tried in that order, and hexadecimal without 0x last, which they do not take. Ours refuses what
 * they let pass in bech32: an address of no bytes, and padding that is not zero. Threads: none. */
#ifndef SLUICE_RELAY_BASE_ADDRESS_TEXT_H
#define SLUICE_RELAY_BASE_ADDRESS_TEXT_H

#include "relay/base/bytes.h"

/* Any bytes. STATUS_MALFORMED: none of these. */
MUST_USE enum status address_text_read(struct bytes text, struct address *ret_address);

#endif
