/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/message/pattern.c: a pattern becomes nodes, and all ways through them are walked at
 * once, digit by digit: no body and no pattern takes longer than their lengths allow.
 *
 *   text --parsed--> parts, each with one way in and one way out, joined to one --> walked */
#include "relay/core/message/pattern.h"

#include <string.h>

#include "relay/base/check.h"

#define DEPTH_MAX  16u
#define TIMES_MAX  1000u
#define NOWHERE    UINT16_MAX
#define ALL_DIGITS 0xffffu
#define DIGITS_0_9 0x03ffu
#define NO_END     UINT32_MAX

/* not stored */
enum node_kind {
    NODE_DIGIT, /* one of `digits`, then `next` */
    NODE_SPLIT, /* `next` or `other` */
    NODE_EMPTY, /* `next` */
    NODE_BEGIN, /* `next`, before the first digit */
    NODE_END,   /* `next`, behind the last one */
    NODE_MATCH,
};

struct node {
    enum node_kind kind;
    uint16_t digits;
    uint16_t next;
    uint16_t other;
};

/* Nodes from `begin` to where the next ones are added; `last` leads nowhere yet. */
struct part {
    bool is_there;
    uint16_t begin;
    uint16_t first;
    uint16_t last;
};

/* Between brackets: choices that are complete, the sequence of the one that is being read, and what
 * a number of times would be for. */
struct group {
    uint16_t begin;
    struct part choices;
    struct part sequence;
    struct part atom;
};

struct parser {
    struct bytes text;
    size_t at;
    bool folds;
    enum status status;
    const char *what;
    struct node nodes[PATTERN_NODES_MAX];
    uint16_t nodes_count;
    struct group groups[DEPTH_MAX];
    uint32_t depth;
};

static void refuse(struct parser *parser, enum status status, const char *what)
{
    if (parser->status == STATUS_OK) {
        parser->status = status;
        parser->what = what;
    }
}

/* ---- parts ---- */

/* Node 0 when there is no room: what is made of it then is not used. */
static uint16_t add_node(struct parser *parser, struct node node)
{
    if (parser->nodes_count == PATTERN_NODES_MAX) {
        refuse(parser, STATUS_FULL, "is too long: every digit counts as often as it may stand");
        return 0;
    }
    parser->nodes[parser->nodes_count] = node;
    return parser->nodes_count++;
}

static struct part one_node(struct parser *parser, enum node_kind kind, uint16_t digits)
{
    const uint16_t begin = parser->nodes_count;
    const uint16_t node =
        add_node(parser, (struct node){.kind = kind, .digits = digits, .next = NOWHERE});

    return (struct part){.is_there = true, .begin = begin, .first = node, .last = node};
}

static void lead(struct parser *parser, uint16_t from, uint16_t to)
{
    parser->nodes[from].next = to;
}

static struct part follow(struct parser *parser, struct part first, struct part then)
{
    if (!first.is_there) {
        return then;
    }
    lead(parser, first.last, then.first);
    first.last = then.last;
    return first;
}

static struct part choose(struct parser *parser, struct part one, struct part other)
{
    if (!one.is_there) {
        return other;
    }
    const struct node split = {.kind = NODE_SPLIT, .next = one.first, .other = other.first};
    const uint16_t first = add_node(parser, split);
    const uint16_t last = add_node(parser, (struct node){.kind = NODE_EMPTY, .next = NOWHERE});

    lead(parser, one.last, last);
    lead(parser, other.last, last);
    return (struct part){.is_there = true, .begin = one.begin, .first = first, .last = last};
}

/* Any number of times, but at least once. */
static struct part repeat(struct parser *parser, struct part part)
{
    const struct node split = {.kind = NODE_SPLIT, .next = NOWHERE, .other = part.first};
    const uint16_t last = add_node(parser, split);

    lead(parser, part.last, last);
    part.last = last;
    return part;
}

static struct part may_be_left_out(struct parser *parser, struct part part)
{
    const uint16_t last = add_node(parser, (struct node){.kind = NODE_EMPTY, .next = NOWHERE});
    const struct node split = {.kind = NODE_SPLIT, .next = last, .other = part.first};

    lead(parser, part.last, last);
    part.first = add_node(parser, split);
    part.last = last;
    return part;
}

static uint16_t moved(uint16_t target, uint16_t by)
{
    return target == NOWHERE ? NOWHERE : (uint16_t)(target + by);
}

/* The same nodes once more; the part has `size` from its begin on. */
static struct part copy(struct parser *parser, struct part part, uint16_t size)
{
    const uint16_t begin = parser->nodes_count;
    const uint16_t by = (uint16_t)(begin - part.begin);

