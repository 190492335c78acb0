/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/remote/key_holder.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "relay/signer/ecdsa.h"
#include "relay/signer/remote/key_child.h"

/* Beyond a question's own time: the child keeps that, and says so itself. */
#define SLACK_NS     UINT64_C(2000000000)
#define NS_PER_MS    UINT64_C(1000000)
#define ASK_BYTES(n) (offsetof(struct key_ask, preimage) + (n))

/* One that waits, first among those of its key or behind others. */
struct question {
    bool is_released;
    uint64_t deadline_ns;
    struct key_ask *ask; /* as many bytes as it takes; its id is the ticket */
};

/* A key, the child that reaches it, and what waits for it, oldest first. */
struct link {
    const struct key_place *place;
    uint32_t index;
    int fd; /* -1: in a keystore */
    pid_t child;
    uint64_t sent_id; /* what the child is with, given up or not; 0: nothing */
    uint32_t questions_count;
    struct question questions[KEY_QUESTIONS_MAX];
};

struct key_holder {
    struct link links[KEY_PLACES_MAX];
    uint32_t links_count;
    uint32_t questions_count; /* of all links */
    uint64_t asked_last;
    bool has_ended;
};

/* ---- life ---- */

/* In the child: nothing of the signer's but this socket. */
static noreturn void live_as_child(int fd, const struct key_place *place, pid_t parent)
{
    const struct sigaction ignored = {.sa_handler = SIG_IGN};

    /* A stop of the whole service must not take the keys from a signer that still answers. */
    (void)sigaction(SIGTERM, &ignored, NULL);
    (void)sigaction(SIGINT, &ignored, NULL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent) {
        _exit(1);
    }
    key_child_run(fd, place);
}

/* The ends of links that were begun before, which a later child was born with. */
static void close_others(const struct key_holder *holder, const struct link *own)
{
    for (uint32_t i = 0; i < holder->links_count; i++) {
        if (&holder->links[i] != own && holder->links[i].fd >= 0) {
            (void)close(holder->links[i].fd);
        }
    }
}

static enum status start_child(struct key_holder *holder, struct link *link)
{
    int ends[2];
    const pid_t parent = getpid();

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return STATUS_IO;
    }
    link->child = fork();
    if (link->child == 0) {
        (void)close(ends[0]);
        close_others(holder, link);
        live_as_child(ends[1], link->place, parent);
    }
    (void)close(ends[1]);
    link->fd = ends[0];
    return link->child > 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status key_holder_open(const struct key_place *places, uint32_t places_count,
                            struct key_holder **ret_holder)
{
    enum status status = STATUS_OK;
    uint32_t elsewhere_count = 0;

    CHECK(places_count <= KEY_PLACES_MAX);
    for (uint32_t i = 0; i < places_count; i++) {
        elsewhere_count += places[i].backend != KEY_IN_KEYSTORE;
    }
    if (elsewhere_count == 0) {
        *ret_holder = NULL;
        return STATUS_OK;
    }
    struct key_holder *holder = calloc(1, sizeof(*holder));
    if (holder == NULL) {
        return STATUS_NO_MEMORY;
    }
    holder->links_count = places_count;
    for (uint32_t i = 0; i < places_count; i++) {
        holder->links[i] = (struct link){.place = &places[i], .index = i, .fd = -1};
    }
    for (uint32_t i = 0; i < places_count && status == STATUS_OK; i++) {
        if (places[i].backend != KEY_IN_KEYSTORE) {
            status = start_child(holder, &holder->links[i]);
        }
    }
    if (status != STATUS_OK) {
        key_holder_close(holder);
        return status;
    }
    *ret_holder = holder;
    return STATUS_OK;
}

static void link_close(struct link *link)
{
    if (link->fd >= 0) {
        (void)close(link->fd); /* the child ends by this, unless it waits for a server */
    }
    if (link->child > 0) {
        /* A confined signer may do neither; the child ends with it then. */
        (void)kill(link->child, SIGKILL);
        (void)waitpid(link->child, NULL, 0);
    }
    for (uint32_t i = 0; i < link->questions_count; i++) {
        free(link->questions[i].ask);
    }
}

