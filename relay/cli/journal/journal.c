/* SPDX-License-Identifier: Apache-2.0 */
/* sluice journal: its verbs, one table. All read a live directory as well as a copy
 * (store/source.h).
 */
#include <string.h>

#include "relay/base/check.h"
#include "relay/cli/journal/journal_internal.h"
#include "relay/cli/journal/record_text.h"

struct journal_verb {
    const char *name;  /* as typed */
    const char *title; /* in messages */
    const char *usage;
    int (*run)(int argc, char **argv);
};

static const struct journal_verb verbs[] = {
    {"verify", "journal verify",
     "sluice journal verify DIR|FILE [--key KEY] [--witness KEY] [--json]\n\n"
     "DIR   looks at order, checksum, content and blob of every record, computes the hash tree "
     "over\n"
     "      them and compares it with the stored one, or with the tiles of an exported log, and "
     "with\n"
     "      every stored checkpoint. Names the first bad record.\n"
     "FILE  a proof: that its record is in the log of its checkpoint ('journal prove'), or that "
     "one\n"
     "      log grew out of another ('journal consistency'). Needs nothing else.\n\n"
     "  --key KEY      the log's public key, or a file that holds it: signatures are verified too\n"
     "  --witness KEY  a witness's public key: it must have cosigned (an export, a proof)\n"
     "  --old FILE     for a proof of consistency: the older checkpoint\n",
     journal_cli_verify},
    {"export", "journal export",
     "sluice journal export DIR OUT [--checkpoint SIZE] [--key KEY] [--json]\n\n"
     "Writes the journal's log to the folder OUT, for any web server to serve and anybody to "
     "verify:\n"
     "C2SP tlog-tiles, and the blobs beside them. Only what a stored checkpoint covers; a folder "
     "of\n"
     "before is brought up to date. The same state is always the same bytes.\n\n"
     "  --checkpoint SIZE  the state of this stored checkpoint (the newest)\n"
     "  --key KEY          the log's public key: the checkpoint must be signed by it\n\n"
     "Exit codes: 0 done; 1 nothing is signed yet; 4 OUT holds another log or a later state; 5 "
     "the\n"
     "journal, or what OUT holds, is damaged; 75 try again\n",
     journal_cli_export},
    {"prove", "journal prove",
     "sluice journal prove DIR RECORD [--checkpoint SIZE] > FILE\n\n"
     "Writes one file with the record, the proof that it is in the log, and the signed "
     "checkpoint:\n"
     "'sluice journal verify FILE --key KEY' checks it anywhere, as other programs for C2SP\n"
     "tlog-proof do.\n\n"
     "  --checkpoint SIZE  for this stored checkpoint (the newest)\n\n"
     "Exit codes: 0 done; 1 no checkpoint covers it; 5 the journal is damaged\n",
     journal_cli_prove},
    {"consistency", "journal consistency",
     "sluice journal consistency DIR OLD NEW > FILE\n\n"
     "Proves that the log of OLD is the beginning of the log of NEW. Each is a number of records "
     "or a\n"
     "file with a checkpoint that somebody kept; NEW must be signed. The file is the request that\n"
     "witnesses take (C2SP tlog-witness).\n\n"
     "Exit codes: 0 proved; 1 there is no such checkpoint; 5 the journal is not the log of OLD or "
     "NEW\n",
     journal_cli_consistency},
    {"tail", "journal tail",
     "sluice journal tail DIR [-n N] [--follow] [--json]\n\n"
     "The last records, one per line; '>' marks what the node decided.\n\n"
     "  -n N      so many records (10)\n"
     "  --follow  go on with new records as they are committed\n"
     "  --json    every field, one document per line\n",
     journal_cli_tail},
    {"show", "journal show",
     "sluice journal show DIR RECORD [--json]\n\n"
     "Every field of one record, its place in the hash tree, and for a decision the record it was\n"
     "decided on. RECORD is a number, a range such as 7..12, or 'last'. Exit code 1: no such "
     "record.\n",
     journal_cli_show},
    {"grep", "journal grep",
     "sluice journal grep DIR [--message ID] [--plan ID] [--transaction HASH] [--chain NAME]\n"
     "                    [--kind NAME,...] [--from TIME] [--to TIME] [--text TEXT] [--limit N]\n"
     "                    [--count] [--json]\n\n"
     "The records that fit everything that is said, one per line.\n\n"
     "  --message ID        about this message: its facts, signatures, legs and transactions\n"
     "  --plan ID           about this plan, its moves and what carried them\n"
     "  --transaction HASH  that name this hash, or any other 32 bytes: a block, a leg, an "
     "address\n"
     "  --chain NAME        of this chain (a name or a domain)\n"
     "  --kind NAME,...     of these kinds: what 'tail' prints (send, note, fact, dispatch), "
     "'event'\n"
     "                      for all that it was told, 'command' for all that it decided\n"
     "  --from, --to TIME   not before; before. 2026-11-23 or 2026-11-23T01:05:16Z\n"
     "  --text TEXT         whose line has this text in it, capital or small\n"
     "  --count             print how many there are\n\n"
     "Times, messages and plans the node knows narrow the search; without one of them all records\n"
     "are read. Exit code 1: none fits.\n",
     journal_cli_grep},
    {"stats", "journal stats",
     "sluice journal stats DIR [--json]\n\n"
     "How many records and bytes of which kind, over what time, and what is open now.\n",
     journal_cli_stats},
    {"rebuild", "journal rebuild",
     "sluice journal rebuild DIR [--json]\n"
     "sluice journal rebuild OUT --from SOURCE [--json]\n\n"
     "Makes the rows, the indexes and the hash tree anew from the records alone, by running the "
     "core\n"
     "over them: what comes out is what the node would have left, byte for byte. The new journal "
     "is\n"
     "made beside the old one and takes its place when it is whole; a crash leaves the one or the\n"
     "other. No node may be running on DIR, and there must be room for a second copy.\n\n"
     "  --from SOURCE  from a copy into the new directory OUT instead; SOURCE is only read\n\n"
     "Exit codes: 0 made; 1 no journal there; 4 OUT is not empty; 5 the records are damaged or "
     "another\n"
     "core wrote them, and nothing was changed; 6 a node holds it; 75 no room, try again\n",
     journal_cli_rebuild},
    {"archive", "journal archive",
     "sluice journal archive DIR [--keep N] [--json]\n\n"
     "Moves the oldest records, and the blobs they name, out of the journal's file into the "
     "folder\n"
     "DIR/archive, 4,096 at a time: what is moved is durable there, read back and compared with "
     "the\n"
     "hash tree before the file gives it up, and a crash leaves it in the one place or in both. "
     "Every\n"
     "command reads through the archive; a copy of the journal must have it too. The file does "
     "not\n"
     "shrink, its room is used again. No node may be running on DIR: a node does the same by "
     "itself\n"
     "when its configuration says 'journal_keep'.\n\n"
     "  --keep N  leave at least the newest N records in the file (4096; at least 256)\n\n"
     "Exit codes: 0 done, also when nothing was old enough; 1 no journal there; 5 a record is "
     "damaged,\n"
     "and stays where it is; 6 a node holds it; 75 no room, try again\n",
     journal_cli_archive},
    {"synth", "journal synth",
     "sluice journal synth DIR --records N [--open M] [--seed S] [--json]\n\n"
     "Makes a journal of a life that never was, for tests and benchmarks: three imaginary chains,\n"
     "users, validators, plans that a person approves, stops and starts. It is what a node would\n"
     "have written: verify and replay accept it. The same numbers give the same bytes.\n\n"
     "  DIR          must not hold a journal yet\n"
     "  --records N  so many records\n"
     "  --open M     so many messages not delivered at the end (0); needs about 4 records each\n"
     "  --seed S     another life (1)\n",
     journal_cli_synth},
    {NULL, NULL, NULL, NULL},
};

