// What Swift cannot do by itself: open and map a file for reading only, lock it with
// locks that belong to the descriptor, load words atomically, compute checksums.
//
// No policy, no format knowledge, no globals, no logging. Every function is thread-safe,
// keeps no pointer it is given, and returns 0 or an errno value unless it says otherwise.
//
// Valid C for gcc too; under clang the annotations make Swift see spans where C sees a
// pointer and a count.

#ifndef CCYRUS_SHIM_H
#define CCYRUS_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__has_include)
#if __has_include(<ptrcheck.h>)
#include <ptrcheck.h>
#endif
#endif
#ifndef __counted_by
#define __counted_by(count)
#endif
#ifndef __noescape
#if defined(__clang__)
#define __noescape __attribute__((noescape))
#else
#define __noescape
#endif
#endif

#if defined(__clang__)
#pragma clang assume_nonnull begin
#else
#define _Nullable
#define _Nonnull
#endif

/// What kind of thing a path or descriptor names.
typedef enum ccs_kind {
  CCS_REGULAR = 0,
  CCS_DIRECTORY = 1,
  CCS_OTHER = 2, ///< fifo, socket, device
} ccs_kind;

/// What the system knows about a file. Enough to tell two files apart.
typedef struct ccs_facts {
  uint64_t device;
  uint64_t inode;
  uint64_t byte_count;
  ccs_kind kind;
} ccs_facts;

/// Opens `path` (NUL-terminated) with O_RDONLY | O_CLOEXEC and tells its facts.
///
/// Never blocks on a fifo. What is not a regular file is not kept open: `*descriptor` is then -1,
/// the facts are filled in and the result is 0. On an error nothing is left open.
/// Errors: those of open(2) and fstat(2).
int ccs_open(const char *path, int *descriptor, ccs_facts *facts);

/// The facts of an open descriptor. Errors: those of fstat(2).
int ccs_facts_of_descriptor(int descriptor, ccs_facts *facts);

/// The facts of what `path` names now, links followed. Errors: those of stat(2).
int ccs_facts_of_path(const char *path, ccs_facts *facts);

/// Closes a descriptor that `ccs_open` gave. Cannot fail in a way that matters to a reader.
void ccs_close(int descriptor);

/// Maps the first `byte_count` bytes of a file, shared, for reading only.
///
/// `byte_count` must not be 0. The caller owns the mapping and gives it back to `ccs_unmap`.
/// Touching a page wholly beyond the end of the file raises SIGBUS.
/// Errors: EFBIG if the size does not fit the address space, and those of mmap(2).
int ccs_map(int descriptor, uint64_t byte_count, const void *_Nullable *_Nonnull address);

/// Gives a mapping back. `byte_count` is the one it was made with.
void ccs_unmap(const void *address, uint64_t byte_count);

/// Reads up to `count` bytes at `offset` into `buffer`, going on after short reads and signals.
///
/// `*done` is how many bytes were there: fewer than `count` only at the end of the file.
/// Errors: those of pread(2), EOVERFLOW if the place lies beyond what a file can have.
int ccs_read(int descriptor, uint64_t offset, uint8_t *__counted_by(count) buffer __noescape, size_t count,
             size_t *done);

/// Takes an OFD read lock on the whole file, waiting at most `wait_milliseconds`.
///
/// The lock belongs to the open descriptor: closing another descriptor of the file, here or elsewhere in
/// the process, does not drop it, and closing this one does. 0 milliseconds tries once.
/// Errors: EAGAIN if a writer still holds the file at the end, and those of fcntl(2).
int ccs_lock_shared(int descriptor, uint32_t wait_milliseconds);

/// Drops the lock. Errors: those of fcntl(2).
int ccs_unlock(int descriptor);

/// Who, if anyone, holds a write lock on any part of the file.
///
/// `*held` tells whether there is one. `*process` is the holder's pid for a POSIX lock, -1 for an OFD lock, whose
/// holder the system does not name. A snapshot: it may have changed on return. Errors: those of fcntl(2).
int ccs_write_lock_holder(int descriptor, bool *held, int32_t *process);

/// The eight bytes at `offset` in host order, in one atomic load that no later load is moved before.
///
/// For words of a shared mapping that another process may rewrite. `offset` must be a multiple of 8 relative to an
/// 8-byte aligned `bytes`, and `offset + 8 <= count`.
static inline uint64_t ccs_load_word(const uint8_t *__counted_by(count) bytes __noescape, size_t count, size_t offset) {
  (void)count;
  return __atomic_load_n((const uint64_t *)(const void *)(bytes + offset), __ATOMIC_ACQUIRE);
}

/// CRC-32 as zlib computes it (reflected polynomial 0xEDB88320) of `count` bytes; 0 for none.
///
/// Reads each byte once. Uses carry-less multiplication where the processor has it, otherwise zlib.
uint32_t ccs_crc32(const uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// The same, always computed by zlib: the reference that the fast way is tested against.
uint32_t ccs_crc32_reference(const uint8_t *__counted_by(count) bytes __noescape, size_t count);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
