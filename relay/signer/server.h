/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/server.h: the signer's Unix socket and its loop.
 *
 * One thread, at most SERVER_CONNECTIONS_MAX peers, each with bounded buffers: a peer that does not
 * read its replies is not read from. What waits for a key elsewhere holds up nobody: its answer is
 * sent when it comes, behind others that were asked later. Only this process's own user, and one
 * more user when it is configured, may connect. What all peers ask at one moment shares one sync of
 * the watermark.
 *
 * Threads: one. */
#ifndef SLUICE_RELAY_SIGNER_SERVER_H
#define SLUICE_RELAY_SIGNER_SERVER_H

#include <signal.h>

#include "relay/signer/signer.h"

#define SERVER_CONNECTIONS_MAX 8u
#define SERVER_BATCH_MAX       64u                   /* requests that share one sync */
#define SERVER_WAITING_MAX     KEY_QUESTIONS_ALL_MAX /* answers that come later */

struct server; /* opaque */

struct server_options {
    const char *socket; /* at most 107 bytes; its folder belongs to this user alone */
    bool has_client_uid;
    uint32_t client_uid; /* may connect too; the folder and the socket open to its group then */
};

/* Binds and listens. STATUS_BUSY: another signer serves this socket. STATUS_REFUSED: the folder is
 * open to others. STATUS_READ_ONLY, STATUS_IO, STATUS_NO_MEMORY. A socket that nobody serves is
 * replaced; any other file of that name is STATUS_REFUSED. */
MUST_USE enum status server_open(const struct server_options *options, struct server **ret_server);
/* Closes all connections and removes the socket. Accepts NULL, returns NULL. */
struct server *server_close(struct server *server);

/* Who decides. */
struct server_work {
    void *context;
    /* As signer_answer, signer_settle and signer->ended (relay/signer/signer.h). */
    void (*answer)(void *context, const struct wire_request *request, struct instant now,
                   struct signer_answer *ret_answer);
    void (*settle)(void *context, struct signer_answer *answers, uint32_t answers_count);
    enum status (*ended)(const void *context);
    /* Of answers that come later; both NULL: there are none. As key_holder_watch with
     * key_holder_deadline_ns, and as signer_next. */
    uint32_t (*watch)(const void *context, struct pollfd polls[KEY_PLACES_MAX],
                      uint64_t *ret_deadline_ns);
    bool (*next)(void *context, struct signer_answer *ret_answer);
};

/* Serves until `*stop` is not zero (STATUS_OK) or the work ended (its status).
 * Signals that set `*stop` are blocked by the caller and delivered under `wait_mask`. */
MUST_USE enum status server_run(struct server *server, const struct server_work *work,
                                const volatile sig_atomic_t *stop, const sigset_t *wait_mask);

#endif
