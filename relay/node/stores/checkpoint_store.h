/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/stores/checkpoint_store.h: signed checkpoints in a local folder, in the layout that
 * the reference agents read and write.
 *
 *     {index}_with_id.json   one signed checkpoint
 *     index.json             the newest index, a bare number; never moves back
 *     announcement.json      the validator's signed word that it publishes here
 *     reorg_flag.json        there when the validator saw its chain replaced: nothing it signed
 *                            counts, and as long as it cannot be told whether it is there
 *
 * Objects are written beside their place, synced, and moved there, so a reader sees all of one or
 * nothing. What is read is hostile: bounded, strict JSON, and every field must agree with what was
 * asked for; whether the signature is the validator's is for the core to check.
 *
 * Threads: any; calls on one store by one thread at a time. Calls block on the disk. */
#ifndef SLUICE_RELAY_NODE_STORES_CHECKPOINT_STORE_H
#define SLUICE_RELAY_NODE_STORES_CHECKPOINT_STORE_H

#include "relay/node/driver/driver.h"

#define CHECKPOINT_OBJECT_BYTES_MAX (50u << 10)
#define CHECKPOINT_PATH_BYTES_MAX   (LOCATION_BYTES_MAX + 64u)

/* The folder of a location: "file:///absolute/folder". STATUS_UNSUPPORTED: another kind of
 * location; STATUS_MALFORMED: not absolute, or a way out of it ("..", control characters). */
MUST_USE enum status checkpoint_store_folder(struct bytes location,
                                             char ret_path[CHECKPOINT_PATH_BYTES_MAX]);

/* Reads the checkpoint at `request->index`. Statuses of checkpoint_store_folder; STATUS_NOT_FOUND:
 * no such object; STATUS_REFUSED: the reorg flag is there; STATUS_IO; STATUS_MALFORMED: an object
 * that is too large, not JSON, or not the checkpoint of this origin, hook and index. */
MUST_USE enum status checkpoint_store_read(const struct driver_fetch *request,
                                           struct checkpoint *ret_checkpoint,
                                           struct signature *ret_signature);

/* Writes a checkpoint or an announcement; the folder is made when missing. A repeat is harmless.
 * Statuses of checkpoint_store_folder; STATUS_NO_SPACE, STATUS_READ_ONLY, STATUS_IO. */
MUST_USE enum status checkpoint_store_write(const struct driver_publish *request);

#endif
