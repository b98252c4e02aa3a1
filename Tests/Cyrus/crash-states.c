// Every state in which a crash can leave a twoskip file, by Cyrus's own engine.
//
//   crash-states FOLDER [SEED]      plays all scenarios with a file in FOLDER, tells them on standard output
//
// The engine of libcyrus runs in this process. The system calls with which it changes a database are defined below, so
// that each is told after it was made. What the engine was asked to store is kept beside it in a plain list: what a file
// must hold is known without reading the file.
//
// The output is a journal: what the file was, and every call that changed it. Whoever reads it has the state after each
// call by making the call on a copy; a torn write by making part of one; and what a power cut leaves by taking for each
// sector any moment since the last sync. Integers have 64 bits, big-endian. Each chunk starts with its letter:
//
//   S  byte count, name                         a scenario begins
//   C  number, count, then for each record      a content that the file has, or will have; keys in no order
//      key byte count, key,
//      value byte count, value
//   F  content, byte count, bytes               the file is this now, all of it synced: at first, and after a rename
//   W  content, offset, byte count, bytes       written; `content` is the one that the file's header stands for now
//   T  byte count                               cut or extended to this size
//   Y                                           synced: nothing before this can be lost any more
//   E                                           the scenario ends
//
// A content is the number of an earlier C of the same scenario, or -1 while there is no header and so no database.

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cyrus/cyrusdb.h>
#include <cyrus/libcyr_cfg.h>

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("crash-states: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(1);
}

// What libcyrus calls when it gives up.
__attribute__((noreturn)) void fatal(const char *message, int code) { fail("libcyrus: %s (%d)", message, code); }

static void *copy_of(const void *bytes, size_t count) {
  void *copy = malloc(count + 1);
  if (copy == NULL) fail("out of memory");
  return count > 0 ? memcpy(copy, bytes, count) : copy;
}

// The journal.

static bool is_told; // whether what happens is written down

static void put_number(int64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) putchar((int)((uint64_t)number >> shift & 0xff));
}

static void put_bytes(const void *bytes, size_t count) {
  put_number((int64_t)count);
  fwrite(bytes, 1, count, stdout);
}

// What the database was asked to hold. Keys and values are never freed: contents share them.

struct record {
  char *key, *value;
  size_t key_count, value_count;
};
struct content {
  struct record *records;
  size_t count;
};

static void become(struct content *to, const struct content *from) {
  free(to->records);
  to->records = copy_of(from->records, from->count * sizeof *from->records);
  to->count = from->count;
}

static size_t find(const struct content *content, const char *key, size_t count) {
  size_t index = 0;
  while (index < content->count &&
         (content->records[index].key_count != count || memcmp(content->records[index].key, key, count) != 0))
    index++;
  return index;
}

static void set_in(struct content *content, const char *key, size_t key_count, const char *value, size_t value_count) {
  size_t index = find(content, key, key_count);
  if (index == content->count) {
    content->records = realloc(content->records, ++content->count * sizeof *content->records);
    if (content->records == NULL) fail("out of memory");
    content->records[index].key = copy_of(key, key_count);
    content->records[index].key_count = key_count;
  }
  content->records[index].value = copy_of(value, value_count);
  content->records[index].value_count = value_count;
}

static void delete_from(struct content *content, const char *key, size_t count) {
  size_t index = find(content, key, count);
  if (index < content->count) content->records[index] = content->records[--content->count];
}

// Tells a content and returns its number.
static int64_t tell_content(const struct content *content) {
  static int64_t count;
  if (is_told) {
    putchar('C');
    put_number(count);
    put_number((int64_t)content->count);
    for (size_t index = 0; index < content->count; index++) {
      put_bytes(content->records[index].key, content->records[index].key_count);
      put_bytes(content->records[index].value, content->records[index].value_count);
    }
  }
  return count++;
}

// The system calls of the engine.

