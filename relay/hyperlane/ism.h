/* SPDX-License-Identifier: Apache-2.0 */
/* relay/hyperlane/ism.h: which proof a recipient's security module wants, and the cheapest one that
 * can be given.
 *
 * An adapter reads the module and what it is made of from the chain into a flat list of nodes, each
 * before its children: routing has the one child it routes this message to, aggregation has its
 * modules in the chain's order, multisigs have a run of validators. From that, and from what is at
 * hand (signatures, offchain answers), ism_build makes the metadata, taking of every aggregation
 * the modules that cost least to verify.
 *
 * Threads: none; pure functions. What a struct points to is borrowed. */
#ifndef SLUICE_RELAY_HYPERLANE_ISM_H
#define SLUICE_RELAY_HYPERLANE_ISM_H

#include "relay/hyperlane/checkpoint.h"
#include "relay/hyperlane/metadata.h"

/* The bounds of the reference relayer (hyperlane.md section 3). */
#define ISM_NODES_MAX      100u
#define ISM_DEPTH_MAX      13u
#define ISM_VALIDATORS_MAX 256u /* of all multisigs of one tree */

#define ISM_WEIGHT_MAX 10000000000u /* AbstractWeightedMultisigIsm.TOTAL_WEIGHT */

struct ism_node {
    struct address address;
    uint8_t type;              /* enum module_type, or a number that is none of them */
    uint32_t threshold;        /* multisigs: signatures; aggregation: modules */
    uint64_t weight_threshold; /* weighted multisigs; more than ISM_WEIGHT_MAX is never met */
    uint32_t first;            /* multisigs: into validators; routing, aggregation: into nodes */
    uint32_t count;            /* so many from there */
    bool only_relayer;         /* NULL: verifies for the processor below alone */
    struct address relayer;    /* TrustedRelayerIsm.trustedRelayer */
};

struct ism_validator {
    struct address address;
    uint64_t weight; /* 0 in an unweighted multisig */
};

struct ism {
    const struct ism_node *nodes; /* the recipient's own module first; a child after its parent */
    uint32_t nodes_count;
    const struct ism_validator *validators;
    uint32_t validators_count;
};

/* STATUS_MALFORMED: no node, an index outside, a child before its parent or with two of them, a
 * routing node without its child. STATUS_FULL: beyond the bounds above. Everything below wants an
 * ism that passed. */
MUST_USE enum status ism_check(const struct ism *ism);

/* How many validators (or trusted relayers) have to collude at the least to pass a message that was
 * never sent: the number of the weakest way through. 0: anybody can. Modules that only pause, limit
 * or list count 0. */
uint32_t ism_strength(const struct ism *ism);

/* True when some way through is of kinds this version proves to, with signatures of the validators
 * for which `available` says so (by place in the list; NULL: of all). */
bool ism_is_supported(const struct ism *ism, const bool *available);
/* The module that stands in the way when no evidence will do: the first of a kind that is not
 * proved to, else the first whose own threshold cannot be met. NULL: none is. */
const struct ism_node *ism_obstacle(const struct ism *ism);
/* The threshold of the first multisig, for people; 0: there is none. */
uint32_t ism_threshold(const struct ism *ism);
/* True when no way through needs a signature. */
bool ism_is_unsigned(const struct ism *ism);

/* True when a batch contract may deliver: no way through asks who the processor is. */
bool ism_allows_batches(const struct ism *ism);

/* ---- evidence ---- */

struct ism_signed {
    struct address validator;
    struct checkpoint checkpoint; /* the signature over it is valid: the caller checked */
    bool is_ours;                 /* its root is that of the leaves we know: `prove` leads to it */
    struct signature signature;
};

/* What a node of type MODULE_CCIP_READ was answered. */
struct ism_answer {
    uint32_t node;
    struct bytes metadata;
};

struct ism_evidence {
    struct hash message_id;
    struct address tree_hook;         /* of the origin */
    uint32_t leaf_index;              /* of the message */
    struct address processor;         /* who will call Mailbox.process */
    const struct ism_signed *signed_; /* any order; several of one validator are welcome */
    uint32_t signed_count;
    const struct ism_answer *answers;
    uint32_t answers_count;
    /* The leaf's siblings among `count` leaves (relay/hyperlane/proof.h); needed for merkle-root
     * multisigs alone, NULL: none can be had. */
    enum status (*prove)(void *context, uint32_t count, struct hash ret_proof[MERKLE_DEPTH]);
    void *context;
};

/* Appends the cheapest metadata. STATUS_OK. STATUS_NOT_FOUND: more evidence is needed, and may
 * come. STATUS_UNSUPPORTED: no evidence will do (kinds, a threshold that its set cannot meet, a
 * processor that is not ours). STATUS_FULL: the metadata has no room. Other statuses: of `prove`.
 * The buffer is unchanged unless OK. */
MUST_USE enum status ism_build(const struct ism *ism, const struct ism_evidence *evidence,
                               struct buffer *buffer);

/* The checkpoints worth asking `validator` for: at the leaf's own index in any case, and at the
 * newest when some module takes any (*ret_newest). False: nothing that this validator signs is
 * wanted. */
bool ism_wants(const struct ism *ism, const struct address *validator, bool *ret_newest);

#endif
