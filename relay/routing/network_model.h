/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/network_model.h: a network in exact base units as a model in whole units.
 *
 * Each amount and each decimal becomes the nearest double of itself, so the same network gives the
 * same model, bit for bit. Pieces without width are left out. Threads: none; pure. */
#ifndef SLUICE_RELAY_ROUTING_NETWORK_MODEL_H
#define SLUICE_RELAY_ROUTING_NETWORK_MODEL_H

#include "relay/routing/model.h"

/* Bytes (max-aligned) for a network with these counts. */
size_t network_model_footprint(const struct network_counts *counts);
/* Builds in `memory`, which the model borrows. The network has passed network_check.
 * STATUS_MALFORMED: a number is out of the model's range. */
MUST_USE enum status network_model_build(const struct network *network, void *memory,
                                         struct model *ret_model);

/* An amount of base units in whole units. */
double network_model_amount(const struct amount *amount, uint32_t decimals);

#endif
