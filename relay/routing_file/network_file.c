/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing_file/network_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"

#define HORIZON_S_MAX 3153600000.0 /* a century */

static const char *const none[] = {NULL};

/* What is filled; the model borrows it. */
struct build {
    struct document_reader reader;
    struct network_file *file;
    struct model_place *places;
    struct model_corridor *corridors;
    struct model_group *groups;
    struct model_transaction *transactions;
    struct model_piece *pieces;
    struct model_term *terms;
    uint32_t pieces_count;
    uint32_t terms_count;
};

uint32_t file_names_find(const struct file_names *names, const char *id)
{
    const json_t *index = json_object_get(names->indexes, id);
    return index == NULL ? MODEL_NONE : (uint32_t)json_integer_value(index);
}

/* ---- ids ---- */

/* Takes the ids of all items of a list; `ret_names` is what network_file_free frees. */
static void names_read(struct build *build, const json_t *list, const char *title,
                       struct file_names *names)
{
    const size_t count = json_array_size(list);

    names->indexes = json_object();
    names->ids = calloc(count + 1, sizeof(*names->ids));
    CHECK(names->indexes != NULL);
    CHECK(names->ids != NULL);
    for (size_t i = 0; i < count && !build->reader.failed; i++) {
        document_at(&build->reader, "%s[%zu]", title, i);
        const char *id = document_text(&build->reader, json_array_get(list, i), "id");
        if (build->reader.failed) {
            return;
        }
        if (json_object_get(names->indexes, id) != NULL) {
            document_fail(&build->reader, "the id '%s' is there twice", id);
            return;
        }
        const int rc = json_object_set_new(names->indexes, id, json_integer((json_int_t)i));
        CHECK(rc == 0);
        names->ids[i] = id;
        names->count++;
    }
}

static uint32_t find(struct build *build, const struct file_names *names, const char *id,
                     const char *what)
{
    const uint32_t index = file_names_find(names, id);

    if (index == MODEL_NONE) {
        document_fail(&build->reader, "there is no %s '%.200s'", what, id);
        return 0;
    }
    return index;
}

static uint32_t find_member(struct build *build, const json_t *object, const char *name)
{
    const char *id = document_text(&build->reader, object, name);
    return build->reader.failed ? 0 : find(build, &build->file->places, id, "place");
}

/* ---- curves ---- */

static struct route_span pieces_read(struct build *build, const json_t *object, double rate_min)
{
    const struct route_span span = {.first = build->pieces_count, .count = 0};
    struct route_span read = span;
    const json_t *list = document_array(&build->reader, object, "pieces", ROUTE_PIECES_MAX);
    const size_t count = json_array_size(list);

    if (list != NULL && (count == 0 || count > ROUTE_PIECES_MAX - span.first)) {
        document_fail(&build->reader, "'pieces' must be some, and in all at most %u",
                      ROUTE_PIECES_MAX);
    }
    for (size_t i = 0; i < count && !build->reader.failed; i++) {
        const json_t *pair = json_array_get(list, i);
        if (!json_is_array(pair) || json_array_size(pair) != 2) {
            document_fail(&build->reader, "pieces[%zu] must be [width, rate]", i);
            break;
        }
        struct model_piece *piece = &build->pieces[build->pieces_count];
        piece->width = document_item(&build->reader, pair, 0, "width", 0, MODEL_NUMBER_MAX);
        piece->rate = document_item(&build->reader, pair, 1, "rate", rate_min, MODEL_NUMBER_MAX);
        if (!(piece->width > 0)) {
            document_fail(&build->reader, "pieces[%zu]: the width must be above 0", i);
        }
        if (i > 0 && piece->rate > piece[-1].rate) {
            document_fail(&build->reader, "pieces[%zu]: rates must not increase (%g after %g)", i,
                          piece->rate, piece[-1].rate);
        }
        build->pieces_count++;
        read.count++;
    }
    return build->reader.failed ? span : read;
}

