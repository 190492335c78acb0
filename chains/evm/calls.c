/* SPDX-License-Identifier: Apache-2.0 */
/* Questions under way: whom to ask, when to ask again, and when what was said is enough.
 *
 *   call --need == 1--> the best endpoint --first answer--------------------> given
 *     |                      '-- slow: the next one is asked as well (hedged)
 *     '--need > 1---> as many as are missing --equal answers == need-------> given; stays for the
 *                       |  another answer, or a slow one: one more is asked   late ones, as
 *                       '--nobody is left to ask, and no quorum ------------> none      evidence
 *
 * Invariants:
 *   1. An endpoint is asked a question once at a time, and counts once in its quorum.
 *   2. Nothing is sent to endpoints that cannot make a quorum: a question waits until they can.
 *   3. With fewer endpoints than a quorum nothing is given, however long it takes. */
#include <string.h>

#include "chains/evm/evm_internal.h"

#define PAUSE_FIRST     DURATION_MS(250)
#define LACKING_WAIT    DURATION_MS(200)
#define HEDGES_PER_WAIT 8u /* of a deadline */

static struct duration repeat_after(uint32_t tries)
{
    return (struct duration){.ns = PAUSE_FIRST.ns << (tries < 5 ? tries : 5)};
}

/* ---- life ---- */

static void free_call(struct evm *evm, struct evm_call *call)
{
    CHECK(call->kind != EVM_CALL_FREE);
    CHECK(evm->calls_used > 0);
    evm->calls_used--;
    evm->calls_of_jobs -= call->kind == EVM_CALL_JOB && !call->is_settled ? 1 : 0;
    evm_evidence_free(evm, call);
    call->kind = EVM_CALL_FREE;
    call->is_settled = false;
}

/* A free place; what is settled gives way. NULL: there is none. */
static struct evm_call *find_place(struct evm *evm)
{
    for (uint32_t i = 0; i < evm->calls_max; i++) {
        if (evm->calls[i].kind == EVM_CALL_FREE) {
            return &evm->calls[i];
        }
    }
    for (uint32_t i = 0; i < evm->calls_max; i++) {
        if (evm->calls[i].is_settled) {
            free_call(evm, &evm->calls[i]);
            return &evm->calls[i];
        }
    }
    return NULL;
}

/* Equal answers it takes. */
static uint32_t need_of(const struct evm *evm, const struct evm_call *call)
{
    if (call->form == EVM_FORM_NONE) {
        return 1;
    }
    return call->kind == EVM_CALL_JOB && evm->jobs[call->subject].everyone ? evm->readers_count
                                                                           : evm->quorum;
}

bool evm_call_start(struct evm *evm, enum evm_call_kind kind, uint32_t subject, uint32_t step,
                    uint32_t endpoint)
{
    CHECK(kind > EVM_CALL_FREE);
    CHECK(kind < EVM_CALL_KINDS_COUNT);
    if (kind == EVM_CALL_JOB && evm->calls_of_jobs >= evm->calls_max - EVM_CALLS_RESERVED) {
        return false;
    }
    struct evm_call *const call = find_place(evm);
    if (call == NULL) {
        return false;
    }
    memset(call, 0, sizeof(*call));
    call->kind = kind;
    call->subject = subject;
    call->step = step;
    call->endpoint = endpoint;
    call->pinned = endpoint != EVM_ANY_ENDPOINT;
    call->evidence = EVM_NO_EVIDENCE;
    call->form = call->pinned ? EVM_FORM_NONE : evm_vote_form(evm, call);
    call->need = need_of(evm, call);
    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        call->asks[i].not_before = evm->now;
    }
    evm->calls_used++;
    evm->calls_of_jobs += kind == EVM_CALL_JOB ? 1 : 0;
    return true;
}

void evm_calls_drop(struct evm *evm, enum evm_call_kind kind, uint32_t subject)
{
    for (uint32_t i = 0; i < evm->calls_max; i++) {
        struct evm_call *const call = &evm->calls[i];
        if (call->kind == kind && !call->is_settled &&
            (subject == EVM_ANY_ENDPOINT || call->subject == subject)) {
            free_call(evm, call);
        }
    }
}

/* Hands an answer over. The call is free before its part runs, so that the part can start more. */
static void answer_call(struct evm *evm, struct evm_call *call, uint32_t endpoint,
                        const struct evm_answer *answer)
{
    struct evm_call ended = *call;

    ended.endpoint = endpoint;
    free_call(evm, call);
    evm_call_answer(evm, &ended, answer);
}

