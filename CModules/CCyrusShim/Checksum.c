// CRC-32.
//
// Records are short: a head is 24 to 288 bytes, a tail mostly under 300. zlib is slow on such
// buffers, so where the processor has carry-less multiplication (x86-64 PCLMULQDQ) it is used:
// what records have is added up (ChecksumOfWords.c), by more where the processor has it for 32 or
// 64 bytes at a time (VPCLMULQDQ, AVX-512). What is longer, or not of whole words, is folded 16
// bytes at a time, then reduced by Barrett's method. Where it has none there are tables
// (ChecksumByTable.c). The constants are remainders of powers of x modulo the CRC's polynomial,
// bit-reflected; a test compares all with zlib for every length and alignment that matters.
//
// Method: Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
// Instruction", Intel 2009.

#include "Checksum.h"

#include <string.h>
#include <zlib.h>

uint32_t ccs_crc32_reference(const uint8_t *bytes, size_t count) { return (uint32_t)crc32_z(0, bytes, count); }

#if defined(__x86_64__)

// Selects, from a 16-byte window ending where the message ends, the bytes that belong to it.
// Loading at `shift + 16 - n` gives a pattern for _mm_shuffle_epi8 that moves bytes up by 16 - n.
static const uint8_t moves[48] = {
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
};

CCS_MULTIPLYING static inline __m128i fold(__m128i value, __m128i next, __m128i by) {
  __m128i low = _mm_clmulepi64_si128(value, by, 0x00);
  __m128i high = _mm_clmulepi64_si128(value, by, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

CCS_MULTIPLYING static uint32_t crc32_multiplying(const uint8_t *bytes, size_t count) {
  const __m128i by64 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4); // fold over 64 bytes
  const __m128i by16 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0); // fold over 16 bytes
  const __m128i start = _mm_cvtsi32_si128(-1);

  if (count < 16) {
    if (count < 4) return (uint32_t)crc32_z(0, bytes, count);
    // The initial value goes onto the first four bytes; the whole is then moved to the window's end.
    uint8_t window[16] = {0};
    memcpy(window, bytes, count);
    __m128i value = _mm_xor_si128(_mm_loadu_si128((const __m128i *)window), start);
    value = _mm_shuffle_epi8(value, _mm_loadu_si128((const __m128i *)(moves + count)));
    return ~ccs_reduce(value);
  }

  __m128i value = _mm_xor_si128(_mm_loadu_si128((const __m128i *)bytes), start);
  bytes += 16;
  count -= 16;
  if (count >= 48 + 64) {
    __m128i b = _mm_loadu_si128((const __m128i *)(bytes));
    __m128i c = _mm_loadu_si128((const __m128i *)(bytes + 16));
    __m128i d = _mm_loadu_si128((const __m128i *)(bytes + 32));
    bytes += 48;
    count -= 48;
    while (count >= 64) {
      value = fold(value, _mm_loadu_si128((const __m128i *)(bytes)), by64);
      b = fold(b, _mm_loadu_si128((const __m128i *)(bytes + 16)), by64);
      c = fold(c, _mm_loadu_si128((const __m128i *)(bytes + 32)), by64);
      d = fold(d, _mm_loadu_si128((const __m128i *)(bytes + 48)), by64);
      bytes += 64;
      count -= 64;
    }
    value = fold(value, b, by16);
    value = fold(value, c, by16);
    value = fold(value, d, by16);
  }
  while (count >= 16) {
    value = fold(value, _mm_loadu_si128((const __m128i *)bytes), by16);
    bytes += 16;
    count -= 16;
  }
  if (count > 0) {
    // `count` bytes are left: shift them into the value from above; what falls out below is folded once more.
    __m128i last = _mm_loadu_si128((const __m128i *)(bytes + count - 16));
    __m128i up = _mm_loadu_si128((const __m128i *)(moves + count));
    __m128i down = _mm_loadu_si128((const __m128i *)(moves + 16 + count));
    __m128i out = _mm_shuffle_epi8(value, up);
    __m128i kept = _mm_shuffle_epi8(value, down);
    // Of the last 16 bytes of the message the upper `count` are new, the others already in `value`.
    __m128i is_new = _mm_cmpeq_epi8(_mm_and_si128(down, _mm_set1_epi8((char)0x80)), _mm_set1_epi8((char)0x80));
    __m128i next = _mm_or_si128(_mm_and_si128(is_new, last), kept);
    value = fold(out, next, by16);
  }
  return ~ccs_reduce(value);
}

uint32_t ccs_crc32_folding(const uint8_t *bytes, size_t count) {
  if (ccs_multiplies()) return crc32_multiplying(bytes, count);
  return ccs_crc32_by_table(bytes, count);
}

#else

uint32_t ccs_crc32_folding(const uint8_t *bytes, size_t count) { return ccs_crc32_by_table(bytes, count); }

#endif
