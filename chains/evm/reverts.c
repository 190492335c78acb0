/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/evm/reverts.h"

#include <string.h>

#include "chains/evm/abi.h"
#include "relay/base/amount.h"
#include "relay/base/check.h"
#include "relay/base/hex.h"

#define SELECTOR_BYTES 4u
#define LABELS_MAX     3u

/* What our contracts say (chains/evm/contracts), and what tokens say through them. */
struct revert {
    uint32_t selector;
    const char *signature;
    const char *labels[LABELS_MAX]; /* one per argument */
};

static const struct revert reverts[] = {
    {0x6df0f93fu, "AmountWrong(uint256,uint256)", {"got", "wanted"}},
    {0xcbca5aa2u, "AmountZero()", {NULL}},
    {0x1b7851e4u, "AssetUnknown(address)", {"token"}},
    {0x6eadb13bu, "BalanceOff(uint256,uint256,uint256)", {"before", "afterwards", "amount"}},
    {0x14d24379u, "BalanceShort(address,uint256,uint256)", {"token", "balance", "idle"}},
    {0x19964809u, "BridgeCodeChanged(address,bytes32)", {"bridge", "code"}},
    {0x7f489141u, "BridgeTook(uint256,uint256,uint256)", {"took", "most", "least"}},
    {0x176a4d51u, "CodeChanged(address,bytes32)", {"place", "code"}},
    {0xffada05du, "CoolingDown(uint256)", {"until"}},
    {0x68ee8877u, "CorridorIsClosed(address,uint32,address)", {"router", "domain", "bridge"}},
    {0x67680913u, "DeadlinePassed(uint64)", {"deadline"}},
    {0xebb9922eu, "DecimalsChanged(address)", {"token"}},
    {0xfb8f41b2u,
     "ERC20InsufficientAllowance(address,uint256,uint256)",
     {"spender", "allowance", "needed"}},
    {0xe450d38cu,
     "ERC20InsufficientBalance(address,uint256,uint256)",
     {"sender", "balance", "needed"}},
    {0xe757126au, "FeeTooHigh(uint256,uint256)", {"fee", "most"}},
    {0x7997305eu, "GotLess(uint256,uint256)", {"got", "least"}},
    {0x12feef53u, "HealthTooLow(uint256,uint256)", {"health", "least"}},
    {0xf346488cu, "HubElsewhere(uint32)", {"domain"}},
    {0xeeb4930cu, "IdleShort(address,uint256,uint256)", {"token", "idle", "wanted"}},
    {0x1309a563u, "IsPaused()", {NULL}},
    {0x05577aebu, "LegDone(bytes32,uint64)", {"leg", "sequence"}},
    {0xde3a02ecu, "LegMissing()", {NULL}},
    {0xd5722981u, "MandateIsOther(bytes32)", {"mandate"}},
    {0xbbdd692cu, "NativeFeeNotPaid(uint256,uint256)", {"fee", "paid"}},
    {0x3a9d488du, "NativeFeeTooHigh(uint256,uint256)", {"fee", "most"}},
    {0x38bc93beu, "NoBorrowing(uint256)", {"venue"}},
    {0x79c6bc45u, "NotBegun()", {NULL}},
    {0x29ed437au, "NotYours(address)", {"caller"}},
    {0x175c1aeau, "NothingPending()", {NULL}},
    {0x4fdc182au, "PaidMore(uint256,uint256)", {"paid", "most"}},
    {0x5b4a446cu, "PartsBad()", {NULL}},
    {0xa6653ad1u, "PoolBad(uint256)", {"venue"}},
    {0x12ca5433u, "PriceBad(address,int256)", {"feed", "answer"}},
    {0xfef00b39u, "PriceMissing(address)", {"feed"}},
    {0xf71e7ad5u, "PriceStale(address,uint256)", {"feed", "updatedAt"}},
    {0xf331e90bu, "PricesDiverge(uint256,uint256)", {"first", "second"}},
    {0xa1adc441u, "QuoteBelowAmount(uint256,uint256)", {"quoted", "amount"}},
    {0xe401243eu, "QuoteInOtherToken(address)", {"token"}},
    {0x413825cdu, "QuoteTooLong(uint256)", {"entries"}},
    {0x2d5d8ddcu, "RecipientChanged(bytes32)", {"recipient"}},
    {0x3ee5aeb5u, "ReentrancyGuardReentrantCall()", {NULL}},
    {0x08ef7165u, "RefundRefused()", {NULL}},
    {0xa1619571u, "RouteIsClosed(uint32,address,address)", {"domain", "token", "bridge"}},
    {0x44092bccu, "RouterUnknown(address)", {"router"}},
    {0x5274afe7u, "SafeERC20FailedOperation(address)", {"token"}},
    {0x9bf41e87u, "SharePriceJumped(address,uint256,uint256)", {"place", "book", "price"}},
    {0xfc6b5aabu, "SiblingUnknown(uint32)", {"domain"}},
    {0x021f73e8u, "VenueCodeChanged(address,bytes32)", {"place", "code"}},
    {0x7910efbbu, "VenueIsClosed(uint256)", {"venue"}},
    {0xc5ce1fb3u, "VenueOver(uint256,uint256)", {"amount", "cap"}},
    {0xc5def5c5u, "VenueSupplyLow(address,uint256)", {"place", "supply"}},
    {0x57266e9fu, "VenueUnknown(uint256)", {"venue"}},
    {0xeaf17657u, "VenueUnreadable(address)", {"place"}},
    {0xcfd006c2u, "VenueUpgraded(address,bytes32)", {"place", "word"}},
    {0xe553a761u, "WindowFull(uint256,uint256)", {"wanted", "left"}},
    {0x0b788995u, "WindowUnset()", {NULL}},
};
#define REVERTS_COUNT (sizeof(reverts) / sizeof(reverts[0]))

