// Counts what a program asks of the heap, and which pages of files it touches. Loaded before its libraries: LD_PRELOAD.
//
// The program says what is counted: it finds counting_begin and counting_end by dlsym(3). At the end there is one line on
// standard error:
//
//   counting: allocations N peak N left N pages N
//
//   allocations  calls of malloc(3) and its like, realloc(3) among them
//   peak         the most bytes that were held at once, beyond those at the beginning
//   left         the bytes that are held at the end, beyond those at the beginning; negative if fewer
//   pages        pages of 4096 bytes, of files mapped shared and for reading, that were looked at
//
// Pages: the maps are closed at the beginning, each page is opened by the fault of the first look at it. So a mapped file
// must not be handed to a system call meanwhile, and one thread alone may look.

#define _GNU_SOURCE

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// What the C library calls its own functions; dlsym(3), the other way to them, asks for memory itself.
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static atomic_bool is_counting;
static atomic_llong allocations, held, peak, pages;

// MARK: - The heap

static void take(long long bytes) {
  long long now = atomic_fetch_add(&held, bytes) + bytes;
  long long most = atomic_load(&peak);
  while (now > most && !atomic_compare_exchange_weak(&peak, &most, now)) {}
}

static void *allocated(void *memory) {
  if (memory != NULL && atomic_load(&is_counting)) {
    atomic_fetch_add(&allocations, 1);
    take((long long)malloc_usable_size(memory));
  }
  return memory;
}

void *malloc(size_t size) { return allocated(__libc_malloc(size)); }

void *calloc(size_t count, size_t size) { return allocated(__libc_calloc(count, size)); }

void *memalign(size_t alignment, size_t size) { return allocated(__libc_memalign(alignment, size)); }

void *aligned_alloc(size_t alignment, size_t size) { return allocated(__libc_memalign(alignment, size)); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
  void *found = allocated(__libc_memalign(alignment, size));
  if (found == NULL) return ENOMEM;
  *memory = found;
  return 0;
}

void *realloc(void *memory, size_t size) {
  long long before = memory != NULL ? (long long)malloc_usable_size(memory) : 0;
  void *moved = __libc_realloc(memory, size);
  if (!atomic_load(&is_counting)) return moved;
  // While the bytes are moved both places can be held.
  long long after = moved != NULL ? (long long)malloc_usable_size(moved) : 0;
  atomic_fetch_add(&allocations, 1);
  if (moved != memory) take(after);
  if (moved != NULL || size == 0) take(moved != memory ? -before : after - before);
  return moved;
}

void free(void *memory) {
  if (memory != NULL && atomic_load(&is_counting)) take(-(long long)malloc_usable_size(memory));
  __libc_free(memory);
}

// MARK: - Pages of files

enum { page_size = 4096, maps_max = 16 };
static struct { uintptr_t start, end; } maps[maps_max];

static bool protect(uintptr_t start, uintptr_t end, int protection) {
  return syscall(SYS_mprotect, start, end - start, protection) == 0;
}

void *mmap64(void *address, size_t length, int protection, int flags, int descriptor, off64_t offset) {
  bool is_file = descriptor >= 0 && protection == PROT_READ && flags == MAP_SHARED;
  bool is_closed = is_file && atomic_load(&is_counting);
  void *mapped = (void *)syscall(SYS_mmap, address, length, is_closed ? PROT_NONE : protection, flags, descriptor, offset);
  if (mapped == MAP_FAILED || !is_file) return mapped;
  for (int index = 0; index < maps_max; index++) {
    if (maps[index].end != 0) continue;
    maps[index].start = (uintptr_t)mapped;
    maps[index].end = ((uintptr_t)mapped + length + page_size - 1) & ~(uintptr_t)(page_size - 1);
    return mapped;
  }
  abort();
}

void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
  return mmap64(address, length, protection, flags, descriptor, offset);
}

int munmap(void *address, size_t length) {
  for (int index = 0; index < maps_max; index++) {
    if (maps[index].end != 0 && maps[index].start == (uintptr_t)address) maps[index].end = 0;
  }
  return (int)syscall(SYS_munmap, address, length);
}

static void open_page(int number, siginfo_t *information, void *context) {
  (void)context;
  uintptr_t place = (uintptr_t)information->si_addr;
  for (int index = 0; index < maps_max; index++) {
    if (place < maps[index].start || place >= maps[index].end) continue;
    uintptr_t page = place & ~(uintptr_t)(page_size - 1);
    atomic_fetch_add(&pages, 1);
    if (protect(page, page + page_size, PROT_READ)) return;
  }
  // None of ours: it comes again, and is deadly then.
  signal(number, SIG_DFL);
}

static void protect_all(int protection) {
  for (int index = 0; index < maps_max; index++) {
    if (maps[index].end != 0 && !protect(maps[index].start, maps[index].end, protection)) abort();
  }
}

// MARK: - From, to

void counting_begin(void) {
  struct sigaction action = {.sa_sigaction = open_page, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  protect_all(PROT_NONE);
  atomic_store(&is_counting, true);
}

void counting_end(void) {
  atomic_store(&is_counting, false);
  protect_all(PROT_READ);
  signal(SIGSEGV, SIG_DFL);
  char line[160];
  int length = snprintf(
      line, sizeof line, "counting: allocations %lld peak %lld left %lld pages %lld\n", (long long)allocations,
      (long long)peak, (long long)held, (long long)pages);
  if (write(STDERR_FILENO, line, (size_t)length) != length) abort();
}
