/* SPDX-License-Identifier: Apache-2.0 */
/* relay/hyperlane/deliveries.h: several deliveries as one run of bytes: what one transaction of a
 * batch contract hands to Mailbox.process, one after the other.
 *
 * Each is metadata and message, both behind their length (u32, big-endian). Together, with
 * DELIVERY_EXTRA_BYTES for each, they take at most DELIVERIES_BYTES_MAX, so that whatever holds the
 * largest single delivery holds the largest run too.
 *
 * Threads: none; pure functions. What is read is borrowed from the run. */
#ifndef SLUICE_RELAY_HYPERLANE_DELIVERIES_H
#define SLUICE_RELAY_HYPERLANE_DELIVERIES_H

#include <stdbool.h>

#include "relay/base/bytes.h"
#include "relay/base/limits.h"

struct delivery {
    struct bytes metadata; /* at most METADATA_BYTES_MAX */
    struct bytes message;  /* at most MESSAGE_BYTES_MAX */
};

/* What a delivery takes up of DELIVERIES_BYTES_MAX. */
size_t delivery_size(const struct delivery *delivery);

/* STATUS_FULL: no room in the buffer, which is unchanged then. */
MUST_USE enum status deliveries_append(const struct delivery *delivery, struct buffer *buffer);

/* The first of `*rest`, which is then what follows it. False: there is none, or what is there is
 * not one; `*rest` is unchanged. */
MUST_USE bool deliveries_next(struct bytes *rest, struct delivery *ret_delivery);

/* STATUS_MALFORMED: not a run of 2 to DELIVERIES_MAX deliveries, or larger than one may be. */
MUST_USE enum status deliveries_check(struct bytes run, uint32_t *ret_count);

#endif
