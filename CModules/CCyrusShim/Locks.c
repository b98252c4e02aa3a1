// Open-file-description locks on whole files, as fcntl(2) of Linux has them.
//
// They conflict with the POSIX locks that Cyrus takes, in both directions, but survive the
// closing of other descriptors of the same file in the same process.

#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64

#include "CCyrusShim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

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

static int64_t milliseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int ccs_lock_shared(int descriptor, uint32_t wait_milliseconds) {
  // The system's waiting form has no time limit short of signals, so ask again and again: first
  // after 1 ms, then twice as long each time up to 32 ms. A commit of Cyrus takes a few ms.
  int64_t deadline = milliseconds_now() + wait_milliseconds;
  int64_t pause = 1;
  for (;;) {
    struct flock lock = whole_file(F_RDLCK);
    if (fcntl(descriptor, F_OFD_SETLK, &lock) == 0) return 0;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EACCES) return errno;
    int64_t left = deadline - milliseconds_now();
    if (left <= 0) return EAGAIN;
    int64_t sleep = pause < left ? pause : left;
    struct timespec wait = {.tv_sec = 0, .tv_nsec = (long)(sleep * 1000000)};
    nanosleep(&wait, NULL);
    if (pause < 32) pause *= 2;
  }
}

int ccs_unlock(int descriptor) {
  struct flock lock = whole_file(F_UNLCK);
  return fcntl(descriptor, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
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
