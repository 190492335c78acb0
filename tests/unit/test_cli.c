/* SPDX-License-Identifier: Apache-2.0 */
/* The real program: its exit codes and its messages, with no chain to talk to. */
#include "tests/support/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "relay/node/process/exit_codes.h"
#include "tests/support/folder.h"

#define OUTPUT_BYTES_MAX 65536u
#define ARGUMENTS_MAX    16u
#define WAIT_MS          10000
#define MESSAGE_ID       "0x1111111111111111111111111111111111111111111111111111111111111111"

static struct folder made;
static const char *folder = made.path;
static char output[OUTPUT_BYTES_MAX];

static void write_file(const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

/* A node without a signer, whose only endpoint refuses connections. */
static void write_config(const char *name, const char *more)
{
    char text[4096];
    (void)snprintf(text, sizeof(text),
                   "node: {name: test, data: ./data}\n"
                   "chains:\n"
                   "  - name: alpha\n"
                   "    domain: 901\n"
                   "    chain_id: 31337\n"
                   "    endpoints: [ws://127.0.0.1:1]\n"
                   "    mailbox: \"0x2222222222222222222222222222222222222201\"\n"
                   "    merkle_tree_hook: \"0x2222222222222222222222222222222222222202\"\n"
                   "    validator_announce: \"0x2222222222222222222222222222222222222203\"\n"
                   "%s",
                   more);
    write_file(name, text);
}

static int set_up(void **state)
{
    (void)state;
    made = folder_make();
    write_config("node.yaml", "");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(&made);
    return 0;
}

static void pause_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000L};
    (void)nanosleep(&pause, NULL);
}

static void read_output(void)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/output", folder);
    const int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    const ssize_t count = read(fd, output, sizeof(output) - 1);
    assert_true(count >= 0);
    output[count] = '\0';
    (void)close(fd);
}

static const char *input_name; /* file that standard input is; NULL: ours */

/* Starts the program in the folder; `words` are its arguments, one blank between two. */
static pid_t start(const char *words, const char *output_name)
{
    char text[4096];
    char *arguments[ARGUMENTS_MAX + 2] = {"sluice"};
    size_t count = 1;
    (void)snprintf(text, sizeof(text), "%s", words);
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        assert_true(count <= ARGUMENTS_MAX);
        arguments[count] = word;
        count++;
    }
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (chdir(folder) != 0) {
            _exit(126);
        }
        const int fd = open(output_name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
        if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0) {
            _exit(126);
        }
        const int input = input_name == NULL ? -1 : open(input_name, O_RDONLY);
        if (input_name != NULL && (input < 0 || dup2(input, STDIN_FILENO) < 0)) {
            _exit(126);
        }
        (void)execv(SLUICE_PROGRAM, arguments);
        _exit(127);
    }
    return pid;
}

static int end_of(pid_t pid)
{
    int state = 0;
    for (int waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 5) {
        if (waitpid(pid, &state, WNOHANG) == pid) {
            return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
        }
        pause_ms(5);
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, &state, 0);
    return -1;
}

static void assert_run(const char *words, int exit_code, const char *says)
{
    const int code = end_of(start(words, "output"));
    read_output();
    if (code != exit_code || strstr(output, says) == NULL) {
        fail_msg("'sluice %s': exit %d, expected %d and '%s':\n%s", words, code, exit_code, says,
                 output);
    }
}

/* True: the running node's output came to hold `text`. */
static bool node_says(const char *name, const char *text)
{
    char path[512];
    char said[OUTPUT_BYTES_MAX];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    for (int waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 5) {
        const int fd = open(path, O_RDONLY);
        const ssize_t count = fd < 0 ? 0 : read(fd, said, sizeof(said) - 1);
        if (fd >= 0) {
            (void)close(fd);
        }
        said[count < 0 ? 0 : count] = '\0';
        if (strstr(said, text) != NULL) {
            return true;
        }
        pause_ms(5);
    }
    return false;
}

