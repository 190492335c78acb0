/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/process/thread_queue.h: the only thing that the node's threads share: a bounded queue
 * of bytes; and how a thread is started.
 *
 * Threads: any number may push and take. Memory: one block, allocated when created. */
#ifndef SLUICE_RELAY_NODE_PROCESS_THREAD_QUEUE_H
#define SLUICE_RELAY_NODE_PROCESS_THREAD_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/base/bytes.h"

struct thread_queue;

/* NULL: no memory. `wake` (may be NULL) is called after each push, outside the lock. */
struct thread_queue *thread_queue_new(size_t capacity, void (*wake)(void *context), void *context);
/* Nobody may be waiting. Accepts NULL, returns NULL. */
struct thread_queue *thread_queue_free(struct thread_queue *queue);

/* Copies the parts one after another into one item. STATUS_FULL: no room or closed. */
MUST_USE enum status thread_queue_push(struct thread_queue *queue, struct bytes first,
                                       struct bytes second);
/* Copies the oldest item to `memory`, whose capacity must be enough for any item.
 * STATUS_NOT_FOUND: none within `timeout_ms` (0: do not wait); STATUS_UNREACHABLE: closed and
 * empty. */
MUST_USE enum status thread_queue_take(struct thread_queue *queue, uint32_t timeout_ms,
                                       struct buffer *memory);
/* No more pushes; whoever waits wakes up. */
void thread_queue_close(struct thread_queue *queue);

/* Starts a thread that leaves all signals to the loop. False: too many threads. */
MUST_USE bool thread_start(pthread_t *ret_thread, void *(*run)(void *context), void *context);

#endif
