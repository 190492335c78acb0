/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/server.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "relay/base/check.h"

#define BACKLOG         16
#define REPLY_BYTES_MAX 8192u
/* A signature, or why there is none. */
#define LATE_REPLY_BYTES_MAX 512u
#define OUT_BYTES            (4u * REPLY_BYTES_MAX + SERVER_WAITING_MAX * LATE_REPLY_BYTES_MAX)
#define NS_PER_S             UINT64_C(1000000000)

static_assert(WIRE_KEYS_MAX * 64 + 512 < REPLY_BYTES_MAX, "every reply fits its room");
static_assert(REASON_BYTES_MAX + 128 < LATE_REPLY_BYTES_MAX, "every later reply fits its room");

struct connection {
    int fd;                 /* -1: free */
    uint64_t serial;        /* of this peer: an answer that comes later is for no other */
    uint32_t waiting_count; /* answers that come later; their room is kept */
    bool ended;             /* no more is read: what is queued is sent, then it closes */
    bool waits; /* a frame may wait in `in` for room among the replies or in the batch */
    struct wire_reader reader;
    uint8_t in[WIRE_READER_BYTES];
    size_t out_count;
    size_t out_sent;
    uint8_t out[OUT_BYTES];
};

/* Who waits for an answer that comes later. */
struct waiting {
    uint64_t ticket; /* 0: free */
    uint64_t request_id;
    enum wire_ask ask;
    struct connection *asker;
    uint64_t serial;
};

struct server {
    int listener;
    bool bound;
    struct sockaddr_un address;
    uid_t own_uid; /* asked at start: the confined process cannot */
    bool has_client_uid;
    uint32_t client_uid;
    struct connection connections[SERVER_CONNECTIONS_MAX];
    struct wire_arena arena;
    struct signer_answer answers[SERVER_BATCH_MAX];
    struct connection *askers[SERVER_BATCH_MAX]; /* of the answers */
    uint32_t answers_count;
    enum wire_ask asks[SERVER_BATCH_MAX]; /* of the answers */
    struct waiting waiting[SERVER_WAITING_MAX];
    uint64_t serial_last;
};

/* ---- open and close ---- */

/* The folder decides who can reach or replace the socket. */
static enum status check_folder(const struct server_options *options)
{
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    struct stat about;
    memcpy(path, options->socket, strlen(options->socket) + 1);
    const char *folder = dirname(path);
    const bool is_new = mkdir(folder, 0700) == 0;
    if (!is_new && errno != EEXIST) {
        return errno == EROFS || errno == EACCES ? STATUS_READ_ONLY : STATUS_IO;
    }
    if (is_new && options->has_client_uid && chmod(folder, 0750) != 0) {
        return STATUS_IO;
    }
    if (stat(folder, &about) != 0) {
        return STATUS_IO;
    }
    const mode_t forbidden = options->has_client_uid ? 0027 : 0077;
    const bool is_ours = about.st_uid == geteuid() && (about.st_mode & forbidden) == 0;
    return is_ours ? STATUS_OK : STATUS_REFUSED;
}

/* A socket that nobody answers on is left over from a signer that was killed. */
static enum status remove_stale(const struct sockaddr_un *address)
{
    struct stat about;
    if (lstat(address->sun_path, &about) != 0) {
        return errno == ENOENT ? STATUS_OK : STATUS_IO;
    }
    if (!S_ISSOCK(about.st_mode)) {
        return STATUS_REFUSED;
    }
    const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) {
        return STATUS_IO;
    }
    const int code =
        connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : errno;
    close(probe);
    if (code != ECONNREFUSED) {
        return STATUS_BUSY;
    }
    return unlink(address->sun_path) == 0 ? STATUS_OK : STATUS_IO;
}

static enum status bind_socket(struct server *server)
{
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->listener < 0) {
        return STATUS_IO;
    }
    if (bind(server->listener, (const struct sockaddr *)&server->address,
             sizeof(server->address)) != 0) {
        return errno == EADDRINUSE ? STATUS_BUSY : STATUS_IO;
    }
    server->bound = true;
    if (chmod(server->address.sun_path, server->has_client_uid ? 0660 : 0600) != 0) {
        return STATUS_IO;
    }
    return listen(server->listener, BACKLOG) == 0 ? STATUS_OK : STATUS_IO;
}

