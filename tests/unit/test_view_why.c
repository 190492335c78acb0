/* SPDX-License-Identifier: Apache-2.0 */
/* What `sluice why` and the node's pages say in staged situations, one line per situation: they
 * show what relay/view makes of the rows, which is asked here.
 *
 * Method: the core lives in an imaginary world; something is wrong in it; one message meets that.
 * What is said of the message must be the state and the words of the table, with the validator, the
 * payment or the transaction that it is about; and the list of all that waits must name it, or must
 * not where nothing waits any more. Then, where that can be, what was wrong is mended, and the
 * message arrives. */
#include "tests/support/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "relay/view/view.h"
#include "tests/support/situations.h"

static uint32_t failures;

static struct view view_of(struct world *world)
{
    return (struct view){.source = row_table_source(world_rows(world)),
                         .config = world_config(world)};
}

static bool says(const json_t *object, enum reason reason)
{
    const char *text =
        json_string_value(json_object_get(json_object_get(object, "reason"), "text"));

    return text != NULL && strcmp(text, reason_text(reason)) == 0;
}

static bool has(const json_t *object, const char *member, const char *wanted)
{
    char *text = json_dumps(json_object_get(object, member), JSON_ENCODE_ANY);
    const bool found = text != NULL && strstr(text, wanted) != NULL;

    free(text);
    return found;
}

static void check_message(struct world *world, const struct situation *of, const struct hash *id)
{
    const struct view view = view_of(world);
    static struct message_why why;

    assert_status(STATUS_OK, core_view_why(&view.source, id, &why));
    json_t *object = view_message_why(&view, id, &why);
    char *text = json_dumps(object, JSON_COMPACT);
    const char *state = json_string_value(json_object_get(object, "state"));
    if (!says(object, of->reason) || (of->state != NULL && strcmp(state, of->state) != 0) ||
        (of->member != NULL && !has(object, of->member, of->has))) {
        print_error("%s: %s\n", of->title, text);
        failures++;
    }
    free(text);
    json_decref(object);
}

static void check_waiting(struct world *world, const struct situation *of)
{
    const struct view view = view_of(world);
    json_t *waiting = NULL;
    bool is_listed = false;
    size_t i = 0;
    json_t *entry = NULL;

    assert_status(STATUS_OK, view_waiting(&view, &waiting));
    json_array_foreach(json_object_get(waiting, "waiting"), i, entry)
    {
        const char *what = json_string_value(json_object_get(entry, "what"));
        is_listed = is_listed || (strcmp(what, "messages to") == 0 && says(entry, of->reason));
    }
    if (is_listed != of->waits) {
        char *text = json_dumps(waiting, JSON_COMPACT);
        print_error("%s: %s\n", of->title, text);
        failures++;
        free(text);
    }
    json_decref(waiting);
}

static void each_situation_is_named_for_what_it_is(void **state)
{
    (void)state;
    const struct situation *of = NULL;

    for (uint32_t i = 0; (of = situation_at(i)) != NULL; i++) {
        struct hash id;
        struct world *world = situation_stage(of, &id);

        check_message(world, of, &id);
        check_waiting(world, of);
        if (of->mend != NULL) {
            of->mend(world);
            world_run_until_delivered(world, 1200);
            const struct situation after = {
                .title = of->title, .state = "delivered", .reason = REASON_DELIVERED};
            check_message(world, &after, &id);
            check_waiting(world, &after);
        }
        world_free(world);
    }
    assert_int_equal(failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_situation_is_named_for_what_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
