// Several calls of a function at the same time.

#define _GNU_SOURCE

#include "CCyrusShim.h"

#include <pthread.h>
#include <signal.h>

struct call {
  void (*body)(size_t index, void *context);
  void *context;
  size_t index;
  pthread_t thread;
  bool is_running;
};

static void *run(void *argument) {
  struct call *call = argument;
  call->body(call->index, call->context);
  return NULL;
}

void ccs_at_once(size_t count, void (*body)(size_t index, void *context), void *context) {
  enum { most = 64 };
  struct call calls[most];
  size_t threads = count < most ? count : most;
  // Signals go on being handled where the process wants them to be; those that come of what a thread does itself, as at a
  // page that is gone, cannot be put off.
  sigset_t all, before;
  sigfillset(&all);
  const int own[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
  for (size_t index = 0; index < sizeof own / sizeof *own; index++) sigdelset(&all, own[index]);
  bool is_masked = pthread_sigmask(SIG_BLOCK, &all, &before) == 0;
  for (size_t index = 1; index < threads; index++) {
    calls[index] = (struct call){.body = body, .context = context, .index = index};
    calls[index].is_running = pthread_create(&calls[index].thread, NULL, run, &calls[index]) == 0;
  }
  if (is_masked) pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (count > 0) body(0, context);
  for (size_t index = most; index < count; index++) body(index, context);
  for (size_t index = 1; index < threads; index++) {
    if (calls[index].is_running) {
      pthread_join(calls[index].thread, NULL);
    } else {
      body(index, context);
    }
  }
}