struct key_holder *key_holder_close(struct key_holder *holder)
{
    if (holder != NULL) {
        for (uint32_t i = 0; i < holder->links_count; i++) {
            link_close(&holder->links[i]);
        }
        free(holder);
    }
    return NULL;
}

/* ---- what comes back ---- */

enum status signature_complete(const struct hash *digest, const struct address *address,
                               const uint8_t r_and_s[64], struct signature *ret_signature)
{
    struct signature signature;
    struct address found;

    if (ecdsa_lower(r_and_s, signature.bytes) != STATUS_OK) {
        return STATUS_REFUSED;
    }
    for (uint8_t v = 27; v <= 28; v++) {
        signature.bytes[64] = v;
        if (signature_recover(digest, &signature, &found) == STATUS_OK &&
            address_equal(&found, address)) {
            *ret_signature = signature;
            return STATUS_OK;
        }
    }
    return STATUS_REFUSED;
}

static void say(char ret_why[KEY_WHY_BYTES], const char *words)
{
    (void)snprintf(ret_why, KEY_WHY_BYTES, "%s", words);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The child talks to strangers, so its words are bounded and made printable. */
static void copy_why(const struct key_answer *answer, char ret_why[KEY_WHY_BYTES])
{
    size_t count = 0;

    for (; count < KEY_WHY_BYTES - 1 && answer->why[count] != '\0'; count++) {
        const char byte = answer->why[count];
        if (byte >= 0x20 && byte < 0x7f && byte != '"') {
            ret_why[count] = byte;
        } else {
            ret_why[count] = '?';
        }
    }
    ret_why[count] = '\0';
}

static enum status judge_answer(const struct link *link, const struct key_ask *ask,
                                const struct key_answer *answer, struct signature *ret_signature,
                                char ret_why[KEY_WHY_BYTES])
{
    switch ((enum status)answer->status) {
    case STATUS_OK:
        break;
    case STATUS_NOT_FOUND:
    case STATUS_TIMEOUT:
    case STATUS_MALFORMED:
    case STATUS_REFUSED:
        copy_why(answer, ret_why);
        return answer->status == STATUS_REFUSED ? STATUS_UNREACHABLE : (enum status)answer->status;
    case STATUS_FULL:
    case STATUS_BUSY:
    case STATUS_NO_MEMORY:
    case STATUS_NO_SPACE:
    case STATUS_READ_ONLY:
    case STATUS_IO:
    case STATUS_CORRUPT:
    case STATUS_OVERFLOW:
    case STATUS_UNSUPPORTED:
    case STATUS_VERSION:
    case STATUS_UNREACHABLE:
        copy_why(answer, ret_why);
        return STATUS_UNREACHABLE;
    }
    const enum status status =
        signature_complete(&ask->digest, &link->place->address, answer->r_and_s, ret_signature);
    if (status != STATUS_OK) {
        say(ret_why, "what it gave is not a signature by the configured address");
    }
    return status;
}

/* What the child found before it was asked anything: a mistake is said at the start, and not when
 * the first message waits for it. */
static void tell_look(const struct link *link, const struct key_answer *answer)
{
    char digits[41];
    char why[KEY_WHY_BYTES];

    if (answer->status != STATUS_OK) {
        hex_encode(bytes_from(link->place->address.bytes + 12, 20), digits);
        copy_why(answer, why);
        (void)fprintf(stderr, "level=warn key=0x%s reason=\"does not sign yet: %s\"\n", digits,
                      why);
    }
}

/* ---- questions ---- */

/* Takes the oldest question of a link out of its queue. */
static struct question take_first(struct key_holder *holder, struct link *link)
{
    const struct question first = link->questions[0];

    CHECK(link->questions_count > 0);
    link->questions_count--;
    holder->questions_count--;
    memmove(&link->questions[0], &link->questions[1],
            link->questions_count * sizeof(link->questions[0]));
    return first;
}

enum status key_holder_ask(struct key_holder *holder, const struct key_question *question,
                           uint64_t *ret_ticket)
{
    const struct hash hash = keccak256(question->preimage);

    CHECK(question->index < holder->links_count);
    CHECK(question->preimage.count <= WIRE_TRANSACTION_BYTES_MAX);
    CHECK(hash_equal(&hash, &question->digest));
    struct link *link = &holder->links[question->index];
    CHECK(link->fd >= 0);
    if (holder->has_ended) {
        return STATUS_IO;
    }
    if (link->questions_count == KEY_QUESTIONS_MAX ||
        holder->questions_count == KEY_QUESTIONS_ALL_MAX) {
        return STATUS_FULL;
    }
    struct key_ask *ask = malloc(ASK_BYTES(question->preimage.count));
    if (ask == NULL) {
        return STATUS_NO_MEMORY;
    }
    memset(ask, 0, offsetof(struct key_ask, preimage));
    ask->id = ++holder->asked_last;
    ask->digest = question->digest;
    ask->preimage_count = (uint32_t)question->preimage.count;
    memcpy(ask->preimage, question->preimage.data, question->preimage.count);
    link->questions[link->questions_count++] =
        (struct question){.deadline_ns = now_ns() + link->place->timeout.ns + SLACK_NS, .ask = ask};
    holder->questions_count++;
    *ret_ticket = ask->id;
    return STATUS_OK;
}

/* The child is with one question at a time, so that what waits can still be taken back. */
static void send_first(struct key_holder *holder, struct link *link)
{
    if (link->sent_id != 0 || link->questions_count == 0 || !link->questions[0].is_released) {
        return;
    }
    const struct key_ask *ask = link->questions[0].ask;
    const size_t count = ASK_BYTES(ask->preimage_count);
    if (send(link->fd, ask, count, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)count) {
        holder->has_ended = holder->has_ended || errno != EAGAIN;
        return;
    }
    link->sent_id = ask->id;
}

void key_holder_release(struct key_holder *holder)
{
    for (uint32_t i = 0; i < holder->links_count; i++) {
        struct link *link = &holder->links[i];
        for (uint32_t k = 0; k < link->questions_count; k++) {
            link->questions[k].is_released = true;
        }
        send_first(holder, link);
    }
}

void key_holder_drop(struct key_holder *holder)
{
    for (uint32_t i = 0; i < holder->links_count; i++) {
        struct link *link = &holder->links[i];
        while (link->questions_count > 0 &&
               !link->questions[link->questions_count - 1].is_released) {
            link->questions_count--;
            holder->questions_count--;
            free(link->questions[link->questions_count].ask);
        }
    }
}

uint32_t key_holder_watch(const struct key_holder *holder, struct pollfd polls[KEY_PLACES_MAX])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < holder->links_count; i++) {
        if (holder->links[i].fd >= 0) {
            polls[count++] = (struct pollfd){.fd = holder->links[i].fd, .events = POLLIN};
        }
    }
    return count;
}

