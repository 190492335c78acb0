/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/situations.h: what can stand between a message and its delivery, one situation
 * each, staged in a world of its own, with what must be said of it wherever somebody asks: in
 * relay/view (tests/unit/test_view_why.c), by `sluice why` and in the browser (tests/e2e/pages).
 *
 * Threads: none; one world at a time. */
#ifndef SLUICE_TESTS_SUPPORT_SITUATIONS_H
#define SLUICE_TESTS_SUPPORT_SITUATIONS_H

#include "relay/core/reason.h"
#include "tests/support/core_world.h"

struct situation {
    const char *title;
    struct world_options options;
    struct hash (*stage)(struct world *world);
    const char *state;
    enum reason reason;
    bool waits; /* it is in the list of what waits */
    /* Mended, it arrives; NULL: it does not, or by itself. */
    void (*mend)(struct world *world);
    /* Something more that is said of it: a member, and a text that its JSON has; NULL: nothing. */
    const char *member;
    const char *has;
};

/* NULL past the last one. */
const struct situation *situation_at(uint32_t index);
/* A world in which it has come to that, owned by the caller; `*ret_id` is the message. */
struct world *situation_stage(const struct situation *of, struct hash *ret_id);

#endif
