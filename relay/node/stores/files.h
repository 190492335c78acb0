/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/stores/files.h: the thread that reads other validators' checkpoint stores and writes
 * ours.
 *
 * A checkpoint that is not there yet is waited for a moment before the answer is ABSENT, because a
 * validator publishes about when a relayer asks.
 *
 * Threads: created, asked and freed by the loop's. */
#ifndef SLUICE_RELAY_NODE_STORES_FILES_H
#define SLUICE_RELAY_NODE_STORES_FILES_H

#include "relay/node/driver/driver.h"

#define FILES_FETCHES_MAX 4096u /* waiting for their object */
#define FILES_WAIT_MS     2000u

struct files;

/* `wake` is called on the files thread whenever an answer can be taken. NULL: no memory. */
struct files *files_new(void (*wake)(void *context), void *context);
/* Ends the thread; requests not done are forgotten. Accepts NULL, returns NULL. */
struct files *files_free(struct files *files);

/* Copied. STATUS_FULL: too many at once. */
MUST_USE enum status files_fetch(struct files *files, const struct driver_fetch *request);
MUST_USE enum status files_publish(struct files *files, const struct driver_publish *request);

/* The next answer: EVENT_CHECKPOINT or EVENT_PUBLISHED, without pointers. False: none. */
bool files_take(struct files *files, struct event *ret_event);

#endif