static void yield_read(struct build *build, const json_t *object, struct model_place *place)
{
    static const char *const with_pieces[] = {"pieces", NULL};
    static const char *const with_formula[] = {"linear", "quadratic", NULL};

    place->yield = ROUTE_YIELD_NONE;
    if (object == NULL) {
        return;
    }
    if (json_object_get(object, "pieces") != NULL) {
        document_members(&build->reader, object, with_pieces, none);
        place->yield = ROUTE_YIELD_PIECES;
        place->pieces = pieces_read(build, object, 0);
        return;
    }
    document_members(&build->reader, object, with_formula, none);
    place->yield = ROUTE_YIELD_QUADRATIC;
    place->linear =
        document_number(&build->reader, object, "linear", -MODEL_NUMBER_MAX, MODEL_NUMBER_MAX);
    place->quadratic = document_number(&build->reader, object, "quadratic", 0, MODEL_NUMBER_MAX);
}

static void output_read(struct build *build, const json_t *object, struct model_corridor *corridor)
{
    static const char *const linear[] = {"gain", NULL};
    static const char *const pieces[] = {"pieces", NULL};
    static const char *const product[] = {"reserve_in", "reserve_out", "gain", NULL};
    struct document_reader *reader = &build->reader;

    if (json_object_get(object, "pieces") != NULL) {
        document_members(reader, object, pieces, none);
        corridor->output = ROUTE_OUTPUT_PIECES;
        corridor->pieces = pieces_read(build, object, 0);
        return;
    }
    if (json_object_get(object, "reserve_in") != NULL ||
        json_object_get(object, "reserve_out") != NULL) {
        document_members(reader, object, product, none);
        corridor->output = ROUTE_OUTPUT_PRODUCT;
        corridor->gain = document_number(reader, object, "gain", 1e-12, 1);
        corridor->reserve_in = document_number(reader, object, "reserve_in", 1e-30, 1e30);
        corridor->reserve_out = document_number(reader, object, "reserve_out", 1e-30, 1e30);
        return;
    }
    document_members(reader, object, linear, none);
    corridor->output = ROUTE_OUTPUT_LINEAR;
    corridor->gain = document_number(reader, object, "gain", 0, MODEL_NUMBER_MAX);
}

/* ---- places and corridors ---- */

static void bounds_order(struct build *build, double min, double max)
{
    if (min > max) {
        document_fail(&build->reader, "'min' is %g and 'max' is %g: nothing is between them", min,
                      max);
    }
}

static void place_read(struct build *build, const json_t *object, uint32_t index)
{
    static const char *const required[] = {"id",  "decimals", "price", "balance",
                                           "min", "max",      NULL};
    static const char *const optional[] = {"yield", NULL};
    struct document_reader *reader = &build->reader;
    struct model_place *place = &build->places[index];

    document_at(reader, "places[%u] '%s'", index, build->file->places.ids[index]);
    document_members(reader, object, required, optional);
    const double decimals = document_number(reader, object, "decimals", 0, ROUTE_DECIMALS_MAX);
    place->decimals = (uint32_t)decimals;
    if ((double)place->decimals != decimals) {
        document_fail(reader, "'decimals' must be a whole number");
    }
    place->price = document_number(reader, object, "price", -MODEL_NUMBER_MAX, MODEL_NUMBER_MAX);
    place->balance = document_number(reader, object, "balance", 0, MODEL_NUMBER_MAX);
    place->min = document_number(reader, object, "min", 0, MODEL_NUMBER_MAX);
    place->max = document_number(reader, object, "max", 0, MODEL_NUMBER_MAX);
    bounds_order(build, place->min, place->max);
    yield_read(build, document_object(reader, object, "yield"), place);
}