static char path[4096];            // of the database
static uint64_t named_end;         // current size, by the header in the file
static int64_t named_content = -1; // the content that this header stands for
static int64_t next_content = -1;  // the one that a header with another current size would stand for
static long calls_until_death;     // the process ends after so many calls; 0: never

// Whether a descriptor is of the database, and not of the file that a repack is about to put in its place.
static bool is_database(int descriptor) {
  struct stat of_descriptor, of_path;
  return fstat(descriptor, &of_descriptor) == 0 && stat(path, &of_path) == 0 &&
         of_descriptor.st_dev == of_path.st_dev && of_descriptor.st_ino == of_path.st_ino;
}

static void count_call(void) {
  if (calls_until_death > 0 && --calls_until_death == 0) _exit(9);
}

static uint64_t end_in(const unsigned char *header) {
  uint64_t end = 0;
  for (int index = 48; index < 56; index++) end = end << 8 | header[index];
  return end;
}

// The bytes of the database, in memory of their own; none if there is no file.
static unsigned char *read_file(size_t *count) {
  *count = 0;
  // Closing the descriptor drops the lock that the engine may hold, but nobody else is there.
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return copy_of("", 0);
  struct stat status;
  if (fstat(descriptor, &status) != 0) fail("%s: %s", path, strerror(errno));
  *count = (size_t)status.st_size;
  unsigned char *bytes = malloc(*count + 1);
  if (bytes == NULL || pread(descriptor, bytes, *count, 0) != status.st_size) fail("%s: short read", path);
  close(descriptor);
  return bytes;
}

static void tell_file(void) {
  size_t count;
  unsigned char *bytes = read_file(&count);
  named_end = count >= 64 ? end_in(bytes) : 0;
  if (is_told) {
    putchar('F');
    put_number(named_content);
    put_bytes(bytes, count);
  }
  free(bytes);
}

static void tell_write(int descriptor, off_t offset, ssize_t count) {
  if (count <= 0 || !is_database(descriptor)) return;
  unsigned char *bytes = malloc((size_t)count);
  if (bytes == NULL || pread(descriptor, bytes, (size_t)count, offset) != count) fail("cannot read what was written");
  if (offset == 0 && count >= 64 && end_in(bytes) != named_end) {
    named_end = end_in(bytes);
    named_content = next_content;
  }
  if (is_told) {
    putchar('W');
    put_number(named_content);
    put_number(offset);
    put_bytes(bytes, (size_t)count);
  }
  free(bytes);
  count_call();
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
  off_t offset = lseek(descriptor, 0, SEEK_CUR);
  ssize_t done = syscall(SYS_write, descriptor, bytes, count);
  tell_write(descriptor, offset, done);
  return done;
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
  off_t offset = lseek(descriptor, 0, SEEK_CUR);
  ssize_t done = syscall(SYS_writev, descriptor, parts, count);
  tell_write(descriptor, offset, done);
  return done;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  ssize_t done = syscall(SYS_pwrite64, descriptor, bytes, count, offset);
  tell_write(descriptor, offset, done);
  return done;
}

int ftruncate(int descriptor, off_t size) {
  int result = (int)syscall(SYS_ftruncate, descriptor, size);
  if (result == 0 && is_database(descriptor)) {
    if (is_told) {
      putchar('T');
      put_number(size);
    }
    count_call();
  }
  return result;
}

// Nothing is synced in earnest: what counts is the order of the calls.
static int sync_of(int descriptor) {
  if (is_database(descriptor)) {
    if (is_told) putchar('Y');
    count_call();
  }
  return 0;
}

int fsync(int descriptor) { return sync_of(descriptor); }
int fdatasync(int descriptor) { return sync_of(descriptor); }

int rename(const char *from, const char *to) {
  int result = (int)syscall(SYS_rename, from, to);
  if (result == 0 && strcmp(to, path) == 0) {
    tell_file();
    count_call();
  }
  return result;
}

// Transactions, done by the engine and in the list.

