/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/control/control.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/node/control/control_json.h"

#define HEADER_BYTES 4u
#define ASK_S        5 /* that a peer may take to say what it wants */

struct peer {
    struct lws *wsi; /* NULL: free */
    struct control *control;
    uint32_t uid;
    uint64_t ticket; /* 0: nothing asked yet */
    uint8_t received[HEADER_BYTES + CONTROL_FRAME_BYTES_MAX];
    size_t received_count;
    uint8_t answer[HEADER_BYTES + CONTROL_FRAME_BYTES_MAX];
    size_t answer_count;
    size_t answer_written;
};

struct control {
    struct lws_vhost *vhost;
    const char *path;
    struct control_handler handler;
    struct lws *listener;
    bool bound; /* the socket's file is ours to remove */
    uint64_t ticket_last;
    struct peer peers[CONTROL_PEERS_MAX];
};

/* ---- one peer ---- */

static void peer_reply(struct peer *peer, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    const size_t count = text == NULL ? 0 : strlen(text);
    if (count > 0 && count <= CONTROL_FRAME_BYTES_MAX) {
        control_frame_header((uint32_t)count, peer->answer);
        memcpy(peer->answer + HEADER_BYTES, text, count);
        peer->answer_count = HEADER_BYTES + count;
        lws_callback_on_writable(peer->wsi);
    }
    free(text);
}

static void peer_refuse(struct peer *peer, const char *why)
{
    peer_reply(peer, json_pack("{s:s}", "error", why));
}

static void peer_tell_health(struct peer *peer)
{
    const struct control *control = peer->control;
    struct buffer buffer = buffer_from(peer->answer + HEADER_BYTES, CONTROL_FRAME_BYTES_MAX);
    struct control_health health = {.steps_count = 0};

    control->handler.health(control->handler.context, &health);
    if (control_health_append(&buffer, &health) == STATUS_OK) {
        control_frame_header((uint32_t)buffer.count, peer->answer);
        peer->answer_count = HEADER_BYTES + buffer.count;
        lws_callback_on_writable(peer->wsi);
    }
}

static void peer_ask(struct peer *peer, struct bytes text)
{
    struct control *control = peer->control;
    struct control_request request;
    if (control_health_is_asked(text)) {
        peer_tell_health(peer);
        return;
    }
    if (control_request_parse(text, &request) != STATUS_OK) {
        peer_refuse(peer, "not a request that this version knows");
        return;
    }
    const struct event event = {
        .kind = EVENT_OPERATOR,
        .domain = request.domain,
        .operator_ = {.action = request.action,
                      .subject = request.subject,
                      .uid = peer->uid,
                      .reason = bytes_from(request.reason, strlen(request.reason)),
                      .expires_s = request.expires_s,
                      .signature = request.signature},
    };
    control->ticket_last++;
    peer->ticket = control->ticket_last;
    if (control->handler.asked(control->handler.context, &event, peer->ticket) != STATUS_OK) {
        peer_refuse(peer, "too many requests at once; try again");
    }
}

/* Non-zero ends the connection. */
static int peer_read(struct peer *peer)
{
    if (peer->ticket != 0 || peer->answer_count > 0) {
        return -1; /* one request each; nothing more is expected but the end */
    }
    const ssize_t count = recv(lws_get_socket_fd(peer->wsi), peer->received + peer->received_count,
                               sizeof(peer->received) - peer->received_count, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    if (count <= 0) {
        return -1;
    }
    peer->received_count += (size_t)count;
    if (peer->received_count < HEADER_BYTES) {
        return 0;
    }
    const uint32_t expected = control_frame_count(peer->received);
    if (expected == 0 || expected > CONTROL_FRAME_BYTES_MAX) {
        return -1;
    }
    if (peer->received_count >= HEADER_BYTES + expected) {
        /* The answer waits for what it is about to be durable, however long that takes. */
        lws_set_timeout(peer->wsi, NO_PENDING_TIMEOUT, 0);
        peer_ask(peer, bytes_from(peer->received + HEADER_BYTES, expected));
    }
    return 0;
}

static int peer_write(struct peer *peer)
{
    while (peer->answer_written < peer->answer_count) {
        const ssize_t count =
            send(lws_get_socket_fd(peer->wsi), peer->answer + peer->answer_written,
                 peer->answer_count - peer->answer_written, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            lws_callback_on_writable(peer->wsi);
            return 0;
        }
        if (count < 0) {
            return -1;
        }
        peer->answer_written += (size_t)count;
    }
    return peer->answer_count > 0 ? -1 : 0;
}

void control_answer(struct control *control, uint64_t ticket, const struct driver_answer *answer)
{
    for (uint32_t i = 0; i < CONTROL_PEERS_MAX; i++) {
        struct peer *peer = &control->peers[i];
        if (peer->wsi != NULL && peer->ticket == ticket) {
            char text[REASON_BYTES_MAX * 4];
            control_text_escape(answer->text, sizeof(text), text);
            peer_reply(peer, json_pack("{s:i, s:i, s:s}", "code", (int)answer->reason, "level",
                                       (int)answer->level, "text", text));
        }
    }
}

/* ---- the listener ---- */

/* True: the peer may ask. */
static bool peer_is_welcome(int fd, uint32_t *ret_uid)
{
    struct ucred credentials;
    socklen_t count = sizeof(credentials);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &count) != 0) {
        return false;
    }
    *ret_uid = credentials.uid;
    return credentials.uid == geteuid() || credentials.uid == 0;
}