static void usage_mistakes_are_told(void **state)
{
    (void)state;
    assert_run("", EXIT_USAGE, "status");
    assert_run("--help", EXIT_DONE, "approve");
    assert_run("--version", EXIT_DONE, "sluice 0.1.0");
    assert_run("statsu", EXIT_USAGE, "did you mean 'status'");
    assert_run("run", EXIT_USAGE, "--config");
    assert_run("run --config", EXIT_USAGE, "needs a value");
    assert_run("run --confg x", EXIT_USAGE, "unknown option '--confg'");
    assert_run("run --check=yes --config node.yaml", EXIT_USAGE, "takes no value");
    assert_run("run --config nowhere.yaml", EXIT_USAGE, "nowhere.yaml");
    assert_run("run --help", EXIT_DONE, "SIGTERM");
    assert_run("status", EXIT_USAGE, "--data");
    assert_run("status --data x --config node.yaml", EXIT_USAGE, "--data");
    assert_run("status --data x extra", EXIT_USAGE, "one word too many");
    assert_run("config", EXIT_USAGE, "config check");
    assert_run("approve --data data", EXIT_USAGE, "which plan");
    assert_run("approve --data data 0x12", EXIT_USAGE, "which plan");
    assert_run("messages", EXIT_USAGE, "messages list");
    assert_run("messages list --data data --state nonsense", EXIT_USAGE, "nonsense");
    assert_run("messages list --data data --limit 0", EXIT_USAGE, "--limit");
    assert_run("messages show --data data", EXIT_USAGE, "messages show ID");
    assert_run("messages retry --data data", EXIT_USAGE, "which message");
    assert_run("messages hold --data data 0x12", EXIT_USAGE, "0x12");
    assert_run("messages list --data data --reason why", EXIT_USAGE, "--reason");
    assert_run("messages drop --data data " MESSAGE_ID, EXIT_USAGE, "say why");
    assert_run("messages drop --data data --reason spam " MESSAGE_ID, EXIT_UNREACHABLE, "no node");
}

#define ACCOUNT "0x3333333333333333333333333333333333333333"

/* What the reference relayer reads becomes a configuration that we read; the rest is named. */
static void a_reference_configuration_is_imported(void **state)
{
    (void)state;
    static const char chain[] =
        "{\"name\": \"%s\", \"protocol\": \"ethereum\", \"chainId\": %u, \"domainId\": %u, "
        "\"rpcUrls\": [{\"http\": \"http://127.0.0.1:1\"}], \"blocks\": {\"reorgPeriod\": 5, "
        "\"estimateBlockTime\": 2}, \"index\": {\"from\": 7}, \"mailbox\": \"" ACCOUNT "\", "
        "\"merkleTreeHook\": \"" ACCOUNT "\", \"validatorAnnounce\": \"" ACCOUNT "\"}";
    char text[4096] = "{\"chains\": {\"alpha\": ";
    size_t count = strlen(text);
    count += (size_t)snprintf(text + count, sizeof(text) - count, chain, "alpha", 11u, 901u);
    count += (size_t)snprintf(text + count, sizeof(text) - count, ", \"beta\": ");
    count += (size_t)snprintf(text + count, sizeof(text) - count, chain, "beta", 12u, 902u);
    (void)snprintf(text + count, sizeof(text) - count, "}, \"metricsPort\": 9090}");
    write_file("agent.json", text);
    write_file("relayer.json", "{\"relayChains\": \"alpha,beta\", \"maxMessageRetries\": 9, "
                               "\"whitelist\": [{\"originDomain\": 901}]}");
    assert_int_equal(setenv("HYP_GASPAYMENTENFORCEMENT", "[{\"type\": \"none\"}]", 1), 0);
    assert_int_equal(setenv("HYP_CHAINS_BETA_INDEX_CHUNK", "50", 1), 0);
    assert_run("config import agent.json relayer.json --key " ACCOUNT, EXIT_DONE,
               "not taken over: chains.alpha.blocks.estimateblocktime");
    assert_non_null(strstr(output, "listen: 127.0.0.1:9090"));
    assert_null(strstr(output, "not taken over: whitelist"));
    /* Both streams are in it; what was said begins its lines with the program's name. */
    char yaml[OUTPUT_BYTES_MAX] = "";
    size_t kept = 0;
    for (const char *line = output; *line != '\0'; line += strcspn(line, "\n") + 1) {
        const size_t length = strcspn(line, "\n") + 1;
        if (strncmp(line, "sluice ", 7) != 0) {
            memcpy(yaml + kept, line, length);
            kept += length;
        }
    }
    write_file("imported.yaml", yaml);
    assert_run("config check imported.yaml", EXIT_DONE, "finality: 5");
    assert_run("config check imported.yaml --json", EXIT_DONE, "\"retries_max\":9");
    assert_non_null(strstr(output, "\"blocks_per_range\":50"));
    assert_non_null(strstr(output, "origindomain"));
    assert_int_equal(setenv("HYP_DEFAULTSIGNER_KEY", "0x11", 1), 0);
    assert_run("config import agent.json", EXIT_REFUSED, "defaultsigner.key is a secret");
    assert_int_equal(unsetenv("HYP_DEFAULTSIGNER_KEY"), 0);
    assert_int_equal(unsetenv("HYP_GASPAYMENTENFORCEMENT"), 0);
    assert_int_equal(unsetenv("HYP_CHAINS_BETA_INDEX_CHUNK"), 0);
    write_file("wrong.json", "[]");
    assert_run("config import wrong.json", EXIT_USAGE, "no JSON object");
    assert_run("config import agent.json --key 0x12", EXIT_USAGE, "--key");
}

