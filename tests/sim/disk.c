/* SPDX-License-Identifier: Apache-2.0 */
/* The disk under the journal: a commit takes time, fails while the disk is full, and when the
 * process dies some of the commits under way turn out to be durable, oldest first. */
#include "relay/base/check.h"
#include "tests/sim/sim_internal.h"

void disk_open(struct sim *sim)
{
    enum status status = journal_open_memory(&sim->journal);

    CHECK(status == STATUS_OK);
    status = journal_reader_open(sim->journal, &sim->reader);
    CHECK(status == STATUS_OK);
}

void disk_close(struct sim *sim)
{
    sim->reader = journal_reader_close(sim->reader);
    sim->journal = journal_close(sim->journal);
}

static void ask_commit(struct sim *sim)
{
    const struct sim_task task = {.kind = TASK_COMMIT, .epoch = sim->epoch};
    const uint64_t least_us = 300;
    const uint64_t most_us = sim->faults_on && prng_chance(&sim->prng, 50) ? 2000000 : 4000;

    clock_add(&sim->clock,
              (struct duration){.ns = prng_between(&sim->prng, least_us, most_us) * 1000}, &task,
              (struct bytes){0});
}

void disk_commit(struct sim *sim, uint64_t generation, const struct journal_batch *batch)
{
    CHECK(sim->commits_count < SIM_COMMITS_MAX);
    sim->commits[sim->commits_count++] =
        (struct sim_commit){.generation = generation, .batch = *batch};
    if (sim->commits_count == 1) {
        ask_commit(sim);
    }
}

/* Makes the oldest batch durable. */
static uint64_t commit_first(struct sim *sim)
{
    const struct sim_commit commit = sim->commits[0];
    uint64_t head = 0;
    enum status status = journal_commit(sim->journal, &commit.batch, &head);

    CHECK(status == STATUS_OK);
    status = journal_reader_refresh(sim->reader);
    CHECK(status == STATUS_OK);
    checks_durable(sim, &commit.batch);
    sim->commits_count--;
    for (uint32_t i = 0; i < sim->commits_count; i++) {
        sim->commits[i] = sim->commits[i + 1];
    }
    return commit.generation;
}

void disk_commit_ends(struct sim *sim)
{
    CHECK(sim->commits_count > 0);
    if (sim_fault(sim, sim->faults.commit_fails)) {
        sim->full_until_ns = sim->clock.now_ns + DURATION_MS(prng_between(&sim->prng, 1, 5000)).ns;
        sim_tell(sim, "disk full");
    }
    if (sim->clock.now_ns < sim->full_until_ns) {
        static const enum status failures[] = {STATUS_NO_SPACE, STATUS_IO, STATUS_READ_ONLY};
        sim->report.commits_failed++;
        ask_commit(sim);
        driver_on_committed(sim->driver, sim->commits[0].generation,
                            failures[prng_below(&sim->prng, 3)]);
        host_wake(sim);
        return;
    }
    const uint64_t generation = commit_first(sim);
    if (sim->commits_count > 0) {
        ask_commit(sim);
    }
    driver_on_committed(sim->driver, generation, STATUS_OK);
    host_wake(sim);
}

void disk_crash(struct sim *sim)
{
    while (sim->commits_count > 0 && prng_chance(&sim->prng, 2)) {
        (void)commit_first(sim); /* nobody is left to be told */
    }
    sim->commits_count = 0;
}
