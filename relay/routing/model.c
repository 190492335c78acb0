/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing/model.h"

/* Also false for a NaN. */
static bool is_number(double value)
{
    return value >= -MODEL_NUMBER_MAX && value <= MODEL_NUMBER_MAX;
}

static bool is_at_least_zero(double value)
{
    return value >= 0 && value <= MODEL_NUMBER_MAX;
}

static bool span_fits(struct route_span span, uint32_t count)
{
    return span.first <= count && span.count <= count - span.first;
}

/* Widths above 0, rates that do not increase. */
static bool curve_is_concave(const struct model *model, struct route_span span, double *ret_width)
{
    double width = 0;

    if (!span_fits(span, model->counts.pieces) || span.count == 0) {
        return false;
    }
    for (uint32_t i = 0; i < span.count; i++) {
        const struct model_piece *piece = &model->pieces[span.first + i];
        if (!(piece->width > 0) || !is_number(piece->width) || !is_number(piece->rate)) {
            return false;
        }
        if (i > 0 && piece->rate > piece[-1].rate) {
            return false;
        }
        width += piece->width;
    }
    *ret_width = width;
    return true;
}

static bool place_is_sound(const struct model *model, const struct model_place *place)
{
    double width = 0;

    if (place->decimals > ROUTE_DECIMALS_MAX || !is_number(place->price) ||
        !is_at_least_zero(place->balance) || !is_at_least_zero(place->min) ||
        !is_at_least_zero(place->max) || place->min > place->max) {
        return false;
    }
    switch (place->yield) {
    case ROUTE_YIELD_NONE:
        return true;
    case ROUTE_YIELD_PIECES:
        /* 0 above the last piece, which must not be more than the last rate. */
        return curve_is_concave(model, place->pieces, &width) &&
               model->pieces[place->pieces.first + place->pieces.count - 1].rate >= 0;
    case ROUTE_YIELD_QUADRATIC:
        return is_number(place->linear) && is_at_least_zero(place->quadratic);
    }
    return false;
}

static bool output_is_sound(const struct model *model, const struct model_corridor *corridor)
{
    double width = 0;

    switch (corridor->output) {
    case ROUTE_OUTPUT_LINEAR:
        return is_at_least_zero(corridor->gain);
    case ROUTE_OUTPUT_PIECES:
        /* Widths may miss max by what their sum rounds. */
        return curve_is_concave(model, corridor->pieces, &width) &&
               width >= corridor->max * (1 - 1e-12) &&
               model->pieces[corridor->pieces.first + corridor->pieces.count - 1].rate >= 0;
    case ROUTE_OUTPUT_PRODUCT:
        return corridor->gain > 0 && corridor->gain <= 1 && corridor->reserve_in > 0 &&
               is_number(corridor->reserve_in) && corridor->reserve_out > 0 &&
               is_number(corridor->reserve_out);
    }
    return false;
}

static bool corridor_is_sound(const struct model *model, const struct model_corridor *corridor)
{
    return corridor->from < model->counts.places && corridor->to < model->counts.places &&
           corridor->from != corridor->to && is_at_least_zero(corridor->max) &&
           is_number(corridor->cost) &&
           (corridor->transaction == MODEL_NONE ||
            corridor->transaction < model->counts.transactions) &&
           output_is_sound(model, corridor);
}

static bool terms_are_sound(const struct model *model, struct route_span span, uint32_t count)
{
    if (!span_fits(span, model->counts.terms)) {
        return false;
    }
    for (uint32_t i = 0; i < span.count; i++) {
        const struct model_term *term = &model->terms[span.first + i];
        if (term->index >= count || !is_number(term->coefficient)) {
            return false;
        }
    }
    return true;
}

static bool group_is_sound(const struct model *model, const struct model_group *group)
{
    return is_number(group->min) && is_number(group->max) && group->min <= group->max &&
           is_at_least_zero(group->risk) &&
           terms_are_sound(model, group->places, model->counts.places) &&
           terms_are_sound(model, group->corridors, model->counts.corridors);
}

/* Every corridor listed says that it belongs here, and nobody else lists it. */
static bool transactions_are_sound(const struct model *model)
{
    uint32_t listed = 0;
    uint32_t members = 0;

    for (uint32_t k = 0; k < model->counts.transactions; k++) {
        const struct model_transaction *transaction = &model->transactions[k];
        if (!is_at_least_zero(transaction->cost) ||
            !terms_are_sound(model, transaction->corridors, model->counts.corridors)) {
            return false;
        }
        for (uint32_t i = 0; i < transaction->corridors.count; i++) {
            const uint32_t index = model->terms[transaction->corridors.first + i].index;
            if (model->corridors[index].transaction != k) {
                return false;
            }
            if (i > 0 && index <= model->terms[transaction->corridors.first + i - 1].index) {
                return false;
            }
            listed++;
        }
    }
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        members += model->corridors[i].transaction != MODEL_NONE;
    }
    return listed == members;
}

enum status model_check(const struct model *model)
{
    const struct network_counts *counts = &model->counts;

    if (counts->places > ROUTE_PLACES_MAX || counts->corridors > ROUTE_CORRIDORS_MAX ||
        counts->groups > ROUTE_GROUPS_MAX || counts->transactions > ROUTE_TRANSACTIONS_MAX ||
        counts->pieces > ROUTE_PIECES_MAX || counts->terms > ROUTE_TERMS_MAX) {
        return STATUS_MALFORMED;
    }
    for (uint32_t i = 0; i < counts->places; i++) {
        if (!place_is_sound(model, &model->places[i])) {
            return STATUS_MALFORMED;
        }
    }
    for (uint32_t i = 0; i < counts->corridors; i++) {
        if (!corridor_is_sound(model, &model->corridors[i])) {
            return STATUS_MALFORMED;
        }
    }
    for (uint32_t i = 0; i < counts->groups; i++) {
        if (!group_is_sound(model, &model->groups[i])) {
            return STATUS_MALFORMED;
        }
    }
    return transactions_are_sound(model) ? STATUS_OK : STATUS_MALFORMED;
}