static struct content committed, pending; // `pending` counts while a transaction is open
static struct db *database;
static struct txn *transaction;
static bool is_open; // whether a transaction is open

static void check(int result, const char *what) {
  if (result != CYRUSDB_OK) fail("%s: %s", what, cyrusdb_strerror(result));
}

static void open_database(void) { check(cyrusdb_open("twoskip", path, CYRUSDB_CREATE, &database), "open"); }

static void close_database(void) {
  check(cyrusdb_close(database), "close");
  database = NULL;
}

static void begin(void) {
  if (!is_open) become(&pending, &committed);
  is_open = true;
}

static void set_bytes(const char *key, size_t key_count, const char *value, size_t value_count) {
  begin();
  check(cyrusdb_store(database, key, key_count, value, value_count, &transaction), "store");
  set_in(&pending, key, key_count, value, value_count);
}

static void delete_bytes(const char *key, size_t count) {
  begin();
  check(cyrusdb_delete(database, key, count, &transaction, 1), "delete");
  delete_from(&pending, key, count);
}

static void commit(void) {
  next_content = tell_content(&pending);
  if (transaction != NULL) check(cyrusdb_commit(database, transaction), "commit");
  become(&committed, &pending);
  transaction = NULL;
  is_open = false;
}

static void abort_transaction(void) {
  if (transaction != NULL) check(cyrusdb_abort(database, transaction), "abort");
  transaction = NULL;
  is_open = false;
}

// Keys and values.

static uint64_t random_state;

static uint64_t next_random(void) {
  uint64_t bits = random_state += 0x9e3779b97f4a7c15;
  bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
  return bits ^ bits >> 31;
}

static unsigned below(unsigned bound) { return (unsigned)(next_random() % bound); }

static const char *text(size_t count) {
  static char buffer[1 << 18];
  if (count > sizeof buffer) fail("text too long");
  for (size_t index = 0; index < count; index++) buffer[index] = (char)(' ' + below(95));
  return buffer;
}

// The keys with numbers 0, 1, 2 and so on ascend; 500 lies in the midst of those of 0 to 999.
static size_t key(char *buffer, unsigned number) {
  return (size_t)sprintf(buffer, "Nuser\x1fu%03u\x1f" "box%u", number / 7, number % 7);
}

static void set(unsigned number, size_t value_count) {
  char buffer[64];
  size_t count = key(buffer, number);
  set_bytes(buffer, count, text(value_count), value_count);
}

static void delete(unsigned number) {
  char buffer[64];
  size_t count = key(buffer, number);
  delete_bytes(buffer, count);
}

// Scenarios. Each starts from a file with the keys 0, 2, 4 and so on, some of them replaced or deleted and set again.

static void play_create(void) {
  open_database();
  set(1, 100);
  commit();
}

static void play_insert(void) {
  set(21, 120);
  commit();
}

static void play_insert_ends(void) {
  set_bytes("A", 1, "first", 5);
  commit();
  set_bytes("z", 1, "last", 4);
  commit();
  set_bytes("!", 1, "new first", 9);
  set_bytes("~", 1, "new last", 8);
  commit();
}

static void play_replace(void) {
  set(20, 700);
  commit();
  set(20, 1);
  commit();
  set(0, 33);
  set(38, 44);
  commit();
}

static void play_delete_first(void) {
  delete(0);
  commit();
  delete(2);
  delete(4);
  commit();
}

static void play_delete_last(void) {
  delete(38);
  commit();
  delete(36);
  delete(34);
  commit();
  set(38, 50);
  commit();
}

static void play_delete_all(void) {
  while (committed.count > 0 && !(is_open && pending.count == 0)) {
    begin();
    struct record *first = &pending.records[below((unsigned)pending.count)];
    delete_bytes(copy_of(first->key, first->key_count), first->key_count);
  }
  commit();
  set(5, 10);
  commit();
}