/* The node itself reads what the reference agents do, as far as it goes. */
static void a_reference_configuration_is_run(void **state)
{
    (void)state;
    static const char chain[] =
        "{\"chains\": {\"alpha\": {\"protocol\": \"ethereum\", \"chainId\": 11, \"domainId\": 901,"
        " \"rpcUrls\": [{\"http\": \"http://127.0.0.1:1\"}], \"mailbox\": \"" ACCOUNT "\","
        " \"merkleTreeHook\": \"" ACCOUNT "\", \"validatorAnnounce\": \"" ACCOUNT "\"}},"
        " \"tracing\": {\"level\": \"info\"}, \"db\": \"./theirs\"}";

    write_file("agent.json", chain);
    assert_int_equal(setenv("CONFIG_FILES", "agent.json", 1), 0);
    assert_int_equal(setenv("HYP_CHAINS_ALPHA_SIGNER_KEY", "0x11", 1), 0);
    assert_run("run --hyperlane --check --key " ACCOUNT, EXIT_REFUSED,
               "chains.alpha.signer.key is a secret");
    assert_non_null(strstr(output, "sluice key import"));
    assert_null(strstr(output, "0x11"));
    assert_int_equal(unsetenv("HYP_CHAINS_ALPHA_SIGNER_KEY"), 0);
    /* It goes as far as asking the chain, which is not there. */
    assert_run("run --hyperlane --check --key " ACCOUNT, EXIT_UNREACHABLE,
               "not taken over: tracing.level");
    assert_int_equal(setenv("HYP_CHAINS_ALPHA_MAILBOX", "0x12", 1), 0);
    assert_run("run --hyperlane --check --key " ACCOUNT, EXIT_USAGE, "\"mailbox\"");
    assert_run("run --config nowhere.yaml", EXIT_USAGE, "HYP_* in the environment is not read");
    assert_int_equal(unsetenv("HYP_CHAINS_ALPHA_MAILBOX"), 0);
    assert_int_equal(unsetenv("CONFIG_FILES"), 0);
    assert_run("run --hyperlane --key " ACCOUNT, EXIT_USAGE, "there is no chain");
    assert_run("run --hyperlane --config a.yaml", EXIT_USAGE, "one of the two");
    assert_run("run --key " ACCOUNT, EXIT_USAGE, "go with --hyperlane");
}

#define HOOK       "0x2222222222222222222222222222222222222222"
#define TIMES8(x)  x x x x x x x x
#define ROOT       TIMES8("02020202")
#define ID         TIMES8("03030303")
#define CHECKPOINT " --domain 1000 --hook " HOOK " --root " ROOT " --index 1 --message-id " ID

static void the_tool_answers(void **state)
{
    (void)state;
    assert_run("tool checkpoint-digest" CHECKPOINT, EXIT_DONE,
               "edd9dc8eb7e62bee0a4807884efc7e0dce99c07da1d3c4e4f173bcde96f11401");
    assert_run("tool recover --signature "
               "466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f27"
               "14366602193ee27d5f13220db13edce0cec06dda90a2034a27f6a6caa7ed150a1b" CHECKPOINT,
               EXIT_DONE, "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a");
    write_file("leaves", "769dbf057c1b1544b7b4a9a4f98893cad73080764ad63ee83344312494dc296e\n\n");
    assert_run("tool tree leaves --at 0", EXIT_DONE,
               "27ae5ba08d7291c96c8cbddcc148bf48a6d68c7974b94356f53754ef6171d757");
    assert_run("tool tree leaves --proof 0", EXIT_DONE, "\"count\": 1");
    uint32_t hashes_count = 0;
    for (const char *at = strstr(output, "0x"); at != NULL; at = strstr(at + 2, "0x")) {
        hashes_count++;
    }
    assert_int_equal(2 + 32, hashes_count); /* the root, the leaf and its proof */
    assert_run("tool id 03" TIMES8("000000000000000000") "00000000", EXIT_DONE, "\"id\": \"0x");
}

