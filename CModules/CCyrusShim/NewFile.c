// Making a new file under a temporary name, and giving it its own name when it is whole.

#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64

#include "CCyrusShim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

int ccs_create_temporary(char *path, int *descriptor) {
  do {
    *descriptor = mkostemp(path, O_CLOEXEC);
  } while (*descriptor < 0 && errno == EINTR);
  return *descriptor < 0 ? errno : 0;
}

int ccs_create_nameless(const char *folder, int *descriptor) {
  *descriptor = -1;
  // Without it the file could not be given a name later.
  if (access("/proc/self/fd", X_OK) != 0) return EOPNOTSUPP;
  do {
    *descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  } while (*descriptor < 0 && errno == EINTR);
  return *descriptor < 0 ? errno : 0;
}

int ccs_name_temporary(int descriptor, char *path) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  char *suffix = path + strlen(path) - 6;
  char source[64];
  snprintf(source, sizeof source, "/proc/self/fd/%d", descriptor);
  for (int attempt = 0; attempt < 100; attempt++) {
    unsigned char random[6];
    if (getrandom(random, sizeof random, 0) != sizeof random) return errno;
    for (int index = 0; index < 6; index++) suffix[index] = letters[random[index] % (sizeof letters - 1)];
    if (linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0) return 0;
    if (errno != EEXIST) return errno;
  }
  return EEXIST;
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