static void corridor_read(struct build *build, const json_t *object, uint32_t index)
{
    static const char *const required[] = {"id", "from", "to", "max", "cost", "output", NULL};
    struct document_reader *reader = &build->reader;
    struct model_corridor *corridor = &build->corridors[index];

    document_at(reader, "corridors[%u] '%s'", index, build->file->corridors.ids[index]);
    document_members(reader, object, required, none);
    corridor->transaction = MODEL_NONE;
    corridor->from = find_member(build, object, "from");
    corridor->to = find_member(build, object, "to");
    if (corridor->from == corridor->to) {
        document_fail(reader, "it leads from a place to itself");
    }
    corridor->max = document_number(reader, object, "max", 0, MODEL_NUMBER_MAX);
    corridor->cost = document_number(reader, object, "cost", -MODEL_NUMBER_MAX, MODEL_NUMBER_MAX);
    output_read(build, document_object(reader, object, "output"), corridor);
    double width = 0;
    for (uint32_t i = 0; i < corridor->pieces.count; i++) {
        width += build->pieces[corridor->pieces.first + i].width;
    }
    if (corridor->output == ROUTE_OUTPUT_PIECES && !(width >= corridor->max * (1 - 1e-12))) {
        document_fail(reader, "its pieces are %g wide together, less than its max %g", width,
                      corridor->max);
    }
}

/* ---- groups and transactions ---- */

static void term_add(struct build *build, uint32_t index, double coefficient)
{
    if (build->terms_count == ROUTE_TERMS_MAX) {
        document_fail(&build->reader, "groups and transactions name more than %u things",
                      ROUTE_TERMS_MAX);
        return;
    }
    build->terms[build->terms_count] =
        (struct model_term){.index = index, .coefficient = coefficient};
    build->terms_count++;
}

static struct route_span terms_read(struct build *build, const json_t *object,
                                    const struct file_names *names, const char *what)
{
    struct route_span span = {.first = build->terms_count, .count = 0};
    const char *id = NULL;
    json_t *value = NULL;

    if (object == NULL) {
        return span;
    }
    json_object_foreach((json_t *)object, id, value)
    {
        const uint32_t index = find(build, names, id, what);
        if (!build->reader.failed) {
            term_add(
                build, index,
                document_number(&build->reader, object, id, -MODEL_NUMBER_MAX, MODEL_NUMBER_MAX));
        }
    }
    span.count = build->terms_count - span.first;
    return span;
}

static void group_read(struct build *build, const json_t *object, uint32_t index)
{
    static const char *const required[] = {"id", "min", "max", NULL};
    static const char *const optional[] = {"risk", "places", "corridors", NULL};
    struct document_reader *reader = &build->reader;
    struct model_group *group = &build->groups[index];

    document_at(reader, "groups[%u] '%s'", index, build->file->groups.ids[index]);
    document_members(reader, object, required, optional);
    group->min = document_number(reader, object, "min", -MODEL_NUMBER_MAX, MODEL_NUMBER_MAX);
    group->max = document_number(reader, object, "max", -MODEL_NUMBER_MAX, MODEL_NUMBER_MAX);
    bounds_order(build, group->min, group->max);
    if (json_object_get(object, "risk") != NULL) {
        group->risk = document_number(reader, object, "risk", 0, MODEL_NUMBER_MAX);
    }
    group->places =
        terms_read(build, document_object(reader, object, "places"), &build->file->places, "place");
    group->corridors = terms_read(build, document_object(reader, object, "corridors"),
                                  &build->file->corridors, "corridor");
}

static void transaction_read(struct build *build, const json_t *object, uint32_t index)
{
    static const char *const required[] = {"id", "cost", "corridors", NULL};
    struct document_reader *reader = &build->reader;
    struct network_file *file = build->file;

    document_at(reader, "transactions[%u] '%s'", index, file->transactions.ids[index]);
    document_members(reader, object, required, none);
    build->transactions[index].cost = document_number(reader, object, "cost", 0, MODEL_NUMBER_MAX);
    const json_t *list = document_array(reader, object, "corridors", ROUTE_CORRIDORS_MAX);
    for (size_t i = 0; i < json_array_size(list) && !reader->failed; i++) {
        const char *id = json_string_value(json_array_get(list, i));
        if (id == NULL) {
            document_fail(reader, "'corridors' must be a list of ids");
            return;
        }
        struct model_corridor *corridor =
            &build->corridors[find(build, &file->corridors, id, "corridor")];
        if (reader->failed) {
            return;
        }
        if (corridor->transaction != MODEL_NONE) {
            document_fail(reader, "the corridor '%s' is in '%s' already", id,
                          file->transactions.ids[corridor->transaction]);
            return;
        }
        corridor->transaction = index;
        build->transactions[index].corridors.count++;
    }
}