/* What is only in one kind of metadata, of body and of signature. */
static void the_tool_knows_every_kind(void **state)
{
    (void)state;
    static const char signature_of_zero[] =
        "466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f27"
        "14366602193ee27d5f13220db13edce0cec06dda90a2034a27f6a6caa7ed150a00";
    static const char proof[] = TIMES8(TIMES8("abababababababababababababababab"));
    char words[4096];

    (void)snprintf(words, sizeof(words), "tool recover --signature %s" CHECKPOINT,
                   signature_of_zero); /* other tools write v from 0 on */
    assert_run(words, EXIT_DONE, "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a");
    (void)snprintf(words, sizeof(words),
                   "tool metadata %s00000005%s%s00000009%s --type merkle-root",
                   "000000000000000000000000" TIMES8("22222"), ID, proof, signature_of_zero);
    assert_run(words, EXIT_DONE, "\"leaf_index\": 5");
    assert_non_null(strstr(output, "\"index\": 9"));
    assert_non_null(strstr(output, "\"signed_message_id\": \"0x" ID "\""));
    assert_run("tool metadata 00000000000000000000001000000011ff --type aggregation:2", EXIT_DONE,
               "null");
    assert_non_null(strstr(output, "\"0xff\""));
    assert_run("tool decode 03" TIMES8("000000000000000000") "00000000"
                                                             "000000000000000000000000" TIMES8(
                                                                 "33333") TIMES8("00000000") "07",
               EXIT_DONE, "\"as_token_transfer\"");
    assert_null(strstr(output, "\"as_token_transfer\": null"));
}

/* The same answer to the text as an argument, as standard input without one, and as "-". */
static void assert_all_ways(const char *verb, const char *options, const char *hex,
                            const char *says)
{
    static const char *const places[] = {"", " -"};
    char words[4096];

    (void)snprintf(words, sizeof(words), "tool %s %s%s", verb, hex, options);
    assert_run(words, EXIT_DONE, says);
    (void)snprintf(words, sizeof(words), "%s\n", hex);
    write_file("input", words);
    input_name = "input";
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(words, sizeof(words), "tool %s%s%s", verb, places[i], options);
        assert_run(words, EXIT_DONE, says);
    }
    input_name = NULL;
}

#define ADDRESS(two) "000000000000000000000000" two two two two two two two two two two
#define VECTOR       "0x0300000000000003e8" ADDRESS("1111") "000007d0" ADDRESS("2222") "1234"
#define SIGNATURE                                                                                  \
    "466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f27"                             \
    "14366602193ee27d5f13220db13edce0cec06dda90a2034a27f6a6caa7ed150a1b"

/* The message and its id are the protocol's published vector. */
static void tools_answer_from_an_argument_and_from_standard_input(void **state)
{
    (void)state;
    assert_all_ways("id", "", VECTOR,
                    "0xf8a66f8aadee751d842616fee0ed14a3ad6da1e13564920364ee0ad35a02703f");
    assert_all_ways("decode", "", VECTOR, "\"destination\": 2000");
    assert_non_null(strstr(output, "0x1111111111111111111111111111111111111111"));
    assert_non_null(strstr(output, "\"body\": \"0x1234\""));
    assert_all_ways("metadata", " --type message-id", ADDRESS("2222") ROOT "00000001" SIGNATURE,
                    "\"index\": 1");
    assert_non_null(strstr(output, SIGNATURE));
    assert_all_ways("metadata", " --type aggregation:1", "0000000800000009ff", "0xff");
    assert_all_ways("checkpoint-digest", " --domain 1000 --hook " HOOK " --root " ROOT " --index 1",
                    ID, "edd9dc8eb7e62bee0a4807884efc7e0dce99c07da1d3c4e4f173bcde96f11401");
    assert_all_ways("recover", CHECKPOINT, SIGNATURE, "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a");
    write_file("input", ROOT "\n" ID "\n");
    input_name = "input";
    assert_run("tool tree", EXIT_DONE, "\"count\": 2");
    assert_run("tool tree - --proofs", EXIT_DONE, "\"leaf\": \"0x" ID "\"");
    input_name = NULL;
}

