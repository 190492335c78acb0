/* SPDX-License-Identifier: Apache-2.0 */
/* The real sluice-signer over a real socket: start, refusals to start, hostile peers, kill -9. */
#include "tests/unit/signer_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "relay/signer/file.h"

static void it_serves_and_stops_in_good_order(void **state)
{
    (void)state;
    static struct fixture_transaction made;
    struct address owner;
    const struct process process = start_ready();
    client_open(&clients[0]);
    const struct wire_request greeting = hello(7);
    struct wire_reply reply = client_ask(&clients[0], &greeting);
    assert_int_equal(reply.answer, WIRE_ANSWER_IDENTITY);
    assert_int_equal(reply.identity.mode, SIGNER_MODE_ACT);
    assert_int_equal(reply.identity.keys_count, 2);
    assert_true(address_equal(&reply.identity.keys[0].address, &key_address));
    assert_true(address_equal(&reply.identity.keys[1].address, &validator_address));

    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 10);
    struct wire_request request = fixture_request(&made, LEG_REBALANCE, &key_address);
    reply = client_ask(&clients[0], &request);
    assert_int_equal(reply.outcome, OUTCOME_OK);
    const struct hash digest = evm_transaction_digest(request.transaction.transaction);
    assert_int_equal(signature_recover(&digest, &reply.signature, &owner), STATUS_OK);
    assert_true(address_equal(&owner, &key_address));

    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 11);
    request = fixture_request(&made, LEG_REBALANCE, &key_address);
    reply = client_ask(&clients[0], &request);
    assert_int_equal(reply.outcome, OUTCOME_REFUSED);
    assert_true(reply.reason.count > 0);
    close(clients[0].fd);
    assert_int_equal(stop(process, SIGTERM), 0);
    assert_int_equal(access(in_folder("state/signer.sock"), F_OK), -1);
    expect_said("outcome=refused");
}

