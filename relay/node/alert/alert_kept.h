/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/alert/alert_kept.h: what people were told and has not ended, over a restart: a small
 * file in the node's data folder.
 *
 *     sluice alerts 1
 *     chain_stopped 1790000000 1790000060 616c706861
 *
 * A line is an alert's name, when it was first seen and last told (seconds of the calendar), and
 * its subject in hexadecimal, `-` for none. The file is no evidence and needs no sync: without it,
 * or with one that is damaged, what is still wrong is told again, which is the safe side.
 *
 * Threads: none. */
#ifndef SLUICE_RELAY_NODE_ALERT_ALERT_KEPT_H
#define SLUICE_RELAY_NODE_ALERT_ALERT_KEPT_H

#include "relay/node/alert/alert.h"

/* A name, two times, a subject, and what is between them. */
#define ALERT_KEPT_LINE_BYTES (64u + 2u * 20u + 2u * ALERT_SUBJECT_BYTES + 4u)
#define ALERT_KEPT_BYTES      (32u + ALERTS_MAX * ALERT_KEPT_LINE_BYTES)

/* The two clocks at one moment: alerts count by the first, the file by the second. */
struct alert_clocks {
    uint64_t now_ns; /* monotonic, not 0 */
    struct instant now;
};

/* What was told and has not ended, as text; `ret_text` has room for ALERT_KEPT_BYTES. */
void alert_kept_write(const struct alerts *alerts, const struct alert_clocks *clocks,
                      struct buffer *ret_text);
/* Takes such a text into `alerts` (alerts_init and nothing since): each counts as told, and ends
 * when it is not seen for `hold` from now. STATUS_MALFORMED: no such text; nothing was taken. */
MUST_USE enum status alert_kept_read(struct alerts *alerts, const struct alert_clocks *clocks,
                                     struct bytes text);

/* The same with the file in `folder`. STATUS_NOT_FOUND: none yet; STATUS_MALFORMED; and those of
 * status_from_errno (store/durable.h). A file that is there is replaced whole or not at all. */
MUST_USE enum status alert_kept_load(struct alerts *alerts, const struct alert_clocks *clocks,
                                     const char *folder);
MUST_USE enum status alert_kept_save(const struct alerts *alerts, const struct alert_clocks *clocks,
                                     const char *folder);

#endif