static void the_tool_says_what_it_wants(void **state)
{
    (void)state;
    assert_run("tool", EXIT_USAGE, "checkpoint-digest");
    assert_run("tool id 0300", EXIT_USAGE, "2 bytes that begin with 3");
    assert_run("tool decode 03zz", EXIT_USAGE, "hexadecimal");
    assert_run("tool tree nowhere", EXIT_USAGE, "nowhere");
    write_file("leaves", "00\n");
    assert_run("tool tree leaves", EXIT_USAGE, "leaves:1: a leaf is 64");
    write_file("leaves", "");
    assert_run("tool tree leaves --at 1", EXIT_USAGE, "there are 0 leaves");
    assert_run("tool tree leaves --proof 0", EXIT_USAGE, "numbered from 0");
    assert_run("tool checkpoint-digest --domain -1", EXIT_USAGE, "--domain wants a number");
    assert_run("tool recover --signature 00", EXIT_USAGE, "--signature wants 65 bytes");
    assert_run("tool metadata 00 --type other", EXIT_USAGE, "--type is");
    assert_run("tool metadata 00 --type aggregation:0", EXIT_USAGE, "1 to 32 modules");
    assert_run("tool metadata 00 --type merkle-root", EXIT_USAGE, "no merkle-root metadata");
}

static void a_configuration_is_checked(void **state)
{
    (void)state;
    assert_run("config check node.yaml", EXIT_DONE, "domain: 901");
    assert_run("config check --json node.yaml", EXIT_DONE, "\"domain\":901");
    write_config("bad.yaml", "    domaim: 902\n");
    assert_run("config check bad.yaml", EXIT_USAGE, "bad.yaml:10:5: unknown key \"domaim\"");
    assert_run("run --config bad.yaml", EXIT_USAGE, "bad.yaml:10:5");
    write_config("act.yaml", "    relay: true\n"
                             "    key: \"0x3333333333333333333333333333333333333333\"\n"
                             "signer: {socket: ./s, spawn: true, config: ./signer.yaml}\n"
                             "assets: [{symbol: USDC, decimals: 6}]\n"
                             "route: {mode: act, move_min: 1 USDC, move_max: 2 USDC}\n");
    assert_run("run --config act.yaml", EXIT_REFUSED, "sluice-signer");
}

static void without_a_journal_there_is_nothing_to_show(void **state)
{
    (void)state;
    assert_run("status --data nowhere", EXIT_NEGATIVE, "no journal");
    assert_run("why --config node.yaml", EXIT_NEGATIVE, "no journal");
    assert_run("pause --data nowhere", EXIT_UNREACHABLE, "no node listens");
}

static void a_data_directory_that_cannot_be_used_is_refused(void **state)
{
    (void)state;
    write_file("data", "in the way");
    assert_run("run --config node.yaml", EXIT_USAGE, "is a file");
}

static void a_control_socket_in_the_way_is_refused(void **state)
{
    (void)state;
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/data", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file("data/control.sock", "not a socket");
    assert_run("run --config node.yaml", EXIT_USAGE, "control.sock");
}

static void a_signer_that_cannot_start_ends_the_node(void **state)
{
    (void)state;
    write_config("child.yaml",
                 "    devnet: true\n"
                 "signer: {socket: ./signer.sock, spawn: true, config: ./none.yaml}\n");
    assert_run("run --config child.yaml", EXIT_USAGE, "signer_ended");
}

static void endpoints_that_do_not_answer_are_named(void **state)
{
    (void)state;
    assert_run("run --check --config node.yaml", EXIT_UNREACHABLE, "ws://127.0.0.1:1");
    assert_run("doctor --config node.yaml --seconds 1", EXIT_UNREACHABLE, "see that it runs");
    assert_run("rpc status --config node.yaml --seconds 1", EXIT_UNREACHABLE,
               "ws://127.0.0.1:1  down      -      -      -           -      0");
    assert_run("rpc bench --config node.yaml --seconds 1", EXIT_UNREACHABLE, "no answer");
}

#define PLACES                                                                                     \
    "{\"format\":\"sluice-network/1\",\"horizon_s\":604800,\"places\":["                           \
    "{\"id\":\"a\",\"decimals\":6,\"price\":1,\"balance\":100,\"min\":0,\"max\":1000},"            \
    "{\"id\":\"b\",\"decimals\":6,\"price\":1,\"balance\":0,\"min\":0,\"max\":40,"                 \
    "\"yield\":{\"linear\":0.02,\"quadratic\":0}}],"
#define CORRIDORS                                                                                  \
    "\"corridors\":[{\"id\":\"ab\",\"from\":\"a\",\"to\":\"b\",\"max\":500,\"cost\":0.001,"        \
    "\"output\":{\"gain\":1}}]"

