/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/driver/replay.h: the audit: runs the core over a journal's events again and compares.
 *
 * The core is a function of the events in the journal. Given them again it must ask for the same
 * commands, byte for byte as they were recorded, reach the same digest after every event, and leave
 * the same rows. The rows of the second run live in a journal in memory; the first is only read.
 *
 * The reader's snapshot is held for the whole run: a writer at work keeps the pages of it.
 * Threads: those of the reader. */
#ifndef SLUICE_RELAY_NODE_DRIVER_REPLAY_H
#define SLUICE_RELAY_NODE_DRIVER_REPLAY_H

#include "relay/base/bytes.h"
#include "store/journal.h"

/* not stored */
enum replay_finding {
    REPLAY_SAME = 0,
    REPLAY_UNREADABLE, /* the journal failed or a record is damaged: `journal verify` says more */
    REPLAY_VERSION,    /* another CORE_VERSION saw the record: only that one can replay it */
    REPLAY_ORDER,      /* the records cannot be those of a node: no start, a command of nothing */
    REPLAY_COMMAND,    /* the core asks for another command than the one recorded here */
    REPLAY_MISSING,    /* the core asks for a command, and here is none */
    REPLAY_EXTRA,      /* a command is recorded that the core does not ask for */
    REPLAY_DIGEST,     /* after this event the core is in another state */
    REPLAY_ROW,        /* after the last event a row differs, is missing or is too many */
    REPLAY_FAILED,     /* this machine cannot: no memory */
};

struct replay_options {
    void *context;
    /* Called at most every 1,024 records. NULL: nobody looks. */
    void (*progress)(void *context, uint64_t sequence, uint64_t head);
    /* Where the rows of the second run go: a journal without rows, left as it is then. NULL: into
     * memory, and they are compared with the reader's. */
    struct journal *rows_into;
};

#define REPLAY_WHAT_BYTES_MAX 320

struct replay_report {
    uint64_t records_count; /* compared and the same */
    uint64_t events_count;
    uint64_t commands_count;
    uint64_t rows_count;
    uint64_t head;
    struct hash digest; /* after the last event */
    enum replay_finding finding;
    uint64_t sequence; /* of the first record that differs; 0: none, or a row does */
    enum status status;
    char what[REPLAY_WHAT_BYTES_MAX]; /* in words */
};

/* STATUS_OK: all is the same. STATUS_CORRUPT: something differs. Others: it could not be told; in
 * every case the report says what was found. */
MUST_USE enum status replay_run(struct journal_reader *reader, const struct replay_options *options,
                                struct replay_report *ret_report);

#endif
