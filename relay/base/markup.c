/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/markup.h"

#include <stddef.h>

const char *markup_entity(char character)
{
    switch (character) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default: /* not an enum */
        return NULL;
    }
}