static void networks_are_solved_and_explained(void **state)
{
    (void)state;
    write_file("network.json", PLACES CORRIDORS "}");
    assert_int_equal(end_of(start("solve network.json", "plan.json")), EXIT_DONE);
    assert_run("certify network.json plan.json", EXIT_DONE, "violation");
    assert_run("certify network.json plan.json --json", EXIT_DONE, "\"supported\": true");
    assert_run("explain network.json plan.json", EXIT_DONE,
               "raising the max of place 'b' by 1 is worth 0.019");
    assert_run("explain network.json plan.json", EXIT_DONE, "every corridor is used");
    assert_run("explain --json network.json plan.json", EXIT_DONE, "\"kind\": \"place_max\"");
    /* The same plan says too much of a network whose corridor costs more. */
    write_file("dear.json", PLACES "\"corridors\":[{\"id\":\"ab\",\"from\":\"a\",\"to\":\"b\","
                                   "\"max\":500,\"cost\":0.01,\"output\":{\"gain\":1}}]}");
    assert_run("explain dear.json plan.json", EXIT_NEGATIVE, "its value is not what it says");
    assert_run("certify dear.json plan.json", EXIT_NEGATIVE,
               "refused: its value is not what it says");
    assert_run("certify dear.json plan.json --json", EXIT_NEGATIVE,
               "\"refused\": \"its value is not what it says\"");
}

/* What the owner wants contradicts itself: said in his own words, and there is no plan. */
static void contradictions_are_named(void **state)
{
    (void)state;
    write_file("network.json", PLACES CORRIDORS
               ",\"groups\":[{\"id\":\"floor:b\",\"min\":30,\"max\":50,\"places\":{\"b\":1}},"
               "{\"id\":\"cap:b\",\"min\":0,\"max\":20,\"places\":{\"b\":1}}]}");
    assert_run("solve network.json", EXIT_NEGATIVE,
               "2 bounds contradict each other; without any one of them there is a plan");
    assert_run("solve network.json", EXIT_NEGATIVE, "group 'floor:b' wants at least 30");
    assert_run("solve network.json", EXIT_NEGATIVE, "group 'cap:b' wants at most 20");
}

/* Each verb says the same one line of a network that it cannot use, and ends with 2. */
static void assert_network_refused(const char *words)
{
    static const char *const verbs[] = {"solve bad.json", "certify bad.json plan.json",
                                        "explain bad.json plan.json"};

    for (size_t k = 0; k < sizeof(verbs) / sizeof(verbs[0]); k++) {
        assert_run(verbs[k], EXIT_USAGE, words);
        assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
    }
}

/* A million of them, one in the other. */
static void write_nested(const char *name, const char *before)
{
    const size_t depth = 1000000;
    const size_t first = strlen(before);
    char *text = malloc(first + depth + 1);

    assert_non_null(text);
    memcpy(text, before, first);
    memset(text + first, '[', depth);
    text[first + depth] = '\0';
    write_file(name, text);
    free(text);
}

#define CORRIDOR(max, output)                                                                      \
    PLACES "\"corridors\":[{\"id\":\"ab\",\"from\":\"a\",\"to\":\"b\",\"max\":" max                \
           ",\"cost\":0,\"output\":" output "}]}"

static void bad_routing_files_are_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *network;
        const char *words;
    } cases[] = {
        {PLACES CORRIDORS ",\"group\":[]}", "unknown member 'group'"},
        {PLACES CORRIDORS, "bad.json: line 1, column"},
        {"", "bad.json: line 1, column"},
        {"{\"format\":\"sluice-network/1\",\"horizon_s\":1,\"places\":[]}",
         "member 'corridors' is missing"},
        {CORRIDOR("-5", "{\"gain\":1}"), "'max' is -5"},
        {CORRIDOR("NaN", "{\"gain\":1}"), "invalid token near 'NaN'"},
        {CORRIDOR("Infinity", "{\"gain\":1}"), "invalid token near 'Infinity'"},
        {CORRIDOR("1e999", "{\"gain\":1}"), "real number overflow"},
        {CORRIDOR("9", "{\"pieces\":[[-9,1]]}"), "'width' is -9"},
        {CORRIDOR("9", "{\"pieces\":[[4,0.9],[5,0.95]]}"), "rates must not increase"},
        {PLACES "\"corridors\":[{\"from\":\"a\"}]}", "corridors[0]: 'id' must be a text"},
        {PLACES "\"corridors\":[{\"id\":\"x\"},{\"id\":\"x\"}]}", "the id 'x' is there twice"},
        {PLACES CORRIDORS ",\"groups\":[{\"id\":\"g\",\"min\":2,\"max\":1}]}",
         "groups[0] 'g': 'min' is 2 and 'max' is 1"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_file("bad.json", cases[i].network);
        assert_network_refused(cases[i].words);
    }
    write_nested("bad.json", "{\"format\":");
    assert_network_refused("bad.json: line 1, column");
}