/* A text that grows until it is full; then the rest is left out. */
struct words {
    char *text;
    size_t capacity; /* with the NUL */
    size_t count;
};

static void words_add(struct words *words, const char *more)
{
    const size_t room = words->capacity - 1 - words->count;
    const size_t count = strlen(more);
    const size_t kept = count < room ? count : room;

    memcpy(words->text + words->count, more, kept);
    words->count += kept;
    words->text[words->count] = '\0';
}

static void words_add_hex(struct words *words, struct bytes bytes)
{
    char text[2 * 32 + 3] = "0x";

    CHECK(bytes.count <= 32);
    hex_encode(bytes, text + 2);
    words_add(words, text);
}

/* One argument of the type that starts at `type`; every one is a word. */
static void words_add_argument(struct words *words, const char *type, struct abi_reader *reader)
{
    if (strncmp(type, "address", 7) == 0) {
        const struct address address = abi_read_address(reader);
        words_add_hex(words, bytes_from(address.bytes + 12, 20));
    } else if (strncmp(type, "bytes32", 7) == 0) {
        const struct hash hash = abi_read_hash(reader);
        words_add_hex(words, bytes_from(hash.bytes, sizeof(hash.bytes)));
    } else {
        char digits[AMOUNT_DECIMAL_BYTES_MAX];
        const struct amount amount = abi_read_amount(reader);
        (void)amount_format_decimal(&amount, digits);
        words_add(words, digits);
    }
}

static const struct revert *revert_find(uint32_t selector)
{
    for (size_t i = 0; i < REVERTS_COUNT; i++) {
        if (reverts[i].selector == selector) {
            return &reverts[i];
        }
    }
    return NULL;
}

static void words_add_all(struct words *words, const struct revert *revert,
                          struct abi_reader *reader)
{
    const char *type = strchr(revert->signature, '(');
    char name[48];

    CHECK(type != NULL);
    CHECK((size_t)(type - revert->signature) < sizeof(name));
    memcpy(name, revert->signature, (size_t)(type - revert->signature));
    name[type - revert->signature] = '\0';
    words_add(words, name);
    for (uint32_t i = 0; i < LABELS_MAX && revert->labels[i] != NULL; i++) {
        CHECK(type != NULL);
        words_add(words, i == 0 ? ": " : ", ");
        words_add(words, revert->labels[i]);
        words_add(words, " ");
        words_add_argument(words, type + 1, reader);
        type = strchr(type + 1, ',');
    }
}

bool evm_revert_name(struct bytes reverted, char *text, size_t capacity)
{
    struct words words = {.text = text, .capacity = capacity};

    CHECK(capacity > 0);
    if (reverted.count < SELECTOR_BYTES) {
        return false;
    }
    const uint32_t selector = (uint32_t)reverted.data[0] << 24 | (uint32_t)reverted.data[1] << 16 |
                              (uint32_t)reverted.data[2] << 8 | reverted.data[3];
    const struct revert *revert = revert_find(selector);
    if (revert == NULL) {
        return false;
    }
    struct abi_reader reader = abi_reader_from(
        bytes_from(reverted.data + SELECTOR_BYTES, reverted.count - SELECTOR_BYTES));
    words_add_all(&words, revert, &reader);
    return abi_reader_is_done(&reader);
}

const char *evm_revert_signature(size_t index, uint32_t *ret_selector)
{
    if (index >= REVERTS_COUNT) {
        return NULL;
    }
    *ret_selector = reverts[index].selector;
    return reverts[index].signature;
}
