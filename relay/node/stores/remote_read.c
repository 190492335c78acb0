/* SPDX-License-Identifier: Apache-2.0 */
/* Other validators' stores.
 *
 *   fetch -> flag known to be absent? -> read before? -> not there a moment ago? -> GET
 *               |  no: wait for it          answer         wait for the newest index to reach it,
 *               +- raised: REFUSED                         at the latest until the deadline, GET
 *               +- cannot be read: UNKNOWN
 *
 * A store is a location text of one origin; two validators that announce the same one share it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/process/clock.h"
#include "relay/node/stores/checkpoint_json.h"
#include "relay/node/stores/checkpoint_store.h"
#include "relay/node/stores/remote_internal.h"

#define STORES_MAX          1024u
#define STORE_KEPT_MS       600000u
#define STORE_READS_MAX     8u /* objects of one store under way */
#define FLAG_KEPT_MS        15000u
#define FLAG_RENEW_MS       10000u /* before its end it is read again, while it still holds */
#define FLAG_RAISED_KEPT_MS 15000u
#define NEWEST_KEPT_MS      500u
#define ABSENT_KEPT_MS      500u
#define PAUSE_FIRST_MS      500u
#define PAUSE_MAX_MS        30000u
#define KNOWN_OBJECTS       32u

enum flag {
    FLAG_UNKNOWN, /* not read yet */
    FLAG_ABSENT,
    FLAG_RAISED,
};

/* What became of an object; by index modulo KNOWN_OBJECTS. */
struct known {
    uint32_t index;
    uint64_t absent_until_ms; /* 0: it is there */
    bool used;
    struct address tree_hook;
    struct checkpoint checkpoint;
    struct signature signature;
};

/* A request for an object. */
struct read {
    struct store *store;
    struct driver_fetch fetch;
    bool used;
};

struct store {
    struct store *next;
    struct remote_reader *reader;
    uint32_t domain;
    size_t location_count;
    uint8_t location[LOCATION_BYTES_MAX];
    struct store_location parsed;
    uint64_t used_ms;
    uint64_t paused_until_ms; /* after failures */
    uint32_t failures;
    enum flag flag;
    uint64_t flag_until_ms;
    bool flag_asked;
    uint32_t newest;
    bool newest_known;
    uint64_t newest_until_ms;
    bool newest_asked;
    uint32_t reads_count; /* of objects, flag and newest index: what points here */
    struct read reads[STORE_READS_MAX];
    struct known known[KNOWN_OBJECTS];
};

/* A fetch that waits. */
struct wait {
    struct wait *next;
    struct store *store;
    struct driver_fetch fetch; /* without its location */
    uint64_t deadline_ms;
    bool asked;
    bool last; /* the object was asked for after the deadline */
};

struct remote_reader {
    struct remote *remote;
    struct store *stores;
    uint32_t stores_count;
    struct wait *waits;
    uint32_t waits_count;
};

/* ---- answers ---- */

static void answer(struct remote_reader *reader, const struct driver_fetch *fetch,
                   enum outcome outcome, const struct known *known)
{
    struct event event;

    memset(&event, 0, sizeof(event));
    event.kind = EVENT_CHECKPOINT;
    event.domain = fetch->domain;
    event.checkpoint.validator = fetch->validator;
    event.checkpoint.message_id = fetch->message_id;
    event.checkpoint.index = fetch->index;
    event.checkpoint.outcome = outcome;
    if (known != NULL) {
        event.checkpoint.checkpoint = known->checkpoint;
        event.checkpoint.signature = known->signature;
    }
    remote_answer(reader->remote, &event);
}

static void wait_end(struct remote_reader *reader, struct wait **at, enum outcome outcome,
                     const struct known *known)
{
    struct wait *const wait = *at;

    answer(reader, &wait->fetch, outcome, known);
    *at = wait->next;
    reader->waits_count--;
    free(wait);
}

/* ---- what is known of a store ---- */

static struct known *known_at(struct store *store, uint32_t index)
{
    return &store->known[index % KNOWN_OBJECTS];
}

static const struct known *find_known(struct store *store, const struct driver_fetch *fetch)
{
    const struct known *const known = known_at(store, fetch->index);

    return known->used && known->index == fetch->index && known->absent_until_ms == 0 &&
                   address_equal(&known->tree_hook, &fetch->tree_hook)
               ? known
               : NULL;
}

static bool is_absent(struct store *store, uint32_t index, uint64_t now_ms)
{
    const struct known *const known = known_at(store, index);

    return known->used && known->index == index && known->absent_until_ms > now_ms;
}

static void store_works(struct store *store)
{
    store->failures = 0;
    store->paused_until_ms = 0;
}

