/* SPDX-License-Identifier: Apache-2.0 */
/* What a confined process cannot do any more, each tried in a child of its own. */
#include "relay/signer/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/unit.h"

/* Runs `act` in a confined child; its exit code or 1000 and the signal. */
static int run_confined(enum sandbox_kind kind, int (*act)(void))
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (sandbox_start() != STATUS_OK || sandbox_close(kind) != STATUS_OK) {
            _exit(99);
        }
        _exit(act());
    }
    int ended = 0;
    assert_int_equal(waitpid(pid, &ended, 0), pid);
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : 1000 + WTERMSIG(ended);
}

/* What a start gives up before any secret is read. */
static int look_at_start(void)
{
    struct rlimit core = {.rlim_cur = 1};
    const bool is_closed = sandbox_start() == STATUS_OK &&
                           prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
                           getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 &&
                           core.rlim_max == 0 && umask(0) == 077;
    return is_closed ? 42 : 1;
}

static void a_start_leaves_no_core_and_nothing_to_read(void **state)
{
    (void)state;
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(look_at_start());
    }
    int ended = 0;
    assert_int_equal(waitpid(pid, &ended, 0), pid);
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), 42);
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

static int act_write(void)
{
    return open("/dev/null", O_WRONLY | O_CLOEXEC) < 0 && errno == EPERM ? 42 : 1;
}

static int act_create(void)
{
    return open("/tmp/sluice-sandbox", O_RDONLY | O_CREAT | O_CLOEXEC, 0600) < 0 && errno == EPERM
               ? 42
               : 1;
}

static int act_read(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 ? 42 : 1;
}

/* Nobody listens there; that it may be asked is what counts. */
static int act_connect(void)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(1),
                                        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 &&
                   errno == ECONNREFUSED
               ? 42
               : 1;
}

static int act_listen(void)
{
    return listen(socket(AF_INET, SOCK_STREAM, 0), 1) == 0 ? 1 : 2;
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
    assert_int_equal(run_confined(SANDBOX_KEYS, act_harmless), 42);
    assert_int_equal(run_confined(SANDBOX_KEYS, act_socket), 1000 + SIGSYS);
    assert_int_equal(run_confined(SANDBOX_KEYS, act_fork), 1000 + SIGSYS);
    assert_int_equal(run_confined(SANDBOX_KEYS, act_execute), 1000 + SIGSYS);
    assert_int_equal(run_confined(SANDBOX_KEYS, act_open), 42);
    assert_int_equal(run_confined(SANDBOX_KEYS, act_executable_memory), 42);
}

/* It holds no key, and is the one that talks to strangers. */
static void what_reaches_the_network_cannot_do(void **state)
{
    (void)state;
    assert_int_equal(run_confined(SANDBOX_NETWORK, act_harmless), 42);
    assert_int_equal(run_confined(SANDBOX_NETWORK, act_connect), 42);
    assert_int_equal(run_confined(SANDBOX_NETWORK, act_read), 42);
    assert_int_equal(run_confined(SANDBOX_NETWORK, act_write), 42);
    assert_int_equal(run_confined(SANDBOX_NETWORK, act_create), 42);
    assert_int_equal(run_confined(SANDBOX_NETWORK, act_listen), 1000 + SIGSYS);
    assert_int_equal(run_confined(SANDBOX_NETWORK, act_fork), 1000 + SIGSYS);
    assert_int_equal(run_confined(SANDBOX_NETWORK, act_execute), 1000 + SIGSYS);
    assert_int_equal(run_confined(SANDBOX_NETWORK, act_executable_memory), 42);
}

static int act_socket_refused(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM &&
                   socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM
               ? 42
               : 1;
}

static int act_unlink(void)
{
    return unlink("/tmp/sluice-sandbox") < 0 && errno == EPERM ? 42 : 1;
}

/* It runs its vendor's code. */
static void what_runs_a_module_cannot_do(void **state)
{
    (void)state;
    assert_int_equal(run_confined(SANDBOX_TOKEN, act_harmless), 42);
    assert_int_equal(run_confined(SANDBOX_TOKEN, act_read), 42);
    assert_int_equal(run_confined(SANDBOX_TOKEN, act_socket_refused), 42);
    assert_int_equal(run_confined(SANDBOX_TOKEN, act_write), 42);
    assert_int_equal(run_confined(SANDBOX_TOKEN, act_create), 42);
    assert_int_equal(run_confined(SANDBOX_TOKEN, act_unlink), 42);
    assert_int_equal(run_confined(SANDBOX_TOKEN, act_fork), 1000 + SIGSYS);
    assert_int_equal(run_confined(SANDBOX_TOKEN, act_execute), 1000 + SIGSYS);
    assert_int_equal(run_confined(SANDBOX_TOKEN, act_executable_memory), 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_leaves_no_core_and_nothing_to_read),
        cmocka_unit_test(what_a_confined_process_cannot_do),
        cmocka_unit_test(what_reaches_the_network_cannot_do),
        cmocka_unit_test(what_runs_a_module_cannot_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
