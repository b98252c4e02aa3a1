// What Swift cannot do by itself: open and map a file for reading only, lock it with
// locks that belong to the descriptor, survive faults of the mapping, copy words
// atomically, compute checksums, do several things at the same time.
//
// No policy, no format knowledge, no logging; no globals but for what is one for the process by nature: the fault guard,
// and descriptors that must not be closed. Every function is thread-safe,
// keeps no pointer it is given, and returns 0 or an errno value unless it says otherwise.
//
// Valid C for gcc too; under clang the annotations make Swift see spans where C sees a
// pointer and a count.

#ifndef CCYRUS_SHIM_H
#define CCYRUS_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "SixteenBytes.h"

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
  /// How long ago the file was last changed, by this machine's clock; 0 if that lies in the future.
  uint64_t quiet_milliseconds;
  /// When the content was last changed, and when anything about the file was, in nanoseconds since 1970.
  int64_t modified, changed;
  ccs_kind kind;
} ccs_facts;

/// Opens `path` (NUL-terminated) with O_RDONLY | O_CLOEXEC and tells its facts.
///
/// Never blocks on a fifo. What is not a regular file is not kept open: `*descriptor` is then -1,
/// the facts are filled in and the result is 0. On an error nothing is left open.
///
/// Nor is a file opened on which this process is seen to hold a POSIX lock, which closing the descriptor would drop:
/// then `*is_locked_by_us` is set. Where that is seen only when it is open, one descriptor of the file is kept open, and
/// asked again at the next try.
/// Errors: those of open(2) and fstat(2).
int ccs_open(const char *path, int *descriptor, ccs_facts *facts, bool *is_locked_by_us);

/// The same with what is open already: `opened` is the caller's no more, whatever comes. Errors: those of fstat(2).
int ccs_adopt(int opened, int *descriptor, ccs_facts *facts, bool *is_locked_by_us);

/// The facts of an open descriptor. Errors: those of fstat(2).
int ccs_facts_of_descriptor(int descriptor, ccs_facts *facts);

/// The facts of what `path` names now, links followed. Errors: those of stat(2).
int ccs_facts_of_path(const char *path, ccs_facts *facts);

/// The names in a directory, but for `.` and `..`, in no order, each with a NUL behind it.
///
/// The caller owns the memory and gives it back to `ccs_free_names`; it is NULL if there are none. Never blocks on what
/// is not a directory. A name that comes or goes meanwhile may be there or not; the others are.
/// Errors: ENOMEM, those of open(2) and readdir(3); ENOTDIR if it is no directory.
int ccs_names(const char *path, const char *_Nullable *_Nonnull names, size_t *byte_count);

/// Gives names back; NULL will do.
void ccs_free_names(const char *_Nullable names);

/// Closes a descriptor that `ccs_open` gave. Cannot fail in a way that matters to a reader.
void ccs_close(int descriptor);

/// Maps the first `byte_count` bytes of a file, shared, for reading only.
///
/// `byte_count` must not be 0. The caller owns the mapping and gives it back to `ccs_unmap`.
/// Touching a page wholly beyond the end of the file raises SIGBUS.
/// Errors: EFBIG if the size does not fit the address space, and those of mmap(2).
int ccs_map(int descriptor, uint64_t byte_count, const void *_Nullable *_Nonnull address);

/// Copies the first `byte_count` bytes of a file into memory of our own, which no change of the file can reach.
///
/// `*done` is how many bytes the file had; what is missing is zeros. The caller owns the memory and gives it back to
/// `ccs_unmap`. Errors: EFBIG, ENOMEM, those of pread(2).
int ccs_copy_file(int descriptor, uint64_t byte_count, const void *_Nullable *_Nonnull address, uint64_t *done);

/// Gives a mapping or a copy back. `byte_count` is the one it was made with.
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

/// Who, if anyone, holds a lock on any part of the file: a write lock, or with `only_writers` false any lock.
///
/// `*held` tells whether there is one. `*process` is the holder's pid for a POSIX lock, -1 for an OFD lock, whose
/// holder the system does not name. Of several holders one is named. A snapshot: it may have changed on return.
/// Locks of `descriptor` itself do not count. Errors: those of fcntl(2).
int ccs_lock_holder(int descriptor, bool only_writers, bool *held, int32_t *process);

