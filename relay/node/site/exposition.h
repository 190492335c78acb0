/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/site/exposition.h: writes Prometheus' text format (version 0.0.4) into memory the
 * caller gives.
 *
 *     # HELP sluice_chain_head_blocks The newest block that was seen.
 *     # TYPE sluice_chain_head_blocks gauge
 *     sluice_chain_head_blocks{chain="one"} 17
 *
 * A family is opened once, then its samples follow. Names, label names and help are ours and
 * checked; label values may be anything: what the format gives a meaning is escaped, and what is
 * not UTF-8 becomes '?', so that no value can end its line or make a reader refuse the document.
 *
 * The same as OpenMetrics (version 1.0): counters' families are named without their _total, a
 * bucket may have an exemplar, and "# EOF" ends the document.
 *
 * Bounded: what does not fit makes the whole document STATUS_FULL, because half a document reads as
 * series that have ended. Nothing is written after that.
 *
 * Threads: none; the caller owns the object. Nothing here allocates. */
#ifndef SLUICE_RELAY_NODE_SITE_EXPOSITION_H
#define SLUICE_RELAY_NODE_SITE_EXPOSITION_H

#include "relay/base/amount.h"
#include "relay/base/bytes.h"
#include "relay/base/instant.h"

#define EXPOSITION_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define EXPOSITION_OPEN_METRICS "application/openmetrics-text"
#define EXPOSITION_OPEN_METRICS_CONTENT_TYPE                                                       \
    EXPOSITION_OPEN_METRICS "; version=1.0.0; charset=utf-8"
#define EXPOSITION_NAME_BYTES_MAX  128u
#define EXPOSITION_VALUE_BYTES_MAX 256u /* of a label; a longer one is cut between characters */
#define EXPOSITION_LABELS_MAX      8u
#define EXPOSITION_BUCKETS_MAX     32u

/* not stored */
enum exposition_type {
    EXPOSITION_COUNTER = 1,
    EXPOSITION_GAUGE = 2,
    EXPOSITION_HISTOGRAM = 3,
};

struct exposition_label {
    const char *name;
    struct bytes value;
};

struct exposition_labels {
    const struct exposition_label *list; /* borrowed for the call */
    size_t count;                        /* at most EXPOSITION_LABELS_MAX */
};

struct exposition {
    struct buffer buffer;
    char family[EXPOSITION_NAME_BYTES_MAX];
    enum exposition_type type; /* of the family */
    bool is_open;              /* a family is */
    bool is_full;
    bool is_open_metrics;
};

/* One that a bucket counted: which message, how long, when. `at` 0: none. */
struct exposition_exemplar {
    struct hash message_id;
    struct duration value;
    struct instant at;
};

/* Durations by how long they were. Buckets count what is at most their bound, and are not
 * cumulative; what is above the last bound is counted in `above_count`. */
struct exposition_histogram {
    const struct duration *bounds; /* ascending */
    const uint64_t *counts;        /* beside them */
    size_t bounds_count;           /* at most EXPOSITION_BUCKETS_MAX */
    uint64_t above_count;
    struct duration sum;
    /* Beside the counts, and one more for what is above; borrowed; NULL: none. */
    const struct exposition_exemplar *exemplars;
};

/* `memory` stays the caller's. */
struct exposition exposition_from(void *memory, size_t capacity);
/* The same for readers who ask for OpenMetrics. */
struct exposition exposition_open_metrics(void *memory, size_t capacity);
/* Opens a family. Each name once in a document. `help` is one line without a backslash. */
void exposition_family(struct exposition *exposition, enum exposition_type type, const char *name,
                       const char *help);

/* ---- samples of the family that is open ---- */
void exposition_count(struct exposition *exposition, struct exposition_labels labels,
                      uint64_t value);
/* In seconds, exact to the nanosecond. */
void exposition_seconds(struct exposition *exposition, struct exposition_labels labels,
                        struct duration value);
/* In units with `decimals` (at most 77) digits behind the point: exact here, a float to readers. */
void exposition_amount(struct exposition *exposition, struct exposition_labels labels,
                       const struct amount *value, uint32_t decimals);
/* Ratios and the like; not for money. */
void exposition_number(struct exposition *exposition, struct exposition_labels labels,
                       double value);
/* Of a histogram's family, which takes no other samples. */
void exposition_durations(struct exposition *exposition, struct exposition_labels labels,
                          const struct exposition_histogram *histogram);

/* Ends the document, once; it is borrowed until the memory changes. STATUS_FULL: it did not fit. */
MUST_USE enum status exposition_end(struct exposition *exposition, struct bytes *ret_text);

#endif
