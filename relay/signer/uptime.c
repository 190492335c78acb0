/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/uptime.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"

#define BOOT_FILE  "/proc/sys/kernel/random/boot_id"
#define TEXT_BYTES 64u

static struct hash boot; /* zero: not known */

void uptime_begin(void)
{
    char text[TEXT_BYTES];
    const int fd = open(BOOT_FILE, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return;
    }
    const ssize_t count = read(fd, text, sizeof(text));
    (void)close(fd); /* nothing was written */
    if (count > 0) {
        boot = sha2_of(bytes_from(text, (size_t)count));
    }
}

struct watermark_uptime uptime_read(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_BOOTTIME, &now) == 0);
    return (struct watermark_uptime){
        .boot = boot, .ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec};
}