static void the_socket_is_the_owners_alone(void **state)
{
    (void)state;
    struct stat about;
    const struct process process = start_ready();
    assert_int_equal(stat(in_folder("state/signer.sock"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(stat(in_folder("state"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
    assert_int_equal(stop(process, SIGINT), 0);
}

static void it_is_confined_while_it_serves(void **state)
{
    (void)state;
    const struct process process = start_ready();
    expect_in_proc(process.pid, "status", "Seccomp:\t2");
    expect_in_proc(process.pid, "status", "NoNewPrivs:\t1");
    expect_in_proc(process.pid, "limits", "Max core file size        0                    0");
    assert_int_equal(stop(process, SIGTERM), 0);
}

static void bad_starts_say_what_is_wrong(void **state)
{
    (void)state;
    write_file("pass", "open sesamf\n");
    expect_no_start(2, "relayer.json with passphrase file");
    expect_said("the passphrase does not open it");
    write_file("pass", "open sesame\n");
    assert_int_equal(chmod(in_folder("pass"), 0640), 0);
    expect_no_start(2, "chmod 600");
    write_file("pass", "open sesame\n");
    assert_int_equal(rename(in_folder("validator.json"), in_folder("told")), 0);
    expect_no_start(2, "validator.json: there is no such file");
    assert_int_equal(rename(in_folder("told"), in_folder("validator.json")), 0);
    write_key("validator.json", FIXTURE_SECRET, &validator_address);
    expect_no_start(2, "is the same key as another one");
    write_config("sokket: ./state/signer.sock\n");
    expect_no_start(2, "signer.yaml:1:1: unknown key \"sokket\"");
    assert_int_equal(unlink(in_folder("signer.yaml")), 0);
    expect_no_start(2, "signer.yaml");
}

static void folders_open_to_others_are_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_folder("state"), 0700), 0);
    assert_int_equal(chmod(in_folder("state"), 0755), 0);
    expect_no_start(2, "state folder");
    expect_said("chmod 700");
    assert_int_equal(chmod(in_folder("state"), 0700), 0);
    write_file("state/signer.sock", "not a socket");
    expect_no_start(2, "state/signer.sock");
    assert_int_equal(unlink(in_folder("state/signer.sock")), 0);
    char text[1024];
    (void)snprintf(text, sizeof(text), "socket: ./signer.sock\n%s", strchr(config_head, '\n') + 1);
    write_config(text);
    assert_int_equal(chmod(folder, 0750), 0);
    expect_no_start(2, "chmod 700");
    assert_int_equal(chmod(folder, 0700), 0);
}

static void a_second_signer_is_fenced(void **state)
{
    (void)state;
    const struct process process = start_ready();
    expect_no_start(6, "another signer holds it");
    /* With a record of its own it is held by the socket. */
    char text[1024];
    (void)snprintf(text, sizeof(text), "state: ./state2\n%s", config_head);
    memset(strstr(text, "state: ./state\n"), ' ', strlen("state: ./state"));
    write_config(text);
    expect_no_start(6, "another signer serves it");
    (void)unlink(in_folder("state2/watermark.mdb"));
    (void)unlink(in_folder("state2/signer.lock"));
    assert_int_equal(rmdir(in_folder("state2")), 0);
    /* The first one still serves. */
    client_open(&clients[0]);
    const struct wire_request greeting = hello(1);
    assert_int_equal(client_ask(&clients[0], &greeting).outcome, OUTCOME_OK);
    close(clients[0].fd);
    assert_int_equal(stop(process, SIGTERM), 0);
}

static void hostile_frames_end_their_connection_alone(void **state)
{
    (void)state;
    const struct {
        const char *bytes;
        size_t count;
    } frames[] = {
        {"\xff\xff\xff\xff", 4},         {"\x00\x02\x00\x01", 4},
        {"\x00\x00\x00\x00", 4},         {"\x00\x00\x00\x04garb", 8},
        {"\x00\x00\x00\x02\x12\x05", 6}, {"GET / HTTP/1.1\r\n\r\n", 18},
    };
    const struct process process = start_ready();
    client_open(&clients[0]);
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        struct wire_reply reply;
        client_open(&clients[1]);
        send_bytes(clients[1].fd, frames[i].bytes, frames[i].count);
        assert_false(client_read(&clients[1], &reply));
        close(clients[1].fd);
        const struct wire_request greeting = hello(i);
        assert_int_equal(client_ask(&clients[0], &greeting).outcome, OUTCOME_OK);
    }
    close(clients[0].fd);
    assert_int_equal(stop(process, SIGTERM), 0);
}

static void connections_are_bounded_and_a_freed_one_is_used_again(void **state)
{
    (void)state;
    const struct process process = start_ready();
    struct wire_reply reply;
    for (uint64_t i = 0; i < 8; i++) {
        const struct wire_request greeting = hello(i);
        client_open(&clients[i]);
        assert_int_equal(client_ask(&clients[i], &greeting).outcome, OUTCOME_OK);
    }
    client_open(&clients[8]);
    assert_false(client_read(&clients[8], &reply));
    close(clients[8].fd);
    close(clients[3].fd);
    /* The signer sees the end of one no later than the next request of another. */
    const struct wire_request greeting = hello(99);
    assert_int_equal(client_ask(&clients[0], &greeting).outcome, OUTCOME_OK);
    client_open(&clients[3]);
    assert_int_equal(client_ask(&clients[3], &greeting).outcome, OUTCOME_OK);
    for (size_t i = 0; i < 8; i++) {
        close(clients[i].fd);
    }
    assert_int_equal(stop(process, SIGTERM), 0);
}

/* Far more questions than one batch or the reply buffer holds, none of them read before all are
 * asked. */
static void many_questions_at_once_are_all_answered(void **state)
{
    (void)state;
    const uint32_t count = 700;
    const struct process process = start_ready();
    client_open(&clients[0]);
    const pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        for (uint32_t i = 0; i < count; i++) {
            uint8_t memory[512];
            struct buffer frame = buffer_from(memory, sizeof(memory));
            const struct wire_request request = checkpoint_request(i, 1);
            if (wire_encode_request(&request, &frame) != STATUS_OK ||
                !try_send(clients[0].fd, memory, frame.count)) {
                _exit(1);
            }
        }
        _exit(0);
    }
    int ended = -1;
    assert_int_equal(waitpid(writer, &ended, 0), writer);
    assert_int_equal(ended, 0);
    for (uint32_t i = 0; i < count; i++) {
        struct wire_reply reply;
        assert_true(client_read(&clients[0], &reply));
        assert_int_equal(reply.id, i);
        assert_int_equal(reply.outcome, OUTCOME_OK);
    }
    close(clients[0].fd);
    assert_int_equal(stop(process, SIGTERM), 0);
}

/* The watermark was committed and the reply never arrived: after the kill, the same question gets
 * its signature and the contradicting one is refused. */
static void a_kill_between_record_and_reply_is_no_second_signature(void **state)
{
    (void)state;
    struct process process = start_ready();
    const struct wire_request mine = checkpoint_request(5, 1);
    const struct wire_request other = checkpoint_request(5, 2);
    const struct wire_request greeting = hello(1);
    client_open(&clients[0]);
    send_request(clients[0].fd, &mine);
    close(clients[0].fd); /* nobody will read the reply */
    /* One thread answers all: when this comes back, the question before it was recorded. */
    client_open(&clients[1]);
    assert_int_equal(client_ask(&clients[1], &greeting).outcome, OUTCOME_OK);
    close(clients[1].fd);
    assert_int_equal(stop(process, SIGKILL), 1000 + SIGKILL);

    process = start_ready(); /* over the socket that was left behind */
    client_open(&clients[0]);
    assert_int_equal(client_ask(&clients[0], &other).outcome, OUTCOME_REFUSED);
    assert_int_equal(client_ask(&clients[0], &mine).outcome, OUTCOME_OK);
    close(clients[0].fd);
    assert_int_equal(stop(process, SIGTERM), 0);
}

/* Killed at an arbitrary moment while it signs: whatever was signed before is never contradicted.
 * Each round asks for one root until the kill, then for another one of the same indexes. */
static void kills_at_any_moment_never_give_two_roots(void **state)
{
    (void)state;
    uint32_t signed_count = 0;
    for (uint32_t round = 0; round < 10; round++) {
        const uint32_t first = round * 1000;
        struct process process = start_ready();
        client_open(&clients[0]);
        const pid_t killer = fork();
        assert_true(killer >= 0);
        if (killer == 0) {
            const struct timespec wait = {.tv_nsec = 500000L * (long)(1 + round * 3)};
            (void)nanosleep(&wait, NULL);
            _exit(kill(process.pid, SIGKILL) == 0 ? 0 : 1);
        }
        struct wire_reply reply;
        uint32_t count = 0;
        for (bool alive = true; alive && count < 1000;) {
            uint8_t memory[512];
            struct buffer frame = buffer_from(memory, sizeof(memory));
            const struct wire_request request = checkpoint_request(first + count, 1);
            assert_int_equal(wire_encode_request(&request, &frame), STATUS_OK);
            alive = send(clients[0].fd, frame.data, frame.count, MSG_NOSIGNAL) ==
                        (ssize_t)frame.count &&
                    client_read(&clients[0], &reply);
            count += alive ? 1 : 0;
        }
        close(clients[0].fd);
        int ended = -1;
        assert_int_equal(waitpid(killer, &ended, 0), killer);
        assert_int_equal(ended, 0);
        assert_int_equal(wait_end(process), 1000 + SIGKILL);
        signed_count += count;

        process = start_ready();
        client_open(&clients[0]);
        for (uint32_t i = 0; i < count; i++) {
            const struct wire_request other = checkpoint_request(first + i, 2);
            const struct wire_request mine = checkpoint_request(first + i, 1);
            assert_int_equal(client_ask(&clients[0], &other).outcome, OUTCOME_REFUSED);
            assert_int_equal(client_ask(&clients[0], &mine).outcome, OUTCOME_OK);
        }
        close(clients[0].fd);
        assert_int_equal(stop(process, SIGTERM), 0);
    }
    assert_true(signed_count > 0);
}

/* We become the parent of orphans, so that the signer's end can be waited for. */
static void it_ends_with_its_parent(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    assert_int_equal(pipe(ends), 0);
    const pid_t parent = fork();
    assert_true(parent >= 0);
    if (parent == 0) {
        char option[64];
        (void)snprintf(option, sizeof(option), "--exit-with-parent=%d", (int)getpid());
        const struct process process = start_with(option);
        (void)read_line(process.out);
        (void)!write(ends[1], &process.pid, sizeof(process.pid));
        (void)pause();
        _exit(0);
    }
    pid_t signer = 0;
    assert_int_equal(read(ends[0], &signer, sizeof(signer)), sizeof(signer));
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(kill(signer, 0), 0);
    /* Stopped, it cannot end at once: the next child waits for it and then serves. */
    assert_int_equal(kill(signer, SIGSTOP), 0);
    assert_int_equal(kill(parent, SIGKILL), 0);
    int ended = 0;
    assert_int_equal(waitpid(parent, &ended, 0), parent);
    const struct process successor = start_with("--exit-with-parent");
    while (!has_said("waiting for the signer before")) {
        assert_int_equal(waitpid(successor.pid, &ended, WNOHANG), 0);
        (void)poll(NULL, 0, 1);
    }
    assert_int_equal(kill(signer, SIGCONT), 0);
    assert_int_equal(waitpid(signer, &ended, 0), signer);
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), 0);
    assert_non_null(strstr(read_line(successor.out), "ready"));
    assert_int_equal(stop(successor, SIGTERM), 0);
    /* The wrong parent: it does not start. */
    assert_int_equal(wait_end(start_with("--exit-with-parent=1")), 75);
    expect_said("is gone");
}

