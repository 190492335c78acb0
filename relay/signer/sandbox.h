/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/sandbox.h: what the process that holds keys gives up.
 *
 * Threads: called from the only thread, before and after start. */
#ifndef SLUICE_RELAY_SIGNER_SANDBOX_H
#define SLUICE_RELAY_SIGNER_SANDBOX_H

#include "relay/base/status.h"

/* Before any secret is read: no core dumps, no tracing by the same user, files made for the owner
 * alone. STATUS_IO: the system refuses. */
MUST_USE enum status sandbox_start(void);

/* Ends this process when its parent ends. `parent` is the process id that is expected, or 0 for
 * whoever is the parent now. STATUS_NOT_FOUND: that parent is gone already. STATUS_IO. */
MUST_USE enum status sandbox_follow_parent(int parent);

/* What a process of the signer's does for the rest of its life. */
enum sandbox_kind {
    SANDBOX_KEYS,    /* holds keys and the record of what they signed; no network */
    SANDBOX_NETWORK, /* reaches keys elsewhere; may connect and read files, and write none */
    SANDBOX_TOKEN,   /* runs a PKCS#11 module: reads files, has no socket, and writes no file */
};

/* After everything is open: from here on only the system calls that serving takes are answered.
 * Executing memory, and most others, fail with EPERM; making processes, loading programs, tracing
 * and listening end the process at once. Where keys are held, opening files fails, too, and so does
 * no socket come to be: making one ends the process. STATUS_UNSUPPORTED: the kernel has no filters.
 * STATUS_NO_MEMORY. */
MUST_USE enum status sandbox_close(enum sandbox_kind kind);

#endif
