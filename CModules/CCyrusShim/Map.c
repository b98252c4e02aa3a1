// Opening, mapping and reading files, for reading only.

#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64

#include "CCyrusShim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int64_t nanoseconds(struct timespec time) { return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec; }

static void fill(ccs_facts *facts, const struct stat *status) {
  facts->device = (uint64_t)status->st_dev;
  facts->inode = (uint64_t)status->st_ino;
  facts->byte_count = status->st_size > 0 ? (uint64_t)status->st_size : 0;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  int64_t quiet = ((int64_t)now.tv_sec - status->st_mtim.tv_sec) * 1000 + (now.tv_nsec - status->st_mtim.tv_nsec) / 1000000;
  facts->quiet_milliseconds = quiet > 0 ? (uint64_t)quiet : 0;
  facts->modified = nanoseconds(status->st_mtim);
  facts->changed = nanoseconds(status->st_ctim);
  facts->kind = S_ISREG(status->st_mode) ? CCS_REGULAR : S_ISDIR(status->st_mode) ? CCS_DIRECTORY : CCS_OTHER;
}

// Descriptors of files that this process had locked when they were opened. They stay open until the lock is gone.
static struct parked {
  uint64_t device, inode;
  int descriptor;
  struct parked *next;
} *parked;
static pthread_mutex_t parked_change = PTHREAD_MUTEX_INITIALIZER;

static bool is_same(const struct parked *file, const ccs_facts *facts) {
  return file->device == facts->device && file->inode == facts->inode;
}

// Whether a file is parked and still locked. One that is not locked any more is closed.
static bool is_still_locked(const ccs_facts *facts) {
  bool held = false;
  pthread_mutex_lock(&parked_change);
  for (struct parked **place = &parked; *place != NULL; place = &(*place)->next) {
    struct parked *file = *place;
    if (!is_same(file, facts)) continue;
    if (ccs_own_lock(file->descriptor, &held) != 0 || held) {
      held = true;
      break;
    }
    *place = file->next;
    close(file->descriptor);
    free(file);
    break;
  }
  pthread_mutex_unlock(&parked_change);
  return held;
}

static void park(int descriptor, const ccs_facts *facts) {
  struct parked *file = malloc(sizeof *file);
  // Without memory the descriptor is open for good, which is still better than to drop the lock.
  if (file == NULL) return;
  *file = (struct parked){.device = facts->device, .inode = facts->inode, .descriptor = descriptor};
  pthread_mutex_lock(&parked_change);
  file->next = parked;
  parked = file;
  pthread_mutex_unlock(&parked_change);
}

int ccs_open(const char *path, int *descriptor, ccs_facts *facts, bool *is_locked_by_us) {
  *descriptor = -1;
  *is_locked_by_us = false;
  // Asked first, so that a device is never opened: opening alone can rewind a tape.
  int error = ccs_facts_of_path(path, facts);
  if (error != 0 || facts->kind != CCS_REGULAR) return error;
  if (is_still_locked(facts)) {
    *is_locked_by_us = true;
    return 0;
  }

  int opened;
  do {
    // O_NONBLOCK: should the path have become a fifo meanwhile, open must not wait for its writer.
    opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  } while (opened < 0 && errno == EINTR);
  if (opened < 0) return errno;

  return ccs_adopt(opened, descriptor, facts, is_locked_by_us);
}

int ccs_adopt(int opened, int *descriptor, ccs_facts *facts, bool *is_locked_by_us) {
  *descriptor = -1;
  *is_locked_by_us = false;
  int error = ccs_facts_of_descriptor(opened, facts);
  if (error != 0 || facts->kind != CCS_REGULAR) {
    close(opened);
    return error;
  }
  // A file system without locks says so by an error; then there is none to drop.
  if (ccs_own_lock(opened, is_locked_by_us) == 0 && *is_locked_by_us) {
    park(opened, facts);
    return 0;
  }
  *descriptor = opened;
  return 0;
}

int ccs_facts_of_descriptor(int descriptor, ccs_facts *facts) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) return errno;
  fill(facts, &status);
  return 0;
}

