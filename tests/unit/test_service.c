/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "relay/node/process/service.h"
#include "tests/support/unit.h"

/* A service manager's socket, without a file. */
static int manager_open(char ret_name[64])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int count = snprintf(ret_name, 64, "@sluice-test-%ld", (long)getpid());
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    memcpy(address.sun_path + 1, ret_name + 1, (size_t)count - 1);
    assert_true(fd >= 0);
    assert_int_equal(0, bind(fd, (const struct sockaddr *)&address,
                             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)count)));
    return fd;
}

static void assert_heard(int manager, const char *expected)
{
    char text[256];
    const ssize_t count = recv(manager, text, sizeof(text) - 1, 0);

    if (expected == NULL) {
        assert_true(count < 0);
        return;
    }
    assert_true(count >= 0);
    text[count] = '\0';
    assert_string_equal(text, expected);
}

static void the_manager_hears_words_and_signs_of_life(void **state)
{
    (void)state;
    char name[64];
    char pid[32];
    const int manager = manager_open(name);

    (void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    assert_int_equal(0, setenv("NOTIFY_SOCKET", name, 1));
    assert_int_equal(0, setenv("WATCHDOG_USEC", "2000000", 1));
    assert_int_equal(0, setenv("WATCHDOG_PID", pid, 1));
    struct service service = service_open();
    assert_null(getenv("NOTIFY_SOCKET"));
    assert_null(getenv("WATCHDOG_USEC"));
    assert_null(getenv("WATCHDOG_PID"));
    service_say(&service, "READY=1\nSTATUS=ready");
    assert_heard(manager, "READY=1\nSTATUS=ready");
    service_sign(&service, 5000000000u);
    assert_heard(manager, "WATCHDOG=1");
    service_sign(&service, 5999999999u);
    assert_heard(manager, NULL);
    service_sign(&service, 6000000000u);
    assert_heard(manager, "WATCHDOG=1");
    service_close(&service);
    service_say(&service, "READY=1");
    assert_heard(manager, NULL);
    assert_int_equal(0, close(manager));
}

static void a_watchdog_of_somebody_else_is_not_fed(void **state)
{
    (void)state;
    char name[64];
    const int manager = manager_open(name);

    assert_int_equal(0, setenv("NOTIFY_SOCKET", name, 1));
    assert_int_equal(0, setenv("WATCHDOG_USEC", "2000000", 1));
    assert_int_equal(0, setenv("WATCHDOG_PID", "1", 1));
    struct service service = service_open();
    service_sign(&service, 5000000000u);
    assert_heard(manager, NULL);
    service_close(&service);
    assert_int_equal(0, close(manager));
}

static void without_a_manager_nothing_happens(void **state)
{
    (void)state;
    static const char long_name[] = "/a-name-that-is-longer-than-a-socket's-may-be-"
                                    "----------------------------------------------"
                                    "----------------------------------------------";
    static const char *const names[] = {NULL, "", "@", "relative", "/nowhere/at/all", long_name};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i] != NULL) {
            assert_int_equal(0, setenv("NOTIFY_SOCKET", names[i], 1));
        }
        struct service service = service_open();
        assert_int_equal(-1, service.fd);
        service_say(&service, "READY=1");
        service_sign(&service, 1);
        service_close(&service);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manager_hears_words_and_signs_of_life),
        cmocka_unit_test(a_watchdog_of_somebody_else_is_not_fed),
        cmocka_unit_test(without_a_manager_nothing_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
