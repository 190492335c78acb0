/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/stores/files.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "relay/base/check.h"
#include "relay/node/process/clock.h"
#include "relay/node/process/thread_queue.h"
#include "relay/node/stores/checkpoint_store.h"

#define REQUESTS_BYTES ((size_t)4 << 20)
#define ANSWERS_BYTES  ((size_t)16 << 20)
#define FOLDERS_MAX    256u
#define LOOK_MS        20u /* between two looks at folders that are waited for */
#define IDLE_MS        60000u
#define SETTLE_MS      100u /* a folder's time of change is as coarse as the system's clock tick */
#define NO_FOLDER      UINT32_MAX

enum request_kind {
    REQUEST_FETCH = 1,
    REQUEST_PUBLISH = 2,
};

/* The location's bytes follow in the queue. */
struct files_request {
    enum request_kind kind;
    union {
        struct driver_fetch fetch;
        struct driver_publish publish;
    };
};

struct files_item {
    struct files_request request;
    uint8_t location[LOCATION_BYTES_MAX];
};

/* A fetch that waits for its object. */
struct waiting {
    struct driver_fetch fetch;
    uint8_t location[LOCATION_BYTES_MAX];
    uint32_t folder;
    uint64_t deadline_ms;
    bool looked; /* since the folder last changed */
};

/* A folder that somebody waits for: objects are looked for only when it changed. */
struct folder {
    char path[CHECKPOINT_PATH_BYTES_MAX];
    struct timespec changed;
    uint64_t settled_ms; /* until then every look counts */
    uint32_t waiting_count;
};

struct files {
    pthread_t thread;
    bool runs;
    struct thread_queue *requests;
    struct thread_queue *answers;
    struct waiting *waiting;
    uint32_t waiting_count;
    struct folder *folders;
    uint32_t folders_count;
};

static void answer(struct files *files, const struct event *event)
{
    /* A full queue is a lost answer: the core asks again. */
    const enum status status =
        thread_queue_push(files->answers, bytes_from(event, sizeof(*event)), (struct bytes){0});
    (void)status;
}

static enum outcome outcome_of(enum status status)
{
    if (status == STATUS_OK) {
        return OUTCOME_OK;
    }
    if (status == STATUS_REFUSED) {
        return OUTCOME_REFUSED;
    }
    return status == STATUS_NOT_FOUND ? OUTCOME_ABSENT : OUTCOME_UNKNOWN;
}

static void answer_fetch(struct files *files, const struct driver_fetch *fetch, enum status status,
                         const struct checkpoint *checkpoint, const struct signature *signature)
{
    struct event event = {.kind = EVENT_CHECKPOINT,
                          .domain = fetch->domain,
                          .checkpoint = {.validator = fetch->validator,
                                         .message_id = fetch->message_id,
                                         .index = fetch->index,
                                         .outcome = outcome_of(status)}};
    if (status == STATUS_OK) {
        event.checkpoint.checkpoint = *checkpoint;
        event.checkpoint.signature = *signature;
    }
    answer(files, &event);
}

/* True: answered. False: the object is not there yet. */
static bool try_fetch(struct files *files, const struct driver_fetch *fetch)
{
    struct checkpoint checkpoint;
    struct signature signature;
    const enum status status = checkpoint_store_read(fetch, &checkpoint, &signature);
    if (status == STATUS_NOT_FOUND) {
        return false;
    }
    answer_fetch(files, fetch, status, &checkpoint, &signature);
    return true;
}

/* ---- waiting for objects ---- */

static uint32_t folder_of(struct files *files, struct bytes location)
{
    char path[CHECKPOINT_PATH_BYTES_MAX];
    uint32_t free_index = NO_FOLDER;
    if (checkpoint_store_folder(location, path) != STATUS_OK) {
        return NO_FOLDER;
    }
    for (uint32_t i = 0; i < files->folders_count; i++) {
        if (files->folders[i].waiting_count == 0) {
            free_index = i;
        } else if (strcmp(files->folders[i].path, path) == 0) {
            return i;
        }
    }
    if (free_index == NO_FOLDER) {
        if (files->folders_count == FOLDERS_MAX) {
            return NO_FOLDER;
        }
        free_index = files->folders_count;
        files->folders_count++;
    }
    struct folder *folder = &files->folders[free_index];
    *folder = (struct folder){.settled_ms = clock_monotonic_ms() + SETTLE_MS};
    memcpy(folder->path, path, strlen(path) + 1);
    return free_index;
}

static void wait_for(struct files *files, const struct files_item *item)
{
    const struct driver_fetch *fetch = &item->request.fetch;
    const uint32_t folder = folder_of(files, fetch->location);
    if (folder == NO_FOLDER || files->waiting_count == FILES_FETCHES_MAX) {
        answer_fetch(files, fetch, STATUS_NOT_FOUND, NULL, NULL);
        return;
    }
    struct waiting *waiting = &files->waiting[files->waiting_count];
    files->waiting_count++;
    files->folders[folder].waiting_count++;
    *waiting = (struct waiting){
        .fetch = *fetch, .folder = folder, .deadline_ms = clock_monotonic_ms() + FILES_WAIT_MS};
    memcpy(waiting->location, fetch->location.data, fetch->location.count);
    /* It may have come between the first look and now. */
    files->folders[folder].settled_ms = clock_monotonic_ms() + SETTLE_MS;
}

