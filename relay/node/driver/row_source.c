/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/driver/row_source.h"

static enum status source_get(void *context, struct bytes key, struct bytes *ret_value)
{
    return journal_read_row(context, key, ret_value);
}

static enum status source_seek(void *context, struct bytes key, struct bytes *ret_key,
                               struct bytes *ret_value)
{
    return journal_seek_row(context, key, ret_key, ret_value);
}

struct row_source row_source_from_journal(struct journal_reader *reader)
{
    return (struct row_source){.context = reader, .get = source_get, .seek = source_seek};
}
