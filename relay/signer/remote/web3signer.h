/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/remote/web3signer.h: a key that Web3Signer holds.
 *
 *   GET  /api/v1/eth1/publicKeys          which keys it has, by their public keys
 *   POST /api/v1/eth1/sign/{identifier}   {"data":"0x..."}: it hashes what it is given (Keccak-256)
 *
 * It hashes by itself, so it is given what was hashed and not the digest.
 *
 * Threads: one owner. */
#ifndef SLUICE_RELAY_SIGNER_REMOTE_WEB3SIGNER_H
#define SLUICE_RELAY_SIGNER_REMOTE_WEB3SIGNER_H

#include "relay/signer/remote/key_place.h"

struct web3signer; /* opaque */

/* Connects to nobody. STATUS_NOT_FOUND: the authority's file cannot be loaded. STATUS_NO_MEMORY. */
MUST_USE enum status web3signer_open(const struct key_place *place,
                                     struct web3signer **ret_web3signer);
/* Accepts NULL, returns NULL. */
struct web3signer *web3signer_close(struct web3signer *web3signer);

/* Does it have the key of the configured address? STATUS_NOT_FOUND: no. Else as https_ask;
 * `ret_why` says it in words, in static memory. */
MUST_USE enum status web3signer_find(struct web3signer *web3signer, const char **ret_why);
/* Signs the Keccak-256 of `preimage`. Nothing is promised about the bytes that come back. */
MUST_USE enum status web3signer_sign(struct web3signer *web3signer, struct bytes preimage,
                                     uint8_t ret_signature[KEY_SIGNATURE_BYTES],
                                     const char **ret_why);

/* Of the public keys in a reply, the one with this address, as the reply spells it.
 * STATUS_NOT_FOUND: none. STATUS_MALFORMED: it is no list of public keys. For web3signer_find, and
 * for tests. */
#define WEB3SIGNER_NAME_BYTES_MAX 133u
MUST_USE enum status web3signer_read_keys(struct bytes json, const struct address *address,
                                          char ret_name[WEB3SIGNER_NAME_BYTES_MAX]);
/* "0x" and 130 hexadecimal digits: r, s and v, which is left out. STATUS_MALFORMED. */
MUST_USE enum status web3signer_read_signature(struct bytes text,
                                               uint8_t ret_signature[KEY_SIGNATURE_BYTES]);

#endif
