/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/stores/store_location.h: where a validator publishes, as it announces it on its chain,
 * and the names of the objects there.
 *
 *     file:///absolute/folder
 *     s3://bucket/region[/folder]
 *     gs://bucket[/folder][/gcsAnnouncementKey]
 *
 * Anybody can announce anything, so a location is hostile. Threads: none; pure. */
#ifndef SLUICE_RELAY_NODE_STORES_STORE_LOCATION_H
#define SLUICE_RELAY_NODE_STORES_STORE_LOCATION_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/base/bytes.h"
#include "relay/base/limits.h"

#define STORE_NAME_BYTES_MAX   64u   /* of a bucket (63) or a region, with the NUL */
#define STORE_OBJECT_BYTES_MAX 64u   /* of an object's name, with the NUL */
#define STORE_URL_BYTES_MAX    2048u /* every byte of a folder may take three */

enum store_kind {
    STORE_FOLDER = 1, /* on this machine */
    STORE_S3 = 2,
    STORE_GCS = 3,
};

struct store_location {
    enum store_kind kind;
    char bucket[STORE_NAME_BYTES_MAX]; /* S3, GCS */
    char region[STORE_NAME_BYTES_MAX]; /* S3 */
    char folder[LOCATION_BYTES_MAX];   /* S3, GCS: no slash at either end; may be empty.
                                          STORE_FOLDER: the absolute path */
};

/* STATUS_UNSUPPORTED: another scheme. STATUS_MALFORMED: a bucket or a region of other than small
 * letters, digits, dots and hyphens, control characters, "." or ".." as a part of a path. */
MUST_USE enum status store_location_parse(struct bytes text, struct store_location *ret_location);

enum store_object {
    STORE_OBJECT_CHECKPOINT = 1, /* of an index */
    STORE_OBJECT_NEWEST = 2,     /* the newest index, a bare number */
    STORE_OBJECT_ANNOUNCEMENT = 3,
    STORE_OBJECT_METADATA = 4,
    STORE_OBJECT_REORG = 5, /* there when the validator saw its chain replaced */
};

/* The object's name as the reference agents have it for this kind of store. */
void store_object_name(enum store_kind kind, enum store_object object, uint32_t index,
                       char ret_name[STORE_OBJECT_BYTES_MAX]);

/* The address of an object, percent-encoded once as S3 wants it signed. `endpoint` is another
 * server than the provider's, such as "https://minio.example:9000", which is asked by path
 * (endpoint/bucket/key); empty: the provider's. STATUS_FULL: too long. STATUS_UNSUPPORTED: a
 * folder on this machine has none. */
MUST_USE enum status store_object_url(const struct store_location *location, const char *endpoint,
                                      const char *name, char ret_url[STORE_URL_BYTES_MAX]);

#endif
