/* SPDX-License-Identifier: Apache-2.0 */
/* Questions of the core. A job runs in phases; a phase is a number of calls that do not depend on
 * each other. When all are answered the kind's `steps` says how many the next phase has, and none
 * means that the job is done. A job without an end by its deadline is unknown. */
#include <string.h>

#include "chains/evm/evm_internal.h"

enum { DEADLINES_PER_JOB = 4 }; /* of single requests: repetitions included */

static const struct evm_job_ops *ops_of(enum command_kind kind)
{
    switch (kind) {
    case COMMAND_READ_SECURITY:
        return &evm_security_ops;
    case COMMAND_READ_STORAGE:
        return &evm_storage_ops;
    case COMMAND_READ_LOOKUP:
        return &evm_lookup_ops;
    case COMMAND_READ_TREE:
        return &evm_tree_ops;
    case COMMAND_READ_LANE:
        return &evm_lane_ops;
    case COMMAND_READ_POSITIONS:
        return &evm_positions_ops;
    case COMMAND_PREPARE:
        return &evm_prepare_ops;
    case COMMAND_BROADCAST:
        return &evm_broadcast_ops;
    case COMMAND_WATCH:
    case COMMAND_FETCH_CHECKPOINT:
    case COMMAND_FETCH_LOOKUP:
    case COMMAND_PUBLISH_REORG:
    case COMMAND_SEND:
    case COMMAND_FOLLOW:
    case COMMAND_SIGN_CHECKPOINT:
    case COMMAND_SIGN_ANNOUNCEMENT:
    case COMMAND_SIGN_LOOKUP:
    case COMMAND_PUBLISH_CHECKPOINT:
    case COMMAND_PUBLISH_ANNOUNCEMENT:
    case COMMAND_PLAN:
    case COMMAND_WAKE:
    case COMMAND_NOTE:
        break;
    }
    check_failed(__FILE__, __LINE__, "a command that is no job");
}

void evm_job_fail(struct evm_job *job, enum outcome outcome, struct bytes reason)
{
    CHECK(outcome != OUTCOME_OK);
    if (job->outcome != OUTCOME_OK) {
        return;
    }
    job->outcome = outcome;
    job->reason_bytes =
        (uint32_t)(reason.count < REASON_BYTES_MAX ? reason.count : REASON_BYTES_MAX);
    if (job->reason_bytes > 0) {
        memcpy(job->reason, reason.data, job->reason_bytes);
    }
}

void evm_job_fail_text(struct evm_job *job, enum outcome outcome, const char *reason)
{
    evm_job_fail(job, outcome, bytes_from_string(reason));
}

void evm_job_fail_answer(struct evm *evm, struct evm_job *job, const struct evm_answer *answer)
{
    uint8_t reason[REASON_BYTES_MAX];

    if (answer->kind != EVM_ANSWER_ERROR) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN,
                          answer->kind == EVM_ANSWER_NONE ? "no answer in time"
                                                          : "an answer that cannot be read");
        return;
    }
    const uint32_t count = evm_error_reason(answer, evm->scratch, EVM_RETURN_BYTES_MAX, reason);
    evm_job_fail(job, evm_error_is_revert(answer) ? OUTCOME_REFUSED : OUTCOME_UNKNOWN,
                 bytes_from(reason, count));
}

static uint32_t index_of(const struct evm *evm, const struct evm_job *job)
{
    return (uint32_t)(job - evm->jobs);
}

static void finish(struct evm *evm, struct evm_job *job)
{
    CHECK(job->used);
    CHECK(!job->is_done);
    evm_calls_drop(evm, EVM_CALL_JOB, index_of(evm, job));
    job->is_done = true;
    job->is_held = false;
    if (job->kind == COMMAND_PREPARE) {
        evm_gas_ended(evm, job);
    }
    CHECK(evm->done_count < evm->jobs_max);
    evm->done[(evm->done_first + evm->done_count) % evm->jobs_max] = index_of(evm, job);
    evm->done_count++;
}

