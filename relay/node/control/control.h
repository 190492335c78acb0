/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/control/control.h: how people reach a running node: a Unix socket of its user alone.
 *
 * One request and one answer per connection, each a u32 big-endian count and that many bytes of
 * JSON:
 *
 *     {"action": "approve", "subject": "0x...", "domain": 0, "reason": "..."}
 *     {"action": "approve", ..., "expires": 1790000000, "signature": "0x..."}  an approver's word
 *     {"code": 217, "level": 1, "text": "..."}        taken and durable: what the core said to it
 *     {"error": "..."}                                not taken
 *     {"action": "health"}                            journaled nowhere: control_health.h
 *
 * The peer's uid comes from the kernel and is journaled with the request; only our own and root's
 * are served. The answer is written after the request is durable.
 *
 * Threads: the server's calls are the loop's; control_ask blocks and is for the command line. */
#ifndef SLUICE_RELAY_NODE_CONTROL_CONTROL_H
#define SLUICE_RELAY_NODE_CONTROL_CONTROL_H

#include <libwebsockets.h>

#include "relay/node/control/control_health.h"
#include "relay/node/driver/driver.h"

#define CONTROL_FRAME_BYTES_MAX 8192u
#define CONTROL_PEERS_MAX       16u

struct control;

struct control_handler {
    void *context;
    /* A request; `ticket` names it until control_answer. STATUS_FULL: too many at once. */
    enum status (*asked)(void *context, const struct event *operator_event, uint64_t ticket);
    /* How the node is (control_health.h); answered at once. `*ret_health` is empty at first. */
    void (*health)(void *context, struct control_health *ret_health);
};

/* The loop's context offers both. */
extern const struct lws_protocols control_protocol;
extern const struct lws_protocols control_peer_protocol;

/* Listens on `path`, whose folder exists; a socket that a dead node left there is replaced. `path`
 * is borrowed for the server's life. STATUS_BUSY: something else is in its place; STATUS_IO. */
MUST_USE enum status control_open(struct lws_vhost *vhost, const char *path,
                                  const struct control_handler *handler,
                                  struct control **ret_control);
/* Removes the socket. After the context was destroyed. Accepts NULL, returns NULL. */
struct control *control_close(struct control *control);
/* The request is durable: tell the peer, if it still waits. */
void control_answer(struct control *control, uint64_t ticket, const struct driver_answer *answer);

/* ---- for the command line ---- */

struct control_reply {
    uint32_t code; /* enum reason of what the core said; REASON_NONE: nothing to say */
    enum note_level level;
    char text[REASON_BYTES_MAX * 4];
};

struct control_question {
    enum operator_action action;
    uint32_t domain;
    struct hash subject;
    const char *reason;
    uint64_t expires_s; /* OPERATOR_APPROVE_PLAN: of `signature`; 0: none */
    struct signature signature;
};

/* Asks the node behind `path` and waits for its answer. STATUS_UNREACHABLE: no node listens there;
 * STATUS_TIMEOUT: it does not answer: whether the request was taken is unknown; STATUS_REFUSED: not
 * taken, `ret_reply->text` says why; STATUS_MALFORMED: what answers is not a node. */
MUST_USE enum status control_ask(const char *path, const struct control_question *question,
                                 struct control_reply *ret_reply);

#endif
