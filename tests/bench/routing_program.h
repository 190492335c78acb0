/* SPDX-License-Identifier: Apache-2.0 */
/* tests/bench/routing_program.h: a network as a linear program, for the solvers beside ours.
 *
 * Columns: per place one for each piece of its curve and one for the rest; per corridor one, or one
 * for each piece; per transaction a binary one when they are asked for. Rows: a balance per place,
 * a range per group, and x <= max y per corridor with a cost per transaction. Maximised. Risk and
 * constant products are left out: the model must have none. */
#ifndef SLUICE_TESTS_BENCH_ROUTING_PROGRAM_H
#define SLUICE_TESTS_BENCH_ROUTING_PROGRAM_H

#include <stdio.h>

#include "relay/routing/model.h"

struct program {
    uint32_t rows;
    uint32_t columns;
    uint32_t entries;
    uint32_t binaries; /* the last columns */
    double *row_lower;
    double *row_upper;
    double *lower; /* by column */
    double *upper;
    double *objective;
    int *starts; /* by column, and one more */
    int *indexes;
    double *values;
};

struct program program_from(const struct model *model, bool with_transactions);
void program_deinit(struct program *program);
/* In the LP format that HiGHS reads. */
void program_write(const struct program *program, FILE *stream);

#endif
