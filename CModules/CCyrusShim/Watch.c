// Waiting for changes in a directory, as inotify(7) of Linux tells them, and keeping what was written to, which
// fanotify(7) hands out open, whether it has a name by then or not.

#define _GNU_SOURCE

#include "CCyrusShim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
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

int ccs_written_open(const char *path, int *written) {
  *written = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_CLOEXEC | O_LARGEFILE);
  if (*written < 0) return errno;
  uint64_t what = FAN_MODIFY | FAN_EVENT_ON_CHILD;
  if (fanotify_mark(*written, FAN_MARK_ADD | FAN_MARK_ONLYDIR, what, AT_FDCWD, path) == 0) return 0;
  int error = errno;
  close(*written);
  *written = -1;
  return error;
}

// The last component of what /proc tells of a descriptor.
static void tell_name(int descriptor, char *name, size_t capacity) {
  static const char removed[] = " (deleted)";
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return;
  path[length] = 0;
  size_t tail = sizeof removed - 1;
  if ((size_t)length > tail && strcmp(path + length - tail, removed) == 0) path[(size_t)length - tail] = 0;
  const char *last = strrchr(path, '/');
  if (last != NULL && strlen(last + 1) < capacity) strcpy(name, last + 1);
}

int ccs_written_next(int written, char *name, size_t capacity, int *descriptor, bool *is_incomplete) {
  *descriptor = -1;
  *is_incomplete = false;
  if (capacity > 0) name[0] = 0;
  struct fanotify_event_metadata event;
  ssize_t count;
  do {
    // No room for a second one.
    count = read(written, &event, sizeof event);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EAGAIN) return 0;
  if (count < 0 && errno != EMFILE && errno != ENFILE) return errno;
  if (count != sizeof event || event.vers != FANOTIFY_METADATA_VERSION || event.fd < 0) {
    *is_incomplete = true;
    return 0;
  }
  *descriptor = event.fd;
  tell_name(event.fd, name, capacity);
  return 0;
}