/* ---- whom to ask ---- */

/* What lags answers a question about newer blocks with less than there is, and does not say so. */
static bool has_the_block(const struct evm *evm, const struct evm_call *call, uint32_t index)
{
    const struct evm_told *const told = &evm->endpoints[index].told;
    struct hash hash;
    const uint64_t number = evm_call_block(evm, call, &hash);

    return number == 0 || (told->head_is_known && told->head_number >= number);
}

/* It could be asked, now or in a moment. */
static bool is_possible(const struct evm *evm, const struct evm_call *call, uint32_t index)
{
    return index < evm->readers_count && evm->endpoints[index].phase == EVM_ENDPOINT_GOOD &&
           call->asks[index].phase == EVM_ASK_NONE && has_the_block(evm, call, index) &&
           !call_budget_is_spent(&evm->endpoints[index].budget);
}

static bool is_candidate(const struct evm *evm, const struct evm_call *call, uint32_t index)
{
    return is_possible(evm, call, index) &&
           instant_is_past(call->asks[index].not_before, evm->now) &&
           evm_endpoint_has_room(evm, index);
}

/* A transaction is not held back: being late costs more than a call. */
static bool is_transaction(const struct evm *evm, const struct evm_call *call)
{
    return call->kind == EVM_CALL_JOB && evm->jobs[call->subject].kind == COMMAND_BROADCAST;
}

struct tally {
    uint32_t sent;
    uint32_t possible;
    uint32_t refused;
    uint32_t voted;
    uint32_t leading; /* votes of the answer that has most */
};

static uint32_t votes_for(const struct evm *evm, const struct evm_call *call,
                          const struct hash *digest)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        count += call->asks[i].phase == EVM_ASK_VOTED && hash_equal(&call->asks[i].digest, digest)
                     ? 1
                     : 0;
    }
    return count;
}

static struct tally count_asks(const struct evm *evm, const struct evm_call *call)
{
    struct tally tally = {0};

    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        const struct evm_ask *const ask = &call->asks[i];
        tally.sent += ask->phase == EVM_ASK_SENT ? 1 : 0;
        tally.refused += ask->phase == EVM_ASK_REFUSED ? 1 : 0;
        tally.possible += is_possible(evm, call, i) ? 1 : 0;
        if (ask->phase == EVM_ASK_VOTED) {
            const uint32_t votes = votes_for(evm, call, &ask->digest);
            tally.voted++;
            tally.leading = votes > tally.leading ? votes : tally.leading;
        }
    }
    return tally;
}

bool evm_call_is_ready(const struct evm *evm, const struct evm_call *call, uint32_t endpoint)
{
    if (call->kind == EVM_CALL_FREE || call->is_settled) {
        return false;
    }
    if (call->pinned) {
        const struct evm_ask *const ask = &call->asks[endpoint];
        return call->endpoint == endpoint && ask->phase == EVM_ASK_NONE &&
               evm->endpoints[endpoint].phase != EVM_ENDPOINT_DOWN &&
               (is_transaction(evm, call) || evm_endpoint_has_room(evm, endpoint)) &&
               instant_is_past(ask->not_before, evm->now);
    }
    if (!is_candidate(evm, call, endpoint)) {
        return false;
    }
    const struct tally tally = count_asks(evm, call);
    if (tally.leading + tally.sent + tally.possible < call->need) {
        return false; /* invariant 2 */
    }
    const uint32_t wanted = call->need - tally.leading + call->hedges;
    uint32_t before = tally.sent; /* asked, or to be asked first */
    for (uint32_t i = 0; i < evm->chain.endpoints_count && before < wanted; i++) {
        before += i != endpoint && is_candidate(evm, call, i) &&
                          (call->asks[i].tries < call->asks[endpoint].tries ||
                           (call->asks[i].tries == call->asks[endpoint].tries &&
                            evm_endpoint_is_better(evm, i, endpoint)))
                      ? 1
                      : 0;
    }
    return before < wanted;
}

/* ---- what they said ---- */

void evm_call_again(struct evm *evm, struct evm_call *call, uint32_t endpoint)
{
    call->asks[endpoint].phase = EVM_ASK_NONE;
    call->asks[endpoint].not_before = evm->now;
    evm->chain.counters.calls_repeated++;
}

/* True when some endpoints' answers contradict each other. */
static bool is_split(const struct evm *evm, const struct evm_call *call)
{
    const struct hash *first = NULL;

    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        const struct evm_ask *const ask = &call->asks[i];
        if (ask->phase != EVM_ASK_VOTED || ask->lacks) {
            continue;
        }
        if (first != NULL && !hash_equal(first, &ask->digest)) {
            return true;
        }
        first = &ask->digest;
    }
    return false;
}

