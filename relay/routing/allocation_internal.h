/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/allocation_internal.h: what the parts of the allocation solver share. */
#ifndef SLUICE_RELAY_ROUTING_ALLOCATION_INTERNAL_H
#define SLUICE_RELAY_ROUTING_ALLOCATION_INTERNAL_H

#include "relay/routing/allocation.h"
#include "relay/routing/simplex.h"

#define ALLOCATION_VIOLATION 5e-10 /* half of what the certificate lets pass */

struct answer {
    double *positions;
    double *flows;
    double *prices; /* of places, then of groups */
};

struct tree_node {
    uint32_t parent;
    uint32_t transaction; /* that this node's children decide; MODEL_NONE: a leaf */
    uint32_t candidate;   /* that they would decide; MODEL_NONE: nothing is left to decide */
    uint32_t off;
    uint32_t on;
    uint32_t slot;    /* of its prices, while a leaf */
    uint8_t decision; /* of its parent's transaction */
    double bound;
};

struct tree {
    struct tree_node *nodes;
    uint32_t nodes_count;
    uint32_t *free_slots;
    uint32_t free_count;
    double *slots; /* prices of leaves, by slot */
    struct model_branch *branches;
    uint8_t *decisions; /* by transaction: what the simplex method is set to */
    uint8_t *wanted;    /* by transaction */
    double penalty;     /* that the relaxed problem needed */
};

struct search {
    struct allocation *allocation;
    const struct allocation_options *options;
    struct simplex *simplex;
    struct answer best; /* the plan worth most, and the prices that bound lowest */
    struct answer trial;
    struct certificate certificate; /* of the trial */
    double value;
    double bound;
    double baseline;
    bool found;
    bool bounded;
    bool infeasible; /* proved by the best prices */
    struct tree tree;
    bool branched;
    void *scratch;
};

/* Rows of the simplex method, and prices of a plan or a leaf. */
static inline uint32_t allocation_rows(const struct model *model)
{
    return model->counts.places + model->counts.groups;
}

/* Pivots that may be done in all. */
uint64_t search_pivots_max(const struct search *search);
/* Runs the simplex method on what it is set to. False: it could not. */
bool search_run(struct search *search);
/* Takes the simplex method's plan as the trial and keeps it when it is worth more. */
void search_judge(struct search *search);
/* The gap between the best plan and a bound. */
double search_gap(const struct search *search, double bound);

/* Bytes for the tree; 0 without transactions. */
size_t tree_footprint(const struct model *model, uint32_t nodes_max);
uint32_t tree_nodes_max(const struct model *model);
void tree_init(struct tree *tree, const struct model *model, uint32_t nodes_max, void *memory);
/* Sets every transaction open: its cost is spread over its corridors' whole width. */
void tree_relax(struct search *search);
/* Closes the gap as far as steps and memory go; after the relaxed problem was solved. */
void tree_search(struct search *search);

#endif
