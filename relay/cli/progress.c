/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "relay/node/process/clock.h"

#define TERMINAL_EVERY_NS UINT64_C(200000000)
#define LOG_EVERY_NS      UINT64_C(5000000000)

struct cli_progress cli_progress_from(const char *word)
{
    return (struct cli_progress){.word = word,
                                 .started_ns = clock_monotonic_ns(),
                                 .is_terminal = isatty(STDERR_FILENO) == 1};
}

void cli_progress_show(struct cli_progress *progress, uint64_t done, uint64_t all)
{
    const uint64_t every = progress->is_terminal ? TERMINAL_EVERY_NS : LOG_EVERY_NS;
    const uint64_t last = progress->shown_ns == 0 ? progress->started_ns : progress->shown_ns;
    const uint64_t now = clock_monotonic_ns();

    if (now - last < every) {
        return;
    }
    const uint64_t percent = all == 0 ? 100 : done * 100 / all;
    (void)fprintf(stderr, "%s%s %" PRIu64 " of %" PRIu64 " records (%" PRIu64 " %%)%s",
                  progress->is_terminal ? "\r" : "", progress->word, done, all, percent,
                  progress->is_terminal ? "" : "\n");
    progress->shown_ns = now;
}

void cli_progress_end(const struct cli_progress *progress)
{
    if (progress->is_terminal && progress->shown_ns != 0) {
        (void)fputc('\n', stderr);
    }
}
