// A writer that commits to a twoskip database without pause, through Cyrus's own engine.
//
//   writer FILE [--seed S] [--transactions N] [--seconds T] [--keys K] [--repack-every R] [--pause P] [--nosync]
//
// Transactions are numbered from 1. What transaction n does follows from the seed and n alone, so that whoever knows the
// rule below knows what the database holds after each, and each stores its number under the key `serial`.
//
// The rule, with the generator SplitMix64 started at seed * 2^32 + n, and below(b) the upper 64 bits of next() * b:
//
//   given up = below(16) == 0                       then the transaction is aborted, and changes nothing
//   count = 1 + below(8), and count times:
//     key = "key.", below(K) in four digits
//     below(3) == 0: the key is deleted
//     otherwise: length = below(8) == 0 ? below(3000) : below(120)
//                the key gets the value n, ":", and `length` times the letter 'a' + below(26)
//   "serial" gets the value n
//
// A repack follows each transaction whose number R divides. `--pause` waits P microseconds between transactions, and
// sometimes as long in the midst of one. Says `ready` when the first transaction is done. Ends after N transactions,
// T seconds or at SIGTERM, whichever comes first, and then prints one line:
//
//   commits 1234 given-up 81 repacks 4 last 1315 median 210 p99 900 max 20111
//
// The last three are microseconds from the first operation of a transaction to the end of its commit.

#define _GNU_SOURCE

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cyrus/cyrusdb.h>
#include <cyrus/libcyr_cfg.h>

// What libcyrus calls when it gives up.
__attribute__((noreturn)) void fatal(const char *message, int code) {
  fprintf(stderr, "writer: libcyrus: %s (%d)\n", message, code);
  exit(1);
}

static void check(int result, const char *what) {
  if (result == CYRUSDB_OK) return;
  fprintf(stderr, "writer: %s: %s\n", what, cyrusdb_strerror(result));
  exit(1);
}

// They stand in for those of libc, for libcyrus too.

static bool is_unsynced;

int fsync(int descriptor) { return is_unsynced ? 0 : (int)syscall(SYS_fsync, descriptor); }
int fdatasync(int descriptor) { return is_unsynced ? 0 : (int)syscall(SYS_fdatasync, descriptor); }

static uint64_t random_state;

static uint64_t next_random(void) {
  uint64_t bits = random_state += 0x9e3779b97f4a7c15;
  bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
  return bits ^ bits >> 31;
}

static unsigned below(unsigned bound) { return (unsigned)((unsigned __int128)next_random() * bound >> 64); }

static int64_t microseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static volatile sig_atomic_t is_told_to_stop;

static void stop(int signal) {
  (void)signal;
  is_told_to_stop = 1;
}

static uint64_t seed = 1, key_count = 300, pause_microseconds;

// Does transaction `number`. Returns whether it was committed.
static bool transact(struct db *database, uint64_t number) {
  struct txn *transaction = NULL;
  random_state = seed << 32 | number;
  bool is_given_up = below(16) == 0;
  unsigned count = 1 + below(8);
  for (unsigned index = 0; index < count; index++) {
    char key[32];
    char value[4096];
    size_t key_length = (size_t)snprintf(key, sizeof key, "key.%04u", below((unsigned)key_count));
    if (below(3) == 0) {
      check(cyrusdb_delete(database, key, key_length, &transaction, 1), "delete");
    } else {
      unsigned length = below(8) == 0 ? below(3000) : below(120);
      size_t used = (size_t)snprintf(value, sizeof value, "%llu:", (unsigned long long)number);
      memset(value + used, 'a' + (int)below(26), length);
      check(cyrusdb_store(database, key, key_length, value, used + length, &transaction), "store");
    }
    if (pause_microseconds > 0 && index == 2) usleep((useconds_t)pause_microseconds);
  }
  char digits[32];
  size_t digit_count = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
  check(cyrusdb_store(database, "serial", 6, digits, digit_count, &transaction), "store");
  if (is_given_up) check(cyrusdb_abort(database, transaction), "abort");
  else check(cyrusdb_commit(database, transaction), "commit");
  return !is_given_up;
}

static int compare(const void *left, const void *right) {
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return (a > b) - (a < b);
}

__attribute__((noreturn)) static void usage(void) {
  fputs("usage: writer FILE [--seed S] [--transactions N] [--seconds T] [--keys K] [--repack-every R] [--pause P] "
        "[--nosync]\n",
        stderr);
  exit(64);
}

int main(int argc, char **argv) {
  uint64_t transactions = UINT64_MAX, seconds = 60, repack_every = 0;
  if (argc < 2) usage();
  for (int index = 2; index < argc; index++) {
    if (strcmp(argv[index], "--nosync") == 0) {
      is_unsynced = true;
      continue;
    }
    if (index + 1 == argc) usage();
    uint64_t number = strtoull(argv[index + 1], NULL, 10);
    if (strcmp(argv[index], "--seed") == 0) seed = number;
    else if (strcmp(argv[index], "--transactions") == 0) transactions = number;
    else if (strcmp(argv[index], "--seconds") == 0) seconds = number;
    else if (strcmp(argv[index], "--keys") == 0) key_count = number;
    else if (strcmp(argv[index], "--repack-every") == 0) repack_every = number;
    else if (strcmp(argv[index], "--pause") == 0) pause_microseconds = number;
    else usage();
    index++;
  }

  size_t room = 1 << 16;
  uint32_t *latencies = malloc(room * sizeof *latencies);
  if (latencies == NULL) fatal("out of memory", 1);
  uint64_t commits = 0, given_up = 0, repacks = 0, number = 0;
  signal(SIGTERM, stop);
  libcyrus_init();
  srand((unsigned)seed); // the engine draws levels with rand()
  struct db *database;
  check(cyrusdb_open("twoskip", argv[1], CYRUSDB_CREATE, &database), "open");
  int64_t end = microseconds_now() + (int64_t)seconds * 1000000;
  while (!is_told_to_stop && number < transactions && microseconds_now() < end) {
    int64_t start = microseconds_now();
    if (transact(database, ++number)) {
      if (commits == room) {
        room *= 2;
        latencies = realloc(latencies, room * sizeof *latencies);
        if (latencies == NULL) fatal("out of memory", 1);
      }
      latencies[commits++] = (uint32_t)(microseconds_now() - start);
    } else {
      given_up++;
    }
    if (number == 1) {
      puts("ready");
      fflush(stdout);
    }
    if (repack_every > 0 && number % repack_every == 0) {
      check(cyrusdb_repack(database), "repack");
      repacks++;
    }
    if (pause_microseconds > 0) usleep((useconds_t)pause_microseconds);
  }
  check(cyrusdb_close(database), "close");
  libcyrus_done();

  qsort(latencies, commits, sizeof *latencies, compare);
  bool is_any = commits > 0;
  printf("commits %llu given-up %llu repacks %llu last %llu median %u p99 %u max %u\n", (unsigned long long)commits,
         (unsigned long long)given_up, (unsigned long long)repacks, (unsigned long long)number,
         is_any ? latencies[commits / 2] : 0, is_any ? latencies[commits * 99 / 100] : 0,
         is_any ? latencies[commits - 1] : 0);
  return 0;
}
