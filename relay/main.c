/* SPDX-License-Identifier: Apache-2.0 */
/* sluice: the verbs of the command line, one table. */
#include <stdio.h>
#include <string.h>

#include "relay/base/nearest.h"
#include "relay/cli/cli.h"
#include "relay/cli/version.h"

#define VERBS_MAX 64u

#define USAGE_NODE                                                                                 \
    "  --config FILE  the node's configuration\n"                                                  \
    "  --data DIR     the node's data directory; works without its configuration\n"                \
    "  --json         one JSON document instead of tables\n"

const struct cli_verb cli_verbs[] = {
    {"run", "Run the node: relay, validate, rebalance, journal.",
     "sluice run --config FILE [--hyperlane-metrics] [--debug]\n"
     "sluice run --config FILE --check\n"
     "sluice run --hyperlane [JSON...] [--key ADDRESS] [--signer SOCKET] [--check] [--debug]\n\n"
     "  --config FILE  the configuration (deploy/config/sluice.example.yaml shows every key)\n"
     "  --check        connect to every chain, say what is wrong, and end; signs nothing\n"
     "  --debug        say every event and command\n"
     "  --hyperlane    run by the reference agents' configuration instead: the files that\n"
     "                 CONFIG_FILES names, then JSON..., then HYP_* variables above them. What is\n"
     "                 not understood is said; a key in it is refused, with where to put it\n"
     "  --key ADDRESS  the account that sends, whose key the signer has\n"
     "  --signer SOCKET  where the signer listens (./signer/signer.sock)\n"
     "  --hyperlane-metrics  /metrics has the names of the reference agents too\n\n"
     "Says one line per state change on standard error; 'event=ready' when it works. SIGTERM and\n"
     "SIGINT stop it in good order. Exit codes: 0 stopped; 2 configuration, a wrong chain or a\n"
     "missing contract; 3 the signer cannot be reached; 5 the journal is damaged; 6 another node\n"
     "holds the data directory; 75 a full disk, no memory: try again.\n",
     cli_run},
    {"init", "Write a commented configuration for the chains you name.",
     "sluice init --chains NAME,... [--registry DIR] [--key ADDRESS] [--name NAME] [--data DIR]\n"
     "            [--out FILE]\n\n"
     "  --chains NAME,...  the chains, with commas between them\n"
     "  --registry DIR     a copy of the reference registry: DIR/chains/NAME/metadata.yaml and\n"
     "                     addresses.yaml say numbers, endpoints, contracts and finality\n"
     "  --key ADDRESS      the account that sends; without it the node watches only\n"
     "  --name NAME        of the node, in its logs and its journal (relayer)\n"
     "  --data DIR         of its journal (./data)\n"
     "  --out FILE         instead of standard output; must not be there yet\n\n"
     "What no file says is 'fill-in', and 'sluice config check' names the line. Nothing is "
     "fetched.\n\n"
     "Example:\n"
     "  sluice init --chains ethereum,base --registry ./hyperlane-registry --out sluice.yaml\n\n"
     "Exit codes: 0 written; 2 usage, no such chain, a file that is wrong or is there; 75 not "
     "written\n",
     cli_init},
    {"status", "Where everything stands: chains, messages, keys, capital.",
     "sluice status (--config FILE | --data DIR) [--offline] [--json]\n\n" USAGE_NODE
     "  --offline      DIR is a copy: do not ask whether a node is running there\n"
     "\nReads the journal directly: works for a running node, a dead one, and a copy.\n",
     cli_status},
    {"top", "Follow a node in a terminal: status, why, messages, plans.",
     "sluice top (--config FILE | --data DIR) [--seconds N]\n\n"
     "  --config FILE  the node's configuration\n"
     "  --data DIR     the node's data directory; works without its configuration\n"
     "  --seconds N    look so often (1)\n\n"
     "The tables of status, why, messages and plan, made anew from the journal while you watch.\n"
     "Keys: 1 to 4 or Tab choose, arrows and PgUp, PgDn, Home move, Ctrl-L draws anew, q ends. It "
     "only reads, and\n"
     "works over ssh.\n\n"
     "Exit codes: 0 ended; 1 no journal there; 2 usage, or no terminal\n",
     cli_top},
    {"why", "Why something does not happen, or what just happened.",
     "sluice why (--config FILE | --data DIR) [ID] [--json]\n\n" USAGE_NODE
     "\nID is a message, a plan or a move. Without it: every asset and every chain that waits for\n"
     "something. Exit code 1: no such message, plan or move.\n",
     cli_why},
    {"plan", "The newest plans: what would be moved, what it costs, what became of it.",
     "sluice plan (--config FILE | --data DIR) [ID] [--json]\n\n" USAGE_NODE
     "\nWith the id of a plan: that one with its moves.\n",
     cli_plan},
    {"approve", "Let a plan that waits for approval be carried out.",
     "sluice approve (--config FILE | --data DIR) PLAN [--reason TEXT] [--json]\n"
     "       [--key FILE --passphrase-file FILE [--valid TIME]]\n"
     "       [--print [--valid TIME]] [--signature 0x... --expires SECONDS]\n\n" USAGE_NODE
     "  --reason TEXT  journaled with your user id\n\n"
     "A signer in `mode: propose` moves nothing without the signature of one of its approvers\n"
     "over the plan, its moves, the mandate and the second the approval ends:\n\n"
     "  --key FILE --passphrase-file FILE  sign here, with an approver's keystore\n"
     "  --print                            show the text to sign elsewhere; approves nothing\n"
     "  --signature 0x... --expires N      approve with a signature made over that text\n"
     "  --valid TIME                       how long it is good, such as 30min (1h)\n\n"
     "Exit codes: 0 approved; 3 no node is running there; 4 the node says no.\n",
     cli_approve},
    {"reject", "Make a plan that waits for approval void.",
     "sluice reject (--config FILE | --data DIR) PLAN [--reason TEXT] [--json]\n\n" USAGE_NODE
     "  --reason TEXT  journaled with your user id\n",
     cli_reject},
    {"mandate", "What the owner of the capital allows: check it, compare it, sign a change.",
     "sluice mandate check FILE [--json]\n"
     "sluice mandate show FILE [--json]\n"
     "sluice mandate hash FILE [--json]\n"
     "sluice mandate diff OLD NEW [--json]\n"
     "sluice mandate sign OLD NEW (--key FILE --passphrase-file FILE | --print) [--json]\n\n"
     "  check  every line with who enforces it; what contradicts itself, with the line it is on\n"
     "  show   every line; with --json the canonical JSON (RFC 8785) that the hash is of\n"
     "  hash   the name of it for nodes, signers and people: comments and order do not change it\n"
     "  diff   what a change tightens and what it loosens\n"
     "  sign   a signature over both hashes; a line of it belongs into NEW.signatures\n\n"
     "A node and a signer keep the mandate they accepted. One that only tightens is taken at "
     "once;\n"
     "any other needs signatures and a delay, which the present one names (`change`).\n\n"
     "Exit codes: 0 done; 1 it contradicts itself, or does not only tighten; 2 it cannot be read;\n"
     "4 the key may not sign.\n",
     cli_mandate},
    {"pause", "Stop sending transactions; watching goes on.",
     "sluice pause (--config FILE | --data DIR) [--chain NAME] [--reason TEXT] "
     "[--json]\n\n" USAGE_NODE "  --chain NAME   this chain alone (needs --config)\n"
     "  --reason TEXT  journaled with your user id\n",
     cli_pause},
    {"resume", "Go on after a pause, or after an alarm that stopped a chain.",
     "sluice resume (--config FILE | --data DIR) [--chain NAME] [--reason TEXT] "
     "[--json]\n\n" USAGE_NODE "  --chain NAME   this chain alone (needs --config)\n"
     "  --reason TEXT  journaled with your user id\n\n"
     "A validator that saw final blocks replaced has raised reorg_flag.json in its store of that\n"
     "chain, and relayers trust the store no more. Take the file away there too, once you know "
     "why.\n",
     cli_resume},
    {"messages", "Bridge messages and where each stands.",
     "sluice messages list (--config FILE | --data DIR) [--state STATE] [--limit N] [--json]\n"
     "sluice messages show (--config FILE | --data DIR) ID [--json]\n"
     "sluice messages retry | hold | drop (--config FILE | --data DIR) ID... [--reason TEXT]\n"
     "                [--json]\n\n" USAGE_NODE
     "  --state STATE  only these; 'open' (the default) is every one not finished, 'all' is all;\n"
     "                 'quarantined' reverts again and again, 'dead' was given up, 'held', ...\n"
     "  --limit N      at most N (1000)\n"
     "  --reason TEXT  journaled with your user id; drop needs one\n\n"
     "retry tries a message now and begins its waits anew, also one that is held, dead or "
     "dropped;\n"
     "hold leaves it alone until retry; drop gives it up. Nothing that is sent is called back.\n\n"
     "Exit codes: 0 done; 1 no such message; 2 usage; 3 no node is running there; 4 the node says\n"
     "no to one of them; 75 try again\n",
     cli_messages},
    {"journal", "Look into a journal and check it.",
     "sluice journal VERB DIR ...\n\n"
     "  verify DIR               order, checksums, content, blobs and hash tree of every record\n"
     "  verify FILE              a proof that somebody handed over\n"
     "  tail DIR                 the last records, one per line\n"
     "  show DIR RECORD          every field of one record\n"
     "  grep DIR ...             the records about a message, a plan, a transaction, a chain, a "
     "time\n"
     "  stats DIR                how much of what, and what is open\n"
     "  rebuild DIR              make rows, indexes and tree anew from the records alone\n"
     "  synth DIR --records N    make a journal of a life that never was\n"
     "  export DIR OUT           the signed log as a folder to serve and to verify\n"
     "  prove DIR RECORD         one file: a record, its proof, the signed checkpoint\n"
     "  consistency DIR OLD NEW  one file: the proof that the log only grew\n"
     "\nReads the directory of a running node, of a dead one, a copy, or an export; needs no key.\n"
     "'sluice journal VERB --help' says more.\n\n"
     "Exit codes: 0 done; 1 no journal there, or nothing found; 2 usage, or another version wrote\n"
     "it; 5 not sound; 75 it cannot be read now\n",
     cli_journal},
    {"replay", "Run the core over a journal again and compare everything.",
     "sluice replay DIR [--json]\n\n"
     "Gives the journaled events to the core again. Every recorded command must come out byte for\n"
     "byte, every digest and every row must be the same; the first that is not is named. An "
     "exported\n"
     "log has no rows: commands and digests are compared, and that is said.\n\n"
     "Exit codes: 0 the same; 1 no journal there; 2 usage, or another version wrote it; 5 "
     "different;\n"
     "75 it cannot be read now\n",
     cli_replay},
    {"ledger", "Every posting of the books, with running balances.",
     "sluice ledger (--config FILE | --data DIR) [--format table|csv|jsonl|sqlite] [--out FILE]\n"
     "              [--from TIME] [--to TIME] [--chain NAME] [--asset SYMBOL] [--totals]\n\n"
     "  --config FILE  the node's configuration\n"
     "  --data DIR     the node's data directory, or a copy of it; works without its "
     "configuration\n"
     "  --format F     csv and jsonl: exact base units, a line for each side of a posting;\n"
     "                 sqlite: a database with tables ledger, balances, checks and source\n"
     "  --out FILE     where it goes instead of standard output; must not be there yet\n"
     "  --from, --to   not before; before. 2026-11-23 or 2026-11-23T01:05:16Z\n"
     "  --chain NAME   accounts on this chain alone\n"
     "  --asset A      this asset alone; 'native' is what the node's own transactions cost\n"
     "  --totals       the table's sums without its lines\n\n"
     "Each line names its transaction and the journal record it rests on ('sluice journal show').\n"
     "Sums are made anew from the postings and compared with the node's own. Fees stand apart.\n\n"
     "Exit codes: 0 debits equal credits; 1 no journal there; 2 usage; 5 the books do not add up; "
     "75\n"
     "it cannot be read or written now\n",
     cli_ledger},
    {"report", "One page about a period, for a person.",
     "sluice report (--config FILE | --data DIR) [--from TIME] [--to TIME] [--format "
     "text|html|json]\n\n"
     "  --config FILE  the node's configuration\n"
     "  --data DIR     the node's data directory, or a copy of it; works without its "
     "configuration\n"
     "  --from, --to   not before; before. 2026-11-23 or 2026-11-23T01:05:16Z (all there is)\n"
     "  --format F     html is one page without scripts; json has everything that it is made of\n\n"
     "Messages delivered, moves and their cost, positions at the start and the end, exceptions, "
     "what\n"
     "people approved, and the evidence: records, hash tree, signed checkpoint.\n\n"
     "Exit codes: 0 made; 1 no journal there; 2 usage; 5 the journal is damaged; 75 try again\n",
     cli_report},
    {"config", "Check or show a configuration file, or make one of the reference agents'.",
     "sluice config check FILE [--json]\n"
     "sluice config show FILE [--effective] [--origin] [--json]\n"
     "sluice config import JSON... [--key ADDRESS] > FILE\n\n"
     "check prints what is in force, defaults included, or says file, line and column of the "
     "first\n"
     "mistake. show prints what the file says. import reads the reference relayer's JSON files, "
     "later ones above earlier ones, "
     "and\n"
     "the HYP_* variables above them: chains, endpoints, contracts, finality, fees, lists, gas\n"
     "payment, retries. It says every setting that is not taken over; a secret is refused.\n\n"
     "  --effective    show: also what the file does not say, with its default\n"
     "  --origin       show: behind each value the line it comes from, or 'default'\n"
     "  --key ADDRESS  import: the account that sends; its secret goes into the signer's "
     "keystore\n\n"
     "Exit codes: 0 good; 2 a mistake; 4 well-formed, but not allowed, or a secret is in it.\n",
     cli_config},
    {"doctor", "Is everything here fit to run a node: chains, clock, key, disk, journal, signer.",
     "sluice doctor --config FILE [--seconds N] [--json]\n\n"
     "  --config FILE  the node's configuration\n"
     "  --seconds N    look for at most so long (20)\n"
     "  --json         one JSON document instead of a table\n\n"
     "Connects to every endpoint as a node would: the chain's identity, a block by subscription,\n"
     "the final block, a range of logs, whether the endpoints agree, the clock, the key's "
     "balance;\n"
     "then the disk, the journal and the signer. Each line passes, warns or fails, and says what\n"
     "to do. Nothing is signed or written; it may run beside the node.\n\n"
     "Exit codes: 0 nothing fails; 1 a balance is too low; 2 configuration, or an endpoint of\n"
     "another chain; 3 an endpoint, a chain or the signer cannot be used; 5 endpoints contradict\n"
     "each other, or the journal is damaged; 75 disk or clock\n",
     cli_doctor},
    {"rpc", "The endpoints, and how each does.",
     "sluice rpc status --config FILE [--seconds N] [--json]\n"
     "sluice rpc bench --config FILE [--calls N] [--seconds N] [--json]\n\n"
     "  --config FILE  the node's configuration\n"
     "  --seconds N    look for at most so long (20); bench: at each endpoint (30)\n"
     "  --calls N      ask each endpoint at most so many questions (1000)\n"
     "  --json         one JSON document instead of a table\n\n"
     "Uses every endpoint for a few seconds: its newest block and that block's age, the final\n"
     "block it names, how long it takes to answer, its errors, silences and contradictions; and,\n"
     "where 'limits' name a day's calls, how many of today's the node spent and how many are left\n"
     "(UTC, by its journal; a question or two behind).\n\n"
     "'bench' measures them one by one: the time one question takes (median, and that of one in a\n"
     "hundred), calls a second with 16 under way, the largest batch and the longest range of the\n"
     "mailbox's logs. It keeps to 'limits' and counts what the node spent today. '+': more was\n"
     "not tried.\n\n"
     "Exit codes: 0 every chain has its quorum (bench: every endpoint was measured);\n"
     "2 configuration; 3 a chain has not, an endpoint was not\n",
     cli_rpc},
    {"solve", "Find the best plan for a network file, with its proof.",
     "sluice solve NETWORK [--gap GAP] [--steps N] [--warm PLAN] > PLAN\n\n"
     "  --gap GAP    stop when the plan is proved to miss no more than this part of what could be\n"
     "               gained (1e-6)\n"
     "  --steps N    stop after N steps, with the best plan so far (200); a step is as many "
     "pivots\n"
     "               as there are places and groups, and 64\n"
     "  --warm PLAN  start from an earlier plan of this network, whose amounts may have changed\n"
     "               since; the answer names it by its SHA-256\n\n"
     "The plan says what it is worth, how much more any plan could be worth at most, and the "
     "prices\n"
     "that prove it ('sluice certify'). With fixed costs the gap that is left may be above GAP; it "
     "is\n"
     "said. relay/routing_file/README.md describes both files, with an example to begin with.\n\n"
     "Exit codes: 0 a plan; 1 there is none, and why; 2 the file is not what it should be.\n",
     cli_solve},
    {"certify", "Check a plan against its network, independently of the solver.",
     "sluice certify NETWORK PLAN [--json]\n\n"
     "Prints value, bound, baseline, gap and the largest violation, all computed anew from the "
     "two\n"
     "files. Exit codes: 0 the plan keeps every bound to 1e-9 of scale and is as good as it says "
     "(or\n"
     "says infeasible, and that is proved); 1 it is not; 2 a file is not what it should be.\n",
     cli_certify},
    {"explain", "Why a plan does what it does: gains, costs, prices of limits.",
     "sluice explain NETWORK PLAN [--json]\n\n"
     "For each move what it makes and what it costs; for each limit that the plan runs into, what\n"
     "one unit more of room is worth; for each corridor that is not used, why. The moves' gains "
     "less\n"
     "their costs are what the plan is worth more than doing nothing.\n\n"
     "  sluice solve network.json > plan.json && sluice explain network.json plan.json\n\n"
     "Exit codes: 0 explained; 1 the plan is not what it says, or says that there is none; 2 a "
     "file\n"
     "is not what it should be.\n",
     cli_explain},
    {"backtest", "Days of users under our policy and others': what each would have made.",
     "sluice backtest SCENARIO [--json] [--svg FILE]\n\n"
     "Plays the scenario's users against 'sluice' and against what other rebalancers do, and says\n"
     "for each what it earned, what users found no liquidity, what moving cost, and how far it is\n"
     "from what somebody could have made who knew everything beforehand (regret). The same "
     "scenario\n"
     "gives the same numbers everywhere. relay/backtest/scenarios has a dozen.\n\n"
     "  --svg FILE  a plot of each policy's value over time\n\n"
     "Exit codes: 0 played; 2 the file is not what it should be; 75 the plot cannot be written\n",
     cli_backtest},
    {"key", "Make and import keys for the signer.",
     "sluice key new KEYSTORE --passphrase-file FILE [--json]\n"
     "sluice key import KEYSTORE --passphrase-file FILE [--json]\n"
     "sluice key list KEYSTORE|FOLDER... [--passphrase-file FILE] [--json]\n"
     "sluice key log FILE --origin NAME [--json]\n\n"
     "new makes a secret; import reads one from a line of standard input (64 hexadecimal digits,\n"
     "not shown on a terminal). Both write a Web3 keystore (version 3, mode 600) and never "
     "replace\n"
     "a file. list names the address in each keystore; with a passphrase file it opens each.\n"
     "Keys elsewhere (Web3Signer, a key service as AWS KMS, a token of PKCS#11) are not made "
     "here:\n"
     "the signer's file names them, and 'sluice-signer --check' asks each whether it signs.\n\n"
     "log makes the key with which a journal's log is signed (mode 600) and prints its public "
     "key,\n"
     "which goes into the node's configuration and to everybody who verifies the log.\n\n"
     "  --origin NAME           which log, for ever: such as relay.example/journal/1\n"
     "  --passphrase-file FILE  its first line is the passphrase; readable by its owner alone:\n"
     "                          (umask 077; head -c 24 /dev/urandom | base64 > FILE)\n\n"
     "Exit codes: 0 done; 1 list met a file that is no keystore or does not open; 2 usage.\n",
     cli_key},
    {"tool", "A relayer's everyday questions: ids, messages, trees, digests, signers.",
     "sluice tool id [MESSAGE]\n"
     "sluice tool decode [MESSAGE]\n"
     "sluice tool tree [FILE] [--at COUNT] [--proof INDEX | --proofs]\n"
     "sluice tool checkpoint-digest --domain N --hook ADDRESS --root HASH --index N\n"
     "                              [MESSAGE-ID | --message-id ID]\n"
     "sluice tool recover [SIGNATURE | --signature SIGNATURE]\n"
     "                    (--digest HASH | the checkpoint's options with --message-id)\n"
     "sluice tool metadata --type TYPE [METADATA]\n\n"
     "Reads hexadecimal digits from the argument, or from standard input without one or with '-';\n"
     "prints one JSON document. Needs no node, no chain and no key.\n\n"
     "id                 the id of a message: keccak-256 of its bytes\n"
     "decode             its fields; the body also as a warp-route transfer, if it has that shape\n"
     "tree               a merkle tree hook's tree over leaves (message ids), one per line:\n"
     "                   count and root\n"
     "  --at COUNT       of the first COUNT leaves alone, as an older checkpoint signed it\n"
     "  --proof INDEX    and the 32 siblings of that leaf, lowest level first\n"
     "  --proofs         and those of every leaf, one document per line\n"
     "checkpoint-digest  what a validator's key signs for a checkpoint\n"
     "recover            whose key made a signature\n"
     "metadata           what a relayer handed to an ISM; TYPE is message-id, merkle-root or\n"
     "                   aggregation:MODULES\n\n"
     "Exit codes: 0 done; 1 no key made the signature; 2 the input is not what it should be.\n",
     cli_tool},
    {"reference", "Manual pages and completions, made of what --help prints.",
     "sluice reference man DIR\n"
     "sluice reference completion bash|zsh|fish\n"
     "sluice reference page NAME SECTION SUMMARY < TEXT\n\n"
     "  man         write sluice.1 and a page for each verb into DIR, which exists\n"
     "  completion  print the completion of a shell: source <(sluice reference completion bash)\n"
     "  page        print one page of another program's --help, or of an example file\n\n"
     "Exit codes: 0 done; 2 usage, or DIR cannot be written; 75 not written to its end\n",
     cli_reference},
    {NULL, NULL, NULL, NULL},
};

static void print_help(void)
{
    (void)puts("sluice: relays bridge messages, moves capital, journals everything.\n");
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        (void)printf("  %-10s %s\n", verb->name, verb->summary);
    }
    (void)puts("\n'sluice VERB --help' says more. Exit codes: 0 done; 1 a negative answer; 2 usage "
               "or\nconfiguration; 3 something cannot be reached; 4 refused by policy; 5 integrity "
               "violation;\n6 somebody else holds it; 75 try again later.");
}

static int unknown_verb(const char *name)
{
    const char *names[VERBS_MAX];
    size_t count = 0;
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        names[count] = verb->name;
        count++;
    }
    const char *nearest = nearest_word(name, names, count);
    (void)fprintf(stderr, "sluice: there is no '%s'%s%s%s; 'sluice --help' lists what there is\n",
                  name, nearest == NULL ? "" : "; did you mean '", nearest == NULL ? "" : nearest,
                  nearest == NULL ? "" : "'?");
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help();
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help();
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)puts(SLUICE_BUILD_ID);
        return EXIT_DONE;
    }
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        if (strcmp(argv[1], verb->name) == 0) {
            return verb->run(argc - 1, argv + 1);
        }
    }
    return unknown_verb(argv[1]);
}
