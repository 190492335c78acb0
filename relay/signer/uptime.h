/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/uptime.h: how long this machine runs, from its kernel.
 *
 * Threads: one owner. */
#ifndef SLUICE_RELAY_SIGNER_UPTIME_H
#define SLUICE_RELAY_SIGNER_UPTIME_H

#include "relay/signer/watermark.h"

/* Looks up which start of the machine this is; before the process is confined. */
void uptime_begin(void);
struct watermark_uptime uptime_read(void);

#endif
