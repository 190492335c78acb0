/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/stores/remote_internal.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/process/clock.h"
#include "relay/node/stores/checkpoint_store.h"
#include "relay/node/web/web_context.h"

#define REQUESTS_BYTES    ((size_t)4 << 20)
#define ANSWERS_BYTES     ((size_t)16 << 20)
#define CONNECT_TIMEOUT_S 8
#define FILES_OPEN_MAX    4096u
#define SERVICE_BYTES     65536u
#define TICK_US           (50 * LWS_US_PER_MS)
#define IDLE_US           (60 * LWS_US_PER_SEC)

enum request_kind {
    REQUEST_FETCH = 1,
    REQUEST_PUBLISH = 2,
    REQUEST_LOOKUP = 3,
};

/* The bytes it points to follow in the queue. */
struct remote_request {
    enum request_kind kind;
    union {
        struct driver_fetch fetch;
        struct driver_publish publish;
        struct driver_lookup lookup;
    };
};

#define ITEM_BYTES_MAX (LOOKUP_URLS_MAX * (LOOKUP_URL_BYTES_MAX + 1u) + LOOKUP_DATA_BYTES_MAX)

static_assert(offsetof(struct remote_event, metadata) == sizeof(struct event),
              "an answer is taken from the queue as it is");

struct remote_item {
    struct remote_request request;
    uint8_t bytes[ITEM_BYTES_MAX];
};

void remote_answer(struct remote *remote, const struct event *event)
{
    /* A full queue is a lost answer: the core asks again. */
    const enum status status =
        thread_queue_push(remote->answers, bytes_from(event, sizeof(*event)), (struct bytes){0});
    (void)status;
}

void remote_answer_with(struct remote *remote, const struct event *event, struct bytes metadata)
{
    const enum status status =
        thread_queue_push(remote->answers, bytes_from(event, sizeof(*event)), metadata);
    (void)status;
}

const char *remote_endpoint(const struct remote *remote, enum store_kind kind)
{
    return kind == STORE_GCS ? remote->options.gcs_endpoint : remote->options.s3_endpoint;
}

bool remote_ask(struct remote *remote, const struct store_location *location, const char *name,
                size_t reply_bytes_max, const struct web_handler *handler)
{
    const char *const endpoint = remote_endpoint(remote, location->kind);
    char text[STORE_URL_BYTES_MAX];
    struct web_request request = {.method = "GET",
                                  .reply_bytes_max = reply_bytes_max,
                                  .deadline_ms = REMOTE_DEADLINE_MS,
                                  .allow_private =
                                      endpoint[0] != '\0' || remote->options.allow_private,
                                  .handler = *handler};

    if (store_object_url(location, endpoint, name, text) != STATUS_OK ||
        web_url_parse(bytes_from_string(text), &request.url) != STATUS_OK) {
        return false;
    }
    web_client_ask(remote->web, &request);
    return true;
}

/* ---- the thread ---- */

static struct lws_context *context_new(struct lws_vhost **ret_vhost)
{
    static const struct lws_protocols *const protocols[] = {&web_client_protocol, NULL};
    const struct web_context_options options = {.protocols = protocols,
                                                .files_max = FILES_OPEN_MAX,
                                                .service_bytes = SERVICE_BYTES,
                                                .connect_s = CONNECT_TIMEOUT_S};

    return web_context_new(&options, ret_vhost);
}

static void take_requests(struct remote *remote)
{
    struct remote_item item;
    struct buffer memory = buffer_from(&item, sizeof(item));

    while (thread_queue_take(remote->requests, 0, &memory) == STATUS_OK) {
        const struct bytes location = {item.bytes, memory.count - sizeof(item.request)};
        switch (item.request.kind) {
        case REQUEST_FETCH:
            item.request.fetch.location = location;
            remote_reader_fetch(remote->reader, &item.request.fetch);
            break;
        case REQUEST_PUBLISH:
            item.request.publish.location = location;
            remote_writer_publish(remote->writer, &item.request.publish);
            break;
        case REQUEST_LOOKUP:
            item.request.lookup.urls.data = item.bytes;
            item.request.lookup.call_data.data = item.bytes + item.request.lookup.urls.count;
            remote_lookups_ask(remote->lookups, &item.request.lookup);
            break;
        }
        memory = buffer_from(&item, sizeof(item));
    }
}

static void timer_fired(lws_sorted_usec_list_t *timer)
{
    (void)timer; /* its only work is to end the wait */
}

static void serve(struct remote *remote)
{
    lws_sorted_usec_list_t timer;

    memset(&timer, 0, sizeof(timer));
    while (!atomic_load(&remote->ending)) {
        take_requests(remote);
        web_client_service(remote->web);
        const bool reads = remote_reader_tick(remote->reader);
        const bool waits = remote_lookups_tick(remote->lookups) || reads;
        lws_sul_schedule(remote->context, 0, &timer, timer_fired, waits ? TICK_US : IDLE_US);
        if (lws_service(remote->context, 0) < 0) {
            break;
        }
    }
    lws_sul_cancel(&timer);
}

