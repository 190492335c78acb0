/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/remote/https.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "relay/base/check.h"

#define HEAD_BYTES_MAX 8192u
#define QUESTION_BYTES_MAX                                                                         \
    (HEAD_BYTES_MAX + 196608u) /* the largest transaction, in hexadecimal                          \
                                */
#define NS_PER_MS UINT64_C(1000000)

struct https {
    struct https_options options;
    SSL_CTX *context; /* NULL: no TLS */
    SSL *tls;
    int fd;               /* -1: not connected */
    uint64_t deadline_ns; /* of the question under way */
    struct buffer arrived;
    uint8_t question[QUESTION_BYTES_MAX];
    uint8_t memory[HTTP_REPLY_BYTES_MAX];
};

/* ---- places ---- */

static bool is_host_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '-' || byte == '_';
}

static bool is_path_byte(char byte)
{
    return is_host_byte(byte) || byte == '/' || byte == '~' || byte == '%';
}

static bool take_port(const char **text, char ret_port[6])
{
    size_t count = 0;

    for (; **text >= '0' && **text <= '9' && count < 5; (*text)++) {
        ret_port[count++] = **text;
    }
    ret_port[count] = '\0';
    return count > 0 && strtoul(ret_port, NULL, 10) > 0 && strtoul(ret_port, NULL, 10) <= 65535;
}

static bool take_host(const char **text, char ret_host[HTTPS_HOST_BYTES_MAX])
{
    size_t count = 0;

    for (; is_host_byte(**text) && count < HTTPS_HOST_BYTES_MAX - 1; (*text)++) {
        ret_host[count++] = **text;
    }
    ret_host[count] = '\0';
    return count > 0;
}

static bool take_path(const char **text, char ret_path[HTTPS_PATH_BYTES_MAX])
{
    size_t count = 0;

    for (; is_path_byte(**text) && count < HTTPS_PATH_BYTES_MAX - 1; (*text)++) {
        ret_path[count++] = **text;
    }
    while (count > 0 && ret_path[count - 1] == '/') {
        count--;
    }
    ret_path[count] = '\0';
    return count == 0 || ret_path[0] == '/';
}

enum status https_place_read(const char *url, struct https_place *ret_place)
{
    struct https_place place = {.has_tls = strncmp(url, "https://", 8) == 0};
    const char *usual = place.has_tls ? "443" : "80";

    if (!place.has_tls && strncmp(url, "http://", 7) != 0) {
        return STATUS_MALFORMED;
    }
    url += place.has_tls ? 8 : 7;
    if (!take_host(&url, place.host)) {
        return STATUS_MALFORMED;
    }
    (void)snprintf(place.port, sizeof(place.port), "%s", usual);
    if (*url == ':') {
        url++;
        if (!take_port(&url, place.port)) {
            return STATUS_MALFORMED;
        }
    }
    if (!take_path(&url, place.path) || *url != '\0') {
        return STATUS_MALFORMED;
    }
    (void)snprintf(place.authority, sizeof(place.authority), "%s%s%s", place.host,
                   strcmp(place.port, usual) == 0 ? "" : ":",
                   strcmp(place.port, usual) == 0 ? "" : place.port);
    *ret_place = place;
    return STATUS_OK;
}

/* ---- life ---- */

static void disconnect(struct https *https)
{
    SSL_free(https->tls); /* accepts NULL */
    https->tls = NULL;
    if (https->fd >= 0) {
        (void)close(https->fd); /* what mattered was read */
        https->fd = -1;
    }
}

static enum status make_context(struct https *https)
{
    const char *file = https->options.authority_file;

