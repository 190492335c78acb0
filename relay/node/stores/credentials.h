/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/stores/credentials.h: the file with what a store's requests are signed with.
 *
 * Threads: none. Secrets are wiped where they are not needed any more. */
#ifndef SLUICE_RELAY_NODE_STORES_CREDENTIALS_H
#define SLUICE_RELAY_NODE_STORES_CREDENTIALS_H

#include "relay/sigv4/sigv4.h"

/* STATUS_NOT_FOUND, STATUS_IO; STATUS_REFUSED: others may read the file; STATUS_MALFORMED: no
 * credentials in it. Ended by sigv4_credentials_wipe. */
MUST_USE enum status store_credentials_read(const char *path,
                                            struct sigv4_credentials *ret_credentials);

#endif
