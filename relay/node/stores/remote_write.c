/* SPDX-License-Identifier: Apache-2.0 */
/* Our own stores in S3.
 *
 *   checkpoint: PUT object -> newest index read once -> PUT newest index if ours is higher -> done
 *   anything else: PUT object -> done
 *
 * Checkpoints are written side by side; of the newest index there is one writer, and it never moves
 * back. What fails is told as unknown, and the core publishes it again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/process/clock.h"
#include "relay/node/process/log.h"
#include "relay/node/stores/checkpoint_json.h"
#include "relay/node/stores/checkpoint_store.h"
#include "relay/node/stores/remote_internal.h"

#define TARGETS_MAX       64u
#define JOBS_MAX          1024u
#define HEADERS_BYTES_MAX (SIGV4_AUTHORIZATION_BYTES + SIGV4_TOKEN_BYTES_MAX + 512u)
#define REPLY_BYTES_MAX   16384u
#define ABOUT_BYTES_MAX   512u

/* One location of ours. */
struct target {
    struct remote_writer *writer;
    char location[LOCATION_BYTES_MAX + 1];
    struct store_location parsed;
    bool newest_known; /* what the store says was read, or written by us */
    bool newest_any;   /* it has one */
    uint32_t newest;
    bool newest_busy;
    uint32_t newest_writing;
    bool metadata_written;
};

struct job {
    struct job *next;
    struct target *target;
    struct driver_publish publish; /* without its location */
    bool object_written;           /* a checkpoint's: it waits for the newest index */
};

struct remote_writer {
    struct remote *remote;
    struct target targets[TARGETS_MAX];
    uint32_t targets_count;
    struct job *jobs;
    uint32_t jobs_count;
    enum status told; /* of the last write, to people */
};

static void newest_advance(struct target *target);

/* ---- jobs ---- */

static void tell(struct remote_writer *writer, const struct driver_publish *publish,
                 enum status status)
{
    const struct event event = {
        .kind = EVENT_PUBLISHED,
        .domain = publish->domain,
        .published = {.is_announcement = publish->is_announcement,
                      .is_reorg = publish->is_reorg,
                      .index = publish->checkpoint.index,
                      .outcome = status == STATUS_OK ? OUTCOME_OK : OUTCOME_UNKNOWN}};

    if (status != writer->told) {
        struct log_line line;
        log_begin(&line, status == STATUS_OK ? LOG_INFO : LOG_WARN, "store");
        log_word(&line, "writing", status == STATUS_OK ? "works" : "fails");
        if (status != STATUS_OK) {
            log_string(&line, "why", status_name(status));
            log_string(&line, "doing", "trying again");
        }
        log_end(&line);
        writer->told = status;
    }
    remote_answer(writer->remote, &event);
}

static void job_end(struct job *job, enum status status)
{
    struct remote_writer *const writer = job->target->writer;
    struct job **at = &writer->jobs;

    while (*at != job) {
        CHECK(*at != NULL);
        at = &(*at)->next;
    }
    *at = job->next;
    writer->jobs_count--;
    tell(writer, &job->publish, status);
    free(job);
}

static enum status status_of(const struct web_result *result)
{
    if (result->end != WEB_END_REPLIED) {
        return result->end == WEB_END_LATE ? STATUS_TIMEOUT : STATUS_UNREACHABLE;
    }
    if (result->status == 200 || result->status == 201 || result->status == 204) {
        return STATUS_OK;
    }
    return result->status == 401 || result->status == 403 ? STATUS_REFUSED : STATUS_IO;
}

/* ---- requests ---- */

struct put {
    char time[SIGV4_TIME_BYTES];
    char hash[SIGV4_HASH_BYTES];
    char authority[WEB_AUTHORITY_BYTES_MAX];
    char path[STORE_URL_BYTES_MAX];
    char authorization[SIGV4_AUTHORIZATION_BYTES];
};

static enum status sign(struct put *put, const struct sigv4_credentials *credentials,
                        const struct target *target, const struct web_url *url, struct bytes body)
{
    const struct sigv4_header headers[] = {{"content-type", "application/json"},
                                           {"host", put->authority},
                                           {"x-amz-content-sha256", put->hash},
                                           {"x-amz-date", put->time},
                                           {"x-amz-security-token", credentials->session_token}};
    const uint32_t headers_count = credentials->session_token[0] == '\0' ? 4 : 5;
    const struct sigv4_request request = {.method = "PUT",
                                          .path = put->path,
                                          .query = "",
                                          .region = target->parsed.region,
                                          .service = "s3",
                                          .headers = headers,
                                          .headers_count = headers_count,
                                          .payload_hash = put->hash,
                                          .time_s = clock_now_s()};

    (void)snprintf(put->path, sizeof(put->path), "%.*s", (int)url->target.count,
                   (const char *)url->target.data);
    web_url_authority(url, put->authority);
    sigv4_time(request.time_s, put->time);
    sigv4_hash(body, put->hash);
    return sigv4_authorize(credentials, &request, put->authorization);
}

