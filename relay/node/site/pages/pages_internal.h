/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/site/pages/pages_internal.h: what embed.cmake writes for pages.c. */
#ifndef SLUICE_RELAY_NODE_SITE_PAGES_PAGES_INTERNAL_H
#define SLUICE_RELAY_NODE_SITE_PAGES_PAGES_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

struct pages_file {
    const char *path;
    const uint8_t *data;
    size_t count;
};

/* Ended by a NULL path. */
extern const struct pages_file pages_files[];

#endif
