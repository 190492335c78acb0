/* SPDX-License-Identifier: Apache-2.0 */
/* relay/backtest/plot.h: the value of each policy over time, as one SVG file. Threads: one. */
#ifndef SLUICE_RELAY_BACKTEST_PLOT_H
#define SLUICE_RELAY_BACKTEST_PLOT_H

#include <stdio.h>

#include "relay/backtest/world.h"

#define PLOT_LINES_MAX 8u

struct plot_line {
    const char *name;
    const struct world_result *result;
};

/* `best`: what hindsight could have made; a level line unless `has_best` is false. */
struct plot {
    const struct scenario *scenario;
    struct plot_line lines[PLOT_LINES_MAX];
    uint32_t lines_count;
    bool has_best;
    double best;
};

/* Words from the scenario are escaped. */
void plot_write(const struct plot *plot, FILE *stream);

#endif