/* Left alone for a while; everybody who waits for it is told that nothing is known. */
static void store_fails(struct store *store)
{
    struct remote_reader *const reader = store->reader;
    const uint64_t pause_ms =
        store->failures < 6 ? PAUSE_FIRST_MS << store->failures : PAUSE_MAX_MS;
    struct wait **at = &reader->waits;

    store->failures++;
    store->paused_until_ms = clock_monotonic_ms() + pause_ms;
    while (*at != NULL) {
        if ((*at)->store == store && !(*at)->asked) {
            wait_end(reader, at, OUTCOME_UNKNOWN, NULL);
        } else {
            at = &(*at)->next;
        }
    }
}

/* ---- the reorg flag ---- */

static void flag_done(void *context, const struct web_result *result)
{
    struct store *const store = context;
    const uint64_t now_ms = clock_monotonic_ms();

    store->reads_count--;
    store->flag_asked = false;
    if (result->end == WEB_END_REPLIED && result->status == 404) {
        store->flag = FLAG_ABSENT;
        store->flag_until_ms = now_ms + FLAG_KEPT_MS;
        store_works(store);
    } else if (result->end == WEB_END_TOO_LARGE ||
               (result->end == WEB_END_REPLIED && result->status == 200)) {
        store->flag = FLAG_RAISED;
        store->flag_until_ms = now_ms + FLAG_RAISED_KEPT_MS;
    } else {
        store->flag = FLAG_UNKNOWN;
        store_fails(store);
    }
}

static void ask(struct store *store, enum store_object object, size_t reply_bytes_max,
                void (*done)(void *context, const struct web_result *result))
{
    const struct web_handler handler = {.context = store, .done = done};
    const struct web_result none = {.end = WEB_END_UNREACHABLE};
    char name[STORE_OBJECT_BYTES_MAX];

    store_object_name(store->parsed.kind, object, 0, name);
    store->reads_count++;
    if (!remote_ask(store->reader->remote, &store->parsed, name, reply_bytes_max, &handler)) {
        done(store, &none);
    }
}

/* True: it is known not to be raised. Asks when it is not known, or not for long. */
static bool flag_is_absent(struct store *store, uint64_t now_ms)
{
    if (store->flag_until_ms <= now_ms) {
        store->flag = FLAG_UNKNOWN;
    }
    if ((store->flag == FLAG_UNKNOWN || store->flag_until_ms < now_ms + FLAG_RENEW_MS) &&
        !store->flag_asked && store->paused_until_ms <= now_ms) {
        store->flag_asked = true;
        ask(store, STORE_OBJECT_REORG, CHECKPOINT_OBJECT_BYTES_MAX, flag_done);
    }
    return store->flag == FLAG_ABSENT;
}

/* ---- the newest index ---- */

static void newest_done(void *context, const struct web_result *result)
{
    struct store *const store = context;
    uint32_t newest = 0;

    store->reads_count--;
    store->newest_asked = false;
    store->newest_known = result->end == WEB_END_REPLIED && result->status == 200 &&
                          checkpoint_json_newest(result->body, &newest) == STATUS_OK;
    store->newest = newest;
    store->newest_until_ms = clock_monotonic_ms() + NEWEST_KEPT_MS;
}

/* True: the store says that it has this one. */
static bool newest_reaches(struct store *store, uint32_t index, uint64_t now_ms)
{
    if (store->newest_until_ms <= now_ms && !store->newest_asked) {
        store->newest_asked = true;
        ask(store, STORE_OBJECT_NEWEST, CHECKPOINT_OBJECT_BYTES_MAX, newest_done);
    }
    return store->newest_known && store->newest >= index;
}

/* ---- objects ---- */

static void read_good(struct store *store, const struct driver_fetch *fetch,
                      const struct checkpoint *checkpoint, const struct signature *signature)
{
    *known_at(store, fetch->index) = (struct known){.index = fetch->index,
                                                    .used = true,
                                                    .tree_hook = fetch->tree_hook,
                                                    .checkpoint = *checkpoint,
                                                    .signature = *signature};
}

/* Everybody who waits for this object of the store: answered by `known`, with `outcome`, or
 * (ABSENT) left to wait when there is time. */
static void tell_waiting(struct store *store, uint32_t index, enum outcome outcome,
                         const struct known *known)
{
    struct remote_reader *const reader = store->reader;
    struct wait **at = &reader->waits;

    while (*at != NULL) {
        struct wait *const wait = *at;
        if (wait->store != store || wait->fetch.index != index || !wait->asked) {
            at = &wait->next;
            continue;
        }
        wait->asked = false;
        if (outcome == OUTCOME_ABSENT && !wait->last) {
            at = &wait->next;
        } else {
            wait_end(reader, at, outcome, known);
        }
    }
}