/* The one answer that a quorum gave, and how many did; 0: there is none, or another one has as
 * many. */
static uint32_t find_agreed(const struct evm *evm, const struct evm_call *call,
                            struct hash *ret_digest)
{
    uint32_t agreed = 0;

    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        const struct evm_ask *const ask = &call->asks[i];
        const uint32_t votes = ask->phase == EVM_ASK_VOTED ? votes_for(evm, call, &ask->digest) : 0;
        if (votes < evm->quorum) {
            continue;
        }
        if (agreed > 0 && !hash_equal(ret_digest, &ask->digest)) {
            return 0;
        }
        agreed = votes;
        *ret_digest = ask->digest;
    }
    return agreed;
}

/* Those who answered, and not all alike: where everybody must agree, a quorum may still say who it
 * was. */
static void tell_split(struct evm *evm, struct evm_call *call)
{
    const uint32_t agreed = find_agreed(evm, call, &call->agreed);

    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        const struct evm_ask *const ask = &call->asks[i];
        if (ask->phase == EVM_ASK_VOTED && !ask->is_null &&
            (agreed == 0 || !hash_equal(&ask->digest, &call->agreed))) {
            evm_dissent_tell(evm, call, i, agreed);
        }
    }
    if (agreed == 0) {
        evm_quorum_tell(evm, QUORUM_SPLIT);
    }
}

/* Everybody who can be asked has answered, and it is not enough. */
static void give_up(struct evm *evm, struct evm_call *call, uint32_t endpoint,
                    const struct evm_answer *last)
{
    static const struct evm_answer none = {.kind = EVM_ANSWER_NONE};

    if (evm_vote_is_fixed(call) && is_split(evm, call)) {
        tell_split(evm, call);
    }
    const bool is_error = last != NULL && last->kind == EVM_ANSWER_ERROR;
    answer_call(evm, call, endpoint, is_error ? last : &none);
}

/* Ends a call of several endpoints that can come to nothing any more. */
static void conclude(struct evm *evm, struct evm_call *call, uint32_t endpoint,
                     const struct evm_answer *last)
{
    const struct tally tally = count_asks(evm, call);

    if (call->need > evm->quorum && tally.sent > 0) {
        return; /* not everybody agrees; the rest says who lies */
    }
    if (tally.leading + tally.sent + tally.possible < call->need &&
        tally.voted + tally.refused > 0) {
        give_up(evm, call, endpoint, last);
    }
}

/* No answer came from this endpoint, or one that asks for patience or cannot be used. */
static void fail_ask(struct evm *evm, struct evm_call *call, uint32_t endpoint,
                     struct duration wait, const struct evm_answer *last)
{
    static const struct evm_answer none = {.kind = EVM_ANSWER_NONE};
    struct evm_ask *const ask = &call->asks[endpoint];

    ask->phase = EVM_ASK_NONE;
    ask->not_before = instant_after(evm->now, wait);
    ask->tries++;
    call->tries++;
    if (call->is_settled) {
        return;
    }
    if (call->need == 1) {
        if (evm_call_is_once(call) || call->tries >= EVM_TRIES_MAX) {
            answer_call(evm, call, endpoint, last != NULL ? last : &none);
        } else {
            evm->chain.counters.calls_repeated++;
        }
        return;
    }
    if (evm_call_is_once(call) || ask->tries >= EVM_TRIES_MAX) {
        ask->phase = EVM_ASK_REFUSED;
    }
    evm->chain.counters.calls_repeated++;
    conclude(evm, call, endpoint, last);
}

static void tell_dissenters(struct evm *evm, struct evm_call *call)
{
    const uint32_t agreed = votes_for(evm, call, &call->agreed);

    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        const struct evm_ask *const ask = &call->asks[i];
        if (ask->phase != EVM_ASK_VOTED && ask->lacks) {
            evm_recheck_want(evm, call, i, agreed); /* it was to be asked again */
        }
        if (ask->phase == EVM_ASK_VOTED && !hash_equal(&ask->digest, &call->agreed)) {
            evm->chain.endpoints[i].behind += ask->lacks ? 1 : 0;
            if (!ask->is_null && evm_vote_is_fixed(call)) {
                evm_dissent_tell(evm, call, i, agreed);
            }
        }
    }
}

