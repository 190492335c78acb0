/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/signed_journal.h: a checkpoint over a journal as it is, as a log signer would leave
 * it there. Threads: those of the journal. */
#ifndef SLUICE_TESTS_SUPPORT_SIGNED_JOURNAL_H
#define SLUICE_TESTS_SUPPORT_SIGNED_JOURNAL_H

#include "store/journal.h"

#define SIGNED_JOURNAL_ORIGIN "synth.example/journal/1"

/* Signs all records and keeps the note. Stops the test when it cannot. */
void sign_journal(struct journal *journal);

#endif
