/* SPDX-License-Identifier: Apache-2.0 */
/* proto/record_scan.h: is it a record, and what does it say in short? Several times as fast as
 * decoding it, for whoever looks at every record of a journal.
 *
 * Threads: a scanner is only read once it is made; any number of them may scan with it. Nothing
 * here allocates. */
#ifndef SLUICE_PROTO_RECORD_SCAN_H
#define SLUICE_PROTO_RECORD_SCAN_H

#include "proto/record.h"

#define RECORD_SCAN_LEVELS_MAX 128u
#define RECORD_SCAN_RULES_MAX  1024u
#define RECORD_SCAN_SLOTS_MAX  8192u

struct codec_layout;

/* What follows is record_scan.c's alone. */

/* One field of a message. */
struct scan_rule {
    uint64_t most;        /* the largest number, or how many bytes at most */
    uint32_t least;       /* the smallest number, or how many bytes at least */
    uint32_t repeats_max; /* elements of a list; 0: it is none */
    uint32_t choice;      /* which alternative it is, if it is one */
    uint16_t level;       /* of the message that it is, if it is one */
    uint8_t form;         /* on the wire */
    uint8_t check;
    uint8_t required_before; /* fields before it that must be there */
    uint8_t required_after;  /* the same, with itself */
};

/* One message: its rules, and a slot for each number up to its last field's. */
struct scan_level {
    const struct codec_layout *layout;
    uint32_t first_rule;
    uint32_t first_slot;
    uint32_t number_max;
    uint8_t required_count; /* fields that must be there */
    uint8_t choices_count;  /* 1: one alternative must be there */
};

struct record_scanner {
    uint32_t levels_count;
    uint32_t rules_count;
    uint32_t slots_count;
    uint16_t event; /* levels of the two bodies */
    uint16_t command;
    struct scan_level levels[RECORD_SCAN_LEVELS_MAX];
    struct scan_rule rules[RECORD_SCAN_RULES_MAX];
    uint8_t slots[RECORD_SCAN_SLOTS_MAX]; /* of a rule in its level, and 1; 0: no such field */
};

/* Makes the rules from the tables of records (proto/codec.h). */
void record_scanner_init(struct record_scanner *scanner);

/* What is told of a record that was not decoded. */
struct record_outline {
    enum record_kind kind;
    uint32_t body_kind; /* enum event_kind or enum command_kind */
    uint32_t core_version;
    struct instant at;
    bool has_digest;
};

/* True: record_decode takes these bytes, they name no blob, and this is their outline. False:
 * nothing is said; decode them. It says true of every record that record_decode takes and that
 * names no blob. */
bool record_scan(const struct record_scanner *scanner, struct bytes record,
                 struct record_outline *ret_outline);

#endif
