/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signer_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/signer/file.h"
#include "relay/signer/keystore.h"

char folder[64];
static struct ecdsa *ecdsa;
struct address key_address;
struct address validator_address;
static struct wire_arena arena;

/* ---- files ---- */

const char *in_folder(const char *name)
{
    static char paths[4][160];
    static size_t turn;
    char *path = paths[turn++ % 4];
    assert_true(snprintf(path, sizeof(paths[0]), "%s/%s", folder, name) > 0);
    return path;
}

void write_file(const char *name, const char *text)
{
    (void)unlink(in_folder(name));
    assert_int_equal(file_write_new(in_folder(name), bytes_from_string(text)), FILE_OK);
}

void write_key(const char *name, uint8_t byte, struct address *ret_address)
{
    const struct keystore_cost cost = {.n = 1024, .r = 8, .p = 1};
    uint8_t memory[2048];
    struct buffer text = buffer_from(memory, sizeof(memory));
    struct secret secret;
    memset(secret.bytes, byte, sizeof(secret.bytes));
    assert_int_equal(ecdsa_address(ecdsa, &secret, ret_address), STATUS_OK);
    assert_int_equal(
        keystore_encode(ecdsa, &secret, bytes_from_string("open sesame"), &cost, &text),
        KEYSTORE_OK);
    (void)unlink(in_folder(name));
    assert_int_equal(file_write_new(in_folder(name), buffer_bytes(&text)), FILE_OK);
}

const char config_head[] =
    "socket: ./state/signer.sock\n"
    "state: ./state\n"
    "mode: act\n"
    "keys:\n"
    "  - {name: relayer, keystore: relayer.json, passphrase_file: pass, roles: [chain]}\n"
    "  - {name: validator, keystore: validator.json, passphrase_file: pass, roles: [validator]}\n";

static const char config_chains[] =
    "chains:\n"
    "  - name: alpha\n"
    "    domain: 901\n"
    "    chain_id: 31337\n"
    "    gas_limit_max: 1000000\n"
    "    fee_per_gas_max: 10 gwei\n"
    "    value_max: 5000 wei\n"
    "    spend_per_hour_max: 1000 ether\n"
    "    allow:\n"
    "      - {leg: process, contract: 0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1}\n"
    "      - leg: rebalance\n"
    "        contract: 0xa2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2\n"
    "        bridges: [0xa3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3]\n"
    "        destinations: [902]\n"
    "        amount_max: 1000 base units\n"
    "        amount_per_hour_max: 1000000 base units\n"
    "    validate:\n"
    "      merkle_tree_hook: 0xa5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5\n"
    "      mailbox: 0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\n";

void write_config(const char *head)
{
    char text[4096];
    assert_true(snprintf(text, sizeof(text), "%s%s", head, config_chains) > 0);
    write_file("signer.yaml", text);
}

int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/sluice-process-XXXXXX");
    ecdsa = ecdsa_new();
    if (ecdsa == NULL || mkdtemp(folder) == NULL) {
        return -1;
    }
    write_key("relayer.json", FIXTURE_SECRET, &key_address);
    write_key("validator.json", FIXTURE_VALIDATOR_SECRET, &validator_address);
    write_file("pass", "open sesame\n");
    write_config(config_head);
    return 0;
}

int tear_down(void **state)
{
    static const char *const names[] = {"state/signer.sock",
                                        "state/watermark.mdb",
                                        "state/signer.lock",
                                        "relayer.json",
                                        "validator.json",
                                        "pass",
                                        "signer.yaml",
                                        "said",
                                        "told"};
    (void)state;
    ecdsa = ecdsa_free(ecdsa);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)unlink(in_folder(names[i]));
    }
    (void)rmdir(in_folder("state"));
    return rmdir(folder);
}

/* ---- processes ---- */

/* `option` may be NULL. Its standard error goes to the file "said". */
struct process start_with(const char *option)
{
    char *const arguments[] = {(char *)(uintptr_t) "sluice-signer", (char *)(uintptr_t) "--config",
                               (char *)(uintptr_t)in_folder("signer.yaml"),
                               (char *)(uintptr_t)option, NULL};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        /* A failed test leaves nothing behind. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        const int said = open(in_folder("said"), O_CREAT | O_WRONLY | O_TRUNC, 0600);
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)dup2(said, STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        /* The leak checker traces its own process, which a confined one must not. */
        (void)setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
        (void)execv(SIGNER_PROGRAM, arguments);
        _exit(127);
    }
    close(ends[1]);
    return (struct process){.pid = pid, .out = ends[0]};
}

struct process start(void)
{
    return start_with(NULL);
}

/* Its first line; empty when it ended without one. */
const char *read_line(int fd)
{
    static char line[256];
    size_t count = 0;
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    while (count + 1 < sizeof(line)) {
        assert_int_equal(poll(&readable, 1, WAIT_MS), 1);
        if (read(fd, line + count, 1) != 1 || line[count] == '\n') {
            break;
        }
        count++;
    }
    line[count] = '\0';
    return line;
}

