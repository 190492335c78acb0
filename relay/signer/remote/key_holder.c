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
#include "relay/signer/ecdsa.h"
#include "relay/signer/remote/key_child.h"

/* Beyond a question's own time: the child keeps that, and says so itself. */
#define SLACK_NS  UINT64_C(2000000000)
#define NS_PER_MS UINT64_C(1000000)

struct key_holder {
    const struct key_place *places;
    uint32_t places_count;
    int fd;
    pid_t child;
    uint64_t asked_last; /* id of the question under way */
    bool has_ended;
    struct key_ask ask;
};

/* ---- life ---- */

/* In the child: nothing of the signer's but this socket. */
static noreturn void live_as_child(int fd, const struct key_holder *holder, pid_t parent)
{
    const struct sigaction ignored = {.sa_handler = SIG_IGN};

    /* A stop of the whole service must not take the keys from a signer that still answers. */
    (void)sigaction(SIGTERM, &ignored, NULL);
    (void)sigaction(SIGINT, &ignored, NULL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent) {
        _exit(1);
    }
    key_child_run(fd, holder->places, holder->places_count);
}

static enum status start_child(struct key_holder *holder)
{
    int ends[2];
    const pid_t parent = getpid();

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return STATUS_IO;
    }
    holder->child = fork();
    if (holder->child == 0) {
        (void)close(ends[0]);
        live_as_child(ends[1], holder, parent);
    }
    (void)close(ends[1]);
    holder->fd = ends[0];
    return holder->child > 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status key_holder_open(const struct key_place *places, uint32_t places_count,
                            struct key_holder **ret_holder)
{
    uint32_t elsewhere_count = 0;

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
    holder->places = places;
    holder->places_count = places_count;
    holder->fd = -1;
    const enum status status = start_child(holder);
    if (status != STATUS_OK) {
        key_holder_close(holder);
        return status;
    }
    *ret_holder = holder;
    return STATUS_OK;
}

struct key_holder *key_holder_close(struct key_holder *holder)
{
    if (holder == NULL) {
        return NULL;
    }
    if (holder->fd >= 0) {
        (void)close(holder->fd); /* the child ends by this, unless it waits for a server */
    }
    if (holder->child > 0) {
        /* A confined signer may do neither; the child ends with it then. */
        (void)kill(holder->child, SIGKILL);
        (void)waitpid(holder->child, NULL, 0);
    }
    free(holder);
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

static enum status end_with(struct key_holder *holder, char ret_why[KEY_WHY_BYTES])
{
    holder->has_ended = true;
    say(ret_why, "the process that reaches it has ended");
    return STATUS_IO;
}

static uint64_t now_ns(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The answer to the last question; older ones are thrown away (promise 3). */
static enum status receive_answer(struct key_holder *holder, uint64_t deadline_ns,
                                  struct key_answer *ret_answer, char ret_why[KEY_WHY_BYTES])
{
    for (;;) {
        const uint64_t now = now_ns();
        struct pollfd about = {.fd = holder->fd, .events = POLLIN};
        if (now >= deadline_ns) {
            say(ret_why, "it did not answer in time");
            return STATUS_TIMEOUT;
        }
        const int ready = poll(&about, 1, (int)((deadline_ns - now) / NS_PER_MS) + 1);
        if (ready == 0 || (ready < 0 && errno == EINTR)) {
            continue;
        }
        const ssize_t got = recv(holder->fd, ret_answer, sizeof(*ret_answer), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            continue;
        }
        if (got != (ssize_t)sizeof(*ret_answer)) {
            return end_with(holder, ret_why);
        }
        if (ret_answer->id == holder->asked_last) {
            return STATUS_OK;
        }
    }
}

/* The child talks to the network, so its words are bounded and made printable. */
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

static enum status judge_answer(const struct key_holder *holder,
                                const struct key_question *question,
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
        signature_complete(&question->digest, &holder->places[question->index].address,
                           answer->r_and_s, ret_signature);
    if (status != STATUS_OK) {
        say(ret_why, "what it gave is not a signature by the configured address");
    }
    return status;
}

enum status key_holder_sign(struct key_holder *holder, const struct key_question *question,
                            struct signature *ret_signature, char ret_why[KEY_WHY_BYTES])
{
    struct key_ask *ask = &holder->ask;
    struct key_answer answer;
    const struct hash hash = keccak256(question->preimage);

    CHECK(question->index < holder->places_count);
    CHECK(holder->places[question->index].backend != KEY_IN_KEYSTORE);
    CHECK(question->preimage.count <= WIRE_TRANSACTION_BYTES_MAX);
    CHECK(hash_equal(&hash, &question->digest));
    if (holder->has_ended) {
        return end_with(holder, ret_why);
    }
    ask->id = ++holder->asked_last;
    ask->index = question->index;
    ask->digest = question->digest;
    ask->preimage_count = (uint32_t)question->preimage.count;
    memcpy(ask->preimage, question->preimage.data, question->preimage.count);
    const size_t count = offsetof(struct key_ask, preimage) + question->preimage.count;
    /* A child that is still with an earlier question, which was given up, has not read that one. */
    if (send(holder->fd, ask, count, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)count) {
        if (errno != EAGAIN) {
            return end_with(holder, ret_why);
        }
        say(ret_why, "earlier questions still wait for an answer");
        return STATUS_TIMEOUT;
    }
    const uint64_t deadline_ns = now_ns() + holder->places[question->index].timeout.ns + SLACK_NS;
    const enum status status = receive_answer(holder, deadline_ns, &answer, ret_why);
    return status == STATUS_OK ? judge_answer(holder, question, &answer, ret_signature, ret_why)
                               : status;
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
