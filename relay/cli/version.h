/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/version.h: the release, as --version prints it and EVENT_START journals it. */
#ifndef SLUICE_RELAY_CLI_VERSION_H
#define SLUICE_RELAY_CLI_VERSION_H

#include "relay/core/core.h"

#define SLUICE_VERSION  "0.1.0"
#define SLUICE_TEXT_(x) #x
#define SLUICE_TEXT(x)  SLUICE_TEXT_(x)
#define SLUICE_BUILD_ID "sluice " SLUICE_VERSION " core " SLUICE_TEXT(CORE_VERSION)

#endif