enum status server_open(const struct server_options *options, struct server **ret_server)
{
    const size_t path_bytes = strlen(options->socket);
    struct server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return STATUS_NO_MEMORY;
    }
    CHECK(path_bytes < sizeof(server->address.sun_path));
    server->listener = -1;
    server->own_uid = geteuid();
    server->has_client_uid = options->has_client_uid;
    server->client_uid = options->client_uid;
    server->address.sun_family = AF_UNIX;
    memcpy(server->address.sun_path, options->socket, path_bytes + 1);
    for (uint32_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        server->connections[i].fd = -1;
    }
    enum status status = check_folder(options);
    if (status == STATUS_OK) {
        status = remove_stale(&server->address);
    }
    if (status == STATUS_OK) {
        status = bind_socket(server);
    }
    if (status != STATUS_OK) {
        server_close(server);
        return status;
    }
    *ret_server = server;
    return STATUS_OK;
}

static void connection_close(struct connection *connection)
{
    if (connection->fd >= 0) {
        close(connection->fd);
        connection->fd = -1;
    }
}

struct server *server_close(struct server *server)
{
    if (server == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        connection_close(&server->connections[i]);
    }
    if (server->listener >= 0) {
        close(server->listener);
    }
    if (server->bound) {
        (void)unlink(server->address.sun_path); /* a stale one would be replaced as well */
    }
    free(server);
    return NULL;
}

/* ---- log ---- */

static const char *ask_name(enum wire_ask ask)
{
    switch (ask) {
    case WIRE_ASK_HELLO:
        return "hello";
    case WIRE_ASK_TRANSACTION:
        return "transaction";
    case WIRE_ASK_CHECKPOINT:
        return "checkpoint";
    case WIRE_ASK_ANNOUNCEMENT:
        return "announcement";
    case WIRE_ASK_LOOKUP:
        return "lookup";
    case WIRE_ASK_LOG_HEAD:
        return "log_head";
    case WIRE_ASK_LOG_SIGN:
        return "log_checkpoint";
    }
    return "unknown";
}

/* Signatures are the node's to journal; what the signer says no to is said here too. */
static void log_refusal(enum wire_ask ask, const struct signer_answer *answer)
{
    if (answer->reply.outcome != OUTCOME_OK) {
        (void)fprintf(stderr, "level=%s asked=%s outcome=%s reason=\"%s\"\n",
                      answer->reply.outcome == OUTCOME_REFUSED ? "warn" : "error", ask_name(ask),
                      answer->reply.outcome == OUTCOME_REFUSED ? "refused" : "unknown",
                      answer->refusal.text);
    }
}

static void log_peer(const char *what)
{
    (void)fprintf(stderr, "level=warn peer=closed reason=\"%s\"\n", what);
}

/* ---- connections ---- */

static struct connection *free_connection(struct server *server)
{
    for (uint32_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        if (server->connections[i].fd < 0) {
            return &server->connections[i];
        }
    }
    return NULL;
}

static bool peer_is_allowed(const struct server *server, int fd)
{
    struct ucred peer;
    socklen_t peer_bytes = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_bytes) != 0 ||
        peer_bytes != sizeof(peer)) {
        return false;
    }
    return peer.uid == server->own_uid ||
           (server->has_client_uid && peer.uid == server->client_uid);
}

static void accept_peers(struct server *server)
{
    for (uint32_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        const int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            return;
        }
        struct connection *connection = free_connection(server);
        if (connection == NULL || !peer_is_allowed(server, fd)) {
            log_peer(connection == NULL ? "too many connections"
                                        : "this user may not use this signer");
            close(fd);
            continue;
        }
        connection->fd = fd;
        connection->serial = ++server->serial_last;
        connection->waiting_count = 0;
        connection->ended = false;
        connection->waits = false;
        connection->out_count = 0;
        connection->out_sent = 0;
        wire_reader_init(&connection->reader, connection->in, sizeof(connection->in));
    }
}

/* Bytes that are taken, or kept for what comes later. */
static size_t taken_bytes(const struct connection *connection)
{
    return connection->out_count + (size_t)connection->waiting_count * LATE_REPLY_BYTES_MAX;
}

static bool has_room(const struct connection *connection)
{
    return taken_bytes(connection) + REPLY_BYTES_MAX <= OUT_BYTES;
}

