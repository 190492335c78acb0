/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/web_store.h: a web server with objects that a test puts there, some of which it
 * serves badly; PUT adds to them.
 *
 * Threads: those of web_server.h; one test at a time, between set-up and tear-down. */
#ifndef SLUICE_TESTS_SUPPORT_WEB_STORE_H
#define SLUICE_TESTS_SUPPORT_WEB_STORE_H

#include <pthread.h>

#include "tests/support/web_server.h"

#define WEB_STORE_OBJECTS_MAX 256u

struct web_store_object {
    char target[128];
    char body[2048];
    unsigned status; /* of the reply; 0: none ever comes; 302: to the body */
    bool floods;     /* a body of 10 GB */
    bool closes;     /* the connection, after the reply, without a word */
    uint32_t reads;
};

/* What was seen, under the lock. */
struct web_store {
    pthread_mutex_t lock;
    struct web_store_object objects[WEB_STORE_OBJECTS_MAX];
    uint32_t objects_count;
    uint32_t requests_count;
    uint64_t flooded; /* bytes of floods that were taken */
    uint32_t unsigned_puts;
    unsigned put_status; /* what PUT is answered with */
    char posted[1024];   /* the body of the last POST */
};

extern struct web_store web_store;
extern struct web_server *web_store_server;
extern char web_store_endpoint[64]; /* http://127.0.0.1:port */

/* For cmocka: an empty store. */
int web_store_set_up(void **state);
int web_store_tear_down(void **state);

/* The handler, for another server with the same objects. */
bool web_store_handle(void *context, const struct web_server_request *request);
void web_store_put(const char *target, unsigned status, const char *body);
/* A copy; zeroes when there is none. */
struct web_store_object web_store_get(const char *target);
/* NULL: none. Only between requests. */
struct web_store_object *web_store_find(const char *target);
/* Requests of any kind so far. */
uint32_t web_store_requests(void);
/* Valid until the next call. */
const char *web_store_url(const char *target);
/* Monotonic. */
uint64_t web_store_clock_ms(void);

#endif
