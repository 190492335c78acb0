/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/remote/key_child.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/signer/sandbox.h"

#define EXIT_ORDERLY  0
#define EXIT_UNUSABLE 75

/* What stands behind one place. */
struct reach {
    struct web3signer *web3signer; /* NULL: not of this backend, or it could not be set up */
};

static struct reach reaches[WIRE_KEYS_MAX];

/* The authority's file is read here, once: a confined process opens it no more than the network. */
static void open_reaches(const struct key_place *places, uint32_t places_count)
{
    for (uint32_t i = 0; i < places_count; i++) {
        switch (places[i].backend) {
        case KEY_IN_KEYSTORE:
            break;
        case KEY_AT_WEB3SIGNER:
            if (web3signer_open(&places[i], &reaches[i].web3signer) != STATUS_OK) {
                reaches[i].web3signer = NULL;
            }
            break;
        }
    }
}

/* Whatever the name lookup loads, it loads now: later nothing new can be executed. */
static void warm_up_lookups(void)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    if (getaddrinfo("localhost", "80", &hints, &found) == 0) {
        freeaddrinfo(found);
    }
}

static enum status reach_key(const struct key_ask *ask, uint8_t ret_signature[KEY_SIGNATURE_BYTES],
                             const char **ret_why)
{
    struct reach *reach = &reaches[ask->index];

    if (reach->web3signer == NULL) {
        *ret_why = "its `authority` cannot be loaded";
        return STATUS_UNREACHABLE;
    }
    return web3signer_sign(reach->web3signer, bytes_from(ask->preimage, ask->preimage_count),
                           ret_signature, ret_why);
}

static void answer(int fd, const struct key_ask *ask)
{
    struct key_answer answer = {.id = ask->id};
    const char *why = "";

    answer.status = (uint32_t)reach_key(ask, answer.r_and_s, &why);
    (void)snprintf(answer.why, sizeof(answer.why), "%s", why);
    if (send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) != (ssize_t)sizeof(answer)) {
        _exit(EXIT_ORDERLY); /* nobody listens any more */
    }
}

noreturn void key_child_run(int fd, const struct key_place *places, uint32_t places_count)
{
    static struct key_ask ask;

    CHECK(places_count <= WIRE_KEYS_MAX);
    warm_up_lookups();
    open_reaches(places, places_count);
    if (sandbox_close(SANDBOX_NETWORK) != STATUS_OK) {
        _exit(EXIT_UNUSABLE);
    }
    for (;;) {
        const ssize_t got = recv(fd, &ask, sizeof(ask), 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            _exit(EXIT_ORDERLY);
        }
        CHECK((size_t)got >= offsetof(struct key_ask, preimage));
        CHECK((size_t)got == offsetof(struct key_ask, preimage) + ask.preimage_count);
        CHECK(ask.index < places_count);
        answer(fd, &ask);
    }
}
