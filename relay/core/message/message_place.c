/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/message/message_place.c: rows of messages within a step; places, queues and waits.
 *
 * Of one destination at most MESSAGE_ACTIVE_MAX messages are proved and prepared at once; from its
 * nonce on a message takes up no place, the lanes bound those. The others wait, those of each
 * origin in a queue of their own: a place that becomes free goes to the origins in turn, so that
 * none is held up by what another one sends, and of each in turn to the newest and to the oldest,
 * so that what was just sent is not held up by a backlog, and no message starves. A message that
 * failed gives its place back and queues again when its time has come. One that reverts again and
 * again is quarantined: it is tried on one of MESSAGE_CONFINED_MAX places beside those of the
 * others, so that neither stands in the other's way. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/message/message_internal.h"
#include "relay/core/tables.h"
#include "relay/core/text.h"

#define QUEUE_GAPS_MAX    64u
#define QUEUE_FRONT_BYTES 10u /* of a key in a queue: up to its sequence */

/* ---- rows ---- */

bool message_get(struct step *step, const struct hash *id, struct message *ret_message)
{
    uint8_t key[MESSAGE_KEY_BYTES];
    struct bytes value;

    if (!step_get(step, message_key(key, TABLE_MESSAGE, id), &value)) {
        return false;
    }
    if (message_row_unpack(value, &ret_message->row) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    ret_message->id = *id;
    return true;
}

void message_put(struct step *step, const struct message *message)
{
    uint8_t key[MESSAGE_KEY_BYTES];
    uint8_t memory[MESSAGE_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));

    message_row_pack(&message->row, &packer);
    step_put(step, message_key(key, TABLE_MESSAGE, &message->id), packer_finish(&packer));
}

void message_say(struct message *message, const struct text *text)
{
    struct message_row *row = &message->row;

    memset(row->words, 0, sizeof(row->words));
    row->words_count =
        (uint32_t)(text->count < sizeof(row->words) ? text->count : sizeof(row->words));
    memcpy(row->words, text->text, row->words_count);
}

void message_due(struct step *step, struct message *message, struct instant at)
{
    if (message->row.due.ns == at.ns) {
        return;
    }
    if (message->row.due.ns != 0) {
        step_due_remove(step, message->row.due, DUE_MESSAGE, &message->id);
    }
    message->row.due = at;
    if (at.ns != 0) {
        step_due(step, at, DUE_MESSAGE, &message->id);
    }
}

void message_now(struct step *step, struct message *message)
{
    message_due(step, message, step->now);
}

void message_set(struct step *step, struct message *message, enum message_state state,
                 enum reason reason)
{
    if (message->row.state == state && message->row.reason == reason) {
        return;
    }
    message->row.state = state;
    message->row.reason = reason;
    message->row.since = step->now;
}

static struct open_row open_get(struct step *step, uint32_t destination)
{
    uint8_t memory[OPEN_KEY_BYTES_MAX];
    const struct packer key = open_key(memory, destination, OPEN_COUNTS);
    struct open_row open;
    struct bytes value;

    memset(&open, 0, sizeof(open));
    if (step_get(step, packer_finish(&key), &value) && open_row_unpack(value, &open) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
    }
    return open;
}

static void open_put(struct step *step, uint32_t destination, const struct open_row *open)
{
    uint8_t memory[OPEN_KEY_BYTES_MAX];
    uint8_t value[OPEN_ROW_BYTES];
    const struct packer key = open_key(memory, destination, OPEN_COUNTS);
    struct packer packer = packer_from(value, sizeof(value));

    open_row_pack(open, &packer);
    step_put(step, packer_finish(&key), packer_finish(&packer));
}

static struct bytes all_key(uint8_t memory[OPEN_KEY_BYTES_MAX], const struct message *message)
{
    struct packer key = open_key(memory, message->row.destination, OPEN_ALL);

    pack_u32(&key, message->row.origin);
    pack_u32(&key, message->row.nonce);
    pack_hash(&key, &message->id);
    return packer_finish(&key);
}

static struct bytes active_key(uint8_t memory[OPEN_KEY_BYTES_MAX], const struct message *message)
{
    struct packer key = open_key(memory, message->row.destination, OPEN_ACTIVE);

    pack_hash(&key, &message->id);
    return packer_finish(&key);
}

