/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/journal_log/log_client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "proto/wire.h"
#include "relay/base/check.h"
#include "relay/node/process/clock.h"
#include "store/checkpoint.h"

#define TEXT_BYTES_MAX  (NOTE_KEY_NAME_BYTES_MAX + 80u)
#define QUESTION_ID     1u
#define FRAME_BYTES_MAX (64u * TREE_PROOF_HASHES_MAX)

/* One question and its answer. */
struct call {
    int fd;
    uint64_t deadline_ns;
    struct wire_reader reader;
    uint8_t memory[WIRE_READER_BYTES];
    struct wire_arena arena;
};

/* False: the deadline passed. */
static bool wait_for(const struct call *call, short events)
{
    for (;;) {
        struct pollfd poll_fd = {.fd = call->fd, .events = events};
        const uint64_t now = clock_monotonic_ns();
        if (now >= call->deadline_ns) {
            return false;
        }
        const int ready = poll(&poll_fd, 1, (int)((call->deadline_ns - now) / 1000000u) + 1);
        if (ready > 0) {
            return true;
        }
        if (ready < 0 && errno != EINTR) {
            return false;
        }
    }
}

/* A socket that is not there yet, or whose queue is full, is tried again until the deadline: a
 * signer that was just started is there in a moment. */
static enum status call_connect(struct call *call, const char *path)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    CHECK(strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path) + 1);
    for (;;) {
        call->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (call->fd < 0) {
            return STATUS_UNREACHABLE;
        }
        if (connect(call->fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
            return STATUS_OK;
        }
        (void)close(call->fd);
        call->fd = -1;
        if (clock_monotonic_ns() >= call->deadline_ns) {
            return STATUS_UNREACHABLE;
        }
        (void)nanosleep(&pause, NULL);
    }
}

static enum status call_send(const struct call *call, struct bytes frame)
{
    size_t sent = 0;

    while (sent < frame.count) {
        const ssize_t count = send(call->fd, frame.data + sent, frame.count - sent, MSG_NOSIGNAL);
        const bool must_wait = count < 0 && (errno == EAGAIN || errno == EINTR);
        if (count > 0) {
            sent += (size_t)count;
        } else if (!must_wait || !wait_for(call, POLLOUT)) {
            return STATUS_UNREACHABLE;
        }
    }
    return STATUS_OK;
}

static enum status call_receive(struct call *call, struct wire_reply *ret_reply)
{
    struct bytes frame;
    enum status status = STATUS_NOT_FOUND;

    wire_reader_init(&call->reader, call->memory, sizeof(call->memory));
    while ((status = wire_reader_next(&call->reader, &frame)) == STATUS_NOT_FOUND) {
        uint8_t *space;
        const size_t room = wire_reader_space(&call->reader, &space);
        CHECK(room > 0);
        const ssize_t count = recv(call->fd, space, room, 0);
        const bool must_wait = count < 0 && (errno == EAGAIN || errno == EINTR);
        if (count > 0) {
            wire_reader_arrived(&call->reader, (size_t)count);
        } else if (!must_wait || !wait_for(call, POLLIN)) {
            return STATUS_UNREACHABLE;
        }
    }
    if (status == STATUS_OK) {
        status = wire_decode_reply(frame, &call->arena, ret_reply);
    }
    return status == STATUS_OK && ret_reply->id == QUESTION_ID ? STATUS_OK : STATUS_MALFORMED;
}

/* `*ret_reply` borrows from `call`. */
static enum status ask(const struct log_client *client, const struct wire_request *request,
                       struct call *call, struct wire_reply *ret_reply)
{
    uint8_t memory[FRAME_BYTES_MAX];
    struct buffer buffer = buffer_from(memory, sizeof(memory));

    call->deadline_ns = clock_monotonic_ns() + client->deadline.ns;
    CHECK(wire_encode_request(request, &buffer) == STATUS_OK);
    enum status status = call_connect(call, client->socket);
    if (status != STATUS_OK) {
        return status;
    }
    status = call_send(call, buffer_bytes(&buffer));
    if (status == STATUS_OK) {
        status = call_receive(call, ret_reply);
    }
    (void)close(call->fd); /* nothing more is expected of it */
    return status;
}

