/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/alert/alerting.h: the node tells people by itself when something is wrong: a program,
 * a webhook or mail, whichever the configuration names (`alerts`).
 *
 * It looks a few times a second at what the loop left and at the journal's rows (alert_look.h),
 * decides what is to be told (alert.h), and gives each notice to each channel in order. A channel
 * that fails is tried again ever more slowly, ALERTING_TRIES times in all; one that is slow delays
 * no other. What a channel cannot take is counted, and every notice is a line of the log too.
 *
 * What was told, and given to every channel or given up, is not told again after a restart, and its
 * end is told when it is over by then (alert_kept.h); what was not given yet is told anew.
 *
 * Threads: one of its own, with a libwebsockets context of its own, so that the loop never waits.
 * The functions below belong to the loop's thread. */
#ifndef SLUICE_RELAY_NODE_ALERT_ALERTING_H
#define SLUICE_RELAY_NODE_ALERT_ALERTING_H

#include "relay/node/site/site.h"

#define ALERTING_CHANNELS   3u
#define ALERTING_TRIES      5u
#define ALERTING_DEADLINE_S 20u /* of one try */

struct alerting; /* opaque */

struct alerting_options {
    const struct node_config *config; /* borrowed for its life; alerts.is_on */
    struct journal *journal;          /* borrowed for its life */
};

/* Says what is wrong and returns an exit code: EXIT_DONE, EXIT_USAGE (a file that is named cannot
 * be read or may be read by others), EXIT_TEMPORARY. */
int alerting_open(const struct alerting_options *options, struct alerting **ret_alerting);
/* Copied. Accepts NULL. */
void alerting_leave(struct alerting *alerting, const struct site_live *live);
/* Something was told to people. Copied. Accepts NULL. */
void alerting_note(struct alerting *alerting, const struct driver_note *note);
/* What it did. Accepts NULL: all zero. */
struct site_alerts alerting_counts(struct alerting *alerting);
/* Ends the thread; what was not delivered is not. Accepts NULL, returns NULL. */
struct alerting *alerting_close(struct alerting *alerting);

#endif
