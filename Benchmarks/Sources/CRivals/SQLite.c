// SQLite: a table without row ids, mapped, one read transaction.

#include "CRivals.h"

#ifdef HAS_SQLITE

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct rv_store {
  sqlite3 *connection;
  sqlite3_stmt *insert, *all, *from, *one;
};

static int run(struct rv_store *store, const char *text) {
  return sqlite3_exec(store->connection, text, NULL, NULL, NULL);
}

static sqlite3_stmt *prepare(struct rv_store *store, const char *text) {
  sqlite3_stmt *statement = NULL;
  sqlite3_prepare_v2(store->connection, text, -1, &statement, NULL);
  return statement;
}

static int close_store(struct rv_store *store) {
  sqlite3_finalize(store->insert);
  sqlite3_finalize(store->all);
  sqlite3_finalize(store->from);
  sqlite3_finalize(store->one);
  run(store, "commit");
  int error = sqlite3_close(store->connection);
  free(store);
  return error;
}

static struct rv_store *create(const char *path) {
  struct rv_store *store = calloc(1, sizeof *store);
  if (sqlite3_open(path, &store->connection)
      || run(store, "pragma journal_mode = off; pragma synchronous = off;"
                    "create table records (key blob primary key, value blob) without rowid; begin")) {
    close_store(store);
    return NULL;
  }
  store->insert = prepare(store, "insert into records values (?, ?)");
  return store;
}

static struct rv_store *open_store(const char *path) {
  struct rv_store *store = calloc(1, sizeof *store);
  if (sqlite3_open_v2(path, &store->connection, SQLITE_OPEN_READONLY, NULL)
      || run(store, "pragma mmap_size = 17179869184; begin")) {
    close_store(store);
    return NULL;
  }
  store->all = prepare(store, "select key, value from records order by key");
  store->from = prepare(store, "select key, value from records where key >= ? order by key");
  store->one = prepare(store, "select value from records where key = ?");
  return store;
}

static int put(struct rv_store *store, const void *key, size_t key_count, const void *value, size_t value_count) {
  sqlite3_bind_blob(store->insert, 1, key, (int)key_count, SQLITE_STATIC);
  sqlite3_bind_blob(store->insert, 2, value_count ? value : "", (int)value_count, SQLITE_STATIC);
  if (sqlite3_step(store->insert) != SQLITE_DONE) return -1;
  return sqlite3_reset(store->insert);
}

static int scan(struct rv_store *store, const void *prefix, size_t count, struct rv_seen *seen) {
  sqlite3_stmt *statement = count ? store->from : store->all;
  if (count) sqlite3_bind_blob(statement, 1, prefix, (int)count, SQLITE_STATIC);
  int state;
  while ((state = sqlite3_step(statement)) == SQLITE_ROW) {
    const void *key = sqlite3_column_blob(statement, 0), *value = sqlite3_column_blob(statement, 1);
    size_t key_count = (size_t)sqlite3_column_bytes(statement, 0);
    if (key_count < count || memcmp(key, prefix, count) != 0) break;
    rv_see(seen, key, key_count, value, (size_t)sqlite3_column_bytes(statement, 1));
  }
  sqlite3_reset(statement);
  return state == SQLITE_ROW || state == SQLITE_DONE ? 0 : state;
}

static int get(struct rv_store *store, const struct rv_keys *keys, struct rv_seen *seen) {
  for (size_t i = 0; i < keys->count; i++) {
    const uint8_t *key = keys->bytes + keys->ends[i];
    size_t count = keys->ends[i + 1] - keys->ends[i];
    sqlite3_bind_blob(store->one, 1, key, (int)count, SQLITE_STATIC);
    if (sqlite3_step(store->one) != SQLITE_ROW) return -1;
    rv_see(seen, key, count, sqlite3_column_blob(store->one, 0), (size_t)sqlite3_column_bytes(store->one, 0));
    sqlite3_reset(store->one);
  }
  return 0;
}

static const struct rv_engine engine = {"SQLite", create, put, open_store, scan, get, close_store};
const struct rv_engine *const rv_sqlite = &engine;

#else

const struct rv_engine *const rv_sqlite = NULL;

#endif
