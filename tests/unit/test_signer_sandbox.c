/* SPDX-License-Identifier: Apache-2.0 */
/* What a confined process cannot do any more, each tried in a child of its own. */
#include "relay/signer/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/unit.h"

/* Runs `act` in a confined child; its exit code or 1000 and the signal. */
static int run_confined(int (*act)(void))
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (sandbox_start() != STATUS_OK || sandbox_close() != STATUS_OK) {
            _exit(99);
        }
        _exit(act());
    }
    int ended = 0;
    assert_int_equal(waitpid(pid, &ended, 0), pid);
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : 1000 + WTERMSIG(ended);
}

static int act_harmless(void)
{
    return getpid() > 0 ? 42 : 1;
}

static int act_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 1 : 2;
}

static int act_fork(void)
{
    return fork() >= 0 ? 1 : 2;
}

static int act_execute(void)
{
    char *const arguments[] = {(char *)(uintptr_t) "true", NULL};
    return execv("/bin/true", arguments);
}

static int act_open(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EPERM ? 42 : 1;
}

static int act_executable_memory(void)
{
    const void *memory =
        mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED && errno == EPERM ? 42 : 1;
}

static void what_a_confined_process_cannot_do(void **state)
{
    (void)state;
    assert_int_equal(run_confined(act_harmless), 42);
    assert_int_equal(run_confined(act_socket), 1000 + SIGSYS);
    assert_int_equal(run_confined(act_fork), 1000 + SIGSYS);
    assert_int_equal(run_confined(act_execute), 1000 + SIGSYS);
    assert_int_equal(run_confined(act_open), 42);
    assert_int_equal(run_confined(act_executable_memory), 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_confined_process_cannot_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
