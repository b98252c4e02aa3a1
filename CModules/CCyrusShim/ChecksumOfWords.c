// CRC-32 of what records have: up to 256 bytes, whole words of eight, two, four or eight of them at a time.
//
// No word hangs on the one before: the word that is followed by k others is multiplied by x^(64 k + 32), which is what it
// comes to in the remainder, and all products, of 96 bits each, are added up and reduced once. By four or eight the words
// lie in a window that ends where the message ends; what is before the message in it is not loaded, and counts as 0. So
// nothing is decided by the length, but whether it is above 64; and head and tail of a record are reduced side by side,
// which costs as much as one. By two there is a loop, and each is reduced for itself. The initial value is a word that is
// followed by the whole message; what that comes to is looked up.

#include "Checksum.h"

#if defined(__x86_64__)

// What one message can have here.
enum { LONGEST = 256 };

static inline bool is_of_words(size_t count) { return count <= LONGEST && count % 8 == 0; }

// The same of two messages, if neither has all 256: no bit but those of 8 to 128 is set.
static inline bool are_of_words(size_t first, size_t second) { return ((first | second) & ~(size_t)0xf8) == 0; }

// The factors of the words of the window, the first one followed by 31 others.
static const uint64_t word_factors[32] __attribute__((aligned(64))) = {
    0x1322d1430, 0x1db06f64c, 0x1c47d2a9c, 0x19159bb02,
    0x125f17dfc, 0x1b35adb0e, 0x1e7146aac, 0x1821d8bc0,
    0x12e958ac4, 0x1816ab61c, 0x10aae2566, 0x0e3543be0,
    0x14b57d3f0, 0x1fdc60a7c, 0x03f41287a, 0x1e88ef372,
    0x14a7fe880, 0x1ea89367e, 0x1d7cfc6ac, 0x0df068dc2,
    0x18cb44e58, 0x1c7569e54, 0x0ae0b5394, 0x154442bd4,
    0x1c6e41596, 0x03db1ecdc, 0x174359406, 0x0f1da05aa,
    0x15a546366, 0x1751997d0, 0x0ccaa009e, 0x1db710640,
};

// What the initial value comes to behind so many words.
static const uint32_t start_effects[33] = {
    0xffffffff, 0x9add2096, 0x1344b4aa, 0x5c3e35df, 0xe6f5aa52, 0x1613c24e, 0x0d774c6a, 0x2c375ab6,
    0x8a729cc9, 0xf03d44ad, 0x71dce719, 0x04bda7b2, 0x450b9a51, 0x28e0fdd0, 0xe4415242, 0xc6a285d8,
    0x3d570562, 0x88cccc19, 0x8ff5fa63, 0xe8836d26, 0x55f8ac9c, 0xf116c36b, 0xd0afa190, 0xafe3b049,
    0x7400f70d, 0x368e5789, 0xa0dd7146, 0x7b6a8092, 0xc2dea49c, 0x702a9027, 0x439edbec, 0x4584323b,
    0xf2697aa7,
};

// MARK: two words at a time

// The sum of the products, of 16 bytes or more.
CCS_MULTIPLYING static inline __m128i narrow_sum(const uint8_t *bytes, size_t count) {
  // The last word counts here if it is left over by twos; if not, its factor is 0, so that nothing hangs on which it is.
  static const uint64_t last_factors[2] = {0, 0x1db710640};
  const uint64_t *factors = word_factors + LONGEST / 8 - count / 8;
  const uint8_t *end = bytes + count;
  __m128i last = _mm_loadu_si128((const __m128i *)(end - 16));
  __m128i sum = _mm_clmulepi64_si128(last, _mm_cvtsi64_si128((long long)last_factors[count / 8 % 2]), 0x01);
  __m128i other = _mm_setzero_si128();
  for (; end - bytes >= 16; bytes += 16, factors += 2) {
    __m128i value = _mm_loadu_si128((const __m128i *)bytes);
    __m128i by = _mm_loadu_si128((const __m128i *)factors);
    sum = _mm_xor_si128(sum, _mm_clmulepi64_si128(value, by, 0x00));
    other = _mm_xor_si128(other, _mm_clmulepi64_si128(value, by, 0x11));
  }
  return _mm_xor_si128(sum, other);
}

