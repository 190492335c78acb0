/* SPDX-License-Identifier: Apache-2.0 */
/* relay/mandate/canonical.h: one object of strings as canonical JSON (RFC 8785), for hashing.
 *
 * Members are sorted by the UTF-16 code units of their keys; strings are escaped as little as
 * JSON allows; there is no white space. Values are strings alone: every number of a mandate is
 * written as decimal text, so the RFC's numbers, which are doubles, never touch money.
 *
 * Threads: none; pure. Memory: the caller's; `members` are sorted in place. */
#ifndef SLUICE_RELAY_MANDATE_CANONICAL_H
#define SLUICE_RELAY_MANDATE_CANONICAL_H

#include "relay/base/bytes.h"

struct canonical_member {
    struct bytes key; /* UTF-8 */
    struct bytes value;
};

/* Appends the object. STATUS_MALFORMED: a key or value is no UTF-8, or two keys are the same.
 * STATUS_FULL: it does not fit; nothing can be said about what was appended then. */
MUST_USE enum status canonical_object(struct canonical_member *members, size_t count,
                                      struct buffer *buffer);

#endif
