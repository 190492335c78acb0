/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/config_file.h: a YAML file through libcyaml, with errors that say where.
 *
 * libcyaml checks the shape (which keys, which are missing, what repeats) and gives every value as
 * text; whoever gives meaning to the text reports what is wrong with it through config_file_fail,
 * which finds line and column again by the value's place in the document.
 *
 * Threads: none. */
#ifndef SLUICE_RELAY_NODE_CONFIG_FILE_H
#define SLUICE_RELAY_NODE_CONFIG_FILE_H

#include <cyaml/cyaml.h>
#include <stdarg.h>

#include "relay/node/config.h"

struct config_file {
    const char *path; /* borrowed */
    char *text;
    size_t text_count;
    const cyaml_schema_value_t *schema; /* borrowed; every scalar is a string */
    void *values;                       /* what the schema describes */
    struct config_error *error;         /* borrowed */
};

/* Reads `path` and checks its shape. Statuses of node_config_load; `ret_error` is written then. */
MUST_USE enum status config_file_open(struct config_file *file, const char *path,
                                      const cyaml_schema_value_t *schema,
                                      struct config_error *ret_error);
void config_file_close(struct config_file *file); /* accepts a half-opened file */

/* Writes "file:line:column: text" to the error. `place` names the value: "chains/0/mailbox".
 * Returns STATUS_MALFORMED. */
enum status config_file_fail(const struct config_file *file, const char *place, const char *format,
                             ...) __attribute__((format(printf, 3, 4)));

#endif
