/* SPDX-License-Identifier: Apache-2.0 */
/* Checked wrappers: what chain.h promises is checked here for every adapter, once. */
#include "chains/chain.h"

#include <string.h>

#include "relay/base/check.h"

size_t chain_footprint(const struct chain_ops *ops, const struct chain_config *config)
{
    CHECK(ops != NULL);
    CHECK(config->core != NULL);
    if (config->chain_index >= config->core->chains_count || config->endpoints_count == 0 ||
        config->endpoints_count > ENDPOINTS_PER_CHAIN_MAX || config->quorum == 0 ||
        config->submit_count >= config->endpoints_count ||
        config->quorum > config->endpoints_count - config->submit_count) {
        return 0;
    }
    return ops->footprint(config);
}

enum status chain_init(const struct chain_ops *ops, void *memory, const struct chain_config *config,
                       struct chain **ret_chain)
{
    struct chain *chain = NULL;

    CHECK(memory != NULL);
    CHECK((uintptr_t)memory % _Alignof(max_align_t) == 0);
    CHECK(chain_footprint(ops, config) > 0);
    const enum status status = ops->init(memory, config, &chain);
    if (status != STATUS_OK) {
        CHECK(chain == NULL);
        return status;
    }
    CHECK(chain != NULL);
    CHECK(chain->ops == ops);
    CHECK(chain->domain == config->core->chains[config->chain_index].domain);
    CHECK(chain->endpoints_count == config->endpoints_count);
    *ret_chain = chain;
    return STATUS_OK;
}

void chain_deinit(struct chain *chain)
{
    if (chain != NULL) {
        chain->ops->deinit(chain);
    }
}

enum status chain_perform(struct chain *chain, const struct command *command)
{
    CHECK(command->domain == chain->domain);
    const enum status status = chain->ops->perform(chain, command);
    CHECK(status == STATUS_OK || status == STATUS_FULL || status == STATUS_UNSUPPORTED);
    return status;
}

void chain_tick(struct chain *chain, struct instant now)
{
    chain->ops->tick(chain, now);
}

struct instant chain_next_tick(const struct chain *chain)
{
    return chain->ops->next_tick(chain);
}

bool chain_next_request(struct chain *chain, struct chain_request *ret_request)
{
    memset(ret_request, 0, sizeof(*ret_request));
    if (!chain->ops->next_request(chain, ret_request)) {
        return false;
    }
    switch (ret_request->kind) {
    case CHAIN_REQUEST_FRAME:
        CHECK(ret_request->frame.endpoint_index < chain->endpoints_count);
        CHECK(ret_request->frame.bytes.count > 0);
        chain->counters.frames_sent++;
        chain->counters.bytes_sent += ret_request->frame.bytes.count;
        return true;
    case CHAIN_REQUEST_SIGN:
        CHECK(ret_request->sign.transaction.count > 0);
        return true;
    }
    check_failed(__FILE__, __LINE__, "a request of no known kind");
}

void chain_on_reply(struct chain *chain, const struct chain_reply *reply, struct instant now)
{
    switch (reply->kind) {
    case CHAIN_REPLY_CONNECTED:
    case CHAIN_REPLY_LOST:
        CHECK(reply->endpoint_index < chain->endpoints_count);
        break;
    case CHAIN_REPLY_FRAME:
        CHECK(reply->endpoint_index < chain->endpoints_count);
        chain->counters.frames_received++;
        chain->counters.bytes_received += reply->frame.count;
        break;
    case CHAIN_REPLY_LIMITED:
        CHECK(reply->endpoint_index < chain->endpoints_count);
        break;
    case CHAIN_REPLY_SIGNED:
        CHECK(reply->signed_.outcome != OUTCOME_ABSENT);
        break;
    }
    chain->ops->on_reply(chain, reply, now);
}

bool chain_next_event(struct chain *chain, struct event *ret_event)
{
    memset(ret_event, 0, sizeof(*ret_event));
    if (!chain->ops->next_event(chain, ret_event)) {
        return false;
    }
    CHECK(ret_event->kind != 0);
    CHECK(ret_event->domain == chain->domain);
    return true;
}

const struct chain_counters *chain_counters(const struct chain *chain)
{
    return &chain->counters;
}

const struct chain_ops *chain_find(const char *name)
{
    for (size_t i = 0; chain_registry[i] != NULL; i++) {
        if (strcmp(chain_registry[i]->name, name) == 0) {
            return chain_registry[i];
        }
    }
    return NULL;
}
