/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/scan_agrees.h: the scan and the decoder of records, which share no code but the
 * tables, agree on whatever bytes. Threads: none. */
#ifndef SLUICE_TESTS_SUPPORT_SCAN_AGREES_H
#define SLUICE_TESTS_SUPPORT_SCAN_AGREES_H

#include "proto/record_scan.h"

/* `status` and `record` are what record_decode said of `bytes`, without blobs. */
static inline bool scan_agrees(struct bytes bytes, enum status status, const struct record *record)
{
    static struct record_scanner scanner;
    struct record_outline outline;

    if (scanner.levels_count == 0) {
        record_scanner_init(&scanner);
    }
    if (!record_scan(&scanner, bytes, &outline)) {
        return status != STATUS_OK || !hash_is_zero(&record->blob_digest);
    }
    const uint32_t body_kind = record->kind == RECORD_EVENT ? (uint32_t)record->event.kind
                                                            : (uint32_t)record->command.kind;
    return status == STATUS_OK && hash_is_zero(&record->blob_digest) &&
           outline.kind == record->kind && outline.body_kind == body_kind &&
           outline.core_version == record->core_version && outline.at.ns == record->at.ns &&
           outline.has_digest == !hash_is_zero(&record->digest);
}

#endif
