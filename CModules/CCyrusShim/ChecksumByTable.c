// CRC-32 of what records have, by tables: for processors without carry-less multiplication.
//
// Sixteen bytes go in at a time; table k says what a byte comes to that is followed by k others of them. A CRC is linear:
// the entry of a byte is the sum of the entries of its bits, and the entries of single bits are consecutive powers of x
// modulo the polynomial. So the 128 powers are written here, and the compiler makes the 16 KiB of tables of them.
//
// zlib has tables as well, but takes twice as long for the lengths of records.

#include "Checksum.h"

#include <string.h>

#define BIT(n, at, power) (((n) >> (7 - (at)) & 1) ? (power) : 0u)
#define ENTRY(n, a, b, c, d, e, f, g, h) \
  BIT(n, 0, a) ^ BIT(n, 1, b) ^ BIT(n, 2, c) ^ BIT(n, 3, d) ^ BIT(n, 4, e) ^ BIT(n, 5, f) ^ BIT(n, 6, g) ^ BIT(n, 7, h)
#define FOUR(n, ...) \
  ENTRY(n, __VA_ARGS__), ENTRY(n + 1, __VA_ARGS__), ENTRY(n + 2, __VA_ARGS__), ENTRY(n + 3, __VA_ARGS__)
#define SIXTEEN(n, ...) \
  FOUR(n, __VA_ARGS__), FOUR(n + 4, __VA_ARGS__), FOUR(n + 8, __VA_ARGS__), FOUR(n + 12, __VA_ARGS__)
#define SIXTY_FOUR(n, ...) \
  SIXTEEN(n, __VA_ARGS__), SIXTEEN(n + 16, __VA_ARGS__), SIXTEEN(n + 32, __VA_ARGS__), SIXTEEN(n + 48, __VA_ARGS__)
#define SLICE(...) \
  SIXTY_FOUR(0, __VA_ARGS__), SIXTY_FOUR(64, __VA_ARGS__), SIXTY_FOUR(128, __VA_ARGS__), SIXTY_FOUR(192, __VA_ARGS__)

// The powers of a byte's bits, the highest bit first.
static const uint32_t tables[16][256] = {
    {SLICE(0xedb88320, 0x76dc4190, 0x3b6e20c8, 0x1db71064, 0x0edb8832, 0x076dc419, 0xee0e612c, 0x77073096)},
    {SLICE(0x3b83984b, 0xf0794f05, 0x958424a2, 0x4ac21251, 0xc8d98a08, 0x646cc504, 0x32366282, 0x191b3141)},
    {SLICE(0xe1351b80, 0x709a8dc0, 0x384d46e0, 0x1c26a370, 0x0e1351b8, 0x0709a8dc, 0x0384d46e, 0x01c26a37)},
    {SLICE(0xed59b63b, 0x9b14583d, 0xa032af3e, 0x5019579f, 0xc5b428ef, 0x8f629757, 0xaa09c88b, 0xb8bc6765)},
    {SLICE(0xb1e6b092, 0x58f35849, 0xc1c12f04, 0x60e09782, 0x30704bc1, 0xf580a6c0, 0x7ac05360, 0x3d6029b0)},
    {SLICE(0x1eb014d8, 0x0f580a6c, 0x07ac0536, 0x03d6029b, 0xec53826d, 0x9b914216, 0x4dc8a10b, 0xcb5cd3a5)},
    {SLICE(0x8816eaf2, 0x440b7579, 0xcfbd399c, 0x67de9cce, 0x33ef4e67, 0xf44f2413, 0x979f1129, 0xa6770bb4)},
    {SLICE(0x533b85da, 0x299dc2ed, 0xf9766256, 0x7cbb312b, 0xd3e51bb5, 0x844a0efa, 0x4225077d, 0xccaa009e)},
    {SLICE(0x6655004f, 0xde920307, 0x82f182a3, 0xacc04271, 0xbbd8a218, 0x5dec510c, 0x2ef62886, 0x177b1443)},
    {SLICE(0xe6050901, 0x9eba07a0, 0x4f5d03d0, 0x27ae81e8, 0x13d740f4, 0x09eba07a, 0x04f5d03d, 0xefc26b3e)},
    {SLICE(0x77e1359f, 0xd64819ef, 0x869c8fd7, 0xaef6c4cb, 0xbac3e145, 0xb0d97382, 0x586cb9c1, 0xc18edfc0)},
    {SLICE(0x60c76fe0, 0x3063b7f0, 0x1831dbf8, 0x0c18edfc, 0x060c76fe, 0x03063b7f, 0xec3b9e9f, 0x9ba54c6f)},
    {SLICE(0xa06a2517, 0xbd8d91ab, 0xb37e4bf5, 0xb407a6da, 0x5a03d36d, 0xc0b96a96, 0x605cb54b, 0xdd96d985)},
    {SLICE(0x8373efe2, 0x41b9f7f1, 0xcd6478d8, 0x66b23c6c, 0x33591e36, 0x19ac8f1b, 0xe16ec4ad, 0x9d0fe176)},
    {SLICE(0x4e87f0bb, 0xcafb7b7d, 0x88c53e9e, 0x44629f4f, 0xcf89cc87, 0x8a7c6563, 0xa886b191, 0xb9fbdbe8)},
    {SLICE(0x5cfdedf4, 0x2e7ef6fa, 0x173f7b7d, 0xe6273e9e, 0x73139f4f, 0xd4314c87, 0x87a02563, 0xae689191)},
};

// What four bytes come to, the first of which is followed by `after` others of the sixteen.
static inline uint32_t four(uint32_t bytes, int after) {
  return tables[after][bytes & 0xff] ^ tables[after - 1][bytes >> 8 & 0xff] ^ tables[after - 2][bytes >> 16 & 0xff] ^
         tables[after - 3][bytes >> 24];
}

static inline uint32_t word_at(const uint8_t *bytes) {
  uint32_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

uint32_t ccs_crc32_by_table(const uint8_t *bytes, size_t count) {
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
  return ccs_crc32_reference(bytes, count);
#else
  uint32_t rest = ~0u;
  for (; count >= 16; bytes += 16, count -= 16)
    rest = four(rest ^ word_at(bytes), 15) ^ four(word_at(bytes + 4), 11) ^ four(word_at(bytes + 8), 7) ^
           four(word_at(bytes + 12), 3);
  if (count >= 8) {
    rest = four(rest ^ word_at(bytes), 7) ^ four(word_at(bytes + 4), 3);
    bytes += 8, count -= 8;
  }
  for (; count > 0; bytes++, count--) rest = tables[0][(rest ^ *bytes) & 0xff] ^ rest >> 8;
  return ~rest;
#endif
}
