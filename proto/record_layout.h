/* SPDX-License-Identifier: Apache-2.0 */
/* proto/record_layout.h: the tables of journal records (proto/codec.h). For proto/ alone. */
#ifndef SLUICE_PROTO_RECORD_LAYOUT_H
#define SLUICE_PROTO_RECORD_LAYOUT_H

#include "proto/codec.h"

extern const struct codec_layout record_event_layout;   /* struct event but for `at` */
extern const struct codec_layout record_command_layout; /* struct command, recorded kinds */

/* Of struct core_config. */
extern const struct codec_layout record_config_layout;

#endif
