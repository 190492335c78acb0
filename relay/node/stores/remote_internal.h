/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/stores/remote_internal.h: what the thread of remote stores is made of: remote.c (the
 * thread), remote_read.c (other validators' stores), remote_write.c (ours), remote_lookup.c
 * (servers that security modules name). Everything but the queues belongs to the thread. */
#ifndef SLUICE_RELAY_NODE_STORES_REMOTE_INTERNAL_H
#define SLUICE_RELAY_NODE_STORES_REMOTE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "relay/node/process/thread_queue.h"
#include "relay/node/stores/remote.h"
#include "relay/node/stores/store_location.h"
#include "relay/node/web/web_client.h"

struct remote_reader;
struct remote_writer;
struct remote_lookups;

struct remote {
    struct remote_options options;
    pthread_t thread;
    bool runs;
    atomic_bool ending;
    struct thread_queue *requests;
    struct thread_queue *answers;
    pthread_mutex_t wake_lock; /* guards `context`, which requests wake */
    struct lws_context *context;
    struct web_client *web;
    struct remote_reader *reader;
    struct remote_writer *writer;
    struct remote_lookups *lookups;
};

void remote_answer(struct remote *remote, const struct event *event);
/* EVENT_LOOKUP_ANSWER with its metadata. */
void remote_answer_with(struct remote *remote, const struct event *event, struct bytes metadata);
/* The endpoint of a kind of store that the configuration names; empty: the provider's. */
const char *remote_endpoint(const struct remote *remote, enum store_kind kind);
/* A GET or PUT of an object. False: it has no address. */
bool remote_ask(struct remote *remote, const struct store_location *location, const char *name,
                size_t reply_bytes_max, const struct web_handler *handler);

/* NULL: no memory. */
struct remote_reader *remote_reader_new(struct remote *remote);
struct remote_reader *remote_reader_free(struct remote_reader *reader);
void remote_reader_fetch(struct remote_reader *reader, const struct driver_fetch *request);
/* Lets time pass. True: something waits, and wants it again soon. */
bool remote_reader_tick(struct remote_reader *reader);

struct remote_writer *remote_writer_new(struct remote *remote);
struct remote_writer *remote_writer_free(struct remote_writer *writer);
void remote_writer_publish(struct remote_writer *writer, const struct driver_publish *request);

/* remote_lookup.c */
struct remote_lookups *remote_lookups_new(struct remote *remote);
struct remote_lookups *remote_lookups_free(struct remote_lookups *lookups);
void remote_lookups_ask(struct remote_lookups *lookups, const struct driver_lookup *request);
/* Lets time pass. True: something waits, and wants it again soon. */
bool remote_lookups_tick(struct remote_lookups *lookups);

#endif
