// What the ways to compute CRC-32 share.

#ifndef CCS_CHECKSUM_H
#define CCS_CHECKSUM_H

#include "CCyrusShim.h"

// Up to which way a build goes, whatever the processor has: tables, folding, two words of each lane at a time, four.
enum { CCS_TABLE, CCS_FOLDING, CCS_WIDE, CCS_BROAD };
#ifndef CCS_WAYS
#define CCS_WAYS CCS_BROAD
#endif

#if defined(__x86_64__)

#include <immintrin.h>

// Whether carry-less multiplication may be used: a load and a test, as the compiler's run-time keeps what there is in one word.
static inline bool ccs_multiplies(void) {
  return CCS_WAYS >= CCS_FOLDING && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

#define CCS_MULTIPLYING __attribute__((target("pclmul,ssse3,sse4.1")))

// 96 bits, bit-reflected, to their remainder: what a CRC is but for the inversion at its end.
CCS_MULTIPLYING static inline uint32_t ccs_reduce_96(__m128i value) {
  const __m128i to64 = _mm_cvtsi64_si128(0x163cd6124);              // x^64
  const __m128i barrett = _mm_set_epi64x(0x1f7011641, 0x1db710641); // quotient, polynomial
  const __m128i low32 = _mm_setr_epi32(-1, 0, -1, 0);
  __m128i rest = _mm_clmulepi64_si128(_mm_and_si128(value, low32), to64, 0x00);
  value = _mm_xor_si128(_mm_srli_si128(value, 4), rest);
  // 64 to 32 by Barrett: multiply by the quotient's inverse, then by the polynomial, and subtract.
  __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(value, low32), barrett, 0x10);
  __m128i product = _mm_clmulepi64_si128(_mm_and_si128(quotient, low32), barrett, 0x00);
  return (uint32_t)_mm_extract_epi32(_mm_xor_si128(value, product), 1);
}

// The same of 128 bits.
CCS_MULTIPLYING static inline uint32_t ccs_reduce(__m128i value) {
  const __m128i to96 = _mm_cvtsi64_si128(0x0ccaa009e); // x^96
  return ccs_reduce_96(_mm_xor_si128(_mm_srli_si128(value, 8), _mm_clmulepi64_si128(value, to96, 0x00)));
}

#endif

#endif