struct process start_ready(void)
{
    char wanted[256];
    const struct process process = start();
    (void)snprintf(wanted, sizeof(wanted), "ready socket=%s", in_folder("state/signer.sock"));
    assert_string_equal(read_line(process.out), wanted);
    return process;
}

/* The exit code, or 1000 and the signal. */
int wait_end(struct process process)
{
    int ended = 0;
    assert_int_equal(waitpid(process.pid, &ended, 0), process.pid);
    close(process.out);
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : 1000 + WTERMSIG(ended);
}

int stop(struct process process, int signal_number)
{
    assert_int_equal(kill(process.pid, signal_number), 0);
    return wait_end(process);
}

static uint8_t said_memory[65536];

bool has_said(const char *words)
{
    struct buffer said = buffer_from(said_memory, sizeof(said_memory) - 1);
    if (file_read(in_folder("said"), &said) != FILE_OK) {
        return false;
    }
    said_memory[said.count] = '\0';
    return strstr((const char *)said_memory, words) != NULL;
}

void expect_said(const char *words)
{
    if (!has_said(words)) {
        print_error("wanted: %s\nsaid: %s\n", words, (const char *)said_memory);
        fail();
    }
}

/* The start ends with `code` and says `words`. */
void expect_no_start(int code, const char *words)
{
    const struct process process = start();
    assert_string_equal(read_line(process.out), "");
    assert_int_equal(wait_end(process), code);
    expect_said(words);
}

/* ---- a client ---- */

static int connect_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
                   in_folder("state/signer.sock"));
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Without assertions, for forked children too. */
bool try_send(int fd, const void *bytes, size_t count)
{
    size_t sent = 0;
    while (sent < count) {
        const ssize_t now = send(fd, (const uint8_t *)bytes + sent, count - sent, MSG_NOSIGNAL);
        if (now <= 0) {
            return false;
        }
        sent += (size_t)now;
    }
    return true;
}

void send_bytes(int fd, const void *bytes, size_t count)
{
    assert_true(try_send(fd, bytes, count));
}

void send_request(int fd, const struct wire_request *request)
{
    static uint8_t memory[WIRE_READER_BYTES];
    struct buffer frame = buffer_from(memory, sizeof(memory));
    assert_int_equal(wire_encode_request(request, &frame), STATUS_OK);
    send_bytes(fd, frame.data, frame.count);
}

void client_open(struct client *client)
{
    client->fd = connect_socket();
    wire_reader_init(&client->reader, client->memory, sizeof(client->memory));
}

/* False: the signer closed the connection. */
bool client_read(struct client *client, struct wire_reply *ret_reply)
{
    struct bytes frame;
    while (wire_reader_next(&client->reader, &frame) != STATUS_OK) {
        struct pollfd readable = {.fd = client->fd, .events = POLLIN};
        uint8_t *space;
        const size_t room = wire_reader_space(&client->reader, &space);
        assert_int_equal(poll(&readable, 1, WAIT_MS), 1);
        const ssize_t got = read(client->fd, space, room);
        if (got <= 0) {
            return false;
        }
        wire_reader_arrived(&client->reader, (size_t)got);
    }
    assert_int_equal(wire_decode_reply(frame, &arena, ret_reply), STATUS_OK);
    return true;
}

struct wire_reply client_ask(struct client *client, const struct wire_request *request)
{
    struct wire_reply reply = {.id = 0};
    send_request(client->fd, request);
    assert_true(client_read(client, &reply));
    assert_int_equal(reply.id, request->id);
    return reply;
}

struct client clients[10];

struct wire_request hello(uint64_t id)
{
    return (struct wire_request){.id = id, .ask = WIRE_ASK_HELLO};
}

struct wire_request checkpoint_request(uint32_t index, uint8_t root)
{
    struct wire_request request = {.id = index, .ask = WIRE_ASK_CHECKPOINT};
    request.checkpoint.domain = FIXTURE_DOMAIN;
    request.checkpoint.tree_hook = fixture_address(FIXTURE_HOOK);
    request.checkpoint.key = validator_address;
    request.checkpoint.checkpoint.index = index;
    memset(request.checkpoint.checkpoint.root.bytes, root, 32);
    return request;
}

/* ---- tests ---- */

/* A line of a file under /proc/PID. */
static bool is_in_proc(pid_t pid, const char *name, const char *line)
{
    char path[64];
    char text[8192];
    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    const size_t count = fread(text, 1, sizeof(text) - 1, file);
    assert_int_equal(fclose(file), 0);
    text[count] = '\0';
    return strstr(text, line) != NULL;
}

/* A process locks itself in beside others that are ready: it is waited for. */
void expect_in_proc(pid_t pid, const char *name, const char *line)
{
    for (int waited_ms = 0; waited_ms < WAIT_MS && !is_in_proc(pid, name, line); waited_ms++) {
        (void)poll(NULL, 0, 1);
    }
    assert_true(is_in_proc(pid, name, line));
}
