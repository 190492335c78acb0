/* SPDX-License-Identifier: Apache-2.0 */
/* proto/codec_internal.h: what the two halves of the codec share: the queue of nested objects and
 * reads of fields by offset. */
#ifndef SLUICE_PROTO_CODEC_INTERNAL_H
#define SLUICE_PROTO_CODEC_INTERNAL_H

#include <string.h>

#include "proto/codec.h"
#include "relay/base/check.h"
#include "relay/base/limits.h"

/* Nested objects found and not yet handled. The deepest schema has a handful of nested fields on
 * each of five levels; every chain of a configuration has its list of keys, every venue of an
 * answer its curve. */
#define PENDING_MAX (32 + CHAINS_MAX + VENUES_MAX)

struct pending {
    const struct codec_layout *layout;
    const uint8_t *object; /* first of `count` structs in a row */
    uint8_t *target;       /* the same when they are being filled */
    ProtobufCMessage **messages;
    uint32_t count;
};

struct queue {
    struct pending entries[PENDING_MAX];
    uint32_t count;
};

static inline void queue_add(struct queue *queue, struct pending entry)
{
    CHECK(queue->count < PENDING_MAX);
    queue->entries[queue->count++] = entry;
}

static inline uint32_t load_u32(const void *from)
{
    uint32_t value;

    memcpy(&value, from, sizeof(value));
    return value;
}

static inline struct bytes load_bytes(const void *from)
{
    struct bytes value;

    memcpy(&value, from, sizeof(value));
    return value;
}

static inline bool is_zero(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Memory that is not zeroed; NULL when there is no room. */
void *codec_take_raw(struct codec_arena *arena, size_t bytes_count);
/* Every field of one struct within its bounds, exactly one alternative chosen where there are any.
 * Nested structs are not looked at. */
bool codec_object_is_valid(const struct codec_layout *layout, const uint8_t *object);

#endif