uint64_t key_holder_deadline_ns(const struct key_holder *holder)
{
    uint64_t first_ns = UINT64_MAX;

    for (uint32_t i = 0; i < holder->links_count; i++) {
        const struct link *link = &holder->links[i];
        if (link->questions_count > 0 && link->questions[0].deadline_ns < first_ns) {
            first_ns = link->questions[0].deadline_ns;
        }
    }
    return first_ns;
}

bool key_holder_has_ended(const struct key_holder *holder)
{
    return holder->has_ended;
}

/* ---- how they end ---- */

/* True: the oldest question of the link got its answer. Older answers are thrown away (promise 3).
 */
static bool receive_answer(struct key_holder *holder, struct link *link,
                           struct key_outcome *ret_outcome)
{
    struct key_answer answer;
    const ssize_t got = recv(link->fd, &answer, sizeof(answer), MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (got != (ssize_t)sizeof(answer)) {
        holder->has_ended = true;
        return false;
    }
    if (answer.id == KEY_LOOK_ID) {
        tell_look(link, &answer);
        return false;
    }
    if (answer.id != link->sent_id) {
        holder->has_ended = true; /* it answers what nobody asked: it is not what we began */
        return false;
    }
    link->sent_id = 0;
    if (link->questions_count == 0 || link->questions[0].ask->id != answer.id) {
        send_first(holder, link); /* that one was given up */
        return false;
    }
    const struct question question = take_first(holder, link);
    ret_outcome->ticket = question.ask->id;
    ret_outcome->status =
        judge_answer(link, question.ask, &answer, &ret_outcome->signature, ret_outcome->why);
    free(question.ask);
    send_first(holder, link);
    return true;
}

/* True: the oldest question of the link is ended without an answer. */
static bool give_up(struct key_holder *holder, struct link *link, uint64_t now,
                    struct key_outcome *ret_outcome)
{
    const bool is_late = link->questions_count > 0 && link->questions[0].deadline_ns <= now;