/* The corridors of each transaction, in their own order. */
static void transactions_list(struct build *build)
{
    const struct network_file *file = build->file;

    if (file->corridors.count > ROUTE_TERMS_MAX - build->terms_count) {
        document_fail(&build->reader, "groups and transactions name more than %u things",
                      ROUTE_TERMS_MAX);
        return;
    }
    for (uint32_t k = 0; k < file->transactions.count; k++) {
        struct route_span *span = &build->transactions[k].corridors;
        span->first = build->terms_count;
        build->terms_count += span->count;
        span->count = 0;
    }
    for (uint32_t i = 0; i < file->corridors.count; i++) {
        if (build->corridors[i].transaction != MODEL_NONE) {
            struct route_span *span =
                &build->transactions[build->corridors[i].transaction].corridors;
            build->terms[span->first + span->count] =
                (struct model_term){.index = i, .coefficient = 1};
            span->count++;
        }
    }
}

/* ---- the whole ---- */

static size_t pieces_bound(const json_t *list, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *curve = json_object_get(json_array_get(list, i), name);
        count += json_array_size(json_object_get(curve, "pieces"));
    }
    return count;
}

static void memory_take(struct build *build, const json_t *root)
{
    const struct network_file *file = build->file;
    const size_t pieces = pieces_bound(json_object_get(root, "places"), "yield") +
                          pieces_bound(json_object_get(root, "corridors"), "output");
    const size_t pieces_max = pieces > ROUTE_PIECES_MAX ? ROUTE_PIECES_MAX : pieces;

    build->places = calloc(file->places.count + 1, sizeof(*build->places));
    build->corridors = calloc(file->corridors.count + 1, sizeof(*build->corridors));
    build->groups = calloc(file->groups.count + 1, sizeof(*build->groups));
    build->transactions = calloc(file->transactions.count + 1, sizeof(*build->transactions));
    build->pieces = calloc(pieces_max + 1, sizeof(*build->pieces));
    build->terms = calloc(ROUTE_TERMS_MAX, sizeof(*build->terms));
    CHECK(build->places != NULL);
    CHECK(build->corridors != NULL);
    CHECK(build->groups != NULL);
    CHECK(build->transactions != NULL);
    CHECK(build->pieces != NULL);
    CHECK(build->terms != NULL);
}

static void lists_read(struct build *build, const json_t *root)
{
    struct network_file *file = build->file;
    struct document_reader *reader = &build->reader;
    const json_t *places = document_array(reader, root, "places", ROUTE_PLACES_MAX);
    const json_t *corridors = document_array(reader, root, "corridors", ROUTE_CORRIDORS_MAX);
    const json_t *groups = document_array(reader, root, "groups", ROUTE_GROUPS_MAX);
    const json_t *transactions =
        document_array(reader, root, "transactions", ROUTE_TRANSACTIONS_MAX);

    names_read(build, places, "places", &file->places);
    names_read(build, corridors, "corridors", &file->corridors);
    names_read(build, groups, "groups", &file->groups);
    names_read(build, transactions, "transactions", &file->transactions);
    memory_take(build, root);
    for (uint32_t i = 0; i < file->places.count && !reader->failed; i++) {
        place_read(build, json_array_get(places, i), i);
    }
    for (uint32_t i = 0; i < file->corridors.count && !reader->failed; i++) {
        corridor_read(build, json_array_get(corridors, i), i);
    }
    for (uint32_t i = 0; i < file->groups.count && !reader->failed; i++) {
        group_read(build, json_array_get(groups, i), i);
    }
    for (uint32_t i = 0; i < file->transactions.count && !reader->failed; i++) {
        transaction_read(build, json_array_get(transactions, i), i);
    }
}