CCS_MULTIPLYING static inline uint32_t narrow_crc32(const uint8_t *bytes, size_t count) {
  return ~(ccs_reduce_96(narrow_sum(bytes, count)) ^ start_effects[count / 8]);
}

CCS_MULTIPLYING static uint64_t narrow_crc32_of_both(const uint8_t *first, size_t first_count, const uint8_t *second,
                                                     size_t second_count) {
  return (uint64_t)narrow_crc32(first, first_count) << 32 | narrow_crc32(second, second_count);
}

// MARK: four words at a time

#define WIDE __attribute__((target("vpclmulqdq,pclmul,avx2,ssse3,sse4.1")))

// Four words of the window, from word 4 * part on; those up to `first` are before the message.
WIDE static inline __m256i words(const uint8_t *end, int part, __m256i first) {
  __m256i places = _mm256_add_epi64(_mm256_setr_epi64x(0, 1, 2, 3), _mm256_set1_epi64x(4 * part));
  return _mm256_maskload_epi64((const long long *)(end - LONGEST + 32 * part), _mm256_cmpgt_epi64(places, first));
}

WIDE static inline __m256i placed(__m256i value, int part) {
  __m256i factors = _mm256_load_si256((const __m256i *)(word_factors + 4 * part));
  __m256i even = _mm256_clmulepi64_epi128(value, factors, 0x00);
  return _mm256_xor_si256(even, _mm256_clmulepi64_epi128(value, factors, 0x11));
}

