/* SPDX-License-Identifier: Apache-2.0 */
/* store/log/published.h: reads a log that was exported (store/log/export.h), by us or by somebody
 * else: nothing in it is believed before it is verified.
 *
 * Records and nodes come from the pieces that the checkpoint's size calls for; where a partial
 * piece is gone because its full one is there, from the full one. Threads: none. */
#ifndef SLUICE_STORE_LOG_PUBLISHED_H
#define SLUICE_STORE_LOG_PUBLISHED_H

#include "store/checkpoint.h"
#include "store/verify.h"

struct published; /* opaque */

/* Is there a published log in this folder? */
bool published_is_one(const char *path);

/* Opens the folder and reads its checkpoint, whose signature is not looked at. STATUS_NOT_FOUND: no
 * such folder, or no checkpoint in it. STATUS_MALFORMED: its checkpoint is none. STATUS_IO,
 * STATUS_NO_MEMORY. */
MUST_USE enum status published_open(const char *path, struct published **ret_published);
/* Accepts NULL, returns NULL. */
struct published *published_close(struct published *published);

struct bytes published_note(const struct published *published); /* borrowed for its life */
uint64_t published_size(const struct published *published);

/* One record, from 1 to the size; borrowed until the next call. STATUS_NOT_FOUND: its piece is not
 * there. STATUS_MALFORMED: the piece is cut short or too long. STATUS_IO, STATUS_NO_MEMORY. */
MUST_USE enum status published_read_record(struct published *published, uint64_t sequence,
                                           struct bytes *ret_record);
/* The tree as the tiles have it; statuses as above. */
struct tree_source published_tree(struct published *published);
/* Borrowed until the next read of a blob. STATUS_CORRUPT: its bytes are not those of the digest. */
MUST_USE enum status published_read_blob(struct published *published, const struct hash *digest,
                                         struct bytes *ret_blob);

/* As journal_verify: every record, tile and the checkpoint. */
MUST_USE enum status published_verify(struct published *published,
                                      const struct verify_options *options,
                                      struct verify_report *ret_report);

#endif
