/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/records.h: random events and commands of every kind, and deep comparison. */
#ifndef SLUICE_TESTS_SUPPORT_RECORDS_H
#define SLUICE_TESTS_SUPPORT_RECORDS_H

#include "proto/record.h"
#include "relay/base/prng.h"

/* not stored */
enum maker_size {
    MAKER_RANDOM, /* lists and bytes mostly short, now and then at a limit */
    MAKER_EMPTY,  /* everything zero or empty that may be */
    MAKER_FULL,   /* every list and every run of bytes as long as its limit, every number large */
};

struct maker {
    struct prng prng;
    enum maker_size size;
    struct buffer memory; /* what the made object points to; emptied by the caller */
};

/* Memory that one full object needs. */
#define MAKER_BYTES        (1u << 20)
#define MAKER_EVENTS_COUNT 31u /* kinds of events */
#define MAKER_FACTS_COUNT  FACT_KIND_LAST

/* The kinds of events, from index 0 (EVENT_START) on; their numbers have gaps. */
enum event_kind maker_event_kind(uint32_t index);
/* A whole event of `kind`; for EVENT_FACT `fact` chooses the kind of fact. */
void maker_event(struct maker *maker, enum event_kind kind, enum fact_kind fact,
                 struct event *ret_event);
/* A whole command of a recorded kind; for COMMAND_SEND `leg` chooses the kind of leg. */
void maker_command(struct maker *maker, enum command_kind kind, enum leg_kind leg,
                   struct command *ret_command);

/* Equal in every field and in everything pointed to. Both were zeroed before they were filled. */
bool events_equal(const struct event *a, const struct event *b);
bool commands_equal(const struct command *a, const struct command *b);

#endif
