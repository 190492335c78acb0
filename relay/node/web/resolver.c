/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/web/resolver.h"

#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/process/thread_queue.h"

#define QUESTIONS_BYTES ((size_t)128 << 10)
#define ANSWERS_BYTES   ((size_t)512 << 10)
#define IDLE_MS         60000u

struct resolver {
    pthread_t threads[RESOLVER_THREADS];
    uint32_t threads_count;
    struct thread_queue *questions; /* names, with their NUL */
    struct thread_queue *answers;   /* struct resolved */
};

static void look_up(struct resolved *resolved)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;

    if (getaddrinfo(resolved->host, NULL, &hints, &found) != 0) {
        return;
    }
    resolved->all_public = true;
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        resolved->all_public = resolved->all_public && web_address_is_public(at->ai_addr);
        if (resolved->addresses_count < RESOLVED_ADDRESSES &&
            getnameinfo(at->ai_addr, at->ai_addrlen, resolved->addresses[resolved->addresses_count],
                        ADDRESS_TEXT_BYTES, NULL, 0, NI_NUMERICHOST) == 0) {
            resolved->addresses_count++;
        }
    }
    freeaddrinfo(found);
}

static void *resolver_run(void *context)
{
    struct resolver *const resolver = context;

    for (;;) {
        struct resolved resolved = {.addresses_count = 0};
        struct buffer memory = buffer_from(resolved.host, sizeof(resolved.host));
        const enum status status = thread_queue_take(resolver->questions, IDLE_MS, &memory);
        if (status == STATUS_UNREACHABLE) {
            return NULL;
        }
        if (status == STATUS_OK) {
            look_up(&resolved);
            /* When nobody takes answers there is nobody to tell. */
            const enum status told = thread_queue_push(
                resolver->answers, bytes_from(&resolved, sizeof(resolved)), (struct bytes){0});
            (void)told;
        }
    }
}

enum status resolver_ask(struct resolver *resolver, const char *host)
{
    CHECK(strlen(host) < WEB_HOST_BYTES_MAX);
    return thread_queue_push(resolver->questions, bytes_from(host, strlen(host) + 1),
                             (struct bytes){0});
}

bool resolver_take(struct resolver *resolver, struct resolved *ret_resolved)
{
    struct buffer memory = buffer_from(ret_resolved, sizeof(*ret_resolved));

    return thread_queue_take(resolver->answers, 0, &memory) == STATUS_OK;
}

struct resolver *resolver_new(void (*wake)(void *context), void *context)
{
    struct resolver *const resolver = calloc(1, sizeof(*resolver));

    if (resolver == NULL) {
        return NULL;
    }
    resolver->questions = thread_queue_new(QUESTIONS_BYTES, NULL, NULL);
    resolver->answers = thread_queue_new(ANSWERS_BYTES, wake, context);
    if (resolver->questions == NULL || resolver->answers == NULL) {
        return resolver_free(resolver);
    }
    for (uint32_t i = 0; i < RESOLVER_THREADS; i++) {
        if (pthread_create(&resolver->threads[i], NULL, resolver_run, resolver) != 0) {
            return resolver_free(resolver);
        }
        resolver->threads_count++;
    }
    return resolver;
}

struct resolver *resolver_free(struct resolver *resolver)
{
    if (resolver == NULL) {
        return NULL;
    }
    if (resolver->threads_count > 0) {
        thread_queue_close(resolver->questions);
    }
    for (uint32_t i = 0; i < resolver->threads_count; i++) {
        CHECK(pthread_join(resolver->threads[i], NULL) == 0);
    }
    thread_queue_free(resolver->questions);
    thread_queue_free(resolver->answers);
    free(resolver);
    return NULL;
}