/* Another user: connects only as the configured one. Needs root to become somebody else. */
static int connect_as(uint32_t uid, const char *name)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        uint8_t memory[64];
        struct buffer frame = buffer_from(memory, sizeof(memory));
        const struct wire_request greeting = hello(1);
        const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_folder(name));
        if (setresuid(uid, uid, uid) != 0 || wire_encode_request(&greeting, &frame) != STATUS_OK) {
            _exit(9);
        }
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
            _exit(2);
        }
        (void)send(fd, frame.data, frame.count, MSG_NOSIGNAL);
        _exit(recv(fd, memory, sizeof(memory), 0) > 0 ? 0 : 1);
    }
    int ended = -1;
    assert_int_equal(waitpid(pid, &ended, 0), pid);
    assert_true(WIFEXITED(ended));
    return WEXITSTATUS(ended);
}

static void other_users_are_refused(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    struct process process = start_ready();
    assert_int_equal(connect_as(0, "state/signer.sock"), 0);
    assert_int_equal(connect_as(65533, "state/signer.sock"), 2); /* its mode */
    assert_int_equal(stop(process, SIGTERM), 0);

    /* One more user: the group reaches the socket, and the kernel's word decides. */
    char head[1024];
    (void)snprintf(head, sizeof(head), "client_uid: 65533\nsocket: ./run/signer.sock\n%s",
                   strchr(config_head, '\n') + 1);
    write_config(head);
    assert_int_equal(chmod(folder, 0750), 0);
    process = start();
    assert_non_null(strstr(read_line(process.out), "run/signer.sock"));
    assert_int_equal(connect_as(0, "run/signer.sock"), 0);
    assert_int_equal(connect_as(65533, "run/signer.sock"), 0);
    assert_int_equal(connect_as(65532, "run/signer.sock"), 1);
    assert_int_equal(stop(process, SIGTERM), 0);
    assert_int_equal(rmdir(in_folder("run")), 0);
    assert_int_equal(chmod(folder, 0700), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(it_serves_and_stops_in_good_order),
        CASE(the_socket_is_the_owners_alone),
        CASE(it_is_confined_while_it_serves),
        CASE(bad_starts_say_what_is_wrong),
        CASE(folders_open_to_others_are_refused),
        CASE(a_second_signer_is_fenced),
        CASE(hostile_frames_end_their_connection_alone),
        CASE(connections_are_bounded_and_a_freed_one_is_used_again),
        CASE(many_questions_at_once_are_all_answered),
        CASE(a_kill_between_record_and_reply_is_no_second_signature),
        CASE(kills_at_any_moment_never_give_two_roots),
        CASE(it_ends_with_its_parent),
        CASE(other_users_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