static void root_read(struct build *build, const json_t *root)
{
    static const char *const required[] = {"format", "horizon_s", "places", "corridors", NULL};
    static const char *const optional[] = {"groups", "transactions", NULL};
    struct document_reader *reader = &build->reader;

    document_at(reader, "the network");
    document_members(reader, root, required, optional);
    const char *format = document_text(reader, root, "format");
    if (strcmp(format, "sluice-network/1") != 0) {
        document_fail(reader, "'format' must be \"sluice-network/1\"");
    }
    const double horizon_s = document_number(reader, root, "horizon_s", 0, HORIZON_S_MAX);
    build->file->model.horizon_s = (uint64_t)horizon_s;
    if ((double)build->file->model.horizon_s != horizon_s) {
        document_fail(reader, "'horizon_s' must be a whole number of seconds");
    }
    lists_read(build, root);
    if (!reader->failed) {
        transactions_list(build);
    }
}

static void model_fill(const struct build *build)
{
    struct network_file *file = build->file;

    file->model.counts = (struct network_counts){.places = file->places.count,
                                                 .corridors = file->corridors.count,
                                                 .groups = file->groups.count,
                                                 .transactions = file->transactions.count,
                                                 .pieces = build->pieces_count,
                                                 .terms = build->terms_count};
    file->model.places = build->places;
    file->model.corridors = build->corridors;
    file->model.groups = build->groups;
    file->model.transactions = build->transactions;
    file->model.pieces = build->pieces;
    file->model.terms = build->terms;
}

enum status network_file_parse(struct bytes text, struct network_file **ret_file,
                               struct document_error *ret_error)
{
    struct build build;

    memset(&build, 0, sizeof(build));
    json_t *root = document_parse(&build.reader, text);
    if (root == NULL) {
        *ret_error = build.reader.error;
        return STATUS_MALFORMED;
    }
    build.file = calloc(1, sizeof(*build.file));
    if (build.file == NULL) {
        json_decref(root);
        (void)snprintf(ret_error->text, sizeof(ret_error->text), "no memory");
        return STATUS_NO_MEMORY;
    }
    build.file->root = root;
    root_read(&build, root);
    model_fill(&build);
    if (build.reader.failed) {
        *ret_error = build.reader.error;
        (void)network_file_free(build.file);
        return STATUS_MALFORMED;
    }
    /* What is read above is what model_check asks for; a difference is a bug of ours. */
    const enum status status = model_check(&build.file->model);
    CHECK(status == STATUS_OK);
    *ret_file = build.file;
    return STATUS_OK;
}

enum status network_file_load(const char *path, struct network_file **ret_file,
                              struct document_error *ret_error)
{
    char *data = NULL;
    size_t bytes_count = 0;

    enum status status = document_load(path, &data, &bytes_count, ret_error);
    if (status != STATUS_OK) {
        return status;
    }
    status = network_file_parse(bytes_from(data, bytes_count), ret_file, ret_error);
    free(data);
    if (status != STATUS_OK) {
        document_error_of(ret_error, path);
    }
    return status;
}

static void names_deinit(struct file_names *names)
{
    json_decref(names->indexes);
    free(names->ids);
}

struct network_file *network_file_free(struct network_file *file)
{
    if (file == NULL) {
        return NULL;
    }
    names_deinit(&file->places);
    names_deinit(&file->corridors);
    names_deinit(&file->groups);
    names_deinit(&file->transactions);
    free((void *)file->model.places);
    free((void *)file->model.corridors);
    free((void *)file->model.groups);
    free((void *)file->model.transactions);
    free((void *)file->model.pieces);
    free((void *)file->model.terms);
    json_decref(file->root);
    free(file);
    return NULL;
}
