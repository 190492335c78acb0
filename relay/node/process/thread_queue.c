/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/process/thread_queue.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay/base/check.h"
#include "relay/node/driver/queue.h"

struct thread_queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct queue queue;
    void *memory;
    void (*wake)(void *context);
    void *context;
    bool closed;
};

struct thread_queue *thread_queue_new(size_t capacity, void (*wake)(void *context), void *context)
{
    struct thread_queue *queue = calloc(1, sizeof(*queue));
    void *memory = malloc(capacity);
    pthread_condattr_t attributes;
    if (queue == NULL || memory == NULL || pthread_condattr_init(&attributes) != 0) {
        free(queue);
        free(memory);
        return NULL;
    }
    queue->memory = memory;
    queue->wake = wake;
    queue->context = context;
    queue_init(&queue->queue, memory, capacity);
    /* A step of the wall clock must neither hold up nor hurry whoever waits. */
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_mutex_init(&queue->lock, NULL) == 0);
    CHECK(pthread_cond_init(&queue->filled, &attributes) == 0);
    CHECK(pthread_condattr_destroy(&attributes) == 0);
    return queue;
}

struct thread_queue *thread_queue_free(struct thread_queue *queue)
{
    if (queue == NULL) {
        return NULL;
    }
    CHECK(pthread_cond_destroy(&queue->filled) == 0);
    CHECK(pthread_mutex_destroy(&queue->lock) == 0);
    free(queue->memory);
    free(queue);
    return NULL;
}

enum status thread_queue_push(struct thread_queue *queue, struct bytes first, struct bytes second)
{
    enum status status = STATUS_FULL;
    CHECK(pthread_mutex_lock(&queue->lock) == 0);
    const size_t bytes = first.count + second.count;
    uint8_t *item = queue->closed ? NULL : queue_push(&queue->queue, sizeof(size_t) + bytes);
    if (item != NULL) {
        memcpy(item, &bytes, sizeof(bytes));
        if (first.count > 0) {
            memcpy(item + sizeof(bytes), first.data, first.count);
        }
        if (second.count > 0) {
            memcpy(item + sizeof(bytes) + first.count, second.data, second.count);
        }
        status = STATUS_OK;
        CHECK(pthread_cond_signal(&queue->filled) == 0);
    }
    CHECK(pthread_mutex_unlock(&queue->lock) == 0);
    if (status == STATUS_OK && queue->wake != NULL) {
        queue->wake(queue->context);
    }
    return status;
}

static struct timespec deadline_after(uint32_t timeout_ms)
{
    struct timespec deadline;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &deadline) == 0);
    deadline.tv_sec += timeout_ms / 1000;
    deadline.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (deadline.tv_nsec >= 1000000000) {
        deadline.tv_nsec -= 1000000000;
        deadline.tv_sec++;
    }
    return deadline;
}

enum status thread_queue_take(struct thread_queue *queue, uint32_t timeout_ms,
                              struct buffer *memory)
{
    const struct timespec deadline = deadline_after(timeout_ms);
    CHECK(pthread_mutex_lock(&queue->lock) == 0);
    int rc = 0;
    while (queue_is_empty(&queue->queue) && !queue->closed && timeout_ms > 0 && rc == 0) {
        rc = pthread_cond_timedwait(&queue->filled, &queue->lock, &deadline);
    }
    CHECK(rc == 0 || rc == ETIMEDOUT);
    enum status status = queue->closed ? STATUS_UNREACHABLE : STATUS_NOT_FOUND;
    const uint8_t *item = queue_first(&queue->queue);
    if (item != NULL) {
        size_t bytes;
        memcpy(&bytes, item, sizeof(bytes));
        CHECK(bytes <= memory->capacity);
        memcpy(memory->data, item + sizeof(bytes), bytes);
        memory->count = bytes;
        queue_pop(&queue->queue);
        status = STATUS_OK;
    }
    CHECK(pthread_mutex_unlock(&queue->lock) == 0);
    return status;
}

void thread_queue_close(struct thread_queue *queue)
{
    CHECK(pthread_mutex_lock(&queue->lock) == 0);
    queue->closed = true;
    CHECK(pthread_cond_broadcast(&queue->filled) == 0);
    CHECK(pthread_mutex_unlock(&queue->lock) == 0);
}

bool thread_start(pthread_t *ret_thread, void *(*run)(void *context), void *context)
{
    sigset_t all;
    sigset_t before;

    CHECK(sigfillset(&all) == 0);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    const bool has_started = pthread_create(ret_thread, NULL, run, context) == 0;
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return has_started;
}
