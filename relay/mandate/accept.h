/* SPDX-License-Identifier: Apache-2.0 */
/* relay/mandate/accept.h: which mandate is in force when the file says another than before.
 *
 * The node and the signer each keep what they accepted in a folder of their own:
 *
 *   mandate.yaml     the text that is in force
 *   mandate.pending  the hash of a signed change that waits, and since when
 *
 * The first file is taken as it is. One that only tightens is taken at once. Any other waits: for
 * the signatures in FILE.signatures (one line of 0x and 130 digits each, as `sluice mandate sign`
 * prints them), by as many of the present signers as the present mandate says, and from when they
 * were first seen here for the present delay. Meanwhile the present mandate stays in force, so a
 * file that nobody signed loosens nothing.
 *
 * Threads: none; one process has a folder. Memory: the caller's. */
#ifndef SLUICE_RELAY_MANDATE_ACCEPT_H
#define SLUICE_RELAY_MANDATE_ACCEPT_H

#include "relay/mandate/change.h"

enum mandate_verdict {
    MANDATE_FIRST = 0,
    MANDATE_SAME = 1,
    MANDATE_TIGHTENED = 2,
    MANDATE_LOOSENED = 3, /* signed, and known long enough */
    MANDATE_UNSIGNED = 4, /* the one before stays in force */
    MANDATE_WAITING = 5,  /* signed; the one before stays in force for now */
};

struct mandate_acceptance {
    struct mandate *mandate; /* in force; the caller ends it with mandate_free */
    enum mandate_verdict verdict;
    struct hash offered; /* by the file */
    char text[256];      /* the verdict for people */
};

enum mandate_taking {
    MANDATE_LOOK = 0, /* nothing is written: what would be in force */
    MANDATE_TAKE = 1,
};

/* Decides by the file at `path` and what `folder` keeps, at Unix time `now_s`. STATUS_NOT_FOUND,
 * STATUS_IO: a file cannot be read or written. STATUS_MALFORMED: one is wrong. STATUS_NO_MEMORY.
 * `ret_error` is set on every failure. */
MUST_USE enum status mandate_accept(const char *folder, const char *path, uint64_t now_s,
                                    enum mandate_taking taking,
                                    struct mandate_acceptance *ret_acceptance,
                                    struct settings_error *ret_error);

#endif
