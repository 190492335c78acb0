/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "tests/support/unit.h"

static void every_status_has_its_own_name(void **state)
{
    (void)state;
    for (int a = STATUS_OK; a <= STATUS_UNREACHABLE; a++) {
        const char *name = status_name((enum status)a);
        assert_true(strlen(name) > 1);
        assert_string_not_equal(name, "unknown status");
        for (int b = STATUS_OK; b < a; b++) {
            assert_string_not_equal(name, status_name((enum status)b));
        }
    }
    assert_string_equal(status_name((enum status)(STATUS_UNREACHABLE + 1)), "unknown status");
}

/* A broken CHECK ends the process by abort, with one line that says where. */
static void a_failed_check_stops_the_process(void **state)
{
    (void)state;
    int pipes[2];
    char line[256] = {0};
    int status = 0;

    assert_int_equal(pipe(pipes), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        (void)dup2(pipes[1], 2); /* a failure shows as a missing line below */
        CHECK(1 + 1 == 3);
        _exit(0);
    }
    assert_int_equal(close(pipes[1]), 0);
    assert_true(read(pipes[0], line, sizeof(line) - 1) > 0);
    assert_int_equal(close(pipes[0]), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(line, "condition=\"1 + 1 == 3\""));
    assert_non_null(strstr(line, "test_base_status.c:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_own_name),
        cmocka_unit_test(a_failed_check_stops_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
