/* SPDX-License-Identifier: Apache-2.0 */
/* relay/base/status.h: what can go wrong with the world.
 *
 * A status is for what the world can do: a disk fills, bytes are malformed, a queue is full. What
 * only a bug can do is a CHECK (relay/base/check.h). Chain behaviour is neither: it becomes an
 * event (relay/core/event.h). */
#ifndef SLUICE_RELAY_BASE_STATUS_H
#define SLUICE_RELAY_BASE_STATUS_H

#define MUST_USE __attribute__((warn_unused_result))

enum status {
    STATUS_OK = 0,
    STATUS_NOT_FOUND, /* the key, file or object does not exist */
    STATUS_FULL,      /* a bounded queue, table or buffer has no room; try again after draining */
    STATUS_BUSY,      /* somebody else holds it: lock, port, socket */
    STATUS_NO_MEMORY,
    STATUS_NO_SPACE,    /* the disk or the map ceiling is reached */
    STATUS_READ_ONLY,   /* the file system or object cannot be written */
    STATUS_IO,          /* the operating system failed a read or write */
    STATUS_MALFORMED,   /* bytes from outside do not follow their format */
    STATUS_CORRUPT,     /* our own bytes fail their checksum or contradict each other */
    STATUS_OVERFLOW,    /* exact arithmetic would leave its range */
    STATUS_REFUSED,     /* a policy says no */
    STATUS_UNSUPPORTED, /* known, and not offered here */
    STATUS_VERSION,     /* written by a version that this one cannot read */
    STATUS_TIMEOUT,     /* no answer in time: the outcome is unknown, not failed */
    STATUS_UNREACHABLE, /* a peer cannot be reached */
};

/* The status in words for logs and messages, such as "no space". Static memory. */
const char *status_name(enum status status);

#endif
