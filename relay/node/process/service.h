/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/process/service.h: tells the service manager how the node does, by systemd's datagrams
 * (sd_notify): READY, STATUS, STOPPING, and a sign of life that the loop itself gives, so that a
 * loop that hangs is a node that hangs. Without a service manager every call does nothing.
 *
 * A datagram that cannot be sent is lost: the next one comes soon, and nothing waits for it.
 *
 * Threads: the loop's. */
#ifndef SLUICE_RELAY_NODE_PROCESS_SERVICE_H
#define SLUICE_RELAY_NODE_PROCESS_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

struct service {
    int fd;                 /* -1: nobody wants to know */
    uint64_t sign_every_ns; /* half of what the manager waits; 0: it does not watch */
    uint64_t signed_ns;     /* monotonic: the last sign of life */
};

/* Reads NOTIFY_SOCKET and WATCHDOG_USEC from the environment and removes them from it, so that no
 * child speaks in our name. Before any thread exists. */
struct service service_open(void);
void service_close(struct service *service);
/* Lines of "KEY=value". */
void service_say(const struct service *service, const char *lines);
/* At the end of every turn of the loop; `now_ns` is monotonic. */
void service_sign(struct service *service, uint64_t now_ns);

#endif