static void play_mixed(void) {
  for (int step = 0; step < 12; step++) {
    if (step % 3 == 2) delete(2 * below(20));
    else set(below(45), below(400));
  }
  commit();
}

static void play_same_key(void) {
  set(200, 50);
  delete(200);
  set(200, 80);
  set(200, 20);
  delete(20);
  set(20, 90);
  set(10, 9);
  delete(10);
  commit();
}

static void play_neighbours(void) {
  for (unsigned number = 10; number <= 20; number += 2) delete(number);
  for (unsigned number = 13; number < 17; number++) set(number, 60);
  delete(14);
  commit();
  delete(13);
  delete(15);
  delete(16);
  commit();
}

static void play_many_transactions(void) {
  for (int round = 0; round < 8; round++) {
    for (int step = 0; step < 4; step++) {
      if ((round + step) % 3 == 1) delete(2 * below(20));
      else set(below(45), below(250));
    }
    commit();
  }
}

static void play_abort(void) {
  for (int step = 0; step < 5; step++) {
    if (step % 2 == 1) delete(2 * below(20));
    else set(below(45), 90);
  }
  abort_transaction();
  set(7, 33);
  commit();
  delete(0);
  delete(38);
  abort_transaction();
  set(20, 500);
  abort_transaction();
  set(21, 500);
  delete(22);
  commit();
}

static void play_big_values(void) {
  static const size_t counts[] = {0, 1, 7, 8, 9, 511, 512, 513, 4096, 70000};
  for (unsigned index = 0; index < sizeof counts / sizeof *counts; index++) set(100 + index, counts[index]);
  commit();
  set(109, 0);
  set(100, 70000);
  commit();
}

static void play_long_keys(void) {
  static const size_t counts[] = {65534, 65535, 65536, 70000};
  static char long_key[70000];
  for (int index = 0; index < 4; index++) {
    memcpy(long_key, text(sizeof long_key), sizeof long_key);
    long_key[0] = "Najz"[index];
    set_bytes(copy_of(long_key, counts[index]), counts[index], "value", 5);
  }
  commit();
  delete_bytes(long_key, 70000);
  commit();
}

static void play_bytes(void) {
  static const char *const keys[] = {"\0", "\0\0", "\xff", "\xff\xff", "\t", "\n", ".", "a", "a.", "a.b", "a-b", "a\0b"};
  static const size_t counts[] = {1, 2, 1, 2, 1, 1, 1, 1, 2, 3, 3, 3};
  for (int index = 0; index < 12; index++) set_bytes(keys[index], counts[index], keys[index], counts[index]);
  commit();
  delete_bytes("\0", 1);
  delete_bytes("\xff\xff", 2);
  delete_bytes("a", 1);
  commit();
}

static void play_many_keys(void) {
  for (unsigned number = 1; number < 80; number += 2) set((number * 37) % 80 | 1, 20 + below(60));
  commit();
}

static void play_nothing_changed(void) {
  begin();
  struct record same = pending.records[3];
  set_bytes(same.key, same.key_count, same.value, same.value_count);
  commit();
  delete_bytes("not there", 9);
  commit();
  delete_bytes("not there", 9);
  set(21, 5);
  commit();
}

static void play_reopen(void) {
  set(8, 20);
  commit();
  close_database();
  open_database();
  delete(10);
  set(100, 77);
  commit();
  close_database();
  open_database();
  set(101, 9);
  commit();
}

static void play_repack(void) {
  set(100, 70);
  commit();
  check(cyrusdb_repack(database), "repack");
  set(101, 70);
  delete(20);
  commit();
  delete(0);
  set(38, 5);
  abort_transaction();
  check(cyrusdb_repack(database), "repack");
  set(20, 6);
  commit();
}

struct scenario {
  const char *name;
  unsigned key_count; // 0: there is no file
  void (*play)(void);
};