static void read_done(void *context, const struct web_result *result)
{
    struct read *const read = context;
    struct store *const store = read->store;
    const struct driver_fetch fetch = read->fetch;
    struct checkpoint checkpoint;
    struct signature signature;

    read->used = false;
    store->reads_count--;
    if (result->end == WEB_END_REPLIED && result->status == 404) {
        store_works(store);
        *known_at(store, fetch.index) =
            (struct known){.index = fetch.index,
                           .used = true,
                           .absent_until_ms = clock_monotonic_ms() + ABSENT_KEPT_MS};
        tell_waiting(store, fetch.index, OUTCOME_ABSENT, NULL);
    } else if (result->end == WEB_END_REPLIED && result->status == 200 &&
               checkpoint_json_read(result->body, &fetch, &checkpoint, &signature) == STATUS_OK) {
        store_works(store);
        read_good(store, &fetch, &checkpoint, &signature);
        tell_waiting(store, fetch.index, OUTCOME_OK, known_at(store, fetch.index));
    } else {
        tell_waiting(store, fetch.index, OUTCOME_UNKNOWN, NULL);
        store_fails(store);
    }
}

static struct read *free_read(struct store *store)
{
    for (uint32_t i = 0; i < STORE_READS_MAX; i++) {
        if (!store->reads[i].used) {
            return &store->reads[i];
        }
    }
    return NULL;
}

static void read_object(struct wait *wait, struct read *read)
{
    struct store *const store = wait->store;
    const struct web_result none = {.end = WEB_END_UNREACHABLE};
    const struct web_handler handler = {.context = read, .done = read_done};
    char name[STORE_OBJECT_BYTES_MAX];

    *read = (struct read){.store = store, .fetch = wait->fetch, .used = true};
    store->reads_count++;
    store_object_name(store->parsed.kind, STORE_OBJECT_CHECKPOINT, wait->fetch.index, name);
    /* Everybody who waits for the same object is answered by this one request. */
    for (struct wait *other = store->reader->waits; other != NULL; other = other->next) {
        other->asked =
            other->asked || (other->store == store && other->fetch.index == wait->fetch.index);
    }
    if (!remote_ask(store->reader->remote, &store->parsed, name, CHECKPOINT_OBJECT_BYTES_MAX,
                    &handler)) {
        read_done(read, &none);
    }
}

/* ---- time ---- */

enum next {
    NEXT_WAIT,
    NEXT_READ,
    NEXT_ANSWER,
};

/* What a wait that nothing is asked for does next. */
static enum next next_of(struct wait *wait, uint64_t now_ms, enum outcome *ret_outcome,
                         const struct known **ret_known)
{
    struct store *const store = wait->store;

    *ret_outcome = OUTCOME_UNKNOWN;
    *ret_known = NULL;
    if (store->paused_until_ms > now_ms) {
        return NEXT_ANSWER;
    }
    if (!flag_is_absent(store, now_ms)) {
        *ret_outcome = store->flag == FLAG_RAISED ? OUTCOME_REFUSED : OUTCOME_UNKNOWN;
        return store->flag == FLAG_RAISED ? NEXT_ANSWER : NEXT_WAIT;
    }
    *ret_known = find_known(store, &wait->fetch);
    if (*ret_known != NULL) {
        *ret_outcome = OUTCOME_OK;
        return NEXT_ANSWER;
    }
    if (free_read(store) == NULL) {
        return NEXT_WAIT;
    }
    const bool is_late = wait->deadline_ms <= now_ms;
    if (!is_absent(store, wait->fetch.index, now_ms)) {
        const struct known *const known = known_at(store, wait->fetch.index);
        const bool was_absent = known->used && known->index == wait->fetch.index;
        wait->last = is_late;
        return !was_absent || is_late || newest_reaches(store, wait->fetch.index, now_ms)
                   ? NEXT_READ
                   : NEXT_WAIT;
    }
    *ret_outcome = OUTCOME_ABSENT;
    return is_late ? NEXT_ANSWER : NEXT_WAIT;
}

static struct wait **find_wait(struct remote_reader *reader, const struct wait *wanted)
{
    struct wait **at = &reader->waits;

    while (*at != NULL && *at != wanted) {
        at = &(*at)->next;
    }
    return at;
}

/* One wait. Asking can end it, and others, at once, so the list is walked anew after it. */
static bool wait_advance(struct remote_reader *reader, struct wait *wait, uint64_t now_ms)
{
    enum outcome outcome = OUTCOME_UNKNOWN;
    const struct known *known = NULL;
    const uint32_t before = reader->waits_count;

    const enum next next = next_of(wait, now_ms, &outcome, &known);
    if (reader->waits_count != before) {
        return true;
    }
    switch (next) {
    case NEXT_WAIT:
        return false;
    case NEXT_READ:
        read_object(wait, free_read(wait->store));
        return reader->waits_count != before;
    case NEXT_ANSWER:
        wait_end(reader, find_wait(reader, wait), outcome, known);
        return true;
    }
    return false;
}

