/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/control/control_json.h: the bytes of the control socket. Threads: none; pure. */
#ifndef SLUICE_RELAY_NODE_CONTROL_CONTROL_JSON_H
#define SLUICE_RELAY_NODE_CONTROL_CONTROL_JSON_H

#include "relay/core/event.h"

struct control_request {
    enum operator_action action;
    uint32_t domain;
    struct hash subject;
    char reason[REASON_BYTES_MAX + 1];
    uint64_t expires_s; /* with "approve": of `signature`; 0: none */
    struct signature signature;
};

void control_frame_header(uint32_t count, uint8_t ret_header[4]);
uint32_t control_frame_count(const uint8_t header[4]);

/* "approve", "pause", ...; NULL: no such action. */
const char *control_action_word(enum operator_action action);
/* STATUS_MALFORMED: not a request, or an action that is not known. */
MUST_USE enum status control_request_parse(struct bytes text, struct control_request *ret_request);
/* Text that may hold any bytes, as printable ASCII with a NUL; cut to fit. */
void control_text_escape(struct bytes text, size_t capacity, char *ret_text);

#endif