#define PLAN(status, value, flow)                                                                  \
    "{\"format\":\"sluice-plan/1\",\"status\":" status ",\"value\":" value                         \
    ",\"bound\":101,\"gap\":0,\"baseline\":100,\"positions\":{\"a\":60,\"b\":40},\"flows\":{" flow \
    "},\"prices\":{\"a\":1,\"b\":1},\"group_prices\":{}"

static void bad_plan_files_are_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *plan;
        const char *words;
    } cases[] = {
        {"{\"format\":\"sluice-plan/1\",\"status\":\"perfect\"}", "'status' must be optimal"},
        {PLAN("\"optimal\"", "NaN", "\"ab\":40") "}", "invalid token near 'NaN'"},
        {PLAN("\"optimal\"", "1e999", "\"ab\":40") "}", "real number overflow"},
        {PLAN("\"optimal\"", "1", "\"ab\":40"), "plan.json: line 1, column"},
        {PLAN("\"optimal\"", "1", "") "}", "'flows' lacks 'ab'"},
        {PLAN("\"optimal\"", "1", "\"ab\":40,\"ac\":1") "}", "'flows' names 'ac', which the"},
        {PLAN("\"optimal\"", "1", "\"ab\":40,\"ab\":41") "}", "duplicate object key"},
        {PLAN("\"optimal\"", "1", "\"ab\":40") ",\"proof\":1}", "unknown member 'proof'"},
        {PLAN("\"optimal\"", "1", "\"ab\":40") ",\"branches\":{\"transaction\":\"t\"}}",
         "branches: node 0: member 'off' is missing"},
    };
    static const char *const verbs[] = {"certify network.json plan.json",
                                        "explain network.json plan.json",
                                        "solve network.json --warm plan.json"};

    write_file("network.json", PLACES CORRIDORS "}");
    for (size_t i = 0; i <= sizeof(cases) / sizeof(cases[0]); i++) {
        const bool nested = i == sizeof(cases) / sizeof(cases[0]);
        if (nested) {
            write_nested("plan.json", "{\"branches\":");
        } else {
            write_file("plan.json", cases[i].plan);
        }
        for (size_t k = 0; k < sizeof(verbs) / sizeof(verbs[0]); k++) {
            assert_run(verbs[k], EXIT_USAGE, nested ? "plan.json: line 1, column" : cases[i].words);
            assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
        }
    }
    assert_run("explain network.json", EXIT_USAGE, "explain NETWORK PLAN");
    assert_run("explain network.json nowhere.json", EXIT_USAGE, "cannot open 'nowhere.json'");
}

static void scenarios_are_played(void **state)
{
    (void)state;
    write_file("days.json",
               "{\"format\":\"sluice-scenario/1\",\"title\":\"two chains\",\"seed\":1,"
               "\"hours\":6,\"step_s\":600,\"plan_s\":1200,\"patience_s\":3600,"
               "\"transfer_fee\":0.001,\"blocked_cost\":0.002,\"tolerance\":0.1,\"move_min\":1,"
               "\"chains\":[{\"id\":\"a\",\"balance\":1000,\"weight\":0.5,\"min\":400,"
               "\"target\":500,\"gas\":1},{\"id\":\"b\",\"balance\":0,\"weight\":0.5,"
               "\"min\":400,\"target\":500,\"gas\":1}],\"bridges\":[{\"from\":\"*\",\"to\":\"*\","
               "\"fee\":0.001,\"fixed\":0,\"max\":1000,\"delay_s\":600}],\"flows\":[{\"from\":"
               "\"a\",\"to\":\"b\",\"per_hour\":9,\"median\":20}]}");
    assert_run("backtest days.json --svg days.svg", EXIT_DONE, "min-amount");
    assert_run("backtest days.json --json", EXIT_DONE, "\"regret\"");
    /* Few come, and what there is suffices: who moves nothing is ahead, and the report says why. */
    write_file("quiet.json",
               "{\"format\":\"sluice-scenario/1\",\"title\":\"quiet\",\"seed\":2,"
               "\"hours\":24,\"step_s\":600,\"plan_s\":1200,\"patience_s\":3600,"
               "\"transfer_fee\":0.001,\"blocked_cost\":0.01,\"tolerance\":0.1,\"move_min\":1,"
               "\"chains\":[{\"id\":\"a\",\"balance\":1000,\"weight\":0.5,\"min\":10,"
               "\"target\":20,\"gas\":0.01},{\"id\":\"b\",\"balance\":120,\"weight\":0.5,"
               "\"min\":1,\"target\":5,\"gas\":0.01}],\"bridges\":[{\"from\":\"*\",\"to\":\"*\","
               "\"fee\":0.0001,\"fixed\":0,\"max\":1000,\"delay_s\":600}],\"flows\":[{\"from\":"
               "\"a\",\"to\":\"b\",\"per_hour\":0.2,\"median\":20}]}");
    assert_run("backtest quiet.json", EXIT_DONE, "Why: it did not know what users would take");
    assert_run("backtest quiet.json --json", EXIT_DONE, "\"value_knowing_users\": ");
    assert_run("backtest days.json --svg no/where.svg", EXIT_USAGE, "cannot write 'no/where.svg'");
    assert_run("backtest days.svg", EXIT_USAGE, "days.svg: line 1, column");
    write_nested("days.json", "{\"format\":");
    assert_run("backtest days.json", EXIT_USAGE, "days.json: line 1, column");
    write_file("days.json", "{\"format\":\"sluice-scenario/1\",\"seed\":NaN}");
    assert_run("backtest days.json", EXIT_USAGE, "invalid token near 'NaN'");
    write_file("days.json", "{\"format\":\"sluice-scenario/1\",\"days\":1}");
    assert_run("backtest days.json", EXIT_USAGE, "unknown member 'days'");
    assert_run("backtest", EXIT_USAGE, "backtest SCENARIO");
}