static const struct scenario scenarios[] = {
    {"creation and a first record", 0, play_create},
    {"one new key", 20, play_insert},
    {"new first and last keys", 20, play_insert_ends},
    {"a longer and a shorter value", 20, play_replace},
    {"the first keys deleted", 20, play_delete_first},
    {"the last keys deleted", 20, play_delete_last},
    {"all keys deleted", 10, play_delete_all},
    {"sets and deletes in one transaction", 20, play_mixed},
    {"one key again and again in one transaction", 20, play_same_key},
    {"neighbours deleted and set", 20, play_neighbours},
    {"many transactions", 20, play_many_transactions},
    {"transactions given up", 20, play_abort},
    {"empty and big values", 10, play_big_values},
    {"long keys", 6, play_long_keys},
    {"keys of all kinds of bytes", 6, play_bytes},
    {"many keys in one transaction", 10, play_many_keys},
    {"transactions that change nothing", 10, play_nothing_changed},
    {"closed and opened between", 20, play_reopen},
    {"repacked between", 20, play_repack},
};

static void prepare(unsigned key_count) {
  open_database();
  for (unsigned index = 0; index < key_count; index++) set(index * 7 % key_count * 2, 30 + below(100));
  commit();
  for (unsigned index = 0; index < key_count / 4; index++) {
    unsigned number = 2 * below(key_count);
    if (index % 2 == 1) delete(number);
    commit();
    set(number, 10 + below(200));
    commit();
  }
}

static void begin_telling(const char *name) {
  is_told = true;
  putchar('S');
  put_bytes(name, strlen(name));
  next_content = tell_content(&committed);
}

static void end_telling(void) {
  close_database();
  putchar('E');
  is_told = false;
}

static void reset(uint64_t seed) {
  unlink(path);
  srand((unsigned)seed); // the engine draws levels with rand()
  random_state = seed;
  committed.count = 0;
  named_end = 0;
  named_content = -1;
}

static void run(const struct scenario *scenario, uint64_t seed) {
  reset(seed);
  if (scenario->key_count > 0) prepare(scenario->key_count);
  begin_telling(scenario->name);
  if (scenario->key_count > 0) named_content = next_content;
  tell_file();
  scenario->play();
  end_telling();
}

// The current size in the header of the file.
static uint64_t end_of_file(void) {
  size_t count;
  unsigned char *bytes = read_file(&count);
  uint64_t end = count >= 64 ? end_in(bytes) : 0;
  free(bytes);
  return end;
}

// A process dies after so many calls of a transaction, and another one repairs what it left.
//
// Returns false, and tells nothing, if the process got as far as committing.
static bool run_recovery(long calls, uint64_t seed) {
  reset(seed);
  prepare(20);
  close_database();
  uint64_t end = end_of_file();
  fflush(stdout);
  pid_t child = fork();
  if (child < 0) fail("fork: %s", strerror(errno));
  if (child == 0) {
    open_database();
    calls_until_death = calls;
    play_mixed();
    _exit(0);
  }
  int status;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) fail("the child did not exit");
  if (end_of_file() != end) return false;
  if (WEXITSTATUS(status) != 9) fail("the child exited with %d", WEXITSTATUS(status));

  char name[64];
  snprintf(name, sizeof name, "recovery after %ld calls", calls);
  begin_telling(name);
  named_content = next_content;
  tell_file();
  open_database();
  set(20, 300);
  delete(8);
  commit();
  end_telling();
  return true;
}

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3) {
    fputs("usage: crash-states FOLDER [SEED]\n", stderr);
    return 64;
  }
  uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  snprintf(path, sizeof path, "%s/states.db", argv[1]);
  libcyrus_init();
  for (size_t index = 0; index < sizeof scenarios / sizeof *scenarios; index++)
    run(&scenarios[index], seed * 1000 + index);
  long calls = 1;
  while (run_recovery(calls, seed * 1000 + 500)) calls += 2;
  unlink(path);
  libcyrus_done();
  return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
