/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/evm/venues/aave.h"

#include "chains/evm/abi.h"
#include "relay/base/check.h"

#define WHOLE_BPS      UINT64_C(10000)
#define RAY_DIGITS     27u
#define RATE_MAX       UINT64_C(1000) /* times itself in a year */
#define NANO           UINT64_C(1000000000)
#define DECIMALS_MAX   36u
#define CAP_DIGITS_MAX 36u
#define POINTS         (VENUE_PIECES_MAX + 1u)
#define LACK_PER       UINT64_C(10000) /* of all receipts: what is less is rounding */
#define LACK_UNITS     UINT64_C(100)
#define ALL_TIMES      UINT64_C(16)
#define RESERVES_MAX   128u /* of a pool: two bits each of an account's configuration */

/* ---- configuration ---- */

/* Bits of the reserve's configuration word: it is one big-endian number. */
static uint64_t bits_of(const struct hash *word, uint32_t first, uint32_t count)
{
    uint64_t value = 0;

    CHECK(count <= 64);
    for (uint32_t i = count; i > 0; i--) {
        const uint32_t bit = first + i - 1;
        value = value << 1 | (word->bytes[31 - bit / 8] >> bit % 8 & 1u);
    }
    return value;
}

static struct amount power_of_ten(uint32_t exponent)
{
    struct amount power = amount_from_u64(1);
    const struct amount ten = amount_from_u64(10);

    CHECK(exponent <= CAP_DIGITS_MAX);
    for (uint32_t i = 0; i < exponent; i++) {
        const enum status status = amount_multiply(&power, &ten, &power);
        CHECK(status == STATUS_OK); /* 10^36 */
    }
    return power;
}

static struct amount ray(void)
{
    return power_of_ten(RAY_DIGITS);
}

static bool configuration_take(const struct hash *word, struct aave_reserve *reserve)
{
    const uint64_t decimals = bits_of(word, 48, 8);
    const struct amount cap = amount_from_u64(bits_of(word, 116, 36));

    reserve->active = bits_of(word, 56, 1) == 1;
    reserve->frozen = bits_of(word, 57, 1) == 1;
    reserve->paused = bits_of(word, 60, 1) == 1;
    reserve->factor_bps = (uint32_t)bits_of(word, 64, 16);
    reserve->threshold_bps = (uint32_t)bits_of(word, 16, 16);
    if (decimals > DECIMALS_MAX || reserve->factor_bps > WHOLE_BPS ||
        reserve->threshold_bps > WHOLE_BPS) {
        return false;
    }
    const struct amount unit = power_of_ten((uint32_t)decimals);
    const enum status status = amount_multiply(&cap, &unit, &reserve->supply_cap);
    CHECK(status == STATUS_OK); /* 36 bits of whole tokens */
    return true;
}

enum status aave_reserve_read(struct bytes returned, struct aave_reserve *ret_reserve)
{
    struct abi_reader reader = abi_reader_from(returned);
    struct aave_reserve reserve = {0};
    const struct hash word = abi_read_hash(&reader);

    reserve.index = abi_read_amount(&reader);
    for (uint32_t i = 0; i < 4; i++) {
        (void)abi_read_amount(&reader); /* the rates of now, and the index of debt */
    }
    (void)abi_read_u64(&reader); /* last update */
    reserve.place = abi_read_u32(&reader);
    reserve.receipt = abi_read_address(&reader);
    reserve.stable = abi_read_address(&reader);
    reserve.variable = abi_read_address(&reader);
    reserve.strategy = abi_read_address(&reader);
    reserve.treasury_scaled = abi_read_amount(&reader);
    reserve.unbacked = abi_read_amount(&reader);
    (void)abi_read_amount(&reader); /* debt of isolated collateral */
    if (!abi_reader_is_done(&reader) || reserve.place >= RESERVES_MAX ||
        !configuration_take(&word, &reserve)) {
        return STATUS_MALFORMED;
    }
    *ret_reserve = reserve;
    return STATUS_OK;
}