static bool is_key(const struct note_key *key, struct bytes text)
{
    struct note_key other;

    return note_key_parse(text, &other) == STATUS_OK && other.kind == key->kind &&
           memcmp(other.public_key, key->public_key, sizeof(other.public_key)) == 0 &&
           bytes_equal(bytes_from(other.name, other.name_count),
                       bytes_from(key->name, key->name_count));
}

enum status log_client_read_head(const struct log_client *client, struct log_head *ret_head)
{
    const struct wire_request request = {.id = QUESTION_ID, .ask = WIRE_ASK_LOG_HEAD};
    struct wire_reply reply;
    struct call *call = malloc(sizeof(*call));

    if (call == NULL) {
        return STATUS_NO_MEMORY;
    }
    enum status status = ask(client, &request, call, &reply);
    if (status == STATUS_OK &&
        (reply.outcome != OUTCOME_OK || reply.answer != WIRE_ANSWER_LOG_STATE ||
         !is_key(client->key, reply.log_state.key))) {
        status = STATUS_REFUSED;
    }
    if (status == STATUS_OK && reply.log_state.size > TREE_SIZE_MAX) {
        status = STATUS_MALFORMED;
    }
    if (status == STATUS_OK) {
        *ret_head = (struct log_head){.size = reply.log_state.size, .root = reply.log_state.root};
        if (ret_head->size == 0) {
            ret_head->root = tree_root_empty();
        }
    }
    free(call);
    return status;
}

static enum status check_signature(const struct log_client *client, const struct log_head *head,
                                   const uint8_t signature[ED25519_SIGNATURE_BYTES])
{
    uint8_t text[TEXT_BYTES_MAX];
    struct buffer buffer = buffer_from(text, sizeof(text));
    const struct log_checkpoint checkpoint = {
        .origin = bytes_from(client->key->name, client->key->name_count),
        .size = head->size,
        .root = head->root};

    CHECK(log_checkpoint_append(&buffer, &checkpoint) == STATUS_OK);
    return ed25519_verify(client->key->public_key, buffer_bytes(&buffer), signature)
               ? STATUS_OK
               : STATUS_CORRUPT;
}

static void keep_reason(struct bytes reason, char ret_reason[REASON_BYTES_MAX + 1])
{
    const size_t count = reason.count < REASON_BYTES_MAX ? reason.count : REASON_BYTES_MAX;

    if (count > 0) {
        memcpy(ret_reason, reason.data, count);
    }
    ret_reason[count] = '\0';
}

enum status log_client_sign(const struct log_client *client, const struct log_request *request,
                            uint8_t ret_signature[ED25519_SIGNATURE_BYTES],
                            char ret_reason[REASON_BYTES_MAX + 1])
{
    struct wire_request question = {.id = QUESTION_ID, .ask = WIRE_ASK_LOG_SIGN};
    struct wire_reply reply;
    struct call *call = malloc(sizeof(*call));

    ret_reason[0] = '\0';
    if (call == NULL) {
        return STATUS_NO_MEMORY;
    }
    question.log_sign.old_size = request->old.size;
    question.log_sign.size = request->head.size;
    question.log_sign.root = request->head.root;
    question.log_sign.hashes =
        bytes_from(request->proof->hashes, request->proof->hashes_count * sizeof(struct hash));
    enum status status = ask(client, &question, call, &reply);
    if (status == STATUS_OK && reply.outcome != OUTCOME_OK) {
        keep_reason(reply.reason, ret_reason);
        status = reply.outcome == OUTCOME_REFUSED ? STATUS_REFUSED : STATUS_UNREACHABLE;
    } else if (status == STATUS_OK && reply.answer != WIRE_ANSWER_LOG_SIGNATURE) {
        status = STATUS_MALFORMED;
    } else if (status == STATUS_OK) {
        status = check_signature(client, &request->head, reply.log_signature);
    }
    if (status == STATUS_OK) {
        memcpy(ret_signature, reply.log_signature, ED25519_SIGNATURE_BYTES);
    }
    free(call);
    return status;
}