    if (link->questions_count == 0 || !(is_late || holder->has_ended)) {
        return false;
    }
    const struct question question = take_first(holder, link);
    ret_outcome->ticket = question.ask->id;
    ret_outcome->status = holder->has_ended ? STATUS_IO : STATUS_TIMEOUT;
    say(ret_outcome->why, holder->has_ended ? "the process that reaches it has ended"
                          : question.ask->id == link->sent_id
                              ? "it did not answer in time"
                              : "earlier questions still wait for an answer");
    free(question.ask);
    return true;
}

bool key_holder_next(struct key_holder *holder, struct key_outcome *ret_outcome)
{
    const uint64_t now = now_ns();

    memset(ret_outcome, 0, sizeof(*ret_outcome));
    for (uint32_t i = 0; i < holder->links_count; i++) {
        struct link *link = &holder->links[i];
        if (link->fd >= 0 && !holder->has_ended && receive_answer(holder, link, ret_outcome)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < holder->links_count; i++) {
        if (give_up(holder, &holder->links[i], now, ret_outcome)) {
            return true;
        }
    }
    return false;
}

/* ---- one question alone ---- */

static void wait_for_one(const struct key_holder *holder)
{
    struct pollfd polls[KEY_PLACES_MAX];
    const uint32_t count = key_holder_watch(holder, polls);
    const uint64_t deadline = key_holder_deadline_ns(holder);
    const uint64_t now = now_ns();

    CHECK(deadline != UINT64_MAX);
    (void)poll(polls, count, now >= deadline ? 0 : (int)((deadline - now) / NS_PER_MS) + 1);
}

enum status key_holder_sign(struct key_holder *holder, const struct key_question *question,
                            struct signature *ret_signature, char ret_why[KEY_WHY_BYTES])
{
    struct key_outcome outcome = {.ticket = 0};
    uint64_t ticket = 0;
    const enum status status = key_holder_ask(holder, question, &ticket);

    if (status != STATUS_OK) {
        say(ret_why, status == STATUS_IO ? "the process that reaches it has ended" : "no memory");
        return status;
    }
    key_holder_release(holder);
    while (!key_holder_next(holder, &outcome) || outcome.ticket != ticket) {
        wait_for_one(holder);
    }
    memcpy(ret_why, outcome.why, sizeof(outcome.why));
    *ret_signature = outcome.signature;
    return outcome.status;
}

enum status key_holder_try(struct key_holder *holder, uint32_t index, char ret_why[KEY_WHY_BYTES])
{
    /* As wallets sign a person's words: no transaction begins so, and no checkpoint is so long. */
    static const char text[] = "\x19"
                               "Ethereum Signed Message:\n30"
                               "sluice-signer: does it answer?";
    const struct bytes preimage = bytes_from(text, sizeof(text) - 1);
    const struct key_question question = {
        .index = index, .digest = keccak256(preimage), .preimage = preimage};
    struct signature signature;

    return key_holder_sign(holder, &question, &signature, ret_why);
}
