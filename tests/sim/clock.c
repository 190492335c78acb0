/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/clock.h"

#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"

void clock_init(struct sim_clock *clock, uint64_t start_ns)
{
    memset(clock, 0, sizeof(*clock));
    clock->now_ns = start_ns;
    clock->capacity = 1024;
    clock->heap = malloc(clock->capacity * sizeof(clock->heap[0]));
    CHECK(clock->heap != NULL);
}

void clock_deinit(struct sim_clock *clock)
{
    for (uint32_t i = 0; i < clock->count; i++) {
        free(clock->heap[i].data);
    }
    free(clock->heap);
    memset(clock, 0, sizeof(*clock));
}

static bool is_before(const struct sim_task *a, const struct sim_task *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void swap(struct sim_task *a, struct sim_task *b)
{
    const struct sim_task kept = *a;
    *a = *b;
    *b = kept;
}

void clock_add(struct sim_clock *clock, struct duration wait, const struct sim_task *task,
               struct bytes data)
{
    if (clock->count == clock->capacity) {
        clock->capacity *= 2;
        clock->heap = realloc(clock->heap, clock->capacity * sizeof(clock->heap[0]));
        CHECK(clock->heap != NULL);
    }
    struct sim_task *const added = &clock->heap[clock->count];
    *added = *task;
    added->at_ns = clock->now_ns + wait.ns;
    added->order = clock->order++;
    added->data = NULL;
    added->data_count = data.count;
    if (data.count > 0) {
        added->data = malloc(data.count);
        CHECK(added->data != NULL);
        memcpy(added->data, data.data, data.count);
    }
    uint32_t at = clock->count++;
    while (at > 0 && is_before(&clock->heap[at], &clock->heap[(at - 1) / 2])) {
        swap(&clock->heap[at], &clock->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

bool clock_take(struct sim_clock *clock, struct sim_task *ret_task)
{
    if (clock->count == 0) {
        return false;
    }
    *ret_task = clock->heap[0];
    CHECK(ret_task->at_ns >= clock->now_ns);
    clock->now_ns = ret_task->at_ns;
    clock->heap[0] = clock->heap[--clock->count];
    uint32_t at = 0;
    for (;;) {
        uint32_t least = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < clock->count; child++) {
            least = is_before(&clock->heap[child], &clock->heap[least]) ? child : least;
        }
        if (least == at) {
            return true;
        }
        swap(&clock->heap[at], &clock->heap[least]);
        at = least;
    }
}
