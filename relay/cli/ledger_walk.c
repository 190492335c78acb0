/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/ledger_walk.h"

#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/tables.h"

#define PROGRESS_EVERY 65536u

/* The postings of one chain, read in their order. */
struct stream {
    uint32_t domain;
    uint64_t sequence; /* of the posting at hand */
    struct posting_row posting;
    bool is_ended;
};

struct streams {
    struct stream *entries;
    size_t count;
    uint64_t postings_count;
};

bool ledger_is_fee(const struct posting_row *posting)
{
    return posting->debit.kind == ACCOUNT_FEES || posting->credit.kind == ACCOUNT_FEES;
}

/* ---- sums ---- */

static struct bytes sum_key(const struct ledger_sum *sum)
{
    return bytes_from(sum->key, sum->key_count);
}

/* The sum of this key, made when there is none. NULL: no memory. */
static struct ledger_sum *sum_of(struct ledger_sums *sums, struct bytes key)
{
    size_t low = 0;
    size_t high = sums->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = bytes_compare(sum_key(&sums->entries[middle]), key);
        if (order == 0) {
            return &sums->entries[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (sums->count == sums->capacity) {
        const size_t capacity = sums->capacity == 0 ? 64 : 2 * sums->capacity;
        struct ledger_sum *larger = realloc(sums->entries, capacity * sizeof(*larger));
        if (larger == NULL) {
            return NULL;
        }
        sums->entries = larger;
        sums->capacity = capacity;
    }
    struct ledger_sum *sum = &sums->entries[low];
    memmove(sum + 1, sum, (sums->count - low) * sizeof(*sum));
    memset(sum, 0, sizeof(*sum));
    CHECK(key.count <= sizeof(sum->key));
    memcpy(sum->key, key.data, key.count);
    sum->key_count = key.count;
    sums->count++;
    return sum;
}

static struct ledger_sum *account_sum(struct ledger_walk *walk, const struct account *account)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct ledger_sum *sum = sum_of(&walk->accounts, account_key(memory, account));

    if (sum != NULL) {
        sum->account = *account;
    }
    return sum;
}

static enum status count_pair(struct ledger_walk *walk, const struct posting_row *posting)
{
    uint8_t memory[2 * CAPITAL_KEY_BYTES_MAX];
    uint8_t part[CAPITAL_KEY_BYTES_MAX];
    const struct bytes debit = account_key(memory, &posting->debit);
    const struct bytes credit = account_key(part, &posting->credit);

    memmove(memory, debit.data, debit.count);
    memcpy(memory + debit.count, credit.data, credit.count);
    struct ledger_sum *sum = sum_of(&walk->pairs, bytes_from(memory, debit.count + credit.count));
    if (sum == NULL) {
        return STATUS_NO_MEMORY;
    }
    sum->account = posting->debit;
    sum->counterparty = posting->credit;
    sum->postings_count++;
    return amount_add(&sum->total.debit, &posting->amount, &sum->total.debit) == STATUS_OK
               ? STATUS_OK
               : STATUS_CORRUPT;
}

/* ---- streams ---- */

static enum status stream_next(const struct row_source *source, struct stream *stream)
{
    stream->sequence++;
    const enum status status =
        capital_view_posting(source, stream->domain, stream->sequence, &stream->posting);
    stream->is_ended = status == STATUS_NOT_FOUND;
    return stream->is_ended ? STATUS_OK : status;
}

/* The next chain at or after `*domain` that has postings; by its first row, because chains that are
 * no longer configured have some. */
static enum status find_chain(const struct row_source *source, uint32_t *domain, bool *ret_found)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct bytes key;
    struct bytes value;
    const enum status status =
        source->seek(source->context, posting_key(memory, *domain, 0), &key, &value);

    *ret_found = false;
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (key.count == 0 || key.data[0] != TABLE_POSTING) {
        return STATUS_OK;
    }
    struct unpacker unpacker = unpacker_from(bytes_from(key.data + 1, key.count - 1));
    *domain = unpack_u32(&unpacker);
    (void)unpack_u64(&unpacker);
    *ret_found = true;
    return unpacker_is_done(&unpacker) ? STATUS_OK : STATUS_CORRUPT;
}

static enum status streams_open(const struct row_source *source, struct streams *streams)
{
    uint32_t domain = 0;
    enum status status = STATUS_OK;

    while (status == STATUS_OK) {
        bool is_found = false;
        uint64_t count = 0;
        status = find_chain(source, &domain, &is_found);
        if (status != STATUS_OK || !is_found) {
            break;
        }
        struct stream *larger = realloc(streams->entries, (streams->count + 1) * sizeof(*larger));
        if (larger == NULL) {
            return STATUS_NO_MEMORY;
        }
        streams->entries = larger;
        struct stream *stream = &larger[streams->count++];
        *stream = (struct stream){.domain = domain};
        status = stream_next(source, stream);
        if (status == STATUS_OK) {
            status = capital_view_postings_count(source, domain, &count);
        }
        streams->postings_count += count;
        if (domain == UINT32_MAX) {
            break;
        }
        domain++;
    }
    return status;
}

/* The oldest posting at hand; of the same instant, that of the lowest domain. NULL: none is left.
 */
static struct stream *streams_first(struct streams *streams)
{
    struct stream *first = NULL;

    for (size_t i = 0; i < streams->count; i++) {
        struct stream *stream = &streams->entries[i];
        if (!stream->is_ended && (first == NULL || stream->posting.at.ns < first->posting.at.ns)) {
            first = stream;
        }
    }
    return first;
}

