/* SPDX-License-Identifier: Apache-2.0 */
/* What people are told of each alert, beside its figures. deploy/monitoring/README.md says more. */
#include "relay/base/check.h"
#include "relay/node/alert/alert.h"

static const struct alert_kind_facts kinds[ALERT_KINDS] = {
    [ALERT_CHAIN_STOPPED] = {"chain_stopped", ALERT_PAGE, true, "The chain is stopped.",
                             "It sends and signs nothing on this chain until a person resumes it.",
                             "Find out from independent explorers which history is the real one, "
                             "then: sluice resume --chain NAME",
                             "sluicechainstopped"},
    [ALERT_QUORUM_LOST] = {"quorum_lost", ALERT_PAGE, false,
                           "Fewer endpoints of the chain answer than must agree.",
                           "It decides nothing on this chain, and goes on by itself when enough "
                           "of them answer.",
                           "sluice doctor asks each endpoint and says what is wrong with it; add "
                           "or replace endpoints.",
                           "sluicequorumlost"},
    [ALERT_DISAGREEMENT] = {"disagreement", ALERT_WARN, true,
                            "An endpoint of the chain contradicted the others and was outvoted.",
                            "It went on with what the quorum said and kept both answers in the "
                            "journal.",
                            "sluice journal grep DIR --text contradict shows who said what; "
                            "replace an endpoint that lies.",
                            "sluicedissent"},
    [ALERT_QUORUM_SPLIT] = {"quorum_split", ALERT_PAGE, true,
                            "The endpoints of the chain contradict each other and none has a "
                            "quorum.",
                            "It decided nothing by these answers and asks again.",
                            "sluice journal grep DIR --text contradict shows who said what; "
                            "pause if you cannot tell who is right.",
                            "sluicequorumsplit"},
    [ALERT_HEAD_OLD] = {"head_old", ALERT_WARN, false, "No new block of the chain was read.",
                        "It waits: nothing new can be seen there.",
                        "Compare with an explorer; if the chain goes on, the endpoints are "
                        "behind: sluice rpc status",
                        "sluiceheadold"},
    [ALERT_MESSAGE_STUCK] = {"message_stuck", ALERT_WARN, true,
                             "Messages to the chain fail again and again, or were given up.",
                             "It tries those it has not given up ever more rarely, and delivers "
                             "the others.",
                             "sluice why ID says what is wrong; then sluice messages retry ID, or "
                             "drop it with a reason.",
                             "sluicemessagesdead"},
    [ALERT_BACKLOG_OLD] = {"backlog_old", ALERT_PAGE, false,
                           "A message to the chain has waited too long.",
                           "It tries again ever more slowly, and says of each why it waits.",
                           "sluice why counts what waits by reason; sluice why ID tells one.",
                           "sluicebacklogold"},
    [ALERT_KEY_LOW] = {"key_low", ALERT_PAGE, false,
                       "A sending key has less than its configured minimum.",
                       "It goes on sending while it can, and waits when it cannot.",
                       "Send native coins to the key; sluice ledger --asset native shows what "
                       "spent them.",
                       "sluicekeylow"},
    [ALERT_KEY_FROZEN] = {"key_frozen", ALERT_PAGE, true, "Somebody else used the key's nonce.",
                          "It sends nothing more with this key.",
                          "End the other program, or replace the key if it is stolen; then: sluice "
                          "resume --chain NAME",
                          "sluicekeyfrozen"},
    [ALERT_SIGNER_GONE] = {"signer_gone", ALERT_PAGE, false, "The signer does not answer.",
                           "It watches and signs nothing; questions are kept and asked again.",
                           "Look at sluice-signer's log and start it again: it keeps its own "
                           "record of what it signed.",
                           "sluicesignergone"},
    [ALERT_SIGNER_REFUSES] = {"signer_refuses", ALERT_WARN, true, "The signer refused to sign.",
                              "It did not send it, and tries later or not at all, by the reason.",
                              "The signer_refused lines of the log name the rule: a budget ends by "
                              "itself, a forbidden contract is a mistake or an attack.",
                              "sluicesignerrefuses"},
    [ALERT_LEDGER_UNRECONCILED] = {"ledger_unreconciled", ALERT_PAGE, true,
                                   "The ledger differs from the chain.",
                                   "It stopped the flows concerned and books nothing more there.",
                                   "Find the transaction that explains the difference before a "
                                   "person accepts it: sluice status, sluice ledger",
                                   "sluiceinvariantbroken"},
    [ALERT_INVARIANT_BROKEN] = {"invariant_broken", ALERT_PAGE, true,
                                "The books do not balance: debits differ from credits.",
                                "It goes on watching; nobody must rely on its books.",
                                "This is a bug: sluice pause, keep a copy of the data directory, "
                                "and report it.",
                                "sluiceinvariantbroken"},
    [ALERT_JOURNAL_UNWRITABLE] = {"journal_unwritable", ALERT_PAGE, false,
                                  "The journal cannot be written.",
                                  "It sends and signs nothing until it can, and tries again by "
                                  "itself.",
                                  "Make room on the disk, or mend it; delete nothing of the "
                                  "journal.",
                                  "sluicejournalunwritable"},
    [ALERT_DISK_LOW] = {"disk_low", ALERT_WARN, false, "Little is left on the journal's disk.",
                        "Nothing yet; a full disk stops all sending.",
                        "sluice journal archive DIR moves old records out; journal_keep in the "
                        "configuration does so all the time.",
                        "sluicedisklow"},
    [ALERT_LOG_TROUBLE] = {"log_trouble", ALERT_WARN, false,
                           "No new checkpoint of the journal's log is signed.",
                           "It goes on; what is not signed cannot be proved to others yet.",
                           "Look at the log's signer (sluice-signer --log) and its lines in the "
                           "log.",
                           "sluicelogunsigned"},
    [ALERT_WITNESS_TROUBLE] = {"witness_trouble", ALERT_WARN, false,
                               "A witness does not cosign the journal's checkpoints.",
                               "Checkpoints go without its signature; it is asked again.",
                               "Ask whoever runs it; the witness_silent line of the log says what "
                               "it answered.",
                               "sluicewitnesssilent"},
    [ALERT_VALIDATOR_HALTED] = {"validator_halted", ALERT_PAGE, true,
                                "Our validator signs nothing for this origin.",
                                "It signed nothing since: it does not sign what it cannot verify.",
                                "sluice why says which it is; never sign by force. When the "
                                "chain's history is clear: sluice resume --chain NAME",
                                "sluicevalidatorhalted"},
    [ALERT_LOOP_HANGS] = {"loop_hangs", ALERT_PAGE, true, "The node's loop does not turn.",
                          "Nothing: the loop is what acts. A service manager's watchdog restarts "
                          "it.",
                          "Keep a stack of the process for a report, then restart it.",
                          "sluiceloophangs"},
    [ALERT_BLIND] = {"blind", ALERT_PAGE, true, "The rows of the journal cannot be read.",
                     "Alerts cannot be seen by it; the node itself may go on.",
                     "sluice journal verify DIR; look at the disk.", "sluicejournalunwritable"},
};

const struct alert_kind_facts *alert_kind_facts(enum alert_kind kind)
{
    CHECK((size_t)kind < ALERT_KINDS);
    return &kinds[kind];
}

const char *alert_news_name(enum alert_news news)
{
    switch (news) {
    case ALERT_FIRES:
        return "firing";
    case ALERT_STILL:
        return "still firing";
    case ALERT_CLEARS:
        return "cleared";
    }
    return "?";
}
