/* SPDX-License-Identifier: Apache-2.0 */
/* The command line's side of the control socket. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "relay/base/hex.h"
#include "relay/node/control/control.h"
#include "relay/node/control/control_json.h"

#define HEADER_BYTES  4u
#define ANSWER_WAIT_S 15
#define HEALTH_WAIT_S 2

/* -1: nobody listens. */
static int connect_to(const char *path, time_t wait_s)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval wait = {.tv_sec = wait_s};
    if (strlen(path) >= sizeof(address.sun_path)) {
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static bool send_all(int fd, const uint8_t *data, size_t count)
{
    size_t sent = 0;
    while (sent < count) {
        const ssize_t got = send(fd, data + sent, count - sent, MSG_NOSIGNAL);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        sent += (size_t)got;
    }
    return true;
}

static bool receive_all(int fd, uint8_t *data, size_t count)
{
    size_t received = 0;
    while (received < count) {
        const ssize_t got = recv(fd, data + received, count - received, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        received += (size_t)got;
    }
    return true;
}

static json_t *question_json(const struct control_question *question)
{
    char subject[2 + 2 * sizeof(question->subject.bytes) + 1] = "0x";
    char signature[2 + 2 * sizeof(question->signature.bytes) + 1] = "0x";
    hex_encode(bytes_from(question->subject.bytes, sizeof(question->subject.bytes)), subject + 2);
    hex_encode(bytes_from(question->signature.bytes, sizeof(question->signature.bytes)),
               signature + 2);
    json_t *root = json_pack("{s:s, s:s, s:I, s:s}", "action",
                             control_action_word(question->action), "subject", subject, "domain",
                             (json_int_t)question->domain, "reason", question->reason);
    if (root != NULL && question->expires_s != 0 &&
        (json_object_set_new(root, "expires", json_integer((json_int_t)question->expires_s)) != 0 ||
         json_object_set_new(root, "signature", json_string(signature)) != 0)) {
        json_decref(root);
        return NULL;
    }
    return root;
}

/* Sends `root`, which it frees, and waits for the answer. STATUS_TIMEOUT: there is none. */
static enum status exchange(int fd, json_t *root, uint8_t ret_frame[CONTROL_FRAME_BYTES_MAX],
                            uint32_t *ret_count)
{
    uint8_t header[HEADER_BYTES];
    char *text = root == NULL ? NULL : json_dumps(root, JSON_COMPACT);
    bool good = text != NULL && strlen(text) <= CONTROL_FRAME_BYTES_MAX;
    json_decref(root);
    if (good) {
        control_frame_header((uint32_t)strlen(text), header);
        good = send_all(fd, header, sizeof(header)) &&
               send_all(fd, (const uint8_t *)text, strlen(text)) &&
               receive_all(fd, header, sizeof(header));
    }
    free(text);
    if (!good) {
        return STATUS_TIMEOUT;
    }
    const uint32_t count = control_frame_count(header);
    if (count == 0 || count > CONTROL_FRAME_BYTES_MAX || !receive_all(fd, ret_frame, count)) {
        return STATUS_MALFORMED;
    }
    *ret_count = count;
    return STATUS_OK;
}

static enum status take_reply(const uint8_t *frame, uint32_t count, struct control_reply *ret_reply)
{
    enum status status = STATUS_MALFORMED;
    json_t *root = json_loadb((const char *)frame, count, JSON_REJECT_DUPLICATES, NULL);
    const char *error = json_string_value(json_object_get(root, "error"));
    const char *text = json_string_value(json_object_get(root, "text"));
    const json_t *code = json_object_get(root, "code");
    const json_t *level = json_object_get(root, "level");
    if (error != NULL) {
        (void)snprintf(ret_reply->text, sizeof(ret_reply->text), "%s", error);
        status = STATUS_REFUSED;
    } else if (text != NULL && json_is_integer(code) && json_is_integer(level)) {
        (void)snprintf(ret_reply->text, sizeof(ret_reply->text), "%s", text);
        ret_reply->code = (uint32_t)json_integer_value(code);
        ret_reply->level = (enum note_level)json_integer_value(level);
        status = STATUS_OK;
    }
    json_decref(root);
    return status;
}

enum status control_ask(const char *path, const struct control_question *question,
                        struct control_reply *ret_reply)
{
    uint8_t frame[CONTROL_FRAME_BYTES_MAX];
    uint32_t count = 0;
    *ret_reply = (struct control_reply){0};
    const int fd = connect_to(path, ANSWER_WAIT_S);
    if (fd < 0) {
        return STATUS_UNREACHABLE;
    }
    enum status status = exchange(fd, question_json(question), frame, &count);
    if (status == STATUS_OK) {
        status = take_reply(frame, count, ret_reply);
    }
    (void)close(fd);
    return status;
}

enum status control_ask_health(const char *path, struct control_health *ret_health)
{
    uint8_t frame[CONTROL_FRAME_BYTES_MAX];
    uint32_t count = 0;
    const int fd = connect_to(path, HEALTH_WAIT_S);
    if (fd < 0) {
        return STATUS_UNREACHABLE;
    }
    enum status status = exchange(fd, json_pack("{s:s}", "action", "health"), frame, &count);
    if (status == STATUS_OK) {
        status = control_health_parse(bytes_from(frame, count), ret_health);
    }
    (void)close(fd);
    return status;
}
