/* SPDX-License-Identifier: Apache-2.0 */
/* sluice init: a commented configuration for the chains that were asked for. What no file says is a
 * line to fill in, which `sluice config check` names. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/cli/registry.h"

#define FILL_IN       "fill-in"
#define QUORUM_GOOD   3u /* endpoints of different people, from which two must agree */
#define SLOW_BLOCK_MS 5000u
#define DEFAULT_FINAL "finalized"

struct init_options {
    const char *chains;
    const char *registry; /* NULL: nothing is known of the chains */
    const char *name;
    const char *data;
    const char *key; /* NULL: nothing is sent */
    const char *out; /* NULL: standard output */
};

struct init_chains {
    struct registry_chain list[CHAINS_MAX];
    uint32_t count;
};

/* ---- which chains ---- */

static bool is_name(const char *text, size_t count)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

    return count > 0 && count < NAME_BYTES_MAX && strspn(text, allowed) >= count;
}

static bool is_listed(const struct init_chains *chains, const char *name)
{
    for (uint32_t i = 0; i < chains->count; i++) {
        if (strcmp(chains->list[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* False: told. */
static bool read_chain(const struct init_options *options, const char *name,
                       struct registry_chain *ret_chain)
{
    struct settings_error error;

    *ret_chain = (struct registry_chain){.is_ethereum = true};
    memcpy(ret_chain->name, name, strlen(name) + 1);
    if (options->registry == NULL) {
        return true;
    }
    const enum status status = registry_load(options->registry, name, ret_chain, &error);
    if (status == STATUS_NOT_FOUND) {
        cli_say("init", "%s: no chain '%s' there (chains/%s/metadata.yaml)", options->registry,
                name, name);
    } else if (status != STATUS_OK) {
        cli_say("init", "%s", error.text);
    } else if (!ret_chain->is_ethereum) {
        cli_say("init", "chain '%s' is not of the family 'ethereum', the one that there is", name);
    }
    return status == STATUS_OK && ret_chain->is_ethereum;
}

static bool read_chains(const struct init_options *options, struct init_chains *chains)
{
    const char *at = options->chains;

    for (;;) {
        char name[NAME_BYTES_MAX];
        const size_t count = strcspn(at, ",");
        if (!is_name(at, count)) {
            cli_say("init", "--chains wants names with commas between them, such as alpha,beta");
            return false;
        }
        memcpy(name, at, count);
        name[count] = '\0';
        if (chains->count == CHAINS_MAX || is_listed(chains, name)) {
            cli_say("init", "chain '%s' is %s", name,
                    chains->count == CHAINS_MAX ? "one too many" : "named twice");
            return false;
        }
        if (!read_chain(options, name, &chains->list[chains->count])) {
            return false;
        }
        chains->count++;
        if (at[count] == '\0') {
            return true;
        }
        at += count + 1;
    }
}

/* ---- the file ---- */

static void write_head(const struct init_options *options, FILE *out)
{
    (void)fprintf(
        out,
        "# Made by 'sluice init'. Check it with 'sluice config check FILE', try its endpoints "
        "with\n# 'sluice doctor --config FILE', and run it with 'sluice run --config FILE'. "
        "Every key that there\n# is: sluice.example.yaml. Secrets are never in this file: "
        "keys are the signer's.\n\n"
        "node:\n"
        "  name: %s\n"
        "  data: %s                  # folder of the journal; one node at a time\n"
        "# journal_keep: 1000000         # records that stay in its file; older ones are "
        "archived\n\n",
        options->name, options->data);
    if (options->key == NULL) {
        (void)fputs(
            "# Nothing is signed: it watches and journals. With --key it also delivers.\n"
            "# signer:\n#   socket: ./signer.sock         # where sluice-signer listens\n\n",
            out);
    } else {
        (void)fputs(
            "signer:\n  socket: ./signer.sock           # where sluice-signer listens; its own "
            "file says the same\n\n",
            out);
    }
}

static void write_endpoints(const struct registry_chain *chain, FILE *out)
{
    if (chain->urls_count == 0) {
        (void)fputs(
            "    # Websockets (wss://) see new blocks at once; three of different people, so "
            "that two can outvote one.\n    endpoints: [\"" FILL_IN "\"]\n",
            out);
        return;
    }
    (void)fputs("    # From the registry. Public endpoints are slow and often limited: put yours, "
                "wss:// first.\n    endpoints:\n",
                out);
    for (uint32_t i = 0; i < chain->urls_count; i++) {
        (void)fprintf(out, "      - \"%s\"\n", chain->urls[i]);
    }
    if (chain->urls_count < QUORUM_GOOD) {
        (void)fprintf(out, "    # %s: what one says cannot be compared with enough others.\n",
                      chain->urls_count == 1 ? "One alone" : "Two alone");
    }
    (void)fprintf(
        out, "    quorum: %u                     # endpoints that must agree: more than half\n",
        chain->urls_count / 2 + 1);
}

static void write_address(const char *key, const char *address, const char *what, FILE *out)
{
    (void)fprintf(out, "    %s: \"%s\"%s%s\n", key, address[0] == '\0' ? FILL_IN : address,
                  what[0] == '\0' ? "" : "   # ", what);
}

static void write_number(const char *key, uint64_t number, const char *what, FILE *out)
{
    if (number == 0) {
        (void)fprintf(out, "    %s: " FILL_IN "   # %s\n", key, what);
    } else {
        (void)fprintf(out, "    %s: %" PRIu64 "   # %s\n", key, number, what);
    }
}

static void write_sending(const struct init_options *options, const struct registry_chain *chain,
                          FILE *out)
{
    if (options->key == NULL) {
        (void)fputs(
            "    relay: false                  # true: messages to this chain are delivered; "
            "needs a key\n",
            out);
        return;
    }
    (void)fprintf(out,
                  "    relay: true                   # messages to this chain are delivered\n"
                  "    key: \"%s\"   # account that sends; its secret is the signer's\n"
                  "    fee_per_gas_max: 100 gwei     # above it sending waits\n"
                  "    key_balance_min: 0.01 ether   # of %s; below it an alert\n"
                  "    validators_min: 2             # so many validators would have to forge a "
                  "message together\n",
                  options->key, chain->coin[0] == '\0' ? "the native coin" : chain->coin);
}

static void write_chain(const struct init_options *options, const struct registry_chain *chain,
                        FILE *out)
{
    const uint64_t domain = chain->domain == 0 ? chain->chain_id : chain->domain;

    (void)fprintf(out, "  # %s%s\n",
                  chain->display_name[0] == '\0' ? chain->name : chain->display_name,
                  chain->is_testnet ? ", a test network" : "");
    (void)fprintf(out, "  - name: %s\n", chain->name);
    write_number("domain", domain, "Hyperlane's number of the chain", out);
    write_number("chain_id", chain->chain_id, "the chain's own number", out);
    write_endpoints(chain, out);
    (void)fprintf(out, "    finality: %s           # finalized, safe, or a depth in blocks\n",
                  chain->finality[0] == '\0' ? DEFAULT_FINAL : chain->finality);
    (void)fprintf(out,
                  "    start_block: %" PRIu64 "                # nothing before it is looked at\n",
                  chain->start_block);
    if (chain->block_ms > SLOW_BLOCK_MS) {
        (void)fputs("    request_deadline: 10 s        # its blocks are slow\n", out);
    }
    write_address("mailbox", chain->mailbox, "", out);
    write_address("merkle_tree_hook", chain->merkle_tree_hook, "", out);
    write_address("validator_announce", chain->validator_announce, "", out);
    if (chain->gas_paymaster[0] != '\0') {
        write_address("gas_paymaster", chain->gas_paymaster, "", out);
    }
    write_sending(options, chain, out);
    (void)fputc('\n', out);
}

static void write_tail(FILE *out)
{
    (void)fputs(
        "site:                             # pages, /metrics, /livez and /readyz, on this machine "
        "alone\n"
        "  listen: 127.0.0.1:18690\n\n"
        "# alerts:                         # whom the node tells by itself\n"
        "#   command: [/usr/local/bin/page]\n"
        "#   webhook: https://hooks.example/sluice\n"
        "#   mail_to: ops@example.org\n\n"
        "# policy:                         # which messages are delivered, and for which "
        "payment\n"
        "#   whitelist: ./whitelist.json\n"
        "#   gas_payment: '[{\"type\": \"onChainFeeQuoting\"}]'\n",
        out);
}

static int write_file(const struct init_options *options, const struct init_chains *chains,
                      FILE *out)
{
    write_head(options, out);
    (void)fputs("chains:\n", out);
    for (uint32_t i = 0; i < chains->count; i++) {
        write_chain(options, &chains->list[i], out);
    }
    write_tail(out);
    return fflush(out) == 0 && ferror(out) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
}

static void say_next(const struct init_options *options, const struct init_chains *chains)
{
    const char *file = options->out == NULL ? "FILE" : options->out;

    for (uint32_t i = 0; i < chains->count; i++) {
        const struct registry_chain *chain = &chains->list[i];
        if (chain->chain_id == 0 || chain->urls_count == 0 || chain->mailbox[0] == '\0') {
            cli_say("init", "chain %s: fill in what the lines with '" FILL_IN "' want",
                    chain->name);
        } else if (chain->urls_count < QUORUM_GOOD) {
            cli_say("init", "chain %s: fewer than three endpoints; one that lies is not outvoted",
                    chain->name);
        }
    }
    cli_say("init", "next: sluice config check %s; sluice doctor --config %s%s", file, file,
            options->key == NULL ? "" : "; signer.example.yaml for the signer");
}

/* A file that is there is somebody's work. */
static int write_out(const struct init_options *options, const struct init_chains *chains)
{
    if (options->out == NULL) {
        return write_file(options, chains, stdout);
    }
    const int fd = open(options->out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (out == NULL) {
        cli_say("init", "%s: %s", options->out, strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return EXIT_USAGE;
    }
    const int code = write_file(options, chains, out);
    if (fclose(out) != 0 || code != EXIT_DONE) {
        cli_say("init", "%s: cannot be written: %s", options->out, strerror(errno));
        (void)unlink(options->out);
        return EXIT_TEMPORARY;
    }
    return EXIT_DONE;
}

static bool is_plain_path(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text > '~' || strchr("\"'#:{}[],&*!|>%@`", *text) != NULL) {
            return false;
        }
    }
    return true;
}

int cli_init(int argc, char **argv)
{
    static struct init_chains chains;
    struct init_options init = {.name = "relayer", .data = "./data"};
    const struct cli_option options[] = {{.name = "--chains", .value = &init.chains},
                                         {.name = "--registry", .value = &init.registry},
                                         {.name = "--name", .value = &init.name},
                                         {.name = "--data", .value = &init.data},
                                         {.name = "--key", .value = &init.key},
                                         {.name = "--out", .value = &init.out},
                                         {.name = NULL}};
    struct cli_arguments arguments;
    struct address address;
    int code = EXIT_USAGE;

    if (!cli_parse(argc, argv, options, 0, &arguments, &code)) {
        return code;
    }
    if (init.chains == NULL) {
        cli_say("init", "--chains NAME,... says which chains; see 'sluice init --help'");
        return EXIT_USAGE;
    }
    if (!is_name(init.name, strlen(init.name)) || !is_plain_path(init.data) ||
        init.data[0] == '\0') {
        cli_say("init", "--name wants letters, digits, - and _; --data a plain path");
        return EXIT_USAGE;
    }
    if (init.key != NULL && settings_parse_address(init.key, &address) != STATUS_OK) {
        cli_say("init", "--key wants the address of the account that sends, never its secret");
        return EXIT_USAGE;
    }
    chains.count = 0;
    if (!read_chains(&init, &chains)) {
        return EXIT_USAGE;
    }
    code = write_out(&init, &chains);
    if (code == EXIT_DONE) {
        say_next(&init, &chains);
    }
    return code;
}
