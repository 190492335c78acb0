/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/web_server.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay/base/check.h"

#define CONNECTIONS_MAX 512u

struct connection {
    struct web_server *server;
    pthread_t thread;
    uint32_t number;
    int fd;
};

struct web_server {
    bool (*handle)(void *context, const struct web_server_request *request);
    void *context;
    pthread_t thread;
    int fd;
    uint16_t port;
    atomic_bool ending;
    atomic_uint connections_count;
    struct connection connections[CONNECTIONS_MAX];
};

void web_server_write(int fd, const char *text, size_t count)
{
    while (count > 0) {
        const ssize_t written = send(fd, text, count, MSG_NOSIGNAL);
        if (written <= 0) {
            return; /* the client went away */
        }
        text += written;
        count -= (size_t)written;
    }
}

void web_server_reply(int fd, unsigned status, const char *body)
{
    char head[128];
    const int count =
        snprintf(head, sizeof(head), "HTTP/1.1 %u Whatever\r\nContent-Length: %zu\r\n\r\n", status,
                 strlen(body));

    web_server_write(fd, head, (size_t)count);
    web_server_write(fd, body, strlen(body));
}

static size_t length_of(const char *headers)
{
    static const char name[] = "content-length:";

    for (const char *line = headers; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n' ? 1 : 0;
        if (strncasecmp(line, name, sizeof(name) - 1) == 0) {
            return (size_t)strtoul(line + sizeof(name) - 1, NULL, 10);
        }
    }
    return 0;
}

/* False: the client ended. */
static bool serve_one(struct connection *connection, char *memory)
{
    struct web_server_request request = {.connection = connection->number, .fd = connection->fd};
    size_t count = 0;
    char *end = NULL;

    while (end == NULL || count < (size_t)(end + 4 - memory) + length_of(memory)) {
        const ssize_t got =
            recv(connection->fd, memory + count, WEB_SERVER_REQUEST_BYTES_MAX - 1 - count, 0);
        if (got <= 0) {
            return false;
        }
        count += (size_t)got;
        memory[count] = '\0';
        end = strstr(memory, "\r\n\r\n");
    }
    end[2] = '\0';
    request.headers = memory;
    request.body = end + 4;
    request.body_count = count - (size_t)(end + 4 - memory);
    CHECK(sscanf(memory, "%15s %2047s", request.method, request.target) == 2);
    return connection->server->handle(connection->server->context, &request);
}

static void *connection_run(void *context)
{
    struct connection *const connection = context;
    char *const memory = malloc(WEB_SERVER_REQUEST_BYTES_MAX);

    CHECK(memory != NULL);
    while (serve_one(connection, memory)) {
    }
    free(memory);
    (void)shutdown(connection->fd, SHUT_RDWR);
    return NULL;
}

static void *server_run(void *context)
{
    struct web_server *const server = context;

    for (;;) {
        const int fd = accept(server->fd, NULL, NULL);
        const unsigned number = atomic_load(&server->connections_count);
        if (fd < 0) {
            return NULL;
        }
        if (atomic_load(&server->ending) || number == CONNECTIONS_MAX) {
            (void)close(fd);
            continue;
        }
        struct connection *const connection = &server->connections[number];
        *connection = (struct connection){.server = server, .number = number + 1, .fd = fd};
        CHECK(pthread_create(&connection->thread, NULL, connection_run, connection) == 0);
        atomic_store(&server->connections_count, number + 1);
    }
}

int web_listen_silently(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t count = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &count) == 0);
    CHECK(listen(fd, 64) == 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

struct web_server *web_server_new(bool (*handle)(void *context,
                                                 const struct web_server_request *request),
                                  void *context)
{
    struct web_server *const server = calloc(1, sizeof(*server));

    CHECK(server != NULL);
    server->handle = handle;
    server->context = context;
    server->fd = web_listen_silently(&server->port);
    CHECK(pthread_create(&server->thread, NULL, server_run, server) == 0);
    return server;
}

struct web_server *web_server_free(struct web_server *server)
{
    atomic_store(&server->ending, true);
    (void)shutdown(server->fd, SHUT_RDWR);
    CHECK(pthread_join(server->thread, NULL) == 0);
    (void)close(server->fd);
    for (unsigned i = 0; i < atomic_load(&server->connections_count); i++) {
        (void)shutdown(server->connections[i].fd, SHUT_RDWR);
        CHECK(pthread_join(server->connections[i].thread, NULL) == 0);
        (void)close(server->connections[i].fd);
    }
    free(server);
    return NULL;
}

uint16_t web_server_port(const struct web_server *server)
{
    return server->port;
}

uint32_t web_server_connections(struct web_server *server)
{
    return atomic_load(&server->connections_count);
}