static void begin_phase(struct evm *evm, struct evm_job *job)
{
    job->steps_started = 0;
    job->steps_done = 0;
    job->steps_count = job->outcome == OUTCOME_OK ? ops_of(job->kind)->steps(evm, job) : 0;
    if (job->steps_count == 0) {
        finish(evm, job);
    }
}

static void start_job(struct evm *evm, struct evm_job *job, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_READ_SECURITY:
        evm_security_start(evm, job, command);
        return;
    case COMMAND_READ_LOOKUP:
        evm_lookup_start(job, command);
        return;
    case COMMAND_READ_STORAGE:
        job->storage.validator = command->read_storage.validator;
        return;
    case COMMAND_READ_TREE:
        job->everyone = command->read_tree.everyone;
        job->tree.block_number = command->read_tree.block_number;
        job->tree.block_hash = command->read_tree.block_hash;
        job->tree.with_branch = command->read_tree.with_branch;
        return;
    case COMMAND_READ_LANE:
        job->lane.key = command->read_lane.key;
        return;
    case COMMAND_READ_POSITIONS:
        job->positions.block_number = command->read_positions.block_number;
        job->positions.block_hash = command->read_positions.block_hash;
        evm_positions_start(evm);
        return;
    case COMMAND_PREPARE:
        evm_prepare_start(evm, job, &command->prepare);
        return;
    case COMMAND_BROADCAST:
        evm_broadcast_start(evm, job, command);
        return;
    case COMMAND_WATCH:
    case COMMAND_FETCH_CHECKPOINT:
    case COMMAND_FETCH_LOOKUP:
    case COMMAND_PUBLISH_REORG:
    case COMMAND_SEND:
    case COMMAND_FOLLOW:
    case COMMAND_SIGN_CHECKPOINT:
    case COMMAND_SIGN_ANNOUNCEMENT:
    case COMMAND_SIGN_LOOKUP:
    case COMMAND_PUBLISH_CHECKPOINT:
    case COMMAND_PUBLISH_ANNOUNCEMENT:
    case COMMAND_PLAN:
    case COMMAND_WAKE:
    case COMMAND_NOTE:
        break;
    }
    check_failed(__FILE__, __LINE__, "a command that is no job");
}

/* Endpoints are compared on one block. Where the core names none it is the newest one that enough
 * of them told of. */
static void choose_block(const struct evm *evm, struct evm_job *job)
{
    const struct evm_watch *const watch = &evm->watch;

    if (evm->quorum == 1 || job->kind == COMMAND_READ_TREE || job->kind == COMMAND_READ_POSITIONS ||
        job->kind == COMMAND_BROADCAST) {
        return;
    }
    if (!watch->head_is_known || watch->head_is_doubtful ||
        (job->kind == COMMAND_READ_LANE && !watch->final_is_known)) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN, "the endpoints do not agree on a block yet");
        return;
    }
    job->at_number = watch->head.number;
    job->at_hash = watch->head.hash;
}

enum status evm_job_perform(struct evm *evm, const struct command *command)
{
    if (evm->jobs_used == evm->jobs_max ||
        (command->kind == COMMAND_READ_POSITIONS && evm->positions_are_busy)) {
        return STATUS_FULL;
    }
    uint32_t at = 0;
    while (evm->jobs[at].used) {
        at++;
        CHECK(at < evm->jobs_max);
    }
    struct evm_job *const job = &evm->jobs[at];
    uint8_t *const payload = job->payload;
    struct evm_modules *const modules = job->modules;
    memset(job, 0, sizeof(*job));
    job->payload = payload;
    job->modules = modules;
    job->used = true;
    job->kind = command->kind;
    job->outcome = OUTCOME_OK;
    job->deadline = evm_begins();
    evm->jobs_used++;
    choose_block(evm, job);
    start_job(evm, job, command);
    begin_phase(evm, job);
    return STATUS_OK;
}