static void release_if_heard(struct evm *evm, struct evm_call *call)
{
    if (call->is_settled && count_asks(evm, call).sent == 0) {
        free_call(evm, call);
    }
}

static void settle(struct evm *evm, struct evm_call *call, uint32_t endpoint,
                   const struct evm_answer *answer)
{
    struct evm_call ended = *call;

    call->agreed = call->asks[endpoint].digest;
    tell_dissenters(evm, call);
    call->is_settled = true;
    evm->calls_of_jobs -= call->kind == EVM_CALL_JOB ? 1 : 0;
    release_if_heard(evm, call);
    ended.endpoint = endpoint;
    evm_call_answer(evm, &ended, answer);
}

/* Somebody knows more: those who said "not yet" are asked again. */
static void ask_lacking_again(struct evm *evm, struct evm_call *call)
{
    bool somebody_knows = false;

    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        somebody_knows |= call->asks[i].phase == EVM_ASK_VOTED && !call->asks[i].lacks;
    }
    for (uint32_t i = 0; somebody_knows && i < evm->chain.endpoints_count; i++) {
        struct evm_ask *const ask = &call->asks[i];
        if (ask->phase == EVM_ASK_VOTED && ask->lacks && ask->tries + 1 < EVM_TRIES_MAX) {
            ask->phase = EVM_ASK_NONE;
            ask->tries++;
            ask->not_before = instant_after(evm->now, LACKING_WAIT);
            evm->chain.endpoints[i].behind++;
        }
    }
}

void evm_call_count_foreign(struct evm *evm, const struct evm_call *call, uint32_t count)
{
    if (call->need == 1) {
        evm->chain.endpoints[call->endpoint].foreign_logs += count;
    }
}

static void vote(struct evm *evm, struct evm_call *call, uint32_t endpoint,
                 const struct evm_answer *answer)
{
    struct evm_ask *const ask = &call->asks[endpoint];
    struct evm_vote said;

    if (!evm_vote_read(evm, call, answer, &said)) {
        if (answer->kind == EVM_ANSWER_RESULT) {
            evm_endpoint_malformed(evm, endpoint, "an answer that cannot be read");
        }
        fail_ask(evm, call, endpoint, repeat_after(ask->tries), answer);
        return;
    }
    evm->chain.endpoints[endpoint].foreign_logs += said.foreign_logs;
    ask->phase = EVM_ASK_VOTED;
    ask->digest = said.digest;
    ask->is_null = said.is_null;
    ask->lacks = said.lacks;
    if (call->is_settled) {
        if (ask->lacks && !ask->is_null && !hash_equal(&ask->digest, &call->agreed)) {
            evm_recheck_want(evm, call, endpoint, votes_for(evm, call, &call->agreed));
        }
        if (!ask->lacks && !hash_equal(&ask->digest, &call->agreed) && evm_vote_is_fixed(call)) {
            evm_evidence_keep(evm, call, &ask->digest, answer->result);
            evm_dissent_tell(evm, call, endpoint, votes_for(evm, call, &call->agreed));
        }
        release_if_heard(evm, call);
        return;
    }
    evm_evidence_keep(evm, call, &ask->digest, answer->result);
    if (votes_for(evm, call, &ask->digest) >= call->need) {
        settle(evm, call, endpoint, answer);
        return;
    }
    ask_lacking_again(evm, call);
    conclude(evm, call, endpoint, NULL);
}

/* The time of an answer, smoothed over the last eight. */
static void measure(struct evm *evm, const struct evm_ask *ask, uint32_t endpoint)
{
    struct chain_endpoint *const seen = &evm->chain.endpoints[endpoint];

    if (ask->deadline.ns == 0 || ask->deadline.ns < evm->request_deadline.ns) {
        return; /* answered before the first tick: no time to speak of */
    }
    const struct instant sent = {.ns = ask->deadline.ns - evm->request_deadline.ns};
    const uint64_t took = instant_since(evm->now, sent).ns;
    seen->latency.ns = seen->latency.ns == 0 ? took : seen->latency.ns / 8 * 7 + took / 8;
}

/* An error that asks for patience, of the endpoint or of the question alone. */
static void take_transient(struct evm *evm, struct evm_call *call, uint32_t endpoint,
                           const struct evm_answer *answer)
{
    struct duration wait = {0};

    /* Of those that are asked once, "too much" is said of the question, not of its asker. */
    if (evm_error_is_limit(answer, &wait) || !evm_call_is_once(call)) {
        evm_endpoint_limited(evm, endpoint, wait);
    }
    fail_ask(evm, call, endpoint, repeat_after(call->asks[endpoint].tries), answer);
}