static void receive(struct connection *connection)
{
    uint8_t *space;
    const size_t room = wire_reader_space(&connection->reader, &space);
    if (room == 0) {
        return; /* a whole frame waits for room among the replies */
    }
    const ssize_t got = recv(connection->fd, space, room, 0);
    if (got > 0) {
        wire_reader_arrived(&connection->reader, (size_t)got);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        connection->ended = true;
    }
}

static void transmit(struct connection *connection)
{
    while (connection->out_sent < connection->out_count) {
        const ssize_t sent = send(connection->fd, connection->out + connection->out_sent,
                                  connection->out_count - connection->out_sent, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (sent <= 0) {
            connection_close(connection);
            return;
        }
        connection->out_sent += (size_t)sent;
    }
    connection->out_count = 0;
    connection->out_sent = 0;
    if (connection->ended && connection->waiting_count == 0) {
        connection_close(connection);
    }
}

/* ---- a batch ---- */

static struct instant clock_now(void)
{
    struct timespec now;
    const int code = clock_gettime(CLOCK_REALTIME, &now);
    CHECK(code == 0);
    return (struct instant){.ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec};
}

/* Room already promised to the batch's earlier answers of this connection. */
static bool has_room_beside(const struct server *server, const struct connection *connection)
{
    size_t promised = taken_bytes(connection) + REPLY_BYTES_MAX;
    for (uint32_t i = 0; i < server->answers_count; i++) {
        promised += server->askers[i] == connection ? REPLY_BYTES_MAX : 0;
    }
    return promised <= OUT_BYTES;
}

/* Answers what this connection has asked, as far as there is room. */
static void collect(struct server *server, const struct server_work *work,
                    struct connection *connection)
{
    connection->waits = true;
    while (has_room_beside(server, connection)) {
        struct bytes frame;
        struct wire_request request;
        if (server->answers_count == SERVER_BATCH_MAX) {
            return;
        }
        enum status status = wire_reader_next(&connection->reader, &frame);
        if (status == STATUS_NOT_FOUND) {
            connection->waits = false;
            return;
        }
        if (status == STATUS_OK) {
            status = wire_decode_request(frame, &server->arena, &request);
        }
        if (status != STATUS_OK) {
            log_peer("its bytes are not a request");
            connection->ended = true;
            return;
        }
        struct signer_answer *answer = &server->answers[server->answers_count];
        work->answer(work->context, &request, clock_now(), answer);
        server->askers[server->answers_count] = connection;
        server->asks[server->answers_count] = request.ask;
        server->answers_count++;
    }
}

static void send_reply(struct connection *connection, const struct wire_reply *reply)
{
    struct buffer out = buffer_from(connection->out, sizeof(connection->out));

    out.count = connection->out_count;
    const enum status status = wire_encode_reply(reply, &out);
    CHECK(status == STATUS_OK); /* has_room_beside, and what is kept for later ones */
    connection->out_count = out.count;
}

static void keep_waiting(struct server *server, uint32_t index)
{
    struct connection *asker = server->askers[index];

    for (uint32_t i = 0; i < SERVER_WAITING_MAX; i++) {
        if (server->waiting[i].ticket == 0) {
            server->waiting[i] = (struct waiting){.ticket = server->answers[index].ticket,
                                                  .request_id = server->answers[index].reply.id,
                                                  .ask = server->asks[index],
                                                  .asker = asker,
                                                  .serial = asker->serial};
            asker->waiting_count++;
            return;
        }
    }
    check_failed(__FILE__, __LINE__, "as many may wait as the keys take questions");
}

static void deliver(struct server *server)
{
    for (uint32_t i = 0; i < server->answers_count; i++) {
        if (server->answers[i].ticket != 0) {
            keep_waiting(server, i);
            continue;
        }
        log_refusal(server->asks[i], &server->answers[i]);
        send_reply(server->askers[i], &server->answers[i].reply);
    }
    server->answers_count = 0;
}

static struct waiting *find_waiting(struct server *server, uint64_t ticket)
{
    for (uint32_t i = 0; i < SERVER_WAITING_MAX; i++) {
        if (server->waiting[i].ticket == ticket) {
            return &server->waiting[i];
        }
    }
    check_failed(__FILE__, __LINE__, "a later answer belongs to a request");
}

/* What keys elsewhere answered meanwhile; a peer that went misses it. */
static void deliver_later(struct server *server, const struct server_work *work)
{
    struct signer_answer *answer = &server->answers[0];

    while (work->next != NULL && work->next(work->context, answer)) {
        struct waiting *waiting = find_waiting(server, answer->ticket);
        struct connection *asker = waiting->asker;
        answer->reply.id = waiting->request_id;
        log_refusal(waiting->ask, answer);
        if (asker->fd >= 0 && asker->serial == waiting->serial) {
            asker->waiting_count--;
            send_reply(asker, &answer->reply);
        }
        waiting->ticket = 0;
    }
}

/* True: frames wait, so the next poll must not. */
static bool serve(struct server *server, const struct server_work *work)
{
    bool more = false;
    server->answers_count = 0;
    deliver_later(server, work);
    for (uint32_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        struct connection *connection = &server->connections[i];
        if (connection->fd >= 0 && !connection->ended) {
            collect(server, work, connection);
        }
    }
    work->settle(work->context, server->answers, server->answers_count);
    if (work->ended(work->context) != STATUS_OK) {
        return false;
    }
    deliver(server);
    for (uint32_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        struct connection *connection = &server->connections[i];
        if (connection->fd >= 0) {
            transmit(connection);
        }
        more = more || (connection->fd >= 0 && !connection->ended && connection->waits &&
                        has_room(connection));
    }
    return more;
}

/* ---- the loop ---- */

#define POLLS_MAX (1 + SERVER_CONNECTIONS_MAX + KEY_PLACES_MAX)

static void watch(const struct server *server, struct pollfd polls[1 + SERVER_CONNECTIONS_MAX])
{
    polls[0] = (struct pollfd){.fd = server->listener, .events = POLLIN};
    for (uint32_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        const struct connection *connection = &server->connections[i];
        short events = 0;
        if (connection->fd >= 0 && !connection->ended && has_room(connection)) {
            events = POLLIN;
        }
        if (connection->fd >= 0 && connection->out_count > connection->out_sent) {
            events = (short)(events | POLLOUT);
        }
        polls[1 + i] = (struct pollfd){.fd = connection->fd, .events = events};
    }
}

static void react(struct server *server, const struct pollfd polls[1 + SERVER_CONNECTIONS_MAX])
{
    for (uint32_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        struct connection *connection = &server->connections[i];
        const short events = polls[1 + i].revents;
        if (connection->fd < 0 || events == 0) {
            continue;
        }
        if ((events & POLLIN) != 0) {
            receive(connection);
        } else if ((events & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
            connection_close(connection);
        }
    }
    if (polls[0].revents != 0) {
        accept_peers(server);
    }
}

/* Until when nothing happens by itself: `more` says not at all, keys elsewhere have a deadline. */
static const struct timespec *time_left(bool more, uint64_t deadline_ns, struct timespec *ret_left)
{
    struct timespec now;

    *ret_left = (struct timespec){.tv_sec = 0};
    if (more || deadline_ns == UINT64_MAX) {
        return more ? ret_left : NULL;
    }
    const int code = clock_gettime(CLOCK_MONOTONIC, &now);
    CHECK(code == 0);
    const uint64_t now_ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
    if (deadline_ns > now_ns) {
        ret_left->tv_sec = (time_t)((deadline_ns - now_ns) / NS_PER_S);
        ret_left->tv_nsec = (long)((deadline_ns - now_ns) % NS_PER_S);
    }
    return ret_left;
}

enum status server_run(struct server *server, const struct server_work *work,
                       const volatile sig_atomic_t *stop, const sigset_t *wait_mask)
{
    bool more = false;
    while (*stop == 0) {
        struct pollfd polls[POLLS_MAX];
        struct timespec left;
        uint64_t deadline_ns = UINT64_MAX;
        nfds_t count = 1 + SERVER_CONNECTIONS_MAX;
        watch(server, polls);
        if (work->watch != NULL) {
            count += work->watch(work->context, polls + count, &deadline_ns);
        }
        const int ready = ppoll(polls, count, time_left(more, deadline_ns, &left), wait_mask);
        if (ready < 0 && errno != EINTR) {
            return STATUS_IO;
        }
        if (ready > 0) {
            react(server, polls);
        }
        more = serve(server, work);
        const enum status ended = work->ended(work->context);
        if (ended != STATUS_OK) {
            return ended;
        }
    }
    return STATUS_OK;
}
