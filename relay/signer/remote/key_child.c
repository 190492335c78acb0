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
#include "relay/signer/remote/kms.h"
#include "relay/signer/remote/token.h"
#include "relay/signer/remote/web3signer.h"
#include "relay/signer/sandbox.h"

#define EXIT_ORDERLY  0
#define EXIT_UNUSABLE 75

/* What stands behind the place: the one of its backend, or NULL when it could not be set up. */
struct reach {
    enum key_backend backend;
    struct web3signer *web3signer;
    struct kms *kms;
    struct token *token;
};

/* The authority's file is read here, once: a confined process opens it no more than the network. */
static struct reach open_reach(const struct key_place *place)
{
    struct reach reach = {.backend = place->backend};

    switch (place->backend) {
    case KEY_IN_KEYSTORE:
        break;
    case KEY_AT_WEB3SIGNER:
        if (web3signer_open(place, &reach.web3signer) != STATUS_OK) {
            reach.web3signer = NULL;
        }
        break;
    case KEY_AT_KMS:
        if (kms_open(place, &reach.kms) != STATUS_OK) {
            reach.kms = NULL;
        }
        break;
    case KEY_IN_TOKEN:
        if (token_open(place, &reach.token) != STATUS_OK) {
            reach.token = NULL;
        }
        break;
    }
    return reach;
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

static enum status say_unusable(const struct reach *reach, const char **ret_why)
{
    *ret_why = reach->backend == KEY_IN_TOKEN
                   ? "its `module` cannot be loaded, or is none of PKCS#11"
                   : "its `authority` cannot be loaded";
    return STATUS_UNREACHABLE;
}

/* Is the key there, and the one that is configured? */
static enum status look(const struct reach *reach, const char **ret_why)
{
    switch (reach->backend) {
    case KEY_IN_KEYSTORE:
        break;
    case KEY_AT_WEB3SIGNER:
        return reach->web3signer == NULL ? say_unusable(reach, ret_why)
                                         : web3signer_find(reach->web3signer, ret_why);
    case KEY_AT_KMS:
        return reach->kms == NULL ? say_unusable(reach, ret_why) : kms_find(reach->kms, ret_why);
    case KEY_IN_TOKEN:
        return reach->token == NULL ? say_unusable(reach, ret_why)
                                    : token_find(reach->token, ret_why);
    }
    check_failed(__FILE__, __LINE__, "a child reaches a key elsewhere");
}

static enum status sign(const struct reach *reach, const struct key_ask *ask,
                        uint8_t ret_signature[KEY_SIGNATURE_BYTES], const char **ret_why)
{
    switch (reach->backend) {
    case KEY_IN_KEYSTORE:
        break;
    case KEY_AT_WEB3SIGNER:
        return reach->web3signer == NULL
                   ? say_unusable(reach, ret_why)
                   : web3signer_sign(reach->web3signer,
                                     bytes_from(ask->preimage, ask->preimage_count), ret_signature,
                                     ret_why);
    case KEY_AT_KMS:
        return reach->kms == NULL ? say_unusable(reach, ret_why)
                                  : kms_sign(reach->kms, &ask->digest, ret_signature, ret_why);
    case KEY_IN_TOKEN:
        return reach->token == NULL
                   ? say_unusable(reach, ret_why)
                   : token_sign(reach->token, &ask->digest, ret_signature, ret_why);
    }
    check_failed(__FILE__, __LINE__, "a child reaches a key elsewhere");
}

static void send_answer(int fd, struct key_answer *answer, enum status status, const char *why)
{
    answer->status = (uint32_t)status;
    (void)snprintf(answer->why, sizeof(answer->why), "%s", why);
    if (send(fd, answer, sizeof(*answer), MSG_NOSIGNAL) != (ssize_t)sizeof(*answer)) {
        _exit(EXIT_ORDERLY); /* nobody listens any more */
    }
}

noreturn void key_child_run(int fd, const struct key_place *place)
{
    static struct key_ask ask;
    struct key_answer first = {.id = KEY_LOOK_ID};
    const char *why = "";
    const bool is_token = place->backend == KEY_IN_TOKEN;

    if (!is_token) {
        warm_up_lookups();
    }
    const struct reach reach = open_reach(place);
    if (sandbox_close(is_token ? SANDBOX_TOKEN : SANDBOX_NETWORK) != STATUS_OK) {
        _exit(EXIT_UNUSABLE);
    }
    const enum status found = look(&reach, &why);
    send_answer(fd, &first, found, why);
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
        struct key_answer answer = {.id = ask.id};
        why = "";
        const enum status status = sign(&reach, &ask, answer.r_and_s, &why);
        send_answer(fd, &answer, status, why);
    }
}
