/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/process/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/base/check.h"

/* All of it, without waiting: the pipe is empty and large enough. */
static bool fill_pipe(int end, struct bytes input)
{
    size_t written = 0;

    while (written < input.count) {
        const ssize_t count = write(end, input.data + written, input.count - written);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        written += (size_t)count;
    }
    return true;
}

static int spawn(const struct program_options *options, int input, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t usual;

    (void)sigemptyset(&none);
    (void)sigemptyset(&usual);
    (void)sigaddset(&usual, SIGPIPE); /* we ignore it, and that would be inherited */
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return ENOMEM;
    }
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    int code = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    code = code != 0 ? code
                     : posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
                                                        O_WRONLY, 0);
    code = code != 0 ? code
                     : posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
                                                        O_WRONLY, 0);
    code = code != 0 ? code : posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF);
    (void)posix_spawnattr_setpgroup(&attributes, 0);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &usual);
    code = code != 0 ? code
                     : posix_spawn(ret_pid, options->arguments[0], &actions, &attributes,
                                   options->arguments, options->environment);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return code;
}

enum status program_start(const struct program_options *options, struct program *ret_program)
{
    int ends[2];
    pid_t pid = 0;

    CHECK(options->arguments[0] != NULL);
    CHECK(options->input.count <= PROGRAM_INPUT_BYTES_MAX);
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return STATUS_FULL;
    }
    const bool is_filled = fill_pipe(ends[1], options->input);
    const int code = is_filled ? spawn(options, ends[0], &pid) : EIO;
    (void)close(ends[0]);
    (void)close(ends[1]);
    if (code != 0) {
        return code == EAGAIN || code == ENOMEM || code == EMFILE || code == ENFILE
                   ? STATUS_FULL
                   : STATUS_UNREACHABLE;
    }
    *ret_program = (struct program){.pid = pid, .deadline_ns = options->deadline_ns};
    return STATUS_OK;
}

bool program_has_ended(struct program *program, uint64_t now_ns, int *ret_exit_code)
{
    int state = 0;

    CHECK(program->pid > 0);
    const pid_t ended = waitpid(program->pid, &state, WNOHANG);
    if (ended == 0) {
        if (now_ns >= program->deadline_ns) {
            (void)kill(-program->pid, SIGKILL);
            program->was_late = true;
        }
        return false;
    }
    CHECK(ended == program->pid);
    /* Whatever it left behind ends with it. */
    (void)kill(-program->pid, SIGKILL);
    program->pid = 0;
    *ret_exit_code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
    return true;
}

void program_stop(struct program *program)
{
    if (program->pid <= 0) {
        return;
    }
    (void)kill(-program->pid, SIGKILL);
    while (waitpid(program->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    program->pid = 0;
}
