/* SPDX-License-Identifier: Apache-2.0 */
/* relay/base/markup.h: text from outside inside HTML, SVG and XML. Pure. */
#ifndef SLUICE_RELAY_BASE_MARKUP_H
#define SLUICE_RELAY_BASE_MARKUP_H

/* How `character` is written in text and in quoted attributes, such as "&lt;"; NULL: as it is.
 * Static memory. */
const char *markup_entity(char character);

#endif