static bool is_needed(const struct remote_reader *reader, const struct store *store)
{
    bool found = store->reads_count > 0;

    for (const struct wait *wait = reader->waits; wait != NULL && !found; wait = wait->next) {
        found = wait->store == store;
    }
    return found;
}

/* Forgets stores that nobody asked for since `since_ms`. */
static void forget_stores(struct remote_reader *reader, uint64_t since_ms)
{
    struct store **at = &reader->stores;

    while (*at != NULL) {
        struct store *const store = *at;
        if (store->used_ms > since_ms || is_needed(reader, store)) {
            at = &store->next;
        } else {
            *at = store->next;
            reader->stores_count--;
            free(store);
        }
    }
}

bool remote_reader_tick(struct remote_reader *reader)
{
    const uint64_t now_ms = clock_monotonic_ms();
    struct wait *wait = reader->waits;

    while (wait != NULL) {
        struct wait *const next = wait->next;
        if (!wait->asked && wait_advance(reader, wait, now_ms)) {
            /* The list changed: the rest has its turn now as well, from the front. */
            wait = reader->waits;
        } else {
            wait = next;
        }
    }
    if (now_ms > STORE_KEPT_MS) {
        forget_stores(reader, now_ms - STORE_KEPT_MS);
    }
    return reader->waits != NULL;
}

/* ---- asking ---- */

/* NULL: not such a location, no memory, or too many stores. */
static struct store *find_store(struct remote_reader *reader, const struct driver_fetch *request)
{
    struct store_location parsed;
    struct store *store = reader->stores;

    while (store != NULL &&
           (store->domain != request->domain ||
            !bytes_equal(bytes_from(store->location, store->location_count), request->location))) {
        store = store->next;
    }
    if (store != NULL || store_location_parse(request->location, &parsed) != STATUS_OK ||
        parsed.kind == STORE_FOLDER) {
        return store;
    }
    if (reader->stores_count == STORES_MAX) {
        forget_stores(reader, clock_monotonic_ms()); /* whoever is not waited for */
    }
    if (reader->stores_count == STORES_MAX) {
        return NULL;
    }
    store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return NULL;
    }
    store->reader = reader;
    store->domain = request->domain;
    store->parsed = parsed;
    store->location_count = request->location.count;
    memcpy(store->location, request->location.data, request->location.count);
    store->next = reader->stores;
    reader->stores = store;
    reader->stores_count++;
    return store;
}

static bool is_same(const struct wait *wait, const struct store *store,
                    const struct driver_fetch *request)
{
    return wait->store == store && wait->fetch.index == request->index &&
           hash_equal(&wait->fetch.message_id, &request->message_id) &&
           address_equal(&wait->fetch.validator, &request->validator);
}

void remote_reader_fetch(struct remote_reader *reader, const struct driver_fetch *request)
{
    struct store *const store = find_store(reader, request);
    struct wait **last = &reader->waits;

    if (store == NULL || reader->waits_count == REMOTE_FETCHES_MAX) {
        /* A location that nobody can read has nothing, and another one may be tried. */
        answer(reader, request, store == NULL ? OUTCOME_ABSENT : OUTCOME_UNKNOWN, NULL);
        return;
    }
    store->used_ms = clock_monotonic_ms();
    while (*last != NULL) {
        if (is_same(*last, store, request)) {
            return; /* the first one's answer serves both */
        }
        last = &(*last)->next;
    }
    struct wait *const wait = calloc(1, sizeof(*wait));
    if (wait == NULL) {
        answer(reader, request, OUTCOME_UNKNOWN, NULL);
        return;
    }
    wait->store = store;
    wait->fetch = *request;
    wait->fetch.location = (struct bytes){.count = 0};
    wait->deadline_ms = store->used_ms + REMOTE_WAIT_MS;
    *last = wait;
    reader->waits_count++;
}

/* ---- life ---- */

struct remote_reader *remote_reader_new(struct remote *remote)
{
    struct remote_reader *const reader = calloc(1, sizeof(*reader));

    if (reader != NULL) {
        reader->remote = remote;
    }
    return reader;
}

struct remote_reader *remote_reader_free(struct remote_reader *reader)
{
    if (reader == NULL) {
        return NULL;
    }
    while (reader->waits != NULL) {
        struct wait *const wait = reader->waits;
        reader->waits = wait->next;
        free(wait);
    }
    while (reader->stores != NULL) {
        struct store *const store = reader->stores;
        reader->stores = store->next;
        free(store);
    }
    free(reader);
    return NULL;
}
