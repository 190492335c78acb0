/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/signer_process.h: the real sluice-signer in a folder of the test's own, and clients of
 * its socket. Whatever fails, fails the test. */
#ifndef SLUICE_TESTS_UNIT_SIGNER_PROCESS_H
#define SLUICE_TESTS_UNIT_SIGNER_PROCESS_H

#include "tests/support/unit.h"

#include <sys/types.h>

#include "tests/unit/signer_fixture.h"

#define WAIT_MS 20000 /* far beyond what anything takes; a hang ends the test */

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* ---- the folder ---- */

extern char folder[64];
extern struct address key_address; /* of the key "relayer" */
extern struct address validator_address;
/* What stands before the chains in signer.yaml; "keys" comes last. */
extern const char config_head[];

int set_up(void **state);
int tear_down(void **state);

/* One of four paths, used in turn. */
const char *in_folder(const char *name);
void write_file(const char *name, const char *text);
/* A keystore of the key whose every byte is `byte`. */
void write_key(const char *name, uint8_t byte, struct address *ret_address);
/* signer.yaml with these lines before its chains. */
void write_config(const char *head);

/* ---- processes ---- */

struct process {
    pid_t pid;
    int out; /* its standard output */
};

/* `option` may be NULL. Its standard error goes to the file "said". */
struct process start_with(const char *option);
struct process start(void);
/* The same when it serves. */
struct process start_ready(void);
/* A line of what a process says; empty when it ended without one. */
const char *read_line(int fd);
/* The exit code, or 1000 and the signal. */
int wait_end(struct process process);
int stop(struct process process, int signal_number);
bool has_said(const char *words);
void expect_said(const char *words);
/* The start ends with `code` and says `words`. */
void expect_no_start(int code, const char *words);
/* Waits until a file under /proc/PID has this line. */
void expect_in_proc(pid_t pid, const char *name, const char *line);

/* ---- clients ---- */

struct client {
    int fd;
    struct wire_reader reader;
    uint8_t memory[WIRE_READER_BYTES];
};

extern struct client clients[10];

void client_open(struct client *client);
/* False: the signer closed the connection. */
bool client_read(struct client *client, struct wire_reply *ret_reply);
struct wire_reply client_ask(struct client *client, const struct wire_request *request);
/* Without assertions, for forked children too. */
bool try_send(int fd, const void *bytes, size_t count);
void send_bytes(int fd, const void *bytes, size_t count);
void send_request(int fd, const struct wire_request *request);

struct wire_request hello(uint64_t id);
struct wire_request checkpoint_request(uint32_t index, uint8_t root);

#endif
