/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/stores/remote.h: the thread that reads checkpoint stores over HTTPS (S3-compatible
 * ones and Google's), writes ours to S3, and asks the servers that security modules name
 * (ERC-3668).
 *
 * Of every store it knows for a while whether the validator raised its reorg flag, which index is
 * its newest, what was read and what was not there, so that many messages cost a store few
 * requests. A flag that cannot be read is unknown: the store counts for nothing until it can, and
 * is asked again. A store that fails is left alone for longer each time, up to half a minute.
 *
 * Announced locations are anybody's words: they lead to the public internet alone
 * (web_client.h), unless the configuration names a server of its own for their kind.
 *
 * Threads: created, asked and freed by the loop's. The thread itself starts with the first
 * request: a node without such stores has none. */
#ifndef SLUICE_RELAY_NODE_STORES_REMOTE_H
#define SLUICE_RELAY_NODE_STORES_REMOTE_H

#include "relay/node/driver/driver.h"
#include "relay/sigv4/sigv4.h"

#define REMOTE_FETCHES_MAX   4096u /* waiting for their object */
#define REMOTE_URL_BYTES_MAX 256u
#define REMOTE_WAIT_MS       2000u  /* for an object that is not there yet */
#define REMOTE_DEADLINE_MS   10000u /* of one request */

/* Borrowed for the life of the thread. */
struct remote_options {
    const char *tls_ca;       /* certificates trusted besides the system's; may be empty */
    const char *s3_endpoint;  /* another server than Amazon's, "https://host:port"; may be empty */
    const char *gcs_endpoint; /* another server than Google's; may be empty */
    const char *build_id;     /* of the binary: in metadata_latest.json */
    const struct sigv4_credentials *credentials; /* NULL: nothing is written */
    bool allow_private; /* also to addresses that are not of the public internet */
};

struct remote;

/* `wake` is called on the thread whenever an answer can be taken. NULL: no memory. */
struct remote *remote_new(const struct remote_options *options, void (*wake)(void *context),
                          void *context);
/* Ends the thread; requests not done are forgotten. Accepts NULL, returns NULL. */
struct remote *remote_free(struct remote *remote);

/* True for locations that this thread reads: s3:// and gs://. */
bool remote_serves(struct bytes location);
/* Copied. STATUS_FULL: too many at once. STATUS_NO_MEMORY: no thread. */
MUST_USE enum status remote_fetch(struct remote *remote, const struct driver_fetch *request);
MUST_USE enum status remote_publish(struct remote *remote, const struct driver_publish *request);

MUST_USE enum status remote_lookup(struct remote *remote, const struct driver_lookup *request);

/* The next answer: EVENT_CHECKPOINT, EVENT_PUBLISHED or EVENT_LOOKUP_ANSWER. */
struct remote_event {
    struct event event; /* points to the metadata beside it, or to nothing */
    uint8_t metadata[METADATA_BYTES_MAX];
};
/* False: none. */
bool remote_take(struct remote *remote, struct remote_event *ret_event);

#endif