    for (uint16_t i = 0; i < size && parser->status == STATUS_OK; i++) {
        struct node node = parser->nodes[part.begin + i];
        node.next = moved(node.next, by);
        node.other = moved(node.other, by);
        (void)add_node(parser, node);
    }
    return (struct part){.is_there = true,
                         .begin = begin,
                         .first = moved(part.first, by),
                         .last = moved(part.last, by)};
}

/* `least` to `most` times; NO_END: without a bound. */
static struct part times(struct parser *parser, struct part part, uint32_t least, uint32_t most)
{
    const uint32_t at_least_one = least == 0 ? 1 : least;
    const uint32_t count = most == NO_END ? at_least_one : most;
    const uint16_t begin = part.begin;
    const uint16_t size = (uint16_t)(parser->nodes_count - begin);
    struct part next = part;
    struct part all = {.is_there = false};

    if (count == 0) {
        all = one_node(parser, NODE_EMPTY, 0);
    }
    for (uint32_t i = 0; i < count && parser->status == STATUS_OK; i++) {
        struct part now = next;
        if (i + 1 < count) {
            next = copy(parser, next, size);
        }
        if (parser->status != STATUS_OK) {
            return part;
        }
        if (most == NO_END && i + 1 == count) {
            now = repeat(parser, now);
        }
        if (i >= least) {
            now = may_be_left_out(parser, now);
        }
        all = follow(parser, all, now);
    }
    all.begin = begin;
    return all;
}

/* ---- reading ---- */