void evm_job_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    const struct evm_job *const job = &evm->jobs[call->subject];

    CHECK(job->used);
    CHECK(!job->is_done);
    ops_of(job->kind)->write(evm, job, call->step, call->id, writer);
}

void evm_job_answer(struct evm *evm, const struct evm_call *call, const struct evm_answer *answer)
{
    struct evm_job *const job = &evm->jobs[call->subject];

    CHECK(job->used);
    CHECK(!job->is_done);
    ops_of(job->kind)->answer(evm, job, call->step, answer);
    job->steps_done++;
    CHECK(job->steps_done <= job->steps_count);
    if (job->outcome != OUTCOME_OK || job->is_decided) {
        finish(evm, job);
    } else if (job->steps_done == job->steps_count) {
        job->phase += job->phase_again ? 0 : 1;
        job->phase_again = false;
        begin_phase(evm, job);
    }
}

void evm_jobs_pump(struct evm *evm)
{
    for (uint32_t i = 0; i < evm->jobs_max && evm->jobs_used > 0; i++) {
        struct evm_job *const job = &evm->jobs[i];
        if (!job->used || job->is_done || job->is_held) {
            continue;
        }
        while (job->steps_started < job->steps_count) {
            const uint32_t endpoint = job->kind == COMMAND_BROADCAST
                                          ? evm_broadcast_endpoint(job, job->steps_started)
                                          : EVM_ANY_ENDPOINT;
            if (!evm_call_start(evm, EVM_CALL_JOB, i, job->steps_started, endpoint)) {
                return;
            }
            job->steps_started++;
        }
    }
}

void evm_jobs_tick(struct evm *evm)
{
    const struct duration wait = {.ns = DEADLINES_PER_JOB * evm->request_deadline.ns};

    for (uint32_t i = 0; i < evm->jobs_max && evm->jobs_used > 0; i++) {
        struct evm_job *const job = &evm->jobs[i];
        if (job->used && !job->is_done && evm_deadline_passed(evm, &job->deadline, wait)) {
            evm_job_fail_text(job, OUTCOME_UNKNOWN, "no answer in time");
            finish(evm, job);
        }
    }
}

struct instant evm_jobs_next_tick(const struct evm *evm)
{
    struct instant next = {.ns = UINT64_MAX};

    for (uint32_t i = 0; i < evm->jobs_max && evm->jobs_used > 0; i++) {
        if (evm->jobs[i].used && !evm->jobs[i].is_done) {
            evm_deadline(evm, evm->jobs[i].deadline, &next);
        }
    }
    return next;
}

void evm_jobs_leg_gone(struct evm *evm, uint32_t leg)
{
    for (uint32_t i = 0; i < evm->jobs_max && evm->jobs_used > 0; i++) {
        struct evm_job *const job = &evm->jobs[i];
        if (job->used && !job->is_done && job->kind == COMMAND_BROADCAST &&
            job->broadcast.leg == leg) {
            evm_job_fail_text(job, OUTCOME_UNKNOWN, "not held");
            finish(evm, job);
        }
    }
}

void evm_job_release_given(struct evm *evm)
{
    if (!evm->has_given_job) {
        return;
    }
    struct evm_job *const job = &evm->jobs[evm->given_job];
    CHECK(job->used);
    CHECK(job->is_done);
    if (job->kind == COMMAND_READ_POSITIONS) {
        evm->positions_are_busy = false;
    }
    job->used = false;
    evm->jobs_used--;
    evm->has_given_job = false;
}

bool evm_job_event(struct evm *evm, struct event *ret_event)
{
    CHECK(!evm->has_given_job);
    if (evm->done_count == 0) {
        return false;
    }
    evm->given_job = evm->done[evm->done_first];
    evm->has_given_job = true;
    evm->done_first = (evm->done_first + 1) % evm->jobs_max;
    evm->done_count--;
    const struct evm_job *const job = &evm->jobs[evm->given_job];
    ret_event->domain = evm->chain.domain;
    ops_of(job->kind)->event(evm, job, ret_event);
    return true;
}
