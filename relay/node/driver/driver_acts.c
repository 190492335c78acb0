/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a command from the core to the part that can do it. */
#include "relay/node/driver/driver_internal.h"

#include <assert.h>

#include "relay/base/approval.h"
#include "relay/base/check.h"
#include "relay/core/capital/capital_view.h"

uint32_t driver_chain_index(const struct driver *driver, uint32_t domain)
{
    for (uint32_t i = 0; i < driver->config->chains_count; i++) {
        if (driver->config->chains[i].domain == domain) {
            return i;
        }
    }
    return driver->config->chains_count;
}

static enum status act_sign_checkpoint(struct driver *driver, uint32_t chain_index,
                                       const struct command *command)
{
    const struct driver_sign request = {
        .kind = DRIVER_SIGN_CHECKPOINT,
        .chain_index = chain_index,
        .domain = command->domain,
        .key = driver->config->validator,
        .checkpoint = {.tree_hook = driver->config->chains[chain_index].tree_hook,
                       .checkpoint = command->sign_checkpoint},
    };
    return driver->ports.sign(driver->ports.context, &request);
}

static enum status act_sign_announcement(struct driver *driver, uint32_t chain_index,
                                         const struct command *command)
{
    const struct driver_sign request = {
        .kind = DRIVER_SIGN_ANNOUNCEMENT,
        .chain_index = chain_index,
        .domain = command->domain,
        .key = command->sign_announcement.validator,
        .announcement = {.mailbox = driver->config->chains[chain_index].mailbox,
                         .location = command->sign_announcement.location},
    };
    return driver->ports.sign(driver->ports.context, &request);
}

static enum status act_sign_lookup(struct driver *driver, uint32_t chain_index,
                                   const struct command *command)
{
    const struct driver_sign request = {
        .kind = DRIVER_SIGN_LOOKUP,
        .chain_index = chain_index,
        .domain = command->domain,
        .key = command->sign_lookup.key,
        .lookup = {.message_id = command->sign_lookup.message_id,
                   .module = command->sign_lookup.module,
                   .sender = command->sign_lookup.sender,
                   .url = command->sign_lookup.url,
                   .call_data = command->sign_lookup.call_data},
    };
    return driver->ports.sign(driver->ports.context, &request);
}

static enum status act_fetch(struct driver *driver, uint32_t chain_index,
                             const struct command *command)
{
    const struct driver_fetch request = {
        .domain = command->domain,
        .validator = command->fetch_checkpoint.validator,
        .tree_hook = driver->config->chains[chain_index].tree_hook,
        .location = command->fetch_checkpoint.location,
        .index = command->fetch_checkpoint.index,
        .message_id = command->fetch_checkpoint.message_id,
    };
    return driver->ports.fetch(driver->ports.context, &request);
}

static enum status act_publish(struct driver *driver, uint32_t chain_index,
                               const struct command *command)
{
    const struct core_chain *chain = &driver->config->chains[chain_index];
    struct driver_publish request = {
        .is_announcement = command->kind == COMMAND_PUBLISH_ANNOUNCEMENT,
        .domain = command->domain,
        .mailbox = chain->mailbox,
        .tree_hook = chain->tree_hook,
        .location = bytes_from_string(chain->storage_location),
    };
    if (request.is_announcement) {
        request.validator = command->publish_announcement.validator;
        request.location = command->publish_announcement.location;
        request.signature = command->publish_announcement.signature;
    } else if (command->kind == COMMAND_PUBLISH_REORG) {
        request.is_reorg = true;
        request.validator = command->publish_reorg.validator;
        request.checkpoint.root = command->publish_reorg.local_root;
        request.checkpoint.index = command->publish_reorg.index;
        request.canonical_root = command->publish_reorg.canonical_root;
        request.time_s = command->publish_reorg.time_s;
    } else {
        request.validator = command->publish_checkpoint.validator;
        request.checkpoint = command->publish_checkpoint.checkpoint;
        request.signature = command->publish_checkpoint.signature;
    }
    return driver->ports.publish(driver->ports.context, &request);
}

static enum status act_lookup(struct driver *driver, const struct command *command)
{
    const struct driver_lookup request = {
        .domain = command->domain,
        .message_id = command->fetch_lookup.message_id,
        .module = command->fetch_lookup.module,
        .sender = command->fetch_lookup.sender,
        .dispatch_transaction = command->fetch_lookup.dispatch_transaction,
        .urls = command->fetch_lookup.urls,
        .call_data = command->fetch_lookup.call_data,
        .signature = command->fetch_lookup.signature,
    };
    return driver->ports.lookup(driver->ports.context, &request);
}

