/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/transport/signer_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "relay/base/check.h"

#define RETRY_FIRST_MS 20u /* a signer that was just started is there in a moment */
#define RETRY_LAST_MS  1000u
#define HELLO_ID       1u

struct question {
    uint64_t id; /* 0: free */
    struct driver_sign sign;
    uint8_t *frame; /* owned */
    size_t frame_bytes;
};

struct signer_client {
    lws_sorted_usec_list_t timer; /* first, so that the timer's callback finds the client */
    struct lws_context *context;
    struct lws_vhost *vhost;
    const char *path;
    struct signer_handler handler;
    struct lws *wsi; /* NULL: not connected */
    int socket;
    bool greeted;
    bool stopping;
    bool told; /* people know that it is down */
    uint32_t retry_ms;
    uint64_t id_last;
    uint64_t id_sent; /* questions up to it were written on this connection */
    struct question questions[SIGNER_QUESTIONS_MAX];
    uint8_t *writing; /* the frame under way; borrowed from its question or `hello` */
    size_t writing_bytes;
    size_t written_bytes;
    uint8_t hello[256];
    size_t hello_bytes;
    struct wire_reader reader;
    uint8_t reader_memory[WIRE_READER_BYTES];
    struct wire_arena arena;
    uint8_t encode_memory[WIRE_READER_BYTES];
};

static void client_connect(struct signer_client *client);

static void client_timer(lws_sorted_usec_list_t *timer)
{
    client_connect((struct signer_client *)(void *)timer);
}

static void client_retry(struct signer_client *client, const char *text)
{
    client->wsi = NULL;
    client->socket = -1;
    client->greeted = false;
    client->writing = NULL;
    if (client->stopping) {
        return;
    }
    if (!client->told) {
        client->told = true;
        client->handler.trouble(client->handler.context, text);
    }
    lws_sul_schedule(client->context, 0, &client->timer, client_timer,
                     (lws_usec_t)client->retry_ms * 1000);
    client->retry_ms = client->retry_ms * 2 < RETRY_LAST_MS ? client->retry_ms * 2 : RETRY_LAST_MS;
}

/* -1: not now, errno says why. */
static int open_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    CHECK(strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path) + 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        const int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static void client_connect(struct signer_client *client)
{
    CHECK(client->wsi == NULL);
    if (client->stopping) {
        return;
    }
    const int fd = open_socket(client->path);
    if (fd < 0) {
        client_retry(client, strerror(errno));
        return;
    }
    const lws_sock_file_fd_type descriptor = {.filefd = fd};
    struct lws *wsi = lws_adopt_descriptor_vhost(client->vhost, LWS_ADOPT_RAW_FILE_DESC, descriptor,
                                                 signer_protocol.name, NULL);
    if (wsi == NULL) {
        /* The library closed it. */
        client_retry(client, "the loop cannot take the socket");
        return;
    }
    client->wsi = wsi;
    client->socket = fd;
    client->id_sent = HELLO_ID;
    client->writing = client->hello;
    client->writing_bytes = client->hello_bytes;
    client->written_bytes = 0;
    wire_reader_init(&client->reader, client->reader_memory, sizeof(client->reader_memory));
    lws_set_opaque_user_data(wsi, client);
    lws_callback_on_writable(wsi);
}

/* ---- writing ---- */

/* The open question with the smallest id above `id`; NULL: none. */
static struct question *question_after(struct signer_client *client, uint64_t id)
{
    struct question *next = NULL;
    for (uint32_t i = 0; i < SIGNER_QUESTIONS_MAX; i++) {
        struct question *question = &client->questions[i];
        if (question->id > id && (next == NULL || question->id < next->id)) {
            next = question;
        }
    }
    return next;
}

/* Questions follow the greeting: nobody is asked to sign who has not said who he is. */
static bool client_take_frame(struct signer_client *client)
{
    if (client->writing != NULL) {
        return true;
    }
    if (!client->greeted) {
        return false;
    }
    struct question *question = question_after(client, client->id_sent);
    if (question == NULL) {
        return false;
    }
    client->id_sent = question->id;
    client->writing = question->frame;
    client->writing_bytes = question->frame_bytes;
    client->written_bytes = 0;
    return true;
}