/* True: something may have come since the last look. */
static bool folder_changed(struct folder *folder, uint64_t now_ms)
{
    struct stat state;
    if (stat(folder->path, &state) == 0 && (state.st_mtim.tv_sec != folder->changed.tv_sec ||
                                            state.st_mtim.tv_nsec != folder->changed.tv_nsec)) {
        folder->changed = state.st_mtim;
        folder->settled_ms = now_ms + SETTLE_MS;
    }
    return now_ms <= folder->settled_ms;
}

static void look_again(struct files *files)
{
    const uint64_t now_ms = clock_monotonic_ms();
    bool changed[FOLDERS_MAX] = {false};
    for (uint32_t i = 0; i < files->folders_count; i++) {
        if (files->folders[i].waiting_count > 0) {
            changed[i] = folder_changed(&files->folders[i], now_ms);
        }
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < files->waiting_count; i++) {
        struct waiting *waiting = &files->waiting[i];
        waiting->fetch.location.data = waiting->location;
        bool done = changed[waiting->folder] && try_fetch(files, &waiting->fetch);
        if (!done && waiting->deadline_ms <= now_ms) {
            done = true;
            if (!try_fetch(files, &waiting->fetch)) {
                answer_fetch(files, &waiting->fetch, STATUS_NOT_FOUND, NULL, NULL);
            }
        }
        if (done) {
            files->folders[waiting->folder].waiting_count--;
        } else {
            files->waiting[kept] = *waiting;
            kept++;
        }
    }
    files->waiting_count = kept;
}

/* ---- the thread ---- */

static void publish(struct files *files, const struct driver_publish *request)
{
    const enum status status = checkpoint_store_write(request);
    const struct event event = {
        .kind = EVENT_PUBLISHED,
        .domain = request->domain,
        .published = {.is_announcement = request->is_announcement,
                      .is_reorg = request->is_reorg,
                      .index = request->checkpoint.index,
                      .outcome = status == STATUS_OK ? OUTCOME_OK : OUTCOME_UNKNOWN}};
    answer(files, &event);
}

static void serve(struct files *files, struct files_item *item, size_t item_bytes)
{
    const struct bytes location = {item->location, item_bytes - sizeof(item->request)};
    switch (item->request.kind) {
    case REQUEST_FETCH:
        item->request.fetch.location = location;
        if (!try_fetch(files, &item->request.fetch)) {
            wait_for(files, item);
        }
        break;
    case REQUEST_PUBLISH:
        item->request.publish.location = location;
        publish(files, &item->request.publish);
        break;
    }
}

static void *files_run(void *context)
{
    struct files *files = context;
    struct files_item item;
    struct buffer memory = buffer_from(&item, sizeof(item));
    uint64_t looked_ms = clock_monotonic_ms();
    for (;;) {
        const uint32_t wait_ms = files->waiting_count > 0 ? LOOK_MS : IDLE_MS;
        const enum status status = thread_queue_take(files->requests, wait_ms, &memory);
        if (status == STATUS_UNREACHABLE) {
            return NULL;
        }
        if (status == STATUS_OK) {
            serve(files, &item, memory.count);
        }
        if (files->waiting_count > 0 && clock_monotonic_ms() - looked_ms >= LOOK_MS) {
            look_again(files);
            looked_ms = clock_monotonic_ms();
        }
    }
}

/* ---- the loop's side ---- */

static enum status files_ask(struct files *files, const struct files_request *request,
                             struct bytes location)
{
    if (location.count > LOCATION_BYTES_MAX) {
        return STATUS_MALFORMED;
    }
    return thread_queue_push(files->requests, bytes_from(request, sizeof(*request)), location);
}

enum status files_fetch(struct files *files, const struct driver_fetch *request)
{
    struct files_request item = {.kind = REQUEST_FETCH};
    item.fetch = *request;
    return files_ask(files, &item, request->location);
}

enum status files_publish(struct files *files, const struct driver_publish *request)
{
    struct files_request item = {.kind = REQUEST_PUBLISH};
    item.publish = *request;
    return files_ask(files, &item, request->location);
}

bool files_take(struct files *files, struct event *ret_event)
{
    struct buffer memory = buffer_from(ret_event, sizeof(*ret_event));
    return thread_queue_take(files->answers, 0, &memory) == STATUS_OK;
}

struct files *files_new(void (*wake)(void *context), void *context)
{
    struct files *files = calloc(1, sizeof(*files));
    if (files == NULL) {
        return NULL;
    }
    files->requests = thread_queue_new(REQUESTS_BYTES, NULL, NULL);
    files->answers = thread_queue_new(ANSWERS_BYTES, wake, context);
    files->waiting = calloc(FILES_FETCHES_MAX, sizeof(struct waiting));
    files->folders = calloc(FOLDERS_MAX, sizeof(struct folder));
    if (files->requests == NULL || files->answers == NULL || files->waiting == NULL ||
        files->folders == NULL || pthread_create(&files->thread, NULL, files_run, files) != 0) {
        return files_free(files);
    }
    files->runs = true;
    return files;
}

struct files *files_free(struct files *files)
{
    if (files == NULL) {
        return NULL;
    }
    if (files->runs) {
        thread_queue_close(files->requests);
        CHECK(pthread_join(files->thread, NULL) == 0);
    }
    thread_queue_free(files->requests);
    thread_queue_free(files->answers);
    free(files->waiting);
    free(files->folders);
    free(files);
    return NULL;
}
