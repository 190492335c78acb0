/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "relay/base/check.h"

#define LINE_BYTES_MAX 1024u
#define END_WAIT_MS    3000u
#define POLL_MS        5u

struct child {
    pid_t pid;  /* 0: ended */
    int output; /* its standard output; -1: the loop owns it or it is closed */
    struct lws *wsi;
    struct child_handler handler;
    char line[LINE_BYTES_MAX];
    size_t line_count;
};

/* Waits for its end, which is near; kills it when it is not. Returns its exit code. */
static int child_reap(struct child *child)
{
    int state = 0;
    for (uint32_t waited_ms = 0; waitpid(child->pid, &state, WNOHANG) == 0; waited_ms += POLL_MS) {
        const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
        if (waited_ms == END_WAIT_MS) {
            (void)kill(child->pid, SIGKILL);
        }
        (void)nanosleep(&pause, NULL);
    }
    child->pid = 0;
    return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

static void tell_lines(struct child *child)
{
    char *newline;
    while ((newline = memchr(child->line, '\n', child->line_count)) != NULL) {
        const size_t count = (size_t)(newline - child->line);
        child->handler.said(child->handler.context, bytes_from(child->line, count));
        child->line_count -= count + 1;
        memmove(child->line, newline + 1, child->line_count);
    }
    if (child->line_count == sizeof(child->line)) {
        child->line_count = 0; /* no line is that long */
    }
}

/* Its output is closed: it has ended or is about to. */
static void child_closed(struct child *child)
{
    child->wsi = NULL;
    if (child->pid != 0) {
        const int exit_code = child_reap(child);
        child->handler.ended(child->handler.context, exit_code);
    }
}

static int child_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                          size_t count)
{
    (void)user;
    (void)in;
    (void)count;
    struct child *child = lws_get_opaque_user_data(wsi);
    if (child == NULL || child->wsi != wsi) {
        return 0;
    }
    /* The library has many more reasons; the rest need nothing. */
    if (reason == LWS_CALLBACK_RAW_RX_FILE) {
        const ssize_t got = read(lws_get_socket_fd(wsi), child->line + child->line_count,
                                 sizeof(child->line) - child->line_count);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return 0;
        }
        if (got <= 0) {
            return -1;
        }
        child->line_count += (size_t)got;
        tell_lines(child);
    } else if (reason == LWS_CALLBACK_RAW_CLOSE_FILE) {
        child_closed(child);
    }
    return 0;
}

const struct lws_protocols child_protocol = {
    .name = "sluice-child",
    .callback = child_callback,
};

/* The program called `name` in the folder of this one. */
static enum status find_beside(const char *name, char ret_path[PATH_MAX])
{
    const ssize_t count = readlink("/proc/self/exe", ret_path, PATH_MAX - 1);
    if (count <= 0) {
        return STATUS_NOT_FOUND;
    }
    ret_path[count] = '\0';
    char *slash = strrchr(ret_path, '/');
    if (slash == NULL || (size_t)(slash - ret_path) + 1 + strlen(name) >= PATH_MAX) {
        return STATUS_NOT_FOUND;
    }
    memcpy(slash + 1, name, strlen(name) + 1);
    return access(ret_path, X_OK) == 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

/* In the child, between fork and exec. */
_Noreturn static void become(const char *path, const char *option, const char *config_path,
                             int output)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setpgid(0, 0);
    /* Nothing of ours but its standard streams: LMDB's file would stay open in it. */
    (void)close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    if (dup2(output, STDOUT_FILENO) >= 0) {
        (void)execl(path, path, option, config_path, "--exit-with-parent", (char *)NULL);
    }
    _exit(127);
}

enum status child_start(const char *name, const char *option, const char *config_path,
                        struct child **ret_child)
{
    char path[PATH_MAX];
    int pipe_ends[2];
    const enum status status = find_beside(name, path);
    if (status != STATUS_OK) {
        return status;
    }
    struct child *child = calloc(1, sizeof(*child));
    if (child == NULL || pipe2(pipe_ends, O_CLOEXEC) != 0) {
        free(child);
        return STATUS_NO_MEMORY;
    }
    child->pid = fork();
    if (child->pid == 0) {
        become(path, option, config_path, pipe_ends[1]);
    }
    (void)close(pipe_ends[1]);
    child->output = pipe_ends[0];
    if (child->pid < 0) {
        (void)close(child->output);
        free(child);
        return STATUS_NO_MEMORY;
    }
    if (fcntl(child->output, F_SETFL, O_NONBLOCK) != 0) {
        child_free(child);
        return STATUS_NO_MEMORY;
    }
    *ret_child = child;
    return STATUS_OK;
}

enum status child_watch(struct child *child, struct lws_vhost *vhost,
                        const struct child_handler *handler)
{
    const lws_sock_file_fd_type descriptor = {.filefd = child->output};
    child->handler = *handler;
    child->output = -1;
    child->wsi = lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, descriptor,
                                            child_protocol.name, NULL);
    if (child->wsi == NULL) {
        return STATUS_NO_MEMORY;
    }
    lws_set_opaque_user_data(child->wsi, child);
    return STATUS_OK;
}

void child_stop(struct child *child)
{
    if (child->wsi != NULL) {
        lws_set_opaque_user_data(child->wsi, NULL);
        child->wsi = NULL;
    }
    if (child->pid > 0) {
        (void)kill(child->pid, SIGTERM);
        (void)child_reap(child);
    }
}

struct child *child_free(struct child *child)
{
    if (child == NULL) {
        return NULL;
    }
    child_stop(child);
    if (child->output >= 0) {
        (void)close(child->output);
    }
    free(child);
    return NULL;
}
