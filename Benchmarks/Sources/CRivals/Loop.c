// The listing of a sound twoskip file as a loop in C: what our library is to cost at most a tenth more than.
//
// It checks what a listing has to: shapes, both checksums if asked for, by the library's own function, and that keys
// ascend. Whatever is unusual ends it.

#include "CRivals.h"

#include <string.h>

uint64_t ccs_crc32_of_both(const uint8_t *bytes, size_t count, size_t first_count, size_t second_start);

static inline uint64_t word(const uint8_t *place) {
  uint64_t value;
  memcpy(&value, place, sizeof value);
  return __builtin_bswap64(value);
}

// Below 0 if the left one comes first.
static inline int compare(const uint8_t *left, size_t left_count, const uint8_t *right, size_t right_count) {
  size_t common = left_count < right_count ? left_count : right_count, i = 0;
  for (; common - i >= 8; i += 8) {
    uint64_t a = word(left + i), b = word(right + i);
    if (a != b) return a < b ? -1 : 1;
  }
  for (; i < common; i++)
    if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
  return left_count < right_count ? -1 : left_count > right_count;
}

// Where list 0 goes on from a pair of pointers.
static inline uint64_t successor(uint64_t first, uint64_t second, uint64_t end) {
  if (first >= end) return second >= end ? 0 : second;
  if (second >= end) return first;
  return first > second ? first : second;
}

int rv_loop(const struct rv_map *map, bool checks, struct rv_seen *seen) {
  const uint8_t *bytes = map->bytes, *last_key = NULL;
  size_t last_count = 0;
  uint64_t end = word(bytes + 48);
  if (end > map->count) return -1;
  uint64_t place = successor(word(bytes + 72), word(bytes + 80), end);
  while (place) {
    if (place & 7 || place + 24 > end) return -1;
    const uint8_t *record = bytes + place;
    uint64_t start = word(record);
    if (start >> 56 == '-') {
      place = word(record + 8);
      continue;
    }
    size_t level = start >> 48 & 0xff, key_count = start >> 32 & 0xffff, value_count = start & 0xffffffff;
    size_t checked = 8 + 8 * (level + 1), tail = (key_count + value_count + 7) & ~(size_t)7;
    if (start >> 56 != '+' || level < 1 || level > 31 || place + checked + 8 + tail > end) return -1;
    if (checks && ccs_crc32_of_both(record, checked + 8 + tail, checked, checked + 8) != word(record + checked)) return -1;
    const uint8_t *key = record + checked + 8;
    if (last_key && compare(last_key, last_count, key, key_count) >= 0) return -1;
    rv_see(seen, key, key_count, key + key_count, value_count);
    last_key = key;
    last_count = key_count;
    place = successor(word(record + 8), word(record + 16), end);
  }
  return 0;
}