bool journal_cli_parse(int argc, char **argv, const struct cli_option *options, size_t words_count,
                       struct cli_arguments *ret_arguments, int *ret_code)
{
    if (!cli_parse(argc, argv, options, words_count, ret_arguments, ret_code)) {
        return false;
    }
    if (ret_arguments->count < words_count) {
        cli_say(argv[0], "%s; see 'sluice %s --help'",
                ret_arguments->count == 0 ? "say the journal's directory" : "a word is missing",
                argv[0]);
        *ret_code = EXIT_USAGE;
        return false;
    }
    return true;
}

bool journal_cli_print(FILE *stream, uint64_t sequence, const struct record *record,
                       const struct core_config *config, bool is_json)
{
    if (!is_json) {
        record_text_print(stream, sequence, record, config);
        return ferror(stream) == 0;
    }
    json_t *json = record_text_json(sequence, record, config);
    const int rc = json_dumpf(json, stream, JSON_COMPACT);

    json_decref(json);
    return rc == 0 && fputc('\n', stream) != EOF;
}

static const struct journal_verb *find_verb(const char *name)
{
    for (const struct journal_verb *verb = verbs; verb->name != NULL; verb++) {
        if (strcmp(verb->name, name) == 0) {
            return verb;
        }
    }
    return NULL;
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

int cli_journal(int argc, char **argv)
{
    const struct cli_option none[] = {{.name = NULL}};
    struct cli_arguments arguments;
    const struct journal_verb *verb = argc < 2 ? NULL : find_verb(argv[1]);
    int code = EXIT_USAGE;

    if (verb == NULL) {
        /* "journal --help" and options that belong to nothing. */
        if (cli_parse(argc < 2 ? argc : 2, argv, none, 1, &arguments, &code)) {
            cli_say("journal", "%s%s%s: see 'sluice journal --help'",
                    argc < 2 ? "say what to do" : "there is no '", argc < 2 ? "" : argv[1],
                    argc < 2 ? "" : "'");
            code = EXIT_USAGE;
        }
        return code;
    }
    if (wants_help(argc - 1, argv + 1)) {
        (void)fputs(verb->usage, stdout);
        return EXIT_DONE;
    }
    char title[64];
    CHECK(strlen(verb->title) < sizeof(title));
    memcpy(title, verb->title, strlen(verb->title) + 1);
    argv[1] = title;
    return verb->run(argc - 1, argv + 1);
}
