/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/driver/row_source.h: the journal's rows as the core reads them.
 *
 * Threads: those of the reader. The reader's owner refreshes it between steps. */
#ifndef SLUICE_RELAY_NODE_DRIVER_ROW_SOURCE_H
#define SLUICE_RELAY_NODE_DRIVER_ROW_SOURCE_H

#include "relay/core/rows.h"
#include "store/journal.h"

/* Borrows `reader` for the source's life. */
struct row_source row_source_from_journal(struct journal_reader *reader);

#endif
