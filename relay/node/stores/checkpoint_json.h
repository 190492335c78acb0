/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/stores/checkpoint_json.h: the objects of a checkpoint store as text, byte for byte as
 * the reference agents write them.
 *
 * What is read is hostile: strict JSON, and every field must agree with what was asked for; whether
 * the signature is the validator's is for the core to check. Threads: none. */
#ifndef SLUICE_RELAY_NODE_STORES_CHECKPOINT_JSON_H
#define SLUICE_RELAY_NODE_STORES_CHECKPOINT_JSON_H

#include "relay/node/driver/driver.h"

/* STATUS_MALFORMED: not JSON, or not the checkpoint of this origin, hook and index. */
MUST_USE enum status checkpoint_json_read(struct bytes text, const struct driver_fetch *request,
                                          struct checkpoint *ret_checkpoint,
                                          struct signature *ret_signature);
/* The newest index: a bare number. STATUS_MALFORMED: anything else. */
MUST_USE enum status checkpoint_json_newest(struct bytes text, uint32_t *ret_index);

/* A checkpoint, an announcement or the reorg flag. Owned by the caller (free). NULL: no memory. */
char *checkpoint_json_write(const struct driver_publish *request);

#endif