int ccs_facts_of_path(const char *path, ccs_facts *facts) {
  struct stat status;
  if (stat(path, &status) != 0) return errno;
  fill(facts, &status);
  return 0;
}

void ccs_close(int descriptor) { close(descriptor); }

int ccs_map(int descriptor, uint64_t byte_count, const void **address) {
  *address = NULL;
  // Half the address space: offsets then always fit a signed word, with room to add lengths.
  if (byte_count > (uint64_t)PTRDIFF_MAX / 2) return EFBIG;
  void *mapped = mmap(NULL, (size_t)byte_count, PROT_READ, MAP_SHARED, descriptor, 0);
  if (mapped == MAP_FAILED) return errno;
  *address = mapped;
  return 0;
}

void ccs_unmap(const void *address, uint64_t byte_count) { munmap((void *)address, (size_t)byte_count); }

void ccs_prefer_large_pages(void *memory, size_t byte_count) {
  // Whole pages only; where the system has no large ones, or does not want to, nothing changes.
  const uintptr_t page = 4096;
  uintptr_t start = ((uintptr_t)memory + page - 1) & ~(page - 1);
  uintptr_t end = ((uintptr_t)memory + byte_count) & ~(page - 1);
  if (start < end) madvise((void *)start, end - start, MADV_HUGEPAGE);
}

void *ccs_zeroed(uint64_t byte_count) {
  if (byte_count > SIZE_MAX) return NULL;
  const int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void *memory = mmap(NULL, (size_t)byte_count, PROT_READ | PROT_WRITE, kind, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  if (byte_count >= (uint64_t)1 << 21) ccs_prefer_large_pages(memory, (size_t)byte_count);
  return memory;
}

int ccs_read(int descriptor, uint64_t offset, uint8_t *buffer, size_t count, size_t *done) {
  *done = 0;
  if (offset > (uint64_t)INT64_MAX - count) return EOVERFLOW;
  while (*done < count) {
    ssize_t got = pread(descriptor, buffer + *done, count - *done, (off_t)(offset + *done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) break;
    *done += (size_t)got;
  }
  return 0;
}

int ccs_copy_file(int descriptor, uint64_t byte_count, const void **address, uint64_t *done) {
  *address = NULL;
  *done = 0;
  if (byte_count > (uint64_t)PTRDIFF_MAX / 2) return EFBIG;
  void *copy = mmap(NULL, (size_t)byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (copy == MAP_FAILED) return errno;
  size_t got = 0;
  int error = ccs_read(descriptor, 0, copy, (size_t)byte_count, &got);
  if (error == 0 && mprotect(copy, (size_t)byte_count, PROT_READ) != 0) error = errno;
  if (error != 0) {
    munmap(copy, (size_t)byte_count);
    return error;
  }
  *address = copy;
  *done = got;
  return 0;
}

// Appends a name with its NUL. False if memory is short.
static bool append(char **names, size_t *count, size_t *room, const char *name) {
  size_t length = strlen(name) + 1;
  if (length > *room - *count) {
    size_t wanted = 2 * *room + length;
    char *grown = realloc(*names, wanted);
    if (grown == NULL) return false;
    *names = grown;
    *room = wanted;
  }
  memcpy(*names + *count, name, length);
  *count += length;
  return true;
}

int ccs_names(const char *path, const char **names, size_t *byte_count) {
  *names = NULL;
  *byte_count = 0;
  int descriptor;
  do {
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return errno;
  DIR *directory = fdopendir(descriptor);
  if (directory == NULL) {
    int error = errno;
    close(descriptor);
    return error;
  }
  char *found = NULL;
  size_t count = 0, room = 0;
  int error = 0;
  for (;;) {
    errno = 0;
    struct dirent *entry = readdir(directory);
    if (entry == NULL) {
      error = errno;
      break;
    }
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (!append(&found, &count, &room, entry->d_name)) {
      error = ENOMEM;
      break;
    }
  }
  closedir(directory);
  if (error != 0) {
    free(found);
    return error;
  }
  *names = found;
  *byte_count = count;
  return 0;
}

void ccs_free_names(const char *names) { free((void *)names); }
