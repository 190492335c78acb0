/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/web_server.h: a web server on this machine that answers as a test tells it, well or
 * badly.
 *
 * Threads: one that accepts and one per connection; the handler is called on those. */
#ifndef SLUICE_TESTS_SUPPORT_WEB_SERVER_H
#define SLUICE_TESTS_SUPPORT_WEB_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEB_SERVER_REQUEST_BYTES_MAX 65536u

struct web_server_request {
    char method[16];
    char target[2048];
    char *headers; /* all lines, ended by NUL */
    char *body;    /* ended by NUL */
    size_t body_count;
    uint32_t connection; /* counted from 1 */
    int fd;              /* write the reply here */
};

struct web_server;

/* `handle` writes the reply and says whether the connection stays open. Fails the test when there
 * is no port. */
struct web_server *web_server_new(bool (*handle)(void *context,
                                                 const struct web_server_request *request),
                                  void *context);
struct web_server *web_server_free(struct web_server *server);
uint16_t web_server_port(const struct web_server *server);
/* Connections accepted so far. */
uint32_t web_server_connections(struct web_server *server);

/* Writes a whole reply with a length. */
void web_server_reply(int fd, unsigned status, const char *body);
void web_server_write(int fd, const char *text, size_t count);
/* A port of this machine where connections are taken and nothing is said, until the descriptor that
 * it returns is closed. */
int web_listen_silently(uint16_t *ret_port);

#endif
