/* SPDX-License-Identifier: Apache-2.0 */
/* Two streams of SHA-256 (FIPS 180-4) with the SHA instructions of x86-64. An instruction for two
 * rounds takes four cycles until its result is there, and another can begin after two: with two
 * streams in turn none has to wait. */
#include "store/sha256_internal.h"

#include "relay/base/check.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define LEAF_FEATURES          1u
#define LEAF_EXTENDED_FEATURES 7u
#define HAS_SHA                (1u << 29) /* EBX of the extended features */
#define ROUNDS_PER_GROUP       16u

#define HAS_INSTRUCTIONS __attribute__((target("sha,sse4.1")))
#define IN_PLACE         HAS_INSTRUCTIONS __attribute__((always_inline)) static inline

/* FIPS 180-4 section 4.2.2. */
static const uint32_t constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* The state as the instructions want it, and the sixteen words of the schedule in use. */
struct stream {
    __m128i abef;
    __m128i cdgh;
    __m128i words[4];
};

bool sha256_pair_is_possible(void)
{
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;

    if (__get_cpuid(LEAF_FEATURES, &a, &b, &c, &d) == 0 || (c & bit_SSE4_1) == 0 ||
        (c & bit_SSSE3) == 0) {
        return false;
    }
    return __get_cpuid_count(LEAF_EXTENDED_FEATURES, 0, &a, &b, &c, &d) != 0 && (b & HAS_SHA) != 0;
}

IN_PLACE __m128i load(const void *at)
{
    return _mm_loadu_si128((const __m128i *)at);
}

IN_PLACE void load_state(struct stream *stream, const uint32_t *state)
{
    const __m128i badc = _mm_shuffle_epi32(load(state), 0xb1);
    const __m128i hgfe = _mm_shuffle_epi32(load(state + 4), 0x1b);

    stream->abef = _mm_alignr_epi8(badc, hgfe, 8);
    stream->cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);
}

IN_PLACE void store_state(const struct stream *stream, uint32_t *ret_state)
{
    const __m128i feba = _mm_shuffle_epi32(stream->abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(stream->cdgh, 0xb1);

    _mm_storeu_si128((__m128i *)ret_state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(ret_state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/* Words are big-endian. */
IN_PLACE void load_block(struct stream *stream, const uint8_t *block)
{
    const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

    for (unsigned i = 0; i < 4; i++) {
        stream->words[i] = _mm_shuffle_epi8(load(block + sizeof(__m128i) * i), order);
    }
}

/* Four rounds of both streams, in turn. */
IN_PLACE void rounds(struct stream *a, struct stream *b, unsigned index, const uint32_t *at)
{
    const __m128i added = load(at);
    __m128i words_a = _mm_add_epi32(a->words[index], added);
    __m128i words_b = _mm_add_epi32(b->words[index], added);

    a->cdgh = _mm_sha256rnds2_epu32(a->cdgh, a->abef, words_a);
    b->cdgh = _mm_sha256rnds2_epu32(b->cdgh, b->abef, words_b);
    words_a = _mm_shuffle_epi32(words_a, 0x0e);
    words_b = _mm_shuffle_epi32(words_b, 0x0e);
    a->abef = _mm_sha256rnds2_epu32(a->abef, a->cdgh, words_a);
    b->abef = _mm_sha256rnds2_epu32(b->abef, b->cdgh, words_b);
}

/* Replaces four words of the schedule by those sixteen rounds later. */
IN_PLACE void extend(struct stream *stream, unsigned index)
{
    const __m128i *words = stream->words;
    const __m128i last = words[(index + 3) % 4];
    const __m128i middle = _mm_alignr_epi8(last, words[(index + 2) % 4], 4);
    const __m128i first = _mm_sha256msg1_epu32(words[index], words[(index + 1) % 4]);

    stream->words[index] = _mm_sha256msg2_epu32(_mm_add_epi32(first, middle), last);
}

IN_PLACE void rounds_extend(struct stream *a, struct stream *b, unsigned index, const uint32_t *at)
{
    rounds(a, b, index, at);
    extend(a, index);
    extend(b, index);
}

IN_PLACE void compress(struct stream *a, struct stream *b)
{
    const __m128i abef_a = a->abef;
    const __m128i cdgh_a = a->cdgh;
    const __m128i abef_b = b->abef;
    const __m128i cdgh_b = b->cdgh;
    const uint32_t *at = constants;

    for (unsigned group = 0; group < 3; group++) {
        rounds_extend(a, b, 0, at);
        rounds_extend(a, b, 1, at + 4);
        rounds_extend(a, b, 2, at + 8);
        rounds_extend(a, b, 3, at + 12);
        at += ROUNDS_PER_GROUP;
    }
    rounds(a, b, 0, at);
    rounds(a, b, 1, at + 4);
    rounds(a, b, 2, at + 8);
    rounds(a, b, 3, at + 12);
    a->abef = _mm_add_epi32(a->abef, abef_a);
    a->cdgh = _mm_add_epi32(a->cdgh, cdgh_a);
    b->abef = _mm_add_epi32(b->abef, abef_b);
    b->cdgh = _mm_add_epi32(b->cdgh, cdgh_b);
}

HAS_INSTRUCTIONS void sha256_pair_compress(struct sha256_stream *first,
                                           struct sha256_stream *second, uint32_t count)
{
    struct stream a;
    struct stream b;

    load_state(&a, first->state);
    load_state(&b, second->state);
    for (uint32_t i = 0; i < count; i++) {
        load_block(&a, first->blocks);
        load_block(&b, second->blocks);
        first->blocks += SHA256_BLOCK_BYTES;
        second->blocks += SHA256_BLOCK_BYTES;
        compress(&a, &b);
    }
    store_state(&a, first->state);
    store_state(&b, second->state);
}

#else

bool sha256_pair_is_possible(void)
{
    return false;
}

void sha256_pair_compress(struct sha256_stream *first, struct sha256_stream *second, uint32_t count)
{
    (void)first;
    (void)second;
    CHECK(count == 0);
}

#endif
