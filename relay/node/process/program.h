/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/process/program.h: runs another program once, without a shell: its standard input is
 * given to it whole, what it prints is thrown away, and it ends at its deadline at the latest.
 *
 * It gets no descriptor of ours, no signal mask, and only the environment it is given; it is in a
 * process group of its own, which is killed with it. No memory of ours is copied to start it.
 *
 * Threads: one at a time. */
#ifndef SLUICE_RELAY_NODE_PROCESS_PROGRAM_H
#define SLUICE_RELAY_NODE_PROCESS_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "relay/base/bytes.h"

#define PROGRAM_INPUT_BYTES_MAX 16384u /* a pipe holds that much: nobody waits for the reader */

struct program {
    pid_t pid; /* 0: none runs */
    uint64_t deadline_ns;
    bool was_late;
};

struct program_options {
    char *const *arguments;   /* the program's path first; ends with NULL */
    char *const *environment; /* "NAME=value"; ends with NULL */
    struct bytes input;
    uint64_t deadline_ns; /* monotonic */
};

/* STATUS_UNREACHABLE: there is no such program, or it may not be run. STATUS_FULL: too many
 * processes or descriptors. */
MUST_USE enum status program_start(const struct program_options *options,
                                   struct program *ret_program);
/* True when it has ended, once: its exit code, 128 + signal when killed. */
bool program_has_ended(struct program *program, uint64_t now_ns, int *ret_exit_code);
/* Kills it, if it runs. */
void program_stop(struct program *program);

#endif