static struct bytes queue_key(uint8_t memory[OPEN_KEY_BYTES_MAX], uint32_t destination,
                              uint32_t origin, uint64_t sequence)
{
    struct packer key = open_key(memory, destination, OPEN_QUEUE);

    pack_u32(&key, origin);
    pack_u64(&key, sequence);
    return packer_finish(&key);
}

static struct bytes route_key(uint8_t memory[OPEN_KEY_BYTES_MAX], uint32_t destination,
                              uint32_t origin)
{
    struct packer key = open_key(memory, destination, OPEN_ROUTE);

    pack_u32(&key, origin);
    return packer_finish(&key);
}

static struct route_row route_get(struct step *step, uint32_t destination, uint32_t origin)
{
    uint8_t memory[OPEN_KEY_BYTES_MAX];
    struct route_row route;
    struct bytes value;

    memset(&route, 0, sizeof(route));
    if (step_get(step, route_key(memory, destination, origin), &value) &&
        route_row_unpack(value, &route) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
    }
    return route;
}

static void route_put(struct step *step, uint32_t destination, uint32_t origin,
                      const struct route_row *route)
{
    uint8_t memory[OPEN_KEY_BYTES_MAX];
    uint8_t value[ROUTE_ROW_BYTES];
    struct packer packer = packer_from(value, sizeof(value));

    route_row_pack(route, &packer);
    step_put(step, route_key(memory, destination, origin), packer_finish(&packer));
}

void message_open(struct step *step, const struct message *message)
{
    uint8_t memory[OPEN_KEY_BYTES_MAX];

    step_put(step, all_key(memory, message), bytes_from(NULL, 0));
}

void message_close(struct step *step, const struct message *message)
{
    uint8_t memory[OPEN_KEY_BYTES_MAX];

    step_delete(step, all_key(memory, message));
}

/* ---- places ---- */

static void begin(struct step *step, struct message *message)
{
    uint8_t memory[OPEN_KEY_BYTES_MAX];

    message->row.active = true;
    step_put(step, active_key(memory, message), bytes_from(NULL, 0));
    message_set(step, message, MESSAGE_SECURITY, REASON_AWAITING_SECURITY);
    message_now(step, message);
}

/* A quarantined message takes one of the places for such, or asks again later. */
static void enter_confined(struct step *step, struct message *message)
{
    struct open_row open = open_get(step, message->row.destination);

    if (open.confined_count >= MESSAGE_CONFINED_MAX) {
        message_due(step, message, instant_after(step->now, MESSAGE_CONFINED_WAIT));
        return;
    }
    open.confined_count++;
    message->row.is_confined = true;
    begin(step, message);
    open_put(step, message->row.destination, &open);
}

/* At the end of its origin's queue. */
static void queue(struct step *step, struct message *message)
{
    const uint32_t destination = message->row.destination;
    const uint32_t origin = message->row.origin;
    uint8_t memory[OPEN_KEY_BYTES_MAX];
    struct route_row route = route_get(step, destination, origin);

    message->row.queue_sequence = route.queue_next++;
    step_put(step, queue_key(memory, destination, origin, message->row.queue_sequence),
             bytes_from(message->id.bytes, sizeof(message->id.bytes)));
    route_put(step, destination, origin, &route);
    message_set(step, message, MESSAGE_QUEUED, REASON_QUEUED);
    message_due(step, message, (struct instant){.ns = 0});
}

void message_enter(struct step *step, struct message *message)
{
    CHECK(!message->row.active);
    if (message->row.state == MESSAGE_QUARANTINED) {
        enter_confined(step, message);
        return;
    }
    CHECK(message->row.state != MESSAGE_QUEUED);
    struct open_row open = open_get(step, message->row.destination);

    if (open.active_count < MESSAGE_ACTIVE_MAX) {
        open.active_count++;
        begin(step, message);
    } else {
        open.queued_count++;
        queue(step, message);
    }
    open_put(step, message->row.destination, &open);
}

/* One queue while a place of it is given away. */
struct route {
    uint32_t destination;
    uint32_t origin;
    struct route_row row;
};

/* Takes a message out of the queue. False: it left the queue by itself. */
static bool unqueue(struct step *step, const struct route *route, uint64_t sequence,
                    struct bytes value, struct message *ret_message)
{
    uint8_t memory[OPEN_KEY_BYTES_MAX];
    struct unpacker unpacker = unpacker_from(value);
    const struct hash id = unpack_hash(&unpacker);

    step_delete(step, queue_key(memory, route->destination, route->origin, sequence));
    return message_get(step, &id, ret_message) && ret_message->row.state == MESSAGE_QUEUED;
}

