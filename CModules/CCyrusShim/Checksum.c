// CRC-32.
//
// Records are short: a head is 24 to 288 bytes, a tail mostly under 300. zlib is slow on such
// buffers, so where the processor has carry-less multiplication (x86-64 PCLMULQDQ) it is used:
// the message is folded 16 bytes at a time, then reduced by Barrett's method. Where it has that
// for 32 bytes at a time (VPCLMULQDQ), what records have is not folded but added up. The constants
// are remainders of powers of x modulo the CRC's polynomial, bit-reflected; a test compares all
// with zlib for every length and alignment that matters.
//
// Method: Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
// Instruction", Intel 2009.

#include "CCyrusShim.h"

#include <string.h>
#include <zlib.h>

uint32_t ccs_crc32_reference(const uint8_t *bytes, size_t count) { return (uint32_t)crc32_z(0, bytes, count); }

#if defined(__x86_64__)

#include <immintrin.h>

// Selects, from a 16-byte window ending where the message ends, the bytes that belong to it.
// Loading at `shift + 16 - n` gives a pattern for _mm_shuffle_epi8 that moves bytes up by 16 - n.
static const uint8_t moves[48] = {
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
};

__attribute__((target("pclmul,ssse3,sse4.1"))) static inline __m128i fold(__m128i value, __m128i next, __m128i by) {
  __m128i low = _mm_clmulepi64_si128(value, by, 0x00);
  __m128i high = _mm_clmulepi64_si128(value, by, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

__attribute__((target("pclmul,ssse3,sse4.1"))) static inline uint32_t reduce(__m128i value) {
  const __m128i to96 = _mm_set_epi64x(0x163cd6124, 0x0ccaa009e);    // x^64, x^96
  const __m128i barrett = _mm_set_epi64x(0x1f7011641, 0x1db710641); // quotient, polynomial
  const __m128i low32 = _mm_setr_epi32(-1, 0, -1, 0);
  // 128 to 96 bits, then to 64.
  value = _mm_xor_si128(_mm_srli_si128(value, 8), _mm_clmulepi64_si128(value, to96, 0x00));
  __m128i rest = _mm_clmulepi64_si128(_mm_and_si128(value, low32), to96, 0x10);
  value = _mm_xor_si128(_mm_srli_si128(value, 4), rest);
  // 64 to 32 by Barrett: multiply by the quotient's inverse, then by the polynomial, and subtract.
  __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(value, low32), barrett, 0x10);
  __m128i product = _mm_clmulepi64_si128(_mm_and_si128(quotient, low32), barrett, 0x00);
  return (uint32_t)_mm_extract_epi32(_mm_xor_si128(value, product), 1);
}

__attribute__((target("pclmul,ssse3,sse4.1"))) static uint32_t crc32_multiplying(const uint8_t *bytes, size_t count) {
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
    return ~reduce(value);
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
  return ~reduce(value);
}

// Up to 256 bytes, if they are whole words of eight: what records have.
//
// No word hangs on the one before: the word that is followed by k others is multiplied by x^(64 k - 32), its place in
// the message, and all products are added up and reduced once. The words lie in a window that ends where the message
// ends; what is before the message in it is not loaded, and counts as 0. So nothing is decided by the length, but whether
// it is above 64. The initial value is a word that is followed by the whole message; what that comes to is looked up.
//
// Words of the window, the first one followed by 31 others. The last two words are in their place as they are.
static const uint64_t word_factors[32] __attribute__((aligned(32))) = {
    0x1db06f64c, 0x1c47d2a9c, 0x19159bb02, 0x125f17dfc,
    0x1b35adb0e, 0x1e7146aac, 0x1821d8bc0, 0x12e958ac4,
    0x1816ab61c, 0x10aae2566, 0x0e3543be0, 0x14b57d3f0,
    0x1fdc60a7c, 0x03f41287a, 0x1e88ef372, 0x14a7fe880,
    0x1ea89367e, 0x1d7cfc6ac, 0x0df068dc2, 0x18cb44e58,
    0x1c7569e54, 0x0ae0b5394, 0x154442bd4, 0x1c6e41596,
    0x03db1ecdc, 0x174359406, 0x0f1da05aa, 0x15a546366,
    0x1751997d0, 0x0ccaa009e, 0x000000000, 0x000000000,
};

// What the initial value comes to behind so many words.
static const uint32_t start_effects[33] = {
    0xffffffff, 0x9add2096, 0x1344b4aa, 0x5c3e35df, 0xe6f5aa52, 0x1613c24e, 0x0d774c6a, 0x2c375ab6,
    0x8a729cc9, 0xf03d44ad, 0x71dce719, 0x04bda7b2, 0x450b9a51, 0x28e0fdd0, 0xe4415242, 0xc6a285d8,
    0x3d570562, 0x88cccc19, 0x8ff5fa63, 0xe8836d26, 0x55f8ac9c, 0xf116c36b, 0xd0afa190, 0xafe3b049,
    0x7400f70d, 0x368e5789, 0xa0dd7146, 0x7b6a8092, 0xc2dea49c, 0x702a9027, 0x439edbec, 0x4584323b,
    0xf2697aa7,
};

#define WIDE __attribute__((target("vpclmulqdq,pclmul,avx2,ssse3,sse4.1")))

// Four words of the window, from word 4 * part on; those up to `first` are before the message.
WIDE static inline __m256i words(const uint8_t *end, int part, __m256i first) {
  __m256i places = _mm256_add_epi64(_mm256_setr_epi64x(0, 1, 2, 3), _mm256_set1_epi64x(4 * part));
  return _mm256_maskload_epi64((const long long *)(end - 256 + 32 * part), _mm256_cmpgt_epi64(places, first));
}

WIDE static inline __m256i placed(__m256i value, int part) {
  __m256i factors = _mm256_load_si256((const __m256i *)(word_factors + 4 * part));
  __m256i even = _mm256_clmulepi64_epi128(value, factors, 0x00);
  return _mm256_xor_si256(even, _mm256_clmulepi64_epi128(value, factors, 0x11));
}

WIDE static uint32_t crc32_of_words(const uint8_t *bytes, size_t count) {
  const uint8_t *end = bytes + count;
  __m256i first = _mm256_set1_epi64x(31 - (long long)(count / 8));
  __m256i last = words(end, 7, first);
  __m256i sum = _mm256_xor_si256(placed(last, 7), placed(words(end, 6, first), 6));
  if (count > 64) {
    __m256i a = _mm256_xor_si256(placed(words(end, 5, first), 5), placed(words(end, 4, first), 4));
    __m256i b = _mm256_xor_si256(placed(words(end, 3, first), 3), placed(words(end, 2, first), 2));
    __m256i c = _mm256_xor_si256(placed(words(end, 1, first), 1), placed(words(end, 0, first), 0));
    sum = _mm256_xor_si256(sum, _mm256_xor_si256(a, _mm256_xor_si256(b, c)));
  }
  __m128i value = _mm_xor_si128(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  value = _mm_xor_si128(value, _mm256_extracti128_si256(last, 1));
  return ~(reduce(value) ^ start_effects[count / 8]);
}

uint32_t ccs_crc32_folding(const uint8_t *bytes, size_t count) {
  // The compiler's run-time keeps the processor's features in one word: this is a load and a test.
  if (__builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1")) return crc32_multiplying(bytes, count);
  return ccs_crc32_reference(bytes, count);
}

uint32_t ccs_crc32(const uint8_t *bytes, size_t count) {
  if (count <= 256 && count % 8 == 0 && count >= 16 && __builtin_cpu_supports("vpclmulqdq") &&
      __builtin_cpu_supports("avx2"))
    return crc32_of_words(bytes, count);
  return ccs_crc32_folding(bytes, count);
}

#else

uint32_t ccs_crc32_folding(const uint8_t *bytes, size_t count) { return ccs_crc32_reference(bytes, count); }

uint32_t ccs_crc32(const uint8_t *bytes, size_t count) { return ccs_crc32_reference(bytes, count); }

#endif
