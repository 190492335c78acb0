/* SPDX-License-Identifier: Apache-2.0 */
/* relay/mandate/fields.h: the shape of a mandate file. Only mandate.c and fields.c include it. */
#ifndef SLUICE_RELAY_MANDATE_FIELDS_H
#define SLUICE_RELAY_MANDATE_FIELDS_H

#include "relay/mandate/mandate.h"

/* Texts at the places of the fields; NULL where an optional key is absent. */
struct mandate_file_entry {
    char *name;
    char *texts[MANDATE_FIELDS_MAX];
    char **list;
    unsigned list_count;
};

struct mandate_file_entries {
    struct mandate_file_entry *entries;
    unsigned count;
};

struct mandate_file {
    char *format;
    char *name;
    struct mandate_file_entries sections[MANDATE_LIMITS]; /* those with names */
    struct mandate_file_entry *limits;
    struct mandate_file_entry *change;
    struct mandate_file_entry *approve;
};

extern const cyaml_schema_value_t mandate_schema;

/* The key of the list of a section's entries; NULL: they have none. */
const char *mandate_list_key(enum mandate_section section);
/* The key that names an entry. */
const char *mandate_name_key(enum mandate_section section);

#endif
