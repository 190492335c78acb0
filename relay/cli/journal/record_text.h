/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/journal/record_text.h: one journal record for people and for programs. Threads: one. */
#ifndef SLUICE_RELAY_CLI_JOURNAL_RECORD_TEXT_H
#define SLUICE_RELAY_CLI_JOURNAL_RECORD_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/record.h"
#include "relay/core/config.h"

/* Every field. `config` names chains; NULL: nobody knows their names. NULL: no memory. */
json_t *record_text_json(uint64_t sequence, const struct record *record,
                         const struct core_config *config);
/* One line: number, time, chain, name, the fields that say something. Amounts of
 * a configured asset are in its units, others in base units. */
void record_text_print(FILE *stream, uint64_t sequence, const struct record *record,
                       const struct core_config *config);

/* Every field, one per line and indented as they nest; bytes are whole. */
void record_text_print_all(FILE *stream, const struct record *record,
                           const struct core_config *config);

/* "block", "send". Static memory. */
const char *record_text_name(const struct record *record);
/* A log of a chain: EVENT_FACT or EVENT_PAST_FACT. */
bool record_text_is_fact(const struct record *record);
/* "dispatch" of a fact, NULL of anything else. Static memory. */
const char *record_text_fact_name(const struct record *record);
/* 0: it is about none. */
uint32_t record_text_domain(const struct record *record);

#endif