void evm_call_said(struct evm *evm, struct evm_call *call, uint32_t endpoint,
                   const struct evm_answer *answer)
{
    struct evm_ask *const ask = &call->asks[endpoint];

    CHECK(ask->phase == EVM_ASK_SENT);
    measure(evm, ask, endpoint);
    evm->chain.endpoints[endpoint].answers++;
    evm->chain.endpoints[endpoint].errors += answer->kind == EVM_ANSWER_ERROR ? 1 : 0;
    if (answer->kind == EVM_ANSWER_ERROR && evm_error_is_transient(answer)) {
        take_transient(evm, call, endpoint, answer);
        return;
    }
    evm_endpoint_obliged(evm, endpoint);
    if (call->need == 1) {
        answer_call(evm, call, endpoint, answer);
    } else {
        vote(evm, call, endpoint, answer);
    }
}

void evm_calls_lost(struct evm *evm, uint32_t endpoint)
{
    static const struct evm_answer none = {.kind = EVM_ANSWER_NONE};

    for (uint32_t i = 0; i < evm->calls_max; i++) {
        struct evm_call *const call = &evm->calls[i];
        const bool is_pinned_here = call->pinned && call->endpoint == endpoint;
        if (call->kind == EVM_CALL_FREE ||
            (call->asks[endpoint].phase != EVM_ASK_SENT && !is_pinned_here)) {
            continue;
        }
        if (call->is_settled) {
            call->asks[endpoint].phase = EVM_ASK_REFUSED;
            release_if_heard(evm, call);
        } else if (is_pinned_here || (call->need == 1 && evm_call_is_once(call))) {
            answer_call(evm, call, endpoint, &none);
        } else {
            evm_call_again(evm, call, endpoint);
        }
    }
}

/* ---- time ---- */

static void hedge(struct evm *evm, struct evm_call *call)
{
    const struct duration wait = {.ns = evm->request_deadline.ns / HEDGES_PER_WAIT};
    const struct tally tally = count_asks(evm, call);

    if (call->pinned || call->is_settled || tally.sent == 0 || tally.possible == 0) {
        return;
    }
    if (call->hedge_at.ns == 0) {
        call->hedge_at = instant_after(evm->now, wait);
    } else if (instant_is_past(call->hedge_at, evm->now)) {
        call->hedges++;
        call->hedge_at = instant_after(evm->now, wait);
    }
}

void evm_calls_tick(struct evm *evm)
{
    bool is_silent[ENDPOINTS_PER_CHAIN_MAX] = {false};

    for (uint32_t i = 0; i < evm->calls_max && evm->calls_used > 0; i++) {
        struct evm_call *const call = &evm->calls[i];
        const uint64_t before = evm->ids_given;
        for (uint32_t j = 0; j < evm->chain.endpoints_count; j++) {
            if (call->kind == EVM_CALL_FREE || call->asks[j].phase != EVM_ASK_SENT ||
                !evm_deadline_passed(evm, &call->asks[j].deadline, evm->request_deadline)) {
                continue;
            }
            is_silent[j] = true;
            fail_ask(evm, call, j, DURATION_MS(0), NULL);
            release_if_heard(evm, call);
        }
        CHECK(before == evm->ids_given); /* nothing is sent here: ids stay what they were */
        if (call->kind != EVM_CALL_FREE) {
            hedge(evm, call);
        }
    }
    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        if (is_silent[i]) {
            evm_endpoint_silent(evm, i);
        }
    }
}

struct instant evm_calls_next_tick(const struct evm *evm)
{
    struct instant next = {.ns = UINT64_MAX};

    for (uint32_t i = 0; i < evm->calls_max && evm->calls_used > 0; i++) {
        const struct evm_call *const call = &evm->calls[i];
        if (call->kind == EVM_CALL_FREE) {
            continue;
        }
        bool is_sent = false;
        for (uint32_t j = 0; j < evm->chain.endpoints_count; j++) {
            if (call->asks[j].phase == EVM_ASK_SENT) {
                evm_deadline(evm, call->asks[j].deadline, &next);
                is_sent = true;
            } else if (call->asks[j].phase == EVM_ASK_NONE && !call->is_settled) {
                evm_sooner(evm, call->asks[j].not_before, &next);
            }
        }
        if (is_sent && !call->pinned && !call->is_settled && evm->chain.endpoints_count > 1) {
            evm_sooner(evm, call->hedge_at, &next);
        }
    }
    return next;
}
