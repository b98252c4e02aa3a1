// libcyrus: twoskip through cyrusdb, dlists and sync logs through libcyrus_imap.

#include "CRivals.h"

#ifdef HAS_CYRUS

#include <cyrus/cyrusdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What libcyrus expects of a program.
void fatal(const char *text, int code);
void fatal(const char *text, int code) {
  fprintf(stderr, "libcyrus: %s\n", text);
  exit(code);
}
void cyrus_mutex_alloc(void **mutex);
void cyrus_mutex_alloc(void **mutex) { *mutex = NULL; }
void cyrus_mutex_free(void *mutex);
void cyrus_mutex_free(void *mutex) { (void)mutex; }
int cyrus_mutex_lock(void *mutex);
int cyrus_mutex_lock(void *mutex) { (void)mutex; return 0; }
int cyrus_mutex_unlock(void *mutex);
int cyrus_mutex_unlock(void *mutex) { (void)mutex; return 0; }

struct rv_store {
  struct db *db;
  struct txn *transaction;
};

static void start(void) {
  static int is_done;
  if (!is_done) cyrusdb_init();
  is_done = 1;
}

static struct rv_store *open_with(const char *path, int flags) {
  start();
  struct rv_store *store = calloc(1, sizeof *store);
  if (cyrusdb_lockopen("twoskip", path, flags | CYRUSDB_SHARED, &store->db, &store->transaction)) {
    free(store);
    return NULL;
  }
  return store;
}

static struct rv_store *open_checked(const char *path) { return open_with(path, 0); }
static struct rv_store *open_unchecked(const char *path) { return open_with(path, CYRUSDB_NOCRC); }

static int see(void *rock, const char *key, size_t key_count, const char *value, size_t value_count) {
  rv_see(rock, key, key_count, value, value_count);
  return 0;
}

static int scan(struct rv_store *store, const void *prefix, size_t count, struct rv_seen *seen) {
  return cyrusdb_foreach(store->db, prefix, count, NULL, see, seen, &store->transaction);
}

static int get(struct rv_store *store, const struct rv_keys *keys, struct rv_seen *seen) {
  for (size_t i = 0; i < keys->count; i++) {
    const char *key = (const char *)keys->bytes + keys->ends[i], *value = NULL;
    size_t key_count = keys->ends[i + 1] - keys->ends[i], value_count = 0;
    int error = cyrusdb_fetch(store->db, key, key_count, &value, &value_count, &store->transaction);
    if (error) return error;
    rv_see(seen, key, key_count, value, value_count);
  }
  return 0;
}

static int close_store(struct rv_store *store) {
  if (store->transaction) cyrusdb_abort(store->db, store->transaction);
  int error = cyrusdb_close(store->db);
  free(store);
  return error;
}

static const struct rv_engine checked = {"libcyrus", NULL, NULL, open_checked, scan, get, close_store};
static const struct rv_engine unchecked = {"libcyrus, no checksums", NULL, NULL, open_unchecked,
                                           scan, get, close_store};
const struct rv_engine *const rv_cyrus = &checked;
const struct rv_engine *const rv_cyrus_unchecked = &unchecked;

int rv_cyrus_open(const char *path, size_t times) {
  for (size_t i = 0; i < times; i++) {
    struct rv_store *store = open_checked(path);
    if (!store) return -1;
    int error = close_store(store);
    if (error) return error;
  }
  return 0;
}

int rv_cyrus_consistent(const char *path) {
  struct db *db = NULL;
  start();
  int error = cyrusdb_open("twoskip", path, 0, &db);
  if (error) return error;
  error = cyrusdb_consistent(db);
  cyrusdb_close(db);
  return error;
}

// libcyrus_imap has no public headers for these.
struct sax_key {
  char *text;
  size_t count, capacity;
  unsigned flags;
};
struct sax_event {
  const struct sax_key key;
  const char *text;
  void *rock;
};
enum { sax_string = 7 };
int dlist_parsesax(const char *bytes, size_t count, int has_key, int (*event)(int, struct sax_event *), void *rock);

static void add(const char *text, uint64_t *sum, uint64_t *max) {
  uint64_t number = strtoull(text, NULL, 10);
  *sum += number;
  if (number > *max) *max = number;
}

static int field(int type, struct sax_event *event) {
  struct rv_fields *fields = event->rock;
  if (type != sax_string || event->key.count == 0) return 0;
  if (event->key.count > 1) {
    // A right of the ACL, under its identifier.
    fields->acl += event->key.count + strlen(event->text);
    return 0;
  }
  switch (event->key.text[0]) {
  case 'C': add(event->text, &fields->created, &fields->created_max); break;
  case 'F': add(event->text, &fields->folder, &fields->folder_max); break;
  case 'V': fields->uidvalidity += strtoull(event->text, NULL, 10); break;
  case 'M': add(event->text, &fields->mtime, &fields->mtime_max); break;
  case 'T': fields->tombstones += strchr(event->text, 'd') != NULL; break;
  case 'P': fields->partition += strlen(event->text); break;
  default: break;
  }
  return 0;
}

int rv_cyrus_decode(const void *value, size_t count, struct rv_fields *fields) {
  fields->mailboxes++;
  return dlist_parsesax(value, count, 0, field, fields);
}

