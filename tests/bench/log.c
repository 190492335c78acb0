/* SPDX-License-Identifier: Apache-2.0 */
/* What the log's tree costs. Verifying: records a second of processor time that journal_verify
 * looks at, beside OpenSSL (its fastest interface) computing the same leaves and nodes from memory.
 * Appending: the processor time of all hashing for the tree, as a part of that of appending durably
 * in bursts. The sides take turns; medians. Processor time, because other work may share the
 * machine. Prints one line of JSON. Usage: bench_log [RECORDS]
 *
 * bench_log --journal DIR PROGRAM: the whole of `PROGRAM journal verify DIR`, which also judges
 * what each record says, beside OpenSSL computing the leaves and nodes of those records on one
 * core: wall time, as a person waits, and processor time; and processor time of one thread that
 * looks at records, order, tree and checkpoints, but not at what records say. */
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/prng.h"
#include "store/verify.h"
#include "tests/support/folder.h"

#define RECORD_BYTES 300u
#define ROWS         3u
#define ROW_BYTES    100u
#define KEY_BYTES    33u
#define BURST        100u
#define TURNS        5u

static double cpu_s(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b)
{
    const double difference = *(const double *)a - *(const double *)b;

    return difference < 0 ? -1 : difference > 0;
}

static double median_of(double values[TURNS])
{
    qsort(values, TURNS, sizeof(values[0]), compare);
    return values[TURNS / 2];
}

/* The records, in memory: what both sides hash. */
static uint8_t *make_records(uint32_t count)
{
    struct prng prng = prng_from(1);
    uint8_t *bytes = malloc((size_t)count * RECORD_BYTES);

    CHECK(bytes != NULL);
    prng_fill(&prng, bytes, (size_t)count * RECORD_BYTES);
    return bytes;
}

/* ---- appending ---- */

static double append_all(struct journal *journal, const uint8_t *bytes, uint32_t count)
{
    struct prng prng = prng_from(2);
    static uint8_t keys[BURST * ROWS][KEY_BYTES];
    struct bytes records[BURST];
    struct journal_change changes[BURST * ROWS];
    const double start = cpu_s();
    uint64_t head = 0;

    for (uint32_t first = 0; first < count; first += BURST) {
        for (uint32_t i = 0; i < BURST; i++) {
            records[i] = bytes_from(bytes + (size_t)(first + i) * RECORD_BYTES, RECORD_BYTES);
        }
        for (uint32_t i = 0; i < BURST * ROWS; i++) {
            prng_fill(&prng, keys[i], KEY_BYTES);
            changes[i] = (struct journal_change){.key = bytes_from(keys[i], KEY_BYTES),
                                                 .value = bytes_from(bytes, ROW_BYTES)};
        }
        const struct journal_batch batch = {.records = records,
                                            .records_count = BURST,
                                            .changes = changes,
                                            .changes_count = BURST * ROWS};
        CHECK(journal_commit(journal, &batch, &head) == STATUS_OK);
    }
    CHECK(head == count);
    return cpu_s() - start;
}

/* The leaves and nodes alone, as appending computes them. The leaf's head is the record's checksum
 * as well, so this is the most that the tree can cost. */
static double hash_tree(const uint8_t *bytes, uint32_t count)
{
    struct tree_frontier frontier = {.size = 0};
    struct tree_completed completed;
    const double start = cpu_s();

    for (uint32_t i = 0; i < count; i++) {
        const struct hash leaf =
            tree_leaf(bytes_from(bytes + (size_t)i * RECORD_BYTES, RECORD_BYTES));
        tree_append(&frontier, &leaf, &completed);
    }
    CHECK(frontier.size == count);
    return cpu_s() - start;
}

static double hash_nodes(uint32_t count)
{
    struct tree_frontier frontier = {.size = 0};
    struct tree_completed completed;
    const struct hash leaf = {{7}};
    const double start = cpu_s();

    for (uint32_t i = 0; i < count; i++) {
        tree_append(&frontier, &leaf, &completed);
    }
    CHECK(frontier.size == count);
    return cpu_s() - start;
}

/* ---- verifying ---- */