static struct peer *free_peer(struct control *control)
{
    for (uint32_t i = 0; i < CONTROL_PEERS_MAX; i++) {
        if (control->peers[i].wsi == NULL) {
            return &control->peers[i];
        }
    }
    return NULL;
}

static void control_accept(struct control *control)
{
    const int fd =
        accept4(lws_get_socket_fd(control->listener), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    struct peer *peer = free_peer(control);
    uint32_t uid = 0;
    if (peer == NULL || !peer_is_welcome(fd, &uid)) {
        (void)close(fd);
        return;
    }
    const lws_sock_file_fd_type descriptor = {.filefd = fd};
    struct lws *wsi = lws_adopt_descriptor_vhost(control->vhost, LWS_ADOPT_RAW_FILE_DESC,
                                                 descriptor, control_peer_protocol.name, NULL);
    if (wsi == NULL) {
        return;
    }
    *peer = (struct peer){.wsi = wsi, .control = control, .uid = uid};
    lws_set_opaque_user_data(wsi, peer);
    /* Who asks nothing must not hold the place of somebody who does. */
    lws_set_timeout(wsi, PENDING_TIMEOUT_AWAITING_PROXY_RESPONSE, ASK_S);
}

/* The library has many more reasons than these two callbacks name; the rest need nothing. */
static int peer_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                         size_t count)
{
    (void)user;
    (void)in;
    (void)count;
    struct peer *peer = lws_get_opaque_user_data(wsi);
    if (peer == NULL) {
        return 0;
    }
    if (reason == LWS_CALLBACK_RAW_RX_FILE) {
        return peer_read(peer);
    }
    if (reason == LWS_CALLBACK_RAW_WRITEABLE_FILE) {
        return peer_write(peer);
    }
    if (reason == LWS_CALLBACK_RAW_CLOSE_FILE) {
        peer->wsi = NULL;
    }
    return 0;
}

static int listener_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user,
                             void *in, size_t count)
{
    (void)user;
    (void)in;
    (void)count;
    struct control *control = lws_get_opaque_user_data(wsi);
    if (control != NULL && reason == LWS_CALLBACK_RAW_RX_FILE) {
        control_accept(control);
    }
    return 0;
}

const struct lws_protocols control_protocol = {
    .name = "sluice-control",
    .callback = listener_callback,
};

const struct lws_protocols control_peer_protocol = {
    .name = "sluice-control-peer",
    .callback = peer_callback,
};

/* A node that was killed leaves its socket behind, and nobody listens there any more. */
static bool is_listened_to(const struct sockaddr_un *address)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const bool answered =
        fd >= 0 &&
        (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN);
    if (fd >= 0) {
        (void)close(fd);
    }
    return answered;
}

/* -1: errno says why; EEXIST: the path belongs to something else. */
static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat state;
    CHECK(strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (lstat(path, &state) == 0) {
        if (!S_ISSOCK(state.st_mode) || is_listened_to(&address)) {
            errno = EEXIST;
            return -1;
        }
        (void)unlink(path);
    }
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    const mode_t before = umask(0177);
    const int rc = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    (void)umask(before);
    if (rc != 0 || listen(fd, CONTROL_PEERS_MAX) != 0) {
        const int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

enum status control_open(struct lws_vhost *vhost, const char *path,
                         const struct control_handler *handler, struct control **ret_control)
{
    struct control *control = calloc(1, sizeof(*control));
    if (control == NULL) {
        return STATUS_NO_MEMORY;
    }
    control->vhost = vhost;
    control->path = path;
    control->handler = *handler;
    const int fd = listen_at(path);
    if (fd < 0) {
        const enum status status = errno == EEXIST ? STATUS_BUSY : STATUS_IO;
        control_close(control);
        return status;
    }
    control->bound = true;
    const lws_sock_file_fd_type descriptor = {.filefd = fd};
    control->listener = lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, descriptor,
                                                   control_protocol.name, NULL);
    if (control->listener == NULL) {
        control_close(control);
        return STATUS_IO;
    }
    lws_set_opaque_user_data(control->listener, control);
    *ret_control = control;
    return STATUS_OK;
}

struct control *control_close(struct control *control)
{
    if (control != NULL) {
        if (control->bound) {
            (void)unlink(control->path);
        }
        free(control);
    }
    return NULL;
}
