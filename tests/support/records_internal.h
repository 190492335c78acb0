/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/records_internal.h: values of one field, as large and as strange as their maker
 * says; what is pointed at lives in the maker's memory. */
#ifndef SLUICE_TESTS_SUPPORT_RECORDS_INTERNAL_H
#define SLUICE_TESTS_SUPPORT_RECORDS_INTERNAL_H

#include <string.h>

#include "relay/base/check.h"
#include "tests/support/records.h"

static inline void *take(struct maker *maker, size_t count)
{
    const size_t aligned = (maker->memory.count + 15) / 16 * 16;

    CHECK(aligned + count <= maker->memory.capacity);
    maker->memory.count = aligned + count;
    memset(maker->memory.data + aligned, 0, count);
    return maker->memory.data + aligned;
}

static inline uint64_t number(struct maker *maker, uint64_t most)
{
    switch (maker->size) {
    case MAKER_EMPTY:
        return 0;
    case MAKER_FULL:
        return most;
    case MAKER_RANDOM:
        break;
    }
    if (prng_chance(&maker->prng, 8)) {
        return prng_chance(&maker->prng, 2) ? 0 : most;
    }
    const uint64_t shift = prng_below(&maker->prng, 64);
    const uint64_t value = prng_u64(&maker->prng) >> shift;
    return most == UINT64_MAX ? value : value % (most + 1);
}

static inline uint32_t u32(struct maker *maker)
{
    return (uint32_t)number(maker, UINT32_MAX);
}

static inline uint64_t u64(struct maker *maker)
{
    return number(maker, UINT64_MAX);
}

static inline bool coin(struct maker *maker)
{
    return number(maker, 1) == 1;
}

/* A count or length: short as a rule. */
static inline uint32_t length(struct maker *maker, uint32_t most)
{
    if (maker->size == MAKER_RANDOM && !prng_chance(&maker->prng, 20)) {
        return (uint32_t)prng_below(&maker->prng, most < 5 ? most + 1 : 5);
    }
    return (uint32_t)number(maker, most);
}

static inline uint32_t one_of(struct maker *maker, uint32_t first, uint32_t last)
{
    return (uint32_t)prng_between(&maker->prng, first, last);
}

static inline struct hash hash(struct maker *maker)
{
    struct hash value = {{0}};

    if (maker->size == MAKER_FULL || number(maker, 9) != 0) {
        prng_fill(&maker->prng, value.bytes, sizeof(value.bytes));
    }
    return value;
}

static inline struct address address(struct maker *maker)
{
    struct address value = {{0}};
    const uint64_t shape = number(maker, 9);

    if (maker->size == MAKER_FULL || shape > 6) {
        prng_fill(&maker->prng, value.bytes, sizeof(value.bytes));
    } else if (shape > 0) {
        prng_fill(&maker->prng, value.bytes + 12, 20);
    }
    return value;
}

static inline struct signature signature(struct maker *maker)
{
    struct signature value = {{0}};

    if (maker->size == MAKER_FULL || number(maker, 9) != 0) {
        prng_fill(&maker->prng, value.bytes, sizeof(value.bytes));
    }
    return value;
}

static inline struct amount amount(struct maker *maker)
{
    uint8_t bytes[32] = {0};
    const size_t count = length(maker, sizeof(bytes));

    prng_fill(&maker->prng, bytes + sizeof(bytes) - count, count);
    return amount_from_be(bytes);
}

static inline struct bytes run(struct maker *maker, uint32_t most)
{
    const uint32_t count = length(maker, most);
    uint8_t *data = take(maker, count);

    prng_fill(&maker->prng, data, count);
    return bytes_from(count == 0 ? NULL : data, count);
}

static inline void name(struct maker *maker, char *ret_name, size_t capacity)
{
    const uint32_t count = length(maker, (uint32_t)capacity - 1);

    for (uint32_t i = 0; i < count; i++) {
        ret_name[i] = (char)prng_between(&maker->prng, 'a', 'z');
    }
}

static inline enum outcome outcome(struct maker *maker)
{
    return (enum outcome)one_of(maker, OUTCOME_OK, OUTCOME_UNKNOWN);
}

static inline struct checkpoint checkpoint(struct maker *maker)
{
    struct checkpoint value;

    memset(&value, 0, sizeof(value));
    value.root = hash(maker);
    value.index = u32(maker);
    value.message_id = hash(maker);
    return value;
}

/* records_hubs.c */
void maker_config_hubs(struct maker *maker, struct core_config *config);
void maker_hubs(struct maker *maker, struct event *event);

#endif