static double verify(struct journal *journal, uint32_t count)
{
    const struct verify_options options = {.examine = NULL};
    struct journal_reader *reader = NULL;
    struct verify_report report;
    const double start = cpu_s();

    CHECK(journal_reader_open(journal, &reader) == STATUS_OK);
    CHECK(journal_verify(journal, reader, &options, &report) == STATUS_OK);
    CHECK(report.records_count == count);
    journal_reader_close(reader);
    return cpu_s() - start;
}

/* OpenSSL 3 calls its direct interface deprecated; it is the fastest it has. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static double openssl(const uint8_t *bytes, uint32_t count)
{
    uint8_t peaks[64][32];
    const double start = cpu_s();

    for (uint32_t i = 0; i < count; i++) {
        static const uint8_t leaf_prefix = 0;
        static const uint8_t node_prefix = 1;
        uint8_t hash[32];
        unsigned height = 0;
        SHA256_CTX context;
        SHA256_Init(&context);
        SHA256_Update(&context, &leaf_prefix, 1);
        SHA256_Update(&context, bytes + (size_t)i * RECORD_BYTES, RECORD_BYTES);
        SHA256_Final(hash, &context);
        for (; (i >> height & 1) != 0; height++) {
            SHA256_Init(&context);
            SHA256_Update(&context, &node_prefix, 1);
            SHA256_Update(&context, peaks[height], 32);
            SHA256_Update(&context, hash, 32);
            SHA256_Final(hash, &context);
        }
        memcpy(peaks[height], hash, sizeof(hash));
    }
    return cpu_s() - start;
}

/* ---- the command ---- */

