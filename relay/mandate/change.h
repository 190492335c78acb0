/* SPDX-License-Identifier: Apache-2.0 */
/* relay/mandate/change.h: what a new mandate changes, line by line, and who may change it.
 *
 * A change that only tightens needs nobody. Anything else (looser, or neither) needs signatures of
 * the people whom the mandate in force names under `change.signers`, as many as it says, over the
 * hashes of both mandates, and has to have been known for as long as it says.
 *
 * Threads: none. Memory: the caller's. */
#ifndef SLUICE_RELAY_MANDATE_CHANGE_H
#define SLUICE_RELAY_MANDATE_CHANGE_H

#include "relay/base/signature.h"
#include "relay/mandate/mandate.h"

#define MANDATE_CHANGE_TEXT_BYTES 256u

enum mandate_effect {
    MANDATE_TIGHTER = 0,
    MANDATE_LOOSER = 1,
    MANDATE_OTHER = 2, /* neither: counts as looser */
};

struct mandate_difference {
    const struct mandate_line *before; /* NULL: it is new */
    const struct mandate_line *after;  /* NULL: it is gone */
    enum mandate_effect effect;
};

struct mandate_change {
    struct mandate_lines before;
    struct mandate_lines after;
    struct mandate_difference *differences; /* by path */
    uint32_t count;
    bool only_tightens; /* also of no change at all */
};

/* Compares. Borrows both mandates until mandate_change_deinit. STATUS_NO_MEMORY. */
MUST_USE enum status mandate_compare(const struct mandate *before, const struct mandate *after,
                                     struct mandate_change *ret_change);
void mandate_change_deinit(struct mandate_change *change);
const char *mandate_effect_name(enum mandate_effect effect);

/* The text that is signed (EIP-191, a personal message); not ended by NUL. Returns its bytes. */
size_t mandate_change_text(const struct hash *before, const struct hash *after,
                           char ret_text[MANDATE_CHANGE_TEXT_BYTES]);
struct hash mandate_change_digest(const struct hash *before, const struct hash *after);
/* How many different people of `before`'s change.signers signed this change. */
uint32_t mandate_change_signed(const struct mandate *before, const struct hash *after,
                               const struct signature *signatures, uint32_t count);

#endif
