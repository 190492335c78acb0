/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/view/view.h"

#include <string.h>

const struct core_chain *view_core_chain(const struct view *view, uint32_t domain)
{
    for (uint32_t i = 0; i < view->config->chains_count; i++) {
        if (view->config->chains[i].domain == domain) {
            return &view->config->chains[i];
        }
    }
    return NULL;
}

const char *view_chain(const struct view *view, uint32_t domain)
{
    const struct core_chain *const chain = view_core_chain(view, domain);
    return chain == NULL ? "?" : chain->name;
}

uint32_t view_decimals(const struct view *view, const char *symbol)
{
    for (uint32_t i = 0; i < view->config->assets_count; i++) {
        if (strcmp(view->config->assets[i].symbol, symbol) == 0) {
            return view->config->assets[i].decimals;
        }
    }
    return 0;
}
