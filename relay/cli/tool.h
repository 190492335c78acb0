/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/tool.h: what the parts of `sluice tool` share. Threads: one. */
#ifndef SLUICE_RELAY_CLI_TOOL_H
#define SLUICE_RELAY_CLI_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#define TOOL_NOT_GIVEN (-1)

struct tool_tree_call {
    const char *path; /* of the leaves; NULL or "-": standard input */
    int64_t at;       /* so many leaves alone, or TOOL_NOT_GIVEN */
    int64_t proof;    /* of this leaf, or TOOL_NOT_GIVEN */
    bool all_proofs;
};

/* Returns an exit code. */
int tool_tree(const struct tool_tree_call *call);

#endif
