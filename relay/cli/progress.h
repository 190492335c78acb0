/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/progress.h: how far long work is, on standard error: on a terminal one line that moves,
 * elsewhere a line every few seconds. Short work shows nothing. Threads: one. */
#ifndef SLUICE_RELAY_CLI_PROGRESS_H
#define SLUICE_RELAY_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct cli_progress {
    const char *word; /* "verified 1,000 of ..." */
    uint64_t started_ns;
    uint64_t shown_ns; /* 0: never */
    bool is_terminal;
};

struct cli_progress cli_progress_from(const char *word);
void cli_progress_show(struct cli_progress *progress, uint64_t done, uint64_t all);
/* Ends the line that moves, if there is one. */
void cli_progress_end(const struct cli_progress *progress);

#endif
