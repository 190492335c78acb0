/* SPDX-License-Identifier: Apache-2.0 */
/* The real sluice-signer whose keys are elsewhere: the children that reach them, keys that say
 * nothing, what stops its start. */
#include "tests/unit/signer_process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/web_server.h"

/* What reaches keys elsewhere is a confined child that holds nothing: without it no signature. */
static void keys_elsewhere_are_reached_by_a_child(void **state)
{
    static struct fixture_transaction made;
    char path[64];
    (void)state;
    write_config("socket: ./state/signer.sock\nstate: ./state\nkeys:\n"
                 "  - {name: away, address: 0x9090909090909090909090909090909090909090,\n"
                 "     web3signer: {url: http://127.0.0.1:1}, roles: [chain]}\n");
    const struct process process = start_ready();
    (void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", process.pid, process.pid);
    const int children = open(path, O_RDONLY | O_CLOEXEC);
    const int child = (int)strtoul(read_line(children), NULL, 10);
    close(children);
    expect_in_proc(child, "status", "Seccomp:\t2");
    client_open(&clients[0]);
    fixture_process(&made, 1);
    const struct address away = fixture_address(0x90);
    const struct wire_request request = fixture_request(&made, LEG_PROCESS, &away);
    assert_int_equal(client_ask(&clients[0], &request).outcome, OUTCOME_UNKNOWN);
    expect_said("the key does not sign: it cannot be reached");
    /* Nobody needs to ask first. */
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(wait_end(process), 75);
    expect_said("the process that reaches them has ended");
    close(clients[0].fd);
}

/* Over one connection: what another key signs is answered before what the silent one was asked
 * first; a peer that went misses its answer, and nobody gets it instead. */
static void a_silent_key_elsewhere_holds_up_nobody(void **state)
{
    static struct fixture_transaction made[2];
    char head[1024];
    uint16_t port = 0;
    struct wire_reply reply;
    const int listener = web_listen_silently(&port);
    (void)state;
    (void)snprintf(
        head, sizeof(head),
        "%s  - {name: away, address: 0x9090909090909090909090909090909090909090,\n"
        "     web3signer: {url: http://127.0.0.1:%u, timeout: 500 ms}, roles: [chain]}\n",
        config_head, (unsigned)port);
    write_config(head);
    const struct process process = start_ready();
    client_open(&clients[0]);
    client_open(&clients[1]);
    const struct address away = fixture_address(0x90);
    fixture_process(&made[0], 1);
    fixture_process(&made[1], 1);
    struct wire_request lost = fixture_request(&made[0], LEG_PROCESS, &away);
    struct wire_request other = fixture_request(&made[1], LEG_PROCESS, &key_address);
    lost.id = 71;
    other.id = 72;
    send_request(clients[1].fd, &lost);
    send_request(clients[0].fd, &lost);
    send_request(clients[0].fd, &other);
    assert_true(client_read(&clients[0], &reply));
    assert_int_equal(reply.id, 72);
    assert_int_equal(reply.outcome, OUTCOME_OK);
    close(clients[1].fd);
    for (uint64_t id = 80; id < 84; id++) { /* by then it has seen that */
        const struct wire_request greeting = hello(id);
        (void)client_ask(&clients[0], &greeting);
    }
    client_open(&clients[1]); /* in the place of the one that went */
    assert_true(client_read(&clients[0], &reply));
    assert_int_equal(reply.id, 71);
    assert_int_equal(reply.outcome, OUTCOME_UNKNOWN);
    other.id = 73;
    assert_int_equal(client_ask(&clients[1], &other).outcome, OUTCOME_OK);
    close(clients[0].fd);
    close(clients[1].fd);
    close(listener);
    assert_int_equal(stop(process, SIGTERM), 0);
}

/* A secret that others can read stops the start, whoever would have used it. */
static void secrets_that_others_see_stop_the_start(void **state)
{
    (void)state;
    write_config(
        "socket: ./state/signer.sock\nstate: ./state\nkeys:\n"
        "  - {name: away, address: 0x9090909090909090909090909090909090909090,\n"
        "     kms: {url: 'http://127.0.0.1:1', region: x, key_id: y, credentials: ./aws},\n"
        "     roles: [chain]}\n");
    expect_no_start(2, "/aws: there is no such file");
    write_file("aws", "aws_access_key_id=a\naws_secret_access_key=b\n");
    assert_int_equal(chmod(in_folder("aws"), 0644), 0);
    expect_no_start(2, "/aws: others than its owner can read");
    assert_int_equal(chmod(in_folder("aws"), 0600), 0);
    /* One that is in the environment is not taken from there, and said not to be. */
    assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1), 0);
    expect_no_start(2, "environment AWS_SECRET_ACCESS_KEY: a secret does not belong there");
    assert_false(has_said("hunter2"));
    assert_int_equal(unsetenv("AWS_SECRET_ACCESS_KEY"), 0);
    assert_int_equal(unlink(in_folder("aws")), 0);
    write_config(
        "socket: ./state/signer.sock\nstate: ./state\nkeys:\n"
        "  - {name: away, address: 0x9090909090909090909090909090909090909090,\n"
        "     pkcs11: {module: /bin/true, token: t, label: l, pin: ./pin}, roles: [chain]}\n");
    write_file("pin", "1234\n");
    assert_int_equal(chmod(in_folder("pin"), 0644), 0);
    expect_no_start(2, "/pin: others than its owner can read");
    assert_int_equal(unlink(in_folder("pin")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(keys_elsewhere_are_reached_by_a_child),
        CASE(a_silent_key_elsewhere_holds_up_nobody),
        CASE(secrets_that_others_see_stop_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