static void *remote_run(void *context)
{
    struct remote *const remote = context;
    struct lws_vhost *vhost = NULL;
    struct lws_context *const own = context_new(&vhost);

    if (own == NULL) {
        return NULL; /* what is asked stays unknown */
    }
    remote->web = web_client_new(own, vhost, remote->options.tls_ca);
    remote->reader = remote_reader_new(remote);
    remote->writer = remote_writer_new(remote);
    remote->lookups = remote_lookups_new(remote);
    CHECK(pthread_mutex_lock(&remote->wake_lock) == 0);
    remote->context = own;
    CHECK(pthread_mutex_unlock(&remote->wake_lock) == 0);
    if (remote->web != NULL && remote->reader != NULL && remote->writer != NULL &&
        remote->lookups != NULL) {
        serve(remote);
    }
    CHECK(pthread_mutex_lock(&remote->wake_lock) == 0);
    remote->context = NULL;
    CHECK(pthread_mutex_unlock(&remote->wake_lock) == 0);
    web_client_stop(remote->web);
    lws_context_destroy(own);
    remote->web = web_client_free(remote->web);
    remote->reader = remote_reader_free(remote->reader);
    remote->writer = remote_writer_free(remote->writer);
    remote->lookups = remote_lookups_free(remote->lookups);
    return NULL;
}

/* ---- the loop's side ---- */

bool remote_serves(struct bytes location)
{
    return bytes_have_prefix(location, bytes_from_string("s3://")) ||
           bytes_have_prefix(location, bytes_from_string("gs://"));
}

static void wake_thread(void *context)
{
    struct remote *const remote = context;

    CHECK(pthread_mutex_lock(&remote->wake_lock) == 0);
    if (remote->context != NULL) {
        lws_cancel_service(remote->context);
    }
    CHECK(pthread_mutex_unlock(&remote->wake_lock) == 0);
}

static enum status remote_push(struct remote *remote, const struct remote_request *request,
                               struct bytes bytes)
{
    if (!remote->runs) {
        if (pthread_create(&remote->thread, NULL, remote_run, remote) != 0) {
            return STATUS_NO_MEMORY;
        }
        remote->runs = true;
    }
    return thread_queue_push(remote->requests, bytes_from(request, sizeof(*request)), bytes);
}

enum status remote_fetch(struct remote *remote, const struct driver_fetch *request)
{
    struct remote_request item = {.kind = REQUEST_FETCH};

    if (request->location.count > LOCATION_BYTES_MAX) {
        return STATUS_MALFORMED;
    }
    item.fetch = *request;
    return remote_push(remote, &item, request->location);
}

enum status remote_publish(struct remote *remote, const struct driver_publish *request)
{
    struct remote_request item = {.kind = REQUEST_PUBLISH};

    if (request->location.count > LOCATION_BYTES_MAX) {
        return STATUS_MALFORMED;
    }
    item.publish = *request;
    return remote_push(remote, &item, request->location);
}

enum status remote_lookup(struct remote *remote, const struct driver_lookup *request)
{
    struct remote_request item = {.kind = REQUEST_LOOKUP};
    uint8_t memory[ITEM_BYTES_MAX];
    struct buffer bytes = buffer_from(memory, sizeof(memory));

    if (buffer_append(&bytes, request->urls) != STATUS_OK ||
        buffer_append(&bytes, request->call_data) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    item.lookup = *request;
    return remote_push(remote, &item, buffer_bytes(&bytes));
}

bool remote_take(struct remote *remote, struct remote_event *ret_event)
{
    struct buffer memory = buffer_from(ret_event, sizeof(*ret_event));

    if (thread_queue_take(remote->answers, 0, &memory) != STATUS_OK) {
        return false;
    }
    if (ret_event->event.kind == EVENT_LOOKUP_ANSWER) {
        ret_event->event.lookup_answer.metadata =
            bytes_from(ret_event->metadata, memory.count - sizeof(ret_event->event));
    }
    return true;
}

struct remote *remote_new(const struct remote_options *options, void (*wake)(void *context),
                          void *context)
{
    struct remote *const remote = calloc(1, sizeof(*remote));

    if (remote == NULL) {
        return NULL;
    }
    remote->options = *options;
    CHECK(pthread_mutex_init(&remote->wake_lock, NULL) == 0);
    remote->requests = thread_queue_new(REQUESTS_BYTES, wake_thread, remote);
    remote->answers = thread_queue_new(ANSWERS_BYTES, wake, context);
    if (remote->requests == NULL || remote->answers == NULL) {
        return remote_free(remote);
    }
    return remote;
}

struct remote *remote_free(struct remote *remote)
{
    if (remote == NULL) {
        return NULL;
    }
    if (remote->runs) {
        atomic_store(&remote->ending, true);
        wake_thread(remote);
        CHECK(pthread_join(remote->thread, NULL) == 0);
    }
    thread_queue_free(remote->requests);
    thread_queue_free(remote->answers);
    CHECK(pthread_mutex_destroy(&remote->wake_lock) == 0);
    free(remote);
    return NULL;
}