static bool take_oldest(struct step *step, struct route *route, struct message *ret_message)
{
    uint8_t memory[OPEN_KEY_BYTES_MAX];
    struct bytes key;
    struct bytes value;

    while (route->row.queue_first < route->row.queue_next) {
        const struct bytes from =
            queue_key(memory, route->destination, route->origin, route->row.queue_first);
        if (!step_seek(step, from, bytes_from(memory, QUEUE_FRONT_BYTES), &key, &value)) {
            route->row.queue_first = route->row.queue_next;
            return false;
        }
        struct unpacker place = unpacker_from(key);
        (void)unpack_raw(&place, QUEUE_FRONT_BYTES);
        const uint64_t sequence = unpack_u64(&place);
        route->row.queue_first = sequence + 1;
        if (unqueue(step, route, sequence, value, ret_message)) {
            return true;
        }
    }
    return false;
}

/* From the end; its number is given again to the next that comes, so that what was taken leaves no
 * gap. Gaps are left by those that went by themselves: so many of them are passed at once. */
static bool take_newest(struct step *step, struct route *route, struct message *ret_message)
{
    uint8_t memory[OPEN_KEY_BYTES_MAX];
    struct bytes value;

    for (uint32_t i = 0; i < QUEUE_GAPS_MAX && route->row.queue_first < route->row.queue_next;
         i++) {
        const uint64_t sequence = --route->row.queue_next;
        if (step_get(step, queue_key(memory, route->destination, route->origin, sequence),
                     &value) &&
            unqueue(step, route, sequence, value, ret_message)) {
            return true;
        }
    }
    return false;
}

/* The first origin from `origin` on that has a message in the queue. */
static bool seek_route(struct step *step, uint32_t destination, uint32_t origin,
                       struct route *ret_route)
{
    uint8_t memory[OPEN_KEY_BYTES_MAX];
    const struct bytes from = queue_key(memory, destination, origin, 0);
    struct bytes key;
    struct bytes value;

    if (!step_seek(step, from, bytes_from(memory, QUEUE_FRONT_BYTES - 4), &key, &value)) {
        return false;
    }
    struct unpacker place = unpacker_from(key);
    (void)unpack_raw(&place, QUEUE_FRONT_BYTES - 4);
    ret_route->destination = destination;
    ret_route->origin = unpack_u32(&place);
    ret_route->row = route_get(step, destination, ret_route->origin);
    return true;
}

/* The one after the last that got a place, in a circle. False: nothing is queued. */
static bool next_route(struct step *step, uint32_t destination, const struct open_row *open,
                       struct route *ret_route)
{
    return (open->route_last < UINT32_MAX &&
            seek_route(step, destination, open->route_last + 1, ret_route)) ||
           seek_route(step, destination, 0, ret_route);
}

/* Gives a place that became free to the next origin in turn, and of its messages to the newest or
 * to the oldest, in turn. */
static void enter_next(struct step *step, uint32_t destination, struct open_row *open)
{
    struct message next;
    struct route route;

    if (!next_route(step, destination, open, &route)) {
        return;
    }
    const bool is_newest = route.row.newest_next && take_newest(step, &route, &next);
    if (is_newest || take_oldest(step, &route, &next)) {
        route.row.newest_next = !is_newest;
        open->route_last = route.origin;
        open->active_count++;
        open->queued_count -= open->queued_count > 0 ? 1 : 0;
        begin(step, &next);
        message_put(step, &next);
    }
    route_put(step, destination, route.origin, &route.row);
}

bool message_has_company(struct step *step, const struct message *message)
{
    return open_get(step, message->row.destination).active_count > 1;
}

static void unqueue_itself(struct step *step, struct message *message)
{
    uint8_t memory[OPEN_KEY_BYTES_MAX];
    struct open_row open = open_get(step, message->row.destination);

    step_delete(step, queue_key(memory, message->row.destination, message->row.origin,
                                message->row.queue_sequence));
    open.queued_count -= open.queued_count > 0 ? 1 : 0;
    open_put(step, message->row.destination, &open);
    /* Not to be found as queued any more by whoever looks while this step goes on. */
    message_set(step, message, MESSAGE_RETRY, message->row.reason);
}