static int client_write(struct signer_client *client)
{
    while (client_take_frame(client)) {
        const ssize_t count =
            send(client->socket, client->writing + client->written_bytes,
                 client->writing_bytes - client->written_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            lws_callback_on_writable(client->wsi);
            return 0;
        }
        if (count < 0) {
            return -1;
        }
        client->written_bytes += (size_t)count;
        if (client->written_bytes == client->writing_bytes) {
            client->writing = NULL;
        }
    }
    return 0;
}

/* ---- reading ---- */

static void question_forget(struct question *question)
{
    free(question->frame);
    *question = (struct question){0};
}

static int client_greeted(struct signer_client *client, const struct wire_reply *reply)
{
    if (reply->outcome != OUTCOME_OK || reply->answer != WIRE_ANSWER_IDENTITY ||
        reply->identity.protocol != WIRE_PROTOCOL) {
        return -1;
    }
    client->greeted = true;
    client->told = false;
    client->retry_ms = RETRY_FIRST_MS;
    client->handler.greeted(client->handler.context, &reply->identity);
    lws_callback_on_writable(client->wsi);
    return 0;
}

static int client_answered(struct signer_client *client, const struct wire_reply *reply)
{
    if (reply->id == HELLO_ID) {
        return client_greeted(client, reply);
    }
    for (uint32_t i = 0; i < SIGNER_QUESTIONS_MAX; i++) {
        struct question *question = &client->questions[i];
        if (question->id != reply->id || reply->id > client->id_sent) {
            continue;
        }
        if (client->writing == question->frame) {
            return -1; /* answered before it was asked in full */
        }
        if (reply->outcome == OUTCOME_OK && reply->answer != WIRE_ANSWER_SIGNATURE) {
            return -1;
        }
        const struct signature signature =
            reply->outcome == OUTCOME_OK ? reply->signature : (struct signature){{0}};
        const struct driver_sign sign = question->sign;
        question_forget(question);
        client->handler.answered(client->handler.context, &sign, reply->outcome, &signature,
                                 reply->reason);
        return 0;
    }
    return 0; /* of an earlier connection, answered meanwhile */
}

static int client_take_replies(struct signer_client *client)
{
    struct bytes frame;
    enum status status;
    while ((status = wire_reader_next(&client->reader, &frame)) == STATUS_OK) {
        struct wire_reply reply;
        if (wire_decode_reply(frame, &client->arena, &reply) != STATUS_OK ||
            client_answered(client, &reply) != 0) {
            return -1;
        }
    }
    return status == STATUS_NOT_FOUND ? 0 : -1;
}

/* Non-zero ends the connection: the stream has no place to resume from. */
static int client_read(struct signer_client *client)
{
    for (;;) {
        uint8_t *space;
        const size_t room = wire_reader_space(&client->reader, &space);
        CHECK(room > 0);
        const ssize_t count = recv(client->socket, space, room, MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            return 0;
        }
        if (count <= 0) {
            return -1;
        }
        wire_reader_arrived(&client->reader, (size_t)count);
        if (client_take_replies(client) != 0) {
            return -1;
        }
    }
}

static int signer_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                           size_t count)
{
    (void)user;
    (void)in;
    (void)count;
    struct signer_client *client = lws_get_opaque_user_data(wsi);
    if (client == NULL || client->wsi != wsi) {
        return 0;
    }
    /* The library has many more reasons; the rest need nothing. */
    if (reason == LWS_CALLBACK_RAW_RX_FILE) {
        return client_read(client);
    }
    if (reason == LWS_CALLBACK_RAW_WRITEABLE_FILE) {
        return client_write(client);
    }
    if (reason == LWS_CALLBACK_RAW_CLOSE_FILE) {
        client_retry(client, "the connection ended");
    }
    return 0;
}

const struct lws_protocols signer_protocol = {
    .name = "sluice-signer",
    .callback = signer_callback,
};

/* ---- questions ---- */

