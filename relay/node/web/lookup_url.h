/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/web/lookup_url.h: templates of servers' addresses that security modules name
 * (ERC-3668).
 *
 * Threads: none; pure. */
#ifndef SLUICE_RELAY_NODE_WEB_LOOKUP_URL_H
#define SLUICE_RELAY_NODE_WEB_LOOKUP_URL_H

#include <stdbool.h>

/* What is asked is in the address; else it is posted. */
bool lookup_url_is_get(const char *template);
/* With every {sender} and {data} replaced, each once: what is put in is not looked at again. Owned
 * by the caller (free). NULL: no memory. */
char *lookup_url_fill(const char *template, const char *sender, const char *data);

#endif