WIDE static inline __m128i wide_sum(const uint8_t *bytes, size_t count) {
  const uint8_t *end = bytes + count;
  __m256i first = _mm256_set1_epi64x(31 - (long long)(count / 8));
  __m256i sum = _mm256_xor_si256(placed(words(end, 7, first), 7), placed(words(end, 6, first), 6));
  if (count > 64) {
    __m256i a = _mm256_xor_si256(placed(words(end, 5, first), 5), placed(words(end, 4, first), 4));
    __m256i b = _mm256_xor_si256(placed(words(end, 3, first), 3), placed(words(end, 2, first), 2));
    __m256i c = _mm256_xor_si256(placed(words(end, 1, first), 1), placed(words(end, 0, first), 0));
    sum = _mm256_xor_si256(sum, _mm256_xor_si256(a, _mm256_xor_si256(b, c)));
  }
  return _mm_xor_si128(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
}

// The remainders of two sums of products; the upper half's is in the upper half.
WIDE static inline uint64_t reduce_both(__m256i value) {
  const __m256i to64 = _mm256_set1_epi64x(0x163cd6124); // x^64
  const __m256i barrett = _mm256_broadcastsi128_si256(_mm_set_epi64x(0x1f7011641, 0x1db710641)); // quotient, polynomial
  const __m256i low32 = _mm256_set1_epi64x(0xffffffff);
  __m256i rest = _mm256_clmulepi64_epi128(_mm256_and_si256(value, low32), to64, 0x00);
  value = _mm256_xor_si256(_mm256_srli_si256(value, 4), rest);
  __m256i quotient = _mm256_clmulepi64_epi128(_mm256_and_si256(value, low32), barrett, 0x10);
  value = _mm256_xor_si256(value, _mm256_clmulepi64_epi128(_mm256_and_si256(quotient, low32), barrett, 0x00));
  __m256i both = _mm256_permutevar8x32_epi32(value, _mm256_setr_epi32(1, 5, 1, 5, 1, 5, 1, 5));
  return (uint64_t)_mm_cvtsi128_si64(_mm256_castsi256_si128(both));
}

// The same of one.
WIDE static inline uint32_t reduce_one(__m128i value) { return (uint32_t)reduce_both(_mm256_castsi128_si256(value)); }

static inline uint64_t start_effect_of_both(size_t first, size_t second) {
  return (uint64_t)start_effects[first / 8] << 32 | start_effects[second / 8];
}

WIDE static uint32_t wide_crc32(const uint8_t *bytes, size_t count) {
  return ~(reduce_one(wide_sum(bytes, count)) ^ start_effects[count / 8]);
}

WIDE static uint64_t wide_crc32_of_both(const uint8_t *first, size_t first_count, const uint8_t *second, size_t second_count) {
  __m256i sums = _mm256_castsi128_si256(wide_sum(second, second_count));
  uint64_t both = reduce_both(_mm256_inserti128_si256(sums, wide_sum(first, first_count), 1));
  return ~(both ^ start_effect_of_both(first_count, second_count));
}

// MARK: eight words at a time

#define BROAD __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,vpclmulqdq,pclmul,avx2,ssse3,sse4.1")))

// Eight words of the window, from word 8 * part on, in their places; bit i of `mask`: word i of the window is in the message.
BROAD static inline __m512i broad_placed(const uint8_t *end, int part, uint32_t mask) {
  __m512i value = _mm512_maskz_loadu_epi64((__mmask8)(mask >> 8 * part), end - LONGEST + 64 * part);
  __m512i factors = _mm512_load_si512(word_factors + 8 * part);
  __m512i even = _mm512_clmulepi64_epi128(value, factors, 0x00);
  return _mm512_xor_si512(even, _mm512_clmulepi64_epi128(value, factors, 0x11));
}

// All products, eight sums of them.
BROAD static inline __m512i broad_sums(const uint8_t *bytes, size_t count) {
  const uint8_t *end = bytes + count;
  uint32_t mask = (uint32_t)(0xffffffffull << (32 - count / 8));
  __m512i sum = broad_placed(end, 3, mask);
  if (count > 64) {
    __m512i a = broad_placed(end, 2, mask);
    __m512i b = broad_placed(end, 1, mask);
    __m512i c = broad_placed(end, 0, mask);
    sum = _mm512_xor_si512(sum, _mm512_ternarylogic_epi64(a, b, c, 0x96)); // a ^ b ^ c
  }
  return sum;
}

BROAD static uint32_t broad_crc32(const uint8_t *bytes, size_t count) {
  __m512i sums = broad_sums(bytes, count);
  __m256i half = _mm256_xor_si256(_mm512_castsi512_si256(sums), _mm512_extracti64x4_epi64(sums, 1));
  __m128i sum = _mm_xor_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  return ~(reduce_one(sum) ^ start_effects[count / 8]);
}

BROAD static uint64_t broad_crc32_of_both(const uint8_t *first, size_t first_count, const uint8_t *second, size_t second_count) {
  __m512i upper = broad_sums(first, first_count), lower = broad_sums(second, second_count);
  // Quarters of both by turns, so that what is added up ends side by side.
  __m512i left = _mm512_permutex2var_epi64(lower, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), upper);
  __m512i right = _mm512_permutex2var_epi64(lower, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), upper);
  __m512i sums = _mm512_xor_si512(left, right);
  __m256i both = _mm256_xor_si256(_mm512_castsi512_si256(sums), _mm512_extracti64x4_epi64(sums, 1));
  return ~(reduce_both(both) ^ start_effect_of_both(first_count, second_count));
}

// MARK: which way

