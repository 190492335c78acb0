/* SPDX-License-Identifier: Apache-2.0 */
/* sim: simulated lives of a node.
 *
 *   sim --seed N [--tell]           one life, twice, with equal digests
 *   sim --first N --count M         lives of M seeds
 *   sim --seeds FILE                lives of the seeds in a file, one per line
 *   sim --first N --seconds S       as many seeds as fit
 *
 * --family plain|evm|mixed|quorum|venues, --no-faults, --stalls (finality stands still, then
 * jumps),
 * --json. Exit codes: 0 all lived, 1 a check failed, 2 wrong usage. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay/base/check.h"
#include "tests/sim/sim.h"

struct run {
    uint64_t first;
    uint64_t count;
    uint64_t seconds;
    const char *seeds_path;
    bool json;
    struct sim_options options;
    uint64_t passed;
    uint64_t failed;
    uint64_t events;
    uint64_t kills;
    uint64_t messages;
};

static int usage(void)
{
    (void)fputs(
        "usage: sim --seed N [--tell] | --first N (--count M | --seconds S) | --seeds FILE\n"
        "       [--family plain|evm|mixed|quorum|venues] [--no-faults] [--stalls] [--json]\n",
        stderr);
    return 2;
}

static bool parse_number(const char *text, uint64_t *ret_number)
{
    char *rest = NULL;

    errno = 0;
    *ret_number = strtoull(text, &rest, 10);
    return errno == 0 && text[0] >= '0' && text[0] <= '9' && *rest == '\0';
}

static bool parse_family(const char *text, enum sim_family *ret_family)
{
    static const char *const names[] = {"mixed", "plain", "evm", "quorum", "venues"};

    for (int i = 0; i < 5; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret_family = (enum sim_family)i;
            return true;
        }
    }
    return false;
}

/* One argument with its value; false: unknown or malformed. */
static bool parse_valued(struct run *run, const char *name, const char *value)
{
    if (strcmp(name, "--seed") == 0) {
        run->count = 1;
        return parse_number(value, &run->first);
    }
    if (strcmp(name, "--first") == 0) {
        return parse_number(value, &run->first);
    }
    if (strcmp(name, "--count") == 0) {
        return parse_number(value, &run->count);
    }
    if (strcmp(name, "--seconds") == 0) {
        return parse_number(value, &run->seconds);
    }
    if (strcmp(name, "--family") == 0) {
        return parse_family(value, &run->options.family);
    }
    if (strcmp(name, "--seeds") == 0) {
        run->seeds_path = value;
        return true;
    }
    return false;
}

static bool parse(struct run *run, int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--tell") == 0) {
            run->options.tell = true;
        } else if (strcmp(arguments[i], "--no-faults") == 0) {
            run->options.no_faults = true;
        } else if (strcmp(arguments[i], "--stalls") == 0) {
            run->options.stalls = true;
        } else if (strcmp(arguments[i], "--json") == 0) {
            run->json = true;
        } else if (i + 1 < count && parse_valued(run, arguments[i], arguments[i + 1])) {
            i++;
        } else {
            return false;
        }
    }
    return run->seeds_path != NULL || run->count > 0 || run->seconds > 0;
}

static void print_report(const struct run *run, const struct sim_report *report, bool good)
{
    if (!good) {
        (void)printf("seed %" PRIu64 ": FAILED: %s\n", run->options.seed, report->verdict);
        return;
    }
    if (run->options.tell || run->count <= 200) {
        (void)printf("seed %" PRIu64 ": %" PRIu64 " messages, %" PRIu64 " delivered by us, %" PRIu64
                     " by others, %" PRIu64 " batches, %" PRIu64 " moves, %" PRIu64
                     " venue legs, %" PRIu64 " kills, %" PRIu64 " reorgs, %" PRIu64
                     " commits failed, %" PRIu64 " frames lost, %" PRIu64 " dissents, %" PRIu64
                     " quorums lost, %" PRIu64 " clock jumps, %" PRIu64 " records, %" PRIu64
                     " events, %" PRIu64 " s\n",
                     run->options.seed, report->messages_count, report->delivered_by_us,
                     report->delivered_elsewhere, report->batches_count, report->moves_count,
                     report->venue_legs_count, report->kills_count, report->reorgs_count,
                     report->commits_failed, report->frames_lost, report->dissents_count,
                     report->quorums_lost_count, report->clock_jumps_count, report->records_count,
                     report->events_count, report->virtual_ms / 1000);
    }
}

/* The same seed twice must be the same life. */
static void live_seed(struct run *run, uint64_t seed)
{
    struct sim_report first;
    struct sim_report second;
    struct sim_options quiet;

    run->options.seed = seed;
    quiet = run->options;
    quiet.tell = false;
    quiet.again = true;
    bool good = sim_run(&run->options, &first);
    if (good && (!sim_run(&quiet, &second) || !hash_equal(&first.digest, &second.digest))) {
        good = false;
        (void)snprintf(first.verdict, sizeof(first.verdict), "the same seed gave another life");
    }
    run->passed += good ? 1 : 0;
    run->failed += good ? 0 : 1;
    run->events += first.events_count;
    run->kills += first.kills_count;
    run->messages += first.messages_count;
    print_report(run, &first, good);
}

static int live_file(struct run *run)
{
    FILE *const file = fopen(run->seeds_path, "r");
    char line[256];

    if (file == NULL) {
        (void)fprintf(stderr, "sim: cannot read %s\n", run->seeds_path);
        return 2;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        uint64_t seed = 0;
        line[strcspn(line, " #\n")] = '\0';
        if (parse_number(line, &seed)) {
            live_seed(run, seed);
        }
    }
    (void)fclose(file);
    return 0;
}

/* For --seconds alone: no life sees this clock. */
static uint64_t seconds_now(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec;
}

int main(int count, char **arguments)
{
    struct run run = {.first = 1};
    const uint64_t started_s = seconds_now();

    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* what was found is seen although the rest hangs */

    if (!parse(&run, count, arguments)) {
        return usage();
    }
    if (run.seeds_path != NULL) {
        const int status = live_file(&run);
        if (status != 0) {
            return status;
        }
    }
    for (uint64_t i = 0; run.seeds_path == NULL; i++) {
        const bool enough =
            run.seconds > 0 ? seconds_now() - started_s >= run.seconds : i >= run.count;
        if (enough) {
            break;
        }
        live_seed(&run, run.first + i);
    }
    if (run.json) {
        (void)printf("{\"passed\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"events\":%" PRIu64
                     ",\"kills\":%" PRIu64 ",\"messages\":%" PRIu64 "}\n",
                     run.passed, run.failed, run.events, run.kills, run.messages);
    } else {
        (void)printf("%" PRIu64 " passed, %" PRIu64 " failed\n", run.passed, run.failed);
    }
    return run.failed == 0 ? 0 : 1;
}
