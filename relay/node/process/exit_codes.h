/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/process/exit_codes.h: what a process of Sluice says with its exit code
 * (relay/README.md). */
#ifndef SLUICE_RELAY_NODE_PROCESS_EXIT_CODES_H
#define SLUICE_RELAY_NODE_PROCESS_EXIT_CODES_H

enum exit_code {
    EXIT_DONE = 0,
    EXIT_NEGATIVE = 1,    /* a check failed, a thing was not found */
    EXIT_USAGE = 2,       /* usage, configuration or malformed input */
    EXIT_UNREACHABLE = 3, /* a dependency cannot be reached */
    EXIT_REFUSED = 4,     /* by policy */
    EXIT_INTEGRITY = 5,   /* the journal or a chain contradicts itself */
    EXIT_FENCED = 6,      /* somebody else holds it */
    EXIT_TEMPORARY = 75,  /* try again later: a full disk, an unreadable moment */
};

#endif
