// Berkeley DB: a tree in a file, read through its own cache.

#include "CRivals.h"

#ifdef HAS_DB

#include <db.h>
#include <stdlib.h>
#include <string.h>

struct rv_store {
  DB *database;
  void *buffer;
};
enum { buffer_size = 1 << 20 };

static struct rv_store *open_with(const char *path, uint32_t flags, uint32_t cache_gigabytes) {
  struct rv_store *store = calloc(1, sizeof *store);
  if (db_create(&store->database, NULL, 0)) abort();
  // A cache that is set smaller than this for a lone lookup would be cheaper to open.
  store->database->set_cachesize(store->database, cache_gigabytes, 0, 1);
  if (store->database->open(store->database, NULL, path, NULL, DB_BTREE, flags, 0644)) {
    store->database->close(store->database, 0);
    free(store);
    return NULL;
  }
  return store;
}

static struct rv_store *create(const char *path) { return open_with(path, DB_CREATE, 1); }
static struct rv_store *open_store(const char *path) { return open_with(path, DB_RDONLY, 2); }

static int put(struct rv_store *store, const void *key, size_t key_count, const void *value, size_t value_count) {
  DBT k = {.data = (void *)key, .size = (uint32_t)key_count};
  DBT v = {.data = (void *)value, .size = (uint32_t)value_count};
  return store->database->put(store->database, NULL, &k, &v, 0);
}

// Everything, by buffers full of records.
static int scan_all(DBC *cursor, struct rv_store *store, struct rv_seen *seen) {
  if (!store->buffer) store->buffer = malloc(buffer_size);
  DBT key = {0}, records = {.data = store->buffer, .ulen = buffer_size, .flags = DB_DBT_USERMEM};
  int error;
  while ((error = cursor->get(cursor, &key, &records, DB_NEXT | DB_MULTIPLE_KEY)) == 0) {
    void *place, *k, *v;
    size_t key_count, value_count;
    DB_MULTIPLE_INIT(place, &records);
    for (;;) {
      DB_MULTIPLE_KEY_NEXT(place, &records, k, key_count, v, value_count);
      if (!place) break;
      rv_see(seen, k, key_count, v, value_count);
    }
  }
  return error;
}

static int scan_prefix(DBC *cursor, const void *prefix, size_t count, struct rv_seen *seen) {
  DBT key = {.data = (void *)prefix, .size = (uint32_t)count}, value = {0};
  int error = cursor->get(cursor, &key, &value, DB_SET_RANGE);
  while (!error && key.size >= count && memcmp(key.data, prefix, count) == 0) {
    rv_see(seen, key.data, key.size, value.data, value.size);
    error = cursor->get(cursor, &key, &value, DB_NEXT);
  }
  return error;
}

static int scan(struct rv_store *store, const void *prefix, size_t count, struct rv_seen *seen) {
  DBC *cursor;
  int error = store->database->cursor(store->database, NULL, &cursor, count ? 0 : DB_CURSOR_BULK);
  if (error) return error;
  error = count ? scan_prefix(cursor, prefix, count, seen) : scan_all(cursor, store, seen);
  cursor->close(cursor);
  return error == DB_NOTFOUND ? 0 : error;
}

static int get(struct rv_store *store, const struct rv_keys *keys, struct rv_seen *seen) {
  for (size_t i = 0; i < keys->count; i++) {
    DBT key = {.data = (void *)(keys->bytes + keys->ends[i]), .size = keys->ends[i + 1] - keys->ends[i]}, value = {0};
    int error = store->database->get(store->database, NULL, &key, &value, 0);
    if (error) return error;
    rv_see(seen, key.data, key.size, value.data, value.size);
  }
  return 0;
}

static int close_store(struct rv_store *store) {
  int error = store->database->close(store->database, 0);
  free(store->buffer);
  free(store);
  return error;
}

static const struct rv_engine engine = {"Berkeley DB", create, put, open_store, scan, get, close_store};
const struct rv_engine *const rv_berkeley = &engine;

#else

const struct rv_engine *const rv_berkeley = NULL;

#endif
