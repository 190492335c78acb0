/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/loop/planner.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/process/thread_queue.h"

#define QUESTION_BYTES_MAX ((size_t)8 << 20)
#define IDLE_MS            60000u

/* An answer on its way to the loop: the event's pointers are set again there. */
struct planner_answer {
    struct event event;
    struct planning planning;
};

struct planner {
    pthread_t thread;
    bool runs;
    struct thread_queue *questions; /* plan id, network */
    struct thread_queue *answers;   /* struct planner_answer */
    uint8_t *question;              /* of the thread */
    struct planner_answer answer;   /* of the thread */
    struct planner_answer taken;    /* of the loop */
};

static void *planner_run(void *context)
{
    struct planner *planner = context;
    struct buffer memory = buffer_from(planner->question, QUESTION_BYTES_MAX);
    for (;;) {
        const enum status status = thread_queue_take(planner->questions, IDLE_MS, &memory);
        if (status == STATUS_UNREACHABLE) {
            return NULL;
        }
        if (status != STATUS_OK) {
            continue;
        }
        struct hash plan_id;
        CHECK(memory.count >= sizeof(plan_id));
        memcpy(&plan_id, memory.data, sizeof(plan_id));
        const struct bytes network = {memory.data + sizeof(plan_id),
                                      memory.count - sizeof(plan_id)};
        planning_answer(&plan_id, network, &planner->answer.planning, &planner->answer.event);
        /* A full queue is a lost answer: the core asks again. */
        const enum status pushed = thread_queue_push(
            planner->answers, bytes_from(&planner->answer, sizeof(planner->answer)),
            (struct bytes){0});
        (void)pushed;
    }
}

enum status planner_ask(struct planner *planner, const struct hash *plan_id, struct bytes network)
{
    if (network.count > QUESTION_BYTES_MAX - sizeof(*plan_id)) {
        return STATUS_OVERFLOW;
    }
    return thread_queue_push(planner->questions, bytes_from(plan_id, sizeof(*plan_id)), network);
}

bool planner_take(struct planner *planner, struct planning *planning, struct event *ret_event)
{
    struct buffer memory = buffer_from(&planner->taken, sizeof(planner->taken));
    if (thread_queue_take(planner->answers, 0, &memory) != STATUS_OK) {
        return false;
    }
    *planning = planner->taken.planning;
    *ret_event = planner->taken.event;
    ret_event->planned.moves = planning->moves;
    ret_event->planned.proof.data = planning->proof;
    ret_event->planned.reason.data = (const uint8_t *)planning->reason;
    return true;
}

struct planner *planner_new(void (*wake)(void *context), void *context)
{
    struct planner *planner = calloc(1, sizeof(*planner));
    if (planner == NULL) {
        return NULL;
    }
    planner->question = malloc(QUESTION_BYTES_MAX);
    planner->questions = thread_queue_new(2 * QUESTION_BYTES_MAX, NULL, NULL);
    planner->answers = thread_queue_new(16 * sizeof(struct planner_answer), wake, context);
    if (planner->question == NULL || planner->questions == NULL || planner->answers == NULL ||
        pthread_create(&planner->thread, NULL, planner_run, planner) != 0) {
        return planner_free(planner);
    }
    planner->runs = true;
    return planner;
}

struct planner *planner_free(struct planner *planner)
{
    if (planner == NULL) {
        return NULL;
    }
    if (planner->runs) {
        thread_queue_close(planner->questions);
        CHECK(pthread_join(planner->thread, NULL) == 0);
    }
    thread_queue_free(planner->questions);
    thread_queue_free(planner->answers);
    free(planner->question);
    free(planner);
    return NULL;
}
