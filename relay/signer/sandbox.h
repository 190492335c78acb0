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

/* After everything is open: from here on only the system calls that serving takes are answered.
 * Opening files, executing memory, and most others fail with EPERM; making sockets or processes,
 * loading programs and tracing end the process at once. STATUS_UNSUPPORTED: the kernel has no
 * filters. STATUS_NO_MEMORY. */
MUST_USE enum status sandbox_close(void);

#endif
