// LMDB: one file, mapped, no locks, no checksums.

#include "CRivals.h"

#ifdef HAS_LMDB

#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

struct rv_store {
  MDB_env *environment;
  MDB_txn *transaction;
  MDB_dbi database;
};

static struct rv_store *open_with(const char *path, unsigned flags, unsigned transaction_flags) {
  struct rv_store *store = calloc(1, sizeof *store);
  if (mdb_env_create(&store->environment)) abort();
  mdb_env_set_mapsize(store->environment, (size_t)64 << 30);
  if (mdb_env_open(store->environment, path, flags | MDB_NOSUBDIR | MDB_NOLOCK, 0644)
      || mdb_txn_begin(store->environment, NULL, transaction_flags, &store->transaction)
      || mdb_dbi_open(store->transaction, NULL, 0, &store->database)) {
    mdb_env_close(store->environment);
    free(store);
    return NULL;
  }
  return store;
}

static struct rv_store *create(const char *path) { return open_with(path, MDB_NOSYNC, 0); }
static struct rv_store *open_store(const char *path) { return open_with(path, MDB_RDONLY, MDB_RDONLY); }

static int put(struct rv_store *store, const void *key, size_t key_count, const void *value, size_t value_count) {
  MDB_val k = {key_count, (void *)key}, v = {value_count, (void *)value};
  return mdb_put(store->transaction, store->database, &k, &v, MDB_APPEND);
}

static int scan(struct rv_store *store, const void *prefix, size_t count, struct rv_seen *seen) {
  MDB_cursor *cursor;
  MDB_val key = {count, (void *)prefix}, value;
  int error = mdb_cursor_open(store->transaction, store->database, &cursor);
  if (error) return error;
  error = mdb_cursor_get(cursor, &key, &value, count ? MDB_SET_RANGE : MDB_FIRST);
  while (!error && key.mv_size >= count && memcmp(key.mv_data, prefix, count) == 0) {
    rv_see(seen, key.mv_data, key.mv_size, value.mv_data, value.mv_size);
    error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
  }
  mdb_cursor_close(cursor);
  return error == MDB_NOTFOUND ? 0 : error;
}

static int get(struct rv_store *store, const struct rv_keys *keys, struct rv_seen *seen) {
  for (size_t i = 0; i < keys->count; i++) {
    MDB_val key = {keys->ends[i + 1] - keys->ends[i], (void *)(keys->bytes + keys->ends[i])}, value;
    int error = mdb_get(store->transaction, store->database, &key, &value);
    if (error) return error;
    rv_see(seen, key.mv_data, key.mv_size, value.mv_data, value.mv_size);
  }
  return 0;
}

static int close_store(struct rv_store *store) {
  int error = mdb_txn_commit(store->transaction);
  mdb_env_close(store->environment);
  free(store);
  return error;
}

static const struct rv_engine engine = {"LMDB", create, put, open_store, scan, get, close_store};
const struct rv_engine *const rv_lmdb = &engine;

#else

const struct rv_engine *const rv_lmdb = NULL;

#endif
