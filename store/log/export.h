/* SPDX-License-Identifier: Apache-2.0 */
/* store/log/export.h: writes a journal's log as a folder that any web server can serve and any
 * auditor can keep: C2SP tlog-tiles, with the blobs that records name beside them.
 *
 *   checkpoint                      the signed note, written last
 *   tile/<level>/..., tile/entries/...   (store/log/tile.h)
 *   blobs/<2 digits>/<64 digits>    payloads, under their SHA-256
 *
 * Only what a stored checkpoint covers is written, so nothing unsigned is ever published. A folder
 * that holds an earlier state of the same log is brought up to date; it is at all times a whole log
 * of the earlier or of the new checkpoint, whenever the process or the machine dies. The same state
 * is always the same bytes. Full pieces and blobs are never replaced; partial ones stay until their
 * full one is there.
 *
 * Threads: those of the readers. */
#ifndef SLUICE_STORE_LOG_EXPORT_H
#define SLUICE_STORE_LOG_EXPORT_H

#include "store/journal.h"
#include "store/note.h"

struct exporter;

struct export_options {
    struct journal_reader *reader;
    struct journal_reader *blobs; /* another one: a record is borrowed while blobs are read */
    const char *path;             /* made when missing; the folder above it must be there */
    uint64_t size;                /* of a stored checkpoint, or 0: the newest */
    struct note_trust trust;      /* as in store/verify.h */
    void *context;
    /* Called for each new record: names its blobs by exporter_add_blob and passes on what that
     * says. Not STATUS_OK: the export ends with it. NULL: no blobs. */
    enum status (*examine)(void *context, uint64_t sequence, struct bytes record,
                           struct exporter *exporter);
    void (*progress)(void *context, uint64_t sequence, uint64_t size);
};

/* not stored */
enum export_finding {
    EXPORT_DONE = 0,
    EXPORT_NO_CHECKPOINT,  /* none is stored, or not one of this size */
    EXPORT_BAD_CHECKPOINT, /* the stored one is damaged, or not signed by the key given */
    EXPORT_OTHER_ORIGIN,   /* the folder holds another log */
    EXPORT_OTHER_HISTORY,  /* the folder holds this log with other records */
    EXPORT_NEWER,          /* the folder holds a later state than the journal has a checkpoint of */
    EXPORT_BAD_TARGET,     /* what the folder holds is no log, or a piece of it was changed */
    EXPORT_BAD_RECORD,     /* the journal's record `sequence` is missing or damaged */
    EXPORT_FAILED,         /* the disk or LMDB: see status */
};

struct export_report {
    enum export_finding finding;
    enum status status;   /* STATUS_OK when done, else what was met */
    const char *what;     /* in words; static memory */
    uint64_t sequence;    /* with EXPORT_BAD_RECORD */
    uint64_t size;        /* of the checkpoint */
    uint64_t size_before; /* of the one the folder held; 0: none */
    uint64_t files_count; /* written */
    uint64_t bytes_count; /* in them */
};

/* What happened is in the report; the return value is STATUS_OK only when all is written. */
MUST_USE enum status journal_export(const struct export_options *options,
                                    struct export_report *ret_report);

/* Writes the blob if it is not there. As journal_read_blob, and as writing a file. */
MUST_USE enum status exporter_add_blob(struct exporter *exporter, const struct hash *digest);

#endif