void message_give_place(struct step *step, struct message *message)
{
    uint8_t memory[OPEN_KEY_BYTES_MAX];
    struct open_row open;

    if (!message->row.active) {
        return;
    }
    message->row.active = false;
    step_delete(step, active_key(memory, message));
    open = open_get(step, message->row.destination);
    if (message->row.is_confined) {
        CHECK(open.confined_count > 0 || step->status != STATUS_OK);
        open.confined_count -= open.confined_count > 0 ? 1 : 0;
        message->row.is_confined = false;
        open_put(step, message->row.destination, &open);
        return;
    }
    CHECK(open.active_count > 0 || step->status != STATUS_OK);
    open.active_count -= open.active_count > 0 ? 1 : 0;
    enter_next(step, message->row.destination, &open);
    open_put(step, message->row.destination, &open);
}

void message_leave(struct step *step, struct message *message)
{
    const bool is_sent =
        message->row.state == MESSAGE_SENT || message->row.state == MESSAGE_INCLUDED;

    message_wait_end(step, message);
    if (!is_sent) {
        (void)message_batch_leave(step, message);
        message_limits_release(step, message);
    }
    message_due(step, message, (struct instant){.ns = 0});
    if (!is_sent && !hash_is_zero(&message->row.leg_id)) {
        lane_forget(step, &message->row.leg_id);
        memset(&message->row.leg_id, 0, sizeof(message->row.leg_id));
    }
    if (message->row.state == MESSAGE_QUEUED) {
        unqueue_itself(step, message);
    }
    message_give_place(step, message);
}

void message_later(struct step *step, struct message *message, enum reason reason,
                   struct duration wait)
{
    message_leave(step, message);
    message_set(step, message, MESSAGE_RETRY, reason);
    message_due(step, message, instant_after(step->now, wait));
}

/* How long to wait after the n-th failure: quickly at first, then ever more slowly, as operators of
 * the reference relayer know it; the steps are those of its schedule without its random part. */
static struct duration ladder(uint32_t attempts_count)
{
    const uint64_t n = attempts_count;

    if (n <= 1) {
        return DURATION_MS(5000);
    }
    if (n == 2) {
        return DURATION_MS(10000);
    }
    if (n == 3) {
        return DURATION_MS(30000);
    }
    if (n == 4) {
        return DURATION_MS(60000);
    }
    if (n < 25) {
        return DURATION_MS(180000);
    }
    if (n < 40) {
        return DURATION_MS((300 + 90 * (n - 25)) * 1000);
    }
    if (n < 45) {
        return DURATION_MS(1800000);
    }
    if (n < 50) {
        return DURATION_MS(3600000);
    }
    return DURATION_MS((n < 61 ? n - 49 : 12) * 7200000);
}

/* The same under the configured ceiling. */
static struct duration retry_wait(const struct step *step, uint32_t attempts_count)
{
    const struct duration wait = ladder(attempts_count);
    const struct duration wait_max = step->config->policy.retry_wait_max;

    return wait_max.ns != 0 && wait_max.ns < wait.ns ? wait_max : wait;
}

/* Given up, which a person is told; only a person takes it up again. */
static void bury(struct step *step, struct message *message, enum reason reason)
{
    struct text text = text_from("given up after ");

    text_add_number(&text, message->row.attempts_count);
    text_add(&text, " failures; 'sluice messages retry' takes it up again");
    message_leave(step, message);
    message_set(step, message, MESSAGE_DEAD, reason);
    step_note(step, NOTE_ALARM, message->row.destination, &message->id, reason, text.text);
}

void message_fail(struct step *step, struct message *message, enum reason reason)
{
    const uint32_t failures_max = step->config->policy.retries_max;
    const bool was_quarantined = message->row.reverts_count >= MESSAGE_REVERTS_MAX;

    message->row.attempts_count++;
    if (reason == REASON_SIMULATION_REVERTED) {
        message->row.reverts_count++;
    }
    if (reason == REASON_TRANSACTION_REVERTED) { /* it cost gas: no second time soon */
        message->row.reverts_count += MESSAGE_REVERTS_MAX;
    }
    if (failures_max != 0 && message->row.attempts_count >= failures_max) {
        bury(step, message, reason);
        return;
    }
    message_later(step, message, reason, retry_wait(step, message->row.attempts_count));
    if (message->row.reverts_count >= MESSAGE_REVERTS_MAX) {
        message_set(step, message, MESSAGE_QUARANTINED, reason);
        if (!was_quarantined) {
            step_note(step, NOTE_WARN, message->row.destination, &message->id, REASON_QUARANTINED,
                      NULL);
        }
    }
}

