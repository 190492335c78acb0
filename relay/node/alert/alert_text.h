/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/alert/alert_text.h: a notice as what people and programs get: a JSON object, and a
 * mail.
 *
 *     {"alert": "quorum_lost", "state": "firing", "severity": "page", "node": "relayer",
 *      "subject": "alpha", "at": "2026-11-23T14:00:00.000Z", "lasted_seconds": 60,
 *      "what": "...", "detail": "...", "did": "...", "todo": "...", "runbook": "...#...",
 *      "others": 2, "untold": 0, "text": "one line of all that matters"}
 *
 * `detail` may hold words of strangers: it is printable ASCII. Threads: none. */
#ifndef SLUICE_RELAY_NODE_ALERT_ALERT_TEXT_H
#define SLUICE_RELAY_NODE_ALERT_ALERT_TEXT_H

#include <jansson.h>

#include "relay/node/alert/alert.h"

/* Owned by the caller; NULL: no memory. */
json_t *alert_json(const struct alert_notice *notice, const char *node, struct instant at);

struct alert_mail {
    const char *from;
    const char *to;
};
/* Headers and body, for sendmail. STATUS_FULL. */
MUST_USE enum status alert_mail(const json_t *alert, const struct alert_mail *mail,
                                struct buffer *buffer);

#endif
