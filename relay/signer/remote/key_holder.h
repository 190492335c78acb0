/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/remote/key_holder.h: keys that are elsewhere, each behind a process of its own.
 *
 * The signer has no network. What reaches a key is a child that is begun before the signer reads
 * any secret, has no file of the signer's open, and is confined by a filter of its own
 * (relay/signer/sandbox.h): one that connects starts no program and writes no file. It is not
 * believed: a signature that comes back is compared with the key's address here, before anybody
 * sees it. Each key has a child and a queue of its own, so that one that is silent holds up no
 * other.
 *
 *   signer ── digest and what was hashed ──▶ child ── HTTP or HTTPS ──▶ the key
 *          ◀── r and s, or why not ──────────
 *
 *   key_holder_ask for each question; when what they rest on is durable key_holder_release, else
 *   key_holder_drop; then key_holder_next whenever one of key_holder_watch has something to say
 *   or key_holder_deadline_ns has passed
 *
 * Promises:
 *   1. What is handed out is a signature over that digest by that address, with s in the lower
 * half.
 *   2. A question ends: a key that does not answer in its time costs that time and no more, and
 *      other keys nothing.
 *   3. A late answer is nobody's: it is never taken for the next question's.
 *   4. Nothing of a question leaves this process before it is released.
 *
 * Threads: one owner. */
#ifndef SLUICE_RELAY_SIGNER_REMOTE_KEY_HOLDER_H
#define SLUICE_RELAY_SIGNER_REMOTE_KEY_HOLDER_H

#include <poll.h>

#include "proto/wire.h"
#include "relay/base/signature.h"
#include "relay/signer/remote/key_place.h"

#define KEY_WHY_BYTES         160u
#define KEY_QUESTIONS_MAX     16u  /* that wait for one key */
#define KEY_QUESTIONS_ALL_MAX 128u /* that wait for all of them together */
#define KEY_PLACES_MAX        WIRE_KEYS_MAX

struct key_holder; /* opaque */

/* Begins a child for each key that is elsewhere; those in keystores are passed over. `places` must
 * outlive it. STATUS_OK with NULL: there is none. STATUS_NO_MEMORY, STATUS_IO. */
MUST_USE enum status key_holder_open(const struct key_place *places, uint32_t places_count,
                                     struct key_holder **ret_holder);
/* Ends the children. Accepts NULL, returns NULL. */
struct key_holder *key_holder_close(struct key_holder *holder);

struct key_question {
    uint32_t index; /* of the place */
    struct hash digest;
    struct bytes preimage; /* its Keccak-256 is the digest; at most WIRE_TRANSACTION_BYTES_MAX */
};

/* How a question ended. STATUS_TIMEOUT, STATUS_UNREACHABLE, STATUS_NOT_FOUND, STATUS_MALFORMED:
 * there is no signature, and asking again may help. STATUS_REFUSED: what came back is no signature
 * of this key. STATUS_IO: the child has ended; nothing will answer any more. */
struct key_outcome {
    uint64_t ticket;
    enum status status;
    struct signature signature; /* with STATUS_OK */
    char why[KEY_WHY_BYTES];    /* else, in words */
};

/* Takes a question on (copied), which waits to be released. `ret_ticket`, never 0, comes back with
 * its outcome. STATUS_FULL: too many wait already. STATUS_NO_MEMORY. STATUS_IO: its child has
 * ended. */
MUST_USE enum status key_holder_ask(struct key_holder *holder, const struct key_question *question,
                                    uint64_t *ret_ticket);
/* What was asked since the last of these may leave now, or never will. */
void key_holder_release(struct key_holder *holder);
void key_holder_drop(struct key_holder *holder);

/* Where answers arrive: at most KEY_PLACES_MAX, for poll; returns how many. */
uint32_t key_holder_watch(const struct key_holder *holder, struct pollfd polls[KEY_PLACES_MAX]);
/* When the first question must be given up (CLOCK_MONOTONIC); UINT64_MAX: none waits. */
uint64_t key_holder_deadline_ns(const struct key_holder *holder);
/* The next question that ended; false: none for now. Never waits. */
bool key_holder_next(struct key_holder *holder, struct key_outcome *ret_outcome);
/* A child has ended, and with it what this process was begun with. */
bool key_holder_has_ended(const struct key_holder *holder);

/* Asks and waits; nothing else may be asked meanwhile. Statuses as of an outcome. */
MUST_USE enum status key_holder_sign(struct key_holder *holder, const struct key_question *question,
                                     struct signature *ret_signature, char ret_why[KEY_WHY_BYTES]);
/* Does the key answer? Signs a text that no chain takes for anything. Waits. */
MUST_USE enum status key_holder_try(struct key_holder *holder, uint32_t index,
                                    char ret_why[KEY_WHY_BYTES]);

/* The signature over `digest` by `address` with these r and s, in either half. STATUS_REFUSED: they
 * are none. */
MUST_USE enum status signature_complete(const struct hash *digest, const struct address *address,
                                        const uint8_t r_and_s[64], struct signature *ret_signature);

#endif