static double wall_s(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double children_s(void)
{
    struct rusage usage;

    CHECK(getrusage(RUSAGE_CHILDREN, &usage) == 0);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static void run_verify(char *program, char *directory)
{
    char *arguments[] = {program, "journal", "verify", directory, NULL};
    int state = 0;
    const pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0) {
        const int null = open("/dev/null", O_WRONLY);
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
        (void)execv(program, arguments);
        _exit(127);
    }
    CHECK(waitpid(pid, &state, 0) == pid);
    CHECK(WIFEXITED(state) && WEXITSTATUS(state) == 0);
}

/* By OpenSSL's direct interface: SHA256() looks its algorithm up at each call. */
static void hash_bytes(const uint8_t *bytes, size_t count, uint8_t ret_hash[32])
{
    SHA256_CTX context;

    SHA256_Init(&context);
    SHA256_Update(&context, bytes, count);
    SHA256_Final(ret_hash, &context);
}

/* One record behind its zero byte, then the nodes that it completes. */
static void hash_record(struct bytes record, uint64_t index, uint8_t peaks[64][32])
{
    uint8_t node[65] = {1};
    uint8_t hash[32];
    unsigned height = 0;

    hash_bytes(record.data - 1, record.count + 1, hash);
    for (; (index >> height & 1) != 0; height++) {
        memcpy(node + 1, peaks[height], 32);
        memcpy(node + 33, hash, 32);
        hash_bytes(node, sizeof(node), hash);
    }
    memcpy(peaks[height], hash, sizeof(hash));
}

/* Processor time of the hashes alone; reading is not counted. */
static double hash_journal(const char *directory, uint64_t *ret_records)
{
    static struct journal_chunk chunk;
    static uint8_t peaks[64][32];
    const struct journal_options options = {.path = directory, .read_only = true};
    struct journal *journal = NULL;
    struct journal_reader *reader = NULL;
    uint64_t next = 1;
    double spent = 0;

    CHECK(journal_open_lmdb(&options, &journal) == STATUS_OK);
    CHECK(journal_reader_open(journal, &reader) == STATUS_OK);
    *ret_records = journal_reader_head(reader);
    while (next <= *ret_records) {
        journal_read_chunk(reader, next, &chunk);
        CHECK(chunk.count > 0);
        const double start = cpu_s();
        for (uint32_t i = 0; i < chunk.count; i++) {
            hash_record(chunk.records[i], next - 1 + i, peaks);
        }
        spent += cpu_s() - start;
        next += chunk.count;
    }
    journal_reader_close(reader);
    journal_close(journal);
    return spent;
}

/* Of a journal that is there, by one thread. */
static double verify_journal(const char *directory)
{
    const struct journal_options options = {.path = directory, .read_only = true};
    struct journal *journal = NULL;
    struct journal_reader *reader = NULL;

    CHECK(journal_open_lmdb(&options, &journal) == STATUS_OK);
    CHECK(journal_reader_open(journal, &reader) == STATUS_OK);
    const uint64_t head = journal_reader_head(reader);
    journal_reader_close(reader);
    CHECK(head <= UINT32_MAX);
    const double spent = verify(journal, (uint32_t)head);
    journal_close(journal);
    return spent;
}

static int measure_command(char *directory, char *program)
{
    double wall[TURNS];
    double cpu[TURNS];
    double tree[TURNS];
    double hashed[TURNS];
    uint64_t records = 0;

    for (unsigned i = 0; i < TURNS; i++) {
        const double wall_start = wall_s();
        const double cpu_start = children_s();
        run_verify(program, directory);
        wall[i] = wall_s() - wall_start;
        cpu[i] = children_s() - cpu_start;
        tree[i] = verify_journal(directory);
        hashed[i] = hash_journal(directory, &records);
    }
    const double hash_time = median_of(hashed);
    (void)printf("{\"bench\":\"log_verify\",\"records\":%llu,\"processors\":%ld,"
                 "\"wall_s\":%.3f,\"cpu_s\":%.3f,\"tree_cpu_s\":%.3f,\"openssl_s\":%.3f,"
                 "\"wall_ratio\":%.3f,\"cpu_ratio\":%.3f,\"tree_cpu_ratio\":%.3f}\n",
                 (unsigned long long)records, sysconf(_SC_NPROCESSORS_ONLN), median_of(wall),
                 median_of(cpu), median_of(tree), hash_time, hash_time / median_of(wall),
                 hash_time / median_of(cpu), hash_time / median_of(tree));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--journal") == 0) {
        return measure_command(argv[2], argv[3]);
    }
    const unsigned long asked = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    const uint32_t count = (uint32_t)(asked / BURST * BURST);
    double verified[TURNS];
    double hashed[TURNS];
    double ratios[TURNS];
    double tree[TURNS];
    double nodes[TURNS];

    if (asked < BURST || asked > 100000000) {
        (void)fprintf(stderr, "usage: bench_log [RECORDS], from 100 to 100000000\n");
        return 2;
    }
    const struct folder folder = folder_make();
    const struct journal_options options = {.path = folder.path,
                                            .map_bytes = JOURNAL_MAP_BYTES * 16};
    struct journal *journal = NULL;
    uint8_t *bytes = make_records(count);
    CHECK(journal_open_lmdb(&options, &journal) == STATUS_OK);
    const double appended = append_all(journal, bytes, count);
    for (unsigned i = 0; i < TURNS; i++) {
        verified[i] = verify(journal, count);
        hashed[i] = openssl(bytes, count);
        ratios[i] = hashed[i] / verified[i];
        tree[i] = hash_tree(bytes, count);
        nodes[i] = hash_nodes(count);
    }
    (void)printf("{\"bench\":\"log\",\"records\":%u,\"record_bytes\":%u,\"cpu_time\":true,"
                 "\"verify_records_per_s\":%.0f,\"openssl_records_per_s\":%.0f,"
                 "\"verify_ratio\":%.3f,\"append_us\":%.2f,\"leaf_and_nodes_us\":%.3f,"
                 "\"nodes_us\":%.3f,\"leaf_and_nodes_share\":%.4f,\"nodes_share\":%.4f}\n",
                 count, RECORD_BYTES, count / median_of(verified), count / median_of(hashed),
                 median_of(ratios), 1e6 * appended / count, 1e6 * median_of(tree) / count,
                 1e6 * median_of(nodes) / count, median_of(tree) / appended,
                 median_of(nodes) / appended);
    journal_close(journal);
    folder_remove(&folder);
    free(bytes);
    return 0;
}