    https->context = SSL_CTX_new(TLS_client_method());
    if (https->context == NULL) {
        return STATUS_NO_MEMORY;
    }
    SSL_CTX_set_verify(https->context, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_set_min_proto_version(https->context, TLS1_2_VERSION) != 1) {
        return STATUS_NO_MEMORY;
    }
    const int loaded = file != NULL ? SSL_CTX_load_verify_file(https->context, file)
                                    : SSL_CTX_set_default_verify_paths(https->context);
    return loaded == 1 ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status https_open(const struct https_options *options, struct https **ret_https)
{
    struct https *https = calloc(1, sizeof(*https));

    if (https == NULL) {
        return STATUS_NO_MEMORY;
    }
    https->options = *options;
    https->fd = -1;
    const enum status status = options->place.has_tls ? make_context(https) : STATUS_OK;
    if (status != STATUS_OK) {
        https_close(https);
        return status;
    }
    *ret_https = https;
    return STATUS_OK;
}

struct https *https_close(struct https *https)
{
    if (https != NULL) {
        disconnect(https);
        SSL_CTX_free(https->context);
        free(https);
    }
    return NULL;
}

/* ---- waiting ---- */

static uint64_t now_ns(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* STATUS_OK: the socket is ready for `events`, or has failed, which the next call on it says. */
static enum status wait_for(const struct https *https, short events)
{
    for (;;) {
        const uint64_t now = now_ns();
        struct pollfd about = {.fd = https->fd, .events = events};
        if (now >= https->deadline_ns) {
            return STATUS_TIMEOUT;
        }
        const int ready = poll(&about, 1, (int)((https->deadline_ns - now) / NS_PER_MS) + 1);
        if (ready > 0) {
            return STATUS_OK;
        }
        if (ready < 0 && errno != EINTR) {
            return STATUS_UNREACHABLE;
        }
    }
}

/* What a call on the TLS connection wants before it goes on. */
static enum status wait_for_tls(const struct https *https, int result)
{
    const int error = SSL_get_error(https->tls, result);

    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        return wait_for(https, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT);
    }
    return SSL_get_verify_result(https->tls) != X509_V_OK ? STATUS_REFUSED : STATUS_UNREACHABLE;
}

/* ---- connecting ---- */

static enum status connect_to(struct https *https, const struct addrinfo *address)
{
    const int no_delay = 1;
    int error = 0;
    socklen_t error_bytes = sizeof(error);

    https->fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (https->fd < 0) {
        return STATUS_UNREACHABLE;
    }
    /* A question is one write; without this its last part may wait for an acknowledgement. */
    (void)setsockopt(https->fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof(no_delay));
    if (connect(https->fd, address->ai_addr, address->ai_addrlen) != 0) {
        if (errno != EINPROGRESS) {
            return STATUS_UNREACHABLE;
        }
        const enum status status = wait_for(https, POLLOUT);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return getsockopt(https->fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes) == 0 && error == 0
               ? STATUS_OK
               : STATUS_UNREACHABLE;
}

static enum status start_tls(struct https *https)
{
    const char *host = https->options.place.host;
    int result = 0;