/* ---- postings ---- */

static bool is_shown(const struct ledger_filter *filter, const struct account *account)
{
    return (!filter->has_domain || account->domain == filter->domain) &&
           (filter->asset == NULL || strcmp(filter->asset, account->symbol) == 0);
}

static enum status book_side(struct ledger_walk *walk, const struct stream *stream, bool is_debit,
                             bool is_in_period)
{
    const struct posting_row *posting = &stream->posting;
    const struct account *account = is_debit ? &posting->debit : &posting->credit;
    struct ledger_sum *sum = account_sum(walk, account);

    if (sum == NULL) {
        return STATUS_NO_MEMORY;
    }
    struct amount *total = is_debit ? &sum->total.debit : &sum->total.credit;
    if (amount_add(total, &posting->amount, total) != STATUS_OK) {
        return STATUS_CORRUPT;
    }
    if (!is_in_period) {
        sum->before = sum->total;
        return STATUS_OK;
    }
    sum->postings_count++;
    if (walk->line == NULL || !is_shown(&walk->filter, account)) {
        return STATUS_OK;
    }
    const struct ledger_line line = {
        .number = ++walk->lines_count,
        .posting = posting,
        .domain = stream->domain,
        .sequence = stream->sequence,
        .is_debit = is_debit,
        .account = account,
        .counterparty = is_debit ? &posting->credit : &posting->debit,
        .balance = account_balance_of(&sum->total),
    };
    walk->is_ended = !walk->line(walk->context, &line);
    return STATUS_OK;
}

static enum status book(struct ledger_walk *walk, const struct stream *stream)
{
    const struct posting_row *posting = &stream->posting;
    const bool is_in_period = posting->at.ns >= walk->filter.from.ns;

    if (strcmp(posting->debit.symbol, posting->credit.symbol) != 0) {
        return STATUS_CORRUPT; /* one asset cannot become another */
    }
    enum status status = book_side(walk, stream, true, is_in_period);
    if (status == STATUS_OK && !walk->is_ended) {
        status = book_side(walk, stream, false, is_in_period);
    }
    if (status == STATUS_OK && is_in_period) {
        walk->postings_count++;
        status = count_pair(walk, posting);
    }
    return status;
}

enum status ledger_walk_run(struct ledger_walk *walk)
{
    struct streams streams = {.entries = NULL};
    enum status status = streams_open(walk->source, &streams);
    struct stream *stream = NULL;
    uint64_t done = 0;

    while (status == STATUS_OK && !walk->is_ended) {
        stream = streams_first(&streams);
        if (stream == NULL || stream->posting.at.ns >= walk->filter.to.ns) {
            break;
        }
        status = book(walk, stream);
        if (status == STATUS_OK) {
            status = stream_next(walk->source, stream);
        }
        if (walk->progress != NULL && ++done % PROGRESS_EVERY == 0) {
            walk->progress(walk->context, done, streams.postings_count);
        }
    }
    free(streams.entries);
    return status;
}

void ledger_walk_free(struct ledger_walk *walk)
{
    free(walk->accounts.entries);
    free(walk->pairs.entries);
    walk->accounts = (struct ledger_sums){.entries = NULL};
    walk->pairs = (struct ledger_sums){.entries = NULL};
}

/* ---- checks ---- */

enum status ledger_walk_check(const struct ledger_walk *walk, struct account *ret_account)
{
    struct account account = {.kind = ACCOUNT_ROUTER};
    struct account_row row;
    size_t next = 0;
    enum status status = STATUS_OK;

    memset(&account, 0, sizeof(account));
    while ((status = capital_view_next_account(walk->source, &account, &account, &row)) ==
           STATUS_OK) {
        if (amount_is_zero(&row.debit) && amount_is_zero(&row.credit)) {
            continue; /* opened, and nothing posted */
        }
        const struct ledger_sum *sum = &walk->accounts.entries[next];
        uint8_t memory[CAPITAL_KEY_BYTES_MAX];
        if (next == walk->accounts.count ||
            !bytes_equal(account_key(memory, &account), sum_key(sum)) ||
            !amount_equal(&row.debit, &sum->total.debit) ||
            !amount_equal(&row.credit, &sum->total.credit)) {
            *ret_account = account;
            return STATUS_CORRUPT;
        }
        next++;
    }
    if (status == STATUS_NOT_FOUND && next < walk->accounts.count) {
        *ret_account = walk->accounts.entries[next].account;
        return STATUS_CORRUPT;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

bool ledger_walk_asset(const struct ledger_walk *walk, size_t *index,
                       struct ledger_asset *ret_asset)
{
    const struct ledger_sums *sums = &walk->accounts;
    struct ledger_asset asset = {.balanced = true};

    if (*index >= sums->count) {
        return false;
    }
    asset.symbol = sums->entries[*index].account.symbol;
    for (; *index < sums->count && strcmp(sums->entries[*index].account.symbol, asset.symbol) == 0;
         (*index)++) {
        const struct account_row *total = &sums->entries[*index].total;
        asset.balanced = asset.balanced &&
                         amount_add(&asset.debits, &total->debit, &asset.debits) == STATUS_OK &&
                         amount_add(&asset.credits, &total->credit, &asset.credits) == STATUS_OK;
    }
    asset.balanced = asset.balanced && amount_equal(&asset.debits, &asset.credits);
    *ret_asset = asset;
    return true;
}
