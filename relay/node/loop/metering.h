/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/loop/metering.h: measures the endpoints of a configuration, one after the other, over
 * the node's own transport (relay/node/loop/meter.h says what is measured). Nothing is signed or
 * written.
 *
 * Threads: the caller's loop, but for the transport's resolver. Memory: one block, owned by the
 * caller from metering_run to metering_free. */
#ifndef SLUICE_RELAY_NODE_LOOP_METERING_H
#define SLUICE_RELAY_NODE_LOOP_METERING_H

#include "relay/node/config/config.h"
#include "relay/node/loop/meter.h"

struct metering_endpoint {
    bool is_measured; /* it was connected and answered its first question */
    struct meter_result result;
};

struct metering {
    struct metering_endpoint endpoints[CHAINS_MAX][ENDPOINTS_PER_CHAIN_MAX];
};

struct metering_options {
    struct duration wait; /* for one endpoint at most */
    uint32_t calls_max;   /* of one endpoint */
    void *context;
    /* What of its plan somebody else spent today. */
    uint64_t (*spent_today)(void *context, uint32_t chain_index, uint32_t endpoint_index);
    /* The next one is measured now. */
    void (*begins)(void *context, uint32_t chain_index, uint32_t endpoint_index);
};

/* STATUS_NO_MEMORY. */
MUST_USE enum status metering_run(const struct node_config *config,
                                  const struct metering_options *options,
                                  struct metering **ret_metering);
struct metering *metering_free(struct metering *metering); /* accepts NULL, returns NULL */

#endif
