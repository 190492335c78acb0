/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing_file/network_file.h: networks as files, `sluice-network/1`.
 *
 * JSON. Amounts are whole units of the place's asset, values are in the numeraire, numbers are
 * decimal and read as IEEE doubles. Unknown members are an error. `groups`, `transactions`, a
 * place's `yield` and a group's `risk`, `places` and `corridors` may be left out; everything else
 * must be said, bounds above all.
 *
 * Threads: one owner. Memory: the heap. */
#ifndef SLUICE_RELAY_ROUTING_FILE_NETWORK_FILE_H
#define SLUICE_RELAY_ROUTING_FILE_NETWORK_FILE_H

#include "relay/routing/model.h"
#include "relay/routing_file/document.h"

/* Things with ids, in the order of the file. */
struct file_names {
    json_t *indexes; /* by id */
    const char **ids;
    uint32_t count;
};

struct network_file {
    struct model model; /* has passed model_check */
    struct file_names places;
    struct file_names corridors;
    struct file_names groups;
    struct file_names transactions;
    json_t *root;
};

/* STATUS_MALFORMED: `ret_error` says what and where, in one line. STATUS_NO_MEMORY. */
MUST_USE enum status network_file_parse(struct bytes text, struct network_file **ret_file,
                                        struct document_error *ret_error);
/* The same from a file; also the statuses of document_load. The line begins with the path. */
MUST_USE enum status network_file_load(const char *path, struct network_file **ret_file,
                                       struct document_error *ret_error);
/* Accepts NULL, returns NULL. */
struct network_file *network_file_free(struct network_file *file);

/* MODEL_NONE: no such id. */
uint32_t file_names_find(const struct file_names *names, const char *id);

#endif