    https->tls = SSL_new(https->context);
    if (https->tls == NULL || SSL_set_tlsext_host_name(https->tls, host) != 1 ||
        SSL_set_fd(https->tls, https->fd) != 1) {
        return STATUS_NO_MEMORY;
    }
    X509_VERIFY_PARAM *param = SSL_get0_param(https->tls);
    /* An address is compared with the addresses of the certificate, a name with its names. */
    if (X509_VERIFY_PARAM_set1_ip_asc(param, host) != 1 && SSL_set1_host(https->tls, host) != 1) {
        return STATUS_NO_MEMORY;
    }
    ERR_clear_error();
    while ((result = SSL_connect(https->tls)) != 1) {
        const enum status status = wait_for_tls(https, result);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status connect_any(struct https *https)
{
    const struct https_place *place = &https->options.place;
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    enum status status = STATUS_UNREACHABLE;

    if (getaddrinfo(place->host, place->port, &hints, &found) != 0) {
        return STATUS_UNREACHABLE;
    }
    for (const struct addrinfo *address = found; address != NULL && status == STATUS_UNREACHABLE;
         address = address->ai_next) {
        disconnect(https);
        status = connect_to(https, address);
    }
    freeaddrinfo(found);
    return status == STATUS_OK && place->has_tls ? start_tls(https) : status;
}

/* ---- one question ---- */

static enum status send_some(struct https *https, struct bytes bytes, size_t *ret_count)
{
    if (https->tls != NULL) {
        ERR_clear_error();
        const int sent = SSL_write(https->tls, bytes.data, (int)bytes.count);
        *ret_count = sent > 0 ? (size_t)sent : 0;
        return sent > 0 ? STATUS_OK : wait_for_tls(https, sent);
    }
    const ssize_t sent = send(https->fd, bytes.data, bytes.count, MSG_NOSIGNAL);
    *ret_count = sent > 0 ? (size_t)sent : 0;
    if (sent < 0 && errno == EAGAIN) {
        return wait_for(https, POLLOUT);
    }
    return sent > 0 || errno == EINTR ? STATUS_OK : STATUS_UNREACHABLE;
}

/* Nothing arrived and STATUS_OK: wait again. */
static enum status receive_some(struct https *https, enum http_end *ret_end)
{
    struct buffer *arrived = &https->arrived;
    uint8_t *space = arrived->data + arrived->count;
    const size_t room = arrived->capacity - arrived->count;

    CHECK(room > 0);
    if (https->tls != NULL) {
        ERR_clear_error();
        const int got = SSL_read(https->tls, space, (int)room);
        arrived->count += got > 0 ? (size_t)got : 0;
        if (got > 0) {
            return STATUS_OK;
        }
        if (SSL_get_error(https->tls, got) == SSL_ERROR_ZERO_RETURN) {
            *ret_end = HTTP_CLOSED;
            return STATUS_OK;
        }
        return wait_for_tls(https, got);
    }
    const ssize_t got = recv(https->fd, space, room, 0);
    if (got == 0) {
        *ret_end = HTTP_CLOSED;
    } else if (got < 0 && errno == EAGAIN) {
        return wait_for(https, POLLIN);
    } else if (got < 0 && errno != EINTR) {
        return STATUS_UNREACHABLE;
    }
    arrived->count += got > 0 ? (size_t)got : 0;
    return STATUS_OK;
}

static enum status exchange(struct https *https, struct bytes question,
                            struct http_reply *ret_reply)
{
    enum http_end end = HTTP_STILL_OPEN;
    enum status status = STATUS_OK;

    https->arrived = buffer_from(https->memory, sizeof(https->memory));
    while (question.count > 0) {
        size_t count = 0;
        status = send_some(https, question, &count);
        if (status != STATUS_OK) {
            return status;
        }
        question = bytes_from(question.data + count, question.count - count);
    }
    for (;;) {
        status = receive_some(https, &end);
        if (status != STATUS_OK) {
            return status;
        }
        if (https->arrived.count == 0 && end == HTTP_CLOSED) {
            return STATUS_UNREACHABLE;
        }
        if (https->arrived.count > 0) {
            status = http_reply_read(&https->arrived, end, ret_reply);
            if (status != STATUS_NOT_FOUND) {
                return status;
            }
        }
    }
}

static enum status write_question(struct https *https, const struct https_question *question,
                                  struct bytes *ret_bytes)
{
    const struct https_place *place = &https->options.place;
    char length[48] = "";
    struct buffer buffer = buffer_from(https->question, sizeof(https->question));

    if (question->body.count > 0) {
        (void)snprintf(length, sizeof(length), "Content-Length: %zu\r\n", question->body.count);
    }
    const int count = snprintf(
        (char *)https->question, HEAD_BYTES_MAX,
        "%s %s%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: sluice-signer\r\nAccept: */*\r\n"
        "%s%s\r\n",
        question->method, place->path, question->path, place->authority, length, question->headers);
    if (count < 0 || (size_t)count >= HEAD_BYTES_MAX) {
        return STATUS_FULL;
    }
    buffer.count = (size_t)count;
    const enum status status = buffer_append(&buffer, question->body);
    *ret_bytes = buffer_bytes(&buffer);
    return status;
}

static const char *words_for(enum status status)
{
    return status == STATUS_TIMEOUT     ? "it did not answer in time"
           : status == STATUS_REFUSED   ? "its certificate is not of its name, or of no authority "
                                          "that is trusted"
           : status == STATUS_MALFORMED ? "what it answered is not HTTP"
           : status == STATUS_FULL      ? "the question is too long"
                                        : "it cannot be reached";
}

enum status https_ask(struct https *https, const struct https_question *question,
                      struct http_reply *ret_reply, const char **ret_why)
{
    const bool was_open = https->fd >= 0;
    struct bytes bytes;
    enum status status = write_question(https, question, &bytes);

    https->deadline_ns = now_ns() + https->options.timeout.ns;
    if (status == STATUS_OK && !was_open) {
        status = connect_any(https);
    }
    if (status == STATUS_OK) {
        status = exchange(https, bytes, ret_reply);
    }
    if (status == STATUS_UNREACHABLE && was_open && https->arrived.count == 0) {
        /* The server had ended what we kept. Asking twice is no harm: a digest is a digest. */
        disconnect(https);
        status = connect_any(https);
        if (status == STATUS_OK) {
            status = exchange(https, bytes, ret_reply);
        }
    }
    if (status != STATUS_OK || !ret_reply->stays_open) {
        disconnect(https);
    }
    if (status != STATUS_OK) {
        *ret_why = words_for(status);
    }
    return status;
}
