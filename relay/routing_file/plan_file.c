/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing_file/plan_file.h"

#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"

/* A tree cannot be deeper than the parser's limit, nor larger than this. */
#define BRANCHES_MAX 65536u
#define DEPTH_MAX    4096u

static const char *const none[] = {NULL};

struct build {
    struct document_reader reader;
    const struct network_file *network;
    struct plan_file *file;
    size_t leaves_count;
};

/* ---- reading ---- */

/* One number for each name, in the order of the network. */
static void amounts_read(struct build *build, const json_t *object, const char *member,
                         const struct file_names *names, double *numbers)
{
    const json_t *map = document_object(&build->reader, object, member);
    const char *id = NULL;
    json_t *value = NULL;

    if (map == NULL) {
        return;
    }
    json_object_foreach((json_t *)map, id, value)
    {
        if (file_names_find(names, id) == MODEL_NONE) {
            document_fail(&build->reader, "'%s' names '%.200s', which the network does not have",
                          member, id);
            return;
        }
    }
    for (uint32_t i = 0; i < names->count && !build->reader.failed; i++) {
        if (json_object_get(map, names->ids[i]) == NULL) {
            document_fail(&build->reader, "'%s' lacks '%.200s'", member, names->ids[i]);
            return;
        }
        numbers[i] = document_number(&build->reader, map, names->ids[i], -MODEL_NUMBER_MAX,
                                     MODEL_NUMBER_MAX);
    }
}

static struct model_prices prices_read(struct build *build, const json_t *object, double *memory)
{
    const struct network_file *network = build->network;
    double *groups = memory + network->places.count;

    amounts_read(build, object, "prices", &network->places, memory);
    amounts_read(build, object, "group_prices", &network->groups, groups);
    return (struct model_prices){.places = memory, .groups = groups};
}

/* Nodes of the tree that wait to be read, and where their index goes. */
struct waiting {
    const json_t *node;
    uint32_t index;
};

static size_t prices_per_leaf(const struct build *build)
{
    return (size_t)build->network->places.count + build->network->groups.count;
}

static void leaf_read(struct build *build, const json_t *node, struct model_branch *branch)
{
    static const char *const required[] = {"prices", "group_prices", NULL};
    static const char *const optional[] = {"infeasible", NULL};
    const json_t *infeasible = json_object_get(node, "infeasible");

    document_members(&build->reader, node, required, optional);
    if (infeasible != NULL && !json_is_true(infeasible)) {
        document_fail(&build->reader, "'infeasible' can only be true");
    }
    branch->transaction = MODEL_NONE;
    /* The first prices are the plan's own. */
    double *memory = build->file->prices + (build->leaves_count + 1) * prices_per_leaf(build);
    branch->prices = prices_read(build, node, memory);
    build->leaves_count++;
}

static void fork_read(struct build *build, const json_t *node, struct model_branch *branch)
{
    static const char *const required[] = {"transaction", "off", "on", NULL};

    document_members(&build->reader, node, required, none);
    const char *id = document_text(&build->reader, node, "transaction");
    if (build->reader.failed) {
        return;
    }
    branch->transaction = file_names_find(&build->network->transactions, id);
    if (branch->transaction == MODEL_NONE) {
        document_fail(&build->reader, "there is no transaction '%s'", id);
    }
}

/* How many nodes and leaves the tree has; false: too many. */
static bool tree_count(const json_t *root, struct waiting *stack, size_t *ret_nodes,
                       size_t *ret_leaves)
{
    size_t depth = 1;
    size_t nodes = 0;
    size_t leaves = 0;

    stack[0].node = root;
    while (depth > 0) {
        const json_t *node = stack[--depth].node;
        nodes++;
        if (nodes > BRANCHES_MAX || depth + 2 > DEPTH_MAX) {
            return false;
        }
        if (json_object_get(node, "transaction") == NULL) {
            leaves++;
            continue;
        }
        stack[depth++].node = json_object_get(node, "on");
        stack[depth++].node = json_object_get(node, "off");
    }
    *ret_nodes = nodes;
    *ret_leaves = leaves;
    return true;
}

