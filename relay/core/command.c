/* SPDX-License-Identifier: Apache-2.0 */
/* The two classes of a command. What acts on the outside waits for its batch; what acts or decides
 * is recorded. Questions are neither: the event that answers one is the record. */
#include "relay/core/command.h"

#include "relay/base/check.h"

bool command_waits(enum command_kind kind)
{
    switch (kind) {
    case COMMAND_SEND:
    case COMMAND_BROADCAST:
    case COMMAND_SIGN_CHECKPOINT:
    case COMMAND_SIGN_ANNOUNCEMENT:
    case COMMAND_SIGN_LOOKUP:
    case COMMAND_PUBLISH_CHECKPOINT:
    case COMMAND_PUBLISH_ANNOUNCEMENT:
    case COMMAND_PUBLISH_REORG:
        return true;
    case COMMAND_WATCH:
    case COMMAND_READ_SECURITY:
    case COMMAND_READ_STORAGE:
    case COMMAND_FETCH_CHECKPOINT:
    case COMMAND_READ_LOOKUP:
    case COMMAND_FETCH_LOOKUP:
    case COMMAND_PREPARE:
    case COMMAND_FOLLOW:
    case COMMAND_READ_LANE:
    case COMMAND_READ_POSITIONS:
    case COMMAND_READ_TREE:
    case COMMAND_PLAN:
    case COMMAND_WAKE:
    case COMMAND_NOTE:
        return false;
    }
    CHECK(false);
    return true;
}

bool command_is_recorded(enum command_kind kind)
{
    switch (kind) {
    case COMMAND_SEND:
    case COMMAND_BROADCAST:
    case COMMAND_SIGN_CHECKPOINT:
    case COMMAND_SIGN_ANNOUNCEMENT:
    case COMMAND_SIGN_LOOKUP:
    case COMMAND_PUBLISH_CHECKPOINT:
    case COMMAND_PUBLISH_ANNOUNCEMENT:
    case COMMAND_PUBLISH_REORG:
    case COMMAND_PLAN:
    case COMMAND_NOTE:
        return true;
    case COMMAND_WATCH:
    case COMMAND_READ_SECURITY:
    case COMMAND_READ_STORAGE:
    case COMMAND_FETCH_CHECKPOINT:
    case COMMAND_READ_LOOKUP:
    case COMMAND_FETCH_LOOKUP:
    case COMMAND_PREPARE:
    case COMMAND_FOLLOW:
    case COMMAND_READ_LANE:
    case COMMAND_READ_POSITIONS:
    case COMMAND_READ_TREE:
    case COMMAND_WAKE:
        return false;
    }
    CHECK(false);
    return true;
}
