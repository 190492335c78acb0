/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/journal/record_desk.h: a journal opened to look at its records: live directory, copy or
 * export (store/source.h). Nothing is changed and no key is needed. Threads: one. */
#ifndef SLUICE_RELAY_CLI_JOURNAL_RECORD_DESK_H
#define SLUICE_RELAY_CLI_JOURNAL_RECORD_DESK_H

#include "proto/record.h"
#include "relay/cli/rows_view.h"
#include "store/source.h"

struct record_desk {
    struct rows_view view;     /* view.config names chains; NULL when the journal does not say */
    enum status config_status; /* why it is NULL; STATUS_NOT_FOUND: no node has started */
    uint64_t sequence;         /* of the record that was read last, well or not */
    struct journal_reader *blobs;
    void *arena_memory;
    struct record_arena arena;
    struct record_blobs source;
};

/* Opens what `verb` was given; says what is wrong and returns an exit code otherwise. EXIT_DONE: to
 * be closed, and not to be moved in memory. */
int record_desk_open(const char *verb, const char *directory, struct record_desk *ret_desk);
void record_desk_close(struct record_desk *desk);

/* Statuses of journal_read_record and record_decode, but STATUS_CORRUPT for a record that is not
 * there. Results end with the next call. */
MUST_USE enum status record_desk_read(struct record_desk *desk, uint64_t sequence,
                                      struct bytes *ret_bytes, struct record *ret_record);
/* The instant of a record, without its blob. */
MUST_USE enum status record_desk_instant(struct record_desk *desk, uint64_t sequence,
                                         struct instant *ret_at);
/* The first record that is not before `at`; one past the last when all are. Time does not move back
 * in a journal, so this reads as many records as the number of records has bits. */
MUST_USE enum status record_desk_find(struct record_desk *desk, struct instant at,
                                      uint64_t *ret_sequence);
/* For a record that cannot be read: says which, returns the exit code. */
int record_desk_failed(const char *verb, uint64_t sequence, enum status status);

#endif