/* Depth first, so that every node comes before those below it. */
static void tree_read(struct build *build, const json_t *root, struct waiting *stack)
{
    struct plan_file *file = build->file;
    size_t depth = 1;
    uint32_t count = 1;

    stack[0] = (struct waiting){.node = root, .index = 0};
    while (depth > 0 && !build->reader.failed) {
        const struct waiting waiting = stack[--depth];
        struct model_branch *branch = &file->branches[waiting.index];
        document_at(&build->reader, "branches: node %u", waiting.index);
        if (json_object_get(waiting.node, "transaction") == NULL) {
            leaf_read(build, waiting.node, branch);
            continue;
        }
        fork_read(build, waiting.node, branch);
        branch->off = count++;
        branch->on = count++;
        stack[depth++] = (struct waiting){json_object_get(waiting.node, "on"), branch->on};
        stack[depth++] = (struct waiting){json_object_get(waiting.node, "off"), branch->off};
    }
    file->plan.branches = file->branches;
    file->plan.branches_count = count;
}

static void memory_take(struct build *build, size_t nodes, size_t leaves)
{
    struct plan_file *file = build->file;

    file->positions = calloc(build->network->places.count + 1u, sizeof(double));
    file->flows = calloc(build->network->corridors.count + 1u, sizeof(double));
    file->prices = calloc((leaves + 1) * prices_per_leaf(build) + 1, sizeof(double));
    file->branches = calloc(nodes + 1, sizeof(*file->branches));
    CHECK(file->positions != NULL);
    CHECK(file->flows != NULL);
    CHECK(file->prices != NULL);
    CHECK(file->branches != NULL);
    file->plan.positions = file->positions;
    file->plan.flows = file->flows;
}

static void status_read(struct build *build, const json_t *root)
{
    const char *status = document_text(&build->reader, root, "status");
    struct model_plan *plan = &build->file->plan;

    if (strcmp(status, "optimal") == 0) {
        plan->status = MODEL_OPTIMAL;
    } else if (strcmp(status, "feasible") == 0) {
        plan->status = MODEL_FEASIBLE;
    } else if (strcmp(status, "infeasible") == 0) {
        plan->status = MODEL_INFEASIBLE;
    } else {
        document_fail(&build->reader, "'status' must be optimal, feasible or infeasible");
    }
    if (json_object_get(root, "steps") != NULL) {
        plan->steps = (uint64_t)document_number(&build->reader, root, "steps", 0, 1e15);
    }
}

static void body_read(struct build *build, const json_t *root)
{
    static const char *const proof[] = {"format", "status", "prices", "group_prices", NULL};
    static const char *const optional_proof[] = {"steps", "warm", "conflict", NULL};
    static const char *const whole[] = {"format", "status",       "value", "bound",
                                        "gap",    "baseline",     "flows", "positions",
                                        "prices", "group_prices", NULL};
    static const char *const optional[] = {"steps", "warm", "branches", NULL};
    struct document_reader *reader = &build->reader;
    struct model_plan *plan = &build->file->plan;

    status_read(build, root);
    plan->prices = prices_read(build, root, build->file->prices);
    if (plan->status == MODEL_INFEASIBLE) {
        document_members(reader, root, proof, optional_proof);
        return;
    }
    document_members(reader, root, whole, optional);
    /* Values add up over many places. */
    plan->value = document_number(reader, root, "value", -1e300, 1e300);
    plan->bound = document_number(reader, root, "bound", -1e300, 1e300);
    plan->gap = document_number(reader, root, "gap", -1e300, 1e300);
    plan->baseline = document_number(reader, root, "baseline", -1e300, 1e300);
    amounts_read(build, root, "positions", &build->network->places, build->file->positions);
    amounts_read(build, root, "flows", &build->network->corridors, build->file->flows);
}

static void root_read(struct build *build, const json_t *root)
{
    const json_t *tree = json_object_get(root, "branches");
    struct waiting *stack = calloc(DEPTH_MAX + 2, sizeof(*stack));
    size_t nodes = 0;
    size_t leaves = 0;

    CHECK(stack != NULL);
    document_at(&build->reader, "the plan");
    const char *format = document_text(&build->reader, root, "format");
    if (strcmp(format, "sluice-plan/1") != 0) {
        document_fail(&build->reader, "'format' must be \"sluice-plan/1\"");
    }
    if (tree != NULL && !tree_count(tree, stack, &nodes, &leaves)) {
        document_fail(&build->reader, "'branches' has more than %u nodes", BRANCHES_MAX);
        leaves = 0;
    }
    memory_take(build, nodes, leaves);
    body_read(build, root);
    if (tree != NULL && !build->reader.failed) {
        tree_read(build, tree, stack);
    }
    free(stack);
}

