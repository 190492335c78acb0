/* SPDX-License-Identifier: Apache-2.0 */
#include "store/source.h"

#include "relay/base/check.h"
#include "store/journal_internal.h"
#include "store/log/published.h"

enum status journal_open_source(const char *path, struct journal **ret_journal)
{
    CHECK(path != NULL);

    const struct journal_options options = {.path = path, .read_only = true};

    return published_is_one(path) ? journal_open_published(path, ret_journal)
                                  : journal_open_lmdb(&options, ret_journal);
}

bool journal_has_rows(const struct journal *journal)
{
    return !journal->records_only;
}
