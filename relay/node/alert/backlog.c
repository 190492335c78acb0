/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/alert/backlog.h"

#include "relay/base/check.h"

static void count(struct backlog *backlog, const struct hash *id, const struct message_row *message,
                  uint32_t failures_min)
{
    const bool is_dead = message->state == MESSAGE_DEAD;
    const enum message_state state = message->state;

    backlog->count++;
    backlog->sending_count +=
        state == MESSAGE_PREPARING || state == MESSAGE_OFFERED || state == MESSAGE_SENT ? 1 : 0;
    backlog->settling_count += state == MESSAGE_INCLUDED || state == MESSAGE_ELSEWHERE ? 1 : 0;
    backlog->dead_count += is_dead ? 1 : 0;
    if (is_dead || message->attempts_count >= failures_min) {
        if (backlog->failed_count == 0) {
            backlog->failed_id = *id;
            backlog->failed_why = message->reason;
        }
        backlog->failed_count++;
    }
    if (!is_dead && (backlog->oldest.ns == 0 || message->seen_at.ns < backlog->oldest.ns)) {
        backlog->oldest = message->seen_at;
        backlog->oldest_id = *id;
    }
}

enum status backlog_look(const struct row_source *source, uint32_t domain, uint32_t failures_min,
                         struct backlog *ret_backlog)
{
    struct hash id;
    struct message_row message;
    enum status status = core_view_next_open(source, domain, NULL, NULL, &id, &message);

    CHECK(failures_min > 0);
    *ret_backlog = (struct backlog){0};
    while (status == STATUS_OK && ret_backlog->count < BACKLOG_LOOKED_MAX) {
        count(ret_backlog, &id, &message, failures_min);
        const struct hash after_id = id;
        const struct message_row after = message;
        status = core_view_next_open(source, domain, &after, &after_id, &id, &message);
    }
    ret_backlog->is_cut = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
