/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/site/pages/pages.h: the site's pages, compiled in. Threads: any; nothing changes. */
#ifndef SLUICE_RELAY_NODE_SITE_PAGES_PAGES_H
#define SLUICE_RELAY_NODE_SITE_PAGES_PAGES_H

#include "relay/base/bytes.h"

struct page {
    struct bytes data;
    const char *content_type;
};

/* "/" is index.html. STATUS_NOT_FOUND. */
MUST_USE enum status pages_find(struct bytes path, struct page *ret_page);

#endif