static int decode_name(void *rock, const char *key, size_t key_count, const char *value, size_t value_count) {
  struct rv_fields *fields = rock;
  fields->records++;
  if (key_count == 0 || key[0] != 'N') return 0;
  return rv_cyrus_decode(value, value_count, fields);
}

int rv_cyrus_inventory(struct rv_store *store, struct rv_fields *fields) {
  return cyrusdb_foreach(store->db, "", 0, NULL, decode_name, fields, &store->transaction);
}

// Two lists side by side: one is walked, the other is asked for its next record.
struct merge {
  struct rv_store *second;
  struct rv_difference *difference;
  const char *key, *value;
  size_t key_count, value_count;
  int has_record, error;
  char last[4096];
};

static void advance(struct merge *merge, const char *key, size_t count) {
  if (count > sizeof merge->last) {
    merge->error = -1;
    return;
  }
  memmove(merge->last, key, count);
  int error = cyrusdb_fetchnext(merge->second->db, merge->last, count, &merge->key, &merge->key_count, &merge->value,
                                &merge->value_count, &merge->second->transaction);
  merge->has_record = error == 0 && merge->key_count > 0 && merge->key[0] == 'N';
  if (error && error != CYRUSDB_NOTFOUND) merge->error = error;
}

static int is_tombstone(const char *value, size_t count) {
  struct rv_fields fields = {0};
  return rv_cyrus_decode(value, count, &fields) == 0 && fields.tombstones > 0;
}

static int is_changed(const char *first, size_t first_count, const char *second, size_t second_count) {
  if (first_count == second_count && memcmp(first, second, first_count) == 0) return 0;
  struct rv_fields a = {0}, b = {0};
  if (rv_cyrus_decode(first, first_count, &a) || rv_cyrus_decode(second, second_count, &b)) return 1;
  // What once was there differs in nothing that counts.
  if (a.tombstones && b.tombstones) return 0;
  a.mtime = b.mtime = a.mtime_max = b.mtime_max = 0;
  return memcmp(&a, &b, sizeof a) != 0;
}

static int merge_record(void *rock, const char *key, size_t key_count, const char *value, size_t value_count) {
  struct merge *merge = rock;
  while (merge->has_record && !merge->error) {
    size_t common = key_count < merge->key_count ? key_count : merge->key_count;
    int order = memcmp(merge->key, key, common);
    if (order == 0) order = (merge->key_count > key_count) - (merge->key_count < key_count);
    if (order > 0) break;
    if (order == 0) {
      if (is_changed(value, value_count, merge->value, merge->value_count)) merge->difference->changed++;
      advance(merge, merge->key, merge->key_count);
      return merge->error;
    }
    if (!is_tombstone(merge->value, merge->value_count)) merge->difference->only_second++;
    advance(merge, merge->key, merge->key_count);
  }
  if (!is_tombstone(value, value_count)) merge->difference->only_first++;
  return merge->error;
}

int rv_cyrus_diff(struct rv_store *first, struct rv_store *second, struct rv_difference *difference) {
  struct merge *merge = calloc(1, sizeof *merge);
  merge->second = second;
  merge->difference = difference;
  advance(merge, "N", 1);
  int error = cyrusdb_foreach(first->db, "N", 1, NULL, merge_record, merge, &first->transaction);
  while (!error && !merge->error && merge->has_record) {
    if (!is_tombstone(merge->value, merge->value_count)) difference->only_second++;
    advance(merge, merge->key, merge->key_count);
  }
  if (!error) error = merge->error;
  free(merge);
  return error;
}

void config_read(const char *path, int needs_data);

int rv_cyrus_configure(const char *path) {
  config_read(path, 0);
  return 0;
}

struct sync_log_reader;
struct sync_log_reader *sync_log_reader_create_with_content(const char *text);
int sync_log_reader_begin(struct sync_log_reader *);
int sync_log_reader_getitem(struct sync_log_reader *, const char *words[3]);
int sync_log_reader_end(struct sync_log_reader *);
void sync_log_reader_free(struct sync_log_reader *);

int rv_cyrus_sync_log(const char *text, struct rv_seen *seen) {
  struct sync_log_reader *reader = sync_log_reader_create_with_content(text);
  int error = sync_log_reader_begin(reader);
  const char *words[3];
  while (!error && sync_log_reader_getitem(reader, words) != EOF) {
    size_t first = words[1] ? strlen(words[1]) : 0, second = words[2] ? strlen(words[2]) : 0;
    seen->digest = seen->digest * 31 + first + second;
    seen->count++;
  }
  sync_log_reader_end(reader);
  sync_log_reader_free(reader);
  return error;
}

#else

const struct rv_engine *const rv_cyrus = NULL;
const struct rv_engine *const rv_cyrus_unchecked = NULL;
int rv_cyrus_open(const char *path, size_t times) { return -100; }
int rv_cyrus_consistent(const char *path) { return -100; }
int rv_cyrus_decode(const void *value, size_t count, struct rv_fields *fields) { return -100; }
int rv_cyrus_inventory(struct rv_store *store, struct rv_fields *fields) { return -100; }
int rv_cyrus_diff(struct rv_store *a, struct rv_store *b, struct rv_difference *difference) { return -100; }
int rv_cyrus_configure(const char *path) { return -100; }
int rv_cyrus_sync_log(const char *text, struct rv_seen *seen) { return -100; }

#endif
