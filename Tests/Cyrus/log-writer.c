// A writer of a sync log that follows Cyrus's protocol, and keeps a record of its own of what it wrote when.
//
//   log-writer LOG RECORD NAME [--lines N] [--seconds T] [--pause P]
//
// Lines are numbered from 1: `MAILBOX user.NAME.1` and so on. For each: open for appending, created if need be; a POSIX
// write lock on the whole file, as Debian's Cyrus takes it; once more from the start if the path leads elsewhere by now;
// one write; fsync; close. After 64 tries Cyrus loses its line; here that is an error.
//
// The record has one line for each, in nanoseconds of the monotonic clock:
//
//   NUMBER BEFORE-ITS-FIRST-OPEN AFTER-ITS-WRITE INODE
//
// Ends after N lines, T seconds or at SIGTERM, whichever comes first, with a pause from 0 to 2 P microseconds after each
// line. If it is root, it takes on the identity of the owner of the log's folder, as Cyrus would have it, once it has
// opened its record.

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <libgen.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

__attribute__((noreturn)) static void fail(const char *what) {
  perror(what);
  exit(1);
}

__attribute__((noreturn)) static void usage(void) {
  fputs("usage: log-writer LOG RECORD NAME [--lines N] [--seconds T] [--pause P]\n", stderr);
  exit(64);
}

static uint64_t nanoseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static volatile sig_atomic_t is_told_to_stop;

static void stop(int signal) {
  (void)signal;
  is_told_to_stop = 1;
}

static void become_owner_of_folder(const char *path) {
  struct stat folder;
  char *copy = strdup(path);
  if (copy == NULL || stat(dirname(copy), &folder) != 0) fail(path);
  free(copy);
  if (geteuid() != 0) return;
  if (setgroups(0, NULL) != 0 || setgid(folder.st_gid) != 0 || setuid(folder.st_uid) != 0) fail("setuid");
}

// Opens the log and locks it. The path leads to it as long as the lock is held, but for a rename by sync_client.
static int open_locked(const char *path, ino_t *inode) {
  for (int try = 0; try < 64; try++) {
    int descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (descriptor < 0) fail(path);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    while (fcntl(descriptor, F_SETLKW, &lock) != 0) {
      if (errno != EINTR) fail("fcntl");
    }
    struct stat opened, named;
    if (fstat(descriptor, &opened) != 0) fail("fstat");
    if (stat(path, &named) == 0 && named.st_dev == opened.st_dev && named.st_ino == opened.st_ino) {
      *inode = opened.st_ino;
      return descriptor;
    }
    close(descriptor);
  }
  errno = EAGAIN;
  fail("64 tries");
}

int main(int argc, char **argv) {
  uint64_t lines = UINT64_MAX, seconds = 60, pause = 0;
  if (argc < 4 || argc % 2 != 0) usage();
  for (int index = 4; index < argc; index += 2) {
    uint64_t number = strtoull(argv[index + 1], NULL, 10);
    if (strcmp(argv[index], "--lines") == 0) lines = number;
    else if (strcmp(argv[index], "--seconds") == 0) seconds = number;
    else if (strcmp(argv[index], "--pause") == 0) pause = number;
    else usage();
  }
  signal(SIGTERM, stop);
  srandom((unsigned)getpid());
  FILE *record = fopen(argv[2], "we");
  if (record == NULL) fail(argv[2]);
  become_owner_of_folder(argv[1]);

  uint64_t end = nanoseconds_now() + seconds * 1000000000;
  for (uint64_t number = 1; number <= lines && !is_told_to_stop && nanoseconds_now() < end; number++) {
    char line[256];
    int length = snprintf(line, sizeof line, "MAILBOX user.%s.%" PRIu64 "\n", argv[3], number);
    if (length < 0 || (size_t)length >= sizeof line) usage();
    ino_t inode = 0;
    uint64_t before = nanoseconds_now();
    int descriptor = open_locked(argv[1], &inode);
    if (write(descriptor, line, (size_t)length) != length) fail("write");
    uint64_t after = nanoseconds_now();
    if (fsync(descriptor) != 0) fail("fsync");
    close(descriptor); // and with it goes the lock
    fprintf(record, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %ju\n", number, before, after, (uintmax_t)inode);
    if (pause > 0) usleep((useconds_t)((uint64_t)random() % (2 * pause + 1)));
  }
  if (fclose(record) != 0) fail(argv[2]);
  return 0;
}