/* One node on one directory; people reach it while it runs and read it when it is dead. */
static void a_node_lives_and_ends_in_good_order(void **state)
{
    (void)state;
    const pid_t node = start("run --config node.yaml", "node.log");
    assert_true(node_says("node.log", "event=ready"));
    assert_true(node_says("node.log", "trying again until it answers"));
    assert_run("run --config node.yaml", EXIT_FENCED, "another sluice holds");
    assert_run("status --config node.yaml", EXIT_DONE, "alpha");
    assert_run("status --data data --json", EXIT_DONE, "\"name\": \"test\"");
    assert_run("pause --config node.yaml --reason because", EXIT_DONE, "pause: done");
    assert_run("status --data data", EXIT_DONE, "PAUSED");
    assert_run("why --data data", EXIT_DONE, "paused");
    assert_run("resume --data data --json", EXIT_DONE, "\"accepted\": true");
    assert_run("approve --data data "
               "0x1111111111111111111111111111111111111111111111111111111111111111",
               EXIT_REFUSED, "refused");
    assert_run("messages list --data data", EXIT_DONE, "finished");
    assert_run("messages show --data data " MESSAGE_ID, EXIT_NEGATIVE, "no such message");
    assert_run("messages retry --data data " MESSAGE_ID, EXIT_REFUSED, "has not seen");
    assert_run("messages drop --json --data data --reason spam " MESSAGE_ID, EXIT_REFUSED,
               "\"accepted\": false");
    assert_int_equal(kill(node, SIGTERM), 0);
    assert_int_equal(end_of(node), EXIT_DONE);
    assert_true(node_says("node.log", "event=ended exit_code=0"));
    assert_run("pause --config node.yaml", EXIT_UNREACHABLE, "no node listens");
    assert_run("status --data data", EXIT_DONE, "test:");
}

/* SIGKILL leaves the socket and the lock behind; the next start is not held up by them. */
static void a_killed_node_starts_again(void **state)
{
    (void)state;
    pid_t node = start("run --config node.yaml", "node.log");
    assert_true(node_says("node.log", "event=ready"));
    assert_int_equal(kill(node, SIGKILL), 0);
    assert_int_equal(end_of(node), 128 + SIGKILL);
    node = start("run --config node.yaml", "again.log");
    assert_true(node_says("again.log", "event=ready"));
    assert_run("resume --config node.yaml", EXIT_DONE, "resume: done");
    assert_int_equal(kill(node, SIGINT), 0);
    assert_int_equal(end_of(node), EXIT_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(usage_mistakes_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reference_configuration_is_imported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reference_configuration_is_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_tool_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_tool_knows_every_kind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tools_answer_from_an_argument_and_from_standard_input,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_tool_says_what_it_wants, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_configuration_is_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_journal_there_is_nothing_to_show, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_data_directory_that_cannot_be_used_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_control_socket_in_the_way_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_signer_that_cannot_start_ends_the_node, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(endpoints_that_do_not_answer_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(networks_are_solved_and_explained, set_up, tear_down),
        cmocka_unit_test_setup_teardown(contradictions_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_routing_files_are_one_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_plan_files_are_one_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(scenarios_are_played, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_node_lives_and_ends_in_good_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_killed_node_starts_again, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
