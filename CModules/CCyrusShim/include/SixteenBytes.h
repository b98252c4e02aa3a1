// Sixteen bytes of a text looked at together: which of them are of some kind, and what number they are.
//
// All inline, and with nothing but what every x86-64 processor has, so that nothing is called and nothing is chosen at run
// time. Elsewhere the same is done by plain C. Swift compares vectors, too, but has no way to make bits of the outcome.

#ifndef CCYRUS_SIXTEEN_BYTES_H
#define CCYRUS_SIXTEEN_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define CCS_INLINE static inline __attribute__((always_inline))

/// Sixteen bytes of a text, the first one first. Swift sees `SIMD16<UInt8>`.
#if defined(__clang__)
typedef uint8_t ccs_bytes __attribute__((ext_vector_type(16)));
#else
typedef uint8_t ccs_bytes __attribute__((vector_size(16)));
#endif

/// A bit for each byte that is a mark, the first one lowest. Each byte must be 0 or 0xFF.
CCS_INLINE uint32_t ccs_bits_portable(ccs_bytes marks) {
  uint64_t halves[2];
  memcpy(halves, &marks, sizeof halves);
  uint32_t bits = 0;
  for (int half = 0; half < 2; half++) {
    uint64_t word = halves[half];
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    // Each byte's bit to its place in the highest byte. No two products meet, so nothing carries.
    bits |= (uint32_t)((word & 0x0101010101010101) * 0x0102040810204080 >> 56) << 8 * half;
  }
  return bits;
}

#if defined(__SSE2__)
typedef char ccs_chars __attribute__((vector_size(16)));
CCS_INLINE uint32_t ccs_bits(ccs_bytes marks) { return (uint32_t)__builtin_ia32_pmovmskb128((ccs_chars)marks); }
#else
CCS_INLINE uint32_t ccs_bits(ccs_bytes marks) { return ccs_bits_portable(marks); }
#endif

/// A bit for each byte that is `byte`.
CCS_INLINE uint32_t ccs_bits_of(ccs_bytes text, uint8_t byte) { return ccs_bits((ccs_bytes)(text == byte)); }

/// A bit for each byte that is one of these.
CCS_INLINE uint32_t ccs_bits_of_any(ccs_bytes text, uint8_t first, uint8_t second, uint8_t third) {
  return ccs_bits((ccs_bytes)((text == first) | (text == second) | (text == third)));
}

/// A bit for each byte that is `most` or below.
CCS_INLINE uint32_t ccs_bits_up_to(ccs_bytes text, uint8_t most) { return ccs_bits((ccs_bytes)(text <= most)); }

/// A bit for each byte that is neither an ASCII letter, a digit nor a hyphen.
CCS_INLINE uint32_t ccs_bits_of_other_than_id(ccs_bytes text) {
  ccs_bytes letters = (ccs_bytes)((text | 0x20) - 0x61 <= 25), digits = (ccs_bytes)(text - 0x30 <= 9);
  return 0xFFFF & ~ccs_bits(letters | digits | (ccs_bytes)(text == 0x2D));
}

/// A bit for each byte that is neither an ASCII letter, a digit, a space nor one of `-`, `.` and `_`.
CCS_INLINE uint32_t ccs_bits_of_other_than_plain(ccs_bytes text) {
  ccs_bytes letters = (ccs_bytes)((text | 0x20) - 0x61 <= 25);
  ccs_bytes digits = (ccs_bytes)((text - 0x2D <= 12) & (text != 0x2F));
  return 0xFFFF & ~ccs_bits(letters | digits | (ccs_bytes)((text == 0x20) | (text == 0x5F)));
}

/// A bit for each byte that is not printable ASCII, or is `"` or `\`: all others stand for themselves in JSON.
CCS_INLINE uint32_t ccs_bits_of_other_than_json(ccs_bytes text) {
  return ccs_bits((ccs_bytes)((text - 0x20 > 0x5E) | (text == 0x22) | (text == 0x5C)));
}

/// The text with another byte in place of each that is `byte`.
CCS_INLINE ccs_bytes ccs_replacing(ccs_bytes text, uint8_t byte, uint8_t other) {
  return text ^ ((ccs_bytes)(text == byte) & (uint8_t)(byte ^ other));
}

/// The decimal number that the last `count` of the bytes are; UINT64_MAX if one of them is no digit.
///
/// `count` is 0 to 16; the other bytes may be anything.
CCS_INLINE uint64_t ccs_number_portable(ccs_bytes text, uint32_t count) {
  uint64_t number = 0;
  for (uint32_t place = 16 - count; place < 16; place++) {
    uint8_t digit = (uint8_t)(text[place] - 0x30);
    if (digit > 9) return UINT64_MAX;
    number = number * 10 + digit;
  }
  return number;
}

