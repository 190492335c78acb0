/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/keystore.h: one key in a file under a passphrase: Web3 secret storage, version 3.
 *
 * Reads scrypt and PBKDF2-HMAC-SHA256 with AES-128-CTR and a Keccak-256 check, as wallets write
 * them; writes scrypt. A file is hostile until its check matches: sizes and costs are bounded
 * before any work is done, so no file can make a start take hours or all memory.
 *
 * Threads: none. Memory: the caller's; intermediate secrets are wiped on every path. */
#ifndef SLUICE_RELAY_SIGNER_KEYSTORE_H
#define SLUICE_RELAY_SIGNER_KEYSTORE_H

#include "relay/signer/ecdsa.h"

#define KEYSTORE_BYTES_MAX            16384u
#define KEYSTORE_PASSPHRASE_BYTES_MAX 1024u
#define KEYSTORE_MEMORY_BYTES_MAX     (512ull << 20) /* of scrypt; the usual cost takes 256 MiB */
#define KEYSTORE_WORK_MAX             (1ull << 23)   /* N * r * p; the usual cost is 2^21 */
#define KEYSTORE_ITERATIONS_MAX       10000000u      /* of PBKDF2; the usual count is 262,144 */

enum keystore_problem {
    KEYSTORE_OK = 0,
    KEYSTORE_TOO_LARGE,
    KEYSTORE_NOT_JSON,
    KEYSTORE_NOT_VERSION_3,
    KEYSTORE_MISSING_FIELD, /* or of another type, or of a wrong length */
    KEYSTORE_UNKNOWN_CIPHER,
    KEYSTORE_UNKNOWN_KDF,
    KEYSTORE_BAD_COST,   /* impossible parameters */
    KEYSTORE_TOO_COSTLY, /* beyond the ceilings above */
    KEYSTORE_NO_MEMORY,
    KEYSTORE_WRONG_PASSPHRASE, /* or damaged: the check cannot tell */
    KEYSTORE_NOT_A_KEY,        /* what came out is no secp256k1 key */
    KEYSTORE_OTHER_ADDRESS,    /* the file names another address than its key has */
};

/* A sentence's end for people, such as "the passphrase does not open it". Static memory. */
const char *keystore_problem_text(enum keystore_problem problem);

/* Opens the keystore `text`. Results are written on KEYSTORE_OK only. */
MUST_USE enum keystore_problem keystore_decode(const struct ecdsa *ecdsa, struct bytes text,
                                               struct bytes passphrase, struct secret *ret_secret,
                                               struct address *ret_address);

/* The address that the file claims, without opening it. KEYSTORE_MISSING_FIELD: it names none. */
MUST_USE enum keystore_problem keystore_read_address(struct bytes text,
                                                     struct address *ret_address);

struct keystore_cost {
    uint64_t n; /* a power of two */
    uint32_t r;
    uint32_t p;
};

/* What wallets write: 256 MiB and about a second. */
extern const struct keystore_cost keystore_cost_usual;

/* Writes a keystore for `secret` with fresh salt and vector; text and a newline go to `ret_text`.
 * KEYSTORE_TOO_LARGE: no room (2048 bytes are enough); KEYSTORE_NOT_A_KEY; KEYSTORE_NO_MEMORY;
 * KEYSTORE_BAD_COST, KEYSTORE_TOO_COSTLY. */
MUST_USE enum keystore_problem keystore_encode(const struct ecdsa *ecdsa,
                                               const struct secret *secret, struct bytes passphrase,
                                               const struct keystore_cost *cost,
                                               struct buffer *ret_text);

#endif
