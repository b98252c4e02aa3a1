// Two texts of the same length, looked at side by side: 64 bytes at a time with AVX-512, 16 without.
//
// Every byte of both is read once, and none beyond them. Of short texts nothing is decided by how long they are, so that
// the processor need not guess it.

#include "Checksum.h"

#include <string.h>

// What the bits of 64 bytes come to; `word` is which 64 they are.
static inline void note(ccs_text_pair *pair, size_t word, uint64_t difference, uint64_t space, uint64_t other,
                        uint64_t *space_before) {
  if (word < 4) {
    pair->spaces[word] = space;
    pair->differences[word] = difference;
  }
  pair->difference_count += (size_t)__builtin_popcountll(difference);
  pair->space_count += (size_t)__builtin_popcountll(space);
  pair->other_count += (size_t)__builtin_popcountll(other);
  pair->has_loose_space |= (space & (space << 1 | *space_before >> 63)) != 0;
  *space_before = space;
}

// The lowest `count` bits, all of them from 64 on.
static inline uint64_t lowest(size_t count) { return count < 64 ? ((uint64_t)1 << count) - 1 : ~(uint64_t)0; }

static inline size_t beyond(size_t count, size_t place) { return count > place ? count - place : 0; }

#if defined(__x86_64__)

#define BROAD __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,popcnt,lzcnt,bmi,bmi2")))

BROAD static inline void broad_step(const uint8_t *left, const uint8_t *right, size_t count, size_t skip, size_t word,
                                    ccs_text_pair *pair, uint64_t *space_before) {
  size_t place = 64 * word;
  __mmask64 within = lowest(beyond(count, place));
  __mmask64 text = within & ~lowest(beyond(skip, place));
  __m512i mine = _mm512_maskz_loadu_epi8(within, left + place);
  __m512i theirs = _mm512_maskz_loadu_epi8(within, right + place);
  __m512i letters = _mm512_sub_epi8(_mm512_or_si512(mine, _mm512_set1_epi8(0x20)), _mm512_set1_epi8(0x60));
  __m512i digits = _mm512_sub_epi8(mine, _mm512_set1_epi8(0x2D));
  __mmask64 plain = _mm512_cmple_epu8_mask(letters, _mm512_set1_epi8(0x1A)) |
                    _mm512_cmple_epu8_mask(digits, _mm512_set1_epi8(0x0C)) |
                    _mm512_cmpeq_epi8_mask(mine, _mm512_set1_epi8('_'));
  __mmask64 space = _mm512_cmpeq_epi8_mask(mine, _mm512_set1_epi8(' ')) & text;
  plain &= ~_mm512_cmpeq_epi8_mask(mine, _mm512_set1_epi8('N'));
  note(pair, word, _mm512_cmpneq_epi8_mask(mine, theirs), space, text & ~(plain | space), space_before);
}

BROAD static ccs_text_pair broad_look(const uint8_t *left, const uint8_t *right, size_t count, size_t skip) {
  ccs_text_pair pair = {0};
  uint64_t space_before = 0;
  broad_step(left, right, count, skip, 0, &pair, &space_before);
  broad_step(left, right, count, skip, 1, &pair, &space_before);
  broad_step(left, right, count, skip, 2, &pair, &space_before);
  broad_step(left, right, count, skip, 3, &pair, &space_before);
  for (size_t word = 4; 64 * word < count; word++) broad_step(left, right, count, skip, word, &pair, &space_before);
  return pair;
}

static inline bool is_broad(void) {
  return CCS_WAYS >= CCS_BROAD && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi2");
}

// Whether bytes, seen as unsigned, are at most `most`.
static inline __m128i at_most(__m128i bytes, char most) {
  return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(most)), bytes);
}

// The bits of 16 bytes.
static inline void step(const uint8_t *left, const uint8_t *right, uint64_t *difference, uint64_t *space, uint64_t *plain) {
  __m128i mine = _mm_loadu_si128((const __m128i *)left), theirs = _mm_loadu_si128((const __m128i *)right);
  __m128i letters = at_most(_mm_sub_epi8(_mm_or_si128(mine, _mm_set1_epi8(0x20)), _mm_set1_epi8(0x60)), 0x1A);
  __m128i digits = at_most(_mm_sub_epi8(mine, _mm_set1_epi8(0x2D)), 0x0C);
  __m128i any = _mm_or_si128(_mm_or_si128(letters, digits), _mm_cmpeq_epi8(mine, _mm_set1_epi8('_')));
  any = _mm_andnot_si128(_mm_cmpeq_epi8(mine, _mm_set1_epi8('N')), any);
  *plain = (uint32_t)_mm_movemask_epi8(any);
  *space = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(mine, _mm_set1_epi8(' ')));
  *difference = 0xFFFF & ~(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(mine, theirs));
}

#else

static void step(const uint8_t *left, const uint8_t *right, uint64_t *difference, uint64_t *space, uint64_t *plain) {
  *difference = *space = *plain = 0;
  for (int index = 0; index < 16; index++) {
    uint8_t byte = left[index], letter = (uint8_t)((byte | 0x20) - 0x60), digit = (uint8_t)(byte - 0x2D);
    bool is_plain = (letter <= 0x1A || digit <= 0x0C || byte == '_') && byte != 'N';
    *plain |= (uint64_t)is_plain << index;
    *space |= (uint64_t)(byte == ' ') << index;
    *difference |= (uint64_t)(byte != right[index]) << index;
  }
}

#endif

static ccs_text_pair look(const uint8_t *left, const uint8_t *right, size_t count, size_t skip) {
  ccs_text_pair pair = {0};
  uint64_t space_before = 0;
  for (size_t word = 0; 64 * word < count; word++) {
    uint64_t differences = 0, spaces = 0, plains = 0;
    for (size_t part = 0; part < 64 && 64 * word + part < count; part += 16) {
      size_t place = 64 * word + part, rest = count - place;
      uint64_t difference, space, plain;
      if (rest >= 16) {
        step(left + place, right + place, &difference, &space, &plain);
      } else {
        uint8_t ends[2][16] = {{0}};
        memcpy(ends[0], left + place, rest);
        memcpy(ends[1], right + place, rest);
        step(ends[0], ends[1], &difference, &space, &plain);
      }
      differences |= difference << part;
      spaces |= space << part;
      plains |= plain << part;
    }
    uint64_t text = lowest(count - 64 * word) & ~lowest(beyond(skip, 64 * word));
    spaces &= text;
    note(&pair, word, differences, spaces, text & ~(plains | spaces), &space_before);
  }
  return pair;
}

ccs_text_pair ccs_look_at_both(const uint8_t *left, const uint8_t *right, size_t count, size_t skip) {
#if defined(__x86_64__)
  if (is_broad()) return broad_look(left, right, count, skip);
#endif
  return look(left, right, count, skip);
}

ccs_text_pair ccs_look_at_both_narrow(const uint8_t *left, const uint8_t *right, size_t count, size_t skip) {
  return look(left, right, count, skip);
}
