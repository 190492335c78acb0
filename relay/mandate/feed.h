/* SPDX-License-Identifier: Apache-2.0 */
/* relay/mandate/feed.h: how a mandate names where a price comes from:
 *
 *     chainlink:CHAIN:0xADDRESS
 *
 * a contract with the interface of Chainlink's aggregators, of whichever maker, on a chain of the
 * mandate. Threads: none. */
#ifndef SLUICE_RELAY_MANDATE_FEED_H
#define SLUICE_RELAY_MANDATE_FEED_H

#include <stdbool.h>

#include "relay/base/bytes.h"
#include "relay/base/limits.h"

/* False: it names none. */
bool mandate_feed_read(const char *text, char ret_chain[NAME_BYTES_MAX],
                       struct address *ret_address);

#endif
