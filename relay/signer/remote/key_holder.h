/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/remote/key_holder.h: keys that are elsewhere, behind a process of their own.
 *
 * The signer has no network. What reaches a key over one is a child that is begun before the signer
 * reads any secret, has no file of the signer's open, and is confined by a filter of its own
 * (relay/signer/sandbox.h): it may connect, and neither start a program nor write a file. It is not
 * believed: a signature that comes back is compared with the key's address here, before anybody
 * sees it.
 *
 *   signer ── digest and what was hashed ──▶ child ── HTTP or HTTPS ──▶ the key
 *          ◀── r and s, or why not ──────────
 *
 * Promises:
 *   1. What is handed out is a signature over that digest by that address, with s in the lower
 * half.
 *   2. A question ends: a key that does not answer in its time costs that time and no more.
 *   3. A late answer is nobody's: it is never taken for the next question's.
 *
 * Threads: one owner. */
#ifndef SLUICE_RELAY_SIGNER_REMOTE_KEY_HOLDER_H
#define SLUICE_RELAY_SIGNER_REMOTE_KEY_HOLDER_H

#include "relay/base/signature.h"
#include "relay/signer/remote/key_place.h"

#define KEY_WHY_BYTES 160u

struct key_holder; /* opaque */

/* Begins the child for the keys that are elsewhere; those in keystores are passed over. `places`
 * must outlive it. STATUS_OK with NULL: there is none. STATUS_NO_MEMORY, STATUS_IO. */
MUST_USE enum status key_holder_open(const struct key_place *places, uint32_t places_count,
                                     struct key_holder **ret_holder);
/* Ends the child. Accepts NULL, returns NULL. */
struct key_holder *key_holder_close(struct key_holder *holder);

struct key_question {
    uint32_t index; /* of the place */
    struct hash digest;
    struct bytes preimage; /* its Keccak-256 is the digest; at most WIRE_TRANSACTION_BYTES_MAX */
};

/* Asks for a signature. STATUS_TIMEOUT, STATUS_UNREACHABLE, STATUS_NOT_FOUND, STATUS_MALFORMED:
 * there is none, and asking again may help. STATUS_REFUSED: what came back is no signature of this
 * key. STATUS_IO: the child has ended; nothing will answer any more. `ret_why` says what in words.
 */
MUST_USE enum status key_holder_sign(struct key_holder *holder, const struct key_question *question,
                                     struct signature *ret_signature, char ret_why[KEY_WHY_BYTES]);
/* Does the key answer? Signs a text that no chain takes for anything. Statuses as above. */
MUST_USE enum status key_holder_try(struct key_holder *holder, uint32_t index,
                                    char ret_why[KEY_WHY_BYTES]);

/* The signature over `digest` by `address` with these r and s, in either half. STATUS_REFUSED: they
 * are none. */
MUST_USE enum status signature_complete(const struct hash *digest, const struct address *address,
                                        const uint8_t r_and_s[64], struct signature *ret_signature);

#endif