/* Gives a command to whoever can do it. STATUS_FULL: not now. Anything else: it is gone. */
static enum status act(struct driver *driver, const struct command *command)
{
    const uint32_t chain_index = driver_chain_index(driver, command->domain);
    if (command->kind == COMMAND_PLAN) {
        return driver->ports.plan(driver->ports.context, &command->plan.plan_id,
                                  command->plan.network);
    }
    if (chain_index == driver->config->chains_count) {
        return STATUS_UNSUPPORTED;
    }
    switch (command->kind) {
    case COMMAND_WATCH:
    case COMMAND_READ_SECURITY:
    case COMMAND_READ_STORAGE:
    case COMMAND_READ_LOOKUP:
    case COMMAND_PREPARE:
    case COMMAND_SEND:
    case COMMAND_BROADCAST:
    case COMMAND_FOLLOW:
    case COMMAND_READ_LANE:
    case COMMAND_READ_POSITIONS:
    case COMMAND_READ_TREE:
        return chain_perform(driver->chains[chain_index], command);
    case COMMAND_SIGN_CHECKPOINT:
        return act_sign_checkpoint(driver, chain_index, command);
    case COMMAND_SIGN_ANNOUNCEMENT:
        return act_sign_announcement(driver, chain_index, command);
    case COMMAND_SIGN_LOOKUP:
        return act_sign_lookup(driver, chain_index, command);
    case COMMAND_FETCH_CHECKPOINT:
        return act_fetch(driver, chain_index, command);
    case COMMAND_FETCH_LOOKUP:
        return act_lookup(driver, command);
    case COMMAND_PUBLISH_CHECKPOINT:
    case COMMAND_PUBLISH_ANNOUNCEMENT:
    case COMMAND_PUBLISH_REORG:
        return act_publish(driver, chain_index, command);
    case COMMAND_PLAN:
    case COMMAND_WAKE:
    case COMMAND_NOTE:
        break;
    }
    CHECK(false);
    return STATUS_UNSUPPORTED;
}

static void driver_dropped(struct driver *driver)
{
    driver->counters.commands_dropped_count++;
}

/* The lane of a command; NULL: a chain that is not configured. */
static struct driver_lane *driver_lane_of(struct driver *driver, const struct command *command)
{
    struct driver_lane *outside = &driver->lanes[driver->config->chains_count];
    const uint32_t chain_index = driver_chain_index(driver, command->domain);
    switch (command->kind) {
    case COMMAND_SIGN_CHECKPOINT:
    case COMMAND_SIGN_ANNOUNCEMENT:
    case COMMAND_SIGN_LOOKUP:
        return &outside[OUTSIDE_SIGNER];
    case COMMAND_FETCH_CHECKPOINT:
    case COMMAND_PUBLISH_CHECKPOINT:
    case COMMAND_PUBLISH_ANNOUNCEMENT:
    case COMMAND_PUBLISH_REORG:
    case COMMAND_FETCH_LOOKUP:
        return &outside[OUTSIDE_STORES];
    case COMMAND_PLAN:
        return &outside[OUTSIDE_PLANNER];
    case COMMAND_WATCH:
    case COMMAND_READ_SECURITY:
    case COMMAND_READ_STORAGE:
    case COMMAND_READ_LOOKUP:
    case COMMAND_PREPARE:
    case COMMAND_SEND:
    case COMMAND_BROADCAST:
    case COMMAND_FOLLOW:
    case COMMAND_READ_LANE:
    case COMMAND_READ_POSITIONS:
    case COMMAND_READ_TREE:
        return chain_index == driver->config->chains_count ? NULL : &driver->lanes[chain_index];
    case COMMAND_WAKE:
    case COMMAND_NOTE:
        break;
    }
    CHECK(false);
    return NULL;
}

/* Watching must not be lost and only the newest wish counts, so it has a place of its own. */
static void driver_watch_chain(struct driver *driver, uint32_t chain_index)
{
    struct driver_watch *watch = &driver->watches[chain_index];
    const struct command command = {.kind = COMMAND_WATCH,
                                    .domain = driver->config->chains[chain_index].domain,
                                    .watch = watch->watch};
    const enum status status = chain_perform(driver->chains[chain_index], &command);
    watch->pending = status == STATUS_FULL;
}

void driver_route(struct driver *driver, const struct command *command, uint64_t generation)
{
    struct driver_lane *lane = driver_lane_of(driver, command);
    if (lane == NULL) {
        driver_dropped(driver);
        return;
    }
    if (command->kind == COMMAND_WATCH) {
        const uint32_t chain_index = driver_chain_index(driver, command->domain);
        driver->watches[chain_index] =
            (struct driver_watch){.pending = true, .watch = command->watch};
        driver_watch_chain(driver, chain_index);
        return;
    }
    if (command_waits(command->kind)) {
        if (!copy_command(&lane->waits, command, generation)) {
            driver_dropped(driver);
        }
        return;
    }
    if (queue_is_empty(&lane->reads)) {
        const enum status status = act(driver, command);
        if (status == STATUS_OK) {
            return;
        }
        if (status != STATUS_FULL) {
            driver_dropped(driver);
            return;
        }
    }
    if (!copy_command(&lane->reads, command, 0)) {
        driver_dropped(driver);
    }
}

