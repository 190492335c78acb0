/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/driver/queue.h"

#include "relay/base/check.h"

/* In front of each item. */
struct queue_header {
    _Alignas(QUEUE_ALIGNMENT) size_t bytes; /* of header and item, rounded up */
};

void queue_init(struct queue *queue, void *memory, size_t capacity)
{
    CHECK((uintptr_t)memory % QUEUE_ALIGNMENT == 0);
    *queue = (struct queue){.memory = memory, .capacity = capacity};
}

/* Items at the far end are followed by items at the front. Equal ends mean full. */
static bool queue_is_wrapped(const struct queue *queue)
{
    return queue->count > 0 && queue->end <= queue->first;
}

void *queue_push(struct queue *queue, size_t bytes)
{
    if (bytes > queue->capacity) {
        return NULL;
    }
    const size_t needed = (sizeof(struct queue_header) + bytes + QUEUE_ALIGNMENT - 1) /
                          QUEUE_ALIGNMENT * QUEUE_ALIGNMENT;
    if (queue->count == 0) {
        queue->first = 0;
        queue->end = 0;
    }
    if (queue_is_wrapped(queue)) {
        if (queue->first - queue->end < needed) {
            return NULL;
        }
    } else if (queue->capacity - queue->end < needed) {
        if (queue->first < needed) {
            return NULL;
        }
        queue->wrap = queue->end;
        queue->end = 0;
    }
    struct queue_header *header = (struct queue_header *)(void *)(queue->memory + queue->end);
    header->bytes = needed;
    queue->end += needed;
    queue->count++;
    return header + 1;
}

void *queue_first(const struct queue *queue)
{
    if (queue->count == 0) {
        return NULL;
    }
    return queue->memory + queue->first + sizeof(struct queue_header);
}

void queue_pop(struct queue *queue)
{
    CHECK(queue->count > 0);
    const struct queue_header *header =
        (const struct queue_header *)(const void *)(queue->memory + queue->first);
    const bool wrapped = queue_is_wrapped(queue);
    queue->first += header->bytes;
    queue->count--;
    if (wrapped && queue->first == queue->wrap) {
        queue->first = 0;
    }
}

bool queue_is_empty(const struct queue *queue)
{
    return queue->count == 0;
}
