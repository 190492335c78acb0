/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/process.h: what both kinds of sluice-signer do as processes: exit codes, words on
 * standard error, signals, the folder of their record.
 *
 * Threads: one. */
#ifndef SLUICE_RELAY_SIGNER_PROCESS_H
#define SLUICE_RELAY_SIGNER_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "relay/signer/server.h"

enum exit_code {
    EXIT_CODE_DONE = 0,
    EXIT_CODE_USAGE = 2,
    EXIT_CODE_DEPENDENCY = 3,
    EXIT_CODE_INTEGRITY = 5,
    EXIT_CODE_FENCED = 6,
    EXIT_CODE_TEMPORARY = 75,
};

/* What the command line asked for. */
struct arguments {
    const char *config;
    bool is_log; /* the signer of a journal's log */
    bool check;
    bool follows_parent;
    int parent;
};

int exit_code_from(enum status status);
/* Says what stopped the process, about which thing, and returns the exit code. */
int stopped(const char *what, const char *which, const char *why, int code);

/* Blocks the stop signals but while waiting under `*ret_wait_mask`. */
void prepare_signals(sigset_t *ret_wait_mask);
/* Set by a stop signal. */
extern volatile sig_atomic_t stop_asked;

/* Makes the folder that holds what forbids a second signature; nobody else may write it. An exit
 * code, or -1 to go on. */
int prepare_state(const char *state);
/* Tries `open`, again for two seconds while another process of the same parent may still be ending
 * (`follows_parent`); a signer that stands on its own is fenced at once. */
enum status claim(enum status (*open)(void *context), void *context, bool follows_parent);
int open_server(const struct server_options *options, struct server **ret_server);
/* Confines the process and serves. An exit code. */
int serve(struct server *server, const struct server_work *work, const char *socket,
          const char *state, const sigset_t *wait_mask);

/* The signer of a journal's log, from its configuration to its end. An exit code. */
int log_signer_main(const struct arguments *arguments);

#endif
