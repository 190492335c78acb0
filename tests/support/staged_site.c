/* SPDX-License-Identifier: Apache-2.0 */
/* A node's site, and the journal that `sluice why` reads, in each situation of situations.h in
 * turn: what the world's core was told is stepped again over a real journal.
 * Usage: staged_site FOLDER PORT. One line of JSON says what is staged and is printed when it is
 * served; a line on standard input asks for the next one, its end for the end of all. */
#include <jansson.h>
#include <libwebsockets.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/node/process/clock.h"
#include "relay/node/process/exit_codes.h"
#include "relay/node/site/site.h"
#include "tests/support/live.h"
#include "tests/support/situations.h"

static struct node_config config;
static struct site_live live;

static struct journal *make_journal(const struct world *world)
{
    const struct journal_options where = {.path = config.data, .map_bytes = (size_t)64 << 20};
    struct journal *journal = NULL;

    CHECK(journal_open_lmdb(&where, &journal) == STATUS_OK);
    struct live *node = live_new(journal);
    for (uint32_t i = 0; i < world_events_count(world); i++) {
        live_step(node, world_event(world, i));
    }
    live_free(node);
    return journal;
}

static struct site *open_site(const struct world *world, struct journal *journal)
{
    const struct site_options options = {
        .config = &config, .journal = journal, .build_id = "staged_site"};
    struct site *site = NULL;

    config.core = *world_config(world);
    for (uint32_t i = 0; i < config.core.chains_count; i++) {
        config.chains[i].endpoints_count = 1;
        config.chains[i].quorum = 1;
        live.endpoints[i][0].is_up = true;
    }
    live.has_started = true;
    live.beat_ns = clock_monotonic_ns();
    CHECK(site_open(&options, &site) == EXIT_DONE);
    site_leave(site, &live);
    return site;
}

static void tell(const struct situation *of, const struct hash *id)
{
    char text[2 + 2 * sizeof(id->bytes) + 1] = "0x";

    hex_encode(bytes_from(id->bytes, sizeof(id->bytes)), text + 2);
    json_t *line =
        json_pack("{s:s, s:s, s:s?, s:s, s:b, s:s?, s:s?, s:s}", "title", of->title, "id", text,
                  "state", of->state, "reason", reason_text(of->reason), "waits", of->waits,
                  "member", of->member, "has", of->has, "data", config.data);
    CHECK(line != NULL);
    CHECK(json_dumpf(line, stdout, JSON_COMPACT) == 0);
    (void)putchar('\n');
    (void)fflush(stdout);
    json_decref(line);
}

/* The site is kept alive until somebody asks for the next. False: nobody does any more. */
static bool wait_for_word(struct site *site)
{
    struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
    char line[8];

    while (poll(&wait, 1, 500) == 0) {
        live.beat_ns = clock_monotonic_ns();
        site_leave(site, &live);
    }
    return fgets(line, sizeof(line), stdin) != NULL;
}

/* False: nobody asks any more. */
static bool stage(const struct situation *of, const char *folder, uint32_t number)
{
    struct hash id;
    struct world *world = situation_stage(of, &id);

    (void)snprintf(config.data, sizeof(config.data), "%s/%u", folder, number);
    struct journal *journal = make_journal(world);
    struct site *site = open_site(world, journal);
    tell(of, &id);
    const bool goes_on = wait_for_word(site);
    site_close(site);
    journal_close(journal);
    world_free(world);
    return goes_on;
}

int main(int argc, char **argv)
{
    const struct situation *of = NULL;

    CHECK(argc == 3);
    lws_set_log_level(LLL_ERR, NULL);
    config.site_port = (uint16_t)strtoul(argv[2], NULL, 10);
    for (uint32_t i = 0; (of = situation_at(i)) != NULL; i++) {
        if (!stage(of, argv[1], i)) {
            break;
        }
    }
    return 0;
}