/* False: nothing was asked, and the handler is not called. */
static bool put_object(struct target *target, enum store_object object, uint32_t index,
                       struct bytes body, const struct web_handler *handler)
{
    struct remote *const remote = target->writer->remote;
    const struct sigv4_credentials *const credentials = remote->options.credentials;
    char name[STORE_OBJECT_BYTES_MAX];
    char text[STORE_URL_BYTES_MAX];
    char headers[HEADERS_BYTES_MAX];
    struct put put;
    struct web_request request = {.method = "PUT",
                                  .body = body,
                                  .reply_bytes_max = REPLY_BYTES_MAX,
                                  .deadline_ms = REMOTE_DEADLINE_MS,
                                  .allow_private = true, /* it is our own configuration's */
                                  .handler = *handler};

    store_object_name(target->parsed.kind, object, index, name);
    if (credentials == NULL || target->parsed.kind != STORE_S3 ||
        store_object_url(&target->parsed, remote_endpoint(remote, STORE_S3), name, text) !=
            STATUS_OK ||
        web_url_parse(bytes_from_string(text), &request.url) != STATUS_OK ||
        sign(&put, credentials, target, &request.url, body) != STATUS_OK) {
        return false;
    }
    const bool has_token = credentials->session_token[0] != '\0';
    const int count = snprintf(
        headers, sizeof(headers),
        "Content-Type: application/json\r\nx-amz-content-sha256: %s\r\nx-amz-date: %s\r\n"
        "%s%s%sAuthorization: %s\r\n",
        put.hash, put.time, has_token ? "x-amz-security-token: " : "",
        has_token ? credentials->session_token : "", has_token ? "\r\n" : "", put.authorization);
    CHECK(count > 0 && count < (int)sizeof(headers));
    request.headers = bytes_from(headers, (size_t)count);
    web_client_ask(remote->web, &request);
    return true;
}

/* ---- the newest index ---- */

/* Every checkpoint that is written, up to this index, is published; with a failure none is. */
static void end_jobs(struct target *target, enum status status)
{
    struct job *job = target->writer->jobs;

    while (job != NULL) {
        struct job *const next = job->next;
        if (job->target == target && job->object_written &&
            (status != STATUS_OK ||
             (target->newest_any && job->publish.checkpoint.index <= target->newest))) {
            job_end(job, status);
        }
        job = next;
    }
}

static void newest_written(void *context, const struct web_result *result)
{
    struct target *const target = context;
    const enum status status = status_of(result);

    target->newest_busy = false;
    if (status == STATUS_OK) {
        target->newest = target->newest_writing;
        target->newest_any = true;
    } else {
        target->newest_known = false; /* it may have been written all the same */
    }
    end_jobs(target, status);
    newest_advance(target);
}

static void newest_read(void *context, const struct web_result *result)
{
    struct target *const target = context;
    const bool is_there = result->end == WEB_END_REPLIED && result->status == 200;

    target->newest_busy = false;
    if (is_there || (result->end == WEB_END_REPLIED && result->status == 404)) {
        target->newest_known = true;
        target->newest_any =
            is_there && checkpoint_json_newest(result->body, &target->newest) == STATUS_OK;
        end_jobs(target, STATUS_OK);
        newest_advance(target);
    } else {
        end_jobs(target, is_there ? STATUS_IO : status_of(result));
    }
}

/* Reads or writes the newest index when a checkpoint wants it and nobody does. */
static void newest_advance(struct target *target)
{
    const struct web_handler reading = {.context = target, .done = newest_read};
    const struct web_handler writing = {.context = target, .done = newest_written};
    char text[16];
    char name[STORE_OBJECT_BYTES_MAX];
    bool is_wanted = false;
    uint32_t highest = 0;

    for (const struct job *job = target->writer->jobs; job != NULL; job = job->next) {
        if (job->target == target && job->object_written) {
            is_wanted = true;
            highest =
                job->publish.checkpoint.index > highest ? job->publish.checkpoint.index : highest;
        }
    }
    if (!is_wanted || target->newest_busy) {
        return;
    }
    target->newest_busy = true;
    bool is_asked = false;
    if (!target->newest_known) {
        store_object_name(target->parsed.kind, STORE_OBJECT_NEWEST, 0, name);
        is_asked = remote_ask(target->writer->remote, &target->parsed, name,
                              CHECKPOINT_OBJECT_BYTES_MAX, &reading);
    } else {
        target->newest_writing = highest;
        (void)snprintf(text, sizeof(text), "%" PRIu32, highest);
        is_asked = put_object(target, STORE_OBJECT_NEWEST, 0, bytes_from_string(text), &writing);
    }
    if (!is_asked) {
        target->newest_busy = false;
        end_jobs(target, STATUS_UNSUPPORTED);
    }
}

