/* SPDX-License-Identifier: Apache-2.0 */
/* store/checkpoint.h: the text of a C2SP tlog-checkpoint: what a log says of itself.
 *
 *   <origin>                       which log
 *   <size in decimal>              how many records
 *   <base64 of the root's hash>    of an RFC 6962 tree over them (store/tree.h)
 *
 * Signed as a note (store/note.h). Foreign checkpoints may have lines after these, which are signed
 * too and mean nothing here; ours have none. Threads: none. Memory: the caller's. */
#ifndef SLUICE_STORE_CHECKPOINT_H
#define SLUICE_STORE_CHECKPOINT_H

#include "relay/base/bytes.h"

struct log_checkpoint {
    struct bytes origin; /* borrowed */
    uint64_t size;
    struct hash root;
    bool has_extensions;
};

/* Reads a note's text. STATUS_MALFORMED: not a checkpoint, or one of size 0 whose root is not that
 * of the empty tree. */
MUST_USE enum status log_checkpoint_parse(struct bytes text, struct log_checkpoint *ret_checkpoint);
/* Appends the three lines. STATUS_MALFORMED: the origin cannot be a line. STATUS_FULL. */
MUST_USE enum status log_checkpoint_append(struct buffer *buffer,
                                           const struct log_checkpoint *checkpoint);

#endif
