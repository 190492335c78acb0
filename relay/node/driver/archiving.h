/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/driver/archiving.h: which blobs a record names, for store/archive/archive.h, which
 * does not know what is in a record.
 *
 * Threads: that of archive_segment. */
#ifndef SLUICE_RELAY_NODE_DRIVER_ARCHIVING_H
#define SLUICE_RELAY_NODE_DRIVER_ARCHIVING_H

#include "store/archive/archive.h"

struct archiving; /* owned by who made it */

MUST_USE enum status archiving_new(struct archiving **ret_archiving); /* STATUS_NO_MEMORY */
/* Accepts NULL, returns NULL. */
struct archiving *archiving_free(struct archiving *archiving);

/* Borrows `archiving` for as long as the options are used. */
struct archive_options archiving_options(struct archiving *archiving, uint64_t keep_records);

#endif
