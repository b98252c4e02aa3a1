// Open-file-description locks on whole files, as fcntl(2) of Linux has them.
//
// They conflict with the POSIX locks that Cyrus takes, in both directions, but survive the
// closing of other descriptors of the same file in the same process.

#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64

#include "CCyrusShim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct flock whole_file(short type) {
  struct flock lock;
  memset(&lock, 0, sizeof lock); // l_pid must be 0 for OFD locks
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

void ccs_pause(uint32_t microseconds) {
  struct timespec wait = {.tv_sec = microseconds / 1000000, .tv_nsec = (long)(microseconds % 1000000) * 1000};
  nanosleep(&wait, NULL);
}

static int64_t microseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int ccs_lock_shared(int descriptor, uint32_t wait_milliseconds) {
  // The system's waiting form has no time limit short of signals, so ask again and again. A writer may leave the file
  // for less than a millisecond between two transactions: who asks seldom never meets the gap. Asking costs 1 us.
  int64_t deadline = microseconds_now() + (int64_t)wait_milliseconds * 1000;
  int64_t pause = 100;
  for (;;) {
    struct flock lock = whole_file(F_RDLCK);
    if (fcntl(descriptor, F_OFD_SETLK, &lock) == 0) return 0;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EACCES) return errno;
    int64_t left = deadline - microseconds_now();
    if (left <= 0) return EAGAIN;
    ccs_pause((uint32_t)(pause < left ? pause : left));
    if (pause < 200) pause *= 2;
  }
}

int ccs_unlock(int descriptor) {
  struct flock lock = whole_file(F_UNLCK);
  return fcntl(descriptor, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

// Whether the kernel's list of locks has a POSIX lock of this process on a file.
static bool is_listed(uint64_t inode) {
  FILE *list = fopen("/proc/locks", "re");
  if (list == NULL) return false;
  char line[256];
  bool found = false;
  while (!found && fgets(line, sizeof line, list) != NULL) {
    // For example `12: POSIX  ADVISORY  READ 4711 fe:00:1234567 0 EOF`. The device may not be the one that stat(2) says.
    int process;
    unsigned long long number;
    found = sscanf(line, "%*d: POSIX %*s %*s %d %*x:%*x:%llu", &process, &number) == 2 && process == getpid() &&
            number == inode;
  }
  fclose(list);
  return found;
}

int ccs_own_lock(int descriptor, bool *held) {
  *held = false;
  struct flock lock = whole_file(F_WRLCK);
  if (fcntl(descriptor, F_OFD_GETLK, &lock) != 0) return errno;
  if (lock.l_type == F_UNLCK) return 0;
  if (lock.l_pid == getpid()) {
    *held = true;
    return 0;
  }
  // One holder is named. Beside a writer there is no other; beside a reader we may be another.
  if (lock.l_type == F_WRLCK) return 0;
  struct stat status;
  if (fstat(descriptor, &status) != 0) return errno;
  *held = is_listed((uint64_t)status.st_ino);
  return 0;
}

int ccs_lock_holder(int descriptor, bool only_writers, bool *held, int32_t *process) {
  *held = false;
  *process = 0;
  // Asking for a read lock names only what stands in its way: a write lock. Asking for a write lock names any.
  struct flock lock = whole_file(only_writers ? F_RDLCK : F_WRLCK);
  if (fcntl(descriptor, F_OFD_GETLK, &lock) != 0) return errno;
  if (lock.l_type == F_UNLCK) return 0;
  *held = true;
  *process = (int32_t)lock.l_pid;
  return 0;
}
