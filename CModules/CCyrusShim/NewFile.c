// Making a new file under a temporary name, and giving it its own name when it is whole.

#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64

#include "CCyrusShim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int ccs_create_temporary(char *path, int *descriptor) {
  do {
    *descriptor = mkostemp(path, O_CLOEXEC);
  } while (*descriptor < 0 && errno == EINTR);
  return *descriptor < 0 ? errno : 0;
}

int ccs_write(int descriptor, uint64_t offset, const uint8_t *bytes, size_t count) {
  if (offset > (uint64_t)INT64_MAX - count) return EFBIG;
  while (count > 0) {
    ssize_t done = pwrite(descriptor, bytes, count, (off_t)offset);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno;
    bytes += done;
    offset += (uint64_t)done;
    count -= (size_t)done;
  }
  return 0;
}

int ccs_sync(int descriptor) {
  while (fsync(descriptor) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

int ccs_rename(const char *from, const char *to, bool is_replacing) {
  if (is_replacing) return rename(from, to) == 0 ? 0 : errno;
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system that cannot do that: link fails, too, if the name is taken.
  if (link(from, to) != 0) return errno;
  unlink(from);
  return 0;
}

int ccs_sync_directory(const char *path) {
  int directory;
  do {
    directory = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  } while (directory < 0 && errno == EINTR);
  if (directory < 0) return errno;
  int error = ccs_sync(directory);
  close(directory);
  return error;
}

int ccs_remove(const char *path) { return unlink(path) == 0 ? 0 : errno; }