static struct wire_request request_of(const struct driver_sign *sign, uint64_t id)
{
    struct wire_request request = {.id = id};
    switch (sign->kind) {
    case DRIVER_SIGN_TRANSACTION:
        request.ask = WIRE_ASK_TRANSACTION;
        request.transaction.domain = sign->domain;
        request.transaction.family = sign->transaction.family;
        request.transaction.key = sign->key;
        request.transaction.leg_kind = sign->transaction.leg_kind;
        request.transaction.leg_id = sign->transaction.leg_id;
        request.transaction.attempt = sign->transaction.attempt;
        request.transaction.transaction = sign->transaction.transaction;
        request.transaction.plan = sign->transaction.plan;
        break;
    case DRIVER_SIGN_CHECKPOINT:
        request.ask = WIRE_ASK_CHECKPOINT;
        request.checkpoint.domain = sign->domain;
        request.checkpoint.tree_hook = sign->checkpoint.tree_hook;
        request.checkpoint.key = sign->key;
        request.checkpoint.checkpoint = sign->checkpoint.checkpoint;
        break;
    case DRIVER_SIGN_ANNOUNCEMENT:
        request.ask = WIRE_ASK_ANNOUNCEMENT;
        request.announcement.domain = sign->domain;
        request.announcement.mailbox = sign->announcement.mailbox;
        request.announcement.key = sign->key;
        request.announcement.location = sign->announcement.location;
        break;
    case DRIVER_SIGN_LOOKUP:
        request.ask = WIRE_ASK_LOOKUP;
        request.lookup.domain = sign->domain;
        request.lookup.key = sign->key;
        request.lookup.sender = sign->lookup.sender;
        request.lookup.url = sign->lookup.url;
        request.lookup.call_data = sign->lookup.call_data;
        break;
    }
    return request;
}

enum status signer_client_ask(struct signer_client *client, const struct driver_sign *question)
{
    struct question *place = NULL;
    for (uint32_t i = 0; i < SIGNER_QUESTIONS_MAX && place == NULL; i++) {
        place = client->questions[i].id == 0 ? &client->questions[i] : NULL;
    }
    if (place == NULL) {
        return STATUS_FULL;
    }
    const struct wire_request request = request_of(question, client->id_last + 1);
    struct buffer buffer = buffer_from(client->encode_memory, sizeof(client->encode_memory));
    const enum status status = wire_encode_request(&request, &buffer);
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t *frame = malloc(buffer.count);
    if (frame == NULL) {
        return STATUS_NO_MEMORY;
    }
    memcpy(frame, buffer.data, buffer.count);
    client->id_last++;
    *place = (struct question){
        .id = client->id_last, .sign = *question, .frame = frame, .frame_bytes = buffer.count};
    if (question->kind == DRIVER_SIGN_TRANSACTION) {
        place->sign.transaction.transaction = (struct bytes){0};
        place->sign.transaction.plan = (struct bytes){0};
    } else if (question->kind == DRIVER_SIGN_ANNOUNCEMENT) {
        place->sign.announcement.location = (struct bytes){0};
    } else if (question->kind == DRIVER_SIGN_LOOKUP) {
        place->sign.lookup.url = (struct bytes){0};
        place->sign.lookup.call_data = (struct bytes){0};
    }
    if (client->wsi != NULL) {
        lws_callback_on_writable(client->wsi);
    }
    return STATUS_OK;
}

bool signer_client_is_greeted(const struct signer_client *client)
{
    return client->greeted;
}

/* ---- life ---- */

struct signer_client *signer_client_new(struct lws_context *context, struct lws_vhost *vhost,
                                        const char *path, const struct signer_handler *handler)
{
    struct signer_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        return NULL;
    }
    client->context = context;
    client->vhost = vhost;
    client->path = path;
    client->handler = *handler;
    client->socket = -1;
    client->retry_ms = RETRY_FIRST_MS;
    client->id_last = HELLO_ID;
    const struct wire_request hello = {.id = HELLO_ID, .ask = WIRE_ASK_HELLO};
    struct buffer buffer = buffer_from(client->hello, sizeof(client->hello));
    CHECK(wire_encode_request(&hello, &buffer) == STATUS_OK);
    client->hello_bytes = buffer.count;
    return client;
}

struct signer_client *signer_client_free(struct signer_client *client)
{
    if (client != NULL) {
        for (uint32_t i = 0; i < SIGNER_QUESTIONS_MAX; i++) {
            question_forget(&client->questions[i]);
        }
        free(client);
    }
    return NULL;
}

void signer_client_start(struct signer_client *client)
{
    client_connect(client);
}

void signer_client_stop(struct signer_client *client)
{
    client->stopping = true;
    lws_sul_cancel(&client->timer);
}
