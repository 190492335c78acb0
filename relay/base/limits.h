/* SPDX-License-Identifier: Apache-2.0 */
/* relay/base/limits.h: every bound of the node in one place, with the reasons they agree.
 *
 * Counts are elements, bytes are bytes. A configuration can ask for less, never for more. */
#ifndef SLUICE_RELAY_BASE_LIMITS_H
#define SLUICE_RELAY_BASE_LIMITS_H

#include <assert.h>

#define CHAINS_MAX              150u
#define ENDPOINTS_PER_CHAIN_MAX 8u
#define ASSETS_MAX              32u
#define DELIVERY_KEYS_MAX       15u  /* beside the first key of a chain */
#define KEYS_MAX                512u /* that send, of all chains together */
#define ROUTERS_MAX             256u /* warp-route routers whose collateral is watched */
#define VAULTS_MAX              256u
#define SYNTHETICS_MAX          64u  /* routers that mint what others hold collateral for */
#define SPOKES_MAX              64u  /* contracts of ours that hold capital, by chain and asset */
#define VENUES_MAX              128u /* where spokes' capital can earn, of all spokes together */
#define FEEDS_MAX               64u  /* contracts that say prices: two an asset */
#define HUBS_MAX                4u   /* vaults whose shares claim what spokes hold */
#define HUB_REPORTS_MAX         32u  /* of spokes, as all hubs on one chain know them */
#define SPOKE_FLOWS_MAX         128u /* of spokes on one chain, to and from their siblings */
#define VENUE_PIECES_MAX        16u  /* of one venue's rate curve */
#define NAME_BYTES_MAX          32u  /* names of chains, assets, nodes, with the final NUL */

#define MESSAGE_BYTES_MIN     77u    /* Hyperlane message without a body (Message.sol) */
#define MESSAGE_BYTES_MAX     49152u /* larger ones are recorded by hash and refused by name */
#define METADATA_BYTES_MAX    8192u  /* ISM metadata: 50 signatures and a 1,024-byte proof fit */
#define DELIVERIES_MAX        16u /* messages of one transaction, and what each may add to them */
#define DELIVERY_EXTRA_BYTES  384u
#define DELIVERIES_BYTES_MAX  (MESSAGE_BYTES_MAX + METADATA_BYTES_MAX)
#define VALIDATORS_MAX        50u /* of one multisig ISM, as the reference relayer bounds it */
#define LOCATIONS_MAX         8u  /* announced storage locations kept per validator, newest first */
#define LOCATION_BYTES_MAX    512u
#define LOOKUP_URLS_MAX       4u     /* of one offchain lookup; more are not looked at */
#define LOOKUP_URL_BYTES_MAX  1024u  /* of one template */
#define LOOKUP_DATA_BYTES_MAX 51200u /* what is asked: usually the message and a selector */
#define REASON_BYTES_MAX      256u   /* revert texts and other words from outside, cut to fit */

#define RULES_MAX           128u /* of all lists that say which messages are delivered */
#define CONDITIONS_MAX      512u /* of all those rules together */
#define PATTERNS_MAX        16u  /* that rules look for in a message's body */
#define PATTERN_BYTES_MAX   192u /* with the final NUL */
#define ROUTE_LIMITS_MAX    32u  /* what deliveries on some routes may cost, and must bring */
#define RATES_MAX           32u  /* coins and tokens that have a price */
#define RULE_NOTE_BYTES_MAX 64u  /* why a block list's entry is there, with the final NUL */

#define DISSENT_QUESTION_BYTES_MAX 1024u  /* what was asked when endpoints disagreed, cut to fit */
#define DISSENT_ANSWER_BYTES_MAX   16384u /* and what one of them said */

#define RECORD_BYTES_MAX    65535u /* one journal record: a tlog-tiles entry has a 16-bit length */
#define ROW_KEY_BYTES_MAX   128u   /* LMDB allows 511 */
#define ROW_VALUE_BYTES_MAX 65535u

#define COMMANDS_PER_STEP_MAX      64u        /* one core_step; more work asks for a wake at once */
#define ROWS_PER_STEP_MAX          4096u      /* rows one core_step may change */
#define ROWS_BYTES_PER_STEP_MAX    (1u << 20) /* keys and values of those rows */
#define COMMAND_BYTES_PER_STEP_MAX (4u << 20) /* what the commands of one step point to */
#define BATCH_EVENTS_MAX           256u       /* events that share one journal commit */
#define BATCH_BYTES_MAX            (8u << 20)
#define BALANCES_PER_EVENT_MAX     512u
/* Without a better proof than this a plan is not acted upon: of what could be gained. */
#define PLAN_GAP_PPM_MAX     100000u
#define MOVES_PER_PLAN_MAX   256u
#define PLAN_PROOF_BYTES_MAX 24576u /* of a plan: prices, and a tree of decisions */

static_assert(MESSAGE_BYTES_MAX + METADATA_BYTES_MAX < RECORD_BYTES_MAX,
              "a leg with its message and metadata fits one record");
static_assert(DISSENT_QUESTION_BYTES_MAX + DISSENT_ANSWER_BYTES_MAX < RECORD_BYTES_MAX,
              "evidence of a disagreement fits one record");
static_assert(LOOKUP_URLS_MAX * LOOKUP_URL_BYTES_MAX + LOOKUP_DATA_BYTES_MAX <
                  RECORD_BYTES_MAX - 512,
              "an offchain lookup fits one record");
static_assert(9 * CHAINS_MAX + 3 * KEYS_MAX < ROWS_PER_STEP_MAX,
              "a start, which reads every chain and key anew, is one step");
static_assert(77 + 32 * VALIDATORS_MAX < RECORD_BYTES_MAX, "a validator set fits one record");

#endif