static void driver_release_queue(struct driver *driver, struct queue *queue)
{
    const struct held_command *held;
    while ((held = queue_first(queue)) != NULL) {
        if (held->generation > driver->durable) {
            return;
        }
        const enum status status = act(driver, &held->command);
        if (status == STATUS_FULL) {
            return;
        }
        if (status != STATUS_OK) {
            driver_dropped(driver);
        }
        queue_pop(queue);
    }
}

void driver_release(struct driver *driver)
{
    for (uint32_t i = 0; i < driver->config->chains_count; i++) {
        if (driver->watches[i].pending) {
            driver_watch_chain(driver, i);
        }
    }
    for (uint32_t i = 0; i < driver->config->chains_count + OUTSIDE_COUNT; i++) {
        /* What is durable goes first: an intent on disk is worth more than a question. */
        driver_release_queue(driver, &driver->lanes[i].waits);
        driver_release_queue(driver, &driver->lanes[i].reads);
    }
}

bool driver_has_releasable(const struct driver *driver)
{
    for (uint32_t i = 0; i < driver->config->chains_count + OUTSIDE_COUNT; i++) {
        const struct held_command *held = queue_first(&driver->lanes[i].waits);
        if (held != NULL && held->generation <= driver->durable) {
            return true;
        }
        if (!queue_is_empty(&driver->lanes[i].reads)) {
            return true;
        }
        if (i < driver->config->chains_count && driver->watches[i].pending) {
            return true;
        }
    }
    return false;
}

/* The plan of a move with an approver's word, if there is one, for the signer to judge. What cannot
 * be read is left out: then a signer that wants it refuses. */
static struct bytes plan_of(const struct driver *driver, const struct chain_request *request,
                            uint8_t memory[APPROVAL_BYTES_MAX])
{
    struct hash move_id;
    struct move_row move;
    struct plan_row plan;
    struct approval approval = {.index = 0};
    static_assert(APPROVAL_MOVES_MAX >= PLAN_MOVES_MAX, "a plan's moves fit an approval");
    if ((request->sign.leg_kind != LEG_REBALANCE && request->sign.leg_kind != LEG_VENUE &&
         request->sign.leg_kind != LEG_CROSSING) ||
        capital_view_move_of_leg(&driver->source, &request->sign.leg_id, &move_id, &move) !=
            STATUS_OK ||
        capital_view_plan(&driver->source, &move.plan_id, &plan) != STATUS_OK ||
        move.index >= plan.moves_count) {
        return (struct bytes){0};
    }
    capital_view_approval(&move.plan_id, &plan, &approval);
    approval.index = move.index;
    approval.leg = move.leg;
    return approval_pack(&approval, memory);
}

static void driver_ask_signer(struct driver *driver, uint32_t chain_index,
                              const struct chain_request *request)
{
    uint8_t plan_memory[APPROVAL_BYTES_MAX];
    const struct driver_sign question = {
        .kind = DRIVER_SIGN_TRANSACTION,
        .chain_index = chain_index,
        .domain = driver->config->chains[chain_index].domain,
        .key = request->sign.key,
        .transaction = {.family = bytes_from_string(driver->families[chain_index]),
                        .leg_id = request->sign.leg_id,
                        .leg_kind = request->sign.leg_kind,
                        .attempt = request->sign.attempt,
                        .nonce = request->sign.nonce,
                        .transaction = request->sign.transaction,
                        .plan = plan_of(driver, request, plan_memory)},
    };
    if (driver->ports.sign(driver->ports.context, &question) == STATUS_OK) {
        return;
    }
    const struct chain_reply reply = {
        .kind = CHAIN_REPLY_SIGNED,
        .signed_ = {.leg_id = question.transaction.leg_id,
                    .attempt = question.transaction.attempt,
                    .outcome = OUTCOME_UNKNOWN,
                    .reason = bytes_from_string("the signer cannot be asked now")},
    };
    chain_on_reply(driver->chains[chain_index], &reply, driver->last);
}

void driver_serve_chains(struct driver *driver)
{
    for (uint32_t i = 0; i < driver->config->chains_count; i++) {
        struct chain_request request;
        uint32_t count = 0;
        while (count < DRIVER_REQUESTS_MAX && chain_next_request(driver->chains[i], &request)) {
            switch (request.kind) {
            case CHAIN_REQUEST_FRAME:
                driver->ports.frame_send(driver->ports.context, i, request.frame.endpoint_index,
                                         request.frame.bytes);
                break;
            case CHAIN_REQUEST_SIGN:
                driver_ask_signer(driver, i, &request);
                break;
            }
            count++;
        }
        if (count == DRIVER_REQUESTS_MAX) {
            driver->more = true;
        }
    }
}
