// Other libraries that hold keys and values, each behind the same few functions.
//
// A rival that was not built in is NULL. Nothing here is thread-safe.

#ifndef CRIVALS_H
#define CRIVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What a contestant saw. Two that saw the same records, in the same order, have the same.
struct rv_seen {
  uint64_t count;
  uint64_t digest;
};

/// Takes a record in: its lengths, the ends of its key, and a byte of each cache line of its value.
static inline void rv_see(struct rv_seen *seen, const void *key, size_t key_count, const void *value,
                          size_t value_count) {
  const uint8_t *k = key, *v = value;
  uint64_t sum = key_count + (value_count << 20);
  if (key_count) sum += k[0] + ((uint64_t)k[key_count - 1] << 8);
  for (size_t i = 0; i < value_count; i += 64) sum += v[i];
  if (value_count) sum += (uint64_t)v[value_count - 1] << 8;
  seen->digest = seen->digest * 31 + sum;
  seen->count++;
}

/// Takes in what was seen behind it, as if it had been seen here.
static inline void rv_join(struct rv_seen *seen, struct rv_seen behind) {
  uint64_t power = 1, square = 31;
  for (uint64_t rest = behind.count; rest; rest >>= 1, square *= square)
    if (rest & 1) power *= square;
  seen->digest = seen->digest * power + behind.digest;
  seen->count += behind.count;
}

/// Keys one behind the other: key i is at `ends[i]` up to `ends[i + 1]`.
struct rv_keys {
  const uint8_t *bytes;
  const uint32_t *ends;
  size_t count;
};

/// An open store.
struct rv_store;

/// A library that holds keys and values. Functions return 0, or an error of that library.
struct rv_engine {
  const char *name;
  /// Makes a new store at a path; NULL if it cannot. NULL itself if the library is only to read.
  struct rv_store *(*create)(const char *path);
  /// Puts a record into a new store. They come in ascending order.
  int (*put)(struct rv_store *, const void *key, size_t key_count, const void *value, size_t value_count);
  /// Opens a store for reading, in one transaction that lasts until it is closed; NULL if it cannot.
  struct rv_store *(*open)(const char *path);
  /// Sees all records whose keys start with a prefix.
  int (*scan)(struct rv_store *, const void *prefix, size_t prefix_count, struct rv_seen *);
  /// Sees the records with these keys, all of which must be there.
  int (*get)(struct rv_store *, const struct rv_keys *, struct rv_seen *);
  /// Closes a store; what was put into it is kept.
  int (*close)(struct rv_store *);
};

/// libcyrus on twoskip, comparing checksums.
extern const struct rv_engine *const rv_cyrus;
/// libcyrus on twoskip, with checksums left out.
extern const struct rv_engine *const rv_cyrus_unchecked;
extern const struct rv_engine *const rv_lmdb;
extern const struct rv_engine *const rv_sqlite;
extern const struct rv_engine *const rv_berkeley;

// What only libcyrus has. All return 0, or an error; -100 if it was not built in.

/// `cyrusdb_consistent`, on a file that is not open otherwise.
int rv_cyrus_consistent(const char *path);
/// Opens and closes a file, so many times.
int rv_cyrus_open(const char *path, size_t times);

/// The sums of what the mailboxes' records say.
struct rv_fields {
  /// Records, of any kind.
  uint64_t records;
  /// Mailboxes, that is, records under names.
  uint64_t mailboxes;
  /// Of these the tombstones: former names.
  uint64_t tombstones;
  /// Sums of UIDVALIDITY, modseqs and times; of the lengths of partitions and ACLs.
  uint64_t uidvalidity, created, folder, mtime, partition, acl;
  /// The highest of them.
  uint64_t created_max, folder_max, mtime_max;
};

/// Decodes one value with Cyrus's parser of dlists.
int rv_cyrus_decode(const void *value, size_t count, struct rv_fields *);
/// Lists a store and decodes the records under names.
int rv_cyrus_inventory(struct rv_store *, struct rv_fields *);

/// How two lists of mailboxes differ, by name.
struct rv_difference {
  uint64_t only_first, only_second, changed;
};

/// Merges two stores, and decodes those records under names whose bytes differ. Neither times nor tombstones count.
int rv_cyrus_diff(struct rv_store *, struct rv_store *, struct rv_difference *);
/// Reads a configuration, which some of libcyrus asks for; ends the program if it cannot.
int rv_cyrus_configure(const char *path);
/// Reads a sync log, which ends with a NUL, with Cyrus's reader, which wants a configuration. Digests the lengths of the
/// arguments.
int rv_cyrus_sync_log(const char *text, struct rv_seen *);

// What the memory allows.

/// A file in memory; all its pages were touched.
struct rv_map {
  const uint8_t *bytes;
  size_t count;
};

int rv_map(const char *path, struct rv_map *);
void rv_unmap(struct rv_map *);
/// The sum of all words of 64 bits.
uint64_t rv_sum(const struct rv_map *);

/// Lists the records of a sound twoskip file in a loop in C, with or without their checksums. Returns -1 if it is not as
/// nearly all files are.
int rv_loop(const struct rv_map *, bool checks, struct rv_seen *);

/// Runs a program, its output to nowhere, and waits for it. Returns its exit status, -1 if it could not be run.
int rv_run(char *const arguments[]);

#endif
