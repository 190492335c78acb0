/* SPDX-License-Identifier: Apache-2.0 */
/* store/log/proof.h: proofs as files that can be handed over and checked without the log.
 *
 * That a record is in the log (C2SP tlog-proof):       That one log became the other (the request
 * of C2SP tlog-witness, which witnesses take): c2sp.org/tlog-proof@v1 extra <base64 of the record>
 * old <size> index <number of records before it>                  <base64 of a hash>       0 to 63
 * lines <base64 of a hash>          from leaf to root <the checkpoint> <the checkpoint>
 *
 * What stands in `extra` proves nothing by itself: proof_check hashes it. Files are hostile: one
 * spelling, everything bounded. Threads: none. Memory: the caller's. */
#ifndef SLUICE_STORE_LOG_PROOF_H
#define SLUICE_STORE_LOG_PROOF_H

#include "relay/base/limits.h"
#include "store/checkpoint.h"
#include "store/note.h"
#include "store/tree.h"

#define PROOF_BYTES_MAX   (NOTE_BYTES_MAX + 4u * (RECORD_BYTES_MAX + 2u) / 3u + 64u * 45u + 256u)
#define GROWTH_HASHES_MAX 63u

/* That a record is in a log. */
struct proof {
    bool has_record; /* a foreign file may leave it out */
    struct bytes record;
    uint64_t index; /* the record's number less 1 */
    struct tree_proof path;
    struct bytes note; /* of the checkpoint; borrowed */
};

/* That a log of `old_size` became the one of the note. */
struct growth {
    uint64_t old_size;
    struct tree_proof path;
    struct bytes note; /* borrowed */
};

bool proof_is_one(struct bytes bytes);  /* begins like a proof */
bool growth_is_one(struct bytes bytes); /* begins like a growth */

/* STATUS_FULL: no room; nothing is appended. */
MUST_USE enum status proof_append(struct buffer *buffer, const struct proof *proof);
MUST_USE enum status growth_append(struct buffer *buffer, const struct growth *growth);

/* `memory` takes the record; RECORD_BYTES_MAX. STATUS_MALFORMED. The note is not looked into. */
MUST_USE enum status proof_parse(struct bytes bytes, uint8_t memory[RECORD_BYTES_MAX],
                                 struct proof *ret_proof);
MUST_USE enum status growth_parse(struct bytes bytes, struct growth *ret_growth);

/* Reads the note's checkpoint and checks `leaf` or the older root against it; signatures are the
 * caller's to check. STATUS_MALFORMED: the note is no checkpoint. STATUS_REFUSED: it is not proved.
 */
MUST_USE enum status proof_check(const struct proof *proof, const struct hash *leaf,
                                 struct note *ret_note, struct log_checkpoint *ret_checkpoint);
MUST_USE enum status growth_check(const struct growth *growth, const struct hash *old_root,
                                  struct note *ret_note, struct log_checkpoint *ret_checkpoint);

#endif