enum status plan_file_parse(const struct network_file *network, struct bytes text,
                            struct plan_file **ret_file, struct document_error *ret_error)
{
    struct build build;

    memset(&build, 0, sizeof(build));
    json_t *root = document_parse(&build.reader, text);
    if (root == NULL) {
        *ret_error = build.reader.error;
        return STATUS_MALFORMED;
    }
    build.network = network;
    build.file = calloc(1, sizeof(*build.file));
    CHECK(build.file != NULL);
    root_read(&build, root);
    json_decref(root);
    if (build.reader.failed) {
        *ret_error = build.reader.error;
        (void)plan_file_free(build.file);
        return STATUS_MALFORMED;
    }
    *ret_file = build.file;
    return STATUS_OK;
}

enum status plan_file_load(const struct network_file *network, const char *path,
                           struct plan_file **ret_file, struct document_error *ret_error)
{
    char *data = NULL;
    size_t bytes_count = 0;

    enum status status = document_load(path, &data, &bytes_count, ret_error);
    if (status != STATUS_OK) {
        return status;
    }
    status = plan_file_parse(network, bytes_from(data, bytes_count), ret_file, ret_error);
    free(data);
    if (status != STATUS_OK) {
        document_error_of(ret_error, path);
    }
    return status;
}

struct plan_file *plan_file_free(struct plan_file *file)
{
    if (file == NULL) {
        return NULL;
    }
    free(file->positions);
    free(file->flows);
    free(file->prices);
    free(file->branches);
    free(file);
    return NULL;
}

/* ---- writing ---- */

static void set(json_t *object, const char *name, json_t *value)
{
    CHECK(value != NULL);
    const int rc = json_object_set_new(object, name, value);
    CHECK(rc == 0);
}

static json_t *amounts_document(const struct file_names *names, const double *numbers)
{
    json_t *map = json_object();

    CHECK(map != NULL);
    for (uint32_t i = 0; i < names->count; i++) {
        set(map, names->ids[i], json_real(numbers[i]));
    }
    return map;
}

static void prices_write(const struct network_file *network, const struct model_prices *prices,
                         json_t *object)
{
    set(object, "prices", amounts_document(&network->places, prices->places));
    set(object, "group_prices", amounts_document(&network->groups, prices->groups));
}

/* From the last node to the first: those below a node are ready before it. */
static json_t *tree_document(const struct network_file *network, const struct model_plan *plan)
{
    json_t **nodes = calloc(plan->branches_count, sizeof(json_t *));

    CHECK(nodes != NULL);
    for (uint32_t i = plan->branches_count; i-- > 0;) {
        const struct model_branch *branch = &plan->branches[i];
        nodes[i] = json_object();
        CHECK(nodes[i] != NULL);
        if (branch->transaction == MODEL_NONE) {
            prices_write(network, &branch->prices, nodes[i]);
            continue;
        }
        set(nodes[i], "transaction", json_string(network->transactions.ids[branch->transaction]));
        set(nodes[i], "off", nodes[branch->off]);
        set(nodes[i], "on", nodes[branch->on]);
    }
    json_t *root = nodes[0];
    free(nodes);
    return root;
}

json_t *plan_file_document(const struct network_file *network, const struct model_plan *plan,
                           json_t *conflict)
{
    static const char *const words[] = {[MODEL_OPTIMAL] = "optimal",
                                        [MODEL_FEASIBLE] = "feasible",
                                        [MODEL_INFEASIBLE] = "infeasible"};
    json_t *root = json_object();

    CHECK(root != NULL);
    set(root, "format", json_string("sluice-plan/1"));
    set(root, "status", json_string(words[plan->status]));
    set(root, "steps", json_integer((json_int_t)plan->steps));
    if (plan->status == MODEL_INFEASIBLE) {
        if (conflict != NULL) {
            set(root, "conflict", json_incref(conflict));
        }
        prices_write(network, &plan->prices, root);
        return root;
    }
    set(root, "value", json_real(plan->value));
    set(root, "bound", json_real(plan->bound));
    set(root, "gap", json_real(plan->gap));
    set(root, "baseline", json_real(plan->baseline));
    set(root, "positions", amounts_document(&network->places, plan->positions));
    set(root, "flows", amounts_document(&network->corridors, plan->flows));
    prices_write(network, &plan->prices, root);
    if (plan->branches != NULL) {
        set(root, "branches", tree_document(network, plan));
    }
    return root;
}
