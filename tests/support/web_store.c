/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/web_store.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "relay/base/check.h"

#define FLOOD_BYTES 10000000000u

struct web_store web_store = {.lock = PTHREAD_MUTEX_INITIALIZER};
struct web_server *web_store_server;
char web_store_endpoint[64];

struct web_store_object *web_store_find(const char *target)
{
    for (uint32_t i = 0; i < web_store.objects_count; i++) {
        if (strcmp(web_store.objects[i].target, target) == 0) {
            return &web_store.objects[i];
        }
    }
    return NULL;
}

void web_store_put(const char *target, unsigned status, const char *body)
{
    CHECK(pthread_mutex_lock(&web_store.lock) == 0);
    struct web_store_object *object = web_store_find(target);
    if (object == NULL) {
        CHECK(web_store.objects_count < WEB_STORE_OBJECTS_MAX);
        object = &web_store.objects[web_store.objects_count++];
        memset(object, 0, sizeof(*object));
        (void)snprintf(object->target, sizeof(object->target), "%s", target);
    }
    object->status = status;
    (void)snprintf(object->body, sizeof(object->body), "%s", body);
    CHECK(pthread_mutex_unlock(&web_store.lock) == 0);
}

struct web_store_object web_store_get(const char *target)
{
    CHECK(pthread_mutex_lock(&web_store.lock) == 0);
    const struct web_store_object *const found = web_store_find(target);
    const struct web_store_object object =
        found == NULL ? (struct web_store_object){.reads = 0} : *found;
    CHECK(pthread_mutex_unlock(&web_store.lock) == 0);
    return object;
}

uint32_t web_store_requests(void)
{
    CHECK(pthread_mutex_lock(&web_store.lock) == 0);
    const uint32_t count = web_store.requests_count;
    CHECK(pthread_mutex_unlock(&web_store.lock) == 0);
    return count;
}

static void flood(int fd)
{
    static const char junk[65536] = {'x'};
    char head[128];
    (void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    web_server_write(fd, head, strlen(head));
    for (uint64_t sent = 0; sent < FLOOD_BYTES; sent += sizeof(junk)) {
        const ssize_t taken = send(fd, "10000\r\n", 7, MSG_NOSIGNAL);
        if (taken <= 0 || send(fd, junk, sizeof(junk), MSG_NOSIGNAL) <= 0) {
            return;
        }
        web_server_write(fd, "\r\n", 2);
        CHECK(pthread_mutex_lock(&web_store.lock) == 0);
        web_store.flooded += sizeof(junk);
        CHECK(pthread_mutex_unlock(&web_store.lock) == 0);
    }
}

bool web_store_handle(void *context, const struct web_server_request *request)
{
    (void)context;
    CHECK(pthread_mutex_lock(&web_store.lock) == 0);
    web_store.requests_count++;
    struct web_store_object *const found = web_store_find(request->target);
    const struct web_store_object object =
        found == NULL ? (struct web_store_object){.status = 404, .body = "<Error/>"} : *found;
    if (found != NULL) {
        found->reads++;
    }
    const unsigned put_status = web_store.put_status;
    if (strcmp(request->method, "POST") == 0) {
        (void)snprintf(web_store.posted, sizeof(web_store.posted), "%s", request->body);
    }
    if (strcmp(request->method, "PUT") == 0 &&
        strstr(request->headers, "Authorization: AWS4-HMAC-SHA256 Credential=ID/") == NULL) {
        web_store.unsigned_puts++;
    }
    CHECK(pthread_mutex_unlock(&web_store.lock) == 0);
    if (strcmp(request->method, "PUT") == 0) {
        if (put_status == 200) {
            web_store_put(request->target, 200, request->body);
        }
        web_server_reply(request->fd, put_status, "");
        return true;
    }
    if (object.status == 0) {
        return true;
    }
    if (object.floods) {
        flood(request->fd);
        return false;
    }
    if (object.status == 302) {
        char text[256];
        (void)snprintf(text, sizeof(text),
                       "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                       object.body);
        web_server_write(request->fd, text, strlen(text));
        return true;
    }
    web_server_reply(request->fd, object.status, object.body);
    return !object.closes;
}

int web_store_set_up(void **state)
{
    (void)state;
    web_store.objects_count = 0;
    web_store.requests_count = 0;
    web_store.flooded = 0;
    web_store.unsigned_puts = 0;
    web_store.put_status = 200;
    web_store_server = web_server_new(web_store_handle, NULL);
    (void)snprintf(web_store_endpoint, sizeof(web_store_endpoint), "http://127.0.0.1:%u",
                   web_server_port(web_store_server));
    return 0;
}

int web_store_tear_down(void **state)
{
    (void)state;
    web_store_server = web_server_free(web_store_server);
    return 0;
}
uint64_t web_store_clock_ms(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
const char *web_store_url(const char *target)
{
    static char text[256];
    (void)snprintf(text, sizeof(text), "%s%s", web_store_endpoint, target);
    return text;
}
