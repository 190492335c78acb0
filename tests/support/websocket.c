/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/websocket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* RFC 6455 section 5.2 */
enum { OPCODE_TEXT = 1, OPCODE_CLOSE = 8, OPCODE_PING = 9, FIN = 0x80, MASKED = 0x80 };

static enum status write_all(int fd, const uint8_t *data, size_t count)
{
    while (count > 0) {
        const ssize_t written = send(fd, data, count, MSG_NOSIGNAL);
        if (written < 0 && (errno == EAGAIN || errno == EINTR)) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            (void)poll(&wait, 1, 1000);
            continue;
        }
        if (written <= 0) {
            return STATUS_IO;
        }
        data += written;
        count -= (size_t)written;
    }
    return STATUS_OK;
}

/* Reads the answer to the upgrade byte by byte, so that nothing after it is taken. */
static enum status read_upgrade(int fd)
{
    char answer[2048];
    size_t count = 0;

    while (count < sizeof(answer) - 1) {
        if (recv(fd, answer + count, 1, 0) != 1) {
            return STATUS_UNREACHABLE;
        }
        answer[++count] = '\0';
        if (count >= 4 && memcmp(answer + count - 4, "\r\n\r\n", 4) == 0) {
            return strncmp(answer, "HTTP/1.1 101", 12) == 0 ? STATUS_OK : STATUS_UNREACHABLE;
        }
    }
    return STATUS_UNREACHABLE;
}

enum status websocket_open(struct websocket *websocket, uint16_t port, void *input,
                           size_t input_max)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(port),
                                        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    const int one = 1;
    char request[256];

    *websocket = (struct websocket){.fd = -1, .input = input, .input_max = input_max};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return STATUS_IO;
    }
    const int length = snprintf(request, sizeof(request),
                                "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: c2x1aWNlIHRlc3Qga2V5IQ==\r\n\r\n",
                                (unsigned)port);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        write_all(fd, (const uint8_t *)request, (size_t)length) != STATUS_OK ||
        read_upgrade(fd) != STATUS_OK || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        (void)close(fd);
        return STATUS_UNREACHABLE;
    }
    websocket->fd = fd;
    return STATUS_OK;
}

void websocket_close(struct websocket *websocket)
{
    if (websocket->fd >= 0) {
        (void)close(websocket->fd);
        websocket->fd = -1;
    }
}

/* Masked with zeros: a mask hides nothing from a test node. */
static enum status send_frame(struct websocket *websocket, uint8_t opcode, struct bytes payload)
{
    uint8_t header[14] = {(uint8_t)(FIN | opcode)};
    size_t count = 2;

    if (payload.count < 126) {
        header[1] = (uint8_t)(MASKED | payload.count);
    } else {
        const size_t width = payload.count <= UINT16_MAX ? 2 : 8;
        header[1] = (uint8_t)(MASKED | (width == 2 ? 126 : 127));
        for (size_t i = 0; i < width; i++) {
            header[count++] = (uint8_t)(payload.count >> (8 * (width - 1 - i)));
        }
    }
    count += 4;
    const enum status status = write_all(websocket->fd, header, count);
    return status != STATUS_OK ? status : write_all(websocket->fd, payload.data, payload.count);
}

enum status websocket_send(struct websocket *websocket, struct bytes message)
{
    return send_frame(websocket, OPCODE_TEXT, message);
}

/* Header and payload sizes of the frame at the front; 0 while it is not whole. */
static size_t frame_size(const struct websocket *websocket, size_t *ret_header, size_t *ret_payload)
{
    const uint8_t *const in = websocket->input;

    if (websocket->input_count < 2) {
        return 0;
    }
    const size_t width = (in[1] & 0x7f) == 126 ? 2 : (in[1] & 0x7f) == 127 ? 8 : 0;
    size_t payload = width == 0 ? in[1] & 0x7f : 0;
    if (websocket->input_count < 2 + width) {
        return 0;
    }
    for (size_t i = 0; i < width; i++) {
        payload = payload << 8 | in[2 + i];
    }
    *ret_header = 2 + width;
    *ret_payload = payload;
    return 2 + width + payload;
}

enum status websocket_receive(struct websocket *websocket, struct bytes *ret_message)
{
    for (;;) {
        size_t header = 0;
        size_t payload = 0;
        memmove(websocket->input, websocket->input + websocket->consumed,
                websocket->input_count - websocket->consumed);
        websocket->input_count -= websocket->consumed;
        websocket->consumed = 0;
        const size_t size = frame_size(websocket, &header, &payload);
        if (size > websocket->input_max) {
            return STATUS_FULL;
        }
        if (size == 0 || size > websocket->input_count) {
            const ssize_t got = recv(websocket->fd, websocket->input + websocket->input_count,
                                     websocket->input_max - websocket->input_count, 0);
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
                return STATUS_NOT_FOUND;
            }
            if (got <= 0) {
                return STATUS_IO;
            }
            websocket->input_count += (size_t)got;
            continue;
        }
        websocket->consumed = size;
        const struct bytes body = bytes_from(websocket->input + header, payload);
        const uint8_t opcode = websocket->input[0] & 0x0f;
        if (opcode == OPCODE_TEXT) {
            *ret_message = body;
            return STATUS_OK;
        }
        if (opcode == OPCODE_CLOSE ||
            (opcode == OPCODE_PING && send_frame(websocket, 10, body) != STATUS_OK)) {
            return STATUS_IO;
        }
    }
}
