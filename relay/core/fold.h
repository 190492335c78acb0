/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/fold.h: commands as bytes, for the state digest alone. Never read back, so its layout
 * is free to change with CORE_VERSION. Threads: none. */
#ifndef SLUICE_RELAY_CORE_FOLD_H
#define SLUICE_RELAY_CORE_FOLD_H

#include "relay/base/digest.h"
#include "relay/core/command.h"

void fold_command(struct sha2 *sha2, const struct command *command);

#endif