#if defined(__SSE2__) && defined(__clang__)
typedef short ccs_words __attribute__((vector_size(16)));

/// What the last `count` of the bytes are as digits; zeros before them. Above 9 is what is no digit.
CCS_INLINE ccs_bytes ccs_digits(ccs_bytes text, uint32_t count) {
  static const uint8_t masks[48] = {
      0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
      255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
      255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  };
  ccs_bytes mask;
  memcpy(&mask, masks + (count & 31), sizeof mask);
  return (text - 0x30) & mask;
}

/// Eight numbers of two digits each. Each step puts two neighbours together, the left one times 10; those that follow do
/// the same with 100 and so on.
CCS_INLINE ccs_words ccs_twos(ccs_bytes digits) {
  const ccs_bytes none = 0;
  const ccs_words by_10 = {10, 1, 10, 1, 10, 1, 10, 1};
  ccs_words left =
      (ccs_words)__builtin_shufflevector(digits, none, 0, 16, 1, 16, 2, 16, 3, 16, 4, 16, 5, 16, 6, 16, 7, 16);
  ccs_words right =
      (ccs_words)__builtin_shufflevector(digits, none, 8, 16, 9, 16, 10, 16, 11, 16, 12, 16, 13, 16, 14, 16, 15, 16);
  return __builtin_ia32_packssdw128(__builtin_ia32_pmaddwd128(left, by_10), __builtin_ia32_pmaddwd128(right, by_10));
}

CCS_INLINE uint64_t ccs_number(ccs_bytes text, uint32_t count) {
  typedef int doubles __attribute__((vector_size(16)));
  ccs_bytes digits = ccs_digits(text, count);
  if (ccs_bits((ccs_bytes)(digits > 9))) return UINT64_MAX;
  const ccs_words by_100 = {100, 1, 100, 1, 100, 1, 100, 1}, by_10000 = {10000, 1, 10000, 1, 10000, 1, 10000, 1};
  doubles fours = __builtin_ia32_pmaddwd128(ccs_twos(digits), by_100);
  doubles eights = __builtin_ia32_pmaddwd128(__builtin_ia32_packssdw128(fours, fours), by_10000);
  return (uint64_t)(uint32_t)eights[0] * 100000000 + (uint32_t)eights[1];
}
#else
CCS_INLINE uint64_t ccs_number(ccs_bytes text, uint32_t count) { return ccs_number_portable(text, count); }
#endif

/// Two numbers that were read together.
typedef struct {
  uint64_t first, second;
  /// Whether all that was looked at are digits; if not, the numbers mean nothing.
  bool is_valid;
} ccs_two_numbers;

/// The decimal numbers that the last bytes of two texts are, as `ccs_number` has each.
CCS_INLINE ccs_two_numbers ccs_numbers_portable(
    ccs_bytes first, uint32_t first_count, ccs_bytes second, uint32_t second_count) {
  ccs_two_numbers both = {ccs_number_portable(first, first_count), ccs_number_portable(second, second_count), true};
  both.is_valid = both.first != UINT64_MAX && both.second != UINT64_MAX;
  return both;
}

#if defined(__SSE2__) && defined(__clang__)
CCS_INLINE ccs_two_numbers ccs_numbers(
    ccs_bytes first, uint32_t first_count, ccs_bytes second, uint32_t second_count) {
  typedef uint64_t longs __attribute__((vector_size(16)));
  ccs_bytes left = ccs_digits(first, first_count), right = ccs_digits(second, second_count);
  ccs_words left_twos = ccs_twos(left), right_twos = ccs_twos(right);
  const ccs_words by_100 = {100, 1, 100, 1, 100, 1, 100, 1};
  const ccs_words by_10000 = {10000, 1, 10000, 1, 10000, 1, 10000, 1};
  longs eights = (longs)__builtin_ia32_pmaddwd128(
      __builtin_ia32_packssdw128(
          __builtin_ia32_pmaddwd128(left_twos, by_100), __builtin_ia32_pmaddwd128(right_twos, by_100)),
      by_10000);
  longs numbers = (eights & 0xFFFFFFFF) * 100000000 + (eights >> 32);
  ccs_bytes greatest = left > right ? left : right;
  ccs_two_numbers both = {numbers[0], numbers[1], !ccs_bits((ccs_bytes)(greatest > 9))};
  return both;
}
#else
CCS_INLINE ccs_two_numbers ccs_numbers(
    ccs_bytes first, uint32_t first_count, ccs_bytes second, uint32_t second_count) {
  return ccs_numbers_portable(first, first_count, second, second_count);
}
#endif

#endif