/* ---- an account ---- */

enum status aave_account_read(struct bytes returned, struct aave_account *ret_account)
{
    struct abi_reader reader = abi_reader_from(returned);
    const struct amount collateral = abi_read_amount(&reader);
    const struct amount debt = abi_read_amount(&reader);
    const struct amount whole = amount_from_u64(WHOLE_BPS);
    struct amount guard;

    (void)abi_read_amount(&reader); /* what could be borrowed */
    const struct amount threshold = abi_read_amount(&reader);
    (void)abi_read_amount(&reader); /* loan to value */
    (void)abi_read_amount(&reader); /* health factor: the two by each other */
    if (!abi_reader_is_done(&reader) || amount_compare(&threshold, &whole) > 0 ||
        amount_scale_floor(&collateral, &threshold, &whole, &guard) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    *ret_account = (struct aave_account){.debt = debt, .guard = guard};
    return STATUS_OK;
}

bool aave_is_collateral(const struct hash *configuration, const struct aave_reserve *reserve)
{
    CHECK(reserve->place < RESERVES_MAX);
    return bits_of(configuration, 2 * reserve->place + 1, 1) == 1;
}

/* ---- the strategy ---- */

bool aave_lines_are_sane(const struct aave_lines *lines)
{
    const struct amount one = ray();
    const struct amount times = amount_from_u64(RATE_MAX);
    struct amount most;

    const enum status status = amount_multiply(&one, &times, &most);
    CHECK(status == STATUS_OK); /* 10^30 */
    return !amount_is_zero(&lines->optimal) && amount_compare(&lines->optimal, &one) <= 0 &&
           amount_compare(&lines->base, &most) <= 0 &&
           amount_compare(&lines->slope_below, &most) <= 0 &&
           amount_compare(&lines->slope_above, &most) <= 0;
}

enum status aave_lines_read(struct bytes returned, struct aave_lines *ret_lines)
{
    struct abi_reader reader = abi_reader_from(returned);
    struct amount values[4];
    const struct amount basis_point = power_of_ten(RAY_DIGITS - 4);

    for (uint32_t i = 0; i < 4; i++) {
        const struct amount bps = amount_from_u64(abi_read_u32(&reader));
        const enum status status = amount_multiply(&bps, &basis_point, &values[i]);
        CHECK(status == STATUS_OK); /* 32 bits of 10^23 */
    }
    if (!abi_reader_is_done(&reader)) {
        return STATUS_MALFORMED;
    }
    *ret_lines = (struct aave_lines){.optimal = values[0],
                                     .base = values[1],
                                     .slope_below = values[2],
                                     .slope_above = values[3]};
    return STATUS_OK;
}

/* ---- arithmetic that remembers its first failure ---- */

struct sums {
    enum status status;
};

static struct amount keep(struct sums *sums, enum status status, const struct amount *value)
{
    if (status != STATUS_OK) {
        sums->status = sums->status == STATUS_OK ? status : sums->status;
        return amount_zero();
    }
    return *value;
}

static struct amount add(struct sums *sums, struct amount a, struct amount b)
{
    struct amount value = amount_zero();
    const enum status status = amount_add(&a, &b, &value);

    return keep(sums, status, &value);
}

/* a * by / over, rounded down. */
static struct amount scaled(struct sums *sums, struct amount a, struct amount by,
                            struct amount over)
{
    struct amount value = amount_zero();
    const enum status status = amount_scale_floor(&a, &by, &over, &value);

    return keep(sums, status, &value);
}

/* Nothing, where it would be less. */
static struct amount rest_of(struct amount a, struct amount b)
{
    struct amount value;

    return amount_subtract(&a, &b, &value) == STATUS_OK ? value : amount_zero();
}

/* ---- the reserve ---- */

struct amount aave_room(const struct aave_reading *reading)
{
    const struct aave_reserve *reserve = &reading->reserve;
    struct sums sums = {.status = STATUS_OK};

