/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/config/config_tree.h: everything in force as one tree with the file's own keys:
 * groups, lists of groups, and values. Only config_print.c and config_show.c include this. */
#ifndef SLUICE_RELAY_NODE_CONFIG_CONFIG_TREE_H
#define SLUICE_RELAY_NODE_CONFIG_CONFIG_TREE_H

#include <jansson.h>

#include "relay/node/config/config.h"

/* Owned by the caller. */
json_t *config_tree(const struct node_config *config);

#endif
