/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/remote/token.h: a key in a token (a hardware module, a smart card, SoftHSM) that a
 * PKCS#11 module reaches.
 *
 * The module is its vendor's code, so it lives in a child that reaches this key and nothing else.
 * It starts before that child is confined, because many load libraries or connect to a daemon then;
 * afterwards it reads files and uses what it has open.
 * It is given digests, signs them with CKM_ECDSA and gives r and s (PKCS #11 v2.40, section 2.3.1).
 * The PIN is read from its file for each login and wiped; one that the token refused is not tried
 * again by this process, because tokens count that.
 *
 * Threads: one owner; the module is told to begin none. */
#ifndef SLUICE_RELAY_SIGNER_REMOTE_TOKEN_H
#define SLUICE_RELAY_SIGNER_REMOTE_TOKEN_H

#include "relay/signer/remote/key_place.h"

struct token; /* opaque */

/* Loads and starts the module; whether the start went well, token_find says. `place` must outlive
 * it. STATUS_NOT_FOUND: it cannot be loaded, or is no PKCS#11 module. STATUS_NO_MEMORY. */
MUST_USE enum status token_open(const struct key_place *place, struct token **ret_token);
/* Accepts NULL, returns NULL. */
struct token *token_close(struct token *token);

/* Is its key that of the configured address? Opens a session and logs in if there is none.
 * STATUS_NOT_FOUND: no such token or key. STATUS_REFUSED: another key, or the PIN is not taken.
 * STATUS_MALFORMED: the key is not on secp256k1. STATUS_UNREACHABLE: the module says that something
 * failed. `ret_why` says it in words, in memory that stays until the next call. */
MUST_USE enum status token_find(struct token *token, const char **ret_why);
/* Signs `digest`. A session that was lost is opened again, once. Statuses as above; nothing is
 * promised about the bytes, s may be in either half. */
MUST_USE enum status token_sign(struct token *token, const struct hash *digest,
                                uint8_t ret_signature[KEY_SIGNATURE_BYTES], const char **ret_why);

/* What CKA_EC_POINT of a public key on secp256k1 says: an OCTET STRING, or, as some modules have
 * it, what is in one. STATUS_MALFORMED: something else. For token_find, and for tests. */
MUST_USE enum status token_read_point(struct bytes point, struct address *ret_address);

#endif
