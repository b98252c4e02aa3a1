// Surviving SIGBUS on mapped files.
//
// A mapping faults when its file was cut shorter underneath, or a page of it cannot be read. The handler puts zeros
// in place of the page and of all behind it, marks the mapping as faulted, and lets the read go on. The reader looks at
// the mark when it is done, and then discards what it read.
//
// This is the one place with state for the whole process: a signal handler is that by nature. Mappings are kept in a
// list that only grows, so that the handler can walk it without a lock; entries that fell free are used again.

#define _GNU_SOURCE

#include "CCyrusShim.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct ccs_guarded {
  _Atomic(uintptr_t) start; // 0: free
  _Atomic(uintptr_t) end;
  atomic_bool faulted;
  struct ccs_guarded *next; // never changes once the entry is in the list
};

static _Atomic(struct ccs_guarded *) entries;
static pthread_mutex_t change = PTHREAD_MUTEX_INITIALIZER; // for those who change the list; the handler does not
static atomic_bool installed;
static struct sigaction previous;
static uintptr_t page_size;

static void pass_on(int signal, siginfo_t *info, void *context) {
  // Sent by a process, not by a fault: it does not come again by itself.
  bool is_sent = info->si_code <= 0;
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler == SIG_IGN && is_sent) {
    return;
  } else if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN) {
    // Not ours and nobody else's: let the fault happen again and have its usual end. Ignoring it would loop for ever.
    sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    if (is_sent) raise(signal);
  } else {
    previous.sa_handler(signal);
  }
}

static void on_fault(int signal, siginfo_t *info, void *context) {
  int saved = errno;
  // A signal that was sent is about no address.
  uintptr_t address = info->si_code > 0 ? (uintptr_t)info->si_addr : 0;
  for (struct ccs_guarded *entry = atomic_load(&entries); entry != NULL; entry = entry->next) {
    uintptr_t start = atomic_load(&entry->start);
    uintptr_t end = atomic_load(&entry->end);
    if (start == 0 || address < start || address >= end) continue;
    // Another thread may have given the entry to another mapping between the loads; then it was not that of this fault,
    // whose mapping is in use.
    if (atomic_load(&entry->start) != start || atomic_load(&entry->end) != end) continue;
    uintptr_t page = address & ~(page_size - 1);
    size_t length = (end - page + page_size - 1) & ~(page_size - 1);
    // mmap is a plain system call here: safe in a handler, though POSIX does not list it.
    // Marked first: another thread must not find the zeros before the mark.
    atomic_store(&entry->faulted, true);
    void *zeros = mmap((void *)page, length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (zeros == MAP_FAILED) break;
    errno = saved;
    return;
  }
  pass_on(signal, info, context);
  errno = saved;
}

int ccs_guard_install(void) {
  int error = 0;
  pthread_mutex_lock(&change);
  if (!atomic_load(&installed)) {
    page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGBUS, NULL, &previous) != 0 || sigaction(SIGBUS, &action, NULL) != 0) {
      error = errno;
    } else {
      atomic_store(&installed, true);
    }
  }
  pthread_mutex_unlock(&change);
  return error;
}

bool ccs_guard_is_installed(void) { return atomic_load(&installed); }

ccs_guarded *ccs_guard_enter(const void *address, uint64_t byte_count) {
  if (!atomic_load(&installed)) return NULL;
  uintptr_t start = (uintptr_t)address;
  pthread_mutex_lock(&change);
  struct ccs_guarded *entry = atomic_load(&entries);
  while (entry != NULL && atomic_load(&entry->start) != 0) entry = entry->next;
  bool is_new = entry == NULL;
  if (is_new) entry = calloc(1, sizeof *entry);
  if (entry != NULL) {
    atomic_store(&entry->faulted, false);
    atomic_store(&entry->end, start + byte_count);
    // Last: from here on the handler believes the entry.
    atomic_store(&entry->start, start);
    if (is_new) {
      entry->next = atomic_load(&entries);
      atomic_store(&entries, entry);
    }
  }
  pthread_mutex_unlock(&change);
  return entry;
}

bool ccs_guard_has_faulted(const ccs_guarded *entry) {
  return entry != NULL && atomic_load_explicit(&((ccs_guarded *)entry)->faulted, memory_order_acquire);
}

void ccs_guard_leave(ccs_guarded *entry) {
  if (entry != NULL) atomic_store(&entry->start, 0);
}