static bool take(struct parser *parser, const char *word)
{
    const struct bytes wanted = bytes_from_string(word);
    const struct bytes rest =
        bytes_from(parser->text.data + parser->at, parser->text.count - parser->at);

    if (!bytes_have_prefix(rest, wanted)) {
        return false;
    }
    parser->at += wanted.count;
    return true;
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The digits of our alphabet from one character to another, in this case or, folded, in either. */
static uint16_t digits_between(const struct parser *parser, uint8_t from, uint8_t to)
{
    static const char alphabet[] = "0123456789abcdef";
    uint32_t digits = 0;

    for (uint32_t i = 0; i < 16; i++) {
        const uint8_t c = (uint8_t)alphabet[i];
        const uint8_t upper = is_letter(c) ? (uint8_t)(c - 'a' + 'A') : c;
        const bool is_upper = parser->folds && upper >= from && upper <= to;
        digits |= (c >= from && c <= to) || is_upper ? 1u << i : 0;
    }
    return (uint16_t)digits;
}

/* What stands behind a backslash. */
static uint16_t escaped(struct parser *parser)
{
    const uint8_t c = parser->at < parser->text.count ? parser->text.data[parser->at++] : 0;

    switch (c) {
    case 'd':
        return DIGITS_0_9;
    case 'D':
        return ALL_DIGITS & ~DIGITS_0_9;
    case 'w':
    case 'S':
        return ALL_DIGITS;
    case 'W':
    case 's':
        return 0;
    default: /* not an enum */
        refuse(parser, STATUS_UNSUPPORTED, "has a \\ before something else than d, w or s");
        return 0;
    }
}

static uint16_t class(struct parser *parser)
{
    const bool is_not = take(parser, "^");
    const size_t begin = parser->at;
    uint32_t digits = 0;

    while (parser->at < parser->text.count && parser->text.data[parser->at] != ']') {
        const uint8_t from = parser->text.data[parser->at++];
        uint8_t to = from;
        if (from == '\\') {
            digits |= escaped(parser);
            continue;
        }
        if (from == '[' || from == '&' || from == '~') {
            refuse(parser, STATUS_UNSUPPORTED, "has a class in a class");
        }
        if (parser->at + 1 < parser->text.count && parser->text.data[parser->at] == '-' &&
            parser->text.data[parser->at + 1] != ']') {
            to = parser->text.data[parser->at + 1];
            parser->at += 2;
        }
        if (to < from) {
            refuse(parser, STATUS_MALFORMED, "has a range that ends before it begins");
        }
        digits |= digits_between(parser, from, to);
    }
    if (parser->at == begin || !take(parser, "]")) {
        refuse(parser, STATUS_MALFORMED, "has a [ without its ]");
    }
    return (uint16_t)(is_not ? ~digits : digits);
}

/* Digits up to TIMES_MAX. False: none here. */
static bool take_number(struct parser *parser, uint32_t *ret_number)
{
    const size_t begin = parser->at;
    uint32_t number = 0;

    while (parser->at < parser->text.count && parser->text.data[parser->at] >= '0' &&
           parser->text.data[parser->at] <= '9') {
        number = 10 * number + (uint32_t)(parser->text.data[parser->at++] - '0');
        number = number <= TIMES_MAX ? number : TIMES_MAX + 1;
    }
    if (number > TIMES_MAX) {
        refuse(parser, STATUS_FULL, "repeats something more than 1000 times");
    }
    *ret_number = number;
    return parser->at > begin;
}

/* Behind "{". */
static void take_bounds(struct parser *parser, uint32_t *ret_least, uint32_t *ret_most)
{
    bool good = take_number(parser, ret_least);

    *ret_most = *ret_least;
    if (good && take(parser, ",") && !take_number(parser, ret_most)) {
        *ret_most = NO_END;
    }
    good = good && take(parser, "}");
    if (!good || *ret_most < *ret_least) {
        refuse(parser, STATUS_MALFORMED, "has braces that are not {2}, {2,} or {2,5}");
    }
}

/* ---- groups ---- */

static struct group *group_of(struct parser *parser)
{
    return &parser->groups[parser->depth];
}

/* What was read last joins the sequence. */
static void flush(struct parser *parser)
{
    struct group *group = group_of(parser);

    if (group->atom.is_there) {
        group->sequence = follow(parser, group->sequence, group->atom);
        group->atom.is_there = false;
    }
}

/* The sequence joins the choices. */
static void end_choice(struct parser *parser)
{
    struct group *group = group_of(parser);

    flush(parser);
    if (!group->sequence.is_there) {
        group->sequence = one_node(parser, NODE_EMPTY, 0);
    }
    group->choices = choose(parser, group->choices, group->sequence);
    group->sequence.is_there = false;
}

static void open_group(struct parser *parser)
{
    (void)take(parser, "?:");
    if (parser->at < parser->text.count && parser->text.data[parser->at] == '?') {
        refuse(parser, STATUS_UNSUPPORTED, "has a group that begins with something else than ?:");
        return;
    }
    if (parser->depth + 1 == DEPTH_MAX) {
        refuse(parser, STATUS_FULL, "has groups in groups, too deep");
        return;
    }
    flush(parser);
    parser->groups[++parser->depth] = (struct group){.begin = parser->nodes_count};
}

static void close_group(struct parser *parser)
{
    if (parser->depth == 0) {
        refuse(parser, STATUS_MALFORMED, "has a ) without its (");
        return;
    }
    end_choice(parser);
    struct part part = group_of(parser)->choices;

    part.begin = group_of(parser)->begin;
    parser->depth--;
    group_of(parser)->atom = part;
}

static void quantify(struct parser *parser, uint8_t sign)
{
    struct group *group = group_of(parser);
    uint32_t least = sign == '+' ? 1 : 0;
    uint32_t most = sign == '?' ? 1 : NO_END;

    if (!group->atom.is_there) {
        refuse(parser, STATUS_MALFORMED, "repeats nothing");
        return;
    }
    if (sign == '{') {
        take_bounds(parser, &least, &most);
    }
    (void)take(parser, "?"); /* the shortest one, which is as good as any */
    if (parser->status == STATUS_OK) {
        group->atom = times(parser, group->atom, least, most);
    }
}

static void add_atom(struct parser *parser, enum node_kind kind, uint16_t digits)
{
    flush(parser);
    group_of(parser)->atom = one_node(parser, kind, digits);
}

static void add_literal(struct parser *parser, uint8_t c)
{
    const uint16_t digits = digits_between(parser, c, c);

    if (digits == 0) {
        refuse(parser, STATUS_MALFORMED, "wants what is no lower-case hexadecimal digit");
    }
    add_atom(parser, NODE_DIGIT, digits);
}

static void read_next(struct parser *parser)
{
    const uint8_t c = parser->text.data[parser->at++];

    switch (c) {
    case '(':
        open_group(parser);
        break;
    case ')':
        close_group(parser);
        break;
    case '|':
        end_choice(parser);
        break;
    case '*':
    case '+':
    case '?':
    case '{':
        quantify(parser, c);
        break;
    case '^':
        add_atom(parser, NODE_BEGIN, 0);
        break;
    case '$':
        add_atom(parser, NODE_END, 0);
        break;
    case '.':
        add_atom(parser, NODE_DIGIT, ALL_DIGITS);
        break;
    case '[':
        add_atom(parser, NODE_DIGIT, class(parser));
        break;
    case '\\':
        add_atom(parser, NODE_DIGIT, escaped(parser));
        break;
    default: /* not an enum */
        add_literal(parser, c);
        break;
    }
}

/* The node that it begins with; NOWHERE: refused. */
static uint16_t parse(struct parser *parser, struct bytes text)
{
    memset(parser, 0, sizeof(*parser));
    parser->text = text;
    parser->folds = take(parser, "(?i)");
    while (parser->status == STATUS_OK && parser->at < text.count) {
        read_next(parser);
    }
    if (parser->status == STATUS_OK && parser->depth > 0) {
        refuse(parser, STATUS_MALFORMED, "has a ( without its )");
    }
    if (parser->status != STATUS_OK) {
        return NOWHERE;
    }
    end_choice(parser);
    const struct part all = parser->groups[0].choices;
    const uint16_t match = add_node(parser, (struct node){.kind = NODE_MATCH, .next = NOWHERE});
    if (parser->status != STATUS_OK) {
        return NOWHERE;
    }
    lead(parser, all.last, match);
    return all.first;
}

enum status pattern_check(struct bytes text, const char **ret_what)
{
    struct parser parser;

    if (parse(&parser, text) == NOWHERE) {
        *ret_what = parser.what;
        return parser.status;
    }
    return STATUS_OK;
}

/* ---- walking ---- */

/* Where all ways are, before a digit. */
struct walk {
    const struct node *nodes;
    uint16_t now[PATTERN_NODES_MAX]; /* nodes that want a digit */
    uint16_t then[PATTERN_NODES_MAX];
    uint32_t now_count;
    uint32_t then_count;
    uint32_t reached[PATTERN_NODES_MAX]; /* before which digit, plus one */
    uint16_t todo[PATTERN_NODES_MAX];
};

/* Where a way is, between digits. */
struct place {
    size_t number; /* of the digit behind it */
    bool is_end;
};

static void reach_one(struct walk *walk, uint16_t node, struct place place, uint32_t *todo_count)
{
    const uint32_t mark = (uint32_t)place.number + 1;

    CHECK(node < PATTERN_NODES_MAX);
    if (walk->reached[node] != mark) {
        walk->reached[node] = mark;
        walk->todo[(*todo_count)++] = node;
    }
}

/* Everything that can be reached from a node without a digit. True: the end of the pattern is. */
static bool reach(struct walk *walk, uint16_t from, struct place place)
{
    uint32_t todo_count = 0;

    reach_one(walk, from, place, &todo_count);
    while (todo_count > 0) {
        const uint16_t at = walk->todo[--todo_count];
        const struct node *node = &walk->nodes[at];
        switch (node->kind) {
        case NODE_MATCH:
            return true;
        case NODE_DIGIT:
            walk->then[walk->then_count++] = at;
            break;
        case NODE_SPLIT:
            reach_one(walk, node->next, place, &todo_count);
            reach_one(walk, node->other, place, &todo_count);
            break;
        case NODE_EMPTY:
            reach_one(walk, node->next, place, &todo_count);
            break;
        case NODE_BEGIN:
            if (place.number == 0) {
                reach_one(walk, node->next, place, &todo_count);
            }
            break;
        case NODE_END:
            if (place.is_end) {
                reach_one(walk, node->next, place, &todo_count);
            }
            break;
        }
    }
    return false;
}

static uint16_t digit_at(struct bytes body, size_t number)
{
    const uint8_t byte = body.data[number / 2];

    return (uint16_t)(1u << (number % 2 == 0 ? byte >> 4 : byte & 15));
}

bool pattern_matches(struct bytes text, struct bytes body)
{
    struct parser parser;
    struct walk walk;
    const size_t count = 2 * body.count;
    const uint16_t first = parse(&parser, text);

    CHECK(count < UINT32_MAX);
    if (first == NOWHERE) {
        return false;
    }
    memset(&walk, 0, sizeof(walk));
    walk.nodes = parser.nodes;
    for (size_t i = 0; i <= count; i++) {
        const struct place place = {.number = i, .is_end = i == count};
        walk.then_count = 0;
        for (uint32_t k = 0; i > 0 && k < walk.now_count; k++) {
            const struct node *node = &walk.nodes[walk.now[k]];
            if ((node->digits & digit_at(body, i - 1)) != 0 && reach(&walk, node->next, place)) {
                return true;
            }
        }
        if (reach(&walk, first, place)) { /* it may begin anywhere */
            return true;
        }
        memcpy(walk.now, walk.then, walk.then_count * sizeof(walk.now[0]));
        walk.now_count = walk.then_count;
    }
    return false;
}
