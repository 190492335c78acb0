/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/driver/queue.h: a bounded first-in first-out queue of items of different sizes.
 *
 * Items lie in one ring of memory that the caller gave. An empty queue starts again at the front,
 * so pages that a burst never needed are never touched.
 *
 * Threads: none; one owner. Nothing here allocates. */
#ifndef SLUICE_RELAY_NODE_DRIVER_QUEUE_H
#define SLUICE_RELAY_NODE_DRIVER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_ALIGNMENT 16u

struct queue {
    uint8_t *memory;
    size_t capacity;
    size_t first; /* where the oldest item starts */
    size_t end;   /* where the next item would start */
    size_t wrap;  /* where the items at the far end stop; valid while end < first */
    uint32_t count;
};

/* `memory` is aligned to QUEUE_ALIGNMENT; so is what queue_push gives. */
void queue_init(struct queue *queue, void *memory, size_t capacity);
/* Space for a new last item, to be filled in; NULL: no room. */
void *queue_push(struct queue *queue, size_t bytes);
/* The oldest item, borrowed until it is popped; NULL: empty. */
void *queue_first(const struct queue *queue);
/* CHECKs that there is an item. */
void queue_pop(struct queue *queue);
bool queue_is_empty(const struct queue *queue);

#endif
