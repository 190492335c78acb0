/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/deaths.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "tests/support/folder.h"

#define DEATHS_AFTER 1u /* in the lives after the one tried */
#define WAYS_TRIED   3u /* at one call, others at the next; all of them when DEATHS_ALL is set */
#define DEATHS_ALL   "SLUICE_DEATHS_ALL"
#define CALLS_AFTER  23u /* those come within so many calls */

struct counted {
    struct disk_counts counts;
    uint64_t calls;
};

void *deaths_shared(size_t bytes_count)
{
    void *shared =
        mmap(NULL, bytes_count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(shared != MAP_FAILED);
    return shared;
}

/* Returns the child's exit code. `death` NULL: it lives to its end and counts. */
static int live_once(const struct deaths *deaths, const char *folder,
                     const struct disk_death *death, struct counted *counted)
{
    int status = 0;

    (void)fflush(NULL); /* or the child says again what waits in our buffers */
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        disk_watch(folder);
        if (death != NULL) {
            disk_die_at(death);
        }
        deaths->live(deaths->shared, folder);
        if (death == NULL) {
            *counted = (struct counted){.counts = disk_counts(), .calls = disk_calls()};
        }
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status)); /* else a CHECK of the life failed, above */
    disk_watch(folder);       /* its syncs cost nothing then */
    deaths->check(deaths->shared, folder);
    disk_unwatch();
    return WEXITSTATUS(status);
}

static void live_on(const struct deaths *deaths, const char *folder, struct counted *counted)
{
    CHECK(live_once(deaths, folder, NULL, counted) == 0);
}

/* Returns how often was died. */
static unsigned try_death(const struct deaths *deaths, unsigned lives_before,
                          struct disk_death death, struct counted *counted)
{
    const struct folder folder = folder_make();
    unsigned count = 1;

    deaths->begin(deaths->shared);
    for (unsigned i = 0; i < lives_before; i++) {
        live_on(deaths, folder.path, counted);
    }
    CHECK(live_once(deaths, folder.path, &death, counted) == DISK_DIED);
    for (unsigned i = 0; i < DEATHS_AFTER; i++) {
        death.seed++;
        death.call = death.seed * 7 % CALLS_AFTER / (i + 1);
        count += live_once(deaths, folder.path, &death, counted) == DISK_DIED ? 1 : 0;
    }
    live_on(deaths, folder.path, counted);
    folder_remove(&folder);
    return count;
}

static uint64_t count_calls(const struct deaths *deaths, unsigned lives_before,
                            struct counted *counted)
{
    const struct folder folder = folder_make();

    deaths->begin(deaths->shared);
    for (unsigned i = 0; i <= lives_before; i++) {
        live_on(deaths, folder.path, counted);
    }
    folder_remove(&folder);
    return counted->calls;
}

struct disk_counts deaths_everywhere(const struct deaths *deaths, unsigned lives_before)
{
    static const struct {
        enum disk_moment moment;
        enum disk_loss loss;
    } ways[] = {{DISK_BEFORE, DISK_LOSES_NONE}, {DISK_BEFORE, DISK_LOSES_ALL},
                {DISK_BEFORE, DISK_LOSES_SOME}, {DISK_TORN, DISK_LOSES_ALL},
                {DISK_TORN, DISK_LOSES_SOME},   {DISK_AFTER, DISK_LOSES_NONE},
                {DISK_AFTER, DISK_LOSES_ALL},   {DISK_AFTER, DISK_LOSES_SOME}};
    const size_t ways_count = sizeof(ways) / sizeof(ways[0]);
    struct counted *counted = deaths_shared(sizeof(*counted));
    const uint64_t calls = count_calls(deaths, lives_before, counted);
    const struct disk_counts counts = counted->counts;
    const uint64_t tried = getenv(DEATHS_ALL) == NULL ? WAYS_TRIED : ways_count;
    uint64_t count = 0;

    for (uint64_t call = 0; call < calls; call++) {
        for (uint64_t i = 0; i < tried; i++) {
            const uint64_t way = (call * tried + i) % ways_count;
            const struct disk_death death = {.call = call,
                                             .moment = ways[way].moment,
                                             .loss = ways[way].loss,
                                             .seed = call * ways_count + way};
            count += try_death(deaths, lives_before, death, counted);
        }
    }
    (void)printf("%u lives before: %llu points (%llu writes, %llu syncs, %llu sizes, %llu names), "
                 "%llu deaths\n",
                 lives_before, (unsigned long long)calls, (unsigned long long)counts.writes,
                 (unsigned long long)counts.syncs, (unsigned long long)counts.sizes,
                 (unsigned long long)counts.names, (unsigned long long)count);
    return counts;
}