    if (amount_is_zero(&reserve->supply_cap)) {
        return amount_max();
    }
    /* One more for each of the two roundings of the pool. */
    struct amount used = scaled(&sums, reserve->treasury_scaled, reserve->index, ray());
    used = add(&sums, used, reading->receipts);
    used = add(&sums, used, amount_from_u64(2));
    return sums.status == STATUS_OK ? rest_of(reserve->supply_cap, used) : amount_zero();
}

static struct amount debts(struct sums *sums, const struct aave_reading *reading)
{
    return add(sums, reading->debt, reading->stable_debt);
}

bool aave_is_insolvent(const struct aave_reading *reading)
{
    struct sums sums = {.status = STATUS_OK};
    struct amount has = add(&sums, reading->liquidity, debts(&sums, reading));

    has = add(&sums, has, reading->reserve.unbacked);
    if (sums.status != STATUS_OK) {
        return true; /* numbers that no token has */
    }
    struct amount slack =
        scaled(&sums, reading->receipts, amount_from_u64(1), amount_from_u64(LACK_PER));
    slack = add(&sums, slack, amount_from_u64(LACK_UNITS));
    has = add(&sums, has, slack);
    return sums.status == STATUS_OK && amount_compare(&has, &reading->receipts) < 0;
}

/* ---- the curve ---- */

/* Of one amount: what is looked at. */
struct point {
    struct amount ours;
    struct amount yield; /* in a year, in 1e-9 of a base unit */
};

/* What everybody else has in the pool, lent or not: debt and liquidity, less what is ours. */
static struct amount others(struct sums *sums, const struct aave_reading *reading,
                            const struct amount *ours)
{
    return rest_of(add(sums, reading->liquidity, debts(sums, reading)), *ours);
}

/* The variable rate at a usage. */
static struct amount rate_at(struct sums *sums, const struct aave_lines *lines, struct amount usage)
{
    const struct amount whole = ray();

    if (amount_compare(&usage, &lines->optimal) <= 0) {
        return add(sums, lines->base, scaled(sums, lines->slope_below, usage, lines->optimal));
    }
    /* Above the optimal usage, so that is below the whole. */
    const struct amount above = scaled(sums, lines->slope_above, rest_of(usage, lines->optimal),
                                       rest_of(whole, lines->optimal));
    return add(sums, add(sums, lines->base, lines->slope_below), above);
}

/* Of all debtors together, as one. */
static struct amount mean_rate(struct sums *sums, const struct aave_reading *reading,
                               struct amount usage)
{
    const struct amount variable = rate_at(sums, &reading->lines, usage);
    const struct amount all = debts(sums, reading);

    if (amount_is_zero(&reading->stable_debt)) {
        return variable;
    }
    return add(sums, scaled(sums, variable, reading->debt, all),
               scaled(sums, reading->stable_rate, reading->stable_debt, all));
}

/* What `ours` would earn in a year, in 1e-9 of a base unit. */
static struct amount yield_at(struct sums *sums, const struct aave_reading *reading,
                              const struct amount *other, const struct amount *ours)
{
    const struct amount whole = ray();
    const struct amount debt = debts(sums, reading);
    struct amount pool = add(sums, *other, *ours);

    if (amount_is_zero(&debt)) {
        return amount_zero();
    }
    if (amount_compare(&pool, &debt) < 0) {
        pool = debt; /* all is lent; less of ours cannot be in it */
    }
    const struct amount usage = scaled(sums, debt, whole, pool);
    const struct amount paid =
        scaled(sums, debt, whole, add(sums, pool, reading->reserve.unbacked));
    struct amount rate = scaled(sums, mean_rate(sums, reading, usage), paid, whole);
    rate = scaled(sums, rate, amount_from_u64(WHOLE_BPS - reading->reserve.factor_bps),
                  amount_from_u64(WHOLE_BPS));
    return scaled(sums, *ours, rate, power_of_ten(RAY_DIGITS - 9));
}

/* Is the way from `from` to `a` steeper than that to `b`, or as steep and longer? */
static bool is_steeper(struct sums *sums, const struct point *from, const struct point *a,
                       const struct point *b)
{
    const struct amount rise_a = rest_of(a->yield, from->yield);
    const struct amount rise_b = rest_of(b->yield, from->yield);
    const struct amount run_a = rest_of(a->ours, from->ours);
    const struct amount run_b = rest_of(b->ours, from->ours);
    struct amount left = amount_zero();
    struct amount right = amount_zero();

    (void)keep(sums, amount_multiply(&rise_a, &run_b, &left), &left);
    (void)keep(sums, amount_multiply(&rise_b, &run_a, &right), &right);
    return amount_compare(&left, &right) >= 0;
}

/* The points of the smallest concave curve above all of them, as long as it rises: from each the
 * steepest way on. */
static uint32_t pieces_find(struct sums *sums, const struct point points[POINTS],
                            struct venue_piece pieces[VENUE_PIECES_MAX])
{
    uint32_t count = 0;
    uint32_t at = 0;

