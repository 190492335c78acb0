/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/journal_log/log_site.h: a journal's log by HTTP path, the same paths and bytes as an
 * export (store/log/export.h): /checkpoint, /tile/..., /blobs/.... Only what the newest stored
 * checkpoint covers is there. Paths are parsed, never looked up in a file system.
 *
 * Threads: any one at a time; opens a reader of its own for each call. */
#ifndef SLUICE_RELAY_NODE_JOURNAL_LOG_LOG_SITE_H
#define SLUICE_RELAY_NODE_JOURNAL_LOG_LOG_SITE_H

#include "relay/node/web/http.h"
#include "store/journal.h"

void log_site_serve(struct journal *journal, struct bytes path, struct http_answer *ret_answer);

#endif
