// Waiting for changes in a directory, as inotify(7) of Linux tells them.

#define _GNU_SOURCE

#include "CCyrusShim.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

int ccs_watch_open(const char *path, int *watch) {
  *watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (*watch < 0) return errno;
  uint32_t what = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  if (inotify_add_watch(*watch, path, what) >= 0) return 0;
  int error = errno;
  close(*watch);
  *watch = -1;
  return error;
}

int ccs_wake_open(int *wake) {
  *wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return *wake < 0 ? errno : 0;
}

void ccs_wake(int wake) {
  uint64_t one = 1;
  // It cannot fail but for a full counter, which wakes as well.
  if (write(wake, &one, sizeof one) < 0) return;
}

static void note(const struct inotify_event *event, const char *name, ccs_changes *changes) {
  if (event->mask & (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)) changes->are_names_changed = true;
  if (event->mask & (IN_CREATE | IN_MOVED_TO) && event->len > 0 && strcmp(event->name, name) == 0) changes->made_count++;
  if (event->mask & IN_MODIFY) changes->is_content_changed = true;
  if (event->mask & IN_Q_OVERFLOW) changes->is_incomplete = true;
  if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) changes->is_gone = true;
}

int ccs_watch_wait(int watch, int wake, int milliseconds, const char *name, ccs_changes *changes) {
  memset(changes, 0, sizeof *changes);
  struct pollfd descriptors[2] = {{.fd = wake, .events = POLLIN}, {.fd = watch, .events = POLLIN}};
  if (poll(descriptors, watch < 0 ? 1 : 2, milliseconds) < 0) return errno == EINTR ? 0 : errno;
  changes->is_woken = descriptors[0].revents != 0;
  if (watch < 0 || descriptors[1].revents == 0) return 0;
  // Not without end, should changes come faster than they are read.
  for (int round = 0; round < 256; round++) {
    char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t count = read(watch, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN ? 0 : errno;
    for (ssize_t place = 0; place < count;) {
      const struct inotify_event *event = (const struct inotify_event *)(buffer + place);
      note(event, name, changes);
      place += (ssize_t)(sizeof *event + event->len);
    }
  }
  return 0;
}
