/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/signer/sandbox.h"

#define LOCK_TRIES_MAX 100u
#define LOCK_PAUSE_MS  20

volatile sig_atomic_t stop_asked;

int exit_code_from(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return EXIT_CODE_DONE;
    case STATUS_CORRUPT:
        return EXIT_CODE_INTEGRITY;
    case STATUS_BUSY:
        return EXIT_CODE_FENCED;
    case STATUS_UNSUPPORTED:
        return EXIT_CODE_DEPENDENCY;
    case STATUS_NO_MEMORY:
    case STATUS_NO_SPACE:
    case STATUS_READ_ONLY:
    case STATUS_IO:
    case STATUS_FULL:
    case STATUS_TIMEOUT:
    case STATUS_UNREACHABLE:
        return EXIT_CODE_TEMPORARY;
    case STATUS_NOT_FOUND:
    case STATUS_MALFORMED:
    case STATUS_OVERFLOW:
    case STATUS_REFUSED:
    case STATUS_VERSION:
        return EXIT_CODE_USAGE;
    }
    return EXIT_CODE_USAGE;
}

int stopped(const char *what, const char *which, const char *why, int code)
{
    (void)fprintf(stderr, "sluice-signer: %s %s: %s\n", what, which, why);
    return code;
}

/* A child whose parent was killed ends a moment later. The child of the next parent waits for that
 * moment. */
enum status claim(enum status (*open)(void *context), void *context, bool follows_parent)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};
    const uint32_t tries = follows_parent ? LOCK_TRIES_MAX : 1;
    enum status status = STATUS_BUSY;
    for (uint32_t i = 0; i < tries && status == STATUS_BUSY; i++) {
        if (i == 1) {
            (void)fprintf(stderr, "level=info state=held reason=\"waiting for the signer before "
                                  "this one to end\"\n");
        }
        if (i > 0) {
            (void)nanosleep(&pause, NULL);
        }
        status = open(context);
    }
    return status;
}

int prepare_state(const char *state)
{
    struct stat about;
    if (mkdir(state, 0700) != 0 && errno != EEXIST) {
        return stopped("state folder", state, strerror(errno), EXIT_CODE_TEMPORARY);
    }
    if (stat(state, &about) != 0 || !S_ISDIR(about.st_mode)) {
        return stopped("state folder", state, "is not a folder", EXIT_CODE_USAGE);
    }
    if (about.st_uid != geteuid() || (about.st_mode & 077) != 0) {
        return stopped("state folder", state,
                       "must belong to this user alone; run chown and chmod 700 on it",
                       EXIT_CODE_USAGE);
    }
    return -1;
}

static void on_stop_signal(int number)
{
    (void)number;
    stop_asked = 1;
}

void prepare_signals(sigset_t *ret_wait_mask)
{
    struct sigaction action = {.sa_handler = on_stop_signal};
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    int code = sigprocmask(SIG_BLOCK, &blocked, ret_wait_mask);
    CHECK(code == 0);
    sigdelset(ret_wait_mask, SIGTERM);
    sigdelset(ret_wait_mask, SIGINT);
    code = sigaction(SIGTERM, &action, NULL);
    CHECK(code == 0);
    code = sigaction(SIGINT, &action, NULL);
    CHECK(code == 0);
    code = sigaction(SIGPIPE, &ignored, NULL);
    CHECK(code == 0);
}

int open_server(const struct server_options *options, struct server **ret_server)
{
    const enum status status = server_open(options, ret_server);
    if (status == STATUS_OK) {
        return -1;
    }
    const char *why = status_name(status);
    if (status == STATUS_BUSY) {
        why = "another signer serves it";
    } else if (status == STATUS_REFUSED) {
        why = "its folder must belong to this user alone (chmod 700), and nothing but an old "
              "socket may have its name";
    }
    return stopped("socket", options->socket, why, exit_code_from(status));
}

int serve(struct server *server, const struct server_work *work, const char *socket,
          const char *state, const sigset_t *wait_mask)
{
    enum status status = sandbox_close(SANDBOX_KEYS);
    if (status != STATUS_OK) {
        return stopped("process", "confinement",
                       "the kernel offers no system call filter (seccomp); nothing is signed "
                       "without it",
                       EXIT_CODE_DEPENDENCY);
    }
    (void)printf("ready socket=%s\n", socket);
    (void)fflush(stdout);
    status = server_run(server, work, &stop_asked, wait_mask);
    if (status == STATUS_CORRUPT) {
        return stopped("state folder", state,
                       "the record of earlier signatures is damaged; nothing more is signed",
                       EXIT_CODE_INTEGRITY);
    }
    if (status == STATUS_UNREACHABLE) {
        return stopped("process", "keys elsewhere",
                       "the process that reaches them has ended; start again", EXIT_CODE_TEMPORARY);
    }
    if (status != STATUS_OK) {
        return stopped("state folder", state,
                       "it could not be written; start again when the disk is well",
                       exit_code_from(status));
    }
    return EXIT_CODE_DONE;
}