/// Whether this process holds a POSIX lock on any part of the file, which closing `descriptor` would drop.
///
/// Cost: one system call, but if somebody else has a read lock the list of all locks of the system is looked through.
/// Errors: those of fcntl(2) and fstat(2).
int ccs_own_lock(int descriptor, bool *held);

/// Copies `count` words out of memory that another process may be rewriting, each in one atomic load.
///
/// The words come as they lie in memory, without a change of byte order. `from` must be 8-byte aligned. What does
/// not fit `to`, which has room for `room` words, is left out.
static inline void ccs_copy_words(uint64_t *__counted_by(room) to __noescape, size_t room,
                                  const uint64_t *__counted_by(count) from __noescape, size_t count) {
  if (count > room) count = room;
  for (size_t index = 0; index < count; index++) to[index] = __atomic_load_n(from + index, __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
}

/// Begins to bring the line of memory at `place` near, and the three behind it: about what a record has.
///
/// Nothing is read, so `place` need not lie within the bytes.
static inline void ccs_prefetch(const uint8_t *__counted_by(count) bytes __noescape, size_t count, size_t place) {
  (void)count;
  const uint8_t *line = (const uint8_t *)((uintptr_t)bytes + place);
  __builtin_prefetch(line);
  __builtin_prefetch((const uint8_t *)((uintptr_t)line + 64));
  __builtin_prefetch((const uint8_t *)((uintptr_t)line + 128));
  __builtin_prefetch((const uint8_t *)((uintptr_t)line + 192));
}

/// The same for that line alone.
static inline void ccs_prefetch_line(const uint8_t *__counted_by(count) bytes __noescape, size_t count, size_t place) {
  (void)count;
  __builtin_prefetch((const uint8_t *)((uintptr_t)bytes + place));
}

/// How many of the 64 bytes from two places on are the same, before one is not; 64 if all are. All 128 are read.
static inline ptrdiff_t ccs_same_of_64(const void *left, const void *right) {
#if defined(__SSE2__)
  typedef char lanes __attribute__((vector_size(16), aligned(1), may_alias));
  const lanes *a = (const lanes *)left, *b = (const lanes *)right;
  uint64_t same = 0;
  for (int part = 0; part < 4; part++)
    same |= (uint64_t)(uint32_t)__builtin_ia32_pmovmskb128((lanes)(a[part] == b[part])) << 16 * part;
  return ~same ? __builtin_ctzll(~same) : 64;
#else
  const uint8_t *a = (const uint8_t *)left, *b = (const uint8_t *)right;
  ptrdiff_t count = 0;
  while (count < 64 && a[count] == b[count]) count++;
  return count;
#endif
}

/// Memory of our own that reads as zeros, in large pages where the system has them; NULL if there is none to be had.
///
/// Only what is touched of it is taken from the system. `byte_count` must not be 0. It goes to `ccs_unmap`.
void *_Nullable ccs_zeroed(uint64_t byte_count);

/// Tells the system that memory of ours, not touched yet, will be looked at all over: large pages are better for it.
void ccs_prefer_large_pages(void *memory, size_t byte_count);

/// Makes every load before it happen before every load after it.
static inline void ccs_acquire(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }

/// Lets `microseconds` pass.
void ccs_pause(uint32_t microseconds);

/// Calls `body` with each index below `count`, at the same time where threads can be had, and returns when all calls have.
///
/// Index 0 is called in the caller's thread, and so is every other that gets no thread of its own; never more than 64 at
/// a time. The new threads take no signals but those that come of what they do themselves. What `context` leads to is
/// the caller's to share.
void ccs_at_once(size_t count, void (*body)(size_t index, void *_Nullable context), void *_Nullable context);

/// A mapping that may fault without killing the process.
typedef struct ccs_guarded ccs_guarded;

/// Installs, once for the process, a SIGBUS handler that keeps faults of guarded mappings from being deadly.
///
/// Signals that are not about a guarded mapping go to the handler that was there before. A handler that is installed
/// later must pass on what is not its own. Errors: those of sigaction(2).
int ccs_guard_install(void);

/// Whether the handler was installed.
bool ccs_guard_is_installed(void);

/// Guards a mapping that `ccs_map` made, until `ccs_guard_leave`; NULL if no handler is installed or memory is short.
ccs_guarded *_Nullable ccs_guard_enter(const void *address, uint64_t byte_count);

/// Whether a page of the mapping could not be read since it was guarded: then some of what was read was zeros instead.
bool ccs_guard_has_faulted(const ccs_guarded *_Nullable entry);

/// Ends the guard. Call it before the mapping is given back.
void ccs_guard_leave(ccs_guarded *_Nullable entry);

/// CRC-32 as zlib computes it (reflected polynomial 0xEDB88320) of `count` bytes; 0 for none.
///
/// Reads each byte once. Uses carry-less multiplication where the processor has it, otherwise tables.
uint32_t ccs_crc32(const uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// Two checksums at once: of the first `first_count` bytes, and of those from `second_start` on. The first is in the upper half.
///
/// `first_count` and `second_start` are at most `count`: the caller sees to it. Made for the head and the tail of a record.
uint64_t ccs_crc32_of_both(const uint8_t *__counted_by(count) bytes __noescape, size_t count, size_t first_count,
                           size_t second_start);

/// ccs_crc32 and ccs_crc32_of_both as they are computed where there is no AVX-512. For tests.
uint32_t ccs_crc32_wide(const uint8_t *__counted_by(count) bytes __noescape, size_t count);
uint64_t ccs_crc32_of_both_wide(const uint8_t *__counted_by(count) bytes __noescape, size_t count, size_t first_count,
                                size_t second_start);

/// ccs_crc32 and ccs_crc32_of_both as they are computed where carry-less multiplication is there for 16 bytes at a time
/// alone. For tests.
uint32_t ccs_crc32_narrow(const uint8_t *__counted_by(count) bytes __noescape, size_t count);
uint64_t ccs_crc32_of_both_narrow(const uint8_t *__counted_by(count) bytes __noescape, size_t count, size_t first_count,
                                  size_t second_start);

/// ccs_crc32 as it is computed there for what is longer, or not of whole words of eight bytes. For tests.
uint32_t ccs_crc32_folding(const uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// ccs_crc32 as it is computed where there is no carry-less multiplication. For tests.
uint32_t ccs_crc32_by_table(const uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// The same, always computed by zlib: the reference that the other ways are tested against.
uint32_t ccs_crc32_reference(const uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// What two texts of the same length are like. Some bytes at their start are only compared.
typedef struct ccs_text_pair {
  /// Which of the first 256 bytes of the left one are spaces: a bit for each, the first byte in the lowest.
  uint64_t spaces[4];
  /// Which of the first 256 bytes are not the same.
  uint64_t differences[4];
  /// How many bytes are not the same.
  size_t difference_count;
  /// How many bytes of the left one are spaces.
  size_t space_count;
  /// How many are neither that nor letters, digits, or one of `@` `-` `.` `/` `_` and the backtick. An `N` is counted here.
  size_t other_count;
  /// Whether two spaces follow each other.
  bool has_loose_space;
} ccs_text_pair;

/// Looks at two texts of `count` bytes side by side; the first `skip` are not asked what they are.
ccs_text_pair ccs_look_at_both(const uint8_t *left, const uint8_t *right, size_t count, size_t skip);

/// The same as it is done where there is no AVX-512. For tests.
ccs_text_pair ccs_look_at_both_narrow(const uint8_t *left, const uint8_t *right, size_t count, size_t skip);

// 64 bits of 256 from `place` on, which is below 256.
static inline uint64_t ccs_bits_from(const uint64_t *bits, size_t place) {
  size_t word = place / 64, shift = place % 64;
  // In two steps, as a shift by 64 is none.
  uint64_t upper = word < 3 ? bits[word + 1] << 1 << (63 - shift) : 0;
  return bits[word] >> shift | upper;
}

/// The bits of `spaces` from `place` on, which is below 256; and those of `differences`.
static inline uint64_t ccs_spaces_from(const ccs_text_pair *pair, size_t place) { return ccs_bits_from(pair->spaces, place); }
static inline uint64_t ccs_differences_from(const ccs_text_pair *pair, size_t place) {
  return ccs_bits_from(pair->differences, place);
}

/// Whether all differences are within `count` bytes from `place` on, at most 63 of the first 256.
static inline bool ccs_differ_within(const ccs_text_pair *pair, size_t place, size_t count) {
  if (place >= 256 || count >= 64) return pair->difference_count == 0;
  uint64_t differences = ccs_differences_from(pair, place) & (((uint64_t)1 << count) - 1);
  return (size_t)__builtin_popcountll(differences) == pair->difference_count;
}

/// What has happened in a watched directory.
typedef struct ccs_changes {
  /// How many files of the name that was asked for were made or moved there.
  uint32_t made_count;
  /// Whether names have come or gone.
  bool are_names_changed;
  /// Whether a file was written to.
  bool is_content_changed;
  /// Whether some changes were lost, because nobody asked for long.
  bool is_incomplete;
  /// Whether the directory itself was removed or renamed: it must be watched anew.
  bool is_gone;
  /// Whether `ccs_wake` was called.
  bool is_woken;
} ccs_changes;

/// Begins to watch a directory. The descriptor goes to `ccs_close`.
///
/// Changes made by other machines are not seen. Errors: those of inotify_init1(2) and inotify_add_watch(2).
int ccs_watch_open(const char *path, int *watch);

/// Makes a descriptor with which one thread can wake another. It goes to `ccs_close`. Errors: those of eventfd(2).
int ccs_wake_open(int *wake);

/// Ends the wait of another thread for good. Never blocks.
void ccs_wake(int wake);

/// Waits until something happens in a watched directory, until woken, or for so long, and tells what has happened.
///
/// `watch` may be -1: then only the other two end the wait. A signal ends it, too. `name` is NUL-terminated.
/// Errors: those of poll(2) and read(2).
int ccs_watch_wait(int watch, int wake, int milliseconds, const char *name, ccs_changes *changes);

/// Begins to keep what is written to in a directory, be it removed at once. The descriptor goes to `ccs_close`.
///
/// Nobody waits for it. Errors: those of fanotify_init(2) and fanotify_mark(2); EPERM without CAP_SYS_ADMIN.
int ccs_written_open(const char *path, int *written);

/// Takes out what was written to, a file several times if need be, in the order of first writes. Never blocks.
///
/// `*descriptor` is for reading, and the caller's; -1 if there is nothing more. `name` gets the name that it has or had
/// last, NUL-terminated, empty if that is not known. `*is_incomplete` says that something was lost here.
/// Errors: those of read(2) but for a lack of descriptors, which is a loss.
int ccs_written_next(
    int written, char *__counted_by(capacity) name __noescape, size_t capacity, int *descriptor, bool *is_incomplete);

/// Creates a file without a name in a directory, for writing, mode 0600, O_CLOEXEC. Not closed by us it is gone with us.
///
/// The descriptor goes to `ccs_close`. Errors: those of open(2), EOPNOTSUPP where the system has no such files.
int ccs_create_nameless(const char *folder, int *descriptor);

/// Gives a file without a name a temporary one. `path`, in the same directory, ends in `XXXXXX`, which is overwritten.
///
/// Errors: those of linkat(2).
int ccs_name_temporary(int descriptor, char *path);

/// Creates a file that did not exist, for writing, mode 0600, O_CLOEXEC.
///
/// `path` ends in `XXXXXX`, which is overwritten to make a name that is not taken. The descriptor goes to
/// `ccs_close`. Errors: those of mkostemp(3).
int ccs_create_temporary(char *path, int *descriptor);

/// Writes all `count` bytes at `offset`, going on after short writes and signals.
///
/// Errors: those of pwrite(2), EFBIG if the place lies beyond what a file can have.
int ccs_write(int descriptor, uint64_t offset, const uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// Waits until what was written is on the disk. Errors: those of fsync(2).
int ccs_sync(int descriptor);

/// Renames a file; unless `is_replacing`, only if `to` names nothing, which is decided in the same step.
///
/// Errors: EEXIST if the name is taken, and those of renameat2(2) and link(2).
int ccs_rename(const char *from, const char *to, bool is_replacing);

/// Waits until the names in a directory are on the disk. Errors: those of open(2) and fsync(2).
int ccs_sync_directory(const char *path);

/// Removes a name. Errors: those of unlink(2).
int ccs_remove(const char *path);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
