/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/process/service.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "relay/settings/settings.h"

/* A path, or a name without a file when it begins with '@'. */
static int connect_to(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t count = strlen(name);
    const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + count);

    if ((name[0] != '/' && name[0] != '@') || count < 2 || count >= sizeof(address.sun_path)) {
        return -1;
    }
    memcpy(address.sun_path, name, count);
    if (name[0] == '@') {
        address.sun_path[0] = '\0';
    }
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, size) != 0) {
        (void)close(fd); /* nobody listens there */
        return -1;
    }
    return fd;
}

/* Meant for this process, when it names one. */
static uint64_t read_watchdog_ns(void)
{
    const char *wait = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t wait_us = 0;
    uint64_t wanted = 0;

    if (wait == NULL || settings_parse_u64(wait, &wait_us) != STATUS_OK || wait_us == 0 ||
        wait_us > UINT64_MAX / 1000) {
        return 0;
    }
    if (pid != NULL &&
        (settings_parse_u64(pid, &wanted) != STATUS_OK || wanted != (uint64_t)getpid())) {
        return 0;
    }
    return wait_us * 1000 / 2;
}

struct service service_open(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct service service = {.fd = name == NULL ? -1 : connect_to(name)};

    service.sign_every_ns = service.fd < 0 ? 0 : read_watchdog_ns();
    (void)unsetenv("NOTIFY_SOCKET"); /* these names are good: it cannot fail */
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    return service;
}

void service_close(struct service *service)
{
    if (service->fd >= 0) {
        (void)close(service->fd); /* nothing is held back in it */
    }
    service->fd = -1;
}

void service_say(const struct service *service, const char *lines)
{
    if (service->fd >= 0) {
        /* See the header: it may be lost. */
        (void)send(service->fd, lines, strlen(lines), MSG_NOSIGNAL);
    }
}

void service_sign(struct service *service, uint64_t now_ns)
{
    if (service->sign_every_ns == 0 || now_ns - service->signed_ns < service->sign_every_ns) {
        return;
    }
    service->signed_ns = now_ns;
    service_say(service, "WATCHDOG=1");
}