static void proofs_delete(struct step *step, const struct message *message)
{
    uint8_t memory[PROOF_KEY_BYTES];
    const struct address first = {{0}};
    struct bytes key = proof_key(memory, &message->id, &first, PROOF_OWN);
    struct bytes value;

    for (uint32_t i = 0; i < PROOF_SLOTS * ISM_VALIDATORS_MAX && message->row.rounds_count > 0;
         i++) {
        if (!step_seek(step, bytes_from(memory, PROOF_KEY_BYTES),
                       bytes_from(memory, MESSAGE_KEY_BYTES), &key, &value)) {
            return;
        }
        CHECK(key.count == PROOF_KEY_BYTES);
        memcpy(memory, key.data, PROOF_KEY_BYTES);
        step_delete(step, bytes_from(memory, PROOF_KEY_BYTES));
    }
}

void message_finish(struct step *step, struct message *message, enum message_state state,
                    enum reason reason)
{
    uint8_t key[MESSAGE_KEY_BYTES];

    message_leave(step, message);
    message_close(step, message);
    proofs_delete(step, message);
    if (state == MESSAGE_DELIVERED && !hash_is_zero(&message->row.leg_id)) {
        /* The lane still needs the message while a transaction of it is under way. */
        message_set(step, message, state, reason);
        return;
    }
    if (state == MESSAGE_DELIVERED) {
        step_delete(step, message_key(key, TABLE_BODY, &message->id));
    }
    message_set(step, message, state, reason);
}

/* ---- waits ---- */

/* 'w', the key of the row whose answer is awaited, message id. */
static struct packer wait_key(uint8_t memory[ROW_KEY_BYTES_MAX], const struct message *message)
{
    uint8_t question[SECURITY_KEY_BYTES];
    struct packer key = packer_from(memory, ROW_KEY_BYTES_MAX);

    pack_u8(&key, TABLE_WAITING);
    switch (message->row.wait) {
    case MESSAGE_WAIT_NONE:
        CHECK(false);
        break;
    case MESSAGE_WAIT_SECURITY:
        pack_raw(&key, security_key(question, &message->row));
        break;
    case MESSAGE_WAIT_STORAGE:
        pack_raw(&key, storage_key(question, message->row.origin, &message->row.wait_validator));
        break;
    }
    return key;
}

void message_wait_for(struct step *step, struct message *message, enum message_wait wait,
                      const struct address *validator, struct instant until)
{
    CHECK(message->row.wait == MESSAGE_WAIT_NONE);
    uint8_t memory[ROW_KEY_BYTES_MAX];

    message->row.wait = wait;
    if (validator != NULL) {
        message->row.wait_validator = *validator;
    }
    struct packer key = wait_key(memory, message);
    pack_hash(&key, &message->id);
    step_put(step, packer_finish(&key), bytes_from(NULL, 0));
    message_due(step, message, until);
}

void message_wait_end(struct step *step, struct message *message)
{
    uint8_t memory[ROW_KEY_BYTES_MAX];

    if (message->row.wait == MESSAGE_WAIT_NONE) {
        return;
    }
    struct packer key = wait_key(memory, message);
    pack_hash(&key, &message->id);
    step_delete(step, packer_finish(&key));
    message->row.wait = MESSAGE_WAIT_NONE;
}

void message_wake(struct step *step, const struct message *like)
{
    uint8_t memory[ROW_KEY_BYTES_MAX];
    const struct packer prefix = wait_key(memory, like);
    const struct bytes front = packer_finish(&prefix);
    uint8_t from[ROW_KEY_BYTES_MAX];
    size_t from_count = front.count;

    memcpy(from, front.data, front.count);
    for (uint32_t i = 0;; i++) {
        struct message waiting;
        struct bytes key;
        struct bytes value;
        if (!step_seek(step, bytes_from(from, from_count), front, &key, &value)) {
            return;
        }
        CHECK(key.count == front.count + 32);
        struct hash id;
        memcpy(id.bytes, key.data + front.count, sizeof(id.bytes));
        if (i == MESSAGE_WOKEN_MAX) {
            step_due(step, step->now, DUE_WAITING, &id);
            return;
        }
        memcpy(from, key.data, key.count);
        from_count = key.count;
        step_delete(step, bytes_from(from, from_count));
        if (message_get(step, &id, &waiting) && waiting.row.wait == like->row.wait) {
            waiting.row.wait = MESSAGE_WAIT_NONE;
            message_now(step, &waiting);
            message_put(step, &waiting);
        }
    }
}
