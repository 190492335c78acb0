/* SPDX-License-Identifier: Apache-2.0 */
/* What the pages cost the node: processor time of the site's thread as a part of one core, with
 * nobody looking and with VIEWERS pages open, over a journal of CHAINS chains with OPEN messages
 * that are not finished. Nothing else runs in the process meanwhile. Prints one line of JSON.
 * Usage: bench_pages [OPEN [SECONDS [CHAINS]]]; with a fourth word it serves until its standard
 * input ends, before it measures, and prints where. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/node/process/exit_codes.h"
#include "relay/node/site/site.h"
#include "relay/synth/synth.h"
#include "tests/support/folder.h"

#define OPEN_DEFAULT    100000u
#define SECONDS_DEFAULT 30u
#define CHAINS_DEFAULT  150u
#define CHAIN_RECORDS   2500u
#define VIEWERS         4u
#define PORT            21977u
#define UPGRADE                                                                                    \
    "GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"       \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                 \
    "Sec-WebSocket-Protocol: sluice-live\r\n\r\n"

static struct node_config config;
static struct site_live live;

static double clock_s(clockid_t clock)
{
    struct timespec now;

    CHECK(clock_gettime(clock, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static struct journal *make_journal(const struct folder *folder, uint64_t open_count,
                                    uint32_t chains_count)
{
    const struct synth_options options = {.records_count =
                                              5 * open_count + 20000 + chains_count * CHAIN_RECORDS,
                                          .open_count = open_count,
                                          .seed = 1,
                                          .chains_count = chains_count};
    const struct journal_options where = {.path = config.data, .map_bytes = (size_t)256 << 20};
    struct synth_report report;
    struct journal *journal = NULL;

    (void)snprintf(config.data, sizeof(config.data), "%s/data", folder->path);
    CHECK(journal_open_lmdb(&where, &journal) == STATUS_OK);
    CHECK(synth_run(journal, &options, &report) == STATUS_OK);
    return journal;
}

static struct site *open_site(struct journal *journal, uint32_t chains_count)
{
    struct site *site = NULL;

    synth_config(chains_count, &config.core);
    for (uint32_t i = 0; i < config.core.chains_count; i++) {
        config.chains[i].endpoints_count = 1;
        config.chains[i].quorum = 1;
        live.endpoints[i][0].is_up = true;
    }
    config.site_port = PORT;
    live.has_started = true;
    const struct site_options options = {
        .config = &config, .journal = journal, .build_id = "bench_pages"};
    CHECK(site_open(&options, &site) == EXIT_DONE);
    return site;
}

static int open_viewer(void)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(PORT),
                                        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};

    CHECK(fd >= 0);
    CHECK(connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(send(fd, UPGRADE, strlen(UPGRADE), MSG_NOSIGNAL) == (ssize_t)strlen(UPGRADE));
    return fd;
}

/* What the loop would say: it turns, and every endpoint was asked something more. */
static void leave(struct site *site)
{
    live.beat_ns = (uint64_t)(clock_s(CLOCK_MONOTONIC) * 1e9);
    for (uint32_t i = 0; i < config.core.chains_count; i++) {
        live.endpoints[i][0].seen.head_number++;
        live.endpoints[i][0].seen.calls_sent += i;
    }
    site_leave(site, &live);
}

/* Until nobody listens any more. */
static void serve(struct site *site)
{
    struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};

    (void)printf("http://127.0.0.1:%u\n", PORT);
    (void)fflush(stdout);
    while (poll(&wait, 1, 250) == 0) {
        leave(site);
    }
}

/* Lets the site work for so long and reads what viewers are told. The part of a core that it took,
 * this thread's own reading not counted. */
static double watch(struct site *site, double seconds, const int *fds, size_t count,
                    uint64_t *ret_bytes)
{
    static char heap[1u << 20];
    struct pollfd waits[VIEWERS];
    const double began = clock_s(CLOCK_MONOTONIC);
    const double spent = clock_s(CLOCK_PROCESS_CPUTIME_ID) - clock_s(CLOCK_THREAD_CPUTIME_ID);

    *ret_bytes = 0;
    for (size_t i = 0; i < count; i++) {
        waits[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    }
    while (clock_s(CLOCK_MONOTONIC) - began < seconds) {
        leave(site);
        (void)poll(waits, count, 250);
        for (size_t i = 0; i < count; i++) {
            if ((waits[i].revents & POLLIN) != 0) {
                const ssize_t got = recv(fds[i], heap, sizeof(heap), 0);
                CHECK(got > 0);
                *ret_bytes += (uint64_t)got;
            }
        }
    }
    return (clock_s(CLOCK_PROCESS_CPUTIME_ID) - clock_s(CLOCK_THREAD_CPUTIME_ID) - spent) /
           (clock_s(CLOCK_MONOTONIC) - began);
}

static double number(int argc, char **argv, int index, double otherwise)
{
    char *end = NULL;
    const double value = argc > index ? strtod(argv[index], &end) : otherwise;

    CHECK(argc <= index || (*end == '\0' && value >= 1));
    return value;
}

int main(int argc, char **argv)
{
    const uint64_t open_count = (uint64_t)number(argc, argv, 1, OPEN_DEFAULT);
    const double seconds = number(argc, argv, 2, SECONDS_DEFAULT);
    const uint32_t chains_count = (uint32_t)number(argc, argv, 3, CHAINS_DEFAULT);
    const struct folder folder = folder_make();
    struct journal *journal = make_journal(&folder, open_count, chains_count);
    struct site *site = open_site(journal, chains_count);
    int fds[VIEWERS];
    uint64_t bytes = 0;

    (void)watch(site, 15, NULL, 0, &bytes); /* it reads its history */
    if (argc > 4) {
        serve(site);
    }
    const double nobody = watch(site, seconds, NULL, 0, &bytes);
    for (size_t i = 0; i < VIEWERS; i++) {
        fds[i] = open_viewer();
    }
    const double viewed = watch(site, seconds, fds, VIEWERS, &bytes);
    (void)printf(
        "{\"bench\":\"pages\",\"chains\":%u,\"open\":%llu,\"seconds\":%.0f,\"core_alone\":%.4f,"
        "\"viewers\":%u,\"core_viewed\":%.4f,\"core_per_viewer\":%.4f,"
        "\"bytes_per_viewer_s\":%.0f}\n",
        chains_count, (unsigned long long)open_count, seconds, nobody, VIEWERS, viewed,
        (viewed - nobody) / VIEWERS, (double)bytes / VIEWERS / seconds);
    for (size_t i = 0; i < VIEWERS; i++) {
        CHECK(close(fds[i]) == 0);
    }
    site_close(site);
    journal_close(journal);
    folder_remove(&folder);
    return 0;
}
