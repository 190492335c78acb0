/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of items of different sizes, against a plain list. */
#include "tests/support/unit.h"

#include "relay/base/prng.h"
#include "relay/node/driver/queue.h"

#define CAPACITY  4096u
#define ITEMS_MAX 512u

struct model {
    size_t sizes[ITEMS_MAX];
    uint8_t fills[ITEMS_MAX];
    size_t first;
    size_t count;
};

static void check_first(const struct queue *queue, const struct model *model)
{
    const uint8_t *item = queue_first(queue);
    if (model->count == 0) {
        assert_null(item);
        return;
    }
    assert_non_null(item);
    assert_int_equal((uintptr_t)item % QUEUE_ALIGNMENT, 0);
    for (size_t i = 0; i < model->sizes[model->first]; i++) {
        assert_int_equal(item[i], model->fills[model->first]);
    }
}

static void items_come_out_as_they_went_in(void **state)
{
    (void)state;
    static _Alignas(QUEUE_ALIGNMENT) uint8_t memory[CAPACITY];
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct prng prng = prng_from(seed);
        struct queue queue;
        struct model model = {.first = 0};
        uint32_t refused = 0;
        queue_init(&queue, memory, sizeof(memory));
        for (uint32_t step = 0; step < 20000; step++) {
            const bool push = prng_below(&prng, 100) < 52;
            if (push && model.count < ITEMS_MAX) {
                const size_t bytes = prng_below(&prng, seed % 2 == 0 ? 64 : 1200);
                uint8_t *item = queue_push(&queue, bytes);
                if (item == NULL) {
                    refused++;
                    assert_true(model.count > 0);
                } else {
                    const size_t last = (model.first + model.count) % ITEMS_MAX;
                    model.sizes[last] = bytes;
                    model.fills[last] = (uint8_t)step;
                    model.count++;
                    memset(item, (uint8_t)step, bytes);
                }
            } else if (!push && model.count > 0) {
                queue_pop(&queue);
                model.first = (model.first + 1) % ITEMS_MAX;
                model.count--;
            }
            assert_int_equal(queue.count, model.count);
            assert_int_equal(queue_is_empty(&queue), model.count == 0);
            check_first(&queue, &model);
        }
        assert_true(refused > 0); /* the bound was met, so the wrapping was */
    }
}

static void an_empty_queue_takes_what_fits_and_nothing_larger(void **state)
{
    (void)state;
    static _Alignas(QUEUE_ALIGNMENT) uint8_t memory[CAPACITY];
    struct queue queue;
    queue_init(&queue, memory, sizeof(memory));
    assert_null(queue_push(&queue, CAPACITY));
    assert_null(queue_push(&queue, SIZE_MAX));
    assert_non_null(queue_push(&queue, CAPACITY - QUEUE_ALIGNMENT));
    assert_null(queue_push(&queue, 0));
    queue_pop(&queue);
    assert_non_null(queue_push(&queue, CAPACITY - QUEUE_ALIGNMENT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_out_as_they_went_in),
        cmocka_unit_test(an_empty_queue_takes_what_fits_and_nothing_larger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
