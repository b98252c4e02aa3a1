// What the machine allows: the sum of a mapped file, and programs run to their end.

#include "CRivals.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int rv_map(const char *path, struct rv_map *map) {
  struct stat facts;
  int descriptor = open(path, O_RDONLY);
  if (descriptor < 0) return -1;
  void *bytes = fstat(descriptor, &facts) == 0 && facts.st_size > 0
    ? mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_SHARED, descriptor, 0) : MAP_FAILED;
  close(descriptor);
  if (bytes == MAP_FAILED) return -1;
  map->bytes = bytes;
  map->count = (size_t)facts.st_size;
  volatile uint8_t touched = 0;
  for (size_t i = 0; i < map->count; i += 4096) touched += map->bytes[i];
  return 0;
}

void rv_unmap(struct rv_map *map) { munmap((void *)map->bytes, map->count); }

// Eight words a step, which the compiler makes vectors of; four sums, so that none waits for the other.
typedef uint64_t words __attribute__((vector_size(32), aligned(8)));

#ifdef __x86_64__
__attribute__((target("avx2")))
#endif
static uint64_t sum_wide(const uint8_t *bytes, size_t count) {
  words sums[4] = {{0}, {0}, {0}, {0}};
  size_t i = 0;
  for (; i + sizeof sums <= count; i += sizeof sums) {
    const words *step = (const words *)(bytes + i);
    for (int lane = 0; lane < 4; lane++) sums[lane] += step[lane];
  }
  words all = sums[0] + sums[1] + sums[2] + sums[3];
  uint64_t sum = all[0] + all[1] + all[2] + all[3];
  for (; i < count; i++) sum += bytes[i];
  return sum;
}

static uint64_t sum_narrow(const uint8_t *bytes, size_t count) {
  uint64_t sums[4] = {0}, step[4];
  size_t i = 0;
  for (; i + sizeof step <= count; i += sizeof step) {
    memcpy(step, bytes + i, sizeof step);
    for (int lane = 0; lane < 4; lane++) sums[lane] += step[lane];
  }
  uint64_t sum = sums[0] + sums[1] + sums[2] + sums[3];
  for (; i < count; i++) sum += bytes[i];
  return sum;
}

uint64_t rv_sum(const struct rv_map *map) {
#ifdef __x86_64__
  if (!__builtin_cpu_supports("avx2")) return sum_narrow(map->bytes, map->count);
#endif
  (void)sum_narrow;
  return sum_wide(map->bytes, map->count);
}

int rv_run(char *const arguments[]) {
  posix_spawn_file_actions_t actions;
  pid_t child;
  int status = 0;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  int error = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}