// Each is a load and a test of a word that the compiler's run-time keeps.
static inline bool is_narrow(size_t count) { return count >= 16 && ccs_multiplies(); }
static inline bool is_wide(void) {
  return CCS_WAYS >= CCS_WIDE && __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx2");
}
static inline bool is_broad(void) {
  return CCS_WAYS >= CCS_BROAD && __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

uint32_t ccs_crc32(const uint8_t *bytes, size_t count) {
  if (is_of_words(count)) {
    if (is_broad()) return broad_crc32(bytes, count);
    if (is_wide()) return wide_crc32(bytes, count);
    if (is_narrow(count)) return narrow_crc32(bytes, count);
  }
  return ccs_crc32_folding(bytes, count);
}

uint32_t ccs_crc32_narrow(const uint8_t *bytes, size_t count) {
  return is_of_words(count) && is_narrow(count) ? narrow_crc32(bytes, count) : ccs_crc32_folding(bytes, count);
}

uint32_t ccs_crc32_wide(const uint8_t *bytes, size_t count) {
  return is_of_words(count) && is_wide() ? wide_crc32(bytes, count) : ccs_crc32_folding(bytes, count);
}

// Out of line: what is usual then keeps nothing aside.
__attribute__((noinline)) static uint64_t crc32_of_each(const uint8_t *first, size_t first_count, const uint8_t *second,
                                                        size_t second_count) {
  return (uint64_t)ccs_crc32(first, first_count) << 32 | ccs_crc32(second, second_count);
}

uint64_t ccs_crc32_of_both(const uint8_t *bytes, size_t count, size_t first_count, size_t second_start) {
  const uint8_t *second = bytes + second_start;
  size_t second_count = count - second_start;
  if (are_of_words(first_count, second_count)) {
    if (is_broad()) return broad_crc32_of_both(bytes, first_count, second, second_count);
    if (is_wide()) return wide_crc32_of_both(bytes, first_count, second, second_count);
    if (is_narrow(first_count) && is_narrow(second_count))
      return narrow_crc32_of_both(bytes, first_count, second, second_count);
  }
  return crc32_of_each(bytes, first_count, second, second_count);
}

uint64_t ccs_crc32_of_both_narrow(const uint8_t *bytes, size_t count, size_t first_count, size_t second_start) {
  const uint8_t *second = bytes + second_start;
  size_t second_count = count - second_start;
  if (are_of_words(first_count, second_count) && is_narrow(first_count) && is_narrow(second_count))
    return narrow_crc32_of_both(bytes, first_count, second, second_count);
  return (uint64_t)ccs_crc32_narrow(bytes, first_count) << 32 | ccs_crc32_narrow(second, second_count);
}

uint64_t ccs_crc32_of_both_wide(const uint8_t *bytes, size_t count, size_t first_count, size_t second_start) {
  const uint8_t *second = bytes + second_start;
  size_t second_count = count - second_start;
  if (are_of_words(first_count, second_count) && is_wide())
    return wide_crc32_of_both(bytes, first_count, second, second_count);
  return (uint64_t)ccs_crc32_wide(bytes, first_count) << 32 | ccs_crc32_wide(second, second_count);
}

#else

uint32_t ccs_crc32(const uint8_t *bytes, size_t count) { return ccs_crc32_reference(bytes, count); }

uint32_t ccs_crc32_wide(const uint8_t *bytes, size_t count) { return ccs_crc32_reference(bytes, count); }

uint32_t ccs_crc32_narrow(const uint8_t *bytes, size_t count) { return ccs_crc32_reference(bytes, count); }

uint64_t ccs_crc32_of_both(const uint8_t *bytes, size_t count, size_t first_count, size_t second_start) {
  return (uint64_t)ccs_crc32(bytes, first_count) << 32 | ccs_crc32(bytes + second_start, count - second_start);
}

uint64_t ccs_crc32_of_both_narrow(const uint8_t *bytes, size_t count, size_t first_count, size_t second_start) {
  return ccs_crc32_of_both(bytes, count, first_count, second_start);
}

uint64_t ccs_crc32_of_both_wide(const uint8_t *bytes, size_t count, size_t first_count, size_t second_start) {
  return ccs_crc32_of_both(bytes, count, first_count, second_start);
}

#endif