    while (at + 1 < POINTS) {
        uint32_t next = at;
        for (uint32_t i = at + 1; i < POINTS; i++) {
            if (amount_compare(&points[i].yield, &points[at].yield) > 0 &&
                (next == at || is_steeper(sums, &points[at], &points[i], &points[next]))) {
                next = i;
            }
        }
        if (next == at) {
            break;
        }
        struct venue_piece *piece = &pieces[count];
        piece->width = rest_of(points[next].ours, points[at].ours);
        const struct amount rate = scaled(sums, rest_of(points[next].yield, points[at].yield),
                                          amount_from_u64(1), piece->width);
        if (amount_to_u64(&rate, &piece->rate_nano) != STATUS_OK) {
            sums->status = STATUS_OVERFLOW;
            break;
        }
        if (piece->rate_nano == 0) {
            break; /* so are the others */
        }
        count++;
        at = next;
    }
    return count;
}

/* Where the curve ends: whoever has so many times what all others have earns all there is. */
static struct amount far_end(struct sums *sums, const struct aave_reading *reading,
                             const struct amount *ours, const struct amount *most)
{
    const struct amount all = add(sums, others(sums, reading, ours), debts(sums, reading));
    const struct amount far =
        add(sums, scaled(sums, all, amount_from_u64(ALL_TIMES), amount_from_u64(1)), *ours);

    return amount_smaller(&far, most);
}

enum status aave_curve(const struct aave_reading *reading, const struct amount *ours,
                       const struct amount *most, struct venue_piece ret_pieces[VENUE_PIECES_MAX],
                       uint32_t *ret_pieces_count)
{
    const struct amount whole = amount_from_u64((uint64_t)VENUE_PIECES_MAX * VENUE_PIECES_MAX);
    struct venue_piece pieces[VENUE_PIECES_MAX];
    struct point points[POINTS];
    struct sums sums = {.status = STATUS_OK};

    CHECK(aave_lines_are_sane(&reading->lines));
    const struct amount other = others(&sums, reading, ours);
    const struct amount end = far_end(&sums, reading, ours, most);
    for (uint32_t i = 0; i < POINTS; i++) {
        points[i].ours = scaled(&sums, end, amount_from_u64((uint64_t)i * i), whole);
        points[i].yield = yield_at(&sums, reading, &other, &points[i].ours);
    }
    uint32_t count = pieces_find(&sums, points, pieces);
    if (sums.status != STATUS_OK) {
        return STATUS_OVERFLOW;
    }
    if (count == 0) { /* nobody borrows: that it pays nothing is known */
        pieces[count++] = (struct venue_piece){
            .width = amount_is_zero(&end) ? amount_from_u64(1) : end, .rate_nano = 0};
    }
    for (uint32_t i = 0; i < count; i++) {
        ret_pieces[i] = pieces[i];
    }
    *ret_pieces_count = count;
    return STATUS_OK;
}