/* ---- publishing ---- */

static void object_written(void *context, const struct web_result *result)
{
    struct job *const job = context;
    struct target *const target = job->target;
    const enum status status = status_of(result);

    if (status != STATUS_OK || job->publish.is_announcement || job->publish.is_reorg) {
        job_end(job, status);
        return;
    }
    job->object_written = true;
    if (target->newest_known && target->newest_any &&
        job->publish.checkpoint.index <= target->newest) {
        job_end(job, STATUS_OK);
        return;
    }
    newest_advance(target);
}

static void metadata_done(void *context, const struct web_result *result)
{
    struct target *const target = context;

    target->metadata_written = status_of(result) == STATUS_OK;
}

/* Who writes here, in the form of the reference agents; endpoints stay our own business. */
static void write_metadata(struct target *target)
{
    const struct web_handler handler = {.context = target, .done = metadata_done};
    char text[ABOUT_BYTES_MAX];

    if (target->metadata_written) {
        return;
    }
    const int count = snprintf(text, sizeof(text),
                               "{\n  \"git_sha\": \"%s\",\n  \"rpcs\": [],\n"
                               "  \"allows_public_rpcs\": false\n}",
                               target->writer->remote->options.build_id);
    CHECK(count > 0 && count < (int)sizeof(text));
    target->metadata_written = true;
    if (!put_object(target, STORE_OBJECT_METADATA, 0, bytes_from(text, (size_t)count), &handler)) {
        target->metadata_written = false;
    }
}

static struct target *find_target(struct remote_writer *writer, struct bytes location)
{
    struct store_location parsed;

    for (uint32_t i = 0; i < writer->targets_count; i++) {
        if (bytes_equal(bytes_from_string(writer->targets[i].location), location)) {
            return &writer->targets[i];
        }
    }
    if (writer->targets_count == TARGETS_MAX ||
        store_location_parse(location, &parsed) != STATUS_OK) {
        return NULL;
    }
    struct target *const target = &writer->targets[writer->targets_count++];
    target->writer = writer;
    target->parsed = parsed;
    memcpy(target->location, location.data, location.count);
    return target;
}

void remote_writer_publish(struct remote_writer *writer, const struct driver_publish *request)
{
    struct target *const target = find_target(writer, request->location);
    struct job *const job =
        target == NULL || writer->jobs_count == JOBS_MAX ? NULL : calloc(1, sizeof(*job));
    if (job == NULL) {
        tell(writer, request, STATUS_FULL);
        return;
    }
    char *const text = checkpoint_json_write(request);
    const struct web_handler handler = {.context = job, .done = object_written};
    job->target = target;
    job->publish = *request;
    job->publish.location = (struct bytes){.count = 0};
    job->next = writer->jobs;
    writer->jobs = job;
    writer->jobs_count++;
    write_metadata(target);
    const enum store_object object = request->is_reorg          ? STORE_OBJECT_REORG
                                     : request->is_announcement ? STORE_OBJECT_ANNOUNCEMENT
                                                                : STORE_OBJECT_CHECKPOINT;
    if (text == NULL ||
        !put_object(target, object, request->checkpoint.index, bytes_from_string(text), &handler)) {
        job_end(job, text == NULL ? STATUS_NO_MEMORY : STATUS_UNSUPPORTED);
    }
    free(text);
}

/* ---- life ---- */

struct remote_writer *remote_writer_new(struct remote *remote)
{
    struct remote_writer *const writer = calloc(1, sizeof(*writer));

    if (writer != NULL) {
        writer->remote = remote;
    }
    return writer;
}

struct remote_writer *remote_writer_free(struct remote_writer *writer)
{
    if (writer == NULL) {
        return NULL;
    }
    while (writer->jobs != NULL) {
        struct job *const job = writer->jobs;
        writer->jobs = job->next;
        free(job);
    }
    free(writer);
    return NULL;
}
