/* SPDX-License-Identifier: Apache-2.0 */
/* store/journal_internal.h: what journal.c and the backends share. */
#ifndef SLUICE_STORE_JOURNAL_INTERNAL_H
#define SLUICE_STORE_JOURNAL_INTERNAL_H

#include "store/journal.h"

#define JOURNAL_CHECKSUM_BYTES 8u

struct journal_ops {
    void (*close)(struct journal *journal);
    enum status (*commit)(struct journal *journal, const struct journal_batch *batch,
                          uint64_t *ret_head);
    enum status (*usage)(struct journal *journal, struct journal_usage *ret_usage);
    enum status (*reader_open)(struct journal *journal, struct journal_reader **ret_reader);
    void (*reader_close)(struct journal_reader *reader);
    enum status (*reader_refresh)(struct journal_reader *reader);
    uint64_t (*reader_head)(const struct journal_reader *reader);
    /* With its checksum behind it, unchecked. */
    enum status (*read_record)(struct journal_reader *reader, uint64_t sequence,
                               struct bytes *ret_stored);
    /* Unchecked. */
    enum status (*read_blob)(struct journal_reader *reader, const struct hash *digest,
                             struct bytes *ret_blob);
    enum status (*read_row)(struct journal_reader *reader, struct bytes key,
                            struct bytes *ret_value);
    enum status (*seek_row)(struct journal_reader *reader, struct bytes key, struct bytes *ret_key,
                            struct bytes *ret_value);
};

/* First member of each backend's own struct. */
struct journal {
    const struct journal_ops *ops;
    bool read_only;
};

struct journal_reader {
    struct journal *journal;
};

/* First 8 bytes of SHA-256(0x00 || record): the beginning of the record's RFC 6962 leaf hash. */
void journal_checksum(struct bytes record, uint8_t ret_checksum[JOURNAL_CHECKSUM_BYTES]);

#endif
